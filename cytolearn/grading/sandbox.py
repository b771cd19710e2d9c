"""Run a student's cells in a process that cannot reach us, and read back what it says.

What protects everywhere on POSIX: a fresh process in a session, folder and environment of its own;
limits of processor time, memory, file size and processes; a time limit a cell and in total; the
whole group is killed at the end. With bubblewrap installed also: of the file system there is only
what Python needs, read-only; there is no network; no process can outlive the run; and one room
may serve many submissions, one at a time, each in a fork of its own (`Room`), which saves them the
time to import everything. `missing_protections` says in words what a machine lacks.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import shutil
import signal
import site
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from cytolearn.grading.runner import LONGEST_LIST, LONGEST_TEXT
from cytolearn.grading.workbook import MARKING
from cytolearn.simulation.compiled import cache_folder

RUNNER = Path(__file__).with_name("runner.py")
HOME = Path(__file__).resolve().parents[2]  # the package under test, installed or not
MOST_BYTES_BACK = 1_000_000
RETRIES = 2  # a cell that kills the run is left out, so that it does not cost the others
TOKEN = "CYTOLEARN_RUN"
PATIENCE = 10.0  # seconds that a room may take to clear up
#: Where a notebook lives inside a room, and where it finds what was compiled before.
INSIDE, CACHE = "/room", "/cache"
#: What of the system Python and its libraries need. Nothing else is there: no home, no /run with
#: its sockets, no other part of /etc.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store")
ETC = ("alternatives", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "passwd")


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes
    ----------
    cell : float
        Seconds of processor time for a cell; by the clock it may take four times as long.
    total : float
        Seconds by the clock for the whole notebook.
    memory, file : int
        Bytes of address space, and of any one file.
    processes : int
        Processes at a time.
    folder : int
        Bytes of all files together (with bubblewrap).
    """

    cell: float = 15.0
    total: float = 180.0
    memory: int = 4 * 2**30
    file: int = 16 * 2**20
    processes: int = 64
    folder: int = 256 * 2**20


@dataclass(frozen=True)
class HandedBack:
    """What came back from a run: plain values only.

    Attributes
    ----------
    status : {"complete", "ended early", "time out", "too many processes"}
        Of the first run; cells that ended it were left out of the next.
    answers : dict
        By question: None, a number, text, a list, or {"size": n} or {"kind": name} of what else.
    code : str or None
        The code that the notebook used.
    errors : dict of int to str
        By cell, what it said when it failed.
    skipped : tuple of int
        Cells that ended a run.
    """

    status: str
    answers: dict[str, Any] = field(default_factory=dict)
    code: str | None = None
    errors: dict[int, str] = field(default_factory=dict)
    skipped: tuple[int, ...] = ()


def run_cells(
    cells: Sequence[str],
    names: Sequence[str],
    *,
    limits: Limits | None = None,
    hidden: Sequence[Path] = (),
    bubblewrap: bool | None = None,
    room: Room | None = None,
) -> HandedBack:
    """Run cells in a closed room and return the named answers.

    Parameters
    ----------
    cells : sequence of str
        Source of each code cell.
    names : sequence of str
        Variables that hold the answers.
    limits : Limits, optional
    hidden : sequence of Path
        Folders that the notebook must not see (with bubblewrap), should they lie within what
        Python needs; nothing else is there anyway.
    bubblewrap : bool, optional
        Default: where it works.
    room : Room, optional
        A room that serves many runs; then the last two do not matter.

    Raises
    ------
    OSError
        If processes cannot be limited on this system (Windows).
    """
    check_system()
    limits = limits or Limits()
    if room is None and (has_bubblewrap() if bubblewrap is None else bubblewrap):
        with Room(hidden, limits=limits) as own:
            return run_cells(cells, names, limits=limits, room=own)
    once = _once if room is None else room.once
    end = time.monotonic() + limits.total
    first, skipped, best = "", [], {}
    for _ in range(RETRIES + 1):
        job = {"cells": list(cells), "names": list(names), "skip": skipped}
        status, said = once(job, limits, end)
        first = first or status
        if said:
            best = said if not best or said["done"] else _richer(best, said)
        stuck = said.get("cell") if said else None
        if status == "complete" or time.monotonic() > end or stuck is None or stuck in skipped:
            break
        skipped.append(stuck)
    return HandedBack(
        status=first,
        answers={name: _tame(best.get("answers", {}).get(name)) for name in names},
        code=best.get("code") if isinstance(best.get("code"), str) else None,
        errors={int(k): _tame(str(v))[:200] for k, v in best.get("errors", {}).items()},
        skipped=tuple(skipped),
    )


