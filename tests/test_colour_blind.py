"""No meaning by colour alone: curves of a panel differ for who sees no colour, or no red and green.

Two curves are told apart if their dashes or widths differ in kind, or else if their colours stay
apart both in greyscale and under deuteranopia, or if each has a label of its own beside it.
"""

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb

import cytolearn as cl
from cytolearn.apps.livefigure import LiveFigure
from cytolearn.figures import theme
from cytolearn.lessons.content import lesson_ids, read_content
from cytolearn.lessons.explore import open_app
from cytolearn.lessons.lesson import Lesson

# Deuteranopia, linear RGB: Machado, Oliveira, Fernandes 2009, doi:10.1109/TVCG.2009.113, table 1.
DEUTERANOPIA = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
# Linear sRGB to XYZ with the white point D65: IEC 61966-2-1.
XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)  # fmt: skip
WHITE = np.array([0.9505, 1.0, 1.089])
#: CIELAB distances: 2 can just be seen side by side; thin lines apart from each other need more.
CLEAR = 10
#: The ward of lesson 6 has no curves, only dots: one kind a panel.
EXPLORED = [name for name in lesson_ids() if read_content(name)["explorer"]["controls"]]
#: What may be called the same dash or width: each piece at most this many times the other.
ALIKE = 1.7


def lab(rgb):
    """Return CIELAB of linear RGB, shape (3,)."""
    t = XYZ @ np.clip(rgb, 0, 1) / WHITE
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def linear(colour):
    c = np.array(to_rgb(colour))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def apart(one, other):
    """Return the lesser of two colours' distances: in greyscale, and under deuteranopia."""
    a, b = linear(one), linear(other)
    grey = abs(lab(a)[0] - lab(b)[0])
    return min(grey, np.linalg.norm(lab(DEUTERANOPIA @ a) - lab(DEUTERANOPIA @ b)))


def pattern(dash):
    """Return the pieces of a dash in units of the line's width; empty for a solid line."""
    known = {"-": [], "--": "dashed", "-.": "dashdot", ":": "dotted"}
    if isinstance(dash, str):
        name = known[dash]
        return list(mpl.rcParams[f"lines.{name}_pattern"]) if name else []
    return list(dash[1] or [])


def same_kind(one, other):
    """Tell whether two dashes look alike."""
    if len(one) != len(other):
        return False
    return all(max(a, b) < ALIKE * min(a, b) for a, b in zip(one, other, strict=True))


def told_apart(one, other):
    """Tell whether two looks (colour, dash, width) can be told apart without seeing colour."""
    if not same_kind([one[2]], [other[2]]):
        return True
    return not same_kind(one[1], other[1]) or apart(one[0], other[0]) >= CLEAR


def looks(ax):
    """Return the looks of a panel's curves, each look once; a curve has ten points or more."""
    found = set()
    for line in ax.lines:
        x = np.asarray(line.get_xdata(), dtype=float)
        if not line.get_visible() or len(x) < 10:
            continue
        dash = line._unscaled_dash_pattern[1] or ()  # matplotlib has no getter
        if line.get_linestyle() not in ("None", "none", " ", ""):  # a cloud of dots is no curve
            found.add((line.get_color(), tuple(dash), line.get_linewidth()))
    return found


def labelled(ax):
    """Return the colours that a text of the panel has: a label that stands beside its curve."""
    return {text.get_color() for text in ax.texts if text.get_text().strip()}


def confused(figure):
    """Name the panels in which two curves cannot be told apart."""
    found = []
    for ax in figure.axes:
        for one, other in combinations(sorted(looks(ax), key=str), 2):
            named = {one[0], other[0]} <= labelled(ax)
            if not (named or told_apart(one, other)):
                found.append((ax.get_title(loc="left"), one, other))
    return found


def pictures(widget):
    """Return the figures of all live pictures in a widget."""
    if isinstance(widget, LiveFigure):
        return [widget.figure]
    return [f for child in getattr(widget, "children", ()) for f in pictures(child)]


def test_the_measure_knows_what_is_known():
    assert lab(linear("#ffffff")) == pytest.approx([100, 0, 0], abs=0.1)
    assert lab(linear("#ff0000")) == pytest.approx([53.2, 80.1, 67.2], abs=0.3)
    red, green = "#c0392b", "#6a8a00"  # told apart by most people, not by all
    assert np.linalg.norm(lab(linear(red)) - lab(linear(green))) > 60
    assert apart(red, green) < CLEAR
    assert apart("#000000", "#56b4e9") > 40
    assert not told_apart((red, [], 2), (green, [], 2))
    assert told_apart((red, [], 2), (green, [4, 2], 2))
    assert told_apart((red, [], 2), (green, [], 1))
    assert same_kind([4, 2.5], [3.7, 1.6]) and not same_kind([8, 2], [3.7, 1.6])


def test_no_two_styles_of_the_theme_are_alike():
    styles = [(color, pattern(dash), 1.8) for color, dash in theme.styles(len(theme.CURVES))]
    for one, other in combinations(styles, 2):
        assert told_apart(one, other), (one, other)


@pytest.mark.parametrize("lesson", EXPLORED)
def test_curves_of_every_app_can_be_told_apart(lesson):
    app = open_app(Lesson(lesson))
    app.treat(app.treatments[0], day=2)
    symbol, control = next(iter(app.controls.items()))
    for share in (0.2, 0.4, 0.6, 0.8):  # as many pinned runs as there may be
        app.set(**{symbol: control.scale.value(share)})
        app.pin()
    for page in app.pages.values():
        page.refresh()
    figures = pictures(app.widget)
    assert sum(len(looks(ax)) for f in figures for ax in f.axes) >= 6
    assert [found for f in figures for found in confused(f)] == []


def test_curves_of_a_comparison_can_be_told_apart():
    people = [cl.Patient(name) for name in ("mild", "moderate", "older_adult")]
    picture = cl.compare(*people).plot("viral_load", "il6")
    assert all(len(looks(ax)) == 3 for ax in picture.axes)
    assert confused(picture) == []
