"""What the model says about lesson 2: every expected number, what the usual mistakes give, proofs.

Content.toml names these functions. No number of the model is written down here or there.
"""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np

import cytolearn as cl
from cytolearn.apps import Explorer
from cytolearn.apps.counts import Whereabouts
from cytolearn.apps.knockout import TakeAway
from cytolearn.apps.scatter import CountScatter, share_interval
from cytolearn.apps.trial_story import IL7Story, series, virtual_trial
from cytolearn.lessons.answers import Expected
from cytolearn.lessons.claims import Shown
from cytolearn.lessons.content import load_content, person
from cytolearn.lessons.curves import at
from cytolearn.wording import number, percent

POOLS = ("cd4_pool", "cd8_pool", "nk_pool", "b_pool")
COUNT_DAY, EARLY = 14, 7  # the days of tasks 1 and 2
INFECTED = -5  # the day of infection: still healthy
DRUG_DAY, LATER = 10, 24  # task 3
RULE = 10.2  # % of white cells: the criterion of task 4
STEPS = np.arange(2.0, 7.01, 0.5)  # normal numbers of neutrophils that task 4 tries
CLEAR = 2.0  # log10 copies/mL
TELL_APART = 0.1  # counts nearer than this share can hardly be told apart
RISEN = 1.33  # "a third or more"


@lru_cache(maxsize=32)
def course(name: str, drug_day: float | None = None):
    """Return the course of a person of the story, with IL-7 from a day on or untreated."""
    who = person(load_content("lymphopenia"), name)
    return (who if drug_day is None else who.treat(cl.treatment("il7", day=drug_day))).run()


@cache
def _app() -> Explorer:
    content = load_content("lymphopenia")
    people = {name: person(content, name) for name in content["patients"]}
    spec = content["explorer"]
    return Explorer(
        people.pop(spec["reference"]), spec["controls"], spec["readouts"], spec["treatments"],
        tabs=(), people=people, dose=True,
    )  # fmt: skip


def fresh_app() -> Explorer:
    """Return the lesson's app, showing Vera, without its secondary views (always the same one)."""
    return _app().reset()


@cache
def ward() -> CountScatter:
    """Return the tab with the virtual cohort, computed once."""
    page = CountScatter(fresh_app())
    page.run()
    return page


def cells(name: str, day: float) -> float:
    """Return all resting lymphocytes of a person, blood and tissue, 10^9/L."""
    return sum(at(course(name)[pool], day) for pool in POOLS)


def clear_day(name: str, drug_day: float | None = None) -> float:
    """Return the first day from which the lung stays below the limit, with IL-7 or without."""
    load = course(name, drug_day)["viral_load_lung"]
    return float(load[load > CLEAR].index[-1])


# ---------------------------------------------------------------- predictions
def two_counts() -> Expected:
    """Whose blood count comes back first."""
    days = (12, 14, 18, 21, 28)
    vera, dev = ([at(course(n)["alc"], day) for day in days] for n in ("Vera", "Dev"))
    gaps = [d / v - 1 for v, d in zip(vera, dev, strict=True)]
    if max(abs(g) for g in gaps) <= TELL_APART:
        shown = "C"
    else:
        shown = "A" if np.mean(gaps) < 0 else "B"
    told = "; ".join(
        f"day {day}: {number(v, 2)} and {number(d, 2)}"
        for day, v, d in zip(days, vera, dev, strict=True)
    )
    return Expected(
        shown,
        facts={
            "shown": f"the counts of Vera and Dev (× 10⁹/L) are, on {told}. Yet Vera's lung is clear of "
            f"virus on day {number(clear_day('Vera'), 2)}, Dev's on day {number(clear_day('Dev'), 2)}"
        },
    )


def untreated_twelve() -> Expected:
    """What becomes of twelve patients who were enrolled when their counts were low."""
    _, untreated = series()
    first, last = (float(np.median(untreated.counts[:, d])) for d in (0, 14))
    risen = int((untreated.counts[:, 14] > untreated.counts[:, 0]).sum())
    shown = "A" if last >= RISEN * first else "C" if last <= first / RISEN else "B"
    return Expected(
        shown,
        facts={
            "shown": f"the median count rises from {number(first, 2)} to {number(last, 2)} × 10⁹/L in 14 "
            f"days, and {risen} of the 12 rise, all without any drug"
        },
    )


