"""nbgrader's own commands on our notebooks as they are (extra `nbgrader`; .ci/run installs it)."""

from __future__ import annotations

import copy
import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from cytolearn import cli
from cytolearn.grading.marking import mark
from cytolearn.grading.students import case_of
from cytolearn.grading.workbook import HANDED_IN, MARKING, points_for
from cytolearn.lessons.answers import judge
from cytolearn.lessons.exercises import (
    exercise_cells,
    exercise_ids,
    exercise_paths,
    expected_for,
    load_exercise,
)

pytest.importorskip("nbgrader")
from traitlets.config import Config

from cytolearn.grading.nbgrader import configure
from cytolearn.grading.preprocessors import HandOut

# nbgrader's libraries warn of their own future; ours are held to account in the other tests.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),
    pytest.mark.timeout(1800),  # nbgrader takes seconds for each step of each notebook
]
ROOT = Path(__file__).resolve().parent.parent
STUDENTS = ("ada", "ben", "eve", "ida", "leo", "zoe")
Page = dict[str, Any]


def nbgrader(home: Path, *words: str) -> str:
    """Run a command of nbgrader in a course, and return what it says."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=home,
        env={**os.environ, "PATH": path},  # nbgrader calls alembic by name
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """A course with every assignment, laid out for nbgrader."""
    base = tmp_path_factory.mktemp("nbgrader")
    (base / "roster.csv").write_text("student\n" + "\n".join(STUDENTS) + "\n")
    folder, names = base / "course", exercise_ids()
    folder.mkdir()
    (folder / "secret.txt").write_text("a class for nbgrader")  # the same patients in every run
    assert cli.main(["assign", str(folder), *names, "--roster", str(base / "roster.csv")]) == 0
    assert cli.main(["nbgrader", str(folder)]) == 0
    return folder


def codes(course: Path) -> dict[str, str]:
    with (course / "codes.csv").open() as rows:
        return {row["student"]: row["code"] for row in csv.DictReader(rows)}


# --- generate_assignment


@pytest.mark.parametrize("name", exercise_ids())
def test_what_nbgrader_generates_is_what_we_hand_out_twice(course, name):
    home = course / "nbgrader"
    made = home / "exercises" / name / f"{name}.ipynb"
    handed_out = exercise_paths(ROOT, name)[0]
    nbgrader(home, "generate_assignment", name, "--force")
    assert made.read_bytes() == handed_out.read_bytes()
    nbgrader(home, "generate_assignment", name, "--force")
    assert made.read_bytes() == handed_out.read_bytes()


def test_cells_that_an_instructor_adds_are_cleared_as_nbgrader_does(course):
    home = course / "nbgrader"
    source = exercise_paths(ROOT, "interferon")[1]
    page = json.loads(source.read_text(encoding="utf-8"))
    marks = {"grade": False, "solution": True, "locked": False, "grade_id": "own", "task": False}
    page["cells"].append(
        {
            "cell_type": "code",
            "id": "own",
            "metadata": {"nbgrader": {**marks, "schema_version": 3, "cell_type": "code"}},
            "source": ["before = 1\n", "### BEGIN SOLUTION\n", "x = 42\n", "### END SOLUTION"],
            "outputs": [],
            "execution_count": None,
        }
    )
    target = home / "solutions" / "mine" / "interferon.ipynb"
    target.parent.mkdir(parents=True)
    target.write_text(json.dumps(page), encoding="utf-8")
    nbgrader(home, "generate_assignment", "mine")
    made = json.loads((home / "exercises" / "mine" / "interferon.ipynb").read_text("utf-8"))
    added = "".join(made["cells"][-1]["source"])
    assert added == "\n".join(["before = 1", not_yet()])
    with pytest.raises(NotImplementedError):  # left as it is, it stops with the reason
        exec(added, {})
    text = json.dumps(made)
    for cell in exercise_cells("interferon"):
        if cell.part in ("why", "worked"):
            assert json.dumps(cell.text)[1:60] not in text


def not_yet() -> str:
    """Return what our configuration lets nbgrader write where an instructor's solution was."""
    config = Config()
    configure(config, str(ROOT / "nbgrader_config.py"))
    return HandOut(config=config).code_stub["python"]


@pytest.mark.parametrize("name", exercise_ids())
def test_untouched_answers_of_ours_are_dots_and_not_what_nbgrader_writes(course, name):
    """`check` takes dots for "not yet"; nbgrader's stub would end the cell with an error."""
    home = course / "nbgrader"
    nbgrader(home, "generate_assignment", name, "--force")
    made = json.loads((home / "exercises" / name / f"{name}.ipynb").read_text("utf-8"))
    sources = {
        cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"])
        for cell in made["cells"]
        if cell["metadata"].get("nbgrader", {}).get("solution")
    }
    questions = load_exercise(name)["questions"]
    assert list(sources) == [question["id"] for question in questions]
    for question in questions:
        source = sources[question["id"]]
        assert not_yet() not in source
        if question["kind"] != "text":
            assert re.search(rf"^{question['id']} = \.\.\.", source, re.MULTILINE), source


# --- autograde


