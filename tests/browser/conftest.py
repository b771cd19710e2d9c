"""A real JupyterLab and a real Chromium, or one clear line why not."""

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from learner import Learner
from needs import available

from benchmarks import browser
from cytolearn.lessons.content import lesson_ids, read_content


@pytest.fixture(scope="session")
def chromium():
    """Give a browser that never downloads anything."""
    with available(browser.chromium()) as running:
        yield running


@pytest.fixture(scope="session")
def jupyterlab(chromium, tmp_path_factory):
    """Start JupyterLab on a free port with its own empty configuration; not without a browser."""
    with available(browser.jupyterlab(tmp_path_factory.mktemp("lab"))) as running:
        yield running


@pytest.fixture
def run_notebook(chromium, jupyterlab):
    """Return a function that opens a notebook of the given cells and runs it."""
    address, root = jupyterlab
    pages = []

    def run(*cells, width=1280, height=900):
        name = f"test_{len(pages)}.ipynb"
        notebook = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
            "cells": [
                {"cell_type": "code", "id": f"cell{i}", "metadata": {}, "source": source,
                 "outputs": [], "execution_count": None}
                for i, source in enumerate(cells)
            ],
        }  # fmt: skip
        (root / name).write_text(json.dumps(notebook))
        url = f"{address}/lab/tree/{name}?reset"
        page = browser.open_notebook(chromium, url, width=width, height=height)
        pages.append(page)
        browser.run_all(page)
        return page

    yield run
    for page in pages:
        page.close()


# The lesson's fixtures last as long as the session: pytest then runs all tests of one lesson after
# each other, across modules, on one page with one kernel. tests/conftest.py has one worker do so.
@pytest.fixture(scope="session", params=lesson_ids())
def lesson(request):
    """Give the content of each lesson in turn."""
    return read_content(request.param)


@pytest.fixture
def copy_notebook(lesson, jupyterlab):
    """Return a function that puts the lesson's notebook into an empty folder of its own."""
    _, root = jupyterlab

    def copy(name):
        return unpack(lesson, root, f"{lesson['id']}_{name}")

    return copy


@pytest.fixture(scope="session")
def folder(lesson, jupyterlab):
    """Give a learner's own folder with a copy of the lesson's notebook."""
    _, root = jupyterlab
    return unpack(lesson, root, lesson["id"])


def unpack(lesson, root, name):
    home = Path(tempfile.mkdtemp(prefix=f"{name}_", dir=root))  # pytest may come back to a lesson
    shutil.copy(browser.ROOT / "notebooks" / f"{lesson['file']}.ipynb", home)
    return home


@pytest.fixture(scope="session")
def learner(lesson, folder, chromium, jupyterlab):
    """Open the lesson in JupyterLab and run it, once for all tests of the lesson."""
    address, _ = jupyterlab
    url = f"{address}/lab/tree/{folder.name}/{lesson['file']}.ipynb?reset"
    someone = Learner(chromium, lesson, url)
    someone.run_all()
    yield someone
    someone.shut_down()
    someone.close()
