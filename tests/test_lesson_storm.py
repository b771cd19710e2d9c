"""Lesson 3: tabs whose pictures and words follow the model, and the story that they tell."""

from __future__ import annotations

import asyncio
import re

import numpy as np
import pytest

import cytolearn as cl
from cytolearn.apps.definitions import ASSUMED, IL6_LIMITS, REPEATS, SHORT, best_cut
from cytolearn.apps.scale_of_storms import published
from cytolearn.figures import storm
from cytolearn.lessons.content import expected, load_content
from cytolearn.lessons.storm import checks
from cytolearn.physiology import baseline
from cytolearn.simulation import integrate, moment
from cytolearn.simulation.equations import equations


@pytest.fixture
def mara():
    return checks.app("Mara")


# --- one moment of the model


def test_a_flow_field_is_the_models_own_slope():
    patient, step = cl.Patient("mas_like"), 0.01
    rows = moment.states(patient.constants, days=15, step=step)
    i, j = (equations().states.index(s) for s in ("il1b_tissue", "macrophages"))
    for at in (700, 1200):
        held = rows[at]
        dx, dy = moment.flow(
            patient.constants, held, ("il1b_tissue", held[[i]]), ("macrophages", held[[j]])
        )
        slope = (rows[at + 1] - rows[at - 1]) / (2 * step)
        assert dx[0, 0] == pytest.approx(slope[i], rel=1e-3)
        assert dy[0, 0] == pytest.approx(slope[j], rel=1e-3)


def test_fluxes_into_a_target_add_up_to_its_gross_rate():
    patient = cl.Patient("mas_like")
    rows = moment.states(patient.constants, days=20, step=1.0)
    found = moment.fluxes(patient.constants, rows, storm.network_switches())
    pairs = [(row["source"], row["target"]) for row in storm.network_edges()]
    values = {**baseline(), **patient.constants}
    il1 = equations().states.index("il1b_tissue")
    made = found[:, pairs.index(("macrophages", "il1"))]
    kept = values["il1b_clearance"] * rows[:, il1]
    rates = equations().rates()(values)
    change = np.array([rates(0.0, row)[il1] for row in rows])
    assert np.allclose(made - kept, change, atol=1e-9)
    assert (found[:, pairs.index(("il10", "il6"))] <= 1e-9).all(), "IL-10 holds IL-6 back"


def test_every_edge_names_nodes_states_and_constants():
    for row, (state, off) in zip(storm.network_edges(), storm.network_switches(), strict=True):
        assert {row["source"], row["target"]} <= storm.NODES.keys()
        assert state in equations().states
        assert off.keys() <= baseline().keys()
    for name, (_, off) in storm.SILENCED.items():
        assert name in storm.NODES
        assert off.keys() <= baseline().keys()


# --- phase plane


def test_the_plane_shows_both_courses_on_the_day(mara):
    page = mara.pages["phase"]
    words = page.draw(9, "loop")
    x, y = page.view.lines[6].get_data()
    run = mara.patient.run()
    assert x[0] == pytest.approx(run["il1b_tissue"].loc[9.0], rel=1e-3)
    assert y[0] == pytest.approx(run["macrophages"].loc[9.0], rel=1e-3)
    assert "On day 9" in words and "Mara" in words and "Tess" in words
    assert "rising" in words
    assert "falling" in page.draw(20)
    assert page.draw(9, "patterns") != words
    page.draw(9, "loop")


def test_both_quantities_stand_still_where_the_lines_cross(mara):
    page = mara.pages["phase"]
    page.draw(10, "loop")
    held = page._row(page._both()["Mara"])
    x, y = page.view.lines[1].get_data()
    some = np.flatnonzero(np.isfinite(x))[::4]
    for k in some:
        dx, _ = moment.flow(
            mara.patient.constants, held, ("il1b_tissue", x[[k]]), ("macrophages", y[[k]])
        )
        made = 2.1 * max(x[k], 1.0)
        assert abs(dx[0, 0]) < 0.1 * made


def test_arrows_point_where_the_numbers_go():
    change = (np.full((2, 2), 5.0), np.zeros((2, 2)))
    x, y = storm.arrows("il1b_tissue", "macrophages", change)
    x, y = (axis.reshape(-1, 6) for axis in (x, y))  # start, tip, side, tip, side, gap
    assert (x[:, 1] > x[:, 0]).all()
    assert np.allclose(y[:, 1], y[:, 0])
    assert np.isnan(x[:, 5]).all()


