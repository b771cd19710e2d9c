"""What the model and the published tables say about lesson 5, and what the usual mistakes give.

Content.toml names these functions. No number of the model is written down here or there.
"""

from __future__ import annotations

import math
import warnings
from functools import lru_cache

import numpy as np
from statsmodels.stats.proportion import proportion_confint

import cytolearn as cl
from cytolearn.apps import explorer, traps
from cytolearn.apps.heatmap import HeatMap
from cytolearn.lessons.answers import Expected
from cytolearn.lessons.claims import Shown
from cytolearn.treatments import drugs
from cytolearn.treatments.teaching import TeachingWarning
from cytolearn.trials import replay_record, replay_summary
from cytolearn.wording import change_in_percent, in_sentence, listing, number

JONAS, MARA, ANA, TESS = "il6_dysregulated", "mas_like", "mild", "moderate"
DAY = 7  # of treatment, predictions and task 1
EARLY, LATE = 3, 9
HELPS = -10.0  # change of the lesion, in %, that counts as clear help: prediction 1
MUCH = -30.0  # task 1
TASK_DRUGS = (
    "anakinra",
    "canakinumab",
    "tocilizumab",
    "infliximab",
    "dexamethasone",
    "baricitinib",
)
START_DAYS = range(-1, 15)


# ---------------------------------------------------------------- the model
@lru_cache(maxsize=256)
def course(preset: str, drug: str = "", day: int = 0, dose: float = 1.0):
    """Return the course of a preset, treated with one drug from one day on or not at all."""
    patient = cl.Patient(preset)
    with warnings.catch_warnings():  # odd start days and doses are what the tasks are about
        warnings.simplefilter("ignore", TeachingWarning)
        given = [cl.treatment(drug, day=day, scale=dose)] if drug else []
    return patient.treat(given).run() if given else patient.run()


def change(preset: str, drug: str, day: int, dose: float = 1.0) -> float:
    """Return the change of the lesion over the whole illness, in %."""
    treated, without = course(preset, drug, day, dose)["lesion"], course(preset)["lesion"]
    return float(100 * (treated.sum() / without.sum() - 1))


def peak_change(preset: str, drug: str, day: int) -> float:
    """Return the change of the worst day's lesion, in %."""
    treated, without = course(preset, drug, day)["lesion"], course(preset)["lesion"]
    return float(100 * (treated.max() / without.max() - 1))


def virus_peak_day(preset: str) -> float:
    """Return the day of the most virus in the untreated lung, since the first symptom."""
    return float(course(preset)["viral_load_lung"].idxmax())


def percent(value: float) -> str:
    return change_in_percent(value / 100)


def changes(preset: str, *pairs: tuple[str, int]) -> str:
    return listing(
        f"{in_sentence(drugs()[d]['name'])} {percent(change(preset, d, day))}" for d, day in pairs
    )


# ---------------------------------------------------------------- predictions
def two_drugs() -> Expected:
    """Whom anakinra and tocilizumab help, both from day 7."""
    helps = {
        (who, drug): change(who, drug, DAY) <= HELPS
        for who in (MARA, JONAS)
        for drug in ("anakinra", "tocilizumab")
    }
    seen = tuple(helps.values())
    shown = {(True, True, True, True): "A", (True, False, False, True): "B",
             (False, True, True, False): "C"}.get(seen, "D")  # fmt: skip
    both = (("anakinra", DAY), ("tocilizumab", DAY))
    return Expected(
        shown,
        facts={
            "shown": f"from day {DAY}, change of the lung lesion over the whole illness: in Mara "
            f"{changes(MARA, *both)}; in Jonas {changes(JONAS, *both)}"
        },
    )


