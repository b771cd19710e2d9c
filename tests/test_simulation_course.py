"""Course and Comparison: what a reader meets."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from cytolearn import physiology
from cytolearn.patients import population
from cytolearn.simulation import Dose, SimulationError, compare, integrate, simulate
from cytolearn.simulation.comparison import how_late, how_much
from cytolearn.simulation.reading import clearance_day, oxygenation_words
from cytolearn.wording import (
    change_in_percent,
    listing,
    number,
    out_of_range,
    percent,
    quantity,
    unknown,
)


@pytest.fixture(scope="module")
def mild():
    return simulate(label="mild")


@pytest.fixture(scope="module")
def late():
    return simulate({"sensing_delay": 4.0}, label="late")


def test_time_counts_from_symptom_onset(mild):
    frame = mild.frame
    assert frame.index[0] == -physiology.baseline()["symptom_onset"]
    assert frame.index[-1] == 40
    assert frame.index.name == "days since symptom onset"
    assert 10.0 in frame.index  # no 9.999999999
    assert simulate({"symptom_onset": 3.0}, days=10).time[[0, -1]].tolist() == [-3.0, 10.0]


def test_a_curve_carries_its_name_and_unit(mild):
    curve = mild["il6"]
    assert curve.name == "il6"
    assert curve.attrs == {"unit": "pg/mL", "name": "IL-6"}
    assert mild.frame.attrs["units"]["viral_load"] == "log10 copies/mL"
    assert list(mild.frame.columns) == list(physiology.readouts())


def test_hidden_states_and_signals_can_be_read_too(mild):
    assert mild["macrophages"].attrs["unit"] == "AU"
    assert len(mild["s_il6"]) == len(mild.frame)
    assert mild.values("macrophages") is mild.values("macrophages")


def test_unknown_readout(mild):
    with pytest.raises(ValueError, match="Did you mean 'il6'"):
        mild["il_6"]
    with pytest.raises(ValueError, match="readout"):
        mild.table("nonsense")
    for ask in (mild.__getitem__, mild.table):
        with pytest.raises(ValueError, match="one curve by its name"):
            ask(["il6", "crp"])


def test_a_course_says_which_curves_it_has(mild):
    assert list(mild) == list(mild.frame.columns)
    assert "il6" in mild and "macrophages" in mild
    assert "il_6" not in mild and 0 not in mild


def test_table_gives_peak_or_nadir(mild):
    table = mild.table()
    il6, alc = mild["il6"], mild["alc"]
    assert table.loc["il6", "extreme"] == "peak"
    assert table.loc["il6", "value"] == il6.max()
    assert table.loc["il6", "day"] == il6.idxmax()
    assert table.loc["alc", "extreme"] == "nadir"
    assert table.loc["alc", "value"] == alc.min()
    assert table.loc["il6", "start"] == il6.iloc[0]
    assert table.loc["il6", "end"] == il6.iloc[-1]
    assert table.loc["il6", "auc"] == pytest.approx(np.trapezoid(il6, il6.index))


def test_at_reads_between_rows(mild):
    assert mild.at(3)["il6"] == mild["il6"].loc[3.0]
    between = mild["il6"].loc[[3.0, 3.1]]
    assert between.min() <= mild.at(3.04)["il6"] <= between.max()
    with pytest.raises(ValueError, match="from day -5 to day 40"):
        mild.at(41)
    with pytest.raises(ValueError, match="asked for day '3'"):
        mild.at("3")


def test_summary_is_short_deterministic_and_says_what_the_table_says(mild):
    text = mild.summary()
    assert text == simulate(label="mild").summary()
    assert 3 <= text.count(". ") + 1 <= 6
    assert text.startswith("Mild: ")
    assert number(mild["viral_load"].max(), 2) in text


def test_treatments_are_named():
    course = simulate({}, [Dose(9, "central_tocilizumab", 600)], treatments=["tocilizumab"])
    assert "Given: tocilizumab." in course.summary()
    assert course["conc_tocilizumab"].max() > 0


def test_a_course_cannot_be_changed(mild):
    with pytest.raises(AttributeError, match="Run the patient again"):
        mild.label = "other"
    with pytest.raises(TypeError):
        mild.constants["inoculum"] = 1
    with pytest.raises(ValueError, match="read-only"):
        mild.values("il6")[0] = 1
    frame = mild.frame
    frame.iloc[0, 0] = -1
    assert mild.frame.iloc[0, 0] != -1


def test_a_course_travels_between_processes(mild):
    again = pickle.loads(pickle.dumps(mild))
    assert again.frame.equals(mild.frame)
    assert again.label == "mild"


def test_repr_says_what_it_is_without_an_address(mild):
    assert repr(mild) == "<Course of mild: day -5 to 40 since symptom onset>"
    assert "<table" in mild._repr_html_()
    assert mild.summary() in mild._repr_html_()


def test_comparison_says_differences_in_words(mild, late):
    both = compare(mild, late)
    assert both.labels == ("mild", "late")
    assert "than mild" in both.summary()
    assert both.summary().startswith("Late: ")
    table = both.table("il6", "alc")
    assert table[("late", "value")].loc["il6"] == late["il6"].max()
    assert list(table.index) == ["il6", "alc"]
    assert repr(both) == "<Comparison of mild, late>"
    assert "<table" in both._repr_html_()


def test_same_labels_are_numbered(mild, late):
    assert compare(mild, mild, late).labels == ("mild (1)", "mild (2)", "late")


def test_compare_runs_patients_and_refuses_the_rest(mild):
    class Someone:
        def run(self):
            return mild

    assert compare(Someone()).courses == (mild,)
    with pytest.raises(ValueError, match="patients or courses"):
        compare(mild, "late")
    with pytest.raises(ValueError, match="at least one"):
        compare()
    for wrong, name in ((Someone, "Someone"), (population(3), "Population")):
        with pytest.raises(ValueError, match=f"patients or courses; got {name}"):
            compare(wrong)


def test_a_label_is_text_and_never_markup():
    course = simulate(label="<script>", days=5)
    for html in (course._repr_html_(), compare(course, course)._repr_html_()):
        assert "<script>" not in html
        assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    ("here", "there", "words"),
    [
        (42.0, 10.0, "4.2 times higher"),
        (13.0, 10.0, "30% higher"),
        (5.0, 10.0, "50% lower"),
        (10.1, 10.0, "about the same"),
        (3.0, 0.0, "higher"),
    ],
)
def test_how_much(here, there, words):
    assert how_much({"value": here, "unit": "pg/mL"}, {"value": there}) == words


def test_how_much_on_a_log_scale_and_how_late():
    assert how_much({"value": 6.0, "unit": "log10 copies/mL"}, {"value": 7.5}) == "1.5 log10 lower"
    assert how_late(3.0) == "3 days later than"
    assert how_late(-1.0) == "1 day earlier than"
    assert how_late(0.04) == "on the same day as"


def test_clearance(mild):
    day = clearance_day(mild)
    curve = mild["viral_load"]
    assert curve.loc[day:].max() < 2 <= curve.loc[: day - 0.05].iloc[-1]
    assert clearance_day(simulate(days=5)) is None
    assert "still above 2" in simulate(days=5).summary()


def test_without_infection_there_is_no_peak_of_virus_to_tell():
    text = simulate({"inoculum": 0}, label="healthy", days=10).summary()
    assert text.startswith(
        "Healthy: virus in the nose stays below 2 log₁₀ copies/mL: a negative swab."
    )


def test_oxygenation_words():
    assert oxygenation_words(90) == "severe respiratory failure"
    assert oxygenation_words(450) == "normal oxygenation"


def test_the_error_of_a_failed_run_names_the_patient_and_the_day(capfd):
    with pytest.raises(SimulationError, match=r"patient 'wild' .* day \d"):
        simulate({"virus_release": -1e30, "infectivity": 1e6}, label="wild", engine="scipy")


def test_a_value_that_is_no_number_is_an_error():
    with pytest.raises(SimulationError, match=r"no longer a number|no number"):
        integrate({"pf_power": float("nan")})


def test_an_error_travels_between_processes():
    error = pickle.loads(pickle.dumps(SimulationError("the solver gave up", 7.0, "Anna")))
    assert (error.reason, error.day, error.label) == ("the solver gave up", 7.0, "Anna")
    assert "patient 'Anna'" in str(error)


def test_days_must_come_after_infection():
    with pytest.raises(ValueError, match="after infection"):
        simulate(days=-6)


@pytest.mark.parametrize(
    ("share", "digits", "words"),
    [
        (0, None, "0%"), (1e-4, None, "under 0.1%"), (0.004, None, "0.4%"), (0.005, None, "0.5%"),
        (0.0061, None, "1%"), (0.425, None, "42%"), (0.994, None, "99%"), (0.9966, None, "99.7%"),
        (0.9999, None, "just under 100%"), (1 - 1e-12, None, "100%"), (1, None, "100%"),
        (1.0002, None, "just over 100%"), (1.004, None, "100.4%"), (12.345, None, "1,234%"),
        (-0.003, None, "-0.3%"), (-1e-4, None, "just under 0%"), (-0.37, None, "-37%"),
        (0.0053, 2, "0.53%"), (0.0123, 2, "1.2%"), (0.994, 2, "99%"), (0.996, 2, "99.6%"),
        (0.83333, 3, "83.3%"), (1, 2, "100%"), (float("nan"), None, "not known"),
    ],
)  # fmt: skip
def test_a_share_is_none_or_all_only_where_it_is(share, digits, words):
    assert percent(share, digits) == words
    assert percent(0.42) == "42%"  # sign and number stay on one line


def test_a_change_in_percent_has_a_sign_unless_there_is_none():
    changes = [change_in_percent(x) for x in (0.21, -0.996, 0, -1e-13, float("nan"))]
    assert changes == ["+21%", "−99.6%", "0%", "0%", "not known"]


def test_wording():
    assert unknown("preset", "mld", ["mild", "moderate"]).endswith("Did you mean 'mild'?")
    assert "Choose from: a, b" in unknown("x", "zzz", ["a", "b"])
    assert (number(12345.6), number(0.04567), number(-2.0)) == ("12,300", "0.0457", "-2")
    assert quantity(3, "d") == "3 days"
    assert listing(["a", "b", "c"]) == "a, b and c"
    text = out_of_range("Sensing delay", -2, 0, 10, "d")
    assert text == "Sensing delay must be between 0 and 10 days; you gave -2."
    assert out_of_range("Age", 100.01, 18, 100, "years").endswith("you gave 100.01.")
