"""Marking what students hand in: right points for honest, broken and hostile notebooks."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from submissions.attacks import ATTACKS, LOOK
from submissions.bank import (
    ALL,
    BANK,
    CODE,
    FRIEND,
    NAME,
    answers,
    bank,
    code_of,
    notebook,
    right,
    write,
)

from cytolearn.grading import marking, runner, sandbox
from cytolearn.grading.grade import grade
from cytolearn.grading.marking import judged, mark, read_cells
from cytolearn.grading.sandbox import Limits, Room, run_cells
from cytolearn.grading.students import PRACTICE_CODE
from cytolearn.lessons.exercises import exercise_ids, load_exercise

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits need POSIX")
QUICK = Limits(cell=2.5, total=300.0)
# One of each kind; .ci/run runs the whole bank.
FEW = [
    *("perfect", "an array", "cells in reverse", "a loop that swallows everything", "os._exit"),
    *("checks that always say yes", "a patched runner", "8 GB", "many processes"),
]
OTHER = max(exercise_ids(), key=lambda name: len(load_exercise(name)["questions"]))
RUN = [name for name in BANK if BANK[name].status != "unreadable"]


@pytest.fixture(autouse=True)
def tokens(monkeypatch):
    """Note the mark of each run of this test, so that what it left behind can be found."""
    made, token_hex = [], sandbox.secrets.token_hex
    monkeypatch.setattr(
        sandbox.secrets, "token_hex", lambda n: made.append(token_hex(n)) or made[-1]
    )
    yield made
    assert made == [] or not any(map(sandbox._processes_with, made))


def holds(name, folder, bubblewrap):
    wanted = BANK[name]
    path = write(folder, name)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    result = mark(path, NAME, "ada", CODE, limits=QUICK, bubblewrap=bubblewrap)
    assert result["points"] == wanted.points, result
    assert result["status"] == wanted.status, result
    assert wanted.note in " ".join(result["notes"]), result
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    json.dumps(result)


def test_the_bank_is_large_enough():
    assert len(BANK) >= 60


@pytest.mark.parametrize("name", [name for name in BANK if BANK[name].status == "unreadable"])
def test_what_is_no_notebook_gets_no_points_and_a_reason(name, tmp_path):
    holds(name, tmp_path, False)


@pytest.mark.parametrize("name", FEW)
def test_hostile_and_broken_submissions(name, tmp_path):
    holds(name, tmp_path, None)


@pytest.mark.parametrize("name", ["perfect", "os._exit", "an endless loop"])
def test_the_same_without_bubblewrap(name, tmp_path):
    holds(name, tmp_path, False)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN)
def test_the_whole_bank_without_bubblewrap(name, tmp_path):
    holds(name, tmp_path, False)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN)
def test_the_whole_bank_as_safe_as_this_machine_can(name, tmp_path):
    holds(name, tmp_path, None)


@pytest.mark.slow
@pytest.mark.parametrize("name", BANK)
def test_the_bank_handed_in_for_another_assignment(name, tmp_path):
    assert OTHER != NAME
    wanted, path = bank(OTHER)[name], tmp_path / "x.ipynb"
    path.write_bytes(wanted.make())
    result = mark(path, OTHER, "ada", code_of("ada", OTHER), limits=QUICK)
    assert (result["points"], result["status"]) == (wanted.points, wanted.status), result
    assert wanted.note in " ".join(result["notes"]), result


@pytest.mark.slow
def test_the_worked_notebook_gets_full_points(root):
    path = root / "solutions" / NAME / f"{NAME}.ipynb"
    result = mark(path, NAME, "x", PRACTICE_CODE)
    assert result["points"] == ALL
    assert result["status"] == "complete"
    assert result["questions"][-1]["outcome"] == "by hand"
    assert "practice patient" in " ".join(result["notes"])


# --- the room


def test_nothing_outside_the_work_folder_can_be_reached(tmp_path, root):
    if not sandbox.has_bubblewrap():
        assert any("bubblewrap" in text for text in sandbox.missing_protections())
        return
    secret = tmp_path / "secret.txt"
    secret.write_text("hush")
    target = root / "written-by-a-student.txt"
    cells = [
        f"q1 = __import__('os').path.exists({str(secret)!r})",
        f"q2 = __import__('os').path.exists({str(root / 'solutions' / NAME)!r})",
        f"open({str(target)!r}, 'w').write('x')",
        "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1); q3 = 1",
        "open('mine.txt', 'w').write('x'); q4 = 1",
        "q5 = __import__('os').path.exists('../solutions')",
    ]
    back = run_cells(cells, ["q1", "q2", "q3", "q4", "q5"], limits=QUICK, hidden=[tmp_path])
    assert back.answers == {"q1": False, "q2": False, "q3": None, "q4": 1.0, "q5": False}
    assert not target.exists()
    assert "Read-only" in back.errors[2]
    assert secret.read_text() == "hush"


def test_the_room_knows_nothing_of_ours(monkeypatch):
    monkeypatch.setenv("COURSE_TOKEN", "hush")
    back = run_cells(["import os; q1 = ' '.join(os.environ); q2 = os.getcwd()"], ["q1", "q2"])
    assert "COURSE_TOKEN" not in back.answers["q1"]
    assert not Path(back.answers["q2"]).exists()
    assert not sorted(Path.cwd().iterdir())


def test_a_run_that_takes_too_long_is_ended():
    limits = Limits(cell=60, total=4)
    back = run_cells(["q1 = 1", "import time; time.sleep(60)"], ["q1"], limits=limits)
    assert back.status == "time out"


def test_without_limits_nothing_is_run(monkeypatch, tmp_path):
    for attempt in (lambda: run_cells(["1"], []), lambda: grade(tmp_path, NAME)):
        with monkeypatch.context() as patched:
            patched.setattr(sandbox.os, "name", "nt")
            with pytest.raises(OSError, match="Linux or macOS only"):
                attempt()


def test_missing_protections_are_said_plainly(monkeypatch):
    monkeypatch.setattr(sandbox, "has_bubblewrap", lambda: False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    said = " ".join(sandbox.missing_protections())
    assert "Without bubblewrap" in said
    assert "root" in said


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"nothing",
        b'{"cell": 1}',
        b'{"cell": "1", "answers": {}, "errors": {}, "done": true}',
        b'{"cell": 1, "answers": {"a": 1, "b": 2, "c": 3}, "errors": {}, "done": true}',
        b'{"cell": 1, "answers": {}, "errors": {"x": 1}, "done": true}',
        b"[" * 5000,
    ],
)
def test_only_well_formed_lines_are_read(line, tmp_path):
    with (tmp_path / "out").open("w+b") as out:
        good = {"cell": 2, "answers": {"q1": 1}, "errors": {}, "done": True}
        out.write(json.dumps(good).encode() + b"\n" + line + b"\n")
        assert sandbox._last_line(out, 2) == good


# --- one room for many (with bubblewrap)

with_bubblewrap = pytest.mark.skipif(not sandbox.has_bubblewrap(), reason="needs bubblewrap")


@pytest.fixture
def room():
    with Room(limits=QUICK) as room:
        assert run_cells(["q1 = 1"], ["q1"], room=room).answers == {"q1": 1.0}
        yield room


@with_bubblewrap
@pytest.mark.parametrize("name", ATTACKS)
def test_nobody_reaches_the_next_one_in_the_same_room(room, name):
    attack, seen, room_stays = ATTACKS[name]
    before = room._process
    back = run_cells([attack], ["q1"], limits=QUICK, room=room)
    assert seen is None or back.answers["q1"] == seen, back
    assert (room._process is before) == room_stays
    back = run_cells([LOOK, "q1 = 'mine'"], ["q1", "q2", "q3"], limits=QUICK, room=room)
    assert back.status == "complete", back
    assert back.answers == {"q1": "mine", "q2": [], "q3": []}


@with_bubblewrap
def test_a_room_that_breaks_costs_the_next_one_nothing(room):
    before = room._process
    os.killpg(before.pid, signal.SIGKILL)  # as if the system had run out of memory
    back = run_cells(["q1 = 1"], ["q1"], limits=QUICK, room=room)
    assert (back.status, back.answers) == ("complete", {"q1": 1.0})
    assert room._process is not before


@with_bubblewrap
def test_a_notebook_that_switches_its_clock_off_is_ended(room):
    limits = Limits(cell=60, total=3)
    cells = ["q1 = 1", "import signal; signal.setitimer(signal.ITIMER_REAL, 0)\nwhile True: pass"]
    back = run_cells(cells, ["q1"], limits=limits, room=room)
    assert (back.status, back.answers) == ("time out", {"q1": 1.0})


def test_a_server_outside_a_namespace_refuses_to_kill_everybody():
    with pytest.raises(SystemExit, match="disaster"):
        runner.serve(0, [], "", "another namespace")


@pytest.mark.parametrize(
    ("value", "tame"),
    [
        ([[[1]], "x"], ["?", "x"]),
        ({"size": 10**13}, {"kind": "object"}),
        ({"a": {}}, {"kind": "object"}),
        (10**400, float("inf")),
        ("\ud800" + "x" * 9000, "?" + "x" * 4999),
        (["x"] * 99, ["x"] * 50),
    ],
)
def test_whoever_wrote_it_only_plain_values_come_back(value, tame):
    assert sandbox._tame(value) == tame


# --- judging


def test_judging_needs_nothing_but_the_code_and_plain_answers():
    entries = {entry["id"]: entry for entry in judged(NAME, CODE, answers())}
    assert sum(entry["points"] for entry in entries.values()) == ALL
    wrong = {entry["id"]: entry for entry in judged(NAME, CODE, {"q1": answers()["q1"] + 5})}
    assert wrong["q1"]["mistake"] == "since_infection"
    assert wrong["q2"]["outcome"] == "unanswered"
    assert sum(entry["points"] for entry in wrong.values()) == wrong["q1"]["points"] == 1


def test_what_could_not_be_handed_back_is_explained():
    given = {"q1": {"size": 451}, "q2": {"kind": "complex"}, "q3": {"kind": "a\0b"}, "q4": {}}
    entries = {entry["id"]: entry for entry in judged(NAME, CODE, given)}
    assert "451 values" in entries["q1"]["words"]
    assert "complex" in entries["q2"]["words"]
    assert {entries[key]["outcome"] for key in given} == {"unreadable"}


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "large.ipynb"
    with path.open("wb") as stream:
        stream.truncate(200_000_000)
    assert len(marking.read_content(path)) == marking.MOST_BYTES + 1
    result = mark(path, NAME, "ada", CODE)
    assert result["status"] == "unreadable"
    assert "more than 20 MB" in result["notes"][0]


def test_too_many_or_too_long_cells_are_not_run():
    for cells in (["1"] * (marking.MOST_CELLS + 1), ["x" * (marking.LONGEST_CELL + 1)]):
        with pytest.raises(ValueError, match="cell"):
            read_cells(notebook(cells))


def test_marks_are_renewed_when_file_code_or_questions_change(tmp_path, monkeypatch):
    path = tmp_path / "any name.ipynb"
    path.write_bytes(notebook(right()[:1]))
    before = marking.fingerprint(path, NAME, CODE)
    assert before == marking.fingerprint(path, NAME, CODE)
    assert before != marking.fingerprint(path, NAME, FRIEND)
    path.write_bytes(notebook(right()[:2]))
    assert before != marking.fingerprint(path, NAME, CODE)
