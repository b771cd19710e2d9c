"""The trusted side of marking, without a room: what is read, judged, noted and added up."""

from __future__ import annotations

import inspect
import json

import pytest
from submissions.bank import ALL, CODE, FRIEND, NAME, POINTS, answers, notebook

from cytolearn.grading import marking, students, workbook
from cytolearn.grading.course import LOCKED
from cytolearn.grading.marking import fingerprint, judged, mark, read_cells
from cytolearn.grading.sandbox import HandedBack
from cytolearn.lessons import exercises
from cytolearn.lessons.exercises import Case, load_exercise

QUESTIONS = {question["id"]: question for question in load_exercise(NAME)["questions"]}
(BY_HAND,) = [key for key, question in QUESTIONS.items() if question["kind"] == "text"]


def by_id(given: dict) -> dict[str, dict]:
    return {entry["id"]: entry for entry in judged(NAME, CODE, given)}


# --- reading


def page(*cells: dict) -> bytes:
    return json.dumps({"cells": list(cells)}).encode()


def code_cell(source) -> dict:
    return {"cell_type": "code", "source": source}


def test_code_cells_are_read_in_order_and_nothing_else_is():
    cells = [
        code_cell("a = 1"),
        {"cell_type": "markdown", "source": "text"},
        code_cell(["b = 2\n", "c = 3"]),
        code_cell("  \n"),
    ]
    assert read_cells(page(*cells)) == ["a = 1", "b = 2\nc = 3"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_careless_editors_are_forgiven(encoding):
    text = json.dumps({"cells": [code_cell("name = 'Zoë'")]}, ensure_ascii=False)
    assert read_cells(text.encode(encoding)) == ["name = 'Zoë'"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "The file is empty or damaged."),
        (b"not JSON", "not a Jupyter notebook"),
        (b"[]", "not a Jupyter notebook"),
        (b'{"cells": 5}', "not a Jupyter notebook"),
        (b'{"cells": ["x"]}', "not a Jupyter notebook"),
        (b'{"cells": [{"cell_type": "code"}]}', "not a Jupyter notebook"),
        (b'{"cells": [{"cell_type": "code", "source": 5}]}', "not a Jupyter notebook"),
        (b"[" * 100_000, "not a Jupyter notebook"),
        (LOCKED + b"\x08", "a zip file that is locked with a password, not .* and without a"),
        (b"PK\x03\x04\x14\x00\x00\x00\x08" + 21 * b"." + b"a.ipynb", "is a zip file, not"),
        (b"PK\x03\x04\x14\x00\x06\x00\x08" + 21 * b"." + b"[Content_Types].xml", "an Office"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document, old or locked with a password"),
        (b"%PDF-1.7", "a PDF, not"),
        (b"\n<!DOCTYPE html>", "a web page, not"),
    ],
)
def test_what_is_no_notebook_is_refused_with_a_reason(content, why):
    with pytest.raises(ValueError, match=why):
        read_cells(content)


def test_limits_of_size_end_where_they_say(monkeypatch):
    monkeypatch.setattr(marking, "MOST_CELLS", 2)
    monkeypatch.setattr(marking, "LONGEST_CELL", 5)
    assert read_cells(page(*2 * [code_cell("12345")])) == ["12345", "12345"]
    with pytest.raises(ValueError, match="3 code cells; at most 2"):
        read_cells(page(*3 * [code_cell("1")]))
    with pytest.raises(ValueError, match="more than 5 letters"):
        read_cells(page(code_cell("123456")))
    content = page(code_cell("1"))
    monkeypatch.setattr(marking, "MOST_BYTES", len(content))
    assert read_cells(content) == ["1"]
    monkeypatch.setattr(marking, "MOST_BYTES", len(content) - 1)
    with pytest.raises(ValueError, match="more than 0 MB"):
        read_cells(content)


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(marking, "MOST_BYTES", 10)
    path = tmp_path / "a.ipynb"
    path.write_bytes(b"x" * 1000)
    assert marking.read_content(path) == b"x" * 11


