"""Where chunks of work run: processes of our own, any executor, with retry, resume and cancel.

Nothing here knows what is computed. A chunk is a call of a function that workers can import; its
result is an array (patients, days, readouts). Results depend on the chunk alone, so a chunk may
be lost, repeated or read back from disk without anybody noticing.
"""

from __future__ import annotations

import hashlib
import os
import signal
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Protocol

import numpy as np

# Below this size, starting processes costs more than it saves.
SERIAL_BELOW = 150
_IN_FLIGHT = 256  # chunks handed over at a time: enough for a cluster, little memory
_TRIES = 3  # times that our own processes may break without finishing a chunk in between
_PATIENCE = 0.2  # seconds between two looks at `cancel`
# What a course depends on: files of these packages, and the versions of these libraries.
_MODEL = ("physiology", "simulation", "treatments", "patients")
_LIBRARIES = ("numpy", "scipy", "libroadrunner")


class Cancelled(RuntimeError):
    """Somebody asked to stop; the message says what is done and whether it was kept."""


class Flag(Protocol):
    """Something like `threading.Event`."""

    def is_set(self) -> bool:
        """Say whether to stop."""
        ...


@dataclass(frozen=True)
class Part:
    """What the result of one chunk is called, and its shape, so that it can be stored."""

    key: str  # hash of everything that the numbers depend on
    patients: Sequence[int]
    days: Sequence[float]
    readouts: tuple[str, ...]


class Store:
    """A folder of finished chunks, one Parquet file each: patient, day and readouts.

    The name of a file is a hash of the model's code and tables, the patients, their treatments
    and what was asked for. So a changed trial never finds an old part, and two trials that share
    patients share parts. A file that is damaged or does not fit is computed again.

    Parameters
    ----------
    folder : str or path
        Made if it is not there.

    Raises
    ------
    ValueError
        The folder cannot be made, or pyarrow, which reads and writes Parquet, is missing.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        try:
            self.folder = Path(folder).expanduser()
            self.folder.mkdir(parents=True, exist_ok=True)
        except (OSError, TypeError) as error:
            raise ValueError(
                f"store is a folder for partial results, e.g. store='my trial'; {folder!r} "
                f"cannot be used ({error})."
            ) from None
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            raise ValueError(
                "store= writes Parquet files, for which the package pyarrow is missing: "
                "python -m pip install pyarrow"
            ) from None

    def _file(self, part: Part) -> Path:
        return self.folder / f"{part.key}.parquet"

    def read(self, part: Part) -> np.ndarray | None:
        """Return a finished chunk, or None where it is missing, damaged or of another shape."""
        import pandas as pd

        if not self._file(part).is_file():
            return None
        try:
            frame = pd.read_parquet(self._file(part), page_checksum_verification=True)
            values = frame[list(part.readouts)].to_numpy(np.float32)
            shape = (len(part.patients), len(part.days), len(part.readouts))
            values = values.reshape(shape)
            right = (frame["patient"].to_numpy() == np.repeat(part.patients, shape[1])).all()
        except Exception:  # whatever is wrong with the file, the patients can be run again
            return None
        return values if right and np.isfinite(values).all() else None

    def write(self, part: Part, values: np.ndarray) -> None:
        """Keep a finished chunk; a half-written file never bears its name."""
        import pandas as pd

        frame = pd.DataFrame(
            values.reshape(-1, len(part.readouts)), columns=list(part.readouts)
        ).astype(np.float32)
        frame.insert(0, "patient", np.repeat(part.patients, len(part.days)))
        frame.insert(1, "day", np.tile(part.days, len(part.patients)))
        handle, name = tempfile.mkstemp(dir=self.folder, suffix=".unfinished")
        os.close(handle)
        try:
            frame.to_parquet(name, index=False, write_page_checksum=True)
            os.replace(name, self._file(part))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@cache
def fingerprint() -> str:
    """Return a hash of the model's code, tables and solvers: the same hash, the same numbers."""
    digest = hashlib.sha256()
    for package in _MODEL:
        folder = files(f"cytolearn.{package}")
        for file in sorted(folder.iterdir(), key=lambda file: file.name):
            if file.is_file() and file.name.endswith((".py", ".csv", ".ant")):
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
    for library in _LIBRARIES:
        try:
            digest.update(f"{library} {version(library)}".encode())
        except PackageNotFoundError:
            digest.update(f"no {library}".encode())
    return digest.hexdigest()


