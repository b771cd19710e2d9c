"""integrate(): two independent engines, doses, constants, errors."""

from __future__ import annotations

import math
import os
import sys
from collections import Counter

import numpy as np
import pytest

from cytolearn import physiology
from cytolearn.simulation import Dose, SimulationError, engines, integrate
from cytolearn.simulation import compiled as compiled_module
from cytolearn.simulation.engines import engine_named, segments
from cytolearn.simulation.equations import equations
from cytolearn.simulation.sbml import sbml_text

pytest.importorskip("roadrunner")

TRAITS = [row for row in physiology.rows("parameters") if row["kind"] == "trait"]
AMOUNTS = {
    "depot_ifn_beta_1a": 1,
    "depot_ifn_alpha2": 1,
    "depot_il7": 1,
    "depot_anakinra": 100,
    "central_canakinumab": 450,
    "central_tocilizumab": 600,
    "central_sarilumab": 400,
    "central_infliximab": 375,
    "depot_adalimumab": 80,
    "central_dexamethasone": 6,
    "central_methylprednisolone": 80,
    "central_hydrocortisone": 50,
    "depot_baricitinib": 4,
    "depot_ruxolitinib": 5,
    "depot_hydroxychloroquine": 400,
    "depot_chloroquine": 300,
    "central_remdesivir": 100,
    "antibody_given": 30,
}


def random_case(seed: int) -> tuple[dict[str, float], list[Dose]]:
    """A patient anywhere in the range of every trait, given up to three drugs."""
    rng = np.random.default_rng(seed)
    # the upper half of a range is as likely as the rest, and the ends of it too
    constants = {
        row["symbol"]: float(rng.uniform(float(row["low"]), float(row["high"]))) for row in TRAITS
    }
    doses = []
    for state in rng.choice(list(AMOUNTS), rng.integers(0, 4), replace=False):
        first, every = rng.uniform(1, 25), rng.choice([0.5, 1.0, 3.7])
        doses += [
            Dose(first + i * every, str(state), AMOUNTS[state]) for i in range(rng.integers(1, 8))
        ]
    return constants, doses


