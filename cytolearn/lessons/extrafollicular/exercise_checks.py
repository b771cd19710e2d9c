"""What the model says about the assignment of lesson 4, for one student's patient."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.optimize import brentq

import cytolearn as cl
from cytolearn import physiology
from cytolearn.lessons.answers import Expected
from cytolearn.lessons.exercises import Case
from cytolearn.wording import listing, number

PLASMA = "convalescent_plasma"
LAST = 100  # day of the long course, question 3
EARLY = 14  # question 2 says how much the fast route does on this day
REST = 60  # from this day on plasmablasts are near their starting value
#: What question 4 changes: the lowest or highest value of a constant, or none of it.
CHANGES = {
    "no_fast_route": {"ef_bias": 0.0},
    "no_self_reactivity": {"self_reactivity": 0.0},
    "stronger_antibody": {"affinity_ef": 1.0},
    "fewer_complexes": {"ic_viral": 0.00667, "ic_self": 0.0015},
    "faster_training": {"affinity_maturation": 0.15},
}
CHANGE_WORDS = {
    "no_fast_route": "without the fast route",
    "no_self_reactivity": "without self-reactivity",
    "stronger_antibody": "with stronger fast antibody",
    "fewer_complexes": "with fewer complexes",
    "faster_training": "with faster training",
}
#: Patient X of question 6: a preset and what differs from it. Where there is no virus, none could
#: spread either: over 90 days a solver's rounding (1e-22 copies) may else grow to an infection.
INFECTED = {"inoculum": 20.0, "sensing_delay": 6.0, "viral_antagonism": 0.92}
NEVER_OPEN = {"gc_growth": 0.3, "gc_seeding": 0.733, "gc_loss": 1.05, "gc_block_loss": 7.0}
DISEASES = {
    "infection": ("extrafollicular", {}),
    "untrained": ("extrafollicular", NEVER_OPEN),
    "lupus": ("lupus_like", {"infectivity": 4e-9}),
    "both": ("lupus_like", INFECTED),
}
#: Question 7: how well the virus hides in the colleague's four people, the day of their blood
#: sample, and the antibody of two units of plasma (AU).
HIDING = (0.5, 0.65, 0.8, 0.9)
BLOOD_DAY = 10
GIFT = 12
#: No change of the lesion may lie nearer to a student's limit (in percent; solver: 0.01), so that
#: no rounding decides.
CLEAR = 0.6


@lru_cache(maxsize=64)  # of one student; a class would fill the memory
def run(patient: cl.Patient, engine: str | None, days: int = 40):
    return patient.run(days=days, engine=engine)


def course(case: Case, **changes: float):
    """Return the course of the student's patient, with some constants changed."""
    return run(case.patient.but(**changes) if changes else case.patient, case.engine)


def peak(found) -> float:
    return float(found["lesion"].max())


def last(found) -> float:
    return float(found["lesion"].iloc[-1])


def usual(symbol: str) -> float:
    return physiology.baseline()[symbol]


def plasmablast_day(case: Case) -> Expected:
    cells, own = course(case)["plasmablasts"], course(case)["auto_ab"]
    virus = course(case)["viral_load_lung"]
    day = float(cells.idxmax())
    return Expected(
        day,
        mistakes={
            "since_infection": day + case.onset,
            "size": float(cells.max()),
            "virus_day": float(virus.idxmax()),
            "auto_day": float(own.idxmax()),
            "row": float(cells.argmax()),
        },
        facts={
            "day": number(day),
            "virus_day": number(float(virus.idxmax())),
            "auto_day": number(float(own.idxmax())),
            "onset": number(case.onset),
        },
    )


def fast_share(case: Case) -> Expected:
    day, now = case.given["sample_day"], course(case)
    fast, trained, strength = now["antibody_ef"], now["antibody_gc"], now["affinity"]
    weak = usual("affinity_ef")

    def share(at: float) -> float:
        one, other = weak * fast.loc[at], strength.loc[at] * trained.loc[at]
        return float(100 * one / (one + other))

    answer = share(day)
    amount = float(100 * fast.loc[day] / (fast.loc[day] + trained.loc[day]))
    first = usual("affinity_start") * trained.loc[day]
    later = run(case.patient, case.engine, LAST)  # the change may come after day 40
    work = later["affinity"] * later["antibody_gc"]
    larger = (work > weak * later["antibody_ef"]) & (later["antibody_gc"] > 0.1)
    return Expected(
        answer,
        mistakes={
            "amounts": amount,
            "trained": 100 - answer,
            "fraction": answer / 100,
            "ratio": 100 * answer / (100 - answer),
            "since_infection": share(day - case.onset),
            "untrained": float(100 * weak * fast.loc[day] / (weak * fast.loc[day] + first)),
        },
        facts={
            "share": number(answer),
            "amount": number(amount),
            "fold": number(float(strength.loc[day]) / weak, 2),
            "takeover": number(float(larger.idxmax())),
            "early": number(share(EARLY), 2),
        },
    )


def slope(curve: pd.Series) -> float:
    """Return the change of a curve each day, from a straight line through it."""
    return float(np.polyfit(curve.index, curve, 1)[0])


