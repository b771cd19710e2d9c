"""Reading one curve, and one result under many sets of constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.lines import Line2D

from cytolearn.figures import theme
from cytolearn.figures.panels import draw_panel, readout_row
from cytolearn.figures.picture import Picture
from cytolearn.figures.words import Extreme, extreme
from cytolearn.figures.words import day as day_words
from cytolearn.wording import number, quantity, unit_words

_SIZE, _AXES = (7.2, 3.6), (0.09, 0.17, 0.57, 0.64)
_BLUE, _ORANGE, _BLACK, _GREEN = theme.CURVES[:4]
#: A peak that differs by less than this share is called the same.
SAME = 0.01


# ---------------------------------------------------------------- one curve and its parts
@dataclass(frozen=True)
class Landmarks:
    """The parts of one curve that have names.

    Attributes
    ----------
    leaves : float
        First day outside the normal range, since symptom onset; NaN: never.
    extreme : Extreme
        The peak, or the lowest point of what falls in disease.
    returns : float
        First day from which it stays within the normal range; NaN: never left, or not yet back.
    """

    leaves: float
    extreme: Extreme
    returns: float


def landmarks(days: np.ndarray, values: np.ndarray, readout: str) -> Landmarks:
    """Find the named parts of a curve.

    Parameters
    ----------
    days, values : array, shape (days,)
        Days since symptom onset, and the readout in its own unit.
    readout : str
        Symbol of an observable.
    """
    row = readout_row(readout)
    low, high = float(row["normal_low"] or "-inf"), float(row["normal_high"] or "inf")
    outside = np.flatnonzero((values < low) | (values > high))
    peak = extreme(days, values, row["extreme"])
    if not outside.size:
        return Landmarks(float("nan"), peak, float("nan"))
    after = outside[-1] + 1
    back = float(days[after]) if after < len(days) else float("nan")
    return Landmarks(float(days[outside[0]]), peak, back)


def curve_anatomy(
    days: np.ndarray, values: np.ndarray, readout: str, *, log: bool = True
) -> tuple[Picture, list[Line2D]]:
    """Draw one curve large, with its parts named.

    Returns
    -------
    (Picture, list of Line2D)
        Lines: the curve; dots where it leaves the normal range, at its extreme, where it is back;
        the height and the day of the extreme; start of treatment; dots of laboratory samples.
    """
    row = readout_row(readout)
    with mpl.rc_context(theme.RC):
        figure = Picture(figsize=_SIZE, dpi=100)
        ax = figure.add_axes(_AXES)
        draw_panel(ax, readout, log=log, data=[values])
        ax.set_title("", loc="right")
        ax.set_title(f"{row['name']} ({unit_words(row['unit'])})", loc="left", x=0, pad=22,
                     fontweight="bold")  # fmt: skip
        ax.text(0.4, 1.02, "first symptom: day 0", transform=ax.get_xaxis_transform(), fontsize=8,
                color=theme.MUTED)  # fmt: skip
        blank = [np.nan] * 2
        curve = ax.plot(days, values, color=_BLUE, linewidth=2.4, zorder=3)
        kind = "lowest point" if row["extreme"] == "min" else "peak"
        dots = [
            ax.plot(blank, blank, "o", color=color, markersize=size, zorder=5)[0]
            for color, size in ((_GREEN, 7), (_BLACK, 9), (_GREEN, 7))
        ]
        guide = ax.plot(blank, blank, color=_BLACK, linestyle=(0, (3, 2)), linewidth=1, zorder=2)
        start = ax.plot(blank, blank, color=theme.CURVES[4], linewidth=1.4, zorder=2)
        samples = ax.plot(blank, blank, "o", color=_ORANGE, markersize=5.5, zorder=4)
        entries = [
            (Line2D([], [], color=_BLUE, linewidth=2.4), "the curve: true value"),
            (Line2D([], [], color=_GREEN, marker="o", linestyle="", markersize=7),
             "leaves the normal range, is back"),
            (Line2D([], [], color=_BLACK, marker="o", linestyle="", markersize=8), kind),
            (guide[0], "its height and its day"),
            (mpl.patches.Patch(color=theme.BAND), "normal range"),
            (start[0], "treatment starts"),
            (samples[0], "what a laboratory reports"),
        ]  # fmt: skip
        figure.legend(*zip(*entries, strict=True), loc="upper left", bbox_to_anchor=(0.675, 0.86),
                      frameon=False, fontsize=8.5, handlelength=1.8, labelspacing=0.75)  # fmt: skip
        figure.text(0.008, 0.015, theme.FOOTER, fontsize=7.5, color=theme.MUTED)
    return figure, [*curve, *dots, *guide, *start, *samples]


def guide_points(
    ax_limits: tuple[float, float], peak: Extreme, first: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the line from the left axis to an extreme and down to its day.

    Parameters
    ----------
    ax_limits : (float, float)
        Of the y axis.
    peak : Extreme
    first : float
        Day at the left edge.
    """
    return (
        np.array([first, peak.day, peak.day]),
        np.array([peak.value, peak.value, ax_limits[0]]),
    )


