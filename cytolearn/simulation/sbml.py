"""The model as SBML Level 3 Version 2, written from the Antimony text and the tables.

Written here rather than by the antimony package, for three reasons: every literal number
gets a unit (so the units of all equations can be checked), it takes milliseconds at start-up,
and it needs no compiled package. A test holds it against antimony's own translation.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from graphlib import TopologicalSorter
from pathlib import Path
from xml.sax.saxutils import quoteattr

from cytolearn import physiology
from cytolearn.simulation.formulas import names, needed, without
from cytolearn.wording import unknown

_MATHML = "http://www.w3.org/1998/Math/MathML"
_SBML = "http://www.sbml.org/sbml/level3/version2/core"
_BINARY = {
    ast.Add: "plus",
    ast.Sub: "minus",
    ast.Mult: "times",
    ast.Div: "divide",
    ast.Pow: "power",
}


@lru_cache(maxsize=1)
def statements() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the model's equations as text: (signal -> formula, state -> rate of change).

    Each signal needs only states, constants and earlier signals.
    """
    text = re.sub(r"//.*", "", physiology.antimony_source())
    found = dict(re.findall(r"^\s*(\w+)\s*:=\s*([^;]+);", text, re.MULTILINE))
    rates = dict(re.findall(r"^\s*(\w+)'\s*=\s*([^;]+);", text, re.MULTILINE))
    order = TopologicalSorter({name: names(formula(f)) & found.keys() for name, f in found.items()})
    return {name: found[name] for name in order.static_order()}, rates


def formula(text: str) -> ast.expr:
    """Read a formula of the Antimony text."""
    return ast.parse(" ".join(text.split()).replace("^", "**"), mode="eval").body


@lru_cache(maxsize=1)
def sbml_text() -> str:
    """Return the model at its baseline as SBML text."""
    return write({})


@lru_cache(maxsize=2)
def dynamics_text(*, drugs: bool) -> str:
    """Return SBML text with no more than an engine compiles: rates, and what they use.

    No names, no units and no values: the engine sets every constant and every state. So it
    compiles fast, and tuning a number needs no new compilation.

    Parameters
    ----------
    drugs : bool
        With the states of drugs; without them the equations of an untreated patient are left.
    """
    silent = () if drugs else drug_states()
    return write({}, bare=True, silent=frozenset(silent))


def drug_states() -> tuple[str, ...]:
    """Return the states that only doses can raise above 0."""
    rows = physiology.rows("readouts")
    return tuple(r["symbol"] for r in rows if r["group"] == "drugs" and r["kind"] == "state")


def write(
    constants: Mapping[str, float], *, bare: bool = False, silent: frozenset[str] = frozenset()
) -> str:
    """Return SBML text with these constants in the place of their baseline."""
    signals, rates = statements()
    signals = {name: formula(text) for name, text in signals.items()}
    rates = {name: formula(text) for name, text in rates.items()}
    if bare:
        signals, rates = without(silent, signals, rates)
    kept = {*signals, *rates}
    used = needed(rates.values(), signals)
    unit = {row["unit"]: row["symbol"] for row in physiology.rows("units")}

    def parameter(row: Mapping[str, str], value: str, constant: str) -> str:
        words = f' name={quoteattr(row["name"])} units="{unit[row["unit"]]}"'
        shown = f' value="{value}"' if value else ""
        words = "" if bare else words
        return f'<parameter id="{row["symbol"]}"{shown} constant="{constant}"{words}/>'

    def value(symbol: str) -> str:
        return "1" if bare else repr(float(constants.get(symbol, baseline[symbol])))

    baseline = physiology.baseline()
    parameters = [
        parameter(row, value(row["symbol"]), "true")
        for row in physiology.rows("parameters")
        if (row["symbol"] in used if bare else row["kind"] != "person")
    ]
    blank = "1" if bare else ""
    parameters += [
        parameter(row, blank or row["initial"] * _is_number(row["initial"]), "false")
        for row in physiology.rows("readouts")
        if row["symbol"] in kept
    ]
    starts = {s: text for s, text in physiology.initial_states().items() if not _is_number(text)}
    parts = {
        "listOfUnitDefinitions": [] if bare else _unit_definitions(),
        "listOfParameters": parameters,
        "listOfInitialAssignments": []
        if bare
        else [_math("initialAssignment", "symbol", s, formula(text)) for s, text in starts.items()],
        "listOfRules": [_math("assignmentRule", "variable", s, math) for s, math in signals.items()]
        + [_math("rateRule", "variable", s, math) for s, math in rates.items()],
    }
    body = "".join(f"<{k}>\n{chr(10).join(v)}\n</{k}>\n" for k, v in parts.items() if v)
    time = "" if bare else ' timeUnits="day"'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<sbml xmlns="{_SBML}" level="3" version="2">\n'
        f'<model id="{physiology.MODEL_NAME}" name="cytolearn virtual COVID-19 patient"{time}>\n'
        '<notes><body xmlns="http://www.w3.org/1999/xhtml"><p>Teaching model: 2020 wild-type '
        "virus, unvaccinated host. Not for clinical use. Time is days since infection.</p>"
        "</body></notes>\n"
        f"{body}</model>\n</sbml>\n"
    )


