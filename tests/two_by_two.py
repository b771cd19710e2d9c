"""Patients made up for the statistics of trials."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cytolearn.trials.endpoints import Outcome

EVENT = Outcome("event", "the event", "death", days="days")


def two_by_two(a, n1, c, n0):
    """Patients with `a` of `n1` events when treated and `c` of `n0` in control."""
    event = np.r_[np.arange(n1) < a, np.arange(n0) < c]
    arm = np.repeat(["treated", "control"], [n1, n0])
    return pd.DataFrame({"arm": arm, "event": event, "days": np.where(event, 5.0, np.nan)})