def test_the_tipping_line_needs_virus(mara):
    page = mara.pages["phase"]
    much = page.tipping_points()
    mara.set(viral_antagonism=0.85)
    assert "has changed" in page.summary()
    less = page.tipping_points()
    assert less["pf_ratio"] > much["pf_ratio"] + 1
    assert less["ferritin"] > much["ferritin"] or np.isnan(less["ferritin"])
    direct = integrate(
        {**mara.patient.constants, "mas_gain": less["pf_ratio"]}, days=40, outputs=["pf_ratio"]
    )
    assert direct.min() == pytest.approx(storm.VENTILATOR, abs=6)


def test_the_map_is_drawn_for_the_patient_and_remembered(mara):
    page = mara.pages["phase"]
    page.map()
    first = page._worst
    mara.show("Jonas")  # the same virus, other gains: the same map
    page.map()
    assert page._worst is first
    page.refresh()
    assert page.map_view.lines[0].get_xdata()[0] == mara.values["mas_gain"]


def test_crossing_and_level_lines():
    gain = np.arange(5.0)
    assert storm.crossing(gain, np.array([0, 1, 2, 3, 4.0]), 2.5) == pytest.approx(2.5)
    assert storm.crossing(gain, np.array([4, 3, 2, 1, 0.0]), 2.5) == pytest.approx(1.5)
    assert np.isnan(storm.crossing(gain, np.zeros(5), 1))
    x, y = storm.level_line(gain, gain, np.add.outer(gain, gain), 3.0)
    there = np.isfinite(x)
    assert np.allclose(x[there] + y[there], 3)
    assert np.isnan(storm.level_line(gain, gain, np.zeros((5, 5)), 1)[0]).all()


@pytest.mark.parametrize(("tab", "done"), [("phase", "map_view"), ("definitions", "view")])
def test_long_work_runs_beside_a_kernels_loop_and_can_be_cancelled(mara, monkeypatch, tab, done):
    page = mara.pages[tab]
    if tab == "definitions":  # an empty ward, as in a new session
        monkeypatch.setattr("cytolearn.apps.definitions._beds", lambda beds={}: beds)
    mara.set(danger_from_lesion=0.9 if tab == "phase" else 0.845)

    async def clicked(cancel):
        page.work._start()
        assert page.work.busy
        if cancel:
            page.work.cancel()
        await page.work._task
        assert not page.work.busy

    asyncio.run(clicked(cancel=True))
    assert mara.error == ""
    asyncio.run(clicked(cancel=False))
    assert mara.error == ""
    shown = getattr(page, done)
    if tab == "phase":
        assert "inflammasome gain" in page._map_words.value
        assert len(shown.figure.axes[0].collections) > 0, "the map is coloured"
    else:
        assert "In neither class" in page._split.value
        assert len(shown.lines[2].get_xdata()) > 10


def test_cancel_leaves_no_half_map(mara):
    page = mara.pages["phase"]
    mara.set(resolution_rate=0.11)
    steps = page._steps()
    next(steps)
    steps.close()
    assert page._key() not in page._maps


def test_impossible_days_and_planes_teach(mara):
    page = mara.pages["phase"]
    with pytest.raises(ValueError, match="between -3 and 30"):
        page.draw(99)
    with pytest.raises(ValueError, match="loop"):
        page.draw(9, "lop")


# --- network


def test_arrows_follow_the_day_and_the_knock_out(mara):
    page = mara.pages["network"]
    early, late = (page.draw(d) and dict(page.fluxes()) for d in (2, 10))
    assert late["macrophages", "il1"] > 10 * early["macrophages", "il1"]
    assert late["il6", "macrophages"] < 0, "in this model IL-6 brakes macrophages"
    words = page.knock_out("il1")
    assert page.fluxes()["il1", "il6"] == pytest.approx(0, abs=1e-6)
    assert "Knocked out: IL-1" in words
    assert "Weaker:" in words
    assert "line-through" in page._picture.value
    page.knock_out()
    assert page.fluxes() == late


