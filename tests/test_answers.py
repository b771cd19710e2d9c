"""Reading and judging answers, without a lesson: what is read, what is right, what is said."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cytolearn.lessons.answers import (
    Expected,
    Verdict,
    in_words,
    judge,
    off_by,
    off_by_members,
    read_choice,
    read_number,
    read_set,
)

NUMBER = {"kind": "number", "unit": "mg/L", "tolerance": 0.5}
CHOICE = {"kind": "choice", "choices": ["more_virus", "less_virus", "neither"]}
SET = {"kind": "set", "choices": ["il6", "tnf", "il1"]}


# --- numbers


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (3, 3.0),
        (-2.5, -2.5),
        ("3", 3.0),
        (" 3.25 ", 3.25),
        ("+4", 4.0),
        ("-1e-3", -0.001),
        ("2E5", 200_000.0),
        ("1,234.5", 1234.5),
        ([7], 7.0),
        (np.array([[8.0]]), 8.0),
        (np.float32(0.5), 0.5),
        ((9,), 9.0),
    ],
)
def test_a_number_is_read_in_each_of_its_forms(given, value):
    assert read_number(given, NUMBER) == (value, "")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (True, "You gave True. This task asks for a number, in mg/L."),
        ("about ten", "You gave the text 'about ten'. This task asks for a number, in mg/L."),
        ("12 mg/L", "Give the number alone, without quotes, unit or words: 12."),
        ("1,200 mg", "Give the number alone, without quotes, unit or words: 1200."),
        ("5.", "Give the number alone, without quotes, unit or words: 5."),
        (math.nan, "Your value is not a number (NaN)."),
        (math.inf, "Your value is infinite."),
        (-math.inf, "Your value is infinite."),
        (10**400, "Your value is infinite."),
        ([1, 2, 3], "You gave 3 values; this task asks for one number, in mg/L. The largest"),
        (np.zeros((2, 2)), "You gave 4 values; this task asks for one number, in mg/L."),
        ([], "You gave 0 values"),
        (print, "You gave an object of kind builtin_function_or_method; this task asks for one"),
        (b"5", "You gave an object of kind bytes"),
    ],
)
def test_what_is_no_number_is_told_what_to_do(given, said):
    value, problem = read_number(given, NUMBER)
    assert math.isnan(value) or math.isinf(value)
    assert problem.startswith(said)


def test_without_a_unit_none_is_asked_for():
    assert read_number("x", {})[1] == "You gave the text 'x'. This task asks for a number."
    assert "one number. The largest" in read_number([1, 2], {})[1]


def test_a_long_text_is_cut():
    said = read_number("a" * 61, NUMBER)[1]
    assert "a" * 59 + "…'" in said
    assert "a" * 60 not in said
    assert "a" * 60 + "'" in read_number("a" * 60, NUMBER)[1]


class Rude:
    """Fails whatever is asked of it."""

    def __len__(self):
        raise RuntimeError("no length")

    def __str__(self):
        raise RuntimeError("no words")

    def item(self):
        raise RuntimeError("no item")


def test_an_object_that_fails_is_judged_as_it_is():
    verdict = judge(Rude(), Expected(1.0), NUMBER)
    assert verdict.outcome == "unreadable"
    assert verdict.answer == "an object of kind Rude"
    assert "kind Rude" in verdict.message


# --- choices and sets


@pytest.mark.parametrize("given", ["more_virus", " More virus", "MORE-VIRUS", ["more_virus"]])
def test_a_choice_is_read_kindly(given):
    assert read_choice(given, CHOICE) == ("more_virus", "")


def test_what_is_no_choice_is_told_the_choices():
    assert read_choice("more_viruses", CHOICE) == (
        "",
        "'more_viruses' is none of the choices: more_virus, less_virus or neither. "
        "Did you mean 'more_virus'?",
    )
    assert read_choice("xyz", CHOICE)[1].endswith("less_virus or neither.")
    assert read_choice(3, CHOICE)[1].startswith("Answer with one of these words, in quotes: more")
    assert read_choice(3, SET)[1].startswith("Answer with a list of these words, in quotes: il6")


@pytest.mark.parametrize(
    "given", ["IL6, tnf", "tnf,il6,", ["tnf", "il6", "il6"], {"il6", "tnf"}, ("il6", "TNF")]
)
def test_a_set_is_read_in_each_of_its_forms(given):
    assert read_set(given, SET) == (frozenset({"il6", "tnf"}), "")


def test_no_member_is_an_answer_and_no_list_is_none():
    assert read_set([], SET) == (frozenset(), "")
    for given in (5, {"il6": 1}):
        assert read_set(given, SET) == (
            frozenset(),
            'Answer with a list of names in quotes: ["il6", "tnf"], or [] for none.',
        )
    assert read_set(["il6", "il66x"], SET)[0] == frozenset()
    assert "none of the choices" in read_set(["il6", "crp"], SET)[1]


# --- right and wrong


@pytest.mark.parametrize("given", [None, ..., "", " ", "...", ". ."])
def test_not_yet_is_no_answer(given):
    assert judge(given, Expected(1.0), NUMBER) == Verdict("unanswered")


def test_zero_and_the_empty_set_are_answers():
    assert judge(0, Expected(0.0), NUMBER).outcome == "right"
    assert judge([], Expected(frozenset()), SET) == Verdict("right", answer=[])


@pytest.mark.parametrize(
    ("given", "outcome"),
    [(10.5, "right"), (9.5, "right"), (10.51, "wrong"), (9.49, "wrong"), (-10, "wrong")],
)
def test_an_absolute_tolerance_ends_where_it_says(given, outcome):
    assert judge(given, Expected(10.0), NUMBER).outcome == outcome


@pytest.mark.parametrize(
    ("given", "outcome"), [(-110, "right"), (-90, "right"), (-111, "wrong"), (-89, "wrong")]
)
def test_a_relative_tolerance_is_a_share_of_the_right_answer(given, outcome):
    assert judge(given, Expected(-100.0), {"relative_tolerance": 0.1}).outcome == outcome


def test_the_wider_tolerance_counts():
    both = {"tolerance": 1.0, "relative_tolerance": 0.001}
    assert judge(10.9, Expected(10.0), both).outcome == "right"
    assert judge(10.9, Expected(10.0), both | {"tolerance": 0.0}).outcome == "wrong"


def test_without_a_tolerance_rounding_of_the_machine_is_forgiven_and_no_more():
    assert judge(0.1 + 0.2, Expected(0.3), {}).outcome == "right"
    assert judge(0.3000001, Expected(0.3), {}).outcome == "wrong"


def test_nothing_equals_an_answer_that_is_no_number():
    assert judge(5.0, Expected(math.nan), NUMBER).outcome == "wrong"
    assert judge(5.0, Expected(3.0, {"m": math.inf}), NUMBER).mistake == ""


def test_the_answer_is_kept_as_it_was_understood():
    assert judge("2.0", Expected(9.0), NUMBER).answer == 2.0
    assert judge(["tnf", "il6"], Expected(frozenset({"il1"})), SET).answer == ["il6", "tnf"]
    assert judge("12 mg", Expected(12.0), NUMBER) == Verdict(
        "unreadable",
        answer="12 mg",
        message="Give the number alone, without quotes, unit or words: 12.",
    )


def test_the_nearest_mistake_is_recognised():
    truth = Expected(50.0, {"far": 10.4, "near": 10.1, "other": 80.0})
    assert judge(10.0, truth, NUMBER).mistake == "near"
    assert judge(10.3, truth, NUMBER).mistake == "far"
    assert judge(30.0, truth, NUMBER) == Verdict("wrong", answer=30.0)
    words = Expected("neither", {"m": "more_virus"})
    assert judge("more virus", words, CHOICE).mistake == "m"
    assert judge("less virus", words, CHOICE).mistake == ""


@pytest.mark.parametrize(
    ("given", "recognised"),
    [
        (12.35, True),  # as printed, to two digits
        (12.3, True),  # to one
        (12, True),
        (10, False),  # not how 12.346 is printed
        (12.4, False),
        ("12.346", True),
    ],
)
def test_a_mistake_is_recognised_in_the_digits_of_a_print(given, recognised):
    truth = Expected(99.0, {"m": 12.346})
    assert (judge(given, truth, {}).mistake == "m") == recognised


def test_one_digit_is_too_little_to_recognise_a_mistake():
    assert judge(7, Expected(99.0, {"m": 6.9}), {}).mistake == ""
    assert judge(0.7, Expected(99.0, {"m": 0.69}), {}).mistake == ""
    assert judge(0.69, Expected(99.0, {"m": 0.6883}), {}).mistake == "m"
    assert judge(-6.9, Expected(99.0, {"m": -6.88}), {}).mistake == "m"
    assert judge(1e20, Expected(99.0, {"m": 1.004e20}), {}).mistake == ""


# --- what is said of a wrong answer


@pytest.mark.parametrize(
    ("given", "right", "said"),
    [
        (1.0, 3.0, "too small, by more than a factor of two."),
        (30.0, 10.0, "too large, by more than a factor of two."),
        (1.0, 10.1, "too small, by more than a factor of ten."),
        (1.0, 10.0, "too small, by more than a factor of two."),
        (0.0, 5.0, "too small."),
        (5.0, 0.0, "too large."),
    ],
)
def test_a_number_is_told_its_direction_and_by_how_much(given, right, said):
    assert off_by(given, right) == f"Your value is {said}"


def test_a_near_number_is_told_so():
    assert off_by(20.0, 10.0) == "You are near, but your value is too large."
    assert off_by(-20.0, -10.0) == "You are near, but your value is too small."


def test_a_wrong_sign_is_said():
    assert off_by(-1.0, 1.0) == "Your value has the wrong sign."
    assert off_by(-1.0, 2.0, "d") == "Your value has the wrong sign."
    assert off_by(-1.0, 1.0, "d") == "You are close."  # days lie around zero


def test_a_day_is_early_or_late_and_never_a_factor_off():
    unit = "days after the first symptom"
    assert off_by(3.0, 1.0, unit) == "Your day is too late."
    assert off_by(2.0, 1.0, "day after admission") == "Your day is close, but too late."
    assert off_by(-1.0, 0.0, unit) == "Your day is close, but too early."
    assert off_by(0.5, 0.0, unit) == "Your day is close, but too late."
    assert off_by(-2.0, 0.0, unit) == "Your day is too early."


def test_members_are_counted_and_not_named():
    assert off_by_members("ab", "abc") == "Of the right ones 1 is missing."
    assert off_by_members("abc", "a") == "2 of yours do not belong."
    assert off_by_members("ad", "abc") == (
        "Of the right ones 2 are missing; 1 of yours does not belong."
    )


def test_an_answer_is_written_for_a_reader():
    assert in_words(frozenset({"tnf", "il6"})) == "il6 and tnf"
    assert in_words([]) == "none of them"
    assert in_words("more_virus") == "more_virus"
    assert in_words(12.0, "mg/L") == "12 mg/L"
