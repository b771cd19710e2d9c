"""Small pieces that every app uses."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import ipywidgets as W


def handler(method: Callable) -> Callable:
    """Wrap what a widget calls: an exception is shown in words, the last good picture stays.

    The object whose method it is has ``show_error``, or an ``app`` that has.
    """

    @functools.wraps(method)
    def guarded(self: Any, *args: Any) -> None:
        try:
            method(self, *args)
        except Exception as error:  # every exception must reach the learner's eye
            (self if hasattr(self, "show_error") else self.app).show_error(error)

    return guarded


def button(name: str, tooltip: str, action: Callable) -> W.Button:
    """Return a button with a tooltip that does something."""
    made = W.Button(description=name, tooltip=tooltip)
    made.on_click(action)
    return made