def test_a_knock_out_is_a_whole_new_illness(mara):
    page = mara.pages["network"]
    page.knock_out("il6")
    whole, left = page.outcomes()["crp"]
    assert left < 0.2 * whole, "no IL-6 signal, no CRP"
    direct = integrate(
        {**mara.patient.constants, "il6_half": 1e12}, days=40, step=0.25, outputs=["lesion"]
    )
    assert page.outcomes()["lesion"][1] == pytest.approx(direct.max(), rel=1e-6)
    with pytest.raises(ValueError, match="il6"):
        page.knock_out("il66")


def test_a_drug_greys_what_it_blocks(mara):
    page = mara.pages["network"]
    page.knock_out()
    page.draw(9)
    before = page.fluxes()["il6", "crp"]
    mara.treat("tocilizumab", day=7)
    assert page.fluxes()["il6", "crp"] < 0.5 * before


def test_arrows_are_as_wide_as_their_flux():
    n = len(storm.network_edges())

    def widths(share):
        svg = storm.network_svg(share, (), "words <b>")
        return [
            float(w) for w in re.findall(r'fill="none" style="[^"]*" stroke-width="([\d.]+)"', svg)
        ]

    assert max(widths(np.ones(n))) == pytest.approx(storm.WIDEST)
    assert max(widths(np.zeros(n))) == pytest.approx(1.0)
    assert "words &lt;b&gt;" in storm.network_svg(np.zeros(n), (), "words <b>")
    half = widths(np.full(n, 0.5))
    assert 1.0 < half[0] < storm.WIDEST


# --- definitions


def test_the_panel_is_the_patients_own(mara):
    page = mara.pages["definitions"]
    page.draw(12, "leave it open")
    run = mara.patient.run()
    assert page.labs()["ferritin"] == pytest.approx(run["ferritin"].loc[12.0], rel=1e-6)
    table = page.verdicts()
    own = cl.criteria.classify(run.labs(12), limits={"cd4_lower_limit": 414,
                               "cd8_lower_limit": 238, "il6_upper_limit": 16.6})  # fmt: skip
    assert list(table["verdict"]) == list(own["verdict"])
    assert set(SHORT) == set(table.index)
    for rule in table.itertuples():
        assert f"{rule.title} ({rule.study})" in page._table.value
    # in plain text pandas cuts what is longer than 50 letters
    assert "..." not in repr(own.set_index("title")[["verdict", "points", "cutoff"]])
    assert "..." not in repr(own["study"])


def test_what_is_typed_in_stays_until_taken_out(mara):
    page = mara.pages["definitions"]
    page.draw(9, "assume it normal")
    before = page.verdicts().loc["hscore", "points"]
    page.type_in("fibrinogen", 1.2, "g/L")
    assert page.verdicts().loc["hscore", "points"] == before + 30
    assert "Fibrinogen typed in as 1.2 g/L" in page.summary()
    page.take_out()
    assert page.verdicts().loc["hscore", "points"] == before
    with pytest.raises(ValueError, match="mg/dL"):
        page.type_in("crp", 6, "mg/dl per litre")
    with pytest.raises(ValueError, match="ferritin"):
        page.type_in("feritin", 6, "ng/mL")
    assert page.verdicts().loc["hscore", "points"] == before


def test_widgets_of_the_panel_do_what_they_say(mara):
    page = mara.pages["definitions"]
    page.draw(9, "leave it open")
    page._what.value = "ferritin"
    assert page._unit.options == (("ng/mL", "ng/mL"), ("µg/L", "ug/L"))
    page._value.value = 9000
    page._type_clicked(None)
    assert page.labs()["ferritin"] == 9000
    page._value.value = -5
    page._type_clicked(None)
    assert "-5" in mara.error
    assert page.labs()["ferritin"] == 9000, "the last good panel stays"
    page._clear(None)
    assert page.labs()["ferritin"] != 9000
    mara.show_error(None)


def test_repeats_swing_as_the_laboratory_does(mara):
    page = mara.pages["definitions"]
    page.draw(9, "leave it open")
    found = page.repeat()
    assert found == page.repeat(), "the same blood, the same hundred tubes"
    assert all(0 <= n <= REPEATS for n in found.values())
    assert found[f"il6_above_{IL6_LIMITS[0]:g}"] >= found[f"il6_above_{IL6_LIMITS[1]:g}"]
    page.draw(13)
    assert "An earlier sample" in page._twice.value


