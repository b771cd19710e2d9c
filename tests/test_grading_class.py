"""A class of thirty, from the roster to the gradebook, by the commands of INSTRUCTORS.md alone."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import sys
import zipfile

import pytest
from submissions.bank import ALL, BANK, NAME, notebook

from cytolearn import cli
from cytolearn.lessons import Logbook
from cytolearn.lessons.exercises import load_exercise

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),  # two minutes of processor time; a busy machine takes longer
    pytest.mark.skipif(sys.platform == "win32", reason="limits need POSIX"),
]
COUNT = 30
IDS = [f"s{number:02}" for number in range(COUNT)]
#: Who hands in something else than the worked notebook: a kind of the bank, or see `handed_in`.
ODD = {
    "s03": "os._exit",
    "s07": "half a file",
    "s11": "an endless loop",
    "s15": "a patched runner",
    "s19": "the code forgotten",
    "s23": "a copy of s22",
    "s27": "nothing",
}


def table(path):
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def commands(root):
    """The commands in INSTRUCTORS.md, in the order in which an instructor meets them."""
    text = (root / "INSTRUCTORS.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [shlex.split(line) for block in blocks for line in block.splitlines()]
    found = {}
    for words in lines:
        if words[:1] == ["cytolearn"] and words[1] in ("assign", "collect", "grade", "export"):
            found.setdefault(words[1], words[1:])
    assert list(found) == ["assign", "collect", "grade", "export"]
    return found


def worked(root, code):
    page = (root / "solutions" / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8")
    return page.replace('code = \\"\\"', f'code = \\"{code}\\"')


def handed_in(root, student, codes, folder):
    """Yield the files of one student, as Canvas names them."""
    number = IDS.index(student)
    kind, start = ODD.get(student), f"name{number:02}student_{4000 + number}_{900 + number}"
    if kind == "nothing":
        return
    if kind in BANK:
        content = BANK[kind].make()
    elif kind == "the code forgotten":
        content = worked(root, "")
    elif kind == "a copy of s22":
        content = worked(root, codes["s22"])
    else:
        content = worked(root, codes[student])
    if student == "s05":  # late, and twice: an empty one before
        yield f"{start}_{NAME}.ipynb", notebook([])
        start = f"name{number:02}student_LATE_{4000 + number}_{950 + number}"
    yield f"{start}_{NAME}-1.ipynb", content
    book = Logbook(folder / f"{student}.json")
    book.record(f"{NAME}.p1", "AB"[number % 2], "answered")
    yield f"{start}_cytolearn_logbook-1.json", book.path.read_bytes()


def test_a_class_of_thirty(root, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    told = commands(root)
    people = [f"{s},Student Name{n:02},{4000 + n}" for n, s in enumerate(IDS)]
    (tmp_path / "roster.csv").write_text("\n".join(["student,name,lms", *people]) + "\n")
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "secret.txt").write_text("thirty")  # the same patients in every run

    # 1. Hand out
    assert cli.main(told["assign"]) == 0
    assert "30/30 codes" in capsys.readouterr().out
    codes = {row["student"]: row["code"] for row in table(tmp_path / "course" / "codes.csv")}
    assert len(set(codes.values())) == COUNT

    # 2. Take in
    with zipfile.ZipFile(tmp_path / "submissions.zip", "w") as archive:
        for student in IDS:
            for name, content in handed_in(root, student, codes, tmp_path):
                archive.writestr(name, content)
    assert cli.main(told["collect"]) == 0
    said = capsys.readouterr().out
    assert "29 of 30 students handed in" in said
    for words in (
        *("Missing: s27", "Late: s05", "More than one file; the last one counts: s05"),
        *("To be asked for again: s07 (The file is not", "byte for byte: s22 = s23"),
        "Logbooks of 29 students",
    ):
        assert words in said

    # 3. Mark; the free texts are read in between
    assert cli.main(told["grade"]) == 0
    assert "29/29" in capsys.readouterr().out
    by_hand = tmp_path / "course" / "by_hand" / f"{NAME}.csv"
    rows = table(by_hand)
    assert len(rows) == 25  # of 29, the unreadable one and three of the bank have no text
    most = next(q["points"] for q in load_exercise(NAME)["questions"] if q["kind"] == "text")
    with by_hand.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "points": most} for row in rows)
    assert cli.main(told["grade"]) == 0
    assert "0 to mark" in capsys.readouterr().out

    # 4. Export
    head = "Student,ID,SIS User ID,SIS Login ID,Section,interferon (123)\n"
    lines = [f'"Name{n:02}, Student",{4000 + n},,,A,' for n in range(COUNT)]
    (tmp_path / "gradebook.csv").write_text(head + "\n".join(lines) + "\n")
    assert cli.main(told["export"]) == 0
    said = capsys.readouterr().out
    assert "Nothing marked of s27" in said
    assert "Without points by hand" not in said

    # What came of it
    export = tmp_path / "course" / "export"
    found = {row["student"]: row for row in table(export / f"{NAME}.csv")}
    assert len(found) == 29
    for student in IDS:
        if student not in ODD:
            assert float(found[student]["total"]) == ALL + most, found[student]
            assert found[student]["status"] == "complete"
    for student in ("s03", "s07", "s11", "s15"):
        wanted = BANK[ODD[student]]
        assert found[student]["status"] == wanted.status
    assert float(found["s07"]["total"]) == 0
    for student in ("s19", "s23"):  # what fits by chance, and the text
        assert float(found[student]["total"]) < most + ALL / 2
    assert found["s05"]["late"] == "late"
    filled = [row["interferon (123)"] for row in table(export / f"{NAME}-canvas.csv")]
    assert filled[IDS.index("s27")] == ""
    assert float(filled[0]) == ALL + most
    assert len(table(export / f"{NAME}-moodle.csv")) == 29
    assert len(json.loads((export / f"{NAME}.json").read_text())) == 29

    report = (tmp_path / "course" / "report" / f"{NAME}.html").read_text(encoding="utf-8")
    assert "29 of 30 students" in report
    assert "s23&#x27;s wrong answers are right for s22" in report
    assert "What 29 students locked" in report
    assert "public practice patient" in report
    pages = sorted((tmp_path / "course" / "feedback" / NAME).glob("*.html"))
    assert len(pages) == 29
    assert "in the course" not in pages[0].read_text(encoding="utf-8")
    assert {path.name for path in (tmp_path / "course").iterdir()} == {
        *("course.json", "secret.txt", "codes.csv", "release", "submitted", "results"),
        *("report", "feedback", "by_hand", "export"),
    }
