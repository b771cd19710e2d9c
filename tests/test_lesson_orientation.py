"""Lesson 0: the surprise of the first minute, the parts of a curve, how sure a result is."""

from __future__ import annotations

import ast
import asyncio
import warnings

import numpy as np
import pytest

import cytolearn as cl
from cytolearn.apps import anatomy, explorer
from cytolearn.credibility import ensemble
from cytolearn.figures.anatomy import changes, landmarks, many_models, sample_summary, tally
from cytolearn.figures.words import Extreme
from cytolearn.lessons import Lesson, Logbook
from cytolearn.lessons.content import expected, load_content
from cytolearn.lessons.orientation import checks
from cytolearn.lessons.pages import read_page
from cytolearn.simulation import integrate
from cytolearn.treatments import TeachingWarning

CONTENT = load_content("orientation")
CELLS = {cell.name: cell.text for cell in read_page("orientation")}


@pytest.fixture
def app():
    spec = CONTENT["explorer"]
    return explorer(
        cl.Patient("older_adult", label="Rosa"),
        spec["controls"],
        spec["readouts"],
        spec["treatments"],
        tabs=spec["tabs"],
    )


# ---- the page ------------------------------------------------------------------------------------


def test_the_first_cell_helps_and_one_changed_number_harms():
    peaks = {}
    for day in (8, 1):
        scope = {"cl": cl}
        code = CELLS["first-run"].replace("day=8", f"day={day}")
        assert f"day={day}" in code
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            exec(code, scope)
        peaks[day] = scope["rosa"].treat(scope["steroid"]).run()["lesion"].max()
        # Only the early start is odd enough for a warning.
        assert bool([w for w in caught if issubclass(w.category, TeachingWarning)]) is (day == 1)
    untreated = scope["rosa"].run()["lesion"].max()
    assert peaks[8] < 0.9 * untreated
    assert peaks[1] > 1.1 * untreated


def test_the_page_says_what_it_promises():
    words = CELLS["question"]
    for promise in ("Shift + Enter", "Run All Cells", "No programming", "Make the 8 a 1"):
        assert promise in words
    assert "(glossary.md)" in CELLS["references"]
    assert 20 <= sum(CONTENT["minutes"].values()) <= 30


def run_cells(*names, changed=("", "")):
    """Run some cells as a learner would, without the checks, and return what they define."""
    scope = {"cl": cl}
    for name in ("first-run", "three-lines", *names):
        body = ast.parse(CELLS[name].replace(*changed) if name in names else CELLS[name]).body
        lines = [n for n in body if isinstance(n, (ast.Assign, ast.For, ast.ImportFrom))]
        exec(compile(ast.Module(lines, []), name, "exec"), scope)
    return scope


@pytest.mark.parametrize("task", ["t1", "t2", "t3"])
def test_the_last_hint_leads_to_the_right_answer(task, tmp_path):
    lesson = Lesson("orientation", Logbook(tmp_path / "log.json"))
    scope = run_cells(f"{task}-check")
    hints = next(t for t in CONTENT["tasks"] if t["id"] == task)["hints"]
    answer = eval(hints[-1].split("`")[1], scope)
    assert repr(lesson.check(task, answer)).startswith("Correct.")


@pytest.mark.filterwarnings("ignore:Dexamethasone before day 5")
def test_the_cell_of_task_4_counts_what_the_check_expects():
    facts = expected("orientation", "models_that_agree")
    assert run_cells("t4-run")["better"] == facts.mistakes["late"]
    early = run_cells("t4-run", changed=("day=8", "day=1"))
    assert anatomy.MODELS - early["better"] == facts.value


