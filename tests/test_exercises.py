"""Assignments: well-posed for every student, both notebooks from one source, nothing leaked.

Everything in here holds for every assignment that exists. How one number can be found in several
ways stands in ``exercise_methods/<lesson>.py``.
"""

from __future__ import annotations

import ast
import json
import math
import re
import runpy
import shutil
from functools import cache
from itertools import combinations
from pathlib import Path
from string import Formatter

import pytest

from cytolearn import Patient
from cytolearn.grading import assignment, marking, students
from cytolearn.grading.runner import plain
from cytolearn.lessons.answers import Expected, in_words, judge
from cytolearn.lessons.exercises import (
    check_exercises,
    exercise_cells,
    exercise_ids,
    exercise_notebook,
    exercise_paths,
    expected_for,
    load_exercise,
    model_of,
)

ROOT = Path(__file__).resolve().parent.parent
METHODS = Path(__file__).resolve().parent / "exercise_methods"
NAME = "interferon"  # where one assignment stands for all
PRACTICE = ""
#: Students of every assignment that the quick tests try; the slow ones try 100.
QUICK = 3

every_assignment = pytest.mark.parametrize("name", exercise_ids())


def asked(name):
    """The questions that the model answers."""
    return [q for q in load_exercise(name)["questions"] if q["kind"] != "text"]


def numbers(name):
    return [q for q in asked(name) if q["kind"] == "number"]


@cache
def a_code(name, n, secret="tests"):
    """Return the code of a student whose patient suits the assignment."""
    return students.student_code(secret, f"student {n}", [name])


def some_students(name):
    return [PRACTICE, *(a_code(name, n) for n in range(QUICK - 1))]


KNOWN: dict[tuple, Expected] = {}


def known(name, spec, case):
    """Return what the model says to a question, worked out once a student."""
    key = (name, spec["id"], case.patient, repr(case.given), case.engine)
    if key not in KNOWN:
        KNOWN[key] = expected_for(name, spec, case)
    return KNOWN[key]


def truth(name, key, code=PRACTICE, engine=None):
    spec = next(q for q in asked(name) if q["id"] == key)
    return known(name, spec, students.case_of(code, name, engine))


# --- who a patient may be


@every_assignment
def test_the_practice_patient_is_suitable(name):
    assert model_of(name).unsuitable(students.case_of(PRACTICE, name)) == []


@pytest.mark.slow
def test_a_code_that_suits_every_assignment_is_soon_found():
    """A code is passed over if one assignment turns it down, so the shares multiply."""
    suits = {}
    for name in exercise_ids():
        drawn = [students.case_of(students.student_code("t", str(n), []), name) for n in range(60)]
        suits[name] = sum(not model_of(name).unsuitable(case) for case in drawn) / len(drawn)
    assert min(suits.values()) >= 0.3, suits
    without_code = (1 - math.prod(suits.values())) ** students.TRIES
    assert without_code < 1e-3, suits


def test_a_tie_at_the_limit_is_unsuitable():
    case = students.case_of("", NAME)
    share = model_of(NAME).left(case, 3)
    tied = type(case)(case.patient, {**case.given, "limit": 100 * share + 0.5})
    assert any("q3" in why for why in model_of(NAME).unsuitable(tied))
    assert not model_of(NAME).unsuitable(case)


# --- what is handed out


@every_assignment
def test_what_is_handed_out_runs_untouched_and_shows_its_figures(name, capsys):
    space = {}
    for cell in exercise_notebook(name, solution=False).cells:
        if cell.cell_type == "code":
            exec(cell.source, space)
            figures = [i for i, line in enumerate(ast.parse(cell.source).body) if is_figure(line)]
            assert figures in ([], [len(ast.parse(cell.source).body) - 1]), cell.source


def is_figure(line):
    """Whether a line draws: in a notebook only the last value of a cell is shown."""
    return (
        isinstance(line, ast.Expr)
        and isinstance(line.value, ast.Call)
        and isinstance(line.value.func, ast.Attribute)
        and line.value.func.attr in ("plot", "show", "forest")
    )


# --- every question is well-posed


