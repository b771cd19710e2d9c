"""One blood sample: the same two patients, another day, another conclusion."""

from __future__ import annotations

import functools
import html
import random
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.pieces import bar, set_slider, twin
from cytolearn.apps.widgets import handler
from cytolearn.figures.outcomes import NO_CHANGE, blood_sample, sample_words

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer

FIRST, LAST = 0, 20


class BloodSample:
    """A tab of an explorer: draw blood once from the starting patient and from the current one.

    Parameters
    ----------
    app : Explorer
    readout : str, default "ifn"
        What the laboratory measures; must be one of the explorer's readouts.
    """

    title = "One blood sample"

    def __init__(self, app: Explorer, readout: str = "ifn") -> None:
        self.app = app
        self.readout = readout if readout in app.readouts else app.readouts[0]
        self._random = random.Random(1)  # the same "random" days for everyone in the room
        self._day = W.IntSlider(
            value=2, min=FIRST, max=LAST, description="Day since symptom onset",
            style={"description_width": "initial"},
            layout=W.Layout(width="430px", max_width="100%"),
        )  # fmt: skip
        self._draw = W.Button(description="Draw blood on a random day", button_style="primary")
        self._words = W.HTML()
        self._day.observe(self._moved, "value")
        self._draw.on_click(self._drawn)
        self._page = W.VBox()
        controls = bar(self._draw, self._day)
        controls.add_class("cl-at-sample")
        name = html.escape(self.app.start_name)
        intro = W.HTML(
            f"<p>Blood is drawn once, on the same day, from {name} (grey) and from your patient as "
            "the sliders set it (blue). Which has more? Draw again on another day before you "
            "answer.</p>"
        )
        self.widget = W.VBox([intro, controls, self._page, self._words])

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks, so that the app opens at once."""
        figure, lines, _ = blood_sample(self.app.days, self._curves(), self.readout)
        view = LiveFigure(figure, lines, max_width=760)
        self._page.children = [view]
        return view

    @property
    def day(self) -> int:
        """Day of the sample, since symptom onset."""
        return int(self._day.value)

    def draw(self, day: int | None = None) -> str:
        """Draw blood on a day (none: a random one) and return what the laboratory says.

        Raises
        ------
        ValueError
            No whole day from 0 to 20.
        """
        if day is None:
            day = self._random.choice([d for d in range(FIRST, LAST + 1) if d != self.day])
        set_slider(self._day, day)
        self.refresh()
        return self.summary()

    def summary(self) -> str:
        """Say what this one sample shows, and what samples on other days would."""
        days = np.arange(FIRST, LAST + 1)
        start, now = (np.interp(days, self.app.days, c) for c in self._curves().values())
        if np.allclose(start, now, rtol=1e-6):
            return "Both are the same patient now. Change a control first."
        near = np.abs(now - start) <= NO_CHANGE / 100 * np.maximum(now, start)
        more, less = ~near & (now > start), ~near & (now < start)
        counts = (int(more.sum()), int(less.sum()), int(near.sum()))
        names = (self.app.start_name, self.app.now_name + (", treated" * self.app.treated))
        curves = self._curves().values()
        values = {name: self._at(curve) for name, curve in zip(names, curves, strict=True)}
        return sample_words(self.day, values, self.readout, counts)

    def refresh(self) -> None:
        """Follow the explorer and the day."""
        curves = list(self._curves().values())
        dots = [(np.array([self.day]), np.array([self._at(curve)])) for curve in curves]
        low, high = self.view.figure.axes[0].get_ylim()
        needle = (np.array([self.day, self.day]), np.array([low, high]))
        text = self.summary()
        self.view.set_data([*curves, *dots, needle], alt=text)
        self._words.value = twin(text)

    def _curves(self) -> dict[str, np.ndarray]:
        start = self.app.baseline_curves[self.readout]
        return {self.app.start_name: start, "your patient": self.app.curves[self.readout]}

    def _at(self, curve: np.ndarray) -> float:
        return float(np.interp(self.day, self.app.days, curve))

    @handler
    def _moved(self, _: Any) -> None:
        self.refresh()

    @handler
    def _drawn(self, _: Any) -> None:
        self.draw()
