"""An instructor's week in four commands, with a class of six."""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile

import pytest
from submissions.bank import ALL, NAME, answers, notebook, right

from cytolearn import cli
from cytolearn.grading.collect import _owner
from cytolearn.grading.course import harmless
from cytolearn.grading.students import read_code

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits need POSIX")
PEOPLE = [
    ("ada", "Ada Lovelace", "4711"),
    ("ben", "Ben Okri", "4712"),
    ("eve", "Eve Ng", "4713"),
    ("ida", "Ida Noddack", "4714"),
    ("leo", "Leo Szilard", "4715"),
    ("zoe", "Zoe Hill", "4716"),
]


def command(*words):
    return cli.main([str(word) for word in words])


def rows(path):
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course after `assign`."""
    base = tmp_path_factory.mktemp("week")
    lines = ["student,name,lms", *(",".join(person) for person in PEOPLE)]
    (base / "roster.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    roster = base / "roster.csv"
    (base / "course").mkdir()
    (base / "course" / "secret.txt").write_text("the same codes in every run of the tests\n")
    assert command("assign", base / "course", NAME, "--roster", roster, "--due", "2026-12-01") == 0
    return base / "course"


@pytest.fixture(scope="module")
def marked(course):
    """The course after `collect` and `grade`: two sound, one copied, two broken, one missing."""
    codes = {row["student"]: row["code"] for row in rows(course / "codes.csv")}
    handed_in = {
        "lovelaceada_4711_900_interferon.ipynb": notebook([*right(codes["ada"]), "q7 = '=1+1'"]),
        "okriben_LATE_4712_901_interferon-2.ipynb": notebook(right(codes["ben"])[:2]),
        "okriben_4712_900_interferon-1.ipynb": notebook([]),
        "Eve Ng_4713_assignsubmission_file_/interferon.ipynb": notebook(right(codes["ada"])),
        "idanoddack_4714_902_x.ipynb": b"no notebook",
        "Leo Szilard_4715_assignsubmission_file_a.ipynb": notebook(["import os; os._exit(1)"]),
        "stranger_99_900_interferon.ipynb": notebook([]),
        "../../lovelaceada.txt": b"not ours",
    }
    with zipfile.ZipFile(course.parent / "all.zip", "w") as archive:
        for name, content in handed_in.items():
            archive.writestr(name, content)
    assert command("collect", course, NAME, course.parent / "all.zip") == 0
    assert command("grade", course, NAME, "--jobs", 2) == 0
    return course


# --- assign


def test_a_course_has_codes_a_secret_and_notebooks(course):
    found = rows(course / "codes.csv")
    assert [row["student"] for row in found] == [person[0] for person in PEOPLE]
    assert len({read_code(row["code"]) for row in found}) == 6
    for private in ("secret.txt", "codes.csv"):
        assert (course / private).stat().st_mode & 0o077 == 0
    page = json.loads((course / "release" / f"{NAME}.ipynb").read_text(encoding="utf-8"))
    assert not any(cell.get("outputs") for cell in page["cells"])
    assert json.loads((course / "course.json").read_text())["assignments"][NAME]["due"]


def test_codes_stay_when_students_come_later(course, tmp_path):
    before = (course / "codes.csv").read_text()
    (tmp_path / "more.csv").write_text("student\nada\n")
    assert command("assign", course, NAME, "--roster", tmp_path / "more.csv") == 0
    assert (course / "codes.csv").read_text() == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "column 'student'"),
        ("student\n../x\n", "column 'student'"),
        ("student\na\na\n", "twice"),
    ],
)
def test_a_roster_with_mistakes_is_explained(text, words, tmp_path, capsys):
    (tmp_path / "r.csv").write_text(text)
    assert command("assign", tmp_path / "c", NAME, "--roster", tmp_path / "r.csv") == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "c").exists()


def test_wrong_names_and_dates_are_explained(course, tmp_path, capsys):
    roster = course.parent / "roster.csv"
    assert command("assign", tmp_path / "c", "interferonn", "--roster", roster) == 1
    assert command("assign", tmp_path / "c", NAME, "--roster", roster, "--due", "Friday") == 1
    assert command("collect", tmp_path / "c", NAME, tmp_path) == 1
    said = capsys.readouterr().err
    assert "Did you mean" in said
    assert "2026-12-01T23:59" in said
    assert "cytolearn assign" in said


def test_a_dry_run_does_nothing(course, tmp_path):
    roster = course.parent / "roster.csv"
    assert command("assign", tmp_path / "c", NAME, "--roster", roster, "--dry-run") == 0
    assert not (tmp_path / "c").exists()


# --- collect, grade


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("lovelaceada_4711_9_x.ipynb", "ada"),
        ("lovelaceada_LATE_98123_9_x-2.ipynb", "ada"),
        ("Ada Lovelace_77_assignsubmission_file_x.ipynb", "ada"),
        ("Ada Lovelace_77_assignsubmission_file_/deep/x.ipynb", "ada"),
        ("ada.ipynb", "ada"),
        ("ada_interferon.ipynb", "ada"),
        ("ada/interferon.ipynb", "ada"),
        ("adam.ipynb", ""),
        ("turing_1_2_x.ipynb", ""),
    ],
)
def test_files_find_their_owners(path, owner):
    students = {s: {"student": s, "name": n, "lms": i} for s, n, i in PEOPLE}
    assert _owner(path, students) == owner


def test_everybody_gets_what_is_due(marked):
    results = {p.stem: json.loads(p.read_text()) for p in (marked / "results" / NAME).iterdir()}
    points = {student: result["points"] for student, result in results.items()}
    assert points["ada"] == ALL
    assert points["ben"] == 5
    assert points["eve"] <= 5  # a whole day or a choice can be right by chance
    assert (points["ida"], points["leo"]) == (0, 0)
    assert "zoe" not in points
    assert results["ida"]["status"] == "unreadable"
    assert results["leo"]["status"] == "ended early"
    assert not (marked.parent.parent / "lovelaceada.txt").exists()


def test_the_report_names_the_missing_and_the_alike(marked):
    text = (marked / "report" / f"{NAME}.html").read_text(encoding="utf-8")
    assert "Nothing handed in: zoe" in text
    assert "eve&#x27;s wrong answers are right for ada" in text


def test_feedback_holds_no_right_answer(marked):
    from cytolearn.wording import number

    codes = {row["student"]: row["code"] for row in rows(marked / "codes.csv")}
    text = (marked / "feedback" / NAME / "eve.html").read_text(encoding="utf-8")
    for key in ("q2", "q4", "q6"):
        assert number(answers(codes["eve"])[key]) not in text
    assert "secret" not in text


def test_marked_work_is_left_alone_until_it_changes(marked, capsys):
    assert command("grade", marked, NAME, "--dry-run") == 0
    assert "0 to mark" in capsys.readouterr().out
    assert command("grade", marked, NAME, "--dry-run", "--again") == 0
    assert "5 to mark" in capsys.readouterr().out


# --- export


def test_points_by_hand_are_kept_and_counted(marked, capsys):
    table = marked / "by_hand" / f"{NAME}.csv"
    assert rows(table)[0] == {
        "student": "ada",
        "question": "q7",
        "text": "'=1+1",
        "points": "",
    }
    table.write_text(table.read_text().replace("ada,q7,'=1+1,", "ada,q7,'=1+1,2.5"))
    gradebook = marked.parent / "canvas.csv"
    gradebook.write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,interferon (123)\n"
        "Points Possible,,,,,20\n"
        '"Lovelace, Ada",4711,,ada@x,A,\n'
        '"Hill, Zoe",4716,zoe,,A,\n'
    )
    assert command("grade", marked, NAME) == 0
    assert command("export", marked, NAME, "--canvas", gradebook) == 0
    out = marked / "export"
    assert {row["student"]: row["total"] for row in rows(out / f"{NAME}.csv")}["ada"] == "19.5"
    assert rows(out / f"{NAME}-moodle.csv")[0] == {"idnumber": "ada", NAME: "19.5"}
    filled = rows(out / f"{NAME}-canvas.csv")
    assert [row["interferon (123)"] for row in filled] == ["20", "19.5", ""]
    assert json.loads((out / f"{NAME}.json").read_text())[0]["by_hand"] == 2.5


def test_a_spreadsheet_takes_no_text_for_a_formula():
    assert [harmless(t)[0] for t in ("=1", "+1", " @a", "word")] == ["'", "'", "'", "w"]


@pytest.mark.parametrize("name", ["assign", "collect", "grade", "export"])
def test_every_command_explains_itself(name, capsys):
    with pytest.raises(SystemExit):
        command(name, "--help")
    assert "--dry-run" in capsys.readouterr().out
