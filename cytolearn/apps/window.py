"""The start-day sweep: the window in which a treatment helps, and where it harms."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.longwork import LongWork
from cytolearn.apps.pieces import bar, solve, twin
from cytolearn.figures.outcomes import area_change, peak_change, start_day_window, window_words
from cytolearn.treatments import drugs, treatment
from cytolearn.treatments.teaching import TeachingWarning

if TYPE_CHECKING:
    import pandas as pd

    from cytolearn.apps.explorer import Explorer

DAYS = np.arange(-4.0, 14.01, 0.5)
MOST_DRUGS = 3  # more curves than that cannot be told apart
OUTCOMES = {"burden": "lung lesion, whole illness", "worst": "lung lesion, worst day"}


class StartDayWindow:
    """A tab of an explorer: the outcome against the day on which treatment starts.

    Parameters
    ----------
    app : Explorer
        Whose current patient is treated.
    """

    title = "When to start"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._part = False  # not all start days were tried
        self._of: Any = None  # the choice that the picture belongs to
        self._results: dict[str, dict[str, np.ndarray]] = {}
        self._before: dict[str, dict[str, np.ndarray]] = {}
        self.names = self._offered()
        self._work = LongWork("Try every start day", self._steps, self._done, app.show_error)
        self._outcome = W.ToggleButtons(
            options=[("whole illness", "burden"), ("worst day", "worst")],
            description="Lung lesion", style={"button_width": "auto"},
        )  # fmt: skip
        self._words = W.HTML()
        self._outcome.observe(self._redraw, "value")
        self._page = W.VBox()
        controls = bar(self._work.widget, self._outcome)
        intro = W.HTML(
            "<p>The same patient is treated again and again, each time from another day on, with "
            "each drug. Below the line a drug leaves less lung lesion than no treatment, above "
            "it more.</p>"
        )
        self.widget = W.VBox([intro, controls, self._page, self._words])

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks, so that the app opens at once."""
        view = LiveFigure(*start_day_window(DAYS, self._blank()), max_width=760)
        self._page.children = [view]
        return view

    def run(self) -> pd.DataFrame:
        """Compute the window now and return it: change in per cent, one column a treatment."""
        self._work.now()
        return self.table()

    def table(self) -> pd.DataFrame:
        """Return the window last computed; index: start day since symptom onset."""
        import pandas as pd

        index = pd.Index(DAYS, name="start day")
        return pd.DataFrame(self._shown(), index=index)

    def summary(self) -> str:
        """Say when the treatment helps and when it harms."""
        if self._of is None:
            return "Not computed yet."
        if self._part:
            return "Stopped: only the start days drawn were tried. Press the button to try all."
        return window_words(DAYS, self._shown(), outcome=self._outcome_words)

    def refresh(self) -> None:
        """Say whether the window still belongs to the patient on show."""
        _ = self.view
        text = "Press the button to try every start day." if self._of is None else self.summary()
        if self._work.busy:
            text = "Trying one start day after another ..."
        if self._of is not None and self._of != self.app.who:
            text = f"You have changed the patient since. This window belongs to: {self._of}. {text}"
        self._words.value = twin(text)

    def _offered(self) -> dict[str, str]:
        """Name to symbol of the drugs to try: all, or of a long list those that are chosen."""
        names = self.app.treatments
        if len(names) > MOST_DRUGS:
            names = tuple(p.drug for p in self.app.choice.given) or names[:1]
        return {drugs()[name]["name"]: name for name in names}

    # ---- computing -------------------------------------------------------------------------------

    def _blank(self) -> dict[str, np.ndarray]:
        return {name: np.full_like(DAYS, np.nan) for name in self.names}

    @property
    def _outcome_words(self) -> str:
        return OUTCOMES[self._outcome.value]

    def _shown(self) -> dict[str, np.ndarray]:
        return {n: r[self._outcome.value] for n, r in self._results.items()} or self._blank()

    def _lesion(self, patient: Any) -> np.ndarray:
        return solve(patient, ["lesion"], step=0.25)[1]["lesion"]

    def _steps(self) -> Iterator[float]:
        """Compute one start day after another; pauses after each so that others may act."""
        app = self.app
        patient = app.untreated_patient
        offered, doses = self._offered(), {p.drug: p.dose for p in app.choice.given}
        if offered != self.names:
            self.names, self._results, self._of = offered, {}, None
        if self._of is not None and self._of != app.who:
            self._before = self._results
        self._of, self._part = app.who, True
        self._results = {n: {"burden": b, "worst": b.copy()} for n, b in self._blank().items()}
        self._redraw()
        untreated = self._lesion(patient)
        days = np.arange(len(untreated)) * 0.25
        for i, start in enumerate(DAYS):
            for name, drug in self.names.items():
                with warnings.catch_warnings():  # odd start days are what this tab is about
                    warnings.simplefilter("ignore", TeachingWarning)
                    given = treatment(drug, day=float(start), scale=doses.get(drug, 1.0))
                    treated = self._lesion(patient.treat(given))
                result = self._results[name]
                result["burden"][i] = area_change(days, treated, untreated)
                result["worst"][i] = peak_change(treated, untreated)
                yield (i + 1) / len(DAYS)
            if i % 3 == 0:
                self.view.set_data(list(self._shown().values()))

    def _redraw(self, _: Any = None) -> None:
        before = {n: r[self._outcome.value] for n, r in self._before.items()}
        figure, lines = start_day_window(
            DAYS, self._shown(), outcome=self._outcome_words, before=before or None
        )
        self.view.replace(figure, lines, self.summary())
        self.refresh()

    def _done(self, whole: bool) -> None:
        """Show what there is, whether or not every start day was tried."""
        self._part = not whole
        self._redraw()
