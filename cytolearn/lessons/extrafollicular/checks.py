"""What the model says about lesson 4: every expected number, and what the usual mistakes give.

Content.toml names these functions. No number of the model is written down here or there.
"""

from __future__ import annotations

import math
import warnings
from functools import cache, lru_cache

import numpy as np

import cytolearn as cl
from cytolearn.apps import explorer
from cytolearn.apps.base_rate import expected_cases, results_of_a_test
from cytolearn.apps.causes import WORLDS
from cytolearn.lessons.answers import Expected
from cytolearn.lessons.claims import Shown
from cytolearn.lessons.content import load_content, person
from cytolearn.lessons.curves import at, peak
from cytolearn.treatments.teaching import TeachingWarning
from cytolearn.wording import listing, number, percent

ANA, NORA, LUCY = "mild", "extrafollicular", "lupus_like"
ENOUGH = 15  # AU of neutralising antibody: halves infection (tasks)
SAMPLE_DAY = 10
HELPED = 0.75  # "cut by at least a quarter": task 3
NOTICED = 0.05  # a change of the peak below this is hardly a difference
PLASMA_DAYS = (0, 3, 6, 9)
BIASES = range(9)
#: Prevalence, sensitivity and specificity of task 4, in per cent.
TEST = (2.0, 90.0, 90.0)
BETTER_SPECIFICITY = 99.0
#: Children of the two counts of the calculator (see the card "misc").
MISC_PER_MILLION, OMICRON_PER_MILLION = 273.0, 35.0
#: A fair gate: half-way between negative and positive.
FAIR_GATE = {"igd": 2.6, "cd27": 2.6, "cxcr5": 2.6, "cd11c": 2.5}


@lru_cache(maxsize=128)
def course(preset: str, drug: str = "", day: int = 0, bias: float | None = None):
    """Return the course of a preset: with a drug from one day on, or with another bias."""
    patient = cl.Patient(preset)
    patient = patient if bias is None else patient.but(ef_bias=bias)
    with warnings.catch_warnings():  # a steroid on day 0 is odd on purpose here
        warnings.simplefilter("ignore", TeachingWarning)
        return (patient.treat(cl.treatment(drug, day=day)) if drug else patient).run()


def first_day(preset: str) -> float:
    """Return the day on which antibody first halves infection (NaN: never)."""
    enough = course(preset)["nab"].gt(ENOUGH)
    return float(enough.idxmax()) if enough.any() else math.nan


def share_left(drug: str, day: int, readout: str = "lesion") -> float:
    """Return Nora's treated peak as a share of the untreated one, as precise as it is printed."""
    treated, untreated = course(NORA, drug, day)[readout], course(NORA)[readout]
    return round(peak(treated) / peak(untreated), 3)


# ---------------------------------------------------------------- predictions
def who_has_more_antibody() -> Expected:
    """Whose neutralising antibody is higher on day 10."""
    ana, nora = (at(course(name)["nab"], SAMPLE_DAY) for name in (ANA, NORA))
    ratio = nora / ana
    shown = "A" if ratio < 0.8 else "B" if ratio < 1.25 else "D" if ratio < 3 else "C"
    return Expected(
        shown,
        facts={
            "shown": f"on day {SAMPLE_DAY} Nora has {number(nora, 2)} AU of neutralising antibody, Ana "
            f"{number(ana, 2)}: {number(ratio, 2)} times as much. Nora's lung lesion peaks at "
            f"{number(peak(course(NORA)['lesion']), 2)}% of the lung, Ana's at "
            f"{number(peak(course(ANA)['lesion']), 2)}%"
        },
    )


def without_the_fast_route() -> Expected:
    """What Nora's lung looks like without the fast route."""
    usual, closed = course(NORA), course(NORA, bias=0.0)
    ratio = peak(closed["lesion"]) / peak(usual["lesion"])
    shown = "A" if ratio < 0.3 else "D" if ratio < 1 - NOTICED else "C"
    if abs(ratio - 1) <= NOTICED:
        shown = "B"
    return Expected(
        shown,
        facts={
            "shown": "with her fast route open Nora's lesion peaks at "
            f"{number(peak(usual['lesion']), 2)}% of the lung, with it closed at "
            f"{number(peak(closed['lesion']), 2)}%. Self-reactive antibody falls from "
            f"{number(peak(usual['auto_ab']), 2)} to {number(peak(closed['auto_ab']), 2)} AU"
        },
    )


