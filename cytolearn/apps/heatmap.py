"""Every drug, in whom, from which day: the same disease treated again and again."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import ipywidgets as W
import numpy as np

from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.longwork import LongWork
from cytolearn.apps.pieces import bar, twin
from cytolearn.apps.widgets import handler
from cytolearn.clinic import death_risk
from cytolearn.figures.therapy import heat_map, heat_words
from cytolearn.patients import Patient
from cytolearn.simulation import integrate
from cytolearn.treatments import drugs, treatment
from cytolearn.treatments.teaching import TeachingWarning
from cytolearn.wording import unknown

if TYPE_CHECKING:
    import pandas as pd

    from cytolearn.apps.explorer import Explorer

#: Whom to treat: column heads and presets. "Your patient" comes first, as set by the sliders.
PEOPLE = {
    "mild": "Mild",
    "older_adult": "Older adult",
    "delayed_ifn": "Delayed interferon",
    "anti_ifn_autoantibodies": "Anti-IFN antibodies",
    "il6_dysregulated": "IL-6 type",
    "mas_like": "MAS-like",
    "extrafollicular": "Extra-follicular",
}
YOURS = "your patient"
DAYS = (-1, 1, 3, 5, 7, 9, 12)
START = 7
_STEP, _MONTH = 0.5, 28


class Outcome(NamedTuple):
    """What changes, in which unit, which change has the full colour, and which hardly counts."""

    words: str
    unit: str
    full: float
    small: float


OUTCOMES = {
    "lesion": Outcome("lung lesion, whole illness", "% more or less than untreated", 60.0, 2.0),
    "death": Outcome("risk of death within 28 days", "percentage points", 8.0, 0.2),
}
_EMPTY = "Empty so far. Press 'Try every drug':\nit takes some seconds and fills column by column."
_SHOWN = {"lesion": "lung lesion", "death": "risk of death"}


@functools.cache
def _course(patient: Patient, onset: float) -> tuple[float, float]:
    """Return the mean lesion (% of lung) and the risk of death (%) of one patient's month."""
    found = integrate(
        patient.constants,
        patient.doses(),
        days=40 + onset,
        step=_STEP,
        outputs=["lesion", "infection_hazard"],
    )
    days = np.arange(len(found)) * _STEP - onset
    risk = death_risk(days, found[None, :, 0], found[None, :, 1], [patient.traits["age"]])
    return float(found[:, 0].mean()), float(100 * risk[0])


