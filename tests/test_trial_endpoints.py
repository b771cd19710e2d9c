"""What a trial counts: outcomes of hand-made courses, counted from entry."""

from __future__ import annotations

import numpy as np
import pytest

from cytolearn.trials.endpoints import observed, outcome_named, outcomes_of_a_trial


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


axis = np.arange(-5.0, 41)
WELL = {"pf_ratio": 450.0, "lesion": 0.0, "infection_hazard": 0.0, "viral_load": 0.0}


def seen(*people, age=20.0, entry=10, follow_up=20):
    """Follow people whose curves are constant, or arrays over `axis`, where they are not `WELL`."""
    curves = {
        name: np.stack([np.broadcast_to(one.get(name, well), axis.shape) for one in people])
        for name, well in WELL.items()
    }
    n = len(people)
    everybody = np.full(n, age), np.broadcast_to(float(entry), (n,))
    return observed(axis, curves, *everybody, follow_up, 3, np.arange(n))


def between(first, last, inside, outside):
    """Return a curve that is `inside` from day `first` to `last`, both included."""
    return np.where((axis >= first) & (axis <= last), inside, outside)


def test_whom_an_outcome_is_asked_of_hangs_on_the_day_of_entry():
    """Well, in hospital, on oxygen, on high flow, ventilated (support.csv, who.csv)."""
    at_entry = [450.0, 345.0, 280.0, 190.0, 90.0]
    found = seen(*({"pf_ratio": between(8, 22, pf, 450.0)} for pf in at_entry))
    assert found["in_hospital_at_entry"].tolist() == [False, True, True, True, True]
    assert found["without_breathing_help_at_entry"].tolist() == [True, True, True, False, False]
    assert found["unventilated_at_entry"].tolist() == [True, True, True, True, False]
    assert found["recovery"].tolist() == [False, True, True, True, True]
    home = found["days_to_recovery"]  # better from day 23 on, and a day or two of waiting
    assert np.isnan(home[0]) and home[1:].between(13, 16).all()
    later = seen({"pf_ratio": between(15, 18, 90.0, 450.0)}).loc[0]
    assert not later["in_hospital_at_entry"] and not later["recovery"]


def test_help_with_breathing_counts_from_entry_to_the_end_of_follow_up():
    """The worst day is one of follow-up; before and after, nothing is counted."""
    times = [(2, 4), (20, 22), (30, 30), (31, 33)]
    high_flow = seen(*({"pf_ratio": between(*when, 190.0, 450.0)} for when in times))
    assert high_flow["breathing_help_or_death"].tolist() == [False, True, True, False]
    assert not high_flow["ventilation_or_death"].any()
    tube = seen(*({"pf_ratio": between(*when, 90.0, 450.0)} for when in times))
    assert tube["ventilated"].tolist() == [False, True, True, False]
    assert tube["ventilation_or_death"].tolist() == tube["ventilated"].tolist()
    assert tube["who_20"].tolist() == [0, 0, 8, 0]  # day 30, the last one
    oxygen = seen({"pf_ratio": between(20, 22, 280.0, 450.0)}).loc[0]
    assert not oxygen["breathing_help_or_death"]


def test_the_scale_is_read_on_its_day():
    found = seen({"pf_ratio": between(24, 24, 280.0, 450.0)}, {"pf_ratio": 280.0}).T
    assert (found.loc["who_14", 0], found.loc["who_20", 0]) == (5, 0)  # days 24 and 30
    assert (found.loc["who_14", 1], found.loc["who_20", 1]) == (5, 5)


def test_virus_must_be_gone_for_good():
    """Limit of detection 2 log10; gone from entry on, later, with a relapse, on the last day."""
    loads = [
        0.0, 1.99, between(-5, 14, 7.0, 0.0), between(20, 20, 2.0, 1.0), between(-5, 29, 3.0, 0.0),
        between(-5, 30, 3.0, 0.0), between(31, 40, 7.0, 0.0), between(-5, 9, 7.0, 0.0),
    ]  # fmt: skip
    found = seen(*({"viral_load": load} for load in loads))
    days = found["days_to_viral_clearance"]
    np.testing.assert_array_equal(days, [0, 0, 5, 11, 20, np.nan, 0, 0])
    assert found["viral_clearance"].tolist() == days.notna().tolist()
    at_entry = [False, False, True, False, True, True, False, False]
    assert found["virus_at_entry"].tolist() == at_entry
    assert seen({"viral_load": 2.0}).loc[0, "virus_at_entry"]