# ---------------------------------------------------------------- tasks
def fold_more_cells() -> Expected:
    """How many times as many lymphocytes Vera has as Dev when their blood counts agree."""
    vera, dev = cells("Vera", COUNT_DAY), cells("Dev", COUNT_DAY)
    blood = [at(course(n)["alc"], COUNT_DAY) for n in ("Vera", "Dev")]
    away = [at(course(n)["sequestered"], COUNT_DAY) for n in ("Vera", "Dev")]
    healthy = at(sum(course("Vera")[pool] for pool in POOLS), INFECTED)
    return Expected(
        vera / dev,
        mistakes={
            "blood": blood[0] / blood[1],
            "inverse": dev / vera,
            "difference": vera - dev,
            "away": away[0] / away[1],
        },
        facts={
            "fold": number(vera / dev, 2),
            "vera_blood": number(blood[0], 2),
            "dev_blood": number(blood[1], 2),
            "vera": number(vera, 2),
            "dev": number(dev, 2),
            "vera_rest_blood": number(vera * (1 - away[0]), 2),
            "dev_rest_blood": number(dev * (1 - away[1]), 2),
            "healthy": number(healthy, 2),
        },
    )


def same_marker_other_function() -> Expected:
    """How many times as strong killing is on the second day with the same PD-1."""
    run = course("Vera")
    pd1, killing = run["pd1"], run["killing"]
    late = float((pd1.loc[10:20] - at(pd1, EARLY)).abs().idxmin())
    early_power, late_power = at(killing, EARLY), at(killing, late)
    fold_cells = at(run["cd8_effector"], late) / at(run["cd8_effector"], EARLY)
    weaker = 1 - late_power / early_power / fold_cells
    return Expected(
        late_power / early_power,
        mistakes={
            "late_power": late_power,
            "late_day": late,
            "inverse": early_power / late_power,
            "difference": late_power - early_power,
            "marker": at(pd1, late) / at(pd1, EARLY),
            "peak": at(killing, float(pd1.loc[:20].idxmax())) / early_power,
        },
        facts={
            "times": number(late_power / early_power, 2),
            "late": number(late, 2),
            "early": str(EARLY),
            "pd1": number(at(pd1, EARLY), 2),
            "fold_cells": number(fold_cells, 2),
            "weaker": number(100 * weaker, 2),
        },
    )


def rise_without_drug() -> Expected:
    """Which share of the rise under IL-7 would have come without it, in per cent."""
    untreated, treated = course("Vera")["alc"], course("Vera", DRUG_DAY)["alc"]
    start, without, with_ = at(untreated, DRUG_DAY), at(untreated, LATER), at(treated, LATER)
    share = 100 * (without - start) / (with_ - start)
    return Expected(
        share,
        mistakes={
            "drug_share": 100 - share,
            "more_than_without": 100 * (with_ / without - 1),
            "rise_without": 100 * (without / start - 1),
            "levels": 100 * without / with_,
            "fraction": share / 100,
            "rise": 100 * (with_ / start - 1),
        },
        facts={
            "share": number(share, 2),
            "start": number(start, 2),
            "without": number(without, 2),
            "with": number(with_, 2),
            "day": str(DRUG_DAY),
            "later": str(LATER),
        },
    )


@cache
def _percentages() -> tuple[dict[float, float], dict[float, float], float]:
    who = person(load_content("lymphopenia"), "Vera")
    shares, neutrophils, counts = {}, {}, []
    for usual in STEPS:
        run = who.but(neutrophils_normal=float(usual)).run()
        counts.append(at(run["alc"], DRUG_DAY))
        neutrophils[float(usual)] = at(run["neutrophils"], DRUG_DAY)
        shares[float(usual)] = 100 * counts[-1] / (counts[-1] + neutrophils[float(usual)])
    return shares, neutrophils, max(counts) / min(counts) - 1


def rule_fires() -> Expected:
    """From which normal number of neutrophils on the percentage is called low."""
    shares, neutrophils, _ = _percentages()
    low = [usual for usual, share in shares.items() if share < RULE]
    first = min(low, default=float("nan"))
    if not low or first == STEPS[0]:
        return Expected(float("nan"))
    return Expected(
        first,
        mistakes={
            "last_normal": first - 0.5,
            "measured": neutrophils[first],
            "percentage": shares[first],
            "ratio": neutrophils[first] / at(course("Vera")["alc"], DRUG_DAY),
        },
        facts={
            "first": number(first),
            "before": number(first - 0.5),
            "count": number(at(course("Vera")["alc"], DRUG_DAY), 2),
            "share_first": f"{shares[first]:.1f}%",
            "share_before": f"{shares[first - 0.5]:.1f}%",
            "rule": f"{RULE:g}%",
        },
    )


