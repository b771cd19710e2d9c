"""What the model says about the assignment of lesson 6, for one student's patient and ward."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pandas as pd

from cytolearn.figures import Picture
from cytolearn.figures import ward as pictures
from cytolearn.lessons.answers import Expected
from cytolearn.lessons.exercises import Case
from cytolearn.treatments import drugs
from cytolearn.trials import ward as model
from cytolearn.trials.ward import Inpatient, Order, Plan
from cytolearn.trials.ward_debrief import percent, points
from cytolearn.wording import in_sentence, listing, number

OWN_BED = 8
STEROID = "dexamethasone"
START_DAYS = range(13)
#: The pharmacy of question 3.
PHARMACY = (STEROID, "tocilizumab", "canakinumab", "baricitinib", "remdesivir")
#: No risk lies nearer to a limit, and no second best drug nearer to the best, so that neither a
#: solver nor a rounded print decides.
CLEAR, CLEAR_BEST = 0.0003, 0.002
#: The tests on the board of question 4.
BOARD = (
    *("pf_ratio", "viral_load", "crp", "ferritin", "il18"),
    *("il6", "hla_dr", "ifn", "plasmablasts", "alc"),
)
#: The choices of question 4 and their kinds in ward_kinds.csv.
DRIVERS = {
    "inflammasome_loop": ("mas_like",),
    "il6_loop": ("il6_dysregulated",),
    "no_interferon": ("autoantibody", "inborn_error"),
    "extrafollicular": ("extrafollicular",),
}
#: What it takes to call a driver: how many times a test lies beyond that of every other bed. "Much
#: virus": log10 copies per mL.
BEYOND, BEYOND_HLA_DR, BEYOND_SINGLE, MUCH_VIRUS = 1.15, 1.05, 1.3, 4.5
#: Two-sided 5%, power 80%: (1.96 + 0.84) squared.
PER_ARM = 7.85


# ---------------------------------------------------------------- the ward and its patients
def mine(case: Case) -> Inpatient:
    """Return the student's own patient, as somebody in bed 8."""
    return Inpatient(
        OWN_BED,
        "your patient",
        case.patient,
        "",
        case.given["arrival"],
        f"ward {case.given['ward']}",
    )


def people(case: Case) -> dict[int, Inpatient]:
    """Return the student's ward by bed: seven neighbours and the student's own patient."""
    ward = {person.bed: person for person in model.admit(f"ward {case.given['ward']}")}
    return {**ward, OWN_BED: mine(case)}


def risk(case: Case, person: Inpatient, plan: Plan = ()) -> float:
    """Return the risk of death from arrival to day 28, 0 to 1."""
    return model.outlook(person, plan, case.engine).death


def change(case: Case, person: Inpatient, drug: str, day: float) -> float:
    """Return by how much a drug changes the risk (below 0: it helps)."""
    return risk(case, person, (Order(drug, day),)) - risk(case, person)


def changes_on_arrival(case: Case) -> dict[int, float]:
    """Return by bed what question 6 asks about."""
    drug = case.given["drug"]
    return {bed: change(case, p, drug, p.arrival) for bed, p in people(case).items()}


def drug_name(drug: str) -> str:
    return in_sentence(drugs()[drug]["name"])


# ---------------------------------------------------------------- question 1
def expected_deaths(case: Case) -> Expected:
    ward = people(case)
    risks = {bed: risk(case, person) for bed, person in ward.items()}
    total, worst = 100 * sum(risks.values()), max(risks, key=risks.get)
    since_onset = 100 * sum(risk(case, replace(p, arrival=0)) for p in ward.values())
    return Expected(
        total,
        mistakes={
            "one_ward": total / 100,
            "mean": total / len(ward),
            "mean_share": total / 100 / len(ward),
            "highest": 100 * risks[worst],
            "own": 100 * risks[OWN_BED],
            "without_own": total - 100 * risks[OWN_BED],
            "survivors": 100 * len(ward) - total,
            "since_onset": since_onset,
        },
        facts={
            "worst": f"bed {worst}" + (" (your patient)" if worst == OWN_BED else ""),
            "share": f"{100 * risks[worst] / total:.0%}",
            "low": str(sum(r < 0.02 for r in risks.values())),
        },
    )


# ---------------------------------------------------------------- question 2
def steroid_by_day(case: Case) -> dict[int, float]:
    """Return what the steroid does to the own patient's risk, by start day."""
    return {day: change(case, mine(case), STEROID, day) for day in START_DAYS}


