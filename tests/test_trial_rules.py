"""Entry rules: read word by word, explained where they cannot be, and asked of a table."""

from __future__ import annotations

import pandas as pd
import pytest

from cytolearn.trials.rules import checked_rule, conjuncts, holds

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
