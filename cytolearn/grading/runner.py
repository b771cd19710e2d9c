"""The closed room: run a student's cells and hand back plain values, nothing else.

`sandbox.py` starts this file as a program. Whatever a student's code patches or breaks, it breaks
in here; nothing of this process is ever imported by the marking side, which reads numbers and
words and judges them itself. The program either runs one job, or, with bubblewrap around it, many
of them, each in a fork of its own (see `serve`).
"""

import contextlib
import gc
import glob
import json
import os
import shutil
import signal
import socket
import sys
import time

STUCK = 97  # exit status: a cell swallows every interruption
LONGEST_TEXT, LONGEST_LIST = 5000, 50
PATIENCE = 4  # seconds by the clock for one second of processor time
UNREADABLE = {"kind": "something unreadable"}
GLANCE = 2  # seconds to look at all answers
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
        return UNREADABLE


def answers(names, space, unreadable):
    """Return the answers: the variables, or what was checked last where there is no variable.

    An object that could not be read once is not asked again: to ask may take its time.
    """
    workbook = sys.modules.get("cytolearn.grading.workbook")
    handed_in = getattr(workbook, "HANDED_IN", None)
    checked = handed_in.get("answers", {}) if isinstance(handed_in, dict) else {}
    found = {}
    for name in names:
        value = space.get(name)
        value = checked.get(name) if value is None or value is ... else value
        found[name] = UNREADABLE if id(value) in unreadable else plain(value)
        if found[name] is UNREADABLE:
            unreadable[id(value)] = value  # kept, so that nothing else gets its number
    return found, plain(handed_in.get("code") if isinstance(handed_in, dict) else None)


def interpreter():
    """Return IPython's, the one of this process, with nobody who looks at what it shows."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    settings = Config()
    settings.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=settings)
    # To draw a picture or a traceback takes long.
    shell.showtraceback = lambda *_, **__: None
    shell.display_formatter.format = lambda *_, **__: ({"text/plain": ""}, {})
    return shell


def run_job(job, out):
    """Run a job's cells, write a line to `out` before each and at the end; does not return."""
    limit(job["limits"])
    sys.path[:0] = job["paths"]
    me, leave, dumps, write = os.getpid(), os._exit, json.dumps, os.write
    alarms = [0]

    def on_alarm(*_):
        alarms[0] += 1
        if alarms[0] > 2:
            leave(STUCK)
        raise CellTimeout(f"stopped after {job['seconds']} seconds")

    def clock(seconds, again):
        """Count processor time, so that a busy machine is no fault; for sleepers, the clock."""
        for kind, number, times in (
            (signal.ITIMER_PROF, signal.SIGPROF, 1),
            (signal.ITIMER_REAL, signal.SIGALRM, PATIENCE),
        ):
            signal.signal(number, on_alarm)
            signal.setitimer(kind, times * seconds, again if seconds else 0)

    shell, errors, cells, unreadable = interpreter(), {}, job["cells"], {}

    def tell(cell, done=False):
        alarms[0] = 0
        try:
            clock(GLANCE, GLANCE)  # an answer may be an object that never tells its value
            found, code = answers(job["names"], shell.user_ns, unreadable)
            clock(0, 0)
            line = {"cell": cell, "answers": found, "code": code, "errors": errors, "done": done}
            write(out, b"\n" + dumps(line).encode() + b"\n")
        except Exception:  # a broken interpreter: the marking side has the line before
            pass

    def run(number):
        tell(number)
        alarms[0] = 0
        error = None
        try:
            clock(job["seconds"], 1.0)
            result = shell.run_cell(cells[number], store_history=False)
            error = result.error_before_exec or result.error_in_exec
        except BaseException as problem:
            error = problem
        finally:
            clock(0, 0)
        if os.getpid() != me:
            leave(0)  # a forked copy of the notebook ends with the cell that made it
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
    leave(0)  # no thread or exit handler of a student keeps us


