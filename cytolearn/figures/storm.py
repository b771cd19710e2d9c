"""Pictures of the storm: phase plane, tipping line, network, agreement of definitions, scale."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from functools import cache

import matplotlib as mpl
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator

from cytolearn.figures import theme
from cytolearn.figures.picture import Picture
from cytolearn.figures.words import day as day_words
from cytolearn.physiology.tables import read_table
from cytolearn.wording import listing, number, percent

#: Axes of the phase plane: symbol of a state, words, unit, lowest and highest value drawn.
AXES = {
    "il1b_tissue": ("IL-1 beta in the tissue", "pg/mL", 0.02, 100.0),
    "macrophages": ("inflammatory macrophages", "1 = severe", 0.01, 3.0),
    "il6": ("IL-6 in the blood", "pg/mL", 1.5, 3000.0),
}
_STILL = {"il1b_tissue": "IL-1 stands still", "macrophages": "macrophages stand still",
          "il6": "IL-6 stands still"}  # fmt: skip
_SIZE = (6.6, 3.6)
#: The limits that the tipping map draws, in the readouts' own units: the clinic's.
VENTILATOR = next(
    float(row["pf_below"])
    for row in read_table("cytolearn.clinic", "support.csv")
    if row["name"] == "mechanical ventilation"
)
MAS, DYSREGULATION = (
    float(row["threshold"])
    for row in read_table("cytolearn.clinic", "rules.csv")
    if row["rule_set"] == "immune_class"
)
_PF, _FERRITIN_LIMIT, _HLA_DR_LIMIT = (number(v, 4) for v in (VENTILATOR, MAS, DYSREGULATION))


# ---- phase plane -----------------------------------------------------------------------------


def plane_points(symbol: str, n: int) -> np.ndarray:
    """Return `n` values of a state, even on the plane's logarithmic axis."""
    _, _, low, high = AXES[symbol]
    return np.geomspace(low, high, n)


def phase_plane(x: str, y: str, names: Sequence[str]) -> tuple[Picture, list[Line2D]]:
    """Draw the empty plane of two states.

    Parameters
    ----------
    x, y : str
        Symbols, from `AXES`.
    names : (str, str)
        Reference patient and patient on show, for the legend.

    Returns
    -------
    (Picture, list of Line2D)
        Lines that move: flow, where x stands still, where y stands still, course of the
        reference, course of the patient, reference on the day, patient on the day.
    """
    look = (
        ("-", 0.9, theme.MUTED, "where this day pushes"),
        ((0, (8, 2)), 1.8, theme.CURVES[1], _STILL[x]),
        ("-.", 1.8, theme.CURVES[3], _STILL[y]),
        ("--", 1.4, theme.GHOST, names[0]),
        ("-", 2.3, theme.CURVES[0], names[1]),
    )
    with mpl.rc_context(theme.RC):
        figure = Picture(figsize=_SIZE, dpi=100)
        ax = figure.add_axes((0.11, 0.17, 0.52, 0.77))
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xlim(*AXES[x][2:])
        ax.set_ylim(*AXES[y][2:])
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda v, _: number(v, 2)))
            axis.set_minor_locator(NullLocator())
        ax.set_xlabel(f"{AXES[x][0]} ({AXES[x][1]})")
        ax.set_ylabel(f"{AXES[y][0]} ({AXES[y][1]})")
        lines: list[Line2D] = []
        for i, (dash, width, color, words) in enumerate(look):
            lines += ax.plot([np.nan], [np.nan], linestyle=dash, linewidth=width, color=color)
            level = 0.97 - 0.085 * i
            ax.plot([1.03, 1.1], [level] * 2, transform=ax.transAxes, clip_on=False,
                    linestyle=dash, linewidth=width, color=color)  # fmt: skip
            ax.text(1.12, level, words, transform=ax.transAxes, fontsize=8, va="center")
        for color in (theme.GHOST, theme.CURVES[0]):
            lines += ax.plot([np.nan], [np.nan], "o", color=color, markersize=9)
        ax.text(1.03, 0.97 - 0.085 * 5, "dots: the chosen day", transform=ax.transAxes, fontsize=8)
        figure.text(0.008, 0.015, theme.FOOTER, fontsize=7.5, color=theme.MUTED)
    return figure, lines


