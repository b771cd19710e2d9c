"""The course folder: plain files, read and written in one place. `assign` makes it.

::

    course.json              assignments: when they are due, how many points they count
    secret.txt               of the course; keep it to yourself and keep a copy
    codes.csv                student, name, lms, code: one line each, to be handed out
    release/NAME.ipynb       what students get
    submitted/NAME/          one notebook a student, and a logbook; collected.json says from where
    results/NAME/ID.json     what marking found
    report/NAME.html         the class, for the instructor
    feedback/NAME/ID.html    for the student
    by_hand/NAME.csv         points for the free text: fill in the last column
    export/NAME.*            tables for the learning platform
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import re
import secrets
import shutil
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from cytolearn.grading.students import code_problems, student_code
from cytolearn.lessons.exercises import exercise_ids, load_exercise
from cytolearn.patients.workers import own_processes
from cytolearn.wording import listing, unknown

Row = dict[str, Any]
Say = Callable[[str], None]
FORMULA = tuple("=+-@＝＋－＠")  # what begins one; the wide ones in East Asian spreadsheets
#: How a zip file begins whose first file is locked. It stands for a file that cannot be unpacked.
LOCKED = b"PK\x03\x04\x14\x00\x01\x00"
#: What people hand in or save in place of a notebook or a table, by how it begins.
_KINDS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document, old or locked with a password"),
    (b"%PDF-", "a PDF"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)
_OFFICE = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"mimetype")  # its first part
_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype )?html", re.IGNORECASE)
SERIAL_BELOW = 8  # students for whom starting processes would cost more than it saves


def assign(
    folder: Path,
    names: Sequence[str],
    roster: Path,
    source: Path,
    *,
    due: Sequence[str] = (),
    points: Sequence[str] = (),
    jobs: int = 1,
    dry_run: bool = False,
    say: Say = print,
) -> None:
    """Make a course folder, or add assignments and students to one.

    A student's code suits every assignment of the package, whichever is given out and when. Codes
    that are given out stay. Where a newer version of the package brought an assignment that one
    of them does not suit, the student gets another code for that one assignment.

    Parameters
    ----------
    folder : Path
    names : sequence of str
        Ids of assignments.
    roster : Path
        CSV with a column "student" (an id without spaces) and, optionally, "name" and "lms" (the
        number of the student in the learning platform).
    source : Path
        The folder exercises/ of the package.
    due : sequence of str
        ISO dates or dates and times, by the clock of this computer: "2026-12-01T23:59" for every
        assignment named, or "interferon=2026-12-01" for one. What is not given stays as it is.
    points : sequence of str
        What an assignment counts in the course, such as "10" or "interferon=10". Default: the
        points of its questions.
    jobs : int
        Processes that look for codes.
    dry_run : bool
        Say what would be done and do nothing.
    say : callable
        Gets one line at a time.

    Raises
    ------
    ValueError
        Unknown assignment, unreadable roster, date or number.
    """
    for name in names:
        if name not in exercise_ids():
            raise ValueError(unknown("assignment", name, exercise_ids()))
    dates = _by_assignment(due, names, _date)
    counts = _by_assignment(points, names, _count)
    students = read_roster(roster)
    course = json.loads(read_text(folder / "course.json") or '{"assignments": {}}')
    for name in names:
        new = {"due": dates.get(name)} if name in dates else {}
        new |= {"points": counts[name]} if name in counts else {}
        before = course["assignments"].get(name, {"due": "", "points": possible(name)})
        course["assignments"][name] = before | new
    known = {row["student"]: row for row in read_rows(folder / "codes.csv")}
    fresh = [row for row in students if row["student"] not in known]
    say(f"{len(students)} students in the roster, {len(fresh)} of them new.")
    gone = sorted(set(known) - {row["student"] for row in students})
    if gone:
        say(f"Not in this roster, but kept in the course: {listing(gone)}.")
    for name in names:
        entry = course["assignments"][name]
        when = f"due {entry['due']}" if entry["due"] else "due at no fixed time"
        say(f"{name}: {when}, counts {entry['points']:g} points.")
    if dry_run:
        return
    (folder / "release").mkdir(parents=True, exist_ok=True)
    for row in students:
        old = known.get(row["student"], {"student": row["student"], "name": row["student"]})
        known[row["student"]] = {**old, **{key: text for key, text in row.items() if text}}
    secret = read_text(folder / "secret.txt").strip() or secrets.token_hex(16)
    write_text(folder / "secret.txt", secret + "\n", private=True)
    rows = list(known.values())
    for number, codes in enumerate(_codes(rows, secret, tuple(names), jobs), start=1):
        row = rows[number - 1]
        row.update(codes)
        for column, code in codes.items():
            if column != "code":
                name = column.removeprefix("code_")
                say(f"{row['student']}: for {name} only, the code {code} (column {column}).")
        if number % max(1, len(rows) // 20) == 0 or number == len(rows):
            say(f"{number}/{len(rows)} codes")
    for name in names:
        shutil.copyfile(source / name / f"{name}.ipynb", folder / "release" / f"{name}.ipynb")
    write_text(folder / "codes.csv", to_csv(rows), private=True)
    write_text(folder / "course.json", json.dumps(course, indent=1) + "\n")
    say(f"Hand out: {folder / 'release'}; to each student the own line of codes.csv.")


def _codes(
    rows: Sequence[Row], secret: str, names: tuple[str, ...], jobs: int
) -> Iterator[dict[str, str]]:
    """Yield for each student the columns of codes.csv that are new."""
    find = partial(_code_columns, secret=secret, names=names, package=exercise_ids())
    todo = sum(not row.get("code") for row in rows)
    pool = own_processes(jobs) if jobs > 1 and todo >= SERIAL_BELOW else None
    if pool is None:
        yield from map(find, rows)
        return
    with pool:
        yield from pool.map(find, rows)


def _code_columns(
    row: Row, secret: str, names: tuple[str, ...], package: tuple[str, ...]
) -> dict[str, str]:
    if not row.get("code"):
        return {"code": student_code(secret, row["student"], package)}
    return {
        f"code_{name}": student_code(secret, row["student"], package)
        for name in names
        if code_problems(code_for(row, name), name)
    }


def code_for(row: Mapping[str, str], name: str) -> str:
    """Return a student's code for an assignment: the one for all, but for rare exceptions."""
    return row.get(f"code_{name}") or row["code"]


