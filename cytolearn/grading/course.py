"""An instructor's week: hand out, collect, mark, export. Plain files in one course folder.

::

    course.json              assignments with their due dates
    secret.txt               of the course; keep it to yourself and keep a copy
    codes.csv                student, name, code: one line each, to be handed out
    release/NAME.ipynb       what students get
    submitted/NAME/          one notebook a student, as collected; collected.json says from where
    results/NAME/ID.json     what marking found
    feedback/NAME/ID.html    for the student
    by_hand/NAME.csv         points for the free text: fill in the last column
    export/NAME.*            tables for the learning platform
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import secrets
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from cytolearn.grading.marking import MOST_BYTES, mark
from cytolearn.grading.students import student_code
from cytolearn.lessons.exercises import exercise_ids, load_exercise
from cytolearn.wording import listing, unknown

Row = dict[str, Any]
Say = Callable[[str], None]
#: How Canvas ("lovelaceada_LATE_98123_556677_name-2.ipynb") and Moodle
#: ("Ada Lovelace_4711_assignsubmission_file_name.ipynb") name what was handed in.
CANVAS = re.compile(r"^(?P<who>[^_/]+)_(?P<late>LATE_)?(?P<id>\d+)_\d+_.*\.ipynb$")
MOODLE = re.compile(r"^(?P<who>[^_/]+)_(?P<id>\d+)_assignsubmission_file_?/?.*\.ipynb$")


# ---------------------------------------------------------------- assign
def assign(
    folder: Path, names: Sequence[str], roster: Path, due: str, source: Path, *, dry_run: bool
) -> list[str]:
    """Make a course folder, or add assignments and students to one.

    Parameters
    ----------
    folder : Path
    names : sequence of str
        Ids of assignments.
    roster : Path
        CSV with a column "student" (an id without spaces) and, optionally, "name" and "lms" (the
        number of the student in the learning platform).
    due : str
        ISO date or date and time; "" for none.
    source : Path
        The folder exercises/ of the package.
    dry_run : bool
        Say what would be done and do nothing.

    Returns
    -------
    list of str
        What was done.

    Raises
    ------
    ValueError
        Unknown assignment, unreadable roster or date.
    """
    for name in names:
        if name not in exercise_ids():
            raise ValueError(unknown("assignment", name, exercise_ids()))
    try:
        due = datetime.fromisoformat(due).isoformat(timespec="minutes") if due else ""
    except ValueError:
        raise ValueError(f"The due date is written 2026-12-01T23:59; you gave '{due}'.") from None
    students = _roster(roster)
    course = json.loads(_text(folder / "course.json") or '{"assignments": {}}')
    course["assignments"] |= {name: {"due": due} for name in names}
    known = {row["student"]: row for row in _rows(folder / "codes.csv")}
    secret = _text(folder / "secret.txt").strip() or secrets.token_hex(16)
    new = [row for row in students if row["student"] not in known]
    said = [
        f"{len(students)} students in the roster, {len(new)} of them new",
        *(f"{name}: due {due or 'at no fixed time'}" for name in names),
    ]
    if dry_run:
        return said
    (folder / "release").mkdir(parents=True, exist_ok=True)
    for row in new:
        known[row["student"]] = {**row, "code": student_code(secret, row["student"], names)}
    for name in names:
        shutil.copyfile(source / name / f"{name}.ipynb", folder / "release" / f"{name}.ipynb")
    _write(folder / "secret.txt", secret + "\n", private=True)
    _write(folder / "codes.csv", _csv(list(known.values())), private=True)
    _write(folder / "course.json", json.dumps(course, indent=1) + "\n")
    return [*said, f"Hand out: {folder / 'release'}; to each student the own line of codes.csv"]


def _roster(path: Path) -> list[Row]:
    rows = _rows(path)
    ids = [str(row.get("student") or "").strip() for row in rows]
    if not rows or not all(re.fullmatch(r"[\w.@+-]{1,80}", name) for name in ids):
        raise ValueError(
            f"'{path}' needs a first line with a column 'student' and in every line an id of "
            "letters, digits and . _ - @ + (columns 'name' and 'lms' are optional)."
        )
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise ValueError(f"'{path}' has twice: {listing(twice)}.")
    return [
        {"student": name, "name": row.get("name") or name, "lms": row.get("lms") or ""}
        for name, row in zip(ids, rows)
    ]


# ---------------------------------------------------------------- collect
def collect(folder: Path, name: str, handed_in: Path, *, dry_run: bool) -> list[str]:
    """Take in what students handed in: a zip of Canvas or Moodle, or a folder.

    A file belongs to the student whose id, platform number or name it begins with. Of several the
    last one in the order of names (Canvas numbers them) counts.

    Returns
    -------
    list of str
        How many, and who is missing, late or handed in several; which files are nobody's.

    Raises
    ------
    ValueError
        If the course has no such assignment, or there is nothing to read.
    """
    students = _students(folder, name)
    taken: dict[str, list[tuple[str, bool, bytes]]] = {}
    strangers = []
    for path, late, content in _files(handed_in):
        owner = _owner(path, students)
        if owner:
            taken.setdefault(owner, []).append((path, late, content))
        else:
            strangers.append(path)
    record = {
        student: {"file": files[-1][0], "late": files[-1][1], "files": len(files)}
        for student, files in sorted(taken.items())
    }
    if not dry_run:
        target = folder / "submitted" / name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for student, files in taken.items():
            (target / f"{student}.ipynb").write_bytes(files[-1][2])
        _write(target / "collected.json", json.dumps(record, indent=1) + "\n")
    lists = {
        "missing": [s for s in students if s not in record],
        "late": [s for s, row in record.items() if row["late"]],
        "more than one file": [s for s, row in record.items() if row["files"] > 1],
        "nobody's": strangers,
    }
    found = [f"{len(record)} of {len(students)} students handed in"]
    return found + [f"{words}: {listing(who)}" for words, who in lists.items() if who]


def _files(handed_in: Path) -> Iterator[tuple[str, bool, bytes]]:
    """Yield name, lateness and content of every notebook; never writes what a zip names."""
    if handed_in.is_dir():
        for path in sorted(handed_in.rglob("*.ipynb")):
            with path.open("rb") as stream:  # one byte more, so that marking sees it is too large
                yield _named(path.relative_to(handed_in).as_posix(), stream.read(MOST_BYTES + 1))
        return
    try:
        archive = zipfile.ZipFile(handed_in)
    except (OSError, zipfile.BadZipFile):
        raise ValueError(f"'{handed_in}' is neither a folder nor a zip file.") from None
    with archive:
        for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
            if entry.filename.endswith(".ipynb"):
                try:
                    with archive.open(entry) as stream:
                        content = stream.read(MOST_BYTES + 1)
                except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError):
                    content = b""  # damaged or encrypted: marking calls it unreadable
                yield _named(entry.filename, content)


def _named(path: str, content: bytes) -> tuple[str, bool, bytes]:
    match = CANVAS.match(path.rpartition("/")[2])
    return path, bool(match and match["late"]), content


def _owner(path: str, students: Mapping[str, Row]) -> str:
    """Return whose file it is, or ""."""
    parts = path.split("/")
    match = next((m for p in (path, *parts) for r in (MOODLE, CANVAS) if (m := r.match(p))), None)
    if match:
        who = match["who"].casefold().replace(" ", "")
        by_number = [s for s, row in students.items() if row["lms"] == match["id"]]
        by_name = [
            s
            for s, row in students.items()
            if who in (s.casefold(), *_spellings(row["name"].casefold()))
        ]
        found = by_number or by_name
        return found[0] if len(found) == 1 else ""
    first = parts[0].removesuffix(".ipynb")
    found = [s for s in students if first == s or first.startswith(f"{s}_")]
    return max(found, key=len, default="")


def _spellings(name: str) -> set[str]:
    """Return a name as Moodle ("adalovelace") and Canvas ("lovelaceada") write it in files."""
    words = re.sub(r"[^\w ]", "", name).split()
    return {"".join(words), "".join([*words[-1:], *words[:-1]])}


# ---------------------------------------------------------------- grade
def grade(
    folder: Path, name: str, *, jobs: int, again: bool, dry_run: bool, say: Say, **room: Any
) -> list[Row]:
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
    **room
        For `mark`.

    Returns
    -------
    list of dict
        The results of all students, in the order of the roster.

    Raises
    ------
    ValueError
        If the course has no such assignment, or nothing was collected.
    """
    from cytolearn.grading.report import class_report, feedback

    students = _students(folder, name)
    submitted = folder / "submitted" / name
    if not (submitted / "collected.json").is_file():
        raise ValueError(f"Nothing was collected for '{name}' yet: run `cytolearn collect` first.")
    todo = []
    for student in students:
        path, result = submitted / f"{student}.ipynb", _result_file(folder, name, student)
        stale = again or not result.is_file() or result.stat().st_mtime < path.stat().st_mtime
        if path.is_file() and stale:
            todo.append((student, path))
    say(f"{len(todo)} to mark")
    if dry_run:
        return []

    def one(task: tuple[str, Path]) -> str:
        student, path = task
        code = students[student]["code"]
        result = mark(path, name, student, code, hidden=[folder], **room)
        _write(_result_file(folder, name, student), json.dumps(result, indent=1) + "\n")
        return f"{student}: {result['points']} points, {result['status']}"

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        for number, line in enumerate(pool.map(one, todo), start=1):
            say(f"{number}/{len(todo)}  {line}")
    results = read_results(folder, name)
    for result in results:
        page = folder / "feedback" / name / f"{result['student']}.html"
        _write(page, feedback(result, load_exercise(name)))
    _write(folder / "report" / f"{name}.html", class_report(results, students, name))
    _write_by_hand(folder, name, results)
    return results


