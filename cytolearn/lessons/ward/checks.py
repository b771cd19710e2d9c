"""What the model says about lesson 6: every expected number, and what the usual mistakes give.

Content.toml names these functions. No number of the model is written down here or there.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import pandas as pd

import cytolearn as cl
from cytolearn import physiology
from cytolearn.apps.ward import WardRound
from cytolearn.clinic import outcomes_of
from cytolearn.lessons.answers import Expected
from cytolearn.lessons.claims import Shown
from cytolearn.lessons.content import load_content
from cytolearn.trials import ward as model
from cytolearn.trials.ward import Inpatient, Order, admit, outlook
from cytolearn.trials.ward_debrief import percent, points
from cytolearn.wording import listing, number

T1_BED, T1_DRUG, T1_DAYS = 3, "dexamethasone", range(2, 15)
HELPED = 0.9  # share of the untreated risk that is left at most: task 2
CROWD, CROWD_SEED, CROWD_DAY = 200, 8, 8
#: How task 4 speaks of its rules.
RULE_WORDS = {
    "everybody": "everybody",
    "oxygen": "by oxygen",
    "crp": "by CRP",
    "ferritin": "by ferritin",
    "age": "by age",
}
EARLY = 4  # who arrives on this day of illness or before is called early
NO_OXYGEN = "no oxygen"


def code() -> str:
    """Return the code of the lesson's ward."""
    return str(load_content("ward")["explorer"]["code"])


def ward() -> dict[int, Inpatient]:
    """Return the patients of the lesson's ward, by bed."""
    return {person.bed: person for person in admit(code())}


def change(person: Inpatient, drug: str, day: float, dose: float = 1.0) -> float:
    """Return by how much one drug changes the risk of death (below 0: it helps)."""
    return outlook(person, (Order(drug, day, dose),)).death - outlook(person).death


def expected_deaths(policy) -> float:
    """Return the expected deaths of the ward under a policy."""
    return sum(outlook(person, policy(person)).death for person in ward().values())


def of_100(deaths: float) -> str:
    return f"{100 * deaths:.0f}"


def onset() -> float:
    return physiology.baseline()["symptom_onset"]


# ---------------------------------------------------------------- predictions
def steroid_from_day_one() -> Expected:
    """What dexamethasone from day 1 does to all eight."""
    nobody = expected_deaths(model.treat_nobody)
    early = expected_deaths(lambda person: (Order("dexamethasone", 1),))
    rule = expected_deaths(model.steroid_on_oxygen)
    ratio = early / nobody
    shown = "A" if ratio <= 0.5 else "B" if ratio < 0.95 else "D" if ratio <= 1.05 else "C"
    return Expected(
        shown,
        facts={
            "shown": f"in 100 such wards ({100 * model.BEDS} people) {of_100(nobody)} would die "
            f"without treatment, {of_100(early)} with dexamethasone from day 1, and {of_100(rule)} "
            "with dexamethasone from the first round on which oxygen is needed"
        },
    )


def interferon_on_arrival() -> Expected:
    """Whose risk interferon beta lowers most, given on arrival."""
    people = ward().values()
    changes = {p.bed: change(p, "ifn_beta_1a", p.arrival) for p in people}
    best = min(people, key=lambda p: changes[p.bed])
    lacking = [p for p in people if p.kind in ("autoantibody", "inborn_error")]
    first = min(people, key=lambda p: p.arrival)
    worst_off = sickest_on_arrival()
    shown = (
        "D" if changes[best.bed] > -model.NOTICED
        else "A" if best in lacking
        else "B" if best is first
        else "C" if best is worst_off
        else ""
    )  # fmt: skip

    def told(person: Inpatient) -> str:
        risk = outlook(person).death
        return f"from {percent(risk)} to {percent(risk + changes[person.bed])}"

    highest = best is max(people, key=lambda p: outlook(p).death)
    also = f" (untreated it is also the highest of the ward, at {best.age:.0f} years)"
    late = (f"bed {p.bed} (day {p.arrival}) {told(p)}" for p in lacking)
    return Expected(
        shown,
        facts={
            "shown": f"the risk of bed {best.bed} (day {best.arrival}) falls most, {told(best)}"
            f"{also if highest else ''}; those who lack interferon came late: {listing(late)}"
        },
    )


def sickest_on_arrival() -> Inpatient:
    """Return whose P/F ratio is lowest on the day of arrival, without noise."""

    def ratio(person: Inpatient) -> float:
        days, values = model.stay(person)
        return float(values["pf_ratio"][days == person.arrival][0])

    return min(ward().values(), key=ratio)