# ---------------------------------------------------------------- evidence: what the model shows
def counts_by_severity() -> str:
    page = ward().choose(sampling="each on a random day")
    said = [
        f"{kind.upper()} {', '.join(number(m, 3) for m in page.medians(kind).values())}"
        for kind in ("cd4", "cd8")
    ]
    return (
        "Median measured counts, cells/µL, in virtual patients without pneumonia, with pneumonia but no "
        f"oxygen, and with oxygen: {'; '.join(said)}."
    )


def moved_or_dead() -> str:
    facts = fold_more_cells().facts
    return (
        f"On day {COUNT_DAY} Vera's blood holds {facts['vera_blood']} and Dev's {facts['dev_blood']} "
        f"× 10⁹/L. Of resting cells Vera has {facts['vera']}, {facts['vera_rest_blood']} of them in the "
        f"blood; Dev has {facts['dev']}, {facts['dev_rest_blood']} in the blood. Both ways are built in, "
        "and the count cannot tell which one is at work."
    )


def count_and_il6() -> str:
    found = ward().choose(sampling="each on a random day").correlations()
    exact, measured = (found[k]["all patients"] for k in ("exact", "measured"))
    return f"Exact values on one day: {exact}. Noisy samples on random days: {measured}."


def marker_and_function() -> str:
    facts = same_marker_other_function().facts
    return (
        f"In Vera PD-1 stands at {facts['pd1']}% on day {facts['early']} and again on day {facts['late']}; "
        f"all cells together kill {facts['times']} times as strongly the second time: there are "
        f"{facts['fold_cells']} times as many, and each does about {facts['weaker']}% less. Here cells "
        "with PD-1 do not kill at all: an assumption that Rha 2021 speaks against."
    )


def what_clears_virus() -> str:
    page = TakeAway(fresh_app())
    said = [f"without {words} {_when(page.clear_day(part))}" for part, words in _PARTS.items()]
    return f"Vera's lung is clear {_when(page.clear_day())} with everything; {'; '.join(said)}."


_PARTS = {"cd8": "killer cells", "cd4": "CD4 help", "antibody": "antibody"}


def _when(day: float) -> str:
    return f"on day {number(day, 3)}" if np.isfinite(day) else "not within 60 days"


def il7_trial() -> str:
    trial = virtual_trial()
    (a, low, high), (b, low_b, high_b) = trial.ratio(14), trial.ratio(28)
    return (
        f"In the virtual trial counts with IL-7 are {number(a, 3)} times as high as with placebo after 14 "
        f"days ({number(low, 3)} to {number(high, 3)}), {number(b, 3)} times after 28 ({number(low_b, 3)} "
        f"to {number(high_b, 3)}). **The model promises more than the trial in patients found.**"
    )


def two_axes() -> str:
    return inflamed_and_undefended().words


def rule_of_eleven() -> str:
    low, high = share_interval(8, 11)
    ward().choose(sampling="all on day 10", laboratory="CD4 500, CD8 200", per_cent=50)
    strict = ward().rule()[0]
    ward().choose(per_cent=100)
    flagged, ill, _ = ward().rule()
    ward().choose(sampling="each on a random day", per_cent=50)
    return (
        f"8 of 11 is {percent(8 / 11)}, with an interval from {percent(low)} to {percent(high)}. Among "
        f"216 virtual patients on day 10 the rule flags {strict or 'nobody'}; drawn at the lower limit "
        f"itself it flags {flagged}, of whom {ill} need oxygen."
    )


def il7_by_consumption() -> str:
    return consumption_sets_il7().words


# ---------------------------------------------------------------- proofs: claims
def il7_raises_counts_not_lungs() -> Shown:
    """Both arms of the virtual trial rise; the lung stays as it is."""
    trial = virtual_trial()
    medians = [np.median(a.counts[:, (0, 14)], axis=0) for a in (trial.treated, trial.control)]
    lesion = trial.treated.lesion.mean() / trial.control.lesion.mean()
    holds = all(last > 1.2 * first for first, last in medians) and abs(lesion - 1) < 0.1
    (a0, a1), (b0, b1) = medians
    return Shown(
        holds,
        f"Counts rise with IL-7 from {a0:.2f} to {a1:.2f} and with placebo from {b0:.2f} to {b1:.2f}; mean "
        f"lesion with IL-7 is {lesion:.2f} times that with placebo.",
    )


