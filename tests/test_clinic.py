"""Severity and risk of death: a stated map outside the equations."""

from __future__ import annotations

import numpy as np
import pytest

from cytolearn.clinic import death_risk, severity_class, support_level, support_levels

DAYS = np.arange(0, 41.0)


def risk(lesion: float = 0, hazard: float = 0, age: float = 65) -> float:
    shape = (1, len(DAYS))
    return float(death_risk(DAYS, np.full(shape, lesion), np.full(shape, hazard), [age])[0])


def test_support_levels_change_at_the_limits_of_the_table():
    for row in support_levels()[1:]:
        limit, level = float(row["pf_below"]), int(row["level"])
        assert support_level(limit) == level - 1
        assert support_level(limit - 0.01) == level
    np.testing.assert_array_equal(support_level([[450, 100], [250, 150]]).shape, (2, 2))


def test_a_missing_ratio_is_no_healthy_lung():
    with pytest.raises(ValueError, match="missing"):
        support_level([450, float("nan")])


def test_classes_follow_the_worst_day():
    pf = np.array([[450, 440], [440, 330], [440, 250], [440, 90]])
    lesion = np.array([[0, 1], [0, 12], [0, 25], [0, 60]])
    assert severity_class(pf, lesion).tolist() == [0, 1, 2, 3]


def test_risk_rises_with_lesion_age_and_infection_and_stays_a_probability():
    assert risk() < risk(lesion=20) < risk(lesion=60) < 1
    assert risk(lesion=20, age=40) < risk(lesion=20, age=80)
    assert risk(hazard=0) < risk(hazard=0.02)
    assert risk() >= 0 and risk(lesion=100, hazard=1, age=100) <= 1


def test_a_course_that_ends_early_is_refused():
    short = np.arange(0, 20.0)
    with pytest.raises(ValueError, match="day 28"):
        death_risk(short, np.zeros((1, 20)), np.zeros((1, 20)), [50])
