"""What the model says about the assignment of lesson 2, for one student's patient."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import pandas as pd
from scipy.optimize import brentq

import cytolearn as cl
from cytolearn.lessons.answers import Expected
from cytolearn.lessons.exercises import Case
from cytolearn.simulation import simulate
from cytolearn.wording import number

POOLS = ("cd4_pool", "cd8_pool", "nk_pool", "b_pool")
DRUG = "il7"
STAYS = 0.1  # homing_max of the twin whose cells hardly move
DEATH = (0.103, 0.93)  # allowed range of lymphocyte_death
COMPARED, UNTIL = ("crp", "d_dimer", "il7", "pd1", "killing", "lesion"), 20
TELLS = 0.15  # peaks that differ by more tell the twins apart
#: No difference of the twins may lie nearer to that limit, so that neither the solver nor how
#: closely a student's twin fits decides.
CLEAR = 0.01
RECOVERY = (24, 40)  # days of the fit
LATER, FOLLOW_UP = 7, 28  # days after the first dose; length of the trial
#: What empties the blood of Patient X: moved and died are the lesson's Vera and Dev.
CAUSES = {
    "moved": {"homing_max": 0.9, "lymphocyte_death": 0.11},
    "died": {"homing_max": 0.1, "lymphocyte_death": 0.61},
    "steroid": {},
}
STEROID_DAY = 9
#: Inflammation has done its worst to the count by then; a steroid goes on emptying the blood.
LATE = 14


@lru_cache(maxsize=64)  # of one student; a class would fill the memory
def run(patient: cl.Patient, engine: str | None, start: int | None = None):
    """Return a course, with IL-7 from a day on or untreated."""
    treated = patient if start is None else patient.treat(cl.treatment(DRUG, day=start))
    return treated.run(engine=engine)


@lru_cache(maxsize=256)
def curve(patient: cl.Patient, engine: str | None, name: str, start: int | None = None):
    return run(patient, engine, start)[name]


def mine(case: Case, name: str, start: int | None = None) -> pd.Series:
    """Return one curve of the student's patient."""
    return curve(case.patient, case.engine, name, start)


# ---------------------------------------------------------------- question 1
def fall_of_count(case: Case) -> Expected:
    alc = mine(case, "alc")
    start, lowest = float(alc.iloc[0]), float(alc.min())
    left = 100 * lowest / start
    return Expected(
        100 - left,
        mistakes={
            "left": left,
            "fraction": 1 - lowest / start,
            "cells": start - lowest,
            "lowest": lowest,
            "since_symptoms": 100 * (1 - lowest / alc.loc[0]),
            "base": 100 * (start / lowest - 1),
            "end": 100 * (1 - alc.iloc[-1] / start),
            "day": float(alc.idxmin()),
        },
        facts={
            "fall": number(100 - left),
            "day": number(float(alc.idxmin())),
            "start": number(start),
            "lowest": number(lowest),
            "infected": number(-case.onset),
        },
    )


# ---------------------------------------------------------------- question 2
def cells(case: Case) -> pd.Series:
    """Return all resting lymphocytes in blood and tissue, 10^9/L."""
    return sum(mine(case, pool) for pool in POOLS)


def alive_share(case: Case) -> Expected:
    """Which part of what is missing from the blood is alive in tissue, in per cent."""
    day, pools, away = case.given["blood_day"], cells(case), mine(case, "sequestered")

    def share(day: float, row: bool = False) -> float:
        now, out = (s.iloc[int(day)] if row else s.loc[day] for s in (pools, away))
        missing = pools.iloc[0] - (1 - out) * now
        return float(100 * out * now / missing) if missing > 0 else math.nan

    all_now, out = float(pools.loc[day]), float(away.loc[day])
    answer = share(day)
    return Expected(
        answer,
        mistakes={
            "dead": 100 - answer,
            "fraction": answer / 100,
            "of_the_living": 100 * out,
            "of_the_healthy": 100 * out * all_now / float(pools.iloc[0]),
            "cells": out * all_now,
            "row": share(day, row=True),
            "since_infection": share(day - case.onset),
        },
        facts={
            "share": number(answer, 2),
            "dead": number(100 - answer, 2),
            "day": str(day),
        },
    )


