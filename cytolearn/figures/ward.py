"""Pictures of a ward: the board of all beds, one bedside, and what came of the plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.lines import Line2D

from cytolearn.figures import theme
from cytolearn.figures.panels import cell_box, draw_panel, panel_grid, readout_row
from cytolearn.figures.picture import Picture
from cytolearn.wording import number, unit_words

#: What a bedside shows as curves; everything else stands in the table.
PANELS = ("pf_ratio", "viral_load", "crp", "ferritin", "il6", "alc")
#: Short names for the heads of narrow columns.
SHORT = {
    "spo2": "SpO₂", "pf_ratio": "P/F", "viral_load": "Virus", "crp": "CRP", "ferritin": "Ferritin",
    "d_dimer": "D-dimer", "ldh": "LDH", "alc": "Lympho.", "neutrophils": "Neutro.", "il6": "IL-6",
    "il18": "IL-18", "ifn": "IFN", "hla_dr": "HLA-DR", "plasmablasts": "Plasmabl.",
}  # fmt: skip
_DAYS = (0.0, 20.0)
_SHADES = {"↑↑": theme.HARM, "↓↓": theme.HARM, "↑": "#fdf0e6", "↓": "#fdf0e6", "": "#ffffff"}


def value_words(value: float) -> str:
    """Write a laboratory value: two or three digits, no false precision."""
    return number(value, 2 if abs(value) < 100 else 3)


def board(
    rows: Sequence[tuple[str, Mapping[str, float], Mapping[str, str]]],
    tests: Sequence[str],
    *,
    title: str,
    twin: str,
) -> Picture:
    """Draw the board of a ward: one row a bed, one column a test, values with arrows.

    Parameters
    ----------
    rows : sequence of (label, values, flags)
        Values by test, and the arrows that the laboratory prints beside them.
    tests : sequence of str
        Readouts, in the order of the columns.
    title : str
    twin : str
        The same in words.
    """
    left, wide, tall, head = 2.15, 0.74, 0.36, 0.95
    width, height = left + wide * len(tests) + 0.1, head + tall * len(rows) + 0.35
    with mpl.rc_context(theme.RC):
        figure = Picture(figsize=(width, height), dpi=100, twin=twin)
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set_xlim(0, width)
        ax.set_ylim(height, 0)
        ax.axis("off")
        ax.text(0.12, 0.28, title, fontsize=11, fontweight="bold", va="center")
        for j, test in enumerate(tests):
            x, row = left + (j + 0.5) * wide, readout_row(test)
            ax.text(x, head - 0.28, SHORT.get(test, row["name"]), ha="center", fontweight="bold")
            unit = {"molecules/monocyte": "per cell", "log10 copies/mL": "log₁₀"}.get(row["unit"])
            ax.text(x, head - 0.1, unit or unit_words(row["unit"]).replace(" FEU", ""),
                    ha="center", fontsize=6.8, color=theme.MUTED)  # fmt: skip
        for i, (label, values, flags) in enumerate(rows):
            top = head + i * tall
            ax.text(0.12, top + tall / 2, label, va="center", fontsize=9)
            for j, test in enumerate(tests):
                x = left + j * wide
                ax.add_patch(mpl.patches.Rectangle((x + 0.02, top + 0.02), wide - 0.04, tall - 0.04,
                             facecolor=_SHADES[flags[test]], edgecolor=theme.GRID,
                             linewidth=0.6))  # fmt: skip
                text = f"{value_words(values[test])} {flags[test]}".strip()
                ax.text(x + wide / 2, top + tall / 2, text, ha="center", va="center", fontsize=8.5)
        ax.text(0.12, height - 0.14, theme.FOOTER, fontsize=7.5, color=theme.MUTED, va="center")
    return figure


def bedside() -> tuple[Picture, list[Line2D], list[tuple[float, float, float, float]]]:
    """Draw the frame of a bedside: six tests over days, ready for any patient.

    Returns
    -------
    (Picture, list of Line2D, list of boxes)
        Four lines a panel: two upright ones where drugs start, the curve, its dots.
    """
    with mpl.rc_context(theme.RC):
        figure = Picture(figsize=(9.2, 4.2), dpi=100)
        axes = panel_grid(figure, len(PANELS), 3)
        lines: list[Line2D] = []
        blank = np.array([np.nan])
        for ax, test in zip(axes, PANELS, strict=True):
            draw_panel(ax, test, days=_DAYS)
            ax.set_xticks([0, 5, 10, 15, 20])
            for _ in range(2):
                lines += ax.plot(blank, blank, color=theme.CURVES[4], linewidth=1.4)
            lines += ax.plot(blank, blank, "-", color=theme.CURVES[0], linewidth=1.6)
            lines += ax.plot(blank, blank, "o", color=theme.CURVES[0], markersize=6, linestyle="")
    return figure, lines, [cell_box(ax) for ax in axes]


def bedside_data(
    figure: Picture,
    days: Sequence[float],
    values: Mapping[str, Sequence[float]],
    starts: Sequence[float],
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the data of `bedside`'s lines for one patient.

    Parameters
    ----------
    figure : Picture
        What `bedside` drew.
    days : sequence of float
        Days of the samples, since symptom onset.
    values : mapping of str to sequence of float
        What the laboratory reported, by test.
    starts : sequence of float
        Days on which drugs were started, two at most.
    """
    upright = [*starts, np.nan, np.nan][:2]
    data = []
    for ax, test in zip(figure.axes, PANELS, strict=True):
        low, high = ax.get_ylim()
        data += [(np.array([day, day], float), np.array([low, high])) for day in upright]
        shown = np.clip(np.asarray(values[test], float), low, high)
        data += [(np.asarray(days, float), shown)] * 2
    return data


