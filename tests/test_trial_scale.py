"""Large trials: workers that die, stopping and going on, clusters. Same numbers, come what may."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cytolearn as cl
from cytolearn.patients import cohort, population
from cytolearn.patients.workers import Cancelled, Part, Store, Workers, fingerprint

TOCI = cl.treatment("tocilizumab", day=9)
OPTIONS = {"treated": [TOCI], "n": 24, "where": "lesion > 4 and age >= 40", "seed": 3}
PEOPLE = population(200, seed=5)


@pytest.fixture(scope="module")
def plain():
    return cl.trial(**OPTIONS, progress=False).patients


@pytest.fixture
def two_processors(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def kill_a_worker(times=1):
    """Return a progress callback that kills one of our workers, `times` times."""
    killed = []

    def progress(_done, _total):
        children = [c for c in multiprocessing.active_children() if c.is_alive()]
        if children and len(killed) < times:
            os.kill(children[0].pid, getattr(signal, "SIGKILL", signal.SIGTERM))
            children[0].join(10)
            killed.append(children[0].pid)

    return progress, killed


def test_a_worker_killed_in_the_middle_changes_nothing(two_processors):
    expected = PEOPLE.run(days=12, readouts="il6", progress=False)
    progress, killed = kill_a_worker()
    again = PEOPLE.run(days=12, readouts="il6", progress=progress, chunk=10)
    assert len(killed) == 1
    np.testing.assert_array_equal(again.values, expected.values)


def test_a_trial_survives_workers_that_are_killed(two_processors, plain, monkeypatch):
    monkeypatch.setattr("cytolearn.patients.workers.SERIAL_BELOW", 1)
    progress, killed = kill_a_worker(times=2)
    again = cl.trial(**OPTIONS, progress=progress)
    assert len(killed) == 2
    pd.testing.assert_frame_equal(again.patients, plain)


def end_at_once():
    """Take the worker down (os._exit itself cannot be sent to one while coverage wraps it)."""
    os._exit(3)


def test_an_executor_that_is_not_ours_and_breaks_is_explained():
    part = Part("", [0], [0], ("il6",))
    with (
        ProcessPoolExecutor(1) as pool,
        Workers(pool, progress=False) as workers,
        pytest.raises(RuntimeError, match="The executor that was given broke"),
    ):
        list(workers.run(end_at_once, [()], [part]))


def test_processes_give_the_same_trial(plain):
    with ProcessPoolExecutor(2) as pool:
        again = cl.trial(**OPTIONS, progress=False, executor=pool)
    pd.testing.assert_frame_equal(again.patients, plain)


def test_a_trial_can_be_stopped_and_says_what_was_done(monkeypatch):
    monkeypatch.setattr("cytolearn.patients.workers.SERIAL_BELOW", 10**9)
    stop = threading.Event()
    seen = []

    def progress(done, total):
        seen.append((done, total))
        stop.set()

    with pytest.raises(Cancelled, match=r"Stopped after 20 of 200 courses\. Nothing was kept"):
        PEOPLE.run(days=5, readouts="il6", progress=progress, chunk=20, cancel=stop)
    assert seen == [(20, 200)]
    with pytest.raises(Cancelled, match="Stopped after 0 of"):
        cl.trial(**OPTIONS, progress=False, cancel=stop)


def test_a_run_with_processes_can_be_stopped(two_processors):
    stop = threading.Event()
    with pytest.raises(Cancelled, match=r"of 200 courses"):
        PEOPLE.run(days=5, progress=lambda *_: stop.set(), chunk=2, cancel=stop)
    assert not [c for c in multiprocessing.active_children() if c.is_alive()]


def test_store_without_pyarrow_is_explained(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ValueError, match="pip install pyarrow"):
        cl.trial(**OPTIONS, progress=False, store=tmp_path)


def test_the_fingerprint_covers_tables_and_code(monkeypatch):
    read = []
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: read.append(self.name) or real(self))
    fingerprint.cache_clear()
    first = fingerprint()
    assert {"parameters.csv", "covid_patient.ant", "regimens.csv", "population.csv", "plan.py",
            "integrate.py"} <= set(read)  # fmt: skip
    monkeypatch.setattr(
        Path, "read_bytes", lambda self: real(self) + (b" " * (self.name == "parameters.csv"))
    )
    fingerprint.cache_clear()
    assert fingerprint() != first
    fingerprint.cache_clear()


# ---- partial results on disk: need pyarrow, so with the extra "cluster" ----
@pytest.fixture
def solves(monkeypatch):
    """Count the courses that are solved, in this process."""
    count = []
    real = cohort.integrate
    monkeypatch.setattr(cohort, "integrate", lambda *a, **k: count.append(1) or real(*a, **k))
    monkeypatch.setattr("cytolearn.patients.workers.SERIAL_BELOW", 10**9)
    return count


@pytest.mark.slow
def test_a_finished_trial_is_read_back_without_solving(tmp_path, solves, plain):
    first = cl.trial(**OPTIONS, progress=False, store=tmp_path)
    assert solves
    pd.testing.assert_frame_equal(first.patients, plain)
    solves.clear()
    again = cl.trial(**OPTIONS, progress=False, store=tmp_path)
    assert not solves
    pd.testing.assert_frame_equal(again.patients, plain)
    assert all(file.suffix == ".parquet" for file in tmp_path.iterdir())


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_from_there(tmp_path, solves):
    stop = threading.Event()

    def progress(done, _total):
        if done >= 120:
            stop.set()

    with pytest.raises(Cancelled, match="goes on from there"):
        PEOPLE.run(days=8, progress=progress, chunk=20, store=tmp_path, cancel=stop)
    assert len(solves) == 120
    seen = []
    whole = PEOPLE.run(days=8, progress=lambda *at: seen.append(at), chunk=20, store=tmp_path)
    assert len(solves) == 200 and seen[-1] == (200, 200)
    np.testing.assert_array_equal(whole.values, PEOPLE.run(days=8, progress=False).values)


@pytest.mark.slow
def test_ctrl_c_leaves_what_is_done_usable(tmp_path, solves):
    def interrupt(done, _total):
        if done >= 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        PEOPLE.run(days=8, progress=interrupt, chunk=20, store=tmp_path)
    PEOPLE.run(days=8, progress=False, chunk=20, store=tmp_path)
    assert len(solves) == 200


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut", "garbage", "one bit", "empty", "another"])
def test_damaged_parts_are_computed_again(tmp_path, solves, damage):
    first = PEOPLE.run(days=8, progress=False, chunk=50, store=tmp_path)
    files = sorted(tmp_path.iterdir())
    content = bytearray(files[0].read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "garbage":
        content = bytearray(b"no parquet")
    elif damage == "one bit":
        content[len(content) // 3] ^= 8
    elif damage == "empty":
        content = bytearray()
    else:
        content = bytearray(files[1].read_bytes())
    files[0].write_bytes(content)
    solves.clear()
    again = PEOPLE.run(days=8, progress=False, chunk=50, store=tmp_path)
    assert len(solves) == 50
    np.testing.assert_array_equal(again.values, first.values)


@pytest.mark.slow
def test_a_changed_trial_never_takes_old_courses(tmp_path, solves):
    cl.trial(**OPTIONS, progress=False, store=tmp_path)
    solves.clear()
    other = {**OPTIONS, "treated": [cl.treatment("tocilizumab", day=9, scale=2)]}
    changed = cl.trial(**other, progress=False, store=tmp_path)
    # screening and control are shared; everybody in the changed arm is solved again
    assert len(solves) == 12
    pd.testing.assert_frame_equal(changed.patients, cl.trial(**other, progress=False).patients)
    solves.clear()
    cl.trial(**OPTIONS, progress=False, store=tmp_path, constants={"il6_clearance": 2.0})
    assert len(solves) > 100


@pytest.mark.slow
def test_parts_are_tables_that_people_can_read(tmp_path):
    PEOPLE.only(range(3)).run(days=8, readouts=("il6", "crp"), progress=False, store=tmp_path)
    frame = pd.read_parquet(next(tmp_path.iterdir()))
    assert list(frame.columns) == ["patient", "day", "il6", "crp"]
    assert len(frame) == 3 * 14 and set(frame["patient"]) == {0, 1, 2}


@pytest.mark.slow
def test_a_store_that_is_no_folder_is_explained(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(ValueError, match="store is a folder"):
        Store(tmp_path / "file")
    with pytest.raises(ValueError, match="store is a folder"):
        Store(7)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # a cluster's own warnings are none of ours
def test_a_dask_cluster_gives_the_same_trial(plain):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True
        ) as cluster,
        Client(cluster) as client,
    ):
        found = cl.trial(**OPTIONS, progress=False, executor=client.get_executor())
        both = found.counterfactual(executor=client.get_executor(), progress=False)
    pd.testing.assert_frame_equal(found.patients, plain)
    assert 0 < both.risk_ratio < 2