def one_steroid() -> Expected:
    """What dexamethasone does to Ana early and to Mara late."""
    ana, mara = change(ANA, "dexamethasone", EARLY), change(MARA, "dexamethasone", LATE)
    shown = {(True, True): "A", (False, True): "B", (True, False): "C"}.get(
        (ana < 0, mara < 0), "D"
    )
    risks = {
        who: (100 * risk(who), 100 * risk(who, "dexamethasone", day))
        for who, day in ((ANA, EARLY), (MARA, LATE))
    }
    return Expected(
        shown,
        facts={
            "shown": f"Ana, from day {EARLY}: lung lesion {percent(ana)}, from very little; risk of "
            f"death {number(risks[ANA][0], 2)}% without and {number(risks[ANA][1], 2)}% "
            f"with it. Mara, from day {LATE}: lesion {percent(mara)}, risk of death "
            f"{number(risks[MARA][0], 2)}% without and {number(risks[MARA][1], 2)}% with it"
        },
    )


def risk(preset: str, drug: str = "", day: int = 0, dose: float = 1.0) -> float:
    """Return the risk of death within 28 days of the first symptom, 0 to 1 (assumed map)."""
    from cytolearn.clinic import death_risk

    run = course(preset, drug, day, dose)
    age = cl.Patient(preset).traits["age"]
    lesion, hazard = run["lesion"], run["infection_hazard"]
    return float(
        death_risk(
            lesion.index.to_numpy(), lesion.to_numpy()[None], hazard.to_numpy()[None], [age]
        )[0]
    )


# ---------------------------------------------------------------- tasks
def drugs_for_mara() -> Expected:
    """Which drugs cut Mara's lesion by 30% or more."""

    def cut(who: str, limit: float) -> frozenset[str]:
        return frozenset(d for d in TASK_DRUGS if change(who, d, DAY) <= limit)

    found = cut(MARA, MUCH)
    best = min(TASK_DRUGS, key=lambda d: change(MARA, d, DAY))
    return Expected(
        found,
        mistakes={
            "any_benefit": cut(MARA, -0.5),
            "jonas": cut(JONAS, HELPS),
            "everything": frozenset(TASK_DRUGS),
            "only_best": frozenset({best}),
            "only_anakinra": frozenset({"anakinra"}),
        },
        facts={
            "mara": changes(MARA, *((d, DAY) for d in TASK_DRUGS)),
            "jonas": changes(JONAS, *((d, DAY) for d in sorted(found))),
        },
    )


def first_helpful_day() -> Expected:
    """The first whole start day on which dexamethasone leaves Jonas less lesion than nothing."""

    def first(less) -> float:
        return float(next((day for day in range(15) if less(day)), math.nan))

    day = first(lambda d: change(JONAS, "dexamethasone", d) < 0)
    by_risk = first(lambda d: risk(JONAS, "dexamethasone", d) < risk(JONAS))
    by_worst_day = first(lambda d: peak_change(JONAS, "dexamethasone", d) < 0)
    return Expected(
        day,
        mistakes={
            "last_harm": day - 1,
            "since_infection": day + 5,
            "worst_day": by_worst_day,
            "risk_of_death": by_risk,
            "mara": first(lambda d: change(MARA, "dexamethasone", d) < 0),
            "a_lot": first(lambda d: change(JONAS, "dexamethasone", d) < -5),
        },
        facts={
            "day": number(day),
            "before": percent(change(JONAS, "dexamethasone", int(day) - 1)),
            "then": percent(change(JONAS, "dexamethasone", int(day))),
            "early": percent(change(JONAS, "dexamethasone", 1)),
            "virus_peak": number(virus_peak_day(JONAS)),
            "risk_day": number(by_risk),
            "peak_day": number(by_worst_day),
            "mara": number(first(lambda d: change(MARA, "dexamethasone", d) < 0)),
        },
    )


@lru_cache(maxsize=1)
def published():
    """Return the published rows by their id."""
    return cl.evidence.trials().set_index("row_id", drop=False)


def row(row_id: str):
    return published().loc[row_id]


