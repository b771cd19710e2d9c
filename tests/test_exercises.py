"""Assignments: well-posed for every student, both notebooks from one source, nothing leaked."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest

from cytolearn import Patient
from cytolearn.grading import assignment, students
from cytolearn.lessons.answers import judge
from cytolearn.lessons.exercises import (
    check_exercises,
    exercise_cells,
    exercise_ids,
    exercise_notebook,
    exercise_paths,
    expected_for,
    load_exercise,
    model_of,
)

ROOT = Path(__file__).resolve().parent.parent
NAME = "interferon"


def asked(name):
    """The questions that the model answers."""
    return [q for q in load_exercise(name)["questions"] if q["kind"] != "text"]


def question(name, question_id):
    return next(q for q in load_exercise(name)["questions"] if q["id"] == question_id)


# --- the student's own patient


def test_a_code_depends_on_secret_and_student_and_on_nothing_else():
    one = students.student_code("s", "ada", [])
    assert one == students.student_code("s", " ada ", [])
    others = {students.student_code(s, w, []) for s in ("s", "t") for w in ("ada", "bob", "eve")}
    assert len(others) == 6
    assert one in others


def test_two_thousand_students_get_two_thousand_codes():
    codes = {students.student_code("s", str(n), []) for n in range(2_000)}
    assert len(codes) == 2_000
    assert {len(code) for code in codes} == {students.LENGTH}


def test_a_mistyped_code_is_noticed():
    code = students.student_code("s", "ada", [])
    assert students.read_code(f" {code[:4].upper()}-{code[4:]} ") == code
    assert students.read_code("") == ""
    wrong = [
        code[:k] + x + code[k + 1 :] for k in range(8) for x in students.LETTERS if x != code[k]
    ]
    pairs = [(k, code[k], code[k + 1]) for k in range(7)]
    wrong += [code[:k] + b + a + code[k + 2 :] for k, a, b in pairs if a != b]
    for text in [*wrong, code[:-1], code + "2", "o" * 8, None, 12345678]:
        with pytest.raises(ValueError, match="code"):
            students.read_code(text)


def test_constants_stay_within_the_stated_ranges():
    spec = load_exercise(NAME)
    for n in range(300):
        case = students.case_of(students.student_code("s", str(n), []), NAME)
        for symbol, (low, high, decimals) in spec["patient"]["ranges"].items():
            value = case.patient.traits[symbol]
            assert low <= value <= high
            assert value == round(value, int(decimals))
        assert all(case.given[key] in choices for key, choices in spec["given"].items())


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


def test_a_tie_at_the_limit_is_unsuitable():
    case = students.case_of("", NAME)
    share = model_of(NAME).left(case, 3)
    tied = type(case)(case.patient, {**case.given, "limit": 100 * share + 0.5})
    assert any("q3" in why for why in model_of(NAME).unsuitable(tied))
    assert not model_of(NAME).unsuitable(case)


# --- every question is well-posed


def solve(code, name=NAME, engine=None):
    case = students.case_of(code, name, engine)
    return {q["id"]: expected_for(name, q, case) for q in asked(name)}


def run_worked(code, name=NAME):
    """Run the worked cells as a student would, with a code of one's own; return the answers."""
    space = {}
    for cell in exercise_cells(name):
        if cell.kind == "code" and cell.part in ("code", "worked"):
            lines = [line for line in cell.text.splitlines() if ".plot(" not in line]
            exec("\n".join(lines).replace('code = ""', f"code = {code!r}"), space)
    return {q["id"]: space[q["id"]] for q in asked(name)}


def holds_for(code, name=NAME):
    truth, worked = solve(code, name), run_worked(code, name)
    for spec in asked(name):
        key = spec["id"]
        assert judge(worked[key], truth[key], spec).outcome == "right", (code, key)
        if spec["kind"] == "number":
            assert math.isfinite(truth[key].value), (code, key)


@pytest.mark.parametrize("name", exercise_ids())
def test_the_solution_is_right_for_20_students(name, capsys):
    for n in range(20):
        holds_for(students.student_code("tests", f"student {n}", [name]), name)


@pytest.mark.slow
@pytest.mark.parametrize("name", exercise_ids())
def test_the_solution_is_right_for_100_students_with_both_engines(name, capsys):
    for n in range(100):
        code = students.student_code("slow tests", f"student {n}", [name])
        holds_for(code, name)
        engines_agree(code, name)


def engines_agree(code, name=NAME):
    fast, independent = solve(code, name, "roadrunner"), solve(code, name, "scipy")
    for spec in asked(name):
        key = spec["id"]
        verdict = judge(independent[key].value, fast[key], spec)
        assert verdict.outcome == "right", (code, key, fast[key].value, independent[key].value)


def test_both_engines_agree_on_every_answer():
    for n in range(2):
        engines_agree(students.student_code("tests", f"student {n}", []))


@pytest.mark.parametrize("name", exercise_ids())
def test_kinds_points_and_hints(name):
    questions = load_exercise(name)["questions"]
    assert 6 <= len(questions) <= 10
    assert {"number", "choice", "text"} <= {q["kind"] for q in questions}
    points = sum(q["points"] for q in questions)
    assert 2 * sum(q["points"] for q in questions if q["personal"]) >= points
    assert [q["kind"] for q in questions].count("text") == 1


# --- the check at once