@cache
def desks(name, code):
    """Run the worked notebook as a student would, with a code of one's own.

    Return by question what lies on the desk when it is asked (all names defined before), and all
    names at the end.
    """
    space, before = {}, {}
    for cell in exercise_cells(name):
        if cell.kind != "code" or cell.part not in ("code", "worked"):
            continue
        if cell.part == "worked":
            before[cell.name.partition("-")[0]] = dict(space)
        lines = [line for line in cell.text.splitlines() if ".plot(" not in line]
        exec("\n".join(lines).replace('code = ""', f"code = {code!r}"), space)
    return before, space


def holds_for(name, code):
    _, worked = desks(name, code)
    for spec in asked(name):
        key = spec["id"]
        right = truth(name, key, code)
        assert judge(worked[key], right, spec).outcome == "right", (code, key)
        if spec["kind"] == "number":
            assert math.isfinite(right.value), (code, key)


def engines_agree(name, code):
    for spec in asked(name):
        key = spec["id"]
        fast, other = (truth(name, key, code, engine) for engine in ("roadrunner", "scipy"))
        verdict = judge(other.value, fast, spec)
        assert verdict.outcome == "right", (code, key, fast.value, other.value)


@every_assignment
def test_the_solution_is_right_for_some_students(name, capsys):
    for code in some_students(name):
        holds_for(name, code)


def test_both_engines_agree_on_every_answer():
    engines_agree(NAME, PRACTICE)  # the other assignments: in the slow test of 100 students


@pytest.mark.slow
@pytest.mark.timeout(3600)
@every_assignment
def test_the_solution_is_right_for_100_students_and_both_engines_agree(name, capsys):
    for n in range(100):
        code = a_code(name, n, "slow tests")
        holds_for(name, code)
        if n % 5 == 0:  # the slow engine's share of the time would be nine tenths
            engines_agree(name, code)
        desks.cache_clear()


@every_assignment
def test_kinds_points_and_hints(name):
    questions = load_exercise(name)["questions"]
    assert 6 <= len(questions) <= 10
    assert {"number", "choice", "text"} <= {q["kind"] for q in questions}
    points = sum(q["points"] for q in questions)
    assert 2 * sum(q["points"] for q in questions if q["personal"]) >= points
    assert [q["kind"] for q in questions].count("text") == 1
    for spec in questions:
        assert len(set(spec["hints"])) == 3
        for mistake, part in spec.get("partial", {}).items():
            assert mistake in spec["mistakes"], (spec["id"], mistake)
            assert 0 < part < spec["points"], (spec["id"], mistake)


# --- full points for every valid way, none for wrong answers


@cache
def methods(name):
    """Return by question the ways to find its number, as code that a student might write."""
    return runpy.run_path(str(METHODS / f"{name}.py"))["METHODS"]


def marks(name, answers, code=PRACTICE):
    """Judge answers as the marking does: handed back from the closed room as plain values."""
    back = json.loads(json.dumps({key: plain(value) for key, value in answers.items()}))
    return {entry["id"]: entry for entry in marking.judged(name, code, back)}


@pytest.fixture
def known_truth(monkeypatch):
    """Let the marking, which works the truth out anew each time, ask for it hundreds of times."""
    monkeypatch.setattr(marking, "expected_for", known)


@every_assignment
def test_every_number_has_three_ways_to_find_it(name):
    ways = methods(name)
    assert {q["id"] for q in numbers(name)} <= set(ways) <= {q["id"] for q in asked(name)}
    for key, sources in ways.items():
        bare = {"".join(source.split()) for source in sources}
        assert len(bare) == len(sources) >= 3, key


def every_way_earns_full_points(name, code):
    before, _ = desks(name, code)
    for turn in range(max(map(len, methods(name).values()))):
        answers = {}
        for key, sources in methods(name).items():
            if turn < len(sources):
                space = dict(before[key])
                exec(sources[turn], space)
                answers[key] = space[key]
        found = marks(name, answers, code)
        for key, answer in answers.items():
            assert found[key]["points"] == found[key]["possible"], (code, key, turn, answer)


@every_assignment
def test_every_valid_way_earns_full_points(name, known_truth, capsys):
    every_way_earns_full_points(name, PRACTICE)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@every_assignment
