"""The text twin: what a set of curves shows, in short sentences that never change by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cytolearn import physiology
from cytolearn.wording import number

#: Readouts that are logarithms already: differences are powers of ten, not ratios.
_LOGARITHMS = "log10"
_NEGLIGIBLE = 0.02


@dataclass(frozen=True)
class Extreme:
    """The peak (or the lowest point) of one curve.

    Attributes
    ----------
    value : float
        In the readout's own unit.
    day : float
        Days since symptom onset.
    flat : bool
        Whether the curve hardly moves, so that a day would mean nothing.
    """

    value: float
    day: float
    flat: bool


def extreme(days: np.ndarray, values: np.ndarray, kind: str = "max") -> Extreme:
    """Find the peak (``kind="max"``) or the lowest point (``"min"``) of a curve, shape (days,).

    Parameters
    ----------
    days, values : array, shape (days,)
        NaN is left out.
    kind : {"max", "min"}
    """
    values = np.asarray(values, float)
    if not np.isfinite(values).any():
        return Extreme(float("nan"), float("nan"), True)
    at = int(np.nanargmin(values) if kind == "min" else np.nanargmax(values))
    span = float(np.nanmax(values) - np.nanmin(values))
    flat = span < _NEGLIGIBLE * max(abs(float(values[at])), 1e-9)
    return Extreme(float(values[at]), float(days[at]), flat)


def difference(value: float, reference: float, unit: str) -> str:
    """Say how a value differs from a reference: "2.9 times as high", "30% lower", "the same".

    Values that are logarithms are compared as what they stand for.
    """
    if unit.startswith(_LOGARITHMS):
        value, reference = 10.0**value, 10.0**reference
    if not (np.isfinite(value) and np.isfinite(reference)):
        return "not comparable"
    if abs(value - reference) <= _NEGLIGIBLE * max(abs(value), abs(reference), 1e-12):
        return "the same"
    if reference <= 0 or value <= 0:
        return "higher" if value > reference else "lower"
    ratio = value / reference
    if ratio >= 2:
        return f"{number(ratio, 2)} times as high"
    if ratio > 1:
        return f"{100 * (ratio - 1):.0f}% higher"
    if ratio <= 0.01:
        return f"{number(1 / ratio, 2)} times lower"
    return f"{100 * (1 - ratio):.0f}% lower"


def day(value: float) -> str:
    """Write a day since symptom onset: "day 3", "day -1.5"."""
    return f"day {number(round(value, 1) + 0.0)}"


def sentence(readout: str, curves: Mapping[str, np.ndarray], days: np.ndarray) -> str:
    """Describe one panel: each named curve's extreme, and how it differs from the first.

    Parameters
    ----------
    readout : str
        Symbol of an observable.
    curves : mapping of str to array, shape (days,)
        The curves by label; the first is what the others are compared with.
    days : array, shape (days,)
        Days since symptom onset.
    """
    row = physiology.readouts()[readout]
    unit, kind = row["unit"], row["extreme"]
    parts, reference = [], None
    for label, values in curves.items():
        point = extreme(days, values, kind)
        if point.flat:
            text = f"stays near {number(point.value)}"
        else:
            verb = "falls to" if kind == "min" else "peaks at"
            text = f"{verb} {number(point.value)} on {day(point.day)}"
        if reference is None:
            reference = point
        else:
            text += f" ({difference(point.value, reference.value, unit)})"
        parts.append(f"{label} {text}" if label else text)
    return f"{row['name']} ({unit}): {'; '.join(parts)}."


def describe(
    curves: Mapping[str, Mapping[str, np.ndarray]], days: np.ndarray, readouts: Sequence[str]
) -> str:
    """Describe a whole picture, one line a panel.

    Parameters
    ----------
    curves : mapping of label to mapping of readout to array, shape (days,)
    days : array, shape (days,)
    readouts : sequence of str
    """
    return "\n".join(
        sentence(name, {label: run[name] for label, run in curves.items()}, days)
        for name in readouts
    )
