"""What is measured. Each function takes a size and yields the rows of the table."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.peers import installed
from benchmarks.starting import lab

WORKERS = 2
# The six panels of the first lesson's app.
PANELS = ("viral_load", "viral_load_lung", "ifn", "il6", "lesion", "pf_ratio")


class Size(NamedTuple):
    """How much is measured."""

    rounds: int  # of one patient, each engine in turns
    agreeing: int  # random patients with random treatments
    fresh: int  # fresh processes
    cohorts: tuple[tuple[int, float], ...]  # patients, seconds allowed
    same: int  # patients that are run with several workers and chunks
    trials: tuple[tuple[int, float], ...]  # patients in both arms, seconds allowed
    notebooks: tuple[str, ...]  # lessons that are run, by the names of their files


SIZES = {
    "smoke": Size(15, 20, 2, ((100, 5),), 60, ((100, 5),), ()),
    "usual": Size(40, 60, 5, ((1_000, 5),), 300, ((1_000, 10),), ("00_orientation",)),
    "full": Size(60, 200, 7, ((1_000, 5), (10_000, 45)), 300, ((10_000, 100),), ("*",)),
}


class Row(NamedTuple):
    """One line of the table."""

    what: str
    value: float
    unit: str
    limit: float | None = None  # the figure to reach
    at_least: bool = False
    steady: bool = False  # does not depend on what else the machine does
    better: str = "higher"  # or "lower": of a ratio

    @property
    def met(self) -> bool:
        """Whether the figure is reached; what cannot be measured here is not missed."""
        if self.limit is None or math.isnan(self.value):
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def seconds(action: Callable[[], object]) -> tuple[float, float]:
    """Return the wall time and the CPU time of one call, in seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - wall, time.process_time() - cpu


def one_patient(size: Size) -> Iterator[Row]:
    """One untreated patient, 45 days, 451 rows: an app's six readouts, and every observable."""
    from cytolearn.simulation import integrate

    for outputs, words in ((PANELS, "six readouts"), (None, "every observable")):

        def fast(outputs=outputs) -> None:
            integrate(outputs=outputs, engine="roadrunner")

        def slow(outputs=outputs) -> None:
            integrate(outputs=outputs, engine="scipy")

        fast(), slow()  # compile
        # taken in turns, so that both engines see the same machine
        times = np.array([(*seconds(fast), *seconds(slow)) for _ in range(size.rounds)])
        wall, cpu, slow_wall, slow_cpu = 1e3 * np.median(times, axis=0)
        yield Row(f"one patient, {words}: libRoadRunner, wall", wall, "ms", 6)
        yield Row(f"one patient, {words}: libRoadRunner, CPU", cpu, "ms")
        yield Row(f"one patient, {words}: SciPy, wall", slow_wall, "ms", 60)
        yield Row(f"one patient, {words}: SciPy, CPU", slow_cpu, "ms")
        # CPU time, and a median of ratios of neighbours: the steadiest on a busy machine
        ratio, judged = _ratio(times[:, [1, 3]]), outputs is not None
        what = f"one patient, {words}: SciPy / libRoadRunner"  # output costs both the same
        yield Row(what, ratio, "x", 8, True, steady=judged)


def agreement(size: Size) -> Iterator[Row]:
    """Random patients anywhere in the range of their traits, with random treatments."""
    import cytolearn
    from cytolearn import physiology
    from cytolearn.simulation import integrate

    rng = np.random.default_rng(2020)
    traits = [row for row in physiology.rows("parameters") if row["kind"] == "trait"]
    onset = physiology.baseline()["symptom_onset"]
    drugs = list(cytolearn.treatments().index)
    worst = 0.0
    for _ in range(size.agreeing):
        constants = {r["symbol"]: rng.uniform(float(r["low"]), float(r["high"])) for r in traits}
        chosen = rng.choice(drugs, rng.integers(0, 4), replace=False)
        with warnings.catch_warnings():  # a steroid before oxygen is worth a word, not here
            warnings.simplefilter("ignore", UserWarning)
            given = [
                cytolearn.treatment(str(name), day=int(rng.integers(0, 15))) for name in chosen
            ]
        doses = [dose for treatment in given for dose in treatment.doses(75.0, onset)]
        a, b = (integrate(constants, doses, engine=engine) for engine in ("roadrunner", "scipy"))
        scale = np.maximum(np.abs(a).max(axis=0), 1e-9)
        worst = max(worst, float((np.abs(a - b) / scale).max()))
    what = f"engines differ at most, {size.agreeing} patients and treatments"
    yield Row(what, worst, "of scale", 1e-4, steady=True)


