"""The compiled model: libRoadRunner, once a process, and a copy on disk for the next one.

Compiling takes a second or two, loading what an earlier process compiled a tenth of that.
The copy is machine code, so its name carries everything that it depends on (model, versions,
processor) and its first bytes a checksum; anything unexpected means compiling again. Set the
environment variable CYTOLEARN_CACHE to another folder, or to "off".
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import tempfile
from pathlib import Path

from cytolearn.simulation.sbml import dynamics_text

_CHECKSUM = 32  # bytes
_COPIES = 4  # of each of the two models: the newest


def load(*, drugs: bool):
    """Return a ``roadrunner.RoadRunner`` holding the model's rates of change.

    Without the states of drugs (a third of all) an untreated patient runs a third faster.

    Its starts cannot be reset: whoever runs it sets every constant and every state, which is
    cheaper than a reset and halves the time to compile.
    """
    import roadrunner

    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_CRITICAL)
    config = roadrunner.Config
    config.setValue(config.LOADSBMLOPTIONS_MUTABLE_INITIAL_CONDITIONS, False)
    text = dynamics_text(drugs=drugs)
    file = _cache_file("treated" if drugs else "untreated", text, roadrunner.__version__)
    runner = _read(roadrunner, file)
    if runner is None:
        runner = roadrunner.RoadRunner(text)
        _write(runner, file)
    return runner


def _read(roadrunner, file: Path | None):
    try:
        content = file.read_bytes() if file else b""
    except OSError:
        return None
    state = content[_CHECKSUM:]
    if not state or hashlib.sha256(state).digest() != content[:_CHECKSUM]:
        return None
    try:
        runner = roadrunner.RoadRunner()
        runner.loadStateS(state)
    except Exception:  # whatever is wrong with the copy, the original is at hand
        return None
    return runner


def _write(runner, file: Path | None) -> None:
    if file is None:
        return
    temporary = None
    try:
        state = bytes(runner.saveStateS())
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as stream:
            temporary = stream.name
            stream.write(hashlib.sha256(state).digest() + state)
        os.replace(temporary, file)
        copies = file.parent.glob(f"{file.name.partition('-')[0]}-*.bin")
        # Several Pythons may share a folder, so some copies of others are left in peace.
        for old in sorted(copies, key=lambda copy: copy.stat().st_mtime)[:-_COPIES]:
            old.unlink(missing_ok=True)
    except Exception:  # a copy is a convenience: no disk, no copy
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def cache_folder() -> Path | None:
    """Return where compiled copies are kept; None if nowhere."""
    chosen = os.environ.get("CYTOLEARN_CACHE", "")
    if chosen.lower() == "off":
        return None
    try:
        return Path(chosen) if chosen else _user_cache() / "cytolearn"
    except RuntimeError:  # no home directory
        return None


def _cache_file(kind: str, text: str, version: str) -> Path | None:
    folder = cache_folder()
    if folder is None:
        return None
    parts = (text, version, platform.platform(), sys.version, platform.machine(), _processor())
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
    return folder / f"{kind}-{key}.bin"


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _processor() -> str:
    """Name the processor: machine code must not travel to another kind."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as stream:
            wanted = ("model name", "flags", "Features")
            return "".join(sorted({line for line in stream if line.startswith(wanted)}))
    except OSError:
        return platform.processor()