def first_helpful_day(case: Case) -> Expected:
    by_day, me = steroid_by_day(case), mine(case)
    days, values = model.stay(me, (), case.engine)
    answer = float(next((day for day, by in by_day.items() if by < 0), math.nan))
    if math.isnan(answer):
        return Expected(answer)
    breathless = days[(values["pf_ratio"] < 300) & (days >= 0)]
    peak = float(days[int(np.argmax(values["viral_load_lung"]))])
    return Expected(
        answer,
        mistakes={
            "last_harmful": answer - 1,
            "best": float(min(by_day, key=by_day.get)),
            "worst": float(max(by_day, key=by_day.get)),
            "since_infection": answer + case.onset,
            "peak": peak,
            "oxygen": float(breathless[0]) if len(breathless) else math.nan,
            "arrival": float(me.arrival),
        },
        facts={
            "peak": number(peak),
            "onset": number(case.onset),
            "best": str(min(by_day, key=by_day.get)),
            "gain": points(min(by_day.values())),
            "harm": points(by_day[0]),
        },
    )


# ---------------------------------------------------------------- question 3
def by_drug(case: Case) -> dict[str, dict[int, float]]:
    """Return the own patient's risk by drug of the pharmacy and by day of a ward round."""
    me = mine(case)
    return {drug: {d: risk(case, me, (Order(drug, d),)) for d in me.days} for drug in PHARMACY}


def best_drug(case: Case) -> Expected:
    table, me = by_drug(case), mine(case)
    lowest = {drug: min(risks.values()) for drug, risks in table.items()}
    best = min(lowest, key=lowest.get)
    day = min(table[best], key=table[best].get)

    def after(drug: str, readout: str) -> float:
        """Return a readout's mean from the first round to the last, the drug on the first."""
        days, values = model.stay(me, (Order(drug, me.days[0]),), case.engine)
        return float(values[readout][(days >= me.days[0]) & (days <= me.days[-1])].mean())

    return Expected(
        best,
        mistakes={
            "by_crp": min(PHARMACY, key=lambda drug: after(drug, "crp")),
            "by_virus": min(PHARMACY, key=lambda drug: after(drug, "viral_load_lung")),
            "guideline": STEROID,
            "last_round": min(PHARMACY, key=lambda drug: table[drug][me.days[-1]]),
            "broad": "baricitinib",
            "narrow": "canakinumab",
            "virus": "remdesivir",
        },
        facts={
            "day": number(day),
            "risk": percent(lowest[best]),
            "untreated": percent(risk(case, me)),
            "crp_drug": drug_name(min(PHARMACY, key=lambda drug: after(drug, "crp"))),
            "crp_risk": percent(lowest[min(PHARMACY, key=lambda drug: after(drug, "crp"))]),
        },
    )


# ---------------------------------------------------------------- question 4
@lru_cache(maxsize=64)
def _sheets(night: int) -> pd.DataFrame:
    """Return what the laboratory reported of a night ward, nobody treated: medians of four rounds."""
    ward = model.admit(f"night {night}")
    rounds = (model.chart(person, (), len(model.ROUNDS)) for person in ward)
    return pd.DataFrame(
        [chart[[*BOARD]].median() for chart in rounds],
        index=pd.Index([f"bed_{person.bed}" for person in ward], name="bed"),
    )


@lru_cache(maxsize=64)
def _clear_beds(night: int) -> dict[str, str]:
    """Return the beds whose driver the sheets tell beyond doubt, and rightly."""
    ward = {f"bed_{person.bed}": person for person in model.admit(f"night {night}")}
    found = {bed: called(_sheets(night), bed) for bed in ward}
    return {
        bed: names[0]
        for bed, names in found.items()
        if len(names) == 1 and ward[bed].kind in DRIVERS[names[0]]
    }


def called(sheets: pd.DataFrame, bed: str) -> list[str]:
    """Return the drivers that the sheets of a ward suggest for one bed, as a reader sees it."""
    me, others = sheets.loc[bed], sheets.drop(bed)
    above = {test: me[test] / others[test].max() for test in BOARD}
    below = {test: others[test].min() / me[test] for test in BOARD}
    signs = {
        "inflammasome_loop": min(above["ferritin"], above["il18"]) > BEYOND,
        "il6_loop": above["il6"] > BEYOND and below["hla_dr"] > BEYOND_HLA_DR,
        "no_interferon": below["ifn"] > BEYOND_SINGLE and me["viral_load"] >= MUCH_VIRUS,
        "extrafollicular": above["plasmablasts"] > BEYOND_SINGLE,
    }
    return [name for name, holds in signs.items() if holds]


