"""Who dies, who is ventilated, who goes home: risks of a stated map, and outcomes drawn from it.

Every number is a row of risk.csv (badge D, our assumption) or who.csv. This is no prognosis: it
turns the course of a virtual lung into the outcomes that trials count. Not for clinical use.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cytolearn.clinic.severity import DEAD, IN_HOSPITAL, VENTILATED, who_scale
from cytolearn.physiology.tables import read_table
from cytolearn.wording import number

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from cytolearn.patients import Cohort
    from cytolearn.simulation.course import Course

_MONTH = 28.0  # days since symptom onset over which risk.csv reads the lesion
_CHANCES = 3  # random numbers of one patient: death, infection, fatal infection
_LARGEST = 1_000_000  # as many patients as a population can have
_NEEDED = ("pf_ratio", "lesion", "infection_hazard", "viral_load")


@lru_cache(maxsize=1)
def _risk() -> dict[str, float]:
    return {row["symbol"]: float(row["value"]) for row in read_table(__package__, "risk.csv")}


class _Hazards(NamedTuple):
    """Cumulative hazards since symptom onset, from day 0 on; shapes (d,) and (patients, d)."""

    days: np.ndarray
    lung: np.ndarray  # of death from the lung
    infection: np.ndarray  # of secondary infection

    def at(self, which: str, day: np.ndarray) -> np.ndarray:
        """Return one hazard at one day a patient, shape (patients,); 0 before symptoms."""
        return _read(self.days, getattr(self, which), day)


def _hazards(days, lesion, infection_hazard, age) -> _Hazards:
    days = np.asarray(days, float)
    if days[-1] < _MONTH:
        raise ValueError(
            f"28-day death needs a course that reaches day 28; this one ends on day {days[-1]:g}."
        )
    risk, since = _risk(), days >= 0
    from scipy.integrate import cumulative_trapezoid  # heavy to load, and needed here only

    days = days[since]
    burden, infection = (
        cumulative_trapezoid(np.asarray(curve, float)[..., since], days, axis=-1, initial=0)
        for curve in (lesion, infection_hazard)
    )
    month = _read(days, burden, np.full(len(burden), _MONTH))
    logit = (
        risk["intercept"]
        + risk["lesion"] * month / _MONTH / 100
        + risk["age"] * (np.asarray(age, float) - 65)
    )
    # Lung: the risk of the month, -ln(1 - risk) as a hazard, comes as fast as the lesion adds up.
    total = np.logaddexp(0, logit)
    share = (burden + risk["background"] * days) / (month + risk["background"] * _MONTH)[:, None]
    return _Hazards(days, total[:, None] * share, infection)


def _read(days: np.ndarray, curves: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Interpolate every curve at a day of its own."""
    day = np.clip(day, days[0], days[-1])
    right = np.clip(np.searchsorted(days, day), 1, len(days) - 1)
    row = np.arange(len(curves))
    part = (day - days[right - 1]) / (days[right] - days[right - 1])
    return curves[row, right - 1] * (1 - part) + curves[row, right] * part


