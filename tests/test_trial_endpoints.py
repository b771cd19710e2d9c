"""What a trial counts: outcomes of hand-made courses, counted from entry."""

from __future__ import annotations

import numpy as np
import pytest

from cytolearn.trials.endpoints import observed, outcomes_of_a_trial


def test_outcomes_are_counted_from_entry():
    """A lung that fails from day 12 to 20, virus until day 16; nobody dies by these curves."""
    days = np.arange(-5.0, 41)
    pf = np.where((days >= 12) & (days < 20), 250.0, 450.0)[None]
    lesion = np.where((days >= 12) & (days < 20), 10.0, 0.0)[None]
    load = np.where(days < 16, 7.0, 0.0)[None]
    curves = {"pf_ratio": pf, "lesion": lesion, "infection_hazard": 0 * pf, "viral_load": load}
    seen = observed(days, curves, np.array([20.0]), np.array([13.0]), 20, 3, np.array([4])).loc[4]
    assert not seen["death_20"] and seen["unventilated_at_entry"] and seen["in_hospital_at_entry"]
    assert seen["days_to_viral_clearance"] == 3
    assert seen["days_to_recovery"] == pytest.approx(8, abs=1.01)  # a day of waiting (who.csv)
    assert seen["lesion_auc"] == pytest.approx(10 * 6.5)
    assert seen["who_14"] <= 1 and seen["who_20"] <= 1
    assert next(iter(outcomes_of_a_trial(20))) == "death_20"
    assert "who_28" not in outcomes_of_a_trial(20)
    assert [n for n in outcomes_of_a_trial(60) if n.startswith("who")] == [
        "who_14", "who_28", "who_60",
    ]  # fmt: skip