def lives_saved() -> Expected:
    """How many of 100 ventilated patients steroids save, from an odds ratio."""
    steroids = row("STE-MA1")
    ratio, control = float(steroids["effect"]), steroids["events_control"] / steroids["n_control"]

    def saved(risk: float) -> float:
        odds = ratio * risk / (1 - risk)
        return 100 * (risk - odds / (1 + odds))

    right = saved(control)
    return Expected(
        right,
        mistakes={
            "odds_as_risk": 100 * control * (1 - ratio),
            "relative": 100 * (1 - ratio),
            "left": 100 * control - right,
            "odds_left": 100 * ratio * control / (1 - control),
            "share": right / 100,
            "needed": 100 / right,
        },
        facts={
            "saved": number(right, 2),
            "needed": number(100 / right, 2),
            "risk_ratio": f"{1 - right / 100 / control:.2f}",
            "naive": number(100 * control * (1 - ratio), 2),
            "low_saved": number(saved(0.02), 2),
            "low_needed": number(100 / saved(0.02), 2),
        },
    )


def react_rows():
    """Return the trials of the WHO meta-analysis of IL-6 receptor antibodies."""
    rows = cl.evidence.trials()
    return rows[rows["row_id"].str.startswith("REACT6")]


def pooled_within() -> Expected:
    """The pooled odds ratio of the WHO's trials of IL-6 receptor antibodies."""
    rows = react_rows()
    sums = rows[["events_treated", "n_treated", "events_control", "n_control"]].sum()
    a, n, b, m = sums
    pooled = rows.pool("odds ratio", "fixed", shared_controls="split").estimate
    weighted = rows.pool("odds ratio", "random", shared_controls="split").estimate
    return Expected(
        pooled,
        mistakes={
            "added_up": (a / (n - a)) / (b / (m - b)),
            "added_risk": (a / n) / (b / m),
            "inverse": 1 / pooled,
            "random_effects": weighted,
        },
        facts={
            "pooled": f"{pooled:.2f}",
            "added": f"{(a / (n - a)) / (b / (m - b)):.2f}",
            "published": f"{row('IL6-MA1')['effect']:.2f}",
            "k": str(len(rows)),
            "per_control": f"{n / m:.1f}",
        },
    )


# ---------------------------------------------------------------- evidence: what the model shows
def il1_here() -> str:
    return (
        f"From day {DAY} anakinra changes Mara's lung lesion by "
        f"{percent(change(MARA, 'anakinra', DAY))} and Jonas's by "
        f"{percent(change(JONAS, 'anakinra', DAY))}: who is in the trial decides."
    )


def il6_here() -> str:
    return (
        f"From day {DAY} tocilizumab changes Jonas's lung lesion by "
        f"{percent(change(JONAS, 'tocilizumab', DAY))} and Mara's by "
        f"{percent(change(MARA, 'tocilizumab', DAY))}. Harm in Mara is a prediction that no trial "
        "has tested."
    )


def tnf_here() -> str:
    return (
        f"From day {DAY} infliximab changes Jonas's lung lesion by "
        f"{percent(change(JONAS, 'infliximab', DAY))}, Mara's by "
        f"{percent(change(MARA, 'infliximab', DAY))}."
    )


def steroids_here() -> str:
    return (
        f"Dexamethasone changes Mara's risk of death from {number(100 * risk(MARA), 2)}% to "
        f"{number(100 * risk(MARA, 'dexamethasone', LATE), 2)}% if started on day {LATE}; in Ana, "
        f"on day {EARLY}, from {number(100 * risk(ANA), 2)}% to "
        f"{number(100 * risk(ANA, 'dexamethasone', EARLY), 2)}%. {no_oxygen_here()}"
    )


def no_oxygen_here() -> str:
    """Say what the replay of RECOVERY without oxygen found, beside the trial."""
    r = replay_record().loc["dexamethasone_no_oxygen"]
    return (
        "But played as the trial in patients without oxygen, the model shows a benefit, ratio "
        f"{r.model:.2f} ({r.model_low:.2f}-{r.model_high:.2f}); RECOVERY did not, "
        f"{r.published:.2f} ({r.published_low:.2f}-{r.published_high:.2f}), and leaned to harm. "
        "Believe the trial."
    )


