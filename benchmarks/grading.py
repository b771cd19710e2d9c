"""Mark a class: 200 submissions, one in five of them broken or hostile, as `cytolearn grade` does.

The submissions come from the bank of the tests, so what must come of each is known. They answer
the first assignment that has as many questions as the figure to reach names.
"""

from __future__ import annotations

import csv
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measures import Row

ROOT = Path(__file__).resolve().parents[1]
SIZES = {"smoke": 20, "usual": 200, "full": 200}
JOBS = 2
BROKEN = 5  # one in so many
QUESTIONS = 8  # the figure: 200 submissions of so many


def main(size: str) -> int:
    """Print the table; return 1 if a figure is missed."""
    missed = 0
    print(f"{'':62}{'measured':>10}  {'unit':9}{'target':>9}")
    for row in measure(SIZES[size]):
        sign = ">=" if row.at_least else "<="
        target = "" if row.limit is None else f"{sign} {row.limit:g}"
        verdict = "" if row.limit is None else "ok" if row.met else "MISSED"
        print(f"{row.what:62}{row.value:10.3g}  {row.unit:9}{target:>9}  {verdict}", flush=True)
        missed += not row.met
    return int(missed > 0)


def measure(count: int) -> Iterator[Row]:
    """Make a class, mark it, and compare what came out with what is known of each submission.

    Parameters
    ----------
    count : int
        Submissions.
    """
    sys.path.insert(0, str(ROOT / "tests"))
    from submissions.bank import asked, bank, code_of

    from cytolearn.grading.grade import grade
    from cytolearn.grading.sandbox import has_bubblewrap
    from cytolearn.grading.students import student_code
    from cytolearn.lessons.exercises import load_exercise

    name, submissions = assignment(), bank(assignment())
    full = sum(question["points"] for question in asked(name))
    with tempfile.TemporaryDirectory() as base:
        course = Path(base, "course")
        handed_in = course / "submitted" / name
        handed_in.mkdir(parents=True)
        worked = (ROOT / "solutions" / name / f"{name}.ipynb").read_text(encoding="utf-8")
        wanted, people = {}, []
        odd = [kind for kind in submissions if kind != "perfect"]
        broken = count // BROKEN  # from all of the bank: loops and broken files stand at its end
        kinds = iter([odd[k * len(odd) // broken] for k in range(broken)])
        for number in range(count):
            student = f"s{number:03}"
            if number % BROKEN == BROKEN - 1:
                kind, code = next(kinds), code_of("ada", name)
                content = submissions[kind].make()
                wanted[student] = (submissions[kind].points, submissions[kind].status, kind)
            else:
                code = student_code("benchmark", student, [name])
                content = worked.replace('code = \\"\\"', f'code = \\"{code}\\"').encode()
                wanted[student] = (full, "complete", "worked")
            (handed_in / f"{student}.ipynb").write_bytes(content)
            people.append({"student": student, "name": student, "lms": "", "code": code})
        (handed_in / "collected.json").write_text("{}")
        (course / "course.json").write_text(json.dumps({"assignments": {name: {}}}))
        with (course / "codes.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(people[0]))
            writer.writeheader()
            writer.writerows(people)
        memory: list[float] = []
        started, before = time.perf_counter(), _processor_time()
        # The report compares everybody with everybody; it belongs to what an instructor waits for.
        grade(course, name, jobs=JOBS, say=lambda _: memory.append(_megabytes()))
        seconds, spent = time.perf_counter() - started, _processor_time() - before
        results = {
            path.stem: json.loads(path.read_text(encoding="utf-8"))
            for path in (course / "results" / name).iterdir()
        }
    right = 0
    for student, (points, status, kind) in wanted.items():
        found = results.get(student, {})
        good = (found.get("points"), found.get("status")) == (points, status)
        right += good
        if not good:
            told = (found.get("points"), found.get("status"), found.get("notes"))
            print(f"  {kind}: wanted {points}, {status}; found {told}")
    how = "with bubblewrap" if has_bubblewrap() else "WITHOUT bubblewrap"
    asked_for = f"{name}, {len(load_exercise(name)['questions'])} questions"
    yield Row(f"right of {count} ({asked_for}), {how}", right, "", count, at_least=True)
    yield Row("processor time for a submission", spent / count, "s", 1.0)
    yield Row(f"by the clock, {JOBS} at a time (a busy machine counts)", seconds / count, "s")
    middle = len(memory) // 2
    yield Row("growth of memory over the second half", memory[-1] - memory[middle], "MB", 20.0)
    yield Row("most memory of the marking side", memory[-1], "MB")


def assignment() -> str:
    """Return the first assignment with as many questions as the figure names."""
    from cytolearn.lessons.exercises import exercise_ids, load_exercise

    for name in exercise_ids():
        if len(load_exercise(name)["questions"]) == QUESTIONS:
            return name
    raise LookupError(f"No assignment has {QUESTIONS} questions, which the figure names.")


def _processor_time() -> float:
    """Return the seconds that this process and all that it has waited for have computed."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _megabytes() -> float:
    """Return the most memory that this process has held."""
    unit = 2**20 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
