"""Traps of clinical evidence, each with one knob, on virtual patients whose truth is known.

Every demonstration takes a finished `TrialResult`, whose patients can be looked at under both
arms, and returns a `Demonstration`: a few numbers, a table and what they say. Same arguments, same
answer. What doctors do and when, is made up (badge D); what happens to the patients comes from the
model and its map of risk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from cytolearn import physiology
from cytolearn.patients import observe
from cytolearn.patients.cohort import Cohort, whole
from cytolearn.treatments.teaching import checked_number
from cytolearn.trials.endpoints import outcome_named
from cytolearn.trials.enrolment import draws, series
from cytolearn.trials.estimates import Effect, effect
from cytolearn.trials.results import TrialResult
from cytolearn.trials.strata import split
from cytolearn.wording import change_in_percent, in_sentence, number, percent, unknown

if TYPE_CHECKING:
    import pandas as pd

_SIGNIFICANT = 0.05  # the convention that these demonstrations are about
_LOW_BAR = 0.2  # p value below which a small trial lets a drug go on
_LESION = "lesion_auc"


@dataclass(frozen=True, eq=False)
class Demonstration:
    """What a demonstration shows.

    Attributes
    ----------
    name : str
    numbers : mapping of str to float
        The few numbers that the words are about.
    table : pandas.DataFrame
        What a picture is drawn from.
    words : str
        What is seen, in plain sentences.
    """

    name: str
    numbers: Mapping[str, float]
    table: pd.DataFrame = field(repr=False)
    words: str = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "numbers", MappingProxyType(dict(self.numbers)))

    def summary(self) -> str:
        """Say what is seen: the text twin."""
        return self.words

    def __repr__(self) -> str:
        return self.words


def _followed(found: TrialResult, patients: pd.DataFrame, treated: np.ndarray, died: np.ndarray):
    """Return the effect on death of being called treated, with intervals and all."""
    follow_up = found.design.follow_up
    outcome = outcome_named(None, follow_up)
    called = patients.assign(arm=np.where(treated, "treated", "control"), **{outcome.name: died})
    return effect(called, outcome, "risk_ratio", "treated", "control", follow_up), called


# ---------------------------------------------------------------- chance
def underpowered(
    found: TrialResult, n: int = 100, *, times: int = 100, seed: int = 1, null: bool = False,
    advance: Callable[[int, int], None] | None = None,
) -> Demonstration:  # fmt: skip
    """Repeat a trial at one size and look at all its answers, not at one.

    Parameters
    ----------
    found : TrialResult
        A trial whose patients are drawn from again and again.
    n : int
        The knob: patients a trial.
    times : int
        Trials.
    seed : int
    null : bool
        Whether the treatment does nothing, so that every finding is false.
    advance : callable(done, total), optional
        Called after every trial.

    Returns
    -------
    Demonstration
        ``numbers``: power (share with p < 0.05 for benefit), truth (risk ratio), typical (median
        estimate) and winners (median estimate among the "significant").
    """
    import pandas as pd

    n = whole("n (patients a trial)", n, 10, len(found))
    times = whole("times", times, 2, 2_000)
    rows = []
    for i, luck in enumerate(series(seed, times)):
        e = found.again(luck, n=n, null=null, progress=False).effect()
        rows.append((e.estimate, e.low, e.high, e.p))
        if advance:
            advance(i + 1, times)
    table = pd.DataFrame(rows, columns=["estimate", "low", "high", "p"])
    table["significant"] = (table["p"] < _SIGNIFICANT) & (table["estimate"] < 1)
    truth = 1.0 if null else found.counterfactual(progress=False).risk_ratio
    winners = table.loc[table["significant"], "estimate"]
    numbers = {
        "power": float(table["significant"].mean()),
        "truth": float(truth),
        "typical": float(table["estimate"].median()),
        "winners": float(winners.median()) if len(winners) else float("nan"),
        "not_estimable": int(table["estimate"].isna().sum()),
    }
    words = (
        f"The true risk ratio is {number(truth)}. {times} trials of {n} patients each: "
        f"{int(table['significant'].sum())} of them find a benefit with p < 0.05"
    )
    if null:
        words += ", although the treatment does nothing."
    elif numbers["power"] < 0.8:
        words += f" and {times - int(table['significant'].sum())} do not, although there is one."
    else:
        words += "."
    if len(winners):
        words += (
            f" Those that do report a risk ratio of {number(numbers['winners'])} (median): small "
            "trials that succeed exaggerate."
            if not null
            else f" They report a risk ratio of {number(numbers['winners'])} (median) for nothing."
        )
    if numbers["not_estimable"]:
        words += f" In {numbers['not_estimable']} of them too few died for any estimate."
    return Demonstration("underpowered", numbers, table, words)


def phase_two_to_three(
    found: TrialResult, n: int = 100, later: int = 400, *, working: float = 0.1,
    times: int = 200, seed: int = 1, advance: Callable[[int, int], None] | None = None,
) -> Demonstration:  # fmt: skip
    """Let many drugs, few of which work, go through a small trial and the winners a large one.

    Both trials look at the lesion of the lung, which differs between patients less by chance than
    death does. The small one sets a low bar (p < 0.2, for benefit), as trials of phase 2 often do
    for fear of missing a good drug; the large one asks for p < 0.05.

    Parameters
    ----------
    n, later : int
        Patients of the first and of the second trial.
    working : float
        The knob: share of drugs that work, 0 to 1; they all work as the treatment of `found`
        does, the others not at all.
    times : int
        Drugs.

    Returns
    -------
    Demonstration
        ``numbers``: winners, true_winners (share of winners that work), confirmed (share of
        winners that win again), first and second (change of the lesion in the winners' small and
        large trials, median, % of the lesion without treatment).
    """
    import pandas as pd

    working = checked_number("working", working, 0, 1, "", "0.1 is one drug in ten.")
    works = draws(seed, "which drugs work").random(times) < working
    control = next(iter(found.design.arms))
    untreated = found.patients.loc[found.patients["arm"] == control, _LESION].mean()

    def change(luck: int, patients: int, null: bool, limit: float) -> tuple[float, bool]:
        e = found.again(luck, n=patients, null=null, progress=False).effect(_LESION)
        return 100 * e.estimate / untreated, bool(e.p < limit and e.estimate < 0)

    rows = []
    lucks = series(seed, 2 * times)  # one for each small trial, one for the large one after it
    for i in range(times):
        first, won = change(lucks[i], n, not works[i], _LOW_BAR)
        second, again = np.nan, np.nan
        if won:
            second, again = change(lucks[times + i], later, not works[i], _SIGNIFICANT)
        rows.append((bool(works[i]), first, won, second, float(again)))
        if advance:
            advance(i + 1, times)
    table = pd.DataFrame(rows, columns=["works", "first", "won", "second", "confirmed"])
    winners = table[table["won"]]
    share = winners if len(winners) else winners.reindex([0])  # without winners there is no share
    numbers = {
        "winners": len(winners),
        "true_winners": float(share["works"].astype(float).mean()),
        "confirmed": float(share["confirmed"].mean()),
        "first": float(share["first"].median()),
        "second": float(share["second"].median()),
    }
    words = (
        f"{times} drugs, of which {int(works.sum())} work, each in a trial of {n} patients: "
        f"{len(winners)} go on, as their patients have less lung lesion with p < "
        f"{number(_LOW_BAR)}, a low bar, set for fear of missing a good drug."
    )
    if len(winners):
        small, large = (change_in_percent(numbers[key] / 100) for key in ("first", "second"))
        words += (
            f" Of these, {int(winners['works'].sum())} really work, and "
            f"{int(winners['confirmed'].sum())} succeed again in a trial of {later} patients, "
            f"where p < {number(_SIGNIFICANT)} counts. The winners had changed the lesion by "
            f"{small} (median); in the large trial it is {large}. The luck that helps to win does "
            "not come twice: regression to the mean."
        )
    return Demonstration("phase_two_to_three", numbers, table, words)


def subgroup_hunting(found: TrialResult, groups: int = 20, *, seed: int = 1) -> Demonstration:
    """Look for subgroups in a trial of a treatment that does nothing.

    Parameters
    ----------
    groups : int
        The knob: subgroups that are looked at. Each is half of the patients, chosen by a trait
        that has nothing to do with the disease (the toss of a coin).

    Returns
    -------
    Demonstration
        ``numbers``: significant (how many have p < 0.05), smallest_p, expected (groups x 0.05),
        chance (of at least one in independent tests).
    """
    import pandas as pd

    groups = whole("groups (subgroups looked at)", groups, 1, 200)
    nothing = found.again(seed, null=True, progress=False)
    patients = nothing.patients
    died = patients[f"death_{found.design.follow_up}"].to_numpy()
    treated = (patients["arm"] != found.design.control).to_numpy()
    coins = draws(seed, "meaningless traits").random((groups, len(patients))) < 0.5
    rows = []
    for i, inside in enumerate(coins, start=1):
        e, _ = _followed(found, patients[inside], treated[inside], died[inside])
        rows.append((f"subgroup {i}", int(inside.sum()), e.estimate, e.low, e.high, e.p))
    columns = ["subgroup", "n", "estimate", "low", "high", "p"]
    table = pd.DataFrame(rows, columns=columns).set_index("subgroup")
    table["significant"] = table["p"] < _SIGNIFICANT
    numbers = {
        "significant": int(table["significant"].sum()),
        "smallest_p": float(table["p"].min()),
        "expected": groups * _SIGNIFICANT,
        "chance": 1 - (1 - _SIGNIFICANT) ** groups,
    }
    words = (
        f"The treatment does nothing. {groups} subgroups were looked at, chosen by the toss of a "
        f"coin: {numbers['significant']} of them "
        f"{'has' if numbers['significant'] == 1 else 'have'} p < 0.05, the smallest is "
        f"{number(numbers['smallest_p'], 2)}. If the subgroups were independent, "
        f"{number(numbers['expected'], 2)} would be expected, and at least one in "
        f"{percent(numbers['chance'], 2)} of such hunts."
    )
    return Demonstration("subgroup_hunting", numbers, table, words)


def stopping_early(
    found: TrialResult, looks: int = 5, *, times: int = 100, seed: int = 1, null: bool = True,
    advance: Callable[[int, int], None] | None = None,
) -> Demonstration:  # fmt: skip
    """Stop a trial as soon as a look at it shows p < 0.05 for benefit.

    Parameters
    ----------
    looks : int
        The knob: how often the data are looked at, the last time at the end.
    times : int
        Trials.
    null : bool
        Whether the treatment does nothing.

    Returns
    -------
    Demonstration
        ``numbers``: stopped (share that claim a benefit), at_the_end (share that would with one
        look), truth, claimed (median risk ratio of those that claim a benefit).
    """
    import pandas as pd

    looks = whole("looks", looks, 1, 50)
    times = whole("times", times, 2, 2_000)
    follow_up, rows = found.design.follow_up, []
    for i, luck in enumerate(series(seed, times)):
        one = found.again(luck, null=null, progress=False)
        patients = one.patients
        # Patients are in the order of entry only by their number: let them come in any order.
        order = draws(luck, "order of entry").permutation(len(patients))
        treated = (patients["arm"] != found.design.control).to_numpy()[order]
        died = patients[f"death_{follow_up}"].to_numpy()[order]
        claim = (np.nan, len(patients), False)
        for k in range(1, looks + 1):
            seen = round(len(patients) * k / looks)
            e, _ = _followed(found, patients.iloc[order[:seen]], treated[:seen], died[:seen])
            if e.p < _SIGNIFICANT and e.estimate < 1:
                claim = (e.estimate, seen, True)
                break
        last = one.effect()
        rows.append((*claim, last.estimate, bool(last.p < _SIGNIFICANT and last.estimate < 1)))
        if advance:
            advance(i + 1, times)
    columns = ["claimed", "patients", "stopped", "full", "full_significant"]
    table = pd.DataFrame(rows, columns=columns)
    truth = 1.0 if null else found.counterfactual(progress=False).risk_ratio
    stopped = table[table["stopped"]]
    numbers = {
        "stopped": float(table["stopped"].mean()),
        "at_the_end": float(table["full_significant"].mean()),
        "truth": float(truth),
        "claimed": float(stopped["claimed"].median()) if len(stopped) else float("nan"),
    }
    words = (
        f"The true risk ratio is {number(truth)}. With {looks} look"
        f"{'' if looks == 1 else 's'}, {len(stopped)} of {times} trials claim a benefit; with a "
        f"single look at the end {int(table['full_significant'].sum())} would."
    )
    if len(stopped):
        words += (
            f" Those that claim one report a risk ratio of {number(numbers['claimed'])} (median), "
            f"after {number(stopped['patients'].median())} patients (median)."
        )
    return Demonstration("stopping_early", numbers, table, words)


# ---------------------------------------------------------------- who is compared with whom
def regression_to_the_mean(
    cohort: Cohort, readout: str = "crp", share: float = 0.2, *,
    window: tuple[int, int] = (3, 14), later: int = 3, seed: int = 1,
) -> Demonstration:  # fmt: skip
    """Choose patients by their worst value, treat nobody, and measure again.

    Parameters
    ----------
    cohort : Cohort
        Untreated patients.
    readout : str
        What is measured every day; its worst is its highest value, or for cells and oxygen its
        lowest.
    share : float
        The knob: share of patients who are chosen, those whose worst is worst; 1 is everybody.
    window : (int, int)
        Days since symptom onset on which they are measured.
    later : int
        Days from the worst sample to the next that is looked at.

    Returns
    -------
    Demonstration
        ``numbers``: first and second (median value of the chosen), repeated (median of a second
        tube of the same day), better (share of the chosen who are better at the second), and
        everybody_better (the same on an ordinary day for all).
    """
    import pandas as pd

    if cohort.treatments:
        raise ValueError("Regression to the mean is shown on untreated patients; these are not.")
    share = checked_number("share", share, 0.02, 1, "", "0.2 chooses the worst fifth.")
    later = whole("later (days to the second sample)", later, 1, 20)
    first_day, last_day = (whole("An end of the window", d, 0, 30) for d in window)
    days = np.arange(first_day, last_day + 1)
    cohort[readout]  # says what is wrong with the name
    sign = -1.0 if physiology.readouts()[readout]["extreme"] == "min" else 1.0

    def tube(which: int, day: float) -> np.ndarray:
        luck = int(draws(seed, f"tube {which} of day {day:g}").integers(2**31))
        return observe(cohort.at(float(day))[[readout]], seed=luck)[readout].to_numpy(float)

    daily = np.column_stack([tube(1, day) for day in days])
    worst = (sign * daily).argmax(axis=1)
    row = np.arange(len(daily))
    again = np.column_stack([tube(2, day) for day in days])[row, worst]
    next_ones = np.column_stack([tube(1, day + later) for day in days])
    first, second = daily[row, worst], next_ones[row, worst]
    limit = np.quantile(sign * first, 1 - share) if share < 1 else -np.inf
    chosen = sign * first >= limit
    table = pd.DataFrame(
        {"day": days[worst], "first": first, "same day again": again, "second": second,
         "chosen": chosen}, index=cohort.traits.index,
    )  # fmt: skip
    better = sign * second < sign * first
    ordinary = sign * next_ones[:, len(days) // 2] < sign * daily[:, len(days) // 2]
    numbers = {
        "chosen": int(chosen.sum()),
        "first": float(np.median(first[chosen])),
        "repeated": float(np.median(again[chosen])),
        "second": float(np.median(second[chosen])),
        "better": float(better[chosen].mean()),
        "everybody_better": float(ordinary.mean()),
    }
    name = physiology.readouts()[readout]["name"]
    of_chosen, of_all = (percent(numbers[key], 2) for key in ("better", "everybody_better"))
    words = (
        f"{numbers['chosen']} of {len(first)} untreated patients were chosen by their worst "
        f"{name} between day {first_day} and {last_day}: a median of {number(numbers['first'])}. A "
        f"second tube of the same day holds {number(numbers['repeated'])}; {later} days later they "
        f"have {number(numbers['second'])}. {of_chosen} of them are better than "
        f"at the start, without any treatment; from an ordinary day on, "
        f"{of_all} of all patients are."
    )
    return Demonstration("regression_to_the_mean", numbers, table, words)


def immortal_time(found: TrialResult, latest: float = 14, *, seed: int = 1) -> Demonstration:
    """Call those treated who lived long enough to be treated; the drug does nothing.

    Parameters
    ----------
    latest : float
        The knob: the pharmacy delivers on a random day from entry to this one. Who dies or leaves
        before has not been treated.

    Returns
    -------
    Demonstration
        ``numbers``: naive (risk ratio of the treated against the never treated), landmark (the
        same among those still there on the middle day, by what they had been given until then),
        truth (1).
    """
    import pandas as pd

    follow_up = found.design.follow_up
    latest = checked_number("latest", latest, 0, follow_up - 1, "days from entry")
    patients = found.again(seed, null=True, progress=False).patients
    died = patients[f"death_{follow_up}"].to_numpy()
    gone = patients["days_to_death"].fillna(np.inf).to_numpy()
    gone = np.minimum(gone, patients["days_to_recovery"].fillna(np.inf).to_numpy())
    delivered = draws(seed, "delivery").random(len(patients)) * latest
    wanted = draws(seed, "who is to be treated").random(len(patients)) < 0.7
    treated = wanted & (delivered <= gone)
    naive, _ = _followed(found, patients, treated, died)
    middle = latest / 2
    there = gone > middle
    landmark, _ = _followed(
        found, patients[there], (wanted & (delivered <= middle))[there], died[there]
    )
    table = pd.DataFrame(
        [
            (name, e.estimate, e.low, e.high, e.reason)
            for name, e in (("ever against never treated", naive), ("landmark", landmark))
        ],
        columns=["analysis", "estimate", "low", "high", "reason"],
    ).set_index("analysis")
    numbers = {"naive": naive.estimate, "landmark": landmark.estimate, "truth": 1.0}
    words = (
        f"The drug does nothing. It arrives on a random day up to {number(latest)} days after "
        "entry; who has died or gone home by then counts as never treated. Treated against "
        f"never treated: risk ratio {naive.interval()}. Only those who were still there on day "
        f"{number(middle)}, by what they had been given until then: {landmark.interval()}."
    )
    return Demonstration("immortal_time", numbers, table, words)


def confounding_by_indication(
    found: TrialResult, strength: float = 1.0, *, seed: int = 1
) -> Demonstration:
    """Let doctors treat the sicker, and compare the treated with the others.

    Parameters
    ----------
    strength : float
        The knob: log odds of being treated for each standard deviation of the lesion on the day
        of entry. 0 is a coin; above 0 the sicker are treated, below 0 the fitter.

    Returns
    -------
    Demonstration
        ``numbers``: naive and adjusted (Mantel-Haenszel odds ratio over fifths of the lesion),
        truth (risk ratio), truth_odds (odds ratio), treated (share).
    """
    import pandas as pd

    strength = checked_number("strength", strength, -5, 5, "log odds per standard deviation")
    truth = found.counterfactual(progress=False)
    both = truth.patients
    patients = found.patients
    lesion = patients["lesion"].to_numpy(float)
    score = (lesion - lesion.mean()) / (lesion.std() or 1.0)
    treated = draws(seed, "indication").random(len(score)) < 1 / (1 + np.exp(-strength * score))
    died = np.where(treated, both["dies_treated"], both["dies_in_control"]).astype(bool)
    naive, called = _followed(found, patients, treated, died)
    fifths = pd.qcut(lesion, 5, labels=False, duplicates="drop")
    strata = split(
        called.assign(lesion_fifth=fifths), ("lesion_fifth",),
        outcome_named(None, found.design.follow_up), "treated", "control", found.design.follow_up,
    )  # fmt: skip
    control, given = truth.risks
    odds = (given / (1 - given)) / (control / (1 - control))
    rows = [
        ("truth (everybody under both)", "risk ratio", truth.risk_ratio, np.nan, np.nan),
        ("treated against untreated", "risk ratio", naive.estimate, naive.low, naive.high),
        ("truth", "odds ratio", odds, np.nan, np.nan),
        ("within fifths of the lesion", "odds ratio", *_ends(strata.pooled)),
    ]
    table = pd.DataFrame(rows, columns=["comparison", "measure", "estimate", "low", "high"])
    numbers = {
        "naive": naive.estimate,
        "adjusted": strata.pooled.estimate,
        "truth": truth.risk_ratio,
        "truth_odds": odds,
        "treated": float(treated.mean()),
    }
    who = "sicker" if strength > 0 else "fitter" if strength < 0 else "same"
    chosen = (
        "A coin decides who is treated." if who == "same" else f"Doctors treat the {who} patients."
    )
    words = (
        f"{chosen} The true risk ratio is {number(truth.risk_ratio)}. Comparing the treated with "
        f"the others gives {naive.interval()}. Compared within fifths of the lesion, the odds "
        f"ratio is {strata.pooled.interval()}; the true one is {number(odds)}. What is measured "
        "can be adjusted for, what is not cannot."
    )
    return Demonstration("confounding_by_indication", numbers, table, words)


def _ends(found: Effect) -> tuple[float, float, float]:
    return found.estimate, found.low, found.high


def enrichment(
    found: TrialResult, marker: str = "crp", cutoff: float = 0.5, *, seed: int = 1
) -> Demonstration:
    """Let only those into a trial whose marker is high.

    Parameters
    ----------
    marker : str
        A column of ``found.patients``, measured on the day of entry with the assay's noise.
    cutoff : float
        The knob: share of patients who are left out, 0 to 0.95.

    Returns
    -------
    Demonstration
        ``numbers``: truth_all, truth_chosen (risk ratios), difference_all, difference_chosen
        (percentage points), screened_per_patient, and power-like width of the interval
        (``width_all``, ``width_chosen``: upper over lower end).
    """
    import pandas as pd

    cutoff = checked_number("cutoff", cutoff, 0, 0.95, "", "0.5 leaves the lower half out.")
    patients = found.patients
    if marker not in patients:
        raise ValueError(unknown("marker", marker, patients.columns))
    if not pd.api.types.is_numeric_dtype(patients[marker]) or patients[marker].dtype == bool:
        raise ValueError(f"'{marker}' is no measured value; choose a marker such as 'crp'.")
    both = found.counterfactual(progress=False).patients
    limit = float(patients[marker].quantile(cutoff))
    chosen = (patients[marker] >= limit).to_numpy()
    randomised = found.again(seed, progress=False).patients.reindex(patients.index)
    treated = (randomised["arm"] != found.design.control).to_numpy()
    died = randomised[f"death_{found.design.follow_up}"].to_numpy()
    rows, numbers = [], {"limit": limit, "screened_per_patient": len(patients) / chosen.sum()}
    everybody = np.ones(len(patients), bool)
    for name, words, who in (("all", "everybody", everybody), ("chosen", "chosen", chosen)):
        risk_c, risk_t = both["risk_control"][who].mean(), both["risk_treated"][who].mean()
        e, _ = _followed(found, patients[who], treated[who], died[who])
        numbers[f"truth_{name}"] = float(risk_t / risk_c)
        numbers[f"difference_{name}"] = float(100 * (risk_t - risk_c))
        numbers[f"width_{name}"] = e.high / e.low if e.estimable else float("nan")
        rows.append((words, int(who.sum()), risk_c, risk_t, risk_t / risk_c, *_ends(e)))
    columns = ["patients", "n", "risk_control", "risk_treated", "truth", "estimate", "low", "high"]
    table = pd.DataFrame(rows, columns=columns).set_index("patients")
    readouts = physiology.readouts()
    called = in_sentence(readouts[marker]["name"]) if marker in readouts else marker
    words = (
        f"With {called} of at least {number(limit)} at entry, {int(chosen.sum())} of "
        f"{len(patients)} patients are left. The true risk ratio is "
        f"{number(numbers['truth_chosen'])} in them and {number(numbers['truth_all'])} in "
        f"everybody; the true difference {number(numbers['difference_chosen'])} against "
        f"{number(numbers['difference_all'])} percentage points. A marker of risk raises the "
        "difference; only one that says who responds changes the ratio."
    )
    return Demonstration("enrichment", numbers, table, words)