def test_every_valid_way_earns_full_points_for_ten_students(name, known_truth, capsys):
    for n in range(10):
        every_way_earns_full_points(name, a_code(name, n, "slow tests"))


def wrong_numbers(spec, right):
    """Yield what is not the right number, by rule."""
    value = right.value
    margin = max(spec.get("tolerance", 0), spec.get("relative_tolerance", 0) * abs(value))
    margin = max(margin, 1e-6 * max(abs(value), 1))
    found = list(right.mistakes.values())
    found += [value * 10**k for k in (-6, -3, -2, -1, 1, 2, 3, 6)]
    found += [value * k for k in (-10, -1, 0.5, 2, 3, 1 / 3, 7, 1 / 7, 24, 1 / 24, 60, math.e)]
    found += [value + k for k in (-1000, -100, -10, -5, -2, -1, 1, 2, 5, 10, 100, 1000)]
    found += [value + k * margin for k in (1.01, 1.1, 1.5, 2, 3, -1.01, -1.1, -1.5, -2, -3)]
    found += [100 - value, 1 - value, value**2, value / (value + 1 + margin), abs(value) ** 0.5]
    if value:
        found += [1 / value, 100 / value, math.log10(abs(value)), math.log(abs(value))]
    found += [10 ** min(value, 300), math.exp(min(value, 300))]
    distinct = dict.fromkeys(x for x in found if math.isfinite(x) and abs(x - value) > margin)
    yield from distinct
    yield from map(str, list(distinct)[:5])
    text = f"{value:.6g}"
    yield from (f"{text} days", f"about {text}", f"{text}%", f"{text}!", f"{text} to {text}")
    yield from ([value, value], (value, value + 1), {"answer": value}, [[value, 1]], [])
    yield from (complex(value, 1), math.nan, math.inf, -math.inf, "NaN", "ten", "", True, False)
    yield from (None, ..., {}, object(), float, Patient("mild"), b"10")


def wrong_choices(spec, right):
    """Yield what is not the right word, by rule."""
    choices, word = list(spec["choices"]), right.value
    others = [choice for choice in choices if choice != word]
    for other in others:
        yield from (other, other.upper(), f" {other} ", [other], other.replace("_", " "))
        yield from (f"{word} or {other}", f"{word}, {other}", [word, other], {word, other})
    yield from (f"not {word}", f"{word}?", f"'{word}'", word[:-1], word[1:], word * 2, f"{word}x")
    yield from (word[::-1], f"{word} {word}", f"{word}\n{word}", f"the {word}", f"({word})")
    yield from (", ".join(choices), choices, [choices], [word, word], {word: True}, word.encode())
    yield from (*range(-1, 9), choices.index(word), 0.5, math.nan, math.inf, 1j, True, False)
    yield from (None, ..., "", "?", "none", "all", [], {}, object(), str, Patient("mild"))


def wrong_sets(spec, right):
    """Yield what is not the right set of words, by rule."""
    choices, words = list(spec["choices"]), right.value
    sizes = range(len(choices) + 1)
    near = sorted(
        (set(found) for size in sizes for found in combinations(choices, size)),
        key=lambda found: len(found ^ words),
    )
    for found in near[1:26]:
        yield sorted(found)
        if found:
            yield from (", ".join(sorted(found)), tuple(found), found)
    yield from (
        [*words, "nonsense"],
        [*words, 1],
        [*words, None],
        [[*words]],
        [f"not {w}" for w in words] or 7,
    )
    yield from (dict.fromkeys(words, True), {}, *range(6), 0.5, math.nan, math.inf, 1j, True, False)
    yield from (None, ..., "", "?", "some", object(), str, Patient("mild"), b"all")


WRONG = {"number": wrong_numbers, "choice": wrong_choices, "set": wrong_sets}


