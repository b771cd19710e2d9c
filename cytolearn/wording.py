"""How cytolearn speaks: friendly numbers and errors that name the nearest valid word."""

from __future__ import annotations

import math
from collections.abc import Iterable
from difflib import get_close_matches


def unknown(kind: str, given: object, allowed: Iterable[str], *, show: int = 12) -> str:
    """Say that a name is unknown, and which valid one lies nearest.

    Parameters
    ----------
    kind : str
        What was asked for, in words: "readout", "preset", "treatment" ...
    given : object
        What the reader wrote.
    allowed : iterable of str
        Every valid name.
    show : int, default 12
        With no name near, this many valid names are listed at most.

    Returns
    -------
    str
        One or two sentences, to be raised by the caller as ``ValueError``.

    Examples
    --------
    >>> unknown("preset", "mld", ["mild", "severe"]), unknown("pinned run", "A", [])
    ("There is no preset 'mld'. Did you mean 'mild'?", "There is no pinned run 'A', or any other.")
    """
    names = [str(name) for name in allowed]
    if not names:
        return f"There is no {kind} '{given}', or any other."
    near = nearest(given, names)
    if near:
        return f"There is no {kind} '{given}'. Did you mean {' or '.join(repr(n) for n in near)}?"
    more = f" ... ({len(names)} in all)" if len(names) > show else ""
    return f"There is no {kind} '{given}'. Choose from: {', '.join(names[:show])}{more}."


def nearest(given: object, allowed: Iterable[str], *, n: int = 2) -> list[str]:
    """Return at most `n` valid names that look like `given`, the nearest first."""
    by_key = {}
    for name in allowed:
        by_key.setdefault(_key(name), str(name))
    matches = get_close_matches(_key(given), by_key, n=n, cutoff=0.6)
    return [by_key[match] for match in matches]


def _key(name: object) -> str:
    return str(name).lower().replace("-", "_").replace(" ", "_")


def number(value: float, digits: int = 3) -> str:
    """Write a number the way a person reads it: 3 significant digits, 12,300 not 1.23e+04.

    >>> number(12345.6), number(0.04567), number(2.0), number(0)
    ('12,300', '0.0457', '2', '0')
    """
    value = float(value)
    if math.isnan(value):
        return "not known"
    if math.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    if value == 0 or abs(value) < 1e-12:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude >= 7 or magnitude < -4:
        return f"{value:.{max(digits - 1, 0)}e}".replace("e+0", "e").replace("e-0", "e-")
    decimals = digits - 1 - magnitude
    text = f"{round(value, decimals):,.{max(decimals, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def unit_words(unit: str) -> str:
    """Return a unit as it is printed under a heading or on an axis.

    >>> unit_words("10^9/L"), unit_words("ug/mL FEU"), unit_words("fraction")
    ('10⁹/L', 'µg/mL FEU', 'share')
    """
    signs = {"ug/": "µg/", "/uL": "/µL", "10^9": "10⁹", "log10": "log₁₀", "deg ": "°"}
    for plain, sign in signs.items():
        unit = unit.replace(plain, sign)
    return {"fraction": "share", "0-1": "0 to 1"}.get(unit, unit)


def with_unit(text: str, unit: str) -> str:
    """Write the unit behind a number that is words already; what needs no unit gets none."""
    said = {"fraction": "", "ratio": "", "0-1": "", "x normal": "times normal", "d": "days"}
    unit = said.get(unit, unit_words(unit))
    return f"{text}{'' if unit.startswith('%') or not unit else ' '}{unit}"


def quantity(value: float, unit: str = "", digits: int = 3) -> str:
    """Write a number with its unit.

    >>> quantity(3.14159, "pg/mL"), quantity(42, "% of lung"), quantity(0.5, "fraction")
    ('3.14 pg/mL', '42% of lung', '0.5')
    """
    return with_unit(number(value, digits), unit)


def percent(share: float, digits: int | None = None) -> str:
    """Write a share in per cent, and never as 0% or 100% what is only nearly so.

    Parameters
    ----------
    share : float
        A fraction: 0.42 is 42%. More than 1 and less than 0 are written, too.
    digits : int, optional
        Significant digits. Default: whole per cents, with one decimal where a whole number would
        say nothing or everything.

    Examples
    --------
    >>> [percent(x) for x in (0.42, 0.005, 0.0001, 0, 0.996, 0.9999, 1)]
    ['42%', '0.5%', 'under 0.1%', '0%', '99.6%', 'just under 100%', '100%']
    >>> percent(0.0123, 2), percent(0.996, 2)
    ('1.2%', '99.6%')
    """
    value = 100 * float(share)
    if not math.isfinite(value):
        return number(value)
    whole = round(value)
    if abs(value - whole) < 1e-7:  # what a solver leaves of an exact 0 or 100
        value = whole
    text = f"{value:,.0f}" if digits is None else number(value, digits)
    if text in ("0", "-0", "100") and value != whole:
        text = f"{value:.1f}"
        if text in ("0.0", "-0.0", "100.0"):
            end = f"just {'under' if value < whole else 'over'} {whole}"
            text = "under 0.1" if 0 < value < 1 else end
    return f"{text}%"


def change_in_percent(change: float, digits: int = 2) -> str:
    """Write a relative change with its sign: 0.21 is a rise by 21%.

    >>> [change_in_percent(x) for x in (0.214, -0.0312, 0, -0.996, -0.99999)]
    ['+21%', '−3.1%', '0%', '−99.6%', '−100%']
    """
    said = percent(abs(change), digits)
    if said.startswith("just "):  # a sign and these words do not go together
        said = "100%"
    if math.isnan(change) or said == "0%":
        return said
    return f"{'+' if change > 0 else '−'}{said}"


def in_sentence(name: str) -> str:
    """Write a name as it stands inside a sentence; abbreviations keep their capitals.

    >>> in_sentence("Sensing delay"), in_sentence("IL-6 gain"), in_sentence("T-cell reserve")
    ('sensing delay', 'IL-6 gain', 'T-cell reserve')
    >>> in_sentence("Naive T-cell reserve"), in_sentence("D-dimer"), in_sentence("P/F ratio")
    ('naive T-cell reserve', 'D-dimer', 'P/F ratio')
    >>> in_sentence("Type-I interferon"), in_sentence("CD8 T cells")
    ('type-I interferon', 'CD8 T cells')
    """
    first = name.partition(" ")[0].partition("-")[0]
    digit = any(letter.isdigit() for letter in first)
    ordinary = first[1:].islower() and not digit
    return name[:1].lower() + name[1:] if ordinary else name


def listing(words: Iterable[str], last: str = "and") -> str:
    """Join words as in a sentence: 'a', 'a and b', 'a, b and c'."""
    words = [str(word) for word in words]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def out_of_range(
    name: str, given: float, low: float, high: float, unit: str = "", reason: str = ""
) -> str:
    """Say that a value is impossible, with the range, the unit and why.

    >>> out_of_range("Sensing delay", -2, 0, 10, "d")
    'Sensing delay must be between 0 and 10 days; you gave -2.'
    """
    span = f"{number(low)} and {quantity(high, unit)}"
    # 100.01 is not written as 100 where 100 is the limit; what is no number is written as typed
    same = not math.isfinite(given) or number(given) in (number(low), number(high))
    shown = f"{given:.12g}" if same else number(given)
    return f"{name} must be between {span}; you gave {shown}. {reason}".strip()
