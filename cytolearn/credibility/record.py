"""The calibration record: every target, what the model says, inside or not, and why not."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from cytolearn.credibility.measures import MEASURES, Bench
from cytolearn.physiology.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

_RECORD = "record.csv"


def targets() -> tuple[dict[str, str], ...]:
    """Return the rows of targets.csv: what was observed, in whom, and what counts as inside."""
    return read_table(__package__, "targets.csv")


def is_inside(target: dict[str, str], value: float | None) -> bool:
    """Return whether a model value lies within a target's accepted range.

    A target without an accepted range cannot be met: it counts as a miss.
    """
    low, high = target["accept_low"], target["accept_high"]
    if value is None or not math.isfinite(value) or not (low or high):
        return False
    return float(low or "-inf") <= value <= float(high or "inf")


def make_record(bench: Bench | None = None) -> pd.DataFrame:
    """Compute the calibration record afresh (about a minute).

    Parameters
    ----------
    bench : Bench, optional
        The cohort to measure; 2,000 virtual patients by default.

    Returns
    -------
    pandas.DataFrame
        The rows of targets.csv with `model` and `inside`.
    """
    import pandas as pd

    bench = bench or Bench()
    rows = []
    for target in targets():
        measure = MEASURES.get(target["id"])
        value = measure(bench) if measure else None
        inside = is_inside(target, value)
        rows.append(
            {
                **{
                    k: target[k]
                    for k in (
                        "id",
                        "domain",
                        "finding",
                        "quantity",
                        "observed",
                        "low",
                        "high",
                        "unit",
                    )
                },
                "accept_low": target["accept_low"],
                "accept_high": target["accept_high"],
                "model": "" if value is None else f"{value:.4g}",
                "inside": inside,
                "reason_if_missed": "" if inside else target["reason_if_missed"],
                **{k: target[k] for k in ("population", "citation", "doi", "status")},
            }
        )
    return pd.DataFrame(rows)


def write_record(path: str | Path | None = None) -> pd.DataFrame:
    """Compute the record and write it beside this file (or to `path`)."""
    record = make_record()
    destination = Path(path) if path else Path(__file__).with_name(_RECORD)
    record.to_csv(destination, index=False, lineterminator="\n")
    return record


def calibration_record() -> pd.DataFrame:
    """Return the calibration record that ships with the package.

    Returns
    -------
    pandas.DataFrame
        One row a published observation: observed and model value, accepted range, inside or not,
        and the reason of each miss.
    """
    import pandas as pd

    record = pd.DataFrame(read_table(__package__, _RECORD))
    return record.assign(inside=record["inside"] == "True")
