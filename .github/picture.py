"""Draw course.png, the picture in the README: the explorer of lesson 1 in a real JupyterLab.

Needs the `dev` and `browser` extras and Chromium: ``python .github/picture.py``.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import nbformat
from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT = 1320, 1090
STORY = """# Same swab, different lung

Two people breathe in the same dose. One raises the interferon alarm late, and weakly."""
CODE = """import cytolearn as cl

app = cl.Patient("mild").explore()
app.set(sensing_delay=2).pin("late alarm")
app.set(ifn_production=0.1)"""


def notebook(path: Path) -> None:
    """Write the notebook to be photographed."""
    v4 = nbformat.v4
    book = v4.new_notebook(cells=[v4.new_markdown_cell(STORY), v4.new_code_cell(CODE)])
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, path)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> None:
    """Start JupyterLab, run the notebook, photograph it."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        notebook(Path(folder, "interferon.ipynb"))
        own = ("CONFIG", "DATA", "RUNTIME")
        settings = {f"JUPYTER_{name}_DIR": f"{folder}/{name}" for name in own}
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
             "--ServerApp.port_retries=0", "--IdentityProvider.token=", f"--notebook-dir={folder}",
             "--LabApp.expose_app_in_browser=True"],
            env={**os.environ, **settings, "PYTHONPATH": str(HERE.parent)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"{address}/api", timeout=2)
                    break
                except OSError:
                    time.sleep(0.2)
            with sync_playwright() as play:
                options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
                browser = play.chromium.launch(executable_path=chromium, args=options)
                page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
                page.goto(f"{address}/doc/tree/interferon.ipynb?reset")
                page.wait_for_selector(".jp-CodeCell", timeout=120_000)
                page.wait_for_selector("text=Python 3 (ipykernel) | Idle", timeout=60_000)
                page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
                page.wait_for_selector("text=Over time", timeout=120_000)
                page.add_style_tag(content=".Toastify { display: none }")  # Jupyter's news
                page.wait_for_timeout(5000)
                page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
                page.wait_for_timeout(500)
                target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "course.png"
                page.screenshot(path=target)
                browser.close()
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
