"""Question widgets: a choice to make, a button, and what comes of it. Core widgets only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as W

from cytolearn.lessons import cards


class Shown(W.VBox):
    """A box of widgets that also reads well where no widget can be drawn.

    Parameters
    ----------
    children : sequence of widget
    text : callable
        Returns the plain text of the current state; the same for the same state.
    body : callable, optional
        Returns the same as HTML.
    """

    def __init__(
        self,
        children: Sequence[W.Widget],
        text: Callable[[], str],
        body: Callable[[], str] | None = None,
    ) -> None:
        self._text, self._body = text, body
        super().__init__([W.HTML(cards.STYLE), *children])
        self.add_class("cl-lesson")

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        data = {**data, "text/plain": self._text()}
        if self._body:
            data["text/html"] = cards.page(self._body())
        return data, metadata

    def __repr__(self) -> str:
        return self._text()


class Choice(W.VBox):
    """One question: options as radio buttons, a button to give the answer, feedback beneath.

    Parameters
    ----------
    question : mapping
        ``question`` and ``options`` (letter, text); ``title`` if there is one.
    answer : callable
        Called with the chosen letter; its result is shown as feedback.
    button : str
        What the button says.
    skip : callable, optional
        Called when the learner skips; gives a second button.
    """

    def __init__(
        self,
        question: Mapping[str, Any],
        answer: Callable[[str], str],
        *,
        button: str,
        skip: Callable[[], str] | None = None,
    ) -> None:
        title = question.get("title", "")
        small = f'<div class="small">{cards.rich(title)}</div>' if title else ""
        text = f"<div>{small}<strong>{cards.rich(question['question'])}</strong></div>"
        options = [
            (f"{o['letter']}.  {cards.plain(o['text'])}", o["letter"]) for o in question["options"]
        ]
        self.choices = W.RadioButtons(
            options=options,
            value=None,
            description=cards.plain(question["question"]),
        )
        self.choices.add_class("cl-choices")
        self.button = W.Button(description=button, button_style="primary", disabled=True)
        self.skip_button = W.Button(description="Skip") if skip else None
        self.feedback = W.HTML()
        self._answer, self._skip = answer, skip
        self.choices.observe(self._chosen, "value")
        self.button.on_click(lambda _: self.submit())
        buttons = [self.button]
        if self.skip_button:
            self.skip_button.on_click(lambda _: self.skip())
            buttons.append(self.skip_button)
        row = W.HBox(buttons)
        row.add_class("cl-buttons")
        super().__init__([W.HTML(text), self.choices, row, self.feedback])
        self._row = row
        self.add_class("cl-question")

    def submit(self) -> None:
        """Give the chosen answer."""
        if self.choices.value is not None:
            self.feedback.value = self._answer(self.choices.value)

    def skip(self) -> None:
        """Skip the question."""
        if self._skip:
            self.feedback.value = self._skip()

    def settle(self, letter: str | None, feedback: str) -> None:
        """Show an answer that stands and can no longer be changed."""
        if letter is not None:
            self.choices.value = letter
        self.choices.disabled = True
        self._row.layout.display = "none"
        self.feedback.value = feedback

    def _chosen(self, change: Mapping[str, Any]) -> None:
        self.button.disabled = change["new"] is None