# ---------------------------------------------------------------- tasks
def days_earlier() -> Expected:
    """How many days earlier Nora's antibody halves infection than Ana's."""
    ana, nora = first_day(ANA), first_day(NORA)
    return Expected(
        ana - nora,
        mistakes={
            "only_nora": nora,
            "only_ana": ana,
            "wrong_sign": nora - ana,
            "ratio": ana / nora,
        },
        facts={"ana": number(ana), "nora": number(nora), "earlier": number(ana - nora, 2)},
    )


@cache
def lesion_by_bias(preset: str) -> dict[int, float]:
    """Return the peak lesion for every whole bias, in % of the lung."""
    return {bias: peak(course(preset, bias=float(bias))["lesion"]) for bias in BIASES}


def best_bias() -> Expected:
    """With which bias Nora's lung is damaged least."""
    nora, ana = lesion_by_bias(NORA), lesion_by_bias(ANA)
    best = min(nora, key=nora.get)
    return Expected(
        float(best),
        mistakes={"none": 0.0, "normal": 1.0, "most": float(max(BIASES))},
        facts={
            "best": str(best),
            "least": number(nora[best], 2),
            "none": number(nora[0], 2),
            "auto_best": f"{peak(course(NORA, bias=float(best))['auto_ab']):.0f}",
            "auto_most": f"{peak(course(NORA, bias=float(max(BIASES)))['auto_ab']):.0f}",
            "ana_best": str(min(ana, key=ana.get)),
        },
    )


def useful_plasma_days() -> Expected:
    """On which days plasma cuts Nora's peak lesion by at least a quarter."""

    def below(limit: float) -> frozenset[str]:
        left = {day: share_left("convalescent_plasma", day) for day in PLASMA_DAYS}
        return frozenset(f"day_{day}" for day, share in left.items() if share <= limit)

    left = {f"left_{d}": percent(share_left("convalescent_plasma", d)) for d in PLASMA_DAYS}
    dex = {f"dex_{d}": percent(share_left("dexamethasone", d)) for d in (0, 9)}
    return Expected(
        below(HELPED),
        mistakes={
            "all_days": frozenset(f"day_{day}" for day in PLASMA_DAYS),
            "no_day": frozenset(),
            "any_benefit": below(0.995),
            "only_first": below(0.5),
        },
        facts=left | dex,
    )


def share_of_true_positives() -> Expected:
    """How many per cent of the positive results are true."""
    found = results_of_a_test(*TEST)
    better = results_of_a_test(*TEST[:2], BETTER_SPECIFICITY)
    of_1000 = 1000 / 10_000
    return Expected(
        found["believed"],
        mistakes={
            "fraction": found["believed"] / 100,
            "sensitivity": TEST[1],
            "prevalence": TEST[0],
            "odds": 100 * found["true"] / found["false"],
        },
        facts={
            "true": number(found["true"] * of_1000),
            "false": number(found["false"] * of_1000),
            "percent": number(found["believed"], 3),
            "better": number(better["believed"], 2),
        },
    )


# ---------------------------------------------------------------- evidence: what the model shows
def early_antibody() -> str:
    return f"It does: {who_has_more_antibody().facts['shown']}."


def closed_centres() -> str:
    days = (14, 40)
    said = [
        f"on day {day} Nora's germinal centres stand at "
        f"{number(at(course(NORA)['germinal_centre'], day), 2)} (0 to 1), Ana's at "
        f"{number(at(course(ANA)['germinal_centre'], day), 2)}"
        for day in days
    ]
    late = {
        "Ana": ANA,
        "Nora": NORA,
        "a patient with a strong inflammasome": "mas_like",
        "one with a strong IL-6 loop": "il6_dysregulated",
    }
    antibody = [
        f"{name} {number(at(course(preset)['nab'], days[-1]), 3)}" for name, preset in late.items()
    ]
    return (
        f"Held down, and back later, not lost: {'; '.join(said)}. Neutralising antibody on day "
        f"{days[-1]}, in AU: {listing(antibody)}."
    )


def self_reactive_part() -> str:
    marks = page("affinity", "Nora").marks()
    said = [
        f"{name} {number(one['self_reactive'], 2)}%"
        for name, one in marks.items()
        if name != "your patient"
    ]
    nora = number(marks["your patient"]["self_reactive"], 2)
    return f"Self-reactive share of the fast antibody: Nora {nora}%, {', '.join(said)}."


def comes_to_rest() -> str:
    return covid_comes_to_rest().words


