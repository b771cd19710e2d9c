"""Replays: the model's answer to trials that were really done, beside the published one.

``replays.csv`` says who entered, when, on what usual care, and what was counted; nothing else in
the package knows about a single trial. ``replay_record.csv`` holds the model's answers; it is
written by ``python -m cytolearn.trials``.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cytolearn import evidence
from cytolearn.patients import observe
from cytolearn.patients.cohort import daily_courses
from cytolearn.patients.workers import Workers
from cytolearn.physiology.tables import read_table
from cytolearn.treatments import Treatment, treatment
from cytolearn.trials.endpoints import outcome_named
from cytolearn.trials.enrolment import draws, treated_cases
from cytolearn.trials.estimates import LEVEL, Effect, effect
from cytolearn.trials.randomised import trial
from cytolearn.trials.results import TrialResult
from cytolearn.wording import number, unknown

if TYPE_CHECKING:
    import pandas as pd

PATIENTS = 400  # virtual patients a replay, each looked at under both arms
LUCKS = 8  # times that chance is drawn for each of them
SEED = 11
_RECORD = "replay_record.csv"
#: Arm sizes where the source gives none (replays.csv says so in `differs`).
_ASSUMED_SIZES = (55, 54)


@cache
def specifications() -> dict[str, dict[str, str]]:
    """Return the rows of replays.csv by name."""
    return {row["replay"]: row for row in read_table(__package__, "replays.csv")}


def replay(name: str, *, n: int = PATIENTS, lucks: int = LUCKS, progress: bool = True) -> dict:
    """Run one trial again on virtual patients.

    Every virtual patient is followed under both arms, several times with other luck. That gives
    the effect that the model expects; the interval is the one that a trial of the published size
    would have.

    Parameters
    ----------
    name : str
        A row of replays.csv.
    n : int
        Virtual patients.
    lucks : int
        Draws of chance for each.

    Returns
    -------
    dict
        ``replay``, ``patients``, ``screened``, ``risk_control`` (28-day death or what is counted,
        per cent; empty where it is no event), ``model``, ``model_low``, ``model_high``, ``reason``.

    Raises
    ------
    ValueError
        An unknown name.
    """
    if name not in specifications():
        raise ValueError(unknown("replay", name, specifications()))
    spec = specifications()[name]
    day = int(spec["day"])
    found = trial(
        treated=treatment(spec["drug"], day=day, regimen=spec["regimen"]),
        n=n,
        where=spec["where"],
        seed=SEED,
        day=day,
        background=_usual_care(spec["background"], day),
        follow_up=int(spec["follow_up"]),
        progress=progress,
    )
    expected, risk = _expected(found, spec, lucks, progress)
    published = _published(spec)
    # A laboratory value is drawn once for each patient, chance as often as there are lucks.
    looked_at = n if spec["measure"] == "mean_ratio" else n * lucks
    return {
        "replay": name,
        "patients": n,
        "screened": found.flow["screened"],
        "risk_control": "" if math.isnan(risk) else f"{100 * risk:.1f}",
        **_at_size(expected, looked_at, published["n_treated"], published["n_control"]),
        "reason": expected.reason,
    }


def _usual_care(text: str, day: int) -> list[tuple[Treatment, float]]:
    pairs = (part.split(":") for part in text.split(";") if part)
    return [(treatment(drug, day=day), float(share)) for drug, share in pairs]


def _expected(
    found: TrialResult, spec: dict[str, str], lucks: int, progress: bool
) -> tuple[Effect, float]:
    """Return the effect with every patient in both arms, and the risk under control."""
    import pandas as pd

    follow_up = found.design.follow_up
    if spec["measure"] == "mean_ratio":
        return _mean_ratio(found, spec, progress), math.nan
    frames, rows = [], _as_old_as(found, spec)
    for k in range(lucks):
        both = found.again(SEED + k, progress=progress).counterfactual(progress=progress)
        for arm, outcomes in (("control", both._control), ("treated", both._treated)):
            frames.append(outcomes.iloc[rows].assign(arm=arm))
    patients = pd.concat(frames, ignore_index=True)
    outcome = outcome_named(spec["outcome"], follow_up)
    e = effect(patients, outcome, spec["measure"], "treated", "control", follow_up)
    counted = patients[patients["arm"] == "control"]
    if outcome.among:
        counted = counted[counted[outcome.among]]
    risk = counted[outcome.name].mean() if outcome.kind in ("death", "event") else math.nan
    return e, float(risk)


def _as_old_as(found: TrialResult, spec: dict[str, str]) -> np.ndarray:
    """Draw rows of patients, with replacement, so that their age is that of the real trial.

    Virtual patients come from the general adult population; patients of trials were older. Mean
    and standard deviation of age are those of the published tables of patients (from memory,
    rounded). A normal distribution and at most tenfold weights are our assumptions (badge D).
    """
    from scipy.stats import gaussian_kde, norm

    age = found.enrolment.entered["age"].to_numpy(float)
    wanted = norm(float(spec["age_mean"]), float(spec["age_sd"])).pdf(age)
    weight = wanted / gaussian_kde(age)(age)
    weight = np.minimum(weight, 10 * np.median(weight))
    return draws(SEED, "age").choice(len(age), len(age), p=weight / weight.sum())


def _mean_ratio(found: TrialResult, spec: dict[str, str], progress: bool) -> Effect:
    """Return the ratio of geometric means of a laboratory value at the end of follow-up."""
    import pandas as pd
    from scipy.stats import ttest_ind

    design, entered = found.design, found.enrolment.entered
    column = int(entered["entry_day"].iloc[0]) + design.follow_up
    readout, rows, logs = spec["outcome"], _as_old_as(found, spec), []
    with Workers(None, progress, None, None) as workers:
        for arm in design.arms:
            cases = treated_cases(design, entered, [(arm, row) for row in range(len(entered))])
            values = daily_courses(cases, design.days, (readout,), workers, engine=design.engine)
            at = column - int(found.enrolment.courses.days[0])
            true = pd.DataFrame({readout: values[rows, at, 0].astype(float)})
            luck = int(draws(SEED, f"laboratory, {arm}").integers(2**31))
            logs.append(np.log(observe(true, seed=luck)[readout].to_numpy()))
    test = ttest_ind(logs[1], logs[0], equal_var=False)
    ends = test.confidence_interval(LEVEL / 100)
    shift = float(logs[1].mean() - logs[0].mean())
    return Effect(
        readout, "mean_ratio", "treated", "control", math.exp(shift), math.exp(ends.low),
        math.exp(ends.high), float(test.pvalue), good=True,
    )  # fmt: skip


def _at_size(expected: Effect, n: int, n_treated: float, n_control: float) -> dict[str, str]:
    """Return estimate and interval as a trial of the published size would have them.

    The variance of the logarithm goes with 1/n1 + 1/n0.
    """
    if not expected.estimable:
        return {"model": "", "model_low": "", "model_high": ""}
    width = math.log(expected.high / expected.low) / 2
    width *= math.sqrt((1 / n_treated + 1 / n_control) / (2 / n))
    ends = (expected.estimate * math.exp(sign * width) for sign in (-1, 1))
    low, high = ends
    return {
        "model": f"{expected.estimate:.3f}",
        "model_low": f"{low:.3f}",
        "model_high": f"{high:.3f}",
    }


def _published(spec: dict[str, str]) -> dict:
    """Return the published effect; turned round where the trial counted the good outcome."""
    table = evidence.trials()
    row = table[table["row_id"] == spec["row_id"]].iloc[0]
    sizes = [float(row[c]) for c in ("n_treated", "n_control")]
    if any(math.isnan(size) for size in sizes):
        sizes = [float(size) for size in _ASSUMED_SIZES]
    values = [float(row[c]) for c in ("effect", "ci_low", "ci_high")]
    better_below = row["better_if"] != "above 1"
    if spec["flip"]:
        values = [1 / values[0], 1 / values[2], 1 / values[1]]
        better_below = not better_below
    return {
        "n_treated": sizes[0],
        "n_control": sizes[1],
        "published": values[0],
        "published_low": values[1],
        "published_high": values[2],
        "ci_type": str(row["ci_type"]),
        "better_below": better_below,
        "said": str(row["direction"]),
        "from_memory": bool(row["from_memory"]),
        "memory_fields": str(row["memory_fields"]),
        "doi": str(row["doi"]),
    }


def direction(low: float, high: float, *, better_below: bool) -> str:
    """Return "benefit" or "harm" if the whole interval says so, else "none shown"."""
    if math.isnan(low) or low <= 1 <= high:
        return "none shown"
    return "benefit" if (high < 1) == better_below else "harm"


def replay_record() -> pd.DataFrame:
    """Return every replay: the published effect beside the model's.

    Returns
    -------
    pandas.DataFrame
        One row a replay. ``agrees``: the two intervals overlap or, where none was published, both
        show no difference. ``inside``, which is stricter: the model's estimate lies inside the
        published interval.
        ``direction_published`` and ``direction_model`` are "benefit", "harm" or "none shown" (the
        interval holds no difference), ``same_direction`` whether they are the same. The model's
        interval is that of a trial of the published size. ``differs`` says what is not the same.
    """
    import pandas as pd

    rows = []
    for row in read_table(__package__, _RECORD):
        spec = specifications()[row["replay"]]
        p = _published(spec)
        model, low, high = (float(row[c] or "nan") for c in ("model", "model_low", "model_high"))
        better_below = p["better_below"] if spec["measure"] != "mean_ratio" else False
        said = direction(p["published_low"], p["published_high"], better_below=better_below)
        shown = direction(low, high, better_below=better_below)
        known = not (math.isnan(p["published_low"]) or math.isnan(low))
        inside = p["published_low"] <= model <= p["published_high"]
        rows.append(
            {
                "replay": row["replay"],
                "trial": spec["trial"],
                "row_id": spec["row_id"],
                "drug": spec["drug"],
                "entry": spec["where"],
                "day": int(spec["day"]),
                "background": spec["background"],
                "outcome": spec["outcome"],
                "measure": spec["measure"],
                **{c: p[c] for c in ("published", "published_low", "published_high", "ci_type")},
                "model": model,
                "model_low": low,
                "model_high": high,
                "direction_published": said,
                "direction_model": shown,
                "same_direction": said == shown,
                "agrees": (p["published_low"] <= high and low <= p["published_high"])
                if known
                else said == shown,
                "inside": bool(inside) if known else said == shown,
                "better_if": "below 1" if better_below else "above 1",
                "risk_control": float(row["risk_control"] or "nan"),
                "memory_fields": p["memory_fields"],
                "differs": spec["differs"],
                "doi": p["doi"],
            }
        )
    return pd.DataFrame(rows).set_index("replay")


def replay_summary() -> str:
    """Say in how many trials model and publication agree, and where the model fails."""
    record = replay_record()
    trials = record["trial"].str.split(":").str[0]
    by_trial = record.groupby(trials, sort=False)["agrees"].all()
    inside = record.groupby(trials, sort=False)["inside"].all()
    text = (
        f"In {int(by_trial.sum())} of {len(by_trial)} trials ({int(record['agrees'].sum())} of "
        f"{len(record)} comparisons) the model's interval, as a trial of that size would have it, "
        f"overlaps the published one; in {int(inside.sum())} trials the model's estimate lies "
        f"inside it; {int(record['same_direction'].sum())} comparisons would be called the same "
        "(benefit, harm, none shown)."
    )
    failures = record[~record["inside"]]
    if len(failures):
        told = "; ".join(
            f"{r.trial}: published {_interval(r.published, r.published_low, r.published_high)}, "
            f"model {_interval(r.model, r.model_low, r.model_high)}"
            for r in failures.itertuples()
        )
        text += f" The model's estimate is wrong in: {told}."
    return text


def _interval(value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return "no number"
    return f"{number(value)} ({number(low)} to {number(high)})"


def write_record(names: list[str] | None = None, *, told: Callable[[str], None] = print) -> Path:
    """Run the replays again and write replay_record.csv; others keep their row.

    Parameters
    ----------
    names : list of str, optional
        Replays; all by default.
    told : callable
        Called with a line after each.
    """
    target = Path(str(files(__package__))) / _RECORD
    kept = {}
    if names and target.exists():
        with target.open(encoding="utf-8", newline="") as stream:
            kept = {row["replay"]: row for row in csv.DictReader(stream)}
    for name in names or list(specifications()):
        kept[name] = replay(name, progress=False)
        row = kept[name]
        told(f"{name}: {row['model']} ({row['model_low']} to {row['model_high']}) {row['reason']}")
    rows = [kept[name] for name in specifications() if name in kept]
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    read_table.cache_clear()
    return target
