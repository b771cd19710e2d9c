"""Taking in what students handed in: whose, when, can it be read, and nothing but that."""

from __future__ import annotations

import json
import os
import time
import zipfile
from datetime import datetime, timedelta

import pytest
from submissions.bank import NAME, notebook

from cytolearn.grading.collect import collect
from cytolearn.grading.marking import read_cells
from cytolearn.lessons import Logbook

STUDENTS = {"ada": "Ada Lovelace", "ben": "Ben Okri", "eve": "Eve Ng"}
DUE = "2026-12-01T23:59"
PAGE = notebook(["q1 = 1"])


@pytest.fixture
def course(tmp_path):
    """A course folder with three students, as `assign` leaves it."""
    folder = tmp_path / "course"
    folder.mkdir()
    lines = [f"{s},{name},471{k},2222222{k}" for k, (s, name) in enumerate(STUDENTS.items())]
    (folder / "codes.csv").write_text("\n".join(["student,name,lms,code", *lines]) + "\n")
    (folder / "course.json").write_text(json.dumps({"assignments": {NAME: {"due": DUE}}}))
    return folder


def zipped(folder, files, when=(2026, 12, 1, 12, 0, 0)):
    path = folder / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, date_time=when), content)
    return path


def taken(course, where, **options):
    said = []
    collect(course, NAME, where, say=said.append, **options)
    record = course / "submitted" / NAME / "collected.json"
    return "\n".join(said), json.loads(record.read_text()) if record.exists() else {}


# --- late


@pytest.mark.parametrize(
    ("when", "late"),
    [
        ((2026, 12, 1, 23, 59, 58), False),
        ((2026, 12, 1, 23, 59, 59), False),
        ((2026, 12, 2, 0, 0, 0), True),
        ((1980, 1, 1, 0, 0, 0), False),  # a zip without times
    ],
)
def test_moodles_files_are_late_by_their_time(course, tmp_path, when, late):
    name = "Ada Lovelace_77_assignsubmission_file_x.ipynb"
    said, record = taken(course, zipped(tmp_path, {name: PAGE}, when))
    assert record["ada"]["late"] is late
    assert ("Late: ada" in said) is late


def test_what_canvas_calls_late_is_late_and_nothing_else(course, tmp_path):
    files = {"lovelaceada_4710_9_x.ipynb": PAGE, "okriben_LATE_4711_9_x.ipynb": PAGE + b" "}
    _, record = taken(course, zipped(tmp_path, files, (2027, 1, 1, 0, 0, 0)))
    assert (record["ada"]["late"], record["ben"]["late"]) == (False, True)


def test_files_in_a_folder_are_late_by_their_time(course, tmp_path):
    (tmp_path / "in").mkdir()
    for student, day in (("ada", 1), ("ben", 2)):
        path = tmp_path / "in" / f"{student}.ipynb"
        path.write_bytes(PAGE)
        os.utime(path, (datetime(2026, 12, day, 12).timestamp(),) * 2)
    _, record = taken(course, tmp_path / "in")
    assert (record["ada"]["late"], record["ben"]["late"]) == (False, True)
    assert record["ben"]["time"] == "2026-12-02T12:00"


def test_the_last_minute_is_in_time_to_its_end(course, tmp_path):
    path = tmp_path / "in" / "ada.ipynb"
    path.parent.mkdir()
    path.write_bytes(PAGE)
    os.utime(path, (datetime(2026, 12, 1, 23, 59, 59, 900_000).timestamp(),) * 2)
    assert not taken(course, tmp_path / "in")[1]["ada"]["late"]


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="needs a clock that can be set")
@pytest.mark.parametrize(
    ("due", "last"),
    [
        ("2026-10-25T00:30+00:00", datetime(2026, 10, 25, 2, 30)),  # summer time, one hour more
        ("2026-10-25T12:00+00:00", datetime(2026, 10, 25, 13, 0)),  # the same day, in winter time
        ("2026-03-29T00:59+00:00", datetime(2026, 3, 29, 1, 59)),  # 02:00 is 03:00
        ("2026-03-29T01:00+00:00", datetime(2026, 3, 29, 3, 0)),
        ("2026-03-29T12:00", datetime(2026, 3, 29, 12, 0)),  # by the clock on the wall
    ],
)
def test_a_due_date_holds_where_clocks_change(course, tmp_path, monkeypatch, due, last):
    (course / "course.json").write_text(json.dumps({"assignments": {NAME: {"due": due}}}))
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Europe/Berlin")
        time.tzset()
        late = []
        for when in (last, last + timedelta(minutes=1)):
            name = "Ada Lovelace_77_assignsubmission_file_x.ipynb"
            zip_of = zipped(tmp_path, {name: PAGE}, when.timetuple()[:6])
            late.append(taken(course, zip_of)[1]["ada"]["late"])
    time.tzset()
    assert late == [False, True]