def check_system() -> None:
    """Refuse to run other people's programs where they cannot be limited.

    Raises
    ------
    OSError
        On Windows.
    """
    if os.name != "posix":
        raise OSError("Notebooks of others are run on Linux or macOS only: limits need POSIX.")


@cache
def has_bubblewrap() -> bool:
    """Say whether bubblewrap is installed, works here, and lets Python run in its room."""
    if not (sys.platform == "linux" and shutil.which("bwrap")):
        return False
    command = [
        *_bubblewrap([], HOME, Limits()),
        sys.executable,
        "-P",
        "-c",
        "import IPython, numpy",
    ]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def missing_protections() -> list[str]:
    """Say in words what this machine does not protect against; empty with everything in place."""
    found = []
    if not has_bubblewrap():
        found.append(
            "Without bubblewrap (Debian: apt install bubblewrap) a notebook can read what you can "
            "read, write where you can write, fill the disk, use the network, and leave a process "
            "behind that has cleared its traces. Points cannot be forged either way, and marking "
            "takes longer."
        )
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        found.append(
            "You are root, whom the limit of processes does not bind: runs that start too many are "
            "noticed and killed, but mark as an ordinary user."
        )
    if sys.platform != "linux":
        found.append("Only Linux lets us count and find the processes of a run.")
    return found


class Room:
    """A closed room that runs one submission after the other (Linux with bubblewrap).

    `runner.serve` says what keeps them apart. A room that is not as before after a run is thrown
    away, and so is one that breaks; the run that found it broken is done again in a fresh one.

    Parameters
    ----------
    hidden : sequence of Path
        As for `run_cells`.
    warm : str
        The assignment for which everything is imported once, for all runs; "" for none.
    limits : Limits, optional
        Only ``folder`` counts here.

    Notes
    -----
    To be used, and closed, by the thread that made it: the room dies with it.
    """

    def __init__(
        self, hidden: Sequence[Path] = (), *, warm: str = "", limits: Limits | None = None
    ) -> None:
        self.hidden, self.warm, self.limits = list(hidden), warm, limits or Limits()
        self._process: subprocess.Popen | None = None
        self._line: socket.socket | None = None
        self._used = 0
        self._cache = tempfile.TemporaryDirectory(prefix="cytolearn-cache-")

    def __enter__(self) -> Room:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
        self._cache.cleanup()

    def once(self, job: dict[str, Any], limits: Limits, end: float) -> tuple[str, dict[str, Any]]:
        """Run a job; return how it ended and the last line that was handed back."""
        while True:
            if self._process is None:
                self._open()
            fresh = self._used == 0
            status, said, clean = self._run(job, limits, end)
            self._used += 1
            if not clean:
                self.close()
            if status != "broken" or fresh:
                break  # else somebody before us may have broken it
        if status == "broken" or (status == "complete" and not said.get("done")):
            status = "ended early"
        return status, said

    def close(self) -> None:
        """End everything in the room."""
        if self._line:
            self._line.close()  # its program leaves when there is nobody to talk to
        if self._process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(2.0)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process, self._line, self._used = None, None, 0

    def _open(self) -> None:
        _fill_cache(Path(self._cache.name))
        self._line, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as errand:
            job = {
                "control": theirs.fileno(),
                "paths": [str(HOME)],
                "warm": self.warm,
                "outside": os.readlink("/proc/self/ns/pid"),
            }
            errand.write(json.dumps(job).encode())
            errand.seek(0)
            command = _bubblewrap(self.hidden, Path(self._cache.name), self.limits)
            self._process = subprocess.Popen(
                [*command, sys.executable, "-P", str(RUNNER)],
                stdin=errand,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(INSIDE, CACHE, secrets.token_hex(16)),
                start_new_session=True,
                pass_fds=[theirs.fileno()],
            )
        self._line.settimeout(60.0)
        if self._line.recv(5) != b"ready":
            self.close()
            raise OSError("The room for notebooks could not be opened: does bubblewrap work here?")

    def _run(
        self, job: dict[str, Any], limits: Limits, end: float
    ) -> tuple[str, dict[str, Any], bool]:
        left = max(0.0, end - time.monotonic())
        job = {**job, **_bounds(limits), "total": left, "processes": limits.processes}
        with tempfile.TemporaryFile() as errand, tempfile.TemporaryFile() as out:
            errand.write(json.dumps(job).encode())
            errand.seek(0)
            status, clean = "broken", False
            with contextlib.suppress(OSError, ValueError, TypeError):
                self._line.settimeout(left + PATIENCE)
                socket.send_fds(self._line, [b"j"], [errand.fileno(), out.fileno()])
                answer = json.loads(self._line.recv(1000))
                status, clean = str(answer["status"]), answer["clean"] is True
            if status == "broken" and time.monotonic() > end:
                status = "time out"
            return status, _last_line(out, len(job["names"])), clean


