"""Virtual populations: priors, reproducibility, the observation model."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from cytolearn import physiology
from cytolearn.patients import Patient, observe, population
from cytolearn.physiology.tables import read_table
from cytolearn.simulation import SimulationError
from cytolearn.treatments import treatment

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
    with pytest.raises(KeyError, match="il6"):
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
    with pytest.raises(ValueError, match="Chunk"):
        SMALL.run(chunk=0, progress=False)
    with pytest.raises(ValueError, match="random"):
        cohort.observe("tomorrow")


def test_a_failing_patient_is_named(monkeypatch):
    def give_up(*_args, **_kwargs):
        raise SimulationError("the solver gave up", 7.0)

    monkeypatch.setattr("cytolearn.patients.cohort.integrate", give_up)
    with pytest.raises(SimulationError, match="patient 0"):
        SMALL.run(progress=False)
