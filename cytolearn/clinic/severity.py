"""Respiratory support, severity class and the WHO scale, from the course of the lung.

A stated map outside the equations: every number is a row of support.csv or who.csv. Where a
patient lies, and when support is taken away, are our rules (badge D). Not for clinical use.
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
PNEUMONIA = 5.0  # % of lung: pneumonia
# Rules of who.csv, levels 0 to 2, that are no P/F ratio.
_DETECTED, _SYMPTOMATIC = 2.0, 6.0  # log10 copies/mL in the nose
IN_HOSPITAL, HELPED, VENTILATED, DEAD = 4, 6, 7, 10  # levels of the WHO scale


@lru_cache(maxsize=1)
def support_levels() -> tuple[dict[str, str], ...]:
    """Return the rows of support.csv: level, name, P/F limit (mmHg), meaning, source, badge."""
    return read_table(__package__, "support.csv")


@lru_cache(maxsize=1)
def _limits() -> np.ndarray:
    return np.array([float(row["pf_below"]) for row in support_levels()[1:]])


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
    pneumonia = np.max(lesion, axis=-1) >= PNEUMONIA
    return np.where(worst == 3, 3, np.where(worst >= 1, 2, np.where(pneumonia, 1, 0)))


@lru_cache(maxsize=1)
def who_levels() -> tuple[dict[str, str], ...]:
    """Return the rows of who.csv: level, name, limits (P/F ratio, mmHg), rule, source, badge."""
    return read_table(__package__, "who.csv")


@lru_cache(maxsize=1)
def _rungs() -> tuple[tuple[int, float, float, float], ...]:
    """Return level, P/F limit to enter, P/F limit to leave and days to wait of levels 3 to 7."""
    limits = dict(enumerate(_limits(), start=1))
    return tuple(
        (
            int(row["level"]),
            limits[int(row["support"])] if row["support"] else float(row["pf_below"]),
            float(row["leave_at"]),
            float(row["hold_days"]),
        )
        for row in who_levels()
        if row["leave_at"]
    )


def who_scale(
    days: ArrayLike,
    pf_ratio: ArrayLike,
    lesion: ArrayLike,
    viral_load: ArrayLike | None = None,
    *,
    death_day: ArrayLike | None = None,
) -> np.ndarray:
    """Return the WHO clinical progression scale (0 to 10) of every day.

    Support starts on the day the P/F ratio asks for it and is taken away only after the ratio
    has stayed above a higher limit for some days (who.csv): it does not flicker.

    Parameters
    ----------
    days : array_like, shape (d,)
        Days since symptom onset, rising.
    pf_ratio, lesion : array_like, shape (patients, d)
        P/F ratio (mmHg) and lesion (% of lung).
    viral_load : array_like, shape (patients, d), optional
        Viral load in the nose, log10 copies/mL. Without it nobody scores 0, as nobody knows
        whether the virus has gone, and symptoms are read from the lung alone.
    death_day : array_like, shape (patients,), optional
        Days since symptom onset; NaN for those who live. From then on the scale is 10.

    Returns
    -------
    ndarray of int, shape (patients, d)

    Raises
    ------
    ValueError
        If a P/F ratio is missing (NaN).

    References
    ----------
    WHO Working Group (Marshall et al.) 2020, Lancet Infectious Diseases 20:e192. The 8-point
    scale of the WHO R&D Blueprint is its older and coarser form.
    """
    days, ratio = np.asarray(days, float), np.asarray(pf_ratio, float)
    if np.isnan(ratio).any():
        raise ValueError("A P/F ratio is missing (NaN), so no support can be named.")
    symptoms = np.asarray(lesion, float) >= PNEUMONIA
    if viral_load is None:
        detected = np.ones(ratio.shape, bool)
    else:
        load = np.asarray(viral_load, float)
        detected, symptoms = load >= _DETECTED, symptoms | (load >= _SYMPTOMATIC)
    scale = np.where(symptoms & (days >= 0), 2, detected.astype(int))
    for level, enter, leave, hold in _rungs():
        scale[_stays(days, ratio, enter, leave, hold)] = level
    for row in who_levels()[VENTILATED + 1 : DEAD]:
        scale[(scale >= VENTILATED) & (ratio < float(row["pf_below"]))] = int(row["level"])
    if death_day is not None:
        scale[days >= np.asarray(death_day, float)[:, None]] = DEAD
    return scale


def _stays(days, ratio, enter: float, leave: float, hold: float) -> np.ndarray:
    """Return on which days a patient is on one rung of support, shape (patients, days)."""
    on = np.zeros(ratio.shape, bool)
    inside = np.zeros(len(ratio), bool)
    better_since = np.full(len(ratio), np.inf)
    for j, day in enumerate(days):
        better = ratio[:, j] >= leave
        better_since = np.where(better, np.minimum(better_since, day), np.inf)
        inside = (ratio[:, j] < enter) | (inside & ~(better & (day - better_since >= hold)))
        on[:, j] = inside
    return on