# ---------------------------------------------------------------- questions 3 and 4
@lru_cache(maxsize=256)
def twin_death(patient: cl.Patient, engine: str | None) -> float:
    """Return the death rate of the twin whose cells stay, with the same lowest count; or NaN."""
    wanted = float(curve(patient, engine, "alc").min())

    def gap(death: float) -> float:
        twin = patient.but(homing_max=STAYS, lymphocyte_death=death)
        return float(twin.run(engine=engine)["alc"].min()) - wanted

    low, high = (gap(end) for end in DEATH)
    return float(brentq(gap, *DEATH, xtol=1e-4)) if low > 0 > high else math.nan


def death_of_twin(case: Case) -> Expected:
    own_death = case.value("lymphocyte_death")
    death = twin_death(case.patient, case.engine)
    twin = case.patient.but(homing_max=STAYS, lymphocyte_death=death)
    pools = sum(curve(twin, case.engine, pool) for pool in POOLS)
    return Expected(
        death,
        mistakes={
            "own": own_death,
            "fold": death / own_death,
            "added": death - own_death,
            "percent": 100 * death,
            "count": float(mine(case, "alc").min()),
        },
        facts={
            "death": number(death, 2),
            "fold": number(death / own_death, 2),
            "lowest": number(float(mine(case, "alc").min()), 2),
            "mine": number(float(cells(case).min()), 2),
            "twin": number(float(pools.min()), 2),
        },
    )


def twin_differences(case: Case) -> dict[str, float]:
    """Return by which share the twin's highest values differ from those of the patient."""
    death = twin_death(case.patient, case.engine)
    twin = case.patient.but(homing_max=STAYS, lymphocyte_death=death)
    return {
        name: float(
            curve(twin, case.engine, name).loc[:UNTIL].max() / mine(case, name).loc[:UNTIL].max()
        )
        - 1
        for name in COMPARED
    }


def telling_apart(case: Case) -> Expected:
    found = twin_differences(case)
    telling = frozenset(name for name, gap in found.items() if abs(gap) > TELLS)
    higher = frozenset(name for name, gap in found.items() if gap > TELLS)
    return Expected(
        telling,
        mistakes={
            "all": frozenset(COMPARED),
            "none": frozenset(),
            "only_higher": higher,
            "alike": frozenset(COMPARED) - telling,
        },
        facts={
            "killing": f"{100 * -found['killing']:.0f}",
            "pd1": f"{100 * found['pd1']:.0f}",
            "il7": f"{100 * found['il7']:.0f}",
            "lesion": f"{100 * found['lesion']:.0f}",
        },
    )


# ---------------------------------------------------------------- question 5
@lru_cache(maxsize=16)
def x_and_ana(cause: str, engine: str | None):
    traits = CAUSES[cause]
    x = cl.Patient("delayed_ifn" if traits else "mild", **traits)
    if cause == "steroid":
        x = x.treat(cl.treatment("dexamethasone", day=STEROID_DAY))
    ana = cl.Patient("mild", label="Ana, mild illness")
    # Doses without their names: neither legend nor arrow may say what is asked.
    course = simulate(x.constants, x.doses(), label="Patient X", engine=engine)
    return cl.compare(course, ana.run(engine=engine))


def mystery(case: Case):
    """Return Patient X beside Ana, who is mildly ill."""
    return x_and_ana(case.given["cause"], case.engine)


def cause_of_x(case: Case) -> Expected:
    """Read the cause off the curves, as the student does."""
    x, ana = mystery(case).courses
    lowest, il7 = float(x["alc"].idxmin()), x["il7"].max() / ana["il7"].max()
    answer = "steroid" if lowest > LATE else "died" if il7 > 1.25 else "moved"
    return Expected(answer, mistakes={name: name for name in CAUSES if name != answer})


# ---------------------------------------------------------------- question 6
def slope(days: np.ndarray, values: np.ndarray) -> float:
    return float(np.polyfit(days, values, 1)[0])


def half_time(case: Case) -> Expected:
    alc = mine(case, "alc")
    missing = alc.iloc[0] - alc
    span = missing.loc[RECOVERY[0] : RECOVERY[1]]
    days, log = span.index.to_numpy(), np.log(span.to_numpy())
    rate = -slope(days, log)
    lowest = missing.loc[float(alc.idxmin()) :]
    renewal = case.value("homeostasis")
    return Expected(
        math.log(2) / rate,
        mistakes={
            "time_constant": 1 / rate,
            "rate": rate,
            "sign": -math.log(2) / rate,
            "log10": math.log(2) / rate * math.log(10),
            "linear": -math.log(2) / slope(days, span.to_numpy()),
            "count": math.log(2) / slope(days, np.log(alc.loc[RECOVERY[0] : RECOVERY[1]])),
            "from_lowest": -math.log(2) / slope(lowest.index.to_numpy(), np.log(lowest.to_numpy())),
            "renewal": math.log(2) / renewal,
        },
        facts={
            "half": number(math.log(2) / rate, 2),
            "renewal": number(math.log(2) / renewal, 2),
        },
    )


