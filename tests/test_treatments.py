"""Treatments: the schedules that were published, the caps, and errors that teach."""

from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cytolearn as cl
from cytolearn import physiology
from cytolearn.simulation import Dose
from cytolearn.treatments import (
    TeachingWarning,
    Treatment,
    cautions_together,
    drugs,
    regimens,
    treatment,
    treatments,
)
from cytolearn.treatments.plan import _rows

NAMES = [
    "ifn_beta_1a", "ifn_alpha2", "il7", "anakinra", "canakinumab", "tocilizumab", "sarilumab",
    "infliximab", "adalimumab", "dexamethasone", "methylprednisolone", "hydrocortisone",
    "baricitinib", "ruxolitinib", "hydroxychloroquine", "chloroquine", "remdesivir",
    "convalescent_plasma",
]  # fmt: skip

# Written by hand from the trial papers, for a person of 75 kg: (drug, regimen) -> state that
# receives the drug and (day after the first dose, amount in the unit of that state).
PUBLISHED = {
    # 44 ug SC every other day, up to four doses (ACTT-3). One state unit is 44 ug.
    ("ifn_beta_1a", "actt_3"): ("depot_ifn_beta_1a", [(0, 1), (2, 1), (4, 1), (6, 1)]),
    # 44 ug SC three times weekly for two weeks (Davoudi-Monfared).
    ("ifn_beta_1a", "davoudi_monfared"): (
        "depot_ifn_beta_1a",
        [(0, 1), (2, 1), (4, 1), (7, 1), (9, 1), (11, 1)],
    ),
    # 44 ug SC on days 0, 3 and 6 (Solidarity).
    ("ifn_beta_1a", "solidarity"): ("depot_ifn_beta_1a", [(0, 1), (3, 1), (6, 1)]),
    # Three times a week for two weeks (Pereda). One state unit is 3 MIU.
    ("ifn_alpha2", "havana"): (
        "depot_ifn_alpha2",
        [(0, 1), (2, 1), (4, 1), (7, 1), (9, 1), (11, 1)],
    ),
    ("ifn_alpha2", "every_other_day"): ("depot_ifn_alpha2", [(0, 1), (2, 1), (4, 1), (6, 1)]),
    # 10 ug/kg IM twice weekly for two weeks, five doses (ILIAD-7). One state unit is 10 ug/kg.
    ("il7", "iliad_7"): ("depot_il7", [(0, 1), (3.5, 1), (7, 1), (10.5, 1), (14, 1)]),
    # 100 mg SC daily for 10 days (SAVE-MORE).
    ("anakinra", "save_more"): (
        "depot_anakinra",
        [(0, 100), (1, 100), (2, 100), (3, 100), (4, 100),
         (5, 100), (6, 100), (7, 100), (8, 100), (9, 100)],
    ),
    # 200 mg IV twice daily on days 1 to 3, 100 mg twice on day 4, 100 mg once on day 5 (CORIMUNO).
    ("anakinra", "corimuno"): (
        "central_anakinra",
        [(0, 200), (0.5, 200), (1, 200), (1.5, 200), (2, 200), (2.5, 200),
         (3, 100), (3.5, 100), (4, 100)],
    ),
    # 600 mg IV once between 60 and 80 kg (CAN-COVID).
    ("canakinumab", "can_covid"): ("central_canakinumab", [(0, 600)]),
    # 8 mg/kg IV, at most 800 mg: 600 mg at 75 kg.
    ("tocilizumab", "single"): ("central_tocilizumab", [(0, 600)]),
    ("tocilizumab", "two_doses"): ("central_tocilizumab", [(0, 600), (0.5, 600)]),
    # 600 mg above 65 and up to 90 kg (RECOVERY).
    ("tocilizumab", "recovery"): ("central_tocilizumab", [(0, 600)]),
    ("sarilumab", "remap_cap"): ("central_sarilumab", [(0, 400)]),
    ("sarilumab", "lescure_200"): ("central_sarilumab", [(0, 200)]),
    # 5 mg/kg IV once (ACTIV-1): 375 mg at 75 kg.
    ("infliximab", "activ_1"): ("central_infliximab", [(0, 375)]),
    # 40 mg SC once (Fakharian).
    ("adalimumab", "fakharian"): ("depot_adalimumab", [(0, 40)]),
    ("adalimumab", "induction"): ("depot_adalimumab", [(0, 160), (14, 80)]),
    # 6 mg daily for 10 days (RECOVERY).
    ("dexamethasone", "recovery"): (
        "central_dexamethasone",
        [(0, 6), (1, 6), (2, 6), (3, 6), (4, 6), (5, 6), (6, 6), (7, 6), (8, 6), (9, 6)],
    ),
    # 20 mg daily for 5 days, then 10 mg daily for 5 days (CoDEX).
    ("dexamethasone", "high_dose"): (
        "central_dexamethasone",
        [(0, 20), (1, 20), (2, 20), (3, 20), (4, 20), (5, 10), (6, 10), (7, 10), (8, 10), (9, 10)],
    ),
    # 0.5 mg/kg IV twice daily for 5 days (METCOVID): 37.5 mg at 75 kg.
    ("methylprednisolone", "metcovid"): (
        "central_methylprednisolone",
        [(0, 37.5), (0.5, 37.5), (1, 37.5), (1.5, 37.5), (2, 37.5),
         (2.5, 37.5), (3, 37.5), (3.5, 37.5), (4, 37.5), (4.5, 37.5)],
    ),
    # 40 mg every 12 hours for 3 days, then 20 mg every 12 hours for 3 days (GLUCOCOVID).
    ("methylprednisolone", "glucocovid"): (
        "central_methylprednisolone",
        [(0, 40), (0.5, 40), (1, 40), (1.5, 40), (2, 40), (2.5, 40),
         (3, 20), (3.5, 20), (4, 20), (4.5, 20), (5, 20), (5.5, 20)],
    ),
    # 250 mg daily for 3 days (Edalatifard).
    ("methylprednisolone", "pulse"): ("central_methylprednisolone", [(0, 250), (1, 250), (2, 250)]),
    # 4 mg daily, up to 14 days (COV-BARRIER).
    ("baricitinib", "cov_barrier"): (
        "depot_baricitinib",
        [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4), (5, 4), (6, 4),
         (7, 4), (8, 4), (9, 4), (10, 4), (11, 4), (12, 4), (13, 4)],
    ),
    # 4 mg daily, up to 10 days (RECOVERY).
    ("baricitinib", "recovery"): (
        "depot_baricitinib",
        [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4), (5, 4), (6, 4), (7, 4), (8, 4), (9, 4)],
    ),
    # 800 mg at 0 and 6 hours, then 400 mg at 12 hours and every 12 hours for 9 days (RECOVERY).
    ("hydroxychloroquine", "recovery"): (
        "depot_hydroxychloroquine",
        [(0, 800), (0.25, 800), (0.5, 400), (1, 400), (1.5, 400), (2, 400), (2.5, 400), (3, 400),
         (3.5, 400), (4, 400), (4.5, 400), (5, 400), (5.5, 400), (6, 400), (6.5, 400), (7, 400),
         (7.5, 400), (8, 400), (8.5, 400), (9, 400)],
    ),
    # 450 mg twice on day 1, then once daily for 4 days, 2.7 g in all (CloroCovid-19).
    ("chloroquine", "low_dose"): (
        "depot_chloroquine",
        [(0, 450), (0.5, 450), (1, 450), (2, 450), (3, 450), (4, 450)],
    ),
    # 200 mg, then 100 mg daily: 5 days (label), up to 10 (ACTT), 3 (PINETREE).
    ("remdesivir", "five_days"): (
        "central_remdesivir",
        [(0, 200), (1, 100), (2, 100), (3, 100), (4, 100)],
    ),
    ("remdesivir", "actt"): (
        "central_remdesivir",
        [(0, 200), (1, 100), (2, 100), (3, 100), (4, 100),
         (5, 100), (6, 100), (7, 100), (8, 100), (9, 100)],
    ),
    ("remdesivir", "pinetree"): ("central_remdesivir", [(0, 200), (1, 100), (2, 100)]),
    ("convalescent_plasma", "two_units"): ("antibody_given", [(0, 6), (1, 6)]),
    ("convalescent_plasma", "one_unit"): ("antibody_given", [(0, 6)]),
}  # fmt: skip

