"""The builder: the same bytes every time, and a check that notices every kind of drift."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import pytest

import cytolearn
from cytolearn import cli
from cytolearn.lessons import build as builder
from cytolearn.lessons.build import WIDGET, check, notebook_path, reproducible, to_text
from cytolearn.lessons.content import lesson_ids, load_content
from cytolearn.lessons.pages import cell_id, notebook, words_for

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
LESSON = "interferon"


@pytest.fixture
def folder(tmp_path):
    """A copy of the committed notebook, to be spoiled."""
    shutil.copy(notebook_path(NOTEBOOKS, LESSON), tmp_path)
    return tmp_path


def spoil(folder, change):
    """Change the notebook in a folder and return what the check says."""
    path = notebook_path(folder, LESSON)
    page = nbformat.read(path, as_version=4)
    change(page)
    nbformat.write(page, path)
    return " ".join(check(folder, [LESSON], run=False))


def cell(page, name):
    return next(c for c in page.cells if c.metadata.name == name)


# --- what is committed


@pytest.mark.parametrize("name", lesson_ids())
def test_committed_notebooks_are_what_their_pages_make(name):
    assert check(NOTEBOOKS, [name], run=False) == []


@pytest.mark.parametrize("name", lesson_ids())
def test_committed_notebooks_read_well_without_a_kernel(name):
    page = nbformat.read(notebook_path(NOTEBOOKS, name), as_version=4)
    assert "widgets" not in page.metadata
    views = [o for c in page.cells for o in c.get("outputs", []) if WIDGET in o.get("data", {})]
    assert views
    for output in views:
        assert len(output.data["text/plain"]) > 20
        assert "0x" not in output.data["text/plain"]
        assert "text/html" in output.data or "image/png" in output.data


@pytest.mark.parametrize("name", lesson_ids())
def test_every_page_opens_with_what_to_do_each_time(name):
    first = notebook(name).cells[0].source
    assert first.startswith("# ")
    assert "Each time you open this page" in first and "Run All Cells" in first


@pytest.mark.parametrize("name", lesson_ids())
def test_units_in_the_legend_are_those_of_the_pictures(name):
    legend = "".join(c.source for c in notebook(name).cells if "legend" in c.metadata.tags)
    assert legend and "10^9" not in legend and "log10 copies" not in legend and "ug/" not in legend


@pytest.mark.parametrize("name", lesson_ids())
def test_committed_notebooks_name_no_machine(name):
    text = notebook_path(NOTEBOOKS, name).read_text(encoding="utf-8")
    for word in ("/work/", "/home/", "/root", "/tmp/", "Traceback", "ipykernel_"):
        assert word not in text
    assert text.endswith("}\n")
    assert "\r" not in text
    assert len(text) < 3_000_000


# --- the check


def test_the_check_is_content_with_the_committed_notebook(folder):
    assert spoil(folder, lambda page: None) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: cell(p, "setup").update(source="import numpy"), "source differs"),
        (lambda p: cell(p, "story").update(source="Another story."), "source differs"),
        (lambda p: cell(p, "setup").update(execution_count=None), "was not run"),
        (lambda p: cell(p, "setup").update(id="another"), "id differs"),
        (lambda p: cell(p, "setup").metadata.update(tags=[]), "metadata differs"),
        (lambda p: p.cells.pop(), "cells, its page"),
        (lambda p: p.metadata.update(widgets={}), "metadata differ"),
        (lambda p: p.metadata.language_info.update(version="3"), "metadata differ"),
        (
            lambda p: cell(p, "setup").update(
                outputs=[nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])]
            ),
            "error",
        ),
        (lambda p: cell(p, "setup").update(source="interact(print)"), r"interact\( is forbidden"),
        (lambda p: cell(p, "setup").update(source="%matplotlib inline"), "forbidden"),
        (lambda p: cell(p, "setup").update(source="lesson;"), "ends with ';'"),
    ],
)
def test_the_check_notices_drift(folder, change, words):
    import re

    assert re.search(words, spoil(folder, change))


def test_the_check_notices_a_missing_broken_or_strange_file(folder):
    (folder / "99_stranger.ipynb").write_text("{}")
    assert "99_stranger.ipynb: no lesson" in " ".join(check(folder, run=False))
    path = notebook_path(folder, LESSON)
    path.write_text("{")
    assert "cannot be read" in " ".join(check(folder, [LESSON], run=False))
    path.unlink()
    assert "is missing" in " ".join(check(folder, [LESSON], run=False))


def test_the_check_compares_words_and_not_pictures(folder, monkeypatch):
    path = notebook_path(folder, LESSON)
    fresh = nbformat.read(path, as_version=4)
    for output in (o for c in fresh.cells for o in c.get("outputs", [])):
        if "image/png" in output.get("data", {}):
            output.data["image/png"] = "another Matplotlib"
    monkeypatch.setattr(builder, "executed", lambda name: fresh)
    assert check(folder, [LESSON]) == []
    cell(fresh, "explore").outputs[0].data["text/plain"] = "Other numbers."
    assert "says something else" in " ".join(check(folder, [LESSON]))


# --- the same bytes


def test_a_page_becomes_the_same_cells_every_time():
    one, two = notebook(LESSON), notebook(LESSON)
    assert to_text(one) == to_text(two)
    assert [c.id for c in one.cells] == [cell_id(LESSON, c.metadata.name) for c in one.cells]
    assert len({c.id for c in one.cells}) == len(one.cells)


def test_what_differs_from_run_to_run_is_taken_out():
    def run(model_id, clock):
        page = notebook(LESSON)
        page.metadata.widgets = {model_id: {}}
        page.metadata.language_info = {"name": "python", "version": clock}
        code = cell(page, "setup")
        code.metadata.execution = {"started": clock}
        data = {WIDGET: {"model_id": model_id}, "text/plain": "a slider"}
        code.outputs = [nbformat.v4.new_output("display_data", data) for _ in range(2)]
        return to_text(reproducible(page))

    assert run("4f3c", "3.11.7") == run("9e01", "3.13.0")


def test_printed_lines_are_one_piece_however_they_came():
    def run(*pieces):
        page = notebook(LESSON)
        streams = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in pieces]
        cell(page, "t4-run").outputs = streams
        return to_text(reproducible(page))

    assert run("one\n", "two\n") == run("one\ntwo\n")


@pytest.mark.slow
def test_building_twice_gives_the_same_bytes(tmp_path):
    first, second = (builder.build(tmp_path / name, [LESSON]) for name in "ab")
    assert [path.name for path in first[1:]] == list(builder.PAGES)  # with one lesson, too
    for a, b in zip(first, second, strict=True):
        assert a.read_bytes() == b.read_bytes()


def test_a_page_that_breaks_the_grammar_is_not_built(tmp_path, monkeypatch):
    monkeypatch.setattr(builder, "grammar_problems", lambda cells: ["no story"])
    with pytest.raises(ValueError, match="no story"):
        builder.build(tmp_path, [LESSON])
    assert not list(tmp_path.iterdir())


def test_pages_may_ask_only_for_what_there_is():
    from cytolearn.lessons.pages import fill

    content = load_content(LESSON)
    assert fill("{{ title }}", content) == content["title"]
    assert words_for(content)["t1.title"] == content["tasks"][0]["title"]
    with pytest.raises(ValueError, match="'hero'"):
        fill("{{ hero }}", content)


# --- the command


def test_start_copies_the_notebooks_and_keeps_yours(tmp_path, capsys):
    target = tmp_path / "course"
    assert cli.main(["start", str(target)]) == 0
    copied = sorted(path.name for path in target.glob("*.ipynb"))
    assert copied == sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
    mine = target / copied[0]
    mine.write_text("mine")
    assert cli.main(["start", str(target)]) == 0
    assert mine.read_text() == "mine"
    assert "kept" in capsys.readouterr().out


def test_build_check_says_what_is_wrong(folder, capsys):
    arguments = ["build", "--check", "--static", "--folder", str(folder), LESSON]
    assert cli.main(arguments) == 0
    path = notebook_path(folder, LESSON)
    page = json.loads(path.read_text(encoding="utf-8"))
    page["cells"][2]["source"] = "import this"
    path.write_text(json.dumps(page))
    assert cli.main(arguments) == 1
    assert "source differs" in capsys.readouterr().err


def test_an_unknown_lesson_is_an_error_in_words(capsys):
    assert cli.main(["build", "--check", "--static", "interferron"]) == 1
    assert "Did you mean 'interferon'" in capsys.readouterr().err


def test_static_without_check_builds_nothing(tmp_path, capsys):
    assert cli.main(["build", "--static", "--folder", str(tmp_path / "new"), LESSON]) == 1
    assert "--static belongs to --check" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_an_installed_package_builds_nothing_beside_itself(tmp_path, monkeypatch, capsys):
    (tmp_path / "cytolearn" / "_course").mkdir(parents=True)
    monkeypatch.setattr(cli, "HERE", tmp_path / "cytolearn")
    assert cli.main(["build", LESSON]) == 1
    assert "cytolearn start" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["cytolearn"]


def test_the_command_says_its_version(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert cytolearn.__version__ in capsys.readouterr().out


def test_the_command_needs_a_command(capsys):
    with pytest.raises(SystemExit):
        cli.main([])
    assert "COMMAND" in capsys.readouterr().err