@every_assignment
def test_fifty_wrong_answers_to_every_question_earn_nothing(name, known_truth):
    """A recognised mistake may earn the part that the question itself states, and no more."""
    wrong = {q["id"]: list(WRONG[q["kind"]](q, truth(name, q["id"]))) for q in asked(name)}
    assert all(len(values) >= 50 for values in wrong.values())
    for turn in range(max(map(len, wrong.values()))):
        answers = {key: values[turn] for key, values in wrong.items() if turn < len(values)}
        found = marks(name, answers)
        for spec in asked(name):
            entry, part = found[spec["id"]], spec.get("partial", {})
            given = (spec["id"], answers.get(spec["id"]))
            assert entry["outcome"] != "right", given
            assert entry["points"] <= part.get(entry.get("mistake"), 0), given
            if entry["outcome"] == "wrong":
                assert_nothing_given_away(entry, spec, truth(name, spec["id"]))


def assert_nothing_given_away(entry, spec, right):
    """The words to a wrong answer do not hold the right one."""
    said = entry["words"].replace(f"You answered {in_words(entry['answer'])}.", "", 1)
    if spec["kind"] == "number":
        written = in_words(right.value)
        if len(re.sub(r"\D", "", written)) > 2:  # fewer digits may stand there by chance
            assert not re.search(rf"(?<![\d.]){re.escape(written)}(?![\d.])", said), said
    elif spec["kind"] == "choice":
        assert not re.search(rf"[\"'`]{right.value}[\"'`]", said), said


@every_assignment
def test_no_number_that_feedback_to_a_mistake_fills_in_is_the_answer(name):
    for spec in asked(name):
        for mistake, words in spec["mistakes"].items():
            for _, fact, _, _ in Formatter().parse(words):
                told = [truth(name, spec["id"], code) for code in some_students(name)]
                assert fact is None or not all(gives_away(t, fact) for t in told), (
                    f"{spec['id']}: the words for '{mistake}' hold the answer as {{{fact}}}"
                )


def gives_away(right: Expected, fact: str) -> bool:
    value, text = right.value, right.facts.get(fact, "")
    if isinstance(value, frozenset):
        return bool(value) and all(word in text for word in value)
    if isinstance(value, str):
        return text == value
    shown = re.sub(r"[^\d.eE+-]", "", text)
    forms = (in_words(value), f"{value:.0f}", f"{value:.1f}", f"{value:.2g}", f"{100 * value:.0f}")
    return shown in forms


# --- the check at once


@pytest.fixture
def work():
    return assignment(NAME)


@every_assignment
def test_every_recognised_mistake_has_words_and_every_words_a_mistake(name):
    for spec in asked(name):
        for code in some_students(name):
            right = truth(name, spec["id"], code)
            itself = {right.value} if spec["kind"] == "choice" else set()
            assert set(right.mistakes) == set(spec["mistakes"]) - itself, (code, spec["id"])


@every_assignment
def test_right_and_wrong_answers_get_a_reason(name):
    work = assignment(name)
    for spec in asked(name):
        key, right = spec["id"], truth(name, spec["id"])
        said = work.check(key, right.value).text
        assert said.startswith("Correct.")
        assert "{" not in said
        for mistake, value in right.mistakes.items():
            verdict = judge(value, right, spec)
            if verdict.outcome == "wrong":
                said = work.check(key, value).text
                part = spec.get("partial", {}).get(verdict.mistake)
                assert said.startswith("Partly right: " if part else "Not yet. You answered")
                assert "{" not in said
                if mistake == verdict.mistake:
                    assert len(said) > 60
        if spec["kind"] == "number":
            far = work.check(key, math.copysign(1e9, right.value)).text
            assert re.search("too (large|small|late)", far)


@every_assignment
def test_some_mistakes_of_every_question_are_recognised(name):
    """A value that equals the right one, or another mistake's, cannot be told from it."""
    for spec in asked(name):
        right = truth(name, spec["id"])
        told = {judge(v, right, spec).mistake for v in right.mistakes.values()} - {""}
        assert len(told) >= min(3, len(right.mistakes)), (spec["id"], told)


@pytest.mark.parametrize(
    "value",
    [None, ..., "", "ten", math.nan, math.inf, 1 + 2j, [1, 2], {}, object(), Patient("mild")],
)
@every_assignment
def test_nothing_that_is_given_raises(name, value):
    work = assignment(name)
    for spec in load_exercise(name)["questions"]:
        assert not work.check(spec["id"], value).text.startswith("Correct")


