"""Where the lymphocytes are: the same blood count for different reasons, marker beside function."""

from __future__ import annotations

import functools
import html
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn.apps.livefigure import LiveFigure, themed
from cytolearn.apps.pieces import bar, set_slider, solve
from cytolearn.apps.widgets import button, handler
from cytolearn.figures.lymphocytes import (
    BALANCE_OUTPUTS,
    PLACES,
    Balance,
    balance,
    bars,
    whereabouts,
    whereabouts_words,
)
from cytolearn.figures.panels import cell_box
from cytolearn.wording import number, unknown

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer
    from cytolearn.patients import Patient

FIRST, LAST = 0, 40
_FUNCTION = ("pd1", "killing")
_DAYS = np.arange(-5, LAST + 1)
#: How to reach a count: what the button says, the slider that is searched, and where others stand
#: (0 the low end, 1 the high end).
WAYS: dict[str, tuple[str, str, Mapping[str, float]]] = {
    "moving": ("Cells move away", "homing_max", {"lymphocyte_death": 0.0}),
    "dying": ("Cells die", "lymphocyte_death", {"homing_max": 0.0}),
    "both": ("Some die, few are remade", "lymphocyte_death",
             {"homing_max": 0.4, "homeostasis": 0.5}),
    "renewal": ("Renewal alone stops", "homeostasis", {"homing_max": 0.0, "lymphocyte_death": 0.0}),
}  # fmt: skip
_CLOSE = 0.03  # counts nearer than this are called the same, as a share