# ---------------------------------------------------------------- many jobs in one closed room
def serve(control, paths, warm, outside):
    """Run one job after the other, each in a fork, and say of each how it ended.

    A fork starts with everything imported. What keeps one student's code from the next one's:
    we are the first process of a namespace, which no other in it can kill or stop, and after each
    job all others are killed at one stroke; we cannot be traced or read, since we are not
    "dumpable"; the only places that can be written are emptied; and whatever else of us a job
    could change (limits, priority) is compared with how it was. If anything is not as before we
    say so, and the room is thrown away.

    Parameters
    ----------
    control : int
        Socket. A message is a letter with two files: the job, and where its lines go. The answer
        is JSON: ``status`` and ``clean``.
    paths : list of str
        Where the package is.
    warm : str
        The assignment for which to import everything before the first job; "" for none.
    outside : str
        The process namespace of those who started us.
    """
    if os.getpid() != 1 or os.readlink("/proc/self/ns/pid") == outside:
        raise SystemExit("not in a process namespace of our own: killing all would be a disaster")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.path[:0] = paths
    if warm:
        rehearse(warm)
    dumpable(0)
    before = our_state()
    with socket.socket(fileno=control) as line:
        line.send(b"ready")
        while True:
            letter, files, *_ = socket.recv_fds(line, 1, 2)
            if not letter:
                os._exit(0)  # at once, and with it the room
            with open(files[0], encoding="utf-8") as errand:
                job = json.load(errand)
            child = os.fork()
            if not child:
                line.close()
                leave = os._exit  # as it is now: a student's code may put something in its place
                try:
                    dumpable(1)
                    signal.signal(signal.SIGINT, signal.default_int_handler)
                    os.setsid()
                    run_job({**job, "paths": []}, files[1])
                finally:
                    leave(1)
            os.close(files[1])
            status = watch(child, job["total"], job["processes"])
            alone = end_all_others()
            clean = alone and empty(os.getcwd()) and empty("/dev/shm") and our_state() == before
            line.send(json.dumps({"status": status, "clean": clean}).encode())


def rehearse(name):
    """Import and compile what an assignment needs, so that no fork has to."""
    import matplotlib.pyplot  # noqa: F401

    from cytolearn import Patient
    from cytolearn.grading.students import case_of
    from cytolearn.lessons.exercises import expected_for, load_exercise

    case = case_of("", name)  # the public practice patient, whose answers are no secret
    for question in load_exercise(name)["questions"]:
        if question["kind"] != "text":
            expected_for(name, question, case)
    Patient("mild").run().plot("lesion")
    interpreter().run_cell("", store_history=False)
    gc.collect()
    gc.freeze()


def dumpable(yes):
    """Say whether processes of the same user may look into this one (Linux)."""
    import ctypes

    set_dumpable = 4
    if ctypes.CDLL(None, use_errno=True).prctl(set_dumpable, yes, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def our_state():
    """Return what another process of the same user could change of us, or leave behind."""
    import resource

    names = sorted(name for name in dir(resource) if name.startswith("RLIMIT_"))
    limits = [resource.getrlimit(getattr(resource, name)) for name in names]
    priority = os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0)
    texts = []
    for name in ("self/oom_score_adj", "sysvipc/shm", "sysvipc/sem", "sysvipc/msg"):
        with open(f"/proc/{name}", encoding="ascii") as stream:
            texts.append(stream.read())
    return limits, priority, os.sched_getaffinity(0), texts


def others():
    """Return the processes in this namespace but for ourselves."""
    return {int(name) for name in os.listdir("/proc") if name.isdecimal()} - {os.getpid()}


def watch(child, seconds, processes):
    """Wait for a job; return how it ended."""
    end, pause = time.monotonic() + seconds, 0.005
    while child not in reaped():
        if time.monotonic() > end:
            return "time out"
        if len(others()) > processes:
            return "too many processes"
        time.sleep(pause)
        pause = min(0.1, 1.5 * pause)
    return "complete"


def reaped():
    """Return which processes have ended, ours and those whose parent has gone."""
    found = set()
    try:
        while ended := os.waitpid(-1, os.WNOHANG)[0]:
            found.add(ended)
    except ChildProcessError:
        pass
    return found


def end_all_others():
    """Kill every process of the namespace but ourselves; say if we are alone then."""
    for _ in range(200):
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)  # at one stroke: nobody is born meanwhile
        reaped()
        if not others():
            return True
        time.sleep(0.01)
    return False


def empty(folder):
    """Delete all in a folder that only we use; say whether it is empty."""
    for entry in os.scandir(folder):
        try:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
        except (OSError, RecursionError):
            pass  # then it is not empty
    return not os.listdir(folder)


def main():
    """Do what standard input says: run one job, or serve many."""
    job = json.load(sys.stdin)
    fonts = os.path.join(os.environ["CYTOLEARN_CACHE"], "fontlist-*.json")
    for path in glob.glob(fonts):  # to make the list anew takes seconds
        with contextlib.suppress(shutil.SameFileError):
            shutil.copy(path, os.environ["MPLCONFIGDIR"])
    if "control" in job:
        serve(job["control"], job["paths"], job["warm"], job["outside"])
    else:
        run_job(job, job["out"])


if __name__ == "__main__":
    main()
