"""Pictures of the two routes of B cells: a race, the antibody made, a flow plot, harm and chance.

Results in, Matplotlib figure and words out. The panels of a picture stand side by side and can be
cut out one by one (`boxes`), so that a live figure flows on a narrow page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from cytolearn.figures import theme
from cytolearn.figures.picture import Picture
from cytolearn.figures.words import day as day_words
from cytolearn.physiology.tables import read_table
from cytolearn.wording import number

#: Size of a panel in inches and the margins inside it: left, bottom, right, top.
_CELL, _MARGINS = (3.05, 2.55), (0.52, 0.45, 0.14, 0.71)
_BLUE, _ORANGE, _BLACK, _GREEN = theme.CURVES[:4]
_DASHED = (0, (4, 2.5))

#: Share of infected people with measurable antibody, by day since symptom onset: about 10% on the
#: first day, half around day 12, 98 to 100% by day 22 (Borremans 2020, eLife, 516 people in 21
#: studies). Between these days we draw straight lines: an assumption.
POSITIVE = {0.0: 0.10, 12.0: 0.50, 22.0: 0.98}

#: Spread of a marker within one kind of cell, in powers of ten of brightness (assumed).
SPREAD = 0.42
MARKERS = ("igd", "cd27", "cxcr5", "cd11c")
MARKER_NAMES = dict(zip(MARKERS, ("IgD", "CD27", "CXCR5", "CD11c"), strict=True))
#: Extrafollicular activity (plasmablasts against normal) that gives half of the rise of DN2 cells.
_HALF_RISE = 20.0

#: People in the picture of a base rate: 100 rows of 100.
CROWD = 10_000


# ---------------------------------------------------------------- panels
def _panels(
    titles: Sequence[str], units: Sequence[str] = (), *, cell: tuple[float, float] = _CELL
) -> tuple[Picture, list]:
    """Return a picture with one panel a title, side by side, its unit at the right."""
    wide, tall = cell
    width = wide * len(titles)
    left, bottom, right, top = _MARGINS
    figure = Picture(figsize=(width, tall), dpi=100)
    axes = []
    for i, title in enumerate(titles):
        ax = figure.add_axes(
            (
                (i * wide + left) / width,
                bottom / tall,
                (wide - left - right) / width,
                (tall - bottom - top) / tall,
            )
        )
        figure.text((i * wide + 0.06) / width, 1 - 0.19 / tall, title, fontsize=10,
                    fontweight="bold", va="center")  # fmt: skip
        if units:
            figure.text(
                ((i + 1) * wide - right) / width,
                1 - 0.19 / tall,
                units[i],
                fontsize=8.5,
                color=theme.MUTED,
                va="center",
                ha="right",
            )
        ax.grid(axis="y", color=theme.GRID, linewidth=0.7)
        ax.tick_params(length=3)
        axes.append(ax)
    return figure, axes


def boxes(figure: Picture) -> list[tuple[float, float, float, float]]:
    """Return the view boxes (x, y, width, height), in points, of a picture's panels."""
    width, height = figure.get_size_inches() * 72
    one = width / len(figure.axes)
    return [(round(i * one, 2), 0.0, round(one, 2), height) for i in range(len(figure.axes))]


def _key(ax: Axes, entries: Sequence[tuple[str, str, object]]) -> None:
    """Name the curves of a panel between its title and its axes: name, colour, dash."""
    wide = ax.get_position().width * ax.figure.get_size_inches()[0]
    tall = ax.get_position().height * ax.figure.get_size_inches()[1]
    start, x, row = -0.45, -0.45, 0
    for name, color, dash in entries:
        need = 0.34 + 0.066 * len(name)
        if x + need > wide + 0.12 and x > start:
            x, row = start, row + 1
        y = 1 + (0.31 - 0.15 * row) / tall
        sample = {"color": color, "transform": ax.transAxes, "clip_on": False}
        if dash == "o":
            ax.plot([(x + 0.12) / wide], [y], "o", markersize=4.5, **sample)
        else:
            ax.plot([x / wide, (x + 0.24) / wide], [y, y], linestyle=dash, linewidth=2, **sample)
        ax.text((x + 0.29) / wide, y, name, transform=ax.transAxes, fontsize=8.6, va="center")
        x += need + 0.05


