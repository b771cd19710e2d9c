"""Run a student's cells in a process that cannot reach us, and read back what it says.

What protects everywhere on POSIX: a fresh process in a session, folder and environment of its own;
limits of processor time, memory, file size and processes; a time limit a cell and in total; the
whole group is killed at the end. With bubblewrap installed also: the file system is read-only, the
course folder and other people's files are not there at all, there is no network, and no process
can outlive the run. `missing_protections` says in words what a machine lacks.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from cytolearn.grading.workbook import MARKING
from cytolearn.simulation.compiled import cache_folder

RUNNER = Path(__file__).with_name("runner.py")
HOME = Path(__file__).resolve().parents[2]  # the package under test, installed or not
MOST_BYTES_BACK = 1_000_000
RETRIES = 2  # a cell that kills the run is left out, so that it does not cost the others
TOKEN = "CYTOLEARN_RUN"


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
    """

    cell: float = 15.0
    total: float = 180.0
    memory: int = 4 * 2**30
    file: int = 16 * 2**20
    processes: int = 64


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
        Folders that the notebook must not see (with bubblewrap).
    bubblewrap : bool, optional
        Default: where it works.

    Raises
    ------
    OSError
        If processes cannot be limited on this system (Windows).
    """
    if os.name != "posix":
        raise OSError("Notebooks of others are run on Linux or macOS only: limits need POSIX.")
    limits = limits or Limits()
    wrap = has_bubblewrap() if bubblewrap is None else bubblewrap
    end = time.monotonic() + limits.total
    first, skipped, best = "", [], {}
    for _ in range(RETRIES + 1):
        status, said = _once(cells, names, limits, list(hidden), wrap, skipped, end)
        first = first or status
        if said:
            best = said if not best or said["done"] else _richer(best, said)
        stuck = said.get("cell") if said else None
        if status == "complete" or time.monotonic() > end or stuck is None or stuck in skipped:
            break
        skipped.append(stuck)
    return HandedBack(
        status=first,
        answers={name: best.get("answers", {}).get(name) for name in names},
        code=best.get("code") if isinstance(best.get("code"), str) else None,
        errors={int(k): str(v)[:200] for k, v in best.get("errors", {}).items()},
        skipped=tuple(skipped),
    )


@cache
def has_bubblewrap() -> bool:
    """Say whether bubblewrap is installed and allowed to work here."""
    program = shutil.which("bwrap")
    if not program:
        return False
    probe = [program, "--ro-bind", "/", "/", "--proc", "/proc", "--unshare-net", "--unshare-pid"]
    return subprocess.run([*probe, "true"], capture_output=True, check=False).returncode == 0


def missing_protections() -> list[str]:
    """Say in words what this machine does not protect against; empty with everything in place."""
    found = []
    if not has_bubblewrap():
        found.append(
            "Without bubblewrap (Debian: apt install bubblewrap) a notebook can read what you can "
            "read, write where you can write, use the network, and leave a process behind that "
            "has cleared its traces. Points cannot be forged either way."
        )
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        found.append(
            "You are root, whom the limit of processes does not bind: runs that start too many are "
            "noticed and killed, but mark as an ordinary user."
        )
    if sys.platform != "linux":
        found.append("Only Linux lets us count and find the processes of a run.")
    return found


def _once(cells, names, limits, hidden, wrap, skipped, end) -> tuple[str, dict[str, Any]]:
    """Run the cells once; return how it ended and the last line that was handed back."""
    token = secrets.token_hex(16)
    with (
        tempfile.TemporaryDirectory(prefix="cytolearn-run-") as folder,
        tempfile.TemporaryFile() as out,
    ):
        job = {
            "cells": list(cells),
            "names": list(names),
            "skip": skipped,
            "out": out.fileno(),
            "paths": [str(HOME)],
            "seconds": limits.cell,
            "limits": {
                "RLIMIT_CPU": int(limits.total) + 1,
                "RLIMIT_AS": limits.memory,
                "RLIMIT_FSIZE": limits.file,
                "RLIMIT_CORE": 0,
                "RLIMIT_NPROC": _processes_of_mine() + limits.processes,
            },
        }
        command = [sys.executable, "-P", str(RUNNER)]
        if wrap:
            command = [*_bubblewrap(folder, hidden), *command]
        with tempfile.TemporaryFile() as errand:
            errand.write(json.dumps(job).encode())
            errand.seek(0)
            process = subprocess.Popen(
                command,
                stdin=errand,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env=_environment(folder, token),
                start_new_session=True,
                pass_fds=[out.fileno()],
            )
        status = _watch(process, token, limits, end)
        said = _last_line(out, len(names))
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
            and all(str(key).isdecimal() for key in said["errors"])
            and isinstance(said.get("done"), bool)
        ):
            return said
    return {}


def _richer(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    """Return the line with more answers in it, the later one if both have as many."""

    def given(said: dict[str, Any]) -> int:
        return sum(value is not None for value in said["answers"].values())

    return one if given(one) > given(two) else two


def _environment(folder: str, token: str) -> dict[str, str]:
    """Return an environment with nothing of ours in it but the way to the programs."""
    # Copies, so that nobody can spoil ours: making the list of fonts and compiling take seconds.
    with contextlib.suppress(Exception):
        import matplotlib

        for fonts in Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
            shutil.copy(fonts, folder)
    with contextlib.suppress(OSError):
        for model in (cache_folder() or Path(folder)).glob("*treated-*.bin"):
            shutil.copy2(model, folder)
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    own = ("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "MPLBACKEND": "agg",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "CYTOLEARN_LOGBOOK": str(Path(folder, "cytolearn_logbook.json")),
        "CYTOLEARN_CACHE": folder,
        MARKING: "1",
        TOKEN: token,
        **one_thread,
        **dict.fromkeys(own, folder),
    }


def _bubblewrap(folder: str, hidden: list[Path]) -> list[str]:
    """Return the command that builds the room: all read-only, hidden folders empty, no network."""
    command = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    command += ["--tmpfs", tempfile.gettempdir()]
    for path in [*hidden, HOME / "solutions"]:
        command += ["--tmpfs", str(path.resolve())] if path.is_dir() else []
    temporary = Path(tempfile.gettempdir()).resolve()
    for path in {HOME / "cytolearn", Path(sys.prefix), Path(sys.base_prefix)}:
        if temporary in path.resolve().parents:  # the course itself lives in the temporary folder
            command += ["--ro-bind", str(path), str(path)]
    command += ["--bind", folder, folder, "--chdir", folder]
    return [*command, "--unshare-net", "--unshare-pid", "--unshare-ipc", "--die-with-parent", "--"]


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