def anatomy_words(
    days: np.ndarray, values: np.ndarray, readout: str, found: Landmarks
) -> list[str]:
    """Say the parts of a curve, one sentence each."""
    row = readout_row(readout)
    unit = row["unit"]
    name, peak = row["name"], found.extreme
    low, high = row["normal_low"], row["normal_high"]
    said = [f"{name}: {row['meaning']}"]
    said.append(f"The infection was on {day_words(days[0])}, at the left edge.")
    if high:
        said.append(f"Normal range: {number(low or 0)} to {quantity(high, unit)}.")
    if peak.flat:
        return [*said, f"It hardly moves: about {quantity(peak.value, unit)} throughout."]
    kind = "Lowest point" if row["extreme"] == "min" else "Peak"
    if np.isfinite(found.leaves):
        said.append(f"Leaves the normal range on {day_words(found.leaves)}.")
    elif high:
        said.append("Never leaves the normal range.")
    said.append(f"{kind}: {quantity(peak.value, unit)} on {day_words(peak.day)}.")
    if np.isfinite(found.returns):
        said.append(f"Back in the normal range on {day_words(found.returns)}.")
    elif np.isfinite(found.leaves):
        said.append(f"Not yet back when the picture ends, at {quantity(values[-1], unit)}.")
    return said


def sample_summary(
    days: np.ndarray, values: np.ndarray, readout: str, peak: Extreme, limit: float
) -> str:
    """Say what a laboratory saw of a curve, and what it did not.

    Parameters
    ----------
    days, values : array, shape (samples,)
        Days since symptom onset and reported values.
    readout : str
    peak : Extreme
        The true extreme.
    limit : float
        Values at this detection limit were not measured, only found to lie below.
    """
    row = readout_row(readout)
    unit = row["unit"]
    lowest = row["extreme"] == "min"
    at = int(np.argmin(values) if lowest else np.argmax(values))
    kind, most = ("lowest point", "lowest") if lowest else ("peak", "highest")
    text = (
        f"A laboratory with one sample a day from {day_words(days[0])} to "
        f"{number(days[-1])} reports a {most} value of {quantity(values[at], unit)} on "
        f"{day_words(days[at])}."
    )
    if not peak.flat and peak.day < days[0]:
        text += f" It never sees the {kind}: that was on {day_words(peak.day)}, before."
    elif not peak.flat and peak.day > days[-1]:
        text += f" It never sees the {kind}: that comes on {day_words(peak.day)}, afterwards."
    elif not peak.flat:
        text += f" The true {kind} is {quantity(peak.value, unit)} on {day_words(peak.day)}."
    below = int(np.sum(values <= limit))
    if below:
        text += f" {below} of {len(values)} values lie at the detection limit."
    return text