def hcq_here() -> str:
    _, page = _given("hydroxychloroquine", EARLY)
    return (
        f"At the usual dose hydroxychloroquine blocks {number(page.effect().max(), 2)}% of the "
        f"virus's entry, because {number(100 * cl.parameters().loc['tmprss2_share', 'baseline'])}% "
        "of it goes through another door; Jonas's lesion changes by "
        f"{percent(change(JONAS, 'hydroxychloroquine', EARLY))}. The model knows none of the drug's "
        "harms."
    )


def jak_here() -> str:
    return (
        f"From day {DAY} baricitinib changes Jonas's lung lesion by "
        f"{percent(change(JONAS, 'baricitinib', DAY))}, Mara's by "
        f"{percent(change(MARA, 'baricitinib', DAY))}. The model overrates the class: beside "
        "COV-BARRIER its estimate is too good."
    )


def crp_here() -> str:
    day = DAY + 5
    treated, without = course(JONAS, "tocilizumab", DAY), course(JONAS)
    return (
        f"Five days after tocilizumab Jonas's CRP is {number(treated.at(day)['crp'], 2)} mg/L instead "
        f"of {number(without.at(day)['crp'], 2)}; his lesion is {number(treated.at(day)['lesion'], 2)}"
        f"% instead of {number(without.at(day)['lesion'], 2)}%. The laboratory gets well "
        "before the lung does."
    )


def timing_here() -> str:
    return (
        "Who and when both decide. From day "
        f"{DAY} anakinra changes the lesion by {percent(change(MARA, 'anakinra', DAY))} in Mara and "
        f"by {percent(change(JONAS, 'anakinra', DAY))} in Jonas. "
        f"Remdesivir from day 1 changes Jonas's lesion by {percent(change(JONAS, 'remdesivir', 1))}, "
        f"from day {LATE + 2} by {percent(change(JONAS, 'remdesivir', LATE + 2))}; dexamethasone by "
        f"{percent(change(JONAS, 'dexamethasone', 1))} and "
        f"{percent(change(JONAS, 'dexamethasone', LATE + 2))}."
    )


def replays_here() -> str:
    return replay_summary()


# ---------------------------------------------------------------- claims and misconceptions
@lru_cache(maxsize=1)
def app():
    """Return one app for all proofs, the lesson's own with half of its drugs: tabs are made once."""
    return explorer(
        JONAS,
        controls=("sensing_delay", "viral_antagonism", "mas_gain", "il6_gain", "ef_bias",
                  "t_cell_reserve"),
        treatments=(*TASK_DRUGS, "sarilumab", "remdesivir", "hydroxychloroquine"), tabs=("pharmacology", "heatmap", "trial", "traps"),
        dose=True, slots=2,
    )  # fmt: skip


def _given(drug: str, day: int):
    """Return the app and its tab of the drug in the body, with one drug given to Jonas."""
    made = app().reset().treat(drug, day=day)
    return made, made.pages["pharmacology"]


@lru_cache(maxsize=4)
def heat(day: int = DAY) -> HeatMap:
    """Return the heat map of all drugs in all patients from one day on, computed."""
    page = app().reset().pages["heatmap"].choose("patients", day=day, outcome="lesion")
    page.run()
    return page


def _cell(drug: str, who: str, day: int = DAY, outcome: str = "lesion") -> float:
    return heat(day).change(drug, who, day, outcome)


def _cells(*asked: tuple[str, str], day: int = DAY) -> str:
    names = {MARA: "MAS-like", JONAS: "IL-6 type", ANA: "mild"}
    return "; ".join(
        f"{drugs()[d]['name']}, {names[who]}: {percent(_cell(d, who, day))}" for d, who in asked
    )


def il1_helps_the_selected() -> Shown:
    """000-16: the heat map: IL-1 blockers help one kind of patient."""
    mara, jonas = _cell("anakinra", MARA), _cell("anakinra", JONAS)
    words = _cells(("anakinra", MARA), ("anakinra", JONAS), ("canakinumab", MARA))
    cohort, trial = row("IL1-08")["effect"], row("IL1-03")["effect"]
    words += (
        f" Published: cohort {cohort} (Huet), trial not chosen by suPAR {trial} (CORIMUNO-ANA-1)."
    )
    return Shown(mara <= MUCH and jonas > HELPS and cohort < trial, words)


