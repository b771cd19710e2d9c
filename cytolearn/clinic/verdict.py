"""One evaluator for every rule set: three answers, and no missing item is ever a silent no.

A rule set (rule_sets.csv) is a sum of groups; a group (rules.csv) scores its best part; all items
of one part must be met. A missing value could be anything, so each item, group and total has a
lowest and a highest possible score: the verdict is given only where both ends agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from numbers import Real
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cytolearn.clinic.labs import choices, convert, readouts, say
from cytolearn.physiology.tables import read_table
from cytolearn.wording import in_sentence, listing, number, quantity, unknown

if TYPE_CHECKING:
    import pandas as pd

_WORDS = {">": "above", ">=": "at least", "<": "below", "<=": "at most"}
_SAME = 1e-9  # relative: 4.6 mg/dL and 46 mg/L are the same number after conversion


@cache
def rule_sets() -> dict[str, dict[str, str]]:
    """Return the rows of rule_sets.csv, by name."""
    return {row["rule_set"]: row for row in read_table(__package__, "rule_sets.csv")}


@cache
def rows_of(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of rules.csv of one rule set."""
    return tuple(r for r in read_table(__package__, "rules.csv") if r["rule_set"] == name)


@cache
def limits() -> dict[str, float]:
    """Return the limits of normal that rules refer to, in the unit of the readout."""
    return {
        row["reference"]: float(row["reference_value"])
        for row in read_table(__package__, "rules.csv")
        if row["reference"]
    }


def threshold(row: Mapping[str, str], own: Mapping[str, float] | None = None) -> float:
    """Return the limit of one item, in the readout's own unit.

    Parameters
    ----------
    row : mapping
        A row of rules.csv.
    own : mapping of str to float, optional
        The reader's laboratory limits, instead of those of the table.
    """
    if row["reference"]:
        limit = (own or {}).get(row["reference"], float(row["reference_value"]))
        return float(row["threshold"]) / 100 * limit
    if row["readout"] in readouts():
        known = readouts()[row["readout"]]
        if known["kind"] != "number":
            return choices(known)[row["threshold"]]
        return convert(row["readout"], float(row["threshold"]), row["unit"])
    return float(row["threshold"])


def item_words(row: Mapping[str, str], own: Mapping[str, float] | None = None) -> str:
    """Say one item: 'Ferritin above 6,000 ng/mL'."""
    if row["operator"] == "=":
        return f"{readouts()[row['readout']]['name']}: {row['threshold']}"
    if row["readout"] == "count":
        return f"{row['group_name']} in at least {row['threshold']} {row['unit']}"
    name = readouts()[row["readout"]]["name"]
    known = readouts()[row["readout"]]
    if known["kind"] == "choice":
        words = (word for word, n in choices(known).items() if n >= threshold(row))
        return f"{name}: {listing(words, 'or')}"
    limit = quantity(threshold(row, own), known["unit"], 4)
    if not row["reference"] and threshold(row) != float(row["threshold"]):
        limit = f"{quantity(float(row['threshold']), row['unit'], 4)} ({limit})"
    return f"{name} {_WORDS[row['operator']]} {limit}"


def _compare(values: np.ndarray, operator: str, limit: float) -> np.ndarray:
    """Return 1 met, 0 not met, NaN missing."""
    same = np.isclose(values, limit, rtol=_SAME, atol=0)
    if operator == "=":
        met = same
    elif operator[0] == ">":
        met = (values > limit) & ~same
    else:
        met = (values < limit) & ~same
    if operator.endswith("="):
        met |= same
    return np.where(np.isnan(values), np.nan, met)


class Evaluation(NamedTuple):
    """What a rule set makes of many panels; lowest and highest possible, shape (patients,)."""

    low: np.ndarray
    high: np.ndarray
    cutoff: float
    groups: dict[str, tuple[np.ndarray, np.ndarray]]
    items: list[tuple[dict[str, str], np.ndarray]]  # row, met (1, 0 or NaN)

    @property
    def verdict(self) -> np.ndarray:
        """1 yes, 0 no, NaN cannot be decided."""
        return np.where(
            self.low >= self.cutoff, 1.0, np.where(self.high < self.cutoff, 0.0, np.nan)
        )