def _days(ax: Axes, low: float, high: float, step: float = 10) -> None:
    ax.set_xlim(low, high)
    ax.xaxis.set_major_locator(FixedLocator(np.arange(np.ceil(low / step) * step, high + 1, step)))
    ax.set_xlabel("days since symptom onset", labelpad=2)
    if low < 0:
        ax.axvline(0, color=theme.MUTED, linewidth=0.9, linestyle=":", zorder=1)


def _log(ax: Axes, low: float, high: float) -> None:
    ax.set_yscale("log")
    ax.set_ylim(low, high)
    ax.yaxis.set_major_locator(FixedLocator(10.0 ** np.arange(np.log10(low), np.log10(high) + 1)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, 2)))


def _line(ax: Axes, color: str, dash: object = "-", width: float = 2.2) -> Line2D:
    """Add a curve that will move."""
    (line,) = ax.plot([np.nan] * 2, [np.nan] * 2, color=color, linestyle=dash, linewidth=width,
                      zorder=3)  # fmt: skip
    return line


def _dots(ax: Axes, color: str, size: float) -> Line2D:
    """Add dots that will move."""
    (line,) = ax.plot([np.nan], [np.nan], "o", color=color, markersize=size, zorder=4,
                      markeredgewidth=0)  # fmt: skip
    return line


# ---------------------------------------------------------------- two clocks
def race(half: float, *, days: tuple[float, float] = (-5.0, 40.0)) -> tuple[Picture, list[Line2D]]:
    """Draw the frame of the race between virus, fast and slow antibody.

    Parameters
    ----------
    half : float
        Neutralising activity that halves infection, in AU.
    days : (float, float)
        Days since symptom onset that are shown.

    Returns
    -------
    (Picture, list of Line2D)
        Lines, in this order: virus with both routes, virus now; antibody of the extrafollicular
        route, of germinal centres, both; needle; needle and dot of the test.
    """
    with mpl.rc_context(theme.RC):
        figure, (virus, antibody, test) = _panels(
            ("Virus in the lung", "Neutralising antibody", "A test for antibody"),
            ("log₁₀ copies/mL", "AU", "positive of 100"),
        )
        _days(virus, *days)
        virus.set_ylim(0, 10)
        _key(virus, [("now", _BLUE, "-"), ("both routes on", theme.GHOST, _DASHED)])
        _days(antibody, *days)
        _log(antibody, 0.1, 1000)
        antibody.axhline(half, color=theme.INK, linewidth=0.9)
        antibody.text(days[1], half / 1.45, "halves infection", fontsize=8, va="top", ha="right")
        _key(antibody, [("fast", _ORANGE, "--"), ("germinal centre", _GREEN, ":"),
                        ("sum", _BLUE, "-")])  # fmt: skip
        _days(test, 0, 30)
        test.set_ylim(0, 100)
        x = np.linspace(0, 30, 61)
        test.plot(x, 100 * share_positive(x), color=_BLACK, linewidth=1.4)
        test.plot(list(POSITIVE), [100 * v for v in POSITIVE.values()], "o", color=_BLACK,
                  markersize=5)  # fmt: skip
        _key(test, [("published days", _BLACK, "o"), ("your test", _ORANGE, "o")])
        lines = [
            _line(virus, theme.GHOST, _DASHED, 1.5),
            _line(virus, _BLUE),
            _line(antibody, _ORANGE, "--"),
            _line(antibody, _GREEN, ":"),
            _line(antibody, _BLUE, "-", 1.6),
            _line(antibody, theme.INK, "-", 1.0),
            _line(test, theme.INK, "-", 1.0),
            _dots(test, _ORANGE, 9),
        ]
    return figure, lines