def il6_helps() -> Shown:
    """000-17: pooled trials, and the model's IL-6 type."""
    pooled = react_rows().pool("odds ratio", "fixed", shared_controls="split")
    words = f"{pooled.summary()} {_cells(('tocilizumab', JONAS), ('sarilumab', JONAS))}"
    return Shown(pooled.high < 1 and _cell("tocilizumab", JONAS) < 0, words)


def tnf_is_open() -> Shown:
    """000-18: helps in the model; the trial missed its planned outcome and hit a second one."""
    planned, second = row("TNF-01"), row("TNF-02")
    missed = planned["ci_low"] < 1 < planned["ci_high"]
    words = (
        f"{_cells(('infliximab', JONAS), ('infliximab', MARA))} ACTIV-1, recovery: "
        f"{planned['effect']} ({planned['ci_low']} to {planned['ci_high']}); death, a secondary "
        f"outcome: {second['effect']} ({second['ci_low']} to {second['ci_high']})."
    )
    return Shown(bool(missed and second["ci_high"] < 1 and _cell("infliximab", MARA) < 0), words)


def steroids_by_severity() -> Shown:
    """000-19, 003-27, M37: the same drug helps Mara late and harms Ana early."""
    ana = _cell("dexamethasone", ANA, EARLY, "death")
    mara = _cell("dexamethasone", MARA, LATE, "death")
    strata = [row(name)["effect"] for name in ("STE-02", "STE-03", "STE-04")]
    words = (
        f"Dexamethasone changes the risk of death by {number(ana, 2)} percentage points in a mild "
        f"patient from day {EARLY} and by {number(mara, 2)} in a MAS-like one from day {LATE}. "
        f"RECOVERY: ventilated {strata[0]}, oxygen {strata[1]}, neither {strata[2]}."
    )
    return Shown(ana > 0 > mara and strata == sorted(strata) and strata[2] > 1, words)


def hcq_does_nothing() -> Shown:
    """000-20, M42: even five times the dose hardly touches entry, lung virus or risk."""
    _, page = _given("hydroxychloroquine", EARLY)
    found = page.by_dose((0.1, 1.0, 5.0))
    moved = float(np.ptp(found["virus"]))
    pooled = row("HCQ-MA1")
    words = (
        f"{page.summary()} From a tenth to five times the dose the lung's virus moves by "
        f"{number(moved, 2)} powers of ten. All trials together: odds ratio {pooled['effect']} "
        f"({pooled['ci_low']} to {pooled['ci_high']})."
    )
    return Shown(bool(page.effect().max() < 5 and moved < 0.1 and pooled["ci_low"] > 1), words)


def jak_shrinks_as_trials_grow() -> Shown:
    """000-21: JAK inhibitors help, less so once the large trial is in."""
    first, all_trials = row("JAK-04")["effect"], row("JAK-MA1")
    words = (
        f"COV-BARRIER {first}; with RECOVERY and all others {all_trials['effect']} "
        f"({all_trials['ci_low']} to {all_trials['ci_high']}). {_cells(('baricitinib', JONAS))}"
    )
    holds = first < all_trials["effect"] and all_trials["ci_high"] < 1
    return Shown(bool(holds and _cell("baricitinib", JONAS) < 0), words)


def many_small_trials() -> Shown:
    """000-02: hydroxychloroquine trials added one by one: small ones say nothing."""
    rows = cl.evidence.trials(
        drug="hydroxychloroquine", outcome="death", design="RCT"
    ).independent()
    line = rows.cumulative("size", measure="odds ratio")
    widths = (line["high"] / line["low"]).to_numpy()
    small = int((line["patients"].diff().fillna(line["patients"]) < 500).sum())
    words = (
        f"{len(line)} trials with deaths in the table, {small} of them with fewer than 500 "
        f"patients. Smallest first, the interval goes from {line['low'].iloc[0]:.2f} to "
        f"{line['high'].iloc[0]:.2f} to {line['low'].iloc[-1]:.2f} to {line['high'].iloc[-1]:.2f}."
    )
    return Shown(bool(small > len(line) / 2 and widths[-1] < widths[0] / 3), words)


