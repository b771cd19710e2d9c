"""The two engines: libRoadRunner (compiled) and SciPy (generated Python, independent).

Both have one method, ``run(constants, start, plan, times, wanted)``, which returns one row
for each wanted state. `wanted` leaves out the states that stay 0 because nobody doses them.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from operator import itemgetter

import numpy as np

from cytolearn import physiology
from cytolearn.simulation.equations import equations
from cytolearn.wording import unknown

RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-7
# A cell in a billion still makes copies that a swab can count.
INFECTION_TOLERANCE = 1e-10

Plan = Mapping[float, Mapping[str, float]]


class SimulationError(RuntimeError):
    """The equations could not be solved; the message names the patient and the day."""

    def __init__(self, reason: str, day: float, label: str = "") -> None:
        self.reason, self.day, self.label = reason, day, label
        who = f"patient '{label}'" if label else "this patient"
        super().__init__(
            f"The course of {who} could not be computed beyond day {day:.1f} since infection: "
            f"{reason}"
        )

    def __reduce__(self):  # so that it survives the way back from a worker process
        return type(self), (self.reason, self.day, self.label)


def segments(plan: Plan, times: np.ndarray) -> list[tuple[dict, np.ndarray, slice]]:
    """Cut the run at the doses.

    Returns
    -------
    list of (doses, points, slice)
        What is added first, the times to integrate over (first = moment of the doses) and
        which of `times` those points cover after leaving out points that are no output.
    """
    end = times[-1]
    cuts = sorted({0.0, *(day for day in plan if day <= end)})
    pieces = []
    for begin, stop in zip(cuts, [*cuts[1:], None], strict=True):
        first = int(np.searchsorted(times, begin - 1e-9))
        last = len(times) if stop is None else int(np.searchsorted(times, stop - 1e-9))
        inside = times[first:last]
        head = [] if len(inside) and abs(inside[0] - begin) < 1e-9 else [begin]
        tail = [] if stop is None else [stop]
        points = np.concatenate((head, inside, tail))
        if not head:
            points[0] = begin
        pieces.append((dict(plan.get(begin, {})), points, slice(first, last), len(head)))
    return pieces


def tolerances(states: Iterable[str]) -> list[float]:
    """Return the absolute tolerance of each state, in its unit."""
    fine = {
        row["symbol"]
        for row in physiology.rows("readouts")
        if row["group"] == "virus" and row["unit"] == "fraction"
    }
    return [INFECTION_TOLERANCE if s in fine else ABSOLUTE_TOLERANCE for s in states]


class RoadRunnerEngine:
    """libRoadRunner: the equations compiled to machine code, CVODE in Adams mode.

    There are two compiled models, each made when first needed: with drugs and without.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # compiled models have a state; notebooks may use threads
        self._model = cache(_Compiled)

    def run(self, constants, start, plan: Plan, times, wanted: Sequence[str]) -> np.ndarray:
        """Solve; see the module's text."""
        drugs = any(state in equations().drugs for added in plan.values() for state in added)
        with self._lock:
            return self._model(drugs).run(constants, start, plan, times, list(wanted))