def share_positive(day: np.ndarray | float) -> np.ndarray:
    """Return the share (0 to 1) of infected people whose test is positive on a day since onset."""
    return np.interp(day, list(POSITIVE), list(POSITIVE.values()))


def first_day(days: np.ndarray, values: np.ndarray, limit: float) -> float:
    """Return the first day on which a curve is above a limit; NaN if it never is.

    Parameters
    ----------
    days, values : array, shape (days,)
    limit : float
        In the unit of `values`.
    """
    above = np.flatnonzero(np.asarray(values) > limit)
    return float(days[above[0]]) if above.size else float("nan")


def race_words(
    first: float, takeover: float, gone: float, back: float, peak: float, left: float
) -> str:
    """Say who wins the race.

    Parameters
    ----------
    first : float
        Day on which antibody first halves infection (NaN: never).
    takeover : float
        Day from which germinal centres do more of the neutralising than the fast route.
    gone : float
        Day on which the virus in the lung is no longer measurable (NaN: never).
    back : float
        Day on which it is measurable again (NaN: never).
    peak : float
        Peak of the virus in the lung, log10 copies/mL.
    left : float
        Plasmablasts of the fast route on the last day, against normal.
    """
    if peak < 0.01:
        return "There is no virus, so there is no race."
    parts = [
        "antibody never reaches the level that halves infection"
        if np.isnan(first)
        else f"antibody first halves infection on {day_words(first)}",
        "germinal-centre antibody never does the greater part of the work"
        if np.isnan(takeover)
        else f"germinal-centre antibody does the greater part from {day_words(takeover)}",
        f"virus in the lung peaks at {number(peak)} log₁₀ copies/mL"
        + (
            " and is still measurable on the last day"
            if np.isnan(gone)
            else f" and is gone by {day_words(gone)}"
            if np.isnan(back)
            else f", falls below the limit on {day_words(gone)} and is back by {day_words(back)}"
        ),
        f"on the last day plasmablasts of the fast route stand at {number(left, 2)} times normal",
    ]
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def serology_words(day: float, antibody: float, half: float) -> str:
    """Say what a test for antibody on one day tells."""
    of_100 = round(100 * float(share_positive(day)))
    return (
        f"A test on {day_words(day)}: of 100 infected people about {of_100} are positive and "
        f"{100 - of_100} still negative. Your patient has {number(antibody)} AU, "
        f"{'above' if antibody > half else 'below'} the level that halves infection."
    )


# ---------------------------------------------------------------- the antibody made
def antibody_made(
    people: Sequence[str], *, last: float = 120.0, top: float = 40.0
) -> tuple[Picture, list[Line2D]]:
    """Draw the frame of what kind of antibody is made.

    Parameters
    ----------
    people : sequence of str
        Names of two people to compare with: the reference and the one with lupus.
    last : float
        Last day that is shown, since symptom onset.
    top : float
        Upper end of the axis of the self-reactive share, in per cent.

    Returns
    -------
    (Picture, list of Line2D)
        Lines: power of fast, of germinal-centre antibody, of the mixture; self-reactive antibody
        of the reference, of lupus, of the patient; speed against tolerance, the patient on it.
    """
    with mpl.rc_context(theme.RC):
        figure, (power, own, price) = _panels(
            ("Power of one unit", "Self-reactive antibody", "The price of speed"),
            ("AU per unit", "AU", "% self-reactive"),
        )
        _days(power, 0, 40)
        power.set_ylim(0, 10)
        _key(power, [("fast", _ORANGE, "--"), ("germinal centre", _GREEN, ":"),
                     ("mixture", _BLUE, "-")])  # fmt: skip
        _days(own, -5, last, 40)
        _log(own, 0.1, 10_000)
        _key(own, [("your patient", _BLUE, "-"), (people[0], theme.GHOST, _DASHED),
                   (people[1], _ORANGE, "-.")])  # fmt: skip
        price.set_xlim(0, 25)
        price.set_ylim(0, top)
        price.set_xlabel("day on which antibody halves infection", labelpad=2)
        _key(price, [("every bias 0 to 8", theme.GHOST, "-"), ("your patient", _BLUE, "o")])
        lines = [
            _line(power, _ORANGE, "--"),
            _line(power, _GREEN, ":"),
            _line(power, _BLUE, "-", 1.6),
            _line(own, theme.GHOST, _DASHED, 1.6),
            _line(own, _ORANGE, "-."),
            _line(own, _BLUE),
            _line(price, theme.GHOST, "-", 1.6),
            _dots(price, _BLUE, 9),
        ]
    return figure, lines