def dn2_order() -> str:
    flow = page("flow", "Nora")
    shares = {"Nora": 100 * flow.mixture()["dn2"]}
    for name in ("Lucy", "Ana"):
        shares[name] = 100 * page("flow", name).mixture()["dn2"]
    said = listing(f"{name} {number(share, 2)}%" for name, share in shares.items())
    return f"The order follows the fast route, the sizes are assumed. DN2 cells on day 8: {said}."


def clotting() -> str:
    usual, none = course(NORA), cl.Patient(NORA).but(self_reactivity=0).run()
    return (
        f"Nora's D-dimer peaks at {number(peak(usual['d_dimer']), 2)} µg/mL, without any self-reactive "
        f"antibody at {number(peak(none['d_dimer']), 2)}: a small part, because the evidence is contested."
    )


def _plasma_leaves(days: tuple[int, ...]) -> str:
    said = [f"from day {day} {percent(share_left('convalescent_plasma', day))}" for day in days]
    return f"Of Nora's untreated peak lesion plasma leaves {listing(said)}."


def plasma_late() -> str:
    return _plasma_leaves(PLASMA_DAYS[2:])


def plasma_early() -> str:
    return _plasma_leaves(PLASMA_DAYS[:2])


def steroid_by_day() -> str:
    lesion = [percent(share_left("dexamethasone", day)) for day in (0, 9)]
    own = [percent(share_left("dexamethasone", day, "auto_ab")) for day in (0, 9)]
    return (
        f"Dexamethasone from day 9 leaves Nora {lesion[1]} of her peak lesion and {own[1]} of her "
        f"self-reactive antibody; from day 0 {lesion[0]} and {own[0]}: too early, more virus, worse."
    )


def misc_counted() -> str:
    mean, low, high = expected_cases(MISC_PER_MILLION, 100_000)
    return (
        "There are no children in the model. The calculator in the tab 'Harm and chance' turns the first "
        f"count into {number(mean, 2)} cases among 100,000 infections ({low} to {high} by chance alone)."
    )


# ---------------------------------------------------------------- claims and misconceptions
@cache
def app():
    """Return the lesson's app, as the learner gets it."""
    content = load_content("extrafollicular")
    spec = content["explorer"]
    people = {name: person(content, name) for name in content["patients"]}
    return explorer(
        people.pop(spec["reference"]),
        spec["controls"],
        spec["readouts"],
        spec["treatments"],
        tabs=spec["tabs"],
        people=people,
    )


def page(tab: str, who: str):
    """Return a tab with a person of the story on show."""
    made = app().reset()
    if who != "Ana":
        made.show(who)
    return made.pages[tab]


def race_of(who: str, fast: bool = True, centre: bool = True) -> dict[str, float]:
    """Return the marks of a race in the tab "Two clocks"."""
    clocks = page("clocks", who)
    clocks.switch(fast, centre)
    found = clocks.results()
    clocks.switch(True, True)
    return found


def early_antibody_marks_danger() -> Shown:
    """003-01, M25: antibody goes with harm in all; with as much virus it depends on how much."""
    titre = page("downstream", "Nora").show("titre")
    words, found = [], []
    for level in (0, 5, 1):  # everybody, much virus, little virus
        words.append(titre.choose(level=level, plasma=False))
        found.append(titre.results()["correlation"])
    titre.choose(level=0)
    among_all, much, little = found
    more = who_has_more_antibody().value == "C"
    return Shown(more and among_all > 0.2 and much < -0.2 and little > 0.2, " ".join(words))


def a_complication_is_real_and_rare() -> Shown:
    """003-06: the calculator: cases are there, and they are few."""
    rate = page("downstream", "Ana").show("base_rate")
    words = rate.calculate("complication", risk=MISC_PER_MILLION, infections=1e6)
    cases = rate.results()["cases"]
    rarer = rate.calculate("complication", risk=OMICRON_PER_MILLION)
    fewer = rate.results()["cases"]
    return Shown(0 < cases < 1e-3 * 1e6 and fewer < cases / 5, f"{words} Later: {rarer}")


def antibody_blocks_infection() -> Shown:
    """003-10: without any antibody the virus stays, in Nora and in Ana."""
    both, none = race_of("Nora"), race_of("Nora", fast=False, centre=False)
    words = (
        f"With antibody Nora's virus in the lung peaks at {number(both['peak'])} log10 copies/mL and is gone "
        f"by day {number(both['gone'])}; without any it peaks at {number(none['peak'])} and is still there on "
        "the last day. So it is in Ana, whose virus never got far."
    )
    stays = all(
        math.isnan(race_of(who, fast=False, centre=False)["gone"]) for who in ("Nora", "Ana")
    )
    return Shown(none["peak"] > both["peak"] and stays, words)


