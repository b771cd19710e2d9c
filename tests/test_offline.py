"""After installation the course needs no network: nothing asks for one, and without one it runs."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT, committed

GUARD = Path(__file__).with_name("offline")
NOWHERE = "192.0.2.1"  # an address for documentation: it belongs to nobody
FIRST = ROOT / "notebooks" / "00_orientation.ipynb"


class Offline:
    """Run Python where every process is watched, with empty caches as after an installation."""

    def __init__(self, folder: Path):
        self.folder, self.log = folder, folder / "reached_out"
        self.room: tuple[str, ...] = ()  # a command that takes the network away

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run Python and return how it ended; what it reached for is in `reached`."""
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(GUARD), os.environ["PYTHONPATH"]]),
            "OFFLINE_LOG": str(self.log),
            "CYTOLEARN_CACHE": str(self.folder / "cache"),
            "CYTOLEARN_LOGBOOK": str(self.folder / "logbook.json"),
            "MPLCONFIGDIR": str(self.folder / "matplotlib"),
        }
        command = [*self.room, sys.executable, *arguments]
        return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True)

    @property
    def reached(self) -> str:
        """What asked for the network, a line each."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    def notebooks(self, *paths: Path) -> None:
        """Run whole notebooks; each stored output must come out again, and nobody reach out."""
        done = self.run("-m", "pytest", "-p", "no:cacheprovider", *map(str, paths))
        assert done.returncode == 0, done.stdout[-3000:]
        assert re.search(r"\d+ passed", done.stdout)
        assert self.reached == ""


@pytest.fixture
def offline(tmp_path):
    return Offline(tmp_path)


@pytest.mark.parametrize(
    "attempt",
    [
        f"socket.create_connection(('{NOWHERE}', 9), timeout=1)",
        f"socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'', ('{NOWHERE}', 9))",
        "socket.getaddrinfo('nowhere.invalid', 80)",
        f"multiprocessing.Process(target=lambda: urllib.request.urlopen('http://{NOWHERE}')).run()",
    ],
)
def test_who_reaches_out_is_stopped_and_noted(offline, attempt):
    done = offline.run("-c", f"import multiprocessing, socket, urllib.request; {attempt}")
    assert "PermissionError: offline test" in done.stderr
    assert offline.reached.count("\n") == 1


def test_the_machine_itself_may_be_reached(offline):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import socket; socket.create_connection(('localhost', {port})).close()"
        assert offline.run("-c", code).returncode == 0
    assert offline.reached == ""


def test_first_lesson_asks_for_no_network(offline):
    offline.notebooks(FIRST)


@pytest.mark.slow
def test_whole_course_runs_without_a_network(offline):
    bubblewrap = shutil.which("bwrap")
    if bubblewrap:  # also what is not Python has none; elsewhere the guard alone must do
        offline.room = (bubblewrap, "--dev-bind", "/", "/", "--unshare-net", "--die-with-parent")
        ping = f"import socket; socket.create_connection(('{NOWHERE}', 9), timeout=1)"
        plain = subprocess.run([*offline.room, sys.executable, "-c", ping], capture_output=True)
        assert b"Network is unreachable" in plain.stderr
    offline.notebooks(*sorted((ROOT / "notebooks").glob("*.ipynb")), ROOT / "solutions")


def test_start_unpacks_the_course_and_leaves_the_learners_files_alone(offline, tmp_path):
    course = tmp_path / "course"
    course.mkdir()
    mine = course / FIRST.name
    mine.write_text("my answers", encoding="utf-8")
    code = "import sys; from cytolearn.cli import main; sys.exit(main(['start', sys.argv[1]]))"
    done = offline.run("-c", code, str(course))
    assert done.returncode == 0, done.stderr
    assert f"kept    {mine}" in done.stdout
    assert mine.read_text(encoding="utf-8") == "my answers"
    for kind, place in ((ROOT / "notebooks", course), (ROOT / "exercises", course / "exercises")):
        sources = [path for path in committed() if path.is_relative_to(kind)]
        assert sources
        for source in sources:
            copy = place / source.relative_to(kind)
            assert copy == mine or copy.read_bytes() == source.read_bytes()
    assert offline.reached == ""
