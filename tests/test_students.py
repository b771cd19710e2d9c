"""Codes of students and the patients that follow from them."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from cytolearn.grading import students
from cytolearn.lessons.exercises import exercise_ids, load_exercise, model_of

NAME = "interferon"  # where one assignment stands for all

every_assignment = pytest.mark.parametrize("name", exercise_ids())


def test_a_code_depends_on_secret_and_student_and_on_nothing_else():
    one = students.student_code("s", "ada", [])
    assert one == students.student_code("s", " ada ", [])
    others = {students.student_code(s, w, []) for s in ("s", "t") for w in ("ada", "bob", "eve")}
    assert len(others) == 6
    assert one in others


def test_codes_never_change():
    """A course hands its codes out once; a new version of the package must make the same ones."""
    assert students.student_code("s", "ada", []) == "n2fzb6ku"
    assert students.PRACTICE_CODE == "4te5ksjz"


@pytest.mark.parametrize(("secret", "student"), [("", "ada"), ("s", ""), ("s", "  ")])
def test_no_code_without_a_secret_and_a_student(secret, student):
    with pytest.raises(ValueError, match="one of them is empty"):
        students.student_code(secret, student, [])


def test_two_thousand_students_get_two_thousand_codes():
    codes = {students.student_code("s", str(n), []) for n in range(2_000)}
    assert len(codes) == 2_000
    assert {len(code) for code in codes} == {students.LENGTH}


def test_a_mistyped_code_is_noticed():
    code = students.student_code("s", "ada", [])
    assert students.read_code(f" {code[:4].upper()}-{code[4:]} ") == code
    assert students.read_code("") == students.read_code(" - ") == ""
    wrong = [
        code[:k] + x + code[k + 1 :] for k in range(8) for x in students.LETTERS if x != code[k]
    ]
    pairs = [(k, code[k], code[k + 1]) for k in range(7)]
    wrong += [code[:k] + b + a + code[k + 2 :] for k, a, b in pairs if a != b]
    for text in [*wrong, code[:-1], code + "2", "o" * 8, None, 12345678]:
        with pytest.raises(ValueError, match="code"):
            students.read_code(text)


def test_of_something_long_only_the_beginning_is_shown():
    with pytest.raises(ValueError, match=f"the code '{'x' * 40}', which has a mistake"):
        students.read_code("x" * 500)


@every_assignment
def test_constants_stay_within_the_stated_ranges(name):
    spec = load_exercise(name)
    for n in range(300):
        case = students.case_of(students.student_code("s", str(n), []), name)
        for symbol, (low, high, decimals) in spec["patient"]["ranges"].items():
            value = case.value(symbol)
            assert low <= value <= high
            assert value == round(value, int(decimals))
        assert all(case.given[key] in choices for key, choices in spec["given"].items())


@every_assignment
def test_students_are_spread_over_the_ranges_and_choices(name):
    spec = load_exercise(name)
    cases = [students.case_of(students.student_code("s", str(n), []), name) for n in range(300)]
    for symbol, (low, high, decimals) in spec["patient"]["ranges"].items():
        places = [(case.value(symbol) - low) / (high - low) for case in cases]
        step = 10**-decimals / (high - low)
        quarters = np.histogram(places, bins=[0, 0.25, 0.5, 0.75, 1])[0]
        assert quarters.min() > 300 * (0.15 - step), symbol
    for key, choices in spec["given"].items():
        assert {case.given[key] for case in cases} == set(choices)


def test_what_is_drawn_follows_from_the_code_by_a_hash():
    """Written down here once more, so that no release moves the patients of a running course."""
    code, spec = students.PRACTICE_CODE, load_exercise(NAME)
    case = students.case_of("", NAME)
    for symbol, (low, high, decimals) in spec["patient"]["ranges"].items():
        digest = hashlib.sha256(f"{code}\n{NAME}\n{symbol}".encode()).hexdigest()
        share = int(digest[:12], 16) / 16**12
        assert case.value(symbol) == round(low + (high - low) * share, int(decimals))


def test_an_unsuitable_patient_is_passed_over(monkeypatch):
    first = students.student_code("s", "ada", [])
    refused = students.case_of(first, NAME)
    monkeypatch.setattr(
        model_of(NAME), "unsuitable", lambda case: ["a tie"] * (case.patient == refused.patient)
    )
    assert students.student_code("s", "ada", [NAME]) != first
    monkeypatch.setattr(model_of(NAME), "unsuitable", lambda case: ["a tie"])
    with pytest.raises(ValueError, match="No suitable patient"):
        students.student_code("s", "ada", [NAME])


def test_the_practice_patient_is_found_as_every_student_s():
    found = students.student_code("practice", "practice", exercise_ids())
    assert found == students.PRACTICE_CODE