def test_freedom_from_symptoms_is_counted_from_entry():
    """Symptoms: 6 log10 of virus or 5% of the lung (who.csv)."""
    found = seen({}, {"viral_load": between(0, 15, 6.0, 3.0)}, {"lesion": between(0, 19, 9.0, 4.0)},
                 {"lesion": 9.0})  # fmt: skip
    np.testing.assert_array_equal(found["days_to_symptom_free"], [0, 6, 10, np.nan])
    assert found["symptom_free"].tolist() == [True, True, True, False]


def test_the_area_of_the_lesion_is_that_of_the_trapezoid_rule():
    lesion = np.random.default_rng(5).uniform(0, 4, (3, len(axis)))
    for entry, follow_up in ((10, 20), (-5, 28), (12, 28)):
        found = seen(*({"lesion": one} for one in lesion), entry=entry, follow_up=follow_up)
        inside = (axis >= entry) & (axis <= entry + follow_up)
        by_hand = np.trapezoid(lesion[:, inside], axis=1)
        np.testing.assert_allclose(found["lesion_auc"], by_hand)


def test_the_dead_never_recover_and_their_virus_is_nobody_s_clearance():
    """A lung that is lost kills with near certainty; virus and breathing mend too late."""
    lost = {"lesion": 100.0, "pf_ratio": between(-5, 25, 60.0, 450.0)}
    early = {**lost, "viral_load": between(-5, 11, 7.0, 0.0)}
    found = seen(*[{**lost, "viral_load": between(-5, 29, 7.0, 0.0)}] * 20, *[early] * 20, age=95.0)
    died = found["death_20"]
    assert died.mean() > 0.9 and (found["death_risk"] > 0.9).all()
    dead = found[died]
    assert dead["days_to_death"].between(0, 20).all() and dead["days_to_death"].nunique() > 20
    assert found.loc[~died, "days_to_death"].isna().all()
    for name in ("recovery", "symptom_free"):
        assert not dead[name].any() and dead[f"days_to_{name}"].isna().all()
    late = dead[dead.index < 20]
    assert len(late) > 15 and not late["viral_clearance"].any()
    cleared_alive = dead.loc[dead.index >= 20, "days_to_death"] >= 2
    np.testing.assert_array_equal(dead.loc[dead.index >= 20, "viral_clearance"], cleared_alive)
    assert dead[["ventilation_or_death", "breathing_help_or_death"]].all(axis=None)
    assert (dead["who_20"] == 10).all()


def test_death_alone_counts_as_ventilation_or_death():
    found = seen(*[{"lesion": 100.0}] * 20, age=95.0)
    died = found["death_20"]
    assert died.sum() > 15 and not found["ventilated"].any()
    assert found["ventilation_or_death"].tolist() == died.tolist()
    assert found["breathing_help_or_death"].tolist() == died.tolist()


def test_secondary_infections_come_with_their_hazard():
    found = seen(*[{"infection_hazard": 2.0}] * 5, *[{}] * 5)
    assert found["secondary_infection"].tolist() == [True] * 5 + [False] * 5


def test_outcomes_by_name():
    assert outcome_named(None, 28).name == "death_28" and outcome_named("recovery", 28).good
    with pytest.raises(ValueError, match="Did you mean 'recovery'"):
        outcome_named("recovry", 28)
    listed = outcomes_of_a_trial(28)
    assert {n for n, o in listed.items() if o.good} == {
        "recovery", "symptom_free", "viral_clearance",
    }  # fmt: skip
    assert listed["death_28"].words == "death within 28 days"
    assert listed["who_14"].measures == ("common_odds_ratio",)
    assert [n for n in listed if n.startswith("who")] == ["who_14", "who_28"]
    assert [n for n in outcomes_of_a_trial(14) if n.startswith("who")] == ["who_14"]


def test_every_outcome_has_the_columns_that_it_names():
    found = seen({}, follow_up=28)
    for outcome in outcomes_of_a_trial(28).values():
        columns = {outcome.name, outcome.among, outcome.days} - {""}
        assert columns <= set(found), outcome.name
    assert found.index.name == "patient"