# ---------------------------------------------------------------- tasks
@lru_cache(maxsize=1)
def _sweep() -> dict[int, float]:
    return {day: change(ward()[T1_BED], T1_DRUG, day) for day in T1_DAYS}


def best_day_of_bed_3() -> Expected:
    """From which day dexamethasone lowers the risk of bed 3 most."""
    found, person = _sweep(), ward()[T1_BED]
    best, worst = min(found, key=found.get), max(found, key=found.get)
    return Expected(
        float(best),
        mistakes={
            "first_good": float(next(day for day, by in found.items() if by < 0)),
            "arrival": float(person.arrival),
            "since_infection": best + onset(),
            "last_round": float(person.days[-1]),
            "worst": float(worst),
        },
        facts={
            "best": str(best),
            "gain": points(found[best]),
            "harm": points(found[min(found)]),
            "peak": str(model.peak_day(person)),
            "onset": number(onset()),
        },
    )


def arrivals(people) -> str:
    """Say who came when: 'bed 5 on day 10 and bed 7 on day 8'."""
    return listing(f"bed {p.bed} on day {p.arrival}" for p in people)


def _named(beds) -> frozenset[str]:
    return frozenset(f"bed_{bed}" for bed in beds)


def helped_by_interferon() -> Expected:
    """In which beds interferon beta on arrival leaves 90% of the risk, or less."""
    people = ward().values()

    def left(person: Inpatient) -> float:
        treated = outlook(person, (Order("ifn_beta_1a", person.arrival),)).death
        return round(treated / outlook(person).death, 2)  # as precise as it is printed

    helped = [p for p in people if left(p) <= HELPED]
    lacking = [p for p in people if p.kind in ("autoantibody", "inborn_error")]
    sick = [p for p in people if model.oxygen(p, p.arrival) != NO_OXYGEN]
    return Expected(
        _named(p.bed for p in helped),
        mistakes={
            "lacking": _named(p.bed for p in lacking),
            "sickest": _named(p.bed for p in sick),
            "everyone": _named(ward()),
            "nobody": frozenset(),
        },
        facts={
            "early": arrivals(helped),
            "late": arrivals(lacking),
        },
    )


@lru_cache(maxsize=3)
def _cohort(scale: float = 0.0):
    """Return the 200 people, untreated or on so many times the usual dexamethasone."""
    crowd = cl.population(CROWD, seed=CROWD_SEED)
    if scale:
        crowd = crowd.treat(cl.treatment("dexamethasone", day=CROWD_DAY, scale=scale))
    kept = ("pf_ratio", "lesion", "infection_hazard", "viral_load", "crp", "ferritin")
    with ThreadPoolExecutor(1) as here:  # for so few, starting processes costs more than it saves
        return crowd.run(here, progress=False, readouts=kept)


def _risk(scale: float = 0.0) -> pd.Series:
    return outcomes_of(_cohort(scale), entry=CROWD_DAY)["death_risk"]


def _saved(scale: float = 1.0) -> pd.Series:
    """Return by how much dexamethasone lowers each person's risk of death."""
    return _risk() - _risk(scale)


def _rules() -> dict[str, pd.Series]:
    sheet, age = _cohort().at(CROWD_DAY), _cohort().traits["age"]
    return {
        "everybody": sheet["crp"] >= 0,
        "oxygen": sheet["pf_ratio"] < 300,
        "crp": sheet["crp"] > 75,
        "ferritin": sheet["ferritin"] > 700,
        "age": age >= 70,
    }


def number_needed_to_treat() -> Expected:
    """How many of those on oxygen must have dexamethasone to prevent one death."""
    saved, needy = _saved(), _rules()["oxygen"]
    prevented = float(saved[needy].sum())
    needed = float(needy.sum()) / prevented
    return Expected(
        needed,
        mistakes={
            "everybody": len(saved) / float(saved.sum()),
            "inverse": 1 / needed,
            "percent": 100 / needed,
            "deaths": prevented,
            "treated": float(needy.sum()),
            "all_over_saved": len(saved) / prevented,
        },
        facts={
            "nnt": number(needed, 2),
            "needy": str(int(needy.sum())),
            "saved_rule": number(prevented, 2),
            "saved_all": number(float(saved.sum()), 2),
        },
    )