def gap(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference, relative to the largest value of the readout."""
    scale = np.maximum(np.abs(a).max(axis=0), 1e-9)
    return float((np.abs(a - b) / scale).max())


@pytest.mark.parametrize("block", range(8))
def test_engines_agree_over_200_random_patients_and_treatments(block):
    for seed in range(25 * block, 25 * (block + 1)):
        constants, doses = random_case(seed)
        fast = integrate(constants, doses, engine="roadrunner")
        slow = integrate(constants, doses, engine="scipy")
        assert gap(fast, slow) < 1e-4, (seed, constants)


def test_default_output_is_every_observable_every_tenth_of_a_day():
    assert integrate().shape == (451, len(physiology.readouts()))


def test_same_arguments_same_numbers_whatever_ran_before():
    constants, doses = random_case(5)
    first = integrate(constants, doses)
    integrate({"inoculum": 5000, "il6_clearance": 3.0}, [Dose(3, "depot_anakinra", 100)])
    assert np.array_equal(first, integrate(constants, doses))


@pytest.mark.parametrize("engine", ["roadrunner", "scipy"])
def test_starts_follow_the_constants(engine):
    changed = {"inoculum": 777.0, "cd4_normal": 1.1, "t_cell_reserve": 0.5}
    start = integrate(changed, outputs=["virus_upper", "cd4_pool"], engine=engine)[0]
    assert start == pytest.approx([777.0, 0.55])


def test_every_constant_can_be_changed_at_run_time():
    system = equations()
    reference = integrate(outputs=system.symbols, days=20, step=1)
    for name in ("infectivity", "il6_clearance", "crp_steepness", "pf_span", "keo_steroid"):
        changed = {name: 0.5 * physiology.baseline()[name]}
        doses = [Dose(6, "central_dexamethasone", 6)]
        fast = integrate(changed, doses, outputs=system.symbols, days=20, step=1)
        slow = integrate(changed, doses, outputs=system.symbols, days=20, step=1, engine="scipy")
        assert not np.allclose(fast, reference)
        assert gap(fast, slow) < 1e-4


@pytest.mark.parametrize("engine", ["roadrunner", "scipy"])
def test_a_dose_off_the_grid_decays_exactly(engine):
    rate = physiology.baseline()["ke_canakinumab"]
    days = np.arange(451) * 0.1
    curve = integrate(
        {},
        [Dose(7.234, "central_canakinumab", 100.0)],
        outputs=["central_canakinumab"],
        engine=engine,
    )[:, 0]
    expected = np.where(days < 7.234, 0.0, 100 * np.exp(-rate * (days - 7.234)))
    assert curve == pytest.approx(expected, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("engine", ["roadrunner", "scipy"])
def test_doses_at_one_time_add_up_and_late_ones_are_left_out(engine):
    state = "central_canakinumab"
    both = [
        Dose(45, state, 20),
        Dose(2, state, 30),
        Dose(2 + 1e-12, state, 70),
        Dose(45.1, state, 9),
    ]
    curve = integrate({}, both, outputs=[state], engine=engine)[:, 0]
    assert curve[20] == pytest.approx(100)  # the row of a dose shows the patient just after it
    rate = physiology.baseline()["ke_canakinumab"]
    assert curve[-1] == pytest.approx(100 * math.exp(-rate * 43) + 20, rel=1e-4)


def test_doses_on_the_day_of_infection_and_between_rows_of_a_coarse_grid():
    doses = [
        Dose(0, "central_dexamethasone", 6),
        *(Dose(0.3 * i, "depot_il7", 1) for i in range(9)),
    ]
    coarse = integrate({}, doses, days=10, step=1.0)
    fine = integrate({}, doses, days=10, step=0.1)
    assert gap(fine[::10], coarse) < 1e-4


def test_segments_cover_every_row_once():
    times = np.arange(11) * 0.5
    plan = {0.7: {"a": 1.0}, 0.9: {"a": 1.0}, 2.0: {"a": 1.0}, 5.0: {"a": 1.0}}
    rows = Counter(i for _, _, where, _ in segments(plan, times) for i in range(11)[where])
    assert rows == Counter(range(11))


def test_nothing_is_negative():
    for seed in (3, 14, 15):
        assert integrate(*random_case(seed), days=90).min() >= 0


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ({"engine": "roadruner"}, "roadrunner"),
        ({"engine": ["roadrunner"]}, "roadrunner"),
        ({"outputs": ["il_6"]}, "il6"),
        ({"constants": {"inocculum": 1}}, "inoculum"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(wrong, near):
    with pytest.raises(ValueError, match=f"Did you mean '{near}'"):
        integrate(**wrong)


def test_impossible_doses_and_steps():
    with pytest.raises(ValueError, match="state to dose"):
        Dose(1, "central_tocilizumb", 1)
    with pytest.raises(ValueError, match="infection"):
        Dose(-1, "central_tocilizumab", 1)
    with pytest.raises(ValueError, match="negative"):
        Dose(1, "central_tocilizumab", -1)
    with pytest.raises(ValueError, match="step"):
        integrate(step=0)


@pytest.mark.parametrize("engine", ["roadrunner", "scipy"])
def test_a_solver_that_gives_up_says_so(engine, capfd):
    with pytest.raises(SimulationError, match="day"):
        integrate({"virus_release": -1e30, "infectivity": 1e6}, engine=engine)


@pytest.mark.parametrize("engine", ["roadrunner", "scipy"])
@pytest.mark.parametrize("clearance", [5, 12])
def test_who_was_not_infected_stays_so(engine, clearance):
    """A solver's rounding must not grow into an infection, nor break the run."""
    lupus = {"inoculum": 0, "virus_clearance": clearance, "self_antigen": 0.12}
    outputs = ("virus_upper", "infected_lung", "antibody_gc", "nab", "il6")
    found = integrate(lupus, outputs=outputs, days=150, step=1, engine=engine)
    assert not found[:, :4].any()
    assert found[:, 4].min() > 0


def test_what_none_could_fill_is_not_integrated():
    system = equations()
    healthy = system.start(physiology.baseline() | {"inoculum": 0})
    untouched = system.untouched((), healthy)
    assert {"virus_upper", "virus_distal", "infected_lung", "central_dexamethasone"} <= untouched
    assert "autoantibody" not in untouched
    assert "virus_upper" not in system.untouched((), system.start(physiology.baseline()))
    dosed = system.untouched(("central_dexamethasone",), healthy)
    assert untouched - dosed == {"central_dexamethasone", "steroid_site"}


def test_unit_of_the_machine_copy(tmp_path, monkeypatch):
    monkeypatch.setenv("CYTOLEARN_CACHE", str(tmp_path))
    compiled_module.load(drugs=True)
    (copy,) = tmp_path.iterdir()
    content = copy.read_bytes()
    copy.write_bytes(content[:-10])  # a torn copy is noticed and replaced
    compiled_module.load(drugs=True)
    assert len(copy.read_bytes()) == len(content)


def test_copies_of_other_pythons_are_left_in_peace_but_not_for_ever(tmp_path, monkeypatch):
    monkeypatch.setenv("CYTOLEARN_CACHE", str(tmp_path))
    for i in range(6):
        other = tmp_path / f"treated-{i}.bin"
        other.write_bytes(b"x")
        os.utime(other, (i, i))
    compiled_module.load(drugs=True)
    names = {copy.name for copy in tmp_path.iterdir()}
    assert len(names) == 4
    assert {"treated-3.bin", "treated-4.bin", "treated-5.bin"} < names


def test_after_a_failure_the_next_patient_is_solved_as_ever(capfd):
    before = integrate()
    with pytest.raises(SimulationError):
        integrate({"virus_release": -1e30, "infectivity": 1e6})
    assert np.array_equal(before, integrate())


def test_no_copy_where_none_can_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CYTOLEARN_CACHE", str(tmp_path / "file" / "below"))
    assert compiled_module.load(drugs=True) is not None


def test_roadrunner_agrees_on_signals_that_python_computes():
    """Observables are computed in Python from the states: hold them against libRoadRunner's."""
    import roadrunner

    system = equations()
    runner = roadrunner.RoadRunner(sbml_text())
    runner.integrator.setValue("stiff", False)
    runner.timeCourseSelections = list(system.signals)
    theirs = np.asarray(runner.simulate(0, 20, 21))
    assert gap(theirs, integrate(days=20, step=1, outputs=system.signals)) < 1e-4


def test_default_engine_is_roadrunner_where_it_is_installed(monkeypatch):
    assert type(engine_named(None)).__name__ == "RoadRunnerEngine"
    engines._loads.cache_clear()
    with monkeypatch.context() as broken:  # installed, but a library of the system is missing
        broken.setitem(sys.modules, "roadrunner", None)
        broken.setattr(engines, "find_spec", lambda name: True)
        with pytest.warns(RuntimeWarning, match="SciPy engine takes over"):
            assert type(engine_named(None)).__name__ == "SciPyEngine"
    engines._loads.cache_clear()
    monkeypatch.setattr("cytolearn.simulation.engines.find_spec", lambda name: None)
    assert type(engine_named(None)).__name__ == "SciPyEngine"
