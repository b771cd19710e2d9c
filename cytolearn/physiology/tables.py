"""Read the CSV tables that ship inside the package."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def read_table(package: str, name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a CSV table of one of cytolearn's packages.

    Parameters
    ----------
    package : str
        Import name of the package that holds the file, such as "cytolearn.patients".
    name : str
        File name, such as "presets.csv".

    Returns
    -------
    tuple of dict
        One dict of strings a row. Shared between callers: do not change it.
    """
    with (files(package) / name).open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))
