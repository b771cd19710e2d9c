"""Replays of real trials: complete, honest about misses, and what the model says today."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from cytolearn import evidence
from cytolearn.figures.replays import plot_replays
from cytolearn.trials import replay
from cytolearn.trials.replay import direction, replay_record, replay_summary, specifications

ELEVEN = (
    "RECOVERY dexamethasone", "RECOVERY tocilizumab", "REMAP-CAP tocilizumab", "CORIMUNO-ANA-1",
    "SAVE-MORE", "CAN-COVID", "ACTIV-1 infliximab", "COV-BARRIER",
    "SOLIDARITY interferon beta-1a", "RECOVERY hydroxychloroquine", "ILIAD-7 (CYT107)",
)  # fmt: skip


def test_every_trial_is_replayed_and_every_replay_has_an_answer():
    record = replay_record()
    assert set(record["trial"].str.split(":").str[0]) == set(ELEVEN)
    assert list(record.index) == list(specifications())
    assert record["model"].notna().all()
    assert (
        (record["model_low"] < record["model"]) & (record["model"] < record["model_high"])
    ).all()


def test_model_and_publication_agree_in_nine_of_eleven():
    record = replay_record()
    by_trial = record.groupby(record["trial"].str.split(":").str[0])["agrees"].all()
    assert by_trial.sum() >= 9
    assert f"In {by_trial.sum()} of 11 trials" in replay_summary()


def test_every_miss_is_named():
    record, words = replay_record(), replay_summary()
    assert not record["inside"].all(), "a record without a miss needs another sentence"
    for row in record[~record["inside"]].itertuples():
        assert row.trial in words
    assert (record["inside"] <= record["agrees"]).all(), "inside is the stricter"


def test_published_numbers_are_those_of_the_evidence():
    table = evidence.trials().set_index("row_id")
    for row in replay_record().itertuples():
        published = table.loc[row.row_id]
        if math.isnan(row.published):
            assert math.isnan(published["effect"])
            continue
        wanted = published["effect"]
        if specifications()[row.Index]["flip"]:
            wanted = 1 / wanted
        assert row.published == pytest.approx(wanted)
        assert row.published_low < row.published < row.published_high


def test_a_direction_is_read_off_an_interval():
    assert direction(0.5, 0.9, better_below=True) == "benefit"
    assert direction(0.5, 0.9, better_below=False) == "harm"
    assert direction(1.1, 1.9, better_below=True) == "harm"
    assert direction(0.9, 1.1, better_below=True) == "none shown"
    assert direction(math.nan, math.nan, better_below=True) == "none shown"


def test_the_interval_is_that_of_a_trial_of_the_published_size():
    known = replay.Effect("death_28", "risk_ratio", "treated", "control", 0.8, 0.7, 0.8**2 / 0.7)
    same = replay._at_size(known, 1000, 1000, 1000)
    assert float(same["model_low"]) == pytest.approx(0.7, abs=1e-3)
    quarter = replay._at_size(known, 1000, 250, 250)
    assert math.log(0.8 / float(quarter["model_low"])) == pytest.approx(
        2 * math.log(0.8 / 0.7), rel=0.01
    )


def test_the_picture_says_every_row():
    twin = plot_replays().twin
    for row in replay_record().itertuples():
        assert row.trial in twin
    assert "apart" in twin


def test_an_unknown_replay_names_the_nearest():
    with pytest.raises(ValueError, match="hydroxychloroquine_recovery"):
        replay.replay("hydroxychloroquine")


SMALL = {"n": 16, "lucks": 2, "progress": False}


@pytest.mark.filterwarnings("ignore::cytolearn.treatments.teaching.TeachingWarning")
def test_a_drug_that_does_nothing_has_a_ratio_of_one():
    row = replay.replay("hydroxychloroquine_recovery", **SMALL)
    assert row["patients"] == 16 <= row["screened"]
    assert row["model"] == "1.000" and row["reason"] == ""
    assert float(row["model_low"]) * float(row["model_high"]) == pytest.approx(1, abs=0.01)
    assert 0 < float(row["risk_control"]) < 100


@pytest.mark.filterwarnings("ignore::cytolearn.treatments.teaching.TeachingWarning")
def test_what_is_no_event_has_no_risk():
    """Lymphocytes after IL-7: a ratio of means, its width that of the published size."""
    row = replay.replay("il7_iliad", **SMALL)
    assert row["risk_control"] == ""
    low, model, high = (float(row[c]) for c in ("model_low", "model", "model_high"))
    assert low < model < high
    again = replay.replay("il7_iliad", **{**SMALL, "lucks": 3})
    assert again == row, "the laboratory is asked once, however often chance is drawn"


def test_usual_care_is_read_with_its_shares():
    given = replay._usual_care("dexamethasone:0.9;remdesivir:0.4", 9)
    assert [(t.drug, t.day, share) for t, share in given] == [
        ("dexamethasone", 9, 0.9), ("remdesivir", 9, 0.4),
    ]  # fmt: skip
    assert replay._usual_care("", 9) == []


def test_without_an_estimate_the_record_stays_empty():
    none = replay.Effect("death_28", "risk_ratio", "treated", "control", reason="nobody died")
    assert set(replay._at_size(none, 100, 50, 50).values()) == {""}


def test_replays_that_are_not_run_again_keep_their_row(tmp_path, monkeypatch):
    """Written in a copy; the order of the file is that of replays.csv, whatever was run when."""
    package = Path(replay.__file__).parent
    shipped = (package / "replay_record.csv").read_text(encoding="utf-8")
    (tmp_path / "replay_record.csv").write_text(shipped, encoding="utf-8")
    monkeypatch.setattr(replay, "files", lambda _package: tmp_path)
    row = dict.fromkeys(shipped.splitlines()[0].split(","), "7")
    monkeypatch.setattr(replay, "replay", lambda name, progress: {**row, "replay": name})
    said = []
    written = replay.write_record(["il7_iliad", "interferon_solidarity"], told=said.append)
    before, after = (text.splitlines() for text in (shipped, written.read_text(encoding="utf-8")))
    changed = {line.split(",")[0] for line in set(after) - set(before)}
    assert changed == {"il7_iliad", "interferon_solidarity"}
    names = [line.split(",")[0] for line in after]
    assert names == [line.split(",")[0] for line in before] == ["replay", *specifications()]
    assert said == ["il7_iliad: 7 (7 to 7) 7", "interferon_solidarity: 7 (7 to 7) 7"]
    replay.write_record(told=said.append)
    lines = written.read_text(encoding="utf-8").splitlines()[1:]
    assert all(line.endswith(",7,7,7,7,7,7,7") for line in lines)
    assert len(lines) == len(specifications())
    assert (package / "replay_record.csv").read_text(encoding="utf-8") == shipped


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hydroxychloroquine_recovery", "interferon_solidarity"])
@pytest.mark.filterwarnings("ignore::cytolearn.treatments.teaching.TeachingWarning")
def test_the_record_is_what_the_model_says_today(name):
    again = replay.replay(name, progress=False)
    shipped = replay_record().loc[name]
    for column in ("model", "model_low", "model_high"):
        assert float(again[column]) == pytest.approx(shipped[column], rel=0.02)
