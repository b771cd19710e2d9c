"""A lesson: what a notebook calls. Content comes from content.toml, numbers from the model."""

from __future__ import annotations

import base64
import html
import re
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cytolearn.lessons import cards
from cytolearn.lessons.answers import (
    Expected,
    Verdict,
    in_words,
    judge,
    off_by,
    off_by_members,
)
from cytolearn.lessons.cards import Card
from cytolearn.lessons.content import (
    bibtex,
    computed,
    expected,
    find,
    load_content,
    person,
    read_text,
    references,
)
from cytolearn.lessons.logbook import Logbook, open_logbook
from cytolearn.patients import Patient

if TYPE_CHECKING:
    from cytolearn.lessons.equations import Equations


def lesson(name: str) -> Lesson:
    """Open a lesson.

    Parameters
    ----------
    name : str
        Id of the lesson, such as "interferon".

    Returns
    -------
    Lesson

    Raises
    ------
    ValueError
        If there is no such lesson; the message names the nearest.
    """
    return Lesson(name)


class Lesson:
    """One lesson with the learner's answers to it.

    Parameters
    ----------
    name : str
        Id of the lesson.
    logbook : Logbook, optional
        Where answers are kept. Default: the logbook of this folder.
    """

    def __init__(self, name: str, logbook: Logbook | None = None) -> None:
        self.content: Mapping[str, Any] = load_content(name)
        self.id: str = self.content["id"]
        self.logbook = logbook if logbook is not None else open_logbook()
        self._views: weakref.WeakSet[Any] = weakref.WeakSet()

    # ---------------------------------------------------------------- predict
    def predict(self, prediction: str, answer: str | None = None, *, skip: bool = False) -> Any:
        """Ask for a prediction, or give it without clicking.

        Parameters
        ----------
        prediction : str
            Id, such as "p1".
        answer : str, optional
            Letter of the option. Without it the question is shown.
        skip : bool, default False
            Skip the prediction (which is recorded).

        Returns
        -------
        widget or Card

        Raises
        ------
        ValueError
            If there is no such prediction.
        """
        question = find(self.content["predictions"], prediction, "prediction")
        if skip:
            return Card(*self._store_prediction(question, None))
        if answer is None:
            return self._prediction_view([question])
        letters = [option["letter"] for option in question["options"]]
        letter = str(answer).strip().rstrip(".:)").upper()
        if letter not in letters:  # it is kept for ever: "don't know" is no D
            text = (
                f"Choose {letters[0]} to {letters[-1]}, as in lesson.predict({prediction!r}, 'A'). "
                f"You gave {str(answer)!r}; nothing was stored."
            )
            return Card(cards.box(cards.rich(text), "warn"), text)
        return Card(*self._store_prediction(question, letter))

    def predicted(self, prediction: str) -> str | None:
        """Return the letter of a stored prediction, "" if it was skipped, None if it is open.

        Raises
        ------
        ValueError
            If there is no such prediction.
        """
        question = find(self.content["predictions"], prediction, "prediction")
        entry = self.logbook.first(self._key(question["id"]))
        return None if entry is None else entry["answer"] or ""

    @property
    def locked(self) -> bool:
        """Whether a prediction is still open, so that the app stays closed."""
        return any(
            self.predicted(question["id"]) is None for question in self.content["predictions"]
        )

    def _store_prediction(self, question: Mapping[str, Any], letter: str | None) -> tuple[str, str]:
        key = self._key(question["id"])
        if self.predicted(question["id"]) is None:
            self.logbook.record(key, letter, "answered" if letter else "skipped")
            for view in list(self._views):
                view()
        return self._stored_words(question)

    def _stored_words(self, question: Mapping[str, Any]) -> tuple[str, str]:
        """Return HTML and text that say what was predicted, and if all is open, what happened."""
        letter = self.predicted(question["id"])
        if not letter:
            said = "You skipped this prediction."
        else:
            option = find(_by_letter(question), letter, "option")
            said = f"You said {letter}: {cards.plain(option['text'])}"
        if self.locked:
            after = "Stored. The app opens when every prediction is answered or skipped."
            return self._noted(cards.box(f"<strong>{said}</strong><br>{after}")), f"{said} {after}"
        body, text = self._reveal(question)
        return self._noted(body), text

    def _reveal(self, question: Mapping[str, Any]) -> tuple[str, str]:
        """Return HTML and text of what the model shows beside what was predicted."""
        letter = self.predicted(question["id"])
        truth = expected(self.id, question["reveal"])
        shown = truth.facts["shown"]
        right = find(_by_letter(question), truth.value, "option")
        if not letter:
            head, mood, said = "You skipped this one.", "", ""
        else:
            option = find(_by_letter(question), letter, "option")
            mood = "good" if letter == truth.value else "warn"
            head = f"You said {letter}: {cards.plain(option['text'])}"
            said = option["feedback"]
        happened = f"In the model: {shown}."
        answer = (
            ""
            if letter == truth.value
            else f"That is answer {truth.value}: {cards.plain(right['text'])}"
        )
        body = f"<strong>{head}</strong><br>{cards.rich(happened)} {answer}<br>{cards.rich(said)}"
        text = " ".join(filter(None, [f"{head.rstrip('.')}.", happened, answer, cards.plain(said)]))
        return cards.box(body, mood), text

    def _prediction_view(self, questions: list[Mapping[str, Any]]) -> Any:
        from cytolearn.lessons.questions import Choice, Shown

        boxes = {}
        for question in questions:
            boxes[question["id"]] = Choice(
                question,
                lambda letter, q=question: self._store_prediction(q, letter)[0],
                button="Lock in my prediction",
                skip=lambda q=question: self._store_prediction(q, None)[0],
            )

        def refresh() -> None:
            for question in questions:
                if self.predicted(question["id"]) is not None:
                    body, _ = self._stored_words(question)
                    boxes[question["id"]].settle(self.predicted(question["id"]) or None, body)

        def text() -> str:
            return "\n\n".join(
                cards.options_text(q)
                if self.predicted(q["id"]) is None
                else f"{cards.plain(q['question'])}\n  {self._stored_words(q)[1]}"
                for q in questions
            )

        def body() -> str:
            return "".join(
                cards.options_list(q)
                if self.predicted(q["id"]) is None
                else self._stored_words(q)[0]
                for q in questions
            )

        view = Shown(list(boxes.values()), text, body)
        view.questions, view.refresh = boxes, refresh
        refresh()
        self._watch(view)
        return view

    def _watch(self, view: Any) -> None:
        """Call `view.refresh` whenever a prediction is stored, for as long as the view lives."""
        refresh = view.refresh  # one object: a bound method is made anew at every look
        view._kept_alive = refresh
        self._views.add(refresh)

    # ---------------------------------------------------------------- explore
    def explore(self) -> Any:
        """Open the lesson's app; closed while a prediction is open."""
        from cytolearn.lessons.explore import Explore

        return Explore(self)

    def note(self, found: Mapping[str, Any]) -> None:
        """Keep something that the app found out in the logbook, such as the score of a game."""
        self.logbook.record(self._key("app"), dict(found), "noted")

    # ---------------------------------------------------------------- explain
    def diagram(self) -> Card:
        """Show the mechanism as a diagram."""
        drawing, alt = (
            read_text(self.id, "mechanism.svg"),
            cards.plain(self.content["diagram"]["alt"]),
        )
        source = base64.b64encode(drawing.encode()).decode()
        image = (
            f'<img src="data:image/svg+xml;base64,{source}" alt="{cards.rich(alt)}" width="900">'
        )
        return Card(image, alt)

    def equations(self, patient: Patient | str | None = None) -> Equations:
        """Show the lesson's equations with a patient's numbers.

        Parameters
        ----------
        patient : Patient or str, optional
            A patient, a person of the story or the name of a preset. Default: whom the story is
            about.

        Raises
        ------
        ValueError
            If it is none of these.
        """
        from cytolearn.lessons.equations import equations

        spec = self.content["equations"]
        who = spec.get("patient") or self.content["explorer"]["patient"]
        who = who if patient is None else patient
        if isinstance(who, str):
            known = who in self.content.get("patients", {})
            who = person(self.content, who) if known else Patient(who)
        if not isinstance(who, Patient):
            raise ValueError(
                "Give a patient, such as cl.Patient('mild'), or a name; you gave "
                f"{type(who).__name__}."
            )
        return equations(spec, who.constants, who.label)

    # ---------------------------------------------------------------- tasks
    def check(self, task: str, value: Any = None) -> Card:
        """Compare an answer with the model and say what may have gone wrong.

        Parameters
        ----------
        task : str
            Id, such as "t1".
        value : anything
            The learner's answer; ``...`` means "not yet". Whatever it is, nothing is raised and
            nothing is lost.

        Returns
        -------
        Card

        Raises
        ------
        ValueError
            If there is no such task.
        """
        spec = find(self.content["tasks"], task, "task")
        ladder = cards.hint_ladder(self._hints(spec))
        if value is None or value is ...:
            text = "Not answered yet."
            return Card(
                cards.box(f"{text} Replace the <code>...</code> and run the cell again.{ladder}"),
                text,
            )
        truth = expected(self.id, spec["expects"])
        verdict = judge(value, truth, spec)
        if verdict.outcome == "unanswered":
            return self.check(task)
        self.logbook.record(self._key(task), verdict.answer, verdict.outcome)
        return self._judged(spec, truth, verdict, ladder)

    def _judged(
        self, spec: Mapping[str, Any], truth: Expected, verdict: Verdict, ladder: str
    ) -> Card:
        if verdict.outcome == "right":
            head, mood, words, ladder = (
                "Correct.",
                "good",
                _bare(spec["right"]),
                "",
            )
        elif verdict.outcome == "unreadable":
            head, mood, words = "I cannot read this answer.", "warn", verdict.message
        else:
            head, mood = "Not yet.", "warn"
            words = spec["mistakes"].get(verdict.mistake) or self._unrecognised(
                spec, truth, verdict
            )
        words = cards.filled(words, truth.facts)
        # Words that begin with the figure itself need no echo of the learner's: "4. 4. There ..."
        echo = verdict.outcome == "wrong" or not re.match(r"-?\d", words)
        echo = echo and verdict.outcome != "unreadable"
        given = f"You answered {in_words(verdict.answer)}. " if echo else ""
        body = cards.box(
            f'<strong class="{mood}">{head}</strong> {given}{cards.rich(words)}{ladder}', mood
        )
        return Card(self._noted(body), f"{head} {given}{cards.plain(words)}")

    @staticmethod
    def _unrecognised(spec: Mapping[str, Any], truth: Expected, verdict: Verdict) -> str:
        if spec.get("kind", "number") == "number":
            unit = spec.get("unit", "")
            how = "as a number of" if unit.startswith("times") else "in"
            wanted = f" The answer is wanted {how} {unit}." if unit else ""
            return off_by(verdict.answer, truth.value, unit) + wanted
        if spec["kind"] == "set":
            return off_by_members(verdict.answer, truth.value)
        return "Look at the printed numbers once more."

    def _hints(self, spec: Mapping[str, Any]) -> list[str]:
        """Return a task's hints with the model's numbers; it is asked only where one is named."""
        if not any("{" in hint for hint in spec["hints"]):
            return spec["hints"]
        facts = expected(self.id, spec["expects"]).facts
        return [cards.filled(hint, facts) for hint in spec["hints"]]

    def hint(self, task: str) -> Card:
        """Show one hint more than last time, from a ladder of three."""
        spec = find(self.content["tasks"], task, "task")
        key = self._key(f"{task}.hint")
        step = min(len(self.logbook.history(key)) + 1, len(spec["hints"]))
        self.logbook.record(key, step, "hint")
        text = f"Hint {step} of {len(spec['hints'])}: {self._hints(spec)[step - 1]}"
        return Card(self._noted(cards.box(cards.rich(text))), cards.plain(text))

    # ---------------------------------------------------------------- quiz
    def quiz(self, question: str | None = None, answer: str | None = None) -> Any:
        """Show the quiz, or answer one of its questions without clicking.

        Raises
        ------
        ValueError
            If there is no such question, or no such option.
        """
        if question is not None:
            spec = find(self.content["quiz"], question, "quiz question")
            if answer is None:
                return self._quiz_view([spec])
            letter = find(_by_letter(spec), str(answer).strip().upper(), "option")["letter"]
            return Card(*self._mark(spec, letter))
        return self._quiz_view(self.content["quiz"])

    def _mark(self, spec: Mapping[str, Any], letter: str) -> tuple[str, str]:
        """Record an answer to a quiz question; return its feedback as HTML and text."""
        right = letter == spec["answer"]
        self.logbook.record(self._key(spec["id"]), letter, "right" if right else "wrong")
        return self._quiz_words(spec, letter)

    def _quiz_words(self, spec: Mapping[str, Any], letter: str) -> tuple[str, str]:
        right = letter == spec["answer"]
        option = find(_by_letter(spec), letter, "option")
        head = f"{letter}: correct." if right else f"{letter}: not quite."
        words = _bare(option["feedback"])
        mood = "good" if right else "warn"
        body = cards.box(f'<strong class="{mood}">{head}</strong> {cards.rich(words)}', mood)
        return self._noted(body), f"{head} {cards.plain(words)}"

    def _quiz_view(self, specs: list[Mapping[str, Any]]) -> Any:
        from cytolearn.lessons.questions import Choice, Shown

        boxes = {}
        for place, spec in enumerate(specs, start=1):
            titled = (
                {**spec, "title": f"Question {place} of {len(specs)}"} if len(specs) > 1 else spec
            )
            choice = Choice(
                titled, lambda letter, s=spec: self._mark(s, letter)[0], button="Check my answer"
            )
            last = self.logbook.last(self._key(spec["id"]))
            if last:
                choice.choices.value = last["answer"]
                choice.feedback.value = self._quiz_words(spec, last["answer"])[0]
            boxes[spec["id"]] = choice
        view = Shown(
            list(boxes.values()),
            lambda: "\n\n".join(
                f"{n}. {cards.options_text(s)}" for n, s in enumerate(specs, start=1)
            ),
            lambda: "<hr>".join(map(cards.options_list, specs)),
        )
        view.questions = boxes
        return view

    # ---------------------------------------------------------------- evidence
    def evidence(self) -> Card:
        """Set what the model shows beside what was published, for and against."""
        return cards.stack(
            cards.evidence_card(card, computed(self.id, card["model"])())
            for card in self.content["evidence"]
        )

    def references(self) -> Card:
        """List the sources of this lesson."""
        found = references(self.content)
        items = "".join(
            f"<li>{cards.rich(source)}. {cards.doi_link(doi)}</li>" for source, doi in found
        )
        entries = html.escape(self.bibtex())
        more = f"<details><summary>The same as BibTeX</summary><pre>{entries}</pre></details>"
        return Card(f"<ol>{items}</ol>{more}", "\n".join(f"{s}. doi:{doi}" for s, doi in found))

    def bibtex(self) -> str:
        """Return the sources of this lesson as BibTeX, for a reference manager."""
        return bibtex(self.content)

    # ---------------------------------------------------------------- progress
    def progress(self) -> Card:
        """Show what is done and what is left."""
        self.logbook.refresh()
        rows = []
        for place, item in enumerate(self._questions()):
            number = place + 1 - len(self.content["predictions"]) - len(self.content["tasks"])
            title = item.get("title") or f"Quiz question {number}"
            rows.append((title, _state(self.logbook.history(self._key(item["id"])))))
        begun = sum(state.startswith("not yet") for _, state in rows)
        done = sum(state != "open" for _, state in rows) - begun
        more = f", {begun} more begun" if begun else ""
        head = f"{done} of {len(rows)} steps of this lesson done{more}."
        cells = "".join(
            f"<tr><td>{cards.rich(title)}</td><td>{state}</td></tr>" for title, state in rows
        )
        body = f"<p><strong>{head}</strong></p><table><tbody>{cells}</tbody></table>"
        text = "\n".join([head, *(f"  {title}: {state}" for title, state in rows)])
        return Card(self._noted(body), text)

    def save(self) -> Any:
        """Write the logbook and show a link that downloads it."""
        import ipywidgets as W

        from cytolearn.lessons.questions import Shown

        link = self.logbook.save()
        done = sum(self._key(q["id"]) in self.logbook for q in self._questions())
        text = (
            f"{done} answer{'' if done == 1 else 's'} of this lesson in {self.logbook.path.name}."
        )
        return Shown([W.HTML(link.html())], lambda: text, lambda: f"<p>{text}</p>")

    def load(self, source: Any) -> Card:
        """Take over the answers of a downloaded logbook.

        Raises
        ------
        ValueError
            If the file is not a logbook.
        """
        new = self.logbook.load(source)
        for view in list(self._views):
            view()
        text = f"{new} new entr{'y' if new == 1 else 'ies'} taken over."
        return Card(self._noted(f"<p>{text}</p>"), text)

    # ---------------------------------------------------------------- itself
    def __repr__(self) -> str:
        minutes = sum(self.content["minutes"].values())
        return f"Lesson {self.content['number']}: {self.content['title']} (about {minutes} minutes)"

    def _questions(self) -> list[Mapping[str, Any]]:
        """Return predictions, tasks and quiz questions, in the order of the page."""
        return [*self.content["predictions"], *self.content["tasks"], *self.content["quiz"]]

    def _key(self, question: str) -> str:
        return f"{self.id}.{question}"

    def _noted(self, body: str) -> str:
        """Add what the learner should know about the logbook."""
        return body + "".join(
            cards.box(cards.rich(notice), "warn") for notice in self.logbook.notices
        )


def _bare(words: str) -> str:
    """Take "Right." or "Right, and" off the front: the card says so already."""
    bare = re.sub(r"^Right(?:[.:]|,(?: and\b)?)\s+", "", words)
    return bare[:1].upper() + bare[1:]


def _by_letter(question: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [{**option, "id": option["letter"]} for option in question["options"]]


def _state(history: list[Mapping[str, Any]]) -> str:
    """Say in a few words where a question stands."""
    outcomes = [entry["outcome"] for entry in history if entry["outcome"] != "unreadable"]
    if not outcomes:
        return "open"
    if "right" in outcomes:
        tries = outcomes.index("right") + 1
        return "correct" if tries == 1 else f"correct at try {tries}"
    if outcomes[0] == "wrong":
        return f"not yet, {len(outcomes)} tr{'y' if len(outcomes) == 1 else 'ies'}"
    return outcomes[0]
