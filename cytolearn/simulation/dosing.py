"""Doses: amounts added to a state between two stretches of integration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from cytolearn import physiology
from cytolearn.wording import unknown

_SAME_TIME = 1e-9  # days; about a tenth of a millisecond


@dataclass(frozen=True, order=True, slots=True)
class Dose:
    """An amount put into the body at one moment.

    Parameters
    ----------
    day : float
        Days since infection (not since symptom onset).
    state : str
        The state that receives it: ``depot_*``, ``central_*`` or ``antibody_given``.
    amount : float
        Amount in the unit of that state, not negative.

    Raises
    ------
    ValueError
        If the state is unknown, the day is before infection or the amount is negative.
    """

    day: float
    state: str
    amount: float

    def __post_init__(self) -> None:
        if self.state not in physiology.initial_states():
            raise ValueError(unknown("state to dose", self.state, physiology.initial_states()))
        if not (isfinite(self.day) and self.day >= 0):
            raise ValueError(f"A dose cannot come before infection (day 0); got day {self.day}.")
        if not (isfinite(self.amount) and self.amount >= 0):
            raise ValueError(f"The amount of a dose cannot be negative; got {self.amount}.")


def schedule(doses: Iterable[Dose], days: float) -> dict[float, dict[str, float]]:
    """Return what is added when, in order of time; doses at one moment add up.

    Doses after `days` are left out.
    """
    plan: dict[float, dict[str, float]] = {}
    for dose in sorted(doses):
        if dose.day > days:
            break
        last = next(reversed(plan), None)
        day = last if last is not None and dose.day - last < _SAME_TIME else dose.day
        amounts = plan.setdefault(day, {})
        amounts[dose.state] = amounts.get(dose.state, 0.0) + dose.amount
    return plan
