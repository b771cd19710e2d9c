import base64

import ipywidgets as W
import numpy as np
import pytest
from matplotlib.figure import Figure

import cytolearn as cl
from cytolearn import physiology
from cytolearn.apps import LiveFigure, explorer
from cytolearn.apps.controls import Control, Scale
from cytolearn.simulation import integrate
from cytolearn.wording import in_sentence


@pytest.fixture
def app():
    return explorer("mild")


# ---- LiveFigure --------------------------------------------------------------------------------


def live(points=300, panels=6, curves=3):
    figure = Figure(figsize=(10, 6))
    axes = figure.subplots(2, panels // 2).ravel()
    x = np.linspace(0, 20, points)
    lines = [ax.plot(x, np.sin(x + k))[0] for ax in axes for k in range(curves)]
    return LiveFigure(figure, lines, "eighteen waves"), x


def test_a_step_is_small_and_the_figure_holds_the_data():
    view, x = live()
    curves = [np.cos(x * (1 + i / 9)) for i in range(18)]
    view.set_data(curves)
    assert view.payload < 40_000
    for line, curve in zip(view.lines, curves, strict=True):
        assert np.array_equal(line.get_ydata(), curve)


def test_every_step_has_a_new_revision_and_the_frame_stays():
    view, x = live(panels=2, curves=1)
    frame, rev = view._frame.value, view.rev
    view.set_data([np.cos(x)] * 2, alt="two <waves>")
    assert view.rev == rev + 1
    assert f'data-rev="{view.rev}"' in view._curves.value
    assert 'aria-label="two &lt;waves&gt;"' in view._curves.value
    assert view._frame.value == frame


def test_gaps_split_a_curve_and_nothing_is_drawn_for_no_data():
    view, x = live(panels=2, curves=1)
    gap = np.sin(x)
    gap[100:120] = np.nan
    view.set_data([gap, np.full_like(x, np.nan)])
    paths = view._curves.value.split(' d="')[1:]
    assert paths[0].split('"')[0].count("M") == 2
    assert paths[1].split('"')[0] == ""


@pytest.mark.parametrize("log", [False, True], ids=["linear", "log"])
def test_the_points_left_out_of_a_curve_cannot_be_seen(log):
    """No point of the data lies further from what is drawn than a fifth of a typographic point."""
    figure = Figure(figsize=(5, 4), dpi=72)
    ax = figure.subplots()
    x = np.linspace(0, 45, 451)
    rng = np.random.default_rng(3)
    for y, most in (
        (np.exp(-(((x - 12) / 4) ** 2)) + 1e-3, 100),
        (1 / (1 + np.exp(-4 * (x - 20))) + 1e-3, 100),
        (np.where(x < 9, 0.01, np.exp(-(x - 9) / 3) + 0.01), 100),
        (rng.uniform(0.01, 1, x.size), x.size),  # noise has no straight piece
    ):
        ax.clear()
        (line,) = ax.plot(x, y)
        ax.set_yscale("log" if log else "linear")
        view = LiveFigure(figure, [line])
        drawn = view._curves.value.split(' d="M')[1].split('"')[0]
        start, steps = drawn.split("l")
        corners = np.array([*map(int, start.split()), *map(int, steps.split())]).reshape(-1, 2)
        corners = np.cumsum(corners, axis=0) / 8
        wanted = ax.transData.transform(np.column_stack([x, y]))
        wanted[:, 1] = 4 * 72 - wanted[:, 1]
        a, along = corners[:-1, None], np.diff(corners, axis=0)[:, None]
        length = np.maximum((along**2).sum(-1), 1e-12)
        share = np.clip(((wanted - a) * along).sum(-1) / length, 0, 1)[..., None]
        away = np.linalg.norm(wanted - a - share * along, axis=-1).min(axis=0)
        assert away.max() < 0.2
        assert len(corners) <= most


def test_dots_and_other_x():
    figure = Figure()
    ax = figure.subplots()
    dots = ax.plot([1, 2], [1, 2], "o")
    view = LiveFigure(figure, dots)
    view.set_data([(np.array([1.0, 2, 3]), np.array([3.0, 2, 1]))])
    assert view._curves.value.count("h0") == 3
    assert list(dots[0].get_xdata()) == [1, 2, 3]


def test_bundle_has_a_picture_and_words_without_addresses():
    view, _ = live(panels=2, curves=1)
    data, metadata = view._repr_mimebundle_()
    assert data["text/plain"] == "eighteen waves"
    assert base64.b64decode(data["image/png"])[:4] == b"\x89PNG"
    assert "application/vnd.jupyter.widget-view+json" in data
    assert metadata["image/png"]["alt"] == "eighteen waves"


# ---- controls ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("low", "high"), [(0, 3), (0, 500), (0, 1e5), (1, 1e5), (0.3, 1.2)])
def test_a_scale_reaches_both_ends_and_never_falls(low, high):
    scale = Scale(low, high)
    places = np.linspace(0, 1, 101)
    if not scale.logarithmic:
        assert scale.value(0) == low
        assert scale.value(1) == high
        return
    values = [scale.value(p) for p in places]
    assert values[0] == low
    assert values[-1] == high
    assert np.all(np.diff(values) >= 0)
    assert scale.place(scale.value(0.5)) == pytest.approx(0.5, abs=0.01)


def test_a_control_names_its_unit_range_and_source():
    control = Control("sensing_delay", 0.4, lambda *_: None)
    words = control._label.value
    assert "days" in words
    assert "range 0 to 10" in words
    assert "Source: " in words
    assert "Badge D" in words
    assert control.box.description == "Sensing delay, days"


def test_what_the_browser_sends_back_is_no_change():
    heard = []
    control = Control("inoculum", 20, lambda *change: heard.append(change))
    rounded = round(control.slider.value, 2)
    control.slider.value = rounded  # the slider's own rounding
    assert not heard
    assert control.value == 20
    control.show(5000)
    control.slider.value = rounded  # late: the value before
    assert not heard
    assert control.value == 5000
    control.slider.value = 1.0
    assert heard == [("inoculum", 100_000.0)]


# ---- explorer, without its widgets ---------------------------------------------------------------

EXPECTED = [  # control, from, to, readout, does its extreme rise?
    ("ifn_production", 0.1, 2.0, "ifn", True),
    ("ifn_production", 0.1, 2.0, "viral_load_lung", False),
    ("ifn_response", 0.1, 2.0, "viral_load_lung", False),
    ("ifn_autoantibody", 0.0, 100.0, "viral_load_lung", True),
    ("ifn_autoantibody", 0.0, 100.0, "ifn", False),
    ("sensing_delay", 0.0, 8.0, "viral_load_lung", True),
    ("viral_antagonism", 0.2, 0.95, "ifn", False),
    ("viral_antagonism", 0.2, 0.95, "viral_load_lung", True),
]


@pytest.mark.parametrize(("control", "low", "high", "readout", "rises"), EXPECTED)
def test_controls_push_where_biology_says(app, control, low, high, readout, rises):
    app.set(**{control: low})
    before, words = app.curves[readout].max(), app.summary()
    app.set(**{control: high})
    assert bool(app.curves[readout].max() > before) is rises
    assert app.summary() != words


def test_every_control_can_be_swept_by_its_slider(app):
    for symbol, control in app.controls.items():
        said = set()
        for place in np.linspace(control.slider.min, control.slider.max, 6):
            control.slider.value = place
            said.add(app.summary())
            assert not app.error
            assert app.values[symbol] == control.value
            assert all(np.isfinite(c).all() for c in app.curves.values())
        assert len(said) >= 5, symbol
        app.reset()


def test_the_picture_shows_what_the_solver_says(app):
    app.set(sensing_delay=4).treat("ifn_beta_1a", day=2)
    patient = app.patient
    solved = integrate(patient.constants, patient.doses(), days=45, outputs=list(app.readouts))
    for i, readout in enumerate(app.readouts):
        shown = app.view.lines[3 * i + 2].get_ydata()
        assert np.array_equal(shown, solved[:, i])
        assert np.allclose(shown, app.course.values(readout), rtol=1e-3, atol=1e-6)
    assert app.view.payload < 40_000


def test_code_reproduces_the_course_exactly(app):
    app.set(sensing_delay=4, ifn_production=0.3).treat("ifn_alpha2", day=5)
    scope = {}
    exec(app.code(), scope)
    assert np.array_equal(scope["course"].frame.to_numpy(), app.course.frame.to_numpy())
    compile(explorer(cl.Patient("mild", label="Anna")).code(), "<code>", "exec")


def test_undo_and_reset(app):
    first = app.summary()
    app.set(sensing_delay=4)
    second = app.summary()
    app.treat("ifn_beta_1a", day=6)
    app.undo()
    assert app.summary() == second
    app.reset()
    assert app.summary() == first
    app.undo()
    assert app.summary() == second
    assert app.controls["sensing_delay"].value == 4
    for _ in range(5):
        app.undo()
    assert app.summary() == first


def test_one_drag_is_one_undo(app):
    for place in (1.0, 2.0, 3.0):
        app.controls["sensing_delay"].slider.value = place
    app.undo()
    assert app.values["sensing_delay"] == app.controls["sensing_delay"].baseline


def test_pins_are_kept_drawn_and_compared(app):
    assert "No run is pinned" in app.compare()
    app.pin("first").set(ifn_production=0.1).pin()
    words = app.compare()
    assert "first: Mild." in words
    assert "Run A" in words
    assert "times as high" in words
    with pytest.raises(ValueError, match="pinned already"):
        app.pin("first")
    app.pin("third").pin("fourth")
    with pytest.raises(ValueError, match="4 runs"):
        app.pin("fifth")
    app.unpin("third")
    assert [pin.name for pin in app.pins] == ["first", "Run A", "fourth"]
    app.unpin()
    assert not app.pins


def test_errors_teach_and_the_picture_stays(app):
    with pytest.raises(ValueError, match="Sensing delay must be between 0 and 10 days; you gave"):
        app.set(sensing_delay=-2)
    with pytest.raises(ValueError, match="sensing_delay"):
        app.set(sensing_dely=2)
    with pytest.raises(ValueError, match="ifn_beta_1a"):
        app.treat("ifn_beta", day=2)
    with pytest.raises(ValueError, match="at most 6"):
        explorer("mild", controls=list(cl.parameters().index[:7]))
    with pytest.raises(ValueError, match="no pinned run 'A', or any other"):
        app.unpin("A")
    with pytest.raises(ValueError, match="you gave nan"):
        app.set(sensing_delay=float("nan"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"patient": None}, "starts from a patient"),
        ({"people": {"Ben": 3}}, "starts from a patient"),
        ({"people": ["moderate"]}, "by name"),
        (
            {"controls": "sensing_delay"},
            "Controls are given as a list",
        ),
        ({"readouts": "il6"}, "as a list"),
        ({"treatments": "dexamethasone"}, "as a list"),
        ({"tabs": "window"}, "as a list"),
        ({"tasks": "Try it."}, "as a list"),
        ({"readouts": []}, "at least one readout"),
        ({"slots": 0}, "1 to 2 slots; you gave 0"),
        ({"slots": 3}, "1 to 2 slots"),
    ],
)
def test_what_an_explorer_cannot_be_made_of_is_explained(given, words):
    with pytest.raises(ValueError, match=words):
        explorer(**given)


