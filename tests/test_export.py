"""The exported SBML: valid, with units, and the same numbers in other people's software."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from cytolearn import physiology
from cytolearn.simulation import Dose, export_sbml, integrate
from cytolearn.simulation.equations import Equations, equations
from cytolearn.simulation.sbml import sbml_text

PATIENT = SimpleNamespace(constants={"sensing_delay": 3.0, "il6_gain": 2.0, "age": 70.0})
DOSES = [  # none on a row, where programs differ in showing the moment before or after
    Dose(6.9, "depot_anakinra", 100.0),
    Dose(8.3, "central_dexamethasone", 6.0),
    Dose(9.3, "central_dexamethasone", 6.0),
    Dose(9.3, "central_tocilizumab", 600.0),
]


def gap(a: np.ndarray, b: np.ndarray) -> float:
    scale = np.maximum(np.abs(a).max(axis=0), 1e-9)
    return float((np.abs(a - b) / scale).max())


def read(path):
    libsbml = pytest.importorskip("libsbml")
    document = libsbml.readSBMLFromFile(str(path))
    document.checkConsistency()
    return document


def test_valid_without_error_or_warning_about_units(tmp_path):
    document = read(export_sbml(tmp_path / "patient.xml"))
    problems = [document.getError(i).getMessage() for i in range(document.getNumErrors())]
    assert problems == []
    assert (document.getLevel(), document.getVersion()) == (3, 2)


def test_every_variable_carries_the_unit_of_its_table(tmp_path):
    model = read(export_sbml(tmp_path / "patient.xml")).getModel()
    unit = {row["unit"]: row["symbol"] for row in physiology.rows("units")}
    tables = [*physiology.rows("parameters"), *physiology.rows("readouts")]
    expected = {row["symbol"]: unit[row["unit"]] for row in tables if row["kind"] != "person"}
    found = {p.getId(): p.getUnits() for p in model.getListOfParameters()}
    assert found == expected


def test_a_round_trip_through_libsbml_changes_nothing(tmp_path):
    libsbml = pytest.importorskip("libsbml")
    text = libsbml.writeSBMLToString(read(export_sbml(tmp_path / "patient.xml")))
    assert libsbml.readSBMLFromString(text).getNumErrors() == 0
    again, ours = Equations(text), equations()
    assert again.symbols == ours.symbols
    constants, state = physiology.baseline(), np.linspace(0.1, 0.9, len(ours.states))
    assert again.rates()(constants)(0.0, state) == ours.rates()(constants)(0.0, state)


def test_a_patient_is_baked_in(tmp_path):
    model = read(export_sbml(tmp_path / "patient.xml", PATIENT)).getModel()
    assert model.getParameter("sensing_delay").getValue() == 3.0
    assert model.getParameter("inoculum").getValue() == physiology.baseline()["inoculum"]


def test_unknown_constant():
    with pytest.raises(ValueError, match="Did you mean 'sensing_delay'"):
        export_sbml("never.xml", SimpleNamespace(constants={"sensing_dely": 1}))


@pytest.mark.parametrize("thing", ["mild", 3, [PATIENT]])
def test_what_is_no_patient_is_refused_and_nothing_is_written(tmp_path, thing):
    with pytest.raises(ValueError, match="takes a patient"):
        export_sbml(tmp_path / "patient.xml", thing)
    assert not list(tmp_path.iterdir())


def test_antimony_translates_the_equations_as_we_do():
    antimony = pytest.importorskip("antimony")
    antimony.clearPreviousLoads()
    loaded = antimony.loadAntimonyString(physiology.antimony_source())
    assert loaded >= 0, antimony.getLastError()
    theirs = Equations(antimony.getSBMLString(physiology.MODEL_NAME))
    ours = equations()
    constants = dict(physiology.baseline())
    assert set(theirs.symbols) == set(ours.symbols)
    start = dict(zip(ours.states, ours.start(constants), strict=True))
    assert dict(zip(theirs.states, theirs.start(constants), strict=True)) == start
    state = dict(zip(ours.states, np.linspace(0.1, 0.9, len(ours.states)), strict=True))
    a = theirs.rates()(constants)(0.0, np.array([state[s] for s in theirs.states]))
    b = ours.rates()(constants)(0.0, np.array([state[s] for s in ours.states]))
    a, b = dict(zip(theirs.states, a)), dict(zip(ours.states, b))
    assert {s: a[s] for s in b} == pytest.approx(b, rel=1e-12)


@pytest.mark.slow  # needs the extra `copasi`
@pytest.mark.parametrize("doses", [[], DOSES], ids=["untreated", "treated"])
def test_copasi_gives_the_same_numbers(tmp_path, doses):
    basico = pytest.importorskip("basico")
    file = export_sbml(tmp_path / "patient.xml", PATIENT)
    model = basico.load_model(str(file))
    shown = {row["symbol"]: row["name"] for row in physiology.rows("readouts")}
    for i, dose in enumerate(doses):
        state = f"Values[{shown[dose.state]}]"
        change = [(state, f"{{{state}}} + {dose.amount}")]
        basico.add_event(f"dose {i}", f"Time >= {dose.day}", change, model=model)
    course = basico.run_time_course(
        duration=40, intervals=80, r_tol=1e-8, a_tol=1e-11, use_sbml_id=True, model=model
    )
    theirs = course[list(physiology.readouts())].to_numpy()
    ours = integrate(PATIENT.constants, doses, days=40, step=0.5)
    assert gap(theirs, ours) < 1e-4
    basico.remove_datamodel(model)


def test_text_is_the_same_every_time():
    assert sbml_text() == sbml_text.__wrapped__()
