"""What is measured. Each function returns rows of (what, value, unit, target, met)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from statistics import median
from typing import NamedTuple

import numpy as np

WORKERS = 2


class Row(NamedTuple):
    what: str
    value: float
    unit: str
    limit: float  # the figure to reach
    at_least: bool = False
    loose: float = 2.0  # --smoke forgives this factor: other people's machines are busy

    def met(self, factor: float = 1.0) -> bool:
        if self.at_least:
            return self.value >= self.limit / factor
        return self.value <= self.limit * factor


def seconds(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def one_patient(smoke: bool) -> Iterator[Row]:
    """One untreated patient, 45 days, 451 rows, every observable."""
    from cytolearn.simulation import integrate

    def fast() -> None:
        integrate(engine="roadrunner")

    def slow() -> None:
        integrate(engine="scipy")

    fast(), slow()  # compile
    rounds = 5 if smoke else 25
    # taken in turns, so that both engines see the same machine
    pairs = [
        (median(seconds(fast) for _ in range(8)), median(seconds(slow) for _ in range(2)))
        for _ in range(rounds)
    ]
    quick, patient = (1e3 * median(column) for column in zip(*pairs))
    yield Row("one patient, libRoadRunner (median)", quick, "ms", 6, loose=5)
    yield Row("one patient, SciPy (median)", patient, "ms", 60, loose=5)
    yield Row("SciPy / libRoadRunner", patient / quick, "x", 8, at_least=True)


def agreement(smoke: bool) -> Iterator[Row]:
    """Random patients anywhere in the range of their traits, with random treatments."""
    import cytolearn
    from cytolearn import physiology
    from cytolearn.simulation import integrate

    rng = np.random.default_rng(2020)
    traits = [row for row in physiology.rows("parameters") if row["kind"] == "trait"]
    onset = physiology.baseline()["symptom_onset"]
    drugs = list(cytolearn.treatments().index)
    n, worst = (20 if smoke else 200), 0.0
    for _ in range(n):
        constants = {r["symbol"]: rng.uniform(float(r["low"]), float(r["high"])) for r in traits}
        chosen = rng.choice(drugs, rng.integers(0, 4), replace=False)
        given = [cytolearn.treatment(str(name), day=int(rng.integers(0, 15))) for name in chosen]
        doses = [dose for treatment in given for dose in treatment.doses(75.0, onset)]
        a, b = (integrate(constants, doses, engine=engine) for engine in ("roadrunner", "scipy"))
        scale = np.maximum(np.abs(a).max(axis=0), 1e-9)
        worst = max(worst, float((np.abs(a - b) / scale).max()))
    yield Row(f"engines differ at most, {n} random patients", worst, "of scale", 1e-4, loose=1)


def start_up(smoke: bool) -> Iterator[Row]:
    """Fresh processes; the best of a few, because the first one warms the disk."""
    first = "import cytolearn; cytolearn.Patient('mild').run()"
    repeats = 2 if smoke else 5
    with tempfile.TemporaryDirectory() as folder:
        yield Row("import cytolearn", fresh("import cytolearn", repeats), "s", 0.3, loose=3)
        compiling = fresh(first, repeats, CYTOLEARN_CACHE="off")
        yield Row("first patient in a fresh process, compiling", compiling, "s", 2, loose=4)
        fresh(first, 1, CYTOLEARN_CACHE=folder)
        loading = fresh(first, repeats, CYTOLEARN_CACHE=folder)
        yield Row("the same where a process compiled before", loading, "s", 2, loose=4)


def fresh(code: str, repeats: int, **environment: str) -> float:
    """Return the fewest seconds that `code` takes in a process of its own."""
    timed = f"import time; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
    command = [sys.executable, "-W", "ignore", "-c", timed]
    env = {**os.environ, **environment}
    return min(
        float(subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout)
        for _ in range(repeats)
    )


def population(smoke: bool) -> Iterator[Row]:
    """Untreated virtual patients on two worker processes."""
    import cytolearn

    for n, limit in ((100, 5),) if smoke else ((1_000, 5), (10_000, 45)):
        people = cytolearn.population(n, seed=1)
        with ProcessPoolExecutor(WORKERS) as pool:
            list(pool.map(len, [[]] * WORKERS))  # start the workers
            took = seconds(lambda: people.run(executor=pool, progress=False))  # noqa: B023
        yield Row(f"{n:,} patients, {WORKERS} workers", took, "s", limit, loose=3)
    n = 60 if smoke else 300
    people = cytolearn.population(n, seed=1)
    results = []
    for workers, chunk in ((1, 25), (2, 10), (2, 100)):
        with ProcessPoolExecutor(workers) as pool:
            cohort = people.run(executor=pool, progress=False, chunk=chunk)
        results.append(cohort.values)
    different = sum(not np.array_equal(results[0], other) for other in results[1:])
    yield Row("runs that differ by workers or chunk", different, "of 2", 0, loose=1)
    yield Row("largest process", memory(), "MB", 500, loose=1)


def memory() -> float:
    """Return the peak memory of this process or its largest worker, in MB."""
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(kind).ru_maxrss for kind in kinds)
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


ALL = (start_up, one_patient, agreement, population)