# Long courses at a steady pace: state, number of doses, amount, last day, total.
STEADY = {
    # 50 mg every 6 hours for 7 days: 1.4 g (REMAP-CAP).
    ("hydrocortisone", "remap_cap"): ("central_hydrocortisone", 28, 0.25, 6.75, 1400),
    # 5 mg twice daily for 14 days: 140 mg (RUXCOVID).
    ("ruxolitinib", "ruxcovid"): ("depot_ruxolitinib", 28, 0.5, 13.5, 140),
    # 600 mg twice daily for 10 days: 12 g (CloroCovid-19).
    ("chloroquine", "high_dose"): ("depot_chloroquine", 20, 0.5, 9.5, 12000),
}


def plan(name: str, weight: float = 75, **options) -> list[tuple[float, float]]:
    """Days after the first dose and state amounts, through the door that the simulation uses."""
    doses = treatment(name, day=7, **options).doses(weight, 5)
    return [(dose.day - 12, dose.amount) for dose in doses]


def test_all_eighteen_treatments_are_there():
    frame = treatments()
    assert list(frame.index) == list(frame["name"]) == NAMES
    assert (
        not frame[["label", "class", "route", "target", "mechanism", "evidence"]]
        .eq("")
        .to_numpy()
        .any()
    )
    assert set(frame["badge"]) <= set("ABCD")
    assert set(frame["status"]) <= {"VERIFIED", "MEMORY"}
    assert cl.treatments().equals(frame)