def complexes_call_inflammation() -> Shown:
    """003-11, M26: the same antibody with a silent stem, and without its arms."""
    ends = page("downstream", "Nora").show("ends")
    silent, quiet = ends.change(blocks=1, calls=0), ends.results()
    blunt, loose = ends.change(blocks=0, calls=1), ends.results()
    ends.change(blocks=1, calls=1)
    same_virus = abs(quiet["viral_load_lung"][1] - quiet["viral_load_lung"][0]) < 0.1
    calmer = all(quiet[name][1] < 0.5 * quiet[name][0] for name in ("d_dimer", "lesion"))
    worse = loose["lesion"][1] > loose["lesion"][0] * (1 + NOTICED)
    return Shown(same_virus and calmer and worse, f"{silent} {blunt}")


def self_antibody_harms_without_virus() -> Shown:
    """003-12: Lucy, who has no virus: her own antibody does it, and it does not end."""
    downstream = page("downstream", "Lucy")
    ends = downstream.show("ends")
    words = ends.change(blocks=1, calls=0)
    found = ends.results()
    ends.change(blocks=1, calls=1)
    stays = page("affinity", "Lucy").marks()["your patient"]["left"]
    harmed = found["viral_load_lung"][0] < 0.01 and found["lesion"][0] > 5 > found["lesion"][1]
    return Shown(
        harmed and stays > 90,
        f"{words} With the usual antibody her lesion peaks at {number(found['lesion'][0], 2)}% of the lung, "
        f"without any virus, and on the last day {number(stays, 2)}% of her self-reactive antibody is there.",
    )


def training_improves_antibody() -> Shown:
    """003-13: germinal-centre antibody becomes stronger, fast antibody does not."""
    words = page("affinity", "Ana").summary().split("\n")[0]
    strength = app().course["affinity"]
    before, after = at(strength, 0), at(strength, 40)
    return Shown(after > 2 * before, words)


def training_takes_weeks() -> Shown:
    """003-14: the slow clock of Ana, and the published day of a positive test."""
    marks = race_of("Ana")
    clocks = page("clocks", "Ana")
    words = clocks.test(12)
    return Shown(marks["takeover"] >= 14 and clocks.results()["positive"] >= 0.5, words)


def the_fast_route_comes_first() -> Shown:
    """003-15: with the fast route off, the first antibody comes later."""
    on, off = race_of("Nora"), race_of("Nora", fast=False)
    words = (
        f"Nora's antibody halves infection on day {number(on['first'])}; with the fast route off on day "
        f"{number(off['first'])}."
    )
    return Shown(on["first"] + 7 < off["first"], words)


def speed_costs_tolerance() -> Shown:
    """003-16: along the bias, antibody comes earlier and more of it is self-reactive."""
    days, shares = page("affinity", "Nora").price()
    words = (
        f"From the lowest to the highest bias Nora's antibody moves from day {number(days[0])} to day "
        f"{number(days[-1])}, and its self-reactive share from {number(shares[0], 2)} to "
        f"{number(shares[-1], 2)}%."
    )
    return Shown(bool((np.diff(days) < 0).all() and (np.diff(shares) > 0).all()), words)


def the_fast_route_subsides() -> Shown:
    """003-17: it subsides; with the germinal centre closed the virus brings it back in Ana."""
    on, closed = race_of("Ana"), race_of("Ana", centre=False)
    top = peak(course(ANA)["plasmablasts_ef"]) / at(course(ANA)["plasmablasts_ef"], -5)
    words = (
        f"Ana's fast plasmablasts rise to {number(top, 2)} times normal and stand at {number(on['left'], 2)} "
        f"times on day 40; with the germinal centre closed at {number(closed['left'], 2)} times, because "
        f"the virus is back from day {number(closed['back'])} on."
    )
    back = math.isnan(on["back"]) and closed["back"] > closed["gone"]
    return Shown(on["left"] < 0.3 * top and closed["left"] > 2 * on["left"] and back, words)


