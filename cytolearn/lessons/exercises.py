"""Assignments: one source each, two notebooks out of it, one to hand out and one worked.

``lessons/<lesson>/exercise.py`` is the page in percent format, ``exercise.toml`` the questions,
``exercise_checks.py`` what the model answers. A cell's part says where it goes:

========  =====================================================================
text      both notebooks
code      both notebooks
stub      only to hand out: the cell in which the student answers
worked    only in the solutions: what may stand there instead
check     both notebooks; it marks the answer
why       only in the solutions: the reasoning and the biology
========  =====================================================================
"""

from __future__ import annotations

import hashlib
import importlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cytolearn import physiology
from cytolearn.evidence import misconceptions
from cytolearn.lessons.answers import Expected
from cytolearn.lessons.content import lesson_ids, load_content, read_text
from cytolearn.lessons.pages import FORBIDDEN, Cell, bullets, cell_id, fill_words, parse
from cytolearn.patients import Patient
from cytolearn.simulation import Course
from cytolearn.treatments import treatment
from cytolearn.wording import unknown

SHARED, ONLY_STUDENT, ONLY_SOLUTION = ("text", "code", "check"), ("stub",), ("worked", "why")


@dataclass(frozen=True)
class Case:
    """One student's patient, with the numbers of the questions that are this student's own.

    Attributes
    ----------
    patient : Patient
    given : mapping
        What differs from student to student besides the patient.
    engine : str, optional
        Solver; None takes the default.
    """

    patient: Patient
    given: Mapping[str, Any]
    engine: str | None = None

    @property
    def onset(self) -> float:
        """Days from infection to the first symptom."""
        return self.value("symptom_onset")

    def value(self, symbol: str) -> float:
        """Return a constant of the patient, drawn or not, or a trait such as age, by its symbol."""
        known = {**physiology.baseline(), **self.patient.traits, **self.patient.constants}
        return known[symbol]


@lru_cache(maxsize=32)  # of one student; a class would fill the memory
def _run(patient: Patient, engine: str | None, drug: str, day: float) -> Course:
    return (patient.treat(treatment(drug, day=day)) if drug else patient).run(engine=engine)


def course_of(
    case: Case, drug: str = "", day: float = 0, *, patient: Patient | None = None
) -> Course:
    """Return the course of the student's patient, or of somebody else, run once.

    Parameters
    ----------
    case : Case
    drug : str
        Given from a day on; "" for none.
    day : float
        Days after the first symptom.
    patient : Patient, optional
        Somebody else.
    """
    return _run(patient or case.patient, case.engine, drug, day)


def peak(course: Course, readout: str) -> float:
    """Return the highest value of a curve."""
    return float(course[readout].max())


@cache
def exercise_ids() -> tuple[str, ...]:
    """Return the ids of the lessons that have an assignment, in the order of the course."""
    return tuple(name for name in lesson_ids() if _has_exercise(name))


def _has_exercise(name: str) -> bool:
    try:
        read_text(name, "exercise.toml")
    except FileNotFoundError:
        return False
    return True


@cache
def load_exercise(name: str) -> Mapping[str, Any]:
    """Return what an assignment asks.

    Raises
    ------
    ValueError
        If there is no such assignment (the nearest is named), or its file is incomplete.
    """
    if name not in exercise_ids():
        raise ValueError(unknown("assignment", name, exercise_ids()))
    content = tomllib.loads(read_text(name, "exercise.toml"))
    problems = [problem for q in content["questions"] for problem in _question_problems(q)]
    if problems:
        raise ValueError(f"lessons/{name}/exercise.toml: {'; '.join(problems)}.")
    return MappingProxyType({**content, "id": name})


