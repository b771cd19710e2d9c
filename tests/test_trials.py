"""Virtual trials: rules, statistics against textbooks, and what a trial must never do."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

import cytolearn as cl
from cytolearn import clinic
from cytolearn.figures import FOOTER, Picture
from cytolearn.patients import population
from cytolearn.simulation import SimulationError
from cytolearn.treatments import TeachingWarning
from cytolearn.trials.design import rule_columns
from cytolearn.trials.enrolment import allocate

TOCI = cl.treatment("tocilizumab", day=9)
DEXA = cl.treatment("dexamethasone", day=9)
RULE = "lesion > 4 and age >= 40"


# ---- allocation ----
def test_allocation_keeps_its_ratio_and_does_not_depend_on_size():
    arms = allocate(5, 300, (1, 2))
    assert np.bincount(arms).tolist() == [100, 200]
    np.testing.assert_array_equal(allocate(5, 50, (1, 2)), arms[:50])
    assert not np.array_equal(arms, allocate(6, 300, (1, 2)))


def test_rules_may_ask_for_readouts_traits_and_the_situation():
    columns = rule_columns([(DEXA, 0.5)])
    assert {"pf_ratio", "age", "support", "severity", "who", "day", "on_dexamethasone"} <= set(
        columns
    )
    assert len(columns) == len(set(columns))


# ---- whole trials, small ----
@pytest.fixture(scope="module")
def found():
    return cl.trial(
        treated=[TOCI], n=60, where=RULE, seed=3, stratify="age >= 60", assay_noise=False,
        progress=False,
    )  # fmt: skip


def test_entry_rule_is_honoured_and_screening_is_counted(found):
    patients, flow = found.patients, found.flow
    assert len(patients) == len(found) == flow["randomised"] == 60
    assert (patients["lesion"] > 4).all() and (patients["age"] >= 40).all()
    assert (patients["entry_day"] == 9).all()
    assert patients.index.is_monotonic_increasing
    missed = flow["did not meet the rule"] + flow["died before entry"]
    assert flow["screened"] == missed + 60 == patients.index[-1] + 1
    assert flow["randomised to control"] == flow["randomised to treated"] == 30


def test_everybody_in_order_who_met_the_rule_entered(found):
    """Screened again by hand, from the courses of the same virtual patients."""
    screened = population(found.flow["screened"], seed=3)
    old = screened.traits["age"] >= 40
    cohort = screened.only(old.to_numpy()).run(days=30, progress=False)
    met = cohort.at(9)["lesion"] > 4
    assert met.sum() == 60 + found.flow["died before entry"]
    assert set(found.patients.index) <= set(met[met].index)
    same = cohort.at(9).loc[found.patients.index, ["crp", "pf_ratio"]]
    pd.testing.assert_frame_equal(found.patients[["crp", "pf_ratio"]], same, rtol=1e-3)


def test_outcomes_are_those_of_the_clinic(found):
    control = found.patients[found.patients["arm"] == "control"]
    people = population(found.flow["screened"], seed=3).only(list(control.index))
    drawn = clinic.outcomes_of(people.run(days=37, progress=False), entry=9, seed=3)
    np.testing.assert_array_equal(drawn["died"], control["death_28"])
    np.testing.assert_allclose(
        drawn["death_day"] - 9, control["days_to_death"], rtol=1e-3, equal_nan=True
    )


def test_the_table_says_every_outcome_and_why_an_estimate_is_missing(found):
    table = found.table()
    assert list(table.index.unique("outcome")) == list(found.outcomes)
    assert (table.loc[(slice(None), "control"), "note"] == "control").all()
    told = table.xs("treated", level="arm")
    missing = told[told["estimate"].isna()]
    assert (missing["note"] != "").all()
    np.testing.assert_array_equal(
        table["events"].dropna() * 100 / table["n"][table["events"].notna()],
        table["percent"].dropna(),
    )
    events = found.patients.groupby("arm")["death_28"].sum()
    assert table.loc[("death_28", "treated"), "events"] == events["treated"]
    every = found.estimates()
    assert ("death_28", "hazard_ratio", "treated") in every.index


def test_the_summary_speaks_of_intervals_and_never_of_significance(found):
    text = found.summary()
    assert "60" in text and "tocilizumab" in text and "95% interval" in text
    assert "significan" not in text and text == repr(found)
    assert "subgroup" in text
    assert "<table" in found._repr_html_()


def test_the_counterfactual_holds_both_fates_of_every_patient(found):
    both = found.counterfactual(progress=False)
    patients, told = found.patients, both.patients
    treated = patients["arm"] == "treated"
    assert (told["dies_treated"][treated] == patients["death_28"][treated]).all()
    assert (told["dies_in_control"][~treated] == patients["death_28"][~treated]).all()
    assert not (told["saved"] & told["lost"]).any()
    assert set(told["verdict"]) <= {"helped", "harmed", "no difference"}
    assert both.risk_ratio == pytest.approx(both.risks[1] / both.risks[0])
    assert both.risk_difference == pytest.approx(told["change"].mean())
    table = both.table()
    assert table["truth"].notna().all() and "true risk ratio" in str(both)
    assert "death_risk" not in patients  # no real trial sees it


def test_a_trial_repeated_differs_by_chance_alone(found):
    again = found.again(8, progress=False)
    assert list(again.patients.index) == list(found.patients.index)
    assert not (again.patients["arm"] == found.patients["arm"]).all()
    pd.testing.assert_frame_equal(again.patients, found.again(8, progress=False).patients)
    small = found.again(8, n=20, progress=False)
    assert len(small) == 20 and set(small.patients.index) <= set(found.patients.index)
    assert found.counterfactual(progress=False).risks == pytest.approx(
        again.counterfactual(progress=False).risks
    )


def test_null_repetitions_give_everybody_the_course_of_control(found):
    null = found.again(4, null=True)
    both = null.counterfactual(progress=False)
    assert both.risk_ratio == 1 and (both.patients["verdict"] == "no difference").all()
    assert "differences are chance" in null.summary()
    held = []
    for seed in range(120):
        difference = found.again(seed, null=True).effect(measure="risk_difference")
        if difference.estimable:
            held.append(difference.low <= 0 <= difference.high)
    assert len(held) > 90 and np.mean(held) > 0.9


def test_same_seed_same_trial_whatever_the_executor(found):
    with ThreadPoolExecutor(1) as thread:
        same = cl.trial(
            treated=[TOCI], n=60, where=RULE, seed=3, assay_noise=False, executor=thread,
            progress=False,
        )  # fmt: skip
    pd.testing.assert_frame_equal(same.patients, found.patients)


def test_the_first_patients_do_not_depend_on_the_size(found):
    small = cl.trial(treated=[TOCI], n=20, where=RULE, seed=3, assay_noise=False, progress=False)
    pd.testing.assert_frame_equal(small.patients, found.patients.head(20))


def test_usual_care_alone_is_none_or_nothing():
    small = {"treated": [TOCI], "n": 10, "where": RULE, "seed": 3, "progress": False}
    arms = [cl.trial(control=none, **small).design.arms for none in (None, [], ())]
    assert arms[0] == arms[1] == arms[2] == {"control": (), "treated": (TOCI,)}


def test_another_seed_is_another_trial(found):
    other = cl.trial(treated=[TOCI], n=10, where=RULE, seed=4, progress=False)
    assert list(other.patients.index) != list(found.patients.index[:10])


def test_laboratory_noise_lets_some_in_who_do_not_truly_meet_the_rule():
    noisy = cl.trial(treated=[TOCI], n=40, where="crp > 40", seed=3, progress=False)
    assert (noisy.patients["crp"] > 40).all()
    people = population(noisy.flow["screened"], seed=3).only(list(noisy.patients.index))
    true = people.run(days=9, readouts="crp", progress=False).at(9)["crp"]
    assert 0 < (true < 40).sum() < 30
    again = cl.trial(treated=[TOCI], n=40, where="crp > 40", seed=3, progress=False)
    pd.testing.assert_frame_equal(again.patients, noisy.patients)


def test_with_a_window_each_enters_on_the_first_day_that_fits_and_is_treated_then():
    window = cl.trial(
        treated=[TOCI, cl.treatment("dexamethasone", day=10)], n=30, where="crp > 30", seed=5,
        day=(3, 10), assay_noise=False, progress=False,
    )  # fmt: skip
    entered = window.patients["entry_day"]
    assert entered.between(3, 10).all() and entered.nunique() > 2
    people = population(window.flow["screened"], seed=5).only(list(window.patients.index))
    crp = people.run(days=10, readouts="crp", progress=False)["crp"][:, 8:]  # from day 3 on
    np.testing.assert_array_equal(3 + (crp > 30).argmax(axis=1), entered)
    late = window.design.given("treated", 5.0, [])
    assert [t.day for t in late] == [5, 6]


def test_usual_care_goes_to_its_share_of_both_arms():
    care = cl.trial(
        treated=[TOCI], background=[(DEXA, 0.7)], n=60, seed=2, where="lesion > 2 and age > 50",
        stratify="on_dexamethasone", progress=False,
    )  # fmt: skip
    shares = care.patients.groupby("arm")["on_dexamethasone"].mean()
    assert shares.between(0.45, 0.95).all()
    assert [t.drug for t in care.design.given("control", 9, [True])] == ["dexamethasone"]
    assert [t.drug for t in care.design.given("treated", 9, [False])] == ["tocilizumab"]
    assert len(care.subgroups().table) == 2
    assert "70% of patients" in care.summary()


def test_usual_care_from_before_entry_is_seen_at_screening():
    with pytest.warns(TeachingWarning, match="this early"):
        early = cl.treatment("dexamethasone", day=4)
    options = {"n": 40, "seed": 2, "where": "age > 60", "progress": False, "assay_noise": False}
    without = cl.trial(treated=[TOCI], **options)
    with_it = cl.trial(treated=[TOCI], background=[early], **options)
    both = without.patients.index.intersection(with_it.patients.index)
    assert with_it.patients.loc[both, "crp"].mean() < without.patients.loc[both, "crp"].mean()


def test_several_arms_share_one_control():
    three = cl.trial(
        arms={"usual care": [], "steroid": [DEXA], "both": [DEXA, TOCI]}, allocation=(2, 1, 1),
        n=40, seed=1, where="lesion > 2", progress=False,
    )  # fmt: skip
    flow = three.flow
    assert [flow[f"randomised to {a}"] for a in three.design.arms] == [20, 10, 10]
    assert three.effect("lesion_auc", arm="both").arm == "both"
    assert three.effect().control == "usual care"
    with pytest.raises(ValueError, match="Did you mean 'steroid'"):
        three.effect(arm="steroids")
    text = repr(three.plot())
    assert "steroid" in text and "both" in text


def test_the_dead_cannot_enter():
    """With a hazard that kills nearly everybody before day 30, only the living are counted."""
    late = cl.trial(
        treated=[cl.treatment("tocilizumab", day=30)], n=10, where="age > 85", seed=1,
        progress=False,
    )  # fmt: skip
    assert late.flow["died before entry"] > 0
    assert late.flow["screened"] == sum(
        late.flow[k] for k in ("did not meet the rule", "died before entry", "randomised")
    )


# ---- pictures ----
def test_the_picture_has_words_numbers_and_intervals(found):
    picture = found.plot()
    assert isinstance(picture, Picture) and "Death within 28 days" in picture.twin
    texts = " ".join(t.get_text() for t in picture.findobj(lambda a: hasattr(a, "get_text")))
    assert "60 randomised" in texts and FOOTER in texts and "at risk" in texts
    assert "Leaving hospital alive" in found.plot("recovery").twin
    assert repr(found.plot()) == repr(picture)
    with pytest.raises(ValueError, match="has no time"):
        found.plot("lesion_auc")


# ---- what cannot be ----
@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"n": 0}, ValueError, "at least 2 patients"),
        ({"n": 1}, ValueError, "cl.compare"),
        ({"n": -5}, ValueError, "whole number"),
        ({"n": 10.5}, ValueError, "whole number"),
        ({"seed": -1}, ValueError, "seed must be"),
        ({"treated": []}, ValueError, "nothing to compare"),
        ({"control": [TOCI]}, ValueError, "are given the same"),
        ({"treated": "tocilizumab"}, TypeError, "cl.treatment"),
        ({"treated": [7]}, TypeError, "you gave 7"),
        ({"arms": {"only": [TOCI]}}, ValueError, "2 to 6 arms"),
        ({"arms": {"a": [], "b": [TOCI]}}, ValueError, "either arms= or"),
        ({"where": "ferritine > 3"}, ValueError, "Did you mean 'ferritin'"),
        ({"where": "crp >"}, ValueError, "cannot be read"),
        ({"where": "crp"}, ValueError, "yes or no"),
        ({"day": 7.5}, ValueError, "whole day"),
        ({"day": (9, 3)}, ValueError, "must not be later"),
        ({"day": (1, 2, 3)}, ValueError, "two days"),
        ({"day": 12}, ValueError, "before they are randomised"),
        ({"day": 99}, ValueError, "between -4 and 60"),
        ({"follow_up": 0}, ValueError, "follow_up must be"),
        ({"follow_up": 7.5}, ValueError, "whole number of days"),
        ({"allocation": 0}, ValueError, "allocation must be"),
        ({"allocation": (1, 2, 3)}, ValueError, "2 arms"),
        ({"background": ["dexamethasone"]}, TypeError, "background takes treatments"),
        ({"background": [(DEXA, 1.5)]}, ValueError, "between 0 and 1"),
        ({"background": [DEXA, DEXA]}, ValueError, "twice"),
        ({"stratify": "agee > 3"}, ValueError, "Did you mean 'age'"),
        ({"constants": {"il6_clearence": 1}}, ValueError, "Did you mean 'il6_clearance'"),
        ({"executor": 2}, TypeError, "ProcessPoolExecutor"),
        ({"cancel": True}, TypeError, "threading.Event"),
        ({"engine": "magic"}, ValueError, "There is no engine"),
    ],
)
def test_impossible_trials_are_explained(options, error, words):
    with pytest.raises(error, match=words):
        cl.trial(**{"treated": [TOCI], "n": 10, "progress": False, **options})


def test_a_rule_that_nobody_meets_says_how_many_were_screened_and_what_to_loosen():
    with pytest.raises(ValueError, match=r"Nobody of 500 candidates met the entry rule") as told:
        cl.trial(treated=[TOCI], n=50, where="pf_ratio < 30 and age > 20", most_screened=500,
                 progress=False)  # fmt: skip
    assert "'age > 20' held for" in str(told.value) and "Loosen" in str(told.value)
    with pytest.raises(ValueError, match=r"Only \d+ of 500 candidates .*; 400 are wanted"):
        cl.trial(treated=[TOCI], n=400, where="crp > 60", most_screened=500, progress=False)
    with pytest.raises(ValueError, match="most_screened must be a whole number from 50"):
        cl.trial(treated=[TOCI], n=50, most_screened=10, progress=False)


def test_a_rule_on_age_alone_costs_no_course():
    with pytest.raises(ValueError, match="Nobody of 5,000 candidates"):
        cl.trial(treated=[TOCI], n=50, where="age > 120", progress=False)


def test_unknown_outcomes_measures_and_subgroups_are_explained(found):
    with pytest.raises(ValueError, match="Did you mean 'death_28'"):
        found.effect("deaths_28")
    with pytest.raises(ValueError, match="Did you mean 'risk_ratio'"):
        found.effect(measure="riskratio")
    with pytest.raises(ValueError, match="no measure 'risk_ratio'"):
        found.effect("lesion_auc", "risk_ratio")
    with pytest.raises(ValueError, match="too many for subgroups"):
        found.subgroups("age")
    with pytest.raises(ValueError, match="Did you mean 'age'"):
        found.subgroups("agee > 3")
    with pytest.raises(ValueError, match="outcome with events"):
        found.subgroups("age > 60", "who_28")
    with pytest.raises(ValueError, match="whole number"):
        found.again(1, n=1)


def test_subgroups_add_up(found):
    table = found.subgroups(["age >= 60", "crp > 50"]).table
    assert table[["treated: n", "control: n"]].to_numpy().sum() == 60
    assert table["treated: events"].sum() == found.table().loc[("death_28", "treated"), "events"]


def test_a_trial_without_events_has_no_made_up_estimate():
    young = cl.trial(treated=[TOCI], n=20, where="age < 30", seed=6, progress=False)
    assert young.patients["death_28"].sum() == 0
    found = young.effect("death_28", "risk_ratio")
    assert not found.estimable and "nobody had the event" in young.summary()
    assert math.isnan(young.table().loc[("death_28", "treated"), "estimate"])
    assert "not estimable" in repr(young.plot()) and "not estimable" in str(
        young.subgroups("age < 25")
    )


def test_what_is_odd_about_an_arm_is_said_once():
    with pytest.warns(TeachingWarning, match="same receptor") as said:
        cl.trial(treated=[TOCI, cl.treatment("sarilumab", day=9)], n=4, seed=1, progress=False)
    assert len(said) == 1


def test_a_solver_that_gives_up_names_the_patient(monkeypatch):
    def give_up(*_args, **_kwargs):
        raise SimulationError("the solver gave up", 7.0)

    monkeypatch.setattr("cytolearn.patients.cohort.integrate", give_up)
    with pytest.raises(SimulationError, match="patient 0"), ThreadPoolExecutor(1) as thread:
        cl.trial(treated=[TOCI], n=4, progress=False, executor=thread)
