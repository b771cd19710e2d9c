"""Every claim has a place where a learner meets it, and a proof that the place shows it."""

from __future__ import annotations

import pytest

from cytolearn import evidence
from cytolearn.lessons import claims

ROWS = list(claims.rows())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.id}-{row.lesson}-{row.proof}")
def test_the_place_exists_and_shows_it(row):
    assert row.problem() == ""
    shown = row.prove()
    assert shown.words.strip()
    assert shown.holds, shown.words


def test_a_misconception_is_overturned_by_an_experiment():
    for row in ROWS:
        if row.kind == "misconception":
            assert row.place.split(":")[0] in ("app", "task"), f"{row.id}: {row.place} is prose"


def test_every_claim_and_every_misconception_has_a_place():
    placed = {(row.kind, row.id) for row in ROWS}
    wanted = {("claim", name) for name in evidence.claims()["claim_id"]}
    wanted |= {("misconception", m["id"]) for m in evidence.misconceptions()}
    assert sorted(wanted - placed) == []
    assert sorted(placed - wanted) == []


def test_the_table_names_every_claim_and_links_to_its_notebook():
    page = claims.page_of_claims()
    for row in ROWS:
        assert f"| {row.id} |" in page
        assert row.where() in page
        assert "](0" in row.where()


@pytest.mark.parametrize("place", ["app:nowhere", "task:t99", "elsewhere", "page:no-such-cell"])
def test_a_place_that_is_not_there_is_found_out(place):
    assert claims.Row("claim", "000-05", "interferon", place, "x").problem()
