"""The model's own tables, for readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cytolearn import physiology

if TYPE_CHECKING:
    import pandas as pd


def parameters() -> pd.DataFrame:
    """Return every constant: symbol (also the index), value, range, unit, meaning, source."""
    return _table(physiology.rows("parameters"), ["baseline", "low", "high"])


def readouts() -> pd.DataFrame:
    """Return every observable: symbol (also the index), name, unit, normal range, meaning."""
    table = _table(list(physiology.readouts().values()), ["normal_low", "normal_high"])
    return table.drop(columns=["kind", "initial"])


def _table(rows, numeric: list[str]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame([dict(row) for row in rows])
    table[numeric] = table[numeric].apply(pd.to_numeric)
    return table.set_axis(table["symbol"].tolist())
