"""What a drug does in the body: amount, effect on its target, lung, and other doses."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn.apps.choice import Prescription
from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.pieces import twin
from cytolearn.apps.widgets import handler
from cytolearn.clinic import death_risk
from cytolearn.figures.panels import cell_box
from cytolearn.figures.therapy import drug_panels, drugs_in_words
from cytolearn.figures.words import day as day_words
from cytolearn.patients import Patient
from cytolearn.simulation import integrate
from cytolearn.treatments import drugs
from cytolearn.treatments.teaching import TeachingWarning
from cytolearn.wording import in_sentence, number

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer

#: For each drug the signal of the model that it changes, and what 100% of it means.
TARGETS = {
    "ifn_beta_1a": ("isg", "the antiviral state of cells"),
    "ifn_alpha2": ("isg", "the antiviral state of cells"),
    "il7": ("il7_rescue", "the survival signal of T cells"),
    "anakinra": ("il1r_block", "IL-1 receptors blocked"),
    "canakinumab": ("il1b_neutralised", "IL-1 beta neutralised"),
    "tocilizumab": ("il6r_occupancy", "IL-6 receptors blocked"),
    "sarilumab": ("il6r_occupancy", "IL-6 receptors blocked"),
    "infliximab": ("tnf_neutralised", "TNF neutralised"),
    "adalimumab": ("tnf_neutralised", "TNF neutralised"),
    "dexamethasone": ("steroid", "steroid effect on genes"),
    "methylprednisolone": ("steroid", "steroid effect on genes"),
    "hydrocortisone": ("steroid", "steroid effect on genes"),
    "baricitinib": ("jak_block", "JAK signalling blocked"),
    "ruxolitinib": ("jak_block", "JAK signalling blocked"),
    "hydroxychloroquine": ("entry_block", "virus entry blocked"),
    "chloroquine": ("entry_block", "virus entry blocked"),
    "remdesivir": ("antiviral_block", "release of virus blocked"),
    "convalescent_plasma": ("neutralisation", "virus neutralised"),
}
DOSES = np.array([0.1, 0.25, 0.5, 1.0, 1.7, 3.0, 5.0])
MONTH = 28
_STEP = 0.5
_FIRST_TOPS = (1.5, 100.0, 20.0, 20.0)


def body_states(drug: str) -> list[str]:
    """Return the states of the model that hold a drug: where it was given, and the body."""
    state = drugs()[drug]["state"]
    if state == "antibody_given":
        return [state]
    central = f"central_{drug}"
    return [central] if state == central else [state, central]


def infection_chance(days: np.ndarray, hazard: np.ndarray) -> float:
    """Return the chance of a second infection within 28 days of symptom onset, %.

    Parameters
    ----------
    days : array, shape (days,)
        Since symptom onset.
    hazard : array, shape (days,)
        Of a second infection, per day.
    """
    month = (days >= 0) & (days <= MONTH)
    return float(100 * (1 - np.exp(-np.trapezoid(hazard[month], days[month]))))


@functools.lru_cache(maxsize=256)
def _solved(patient: Patient, onset: float, wanted: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Solve a patient every half day; hashable patients make this a cache."""
    values = integrate(
        patient.constants, patient.doses(), days=40 + onset, step=_STEP, outputs=list(wanted)
    )
    return {name: values[:, i] for i, name in enumerate(wanted)}


