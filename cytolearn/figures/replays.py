"""Real trials beside the model's answer to each: two intervals a row, and where the model fails."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from cytolearn.figures import theme
from cytolearn.figures.picture import Picture
from cytolearn.trials.replay import replay_record, replay_summary

if TYPE_CHECKING:
    import pandas as pd

_WIDTH, _ROW, _TOP, _BOTTOM = 9.8, 0.42, 0.6, 0.95  # inches
_AXES = (0.285, 0.33)  # left edge and width of the axes, shares of the width
_TICKS = (0.125, 0.25, 0.5, 1, 2, 4)
_LIMITS = (0.1, 4.5)
_MEASURES = {
    "risk_ratio": "risk ratio",
    "odds_ratio": "odds ratio",
    "hazard_ratio": "hazard ratio",
    "common_odds_ratio": "common odds ratio",
    "mean_ratio": "ratio of counts",
}


def plot_replays(record: pd.DataFrame | None = None) -> Picture:
    """Draw published effects and the model's, one row a comparison.

    Effects that are better above 1 are drawn as their inverse, so that left is always better.

    Parameters
    ----------
    record : pandas.DataFrame, optional
        Rows of `cytolearn.trials.replay_record`; all by default.

    Returns
    -------
    Picture
        Its text twin says the same row by row.
    """
    record = replay_record() if record is None else record
    height = _TOP + _BOTTOM + _ROW * len(record)
    with mpl.rc_context(theme.RC):
        figure = Picture(figsize=(_WIDTH, height), dpi=100, twin=replay_words(record))
        ax = figure.add_axes((_AXES[0], _BOTTOM / height, _AXES[1], 1 - (_TOP + _BOTTOM) / height))
        ax.set_xscale("log")
        ax.set_xlim(*_LIMITS)
        ax.set_ylim(len(record) - 0.5, -0.5)
        ax.axvline(1, color=theme.INK, linewidth=1)
        ax.xaxis.set_major_locator(FixedLocator(_TICKS))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.set_xlabel("◂ treatment better        ratio        treatment worse ▸")
        ax.grid(axis="x", color=theme.GRID, linewidth=0.7)
        looks = (
            ("published", -0.14, theme.INK, "s", "-"),
            ("model", 0.14, theme.CURVES[0], "o", "--"),
        )
        for y, row in enumerate(record.itertuples()):
            if y % 2:
                ax.axhspan(y - 0.5, y + 0.5, color=theme.GRID, alpha=0.35, linewidth=0, zorder=0)
            for name, shift, color, marker, dash in looks:
                value, low, high = _better_left(row, name)
                if math.isnan(value):
                    ax.text(1.08, y + shift, "no number published", fontsize=7.5, va="center")
                    continue
                ends = max(low, _LIMITS[0]), min(high, _LIMITS[1])
                ax.plot(ends, [y + shift] * 2, color=color, linestyle=dash, linewidth=1.6)
                ax.plot([value], [y + shift], marker, color=color, markersize=5.5)
            at = ax.get_yaxis_transform()
            small = {"transform": at, "va": "center", "fontsize": 8.5}
            ax.text(-0.85, y - 0.14, row.trial, fontweight="bold", **small)
            what = f"{_counted(row.outcome)}, {_MEASURES[row.measure]}"
            ax.text(-0.85, y + 0.2, what, color=theme.MUTED, **{**small, "fontsize": 7.5})
            ax.text(1.03, y - 0.14, _numbers(row, "published"), **small)
            ax.text(1.03, y + 0.2, _numbers(row, "model"), color=theme.CURVES[0], **small)
            verdict = _verdict(row)
            weight = "bold" if verdict.startswith("✗") else "normal"
            ax.text(1.76, y, verdict, fontweight=weight, **small)
        heads = {"transform": ax.transAxes, "fontsize": 8.5, "color": theme.MUTED, "va": "bottom"}
        ax.text(1.03, 1.01, "ratio (interval)", **heads)
        ax.text(1.76, 1.01, "model", **heads)
        ax.set_title(
            "■ published      ● model, interval of a trial of that size",
            fontsize=9, loc="left", x=-0.12, pad=8,
        )  # fmt: skip
        figure.text(0.008, 0.06 / height, theme.FOOTER, fontsize=7.5, color=theme.MUTED)
    return figure


def replay_words(record: pd.DataFrame) -> str:
    """Say row by row what the picture shows."""
    lines = [replay_summary()]
    for row in record.itertuples():
        lines.append(
            f"{row.trial}, {_counted(row.outcome)}, {_MEASURES[row.measure]}: published "
            f"{_numbers(row, 'published')}; model {_numbers(row, 'model')}; {_verdict(row)[2:]}. "
            f"{row.differs}"
        )
    return "\n".join(lines)


def _verdict(row) -> str:
    if math.isnan(row.published):
        return "✓ none in both" if row.agrees else "✗ only in the model"
    if row.inside:
        return "✓ inside"
    return "~ overlapping" if row.agrees else "✗ apart"


def _counted(outcome: str) -> str:
    known = {
        "death_28": "death in 28 days",
        "ventilation_or_death": "ventilation or death",
        "breathing_help_or_death": "breathing help or death",
        "who_28": "WHO scale on day 28",
        "recovery": "recovery",
        "alc": "lymphocytes after 28 days",
    }
    return known[outcome]


def _better_left(row, name: str) -> tuple[float, float, float]:
    """Return estimate and interval with "below 1 is better"."""
    values = getattr(row, name), getattr(row, f"{name}_low"), getattr(row, f"{name}_high")
    if row.better_if == "above 1":
        return 1 / values[0], 1 / values[2], 1 / values[1]
    return values


def _numbers(row, name: str) -> str:
    value, low, high = (
        getattr(row, name), getattr(row, f"{name}_low"), getattr(row, f"{name}_high")
    )  # fmt: skip
    if math.isnan(value):
        return "no difference"
    turned = " ↑ better" if row.better_if == "above 1" else ""
    return f"{value:.2f} ({low:.2f} to {high:.2f}){turned}"