def arrows(x: str, y: str, change: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return one broken line that draws a small arrow at each point of a grid.

    Parameters
    ----------
    x, y : str
        Symbols, from `AXES`.
    change : (array, array), each of shape (points of y, points of x)
        Change a day of x and y on the grid of `plane_points`.
    """
    rows, columns = change[0].shape
    spans = [np.log(AXES[s][3] / AXES[s][2]) for s in (x, y)]
    wide, high = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    push = np.stack(
        [
            change[0] / plane_points(x, columns)[None, :] / spans[0],
            change[1] / plane_points(y, rows)[:, None] / spans[1],
        ]
    )
    speed = np.hypot(*push)
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = np.where(speed > 0, push / speed, 0.0)
    length = 0.055 * np.clip(speed / 0.25, 0.25, 1.0)
    start = np.stack([wide, high])
    tip = start + unit * length
    side = np.stack([-unit[1], unit[0]]) * 0.014
    back = tip - unit * 0.022
    gap = np.full_like(start, np.nan)
    path = np.stack([start, tip, back + side, tip, back - side, gap])  # (6, 2, rows, columns)
    u, v = np.moveaxis(path, 0, -1).reshape(2, -1)
    return (
        AXES[x][2] * (AXES[x][3] / AXES[x][2]) ** u,
        AXES[y][2] * (AXES[y][3] / AXES[y][2]) ** v,
    )


def level_line(
    x: np.ndarray, y: np.ndarray, values: np.ndarray, level: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return where `values` (len(y), len(x)) cross a level, as one line with gaps.

    Parameters
    ----------
    x : array, shape (columns,)
    y : array, shape (rows,)
    values : array, shape (rows, columns)
    level : float

    Returns
    -------
    (array, array)
        x and y of the line; NaN between its pieces, or alone where it never crosses.
    """
    from contourpy import contour_generator

    pieces = contour_generator(x, y, values).lines(level)
    if not pieces:
        return np.array([np.nan]), np.array([np.nan])
    joined = np.concatenate([np.vstack([piece, [np.nan, np.nan]]) for piece in pieces])
    return joined[:, 0], joined[:, 1]


def plane_words(
    x: str, y: str, day: float, points: Mapping[str, tuple[float, float]], push: float
) -> str:
    """Say where patients stand on a day, and where the day pushes the last of them.

    Parameters
    ----------
    x, y : str
    day : float
    points : mapping of name to (x, y)
    push : float
        Change of x a day, at the point of the last patient.
    """
    told = [
        f"{name}: {AXES[x][0]} {number(a, 2)} {AXES[x][1]}, {AXES[y][0]} {number(b, 2)}"
        + (f" {AXES[y][1]}" if AXES[y][1] == "pg/mL" else " (1 is severe)")
        for name, (a, b) in points.items()
    ]
    steady = abs(push) < 0.05 * max(list(points.values())[-1][0], 1e-9)
    way = "hardly moves" if steady else ("is rising" if push > 0 else "is falling")
    return f"On {day_words(day)}. {'; '.join(told)}. {AXES[x][0][:4]} {way} on this day."


# ---- tipping map -----------------------------------------------------------------------------


def tipping_map(
    gains: tuple[np.ndarray, np.ndarray],
    worst: Mapping[str, np.ndarray],
    *,
    whose: str,
) -> tuple[Picture, list[Line2D]]:
    """Draw how an illness ends over a grid of two gains, and the lines where it tips.

    Parameters
    ----------
    gains : (array, array)
        Inflammasome gain (x) and IL-6 gain (y), times normal.
    worst : mapping of str to array, shape (len(y), len(x))
        Lowest ``pf_ratio`` and ``hla_dr``, highest ``ferritin``; empty before it is computed.
    whose : str
        Whose other controls, in words.

    Returns
    -------
    (Picture, list of Line2D)
        The patient's dot, which moves.
    """
    limits = (
        ("pf_ratio", VENTILATOR, "-", theme.INK, f"tipping line: P/F {_PF},\nneeds a ventilator"),
        ("ferritin", MAS, "--", theme.CURVES[1], f"ferritin {_FERRITIN_LIMIT} ng/mL"),
        ("hla_dr", DYSREGULATION, "-.", theme.CURVES[0], f"HLA-DR {_HLA_DR_LIMIT} a monocyte"),
    )
    with mpl.rc_context(theme.RC):
        figure = Picture(figsize=_SIZE, dpi=100, twin=map_words(gains, worst))
        ax = figure.add_axes((0.1, 0.17, 0.53, 0.72))
        ax.set_title(", ".join(filter(None, ["Worst day", whose])), loc="left", fontweight="bold")
        ax.set_xlim(0, 10)
        ax.set_ylim(0, 10)
        ax.set_xlabel("inflammasome gain (IL-1 beta, IL-18), times normal")
        ax.set_ylabel("IL-6 gain, times normal")
        if worst:
            ax.contourf(*gains, worst["pf_ratio"], levels=[0, VENTILATOR, 300, 1000],
                        colors=[theme.HARM, theme.GRID, theme.BENEFIT])  # fmt: skip
        for i, (name, limit, dash, color, words) in enumerate(limits):
            if worst:
                ax.plot(*level_line(*gains, worst[name], limit), linestyle=dash, color=color,
                        linewidth=2)  # fmt: skip
            level = 0.95 - 0.12 * i
            ax.plot([1.03, 1.1], [level] * 2, transform=ax.transAxes, clip_on=False,
                    linestyle=dash, color=color, linewidth=2)  # fmt: skip
            ax.text(1.12, level, words, transform=ax.transAxes, fontsize=8, va="center")
        shades = ((theme.HARM, f"P/F below {_PF}"), (theme.GRID, f"{_PF} to 300: oxygen"),
                  (theme.BENEFIT, "above 300"))  # fmt: skip
        for i, (color, words) in enumerate(shades):
            level = 0.53 - 0.1 * i
            ax.add_patch(mpl.patches.Rectangle((1.03, level - 0.03), 0.07, 0.06, color=color,
                                               transform=ax.transAxes, clip_on=False))  # fmt: skip
            ax.text(1.12, level, words, transform=ax.transAxes, fontsize=8, va="center")
        ax.plot([1.065], [0.22], "o", color=theme.CURVES[0], markersize=8,
                transform=ax.transAxes, clip_on=False)  # fmt: skip
        ax.text(1.12, 0.22, "your patient", transform=ax.transAxes, fontsize=8, va="center")
        dot = ax.plot([np.nan], [np.nan], "o", color=theme.CURVES[0], markersize=10, clip_on=False)
        figure.text(0.008, 0.015, theme.FOOTER, fontsize=7.5, color=theme.MUTED)
    return figure, dot


def crossing(gain: np.ndarray, values: np.ndarray, limit: float) -> float:
    """Return the first gain at which values pass a limit, in either direction; NaN: never.

    Parameters
    ----------
    gain, values : array, shape (gains,)
    limit : float
        In the unit of `values`.
    """
    beyond = np.flatnonzero(np.diff(np.sign(values - limit)))
    if not beyond.size:
        return float("nan")
    i = int(beyond[0])
    share = (limit - values[i]) / (values[i + 1] - values[i])
    return float(gain[i] + share * (gain[i + 1] - gain[i]))


def map_words(gains: tuple[np.ndarray, np.ndarray], worst: Mapping[str, np.ndarray]) -> str:
    """Say where along each gain, the other being normal, the illness tips.

    Parameters
    ----------
    gains : (array, array)
        Inflammasome gain and IL-6 gain, times normal.
    worst : mapping of str to array, shape (IL-6 gains, inflammasome gains)
        As for `tipping_map`.
    """
    if not worst:
        return "Not computed yet."
    x, y = gains
    normal = int(np.abs(y - 1).argmin()), int(np.abs(x - 1).argmin())
    parts = []
    for name, limit, words in (
        ("pf_ratio", VENTILATOR, f"P/F falls below {_PF}"),
        ("ferritin", MAS, f"ferritin passes {_FERRITIN_LIMIT} ng/mL"),
        ("hla_dr", DYSREGULATION, f"HLA-DR falls below {_HLA_DR_LIMIT}"),
    ):
        found = {
            "inflammasome gain": crossing(x, worst[name][normal[0]], limit),
            "IL-6 gain": crossing(y, worst[name][:, normal[1]], limit),
        }
        at = [f"{gain} {number(v, 2)}" for gain, v in found.items() if np.isfinite(v)]
        if at:
            parts.append(f"{words} at {listing(at, 'or')}")
    if not parts:
        return (
            "With these other controls no gain up to 10 crosses a limit: the worst P/F ratio on "
            f"the whole map is {number(worst['pf_ratio'].min(), 3)} mmHg."
        )
    return f"The other gain being normal, {listing(parts)}."


# ---- network ---------------------------------------------------------------------------------

#: Node: words, x, y.
NODES = {
    "virus": ("Infected\nlung cells", 104, 62),
    "danger": ("Danger\nsignals", 104, 236),
    "lesion": ("Lung lesion", 104, 412),
    "macrophages": ("Macrophages", 328, 236),
    "il1": ("IL-1", 508, 62),
    "tnf": ("TNF", 522, 190),
    "il6": ("IL-6", 522, 318),
    "il10": ("IL-10", 370, 424),
    "il18": ("IL-18", 328, 62),
    "ifng": ("Interferon\ngamma", 700, 62),
    "ferritin": ("Ferritin", 712, 190),
    "crp": ("CRP", 712, 318),
    "hla_dr": ("HLA-DR", 622, 424),
}
_HALF = {name: (62, 24) if len(words) > 10 else (54, 19) for name, (words, _, _) in NODES.items()}
#: Edges bent to the side by so many points, where two nodes talk both ways or a line would cut one.
_BEND = {
    ("macrophages", "il1"): 14, ("il1", "macrophages"): 14, ("macrophages", "tnf"): 11,
    ("tnf", "macrophages"): 11, ("macrophages", "il6"): 12, ("il6", "macrophages"): 12,
    ("macrophages", "il10"): 12, ("il10", "macrophages"): 12, ("lesion", "il6"): 26,
    ("virus", "lesion"): 50, ("il1", "il6"): 62, ("ifng", "macrophages"): 14,
    ("il1", "crp"): -16, ("il18", "ifng"): -30,
}  # fmt: skip
#: What a tick box takes away: nobody hears this messenger any more.
SILENCED = {
    "il1": ("IL-1", {"il1_half": 1e12}),
    "il6": ("IL-6", {"il6_half": 1e12}),
    "tnf": ("TNF", {"tnf_half": 1e12}),
    "ifng": ("interferon gamma", {"ifng_half": 1e12}),
    "il10": ("IL-10", {"il10_half": 1e12}),
}
WIDEST, FAINT = 9.0, 0.01


@cache
def network_edges() -> tuple[dict[str, str], ...]:
    """Return the edges of the network: source, target, target state, what switches it off."""
    return read_table(__package__, "network.csv")


def network_switches() -> list[tuple[str, dict[str, float]]]:
    """Return each edge as `cytolearn.simulation.moment.fluxes` wants it."""
    found = []
    for row in network_edges():
        pairs = (part.split("=") for part in row["off"].split(";"))
        found.append((row["state"], {symbol: float(value) for symbol, value in pairs}))
    return found


def network_svg(share: np.ndarray, silenced: Sequence[str], alt: str) -> str:
    """Draw the network with arrows as wide as their fluxes.

    Parameters
    ----------
    share : array, shape (edges,)
        Flux of each edge of `network_edges`, 1 for the widest that the story knows; negative where
        the edge holds its target back.
    silenced : sequence of str
        Nodes of `SILENCED` that nobody hears.
    alt : str
        What the picture shows.
    """
    ink, grey = "var(--cl-ink,#1f2933)", "var(--cl-ghost,#7b8794)"
    go, stop = "var(--cl-c1,#0072b2)", "var(--cl-c2,#d55e00)"
    paths = []
    for row, part in zip(network_edges(), share, strict=True):
        off = row["source"] in silenced or abs(part) < FAINT
        color = grey if off else (go if part > 0 else stop)
        wide = 1.0 if off else 1.2 + (WIDEST - 1.2) * min(abs(float(part)), 1.0)
        dash = ' stroke-dasharray="4 4"' if off else ""
        paths.append(_edge(row["source"], row["target"], wide, color, dash, part < 0))
    boxes = []
    for name, (words, x, y) in NODES.items():
        a, b = _HALF[name]
        out = name in silenced
        lines = words.split("\n")
        struck = ' text-decoration="line-through"' if out else ""
        text = "".join(
            f'<text x="{x}" y="{y + 5 + 17 * (i - (len(lines) - 1) / 2):g}" text-anchor="middle" '
            f'font-size="14" font-weight="600" style="fill:{grey if out else ink}"'
            f"{struck}>{line}</text>"
            for i, line in enumerate(lines)
        )
        boxes.append(
            f'<rect x="{x - a}" y="{y - b}" width="{2 * a}" height="{2 * b}" rx="9" '
            f'style="fill:var(--cl-card,#f6f8fa);stroke:{grey if out else ink}" '
            f'stroke-width="1.3"/>{text}'
        )
    return (
        f'<svg viewBox="0 0 800 450" role="img" aria-label="{html.escape(alt)}" '
        'style="width:100%;max-width:900px;height:auto;font-family:var(--cl-font,sans-serif)">'
        f"{''.join(paths)}{''.join(boxes)}</svg>"
    )


def _edge(source: str, target: str, wide: float, color: str, dash: str, stops: bool) -> str:
    """Draw one edge from box to box, with an arrow head or a bar at its end."""
    (_, x0, y0), (_, x1, y1) = NODES[source], NODES[target]
    bend = _BEND.get((source, target), 0)
    length = float(np.hypot(x1 - x0, y1 - y0))
    normal = np.array([-(y1 - y0), x1 - x0]) / length
    middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2]) + 2 * bend * normal
    start = _border(source, np.array([x0, y0], float) + bend * normal * 0.7, middle)
    end = _border(target, np.array([x1, y1], float) + bend * normal * 0.7, middle)
    way = (end - middle) / np.hypot(*(end - middle))
    side = np.array([-way[1], way[0]])
    head = 5.0 + 0.9 * wide
    if stops:
        foot = end - way * 3
        a, b = foot + side * head, foot - side * head
        tip = f'<path d="M{_at(a)}L{_at(b)}" stroke-width="3.2" style="stroke:{color}"/>'
        stem = foot
    else:
        stem = end - way * head
        a, b = stem + side * head * 0.62, stem - side * head * 0.62
        tip = f'<path d="M{_at(end)}L{_at(a)}L{_at(b)}z" style="fill:{color};stroke:none"/>'
    return (
        f'<g class="cl-edge"><path d="M{_at(start)}Q{_at(middle)} {_at(stem)}" fill="none" '
        f'style="stroke:{color}" stroke-width="{wide:.1f}"{dash}/>{tip}</g>'
    )