def rules_that_help() -> Expected:
    """Under which rules dexamethasone prevents more deaths than it causes."""
    saved = _saved()
    sums = {name: float(saved[chosen].sum()) for name, chosen in _rules().items()}
    helping = frozenset(name for name, total in sums.items() if total > 0)
    good, bad = (
        {RULE_WORDS[n]: f"{abs(s):.2f}" for n, s in sums.items() if (s > 0) is helps}
        for helps in (True, False)
    )
    words = (
        f"treating {listing(good, 'or')} prevents deaths ({listing(good.values())}); "
        f"treating {listing(bad, 'or')} causes some ({listing(bad.values())})"
    )
    return Expected(
        helping,
        mistakes={
            "all": frozenset(sums),
            "with_age": helping | {"age"},
            "only_oxygen": frozenset({"oxygen"}),
            "harmful": frozenset(sums) - helping,
        },
        facts={"words": words, **_old_people()},
    )


def _old_people() -> dict[str, str]:
    """Return how many are old enough for the rule by age, and how many of them need oxygen."""
    old, needy = _rules()["age"], _rules()["oxygen"]
    return {"old": str(int(old.sum())), "old_needy": str(int((old & needy).sum()))}


# ---------------------------------------------------------------- evidence: what the model shows
def steroid_by_oxygen() -> str:
    saved, needy = _saved(), _rules()["oxygen"]
    return (
        f"{CROWD} virtual people are given dexamethasone from day {CROWD_DAY}. Deaths prevented: "
        f"{saved[needy].sum():+.2f} among the {int(needy.sum())} who need oxygen, "
        f"{saved[~needy].sum():+.2f} among the {int((~needy).sum())} others (minus: caused)."
    )


def double_dose() -> str:
    on, off = _dose_sums()
    return (
        f"Twice the usual dexamethasone from day {CROWD_DAY}, against the usual one, in {CROWD} "
        f"virtual people: {on:+.2f} deaths prevented among those on oxygen, {off:+.2f} among the "
        "others (minus: caused). A gain on simple oxygen is not what RECOVERY found."
    )


def _dose_sums() -> tuple[float, float]:
    """Return what the double dose prevents beyond the usual one, with and without oxygen."""
    more, needy = _saved(2.0) - _saved(), _rules()["oxygen"]
    return float(more[needy].sum()), float(more[~needy].sum())


def _levers(people) -> tuple[float, float]:
    """Return what an antiviral and what a JAK inhibitor prevent on arrival, in deaths."""
    return tuple(
        -sum(change(p, drug, p.arrival) for p in people) for drug in ("remdesivir", "baricitinib")
    )


def _early_and_late() -> tuple[list[Inpatient], list[Inpatient]]:
    people = ward().values()
    return [p for p in people if p.arrival <= EARLY], [p for p in people if p.arrival > EARLY]


def early_and_late_levers() -> str:
    early, late = map(_levers, _early_and_late())
    return (
        f"Given on arrival, remdesivir prevents {of_100(early[0])} deaths and baricitinib "
        f"{of_100(early[1])} in 100 wards among those who come by day {EARLY}; among those who come "
        f"later it is {of_100(late[0])} and {of_100(late[1])}."
    )


def antiviral_on_arrival() -> str:
    """What the two simple rules of the debrief do to the ward."""
    nobody, antiviral, steroid = map(
        expected_deaths, (model.treat_nobody, model.antiviral_for_all, model.steroid_on_oxygen)
    )
    return (
        f"In 100 such wards {of_100(nobody)} die untreated, {of_100(antiviral)} with remdesivir for "
        f"all on arrival (rate ratio {antiviral / nobody:.2f}) and {of_100(steroid)} with "
        "dexamethasone for all on oxygen. In hospital trials the steroid did more than remdesivir."
    )


def drug_for_the_mechanism() -> str:
    """What a blocker of IL-1 and one of IL-6 do to a bed of either kind, on arrival."""
    told = []
    for kind in ("mas_like", "il6_dysregulated"):
        person = next(p for p in ward().values() if p.kind == kind)
        by = {d: change(person, d, person.arrival) for d in ("canakinumab", "tocilizumab")}
        told.append(
            f"bed {person.bed} ({model.kinds()[kind]['name']}) by {points(by['canakinumab'])} and "
            f"{points(by['tocilizumab'])}"
        )
    return (
        "A blocker of interleukin 1 (canakinumab) and one of interleukin 6 (tocilizumab), given on "
        f"arrival, lower the risk of {' and of '.join(told)}, in this order."
    )


# ---------------------------------------------------------------- claims and misconceptions
def _played(plans: dict[int, list[tuple[str, int]]]) -> WardRound:
    """Play the lesson's ward through the app: (drug, round) by bed."""
    app = WardRound(code())
    for turn in range(len(model.ROUNDS)):
        for bed, orders in plans.items():
            for drug, when in orders:
                if when == turn:
                    app.give(bed, drug)
        app.next_round()
    return app


def _deaths(app: WardRound) -> float:
    return sum(outlook(p, app.plans[p.bed]).death for p in app.ward)


