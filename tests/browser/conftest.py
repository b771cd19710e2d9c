"""A real JupyterLab and a real Chromium, or one clear line why not."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

REQUIRED = os.environ.get("CYTOLEARN_REQUIRE_BROWSER") == "1"
ROOT = Path(__file__).resolve().parents[2]
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_START = 240  # seconds that a busy machine may need for JupyterLab
# Run all cells once the kernel is there; a command sent earlier would be lost.
_RUN_ALL = """async () => {
  const panel = window.jupyterapp.shell.currentWidget;
  await panel.context.ready;
  const context = panel.context.sessionContext;
  await context.ready;
  const kernel = () => context.session && context.session.kernel;
  while (!(kernel() && kernel().connectionStatus === "connected" && kernel().status === "idle"))
    await new Promise(resolve => setTimeout(resolve, 100));
  window.jupyterapp.shell.collapseLeft();
  window.jupyterapp.commands.execute("notebook:run-all-cells");
}"""


def _missing(what):
    message = f"browser test not run: {what} is not installed"
    (pytest.fail if REQUIRED else pytest.skip)(message)


def _free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="session")
def chromium():
    """Give a browser that never downloads anything."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright")
    found = (shutil.which(n) for n in ("chromium", "chromium-browser", "google-chrome", "chrome"))
    path = next((p for p in found if p), None)
    if path is None:
        _missing("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def jupyterlab(tmp_path_factory):
    """Start JupyterLab on a free port with its own empty configuration."""
    try:
        import jupyterlab  # noqa: F401
    except ImportError:
        _missing("jupyterlab")
    home = tmp_path_factory.mktemp("lab")
    (home / "root").mkdir()
    port = _free_port()
    own = {
        "HOME": home,
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "PYTHONPATH": ROOT,
    }
    log = (home / "log").open("w")
    server = subprocess.Popen(
        [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
            "--ip=127.0.0.1", f"--port={port}", f"--ServerApp.root_dir={home / 'root'}",
            "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True",
        ],
        env={**os.environ, **{k: str(v) for k, v in own.items()}},
        stdout=log,
        stderr=log,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(_START):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=5).close()
                break
            except OSError:
                assert server.poll() is None, (home / "log").read_text()[-2000:]
                time.sleep(1)
        else:
            pytest.fail(f"JupyterLab did not answer in {_START} s")
        yield address, home / "root"
    finally:
        server.terminate()
        server.wait(timeout=20)
        log.close()


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
        page = chromium.new_page(viewport={"width": width, "height": height})
        pages.append(page)
        page.set_default_timeout(90_000)
        page.goto(f"{address}/lab/tree/{name}?reset", wait_until="commit")
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
        page.evaluate(_RUN_ALL)
        return page

    yield run
    for page in pages:
        page.close()