def _border(name: str, inside: np.ndarray, toward: np.ndarray) -> np.ndarray:
    """Return where a line from inside a node's box leaves the box, and a little further."""
    _, x, y = NODES[name]
    a, b = _HALF[name][0] + 3, _HALF[name][1] + 3
    way = toward - inside
    reach = []
    for k, (centre, half) in enumerate(((x, a), (y, b))):
        if abs(way[k]) > 1e-9:
            wall = centre + half * np.sign(way[k])
            reach.append((wall - inside[k]) / way[k])
    return inside + way * min(1.0, max(min(reach), 0.0))


def _at(point: np.ndarray) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


# ---- definitions -----------------------------------------------------------------------------

#: The three groups of the scatter: words, colour.
CLASSES = (
    ("ferritin above the line: MAS", theme.CURVES[1]),
    ("else HLA-DR below the line: immune dysregulation", theme.CURVES[0]),
    ("neither", theme.GHOST),
)
_FERRITIN, _HLA_DR = (50.0, 30000.0), (2000.0, 60000.0)


def class_scatter() -> tuple[Picture, list[Line2D]]:
    """Draw ferritin against HLA-DR, empty.

    Returns
    -------
    (Picture, list of Line2D)
        Lines that move: the dots of the three `CLASSES`, the patient on show, the ferritin
        cut-off, the HLA-DR cut-off.
    """
    with mpl.rc_context(theme.RC):
        figure = Picture(figsize=_SIZE, dpi=100)
        ax = figure.add_axes((0.13, 0.17, 0.5, 0.77))
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xlim(*_FERRITIN)
        ax.set_ylim(*_HLA_DR)
        ax.set_yticks([2000, 5000, 10000, 20000, 50000])
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda v, _: number(v, 2)))
            axis.set_minor_locator(NullLocator())
        ax.set_xlabel("ferritin (ng/mL)")
        ax.set_ylabel("HLA-DR (molecules a monocyte)")
        lines: list[Line2D] = []
        key = [*CLASSES, ("your patient", theme.INK)]
        for i, (words, color) in enumerate(key):
            size = 11 if color == theme.INK else 6
            lines += ax.plot([np.nan], [np.nan], "o", color=color, markersize=size)
            ax.plot([1.04], [0.94 - 0.11 * i], "o", color=color, markersize=size - 1,
                    transform=ax.transAxes, clip_on=False)  # fmt: skip
            ax.text(1.075, 0.94 - 0.11 * i, words.replace(": ", ":\n", 1),
                    transform=ax.transAxes, fontsize=8, va="center")  # fmt: skip
        lines += ax.plot([np.nan], [np.nan], "--", color=theme.CURVES[1], linewidth=1.6)
        lines += ax.plot([np.nan], [np.nan], "-.", color=theme.CURVES[0], linewidth=1.6)
        figure.text(0.008, 0.015, theme.FOOTER, fontsize=7.5, color=theme.MUTED)
    return figure, lines


