"""Lesson 6: the ward played through its plain face, its widgets, its page and its proofs."""

from __future__ import annotations

import base64
import json

import pytest
from ipywidgets.widgets.widget import _instances  # every widget that is alive

from cytolearn.apps.ward import WardRound
from cytolearn.lessons.content import load_content
from cytolearn.lessons.ward import checks
from cytolearn.physiology.tables import read_table
from cytolearn.treatments import drugs
from cytolearn.trials import ward as model
from cytolearn.trials.ward import Order

CODE = "ward 5"


@pytest.fixture
def app():
    return WardRound(CODE, ["Look at all beds."], title="Treat the ward")


@pytest.fixture(scope="module")
def closed():
    """Return a ward that was played to the end and scored, and what it recorded."""
    kept = []
    app = WardRound(CODE, record=kept.append)
    app.give(8, "remdesivir").give(3, "canakinumab", 0.5).next_round()
    app.give(5, "dexamethasone").next_round().next_round().next_round()
    app.score()
    return app, kept


# --- playing


def test_a_round_is_an_order_for_each_bed_and_then_time(app):
    app.give(3, "anakinra", dose=2)
    app.next_round().give("Chen", "remdesivir")
    bed_3, bed_8 = app.ward[2], app.ward[7]
    assert app.plans[3] == (Order("anakinra", bed_3.days[0], 2.0),)
    assert app.plans[8] == (Order("remdesivir", bed_8.days[1], 1.0),)
    assert "anakinra from day 6, twice the usual dose" in app.look(3)
    assert "round 2 of 4" in app.summary()


def test_choosing_gives_nothing_and_the_course_ends_today(app):
    assert app.set(bed=3, drug="anakinra", dose=0.5) is app
    assert app.plans[3] == () and "Bed 3" in app._who.value
    assert app.course.time[-1] == app.ward[2].arrival
    app._give.click()
    assert app.plans[3] == (Order("anakinra", app.ward[2].arrival, 0.5),)
    assert app.course.treatments == (), "the blood was drawn before today's orders"
    app.next_round()
    assert [given.drug for given in app.course.treatments] == ["anakinra"]
    for wrong, words in (
        ({"bed": 9}, "no bed 9"),
        ({"drug": "x"}, "x"),
        ({"dose": 3}, "0.5, 1 or 2"),
    ):
        with pytest.raises(ValueError, match=words):
            app.set(**{"bed": 4, **wrong})
        assert "Bed 3" in app._who.value


def test_orders_can_be_taken_back_until_the_next_round(app):
    app.give(1, "dexamethasone").give(2, "il7").take_back()
    assert app.plans[2] == () and app.plans[1] != ()
    app.next_round().take_back()
    assert app.plans[1] != (), "what was given stays given"


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ((9, "dexamethasone"), "There is no bed 9"),
        (("Nobody", "dexamethasone"), "There is no bed"),
        ((1, "dexametasone"), "Did you mean 'dexamethasone'"),
        ((1, "remdesivir", 2), "No trial in our table gave twice"),
        ((1, "dexamethasone", 7), "0.5, 1 or 2 times"),
    ],
)
def test_an_impossible_order_says_what_is_possible(app, order, says):
    with pytest.raises(ValueError, match=says):
        app.give(*order)
    assert not any(app.plans.values())


def test_two_drugs_are_the_most_and_each_only_once(app):
    app.give(1, "dexamethasone")
    with pytest.raises(ValueError, match="already"):
        app.give(1, "dexamethasone")
    app.give(1, "tocilizumab")
    with pytest.raises(ValueError, match="the most on this ward"):
        app.give(1, "baricitinib")


def test_a_walk_along_the_beds_renews_only_what_hangs_on_the_bed(app, monkeypatch):
    """Nor may it leave a widget behind in the page at every step."""
    app.look(1)
    before, board, files = set(_instances), app._all.value, app._files._code.value
    monkeypatch.setattr(app, "_all_html", lambda: pytest.fail("the board of all beds was made"))
    for person in app.ward[1:]:
        said = app.look(person.bed)
        assert person.label in said
        assert person.name in app._who.value
        assert app._people.value == person.bed
    assert set(_instances) == before
    assert (app._all.value, app._files._code.value) == (board, files)