class Pharmacology:
    """A tab of an explorer: the drugs that are given, inside the body.

    Parameters
    ----------
    app : Explorer
    """

    title = "Drug in the body"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._words, self._page = W.HTML(), W.VBox()
        intro = W.HTML(
            "<p>Choose a treatment (a second one, too), then move its day and its "
            "dose. The pictures: how much is in the body; how much of its target it takes; "
            "what the lung does; and what other doses of the first drug would lead to.</p>"
        )
        self.widget = W.VBox([intro, self._page, self._words])

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks, so that the app opens at once."""
        figure, lines, axes = self._frame()
        boxes = [cell_box(ax) for ax in axes]
        view = LiveFigure(figure, lines, boxes=boxes, panel_width=240, max_width=720)
        self._page.children = [view]
        return view

    # ---- what is shown, without widgets ----------------------------------------------------------

    @property
    def days(self) -> np.ndarray:
        """Days since symptom onset of the curves, every half day."""
        return np.arange(0, 40 + self.app.onset + 1e-9, _STEP) - self.app.onset

    @property
    def given(self) -> tuple[Prescription, ...]:
        """What is given now."""
        return self.app.choice.given

    def amount(self, which: int = 0) -> np.ndarray:
        """Return how much of a drug is in the body, in usual doses, on every day of `days`."""
        place = self.given[which]
        names = body_states(place.drug)
        held = sum(self._solve(tuple(names))[name] for name in names)
        return held / (self._with(place).doses()[0].amount / place.dose)

    def effect(self, which: int = 0) -> np.ndarray:
        """Return what a drug's target feels, in %, on every day of `days`."""
        signal, _ = TARGETS[self.given[which].drug]
        values = self._solve((signal,))[signal]
        if signal == "neutralisation":  # how many times fewer virions can infect
            return 100 * (1 - 1 / values)
        return 100 * np.maximum(values, 0)  # less IL-7 than normal rescues nobody

    def by_dose(self, doses: Sequence[float] = tuple(DOSES)) -> dict[str, np.ndarray]:
        """Return what multiples of the usual dose of the first drug lead to.

        Returns
        -------
        dict of str to array, shape (doses,)
            ``death`` (risk within 28 days, %), ``infection`` (a second one, %), ``lesion`` (mean
            over the 28 days, % of lung), ``virus`` (highest in the lung, log10 copies/mL).
        """
        wanted = ("lesion", "infection_hazard", "viral_load_lung")
        place = self.given[0]
        rest = self.given[1:]
        out: dict[str, list[float]] = {
            name: [] for name in ("death", "infection", "lesion", "virus")
        }
        days = self.days
        for dose in doses:
            patient = self._with(Prescription(place.drug, place.day, float(dose)), *rest)
            found = _solved(patient, self.app.onset, wanted)
            month = (days >= 0) & (days <= MONTH)
            out["death"].append(self._death(found))
            out["infection"].append(infection_chance(days, found["infection_hazard"]))
            out["lesion"].append(float(found["lesion"][month].mean()))
            out["virus"].append(float(found["viral_load_lung"].max()))
        return {name: np.array(values) for name, values in out.items()}

    def summary(self) -> str:
        """Say how long the drug stays, what it takes of its target, and which dose is best."""
        if not self.given:
            return "Nothing is given. Choose a treatment: its menu stands with the sliders."
        said = []
        for i, place in enumerate(self.given):
            name, (_, what) = drugs()[place.drug]["name"], TARGETS[place.drug]
            amount, effect = self.amount(i), self.effect(i)
            there = self.days[amount > 0.05 * amount.max()]
            top = effect.max()
            on = self.days[effect >= top / 2]
            said.append(
                f"{name}: more than a twentieth of its peak is in the body from "
                f"{day_words(there[0])} to {number(there[-1])}; {what}: "
                f"{number(top, 2)}% at the peak, half of that or more from {day_words(on[0])} to "
                f"{number(on[-1])}."
            )
        at = self.by_dose()
        now = self.by_dose((self.given[0].dose,))
        nothing = self._death(self._untreated())
        best = int(at["death"].argmin())
        first = in_sentence(drugs()[self.given[0].drug]["name"])
        said.append(
            f"Risk of death within {MONTH} days: {number(nothing, 2)}% without treatment, "
            f"{number(now['death'][0], 2)}% with this one; chance of a second infection "
            f"{number(now['infection'][0], 2)}%."
        )
        if np.ptp(at["death"]) < 0.5:
            said.append(f"No dose of {first} from 0.1 to 5 times the usual one changes that risk.")
        else:
            most = len(DOSES) - 1
            other = "" if best == most else f"; 5 times has {number(at['death'][most], 2)}%"
            said.append(
                f"Of the doses tried, {number(DOSES[best])} times the usual dose of {first} has "
                f"the lowest risk ({number(at['death'][best], 2)}%){other}. Side effects other "
                "than infections are not in the model."
            )
        return " ".join(said)

    # ---- drawing ---------------------------------------------------------------------------------

    @handler
    def refresh(self) -> None:
        """Follow the explorer."""
        view, curves, text = self.view, self._curves(), self.summary()
        if self._drawn_for != self._key() or self._too_high(curves):
            figure, lines, axes = self._frame()
            view.replace(figure, lines, boxes=[cell_box(ax) for ax in axes])
        view.set_data(curves, alt=text)
        self._words.value = twin(text)

    def _frame(self) -> Any:
        self._drawn_for = self._key()
        curves = self._curves()
        self._tops = self._room(curves)
        names = [drugs()[place.drug]["name"] for place in self.given]
        made = drug_panels(self.days, curves, names, DOSES, self._tops)
        made[0].twin = f"What is given: {drugs_in_words(names)}."
        return made

    def _key(self) -> Any:
        return tuple(place.drug for place in self.given)

    def _curves(self) -> list[Any]:
        empty = np.full(len(self.days), np.nan)
        given = range(len(self.given))
        amounts = [self.amount(i) for i in given] + [empty] * (2 - len(self.given))
        effects = [self.effect(i) for i in given] + [empty] * (2 - len(self.given))
        lesion = self._solve(("lesion",))["lesion"]
        before = self._untreated()["lesion"]
        if not self.given:
            none = np.full(len(DOSES), np.nan)
            return [*amounts, *effects, empty, before, none, none, (np.array([]), np.array([]))]
        at, dose = self.by_dose(), self.given[0].dose
        now = self.by_dose((dose,))
        dots = (np.array([dose, dose]), np.array([now["death"][0], now["infection"][0]]))
        return [*amounts[:2], *effects[:2], lesion, before, at["death"], at["infection"], dots]

    def _room(self, curves: list[Any]) -> list[float]:
        """Return upper ends of the axes, with air above the curves for names."""
        tops = list(_FIRST_TOPS)
        for place, pair in ((0, curves[0:2]), (2, curves[4:6]), (3, curves[6:8])):
            highest = max((np.nanmax(c) for c in pair if np.isfinite(c).any()), default=0.0)
            tops[place] = max(tops[place], 1.4 * float(highest))
        tops[1] = 119.0
        return tops

    def _too_high(self, curves: list[Any]) -> bool:
        return any(
            np.isfinite(c).any() and np.nanmax(c) > top
            for top, pair in zip(
                self._tops, (curves[0:2], curves[2:4], curves[4:6], curves[6:8]), strict=True
            )
            for c in pair
        )

    # ---- solving ---------------------------------------------------------------------------------

    def _with(self, *places: Prescription) -> Patient:
        with warnings.catch_warnings():  # the explorer notes what is odd about a prescription
            warnings.simplefilter("ignore", TeachingWarning)
            return self.app.untreated_patient.treat([place.treatment() for place in places])

    def _solve(self, wanted: tuple[str, ...]) -> dict[str, np.ndarray]:
        names = dict.fromkeys(["lesion", "infection_hazard", *wanted])
        return _solved(self._with(*self.given), self.app.onset, tuple(names))

    def _untreated(self) -> dict[str, np.ndarray]:
        wanted = ("lesion", "infection_hazard")
        return _solved(self.app.untreated_patient, self.app.onset, wanted)

    def _death(self, found: dict[str, np.ndarray]) -> float:
        age = self.app.untreated_patient.traits["age"]
        risk = death_risk(self.days, found["lesion"][None], found["infection_hazard"][None], [age])
        return float(100 * risk[0])
