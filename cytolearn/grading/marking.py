"""From a submitted file to points: read, run, recompute this student's answers, judge."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from cytolearn.grading.course import decoded, foreign
from cytolearn.grading.sandbox import HandedBack, Limits, Room, run_cells
from cytolearn.grading.students import case_of
from cytolearn.grading.workbook import points_for, words_of
from cytolearn.lessons.answers import Expected, judge
from cytolearn.lessons.cards import plain
from cytolearn.lessons.content import find, read_text
from cytolearn.lessons.exercises import exercise_cells, expected_for, load_exercise
from cytolearn.patients.workers import fingerprint as model_fingerprint

#: What computes the package's own answers, or knows them; of the ward, who lies in another one.
LOOKED_UP = (
    *("exercise_checks", "model_of", "case_of", "_case", "expected_for", "known_answer"),
    "admit",
)
MOST_BYTES, MOST_CELLS, LONGEST_CELL = 20_000_000, 500, 100_000
MOST_ANSWERS = 5_000  # kept: a class of 500

Result = dict[str, Any]


def read_cells(content: bytes) -> list[str]:
    """Return the source of the code cells of a submitted file.

    Parameters
    ----------
    content : bytes
        Of a notebook, or of what was handed in as one.

    Raises
    ------
    ValueError
        If it cannot be read as a notebook; the message says why, for student and instructor.
    """
    if not content:
        raise ValueError("The file is empty or damaged.")
    if len(content) > MOST_BYTES:
        raise ValueError(
            f"The file has more than {MOST_BYTES / 1e6:.0f} MB. "
            "Clear the outputs, save and hand in again."
        )
    if what := foreign(content):
        raise ValueError(
            f"The file is {what}, not a Jupyter notebook. Hand in the notebook itself, unpacked "
            "and without a password: its name ends with .ipynb."
        )
    try:
        page = json.loads(decoded(content))
        cells = page["cells"]
        sources = [_source(cell) for cell in cells if cell.get("cell_type") == "code"]
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        raise ValueError("The file is not a Jupyter notebook, or it is damaged.") from None
    if len(sources) > MOST_CELLS:
        raise ValueError(f"The notebook has {len(sources)} code cells; at most {MOST_CELLS}.")
    if any(len(source) > LONGEST_CELL for source in sources):
        raise ValueError(f"A cell has more than {LONGEST_CELL:,} letters.")
    return [source for source in sources if source.strip()]


def _source(cell: Mapping[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def mark(
    path: Path,
    name: str,
    student: str,
    code: str,
    *,
    limits: Limits | None = None,
    hidden: Sequence[Path] = (),
    bubblewrap: bool | None = None,
    room: Room | None = None,
) -> Result:
    """Mark one submission.

    Parameters
    ----------
    path : Path
    name : str
        Id of the assignment.
    student, code : str
        From the roster, never from the notebook.
    limits, hidden, bubblewrap, room
        See `run_cells`.

    Returns
    -------
    dict
        JSON: ``status``, ``notes``, ``points`` (without those given by hand) and for each of
        ``questions`` its outcome, points, the recognised mistake and what to tell the student.
        Whatever the file is, nothing is raised because of it.
    """
    questions = load_exercise(name)["questions"]
    try:
        content = read_content(path)
        cells = read_cells(content)
    except (ValueError, OSError) as problem:
        why = str(problem) if isinstance(problem, ValueError) else "The file cannot be opened."
        return _result(name, student, "unreadable", [why], judged(name, code, {}))
    names = [question["id"] for question in questions]
    back = run_cells(cells, names, limits=limits, hidden=hidden, bubblewrap=bubblewrap, room=room)
    marks = judged(name, code, back.answers)
    notes = [*_notes(back, code), *_looks_up(cells, name)]
    return _result(name, student, back.status, notes, marks)


def read_content(path: Path) -> bytes:
    """Return what a file holds, one byte more than is read at most."""
    with path.open("rb") as stream:
        return stream.read(MOST_BYTES + 1)


def fingerprint(path: Path, name: str, code: str) -> str:
    """Return what the marks of a file depend on, as a hash: if it changed, mark again.

    Besides the file these are the questions and all that works out their answers.
    """
    questions = json.dumps(load_exercise(name)["questions"], sort_keys=True)
    checks = read_text(name, "exercise_checks.py")
    digest = hashlib.sha256(read_content(path))
    digest.update("\n".join((name, code, questions, checks, model_fingerprint())).encode())
    return digest.hexdigest()


@lru_cache(maxsize=MOST_ANSWERS)
def known_answer(name: str, question: str, code: str) -> Expected:
    """Return what the model says to a question of one student, worked out once.

    The class report asks again for what marking has worked out before.
    """
    spec = find(load_exercise(name)["questions"], question, "question")
    return expected_for(name, spec, case_of(code, name))


def judged(name: str, code: str, answers: Mapping[str, Any]) -> list[Result]:
    """Judge plain answers of one student, question by question."""
    out = []
    for spec in load_exercise(name)["questions"]:
        given = _given(answers.get(spec["id"]))
        entry = {"id": spec["id"], "title": spec["title"], "possible": spec["points"]}
        if spec["kind"] == "text":
            text = given if isinstance(given, str) and given.strip() else ""
            outcome = "by hand" if text else "unanswered"
            words = "Read by your instructor." if text else "Not answered."
            out.append({**entry, "outcome": outcome, "points": 0, "answer": text, "words": words})
            continue
        truth = known_answer(name, spec["id"], code)
        verdict = judge(given, truth, spec)
        points = points_for(spec, verdict)
        partly = 0 < points < spec["points"]
        out.append(
            {
                **entry,
                "outcome": "partly right" if partly else verdict.outcome,
                "points": points,
                "answer": verdict.answer,
                "mistake": verdict.mistake,
                "words": plain(" ".join(words_of(spec, truth, verdict))),
            }
        )
    return out


def _given(value: Any) -> Any:
    """Return what `judge` should see in place of a value that could not be handed back."""
    if isinstance(value, dict):
        if "size" in value:
            return range(value["size"])
        return type(str(value.get("kind")).replace("\0", "") or "object", (), {})()
    return value


def _notes(back: HandedBack, code: str) -> list[str]:
    notes = []
    if back.code == "":
        notes.append("The notebook used the public practice patient instead of the student's code.")
    elif back.code is not None and back.code != code:
        notes.append("The notebook used another code than this student's.")
    if back.skipped:
        cells = ", ".join(str(number + 1) for number in back.skipped)
        notes.append(f"Left out because they ended the run: code cell {cells}.")
    notes += [f"Code cell {number + 1}: {text}" for number, text in sorted(back.errors.items())]
    return notes[:20]


def _looks_up(cells: Sequence[str], name: str) -> list[str]:
    """Note where a notebook names what computes or knows the package's own answers.

    It is public, as all of the package is, and a student's own code is theirs to use: nothing
    can keep a notebook from asking. An instructor can be told. What was handed out does not count.
    """
    given = {line.strip() for cell in exercise_cells(name) for line in cell.text.splitlines()}
    found: dict[str, int] = {}
    for number, cell in enumerate(cells, start=1):
        own = "\n".join(line for line in cell.splitlines() if line.strip() not in given)
        for word in LOOKED_UP:
            if re.search(rf"(?<!\w){word}\b", own):
                found.setdefault(word, number)
    return [
        f"Code cell {number} names {word}, which gives away answers of the package itself."
        for word, number in found.items()
    ]


def _result(name: str, student: str, status: str, notes: list[str], marks: list[Result]) -> Result:
    return {
        "assignment": name,
        "student": student,
        "status": status,
        "notes": notes,
        "points": sum(entry["points"] for entry in marks),
        "questions": marks,
    }
