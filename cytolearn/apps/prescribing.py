"""The controls of one treatment: which drug, from which day, how much, and what is known of it."""

from __future__ import annotations

import html
import warnings
from collections.abc import Callable, Sequence

import ipywidgets as W

from cytolearn.apps.choice import Prescription
from cytolearn.apps.controls import Control
from cytolearn.treatments import drugs
from cytolearn.treatments.teaching import TeachingWarning
from cytolearn.wording import number

FIRST_START, LAST_START = -4.0, 14.0
LEAST_DOSE, MOST_DOSE = 0.1, 5.0
#: Abbreviations of a prescription, in words.
_SPOKEN = {
    "SC:": "under the skin:",
    "IM:": "into a muscle:",
    "IV:": "into a vein:",
    "oral:": "by mouth:",
    "ug": "µg",
    "MIU": "million units",
}


class Prescribing:
    """Widgets of one prescription.

    Parameters
    ----------
    names : sequence of str
        Treatments on offer.
    on_change : callable
        Called with a `Prescription`, and with the name of the slider that was dragged or "".
    place : int
        Counted from 1; the second one is headed "Second treatment".
    dose : bool
        Whether the dose can be changed.

    Attributes
    ----------
    controls : dict of str to Control
        Sliders by the name that CSS and screen readers know.
    widget : ipywidgets.VBox
    """

    def __init__(
        self,
        names: Sequence[str],
        on_change: Callable[[Prescription, str], None],
        *,
        place: int = 1,
        dose: bool = False,
    ) -> None:
        self._on_change, self._quiet = on_change, False
        self.now = Prescription()
        head = "Treatment" if place == 1 else "Second treatment"
        tail = "" if place == 1 else f"_{place}"
        self.day = Control(
            f"start_day{tail}",
            self.now.day,
            lambda name, day: self._say(Prescription(self.now.drug, day, self.now.dose), name),
            row={
                "name": "Start day",
                "unit": "days since symptom onset",
                "low": str(FIRST_START),
                "high": str(LAST_START),
                "meaning": "First day of the treatment, counted from the first symptom.",
            },
        )
        self.dose = Control(
            f"dose{tail}",
            self.now.dose,
            lambda name, dose: self._say(Prescription(self.now.drug, self.now.day, dose), name),
            row={
                "name": "Dose",
                "unit": "× usual dose",
                "low": str(LEAST_DOSE),
                "high": str(MOST_DOSE),
                "meaning": "Multiple of the usual dose; 1 is the dose of the trials.",
            },
        )
        shown = [self.day, self.dose] if dose else [self.day]
        self.controls = {control.symbol: control for control in shown}
        options = [("No treatment", ""), *((drugs()[name]["name"], name) for name in names)]
        self.menu = W.Dropdown(options=options, value="", description=head)
        self.menu.add_class("cl-drug")
        self.menu.observe(self._chosen, "value")
        self._note = W.HTML()
        sliders = [control.widget for control in shown]
        self.widget = W.VBox([W.HTML(f"<h4>{head}</h4>"), self.menu, *sliders, self._note])
        self.widget.add_class("cl-treat")
        self.widget.add_class("cl-controls")

    def show(self, place: Prescription) -> None:
        """Let the widgets show a prescription."""
        self.now, self._quiet = place, True
        try:
            for control, value in ((self.day, place.day), (self.dose, place.dose)):
                if control.value != value:
                    control.show(value)
                control.disabled = place.drug is None
            if self.menu.value != (place.drug or ""):
                self.menu.value = place.drug or ""
        finally:
            self._quiet = False
        self._note.value = _about(place) if place.drug else ""

    def _chosen(self, change: dict) -> None:
        if not self._quiet:
            self._say(Prescription(change["new"] or None, self.now.day, self.now.dose), "")

    def _say(self, place: Prescription, dragged: str) -> None:
        self._on_change(place, dragged)


def dose_words(dose: float) -> str:
    """Say a dose that is not the usual one: ", 2 times the usual dose"."""
    return "" if dose == 1 else f", {number(dose)} times the usual dose"


def _about(place: Prescription) -> str:
    drug = drugs()[place.drug]
    with warnings.catch_warnings():  # the explorer notes what is odd about a prescription
        warnings.simplefilter("ignore", TeachingWarning)
        words = place.treatment().describe().split(" ")
    plan = html.escape(" ".join(_SPOKEN.get(word, word) for word in words))
    return (
        f'<div class="cl-control"><details><summary><span class="cl-unit">{plan}</span>'
        f'<span class="cl-why">source</span></summary><div>'
        f"{html.escape(drug['mechanism'])}<br>{html.escape(drug['evidence'])}<br>"
        f'Source: <a href="https://doi.org/{drug["doi"]}" target="_blank" rel="noopener">'
        f"{html.escape(drug['source'])}</a></div></details></div>"
    )