def test_without_a_due_date_nobody_is_late(course, tmp_path):
    (course / "course.json").write_text(json.dumps({"assignments": {NAME: {"due": ""}}}))
    _, record = taken(course, zipped(tmp_path, {"ada.ipynb": PAGE}, (2050, 1, 1, 0, 0, 0)))
    assert not record["ada"]["late"]


# --- several files, broken ones, nobody's


def test_the_last_of_several_counts(course, tmp_path):
    files = {
        f"lovelaceada_4710_9_x-{n}.ipynb": notebook([f"q1 = {n}"]) for n in (2, 9, 10)
    }  # by name 9 would be the last
    said, record = taken(course, zipped(tmp_path, files))
    assert b"q1 = 10" in (course / "submitted" / NAME / "ada.ipynb").read_bytes()
    assert record["ada"]["files"] == 3
    assert "More than one file; the last one counts: ada" in said


def test_the_youngest_of_several_counts_in_a_folder(course, tmp_path):
    for number, name in ((1, "z"), (2, "a")):
        path = tmp_path / "in" / "ada" / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(notebook([f"q1 = {number}"]))
        os.utime(path, (number * 1e9,) * 2)
    taken(course, tmp_path / "in")
    assert b"q1 = 2" in (course / "submitted" / NAME / "ada.ipynb").read_bytes()


def test_what_cannot_be_marked_is_named_at_once(course, tmp_path):
    other = notebook(['work = assignment("lymphopenia", "")'])
    files = {"ada.ipynb": b"", "ben.ipynb": b"{", "eve.ipynb": other}
    said, record = taken(course, zipped(tmp_path, files))
    assert "ada (The file is empty or damaged)" in said
    assert "ben (The file is not a Jupyter notebook" in said
    assert "eve (looks like the assignment lymphopenia)" in said
    assert all(row["problem"] for row in record.values())


def test_the_same_file_twice_is_named(course, tmp_path):
    said, _ = taken(course, zipped(tmp_path, {f"{s}.ipynb": PAGE for s in STUDENTS}))
    assert "The same file, byte for byte: ada = ben = eve" in said


def test_a_damaged_entry_of_a_zip_costs_nobody_else(course, tmp_path):
    path = zipped(tmp_path, {"ada.ipynb": PAGE, "ben.ipynb": notebook(["q1 = 'here'"])})
    spoiled = bytearray(path.read_bytes())
    spoiled[spoiled.index(b"'here'") + 1] ^= 1  # the sum of ben's file is wrong now
    path.write_bytes(spoiled)
    said, record = taken(course, path)
    assert "ben (The file is empty or damaged)" in said
    assert not record["ada"]["problem"]


def encrypted(data):
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1


def damaged(data):
    at = data.index(b"ada.ipynb")
    data[at + 20 : at + 30] = b"\xff" * 10


