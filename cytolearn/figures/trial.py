"""The picture of a virtual trial: who took part, how they fared by arm, and the estimates."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from cytolearn.figures import theme
from cytolearn.figures.picture import Picture
from cytolearn.wording import listing, number, percent

if TYPE_CHECKING:
    import pandas as pd

    from cytolearn.trials import Effect, TrialResult

_WIDTH = 10.2  # inches
_FLOW, _CURVES = 1.45, 2.9  # inches: height of the parts
_RATIOS = ("risk_ratio", "odds_ratio", "hazard_ratio", "common_odds_ratio")
_SHORT = {
    "risk_ratio": "RR",
    "odds_ratio": "OR",
    "hazard_ratio": "HR",
    "common_odds_ratio": "OR, worse score",
}
_TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
_LONGEST_NAME, _SHORT_NAME = 23, 11  # characters of an arm's name, above and beside a curve


def plot_trial(result: TrialResult, outcome: str | None = None) -> Picture:
    """Draw a trial: its flow, curves by arm with intervals, and every ratio with its interval.

    Parameters
    ----------
    result : TrialResult
    outcome : str, optional
        Outcome of the curves, one with a time; death by default.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        An unknown outcome, or one without a time.
    """
    curves = result.survival(outcome)
    name = next(iter(result.outcomes)) if outcome is None else outcome
    effects = _ratios(result)
    arms = len(result.design.arms)
    below = max(_CURVES, len(_by_outcome(effects)) * (0.22 + 0.19 * (arms - 1)))
    foot = 0.95 + 0.16 * arms
    height = _FLOW + below + foot
    with mpl.rc_context(theme.RC):
        figure = Picture(
            figsize=(_WIDTH, height), dpi=100, twin=trial_words(result, name, curves, effects)
        )
        _flow(figure, result, height)
        inches = (_WIDTH, height, _WIDTH, height)
        box = (0.62, foot, 3.3, below - 0.1)
        ax = figure.add_axes([v / i for v, i in zip(box, inches, strict=True)])
        _draw_curves(ax, result, name, curves)
        box = (6.75, foot, 1.95, below - 0.1)
        ax = figure.add_axes([v / i for v, i in zip(box, inches, strict=True)])
        _draw_effects(ax, result, effects)
        figure.text(0.008, 0.012, theme.FOOTER, fontsize=7.5, color=theme.MUTED)
    return figure


def _ratios(result: TrialResult) -> list[Effect]:
    """Return the effect of every arm on every outcome that is compared by a ratio."""
    found = [
        result.effect(outcome, arm=arm)
        for outcome in result.outcomes
        for arm in list(result.design.arms)[1:]
    ]
    return [effect for effect in found if effect.measure in _RATIOS]


def _by_outcome(effects: list[Effect]) -> dict[str, list[Effect]]:
    grouped: dict[str, list[Effect]] = {}
    for effect in effects:
        grouped.setdefault(effect.outcome, []).append(effect)
    return grouped


def _flow(figure: Picture, result: TrialResult, height: float) -> None:
    """Draw the numbers of the flow chart, left to right."""
    flow = result.flow
    left = [f"{flow['screened']:,} candidates"]
    out = [f"{flow['did not meet the rule']:,} did not meet the rule"]
    if flow["died before entry"]:
        out.append(f"{flow['died before entry']:,} died before entry")
    arms = [f"{flow[f'randomised to {name}']:,} to {_cut(name)}" for name in result.design.arms]
    boxes = [
        (0.1, 1.6, left),
        (2.35, 2.6, out),
        (5.6, 1.75, [f"{flow['randomised']:,} randomised"]),
    ]
    y, tall = height - 0.62, 0.5
    for x, wide, lines in boxes:
        _box(figure, x, y, wide, tall, "\n".join(lines), height, dashed=lines is out)
    _arrow(figure, 1.72, 2.33, y, height)
    _arrow(figure, 4.97, 5.58, y, height)
    per = min(0.26, 0.9 / len(arms))
    for i, (text, (color, dash)) in enumerate(zip(arms, theme.styles(len(arms)), strict=True)):
        at = y + (len(arms) - 1) * per / 2 - i * per
        line = Line2D([7.5 / _WIDTH, 7.85 / _WIDTH], [at / height] * 2, color=color, linestyle=dash,
                      linewidth=2, transform=figure.transFigure)  # fmt: skip
        figure.add_artist(line)
        figure.text(7.95 / _WIDTH, at / height, text, fontsize=9, color=color, va="center")


def _box(figure, x, y, wide, tall, text, height, *, dashed: bool) -> None:
    figure.add_artist(
        FancyBboxPatch(
            (x / _WIDTH, (y - tall / 2) / height),
            wide / _WIDTH,
            tall / height,
            boxstyle="round,pad=0,rounding_size=0.008",
            transform=figure.transFigure,
            facecolor="white",
            edgecolor=theme.MUTED if dashed else theme.INK,
            linewidth=0.9,
            linestyle="--" if dashed else "-",
        )
    )
    figure.text((x + wide / 2) / _WIDTH, y / height, text, ha="center", va="center", fontsize=8.5)


def _arrow(figure, x, to, y, height) -> None:
    figure.add_artist(
        FancyArrowPatch(
            (x / _WIDTH, y / height),
            (to / _WIDTH, y / height),
            transform=figure.transFigure,
            arrowstyle="-|>",
            mutation_scale=10,
            color=theme.INK,
            linewidth=0.9,
        )
    )


def _cut(name: str, longest: int = _LONGEST_NAME) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1].rstrip()}…"


def _draw_curves(ax: Axes, result: TrialResult, name: str, curves: dict[str, pd.DataFrame]) -> None:
    good = name != next(iter(result.outcomes))
    lowest, end = 100.0, float(result.design.follow_up)
    ends = []
    for (arm, curve), (color, dash) in zip(curves.items(), theme.styles(len(curves)), strict=True):
        day = np.r_[curve["day"], end]
        shown = {
            key: 100 * np.r_[curve[key], curve[key].iloc[-1]] for key in ("share", "low", "high")
        }
        if good:  # of what is wished for, the rising share is easier to read
            shown = {"share": 100 - shown["share"], "low": 100 - shown["high"],
                     "high": 100 - shown["low"]}  # fmt: skip
        sure = np.isfinite(shown["low"]) & np.isfinite(shown["high"])
        ax.fill_between(day, shown["low"], shown["high"], where=sure, step="post", color=color,
                        alpha=0.13, linewidth=0)  # fmt: skip
        ax.step(day, shown["share"], where="post", color=color, linestyle=dash, linewidth=2)
        ends.append((float(shown["share"][-1]), _cut(arm, _SHORT_NAME), color))
        lowest = min(lowest, float(np.nanmin(shown["low"])))
    bottom = 0.0 if good else max(0.0, math.floor((lowest - 2) / 10) * 10.0)
    ax.set_ylim(bottom, 100.5)
    ax.set_xlim(0, end)
    ticks = np.arange(0, end + 0.1, 7 if end <= 42 else 28)
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}%"))
    ax.grid(axis="y", color=theme.GRID, linewidth=0.7)
    title = "Alive" if not good else result.outcomes[name].replace(f" within {end:g} days", "")
    ax.set_title(f"{title[:1].upper()}{title[1:]}, by days since entry", loc="left",
                 fontweight="bold", fontsize=10)  # fmt: skip
    span, placed, few = 100.5 - bottom, [], len(ends) <= 2
    for share, arm, color in sorted(ends, reverse=True):
        at = min([share, *(p - 0.075 * span for p in placed[-1:])])
        placed.append(at)
        said = percent(share / 100)
        ax.text(
            end * 1.02,
            at,
            f"{arm} {said}" if few else said,
            color=color,
            fontsize=8.5,
            va="center",
        )
    # the rows of patients still at risk stand beneath the axis, in the colours of the arms
    for i, (curve, (color, _)) in enumerate(
        zip(curves.values(), theme.styles(len(curves)), strict=True)
    ):
        for tick in ticks:
            left = int(curve["at_risk"].iloc[0]) if tick == 0 else _at_risk(curve, tick)
            ax.annotate(f"{left}", (tick, 0), (0, -27 - 11 * i), xycoords=("data", "axes fraction"),
                        textcoords="offset points", ha="center", va="top", fontsize=7.5,
                        color=color)  # fmt: skip
    ax.annotate("at risk", (0, 0), (-13, -27), xycoords="axes fraction", ha="right", va="top",
                textcoords="offset points", fontsize=7.5, color=theme.MUTED)  # fmt: skip


def _at_risk(curve: pd.DataFrame, day: float) -> int:
    """Return how many have neither had the event nor left before a day."""
    later = curve[curve["day"] >= day]
    return int(later["at_risk"].iloc[0]) if len(later) else 0


def _draw_effects(ax: Axes, result: TrialResult, effects: list[Effect]) -> None:
    finite = [e for e in effects if e.estimable]
    low = min([0.4, *(e.low for e in finite)])
    high = max([2.5, *(e.high for e in finite)])
    low, high = max(low / 1.1, 0.04), min(high * 1.1, 25.0)
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    grouped = _by_outcome(effects)
    ax.set_ylim(len(grouped) - 0.4, -0.6)
    ax.axvline(1, color=theme.INK, linewidth=1)
    ax.xaxis.set_major_locator(FixedLocator([t for t in _TICKS if low <= t <= high]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    ax.yaxis.set_major_locator(NullLocator())
    ax.spines["left"].set_visible(False)
    arms = list(result.design.arms)
    colors = [color for color, _ in theme.styles(len(arms))]
    for row, same in enumerate(grouped.values()):
        label = f"{same[0].words} ({_SHORT[same[0].measure]})"
        label = label.replace(f" within {result.design.follow_up} days", "")
        label = "\n".join(textwrap.wrap(label, 33))
        ax.text(-0.03, row, label, transform=ax.get_yaxis_transform(), ha="right", va="center",
                fontsize=8, linespacing=1.0)  # fmt: skip
        for i, effect in enumerate(same):
            at = row + (i - (len(same) - 1) / 2) * 0.8 / len(same)
            _draw_effect(ax, effect, at, colors[arms.index(effect.arm)], low, high)
    ax.set_title("Ratio with 95% interval", loc="left", fontweight="bold", x=-0.03, fontsize=10)
    against = f"against {_cut(result.design.control)}. Squares: left of 1 is better. "
    ax.annotate(f"{against}Diamonds: right of 1 is better.", (1, 0), (80, -26),
                xycoords="axes fraction", textcoords="offset points", ha="right", va="top",
                fontsize=7.5, color=theme.MUTED)  # fmt: skip


def _draw_effect(ax: Axes, effect: Effect, row: float, color: str, low: float, high: float) -> None:
    said = "not estimable"
    if effect.estimable:
        inside = [min(max(v, low), high) for v in (effect.low, effect.high, effect.estimate)]
        ax.plot(inside[:2], [row, row], color=color, linewidth=1.8, solid_capstyle="butt")
        ax.plot(inside[2:], [row], "D" if effect.good else "s", color=color, markersize=5.5)
        said = f"{effect.estimate:.2f} ({effect.low:.2f} to {effect.high:.2f})"
    ax.text(1.04, row, said, transform=ax.get_yaxis_transform(), ha="left", va="center",
            fontsize=8, color=color)  # fmt: skip


def trial_words(
    result: TrialResult, outcome: str, curves: dict[str, pd.DataFrame], effects: list[Effect]
) -> str:
    """Say what the picture shows."""
    flow, days = result.flow, result.design.follow_up
    main = outcome == next(iter(result.outcomes))
    arms = listing(f"{flow[f'randomised to {a}']:,} to {a}" for a in result.design.arms)
    said = [
        f"{flow['screened']:,} candidates, {flow['randomised']:,} randomised: {arms}.",
    ]
    ends = (
        f"{number(100 * (c['share'].iloc[-1] if main else 1 - c['share'].iloc[-1]), 2)}% ({arm})"
        for arm, c in curves.items()
    )
    what = "Alive" if main else result.outcomes[outcome].replace(f" within {days} days", "")
    said.append(f"{what[:1].upper()}{what[1:]} {days} days after entry: {listing(ends)}.")
    several = len(result.design.arms) > 2
    said += [
        f"{e.words[:1].upper()}{e.words[1:]}{f', {e.arm}' if several else ''}, "
        f"{_SHORT[e.measure]}: {e.interval()}."
        for e in effects
    ]
    return " ".join(said)
