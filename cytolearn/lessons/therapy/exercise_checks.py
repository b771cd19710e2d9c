"""What the model and the published trials say about the assignment of lesson 5."""

from __future__ import annotations

import math
from functools import lru_cache

import cytolearn as cl
from cytolearn import physiology
from cytolearn.clinic import death_risk
from cytolearn.lessons.answers import Expected
from cytolearn.lessons.exercises import Case
from cytolearn.treatments import drugs
from cytolearn.wording import in_sentence, listing, number, percent

TOCILIZUMAB, STEROID, ANTIVIRAL = "tocilizumab", "dexamethasone", "remdesivir"
TAKEN = 0.9  # share of receptors, question 1
EXTREMES = {
    "mas_gain": (1, 4),
    "il6_gain": (1, 3.7),
    "t_cell_reserve": (0.5, 1.2),
    "ef_bias": (1, 5),
}
APART = 10  # points between the two effects of a predictive trait; % of a prognostic one
START_DAYS = range(5, 15)  # a steroid before day 5 is given before oxygen is needed
WORTH = 0.95  # risk ratio of a benefit worth having, question 5
#: Drug X of question 5, by what its trials say: drug and the beginning of the rows' ids.
TRIALS_OF_X = {
    "benefit": (TOCILIZUMAB, "REACT6"),
    "no_benefit": ("hydroxychloroquine", "HCQ"),
    "open": ("sarilumab", "REACT6"),
}
PILOT, PILOT_DAY = 20, 8
TWO_SIDED, ONE_SIDED, POWER_80, POWER_90 = 1.959964, 1.644854, 0.841621, 1.281552
#: No difference that decides an answer may be smaller (in points; solver: 0.01).
CLEAR = 0.15
APART_Q4 = 0.8  # percent, between the right comparison and a wrong one


@lru_cache(maxsize=64)  # of one student; a class would fill the memory
def run(patient: cl.Patient, engine: str | None):
    return patient.run(engine=engine)


def burden(patient: cl.Patient, case: Case) -> float:
    """Return the lesion over the whole illness (sum over the rows of the course)."""
    return float(run(patient, case.engine)["lesion"].sum())


def worst(patient: cl.Patient, case: Case) -> float:
    return float(run(patient, case.engine)["lesion"].max())


def given(case: Case, *names: str, day: int | None = None) -> cl.Patient:
    """Return the student's patient on these drugs, from a day (default: the student's) on."""
    day = case.given["start"] if day is None else day
    return case.patient.treat([cl.treatment(name, day=day) for name in names])


def on_tocilizumab(case: Case, regimen: str) -> cl.Patient:
    """Return the student's patient on one or two infusions."""
    dose = cl.treatment(TOCILIZUMAB, day=case.given["start"], regimen=regimen)
    return case.patient.treat(dose)


def halving(case: Case, day: float) -> float:
    """Return how many days the level after two infusions takes to halve, from a day on."""
    level = run(on_tocilizumab(case, "two_doses"), case.engine)["conc_tocilizumab"].loc[day:]
    return float((level > level.iloc[0] / 2).idxmin() - level.index[0])


def days_gained(case: Case) -> Expected:
    def taken(regimen: str) -> float:
        course = run(on_tocilizumab(case, regimen), case.engine)
        return float((course["il6r_occupancy"] >= TAKEN).sum() * course.step)

    one, two = taken("single"), taken("two_doses")
    return Expected(
        two - one,
        mistakes={
            "one": one,
            "two": two,
            "rows": 10 * (two - one),
            "sign": one - two,
            "percent": 100 * (two / one - 1),
        },
        facts={
            "more": number(two - one),
            "one": number(one),
            "two": number(two),
            "half": number(halving(case, case.given["start"] + one), 2),
        },
    )


@lru_cache(maxsize=256)
def trait_effects(patient: cl.Patient, drug: str, day: int, engine: str | None) -> dict:
    """Return for every trait how much the drug's effect moves (points) and the illness (%)."""
    case, found = Case(patient, {}, engine), {}
    for name, values in EXTREMES.items():
        people = [patient.but(**{name: value}) for value in values]
        untreated = [burden(person, case) for person in people]
        treated = [burden(p.treat(cl.treatment(drug, day=day)), case) for p in people]
        low, high = (100 * (t / u - 1) for t, u in zip(treated, untreated, strict=True))
        found[name] = (high - low, 100 * (untreated[1] / untreated[0] - 1))
    return found


def traits_of(case: Case) -> dict[str, tuple[float, float]]:
    return trait_effects(case.patient, case.given["lever"], case.given["start"], case.engine)


