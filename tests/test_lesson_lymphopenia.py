"""Lesson 2: where cells are, what clears the virus, what a scatter hides, what a trial adds."""

from __future__ import annotations

import asyncio

import numpy as np
import pandas as pd
import pytest

import cytolearn as cl
from cytolearn.apps.counts import WAYS, Whereabouts
from cytolearn.apps.knockout import TakeAway, removed
from cytolearn.apps.longwork import LongWork
from cytolearn.apps.scatter import _CUT, GROUPS, share_interval
from cytolearn.apps.trial_story import (
    CHAPTERS,
    LOW,
    SERIES,
    TRIAL,
    IL7Story,
    _entry,
    series,
    virtual_trial,
)
from cytolearn.figures.lymphocytes import Balance, balance, bars, rank_correlation
from cytolearn.lessons.content import load_content, person
from cytolearn.lessons.lymphopenia import checks
from cytolearn.lessons.pages import read_page
from cytolearn.physiology import baseline
from cytolearn.simulation import integrate


@pytest.fixture
def app():
    return checks.fresh_app()


# --- where are they?


def test_no_lymphocyte_is_lost_from_the_books(app):
    parts, states = Whereabouts(app)._now()
    pool = sum(states[s] for s in checks.POOLS)
    np.testing.assert_allclose(parts.moved + parts.missing + (pool - parts.moved), parts.usual)
    assert parts.usual == pytest.approx(
        sum(baseline()[f"{c}_normal"] for c in ("cd4", "cd8", "nk", "b"))
    )
    # the count is what circulates, and the few activated cells on top of it
    extra = parts.blood - (pool - parts.moved)
    assert (extra > -1e-6).all() and extra.max() < 0.5


def test_bars_stack_without_gaps():
    parts = Balance(np.array([1.0, 0.5]), np.array([0.2, 0.0]), np.array([0.0, 0.7]), 1.2)
    blood, moved, missing = bars(np.array([0, 1]), parts)
    for x, y in (blood, moved, missing):
        assert np.isnan(y[2::3]).all() and (x[0::3] == [0, 1]).all()
    np.testing.assert_allclose(blood[1][1::3], moved[1][:1].tolist() + [0.5])
    assert np.isnan(moved[1][3]), "no stroke where nobody has moved"
    assert missing[1][4] == pytest.approx(1.2)


def test_cells_above_the_usual_number_are_not_missing():
    states = {s: np.array([0.5, 1.0]) for s in checks.POOLS}
    states |= {"sequestered": np.array([0.0, 0.25]), "alc": np.array([2.0, 3.0])}
    parts = balance(states)
    assert parts.missing.tolist() == [0, 0]
    assert parts.moved.tolist() == [0, 1]


@pytest.mark.parametrize("way", [w for w in WAYS if w != "renewal"])
def test_the_same_count_is_reached_in_several_ways(app, way):
    page = Whereabouts(app)
    wanted = page._start[0].blood[page._index]
    assert "as in Vera." in page.same_count(way)
    assert app.course["alc"].loc[page.day] == pytest.approx(wanted, rel=0.03)
    if way == "dying":
        assert app.values["homing_max"] == 0 and page._now()[0].moved.max() < 0.01


def test_renewal_alone_cannot_empty_the_blood(app):
    page = Whereabouts(app)
    said = page.same_count("renewal")
    assert "cannot reach" in said
    assert app.values["homeostasis"] == app.controls["homeostasis"].low
    page.refresh()
    assert "cannot reach" in page._words.value
    page._day.value = 20
    assert "cannot reach" not in page._words.value, "words of another day are gone"


def test_whereabouts_follow_the_app_and_the_day(app):
    page = Whereabouts(app)
    assert "Dev" not in page.read(12)
    app.show("Dev")
    words = page.read(12)
    assert "Vera:" in words and "Dev:" in words
    drawn = page.view.lines[0].get_ydata()[1::3]
    np.testing.assert_allclose(drawn, page._now()[0].blood)
    before = page._now()[0].blood[30]
    app.treat("il7", day=12)
    page.refresh()
    assert page.view.lines[0].get_ydata()[1::3][30] > before
    assert "treated" in page.summary()
    for wrong in (-1, 41):
        with pytest.raises(ValueError, match="between 0 and 40"):
            page.read(wrong)
    with pytest.raises(ValueError, match="dying"):
        page.same_count("dyin")


