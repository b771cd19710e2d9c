"""The antibody made: how strong, how self-reactive, and what speed costs; lupus beside COVID-19."""

from __future__ import annotations

import functools
import html
from typing import TYPE_CHECKING

import ipywidgets as W
import numpy as np

from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.pieces import constant, foot, paragraph, solve, twin
from cytolearn.figures.bcells import antibody_made, boxes, first_day
from cytolearn.figures.words import day as day_words
from cytolearn.patients import Patient
from cytolearn.wording import number

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer

#: Patient with an extrafollicular response and no virus, for comparison.
LUPUS = "lupus_like"
_LUPUS_NAME = "lupus, no virus"
LAST = 120.0
_OUTPUTS = (
    *("auto_ab", "antibody_ef", "antibody_gc", "affinity"),
    *("plasmablasts", "germinal_centre", "self_reactive_share"),
)
#: Upper ends of the axis of the self-reactive share, in per cent.
_TOPS = (40.0, 100.0)
_BIASES = np.array([0.25, 0.5, 1, 2, 3, 4.5, 6, 8])


def made(patient: Patient) -> dict[str, float]:
    """Return the marks of the antibody that a patient makes.

    Returns
    -------
    dict of str to float
        ``plasmablasts`` (peak, % of B cells), ``self_reactive`` (share of the fast antibody, %),
        ``germinal_centre`` (peak, 0 to 1), ``auto_peak`` (AU), ``left`` (self-reactive antibody
        on the last day as % of its peak).
    """
    _, now = solve(patient, _OUTPUTS, last=LAST, step=0.5)
    own = now["auto_ab"]
    top = float(own.max())
    return {
        "plasmablasts": float(now["plasmablasts"].max()),
        "self_reactive": 100 * float(now["self_reactive_share"][-1]),
        "germinal_centre": float(now["germinal_centre"].max()),
        "auto_peak": top,
        "left": 100 * float(own[-1]) / top if top > 1e-6 else 0.0,
    }


_ROWS = {
    "plasmablasts": "plasmablasts at their peak, % of B cells",
    "self_reactive": "self-reactive share of the fast antibody, %",
    "germinal_centre": "germinal centres at their peak, 0 to 1",
    "auto_peak": "self-reactive antibody at its peak, AU",
    "left": f"of that, left on day {LAST:g}, %",
}


