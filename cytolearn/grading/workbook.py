"""What a student's assignment calls: the patient, a check that answers at once, hints."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any

from cytolearn import physiology
from cytolearn.grading.students import case_of, read_code
from cytolearn.lessons import cards
from cytolearn.lessons.answers import Expected, Verdict, in_words, judge, off_by
from cytolearn.lessons.cards import Card
from cytolearn.lessons.content import find
from cytolearn.lessons.exercises import Case, expected_for, load_exercise, model_of
from cytolearn.lessons.logbook import Logbook, open_logbook
from cytolearn.patients import Patient
from cytolearn.wording import listing, quantity

#: What was checked last, and with which code, for the runner that marks notebooks. It is only
#: a place to fetch answers from: they are judged elsewhere.
HANDED_IN: dict[str, Any] = {"code": None, "answers": {}}
#: Set while a notebook is marked: answers are then fetched, and judged outside.
MARKING = "CYTOLEARN_MARKING"
#: Set under nbgrader: the student's code in the course, whatever the notebook says.
OWN_CODE = "CYTOLEARN_OWN_CODE"


def assignment(name: str, code: str = "") -> Workbook:
    """Open an assignment.

    Parameters
    ----------
    name : str
        Id of the lesson it belongs to, such as "interferon".
    code : str, default ""
        The code that your instructor gave you; "" for the public practice patient.

    Raises
    ------
    ValueError
        If there is no such assignment, or the code has a mistake in it.
    """
    return Workbook(name, code)


class Workbook:
    """One assignment for one student's patient.

    Parameters
    ----------
    name : str
        Id of the lesson.
    code : str, default ""
        Code of the student.
    logbook : Logbook, optional
        Where answers are kept. Default: the logbook of this folder.

    Attributes
    ----------
    patient : Patient
        The student's own patient.
    given : mapping
        Numbers of the questions that are this student's own.
    """

    def __init__(self, name: str, code: str = "", logbook: Logbook | None = None) -> None:
        self.content = load_exercise(name)
        self.id: str = self.content["id"]
        self.code = read_code(code)
        self._case: Case = case_of(self.code, name)
        self.patient: Patient = self._case.patient
        hidden = self.content.get("hidden", [])  # what a question asks for
        self.given: Mapping[str, Any] = {
            key: value for key, value in self._case.given.items() if key not in hidden
        }
        self.logbook = logbook if logbook is not None else open_logbook()
        HANDED_IN["code"] = self.code

    def __repr__(self) -> str:
        return self._card().text

    def _repr_html_(self) -> str:
        return cards.page(self._card().body)

    def _card(self) -> Card:
        who = f"code {self.code}" if self.code else "no code: the public practice patient"
        rows = {row["symbol"]: row for row in physiology.rows("parameters")}
        traits = [
            f"{rows[s]['name']}: {quantity(self._case.value(s), rows[s]['unit'])}"
            for s in self.content["patient"]["ranges"]
        ]
        own = [f"{key} = {value!r}" for key, value in self.given.items()]
        lines = [f"Your patient ({who}).", *traits, f"Your own numbers: {', '.join(own)}."]
        body = f"<strong>{lines[0]}</strong><ul>"
        body += "".join(f"<li>{cards.rich(line)}</li>" for line in lines[1:]) + "</ul>"
        return Card(cards.box(body), "\n".join(lines))

    def show(self, what: str) -> Any:
        """Return what a question shows, such as ``work.show("mystery")``.

        Raises
        ------
        ValueError
            If this assignment shows nothing of that name.
        """
        allowed = self.content.get("shows", [])
        if what not in allowed:
            raise ValueError(f"This assignment shows {listing(allowed, 'or')}; you gave {what!r}.")
        return getattr(model_of(self.id), what)(self._case)

    def check(self, question: str, value: Any = None) -> Card | float | None:
        """Compare an answer with the model and say what may have gone wrong.

        Parameters
        ----------
        question : str
            Id, such as "q1".
        value : anything
            The answer; ``...`` means "not yet". Whatever it is, nothing is raised.

        Returns
        -------
        Card
            While a notebook is marked: None, or under nbgrader the points of a part.

        Raises
        ------
        ValueError
            If there is no such question.
        AssertionError
            Under nbgrader's autograder alone, which marks by exceptions: if it earns nothing.
        """
        spec = find(self.content["questions"], question, "question")
        HANDED_IN["answers"][question] = value
        if os.environ.get(MARKING):
            return None
        if spec["kind"] == "text":
            return self._read_text(spec, value)
        if os.environ.get("NBGRADER_EXECUTION") == "autograde":
            return self._mark_for_nbgrader(spec, value)
        truth = expected_for(self.id, spec, self._case)
        verdict = judge(value, truth, spec)
        ladder = "" if verdict.outcome == "right" else cards.hint_ladder(spec["hints"])
        if verdict.outcome != "unanswered":
            self.logbook.record(self._key(question), verdict.answer, verdict.outcome)
        head, words = words_of(spec, truth, verdict)
        mood = {"right": "good", "unanswered": ""}.get(verdict.outcome, "warn")
        strong = f'<strong class="{mood}">{head}</strong>'
        return Card(
            cards.box(f"{strong} {cards.rich(words)}{ladder}", mood),
            f"{head} {cards.plain(words)}",
        )

    def _mark_for_nbgrader(self, spec: Mapping[str, Any], value: Any) -> float | None:
        """Judge for nbgrader: an exception means no points, a number so many, silence all."""
        code = os.environ.get(OWN_CODE, self.code)
        with warnings.catch_warnings():  # whatever stands on stderr would cost the points, too
            warnings.simplefilter("ignore")
            truth = expected_for(self.id, spec, case_of(code, self.id))
            verdict = judge(value, truth, spec)
        points = points_for(spec, verdict)
        if not points:
            foreign = "" if code == self.code else " (This notebook used another code than yours.)"
            raise AssertionError(" ".join(words_of(spec, truth, verdict)) + foreign)
        return points if points < spec["points"] else None

    def _read_text(self, spec: Mapping[str, Any], value: Any) -> Card:
        ladder = cards.hint_ladder(spec["hints"])
        n, (low, high) = len(value.split()) if isinstance(value, str) else 0, spec["words"]
        if not n:
            text = "Not answered yet. Write your text between the quotes and run both cells again."
            return Card(cards.box(f"{text}{ladder}"), text)
        self.logbook.record(self._key(spec["id"]), value, "answered")
        fits = "That fits." if low <= n <= high else f"Aim for {low} to {high}."
        head = f"Stored: {n} words. {fits} Your instructor reads it with this rubric:"
        items = "".join(f"<li>{cards.rich(line)}</li>" for line in spec["rubric"])
        body = cards.box(f"{head}<ul>{items}</ul>{ladder}", "good" if low <= n <= high else "warn")
        return Card(body, "\n".join([head, *(f"- {cards.plain(r)}" for r in spec["rubric"])]))

    def hint(self, question: str) -> Card:
        """Show one hint more than last time, from a ladder of three.

        Raises
        ------
        ValueError
            If there is no such question.
        """
        spec = find(self.content["questions"], question, "question")
        key = self._key(f"{question}.hint")
        step = min(len(self.logbook.history(key)) + 1, len(spec["hints"]))
        self.logbook.record(key, step, "hint")
        text = f"Hint {step} of {len(spec['hints'])}: {spec['hints'][step - 1]}"
        return Card(cards.box(cards.rich(text)), cards.plain(text))

    def _key(self, question: str) -> str:
        return f"{self.id}.exercise.{question}"


def words_of(spec: Mapping[str, Any], truth: Expected, verdict: Verdict) -> tuple[str, str]:
    """Say what came of an answer: a head and the reason, without giving the answer away.

    Parameters
    ----------
    spec : mapping
        The question.
    truth : Expected
    verdict : Verdict
    """
    if verdict.outcome == "unanswered":
        return "Not answered yet.", "Replace the dots and run both cells again."
    if verdict.outcome == "unreadable":
        return "I cannot read this answer.", verdict.message
    given = f"You answered {in_words(verdict.answer)}. "
    if verdict.outcome == "right":
        words = spec["right"]
        for opening in ("Right. ", "Right: "):  # the head says so already
            words = words.removeprefix(opening)
        return "Correct.", given + cards.filled(words[:1].upper() + words[1:], truth.facts)
    words = spec["mistakes"].get(verdict.mistake, "")
    if not words and spec["kind"] == "number":
        unit = spec.get("unit", "")
        words = off_by(verdict.answer, truth.value, unit) + f" The answer is wanted in {unit}."
    words = words or "Look at what you were shown once more."
    points = points_for(spec, verdict)
    head = f"Partly right: {points:g} of {spec['points']:g} points." if points else "Not yet."
    return head, given + cards.filled(words, truth.facts)


def points_for(spec: Mapping[str, Any], verdict: Verdict) -> float:
    """Return what an answer earns: all, what the question's table "partial" says, or nothing.

    >>> spec = {"points": 3, "partial": {"log_difference": 1}}
    >>> points_for(spec, Verdict("wrong", 2.0, mistake="log_difference"))
    1
    """
    if verdict.outcome == "right":
        return spec["points"]
    return spec.get("partial", {}).get(verdict.mistake, 0) if verdict.outcome == "wrong" else 0