def _bed_x(case: Case) -> str:
    clear = sorted(_clear_beds(case.given["night"]))
    return clear[case.given["pick"] % len(clear)]


def sheets(case: Case) -> pd.DataFrame:
    """Return the sheets of the night ward as numbers; patient X is called so."""
    return _sheets(case.given["night"]).rename(index={_bed_x(case): "X"}).round(2)


def board(case: Case) -> Picture:
    """Draw the sheets of the night ward, as the laboratory prints them."""
    rows = []
    for name, values in sheets(case).iterrows():
        flags = {test: model.flag(test, values[test]) for test in BOARD}
        label = "Patient X" if name == "X" else name.replace("_", " ").capitalize()
        rows.append((label, values.to_dict(), flags))
    rows.sort(key=lambda row: row[0] != "Patient X")
    told = [
        f"{label}: "
        + ", ".join(
            f"{pictures.SHORT[t]} {pictures.value_words(values[t])}{flags[t]}" for t in BOARD
        )
        for label, values, flags in rows
    ]
    title = "The night ward: medians of four rounds, nobody treated"
    return pictures.board(rows, BOARD, title=title, twin="\n".join([f"{title}.", *told]))


def driver_of_x(case: Case) -> Expected:
    """Read the driver off the sheets, as the student does."""
    names = called(_sheets(case.given["night"]), _bed_x(case))
    answer = names[0] if len(names) == 1 else ""
    return Expected(answer, mistakes={name: name for name in DRIVERS if name != answer})


# ---------------------------------------------------------------- question 5
def effect_of_late_start(case: Case) -> Expected:
    me, drug = mine(case), case.given["late_drug"]
    start = me.arrival + case.given["wait"]
    plan, later = (Order(drug, start),), replace(me, arrival=start)
    untreated, treated = risk(case, me), risk(case, me, plan)
    effect = 100 * (untreated - treated)
    planted = 100 * (untreated - risk(case, later, plan))
    at_once = 100 * (untreated - risk(case, me, (Order(drug, me.arrival),)))
    return Expected(
        effect,
        mistakes={
            "planted": planted,
            "landmark": 100 * (risk(case, later) - risk(case, later, plan)),
            "sign": -effect,
            "share": effect / 100,
            "relative": effect / untreated,
            "at_once": at_once,
            "waiting": planted - effect,
        },
        facts={
            "planted": number(planted, 2),
            "nothing": number(100 * (untreated - risk(case, later)), 2),
            "wait": str(case.given["wait"]),
        },
    )


# ---------------------------------------------------------------- question 6
def _named(beds: Iterable[int]) -> frozenset[str]:
    return frozenset(f"bed_{bed}" for bed in beds)


def harmed_on_arrival(case: Case) -> Expected:
    ward, by = people(case), changes_on_arrival(case)
    harmed = [bed for bed, change in by.items() if change > model.NOTICED]
    fresh = [bed for bed, person in ward.items() if not needs_oxygen(case, person)]
    most = max(by, key=by.get)
    return Expected(
        _named(harmed),
        mistakes={
            "helped": _named(bed for bed, change in by.items() if change < -model.NOTICED),
            "any_rise": _named(bed for bed, change in by.items() if change > 0),
            "no_oxygen": _named(fresh),
            "everyone": _named(ward),
            "nobody": frozenset(),
        },
        facts={
            "days": listing(sorted({ward[bed].arrival for bed in harmed})),
            "most": str(most),
            "harm": points(by[most]),
            "drug": drug_name(case.given["drug"]),
        },
    )


# ---------------------------------------------------------------- question 7
def needs_oxygen(case: Case, person: Inpatient) -> bool:
    """Return whether somebody needs oxygen on arrival."""
    return model.oxygen(person, person.arrival, (), case.engine) != "no oxygen"


def per_arm(control: float, treated: float) -> float:
    """Return the patients an arm that show a difference of two shares (80%, two-sided 5%)."""
    spread = control * (1 - control) + treated * (1 - treated)
    return PER_ARM * spread / (control - treated) ** 2 if control != treated else math.nan


