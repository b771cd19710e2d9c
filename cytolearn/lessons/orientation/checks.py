"""What the model says about lesson 0: every expected number, and what the usual mistakes give.

Content.toml names these functions. No number of the model is written down here or there.
"""

from __future__ import annotations

import math
import warnings
from datetime import date
from functools import lru_cache

import pandas as pd

import cytolearn as cl
from cytolearn.apps import explorer
from cytolearn.credibility import ensemble
from cytolearn.lessons.answers import Expected
from cytolearn.lessons.claims import Shown
from cytolearn.lessons.content import load_content
from cytolearn.lessons.curves import peak
from cytolearn.treatments import TeachingWarning
from cytolearn.wording import number

ROSA, DRUG = "older_adult", "dexamethasone"
EARLY, LATE = 1, 8
DETECTED = 2.0  # log10 copies/mL: the normal range ends here
MORE_VIRUS = 100  # times, in prediction 1
MODELS = 25  # parameter sets of task 4, as in the tab "How sure is this?"
PEOPLE, SEED = 100, 1  # virtual people of task 3
OXYGEN, VENTILATOR = 300, 150  # mmHg, limits of clinic/support.csv
NOTICED = 0.05  # a difference below this is hardly one
#: Cases on two days, as the WHO reported them (card "spread").
REPORTED = {date(2020, 1, 3): 44, date(2020, 3, 11): 118_000}


def rosa(day: int | None = None, **constants: float):
    """Return Rosa, treated from a day on or not at all."""
    patient = cl.Patient(ROSA, label="Rosa").but(**constants)
    if day is None:
        return patient
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TeachingWarning)  # an early steroid is the point here
        return patient.treat(cl.treatment(DRUG, day=day))


@lru_cache(maxsize=16)
def course(day: int | None = None):
    """Return Rosa's course, treated from a day on or not at all."""
    return rosa(day).run()


def onset() -> float:
    """Return the days from infection to the first symptom."""
    return -float(course().time[0])


# ---------------------------------------------------------------- predictions
@lru_cache(maxsize=1)
def _exposed():
    """Return Rosa's course after a hundred times as much virus."""
    return rosa(inoculum=MORE_VIRUS * cl.Patient(ROSA).traits["inoculum"]).run()


def more_virus() -> Expected:
    """What a hundred times the inoculum changes."""
    usual, more = course(), _exposed()
    ratio = peak(more["lesion"]) / peak(usual["lesion"])
    earlier = float(usual["lesion"].idxmax() - more["lesion"].idxmax())
    similar = abs(ratio - 1) < NOTICED and earlier > 0
    shown = "B" if similar else "A" if ratio > 3 else "C" if ratio > 1 else "D"
    said = []
    for name, unit in (("lesion", "% of the lung"), ("viral_load", " powers of ten in the nose")):
        before, after = (number(peak(run[name]), 2) for run in (usual, more))
        said.append(after + unit + (", as before" if before == after else f" instead of {before}"))
    return Expected(
        shown,
        facts={
            "shown": f"the lesion peaks at {said[0]}, only {number(earlier, 2)} days earlier; the virus at "
            f"{said[1]}"
        },
    )


def days_with_virus(series: pd.Series) -> float:
    """Return the days after onset on which the nose holds virus that a laboratory calls positive."""
    found = series.loc[0:][lambda load: load > DETECTED]
    return float(found.index[-1]) if len(found) else math.nan


def virus_under_steroid() -> Expected:
    """What dexamethasone from day 8 does to the virus in the nose."""
    usual, treated = (days_with_virus(course(day)["viral_load"]) for day in (None, LATE))
    second = peak(course(LATE)["viral_load"].loc[LATE + 2 :]) > peak(course()["viral_load"])
    change = treated - usual
    shown = "D" if second else "B" if change > 1 else "A" if change < -1 else "C"
    end = float(course().time[-1])
    until = f"until day {number(treated)}"
    if treated > end - 1:
        until = f"on day {number(end)}, when the picture ends"
    return Expected(
        shown,
        facts={
            "shown": f"without the drug virus is found in the nose until day {number(usual)}; with it, "
            f"still {until}. Her worst day is better all the same: a lesion of "
            f"{number(peak(course(LATE)['lesion']), 2)}% against {number(peak(course()['lesion']), 2)}%"
        },
    )


