"""Effects with intervals: which method of statsmodels or SciPy answers which question.

No formula of statistics is written here. Where a method has no answer (no event, nobody in an
arm, a fit that does not converge) the effect says why instead of a number.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cytolearn.trials.endpoints import Outcome
from cytolearn.wording import number, unknown

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 95  # % of intervals that would hold the truth, over many trials
_ALPHA = 1 - LEVEL / 100
_STEEPEST = 8.0  # log odds ratio beyond which a fit has run away

MEASURE_WORDS = {
    "risk_ratio": "risk ratio",
    "odds_ratio": "odds ratio",
    "risk_difference": "risk difference (percentage points)",
    "nnt": "number needed to treat",
    "hazard_ratio": "hazard ratio",
    "common_odds_ratio": "common odds ratio of a worse score",
    "mean_difference": "difference of means",
}
_RATIOS = ("risk_ratio", "odds_ratio", "hazard_ratio", "common_odds_ratio")


@dataclass(frozen=True)
class Effect:
    """One arm against control on one outcome.

    Attributes
    ----------
    outcome, measure : str
        Names.
    arm, control : str
        Names of the arms.
    estimate, low, high : float
        Estimate and 95% interval; NaN where it cannot be estimated. Risk differences in
        percentage points; a number needed to treat below 0 is a number needed to harm.
    p : float
        Two-sided p value of no difference, where the method gives one; NaN else.
    reason : str
        Why there is no estimate; "" if there is one.
    words : str
        Outcome in words.
    good : bool
        Whether more of the outcome is better.
    note : str
        What else must be known to read the estimate.
    """

    outcome: str
    measure: str
    arm: str
    control: str
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    reason: str = ""
    words: str = ""
    good: bool = False
    note: str = ""

    @property
    def estimable(self) -> bool:
        """Whether there is an estimate."""
        return not self.reason

    @property
    def direction(self) -> str:
        """Return "benefit" or "harm" if the whole interval says so, else "unclear"."""
        if not self.estimable or math.isnan(self.low):
            return "unclear"
        null = 1.0 if self.measure in _RATIOS else 0.0
        if self.low <= null <= self.high:
            return "unclear"
        more_is_good = self.good or self.measure == "nnt"
        return "benefit" if (self.low > null) == more_is_good else "harm"

    def interval(self) -> str:
        """Write estimate and interval: '0.83 (95% interval 0.65 to 1.06)'."""
        if not self.estimable:
            return f"not estimable: {self.reason}"
        if math.isnan(self.low):
            return f"{number(self.estimate)} ({self.note})"
        ends = f"{number(self.low)} to {number(self.high)}"
        return f"{number(self.estimate)} ({LEVEL}% interval {ends})"

    def meaning(self) -> str:
        """Say what the interval allows and what it does not."""
        if not self.estimable:
            return "No estimate is made up."
        if math.isnan(self.low):
            return ""
        if self.direction == "unclear":
            return (
                "The interval holds both benefit and harm, or no difference: this trial does not "
                "tell them apart."
            )
        more_or_less = "benefit" if self.direction == "benefit" else "harm"
        return (
            f"The whole interval lies on the side of {more_or_less}. How large it is, the "
            "interval says; one outcome of one trial is no proof."
        )

    def __str__(self) -> str:
        what = f"{MEASURE_WORDS[self.measure]} of {self.words}, {self.arm} against {self.control}"
        said = f"{what[:1].upper()}{what[1:]}: {self.interval()}."
        return " ".join(part for part in (said, self.meaning()) if part)


class NotEstimable(Exception):
    """The reason why there is no estimate, in words for a reader."""


def effect(
    patients: pd.DataFrame, outcome: Outcome, measure: str, arm: str, control: str, follow_up: int
) -> Effect:
    """Compare one arm with control.

    Parameters
    ----------
    patients : pandas.DataFrame
        Column "arm" and the outcome's columns.
    outcome : Outcome
    measure : str
        One of ``outcome.measures``.
    arm, control : str
        Names of arms.
    follow_up : int
        Days.

    Raises
    ------
    ValueError
        A measure that this outcome does not have.
    """
    if measure not in outcome.measures:
        raise ValueError(
            f"{outcome.words[:1].upper()}{outcome.words[1:]}: "
            f"{unknown('measure', measure, outcome.measures)}"
        )
    told = {
        "outcome": outcome.name,
        "measure": measure,
        "arm": arm,
        "control": control,
        "words": outcome.words,
        "good": outcome.good,
    }
    asked = patients if not outcome.among else patients[patients[outcome.among]]
    one, other = (asked[asked["arm"] == name] for name in (arm, control))
    who = f" {outcome.among_words}" if outcome.among else ""
    for name, rows in ((arm, one), (control, other)):
        if rows.empty:
            return Effect(**told, reason=f"nobody{who} is in the arm '{name}'")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = _METHODS[measure](one, other, outcome, follow_up)
    except NotEstimable as reason:
        return Effect(**told, reason=str(reason))
    except Exception:  # whatever a statistics library says, there is no estimate
        return Effect(**told, reason="the calculation did not come to an end for so few patients")
    if not math.isfinite(found["estimate"]):
        return Effect(**told, reason="the patients are too few or too much alike")
    return Effect(**told, **found)


def counts(one: pd.DataFrame, other: pd.DataFrame, outcome: Outcome) -> tuple[int, int, int, int]:
    """Return events and patients of both arms: a, n1, c, n0."""
    return (
        int(one[outcome.name].sum()),
        len(one),
        int(other[outcome.name].sum()),
        len(other),
    )


def _needs_events(one, other, outcome: Outcome, *, both: bool) -> tuple[int, int, int, int]:
    a, n1, c, n0 = counts(one, other, outcome)
    told = f"{a} of {n1} and {c} of {n0} patients"
    if a + c == 0:
        raise NotEstimable(f"nobody had the event ({told})")
    if a == n1 and c == n0:
        raise NotEstimable(f"everybody had the event ({told})")
    if both and 0 in (a, c):
        raise NotEstimable(f"one arm has no event, so there is no ratio ({told})")
    return a, n1, c, n0


def _table(a: int, n1: int, c: int, n0: int):
    from statsmodels.stats.contingency_tables import Table2x2

    return Table2x2(np.array([[a, n1 - a], [c, n0 - c]], float), shift_zeros=False)


def _risk_ratio(one, other, outcome, _follow_up) -> dict:
    table = _table(*_needs_events(one, other, outcome, both=True))
    low, high = table.riskratio_confint(_ALPHA)
    return {
        "estimate": float(table.riskratio),
        "low": float(low),
        "high": float(high),
        "p": float(table.riskratio_pvalue()),
    }


def _odds_ratio(one, other, outcome, _follow_up) -> dict:
    a, n1, c, n0 = _needs_events(one, other, outcome, both=True)
    if a == n1 or c == n0:
        raise NotEstimable("everybody in one arm had the event, so there are no odds")
    table = _table(a, n1, c, n0)
    low, high = table.oddsratio_confint(_ALPHA)
    return {
        "estimate": float(table.oddsratio),
        "low": float(low),
        "high": float(high),
        "p": float(table.oddsratio_pvalue()),
    }


def _risk_difference(one, other, outcome, _follow_up) -> dict:
    from statsmodels.stats.proportion import confint_proportions_2indep

    a, n1, c, n0 = _needs_events(one, other, outcome, both=False)
    low, high = confint_proportions_2indep(
        a, n1, c, n0, method="newcomb", compare="diff", alpha=_ALPHA
    )
    return {"estimate": 100 * (a / n1 - c / n0), "low": 100 * float(low), "high": 100 * float(high)}


def _nnt(one, other, outcome, follow_up) -> dict:
    difference = _risk_difference(one, other, outcome, follow_up)
    estimate, low, high = (difference[key] for key in ("estimate", "low", "high"))
    if estimate == 0:
        raise NotEstimable("the risks are equal, so no number of treatments changes one outcome")
    if low < 0 < high:
        note = (
            f"{LEVEL}% interval: from {number(100 / -low)} treated for one who is spared, through "
            f"infinity (no difference), to {number(100 / high)} treated for one who is harmed"
        )
        return {"estimate": -100 / estimate, "note": note}
    ends = sorted(math.inf if end == 0 else -100 / end for end in (low, high))
    return {"estimate": -100 / estimate, "low": ends[0], "high": ends[1]}


def times(
    patients: pd.DataFrame, outcome: Outcome, follow_up: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return days at risk and whether the event came, shapes (patients,).

    The dead stay at risk to the end of follow-up for every outcome but death: they never recover.
    With nobody lost to follow-up this is the subdistribution of Fine and Gray.
    """
    happened = patients[outcome.name].to_numpy(bool)
    # An event at the moment of entry counts as one just after it.
    days = patients[outcome.days].to_numpy(float).clip(0.01)
    return np.where(happened, days, float(follow_up)), happened


