"""An instructor's week in four commands, with a class of six."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import zipfile

import pytest
from submissions.bank import ALL, NAME, answers, notebook, right

from cytolearn import cli
from cytolearn.grading import course as course_module
from cytolearn.grading import grade as grade_module
from cytolearn.grading.collect import _owner
from cytolearn.grading.course import (
    harmless,
    possible,
    read_assignment,
    read_roster,
    read_rows,
    read_students,
    to_csv,
)
from cytolearn.grading.grade import read_results
from cytolearn.grading.students import case_of, code_problems, read_code, student_code
from cytolearn.lessons.exercises import exercise_ids, model_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits need POSIX")
OTHER = next(name for name in exercise_ids() if name != NAME)
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
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course after `assign`."""
    base = tmp_path_factory.mktemp("week")
    lines = ["student,name,lms", *(",".join(person) for person in PEOPLE)]
    (base / "roster.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    roster = base / "roster.csv"
    (base / "course").mkdir()
    (base / "course" / "secret.txt").write_text("the same codes in every run of the tests\n")
    with (
        pytest.MonkeyPatch.context() as patched
    ):  # the same codes, whatever is added to the package
        patched.setattr(course_module, "exercise_ids", lambda: (NAME,))
        words = [NAME, "--roster", roster, "--due", "2026-12-01"]
        assert command("assign", base / "course", *words) == 0
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
        ("student\na\nA\n", "has the id of a student twice: A and a"),
        ("student,lms\na,7\nb,7\n", "has the number 'lms' of a student twice: 7"),
        ("student,name,lms\na,Hill, Zoe,7\n", "the line that begins with 'a' has 4 cells"),
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
        ("Ada.ipynb", "ada"),
        ("class of 2026/ada.ipynb", "ada"),
        ("Jean-Luc O'Neil_9_assignsubmission_file_x.ipynb", "jlo"),
        ("oneiljeanluc_9_9_x.ipynb", "jlo"),
        ("delacruzmaria_9_9_x.ipynb", "mdc"),
        ("Zoë Müller_9_assignsubmission_file_x.ipynb", "zm"),
        ("Zoe\u0308 Mu\u0308ller_9_assignsubmission_file_x.ipynb", "zm"),
        ("عمر الخيام_9_assignsubmission_file_x.ipynb", "ok"),
        ("Ada Lovelace_4712_assignsubmission_file_x.ipynb", ""),  # Ben's number
        ("Kim Lee_9_assignsubmission_file_x.ipynb", ""),  # there are two
    ],
)
def test_files_find_their_owners(path, owner):
    more = [
        ("jlo", "Jean-Luc O'Neil", ""),
        ("mdc", "Maria de la Cruz", ""),
        ("zm", "Zoë Müller", ""),
    ]
    more += [("ok", "عمر الخيام", ""), ("k1", "Kim Lee", ""), ("k2", "Lee, Kim", "")]
    students = {s: {"student": s, "name": n, "lms": i} for s, n, i in [*PEOPLE, *more]}
    assert _owner(path, students) == owner


def test_everybody_gets_what_is_due(marked):
    results = {p.stem: json.loads(p.read_text()) for p in (marked / "results" / NAME).iterdir()}
    points = {student: result["points"] for student, result in results.items()}
    assert points["ada"] == ALL
    assert points["ben"] == 5
    assert points["eve"] < ALL / 2  # a whole day or a choice of a friend can be right by chance
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
    page = (marked / "feedback" / NAME / "eve.html").read_text(encoding="utf-8")
    text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page)
    for key in ("q2", "q4", "q6"):
        assert number(answers(codes["eve"])[key]) not in re.findall(r"\d+(?:\.\d+)?", text)
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


def a_gradebook(marked, text):
    path = marked.parent / "other.csv"
    path.write_text(text, encoding="utf-8")
    code = command("export", marked, NAME, "--canvas", path)
    return code, (marked / "export" / f"{NAME}-canvas.csv").read_text(encoding="utf-8")


def test_a_gradebook_that_is_not_there_is_called_missing(marked, capsys):
    assert command("export", marked, NAME, "--canvas", marked / "none.csv") == 1
    assert "There is no gradebook" in capsys.readouterr().err


