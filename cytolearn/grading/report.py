"""Results as pages: feedback for one student, a report on the class for the instructor."""

from __future__ import annotations

import html
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from statistics import mean
from typing import Any

from cytolearn.evidence import misconceptions
from cytolearn.grading.marking import known_answer
from cytolearn.lessons import cards
from cytolearn.lessons.answers import judge
from cytolearn.lessons.content import load_content
from cytolearn.lessons.exercises import load_exercise
from cytolearn.lessons.logbook import TRUST, merge

#: So many wrong answers that are right for one and the same other student are no accident.
SUSPICIOUS = 2
#: Share of the word sequences of a text that another one also has, to be called alike.
ALIKE, WORDS = 0.5, 4
#: Outcomes in the order of a bar, with colours that differ in lightness, too.
OUTCOMES = {
    "right": "#00664a",
    "partly right": "#5aa874",
    "by hand": "#7a93ac",
    "wrong": "#d98032",
    "unreadable": "#9a3b00",
    "unanswered": "#c9ced6",
}
LONGEST_BOOK = 20_000  # entries of a logbook that are compared

Entries = dict[str, list[dict[str, Any]]]


# ---------------------------------------------------------------- for a student
def feedback(result: Mapping[str, Any], content: Mapping[str, Any], counts: float) -> str:
    """Return a student's page: points and a reason for each question, no right answer given away.

    Parameters
    ----------
    result : mapping
        As `read_results` returns it.
    content : mapping
        The assignment.
    counts : float
        Points that the assignment counts in the course.
    """
    rubrics = {q["id"]: q.get("rubric", []) for q in content["questions"]}
    blocks = []
    for entry in result["questions"]:
        mood = {"right": "good", "by hand": ""}.get(entry["outcome"], "warn")
        rubric = "".join(f"<li>{cards.rich(line)}</li>" for line in rubrics[entry["id"]])
        points = entry.get("by_hand", entry["points"])
        earned = f"{entry['possible']:g} points, not read yet"
        if points is not None:
            earned = f"{points:g} of {entry['possible']:g} points"
        head = f"{_safe(entry['title'])}: {earned}"
        words = f"<p>{_safe(entry['words'])}</p>{f'<ul>{rubric}</ul>' if rubric else ''}"
        blocks.append(cards.box(f"<h3>{head}</h3>{words}", mood))
    notes = "".join(f"<li>{_safe(note)}</li>" for note in result["notes"])
    late = " It was late." if result["late"] else ""
    state = f"<p>Your notebook: {_safe(result['status'])}.{late}</p>"
    state += f"<ul>{notes}</ul>" if notes else ""
    possible = sum(entry["possible"] for entry in result["questions"])
    head = f"{result['points'] + (result['by_hand'] or 0):g} of {possible:g} points"
    if result["by_hand"] is None:
        head += "; your text has not been read yet"
    if counts != possible:
        head += f". In the course this counts {result['total']:g} of {counts:g}"
    return _page(content["title"], f"<p><strong>{head}.</strong></p>{state}", blocks)


# ---------------------------------------------------------------- for the instructor
def class_report(
    results: Sequence[Mapping[str, Any]],
    students: Mapping[str, Any],
    name: str,
    *,
    logbooks: Mapping[str, Sequence[Mapping[str, Any]]] = {},
    course: Mapping[str, Any] = {},
) -> str:
    """Return the instructor's page.

    Parameters
    ----------
    results : sequence of mapping
        As `read_results` returns them.
    students : mapping
        The roster, with codes.
    name : str
        Id of the assignment.
    logbooks : mapping
        By student what `cytolearn.lessons.logbook.examine` said of each logbook.
    course : mapping
        ``due`` and ``points`` of the assignment.
    """
    content = load_exercise(name)
    missing = [s for s in students if s not in {r["student"] for r in results}]
    late = [r["student"] for r in results if r["late"]]
    waiting = [r["student"] for r in results if r["by_hand"] is None]
    books = {student: merge(*(b["answers"] for b in all_)) for student, all_ in logbooks.items()}
    head = (
        f"<p>{len(results)} of {len(students)} students. "
        f"Due: {course.get('due') or 'at no fixed time'}.</p>"
        f"<ul><li>Nothing handed in: {_names(missing)}.</li><li>Late: {_names(late)}.</li>"
        f"<li>Texts to be read by you: {_names(waiting)}.</li></ul>"
    )
    blocks = [
        _points_block(results),
        _questions_block(results, content),
        _misconceptions_block(results, content, books),
        _predictions_block(results, name, books),
        _logbooks_block(logbooks),
        _students_block(results),
        "<h2>Likenesses</h2><p>A reason to ask, never a verdict.</p>"
        + _table(
            ("Students", "What is alike"),
            [*likenesses(results, students, name), *shared_entries(books)],
            "None found.",
        ),
    ]
    return _page(f"{content['title']}: the class", head, blocks)