def inflamed_and_undefended() -> Shown:
    """Two sliders move inflammation and defence apart: four kinds of patient."""
    app, found = fresh_app(), {}
    settings = {
        "neither": (0.0, 0.0, 0.11),
        "inflamed only": (4.0, 0.0, 0.11),
        "few cells only": (0.0, 0.9, 0.93),
        "both": (4.0, 0.9, 0.5),
    }
    for kind, (gain, moved, death) in settings.items():
        app.set(il6_gain=gain, homing_max=moved, lymphocyte_death=death)
        il6, alc = app.curves["il6"].max(), app.curves["alc"].min()
        found[kind] = (float(il6), float(alc))
    high = {kind for kind, (il6, _) in found.items() if il6 > 100}
    low = {kind for kind, (_, alc) in found.items() if alc < 1.0}
    words = "; ".join(
        f"{kind}: IL-6 up to {number(il6, 2)} pg/mL, lymphocytes down to {number(alc, 2)} × 10⁹/L"
        for kind, (il6, alc) in found.items()
    )
    return Shown(
        high == {"inflamed only", "both"} and low == {"few cells only", "both"},
        f"Four settings of the sliders give four kinds of patient. {words}.",
    )


def counts_fall_with_severity() -> Shown:
    """Measured CD4 and CD8 fall from group to group of the virtual cohort."""
    page = ward().choose(sampling="each on a random day")
    cd4, cd8 = (list(page.medians(kind).values()) for kind in ("cd4", "cd8"))
    holds = all(a > b > c for a, b, c in (cd4, cd8))
    return Shown(holds, counts_by_severity())


def il7_raises_count_and_killing() -> Shown:
    """In Dev IL-7 doubles the count; the lung notices little; clones are not in the model."""
    app = fresh_app()
    page = Whereabouts(app)
    app.show("Dev")
    page.read(LATER)
    before, killing = page._now()[0].blood[page._index], page._now()[1]["killing"][page._index]
    lesion = app.course["lesion"].max()
    app.treat("il7", day=DRUG_DAY)
    after, more = page._now()[0].blood[page._index], page._now()[1]["killing"][page._index]
    return Shown(
        after > 1.5 * before and more > killing and app.course["lesion"].max() > 0.9 * lesion,
        f"On day {LATER} Dev's count is {after / before:.1f} times and his killing power {more / killing:.1f} "
        f"times that without IL-7; his lesion still peaks at {app.course['lesion'].max():.0f}% (without: "
        f"{lesion:.0f}%). Which clones came back the model cannot say.",
    )


def severity_explains_the_scatter() -> Shown:
    """Within groups of like severity about half of the link is left; noise hides most of that."""
    whole, inside, words = {}, {}, []
    page = ward().choose(sampling="all on day 10", coloured=True)
    for kind, found in page.correlations().items():
        groups = [c for name, c in found.items() if name != "all patients"]
        whole[kind], inside[kind] = found["all patients"], [c.value for c in groups]
        words.append(
            f"{kind.capitalize()} values: all patients {whole[kind]}; within groups "
            f"{', '.join(map(str, groups))}."
        )
    page.choose(sampling="each on a random day")
    half = all(0.4 < c / whole["exact"].value < 0.6 for c in inside["exact"])
    hidden = np.mean(inside["measured"]) / np.mean(inside["exact"])
    holds = whole["measured"].high < -0.2 and half and 0 < hidden < 0.5
    return Shown(bool(holds), " ".join(words))


def marker_and_function_are_two_sliders() -> Shown:
    """One slider moves the marker, another the function."""
    page = Whereabouts(fresh_app())

    def peaks(**values: float) -> tuple[float, float]:
        page.app.reset().set(**values)
        now = page._now()[1]
        return float(now["pd1"][:26].max()), float(now["killing"].max())

    (m1, f1), (m2, f2) = peaks(exhaustion_rate=0.12), peaks(exhaustion_rate=1.0)
    (m3, f3), (m4, f4) = peaks(cd8_killing=4.0), peaks(cd8_killing=15.0)
    return Shown(
        m2 > 4 * m1 and f2 > 0.8 * f1 and f4 > 2 * f3 and m4 <= m3,
        f"The PD-1 slider takes the marker from {m1:.0f} to {m2:.0f}% and best killing from {f1:.2f} to "
        f"{f2:.2f} per day; the killing slider takes killing from {f3:.2f} to {f4:.2f} and the marker from "
        f"{m3:.0f} to {m4:.0f}%.",
    )


def all_defences_clear_virus() -> Shown:
    """Without killer cells clearance is late; without help or antibody it fails, too."""
    page = TakeAway(fresh_app())
    whole = page.clear_day()
    alone = {part: page.clear_day(part) for part in _PARTS}
    return Shown(
        all(day > whole + 5 for day in alone.values()) and page.clear_day(*_PARTS) == np.inf,
        what_clears_virus(),
    )