def test_the_ward_is_run_once_and_split_by_the_cut_offs(mara):
    page = mara.pages["definitions"]
    ward = page.ward()
    assert page.ward() is ward
    counts = page.split(1500, 8000)
    assert sum(counts.values()) == len(ward)
    assert counts["MAS"] == int((ward["ferritin"] > page._limits[0]).sum())
    more = page.split(700, 8000)
    assert more["MAS"] > counts["MAS"]
    drawn = [len(line.get_xdata()) for line in page.view.lines[:3]]
    assert drawn == list(more.values())
    page.split(storm.MAS, storm.DYSREGULATION)


def test_the_agreement_matrix_is_symmetric_and_shown(mara):
    page = mara.pages["definitions"]
    page.draw(12, "assume a feverish inpatient")
    found = page.fill()
    percent = found.percent.to_numpy(float)
    assert np.allclose(percent, percent.T, equal_nan=True)
    page.refresh()
    worst = f"{np.nanmin(percent):.0f}%"
    assert worst in page._matrix.value
    assert page.separation("ferritin") >= 0.5


def test_the_best_cut_off():
    values, ill = np.array([1.0, 2, 3, 10, 11]), np.array([0, 0, 0, 1, 1], bool)
    assert best_cut(values, ill) == 6.5


def test_small_studies_differ_and_a_seed_repeats_them(mara):
    page = mara.pages["definitions"]
    assert page.few(seed=4) == page.few(seed=4)
    assert page.few() != page.few()


# --- scale


def test_published_values_are_those_of_the_table(mara):
    rows = published()
    leisman = next(row for row in rows if row["name"].startswith("CAR-T"))
    assert (leisman["value"], leisman["low"], leisman["high"]) == (3110.5, 632.3, 15302.9)
    assert any(not row["seen"] for row in rows), "a number from memory is marked"
    page = mara.pages["scale"]
    page.refresh()
    assert page.folds()[leisman["name"]] == pytest.approx(3110.5 / mara.curves["il6"].max())
    assert "from memory" in page.widget.children[-1].value


@pytest.mark.parametrize("log", [False, True])
def test_the_patients_dot_is_the_peak(mara, log):
    page = mara.pages["scale"]
    page.log = log
    page.refresh()
    dot = page.view.lines[-1].get_xdata()[0]
    assert dot == pytest.approx(mara.curves["il6"].max())
    assert page.view.figure.axes[0].get_xscale() == ("log" if log else "linear")


def test_a_value_without_interval_stays_a_dot():
    row = {"name": "one", "value": 5.0, "low": None, "high": None, "seen": True, "words": ""}
    bare, _ = storm.scale_of_storms([row], log=True)
    full, _ = storm.scale_of_storms([{**row, "low": 1.0, "high": 9.0}], log=True)
    assert len(full.axes[0].lines) == len(bare.axes[0].lines) + 1


# --- the story


def test_the_story_of_lesson_3_holds():
    # The page says these things in words: if the model changes, so must they.
    run = {name: checks.course(preset) for preset, name in checks.NAMES.items()}
    lung = {n: c["viral_load_lung"].max() for n, c in run.items()}
    assert abs(lung["Mara"] - lung["Jonas"]) < 0.15, "the same amount of virus"
    for name in ("Mara", "Jonas"):
        assert run[name]["pf_ratio"].min() < 150, "both need a ventilator"
    assert run["Tess"]["pf_ratio"].min() > 300, "Tess does not"
    assert run["Mara"]["ferritin"].max() > storm.MAS > 2 * run["Jonas"]["ferritin"].max()
    assert run["Jonas"]["hla_dr"].min() < storm.DYSREGULATION < run["Mara"]["hla_dr"].min()
    plasma = [run[n]["il1b"].max() for n in run]
    assert max(plasma) < 2 * min(plasma), "the panel that hardly tells them apart"
    ifn = {n: run[n]["ifn"].loc[1.0] for n in run}
    assert ifn["Tess"] > 3 * max(ifn["Mara"], ifn["Jonas"]), "sooner and several times as strong"
    fed = run["Tess"]["danger"].max() / run["Mara"]["danger"].max()
    assert 0.15 < fed < 0.3, "Tess's lung feeds the loop a fifth of what Mara's does"