def lupus_never_rests() -> Shown:
    """003-18: the fast route of lupus lasts, with self-reactive antibody and damage."""
    affinity = page("affinity", "Nora")
    marks, lucy = affinity.marks(), course(LUCY)
    lupus = marks["lupus, no virus"]
    words = affinity.summary().split("\n")[1]
    lasting = lupus["left"] > 90 and lupus["auto_peak"] > 5 * marks["Ana"]["auto_peak"]
    return Shown(lasting and peak(lucy["lesion"]) > 1, words)


def dn2_cells_mark_lupus() -> Shown:
    """003-19: one and the same gate: more in lupus than in Ana at rest, more the more active."""
    shares = []
    for strength in (0.0, 0.12, 0.5):
        flow = page("flow", "Lucy")
        app().set(self_antigen=strength)
        flow.gate(**FAIR_GATE)
        shares.append(flow.counts()["percent"])
    words = (
        f"With one gate, DN2 cells without self-antigen {number(shares[0], 2)}%, in Lucy "
        f"{number(shares[1], 2)}%, in lupus four times as strongly driven {number(shares[2], 2)}%."
    )
    return Shown(shares[0] < shares[1] < shares[2], words)


def nora_resembles_lucy() -> Shown:
    """003-20: both stand above Ana in the marks of the fast route."""
    marks = page("affinity", "Nora").marks()
    ana, nora, lucy = marks.values()
    keys = ("plasmablasts", "self_reactive", "auto_peak")
    words = "; ".join(
        f"{key.replace('_', ' ')}: Ana {number(ana[key], 2)}, Nora {number(nora[key], 2)}, Lucy "
        f"{number(lucy[key], 2)}"
        for key in keys
    )
    alike = all(min(nora[key], lucy[key]) > 1.5 * ana[key] for key in keys)
    return Shown(
        alike, f"{words}. (The study had 10 patients in intensive care and 7 outpatients.)"
    )


def severe_patients_are_early() -> Shown:
    """003-21: Nora's antibody is early, plentiful and neutralises."""
    nora, ana = race_of("Nora"), race_of("Ana")
    words = (
        f"Antibody halves infection on day {number(nora['first'])} in Nora and on day "
        f"{number(ana['first'])} in Ana."
    )
    return Shown(nora["first"] + 4 < ana["first"], words)


def two_tests_two_answers() -> Shown:
    """003-22: the same people, two borders: how many 'have autoantibodies'."""
    rate = page("downstream", "Nora").show("base_rate")
    positive = []
    for specificity in (TEST[2], BETTER_SPECIFICITY):
        rate.calculate("test", prevalence=TEST[0], sensitivity=TEST[1], specificity=specificity)
        found = rate.results()
        positive.append((found["true"] + found["false"]) / 10_000)
    words = (
        f"Of the same people {percent(positive[0])} are positive with a specificity of {TEST[2]:g}% and "
        f"{percent(positive[1])} with one of {BETTER_SPECIFICITY:g}%."
    )
    own = peak(course(NORA)["auto_ab"]) > 5 * peak(course(ANA)["auto_ab"])
    return Shown(own and positive[0] > 3 * positive[1], words)


def a_common_cause() -> Shown:
    """003-23: the association with a bad outcome; the common cause behind it."""
    shown = early_antibody_marks_danger()
    worse = peak(course(NORA)["lesion"]) > 2 * peak(course(ANA)["lesion"])
    return Shown(shown.holds and worse, shown.words)


def covid_comes_to_rest() -> Shown:
    """003-24: Nora's self-reactive antibody goes away; in lupus it stays."""
    marks = page("affinity", "Nora").marks()
    nora, lupus = marks["your patient"]["left"], marks["lupus, no virus"]["left"]
    words = (
        f"On day 120 {number(nora, 2)}% of Nora's self-reactive antibody is left, in lupus "
        f"{number(lupus, 2)}%."
    )
    return Shown(nora < 5 and lupus > 90, words)


def a_normal_response_can_harm() -> Shown:
    """003-25: Ana with a stronger fast response: less virus, more damage."""
    made = app().reset().set(ef_bias=5)
    usual, strong = course(ANA), made.course
    made.reset()
    virus = [peak(c["viral_load_lung"]) for c in (usual, strong)]
    lesion = [peak(c["lesion"]) for c in (usual, strong)]
    words = (
        f"With bias 5 Ana's virus peaks lower ({number(virus[1])} instead of {number(virus[0])} log10 "
        f"copies/mL) and her lesion higher ({number(lesion[1], 2)} instead of {number(lesion[0], 2)}%)."
    )
    return Shown(virus[1] < virus[0] and lesion[1] > lesion[0] * (1 + NOTICED), words)