def predictive_traits(case: Case) -> Expected:
    found = traits_of(case)
    answer = frozenset(name for name, (move, _) in found.items() if abs(move) >= APART)
    prognostic = frozenset(name for name, (_, change) in found.items() if abs(change) >= APART)
    words = {row["symbol"]: in_sentence(row["name"]) for row in physiology.rows("parameters")}
    return Expected(
        answer,
        mistakes={
            "prognostic": prognostic,
            "both": answer | prognostic,
            "nothing": frozenset(),
            "everything": frozenset(EXTREMES),
        },
        facts={
            "moves": listing(f"{words[n]} {move:+.0f}" for n, (move, _) in found.items()),
            "prognosis": listing(f"{words[n]} {change:+.0f}" for n, (_, change) in found.items()),
        },
    )


def first(days: list[int]) -> float:
    return float(min(days, default=math.nan))


def day_of_change(case: Case) -> Expected:
    whole, peaks = burden(case.patient, case), worst(case.patient, case)
    sums = {
        drug: {day: burden(given(case, drug, day=day), case) / whole for day in START_DAYS}
        for drug in (ANTIVIRAL, STEROID)
    }
    highest = {
        drug: {day: worst(given(case, drug, day=day), case) / peaks for day in START_DAYS}
        for drug in (ANTIVIRAL, STEROID)
    }

    def steroid_first(values: dict[str, dict[int, float]]) -> float:
        return first([d for d in START_DAYS if values[STEROID][d] < values[ANTIVIRAL][d]])

    day = steroid_first(sums)
    if math.isnan(day):
        return Expected(day)
    return Expected(
        day,
        mistakes={
            "last_antiviral": day - 1,
            "since_infection": day + case.onset,
            "against_nothing": first([d for d in START_DAYS if sums[STEROID][d] < 1]),
            "peak": steroid_first(highest),
            "best_steroid": float(min(sums[STEROID], key=sums[STEROID].get)),
        },
        facts={
            "day": number(day),
            "onset": number(case.onset),
            "rem_day": percent(sums[ANTIVIRAL][int(day)]),
            "dex_day": percent(sums[STEROID][int(day)]),
            "rem_5": percent(sums[ANTIVIRAL][START_DAYS[0]]),
            "dex_5": percent(sums[STEROID][START_DAYS[0]]),
        },
    )


def added_effect(case: Case) -> Expected:
    nothing, steroid = case.patient, given(case, STEROID)
    alone, both = given(case, TOCILIZUMAB), given(case, STEROID, TOCILIZUMAB)

    def lowered(treated: cl.Patient, control: cl.Patient, measure=burden) -> float:
        return 100 * (1 - measure(treated, case) / measure(control, case))

    effect, planted = lowered(both, steroid), lowered(alone, nothing)
    return Expected(
        effect,
        mistakes={
            "planted": planted,
            "both": lowered(both, nothing),
            "steroid_alone": lowered(steroid, nothing),
            "sign": -effect,
            "share": effect / 100,
            "left": 100 - effect,
            "peak": lowered(both, steroid, worst),
        },
        facts={"effect": number(effect), "planted": number(planted)},
    )


def drug_x(case: Case):
    """Return the rows of drug X as `cytolearn.evidence.trials` does, without its name."""
    return _hidden_rows(case.given["drug"])


@lru_cache(maxsize=8)
def _hidden_rows(reading: str):
    drug, begins = TRIALS_OF_X[reading]
    rows = cl.evidence.trials(drug=drug, outcome="death", design="RCT")
    rows = rows[rows["row_id"].str.startswith(begins)]
    rows = rows[rows["events_treated"] + rows["events_control"] > 0]  # the others say nothing
    if begins != "REACT6":
        rows = rows.independent()
    names = [f"Trial {k}" for k in range(1, len(rows) + 1)]
    return rows.assign(row_id=names, trial=names, study=names, drug="drug_x",
                       intervention="Drug X vs control").reset_index(drop=True)  # fmt: skip


def reading(case: Case) -> Expected:
    """Read the answer off the diamond, as the student does."""
    pooled = drug_x(case).pool("risk ratio", shared_controls="split")
    answer = "benefit" if pooled.high < 1 else "no_benefit" if pooled.low > WORTH else "open"
    name = drugs()[TRIALS_OF_X[case.given["drug"]][0]]["name"].lower()
    return Expected(
        answer,
        mistakes={name: name for name in TRIALS_OF_X if name != answer},
        facts={"low": f"{pooled.low:.2f}", "high": f"{pooled.high:.2f}", "name": name},
    )


