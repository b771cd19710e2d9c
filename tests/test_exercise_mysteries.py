"""Hidden patients of assignments 1 to 3: each kind can be told from the figure, none is named.

And what the answers say of the practice patient and of hidden ones is so.
"""

from __future__ import annotations

import pytest

from cytolearn.grading import students
from cytolearn.lessons.exercises import (
    Case,
    exercise_ids,
    expected_for,
    load_exercise,
    model_of,
)

HIDDEN = {"interferon": "defect", "lymphopenia": "cause", "storm": "drug"}
KINDS = [(name, kind) for name, key in HIDDEN.items() for kind in load_exercise(name)["given"][key]]


def case_with(name, **given):
    case = students.case_of("", name)
    return Case(case.patient, {**case.given, **given})


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_the_curves_of_a_hidden_patient_tell_the_right_kind(name, kind):
    choice = next(q for q in load_exercise(name)["questions"] if q["kind"] == "choice")
    assert expected_for(name, choice, case_with(name, **{HIDDEN[name]: kind})).value == kind


@pytest.mark.parametrize(("name", "kind"), [k for k in KINDS if k[0] != "interferon"])
def test_the_figure_does_not_say_what_is_asked(name, kind):
    shown = model_of(name).mystery(case_with(name, **{HIDDEN[name]: kind}))
    said = [shown.summary(), repr(shown), *(c.label for c in shown.courses)]
    said += [text.get_text() for text in shown.plot("alc", "il6").findobj(lambda a: _is_text(a))]
    words = " ".join(said).lower()
    for secret in ("dexamethasone", "steroid", "tocilizumab", "anakinra", "baricitinib", "died"):
        assert secret not in words
    assert not any(course.treatments for course in shown.courses)


def _is_text(artist):
    return hasattr(artist, "get_text")


def test_the_twin_has_the_same_count_and_other_cells():
    model, case = model_of("lymphopenia"), students.case_of("", "lymphopenia")
    death = model.twin_death(case.patient, None)
    twin = case.patient.but(homing_max=model.STAYS, lymphocyte_death=death).run()
    own = case.patient.run()
    assert twin["alc"].min() == pytest.approx(own["alc"].min(), rel=1e-3)
    assert twin["cd4_pool"].min() < 0.7 * own["cd4_pool"].min()


def test_what_the_answer_says_of_the_twin_is_so():
    model, case = model_of("lymphopenia"), students.case_of("", "lymphopenia")
    gaps = model.twin_differences(case)
    assert 0 < max(gaps["crp"], gaps["d_dimer"]) < min(model.TELLS, gaps["lesion"])
    assert gaps["killing"] < 0 < min(gaps["il7"], gaps["pd1"])


@pytest.mark.parametrize("cause", ["moved", "died", "steroid"])
def test_the_count_of_patient_x_is_lowest_when_the_answers_say(cause):
    count, _ = (course["alc"] for course in model_of("lymphopenia").x_and_ana(cause, None).courses)
    if cause == "steroid":  # it had begun to recover, then turns down once more
        assert count.loc[8] > 1.1 * count.loc[:8].min()
        assert 14 < count.idxmin() <= 21
    else:
        assert 8 < count.idxmin() < 12


def test_in_the_first_two_weeks_fast_antibody_is_nearly_all():
    case = students.case_of("", "extrafollicular")
    assert float(model_of("extrafollicular").fast_share(case).facts["early"]) > 90


def test_a_patient_without_a_twin_is_unsuitable():
    case = students.case_of("", "lymphopenia")
    alone = Case(case.patient.but(homing_max=0.9, lymphocyte_death=0.9), case.given)
    assert any("q3" in why for why in model_of("lymphopenia").unsuitable(alone))


def test_two_peaks_of_the_same_height_are_too_near():
    import pandas as pd

    model = model_of("storm")
    days = [0.0, 1.0, 2.0, 3.0, 4.0]
    assert model.width_of_peak(pd.Series([1, 9, 3, 9.001, 1], days)) == 2
    assert model.width_of_peak(pd.Series([1, 8, 3, 9, 1], days)) == 0


def test_a_limit_that_a_start_day_meets_exactly_is_unsuitable():
    model = model_of("storm")
    share = 100 * model.left(case_with("storm"), 9)
    assert any("q3" in why for why in model.unsuitable(case_with("storm", limit=share + 0.1)))
    assert not model.unsuitable(case_with("storm"))


@pytest.mark.slow
@pytest.mark.parametrize("night", load_exercise("ward")["given"]["night"])
def test_every_night_ward_has_two_beds_whose_sheets_tell(night):
    """No patient is turned down for question 4, as it is not about the patient."""
    model, picks = model_of("ward"), load_exercise("ward")["given"]["pick"]
    assert len(model._clear_beds(night)) >= len(picks)
    told = {model._bed_x(case_with("ward", night=night, pick=pick)) for pick in picks}
    assert len(told) == len(picks)
    choice = next(q for q in load_exercise("ward")["questions"] if q["id"] == "q4")
    for pick in picks:
        assert expected_for("ward", choice, case_with("ward", night=night, pick=pick)).value


@pytest.mark.parametrize("name", exercise_ids())
def test_the_first_reason_ends_the_search(name):
    """Of sixty codes some are turned down, each for one reason that names its question."""
    found = (students.code_problems(f"turned down {n}", name) for n in range(60))
    refused = next((reasons for reasons in found if reasons), ["q0: nobody is turned down"])
    assert len(refused) == 1
    assert refused[0].partition(":")[0] in {q["id"] for q in load_exercise(name)["questions"]}
