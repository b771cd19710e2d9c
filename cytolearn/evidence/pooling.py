"""Meta-analysis of rows of the table: what may be pooled, and what comes out.

The statistics are statsmodels' (`combine_effects`, `Table2x2`); here is only what a beginner gets
wrong: pooling different measures, opposite outcomes, or the same patients twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cytolearn.wording import listing, number, unknown

if TYPE_CHECKING:
    import pandas as pd

#: Measures that compare rates over time; asked for as "rate", they are pooled together.
_RATES = ("hazard ratio", "rate ratio")
RATIOS = ("odds ratio", "risk ratio", *_RATES)
#: Measures that can be computed from events and patients.
FROM_COUNTS = ("odds ratio", "risk ratio")
_COUNTS = ["events_treated", "n_treated", "events_control", "n_control"]
_TAU2 = {"paule-mandel": "iterated", "dersimonian-laird": "chi2"}


@dataclass(frozen=True, eq=False)
class Pooled:
    """A pooled estimate with everything that belongs to it.

    Attributes
    ----------
    measure : str
        "odds ratio", "risk ratio", "hazard ratio", "rate ratio" or "hazard or rate ratio".
    model : str
        "fixed" or "random".
    estimate, low, high : float
        Pooled ratio and its 95% interval.
    interval : str
        How the interval was made, in words.
    prediction : (float, float) or None
        Where 95% of the true effects of new trials would lie; random effects, three or more rows.
    tau2 : float
        Variance of the true log ratios between trials.
    i2 : float
        Share of the variation that is more than chance, in %; 0 to 100.
    q, q_p : float
        Cochran's Q and the P value of homogeneity.
    weights : pandas.Series
        Weight of each row in %, by row_id.
    rows : pandas.DataFrame
        What went in, indexed by row_id: effect, low, high, log_effect, se.
    notes : tuple of str
        What was left out, corrected or from memory.
    """

    measure: str
    model: str
    estimate: float
    low: float
    high: float
    interval: str
    prediction: tuple[float, float] | None
    tau2: float
    i2: float
    q: float
    q_p: float
    weights: pd.Series
    rows: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def k(self) -> int:
        """How many rows were pooled."""
        return len(self.rows)

    def summary(self) -> str:
        """Say what came out, in sentences."""
        said = [
            f"Pooled {self.measure} of {self.k} rows ({self.model} effects): "
            f"{self.estimate:.2f} ({self.low:.2f} to {self.high:.2f}, {self.interval})."
        ]
        chance = "P < 0.001" if self.q_p < 0.001 else f"P = {number(self.q_p, 2)}"
        said.append(
            f"Variation beyond chance: I² {self.i2:.0f}%, tau² {number(self.tau2, 2)}, "
            f"Q {self.q:.1f} on {self.k - 1} degrees of freedom ({chance})."
        )
        if self.prediction:
            low, high = self.prediction
            said.append(f"A new trial's true effect would lie between {low:.2f} and {high:.2f}.")
        return " ".join([*said, *self.notes])

    def __repr__(self) -> str:
        return self.summary()


def pool(
    rows: pd.DataFrame,
    measure: str = "published",
    model: str = "random",
    *,
    tau2: str = "paule-mandel",
    hartung_knapp: bool = False,
    shared_controls: str = "refuse",
) -> Pooled:
    """Pool rows of `trials` into one estimate, if that makes sense.

    Parameters
    ----------
    rows : DataFrame
        Rows of `trials`, at least two.
    measure : str, default "published"
        "published": the effects as published, which must all be of one measure. "odds ratio" or
        "risk ratio": computed from the counts. "rate": published hazard and rate ratios together.
    model : str, default "random"
        "fixed": one true effect, chance does the rest (inverse variance). "random": the true
        effect differs from trial to trial.
    tau2 : str, default "paule-mandel"
        How the variance between trials is estimated; or "dersimonian-laird".
    hartung_knapp : bool, default False
        Wider, more honest intervals for few trials (random effects only).
    shared_controls : str, default "refuse"
        What to do if rows share a control arm: "refuse", or "split" it evenly between them, so
        that no patient counts twice (only from counts).

    Returns
    -------
    Pooled

    Raises
    ------
    ValueError
        Nothing or one row to pool; different measures, outcomes, kinds of events, designs or
        classes of drugs; the same patients twice; rows without an effect. Says what to do.

    Notes
    -----
    A row with no event in one arm gets 0.5 added to all four cells; one with no event in either
    arm says nothing about a ratio and is left out. Both are noted. Published intervals, credible
    ones included, are read as normal on the log scale.
    """
    if model not in ("fixed", "random"):
        raise ValueError(unknown("model", model, ("fixed", "random")))
    if tau2 not in _TAU2:
        raise ValueError(unknown("estimator of tau2", tau2, _TAU2))
    if shared_controls not in ("refuse", "split"):
        raise ValueError(unknown("way with shared controls", shared_controls, ("refuse", "split")))
    _refuse_pooled(rows)
    effects, notes = study_effects(rows, measure)
    used = rows[rows["row_id"].isin(effects.index)]
    _refuse_mixtures(used, counted=measure in FROM_COUNTS)
    if shared := sharing(used):
        if shared_controls == "refuse" or measure not in FROM_COUNTS:
            raise ValueError(
                f"{listing(shared[0])} share control patients, who would count twice. Leave all "
                "but one of these rows out, or compute from counts and divide the controls: "
                "measure='odds ratio', shared_controls='split'."
            )
        effects, notes = study_effects(rows, measure, split=shared)
    left = [row for row in rows["row_id"] if row not in effects.index]
    if len(effects) < 2:
        only = f" ({effects.index[0]})" if len(effects) else ""
        raise ValueError(
            f"Pooling needs at least two rows with an effect; here {_count(len(effects))} left"
            f"{only}. One trial is its own result: read it in the table."
        )
    if len(set(effects["measure"])) > 1:
        raise ValueError(
            f"These rows hold different measures: {_by_measure(effects)}. They answer different "
            "questions and may differ twofold in the same trial. Set measure='odds ratio' to "
            "compute one measure from the counts, or keep the rows of one measure."
        )
    if without := [row for row in left if row not in " ".join(notes)]:
        notes = (*notes, f"Without such an effect, left out: {listing(without)}.")
    return _combine(effects, model, _TAU2[tau2], hartung_knapp, notes)


def study_effects(
    rows: pd.DataFrame, measure: str = "published", *, split: Iterable[Iterable[str]] = ()
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the ratio of each row and its standard error on the log scale.

    Parameters
    ----------
    rows : DataFrame
        Rows of `trials`.
    measure : str
        As for `pool`.
    split : iterable of groups of row_ids
        Rows that share a control arm, which is divided evenly.

    Returns
    -------
    (DataFrame, tuple of str)
        Indexed by row_id: measure, effect, low, high (95%), log_effect, se, zero (whether an arm
        had no event); and notes. Rows without a ratio are missing.
    """
    if measure == "published":
        return _published(rows)
    if measure == "rate":
        frame, notes = _published(rows[rows["measure"].isin(_RATES)])
        return frame.assign(measure="hazard or rate ratio"), notes
    if measure not in FROM_COUNTS:
        raise ValueError(unknown("measure", measure, ("published", "rate", *FROM_COUNTS)))
    return _from_counts(rows, measure, split)