@pytest.mark.parametrize(
    ("how", "spoil", "why"),
    [
        (zipfile.ZIP_LZMA, damaged, "The file is empty or damaged"),
        (zipfile.ZIP_STORED, encrypted, "The file is a zip file that is locked with a password"),
    ],
)
def test_what_cannot_be_unpacked_costs_nobody_else(course, tmp_path, how, spoil, why):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", how) as archive:
        archive.writestr("ada.ipynb", PAGE * 20)
        archive.writestr("ben.ipynb", PAGE)
    content = bytearray(path.read_bytes())
    spoil(content)
    path.write_bytes(content)
    said, record = taken(course, path)
    assert f"ada ({why}" in said
    assert not record["ben"]["problem"]
    kept = (course / "submitted" / NAME / "ada.ipynb").read_bytes()
    with pytest.raises(ValueError, match=why):  # the student is told the same
        read_cells(kept)


def test_a_zip_with_a_password_is_to_be_unpacked_first(course, tmp_path):
    taken(course, zipped(tmp_path, {"ada.ipynb": PAGE}))
    path = zipped(tmp_path, {"ada.ipynb": PAGE, "ben.ipynb": PAGE})
    content = bytearray(path.read_bytes())
    at = -1
    while (at := content.find(b"PK\x01\x02", at + 1)) >= 0:
        content[at + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"locked with a password\. Unpack it .* collect"):
        collect(course, NAME, path)
    assert (course / "submitted" / NAME / "ada.ipynb").exists()


def test_what_cannot_be_read_is_not_called_the_same(course, tmp_path):
    said, _ = taken(course, zipped(tmp_path, {"ada.ipynb": b"", "ben.ipynb": b""}))
    assert "empty or damaged" in said and "byte for byte" not in said


def test_who_handed_in_something_else_is_not_just_missing(course, tmp_path):
    files = {
        "Ada Lovelace_4710_assignsubmission_file_my work.docx": b"PK",
        "ben.ipynb": PAGE,
        "ben.txt": b"ask me",
        "stranger.pdf": b"%PDF-",
        "__MACOSX/._eve.zip": b"",
    }
    said, record = taken(course, zipped(tmp_path, files))
    assert set(record) == {"ben"}
    assert "No notebook, but other files: ada (Ada Lovelace_4710_assignsubmission_file_my" in said
    assert "Missing: eve." in said
    assert "stranger" not in said


def test_what_a_mac_puts_beside_a_file_is_nobodys_work(course, tmp_path):
    path = tmp_path / "all.zip"
    name = "Ada Lovelace_77_assignsubmission_file_x.ipynb"
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in (
            (name, PAGE),
            (f"__MACOSX/._{name}", b"\0"),
            ("ada/._x.ipynb", b"\0"),
        ):
            archive.writestr(zipfile.ZipInfo(file, date_time=(2026, 12, 1, 13, 0, 0)), content)
    said, record = taken(course, path)
    assert record["ada"]["files"] == 1
    assert not record["ada"]["problem"]
    assert "Nobody's" not in said


def test_names_in_a_zip_are_read_as_they_were_meant(course, tmp_path):
    with (course / "codes.csv").open("a", encoding="utf-8") as codes:
        codes.write("zoe,Zoë Hill,,22222229\n")
    path = zipped(
        tmp_path, {"ZoXX Hill_7_assignsubmission_file_x.ipynb": PAGE, "in\\ben.ipynb": PAGE}
    )
    path.write_bytes(path.read_bytes().replace(b"ZoXX", "Zoë".encode()))  # UTF-8, and not said so
    assert set(taken(course, path)[1]) == {"ben", "zoe"}


def test_a_bomb_is_not_unpacked(course, tmp_path):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ada.ipynb", bytes(200_000_000))
    _, record = taken(course, path)
    assert "more than 20 MB" in record["ada"]["problem"]
    assert (course / "submitted" / NAME / "ada.ipynb").stat().st_size < 21_000_000


@pytest.mark.parametrize("name", ["../../../ada.ipynb", "/etc/ada.ipynb", "..\\..\\ada.ipynb"])
def test_a_zip_cannot_write_outside(course, tmp_path, name):
    before = {path for path in tmp_path.rglob("*") if "submitted" not in path.parts}
    said, record = taken(course, zipped(tmp_path, {name: PAGE}))
    after = {path for path in tmp_path.rglob("*") if "submitted" not in path.parts}
    assert after - before == {tmp_path / "all.zip"}
    assert record == {}
    assert "Nobody's" in said