@pytest.mark.parametrize(("drug", "regimen"), PUBLISHED)
def test_schedule_is_the_published_one(drug, regimen):
    state, expected = PUBLISHED[drug, regimen]
    doses = treatment(drug, day=7, regimen=regimen).doses(75, 5)
    np.testing.assert_allclose([(dose.day - 12, dose.amount) for dose in doses], expected)
    assert {dose.state for dose in doses} == {state}


@pytest.mark.parametrize(("drug", "regimen"), STEADY)
def test_long_steady_courses(drug, regimen):
    state, count, interval, last, total = STEADY[drug, regimen]
    doses = treatment(drug, day=7, regimen=regimen).doses(75, 5)
    assert len(doses) == count
    assert doses[1].day - doses[0].day == pytest.approx(interval)
    assert doses[-1].day - doses[0].day == pytest.approx(last)
    assert sum(dose.amount for dose in doses) == pytest.approx(total)
    assert {dose.state for dose in doses} == {state}


def test_cape_covid_tapers():
    # 200 mg/d for 7 days, 100 mg/d for 4 days, 50 mg/d for 3 days: 1.95 g over 14 days.
    given = plan("hydrocortisone", regimen="cape_covid")
    by_day = [sum(amount for day, amount in given if int(day) == d) for d in range(14)]
    assert by_day == pytest.approx([200] * 7 + [100] * 4 + [50] * 3)


def test_every_regimen_has_a_hand_written_schedule():
    tested = {*PUBLISHED, *STEADY, ("hydrocortisone", "cape_covid")}
    assert set(regimens().index) == tested


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("anakinra", "save_more"),
        ("dexamethasone", "recovery"),
        ("hydroxychloroquine", "recovery"),
        ("tocilizumab", "single"),
        ("hydrocortisone", "remap_cap"),
    ],
)
def test_defaults_are_the_trials_named_in_the_lessons(name, default):
    assert treatment(name, day=8).regimen == default


@pytest.mark.parametrize(
    ("weight", "mg"), [(40, 450), (59.9, 450), (60, 600), (80, 600), (80.1, 750), (150, 750)]
)
def test_canakinumab_goes_by_weight_band(weight, mg):
    assert plan("canakinumab", weight) == [(0, mg)]


@pytest.mark.parametrize(
    ("weight", "mg"), [(50, 400), (75, 600), (100, 800), (101, 800), (200, 800)]
)
def test_tocilizumab_is_capped_at_800_mg(weight, mg):
    assert plan("tocilizumab", weight) == [(0, mg)]
    assert plan("tocilizumab", weight, regimen="two_doses") == [(0, mg), (0.5, mg)]