def test_a_gradebook_stays_as_it_was_but_for_one_column(marked, capsys):
    ada = read_results(marked, NAME)[0]["total"]
    code, text = a_gradebook(
        marked,
        "Student;ID;Notes;interferon quiz (9);Notes;Interferon (123)\n"
        "'=Ada;4711;one;5;two;\nBen;;;;;3\n",
    )
    assert code == 0
    assert text.splitlines() == [
        "Student;ID;Notes;interferon quiz (9);Notes;Interferon (123)",
        f"'=Ada;4711;one;5;two;{ada:g}",
        "Ben;;;;;3",
    ]
    said = capsys.readouterr().out
    assert (
        "Not in the gradebook (by SIS User ID, SIS Login ID or ID): ben, eve, ida and leo" in said
    )


def test_a_gradebook_with_no_or_two_such_columns_is_explained(marked, capsys):
    assert a_gradebook(marked, "Student,ID,storm (1)\n")[0] == 1
    assert "no column that begins with 'interferon'" in capsys.readouterr().err
    assert a_gradebook(marked, "Student,ID,interferon A (1),interferon B (2)\n")[0] == 1
    assert "several columns" in capsys.readouterr().err


def test_a_spreadsheet_takes_no_text_for_a_formula():
    assert [harmless(t)[0] for t in ("=1", "+1", " @a", "word")] == ["'", "'", "'", "w"]


@pytest.mark.parametrize("name", ["assign", "collect", "grade", "export"])
def test_every_command_explains_itself(name, capsys):
    with pytest.raises(SystemExit):
        command(name, "--help")
    assert "--dry-run" in capsys.readouterr().out


# --- codes that serve for every assignment


def a_course(folder, students, *words):
    (folder / "r.csv").write_text("student\n" + "\n".join(students) + "\n")
    assert command("assign", folder / "c", *words, "--roster", folder / "r.csv") == 0
    return {row["student"]: row for row in rows(folder / "c" / "codes.csv")}


def unsuitable_for(monkeypatch, name, codes):
    """Let the patients of some codes make a question of an assignment ambiguous."""
    refused = {case_of(code, name).patient for code in codes}
    monkeypatch.setattr(
        model_of(name), "unsuitable", lambda case: ["a tie"] * (case.patient in refused)
    )


def test_a_code_suits_the_assignments_that_are_not_given_out_yet(tmp_path, monkeypatch):
    plain = student_code("s", "ada", [NAME])
    unsuitable_for(monkeypatch, NAME, [plain])
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "secret.txt").write_text("s")
    monkeypatch.setattr(course_module, "exercise_ids", lambda: (NAME, OTHER))
    code = a_course(tmp_path, ["ada"], OTHER)["ada"]["code"]
    assert code != plain
    assert not any(code_problems(code, name) for name in (NAME, OTHER))


def test_a_code_that_a_new_assignment_does_not_suit_gets_company(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(course_module, "exercise_ids", lambda: (NAME,))
    before = a_course(tmp_path, ["ada", "ben"], NAME)
    monkeypatch.setattr(course_module, "exercise_ids", lambda: (NAME, OTHER))
    unsuitable_for(monkeypatch, OTHER, [before["ada"]["code"]])
    after = a_course(tmp_path, ["ada", "ben"], OTHER)
    assert after["ada"]["code"] == before["ada"]["code"]
    own = after["ada"][f"code_{OTHER}"]
    assert own != before["ada"]["code"]
    assert not code_problems(own, OTHER)
    assert f"ada: for {OTHER} only, the code {own}" in capsys.readouterr().out
    assert after["ben"] == {**before["ben"], f"code_{OTHER}": ""}
    assert read_students(tmp_path / "c", OTHER)["ada"]["code"] == own
    assert read_students(tmp_path / "c", NAME)["ada"]["code"] == before["ada"]["code"]
    assert a_course(tmp_path, ["ada", "ben"], OTHER) == after  # and it stays


@pytest.mark.parametrize("name", exercise_ids())
def test_the_practice_patient_suits_every_assignment(name):
    assert code_problems("", name) == []


def test_codes_do_not_depend_on_how_many_processes_look_for_them(two_assignments):
    people = [{"student": f"s{n}"} for n in range(course_module.SERIAL_BELOW)]
    found = [list(course_module._codes(people, "s", (NAME,), jobs)) for jobs in (1, 2)]
    assert found[0] == found[1]


# --- due dates and points


def test_due_dates_and_points_may_differ_by_assignment(tmp_path, two_assignments):
    options = ["--due", "2026-12-08T12:00", "--due", f"{NAME}=2026-12-01", "--points", f"{NAME}=10"]
    a_course(tmp_path, ["ada"], NAME, OTHER, *options)
    assert read_assignment(tmp_path / "c", NAME) == {"due": "2026-12-01T23:59", "points": 10}
    other = read_assignment(tmp_path / "c", OTHER)
    assert other == {"due": "2026-12-08T12:00", "points": possible(OTHER)}
    a_course(tmp_path, ["ada"], NAME, "--points", "12")  # what is not given stays
    assert read_assignment(tmp_path / "c", NAME) == {"due": "2026-12-01T23:59", "points": 12}


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--points", "many"], "above 0"),
        (["--points", "0"], "above 0"),
        (["--points", "nan"], "above 0"),
        (["--points", f"{NAME}s=3"], "Did you mean"),
        (["--due", "31.12.2026"], "2026-12-01T23:59"),
    ],
)
def test_wrong_options_are_explained_before_anything_is_written(option, words, tmp_path, capsys):
    (tmp_path / "r.csv").write_text("student\nada\n")
    roster = ["--roster", tmp_path / "r.csv"]
    assert command("assign", tmp_path / "c", NAME, *roster, *option) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "c").exists()


