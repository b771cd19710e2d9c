"""An instructor's guide for each lesson, a worksheet without answers, and a page of plans.

Everything comes from the lesson: its content, its checks, its app and its assignment. What only an
instructor needs is `guide.toml` of the lesson (notes, prompts for a discussion, which tabs make
slides); `plans.toml` says how lessons are spread over days and where the course can run.
"""

from __future__ import annotations

import base64
import html
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cytolearn.evidence import misconceptions
from cytolearn.grading.course import code_for, read_rows
from cytolearn.grading.slides import Slide, slides
from cytolearn.grading.students import case_of, read_code
from cytolearn.lessons import cards
from cytolearn.lessons.answers import Expected, in_words
from cytolearn.lessons.cards import rich
from cytolearn.lessons.claims import Row, rows
from cytolearn.lessons.content import (
    computed,
    expected,
    lesson_ids,
    load_content,
    read_text,
)
from cytolearn.lessons.exercises import exercise_ids, expected_for, load_exercise
from cytolearn.wording import listing, number, unknown

Say = Callable[[str], None]
PRACTICE = "practice patient"
MODEL_NOTE = "Teaching model, 2020 wild-type virus, unvaccinated. Not for clinical use."
FEWEST, MOST = 3, 5  # prompts for a discussion
_CSS = " ".join((files(__package__) / "guide.css").read_text(encoding="utf-8").split())


@dataclass(frozen=True)
class Pupil:
    """Somebody for whom the answers of an assignment are computed.

    Attributes
    ----------
    name : str
    codes : mapping of str to str
        Code by assignment; where there is none, the practice patient's.
    """

    name: str
    codes: Mapping[str, str]


# ---------------------------------------------------------------- data
@cache
def load_guide(name: str) -> Mapping[str, Any]:
    """Return what only the instructor of a lesson reads.

    Raises
    ------
    ValueError
        If there is no such lesson, or its guide.toml is incomplete.
    """
    guide = tomllib.loads(read_text(name, "guide.toml"))
    problems = list(guide_problems(name, guide))
    if problems:
        raise ValueError(f"lessons/{name}/guide.toml: {'; '.join(problems)}.")
    return MappingProxyType(guide)


