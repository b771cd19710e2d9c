"""Work of more than half a second: a button, a progress bar, "Cancel", and the page stays alive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets as W


class LongWork:
    """A button that does work step by step, beside the kernel's other duties.

    Parameters
    ----------
    name : str
        What the button says.
    steps : callable
        Returns an iterator that does one step (well under half a second) each time and yields the
        share that is done, 0 to 1.
    done : callable
        Called with whether all steps were done.
    show_error : callable
        Called with an exception: it must reach the learner's eye.

    Attributes
    ----------
    widget : ipywidgets.Box
    busy : bool
    """

    def __init__(
        self,
        name: str,
        steps: Callable[[], Iterator[float]],
        done: Callable[[bool], None],
        show_error: Callable[[Exception], None],
    ) -> None:
        self._steps, self._done, self._show_error = steps, done, show_error
        self.busy, self._cancelled = False, False
        self._task: asyncio.Task | None = None
        self._go = W.Button(description=name, button_style="primary")
        self._stop = W.Button(description="Cancel", disabled=True)
        self._bar = W.FloatProgress(min=0, max=1, layout=W.Layout(width="160px", display="none"))
        self._go.on_click(self._start)
        self._stop.on_click(lambda _: self.cancel())
        self.widget = W.Box([self._go, self._stop, self._bar])
        self.widget.add_class("cl-bar")

    def now(self) -> None:
        """Do all steps at once; an exception is the caller's."""
        for share in self._steps():
            self._bar.value = share
        self._done(True)

    def cancel(self) -> None:
        """Stop after the step that is being done."""
        self._cancelled = True

    def _start(self, _: Any = None) -> None:
        if self.busy:
            return
        self._cancelled = False
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no kernel: nobody could press "Cancel"
            try:
                self.now()
            except Exception as error:  # shown to the learner
                self._show_error(error)
            return
        self._mark(True)  # at once: the task begins later, and a second click may come before
        self._task = loop.create_task(self._run())

    async def _run(self) -> None:
        try:
            for share in self._steps():
                self._bar.value = share
                # A real pause, not sleep(0): the kernel reads its sockets only when it is idle.
                await asyncio.sleep(0.002)
                if self._cancelled:
                    break
        except Exception as error:  # shown to the learner
            self._show_error(error)
            self._cancelled = True
        finally:
            self._mark(False)
            self._done(not self._cancelled)

    def _mark(self, on: bool) -> None:
        self.busy = on
        self._go.disabled, self._stop.disabled = on, not on
        self._bar.layout.display = "" if on else "none"
