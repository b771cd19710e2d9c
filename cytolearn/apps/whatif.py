"""What if: the patient on show beside the same patient with one thing of the model changed."""

from __future__ import annotations

import functools
import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn.apps.explorer import _sample
from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.pieces import bar, twin
from cytolearn.apps.widgets import handler
from cytolearn.figures import theme
from cytolearn.figures.courses import legend, six_panel
from cytolearn.figures.panels import cell_box, readout_row
from cytolearn.figures.words import day as day_words
from cytolearn.figures.words import difference, extreme
from cytolearn.simulation import integrate
from cytolearn.treatments import drugs, treatment
from cytolearn.wording import in_sentence, quantity, unknown

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer

STEP = 0.1


@dataclass(frozen=True)
class Question:
    """One thing that can be asked of the patient on show.

    Attributes
    ----------
    short : str
        Words on the button.
    text : str
        What is compared and why.
    runs : mapping of str to mapping
        Name of a run to the constants that it changes.
    readouts : tuple of str
    drug : (str, float) or None
        A treatment and its first day that all runs are given, if the learner gives none.
    marked : str
        An observable whose beginning is marked: the first day above a tenth of its peak, in the
        first run. "" marks none.
    """

    short: str
    text: str
    runs: Mapping[str, Mapping[str, float]]
    readouts: tuple[str, ...]
    drug: tuple[str, float] | None = None
    marked: str = ""


QUESTIONS = {
    "receptor": Question(
        "Another receptor",
        "Cells all over the body hear type-I interferon. Type III (lambda) has a receptor of its "
        "own, found mostly on the lining of nose and lung. Suppose the drug worked through that "
        "one: the same protection of the lining, but white blood cells do not hear it, are not "
        "called out of the blood and are not stirred up. (This is a thought experiment: the model "
        "has no type III of its own.)",
        {
            "heard everywhere (type I)": {},
            "heard by the lining only (as type III)": {
                "amplify_ifn": 0.0,
                "homing_ifn": 0.0,
                "repair_ifn_brake": 0.0,
                "lesion_ifn_brake": 0.0,
            },
        },
        ("viral_load_lung", "alc", "crp"),
        drug=("ifn_beta_1a", 1.0),
    ),
    "first": Question(
        "Which came first?",
        "Anti-interferon antibodies that were there before the infection, against none at all. The "
        "upright yellow line marks the day on which antibodies that the infection itself calls "
        "forth appear in the blood. Had it made the anti-interferon antibodies too, they could not "
        "have acted earlier. Is the course of the virus in the lung decided before or after?",
        {
            "antibodies before infection": {"ifn_autoantibody": 60.0},
            "no such antibodies": {"ifn_autoantibody": 0.0},
        },
        ("viral_load_lung", "ifn", "nab"),
        marked="nab",
    ),
}


