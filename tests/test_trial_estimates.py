"""Effects and their intervals: against textbooks, by hand, and over many synthetic trials."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from two_by_two import EVENT, two_by_two

from cytolearn.trials.endpoints import Outcome
from cytolearn.trials.estimates import Effect, effect, hazard_ratio, kaplan_meier, times
from cytolearn.wording import number


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
    difference = of(two_by_two(20, 100, 22, 100), "risk_difference")
    spared, harmed = (number(100 / abs(end)) for end in (difference.low, difference.high))
    assert f"from {spared} treated for one who is spared" in needed.note
    assert f"to {harmed} treated for one who is harmed" in needed.note


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


def test_a_common_odds_ratio_of_two_scores_is_the_odds_ratio(capfd):
    people = two_by_two(15, 100, 30, 100)
    people["score"] = np.where(people["event"], 10, 2)
    scale = Outcome("score", "score", "scale")
    found, odds = of(people, "common_odds_ratio", scale), of(people, "odds_ratio")
    assert found.estimate == pytest.approx(odds.estimate, rel=1e-3)
    assert (found.low, found.high) == pytest.approx((odds.low, odds.high), rel=1e-2)
    assert capfd.readouterr() == ("", "")  # the fit talks to nobody


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


# ---- what an effect says ----
@pytest.mark.parametrize(
    ("measure", "good", "low", "high", "direction"),
    [
        ("risk_ratio", False, 0.5, 0.9, "benefit"),
        ("risk_ratio", False, 1.1, 2, "harm"),
        ("risk_ratio", False, 0.5, 1.0, "unclear"),  # the end of the interval belongs to it
        ("risk_ratio", False, 1.0, 2, "unclear"),
        ("hazard_ratio", True, 1.1, 2, "benefit"),
        ("hazard_ratio", True, 0.5, 0.9, "harm"),
        ("odds_ratio", False, 0.1, 0.5, "benefit"),
        ("common_odds_ratio", False, 1.5, 2.5, "harm"),
        ("risk_difference", False, -9, -1, "benefit"),
        ("risk_difference", False, 0.2, 0.8, "harm"),
        ("risk_difference", False, -1, 0, "unclear"),
        ("mean_difference", False, 0.5, 1.5, "harm"),
        ("nnt", False, 4, 20, "benefit"),
        ("nnt", False, -20, -4, "harm"),
    ],
)
def test_the_direction_is_said_only_by_the_whole_interval(measure, good, low, high, direction):
    middle = (low + high) / 2
    told = Effect("event", measure, "drug", "placebo", middle, low, high, words="x", good=good)
    assert told.direction == direction
    says = "does not tell them apart" if direction == "unclear" else f"on the side of {direction}"
    assert says in told.meaning() and told.meaning() in str(told)


def test_an_effect_in_words():
    told = Effect("event", "risk_ratio", "drug", "placebo", 0.83, 0.65, 1.06, words="death")
    assert told.estimable and told.interval() == "0.83 (95% interval 0.65 to 1.06)"
    assert str(told).startswith("Risk ratio of death, drug against placebo: 0.83 (95% interval")
    none = Effect("event", "risk_ratio", "drug", "placebo", reason="nobody came", words="death")
    assert none.direction == "unclear" and not none.estimable
    assert str(none) == (
        "Risk ratio of death, drug against placebo: not estimable: nobody came. No estimate is "
        "made up."
    )
    open_ended = Effect("event", "nnt", "drug", "placebo", 50, note="through infinity", words="x")
    assert open_ended.meaning() == "" and open_ended.interval() == "50 (through infinity)"


def test_an_outcome_has_only_its_own_measures():
    with pytest.raises(ValueError, match=r"^The event: There is no measure 'mean_difference'"):
        of(two_by_two(5, 10, 5, 10), "mean_difference")


def test_only_those_of_whom_the_outcome_is_asked_are_counted():
    people = pd.concat([two_by_two(15, 100, 30, 100), two_by_two(50, 50, 0, 50)])
    people["asked"] = np.arange(300) < 200
    among = EVENT._replace(among="asked", among_words="at risk")
    found = of(people, "risk_ratio", among)
    assert found.estimate == pytest.approx(0.5) and found.outcome == "event"
    nobody = of(people.assign(asked=people["arm"] == "treated"), "risk_ratio", among)
    assert nobody.reason == "nobody at risk is in the arm 'control'"


@pytest.mark.parametrize(
    ("counts", "measure", "estimable"),
    [
        ((20, 50, 50, 50), "risk_ratio", True),  # everybody in one arm: a ratio of risks exists
        ((20, 50, 50, 50), "odds_ratio", False),
        ((50, 50, 50, 50), "risk_difference", False),
        ((50, 50, 0, 50), "risk_difference", True),
        ((5, 50, 0, 50), "odds_ratio", False),
        ((5, 50, 0, 50), "risk_ratio", False),
        ((1, 50, 1, 50), "odds_ratio", True),
    ],
)
def test_what_can_just_be_estimated_is(counts, measure, estimable):
    assert of(two_by_two(*counts), measure).estimable is estimable


def test_p_values_of_a_two_by_two_table_by_hand():
    """Wald tests on the log scale; no p value where the method has none."""
    table = two_by_two(15, 100, 30, 100)
    for measure, error in (
        ("risk_ratio", 1 / 15 - 1 / 100 + 1 / 30 - 1 / 100),
        ("odds_ratio", 1 / 15 + 1 / 85 + 1 / 30 + 1 / 70),
    ):
        found = of(table, measure)
        z = abs(math.log(found.estimate)) / math.sqrt(error)
        assert found.p == pytest.approx(math.erfc(z / math.sqrt(2)))
    assert math.isnan(of(table, "risk_difference").p)


def test_an_event_at_entry_counts_as_one_just_after():
    people = pd.DataFrame({"event": [True, True, False], "days": [0.0, 3.0, np.nan]})
    time, event = times(people, EVENT, 28)
    assert time.tolist() == [0.01, 3, 28] and event.tolist() == [True, True, False]


def test_the_hazard_ratio_of_patients_is_that_of_their_times():
    table = two_by_two(10, 40, 20, 40)
    table["days"] = np.where(table["event"], 1.0 + np.arange(80) % 17, np.nan)
    treated = table["arm"] == "treated"
    by_hand = hazard_ratio(times(table[treated], EVENT, 28), times(table[~treated], EVENT, 28))
    found = of(table, "hazard_ratio")
    assert found.estimate == by_hand["estimate"] < 1 and found.note.endswith("log-rank test")


def test_a_fit_that_runs_away_is_no_hazard_ratio():
    late = two_by_two(20, 20, 20, 20)
    late.loc[:18, "event"] = False  # one event when treated, after all those of control
    late["days"] = np.where(late["arm"] == "treated", 27.0, 1 + np.arange(40) / 10)
    found = of(late, "hazard_ratio")
    assert not found.estimable and found.reason


def test_means_need_two_patients_in_each_arm_and_some_spread():
    area = Outcome("area", "area", "amount")
    arms = ["treated"] * 2 + ["control"] * 2

    def means(values, arms=arms):
        return of(pd.DataFrame({"arm": arms, "area": values}), "mean_difference", area)

    assert means([1.0, 2, 3, 5]).estimate == pytest.approx(-2.5)
    for values in ([1.0, 1, 3, 5], [1.0, 3, 5, 5], [1.0, 1, 3, 3]):
        assert "all values of an arm are the same" in means(values).reason
    alone = means([1.0, 3, 5], ["treated", "control", "control"])
    assert alone.reason == "an interval of means needs at least two patients in each arm"


def test_kaplan_meier_starts_with_everybody_and_widens():
    curve = kaplan_meier(*freireich()[0])
    first = curve.iloc[0]
    assert (first["day"], first["share"], first["at_risk"]) == (0, 1, 21)
    assert (first["low"], first["high"]) == (1, 1)
    later = curve[(curve["day"] > 0) & (curve["share"] < 1)]
    assert (later["low"] < later["share"]).all() and (later["share"] < later["high"]).all()
    assert (np.diff(curve["at_risk"]) <= 0).all()


# ---- over many trials ----
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
