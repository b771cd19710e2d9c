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
from cytolearn.trials.endpoints import Outcome, observed, outcomes_of_a_trial
from cytolearn.trials.enrolment import allocate
from cytolearn.trials.estimates import effect, hazard_ratio, kaplan_meier, times
from cytolearn.trials.rules import checked_rule, conjuncts, holds
from cytolearn.trials.strata import split

TOCI = cl.treatment("tocilizumab", day=9)
DEXA = cl.treatment("dexamethasone", day=9)
RULE = "lesion > 4 and age >= 40"
EVENT = Outcome("event", "the event", "death", days="days")


# ---- synthetic patients, for the statistics ----
def two_by_two(a, n1, c, n0):
    """Patients with `a` of `n1` events when treated and `c` of `n0` in control."""
    event = np.r_[np.arange(n1) < a, np.arange(n0) < c]
    arm = np.repeat(["treated", "control"], [n1, n0])
    return pd.DataFrame({"arm": arm, "event": event, "days": np.where(event, 5.0, np.nan)})


def of(patients, measure, outcome=EVENT):
    return effect(patients, outcome, measure, "treated", "control", 28)


def test_ratios_of_a_two_by_two_table_by_hand():
    table = two_by_two(15, 100, 30, 100)
    ratio, odds = of(table, "risk_ratio"), of(table, "odds_ratio")
    error = math.sqrt(1 / 15 - 1 / 100 + 1 / 30 - 1 / 100)
    assert ratio.estimate == pytest.approx(0.5)
    assert ratio.low == pytest.approx(0.5 * math.exp(-1.959964 * error))
    assert ratio.high == pytest.approx(0.5 * math.exp(1.959964 * error))
    woolf = math.sqrt(1 / 15 + 1 / 85 + 1 / 30 + 1 / 70)
    assert odds.estimate == pytest.approx(15 * 70 / (85 * 30))
    assert odds.high == pytest.approx(odds.estimate * math.exp(1.959964 * woolf))
    assert ratio.direction == "benefit" and "side of benefit" in str(ratio)


def test_recovery_dexamethasone_crude_ratio():
    """Counts of RECOVERY (Horby 2021): 482 of 2104 against 1110 of 4321."""
    ratio = of(two_by_two(482, 2104, 1110, 4321), "risk_ratio")
    assert ratio.estimate == pytest.approx(0.8918, abs=1e-4)
    assert 0.80 < ratio.low < 0.82 and 0.97 < ratio.high < 0.99


def test_risk_difference_is_newcombe_s_and_gives_the_number_needed_to_treat():
    """Newcombe 1998, Statistics in Medicine 17:873, example (a): 56/70 against 48/80."""
    difference = of(two_by_two(56, 70, 48, 80), "risk_difference")
    assert difference.estimate == pytest.approx(20)
    assert (difference.low, difference.high) == pytest.approx((5.24, 33.39), abs=0.01)
    assert difference.direction == "harm"
    needed = of(two_by_two(48, 80, 56, 70), "nnt")
    assert needed.estimate == pytest.approx(5)
    assert (needed.low, needed.high) == pytest.approx((100 / 33.39, 100 / 5.24), abs=0.02)
    assert needed.direction == "benefit"
    harmed = of(two_by_two(56, 70, 48, 80), "nnt")
    assert harmed.estimate == pytest.approx(-5)
    assert (harmed.low, harmed.high) == pytest.approx((-100 / 5.24, -100 / 33.39), abs=0.05)
    assert harmed.direction == "harm"


def test_number_needed_to_treat_goes_through_infinity_where_the_interval_holds_no_difference():
    needed = of(two_by_two(20, 100, 22, 100), "nnt")
    assert needed.estimate == pytest.approx(50)
    assert math.isnan(needed.low) and "through infinity" in str(needed)
    assert needed.direction == "unclear"


def freireich():
    """Remission in leukaemia, 6-MP against placebo (Freireich 1963; Gehan 1965)."""
    drug = [6, 6, 6, 6.1, 7, 9.1, 10, 10.1, 11.1, 13, 16, 17.1, 19.1, 20.1, 22, 23, 25.1, 32.1]
    drug = np.array([*drug, 32.1, 34.1, 35.1])
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    seen = drug == np.floor(drug)  # .1 marks those still in remission
    return (np.floor(drug), seen), (np.array(placebo, float), np.ones(21, bool))


def test_hazard_ratio_and_log_rank_of_the_leukaemia_trial():
    drug, placebo = freireich()
    found = hazard_ratio(drug, placebo)
    assert math.log(found["estimate"]) == pytest.approx(-1.572, abs=0.001)  # Efron's ties
    assert found["p"] == pytest.approx(4.17e-5, rel=0.01)  # chi-square 16.79
    assert found["low"] == pytest.approx(math.exp(-1.572 - 1.96 * 0.4124), rel=0.01)