# ---------------------------------------------------------------- flow cytometry
def populations() -> tuple[Mapping[str, str], ...]:
    """Return the kinds of B cells in blood (rows of ``bcells.csv``).

    ``share`` is in per cent at rest, without plasmablasts; ``ef_rise`` says how much a full
    extrafollicular response adds to it (1: doubles it); markers are mean brightness in powers of
    ten.
    """
    return read_table(__package__, "bcells.csv")


def shares(activity: float) -> dict[str, float]:
    """Return the share of every kind of B cell; together they make 1.

    Parameters
    ----------
    activity : float
        Extrafollicular activity: plasmablasts in blood, against normal.
    """
    drive = max(activity - 1, 0.0)
    rise = drive / (drive + _HALF_RISE)
    raw = {
        row["population"]: float(row["share"]) * (1 + float(row["ef_rise"]) * rise)
        for row in populations()
    }
    return {name: share / sum(raw.values()) for name, share in raw.items()}


def sample_cells(
    mixture: Mapping[str, float], n: int = 3000, seed: int = 4
) -> tuple[np.ndarray, np.ndarray]:
    """Sample cells from a mixture.

    Returns
    -------
    (ndarray of float, shape (n, 4); ndarray of str, shape (n,))
        Brightness of IgD, CD27, CXCR5 and CD11c in powers of ten, and what each cell truly is.
    """
    random = np.random.default_rng(seed)
    names = np.array(list(mixture))
    edges = np.cumsum(list(mixture.values()))
    # The same random numbers for every mixture: cells change kind one by one as it changes.
    kind = names[np.searchsorted(edges, random.uniform(0, edges[-1], n)).clip(max=len(names) - 1)]
    centre = {r["population"]: [float(r[m]) for m in MARKERS] for r in populations()}
    means = np.array([centre[k] for k in kind])
    return means + SPREAD * random.standard_normal((n, len(MARKERS))), kind


