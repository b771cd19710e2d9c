"""The closed room: run a student's cells and hand back plain values, nothing else.

`sandbox.py` starts this file as a program in a fresh process. Whatever a student's code patches
or breaks, it breaks in here; nothing of this process is ever imported by the marking side, which
reads numbers and words and judges them itself.
"""

import json
import os
import signal
import sys

STUCK = 97  # exit status: a cell swallows every interruption
LONGEST_TEXT, LONGEST_LIST = 5000, 50
PATIENCE = 4  # seconds by the clock for one second of processor time
PASSES = 3  # cells that missed a name are tried again: somebody may have reordered them


class CellTimeout(BaseException):
    """A cell ran for too long. No `Exception`, so that a broad except does not swallow it."""


def limit(limits):
    """Bound what this process and its children may use (POSIX only)."""
    try:
        import resource
    except ImportError:
        return
    for name, value in limits.items():
        which = getattr(resource, name, None)
        if which is not None:
            hard = resource.getrlimit(which)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(which, (value, value))


def plain(value):
    """Return a value as JSON can hold it: numbers, words, short lists; else what kind it is."""
    try:
        if value is None or value is ... or isinstance(value, bool):
            return None if value is ... else value
        if isinstance(value, str):
            return str(value)[:LONGEST_TEXT]
        if isinstance(value, int | float):
            try:
                return float(value)
            except OverflowError:
                return float("inf")
        if hasattr(value, "item") and getattr(value, "size", 1) == 1:
            return plain(value.item())
        if isinstance(value, list | tuple | set | frozenset) and len(value) <= LONGEST_LIST:
            return [plain(v) if isinstance(v, str | int | float) else str(type(v)) for v in value]
        if hasattr(value, "__len__") and not isinstance(value, dict):
            return {"size": len(value)}
        return {"kind": type(value).__name__[:40]}
    except BaseException:  # a stranger's object may do anything
        return {"kind": "something unreadable"}


def answers(names, space):
    """Return the answers: the variables, or what was checked last where there is no variable."""
    workbook = sys.modules.get("cytolearn.grading.workbook")
    handed_in = getattr(workbook, "HANDED_IN", None)
    checked = handed_in.get("answers", {}) if isinstance(handed_in, dict) else {}
    found = {}
    for name in names:
        value = space.get(name)
        found[name] = plain(checked.get(name) if value is None or value is ... else value)
    return found, plain(handed_in.get("code") if isinstance(handed_in, dict) else None)


def main():
    """Read the job from standard input, run its cells, write a line before each and at the end."""
    job = json.load(sys.stdin)
    limit(job["limits"])
    sys.path[:0] = job["paths"]
    me, out, dumps, write = os.getpid(), job["out"], json.dumps, os.write
    alarms = [0]

    def on_alarm(*_):
        alarms[0] += 1
        if alarms[0] > 2:
            os._exit(STUCK)
        raise CellTimeout(f"stopped after {job['seconds']} seconds")

    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    settings = Config()
    settings.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=settings)
    shell.showtraceback = lambda *_, **__: None  # nobody reads it, and to draw it takes seconds
    errors, cells = {}, job["cells"]

    def tell(cell, done=False):
        try:
            found, code = answers(job["names"], shell.user_ns)
            line = {"cell": cell, "answers": found, "code": code, "errors": errors, "done": done}
            write(out, b"\n" + dumps(line).encode() + b"\n")
        except Exception:  # a broken interpreter: the marking side has the line before
            pass

    def run(number):
        tell(number)
        alarms[0] = 0
        error = None
        try:
            # Processor time, so that a busy machine is no fault; for a cell that sleeps, the clock.
            signal.signal(signal.SIGPROF, on_alarm)
            signal.signal(signal.SIGALRM, on_alarm)
            signal.setitimer(signal.ITIMER_PROF, job["seconds"], 1.0)
            signal.setitimer(signal.ITIMER_REAL, PATIENCE * job["seconds"], 5.0)
            result = shell.run_cell(cells[number], store_history=False)
            error = result.error_before_exec or result.error_in_exec
        except BaseException as problem:
            error = problem
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
        if os.getpid() != me:
            os._exit(0)  # a forked copy of the notebook ends with the cell that made it
        errors.pop(number, None)
        if error is not None:
            errors[number] = f"{type(error).__name__}: {error}"[:200]

    todo = [number for number in range(len(cells)) if number not in job["skip"]]
    for _ in range(PASSES):
        for number in todo:
            run(number)
        missed = [n for n in todo if errors.get(n, "").startswith("NameError")]
        if not missed or missed == todo:
            break
        todo = missed
    tell(len(cells), done=True)
    os._exit(0)  # no thread or exit handler of a student keeps us


if __name__ == "__main__":
    main()
