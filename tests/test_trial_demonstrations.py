"""The traps of evidence: each shows what it should, and its knob works."""

from __future__ import annotations

import numpy as np
import pytest

import cytolearn as cl
from cytolearn.trials import demonstrations as show
from cytolearn.trials.enrolment import series


@pytest.fixture(scope="module")
def found():
    """Return a trial among older adults, who die often enough for estimates."""
    drug = cl.treatment("dexamethasone", day=9)
    return cl.trial(treated=drug, n=300, where="age > 65", seed=3, progress=False)


@pytest.fixture(scope="module")
def untreated():
    return cl.population(200, seed=2).run(readouts=["crp", "alc"], progress=False)


def test_a_small_trial_finds_little_and_its_winners_exaggerate(found):
    small = show.underpowered(found, 60, times=40)
    large = show.underpowered(found, 300, times=40)
    assert len(small.table) == 40
    spread = small.table["estimate"].std(), large.table["estimate"].std()
    assert spread[0] > spread[1]
    assert small.numbers["power"] < 0.8
    assert f"{number_of(small)} of them find a benefit" in small.summary()
    assert small.summary() == show.underpowered(found, 60, times=40).summary()


def number_of(shown):
    return int(shown.table["significant"].sum())


def test_without_an_effect_few_trials_find_one(found):
    nothing = show.underpowered(found, 300, times=100, null=True)
    assert nothing.numbers["truth"] == 1
    assert nothing.numbers["power"] <= 0.09  # 2.5% expected; binomial, 100 trials


@pytest.mark.parametrize("seed", range(1, 6))
def test_small_winners_are_often_false_and_fall_back(found, seed):
    shown = show.phase_two_to_three(found, 100, 200, times=120, seed=seed)
    n, table = shown.numbers, shown.table
    assert n["winners"] == int(table["won"].sum()) >= 5  # a handful, whatever the luck
    assert n["true_winners"] < 0.8
    assert n["first"] < n["second"] and n["first"] < 0  # the large trial finds less
    assert table.loc[~table["won"], ["second", "confirmed"]].isna().all(axis=None)
    assert f"{n['winners']} go on" in shown.summary() and "p < 0.2" in shown.summary()


def test_useless_drugs_win_small_trials_and_lose_large_ones(found):
    none = show.phase_two_to_three(found, 100, 200, working=0, times=120)
    assert not none.table["works"].any() and none.numbers["true_winners"] == 0
    assert none.numbers["winners"] >= 5 and none.numbers["confirmed"] < 0.3
    assert abs(none.numbers["second"]) < abs(none.numbers["first"]) / 2
    every = show.phase_two_to_three(found, 100, 200, working=1, times=20)
    assert every.table["works"].all()


def test_who_looks_at_many_subgroups_finds_one(found):
    few = [show.subgroup_hunting(found, 2, seed=s).numbers["significant"] for s in range(12)]
    many = [show.subgroup_hunting(found, 40, seed=s).numbers["significant"] for s in range(12)]
    assert np.mean(many) > np.mean(few)
    assert show.subgroup_hunting(found, 20).numbers["chance"] == pytest.approx(1 - 0.95**20)


def test_looking_often_claims_more_benefits_from_nothing(found):
    once = show.stopping_early(found, 1, times=30)
    often = show.stopping_early(found, 12, times=30)
    assert once.numbers["stopped"] == once.numbers["at_the_end"]
    assert often.numbers["stopped"] > once.numbers["stopped"]
    early = often.table.query("stopped")
    assert (early["claimed"] < 1).all()


def test_the_worst_day_is_followed_by_a_better_one(untreated):
    worst = show.regression_to_the_mean(untreated, "crp", 0.2)
    assert worst.numbers["better"] > worst.numbers["everybody_better"]
    assert worst.numbers["second"] < worst.numbers["first"]
    assert worst.numbers["repeated"] < worst.numbers["first"]
    assert worst.numbers["chosen"] == 40
    everybody = show.regression_to_the_mean(untreated, "crp", 1)
    assert everybody.numbers["chosen"] == 200
    low = show.regression_to_the_mean(untreated, "alc", 0.2)
    assert low.numbers["second"] > low.numbers["first"]


def test_those_who_waited_alive_look_saved(found):
    truths = [show.immortal_time(found, 14, seed=s) for s in range(15)]
    at_once = [show.immortal_time(found, 0, seed=s) for s in range(15)]
    naive = np.nanmedian([t.numbers["naive"] for t in truths])
    fair = np.nanmedian([t.numbers["naive"] for t in at_once])
    assert naive < 0.75
    assert abs(np.log(fair)) < abs(np.log(naive)) / 2
    landmark = np.nanmedian([t.numbers["landmark"] for t in truths])
    assert abs(np.log(landmark)) < abs(np.log(naive))


def test_treating_the_sicker_makes_a_drug_look_bad(found):
    def naive(strength):
        shown = [show.confounding_by_indication(found, strength, seed=s) for s in range(6)]
        return np.exp(np.nanmean([np.log(s.numbers["naive"]) for s in shown]))

    truth = show.confounding_by_indication(found, 0).numbers["truth"]
    assert naive(2) > naive(0) > naive(-2)
    assert naive(2) > truth
    adjusted = [show.confounding_by_indication(found, 2, seed=s).numbers for s in range(6)]
    nearer = [
        abs(np.log(a["adjusted"] / a["truth_odds"])) < abs(np.log(a["naive"] / a["truth"]))
        for a in adjusted
    ]
    assert sum(nearer) >= 4


def test_enrichment_raises_the_difference_at_the_price_of_patients(found):
    shown = show.enrichment(found, "crp", 0.7)
    assert abs(shown.numbers["difference_chosen"]) > abs(shown.numbers["difference_all"])
    assert shown.numbers["screened_per_patient"] > 2
    everybody = show.enrichment(found, "crp", 0)
    assert everybody.numbers["truth_chosen"] == everybody.numbers["truth_all"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda f, c: show.underpowered(f, 5), "10 to 300"),
        (lambda f, c: show.underpowered(f, 5000), "10 to 300"),
        (lambda f, c: show.subgroup_hunting(f, 0), "1 to 200"),
        (lambda f, c: show.stopping_early(f, 0), "1 to 50"),
        (lambda f, c: show.immortal_time(f, 99), "27"),
        (lambda f, c: show.confounding_by_indication(f, 50), "5"),
        (lambda f, c: show.enrichment(f, "crpp"), "crp"),
        (lambda f, c: show.enrichment(f, "arm"), "no measured value"),
        (lambda f, c: show.enrichment(f, "crp", 1), "0.95"),
        (lambda f, c: show.regression_to_the_mean(c, "crpp"), "crp"),
        (lambda f, c: show.regression_to_the_mean(c, share=0), "0.02"),
    ],
)
def test_impossible_knobs_say_what_is_possible(found, untreated, call, words):
    with pytest.raises(ValueError, match=words):
        call(found, untreated)


def test_treated_patients_cannot_show_regression_alone():
    drug = cl.treatment("dexamethasone", day=9)
    cohort = cl.population(5, seed=2).treat(drug).run(readouts=["crp"], progress=False)
    with pytest.raises(ValueError, match="untreated"):
        show.regression_to_the_mean(cohort)


def test_series_of_two_seeds_have_no_trial_in_common():
    one, two = (set(series(seed, 500)) for seed in (1, 2))
    assert len(one) == len(two) == 500 and not one & two
    assert series(1, 20) == series(1, 500)[:20]  # a longer series goes on where a short one ended
