"""The files of the project as it would be delivered now, and copies of them to try things in."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def committed() -> list[Path]:
    """Every file that git tracks; outside a git checkout (an sdist), every file there is."""
    found = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if found.returncode == 0 and found.stdout:
        names = found.stdout.decode().split("\0")
        return [ROOT / name for name in names if name and (ROOT / name).is_file()]
    hidden = re.compile(r"/(\.git|\.venv|build|dist|__pycache__|\.\w+_cache)/")
    return [p for p in ROOT.rglob("*") if p.is_file() and not hidden.search(p.as_posix())]


def copy_to(folder: Path, *, under: str = "") -> Path:
    """Copy the project, or what of it lies under a folder, and return where it is now."""
    for path in committed():
        name = path.relative_to(ROOT)
        if name.is_relative_to(under):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)  # with its permissions: postBuild is executable
    return folder
