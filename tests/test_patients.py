"""Patients: immutable, comparable, runnable as text; errors and warnings that teach."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cytolearn as cl
from cytolearn import physiology
from cytolearn.patients import Patient
from cytolearn.patients.patient import _cautions, _presets, _rows
from cytolearn.treatments import TeachingWarning, treatment

PRESETS = [
    "robust", "mild", "moderate", "ifn_inborn_error", "ifnar_deficiency", "anti_ifn_autoantibodies",
    "delayed_ifn", "mas_like", "il6_dysregulated", "extrafollicular", "older_adult", "lupus_like",
]  # fmt: skip
LIMITS = physiology.limits()
FREE = [symbol for symbol, (low, high) in LIMITS.items() if low < high]
CODE = {"Patient": Patient, "treatment": treatment}


@pytest.fixture
def mild() -> Patient:
    return Patient("mild")


# ---- Presets ----


def test_the_twelve_presets_have_a_name_and_a_story():
    frame = Patient.presets()
    assert list(frame.index) == list(frame["name"]) == PRESETS
    assert frame["label"].is_unique
    for story in frame["story"]:
        assert 1 <= story.count(".") <= 3
        assert len(story) < 300
    assert set(frame["badge"]) <= set("ABCD")
    assert frame["source"].ne("").all()


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_legal_quiet_and_runnable_as_text(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        patient = Patient(name)
    assert repr(patient) == f'Patient("{name}")'
    assert eval(repr(patient), CODE) == patient
    # Every column of the table that is no word about the person is a constant of the model.
    words = {"preset", "title", "story", "source", "doi", "badge"}
    assert set(_presets()[name]) - words <= set(_rows())
    for symbol, value in patient.traits.items():
        low, high = LIMITS[symbol]
        assert low <= value <= high


def test_presets_carry_the_defect_that_names_them():
    assert Patient("mild").constants == {}
    assert Patient("ifn_inborn_error").traits["ifn_production"] <= 0.1
    assert Patient("ifnar_deficiency").traits["ifn_response"] <= 0.1
    assert Patient("anti_ifn_autoantibodies").traits["ifn_autoantibody"] > 10
    assert Patient("mas_like").traits["mas_gain"] > 1
    assert Patient("il6_dysregulated").traits["il6_gain"] > 1
    assert Patient("extrafollicular").traits["ef_bias"] > 1
    assert Patient("older_adult").traits["age"] >= 75
    lupus = Patient("lupus_like").traits
    assert lupus["inoculum"] == 0
    assert lupus["self_antigen"] > 0


# ---- Immutable, comparable ----


def test_but_makes_a_new_patient(mild):
    late = mild.but(sensing_delay=4)
    assert late.traits["sensing_delay"] == 4
    assert mild.traits["sensing_delay"] == physiology.baseline()["sensing_delay"]
    assert late.constants == {"sensing_delay": 4}
    assert late != mild
    assert late == Patient("mild", sensing_delay=4)
    assert hash(late) == hash(Patient("mild", sensing_delay=4.0))
    assert late.but(sensing_delay=mild.traits["sensing_delay"]) == mild
    assert late.but(age=70).constants == {"sensing_delay": 4}  # age is no part of the equations


def test_treat_and_untreated(mild):
    drug, other = treatment("tocilizumab", day=7), treatment("dexamethasone", day=7)
    treated = mild.treat(drug)
    assert mild.treatments == ()
    assert treated.treatments == (drug,)
    assert treated.treat([other]).treatments == (drug, other)
    assert mild.treat([drug, (other,)]) == mild.treat(drug, other)
    assert treated.untreated() == mild
    assert mild.treat() == mild
    assert treated.but(age=60).treatments == (drug,)


def test_nothing_can_be_set(mild):
    with pytest.raises(AttributeError, match=r"patient\.but\(sensing_delay="):
        mild.sensing_delay = 4
    with pytest.raises(AttributeError, match="never changes"):
        mild.treatments = ()
    with pytest.raises(AttributeError, match="never changes"):
        del mild._label
    mild.traits["sensing_delay"] = 9
    mild.constants["sensing_delay"] = 9
    assert mild == Patient("mild")
    assert mild.constants == {}


def test_survives_copy_and_pickle(mild):
    patient = mild.but(label="Anna", age=61).treat(treatment("anakinra", day=7))
    for twin in (pickle.loads(pickle.dumps(patient)), copy.copy(patient), copy.deepcopy(patient)):
        assert twin == patient
        assert twin.label == patient.label


def test_doses_go_by_weight_and_count_from_infection(mild):
    patient = mild.but(weight=120, symptom_onset=4).treat(
        treatment("dexamethasone", day=8), treatment("tocilizumab", day=7)
    )
    doses = patient.doses()
    assert doses == sorted(doses)
    assert (doses[0].day, doses[0].state, doses[0].amount) == (11, "central_tocilizumab", 800)
    assert len(doses) == 11


# ---- Words ----


def test_repr_is_the_code_that_a_reader_would_write(mild):
    assert repr(mild.but(sensing_delay=4)) == 'Patient("mild").but(sensing_delay=4)'
    # The order of the table, not of the typing.
    assert repr(mild.but(age=70, sensing_delay=4)) == 'Patient("mild").but(sensing_delay=4, age=70)'
    text = repr(mild.treat(treatment("tocilizumab", day=7)))
    assert text == 'Patient("mild").treat(treatment("tocilizumab", day=7))'


def test_labels_tell_patients_apart(mild):
    drug = treatment("tocilizumab", day=7)
    assert mild.label == "Mild"
    assert mild.but(sensing_delay=4).label == "Mild, sensing delay 4 days"
    assert mild.but(il6_gain=3).label == "Mild, IL-6 gain 3 times normal"
    assert mild.treat(drug).label == "Mild + tocilizumab on day 7"
    many = mild.but(sensing_delay=4, il6_gain=3, mas_gain=2, age=70)
    assert (
        many.label == "Mild, sensing delay 4 days, inflammasome gain 2 times normal, 2 more changes"
    )
    anna = Patient("mild", label="Anna")
    assert anna.label == "Anna"
    assert anna.but(age=70).label == "Anna, age 70 years"
    assert anna.but(label="Old Anna", age=70).label == "Old Anna"
    assert anna.treat(drug).label == "Anna + tocilizumab on day 7"
    assert mild.treat(drug).but(label="treated").label == "treated"
    assert mild.treat(drug).but(label="treated").untreated().label == "treated"


def test_story_says_what_was_changed_and_given(mild):
    assert mild.but(sensing_delay=4).story.endswith("You changed: sensing delay 4 days.")
    assert "You give: Tocilizumab IV: 8 mg/kg" in mild.treat(treatment("tocilizumab", day=7)).story


def test_html_shows_traits_units_and_ranges(mild):
    html = mild.but(label="<script>", sensing_delay=4, infectivity=2e-8)._repr_html_()
    assert "<script>" not in html
    for word in (
        "Sensing delay",
        "<strong>4</strong> (changed)",
        "0 to 10",
        "Infectivity",
        "Baseline",
    ):
        assert word in html
    assert html == mild.but(label="<script>", infectivity=2e-8, sensing_delay=4)._repr_html_()


# ---- Errors that teach ----


def test_sensing_delay_teaches(mild):
    with pytest.raises(ValueError) as raised:
        mild.but(sensing_delay=-2)
    assert str(raised.value) == (
        "Sensing delay (sensing_delay) must be between 0 and 10 days; you gave -2. "
        "It is extra time before infected cells are noticed and interferon is made."
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Patient("mlid"), "Did you mean 'mild'"),
        (lambda: Patient("Delayed IFN"), "Did you mean 'delayed_ifn'"),
        (lambda: Patient(3), "no preset '3'"),
        (lambda: Patient(None), "no preset 'None'"),
        (lambda: Patient(["mild"]), "no preset"),
        (lambda: Patient("mild", label=3), "is a text"),
        (lambda: Patient("mild", label=" "), "is a text"),
        (lambda: Patient().but(preset="mild"), "no trait or constant 'preset'"),
        (lambda: Patient().but(sensing_dely=2), "Did you mean 'sensing_delay'"),
        (lambda: Patient().but(IL6_gain=2), "Did you mean 'il6_gain'"),
        (lambda: Patient().but(copy_per_ml=2), "is fixed at 1"),
        (lambda: Patient().but(age=None), "nothing"),
        (lambda: Patient().but(age=True), r"True \(bool\), not a number"),
        (lambda: Patient().but(age="old"), r"'old' \(str\), not a number"),
        (lambda: Patient().but(age=float("nan")), "NaN"),
        (lambda: Patient().but(age=float("inf")), "between 18 and 100 years; you gave inf\\."),
        (lambda: Patient().but(age=10**400), "between 18 and 100 years"),
        (lambda: Patient().but(weight=20), "between 40 and 200 kg; you gave 20"),
        (lambda: Patient().run(days=0), "between 1 and 365 days; you gave 0"),
        (lambda: Patient().run(days="40"), "not a number"),
        (lambda: Patient().run(engine="matlab"), "matlab"),
    ],
)
def test_impossible_values_teach(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("tocilizumab", r'cl\.treatment\("tocilizumab", day=7\)'),
        ("anakira", r'cl\.treatment\("anakinra", day=7\)'),
        (7, r"you gave 7 \(int\)"),
        (None, r"you gave None"),
        (Patient("mild"), r"\(Patient\)"),
        ([treatment("anakinra", day=7), "x"], r"needs a start day"),
    ],
)
def test_treat_wants_treatments(mild, given, words):
    with pytest.raises(TypeError, match=words):
        mild.treat(given)


def test_a_dose_before_infection_is_an_error_at_once(mild):
    early = treatment("remdesivir", day=-4)
    with pytest.raises(ValueError, match="before infection"):
        mild.but(symptom_onset=2).treat(early)
    with pytest.raises(ValueError, match="before infection"):
        mild.treat(early).but(symptom_onset=2)


NUMBERS = st.one_of(
    st.floats(), st.integers(), st.none(), st.booleans(), st.text(max_size=3), st.complex_numbers(),
    st.lists(st.floats(), max_size=2), st.binary(max_size=2), st.fractions(), st.decimals(),
    st.just(10**400), st.just({}),
)  # fmt: skip


@given(
    preset=st.one_of(st.sampled_from(PRESETS), NUMBERS),
    changes=st.dictionaries(
        st.one_of(st.sampled_from(FREE), st.text(max_size=6)), NUMBERS, max_size=3
    ),
)
def test_nonsense_ends_in_a_value_error_or_in_a_patient(preset, changes):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TeachingWarning)
        try:
            text = repr(Patient(preset, **changes))
        except ValueError as error:
            text = str(error)
    assert len(text) >= len('Patient("mild")')


@given(thing=NUMBERS.filter(lambda thing: thing not in ([], {})))
def test_treating_with_nonsense_ends_in_a_type_error(thing):
    with pytest.raises(TypeError, match="treatment"):
        Patient("mild").treat(thing)


@st.composite
def legal_changes(draw):
    symbols = draw(st.lists(st.sampled_from(FREE), unique=True, max_size=4))
    return {s: draw(st.floats(*LIMITS[s], allow_subnormal=False)) for s in symbols}


@given(
    preset=st.sampled_from(PRESETS),
    first=legal_changes(),
    second=legal_changes(),
    label=st.one_of(st.none(), st.text(min_size=1, max_size=6).filter(str.strip)),
    days=st.lists(st.integers(0, 30), max_size=2),
)
def test_any_legal_patient_is_runnable_text_and_leaves_its_parent_alone(
    preset, first, second, label, days
):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TeachingWarning)
        parent = Patient(preset, **first)
        before = (repr(parent), hash(parent), parent.label)
        drugs = [treatment("anakinra", day=day) for day in days]
        child = parent.treat(drugs[:1]).but(label=label, **second).treat(drugs[1:])
        assert (repr(parent), hash(parent), parent.label) == before
        twin = eval(repr(child), CODE)
    assert twin == child
    assert hash(twin) == hash(child)
    assert (twin.label, twin.constants, twin.doses()) == (
        child.label,
        child.constants,
        child.doses(),
    )
    baseline = physiology.baseline()
    assert all(value != baseline[symbol] for symbol, value in child.constants.items())
    assert not {"age", "weight"} & set(child.constants)


# ---- Legal but unphysiological ----


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ifn_production": 3, "ifn_response": 0}, "cannot hear it"),
        ({"t_cell_reserve": 1.2, "age": 90}, "thymus"),
        ({"ifn_production": 0.02, "ifn_response": 0.02}, "cannot tell which"),
        ({"mas_gain": 6, "il6_gain": 6}, "Both endotypes"),
    ],
)
def test_unphysiological_combinations_warn_once(changes, words):
    with pytest.warns(TeachingWarning, match=words) as said:
        odd = Patient("mild").but(**changes)
    assert len(said) == 1
    assert said[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        odd.but(weight=80).treat(treatment("anakinra", day=7)).untreated()


def test_two_antibodies_at_once_warn(mild):
    one, other = treatment("tocilizumab", day=7), treatment("sarilumab", day=8)
    with pytest.warns(TeachingWarning, match="same receptor") as said:
        both = mild.treat(one, other)
    assert len(said) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        both.treat(treatment("dexamethasone", day=7))


def test_cautions_name_constants_and_can_happen():
    for clauses, message in _cautions():
        assert message.endswith(".")
        for symbol, _, value in clauses:
            low, high = LIMITS[symbol]
            assert low <= value <= high


# ---- The course ----


def test_run_knows_patient_and_treatments(mild):
    drug = treatment("tocilizumab", day=7)
    course = mild.but(sensing_delay=4).treat(drug).run(days=20)
    assert course.label == "Mild, sensing delay 4 days + tocilizumab on day 7"
    assert course.treatments == (drug,)
    assert course["il6"].index[0] == pytest.approx(-5)
    assert course["il6"].index[-1] == pytest.approx(20)
    assert "Tocilizumab IV" in course.summary()


def test_explore_opens_the_explorer_of_this_patient(mild):
    assert mild.but(sensing_delay=4).explore() is not None


def test_public_names_lead_here():
    assert cl.Patient is Patient
    assert cl.treatment is treatment
    assert len(cl.treatments()) == 18
    assert callable(cl.population)


def test_names_work_in_any_order_of_first_use(root):
    # The package `treatments` and the function `treatments` share a name.
    for first in ("cl.Patient", "cl.treatments", "cl.population"):
        code = (
            f"import cytolearn as cl; {first}; print(len(cl.treatments()), cl.population.__name__)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
        )
        assert done.stdout.split() == ["18", "population"]


def test_a_preset_may_be_given_by_name():
    assert Patient(preset="older_adult", age=80) == Patient("older_adult", age=80)