def _bounds(limits: Limits) -> dict[str, Any]:
    """Return the part of a job that says what it may use."""
    return {
        "seconds": limits.cell,
        "limits": {
            "RLIMIT_CPU": int(limits.total) + 1,
            "RLIMIT_AS": limits.memory,
            "RLIMIT_FSIZE": limits.file,
            "RLIMIT_CORE": 0,
            "RLIMIT_NPROC": _processes_of_mine() + limits.processes,
        },
    }


def _once(job: dict[str, Any], limits: Limits, end: float) -> tuple[str, dict[str, Any]]:
    """Run a job in a process of its own, without bubblewrap; as `Room.once`."""
    token = secrets.token_hex(16)
    with (
        tempfile.TemporaryDirectory(prefix="cytolearn-run-") as folder,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as errand,
    ):
        _fill_cache(Path(folder))
        job = {**job, **_bounds(limits), "out": out.fileno(), "paths": [str(HOME)]}
        errand.write(json.dumps(job).encode())
        errand.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-P", str(RUNNER)],
            stdin=errand,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=_environment(folder, folder, token),
            start_new_session=True,
            pass_fds=[out.fileno()],
        )
        status = _watch(process, token, limits, end)
        said = _last_line(out, len(job["names"]))
    if status == "complete" and not said.get("done"):
        status = "ended early"
    return status, said


def _watch(process: subprocess.Popen, token: str, limits: Limits, end: float) -> str:
    """Wait for a run, and end it if it must be ended; nothing of it is alive afterwards."""
    status = "complete"
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.15)
                break
            if time.monotonic() > end:
                status = "time out"
                break
            if len(_processes_with(token)) > limits.processes:
                status = "too many processes"
                break
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for _ in range(50):  # what left the group; a child may be born while we look
            left = _processes_with(token)
            for pid in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if not left:
                break
            time.sleep(0.02)
    return status


def _last_line(out: Any, names: int) -> dict[str, Any]:
    """Return the last well-formed line of a run: a dict with the right kinds of things in it."""
    size = out.seek(0, os.SEEK_END)
    out.seek(max(0, size - MOST_BYTES_BACK))
    for line in reversed(out.read().splitlines()):
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if (
            isinstance(said, dict)
            and isinstance(said.get("cell"), int)
            and isinstance(said.get("answers"), dict)
            and len(said["answers"]) <= names
            and isinstance(said.get("errors"), dict)
            and all(len(key) < 6 and key.isdecimal() for key in said["errors"])
            and isinstance(said.get("done"), bool)
        ):
            return said
    return {}


