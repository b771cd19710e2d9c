"""Two clocks: fast and slow antibody race the virus, and a test for antibody has a day."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.pieces import bar, constant, foot, paragraph, set_slider, slider, solve, twin
from cytolearn.apps.widgets import handler
from cytolearn.figures.bcells import (
    boxes,
    first_day,
    race,
    race_words,
    serology_words,
    share_positive,
)

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer

_OUTPUTS = (
    *("viral_load_lung", "nab", "antibody_ef", "antibody_gc", "affinity"),
    "plasmablasts_ef",
)
#: What closes a route. The germinal centre needs both: no seed and no growth.
FAST_OFF = {"ef_bias": 0.0}
CENTRE_OFF = {"gc_seeding": 0.0, "gc_growth": 0.0}
#: What `race_words` says.
_MARKS = ("first", "takeover", "gone", "back", "peak", "left")
#: Below this, in log10 copies/mL, a swab finds nothing (top of the normal range).
_UNSEEN = 2.0


class TwoClocks:
    """A tab of an explorer: the race between virus, fast and slow antibody.

    Parameters
    ----------
    app : Explorer
        Whose current patient runs the race.
    """

    title = "Two clocks"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._fast = W.Checkbox(value=True, description="Fast route (outside the follicle)",
                                indent=False)  # fmt: skip
        self._centre = W.Checkbox(value=True, description="Germinal centre", indent=False)
        self._day = slider("Day of an antibody test", 3, (0, 30), 1, self._changed,
                           help="Day since the first symptom on which blood is tested")  # fmt: skip
        for box in (self._fast, self._centre):
            box.layout.width = "auto"
            box.observe(self._changed, "value")
        self._page, self._words = W.VBox(), W.HTML()
        intro = paragraph(
            "B cells can answer on two routes. The fast route turns them into antibody factories "
            "at once; the germinal centre trains them first. Switch a route off and see who wins."
        )
        switches = bar(self._fast, self._centre, self._day)
        self.widget = W.VBox([intro, switches, self._page, self._words, foot()])

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks."""
        figure, lines = race(constant(self.app.patient, "nab_half"))
        view = LiveFigure(figure, lines, boxes=boxes(figure))
        self._page.children = [view]
        return view

    @property
    def day(self) -> float:
        """Day of the test, since symptom onset."""
        return float(self._day.value)

    def switch(self, fast: bool | None = None, centre: bool | None = None) -> str:
        """Open or close a route (None: leave it) and return what happens."""
        self._fast.value = self._fast.value if fast is None else bool(fast)
        self._centre.value = self._centre.value if centre is None else bool(centre)
        return self.summary()

    def test(self, day: float) -> str:
        """Test for antibody on a day since symptom onset and return what it tells."""
        set_slider(self._day, day, "d")
        return self.summary()

    def results(self) -> dict[str, float]:
        """Return the marks of the race, as now switched.

        Returns
        -------
        dict of str to float
            ``first`` and ``takeover`` (days; NaN: never), ``gone`` and ``back`` (days on which
            virus falls below what a swab finds, and is found again), ``peak`` (log10 copies/mL),
            ``left`` (plasmablasts on day 40, times normal), ``antibody`` (AU on the
            day of the test), ``positive`` (share of infected people).
        """
        days, now = self._run(self._switched())
        half = constant(self.app.patient, "nab_half")
        peak = int(np.argmax(now["viral_load_lung"]))
        after, centre = np.arange(len(days)) >= peak, now["centre"]
        gone = first_day(days[after], -now["viral_load_lung"][after], -_UNSEEN)
        since = days > gone  # nowhere if it never goes
        return {
            "first": first_day(days, now["nab"], half),
            "takeover": first_day(days, np.where(centre > 1, centre - now["fast"], -1), 0),
            "gone": gone,
            "back": first_day(days[since], now["viral_load_lung"][since], _UNSEEN),
            "peak": float(now["viral_load_lung"][peak]),
            "left": float(now["plasmablasts_ef"][-1])
            / constant(self.app.patient, "plasmablasts_normal"),
            "antibody": float(np.interp(self.day, days, now["nab"])),
            "positive": float(share_positive(self.day)),
        }

    def summary(self) -> str:
        """Say who wins the race, and what the test tells."""
        marks = self.results()
        on = {True: "on", False: "off"}
        head = f"Fast route {on[self._fast.value]}, germinal centre {on[self._centre.value]}. "
        race_line = race_words(**{k: marks[k] for k in _MARKS})
        half = constant(self.app.patient, "nab_half")
        return f"{head}{race_line}\n{serology_words(self.day, marks['antibody'], half)}"

    def refresh(self) -> None:
        """Follow the explorer, the switches and the day."""
        days, now = self._run(self._switched())
        _, both = self._run({})
        text, (low, high) = self.summary(), self.view.figure.axes[1].get_ylim()
        day = np.array([self.day, self.day])
        self.view.set_data(
            [
                (days, both["viral_load_lung"]),
                (days, now["viral_load_lung"]),
                (days, now["fast"]),
                (days, now["centre"]),
                (days, now["nab"]),
                (day, np.array([low, high])),
                (day, np.array([0.0, 100.0])),
                (day[:1], np.array([100 * float(share_positive(self.day))])),
            ],
            alt=text,
        )
        self._words.value = twin(text)

    def _switched(self) -> dict[str, float]:
        return {} | (FAST_OFF if not self._fast.value else {}) | (
            CENTRE_OFF if not self._centre.value else {}
        )  # fmt: skip

    def _run(self, changed: dict[str, float]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        patient = self.app.patient
        days, found = solve(patient, _OUTPUTS, **changed)
        found["fast"] = constant(patient, "affinity_ef") * found["antibody_ef"]
        found["centre"] = found["affinity"] * found["antibody_gc"]
        return days, found

    @handler
    def _changed(self, _: Any) -> None:
        self.refresh()