def test_an_app_without_the_sliders_says_so():
    page = Whereabouts(cl.Patient("mild").explore())
    with pytest.raises(ValueError, match="homing_max"):
        page.same_count("moving")


# --- take one away


def test_a_part_taken_away_is_gone():
    def last(part, readout):
        constants = removed([part], {})
        return integrate(constants, (), days=40, step=1, outputs=[readout])[-1, 0]

    assert last("cd8", "cd8_effector") == pytest.approx(0, abs=1e-9)
    assert last("antibody", "nab") == pytest.approx(0, abs=1e-9)
    assert last("cd4", "tfh") == pytest.approx(0, abs=1e-9)
    assert removed([], {"il6_gain": 2.0}) == {"il6_gain": 2.0}
    with pytest.raises(ValueError, match="cd8"):
        removed(["cd9"], {})


def test_taking_away_is_told_and_drawn(app):
    page = TakeAway(app)
    assert "Nothing is taken away" in page.without()
    whole = page.view.lines[0].get_ydata().copy()
    said = page.without("cd8", "antibody")
    assert "killer cells and antibody: not by day 60" in said
    assert page.gone == ("cd8", "antibody")
    assert page.view.lines[0].get_ydata()[-1] > whole[-1] + 3
    assert page.clear_day("cd8") > page.clear_day() + 5
    app.set(cd8_killing=15)
    page.refresh()
    assert page.clear_day() < 15
    with pytest.raises(ValueError, match="antibody"):
        page.without("antibodies")


# --- count and IL-6


def test_a_correlation_has_the_interval_it_should():
    rng = np.random.default_rng(1)
    x = rng.standard_normal(400)
    y = -0.5 * x + rng.standard_normal(400)
    found = rank_correlation(x, y)
    assert found.value == pytest.approx(pd.Series(x).corr(pd.Series(y), method="spearman"))
    assert found.low < found.value < found.high < 0
    assert found.high - found.low == pytest.approx(4 / np.sqrt(400), rel=0.25)
    assert found.words().startswith("a weak correlation")
    assert "includes none at all" in rank_correlation(x, rng.standard_normal(400)).words()
    assert rank_correlation(x, np.exp(x)).value == pytest.approx(1)


def test_the_cohort_is_that_of_the_population_whole():
    cohort = checks.ward().run()
    whole = cl.population(216, 3).only(range(5)).run(progress=False, readouts=["alc", "il6"])
    np.testing.assert_array_equal(cohort["alc"][:5], whole["alc"])
    assert len(cohort) == 216


def test_noise_and_severity_hide_and_make_the_link():
    page = checks.ward()
    page.choose(sampling="all on day 10", coloured=True)
    found = page.correlations()
    exact, measured = (found[k]["all patients"] for k in ("exact", "measured"))
    assert exact.value < measured.value - 0.1 < -0.2
    page.choose(sampling="each on a random day")
    later = page.correlations()["measured"]["all patients"]
    assert later.value > exact.value + 0.2
    counts = [c.n for g, c in found["exact"].items() if g != "all patients"]
    assert sum(counts) == 216 and len(counts) == len(GROUPS)
    page.refresh()
    assert "Within groups" in page.summary()
    assert page._legend.value.count("<span>") == len(GROUPS)


def test_cutting_the_arrow_weakens_what_severity_leaves():
    page = checks.ward()
    page.choose(sampling="all on day 10")
    whole = page.correlations()["exact"]["all patients"].value
    page.run(cut=True)
    cut = page.correlations()["exact"]["all patients"].value
    page.run(cut=False)
    assert set(_CUT) <= set(baseline())
    assert whole < cut - 0.2, "the arrow is part of the link"
    assert cut < -0.1, "the rest is severity"


