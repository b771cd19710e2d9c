"""Judge a learner's answer: read it kindly, compare it with the model, recognise a mistake.

Nothing here raises because of what a learner typed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from cytolearn.wording import listing, nearest, quantity


@dataclass(frozen=True)
class Expected:
    """What the model says of a task.

    Attributes
    ----------
    value : float, str or frozenset of str
        The right answer.
    mistakes : dict
        What the usual mistakes give, by the id that content.toml has feedback for.
    facts : dict of str
        Numbers and words for the feedback, as text.
    """

    value: Any
    mistakes: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What came of an answer.

    Attributes
    ----------
    outcome : {"unanswered", "unreadable", "right", "wrong"}
    answer : JSON value
        The answer as it was understood.
    message : str
        For unreadable answers what to do; else empty.
    mistake : str
        Id of the recognised mistake, or "".
    """

    outcome: str
    answer: Any = None
    message: str = ""
    mistake: str = ""


def judge(given: Any, expected: Expected, task: Mapping[str, Any]) -> Verdict:
    """Compare an answer with the model.

    Parameters
    ----------
    given : anything
        What the learner passed; ``...`` and None mean "not yet".
    expected : Expected
        The model's answer and what the usual mistakes give.
    task : mapping
        ``kind`` ("number", "choice" or "set"), ``unit``, ``tolerance`` (absolute),
        ``relative_tolerance``, ``choices``.
    """
    if given is None or given is ... or (isinstance(given, str) and not given.strip(". ")):
        return Verdict("unanswered")
    value, problem = _READERS[task.get("kind", "number")](given, task)
    if problem:
        return Verdict("unreadable", answer=_short(given), message=problem)
    if _same(value, expected.value, task):
        return Verdict("right", answer=_plain(value))
    near = [
        (_distance(value, wrong), name)
        for name, wrong in expected.mistakes.items()
        if _same(value, wrong, task) or _printed(value, wrong)
    ]
    return Verdict("wrong", answer=_plain(value), mistake=min(near)[1] if near else "")


def read_number(given: Any, task: Mapping[str, Any]) -> tuple[float, str]:
    """Return the number in an answer and "", or NaN and what to do about it."""
    unit = task.get("unit", "")
    in_unit = f", in {unit}" if unit else ""
    given = _only_item(given)
    if isinstance(given, bool):
        return math.nan, f"You gave {given}. This task asks for a number{in_unit}."
    if isinstance(given, str):
        number = re.search(r"[-+]?\d[\d,]*\.?\d*(?:[eE][-+]?\d+)?", given)
        if not number:
            text = _short(given)
            return math.nan, f"You gave the text {text!r}. This task asks for a number{in_unit}."
        alone = number.group().rstrip(",.")
        bare = alone.replace(",", "")
        if alone != given.strip():
            return math.nan, f"Give the number alone, without quotes, unit or words: {bare}."
        given = float(bare)
    if isinstance(given, Real):
        try:
            value = float(given)
        except OverflowError:  # a whole number with hundreds of digits
            value = math.inf
        if math.isnan(value):
            return value, (
                "Your value is not a number (NaN). Something before it was empty: check its parts."
            )
        if math.isinf(value):
            return value, (
                "Your value is infinite. Did you divide by zero, or take ten to a very large power?"
            )
        return value, ""
    size = _size(given)
    if size is not None:
        hint = "The largest, the smallest or one day? Pick one, as in .max(), .min() or [day]."
        return math.nan, f"You gave {size} values; this task asks for one number{in_unit}. {hint}"
    kind = type(given).__name__
    return math.nan, f"You gave an object of kind {kind}; this task asks for one number{in_unit}."


def read_choice(given: Any, task: Mapping[str, Any]) -> tuple[str, str]:
    """Return the choice in an answer and "", or "" and what to do about it."""
    given = _only_item(given)
    choices = list(task["choices"])
    if not isinstance(given, str):
        how = "a list" if task.get("kind") == "set" else "one"
        return "", f"Answer with {how} of these words, in quotes: {listing(choices, 'or')}."
    word = given.strip().lower().replace(" ", "_").replace("-", "_")
    if word in choices:
        return word, ""
    near = nearest(word, choices, n=1)
    better = f" Did you mean '{near[0]}'?" if near else ""
    return "", f"'{_short(given)}' is none of the choices: {listing(choices, 'or')}.{better}"