def test_what_is_named_twice_is_shown_once():
    app = explorer("mild", ["sensing_delay"] * 2, ["il6", "il6"], tabs=[])
    assert (list(app.controls), app.readouts) == (["sensing_delay"], ("il6",))


def test_no_exception_of_a_widget_disappears(app, monkeypatch):
    before = app.view.lines[2].get_ydata().copy()
    summary = app.summary()

    def broken(*_args, **_kwargs):
        raise RuntimeError("the solver gave up on day 3")

    monkeypatch.setitem(type(app)._solve.__globals__, "integrate", broken)
    app.controls["sensing_delay"].slider.value = 5.0
    assert "the solver gave up on day 3" in app.error
    assert 'role="alert"' in app._error.value
    assert np.array_equal(app.view.lines[2].get_ydata(), before)
    assert app.summary() == summary
    monkeypatch.undo()
    app.controls["sensing_delay"].slider.value = 6.0
    assert not app.error
    assert app._error.value == ""


def test_log_and_linear(app):
    names = app.readouts
    app.log = False
    assert {ax.get_yscale() for ax in app.figure().axes} == {"linear"}
    assert "log=False" in app.code()
    app.log = True
    assert app.figure().axes[names.index("ifn")].get_yscale() == "log"


def test_bundle_of_the_whole_app_is_the_same_twice():
    runs = [explorer("mild").set(sensing_delay=3)._repr_mimebundle_() for _ in range(2)]
    (first, metadata), (second, _) = runs
    assert first["text/plain"] == second["text/plain"]
    assert first["image/png"] == second["image/png"]
    assert "0x" not in first["text/plain"]
    assert metadata["image/png"]["alt"] == first["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in first


def test_downloads(app):
    for kind, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("csv", b"days since")):
        uri = app.download(kind)
        assert base64.b64decode(uri.split(",", 1)[1]).startswith(start)
    with pytest.raises(ValueError, match="csv"):
        app.download("cvs")
    assert list(app.table().index) == list(app.readouts)


