"""The counterfactual view: every patient under both arms. No real trial has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from cytolearn.trials.design import Design
from cytolearn.trials.estimates import Effect
from cytolearn.wording import number, percent

if TYPE_CHECKING:
    import pandas as pd

#: A difference of risk below this, in percentage points, is called no difference.
NO_DIFFERENCE = 0.5


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """The same patients under control and under treatment, with the same luck.

    Attributes
    ----------
    arm : str
        The arm that is set beside control.
    estimated : Effect
        What the randomised comparison found (risk ratio of death).
    estimated_difference : Effect
        The same as a risk difference, in percentage points.
    """

    design: Design = field(repr=False)
    arm: str
    _control: pd.DataFrame = field(repr=False)
    _treated: pd.DataFrame = field(repr=False)
    estimated: Effect
    estimated_difference: Effect

    @property
    def risks(self) -> tuple[float, float]:
        """True mean risk of death under control and under treatment, 0 to 1, free of chance."""
        return float(self._control["death_risk"].mean()), float(self._treated["death_risk"].mean())

    @property
    def risk_difference(self) -> float:
        """True risk difference, percentage points (below 0: fewer deaths)."""
        control, treated = self.risks
        return 100 * (treated - control)

    @property
    def risk_ratio(self) -> float:
        """True risk ratio."""
        control, treated = self.risks
        return treated / control if control else float("nan")

    @property
    def patients(self) -> pd.DataFrame:
        """One row a patient: risk under both arms, what happens under both, and the verdict.

        ``verdict`` goes by risk: "helped", "harmed" or "no difference" (less than half a
        percentage point). ``saved`` and ``lost`` go by what happens with the patient's luck.
        """
        import pandas as pd

        died = f"death_{self.design.follow_up}"
        change = 100 * (self._treated["death_risk"] - self._control["death_risk"])
        verdict = np.select(
            [change <= -NO_DIFFERENCE, change >= NO_DIFFERENCE],
            ["helped", "harmed"],
            "no difference",
        )
        dies, dies_treated = self._control[died], self._treated[died]
        return pd.DataFrame(
            {
                "age": self._control["age"],
                "entry_day": self._control["entry_day"],
                "risk_control": self._control["death_risk"],
                "risk_treated": self._treated["death_risk"],
                "change": change,
                "verdict": verdict,
                "dies_in_control": dies,
                "dies_treated": dies_treated,
                "saved": dies & ~dies_treated,
                "lost": ~dies & dies_treated,
                "lesion_auc_control": self._control["lesion_auc"],
                "lesion_auc_treated": self._treated["lesion_auc"],
            }
        )

    def table(self) -> pd.DataFrame:
        """Return the truth beside the randomised estimate."""
        import pandas as pd

        found = (self.estimated, self.estimated_difference)
        true = (self.risk_ratio, self.risk_difference)
        return pd.DataFrame(
            {
                "truth": true,
                "estimate": [e.estimate for e in found],
                "low": [e.low for e in found],
                "high": [e.high for e in found],
                "interval holds the truth": [
                    bool(e.low <= t <= e.high) if e.estimable else None
                    for e, t in zip(found, true, strict=True)
                ],
            },
            index=["risk ratio", "risk difference (percentage points)"],
        )

    def summary(self) -> str:
        """Say the true effect, the estimate beside it, and whom it helps or harms."""
        control, treated = self.risks
        shares = self.patients["verdict"].value_counts(normalize=True)
        who = ", ".join(
            f"{percent(shares.get(verdict, 0.0), 2)} {words}"
            for verdict, words in (
                ("helped", "are helped"),
                ("harmed", "are harmed"),
                ("no difference", f"see no difference (under {NO_DIFFERENCE:g} percentage points)"),
            )
        )
        luck = self.patients
        return (
            f"If every patient were in control, {number(100 * control)}% would be expected to "
            f"die; if every patient were in {self.arm}, {number(100 * treated)}%. The true risk "
            f"ratio is {number(self.risk_ratio)}, the true difference "
            f"{number(self.risk_difference)} percentage points. The randomised trial found a risk "
            f"ratio of {self.estimated.interval()}. By their own risk, {who}. With the luck of "
            f"this trial, the treatment would save {int(luck['saved'].sum())} and cost "
            f"{int(luck['lost'].sum())} lives among {len(luck):,} patients."
        )

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        from html import escape

        return (
            f"<p>{escape(self.summary())}</p>{self.table().to_html(float_format='{:.3g}'.format)}"
        )