def _points_block(results: Sequence[Mapping[str, Any]]) -> str:
    """Return how the points of the computer are distributed, in ten columns."""
    if not results:
        return ""
    entries = results[0]["questions"]
    possible = sum(e["possible"] for r in results[:1] for e in r["questions"])
    texts = [e["id"] for e in entries if "mistake" not in e]
    possible -= sum(e["possible"] for e in entries if e["id"] in texts)
    shares = [r["points"] / possible for r in results]
    columns = Counter(min(9, int(10 * share)) for share in shares)
    highest = max(columns.values())
    bars, words = "", []
    for k in range(10):
        n = columns[k]
        height = 80 * n / highest
        low, high = possible * k / 10, possible * (k + 1) / 10
        what = f"{n} {'student' if n == 1 else 'students'} with {low:.3g} to {high:.3g} points"
        words += [what] if n else []
        bars += (
            f'<rect x="{8 + 44 * k}" y="{100 - height:.1f}" width="38" height="{height:.1f}" '
            f'fill="#00527f"><title>{what}</title></rect>'
            f'<text x="{27 + 44 * k}" y="{95 - height:.1f}" text-anchor="middle">{n or ""}</text>'
            f'<text x="{8 + 44 * k}" y="116" text-anchor="middle">{low:.3g}</text>'
        )
    bars += f'<text x="448" y="116" text-anchor="middle">{possible:.3g}</text>'
    average = mean(r["points"] for r in results)
    return (
        f"<h2>Points</h2><p>Marked by the computer: {average:.1f} of {possible:g} on average.</p>"
        + _svg(460, 122, bars, "; ".join(words))
    )


def _questions_block(results: Sequence[Mapping[str, Any]], content: Mapping[str, Any]) -> str:
    rows = []
    for spec in content["questions"]:
        entries = [e for r in results for e in r["questions"] if e["id"] == spec["id"]]
        counts = Counter(e["outcome"] for e in entries)
        seen = Counter(e["mistake"] for e in entries if e.get("mistake"))
        mistakes = spec.get("mistakes", {})
        common = "".join(
            f"<li>{n} of {len(entries)}: {cards.rich(_without_own(mistakes.get(mistake, '')))}</li>"
            for mistake, n in seen.most_common(3)
        )
        points = [e["points"] for e in entries if e["outcome"] != "by hand"]
        average = f"{mean(points):.1f} of {spec['points']:g}" if points else "by hand"
        cells = (cards.rich(spec["title"]), _bar(counts), average, f"<ul>{common}</ul>")
        rows.append(cells if common else (*cells[:3], ""))
    keys = " ".join(
        f'<span style="color:{colour}">&#9632;</span>&nbsp;{words}'
        for words, colour in OUTCOMES.items()
    )
    head = ("Question", "Answers", "Points on average", "Most common mistakes: what students read")
    return f"<h2>Questions</h2><p>{keys}</p>" + _raw_table(head, rows)


def _without_own(text: str) -> str:
    """Put dots where each student read a number of their own."""
    return re.sub(r"\{\w+\}", "…", text)


def _bar(counts: Mapping[str, int]) -> str:
    """Return a bar of outcomes, with the counts in words below it."""
    total, x, parts = sum(counts.values()) or 1, 0.0, ""
    known = [(words, colour, counts[words]) for words, colour in OUTCOMES.items() if counts[words]]
    for words, colour, n in known:
        width = 220 * n / total
        parts += (
            f'<rect x="{x:.1f}" y="0" width="{width:.1f}" height="14" fill="{colour}">'
            f"<title>{n} {words}</title></rect>"
        )
        x += width
    words = ", ".join(f"{n} {words}" for words, _, n in known)
    return _svg(220, 14, parts, words) + f'<div class="small">{words}</div>'


