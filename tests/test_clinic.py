"""Severity and outcome: a stated map outside the equations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cytolearn as cl
from cytolearn.clinic import (
    death_hazard,
    death_risk,
    outcomes,
    outcomes_of,
    severity_class,
    support_level,
    support_levels,
    who_levels,
    who_scale,
    who_scale_of,
)

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


# ---- the WHO scale -----------------------------------------------------------------------


def scale(pf, *, lesion=0.0, load=0.0, start=0.0, **options) -> list[int]:
    pf = np.atleast_2d(np.array(pf, float))
    days = start + np.arange(pf.shape[1])
    lesion, load = np.full(pf.shape, lesion), np.full(pf.shape, load)
    return who_scale(days, pf, lesion, load, **options)[0].tolist()


def test_the_scale_is_the_published_one_with_a_source_and_a_badge_for_each_level():
    rows = who_levels()
    assert [int(row["level"]) for row in rows] == list(range(11))
    assert all(row["source"] and row["badge"] in "ABCD" for row in rows)
    # support starts where support.csv says, and is never taken away below where it starts
    starts = {int(row["level"]): float(row["pf_below"]) for row in support_levels()[1:]}
    for row in rows:
        if row["leave_at"]:
            enter = float(row["pf_below"] or starts[int(row["support"])])
            assert float(row["leave_at"]) >= enter


def test_every_level_can_be_reached():
    assert scale([460], load=0) == [0]
    assert scale([460], load=2) == [1]
    assert scale([460], load=6) == [2]
    assert scale([460], load=6, start=-2) == [1]  # no symptoms before their onset
    assert scale([460], lesion=5) == [2]
    assert [scale([pf])[0] for pf in (399, 349, 299, 199, 149, 79)] == [3, 4, 5, 6, 8, 9]
    assert [scale([pf])[0] for pf in (400, 350, 300, 200, 150, 80)] == [0, 3, 4, 5, 6, 8]
    assert scale([149, 150]) == [8, 7]
    assert scale([460, 460], death_day=[1.0]) == [0, 10]


def test_support_does_not_flicker():
    pf = [310, 295, 305, 295, 305, 295, 305]
    assert support_level(pf).tolist() == [0, 1, 0, 1, 0, 1, 0]
    assert scale(pf) == [4, 5, 5, 5, 5, 5, 5]


def test_the_tube_is_removed_after_two_good_days_in_a_row():
    #             tube        good  bad  good good good
    assert scale([140, 190, 205, 190, 205, 205, 205]) == [8, 7, 7, 7, 7, 7, 6]


def test_without_a_swab_nobody_is_called_free_of_virus():
    pf, lesion = np.full((1, 3), 460.0), np.zeros((1, 3))
    assert who_scale(np.arange(3.0), pf, lesion).tolist() == [[1, 1, 1]]
    with pytest.raises(ValueError, match="missing"):
        who_scale([0.0], [[np.nan]], [[0.0]])


def test_a_course_and_a_cohort_are_read_alike():
    people = cl.population(4, seed=5)
    cohort = people.run(progress=False)
    course = people.patient(2).run()
    np.testing.assert_array_equal(who_scale_of(course)[0], who_scale_of(cohort)[2])
    age = people.traits["age"][2]
    ours = outcomes_of(course, age=age, entry=3, seed=9, patient=[2])
    pd.testing.assert_frame_equal(ours, outcomes_of(cohort, entry=3, seed=9).loc[[2]], rtol=1e-4)


# ---- risk over time ----------------------------------------------------------------------

LONG = np.arange(-5, 71.0)


def curves(n: int, seed: int = 0) -> tuple[np.ndarray, ...]:
    """P/F ratio, lesion, infection hazard and age of made-up patients."""
    rng = np.random.default_rng(seed)
    peak, middle = rng.uniform(0, 70, (n, 1)), rng.uniform(5, 25, (n, 1))
    lesion = peak * np.exp(-(((LONG - middle) / 8) ** 2))
    return 460 - 5 * lesion, lesion, 0.0003 + lesion / 1e4, rng.uniform(20, 90, n)


def test_the_hazard_ends_in_the_risk_of_the_month():
    _, lesion, hazard, age = curves(20)
    total = death_hazard(LONG, lesion, hazard, age)
    month = death_risk(LONG, lesion, hazard, age)
    np.testing.assert_allclose(1 - np.exp(-total[:, LONG == 28][:, 0]), month, rtol=1e-9)
    assert (total[:, LONG <= 0] == 0).all() and (np.diff(total[:, LONG >= 0]) > 0).all()
    # the formula as it was first stated
    burden = np.trapezoid(lesion[:, (LONG >= 0) & (LONG <= 28)], axis=1) / 28 / 100
    lung = 1 / (1 + np.exp(6.2 - 13 * burden - 0.06 * (age - 65)))
    infected = 1 - np.exp(-np.trapezoid(hazard[:, (LONG >= 0) & (LONG <= 28)], axis=1))
    np.testing.assert_allclose(month, 1 - (1 - lung) * (1 - 0.2 * infected), rtol=1e-9)


def test_without_a_lesion_the_risk_is_spread_evenly():
    none = np.zeros((1, len(LONG)))
    total = death_hazard(LONG, none, none, [65])[0]
    assert total[LONG == 14] == pytest.approx(total[LONG == 28] / 2)
    assert total[LONG == 56] == pytest.approx(total[LONG == 28] * 2)


def test_risk_after_entry_is_what_is_left_of_the_hazard():
    _, lesion, _, age = curves(20)
    none = np.zeros_like(lesion)  # without infection the hazards add up
    total = death_hazard(LONG, lesion, none, age)
    at = dict(zip(LONG, total.T, strict=True))
    left = death_risk(LONG, lesion, none, age, entry=9, follow_up=28)
    np.testing.assert_allclose(left, 1 - np.exp(at[9] - at[37]))
    early = death_risk(LONG, lesion, none, age, entry=np.full(20, -3.0), follow_up=31)
    np.testing.assert_allclose(early, death_risk(LONG, lesion, none, age))


# ---- drawn outcomes ----------------------------------------------------------------------


def test_drawn_deaths_and_infections_have_the_stated_risk():
    pf, lesion, hazard, age = (np.repeat(c, 20_000, axis=0) for c in curves(3, seed=4))
    drawn = outcomes(LONG, pf, lesion, hazard * 20, age, entry=6, seed=3)
    for _, group in drawn.groupby(np.repeat(range(3), 20_000)):
        expected = group["death_risk"].iloc[0]
        assert group["death_risk"].nunique() == 1
        assert group["died"].mean() == pytest.approx(
            expected, abs=4 * np.sqrt(expected * (1 - expected) / 20_000)
        )
    # and in time: half-way, too
    half = death_risk(LONG, lesion, hazard * 20, age, entry=6, follow_up=10)
    assert (drawn["death_day"] <= 16).mean() == pytest.approx(half.mean(), abs=0.008)
    safe = lesion[:20_000] * 0
    infected = outcomes(LONG, pf[:20_000], safe, safe + 0.02, 20, seed=1)["secondary_infection"]
    assert infected.mean() == pytest.approx(1 - np.exp(-0.56), abs=0.014)


def test_what_is_drawn_hangs_together():
    drawn = outcomes(LONG, *curves(400), entry=4, follow_up=30, seed=1)
    died = drawn["died"]
    assert 0.02 < died.mean() < 0.6
    assert (died == drawn["death_day"].notna()).all()
    assert drawn["death_day"].dropna().between(4, 34).all()
    assert (drawn.loc[died, ["worst_who", "who_end"]] == 10).all(axis=None)
    assert (drawn.loc[~died, "worst_who"] < 10).all()
    assert not (drawn["secondary_infection_day"] > drawn["death_day"]).any()
    assert drawn.loc[died, ["discharge_day", "symptom_free_day"]].isna().all(axis=None)
    assert (drawn["ventilated"] == drawn["ventilation_day"].notna()).all()
    home = drawn["discharge_day"].notna()
    assert (drawn.loc[home, "who_end"] < 4).all() and (drawn.loc[home, "worst_who"] >= 4).all()
    stays = (drawn["who_end"] >= 4) & ~died
    assert drawn.loc[stays, "discharge_day"].isna().all()
    assert (drawn["worst_who"] >= drawn[["who_entry", "who_end"]].max(axis=1)).all()


def test_the_dead_score_ten_from_their_day_on():
    cohort = cl.population(60, seed=2).run(progress=False, days=50)
    drawn = outcomes_of(cohort, entry=5, follow_up=45, seed=8)
    scale = who_scale_of(cohort, drawn)
    assert drawn["died"].any()
    for row, death in zip(scale, drawn["death_day"], strict=True):
        np.testing.assert_array_equal(row == 10, cohort.days >= death)


@settings(max_examples=20)
@given(st.integers(0, 2**40), st.integers(1, 39), st.integers(0, 900_000))
def test_luck_belongs_to_the_patient(seed, cut, shift):
    pf, lesion, hazard, age = curves(40)
    number = np.arange(40) + shift
    whole = outcomes(LONG, pf, lesion, hazard, age, seed=seed, patient=number)
    mixed = np.random.default_rng(seed).permutation(40)[:cut]
    part = outcomes(
        LONG, pf[mixed], lesion[mixed], hazard[mixed], age[mixed], seed=seed, patient=number[mixed]
    )
    pd.testing.assert_frame_equal(part, whole.iloc[mixed])


def test_a_better_lung_never_dies_earlier_for_the_same_luck():
    pf, lesion, hazard, age = curves(3000)
    worse = outcomes(LONG, pf, lesion, hazard, age, seed=5)
    better = outcomes(LONG, pf, lesion * 0.7, hazard * 0.7, age, seed=5)
    assert better["died"].sum() < worse["died"].sum()
    assert not (better["died"] & ~worse["died"]).any()
    other = outcomes(LONG, pf, lesion, hazard, age, seed=6)
    assert not other["died"].equals(worse["died"])


def test_what_cannot_be_drawn_is_refused_in_words():
    pf, lesion, hazard, age = curves(3)
    with pytest.raises(ValueError, match=r"day 93, but the courses end on day 70.*run\(days=93\)"):
        outcomes(LONG, pf, lesion, hazard, age, entry=65)
    with pytest.raises(ValueError, match="begin on day -5"):
        outcomes(LONG, pf, lesion, hazard, age, entry=[0, -9, 0])
    with pytest.raises(ValueError, match="3 patients"):
        outcomes(LONG, pf, lesion, hazard, age, entry=[0, 1])
    with pytest.raises(ValueError, match="above 0"):
        outcomes(LONG, pf, lesion, hazard, age, follow_up=0)
    with pytest.raises(ValueError, match="shape"):
        outcomes(LONG, pf, lesion[:2], hazard, age)
    with pytest.raises(ValueError, match="seed"):
        outcomes(LONG, pf, lesion, hazard, age, seed=-1)
    with pytest.raises(ValueError, match="whole number"):
        outcomes(LONG, pf, lesion, hazard, age, patient=[0.5, 1, 2])
    with pytest.raises(ValueError, match="missing"):
        outcomes(LONG, pf, lesion * np.nan, hazard, age)
    few = cl.population(2, seed=1).run(progress=False, readouts=["pf_ratio", "lesion"])
    with pytest.raises(ValueError, match="infection_hazard, viral_load"):
        outcomes_of(few)
    with pytest.raises(ValueError, match="age"):
        outcomes_of(cl.Patient("mild").run())


def test_nobody_has_no_outcome():
    empty = np.empty((0, len(LONG)))
    drawn = outcomes(LONG, empty, empty, empty, np.empty(0))
    assert len(drawn) == 0 and "died" in drawn