class Whereabouts:
    """A tab of an explorer: where the lymphocytes are, and what they can do.

    Parameters
    ----------
    app : Explorer
        Needs the controls homing_max, lymphocyte_death and homeostasis for `same_count`.
    """

    title = "Where are they?"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._said = ""
        self._day = W.IntSlider(
            value=12, min=FIRST, max=LAST, description="Day since symptom onset",
            style={"description_width": "initial"},
            layout=W.Layout(width="430px", max_width="100%"),
        )  # fmt: skip
        self._day.observe(self._moved, "value")
        self._words, self._page = W.HTML(), W.VBox()
        name = html.escape(app.start_name)
        intro = W.HTML(
            f"<p>A blood count sees the blue part only. Left, {name}; right, the patient as "
            "set by the sliders. Each bar is one day; the dotted line is what there was before the "
            "infection. (A stack that rises above it holds killer cells newly made against the "
            "virus.) Below: PD-1, a marker that a machine can count, and what all killer cells "
            "together can do.</p>" + _legend()
        )
        find = [
            button(words, f"Set the sliders so that the count on this day is that of {name}",
                   functools.partial(self._search, way))
            for way, (words, _, _) in WAYS.items()
        ]  # fmt: skip
        search = bar(W.HTML(f"Same count as {name} on this day, but:"), *find)
        self.widget = W.VBox([intro, bar(self._day), search, self._page, self._words])

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks, so that the app opens at once."""
        ghosts = {s: self._start[1][s] for s in _FUNCTION}
        figure, lines, axes = whereabouts(
            _DAYS, self._start[0], (self.app.start_name, "As set now"), ghosts, _DAYS
        )
        view = LiveFigure(
            figure, lines, boxes=[cell_box(ax) for ax in axes], panel_width=248, max_width=760
        )
        self._page.children = [view]
        return view

    @property
    def day(self) -> int:
        """The day that is read off, since symptom onset."""
        return int(self._day.value)

    def read(self, day: int) -> str:
        """Read both patients off on a day, and return it in words.

        Raises
        ------
        ValueError
            The day is outside the picture.
        """
        set_slider(self._day, day)
        self.refresh()
        return self.summary()

    def same_count(self, way: str) -> str:
        """Set the sliders so that the count on the day is that of the starting patient.

        Parameters
        ----------
        way : {"moving", "dying", "both", "renewal"}
            What may lower the count.

        Returns
        -------
        str
            What was found, or how near it came.

        Raises
        ------
        ValueError
            An unknown way, or an app without the sliders that are needed.
        """
        if way not in WAYS:
            raise ValueError(unknown("way", way, WAYS))
        words, searched, fixed = WAYS[way]
        missing = [s for s in ("homing_max", "lymphocyte_death", "homeostasis")
                   if s not in self.app.controls]  # fmt: skip
        if missing:
            raise ValueError(
                f"This needs the control{'s' * (len(missing) > 1)} {', '.join(missing)}."
            )
        place = {s: (c.low, c.high) for s, c in self.app.controls.items()}
        values = {"homeostasis": self.app.controls["homeostasis"].baseline}
        values |= {s: low + share * (high - low) for s, share in fixed.items()
                   for low, high in [place[s]]}  # fmt: skip
        wanted = self._at(self._start[0].blood)
        value = _nearest(lambda v: self._count({**values, searched: v}) - wanted, *place[searched])
        self.app.set(**{s: float(f"{v:.3g}") for s, v in {**values, searched: value}.items()})
        found = self._count({})
        near = abs(found - wanted) <= _CLOSE * wanted
        goal = f"as in {self.app.start_name}"
        miss = f"not {number(wanted, 2)} {goal}: this way alone cannot reach it"
        self._said = (
            f"{words}: on day {self.day} the count is {number(found, 2)}, {goal if near else miss}."
        )
        self.refresh()
        return self._said

    def summary(self) -> str:
        """Say where the cells of both patients are on the day."""
        who = self.app.now_name + (", treated" * self.app.treated)
        people = {self.app.start_name: self._start, who: self._now()}
        if who == self.app.start_name or not (self.app.choice.values or self.app.treated):
            people = {self.app.start_name: self._start}
        i = self._index
        shown = {
            name: (parts, i, float(more["pd1"][i]), float(more["killing"][i]))
            for name, (parts, more) in people.items()
        }
        return whereabouts_words(self.day, shown)

    def refresh(self) -> None:
        """Follow the explorer and the day."""
        parts, more = self._now()
        needles = []
        for ax in self.view.figure.axes:
            needles.append((np.array([self.day] * 2, float), np.array(ax.get_ylim())))
        text = self.summary()
        self.view.set_data([*bars(_DAYS, parts), more["pd1"], more["killing"], *needles], alt=text)
        said = f"<p><b>{html.escape(self._said)}</b></p>" if self._said else ""
        items = "".join(f"<li>{html.escape(line)}</li>" for line in text.split("\n"))
        self._words.value = f'<div class="cl-twin">{said}<ul style="columns:1">{items}</ul></div>'

    # ---- what the course says ------------------------------------------------------------------

    @functools.cached_property
    def _start(self) -> tuple[Balance, dict[str, np.ndarray]]:
        return self._solve(self.app.start)

    def _now(self) -> tuple[Balance, dict[str, np.ndarray]]:
        return self._solve(self.app.patient)

    def _solve(self, patient: Patient) -> tuple[Balance, dict[str, np.ndarray]]:
        wanted = [*BALANCE_OUTPUTS, *_FUNCTION]
        _, states = solve(patient, wanted, last=LAST, step=1.0)
        return balance(states), states

    def _count(self, values: Mapping[str, float]) -> float:
        """Return the blood count on the day with some sliders set."""
        patient = self.app.untreated_patient
        patient = patient.but(**values) if values else patient
        return self._at(self._solve(patient)[0].blood)

    @property
    def _index(self) -> int:
        return round(self.day + self.app.onset)

    def _at(self, values: np.ndarray) -> float:
        return float(values[self._index])

    @handler
    def _moved(self, _: Any) -> None:
        self._said = ""
        self.refresh()

    @handler
    def _search(self, way: str, _: Any) -> None:
        self.same_count(way)


def _nearest(miss: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function that rises or falls crosses zero, or the end that comes nearest."""
    from scipy.optimize import brentq

    ends = miss(low), miss(high)
    if ends[0] * ends[1] > 0:
        return low if abs(ends[0]) < abs(ends[1]) else high
    return float(brentq(miss, low, high, xtol=1e-3 * (high - low)))


def _legend() -> str:
    swatches = "".join(
        f'<span><svg width="14" height="12" aria-hidden="true"><rect width="14" height="12" '
        f'style="fill:{themed(color)}"/></svg>{name}</span>'
        for name, color in PLACES.items()
    )
    return f'<div class="cl-legend">{swatches}</div>'