def _hazard_ratio(one, other, outcome, follow_up) -> dict:
    _needs_events(one, other, outcome, both=True)
    return hazard_ratio(times(one, outcome, follow_up), times(other, outcome, follow_up))


def hazard_ratio(
    one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]
) -> dict[str, float | str]:
    """Return the hazard ratio of two groups (Cox, Efron's ties) and the log-rank p value.

    Parameters
    ----------
    one, other : (ndarray, ndarray)
        Days at risk, and whether the event came, of each group.

    Raises
    ------
    NotEstimable
        The fit runs away, as where all events of one group come after all of the other.
    """
    from statsmodels.duration.hazard_regression import PHReg
    from statsmodels.duration.survfunc import survdiff

    time = np.concatenate([one[0], other[0]])
    event = np.concatenate([one[1], other[1]]).astype(int)
    group = np.repeat([1.0, 0.0], [len(one[0]), len(other[0])])
    fit = PHReg(time, group[:, None], status=event, ties="efron").fit()
    low, high = np.asarray(fit.conf_int(_ALPHA))[0]
    if abs(fit.params[0]) > _STEEPEST:
        raise NotEstimable("the fit runs away: too few events")
    return {
        "estimate": float(np.exp(fit.params[0])),
        "low": float(np.exp(low)),
        "high": float(np.exp(high)),
        "p": float(survdiff(time, event, group)[1]),
        "note": "p value by the log-rank test",
    }