def test_the_story_of_lesson_0_holds():
    # The page says these things in words: if the model changes, so must they.
    facts = expected("orientation", "models_that_agree")
    both = int(facts.facts["both"])
    assert anatomy.MODELS / 2 < both < anatomy.MODELS, "likely, but certain in none"
    assert facts.value + facts.mistakes["better"] == checks.MODELS == anatomy.MODELS
    worst = expected("orientation", "worst_day")
    assert worst.mistakes["virus"] < worst.mistakes["il6"] < worst.value, "nose, blood, lung"
    never = expected("orientation", "never_need_oxygen")
    assert never.value > checks.PEOPLE / 2, "most cases are benign"
    assert never.value < never.mistakes["ventilator"] < checks.PEOPLE, "some are critical"


def test_the_first_part_of_a_lesion_costs_most_oxygen_and_least_saturation():
    # The words to the equation of the P/F ratio say so.
    course = checks.course()
    until = course["lesion"].idxmax()
    lesion = course["lesion"].loc[:until]
    for readout, first_costs_more in (("pf_ratio", True), ("spo2", False)):
        start, early, late, end = np.interp([0, 10, 30, 40], lesion, course[readout].loc[:until])
        assert start > early > late > end
        assert bool(start - early > late - end) is first_costs_more, readout


def test_one_verdict_turns_round_with_the_outcome():
    # Step 4 of "Try this": dexamethasone helps on the worst day, not over the whole illness.
    assert checks.stimulate_early_restrain_late().holds
    page = checks.app().reset().pages["window"]
    page.run()
    assert page.table()["Dexamethasone"][checks.LATE] > 0


# ---- the parts of a curve ------------------------------------------------------------------------


def test_landmarks_of_a_known_curve():
    days = np.arange(-5.0, 40.1, 0.1)
    curve = 100 * np.exp(-((days - 10) ** 2) / 8)  # normal IL-6: up to 7 pg/mL
    found = landmarks(days, curve, "il6")
    width = np.sqrt(8 * np.log(100 / 7))
    assert found.extreme.day == pytest.approx(10)
    assert found.leaves == pytest.approx(10 - width, abs=0.11)
    assert found.returns == pytest.approx(10 + width, abs=0.11)
    up = landmarks(days, np.full_like(days, 50.0), "il6")
    assert up.leaves == days[0]
    assert np.isnan(up.returns), "not back when the picture ends"
    low = landmarks(days, 450 - 2 * curve, "pf_ratio")
    assert low.extreme.value == pytest.approx(250)
    assert np.isnan(landmarks(days, np.full_like(days, 450.0), "pf_ratio").leaves)


def test_the_tab_follows_the_app_and_the_frame_stays(app):
    page = app.pages["curve"]
    page.pick("lesion")
    frame, before = page.view._frame.value, page.summary()
    app.set(t_cell_reserve=0.8)
    page.refresh()
    assert page.summary() != before
    assert page.view._frame.value == frame
    assert page.view.payload < 40_000
    assert np.array_equal(page.view.lines[0].get_ydata(), app.curves["lesion"])
    peak = page.landmarks.extreme
    assert page.view.lines[2].get_xdata()[0] == peak.day
    assert f"on day {peak.day:g}" in page.summary()
    assert not app.error


def test_every_readout_can_be_picked_and_said(app):
    page = app.pages["curve"]
    said = {page.pick(name) for name in cl.readouts().index}
    assert len(said) == len(cl.readouts())
    app.treat("dexamethasone", 8)
    crp = page.pick("crp")
    assert "crp" not in app.readouts
    wanted = app.course["crp"]
    assert page.landmarks.extreme.value == pytest.approx(wanted.max(), rel=1e-3)
    assert page.landmarks.extreme.day == pytest.approx(wanted.idxmax(), abs=0.11)
    app.treat("dexamethasone", 1)
    assert page.pick("crp") != crp, "solved again for the new choice"


def test_a_hospital_sees_another_curve(app):
    page = app.pages["curve"]
    early, late = page.pick("viral_load", 0), page.pick("viral_load", 14)
    assert "never sees the peak" not in early
    assert "never sees the peak" in late
    days, values = page.samples()
    assert list(days) == list(range(14, 24))
    assert not np.allclose(values, np.interp(days, app.days, app.curves["viral_load"]))
    assert np.array_equal(values, page.samples()[1]), "no chance without the button"
    page._again(None)
    assert not np.array_equal(values, page.samples()[1])
    page._hospital.value = False
    assert "laboratory" not in page.summary()


