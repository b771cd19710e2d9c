"""How long a learner waits for JupyterLab: from the command to the first answer."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PATIENCE = 120  # seconds that a busy machine may need for a server


@contextmanager
def lab(python: str, folder: Path, home: Path) -> Iterator[tuple[str, float, float]]:
    """Start the JupyterLab of a Python environment, with a configuration of its own.

    Parameters
    ----------
    python : str
        The environment's interpreter.
    folder, home : Path
        What is served, and where settings and logs go.

    Yields
    ------
    tuple of str, float and float
        The server's address, and the seconds until it first answered: by the clock, and of
        processor time, which does not depend on what else the machine does.

    Raises
    ------
    RuntimeError
        If the server ends or says nothing; the message holds the end of its log.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(python, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
        *(f"--port={port}", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"),
    ]
    home.mkdir(parents=True, exist_ok=True)
    own = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_RUNTIME_DIR": "runtime", "HOME": "."}
    env = {**os.environ, **{name: str(home / place) for name, place in own.items()}}
    env.pop("PYTHONPATH", None)  # the environment's own packages, and nobody else's
    log = home / "lab.log"
    with log.open("w", encoding="utf-8") as stream:
        start = time.perf_counter()
        server = subprocess.Popen(command, env=env, cwd=folder, stdout=stream, stderr=stream)
        try:
            address = f"http://127.0.0.1:{port}"
            while not _answers(f"{address}/api"):
                if server.poll() is not None or time.perf_counter() - start > PATIENCE:
                    raise RuntimeError(f"no answer from JupyterLab: {log.read_text()[-2000:]}")
                time.sleep(0.02)
            waited, used = time.perf_counter() - start, psutil.Process(server.pid).cpu_times()
            yield address, waited, used.user + used.system
        finally:
            server.terminate()
            server.wait(timeout=30)


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=PATIENCE).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
