"""What antibody sets off, and how to reason about harm: complexes, titres, causes, base rates."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn.apps.base_rate import BaseRate
from cytolearn.apps.causes import HiddenWorlds, TitreAndHarm
from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.pieces import bar, constant, foot, paragraph, set_slider, slider, solve, twin
from cytolearn.apps.widgets import handler
from cytolearn.figures.bcells import boxes, consequences
from cytolearn.figures.words import difference
from cytolearn.wording import number, quantity, unknown

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer

_OUTPUTS = ("immune_complexes", "d_dimer", "lesion", "viral_load_lung")
_LADDER = {
    "immune_complexes": (2, 5, 12, 40, 150, 500),
    "d_dimer": (2, 5, 10, 20, 50),
    "lesion": (10, 40, 80, 100),
}
#: What each slider multiplies.
_BLOCKS = ("affinity_ef", "affinity_start", "affinity_max")
_CALLS = ("ic_viral", "ic_self")


class Consequences:
    """Part of a tab: the same antibody with more or less of its two abilities.

    Parameters
    ----------
    app : Explorer
        Whose current patient makes the antibody.
    """

    title = "Two ends of an antibody"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._blocks = slider(
            "Blocks virus, × usual", 1.0, (0.0, 3.0), 0.1, self._changed,
            help="The arms bind the virus, so that it cannot enter a cell",
        )  # fmt: skip
        self._calls = slider(
            "Calls inflammation, × usual", 1.0, (0.0, 3.0), 0.1, self._changed,
            help="The stem (Fc part), bound in complexes, calls immune cells",
        )  # fmt: skip
        self._page, self._words = W.VBox(), W.HTML()
        intro = paragraph(
            "An antibody has two ends. The arms bind the virus and block it. The stem, once many "
            "antibodies sit on one particle (an immune complex), calls immune cells and "
            "complement. Change one ability and leave the other."
        )
        row = bar(self._blocks, self._calls)
        self.widget = W.VBox([intro, row, self._page, self._words])
        self._tops: dict[str, float] = {}

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks."""
        self._tops = {name: ladder[1] for name, ladder in _LADDER.items()}
        figure, lines = consequences(self._tops)
        view = LiveFigure(figure, lines, boxes=boxes(figure))
        self._page.children = [view]
        return view

    def change(self, blocks: float | None = None, calls: float | None = None) -> str:
        """Set how well antibody blocks virus and calls inflammation, in multiples of the usual.

        Raises
        ------
        ValueError
            Outside 0 to 3.
        """
        for made, value in ((self._blocks, blocks), (self._calls, calls)):
            if value is not None:
                set_slider(made, value, "times the usual")
        return self.summary()

    def results(self) -> dict[str, tuple[float, float]]:
        """Return peaks with the usual antibody and with the one as set, by readout."""
        usual, now = self._runs()
        return {name: (float(usual[1][name].max()), float(now[1][name].max())) for name in _OUTPUTS}

    def summary(self) -> str:
        """Say what the changed antibody does."""
        found = self.results()
        words = {
            "viral_load_lung": ("virus in the lung", "log10 copies/mL"),
            "immune_complexes": ("immune complexes", "AU"),
            "d_dimer": ("D-dimer", "µg/mL FEU"),
            "lesion": ("lung lesion", "% of lung"),
        }
        parts = []
        for name, (what, unit) in words.items():
            usual, now = found[name]
            text = f"{what} {quantity(now, unit)}"
            if self._blocks.value != 1 or self._calls.value != 1:
                text += f" ({difference(now, usual, unit)})" if max(usual, now) > 0 else ""
            parts.append(text)
        head = (
            f"{self.app.who}. Antibody with {number(self._blocks.value)} × the usual blocking and "
            f"{number(self._calls.value)} × the usual calling"
        )
        return f"{head}. Peaks: {'; '.join(parts)}."

    def refresh(self) -> None:
        """Follow the explorer and the sliders."""
        view = self.view
        (days, usual), (_, now) = self._runs()
        tops = {}
        for name, ladder in _LADDER.items():
            top = max(float(usual[name].max()), float(now[name].max()))
            grown = next((step for step in ladder if step >= top), ladder[-1])
            tops[name] = max(grown, ladder[1])
        text = self.summary()
        if tops != self._tops:
            self._tops = tops
            figure, lines = consequences(tops)
            view.replace(figure, lines, text, boxes=boxes(figure))
        view.set_data([(days, run[name]) for name in _LADDER for run in (usual, now)], alt=text)
        self._words.value = twin(text)

    def _runs(self) -> tuple[tuple[np.ndarray, dict], tuple[np.ndarray, dict]]:
        patient = self.app.patient
        changed = {s: constant(patient, s) * self._blocks.value for s in _BLOCKS}
        changed |= {s: constant(patient, s) * self._calls.value for s in _CALLS}
        return solve(patient, _OUTPUTS), solve(patient, _OUTPUTS, **changed)

    @handler
    def _changed(self, _: Any) -> None:
        self.refresh()


class Downstream:
    """A tab of an explorer with four parts: what antibody sets off, and how to reason about it.

    Parameters
    ----------
    app : Explorer

    Attributes
    ----------
    parts : dict of str to part
        "ends", "titre", "worlds" and "base_rate".
    """

    title = "Harm and chance"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self.parts = {
            "ends": Consequences(app),
            "titre": TitreAndHarm(app),
            "worlds": HiddenWorlds(app),
            "base_rate": BaseRate(app),
        }
        self._part = W.ToggleButtons(
            options=[(part.title, name) for name, part in self.parts.items()],
            style={"button_width": "auto"},
        )
        self._part.observe(self._chosen, "value")
        self._page = W.VBox([self.parts["ends"].widget])
        self.widget = W.VBox([bar(self._part), self._page, foot()])

    @property
    def part(self) -> Any:
        """The part on show."""
        return self.parts[self._part.value]

    def show(self, name: str) -> Any:
        """Show a part by name and return it.

        Raises
        ------
        ValueError
            There is no such part.
        """
        if name not in self.parts:
            raise ValueError(unknown("part", name, self.parts))
        self._part.value = name
        return self.part

    def summary(self) -> str:
        """Say what the part on show shows."""
        return self.part.summary()

    def refresh(self) -> None:
        """Follow the explorer; only the part on show is solved."""
        self.part.refresh()

    @handler
    def _chosen(self, _: Any) -> None:
        self._page.children = [self.part.widget]
        self.refresh()