def test_what_cannot_be_read_is_marked_with_nothing_and_a_reason(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_bytes(b"not JSON")
    result = mark(path, NAME, "ada", CODE)
    assert (result["status"], result["points"]) == ("unreadable", 0)
    assert result["notes"] == ["The file is not a Jupyter notebook, or it is damaged."]
    missing = mark(tmp_path / "b.ipynb", NAME, "ada", CODE)
    assert missing["notes"] == ["The file cannot be opened."]
    assert [entry["id"] for entry in missing["questions"]] == list(QUESTIONS)
    assert (missing["assignment"], missing["student"]) == (NAME, "ada")


# --- judging


def test_right_answers_earn_all_points_and_the_text_is_read_by_hand():
    marks = by_id({**answers(), BY_HAND: "Because interferon came late."})
    assert {key: marks[key]["points"] for key in POINTS} == POINTS
    assert all(marks[key]["outcome"] == "right" for key in POINTS)
    assert sum(entry["points"] for entry in marks.values()) == ALL
    by_hand = marks[BY_HAND]
    assert (by_hand["outcome"], by_hand["points"]) == ("by hand", 0)
    assert by_hand["answer"] == "Because interferon came late."
    assert by_hand["words"] == "Read by your instructor."
    assert by_hand["possible"] == QUESTIONS[BY_HAND]["points"]


def test_a_friends_answers_are_judged_by_ones_own_patient():
    theirs = by_id(answers(FRIEND))
    assert sum(entry["points"] for entry in theirs.values()) < ALL / 2


def test_no_answer_earns_nothing():
    for given in ({}, dict.fromkeys(QUESTIONS), {BY_HAND: "  "}, {BY_HAND: 5}):
        marks = by_id(given)
        assert all(entry["outcome"] == "unanswered" for entry in marks.values())
        assert all(entry["points"] == 0 for entry in marks.values())
        assert marks[BY_HAND]["words"] == "Not answered."
        assert marks[BY_HAND]["answer"] == ""


def test_a_slip_earns_a_part_and_is_named():
    key = next(key for key, question in QUESTIONS.items() if question.get("partial"))
    slip, part = next(iter(QUESTIONS[key]["partial"].items()))
    wrong = marking.expected_for(NAME, QUESTIONS[key], marking.case_of(CODE, NAME)).mistakes[slip]
    entry = by_id({key: wrong})[key]
    assert (entry["outcome"], entry["points"], entry["mistake"]) == ("partly right", part, slip)
    assert 0 < part < QUESTIONS[key]["points"]
    assert "<" not in entry["words"]


def test_what_could_not_be_handed_back_is_told_by_size_or_kind():
    marks = by_id({"q1": {"size": 46}, "q2": {"kind": "Course"}, "q3": {}, "q4": {"kind": "\0"}})
    assert marks["q1"]["outcome"] == "unreadable"
    assert "46 values" in marks["q1"]["words"]
    assert "an object of kind Course" in marks["q2"]["words"]
    assert "an object of kind None" in marks["q3"]["words"]
    assert "an object of kind object" in marks["q4"]["words"]
    assert not any(entry["points"] for entry in marks.values())


# --- notes for the instructor


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Mark a notebook whose run hands back what the test says, and return the notes."""

    def notes(back: HandedBack, *cells: str) -> list[str]:
        monkeypatch.setattr(marking, "run_cells", lambda *args, **options: back)
        path = tmp_path / "a.ipynb"
        path.write_bytes(notebook(list(cells) or ["1"]))
        result = mark(path, NAME, "ada", CODE)
        assert result["status"] == back.status
        return result["notes"]

    return notes


def test_whose_code_a_notebook_used_is_noted(told):
    assert told(HandedBack("complete", code=CODE)) == []
    assert told(HandedBack("complete", code=None)) == []
    assert "public practice patient" in told(HandedBack("complete", code=""))[0]
    assert "another code" in told(HandedBack("complete", code=FRIEND))[0]


def test_cells_are_counted_from_one_and_named_in_order(told):
    back = HandedBack("time out", code=CODE, errors={3: "late", 0: "first"}, skipped=(2, 6))
    assert told(back) == [
        "Left out because they ended the run: code cell 3, 7.",
        "Code cell 1: first",
        "Code cell 4: late",
    ]


def test_notes_are_few_enough_to_be_read(told):
    back = HandedBack("complete", code=CODE, errors=dict.fromkeys(range(30), "x"))
    assert len(told(back)) == 20


def test_looking_up_the_packages_own_answers_is_noted_where_it_first_happens(told):
    cells = [
        "x = 1",
        "expected_for(1); expected_for(2)",
        "from m import exercise_checks",
        "work._case",
    ]
    notes = told(HandedBack("complete", code=CODE), *cells, "expected_for", "my_case_of_flu = 1")
    assert [note.split(",")[0] for note in notes] == [
        "Code cell 2 names expected_for",
        "Code cell 3 names exercise_checks",
        "Code cell 4 names _case",
    ]


def test_whatever_gives_answers_away_is_looked_for():
    """Functions of the package that return answers or whose they are, and what holds the latter."""
    functions = {
        key: thing
        for module in (exercises, students, marking, workbook)
        for key, thing in vars(module).items()
        if inspect.isfunction(inspect.unwrap(thing)) and thing.__module__ == module.__name__
    }
    returned = {key: thing.__annotations__.get("return") for key, thing in functions.items()}
    telling = {key for key, kind in returned.items() if kind in ("Case", "Expected")}
    telling |= {key for key, held in vars(workbook.assignment(NAME)).items() if type(held) is Case}
    module = exercises.model_of(NAME).__name__.rpartition(".")[2]
    assert {"case_of", "expected_for", "_case", "exercise_checks"} <= {*telling, module}
    assert {*telling, module, exercises.model_of.__name__} <= set(marking.LOOKED_UP)


@pytest.mark.parametrize("name", exercises.exercise_ids())
def test_what_was_handed_out_and_the_worked_answers_look_nothing_up(name):
    cells = [c.text for c in exercises.exercise_cells(name) if c.kind == "code"]
    assert marking._looks_up(cells, name) == []


def test_admitting_another_ward_than_ones_own_is_noted():
    handed_out = [c.text for c in exercises.exercise_cells("ward") if "admit(" in c.text]
    assert handed_out
    (note,) = marking._looks_up([*handed_out, 'q4 = admit("night 101")[0].kind'], "ward")
    assert note.startswith(f"Code cell {len(handed_out) + 1} names admit,")


def test_an_answer_is_worked_out_once_for_marks_and_report(monkeypatch):
    asked = []
    real = marking.expected_for
    monkeypatch.setattr(
        marking, "expected_for", lambda name, q, case: asked.append(q["id"]) or real(name, q, case)
    )
    marking.known_answer.cache_clear()
    first, again = by_id(answers()), by_id(answers())
    assert first == again
    assert asked == list(POINTS)


# --- when to mark again


def test_a_fingerprint_changes_with_file_assignment_code_and_questions(tmp_path, monkeypatch):
    path = tmp_path / "a.ipynb"
    path.write_bytes(b"1")
    first = fingerprint(path, NAME, CODE)
    assert first == fingerprint(path, NAME, CODE)
    others = {fingerprint(path, NAME, FRIEND)}
    path.write_bytes(b"2")
    others.add(fingerprint(path, NAME, CODE))
    path.write_bytes(b"1")
    questions = [{**question, "points": 1} for question in QUESTIONS.values()]
    monkeypatch.setattr(marking, "load_exercise", lambda name: {"questions": questions})
    others.add(fingerprint(path, NAME, CODE))
    assert len(others | {first}) == 4


@pytest.mark.parametrize("part", ["model_fingerprint", "read_text"])
def test_a_fingerprint_changes_with_the_model_and_the_checks(tmp_path, monkeypatch, part):
    path = tmp_path / "a.ipynb"
    path.write_bytes(b"1")
    before = fingerprint(path, NAME, CODE)
    monkeypatch.setattr(marking, part, lambda *_: "other numbers, other marks")
    assert fingerprint(path, NAME, CODE) != before