class _Compiled:
    def __init__(self, drugs: bool) -> None:
        from cytolearn.simulation import compiled

        self._runner = runner = compiled.load(drugs=drugs)
        runner.integrator.setValue("stiff", False)
        runner.integrator.relative_tolerance = RELATIVE_TOLERANCE
        position = {name: i for i, name in enumerate(runner.model.getGlobalParameterIds())}
        system = equations()
        self._rows = [i for i, s in enumerate(system.states) if s in position]
        states = [system.states[i] for i in self._rows]
        for state, tolerance in zip(states, tolerances(states), strict=True):
            runner.integrator.setIndividualTolerance(state, tolerance)
        self._row = {s: i for i, s in enumerate(states)}
        self._state_index = [position[s] for s in states]
        constants = [c for c in system.constants if c in position]
        self._constant_index = [position[c] for c in constants]
        self._chosen, self._set = itemgetter(*constants), ()
        self._wanted: list[str] = []

    def run(self, constants, start, plan: Plan, times, wanted: list[str]) -> np.ndarray:
        runner, model, index = self._runner, self._runner.model, self._state_index
        values = self._chosen(constants)
        if values != self._set:
            self._set = ()  # an interruption in between must not leave a wrong belief
            model.setGlobalParameterValues(self._constant_index, values)
            self._set = values
        if wanted != self._wanted:
            runner.timeCourseSelections = self._wanted = wanted
        y = np.array(start)[self._rows]
        parts = []
        for added, points, where, skip in segments(plan, times):
            for state, amount in added.items():
                y[self._row[state]] += amount
            model.setGlobalParameterValues(index, y)
            if len(points) > 1:
                try:
                    block = np.asarray(runner.simulate(times=points.tolist()))
                except RuntimeError as error:
                    raise SimulationError(_first_line(error), model.getTime()) from None
                parts.append(block[skip : skip + where.stop - where.start])
                y = np.maximum(model.getGlobalParameterValues(index), 0.0)
            else:  # a dose on the last row
                parts.append(y[None, [self._row[s] for s in wanted]])
        return (parts[0] if len(parts) == 1 else np.concatenate(parts)).T


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].split("; In ")[0]


class SciPyEngine:
    """SciPy's LSODA on a right-hand side of plain Python floats generated from the SBML."""

    def run(self, constants, start, plan: Plan, times, wanted: Sequence[str]) -> np.ndarray:
        """Solve; see the module's text."""
        system = equations()
        silent = system.untouched({s for amounts in plan.values() for s in amounts}, start)
        live = [s for s in system.states if s not in silent]
        row = {s: i for i, s in enumerate(live)}
        y = np.array([value for s, value in zip(system.states, start, strict=True) if s in row])
        rhs, absolute = system.rates(silent)(constants), tolerances(live)
        states = np.empty((len(times), len(live)))
        for added, points, where, skip in segments(plan, times):
            for state, amount in added.items():
                y[row[state]] += amount
            block = _lsoda(rhs, y, points, absolute) if len(points) > 1 else y[None, :]
            states[where] = block[skip : skip + where.stop - where.start]
            y = np.maximum(block[-1], 0.0)
        return np.array([states[:, row[s]] for s in wanted])


def _lsoda(rhs: Callable, y: np.ndarray, points: np.ndarray, absolute: list[float]) -> np.ndarray:
    from scipy.integrate import ODEintWarning, odeint

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ODEintWarning)
            states, report = odeint(
                rhs,
                y,
                points,
                rtol=RELATIVE_TOLERANCE,
                atol=absolute,
                tfirst=True,
                mxstep=2_000,
                full_output=True,
            )
    except (ArithmeticError, ValueError) as error:
        raise SimulationError(f"the equations gave no number ({error}).", points[0]) from None
    if "successful" not in report["message"]:
        raise SimulationError(report["message"], max(points[0], report["tcur"].max()))
    return states


_ENGINES = {"roadrunner": RoadRunnerEngine, "scipy": SciPyEngine}


@cache
def _loads() -> bool:
    """Say whether libRoadRunner can be imported: a system library of it may be missing."""
    try:
        import roadrunner  # noqa: F401
    except (ImportError, OSError) as error:
        warnings.warn(
            f"libRoadRunner is installed but cannot be loaded ({error}); the slower SciPy engine "
            "takes over.",
            RuntimeWarning,
            stacklevel=2,
        )
        return False
    return True


@cache
def _engine(name: str):
    return _ENGINES[name]()


def engine_named(name: str | None):
    """Return an engine; None takes libRoadRunner where it is installed, else SciPy."""
    if name is None:
        name = "roadrunner" if find_spec("roadrunner") and _loads() else "scipy"
    if not isinstance(name, str) or name not in _ENGINES:
        raise ValueError(unknown("engine", name, _ENGINES))
    return _engine(name)
