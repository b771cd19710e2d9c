"""What can be recomputed is recomputed: crude effects from counts, percentages, strata.

A published effect may rightly differ from the crude one (adjusted, time to event); then the row
says so in its column ``check``. Where it does not say so, a difference is a fault.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from cytolearn.evidence.tables import trials
from cytolearn.wording import number

if TYPE_CHECKING:
    import pandas as pd

#: A published ratio may differ from the crude one by 5% without a word, a difference of risks by
#: half a percentage point: covers rounding and light adjustment.
RATIO_TOLERANCE, POINTS_TOLERANCE = 0.05, 0.5
#: Patients whose stratum is unknown, at most this share of the trial, if the rows say so.
STRATA_SHORTFALL = 0.01
_COUNTS = ("n_treated", "n_control", "events_treated", "events_control")
_PER_CENT = re.compile(r"([\d.]+)%? vs ([\d.]+)%")


def recomputed(rows: pd.DataFrame | None = None) -> pd.DataFrame:
    """Compute crude effects from the counts and lay them beside the published ones.

    Parameters
    ----------
    rows : DataFrame, optional
        Rows of `trials`; all of them if left out.

    Returns
    -------
    pandas.DataFrame
        One row for each with counts in both arms, indexed by row_id: risk ratio, odds ratio (both
        with 95% intervals; not known where an arm has no event) and risk difference in percentage
        points; ``comparable`` is the crude figure that matches the published measure and side
        (with ``low`` and ``high``), ``published`` the published effect, ``agrees`` "yes", "no"
        or, where they cannot be compared, "".
    """
    import pandas as pd
    from statsmodels.stats.contingency_tables import Table2x2

    rows = trials() if rows is None else rows
    found = []
    for row in rows.dropna(subset=list(_COUNTS)).itertuples():
        a, b = row.events_treated, row.events_control
        rates = a / row.n_treated, b / row.n_control
        entry = {"row_id": row.row_id, "risk_difference": 100 * (rates[0] - rates[1])}
        if a and b and a < row.n_treated and b < row.n_control:
            table = Table2x2([[a, row.n_treated - a], [b, row.n_control - b]])
            entry |= {"risk_ratio": table.riskratio, "odds_ratio": table.oddsratio}
            entry["rr_low"], entry["rr_high"] = table.riskratio_confint()
            entry["or_low"], entry["or_high"] = table.oddsratio_confint()
        entry["published"] = row.effect
        entry["comparable"], entry["low"], entry["high"] = _comparable(row, entry)
        entry["agrees"] = _agrees(row.measure, entry["published"], entry["comparable"])
        found.append(entry)
    columns = ["row_id", "risk_ratio", "rr_low", "rr_high", "odds_ratio", "or_low", "or_high"]
    columns += ["risk_difference", "published", "comparable", "low", "high", "agrees"]
    return pd.DataFrame(found, columns=columns).set_index("row_id")


def faults(rows: pd.DataFrame | None = None) -> list[str]:
    """Return every disagreement inside the table that no note explains, as sentences.

    Parameters
    ----------
    rows : DataFrame, optional
        Rows of `trials`; all of them if left out.
    """
    rows = trials() if rows is None else rows
    crude = recomputed(rows)
    found = []
    for row in rows.itertuples():
        if row.row_id in crude.index:
            found += _faults_of_row(row, crude.loc[row.row_id])
        low, effect, high = row.ci_low, row.effect, row.ci_high
        if not np.isnan(low) and not low <= effect <= high:
            found.append(f"{row.row_id}: {effect} lies outside {low} to {high}.")
    return found + _faults_of_strata(rows)


def _comparable(row, entry: dict) -> tuple[float, float, float]:
    """Return the crude figure and its interval in the measure and on the side of the effect."""
    nothing = (np.nan, np.nan, np.nan)
    other_outcome = row.events_count.startswith("deaths") and row.outcome_group != "death"
    if np.isnan(row.effect) or other_outcome:
        return nothing
    if row.measure == "risk difference":
        return (entry["risk_difference"], np.nan, np.nan)
    name = ("odds_ratio", "or") if row.measure == "odds ratio" else ("risk_ratio", "rr")
    if name[0] not in entry:  # an arm without events
        return nothing
    figure = (entry[name[0]], entry[f"{name[1]}_low"], entry[f"{name[1]}_high"])
    if (row.events_are == "good") == row.better_if.startswith("above"):
        return figure
    value, low, high = figure
    return (1 / value, 1 / high, 1 / low)


def _agrees(measure: str, published: float, crude: float) -> str:
    """Return "yes", "no" or "" where they cannot be compared."""
    if np.isnan(published) or np.isnan(crude):
        return ""
    if measure == "risk difference":
        near = abs(published - crude) <= POINTS_TOLERANCE
    else:
        near = abs(np.log(published / crude)) <= np.log1p(RATIO_TOLERANCE)
    return "yes" if near else "no"


def _faults_of_row(row, crude) -> list[str]:
    found = []
    for arm in ("treated", "control"):
        events, n = getattr(row, f"events_{arm}"), getattr(row, f"n_{arm}")
        if not 0 <= events <= n:
            found.append(f"{row.row_id}: {events:g} events in {n:g} patients.")
    if row.effect_source == "computed from the counts":
        for name, given in (("risk_ratio", row.effect), ("rr_low", row.ci_low),
                            ("rr_high", row.ci_high)):  # fmt: skip
            if abs(crude[name] - given) > 0.0006 + 1e-4 * given:
                found.append(f"{row.row_id}: {name} is {crude[name]:.3f}, the table has {given:g}.")
    elif crude["agrees"] == "no" and not row.check:
        found.append(
            f"{row.row_id}: published {row.measure} {number(row.effect)}, from the counts "
            f"{number(crude['comparable'])}, and no note says why."
        )
    if row.ci_low > crude["high"] or row.ci_high < crude["low"]:
        found.append(f"{row.row_id}: the published interval and that of the counts are disjoint.")
    shown = _PER_CENT.search(row.outcome)
    if shown and "percentages" not in row.check and "KM" not in row.outcome:
        for text, arm in zip(shown.groups(), ("treated", "control")):
            share = 100 * getattr(row, f"events_{arm}") / getattr(row, f"n_{arm}")
            share = 100 - share if "survival" in row.outcome and row.events_are == "bad" else share
            decimals = len(text.partition(".")[2])
            if abs(share - float(text)) > 0.5 * 10**-decimals + 0.051:
                found.append(f"{row.row_id}: {arm} {share:.2f}%, published {text}%.")
    return found


def _faults_of_strata(rows: pd.DataFrame) -> list[str]:
    """Strata of one split add to their trial; a shortfall needs a note and stays small."""
    found = []
    parts = rows[(rows["level"] == "subgroup") & (rows["split"] != "")]
    for (study, split), group in parts.dropna(subset=list(_COUNTS)).groupby(["study", "split"]):
        whole = rows[(rows["study"] == study) & (rows["level"] == "trial")]
        whole = whole[whole["outcome_group"] == group["outcome_group"].iloc[0]]
        if whole.empty or len(group) < 2:
            continue
        noted = bool((group["check"] != "").all())
        for column in _COUNTS:
            total, sum_ = whole[column].iloc[0], group[column].sum()
            allowed = STRATA_SHORTFALL * total if noted else 0
            if not total - allowed <= sum_ <= total:
                found.append(
                    f"{study}, by {split}: {column} add to {sum_:g}, the trial has {total:g}."
                )
    return found
