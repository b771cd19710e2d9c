"""The forest plot and its app: what is drawn is what was chosen, in the picture and in words."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import cytolearn as cl
from cytolearn.figures import theme
from cytolearn.figures.forest import forest_lines, forest_plot

trials = cl.evidence.trials


@pytest.fixture(scope="module")
def steroids():
    return trials(class_="corticosteroid", outcome="death", design=["RCT", "meta-analysis of RCTs"])


@pytest.fixture(scope="module")
def opened():
    return trials(class_=["corticosteroid", "chloroquine and hydroxychloroquine"]).forest()


@pytest.fixture
def app(opened):
    return opened.reset()


def texts(figure):
    return [text.get_text() for text in figure.texts]


# ---- the picture -------------------------------------------------------------------------------


def test_every_row_is_in_the_picture_and_in_the_words(steroids):
    rows = steroids.independent()
    picture = forest_plot(rows, "odds ratio")
    assert isinstance(picture, Figure)
    said = texts(picture)
    for row in rows.itertuples():
        assert any(row.study in text for text in said)
        assert f"- {row.row_id}, " in picture.twin
        assert f"{row.events_treated:g}/{row.n_treated:g}" in said
    assert "Below 1 favours treatment" in picture.twin
    assert any("favours treatment" in text for text in said)
    assert any("not for clinical use" in text for text in said)


def test_numbers_of_a_line_are_those_of_the_table():
    lines, _ = forest_lines(trials(row_id=["STE-02", "STE-03", "STE-04"]))
    drawn = {line.detail[:6]: (line.effect, line.low, line.high) for line in lines[:3]}
    assert drawn == {
        "STE-02": (0.64, 0.51, 0.81),
        "STE-03": (0.82, 0.72, 0.94),
        "STE-04": (1.19, 0.92, 1.55),
    }
    assert lines[-1].kind == "overall"
    assert sum(line.weight for line in lines[:3]) == pytest.approx(100)


def test_an_effect_that_is_better_above_1_is_turned_and_said():
    lines, _ = forest_lines(trials(row_id="IL6-11"))
    assert lines[0].inverse
    assert (lines[0].effect, lines[0].low) == pytest.approx((1 / 1.64, 1 / 2.35))
    picture = forest_plot(trials(row_id="IL6-11"))
    assert "inverse of the odds ratio 0.61" in picture.twin
    assert any(text.startswith("1/OR 0.61") for text in texts(picture))
    counted, _ = forest_lines(trials(row_id="GMC-01"), "odds ratio")  # good events
    assert counted[0].inverse


def test_memory_interval_and_randomisation_are_marked_in_both():
    picture = forest_plot(trials(row_id=["OBS-04"]))
    assert any(text.endswith("†") for text in texts(picture))
    assert any("† from memory" in text for text in texts(picture))
    assert "from memory (not seen in a source)" in picture.twin
    picture = forest_plot(trials(row_id=["IL1-03", "IL1-06"]))
    assert "90% credible" in texts(picture)
    assert "90% credible interval" in picture.twin
    assert "not randomised" in picture.twin
    squares = [line for line in picture.axes[0].lines if line.get_marker() == "s"]
    assert sorted(line.get_markerfacecolor() == "none" for line in squares) == [False, True]


def test_the_area_of_a_square_is_the_weight():
    rows = trials(row_id=["STE-06", "STE-07", "STE-10"])
    picture = forest_plot(rows, "odds ratio", "fixed")
    sizes = [line.get_markersize() for line in picture.axes[0].lines if line.get_marker() == "s"]
    lines = forest_lines(rows, "odds ratio", "fixed")[0]
    weights = [line.weight for line in lines if line.kind == "row"]
    assert np.argsort(sizes).tolist() == np.argsort(weights).tolist()


def test_rows_that_cannot_be_pooled_are_drawn_without_a_diamond_and_the_reason_is_said(steroids):
    lines, notes = forest_lines(steroids[steroids["study"] == "RECOVERY dexamethasone"])
    assert not [line for line in lines if line.kind in ("pooled", "overall")]
    assert any("same patients" in note for note in notes)


def test_published_meta_analyses_are_drawn_but_never_pooled(steroids):
    lines, _ = forest_lines(steroids, "odds ratio")
    kinds = [line.kind for line in lines]
    assert kinds.count("published") == 3
    assert kinds[-3:] == ["published"] * 3
    pooled = [line for line in lines if line.kind == "pooled"]
    assert pooled  # the groups that can be


def test_higher_against_lower_dose_is_a_group_of_its_own(steroids):
    lines, notes = forest_lines(steroids.independent(), "odds ratio")
    headings = [line.label for line in lines if line.kind == "heading"]
    assert headings == ["With against without", "Higher against lower dose"]
    assert not [line for line in lines if line.kind == "overall"]
    assert "comparisons" in " ".join(notes)


def test_intervals_beyond_the_axis_end_in_an_arrow():
    picture = forest_plot(trials(row_id=["REACT6-07", "REACT6-26", "REACT6-06"]), "odds ratio")
    markers = {line.get_marker() for line in picture.axes[0].lines}
    assert {"<", ">"} <= markers
    low, high = picture.axes[0].get_xlim()
    for line in picture.axes[0].lines:
        x = np.asarray(line.get_xdata(), float)
        assert ((x >= low * 0.999) & (x <= high * 1.001)).all()


@pytest.mark.parametrize("count", [1, 3, 20])
def test_texts_stay_inside_the_picture_and_apart(count):
    frame = trials(class_="IL-6 blockade", outcome="death", design="RCT").independent()
    picture = forest_plot(frame.head(count), "odds ratio")
    renderer = FigureCanvasAgg(picture).get_renderer()
    texts = [*picture.texts, *picture.axes[0].get_xticklabels()]
    boxes = [text.get_window_extent(renderer) for text in texts if text.get_text()]
    width, height = picture.get_size_inches() * picture.dpi
    for box in boxes:
        assert box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            across = min(one.x1, other.x1) - max(one.x0, other.x0)
            along = min(one.y1, other.y1) - max(one.y0, other.y0)
            assert across <= 0 or along <= 1


def test_a_page_of_1024_pixels_shows_letters_of_11_pixels_at_least():
    picture = forest_plot(trials(class_="IL-6 blockade", outcome="death", design="RCT"))
    # JupyterLab leaves 810 of them to a picture in an app.
    pixels = 810 / (72 * picture.get_figwidth())
    texts = [*picture.texts, *picture.axes[0].get_xticklabels()]
    assert min(text.get_fontsize() for text in texts) * pixels >= 11


def test_long_names_never_touch_the_numbers():
    picture = forest_plot(trials(row_id=[f"IL6-{n:02d}" for n in range(6, 11)]))
    renderer = FigureCanvasAgg(picture).get_renderer()
    boxes = {text.get_text(): text.get_window_extent(renderer) for text in picture.texts}
    numbers = [box for text, box in boxes.items() if re.fullmatch(r"\d+/\d+", text)]
    labels = [box for text, box in boxes.items() if text.startswith("RECOVERY")]
    assert max(box.x1 for box in labels) < min(box.x0 for box in numbers)


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        (lambda: trials("anakinra", severity="mild"), {}, "nothing to draw"),
        (lambda: trials(row_id="IL7-02"), {}, "no such ratio"),
        (lambda: trials(), {}, "too many to read"),
        (lambda: trials(row_id=["STE-01", "STE-10"]), {"group": "colour"}, "column"),
        (lambda: trials(row_id=["STE-01", "STE-10"]), {"measure": "ratio"}, "measure"),
        (lambda: trials(row_id=["STE-01", "STE-10"]), {"cumulative": "name"}, "order"),
        (lambda: trials(row_id="STE-01"), {"cumulative": "date"}, "at least two"),
    ],
)
def test_bad_input_is_explained(rows, options, said):
    with pytest.raises(ValueError, match=said):
        forest_plot(rows(), **{"measure": "odds ratio", **options})


# ---- the app -----------------------------------------------------------------------------------


def test_the_app_opens_on_randomised_trials_of_deaths_one_row_a_study(app):
    assert app.choices["design"] == "RCT" and app.choices["outcome"] == "death"
    assert app.frame["study"].is_unique
    assert len(app.frame["drug_class"].unique()) == 1
    assert repr(app) == app.summary() == app.figure().twin


def test_set_narrows_and_says_so(app):
    app.set(class_="Corticosteroid", severity="critical")
    assert app.frame["severity"].str.contains("critical").all()
    assert set(app.frame["drug_class"]) == {"corticosteroid"}
    assert all(row in app.summary() for row in app.frame["row_id"])
    assert "STE-02" in set(app.frame["row_id"])  # the stratum stands in for its trial


def test_models_and_orders_change_what_comes_out(app):
    app.set(class_="chloroquine and hydroxychloroquine", drug="hydroxychloroquine")
    usual = app.pooled
    wide = app.set(model="hartung-knapp").pooled
    assert wide.interval != usual.interval
    assert app.set(model="fixed").pooled.model == "fixed"
    app.set(order="size")
    assert "from the smallest trial on" in app.summary()
    assert app.set(order=None).choices["order"] == "none"


def test_a_choice_that_fails_changes_nothing(app):
    before, said = app.choices, app.summary()
    for bad in ({"class_": "steroids"}, {"colour": 1}, {"model": "mixed"}, {"steroid": True}):
        with pytest.raises(ValueError):
            app.set(**bad)
        assert app.choices == before and app.summary() == said


def test_widgets_and_methods_share_one_state(app):
    app.set(model="fixed")
    assert app._boxes["model"].value == "fixed"
    app._boxes["class_"].value = "corticosteroid"
    assert app.choices["class_"] == "corticosteroid" and app.error == ""
    app._boxes["severity"].value = "moderate"
    app._boxes["order"].value = "date"
    assert "comparisons" in app.error or app.choices["order"] == "date"


def test_what_goes_wrong_in_a_widget_is_said_and_the_picture_stays(app):
    app.set(class_="chloroquine and hydroxychloroquine", design="RCT")
    said = app.summary()
    app._boxes["steroid"].value = "tested"
    assert "No row of the table" in app.error
    assert 'role="alert"' in app._error.value
    assert app.summary() == said
    assert app._boxes["steroid"].value == "any"  # the controls show what the picture shows
    app.reset()
    assert app.error == ""


@pytest.mark.parametrize("kind", ["svg", "png", "csv"])
def test_files_to_keep(app, kind):
    head, content = app.download(kind).split(",", 1)
    data = base64.b64decode(content)
    assert "base64" in head
    assert data.startswith({"svg": b"<?xml", "png": b"\x89PNG", "csv": b"row_id,"}[kind])
    if kind == "csv":
        assert data.decode("utf-8").count("\n") > len(app.frame)
        assert b"from_memory" in data
    with pytest.raises(ValueError, match="csv"):
        app.download("cvs")


def test_the_app_shows_a_picture_and_words_without_javascript(app):
    data, metadata = app._repr_mimebundle_()
    assert data["text/plain"] == app.summary()
    assert "image/png" in data and metadata["image/png"]["alt"]


def test_colours_follow_the_theme_of_the_page(app):
    frame = app._view._frame.value
    assert "--cl-c1" in frame and "--cl-c2" in frame
    assert theme.CURVES[0] not in frame.replace(f"--cl-c1,{theme.CURVES[0]}", "")


def test_one_picture_without_the_app():
    picture = trials("hydroxychloroquine", outcome="death", level="trial").forest(
        interactive=False, measure="odds ratio", model="fixed"
    )
    assert "Pooled odds ratio of 8 rows (fixed effects)" in picture.twin


@pytest.mark.parametrize("name", ["type-III interferon", "GM-CSF blockade", "colchicine"])
def test_a_class_with_few_rows_opens(name):
    app = trials(class_=name).forest()
    assert len(app.frame) == 1 and app.pooled is None


def test_a_class_without_any_ratio_says_so():
    with pytest.raises(ValueError, match="no such ratio"):
        trials(class_="IL-7").forest()
    with pytest.raises(ValueError, match="nothing to draw"):
        trials("anakinra", severity="mild").forest()
