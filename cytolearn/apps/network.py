"""Cells and messengers as a network: arrows as wide as their fluxes, what a knock-out leaves."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn.apps.pieces import bar, set_slider, twin
from cytolearn.apps.widgets import button, handler
from cytolearn.figures import storm
from cytolearn.figures.words import day as day_words
from cytolearn.figures.words import difference
from cytolearn.patients import Patient
from cytolearn.simulation import integrate, moment
from cytolearn.wording import listing, number, percent, quantity, unknown

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer

FIRST, LAST = -3, 30
_DAYS, _CHANGED = 40.0, 0.05
#: The two storms of the story: the widest arrows are theirs, so that pictures compare.
_YARDSTICK = ("mas_like", "il6_dysregulated")
#: What a knock-out is judged by: readout, and whether its worst is highest or lowest.
OUTCOMES = {"lesion": "max", "il6": "max", "crp": "max", "ferritin": "max", "hla_dr": "min"}
_NAMES = {"lesion": ("lung lesion", "%"), "il6": ("IL-6", "pg/mL"), "crp": ("CRP", "mg/L"),
          "ferritin": ("ferritin", "ng/mL"), "hla_dr": ("HLA-DR", "a monocyte")}  # fmt: skip


@lru_cache(maxsize=1)
def _full_width() -> np.ndarray:
    """Return for each edge the largest sum of fluxes into its target that the two storms reach."""
    edges = storm.network_switches()
    targets = [row["target"] for row in storm.network_edges()]
    largest = dict.fromkeys(targets, 0.0)
    for preset in _YARDSTICK:
        constants = Patient(preset).constants
        rows = moment.states(constants, days=_DAYS, step=1.0)
        found = np.abs(moment.fluxes(constants, rows, edges))
        for name in largest:
            into = found[:, [target == name for target in targets]]
            largest[name] = max(largest[name], float(into.max()))
    return np.array([largest[name] for name in targets])


class Network:
    """A tab of an explorer: who drives whom on a chosen day, and what a knock-out leaves.

    Parameters
    ----------
    app : Explorer
    """

    title = "Network"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._cached: dict[Any, Any] = {}
        self._quiet = False
        self._day = W.IntSlider(value=9, min=FIRST, max=LAST, description="Day since symptom onset",
                                style={"description_width": "initial"},
                                layout=W.Layout(width="430px", max_width="100%"))  # fmt: skip
        self._ticks = {
            name: W.Checkbox(value=False, description=f"nobody hears {words}", indent=False,
                             layout=W.Layout(width="auto"))
            for name, (words, _) in storm.SILENCED.items()
        }  # fmt: skip
        self._all = button("Put everything back", "Untick all knock-outs", self._restore)
        self._picture, self._words = W.HTML(), W.HTML()
        for widget in (self._day, *self._ticks.values()):
            widget.observe(self._changed, "value")
        ticks = bar(*self._ticks.values(), self._all)
        intro = W.HTML(
            "<p>Each arrow is a term of the model's equations. It is as wide as what it adds to "
            "its target on this day, against the largest that the story knows; blue drives, orange "
            "with a bar holds back, dashed grey is next to nothing. Tick a box to knock a "
            "messenger out: the whole illness is then run again with cells that are deaf to it.</p>"
        )
        self.widget = W.VBox([intro, bar(self._day), ticks, self._picture, self._words])

    @property
    def day(self) -> int:
        """Chosen day, since symptom onset."""
        return int(self._day.value)

    @property
    def silenced(self) -> tuple[str, ...]:
        """Messengers that are knocked out."""
        return tuple(name for name, tick in self._ticks.items() if tick.value)

    def draw(self, day: int) -> str:
        """Choose a day and return what the network shows then.

        Raises
        ------
        ValueError
            A day outside the slider.
        """
        set_slider(self._day, day)
        self.refresh()
        return self.summary()

    def knock_out(self, *names: str) -> str:
        """Knock messengers out ("il1", "il6", "tnf", "ifng", "il10"; none: put all back).

        Raises
        ------
        ValueError
            An unknown messenger.
        """
        for name in names:
            if name not in self._ticks:
                raise ValueError(unknown("messenger to knock out", name, self._ticks))
        self._quiet = True  # one picture for all ticks together
        try:
            for name, tick in self._ticks.items():
                tick.value = name in names
        finally:
            self._quiet = False
        self.refresh()
        return self.summary()

    def fluxes(self) -> dict[tuple[str, str], float]:
        """Return what each arrow adds to its target on the day, in units of the target a day."""
        pairs = [(row["source"], row["target"]) for row in storm.network_edges()]
        return dict(zip(pairs, self._fluxes(self.silenced)[self._index()].tolist(), strict=True))

    def outcomes(self) -> dict[str, tuple[float, float]]:
        """Return the worst value of each readout: with all messengers, and as now ticked."""
        whole, left = self._worst(()), self._worst(self.silenced)
        return {name: (whole[name], left[name]) for name in OUTCOMES}

    def share_of_harm(self) -> float:
        """Return inflammation's share of what harms the lung on the day (the rest: the virus)."""
        found = self.fluxes()
        immune, viral = found["macrophages", "lesion"], found["virus", "lesion"]
        return immune / (immune + viral) if immune + viral > 0 else float("nan")

    def summary(self) -> str:
        """Say which arrows are widest, what a knock-out changed, and what harms the lung."""
        share = self._share(self.silenced)
        order = np.argsort(-np.abs(share))[:3]
        edges = storm.network_edges()
        whose = self.app.now_name + (", treated" if self.app.treated else "")
        if abs(share[order[0]]) < storm.FAINT:
            lines = [f"On {day_words(self.day)} nearly nothing flows in {whose}."]
        else:
            told = "; ".join(edges[k]["words"] for k in order)
            lines = [f"On {day_words(self.day)} the widest arrows of {whose}: {told}."]
        harm = self.share_of_harm()
        if np.isfinite(harm):
            lines.append(
                "Of what harms the lung on this day, inflammation does "
                f"{percent(harm)} and the death of infected cells "
                f"{percent(1 - harm)}."
            )
        if self.silenced:
            lines += self._what_is_left(share)
        return "\n".join(lines)

    def refresh(self) -> None:
        """Follow the explorer, the day and the ticks."""
        words = self.summary()
        self._picture.value = storm.network_svg(self._share(self.silenced), self.silenced, words)
        self._words.value = twin(words)

    # ---- what is computed ------------------------------------------------------------------------

    def _constants(self, silenced: tuple[str, ...]) -> dict[str, float]:
        off: dict[str, float] = {}
        for name in silenced:
            off |= storm.SILENCED[name][1]
        return {**self.app.patient.constants, **off}

    def _once(self, kind: str, silenced: tuple[str, ...], make: Any) -> Any:
        """Remember what was computed for this patient, for as long as nothing changes."""
        patient = self.app.patient
        if self._cached.get("of") != patient:
            self._cached = {"of": patient}
        if (kind, silenced) not in self._cached:
            self._cached[kind, silenced] = make()
        return self._cached[kind, silenced]

    def _index(self) -> int:
        return round(self.day + self.app.onset)

    def _rows(self, silenced: tuple[str, ...]) -> np.ndarray:
        return self._once("rows", silenced, lambda: moment.states(
            self._constants(silenced), self.app.patient.doses(), days=_DAYS, step=1.0))  # fmt: skip

    def _fluxes(self, silenced: tuple[str, ...]) -> np.ndarray:
        return self._once("fluxes", silenced, lambda: moment.fluxes(
            self._constants(silenced), self._rows(silenced), storm.network_switches()))  # fmt: skip

    def _share(self, silenced: tuple[str, ...]) -> np.ndarray:
        return self._fluxes(silenced)[self._index()] / _full_width()

    def _worst(self, silenced: tuple[str, ...]) -> Mapping[str, float]:
        def solve() -> dict[str, float]:
            values = integrate(self._constants(silenced), self.app.patient.doses(), days=_DAYS,
                               step=0.25, outputs=list(OUTCOMES))  # fmt: skip
            return {name: float(getattr(np, kind)(values[:, k]))
                    for k, (name, kind) in enumerate(OUTCOMES.items())}  # fmt: skip

        return self._once("worst", silenced, solve)

    def _what_is_left(self, share: np.ndarray) -> list[str]:
        before = self._share(())
        gone = listing(storm.SILENCED[name][0] for name in self.silenced)
        edges = storm.network_edges()
        change = np.abs(share) - np.abs(before)
        wider = [k for k in np.argsort(-change) if change[k] > _CHANGED][:3]
        thinner = [k for k in np.argsort(change) if change[k] < -_CHANGED][:4]
        lines = [f"Knocked out: {gone}."]
        if thinner:
            lines.append(f"Weaker: {'; '.join(edges[k]['words'] for k in thinner)}.")
        if wider:
            lines.append(f"Stronger: {'; '.join(edges[k]['words'] for k in wider)}.")
        parts = []
        for name, (whole, left) in self.outcomes().items():
            words, unit = _NAMES[name]
            said = difference(left, whole, unit)
            parts.append(f"{words} {quantity(left, unit, 2)} (with it {number(whole, 2)}: {said})")
        return [*lines, f"Worst of the illness without it: {'; '.join(parts)}."]

    # ---- widgets ---------------------------------------------------------------------------------

    @handler
    def _changed(self, _: Any) -> None:
        if not self._quiet:
            self.refresh()

    @handler
    def _restore(self, _: Any) -> None:
        self.knock_out()