def read_set(given: Any, task: Mapping[str, Any]) -> tuple[frozenset[str], str]:
    """Return the set of choices in an answer and "", or an empty set and what to do about it."""
    words = [word for word in given.split(",") if word.strip()] if isinstance(given, str) else given
    if isinstance(words, Mapping) or not isinstance(words, Iterable):
        names = ", ".join(f'"{choice}"' for choice in list(task["choices"])[:2])
        return frozenset(), f"Answer with a list of names in quotes: [{names}], or [] for none."
    found = []
    for word in words:
        choice, problem = read_choice(word, task)
        if problem:
            return frozenset(), problem
        found.append(choice)
    return frozenset(found), ""


_READERS = {"number": read_number, "choice": read_choice, "set": read_set}


def off_by(given: float, right: float, unit: str = "") -> str:
    """Say how far an unrecognised number is off, without giving the answer away.

    A day is early or late; by which factor means nothing, for its zero is arbitrary.

    >>> off_by(30.0, 10.0), off_by(1.0, 3.0, "days after the first symptom")
    ('Your value is too large, by more than a factor of two.', 'Your day is too early.')
    """
    if unit.startswith(("day after", "days after")):
        near = "close, but " if abs(given - right) <= 1 else ""
        return f"Your day is {near}too {'late' if given > right else 'early'}."
    if given * right < 0 and abs(right) > 1e-9 and unit != "d":
        return "Your value has the wrong sign."
    if given * right < 0:
        return "Your value has the wrong sign." if abs(given - right) > 2 else "You are close."
    small, large = sorted((abs(given), abs(right)))
    direction = "too large" if given > right else "too small"
    if small == 0:
        return f"Your value is {direction}."
    if large / small > 2:
        factor = "ten" if large / small > 10 else "two"
        return f"Your value is {direction}, by more than a factor of {factor}."
    return f"You are near, but your value is {direction}."


def off_by_members(given: Iterable[str], right: Iterable[str]) -> str:
    """Say how many names of a set are missing and how many do not belong, but not which.

    >>> off_by_members(["a", "b"], ["a", "c", "d"])
    'Of the right ones 2 are missing; 1 of yours does not belong.'
    """
    missing, extra = len(set(right) - set(given)), len(set(given) - set(right))
    parts = []
    if missing:
        parts.append(f"of the right ones {missing} {'is' if missing == 1 else 'are'} missing")
    if extra:
        parts.append(f"{extra} of yours {'does' if extra == 1 else 'do'} not belong")
    words = "; ".join(parts)
    return f"{words[:1].upper()}{words[1:]}."


def in_words(value: Any, unit: str = "") -> str:
    """Write an expected or given answer for a reader."""
    if isinstance(value, (frozenset, set, list, tuple)):
        return listing(sorted(map(str, value))) or "none of them"
    if isinstance(value, str):
        return value
    return quantity(value, unit)


def _only_item(given: Any) -> Any:
    """Unwrap arrays, Series and lists of one item; leave everything else as it is."""
    if isinstance(given, (str, bytes, Mapping, Real)):
        return given
    try:
        if hasattr(given, "item") and _size(given) in (1, None):
            return given.item()
        if _size(given) == 1:
            return next(iter(given))
    except Exception:  # a stranger's object may do anything; it is then judged as it is
        pass
    return given


def _size(given: Any) -> int | None:
    if isinstance(given, (str, bytes)):
        return None
    for attribute in ("size", "__len__"):
        try:
            size = getattr(given, attribute)
            return int(size() if callable(size) else size)
        except Exception:  # see _only_item
            continue
    return None


def _same(given: Any, wanted: Any, task: Mapping[str, Any]) -> bool:
    if isinstance(wanted, Real):
        if not math.isfinite(wanted):
            return False
        margin = max(task.get("tolerance", 0.0), task.get("relative_tolerance", 0.0) * abs(wanted))
        return abs(given - wanted) <= margin + 1e-9 * abs(wanted)
    return given == wanted


def _printed(given: Any, wanted: Any) -> bool:
    """Whether a number is another one as a cell prints it: rounded, to two digits or more."""
    if not (isinstance(given, Real) and isinstance(wanted, Real) and math.isfinite(wanted)):
        return False
    text = f"{float(given):.15g}"
    if "e" in text or len(text.lstrip("-0.").replace(".", "")) < 2:
        return False
    return abs(given - wanted) <= 0.5 * 10.0 ** -len(text.partition(".")[2]) * (1 + 1e-9)


def _distance(given: Any, wanted: Any) -> float:
    return abs(given - wanted) if isinstance(wanted, Real) else 0.0


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value


def _short(given: Any, longest: int = 60) -> str:
    try:
        text = str(given)
    except Exception:  # see _only_item
        text = f"an object of kind {type(given).__name__}"
    return text if len(text) <= longest else text[: longest - 1] + "…"
