"""Virtual populations: priors, reproducibility, the observation model."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from cytolearn import physiology
from cytolearn.patients import Patient, Population, observe, population
from cytolearn.patients.workers import Part, Workers, own_processes
from cytolearn.physiology.tables import read_table
from cytolearn.simulation import SimulationError
from cytolearn.treatments import TeachingWarning, treatment

SMALL = population(24, seed=3)
KEPT = ("viral_load", "il6", "alc", "pf_ratio", "lesion", "neutrophils", "nlr")


@pytest.fixture(scope="module")
def cohort():
    return SMALL.run(progress=False)


def test_every_prior_names_a_constant_and_its_source():
    for row in read_table("cytolearn.patients", "population.csv"):
        assert row["symbol"] in physiology.baseline()
        assert row["source"] and row["badge"] in "ABCD" and row["meaning"]


def test_traits_lie_in_the_allowed_range_and_follow_the_priors():
    traits = population(4000, seed=0).traits
    for symbol, values in traits.items():
        low, high = physiology.limits()[symbol]
        assert values.between(low, high).all(), symbol
    young, old = traits[traits["age"] < 70], traits[traits["age"] >= 80]
    assert (young["ifn_autoantibody"] > 0).mean() == pytest.approx(0.010, abs=0.006)
    assert (old["ifn_autoantibody"] > 0).mean() == pytest.approx(0.063, abs=0.04)
    assert 40 < traits["age"].median() < 55
    assert young["t_cell_reserve"].mean() > old["t_cell_reserve"].mean() + 0.15


def test_the_first_patients_do_not_depend_on_how_many_are_drawn():
    pd.testing.assert_frame_equal(
        population(10, seed=5).traits, population(50, seed=5).traits.head(10)
    )
    assert not population(10, seed=5).traits.equals(population(10, seed=6).traits)


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_chunks_and_executors_change_nothing(cohort, chunk):
    with ProcessPoolExecutor(2) as processes, ThreadPoolExecutor(1) as thread:
        for executor in (None, processes, thread):
            again = SMALL.run(executor=executor, progress=False, chunk=chunk)
            np.testing.assert_array_equal(again.values, cohort.values)


def test_a_patient_of_the_population_has_the_same_course(cohort):
    one = SMALL.patient(5)
    assert isinstance(one, Patient)
    course = one.run()
    days = [0, 10, 25]
    np.testing.assert_allclose(course["il6"].loc[days], cohort["il6"][5, [5, 15, 30]], rtol=1e-3)


def test_one_can_go_through_the_patients():
    people = population(3, seed=1)
    assert list(people) == [people.patient(i) for i in range(3)]


def test_treating_and_choosing(cohort):
    drug = treatment("tocilizumab", day=7)
    treated = SMALL.only([3, 9]).treat(drug).run(readouts=("il6", "crp"), progress=False)
    assert len(treated) == 2 and list(treated.traits.index) == [3, 9]
    assert treated["il6"][0, 16] > cohort["il6"][3, 16]
    assert SMALL.treatments == ()


def test_progress_is_reported():
    seen = []
    SMALL.run(progress=lambda done, total: seen.append((done, total)), chunk=10, readouts=("il6",))
    assert seen == [(10, 24), (20, 24), (24, 24)]


def test_peaks_and_days(cohort):
    assert list(cohort.peaks.columns) == list(cohort.readouts)
    assert (cohort.peaks["alc"] <= cohort.at(0)["alc"] + 1e-6).all()
    with pytest.raises(ValueError, match="between -5 and 40"):
        cohort.at(90)
    with pytest.raises(ValueError, match="Did you mean 'il6'"):
        cohort["il66"]


def test_observation_noise_weakens_correlations_and_respects_limits(cohort):
    sample = cohort.observe(8, seed=1)
    assert (sample["viral_load"] >= 1.5).all()
    assert sample["pf_ratio"].between(40, 550).all()
    np.testing.assert_allclose(sample["nlr"], sample["neutrophils"] / sample["alc"])
    pd.testing.assert_frame_equal(sample, cohort.observe(8, seed=1))
    assert not sample.equals(cohort.observe(8, seed=2))
    random = cohort.observe("random", seed=4, between=(2, 12))
    assert random["day"].between(2, 12).all() and random["day"].nunique() > 3


def test_the_noise_of_one_readout_does_not_depend_on_the_others():
    frame = pd.DataFrame({"il6": np.full(50, 20.0), "alc": np.full(50, 1.0)})
    np.testing.assert_array_equal(
        observe(frame, seed=2)["il6"], observe(frame[["il6"]], seed=2)["il6"]
    )


def test_every_observable_has_a_noise_model():
    named = {row["readout"] for row in read_table("cytolearn.patients", "observation.csv")}
    assert named == set(physiology.readouts())


@pytest.mark.parametrize("bad", [0, -3, 2.5, "ten", None, True, float("nan")])
def test_bad_sizes_and_seeds_are_explained(bad):
    with pytest.raises(ValueError, match="whole number"):
        population(bad)
    if bad != 0:
        with pytest.raises(ValueError, match="whole number"):
            population(5, seed=bad)


def test_bad_requests_are_explained(cohort):
    with pytest.raises(ValueError, match="il6"):
        SMALL.run(readouts=["IL-6"], progress=False)
    with pytest.raises(IndexError, match="0 to 23"):
        SMALL.patient(24)
    with pytest.raises(ValueError, match="chunk must be"):
        SMALL.run(chunk=0, progress=False)
    with pytest.raises(ValueError, match="random"):
        cohort.observe("tomorrow")
    with pytest.raises(ValueError, match="not be later"):
        cohort.observe(between=(5, 2))
    with pytest.raises(ValueError, match="seed must be a whole number"):
        cohort.observe(3, seed=-1)
    with pytest.raises(ValueError, match="not a number"):
        cohort.at("10")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"days": 10.5}, "days is whole"),
        ({"days": "40"}, "not a number"),
        ({"days": -9}, "between 1 and 365 days"),
        ({"readouts": []}, "at least one readout"),
        ({"readouts": ["macrophages"]}, "no readout 'macrophages'"),
        ({"chunk": 2.5}, "whole number"),
        ({"chunk": "a"}, "whole number"),
    ],
)
def test_impossible_runs_are_explained_before_anybody_is_run(options, words):
    with pytest.raises(ValueError, match=words):
        SMALL.run(progress=False, **options)


def test_an_executor_is_no_number_of_workers():
    with pytest.raises(TypeError, match="ProcessPoolExecutor"):
        SMALL.run(executor=2, progress=False)


def test_one_readout_may_be_named_alone():
    assert SMALL.only([0]).run(readouts="il6", progress=False).readouts == ("il6",)


def test_a_population_takes_treatments_only():
    with pytest.raises(TypeError, match=r'people\.treat\(cl\.treatment\("tocilizumab"'):
        SMALL.treat("tocilizumab")
    with pytest.raises(TypeError, match="you gave 7"):
        SMALL.treat(7)
    one, other = treatment("tocilizumab", day=7), treatment("sarilumab", day=8)
    with pytest.warns(TeachingWarning, match="same receptor"):
        assert SMALL.treat([one, other]).treatments == (one, other)


def test_choosing_by_truth_values_and_by_number():
    few = population(5, seed=3)
    assert list(few.only(np.array([True, False, True, True, False])).traits.index) == [0, 2, 3]
    assert list(few.only([4, 1]).only([True, False]).traits.index) == [4]
    for wrong, words in (
        ([True, False], "2 truth values do not fit 5 patients"),
        ([1, 1], "twice"),
        ([-1], "no patient -1"),
        ([99], "numbered 0 to 4"),
        (["0"], "no patient '0'"),
    ):
        with pytest.raises(ValueError, match=words):
            few.only(wrong)
    with pytest.raises(ValueError, match="no patient 0"):
        few.only([4, 1]).only([0])
    nobody = few.only([])
    assert len(nobody.run(progress=False)) == 0
    with pytest.raises(IndexError, match="nobody was chosen"):
        nobody.patient(0)


def test_constants_for_everybody_are_checked():
    with pytest.raises(ValueError, match="Did you mean 'il6_clearance'"):
        Population(3, 1, constants={"il6_clearence": 2})
    with pytest.raises(ValueError, match="drawn for each patient"):
        Population(3, 1, constants={"sensing_delay": 4})
    with pytest.raises(ValueError, match="one clock for all"):
        Population(3, 1, constants={"symptom_onset": 4})


def test_nothing_that_is_handed_out_changes_a_population_or_a_cohort(cohort):
    people = population(5, seed=3)
    traits = people.traits
    traits.loc[0, "age"] = 1
    assert people.traits.loc[0, "age"] > 17
    with pytest.raises(ValueError, match="read-only"):
        cohort.values[0, 0, 0] = 1
    assert cohort != SMALL.run(progress=False, readouts="il6")  # no comparison of arrays
    assert len({cohort}) == 1


def test_without_worker_processes_the_work_is_done_here(monkeypatch):
    import concurrent.futures.process as processes

    def no_semaphores(*_args, **_kwargs):
        raise NotImplementedError

    monkeypatch.setattr(processes, "ProcessPoolExecutor", no_semaphores)
    assert own_processes(2) is None


@pytest.mark.parametrize("thread", [False, True])
def test_own_workers_never_fork_beside_threads(thread):
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    if thread:
        other.start()
    try:
        with own_processes(1) as pool:
            method = pool._mp_context.get_start_method()
            assert method != "fork" or threading.active_count() == 1
            assert pool.submit(len, [1, 2]).result() == 2
    finally:
        stop.set()
        if thread:
            other.join()


def end_at_once():
    """Take the worker down (os._exit itself cannot be sent to one while coverage wraps it)."""
    os._exit(3)


def test_workers_that_die_again_and_again_are_explained(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)  # or it would run, and end, here
    part = Part("", range(500), [0], ("il6",))
    with Workers(progress=False) as workers, pytest.raises(RuntimeError, match="__main__"):
        list(workers.run(end_at_once, [()], [part]))


def test_a_failing_patient_is_named(monkeypatch):
    def give_up(*_args, **_kwargs):
        raise SimulationError("the solver gave up", 7.0)

    monkeypatch.setattr("cytolearn.patients.cohort.integrate", give_up)
    with pytest.raises(SimulationError, match="patient 0"):
        SMALL.run(progress=False)
