"""Pictures of treatment: what a drug does in the body, who profits when, and what trials find."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from cytolearn.figures import theme
from cytolearn.figures.panels import panel_grid
from cytolearn.figures.picture import Picture
from cytolearn.wording import listing, number

#: Blue is benefit, orange harm, white no change: told apart under every colour vision. Its ends are
#: no colours of the theme, so that the numbers on them stay readable on dark pages.
DIVERGING = LinearSegmentedColormap.from_list(
    "benefit_harm", ["#0071b0", "#8cc3e6", "#ffffff", "#f5b183", "#d45c00"]
)
# Text on coloured cells keeps its colour in the dark theme: neither is a colour of the theme.
_DARK_TEXT, _LIGHT_TEXT = "#14191f", "#fdfdfd"
_LONGEST_LABEL = 52
_RATIO_TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)


# ---------------------------------------------------------------- one patient: drug and target
def drug_panels(
    days: np.ndarray,
    lines: Sequence[np.ndarray | tuple[np.ndarray, np.ndarray]],
    names: Sequence[str],
    doses: np.ndarray,
    tops: Sequence[float],
) -> tuple[Picture, list[Line2D], list[Axes]]:
    """Draw what is in the body, what it blocks, what the lung does, and the dose that was chosen.

    Parameters
    ----------
    days : array, shape (days,)
        Since symptom onset.
    lines : sequence of nine curves
        Amount of two drugs, in usual doses; effect of both on their targets (%); lesion of the
        lung with and without treatment (%); over `doses`: risk of death and of a second infection
        (%); and the chosen dose as a pair (x, y) of one point each.
    names : sequence of str
        What is given, at most two.
    doses : array
        Multiples of the usual dose.
    tops : sequence of four floats
        Upper ends of the y axes.
    """
    first, second = theme.CURVES[0], theme.CURVES[1]
    titles = (
        ("In the body", "usual doses"),
        ("Effect on its target", "%"),
        ("Lung lesion", "% of lung"),
        ("If the dose were another", "%"),
    )
    with mpl.rc_context(theme.RC):
        figure = Picture(dpi=100)
        axes = panel_grid(figure, 4, 2, bottom=0.16)
        for ax, (title, unit), top in zip(axes, titles, tops, strict=True):
            ax.set_title(title, loc="left", fontweight="bold", x=-0.14)
            ax.set_title(unit, loc="right", color=theme.MUTED, fontsize=8.5)
            ax.set_ylim(0, top)
            ax.grid(axis="y", color=theme.GRID, linewidth=0.7)
            ax.yaxis.get_major_locator().set_params(nbins=5)
            ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, 2)))
        for ax in axes[:3]:
            ax.set_xlim(days[0], days[-1])
            ax.axvline(0, color=theme.MUTED, linewidth=0.9, linestyle=":", zorder=1)
            ax.set_xlabel("days since symptom onset", labelpad=3)
        axes[3].set_xscale("log")
        axes[3].set_xlim(doses[0] * 0.9, doses[-1] * 1.1)
        axes[3].xaxis.set_major_locator(FixedLocator([0.1, 0.25, 0.5, 1, 2, 5]))
        axes[3].xaxis.set_minor_locator(NullLocator())
        axes[3].xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v)))
        axes[3].set_xlabel("dose of the first drug, × usual dose", labelpad=3)
        styles = [
            (0, first, "-"), (0, second, "--"),
            (1, first, "-"), (1, second, "--"),
            (2, first, "-"), (2, theme.GHOST, (0, (4, 2.5))),
            (3, first, "-"), (3, second, "--"),
        ]  # fmt: skip
        drawn = []
        for (place, color, dash), curve in zip(styles, lines[:8], strict=True):
            x = doses if place == 3 else days
            drawn += axes[place].plot(x, curve, color=color, linestyle=dash, linewidth=2)
        drawn += axes[3].plot(*lines[8], "o", color=theme.CURVES[2], markersize=8, zorder=5)
        small = {"loc": "upper right", "fontsize": 8, "frameon": False, "handlelength": 2.4}
        if names:
            axes[0].legend(drawn[: len(names)], [_cut(n, 26) for n in names], **small)
            axes[2].legend(drawn[4:6], ["treated", "untreated"], **small)
            axes[3].legend(drawn[6:8], ["death in 28 days", "second infection"], **small)
        figure.text(0.008, 0.012, theme.FOOTER, fontsize=7.5, color=theme.MUTED)
    return figure, drawn, axes


# ---------------------------------------------------------------- drug x patient x day
def heat_map(
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    title: str,
    unit: str,
    full: float,
    small: float,
    empty: str = "",
) -> Picture:
    """Draw a table of changes in colours, with the number in every cell.

    Parameters
    ----------
    values : array, shape (rows, columns)
        Change against no treatment; below zero is benefit. NaN where not yet known.
    rows, columns : sequence of str
        Drugs, and patients or days.
    title : str
    unit : str
        Of the change.
    full : float
        Change that has the full colour.
    small : float
        Changes below this are printed as a dot: hardly a difference.
    empty : str
        What the grid says while no cell is known.

    Returns
    -------
    Picture
        The best cell of each column has a thick frame, the worst a dashed one.
    """
    n, k = values.shape
    wide, left, top, foot, high = 0.61, 1.55, 0.92, 0.62, 0.235
    size = (left + k * wide + 0.1, top + n * high + foot)
    with mpl.rc_context(theme.RC):
        figure = Picture(figsize=size, dpi=100)
        ax = figure.add_axes(
            (left / size[0], foot / size[1], k * wide / size[0], n * high / size[1])
        )
        ax.set_xlim(0, k)
        ax.set_ylim(n, 0)
        colour = Normalize(-full, full)
        for i in range(n):
            for j in range(k):
                _cell(ax, i, j, float(values[i, j]), colour, small)
        for j in range(k):
            _frame(ax, values[:, j], j, small)
        if empty and not np.isfinite(values).any():
            paper = {"facecolor": theme.GRID, "edgecolor": theme.MUTED, "boxstyle": "round,pad=0.9"}
            ax.text(k / 2, n / 2, empty, ha="center", va="center", fontsize=10, color=theme.INK,
                    bbox=paper, linespacing=1.5)  # fmt: skip
        for side in ax.spines.values():
            side.set_visible(False)
        ax.tick_params(length=0, labeltop=True, labelbottom=False)
        ax.set_yticks(np.arange(n) + 0.5, [_cut(r, 25) for r in rows])
        ax.set_xticks(
            np.arange(k) + 0.5, ["\n".join(textwrap.wrap(c, 10, break_long_words=False)[:3])
                                 for c in columns],
        )  # fmt: skip
        ax.tick_params(axis="y", labelsize=8.2)
        ax.tick_params(axis="x", labelsize=7.4)
        figure.text(0.008, 1 - 0.2 / size[1], title, fontsize=10, fontweight="bold")
        foot_lines = (
            (theme.FOOTER, theme.MUTED),
            ("Solid frame: best of its column, dashed: worst.", theme.INK),
            (f"Numbers: {unit}; · is less than {number(small)}. Blue: better, orange: worse.",
             theme.INK),
        )  # fmt: skip
        for i, (words, color) in enumerate(foot_lines):
            figure.text(0.008, (0.08 + 0.17 * i) / size[1], words, fontsize=7.8, color=color)
    return figure


def _cell(ax: Axes, i: int, j: int, value: float, colour: Normalize, small: float) -> None:
    known = math.isfinite(value)
    face = DIVERGING(colour(value)) if known else theme.GRID
    ax.add_patch(Rectangle((j + 0.02, i + 0.04), 0.96, 0.92, facecolor=face, edgecolor="none"))
    if not known:
        return
    light = abs(value) > 0.82 * colour.vmax
    words = "·" if abs(value) < small else f"{value:+.0f}".replace("-", "−")
    if small < 1 and small <= abs(value) < 10:
        words = f"{value:+.1f}".replace("-", "−")
    ax.text(j + 0.5, i + 0.53, words, ha="center", va="center", fontsize=8,
            color=_LIGHT_TEXT if light else _DARK_TEXT)  # fmt: skip


def _frame(ax: Axes, column: np.ndarray, j: int, small: float) -> None:
    if not np.isfinite(column).any():
        return
    for pick, dash, holds in (
        (int(np.nanargmin(column)), "-", np.nanmin(column) <= -small),
        (int(np.nanargmax(column)), (0, (2, 1.2)), np.nanmax(column) >= small),
    ):
        if holds:
            box = Rectangle((j + 0.03, pick + 0.05), 0.94, 0.9, fill=False, linewidth=1.7,
                            edgecolor=_DARK_TEXT, linestyle=dash, zorder=4)  # fmt: skip
            ax.add_patch(box)


def heat_words(
    values: np.ndarray, rows: Sequence[str], columns: Sequence[str], *, unit: str, small: float
) -> str:
    """Name the best and the worst of every column.

    Parameters
    ----------
    values : array, shape (rows, columns)
        Change against no treatment; below zero is benefit, NaN not yet known.
    rows, columns : sequence of str
    unit : str
    small : float
        Changes below this count as none.
    """
    said = []
    for j, column in enumerate(columns):
        known = values[:, j]
        if not np.isfinite(known).any():
            continue
        best, worst = int(np.nanargmin(known)), int(np.nanargmax(known))
        good = (
            f"best {rows[best]} ({_signed(known[best])})"
            if known[best] <= -small
            else "nothing helps"
        )
        bad = (
            f"worst {rows[worst]} ({_signed(known[worst])})"
            if known[worst] >= small
            else "nothing harms"
        )
        said.append(f"{column}: {good}, {bad}.")
    return f"In {unit}. {' '.join(said)}" if said else "Not computed yet."


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else '−'}{number(abs(value), 2)}"


# ---------------------------------------------------------------- intervals on a line
class Mark(NamedTuple):
    """One estimate with its interval, to be drawn in a row of its own.

    Attributes
    ----------
    label : str
    estimate, low, high : float
        NaN where there is none; low and high NaN: a point without interval.
    kind : {"own", "again", "published", "truth", "heading", "picked"}
    """

    label: str
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    kind: str = "own"


_MARKS = {
    "own": (theme.CURVES[0], "s", 6.5),
    "again": (theme.GHOST, "s", 4),
    "published": (theme.CURVES[2], "D", 5),
    "truth": (theme.CURVES[1], "d", 9),
    "picked": (theme.CURVES[1], "s", 6.5),
}


def intervals(
    marks: Sequence[Mark],
    *,
    title: str,
    unit: str = "risk ratio",
    null: float = 1.0,
    sides: tuple[str, str] = ("treatment better", "treatment worse"),
    names: bool = True,
    truth: float = math.nan,
) -> Picture:
    """Draw estimates under each other, each with its 95% interval, on a logarithmic axis.

    Parameters
    ----------
    marks : sequence of Mark
    title, unit : str
    null : float
        Where the line of no difference stands.
    sides : (str, str)
        What left and right of it mean.
    names : bool
        Whether every row has its label and its numbers; many rows have not.
    truth : float
        Drawn as a dashed line through all rows; NaN: not drawn.
    """
    per = 0.235 if names else max(0.035, min(0.235, 3.4 / max(len(marks), 1)))
    rows = max(len(marks), 3) * per
    longest = max((len(mark.label) for mark in marks), default=0)
    # Labels have the room that they need: about 0.067 in a letter.
    left = max(2.65, 0.067 * min(longest, _LONGEST_LABEL) + 0.1) if names else 0.4
    right = 1.45 if names else 0.8
    width = left + 2.8 + right if names else 6.9
    height = rows + 1.55
    low, high = _limits(marks)
    with mpl.rc_context(theme.RC):
        figure = Picture(figsize=(width, height), dpi=100)
        ax = figure.add_axes(
            (left / width, 0.78 / height, (width - left - right) / width, rows / height)
        )
        ax.set_xscale("log")
        ax.set_xlim(low, high)
        ax.set_ylim(max(len(marks), 3) - 0.5, -0.5)
        ax.xaxis.set_major_locator(FixedLocator([t for t in _RATIO_TICKS if low <= t <= high]))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v)))
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        if marks:
            ax.axvline(null, color=theme.INK, linewidth=1, zorder=1)
        if math.isfinite(truth):
            ax.axvline(truth, color=theme.CURVES[1], linewidth=1.6, linestyle="--", zorder=1)
            figure.text(1 - 0.06 / width, 0.42 / height, f"- - truth {truth:.2f}", fontsize=8.2,
                        color=theme.CURVES[1], ha="right")  # fmt: skip
        ax.set_xlabel(f"{unit} (logarithmic)", labelpad=2)
        for y, mark in enumerate(marks):
            _draw_mark(ax, y, mark, low, high, names)
        if not marks:
            ax.text(0.5, 0.5, "Nothing yet: press the first button.", transform=ax.transAxes,
                    ha="center", va="center", fontsize=9, color=theme.MUTED)  # fmt: skip
        for x, words, where in ((0.0, f"◀ {sides[0]}", "left"), (1.0, f"{sides[1]} ▶", "right")):
            ax.text(x, 1.02, words, transform=ax.transAxes, ha=where, va="bottom", fontsize=8,
                    color=theme.MUTED)  # fmt: skip
        figure.text(0.008, 1 - 0.22 / height, title, fontsize=10, fontweight="bold")
        figure.text(0.008, 0.08 / height, theme.FOOTER, fontsize=7.5, color=theme.MUTED)
    return figure


def _draw_mark(ax: Axes, y: int, mark: Mark, low: float, high: float, names: bool) -> None:
    if mark.kind == "heading":
        ax.text(-0.01, y, mark.label, transform=ax.get_yaxis_transform(), fontsize=8.5,
                fontweight="bold", ha="right", va="center")  # fmt: skip
        return
    color, shape, size = _MARKS[mark.kind]
    if math.isfinite(mark.low) and math.isfinite(mark.high):
        ends = [max(mark.low, low), min(mark.high, high)]
        ax.plot(ends, [y, y], color=color, linewidth=1.7 if names else 1.1, solid_capstyle="butt")
    if math.isfinite(mark.estimate):
        at = min(max(mark.estimate, low), high)
        ax.plot([at], [y], shape, color=color, markersize=size if names else size * 0.62, zorder=4)
    if not names:
        return
    ax.text(-0.01, y, _cut(mark.label, _LONGEST_LABEL), transform=ax.get_yaxis_transform(),
            fontsize=8.2, ha="right", va="center")  # fmt: skip
    ax.text(1.02, y, interval_words(mark), transform=ax.get_yaxis_transform(), fontsize=8.2,
            va="center")  # fmt: skip


def interval_words(mark: Mark) -> str:
    """Write an estimate and its interval: "0.82 (0.36 to 1.85)"."""
    if not math.isfinite(mark.estimate):
        return "no estimate"
    if not math.isfinite(mark.low):
        return f"{mark.estimate:.2f}"
    return f"{mark.estimate:.2f} ({mark.low:.2f} to {mark.high:.2f})"


def _limits(marks: Sequence[Mark]) -> tuple[float, float]:
    """Return ends of the axis that hold the estimates and most of the intervals."""
    points = [m.estimate for m in marks if math.isfinite(m.estimate) and m.estimate > 0]
    lows = [m.low for m in marks if math.isfinite(m.low) and m.low > 0]
    highs = [m.high for m in marks if math.isfinite(m.high)]
    low = min([0.5, *points, *(max(v, 0.1) for v in lows)])
    high = max([2.0, *points, *(min(v, 10.0) for v in highs)])
    return max(low * 0.85, 0.02), min(high * 1.15, 60.0)


# ---------------------------------------------------------------- two groups, then and now
def pairs(
    rows: Sequence[tuple[str, float, float]], *, title: str, heads: tuple[str, str], unit: str
) -> Picture:
    """Draw bars in pairs: two numbers a row, both written at their ends.

    Parameters
    ----------
    rows : sequence of (label, first, second)
    title, unit : str
    heads : (str, str)
        What the first and the second number are.
    """
    width, left, per = 6.6, 2.2, 0.46
    height = len(rows) * per + 1.35
    top = max([v for _, *both in rows for v in both if math.isfinite(v)], default=1.0) or 1.0
    with mpl.rc_context(theme.RC):
        figure = Picture(figsize=(width, height), dpi=100)
        ax = figure.add_axes(
            (left / width, 0.62 / height, (width - left - 0.9) / width, len(rows) * per / height)
        )
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_xlim(0, top * 1.08)
        ax.set_yticks(range(len(rows)), [_cut(label, 36) for label, *_ in rows])
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel(unit, labelpad=2)
        for y, (_, *both) in enumerate(rows):
            for k, value in enumerate(both):
                if not math.isfinite(value):
                    continue
                color = (theme.GHOST, theme.CURVES[0])[k]
                at = y - 0.19 + 0.38 * k
                ax.barh(at, value, 0.34, color=color, hatch=("", "//")[k], edgecolor="white",
                        linewidth=0)  # fmt: skip
                ax.text(value + top * 0.01, at, number(value), va="center", fontsize=8.2)
        handles = [
            Rectangle((0, 0), 1, 1, facecolor=color, hatch=hatch, edgecolor="white", label=head)
            for color, hatch, head in zip((theme.GHOST, theme.CURVES[0]), ("", "//"), heads)
            if head
        ]
        ax.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1.0), ncols=2,
                  fontsize=8.2, frameon=False)  # fmt: skip
        figure.text(0.008, 1 - 0.22 / height, title, fontsize=10, fontweight="bold")
        figure.text(0.008, 0.08 / height, theme.FOOTER, fontsize=7.5, color=theme.MUTED)
    return figure


def drugs_in_words(names: Sequence[str]) -> str:
    """Name what is given, or say that nothing is."""
    return listing(names) if names else "nothing"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
