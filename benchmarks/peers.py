"""The same patient elsewhere: other ways to solve the exported SBML, in the same run as ours.

Each peer is told the equations by the SBML file alone and gives every observable at the same
times. Where it is not installed its line says so.
"""

from __future__ import annotations

import graphlib
import math
import tempfile
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

DAYS, STEPS = 45, 450
RELATIVE, ABSOLUTE = 1e-6, 1e-9  # the first is ours, too
Course = Callable[[], np.ndarray]


def naive(file: Path, outputs: list[str]) -> Course:
    """SciPy's LSODA on the equations as they stand in the file, looked up by name one by one.

    What somebody would write in an afternoon: a dictionary of values, and every formula evaluated
    in order, at every call.
    """
    import libsbml
    from scipy.integrate import solve_ivp

    model = libsbml.readSBML(str(file)).getModel()
    plain = libsbml.L3ParserSettings()
    plain.setParseUnits(False)

    def code(item) -> tuple[set[str], object]:
        text = libsbml.formulaToL3StringWithSettings(item.getMath(), plain).replace("^", "**")
        compiled = compile(text, item.getId() or "formula", "eval")
        return set(compiled.co_names), compiled

    def in_order(items, target: Callable[[object], str]) -> list[tuple[str, object]]:
        found = {target(item): code(item) for item in items}
        links = {name: needs & found.keys() for name, (needs, _) in found.items()}
        return [(name, found[name][1]) for name in graphlib.TopologicalSorter(links).static_order()]

    rules = list(model.getListOfRules())
    assigned = in_order([r for r in rules if r.isAssignment()], lambda r: r.getVariable())
    rates = [(r.getVariable(), code(r)[1]) for r in rules if r.isRate()]
    values: dict[str, object] = {"log10": math.log10, "__builtins__": {}}
    values |= {p.getId(): p.getValue() for p in model.getListOfParameters()}
    for name, formula in in_order(model.getListOfInitialAssignments(), lambda i: i.getSymbol()):
        values[name] = eval(formula, values)
    states = [name for name, _ in rates]
    start = [values[name] for name in states]

    def observe(time: float, y: np.ndarray) -> None:
        values.update(zip(states, y.tolist()), time=time)
        for name, formula in assigned:
            values[name] = eval(formula, values)

    def rhs(time: float, y: np.ndarray) -> list[float]:
        observe(time, y)
        return [eval(formula, values) for _, formula in rates]

    def run() -> np.ndarray:
        times = np.linspace(0, DAYS, STEPS + 1)
        found = solve_ivp(
            rhs, (0, DAYS), start, "LSODA", times, rtol=RELATIVE, atol=ABSOLUTE, max_step=1
        )
        rows = []
        for time, y in zip(found.t, found.y.T):
            observe(time, y)
            rows.append([values[name] for name in outputs])
        return np.array(rows)

    return run


def copasi(file: Path, outputs: list[str]) -> Course:
    """COPASI's LSODA (extra ``copasi``)."""
    import basico

    model = basico.load_model(str(file))

    def run() -> np.ndarray:
        course = basico.run_time_course(
            duration=DAYS,
            intervals=STEPS,
            r_tol=RELATIVE,
            a_tol=ABSOLUTE,
            use_sbml_id=True,
            model=model,
        )
        return course[outputs].to_numpy()

    return run


def tellurium(file: Path, outputs: list[str]) -> Course:
    """Tellurium as a modeller calls it (extra ``peers``): libRoadRunner with nothing tuned."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # in what Tellurium imports
        from tellurium import loadSBMLModel

    runner = loadSBMLModel(str(file))
    runner.integrator.relative_tolerance = RELATIVE
    runner.integrator.absolute_tolerance = ABSOLUTE

    def run() -> np.ndarray:
        runner.resetToOrigin()  # `reset` would keep some states where they ended
        return np.array(runner.simulate(0, DAYS, STEPS + 1, ["time", *outputs]))[:, 1:]

    return run


PEERS: dict[str, tuple[str, Callable[[Path, list[str]], Course]]] = {
    "SciPy's LSODA, equations as in the file": ("libsbml", naive),
    "COPASI": ("basico", copasi),
    "Tellurium": ("tellurium", tellurium),
}


def installed() -> Iterator[tuple[str, Course | None]]:
    """Give each peer by name, ready to run, or None where it is not installed."""
    import cytolearn
    from cytolearn import physiology

    with tempfile.TemporaryDirectory() as folder:
        file = cytolearn.export_sbml(Path(folder) / "patient.xml")
        for name, (module, prepare) in PEERS.items():
            ready = find_spec(module) is not None
            yield name, prepare(file, list(physiology.readouts())) if ready else None