def read_roster(path: Path) -> list[Row]:
    """Return the students of a roster: id, name and number in the learning platform.

    Raises
    ------
    ValueError
        If there is no such file, or it has no usable ids, or an id or a number of the learning
        platform twice.
    """
    if not path.is_file():
        raise ValueError(f"There is no file '{path}': the list of students, a CSV.")
    rows = [{key.casefold(): cell for key, cell in row.items()} for row in read_rows(path)]
    ids = [normal(row.get("student", "")).strip() for row in rows]
    if not rows or not all(re.fullmatch(r"\w[\w.@+-]{0,79}", name) for name in ids):
        raise ValueError(
            f"'{path}' needs a first line with a column 'student' and in every line an id of "
            "letters, digits and . _ - @ + that begins with a letter or digit (columns 'name' "
            "and 'lms' are optional)."
        )
    students = [
        {"student": name, **{key: normal(row.get(key, "")).strip() for key in ("name", "lms")}}
        for name, row in zip(ids, rows)
    ]
    for column, words in (("student", "the id"), ("lms", "the number 'lms'")):
        # some systems take Ada.html and ada.html for one
        seen = Counter(row[column].casefold() for row in students if row[column])
        if twice := sorted({r[column] for r in students if seen[r[column].casefold()] > 1}):
            raise ValueError(f"'{path}' has {words} of a student twice: {listing(twice)}.")
    return students


def normal(text: str) -> str:
    """Return a text in which each letter with an accent is one character, as most write it."""
    return unicodedata.normalize("NFC", text)


def _by_assignment(
    texts: Iterable[str], names: Sequence[str], read: Callable[[str], Any]
) -> dict[str, Any]:
    """Read "VALUE" (for all) and "NAME=VALUE" (for one, which wins)."""
    found: dict[str, Any] = {}
    for text in sorted(texts, key=lambda text: "=" in text):
        name, _, value = text.rpartition("=")
        if name and name not in names:
            raise ValueError(unknown("assignment of this command", name, names))
        found |= dict.fromkeys([name] if name else names, read(value))
    return found


def _date(text: str) -> str:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"A due date is written 2026-12-01T23:59; you gave '{text}'.") from None
    if len(text) <= 10:  # a day alone: until its end
        when = when.replace(hour=23, minute=59)
    return when.isoformat(timespec="minutes")