def selection_can_help() -> Shown:
    """003-08: describing the disorder tells who profits: IL-1 blockade here."""
    best = {who: min(TASK_DRUGS, key=lambda d, w=who: _cell(d, w)) for who in (MARA, JONAS)}
    words = (
        f"Best of {len(TASK_DRUGS)} drugs from day {DAY}: {drugs()[best[MARA]]['name']} in the "
        f"MAS-like patient, {drugs()[best[JONAS]]['name']} in the IL-6 type. SAVE-MORE, chosen by "
        f"suPAR: {row('IL1-04')['effect']}; CORIMUNO-ANA-1, not: {row('IL1-03')['effect']}."
    )
    return Shown(bool(best[MARA] != best[JONAS] and row("IL1-04")["ci_high"] < 1), words)


def a_marker_of_risk_is_no_marker_of_response() -> Shown:
    """The trap of enrichment: more lives, hardly another ratio."""
    found = play("enrichment", 50)
    n = found.numbers
    more = n["difference_chosen"] < n["difference_all"]
    same = abs(math.log(n["truth_chosen"] / n["truth_all"])) < 0.2
    return Shown(bool(more and same), found.words)


def targets_differ() -> Shown:
    """003-09: a scoreboard of targets: some drugs of autoimmunity worked, some did not."""
    board = {name: row(name) for name in ("IL6-MA1", "JAK-MA1", "TNF-02", "TCB-01", "TCB-02")}
    words = "; ".join(
        f"{r['drug'].replace('_', ' ')} {r['effect']} ({r['ci_low']} to {r['ci_high']})"
        for r in board.values()
    )
    worked = [name for name, r in board.items() if r["ci_high"] < 1]
    return Shown("TCB-02" not in worked and {"IL6-MA1", "JAK-MA1"} <= set(worked), words)


def antiviral_early_steroid_late() -> Shown:
    """003-02: drug A (antiviral) against drug B (steroid) by day of illness."""
    page = app().reset().pages["heatmap"].choose("days", patient=MARA, outcome="lesion")
    days = (1, 9)
    page.run()
    a, b = ([page.change(d, MARA, day) for day in days] for d in ("remdesivir", "dexamethasone"))
    words = (
        f"MAS-like, from day {days[0]}: remdesivir {percent(a[0])}, dexamethasone {percent(b[0])}; "
        f"from day {days[1]}: {percent(a[1])} and {percent(b[1])}."
    )
    return Shown(a[0] < b[0] and b[1] < a[1] and b[1] < 0, words)


# ---- traps ----
@lru_cache(maxsize=32)
def play(name: str, knob: float | None = None, seed: int = 1, null: bool | None = None):
    """Play a trap in the app's tab; all of them share one base trial."""
    return app().pages["traps"].play(name, knob, seed=seed, null=null)


def a_subgroup_is_no_discovery() -> Shown:
    """001-08, M34: the more subgroups of nothing are looked at, the more are significant."""
    few, many = (sum(play("subgroup_hunting", k, s).numbers["significant"] for s in (1, 2, 3, 4))
                 for k in (2, 60))  # fmt: skip
    shakoory = row("IL1-01")
    words = (
        f"Four hunts with 2 subgroups each found {few}, with 60 each {many}. "
        f"{play('subgroup_hunting', 20).words} The claim rests on "
        f"{shakoory['n_treated'] + shakoory['n_control']:.0f} patients of a trial of 763."
    )
    return Shown(bool(many > few and many >= 2), words)


def negative_is_not_no_effect() -> Shown:
    """M35: most small trials of a drug that works are "negative"."""
    found = demonstration_small()
    return Shown(found.numbers["power"] < 0.5 and found.numbers["truth"] < 0.95, found.words)


@lru_cache(maxsize=1)
def demonstration_small():
    from cytolearn.trials.demonstrations import underpowered

    return underpowered(traps.base(), 100, times=20, seed=1)


