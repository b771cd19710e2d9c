"""One moment of a course: all states at once, and what each equation says when they are held still.

Flow fields and fluxes come from the model's own equations: nothing is written down twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cytolearn import physiology
from cytolearn.simulation.dosing import Dose
from cytolearn.simulation.equations import equations
from cytolearn.simulation.integrate import integrate


def states(
    constants: Mapping[str, float],
    doses: Sequence[Dose] = (),
    *,
    days: float,
    step: float = 0.25,
) -> np.ndarray:
    """Return every state of a course, shape (times, states), in the order of the equations.

    Parameters
    ----------
    constants : mapping
        Constants that differ from the baseline.
    doses : sequence of Dose
    days, step : float
        Length of the course from infection, and time between rows, in days.
    """
    return integrate(constants, doses, days=days, step=step, outputs=list(equations().states))


def flow(
    constants: Mapping[str, float],
    held: np.ndarray,
    x: tuple[str, np.ndarray],
    y: tuple[str, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Return how fast two states would change from each point of a grid, all others held still.

    Parameters
    ----------
    constants : mapping
        Constants that differ from the baseline.
    held : array, shape (states,)
        One row of `states`.
    x, y : (str, array)
        Symbol of a state and its values on the grid.

    Returns
    -------
    (array, array), each of shape (len(y), len(x))
        Change of x and of y, a day.
    """
    known = equations()
    i, j = known.states.index(x[0]), known.states.index(y[0])
    rates = known.rates()({**physiology.baseline(), **constants})
    point = np.array(held, float)
    out = np.empty((2, len(y[1]), len(x[1])))
    for row, high in enumerate(y[1]):
        for column, wide in enumerate(x[1]):
            point[i], point[j] = wide, high
            change = rates(0.0, point)
            out[:, row, column] = change[i], change[j]
    return out[0], out[1]


def fluxes(
    constants: Mapping[str, float],
    rows: np.ndarray,
    edges: Sequence[tuple[str, Mapping[str, float]]],
) -> np.ndarray:
    """Return what each edge of a network adds to its target, a day.

    An edge is a target state and the constants that switch it off, with the values they then
    have. Its flux is how much slower the target would change, at that very moment, without it.

    Parameters
    ----------
    constants : mapping
        Constants that differ from the baseline.
    rows : array, shape (times, states)
        As `states` returns them.
    edges : sequence of (str, mapping)
        Target state, and constants by symbol.

    Returns
    -------
    array, shape (times, edges)
        Negative where the edge holds its target back.
    """
    known = equations()
    make, values = known.rates(), {**physiology.baseline(), **constants}

    def each(changed: Mapping[str, float]) -> np.ndarray:
        rates = make({**values, **changed})
        return np.array([rates(0.0, row) for row in rows])

    whole = each({})
    out = np.empty((len(rows), len(edges)))
    for k, (target, off) in enumerate(edges):
        i = known.states.index(target)
        out[:, k] = whole[:, i] - each(off)[:, i]
    return out