def when_in_whom_how_hard() -> Shown:
    """The same drug: another day, another bed, another dose, another sign."""
    person = ward()[T1_BED]
    days = _sweep()
    beds = {p.bed: change(p, T1_DRUG, p.arrival) for p in ward().values()}
    hurt, helped = max(beds, key=beds.get), min(beds, key=beds.get)
    on, off = _dose_sums()
    holds = (
        max(days.values()) > 0.01
        and min(days.values()) < -0.01
        and beds[hurt] > model.NOTICED
        and beds[helped] < -0.01
        and off < -0.1
        and on < -off
    )
    return Shown(
        holds,
        f"When: dexamethasone changes the risk of {person.label} by "
        f"{100 * max(days.values()):+.1f} to {100 * min(days.values()):+.1f} points, depending on "
        f"the day. In whom: given on arrival, by {100 * beds[hurt]:+.1f} points in bed {hurt} and "
        f"by {100 * beds[helped]:+.1f} in bed {helped}. How hard: {double_dose()}",
    )


def response_matters_as_much_as_virus() -> Shown:
    """Early the virus is the better target, later the response."""
    early, late = map(_levers, _early_and_late())
    return Shown(early[0] > early[1] and late[1] > late[0] > 0, early_and_late_levers())


def restraint_saves_some() -> Shown:
    """Treating only the response, in the app, against treating only the virus, among latecomers."""
    _, late = _early_and_late()
    nothing = _deaths(_played({}))
    virus = _deaths(_played({p.bed: [("remdesivir", 0)] for p in late}))
    response = _deaths(_played({p.bed: [("baricitinib", 0)] for p in late}))
    return Shown(
        nothing - response >= nothing - virus > 0,
        f"Among those who arrive after day {EARLY}, restraining the response (baricitinib on "
        f"arrival) prevents {of_100(nothing - response)} deaths in 100 wards, fighting the virus "
        f"(remdesivir on arrival) {of_100(nothing - virus)}.",
    )


def steroids_in_suitable_patients() -> Shown:
    """Steroids help under an entry rule by need, and do harm to all alike."""
    found = rules_that_help()
    holds = {"oxygen"} <= found.value and "everybody" not in found.value
    return Shown(holds, f"Dexamethasone from day {CROWD_DAY}: {found.facts['words']}.")


def steroids_harm_without_need() -> Shown:
    """In those without oxygen a steroid causes deaths."""
    saved, needy = _saved(), _rules()["oxygen"]
    return Shown(bool(saved[needy].sum() > 0 > saved[~needy].sum()), steroid_by_oxygen())


def both_levers_are_needed() -> Shown:
    """Supporting the defence early and restraining it late each beat doing the same to all."""
    early, late = _early_and_late()
    right = {p.bed: [("remdesivir", 0)] for p in early} | {
        p.bed: [("baricitinib", 0)] for p in late
    }
    wrong = {p.bed: [("dexamethasone", 0)] for p in early} | {
        p.bed: [("ifn_beta_1a", 0)] for p in late
    }
    nothing, good, bad = (_deaths(_played(plans)) for plans in ({}, right, wrong))
    return Shown(
        good < nothing and good < bad,
        f"In 100 wards {of_100(nothing)} die untreated; {of_100(good)} if the defence is helped in "
        f"those who come early and the response restrained in the others; {of_100(bad)} if it is "
        "done the other way round.",
    )


def danger_is_not_benefit() -> Shown:
    """Age predicts death, but not benefit."""
    saved, risk, old = _saved(), _risk(), _rules()["age"]
    ratio = float(risk[old].mean() / risk[~old].mean())
    return Shown(
        bool(ratio > 2 and saved[old].sum() <= 0),
        f"From 70 years on the risk of death is {number(ratio, 2)} times that of the younger, yet "
        f"dexamethasone from day {CROWD_DAY} prevents {float(saved[old].sum()):+.2f} deaths among "
        f"the {int(old.sum())} who are so old.",
    )


def absolute_risk_decides() -> Shown:
    """The same relative effect prevents far more deaths where the risk is high."""
    people = list(ward().values())
    shares = {p.bed: -change(p, "remdesivir", p.arrival) for p in people}
    total = sum(shares.values())
    top = max(shares, key=shares.get)
    person = ward()[top]
    relative = shares[top] / outlook(person).death
    return Shown(
        shares[top] > 0.5 * total,
        f"Remdesivir on arrival takes {percent(relative)} off the risk of bed {top}; that one bed "
        f"holds {shares[top] / total:.0%} of all the deaths it prevents on the ward.",
    )