def evaluate(
    name: str,
    data: Mapping[str, np.ndarray],
    n: int,
    own: Mapping[str, float] | None = None,
) -> Evaluation:
    """Apply one rule set to `n` panels at once.

    Parameters
    ----------
    name : str
        Rule set, a row of rule_sets.csv.
    data : mapping of str to ndarray, shape (n,)
        Values in the stated units of labs.csv; NaN, or no entry, where one is missing.
    n : int
        Number of panels.
    own : mapping of str to float, optional
        Laboratory limits, see `limits`.

    Raises
    ------
    ValueError
        An unknown limit or one that is not above 0.
    """
    for limit, value in (own or {}).items():
        if limit not in limits():
            raise ValueError(unknown("laboratory limit", limit, limits()))
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 < value < np.inf:
            raise ValueError(f"{limit} is a number above 0; you gave {value!r}.")
    missing = np.full(n, np.nan)
    items, counted = [], {}
    for row in rows_of(name):
        if row["readout"] == "count":
            low, high = counted[row["group"]]
            met = _compare(low, row["operator"], float(row["threshold"]))
            could = _compare(high, row["operator"], float(row["threshold"]))
            met = np.where(met == could, met, np.nan)
        else:
            values = data.get(row["readout"], missing)
            met = _compare(values, row["operator"], threshold(row, own))
        if not row["points"]:  # counted, not scored
            low, high = counted.get(row["group"], (np.zeros(n), np.zeros(n)))
            counted[row["group"]] = (low + (met == 1), high + (met != 0))
        items.append((row, met))
    groups = {}
    for group in dict.fromkeys(row["group"] for row, _ in items):
        parts: dict[str, list] = {}
        for row, met in items:
            if row["group"] == group and row["points"]:
                parts.setdefault(row["part"], []).append((float(row["points"]), met))
        low, high = np.zeros(n), np.zeros(n)
        for part in parts.values():
            points = max(p for p, _ in part)
            met = np.stack([m for _, m in part])
            low = np.maximum(low, points * (met == 1).all(axis=0))
            high = np.maximum(high, points * (met != 0).all(axis=0))
        groups[group] = (low, high)
    low, high = (sum(ends[i] for ends in groups.values()) for i in (0, 1))
    return Evaluation(low, high, float(rule_sets()[name]["cutoff"]), groups, items)


