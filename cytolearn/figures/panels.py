"""One panel: axes of one readout, with its unit, its normal range and the day of symptom onset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from cytolearn import physiology
from cytolearn.figures import theme
from cytolearn.physiology.tables import read_table
from cytolearn.wording import number, unit_words, unknown

DAYS = (-5.0, 40.0)
#: Size of a panel's cell in inches and the margins inside it: left, bottom, right, top.
CELL, MARGINS = (3.05, 2.05), (0.52, 0.42, 0.14, 0.38)
#: Steps between the days named on an axis, and how many steps have room on it.
_DAY_STEPS, _MOST_DAYS = (10, 20, 50, 100, 200, 500, 1000), 7


def readout_row(symbol: str) -> Mapping[str, str]:
    """Return the row of an observable.

    Raises
    ------
    ValueError
        If there is none; the message names the nearest.
    """
    rows = physiology.readouts()
    if not isinstance(symbol, str) or symbol not in rows:
        raise ValueError(unknown("readout", symbol, rows))
    return rows[symbol]


def limits(
    symbol: str, *, log: bool = True, data: Sequence[np.ndarray] = ()
) -> tuple[float, float]:
    """Return the y limits of a readout: fixed, so that pictures compare, unless data leave them.

    Parameters
    ----------
    symbol : str
    log : bool
        Whether a readout of scale ``log`` is drawn on a log axis; if not, its axis starts at zero
        and ends above the largest of `data`, because a fixed linear axis would hide most curves.
    data : sequence of arrays
        Curves that must fit.
    """
    row = readout_row(symbol)
    ends = {r["symbol"]: (r["low"], r["high"]) for r in read_table(__package__, "axes.csv")}
    low, high = map(float, ends.get(symbol, (0, 1)))
    finite = [np.asarray(d)[np.isfinite(d)] for d in data]
    top = max((float(d.max()) for d in finite if d.size), default=high)
    if row["scale"] == "log" and not log:
        return 0.0, _nice_above(max(top, float(row["normal_high"] or 0)))
    if row["scale"] == "log":
        while top > high:
            high *= 10
        return low, high
    return low, (high if top <= high else _nice_above(top))


def _nice_above(value: float) -> float:
    """Return the next of 1, 1.5, 2, 3, 5, 7.5 times a power of ten that leaves 5% of air."""
    value = max(value * 1.05, 1e-6)
    base = 10.0 ** np.floor(np.log10(value))
    return float(next(s * base for s in (1, 1.5, 2, 3, 5, 7.5, 10) if s * base >= value))


def day_ticks(days: tuple[float, float]) -> np.ndarray:
    """Return the days that a panel's axis names: round ones, few enough to stand side by side."""
    first, last = days
    step = next((s for s in _DAY_STEPS if (last - first) / s < _MOST_DAYS), (last - first) / 4)
    return np.arange(np.ceil(first / step) * step, last + 0.1, step)


def draw_panel(
    ax: Axes,
    symbol: str,
    *,
    log: bool = True,
    data: Sequence[np.ndarray] = (),
    normal_range: bool = True,
    days: tuple[float, float] = DAYS,
) -> None:
    """Draw everything of a panel but its curves: title, unit, axes, normal range, onset line."""
    row = readout_row(symbol)
    low, high = limits(symbol, log=log, data=data)
    # The name starts at the edge of the cell, so that name and unit have room side by side.
    ax.set_title(row["name"], loc="left", fontweight="bold", x=-0.18)
    ax.set_title(unit_words(row["unit"]), loc="right", color=theme.MUTED, fontsize=8.5)
    ax.set_xlim(*days)
    if row["scale"] == "log" and log:
        ax.set_yscale("log")
        ax.set_ylim(low, high)
        powers = np.arange(np.ceil(np.log10(low) - 1e-9), np.floor(np.log10(high) + 1e-9) + 1)
        step = 2 if len(powers) > 5 else 1
        ax.yaxis.set_major_locator(FixedLocator(10.0 ** powers[::step]))
        ax.yaxis.set_minor_locator(NullLocator())
    else:
        ax.set_ylim(low, high)
        ax.yaxis.get_major_locator().set_params(nbins=5)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, 2)))
    ax.xaxis.set_major_locator(FixedLocator(day_ticks(days)))
    ax.grid(axis="y", color=theme.GRID, linewidth=0.7)
    ax.tick_params(length=3)
    ax.set_xlabel("days since symptom onset", labelpad=3)
    if normal_range and row["normal_high"]:
        floor = max(float(row["normal_low"] or 0), low)
        roof = min(float(row["normal_high"]), high)
        ax.axhspan(floor, roof, color=theme.BAND, linewidth=0, zorder=0)
    ax.axvline(0, color=theme.MUTED, linewidth=0.9, linestyle=":", zorder=1)


def panel_grid(
    figure: Figure,
    n: int,
    columns: int,
    *,
    top: float = 0.0,
    bottom: float = 0.0,
    right: float = 0.0,
) -> list[Axes]:
    """Lay out `n` equal cells and return the axes in them.

    Cells have the size `CELL`, wider by `right` inches where labels stand to the right of the axes.
    Each cell can be cut out of the picture by itself (see `cell_box`), which is what lets a live
    figure flow from three columns to one.
    """
    rows = -(-n // columns)
    wide, tall = CELL[0] + right, CELL[1]
    width, height = columns * wide, rows * tall + top + bottom
    figure.set_size_inches(width, height)
    left_in, bottom_in, right_in, top_in = MARGINS
    axes = []
    for i in range(n):
        x, y = (i % columns) * wide, height - top - (i // columns + 1) * tall
        axes.append(
            figure.add_axes(
                (
                    (x + left_in) / width,
                    (y + bottom_in) / height,
                    (wide - left_in - right_in - right) / width,
                    (tall - bottom_in - top_in) / height,
                )
            )
        )
    return axes


def cell_box(ax: Axes) -> tuple[float, float, float, float]:
    """Return a panel's cell as an SVG view box (x, y, width, height) in points."""
    width, height = ax.figure.get_size_inches()
    box = ax.get_position()
    x, top = box.x0 * width - MARGINS[0], (1 - box.y1) * height - MARGINS[3]
    w = box.width * width + MARGINS[0] + MARGINS[2]
    h = box.height * height + MARGINS[1] + MARGINS[3]
    return tuple(round(72 * v, 2) for v in (x, top, w, h))
