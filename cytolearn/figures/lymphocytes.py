"""Pictures of lymphocytes: where they are, what they can do, and what a scatter of counts hides."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from cytolearn.figures import theme
from cytolearn.figures.panels import CELL, draw_panel, panel_grid
from cytolearn.figures.picture import Picture
from cytolearn.wording import number, quantity

#: What the balance is made from: four resting pools, their share outside the blood, the count.
BALANCE_OUTPUTS = ("cd4_pool", "cd8_pool", "nk_pool", "b_pool", "sequestered", "alc")
#: Where a lymphocyte can be, with the colour of its bar.
PLACES = {
    "in the blood": theme.CURVES[0],
    "moved into tissue": theme.CURVES[5],
    "died, not yet replaced": theme.CURVES[2],
}
#: Severity, as the scatter colours it: marker and colour for each.
GROUPS = {
    "no pneumonia": ("o", theme.GHOST),
    "pneumonia, no oxygen": ("s", theme.CURVES[0]),
    "needs oxygen or a ventilator": ("^", theme.CURVES[1]),
}
_STRENGTHS = ("next to no", "a weak", "a moderate", "a strong")
_KILLING = (0.0, 2.0)  # 1/d, the axis of killing power


@dataclass(frozen=True)
class Balance:
    """Where the lymphocytes are, day by day, all in 10^9 per litre of blood.

    Attributes
    ----------
    blood : array, shape (days,)
        What a blood count finds.
    moved : array, shape (days,)
        Alive, but outside the blood.
    missing : array, shape (days,)
        Died and not yet replaced.
    usual : float
        All lymphocytes before the infection.
    """

    blood: np.ndarray
    moved: np.ndarray
    missing: np.ndarray
    usual: float

    @property
    def alive(self) -> np.ndarray:
        """Blood and tissue together."""
        return self.blood + self.moved


def balance(states: Mapping[str, np.ndarray]) -> Balance:
    """Work out where the lymphocytes are.

    Parameters
    ----------
    states : mapping of str to array, shape (days,)
        `BALANCE_OUTPUTS` of one course, from before the infection on.
    """
    pool = sum(np.asarray(states[s]) for s in BALANCE_OUTPUTS[:4])
    moved = np.asarray(states["sequestered"]) * pool
    usual = float(pool[0])
    return Balance(np.asarray(states["alc"]), moved, np.maximum(usual - pool, 0.0), usual)


def bars(days: np.ndarray, parts: Balance) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the stacked bars of `whereabouts` as lines: one (x, y) for each of `PLACES`.

    Each day is a short upright stroke; NaN between them.
    """
    edges = np.cumsum([np.zeros_like(parts.blood), parts.blood, parts.moved, parts.missing], axis=0)
    x = np.repeat(days.astype(float), 3)
    out = []
    for low, high in itertools.pairwise(edges):
        y = np.full(x.size, np.nan)
        y[0::3], y[1::3] = low, high
        y[0::3][high <= low] = np.nan  # no stroke where there is nothing
        out.append((x, y))
    return out


