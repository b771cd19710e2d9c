"""Subgroups: arms compared within strata, pooled over them, and a test that they differ."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from cytolearn.trials.endpoints import Outcome
from cytolearn.trials.estimates import LEVEL, Effect, counts, effect
from cytolearn.trials.rules import checked_rule, holds
from cytolearn.wording import number

if TYPE_CHECKING:
    import pandas as pd

_MOST_VALUES = 8


@dataclass(frozen=True, eq=False)
class Subgroups:
    """One outcome within strata.

    Attributes
    ----------
    by : tuple of str
        What makes the strata.
    table : pandas.DataFrame, one row a stratum
        Patients and events by arm; risk ratio with 95% interval; note where there is none.
    pooled : Effect
        Mantel-Haenszel odds ratio over the strata.
    interaction_p : float
        Breslow-Day test that the odds ratio is the same in all strata; NaN if it cannot be
        tested.
    """

    by: tuple[str, ...]
    outcome: str
    table: pd.DataFrame = field(repr=False)
    pooled: Effect
    interaction_p: float

    def summary(self) -> str:
        """Say in words what the strata show, and how far to trust it."""
        parts = [
            f"{stratum}: {row['risk_ratio']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
            if math.isfinite(row["risk_ratio"])
            else f"{stratum}: not estimable"
            for stratum, row in self.table.iterrows()
        ]
        said = [f"Risk ratio of {self.pooled.words} by subgroup: {'; '.join(parts)}."]
        said.append(f"Pooled odds ratio (Mantel-Haenszel): {self.pooled.interval()}.")
        if math.isfinite(self.interaction_p):
            said.append(
                f"If the subgroups did not differ, a spread like this or wider would come up in "
                f"{number(100 * self.interaction_p, 2)}% of trials. Of many subgroups, some "
                "differ by chance."
            )
        else:
            said.append("Too few events to test whether the subgroups differ.")
        return " ".join(said)

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        from html import escape

        table = self.table.to_html(float_format="{:.3g}".format, na_rep="")
        return f"<p>{escape(self.summary())}</p>{table}"


def strata(patients: pd.DataFrame, by: Sequence[str]) -> pd.Series:
    """Return the stratum of every patient, in words.

    Raises
    ------
    ValueError
        An unknown column, a rule that is none, or a column with too many values.
    """
    import pandas as pd

    names = []
    for one in by:
        rule = checked_rule(one, patients.columns, "subgroup")
        if rule in patients.columns and patients[rule].dtype != bool:
            found = patients[rule].nunique()
            if found > _MOST_VALUES:
                raise ValueError(
                    f"'{rule}' has {found:,} different values, too many for subgroups. Ask a "
                    f"question with the answer yes or no, e.g. "
                    f"'{rule} >= {number(patients[rule].median(), 2).replace(',', '')}'."
                )
            names.append(rule + " = " + patients[rule].astype(str))
        else:
            answer = holds(rule, patients, "subgroup")
            names.append(pd.Series(np.where(answer, rule, f"not ({rule})"), patients.index))
    joined = names[0]
    for more in names[1:]:
        joined = joined + ", " + more
    return joined


def split(
    patients: pd.DataFrame,
    by: Sequence[str],
    outcome: Outcome,
    arm: str,
    control: str,
    follow_up: int,
) -> Subgroups:
    """Compare `arm` with `control` within strata; see `TrialResult.subgroups`."""
    import pandas as pd

    asked = patients[patients["arm"].isin([arm, control])]
    if outcome.among:
        asked = asked[asked[outcome.among]]
    rows, tables = [], []
    for name, group in asked.groupby(strata(asked, by), sort=True):
        one, other = (group[group["arm"] == which] for which in (arm, control))
        a, n1, c, n0 = counts(one, other, outcome)
        found = effect(group, outcome, "risk_ratio", arm, control, follow_up)
        rows.append(
            {
                "subgroup": name,
                f"{arm}: events": a,
                f"{arm}: n": n1,
                f"{control}: events": c,
                f"{control}: n": n0,
                "risk_ratio": found.estimate,
                "low": found.low,
                "high": found.high,
                "note": found.reason,
            }
        )
        if min(n1, n0) and 0 < a + c < n1 + n0:  # others say nothing about a ratio
            tables.append([[a, n1 - a], [c, n0 - c]])
    pooled, p = _pooled(tables, outcome, arm, control)
    return Subgroups(tuple(by), outcome.name, pd.DataFrame(rows).set_index("subgroup"), pooled, p)


def _pooled(tables: list, outcome: Outcome, arm: str, control: str) -> tuple[Effect, float]:
    """Return the Mantel-Haenszel odds ratio and the p value of the Breslow-Day test."""
    from statsmodels.stats.contingency_tables import StratifiedTable

    told = {
        "outcome": outcome.name,
        "measure": "odds_ratio",
        "arm": arm,
        "control": control,
        "words": outcome.words,
        "good": outcome.good,
    }
    if not tables:
        return Effect(**told, reason="no stratum has events in some and not in all"), math.nan
    try:
        with warnings.catch_warnings(), np.errstate(all="raise"):
            warnings.simplefilter("error")
            stratified = StratifiedTable([np.array(table, float) for table in tables])
            low, high = stratified.oddsratio_pooled_confint(1 - LEVEL / 100)
            estimate = float(stratified.oddsratio_pooled)
            null = float(stratified.test_null_odds().pvalue)
    except (ArithmeticError, ValueError, Warning):
        return Effect(**told, reason="too few events to pool the strata"), math.nan
    if not math.isfinite(estimate) or not math.isfinite(high) or estimate <= 0:
        return Effect(**told, reason="too few events to pool the strata"), math.nan
    pooled = Effect(**told, estimate=estimate, low=float(low), high=float(high), p=null)
    if len(tables) < 2:
        return pooled, math.nan
    try:
        with warnings.catch_warnings(), np.errstate(all="raise"):
            warnings.simplefilter("error")
            p = float(stratified.test_equal_odds().pvalue)
    except (ArithmeticError, ValueError, Warning):
        p = math.nan
    return pooled, p
