"""The lesson's app, behind its predictions: closed until each is answered or skipped."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import ipywidgets as W

from cytolearn.apps import Explorer
from cytolearn.apps.livefigure import picture_bundle
from cytolearn.lessons import cards
from cytolearn.lessons.claims import tabs
from cytolearn.lessons.content import person
from cytolearn.wording import listing

if TYPE_CHECKING:
    from cytolearn.lessons.lesson import Lesson
    from cytolearn.simulation import Course

OPEN_WORDS = "Answer or skip each prediction to open the app."


#: Kinds of app (``[explorer] kind`` in content.toml) that are no `Explorer`.
APPS = {"ward": "cytolearn.apps.ward:WardRound"}


def open_app(lesson: Lesson) -> Any:
    """Return the app of a lesson, as it is before the learner begins.

    An app has ``widget``, ``set()``, ``course``, ``png()``, ``summary()`` and ``error``.
    One that is no explorer is made with the ``code`` of ``[explorer]``, the list of things to try,
    a title and ``record``, which keeps something in the logbook.
    """
    content, spec = lesson.content, lesson.content["explorer"]
    tasks = [cards.plain(task) for task in spec["tasks"]]
    if "kind" in spec:
        module, _, cls = APPS[spec["kind"]].partition(":")
        made = getattr(importlib.import_module(module), cls)
        return made(spec["code"], tasks, title=content["title"], record=lesson.note)
    people = {name: person(content, name) for name in content["patients"]}
    topic = content["title"].partition(":")[0]  # the rest of a long title stands above the page
    return Explorer(
        people.pop(spec["reference"]),
        spec["controls"],
        spec["readouts"],
        spec["treatments"],
        tasks,
        title=f"{topic}: {listing(content['patients'])}",
        tabs=tabs(content),
        people=people,
        dose=spec.get("dose", False),
        slots=spec.get("slots", 1),
    )


class Explore(W.VBox):
    """A lesson's app and, in front of it, the predictions that are still open.

    Parameters
    ----------
    lesson : Lesson

    Attributes
    ----------
    app : Explorer or another app
        The app with its widget-free face. While the lesson is locked it shows the reference
        patient only.
    """

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self.app = open_app(lesson)
        self._started = False
        super().__init__()
        self.add_class("cl-lesson")
        self.refresh()
        lesson._watch(self)

    @property
    def locked(self) -> bool:
        """Whether a prediction is still open."""
        return self.lesson.locked

    def refresh(self) -> None:
        """Show the questions or the app, whichever it is time for."""
        if self.locked:
            if not self.children:
                self.children = self._gate()
            items = [f"<li>{cards.rich(q['title'])}</li>" for q in self._open_questions()]
            self._still_open.value = f"Still open:<ul>{''.join(items)}</ul>"
        elif not self._started:
            self._started = True
            self._start()
            self.layout.max_width = "none"
            self.children = (W.HTML(cards.STYLE + self._revealed()[0]), self.app.widget)

    def set(self, **values: Any) -> Explore:
        """Set controls of the app, as its own `set` does: ``view.set(sensing_delay=4)``."""
        self.app.set(**values)
        return self

    @property
    def course(self) -> Course:
        """The course of the patient whom the app shows."""
        return self.app.course

    def skip(self) -> None:
        """Skip every prediction that is still open."""
        for question in self._open_questions():
            self.lesson.predict(question["id"], skip=True)

    def _gate(self) -> tuple[W.Widget, ...]:
        words = f"<strong>The app is closed.</strong> {OPEN_WORDS} A guess is enough."
        self._still_open = W.HTML()
        here = W.Button(description="Answer here", button_style="primary")
        here.on_click(lambda _: self.ask())
        skip = W.Button(description="Skip and open")
        skip.on_click(lambda _: self.skip())
        buttons = W.HBox([here, skip])
        buttons.add_class("cl-buttons")
        gate = W.VBox([W.HTML(f"<p>{words}</p>"), self._still_open, buttons])
        gate.add_class("cl-question")
        return (W.HTML(cards.STYLE), gate)

    def _open_questions(self) -> list[Mapping[str, Any]]:
        questions = self.lesson.content["predictions"]
        return [q for q in questions if self.lesson.predicted(q["id"]) is None]

    def ask(self) -> None:
        """Show the open predictions here, too."""
        style, gate, *_ = self.children
        self.children = (style, gate, self.lesson._prediction_view(self._open_questions()))

    def _start(self) -> None:
        """Let the app begin with the patient of the story; the reference stays as a grey line."""
        spec = self.lesson.content["explorer"]
        if "patient" in spec and spec["patient"] != spec["reference"]:
            self.app.show(spec["patient"])

    def _revealed(self) -> tuple[str, str]:
        words = [self.lesson._stored_words(q) for q in self.lesson.content["predictions"]]
        body = "".join(
            f"<p><strong>{cards.rich(q['title'])}</strong></p>{html}"
            for q, (html, _) in zip(self.lesson.content["predictions"], words, strict=True)
        )
        return body, "\n".join(text for _, text in words)

    def summary(self) -> str:
        """Say what is shown: the reference patient; once open, the predictions and the app."""
        if self.locked:
            shown = f"This is where it starts.\n{self.app.summary()}"
            return f"The app is closed. {OPEN_WORDS} {shown}"
        return f"{self._revealed()[1]}\n{self.app.summary()}"

    def _repr_mimebundle_(self, **_options: Any) -> tuple[dict, dict]:
        return picture_bundle(self, self.app.png(), self.summary())

    def __repr__(self) -> str:
        return self.summary()