@every_assignment
def test_hints_open_one_after_the_other(name):
    work = assignment(name)
    for spec in load_exercise(name)["questions"]:
        opened = [work.hint(spec["id"]).text[:6] for _ in range(4)]
        assert opened == ["Hint 1", "Hint 2", "Hint 3", "Hint 3"]


@every_assignment
def test_text_is_stored_with_its_rubric(name):
    spec = next(q for q in load_exercise(name)["questions"] if q["kind"] == "text")
    low, high = spec["words"]
    work = assignment(name)
    for words, fits in ((low, True), (high, True), (low - 1, False), (high + 1, False)):
        said = work.check(spec["id"], "word " * words).text
        assert f"{words} words" in said
        assert ("That fits." in said) is fits
        assert said.count("1 point") >= 1


def test_unknown_names_are_explained(work):
    with pytest.raises(ValueError, match="Did you mean"):
        assignment("interferonn")
    with pytest.raises(ValueError, match="question"):
        work.check("q77", 1)
    with pytest.raises(ValueError, match="mystery"):
        work.show("unsuitable")


@every_assignment
def test_the_card_shows_who_it_is_but_not_what_is_asked(name):
    work, content = assignment(name), load_exercise(name)
    assert "practice" in repr(work)
    for key in content["given"]:
        hidden = key in content.get("hidden", [])
        assert (key in work.given) is not hidden
        for card in (repr(work), work._repr_html_()):
            assert (f"{key} = " in card) is not hidden


def test_nbgrader_marks_by_exceptions(work, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(AssertionError, match="Not yet"):
        work.check("q1", -1)
    work.check("q1", truth(NAME, "q1").value)


# --- the two notebooks


@every_assignment
def test_committed_assignments_are_what_their_source_makes(name):
    assert check_exercises(ROOT, [name], run=False) == []


@pytest.fixture
def copy(tmp_path):
    for folder in ("exercises", "solutions"):
        shutil.copytree(ROOT / folder / NAME, tmp_path / folder / NAME)
    return tmp_path


def spoil(copy, change, *, solution=False):
    path = exercise_paths(copy, NAME)[solution]
    page = json.loads(path.read_text(encoding="utf-8"))
    change({c["metadata"]["name"]: c for c in page["cells"]}, page)
    path.write_text(json.dumps(page), encoding="utf-8")
    return " ".join(check_exercises(copy, [NAME], run=False))


def test_a_leaked_solution_is_noticed(copy):
    worked = exercise_notebook(NAME, solution=True)
    line = next(c for c in worked.cells if c.metadata.name == "q3-worked").source.splitlines()[-2]
    assert "leaked" in spoil(copy, lambda cells, _: cells["q1"].update(source=[line]))


@pytest.mark.parametrize(
    ("solution", "change", "words"),
    [
        (False, lambda cells, _: cells["q2"].update(source=["q2 = 1"]), "differs from the source"),
        (False, lambda cells, _: cells["q2-check"]["metadata"].pop("nbgrader"), "differs"),
        (False, lambda _, page: page["cells"].pop(), "cells, its source"),
        (True, lambda cells, _: cells["setup"].update(execution_count=None), "was not run"),
        (True, lambda cells, _: cells["q1-why"].update(source=["So."]), "source differs"),
    ],
)
def test_drift_is_noticed(copy, solution, change, words):
    assert words in spoil(copy, change, solution=solution)


def test_missing_and_broken_files_are_noticed(copy):
    exercise, worked = exercise_paths(copy, NAME)
    exercise.unlink()
    worked.write_text("{", encoding="utf-8")
    said = " ".join(check_exercises(copy, [NAME], run=False))
    assert "is missing" in said
    assert "cannot be read" in said


@every_assignment
def test_nbgrader_finds_its_marks(name):
    for solution in (False, True):
        cells = exercise_notebook(name, solution=solution).cells
        marks = [c.metadata.nbgrader for c in cells if "nbgrader" in c.metadata]
        assert len({m.grade_id for m in marks}) == len(marks)
        points = sum(m.get("points", 0) for m in marks)
        assert points == sum(q["points"] for q in load_exercise(name)["questions"])
        assert all(m.schema_version == 3 and not (m.grade and not m.points) for m in marks)