def read_results(folder: Path, name: str) -> list[Row]:
    """Return what was marked, with the points given by hand, in the order of the roster."""
    given = {row["student"]: row["points"].strip() for row in _rows(_by_hand(folder, name))}
    out = []
    for student in _students(folder, name):
        text = _text(_result_file(folder, name, student))
        if text and (folder / "submitted" / name / f"{student}.ipynb").is_file():
            result = json.loads(text)
            result["by_hand"] = _points(given.get(student, ""), student)
            out.append(result)
    return out


def _points(text: str, student: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        raise ValueError(f"by_hand: the points of '{student}' are no number: '{text}'.") from None


def _by_hand(folder: Path, name: str) -> Path:
    return folder / "by_hand" / f"{name}.csv"


def _write_by_hand(folder: Path, name: str, results: Sequence[Row]) -> None:
    """Write the free texts to be read; points that are there already are kept."""
    texts = {q["id"]: q for q in load_exercise(name)["questions"] if q["kind"] == "text"}
    rows = []
    for result in results:
        for entry in result["questions"]:
            if entry["id"] in texts:
                points = "" if result["by_hand"] is None else f"{result['by_hand']:g}"
                answer = _harmless(entry["answer"])
                rows.append({"student": result["student"], "text": answer, "points": points})
    if rows:
        _write(_by_hand(folder, name), _csv(rows))


# ---------------------------------------------------------------- export
def export(folder: Path, name: str, *, canvas: Path | None, dry_run: bool) -> list[str]:
    """Write the points for learning platforms: plain CSV, JSON, Moodle CSV, Canvas gradebook.

    Parameters
    ----------
    folder : Path
    name : str
        Id of the assignment.
    canvas : Path, optional
        A gradebook that was exported from Canvas; its column that begins with the assignment's
        name is filled in, by "SIS User ID", "SIS Login ID" or "ID".
    dry_run : bool
        Only say what would be written.

    Raises
    ------
    ValueError
        If nothing was marked, or the gradebook has no such column.
    """
    students, results = _students(folder, name), read_results(folder, name)
    if not results:
        raise ValueError(f"Nothing was marked for '{name}' yet: run `cytolearn grade` first.")
    open_texts = [r["student"] for r in results if r["by_hand"] is None and _has_text(r)]
    totals = {r["student"]: r["points"] + (r["by_hand"] or 0) for r in results}
    rows = [
        {
            "student": r["student"],
            "name": students[r["student"]]["name"],
            "status": r["status"],
            **{q["id"]: q["points"] for q in r["questions"] if q["outcome"] != "by hand"},
            "by_hand": "" if r["by_hand"] is None else r["by_hand"],
            "total": totals[r["student"]],
        }
        for r in results
    ]
    moodle = [{"idnumber": s, name: f"{points:g}"} for s, points in totals.items()]
    files = {
        f"{name}.csv": _csv(rows),
        f"{name}.json": json.dumps(results, indent=1) + "\n",
        f"{name}-moodle.csv": _csv(moodle),
    }
    if canvas:
        files[f"{name}-canvas.csv"] = _canvas(canvas, name, students, totals)
    if not dry_run:
        for file, text in files.items():
            _write(folder / "export" / file, text)
    said = [f"{folder / 'export' / file}" for file in files]
    if open_texts:
        said.append(f"without points by hand yet: {listing(open_texts)}")
    return said


def _has_text(result: Row) -> bool:
    return any(entry["outcome"] == "by hand" for entry in result["questions"])


def _canvas(path: Path, name: str, students: Mapping[str, Row], totals: Mapping[str, float]) -> str:
    rows = _rows(path)
    columns = list(rows[0]) if rows else []
    column = next((c for c in columns if c.casefold().startswith(name.casefold())), None)
    if column is None:
        raise ValueError(f"'{path}' has no column that begins with '{name}'. Export it again.")
    for row in rows:
        ids = {str(row.get(key) or "") for key in ("SIS User ID", "SIS Login ID", "ID")}
        who = [s for s in totals if s in ids or (students[s]["lms"] and students[s]["lms"] in ids)]
        if len(who) == 1:
            row[column] = f"{totals[who[0]]:g}"
    return _csv(rows)


# ---------------------------------------------------------------- files
def _students(folder: Path, name: str) -> dict[str, Row]:
    course = json.loads(_text(folder / "course.json") or "{}")
    known = course.get("assignments", {})
    if name not in known:
        raise ValueError(
            unknown("assignment of this course", name, known)
            if known
            else f"'{folder}' is no course folder yet: run `cytolearn assign` first."
        )
    return {row["student"]: row for row in _rows(folder / "codes.csv")}


def _result_file(folder: Path, name: str, student: str) -> Path:
    return folder / "results" / name / f"{student}.json"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig") if path.is_file() else ""


def _rows(path: Path) -> list[Row]:
    return list(csv.DictReader(io.StringIO(_text(path))))


def _csv(rows: Sequence[Row]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _harmless(text: str) -> str:
    """Keep a spreadsheet from taking a student's text for a formula."""
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@") else text


def _write(path: Path, text: str, *, private: bool = False) -> None:
    """Write a file whole or not at all; a private one for its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o644)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)
    os.replace(new, path)