def phase_two_winners_fail() -> Shown:
    """M05: useless drugs that win a small trial do not win the large one."""
    found = play("phase_two_to_three", 0)
    n = found.numbers
    falls_back = abs(n["second"]) < abs(n["first"]) / 2
    pair = f"SNG001: {row('IFN03')['effect']} in phase 2, {row('IFN04')['effect']} in phase 3."
    holds = n["winners"] >= 3 and n["confirmed"] < 0.5 and falls_back
    return Shown(bool(holds), f"{found.words} {pair}")


def peeking_exaggerates() -> Shown:
    """M39: a useless drug is stopped for benefit more often, with a striking estimate."""
    found = play("stopping_early", 10)
    n = found.numbers
    return Shown(bool(n["stopped"] > n["at_the_end"] and n["claimed"] < 0.6), found.words)


def waiting_is_immortal() -> Shown:
    """M33: calling the survivors of the wait 'treated' makes a benefit from nothing."""
    found, at_once = play("immortal_time", 14), play("immortal_time", 0)
    n = found.numbers
    words = f"{found.words} Delivered at once: {number(at_once.numbers['naive'])}."
    return Shown(
        n["naive"] < 0.75 and abs(math.log(n["landmark"])) < abs(math.log(n["naive"])), words
    )


def doctors_choose() -> Shown:
    """M32: the drug that the fitter are given looks better than it is."""
    fitter, sicker = play("confounding_by_indication", -1), play("confounding_by_indication", 1)
    n = fitter.numbers
    pair = f"Published: cohorts {row('OBS-06')['effect']}, trials {row('OBS-05')['effect']}."
    holds = n["naive"] < n["truth"] < sicker.numbers["naive"]
    return Shown(bool(holds), f"{fitter.words} {pair}")


def chosen_at_their_worst() -> Shown:
    """001-10: untreated patients chosen by their worst CRP get better."""
    found = play("regression_to_the_mean", 20)
    holds = found.numbers["better"] > 0.7 and found.numbers["second"] < found.numbers["first"]
    return Shown(bool(holds), f"{found.words} {crp_here()}")


def sums_mix_trials() -> Shown:
    """M40: added-up events show an effect that no trial has; and the WHO's trials."""
    even, uneven = play("adding_up", 1).numbers, play("adding_up", 3)
    facts = pooled_within().facts
    words = (
        f"{uneven.words} IL-6 receptor antibodies: {facts['added']} added up, {facts['pooled']}."
    )
    holds = abs(even["crude"] - 1) < 0.01 and uneven.numbers["crude"] < 0.8
    return Shown(bool(holds and abs(uneven.numbers["pooled"] - 1) < 0.01), words)


def odds_are_not_risks() -> Shown:
    """M41: an odds ratio of 0.66 is no third off the risk."""
    found = play("odds_and_risk", 41.5)
    return Shown(0.7 < found.numbers["risk_ratio"] < 0.85, found.words)


def lives_depend_on_risk() -> Shown:
    """M43: the same ratio saves many or few."""
    high, low = play("odds_and_risk", 41.5).numbers, play("odds_and_risk", 2).numbers
    words = (
        f"One odds ratio: at 41.5% it saves {number(high['saved'], 2)} of 100, at 2% "
        f"{number(low['saved'], 2)}; one life for {number(high['needed'], 2)} and "
        f"{number(low['needed'], 2)} treated."
    )
    return Shown(high["saved"] > 10 * low["saved"], words)


def composites_hide_their_parts() -> Shown:
    """M36: the composite improves while deaths rise."""
    found, none = play("composite", 50), play("composite", 0)
    n = found.numbers
    words = f"{found.words} EMPACTA: composite {row('IL6-16')['effect']}, deaths {row('IL6-17')['effect']}."
    holds = n["ratio_composite"] < 1 < n["ratio_death"] and none.numbers["ratio_composite"] > 1
    return Shown(bool(holds), words)