@pytest.fixture
def work():
    return assignment(NAME)


def test_every_recognised_mistake_has_words_and_every_words_a_mistake():
    for key, truth in solve("").items():
        assert set(truth.mistakes) == set(question(NAME, key)["mistakes"]) - (
            {truth.value} if question(NAME, key)["kind"] == "choice" else set()
        )


def test_right_and_wrong_answers_get_a_reason(work):
    for key, truth in solve("").items():
        assert work.check(key, truth.value).text.startswith("Correct.")
        for name, value in truth.mistakes.items():
            verdict = judge(value, truth, question(NAME, key))
            if verdict.outcome == "wrong":
                said = work.check(key, value).text
                assert said.startswith("Not yet. You answered")
                assert "{" not in said
                if name == verdict.mistake:
                    assert len(said) > 60
    assert "too large" in work.check("q2", 1e9).text


@pytest.mark.parametrize(
    "value",
    [None, ..., "", "ten", math.nan, math.inf, 1 + 2j, [1, 2], {}, object(), Patient("mild")],
)
def test_nothing_that_is_given_raises(work, value):
    for spec in load_exercise(NAME)["questions"]:
        assert not work.check(spec["id"], value).text.startswith("Correct")


def test_feedback_to_a_wrong_answer_does_not_hold_the_right_one(work):
    from cytolearn.wording import number

    for key in ("q2", "q4", "q6"):
        truth = solve("")[key]
        for value in [*truth.mistakes.values(), 12345.0]:
            if judge(value, truth, question(NAME, key)).outcome == "wrong":
                said = work.check(key, value).text.partition(". ")[2].partition(". ")[2]
                assert number(truth.value) not in said


def test_hints_open_one_after_the_other(work):
    assert [work.hint("q3").text[:6] for _ in range(4)] == ["Hint 1", "Hint 2", "Hint 3", "Hint 3"]


def test_text_is_stored_with_its_rubric(work):
    said = work.check("q7", "word " * 70).text
    assert "70 words" in said
    assert "1 point" in said
    assert "Aim for" in work.check("q7", "too short").text


def test_unknown_names_are_explained(work):
    with pytest.raises(ValueError, match="Did you mean"):
        assignment("interferonn")
    with pytest.raises(ValueError, match="question"):
        work.check("q77", 1)
    with pytest.raises(ValueError, match="mystery"):
        work.show("unsuitable")


def test_the_card_shows_who_it_is_but_not_what_is_asked(work):
    assert "practice" in repr(work)
    assert "defect" not in work.given
    assert "not_" not in repr(work)
    assert "limit" in work._repr_html_()


def test_nbgrader_marks_by_exceptions(work, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(AssertionError, match="Not yet"):
        work.check("q1", -1)
    work.check("q1", solve("")["q1"].value)


# --- the two notebooks


@pytest.mark.parametrize("name", exercise_ids())
def test_committed_assignments_are_what_their_source_makes(name):
    assert check_exercises(ROOT, [name], run=False) == []


@pytest.fixture
def copy(tmp_path):
    for folder in ("exercises", "solutions"):
        shutil.copytree(ROOT / folder / NAME, tmp_path / folder / NAME)
    return tmp_path


def spoil(copy, change, *, solution=False):
    path = exercise_paths(copy, NAME)[solution]
    page = json.loads(path.read_text(encoding="utf-8"))
    change({c["metadata"]["name"]: c for c in page["cells"]}, page)
    path.write_text(json.dumps(page), encoding="utf-8")
    return " ".join(check_exercises(copy, [NAME], run=False))


def test_a_leaked_solution_is_noticed(copy):
    worked = exercise_notebook(NAME, solution=True)
    line = next(c for c in worked.cells if c.metadata.name == "q3-worked").source.splitlines()[-2]
    assert "leaked" in spoil(copy, lambda cells, _: cells["q1"].update(source=[line]))


@pytest.mark.parametrize(
    ("solution", "change", "words"),
    [
        (False, lambda cells, _: cells["q2"].update(source=["q2 = 1"]), "differs from the source"),
        (False, lambda cells, _: cells["q2-check"]["metadata"].pop("nbgrader"), "differs"),
        (False, lambda _, page: page["cells"].pop(), "cells, its source"),
        (True, lambda cells, _: cells["setup"].update(execution_count=None), "was not run"),
        (True, lambda cells, _: cells["q1-why"].update(source=["So."]), "source differs"),
    ],
)
def test_drift_is_noticed(copy, solution, change, words):
    assert words in spoil(copy, change, solution=solution)


def test_missing_and_broken_files_are_noticed(copy):
    exercise, worked = exercise_paths(copy, NAME)
    exercise.unlink()
    worked.write_text("{", encoding="utf-8")
    said = " ".join(check_exercises(copy, [NAME], run=False))
    assert "is missing" in said
    assert "cannot be read" in said


def test_nbgrader_finds_its_marks():
    for solution in (False, True):
        cells = exercise_notebook(NAME, solution=solution).cells
        marks = [c.metadata.nbgrader for c in cells if "nbgrader" in c.metadata]
        assert len({m.grade_id for m in marks}) == len(marks)
        points = sum(m.get("points", 0) for m in marks)
        assert points == sum(q["points"] for q in load_exercise(NAME)["questions"])
        assert all(m.schema_version == 3 and not (m.grade and not m.points) for m in marks)