def whereabouts(
    days: np.ndarray, start: Balance, names: tuple[str, str], ghosts: Mapping[str, np.ndarray],
    every: np.ndarray,
) -> tuple[Picture, list[Line2D], list[Axes]]:  # fmt: skip
    """Draw where two patients' lymphocytes are, their PD-1 marker and their killing power.

    Parameters
    ----------
    days : array, shape (whole days,)
        Days of the bars.
    start : Balance
        The starting patient; the bars of the first panel stand still.
    names : (str, str)
        The starting patient and the one on show.
    ghosts : mapping
        ``pd1`` (%) and ``killing`` (1/d) of the starting patient, shape (days,).
    every : array, shape (days,)
        Days of the curves.

    Returns
    -------
    (Picture, list of Line2D, list of Axes)
        Lines that move: three bars of the patient on show, PD-1, killing, then one needle a panel.
    """
    with mpl.rc_context(theme.RC):
        figure = Picture(dpi=100)
        axes = panel_grid(figure, 4, 2)
        moving: list[Line2D] = []
        blank = Balance(*(np.full(len(days), np.nan),) * 3, start.usual)
        for ax, name, parts in zip(axes[:2], names, (start, blank), strict=True):
            draw_panel(ax, "alc", normal_range=False)
            ax.set_title(name, loc="left", fontweight="bold", x=-0.18)
            ax.axhline(start.usual, color=theme.INK, linewidth=0.9, linestyle=":", zorder=4)
            for (x, y), color in zip(bars(days, parts), PLACES.values(), strict=True):
                line = ax.plot(x, y, color=color, linewidth=2.9, solid_capstyle="butt", zorder=2)
                moving += line if parts is blank else []
        curves = []
        for ax, symbol in zip(axes[2:], ("pd1", "killing"), strict=True):
            draw_panel(ax, "pd1", normal_range=False)
            if symbol == "killing":
                ax.set_title("Killing power of all cells", loc="left", fontweight="bold", x=-0.18)
                ax.set_title("per day", loc="right", color=theme.MUTED, fontsize=8.5)
                ax.set_ylim(*_KILLING)
            ax.plot(every, ghosts[symbol], color=theme.GHOST, linestyle=(0, (4, 2.5)),
                    linewidth=1.5, zorder=2)  # fmt: skip
            curves += ax.plot(every, np.full(len(every), np.nan), color=theme.CURVES[0],
                              linewidth=2.4, zorder=3)  # fmt: skip
        needles = [ax.plot([np.nan] * 2, [np.nan] * 2, color=theme.INK, linewidth=1.1, zorder=5)[0]
                   for ax in axes]  # fmt: skip
    return figure, moving + curves + needles, axes


def whereabouts_words(day: float, people: Mapping[str, tuple[Balance, int, float, float]]) -> str:
    """Say where two patients' lymphocytes are on one day and what they can do.

    Parameters
    ----------
    day : float
    people : mapping of name to (Balance, index of the day, PD-1 in %, killing power per day)
    """
    lines = [f"Day {number(day)}, cells in 10⁹ per litre of blood."]
    for name, (parts, i, pd1, killing) in people.items():
        lines.append(
            f"{name}: {number(parts.blood[i], 2)} in the blood, {number(parts.moved[i], 2)} moved "
            f"into tissue, {number(parts.missing[i], 2)} died and not yet replaced (before the "
            f"infection {number(parts.usual, 2)} in all). PD-1 on {number(pd1, 2)}% of activated "
            f"CD8 cells; killing power {number(killing, 2)} per day."
        )
    return "\n".join(lines)


def without_parts(
    days: np.ndarray, whole: Mapping[str, np.ndarray], readouts: Sequence[str]
) -> tuple[Picture, list[Line2D], list[Axes]]:
    """Draw a patient with all defences (grey) and with some of them taken away (moves).

    Parameters
    ----------
    days : array, shape (days,)
    whole : mapping of readout to array, shape (days,)
    readouts : sequence of str
    """
    with mpl.rc_context(theme.RC):
        figure = Picture(dpi=100)
        axes = panel_grid(figure, len(readouts), len(readouts))
        lines = []
        for ax, readout in zip(axes, readouts, strict=True):
            room = [np.array([80.0])] if readout == "lesion" else []  # without CD8 cells it grows
            draw_panel(ax, readout, days=(float(days[0]), float(days[-1])),
                       data=[whole[readout], *room])  # fmt: skip
            ax.plot(days, whole[readout], color=theme.GHOST, linestyle=(0, (4, 2.5)), linewidth=1.5)
            lines += ax.plot(days, whole[readout], color=theme.CURVES[0], linewidth=2.4, zorder=3)
    return figure, lines, axes


