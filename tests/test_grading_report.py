"""What instructor and students read: the class report, feedback, tables."""

from __future__ import annotations

import json
import re
from itertools import count

import pytest
from submissions.bank import NAME, POINTS, answers

from cytolearn.grading import marking, report, students
from cytolearn.grading.report import class_report, feedback, shared_entries
from cytolearn.lessons import Logbook
from cytolearn.lessons.exercises import exercise_ids, expected_for, load_exercise
from cytolearn.lessons.logbook import examine

CLASS = ("ada", "ben", "eve", "leo")
ROSTER = {s: {"name": s.title(), "code": students.student_code("report", s, [])} for s in CLASS}
QUESTIONS = {q["id"]: q for q in load_exercise(NAME)["questions"]}


def mistake(student, question, name):
    case = students.case_of(ROSTER[student]["code"], NAME)
    return expected_for(NAME, QUESTIONS[question], case).mistakes[name]


def result(student, given, **more):
    marks = marking.judged(NAME, ROSTER[student]["code"], given)
    points = sum(entry["points"] for entry in marks)
    return {
        "student": student,
        "status": "complete",
        "notes": [],
        "points": points,
        "questions": marks,
        "by_hand": None,
        "total": points,
        "late": False,
        **more,
    }


def right(student, **instead):
    return result(student, {**answers(ROSTER[student]["code"]), **instead})


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]*>", " ", page))


# --- partial credit


def test_a_slip_earns_what_the_question_says():
    slip = mistake("ada", "q2", "log_difference")
    entry = next(e for e in right("ada", q2=slip)["questions"] if e["id"] == "q2")
    assert (entry["outcome"], entry["points"]) == ("partly right", 1)
    assert entry["words"].startswith("Partly right: 1 of 3 points.")


def test_other_wrong_answers_earn_nothing():
    for value in (1e9, -1, 0, mistake("ada", "q2", "nose")):
        entry = next(e for e in right("ada", q2=value)["questions"] if e["id"] == "q2")
        assert (entry["outcome"], entry["points"]) == ("wrong", 0)


@pytest.mark.parametrize(
    ("table", "content", "complaint"),
    [
        ("partial", {"nose_": 1}, "names no mistake"),
        ("partial", {"nose": 3}, "between 0 and 3"),
        ("partial", {"nose": 0}, "between 0 and 3"),
        ("partial", {"nose": "1"}, "between 0 and 3"),
        ("misconceptions", {"nose": "M99"}, "no misconception 'M99'"),
        ("misconceptions", {"ears": "M01"}, "names no mistake"),
    ],
)
def test_tables_of_a_question_are_checked(table, content, complaint):
    from cytolearn.lessons.exercises import _question_problems

    assert not list(_question_problems(QUESTIONS["q2"]))
    assert complaint in " ".join(_question_problems({**QUESTIONS["q2"], table: content}))


# --- the class report


def test_questions_show_outcomes_points_and_common_mistakes():
    nose = [result(s, {"q2": mistake(s, "q2", "nose")}) for s in ("ada", "ben")]
    page = class_report([*nose, right("eve")], ROSTER, NAME)
    text = words(page)
    assert "3 of 4 students" in text
    assert "Nothing handed in: leo." in text
    assert "2 of 3: That is the answer for the nose" in text
    assert "1 right, 2 wrong" in text
    late = class_report(
        [result("ada", {"q1": mistake("ada", "q1", "since_infection")})], ROSTER, NAME
    )
    assert "counted from the first symptom, … days later" in words(late)
    assert "{" not in words(late)
    assert page.count("<svg") == 1 + len(QUESTIONS)
    assert "1 student with 15.3 to 17 points" in page


def test_misconceptions_are_counted_once_a_student(tmp_path, monkeypatch):
    monkeypatch.setitem(QUESTIONS["q2"], "misconceptions", {"nose": "M03"})
    books = {"ada": book(tmp_path, "ada", q2="B"), "ben": book(tmp_path, "ben", p2="A")}
    results = [result("ada", {"q2": mistake("ada", "q2", "nose")}), right("ben")]
    text = words(class_report(results, ROSTER, NAME, logbooks=books))
    assert "1 Type-I interferon is antiviral, so it must help whenever it is given. (M02)" in text
    assert "1 Low interferon in blood means low interferon in the lung. (M03)" in text


def book(tmp_path, student, trust="", **letters):
    """What `collect` keeps of a logbook."""
    made = Logbook(tmp_path / f"{student}.json")
    for question, letter in letters.items():
        made.record(f"{NAME}.{question}", letter, "answered")
    content = made.path.read_bytes()
    return [examine(content.replace(b'"answered"', b'"right"') if trust else content)]