def test_the_window_of_benefit_and_harm(app, monkeypatch):
    monkeypatch.setattr("cytolearn.apps.window.DAYS", np.array([-2.0, 0.0, 4.0, 10.0]))
    app.set(ifn_production=0.1)
    table = app.pages["window"].run()
    assert table.loc[0.0].lt(-20).all()  # early: much less lesion
    assert table.loc[10.0].gt(table.loc[0.0]).all()
    assert "helps if started" in app.pages["window"].summary()
    app.set(ifn_production=0.2)
    app.pages["window"].refresh()
    assert "changed the patient" in app.pages["window"]._words.value


def test_antibodies_spare_interferon_beta(app, monkeypatch):
    monkeypatch.setattr("cytolearn.apps.window.DAYS", np.array([-1.0, 0.0]))
    app.set(ifn_autoantibody=200)
    table = app.pages["window"].run()
    assert (table["Interferon beta-1a"] < table["Interferon alpha-2b"] - 10).all()


def test_one_blood_sample_can_mislead(app):
    assert "same patient" in app.pages["blood"].summary()
    app.set(sensing_delay=6)
    early, late = app.pages["blood"].draw(1), app.pages["blood"].draw(9)
    assert "has less type-I interferon" in early
    assert "has more type-I interferon" in late
    for wrong, words in ((30, "between 0 and 20"), (1.5, "whole number"), ("ten", "a number")):
        with pytest.raises(ValueError, match=words):
            app.pages["blood"].draw(wrong)
    assert app.pages["blood"].day == 9


