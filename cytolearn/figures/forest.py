"""The forest plot: published trials, each with its interval, and what they add up to."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from cytolearn.evidence import pooling
from cytolearn.figures import theme
from cytolearn.figures.picture import Picture
from cytolearn.wording import in_sentence, listing, number, unknown

if TYPE_CHECKING:
    import pandas as pd

    from cytolearn.evidence.pooling import Pooled

_WIDTH, _ROW, _TOP, _BOTTOM = 10.2, 0.25, 0.76, 0.98  # inches
_SIGNS = 0.2  # inches of each line that explains signs
_AXES_LEFT, _AXES_RIGHT = 0.537, 0.729  # shares of the width
_LABELS, _TREATED, _CONTROL, _EFFECT, _WEIGHT = 0.008, 0.429, 0.52, 0.741, 0.994
#: In a page of 1024 px a point is 1.1 px: nothing is smaller than 11 px there.
_TEXT, _SMALL = 10.5, 10.0
_MOST_SIGNS = 105  # characters in one line of signs
_TIED = "\N{NO-BREAK SPACE}"  # a sign and its words stay in one line
#: Ticks for axes whose ends differ by less than the factor before them.
_TICKS = (
    (45, (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)),
    (400, (0.02, 0.1, 0.5, 1, 2, 10, 50)),
    (np.inf, (0.02, 0.1, 1, 10, 50)),
)
_MOST = 45  # rows that still can be read
_NO_WEIGHT = 0.35  # size of a square that is not pooled
_LONGEST = 41  # characters of a label, with its year
_SHORT = {
    "odds ratio": "OR",
    "risk ratio": "RR",
    "hazard ratio": "HR",
    "rate ratio": "rate",
    "hazard or rate ratio": "rate",
}
_HEADINGS = {"RCT": "Randomised trials", "cohort": "Cohorts, not randomised"}
_FOOTER = "Published results, not the model · not for clinical use"
_DAGGER = "†"


@dataclass(frozen=True)
class Line:
    """One line of a forest plot.

    Attributes
    ----------
    kind : str
        "heading", "row", "published" (a published meta-analysis), "pooled" (a group), "overall"
        or "step" (of a cumulative plot).
    label, detail : str
        As drawn, and in full for the text twin.
    treated, control : str
        Events and patients of the arms, "482/2104"; "" where not known.
    effect, low, high : float
        Ratio and its interval, with "below 1 is better".
    measure, interval : str
        Name of the measure; kind of interval where it is not 95%.
    inverse : bool
        Whether the inverse of the published effect is shown.
    weight : float
        In %; NaN if not pooled.
    randomised, recalled : bool
        Whether chance decided who is treated; whether the row is from memory.
    prediction : (float, float) or None
        Of a pooled line.
    """

    kind: str
    label: str
    detail: str = ""
    treated: str = ""
    control: str = ""
    effect: float = np.nan
    low: float = np.nan
    high: float = np.nan
    measure: str = ""
    inverse: bool = False
    interval: str = ""
    weight: float = np.nan
    randomised: bool = True
    recalled: bool = False
    prediction: tuple[float, float] | None = None

    @property
    def numbers(self) -> str:
        """Measure, effect and interval as drawn."""
        name = f"{'1/' if self.inverse else ''}{_SHORT[self.measure]}"
        return f"{name} {self.effect:.2f} ({self.low:.2f}–{self.high:.2f})"


def forest_plot(
    rows: pd.DataFrame,
    measure: str = "published",
    model: str = "random",
    *,
    hartung_knapp: bool = False,
    group: str | None = "auto",
    cumulative: str | None = None,
    title: str = "",
) -> Picture:
    """Draw published comparisons as a forest plot, with pooled diamonds where pooling makes sense.

    Parameters
    ----------
    rows : DataFrame
        Rows of `cytolearn.evidence.trials`. Published meta-analyses are drawn below the trials
        and never pooled with them.
    measure : str
        "published", "odds ratio" or "risk ratio" (from the counts), or "rate"; see
        `cytolearn.evidence.pooling.pool`. Published effects that are better above 1 are drawn as
        their inverse, so that left is always better; the label says so.
    model : str
        "fixed" or "random" effects.
    hartung_knapp : bool
        Wider intervals of pooled estimates for few trials.
    group : str or None
        Column whose values make groups with a diamond each; "auto" groups by design if several
        designs are shown, else by drug if there are several; None for no groups.
    cumulative : str, optional
        "date" or "size": each line pools all rows up to there.
    title : str
        Default: what is shown.

    Returns
    -------
    Picture
        Its text twin says the same row by row.

    Raises
    ------
    ValueError
        No row, none with a ratio, more than 45 of them, an unknown name, or, for cumulative
        plots, rows that cannot be pooled. Says why.
    """
    lines, notes = forest_lines(
        rows, measure, model, hartung_knapp=hartung_knapp, group=group, cumulative=cumulative
    )
    title = title or forest_title(rows, cumulative)
    return draw_forest(lines, notes, title)


def forest_lines(
    rows: pd.DataFrame,
    measure: str = "published",
    model: str = "random",
    *,
    hartung_knapp: bool = False,
    group: str | None = "auto",
    cumulative: str | None = None,
) -> tuple[list[Line], list[str]]:
    """Return the lines of a forest plot, top to bottom, and what must be said below it.

    Parameters and errors are those of `forest_plot`.
    """
    if rows.empty:
        raise ValueError("There is nothing to draw: no row of the table meets the selection.")
    options = {"measure": measure, "model": model, "hartung_knapp": hartung_knapp}
    if measure in pooling.FROM_COUNTS:
        options["shared_controls"] = "split"
    if cumulative is not None:
        trials = rows[rows["level"] != "meta-analysis"]
        return _cumulative_lines(trials, cumulative, options)
    effects, left = _effects(rows, measure)
    if effects.empty:
        named = f"{listing(rows['row_id'][:8])}{' ...' if len(rows) > 8 else ''}"
        raise ValueError(
            f"There is no such ratio with an interval to draw ({named}). Look at the table, or "
            "choose another measure or outcome."
        )
    if len(effects) > _MOST:
        raise ValueError(
            f"{len(effects)} rows are too many to read in one picture; at most {_MOST} are drawn. "
            "Narrow the selection: one class of drug, one outcome, or rows.independent()."
        )
    shown = rows[rows["row_id"].isin(effects.index)]
    several = shown["outcome_group"].nunique() > 1
    trials = shown[shown["level"] != "meta-analysis"]
    column = _grouping(trials) if group == "auto" else group
    if column is not None and column not in shown:
        raise ValueError(unknown("column", column, shown.columns))
    notes, lines = [], []
    overall, why = _try_pool(trials, options)
    weights = overall.weights if overall else None
    parts = [("", trials)] if column is None else list(trials.groupby(column, sort=False))
    for name, part in parts:
        if column is not None:
            lines.append(Line("heading", _heading(str(name))))
        pooled, _ = _try_pool(part, options) if column is not None else (None, "")
        own = weights if weights is not None else (pooled.weights if pooled else None)
        lines += [_row_line(row, effects, own, several) for row in part.itertuples()]
        if pooled:
            lines.append(_pooled_line(pooled, f"Pooled: {_heading(str(name))}"))
    if overall:
        label = "All rows pooled" if column else "Pooled"
        lines.append(_pooled_line(overall, label, kind="overall"))
        notes += [overall.summary()]
    elif len(trials) > 1:
        notes.append(f"Not pooled. {why}")
    if len(published := shown[shown["level"] == "meta-analysis"]):
        lines.append(Line("heading", "Published meta-analyses, for comparison"))
        lines += [_row_line(row, effects, None, several) for row in published.itertuples()]
    if left:
        notes.append(f"Not drawn, no such ratio with an interval: {listing(left)}.")
    return lines, notes


def draw_forest(lines: Sequence[Line], notes: Sequence[str], title: str) -> Picture:
    """Draw lines; see `forest_plot`."""
    low, high = _limits(lines)
    signs = _signs(lines)
    bottom = _BOTTOM + _SIGNS * len(signs)
    height = _TOP + _ROW * len(lines) + bottom
    with mpl.rc_context(theme.RC):
        figure = Picture(figsize=(_WIDTH, height), dpi=100, twin=forest_words(lines, notes, title))
        ax = figure.add_axes(
            (_AXES_LEFT, bottom / height, _AXES_RIGHT - _AXES_LEFT, _ROW * len(lines) / height)
        )
        ax.set_xscale("log")
        ax.set_xlim(low, high)
        ax.set_ylim(len(lines) - 0.5, -0.5)
        ax.set_yticks([])
        ax.tick_params(labelsize=_SMALL)
        ax.spines["left"].set_visible(False)
        ticks = next(ticks for factor, ticks in _TICKS if high / low < factor)
        ax.xaxis.set_major_locator(FixedLocator([t for t in ticks if low <= t <= high]))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        ax.axvline(1, color=theme.INK, linewidth=1, zorder=1)
        for line in (line for line in lines if line.kind == "overall"):
            ax.axvline(line.effect, color=theme.MUTED, linewidth=0.9, linestyle=":", zorder=1)
        heaviest = max((line.weight for line in lines if line.kind == "row" and line.weight > 0),
                       default=np.nan)  # fmt: skip
        for y, line in enumerate(lines):
            _draw_line(ax, y, line, heaviest)
            _write_line(figure, ax, y, line)
        _captions(figure, ax, height, title, lines)
        _explain(figure, height, signs)
    return figure


def forest_words(lines: Sequence[Line], notes: Sequence[str], title: str) -> str:
    """Say row by row what the picture shows."""
    said = [f"{title}. Below 1 favours treatment, above 1 favours control."]
    for line in lines:
        if line.kind == "heading":
            said.append(f"{line.label}:")
            continue
        mark = ", from memory (not seen in a source)" if line.recalled else ""
        mark += "" if line.randomised else ", not randomised"
        events = f" {line.treated} against {line.control} events," if line.treated else ""
        weight = f", weight {number(line.weight, 2)}%" if line.weight > 0 else ""
        interval = f", {line.interval} interval" if line.interval else ""
        measure = f"inverse of the {line.measure}" if line.inverse else line.measure
        said.append(
            f"- {line.detail or line.label}:{events} {measure} {line.effect:.2f} "
            f"({line.low:.2f} to {line.high:.2f}{interval}){weight}{mark}."
        )
    return "\n".join([*said, *notes])


# ---- lines --------------------------------------------------------------------------------------


def _effects(rows: pd.DataFrame, measure: str) -> tuple[pd.DataFrame, list[str]]:
    """Return what is drawn of each row, indexed by row_id, and the row_ids that cannot be."""
    import pandas as pd

    meta = rows["level"] == "meta-analysis"
    trials = rows[~meta]
    split = pooling.sharing(trials) if measure in pooling.FROM_COUNTS else ()
    found = pd.concat(
        [
            pooling.study_effects(trials, measure, split=split)[0],
            pooling.study_effects(rows[meta], "published")[0],
        ]
    )
    known = rows.drop_duplicates("row_id").set_index("row_id").loc[found.index]
    as_published = (known["level"] == "meta-analysis") | (measure in ("published", "rate"))
    found["interval"] = known["ci_type"].where(as_published & (known["ci_type"] != "95%"), "")
    for end in ("low", "high"):  # as printed, not as read for pooling
        found[end] = known[f"ci_{end}"].where(as_published, found[end])
    better = known["better_if"].where(as_published, "")
    counted_good = (known["events_are"] == "good") & ~as_published
    inverse = better.str.startswith("above") | counted_good
    ends = 1 / found.loc[inverse, ["high", "low"]].to_numpy()
    found.loc[inverse, ["low", "high"]] = ends
    found.loc[inverse, "effect"] = 1 / found.loc[inverse, "effect"]
    found["inverse"] = inverse
    return found, [row for row in rows["row_id"] if row not in found.index]


def _row_line(row, effects: pd.DataFrame, weights: pd.Series | None, several: bool) -> Line:
    found = effects.loc[row.row_id]
    name = f"{row.study}: {row.stratum}" if row.level == "subgroup" else row.study
    if several:
        name += f" ({row.outcome_group})"
    arms = [
        f"{events:g}/{n:g}" if events == events and n == n else ""
        for events, n in (
            (row.events_treated, row.n_treated),
            (row.events_control, row.n_control),
        )
    ]
    mark = f" {_DAGGER}" if row.from_memory else ""
    year = "" if str(row.year) in name else f" {row.year}"
    short = name.replace(f" {row.drug}:", ":")  # the heading or the title names the drug
    return Line(
        kind="published" if row.level == "meta-analysis" else "row",
        label=f"{_clip(short, _LONGEST - len(year + mark))}{year}{mark}",
        detail=f"{row.row_id}, {name}{year}",
        treated=arms[0] if all(arms) else "",
        control=arms[1] if all(arms) else "",
        effect=found["effect"],
        low=found["low"],
        high=found["high"],
        measure=found["measure"],
        inverse=bool(found["inverse"]),
        interval=found["interval"],
        weight=np.nan if weights is None else float(weights.get(row.row_id, np.nan)),
        randomised=row.design in ("RCT", "meta-analysis of RCTs"),
        recalled=bool(row.from_memory),
    )


def _pooled_line(pooled: Pooled, label: str, *, kind: str = "pooled") -> Line:
    return Line(
        kind=kind,
        label=f"{_clip(label)}, {pooled.model}, I² {pooled.i2:.0f}%",
        detail=f"{label}, {pooled.model} effects, {pooled.k} rows, I² {pooled.i2:.0f}%",
        effect=pooled.estimate,
        low=pooled.low,
        high=pooled.high,
        measure=pooled.measure,
        interval="" if pooled.interval == "95% interval" else "95% Hartung-Knapp",
        prediction=pooled.prediction,
    )


def _cumulative_lines(rows: pd.DataFrame, by: str, options: dict) -> tuple[list[Line], list[str]]:
    steps = pooling.cumulative(rows, by, **options)
    whole = pooling.pool(rows, **options)
    recalled = rows.set_index("row_id")["from_memory"]
    lines = [
        Line(
            kind="step",
            label=f"{'' if step.k == 1 else '+ '}{_clip(step.study)} {step.year}"
            + (f" {_DAGGER}" if recalled[row_id] else ""),
            detail=(
                f"{step.k} rows, with {step.study} {step.year}"
                if step.k > 1
                else f"{step.study} {step.year} alone"
            )
            + (f", {step.patients:,.0f} patients" if step.patients == step.patients else ""),
            control=f"{step.patients:,.0f}" if step.patients == step.patients else "",
            effect=step.estimate,
            low=step.low,
            high=step.high,
            measure=whole.measure,
            recalled=bool(recalled[row_id]),
        )
        for row_id, step in zip(steps.index, steps.itertuples(index=False), strict=True)
    ]
    return [*lines, _pooled_line(whole, "Pooled", kind="overall")], [whole.summary()]


def _try_pool(rows: pd.DataFrame, options: dict) -> tuple[Pooled | None, str]:
    if len(rows) < 2:
        return None, ""
    try:
        return pooling.pool(rows, **options), ""
    except ValueError as reason:
        return None, str(reason)


def _grouping(trials: pd.DataFrame) -> str | None:
    for column in ("design", "comparison", "drug_class", "drug"):
        if trials[column].nunique() > 1:
            return column
    return None


def _heading(name: str) -> str:
    words = _HEADINGS.get(name, name).replace("_", " ")
    return words[:1].upper() + words[1:]


def _clip(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def forest_title(rows: pd.DataFrame, cumulative: str | None = None) -> str:
    """Return what a forest plot of these rows shows, in words."""

    def one(column: str, several: str) -> str:
        names = rows[column].unique()
        return _heading(names[0]) if len(names) == 1 else several

    what = one("drug", one("drug_class", "Several classes of drugs"))
    order = {"date": ", one trial after the other", "size": ", from the smallest trial on"}
    outcome = in_sentence(one("outcome_group", "several outcomes"))
    return f"{what}: {outcome}{order.get(cumulative, '')}"


# ---- drawing ------------------------------------------------------------------------------------


def _limits(lines: Sequence[Line]) -> tuple[float, float]:
    ends = [end for line in lines for end in (line.low, line.high, line.effect) if end == end]
    (_, ticks), *_ = _TICKS
    low = max([tick for tick in ticks[:-1] if tick <= min(*ends, 0.5)], default=ticks[0])
    high = min([tick for tick in ticks if tick >= max(*ends, 2)], default=ticks[-1])
    return low * 0.97, high * 1.03


def _draw_line(ax: Axes, y: int, line: Line, heaviest: float) -> None:
    if line.kind == "heading":
        return
    low, high = ax.get_xlim()
    ends = float(np.clip(line.low, low, high)), float(np.clip(line.high, low, high))
    if line.kind in ("pooled", "overall", "published"):
        filled = line.kind != "published"
        color = theme.CURVES[1] if filled else theme.INK
        middle = float(np.clip(line.effect, *ends))
        corners = [(ends[0], y), (middle, y - 0.36), (ends[1], y), (middle, y + 0.36)]
        ax.add_patch(Polygon(corners, closed=True, facecolor=color if filled else "none",
                             edgecolor=color, linewidth=1.3, zorder=4))  # fmt: skip
        if line.prediction:
            ax.plot(np.clip(line.prediction, low, high), [y, y], color=color, linewidth=1.2,
                    linestyle="-", zorder=3)  # fmt: skip
        return
    color = theme.CURVES[0]
    ax.plot(ends, [y, y], color=color, linewidth=1.4, zorder=2, solid_capstyle="butt")
    for end, beyond, mark in ((ends[0], line.low < low, "<"), (ends[1], line.high > high, ">")):
        if beyond:
            ax.plot([end], [y], mark, color=color, markersize=5, clip_on=False, zorder=3)
    if low <= line.effect <= high:
        # the area of the square is the weight
        share = line.weight / heaviest if line.weight > 0 else _NO_WEIGHT
        size = 3.2 + 8.3 * share**0.5
        face = color if line.randomised else "none"
        shape = "o" if line.kind == "step" else "s"
        ax.plot([line.effect], [y], shape, color=color, markerfacecolor=face, markersize=size,
                markeredgewidth=1.4, zorder=5)  # fmt: skip


def _write_line(figure: Picture, ax: Axes, y: int, line: Line) -> None:
    bold = {"fontweight": "bold"} if line.kind in ("heading", "pooled", "overall") else {}
    place = ax.get_position()
    rows = ax.get_ylim()[0] + 0.5
    at = place.y0 + place.height * (1 - (y + 0.5) / rows)
    middle = {"va": "center", "fontsize": _TEXT}
    indent = 0.0 if line.kind in ("heading", "pooled", "overall") else 0.012
    figure.text(_LABELS + indent, at, line.label, **middle, **bold)
    if line.kind == "heading":
        return
    figure.text(_TREATED, at, line.treated, ha="right", **middle)
    figure.text(_CONTROL, at, line.control, ha="right", **middle)
    figure.text(_EFFECT, at, line.numbers, **middle, **bold)
    if line.weight > 0:
        figure.text(_WEIGHT, at, f"{line.weight:.1f}%", ha="right", **middle)
    elif line.interval:
        figure.text(_WEIGHT, at, line.interval.replace("Hartung-Knapp", "HK"), ha="right",
                    va="center", fontsize=_SMALL, color=theme.MUTED)  # fmt: skip


def _captions(figure: Picture, ax: Axes, height: float, title: str, lines: Sequence[Line]) -> None:
    def at(inches_from_top: float) -> float:
        return 1 - inches_from_top / height

    head = {"fontsize": _SMALL, "color": theme.MUTED, "va": "center"}
    steps = any(line.kind == "step" for line in lines)
    figure.text(_LABELS, at(0.2), textwrap.shorten(title, 95, placeholder=" …"), fontsize=12,
                fontweight="bold", va="center")  # fmt: skip
    figure.text(_LABELS, at(0.53), "trial, year", **head)
    if not steps:
        figure.text(_TREATED, at(0.53), "treated", ha="right", **head)
    figure.text(_CONTROL, at(0.53), "patients" if steps else "control", ha="right", **head)
    figure.text(_EFFECT, at(0.53), "ratio (95% interval)", **head)
    if any(line.weight > 0 for line in lines):
        figure.text(_WEIGHT, at(0.53), "weight", ha="right", **head)
    below = ax.get_position().y0
    one = ax.transData.transform((1, 0))[0] / (_WIDTH * 100)
    sides = {"fontsize": _SMALL, "va": "center"}
    figure.text(one - 0.008, below - 0.42 / height, "◀ favours treatment", ha="right", **sides)
    figure.text(one + 0.008, below - 0.42 / height, "favours control ▶", ha="left", **sides)


def _signs(lines: Sequence[Line]) -> list[str]:
    """Explain the signs that are drawn, in lines that fit."""
    steps = any(line.kind == "step" for line in lines)
    signs = ["■ randomised, area = weight"] if not steps else ["● all trials so far, pooled"]
    if any(not line.randomised for line in lines):
        signs.append("□ not randomised")
    if any(line.kind in ("pooled", "overall") for line in lines):
        signs.append("◆ pooled")
    if any(line.prediction for line in lines):
        signs.append("line through ◆: where a new trial's effect would lie")
    if any(line.kind == "published" for line in lines):
        signs.append("◇ published meta-analysis")
    if any(line.recalled for line in lines):
        signs.append(f"{_DAGGER} from memory, not seen in a source")
    if any(line.inverse for line in lines):
        signs.append("1/OR: inverse, so that left is better")
    whole = " · ".join(sign.replace(" ", _TIED) for sign in signs)
    return [line.replace(_TIED, " ") for line in textwrap.wrap(whole, _MOST_SIGNS)]


def _explain(figure: Picture, height: float, signs: Sequence[str]) -> None:
    for i, line in enumerate(reversed(signs)):
        figure.text(_LABELS, (0.4 + _SIGNS * i) / height, line, fontsize=_SMALL, va="center")
    figure.text(_LABELS, 0.14 / height, _FOOTER, fontsize=_SMALL, color=theme.MUTED, va="center")