def _misconceptions_block(
    results: Sequence[Mapping[str, Any]], content: Mapping[str, Any], books: Mapping[str, Entries]
) -> str:
    """Return which misconceptions answers point to, most common first."""
    held: dict[str, set[str]] = defaultdict(set)
    where: dict[str, set[str]] = defaultdict(set)
    for spec in content["questions"]:
        for result in results:
            for entry in result["questions"]:
                which = spec.get("misconceptions", {}).get(entry.get("mistake"))
                if entry["id"] == spec["id"] and which:
                    held[which].add(result["student"])
                    where[which].add(spec["title"])
    lesson = load_content(content["id"])
    for spec in (*lesson["predictions"], *lesson["quiz"]):
        options = {o["letter"]: o.get("misconception") for o in spec["options"]}
        for student, book in books.items():
            which = options.get(_first(book, content["id"], spec["id"]))
            if which:
                held[which].add(student)
                where[which].add(spec.get("title", spec["question"]))
    known = {entry["id"]: entry for entry in misconceptions()}
    rows = [
        (
            f"{len(who)}",
            f"<strong>{cards.rich(known[which]['misconception'])}</strong> ({which})",
            "; ".join(sorted(map(cards.rich, where[which]))),
            cards.rich(known[which]["truth"]),
        )
        for which, who in sorted(held.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    head = ("Students", "Misconception", "Seen in", "What the course says")
    return (
        "<h2>Misconceptions that answers point to</h2><p>An answer is a hint at what somebody "
        "thinks, no proof.</p>" + _raw_table(head, rows, "No answer pointed to one.")
    )


def _predictions_block(
    results: Sequence[Mapping[str, Any]], name: str, books: Mapping[str, Entries]
) -> str:
    """Set the predictions that were locked before the lesson beside what came out."""
    lesson, points = load_content(name), {r["student"]: r["points"] for r in results}
    rows = []
    for spec in lesson["predictions"]:
        locked = {s: _first(book, name, spec["id"]) for s, book in books.items()}
        for option in spec["options"]:
            who = [s for s, letter in locked.items() if letter == option["letter"]]
            marked = [points[s] for s in who if s in points]
            quiz = [share for s in who if (share := _quiz_share(books[s], lesson)) is not None]
            rows.append(
                (
                    cards.rich(spec["title"]) if option["letter"] == "A" else "",
                    f"{option['letter']}: {cards.rich(option['text'])}",
                    "what happens" if option["letter"] == spec.get("answer") else "",
                    f"{len(who)}",
                    f"{mean(quiz):.0%}" if quiz else "",
                    f"{mean(marked):.1f}" if marked else "",
                )
            )
    head = ("Prediction", "Option", "Outcome", "Locked by", "Right in the quiz", "Points here")
    if not books:
        return (
            "<h2>Predictions and outcomes</h2><p>No logbook was handed in. Ask for "
            "<code>cytolearn_logbook.json</code> beside the notebook.</p>"
        )
    return (
        f"<h2>Predictions and outcomes</h2><p>What {len(books)} students locked before lesson "
        f"{lesson['number']} showed them the answer, with what the same students reached later, on "
        "average.</p>" + _raw_table(head, rows)
    )


def _quiz_share(book: Entries, lesson: Mapping[str, Any]) -> float | None:
    """Return the share of right answers among the first ones to a lesson's quiz."""
    first = [_first(book, lesson["id"], spec["id"]) for spec in lesson["quiz"]]
    right = [a == spec["answer"] for a, spec in zip(first, lesson["quiz"]) if a]
    return mean(right) if right else None


def _first(book: Entries, lesson: str, question: str) -> str:
    """Return the letter of the first answer, which is the one that counts, or ""."""
    entries = book.get(f"{lesson}.{question}") or [{}]
    return str(entries[0].get("answer") or "")[:1]


def _logbooks_block(logbooks: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    if not logbooks:
        return ""
    worst = {s: max((b["trust"] for b in all_), key=TRUST.index) for s, all_ in logbooks.items()}
    lines = {
        "Seal whole": [s for s, trust in worst.items() if trust == "whole"],
        "Unsigned (begun with an older version of cytolearn)": [
            s for s, trust in worst.items() if trust == "unsigned"
        ],
        "Changed outside cytolearn": [s for s, trust in worst.items() if trust == "edited"],
    }
    items = "".join(f"<li>{words}: {_names(who)}.</li>" for words, who in lines.items())
    return (
        f"<h2>Logbooks</h2><ul>{items}</ul><p>A logbook is the learner's own file, sealed by a key "
        "that is public as all of cytolearn is. A broken seal says that the file was changed in "
        "another way than by answering; a whole one does not prove who answered. No points hang on "
        "it.</p>"
    )


def _students_block(results: Sequence[Mapping[str, Any]]) -> str:
    people = [
        (
            r["student"],
            f"{r['points']:g}",
            "not read" if r["by_hand"] is None else f"{r['by_hand']:g}",
            f"{r['total']:g}",
            "late" if r["late"] else "",
            r["status"],
            "; ".join(r["notes"][:3]),
        )
        for r in results
    ]
    head = ("Student", "By computer", "By hand", "In the course", "", "Run", "Notes")
    return "<h2>Students</h2>" + _table(head, people)


# ---------------------------------------------------------------- likenesses
def likenesses(
    results: Sequence[Mapping[str, Any]], students: Mapping[str, Any], name: str
) -> list[tuple[str, str]]:
    """Return pairs of students whose answers are more alike than chance: who, and why.

    Counted are questions on the student's own patient with a number for an answer: the same
    number twice where two patients differ, or a number that is right for the other one only; and
    free texts that share half of their word sequences.
    """
    specs = [q for q in load_exercise(name)["questions"] if q["kind"] == "number" and q["personal"]]
    specs = [spec for spec in specs if not _by_chance(spec)]
    wrong = {
        r["student"]: {
            e["id"]: e["answer"]
            for e in r["questions"]
            if e["outcome"] in ("wrong", "partly right")
        }
        for r in results
    }
    texts = {r["student"]: _sequences(r) for r in results}
    found = []
    for one, two in combinations([r["student"] for r in results], 2):
        same = [
            s["id"]
            for s in specs
            if s["id"] in wrong[one] and wrong[one][s["id"]] == wrong[two].get(s["id"])
        ]
        if len(same) >= SUSPICIOUS:
            found.append((f"{one}, {two}", f"the same wrong numbers: {', '.join(same)}"))
        both, least = texts[one] & texts[two], min(len(texts[one]), len(texts[two]))
        if least and len(both) > ALIKE * least:
            found.append((f"{one}, {two}", f"{len(both) / least:.0%} of a text word for word"))
    truths: dict[str, Any] = {}
    for student, answers in wrong.items():
        own = [spec for spec in specs if spec["id"] in answers]
        if len(own) < SUSPICIOUS:
            continue
        for other in (s for s in students if s != student):
            if other not in truths:
                code = students[other]["code"]
                truths[other] = {s["id"]: known_answer(name, s["id"], code) for s in specs}
            fits = [
                s["id"]
                for s in own
                if judge(answers[s["id"]], truths[other][s["id"]], s).outcome == "right"
            ]
            if len(fits) >= SUSPICIOUS:
                why = f"{student}'s wrong answers are right for {other}: {', '.join(fits)}"
                found.append((f"{student}, {other}", why))
    return found


def _by_chance(spec: Mapping[str, Any]) -> bool:
    """Whether two students may come to the same number by chance: a day of a course is a round one.

    >>> _by_chance({"unit": "days after the first symptom"}), _by_chance({"unit": "percent"})
    (True, False)
    """
    day = re.match(r"(?:d|days?)\b", spec.get("unit", ""))
    return bool(day) and "relative_tolerance" not in spec


def _sequences(result: Mapping[str, Any]) -> set[tuple[str, ...]]:
    """Return every sequence of a few words in a student's free texts."""
    texts = [e["answer"] for e in result["questions"] if e["outcome"] == "by hand"]
    words = [re.findall(r"\w+", text.casefold()) for text in texts]
    return {tuple(w[k : k + WORDS]) for w in words for k in range(len(w) - WORDS + 1)}


def shared_entries(books: Mapping[str, Entries]) -> list[tuple[str, str]]:
    """Return pairs of students whose logbooks hold the same entries, to the microsecond."""
    stamps = {student: set(_stamps(book)) for student, book in books.items()}
    return [
        (f"{one}, {two}", f"{len(both)} entries of their logbooks are the same, time included")
        for one, two in combinations(stamps, 2)
        if (both := stamps[one] & stamps[two])
    ]


def _stamps(book: Entries) -> Iterator[tuple[str, str, str]]:
    entries = [(key, entry) for key, all_ in book.items() for entry in all_ if entry.get("at")]
    for key, entry in entries[:LONGEST_BOOK]:
        yield key, str(entry["at"]), str(entry.get("answer"))


# ---------------------------------------------------------------- HTML
def _table(head: Iterable[str], rows: Iterable[Iterable[str]], none: str = "") -> str:
    return _raw_table(map(_safe, head), [[_safe(cell) for cell in row] for row in rows], none)


def _raw_table(head: Iterable[str], rows: Sequence[Iterable[str]], none: str = "") -> str:
    """Return a table of cells that are HTML already."""
    if not rows and none:
        return f"<p>{none}</p>"
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _svg(width: int, height: int, body: str, words: str) -> str:
    return (
        f'<svg role="img" aria-label="{_safe(words)}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-size="11" fill="currentColor">{body}</svg>'
    )


def _names(students: Iterable[str]) -> str:
    return _safe(", ".join(students) or "nobody")


def _page(title: str, head: str, blocks: Iterable[str]) -> str:
    body = f"<h1>{_safe(title)}</h1>{head}{''.join(blocks)}"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f'<title>{_safe(title)}</title><body style="margin: 1.5rem">{cards.page(body)}</body>'
        "</html>\n"
    )


def _safe(text: object) -> str:
    return html.escape(str(text))