def _common_odds_ratio(one, other, outcome, _follow_up) -> dict:
    import pandas as pd
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    scores = np.concatenate([one[outcome.name], other[outcome.name]])
    if len(np.unique(scores)) < 2:
        raise NotEstimable(f"everybody has the same score, {scores[0]}")
    group = np.repeat([1.0, 0.0], [len(one), len(other)])[:, None]
    scale = pd.Series(pd.Categorical(scores, ordered=True))
    fit = OrderedModel(scale, group, distr="logit").fit(method="bfgs", disp=False, maxiter=500)
    slope = float(fit.params.iloc[0])
    if not fit.mle_retvals["converged"] or abs(slope) > _STEEPEST:
        raise NotEstimable("the proportional-odds fit does not settle: too few different scores")
    low, high = fit.conf_int(_ALPHA).iloc[0]
    return {
        "estimate": math.exp(slope),
        "low": math.exp(low),
        "high": math.exp(high),
        "p": float(fit.pvalues.iloc[0]),
    }


def _mean_difference(one, other, outcome, _follow_up) -> dict:
    from scipy.stats import ttest_ind

    x, y = one[outcome.name].to_numpy(float), other[outcome.name].to_numpy(float)
    if min(len(x), len(y)) < 2:
        raise NotEstimable("an interval of means needs at least two patients in each arm")
    if 0 in (x.std(), y.std()):
        raise NotEstimable("all values of an arm are the same, so nothing says how far they spread")
    test = ttest_ind(x, y, equal_var=False)
    ends = test.confidence_interval(LEVEL / 100)
    return {
        "estimate": float(x.mean() - y.mean()),
        "low": float(ends.low),
        "high": float(ends.high),
        "p": float(test.pvalue),
    }


_METHODS = {
    "risk_ratio": _risk_ratio,
    "odds_ratio": _odds_ratio,
    "risk_difference": _risk_difference,
    "nnt": _nnt,
    "hazard_ratio": _hazard_ratio,
    "common_odds_ratio": _common_odds_ratio,
    "mean_difference": _mean_difference,
}


def kaplan_meier(time: np.ndarray, event: np.ndarray) -> pd.DataFrame:
    """Return the Kaplan-Meier share without the event, with a pointwise 95% interval.

    Parameters
    ----------
    time : ndarray, shape (patients,)
        Days from entry to the event or the end of follow-up.
    event : ndarray of bool, shape (patients,)
        Whether the event came.

    Returns
    -------
    pandas.DataFrame
        Columns day, share, low, high (log-log intervals), at_risk; the first row is day 0.
    """
    import pandas as pd
    from scipy.stats import CensoredData, ecdf

    data = CensoredData(uncensored=time[event], right=time[~event])
    curve = ecdf(data).sf
    days = np.r_[0.0, curve.quantiles]
    share = np.r_[1.0, curve.probabilities]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # where the share is 0 or 1 there is no interval
        ends = curve.confidence_interval(LEVEL / 100, method="log-log")
    low, high = (np.r_[1.0, end.probabilities] for end in (ends.low, ends.high))
    at_risk = (time[None, :] >= days[:, None]).sum(axis=1)
    return pd.DataFrame({"day": days, "share": share, "low": low, "high": high, "at_risk": at_risk})