@pytest.mark.parametrize(
    ("weight", "mg"), [(40, 320), (41, 400), (65, 400), (66, 600), (90, 600), (91, 800)]
)
def test_tocilizumab_bands_of_recovery(weight, mg):
    assert plan("tocilizumab", weight, regimen="recovery") == [(0, mg)]


@pytest.mark.parametrize(("weight", "mg"), [(40, 200), (100, 500), (200, 1000)])
def test_infliximab_goes_by_weight_without_a_cap(weight, mg):
    assert plan("infliximab", weight) == [(0, mg)]


def test_il7_is_per_kg_already_in_its_state():
    assert plan("il7", 50) == plan("il7", 150)


def test_days_count_from_infection():
    [dose] = treatment("sarilumab", day=7).doses(75, 5)
    assert dose == Dose(day=12, state="central_sarilumab", amount=400)
    [dose] = treatment("sarilumab", day=-2.5).doses(75, 3)
    assert dose.day == 0.5


# ---- What a reader may change ----


def test_own_dose_number_and_interval():
    assert plan("anakinra", dose=50, doses=3, every=0.5) == [(0, 50), (0.5, 50), (1, 50)]
    assert plan("anakinra", doses=3) == [(0, 100), (1, 100), (2, 100)]
    assert plan("tocilizumab", dose=4) == [(0, 300)]
    assert plan("tocilizumab", doses=2, every=1) == [(0, 600), (1, 600)]
    assert plan("il7", dose=5) == [(0, 0.5), (3.5, 0.5), (7, 0.5), (10.5, 0.5), (14, 0.5)]
    assert plan("remdesivir", every=2)[:3] == [(0, 200), (2, 100), (4, 100)]
    # Past the published end, the last dose and the last interval go on.
    assert plan("remdesivir", doses=7)[-3:] == [(4, 100), (5, 100), (6, 100)]


def test_scale_multiplies_after_the_cap_and_a_dose_is_taken_at_its_word():
    assert plan("tocilizumab", 120, scale=0.5) == [(0, 400)]
    assert plan("tocilizumab", 120, dose=10) == [(0, 1200)]
    assert plan("dexamethasone", scale=2)[0] == (0, 12)


def test_a_second_course():
    first = treatment("anakinra", day=7)
    second = first.again(21)
    assert (second.day, second.schedule()) == (21, first.schedule())
    assert second.label == "anakinra from day 21"
    assert treatment("anakinra", day=7, label="A").again(9).label == "A"


def test_treatments_never_change_and_compare_by_content():
    one, same = treatment("anakinra", day=7), treatment("anakinra", day=7.0)
    assert one == same
    assert hash(one) == hash(same)
    assert one != treatment("anakinra", day=8)
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.day = 3


def test_words_and_tables():
    drug = treatment("tocilizumab", day=7)
    assert repr(drug) == 'treatment("tocilizumab", day=7)'
    assert drug.label == "tocilizumab on day 7"
    assert str(drug) == "Tocilizumab IV: 8 mg/kg once, at most 800 mg, on day 7"
    assert drug.table(100).to_dict("records") == [
        {"day": 7.0, "amount": 800.0, "unit": "mg", "route": "IV"}
    ]
    assert "IL-6 receptor" in drug._repr_html_()
    assert "<b>" not in treatment("anakinra", day=7, label="<b>x</b>")._repr_html_()
    assert str(treatment("anakinra", day=7, dose=50, doses=4, every=0.5)) == (
        "Anakinra SC: 4 doses, 50 mg each, every 0.5 days, from day 7"
    )


# ---- Errors that teach ----