class HeatMap:
    """A tab of an explorer: all its treatments, by patient on one day or by day in one patient.

    Parameters
    ----------
    app : Explorer
    """

    title = "Who, what, when"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._known: dict[tuple[str, str, int], dict[str, float]] = {}
        self._people = {name: self._called(name) for name in PEOPLE}
        self._yours: Any = None  # whom the cells of "your patient" belong to
        self._drawn: Any = None
        wide = {"description_width": "initial"}
        self._columns = W.ToggleButtons(
            options=[("patients", "patients"), ("days", "days")],
            description="Columns",
            style={"button_width": "auto"},
        )
        self._day = W.Dropdown(
            options=[(f"day {day}", day) for day in DAYS], value=START,
            description="Start", style=wide, layout=W.Layout(width="150px"),
        )  # fmt: skip
        self._who = W.Dropdown(
            options=[(YOURS, YOURS), *((words, name) for name, words in self._people.items())],
            value="mas_like", description="Patient", style=wide, layout=W.Layout(width="250px"),
        )  # fmt: skip
        self._outcome = W.ToggleButtons(
            options=[(words, name) for name, words in _SHOWN.items()],
            description="Change of",
            style={"button_width": "auto"},
        )
        for one in (self._columns, self._day, self._who, self._outcome):
            one.observe(self._changed, "value")
        self.work = LongWork("Try every drug", self._steps, self._done, app.show_error)
        self._words, self._page = W.HTML(), W.VBox()
        choices = bar(self._outcome, self._columns, self._day, self._who)
        intro = W.HTML(
            "<p>Each cell is one illness, treated with one drug in the usual dose and compared "
            "with the same illness untreated. Where there is hardly a lesion (mild), many per cent "
            "more are still little: look at the risk of death, too. No cell is a real patient, "
            "and none knows of side effects other than infections.</p>"
        )
        self.widget = W.VBox([intro, self.work.widget, choices, self._page, self._words])

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks, so that the app opens at once."""
        self._drawn = self.summary()
        view = LiveFigure(self._figure(), [], self._drawn, max_width=900)
        self._page.children = [view]
        return view

    # ---- without widgets -------------------------------------------------------------------------

    def choose(
        self,
        columns: str | None = None,
        *,
        day: int | None = None,
        patient: str | None = None,
        outcome: str | None = None,
    ) -> HeatMap:
        """Choose what the columns are, the start day or the patient, and the outcome.

        Parameters
        ----------
        columns : {"patients", "days"}, optional
        day : int, optional
            One of `DAYS`.
        patient : str, optional
            A preset of `PEOPLE`, or "your patient".
        outcome : {"lesion", "death"}, optional

        Raises
        ------
        ValueError
            A choice that is not on offer.
        """
        for box, value, allowed, kind in (
            (self._columns, columns, ("patients", "days"), "kind of columns"),
            (self._day, day, DAYS, "start day"),
            (self._who, patient, (YOURS, *PEOPLE), "patient here"),
            (self._outcome, outcome, tuple(OUTCOMES), "outcome"),
        ):
            if value is not None and value not in allowed:
                raise ValueError(unknown(kind, value, map(str, allowed)))
            if value is not None:
                box.value = value
        return self

    def run(self) -> pd.DataFrame:
        """Compute what the columns ask for, now, and return the table."""
        self.work.now()
        return self.table()

    def change(self, drug: str, patient: str, day: int, outcome: str = "lesion") -> float:
        """Return one cell; NaN where it is not yet computed."""
        return self._known.get((drug, patient, day), {}).get(outcome, np.nan)

    def table(self) -> pd.DataFrame:
        """Return what is shown: drugs by patients or by days, change of the outcome."""
        import pandas as pd

        names = [drugs()[drug]["name"] for drug in self.app.treatments]
        return pd.DataFrame(self._values(), index=names, columns=self._heads())

    def summary(self) -> str:
        """Name the best and the worst drug of every column."""
        values = self._values()
        if not np.isfinite(values).any():
            return "Not computed yet. Press the button: every drug is tried."
        outcome = OUTCOMES[self._outcome.value]
        rows = [drugs()[drug]["name"] for drug in self.app.treatments]
        words = heat_words(values, rows, self._heads(), unit=outcome.unit, small=outcome.small)
        part = "" if np.isfinite(values).all() else " Grey cells are not computed yet."
        return f"{self._title()}. {words}{part}"

    # ---- what is asked ---------------------------------------------------------------------------

    def _cells(self) -> list[list[tuple[str, str, int]]]:
        """Return the keys of the cells, column by column."""
        if self._columns.value == "patients":
            return [
                [(drug, who, self._day.value) for drug in self.app.treatments]
                for who in (YOURS, *PEOPLE)
            ]
        return [[(drug, self._who.value, day) for drug in self.app.treatments] for day in DAYS]

    def _heads(self) -> list[str]:
        if self._columns.value == "patients":
            return ["Your patient", *self._people.values()]
        return [f"day {day}".replace("-", "−") for day in DAYS]

    def _title(self) -> str:
        outcome = OUTCOMES[self._outcome.value].words
        if self._columns.value == "patients":
            return f"Change of {outcome}, treatment from day {self._day.value}".replace("-", "−")
        who = self.app.who if self._who.value == YOURS else self._people[self._who.value]
        return f"Change of {outcome}, by start day: {who}"

    def _values(self) -> np.ndarray:
        name = self._outcome.value
        return np.array([[self.change(*key, name) for key in column] for column in self._cells()]).T

    def _called(self, preset: str) -> str:
        """Return what a preset is called, with the name of the person of the story who has it."""
        name = self.app.story_name(preset)
        return f"{PEOPLE[preset]} ({name})" if name else PEOPLE[preset]

    def _patient(self, who: str) -> Patient:
        return self.app.untreated_patient if who == YOURS else Patient(who)

    # ---- computing -------------------------------------------------------------------------------

    def _steps(self) -> Iterator[float]:
        """Treat one after the other; every second column first, so that the gist is seen early."""
        self._forget_another_patient()
        columns = self._cells()
        todo = [key for column in [*columns[::2], *columns[1::2]] for key in column]
        todo = [key for key in todo if key not in self._known]
        for i, (drug, who, day) in enumerate(todo):
            patient = self._patient(who)
            lesion, death = _course(patient, self.app.onset)
            with warnings.catch_warnings():  # odd start days are what this tab is about
                warnings.simplefilter("ignore", TeachingWarning)
                treated = patient.treat(treatment(drug, day=day))
            lesion_t, death_t = _course(treated, self.app.onset)
            self._known[drug, who, day] = {
                "lesion": 100 * (lesion_t / lesion - 1),
                "death": death_t - death,
            }
            if i % 36 == 35:
                self._draw()
            yield (i + 1) / len(todo)

    def _forget_another_patient(self) -> None:
        patient = self.app.untreated_patient
        if self._yours != patient:
            self._known = {key: v for key, v in self._known.items() if key[1] != YOURS}
            self._yours = patient

    def _done(self, whole: bool) -> None:
        self._drawn = None
        self.refresh()

    # ---- drawing ---------------------------------------------------------------------------------

    def _figure(self) -> Any:
        outcome = OUTCOMES[self._outcome.value]
        names = [drugs()[drug]["name"] for drug in self.app.treatments]
        figure = heat_map(
            self._values(), names, self._heads(), title=self._title(), unit=outcome.unit,
            full=outcome.full, small=outcome.small, empty=_EMPTY,
        )  # fmt: skip
        figure.twin = self.summary()
        return figure

    def _draw(self) -> None:
        self.view.replace(self._figure(), [], self.summary())

    @handler
    def refresh(self) -> None:
        """Follow the explorer and the menus; nothing is computed here."""
        self._forget_another_patient()
        by_patient = self._columns.value == "patients"
        self._day.layout.display = "" if by_patient else "none"
        self._who.layout.display = "none" if by_patient else ""
        text = self.summary()
        _ = self.view
        if self._drawn != text:
            self._drawn = text
            self._draw()
        self._words.value = twin(text)

    @handler
    def _changed(self, _: Any) -> None:
        self.refresh()
