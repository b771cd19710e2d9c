"""Checks that teach: one door for numbers that a reader typed, one warning for odd choices."""

from __future__ import annotations

import builtins
import math
import sys
import warnings
from numbers import Real

from cytolearn.wording import out_of_range, quantity


class TeachingWarning(UserWarning):
    """Something legal but unusual: the run goes on, and the reader is told why to think twice."""


def warn(message: str) -> None:
    """Warn the reader at the line of the reader's own code, whatever the depth of ours."""
    level, frame = 1, sys._getframe()
    while frame.f_back and str(frame.f_globals.get("__name__", "")).startswith("cytolearn"):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, TeachingWarning, stacklevel=level)


_formatted, _shown = warnings.formatwarning, warnings.showwarning


def _readable(message, category, filename, lineno, line=None) -> str:
    """Show our warnings as one sentence, without the path of a kernel's temporary file.

    A path would frighten readers and differ from run to run, so that no notebook could be
    rebuilt byte for byte. Everybody else's warnings look as always.
    """
    if issubclass(category, TeachingWarning):
        return f"Worth a thought: {message}\n"
    return _formatted(message, category, filename, lineno, line)


def _calmly(message, category, filename, lineno, file=None, line=None) -> None:
    """Print our warnings among the results of a notebook's cell: on red they look like an error."""
    in_notebook = hasattr(builtins, "get_ipython")
    if file is None and in_notebook and issubclass(category, TeachingWarning):
        file = sys.stdout
    _shown(message, category, filename, lineno, file, line)


warnings.formatwarning, warnings.showwarning = _readable, _calmly


def checked_number(
    name: str, given: object, low: float, high: float, unit: str = "", reason: str = ""
) -> float:
    """Return `given` as a float, or say what is wrong with it.

    Parameters
    ----------
    name : str
        What the number means, in words, with its symbol if it has one.
    given : object
        What the reader wrote. Truth values, text, arrays and NaN are refused.
    low, high : float
        Allowed range, ends included, in `unit`.
    unit : str
        Unit of the number; "" if it has none.
    reason : str
        Sentence that follows the range, e.g. what the number means.

    Raises
    ------
    ValueError
        Not a finite number, or outside the range. Names the range, the unit and the reason.
    """
    wanted = f"{name} must be a number between {low:g} and {quantity(high, unit)}"
    if given is None:
        raise ValueError(f"{wanted}; you gave nothing (None). {reason}".strip())
    if isinstance(given, bool) or not isinstance(given, Real):
        shown = repr(given)
        shown = shown if len(shown) <= 40 else f"{shown[:37]}..."
        kind = type(given).__name__
        raise ValueError(f"{wanted}; you gave {shown} ({kind}), not a number. {reason}".strip())
    try:
        value = float(given)
    except (OverflowError, ValueError):
        value = math.inf
    if math.isnan(value):
        raise ValueError(f"{wanted}; you gave NaN (not a number). {reason}".strip())
    if not low <= value <= high:
        raise ValueError(out_of_range(name, value, low, high, unit, reason))
    return value


def plain(value: float) -> str:
    """Write a number as code that gives the same number back: 4, not 4.0."""
    return (
        str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
    )