def test_kaplan_meier_of_the_leukaemia_trial():
    curve = kaplan_meier(*freireich()[0]).set_index("day")
    for day, share, at_risk in ((6, 0.857, 21), (10, 0.753, 15), (13, 0.690, 12), (23, 0.448, 6)):
        assert curve.loc[day, "share"] == pytest.approx(share, abs=0.001)
        assert curve.loc[day, "at_risk"] == at_risk
    assert curve.loc[10, "low"] == pytest.approx(0.503, abs=0.002)  # log-log, as R and Stata
    assert curve.loc[10, "high"] == pytest.approx(0.889, abs=0.002)


BERKELEY = {  # admitted men, rejected men, admitted women, rejected women (Bickel 1975)
    "A": (512, 313, 89, 19), "B": (353, 207, 17, 8), "C": (120, 205, 202, 391),
    "D": (138, 279, 131, 244), "E": (53, 138, 94, 299), "F": (22, 351, 24, 317),
}  # fmt: skip


def test_mantel_haenszel_of_the_berkeley_admissions():
    """As R: mantelhaen.test(UCBAdmissions, correct = FALSE); Breslow-Day 18.83 on 5 df."""
    parts = []
    for department, (a, b, c, d) in BERKELEY.items():
        parts.append(two_by_two(a, a + b, c, c + d).assign(department=department))
    people = pd.concat(parts, ignore_index=True)
    found = split(people, ["department"], EVENT, "treated", "control", 28)
    assert found.pooled.estimate == pytest.approx(0.9047, abs=1e-4)
    assert (found.pooled.low, found.pooled.high) == pytest.approx((0.7719, 1.0603), abs=1e-4)
    assert found.interaction_p == pytest.approx(0.00207, abs=1e-4)
    assert found.table.loc["department = A", "treated: events"] == 512
    assert "by chance" in found.summary()


def test_a_common_odds_ratio_of_two_scores_is_the_odds_ratio():
    people = two_by_two(15, 100, 30, 100)
    people["score"] = np.where(people["event"], 10, 2)
    scale = Outcome("score", "score", "scale")
    found, odds = of(people, "common_odds_ratio", scale), of(people, "odds_ratio")
    assert found.estimate == pytest.approx(odds.estimate, rel=1e-3)
    assert (found.low, found.high) == pytest.approx((odds.low, odds.high), rel=1e-2)


def test_difference_of_means_is_welch_s():
    """Treated 1 to 5, control 2, 4 ... 10: difference -3, t -1.8974 on 5.88 degrees."""
    people = pd.DataFrame(
        {"arm": ["treated"] * 5 + ["control"] * 5, "area": [1, 2, 3, 4, 5, 2, 4, 6, 8, 10]}
    )
    found = of(people, "mean_difference", Outcome("area", "area", "amount"))
    assert found.estimate == -3
    assert found.p == pytest.approx(0.1075, abs=5e-4)
    assert found.low < 0 < found.high and found.direction == "unclear"


def test_the_dead_never_recover_and_stay_at_risk():
    recovery = Outcome("recovery", "recovery", "time", True, days="days")
    people = pd.DataFrame({"recovery": [True, False, False], "days": [7.0, np.nan, np.nan]})
    time, event = times(people, recovery, 28)
    assert time.tolist() == [7, 28, 28] and event.tolist() == [True, False, False]
    assert kaplan_meier(time, event)["share"].iloc[-1] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("counts", "measure", "reason"),
    [
        ((0, 50, 0, 50), "risk_ratio", "nobody had the event"),
        ((0, 50, 0, 50), "risk_difference", "nobody had the event"),
        ((0, 50, 0, 50), "hazard_ratio", "nobody had the event"),
        ((0, 50, 0, 50), "nnt", "nobody had the event"),
        ((0, 50, 5, 50), "risk_ratio", "one arm has no event"),
        ((0, 50, 5, 50), "hazard_ratio", "one arm has no event"),
        ((50, 50, 50, 50), "odds_ratio", "everybody had the event"),
        ((50, 50, 20, 50), "odds_ratio", "everybody in one arm"),
        ((5, 50, 5, 50), "nnt", "risks are equal"),
        ((0, 0, 5, 50), "risk_ratio", "nobody is in the arm 'treated'"),
    ],
)
def test_no_estimate_is_made_up(counts, measure, reason):
    found = of(two_by_two(*counts), measure)
    assert not found.estimable and reason in found.reason
    assert math.isnan(found.estimate) and math.isnan(found.low)
    assert "not estimable" in str(found) and "No estimate is made up" in str(found)


def test_scores_that_are_all_the_same_have_no_odds_ratio():
    people = two_by_two(0, 20, 0, 20).assign(score=5)
    assert "same score" in of(people, "common_odds_ratio", Outcome("score", "", "scale")).reason
    assert "the same" in of(people, "mean_difference", Outcome("score", "", "amount")).reason