def test_buttons_and_boxes_do_what_they_say(app):
    app.controls["sensing_delay"].box.value = 4.0
    assert app.values["sensing_delay"] == 4
    app.prescribing[0].menu.value = "ifn_beta_1a"
    assert app.patient.treatments
    app._pin_name.value = "mine"
    app._pin.click()
    assert [pin.name for pin in app.pins] == ["mine"]
    app._reset.click()
    assert not app.patient.treatments
    app._undo.click()
    assert app.patient.treatments
    for i in range(len(app._tabs.children)):
        app._tabs.selected_index = i
        assert not app.error
    app._log_button.value = True
    assert not app.log


def test_no_forbidden_widget(app):
    def every(widget):
        yield widget
        for child in getattr(widget, "children", ()):
            yield from every(child)

    assert not any(isinstance(w, W.Output) for w in every(app.widget))
    boxes = [w for w in every(app.widget) if isinstance(w, W.BoundedFloatText)]
    assert all(box.description for box in boxes)


# ---- treatments: dose, and two at once ---------------------------------------------------------


def test_a_dose_is_a_multiple_of_the_usual_one():
    app = explorer("moderate", treatments=["dexamethasone"], tabs=[], dose=True)
    app.treat("dexamethasone", day=8)
    usual = app.curves["il6"].copy()
    app.treat("dexamethasone", dose=0.1)
    assert app.choice.given[0].day == 8
    assert "0.1 times the usual dose" in app.summary()
    assert not np.allclose(usual, app.curves["il6"])
    assert "scale=0.1" in app.code()
    with pytest.raises(ValueError, match=r"between 0\.1 and 5"):
        app.treat("dexamethasone", dose=50)