def test_the_rule_depends_on_its_line():
    page = checks.ward().choose(sampling="all on day 10", per_cent=50)
    assert page.rule()[0] == 0 and "flags nobody" in page.choose(coloured=True).summary()
    flagged = [page.choose(per_cent=p).rule()[0] for p in (70, 90, 100)]
    assert flagged == sorted(flagged) and flagged[-1] > 10
    n, ill, (low, high) = page.rule()
    assert low < ill / n < high
    page.choose(per_cent=50, sampling="each on a random day")
    with pytest.raises(ValueError, match="random day"):
        page.choose(sampling="each on a random dy")
    with pytest.raises(ValueError, match="between 50 and 100; you gave 33"):
        page.choose(per_cent=33)


def test_eight_of_eleven():
    low, high = share_interval(8, 11)
    assert (round(100 * low), round(100 * high)) == (39, 94)  # as published for the claim
    assert share_interval(0, 0) == (0.0, 1.0)


def test_long_work_can_be_cancelled_and_shows_its_errors():
    done, errors = [], []

    def steps():
        for i in range(50):
            yield i / 50

    work = LongWork("Go", steps, done.append, errors.append)
    work.now()
    assert done == [True]

    async def press():
        work._start()
        first = work._task
        work._start()  # a double click
        assert work._task is first
        await asyncio.sleep(0.01)
        assert work.busy and not work._stop.disabled
        work.cancel()
        await work._task

    asyncio.run(press())
    assert done == [True, False] and not work.busy

    def broken():
        yield 0.1
        raise RuntimeError("no more patients")

    bad = LongWork("Go", broken, done.append, errors.append)
    bad._go.click()
    assert str(errors[-1]) == "no more patients"


# --- the IL-7 story


def test_pages_of_the_story_turn_only_with_a_belief(app):
    page = IL7Story(app)
    page.refresh()
    assert page.chapter == 0 and "IL-7" in page.summary()
    assert "1 ·" in page.commit(60)
    assert page.chapter == 1
    for wrong in (-1, 101, True):
        with pytest.raises(ValueError, match="0 to 100"):
            page.commit(wrong)
    assert page.beliefs == [60]
    for belief in (70, 80, 60):
        page.commit(belief)
    assert page.chapter == 4
    page.run_trial()
    assert "both arms" in page.summary()
    page.commit(50)
    assert "Shankar-Hari" in page.summary() and "belief went" not in page.summary()
    page.commit(20)
    assert "60%, 70%, 80%, 60%, 50%, 20%" in page.summary()
    page.commit(99)
    assert len(page.beliefs) == len(CHAPTERS), "the book is closed"
    page.begin_again()
    assert page.chapter == 0 and not page.beliefs


def test_the_series_is_enrolled_when_low_and_rises_untreated():
    treated, untreated = series()
    assert treated.counts.shape == untreated.counts.shape == (SERIES, 29)
    assert (untreated.counts[:, 0] < LOW).all()
    np.testing.assert_allclose(treated.counts[:, 0], untreated.counts[:, 0], rtol=1e-4)
    assert np.median(untreated.counts[:, 14]) > 1.2 * np.median(untreated.counts[:, 0])
    assert np.median(treated.counts[:, 14]) > np.median(untreated.counts[:, 14])


def test_the_trial_is_randomised_and_its_ratio_is_right():
    trial = virtual_trial()
    arms = trial.treated, trial.control
    assert sum(len(arm.counts) for arm in arms) == TRIAL
    assert abs(len(arms[0].counts) - len(arms[1].counts)) == 1
    at_entry = trial.ratio(0)
    assert at_entry[1] < 1 < at_entry[2], "alike when enrolled"
    value, low, high = trial.ratio(14)
    logs = [np.log(arm.counts[:, 14]) for arm in arms]
    assert value == pytest.approx(np.exp(logs[0].mean() - logs[1].mean()))
    assert low < value < high
    assert virtual_trial() is trial, "computed once"