# ---------------------------------------------------------------- question 7
def effect_on_killing(case: Case) -> Expected:
    """By how many per cent IL-7 raises killing power a week after the first dose."""
    start = case.given["start"]
    day = start + LATER
    treated, control = mine(case, "killing", start), mine(case, "killing")
    with_drug, without = float(treated.loc[day]), float(control.loc[day])
    count = float(mine(case, "alc", start).loc[day] / mine(case, "alc").loc[day])
    planted = 100 * (with_drug / float(control.loc[LATER]) - 1)
    effect = 100 * (with_drug / without - 1)
    return Expected(
        effect,
        mistakes={
            "planted": planted,
            "before_after": 100 * (with_drug / float(control.loc[start]) - 1),
            "both_early": 100 * (float(treated.loc[LATER]) / float(control.loc[LATER]) - 1),
            "count": 100 * (count - 1),
            "ratio": with_drug / without,
            "percent_of": 100 * with_drug / without,
            "fraction": effect / 100,
            "treated_as_base": 100 * (1 - without / with_drug),
            "rate": with_drug - without,
        },
        facts={
            "effect": number(effect),
            "planted": number(planted),
            "count": number(100 * (count - 1), 2),
            "day": str(day),
            "natural": number(100 * (without / float(control.loc[LATER]) - 1), 2),
        },
    )


# ---------------------------------------------------------------- question 8
def infection_risk(case: Case, drug: bool = False) -> float:
    """Return the chance of a hospital infection in the four weeks of the trial."""
    start = case.given["start"]
    hazard = mine(case, "infection_hazard", start if drug else None)
    return 1 - math.exp(-FOLLOW_UP * float(hazard.loc[start : start + FOLLOW_UP].mean()))


def patients_per_arm(p: float, q: float, z: float) -> float:
    """Return how many patients each arm needs to tell two risks apart."""
    return z**2 * (p * (1 - p) + q * (1 - q)) / (p - q) ** 2


def size_of_trial(case: Case) -> Expected:
    normal, cut = NormalDist().inv_cdf, case.given["reduction"] / 100
    risk = infection_risk(case)
    z = normal(0.975) + normal(0.8)
    answer = patients_per_arm(risk, risk * (1 - cut), z)
    model = 1 - infection_risk(case, drug=True) / risk
    return Expected(
        answer,
        mistakes={
            "both_arms": 2 * answer,
            "one_sided": patients_per_arm(risk, risk * (1 - cut), normal(0.95) + normal(0.8)),
            "no_power": patients_per_arm(risk, risk * (1 - cut), normal(0.975)),
            "more_power": patients_per_arm(risk, risk * (1 - cut), normal(0.975) + normal(0.9)),
            "not_squared": answer / z,
            "kept": patients_per_arm(risk, risk * cut, z),
            "one_variance": z**2 * risk * (1 - risk) / (risk * cut) ** 2,
        },
        facts={
            "n": number(answer, 2),
            "risk": number(100 * risk, 2),
            "cut": str(case.given["reduction"]),
            "model_cut": number(100 * model, 1),
        },
    )


# ---------------------------------------------------------------- who is drawn
def unsuitable(case: Case) -> list[str]:
    """Return why a drawn patient would make a question ambiguous; empty if none does.

    What takes the fewest runs is asked first, and the first reason ends the search.
    """
    if abs(fall_of_count(case).value - 50) < 0.6:
        return ["q1: as much is left as is gone"]
    if abs(alive_share(case).value - 50) < 0.9:
        return ["q2: as many have moved as have died"]
    if abs(effect_on_killing(case).value) < 10:
        return ["q7: hardly an effect on killing"]
    death = twin_death(case.patient, case.engine)
    if not 1.3 * case.value("lymphocyte_death") < death < 0.9 * DEATH[1]:
        return ["q3: no twin, or one that hardly differs"]
    if min(abs(abs(gap) - TELLS) for gap in twin_differences(case).values()) < CLEAR:
        return ["q4: a difference of the twins lies at the limit"]
    return []