def test_unknown_names_show_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'tocilizumab'"):
        treatment("tocilizumb", day=7)
    with pytest.raises(ValueError, match="Did you mean 'corimuno'"):
        treatment("anakinra", day=7, regimen="corimunno")
    with pytest.raises(ValueError, match="Did you mean 'anakinra'"):
        regimens("anakira")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"day": -9}, r"between -5 and 60 days since symptom onset; you gave -9"),
        ({"day": 61}, r"between -5 and 60 days since symptom onset; you gave 61"),
        ({}, r"Start day .* you gave nothing"),
        ({"day": "7"}, r"'7' \(str\), not a number"),
        ({"day": True}, r"True \(bool\), not a number"),
        ({"day": float("nan")}, r"NaN"),
        ({"day": float("inf")}, r"between -5 and 60"),
        ({"day": [7]}, r"\(list\), not a number"),
        ({"day": 7, "dose": 0}, r"between 0.5 and 40 mg/kg; you gave 0"),
        ({"day": 7, "dose": -8}, r"between 0.5 and 40 mg/kg; you gave -8"),
        ({"day": 7, "dose": 800}, r"between 0.5 and 40 mg/kg; you gave 800.*8 mg/kg once"),
        ({"day": 7, "scale": 0}, r"between 0.1 and 10 times the published dose; you gave 0"),
        ({"day": 7, "dose": 4, "scale": 2}, r"not both"),
        ({"day": 7, "doses": 0}, r"between 1 and 60 doses; you gave 0"),
        ({"day": 7, "doses": 1.5}, r"must be whole"),
        ({"day": 7, "doses": 2}, r"single dose: say how many days"),
        ({"day": 7, "doses": 2, "every": 0}, r"and 60 days; you gave 0"),
        ({"day": 7, "label": 3}, r"is a text"),
    ],
)
def test_impossible_values_teach(options, words):
    with pytest.raises(ValueError, match=words):
        treatment("tocilizumab", **options)


def test_a_dose_before_infection_is_an_error():
    early = treatment("remdesivir", day=-4)
    assert early.doses(75, 5)[0].day == 1
    with pytest.raises(ValueError, match=r"2 days before infection.*earliest day is -2"):
        early.doses(75, 2)


@pytest.mark.parametrize(
    ("weight", "onset"), [(0, 5), (500, 5), ("heavy", 5), (75, None), (75, 99)]
)
def test_impossible_persons_teach(weight, onset):
    with pytest.raises(ValueError, match="must be"):
        treatment("anakinra", day=7).doses(weight, onset)


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.text(max_size=5), st.floats(), st.integers(),
    st.binary(max_size=2),
    st.lists(st.integers(), max_size=2), st.complex_numbers(), st.fractions(), st.just(object()),
    st.just(10**400), st.decimals(allow_nan=True),
)  # fmt: skip


@given(
    name=st.one_of(st.sampled_from(NAMES), ANYTHING),
    day=ANYTHING,
    options=st.dictionaries(
        st.sampled_from(["dose", "doses", "every", "scale", "regimen", "label"]),
        ANYTHING,
        max_size=3,
    ),
)
def test_nonsense_ends_in_a_value_error_or_in_a_treatment(name, day, options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TeachingWarning)
        try:
            made = treatment(name, day, **options)
        except ValueError as error:
            message = str(error)
        else:
            message = str(made)
            assert all(dose.state_amount > 0 for dose in made.schedule())
    assert len(message) > 20


@given(
    name=st.sampled_from(NAMES),
    day=st.floats(-5, 60),
    scale=st.floats(0.1, 10),
    weight=st.floats(40, 200),
    onset=st.floats(5, physiology.limits()["symptom_onset"][1]),
    label=st.text(max_size=8),
)
def test_any_legal_treatment_gives_ordered_doses_and_runnable_code(
    name, day, scale, weight, onset, label
):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TeachingWarning)
        made = treatment(name, day, scale=scale, label=label)
        assert eval(repr(made), {"treatment": treatment}) == made
    doses = made.doses(weight, onset)
    assert doses == sorted(doses)
    assert doses[0].day == pytest.approx(day + onset)
    assert all(dose.amount > 0 for dose in doses)


# ---- Legal but unusual ----


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("tocilizumab", {"dose": 20}, "one dose is 2.5 times the published regimen"),
        ("anakinra", {"doses": 30}, "the whole course is 3 times"),
        ("anakinra", {"scale": 3}, "one dose is 3 times"),
    ],
)
def test_far_above_the_published_dose_warns_once(name, options, words):
    with pytest.warns(TeachingWarning, match=words) as said:
        treatment(name, day=7, **options)
    assert len(said) == 1
    assert said[0].filename == __file__  # it points at the reader's line, not at ours


