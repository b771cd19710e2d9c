"""From true values to what a laboratory reports: assay noise, day-to-day variation, limits.

Without it every correlation in a virtual cohort is far tighter than in patients.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from cytolearn.physiology.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

_LOG_LOADS = ("viral_load", "viral_load_lung")  # log10 of copies plus one


@lru_cache(maxsize=1)
def noise_model() -> dict[str, dict[str, float]]:
    """Return the noise (spread of the logarithm, additive spread) and limits of each readout."""
    table = {}
    for row in read_table(__package__, "observation.csv"):
        table[row["readout"]] = {
            "log_sd": float(row["log_sd"]),
            "add_sd": float(row["add_sd"]),
            "lower": float(row["lower_limit"] or "-inf"),
            "upper": float(row["upper_limit"] or "inf"),
        }
    return table


def observe(frame: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Return `frame` as a laboratory would report it.

    Parameters
    ----------
    frame : pandas.DataFrame
        True values; columns are observables, rows are samples.
    seed : int
        Seed. The noise of one observable does not depend on which others are asked for.

    Returns
    -------
    pandas.DataFrame
        Same shape. Values below a detection limit are reported at the limit, as laboratories do.
        The neutrophil-lymphocyte ratio is recomputed from the two noisy counts when both are there.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed must be a whole number from 0; you gave {seed!r}.")
    model = noise_model()
    out = frame.copy()
    for name in frame.columns:
        if name not in model:
            continue
        noise = model[name]
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        z = rng.standard_normal((len(frame), 2))
        true = frame[name].to_numpy(float)
        if name in _LOG_LOADS:
            # Swabbing takes more or less of the virus that is there: none stays none.
            copies = (10**true - 1) * 10 ** (noise["add_sd"] * z[:, 1])
            values = np.log10(copies.clip(0) + 1)
        else:
            values = true * np.exp(noise["log_sd"] * z[:, 0]) + noise["add_sd"] * z[:, 1]
        out[name] = np.clip(values, noise["lower"], noise["upper"])
    if {"nlr", "alc", "neutrophils"} <= set(out.columns):
        out["nlr"] = out["neutrophils"] / out["alc"]
    return out
