"""A JupyterLab and a Chromium of one's own: for tests/browser and for the latency table."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
START = 240  # seconds that a busy machine may need for a server
PATIENCE = 120_000  # milliseconds that a busy machine may need for one step in the page
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Waits for the kernel of the open notebook; a command sent earlier would be lost.
_READY = """async () => {
  const panel = window.jupyterapp.shell.currentWidget;
  await panel.context.ready;
  const context = panel.context.sessionContext;
  await context.ready;
  const kernel = () => context.session && context.session.kernel;
  while (!(kernel() && kernel().connectionStatus === "connected" && kernel().status === "idle"))
    await new Promise(resolve => setTimeout(resolve, 100));
  // Widgets have a thread of their own in the kernel, beside the cells: a reply to the one says
  // nothing of the other. So keep what was sent and has not ended, and when either spoke last.
  window.unanswered = new Set();
  window.spoken = performance.now();
  kernel().anyMessage.connect((_, {msg, direction}) => {
    window.spoken = performance.now();
    if (direction === "send" && msg.channel === "shell")
      window.unanswered.add(msg.header.msg_id);
    else if (msg.header.msg_type === "status" && msg.content.execution_state === "idle")
      window.unanswered.delete(msg.parent_header.msg_id);
  });
  if (window.jupyterapp.shell.collapseLeft) window.jupyterapp.shell.collapseLeft();
}"""
# Wait until nothing that was sent waits for its end. What an answer makes the page send, it sends
# before the next frame.
_ANSWERED = """async () => {
  const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  for (let calm = 0; calm < 2; calm = window.unanswered.size ? 0 : calm + 1) await frame();
}"""
_RUN_ALL = """async () => {
  await window.jupyterapp.commands.execute("notebook:run-all-cells");
}"""


class Missing(RuntimeError):
    """What is needed is not installed; the message names it."""


@contextmanager
def chromium() -> Iterator[Any]:
    """Give Chromium, driven by Playwright; nothing is ever downloaded."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise Missing("playwright") from None
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        raise Missing("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


@contextmanager
def jupyterlab(home: Path) -> Iterator[tuple[str, Path]]:
    """Start JupyterLab (and with it Notebook 7) with a configuration of its own.

    Gives its address and the empty folder that it serves.
    """
    try:
        import jupyterlab  # noqa: F401
    except ImportError:
        raise Missing("jupyterlab") from None
    root = home / "root"
    root.mkdir(parents=True)
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    quiet = '{"fetchNews": "false", "checkForUpdates": false}'  # nothing asks for the network
    (settings / "notification.jupyterlab-settings").write_text(quiet, encoding="utf-8")
    port = _free_port()
    command = [
        *("jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"),
        *(f"--ServerApp.root_dir={root}", "--IdentityProvider.token="),
        *("--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True"),
    ]
    with serving(command, f"http://127.0.0.1:{port}", "/api", home) as address:
        yield address, root


@contextmanager
def voila(notebook: Path, home: Path) -> Iterator[str]:
    """Serve a notebook as a page without code, and give the address of the page."""
    try:
        import voila  # noqa: F401
    except ImportError:
        raise Missing("voila") from None
    port = _free_port()
    command = [
        *("voila", str(notebook), "--no-browser", f"--port={port}"),
        *("--Voila.ip=127.0.0.1", "--show_tracebacks=True"),
    ]
    with serving(command, f"http://127.0.0.1:{port}", "/voila/static/voila.js", home) as address:
        yield address


@contextmanager
def serving(command: list[str], address: str, ready: str, home: Path) -> Iterator[str]:
    """Run a server of Jupyter's until the block ends; its files go into a folder of its own."""
    own = {
        "HOME": home,
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "PYTHONPATH": ROOT,
    }
    env = {**os.environ, **{name: str(path) for name, path in own.items()}}
    env.pop("CYTOLEARN_LOGBOOK", None)  # a learner's logbook lies beside the notebook
    log = home / "log"
    with log.open("w") as stream:
        server = subprocess.Popen(
            [sys.executable, "-m", *command], env=env, cwd=home, stdout=stream, stderr=stream
        )
    try:
        for _ in range(START):
            if server.poll() is not None:
                raise RuntimeError(f"{command[0]} ended: {log.read_text()[-2000:]}")
            try:
                urllib.request.urlopen(f"{address}{ready}", timeout=5).close()
                break
            except urllib.error.HTTPError:
                break  # it answers
            except OSError:
                time.sleep(1)
        else:
            raise RuntimeError(f"{command[0]} did not answer in {START} s")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def open_notebook(browser: Any, url: str, *, width: int = 1280, height: int = 900) -> Any:
    """Open a notebook in a page of its own and wait for its kernel."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(PATIENCE)
    page.goto(url, wait_until="commit")
    kernel_ready(page)
    return page


def kernel_ready(page: Any) -> None:
    """Wait until the open notebook can run cells."""
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.context")
    page.evaluate(_READY)


def run_all(page: Any) -> None:
    """Run every cell and wait until the last one is done."""
    page.evaluate(_RUN_ALL)


def answered(page: Any) -> None:
    """Wait until the kernel has done all that cells and widgets have asked of it."""
    page.evaluate(_ANSWERED)


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
