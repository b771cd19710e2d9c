"""Comparison: several courses side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sized
from html import escape
from typing import TYPE_CHECKING, Any

from cytolearn import physiology
from cytolearn.simulation import reading
from cytolearn.simulation.course import Course
from cytolearn.wording import number, quantity

if TYPE_CHECKING:
    import pandas as pd


def compare(*courses: Any) -> Comparison:
    """Lay courses side by side.

    Parameters
    ----------
    *courses : Course or Patient
        Anything with ``.run()`` is run. Two with the same label are numbered.
    """
    if len(courses) == 1 and isinstance(courses[0], (list, tuple)):
        courses = tuple(courses[0])
    if not courses:
        raise ValueError("Give compare() at least one patient or course.")
    found = []
    for thing in courses:
        # What has a length is a population: it runs to a cohort, not to one course.
        runs = hasattr(thing, "run") and not isinstance(thing, (type, Sized))
        if not isinstance(thing, Course) and not runs:
            kind = thing.__name__ if isinstance(thing, type) else type(thing).__name__
            raise ValueError(f"compare() takes patients or courses; got {kind}.")
        found.append(thing if isinstance(thing, Course) else thing.run())
    return Comparison(tuple(found))


class Comparison:
    """Courses side by side: ``.plot()``, ``.table()``, ``.summary()``.

    Attributes
    ----------
    courses : tuple of Course
    labels : tuple of str
        Unique: repeated labels are numbered.
    """

    def __init__(self, courses: tuple[Course, ...]) -> None:
        self.courses = courses
        self.labels = _unique([course.label or "patient" for course in courses])

    def table(self, *readouts: str) -> pd.DataFrame:
        """Return one row a readout; for each course its extreme, the day and the area."""
        import pandas as pd

        symbols = readouts or tuple(physiology.readouts())
        parts = {
            label: course.table(*symbols)[["value", "day", "auc"]]
            for label, course in zip(self.labels, self.courses, strict=True)
        }
        table = pd.concat(parts, axis=1, names=["course", "measure"])
        rows = [reading.described()[s] for s in symbols]
        table.insert(0, ("", "unit"), [row["unit"] for row in rows])
        table.insert(0, ("", "extreme"), [_extreme(row) for row in rows])
        return table

    def summary(self, *readouts: str) -> str:
        """Say in words how each course differs from the first."""
        symbols = readouts or ("viral_load", "ifn", "il6", "alc", "lesion", "pf_ratio")
        first, *others = self.courses
        if not others:
            return first.summary()
        lines = []
        for label, course in zip(self.labels[1:], others, strict=True):
            parts = [_difference(s, course, first, self.labels[0]) for s in symbols]
            lines.append(f"{label[:1].upper()}{label[1:]}: {'; '.join(parts)}.")
        return " ".join(lines)

    def plot(self, *readouts: str, **options):
        """Draw the courses over each other (Matplotlib Figure)."""
        from cytolearn import figures  # upwards, for the reader's sake

        courses, labels = list(self.courses), list(self.labels)
        return figures.plot_courses(courses, readouts, labels=labels, **options)

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(self.labels)}>"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.summary())}</p>{self.table(*reading.MAIN).to_html(border=0)}"


def _extreme(row) -> str:
    return "nadir" if row["extreme"] == "min" else "peak"


def _unique(labels: list[str]) -> tuple[str, ...]:
    total, seen, unique = Counter(labels), Counter(), []
    for label in labels:
        seen[label] += 1
        unique.append(f"{label} ({seen[label]})" if total[label] > 1 else label)
    return tuple(unique)


def _difference(symbol: str, course: Course, first: Course, against: str) -> str:
    """Say one readout: 'IL-6 peaks at 54 pg/mL on day 9, 4.2 times higher than ...'."""
    here, there = reading.landmarks(course, symbol), reading.landmarks(first, symbol)
    name = here["name"].replace(", ", " in the ", 1)
    many = name.split(" in ")[0].split(" of ")[0].endswith("s")
    verb = {"peak": "peak", "nadir": "fall"}[here["extreme"]] + ("" if many else "s")
    verb += " at" if here["extreme"] == "peak" else " to"
    value, day = quantity(here["value"], here["unit"], 2), reading.day_words(here["day"])
    size = f"{name} {verb} {value} on {day}"
    return f"{size}, {how_much(here, there)} and {how_late(here['day'] - there['day'])} {against}"


def how_much(here, there) -> str:
    """Say a change of size: 'about the same', '30% higher', '4.2 times higher'."""
    a, b = here["value"], there["value"]
    if here["unit"].startswith("log10"):
        gap = a - b
        return "about the same" if abs(gap) < 0.1 else f"{number(abs(gap), 2)} log10 {_up(gap)}"
    if min(a, b) <= 0:
        return "about the same" if a == b else _up(a - b)
    ratio = a / b
    if 1 / 1.05 < ratio < 1.05:
        return "about the same"
    if ratio >= 2:
        return f"{number(ratio, 2)} times higher"
    return f"{number(100 * abs(ratio - 1), 2)}% {_up(ratio - 1)}"


def _up(gap: float) -> str:
    return "higher" if gap > 0 else "lower"


def how_late(gap: float) -> str:
    """Say a change of day, up to the words 'than' or 'as': '3 days later than'."""
    gap = round(gap, 1)
    if gap == 0:
        return "on the same day as"
    unit = "day" if abs(gap) == 1 else "days"
    return f"{number(abs(gap))} {unit} {'later' if gap > 0 else 'earlier'} than"