def _question_problems(question: Mapping[str, Any]) -> Iterable[str]:
    own = {"text": ("words", "rubric"), "choice": ("choices",), "set": ("choices",)}
    needed = ["id", "title", "points", "personal", "prompt", "kind", "hints"]
    needed += own.get(question.get("kind", ""), ())
    needed += [] if question.get("kind") == "text" else ["expects", "right", "mistakes"]
    missing = [key for key in needed if key not in question]
    if missing:
        yield f"{question.get('id', 'a question')}: missing {', '.join(missing)}"
    if len(question.get("hints", ())) != 3:
        yield f"{question.get('id')}: three hints are needed"
    mistakes, full = question.get("mistakes", {}), question.get("points", 0)
    for table in ("partial", "misconceptions"):
        for mistake in set(question.get(table, {})) - set(mistakes):
            yield f"{question.get('id')}: [{table}] names no mistake of its own: {mistake}"
    for mistake, points in question.get("partial", {}).items():
        if not isinstance(points, int | float) or not 0 < points < full:
            yield f"{question.get('id')}: partial points of '{mistake}' lie between 0 and {full}"
    if named := set(question.get("misconceptions", {}).values()):
        for misconception in named - {entry["id"] for entry in misconceptions()}:
            yield f"{question.get('id')}: there is no misconception '{misconception}'"


def model_of(name: str) -> Any:
    """Return the module that computes the answers of an assignment."""
    return importlib.import_module(f"{__package__}.{name}.exercise_checks")


def expected_for(name: str, question: Mapping[str, Any], case: Case) -> Expected:
    """Return what the model says to a question, for one student's patient."""
    return getattr(model_of(name), question["expects"])(case)


# ---------------------------------------------------------------- notebooks
def exercise_cells(name: str) -> list[Cell]:
    """Return the cells of an assignment's source, with the content filled in.

    Raises
    ------
    ValueError
        If a cell belongs to an unknown part.
    """
    content = load_exercise(name)
    words = {key: str(content[key]).strip() for key in ("title", "minutes", "story")}
    words |= {
        "number": str(load_content(name)["number"]),
        "lesson": load_content(name)["title"],
        "lesson_file": load_content(name)["file"],
        "points": str(sum(q["points"] for q in content["questions"])),
    }
    for question in content["questions"]:
        words[f"{question['id']}.title"] = f"{question['title']} ({question['points']} points)"
        words[f"{question['id']}.prompt"] = question["prompt"]
        words[f"{question['id']}.rubric"] = bullets(question.get("rubric", []))
    cells = parse(read_text(name, "exercise.py"))
    parts = (*SHARED, *ONLY_STUDENT, *ONLY_SOLUTION)
    strange = sorted({cell.part for cell in cells} - set(parts))
    if strange:
        raise ValueError(f"lessons/{name}/exercise.py: unknown part {', '.join(strange)}.")
    return [
        Cell(c.kind, c.name, c.part, fill_words(c.text, words) if c.kind == "markdown" else c.text)
        for c in cells
    ]


def exercise_notebook(name: str, *, solution: bool) -> Any:
    """Return an assignment as a notebook that has not been run.

    Parameters
    ----------
    name : str
        Id of the lesson.
    solution : bool
        The worked notebook instead of the one to hand out.
    """
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    new = {"markdown": new_markdown_cell, "code": new_code_cell}
    left_out = ONLY_STUDENT if solution else ONLY_SOLUTION
    cells = []
    for c in exercise_cells(name):
        if c.part in left_out:
            continue
        metadata = {"name": c.name, "tags": [c.part], **_nbgrader(name, c)}
        cell_name = cell_id(f"{name}/exercise", c.name)  # a cell of both notebooks has one id
        cells.append(new[c.kind](c.text, id=cell_name, metadata=metadata))
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return new_notebook(cells=cells, metadata=metadata)


def _nbgrader(name: str, cell: Cell) -> dict[str, Any]:
    """Return what nbgrader reads: who writes in a cell, what it is worth, whether it changed.

    JupyterLab reads a part of it, too: a check can be neither edited nor deleted by accident.
    """
    question = cell.name.partition("-")[0]
    specs = {q["id"]: q for q in load_exercise(name)["questions"]}
    by_hand = question in specs and specs[question]["kind"] == "text"
    if cell.part in ("stub", "worked"):
        marks = {"grade": by_hand, "solution": True, "locked": False, "grade_id": question}
    elif cell.part == "check" and not by_hand:
        marks = {"grade": True, "solution": False, "locked": True, "grade_id": f"{question}-check"}
    else:
        return {}
    if marks["grade"]:
        marks |= {"points": specs[question]["points"]}
    marks |= {"schema_version": 3, "task": False, "cell_type": cell.kind}
    marks["checksum"] = _checksum(cell, marks)
    fixed = {"editable": False} if marks["locked"] else {}
    return {"nbgrader": marks, "deletable": False, **fixed}


