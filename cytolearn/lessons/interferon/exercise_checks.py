"""What the model says about the assignment of lesson 1, for one student's patient."""

from __future__ import annotations

import math
from itertools import pairwise

import cytolearn as cl
from cytolearn.lessons.answers import Expected
from cytolearn.lessons.exercises import Case, course_of, peak
from cytolearn.wording import number, percent

BETA, ALPHA = "ifn_beta_1a", "ifn_alpha2"
START_DAYS = range(9)
DEFECTS = {
    "not_made": "ifn_inborn_error",
    "neutralised": "anti_ifn_autoantibodies",
    "not_heard": "ifnar_deficiency",
}
ANA = cl.Patient("mild", label="Ana")
#: No share of the lesion may lie nearer to a student's limit (solver: 2e-5), so that no rounding decides.
CLEAR = 0.012


def ana(case: Case):
    return course_of(case, patient=ANA)


def left(case: Case, day: int) -> float:
    """Return the treated peak lesion as a share of the untreated one."""
    return peak(course_of(case, BETA, day), "lesion") / peak(course_of(case), "lesion")


def worst_day(case: Case) -> Expected:
    lesion, virus = course_of(case)["lesion"], course_of(case)["viral_load_lung"]
    worst = float(lesion.idxmax())
    return Expected(
        worst,
        mistakes={
            "since_infection": worst + case.onset,
            "size": float(lesion.max()),
            "virus_day": float(virus.idxmax()),
            "ana": float(ana(case)["lesion"].idxmax()),
            "row": float(lesion.argmax()),
        },
        facts={
            "worst": number(worst),
            "virus_day": number(float(virus.idxmax())),
            "onset": number(case.onset),
        },
    )


def fold_more_virus(case: Case) -> Expected:
    me, other = course_of(case), ana(case)
    lung = peak(me, "viral_load_lung") - peak(other, "viral_load_lung")
    nose = peak(me, "viral_load") - peak(other, "viral_load")
    day = me["viral_load_lung"].idxmax()
    same_day = float(me["viral_load_lung"].loc[day] - other["viral_load_lung"].loc[day])
    return Expected(
        10**lung,
        mistakes={
            "log_difference": lung,
            "nose": 10**nose,
            "inverse": 10**-lung,
            "ratio_of_logs": peak(me, "viral_load_lung") / peak(other, "viral_load_lung"),
            "natural": math.exp(lung),
            "same_day": 10**same_day,
        },
        facts={
            "fold": number(10**lung),
            "nose_fold": number(10**nose, 2),
            "log_difference": number(lung),
        },
    )


def last_useful_day(case: Case) -> Expected:
    limit = case.given["limit"]
    shares = {day: left(case, day) for day in START_DAYS}

    def last(limit: float, shares: dict[int, float]) -> float:
        return float(max((day for day, s in shares.items() if 100 * s <= limit), default=math.nan))

    def ending(day: int) -> float:
        return float(
            course_of(case, BETA, day)["lesion"].iloc[-1] / course_of(case)["lesion"].iloc[-1]
        )

    answer = last(limit, shares)
    if math.isnan(answer):
        return Expected(answer)
    return Expected(
        answer,
        mistakes={
            "first_useless": answer + 1,
            "since_infection": answer + case.onset,
            "cut_by_limit": last(100 - limit, shares),
            "best_day": float(min(shares, key=shares.get)),
            "final": last(limit, {day: ending(day) for day in START_DAYS}),
        },
        facts={
            "last": number(answer),
            "limit": str(limit),
            "onset": number(case.onset),
            "share_last": percent(shares[int(answer)]),
            "share_next": percent(left(case, int(answer) + 1)),
        },
    )


def blood_sample(case: Case) -> Expected:
    day, me, other = case.given["blood_day"], course_of(case)["ifn"], ana(case)["ifn"]
    ratio = float(me.loc[day] / other.loc[day])
    above = (me - other).loc[0:].gt(0)
    early = day - case.onset
    return Expected(
        ratio,
        mistakes={
            "inverse": 1 / ratio,
            "difference": float(me.loc[day] - other.loc[day]),
            "logarithm": math.log10(ratio),
            "since_infection": float(me.loc[early] / other.loc[early]) if early >= -4 else math.nan,
            "row": float(me.iloc[day] / other.iloc[day]),
            "peaks": float(me.max() / other.max()),
            "percent": 100 * ratio,
        },
        facts={
            "ratio": number(ratio, 2),
            "crossing": number(float(above.idxmax()), 2),
            "blood_day": str(day),
        },
    )


def mystery(case: Case):
    """Return Patient X untreated, with interferon alpha and with interferon beta, side by side."""
    who = cl.Patient(DEFECTS[case.given["defect"]])
    drugs = {"untreated": "", "interferon alpha": ALPHA, "interferon beta": BETA}
    treated = {words: who.treat(cl.treatment(d, day=0)) if d else who for words, d in drugs.items()}
    patients = (p.but(label=f"Patient X, {words}") for words, p in treated.items())
    return cl.compare(*(patient.run(engine=case.engine) for patient in patients))


def defect_of_x(case: Case) -> Expected:
    """Read the defect off the three curves, as the student does."""
    untreated, alpha, beta = (peak(c, "lesion") for c in mystery(case).courses)
    helped = (alpha < 0.6 * untreated, beta < 0.6 * untreated)
    answer = {(True, True): "not_made", (False, True): "neutralised"}.get(helped, "not_heard")
    return Expected(answer, mistakes={name: name for name in DEFECTS if name != answer})


def effect_of_treatment(case: Case) -> Expected:
    start = case.given["start"]
    untreated, treated = (
        peak(course_of(case), "lesion"),
        peak(course_of(case, BETA, start), "lesion"),
    )
    early = peak(course_of(case, BETA, start - int(case.onset)), "lesion")
    effect = 100 * (1 - treated / untreated)
    planted = 100 * (1 - treated / peak(ana(case), "lesion"))
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
        },
        facts={"effect": number(effect), "planted": number(planted)},
    )


def unsuitable(case: Case) -> list[str]:
    """Return why a drawn patient would make a question ambiguous; empty if none does.

    What takes the fewest runs is asked first, and the first reason ends the search.
    """
    day, limit = case.given["blood_day"], case.given["limit"] / 100
    if abs(math.log(blood_sample(case).value)) < 0.2:
        return ["q4: the two blood samples hardly differ"]
    if min(course_of(case)["ifn"].loc[day], ana(case)["ifn"].loc[day]) < 0.05:
        return ["q4: interferon too low to be measured"]
    if abs(left(case, case.given["start"]) - 0.5) < 0.02:
        return ["q6: as much is left as is gone"]
    shares = [left(case, day) for day in START_DAYS]
    if min(abs(share - limit) for share in shares) < CLEAR:
        return ["q3: the lesion left on one day lies at the limit"]
    if not shares[0] < limit < shares[-1]:
        return ["q3: no first or no last useful day"]
    if any(b < a for a, b in pairwise(shares[:6])):
        return ["q3: a later start helps more"]
    return []