def count_scatter(
    samples: Mapping[str, tuple[np.ndarray, np.ndarray]], group: np.ndarray, *, coloured: bool
) -> tuple[Picture, list[Axes]]:
    """Draw lymphocyte count against IL-6, once as the model knows it, once as a laboratory would.

    Parameters
    ----------
    samples : mapping of title to (IL-6 in pg/mL, lymphocytes in 10^9/L), each shape (patients,)
    group : array of int, shape (patients,)
        Index into `GROUPS`.
    coloured : bool
        Whether severity is shown.
    """
    with mpl.rc_context(theme.RC):
        figure = Picture(dpi=100)
        axes = panel_grid(figure, len(samples), len(samples), bottom=0.0)
        for ax, (title, (il6, alc)) in zip(axes, samples.items(), strict=True):
            for k, (marker, color) in enumerate(GROUPS.values()):
                here = group == k
                look = (marker, color) if coloured else ("o", theme.CURVES[2])
                ax.plot(il6[here], alc[here], look[0], color=look[1], markersize=3.4,
                        markeredgewidth=0, alpha=0.8)  # fmt: skip
            ax.set_xscale("log")
            ax.set_xlim(1, 2000)
            ax.set_ylim(0, 3)
            ax.xaxis.set_major_locator(FixedLocator([1, 10, 100, 1000]))
            ax.xaxis.set_minor_locator(NullLocator())
            ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, 2)))
            ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, 2)))
            ax.set_title(title, loc="left", fontweight="bold", x=-0.18)
            ax.set_title("10⁹/L", loc="right", color=theme.MUTED, fontsize=8.5)
            ax.set_xlabel("IL-6, pg/mL", labelpad=3)
            ax.grid(axis="y", color=theme.GRID, linewidth=0.7)
            ax.tick_params(length=3)
    return figure, axes


@dataclass(frozen=True)
class Correlation:
    """A rank correlation with its 95% interval (Spearman; Fisher's z on the ranks).

    Attributes
    ----------
    value, low, high : float
    n : int
        Patients.
    """

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        low, high = (f"{v:.2f}".replace("-", "\u2212") for v in (self.low, self.high))
        return f"{self.value:.2f} ({low} to {high})".replace("-", "\u2212")

    def words(self) -> str:
        """Say how strong it is, and whether none at all would fit as well."""
        size = abs(self.value)
        strength = next(
            words
            for limit, words in zip((0.2, 0.4, 0.6, 2), _STRENGTHS, strict=True)
            if size < limit
        )
        open_ = "; the interval includes none at all" if self.low <= 0 <= self.high else ""
        return f"{strength} correlation, {self}{open_}"


def rank_correlation(x: np.ndarray, y: np.ndarray) -> Correlation:
    """Return Spearman's correlation of two samples, shape (patients,), with its interval.

    Parameters
    ----------
    x, y : array, shape (patients,)
    """
    from scipy import stats

    found = stats.pearsonr(stats.rankdata(x), stats.rankdata(y))
    span = found.confidence_interval()
    return Correlation(float(found.statistic), float(span.low), float(span.high), len(x))


def recovery(
    offsets: np.ndarray,
    arms: Mapping[str, np.ndarray],
    *,
    each: bool,
    limit: float,
) -> Picture:
    """Draw measured lymphocyte counts from the day of enrolment on.

    Parameters
    ----------
    offsets : array, shape (days,)
        Days since enrolment.
    arms : mapping of name to array, shape (patients, days)
        Counts in 10^9/L.
    each : bool
        Whether every patient is drawn, or only the median and the middle half.
    limit : float
        Count below which patients were enrolled, 10^9/L.
    """
    with mpl.rc_context(theme.RC):
        figure = Picture(dpi=100)
        (ax,) = panel_grid(figure, 1, 1, right=CELL[0] * 0.75)
        looks = ((theme.CURVES[0], "-"), (theme.CURVES[1], "--"))
        offsets = offsets[::2]  # every day would be a thicket of noise
        for i, ((name, every), (color, dash)) in enumerate(zip(arms.items(), looks, strict=False)):
            counts = every[:, ::2]
            if each:
                ax.plot(offsets, counts.T, color=color, linestyle=dash, linewidth=0.7, alpha=0.45)
            else:
                low, high = np.percentile(counts, (25, 75), axis=0)
                ax.plot(offsets, low, color=color, linestyle=":", linewidth=0.9)
                ax.plot(offsets, high, color=color, linestyle=":", linewidth=0.9)
            ax.plot(offsets, np.median(counts, axis=0), color=color, linestyle=dash, linewidth=2.8)
            y = 0.95 - 0.13 * i
            ax.plot([1.03, 1.1], [y, y], transform=ax.transAxes, clip_on=False,
                    color=color, linestyle=dash, linewidth=2.4)  # fmt: skip
            ax.text(1.12, y, name, transform=ax.transAxes, fontsize=8.5, va="center")
        said = "thin: each patient" if each else "dotted: middle half"
        ax.text(1.03, 0.95 - 0.13 * len(arms), f"thick: median; {said}", transform=ax.transAxes,
                fontsize=8, va="center", color=theme.MUTED)  # fmt: skip
        ax.axhline(limit, color=theme.MUTED, linewidth=0.9, linestyle=":")
        ax.text(offsets[-1], limit - 0.05, "enrolled below this", fontsize=7.5, ha="right",
                va="top", color=theme.MUTED)  # fmt: skip
        ax.set_xlim(offsets[0], offsets[-1])
        ax.set_ylim(0, 3)
        ax.set_title("Lymphocytes, measured", loc="left", fontweight="bold", x=-0.18)
        ax.set_title("10⁹/L", loc="right", color=theme.MUTED, fontsize=8.5)
        ax.xaxis.set_major_locator(FixedLocator(np.arange(offsets[0], offsets[-1] + 1, 7)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, 2)))
        ax.set_xlabel("days since enrolment", labelpad=3)
        ax.grid(axis="y", color=theme.GRID, linewidth=0.7)
        ax.tick_params(length=3)
    return figure