def test_two_treatments_at_once_are_both_given_and_both_said():
    drugs = ["dexamethasone", "tocilizumab"]
    app = explorer("moderate", treatments=drugs, tabs=[], slots=2)
    app.treat("dexamethasone", day=7).treat("tocilizumab", day=8, slot=2)
    assert len(app.patient.treatments) == 2
    assert "Dexamethasone from day 7; Tocilizumab from day 8" in app.summary()
    scope = {}
    exec(app.code(), scope)
    assert np.allclose(scope["course"]["il6"], app.course["il6"])
    app.treat(None)
    assert [p.drug for p in app.choice.given] == ["tocilizumab"]
    app.undo().undo().undo()
    assert not app.treated
    with pytest.raises(ValueError, match="Slot"):
        app.treat("dexamethasone", slot=3)


def test_an_unknown_tab_names_the_nearest():
    with pytest.raises(ValueError, match="window"):
        explorer("mild", tabs=["windows"])


def test_a_tab_without_what_it_needs_is_left_out_or_explained():
    app = explorer("mild", treatments=[], tabs=["trial", "heatmap", "pharmacology", "blood"])
    assert list(app.pages)[:-2] == ["blood"]
    with pytest.raises(ValueError, match="needs the readout 'il6'"):
        explorer("mild", readouts=["crp"], tabs=["scale"])


# ---- what if -----------------------------------------------------------------------------------


def test_what_if_follows_the_patient_and_the_treatment():
    app = explorer("mild", tabs=["whatif"])
    page = app.pages["whatif"]
    assert "Interferon beta-1a from day 1" in page.ask("receptor")
    app.treat("ifn_alpha2", day=2)
    assert "Interferon alpha-2" in page.summary()
    before = page.curves()
    app.set(sensing_delay=4)
    page.refresh()
    after = page.curves()
    for run in before:
        assert not np.allclose(before[run]["viral_load_lung"], after[run]["viral_load_lung"])
    assert "appear on" in page.ask("first")
    assert page.view.lines == []
    with pytest.raises(ValueError, match="receptor"):
        page.ask("receptors")


def test_an_odd_prescription_is_noted_and_not_thrown():
    app = explorer("moderate", treatments=["dexamethasone"], tabs=[])
    app.treat("dexamethasone", day=1)  # before oxygen: warnings are errors here
    assert app.error == ""
    assert 'role="note"' in app._note.value


# ---- words -------------------------------------------------------------------------------------


def test_names_keep_their_capitals_in_a_sentence():
    app = explorer("mild", ["il6_gain", "t_cell_reserve", "sensing_delay"])
    app.set(il6_gain=3, t_cell_reserve=0.5, sensing_delay=2)
    words = app.summary()
    assert "IL-6 gain 3" in words
    assert "sensing delay 2" in words
    assert "T-cell reserve 0.5" in words


@pytest.mark.parametrize("table", ["parameters", "readouts"])
def test_no_abbreviation_of_the_tables_loses_its_capitals(table):
    for row in physiology.rows(table):
        name = row["name"]
        first, *rest = name.split(" ")
        said = in_sentence(name).split(" ")
        assert said[1:] == rest
        stem = first.partition("-")[0]  # "Type" of Type-I, "D" of D-dimer
        kept = any(letter.isupper() for letter in stem[1:]) or len(stem) == 1
        if kept or first.startswith("P/"):
            assert said[0] == first, name
        elif first.isalpha():
            assert said[0] == first.lower(), name
