"""Long work that is one call: done in a thread, watched step by step, stopped on request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_LOOK = 0.05  # seconds between two looks at the work

#: Tells how far the work is: (done, total). Raises `Stopped` once nobody wants the result.
Advance = Callable[[int, int], None]


class Stopped(Exception):
    """The learner has cancelled."""


def beside(
    work: Callable[[Advance, threading.Event], Any], keep: Callable[[Any], None], *, parts: int = 1
) -> Iterator[float]:
    """Do work in a thread and yield the share that is done.

    Parameters
    ----------
    work : callable(advance, cancel)
        Returns a result. `advance` may be called with (done, total) as often as it likes, again
        from 0 for each of its parts; `cancel` is set when the iterator is closed early.
    keep : callable
        Called with the result, in the thread that iterates.
    parts : int
        How many times `advance` will count from 0.

    Yields
    ------
    float
        0 to 1, never less than before.

    Raises
    ------
    Exception
        What the work raised.
    """
    cancel = threading.Event()
    state = {"part": 0, "last": 0.0, "share": 0.0}

    def advance(done: int, total: int) -> None:
        if cancel.is_set():
            raise Stopped
        now = done / total if total else 1.0
        if now < state["last"]:
            state["part"] = min(state["part"] + 1, parts - 1)
        state["last"] = now
        state["share"] = max(state["share"], min((state["part"] + now) / parts, 1.0))

    with ThreadPoolExecutor(1) as pool:
        try:
            future = pool.submit(work, advance, cancel)
            while not future.done():
                yield state["share"]
                cancel.wait(_LOOK)
            keep(future.result())
            yield 1.0
        finally:
            cancel.set()
