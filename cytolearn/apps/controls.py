"""One control: a slider, a number box, its unit, its baseline and where its numbers come from."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from math import isfinite, log10

import ipywidgets as W

from cytolearn import physiology
from cytolearn.wording import number, out_of_range, unit_words, unknown

BADGES = {
    "A": "measured in patients",
    "B": "measured, carried over",
    "C": "indirect evidence",
    "D": "assumed by the authors",
}
#: Units as a learner reads them.
_UNITS = {
    "d": "days",
    "x normal": "× normal",
    "fraction": "share, 0 to 1",
    "AU": "arbitrary units",
}
#: Steps of a logarithmic slider from one end to the other.
_NOTCHES = 100


def parameter(symbol: str) -> Mapping[str, str]:
    """Return the row of a constant, or say which name lies nearest.

    Raises
    ------
    ValueError
        If there is none; the message names the nearest.
    """
    rows = {row["symbol"]: row for row in physiology.rows("parameters")}
    if symbol not in rows:
        raise ValueError(unknown("control", symbol, rows))
    return rows[symbol]


class Scale:
    """From a value to a place on a slider and back.

    A range over more than a hundredfold gets a logarithmic slider; if it starts at zero, the first
    notch is zero and the rest is logarithmic from a thousandth of the top (at least 0.1).

    Parameters
    ----------
    low, high : float
        Both can be reached.
    """

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        self.logarithmic = high >= 100 and (low <= 0 or high / low > 100)
        self.first = (low if low > 0 else max(0.1, high / 1e5)) if self.logarithmic else low

    def place(self, value: float) -> float:
        """Return the place of a value, from 0 to 1."""
        if not self.logarithmic:
            return (value - self.low) / (self.high - self.low)
        if value < self.first:
            return 0.0
        start = 0.0 if self.low > 0 else 1 / _NOTCHES
        share = log10(value / self.first) / log10(self.high / self.first)
        return start + (1 - start) * share

    def value(self, place: float) -> float:
        """Return the value at a place, rounded to what a person would write."""
        if not self.logarithmic:
            raw = self.low + place * (self.high - self.low)
            return float(f"{raw:.10g}")
        start = 0.0 if self.low > 0 else 1 / _NOTCHES
        if place < start or (place == start == 0.0):
            return self.low
        if place >= 1:
            return self.high
        raw = self.first * (self.high / self.first) ** ((place - start) / (1 - start))
        return float(f"{raw:.2g}")


class Control:
    """A constant of the patient that a learner can change.

    Parameters
    ----------
    symbol : str
        A row of ``parameters.csv``: name, unit, range, meaning and source come from there.
    baseline : float
        The starting patient's value; a tick on the slider marks it.
    on_change : callable
        Called with (symbol, value) when the learner, not the program, changes the value.
    row : mapping, optional
        Name, unit, low, high and meaning of what is no constant of the model, such as the first
        day of a treatment.
    """

    def __init__(
        self,
        symbol: str,
        baseline: float,
        on_change: Callable[[str, float], None],
        row: Mapping[str, str] | None = None,
    ) -> None:
        self.symbol, self.baseline = symbol, float(baseline)
        self.row, self._sourced = row or parameter(symbol), row is None
        self.low, self.high = float(self.row["low"]), float(self.row["high"])
        self.scale = Scale(self.low, self.high)
        self._on_change, self._quiet = on_change, False
        self._stale: set[float] = set()
        self.unit = _UNITS.get(self.row["unit"], unit_words(self.row["unit"]))
        notch = 1 / _NOTCHES
        step = _nice_step((self.high - self.low) / _NOTCHES)
        self.slider = W.FloatSlider(
            value=self.scale.place(self.baseline) if self.scale.logarithmic else self.baseline,
            min=0.0 if self.scale.logarithmic else self.low,
            max=1.0 if self.scale.logarithmic else self.high,
            step=notch if self.scale.logarithmic else step,
            readout=False,
            tooltip=self.row["meaning"],
            layout=W.Layout(width="100%", min_width="0"),
        )
        self.box = W.BoundedFloatText(
            value=self.baseline, min=self.low, max=self.high, step=step,
            description=f"{self.row['name']}, {self.unit}",
            tooltip=f"{self.row['meaning']} {number(self.low)} to {number(self.high)}.",
        )  # fmt: skip
        self.box.add_class("cl-number")
        self._label = W.HTML(self._about())
        row = W.Box([self.slider, self.box])
        row.add_class("cl-row")
        self.widget = W.VBox([self._label, row])
        self.widget.add_class("cl-control")
        self.widget.add_class(f"cl-at-{symbol}")
        self.slider.observe(self._slid, "value")
        self.box.observe(self._typed, "value")

    @property
    def value(self) -> float:
        """The current value, in the constant's unit."""
        return float(self.box.value)

    @property
    def disabled(self) -> bool:
        """Whether the learner cannot move it now."""
        return self.box.disabled

    @disabled.setter
    def disabled(self, off: bool) -> None:
        self.box.disabled = self.slider.disabled = off

    def show(self, value: float) -> None:
        """Show a value that the program chose; nobody is told."""
        self._quiet = True
        self._stale.add(self.slider.value)
        try:
            self.box.value = value
            self._move(value)
        finally:
            self._quiet = False

    def check(self, value: float) -> float:
        """Return the value as a number, or raise ValueError with range and unit."""
        try:
            value = float(value)
        except (TypeError, ValueError):
            raise ValueError(f"{self.row['name']} must be a number; you gave {value!r}.") from None
        if not (isfinite(value) and self.low <= value <= self.high):
            raise ValueError(
                out_of_range(self.row["name"], value, self.low, self.high, self.row["unit"])
            )
        return value

    @property
    def mark(self) -> float:
        """Where on the track the baseline lies, 0 to 1."""
        return self.scale.place(self.baseline)

    def _move(self, value: float) -> None:
        self.slider.value = self.scale.place(value) if self.scale.logarithmic else value

    def _slid(self, change: dict) -> None:
        if self._quiet:
            return
        at = change["new"]
        if self._is_echo(at):
            self._quiet = True
            self._move(self.value)
            self._quiet = False
            return
        value = self.scale.value(at) if self.scale.logarithmic else float(f"{at:.10g}")
        self._quiet = True
        self.box.value = value
        self._quiet = False
        self._on_change(self.symbol, value)

    def _is_echo(self, at: float) -> bool:
        """Tell whether the browser, not the learner, sent this place.

        Its sliders send back what the program has set, rounded to the slider's step, and, if they
        are drawn just then, a value from before that. The learner's first move is neither.
        """
        place = self.scale.place(self.value) if self.scale.logarithmic else self.value
        near = 0.501 * self.slider.step
        if abs(at - place) < near:
            return True
        echoed = {old for old in self._stale if abs(at - old) < near}
        self._stale = self._stale - echoed if echoed else set()
        return bool(echoed)

    def _typed(self, change: dict) -> None:
        if self._quiet:
            return
        self._quiet = True
        self._move(change["new"])
        self._quiet = False
        self._on_change(self.symbol, float(change["new"]))

    def _about(self) -> str:
        """Name and unit; on demand meaning, baseline, range, source and how sure we are."""
        row = self.row
        unit = html.escape(self.unit)
        title = f'<b>{html.escape(row["name"])}</b> <span class="cl-unit">{unit}</span>'
        if not self._sourced:
            return f'<div class="cl-name" title="{html.escape(row["meaning"])}">{title}</div>'
        source = html.escape(row["source"])
        if row["doi"]:
            link = f"https://doi.org/{row['doi']}"
            source = f'<a href="{link}" target="_blank" rel="noopener">{source}</a>'
        badge = BADGES.get(row["badge"], "not rated")
        return (
            f'<details><summary title="{html.escape(row["meaning"])}"><span>{title}</span>'
            f'<span class="cl-why">source</span></summary>'
            f"<div>{html.escape(row['meaning'])}<br>"
            f"This patient starts at <b>{number(self.baseline)}</b> (the tick on the slider); "
            f"the healthy adult has {number(float(row['baseline']))}; "
            f"range {number(self.low)} to {number(self.high)}.<br>"
            f"Source: {source}. Badge {row['badge']}: {badge}.</div></details>"
        )


def _nice_step(step: float) -> float:
    """Return 1, 2 or 5 times a power of ten, not above `step` (and never finer than 0.01)."""
    power = 10.0 ** int(log10(step) // 1)
    return max(0.01, float(f"{max(s * power for s in (1, 2, 5) if s * power <= step * 1.001):.3g}"))
