"""Take one defence away: killer cells, helper cells or antibody, and watch the virus."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn import physiology
from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.pieces import bar, twin
from cytolearn.apps.widgets import handler
from cytolearn.figures.lymphocytes import without_parts
from cytolearn.figures.panels import cell_box
from cytolearn.simulation import integrate
from cytolearn.wording import listing, number, unknown

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer

#: What can be taken away, and in whose words.
PARTS = {
    "cd8": "CD8 killer cells",
    "cd4": "CD4 help",
    "antibody": "antibody",
}
READOUTS = ("viral_load_lung", "nab", "lesion")
CLEAR = 2.0  # log10 copies/mL: below this a lung is called clear
LAST, _STEP = 60, 0.5


def removed(parts: Iterable[str], constants: Mapping[str, float]) -> dict[str, float]:
    """Return the constants that take parts of the defence away from a patient.

    Parameters
    ----------
    parts : iterable of {"cd8", "cd4", "antibody"}
    constants : mapping
        The patient's constants that differ from the baseline.

    Raises
    ------
    ValueError
        An unknown part; the message names the nearest.
    """
    values = {**physiology.baseline(), **constants}
    # No helpers for B cells, and only the share of CD8 growth that needs no help.
    unhelped = values["cd8_expansion"] * (1 - values["cd4_help"])
    changes = {
        "cd8": {"cd8_priming": 0.0},
        "cd4": {"tfh_priming": 0.0, "cd8_expansion": unhelped},
        "antibody": {"antibody_ef_secretion": 0.0, "antibody_gc_secretion": 0.0},
    }
    out = dict(constants)
    for part in parts:
        if part not in changes:
            raise ValueError(unknown("part of the defence", part, changes))
        out |= changes[part]
    return out


class TakeAway:
    """A tab of an explorer: the patient on show without killer cells, help or antibody.

    Parameters
    ----------
    app : Explorer
    """

    title = "Take one away"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._buttons = {
            part: W.ToggleButton(value=False, description=f"No {words}",
                                 tooltip=f"Take {words} away or give it back")
            for part, words in PARTS.items()
        }  # fmt: skip
        for one in self._buttons.values():
            one.observe(self._pressed, "value")
        self._words, self._page = W.HTML(), W.VBox()
        intro = W.HTML(
            "<p>What clears the virus? Take a defence away (or two) and look at the lung. Grey and "
            "dashed: the patient as set by the sliders, with everything. Blue: without. The axis "
            f"ends on day {LAST}.</p>"
        )
        self.widget = W.VBox([intro, bar(*self._buttons.values()), self._page, self._words])

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks, so that the app opens at once."""
        view = LiveFigure(*self._frame(), max_width=1120, boxes=self._boxes)
        self._page.children = [view]
        return view

    def without(self, *parts: str) -> str:
        """Take parts away, give all others back, and return what happens in words.

        Parameters
        ----------
        *parts : {"cd8", "cd4", "antibody"}

        Raises
        ------
        ValueError
            An unknown part.
        """
        for part in parts:
            if part not in PARTS:
                raise ValueError(unknown("part of the defence", part, PARTS))
        for name, one in self._buttons.items():
            one.value = name in parts
        self.refresh()
        return self.summary()

    @property
    def gone(self) -> tuple[str, ...]:
        """What is taken away now."""
        return tuple(name for name, one in self._buttons.items() if one.value)

    def clear_day(self, *parts: str) -> float:
        """Return the day from which the lung stays clear without some parts; inf: not by day 60."""
        return _clear(self._days, self._solve(parts)["viral_load_lung"])

    def summary(self) -> str:
        """Say when the lung is clear with everything and without what is taken away."""
        whole = f"With everything the lung is clear {_when(self.clear_day())}."
        if not self.gone:
            return f"{whole} Nothing is taken away yet."
        words = listing([PARTS[part] for part in self.gone])
        now, before = (self._solve(gone)["lesion"].max() for gone in (self.gone, ()))
        return (
            f"{whole} Without {words}: {_when(self.clear_day(*self.gone))}. "
            f"The lung lesion peaks at {number(now, 2)}% instead of {number(before, 2)}%."
        )

    def refresh(self) -> None:
        """Follow the explorer and the buttons."""
        _ = self.view
        if self._drawn_for != self._key():
            self.view.replace(*self._frame(), boxes=self._boxes)
        text = self.summary()
        curves = self._solve(self.gone)
        self.view.set_data([curves[r] for r in READOUTS], alt=text)
        self._words.value = twin(text)

    def _frame(self) -> tuple[Any, Any]:
        self._drawn_for = self._key()
        figure, lines, axes = without_parts(self._days, self._solve(()), READOUTS)
        self._boxes = [cell_box(ax) for ax in axes]
        return figure, lines

    def _key(self) -> Any:
        return self.app.choice

    @property
    def _days(self) -> np.ndarray:
        return np.arange(0, LAST + self.app.onset + _STEP / 2, _STEP) - self.app.onset

    def _solve(self, parts: Iterable[str]) -> dict[str, np.ndarray]:
        patient = self.app.patient
        return _course(
            tuple(sorted(removed(parts, patient.constants).items())),
            tuple(patient.doses()),
            LAST + self.app.onset,
        )

    @handler
    def _pressed(self, _: Any) -> None:
        self.refresh()


@functools.lru_cache(maxsize=16)
def _course(constants: tuple, doses: tuple, days: float) -> dict[str, np.ndarray]:
    values = integrate(dict(constants), doses, days=days, step=_STEP, outputs=list(READOUTS))
    return dict(zip(READOUTS, values.T, strict=True))


def _clear(days: np.ndarray, load: np.ndarray) -> float:
    above = np.flatnonzero(load > CLEAR)
    if not above.size:
        return float(days[0])
    return float(days[above[-1] + 1]) if above[-1] + 1 < len(days) else float("inf")


def _when(day: float) -> str:
    return f"from day {number(day)} on" if np.isfinite(day) else f"not by day {LAST}"
