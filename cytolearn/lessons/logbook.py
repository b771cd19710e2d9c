"""The logbook: what a learner predicted, answered and asked for, as one JSON file.

The file belongs to the learner. It is written whole, at every answer, in a way that a killed
kernel cannot spoil; two notebooks may write at once; a file that cannot be read is kept beside
the new one, never replaced.

Layout of the file (schema 2)::

    {"format": "cytolearn logbook", "schema": 2,
     "answers": {"interferon.p1": [{"answer": "B", "outcome": "answered", "at": "2026-01-31T..."}]},
     "trust": "whole", "seal": "64 hexadecimal digits"}

Every key holds the history of one question, oldest first.

The seal (HMAC-SHA256 of the rest) tells an instructor whether somebody changed the file by hand or
with a program of their own. Its key stands below for everybody to read, since the learner's own
computer must be able to seal: whoever runs `_seal` can seal anything. So a broken seal means that
the file was changed outside cytolearn, and a whole one means no more than that nobody did so in
an editor. No points hang on it. A book into which answers came from an unsigned file (schema 0 or
1) or from an edited one says so from then on ("trust"), whatever is added later.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import html
import json
import os
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FORMAT = "cytolearn logbook"
SCHEMA = 2
FILE_NAME = "cytolearn_logbook.json"
LOCK_SECONDS = 5.0
#: How far a book can be believed, best first; a book is as good as the worst of its sources.
TRUST = ("whole", "unsigned", "edited")
_KEY = b"cytolearn logbook, schema 2: not a secret, see above"

Entry = dict[str, Any]
Answers = dict[str, list[Entry]]


class LogbookWarning(UserWarning):
    """Something about the logbook that the learner should know; no answer is lost."""


class Logbook:
    """The answers of one learner.

    Parameters
    ----------
    path : path-like, optional
        Where the file lives. Default: the environment variable ``CYTOLEARN_LOGBOOK``, or else
        ``cytolearn_logbook.json`` in the working directory.

    Attributes
    ----------
    notices : list of str
        What the learner should know about this file, in plain words.
    trust : {"whole", "unsigned", "edited"}
        Whether all answers came here under a seal.

    Notes
    -----
    Reading and writing never raise for reasons of the file system: answers then live in memory
    and can be downloaded with :meth:`save`.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(path or os.environ.get("CYTOLEARN_LOGBOOK") or FILE_NAME)
        self.notices: list[str] = []
        self.trust = TRUST[0]
        self._answers: Answers = {}
        self.refresh()

    # ---------------------------------------------------------------- reading
    def history(self, key: str) -> list[Entry]:
        """Return every entry of one question, oldest first (a copy)."""
        return [dict(entry) for entry in self._answers.get(key, [])]

    def first(self, key: str) -> Entry | None:
        """Return the first entry of a question: for a prediction, the one that counts."""
        return next(iter(self.history(key)), None)

    def last(self, key: str) -> Entry | None:
        """Return the latest entry of a question."""
        return next(reversed(self.history(key)), None)

    def keys(self) -> list[str]:
        """Return the keys of all questions with at least one entry, sorted."""
        return sorted(self._answers)

    def __contains__(self, key: str) -> bool:
        return key in self._answers

    def as_dict(self) -> dict[str, Any]:
        """Return the logbook as it is written to the file."""
        answers = {key: self.history(key) for key in self.keys()}
        book = {"format": FORMAT, "schema": SCHEMA, "answers": answers, "trust": self.trust}
        return {**book, "seal": _seal(book)}

    # ---------------------------------------------------------------- writing
    def record(self, key: str, answer: Any, outcome: str) -> Entry:
        """Add one entry and write the file at once.

        Parameters
        ----------
        key : str
            Lesson and question, as in ``"interferon.t1"``.
        answer : JSON value
            What the learner gave.
        outcome : str
            What came of it: "answered", "skipped", "right", "wrong", "hint" ...

        Returns
        -------
        dict
            The entry, with its time.
        """
        entry = {"answer": answer, "outcome": outcome, "at": _now()}
        self._answers.setdefault(key, []).append(entry)
        self._write()
        return dict(entry)

    def load(self, source: str | os.PathLike[str] | Mapping[str, Any]) -> int:
        """Merge answers from a downloaded logbook into this one.

        Parameters
        ----------
        source : path-like or dict
            A logbook file, or what it holds.

        Returns
        -------
        int
            How many entries were new.

        Raises
        ------
        ValueError
            If the source is not a cytolearn logbook.
        """
        if not isinstance(source, Mapping):
            try:
                source = json.loads(Path(source).read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as problem:
                why = getattr(problem, "strerror", None) or "it is damaged, or another kind of file"
                raise ValueError(
                    f"'{source}' cannot be read as a logbook ({why}). Give the path of the file "
                    f"that you downloaded, such as '{FILE_NAME}'."
                ) from None
        incoming = _answers_of(source)
        if incoming is None:
            raise ValueError("This is not a cytolearn logbook: it has no 'format' and 'answers'.")
        self._believe(source)
        before = sum(map(len, self._answers.values()))
        self._answers = merge(self._answers, incoming)
        self._write()
        return sum(map(len, self._answers.values())) - before

    def save(self) -> Download:
        """Write the file once more and return a download link to it."""
        if self._answers:
            self._write()
        return Download(self)

    def refresh(self) -> None:
        """Read what other notebooks have written meanwhile."""
        if not self.path.exists():
            return
        try:
            with _locked(self.path):
                self._answers = merge(self._answers, self._read())
        except OSError as problem:  # a folder that cannot be written can often still be read
            with contextlib.suppress(OSError, ValueError, RecursionError):
                stored = json.loads(self.path.read_text(encoding="utf-8"))
                self._answers = merge(self._answers, _answers_of(stored) or {})
                self._believe(stored)
            self._tell(_plain(problem, self.path))

    # ---------------------------------------------------------------- private
    def _write(self) -> None:
        try:
            with _locked(self.path):
                self._answers = merge(self._answers, self._read())
                _replace(self.path, json.dumps(self.as_dict(), indent=1, ensure_ascii=False) + "\n")
        except OSError as problem:
            self._tell(_plain(problem, self.path))
        else:
            self.notices[:] = [told for told in self.notices if not told.startswith("Not saved")]

    def _read(self) -> Answers:
        """Read the file, or put one that cannot be used aside. Call with the lock held."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except UnicodeDecodeError:
            text = ""
        try:
            content = json.loads(text)
        except (json.JSONDecodeError, RecursionError):
            content = None
        answers = _answers_of(content)
        if answers is not None:
            self._believe(content)
        if answers is not None and content.get("schema") == SCHEMA:
            return answers
        kept = _put_aside(self.path)
        if answers is not None:
            self._tell(
                "Your logbook came from another version of cytolearn. Its answers were taken over; "
                f"the old file is kept as {kept.name}."
            )
            return answers
        self._tell(
            f"The file {self.path.name} could not be read as a logbook. It is kept as {kept.name}, "
            "and a new logbook was begun."
        )
        return {}

    def _believe(self, book: Any) -> None:
        """Note how far what came in can be believed, and tell of a seal that is newly broken."""
        trust = _trust_of(book)
        if trust == TRUST[-1] and not _is_sealed(book):
            self._tell(
                f"The file {self.path.name}, or one that was loaded, was changed outside "
                "cytolearn. Its answers are kept, and the logbook says from now on that it was "
                "edited."
            )
        self.trust = max(self.trust, trust, key=TRUST.index)

    def _tell(self, notice: str) -> None:
        if notice not in self.notices:
            self.notices.append(notice)
            warnings.warn(notice, LogbookWarning, stacklevel=4)


_OPEN: dict[Path, Logbook] = {}


def open_logbook(path: str | os.PathLike[str] | None = None) -> Logbook:
    """Return this kernel's logbook for a path; the same object for the same path.

    Running the first cell of a notebook again therefore keeps what could only be kept in memory.
    """
    where = Path(path or os.environ.get("CYTOLEARN_LOGBOOK") or FILE_NAME).absolute()
    if where in _OPEN:
        _OPEN[where].refresh()
    else:
        _OPEN[where] = Logbook(where)
    return _OPEN[where]


class Download:
    """A link that carries the whole logbook, so that it works where no folder lasts (Binder)."""

    def __init__(self, logbook: Logbook) -> None:
        self.logbook = logbook

    @property
    def data_uri(self) -> str:
        """The logbook as a ``data:`` address."""
        text = json.dumps(self.logbook.as_dict(), indent=1, ensure_ascii=False)
        return "data:application/json;base64," + base64.b64encode(text.encode()).decode()

    def __repr__(self) -> str:
        n = len(self.logbook.keys())
        name = self.logbook.path.name
        return f"Logbook {name}: {n} question{'' if n == 1 else 's'} answered so far."

    def html(self) -> str:
        """Return the link, the path and what the learner should know, as HTML."""
        notices = "".join(f"<p><strong>{html.escape(n)}</strong></p>" for n in self.logbook.notices)
        where = html.escape(str(self.logbook.path.resolve()))
        path = f'<code style="overflow-wrap: anywhere">{where}</code>'  # on a narrow page, too
        stored = "" if notices else f"<p>Stored in {path}</p>"
        return (
            f"<p>{html.escape(repr(self))}</p>{stored}{notices}"
            f'<p><a class="cl-download" download="{FILE_NAME}" href="{self.data_uri}">'
            "Download my logbook</a></p>"
        )


def merge(*books: Answers) -> Answers:
    """Unite answers from several logbooks; each entry once, oldest first.

    Parameters
    ----------
    *books : dict of str to list of dict
        Histories by question. None is changed.
    """
    out: Answers = {}
    for book in books:
        for key, entries in book.items():
            known = out.setdefault(key, [])
            known += [dict(entry) for entry in entries if entry not in known]
    return {key: sorted(out[key], key=lambda e: str(e.get("at", ""))) for key in sorted(out)}


def examine(content: bytes) -> dict[str, Any] | None:
    """Return the answers of a logbook that was handed in, and how far they can be believed.

    Parameters
    ----------
    content : bytes
        Of the file.

    Returns
    -------
    dict or None
        ``answers`` and ``trust`` ("whole", "unsigned" or "edited"); None if it is no logbook.
    """
    try:
        book = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    answers = _answers_of(book)
    return None if answers is None else {"answers": answers, "trust": _trust_of(book)}


def _trust_of(book: Any) -> str:
    if not isinstance(book, Mapping) or book.get("schema") != SCHEMA:
        return "unsigned"
    return book["trust"] if _is_sealed(book) and book.get("trust") in TRUST else TRUST[-1]


def _is_sealed(book: Mapping[str, Any]) -> bool:
    rest = {key: value for key, value in book.items() if key != "seal"}
    return hmac.compare_digest(str(book.get("seal")).encode(), _seal(rest).encode())


def _seal(book: Mapping[str, Any]) -> str:
    """Return the seal of a book without one; line ends and the order of keys do not matter."""
    text = json.dumps(json.loads(json.dumps(book)), sort_keys=True, separators=(",", ":"))
    return hmac.new(_KEY, text.encode(), hashlib.sha256).hexdigest()


def _answers_of(content: Any) -> Answers | None:
    """Return the answers in the content of a file of any schema, or None for a foreign file."""
    if not isinstance(content, Mapping) or content.get("format") != FORMAT:
        return None
    answers = content.get("answers")
    if not isinstance(answers, dict):
        return None
    # Schema 0, used before the first release, kept one entry a question instead of a history.
    histories = {str(k): v if isinstance(v, list) else [v] for k, v in answers.items()}
    return {k: [e for e in entries if isinstance(e, dict)] for k, entries in histories.items()}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _plain(problem: OSError, path: Path) -> str:
    reason = problem.strerror or str(problem) or type(problem).__name__
    return (
        f"Not saved: {path.name} could not be written here ({reason}). Your answers are kept in "
        "memory: use lesson.save() to download them before you close this notebook."
    )


def _put_aside(path: Path) -> Path:
    """Rename a file to the first free name ``<name>.<number>.bak`` and return that name."""
    number = 1
    while (kept := path.with_name(f"{path.name}.{number}.bak")).exists():
        number += 1
    path.rename(kept)
    return kept


def _replace(path: Path, text: str) -> None:
    """Write a file so that a reader, or a crash, finds either the old or the new one, whole."""
    # What a killed process left; we hold the lock, so nobody is writing it now.
    for left_over in path.parent.glob(f".{path.name}.*.tmp"):
        with contextlib.suppress(OSError):
            left_over.unlink()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of a logbook against other processes; the system frees it if this one dies.

    Raises
    ------
    OSError
        If the folder cannot be written, or another process keeps the lock for longer than
        `LOCK_SECONDS`.
    """
    with open(path.with_name(f".{path.name}.lock"), "a+b") as stream:
        end = time.monotonic() + LOCK_SECONDS
        while not _try_lock(stream):
            if time.monotonic() > end:
                raise TimeoutError(None, "another notebook is using it")
            time.sleep(0.01)
        try:
            yield
        finally:
            _unlock(stream)


try:
    import fcntl

    def _try_lock(stream) -> bool:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks: better unlocked than not at all
            return True
        return True

    def _unlock(stream) -> None:
        with contextlib.suppress(OSError):
            fcntl.flock(stream, fcntl.LOCK_UN)

except ImportError:  # Windows
    import msvcrt

    def _try_lock(stream) -> bool:
        try:
            stream.seek(0)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(stream) -> None:
        with contextlib.suppress(OSError):
            stream.seek(0)
            msvcrt.locking(stream.fileno(), msvcrt.LK_UNLCK, 1)
