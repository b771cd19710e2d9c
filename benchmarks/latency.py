"""From key press to painted frame, in a real browser, beside the default way of drawing.

Each lesson's app is opened in JupyterLab in headless Chromium; the arrow keys move its sliders one
step at a time with a rest between steps, all sliders in turn, or in the ward the bed on show. A
step ends one frame after the *last* change of the picture. Directly afterwards the same patient,
panels and curves are drawn by the default way, ``ipywidgets.interact`` with inline matplotlib, on
the same machine in the same state: the ratio is what can be compared between machines.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import browser

# Milliseconds before a key: what the measuring itself asks of page and kernel is over by then. A
# question sent just before the key made a step seem up to 30 ms slower, and only where it was sent.
_REST = 100
STEPS = {"smoke": 10, "usual": 40, "full": 100}
MOST_MEDIAN, MOST_SLOW, LEAST_RATIO = 60, 100, 8  # ms, ms, times

# The app, and a stopwatch around what a step does in the kernel.
_OURS = """
import time
from cytolearn.lessons.explore import open_app
from cytolearn.lessons.lesson import Lesson

lesson = Lesson({lesson!r})
app = open_app(lesson)
spec = lesson.content["explorer"]
if spec.get("patient") != spec.get("reference"):
    app.show(spec["patient"])
spent = dict.fromkeys(["began", "whole", "solve", "draw"], 0.0)

def timed(owner, method, name):  # the whole ends with the picture; what follows does not count
    inner = getattr(owner, method)
    def outer(*args, **options):
        start = 1000 * time.perf_counter()
        if name == "whole":
            spent["began"] = start
            return inner(*args, **options)
        try:
            return inner(*args, **options)
        finally:
            now = 1000 * time.perf_counter()
            spent[name] += 0.0 if spent["whole"] else now - start
            if name == "draw":
                spent["whole"] = now - spent["began"]
    setattr(owner, method, outer)

for method, name in {whole}.items():
    timed(app, method, name)
timed(app.{view}, "set_data", "draw")
app
"""
# What a step calls: in an explorer, and in the ward.
_EXPLORER = {"whole": {"_go": "whole", "_solve": "solve"}, "view": "view"}
_WARD = {"whole": {"look": "whole", "_chart": "solve"}, "view": "_view"}
# The same patient, panels and curves, as a tutorial would draw them.
_DEFAULT = """
%matplotlib inline
import matplotlib.pyplot as plt
from ipywidgets import FloatSlider, interact
from cytolearn.apps.controls import parameter
from cytolearn.figures.panels import readout_row
from cytolearn.lessons.content import load_content, person
from cytolearn.simulation import integrate

content = load_content({lesson!r})
spec = content["explorer"]
patient, names = person(content, spec["patient"]), list(spec["readouts"])
symbol = spec["controls"][0]
row = parameter(symbol)
low, high = float(row["low"]), float(row["high"])
start = patient.constants.get(symbol, float(row["baseline"]))

def solve(**more):
    return integrate({{**patient.constants, **more}}, days=45, step=0.1, outputs=names).T

before = solve()

def show(value):
    figure, axes = plt.subplots(2, 3, figsize=(11, 6))
    for ax, name, old, new in zip(axes.flat, names, before, solve(**{{symbol: value}})):
        ax.plot(old, "--", color="grey")
        ax.plot(new)
        ax.set(title=name, ylabel=readout_row(name)["unit"], xlabel="tenths of days")
    figure.tight_layout()
    plt.show()

interact(show, value=FloatSlider(start, min=low, max=high, step=(high - low) / 100))
None
"""
_DEFAULT_WARD = """
%matplotlib inline
import matplotlib.pyplot as plt
from ipywidgets import interact
from cytolearn.figures.ward import PANELS
from cytolearn.lessons.explore import open_app
from cytolearn.lessons.lesson import Lesson

app = open_app(Lesson({lesson!r}))

def show(bed):
    chart = app._chart(app.ward[bed])
    figure, axes = plt.subplots(2, 3, figsize=(11, 6))
    for ax, name in zip(axes.flat, PANELS):
        ax.plot(chart.index, chart[name], "o-")
        ax.set(title=name, xlabel="day", xlim=(0, 21))
    figure.tight_layout()
    plt.show()

interact(show, bed=(0, len(app.ward) - 1))
None
"""
# Keep the time from the last key to the frame after the last change of the picture.
_WATCH = """() => {
  const see = () => {
    const ours = document.querySelector(".cl-app .cl-panels[data-rev]");
    if (ours) return ours.dataset.rev;
    const picture = document.querySelector(".jp-OutputArea-output img");
    return picture && picture.complete ? picture.src : null;
  };
  window.took = 0;
  let start = 0, seen = see();
  const look = () => {
    const now = see();
    if (now === null || now === seen) return;
    seen = now;
    requestAnimationFrame(() => {
      const after = new MessageChannel();
      after.port1.onmessage = () => { window.took = performance.now() - start; };
      after.port2.postMessage(0);
    });
  };
  addEventListener("keydown", e => { start = e.timeStamp; window.took = 0; }, {capture: true});
  const book = document.querySelector(".jp-NotebookPanel");
  new MutationObserver(look).observe(book, {childList: true, subtree: true, attributes: true});
  book.addEventListener("load", look, {capture: true});
}"""
# The key that moves a control, a slider or a list, by one step; back from its end.
_KEY = """e => e.matches("select")
  ? (e.selectedIndex === e.options.length - 1 ? "ArrowUp" : "ArrowDown")
  : (e.ariaValueNow === e.ariaValueMax ? "ArrowLeft" : "ArrowRight")"""
# What the step cost in the kernel; then the stopwatch is set back for the next one.
_REPORT = """
import json
print(json.dumps(spent))
for part in spent:
    spent[part] = 0.0