def peers(size: Size) -> Iterator[Row]:
    """One patient, every observable, by the ways of others: each in turns with ours."""
    from cytolearn.simulation import integrate

    ours = integrate()  # compiles
    scale = np.maximum(np.abs(ours).max(axis=0), 1e-9)
    for name, run in installed():
        if run is None:
            yield Row(f"{name}: not installed", math.nan, "x")
            continue
        gap = float((np.abs(run() - ours) / scale).max())  # the first run may compile, too
        times = np.array(
            [(seconds(integrate)[1], seconds(run)[1]) for _ in range(max(5, size.rounds // 2))]
        )
        yield Row(f"{name}, CPU", 1e3 * float(np.median(times[:, 1])), "ms")
        yield Row(f"{name} / libRoadRunner as we use it", _ratio(times), "x", steady=True)
        yield Row(f"{name}: differs at most", gap, "of scale", 1e-3, steady=True)


def _ratio(times: np.ndarray) -> float:
    """Return the median ratio of neighbours, second column to first."""
    return float(np.median(times[:, 1] / times[:, 0]))


def start_up(size: Size) -> Iterator[Row]:
    """Fresh processes; the first warms the disk and does not count."""
    patient = "import cytolearn; course = cytolearn.Patient('mild').run()"
    picture = f"{patient}; import io; course.plot('il6').savefig(io.BytesIO())"
    with tempfile.TemporaryDirectory() as folder:
        yield Row("import cytolearn", fresh("import cytolearn", size), "s", 0.3)
        compiling = fresh(patient, size, CYTOLEARN_CACHE="off")
        yield Row("first patient in a fresh process, without the cache", compiling, "s", 2)
        loading = fresh(patient, size, CYTOLEARN_CACHE=folder)
        yield Row("first patient in a fresh process, from the cache", loading, "s", 2)
        drawing = fresh(picture, size, CYTOLEARN_CACHE=folder)
        yield Row("first picture in a fresh process, from the cache", drawing, "s", 3)
        waits = []
        for k in range(size.fresh + 1):
            with lab(sys.executable, Path(folder), Path(folder, f"home{k}")) as (_, wall, cpu):
                waits.append((wall, cpu))
        wall, cpu = np.median(waits[1:], axis=0)
        yield Row("JupyterLab, from the command to its answer", wall, "s", 3)
        yield Row("JupyterLab, from the command to its answer, CPU", cpu, "s", 3, steady=True)


def fresh(code: str, size: Size, **environment: str) -> float:
    """Return the median of the seconds that `code` takes in a process of its own."""
    timed = f"import time; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
    command = [sys.executable, "-W", "ignore", "-c", timed]
    env = {**os.environ, **environment}
    times = [
        float(subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout)
        for _ in range(size.fresh + 1)
    ]
    return median(times[1:])


def notebooks(size: Size) -> Iterator[Row]:
    """Whole lessons in a kernel of their own, as "Run All" runs them."""
    import nbformat
    from nbclient import NotebookClient

    folder = Path(__file__).resolve().parents[1] / "notebooks"
    paths = [path for name in size.notebooks for path in sorted(folder.glob(f"{name}.ipynb"))]
    with tempfile.TemporaryDirectory() as place:
        os.environ["CYTOLEARN_LOGBOOK"] = str(Path(place, "logbook.json"))  # not the learner's own
        for path in paths:
            page = nbformat.read(path, as_version=4)
            client = NotebookClient(page, resources={"metadata": {"path": place}}, timeout=600)
            took, _ = seconds(client.execute)
            yield Row(f"notebook {path.stem}, all cells", took, "s", 60)
        del os.environ["CYTOLEARN_LOGBOOK"]


def population(size: Size) -> Iterator[Row]:
    """Untreated virtual patients on two worker processes."""
    import cytolearn

    for n, limit in size.cohorts:
        people = cytolearn.population(n, seed=1)
        before = processor_time()
        with ProcessPoolExecutor(WORKERS) as pool:
            list(pool.map(len, [[]] * WORKERS))  # start the workers
            took, _ = seconds(lambda: people.run(executor=pool, progress=False))  # noqa: B023
        yield Row(f"{n:,} patients, {WORKERS} workers", took, "s", limit)
        yield Row(f"{n:,} patients, CPU of all processes", processor_time() - before, "s")
        yield Row(f"largest process, {n:,} patients", memory(), "MB", 500, steady=True)
    people = cytolearn.population(size.same, seed=1)
    yield Row(
        "a patient of a population / a patient alone",
        among_others(people),
        "x",
        better="lower",
    )
    results = []
    for workers, chunk in ((1, 25), (2, 10), (2, 100)):
        with ProcessPoolExecutor(workers) as pool:
            cohort = people.run(executor=pool, progress=False, chunk=chunk)
        results.append(cohort.values)
    different = sum(not np.array_equal(results[0], other) for other in results[1:])
    yield Row("runs that differ by workers or chunk", different, "of 2", 0, steady=True)


def among_others(people) -> float:
    """Return what a patient of a population costs against one alone, in CPU time."""
    from cytolearn.simulation import integrate

    integrate(step=1.0)  # compiles
    times = []
    for _ in range(3):
        alone = median(seconds(lambda: integrate(step=1.0))[1] for _ in range(20))
        with ThreadPoolExecutor(1) as here:
            _, cpu = seconds(lambda: people.run(executor=here, progress=False))
        times.append((alone, cpu / len(people)))
    return _ratio(np.array(times))


def trials(size: Size) -> Iterator[Row]:
    """A virtual trial on two worker processes; every patient is run under both arms."""
    import cytolearn

    drug = cytolearn.treatment("tocilizumab", day=7)
    for n, limit in size.trials:
        before = processor_time()
        with ProcessPoolExecutor(WORKERS) as pool:
            list(pool.map(len, [[]] * WORKERS))  # start the workers

            def run(n=n, pool=pool) -> None:
                found = cytolearn.trial(treated=[drug], n=n, executor=pool, progress=False)
                found.counterfactual(executor=pool, progress=False).summary()
                found.table()

            took, _ = seconds(run)
        what = f"trial, {n:,} patients x 2 arms"
        yield Row(f"{what}, {WORKERS} workers", took, "s", limit)
        yield Row(f"{what}, CPU of all processes", processor_time() - before, "s")
        yield Row(f"largest process, {what}", memory(), "MB", 1000, steady=True)


def processor_time() -> float:
    """Return the seconds that this process and those that it has ended have computed."""
    return sum(os.times()[:4])  # on Windows without the others


def memory() -> float:
    """Return the peak memory of this process or its largest worker, in MB (NaN on Windows)."""
    try:
        import resource
    except ImportError:
        return math.nan
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(kind).ru_maxrss for kind in kinds)
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


# Peers last: what they load would count as our memory.
ALL = (start_up, notebooks, one_patient, agreement, population, trials, peers)