PERSON = {"student": "ada", "name": "Zoë Müller", "lms": "7"}


@pytest.mark.parametrize(
    "content",
    [
        "student;name;lms\nada;Zoë Müller;7\n".encode("cp1252"),
        "student,name,lms\r\nada,Zoë Müller,7\r\n".encode("utf-8-sig"),
        "student\tname\tlms\r\nada\tZoë Müller\t7\r\n".encode("utf-16"),
        "sep=;\r\nstudent;name;lms\r\nada;Zoë Müller;7\r\n".encode(),
        "student,name,lms\rada,Zoë Müller,7\r".encode(),
        " Student ,NAME,lms,,\n\nada,Zoë Müller,7,,\n,,,,\n".encode(),
        'lms,student,"name"\n7,ada,"Zoe\u0308 Mu\u0308ller"\n'.encode(),
    ],
)
def test_tables_of_other_spreadsheets_are_read(tmp_path, content):
    path = tmp_path / "roster.csv"
    path.write_bytes(content)
    assert read_roster(path) == [PERSON]


def test_names_are_kept_as_they_are_written(tmp_path):
    """With commas and quotes, from right to left, or like a formula."""
    names = ['Hill, "Zoe"', "عمر الخيام", "=HYPERLINK(1)", "O'Neil", "李 雷", "＝1+1"]
    (tmp_path / "r.csv").write_text(
        to_csv([{"student": f"s{n}", "name": t} for n, t in enumerate(names)])
    )
    assert [row["name"] for row in read_roster(tmp_path / "r.csv")] == names
    assert harmless("＝1+1") == "'＝1+1"  # a formula where letters are wide


def test_a_file_that_is_no_table_is_explained(tmp_path):
    (tmp_path / "r.csv").write_text('student,name\nada,"' + "x" * 200_000)
    with pytest.raises(ValueError, match="cannot be read as a table"):
        read_roster(tmp_path / "r.csv")
    (tmp_path / "r.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    with pytest.raises(
        ValueError, match=r"locked with a password, and not .* Save the table as CSV"
    ):
        read_roster(tmp_path / "r.xlsx")
    with pytest.raises(ValueError, match="no file"):
        read_roster(tmp_path / "none.csv")


def test_text_that_was_made_harmless_comes_back_as_it_was(tmp_path):
    table = [{"text": text, "n": 1.5} for text in ("=1", "+x", "'quoted'", "-", "@", "it's")]
    (tmp_path / "t.csv").write_text(to_csv(table))
    assert [row["text"] for row in read_rows(tmp_path / "t.csv")] == [r["text"] for r in table]


def test_a_secret_is_long_and_drawn_anew(tmp_path, two_assignments):
    secrets = set()
    for n in range(2):
        (tmp_path / str(n)).mkdir()
        a_course(tmp_path / str(n), ["ada"], NAME)
        secrets.add((tmp_path / str(n) / "c" / "secret.txt").read_text().strip())
    assert {len(secret) for secret in secrets} == {32}
    assert len(secrets) == 2


