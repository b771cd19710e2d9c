"""The folder for nbgrader and the checks under its autograder, without nbgrader itself."""

from __future__ import annotations

import json

import pytest

from cytolearn import cli
from cytolearn.grading import assignment
from cytolearn.grading.students import case_of, student_code
from cytolearn.grading.workbook import OWN_CODE
from cytolearn.lessons.exercises import exercise_ids, expected_for, load_exercise

NAME = "interferon"


@pytest.fixture
def course(tmp_path):
    """A course of one student, as `assign` leaves it."""
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "course.json").write_text(json.dumps({"assignments": {NAME: {"due": ""}}}))
    (folder / "codes.csv").write_text(f"student,code\nada,{student_code('n', 'ada', [])}\n")
    return folder


def command(*words):
    return cli.main(["nbgrader", *map(str, words)])


# --- the folder


def test_the_folder_holds_source_configuration_and_submissions(course, capsys):
    taken = course / "submitted" / NAME / "ada.ipynb"
    taken.parent.mkdir(parents=True)
    taken.write_text("as handed in")
    assert command(course) == 0
    home = course / "nbgrader"
    assert (home / "solutions" / NAME / f"{NAME}.ipynb").is_file()
    assert "configure(get_config()" in (home / "nbgrader_config.py").read_text()
    assert (home / "submitted" / "ada" / NAME / f"{NAME}.ipynb").read_text() == "as handed in"
    assert f"generate_assignment {NAME}" in capsys.readouterr().out


def test_what_an_instructor_changed_is_kept(course):
    assert command(course) == 0
    source = course / "nbgrader" / "solutions" / NAME / f"{NAME}.ipynb"
    config = course / "nbgrader" / "nbgrader_config.py"
    for file in (source, config):
        file.write_text("mine")
    assert command(course, NAME) == 0
    assert source.read_text() == config.read_text() == "mine"


def test_a_dry_run_writes_nothing(course):
    assert command(course, "--dry-run") == 0
    assert not (course / "nbgrader").exists()


def test_wrong_folders_and_names_are_explained(course, tmp_path, capsys):
    assert command(tmp_path) == 1
    assert "run `cytolearn assign` first" in capsys.readouterr().err
    assert command(course, "interferonn") == 1
    assert "Did you mean" in capsys.readouterr().err


# --- a check under the autograder


def answer(code, question="q2"):
    spec = next(q for q in load_exercise(NAME)["questions"] if q["id"] == question)
    return expected_for(NAME, spec, case_of(code, NAME))


@pytest.fixture
def autograde(monkeypatch):
    """The environment of nbgrader's kernel while it marks the work of one student."""
    own = student_code("n", "ada", [])
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    monkeypatch.setenv(OWN_CODE, own)
    return own


def test_a_right_answer_is_silent_and_a_wrong_one_says_why(autograde):
    work = assignment(NAME, autograde)
    assert work.check("q2", answer(autograde).value) is None
    with pytest.raises(AssertionError, match="too large"):
        work.check("q2", 1e9)


def test_what_counts_is_the_code_of_the_course(autograde):
    friend = student_code("n", "ben", [])
    work = assignment(NAME, friend)
    with pytest.raises(AssertionError, match="another code than yours"):
        work.check("q2", answer(friend).value)
    assert work.check("q2", answer(autograde).value) is None


def test_an_answer_that_earns_a_part_returns_its_points(autograde):
    found = [
        (name, q["id"], mistake, points)
        for name in exercise_ids()
        for q in load_exercise(name)["questions"]
        for mistake, points in q.get("partial", {}).items()
    ]
    assert found  # some assignment gives part of the points
    name, question, mistake, points = found[0]
    spec = next(q for q in load_exercise(name)["questions"] if q["id"] == question)
    truth = expected_for(name, spec, case_of(autograde, name))
    assert assignment(name, autograde).check(question, truth.mistakes[mistake]) == points