def export_sbml(path: str | os.PathLike[str], patient=None) -> Path:
    """Write the model as SBML Level 3 with units, to run unchanged in COPASI or Tellurium.

    Time is days since infection. Doses are no part of SBML: give them, as everywhere in this
    model, by adding to the ``depot_*`` and ``central_*`` states (``patient.doses()`` lists them).

    Parameters
    ----------
    path : path
        The file to write.
    patient : Patient, optional
        Its constants replace the baseline.

    Returns
    -------
    Path
        The file written.
    """
    if patient is not None and not isinstance(getattr(patient, "constants", None), Mapping):
        raise ValueError(
            f"export_sbml() takes a patient, such as cl.Patient('mild'); you gave {patient!r}."
        )
    constants = {} if patient is None else dict(patient.constants)
    for name in constants:
        if name not in physiology.baseline():
            raise ValueError(unknown("constant", name, physiology.baseline()))
    path = Path(path)
    path.write_text(write(constants), encoding="utf-8")
    return path


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _math(tag: str, key: str, symbol: str, node: ast.expr) -> str:
    math = f'<math xmlns="{_MATHML}" xmlns:sbml="{_SBML}">{_mathml(node)}</math>'
    return f'<{tag} {key}="{symbol}">{math}</{tag}>'


def _mathml(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return f"<ci>{name}</ci>"
        case ast.Constant(value=int() as value):
            return f'<cn type="integer" sbml:units="dimensionless">{value}</cn>'
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"<apply><minus/>{_mathml(operand)}</apply>"
        case ast.BinOp(op=op) if type(op) in _BINARY:
            parts = "".join(_mathml(part) for part in _operands(node))
            return f"<apply><{_BINARY[type(op)]}/>{parts}</apply>"
        case ast.Call(func=ast.Name(id="log10"), args=[argument]):
            base = '<logbase><cn type="integer" sbml:units="dimensionless">10</cn></logbase>'
            return f"<apply><log/>{base}{_mathml(argument)}</apply>"
        case ast.Call(func=ast.Name(id=("exp" | "ln") as function), args=[argument]):
            return f"<apply><{function}/>{_mathml(argument)}</apply>"
    raise ValueError(f"covid_patient.ant: '{ast.unparse(node)}' cannot be written as SBML.")


def _operands(node: ast.BinOp) -> list[ast.expr]:
    """Return the terms of a sum or the factors of a product, from left to right."""
    left = node.left
    chain = (
        type(node.op) in (ast.Add, ast.Mult)
        and isinstance(left, ast.BinOp)
        and type(left.op) is type(node.op)
    )
    return [*(_operands(left) if chain else [left]), node.right]


def _unit_definitions() -> list[str]:
    day = ("day", "86400 second")
    defined = {
        row["symbol"]: row["definition"] for row in physiology.rows("units") if row["definition"]
    }
    lines = []
    for symbol, definition in {day[0]: day[1], **defined}.items():
        if symbol == definition:  # one of SBML's own, such as litre
            continue
        units = "".join(
            f'<unit kind="{kind}" exponent="{exponent}" scale="0" multiplier="{multiplier!r}"/>'
            for kind, exponent, multiplier in _unit_parts(definition)
        )
        lines.append(
            f'<unitDefinition id="{symbol}"><listOfUnits>{units}</listOfUnits></unitDefinition>'
        )
    return lines


def _unit_parts(definition: str) -> list[tuple[str, int, float]]:
    """Read '1e-9 gram / (litre * 86400 second)' as (kind, exponent, multiplier) triples."""
    above, _, below = definition.partition("/")
    parts = []
    for text, sign in ((above, 1), (below.strip().strip("()"), -1)):
        for factor in filter(None, (f.strip() for f in text.split("*"))):
            value, kind, power = re.fullmatch(
                r"([\d.eE+-]+)?\s*([a-z]+)?(?:\^(\d+))?", factor
            ).groups()
            # SBML raises the multiplier to the exponent too, so powers get a factor of their own
            if value and kind and power:
                parts += [("dimensionless", sign, float(value)), (kind, sign * int(power), 1.0)]
            elif kind or float(value) != 1:
                parts.append((kind or "dimensionless", sign * int(power or 1), float(value or 1)))
    return parts
