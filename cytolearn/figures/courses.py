"""Courses over time: one panel a readout, the courses laid over each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import blended_transform_factory

from cytolearn.figures import theme
from cytolearn.figures.panels import DAYS, draw_panel, panel_grid, readout_row
from cytolearn.figures.picture import Picture
from cytolearn.figures.words import describe

#: Shown when nobody says which readouts to draw.
DEFAULT_READOUTS = ("viral_load", "viral_load_lung", "ifn", "il6", "alc", "pf_ratio")
_LABEL_WIDTH = 18  # characters; longer labels are broken


def plot_courses(
    courses: Iterable[Any],
    readouts: Sequence[str] = DEFAULT_READOUTS,
    *,
    labels: Sequence[str] = (),
    normal_range: bool = True,
    log: bool = True,
) -> Picture:
    """Draw courses over each other, one panel a readout.

    Parameters
    ----------
    courses : iterable of Course
        Anything with a ``label``, a ``frame`` (columns: readouts, index: days since symptom onset)
        and, optionally, ``treatments`` with ``label`` and ``day``. At most seven.
    readouts : sequence of str
        Symbols of observables; none for the main six.
    labels : sequence of str, optional
        Names of the courses where their own would not do.
    normal_range : bool
        Shade the healthy adult's range.
    log : bool
        Draw readouts of scale ``log`` on a log axis.

    Returns
    -------
    Picture
        A matplotlib figure; its text twin is in ``.twin``.

    Raises
    ------
    ValueError
        No course, more than seven, or an unknown readout.
    """
    courses = list(courses)
    if not courses:
        raise ValueError("There is no course to plot.")
    if len(courses) > len(theme.CURVES):
        raise ValueError(
            f"At most {len(theme.CURVES)} courses can be told apart in one picture; "
            f"you gave {len(courses)}."
        )
    readouts = list(readouts) or list(DEFAULT_READOUTS)
    for name in readouts:
        readout_row(name)
    several = len(courses) > 1
    labels = _unique(list(labels) or [str(c.label or "patient") for c in courses])
    if len(labels) != len(courses):
        raise ValueError(f"There are {len(courses)} courses, but {len(labels)} labels.")
    frames = [course.frame for course in courses]
    days = [np.asarray(frame.index, float) for frame in frames]
    span = (min(DAYS[0], *(d[0] for d in days), DAYS[0]), max(d[-1] for d in days))
    with mpl.rc_context(theme.RC):
        figure = Picture(dpi=100, twin=_twin(courses, labels, readouts))
        columns = len(readouts) if len(readouts) < 3 else (2 if len(readouts) == 4 else 3)
        longest = max(len(line) for label in labels for line in _wrap(label))
        right = 0.2 + 0.062 * longest if several else 0.0
        axes = panel_grid(figure, len(readouts), columns, bottom=0.22, right=right)
        for ax, name in zip(axes, readouts, strict=True):
            data = [frame[name].to_numpy(float) for frame in frames]
            draw_panel(ax, name, log=log, data=data, normal_range=normal_range, days=span)
            lines = [
                ax.plot(d, y, color=color, linestyle=dash, zorder=3)[0]
                for d, y, (color, dash) in zip(days, data, theme.styles(len(data)), strict=True)
            ]
            if several:
                label_ends(ax, lines, labels)
            _mark_treatments(ax, courses)
        footer(figure)
    return figure


def six_panel(
    readouts: Sequence[str],
    *,
    log: bool = True,
    columns: int = 3,
    data: dict[str, Sequence[np.ndarray]] | None = None,
    days: tuple[float, float] = DAYS,
    twin: str = "",
) -> tuple[Picture, list[Axes]]:
    """Draw the frame of an explorer: panels with fixed limits and no curves yet.

    Parameters
    ----------
    readouts : sequence of str
        One panel each; six in a lesson's explorer.
    log : bool
        Draw readouts of scale ``log`` on a log axis.
    columns : int
    data : dict of readout to arrays, optional
        Curves that must fit; limits stay fixed unless these leave them.
    days : (float, float)
        First and last day of the axes, since symptom onset.
    twin : str
        Text twin of the picture.

    Returns
    -------
    (Picture, list of Axes)
    """
    data = data or {}
    with mpl.rc_context(theme.RC):
        figure = Picture(dpi=100, twin=twin)
        axes = panel_grid(figure, len(readouts), columns, bottom=0.5)
        for ax, name in zip(axes, readouts, strict=True):
            draw_panel(ax, name, log=log, data=data.get(name, ()), days=days)
        footer(figure)
    return figure, axes


def legend(figure: Picture, entries: Sequence[tuple[str, str, Any, float]]) -> None:
    """Write a legend in one row above the footer: (name, colour, line style, width) an entry.

    It takes the place of the legend that was there.
    """
    for old in list(figure.legends):
        old.remove()
    handles = [
        Line2D([], [], color=color, linestyle=dash, linewidth=width, label=name)
        for name, color, dash, width in entries
    ]
    with mpl.rc_context(theme.RC):
        figure.legend(
            handles=handles, loc="lower left", ncols=len(handles), frameon=False, fontsize=8,
            bbox_to_anchor=(0, 0.2 / figure.get_figheight()), handlelength=2.6, columnspacing=1.6,
        )  # fmt: skip


def footer(figure: Picture) -> None:
    """Write at the foot of a picture what it is not for."""
    height = figure.get_figheight()
    figure.text(0.008, 0.06 / height, theme.FOOTER, fontsize=7.5, color=theme.MUTED, va="bottom")


def label_ends(ax: Axes, lines: Sequence[Line2D], labels: Sequence[str]) -> None:
    """Write each curve's label to the right of its end, moved apart where ends are close.

    Labels stand in the margin outside the axes, where no curve goes; a thin leader joins a label to
    the end of its curve.
    """
    texts = ["\n".join(_wrap(label)) for label in labels]
    size = 8.0
    line_height = size * 1.28 / 72 * ax.figure.dpi  # pixels
    heights = np.array([line_height * (text.count("\n") + 1) for text in texts])
    box = ax.get_window_extent()
    ends = np.array(
        [ax.transData.transform((line.get_xdata()[-1], line.get_ydata()[-1]))[1] for line in lines]
    )
    ends = np.clip(np.nan_to_num(ends, nan=box.y0), box.y0, box.y1)
    centres = spread(ends, heights, box.y0 - 0.1 * box.height, box.y1)
    where = blended_transform_factory(ax.transAxes, ax.transAxes)
    for line, text, end, centre in zip(lines, texts, ends, centres, strict=True):
        y0, y1 = ((v - box.y0) / box.height for v in (end, centre))
        ax.plot(
            [1.005, 1.045], [y0, y1], transform=where, clip_on=False,
            color=line.get_color(), linewidth=0.8, label="_leader",
        )  # fmt: skip
        ax.text(
            1.06, y1, text, transform=where, color=line.get_color(), fontsize=size,
            va="center", ha="left", linespacing=1.15,
        )  # fmt: skip


def spread(wanted: np.ndarray, heights: np.ndarray, low: float, high: float) -> np.ndarray:
    """Move intervals of the given heights apart, each as near to its wanted centre as order allows.

    Parameters
    ----------
    wanted, heights : arrays, shape (n,)
    low, high : float
        Where the intervals should stay; given up only if they do not fit at all.

    Returns
    -------
    array, shape (n,)
        Centres, in the order given; no two intervals overlap.
    """
    order = np.argsort(wanted, kind="stable")
    centres, h = np.asarray(wanted, float)[order], np.asarray(heights, float)[order]
    for i in range(len(centres)):
        floor = low + h[i] / 2 if i == 0 else centres[i - 1] + (h[i - 1] + h[i]) / 2
        centres[i] = max(centres[i], floor)
    for i in reversed(range(len(centres))):
        roof = high - h[i] / 2 if i == len(h) - 1 else centres[i + 1] - (h[i] + h[i + 1]) / 2
        centres[i] = min(centres[i], roof)
    result = np.empty_like(centres)
    result[order] = centres
    return result


def _mark_treatments(ax: Axes, courses: Sequence[Any]) -> None:
    """Mark the first day of each treatment with a triangle in its course's colour."""
    for course, (color, _) in zip(courses, theme.styles(len(courses)), strict=True):
        for treatment in getattr(course, "treatments", ()) or ():
            ax.plot(
                [float(treatment.day)], [1.0], marker="v", markersize=6, linestyle="none",
                color=color, clip_on=False, zorder=5, label="_treatment",
                transform=ax.get_xaxis_transform(),
            )  # fmt: skip


def _twin(courses: Sequence[Any], labels: Sequence[str], readouts: Sequence[str]) -> str:
    days = np.asarray(courses[0].frame.index, float)
    curves = {}
    for label, course in zip(labels, courses, strict=True):
        # The words compare curves day by day only through their extremes, so each may have its own
        # days; interpolation keeps one day axis.
        own = np.asarray(course.frame.index, float)
        curves[label] = {n: np.interp(days, own, course.frame[n].to_numpy(float)) for n in readouts}
    lines = [describe(curves, days, readouts)]
    for label, course in zip(labels, courses, strict=True):
        for treatment in getattr(course, "treatments", ()) or ():
            lines.append(f"{label} is given {treatment.label}.")
    return "\n".join(lines)


def _unique(labels: Sequence[str]) -> list[str]:
    """Number labels that occur twice, so that legend and words stay clear."""
    seen: dict[str, int] = {}
    out = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        out.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return out


def _wrap(label: str) -> list[str]:
    import textwrap

    return textwrap.wrap(label, _LABEL_WIDTH) or [""]
