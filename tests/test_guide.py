"""Instructor's guides, worksheets and plans: whole, computed, and without answers for students."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from matplotlib.image import imread

from cytolearn import cli
from cytolearn.evidence import misconceptions
from cytolearn.grading import guide
from cytolearn.grading.students import case_of, student_code
from cytolearn.lessons.answers import Expected, in_words
from cytolearn.lessons.cards import plain
from cytolearn.lessons.claims import rows
from cytolearn.lessons.content import lesson_ids, load_content
from cytolearn.lessons.exercises import exercise_ids, expected_for, load_exercise

NAME = "interferon"
ALONE = {"meta", "br", "img", "path", "hr", "i"}  # elements that hold nothing here


class Reader(HTMLParser):
    """Collect the words of a page, and complain of elements that cross."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words, self.open, self.outside, self.links = "", [], [], []
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.outside += [v for k, v in attrs.items() if k == "src" and not v.startswith("data:")]
        self.outside += [attrs.get("href")] * (tag == "link")
        if tag == "a":
            self.links.append(attrs["href"])
        if tag not in ALONE:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        self.words += " " * (tag in ("td", "th"))
        if tag not in ALONE:
            assert self.open.pop() == tag, (tag, self.getpos(), self.words[-80:])

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words += data


def words_of(text: str) -> str:
    return " ".join(Reader(text).words.split())


@pytest.fixture(scope="module")
def page() -> str:
    return guide.guide_page(NAME)


# --- data


@pytest.mark.parametrize("name", lesson_ids())
def test_every_lesson_has_notes_and_prompts(name):
    found = guide.load_guide(name)
    assert set(found["notes"]) == set(load_content(name)["minutes"])
    assert 3 <= len(found["discussion"]) <= 5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"notes": {}}, "no note for 'Predict'"),
        ({"notes": {**guide.load_guide(NAME)["notes"], "Quizz": "x"}}, "Did you mean 'Quiz'"),
        ({"discussion": []}, "0 prompts"),
        ({"discussion": [{"ask": "why?"}] * 3}, "'ask' and 'listen'"),
    ],
)
def test_an_incomplete_guide_is_explained(change, words):
    assert words in "; ".join(guide.guide_problems(NAME, {**guide.load_guide(NAME), **change}))


def test_no_number_of_the_model_is_typed_into_notes_and_prompts():
    for name in lesson_ids():
        found = guide.load_guide(name)
        texts = [*found["notes"].values(), *(t for p in found["discussion"] for t in p.values())]
        for text in texts:
            # Names of things that end in a number, and of lessons and wards, are no results.
            bare = re.sub(r"IL-\d+|PD-1|COVID-19|lesson \d|'ward \d'", "", text)
            assert not re.search(r"\d", bare), (name, bare)


# --- the guide of a lesson


def test_a_page_needs_no_other_file_and_is_well_formed(page):
    reader = Reader(page)
    assert reader.outside == []
    assert "@media print" in page
    assert "not for students" in reader.words
    assert "Not for clinical use" in guide.worksheet(NAME)


def test_minutes_aims_and_prompts_are_those_of_the_lesson(page):
    words, content = words_of(page), load_content(NAME)
    assert f"Sum {sum(content['minutes'].values())}" in words
    for text in (*content["objectives"], *(p["ask"] for p in guide.load_guide(NAME)["discussion"])):
        assert " ".join(plain(text).split()) in words


def test_expected_values_are_computed(page, monkeypatch):
    task = load_content(NAME)["tasks"][0]
    told = Expected(123.4, {"nose": 5.67}, {"fold": "LARGE", "nose_fold": "SMALL"})
    monkeypatch.setattr(guide, "expected", lambda *_: told)
    text = re.sub(r"<[^>]+>", " ", guide._task(NAME, task))
    assert "Expected: 123 times" in text
    assert "LARGE" in text
    assert "5.67 times" in text
    assert "123 times" not in words_of(page)


def test_each_misconception_comes_with_the_experiment_that_overturns_it(page):
    words, known = words_of(page), {entry["id"]: entry for entry in misconceptions()}
    own = [r for r in rows() if r.lesson == NAME and r.kind == "misconception"]
    assert len(own) >= 3
    for row in own:
        assert known[row.id]["misconception"] in words
        assert " ".join(row.prove().words.split())[:60] in words