class WhatIf:
    """A tab of an explorer: thought experiments on the patient on show.

    Parameters
    ----------
    app : Explorer
    """

    title = "What if?"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._menu = W.ToggleButtons(
            options=[(q.short, name) for name, q in QUESTIONS.items()],
            description="Question", style={"button_width": "auto"},
        )  # fmt: skip
        self._menu.observe(self._asked, "value")
        self._intro, self._page, self._words = W.HTML(), W.VBox(), W.HTML()
        self.widget = W.VBox([bar(self._menu), self._intro, self._page, self._words])

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks, so that the app opens at once."""
        figure, boxes = self._frame(self._runs())
        view = LiveFigure(figure, [], boxes=boxes)
        self._page.children = [view]
        return view

    @property
    def question(self) -> Question:
        """What is asked now."""
        return QUESTIONS[self._menu.value]

    def ask(self, name: str) -> str:
        """Ask a question by name ("receptor", "first") and return what the picture says.

        Raises
        ------
        ValueError
            There is no such question.
        """
        if name not in QUESTIONS:
            raise ValueError(unknown("question", name, QUESTIONS))
        self._menu.value = name
        self.refresh()
        return self.summary()

    def curves(self) -> dict[str, dict[str, np.ndarray]]:
        """Return run to readout to curve, shape (days,)."""
        return self._runs()

    def marked_day(self) -> float:
        """Return the day that is marked, since symptom onset (NaN: none)."""
        if not self.question.marked:
            return float("nan")
        curve = next(iter(self._runs().values()))[self.question.marked]
        return float(self.app.days[int(np.argmax(curve > 0.1 * curve.max()))])

    def summary(self) -> str:
        """Say what differs between the runs."""
        runs, lines = self._runs(), []
        first, *others = runs
        for readout in self.question.readouts:
            row = readout_row(readout)
            kind = row["extreme"]
            points = {n: extreme(self.app.days, c[readout], kind) for n, c in runs.items()}
            word = "lowest" if kind == "min" else "peak"
            highest = quantity(points[first].value, row["unit"])
            text = [f"{first} {highest} on {day_words(points[first].day)}"]
            for name in others:
                said = difference(points[name].value, points[first].value, row["unit"])
                text.append(f"{name} {quantity(points[name].value, row['unit'])} ({said})")
            lines.append(f"{row['name']}, {word}: {'; '.join(text)}.")
        if self.question.marked:
            peak = extreme(self.app.days, next(iter(runs.values()))["viral_load_lung"])
            lines.append(
                f"The infection's own antibodies appear on {day_words(self.marked_day())}; the "
                f"virus in the lung peaks on {day_words(peak.day)}."
            )
        return " ".join([f"{self._who()}.", *lines])

    def refresh(self) -> None:
        """Follow the explorer and the question."""
        runs = self._runs()
        text = self.summary()
        figure, boxes = self._frame(runs)
        self.view.replace(figure, [], text, boxes=boxes)
        # the figure's own legend lies outside the panels that the page shows
        lines = "".join(
            f"<span>{_sample(color, dash, width)}{html.escape(name)}</span>"
            for name, color, dash, width in self._entries(runs)
        )
        self._intro.value = (
            f'<p>{html.escape(self.question.text)}</p><div class="cl-legend">{lines}</div>'
        )
        self._words.value = twin(text)

    # ---- inside ----------------------------------------------------------------------------------

    def _given(self) -> list[Any]:
        given = [place.treatment() for place in self.app.choice.given]
        if not given and self.question.drug:
            name, day = self.question.drug
            given = [treatment(name, day=day)]
        return given

    def _who(self) -> str:
        given = [f"{drugs()[t.drug]['name']} from {day_words(t.day)}" for t in self._given()]
        return "; ".join([self.app.who, *given])

    def _runs(self) -> dict[str, dict[str, np.ndarray]]:
        """Solve every run of the question: two solves of a few milliseconds."""
        patient, asked = self.app.untreated_patient, self.question
        doses = self.app.quietly(lambda: patient.treat(*self._given()).doses())
        wanted = list(dict.fromkeys([*asked.readouts, *([asked.marked] if asked.marked else [])]))
        found = {}
        for name, constants in asked.runs.items():
            values = integrate(
                {**patient.constants, **constants},
                doses,
                days=40 + self.app.onset,
                step=STEP,
                outputs=wanted,
            )
            found[name] = dict(zip(wanted, values.T, strict=True))
        return found

    def _frame(self, runs: Mapping[str, Mapping[str, np.ndarray]]) -> tuple[Any, list[Any]]:
        days, shown = self.app.days, self.question.readouts
        data = {r: [run[r] for run in runs.values()] for r in shown}
        ends = (float(days[0]), float(days[-1]))
        figure, axes = six_panel(shown, data=data, days=ends, twin=self.summary())
        looks = list(zip(runs, theme.styles(len(runs)), strict=True))
        for ax, readout in zip(axes, shown, strict=True):
            for name, (color, dash) in looks:
                ax.plot(days, runs[name][readout], color=color, linestyle=dash, linewidth=2.0)
            if self.question.marked:
                ax.axvline(self.marked_day(), color=theme.CURVES[5], linewidth=1.4)
        legend(figure, self._entries(runs))
        return figure, [cell_box(ax) for ax in axes]

    def _entries(self, runs: Mapping[str, Any]) -> list[tuple[str, str, Any, float]]:
        """Name, colour, dash and width of every line, for the legend."""
        looks = zip(runs, theme.styles(len(runs)), strict=True)
        entries = [(name, color, dash, 2.0) for name, (color, dash) in looks]
        if self.question.marked:
            name = in_sentence(readout_row(self.question.marked)["name"])
            entries.append((f"{name} appears", theme.CURVES[5], "-", 1.4))
        return entries

    @handler
    def _asked(self, _: Any) -> None:
        self.refresh()