# ---------------------------------------------------------------- tasks
def worst_day() -> Expected:
    """On which day Rosa's lesion is largest."""
    lesion = course()["lesion"]
    day, virus = float(lesion.idxmax()), float(course()["viral_load"].idxmax())
    return Expected(
        day,
        mistakes={
            "since_infection": day + onset(),
            "height": peak(lesion),
            "virus": virus,
            "il6": float(course()["il6"].idxmax()),
        },
        facts={
            "day": number(day),
            "since_infection": number(day + onset()),
            "virus_day": number(virus),
            "apart": number(round(day - virus)),
            "onset": number(onset()),
        },
    )


def oxygen_gained() -> Expected:
    """By how much dexamethasone from day 8 lifts Rosa's lowest P/F ratio."""
    usual, early, late = (float(course(d)["pf_ratio"].min()) for d in (None, EARLY, LATE))
    return Expected(
        late - usual,
        mistakes={
            "sign": usual - late,
            "day_1": early - usual,
            "only_late": late,
            "lesion": peak(course(LATE)["lesion"]) - peak(course()["lesion"]),
            "percent": 100 * (late / usual - 1),
        },
        facts={
            "late": number(round(late)),
            "untreated": number(round(usual)),
            "early": number(round(early)),
        },
    )


@lru_cache(maxsize=1)
def lowest_pf():
    """Return the lowest P/F ratio of each virtual person, mmHg, shape (people,)."""
    return cl.population(PEOPLE, seed=SEED).run(progress=False)["pf_ratio"].min(axis=1)


def never_need_oxygen() -> Expected:
    """How many virtual people never fall below a P/F ratio of 300."""
    lowest = lowest_pf()
    never, no_ventilator = int((lowest >= OXYGEN).sum()), int((lowest >= VENTILATOR).sum())
    return Expected(
        float(never),
        mistakes={
            "need": float(PEOPLE - never),
            "share": never / PEOPLE,
            "ventilator": float(no_ventilator),
        },
        facts={
            "never": str(never),
            "oxygen": str(PEOPLE - never),
            "critical": str(PEOPLE - no_ventilator),
        },
    )


@lru_cache(maxsize=1)
def verdicts() -> tuple[tuple[bool, bool], ...]:
    """Return for each model whether Rosa's worst day is better from day 1 on, and from day 8 on."""
    found = []
    for constants in ensemble()[:MODELS]:
        usual = peak(rosa(**constants).run()["lesion"])
        found.append(
            tuple(peak(rosa(d, **constants).run()["lesion"]) < usual for d in (EARLY, LATE))
        )
    return tuple(found)


def models_that_agree() -> Expected:
    """In how many models an early steroid makes Rosa's worst day worse."""
    early_worse = sum(not early for early, _ in verdicts())
    late_better = sum(late for _, late in verdicts())
    return Expected(
        float(early_worse),
        mistakes={
            "better": float(MODELS - early_worse),
            "late": float(late_better),
            "late_worse": float(MODELS - late_better),
            "all": float(MODELS),
        },
        facts={
            "early_worse": str(early_worse),
            "late_better": str(late_better),
            "both": str(sum(late and not early for early, late in verdicts())),
        },
    )


# ---------------------------------------------------------------- evidence: what the model shows
def early_and_late() -> str:
    usual, early, late = (number(peak(course(d)["lesion"]), 2) for d in (None, EARLY, LATE))
    facts = models_that_agree().facts
    return (
        f"Rosa's lesion peaks at {usual}% of the lung untreated, at {early}% with dexamethasone from day "
        f"{EARLY}, at {late}% from day {LATE}. The first holds in {facts['early_worse']} of {MODELS} models, "
        f"the second in {facts['late_better']}, both in {facts['both']}."
    )