def _reached(days: np.ndarray, curves: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Return the day on which every rising curve reaches a height of its own; inf if never."""
    right = (curves < height[:, None]).sum(axis=1)
    inside = np.clip(right, 1, len(days) - 1)
    row = np.arange(len(curves))
    low, high = curves[row, inside - 1], curves[row, inside]
    part = (height - low) / np.where(high > low, high - low, 1)
    day = days[inside - 1] + np.clip(part, 0, 1) * (days[inside] - days[inside - 1])
    return np.where(right < len(days), day, np.inf)


def death_risk(
    days: ArrayLike,
    lesion: ArrayLike,
    infection_hazard: ArrayLike,
    age: ArrayLike,
    *,
    entry: ArrayLike = 0.0,
    follow_up: float = 28.0,
) -> np.ndarray:
    """Return the risk of death, by default within 28 days of symptom onset.

    The lung's risk over days 0 to 28 follows from the mean lesion and age (risk.csv). Over the
    month, and beyond, its hazard is shared out as the lesion adds up. A share of secondary
    infections kills, on the day they begin.

    Parameters
    ----------
    days : array_like, shape (d,)
        Days since symptom onset; must reach day 28 and the end of follow-up.
    lesion : array_like, shape (patients, d)
        Lesion, % of lung.
    infection_hazard : array_like, shape (patients, d)
        Hazard of secondary infection, 1/d.
    age : array_like, shape (patients,)
        Years.
    entry : float or array_like, shape (patients,)
        Days since symptom onset. Everybody is alive, and without secondary infection, then.
    follow_up : float
        Days from entry on.

    Returns
    -------
    ndarray, shape (patients,)
        Probability, 0 to 1. Assumption (badge D): see risk.csv.

    Raises
    ------
    ValueError
        If the course ends before day 28 or before the end of follow-up.

    Notes
    -----
    The map knows the lesion of the whole month, so a treatment that spares the lung later also
    lowers the hazard of the days before it a little.
    """
    hazards = _hazards(days, lesion, infection_hazard, age)
    entry = _entries(entry, len(hazards.lung))
    _window(days, entry, follow_up)
    return _risk_between(hazards, entry, entry + follow_up)


def _risk_between(hazards: _Hazards, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    lung, infection = (
        hazards.at(which, end) - hazards.at(which, start) for which in ("lung", "infection")
    )
    fatal = _risk()["infection_fatality"] * -np.expm1(-infection)
    return 1 - np.exp(-lung) * (1 - fatal)


def death_hazard(
    days: ArrayLike,
    lesion: ArrayLike,
    infection_hazard: ArrayLike,
    age: ArrayLike,
    *,
    entry: ArrayLike = 0.0,
) -> np.ndarray:
    """Return the cumulative hazard of death since entry, on every day; 0 before.

    Parameters as for `death_risk`. The probability to have died is ``1 - exp(-hazard)``: with
    entry 0 it is, on day 28, exactly ``death_risk(...)``.

    Returns
    -------
    ndarray, shape (patients, d)
    """
    hazards = _hazards(days, lesion, infection_hazard, age)
    entry = _entries(entry, len(hazards.lung))
    columns = [
        -np.log1p(-_risk_between(hazards, entry, np.maximum(entry, day)))
        for day in np.asarray(days, float)
    ]
    return np.stack(columns, axis=-1)


def _entries(entry: ArrayLike, n: int) -> np.ndarray:
    entry = np.asarray(entry, float)
    if entry.ndim > 1 or (entry.ndim == 1 and len(entry) != n) or not np.isfinite(entry).all():
        raise ValueError(
            f"entry is one day since symptom onset, or one for each of the {n} patients, "
            "without gaps."
        )
    return np.broadcast_to(entry, (n,))


def _window(days: ArrayLike, entry: np.ndarray, follow_up: float) -> None:
    """Refuse a follow-up that the courses do not cover."""
    first, last = float(np.min(days)), float(np.max(days))
    if not np.isfinite(follow_up) or follow_up <= 0:
        raise ValueError(f"follow_up is a number of days above 0; you gave {follow_up}.")
    if not len(entry):
        return
    if entry.min() < first:
        raise ValueError(
            f"Somebody enters on day {number(entry.min())} since symptom onset, but the courses "
            f"begin on day {number(first)}."
        )
    end = float(entry.max()) + follow_up
    if end > last + 1e-9:
        raise ValueError(
            f"Follow-up of {number(follow_up)} days from entry on day {number(entry.max())} ends "
            f"on day {number(end)}, but the courses end on day {number(last)}. Run them longer: "
            f"run(days={int(np.ceil(end))})."
        )


def _chances(seed: int, patient: np.ndarray) -> np.ndarray:
    """Return the random numbers of each patient, shape (patients, chances), in (0, 1).

    They hang on seed and patient number alone: the same patient meets the same luck under every
    treatment, in every chunk, in any order.
    """
    first, last = int(patient.min()), int(patient.max())
    stream = np.random.PCG64([seed, 0x0C11_41C5])
    stream.advance(first * _CHANCES)
    return 1 - np.random.Generator(stream).random((last - first + 1, _CHANCES))[patient - first]


def outcomes(
    days: ArrayLike,
    pf_ratio: ArrayLike,
    lesion: ArrayLike,
    infection_hazard: ArrayLike,
    age: ArrayLike,
    *,
    viral_load: ArrayLike | None = None,
    entry: ArrayLike = 0.0,
    follow_up: float = 28.0,
    seed: int = 0,
    patient: ArrayLike | None = None,
) -> pd.DataFrame:
    """Draw what happens to every patient between entry and the end of follow-up.

    Everybody is alive and without secondary infection at entry, as in a trial. Deaths and
    infections are drawn; support, ventilation and discharge follow from the lung (who.csv).
    The random numbers depend on `seed` and the patient's number alone, so the same patient
    under two treatments differs by the treatment and not by luck.

    Parameters
    ----------
    days : array_like, shape (d,)
        Days since symptom onset, rising; must reach day 28 and the end of follow-up.
    pf_ratio, lesion, infection_hazard : array_like, shape (patients, d)
        P/F ratio (mmHg), lesion (% of lung), hazard of secondary infection (1/d).
    age : array_like, shape (patients,)
        Years.
    viral_load : array_like, shape (patients, d), optional
        Viral load in the nose, log10 copies/mL; see `who_scale`.
    entry : float or array_like, shape (patients,)
        Day of entry (randomisation), days since symptom onset.
    follow_up : float
        Days from entry on.
    seed : int
        Seed, 0 or more.
    patient : array_like of int, shape (patients,), optional
        Numbers of the patients (the index of a cohort's traits); 0, 1, 2 ... by default.

    Returns
    -------
    pandas.DataFrame, one row a patient, index = number of the patient
        All days are since symptom onset; what did not happen has day NaN. ``entry``;
        ``death_risk``, the expected value of ``died`` (free of chance); ``died``,
        ``death_day``; ``secondary_infection``, ``secondary_infection_day`` (the first one, in
        life); ``ventilated`` (on any day from entry on) and ``ventilation_day`` (the first
        such day); ``discharge_day`` (from then on alive and out of hospital to the end; NaN
        for those never in hospital); ``symptom_free_day`` (from then on WHO scale 0 or 1);
        ``who_entry``, ``worst_who`` and ``who_end`` (WHO scale at entry, at the worst, at the
        end).

    Raises
    ------
    ValueError
        Arrays that do not fit each other; a follow-up beyond the end of the courses; a seed or
        a patient's number that is no whole number from 0.
    """
    import pandas as pd

    days = np.asarray(days, float)
    curves = [np.asarray(curve, float) for curve in (pf_ratio, lesion, infection_hazard)]
    n = len(curves[0])
    if viral_load is not None:
        curves.append(np.asarray(viral_load, float))
    if any(curve.shape != (n, len(days)) for curve in curves) or np.any(np.diff(days) <= 0):
        raise ValueError(
            f"Outcomes need {len(days)} rising days and curves of the shape "
            f"(patients, {len(days)}); you gave {', '.join(str(c.shape) for c in curves)}."
        )
    age = np.broadcast_to(np.asarray(age, float), (n,))
    if any(np.isnan(curve).any() for curve in (*curves, age)):
        raise ValueError("A value is missing (NaN) in the curves or ages: no outcome can be drawn.")
    numbers = _numbers(patient, n)
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed must be a whole number from 0; you gave {seed!r}.")
    entry = _entries(entry, n)
    _window(days, entry, follow_up)
    end = entry + follow_up
    hazards = _hazards(days, curves[1], curves[2], age)
    chance = _chances(int(seed), numbers) if n else np.empty((0, _CHANCES))
    luck = -np.log(chance[:, :2])  # hazard that the patient lives through
    from_lung = _reached(hazards.days, hazards.lung, hazards.at("lung", entry) + luck[:, 0])
    infected = _reached(
        hazards.days, hazards.infection, hazards.at("infection", entry) + luck[:, 1]
    )
    fatal = chance[:, 2] <= _risk()["infection_fatality"]
    death = np.minimum(from_lung, np.where(fatal, infected, np.inf))
    death = np.where(death <= end, death, np.nan)
    died = ~np.isnan(death)
    # before or on the day of death, which a fatal infection is
    infected = np.where((infected <= end) & ~(infected > death), infected, np.nan)

    scale = who_scale(days, curves[0], curves[1], *curves[3:], death_day=death)
    at_entry = np.searchsorted(days, entry, side="right") - 1
    column = np.arange(len(days))
    window = (column >= at_entry[:, None]) & (days <= end[:, None] + 1e-9)
    seen = np.where(window, scale, -1)
    tube = (seen >= VENTILATED) & (seen < DEAD)
    row = np.arange(n)
    last = np.searchsorted(days, end + 1e-9, side="right") - 1
    who_end = np.where(died, DEAD, scale[row, last])
    in_hospital = ((seen >= IN_HOSPITAL) & (seen < DEAD)).any(axis=1)
    discharge = np.where(in_hospital, _from_then_on(days, window, seen < IN_HOSPITAL, died), np.nan)
    return pd.DataFrame(
        {
            "entry": entry,
            "death_risk": _risk_between(hazards, entry, end),
            "died": died,
            "death_day": death,
            "secondary_infection": ~np.isnan(infected),
            "secondary_infection_day": infected,
            "ventilated": tube.any(axis=1),
            "ventilation_day": np.where(
                tube.any(axis=1), np.maximum(days[tube.argmax(axis=1)], entry), np.nan
            ),
            "discharge_day": np.maximum(discharge, entry),
            "symptom_free_day": np.maximum(_from_then_on(days, window, seen < 2, died), entry),
            "who_entry": scale[row, at_entry],
            "worst_who": np.where(died, DEAD, seen.max(axis=1)),
            "who_end": who_end,
        },
        index=pd.Index(numbers, name="patient"),
    )


def _from_then_on(days, window, good, died) -> np.ndarray:
    """Return the first day of the window from which it stays good to the end; NaN if none."""
    bad = window & ~good
    first = np.where(
        bad.any(axis=1), len(days) - bad[:, ::-1].argmax(axis=1), window.argmax(axis=1)
    )
    row, inside = np.arange(len(bad)), np.minimum(first, len(days) - 1)
    held = (first < len(days)) & window[row, inside] & ~died
    return np.where(held, days[inside], np.nan)


def _numbers(patient: ArrayLike | None, n: int) -> np.ndarray:
    if patient is None:
        return np.arange(n)
    numbers = np.asarray(patient)
    whole = n == 0 or np.issubdtype(numbers.dtype, np.integer)
    if numbers.shape != (n,) or not whole or (n and numbers.min() < 0):
        raise ValueError(f"patient needs one whole number from 0 for each of the {n} patients.")
    if n and numbers.max() >= _LARGEST:
        raise ValueError(f"Patients are numbered below {_LARGEST:,}; you gave {numbers.max():,}.")
    return numbers.astype(int)


def outcomes_of(
    result: Cohort | Course,
    *,
    age: float | None = None,
    entry: ArrayLike = 0.0,
    follow_up: float = 28.0,
    seed: int = 0,
    patient: ArrayLike | None = None,
) -> pd.DataFrame:
    """Draw the outcomes of a cohort, or of one course; see `outcomes`.

    Parameters
    ----------
    result : Cohort or Course
        A course is read once a day, as a cohort is, so both give the same outcomes.
    age : float, optional
        Years; needed for a course, which does not know it (``patient.traits["age"]``).
    entry, follow_up, seed
        As for `outcomes`.
    patient : array_like of int, optional
        Numbers of the patients; by default those of the cohort, and 0 for a course.

    Raises
    ------
    ValueError
        As `outcomes`, and if the cohort did not keep the curves that are needed or a course
        comes without age.

    Examples
    --------
    >>> import cytolearn as cl
    >>> cohort = cl.population(3, seed=1).run(days=40)
    >>> outcomes_of(cohort, entry=5, seed=1)["died"].tolist()
    [False, False, False]
    """
    days, curves, numbers = _daily(result)
    if hasattr(result, "traits"):
        age = result.traits["age"].to_numpy()
    elif age is None:
        raise ValueError(
            "The risk of death depends on age, which a course does not know: give it, as in "
            "outcomes_of(course, age=58)."
        )
    return outcomes(
        days,
        curves["pf_ratio"],
        curves["lesion"],
        curves["infection_hazard"],
        age,
        viral_load=curves["viral_load"],
        entry=entry,
        follow_up=follow_up,
        seed=seed,
        patient=numbers if patient is None else patient,
    )


def who_scale_of(result: Cohort | Course, drawn: pd.DataFrame | None = None) -> np.ndarray:
    """Return the WHO scale of a cohort or course, once a day, shape (patients, days).

    Parameters
    ----------
    result : Cohort or Course
    drawn : pandas.DataFrame, optional
        What `outcomes_of` returned: the dead score 10 from their day of death on.
    """
    days, curves, _ = _daily(result)
    return who_scale(
        days,
        curves["pf_ratio"],
        curves["lesion"],
        curves["viral_load"],
        death_day=None if drawn is None else drawn["death_day"],
    )


def _daily(result: Cohort | Course) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Return whole days, the curves that outcomes need, and the numbers of the patients."""
    if hasattr(result, "traits"):
        missing = [name for name in _NEEDED if name not in result.readouts]
        if missing:
            raise ValueError(
                f"Outcomes need {', '.join(_NEEDED)}; this cohort did not keep "
                f"{', '.join(missing)}. Run it with more readouts, or with all (the default)."
            )
        curves = {name: result[name] for name in _NEEDED}
        return result.days, curves, result.traits.index.to_numpy()
    days = np.arange(np.ceil(result.time[0]), np.floor(result.time[-1]) + 1)
    curves = {name: np.interp(days, result.time, result.values(name))[None] for name in _NEEDED}
    return days, curves, np.array([0])