# ---------------------------------------------------------------- one result, many models
def changes(readout: str, now: np.ndarray, other: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Return how an extreme differs between two bundles of curves, one value a model.

    Parameters
    ----------
    readout : str
    now, other : array, shape (models, days)
    days : array, shape (days,)

    Returns
    -------
    array, shape (models,)
        Per cent; for readouts that are logarithms, powers of ten.
    """
    row = readout_row(readout)
    kind = row["extreme"]
    a, b = (
        np.array([extreme(days, curve, kind).value for curve in bundle]) for bundle in (now, other)
    )
    if row["unit"].startswith("log10"):
        return a - b
    return 100 * (a / np.where(b == 0, np.nan, b) - 1)


def tally(change: np.ndarray, unit_is_log: bool = False) -> tuple[int, int, int]:
    """Return in how many models an extreme is higher, lower, the same.

    Parameters
    ----------
    change : array, shape (models,)
        Per cent, or powers of ten.
    unit_is_log : bool
        Whether it is powers of ten.
    """
    same = np.log10(1 + SAME) if unit_is_log else 100 * SAME
    higher, lower = int(np.sum(change > same)), int(np.sum(change < -same))
    return higher, lower, len(change) - higher - lower


def many_models(
    days: np.ndarray,
    bundles: Mapping[str, np.ndarray],
    readout: str,
    change: np.ndarray | None,
    *,
    log: bool = True,
) -> Picture:
    """Draw the same patient under many sets of constants, and how the extreme changes in each.

    Parameters
    ----------
    days : array, shape (days,)
    bundles : mapping of str to array, shape (models, days)
        One or two bundles; the first is the reference, drawn in grey.
    readout : str
    change : array, shape (models,), or None
        From `changes`; None if there is one bundle.
    """
    row = readout_row(readout)
    kind = "lowest point" if row["extreme"] == "min" else "peak"
    looks = [(theme.GHOST, 0.55), (_BLUE, 0.55)]
    with mpl.rc_context(theme.RC):
        figure = Picture(figsize=(7.6, 3.5), dpi=100)
        ax = figure.add_axes((0.08, 0.17, 0.45, 0.63))
        draw_panel(ax, readout, log=log, data=[b.ravel() for b in bundles.values()])
        ax.set_title("", loc="right")
        ax.set_title(f"{row['name']} ({unit_words(row['unit'])})", loc="left", x=0,
                     fontweight="bold", pad=26)  # fmt: skip
        if len(bundles) == 1:
            looks = looks[1:]
        for i, ((name, bundle), (color, thin)) in enumerate(
            zip(bundles.items(), looks, strict=True)
        ):
            ax.plot(days, bundle.T, color=color, linewidth=thin, zorder=3)
            ax.plot(days, np.median(bundle, axis=0), color=color, linewidth=2.6, zorder=4)
            at = 0.62 * i
            ax.plot([at, at + 0.06], [1.075] * 2, transform=ax.transAxes, clip_on=False,
                    color=color, linewidth=2.6)  # fmt: skip
            ax.text(at + 0.075, 1.075, name, transform=ax.transAxes, fontsize=8.5, va="center")
        side = figure.add_axes((0.63, 0.17, 0.35, 0.63))
        side.set_title(f"Change of the {kind}", loc="left", x=0,
                       fontweight="bold", pad=26)  # fmt: skip
        if change is None or not np.isfinite(change).any():
            side.text(0.5, 0.5, "Nothing to compare yet:\nchoose a treatment\nor move a slider.",
                      transform=side.transAxes, ha="center", va="center", fontsize=9)  # fmt: skip
            side.set_xticks([])
            side.set_yticks([])
        else:
            _strip(side, change, row["unit"].startswith("log10"))
        figure.text(0.008, 0.015, theme.FOOTER, fontsize=7.5, color=theme.MUTED)
    return figure


def _strip(ax, change: np.ndarray, is_log: bool) -> None:
    """Draw one dot a model, sorted, above or below the line of no change."""
    unit = "powers of ten" if is_log else "%"
    order = np.sort(change[np.isfinite(change)])
    reach = 1.15 * max(float(np.abs(order).max()), 0.1 if is_log else 5.0)
    ax.set_ylim(-reach, reach)
    ax.set_xlim(-1, len(order))
    ax.axhline(0, color=theme.INK, linewidth=1, zorder=1)
    ax.grid(axis="y", color=theme.GRID, linewidth=0.7)
    ax.plot(order, "o", color=_BLUE, markersize=5, zorder=3)
    ax.set_xticks([])
    ax.yaxis.set_major_formatter(
        mpl.ticker.FuncFormatter(lambda v, _: f"{v:+.1f}" if is_log else f"{v:+.0f}%" if v else "0")
    )
    ax.set_xlabel(f"{len(order)} models, sorted" + (f" ({unit})" if is_log else ""), labelpad=8)
    higher, lower, _ = tally(change, is_log)
    ax.text(0.02, 0.97, f"higher in {higher}", transform=ax.transAxes, va="top", fontsize=9)
    ax.text(0.98, 0.03, f"lower in {lower}", transform=ax.transAxes, ha="right", fontsize=9)


def many_models_words(
    readout: str, bundles: Sequence[str], change: np.ndarray | None, spread: tuple[float, float]
) -> str:
    """Say in how many models a change goes which way, and how far the models differ.

    Parameters
    ----------
    readout : str
    bundles : sequence of str
        Names: the reference, then what is compared with it.
    change : array, shape (models,), or None
    spread : (float, float)
        Smallest and largest extreme among the models, of the last bundle.
    """
    row = readout_row(readout)
    unit = row["unit"]
    kind = "lowest point" if row["extreme"] == "min" else "peak"
    text = (
        f"{row['name']}, {bundles[-1]}: over all models the {kind} lies between "
        f"{number(spread[0])} and {quantity(spread[1], unit)}."
    )
    if change is None:
        return f"{text} Nothing to compare yet: choose a treatment or move a slider."
    higher, lower, same = tally(change, row["unit"].startswith("log10"))
    parts = [f"higher in {higher}", f"lower in {lower}"] + [f"the same in {same}"] * bool(same)
    return f"{text} Against {bundles[0]} it is {', '.join(parts)} of {len(change)} models."
