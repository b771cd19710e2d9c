"""Build the notebooks: run each page in a fresh kernel and write what comes out, reproducibly."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cytolearn.lessons import claims, glossary
from cytolearn.lessons.content import lesson_ids, load_content
from cytolearn.lessons.pages import FORBIDDEN, grammar_problems, notebook, read_page

WIDGET = "application/vnd.jupyter.widget-view+json"
SECONDS_A_CELL = 120
#: Pages beside the notebooks that are written from data.
PAGES = {"glossary.md": glossary.page, "claims.md": claims.page_of_claims}


def notebook_path(folder: Path, lesson_id: str) -> Path:
    """Return where a lesson's notebook lives."""
    return folder / f"{load_content(lesson_id)['file']}.ipynb"


def build(folder: Path, names: Iterable[str] = ()) -> list[Path]:
    """Run the pages of some lessons (none named: all), write their notebooks, and the pages beside.

    Parameters
    ----------
    folder : Path
        Usually ``notebooks/``.
    names : iterable of str
        Lesson ids.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    ValueError
        If a page departs from the grammar, or there is no such lesson.
    """
    written = []
    for lesson_id in tuple(names) or lesson_ids():
        load_content(lesson_id)
        problems = grammar_problems(read_page(lesson_id))
        if problems:
            raise ValueError(f"lessons/{lesson_id}/notebook.py: {'; '.join(problems)}.")
        path = notebook_path(folder, lesson_id)
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(to_text(executed(lesson_id)), encoding="utf-8", newline="\n")
        written.append(path)
    for name, text in PAGES.items():  # of one lesson, too: a new term or claim shows there
        (folder / name).write_text(text(), encoding="utf-8", newline="\n")
        written.append(folder / name)
    return written


def check(folder: Path, names: Iterable[str] = (), *, run: bool = True) -> list[str]:
    """Compare the notebooks with their sources.

    Parameters
    ----------
    folder : Path
    names : iterable of str
        Lesson ids; none named: all.
    run : bool, default True
        Run the pages and compare what they say as well. Pictures are never compared: their
        bytes depend on the version of Matplotlib.

    Returns
    -------
    list of str
        What is wrong, in words; empty if nothing is.
    """
    problems = []
    for lesson_id in tuple(names) or lesson_ids():
        path = notebook_path(folder, lesson_id)
        problems += [f"{path.name}: {text}" for text in _problems(path, lesson_id, run)]
    if not names:
        known = {notebook_path(folder, lesson_id) for lesson_id in lesson_ids()}
        strangers = sorted(set(folder.glob("*.ipynb")) - known)
        problems += [f"{path.name}: no lesson has this notebook" for path in strangers]
        for name, text in PAGES.items():
            path = folder / name
            if not path.is_file() or path.read_text(encoding="utf-8") != text():
                problems.append(f"{name} is not what its data say")
    return problems


def executed(lesson_id: str) -> Any:
    """Return a lesson's notebook after a run in a fresh kernel, made reproducible."""
    return run_notebook(notebook(lesson_id))


def run_notebook(page: Any) -> Any:
    """Run a notebook in a fresh kernel and make what comes out reproducible (changes it).

    The kernel gets a logbook and a working folder of its own: nothing of a learner is read or
    written.
    """
    from nbclient import NotebookClient

    with tempfile.TemporaryDirectory() as folder:
        # The package under test, not one that happens to be installed.
        home = str(Path(__file__).resolve().parents[2])
        paths = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))
        env = {
            **os.environ,
            "CYTOLEARN_LOGBOOK": str(Path(folder, "cytolearn_logbook.json")),
            "PYTHONPATH": paths,
            "PYTHONHASHSEED": "0",
        }
        client = NotebookClient(
            page,
            timeout=SECONDS_A_CELL,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
            record_timing=False,
        )
        client.execute(env=env)
    return reproducible(page)


def reproducible(page: Any) -> Any:
    """Take out of a notebook what differs from run to run (changes it)."""
    page.metadata.pop("widgets", None)
    page.metadata.language_info = {"name": "python"}
    ids: dict[str, str] = {}
    for cell in page.cells:
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            cell.outputs = _joined(cell.outputs)
        for output in cell.get("outputs", []):
            view = output.get("data", {}).get(WIDGET)
            if view:
                view["model_id"] = ids.setdefault(view["model_id"], f"{len(ids) + 1:032x}")
    return page


def _joined(outputs: list[Any]) -> list[Any]:
    """Unite neighbouring pieces of a stream: where a kernel cuts it depends on how busy it is."""
    joined: list[Any] = []
    for output in outputs:
        stream = output.output_type == "stream" and joined and joined[-1].output_type == "stream"
        if stream and joined[-1].name == output.name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def to_text(page: Any) -> str:
    """Write a notebook: keys sorted, one space of indent, newline at the end."""
    import nbformat

    nbformat.validate(page)
    return nbformat.writes(page, version=4).rstrip("\n") + "\n"


def _problems(path: Path, lesson_id: str, run: bool) -> list[str]:
    import nbformat

    found = [f"page: {text}" for text in grammar_problems(read_page(lesson_id))]
    if not path.is_file():
        return [*found, "is missing; run `cytolearn build`"]
    try:
        stored = nbformat.read(path, as_version=4)
    except Exception as error:  # whatever is wrong with the file, say it and go on
        return [*found, f"cannot be read ({type(error).__name__})"]
    wanted = notebook(lesson_id)
    if len(stored.cells) != len(wanted.cells):
        return [*found, f"has {len(stored.cells)} cells, its page {len(wanted.cells)}"]
    if stored.metadata != wanted.metadata:
        found.append("the notebook's metadata differ from the page's")
    if run and not found:
        wanted = executed(lesson_id)
    for old, new in zip(stored.cells, wanted.cells, strict=True):
        found += [f"cell '{new.metadata.name}': {text}" for text in cell_problems(old, new, run)]
    return found


def cell_problems(old: Any, new: Any, run: bool) -> list[str]:
    """Return how a stored cell differs from its source or, if run, from what it says now."""
    parts = ("cell_type", "source", "id", "metadata")
    problems = [f"{key} differs from the page's" for key in parts if old.get(key) != new.get(key)]
    if old.cell_type != "code":
        return problems
    problems += [f"{word} is forbidden" for word in FORBIDDEN if word in old.source]
    if any(line.rstrip().endswith(";") for line in old.source.splitlines()):
        problems.append("a line ends with ';'")
    if old.execution_count is None:
        problems.append("was not run")
    if any(output.output_type == "error" for output in old.outputs):
        problems.append("ended in an error")
    if run and not problems and list(map(_words, old.outputs)) != list(map(_words, new.outputs)):
        problems.append("says something else when it is run again; run `cytolearn build`")
    return problems


def _words(output: Any) -> Any:
    """Return an output without its pictures."""
    plain = json.loads(json.dumps(output))
    for kind in ("image/png", "image/jpeg"):
        if kind in plain.get("data", {}):
            plain["data"][kind] = "a picture"
    plain.pop("execution_count", None)
    text = json.dumps(plain, sort_keys=True)
    return re.sub(r"\\n\s*", " ", text)