def test_wrong_requests_name_the_right_ones(app):
    page = app.pages["curve"]
    with pytest.raises(ValueError, match="il6"):
        page.pick("il-6")
    with pytest.raises(ValueError, match="between 0 and 14; you gave 15"):
        page.pick("il6", 15)
    with pytest.raises(ValueError, match="must be a number; you gave 'abc'"):
        page.pick("il6", "abc")
    with pytest.raises(ValueError, match="lesion"):
        app.pages["sure"].run("lesions")


def test_values_at_the_detection_limit_are_said():
    days, values = np.arange(5.0), np.array([1.5, 1.5, 3.0, 2.0, 1.5])
    words = sample_summary(days, values, "viral_load", Extreme(3.0, 2.0, False), 1.5)
    assert "3 of 5 values lie at the detection limit" in words


# ---- how sure ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def treated():
    one = checks.app().reset()
    one.treat("dexamethasone", checks.LATE)
    one.pages["sure"].run("lesion")
    yield one
    one.reset()


def test_the_tab_counts_as_the_plain_interface_does(treated):
    page = treated.pages["sure"]
    higher, lower, same = tally(page.change)
    assert higher + lower + same == anatomy.MODELS
    assert lower == expected("orientation", "models_that_agree").mistakes["late"]
    assert f"lower in {lower}" in page.summary()
    first = treated.patient.but(**ensemble()[0])
    solved = integrate(first.constants, first.doses(), days=45, step=0.5, outputs=["lesion"])
    assert np.allclose(page._bundles["with treatment"]["lesion"][0], solved[:, 0], rtol=1e-5)


def test_what_a_late_drug_cannot_change_is_the_same_in_every_model(treated):
    page = treated.pages["sure"]
    page._readout.value = "viral_load"
    assert tally(page.change, unit_is_log=True) == (0, 0, anatomy.MODELS)
    page._readout.value = "lesion"


def test_the_tab_says_when_it_is_out_of_date(treated):
    page = treated.pages["sure"]
    page.refresh()
    assert "press the button again" not in page._words.value
    treated.treat("dexamethasone", 9)
    page.refresh()
    assert "press the button again" in page._words.value
    treated.treat("dexamethasone", checks.LATE)


def test_without_a_change_there_is_nothing_to_compare(app):
    page = app.pages["sure"]
    page.refresh()
    assert page.summary() == "Not computed yet."
    assert page.change is None
    assert "Nothing to compare yet" in page.run()


def test_cancel_keeps_what_was_shown(treated):
    page = treated.pages["sure"]
    before = page.summary()

    async def start_and_cancel():
        page.work._start()
        await asyncio.sleep(0)
        page.work.cancel()
        await page.work._task

    asyncio.run(start_and_cancel())
    assert page.summary() == before
    assert not page.work.busy
    assert not treated.error


def test_changes_of_logarithms_are_powers_of_ten():
    days = np.arange(3.0)
    now, other = np.array([[0, 8.0, 0]]), np.array([[0, 7.0, 0]])
    assert changes("viral_load", now, other, days) == pytest.approx([1.0])
    assert changes("il6", now, other, days) == pytest.approx([100 / 7])
    assert tally(np.array([5.0, -5.0, 0.2])) == (1, 1, 1)


def test_the_picture_of_many_models_has_one_dot_each():
    days = np.linspace(-5, 40, 91)
    rng = np.random.default_rng(1)
    bundles = {n: 30 + rng.random((6, 91)) for n in ("without", "with")}
    change = changes("lesion", bundles["with"], bundles["without"], days)
    figure = many_models(days, bundles, "lesion", change)
    dots = next(line for line in figure.axes[1].lines if line.get_marker() == "o")
    assert sorted(dots.get_ydata()) == pytest.approx(sorted(change))
