"""Laboratory panels: units, missing values, trends, panels of simulated patients."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest

import cytolearn as cl
from cytolearn import physiology
from cytolearn.clinic import Labs
from cytolearn.clinic.labs import readouts
from cytolearn.treatments import TeachingWarning


@pytest.fixture(scope="module")
def course():
    return cl.Patient("mas_like").run()


@pytest.mark.parametrize(
    ("readout", "given", "kept"),
    [
        ("crp", (12, "mg/dL"), 120),
        ("crp", "12 mg/dl", 120),
        ("crp", "120", 120),
        ("crp", (0.12, "g/L"), 120),
        ("ferritin", (2500, "µg/L"), 2500),
        ("ferritin", "2,500 ng/mL", 2500),
        ("platelets", (215000, "/µL"), 215),
        ("platelets", "215000 cells/mm³", 215),
        ("platelets", (215, "K/mm3"), 215),
        ("platelets", (215, "×10⁹/L"), 215),
        ("alc", "0.8 10^3/uL", 0.8),
        ("cd4", (0.3, "10^9/L"), 300),
        ("d_dimer", (4930, "ng/mL"), 4.93),
        ("d_dimer", (1, "ug/mL DDU"), 2),
        ("triglycerides", (150, "mg/dL"), 1.6935),
        ("fibrinogen", (250, "mg/dL"), 2.5),
        ("haemoglobin", (92, "g/L"), 9.2),
        ("albumin", (28, "g/L"), 2.8),
        ("temperature", (102.2, "°F"), 39),
        ("temperature", "38.5 °C", 38.5),
        ("potassium", (4.1, "mEq/L"), 4.1),
        ("troponin", (14, "ng/L"), 0.014),
        ("lesion", (0.5, "fraction"), 50),
        ("pf_ratio", (20, "kPa"), 150.0124),
    ],
)
def test_known_units_are_converted(readout, given, kept):
    assert Labs({readout: given})[readout] == pytest.approx(kept)


def test_names_have_aliases_and_words_have_meanings():
    labs = Labs(lymphocytes=0.7, hb=12, CD19=90, lung_injury=45, organomegaly="Spleen")
    assert (labs["alc"], labs["haemoglobin"], labs["b_cells"], labs["lesion"]) == (0.7, 12, 90, 45)
    assert labs["organomegaly"] == "spleen"
    assert Labs(immunosuppression="yes")["immunosuppression"] is True
    assert Labs(immunosuppression=False)["immunosuppression"] is False


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"crp": (12, "mmol/L")}, "CRP is not measured in mmol/L. Allowed units: mg/L, mg/dL"),
        ({"nlr": (5, "mg/L")}, "not measured in mg/L. Allowed units: ratio"),
        ({"ferritn": 1}, "Did you mean 'ferritin'"),
        ({"crp": -1}, "between 0 and 1,000 mg/L; you gave -1"),
        ({"il18": -1}, "cannot be below 0"),
        ({"platelets": 215000}, "In cells/uL it would be usual"),
        ({"temperature": 101}, "In deg F it would be usual"),
        ({"il6": "2,5 pg/mL"}, "comma only between thousands"),
        ({"il6": "high"}, "no number with a unit"),
        ({"il6": "<5 pg/mL"}, "no number with a unit"),
        ({"il6": True}, "must be a number"),
        ({"il6": float("inf")}, "must be a number"),
        ({"il6": (5, 5)}, "unit of IL-6 is a word"),
        ({"il6": ("5 pg/mL", "pg/mL")}, "no number with a unit"),
        ({"organomegaly": "big"}, "'none', 'liver', 'spleen' or 'both'"),
        ({"immunosuppression": 1}, "'no' or 'yes'"),
        ({"alc": 1, "lymphocytes": 1}, "given twice"),
        ({"day": "nine"}, "day is a number"),
        ({"earlier": 3}, "earlier is another panel"),
    ],
)
def test_wrong_input_is_explained(values, words):
    with pytest.raises(ValueError) as error:
        Labs(**values)
    assert words in str(error.value)


def test_a_list_is_no_panel():
    with pytest.raises(ValueError, match="by name"):
        Labs([1, 2])


def test_an_odd_value_without_unit_is_asked_about():
    with pytest.warns(TeachingWarning, match=r"odd value: ferritin 3 ng/mL\. You gave no unit"):
        Labs(ferritin=3)
    with pytest.warns(TeachingWarning, match=r"In ng/mL or .* usual.*d_dimer=\(400, 'ng/mL'\)"):
        Labs(d_dimer=400)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Labs(ferritin=(3, "ng/mL"), crp=0.8)  # a stated unit is believed; 0.8 may be either


def test_what_is_missing_is_missing():
    labs = Labs(crp=5, il6=None, ferritin=float("nan"))
    assert list(labs) == ["crp"] and "il6" not in labs and labs.get("il6") is None
    with pytest.raises(ValueError, match=r"IL-6 was not measured. This panel holds: crp"):
        labs["il6"]
    assert Labs().summary() == "Panel: nothing measured."


def test_ratios_follow_and_say_so():
    labs = Labs(neutrophils=7, lymphocytes=0.8, leukocytes=8.1)
    assert labs["nlr"] == pytest.approx(8.75) and labs.origin("nlr") == "derived"
    assert labs["lymphocyte_share"] == pytest.approx(9.8765, abs=1e-4)
    assert labs.but(neutrophils=4)["nlr"] == pytest.approx(5)
    assert "nlr" not in labs.without("neutrophils")
    assert Labs(nlr=3, neutrophils=7, alc=0.7)["nlr"] == 3  # what was reported stays
    assert "leukocytes" not in Labs(neutrophils=7, lymphocytes=0.8)
    assert Labs(neutrophils=7, alc="0 /uL")["nlr"] == float("inf")


def test_trends_need_an_earlier_panel():
    first = Labs(ferritin=1000, platelets=200, day=5)
    second = Labs(ferritin=1500, platelets=150, esr=40, day=8, earlier=first)
    assert second["ferritin_change"] == pytest.approx(50)
    assert second["platelets_change"] == pytest.approx(-25)
    assert "esr_change" not in second and "ferritin_change" not in first
    with pytest.raises(ValueError, match="not before day 5"):
        Labs(day=5, earlier=second)


def test_a_panel_never_changes_and_survives_pickling():
    labs = Labs(crp=5, neutrophils=4, alc=1, day=3, label="me")
    with pytest.raises(AttributeError, match="cannot be changed"):
        labs.day = 4
    again = pickle.loads(pickle.dumps(labs))
    assert again == labs and hash(again) == hash(labs) and again.frame.equals(labs.frame)
    assert labs.but(crp=6) != labs and labs["crp"] == 5


def test_a_panel_is_read_as_words_and_as_a_table():
    labs = Labs(crp=(12, "mg/dL"), il6=60, immunosuppression="no", day=9, label="Ada")
    assert labs.summary() == (
        "Panel of Ada, day 9 since symptom onset: CRP 120 mg/L, IL-6 60 pg/mL and known "
        "immunosuppression: no."
    )
    assert labs.frame.loc["crp", ["value", "unit", "origin"]].tolist() == [120, "mg/L", "given"]
    assert "<table" in labs._repr_html_() and Labs.unit("lymphocytes") == "10^9/L"


def test_the_units_are_those_of_the_model():
    for symbol, row in physiology.readouts().items():
        if symbol in readouts():
            assert readouts()[symbol]["unit"] == row["unit"], symbol


def test_every_row_of_the_table_is_consistent():
    for row in readouts().values():
        if row["low"]:
            low, high = float(row["low"]), float(row["high"])
            assert low <= float(row["usual_low"]) < float(row["usual_high"]) <= high
    for name in ("normal", "inpatient"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert len(Labs(cl.criteria.assumption(name))) == 15


# ---- from the model ----------------------------------------------------------------------


def test_a_course_gives_everything_that_a_laboratory_measures(course):
    labs = course.labs(9)
    assert labs.day == 9 and labs.label == course.label
    skipped = {"infection_hazard", "germinal_centre"}
    assert set(physiology.readouts()) - set(labs) == skipped
    for symbol in ("crp", "ferritin", "hla_dr", "nlr"):
        assert labs[symbol] == pytest.approx(course.at(9)[symbol])
    at_nine = np.interp(9, course.time, course.values("fibrinogen"))
    assert labs["fibrinogen"] == pytest.approx(at_nine)
    for absent in ("supar", "temperature", "ast", "triglycerides", "organomegaly"):
        assert absent not in labs
    assert labs["symptoms"] is True and labs["ground_glass"] is True
    assert labs.origin("symptoms") == labs.origin("leukocytes") == "inferred"
    assert labs["leukocytes"] == pytest.approx(labs["neutrophils"] + labs["alc"] + 0.5)
    assert "leukocytes" in labs.but(crp=3)  # inferred from the model, so it stays


def test_trends_of_a_course_come_from_the_panel_before(course):
    labs = course.labs(9, before=4)
    assert labs.earlier.day == 5
    change = 100 * (course.at(9)["ferritin"] / course.at(5)["ferritin"] - 1)
    assert labs["ferritin_change"] == pytest.approx(change)
    assert course.labs(-4).earlier is None
    with pytest.raises(ValueError, match="above 0"):
        course.labs(9, before=0)


def test_before_symptoms_there_are_none(course):
    assert course.labs(-2)["symptoms"] is False
    assert course.labs(-2)["ground_glass"] is False


def test_noise_has_a_seed_and_leaves_symptoms_alone(course):
    true, one, same, other = (
        course.labs(9, noisy=noisy, seed=seed) for noisy, seed in ((0, 0), (1, 1), (1, 1), (1, 2))
    )
    assert one == same and one != other and one != true
    assert one["nlr"] == pytest.approx(one["neutrophils"] / one["alc"])
    assert one["symptoms"] == true["symptoms"]
    assert one.earlier["crp"] / course.at(6)["crp"] != pytest.approx(one["crp"] / true["crp"])


def test_a_day_outside_the_course_is_refused(course):
    with pytest.raises(ValueError, match="runs from day -5 to day 40"):
        course.labs(50)
