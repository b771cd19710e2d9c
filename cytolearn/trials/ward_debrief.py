"""What came of a ward, in words: why a plan helped or harmed, and what would have been better.

Every sentence with a number is computed for the patient it is about. Not for clinical use.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from functools import lru_cache

from cytolearn import physiology
from cytolearn.clinic import criteria
from cytolearn.treatments import drugs
from cytolearn.treatments.teaching import TeachingWarning
from cytolearn.trials.ward import (
    BEDS,
    LAST_DAY,
    NOTICED,
    ROUNDS,
    Inpatient,
    Order,
    Plan,
    Score,
    causes,
    chart,
    drawn_outcome,
    effect,
    kinds,
    levers,
    outlook,
    peak_day,
    plan_words,
    steroid_on_oxygen,
    tells,
    virus_change,
)
from cytolearn.wording import in_sentence, listing, number, quantity
from cytolearn.wording import percent as in_percent


def percent(risk: float) -> str:
    """Write a risk: '12%', '0.8%'."""
    return in_percent(risk, 2)


def points(change: float) -> str:
    """Write a change of risk in percentage points, without its sign: '2.1 points'."""
    text = number(abs(100 * change), 2)
    return f"{text} point{'' if text == '1' else 's'}"


def score_words(score: Score) -> list[str]:
    """Say what a score means, in sentences."""
    lines = [
        f"In 100 wards like this one ({100 * BEDS} patients) {_deaths(score.untreated)} would die "
        f"by day {LAST_DAY} if nobody were treated, {_deaths(score.yours)} with your plans and "
        f"{_deaths(score.best)} with the best plans found."
    ]
    share = score.share()
    if share >= 0.005:
        lines.append(f"You reached {in_percent(share)} of the benefit that can be reached.")
    elif share > -0.005:
        lines.append("Your plans changed as good as nothing.")
    else:
        harm = _deaths(score.yours - score.untreated)
        lines.append(f"Your plans did harm: {harm} more in 100 wards than without any treatment.")
    rules = [f"{name} {in_percent(score.share(deaths))}" for name, deaths in score.rules.items()]
    lines.append(
        f"For comparison, the share that simple rules reach: {'; '.join(rules)}. "
        f"Below 0% means harm."
    )
    return lines


def open_score_words(untreated: float, yours: float) -> str:
    """Say what is known before the best plans have been looked for."""
    return (
        f"In 100 wards like this one {_deaths(untreated)} would die by day {LAST_DAY} if nobody "
        f"were treated, and {_deaths(yours)} with your plans."
    )


def _deaths(expected: float) -> str:
    """Write expected deaths of one ward as deaths of 100 wards."""
    return f"{100 * expected:.0f}" if abs(expected) >= 0.0995 else number(100 * expected, 2)


def luck_words(ward: Iterable[Inpatient], plans: Mapping[int, Plan], luck: int) -> str:
    """Say what one throw of the dice made of the plans. It is not what is scored."""
    died, infected, beds = [], 0, 0
    for person in ward:
        plan = plans.get(person.bed, ())
        drawn = drawn_outcome(person, plan, luck)
        beds += 1
        infected += bool(drawn["secondary_infection"])
        if drawn["died"]:
            risk = percent(outlook(person, plan).death)
            died.append(f"{person.label} (risk {risk}) died on day {drawn['death_day']:.0f}")
    end = listing(died) or "nobody died"
    return (
        f"Throw {luck + 1}: {end}; {beds - len(died)} of {beds} lived. "
        f"{infected or 'None'} had a secondary infection. Another throw may end otherwise; what is "
        "scored is the risk, which has no luck in it."
    )


def patient_words(
    person: Inpatient, plans: Mapping[int, Plan], best: Plan | None = None
) -> list[str]:
    """Say who a patient was, what the learner's plan did and what would have been better.

    Parameters
    ----------
    person : Inpatient
    plans : mapping of int to tuple of Order
        What the learner gave, by bed.
    best : tuple of Order, optional
        The best plan found; None: not looked for yet.

    Returns
    -------
    list of str
        Sentences, the first of which is a heading.
    """
    row, plan = kinds()[person.kind], plans.get(person.bed, ())
    untreated, yours = outlook(person), outlook(person, plan)
    risks = f"Risk of death {percent(untreated.death)} untreated"
    risks += f", {percent(yours.death)} with your plan" if plan else " (you gave nothing)"
    if best is not None:
        risks += f", {percent(_better(person, plan, best)[1])} with the best plan found"
    lines = [
        f"{person.label}: {row['name']}.",
        f"{risks}.",
        f"What was behind it: {row['cause']}. {_tell_words(person, plans)}",
    ]
    drove = [f"{c.what} {percent(c.death)}" for c in causes(person)[:3]]
    if drove:
        lines.append(
            f"Had one thing been ordinary, the untreated risk would have been: {'; '.join(drove)}."
        )
    lines.append(_definition_words(person, plan))
    lines += [_order_words(person, plan, order) for order in plan]
    if len(plan) > 1 and yours.infection - untreated.infection > 0.01:
        lines.append(
            f"Together your drugs raised the chance of a secondary infection from "
            f"{percent(untreated.infection)} to {percent(yours.infection)}."
        )
    if best is not None:
        lines += _best_words(person, plan, best)
    return lines


def _tell_words(person: Inpatient, plans: Mapping[int, Plan]) -> str:
    """Say which test could have given the patient away, or that none did."""
    found = []
    for tell in tells(person, plans):
        row = physiology.readouts()[tell.test]
        value = quantity(tell.value, row["unit"], 2)
        found.append(
            f"{in_sentence(row['name'])} the {tell.extreme} on the ward on day {tell.day} ({value})"
        )
    if not found:
        return "No test told this patient apart from the others."
    among = " among those with much virus" if kinds()[person.kind]["among"] else ""
    return f"What could be seen: {listing(found)}{among}."


@lru_cache(maxsize=64)
def _definition_words(person: Inpatient, plan: Plan) -> str:
    """Say what the definitions of a cytokine storm make of the last sheet."""
    sheet = chart(person, plan, len(ROUNDS)).iloc[-1].to_dict()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TeachingWarning)
        found = criteria.classify(sheet)["verdict"]
    count = [sum(verdict is answer for verdict in found) for answer in (True, False, None)]
    yes, no, open_ = (str(n or "none") for n in count)
    return (
        f"Was it a 'cytokine storm'? Of {len(found)} published definitions, {yes} would say yes to "
        f"the last sheet, {no} would say no, and {open_} cannot be decided from these tests."
    )


def _better(person: Inpatient, plan: Plan, best: Plan) -> tuple[Plan, float]:
    """Return the better of two plans and its risk."""
    return min(((p, outlook(person, p).death) for p in (best, plan)), key=lambda item: item[1])


def _order_words(person: Inpatient, plan: Plan, order: Order) -> str:
    change = effect(person, plan, order)
    what = f"You gave {order.words()}"
    if change < -NOTICED:
        return (
            f"{what}: it lowered the risk by {points(change)}; {_why(person, plan, order, change)}."
        )
    if change > NOTICED:
        return (
            f"{what}: it raised the risk by {points(change)}; {_why(person, plan, order, change)}."
        )
    return f"{what}: it made hardly any difference; {_why(person, plan, order, change)}."


def _why(person: Inpatient, plan: Plan, order: Order, change: float) -> str:
    """Say why an order did what it did, from the course of the virus and of the hazards."""
    row = levers()[drugs()[order.drug]["class"]]
    peak = peak_day(person)
    early = order.day <= peak
    titre = person.patient.traits["ifn_autoantibody"]
    if order.drug == "ifn_alpha2" and titre >= 1 and change > -NOTICED:
        return "the patient's antibodies neutralise interferon alpha (but not beta)"
    if row["class"] == "4-aminoquinoline":
        return f"it {row['what']}"
    if row["lever"] == "virus":
        if change < -NOTICED:
            return f"it {row['what']}, and the virus in the lung did not peak before day {peak}"
        if early:
            return f"it {row['what']}, but the lung was in little danger from the virus"
        return f"the virus in the lung had peaked on day {peak}: little was left to prevent"
    if row["lever"] == "cells":
        return f"it {row['what']}, which is a slow help at best"
    if change > NOTICED:
        times = virus_change(person, plan, order)
        if _infection_share(person, plan, order, change) > 0.5:
            return "most of that is secondary infection, as the drug weakens the defence"
        if times >= 1.5:
            return (
                f"the virus was still there, and with the defence damped the lung came to hold up "
                f"to {number(times, 2)} times as much of it"
            )
        return "what it blocks was not what drove this illness, and repair of the lung missed it"
    if change < -NOTICED:
        if early:
            return f"it {row['what']}, and inflammation was what this lung suffered from"
        return f"the virus was past its peak (day {peak}), and inflammation did the damage"
    return "what it blocks was not what drove this illness"


def _infection_share(person: Inpatient, plan: Plan, order: Order, change: float) -> float:
    """Return about which share of a harm comes from secondary infection."""
    rest = tuple(other for other in plan if other != order)
    with_it, without = outlook(person, plan), outlook(person, rest)
    return 0.2 * (with_it.infection - without.infection) / change


def _best_words(person: Inpatient, plan: Plan, best: Plan) -> list[str]:
    untreated, yours = outlook(person).death, outlook(person, plan).death
    best, risk = _better(person, plan, best)
    if untreated - risk <= NOTICED and yours - risk <= NOTICED:
        return ["No plan lowers this risk by more than 2 in 1,000: to give nothing was right."]
    if untreated - risk <= NOTICED:
        return [
            "No plan lowers this risk by more than 2 in 1,000: this patient needed no drug, and "
            f"yours cost {points(yours - risk)}."
        ]
    lines = [f"The best plan found is {plan_words(best)}: {percent(risk)}."]
    if yours - risk <= NOTICED:
        return [*lines, "Yours is as good as that."]
    lines.append(f"Against it, yours costs {points(yours - risk)}.")
    mine = {order.drug: order for order in plan}
    for order in best:
        if order.drug in mine and mine[order.drug] != order:
            moved = tuple(order if o.drug == order.drug else o for o in plan)
            gain = yours - outlook(person, moved).death
            if gain > NOTICED:
                given = mine[order.drug]
                how = "day" if given.day != order.day else "dose"
                lines.append(
                    f"With the same drugs, {order.words()} would have come to {points(gain)} less: "
                    f"the {how} matters."
                )
    rule = steroid_on_oxygen(person)
    if rule and set(rule) != set(plan):
        said = percent(outlook(person, rule).death)
        lines.append(f"The rule 'dexamethasone for all on oxygen' comes to {said} here.")
    return lines