"""
_ASK = """async code => {
  const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
  const future = kernel.requestExecute({code, store_history: false});
  let text = "";
  future.onIOPub = message => {
    if (message.header.msg_type === "stream") text += message.content.text;
  };
  await future.done;
  return text;
}"""
_SHUT_DOWN = "() => window.jupyterapp.shell.currentWidget.context.sessionContext.shutdown()"


def main(size: str) -> int:
    """Measure, print one table, and return 1 if a figure to reach is missed."""
    from cytolearn.lessons.content import lesson_ids, read_content

    lessons = [read_content(name) for name in lesson_ids()]
    print("key press to painted frame, ms; parts are medians, interact + inline in the same run")
    head = ("p50", "p95", "solve", "draw", "words", "transport+paint", "default p50", "p95")
    print(f"{'lesson':18}" + "".join(f"{word:>{len(word) + 3}}" for word in head) + "   ratio")
    ratios, missed = [], 0
    with (
        tempfile.TemporaryDirectory() as folder,
        browser.jupyterlab(Path(folder)) as (address, root),
        browser.chromium() as chromium,
    ):
        for lesson in lessons:
            row, ratio = _one(lesson, chromium, address, root, STEPS[size])
            ratios.append(ratio)
            cells = "".join(
                f"{value:>{len(word) + 3}.0f}" for word, value in zip(head, row, strict=True)
            )
            late = [name for name, most in (("p50", MOST_MEDIAN), ("p95", MOST_SLOW))
                    if row[head.index(name)] > most]  # fmt: skip
            missed += bool(late)
            note = f"   {' and '.join(late)} MISSED" if late else ""
            print(f"{lesson['id']:18}{cells}{ratio:7.1f}x{note}", flush=True)
    print(
        f"to reach: p50 <= {MOST_MEDIAN}, p95 <= {MOST_SLOW}, ratio >= {LEAST_RATIO}; "
        f"ratio {min(ratios):.1f} to {max(ratios):.1f}, median {median(ratios):.1f}"
    )
    slow = min(ratios) < LEAST_RATIO
    return int(slow or (size != "smoke" and missed > 0))


def _one(
    lesson: Mapping[str, Any], chromium: Any, address: str, root: Path, steps: int
) -> tuple[list[float], float]:
    """Return the row of one lesson and how many times faster than the default way it is."""
    ward = lesson["explorer"].get("kind") == "ward"
    controls = lesson["explorer"]["controls"]
    handles = [f".cl-at-{symbol} .noUi-handle" for symbol in controls] or [".cl-beds select"]
    code = _OURS.format(lesson=lesson["id"], **(_WARD if ward else _EXPLORER))
    ours, parts = _steps(chromium, address, root, code, handles, steps)
    code = (_DEFAULT_WARD if ward else _DEFAULT).format(lesson=lesson["id"])
    default, _ = _steps(chromium, address, root, code, [".noUi-handle"], steps)
    solve, draw, whole = (np.array([part[name] for part in parts]) for name in
                          ("solve", "draw", "whole"))  # fmt: skip
    split = (solve, draw, whole - solve - draw, np.array(ours) - whole)
    row = [
        *np.percentile(ours, [50, 95]),
        *map(np.median, split),
        *np.percentile(default, [50, 95]),
    ]
    return row, float(np.median(default) / np.median(ours))


def _steps(
    chromium: Any, address: str, root: Path, code: str, handles: list[str], steps: int
) -> tuple[list[float], list[Mapping[str, float]]]:
    """Run one cell, press keys on its sliders in turn; return the times and the kernel's share."""
    cell = {"cell_type": "code", "id": "only", "metadata": {}, "source": code.strip(),
            "outputs": [], "execution_count": None}  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel},
                "cells": [cell]}  # fmt: skip
    name = f"latency_{len(list(root.iterdir()))}.ipynb"
    (root / name).write_text(json.dumps(notebook), encoding="utf-8")
    page = browser.open_notebook(chromium, f"{address}/lab/tree/{name}?reset")
    times, parts = [], []
    try:
        browser.run_all(page)
        page.wait_for_selector(".cl-app .cl-panels[data-rev], .jp-OutputArea-output img")
        for handle in handles:
            page.wait_for_selector(handle)
        browser.answered(page)
        page.evaluate(_WATCH)
        own = "spent" in code
        for i in range(steps + len(handles)):
            handle = page.locator(handles[i % len(handles)])
            handle.focus()
            key = handle.evaluate(_KEY)
            page.wait_for_timeout(_REST)
            page.keyboard.press(key)
            page.wait_for_function("window.took > 0")
            browser.answered(page)
            took = page.evaluate("window.took")
            spent = json.loads(page.evaluate(_ASK, _REPORT)) if own else {}
            if i < len(handles):
                continue  # the first step of each slider warms caches
            times.append(took)
            if own:
                parts.append(spent)
        page.evaluate(_SHUT_DOWN)
    finally:
        page.close()
    return times, parts