def half_life(case: Case) -> Expected:
    own = run(case.patient, case.engine, LAST)["auto_ab"]
    late, logs = own.loc[REST:], np.log(own.loc[REST:])
    rate, top = -slope(logs), float(own.idxmax())
    falling = own.loc[top:]
    to_half = float(falling[falling <= own.max() / 2].index[0]) - top
    half = math.log(2) / rate
    return Expected(
        half,
        mistakes={
            "too_early": math.log(2) / -slope(np.log(own.loc[top : top + 20])),
            "peak_to_half": to_half,
            "linear": float(late.iloc[0]) / 2 / -slope(late),
            "rate": rate,
            "lifetime": 1 / rate,
            "mixed": math.log10(2) / rate,
            "tenfold": math.log(10) / rate,
            "sign": -half,
        },
        facts={"half": number(half), "apparent": number(to_half)},
    )


def change_of_peak(case: Case, name: str) -> float:
    """Return by how many percent one of the five experiments changes the peak lesion."""
    return 100 * (peak(course(case, **CHANGES[name])) / peak(course(case)) - 1)


def useful_changes(case: Case) -> Expected:
    limit = case.given["limit"]
    found = {name: change_of_peak(case, name) for name in CHANGES}
    ends = {name: 100 * (last(course(case, **c)) / last(course(case)) - 1)
            for name, c in CHANGES.items()}  # fmt: skip

    def lowered(changes: dict[str, float], by: float) -> frozenset[str]:
        return frozenset(name for name, change in changes.items() if change <= -by)

    answer = lowered(found, limit)
    sizes = {n: f"by {c:+.0f}%" if abs(c) >= 0.5 else "hardly at all" for n, c in found.items()}
    said = (f"{CHANGE_WORDS[name]} {size}" for name, size in sizes.items())
    return Expected(
        answer,
        mistakes={
            "any_benefit": frozenset(name for name, change in found.items() if change < 0),
            "sign": frozenset(name for name, change in found.items() if change >= limit),
            "fast_is_bad": answer | {"no_fast_route"},
            "everything": frozenset(CHANGES),
            "nothing": frozenset(),
            "final": lowered(ends, limit),
        },
        facts={"changes": listing(said), "limit": str(limit)},
    )


def crossing(case: Case, bias: float = 0.0, measure=peak) -> float:
    """Return the self-reactivity at which the lesion equals that with another bias; NaN: none."""
    aim = measure(course(case, ef_bias=bias))

    def gap(self_reactivity: float) -> float:
        return measure(course(case, self_reactivity=self_reactivity)) - aim

    return float(brentq(gap, 0, 1, xtol=1e-3)) if gap(0) < 0 < gap(1) else math.nan


def break_even(case: Case) -> Expected:
    answer, bias = crossing(case), case.patient.traits["ef_bias"]
    share = answer * bias / (1 + answer * bias)  # of the fast antibody; no self-antigen here
    return Expected(
        answer,
        mistakes={
            "now": usual("self_reactivity"),
            "share": share,
            "percent": 100 * answer,
            "normal": crossing(case, bias=1.0),
            "final": crossing(case, measure=last),
        },
        facts={
            "answer": number(answer, 2),
            "times": number(answer / usual("self_reactivity"), 2),
            "share": number(100 * share, 2),
        },
    )


def mystery(case: Case):
    """Return the course of Patient X, 90 days after the first symptom."""
    preset, changes = DISEASES[case.given["disease"]]
    patient = cl.Patient(preset, label="Patient X", **changes)
    return run(patient.but(label="Patient X"), case.engine, 90)


def disease_of_x(case: Case) -> Expected:
    """Read the disease off the two curves, as the student does."""
    nab, own = mystery(case)["nab"], mystery(case)["auto_ab"]
    trained, still_made = nab.iloc[-1] > nab.loc[20], own.iloc[-1] > own.max() / 3
    answer = "both" if still_made else "infection" if trained else "untrained"
    answer = answer if nab.max() > 1 else "lupus"
    return Expected(answer, mistakes={name: name for name in DISEASES if name != answer})


def effect_of_antibody(case: Case) -> Expected:
    day, untreated = case.given["plasma_day"], peak(course(case))

    def treated(start: float, regimen: str | None = None) -> float:
        given = cl.treatment(PLASMA, day=start, **({"regimen": regimen} if regimen else {}))
        return peak(run(case.patient.treat(given), case.engine))

    people = [course(case, viral_antagonism=share) for share in HIDING]
    antibody = [person["nab"].loc[BLOOD_DAY] for person in people]
    planted = GIFT * float(np.polyfit(antibody, [peak(p) for p in people], 1)[0])
    effect = treated(day) - untreated
    return Expected(
        effect,
        mistakes={
            "planted": planted,
            "opposite": -effect,
            "relative": 100 * effect / untreated,
            "left": untreated + effect,
            "one_unit": treated(day, "one_unit") - untreated,
            "since_infection": treated(day - case.onset) - untreated,
            "per_unit": effect / GIFT,
        },
        facts={"effect": f"{effect:.1f}", "planted": f"{planted:+.1f}", "gift": str(GIFT)},
    )


def unsuitable(case: Case) -> list[str]:
    """Return why a drawn patient would make a question ambiguous; empty if none does.

    What takes the fewest runs is asked first, and the first reason ends the search.
    """
    if abs(fast_share(case).value - 50) < 3:
        return ["q2: both kinds of antibody do as much"]
    closed = peak(course(case, ef_bias=0.0))
    low, high = (peak(course(case, self_reactivity=x)) for x in (0.1, 0.9))
    if not low < closed < high:
        return ["q5: no clear point at which the fast route is too dear"]
    limit = case.given["limit"]
    if any(abs(abs(change_of_peak(case, name)) - limit) < CLEAR for name in CHANGES):
        return ["q4: the change of the lesion lies at the limit"]
    return []
