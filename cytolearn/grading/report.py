"""Results as pages: feedback for one student, a report on the class for the instructor."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from cytolearn.grading.students import case_of
from cytolearn.lessons import cards
from cytolearn.lessons.answers import judge
from cytolearn.lessons.exercises import expected_for, load_exercise

#: So many wrong answers that are right for one and the same other student are no accident.
SUSPICIOUS = 2


def feedback(result: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    """Return a student's page: points and a reason for each question, no right answer given away.

    Parameters
    ----------
    result : mapping
        As `mark` returns it.
    content : mapping
        The assignment.
    """
    rubrics = {q["id"]: q.get("rubric", []) for q in content["questions"]}
    blocks = []
    for entry in result["questions"]:
        mood = {"right": "good", "by hand": ""}.get(entry["outcome"], "warn")
        rubric = "".join(f"<li>{cards.rich(line)}</li>" for line in rubrics[entry["id"]])
        points = "read by hand" if entry["outcome"] == "by hand" else f"{entry['points']:g}"
        head = f"{_safe(entry['title'])}: {points} of {entry['possible']:g} points"
        words = f"<p>{_safe(entry['words'])}</p>{f'<ul>{rubric}</ul>' if rubric else ''}"
        blocks.append(cards.box(f"<h3>{head}</h3>{words}", mood))
    notes = "".join(f"<li>{_safe(note)}</li>" for note in result["notes"])
    state = (
        f"<p>Your notebook: {_safe(result['status'])}.</p>{f'<ul>{notes}</ul>' if notes else ''}"
    )
    possible = sum(entry["possible"] for entry in result["questions"])
    return _page(
        content["title"], f"<p>{result['points']:g} of {possible:g} points.</p>{state}", blocks
    )


def class_report(
    results: Sequence[Mapping[str, Any]], students: Mapping[str, Any], name: str
) -> str:
    """Return the instructor's page: questions, common mistakes, students, likenesses."""
    content = load_exercise(name)
    rows = []
    for spec in content["questions"]:
        entries = [e for r in results for e in r["questions"] if e["id"] == spec["id"]]
        counts = Counter(e["outcome"] for e in entries)
        mistakes = Counter(e["mistake"] for e in entries if e.get("mistake"))
        common = "; ".join(
            f"{n} x {spec['mistakes'][mistake]}" for mistake, n in mistakes.most_common(3)
        )
        outcomes = ", ".join(f"{n} {outcome}" for outcome, n in counts.most_common())
        rows.append((spec["title"], outcomes, common))
    people = [
        (r["student"], f"{r['points']:g}", r["status"], "; ".join(r["notes"][:3])) for r in results
    ]
    missing = [s for s in students if s not in {r["student"] for r in results}]
    blocks = [
        "<h2>Questions</h2>" + _table(("Question", "Outcomes", "Common mistakes"), rows),
        "<h2>Students</h2>" + _table(("Student", "Points", "Run", "Notes"), people),
        f"<p>Nothing handed in: {_safe(', '.join(missing) or 'nobody')}.</p>",
        "<h2>Likenesses</h2><p>A reason to ask, never a verdict.</p>"
        + (_table(("Students", "What is alike"), likenesses(results, students, name)) or ""),
    ]
    return _page(f"{content['title']}: the class", f"<p>{len(results)} marked.</p>", blocks)


def likenesses(
    results: Sequence[Mapping[str, Any]], students: Mapping[str, Any], name: str
) -> list[tuple[str, str]]:
    """Return pairs of students whose answers are more alike than chance: who, and why.

    Counted are questions on the student's own patient with a number for an answer: the same
    number twice where two patients differ, or a number that is right for the other one only.
    """
    specs = [q for q in load_exercise(name)["questions"] if q["kind"] == "number" and q["personal"]]
    # A whole day can be the same by chance; a number with decimals cannot.
    specs = [spec for spec in specs if "relative_tolerance" in spec or spec["tolerance"] >= 1]
    wrong = {
        r["student"]: {e["id"]: e["answer"] for e in r["questions"] if e["outcome"] == "wrong"}
        for r in results
    }
    found = []
    for one, two in combinations([r["student"] for r in results], 2):
        same = [
            s["id"]
            for s in specs
            if s["id"] in wrong[one] and wrong[one][s["id"]] == wrong[two].get(s["id"])
        ]
        if len(same) >= SUSPICIOUS:
            found.append((f"{one}, {two}", f"the same wrong numbers: {', '.join(same)}"))
    truths: dict[str, Any] = {}
    for student, answers in wrong.items():
        own = [spec for spec in specs if spec["id"] in answers]
        if len(own) < SUSPICIOUS:
            continue
        for other in (s for s in students if s != student):
            case = case_of(students[other]["code"], name)
            if other not in truths:
                truths[other] = {s["id"]: expected_for(name, s, case) for s in specs}
            fits = [
                s["id"]
                for s in own
                if judge(answers[s["id"]], truths[other][s["id"]], s).outcome == "right"
            ]
            if len(fits) >= SUSPICIOUS:
                why = f"{student}'s wrong answers are right for {other}: {', '.join(fits)}"
                found.append((f"{student}, {other}", why))
    return found


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    top = "".join(f"<th>{_safe(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{_safe(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _page(title: str, head: str, blocks: Iterable[str]) -> str:
    body = f"<h1>{_safe(title)}</h1>{head}{''.join(blocks)}"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{_safe(title)}</title><body>{cards.page(body)}</body></html>\n"
    )


def _safe(text: object) -> str:
    return html.escape(str(text))
