"""Reading a curve off, as the checks of several lessons do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def peak(series: pd.Series) -> float:
    """Return the highest value of a curve."""
    return float(series.max())


def at(series: pd.Series, day: float) -> float:
    """Return a curve's value on the day that lies nearest.

    Parameters
    ----------
    series : pandas.Series
        Index: days since symptom onset.
    day : float
    """
    return float(series.iloc[abs(series.index.to_numpy() - day).argmin()])