def virus_days() -> str:
    return f"In Rosa, {virus_under_steroid().facts['shown']}."


def more_virus_words() -> str:
    return f"After {MORE_VIRUS} times as much virus {more_virus().facts['shown']}."


def hundred_people() -> str:
    facts = never_need_oxygen().facts
    return (
        f"Of {PEOPLE} virtual people {facts['never']} never need oxygen, {facts['oxygen']} do, and of these "
        f"{facts['critical']} need a ventilator."
    )


def doubling_days() -> float:
    """Return the days in which the reported cases doubled."""
    (first, few), (last, many) = REPORTED.items()
    return (last - first).days / math.log2(many / few)


def doubling() -> str:
    few, many = REPORTED.values()
    return (
        f"Nobody infects anybody in this model. By plain arithmetic, from {few} to {number(many)} in "
        f"{(max(REPORTED) - min(REPORTED)).days} days is one doubling every {number(doubling_days(), 2)} days."
    )


# ---------------------------------------------------------------- claims and misconceptions
@lru_cache(maxsize=1)
def app():
    """Return the lesson's app."""
    spec = load_content("orientation")["explorer"]
    return explorer(
        cl.Patient(ROSA, label="Rosa"),
        spec["controls"],
        spec["readouts"],
        spec["treatments"],
        tabs=spec["tabs"],
    )


def it_spread_quickly() -> Shown:
    """000-01: the two counts on the card "spread"."""
    card = next(c for c in load_content("orientation")["evidence"] if c["id"] == "spread")
    counts = [f"{count:,}" for count in REPORTED.values()]
    printed = all(any(count in f["text"] for f in card["for"]) for count in counts)
    return Shown(printed and doubling_days() < 10, doubling())


def most_are_benign() -> Shown:
    """000-03: a hundred virtual people."""
    lowest = lowest_pf()
    benign, critical = (lowest >= OXYGEN).mean(), (lowest < VENTILATOR).mean()
    return Shown(bool(benign > 0.5 and 0 < critical < 0.25), hundred_people())


def stimulate_early_restrain_late() -> Shown:
    """000-22, 003-28: the tab "When to start" with a drug that stimulates and one that suppresses."""
    page = app().reset().pages["window"]
    page._outcome.value = "worst"
    try:
        page.run()
        table, words = page.table(), page.summary()
    finally:
        page._outcome.value = "burden"
    stimulate, suppress = table["Interferon beta-1a"], table["Dexamethasone"]
    limit = 100 * NOTICED
    holds = (
        stimulate[EARLY] < -limit
        and suppress[EARLY] > limit
        and suppress[LATE] < -limit
        and stimulate[LATE] > -limit
    )
    return Shown(bool(holds), words)


def more_immunity_is_not_always_better() -> Shown:
    """M01: two controls that strengthen the response, and a drug that restrains it."""
    one = app().reset()

    def lesion() -> float:
        return float(one.curves["lesion"].max())

    usual, found = lesion(), {}
    for name, control, value in (
        ("more T cells", "t_cell_reserve", 1.0),
        ("a stronger inflammasome", "mas_gain", 4.0),
    ):
        one.reset().set(**{control: value})
        found[name] = lesion()
    for day in (EARLY, LATE):
        one.reset().treat(DRUG, day)
        found[f"less response from day {day} on"] = lesion()
    one.reset()
    more, much, early, late = found.values()
    words = ", ".join(f"{name} {number(value, 2)}%" for name, value in found.items())
    return Shown(
        more < usual < much and late < usual < early,
        f"Peak lesion untreated {number(usual, 2)}%; {words}. Both more and less response help or harm: "
        "it depends on which, and when.",
    )
