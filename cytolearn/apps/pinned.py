"""Pinned runs: side by side in a table, each with a way back to it."""

from __future__ import annotations

import functools
import html
from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets as W

from cytolearn.apps import telling
from cytolearn.apps.widgets import button, handler

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer


class PinnedRuns:
    """The page of an explorer that compares pinned runs.

    Parameters
    ----------
    app : Explorer
    """

    title = "Pinned runs"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._words, self._rows = W.HTML(), W.VBox()
        self.widget = W.VBox([self._words, self._rows])

    def summary(self) -> str:
        """Say how the pinned runs and the current one differ."""
        return telling.compare(self.app)

    def refresh(self) -> None:
        """Show the runs that are pinned now."""
        pins = self.app.pins
        text = telling.pins_table(self.app) if pins else f"<p>{html.escape(self.summary())}</p>"
        self._words.value = f'<div class="cl-twin">{text}</div>'
        rows = []
        for pin in pins:
            go, forget = (
                functools.partial(self._clicked, action, pin.name)
                for action in (self.app.show_pin, self.app.unpin)
            )
            show = button(f"Show {pin.name}", "Set the controls to this run", go)
            drop = button(f"Remove {pin.name}", "Forget this run", forget)
            row = W.Box([show, drop])
            row.add_class("cl-bar")
            rows.append(row)
        self._rows.children = rows

    @handler
    def _clicked(self, action: Callable[[str], object], name: str, _: W.Button) -> None:
        action(name)
