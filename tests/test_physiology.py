"""The model as data: equations and tables agree, and say where each number comes from."""

from __future__ import annotations

import ast
from importlib.resources import files

import pytest

from cytolearn import physiology
from cytolearn.simulation import parameters, readouts
from cytolearn.simulation.formulas import names
from cytolearn.simulation.sbml import formula, statements

PARAMETERS = physiology.rows("parameters")
READOUTS = physiology.rows("readouts")
UNITS = {row["unit"] for row in physiology.rows("units")}


def used_symbols() -> set[str]:
    signals, rates = statements()
    return set().union(*(names(formula(text)) for text in [*signals.values(), *rates.values()]))


def test_every_symbol_is_described_once():
    symbols = [row["symbol"] for row in [*PARAMETERS, *READOUTS]]
    assert len(symbols) == len(set(symbols))


def test_every_symbol_of_the_equations_is_in_a_table():
    signals, rates = statements()
    described = {row["symbol"] for row in [*PARAMETERS, *READOUTS]}
    assert used_symbols() | signals.keys() | rates.keys() <= described


def test_every_constant_is_used_in_the_equations():
    at_start = set().union(*(names(formula(t)) for t in physiology.initial_states().values()))
    constants = {row["symbol"] for row in PARAMETERS if row["kind"] != "person"}
    # symptom_onset is a clock for the reader, not a rate
    assert constants - used_symbols() - at_start == {"symptom_onset"}


def test_every_readout_has_an_equation_and_every_state_a_start():
    signals, rates = statements()
    assert {row["symbol"] for row in READOUTS} == signals.keys() | rates.keys()
    assert physiology.initial_states().keys() == rates.keys()
    assert not signals.keys() & rates.keys()


def test_the_equations_hold_no_number_but_0_1_2():
    text = (files(physiology) / "covid_patient.ant").read_text(encoding="utf-8")
    assert "at (" not in text  # no events
    signals, rates = statements()
    found = {
        node.value
        for formula_text in [*signals.values(), *rates.values()]
        for node in ast.walk(formula(formula_text))
        if isinstance(node, ast.Constant)
    }
    assert found <= {0, 1, 2}


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row["symbol"])
def test_every_constant_says_what_it_is_and_where_it_comes_from(row):
    low, baseline, high = (float(row[k]) for k in ("low", "baseline", "high"))
    assert low <= baseline <= high
    assert row["unit"] in UNITS
    assert row["badge"] in set("ABCD")
    assert row["name"].strip()
    assert row["meaning"].strip()
    assert row["source"].strip()
    assert not row["doi"] or row["doi"].startswith("10.")


def test_readouts_are_complete():
    for row in READOUTS:
        assert row["unit"] in UNITS, row["symbol"]
        assert row["kind"] in {"observable", "state", "signal"}
        if row["kind"] == "observable":
            assert row["extreme"] in {"max", "min"}
            assert row["scale"] in {"linear", "log"}
            assert float(row["normal_low"]) < float(row["normal_high"])
            assert row["meaning"].strip()


def test_tables_for_readers_are_numeric_where_they_hold_numbers():
    table = parameters()
    assert (table["low"] <= table["baseline"]).all()
    assert (table["baseline"] <= table["high"]).all()
    assert table.loc["inoculum", "unit"] == "copies/mL"
    assert list(readouts().index) == list(physiology.readouts())