def pool_by(rows: pd.DataFrame, column: str = "drug", **options: Any) -> dict[str, Pooled]:
    """Pool each group of rows on its own; groups with fewer than two rows are left out.

    Parameters
    ----------
    rows : DataFrame
        Rows of `trials`.
    column : str, default "drug"
        Column that makes the groups.
    **options
        As for `pool`.
    """
    if column not in rows:
        raise ValueError(unknown("column", column, rows.columns))
    return {
        str(name): pool(group, **options)
        for name, group in rows.groupby(column, sort=True)
        if len(group) > 1
    }


def cumulative(
    rows: pd.DataFrame,
    by: str = "date",
    measure: str = "published",
    model: str = "random",
    *,
    tau2: str = "paule-mandel",
    hartung_knapp: bool = False,
    shared_controls: str = "refuse",
) -> pd.DataFrame:
    """Pool the first two rows, the first three, and so on: watch when the answer stops moving.

    Parameters
    ----------
    rows : DataFrame
        Rows of `trials`.
    by : str, default "date"
        "date": by year of publication, the smaller trial first within a year; "size": from the
        smallest to the largest.
    measure, model, tau2, hartung_knapp, shared_controls
        As for `pool`.

    Returns
    -------
    pandas.DataFrame
        Indexed by the row_id that was added: study, year, patients (so far), k, estimate, low,
        high. The first line is the first row alone.
    """
    import pandas as pd

    if by not in ("date", "size"):
        raise ValueError(unknown("order", by, ("date", "size")))
    whole = pool(
        rows,
        measure,
        model,
        tau2=tau2,
        hartung_knapp=hartung_knapp,
        shared_controls=shared_controls,
    )
    known = rows.set_index("row_id").loc[whole.rows.index]
    size = (known["n_treated"] + known["n_control"]).rename("size")
    keys = ["year", "size"] if by == "date" else ["size", "year"]
    order = known.assign(size=size).sort_values(keys, kind="stable").index
    lines = []
    for k, row_id in enumerate(order, 1):
        if k == 1:
            estimate, low, high = whole.rows.loc[row_id, ["effect", "low", "high"]]
        else:
            part = _combine(whole.rows.loc[order[:k]], model, _TAU2[tau2], hartung_knapp, ())
            estimate, low, high = part.estimate, part.low, part.high
        lines.append(
            {
                "row_id": row_id,
                "study": known.loc[row_id, "study"],
                "year": known.loc[row_id, "year"],
                "patients": size[order[:k]].sum(),
                "k": k,
                "estimate": estimate,
                "low": low,
                "high": high,
            }
        )
    return pd.DataFrame(lines).set_index("row_id")


