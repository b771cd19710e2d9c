"""Pictures of decisions: when to start a drug, and what one blood sample can tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from cytolearn.figures import theme
from cytolearn.figures.panels import draw_panel, readout_row
from cytolearn.figures.picture import Picture
from cytolearn.figures.words import day as day_words
from cytolearn.figures.words import difference
from cytolearn.wording import in_sentence, listing, number, quantity, unit_words

_SIZE, _AXES = (6.6, 3.4), (0.12, 0.19, 0.57, 0.68)
#: A change below this is called no change, in per cent.
NO_CHANGE = 5.0


def start_day_window(
    days: np.ndarray,
    changes: Mapping[str, np.ndarray],
    *,
    outcome: str = "lung lesion, whole illness",
    before: Mapping[str, np.ndarray] | None = None,
    limits: tuple[float, float] = (-100.0, 60.0),
) -> tuple[Picture, list[Line2D]]:
    """Draw what a treatment changes, against the day on which it starts.

    Parameters
    ----------
    days : array, shape (days,)
        Start days since symptom onset.
    changes : mapping of str to array, shape (days,)
        Change of the outcome against no treatment in per cent, one curve a treatment; NaN where
        not yet known.
    outcome : str
        What changes, in words.
    before : mapping, optional
        Curves of an earlier patient, drawn in grey.
    limits : (float, float)
        Least range of the y axis, in per cent; grows if a curve leaves it.

    Returns
    -------
    (Picture, list of Line2D)
        The lines, in the order of `changes`, can be moved in a live figure.
    """
    known = [c[np.isfinite(c)] for c in (*changes.values(), *(before or {}).values())]
    low = min([limits[0], *(c.min() * 1.05 for c in known if c.size)])
    high = max([limits[1], *(c.max() * 1.05 for c in known if c.size)])
    with mpl.rc_context(theme.RC):
        figure = Picture(figsize=_SIZE, dpi=100, twin=window_words(days, changes, outcome=outcome))
        ax = figure.add_axes(_AXES)
        ax.set_title(f"Change of {outcome}, against no treatment", loc="left", fontweight="bold")
        ax.set_xlim(days[0], days[-1])
        ax.set_ylim(low, high)
        ax.axhspan(low, 0, color=theme.BENEFIT, linewidth=0, zorder=0)
        ax.axhspan(0, high, color=theme.HARM, linewidth=0, zorder=0)
        ax.axhline(0, color=theme.INK, linewidth=1, zorder=1)
        ax.axvline(0, color=theme.MUTED, linewidth=0.9, linestyle=":", zorder=1)
        ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:+.0f}%" if v else "0"))
        ax.set_xlabel("start of treatment, days since symptom onset")
        side = 1.03
        small = {"transform": ax.transAxes, "fontsize": 8.5}
        ax.text(side, 0.02, "▼ benefit: less lesion", va="bottom", **small)
        ax.text(side, 0.98, "▲ harm: more lesion", va="top", **small)
        lines = []
        for i, ((name, values), (color, dash)) in enumerate(
            zip(changes.items(), theme.styles(len(changes)), strict=True)
        ):
            if before and name in before:
                ax.plot(days, before[name], color=theme.GHOST, linestyle=dash, linewidth=1.3)
            lines += ax.plot(days, values, color=color, linestyle=dash, linewidth=2.2, zorder=3)
            y = 0.68 - 0.12 * i
            ax.plot([side, side + 0.06], [y, y], transform=ax.transAxes, clip_on=False,
                    color=color, linestyle=dash, linewidth=2.2)  # fmt: skip
            ax.text(side + 0.075, y, name, transform=ax.transAxes, fontsize=8.5, va="center")
        if before:
            y = 0.68 - 0.12 * len(changes)
            ax.text(side, y, "grey: the window before", transform=ax.transAxes, fontsize=8.5,
                    color=theme.MUTED, va="center")  # fmt: skip
        figure.text(0.008, 0.015, theme.FOOTER, fontsize=7.5, color=theme.MUTED)
    return figure, lines


def window_words(
    days: np.ndarray, changes: Mapping[str, np.ndarray], *, outcome: str = "lung lesion"
) -> str:
    """Say when a treatment helps and when it harms."""
    sentences = []
    for name, change in changes.items():
        known = np.isfinite(change)
        if not known.any():
            continue
        d, c = days[known], change[known]
        best, worst = int(np.argmin(c)), int(np.argmax(c))
        if np.abs(c).max() < NO_CHANGE:
            sentences.append(
                f"{name}: no start day changes the {outcome} by {NO_CHANGE:g}% or more."
            )
            continue
        parts = []
        if c[best] <= -NO_CHANGE:
            parts.append(
                f"it helps if started on {_stretches(d, c <= -NO_CHANGE)} "
                f"(best on {day_words(d[best])}: {number(-c[best], 2)}% less)"
            )
        else:
            parts.append(f"no start day cuts it by {NO_CHANGE:g}% or more")
        if c[worst] >= NO_CHANGE:
            parts.append(
                f"it harms if started on {_stretches(d, c >= NO_CHANGE)} "
                f"(worst on {day_words(d[worst])}: {number(c[worst], 2)}% more)"
            )
        else:
            parts.append(f"no start day makes it worse by {NO_CHANGE:g}% or more")
        sentences.append(f"{name}: {'; '.join(parts)}.")
    return " ".join(sentences) or "Not computed yet."


def _stretches(days: np.ndarray, where: np.ndarray) -> str:
    """Write the days where a condition holds as stretches: "day -4 to 2 and day 9"."""
    out = []
    for piece in np.split(np.arange(len(days)), np.flatnonzero(np.diff(where)) + 1):
        if where[piece[0]]:
            first, last = days[piece[0]], days[piece[-1]]
            out.append(day_words(first) + ("" if first == last else f" to {number(last)}"))
    return listing(out)


def blood_sample(
    days: np.ndarray, curves: Mapping[str, np.ndarray], readout: str, *, log: bool = True
) -> tuple[Picture, list[Line2D], Axes]:
    """Draw one readout of two patients and the needle: a day on which blood is drawn.

    Returns
    -------
    (Picture, list of Line2D, Axes)
        Lines: one curve a patient, one dot a patient, then the needle.
    """
    with mpl.rc_context(theme.RC):
        figure = Picture(figsize=_SIZE, dpi=100)
        ax = figure.add_axes(_AXES)
        draw_panel(ax, readout, log=log, data=list(curves.values()))
        ax.set_title(f"{readout_row(readout)['name']} ({unit_words(readout_row(readout)['unit'])})",
                     loc="left", fontweight="bold", x=0)  # fmt: skip
        ax.set_title("", loc="right")
        lines, dots = [], []
        for i, ((name, values), (color, dash)) in enumerate(
            zip(curves.items(), ((theme.GHOST, "--"), (theme.CURVES[0], "-")), strict=True)
        ):
            lines += ax.plot(days, values, color=color, linestyle=dash, linewidth=2, zorder=3)
            dots += ax.plot([np.nan], [np.nan], "o", color=color, markersize=9, zorder=5)
            y = 0.9 - 0.12 * i
            ax.plot([1.03, 1.09], [y, y], transform=ax.transAxes, clip_on=False,
                    color=color, linestyle=dash, linewidth=2)  # fmt: skip
            ax.text(1.105, y, name, transform=ax.transAxes, fontsize=8.5, va="center")
        needle = ax.plot([np.nan] * 2, [np.nan] * 2, color=theme.INK, linewidth=1.2, zorder=2)
        figure.text(0.008, 0.015, theme.FOOTER, fontsize=7.5, color=theme.MUTED)
    return figure, lines + dots + needle, ax


def sample_words(
    day: float,
    values: Mapping[str, float],
    readout: str,
    counts: tuple[int, int, int] | None = None,
) -> str:
    """Say what one sample shows, and on how many days the conclusion would be another.

    Parameters
    ----------
    day : float
    values : mapping of str to float
        Two patients: the first is the reference.
    readout : str
    counts : (int, int, int), optional
        On how many whole days the second has more, less, about the same.
    """
    row = readout_row(readout)
    (first, a), (second, b) = values.items()
    said = difference(b, a, row["unit"])
    text = f"Blood drawn on {day_words(day)}: "
    text += f"{first} {number(a)}, {second} {quantity(b, row['unit'])}. "
    more = "has about as much" if said == "the same" else ("has more" if b > a else "has less")
    text += f"On this day {second} {more} {in_sentence(row['name'])} than {first}."
    if counts is not None:
        text += (
            f" Over the {sum(counts)} days shown, one sample would say 'more' on {counts[0]} days, "
            f"'less' on {counts[1]} and 'the same' on {counts[2]}."
        )
    return text


def area_change(days: np.ndarray, treated: np.ndarray, untreated: np.ndarray) -> float:
    """Return by how many per cent the area under a curve differs from that of no treatment.

    Parameters
    ----------
    days, treated, untreated : array, shape (days,)

    Returns
    -------
    float
        NaN where there is no area without treatment.
    """
    area = float(np.trapezoid(untreated, days))
    return 100 * (float(np.trapezoid(treated, days)) / area - 1) if area > 0 else float("nan")


def peak_change(treated: Sequence[float], untreated: Sequence[float]) -> float:
    """Return by how many per cent the peak differs from that of no treatment.

    Parameters
    ----------
    treated, untreated : sequence of float
        Curves over the same days.

    Returns
    -------
    float
        NaN where there is no peak without treatment.
    """
    peak = float(np.max(untreated))
    return 100 * (float(np.max(treated)) / peak - 1) if peak > 0 else float("nan")
