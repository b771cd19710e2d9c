"""The model, as data: equations, constants, observables and units of the virtual patient.

No other package of cytolearn holds a number, a unit or an equation of the model.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from cytolearn.physiology.tables import read_table

_FILES = files(__name__)
MODEL_NAME = "covid_patient"


def rows(table: str) -> tuple[dict[str, str], ...]:
    """Return the rows of one of the model's tables: "parameters", "readouts" or "units"."""
    return read_table(__name__, f"{table}.csv")


@cache
def baseline() -> MappingProxyType[str, float]:
    """Return the baseline of every constant, including age and weight (read-only)."""
    return MappingProxyType({row["symbol"]: float(row["baseline"]) for row in rows("parameters")})


@cache
def limits() -> MappingProxyType[str, tuple[float, float]]:
    """Return the lowest and highest allowed value of every constant (read-only)."""
    return MappingProxyType(
        {r["symbol"]: (float(r["low"]), float(r["high"])) for r in rows("parameters")}
    )


@cache
def initial_states() -> MappingProxyType[str, str]:
    """Return the start of every state, as an expression of constants (read-only)."""
    return MappingProxyType(
        {row["symbol"]: row["initial"] for row in rows("readouts") if row["initial"]}
    )


@cache
def readouts() -> MappingProxyType[str, MappingProxyType[str, str]]:
    """Return the rows of the public observables, by symbol, in the order of the table."""
    return MappingProxyType(
        {r["symbol"]: MappingProxyType(r) for r in rows("readouts") if r["kind"] == "observable"}
    )


@cache
def antimony_source() -> str:
    """Return the whole model as Antimony text: equations, values, starts and units.

    The persons' traits that the equations do not use (age, weight, incubation) are left out.
    """
    equations = (_FILES / f"{MODEL_NAME}.ant").read_text(encoding="utf-8")
    # Antimony ends a statement with its line; ours go on where a line starts with an operator.
    body, _, _ = re.sub(r"\n\s+(?=[-+*]|/(?!/))", " ", equations).rpartition("end")
    units = {row["unit"]: row["symbol"] for row in rows("units")}
    lines = [
        f"  unit {row['symbol']} = {row['definition']};"
        for row in rows("units")
        if row["definition"]
    ]
    lines += ["  unit time_unit = 86400 second;"]
    for row in rows("parameters"):
        if row["kind"] == "person":
            continue
        symbol = row["symbol"]
        lines += [
            f"  {symbol} = {row['baseline']}; {symbol} has {units[row['unit']]};",
            f'  {symbol} is "{row["name"]}";',
        ]
    for row in rows("readouts"):
        symbol = row["symbol"]
        if row["initial"]:
            lines.append(f"  {symbol} = {row['initial']};")
        lines += [
            f"  var {symbol}; {symbol} has {units[row['unit']]};",
            f'  {symbol} is "{row["name"]}";',
        ]
    return body + "\n".join(lines) + "\nend\n"
