import io
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from cytolearn import physiology
from cytolearn.apps.style import THEME_COLOURS
from cytolearn.figures import FOOTER, Picture, plot_courses
from cytolearn.figures.courses import spread
from cytolearn.figures.outcomes import sample_words, start_day_window, window_words
from cytolearn.figures.panels import limits
from cytolearn.figures.picture import on_card
from cytolearn.figures.therapy import heat_map, intervals
from cytolearn.figures.words import difference, extreme

DAYS = np.round(np.arange(451) * 0.1 - 5, 3)


def course(label, scale=1.0, treatments=()):
    bump = np.exp(-(((DAYS - 6) / 4) ** 2))
    frame = pd.DataFrame(dict.fromkeys(physiology.readouts(), 1 + 4 * scale * bump), index=DAYS)
    return SimpleNamespace(label=label, frame=frame, treatments=treatments)


def test_a_picture_is_a_figure_with_words_and_the_same_bundle_twice():
    picture = plot_courses([course("mild"), course("late", 3)], ["il6", "alc"])
    assert isinstance(picture, Picture)
    assert isinstance(picture, Figure)
    data, metadata = picture._repr_mimebundle_()
    again, _ = plot_courses([course("mild"), course("late", 3)], ["il6", "alc"])._repr_mimebundle_()
    assert data == again
    assert data["image/png"]
    assert "0x" not in data["text/plain"]
    assert "IL-6 (pg/mL): mild peaks at 5 on day 6; late peaks at 13" in data["text/plain"]
    assert metadata["image/png"]["alt"] == data["text/plain"]


def test_panels_have_words_units_onset_and_footer():
    picture = plot_courses([course("mild")], ["viral_load", "ifn", "pf_ratio"])
    names = [ax.get_title(loc="left") for ax in picture.axes]
    assert names == ["Viral load, nose", "Type-I interferon", "P/F ratio"]
    assert [ax.get_yscale() for ax in picture.axes] == ["linear", "log", "linear"]
    assert all(ax.get_xlabel() == "days since symptom onset" for ax in picture.axes)
    assert any(text.get_text() == FOOTER for text in picture.texts)


def test_curves_differ_in_colour_and_dash():
    courses = [course(f"run {i}", i + 1) for i in range(7)]
    ax = plot_courses(courses, ["il6"]).axes[0]
    curves = [line for line in ax.lines if len(line.get_xdata()) == len(DAYS)]
    looks = {(line.get_color(), str(line._unscaled_dash_pattern)) for line in curves}
    assert len(looks) == 7
    assert [line.get_color() for line in curves[:3]] == ["#0072b2", "#d55e00", "#000000"]


def test_labels_do_not_collide_and_stay_in_the_picture():
    courses = [course(f"a patient with a long name {i}") for i in range(5)]
    picture = plot_courses(courses, ["il6", "alc", "crp"])
    picture.canvas.draw()
    width = picture.bbox.width
    for ax in picture.axes:
        boxes = [t.get_window_extent() for t in ax.texts]
        assert all(box.x1 <= width for box in boxes)
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


@pytest.mark.parametrize("last", [20, 40, 60, 75, 101, 200, 365, 1500])
def test_days_on_the_axis_stand_apart(last):
    days = np.linspace(-5, last, 400)
    long = SimpleNamespace(label="lupus", frame=course("x").frame.iloc[:400].set_axis(days))
    picture = plot_courses([long], ["il6", "alc", "crp"])
    picture.canvas.draw()
    for ax in picture.axes:
        shown = [t for t in ax.get_xticklabels() if ax.get_xlim()[0] <= t.get_position()[0] <= last]
        boxes = [text.get_window_extent() for text in shown]
        assert len(boxes) >= 3
        assert all(a.x1 + 2 < b.x0 for a, b in pairwise(boxes))