def _tame(value: Any) -> Any:
    """Return a value that came back as `runner.plain` writes it, whoever wrote it in truth."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return float(value) if abs(value) < 1e300 else math.inf
    if isinstance(value, str):  # half of a pair of code units cannot be written to any file
        return value[:LONGEST_TEXT].encode(errors="replace").decode()
    if isinstance(value, list):
        return [_tame(v) if isinstance(v, str | int | float) else "?" for v in value[:LONGEST_LIST]]
    size, kind = value.get("size"), _tame(str(value.get("kind", "object")))[:40]
    return {"size": size} if isinstance(size, int) and 0 <= size < 10**12 else {"kind": kind}


def _richer(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    """Return the line with more answers in it, the later one if both have as many."""

    def given(said: dict[str, Any]) -> int:
        return sum(value is not None for value in said["answers"].values())

    return one if given(one) > given(two) else two


def _fill_cache(folder: Path) -> None:
    """Copy what takes seconds to make: the list of fonts and the compiled model."""
    with contextlib.suppress(Exception):
        import matplotlib

        for fonts in Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
            shutil.copy(fonts, folder)
    with contextlib.suppress(OSError):
        for model in (cache_folder() or folder).glob("*treated-*.bin"):
            shutil.copy2(model, folder)


def _environment(folder: str, cache: str, token: str) -> dict[str, str]:
    """Return an environment with nothing of ours in it but the way to the programs."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    own = ("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "MPLBACKEND": "agg",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "CYTOLEARN_LOGBOOK": f"{folder}/cytolearn_logbook.json",
        "CYTOLEARN_CACHE": cache,
        MARKING: "1",
        TOKEN: token,
        **one_thread,
        **dict.fromkeys(own, folder),
    }


def _bubblewrap(hidden: Sequence[Path], cache: Path, limits: Limits) -> list[str]:
    """Return the command that builds a room: what Python needs, read-only, and two small folders.

    All capabilities are dropped, for root could else make its room writable again; and nothing in
    /proc and /dev can be written, for root owns the settings of the kernel even without them.
    """
    python = [Path(sys.prefix), Path(sys.base_prefix), Path(site.getusersitepackages())]
    paths = [*map(Path, SYSTEM), *(Path("/etc", name) for name in ETC), *python, HOME / "cytolearn"]
    command = ["bwrap", "--cap-drop", "ALL", "--proc", "/proc", "--dev", "/dev"]
    for path in paths:
        command += ["--ro-bind-try", str(path), str(path)]
    # The installed package carries the worked notebooks; a course may lie beside our Python.
    for path in [HOME / "cytolearn" / "_course", *hidden]:
        inside = any(path.resolve().is_relative_to(known.resolve()) for known in paths)
        command += ["--tmpfs", str(path.resolve())] if path.is_dir() and inside else []
    for place, share in ((INSIDE, 1), ("/dev/shm", 4)):
        command += ["--size", str(limits.folder // share), "--tmpfs", place]
    command += ["--ro-bind", str(cache), CACHE, "--chdir", INSIDE]
    for place in ("/proc", "/dev", "/"):
        command += ["--remount-ro", place]
    command += ["--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    return [*command, "--as-pid-1", "--die-with-parent", "--"]


def _processes_with(token: str) -> list[int]:
    """Return the processes that carry a run's token in their environment (Linux)."""
    mark = f"{TOKEN}={token}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark in entry.read_bytes():
                found.append(int(entry.parent.name))
    return found


def _processes_of_mine() -> int:
    """Return how many threads this user has: the system's limit counts them all (Linux)."""
    count = 0
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if entry.stat().st_uid == os.getuid():
                count += len(list((entry / "task").iterdir()))
    return count
