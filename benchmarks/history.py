"""Ratios of earlier runs, and whether this one is worse.

Seconds belong to a machine and its hour; a ratio of two things that were measured in turns does
not. A ratio is compared with the median of its earlier values on the same kind of processor.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from statistics import median

from benchmarks.measures import Row

FILE = Path(__file__).with_name("history.csv")
COLUMNS = ("date", "processor", "python", "what", "better", "ratio")
WORSE = 0.20  # share by which a ratio may be worse than the median
FEWEST = 3  # earlier values that make a median worth anything
TRIES = 3  # a busy machine can spoil one


def ratios(rows: Iterable[Row]) -> Iterator[Row]:
    """Give the rows that can be compared with other days."""
    return (row for row in rows if row.unit == "x" and row.value == row.value)


def is_worse(now: float, earlier: list[float], better: str) -> bool:
    """Say whether a ratio is worse than it used to be.

    Parameters
    ----------
    now : float
    earlier : list of float
        With fewer than three nothing is said to be worse.
    better : {"higher", "lower"}
        Others' time to ours should be high, ours to a fixed task low.
    """
    if len(earlier) < FEWEST:
        return False
    usual = median(earlier)
    return now < usual * (1 - WORSE) if better == "higher" else now > usual * (1 + WORSE)


def read(processor: str, python: str, file: Path = FILE) -> dict[str, list[float]]:
    """Return the earlier ratios on a kind of processor and a Python, by what was measured."""
    found: dict[str, list[float]] = {}
    with file.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if (row["processor"], row["python"]) == (processor, python):
                found.setdefault(row["what"], []).append(float(row["ratio"]))
    return found


def append(rows: Iterable[Row], processor: str, python: str, file: Path = FILE) -> None:
    """Add the ratios of a run."""
    with file.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        for row in ratios(rows):
            line = (date.today(), processor, python, row.what, row.better, f"{row.value:.3g}")
            writer.writerow(line)


def worse(
    rows: Iterable[Row],
    earlier: dict[str, list[float]],
    again: Callable[[Row], Row],
) -> list[str]:
    """Say which ratios are worse than they used to be, also when they are measured again.

    Parameters
    ----------
    rows : iterable of Row
    earlier : dict
        See `read`.
    again : callable
        Measures a row once more.

    Returns
    -------
    list of str
        One sentence each.
    """
    said = []
    for row in ratios(rows):
        before = earlier.get(row.what, [])
        tries = [row.value]
        while is_worse(tries[-1], before, row.better) and len(tries) < TRIES:
            tries.append(again(row).value)
        if is_worse(tries[-1], before, row.better):
            values = ", ".join(f"{value:.3g}" for value in tries)
            said.append(
                f"{row.what}: {values}; the median of {len(before)} earlier runs is "
                f"{median(before):.3g}, and {row.better} is better."
            )
    return said
