"""Small pieces that every app uses."""

from __future__ import annotations

import base64
import functools
import html
from collections.abc import Callable, Mapping
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


#: What a learner can take home, by the ending of its name.
FILE_TYPES = {"svg": "image/svg+xml", "png": "image/png", "csv": "text/csv"}


def file_uri(kind: str, content: bytes) -> str:
    """Return a file's content ("svg", "png" or "csv") as a data URI."""
    return f"data:{FILE_TYPES[kind]};base64,{base64.b64encode(content).decode()}"


def file_links(stem: str, names: Mapping[str, str], address: Callable[[str], str]) -> str:
    """Return download links as HTML.

    Parameters
    ----------
    stem : str
        Name of the files, without an ending.
    names : mapping of str to str
        What each link says, by kind of file.
    address : callable
        Returns the data URI of a kind.
    """
    links = "".join(
        f'<a download="{stem}.{kind}" href="{address(kind)}">{html.escape(name)}</a>'
        for kind, name in names.items()
    )
    return f'<div class="cl-links">{links}</div>'
