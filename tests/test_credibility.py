"""The calibration record and the ensemble: present, current, and honest about what fails."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from cytolearn import physiology
from cytolearn.credibility import __main__ as command
from cytolearn.credibility import calibration_record, ensemble, record, robust_claims
from cytolearn.credibility.card import with_tables
from cytolearn.credibility.claims import CLAIMS, CRITERIA
from cytolearn.credibility.measures import MEASURES, Bench
from cytolearn.credibility.parameter_sets import (
    SPREAD,
    draw_candidate,
    make_claims,
    make_ensemble,
    meets_criteria,
    perturbed_constants,
    write_ensemble,
)
from cytolearn.credibility.record import is_inside, make_record, targets
from cytolearn.patients import Patient
from cytolearn.simulation import SimulationError

RECORD = calibration_record()
# Rows that need no cohort, so that they can be recomputed in seconds.
PRESET_ROWS = ("VK01", "VK02", "VK03", "VK04", "VK06", "IFN15", "END03", "END04", "BC03", "RX07")


def test_the_record_covers_every_target_once():
    assert list(RECORD["id"]) == [t["id"] for t in targets()]
    assert set(MEASURES) <= set(RECORD["id"])


def test_at_least_three_quarters_of_the_targets_are_met():
    assert RECORD["inside"].mean() >= 0.75


def test_every_miss_has_its_reason():
    missed = RECORD[~RECORD["inside"]]
    assert missed["reason_if_missed"].str.len().gt(20).all(), list(
        missed["id"][missed["reason_if_missed"].str.len() <= 20]
    )


def test_the_record_says_what_the_numbers_say():
    for row, target in zip(RECORD.itertuples(), targets(), strict=True):
        value = float(row.model) if row.model else None
        assert row.inside == is_inside(target, value), row.id


@pytest.mark.parametrize("row", PRESET_ROWS)
def test_the_record_is_current_where_it_is_quick_to_recompute(row):
    shipped = RECORD.set_index("id").loc[row, "model"]
    assert MEASURES[row](Bench()) == pytest.approx(float(shipped), rel=2e-3, abs=2e-3)


@pytest.mark.slow
def test_the_whole_record_is_current():
    made = make_record()
    assert list(made["id"]) == list(RECORD["id"])
    for new, shipped in zip(made.itertuples(), RECORD.itertuples(), strict=True):
        assert (new.model == "") == (shipped.model == ""), new.id
        if new.model:
            assert float(new.model) == pytest.approx(float(shipped.model), rel=5e-3, abs=5e-3), (
                new.id
            )
        assert new.inside == shipped.inside, new.id


def test_a_smaller_cohort_tells_the_same_story():
    """Every measure, with a tenth of the patients: chance moves a few across a limit, not more."""
    made = make_record(Bench(n=200))
    assert list(made["id"]) == list(RECORD["id"])
    assert ((made["model"] == "") == (RECORD["model"] == "")).all()
    assert (made["inside"] == RECORD["inside"]).mean() > 0.85
    for row in made.itertuples():
        assert not row.model or math.isfinite(float(row.model)), row.id
        assert bool(row.reason_if_missed) <= (not row.inside), row.id


def test_a_record_is_read_back_as_it_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "make_record", lambda: RECORD)
    assert record.write_record(tmp_path / "record.csv") is RECORD
    shipped = Path(record.__file__).with_name("record.csv")
    assert (tmp_path / "record.csv").read_bytes() == shipped.read_bytes()


def test_inside_needs_a_range_and_a_number():
    target = {"accept_low": "1", "accept_high": "2"}
    assert is_inside(target, 1) and is_inside(target, 2)
    assert (
        not is_inside(target, 2.1)
        and not is_inside(target, math.nan)
        and not is_inside(target, None)
    )
    assert not is_inside({"accept_low": "", "accept_high": ""}, 1)
    assert is_inside({"accept_low": "", "accept_high": "2"}, -5)


def test_the_ensemble_has_at_least_200_members_in_range():
    members = ensemble()
    assert len(members) >= 200
    assert set(members[0]) == set(perturbed_constants())
    for constants in members[::20]:
        for symbol, value in constants.items():
            low, high = physiology.limits()[symbol]
            assert low <= value <= high
    assert len({tuple(m.values()) for m in members}) == len(members)


@pytest.mark.parametrize("number", [0, 66, 133, 199])
def test_members_meet_the_stated_criteria(number):
    assert meets_criteria(ensemble()[number])


def test_candidates_are_reproducible_and_spread_as_stated():
    import numpy as np

    assert draw_candidate(3) == draw_candidate(3) != draw_candidate(4)
    logs = [
        np.log(draw_candidate(i)["recruitment"] / physiology.baseline()["recruitment"])
        for i in range(300)
    ]
    assert np.std(logs) == pytest.approx(SPREAD, rel=0.15)


def test_an_impossible_set_is_rejected():
    assert not meets_criteria(
        {
            "virus_release": physiology.limits()["virus_release"][0],
            "infectivity": physiology.limits()["infectivity"][0],
        }
    )


def test_a_set_without_a_solution_is_rejected(monkeypatch):
    def give_up(*_args):
        raise SimulationError("the solver gave up", 7.0)

    monkeypatch.setattr("cytolearn.credibility.claims.ParameterSet.run", give_up)
    assert not meets_criteria({})


def test_an_ensemble_file_depends_on_its_numbers_only(tmp_path):
    members = list(ensemble()[:3])
    write_ensemble(members, tmp_path / "a.gz")
    write_ensemble(members, tmp_path / "b.gz")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def test_the_ensemble_that_ships_is_what_drawing_it_again_gives():
    found, tried = make_ensemble(size=2, batch=6)
    assert found == list(ensemble()[:2])
    assert 2 <= tried <= 24 and found[1] == draw_candidate(tried - 1)


def test_claims_are_stated_as_shares_of_the_ensemble():
    claims = robust_claims()
    assert list(claims["claim"]) == list(CLAIMS)
    assert claims["share_of_ensemble"].between(0, 1).all()
    assert (claims["members"] == len(ensemble())).all()
    assert claims["holds_at_baseline"].all(), list(claims["claim"][~claims["holds_at_baseline"]])


def test_claims_are_counted_over_the_sets_that_are_given():
    made = make_claims(ensemble()[:2])
    assert list(made["claim"]) == list(CLAIMS)
    assert set(made["share_of_ensemble"]) <= {0.0, 0.5, 1.0}
    assert made["share_of_ensemble"].mean() > 0.8
    assert (made["members"] == 2).all()
    assert made["holds_at_baseline"].tolist() == robust_claims()["holds_at_baseline"].tolist()


def test_the_baseline_meets_its_own_criteria():
    assert meets_criteria({})
    assert len(CRITERIA) >= 8


def test_injury_begins_seven_to_ten_days_after_onset():
    for preset in (
        "delayed_ifn",
        "ifn_inborn_error",
        "anti_ifn_autoantibodies",
        "mas_like",
        "il6_dysregulated",
    ):
        pf = Patient(preset).run()["pf_ratio"]
        assert 7 <= pf.index[(pf < 300).to_numpy()][0] <= 10, preset


def test_the_model_card_shows_the_tables_that_ship(root):
    card = (root / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert card == with_tables(card), "run: python -m cytolearn.credibility card"
    assert "not for clinical use" in card.lower()


def test_an_ensemble_that_cannot_be_found_is_given_up(monkeypatch):
    from cytolearn.credibility import parameter_sets

    monkeypatch.setattr(parameter_sets, "_TRIES", 0)
    with pytest.raises(RuntimeError, match="meets_criteria"):
        parameter_sets.make_ensemble(size=2)


def test_the_command_refuses_what_it_does_not_know(capsys):
    assert command.main(["recrod"]) == 2
    assert "Unknown part: recrod. Choose from record, ensemble" in capsys.readouterr().err


def test_the_command_writes_what_it_made_and_says_how_much(monkeypatch, capsys):
    sets, written = command.sets, []
    monkeypatch.setattr(command, "write_record", lambda: RECORD)
    monkeypatch.setattr(sets, "make_ensemble", lambda: ([{"a": 1.0}, {"a": 2.0}], 7))
    monkeypatch.setattr(sets, "write_ensemble", written.append)
    monkeypatch.setattr(sets, "write_claims", robust_claims)
    assert command.main(["record", "ensemble", "claims"]) == 0
    said = capsys.readouterr().out
    assert f"{RECORD['inside'].sum()} of {len(RECORD)} targets inside" in said
    assert "2 parameter sets accepted of 7 tried" in said and written == [[{"a": 1.0}, {"a": 2.0}]]
    assert all(claim in said for claim in CLAIMS)


def test_the_command_renews_the_card_alone(tmp_path, root, monkeypatch, capsys):
    card = tmp_path / "MODEL_CARD.md"
    whole = (root / "MODEL_CARD.md").read_text(encoding="utf-8")
    card.write_text(whole.replace("## Calibration record", "## Old"), encoding="utf-8")
    monkeypatch.setattr(command, "_CARD", card)
    assert command.main(["card"]) == 0
    assert card.read_text(encoding="utf-8") == whole
    assert capsys.readouterr().out == "MODEL_CARD.md renewed\n"


def test_a_card_without_a_place_for_tables_is_explained():
    with pytest.raises(ValueError, match="The model card needs the lines"):
        with_tables("# Model card")