def test_links_in_a_folder_are_not_followed(course, tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(notebook(["hush = 1"]))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "ada.ipynb").symlink_to(secret)
    (tmp_path / "in" / "ben").symlink_to(tmp_path)
    _, record = taken(course, tmp_path / "in")
    assert record == {}


def test_a_name_cannot_command_the_terminal(course, tmp_path):
    said, _ = taken(course, zipped(tmp_path, {"\x1b[2Jstranger.ipynb": PAGE}))
    assert "\x1b" not in said
    assert "stranger.ipynb" in said


# --- logbooks


def test_logbooks_beside_the_notebook_are_taken_in(course, tmp_path):
    book = Logbook(tmp_path / "cytolearn_logbook.json")
    book.record(f"{NAME}.p1", "A", "answered")
    sealed = book.path.read_bytes()
    files = {
        "lovelaceada_4710_8_interferon.ipynb": PAGE,
        "lovelaceada_4710_9_cytolearn_logbook.json": sealed,
        "okriben_4711_9_cytolearn_logbook-1.json": sealed.replace(b'"A"', b'"B"'),
        "Eve Ng_4712_assignsubmission_file_cytolearn_logbook.json": b"{",
        "lovelaceada_4710_7_notes.json": b"{}",
    }
    said, record = taken(course, zipped(tmp_path, files))
    folder = course / "submitted" / NAME
    assert json.loads((folder / "ada.logbooks.json").read_text())[0]["trust"] == "whole"
    assert json.loads((folder / "ben.logbooks.json").read_text())[0]["trust"] == "edited"
    assert not (folder / "eve.logbooks.json").exists()
    assert record["ada"]["logbooks"] == 1
    assert "A logbook that cannot be read: eve" in said
    assert "Missing: ben and eve" in said


# --- nothing lost


def test_a_dry_run_takes_nothing(course, tmp_path):
    said, record = taken(course, zipped(tmp_path, {"ada.ipynb": PAGE}), dry_run=True)
    assert "1 of 3" in said
    assert record == {}
    assert not (course / "submitted").exists()
    left = course / "submitted" / f".{NAME}.new" / "ada.ipynb"  # of a run that was killed
    left.parent.mkdir(parents=True)
    left.write_bytes(PAGE)
    taken(course, zipped(tmp_path, {"ada.ipynb": PAGE}), dry_run=True)
    assert left.exists()


def test_each_run_replaces_the_one_before(course, tmp_path):
    taken(course, zipped(tmp_path, {"ada.ipynb": PAGE}))
    taken(course, zipped(tmp_path, {"ben.ipynb": PAGE}))
    assert {p.name for p in (course / "submitted" / NAME).iterdir()} == {
        "ben.ipynb",
        "collected.json",
    }
    assert [p.name for p in (course / "submitted").iterdir()] == [NAME]


def test_the_wrong_zip_does_not_replace_what_was_collected(course, tmp_path):
    taken(course, zipped(tmp_path, {"ada.ipynb": PAGE}))
    wrong = zipped(tmp_path, {"turing.ipynb": PAGE})
    with pytest.raises(ValueError, match="is it the right one"):
        collect(course, NAME, wrong)
    assert (course / "submitted" / NAME / "ada.ipynb").exists()


def test_what_is_no_zip_is_explained_and_changes_nothing(course, tmp_path):
    taken(course, zipped(tmp_path, {"ada.ipynb": PAGE}))
    (tmp_path / "no.zip").write_bytes(b"no zip")
    with pytest.raises(ValueError, match=r"neither a folder nor a zip file\.$"):
        collect(course, NAME, tmp_path / "no.zip")
    (tmp_path / "no.7z").write_bytes(b"7z\xbc\xaf\x27\x1c\x00\x04")
    with pytest.raises(ValueError, match="a 7z archive: unpack it, and collect the folder"):
        collect(course, NAME, tmp_path / "no.7z")
    assert (course / "submitted" / NAME / "ada.ipynb").exists()