def test_the_loop_is_steep_and_the_lung_is_not():
    runs = {gain: checks.course(checks.MARA, mas_gain=gain) for gain in (1.0, 2.0, 4.07)}
    peak = {
        s: {g: r[s].max() for g, r in runs.items()} for s in ("il1b_tissue", "lesion", "ferritin")
    }
    assert 2.5 < peak["il1b_tissue"][2.0] / peak["il1b_tissue"][1.0] < 3, "nearly three times"
    assert peak["lesion"][2.0] / peak["lesion"][1.0] < 1.2, "only a little more lesion"
    assert 2.7 < peak["ferritin"][4.07] / peak["ferritin"][1.0] < 3.4, "three times as high"
    assert peak["lesion"][4.07] > 1.2 * peak["lesion"][1.0], "clearly worse"
    fewer = checks.course(checks.MARA, viral_antagonism=0.85)["lesion"].max()
    assert fewer < 0.6 * peak["lesion"][4.07], "how much virus comes down decides most of it"


def test_in_the_second_week_a_steroid_helps_both():
    for day in (7, 10):
        left = {
            (name, drug): checks.course(preset, drug, day)["lesion"].max()
            / checks.course(preset)["lesion"].max()
            for preset, name in checks.NAMES.items()
            for drug in ("anakinra", "tocilizumab", "dexamethasone")
        }
        assert left["Mara", "anakinra"] < 0.9 and left["Mara", "tocilizumab"] > 0.97
        assert min(left["Jonas", drug] for drug in ("anakinra", "tocilizumab")) > 0.9
        assert max(left[name, "dexamethasone"] for name in ("Mara", "Jonas")) < 0.92


def test_some_rules_can_say_nothing_else_here(mara):
    # The page says so among its limits, and the tab beside its counts.
    page = mara.pages["definitions"]
    for assumed in ASSUMED:
        page.draw(12, assumed)
        page.ward()
        verdicts = page.agreement().verdicts
        assert verdicts["save_more"].isna().all(), "suPAR is not in the model"
        assert not (verdicts[["hscore", "temple"]] == 1).any(axis=None)
    page.draw(12, "assume a feverish inpatient")
    said = page.summary()
    assert "suPAR is decided for nobody" in said
    assert "HScore, Temple and cHIS: the same answer for everybody" in said
    page.draw(9, "leave it open")


def test_the_last_hints_of_the_tasks_are_right():
    run = {d: checks.course(checks.JONAS, d) for d in ("", "tocilizumab")}
    scope = {"crp_without": run[""].at(14)["crp"], "crp_with": run["tocilizumab"].at(14)["crp"]}
    hint = load_content("storm")["tasks"][1]["hints"][-1].split("`")[1]
    assert eval(hint, scope) == pytest.approx(expected("storm", "crp_against_lung").value, abs=0.5)


def test_people_without_virus_have_no_storm_whatever_their_gains():
    quiet = checks.course(checks.TESS, mas_gain=10.0)
    assert quiet["lesion"].max() < 1.3 * checks.course(checks.TESS)["lesion"].max()


# ---------------------------------------------------------------- what the page says in words


def test_the_text_twin_tells_the_published_values_apart(mara):
    said = mara.pages["scale"].summary().partition("Published: ")[2].split("; ")
    names = [part.rstrip("0123456789., ").partition(" (")[0] for part in said]
    assert len(set(names)) == len(published())
    assert any("severe: pooled mean" in part for part in said)
    assert any("severe: median" in part for part in said)


def test_deafness_from_the_start_tells_mara_from_jonas_and_late_drugs_only_help_mara():
    deaf = {name: checks.knocked_out(name) for name in ("il1", "il6")}
    assert deaf["il1"]["Mara"] < 0.75 < 0.85 < deaf["il1"]["Jonas"]
    assert deaf["il6"]["Jonas"] < 0.85 < 1 < deaf["il6"]["Mara"]
    late = {drug: checks.ratio(checks.JONAS, drug) for drug in ("anakinra", "tocilizumab")}
    assert all(left > 1 - checks.NOTICED for left in late.values())
    assert checks.ratio(checks.MARA, "anakinra") < 0.8