def one_course(days: np.ndarray, curves: Mapping[str, np.ndarray], day: float) -> Picture:
    """Draw one patient's lymphocytes with and without a drug that starts on `day`.

    Parameters
    ----------
    days : array, shape (days,)
        Since symptom onset.
    curves : mapping of name to array, shape (days,)
        Two, in 10^9/L.
    day : float
    """
    with mpl.rc_context(theme.RC):
        figure = Picture(dpi=100)
        (ax,) = panel_grid(figure, 1, 1, right=CELL[0] * 0.75)
        draw_panel(ax, "alc", data=list(curves.values()))
        looks = ((theme.CURVES[0], "-"), (theme.CURVES[1], "--"))
        for i, ((name, values), (color, dash)) in enumerate(
            zip(curves.items(), looks, strict=True)
        ):
            ax.plot(days, values, color=color, linestyle=dash, linewidth=2.4)
            y = 0.95 - 0.13 * i
            ax.plot([1.03, 1.1], [y, y], transform=ax.transAxes, clip_on=False,
                    color=color, linestyle=dash, linewidth=2.4)  # fmt: skip
            ax.text(1.12, y, name, transform=ax.transAxes, fontsize=8.5, va="center")
        ax.axvline(day, color=theme.CURVES[4], linewidth=1.2)
        ax.text(1.03, 0.66, f"upright line: drug starts, day {number(day)}", transform=ax.transAxes,
                fontsize=8, va="center", color=theme.MUTED)  # fmt: skip
    return figure


def beliefs_picture(beliefs: Sequence[int]) -> Picture:
    """Draw how a belief moved from chapter to chapter, in per cent."""
    with mpl.rc_context(theme.RC):
        figure = Picture(dpi=100)
        (ax,) = panel_grid(figure, 1, 1, right=CELL[0] * 0.75)
        ax.plot(range(len(beliefs)), beliefs, "o-", color=theme.CURVES[0], linewidth=2.4)
        ax.set_ylim(0, 105)
        ax.set_title("What you believed", loc="left", fontweight="bold", x=-0.18)
        ax.set_title("%", loc="right", color=theme.MUTED, fontsize=8.5)
        ax.set_xticks(range(len(beliefs)), ["start", "1", "2", "3", "4", "5"])
        ax.set_xlabel("after chapter", labelpad=3)
        ax.grid(axis="y", color=theme.GRID, linewidth=0.7)
    return figure


def ratio_words(ratio: tuple[float, float, float]) -> str:
    """Say a ratio of counts with its 95% interval: "1.66 times as high (1.5 to 1.9)"."""
    value, low, high = ratio
    return f"{number(value, 3)} times as high (95% interval {number(low, 3)} to {number(high, 3)})"


def count_words(value: float) -> str:
    """Say a lymphocyte count with its unit."""
    return quantity(round(value, 2), "× 10⁹/L")
