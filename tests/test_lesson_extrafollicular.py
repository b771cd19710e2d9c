"""Lesson 4: its tabs follow the model, its gate counts, its chances are arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cytolearn import physiology
from cytolearn.apps.base_rate import BaseRate, expected_cases, results_of_a_test
from cytolearn.apps.causes import BIASES, LEVELS, WORLDS, people, ward
from cytolearn.apps.clocks import CENTRE_OFF, FAST_OFF
from cytolearn.apps.pieces import constant, solve
from cytolearn.figures import bcells
from cytolearn.lessons.extrafollicular import checks


def page(tab, who="Nora"):
    return checks.page(tab, who)


# --- two clocks


def test_a_switched_off_route_makes_nothing():
    nora = page("clocks").app.patient
    _, fast_off = solve(nora, ("antibody_ef", "antibody_gc"), **FAST_OFF)
    _, centre_off = solve(nora, ("antibody_ef", "antibody_gc"), **CENTRE_OFF)
    assert fast_off["antibody_ef"].max() == pytest.approx(0, abs=1e-6)
    assert fast_off["antibody_gc"].max() > 1
    assert centre_off["antibody_gc"].max() == pytest.approx(0, abs=1e-6)
    assert centre_off["antibody_ef"].max() > 100


def test_the_parts_of_the_race_add_up():
    clocks = page("clocks")
    clocks.refresh()
    virus_both, virus_now, fast, centre, total, *_ = (x.get_ydata() for x in clocks.view.lines)
    np.testing.assert_allclose(fast + centre, total, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(virus_both, virus_now)
    assert "halves infection on" in clocks.switch(fast=False)
    clocks.refresh()
    assert clocks.view.lines[1].get_ydata().max() > clocks.view.lines[0].get_ydata().max() + 0.2
    clocks.switch(fast=True)


def test_a_race_without_virus_or_antibody_is_said_so():
    assert "no virus" in page("clocks", "Lucy").summary()
    clocks = page("clocks")
    words = clocks.switch(fast=False, centre=False)
    assert "never reaches" in words and "still measurable" in words
    assert math.isnan(clocks.results()["first"])
    clocks.switch(True, True)


def test_a_virus_that_comes_back_is_said_so():
    clocks = page("clocks", "Ana")
    assert "gone by day" in clocks.summary() and "back by" not in clocks.summary()
    words, marks = clocks.switch(centre=False), clocks.results()
    clocks.switch(True, True)
    assert f"back by day {marks['back']:.1f}" in words and "gone by" not in words
    load = checks.course(checks.ANA)["viral_load_lung"]
    assert load.loc[marks["gone"] + 1 :].max() < 2, "with a germinal centre it stays away"
    assert 20 < marks["back"] < 40


def test_a_test_becomes_positive_as_published():
    assert [float(bcells.share_positive(day)) for day in (0, 12, 22, 30)] == [0.1, 0.5, 0.98, 0.98]
    assert (np.diff(bcells.share_positive(np.arange(0, 23.0))) > 0).all()
    with pytest.raises(ValueError, match="between 0 and 30"):
        page("clocks").test(31)


# --- the antibody made


def test_the_price_of_speed_goes_through_the_patient():
    affinity = page("affinity")
    days, shares = affinity.price()
    x, y = affinity.position()
    assert days.min() <= x <= days.max()
    assert np.interp(-x, -days, shares) == pytest.approx(y, rel=0.15)
    affinity.app.set(ef_bias=2)
    slower, cleaner = affinity.position()
    assert slower > x and cleaner < y


def test_tolerance_is_a_control():
    affinity = page("affinity")
    before = affinity.position()[1]
    affinity.app.set(self_reactivity=0)
    assert affinity.position()[1] == 0
    affinity.app.set(self_reactivity=0.5)
    assert affinity.position()[1] > 2 * before


# --- the flow plot


def test_shares_are_a_mixture_and_follow_the_fast_route():
    rest, busy = bcells.shares(1.0), bcells.shares(50.0)
    for mixture in (rest, busy, bcells.shares(0.0)):
        assert sum(mixture.values()) == pytest.approx(1)
        assert min(mixture.values()) > 0
    assert busy["dn2"] > 3 * rest["dn2"]
    assert busy["naive"] < rest["naive"]


def test_the_sample_is_the_mixture():
    mixture = bcells.shares(30.0)
    cells, kind = bcells.sample_cells(mixture, n=60_000)
    for name, share in mixture.items():
        assert (kind == name).mean() == pytest.approx(share, abs=0.006)
    row = next(r for r in bcells.populations() if r["population"] == "dn2")
    centre = [float(row[m]) for m in bcells.MARKERS]
    np.testing.assert_allclose(cells[kind == "dn2"].mean(axis=0), centre, atol=0.03)
    again = bcells.sample_cells(mixture, n=60_000)
    np.testing.assert_array_equal(cells, again[0])


def test_every_kind_of_cell_has_source_and_badge():
    for row in bcells.populations():
        assert row["source"] and row["meaning"] and row["badge"] in "ABCD"


def test_the_gate_counts_what_is_inside():
    flow = page("flow")
    flow.gate(igd=5, cd27=5, cxcr5=5, cd11c=0.5)
    everything = flow.counts()
    assert everything["percent"] > 99
    assert everything["sensitivity"] > 99
    assert everything["purity"] == pytest.approx(everything["truth"], rel=0.02)
    flow.gate(**checks.FAIR_GATE)
    fair = flow.counts()
    assert fair["inside"] <= fair["double"] <= 3000
    assert fair["purity"] > 85 and fair["sensitivity"] > 75
    assert fair["percent"] == pytest.approx(fair["truth"], abs=1)
    flow.gate(cd11c=4.4)
    strict = flow.counts()
    assert strict["sensitivity"] < 10 < strict["purity"]
    flow.gate(cd11c=5, igd=0.5)
    assert flow.counts()["inside"] == 0
    assert "empty" in flow.reveal()
    flow.reveal(False)


def test_the_truth_stays_hidden_until_asked_for():
    flow = page("flow")
    assert "purity" not in flow.gate(**checks.FAIR_GATE)
    flow.refresh()
    assert not np.isfinite(flow.view.lines[4].get_xdata()).any() or (
        len(flow.view.lines[4].get_xdata()) == 0
    )
    assert "purity" in flow.reveal()
    flow.refresh()
    assert len(flow.view.lines[4].get_xdata()) > 50
    flow.reveal(False)


def test_where_the_border_is_changes_the_number():
    flow, found = page("flow"), []
    for border in (1.8, 2.2, 2.6, 3.0, 3.4):
        flow.gate(**{**checks.FAIR_GATE, "cd11c": border})
        found.append(flow.counts()["percent"])
    assert found == sorted(found, reverse=True)
    assert found[0] > 1.5 * found[-1]


def test_dn2_cells_are_ordered_as_the_fast_route():
    shares = [page("flow", who).mixture()["dn2"] for who in ("Ana", "Lucy", "Nora")]
    assert shares == sorted(shares)


def test_wrong_gates_teach():
    flow = page("flow")
    with pytest.raises(ValueError, match="igd, cd27"):
        flow.gate(cd99=2)
    with pytest.raises(ValueError, match="between"):
        flow.gate(igd=9)


# --- harm and chance


def test_no_part_is_lost_when_the_ends_are_changed():
    downstream = page("downstream")
    ends = downstream.show("ends")
    usual = ends.results()
    assert all(before == pytest.approx(after) for before, after in usual.values())
    ends.change(blocks=2)
    assert ends.results()["viral_load_lung"][1] < usual["viral_load_lung"][0]
    ends.change(blocks=1, calls=3)
    tripled = ends.results()
    assert tripled["immune_complexes"][1] > 2 * usual["immune_complexes"][0]
    ends.refresh()
    assert ends.view.figure.axes[0].get_ylim()[1] >= tripled["immune_complexes"][1]
    ends.change(calls=1)


def test_the_ward_is_a_paradox():
    antibody, harm = ward()
    assert antibody.shape == (len(LEVELS), len(BIASES))
    assert (np.diff(harm, axis=0) > 0).all(), "more virus, more harm"
    assert (np.diff(antibody, axis=1) > 0).all(), "more bias, more antibody"
    assert (ward(plasma=True)[1] < harm).all()
    titre = page("downstream").show("titre")
    assert titre.choose(level=0) != titre.choose(level=6)
    with pytest.raises(ValueError, match="everybody"):
        titre.choose(level=7)
    titre.choose(level=0)


@pytest.mark.parametrize("world", WORLDS)
def test_every_world_has_the_same_correlation(world):
    for seed in range(5):
        assert np.corrcoef(people(world, seed=seed))[0, 1] == pytest.approx(0.6)


def test_a_guess_is_judged_and_luck_is_called_luck():
    worlds = page("downstream").show("worlds")
    worlds.new("common")
    assert "luck" in worlds.guess("common")
    worlds.new("common")
    worlds.intervene("antibody")
    assert worlds.guess("cause").split("\n")[1].startswith("No")
    assert worlds.guess("common").split("\n")[1] == f"Right: {WORLDS['common']}."
    for call in (lambda: worlds.new("x"), lambda: worlds.intervene("x"), lambda: worlds.guess("x")):
        with pytest.raises(ValueError, match="There is no"):
            call()


@pytest.mark.parametrize("mean", [0.02, 0.5, 3.0, 27.0, 400.0])
def test_chance_is_poisson(mean):
    from scipy.special import pdtr  # the share of a Poisson distribution up to a number

    _, low, high = expected_cases(mean, 1e6)
    for count, share in ((low, 0.025), (high, 0.975)):
        assert pdtr(count, mean) >= share
        assert count == 0 or pdtr(count - 1, mean) < share


def test_a_test_is_bayes():
    found = results_of_a_test(2, 90, 90)
    assert found["believed"] == pytest.approx(100 * 0.018 / (0.018 + 0.098))
    assert results_of_a_test(2, 90, 99.9)["believed"] > 90
    assert found["true"] + found["missed"] == pytest.approx(200)


def test_the_crowd_shows_the_numbers_of_the_words():
    rate = BaseRate(page("downstream").app)
    rate.calculate("test", prevalence=2, sensitivity=90, specificity=90)
    rate.refresh()
    assert [len(line.get_xdata()) for line in rate.view.lines] == [180, 980, 20]
    spots = {p for line in rate.view.lines for p in map(tuple, line.get_xydata())}
    assert len(spots) == 1180, "nobody stands on somebody else's place"
    rate.calculate("complication", risk=273, infections=1e5)
    rate.refresh()
    assert len(rate.view.lines[0].get_xdata()) == 3
    with pytest.raises(ValueError, match="Did you mean 'test'"):
        rate.calculate("tests")
    with pytest.raises(ValueError, match="between"):
        rate.calculate("test", prevalence=99)


# --- all tabs


@pytest.mark.parametrize("tab", ["clocks", "affinity", "flow", "downstream"])
@pytest.mark.parametrize("who", ["Ana", "Nora", "Lucy"])
def test_a_tab_follows_every_person_and_a_treatment(tab, who):
    made = page(tab, who)
    made.refresh()
    before = made.summary()
    made.app.treat("dexamethasone", day=1)
    made.refresh()
    assert made.app.error == ""
    assert made.summary().strip()
    if tab == "downstream":
        assert made.part.title in [part.title for part in made.parts.values()]
    elif who == "Nora":
        assert made.summary() != before
    made.app.treat(None)


def test_widgets_go_through_the_same_door():
    flow = page("flow")
    flow.gate(**checks.FAIR_GATE)
    flow._limits["cd11c"].value = 4.0
    assert flow.limits["cd11c"] == 4.0
    assert "DN2" in flow._words.value
    clocks = page("clocks")
    clocks._fast.value = False
    assert "Fast route off" in clocks._words.value
    clocks._fast.value = True
    downstream = page("downstream")
    downstream._part.value = "worlds"
    assert downstream.part is downstream.parts["worlds"]
    assert downstream._page.children == (downstream.parts["worlds"].widget,)


def test_a_fault_of_a_tab_is_shown(monkeypatch):
    flow = page("flow")

    def broken(*_):
        raise RuntimeError("the machine is dirty")

    monkeypatch.setattr(flow, "summary", broken)
    flow._truth.value = not flow._truth.value
    assert "dirty" in flow.app.error
    monkeypatch.undo()
    flow.reveal(False)
    flow.app.show_error(None)


def test_constants_of_a_route_are_the_models():
    nora = page("clocks").app.patient
    assert constant(nora, "ef_bias") == 5.4
    assert set(FAST_OFF) | set(CENTRE_OFF) <= {
        row["symbol"] for row in physiology.rows("parameters")
    }