def _count(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < 1e6:
        raise ValueError(f"The points of an assignment are a number above 0; you gave '{text}'.")
    return number


# ---------------------------------------------------------------- what a course says
def possible(name: str) -> float:
    """Return the points of all questions of an assignment."""
    return sum(question["points"] for question in load_exercise(name)["questions"])


def read_assignment(folder: Path, name: str) -> Row:
    """Return what course.json says of an assignment: "due" and "points".

    Raises
    ------
    ValueError
        If the folder is no course folder, or the course has no such assignment.
    """
    known = json.loads(read_text(folder / "course.json") or "{}").get("assignments", {})
    if name not in known:
        raise ValueError(
            unknown("assignment of this course", name, known)
            if known
            else f"'{folder}' is no course folder yet: run `cytolearn assign` first."
        )
    return {"due": "", "points": possible(name)} | known[name]


def read_students(folder: Path, name: str) -> dict[str, Row]:
    """Return the students of a course, with the "code" that each has for an assignment.

    Raises
    ------
    ValueError
        As `read_assignment` does.
    """
    read_assignment(folder, name)
    rows = read_rows(folder / "codes.csv")
    return {row["student"]: {**row, "code": code_for(row, name)} for row in rows}


# ---------------------------------------------------------------- files
def read_text(path: Path) -> str:
    """Return the text of a file, however a spreadsheet saved it; "" if there is none."""
    return decoded(path.read_bytes()) if path.is_file() else ""


def decoded(content: bytes) -> str:
    """Return the text of a file that may have been saved by a spreadsheet or a careless editor."""
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def foreign(content: bytes) -> str:
    """Say what a file is that is neither a notebook nor a table in text; "" if it may be one.

    Parameters
    ----------
    content : bytes
        Its beginning is enough.

    Examples
    --------
    >>> foreign(b"%PDF-1.7 ..."), foreign(b"student,name,lms")
    ('a PDF', '')
    """
    if content.startswith(LOCKED[:4]):
        if content[6:7] and content[6] & LOCKED[6]:
            return "a zip file that is locked with a password"
        return "an Office document" if content[30:].startswith(_OFFICE) else "a zip file"
    if _PAGE.match(content):
        return "a web page"
    return next((words for begins, words in _KINDS if content.startswith(begins)), "")


def read_table(path: Path) -> tuple[list[list[str]], str]:
    """Return the cells of a table as they stand there, line by line, and what divides them.

    A spreadsheet of another language writes semicolons, and some put a line "sep=;" on top.

    Raises
    ------
    ValueError
        If it is no table.
    """
    content = path.read_bytes() if path.is_file() else b""
    if what := foreign(content):
        raise ValueError(
            f"'{path}' is {what}, and not a table in plain text. Save the table as CSV where it "
            "comes from, such as in the spreadsheet."
        )
    text = decoded(content)
    first, _, rest = text.partition("\n")
    told = re.fullmatch(r"sep=(.)", first.strip())
    text, mark = (rest, told[1]) if told else (text, max(",;\t", key=first.count))
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=mark)), mark
    except csv.Error as problem:
        raise ValueError(f"'{path}' cannot be read as a table: {problem}.") from None


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a table with commas, semicolons or tabs; what made text harmless is gone.

    Raises
    ------
    ValueError
        If a line has more cells than the first one: somebody's comma would move what follows.
    """
    lines = [line for line in read_table(path)[0] if any(cell.strip() for cell in line)]
    if not lines:
        return []
    head = [name.strip() for name in lines[0]]
    rows = []
    for line in lines[1:]:
        if any(cell.strip() for cell in line[len(head) :]):
            raise ValueError(
                f"'{path}': the line that begins with '{line[0][:40]}' has {len(line)} cells, the "
                f"first line {len(head)}. A name with a comma in it needs quotes around it."
            )
        cells = [*map(_as_meant, line), *[""] * (len(head) - len(line))]
        rows.append({key: cell for key, cell in zip(head, cells) if key})
    return rows


def to_csv(rows: Sequence[Mapping[str, Any]], *, columns: Sequence[str] = ()) -> str:
    """Write rows as a table that a spreadsheet takes for text, whatever people have typed.

    Parameters
    ----------
    rows : sequence of mapping
        Not every row needs every column.
    columns : sequence of str
        Default: all, in the order in which they come up.
    """
    out = io.StringIO()
    names = list(columns) or list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(out, names, lineterminator="\n", extrasaction="ignore")
    writer.writerow({name: harmless(name) for name in names})
    writer.writerows({key: harmless(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def harmless(value: Any) -> Any:
    """Keep a spreadsheet from taking somebody's text for a formula."""
    formula = isinstance(value, str) and value.lstrip()[:1] in FORMULA
    return f"'{value}" if formula else value


def _as_meant(value: str) -> str:
    return value[1:] if value[:1] == "'" and harmless(value[1:]) == value else value


def write_text(path: Path, text: str, *, private: bool = False) -> None:
    """Write a file whole or not at all; a private one for its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o644)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)
    os.replace(new, path)
