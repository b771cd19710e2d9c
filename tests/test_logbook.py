"""The logbook keeps every answer: killed kernels, two notebooks at once, broken files."""

from __future__ import annotations

import base64
import errno
import json
import os
import random
import subprocess
import sys
import time

import pytest

from cytolearn.lessons import Logbook, LogbookWarning
from cytolearn.lessons import logbook as module
from cytolearn.lessons.logbook import merge, open_logbook


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cytolearn_logbook.json"


def stored(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_an_answer_is_in_the_file_at_once(path):
    Logbook(path).record("interferon.p1", "B", "answered")
    content = stored(path)
    assert content["format"] == "cytolearn logbook"
    assert content["schema"] == module.SCHEMA
    assert content["answers"]["interferon.p1"][0]["answer"] == "B"


def test_answers_come_back_and_keep_their_history(path):
    book = Logbook(path)
    book.record("interferon.t1", 2.0, "wrong")
    book.record("interferon.t1", 150.0, "right")
    again = Logbook(path)
    assert [entry["outcome"] for entry in again.history("interferon.t1")] == ["wrong", "right"]
    assert again.first("interferon.t1")["answer"] == 2.0
    assert again.last("interferon.t1")["answer"] == 150.0
    assert again.first("interferon.t2") is None
    assert "interferon.t1" in again


def test_history_is_a_copy(path):
    book = Logbook(path)
    book.record("a.b", 1, "right")
    book.history("a.b")[0]["answer"] = 99
    assert book.first("a.b")["answer"] == 1


def test_the_environment_says_where_the_file_is(path, monkeypatch):
    monkeypatch.setenv("CYTOLEARN_LOGBOOK", str(path))
    assert Logbook().path == path
    monkeypatch.delenv("CYTOLEARN_LOGBOOK")
    assert Logbook().path.name == "cytolearn_logbook.json"


def test_running_the_first_cell_again_keeps_what_is_in_memory(path, monkeypatch):
    book = open_logbook(path)
    monkeypatch.setattr(module, "_replace", full_disk)
    with pytest.warns(LogbookWarning, match="lesson.save"):
        book.record("a.b", 1, "right")
    assert open_logbook(path).first("a.b")["answer"] == 1


# --- two notebooks at once


def test_two_notebooks_do_not_overwrite_each_other(path):
    one, two = Logbook(path), Logbook(path)
    one.record("interferon.p1", "A", "answered")
    two.record("storm.p1", "C", "answered")
    one.record("interferon.p2", "B", "answered")
    assert set(stored(path)["answers"]) == {"interferon.p1", "interferon.p2", "storm.p1"}


WRITER = """
import sys
from cytolearn.lessons.logbook import Logbook
book = Logbook(sys.argv[1])
print("ready", flush=True)
for n in range(int(sys.argv[3])):
    book.record(f"{sys.argv[2]}.t{n % 7}", n, "wrong")
    print(n, flush=True)
"""


def writer(path, name, count):
    command = [sys.executable, "-c", WRITER, str(path), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_write_at_once_and_nothing_is_lost(path):
    processes = [writer(path, name, 60) for name in ("one", "two")]
    for process in processes:
        process.communicate(timeout=120)
        assert process.returncode == 0
    answers = stored(path)["answers"]
    for name in ("one", "two"):
        found = [e["answer"] for key, h in answers.items() if key.startswith(name) for e in h]
        assert sorted(found) == list(range(60))


def test_a_killed_kernel_leaves_a_whole_file(path):
    chance = random.Random(7)
    for round_ in range(8):
        with writer(path, f"r{round_}", 100_000) as process:
            assert process.stdout.readline().strip() == "ready"
            time.sleep(chance.uniform(0.0, 0.15))
            process.kill()
            told = [int(line) for line in process.stdout.read().split()]
        answers = stored(path)["answers"] if path.exists() else {}
        kept = {e["answer"] for k, h in answers.items() if k.startswith(f"r{round_}.") for e in h}
        assert set(told) <= kept, "an answer that was confirmed is lost"
    Logbook(path).record("last.t1", 1, "right")
    assert not list(path.parent.glob(".*.tmp")), "left-overs of killed writers stay behind"
    assert not list(path.parent.glob("*.bak"))


KILLED_AT = """
import os, signal, sys, tempfile
from cytolearn.lessons import logbook
book = logbook.Logbook(sys.argv[1])
book.record("a.t1", 1, "right")
print("kept", flush=True)
where, name = {"tempfile": tempfile, "os": os, "logbook": logbook}[sys.argv[2]], sys.argv[3]
real = getattr(where, name)
def killed(*args, **options):
    if sys.argv[4] == "after":
        real(*args, **options)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(where, name, killed)
book.record("a.t2", 2, "right")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("where", "call"),
    [("logbook", "_try_lock"), ("tempfile", "mkstemp"), ("os", "fsync"), ("os", "replace")],
)
def test_a_kernel_killed_at_any_step_of_writing_leaves_a_whole_file(path, where, call, when):
    command = [sys.executable, "-c", KILLED_AT, str(path), where, call, when]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "kept"
    assert done.returncode < 0
    written = call == "replace" and when == "after"
    assert set(stored(path)["answers"]) == ({"a.t1", "a.t2"} if written else {"a.t1"})
    book = Logbook(path)  # the lock of a dead process is free
    book.record("a.t3", 3, "right")
    assert book.trust == "whole"
    assert not list(path.parent.glob(".*.tmp"))
    assert not list(path.parent.glob("*.bak"))


# --- files that cannot be used


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe\x00", b"[1, 2]", b'{"format": "something else"}', b'{"answers": {}}'],
)
def test_a_broken_or_foreign_file_is_kept_aside(path, content):
    path.write_bytes(content)
    with pytest.warns(LogbookWarning, match=r"cytolearn_logbook\.json\.1\.bak"):
        book = Logbook(path)
    assert path.with_name("cytolearn_logbook.json.1.bak").read_bytes() == content
    book.record("interferon.p1", "B", "answered")
    assert stored(path)["answers"]["interferon.p1"]


def test_files_put_aside_are_numbered(path):
    for number in (1, 2, 3):
        path.write_text(f"broken {number}")
        with pytest.warns(LogbookWarning, match=f"{number}.bak"):
            Logbook(path)
    kept = [path.with_name(f"{path.name}.{n}.bak").read_text() for n in (1, 2, 3)]
    assert kept == ["broken 1", "broken 2", "broken 3"]


def test_a_file_broken_while_we_work_costs_no_answer(path):
    book = Logbook(path)
    book.record("interferon.p1", "B", "answered")
    path.write_text("not json any more")
    with pytest.warns(LogbookWarning, match="could not be read"):
        book.record("interferon.p2", "B", "answered")
    assert set(stored(path)["answers"]) == {"interferon.p1", "interferon.p2"}


@pytest.mark.parametrize("schema", [0, 1, 99])
def test_answers_of_another_version_are_taken_over(path, schema):
    entry = {"answer": "B", "outcome": "answered", "at": "2026-01-01T00:00:00.000000Z"}
    answers = {"interferon.p1": entry if schema == 0 else [entry]}
    old = {"format": "cytolearn logbook", "schema": schema, "answers": answers}
    path.write_text(json.dumps(old))
    with pytest.warns(LogbookWarning, match="another version"):
        book = Logbook(path)
    assert book.first("interferon.p1") == entry
    assert json.loads(path.with_name(f"{path.name}.1.bak").read_text()) == old


# --- places where nothing can be written


def full_disk(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_keeps_answers_for_download(path, monkeypatch):
    book = Logbook(path)
    book.record("interferon.p1", "B", "answered")
    with monkeypatch.context() as patched:
        patched.setattr(module, "_replace", full_disk)
        with pytest.warns(LogbookWarning, match="No space left on device"):
            book.record("interferon.t1", 150.0, "right")
        link = book.save()
    assert "interferon.t1" not in stored(path)["answers"]
    content = json.loads(base64.b64decode(link.data_uri.partition(",")[2]))
    assert content["answers"]["interferon.t1"][0]["answer"] == 150.0
    assert "No space left" in link.html()
    book.record("interferon.t2", 5.0, "right")  # the disk has room again
    assert set(stored(path)["answers"]) == {"interferon.p1", "interferon.t1", "interferon.t2"}
    assert not book.notices


def test_a_full_disk_leaves_no_half_written_file(path, monkeypatch):
    book = Logbook(path)
    book.record("interferon.p1", "B", "answered")
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.warns(LogbookWarning):
        book.record("interferon.p2", "B", "answered")
    assert path.read_bytes() == before
    assert not list(path.parent.glob(".*.tmp"))


def test_a_missing_folder_is_a_plain_notice(tmp_path):
    book = Logbook(tmp_path / "gone" / "cytolearn_logbook.json")
    with pytest.warns(LogbookWarning, match="Not saved"):
        book.record("interferon.p1", "B", "answered")
    assert book.first("interferon.p1")["answer"] == "B"


@pytest.mark.parametrize("lock", [True, False])
def test_a_read_only_folder_is_still_read(path, monkeypatch, lock):
    """Root may write anywhere, so what the system says to others is said here in its place."""
    Logbook(path).record("interferon.p1", "B", "answered")

    def refused(*_args, **_options):
        raise PermissionError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(module, "_replace", refused)
    monkeypatch.setattr(module, "_put_aside", refused)
    if not lock:
        monkeypatch.setattr(module, "_locked", refused)
        with pytest.warns(LogbookWarning, match="Read-only file system"):
            book = Logbook(path)
    else:
        book = Logbook(path)
    assert book.first("interferon.p1")["answer"] == "B"
    before = path.read_bytes()
    if lock:
        with pytest.warns(LogbookWarning, match="Not saved"):
            book.record("interferon.p2", "B", "answered")
    else:
        book.record("interferon.p2", "B", "answered")  # told already
    assert "interferon.p2" in book
    assert "Not saved" in " ".join(book.notices)
    assert path.read_bytes() == before


def test_a_lock_that_is_never_freed_does_not_hang(path, monkeypatch):
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.05)
    book = Logbook(path)
    with module._locked(path), pytest.warns(LogbookWarning, match="another notebook"):
        book.record("interferon.p1", "B", "answered")
    assert "interferon.p1" in book


# --- download, load, merge


def test_a_downloaded_logbook_can_be_loaded(tmp_path):
    here, there = Logbook(tmp_path / "here.json"), Logbook(tmp_path / "there.json")
    here.record("interferon.p1", "B", "answered")
    there.record("interferon.t1", 150.0, "right")
    assert here.load(tmp_path / "there.json") == 1
    assert here.load(tmp_path / "there.json") == 0
    assert here.keys() == ["interferon.p1", "interferon.t1"]
    assert here.load(there.as_dict()) == 0


@pytest.mark.parametrize("source", [{"answers": {}}, {"format": "cytolearn logbook"}])
def test_loading_something_else_says_so(path, source):
    with pytest.raises(ValueError, match="not a cytolearn logbook"):
        Logbook(path).load(source)


def test_loading_a_file_that_is_not_there_says_so(path):
    with pytest.raises(ValueError, match="cannot be read"):
        Logbook(path).load(path)


def test_merging_changes_nothing_and_keeps_the_order():
    first = {"a": [{"answer": 2, "at": "2026-02"}]}
    second = {"a": [{"answer": 1, "at": "2026-01"}, {"answer": 2, "at": "2026-02"}], "b": []}
    assert [e["answer"] for e in merge(first, second)["a"]] == [1, 2]
    assert len(first["a"]) == 1


def test_saving_nothing_writes_nothing(path):
    assert "0 questions" in repr(Logbook(path).save())
    assert not path.exists()


# --- the seal


def edited(path, change):
    content = stored(path)
    change(content)
    path.write_text(json.dumps(content))


def told(content):
    found = module.examine(content if isinstance(content, bytes) else json.dumps(content).encode())
    return found and found["trust"]


CHANGES = {
    "another answer": lambda book: book["answers"]["a.p1"][0].update(answer="B"),
    "another time": lambda book: book["answers"]["a.p1"][0].update(at="2026-01-01"),
    "an entry less": lambda book: book["answers"]["a.p1"].pop(0),
    "an entry more": lambda book: book["answers"].update({"a.p2": [{"answer": "C"}]}),
    "no seal": lambda book: book.pop("seal"),
    "a seal that is none": lambda book: book.update(seal=["x"]),
    "a better past": lambda book: book.update(trust="whole", seal=""),
}


def test_what_cytolearn_wrote_is_whole(path):
    book = Logbook(path)
    book.record("a.p1", {"day": 1.5, "Größe": [1, None, True]}, "right")
    assert told(path.read_bytes()) == "whole"
    assert told(book.as_dict()) == "whole"
    # Another program may indent and order it anew; that changes nothing.
    path.write_text(json.dumps(stored(path), sort_keys=True, indent=3) + "\r\n")
    assert told(path.read_bytes()) == "whole"
    assert Logbook(path).trust == "whole"


@pytest.mark.parametrize("what", CHANGES)
def test_an_edited_logbook_is_read_and_says_so_for_ever(path, what):
    book = Logbook(path)
    book.record("a.p1", "A", "answered")
    book.record("a.p1", "B", "answered")
    edited(path, CHANGES[what])
    assert told(path.read_bytes()) == "edited"
    with pytest.warns(LogbookWarning, match="changed outside cytolearn"):
        Logbook(path).record("a.p3", "A", "answered")
    assert told(path.read_bytes()) == "edited"
    again = Logbook(path)
    again.record("a.p4", "A", "answered")
    assert (again.trust, again.notices) == ("edited", [])  # it was told once
    assert told(again.as_dict()) == "edited"


def test_the_past_of_a_logbook_cannot_be_edited_away(path):
    Logbook(path).record("a.p1", "A", "answered")
    edited(path, CHANGES["another answer"])
    with pytest.warns(LogbookWarning):
        Logbook(path).record("a.p2", "A", "answered")
    edited(path, lambda book: book.update(trust="whole"))
    assert told(path.read_bytes()) == "edited"


def test_an_unsigned_logbook_stays_readable_and_unsigned(path):
    old = {"format": "cytolearn logbook", "schema": 1, "answers": {"a.p1": [{"answer": "B"}]}}
    path.write_text(json.dumps(old))
    with pytest.warns(LogbookWarning, match="another version"):
        book = Logbook(path)
    book.record("a.p2", "A", "answered")
    assert book.first("a.p1")["answer"] == "B"
    assert told(path.read_bytes()) == "unsigned"


def test_loading_an_edited_logbook_is_remembered(tmp_path):
    here, there = Logbook(tmp_path / "here.json"), Logbook(tmp_path / "there.json")
    there.record("a.p1", "A", "answered")
    edited(there.path, CHANGES["another answer"])
    with pytest.warns(LogbookWarning, match="changed outside"):
        assert here.load(there.path) == 1
    assert told(here.path.read_bytes()) == "edited"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 5000, b'{"answers": {}}'])
def test_what_is_no_logbook_is_none(content):
    assert told(content) is None
