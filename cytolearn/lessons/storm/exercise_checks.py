"""What the model says about the assignment of lesson 3, for one student's patient."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd

import cytolearn as cl
from cytolearn.clinic import criteria, death_risk
from cytolearn.lessons.answers import Expected
from cytolearn.lessons.exercises import Case, course_of, peak
from cytolearn.simulation import simulate
from cytolearn.wording import number

GAINS = (1, 1.5, 2, 3, 4, 5)  # question 2
BLOCKER = "anakinra"
START_DAYS = range(15)  # question 3
#: No share of the lesion may lie nearer to a student's limit (solver: 2e-5), so that no rounding decides.
CLEAR = 0.002
FLAT = 5e-4  # nor may two peaks be so near to each other in height
MARGIN = 0.01  # nor may ferritin or HLA-DR lie nearer to a limit of the rules, as a share of it
DRUGS = ("tocilizumab", "anakinra", "baricitinib")  # of Patient Y
DRUG_DAY, READ_DAY = 7, 10
PEOPLE, OF_THEM = 600, "viral_antagonism > 0.85 and sensing_delay > 2.5"
WARD_DAY = 8


def left(case: Case, day: int, drug: str = BLOCKER) -> float:
    """Return the treated peak lesion as a share of the untreated one."""
    return peak(course_of(case, drug, day), "lesion") / peak(course_of(case), "lesion")


# ---------------------------------------------------------------- question 1
def days_behind_virus(case: Case) -> Expected:
    me = course_of(case)
    day = {
        name: float(me[name].idxmax())
        for name in ("viral_load_lung", "viral_load", "il6", "ferritin", "lesion")
    }
    virus, ferritin = day["viral_load_lung"], day["ferritin"]
    return Expected(
        ferritin - virus,
        mistakes={
            "sign": virus - ferritin,
            "ferritin_day": ferritin,
            "nose": ferritin - day["viral_load"],
            "lesion": day["lesion"] - virus,
            "il6": day["il6"] - virus,
            "rows": float(me["ferritin"].argmax() - me["viral_load_lung"].argmax()),
        },
        facts={
            "behind": number(ferritin - virus),
            "virus": number(virus),
            "ferritin": number(ferritin),
            "lesion": number(day["lesion"]),
        },
    )


def width_of_peak(curve: pd.Series) -> float:
    """Return over how many days a curve stays so near to its peak that the solver may decide."""
    near = curve.index[curve >= (1 - FLAT) * curve.max()]
    return float(near[-1] - near[0])


# ---------------------------------------------------------------- question 2
@lru_cache(maxsize=64)
def peaks_by_gain(patient: cl.Patient, engine: str | None) -> dict[str, np.ndarray]:
    """Return the peaks of tissue and blood IL-1 beta and of ferritin for each gain."""
    runs = [patient.but(mas_gain=float(gain)).run(engine=engine) for gain in GAINS]
    names = ("il1b_tissue", "il1b", "ferritin")
    return {name: np.array([peak(r, name) for r in runs]) for name in names}


def slope(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.polyfit(x, y, 1)[0])


def exponent_of_loop(case: Case) -> Expected:
    peaks, gains = peaks_by_gain(case.patient, case.engine), np.array(GAINS, float)
    x, y = np.log(gains), np.log(peaks["il1b_tissue"])
    answer = slope(x, y)
    blood = slope(x, np.log(peaks["il1b"]))
    return Expected(
        answer,
        mistakes={
            "linear": slope(gains, peaks["il1b_tissue"]),
            "semilog": slope(gains, y),
            "log_gain_only": slope(x, peaks["il1b_tissue"]),
            "inverse": slope(y, x),
            "blood": blood,
            "ferritin": slope(x, np.log(peaks["ferritin"])),
            "doubled": 2**answer,
            "intercept": float(np.polyfit(x, y, 1)[1]),
        },
        facts={
            "exponent": number(answer),
            "doubled": number(2**answer, 2),
            "blood": number(blood, 2),
        },
    )


# ---------------------------------------------------------------- question 3
def last_useful_day(case: Case) -> Expected:
    limit = case.given["limit"]
    shares = {day: left(case, day) for day in START_DAYS}

    def last(shares: dict[int, float]) -> float:
        return float(max((day for day, s in shares.items() if 100 * s <= limit), default=math.nan))

    answer = last(shares)
    if math.isnan(answer) or answer == START_DAYS[-1]:
        return Expected(math.nan)
    at_end = {
        day: float(
            course_of(case, BLOCKER, day)["lesion"].iloc[-1] / course_of(case)["lesion"].iloc[-1]
        )
        for day in START_DAYS
    }
    ferritin = {
        day: peak(course_of(case, BLOCKER, day), "ferritin") / peak(course_of(case), "ferritin")
        for day in START_DAYS
    }
    best = min(shares, key=shares.get)
    return Expected(
        answer,
        mistakes={
            "first_too_late": answer + 1,
            "best_day": float(best),
            "since_infection": answer + case.onset,
            "first_day": float(min(day for day, s in shares.items() if 100 * s <= limit)),
            "end": last(at_end),
            "ferritin": last(ferritin),
        },
        facts={
            "last": number(answer),
            "limit": str(limit),
            "share_last": f"{100 * shares[int(answer)]:.1f}",
            "share_next": f"{100 * shares[int(answer) + 1]:.1f}",
            "best": str(best),
            "share_best": f"{100 * shares[best]:.0f}",
            "share_first": f"{100 * shares[0]:.0f}",
            "onset": number(case.onset),
        },
    )


# ---------------------------------------------------------------- question 4
def verdicts(case: Case, day: float, assume: str | None = "inpatient") -> pd.Series:
    """Return what each rule set says of the panel of one day: True, False or None."""
    options = {"assume": assume} if assume else {}
    return criteria.classify(course_of(case).labs(day), **options)["verdict"]


def who_calls_it_a_case(case: Case) -> Expected:
    day = case.given["panel_day"]
    found = verdicts(case, day)
    yes = frozenset(found.index[found.isin([True])])
    no = frozenset(found.index[found.isin([False])])
    early = verdicts(case, day - case.onset)
    return Expected(
        yes,
        mistakes={
            "undecided": frozenset(found.index) - no,
            "no": no,
            "all": frozenset(found.index),
            "since_infection": frozenset(early.index[early.isin([True])]),
            "none": frozenset(),
        },
        facts={
            "n_yes": str(len(yes)),
            "n_no": str(len(no)),
            "day": str(day),
        },
    )


@lru_cache(maxsize=1)
def class_limits() -> dict[str, float]:
    """Return the limits between MAS, immune dysregulation and neither, by readout."""
    table = criteria.rules("immune_class")
    return dict(zip(table["readout"], table["limit"].astype(float), strict=True))


def near_a_limit(case: Case) -> bool:
    """Whether ferritin or HLA-DR lies so near to a limit that the solver decides the verdict."""
    me, day = course_of(case), case.given["panel_day"]
    return any(
        abs(me[name].loc[day] / limit - 1) < MARGIN for name, limit in class_limits().items()
    )


# ---------------------------------------------------------------- question 5
@lru_cache(maxsize=16)
def with_and_without(drug: str, engine: str | None):
    who = cl.Patient("mas_like")
    treated = who.treat(cl.treatment(drug, day=DRUG_DAY))
    # Doses without their names: neither legend nor arrow may say what is asked.
    given = simulate(treated.constants, treated.doses(), label="with the drug", engine=engine)
    return cl.compare(given, who.but(label="without").run(engine=engine))


def mystery(case: Case):
    """Return Patient Y with one of three drugs, and without."""
    return with_and_without(case.given["drug"], case.engine)


def drug_of_y(case: Case) -> Expected:
    """Read the drug off the curves, as the student does."""
    treated, untreated = (c.at(READ_DAY) for c in mystery(case).courses)
    il6, crp = treated["il6"] / untreated["il6"], treated["crp"] / untreated["crp"]
    answer = "tocilizumab" if il6 > 1.5 else "baricitinib" if crp < 0.75 else "anakinra"
    return Expected(answer, mistakes={name: name for name in DRUGS if name != answer})


# ---------------------------------------------------------------- question 6
def effect_of_drug(case: Case) -> Expected:
    start = case.given["start"]
    untreated, treated = (
        peak(course_of(case), "lesion"),
        peak(course_of(case, BLOCKER, start), "lesion"),
    )
    silent = case.patient.but(mas_gain=0)
    off = peak(course_of(case, patient=silent), "lesion")
    both = peak(course_of(case, BLOCKER, start, patient=silent), "lesion")
    early = peak(course_of(case, BLOCKER, start - int(case.onset)), "lesion")
    other = peak(course_of(case, "tocilizumab", start), "lesion")
    effect = 100 * (1 - treated / untreated)
    planted = 100 * (1 - off / untreated)
    return Expected(
        effect,
        mistakes={
            "planted": planted,
            "sign": -effect,
            "share": effect / 100,
            "left": 100 - effect,
            "treated_as_base": 100 * (untreated / treated - 1),
            "since_infection": 100 * (1 - early / untreated),
            "points": untreated - treated,
            "other_drug": 100 * (1 - other / untreated),
            "both": 100 * (1 - both / off),
        },
        facts={"effect": number(effect), "planted": number(planted), "start": str(start)},
    )


# ---------------------------------------------------------------- question 7
@lru_cache(maxsize=16)
def ward(seed: int, engine: str | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ferritin on the day of treatment, and the risk of death without and with the drug."""
    people = cl.population(PEOPLE, seed=seed)
    people = replace(people.only(people.traits.query(OF_THEM).index), engine=engine)
    readouts = ["ferritin", "lesion", "infection_hazard"]

    def risk(cohort) -> np.ndarray:
        hazard, age = cohort["infection_hazard"], cohort.traits["age"]
        return death_risk(cohort.days, cohort["lesion"], hazard, age)

    untreated = people.run(progress=False, readouts=readouts)
    treated = people.treat(cl.treatment(BLOCKER, day=WARD_DAY)).run(
        progress=False, readouts=readouts
    )
    return untreated.at(WARD_DAY)["ferritin"].to_numpy(), risk(untreated), risk(treated)


