"""The equations as Python: read from the model's SBML, written for floats or for arrays.

The SciPy engine runs the float version; both engines use the array version to compute
signals and observables from the states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import numpy as np

from cytolearn import physiology
from cytolearn.simulation.sbml import sbml_text


def _power(base: float, exponent: float) -> float:
    # A state may overshoot zero by rounding; a fractional power of that is no number.
    return base**exponent if base > 0.0 else 0.0 if exponent > 0.0 else float("nan")


def _array_power(base, exponent):
    return np.power(np.maximum(base, 0.0), exponent)


def _python(node, power: str = "power") -> str:
    """Write one SBML formula as a Python expression."""
    import libsbml

    def sub(i: int) -> str:
        return _python(node.getChild(i), power)

    kind, n = node.getType(), node.getNumChildren()
    if node.isNumber():
        return repr(float(node.getValue()))
    if kind == libsbml.AST_NAME_TIME:
        return "time"
    if node.isName():
        return node.getName()
    if kind == libsbml.AST_MINUS and n == 1:
        return f"(-{sub(0)})"
    if kind in _INFIX(libsbml):
        return "(" + _INFIX(libsbml)[kind].join(sub(i) for i in range(n)) + ")"
    if kind in (libsbml.AST_POWER, libsbml.AST_FUNCTION_POWER):
        if node.getChild(1).isNumber() and node.getChild(1).getValue() == 2:
            return f"({sub(0)}*{sub(0)})" if node.getChild(0).isName() else f"({sub(0)}**2)"
        return f"{power}({sub(0)}, {sub(1)})"
    if kind == libsbml.AST_FUNCTION_LOG:
        base = node.getChild(0).getValue() if n == 2 else 10
        if base == 10:
            return f"log10({sub(n - 1)})"
    if kind == libsbml.AST_FUNCTION_LN:
        return f"log({sub(0)})"
    if kind == libsbml.AST_FUNCTION_EXP:
        return f"exp({sub(0)})"
    raise NotImplementedError(f"No Python for '{libsbml.formulaToL3String(node)}' in the model.")


@lru_cache(maxsize=1)
def _INFIX(libsbml) -> dict[int, str]:
    return {
        libsbml.AST_PLUS: " + ",
        libsbml.AST_MINUS: " - ",
        libsbml.AST_TIMES: "*",
        libsbml.AST_DIVIDE: "/",
    }


def _names(node) -> set[str]:
    found = {node.getName()} if node.isName() else set()
    for i in range(node.getNumChildren()):
        found |= _names(node.getChild(i))
    return found


class Equations:
    """The model read from SBML text.

    Attributes
    ----------
    states, constants, signals : tuple of str
        Signals (assignment rules) are in an order in which each needs only earlier ones.
    """

    def __init__(self, text: str) -> None:
        import libsbml

        document = libsbml.readSBMLFromString(text)
        model = document.getModel()
        rules = [model.getRule(i) for i in range(model.getNumRules())]
        self._rate = {r.getVariable(): r.getMath() for r in rules if r.isRate()}
        assignments = {r.getVariable(): r.getMath() for r in rules if r.isAssignment()}
        self._needs = {name: _names(math) for name, math in {**self._rate, **assignments}.items()}
        self.states = tuple(self._rate)
        self.signals = tuple(_sorted(assignments, self._needs))
        self._signal = assignments
        ids = [model.getParameter(i).getId() for i in range(model.getNumParameters())]
        self.constants = tuple(i for i in ids if i not in self._rate and i not in assignments)
        self._start = {i: repr(model.getParameter(i).getValue()) for i in self.states}
        for i in range(model.getNumInitialAssignments()):
            rule = model.getInitialAssignment(i)
            self._start[rule.getSymbol()] = _python(rule.getMath())
        drugs = {r["symbol"] for r in physiology.rows("readouts") if r["group"] == "drugs"}
        self._drugs = frozenset(drugs & set(self.states))
        self._document = document  # the formulas live in it

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every state and signal."""
        return self.states + self.signals

    def needed(self, names: Iterable[str]) -> set[str]:
        """Return `names` and every symbol that they depend on at the same moment."""
        found, todo = set(), list(names)
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                if name in self._signal:
                    todo.extend(self._needs[name])
        return found

    @lru_cache(maxsize=1)  # noqa: B019 - one Equations a process
    def starter(self) -> Callable[[Mapping[str, float]], list[float]]:
        """Return the function from constants to the start of every state, in order."""
        body = ", ".join(self._start[s] for s in self.states)
        code = compile(f"[{body}]", "<start>", "eval")
        return lambda constants: eval(code, {"power": _power}, dict(constants))

    @lru_cache(maxsize=64)  # noqa: B019
    def rates(self, silent: frozenset[str] = frozenset()) -> Callable:
        """Return ``make(constants) -> rhs(t, y)`` on plain floats.

        `silent` states are left out of `y` and held at 0: drugs that nobody gives.
        """
        live = [s for s in self.states if s not in silent]
        used = set().union(*(self._needs[s] for s in live))
        used = self.needed(used)
        constants = [c for c in self.constants if c in used]
        lines = [
            "def make(values):",
            f"  ({', '.join(constants)},) = [values[c] for c in {constants!r}]",
            "  def rhs(time, y):",
            f"    ({', '.join(live)},) = y.tolist()",
        ]
        zeros = [s for s in silent if s in used]
        if zeros:
            lines.insert(2, f"  {' = '.join(zeros)} = 0.0")
        lines += [f"    {s} = {_python(self._signal[s])}" for s in self.signals if s in used]
        lines += [f"    return [{', '.join(_python(self._rate[s]) for s in live)}]", "  return rhs"]
        return _function(lines, "make", power=_power, math=True)

    @lru_cache(maxsize=64)  # noqa: B019
    def observer(self, outputs: tuple[str, ...], given: tuple[str, ...]) -> Callable:
        """Return ``observe(time, columns, constants) -> array (times, outputs)``.

        `columns` holds one row for each state of `given`; the other states are 0.
        """
        used = self.needed(outputs)
        constants = [c for c in self.constants if c in used]
        zeros = [s for s in self.states if s in used and s not in given]
        lines = ["def observe(time, columns, values):"]
        if constants:
            lines += [f"  ({', '.join(constants)},) = [values[c] for c in {constants!r}]"]
        lines += [f"  {' = '.join(zeros)} = 0.0"] if zeros else []
        lines += [f"  ({', '.join(given)},) = columns"] if given else []
        lines += [f"  {s} = {_python(self._signal[s])}" for s in self.signals if s in used]
        lines += [f"  result = empty((len(time), {len(outputs)}))"]
        lines += [f"  result[:, {i}] = {name}" for i, name in enumerate(outputs)]
        lines += ["  return result"]
        return _function(lines, "observe", power=_array_power, empty=np.empty, math=np)

    @lru_cache(maxsize=256)  # noqa: B019
    def _downstream(self, given: frozenset[str]) -> frozenset[str]:
        """Return the drug states that doses into `given` can reach."""
        reached = set(given)
        while True:
            more = {s for s in self._drugs - reached if self.needed(self._needs[s]) & reached}
            if not more:
                return frozenset(reached)
            reached |= more

    def untouched(self, given: Iterable[str], start: Iterable[float]) -> frozenset[str]:
        """Return the drug states that stay exactly 0 when only `given` states are dosed.

        Drugs have no source but their doses, so these need not be integrated.
        """
        empty = {s for s, value in zip(self.states, start, strict=True) if value == 0.0}
        return frozenset((self._drugs & empty) - self._downstream(frozenset(given)))

    def states_behind(self, outputs: Iterable[str]) -> list[str]:
        """Return the states, in order, from which the outputs can be computed."""
        used = self.needed(outputs)
        return [s for s in self.states if s in used]


def _sorted(assignments: Mapping, needs: Mapping[str, set[str]]) -> list[str]:
    from graphlib import TopologicalSorter

    graph = {name: needs[name] & assignments.keys() for name in assignments}
    return list(TopologicalSorter(graph).static_order())


def _function(lines: list[str], name: str, *, math, **scope) -> Callable:
    import math as scalar

    source = scalar if math is True else math
    scope.update({f: getattr(source, f) for f in ("log10", "log", "exp")})
    exec(compile("\n".join(lines), f"<{name}>", "exec"), scope)
    return scope[name]


@lru_cache(maxsize=1)
def equations() -> Equations:
    """Return the model's equations, read once a process."""
    return Equations(sbml_text())