def test_where_one_arm_has_no_event_the_difference_can_still_be_told():
    found = of(two_by_two(0, 50, 10, 50), "risk_difference")
    assert found.estimate == pytest.approx(-20) and found.direction == "benefit"


def test_intervals_hold_the_truth_in_about_95_of_100_trials():
    rng = np.random.default_rng(7)
    held = dict.fromkeys(("risk_ratio", "odds_ratio", "risk_difference"), 0)
    trials = 300
    for _ in range(trials):
        table = two_by_two(rng.binomial(150, 0.24), 150, rng.binomial(150, 0.3), 150)
        odds = (0.24 / 0.76) / (0.3 / 0.7)
        for measure, truth in (("risk_ratio", 0.8), ("odds_ratio", odds), ("risk_difference", -6)):
            found = of(table, measure)
            held[measure] += found.low <= truth <= found.high
    assert all(0.92 < count / trials < 0.98 for count in held.values()), held


def test_null_trials_find_a_difference_in_about_5_of_100():
    rng = np.random.default_rng(11)
    wrong = {"hazard_ratio": 0, "mean_difference": 0}
    trials = 200
    for _ in range(trials):
        time = rng.exponential(30, 120)
        people = pd.DataFrame({"arm": np.repeat(["treated", "control"], 60)})
        people["event"], people["area"] = time < 28, rng.lognormal(3, 0.5, 120)
        people["days"] = np.where(people["event"], time, np.nan)
        wrong["hazard_ratio"] += of(people, "hazard_ratio").direction != "unclear"
        area = of(people, "mean_difference", Outcome("area", "area", "amount"))
        wrong["mean_difference"] += area.direction != "unclear"
    assert all(0.015 < count / trials < 0.095 for count in wrong.values()), wrong


# ---- rules ----
FRAME = pd.DataFrame({"age": [30.0, 70, 90], "crp": [5.0, 80, 200], "severity": ["a", "b", "c"]})


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ("age >= 70", [False, True, True]),
        ("60 < age < 80 and crp > 10", [False, True, False]),
        ("not (age > 80) or crp / 10 > 19", [True, True, True]),
        ("severity in ('b', 'c')", [False, True, True]),
        ("severity == 'a'", [True, False, False]),
        ("crp - 2 * age > 0", [False, False, True]),
    ],
)
def test_rules_are_read_as_written(rule, answer):
    assert holds(checked_rule(rule, FRAME.columns), FRAME).tolist() == answer


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("crpp > 3", "Did you mean 'crp'"),
        ("age > ", "cannot be read"),
        ("age = 3", "equal is =="),
        ("age > 3 & crp > 2", "'and', 'or' and 'not' in words"),
        ("__import__('os').remove('x')", "none of them"),
        ("age.max() > 3", "none of them"),
        ("age ** 2 > 3", "none of them"),
        ("[a for a in age]", "none of them"),
        ("@age > 3", "cannot be read"),
        ("3 > 2", "asks nothing about a patient"),
        ("age > None", "no number and no text"),
        ("", "is a text"),
        (7, "is a text"),
        ("age > " + "1 + " * 200 + "1", "characters"),
    ],
)
def test_rules_that_are_none_are_explained(rule, words):
    with pytest.raises(ValueError, match=r"(?s).*".join(words.split("|"))):
        checked_rule(rule, FRAME.columns)


def test_rules_without_an_answer_are_explained():
    with pytest.raises(ValueError, match="yes or no"):
        holds("age + crp", FRAME)
    with pytest.raises(ValueError, match="texts with texts"):
        holds("severity > 3", FRAME)


def test_conditions_that_must_all_hold_are_told_apart():
    assert conjuncts("age > 3 and (crp > 2 or age < 1) and crp < 9") == [
        "age > 3", "crp > 2 or age < 1", "crp < 9",
    ]  # fmt: skip
    assert conjuncts("age > 3 or crp > 2") == ["age > 3 or crp > 2"]


def test_rules_may_ask_for_readouts_traits_and_the_situation():
    columns = rule_columns([(DEXA, 0.5)])
    assert {"pf_ratio", "age", "support", "severity", "who", "day", "on_dexamethasone"} <= set(
        columns
    )
    assert len(columns) == len(set(columns))


# ---- allocation and outcomes ----
def test_allocation_keeps_its_ratio_and_does_not_depend_on_size():
    arms = allocate(5, 300, (1, 2))
    assert np.bincount(arms).tolist() == [100, 200]
    np.testing.assert_array_equal(allocate(5, 50, (1, 2)), arms[:50])
    assert not np.array_equal(arms, allocate(6, 300, (1, 2)))


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
    assert "60" in text and "tocilizumab" in text and "95 % interval" in text
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
    assert "70 % of patients" in care.summary()


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
