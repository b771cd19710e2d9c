"""The one door to an engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from cytolearn import physiology
from cytolearn.simulation.dosing import Dose, schedule
from cytolearn.simulation.engines import SimulationError, engine_named
from cytolearn.simulation.equations import equations
from cytolearn.wording import unknown


def integrate(
    constants: Mapping[str, float] | None = None,
    doses: Iterable[Dose] = (),
    *,
    days: float = 45.0,
    step: float = 0.1,
    outputs: Sequence[str] | None = None,
    engine: str | None = None,
) -> np.ndarray:
    """Solve the model for one patient. Pure: same arguments, same numbers.

    Parameters
    ----------
    constants : mapping of str to float, optional
        The constants that differ from the baseline, by symbol.
    doses : iterable of Dose
        Doses at one moment add up; doses beyond `days` are left out. A row at the moment
        of a dose shows the patient just after it.
    days : float
        Days from infection to the end.
    step : float
        Days between rows. Doses need not fall on a row.
    outputs : sequence of str, optional
        States, signals or observables, in their own units (see ``readouts.csv``); the
        observables by default.
    engine : {None, "roadrunner", "scipy"}
        None takes libRoadRunner where it is installed.

    Returns
    -------
    ndarray, shape (times, outputs)
        Rows at 0, step, 2 step ... days since infection.

    Raises
    ------
    ValueError
        For an unknown constant, output or engine.
    SimulationError
        If a solver gives up or a value is not finite.
    """
    solver = engine_named(engine)
    system = equations()
    values = _with_baseline(constants or {})
    names = tuple(physiology.readouts() if outputs is None else outputs)
    behind = _states_behind(names)
    times = time_points(days, step)
    plan = schedule(doses, times[-1])
    start = system.start(values)
    silent = system.untouched({s for a in plan.values() for s in a}, start)
    wanted = [s for s in behind if s not in silent]
    # A solver may overshoot zero by rounding: amounts below nothing count as nothing.
    states = np.maximum(solver.run(values, start, plan, times, wanted), 0.0, order="C")
    with np.errstate(all="ignore"):
        result = system.observer(names, tuple(wanted))(times, states, values)
    if not np.isfinite(result).all():
        row, column = np.argwhere(~np.isfinite(result))[0]
        raise SimulationError(f"'{names[column]}' is no longer a number.", times[row])
    return result


@lru_cache(maxsize=64)
def _states_behind(outputs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the states from which the outputs can be computed; all must be known."""
    system = equations()
    for name in outputs:
        if name not in system.symbols:
            raise ValueError(unknown("output", name, system.symbols))
    return tuple(system.states_behind(outputs))


def time_points(days: float, step: float) -> np.ndarray:
    """Return 0, step, 2 step ... up to `days`."""
    if not (0 < step <= days < np.inf):
        raise ValueError(f"The step must be above 0 and not above the {days} days; got {step}.")
    return np.arange(int(np.floor(days / step + 1e-6)) + 1) * step


def _with_baseline(constants: Mapping[str, float]) -> dict[str, float]:
    baseline = physiology.baseline()
    for name in constants:
        if name not in baseline:
            raise ValueError(unknown("constant", name, baseline))
    values = baseline.copy()  # of a mapping proxy ten times faster than {**baseline}
    values.update(constants)
    return values