def gate(cells: np.ndarray, limits: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Return which cells are double negative, and which of these pass as DN2.

    Parameters
    ----------
    cells : ndarray, shape (n, 4)
    limits : mapping
        Brightness that divides negative from positive, one a marker.
    """
    igd, cd27, cxcr5, cd11c = (cells[:, i] for i in range(4))
    double = (igd < limits["igd"]) & (cd27 < limits["cd27"])
    return double, double & (cxcr5 < limits["cxcr5"]) & (cd11c > limits["cd11c"])


def flow_plot() -> tuple[Picture, list[Line2D]]:
    """Draw the frame of two flow-cytometry plots.

    Returns
    -------
    (Picture, list of Line2D)
        Left: cells outside, cells inside, two borders. Right: double-negative cells outside,
        inside, the true DN2 cells, two borders.
    """
    with mpl.rc_context(theme.RC):
        figure, (left, right) = _panels(
            ("Step 1: all B cells", "Step 2: those inside step 1"),
            cell=(3.2, 3.1),
        )
        for ax, (x, y) in ((left, ("igd", "cd27")), (right, ("cxcr5", "cd11c"))):
            ax.set_xlim(0, 5.5)
            ax.set_ylim(0, 5.8)
            ax.set_xlabel(f"{MARKER_NAMES[x]}, brightness (powers of ten)", labelpad=2)
            ax.set_ylabel(f"{MARKER_NAMES[y]}, brightness", labelpad=1)
            ax.grid(False)
        _key(left, [("outside", theme.GHOST, "o"), ("IgD- CD27-: to step 2", _BLUE, "o")])
        _key(right, [("outside", theme.GHOST, "o"), ("your gate", _BLUE, "o"),
                     ("truly DN2", _ORANGE, "o")])  # fmt: skip
        lines = [
            _dots(left, theme.GHOST, 1.8),
            _dots(left, _BLUE, 2.4),
            _line(left, theme.INK, "-", 1.3),
            _line(left, theme.INK, "-", 1.3),
            _dots(right, _ORANGE, 6.5),
            _dots(right, theme.GHOST, 3),
            _dots(right, _BLUE, 3.4),
            _line(right, theme.INK, "-", 1.3),
            _line(right, theme.INK, "-", 1.3),
        ]
    return figure, lines


# ---------------------------------------------------------------- downstream
def consequences(top: Mapping[str, float]) -> tuple[Picture, list[Line2D]]:
    """Draw the frame of what antibody sets off: complexes, clotting, lung.

    Parameters
    ----------
    top : mapping
        Upper end of the axis of each panel, by readout.

    Returns
    -------
    (Picture, list of Line2D)
        For each panel the usual antibody (dashed grey), then the antibody as set.
    """
    panels = {
        "immune_complexes": ("Immune complexes", "AU"),
        "d_dimer": ("Clotting: D-dimer", "µg/mL FEU"),
        "lesion": ("Lung lesion", "% of lung"),
    }
    with mpl.rc_context(theme.RC):
        figure, axes = _panels(*zip(*panels.values(), strict=True))
        lines = []
        for ax, name in zip(axes, panels, strict=True):
            _days(ax, -5, 40)
            ax.set_ylim(0, top[name])
            _key(ax, [("antibody as set", _BLUE, "-"), ("usual antibody", theme.GHOST, _DASHED)])
            lines += [_line(ax, theme.GHOST, _DASHED, 1.6), _line(ax, _BLUE)]
    return figure, lines


def scatter(
    title: str,
    xlabel: str, ylabel: str, xlim: tuple[float, float], ylim: tuple[float, float],
    key: Sequence[tuple[str, str]] = (), *, log: bool = False,
) -> tuple[Picture, list[Line2D]]:  # fmt: skip
    """Draw the frame of a scatter plot: one set of dots for each (name, colour) of the key."""
    with mpl.rc_context(theme.RC):
        figure, (ax,) = _panels((title,), cell=(5.2, 3.2))
        ax.set_xlim(*xlim)
        ax.set_ylim(*ylim)
        ax.set_xlabel(xlabel, labelpad=2)
        ax.set_ylabel(ylabel, labelpad=1)
        if log:
            ax.set_xscale("log")
            ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, 2)))
            ax.xaxis.set_minor_locator(NullLocator())
        _key(ax, [(name, color, "o") for name, color in key])
        lines = [_dots(ax, color, 6) for _, color in key]
    return figure, lines


def crowd(key: Sequence[tuple[str, str]]) -> tuple[Picture, list[Line2D]]:
    """Draw the frame of ten thousand people, a hundred a row; the key names the coloured ones."""
    with mpl.rc_context(theme.RC):
        figure, (ax,) = _panels((f"Of {CROWD:,} people",), cell=(4.4, 4.4))
        ax.set_xlim(-1, 100)
        ax.set_ylim(100, -1)
        ax.set_axis_off()
        ax.add_patch(Rectangle((-0.8, -0.8), 100.6, 100.6, facecolor=theme.BAND, linewidth=0))
        _key(ax, [(name, color, "o") for name, color in key])
        lines = [_dots(ax, color, 2.6) for _, color in key]
    return figure, lines


def places(counts: Sequence[int], seed: int = 7) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the places in the crowd of several groups of people, scattered and not overlapping."""
    order = np.random.default_rng(seed).permutation(CROWD)
    found, start = [], 0
    for count in counts:
        chosen = order[start : start + count]
        found.append(((chosen % 100).astype(float), (chosen // 100).astype(float)))
        start += count
    return found
