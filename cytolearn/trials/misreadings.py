"""Four ways to misread results that are right: each with one knob, computed, not told.

As the `demonstrations`, these return a `Demonstration`: numbers, a table, and what they say.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cytolearn.patients.cohort import whole
from cytolearn.treatments.teaching import checked_number
from cytolearn.trials.demonstrations import Demonstration
from cytolearn.trials.enrolment import series
from cytolearn.trials.results import TrialResult
from cytolearn.wording import listing, number

_SIGNIFICANT = 0.05
#: Two trials of a drug that does nothing: how many die in either arm, and how many are in control.
_HIGH_RISK, _LOW_RISK, _CONTROLS = 0.40, 0.05, 200
_BASELINE_RISKS = (0.01, 0.05, 0.2, 0.4, 0.6)
#: Of the deaths in control, how many more die with the drug of `composite`.
_MORE_DEATHS = 0.15


def adding_up(per_control: float = 3.0) -> Demonstration:
    """Pool two trials of a useless drug by adding up their events, and as one should.

    Parameters
    ----------
    per_control : float
        The knob: patients treated for each control in the trial of low risk, 1 to 5. The trial of
        high risk has as many treated as controls.

    Returns
    -------
    Demonstration
        ``numbers``: crude (odds ratio of the sums), pooled (Mantel-Haenszel), truth (1).
    """
    import pandas as pd
    from statsmodels.stats.contingency_tables import StratifiedTable, Table2x2

    per_control = checked_number("per_control", per_control, 1, 5, "treated for each control")
    tables, rows = [], []
    for name, risk, ratio in (("high risk", _HIGH_RISK, 1.0), ("low risk", _LOW_RISK, per_control)):
        n_treated = round(_CONTROLS * ratio)
        arms = [(n, risk * n) for n in (n_treated, _CONTROLS)]
        tables.append(np.array([[dead, n - dead] for n, dead in arms]))
        rows.append(_counted(f"trial of {name}", tables[-1], Table2x2(tables[-1])))
    crude = Table2x2(sum(tables))
    rows.append(_counted("events added up", sum(tables), crude))
    pooled = StratifiedTable(tables)
    ends = pooled.oddsratio_pooled_confint()
    rows.append(("within trials, then averaged", *[np.nan] * 4, pooled.oddsratio_pooled, *ends))
    columns = ["row", "n_treated", "died_treated", "n_control", "died_control"]
    table = pd.DataFrame(rows, columns=[*columns, "estimate", "low", "high"]).set_index("row")
    numbers = {"crude": crude.oddsratio, "pooled": pooled.oddsratio_pooled, "truth": 1.0}
    words = (
        f"The drug does nothing: in the trial of high risk {number(100 * _HIGH_RISK)}% die in "
        f"either arm, in the trial of low risk {number(100 * _LOW_RISK)}%. The second trial "
        f"treats {number(per_control)} patients for each control. Added up, the events give an "
        f"odds ratio of {number(crude.oddsratio)}; compared within each trial and then averaged, "
        f"{number(pooled.oddsratio_pooled)}. "
    )
    words += (
        "With equal allocation nothing goes wrong."
        if per_control == 1
        else "The sum compares patients of different trials with each other: most of the treated "
        "were in the trial of low risk."
    )
    return Demonstration("adding_up", numbers, table, words)


def _counted(name: str, table: np.ndarray, found) -> tuple:
    (died_t, lived_t), (died_c, lived_c) = table
    ends = found.oddsratio_confint()
    return (name, died_t + lived_t, died_t, died_c + lived_c, died_c, found.oddsratio, *ends)


def odds_and_risk(risk: float = 0.415, odds_ratio: float = 0.66) -> Demonstration:
    """Turn one odds ratio into a risk ratio and into lives, at a risk of your choice.

    Parameters
    ----------
    risk : float
        The knob: risk without treatment, 0.005 to 0.8.
    odds_ratio : float
        0.05 to 20.

    Returns
    -------
    Demonstration
        ``numbers``: odds_ratio, risk_ratio, saved (per 100 treated), needed (to treat for one).
        ``table``: the same for other risks.
    """
    import pandas as pd

    risk = checked_number("risk", risk, 0.005, 0.8, "", "0.415 is 41.5%.")
    odds_ratio = checked_number("odds_ratio", odds_ratio, 0.05, 20)

    def read(control: float) -> tuple[float, float, float, float]:
        odds = odds_ratio * control / (1 - control)
        treated = odds / (1 + odds)
        saved = 100 * (control - treated)
        return control, treated, treated / control, saved

    rows = [read(r) for r in sorted({*_BASELINE_RISKS, risk})]
    table = pd.DataFrame(rows, columns=["risk", "treated", "risk_ratio", "saved"])
    _, treated, ratio, saved = read(risk)
    numbers = {
        "odds_ratio": odds_ratio,
        "risk_ratio": ratio,
        "saved": saved,
        "needed": 100 / saved if saved else float("nan"),
    }
    words = (
        f"If {number(100 * risk)}% die without treatment, an odds ratio of {number(odds_ratio)} "
        f"means that {number(100 * treated)}% die with it: a risk ratio of {number(ratio)}. Of "
        f"100 treated patients it saves {number(saved, 2)}; one life for "
        f"{number(numbers['needed'], 2)} treated. The ratio hardly tells how many lives that is: "
        f"at a risk of 1% the same odds ratio saves {number(table['saved'].iloc[0], 2)} of 100."
    )
    return Demonstration("odds_and_risk", numbers, table, words)


def composite(found: TrialResult, spared: float = 0.5) -> Demonstration:
    """Count "ventilation or death" for a drug that spares ventilation and costs lives.

    Everybody is looked at twice, without the drug and with it, so that no chance is in it.

    Parameters
    ----------
    found : TrialResult
        Whose patients are used.
    spared : float
        The knob: share of those who were ventilated and lived that the drug spares the ventilator.
        It also adds deaths: 15% more.

    Returns
    -------
    Demonstration
        ``numbers``: ratio_composite, ratio_death.
    """
    import pandas as pd

    spared = checked_number("spared", spared, 0, 1, "", "0.5 spares every second patient.")
    nothing = found.again(found.chance, null=True, progress=False).patients
    died = nothing[f"death_{found.design.follow_up}"].to_numpy(bool)
    tube = nothing["ventilated"].to_numpy(bool) & ~died
    n, deaths, tubes = len(died), int(died.sum()), int(tube.sum())
    more = round(_MORE_DEATHS * deaths)
    left = round((1 - spared) * tubes)
    rows = [
        ("death", deaths, deaths + more),
        ("ventilated, and lived", tubes, left),
        ("ventilation or death", deaths + tubes, deaths + more + left),
    ]
    table = pd.DataFrame(rows, columns=["outcome", "without", "with"]).set_index("outcome")
    table = 100 * table / n
    ratio = table["with"] / table["without"]
    numbers = {
        "ratio_composite": float(ratio["ventilation or death"]),
        "ratio_death": float(ratio["death"]),
    }
    both = numbers["ratio_composite"] < 1
    words = (
        f"In {n} patients the drug keeps {number(100 * spared)}% of those who survived a "
        f"ventilator off it, and {more} more patients die. Ventilation or death: ratio "
        f"{number(numbers['ratio_composite'])}. Death alone: {number(numbers['ratio_death'])}. "
    )
    words += (
        "The composite looks good because its commoner, milder part does."
        if both
        else "Now so few are spared that the composite shows the harm, too."
    )
    return Demonstration("composite", numbers, table, words)


def many_outcomes(
    found: TrialResult,
    outcomes: int = 8,
    *,
    times: int = 30,
    seed: int = 1,
    advance: Callable[[int, int], None] | None = None,
) -> Demonstration:
    """Repeat a trial of a useless drug and report, each time, its best-looking outcome.

    Parameters
    ----------
    outcomes : int
        The knob: how many outcomes are looked at; the first is death, chosen beforehand.
    times : int
        Trials.

    Returns
    -------
    Demonstration
        ``numbers``: best (share of trials whose best-looking outcome has p < 0.05 for benefit),
        planned (the same for death).
    """
    import pandas as pd

    # Scores are left out: their model takes a hundred times as long as a table of two by two.
    names = [name for name in found.outcomes if not name.startswith("who_")]
    outcomes = whole("outcomes", outcomes, 1, len(names))
    times = whole("times", times, 2, 1_000)
    rows = []
    for i, luck in enumerate(series(seed, times)):
        one = found.again(luck, null=True, progress=False)
        effects = [one.effect(name) for name in names[:outcomes]]
        good = [e for e in effects if e.direction == "benefit"]
        best = min(good, key=lambda e: e.p) if good else None
        rows.append(
            (best.words if best else "none", best is not None, effects[0].direction == "benefit")
        )
        if advance:
            advance(i + 1, times)
    table = pd.DataFrame(rows, columns=["best", "found", "planned"])
    numbers = {
        "best": float(table["found"].mean()),
        "planned": float(table["planned"].mean()),
    }
    words = (
        f"The drug does nothing. {times} trials, {outcomes} outcome"
        f"{'' if outcomes == 1 else 's'} each: in {int(table['found'].sum())} of them at least one "
        f"outcome shows a benefit (95% interval without the 1), in "
        f"{int(table['planned'].sum())} the outcome that had been chosen beforehand, death."
    )
    shown = list(dict.fromkeys(table.loc[table["found"], "best"]))
    if shown:
        words += f" The papers would be about {listing(shown)}."
    return Demonstration("many_outcomes", numbers, table, words)