def rates(case: Case, entry: Callable[[Inpatient], bool]) -> tuple[float, float]:
    """Return the mean risk of those who may enter, without the drug and with it on arrival."""
    chosen = [person for person in people(case).values() if entry(person)]
    if not chosen:
        return math.nan, math.nan
    plain = sum(risk(case, p) for p in chosen) / len(chosen)
    drug = case.given["drug"]
    return plain, plain + sum(change(case, p, drug, p.arrival) for p in chosen) / len(chosen)


def patients_per_arm(case: Case) -> Expected:
    control, treated = rates(case, lambda person: needs_oxygen(case, person))
    size = per_arm(control, treated)
    everybody = rates(case, lambda person: True)
    fall = 1 - treated / control
    n = sum(needs_oxygen(case, person) for person in people(case).values())
    return Expected(
        size,
        mistakes={
            "everybody": per_arm(*everybody),
            "no_oxygen": per_arm(*rates(case, lambda person: not needs_oxygen(case, person))),
            "own": per_arm(*rates(case, lambda person: person.bed == OWN_BED)),
            "both_arms": 2 * size,
            "relative": size * ((control - treated) / fall) ** 2,
            "sums": per_arm(n * control, n * treated),
            "in_percent": per_arm(100 * control, 100 * treated),
        },
        facts={
            "eligible": str(n),
            "control": percent(control),
            "treated": percent(treated),
            "everybody": _of_everybody(size, *everybody),
        },
    )


def _of_everybody(size: float, control: float, treated: float) -> str:
    """Say what the trial would be if all eight kinds of patient could enter."""
    if treated >= control:
        return "on average the drug would do harm, and the larger the trial, the surer of it"
    much = "only " if control - treated < 0.02 else ""
    return (
        f"the risk would fall {much}from {percent(control)} to {percent(treated)}, and an arm would "
        f"need {math.ceil(per_arm(control, treated)):,} instead of {math.ceil(size):,}"
    )


# ---------------------------------------------------------------- who is suitable
def unsuitable(case: Case) -> list[str]:
    """Return why a drawn patient or ward would make a question ambiguous; empty if none does.

    The cheap questions are asked first, and the first one in doubt ends the search. Question 4
    does not depend on the patient: a test sees to it that every night ward has its clear beds.
    """
    for doubts in (_no_turn, _unclear_late_start, _close_drugs, _unclear_ward):
        if found := list(doubts(case)):
            return found
    return []


def _no_turn(case: Case) -> Iterable[str]:
    by_day = list(steroid_by_day(case).values())
    if min(map(abs, by_day)) < CLEAR:
        yield "q2: on one start day the steroid does nothing"
    turns = sum((a < 0) is not (b < 0) for a, b in pairwise(by_day))
    if turns != 1 or by_day[0] < 0:
        yield "q2: no day, or more than one, on which harm turns into help"


def _close_drugs(case: Case) -> Iterable[str]:
    first, second = sorted(min(risks.values()) for risks in by_drug(case).values())[:2]
    if second - first < CLEAR_BEST:
        yield "q3: two drugs are as good"
    if risk(case, mine(case)) - first < 2 * CLEAR_BEST:
        yield "q3: no drug helps"


def _unclear_late_start(case: Case) -> Iterable[str]:
    late = effect_of_late_start(case)
    if abs(late.value) < 0.2 or abs(late.mistakes["planted"] / late.value - 1) < 0.15:
        yield "q5: the late start does nothing, or the error does"


def _unclear_ward(case: Case) -> Iterable[str]:
    by, ward = changes_on_arrival(case), people(case)
    harmed = harmed_on_arrival(case).value
    if min(abs(change - model.NOTICED) for change in by.values()) < CLEAR:
        yield "q6: somebody is harmed by just as much as counts"
    if not 1 <= len(harmed) <= 6:
        yield "q6: nobody is harmed, or nearly all"
    if any(abs(_pf_on_arrival(case, person) - 300) < 1 for person in ward.values()):
        yield "q7: somebody is at the limit to oxygen"
    control, treated = rates(case, lambda person: needs_oxygen(case, person))
    if not control - treated > 0.01:  # also if nobody needs oxygen
        yield "q7: the drug hardly helps those on oxygen"
    elif not per_arm(*rates(case, lambda person: True)) > 1.3 * per_arm(control, treated):
        yield "q7: the entry rule makes no difference"


def _pf_on_arrival(case: Case, person: Inpatient) -> float:
    days, values = model.stay(person, (), case.engine)
    return float(np.interp(person.arrival, days, values["pf_ratio"]))