def _checksum(cell: Cell, marks: Mapping[str, Any]) -> str:
    """Return the sum by which nbgrader knows a cell that nobody has touched (a test compares)."""
    parts = [cell.text, cell.kind, marks["grade"], marks["solution"], marks["locked"]]
    parts += [marks["grade_id"], *([float(marks["points"])] if marks["grade"] else [])]
    return hashlib.md5("".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def exercise_paths(root: Path, name: str) -> tuple[Path, Path]:
    """Return where the notebook to hand out and the worked one live."""
    return tuple(root / folder / name / f"{name}.ipynb" for folder in ("exercises", "solutions"))


def build_exercises(root: Path, names: Iterable[str]) -> list[Path]:
    """Write the notebooks of assignments; the worked ones are run.

    Raises
    ------
    ValueError
        If a source is incomplete.
    """
    from cytolearn.lessons.build import run_notebook, to_text

    written = []
    for name in names:
        exercise, worked = exercise_paths(root, name)
        for path, page in (
            (exercise, exercise_notebook(name, solution=False)),
            (worked, run_notebook(exercise_notebook(name, solution=True))),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(to_text(page), encoding="utf-8", newline="\n")
            written.append(path)
    return written


def check_exercises(root: Path, names: Iterable[str], *, run: bool = True) -> list[str]:
    """Compare the notebooks of assignments with their sources.

    Parameters
    ----------
    root : Path
        The folder with exercises/ and solutions/.
    names : iterable of str
        Lesson ids.
    run : bool, default True
        Run the worked notebooks and compare what they say as well.

    Returns
    -------
    list of str
        What is wrong, in words; empty if nothing is.
    """
    from cytolearn.lessons.build import cell_problems, run_notebook

    problems = []
    for name in names:
        exercise, worked = exercise_paths(root, name)
        wanted = exercise_notebook(name, solution=False)
        problems += _differences(exercise, wanted, _plain_problems)
        problems += [f"{exercise.name}: {text}" for text in leaks(exercise, name)]
        wanted = exercise_notebook(name, solution=True)
        if run:
            wanted = run_notebook(wanted)
        problems += _differences(worked, wanted, lambda old, new: cell_problems(old, new, run))
    return problems


def leaks(path: Path, name: str) -> list[str]:
    """Return what of the solutions stands in a notebook to hand out, in words."""
    if not path.is_file():
        return []
    text = " ".join(path.read_text(encoding="utf-8", errors="replace").split())
    found = []
    public = " ".join(c.text for c in exercise_cells(name) if c.part not in ONLY_SOLUTION)
    for cell in exercise_cells(name):
        for line in cell.text.splitlines() if cell.part in ONLY_SOLUTION else ():
            line = line.strip()
            # Short lines, and lines that the student is shown anyway, give nothing away.
            shown = json.dumps(line, ensure_ascii=False)[1:-1]
            if len(line) > 25 and line not in public and " ".join(shown.split()) in text:
                found.append(f"line of the solution '{cell.name}' leaked: {line[:40]}")
    return found


def _differences(path: Path, wanted: Any, compare: Any) -> list[str]:
    import nbformat

    where = f"{path.parent.parent.name}/{path.parent.name}/{path.name}"
    if not path.is_file():
        return [f"{where}: is missing; run `cytolearn build`"]
    try:
        stored = nbformat.read(path, as_version=4)
    except Exception as error:  # whatever is wrong with the file, say it and go on
        return [f"{where}: cannot be read ({type(error).__name__})"]
    if len(stored.cells) != len(wanted.cells):
        return [f"{where}: has {len(stored.cells)} cells, its source {len(wanted.cells)}"]
    found = [] if stored.metadata == wanted.metadata else [f"{where}: the metadata differ"]
    for old, new in zip(stored.cells, wanted.cells, strict=True):
        found += [f"{where}: cell '{new.metadata.name}': {text}" for text in compare(old, new)]
    return found


def _plain_problems(old: Any, new: Any) -> list[str]:
    """Return how a cell to hand out differs from its source; it must not have been run."""
    found = [f"{word} is forbidden" for word in FORBIDDEN if word in old.source]
    return found + ["differs from the source"] * (old != new)
