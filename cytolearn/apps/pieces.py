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
from cytolearn.wording import listing, number, out_of_range

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
) -> W.FloatSlider:
    """Return a slider with its name and an editable number, moved by mouse or arrow keys."""
    made = W.FloatSlider(
        value=value, min=ends[0], max=ends[1], step=step,
        readout_format=".0f" if step >= 1 else ".1f", **_looks(name, help),
    )  # fmt: skip
    made.observe(change, "value")
    return made


def steps(
    name: str, value: float, values: Sequence[float], change: Callable[[Any], None]
) -> W.SelectionSlider:
    """Return a slider over some values that are no even scale, such as 1, 10, 100."""
    made = W.SelectionSlider(
        options=[(number(step, 4), step) for step in values], value=value, **_looks(name, "")
    )
    made.observe(change, "value")
    return made


def _looks(name: str, help: str) -> dict[str, Any]:
    return {
        "description": name, "tooltip": help or name,
        "style": {"description_width": "190px"},
        "layout": W.Layout(width="395px", max_width="100%"),
    }  # fmt: skip


def set_slider(
    made: W.FloatSlider | W.IntSlider | W.SelectionSlider, value: float, unit: str = ""
) -> None:
    """Set a slider by hand.

    Parameters
    ----------
    made : slider
    value : float
        Whole numbers only where the slider moves by them.
    unit : str
        For the message.

    Raises
    ------
    ValueError
        If the value is no number, outside the slider's range, or none of its steps.
    """
    name = f"{made.description[:1].upper()}{made.description[1:]}"
    try:
        number_given = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number; you gave {value!r}.") from None
    if isinstance(made, W.SelectionSlider):
        known = [step for _, step in made.options]
        if number_given not in known:
            words = listing(map(number, known), "or")
            raise ValueError(f"{name} can be {words}; you gave {value}.")
    elif not made.min <= number_given <= made.max:
        raise ValueError(out_of_range(name, number_given, made.min, made.max, unit))
    elif isinstance(made, W.IntSlider):
        if not number_given.is_integer():
            raise ValueError(f"{name} must be a whole number; you gave {value}.")
        number_given = int(number_given)
    made.value = number_given


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