def test_keys_to_predictions_and_quiz_mark_the_right_option(page):
    content = load_content(NAME)
    for question in content["quiz"]:
        right = next(o for o in question["options"] if o["letter"] == question["answer"])
        assert f"✓{question['answer']} {plain(right['text'])}" in words_of(page)
    assert page.count("class='option right'") == len(content["quiz"] + content["predictions"])


def test_answers_of_a_student_are_that_students():
    code = student_code("guide", "ada", [])
    text = words_of(guide._assignment(NAME, guide.pupils_of(codes=[code])))
    case = case_of(code, NAME)
    values = [
        in_words(expected_for(NAME, q, case).value)
        for q in load_exercise(NAME)["questions"]
        if q["kind"] != "text"
    ]
    line = text.partition(f"code {code}")[2]
    assert line.endswith(" ".join(values))
    practice = [in_words(value) for value in case_of("", NAME).given.values()]
    assert f"{guide.PRACTICE} limit {practice[0]}," in text


# --- the worksheet


@pytest.mark.parametrize("name", lesson_ids())
def test_a_worksheet_asks_everything_and_answers_nothing(name):
    content, words = load_content(name), words_of(guide.worksheet(name))
    for item in (*content["predictions"], *content["tasks"]):
        assert plain(item["title"]) in words
    secrets = [o["feedback"] for p in content["predictions"] for o in p["options"]]
    secrets += [text for task in content["tasks"] for text in (task["right"], *task["hints"])]
    secrets += [prompt["listen"] for prompt in guide.load_guide(name)["discussion"]]
    for text in secrets:
        assert " ".join(plain(text).split()) not in words
    assert "✓" not in words


# --- plans


def test_plans_add_up_the_lessons():
    day, weeks = guide.load_plans()["plans"]
    lines = guide.schedule(day["sessions"][0])
    pauses = sum(block.get("pause", 0) for block in day["sessions"][0]["blocks"])
    total = sum(map(guide.minutes_of, lesson_ids())) + pauses
    assert lines[0][0] == "09:00"
    assert lines[-1] == (f"{9 + total // 60:02d}:{total % 60:02d}", str(total), "End")
    assert sum(int(length) for _, length, _ in lines[:-1]) == total
    assert len(weeks["sessions"]) == 4
    assert guide.schedule(weeks["sessions"][0])[1][0] == f"minute {guide.minutes_of('orientation')}"


def test_a_plan_holds_every_lesson_once():
    block = {"lesson": NAME}
    plan = {"title": "Short", "sessions": [{"title": "", "blocks": [block, block]}]}
    assert "interferon" in "".join(guide.plan_problems([plan]))
    assert "ward" in "".join(guide.plan_problems([plan]))


def test_the_overview_names_lessons_assignments_and_places():
    words = words_of(guide.overview())
    for name in exercise_ids():
        assert f"{name} ({load_exercise(name)['minutes']} minutes)" in words
    for place in ("JupyterHub", "Binder", "Without a network", "One day".lower(), "four weeks"):
        assert place in words


# --- the command


def test_the_command_writes_pages_worksheets_and_slides(tmp_path, capsys):
    assert cli.main(["guide", str(tmp_path / "out"), "interferon"]) == 0
    out = tmp_path / "out"
    for link in Reader((out / "index.html").read_text(encoding="utf-8")).links:
        assert (out / link).is_file()
    slides = sorted((out / "slides").glob("*.png"))
    assert len(slides) >= 2
    for slide in slides:
        assert imread(io.BytesIO(slide.read_bytes())).shape[:2] == (1080, 1920)
        assert ET.parse(slide.with_suffix(".svg")).getroot().tag.endswith("svg")
    page = (out / "interferon.html").read_text(encoding="utf-8")
    assert page.count("<figure>") == len(slides) + 1
    assert Reader(page).outside == []
    assert "files. Begin with" in capsys.readouterr().out


def test_a_course_folder_adds_its_students(tmp_path):
    code = student_code("guide", "ada", [])
    (tmp_path / "codes.csv").write_text(f"student,name,code\nada,Ada Lovelace,{code}\n")
    (pupil,) = guide.pupils_of(tmp_path)
    assert (pupil.name, pupil.codes[NAME]) == ("Ada Lovelace", code)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["interferonn"], "Did you mean 'interferon'"),
        (["--code", "nonsense"], "has a mistake in it"),
        (["--course", "nowhere"], "cytolearn assign"),
    ],
)
def test_mistakes_are_explained_and_nothing_is_written(arguments, words, tmp_path, capsys):
    assert cli.main(["guide", str(tmp_path / "out"), *arguments]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