def the_best_of_many() -> Shown:
    """M44: with many outcomes a useless drug has more "benefits" than with the planned one."""
    from cytolearn.trials.misreadings import many_outcomes

    found = many_outcomes(traps.base(), 8, times=12, seed=1)
    holds = found.numbers["best"] > found.numbers["planned"]
    return Shown(bool(holds), found.words)


def more_is_not_better() -> Shown:
    """M38: the tab of the drug in the body: more steroid in a moderate patient, more risk."""
    doses = (1.0, 3.0)
    made = app().reset().set(il6_gain=1, sensing_delay=4.55, viral_antagonism=0.773)
    made.treat("dexamethasone", day=LATE)
    tess = made.pages["pharmacology"].by_dose(doses)
    made.reset().treat("tocilizumab", day=LATE).set(il6_gain=1, mas_gain=4.07)
    mara = made.pages["pharmacology"].by_dose((0.3, *doses))
    made.reset()
    words = (
        f"Moderate illness, dexamethasone from day {LATE}: risk of death "
        f"{number(tess['death'][0], 2)}% with the usual dose, {number(tess['death'][1], 2)}% with "
        f"three times as much. MAS-like, tocilizumab: {number(mara['death'][0], 3)}, "
        f"{number(mara['death'][1], 3)} and {number(mara['death'][2], 3)}% with 0.3, 1 and 3 times "
        f"the dose. RECOVERY, 20 mg instead of 6 on simple oxygen: {row('STE-14')['effect']}."
    )
    holds = tess["death"][1] > tess["death"][0] and mara["death"][2] > mara["death"][0]
    return Shown(bool(holds), words)


# ---- claims about single studies ----
def rule_of_three() -> Shown:
    """001-09: no event among 26 excludes little."""
    upper = proportion_confint(0, 26, alpha=0.1, method="beta")[1]  # one-sided 95%
    words = f"0 of 26 is compatible with up to {100 * upper:.1f}%; the rule of three says {100 * 3 / 26:.1f}%."
    return Shown(upper > 0.1 and abs(upper - 3 / 26) < 0.02, words)


def licensed() -> Shown:
    """001-11: a licence says that trials of that disease convinced somebody, here and there."""
    drug = drugs()["tocilizumab"]
    words = f"{drug['name']}: {drug['target']}. {drug['evidence']}"
    return Shown("steroid" in drug["evidence"], words)


def intention_to_treat() -> Shown:
    """001-12: one patient moved between arms, and the interval holds both anyway."""
    r = row("IL6-04")
    cured, others = r["events_treated"] / r["n_treated"], r["events_control"] / r["n_control"]
    as_randomised = (r["events_treated"] - 1) / 33, r["events_control"] / 32
    words = (
        f"As analysed {100 * cured:.1f}% against {100 * others:.1f}%; as randomised, if the patient "
        f"who crossed over was cured, {100 * as_randomised[0]:.1f}% against "
        f"{100 * (r['events_control'] + 1) / 32:.1f}%. P = {r['p']}."
    )
    return Shown(bool(r["ci_low"] < 0 < r["ci_high"]), words)


def against_an_expected_rate() -> Shown:
    """001-13: a trial without control: P follows from the rate that one expects."""
    from scipy.stats import binomtest

    r = row("IL6-02")
    dead, n = int(r["events_treated"]), int(r["n_treated"])
    ps = {rate: binomtest(dead, n, rate).pvalue for rate in (0.2, 0.25, 0.35)}
    words = f"{dead} of {n} died. " + " ".join(
        f"Expecting {100 * rate:.0f}%: P = {number(p, 2)}." for rate, p in ps.items()
    )
    return Shown(ps[0.35] < 0.001 < 0.05 < ps[0.2], words)


def same_target_other_trials() -> Shown:
    """001-14: sarilumab, null in one trial, positive in another."""
    null, good = row("IL6-24"), row("IL6-14")
    words = (
        f"Lescure 2021: improvement, P = {null['p']}. REMAP-CAP: organ support-free days, odds ratio "
        f"{good['effect']} ({good['ci_low']} to {good['ci_high']})."
    )
    return Shown(bool(float(null["p"]) > 0.05 and good["ci_low"] > 1), words)
