"""Entry rules: read word by word, explained where they cannot be, and asked of a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cytolearn.trials.rules import checked_rule, conjuncts, holds, needs

FRAME = pd.DataFrame({"age": [30.0, 70, 90], "crp": [5.0, 80, 200], "severity": ["a", "b", "c"]})


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ("age >= 70", [False, True, True]),
        ("60 < age < 80 and crp > 10", [False, True, False]),
        ("not (age > 80) or crp / 10 > 19", [True, True, True]),
        ("severity in ('b', 'c')", [False, True, True]),
        ("severity == 'a'", [True, False, False]),
        ("crp - 2 * age > 0", [False, False, True]),
    ],
)
def test_rules_are_read_as_written(rule, answer):
    assert holds(checked_rule(rule, FRAME.columns), FRAME).tolist() == answer


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("crpp > 3", "Did you mean 'crp'"),
        ("age > ", "cannot be read"),
        ("age = 3", "equal is =="),
        ("age > 3 & crp > 2", "'and', 'or' and 'not' in words"),
        ("__import__('os').remove('x')", "none of them"),
        ("age.max() > 3", "none of them"),
        ("age ** 2 > 3", "none of them"),
        ("[a for a in age]", "none of them"),
        ("@age > 3", "cannot be read"),
        ("3 > 2", "asks nothing about a patient"),
        ("age > None", "no number and no text"),
        ("", "is a text"),
        (7, "is a text"),
        ("age > " + "1 + " * 200 + "1", "characters"),
    ],
)
def test_rules_that_are_none_are_explained(rule, words):
    with pytest.raises(ValueError, match=r"(?s).*".join(words.split("|"))):
        checked_rule(rule, FRAME.columns)


def test_rules_without_an_answer_are_explained():
    with pytest.raises(ValueError, match="yes or no"):
        holds("age + crp", FRAME)
    with pytest.raises(ValueError, match="texts with texts"):
        holds("severity > 3", FRAME)


def test_conditions_that_must_all_hold_are_told_apart():
    assert conjuncts("age > 3 and (crp > 2 or age < 1) and crp < 9") == [
        "age > 3", "crp > 2 or age < 1", "crp < 9",
    ]  # fmt: skip
    assert conjuncts("age > 3 or crp > 2") == ["age > 3 or crp > 2"]


def test_a_rule_is_read_up_to_its_longest():
    longest = "age > " + "1 + " * 123 + "1"
    longest += " " * (500 - len(longest))
    assert checked_rule(longest, FRAME.columns) == longest.strip()
    with pytest.raises(ValueError, match="has 501 characters; at most 500"):
        checked_rule(longest + " ", FRAME.columns)


def test_a_rule_may_stand_on_several_lines():
    rule = checked_rule("age > 60\n  and crp > 10", FRAME.columns)
    assert rule == "age > 60 and crp > 10"
    assert holds(rule, FRAME).tolist() == [False, True, True]


def test_what_a_rule_asks_for():
    assert needs("crp - 2 * age > 0 and severity in ('b', 'c')") == {"crp", "age", "severity"}


def test_the_explanation_names_what_the_rule_is_for():
    for wrong in ("age >", "agee > 3", "3 > 2", "age & 2", "age > None", "age ** 2 > 3", 7):
        with pytest.raises(ValueError, match=r"^The subgroup "):
            checked_rule(wrong, FRAME.columns, "subgroup")
    with pytest.raises(ValueError, match=r"^The subgroup 'age' must be a question.*'age > 1'"):
        holds("age", FRAME, "subgroup")
    with pytest.raises(ValueError, match=r"cannot be read\. Write"):  # no = in it, no word of ==
        checked_rule("age > ", FRAME.columns)


def test_a_missing_value_meets_no_comparison():
    frame = FRAME.assign(crp=[np.nan, 80, 0])
    assert holds("crp > 1", frame).tolist() == [False, True, False]
    assert holds("age / crp > 1", frame).tolist() == [False, False, True]  # 90 / 0: no warning


def test_answers_can_be_changed_without_changing_the_table():
    frame = FRAME.assign(old=FRAME["age"] > 60)
    answer = holds("old", frame)
    answer[:] = False
    assert frame["old"].tolist() == [False, True, True]
