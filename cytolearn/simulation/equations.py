"""The equations as Python: read from the model's SBML, written for floats or for arrays.

The SciPy engine runs the float version; both engines use the array version to compute
signals and observables from the states.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from graphlib import TopologicalSorter
from xml.etree import ElementTree

import numpy as np

from cytolearn import physiology
from cytolearn.simulation.formulas import is_zero, names, needed, without
from cytolearn.simulation.sbml import drug_states, sbml_text

_OPERATORS = {"plus": ast.Add, "minus": ast.Sub, "times": ast.Mult, "divide": ast.Div}
_SYMBOLS = dict(zip(_OPERATORS.values(), "+-*/", strict=True))


class Equations:
    """The model read from SBML text.

    Attributes
    ----------
    states, constants, signals : tuple of str
        Signals (assignment rules) are in an order in which each needs only earlier ones.
    """

    def __init__(self, text: str) -> None:
        model = ElementTree.fromstring(text)[0]
        rate, assigned, started = (
            {item.get(key): _read(item[0][0]) for item in _items(model, tag)}
            for tag, key in (
                ("rateRule", "variable"),
                ("assignmentRule", "variable"),
                ("initialAssignment", "symbol"),
            )
        )
        self._rate, self._signal = rate, assigned
        self._needs = {name: names(node) for name, node in {**rate, **assigned}.items()}
        self.states = tuple(rate)
        graph = {name: self._needs[name] & assigned.keys() for name in assigned}
        self.signals = tuple(TopologicalSorter(graph).static_order())
        given = {p.get("id"): p.get("value") for p in _items(model, "parameter")}
        self.constants = tuple(p for p in given if p not in rate and p not in assigned)
        start = [started.get(s) or ast.Constant(float(given[s])) for s in self.states]
        self._start = compile(f"[{', '.join(map(_written, start))}]", "<start>", "eval")
        self.drugs = frozenset(drug_states())

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every state and signal."""
        return self.states + self.signals

    def start(self, constants: Mapping[str, float]) -> list[float]:
        """Return the value of every state on the day of infection, in order."""
        return eval(self._start, {"__builtins__": {}}, dict(constants))

    def needed(self, symbols: Iterable[str]) -> set[str]:
        """Return `symbols` and every symbol that they depend on at the same moment."""
        found, todo = set(), list(symbols)
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                if name in self._signal:
                    todo.extend(self._needs[name])
        return found

    def states_behind(self, outputs: Iterable[str]) -> list[str]:
        """Return the states, in order, from which the outputs can be computed."""
        used = self.needed(outputs)
        return [s for s in self.states if s in used]

    def untouched(self, given: Iterable[str], start: Iterable[float]) -> frozenset[str]:
        """Return the states that stay exactly 0 when only `given` states are dosed.

        Those of a drug that is not given, and virus and infected cells where nobody was infected.
        They need not be integrated; nor may they be, for a solver's rounding would grow into an
        infection.
        """
        empty = {s for s, value in zip(self.states, start, strict=True) if value == 0.0}
        return self._closed(frozenset(empty.difference(given)))

    @lru_cache(maxsize=256)  # noqa: B019 - there is one Equations a process
    def _closed(self, empty: frozenset[str]) -> frozenset[str]:
        """Return those of `empty` that none but others of them could fill."""
        ordered = {s: self._signal[s] for s in self.signals}
        while True:
            # a name with a stroke, because `without` leaves out the rates of what is silent
            _, rates = without(empty, ordered, {f"{s}'": self._rate[s] for s in empty})
            still = frozenset(s for s in empty if is_zero(rates[f"{s}'"]))
            if still == empty:
                return empty
            empty = still

    @lru_cache(maxsize=64)  # noqa: B019
    def rates(self, silent: frozenset[str] = frozenset()) -> Callable:
        """Return ``make(constants) -> rhs(t, y)`` on plain floats.

        `silent` states are left out of `y` and held at 0; what becomes constant by that, and
        every product of constants, is computed once in ``make``.
        """
        live = [s for s in self.states if s not in silent]
        ordered = {s: self._signal[s] for s in self.signals}
        signals, rates = without(silent, ordered, self._rate)
        used = needed(rates.values(), signals)
        hoisted: dict[str, str] = {}
        constants = frozenset(self.constants)
        lines = [f"    {s} = {_written(n, constants, hoisted)}" for s, n in signals.items()]
        change = ", ".join(_written(rates[s], constants, hoisted) for s in live)
        made = [c for c in self.constants if c in used]
        head = ["def make(values):", f"  {_unpacked(made)} = [values[c] for c in {made!r}]"]
        head += [f"  {name} = {text}" for text, name in hoisted.items()]
        body = ["  def rhs(time, y):", f"    {_unpacked(live)} = y.tolist()", *lines]
        return _function(
            [*head, *body, f"    return [{change}]", "  return rhs"], "make", math, _power
        )

    @lru_cache(maxsize=64)  # noqa: B019
    def observer(self, outputs: tuple[str, ...], given: tuple[str, ...]) -> Callable:
        """Return ``observe(time, columns, constants) -> array (times, outputs)``.

        `columns` holds one row for each state of `given`; the other states are 0.
        """
        used = self.needed(outputs)
        constants = [c for c in self.constants if c in used]
        zeros = [s for s in self.states if s in used and s not in given]
        lines = ["def observe(time, columns, values):"]
        lines += (
            [f"  {_unpacked(constants)} = [values[c] for c in {constants!r}]"] if constants else []
        )
        lines += [f"  {' = '.join(zeros)} = 0.0"] if zeros else []
        lines += [f"  {_unpacked(given)} = columns"] if given else []
        lines += [f"  {s} = {_written(self._signal[s])}" for s in self.signals if s in used]
        lines += [f"  result = empty(({len(outputs)}, len(time)))"]  # row by row is faster
        lines += [f"  result[{i}] = {name}" for i, name in enumerate(outputs)]
        return _function([*lines, "  return result.T"], "observe", np, np.power)