@dataclass(frozen=True)
class Verdict:
    """What one rule set says about one panel.

    Attributes
    ----------
    rule_set, title : str
    verdict : bool or None
        True, False, or None: cannot be decided.
    label : str
        The verdict in the rule's own words; for a classification, the class.
    points, most : float
        Scored for certain, and possible if every missing item were met. Equal when nothing
        that matters is missing.
    cutoff, highest : float
        Points from which on the rule is positive, and the highest of the rule.
    met, not_met : tuple of str
        Items in words.
    missing : tuple of str
        Names of the readouts that were not measured and would change the points.
    assumed : tuple of str
        Values that were assumed or inferred, not measured.
    probability : float or None
        HScore only: probability of a haemophagocytic syndrome, 0 to 1, where points are certain.
    """

    rule_set: str
    title: str
    verdict: bool | None
    label: str
    points: float
    most: float
    cutoff: float
    highest: float
    met: tuple[str, ...]
    not_met: tuple[str, ...]
    missing: tuple[str, ...]
    assumed: tuple[str, ...] = ()
    probability: float | None = None
    _items: tuple[dict, ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        raise ValueError(
            "A verdict has three answers: yes, no and 'cannot be decided'. Ask "
            "result.verdict is True, is False or is None."
        )

    @property
    def sentence(self) -> str:
        """The verdict in one or two sentences."""
        row = rule_sets()[self.rule_set]
        so_far = ""
        if row["kind"] != "class":
            counts = row["counts"] or "points"
            reach = f" so far, {number(self.most)} at most" if self.most > self.points else ""
            so_far = f"{number(self.points)} {counts}{reach}; positive from {row['cutoff']} on"
        needs = listing(in_sentence(name) for name in self.missing)
        if self.verdict is None:
            so_far = f" ({so_far})" if so_far else ""
            return f"{self.title} cannot be decided: needs {needs}{so_far}."
        words = f"{self.title}: {self.label}" + (f" ({so_far})" if so_far else "")
        if self.probability is not None:
            words += f", probability {percent(self.probability)}"
        if self.missing:
            unsure = "the class is open" if " or " in self.label else "it could not change this"
            return f"{words}. Not measured: {needs}; {unsure}."
        return f"{words}."

    def summary(self) -> str:
        """Return the sentence, what was met, and what was assumed."""
        words = [self.sentence]
        for title, items in (("Met", self.met), ("Assumed, not measured", self.assumed)):
            if items:
                words.append(f"{title}: {'; '.join(in_sentence(item) for item in items)}.")
        return " ".join(words)

    @property
    def items(self) -> pd.DataFrame:
        """One row an item: group, item, value, met (True, False or None), points, origin."""
        import pandas as pd

        return pd.DataFrame(list(self._items))

    def __str__(self) -> str:
        return self.summary()


def percent(probability: float) -> str:
    """Say a probability as its source does: '<1%', '54%', '>99%'."""
    if probability <= 0.005 or probability >= 0.995:  # would be rounded to 0 and 100
        return "<1%" if probability < 0.5 else ">99%"
    return f"{probability * 100:.0f}%"


def judge(
    name: str,
    values: Mapping[str, float],
    origin: Mapping[str, str],
    own: Mapping[str, float] | None = None,
) -> Verdict:
    """Apply one rule set to one panel.

    Parameters
    ----------
    name : str
        Rule set.
    values, origin : mapping of str
        Values in the stated units, and where each comes from.
    own : mapping of str to float, optional
        The reader's laboratory limits, see `limits`.
    """
    row = rule_sets()[name]
    done = evaluate(name, {s: np.array([v]) for s, v in values.items()}, 1, own)
    code = done.verdict[0]
    low, high = float(done.low[0]), float(done.high[0])
    if row["kind"] == "class":
        low, high = min(low, done.cutoff), min(high, done.cutoff)
    verdict = None if np.isnan(code) else bool(code)
    best: dict[str, str] = {}  # of several limits of one readout, the highest that was met
    not_met, items = {}, []
    for item, met in done.items:
        state, symbol = met[0], item["readout"]
        key = item["group"] + ("" if symbol == "count" else symbol)
        words = item_words(item, own)
        if state == 1:
            best[key] = words
        elif state == 0:
            not_met.setdefault(key, words)
        items.append(
            {
                "group": item["group_name"],
                "item": words,
                "value": say(symbol, values[symbol], name=False) if symbol in values else "",
                "met": None if np.isnan(state) else bool(state),
                "points": float(item["points"]) if item["points"] else None,
                "origin": origin.get(symbol, ""),
            }
        )
    used = [s for s in dict.fromkeys(item["readout"] for item, _ in done.items) if s in values]
    certain = row["logit_slope"] and low == high
    return Verdict(
        rule_set=name,
        title=row["title"],
        verdict=verdict,
        label=_label(row, verdict, done),
        points=low,
        most=high,
        cutoff=done.cutoff,
        highest=float(row["highest"]),
        met=tuple(best.values()),
        not_met=tuple(words for key, words in not_met.items() if key not in best),
        missing=_missing(row, done),
        assumed=tuple(
            f"{say(s, values[s])} ({origin[s]})" if origin[s] == "inferred" else say(s, values[s])
            for s in used
            if origin.get(s) in ("assumed", "inferred")
        ),
        probability=probability(low) if certain else None,
        _items=tuple(items),
    )


def _label(row: Mapping[str, str], verdict: bool | None, done: Evaluation) -> str:
    if verdict is None:
        return "cannot be decided"
    if row["kind"] != "class" or verdict is False:
        return row["positive"] if verdict else row["negative"]
    # the first class that is certain; those before it that are possible stay open
    names = {item["group"]: item["group_name"] for item, _ in done.items}
    open_classes = []
    for group, (low, high) in done.groups.items():
        if high[0]:
            open_classes.append(names[group])
        if low[0]:
            break
    return listing(open_classes, "or")


def _missing(row: Mapping[str, str], done: Evaluation) -> tuple[str, ...]:
    """Return the unmeasured readouts of groups whose points are open."""
    certain = False  # a class before is certain: what follows does not matter
    names = []
    for group, (low, high) in done.groups.items():
        if low[0] < high[0] and not certain:
            names += [
                readouts()[item["readout"]]["name"]
                for item, met in done.items
                if item["group"] == group and item["readout"] != "count" and np.isnan(met[0])
            ]
        certain = certain or (row["kind"] == "class" and bool(low[0]))
    return tuple(dict.fromkeys(names))


def probability(points: float) -> float:
    """Return the probability of a haemophagocytic syndrome at an HScore.

    A logistic curve fitted by us to the published table, within one percentage point of it.
    """
    row = rule_sets()["hscore"]
    return float(
        1 / (1 + np.exp(-(float(row["logit_intercept"]) + float(row["logit_slope"]) * points)))
    )
