"""Pieces that several pages of an explorer share: a solver, sliders, words under a picture."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn import physiology
from cytolearn.figures import theme
from cytolearn.simulation import integrate
from cytolearn.wording import out_of_range

if TYPE_CHECKING:
    from cytolearn.patients import Patient


def constant(patient: Patient, symbol: str) -> float:
    """Return a constant of a patient."""
    return float({**physiology.baseline(), **patient.constants}[symbol])


def solve(
    patient: Patient,
    outputs: Sequence[str],
    *,
    last: float = 40.0,
    step: float = 0.1,
    **changed: float,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Solve a patient, also with constants that no patient can have, such as a route switched off.

    Parameters
    ----------
    patient : Patient
    outputs : sequence of str
        Observables, states or signals.
    last : float
        Last day since symptom onset.
    step : float
        Days between two points.
    **changed : float
        Constants that differ from the patient's.

    Returns
    -------
    (ndarray, shape (days,); dict of str to ndarray, shape (days,))
        Days since symptom onset, and the curves.
    """
    onset = constant(patient, "symptom_onset")
    values = integrate(
        {**patient.constants, **changed}, patient.doses(),
        days=last + onset, step=step, outputs=list(outputs),
    )  # fmt: skip
    days = np.round(np.arange(len(values)) * step - onset, 9)
    return days, dict(zip(outputs, values.T, strict=True))


def slider(
    name: str,
    value: float,
    ends: tuple[float, float],
    step: float,
    change: Callable[[Any], None],
    *,
    help: str = "",
    log: bool = False,
) -> W.DOMWidget:
    """Return a slider with its name and an editable number, moved by mouse or arrow keys."""
    common = {
        "value": value, "step": step, "description": name, "tooltip": help or name,
        "style": {"description_width": "190px"},
        "layout": W.Layout(width="440px", max_width="100%"),
    }  # fmt: skip
    if log:
        made = W.FloatLogSlider(
            min=np.log10(ends[0]), max=np.log10(ends[1]), base=10, readout_format=".3g", **common
        )
    else:
        made = W.FloatSlider(
            min=ends[0], max=ends[1], readout_format=".0f" if step >= 1 else ".1f", **common
        )
    made.observe(change, "value")
    return made


def set_slider(made: W.DOMWidget, value: float, unit: str = "") -> None:
    """Set a slider by hand.

    Raises
    ------
    ValueError
        If the value is outside its range.
    """
    low, high = made.min, made.max
    if isinstance(made, W.FloatLogSlider):
        low, high = made.base**low, made.base**high
    if not low * (1 - 1e-9) <= float(value) <= high * (1 + 1e-9):
        raise ValueError(out_of_range(made.description, value, low, high, unit))
    made.value = float(value)


def bar(*widgets: W.Widget) -> W.Box:
    """Put controls in a row that wraps."""
    row = W.Box(list(widgets))
    row.add_class("cl-bar")
    return row


def paragraph(text: str) -> W.HTML:
    """Return a paragraph of plain text."""
    return W.HTML(f"<p>{html.escape(text)}</p>")


def foot() -> W.HTML:
    """Return the line that says what the numbers are and are not."""
    return W.HTML(f'<div class="cl-foot">{theme.FOOTER}</div>')


def twin(text: str) -> str:
    """Return a text twin as it stands under a picture: one paragraph a line."""
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in text.split("\n"))
    return f'<div class="cl-twin">{lines}</div>'