def test_a_picture_lies_on_a_card_with_clear_corners():
    plain = plot_courses([course("mild")], ["il6"]).png()
    card = Image.open(io.BytesIO(on_card(plain)))
    picture = Image.open(io.BytesIO(plain))
    assert len(on_card(plain)) < len(plain)
    assert card.width > picture.width and card.height > picture.height
    seen = card.convert("RGBA")
    ends = [(x, y) for x in (0, card.width - 1) for y in (0, card.height - 1)]
    assert all(seen.getpixel(end)[3] == 0 for end in ends)
    middle = card.width // 2, card.height // 2
    assert seen.getpixel((middle[0], 0)) == seen.getpixel((0, middle[1])) == (255,) * 4
    margin = (card.width - picture.width) // 2
    inside = seen.crop((margin, margin, margin + picture.width, margin + picture.height))
    away = np.abs(np.asarray(inside, int) - np.asarray(picture.convert("RGBA"), int))
    assert away.max() < 60 and away.mean() < 0.5  # the palette's colours are near


@pytest.mark.parametrize(
    "picture",
    [
        lambda: intervals([], title="No trial yet"),
        lambda: heat_map(np.full((2, 3), np.nan), ["a drug", "another"], ["Ana", "Ben", "Mara"],
                         title="Change", unit="%", full=50, small=2, empty="Press the button."),
    ],
    ids=["intervals", "heat map"],
)  # fmt: skip
def test_empty_pictures_take_the_colours_of_a_dark_page(picture):
    for text in picture().findobj(Text):
        box = text.get_bbox_patch()
        if text.get_text():
            assert to_hex(text.get_color()) in THEME_COLOURS
            assert box is None or to_hex(box.get_facecolor()) in THEME_COLOURS


def test_treatment_days_are_marked_and_named():
    drug = SimpleNamespace(label="tocilizumab, day 7", day=7.0)
    picture = plot_courses([course("mild", treatments=(drug,))], ["il6"])
    marks = [line for line in picture.axes[0].lines if line.get_label() == "_treatment"]
    assert [line.get_xdata()[0] for line in marks] == [7.0]
    assert "tocilizumab, day 7" in picture.twin


@pytest.mark.parametrize(
    ("courses", "readouts", "words"),
    [
        ([], ["il6"], "no course"),
        ([course("a")], ["il66"], "il6"),
        ([course("a")] * 8, [], "At most 7"),
    ],
)
def test_bad_input_is_told(courses, readouts, words):
    with pytest.raises(ValueError, match=words):
        plot_courses(courses, readouts)


def test_same_labels_are_numbered():
    assert "mild (2)" in plot_courses([course("mild"), course("mild", 2)], ["il6"]).twin


@pytest.mark.parametrize("symbol", list(physiology.readouts()))
def test_every_readout_has_limits_that_hold_its_normal_range(symbol):
    row = physiology.readouts()[symbol]
    low, high = limits(symbol)
    assert low < high
    assert float(row["normal_high"]) <= high or row["extreme"] == "min"
    assert low > 0 or row["scale"] == "linear"
    assert limits(symbol, data=[np.array([high * 3.0])])[1] >= high * 3


def test_spread_keeps_order_and_distance():
    wanted = np.array([5.0, 5.1, 4.9, 20.0])
    got = spread(wanted, np.full(4, 2.0), 0, 30)
    assert list(np.argsort(got)) == list(np.argsort(wanted))
    assert np.diff(np.sort(got)).min() >= 2 - 1e-9


def test_words():
    assert difference(20, 5, "pg/mL") == "4 times as high"
    assert difference(3, 4, "pg/mL") == "25% lower"
    assert difference(7, 6, "log10 copies/mL") == "10 times as high"
    assert difference(100, 100.5, "pg/mL") == "the same"
    flat = extreme(DAYS, np.full_like(DAYS, 3.0))
    assert flat.flat
    assert flat.value == 3


def test_window_says_when_it_helps_and_harms():
    days = np.arange(-4, 5.0)
    change = np.array([-50, -40, -30, -10, 0, 0, 10, 20, 30.0])
    text = window_words(days, {"Drug": change})
    assert "helps if started on day -4 to -1 (best on day -4: 50% less)" in text
    assert "harms if started on day 2 to 4 (worst on day 4: 30% more)" in text
    figure, lines = start_day_window(days, {"Drug": change})
    assert figure.twin == start_day_window(days, {"Drug": change})[0].twin
    assert np.array_equal(lines[0].get_ydata(), change)


def test_one_sample_is_told_with_its_unit():
    text = sample_words(2, {"mild": 10.0, "late": 2.0}, "ifn", (12, 7, 2))
    assert "late has less type-I interferon than mild" in text
    assert "'more' on 12 days" in text
