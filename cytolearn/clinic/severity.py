"""Respiratory support and risk of death, from the course of the lung.

A stated map outside the equations: every number is a row of support.csv or risk.csv, and the
risk of death is an assumption (badge D), not a prognosis. Not for clinical use.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from cytolearn.physiology.tables import read_table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# Classes of the cohorts that published laboratory values by severity.
SEVERITY_CLASSES = ("outpatient", "moderate", "severe", "critical")
_MODERATE_LESION = 5.0  # % of lung: a pneumonia that brings a patient to hospital


@lru_cache(maxsize=1)
def support_levels() -> tuple[dict[str, str], ...]:
    """Return the rows of support.csv: level, name, P/F limit (mmHg), meaning, source, badge."""
    return read_table(__package__, "support.csv")


@lru_cache(maxsize=1)
def _limits() -> np.ndarray:
    return np.array([float(row["pf_below"]) for row in support_levels()[1:]])


@lru_cache(maxsize=1)
def _risk() -> dict[str, float]:
    return {row["symbol"]: float(row["value"]) for row in read_table(__package__, "risk.csv")}


def support_level(pf_ratio: ArrayLike) -> np.ndarray:
    """Return the respiratory support that a P/F ratio asks for.

    Parameters
    ----------
    pf_ratio : array_like
        P/F ratio, mmHg.

    Returns
    -------
    ndarray of int, same shape
        0 no oxygen, 1 oxygen, 2 non-invasive ventilation, 3 mechanical ventilation.

    Raises
    ------
    ValueError
        If a P/F ratio is missing (NaN): nobody knows what that patient needs.
    """
    ratio = np.asarray(pf_ratio, float)
    if np.isnan(ratio).any():
        raise ValueError("A P/F ratio is missing (NaN), so no support can be named.")
    return (ratio[..., None] < _limits()).sum(axis=-1)


def severity_class(pf_ratio: ArrayLike, lesion: ArrayLike) -> np.ndarray:
    """Return the severity class of courses, as the published cohorts use it.

    Parameters
    ----------
    pf_ratio, lesion : array_like, shape (patients, days)
        P/F ratio (mmHg) and lesion (% of lung).

    Returns
    -------
    ndarray of int, shape (patients,)
        Index into `SEVERITY_CLASSES`: critical needs mechanical ventilation at the worst, severe
        needs oxygen, moderate has pneumonia without oxygen, the rest are outpatients.
    """
    worst = support_level(np.min(pf_ratio, axis=-1))
    pneumonia = np.max(lesion, axis=-1) >= _MODERATE_LESION
    return np.where(worst == 3, 3, np.where(worst >= 1, 2, np.where(pneumonia, 1, 0)))


def death_risk(
    days: ArrayLike, lesion: ArrayLike, infection_hazard: ArrayLike, age: ArrayLike
) -> np.ndarray:
    """Return the risk of death within 28 days of symptom onset.

    Parameters
    ----------
    days : array_like, shape (d,)
        Days since symptom onset; must reach day 28.
    lesion : array_like, shape (patients, d)
        Lesion, % of lung.
    infection_hazard : array_like, shape (patients, d)
        Hazard of secondary infection, 1/d.
    age : array_like, shape (patients,)
        Years.

    Returns
    -------
    ndarray, shape (patients,)
        Probability, 0 to 1. Assumption (badge D): see risk.csv.

    Raises
    ------
    ValueError
        If the course ends before day 28.
    """
    days = np.asarray(days, float)
    if days[-1] < 28:
        raise ValueError(
            f"28-day death needs a course that reaches day 28; this one ends on day {days[-1]:g}."
        )
    month = (days >= 0) & (days <= 28)
    risk = _risk()
    burden = np.trapezoid(np.asarray(lesion)[..., month], days[month], axis=-1) / 28 / 100
    logit = (
        risk["intercept"] + risk["lesion"] * burden + risk["age"] * (np.asarray(age, float) - 65)
    )
    from_lung = 1 / (1 + np.exp(-logit))
    infected = 1 - np.exp(
        -np.trapezoid(np.asarray(infection_hazard)[..., month], days[month], axis=-1)
    )
    return 1 - (1 - from_lung) * (1 - risk["infection_fatality"] * infected)