def guide_problems(name: str, guide: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the guide of a lesson, in words."""
    sections = load_content(name)["minutes"]
    yield from (f"no note for '{key}'" for key in sections if key not in guide["notes"])
    for key in guide["notes"]:
        if key not in sections:
            yield unknown("section", key, sections).rstrip(".")
    prompts = guide["discussion"]
    if not FEWEST <= len(prompts) <= MOST:
        yield f"{len(prompts)} prompts for a discussion; {FEWEST} to {MOST} are wanted"
    if any(set(prompt) != {"ask", "listen"} for prompt in prompts):
        yield "a prompt needs 'ask' and 'listen'"


@cache
def load_plans() -> Mapping[str, Any]:
    """Return the plans of teaching and the places where the course can run.

    Raises
    ------
    ValueError
        If a plan names an unknown lesson or leaves one out.
    """
    content = tomllib.loads((files("cytolearn.lessons") / "plans.toml").read_text(encoding="utf-8"))
    problems = list(plan_problems(content["plans"]))
    if problems:
        raise ValueError(f"lessons/plans.toml: {'; '.join(problems)}.")
    return MappingProxyType(content)


def plan_problems(plans: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield which lessons a plan leaves out, holds twice or invents."""
    for plan in plans:
        named = [b["lesson"] for s in plan["sessions"] for b in s["blocks"] if "lesson" in b]
        odd = {name for name in {*named, *lesson_ids()} if named.count(name) != 1}
        odd |= set(named) - set(lesson_ids())
        if odd:
            yield f"'{plan['title']}' must hold every lesson once; see {listing(sorted(odd))}"


def minutes_of(name: str) -> int:
    """Return how many minutes a lesson takes."""
    return sum(load_content(name)["minutes"].values())


def pupils_of(course: Path | None = None, codes: Iterable[str] = ()) -> list[Pupil]:
    """Return the students of a course folder, and one pupil for each code that was given.

    Raises
    ------
    ValueError
        If the folder has no codes, or a code has a mistake in it.
    """
    pupils = []
    if course is not None:
        table = read_rows(course / "codes.csv")
        if not table:
            raise ValueError(f"'{course}' is no course folder yet: run `cytolearn assign` first.")
        for row in table:
            own = {name: code_for(row, name) for name in exercise_ids()}
            pupils.append(Pupil(row.get("name") or row["student"], own))
    for code in map(read_code, codes):
        pupils.append(Pupil(f"code {code}", dict.fromkeys(exercise_ids(), code)))
    return pupils


# ---------------------------------------------------------------- the whole
def write_guides(
    folder: Path, names: Iterable[str] = (), *, pupils: Sequence[Pupil] = (), say: Say = print
) -> list[Path]:
    """Write guides, worksheets and slides of some lessons (none named: all) and the overview.

    Parameters
    ----------
    folder : Path
        Made if needed. Files of the same name are replaced.
    names : iterable of str
        Ids of lessons.
    pupils : sequence of Pupil
        For whom the answers of assignments are computed, besides the practice patient.
    say : callable
        Gets one line at a time about the progress.

    Returns
    -------
    list of Path
        What was written, pages first.

    Raises
    ------
    ValueError
        If there is no such lesson.
    """
    chosen = tuple(names) or lesson_ids()
    for name in chosen:
        load_content(name)
    pages, pictures = {"index.html": overview(chosen)}, {}
    for name in chosen:
        say(f"{load_content(name)['title']} ...")
        shown = list(slides(name, load_guide(name).get("figures", {})))
        pages[f"{name}.html"] = guide_page(name, shown, pupils)
        pages[f"{name}-worksheet.html"] = worksheet(name)
        pictures[f"{name}-0.svg"] = read_text(name, "mechanism.svg").encode()
        for place, slide in enumerate(shown, start=1):
            pictures[f"{name}-{place}.svg"] = slide.svg().encode()
            footer = f"cytolearn · {load_content(name)['title']} · {MODEL_NOTE}"
            pictures[f"{name}-{place}.png"] = slide.png(footer)
    (folder / "slides").mkdir(parents=True, exist_ok=True)
    written = []
    for file, content in (
        *((folder / file, text.encode()) for file, text in pages.items()),
        *((folder / "slides" / file, content) for file, content in pictures.items()),
    ):
        file.write_bytes(content)
        written.append(file)
    return written


# ---------------------------------------------------------------- a lesson
def guide_page(name: str, shown: Sequence[Slide] = (), pupils: Sequence[Pupil] = ()) -> str:
    """Return the guide of a lesson as one page that needs no other file.

    Parameters
    ----------
    name : str
        Id of the lesson.
    shown : sequence of Slide
        Its pictures.
    pupils : sequence of Pupil
        See `write_guides`.
    """
    content, guide = load_content(name), load_guide(name)
    parts = [
        f"<p class='lead'>{rich(content['question'])}</p>",
        _links(name),
        _section("Aims", _bullets(content["objectives"])),
        _section("Minutes and notes", _timetable(content["minutes"], guide["notes"])),
        _section("The story, to read aloud", f"<p>{rich(content['story'])}</p>"),
        _section("Predictions", "".join(_prediction(name, p) for p in content["predictions"])),
        _section("To try in the app", _bullets(content["explorer"]["tasks"])),
        _section("Key to the tasks", "".join(_task(name, task) for task in content["tasks"])),
        _section("Key to the quiz", "".join(map(_quiz, content["quiz"]))),
        _section("Misconceptions to listen for", _misconceptions(name)),
        _section("To discuss", "".join(map(_prompt, guide["discussion"]))),
        _section("Pictures", _pictures(name, shown)),
        _section("Evidence at hand", _evidence(name)),
    ]
    if name in exercise_ids():
        parts.append(_section("Key to the assignment", _assignment(name, pupils)))
    closing = content["closing"]
    parts.append(_section("What should stay", _bullets(closing["key_points"])))
    parts.append(_section("Limits to admit", _bullets(closing["limits"])))
    title = f"{content['number']} · {content['title']}: instructor's guide"
    return _page(title, "".join(parts), "Contains all answers: not for students.")


def _links(name: str) -> str:
    content = load_content(name)
    words = f"About {minutes_of(name)} minutes. Notebook: <code>{content['file']}.ipynb</code>. "
    sheet = f"<a href='{name}-worksheet.html'>worksheet to print</a>"
    return f"<p>{words}<a href='index.html'>All lessons</a> · {sheet}</p>"


def _timetable(minutes: Mapping[str, int], notes: Mapping[str, str]) -> str:
    lines, begun = [], 0
    for section, length in minutes.items():
        when = f"{begun} to {begun + length}"
        lines.append((f"<strong>{rich(section)}</strong>", str(length), when, rich(notes[section])))
        begun += length
    lines.append(("<strong>Sum</strong>", str(begun), "", ""))
    return _table(("Section", "Minutes", "From, to", "Note"), lines)


def _prediction(name: str, question: Mapping[str, Any]) -> str:
    truth = expected(name, question["reveal"])
    options = "".join(
        _option(
            option, option["letter"] == truth.value, cards.filled(option["feedback"], truth.facts)
        )
        for option in question["options"]
    )
    happened = truth.facts.get("shown", "")
    seen = f"<p><strong>In the model:</strong> {rich(happened)}.</p>" if happened else ""
    head = f"<h3>{rich(question['title'])}</h3><p>{rich(question['question'])}</p>"
    return f"<div class='block'>{head}{options}{seen}</div>"


def _option(option: Mapping[str, Any], right: bool, feedback: str) -> str:
    mark, kind = ("✓", "right") if right else ("", "")
    text = f"<strong>{option['letter']}</strong> {rich(option['text'])}"
    return f"<p class='option {kind}'><span>{mark}</span>{text} <em>{rich(feedback)}</em></p>"


def _task(name: str, task: Mapping[str, Any]) -> str:
    truth = expected(name, task["expects"])
    return _question(task, truth, _answer(task, truth))


def _question(spec: Mapping[str, Any], truth: Expected, answer: str) -> str:
    """Write a question with its answer, what wrong answers mean, and the hints."""
    wrong = [
        tuple(
            map(
                rich,
                (
                    in_words(truth.mistakes[key], spec.get("unit", "")),
                    cards.filled(words, truth.facts),
                ),
            )
        )
        for key, words in spec["mistakes"].items()
        if key in truth.mistakes and truth.mistakes[key] != truth.value
    ]
    hints = [cards.filled(hint, truth.facts) for hint in spec["hints"]]
    right = cards.filled(spec["right"], truth.facts)
    return (
        f"<div class='block'><h3>{rich(spec['title'])}</h3><p>{rich(spec['prompt'])}</p>"
        f"<p class='answer'><strong>Expected: {rich(answer)}</strong><br>{rich(right)}</p>"
        + (_table(("A student says", "What happened"), wrong) if wrong else "")
        + f"<p class='small'><strong>Hints.</strong> {' '.join(map(rich, hints))}</p></div>"
    )


def _answer(spec: Mapping[str, Any], truth: Expected) -> str:
    """Return the expected answer with its margin."""
    words = in_words(truth.value, spec.get("unit", ""))
    if spec.get("tolerance", 0) > 0.05:
        return f"{words} (give or take {number(spec['tolerance'])})"
    if "relative_tolerance" in spec:
        return f"{words} (give or take {100 * spec['relative_tolerance']:g}%)"
    return words


def _quiz(question: Mapping[str, Any]) -> str:
    options = "".join(
        _option(option, option["letter"] == question["answer"], option["feedback"])
        for option in question["options"]
    )
    return f"<div class='block'><h3>{rich(question['question'])}</h3>{options}</div>"


def _misconceptions(name: str) -> str:
    known = {entry["id"]: entry for entry in misconceptions()}
    own = [row for row in rows() if row.lesson == name and row.kind == "misconception"]
    return "".join(_misconception(row, known[row.id]) for row in own)


def _misconception(row: Row, entry: Mapping[str, Any]) -> str:
    shown = row.prove().words
    where = cards.plain(row.where().partition(") ")[2])
    seen = f"<strong>Overturn it:</strong> {rich(where)}. <em>What is seen:</em> {rich(shown)}"
    head = f"<h3>“{rich(entry['misconception'])}”</h3><p>{rich(entry['truth'])}</p>"
    return f"<div class='block'>{head}<p>{seen}</p></div>"


def _prompt(prompt: Mapping[str, str]) -> str:
    listen = f"<p class='small'><strong>Listen for:</strong> {rich(prompt['listen'])}</p>"
    return f"<div class='block'><p><strong>{rich(prompt['ask'])}</strong></p>{listen}</div>"


def _pictures(name: str, shown: Sequence[Slide]) -> str:
    alt = cards.plain(load_content(name)["diagram"]["alt"])
    out = [_figure("The mechanism", read_text(name, "mechanism.svg"), alt)]
    out += [_figure(slide.title, slide.svg(), slide.words) for slide in shown]
    where = "<p>Each is in the folder <code>slides</code> as SVG and, but for the mechanism, "
    return f"{where}as a slide of 16:9 (PNG).</p>{''.join(out)}"


def _figure(title: str, svg: str, words: str) -> str:
    source = base64.b64encode(svg.encode()).decode()
    alt = html.escape(words, quote=True)
    image = f'<img src="data:image/svg+xml;base64,{source}" alt="{alt}">'
    caption = f"<strong>{rich(title)}{'' if title.endswith('?') else '.'}</strong> {rich(words)}"
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def _evidence(name: str) -> str:
    content = load_content(name)
    return cards.stack(
        cards.evidence_card(card, computed(name, card["model"])()) for card in content["evidence"]
    ).body


# ---------------------------------------------------------------- its assignment
def _assignment(name: str, pupils: Sequence[Pupil]) -> str:
    content = load_exercise(name)
    asked = [q for q in content["questions"] if q["kind"] != "text"]
    practice = case_of("", name)
    head = f"<p>{rich(content['title'])}. About {content['minutes']} minutes, "
    head += f"{sum(q['points'] for q in content['questions']):g} points. The answers in full are "
    head += f"those of the {PRACTICE}; a student's own differ and stand in the table.</p>"
    parts = [head]
    for spec in content["questions"]:
        if spec["kind"] == "text":
            rubric = f"<h3>{rich(spec['title'])}</h3><p>{rich(spec['prompt'])}</p>"
            parts.append(f"<div class='block'>{rubric}{_bullets(spec['rubric'])}</div>")
        else:
            truth = expected_for(name, spec, practice)
            parts.append(_question(spec, truth, _answer(spec, truth)))
    lines = [_answers(name, asked, pupil) for pupil in (Pupil(PRACTICE, {}), *pupils)]
    head = ("Student", "Own numbers", *(f"{q['id']}, {q.get('unit', q['kind'])}" for q in asked))
    table = _table(head, lines)
    return f"{''.join(parts)}<h3>Answers by student</h3><div class='wide'>{table}</div>"


def _answers(name: str, asked: Sequence[Mapping[str, Any]], pupil: Pupil) -> list[str]:
    case = case_of(pupil.codes.get(name, ""), name)
    own = ", ".join(f"{key} {value}" for key, value in case.given.items())
    values = [in_words(expected_for(name, spec, case).value) for spec in asked]
    return [rich(pupil.name), rich(own), *map(rich, values)]


# ---------------------------------------------------------------- for students
def worksheet(name: str) -> str:
    """Return a page to print for students, without any answer: predict, sketch, note, tell."""
    content = load_content(name)
    parts = ["<p class='fill'>Name <i></i> Date <i class='short'></i></p>"]
    parts.append(f"<p class='lead'>{rich(content['question'])}</p>")
    for question in content["predictions"]:
        options = "".join(
            f"<span class='tick'>☐ <strong>{o['letter']}</strong> {rich(o['text'])}</span>"
            for o in question["options"]
        )
        why = "<p class='fill'>Because <i></i></p>"
        parts.append(f"<div><h3>{rich(question['title'])}</h3>{rich(question['question'])}")
        parts.append(f"<p class='ticks'>{options}</p>{why}</div>")
    parts.append("<h3>See: sketch one curve before you look, then what you saw</h3>")
    parts.append(f"<div class='axes'>{_axes('I expect')}{_axes('I see')}</div>")
    parts.append("<p class='fill'>What surprised me <i></i></p>")
    lines = [(rich(task["title"]), rich(_wanted(task)), "", "") for task in content["tasks"]]
    parts.append("<h3>Do</h3>")
    parts.append(_table(("Task", "In", "My answer", "What I first got wrong"), lines))
    parts.append(f"<h3>To discuss</h3><p>{rich(load_guide(name)['discussion'][0]['ask'])}</p>")
    parts.append("<p class='fill'><i></i></p>")
    parts.append("<p class='fill'>What this model cannot tell me <i></i></p>")
    title = f"{content['number']} · {content['title']}"
    return _page(title, "".join(parts), MODEL_NOTE, kind="sheet")


def _wanted(task: Mapping[str, Any]) -> str:
    return task.get("unit") or {"set": "names", "choice": "a word"}.get(task["kind"], "a number")


def _axes(title: str) -> str:
    ticks = "".join(f"<path d='M{x} 76v4'/>" for x in range(30, 331, 50))
    return (
        "<svg viewBox='0 0 340 96' role='img' aria-label='empty axes'>"
        f"<g fill='none' stroke='#555'><path d='M30 6v70h304'/>{ticks}</g>"
        f"<text x='36' y='16'>{title}: …</text>"
        "<text x='190' y='93'>days since the first symptom</text></svg>"
    )


# ---------------------------------------------------------------- the overview
def overview(names: Iterable[str] = ()) -> str:
    """Return the page of plans: lessons with their minutes, schedules, and places to run them.

    Parameters
    ----------
    names : iterable of str
        Lessons whose guides lie beside the page and are linked; none: all.
    """
    linked, plans = tuple(names) or lesson_ids(), load_plans()
    lines = []
    for name in lesson_ids():
        content = load_content(name)
        title = f"{content['number']} · {rich(content['title'])}"
        if name in linked:
            sheet = f"<a href='{name}-worksheet.html'>worksheet</a>"
            title = f"<a href='{name}.html'>{title}</a> ({sheet})"
        task = f"{load_exercise(name)['minutes']}" if name in exercise_ids() else "–"
        lines.append((title, rich(content["question"]), str(minutes_of(name)), task))
    home = [load_exercise(name)["minutes"] for name in exercise_ids()]
    sums = (str(sum(map(minutes_of, lesson_ids()))), str(sum(home)))
    lines.append(("<strong>Sum</strong>", "", *sums))
    head = ("Lesson", "Question", "Minutes in class", "Minutes of the assignment")
    parts = [_section("The lessons", _table(head, lines))]
    parts += [_section(f"Plan: {plan['title'].lower()}", _plan(plan)) for plan in plans["plans"]]
    for place in plans["places"]:
        steps = "".join(f"<li>{rich(step)}</li>" for step in place["steps"])
        parts.append(_section(place["title"], f"<p>{rich(place['words'])}</p><ol>{steps}</ol>"))
    return _page("cytolearn: plans for instructors", "".join(parts), MODEL_NOTE)


def _plan(plan: Mapping[str, Any]) -> str:
    parts = [f"<p>{rich(plan['words'])}</p>"]
    for session in plan["sessions"]:
        lines, home = schedule(session), homework(session)
        table = _table(("When", "Minutes", "What"), [tuple(map(rich, line)) for line in lines])
        after = f"<p><strong>At home:</strong> {rich(home)}.</p>" if home else ""
        parts.append(f"<div class='block'><h3>{rich(session['title'])}</h3>{table}{after}</div>")
    return "".join(parts)


def schedule(session: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the lines of a session: when, how many minutes, what; the last one is the sum.

    Parameters
    ----------
    session : mapping
        ``blocks`` of lessons and pauses and, if it has one, a ``start`` such as "09:00".
    """
    clock = datetime.strptime(session["start"], "%H:%M") if "start" in session else None
    lines, gone = [], 0

    def when(minute: int) -> str:
        return f"{clock + timedelta(minutes=minute):%H:%M}" if clock else f"minute {minute}"

    for block in session["blocks"]:
        length = block["pause"] if "pause" in block else minutes_of(block["lesson"])
        content = load_content(block["lesson"]) if "lesson" in block else {}
        what = f"{content['number']} · {content['title']}" if content else block["title"]
        lines.append((when(gone), str(length), what))
        gone += length
    return [*lines, (when(gone), str(gone), "End")]


def homework(session: Mapping[str, Any]) -> str:
    """Say which assignments belong to the lessons of a session, and how long they take."""
    named = [b["lesson"] for b in session["blocks"] if b.get("lesson") in exercise_ids()]
    words = [f"{name} ({load_exercise(name)['minutes']} minutes)" for name in named]
    return f"assignments {', '.join(words)}" if words else ""


# ---------------------------------------------------------------- pages
def _section(title: str, body: str) -> str:
    return f"<section><h2>{rich(title)}</h2>{body}</section>"


def _bullets(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{rich(item)}</li>' for item in items)}</ul>"


def _table(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    top = "".join(f"<th>{rich(cell)}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in lines)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _page(title: str, body: str, footer: str, kind: str = "guide") -> str:
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head += f"<title>{rich(title)}</title>"
    inner = f"<h1>{rich(title)}</h1>{body}<footer>{rich(footer)}</footer>"
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}<style>{_CSS}</style></head>'
        f'<body class="{kind}">{cards.page(inner)}</body></html>\n'
    )