def test_an_open_ward_gives_nothing_away(app):
    for call in (app.score, app.debrief, app.throw):
        with pytest.raises(ValueError, match="Close the ward"):
            call()
    shown = app.summary() + app.look(3) + str(app._repr_mimebundle_()[0]["text/plain"])
    for row in model.kinds().values():
        assert row["name"] not in shown and row["cause"] not in shown
    assert "risk of death" not in shown.lower()
    assert app.reachable is None


def test_a_drug_is_seen_on_the_next_sheet_not_before(app):
    before = app.look(1)
    app.give(1, "tocilizumab")
    assert app.look(1).split("Given")[0] == before.split("Given")[0]
    plain = WardRound(CODE).next_round().look(1)
    assert app.next_round().look(1).split("Given")[0] != plain.split("Given")[0]


def test_the_same_word_opens_the_same_ward(app):
    first = app.summary()
    app.restart("another word")
    assert app.summary() != first
    assert "another word" in app.summary()
    app.restart(CODE)
    assert app.summary() == first
    assert app.restart().summary() == first


def test_the_end_is_scored_told_and_kept(closed):
    app, kept = closed
    score = app.score()
    assert app.finished
    assert score.best < score.yours < score.untreated
    assert 0 < app.reachable < 1
    assert f"{100 * app.reachable:.0f}%" in app.summary()
    told = app.debrief()
    assert told.count("Risk of death") == len(app.ward)
    assert "You gave remdesivir from day 2" in app.debrief(8)
    with pytest.raises(ValueError, match="closed"):
        app.give(1, "dexamethasone")
    json.dumps(kept)
    assert kept[0]["orders"]["8"] == [["remdesivir", 2, 1.0]]
    assert kept[-1]["share"] == pytest.approx(app.reachable, abs=1e-3)


def test_the_dice_change_the_end_but_not_the_score(closed):
    app, _ = closed
    share = app.reachable
    said = {app.throw() for _ in range(5)}
    assert len(said) > 1
    assert app.reachable == share


# --- widgets


def test_the_buttons_do_what_the_methods_do(app):
    app._people.value = 8
    app._drug.value, app._dose.value = "remdesivir", 0.5
    app._give.click()
    assert app.plans[8] == (Order("remdesivir", 2, 0.5),)
    assert "●" in app._people.label
    app._back.click()
    assert app.plans[8] == ()
    app._give.click()
    assert "Choose a drug" in app.error and "Choose a drug" in app._error.value
    app._next.click()
    assert app.round == 2 and app.error == ""
    app._code.value = ""
    app._people.value = 1
    app._code.value = "  "
    app.widget.children[1].children[1].children[2].click()
    assert "1 to 60 characters" in app.error
    assert app.round == 2, "nothing has changed"


def test_an_early_steroid_brings_the_pharmacist(app):
    app.look(8)
    assert app._note.value == ""
    app.give(8, "dexamethasone")
    assert "pharmacist" in app._note.value


def test_the_whole_game_can_be_clicked(closed):
    app = WardRound(CODE)
    for _ in model.ROUNDS:
        app._next.click()
    assert app.finished and app._next.disabled and app._give.disabled
    assert app._tabs.selected_index == 2
    app._best = dict(closed[0]._best)  # found before; the search itself is tested above
    app._searched(True)
    assert app._work.widget.layout.display == "none"
    assert "Autoantibodies" in app._told_html.value
    assert app.error == ""


def test_cancelled_work_keeps_what_was_found(app):
    for _ in range(len(model.ROUNDS)):
        app.next_round()
    steps = app._steps()
    while len(app._best) < 1:
        next(steps)
    app._searched(False)
    assert app.reachable is None
    assert app._work.widget.layout.display == ""
    assert "best plan found" in app.debrief(1)
    assert "best plan found" not in app.debrief(2)


def test_at_most_six_controls_are_on_view(app):
    left = app.widget.children[-1].children[0]  # below the head and what to try
    kinds = ("Select", "Dropdown", "ToggleButtons", "Button")

    def count(widget):
        own = type(widget).__name__ in kinds
        return own + sum(count(child) for child in getattr(widget, "children", ()))

    assert count(left) == 6


