"""Hostile and broken submissions, made when they are needed, with what must come of each.

A right answer is worth its points however ugly the rest of the notebook; nothing else is. Most
give their answers as numbers, so that they need no simulation and run fast.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cytolearn.grading.students import case_of, student_code
from cytolearn.lessons.exercises import expected_for, load_exercise

NAME = "interferon"
LAST = 99  # after all answers
CODE = student_code("bank", "ada", [])
FRIEND = student_code("bank", "ben", [])
ALL = 17  # without the question that is marked by hand
POINTS = {q["id"]: q["points"] for q in load_exercise(NAME)["questions"] if q["kind"] != "text"}


@cache
def answers(code: str = CODE, name: str = NAME) -> dict[str, object]:
    case = case_of(code, name)
    questions = [q for q in load_exercise(name)["questions"] if q["kind"] != "text"]
    return {q["id"]: expected_for(name, q, case).value for q in questions}


def right(code: str = CODE, name: str = NAME) -> list[str]:
    """Return one cell for each answer, all right."""
    return [f"{key} = {value!r}" for key, value in answers(code, name).items()]


def notebook(cells: list[str], **metadata) -> bytes:
    page = {
        "cells": [
            {"cell_type": "code", "metadata": {}, "source": cell, "outputs": []} for cell in cells
        ],
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(page).encode()


@dataclass(frozen=True)
class Submission:
    """What is handed in, and what must come of it.

    `extra` cells stand before the answer number `at`; they can be put into any assignment.
    """

    make: Callable[[], bytes]
    points: int
    status: str = "complete"
    note: str = ""
    extra: tuple[str, ...] = ()
    at: int = 0

    def elsewhere(self, code: str, name: str) -> bytes:
        """Return the same among the right answers to another assignment."""
        own = right(code, name)
        return notebook([*own[: self.at], *self.extra, *own[self.at :]])


def cells(*extra: str, at: int = 0, points: int = ALL, status: str = "complete", note: str = ""):
    """Put cells before the answer number `at`; all answers are right."""

    def make() -> bytes:
        own = right()
        return notebook([*own[:at], *extra, *own[at:]])

    return Submission(make, points, status, note, extra, at)


def instead(question: str, cell: str, status: str = "complete", note: str = ""):
    """Answer one question by something else; the others are right."""

    def make() -> bytes:
        own = [cell if line.startswith(f"{question} =") else line for line in right()]
        return notebook(own)

    return Submission(make, ALL - POINTS[question], status, note)


def raw(content: bytes, note: str):
    return Submission(lambda: content, 0, "unreadable", note)


BANK: dict[str, Submission] = {
    "perfect": cells(),
    "a warning on the way": cells("import warnings; warnings.warn('careful')"),
    "prints and draws": cells("print('hello'); from IPython.display import display; display(1)"),
    # --- answers of the wrong kind
    "NaN": instead("q1", "q1 = float('nan')"),
    "infinite": instead("q2", "q2 = float('inf')"),
    "complex": instead("q2", "q2 = 1 + 2j"),
    "None": instead("q3", "q3 = None"),
    "dots": instead("q3", "q3 = ..."),
    "an array": instead("q4", "import numpy as np; q4 = np.arange(451.0)"),
    "a list": instead("q6", "q6 = [1, 2, 3]"),
    "a function": instead("q6", "q6 = lambda: 65"),
    "a huge whole number": instead("q6", "q6 = 10 ** 400"),
    "a number with its unit": instead("q1", "q1 = '13.5 days'"),
    "half a character": instead("q5", "q5 = chr(0xd800)"),
    "markup": instead("q5", "q5 = '<script>alert(1)</script>'"),
    "a formula": instead("q5", "q5 = '=cmd|calc!A1'"),
    "a choice that is none": instead("q5", "q5 = 'not made at all, I think'"),
    "an object that fights back": instead(
        "q2",
        "class Evil(float):\n    def __float__(self): raise SystemExit\n"
        "    def __eq__(self, other): return True\nq2 = Evil(1)",
    ),
    "an answer of one item": Submission(
        lambda: notebook([*right(), "import numpy as np; q2 = np.array([q2])"]), ALL
    ),
    # --- cells out of order, lost, doubled
    "deleted cells": Submission(lambda: notebook(right()[:3]), 9),
    "a doubled cell": Submission(lambda: notebook([*right(), right()[0]]), ALL),
    "a doubled cell, the last one wrong": Submission(
        lambda: notebook([*right(), "q1 = -1"]), ALL - 2
    ),
    "cells in reverse": Submission(
        lambda: notebook(["q2 = a + b", "b = a - a", f"a = {answers()['q2']!r}"]), 3
    ),
    "a notebook without cells": Submission(lambda: notebook([]), 0),
    "edited points": Submission(
        lambda: notebook(["q1 = 0"], points=100, nbgrader={"points": 100, "grade": True}), 0
    ),
    "wrong syntax": instead("q4", "q4 = = 1", note="SyntaxError"),
    # --- other people's work
    "the answers of a friend": Submission(
        lambda: notebook(right(FRIEND)), POINTS["q5"] * (answers()["q5"] == answers(FRIEND)["q5"])
    ),
    "the code of a friend": cells(
        f"from cytolearn.grading import assignment\nassignment({NAME!r}, {FRIEND!r})",
        note="another code",
    ),
    # --- breaking the library
    "checks that always say yes": Submission(
        lambda: notebook(
            [
                "import cytolearn.grading.workbook as w, cytolearn.lessons.answers as a",
                "a.judge = w.judge = lambda *x: a.Verdict('right')",
                "a._same = lambda *x: True\nw.Workbook.check = lambda *x: 'Correct.'",
                *[f"{key} = 0" for key in POINTS],
            ]
        ),
        0,
    ),
    "a patched NumPy": Submission(
        lambda: notebook(["import numpy as np, math\nnp.isclose = lambda *x: True", "q1 = 1"]), 0
    ),
    "a patched runner": Submission(
        lambda: notebook(
            [
                "import json, os, sys\n"
                "json.dumps = lambda *x, **k: '{\"points\": 100}'\n"
                "for fd in range(3, 20):\n"
                '    try: os.write(fd, b\'\\n{"points": 100, "status": "complete"}\\n\')\n'
                "    except OSError: pass",
                "q1 = -1",
            ]
        ),
        0,
    ),
    "a patched model": Submission(
        lambda: notebook(
            [
                "import cytolearn as cl\ncl.Patient.run = lambda self, **k: None\n"
                "import cytolearn.grading.students as s, cytolearn.lessons.exercises as e\n"
                "e.expected_for = s.case_of = lambda *x, **k: 0",
                *[f"{key} = 0" for key in POINTS],
            ]
        ),
        0,
    ),
    "the list of what was checked, patched": Submission(
        lambda: notebook(
            [
                "import cytolearn.grading.workbook as w\n"
                "class Evil(dict):\n    def get(self, *x): raise SystemExit\n"
                "w.HANDED_IN = {'code': Evil(), 'answers': Evil()}",
                "q1 = 0",
            ]
        ),
        0,
        "ended early",
    ),
    "a forged end": Submission(
        lambda: notebook(
            [
                "import json, os\n"
                "told = {'cell': 9, 'done': True, 'errors': {'9999': 'x' * 10**5}, 'points': 17}\n"
                "told['answers'] = {'q1': [[1]], 'q2': 'x' * 10**5, 'q3': {'a': {}}, 'q4': True}\n"
                "for fd in range(3, 20):\n"
                "    try: os.write(fd, b'\\n' + json.dumps(told).encode() + b'\\n')\n"
                "    except OSError: pass\n"
                "os._exit(0)"
            ]
        ),
        0,
    ),
    "a forged end with impossible numbers": Submission(
        lambda: notebook(
            [
                "import json, os\n"
                "told = {'cell': 0, 'done': True, 'errors': {'9' * 5000: 'x'}, 'answers': {}}\n"
                "for fd in range(3, 20):\n"
                "    try: os.write(fd, b'\\n' + json.dumps(told).encode() + b'\\n')\n"
                "    except OSError: pass\n"
                "os._exit(0)",
                "q1 = 0",
            ]
        ),
        0,
        "ended early",
    ),
    "answers out of the worked notebook": Submission(
        lambda: notebook(
            [
                "import json, pathlib, cytolearn\n"
                "home = pathlib.Path(cytolearn.__file__).parent\n"
                "places = (home.parent, home / '_course', pathlib.Path('..'), pathlib.Path())\n"
                f"files = [p / 'solutions' / '{NAME}' / '{NAME}.ipynb' for p in places]\n"
                "page = json.loads(next(f for f in files if f.exists()).read_text())\n"
                "for cell in page['cells']:\n"
                "    if cell['cell_type'] == 'code': exec(''.join(cell['source']))",
                "q1 = q3 = q5 = 'this may fit by chance'",
            ]
        ),
        0,
    ),
    "the package asked for its own answers": Submission(
        lambda: notebook(
            [
                "from cytolearn.lessons.exercises import *\n"
                "from cytolearn.grading.students import case_of\n"
                f"case = case_of({CODE!r}, {NAME!r})\n"
                f"spec = load_exercise({NAME!r})['questions'][0]\n"
                f"q1 = expected_for({NAME!r}, spec, case).value"
            ]
        ),
        POINTS["q1"],
        note="names expected_for, which computes the answers of the package itself",
    ),
    "cells turned into nothing": Submission(
        lambda: notebook(
            ["get_ipython().input_transformers_post.append(lambda lines: ['pass\\n'])", *right()]
        ),
        0,
    ),
    # --- breaking Python itself
    "every file closed": cells(
        "import os; os.closerange(3, 256)", at=2, status="ended early", note="code cell 3"
    ),
    "an empty folder": cells("import os, shutil; shutil.rmtree(os.getcwd(), ignore_errors=True)"),
    "no modules": cells("import sys; sys.modules.clear()", at=LAST),
    "nothing is built in": cells(
        "import builtins\nfor name in ('len', 'getattr', 'hasattr', 'open', 'sorted'):\n"
        "    setattr(builtins, name, None)",
        at=LAST,
        status="ended early",
    ),
    "an exit that does not leave": cells("import os; os._exit = lambda *x: None"),
    # --- not stopping
    "an endless loop": cells("while True: pass", note="CellTimeout"),
    "an answer that never tells its value": instead(
        "q2",
        "class Slow:\n    size = 1\n    def item(self):\n        while True: pass\nq2 = Slow()",
    ),
    "a loop that swallows KeyboardInterrupt": cells(
        "while True:\n    try:\n        while True: pass\n    except KeyboardInterrupt: pass",
        note="CellTimeout",
    ),
    "a loop that swallows everything": cells(
        "def spin():\n    try:\n        for _ in iter(int, 1): str()\n"
        "    except BaseException: pass\nwhile True: spin()",
        at=2,
        status="ended early",
        note="code cell 3",
    ),
    "endless print": cells("while True: print('x' * 100)", note="CellTimeout"),
    "a question to the keyboard": cells("input('?')", note="EOFError"),
    # --- ending the process
    "sys.exit": cells("import sys; sys.exit(0)", note="SystemExit"),
    "os._exit": cells("import os; os._exit(0)", at=3, status="ended early", note="code cell 4"),
    "a dead kernel": cells(
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", status="ended early"
    ),
    # --- taking all there is
    "8 GB": cells("hog = bytearray(8 * 2**30)", note="MemoryError"),
    "a full disk": cells(
        "with open('big', 'wb') as f:\n    while True: f.write(bytes(10**6))", note="OSError"
    ),
    # Bounded, because the tests may run as root, whom no limit of processes binds.
    "many processes": cells(
        "import os, time\nfor _ in range(100):\n    if os.fork() == 0: time.sleep(60)\n"
        "time.sleep(60)",
        status="too many processes",
    ),
    "a process left behind": cells(
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
        " start_new_session=True)"
    ),
    # --- files that are no notebooks
    "an empty file": raw(b"", "empty"),
    "a huge file": raw(b" " * 21_000_000, "more than 20 MB"),
    "a number without end": raw(b'{"cells": [' + b"9" * 10_000 + b"]}", "not a Jupyter notebook"),
    "cells by the thousand": raw(notebook(["1"] * 501), "at most 500"),
    "half a file": raw(notebook(["q1 = 1"])[:50], "not a Jupyter notebook"),
    "a text": raw(b"my answers are 1, 2 and 3", "not a Jupyter notebook"),
    "brackets": raw(b"[]", "not a Jupyter notebook"),
    "deep brackets": raw(b"[" * 100_000, "not a Jupyter notebook"),
    "cells that are none": raw(b'{"cells": [1, 2]}', "not a Jupyter notebook"),
    "another encoding": Submission(lambda: notebook(right()).decode().encode("utf-16"), ALL),
    "an old encoding": Submission(
        lambda: notebook(right()).replace(b'"metadata": {}, "nb', b'"metadata": {"\xe9": 1}, "nb'),
        ALL,
    ),
}


def write(folder: Path, name: str) -> Path:
    """Write a submission to a folder."""
    path = folder / "handed in (1).ipynb"
    path.write_bytes(BANK[name].make())
    return path
