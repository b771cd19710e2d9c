"""The model's own tables, for readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cytolearn import physiology

if TYPE_CHECKING:
    import pandas as pd


def parameters() -> pd.DataFrame:
    """Return every constant: value, range, unit, meaning, source and badge, by symbol."""
    return _table(physiology.rows("parameters"), ["baseline", "low", "high"])


def readouts() -> pd.DataFrame:
    """Return every observable: name, unit, normal range and meaning, by symbol."""
    table = _table(list(physiology.readouts().values()), ["normal_low", "normal_high"])
    return table.drop(columns=["kind", "initial"])


def _table(rows, numeric: list[str]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame([dict(row) for row in rows]).set_index("symbol")
    table[numeric] = table[numeric].apply(pd.to_numeric)
    return table
