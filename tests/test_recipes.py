"""CONTRIBUTING.md shows how to add a readout, a drug and a lesson. Here each is followed."""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from checkout import ROOT, copy_to

BLOCK = re.compile(r"^(?P<before>.*?)^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.M)


def recipe(title: str) -> Iterator[tuple[str, str, str]]:
    """Yield the blocks of a recipe: kind, the file that its introduction names last, text."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.M)
    for block in BLOCK.finditer(section):
        named = re.findall(r"In\s`(cytolearn/[\w./]+)`", block["before"])
        yield block["kind"], named[-1] if named else "", block["text"]


def add_rows(old: str, new: str) -> str:
    """Add rows to a table; a row of the wrong length is a mistake in the recipe."""
    width = len(next(csv.reader(io.StringIO(old))))
    assert {len(row) for row in csv.reader(io.StringIO(new))} == {width}
    return old + new


def add_equations(old: str, new: str) -> str:
    """Add equations at the end of the model; one for a name that has one replaces it."""
    for line in new.splitlines():
        name = re.match(r"\s*(\w+'?)\s*:?=", line)[1]
        old, count = re.subn(rf"^\s*{name}\s*:?=.*$", line, old, flags=re.M)
        if not count:
            old = re.sub(r"^end\b", f"{line}\nend", old, flags=re.M)
    return old


def change_lines(old: str, new: str) -> str:
    """Give names that a file sets another value, at their first place."""
    for line in new.splitlines():
        name = line.partition(" = ")[0]
        old, count = re.subn(rf"^{name} = .*$", line, old, count=1, flags=re.M)
        assert count == 1, f"{name} is not set in the file"
    return old


FOLLOW: dict[str, Callable[[str, str], str]] = {
    "csv": add_rows,
    "antimony": add_equations,
    "toml": change_lines,
    "cells": change_lines,
}


class Copy:
    """The package and its notebooks in a folder of its own, and a way to run things there."""

    def __init__(self, folder: Path):
        self.folder = copy_to(folder, under="cytolearn")
        (folder / "notebooks").mkdir()

    def end(self, *command: str) -> subprocess.CompletedProcess:
        """Run a command with this copy of the package, and return how it ended."""
        env = {**os.environ, "PYTHONPATH": str(self.folder)}
        return subprocess.run(
            command, cwd=self.folder, env=env, capture_output=True, text=True, check=False
        )

    def run(self, *command: str) -> None:
        """Run a command; what it says is shown if it fails."""
        done = self.end(*command)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"

    def follow(self, title: str) -> list[str]:
        """Do what a recipe says, block by block, and return the files that it changed."""
        files = []
        for kind, name, text in recipe(title):
            if kind == "python":
                self.run(sys.executable, "-c", text)
            elif kind == "bash":
                for line in text.splitlines():
                    words = line.split("#")[0].split()
                    own = [sys.executable, "-m", "cytolearn"]
                    self.run(*(own + words[1:] if words[0] == "cytolearn" else words))
            else:
                path = self.folder / name
                old = path.read_text(encoding="utf-8")
                new = FOLLOW[kind](old, text)
                assert new != old, name
                path.write_text(new, encoding="utf-8")
                files.append(name)
        return files


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


def fails_before(copy: Copy, title: str, error: str) -> None:
    """What a recipe ends with must not hold before it is followed."""
    last = [text for kind, _, text in recipe(title) if kind == "python"][-1]
    done = copy.end(sys.executable, "-c", last)
    assert done.returncode == 1
    assert re.match(error, done.stderr.splitlines()[-1])


def test_add_a_readout(copy):
    fails_before(copy, "Add a readout", "ValueError: .*viral_descent")
    files = copy.follow("Add a readout")
    assert [Path(name).name for name in files] == ["covid_patient.ant", "readouts.csv"]


def test_add_a_drug(copy):
    fails_before(copy, "Add a drug", "ValueError: .*tofacitinib")
    files = copy.follow("Add a drug")
    assert len(set(files)) == 5


@pytest.mark.slow
def test_add_a_lesson(copy):
    fails_before(copy, "Add or change a lesson", "AssertionError")
    files = copy.follow("Add or change a lesson")
    assert [Path(name).name for name in files] == ["content.toml", "notebook.py"]


@pytest.mark.parametrize(
    ("follow", "old", "new", "result"),
    [
        (add_rows, "a,b\n1,2\n", '"x,y",3\n', 'a,b\n1,2\n"x,y",3\n'),
        (add_equations, "model m\n  a := b;\nend\n", "  a := c;\n", "model m\n  a := c;\nend\n"),
        (add_equations, "model m\nend\n", "  a' = c;\n", "model m\n  a' = c;\nend\n"),
        (change_lines, 'id = "x"\n[a]\nid = "x"\n', 'id = "y"\n', 'id = "y"\n[a]\nid = "x"\n'),
    ],
)
def test_blocks_are_taken_as_the_page_says(follow, old, new, result):
    assert follow(old, new) == result


def test_a_row_that_is_too_short_is_a_mistake():
    with pytest.raises(AssertionError):
        add_rows("a,b\n", "1\n")