def test_nobody_is_enrolled_early_or_healthy():
    days = [_entry(i) for i in range(30)]
    assert any(day is None for day in days)
    assert all(5 <= day <= 24 for day in days if day is not None)


# --- the page


def test_the_people_of_the_page_are_those_of_the_app():
    scope = {}
    cell = next(c for c in read_page("lymphopenia") if c.name == "three-lines")
    exec("\n".join(cell.text.splitlines()[:3]), {"cl": cl}, scope)
    content = load_content("lymphopenia")
    for name in ("Vera", "Dev"):
        assert scope[name.lower()] == person(content, name)


def test_last_hints_lead_to_the_right_answer(tmp_path):
    from cytolearn.lessons import Lesson, Logbook

    lesson = Lesson("lymphopenia", Logbook(tmp_path / "log.json"))
    scope = {"cl": cl}
    cells = {c.name: c.text for c in read_page("lymphopenia") if c.kind == "code"}
    exec("\n".join(cells["three-lines"].splitlines()[:3]), scope)
    for task in ("t1", "t2", "t3"):
        lines = [
            x for x in cells[f"{task}-check"].splitlines() if "..." not in x and "check" not in x
        ]
        exec("\n".join(lines), scope)
        hint = next(t for t in lesson.content["tasks"] if t["id"] == task)["hints"][-1]
        assert repr(lesson.check(task, eval(hint.split("`")[1], scope))).startswith("Correct."), (
            task
        )


def test_task_4_prints_the_answer(capsys):
    scope = {"cl": cl, "vera": person(load_content("lymphopenia"), "Vera")}
    code = next(c.text for c in read_page("lymphopenia") if c.name == "t4-run")
    exec(code.replace("[2, 2.5]", "[2, 2.5, 3]"), scope)
    shares = [float(line.split()[-1].rstrip("%")) for line in capsys.readouterr().out.splitlines()]
    assert shares[1] > checks.RULE > shares[2]
    assert checks.rule_fires().value == 3


def test_task_1_counts_resting_cells_in_blood_and_tissue():
    facts = {k: float(v) for k, v in checks.fold_more_cells().facts.items()}
    assert facts["vera_rest_blood"] < facts["vera"] / 2, "most of Vera's cells are elsewhere"
    assert facts["vera"] < 0.9 * facts["healthy"], "she has lost some, too"
    assert facts["dev_rest_blood"] < facts["dev"] < facts["dev_blood"], "activated cells count, too"
    healthy = checks.course("Vera")["sequestered"].loc[checks.INFECTED]
    assert healthy == pytest.approx(0, abs=1e-6), "in health all travellers are on the road"


def test_task_2_more_killers_each_weaker():
    truth, run = checks.same_marker_other_function(), checks.course("Vera")
    late = truth.mistakes["late_day"]
    effectors = run["cd8_effector"]
    each = truth.value / (effectors.loc[late] / effectors.loc[checks.EARLY])
    assert float(truth.facts["weaker"]) == pytest.approx(100 * (1 - each), abs=0.6)
    # "because less antigen is shown to them"
    assert run["hla_dr"].loc[late] < 0.7 * run["hla_dr"].loc[checks.EARLY]


def test_the_story_of_lesson_2_holds():
    # The page says these things in words: if the model changes, so must they.
    vera, dev = checks.course("Vera"), checks.course("Dev")
    low = [checks.at(run["alc"], 12) / checks.at(run["alc"], -5) for run in (vera, dev)]
    assert max(low) < 0.5, "less than half of what they had"
    assert checks.at(vera["sequestered"], 12) > 0.5 > 0.2 > checks.at(dev["sequestered"], 12)
    assert checks.clear_day("Dev") > checks.clear_day("Vera") + 7
    sooner = checks.clear_day("Dev") - checks.clear_day("Dev", checks.DRUG_DAY)
    assert 7 < sooner < 10, "IL-7 clears Dev's lung more than a week earlier"
    assert all(run["pf_ratio"].min() < 200 for run in (vera, dev)), "both are short of breath"
