"""The pictures of every lesson that the browser's tests take, and whether they are worth having.

``python tests/browser/pictures.py DIR`` says what is wrong with a folder of pictures, and fails if
anything is: one that is missing, blank, cut off, or in another theme than its name says.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

WIDTHS = (1024, 1440)
THEMES = ("light", "dark")
PAGE = "page"
MARGIN = 120  # pixels of the window beside the notebook, at most
BRIGHT, DARK = 200, 80  # of 255: what the paper of a light page exceeds, and of a dark one not
LEAST_INK = 0.005  # share of a picture that is not paper
MOST_PAPER = 700  # pixels of height with nothing new on them: a cell that was not drawn


@dataclass(frozen=True)
class Shot:
    """One picture: of a whole lesson's page, or of one tab of its app.

    Attributes
    ----------
    lesson : str
        The stem of its notebook.
    width : int
        Of the window, in CSS pixels. JupyterLab's own margins are not in the picture.
    theme : {"light", "dark"}
    part : str
        "page", or "tab" and its number from 0.
    """

    lesson: str
    width: int
    theme: str
    part: str = PAGE

    @property
    def path(self) -> Path:
        return Path(self.lesson, f"{self.width}_{self.theme}_{self.part}.png")

    def fault(self, folder: Path) -> str:
        """Say what is wrong with the picture in a folder; empty if nothing is."""
        path = folder / self.path
        if not path.is_file():
            return f"{self.path}: missing"
        with Image.open(path) as picture:
            grey = np.asarray(picture.convert("L"))
        height, width = grey.shape
        if self.part == PAGE and not self.width - MARGIN <= width <= self.width:
            return f"{self.path}: {width} pixels wide"
        paper = int(np.bincount(grey.ravel(), minlength=256).argmax())
        if paper <= BRIGHT if self.theme == "light" else paper >= DARK:
            return f"{self.path}: not {self.theme}, its paper has a brightness of {paper} of 255"
        ink = float(np.mean(np.abs(grey.astype(int) - paper) > 30))
        if ink < LEAST_INK:
            return f"{self.path}: blank"
        gap = _longest_run(np.all(grey[1:] == grey[:-1], axis=1))  # frames go on, and say nothing
        if gap > MOST_PAPER:
            return f"{self.path}: nothing new on {gap} of its {height} lines in a row"
        return ""


def _longest_run(flags: np.ndarray) -> int:
    ends = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return int((ends[1::2] - ends[::2]).max(initial=0))


def shots(lesson: str, tabs: int) -> list[Shot]:
    """List the pictures of one lesson, whose app has a number of tabs."""
    parts = [PAGE, *(f"tab{number}" for number in range(tabs))]
    return [Shot(lesson, w, theme, part) for theme in THEMES for w in WIDTHS for part in parts]


def faults(folder: Path, lessons: Iterable[str]) -> list[str]:
    """Say what is wrong with the pictures of some lessons; empty if nothing is.

    How many tabs an app has is not known here; every set of a lesson must show as many as the
    fullest one does, and one at least.
    """
    found = []
    for lesson in lessons:
        taken = {path.stem.rpartition("_")[2] for path in (folder / lesson).glob("*_tab*.png")}
        found += [shot.fault(folder) for shot in shots(lesson, max(1, len(taken)))]
    return [fault for fault in found if fault]


def main() -> int:
    from cytolearn.lessons.content import lesson_ids, read_content

    folder, files = Path(sys.argv[1]), [read_content(name)["file"] for name in lesson_ids()]
    found = faults(folder, files)
    print(*found, sep="\n", end="\n" if found else "")
    taken = len(list(folder.rglob("*.png")))
    print(f"{taken} pictures of {len(files)} lessons in {folder}: {len(found)} at fault")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
