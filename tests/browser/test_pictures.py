"""Pictures of every lesson at two widths in two themes: for people to look at, and judged here.

CYTOLEARN_SCREENSHOTS names the folder that keeps them. They follow test_journey.py in each lesson.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from pictures import PAGE, THEMES, WIDTHS, Shot, faults, shots
from PIL import Image

FOLDER = os.environ.get("CYTOLEARN_SCREENSHOTS")
HEIGHT = 2400  # of the window, so that a page takes few turns


@pytest.mark.timeout(600)
def test_pictures(learner, lesson, tmp_path):
    folder, name = Path(FOLDER or tmp_path), lesson["file"]
    for old in (folder / name).glob("*.png"):
        old.unlink()
    (folder / name).mkdir(parents=True, exist_ok=True)
    learner.open_app()
    learner.page.evaluate("() => document.activeElement.blur()")  # no ring of an earlier test
    try:
        for theme in THEMES:
            learner.wear(theme)
            for width in WIDTHS:
                learner.look_at(width, HEIGHT)
                for number, title in reversed(list(enumerate(learner.tabs))):
                    learner.open_tab(title)
                    path = folder / Shot(name, width, theme, f"tab{number}").path
                    learner.app.screenshot(path=path)
                page, lacking = learner.whole_page()
                page.save(folder / Shot(name, width, theme).path)
                assert lacking == [], f"{width} px, {theme}"
                assert learner.too_wide() == [], f"{width} px, {theme}"
    finally:
        learner.wear("light")
        learner.look_at(1024, 900)
    assert faults(folder, [name]) == []
    taken = {path.relative_to(folder) for path in (folder / name).glob("*.png")}
    assert taken == {shot.path for shot in shots(name, len(learner.tabs))}


# --- the judge: no browser needed


def drawn(theme, size=(1024, 600)):
    """Return a picture with text on paper, more or less."""
    paper, ink = (255, 30) if theme == "light" else (17, 220)
    width, height = size
    grey = np.full((height, width), paper, np.uint8)
    grey[::7, 10 : width // 2] = ink
    return grey


@pytest.fixture
def album(tmp_path):
    """Give a folder with a flawless set of pictures of a lesson with two tabs."""
    for shot in shots("lesson", 2):
        path = tmp_path / shot.path
        path.parent.mkdir(exist_ok=True)
        size = (shot.width - 60, 600) if shot.part == PAGE else (700, 300)
        Image.fromarray(drawn(shot.theme, size)).save(path)
    assert faults(tmp_path, ["lesson"]) == []
    return tmp_path


@pytest.mark.parametrize("part", [PAGE, "tab1"])
@pytest.mark.parametrize(
    ("grey", "words"),
    [
        (None, "missing"),
        (np.full((600, 1024), 17, np.uint8), "blank"),
        (drawn("light"), "not dark"),
        (np.vstack([drawn("dark"), np.full((900, 1024), 17, np.uint8)]), "nothing new on 9"),
    ],
)
def test_a_bad_picture_is_noticed(album, part, grey, words):
    shot = Shot("lesson", 1024, "dark", part)
    (album / shot.path).unlink()
    if grey is not None:
        Image.fromarray(grey).save(album / shot.path)
    [fault] = faults(album, ["lesson"])
    assert words in fault and str(shot.path) in fault


def test_a_page_that_is_cut_and_a_lesson_without_pictures_are_noticed(album):
    Image.fromarray(drawn("light", (1100, 600))).save(album / Shot("lesson", 1024, "light").path)
    assert faults(album, ["lesson"]) == [f"{Shot('lesson', 1024, 'light').path}: 1100 pixels wide"]
    missing = faults(album, ["another"])
    assert len(missing) == len(shots("another", 1)) and all("missing" in m for m in missing)