def needed_to_treat(case: Case) -> Expected:
    ferritin, without, with_drug = ward(case.given["ward_seed"], case.engine)
    high, saved = ferritin > np.median(ferritin), without - with_drug

    def needed(who: np.ndarray) -> float:
        return float(1 / saved[who].mean())

    everybody = np.ones_like(high)
    ratio = float(with_drug[high].mean() / without[high].mean())
    answer = needed(high)
    return Expected(
        answer,
        mistakes={
            "everybody": needed(everybody),
            "low": needed(~high),
            "relative": 1 / (1 - ratio),
            "ratio": ratio,
            "difference": 1 / answer,
            "percent": 100 / answer,
            "sign": -answer,
            "each": float(np.mean(1 / saved[high])),
            "without": float(1 / without[high].mean()),
        },
        facts={
            "needed": number(answer, 2),
            "everybody": number(needed(everybody), 2),
            "risk": number(100 * without[high].mean(), 2),
            "risk_low": number(100 * without[~high].mean(), 1),
            "ratio": f"{ratio:.2f}",
        },
    )


# ---------------------------------------------------------------- who is drawn
def unsuitable(case: Case) -> list[str]:
    """Return why a drawn patient would make a question ambiguous; empty if none does.

    What takes the fewest runs is asked first, and the first reason ends the search.
    """
    if max(width_of_peak(course_of(case)[name]) for name in ("viral_load_lung", "ferritin")) > 1:
        return ["q1: the curve has two peaks of nearly the same height"]
    if near_a_limit(case):
        return ["q4: ferritin or HLA-DR lies at a limit of a rule"]
    limit = case.given["limit"] / 100
    shares = [left(case, day) for day in START_DAYS]
    if min(abs(share - limit) for share in shares) < CLEAR:
        return ["q3: the lesion left on one day lies at the limit"]
    if not min(shares) < limit < shares[-1]:
        return ["q3: no last useful day"]
    return []
