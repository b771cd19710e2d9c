"""Replays of real trials: complete, honest about misses, and what the model says today."""

from __future__ import annotations

import math

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


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hydroxychloroquine_recovery", "interferon_solidarity"])
@pytest.mark.filterwarnings("ignore::cytolearn.treatments.teaching.TeachingWarning")
def test_the_record_is_what_the_model_says_today(name):
    again = replay.replay(name, progress=False)
    shipped = replay_record().loc[name]
    for column in ("model", "model_low", "model_high"):
        assert float(again[column]) == pytest.approx(shipped[column], rel=0.02)