@lru_cache(maxsize=1)
def equations() -> Equations:
    """Return the model's equations, read once a process."""
    return Equations(sbml_text())


def _items(model, tag: str):
    return model.iter(f"{model.tag.rpartition('}')[0]}}}{tag}")


def _read(element) -> ast.expr:
    """Read MathML as a Python expression; ``power`` stays a call."""
    tag = element.tag.rpartition("}")[2]
    if tag == "ci":
        return ast.Name(element.text.strip())
    if tag == "cn":
        return ast.Constant(float(element.text))
    operator, *operands = element
    name = operator.tag.rpartition("}")[2]
    if name == "log":  # the only base that the model's writer knows is 10
        return ast.Call(ast.Name("log10"), [_read(operands[-1])], [])
    terms = [_read(operand) for operand in operands]
    if name in ("exp", "ln", "power"):
        return ast.Call(ast.Name({"ln": "log"}.get(name, name)), terms, [])
    if len(terms) == 1:
        return ast.UnaryOp(ast.USub(), terms[0])
    result, *others = terms
    for term in others:
        result = ast.BinOp(result, _OPERATORS[name](), term)
    return result


def _written(
    node: ast.expr, constants: frozenset[str] = frozenset(), hoisted: dict[str, str] | None = None
) -> str:
    """Write an expression; with `hoisted`, parts made of constants alone get a name there."""
    if (
        hoisted is not None
        and not isinstance(node, (ast.Name, ast.Constant))
        and names(node) <= constants
    ):
        return hoisted.setdefault(_written(node), f"k{len(hoisted)}")

    def sub(part: ast.expr) -> str:
        return _written(part, constants, hoisted)

    match node:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=value):
            return repr(value)
        case ast.UnaryOp(operand=operand):
            return f"(-{sub(operand)})"
        case ast.BinOp(left=left, op=op, right=right):
            return f"({sub(left)} {_SYMBOLS[type(op)]} {sub(right)})"
        case ast.Call(func=ast.Name(id="power"), args=[base, ast.Constant(value=2.0)]):
            return f"{sub(base)}*{sub(base)}" if isinstance(base, ast.Name) else f"{sub(base)}**2"
        case ast.Call(func=ast.Name(id=name), args=terms):
            return f"{name}({', '.join(map(sub, terms))})"
    raise NotImplementedError(ast.dump(node))


def _unpacked(symbols: Iterable[str]) -> str:
    return f"({', '.join(symbols)},)"


def _power(base: float, exponent: float) -> float:
    # A state may overshoot zero by rounding; a fractional power of that is no number.
    return base**exponent if base > 0.0 else 0.0


def _function(lines: list[str], name: str, functions, power: Callable) -> Callable:
    scope = {f: getattr(functions, f) for f in ("log10", "log", "exp")}
    scope |= {"power": power, "empty": np.empty}
    exec(compile("\n".join(lines), f"<{name} of {physiology.MODEL_NAME}>", "exec"), scope)
    return scope[name]