def ward_outcome(
    labels: Sequence[str],
    risks: Mapping[str, Sequence[float]],
    *,
    twin: str,
) -> Picture:
    """Draw the risk of death of every patient under several plans, one row a bed.

    Parameters
    ----------
    labels : sequence of str
        Patients, from top to bottom.
    risks : mapping of str to sequence of float
        Risk of death (0 to 1), one a patient, by what the plan is called: the untreated first.
    twin : str
        The same in words.
    """
    looks = (
        {"marker": "|", "color": theme.INK, "markersize": 15, "markeredgewidth": 2.4},
        {"marker": "D", "color": theme.CURVES[0], "markersize": 8},
        {"marker": "s", "color": theme.CURVES[1], "markersize": 9, "markerfacecolor": "none",
         "markeredgewidth": 1.8},
        {"marker": "^", "color": theme.CURVES[3], "markersize": 10, "markerfacecolor": "none",
         "markeredgewidth": 2},
    )  # fmt: skip
    with mpl.rc_context(theme.RC):
        figure = Picture(figsize=(7.6, 1.15 + 0.4 * len(labels)), dpi=100, twin=twin)
        height = figure.get_figheight()
        ax = figure.add_axes((0.24, 0.72 / height, 0.73, 1 - 1.15 / height))
        rows = np.arange(len(labels))
        every = np.array(list(risks.values())) * 100
        most = every.max()
        ax.hlines(rows, every.min(axis=0), every.max(axis=0), color=theme.GRID, linewidth=3)
        for (name, values), look in zip(risks.items(), looks, strict=False):
            ax.plot(100 * np.array(values), rows, label=name, linestyle="", **look)
        ax.set_yticks(rows, labels)
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(len(labels) - 0.4, -0.6)
        ax.set_xlim(-0.02 * most, 1.06 * most)
        ax.grid(axis="x", color=theme.GRID, linewidth=0.7)
        ax.set_xlabel("risk of death by day 28, in %")
        figure.legend(loc="upper left", ncols=len(risks), frameon=False, fontsize=9,
                      bbox_to_anchor=(0.02, 1.0), handletextpad=0.2)  # fmt: skip
        figure.text(0.01, 0.06 / height, theme.FOOTER, fontsize=7.5, color=theme.MUTED)
    return figure
