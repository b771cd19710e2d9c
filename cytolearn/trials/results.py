"""What a virtual trial found: counts, estimates, subgroups, and the truth that no trial sees."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from cytolearn.patients.cohort import whole
from cytolearn.patients.workers import Workers
from cytolearn.trials.design import Design
from cytolearn.trials.endpoints import Outcome, observed, outcome_named, outcomes_of_a_trial
from cytolearn.trials.enrolment import Enrolment, allocate, draws
from cytolearn.trials.estimates import (
    MEASURE_WORDS,
    Effect,
    effect,
    kaplan_meier,
    times,
)
from cytolearn.trials.strata import Subgroups, split
from cytolearn.trials.truth import Counterfactual
from cytolearn.wording import listing, number, percent, unknown

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd
    from matplotlib.figure import Figure

_HIDDEN = ("death_risk",)  # what no trial can see


@dataclass(frozen=True, eq=False)
class TrialResult:
    """A finished virtual trial. Never changes once made; made by `trial`.

    Attributes
    ----------
    design : Design
        Arms, entry, size, follow-up.
    flow : dict of str to int
        Candidates screened, without the rule met, dead before entry, randomised.
    """

    design: Design
    enrolment: Enrolment = field(repr=False)
    rows: np.ndarray = field(repr=False)  # of enrolment.entered
    arm_of: np.ndarray = field(repr=False)  # number of the arm of each of those rows
    chance: int = field(repr=False)  # seed of the outcomes
    null: bool = field(default=False, repr=False)

    # ---- who ----
    @property
    def flow(self) -> dict[str, int]:
        """Numbers of the flow chart: screened, not met, died before entry, randomised, arms."""
        by_arm = {
            f"randomised to {name}": int((self.arm_of == i).sum())
            for i, name in enumerate(self.design.arms)
        }
        return {**self.enrolment.flow, "randomised": len(self.rows), **by_arm}

    @property
    def patients(self) -> pd.DataFrame:
        """One row a randomised patient: arm, entry, laboratory, traits and outcomes (a copy).

        Laboratory values, support, severity and WHO scale are those of the day of entry. Columns
        ``days_to_...`` count from entry and are NaN where the event did not come.
        """
        return self._patients.drop(columns=list(_HIDDEN))

    @cached_property
    def _patients(self) -> pd.DataFrame:
        import pandas as pd

        entered = self.enrolment.entered.iloc[self.rows].drop(columns="day")
        # In a null trial the label says 'treated' and the course is that of control.
        given = np.zeros_like(self.arm_of) if self.null else self.arm_of
        after = observed(
            self.enrolment.courses.days,
            self.enrolment.courses.of(given, self.rows),
            entered["age"].to_numpy(),
            entered["entry_day"].to_numpy(float),
            self.design.follow_up,
            self.chance,
            entered.index.to_numpy(),
        )
        names = np.array(list(self.design.arms), dtype=object)
        frame = pd.concat([entered, after], axis=1)
        frame.insert(0, "arm", names[self.arm_of])
        return frame

    def __len__(self) -> int:
        return len(self.rows)

    # ---- estimates ----
    @property
    def outcomes(self) -> dict[str, str]:
        """Names of the outcomes and what they mean; the first is the main one."""
        return {name: o.words for name, o in self._outcomes.items()}

    @property
    def _outcomes(self) -> dict[str, Outcome]:
        return outcomes_of_a_trial(self.design.follow_up)

    @cached_property
    def _effects(self) -> dict[tuple[str, str, str], Effect]:
        return {}

    def _arm(self, arm: str | None) -> str:
        others = list(self.design.arms)[1:]
        if arm is None:
            return others[0]
        if arm not in others:
            raise ValueError(unknown("arm to compare with control", arm, others))
        return arm

    def effect(
        self, outcome: str | None = None, measure: str | None = None, *, arm: str | None = None
    ) -> Effect:
        """Return the effect of one arm against the first on one outcome.

        Parameters
        ----------
        outcome : str, optional
            Name; `outcomes` lists them. Death within follow-up by default ("death_28").
        measure : str, optional
            "risk_ratio", "odds_ratio", "risk_difference" (percentage points), "nnt",
            "hazard_ratio", "common_odds_ratio" or "mean_difference", as the outcome allows; by
            default the one of `table`.
        arm : str, optional
            Name of the arm; the second by default.

        Returns
        -------
        Effect
            ``.estimate``, ``.low``, ``.high`` (95%), ``.p``; where there is none, ``.reason``.

        Raises
        ------
        ValueError
            Unknown outcome, measure or arm.
        """
        asked = outcome_named(outcome, self.design.follow_up)
        measure = asked.measures[0] if measure is None else measure
        key = (asked.name, measure, self._arm(arm))
        if key not in self._effects:
            self._effects[key] = effect(
                self._patients, asked, measure, key[2], self.design.control, self.design.follow_up
            )
        return self._effects[key]

    def table(self) -> pd.DataFrame:
        """Return every outcome in every arm: patients, what happened, and the effect.

        Returns
        -------
        pandas.DataFrame
            One row an outcome and arm. "events" and "percent" for events, "typical" the median
            days to the event (Kaplan-Meier), the median score or the mean area. Control rows
            hold no effect. "note" says why an effect is missing.
        """
        import pandas as pd

        rows = []
        for outcome in self._outcomes.values():
            for name in self.design.arms:
                rows.append({"outcome": outcome.name, "arm": name, **self._counted(outcome, name)})
                if name == self.design.control:
                    rows[-1]["note"] = "control"
                    continue
                found = self.effect(outcome.name, arm=name)
                rows[-1] |= {
                    "measure": found.measure,
                    "estimate": found.estimate,
                    "low": found.low,
                    "high": found.high,
                    "p": found.p,
                    "note": found.reason or outcome.among_words,
                }
        columns = ["n", "events", "percent", "typical", "measure", "estimate", "low", "high", "p"]
        frame = pd.DataFrame(rows, columns=["outcome", "arm", *columns, "note"])
        frame["measure"] = frame["measure"].fillna("")
        return frame.set_index(["outcome", "arm"])

    def _counted(self, outcome: Outcome, arm: str) -> dict[str, float]:
        asked = self._patients[self._patients["arm"] == arm]
        if outcome.among:
            asked = asked[asked[outcome.among]]
        n = len(asked)
        if outcome.kind in ("scale", "amount"):
            typical = "median" if outcome.kind == "scale" else "mean"
            return {"n": n, "typical": float(getattr(asked[outcome.name], typical)())}
        events = int(asked[outcome.name].sum())
        counted = {"n": n, "events": events, "percent": 100 * events / n if n else math.nan}
        if outcome.kind == "time" and n:
            curve = kaplan_meier(*times(asked, outcome, self.design.follow_up))
            below = curve.loc[curve["share"] <= 0.5, "day"]
            counted["typical"] = float(below.iloc[0]) if len(below) else math.nan
        return counted

    def estimates(self) -> pd.DataFrame:
        """Return every measure of every outcome and arm, one row each."""
        import pandas as pd

        found = [
            self.effect(outcome.name, measure, arm=arm)
            for outcome in self._outcomes.values()
            for measure in outcome.measures
            for arm in list(self.design.arms)[1:]
        ]
        columns = ["outcome", "measure", "arm", "estimate", "low", "high", "p", "reason", "note"]
        return pd.DataFrame([{c: getattr(e, c) for c in columns} for e in found]).set_index(
            columns[:3]
        )

    def survival(self, outcome: str | None = None) -> dict[str, pd.DataFrame]:
        """Return Kaplan-Meier curves by arm, with pointwise 95% intervals.

        Parameters
        ----------
        outcome : str, optional
            Death by default, or one of the outcomes with a time. For these the dead stay at risk
            to the end of follow-up, as they never recover.

        Returns
        -------
        dict of str to pandas.DataFrame
            Columns day (since entry), share (without the event), low, high, at_risk.

        Raises
        ------
        ValueError
            An unknown outcome, or one without a time.
        """
        asked = outcome_named(outcome, self.design.follow_up)
        if not asked.days:
            timed = [o.name for o in self._outcomes.values() if o.days]
            raise ValueError(f"'{asked.name}' has no time; choose from {listing(timed, 'or')}.")
        patients = self._patients
        if asked.among:
            patients = patients[patients[asked.among]]
        by_arm = ((name, patients[patients["arm"] == name]) for name in self.design.arms)
        return {
            name: kaplan_meier(*times(rows, asked, self.design.follow_up))
            for name, rows in by_arm
            if len(rows)
        }

    def subgroups(
        self, by: str | Iterable[str] | None = None, outcome: str | None = None, *,
        arm: str | None = None,
    ) -> Subgroups:  # fmt: skip
        """Compare arms within strata, pool the strata, and test whether they differ.

        Parameters
        ----------
        by : str or iterable of str, optional
            A rule ("age >= 70"), a column with few values ("support"), or several, whose
            combinations are the strata. By default what the trial was stratified by.
        outcome : str, optional
            An outcome with events; death by default.
        arm : str, optional
            Name of the arm; the second by default.

        Returns
        -------
        Subgroups
            ``.table`` (one row a stratum), ``.pooled`` (Mantel-Haenszel odds ratio),
            ``.interaction_p`` (Breslow-Day test that the odds ratios are equal).

        Raises
        ------
        ValueError
            An unknown column, a rule that is none, a column with too many values, an outcome
            without events.
        """
        by = self.design.stratify if by is None else (by,) if isinstance(by, str) else tuple(by)
        if not by:
            raise ValueError(
                "Say what makes the subgroups, e.g. subgroups('age >= 70') or subgroups('support')."
            )
        asked = outcome_named(outcome, self.design.follow_up)
        if asked.name not in self._patients or asked.kind not in ("death", "event", "time"):
            events = [o.name for o in self._outcomes.values() if o.kind not in ("scale", "amount")]
            raise ValueError(f"Subgroups need an outcome with events: {listing(events, 'or')}.")
        return split(
            self.patients, by, asked, self._arm(arm), self.design.control, self.design.follow_up
        )

    # ---- what no real trial has ----
    def counterfactual(
        self,
        executor: Executor | None = None,
        progress: bool = True,
        *,
        arm: str | None = None,
        store: str | None = None,
        cancel: object | None = None,
    ) -> Counterfactual:
        """Return the same patients under both arms: the truth beside the estimate.

        Parameters
        ----------
        executor, progress, store, cancel
            As for `trial`; courses that are missing are solved, once.
        arm : str, optional
            Name of the arm; the second by default.
        """
        arm = self._arm(arm)
        self._solve([arm], executor, progress, store, cancel)
        names = list(self.design.arms)
        frames = {}
        for name in (self.design.control, arm):
            given = 0 if self.null else names.index(name)
            frames[name] = replace(
                self, arm_of=np.full(len(self.rows), given), null=False
            )._patients
        return Counterfactual(
            self.design, arm, frames[self.design.control], frames[arm], self.effect(arm=arm),
            self.effect(measure="risk_difference", arm=arm),
        )  # fmt: skip

    def again(
        self,
        seed: int,
        *,
        n: int | None = None,
        null: bool = False,
        executor: Executor | None = None,
        progress: bool = True,
        store: str | None = None,
        cancel: object | None = None,
    ) -> TrialResult:
        """Repeat the trial: a new allocation and new luck for patients of the same kind.

        The courses of every patient under every arm are solved once; after that each repetition
        costs milliseconds. So a thousand trials show what chance alone does to one.

        Parameters
        ----------
        seed : int
            Of allocation, chance and, with `n`, of who takes part.
        n : int, optional
            Patients, drawn without replacement from those of this trial; all by default.
        null : bool
            Whether the treatment does nothing: everybody has the course of control, and every
            difference is chance.
        executor, progress, store, cancel
            As for `trial`.

        Returns
        -------
        TrialResult

        Raises
        ------
        ValueError
            An impossible seed or number.
        """
        seed = whole("seed", seed, 0, 2**63)
        n = len(self.rows) if n is None else whole("n", n, 2, len(self.rows))
        if not null:
            self._solve(list(self.design.arms), executor, progress, store, cancel)
        rows = self.rows
        if n < len(rows):
            rows = np.sort(draws(seed, "who takes part").choice(rows, n, replace=False))
        return replace(
            self,
            rows=rows,
            arm_of=allocate(seed, n, self.design.shares),
            chance=seed,
            null=null,
        )

    def _solve(self, arms: list[str], executor, progress, store, cancel) -> None:
        with Workers(executor, progress, cancel, store) as workers:
            self.enrolment.courses.solve(dict.fromkeys(arms, self.rows), workers)

    # ---- words and pictures ----
    def summary(self) -> str:
        """Say in plain words who was compared, what was found, and what it does not say."""
        design, flow = self.design, self.flow
        arms = listing(
            f"{flow[f'randomised to {name}']:,} to {name} ({design.arm_words(name)})"
            for name in design.arms
        )
        rule = f" with {design.where}" if design.where else ""
        said = [
            f"Of {flow['screened']:,} candidates, {flow['randomised']:,}{rule} entered "
            f"{design.entry_words()} and were randomised: {arms}."
        ]
        if design.background:
            care = listing(
                f"{t.label}" + ("" if share == 1 else f" ({number(100 * share)}% of patients)")
                for t, share in design.background
            )
            said.append(f"Usual care in every arm: {care}.")
        if self.null:
            said.append("In this repetition the treatment does nothing: differences are chance.")
        main = next(iter(self._outcomes.values()))
        counted = (self._counted(main, name) | {"arm": name} for name in design.arms)
        deaths = (
            f"{c['events']} of {c['n']} ({percent(c['percent'] / 100, 2)}) in {c['arm']}"
            for c in counted
        )
        said.append(f"{main.words[:1].upper()}{main.words[1:]}: {listing(deaths)}.")
        for arm in list(design.arms)[1:]:
            said.append(str(self.effect(arm=arm)))
            more = (self.effect(measure=m, arm=arm) for m in ("risk_difference", "nnt"))
            said += [
                f"{MEASURE_WORDS[e.measure][:1].upper()}{MEASURE_WORDS[e.measure][1:]}: "
                f"{e.interval()}."
                for e in more
                if e.estimable
            ]
        if design.stratify:
            said.append(self.subgroups().summary())
        said.append("Other outcomes are in table(): the more are read, the more differ by chance.")
        return " ".join(said)

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        table = self.table().drop(columns="p").to_html(float_format="{:.3g}".format, na_rep="")
        return f"<p>{escape(self.summary())}</p>{table}"

    def plot(self, outcome: str | None = None) -> Figure:
        """Draw the flow of patients, the curves by arm with intervals, and the estimates.

        Parameters
        ----------
        outcome : str, optional
            Outcome with a time; death by default.
        """
        from cytolearn.figures.trial import plot_trial

        return plot_trial(self, outcome)
