"""An ensemble of parameter sets: what holds only for one fine-tuned set, and what holds widely.

The model has more constants than data can identify. Instead of one set we ship many that
all meet the same stated criteria, and report a claim as the share of sets in which it holds.
"""

from __future__ import annotations

import csv
import gzip
import io
import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cytolearn import physiology
from cytolearn.credibility.claims import CLAIMS, CRITERIA, ParameterSet
from cytolearn.simulation import SimulationError
from cytolearn.treatments import TeachingWarning

if TYPE_CHECKING:
    import pandas as pd

_ENSEMBLE, _CLAIMS = "ensemble.csv.gz", "claims.csv"
SIZE, SEED = 200, 7
_TRIES = 20  # sets tried for each one wanted before giving up
SPREAD = 0.12  # standard deviation of the logarithm of every perturbed constant


def perturbed_constants() -> tuple[str, ...]:
    """Return what varies: assumptions (badge D) outside drugs, readouts and patients."""
    fixed = {"drugs", "readout", "clock", "patient"}
    return tuple(
        row["symbol"]
        for row in physiology.rows("parameters")
        if row["badge"] == "D" and row["group"] not in fixed and row["low"] != row["high"]
    )


def meets_criteria(constants: Mapping[str, float]) -> bool:
    """Return whether a parameter set meets every criterion; one without a solution does not."""
    candidate = ParameterSet(constants)
    try:
        return all(criterion(candidate) for criterion in CRITERIA.values())
    except SimulationError:
        return False


def draw_candidate(number: int, seed: int = SEED) -> dict[str, float]:
    """Return one perturbed parameter set; the same number always gives the same set."""
    rng = np.random.default_rng([seed, number])
    baseline, limits = physiology.baseline(), physiology.limits()
    constants = {}
    for symbol in perturbed_constants():
        value = baseline[symbol] * np.exp(SPREAD * rng.standard_normal())
        constants[symbol] = float(f"{np.clip(value, *limits[symbol]):.5g}")
    return constants


def make_ensemble(size: int = SIZE, batch: int = 40) -> tuple[list[dict[str, float]], int]:
    """Draw parameter sets until `size` of them meet the criteria (minutes).

    Returns
    -------
    (list of dict, int)
        The accepted sets, in the order in which they were drawn, and how many were tried.

    Raises
    ------
    RuntimeError
        If almost no set meets the criteria.
    """
    from concurrent.futures import ProcessPoolExecutor

    accepted: list[dict[str, float]] = []
    tried = 0
    with ProcessPoolExecutor() as pool:
        while len(accepted) < size:
            if tried >= _TRIES * size:
                raise RuntimeError(
                    f"Only {len(accepted)} of {tried} parameter sets meet the criteria. Probably "
                    "the baseline fails one of them: check it with meets_criteria({})."
                )
            candidates = [draw_candidate(tried + i) for i in range(batch)]
            for candidate, good in zip(
                candidates, pool.map(meets_criteria, candidates, chunksize=5), strict=True
            ):
                if len(accepted) < size:
                    tried += 1
                    accepted += [candidate] if good else []
    return accepted, tried


def write_ensemble(members: Sequence[Mapping[str, float]], path: str | Path | None = None) -> None:
    """Write an ensemble beside this file (or to `path`); the bytes depend on the numbers only."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(members[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(members)
    destination = Path(path) if path else Path(__file__).with_name(_ENSEMBLE)
    destination.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


@cache
def ensemble() -> tuple[dict[str, float], ...]:
    """Return the parameter sets that ship with the package (200 or more)."""
    raw = gzip.decompress((files(__package__) / _ENSEMBLE).read_bytes()).decode()
    rows = csv.DictReader(io.StringIO(raw))
    return tuple({symbol: float(value) for symbol, value in row.items()} for row in rows)


def _holds(constants: Mapping[str, float]) -> list[bool]:
    candidate = ParameterSet(constants)
    with warnings.catch_warnings():
        # An early steroid is what some claims are about.
        warnings.simplefilter("ignore", TeachingWarning)
        return [bool(rule(candidate)) for rule in CLAIMS.values()]


def make_claims(members: Iterable[Mapping[str, float]] | None = None) -> pd.DataFrame:
    """Compute in what share of the ensemble each claim holds (minutes)."""
    from concurrent.futures import ProcessPoolExecutor

    import pandas as pd

    members = list(ensemble() if members is None else members)
    with ProcessPoolExecutor() as pool:
        held = np.array(list(pool.map(_holds, members, chunksize=5)))
    return pd.DataFrame(
        {
            "claim": list(CLAIMS),
            "share_of_ensemble": held.mean(axis=0).round(3),
            "holds_at_baseline": _holds({}),
            "members": len(members),
        }
    )


def write_claims(path: str | Path | None = None) -> pd.DataFrame:
    """Compute the claims table and write it beside this file (or to `path`)."""
    claims = make_claims()
    destination = Path(path) if path else Path(__file__).with_name(_CLAIMS)
    claims.to_csv(destination, index=False, lineterminator="\n")
    return claims


def robust_claims() -> pd.DataFrame:
    """Return the claims that ship, and the share of the ensemble in which each holds."""
    import pandas as pd

    return pd.read_csv(io.BytesIO((files(__package__) / _CLAIMS).read_bytes()))