def storm_slows_clearance() -> Shown:
    """More IL-6 for the same virus: the lung is clear later (in this model)."""
    app, days = fresh_app(), {}
    for gain in (0.0, 1.0, 4.0):
        app.set(il6_gain=gain)
        load = app.curves["viral_load_lung"]
        days[gain] = float(app.days[np.flatnonzero(load > CLEAR)[-1]])
    return Shown(
        days[0.0] < days[1.0] < days[4.0],
        "Vera's lung is clear on day "
        + ", ".join(f"{d:.1f} with IL-6 gain {g:g}" for g, d in days.items())
        + ".",
    )


def small_rule_wide_interval() -> Shown:
    """The rule's answer depends on the laboratory, and a few patients leave a wide interval."""
    page = ward().choose(sampling="all on day 10")
    found = {}
    for lab in ("CD4 500, CD8 200", "CD4 414, CD8 238"):
        found[lab] = page.choose(laboratory=lab, per_cent=70).rule()
    page.choose(sampling="each on a random day", per_cent=50)
    counts = [n for n, _, _ in found.values()]
    spans = [high - low for _, _, (low, high) in found.values()]
    return Shown(
        counts[0] != counts[1] and max(spans) > 0.3,
        "At 70% of the lower limit: "
        + "; ".join(
            f"{lab}: {n} flagged, {ill} need oxygen ({percent(low)} to {percent(high)})"
            for lab, (n, ill, (low, high)) in found.items()
        )
        + ".",
    )


# ---------------------------------------------------------------- proofs: misconceptions
def three_ways_to_one_count() -> Shown:
    """Moving, dying, and dying with slow renewal reach the same count; renewal alone does not."""
    page = Whereabouts(fresh_app())
    wanted = float(page._start[0].blood[page._index])
    found = {}
    for way in ("moving", "dying", "both", "renewal"):
        page.same_count(way)
        found[way] = page._count({})
    near = all(abs(found[way] / wanted - 1) < 0.05 for way in ("moving", "dying", "both"))
    return Shown(
        near and found["renewal"] > 1.5 * wanted,
        f"Wanted on day {page.day}: {wanted:.2f}. "
        + "; ".join(f"{way} {value:.2f}" for way, value in found.items())
        + ".",
    )


def count_without_an_edge() -> Shown:
    """Cut the arrow from lymphocytes to infection: the count rises all the same, for nothing."""
    trial = virtual_trial()
    kept, cut = trial.prevented
    return Shown(
        trial.ratio(14)[1] > 1 and 0 <= cut < 0.5 * kept,
        f"Counts are {trial.ratio(14)[0]:.2f} times as high; of hospital infections IL-7 prevents "
        f"{100 * kept:.1f}%, with the arrow cut {100 * cut:.1f}%.",
    )


def better_without_a_drug() -> Shown:
    """Twelve untreated patients, enrolled when low, get better."""
    page = IL7Story(fresh_app())
    for belief in (50, 60, 70):
        page.commit(belief)
    _, untreated = series()
    first, last = (float(np.median(untreated.counts[:, d])) for d in (0, 14))
    return Shown(page.chapter == 3 and last > RISEN * first, " ".join(page.summary().split("\n")))


def same_pd1_other_killing() -> Shown:
    """The same PD-1 early and late; more killer cells, each of them weaker."""
    truth = same_marker_other_function()
    more, weaker = (float(truth.facts[name]) for name in ("fold_cells", "weaker"))
    return Shown(truth.value > 1.5 and more > truth.value and weaker > 10, marker_and_function())


def consumption_sets_il7() -> Shown:
    """Fewer T cells use less IL-7: the level rises while production stays as it is."""
    app = fresh_app()
    peaks = []
    for death in (0.11, 0.61):
        app.set(lymphocyte_death=death, homing_max=0.1)
        peaks.append((float(app.curves["alc"].min()), float(app.curves["il7"].max())))
    (many, low), (few, high) = peaks
    return Shown(
        few < many and high > 1.2 * low,
        f"With lymphocytes down to {number(many, 2)} × 10⁹/L IL-7 peaks at {number(low, 2)} pg/mL; with "
        f"more death, down to {number(few, 2)}, at {number(high, 2)}. The term that makes IL-7 is the same.",
    )


def percentage_is_no_count() -> Shown:
    """More neutrophils lower the percentage and leave the count."""
    shares, _, spread = _percentages()
    first, last = shares[float(STEPS[0])], shares[float(STEPS[-1])]
    return Shown(
        spread < 0.01 and last < 0.5 * first,
        f"The percentage falls from {first:.1f} to {last:.1f} while the count moves by {100 * spread:.2f}%.",
    )