def class_lines(
    ferritin: np.ndarray,
    hla_dr: np.ndarray,
    cuts: tuple[float, float],
    patient: tuple[float, float],
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the data of the lines of `class_scatter`.

    Parameters
    ----------
    ferritin, hla_dr : array, shape (patients,)
    cuts : (float, float)
        Cut-off of ferritin and of HLA-DR.
    patient : (float, float)
        Ferritin and HLA-DR of the patient on show.
    """
    mas = ferritin > cuts[0]
    low = ~mas & (hla_dr < cuts[1])
    dots = [(ferritin[g], hla_dr[g]) for g in (mas, low, ~mas & ~low)]
    one = (np.array([patient[0]]), np.array([patient[1]]))
    return [
        *dots, one,
        (np.full(2, cuts[0]), np.array(_HLA_DR)),
        (np.array(_FERRITIN), np.full(2, cuts[1])),
    ]  # fmt: skip


def agreement_table(share: np.ndarray, names: Sequence[str]) -> str:
    """Return a table of pairwise agreement as HTML; deeper blue: more of the ward.

    Parameters
    ----------
    share : array, shape (rules, rules)
        Share of patients on whom two rules say the same, in per cent; NaN where one of the two
        decides for nobody.
    names : sequence of str
    """
    slim = "min-width:40px;padding:3px 5px"
    heads = "".join(f'<th scope="col" style="{slim}">{html.escape(n)}</th>' for n in names)
    body = ""
    for i, name in enumerate(names):
        cells = ""
        for j in range(len(names)):
            if i == j:
                cells += f'<td style="{slim}">·</td>'
            elif np.isfinite(share[i, j]):
                depth = round(0.5 * share[i, j])
                shade = f"color-mix(in srgb, var(--cl-c1) {depth}%, transparent)"
                said = percent(share[i, j] / 100)
                cells += f'<td style="{slim};background:{shade} !important">{said}</td>'
            else:
                cells += f'<td style="{slim}">–</td>'
        body += f'<tr><th scope="row">{html.escape(name)}</th>{cells}</tr>'
    return (
        '<div class="cl-scroll" tabindex="0"><table class="cl-agree">'
        f"<thead><tr><td></td>{heads}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


# ---- scale -----------------------------------------------------------------------------------


def scale_of_storms(rows: Sequence[Mapping[str, object]], *, log: bool) -> tuple[Picture, list]:
    """Draw IL-6 of several diseases on one axis, with the patient's own.

    Parameters
    ----------
    rows : sequence of mapping
        ``name``, ``value`` and where known ``low`` and ``high`` (pg/mL), ``words`` (what the
        value is, patients, source) and ``seen`` (False: from memory).
    log : bool
        Logarithmic axis, else linear.

    Returns
    -------
    (Picture, list of Line2D)
        The patient's dot and its line over the illness, which move.
    """
    n = len(rows)
    with mpl.rc_context(theme.RC):
        figure = Picture(figsize=(_SIZE[0], 0.9 + 0.36 * (n + 1)), dpi=100)
        top = (0.36 * (n + 1)) / (0.9 + 0.36 * (n + 1))
        ax = figure.add_axes((0.43, 0.97 - top, 0.54, top))
        ax.set_ylim(n + 0.5, -0.6)
        ax.set_yticks(range(n + 1), ["your patient (model)", *(str(row["name"]) for row in rows)])
        ax.tick_params(axis="y", length=0)
        if log:
            ax.set_xscale("log")
            ax.set_xlim(1, 30000)
            ax.xaxis.set_minor_locator(NullLocator())
        else:
            ax.set_xlim(0, 3500)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, 2)))
        ax.grid(axis="x", color=theme.GRID, linewidth=0.7)
        ax.set_xlabel("IL-6 in blood (pg/mL)" + (", logarithmic" if log else ", linear"))
        for i, row in enumerate(rows, start=1):
            face = theme.INK if row["seen"] else "none"
            if row.get("low") is not None:
                ax.plot([row["low"], row["high"]], [i, i], color=theme.MUTED, linewidth=2.2)
            ax.plot([row["value"]], [i], "o", color=theme.INK, markerfacecolor=face, markersize=7)
        span = ax.plot([np.nan], [np.nan], color=theme.CURVES[0], linewidth=3)
        dot = ax.plot([np.nan], [np.nan], "o", color=theme.CURVES[0], markersize=10)
        figure.text(0.008, 0.015, theme.FOOTER, fontsize=7.5, color=theme.MUTED)
    return figure, span + dot