class Workers:
    """Run chunks; use as a context.

    Parameters
    ----------
    executor : concurrent.futures.Executor, optional
        Where to run. By default local processes, started when there is enough to do; they are
        started anew when one of them dies, and only what is unfinished is run again.
    progress : bool or callable(done, total)
        Show a progress bar, or call back after every chunk.
    cancel : object with is_set(), optional
        Such as a `threading.Event`: once set, the run stops with `Cancelled`.
    store : str, path or Store, optional
        Folder for finished chunks, to go on from after a stop.

    Raises
    ------
    TypeError
        An executor or a `cancel` that is none.
    """

    def __init__(
        self,
        executor: Executor | None = None,
        progress: bool | Callable[[int, int], None] = True,
        cancel: Flag | None = None,
        store: str | os.PathLike | Store | None = None,
    ) -> None:
        if executor is not None and not callable(getattr(executor, "submit", None)):
            raise TypeError(
                f"executor is an object such as concurrent.futures.ProcessPoolExecutor(2); "
                f"you gave {executor!r}."
            )
        if cancel is not None and not callable(getattr(cancel, "is_set", None)):
            raise TypeError(f"cancel is an object such as threading.Event(); you gave {cancel!r}.")
        self.executor, self.progress, self.cancel = executor, progress, cancel
        self.store = store if store is None or isinstance(store, Store) else Store(store)
        self._own: Executor | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._own is not None:
            self._own.shutdown(cancel_futures=True)
            self._own = None

    def run(
        self,
        function: Callable[..., np.ndarray],
        tasks: Sequence[tuple],
        parts: Sequence[Part],
        label: str = "Virtual patients",
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Call `function` on every task and yield (number of the task, result) as they finish.

        Raises
        ------
        Cancelled
            `cancel` was set.
        RuntimeError
            Workers died again and again, or an executor that is not ours broke.
        """
        total, done = sum(len(part.patients) for part in parts), 0
        with _bar(self.progress, total, label) as advance:
            todo = deque()
            for i, part in enumerate(parts):
                kept = self.store.read(part) if self.store else None
                if kept is None:
                    todo.append(i)
                    continue
                done += len(part.patients)
                advance(len(part.patients))
                yield i, kept
            for i, result in self._results(function, tasks, todo, total):
                if self.store:
                    self.store.write(parts[i], result)
                done += len(parts[i].patients)
                advance(len(parts[i].patients))
                yield i, result
            if done < total:
                raise Cancelled(self._stopped(done, total))

    def _stopped(self, done: int, total: int) -> str:
        kept = (
            f"What is done is kept in '{self.store.folder}': the same call goes on from there."
            if self.store
            else "Nothing was kept; with store='a folder' the same call could go on from there."
        )
        return f"Stopped after {done:,} of {total:,} courses. {kept}"

    def _results(self, function, tasks, todo: deque, total: int):
        """Yield (number, result) of what is to do; end early when cancelled."""
        pool = self._pool(total)
        if pool is None:
            for i in todo:
                if self._asked_to_stop():
                    return
                yield i, function(*tasks[i])
            return
        running: dict[Future, int] = {}
        breaks = 0
        try:
            while todo or running:
                if self._asked_to_stop():
                    return
                broken = None
                try:
                    while todo and len(running) < _IN_FLIGHT:
                        running[pool.submit(function, *tasks[todo[0]])] = todo[0]
                        todo.popleft()
                except BrokenExecutor as error:
                    broken = error
                for future in wait(running, _PATIENCE, FIRST_COMPLETED).done:
                    i = running.pop(future)
                    try:
                        result = future.result()
                    except BrokenExecutor as error:
                        broken = error
                        todo.appendleft(i)
                        continue
                    breaks = 0
                    yield i, result
                if broken is not None:
                    todo.extendleft(running.values())
                    running.clear()
                    breaks += 1
                    pool = self._renewed(breaks, broken)
        finally:
            for future in running:
                future.cancel()

    def _asked_to_stop(self) -> bool:
        return self.cancel is not None and self.cancel.is_set()

    def _pool(self, total: int) -> Executor | None:
        """Return where to run, or None for this process."""
        if self.executor is not None:
            return self.executor
        workers = min(os.cpu_count() or 1, 8)
        if self._own is None and total >= SERIAL_BELOW and workers > 1:
            self._own = own_processes(workers)
        return self._own

    def _renewed(self, breaks: int, error: BrokenExecutor) -> Executor:
        if self.executor is not None:
            raise RuntimeError(
                f"The executor that was given broke: {error} Make a new one and run again"
                f"{'; what is done is kept' if self.store else ''}."
            ) from error
        self._close()
        if breaks >= _TRIES:
            raise RuntimeError(
                f"Worker processes ended early, {_TRIES} times in a row. In a script, put what "
                "runs the population beneath 'if __name__ == \"__main__\":'; in a notebook, look "
                "whether memory ran out. Without processes: "
                "executor=concurrent.futures.ThreadPoolExecutor(1)."
            ) from error
        self._own = own_processes(min(os.cpu_count() or 1, 8))
        return self._own


def own_processes(workers: int) -> Executor | None:
    """Return worker processes, or None where there are none (as in a browser)."""
    try:
        import multiprocessing
        from concurrent.futures.process import ProcessPoolExecutor

        # A notebook has threads, and a lock that one of them holds stays locked in a forked child
        # for ever: fork only where there is a single thread, else use a fresh server process.
        method = multiprocessing.get_start_method()
        if method == "fork" and threading.active_count() > 1:
            method = "forkserver"
        context = multiprocessing.get_context(method)
        if method == "forkserver":  # import once, in the server that all workers come from
            context.set_forkserver_preload(["cytolearn.patients.cohort", "roadrunner"])
        return ProcessPoolExecutor(workers, context, initializer=_leave_interrupts)
    except (ImportError, NotImplementedError, OSError):
        return None


def _leave_interrupts() -> None:
    """Leave Ctrl-C to the process that reads the keyboard: it stops its workers in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _bar:
    """Progress: a tqdm bar, a callback, or nothing."""

    def __init__(self, progress: bool | Callable, total: int, label: str) -> None:
        self.progress, self.total, self.label = progress, total, label
        self.done, self.bar = 0, None

    def __enter__(self) -> Callable[[int], None]:
        if self.progress is True and self.total >= SERIAL_BELOW:
            from tqdm.auto import tqdm

            class Bar(tqdm):
                monitor_interval = 0  # no thread: beside one, workers could not be forked

            self.bar = Bar(total=self.total, desc=self.label, unit="patient", leave=False)
        return self._advance

    def _advance(self, k: int) -> None:
        self.done += k
        if self.bar is not None:
            self.bar.update(k)
        elif callable(self.progress):
            self.progress(self.done, self.total)

    def __exit__(self, *exc: object) -> None:
        if self.bar is not None:
            self.bar.close()