# ---- effects ------------------------------------------------------------------------------------


def _published(rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    from scipy.stats import norm

    known = rows[rows["measure"].isin(RATIOS) & rows["ci_low"].notna() & rows["ci_high"].notna()]
    known = known[(known["effect"] > 0) & (known["ci_low"] > 0)]
    frame = known.set_index("row_id")[["measure", "effect", "ci_percent"]].copy()
    # the interval's own level: a 90% interval is 1.645 standard errors to each side
    widths = norm.isf((1 - frame.pop("ci_percent") / 100) / 2)
    ends = np.log(known[["ci_low", "ci_high"]].to_numpy(float))
    frame["log_effect"] = np.log(frame["effect"])
    frame["se"] = (ends[:, 1] - ends[:, 0]) / (2 * widths)
    frame["low"] = np.exp(frame["log_effect"] - norm.isf(0.025) * frame["se"])
    frame["high"] = np.exp(frame["log_effect"] + norm.isf(0.025) * frame["se"])
    frame["zero"] = False
    notes = []
    other = known[(known["ci_type"] != "95%")]
    if len(other):
        notes.append(
            f"Not 95% confidence intervals, read as such: "
            f"{listing(f'{r.row_id} ({r.ci_type})' for r in other.itertuples())}."
        )
    return frame, (*notes, *_memory_note(known))


def _from_counts(
    rows: pd.DataFrame, measure: str, split: Iterable[Iterable[str]]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    import pandas as pd
    from statsmodels.stats.contingency_tables import Table2x2

    known = rows.dropna(subset=_COUNTS)
    share = {row_id: len(group) for group in map(list, split) for row_id in group}
    lines, empty, corrected = [], [], []
    for row in known.itertuples():
        if row.events_treated == row.events_control == 0:
            empty.append(row.row_id)
            continue
        parts = share.get(row.row_id, 1)
        b, n_control = row.events_control / parts, row.n_control / parts
        cells = np.array(
            [[row.events_treated, row.n_treated - row.events_treated], [b, n_control - b]], float
        )
        if zero := bool((cells == 0).any()):
            cells += 0.5
            corrected.append(row.row_id)
        table = Table2x2(cells, shift_zeros=False)
        odds = measure == "odds ratio"
        low, high = table.oddsratio_confint() if odds else table.riskratio_confint()
        lines.append(
            {
                "row_id": row.row_id,
                "measure": measure,
                "effect": table.oddsratio if odds else table.riskratio,
                "low": low,
                "high": high,
                "log_effect": table.log_oddsratio if odds else table.log_riskratio,
                "se": table.log_oddsratio_se if odds else table.log_riskratio_se,
                "zero": zero,
            }
        )
    notes = []
    if corrected:
        notes.append(f"0.5 added to each cell, one arm had no event: {listing(corrected)}.")
    if empty:
        notes.append(f"No event in either arm, which says nothing of a ratio: {listing(empty)}.")
    if share:
        notes.append(f"Control arm split between the rows that share it: {listing(share)}.")
    columns = ["row_id", "measure", "effect", "low", "high", "log_effect", "se", "zero"]
    frame = pd.DataFrame(lines, columns=columns).set_index("row_id")
    return frame, (*notes, *_memory_note(known[known["row_id"].isin(frame.index)]))


def _memory_note(rows: pd.DataFrame) -> tuple[str, ...]:
    recalled = rows.loc[rows["from_memory"], "row_id"].tolist()
    return (f"From memory, not seen in a source: {listing(recalled)}.",) if recalled else ()


def _combine(
    effects: pd.DataFrame, model: str, method: str, hartung_knapp: bool, notes: tuple[str, ...]
) -> Pooled:
    import pandas as pd
    from scipy.stats import chi2, norm, t
    from statsmodels.stats.meta_analysis import combine_effects

    k = len(effects)
    found = combine_effects(
        effects["log_effect"].to_numpy(), effects["se"].to_numpy() ** 2, method_re=method
    )
    # Paule and Mandel's solution may be negative; a variance cannot. Then random equals fixed.
    between = max(0.0, float(found.tau2))
    variance = effects["se"].to_numpy() ** 2 + (between if model == "random" else 0.0)
    weights = (1 / variance) / (1 / variance).sum()
    mean, se = float(weights @ effects["log_effect"]), float((1 / variance).sum() ** -0.5)
    interval, width = "95% interval", norm.isf(0.025)
    prediction = None
    if model == "random":
        if hartung_knapp:
            spread = weights @ (effects["log_effect"].to_numpy() - mean) ** 2 / (k - 1)
            if np.sqrt(spread) < se:
                notes = (*notes, "The Hartung-Knapp interval is narrower than the usual one here.")
            interval, width, se = "95% Hartung-Knapp interval", t.isf(0.025, k - 1), spread**0.5
        if k > 2:
            reach = t.isf(0.025, k - 2) * float(np.hypot(se, between**0.5))
            prediction = (float(np.exp(mean - reach)), float(np.exp(mean + reach)))
    q = float(found.q)
    return Pooled(
        measure=str(effects["measure"].iloc[0]),
        model=model,
        estimate=float(np.exp(mean)),
        low=float(np.exp(mean - width * se)),
        high=float(np.exp(mean + width * se)),
        interval=interval,
        prediction=prediction,
        tau2=between,
        i2=max(0.0, 100 * (q - (k - 1)) / q) if q > 0 else 0.0,
        q=q,
        q_p=float(chi2.sf(q, k - 1)),
        weights=pd.Series(100 * weights, index=effects.index, name="weight (%)"),
        rows=effects,
        notes=tuple(notes),
    )


# ---- what may not be pooled ---------------------------------------------------------------------


def _refuse_pooled(rows: pd.DataFrame) -> None:
    if rows.empty:
        raise ValueError("There is nothing to pool: no row of the table meets the selection.")
    pooled = rows.loc[rows["level"] == "meta-analysis", "row_id"]
    if len(pooled):
        raise ValueError(
            f"{listing(pooled)} {'is' if len(pooled) == 1 else 'are'} pooled already and may hold "
            "the same trials. Pool single trials: trials(..., level=['trial', 'subgroup'])."
        )


def _refuse_mixtures(rows: pd.DataFrame, *, counted: bool) -> None:
    """Raise ValueError with the reason if these rows do not answer one question."""
    outcome = rows["outcome_group"]
    if counted:
        outcome = outcome.where(~rows["events_count"].str.startswith("deaths"), "death")
    for kind, found, why in (
        ("classes of drugs", rows["drug_class"], "An average over them treats nobody."),
        ("comparisons", rows["comparison"], "More or less is not yes or no."),
        ("outcomes", outcome, "A composite may improve while deaths rise."),
    ):
        if found.nunique() > 1:
            raise ValueError(
                f"These rows hold different {kind}: {listing(sorted(set(found)))}. {why} "
                "Keep one of them."
            )
    randomised = rows["design"] == "RCT"
    if randomised.any() and not randomised.all():
        others = listing(rows.loc[~randomised, "row_id"])
        raise ValueError(
            f"These rows mix randomised trials with others ({others}). Without chance deciding who "
            "is treated, the two groups differ from the start. Pool them apart and compare: "
            "design='RCT', then design='cohort'."
        )
    _refuse_opposites(rows, counted=counted)
    _refuse_overlap(rows)


def _refuse_opposites(rows: pd.DataFrame, *, counted: bool) -> None:
    column, words = (
        ("events_are", "count {} events") if counted else ("better_if", "are better if {}")
    )
    sides = rows.groupby(column)["row_id"].first()
    if len(sides) > 1:
        named = listing(f"{row_id} {words.format(side)}" for side, row_id in sides.items())
        named = named.replace(" are ", " is ").replace(" count ", " counts ")
        raise ValueError(
            f"These rows point in opposite directions: {named}. Benefit and harm would cancel. "
            "Keep the rows of one kind, or compute from counts: measure='odds ratio'."
        )


def _refuse_overlap(rows: pd.DataFrame) -> None:
    for study, group in rows.groupby("study"):
        if len(group) < 2:
            continue
        splits = set(group["split"])
        if len(splits) == 1 and "" not in splits and group["row_id"].is_unique:
            continue
        raise ValueError(
            f"{listing(group['row_id'])} hold the same patients ({study}); each patient may count "
            "once. Use rows.independent(), or choose between the whole trial and one way of "
            "splitting it."
        )


def sharing(rows: pd.DataFrame) -> list[list[str]]:
    """Return groups of rows from different studies that share control patients."""
    groups = rows[rows["shares_control"] != ""].groupby("shares_control")
    return [list(group["row_id"]) for _, group in groups if group["study"].nunique() > 1]


def _by_measure(effects: pd.DataFrame) -> str:
    return listing(
        f"{measure} ({', '.join(group.index[:3])}{' ...' if len(group) > 3 else ''})"
        for measure, group in effects.groupby("measure")
    )


def _count(n: int) -> str:
    return "none is" if n == 0 else f"{n} is"