@lru_cache(maxsize=1)
def antibody_trials() -> dict[str, float]:
    """Return what the WHO's tocilizumab trials say, pooled well and badly."""
    rows = cl.evidence.trials()
    rows = rows[rows["row_id"].str.startswith("REACT6") & (rows["drug"] == TOCILIZUMAB)]
    total = rows[["events_treated", "n_treated", "events_control", "n_control"]].sum()
    control = total["events_control"] / total["n_control"]
    return {
        "ratio": rows.pool("risk ratio", shared_controls="split").estimate,
        "odds": rows.pool("odds ratio", shared_controls="split").estimate,
        "added_up": float(total["events_treated"] / total["n_treated"] / control),
        "control": float(control),
    }


def risk(case: Case) -> float:
    """Return the untreated patient's risk of death within 28 days, 0 to 1 (assumed map)."""
    course = run(case.patient, case.engine)
    curves = (course.values(name)[None] for name in ("lesion", "infection_hazard"))
    return float(death_risk(course.time, *curves, [case.patient.traits["age"]])[0])


def deaths_prevented(case: Case) -> Expected:
    own, trials = risk(case), antibody_trials()
    saved = 1000 * own * (1 - trials["ratio"])
    trial_saved = 1000 * trials["control"] * (1 - trials["ratio"])
    return Expected(
        saved,
        mistakes={
            "relative": 1000 * (1 - trials["ratio"]),
            "trial_risk": trial_saved,
            "odds": 1000 * own * (1 - trials["odds"]),
            "added_up": 1000 * own * (1 - trials["added_up"]),
            "left": 1000 * own * trials["ratio"],
            "needed": 1000 / saved,
            "of_100": saved / 10,
            "one": saved / 1000,
        },
        facts={
            "saved": number(saved, 2),
            "needed": f"{1000 / saved:.0f}",
            "trial_risk": number(100 * trials["control"], 2),
            "trial_saved": number(trial_saved, 2),
        },
    )


@lru_cache(maxsize=16)
def pilot(seed: int, engine: str | None) -> tuple[tuple[float, float], tuple[int, int]]:
    """Return the true risks (control, treated) and the deaths that the pilot saw."""
    found = cl.trial(
        treated=[cl.treatment(STEROID, day=PILOT_DAY)],
        n=PILOT,
        day=PILOT_DAY,
        where="support >= 1",
        seed=seed,
        engine=engine,
        progress=False,
    )
    deaths = found.patients.groupby("arm")["death_28"].sum()
    seen = tuple(int(deaths[arm]) for arm in ("control", "treated"))
    return found.counterfactual(progress=False).risks, seen


def sample_size(p0: float, p1: float, alpha: float = TWO_SIDED, beta: float = POWER_80) -> float:
    """Return the patients of both arms that a difference of two risks needs; NaN if there is none."""
    if p0 == p1:
        return math.nan
    return 2 * (alpha + beta) ** 2 * (p0 * (1 - p0) + p1 * (1 - p1)) / (p1 - p0) ** 2


def patients_needed(case: Case) -> Expected:
    risks, seen = pilot(case.given["trial_seed"], case.engine)
    answer = sample_size(*risks)
    from_pilot = sample_size(*(deaths / (PILOT // 2) for deaths in seen))
    return Expected(
        answer,
        mistakes={
            "per_arm": answer / 2,
            "from_pilot": from_pilot,
            "one_sided": sample_size(*risks, alpha=ONE_SIDED),
            "power_90": sample_size(*risks, beta=POWER_90),
        },
        facts={
            "needed": f"{round(answer, -2):,.0f}",
            "seen": f"{seen[1]} and {seen[0]}",
            "from_pilot": "no number at all"
            if math.isnan(from_pilot)
            else f"{from_pilot:,.0f} patients",
            "difference": number(100 * abs(risks[1] - risks[0]), 2),
        },
    )


def unsuitable(case: Case) -> list[str]:
    """Return why a drawn patient would make a question ambiguous; empty if none does.

    Most of the work is question 2's and 3's, so that the first reason ends the search.
    """
    effect = added_effect(case)
    if min(abs(effect.mistakes[name] - effect.value) for name in ("planted", "both")) < APART_Q4:
        return ["q4: the wrong comparison comes to the same"]
    whole, gap = burden(case.patient, case), math.inf
    for day in START_DAYS:  # what comes after the first day decides nothing
        steroid, antiviral = (given(case, name, day=day) for name in (STEROID, ANTIVIRAL))
        gap = 100 * (burden(steroid, case) - burden(antiviral, case)) / whole
        if abs(gap) < CLEAR:
            return ["q3: on one day both drugs leave as much"]
        if gap < 0:
            break
    if gap > 0 or day == START_DAYS[0]:
        return ["q3: no day on which the better drug changes"]
    if any(abs(abs(move) - APART) < CLEAR for move, _ in traits_of(case).values()):
        return ["q2: a trait lies at the limit of what is predictive"]
    return []