class AntibodyMade:
    """A tab of an explorer: power and self-reactivity of antibody, lupus beside COVID-19.

    Parameters
    ----------
    app : Explorer
    """

    title = "The antibody made"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._price: tuple = (None, ())
        self._latest: tuple = (None, {})
        self._top = _TOPS[0]
        self.lupus = Patient(LUPUS, label="lupus")
        self._page, self._words, self._table = W.VBox(), W.HTML(), W.HTML()
        intro = paragraph(
            "How strongly does one unit of antibody hit the virus? How much of what is made is "
            "aimed at the body itself, and does it go away again? For comparison: lupus, in which "
            "the same fast route never comes to rest, without any virus."
        )
        self.widget = W.VBox([intro, self._page, self._words, self._table, foot()])

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks."""
        figure, lines = self._frame()
        view = LiveFigure(figure, lines, boxes=boxes(figure))
        self._page.children = [view]
        return view

    def marks(self) -> dict[str, dict[str, float]]:
        """Return the marks of the reference, of the patient on show and of lupus (see `made`)."""
        return {
            self.app.start_name: self._others[self.app.start_name][0],
            "your patient": self._now,
            _LUPUS_NAME: self._others[_LUPUS_NAME][0],
        }

    def price(self) -> tuple[np.ndarray, np.ndarray]:
        """Return first antibody day and self-reactive share (%) for every bias, shape (biases,)."""
        patient = self.app.untreated_patient
        key = tuple(sorted((k, v) for k, v in patient.constants.items() if k != "ef_bias"))
        if key != self._price[0]:
            firsts = [self._first(patient, ef_bias=float(bias)) for bias in _BIASES]
            shares = [self._share(patient, float(bias)) for bias in _BIASES]
            self._price = (key, (np.array(firsts), np.array(shares)))
        return self._price[1]

    def position(self) -> tuple[float, float]:
        """Return first antibody day and self-reactive share (%) of the patient on show."""
        patient = self.app.untreated_patient
        return self._first(patient), self._share(patient, constant(patient, "ef_bias"))

    def summary(self) -> str:
        """Say how strong and how self-reactive the antibody is, and whether it goes away."""
        marks = self.marks()
        now, lupus = marks["your patient"], marks[_LUPUS_NAME]
        days, found = solve(self.app.patient, ("affinity",))
        first, share = self.position()
        start = constant(self.app.patient, "affinity_start")
        power = (
            f"One unit of fast antibody neutralises {number(self._fast_power())} AU and never "
            f"improves. One unit of germinal-centre antibody begins at {number(start)} and reaches "
            f"{number(found['affinity'][-1], 2)} by {day_words(days[-1])}."
        )
        speed = (
            "Antibody never halves infection"
            if np.isnan(first)
            else f"Antibody first halves infection on {day_words(first)}"
        )
        own = (
            f"{speed}; {number(share, 2)}% of the fast antibody is self-reactive. Self-reactive "
            f"antibody peaks at {number(now['auto_peak'], 2)} AU; on day {LAST:g} "
            f"{number(now['left'], 2)}% of that is left. In lupus "
            f"{number(lupus['left'], 2)}% is left."
        )
        return f"{power}\n{own}"

    def refresh(self) -> None:
        """Follow the explorer."""
        patient = self.app.patient
        days, now = solve(patient, _OUTPUTS, last=LAST, step=0.5)
        fast = self._fast_power()
        with np.errstate(invalid="ignore", divide="ignore"):
            units = now["antibody_ef"] + now["antibody_gc"]
            mixed = (fast * now["antibody_ef"] + now["affinity"] * now["antibody_gc"]) / units
        mixed[units < 1e-3] = np.nan
        text = self.summary()
        (x, y), view = self.position(), self.view
        top = next(step for step in _TOPS if step >= max(y, self.price()[1].max()))
        if top != self._top:
            self._top = top
            figure, lines = self._frame()
            view.replace(figure, lines, text, boxes=boxes(figure))
        view.set_data(
            [
                (days, np.full_like(days, fast)),
                (days, now["affinity"]),
                (days, mixed),
                *(curve for _, curve in self._others.values()),
                (days, now["auto_ab"]),
                self.price(),
                (np.array([x]), np.array([y])),
            ],
            alt=text,
        )
        self._words.value = twin(text)
        self._table.value = self._lupus_table()

    def _frame(self) -> tuple:
        names = (self.app.start_name, _LUPUS_NAME)
        return antibody_made(names, last=LAST, top=self._top)

    def _fast_power(self) -> float:
        return constant(self.app.patient, "affinity_ef")

    def _first(self, patient: Patient, **changed: float) -> float:
        days, found = solve(patient, ("nab",), **changed)
        return first_day(days, found["nab"], constant(patient, "nab_half"))

    @staticmethod
    def _share(patient: Patient, bias: float) -> float:
        """Return the self-reactive share of the fast antibody, in per cent."""
        _, found = solve(patient, ("self_reactive_share",), last=0.0, step=1.0, ef_bias=bias)
        return 100 * float(found["self_reactive_share"][-1])

    @property
    def _now(self) -> dict[str, float]:
        """Marks of the patient on show; solved again only when the patient has changed."""
        patient = self.app.patient
        if patient != self._latest[0]:
            self._latest = (patient, made(patient))
        return self._latest[1]

    @functools.cached_property
    def _others(self) -> dict[str, tuple[dict[str, float], tuple[np.ndarray, np.ndarray]]]:
        """Marks and self-reactive antibody of the two people who never change."""
        found = {}
        for name, patient in ((self.app.start_name, self.app.start), (_LUPUS_NAME, self.lupus)):
            days, curves = solve(patient, ("auto_ab",), last=LAST, step=0.5)
            found[name] = (made(patient), (days, curves["auto_ab"]))
        return found

    def _lupus_table(self) -> str:
        marks = self.marks()
        heads = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in marks)
        body = "".join(
            f'<tr><th scope="row">{words}</th>'
            + "".join(f"<td>{number(one[key], 2)}</td>" for one in marks.values())
            + "</tr>"
            for key, words in _ROWS.items()
        )
        note = (
            "The likeness of severe COVID-19 and active lupus was seen in 10 patients in intensive "
            "care, 7 outpatients and 17 healthy people: few."
        )
        return (
            '<div class="cl-scroll" tabindex="0"><table>'
            f"<thead><tr><td></td>{heads}</tr></thead><tbody>{body}</tbody></table></div><p><small>{note}</small></p>"
        )
