"""Flow cytometry by hand: find the DN2 cells with a gate that the learner draws."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.pieces import bar, constant, foot, paragraph, set_slider, slider, solve, twin
from cytolearn.apps.widgets import handler
from cytolearn.figures.bcells import (
    MARKER_NAMES,
    MARKERS,
    boxes,
    flow_plot,
    gate,
    sample_cells,
    shares,
)
from cytolearn.figures.words import day as day_words
from cytolearn.wording import number

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer
    from cytolearn.patients import Patient

CELLS = 3000
#: Where the gate stands at first: on purpose not where it should be.
FIRST_GATE = {"igd": 2.0, "cd27": 3.2, "cxcr5": 3.2, "cd11c": 1.8}
_ENDS = (0.5, 5.0)


class FlowPlot:
    """A tab of an explorer: B cells in a blood sample, sorted by four thresholds.

    Parameters
    ----------
    app : Explorer
        Whose patient on show gives blood.
    """

    title = "Find the DN2 cells"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._drawn: dict = {}
        self._day = slider("Day of the blood sample", 8, (0, 40), 1, self._changed)
        self._limits = {
            marker: slider(
                f"{MARKER_NAMES[marker]}: divide at", FIRST_GATE[marker], _ENDS, 0.1,
                self._changed, help=f"Brightness that divides {MARKER_NAMES[marker]}- from "
                f"{MARKER_NAMES[marker]}+",
            )
            for marker in MARKERS
        }  # fmt: skip
        self._truth = W.ToggleButton(description="Show the truth",
                                     tooltip="Mark the cells that truly are DN2")  # fmt: skip
        self._truth.observe(self._changed, "value")
        self._page, self._words = W.VBox(), W.HTML()
        intro = paragraph(
            f"{CELLS:,} B cells of one blood sample, plasmablasts sorted out. A DN2 cell has "
            "little IgD, CD27 and CXCR5, and much CD11c. A machine measures brightness only; where "
            "'little' ends is for you to decide. Draw the gate, write down the percentage, and "
            "only then look at the truth."
        )
        sliders = bar(*self._limits.values(), self._day, self._truth)
        note = paragraph(
            "The cells are simulated from a mixture that we assumed (table figures/bcells.csv of "
            "this package); it follows the model's extrafollicular activity. For DN2 percentages "
            "by severity there are no verified medians: only the order (more in intensive care "
            "than at home) is taken from patients."
        )
        self.widget = W.VBox([intro, sliders, self._page, self._words, note, foot()])

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks."""
        figure, lines = flow_plot()
        view = LiveFigure(figure, lines, boxes=boxes(figure), panel_width=240, max_width=700)
        self._page.children = [view]
        return view

    @property
    def limits(self) -> dict[str, float]:
        """The gate: brightness that divides negative from positive, one a marker."""
        return {marker: float(made.value) for marker, made in self._limits.items()}

    def gate(self, **limits: float) -> str:
        """Move the gate: ``page.gate(igd=2.6, cd11c=2.5)``; returns what is inside.

        Raises
        ------
        ValueError
            No such marker, or a brightness outside the plot.
        """
        for marker, value in limits.items():
            if marker not in self._limits:
                known = ", ".join(MARKERS)
                raise ValueError(f"There is no marker '{marker}'. The markers are {known}.")
            set_slider(self._limits[marker], value)
        return self.summary()

    def sample(self, day: float) -> str:
        """Draw blood on another day since symptom onset and return what is inside the gate."""
        set_slider(self._day, day, "d")
        return self.summary()

    def reveal(self, on: bool = True) -> str:
        """Show or hide which cells truly are DN2, and return the summary."""
        self._truth.value = bool(on)
        return self.summary()

    def mixture(self, patient: Patient | None = None) -> dict[str, float]:
        """Return the true shares of all kinds of B cells on the day (default: patient on show)."""
        patient = self.app.patient if patient is None else patient
        days, found = solve(patient, ("plasmablasts_ef",), step=0.5)
        now = float(np.interp(self._day.value, days, found["plasmablasts_ef"]))
        return shares(now / constant(patient, "plasmablasts_normal"))

    def counts(self, patient: Patient | None = None) -> dict[str, float]:
        """Count the cells in the gate.

        Returns
        -------
        dict of str to float
            ``double`` and ``inside`` (cells after step 1 and 2), ``percent`` (inside, of all B
            cells), ``right`` (of these truly DN2), ``purity`` (%), ``sensitivity`` (% of all DN2
            cells that are inside), ``truth`` (% of all B cells that are DN2).
        """
        cells, kind = self._cells(patient)
        double, inside = gate(cells, self.limits)
        true = kind == "dn2"
        right, all_inside = int((inside & true).sum()), int(inside.sum())
        return {
            "double": int(double.sum()),
            "inside": all_inside,
            "percent": 100 * all_inside / CELLS,
            "right": right,
            "purity": 100 * right / all_inside if all_inside else float("nan"),
            "sensitivity": 100 * right / true.sum() if true.any() else float("nan"),
            "truth": 100 * float(true.mean()),
        }

    def _cells(self, patient: Patient | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the cells of a sample; drawn again only when patient or day have changed."""
        patient = self.app.patient if patient is None else patient
        key = (patient, float(self._day.value))
        if key not in self._drawn:
            if len(self._drawn) > 3:
                self._drawn.clear()
            self._drawn[key] = sample_cells(self.mixture(patient), CELLS)
        return self._drawn[key]

    def summary(self) -> str:
        """Say what the gate holds; with the truth shown, how good it is."""
        now, other = self.counts(), self.counts(self.app.start)
        text = (
            f"Blood of {self.app.who} on {day_words(self._day.value)}: {number(now['double'])} of "
            f"{CELLS:,} B cells are IgD- CD27-, and {number(now['inside'])} of these are in your "
            f"gate. You would report {number(now['percent'], 2)}% DN2. The same gate on the blood "
            f"of {self.app.start_name}: {number(other['percent'], 2)}%."
        )
        if not self._truth.value:
            return f"{text}\nHow many of them truly are DN2? Press 'Show the truth'."
        if not now["inside"]:
            return f"{text}\nThe gate is empty; in truth {number(now['truth'], 2)}% are DN2."
        return (
            f"{text}\nThe truth: {number(now['truth'], 2)}% are DN2. Of the {now['inside']} cells "
            f"in your gate {now['right']} truly are (purity {number(now['purity'], 2)}%); your "
            f"gate finds {number(now['sensitivity'], 2)}% of all DN2 cells (sensitivity)."
        )

    def refresh(self) -> None:
        """Follow the explorer, the day and the gate."""
        cells, kind = self._cells()
        double, inside = gate(cells, self.limits)
        true = double & (kind == "dn2") if self._truth.value else np.zeros(CELLS, bool)
        igd, cd27, cxcr5, cd11c = cells.T
        at, (low, roof) = self.limits, (0.0, 5.8)
        text = self.summary()
        self.view.set_data(
            [
                (igd[~double], cd27[~double]),
                (igd[double], cd27[double]),
                (np.array([at["igd"], at["igd"]]), np.array([low, at["cd27"]])),
                (np.array([low, at["igd"]]), np.array([at["cd27"], at["cd27"]])),
                (cxcr5[true], cd11c[true]),
                (cxcr5[double & ~inside], cd11c[double & ~inside]),
                (cxcr5[inside], cd11c[inside]),
                (np.array([at["cxcr5"], at["cxcr5"]]), np.array([at["cd11c"], roof])),
                (np.array([low, at["cxcr5"]]), np.array([at["cd11c"], at["cd11c"]])),
            ],
            alt=text,
        )
        self._words.value = twin(text)

    @handler
    def _changed(self, _: Any) -> None:
        self.refresh()
