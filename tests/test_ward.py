"""The ward: who lies in it, what the laboratory says, the search for the best plan, the words."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from cytolearn import physiology
from cytolearn.figures.ward import PANELS, bedside, bedside_data, board, ward_outcome
from cytolearn.treatments import drugs
from cytolearn.trials import ward as model
from cytolearn.trials import ward_debrief as words
from cytolearn.trials.ward import Order, Score, admit, outlook

CODE = "ward 5"


@pytest.fixture(scope="module")
def ward():
    return admit(CODE)


def of_kind(ward, kind):
    return next(person for person in ward if person.kind == kind)


# --- drawing


def test_the_same_code_gives_the_same_ward_and_another_another(ward):
    again = admit.__wrapped__(f"  {CODE.upper()} ")
    assert again == ward
    assert [p.name for p in admit("ward 6")] != [p.name for p in ward]


def test_a_ward_is_what_the_story_says(ward):
    assert [person.bed for person in ward] == list(range(1, model.BEDS + 1))
    assert sorted(person.arrival for person in ward) == sorted(model.ARRIVALS)
    assert len({person.name for person in ward}) == model.BEDS
    assert len({person.kind for person in ward}) >= model.KINDS_FOR_SURE
    # What the story of lesson 6 tells of its ward.
    on_oxygen = [model.oxygen(p, p.arrival) != "no oxygen" for p in ward]
    assert sum(on_oxygen) == 3
    assert sum(person.arrival <= 4 for person in ward) == 2
    assert sum(outlook(person).death < model.NOTICED for person in ward) == 1


def test_every_patient_is_of_its_kind(ward):
    for person in ward:
        row = model.kinds()[person.kind]
        traits = pd.DataFrame([{**physiology.baseline(), **person.patient.traits}])
        assert len(traits.query(row["condition"])) == 1, person.label
        days, values = model.stay(person)
        worst = values["pf_ratio"][days >= 0].min()
        assert float(row["worst_low"]) <= worst < float(row["worst_high"])


@pytest.mark.parametrize("code", ["", "   ", "x" * 61])
def test_an_impossible_code_is_explained(code):
    with pytest.raises(ValueError, match="1 to 60 characters"):
        admit(code)


def test_most_kinds_are_met_but_none_for_sure():
    weight = np.array([float(row["weight"]) for row in model.kinds().values()])
    assert len(weight) > model.KINDS_FOR_SURE
    assert (weight > 0).all()


# --- the laboratory


def test_the_sheet_is_noisy_but_does_not_flicker(ward):
    person = ward[0]
    one, two = model.chart(person, (), 2), model.chart(person, (), 4)
    assert one.equals(two.iloc[:2]), "a later round changes no earlier sheet"
    days, values = model.stay(person)
    true = [values["crp"][np.searchsorted(days, day)] for day in one.index]
    assert not np.allclose(one["crp"], true)
    assert tuple(two.columns) == model.TESTS
    assert list(two.index) == list(person.days)


def test_a_drug_changes_later_sheets_only(ward):
    person = of_kind(ward, "il6_dysregulated")
    plan = (Order("tocilizumab", person.days[1]),)
    plain, treated = model.chart(person, (), 4), model.chart(person, plan, 4)
    assert np.allclose(treated.iloc[:2], plain.iloc[:2], rtol=1e-3)
    # The drug blinds its marker: C-reactive protein falls, IL-6 rises.
    assert treated["crp"].iloc[3] < 0.5 * plain["crp"].iloc[3]
    assert treated["il6"].iloc[3] > 1.5 * plain["il6"].iloc[3]


@pytest.mark.parametrize(
    ("test", "value", "arrow"),
    [("crp", 4, ""), ("crp", 6, "↑"), ("crp", 60, "↑↑"), ("alc", 1.0, "↓"), ("alc", 0.3, "↓↓"),
     ("viral_load", 7, "↑"), ("spo2", 97, "")],
)  # fmt: skip
def test_arrows_mark_what_lies_outside_the_reference_range(test, value, arrow):
    assert model.flag(test, value) == arrow


# --- plans and their search


def test_doses_on_offer_are_doses_that_somebody_tested():
    assert model.doses_of("dexamethasone") == (0.5, 1.0, 2.0)
    assert model.doses_of("tocilizumab") == (0.5, 1.0, 2.0)
    assert model.doses_of("remdesivir") == (0.5, 1.0)
    with pytest.raises(ValueError, match="tocilizumab"):
        model.doses_of("tocilizumap")


def test_every_drug_has_a_lever():
    assert {row["class"] for row in drugs().values()} == set(model.levers())
    assert {row["lever"] for row in model.levers().values()} == {"virus", "inflammation", "cells"}


def test_outlook_is_free_of_chance_and_of_later_days(ward):
    person = ward[2]
    assert outlook(person) == outlook.__wrapped__(person)
    after = (Order("dexamethasone", 28),)
    assert outlook(person, after).death == pytest.approx(outlook(person).death, abs=1e-4)
    frame = pd.DataFrame([model.drawn_outcome(person, (), luck) for luck in range(3)])
    assert frame["death_risk"].nunique() == 1
    assert frame["death_risk"].iloc[0] == pytest.approx(outlook(person).death, rel=1e-9)


def test_the_search_finds_what_trying_everything_finds(ward):
    # One bed, four drugs of different kinds: the whole grid of single drugs and pairs.
    person = of_kind(ward, "mas_like")
    names = ("canakinumab", "baricitinib", "remdesivir", "dexamethasone")
    single = [(Order(drug, day),) for drug in names for day in person.days[::3]]
    pairs = [(a[0], b[0]) for a, b in product(single, single) if a[0].drug < b[0].drug]
    best = min(outlook(person, plan).death for plan in (*single, *pairs))
    found = model.best_plan(person)
    untreated = outlook(person).death
    assert untreated - outlook(person, found).death >= 0.95 * (untreated - best)
    assert len(found) <= model.MOST_DRUGS
    assert all(order.day in person.days for order in found)
    assert all(order.dose in model.doses_of(order.drug) for order in found)


def test_a_search_tells_how_far_it_is_and_ends_early_for_the_healthy(ward):
    steps = list(model.search(of_kind(ward, "robust")))
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert steps[-1].done == steps[-1].of
    assert len(steps) < 40


def test_rules_give_what_they_say(ward):
    for person in ward:
        assert model.treat_nobody(person) == ()
        given = model.steroid_on_oxygen(person)
        needs = [model.oxygen(person, day) != "no oxygen" for day in person.days]
        assert bool(given) == any(needs)
        if given:
            assert given[0].day == person.days[needs.index(True)]
        assert model.steroid_for_all(person)[0].day == person.arrival


def test_the_score_is_a_share_of_what_can_be_reached():
    score = Score(untreated=1.0, yours=0.7, best=0.4, rules={"a rule": 1.3})
    assert score.share() == pytest.approx(0.5)
    assert score.share(1.3) == pytest.approx(-0.5)
    assert np.isnan(Score(0.4, 0.4, 0.4, {}).share())
    text = " ".join(words.score_words(score))
    assert "(800 patients) 100 would die" in text and "40 with the best" in text
    assert "50%" in text and "a rule -50%" in text
    assert "did harm" in " ".join(words.score_words(Score(1.0, 1.1, 0.4, {})))


def test_a_learner_who_beats_the_search_sets_the_mark(ward):
    two = [p for p in ward if p.kind in ("robust", "autoantibody")]
    bad = {p.bed: () for p in two}
    mine = {p.bed: (Order("dexamethasone", p.arrival),) for p in two if p.kind == "autoantibody"}
    score = model.score(two, mine, bad)
    assert score.best == pytest.approx(score.yours)
    assert score.share() == pytest.approx(1.0)


# --- words


def test_the_debrief_names_cause_order_and_better_plan(ward):
    person = of_kind(ward, "older")
    plans = {p.bed: () for p in ward} | {person.bed: (Order("dexamethasone", person.arrival),)}
    best = (Order("remdesivir", person.arrival),)
    head, *lines = words.patient_words(person, plans, best)
    text = " ".join(lines)
    assert "Older adult" in head
    assert "You gave dexamethasone from day 2" in text
    assert "The best plan found is remdesivir from day 2" in text
    assert "yours costs" in text
    assert "nan" not in text.lower() and "{" not in text


def test_harm_by_a_steroid_is_put_down_to_virus(ward):
    person = of_kind(ward, "older")
    early = (Order("remdesivir", person.arrival), Order("dexamethasone", person.arrival))
    assert model.virus_change(person, early, early[1]) > 1.5
    text = " ".join(words.patient_words(person, {person.bed: early}, early))
    assert "times as much of it" in text


def test_interferon_alpha_is_explained_by_the_antibodies(ward):
    person = of_kind(ward, "autoantibody")
    plan = (Order("ifn_alpha2", person.arrival),)
    assert "neutralise interferon alpha" in " ".join(
        words.patient_words(person, {person.bed: plan})
    )


def test_causes_are_what_makes_ill(ward):
    assert model.causes(of_kind(ward, "autoantibody"))[0].what.startswith("without antibodies")
    assert model.causes(of_kind(ward, "robust")) == ()


def test_tells_are_read_off_the_sheets_of_the_ward(ward):
    person = of_kind(ward, "autoantibody")
    found = model.tells(person, {})
    assert [tell.test for tell in found] == ["ifn"]
    turn = person.days.index(found[0].day)
    sheets = {p.bed: model.chart(p, (), turn + 1).iloc[-1] for p in ward}
    much = {bed: sheet["ifn"] for bed, sheet in sheets.items() if sheet["viral_load"] >= 4}
    assert min(much, key=much.get) == person.bed


# --- pictures


def test_the_bedside_moves_to_any_patient(ward):
    figure, lines, boxes = bedside()
    assert len(lines) == 4 * len(PANELS) and len(boxes) == len(PANELS)
    chart = model.chart(ward[4], (), 3)
    data = bedside_data(figure, list(chart.index), chart.to_dict("list"), [10])
    assert len(data) == len(lines)
    days, values = data[2]
    assert list(days) == list(chart.index)
    assert np.allclose(values, chart["pf_ratio"])
    assert data[0][0][0] == 10 and np.isnan(data[1][0]).all()


def test_the_board_and_the_outcome_are_pictures_with_words():
    values = {"crp": 12.0, "alc": 0.4}
    flags = {test: model.flag(test, value) for test, value in values.items()}
    picture = board([("Bed 1", values, flags)], ["crp", "alc"], title="Round 1", twin="one bed")
    assert picture.png().startswith(b"\x89PNG")
    assert repr(picture) == "one bed"
    shown = [text.get_text() for text in picture.axes[0].texts]
    assert "12 ↑" in shown
    done = ward_outcome(["Bed 1"], {"untreated": [0.1], "your plan": [0.05]}, twin="better")
    assert done.png().startswith(b"\x89PNG")