def test_predictions_are_set_beside_what_came_out(tmp_path):
    books = {
        "ada": book(tmp_path, "ada", p1="B", q1="C", q2="A"),
        "ben": book(tmp_path, "ben", p1="A", q1="C", q2="B"),
    }
    page = class_report([right("ada"), result("ben", {})], ROSTER, NAME, logbooks=books)
    rows = [words(row).strip() for row in re.findall(r"<tr>.*?</tr>", page)]
    told = [row for row in rows if "Ben has less" in row]
    assert told[0].endswith("1 50% 0.0")  # option A: locked by ben, half of the quiz, no points
    assert told[1].endswith(f"what happens 1 100% {sum(POINTS.values()):.1f}")


def test_only_the_first_prediction_counts(tmp_path):
    twice = book(tmp_path, "ada", p1="A")
    again = Logbook(tmp_path / "ada.json")
    again.record(f"{NAME}.p1", "B", "answered")
    twice.append(examine(again.path.read_bytes()))
    page = class_report([right("ada")], ROSTER, NAME, logbooks={"ada": twice})
    row = next(r for r in re.findall(r"<tr>.*?</tr>", page) if "what happens" in r)
    assert "<td>0</td>" in row


def test_edited_and_unsigned_logbooks_are_named(tmp_path):
    old = {"format": "cytolearn logbook", "schema": 1, "answers": {}}
    books = {
        "ada": book(tmp_path, "ada", p1="A"),
        "ben": book(tmp_path, "ben", trust="broken", p1="A"),
        "eve": [examine(json.dumps(old).encode())],
    }
    text = words(class_report([right("ada")], ROSTER, NAME, logbooks=books))
    assert "Seal whole: ada." in text
    assert "Changed outside cytolearn: ben." in text
    assert "older version of cytolearn): eve." in text
    assert "does not prove who answered" in text


def test_without_logbooks_the_report_says_how_to_get_them():
    assert "cytolearn_logbook.json" in class_report([right("ada")], ROSTER, NAME)


# --- likenesses


def test_copied_texts_numbers_and_logbooks_are_named(tmp_path):
    text = "Interferon is an alarm and late alarms do not help anybody who is already ill."
    own = "I would wait, since the virus falls by itself and the drug has its own side effects."
    results = [
        right("ada", q7=text),
        right("ben", q7=text.upper()),
        right("eve", q7=own),
        right("leo", **{**answers(ROSTER["ada"]["code"]), "q7": ""}),
    ]
    copied = book(tmp_path, "ada", p1="A", p2="B")
    books = {"ada": copied, "ben": copied, "eve": book(tmp_path, "eve", p1="A")}
    told = words(class_report(results, ROSTER, NAME, logbooks=books))
    assert "ada, ben 100% of a text word for word" in told
    assert "leo's wrong answers are right for ada" in told.replace("&#x27;", "'")
    assert "ada, ben 2 entries of their logbooks are the same" in told
    assert " eve" not in told.partition("Likenesses")[2]


def test_a_number_with_decimals_is_no_chance_and_a_day_is_one():
    """Whichever assignment: a percentage is as telling as a ratio, whatever its tolerance."""
    specs = {(n, q["id"]): q for n in exercise_ids() for q in load_exercise(n)["questions"]}
    assert not report._by_chance(specs["storm", "q6"])  # percent, give or take less than one
    assert not report._by_chance(specs["lymphopenia", "q6"])  # a half-life: any number of days
    assert report._by_chance(specs["storm", "q1"])
    assert report._by_chance(specs["interferon", "q3"])


def test_entries_without_a_time_are_nobodys_copy():
    entry = {"answer": "A", "outcome": "answered"}
    assert shared_entries({"ada": {"x.p1": [entry]}, "ben": {"x.p1": [entry]}}) == []


# --- pages


def test_nothing_that_a_student_wrote_becomes_markup():
    evil = "<script>alert(1)</script>"
    given = {key: f"{evil}{n}" for n, key in zip(count(), QUESTIONS)}
    bad = result("ada", given, status="complete", notes=[evil])
    roster = {**ROSTER, "ada": {**ROSTER["ada"], "name": evil}}
    for page in (class_report([bad], roster, NAME), feedback(bad, load_exercise(NAME), 20)):
        assert "<script" not in page
        assert "&lt;script" in page


def test_feedback_counts_what_was_given_by_hand_and_scales():
    content = load_exercise(NAME)
    read = {**right("ada", q7="Wait, for it is late."), "by_hand": 2.5, "total": 9.75}
    read["questions"][-1]["by_hand"] = 2.5
    page = words(feedback(read, content, 10))
    assert "your judgement: 2.5 of 3 points" in page
    assert "19.5 of 20 points" in page
    assert "counts 9.75 of 10" in page
    new = right("ada", q7="Wait, for it is late.")
    new["questions"][-1]["by_hand"] = None
    page = words(feedback(new, content, 20))
    assert "your judgement: 3 points, not read yet" in page
    assert "17 of 20 points; your text has not been read yet." in page
    assert "counts" not in page
