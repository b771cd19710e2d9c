"""Every control of every lesson's app, swept through its range; every tab, opened."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from cytolearn.figures.panels import readout_row
from cytolearn.figures.words import extreme
from cytolearn.lessons import Lesson, Logbook
from cytolearn.lessons.content import lesson_ids, load_content
from cytolearn.lessons.explore import open_app

EXPLORERS = [name for name in lesson_ids() if "kind" not in load_content(name)["explorer"]]
CONTROLS = [(n, control) for n in EXPLORERS for control in load_content(n)["explorer"]["controls"]]


@pytest.fixture(scope="module")
def app_of(tmp_path_factory):
    folder = tmp_path_factory.mktemp("apps")

    @functools.cache
    def opened(name):
        return open_app(Lesson(name, Logbook(folder / f"{name}.json")))

    return opened


@pytest.mark.parametrize(("name", "control"), CONTROLS)
def test_a_control_moves_the_picture_and_the_words_as_stated(app_of, name, control):
    app = app_of(name)
    readout, goes, *who = load_content(name)["explorer"]["directions"][control]
    app.reset()
    if who:
        app.show(who[0])
    low, high = app.controls[control].low, app.controls[control].high
    words, ends = set(), []
    for value in np.linspace(low, high, 7):
        app.set(**{control: float(value)})
        assert app.error == ""
        for curve in app.curves.values():
            assert np.isfinite(curve).all()
        words.add(app.summary())
        kind = readout_row(readout)["extreme"] or "max"
        ends.append(extreme(app.days, app.curves[readout], kind).value)
    assert len(words) >= 6, "the text twin does not follow the control"
    assert {"higher": ends[-1] > ends[0], "lower": ends[-1] < ends[0]}[goes], ends


@pytest.mark.parametrize("name", EXPLORERS)
def test_every_treatment_can_be_given_from_every_day(app_of, name):
    app = app_of(name).reset()
    for drug in app.treatments:
        for day in (app.prescribing[0].day.low, 3, app.prescribing[0].day.high):
            app.treat(drug, day=day)
            assert all(np.isfinite(curve).all() for curve in app.curves.values())
            assert app.error == ""


@pytest.mark.parametrize("name", EXPLORERS)
def test_every_tab_opens_and_says_something(app_of, name):
    app = app_of(name).reset()
    titles = [page.title for page in app.pages.values()]
    assert len(set(titles)) == len(titles)
    for place, (key, page) in enumerate(app.pages.items(), start=1):
        app._tabs.selected_index = place
        assert app.error == "", key
        assert page.summary().strip(), key
        assert page.summary() == page.summary()
        app.set(**{next(iter(app.controls)): next(iter(app.controls.values())).high})
        assert app.error == "", key
        app.undo()
    app._tabs.selected_index = 0