def handed_in(name: str, code: str, answered: Callable[[int], bool]) -> Page:
    """Return the notebook that was handed out, with some questions answered as in the solution."""
    page = json.loads(exercise_paths(ROOT, name)[0].read_text(encoding="utf-8"))
    worked: dict[str, list[str]] = {}
    for cell in exercise_cells(name):
        if cell.part == "worked":
            worked.setdefault(cell.name.partition("-")[0], []).append(cell.text)
    asked = list(worked)
    for cell in page["cells"]:
        source = "".join(cell["source"])
        question = cell["metadata"]["name"]
        if "stub" in cell["metadata"]["tags"] and answered(asked.index(question)):
            cell["source"] = "\n".join(worked[question])
        elif "code = " in source:
            cell["source"] = source.replace('code = ""', f"code = {code!r}")
    return page


def answers_in(page: Page) -> dict[str, Any]:
    """Run the code of a notebook, and return what it hands in."""
    HANDED_IN["answers"] = {}
    names: dict[str, Any] = {}
    for cell in page["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    return dict(HANDED_IN["answers"])


def worth(name: str, answers: Mapping[str, Any], code: str) -> dict[str, float]:
    """Return what somebody's answers are worth for another patient: a day or a choice may fit."""
    case = case_of(code, name)
    return {
        q["id"]: points_for(q, judge(answers[q["id"]], expected_for(name, q, case), q))
        for q in load_exercise(name)["questions"]
        if q["kind"] != "text"
    }


def copied_and_deleted(page: Page) -> Page:
    """Copy an answer cell and a check, and delete another check."""
    page = copy.deepcopy(page)
    names = {cell["metadata"]["name"]: cell for cell in page["cells"]}
    for name in ("q1", "q1-check"):
        place = page["cells"].index(names[name])
        page["cells"].insert(place, {**copy.deepcopy(names[name]), "id": f"copy-{name}"})
    page["cells"].remove(names["q2-check"])
    return page


@pytest.fixture(scope="module", params=exercise_ids())
def graded(request, course):
    """An assignment after `autograde`: its name, points by student and question, what was said."""
    from nbgrader.api import Gradebook

    name, home, own = request.param, course / "nbgrader", codes(course)
    full = handed_in(name, own["ida"], lambda _: True)
    pages = {
        "ada": handed_in(name, own["ada"], lambda _: True),
        "ben": handed_in(name, own["ben"], lambda _: False),
        "eve": handed_in(name, own["eve"], lambda place: place % 2 == 0),
        "ida": copied_and_deleted(full),
        "leo": handed_in(name, own["ada"], lambda _: True),  # Ada's code
        "zoe": handed_in(name, "", lambda _: True),  # the practice patient
        "nobody": handed_in(name, own["ada"], lambda _: True),
    }
    for student, page in pages.items():
        file = home / "submitted" / student / name / f"{name}.ipynb"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(page), encoding="utf-8")
    nbgrader(home, "generate_assignment", name, "--force")
    said = nbgrader(home, "autograde", name)
    questions = [q for q in load_exercise(name)["questions"] if q["kind"] != "text"]
    points, by_hand = {}, {}
    with Gradebook(f"sqlite:///{home / 'gradebook.db'}") as book:
        text = next(q["id"] for q in load_exercise(name)["questions"] if q["kind"] == "text")
        for student in STUDENTS:
            grades = {
                q["id"]: book.find_grade(f"{q['id']}-check", name, name, student).auto_score
                for q in questions
            }
            points[student] = grades
            hand = book.find_grade(text, name, name, student)
            by_hand[student] = (hand.auto_score, hand.needs_manual_grade)
    return name, {q["id"]: q["points"] for q in questions}, points, by_hand, said


def test_right_wrong_and_half_right_get_what_is_due(graded):
    _, possible, points, by_hand, said = graded
    assert points["ada"] == possible, said
    assert set(points["ben"].values()) == {0}
    for place, (question, due) in enumerate(possible.items()):
        assert points["eve"][question] == (due if place % 2 == 0 else 0), said
    assert by_hand["ada"] == (None, True)  # to be read by the instructor
    assert by_hand["ben"] == (0, False)


def test_a_copied_answer_and_a_deleted_check_cost_nothing(graded):
    _, possible, points, _, said = graded
    assert points["ida"] == possible, said


def test_a_friends_code_and_no_code_earn_nothing_but_luck(course, graded, monkeypatch, tmp_path):
    name, possible, points, _, _ = graded
    own = codes(course)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(MARKING, "1")  # answers are fetched, not judged
    for student, friends_code in (("leo", own["ada"]), ("zoe", "")):
        answers = answers_in(handed_in(name, friends_code, lambda _: True))
        due = worth(name, answers, own[student])
        assert points[student] == due, answers
    assert sum(points["leo"].values()) < sum(possible.values())


def test_both_ways_of_marking_agree(course, graded):
    name, _, points, _, _ = graded
    for student, code in codes(course).items():
        file = course / "nbgrader" / "submitted" / student / name / f"{name}.ipynb"
        assert mark(file, name, student, code)["points"] == sum(points[student].values()), student


def test_a_folder_that_is_nobodys_is_named_and_the_others_go_on(graded):
    assert "The folder 'nobody' belongs to nobody" in graded[-1]


def test_feedback_says_why(course, graded):
    name = graded[0]
    nbgrader(course / "nbgrader", "generate_feedback", name, "--student", "ben")
    page = course / "nbgrader" / "feedback" / "ben" / name / f"{name}.html"
    assert "Not answered yet." in page.read_text(encoding="utf-8")
