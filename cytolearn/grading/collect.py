"""Take in what students handed in: whose is it, was it late, can it be read?

A learning platform gives all submissions as one zip file; without one, a folder does.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from cytolearn.grading.course import (
    LOCKED,
    Row,
    Say,
    foreign,
    normal,
    read_assignment,
    read_students,
    write_text,
)
from cytolearn.grading.marking import MOST_BYTES, read_cells
from cytolearn.lessons.exercises import exercise_ids
from cytolearn.lessons.logbook import examine
from cytolearn.wording import listing

#: How Canvas ("lovelaceada_LATE_98123_556677_name-2.ipynb") and Moodle
#: ("Ada Lovelace_4711_assignsubmission_file_name.ipynb") name what was handed in.
CANVAS = re.compile(r"(?P<who>[^_/]+)_(?P<late>LATE_)?(?P<id>\d+)_\d+_.*")
MOODLE = re.compile(r"(?P<who>[^_/]+)_(?P<id>\d+)_assignsubmission_file_?(/.*)?.*")
NOTEBOOK = re.compile(r".*\.ipynb", re.IGNORECASE)
LOGBOOK = re.compile(r".*cytolearn_logbook[^/]*\.json", re.IGNORECASE)
_OPENS = re.compile(r"\bassignment\(\s*[\"'](\w+)[\"']")
_SAYS_UTF8, _SAYS_LOCKED = 0x800, 0x1
_NO_TIME = 1981  # a zip file that does not say when says 1980


@dataclass(frozen=True)
class Found:
    """One file as it lies in a zip or a folder; its content is read when it is wanted.

    Attributes
    ----------
    path : str
        Its name there.
    time : datetime or None
        When it was handed in, by the clock of this computer, if the file says so.
    open : callable
        Returns a stream of its content.
    locked : bool
        Whether it needs a password.
    """

    path: str
    time: datetime | None
    open: Callable[[], BinaryIO]
    locked: bool = False

    @property
    def wanted(self) -> bool:
        """Whether it is a notebook or a logbook, by its name."""
        return bool(NOTEBOOK.fullmatch(self.path) or LOGBOOK.fullmatch(self.path))

    @property
    def printable(self) -> str:
        """Its name without what makes a terminal do things."""
        return "".join(c if c.isprintable() else "?" for c in self.path)

    @property
    def from_canvas(self) -> bool:
        """Whether Canvas named it."""
        return bool(CANVAS.fullmatch(self.path.rpartition("/")[2]))

    @property
    def order(self) -> tuple[Any, ...]:
        """Sort by when it was handed in. Canvas numbers its files and says nothing of times."""
        time = datetime.min if self.time is None or self.from_canvas else self.time
        parts = re.split(r"(\d+)", self.path.rpartition("/")[2].rpartition(".")[0])
        return time, [int(part) if part.isdigit() else 0 for part in parts[1::2]], self.path

    def content(self) -> bytes:
        """Return what it holds, one byte more than is read at most.

        It is b"" if the file is damaged, and `LOCKED` if it needs a password: `read_cells` says
        so of either.
        """
        if self.locked:
            return LOCKED
        try:
            with self.open() as stream:
                return stream.read(MOST_BYTES + 1)
        except Exception:  # damaged, and every way of packing has errors of its own
            return b""


def collect(
    folder: Path, name: str, handed_in: Path, *, dry_run: bool = False, say: Say = print
) -> None:
    """Take in what students handed in: a zip of Canvas or Moodle, or a folder.

    A file belongs to the student whose id, platform number or name it begins with. Of several the
    last one counts. Late is what Canvas calls late; elsewhere what is younger than the due date.
    Logbooks (``cytolearn_logbook*.json``) that lie beside the notebooks are taken in, too. Who
    handed in other files only is named with them.

    Parameters
    ----------
    folder : Path
    name : str
        Id of the assignment.
    handed_in : Path
        A zip file or a folder.
    dry_run : bool
        Say what was found and do nothing.
    say : callable
        Gets one line at a time: how many, and who is missing, late, unreadable or handed in
        several; which files are nobody's.

    Raises
    ------
    ValueError
        If the course has no such assignment, there is nothing to read, all of it is locked with a
        password, or nothing of it is anybody's although something was collected before.
    """
    students, due = read_students(folder, name), read_assignment(folder, name)["due"]
    target, new = folder / "submitted" / name, folder / "submitted" / f".{name}.new"
    if not dry_run:
        shutil.rmtree(new, ignore_errors=True)  # of a run that was interrupted
    notebooks: dict[str, list[Found]] = defaultdict(list)
    logbooks: dict[str, list[Found]] = defaultdict(list)
    others: dict[str, list[str]] = defaultdict(list)
    lists: dict[str, list[str]] = defaultdict(list)
    with _opened(handed_in) as files:
        for file in files:
            owner = _owner(file.path, students)
            if not file.wanted:
                others[owner].append(file.printable.rpartition("/")[2])
            elif not owner:
                lists["nobody's"].append(file.printable)
            elif LOGBOOK.fullmatch(file.path):
                logbooks[owner].append(file)
            else:
                notebooks[owner].append(file)
        record = {}
        same: dict[str, list[str]] = defaultdict(list)
        for number, (student, own) in enumerate(sorted(notebooks.items()), start=1):
            last = max(own, key=lambda file: file.order)
            content = last.content()
            problem = _problem(content, name)
            late = _is_late(last, due)
            record[student] = {
                "file": last.path,
                "time": last.time.isoformat(timespec="minutes") if last.time else "",
                "late": late,
                "files": len(own),
                "problem": problem,
                "logbooks": len(logbooks[student]),
            }
            if content not in (b"", LOCKED):  # of what cannot be read nobody knows
                same[hashlib.sha256(content).hexdigest()].append(student)
            if late:
                lists["late"].append(student)
            if len(own) > 1:
                lists["more than one file; the last one counts"].append(student)
            if problem:
                lists["to be asked for again"].append(f"{student} ({problem})")
            if not dry_run:
                new.mkdir(parents=True, exist_ok=True)
                (new / f"{student}.ipynb").write_bytes(content)
            if number % 50 == 0:
                say(f"{number}/{len(notebooks)} read")
        for student, own in sorted(logbooks.items()):
            read = _take_logbooks(own, new / f"{student}.logbooks.json", dry_run=dry_run)
            if read < len(own):
                lists["a logbook that cannot be read"].append(student)
    lists["the same file, byte for byte"] = [
        " = ".join(who) for who in same.values() if len(who) > 1
    ]
    missing = [student for student in students if student not in record]
    lists["no notebook, but other files"] = [
        f"{student} ({listing(others[student])})" for student in missing if others[student]
    ]
    lists["missing"] = [student for student in missing if not others[student]]
    say(f"{len(record)} of {len(students)} students handed in.")
    for words, who in lists.items():
        if who:
            say(f"{words[:1].upper()}{words[1:]}: {listing(who)}.")
    if sum(map(len, logbooks.values())):
        say(f"Logbooks of {sum(map(bool, logbooks.values()))} students.")
    if not record and any(target.glob("*.ipynb")):
        raise ValueError(
            f"Nothing in '{handed_in}' belongs to a student of this course: is it the right one? "
            "What was collected before is kept."
        )
    if dry_run:
        return
    write_text(new / "collected.json", json.dumps(record, indent=1) + "\n")
    shutil.rmtree(target, ignore_errors=True)
    new.rename(target)


class _opened:
    """The files of a zip or of a folder, as long as it is open; what a zip names is not written."""

    def __init__(self, where: Path) -> None:
        self.archive = None
        if where.is_dir():
            paths = [path for path in sorted(where.rglob("*")) if path.is_file()]
            self.files: Iterator[Found] = (
                Found(
                    path.relative_to(where).as_posix(),
                    datetime.fromtimestamp(path.stat().st_mtime),
                    lambda path=path: path.open("rb"),
                )
                for path in paths
                # A link leads out of the folder: to another student's work, or to ours.
                if not path.is_symlink() and path.resolve().is_relative_to(where.resolve())
            )
            return
        try:
            self.archive = archive = zipfile.ZipFile(where)
        except (OSError, zipfile.BadZipFile):
            words = f"'{where}' is neither a folder nor a zip file{_advice(where)}."
            raise ValueError(words) from None
        entries = sorted(archive.infolist(), key=lambda entry: entry.filename)
        files = [entry for entry in entries if not entry.is_dir()]
        if files and all(entry.flag_bits & _SAYS_LOCKED for entry in files):
            archive.close()
            raise ValueError(
                f"'{where}' is locked with a password. Unpack it with that password, and collect "
                "the folder."
            )
        self.files = (
            Found(
                _name_of(entry),
                _time_of(entry),
                lambda entry=entry: archive.open(entry),
                bool(entry.flag_bits & _SAYS_LOCKED),
            )
            for entry in files
        )

    def __enter__(self) -> Sequence[Found]:
        # .ipynb_checkpoints, and what a Mac puts beside a file: "__MACOSX/._name.ipynb"
        return [f for f in self.files if not any(map(_hidden, f.path.split("/")))]

    def __exit__(self, *_exc: object) -> None:
        if self.archive:
            self.archive.close()


def _advice(where: Path) -> str:
    """Say what a file is that is no zip, and what to do; "" if nobody knows."""
    try:
        with where.open("rb") as stream:
            what = foreign(stream.read(100))
    except OSError:
        return ""
    return f", but {what}: unpack it, and collect the folder" if what else ""


def _hidden(part: str) -> bool:
    return part.startswith(".") and part.strip(".") != ""


def _name_of(entry: zipfile.ZipInfo) -> str:
    """Return a file's name. A Mac writes UTF-8 without saying so, old Windows tools backslashes."""
    name = entry.filename
    if not entry.flag_bits & _SAYS_UTF8:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _time_of(entry: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*entry.date_time) if entry.date_time[0] >= _NO_TIME else None
    except ValueError:
        return None


