"""What a trial counts: outcomes of every randomised patient, from the courses and from chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cytolearn import clinic
from cytolearn.clinic.severity import DEAD, HELPED, IN_HOSPITAL, VENTILATED
from cytolearn.wording import unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_DETECTED = 2.0  # log10 copies/mL: the limit of who.csv, level 0

#: Measures of each kind of outcome; the first is shown in tables.
MEASURES = {
    "event": ("risk_ratio", "odds_ratio", "risk_difference", "nnt"),
    "death": ("risk_ratio", "odds_ratio", "risk_difference", "nnt", "hazard_ratio"),
    "time": ("hazard_ratio", "risk_ratio", "risk_difference"),
    "scale": ("common_odds_ratio",),
    "amount": ("mean_difference",),
}


class Outcome(NamedTuple):
    """One outcome of a trial."""

    name: str
    words: str
    kind: str  # a key of MEASURES
    good: bool = False  # whether more of it is better
    among: str = ""  # column of those whom it is asked of; everybody by default
    among_words: str = ""
    days: str = ""  # column of the days from entry to the event

    @property
    def measures(self) -> tuple[str, ...]:
        """Measures that compare two arms on this outcome."""
        return MEASURES[self.kind]


def outcomes_of_a_trial(follow_up: int) -> dict[str, Outcome]:
    """Return the outcomes, by name, in the order of tables; the first is the main one."""
    scales = [day for day in (14, 28) if day < follow_up] + [follow_up]
    within = f"within {follow_up} days"
    listed = [
        Outcome(f"death_{follow_up}", f"death {within}", "death", days="days_to_death"),
        Outcome(
            "ventilation_or_death",
            f"ventilation or death {within}",
            "event",
            among="unventilated_at_entry",
            among_words="not ventilated at entry",
        ),
        Outcome(
            "breathing_help_or_death",
            f"high flow, non-invasive or mechanical ventilation, or death {within}",
            "event",
            among="without_breathing_help_at_entry",
            among_words="without breathing help at entry",
        ),
        *(
            Outcome(f"who_{day}", f"WHO scale {day} days after entry", "scale")
            for day in dict.fromkeys(scales)
        ),
        Outcome(
            "recovery",
            f"leaving hospital alive {within}",
            "time",
            True,
            "in_hospital_at_entry",
            "in hospital at entry",
            "days_to_recovery",
        ),
        Outcome(
            "symptom_free",
            f"freedom from symptoms {within}",
            "time",
            True,
            days="days_to_symptom_free",
        ),
        Outcome(
            "viral_clearance",
            f"a nose free of virus {within}",
            "time",
            True,
            "virus_at_entry",
            "with virus in the nose at entry",
            "days_to_viral_clearance",
        ),
        Outcome("secondary_infection", f"secondary infection {within}", "event"),
        Outcome("lesion_auc", "lesion of the lung, area under the curve (% x days)", "amount"),
    ]
    return {outcome.name: outcome for outcome in listed}


def outcome_named(name: str | None, follow_up: int) -> Outcome:
    """Return an outcome; the main one by default.

    Raises
    ------
    ValueError
        Unknown; the nearest name is shown.
    """
    known = outcomes_of_a_trial(follow_up)
    if name is None:
        return next(iter(known.values()))
    if name not in known:
        raise ValueError(unknown("outcome", name, known))
    return known[name]


def observed(
    days: np.ndarray,
    curves: Mapping[str, np.ndarray],
    age: np.ndarray,
    entry: np.ndarray,
    follow_up: int,
    seed: int,
    patient: np.ndarray,
) -> pd.DataFrame:
    """Return the outcomes of patients, each followed from entry for `follow_up` days.

    Parameters
    ----------
    days : ndarray, shape (d,)
        Days since symptom onset.
    curves : mapping of str to ndarray, shape (patients, d)
        P/F ratio, lesion, hazard of infection and viral load.
    age, entry : ndarray, shape (patients,)
        Years; day of entry since symptom onset.
    follow_up : int
        Days.
    seed : int
        Chance of the patients; the same patient meets the same luck under every treatment.
    patient : ndarray of int, shape (patients,)
        Numbers of the patients.

    Returns
    -------
    pandas.DataFrame
        One row a patient; days are counted from entry, NaN for what did not happen.
    """
    import pandas as pd

    drawn = clinic.outcomes(
        days,
        curves["pf_ratio"],
        curves["lesion"],
        curves["infection_hazard"],
        age,
        viral_load=curves["viral_load"],
        entry=entry,
        follow_up=follow_up,
        seed=seed,
        patient=patient,
    )
    death = drawn["death_day"].to_numpy()
    scale = clinic.who_scale(
        days, curves["pf_ratio"], curves["lesion"], curves["viral_load"], death_day=death
    )
    row, start = np.arange(len(entry)), (entry - days[0]).astype(int)
    column = np.arange(len(days))
    window = (column >= start[:, None]) & (column <= start[:, None] + follow_up)
    at_entry = drawn["who_entry"].to_numpy()
    loads = curves["viral_load"]
    cleared = _clear_from(window, loads < _DETECTED, start, follow_up)
    # Virus that goes after death is nobody's recovery.
    cleared = np.where(
        start + cleared + days[0] > np.nan_to_num(death, nan=np.inf), np.nan, cleared
    )
    lesion = np.where(window, curves["lesion"], 0)
    edges = (curves["lesion"][row, start] + curves["lesion"][row, start + follow_up]) / 2
    died, ventilated = drawn["died"].to_numpy(), drawn["ventilated"].to_numpy()
    recovered = np.where(at_entry >= IN_HOSPITAL, drawn["discharge_day"] - entry, np.nan)
    free = drawn["symptom_free_day"].to_numpy() - entry
    columns = {
        f"death_{follow_up}": died,
        "days_to_death": death - entry,
        "ventilated": ventilated,
        "ventilation_or_death": died | ventilated,
        "unventilated_at_entry": at_entry < VENTILATED,
        "breathing_help_or_death": drawn["worst_who"].to_numpy() >= HELPED,
        "without_breathing_help_at_entry": at_entry < HELPED,
    }
    for name in outcomes_of_a_trial(follow_up):
        if name.startswith("who_"):
            columns[name] = scale[row, start + int(name.removeprefix("who_"))]
    columns |= {
        "in_hospital_at_entry": (at_entry >= IN_HOSPITAL) & (at_entry < DEAD),
        "recovery": ~np.isnan(recovered),
        "days_to_recovery": recovered,
        "symptom_free": ~np.isnan(free),
        "days_to_symptom_free": free,
        "virus_at_entry": loads[row, start] >= _DETECTED,
        "viral_clearance": ~np.isnan(cleared),
        "days_to_viral_clearance": cleared,
        "secondary_infection": drawn["secondary_infection"].to_numpy(),
        # the trapezoid rule in steps of a day
        "lesion_auc": (lesion.sum(axis=1) - edges).astype(float),
        "death_risk": drawn["death_risk"].to_numpy(),
    }
    return pd.DataFrame(columns, index=pd.Index(patient, name="patient"))


def _clear_from(window, clear, start, follow_up: int) -> np.ndarray:
    """Return days from entry from which on `clear` holds to the end; NaN if it does not."""
    dirty = window & ~clear
    last = np.where(
        dirty.any(axis=1), dirty.shape[1] - 1 - dirty[:, ::-1].argmax(axis=1), start - 1
    )
    day = (last + 1 - start).astype(float)
    return np.where(day > follow_up, np.nan, day)