@pytest.mark.parametrize("name", ["dexamethasone", "methylprednisolone", "hydrocortisone"])
def test_a_steroid_before_oxygen_warns(name):
    with pytest.warns(TeachingWarning, match="before oxygen is needed"):
        treatment(name, day=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        treatment(name, day=7)


def test_every_default_is_quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in NAMES:
            treatment(name, day=7)


def test_pairs_that_doctors_do_not_combine():
    def said(*pairs):
        return cautions_together([treatment(name, day=day) for name, day in pairs])

    assert "same receptor" in said(("tocilizumab", 7), ("sarilumab", 8))[0]
    assert "same receptor" in said(("sarilumab", 8), ("tocilizumab", 7))[0]
    assert "QT" in said(("hydroxychloroquine", 7), ("chloroquine", 7))[0]
    assert "both pedals" in said(("baricitinib", 7), ("ifn_beta_1a", 7))[0]
    assert "overlap" in said(("dexamethasone", 7), ("dexamethasone", 9))[0]
    assert said(("dexamethasone", 7), ("tocilizumab", 7)) == []
    assert said(("dexamethasone", 7), ("dexamethasone", 20)) == []
    # A switch is no stack: methylprednisolone ends before dexamethasone starts.
    assert said(("methylprednisolone", 5), ("dexamethasone", 12)) == []


@pytest.mark.parametrize("place", ["a notebook", "a script"])
def test_a_loop_over_early_days_says_it_once_and_not_in_red_in_a_notebook(place):
    code = "import cytolearn as cl\nfor day in (0, 2, 4): cl.treatment('dexamethasone', day=day)"
    if place == "a notebook":
        code = f"import builtins; builtins.get_ipython = lambda: None\n{code}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said, silent = (run.stdout, run.stderr) if place == "a notebook" else (run.stderr, run.stdout)
    assert said.startswith("Worth a thought: Dexamethasone before day 5. A steroid this early")
    assert said.count("\n") == 1
    assert silent == ""


def test_a_warning_shows_no_path_and_leaves_others_alone():
    ours = warnings.formatwarning("Say it.", TeachingWarning, "kernel/1.py", 3)
    assert ours == "Worth a thought: Say it.\n"
    assert "1.py:3: UserWarning: Say it." in warnings.formatwarning(
        "Say it.", UserWarning, "1.py", 3
    )


# ---- The tables themselves ----


def test_tables_fit_each_other_and_the_model():
    states = physiology.initial_states()
    units = {row["symbol"]: row["unit"] for row in physiology.rows("readouts")}
    classes = {row["class"] for row in drugs().values()}
    for row in drugs().values():
        assert row["state"] in states
        assert float(row["dose_low"]) < float(row["dose_high"])
        assert (row["per_kg"] == "yes") == row["dose_unit"].endswith("/kg")
        # Where the state counts doses or AU, the table says what one of them is.
        counted = units[row["state"]] != "mg"
        assert counted or row["state_unit"] == "1"
    for row in _rows("regimens"):
        assert row["state"] in states
        assert row["drug"] in row["state"] or row["drug"] == "convalescent_plasma"
        assert (row["per_kg"] == "yes") == row["unit"].endswith("/kg")
        assert row["status"] in {"VERIFIED", "MEMORY"}
        assert row["source"]
        # A route into the vein does not wait at an injection site, and the other way round.
        assert row["state"].startswith("depot_") == (row["route"] in {"SC", "IM", "oral"})
        unit = row["unit"].removesuffix("/kg")
        assert unit == drugs()[row["drug"]]["dose_unit"].removesuffix("/kg")
    for name in NAMES:
        defaults = {r["regimen"] for r in _rows("regimens") if r["drug"] == name and r["default"]}
        assert len(defaults) == 1
    for row in _rows("cautions"):
        assert row["first"] in classes
        assert row["second"] in classes | {""}


@pytest.mark.parametrize("weight", [40, 60, 65, 80, 90, 123.4, 200])
def test_every_weight_has_exactly_one_dose_at_a_time(weight):
    for drug, regimen in set(regimens().index):
        offsets = [dose.offset for dose in treatment(drug, day=7, regimen=regimen).schedule(weight)]
        assert len(offsets) == len(set(offsets)) > 0


def test_made_directly_or_by_the_function():
    assert Treatment("anakinra", 7) == treatment("anakinra", day=7)