def long_responses_harm_more() -> Shown:
    """003-26: the longer and the stronger it is driven, the more antibody and damage."""
    made = app().reset().show("Lucy")
    lucy = made.course
    stronger = made.set(self_antigen=0.5).course
    made.reset()
    days = [at(lucy["lesion"], day) for day in (10, 40)]
    words = (
        f"Lucy's lesion grows from {number(days[0], 2)}% on day 10 to {number(days[1], 2)}% on day 40; with "
        f"more self-antigen to {number(peak(stronger['lesion']), 2)}%."
    )
    return Shown(days[1] > 1.2 * days[0] and peak(stronger["lesion"]) > days[1], words)


def neither_route_is_bad() -> Shown:
    """M27: close the fast route in Nora: more virus; close the slow one in Ana: it comes back."""
    on, off = race_of("Nora"), race_of("Nora", fast=False)
    ana, closed = race_of("Ana"), race_of("Ana", centre=False)
    words = (
        f"Without the fast route Nora's virus peaks at {number(off['peak'])} instead of {number(on['peak'])} "
        f"log10 copies/mL and goes on day {number(off['gone'])} instead of {number(on['gone'])}. Without "
        f"germinal centres Ana's antibody is sufficient on day {number(closed['first'])} instead of "
        f"{number(ana['first'])}; her virus is below the limit on day {number(closed['gone'])} and back on "
        f"day {number(closed['back'])}, and her fast route is active again on day 40."
    )
    fast_protects = off["peak"] > on["peak"] + 0.2 and off["gone"] > on["gone"] + 5
    later = closed["first"] > ana["first"] + 1 and closed["left"] > 2 * ana["left"]
    slow_needed = later and math.isnan(ana["back"]) and closed["back"] > closed["gone"]
    return Shown(fast_protects and slow_needed, words)


def most_positives_can_be_false() -> Shown:
    """M28: specificity from 99 to 90 per cent; and Nora's self-reactive antibody goes away."""
    rate = page("downstream", "Nora").show("base_rate")
    words, believed = [], []
    for specificity in (BETTER_SPECIFICITY, TEST[2]):
        words.append(
            rate.calculate("test", prevalence=TEST[0], sensitivity=TEST[1], specificity=specificity)
        )
        believed.append(rate.results()["believed"])
    rest = covid_comes_to_rest()
    return Shown(
        believed[0] > 50 > 20 > believed[1] and rest.holds, f"{' '.join(words)} {rest.words}"
    )


def a_test_has_a_day() -> Shown:
    """M29: the same infected people on day 3, 10 and 22."""
    clocks = page("clocks", "Ana")
    words = [clocks.test(day).split("\n")[1] for day in (3, 10, 22)]
    positive = []
    for day in (3, 10, 22):
        clocks.test(day)
        positive.append(clocks.results()["positive"])
    return Shown(positive[0] < 0.3 and positive[1] < 0.5 and positive[2] > 0.95, " ".join(words))


def an_intervention_tells() -> Shown:
    """M30: one scatter, three worlds; only an intervention tells them apart."""
    worlds = page("downstream", "Nora").show("worlds")
    seen, moved = set(), {}
    for world in WORLDS:
        seen.add(worlds.new(world))
        worlds.intervene("antibody")
        harm = worlds.shifts()[1]
        worlds.intervene("harm")
        moved[world] = (abs(harm) > 0.5, abs(worlds.shifts()[0]) > 0.5)
    words = (
        f"Before an intervention all three worlds look the same: {min(seen)} Adding antibody "
        "moves harm only where antibody causes it; taking harm away moves antibody only where harm brings it."
    )
    apart = len(seen) == 1 and len(set(moved.values())) == len(WORLDS)
    return Shown(apart, words)


def plasma_helps_early_only() -> Shown:
    """M31: antibody from a bag, in the app, on day 0, 3 and 9."""
    made = app().reset().show("Nora")
    left = []
    for day in (0, 3, 9):
        made.treat("convalescent_plasma", day=day)
        left.append(peak(made.course["lesion"]) / peak(course(NORA)["lesion"]))
    made.reset()
    words = "Of Nora's peak lesion plasma leaves " + listing(
        f"{percent(share)} from day {day}" for day, share in zip((0, 3, 9), left, strict=True)
    )
    return Shown(left[0] < left[1] < HELPED and left[2] > 1 - NOTICED, f"{words}.")