def _is_late(file: Found, due: str) -> bool:
    match = CANVAS.fullmatch(file.path.rpartition("/")[2])
    if match:
        return bool(match["late"])
    if not due or file.time is None:
        return False
    limit = datetime.fromisoformat(due)
    if limit.tzinfo:
        limit = limit.astimezone().replace(tzinfo=None)
    return file.time.replace(second=0, microsecond=0) > limit.replace(second=0, microsecond=0)


def _problem(content: bytes, name: str) -> str:
    """Say why a file cannot be marked, or what is odd about it; "" if nothing is."""
    try:
        cells = read_cells(content)
    except ValueError as problem:
        return str(problem).partition(".")[0]
    opened = {found for cell in cells for found in _OPENS.findall(cell)} & set(exercise_ids())
    if opened and name not in opened:
        return f"looks like the assignment {listing(sorted(opened))}"
    return ""


def _take_logbooks(files: Sequence[Found], target: Path, *, dry_run: bool) -> int:
    """Write what can be read of a student's logbooks; return of how many that could be said."""
    books = []
    for file in files:
        book = examine(file.content())
        if book is not None:
            books.append(book)
    if books and not dry_run:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_text(target, json.dumps(books, indent=1) + "\n")
    return len(books)


def _owner(path: str, students: Mapping[str, Row]) -> str:
    """Return whose file it is, or "" if that is not clear."""
    parts = normal(path).split("/")
    found_in = (
        m for p in ("/".join(parts), *parts) for r in (MOODLE, CANVAS) if (m := r.fullmatch(p))
    )
    match = next(found_in, None)
    if match:
        who = _letters(match["who"])
        by_number = [s for s, row in students.items() if row["lms"] == match["id"]]
        by_name = [
            s for s, row in students.items() if who in (_letters(s), *_spellings(row["name"]))
        ]
        if by_number and by_name and not set(by_number) & set(by_name):
            return ""  # the number is one student's, the name another's
        found = by_number or by_name
        return found[0] if len(found) == 1 else ""
    for part in parts[:2]:  # a folder that was packed as a whole has a name of its own
        first = re.sub(r"\.(ipynb|json)$", "", part, flags=re.IGNORECASE).casefold()
        ids = {s: s.casefold() for s in students}
        found = [s for s, own in ids.items() if first == own or first.startswith(f"{own}_")]
        if found:
            return max(found, key=len)
    return ""


def _letters(name: str) -> str:
    return re.sub(r"\W", "", name).casefold()


def _spellings(name: str) -> set[str]:
    """Return a name as Moodle ("adalovelace") and Canvas ("lovelaceada") write it in files.

    Where the last name begins ("de la Cruz") nobody can tell, so that every way is allowed.
    """
    words = [letters for word in name.split() if (letters := _letters(word))]
    return {"".join([*words[k:], *words[:k]]) for k in range(len(words))}
