"""A learner's whole path through each lesson, in a real JupyterLab.

The path comes first: it needs a notebook that nobody has answered yet. What follows in
test_journey_accessibility.py and test_pictures.py looks at the page that it leaves.
"""

import json
import math

import pytest
from learner import PICTURE

from cytolearn.lessons.answers import judge
from cytolearn.lessons.content import expected

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def as_answer(value):
    return sorted(value) if isinstance(value, frozenset) else value


def wrong_answer(task, truth):
    """Return one of the usual mistakes, or if there is none, something else that is wrong."""
    spare = [*task.get("choices", []), [], -987.0]
    for value in [*truth.mistakes.values(), *spare]:
        usable = not isinstance(value, float) or math.isfinite(value)
        if usable and judge(value, truth, task).outcome == "wrong":
            return as_answer(value)
    raise AssertionError(f"{task['id']}: nothing is wrong")


def try_explorer(learner):
    """Move every slider, open every tab, pin, compare, reset, undo."""
    drugs = learner.app.locator("select")
    if learner.lesson["explorer"]["treatments"]:
        drugs.first.select_option(index=1)
        learner.settled()
    moved = list(learner.lesson["explorer"]["controls"])
    if learner.lesson["explorer"]["treatments"]:
        moved += ["start_day"]
        moved += ["dose"] if learner.lesson["explorer"].get("dose") else []
    for symbol in moved:
        before, rev = learner.value(symbol), learner.rev
        dragged = learner.drag(symbol)
        assert dragged != before and learner.rev > rev, f"{symbol}: the mouse moved nothing"
        rev = learner.rev
        stepped = learner.step(symbol)
        assert stepped != dragged and learner.rev > rev, f"{symbol}: the key moved nothing"
        assert learner.failures() == [], symbol
    symbol, chosen = moved[0], learner.value(moved[0])
    learner.press("Pin this run")
    reset = learner.app.get_by_role("button", name="Reset").first.inner_text()
    learner.press(reset)
    assert learner.value(symbol) != chosen
    learner.press("Undo")
    assert learner.value(symbol) == chosen
    learner.press(reset)
    learner.open_tab("Pinned runs")
    heads = learner.panel.locator("thead th").all_inner_texts()
    assert [head.split("\n")[0] for head in heads] == ["Run A", "Now"]
    learner.press("Show Run A")
    assert learner.value(symbol) == chosen


def try_ward(learner):
    """Order a drug, take it back, order again, go through the rounds, read the debrief."""
    beds = learner.app.locator("select").first
    beds.select_option(index=2)
    learner.app.locator(".cl-drug select").select_option(index=1)
    learner.settled()
    learner.press("Give it today")
    learner.press("Take back")
    learner.app.locator(".cl-drug select").select_option(index=1)
    learner.settled()
    learner.press("Give it today")
    for _ in range(20):
        button = learner.app.locator(".cl-ward button").last
        if button.is_disabled():
            break
        button.click()
        learner.settled()
    else:
        raise AssertionError("the ward never closes")
    learner.open_tab("Debrief")
    assert learner.app.get_by_role("button", name="Throw the dice again").is_visible()


def open_tabs(learner):
    """Open every tab: each shows something, none an error, none of its sliders is dead."""
    for title in learner.tabs:
        learner.open_tab(title)
        panel = learner.panel
        assert panel.inner_text().strip(), f"{title}: empty"
        for handle in panel.locator(".noUi-handle:visible").all():
            before = handle.get_attribute("aria-valuenow")
            handle.focus()
            at_top = before == handle.get_attribute("aria-valuemax")
            learner.page.keyboard.press("ArrowLeft" if at_top else "ArrowRight")
            learner.settled()
            assert handle.get_attribute("aria-valuenow") != before, f"{title}: a dead slider"
        assert learner.failures() == [], title
        assert learner.too_wide() == [], title


def test_whole_path(learner, lesson, folder):
    assert learner.failures() == []
    answers = {}
    for i, question in enumerate(lesson["predictions"]):
        skipped = i % 2 == 1
        said = learner.predict(question["id"], None if skipped else "A")
        answers[question["id"]] = "You skipped this" if skipped else "You said A"
        assert answers[question["id"]] in said
    learner.open_app()
    revealed = learner.cell("lesson.explore()").locator(".cl-box", has_text="In the model:")
    assert revealed.count() == len(lesson["predictions"])

    (try_ward if lesson["explorer"].get("kind") == "ward" else try_explorer)(learner)
    open_tabs(learner)

    task = lesson["tasks"][0]
    truth = expected(lesson["id"], task["expects"])
    assert learner.answer(task["id"], wrong_answer(task, truth)).startswith("Not yet.")
    assert learner.answer(task["id"], as_answer(truth.value)).startswith("Correct.")

    quiz = lesson["quiz"]
    for number, question in enumerate(quiz):
        letters = [option["letter"] for option in question["options"]]
        wrong = next(letter for letter in letters if letter != question["answer"])
        assert "not quite" in learner.try_option(number, wrong), question["id"]
        assert "correct" in learner.try_option(number, question["answer"]), question["id"]
    assert learner.failures() == []

    learner.save()
    learner.lose_kernel()
    book = json.loads((folder / "cytolearn_logbook.json").read_text(encoding="utf-8"))
    asked = (task["id"], *(question["id"] for question in quiz))
    assert len([key for key in book["answers"] if key.endswith(asked)]) == len(asked)

    learner.reopen()
    learner.run_all()
    for name, words in answers.items():
        box = learner.cell(f'lesson.predict("{name}")').locator(".cl-question")
        assert words in learner.said(box)
    learner.open_app()
    assert learner.app.locator(PICTURE).first.is_visible()
    assert learner.task(task["id"]).startswith("Correct.")
    for number, question in enumerate(quiz):
        box, place = learner.question(number), "ABCDEFGH".index(question["answer"])
        assert "correct" in learner.said(box), question["id"]
        assert box.locator("input[type=radio]").nth(place).is_checked(), question["id"]
    assert learner.failures() == []
    assert learner.too_wide() == []
