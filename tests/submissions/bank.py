"""Hostile and broken submissions, made when they are needed, with what must come of each.

A right answer is worth its points however ugly the rest of the notebook; nothing else is. Most
give their answers as numbers, so that they need no simulation and run fast. `bank` makes them for
any assignment: which question is spoiled goes by its kind, and what the others are worth by their
points.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cytolearn.grading.students import case_of, student_code
from cytolearn.grading.workbook import points_for
from cytolearn.lessons.answers import judge
from cytolearn.lessons.exercises import expected_for, load_exercise

NAME = "interferon"
LAST = 99  # after all answers
WRONG = -98765.4  # to every question, and no mistake that it knows


def asked(name: str = NAME) -> list[dict[str, Any]]:
    """Return the questions that are not read by hand."""
    return [q for q in load_exercise(name)["questions"] if q["kind"] != "text"]


@cache
def code_of(student: str, name: str = NAME) -> str:
    return student_code("bank", student, [name])


CODE, FRIEND = code_of("ada"), code_of("ben")
POINTS = {q["id"]: q["points"] for q in asked()}
ALL = sum(POINTS.values())  # without the question that is marked by hand


@cache
def answers(code: str = CODE, name: str = NAME) -> dict[str, object]:
    case = case_of(code, name)
    return {q["id"]: expected_for(name, q, case).value for q in asked(name)}


def right(code: str = CODE, name: str = NAME) -> list[str]:
    """Return one cell for each answer, all right."""
    return [f"{key} = {value!r}" for key, value in answers(code, name).items()]


def luck(code: str, other: str, name: str = NAME) -> dict[str, float]:
    """Return what the answers of somebody else earn, by question: a few may fit by chance."""
    case, theirs = case_of(code, name), answers(other, name)
    return {
        q["id"]: points_for(q, judge(theirs[q["id"]], expected_for(name, q, case), q))
        for q in asked(name)
    }


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
    """What is handed in, and what must come of it."""

    make: Callable[[], bytes]
    points: float
    status: str = "complete"
    note: str = ""


def raw(content: bytes, note: str):
    return Submission(lambda: content, 0, "unreadable", note)


@cache
def bank(name: str = NAME) -> dict[str, Submission]:
    """Return the whole bank for an assignment, as Ada hands it in: her code is `code_of("ada")`."""
    ada, ben = code_of("ada", name), code_of("ben", name)
    questions = {q["id"]: q for q in asked(name)}
    points = {key: q["points"] for key, q in questions.items()}
    full, ids, own = sum(points.values()), list(questions), right(ada, name)
    numbers = [key for key, q in questions.items() if q["kind"] == "number"]
    first, second, third, last = (numbers[k] for k in (0, 1, 2, -1))
    choice = next(key for key, q in questions.items() if q["kind"] == "choice")
    all_wrong = [f"{key} = {WRONG}" for key in ids]
    chance = luck(ada, "", name)

    def worth(keys: Iterable[str]) -> float:
        return sum(points[key] for key in keys)

    def cells(
        *extra: str, at: int = 0, points: float = full, status: str = "complete", note: str = ""
    ) -> Submission:
        """Put cells before the answer number `at`; all answers are right."""
        return Submission(lambda: notebook([*own[:at], *extra, *own[at:]]), points, status, note)

    def instead(question: str, cell: str, status: str = "complete", note: str = "") -> Submission:
        """Answer one question by something else; the others are right."""
        return Submission(
            lambda: notebook([cell if line.startswith(f"{question} =") else line for line in own]),
            full - points[question],
            status,
            note,
        )

    return {
        "perfect": cells(),
        "a warning on the way": cells("import warnings; warnings.warn('careful')"),
        "prints and draws": cells(
            "print('hello'); from IPython.display import display; display(1)"
        ),
        # --- answers of the wrong kind
        "NaN": instead(first, f"{first} = float('nan')"),
        "infinite": instead(second, f"{second} = float('inf')"),
        "complex": instead(second, f"{second} = 1 + 2j"),
        "None": instead(third, f"{third} = None"),
        "dots": instead(third, f"{third} = ..."),
        "an array": instead(last, f"import numpy as np; {last} = np.arange(451.0)"),
        "a list": instead(last, f"{last} = [1, 2, 3]"),
        "a function": instead(last, f"{last} = lambda: 65"),
        "a huge whole number": instead(last, f"{last} = 10 ** 400"),
        "a number with its unit": instead(first, f"{first} = '{answers(ada, name)[first]} days'"),
        "half a character": instead(choice, f"{choice} = chr(0xd800)"),
        "markup": instead(choice, f"{choice} = '<script>alert(1)</script>'"),
        "a formula": instead(choice, f"{choice} = '=cmd|calc!A1'"),
        "a choice that is none": instead(
            choice, f"{choice} = 'not {answers(ada, name)[choice]} at all, I think'"
        ),
        "an object that fights back": instead(
            second,
            "class Evil(float):\n    def __float__(self): raise SystemExit\n"
            f"    def __eq__(self, other): return True\n{second} = Evil(1)",
        ),
        "an answer of one item": Submission(
            lambda: notebook([*own, f"import numpy as np; {second} = np.array([{second}])"]), full
        ),
        # --- cells out of order, lost, doubled
        "deleted cells": Submission(lambda: notebook(own[:3]), worth(ids[:3])),
        "a doubled cell": Submission(lambda: notebook([*own, own[0]]), full),
        "a doubled cell, the last one wrong": Submission(
            lambda: notebook([*own, f"{first} = {WRONG}"]), full - points[first]
        ),
        "cells in reverse": Submission(
            lambda: notebook(
                [f"{second} = a + b", "b = a - a", f"a = {answers(ada, name)[second]!r}"]
            ),
            points[second],
        ),
        "a notebook without cells": Submission(lambda: notebook([]), 0),
        "edited points": Submission(
            lambda: notebook(all_wrong[:1], points=100, nbgrader={"points": 100, "grade": True}), 0
        ),
        "wrong syntax": instead(last, f"{last} = = 1", note="SyntaxError"),
        # --- other people's work
        "the answers of a friend": Submission(
            lambda: notebook(right(ben, name)), sum(luck(ada, ben, name).values())
        ),
        "the code of a friend": cells(
            f"from cytolearn.grading import assignment\nassignment({name!r}, {ben!r})",
            note="another code",
        ),
        # --- breaking the library
        "checks that always say yes": Submission(
            lambda: notebook(
                [
                    "import cytolearn.grading.workbook as w, cytolearn.lessons.answers as a",
                    "a.judge = w.judge = lambda *x: a.Verdict('right')",
                    "a._same = lambda *x: True\nw.Workbook.check = lambda *x: 'Correct.'",
                    *all_wrong,
                ]
            ),
            0,
        ),
        "a patched NumPy": Submission(
            lambda: notebook(
                ["import numpy as np, math\nnp.isclose = lambda *x: True", *all_wrong]
            ),
            0,
        ),
        "a patched runner": Submission(
            lambda: notebook(
                [
                    "import json, os, sys\n"
                    "json.dumps = lambda *x, **k: '{\"points\": 100}'\n"
                    "for fd in range(3, 20):\n"
                    '    try: os.write(fd, b\'\\n{"points": 100, "status": "complete"}\\n\')\n'
                    "    except OSError: pass",
                    *all_wrong,
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
                    *all_wrong,
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
                    *all_wrong,
                ]
            ),
            0,
            "ended early",
        ),
        "a forged end": Submission(
            lambda: notebook(
                [
                    "import json, os\n"
                    "told = {'cell': 9, 'done': True, 'errors': {'9999': 'x' * 10**5}}\n"
                    "told['points'] = 100\n"
                    "told['answers'] = {'q1': [[1]], 'q2': 'x' * 10**5}\n"
                    "told['answers'] |= {'q3': {'a': {}}, 'q4': True}\n"
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
                    *all_wrong,
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
                    f"files = [p / 'solutions' / '{name}' / '{name}.ipynb' for p in places]\n"
                    "page = json.loads(next(f for f in files if f.exists()).read_text())\n"
                    "for cell in page['cells']:\n"
                    "    if cell['cell_type'] == 'code': exec(''.join(cell['source']))",
                    *[f"{key} = 'fits by chance'" for key in ids if chance[key]],
                ]
            ),
            0,
        ),
        "the package asked for its own answers": Submission(
            lambda: notebook(
                [
                    "from cytolearn.lessons.exercises import *\n"
                    "from cytolearn.grading.students import case_of\n"
                    f"case = case_of({ada!r}, {name!r})\n"
                    f"spec = load_exercise({name!r})['questions'][0]\n"
                    f"{ids[0]} = expected_for({name!r}, spec, case).value"
                ]
            ),
            points[ids[0]],
            note="names expected_for, which gives away answers of the package itself",
        ),
        "cells turned into nothing": Submission(
            lambda: notebook(
                ["get_ipython().input_transformers_post.append(lambda lines: ['pass\\n'])", *own]
            ),
            0,
        ),
        # --- breaking Python itself
        "every file closed": cells(
            "import os; os.closerange(3, 256)", at=2, status="ended early", note="code cell 3"
        ),
        "an empty folder": cells(
            "import os, shutil; shutil.rmtree(os.getcwd(), ignore_errors=True)"
        ),
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
            second,
            "class Slow:\n    size = 1\n    def item(self):\n        while True: pass\n"
            f"{second} = Slow()",
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
        "a number without end": raw(
            b'{"cells": [' + b"9" * 10_000 + b"]}", "not a Jupyter notebook"
        ),
        "cells by the thousand": raw(notebook(["1"] * 501), "at most 500"),
        "half a file": raw(notebook(["q1 = 1"])[:50], "not a Jupyter notebook"),
        "a text": raw(b"my answers are 1, 2 and 3", "not a Jupyter notebook"),
        "brackets": raw(b"[]", "not a Jupyter notebook"),
        "deep brackets": raw(b"[" * 100_000, "not a Jupyter notebook"),
        "cells that are none": raw(b'{"cells": [1, 2]}', "not a Jupyter notebook"),
        "another encoding": Submission(lambda: notebook(own).decode().encode("utf-16"), full),
        "an old encoding": Submission(
            lambda: notebook(own).replace(b'"metadata": {}, "nb', b'"metadata": {"\xe9": 1}, "nb'),
            full,
        ),
    }


BANK = bank()


def write(folder: Path, name: str) -> Path:
    """Write a submission to a folder."""
    path = folder / "handed in (1).ipynb"
    path.write_bytes(BANK[name].make())
    return path
