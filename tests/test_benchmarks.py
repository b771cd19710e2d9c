"""The judge of the benchmarks: when is a ratio worse than it used to be?"""

from __future__ import annotations

import csv
import math

import pytest

from benchmarks import history
from benchmarks.measures import Row

BEFORE = [9.0, 10.0, 11.0]  # the median is 10


@pytest.mark.parametrize(
    ("now", "better", "worse"),
    [
        (8.1, "higher", False),
        (7.9, "higher", True),
        (20, "higher", False),
        (11.9, "lower", False),
        (12.1, "lower", True),
        (1, "lower", False),
    ],
)
def test_a_fifth_off_the_median_is_worse(now, better, worse):
    assert history.is_worse(now, BEFORE, better) == worse


def test_two_earlier_runs_prove_nothing():
    assert not history.is_worse(0.1, BEFORE[:2], "higher")


def test_only_a_ratio_that_is_worse_every_time_is_reported():
    rows = [Row("engine", 5, "x"), Row("peer", 7, "x"), Row("new", 1, "x"), Row("solve", 99, "ms")]
    asked = []

    def again(row: Row) -> Row:
        asked.append(row.what)
        return row._replace(value=10 if row.what == "peer" else row.value + 1)

    said = history.worse(rows, {"engine": BEFORE, "peer": BEFORE}, again)
    assert said == ["engine: 5, 6, 6; the median of 3 earlier runs is 10, and higher is better."]
    assert asked.count("engine") == history.TRIES - 1
    assert asked.count("peer") == 1


def test_history_keeps_processors_and_pythons_apart(tmp_path):
    file = tmp_path / "history.csv"
    file.write_text(",".join(history.COLUMNS) + "\n", encoding="utf-8")
    rows = [Row("peer", 10.04, "x"), Row("absent", math.nan, "x"), Row("solve", 3, "ms")]
    history.append(rows, "A, 2 cores", "3.12", file)
    history.append([Row("peer", 4, "x")], "B", "3.12", file)
    history.append([Row("peer", 5, "x")], "A, 2 cores", "3.13", file)
    assert history.read("A, 2 cores", "3.12", file) == {"peer": [10.0]}
    assert history.read("C", "3.12", file) == {}


def test_the_file_of_the_project_can_be_read():
    with history.FILE.open(encoding="utf-8", newline="") as stream:
        table = csv.DictReader(stream)
        rows = list(table)
    assert tuple(table.fieldnames) == history.COLUMNS
    assert all(float(row["ratio"]) > 0 and row["better"] in {"higher", "lower"} for row in rows)
