"""Mark a class: each notebook in a closed room, several at a time; go on where it stopped."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cytolearn.grading.course import (
    Row,
    Say,
    possible,
    read_assignment,
    read_rows,
    read_students,
    read_text,
    to_csv,
    write_text,
)
from cytolearn.grading.marking import fingerprint, mark
from cytolearn.grading.report import class_report, feedback
from cytolearn.grading.sandbox import Limits, Room, check_system, has_bubblewrap
from cytolearn.lessons.exercises import load_exercise
from cytolearn.wording import listing

BOM = "\ufeff"


def grade(
    folder: Path,
    name: str,
    *,
    jobs: int = 1,
    again: bool = False,
    dry_run: bool = False,
    say: Say = print,
    limits: Limits | None = None,
    bubblewrap: bool | None = None,
) -> None:
    """Mark what was collected; what was marked already, and has not changed, is left.

    Parameters
    ----------
    folder : Path
    name : str
        Id of the assignment.
    jobs : int
        Submissions at a time.
    again : bool
        Mark unchanged ones, too.
    dry_run : bool
        Only say what would be marked.
    say : callable
        Gets one line at a time about the progress.
    limits, bubblewrap
        See `cytolearn.grading.sandbox.run_cells`.

    Raises
    ------
    ValueError
        If the course has no such assignment, nothing was collected, or a submission could not be
        marked for a reason that is not its own; then all others are marked.
    OSError
        On Windows, where programs cannot be limited.
    """
    check_system()
    students = read_students(folder, name)
    if not (_submitted(folder, name) / "collected.json").is_file():
        raise ValueError(f"Nothing was collected for '{name}' yet: run `cytolearn collect` first.")
    todo = [
        student
        for student, row in students.items()
        if _notebook(folder, name, student).is_file()
        and (again or not _is_current(folder, name, student, row["code"]))
    ]
    say(f"{len(todo)} to mark.")
    if dry_run:
        return

    def one(student: str, room: Room | None) -> str:
        path, code = _notebook(folder, name, student), students[student]["code"]
        key = fingerprint(path, name, code)
        result = mark(
            path, name, student, code, limits=limits, hidden=[folder], bubblewrap=False, room=room
        )
        text = json.dumps({**result, "fingerprint": key}, indent=1) + "\n"
        write_text(_result_file(folder, name, student), text)
        return f"{student}: {result['points']:g} points, {result['status']}"

    wrap = has_bubblewrap() if bubblewrap is None else bubblewrap
    rooms = (lambda: Room([folder], warm=name, limits=limits)) if wrap else contextlib.nullcontext
    failed = _each(todo, one, rooms, jobs, say)
    results = read_results(folder, name)
    content, course = load_exercise(name), read_assignment(folder, name)
    for result in results:
        page = folder / "feedback" / name / f"{result['student']}.html"
        write_text(page, feedback(result, content, course["points"]))
    logbooks = {
        student: json.loads(read_text(_submitted(folder, name) / f"{student}.logbooks.json"))
        for student in students
        if (_submitted(folder, name) / f"{student}.logbooks.json").is_file()
    }
    report = class_report(results, students, name, logbooks=logbooks, course=course)
    write_text(folder / "report" / f"{name}.html", report)
    _write_by_hand(folder, name, results)
    if failed:
        raise ValueError(
            f"Not marked: {listing(failed)}. All others are, and the report is written. Run the "
            "same command again; if it fails again, report what it said above."
        )


def _each(todo: Sequence[str], one: Any, rooms: Any, jobs: int, say: Say) -> list[str]:
    """Call `one` for all, several at a time; return those with whom it failed.

    Each thread has a room of its own for its work.
    """
    workers, failed = max(1, min(jobs, len(todo))), []
    waiting, lock, stop, done = iter(todo), threading.Lock(), threading.Event(), [0]

    def take() -> str | None:
        with lock:
            return None if stop.is_set() else next(waiting, None)

    def work() -> None:
        with rooms() as room:
            while (student := take()) is not None:
                try:
                    line = one(student, room)
                except Exception as problem:  # one student's file must not cost the others
                    failed.append(student)
                    line = f"{student}: not marked, {type(problem).__name__}: {problem}"
                with lock:
                    done[0] += 1
                    say(f"{done[0]}/{len(todo)}  {line}")

    with ThreadPoolExecutor(workers) as pool:
        try:
            for worker in [pool.submit(work) for _ in range(workers)]:
                worker.result()
        finally:
            stop.set()  # after Ctrl-C, what is being marked is finished and no more
    return failed


# ---------------------------------------------------------------- what was found
def read_results(folder: Path, name: str) -> list[Row]:
    """Return what was marked, in the order of the roster.

    Each result of `mark` also says ``late``; ``by_hand``, the points given by hand (None as long
    as some are missing), which each question with a text has, too; ``total`` of both, scaled to
    what the assignment counts in the course; and ``current``: whether it belongs to what was
    handed in last.

    Raises
    ------
    ValueError
        If points given by hand are no number or too many.
    """
    scale = read_assignment(folder, name)["points"] / possible(name)
    texts = {q["id"]: q["points"] for q in load_exercise(name)["questions"] if q["kind"] == "text"}
    given = _given_by_hand(folder, name, texts)
    collected = json.loads(read_text(_submitted(folder, name) / "collected.json") or "{}")
    out = []
    for student, row in read_students(folder, name).items():
        text = read_text(_result_file(folder, name, student))
        if not (text and _notebook(folder, name, student).is_file()):
            continue
        result = json.loads(text)
        texts_of = [entry for entry in result["questions"] if entry["outcome"] == "by hand"]
        points = [given.get((student, entry["id"])) for entry in texts_of]
        for entry, by_hand in zip(texts_of, points):
            entry["by_hand"] = by_hand
        result["by_hand"] = None if None in points else sum(points)
        result["total"] = round(scale * (result["points"] + (result["by_hand"] or 0)), 2)
        result["late"] = collected.get(student, {}).get("late", False)
        result["current"] = _is_current(folder, name, student, row["code"])
        out.append(result)
    return out


def _given_by_hand(
    folder: Path, name: str, texts: Mapping[str, float]
) -> dict[tuple[str, str], float]:
    given = {}
    for row in _rows_by_hand(folder, name):
        text = row["points"].strip().replace(",", ".")
        if text:
            most = texts.get(row["question"], 0)
            try:
                points = float(text)
            except ValueError:
                points = -1.0
            if not 0 <= points <= most:
                raise ValueError(
                    f"by_hand/{name}.csv: the points of '{row['student']}' are a number from 0 to "
                    f"{most:g}; there stands '{row['points']}'."
                )
            given[row["student"], row["question"]] = points
    return given


def _rows_by_hand(folder: Path, name: str) -> list[Row]:
    rows, needed = read_rows(_by_hand(folder, name)), ("student", "question", "points")
    if rows and (lost := [column for column in needed if column not in rows[0]]):
        raise ValueError(
            f"by_hand/{name}.csv has lost its column {listing(lost)}. Put it back, or delete the "
            "file and run `cytolearn grade`, which writes a new one without points."
        )
    return rows


def _write_by_hand(folder: Path, name: str, results: Iterable[Row]) -> None:
    """Write the free texts to be read; points that are there already are kept."""
    path = _by_hand(folder, name)
    given = {
        (row["student"], row["question"]): row["points"] for row in _rows_by_hand(folder, name)
    }
    rows = [
        {
            "student": result["student"],
            "question": entry["id"],
            "text": entry["answer"],
            "points": given.get((result["student"], entry["id"]), ""),
        }
        for result in results
        for entry in result["questions"]
        if entry["outcome"] == "by hand"
    ]
    if rows:
        # Excel takes a table without a mark for one of its own old encodings, and spoils names.
        write_text(path, BOM + to_csv(rows))


def unread(results: Iterable[Row]) -> list[str]:
    """Return the students whose free text has no points yet."""
    return [result["student"] for result in results if result["by_hand"] is None]


def outdated(results: Iterable[Row]) -> str:
    """Say whose results belong to an older file; "" if nobody's do."""
    old = [result["student"] for result in results if not result["current"]]
    words = "Marked before the file, the questions or the model changed (run `cytolearn grade`)"
    return f"{words}: {listing(old)}." if old else ""


def _is_current(folder: Path, name: str, student: str, code: str) -> bool:
    text = read_text(_result_file(folder, name, student))
    key = fingerprint(_notebook(folder, name, student), name, code)
    return bool(text) and json.loads(text).get("fingerprint") == key


def _submitted(folder: Path, name: str) -> Path:
    return folder / "submitted" / name


def _notebook(folder: Path, name: str, student: str) -> Path:
    return _submitted(folder, name) / f"{student}.ipynb"


def _result_file(folder: Path, name: str, student: str) -> Path:
    return folder / "results" / name / f"{student}.json"


def _by_hand(folder: Path, name: str) -> Path:
    return folder / "by_hand" / f"{name}.csv"
