"""Subgroups: strata in words, pooled over, and tested for a difference."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from two_by_two import EVENT, two_by_two

from cytolearn.trials.estimates import effect
from cytolearn.trials.strata import split, strata

BERKELEY = {  # admitted men, rejected men, admitted women, rejected women (Bickel 1975)
    "A": (512, 313, 89, 19), "B": (353, 207, 17, 8), "C": (120, 205, 202, 391),
    "D": (138, 279, 131, 244), "E": (53, 138, 94, 299), "F": (22, 351, 24, 317),
}  # fmt: skip


def test_mantel_haenszel_of_the_berkeley_admissions():
    """As R: mantelhaen.test(UCBAdmissions, correct = FALSE); Breslow-Day 18.83 on 5 df."""
    parts = []
    for department, (a, b, c, d) in BERKELEY.items():
        parts.append(two_by_two(a, a + b, c, c + d).assign(department=department))
    people = pd.concat(parts, ignore_index=True)
    found = split(people, ["department"], EVENT, "treated", "control", 28)
    assert found.pooled.estimate == pytest.approx(0.9047, abs=1e-4)
    assert (found.pooled.low, found.pooled.high) == pytest.approx((0.7719, 1.0603), abs=1e-4)
    assert found.interaction_p == pytest.approx(0.00207, abs=1e-4)
    assert found.table.loc["department = A", "treated: events"] == 512
    assert "would come up in 0.21% of trials" in found.summary()
    assert "by chance" in found.summary()


def eight_departments(values=8):
    people = pd.concat([two_by_two(3, 10, 5, 10)] * 2, ignore_index=True)
    return people.assign(ward=np.arange(40) % values, old=np.arange(40) < 20)


def test_strata_in_words():
    people = eight_departments(2)
    named = strata(people, ["ward", "old"])
    assert named.iloc[0] == "ward = 0, old" and named.iloc[39] == "ward = 1, not (old)"
    assert set(strata(people, ["ward  >=\n1"])) == {"ward >= 1", "not (ward >= 1)"}
    assert strata(eight_departments(8), ["ward"]).nunique() == 8
    with pytest.raises(ValueError, match=r"has 9 different values.*e\.g\. 'ward >= 3\.5'"):
        strata(eight_departments(9), ["ward"])


def test_a_stratum_shows_its_counts_and_its_ratio():
    people = pd.concat(
        [two_by_two(15, 100, 30, 100).assign(ward="a"), two_by_two(2, 40, 0, 50).assign(ward="b")]
    )
    other = two_by_two(9, 9, 9, 9).assign(arm="third", ward="a")  # an arm that is not asked about
    found = split(pd.concat([people, other]), ["ward"], EVENT, "treated", "control", 28)
    a, b = found.table.loc["ward = a"], found.table.loc["ward = b"]
    columns = ["treated: events", "treated: n", "control: events", "control: n"]
    assert a[columns].tolist() == [15, 100, 30, 100] and b[columns].tolist() == [2, 40, 0, 50]
    assert a["risk_ratio"] == pytest.approx(0.5) and a["low"] < 0.5 < a["high"] and not a["note"]
    assert math.isnan(b["risk_ratio"]) and "no event" in b["note"]
    assert f"ward = a: 0.50 ({a['low']:.2f} to {a['high']:.2f}); ward = b: not" in found.summary()
    assert found.by == ("ward",) and found.outcome == "event"
    assert found.pooled.words == "the event" and found.pooled.measure == "odds_ratio"
    asked = EVENT._replace(among="in_b")
    only_b = split(people.assign(in_b=people["ward"] == "b"), ["ward"], asked, "treated",
                   "control", 28)  # fmt: skip
    assert list(only_b.table.index) == ["ward = b"]


def test_one_stratum_with_events_is_pooled_and_not_tested():
    informative = two_by_two(15, 100, 30, 100).assign(ward="a")
    for idle in ((0, 50, 0, 50), (50, 50, 50, 50), (0, 0, 5, 50)):
        people = pd.concat([informative, two_by_two(*idle).assign(ward="b")])
        found = split(people, ["ward"], EVENT, "treated", "control", 28)
        alone = effect(informative, EVENT, "odds_ratio", "treated", "control", 28)
        assert found.pooled.estimate == pytest.approx(alone.estimate)
        assert (found.pooled.low, found.pooled.high) == pytest.approx((alone.low, alone.high))
        assert math.isnan(found.interaction_p)
        assert "Too few events to test whether the subgroups differ" in found.summary()


def test_strata_without_events_are_not_pooled():
    people = pd.concat(
        [two_by_two(0, 20, 0, 20).assign(ward="a"), two_by_two(20, 20, 20, 20).assign(ward="b")]
    )
    found = split(people, ["ward"], EVENT, "treated", "control", 28)
    assert found.pooled.reason == "no stratum has events in some and not in all"
    people = pd.concat([two_by_two(0, 20, 5, 20).assign(ward=ward) for ward in "ab"])
    found = split(people, ["ward"], EVENT, "treated", "control", 28)
    assert found.pooled.reason == "too few events to pool the strata"


def test_the_null_of_the_pooled_ratio_is_tested_as_by_mantel_and_haenszel():
    """One stratum by hand, without continuity correction."""
    found = split(two_by_two(15, 100, 30, 100).assign(ward="a"), ["ward"], EVENT, "treated",
                  "control", 28)  # fmt: skip
    variance = 100 * 100 * 45 * 155 / (200**2 * 199)
    z = abs(15 - 22.5) / math.sqrt(variance)
    assert found.pooled.p == pytest.approx(math.erfc(z / math.sqrt(2)))