def test_the_code_reproduces_the_ward_and_the_files_hold_every_sheet(app, capsys):
    app.give(8, "remdesivir", 0.5).next_round()
    exec(app.code(), {})
    printed = capsys.readouterr().out.splitlines()
    risks = [model.outlook(p, app.plans[p.bed]).death for p in app.ward]
    assert printed == [f"{p.label} {r:.1%}" for p, r in zip(app.ward, risks, strict=True)]
    content = base64.b64decode(app.download("csv").split(",")[1]).decode().splitlines()
    assert content[0].startswith("bed,age,day since symptom onset,spo2")
    assert len(content) == 1 + 2 * len(app.ward)
    assert app.download("svg").startswith("data:image/svg+xml;base64,")
    with pytest.raises(ValueError, match="csv"):
        app.download("cvs")
    app._tabs.selected_index = 3
    app._files.widget.children[2].click()
    assert "cytolearn_ward.csv" in app._files._links.value and app.error == ""


def test_the_picture_needs_no_javascript(app):
    data, metadata = app._repr_mimebundle_()
    assert data["text/plain"] == app.summary()
    assert metadata["image/png"]["alt"] == app.summary()
    assert app.png().startswith(b"\x89PNG")


# --- the page


def test_what_the_page_says_of_its_ward_is_so():
    content = load_content("ward")
    assert content["explorer"]["code"] == CODE == checks.code()
    lacking = [p for p in checks.ward().values() if p.kind in ("autoantibody", "inborn_error")]
    assert len(lacking) == 2 and min(p.arrival for p in lacking) >= 7, "prediction 2 says so"
    needs = [model.oxygen(p, p.arrival) != "no oxygen" for p in checks.ward().values()]
    assert sum(needs) == 3, "the story says so"
    sickest = checks.sickest_on_arrival()
    assert model.oxygen(sickest, sickest.arrival) == "mechanical ventilation", "prediction 2"
    assert sickest.arrival > model.peak_day(sickest), "prediction 2"


def test_of_what_restrains_only_steroids_do_harm_from_day_1():
    """The limits of the lesson say so, and the diagram speaks of steroids alone."""
    for drug, row in drugs().items():
        if model.levers()[row["class"]]["lever"] == "inflammation":
            harm = sum(checks.change(person, drug, 1) for person in checks.ward().values())
            assert (harm > 0) is (row["class"] == "Corticosteroid"), drug


def test_the_note_below_the_sheets_knows_where_the_oximeter_ends(app):
    low = {
        row["readout"]: row["lower_limit"]
        for row in read_table("cytolearn.patients", "observation.csv")
    }
    for shown in (app._labs.value, app._all.value):
        assert "without extra oxygen" in shown
        assert f"below {low['spo2']}%" in shown


def test_the_predictions_have_the_answers_that_their_words_were_written_for():
    for question in load_content("ward")["predictions"]:
        truth = getattr(checks, question["reveal"])()
        assert truth.value == question["answer"], truth.facts["shown"]


def test_the_last_hint_of_task_3_is_right():
    saved, needy = checks._saved(), checks._rules()["oxygen"]
    formula = load_content("ward")["tasks"][2]["hints"][-1].split("`")[1]
    given = eval(formula, {"needy": needy, "saved": saved})
    assert given == pytest.approx(checks.number_needed_to_treat().value)


def test_a_proof_can_fail(monkeypatch):
    assert checks.response_matters_as_much_as_virus().holds
    assert checks.absolute_risk_decides().holds
    monkeypatch.setattr(checks, "change", lambda *_: -0.01)  # every drug the same, everywhere
    assert not checks.response_matters_as_much_as_virus().holds
    assert not checks.absolute_risk_decides().holds


def test_simple_rules_of_the_model_and_of_the_trials_differ():
    """The card on remdesivir says that the model is kinder to it than the trials are."""
    words = checks.antiviral_on_arrival()
    ratio = float(words.partition("rate ratio ")[2][:4])
    assert ratio < 0.82  # the lower end of the final Solidarity interval
    assert "dexamethasone for all on oxygen" in words