def test_points_by_hand_out_of_range_are_explained(marked, capsys):
    table = marked / "by_hand" / f"{NAME}.csv"
    before = table.read_text()
    for points in ("4", "-1", "two", "nan"):
        table.write_text(before.replace("ada,q7,'=1+1,2.5", f"ada,q7,'=1+1,{points}"))
        assert command("export", marked, NAME) == 1
        assert "from 0 to 3" in capsys.readouterr().err
    table.write_text(before.replace("ada,q7,'=1+1,2.5", 'ada,q7,\'=1+1,"1,5"'))
    assert command("export", marked, NAME) == 0
    assert read_results(marked, NAME)[0]["by_hand"] == 1.5
    table.write_text(before)


def test_a_table_of_points_that_lost_a_column_is_explained(marked, capsys):
    table = marked / "by_hand" / f"{NAME}.csv"
    before = table.read_text()
    table.write_text("student,points\nada,2\n")
    for name in ("export", "grade"):
        assert command(name, marked, NAME) == 1
        assert "has lost its column question" in capsys.readouterr().err
    table.write_text(before)


def test_a_spreadsheet_knows_how_the_free_texts_are_written(marked):
    assert (marked / "by_hand" / f"{NAME}.csv").read_bytes()[:3] == b"\xef\xbb\xbf"


def test_what_counts_more_in_the_course_is_scaled(marked):
    course = json.loads((marked / "course.json").read_text())
    course["assignments"][NAME]["points"] = 40
    (marked / "course.json").write_text(json.dumps(course))
    assert read_results(marked, NAME)[0]["total"] == 2 * 19.5


def test_results_of_an_older_file_are_named_and_marked_again(marked, capsys):
    path = marked / "submitted" / NAME / "ben.ipynb"
    path.write_bytes(notebook([]))
    assert command("export", marked, NAME) == 0
    assert "changed (run `cytolearn grade`): ben" in capsys.readouterr().out
    assert command("grade", marked, NAME, "--dry-run") == 0
    assert "1 to mark" in capsys.readouterr().out


# --- interrupted, disturbed


@pytest.fixture
def two_assignments(monkeypatch):
    """A package with two assignments: codes for all of them take a while to find."""
    monkeypatch.setattr(course_module, "exercise_ids", lambda: (NAME, OTHER))


@pytest.fixture
def four(tmp_path, two_assignments):
    """A course with four submissions that need no run: none of them is a notebook."""
    a_course(tmp_path, ["ada", "ben", "eve", "leo"], NAME)
    (tmp_path / "in").mkdir()
    for student in ("ada", "ben", "eve", "leo"):
        (tmp_path / "in" / f"{student}.ipynb").write_text(f"{student}: no notebook")
    assert command("collect", tmp_path / "c", NAME, tmp_path / "in") == 0
    return tmp_path / "c"


def test_marking_goes_on_where_it_was_interrupted(four):
    said = []

    def interrupted(line):
        said.append(line)
        if line.startswith("2/4"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade_module.grade(four, NAME, say=interrupted)
    assert len(list((four / "results" / NAME).iterdir())) == 2
    said.clear()
    grade_module.grade(four, NAME, say=said.append)
    assert said[0] == "2 to mark."
    assert len(read_results(four, NAME)) == 4


def test_a_fault_of_ours_with_one_file_costs_nobody_else(four, monkeypatch):
    real, said = grade_module.mark, []

    def faulty(path, *args, **options):
        if path.stem == "ben":
            raise RuntimeError("a fault of the package")
        return real(path, *args, **options)

    monkeypatch.setattr(grade_module, "mark", faulty)
    with pytest.raises(ValueError, match=r"Not marked: ben\. All others are"):
        grade_module.grade(four, NAME, jobs=2, say=said.append)
    assert any("ben: not marked, RuntimeError: a fault of the package" in line for line in said)
    assert {result["student"] for result in read_results(four, NAME)} == {"ada", "eve", "leo"}
    assert (four / "report" / f"{NAME}.html").is_file()
    assert command("grade", four, NAME) == 1
    monkeypatch.setattr(grade_module, "mark", real)
    assert command("grade", four, NAME, "--jobs", 0) == 0  # no fewer than one
    assert len(read_results(four, NAME)) == 4


def test_collecting_the_same_again_marks_nothing_again(four, tmp_path):
    said = []
    grade_module.grade(four, NAME, say=said.append)
    assert command("collect", four, NAME, tmp_path / "in") == 0
    grade_module.grade(four, NAME, say=said.append, dry_run=True)
    assert said[-1] == "0 to mark."
