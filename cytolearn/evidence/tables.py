"""The published facts as tables: trials, biomarkers, criteria, claims, misconceptions.

Every table is a file of this package. An empty cell means unknown. ``from_memory`` marks a row
whose main number was not seen in a source when the table was compiled; ``memory_fields`` names
single cells of that kind in a row that otherwise was.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from cytolearn.evidence import sources
from cytolearn.physiology.tables import read_table
from cytolearn.treatments import drugs
from cytolearn.wording import nearest, unknown

if TYPE_CHECKING:
    import pandas as pd

    from cytolearn.evidence.frame import Trials

_NUMBERS = (
    "year",
    "n_treated",
    "n_control",
    "events_treated",
    "events_control",
    "effect",
    "ci_low",
    "ci_high",
    "ci_percent",
)
# A filter on one of these finds its words inside a cell: "severe" finds "moderate to severe".
_BY_WORD = ("severity", "steroid")
Wanted = str | int | bool | Sequence[str | int] | None


def trials(
    drug: Wanted = None,
    population: Wanted = None,
    design: Wanted = None,
    class_: Wanted = None,
    severity: Wanted = None,
    steroid: Wanted = None,
    outcome: Wanted = None,
    level: Wanted = None,
    year: Wanted = None,
    study: Wanted = None,
    row_id: Wanted = None,
    from_memory: bool | None = None,
) -> Trials:
    """Return published trials and cohorts, one row a trial, subgroup, outcome or arm comparison.

    Every argument narrows the table; a list means "any of these". Capitals, spaces and hyphens
    do not matter.

    Parameters
    ----------
    drug : str or list of str, optional
        A treatment of this package ("tocilizumab", "ifn_beta_1a" ...) or another drug of the
        table ("tofacitinib", "lenzilumab" ...).
    population : str or list of str, optional
        "outpatients", "hospital", "intensive care" or "sepsis, not COVID-19".
    design : str or list of str, optional
        "RCT" (randomised), "meta-analysis of RCTs", "meta-analysis of cohorts", "cohort",
        "single arm" or "case series".
    class_ : str or list of str, optional
        Class of drug, such as "IL-6 blockade", "corticosteroid", "JAK inhibitor".
    severity : str or list of str, optional
        "mild", "moderate", "severe", "critical" or "all"; finds each row that contains the word.
    steroid : str, bool or list, optional
        "with" or True (all or most patients had a corticosteroid besides), "without" or False,
        "tested" (the drug tested is a corticosteroid).
    outcome : str or list of str, optional
        Kind of outcome: "death", "ventilation or death", "virus" ...
    level : str or list of str, optional
        "trial", "subgroup" or "meta-analysis".
    year : int or list of int, optional
        Year of publication.
    study, row_id : str or list of str, optional
        Name of a trial in the column ``study``; the stable name of a row.
    from_memory : bool, optional
        True: only rows whose main number was not seen in a source. False: none of these.

    Returns
    -------
    Trials
        A pandas DataFrame, one row a comparison, with ``.forest()``, ``.pool()`` and
        ``.independent()``. Columns: see `columns`.

    Raises
    ------
    ValueError
        A value that no row has; names the nearest.
    """
    from cytolearn.evidence.frame import Trials

    wanted = {
        "drug": drug,
        "population": population,
        "design": design,
        "drug_class": class_,
        "severity": severity,
        "steroid": {True: "with", False: "without"}.get(steroid, steroid)
        if isinstance(steroid, bool)
        else steroid,
        "outcome_group": outcome,
        "level": level,
        "year": year,
        "study": study,
        "row_id": row_id,
    }
    return Trials(_narrow(_trials(), wanted, from_memory))


def biomarkers(
    analyte: Wanted = None, readout: Wanted = None, from_memory: bool | None = None
) -> pd.DataFrame:
    """Return published laboratory values by severity, one row an analyte and cohort.

    Values are text, as published: "0.80 (0.3-2.4)" or "lower than mild"; ``statistic`` says what
    the figures are (median with range, mean with standard error ...).

    Parameters
    ----------
    analyte : str or list of str, optional
        As in the column of that name: "IL-6", "Ferritin" ...
    readout : str or list of str, optional
        The readout of the virtual patient that it corresponds to: "il6", "cd4" ...
    from_memory : bool, optional
        As in `trials`.

    Raises
    ------
    ValueError
        Unknown analyte or readout; names the nearest.
    """
    return _narrow(_frame("biomarkers.csv"), {"analyte": analyte, "readout": readout}, from_memory)


def criteria_items(criteria: Wanted = None, from_memory: bool | None = None) -> pd.DataFrame:
    """Return the definitions of "cytokine storm" and related rules, item by item.

    Parameters
    ----------
    criteria : str or list of str, optional
        "CRS risk (Wang 2020)", "HScore", "MAS or immune dysregulation", "Temple", "cHIS",
        "SAVE-MORE", "HLH-2004" or "RECOVERY tocilizumab".
    from_memory : bool, optional
        As in `trials`.

    Raises
    ------
    ValueError
        Unknown set of criteria; names the nearest.
    """
    return _narrow(_frame("criteria.csv"), {"criteria": criteria}, from_memory)


def claims(document: Wanted = None, lesson: Wanted = None, verdict: Wanted = None) -> pd.DataFrame:
    """Return the claims of 2020 that this course tests, and what the literature says of them now.

    Parameters
    ----------
    document : str or list of str, optional
        The text that made the claim.
    lesson : str or list of str, optional
        Lesson that shows it: "interferon", "storm" ...
    verdict : str or list of str, optional
        "supported", "revised", "refuted", "open" or "resolved"; ``verdict_detail`` says more.

    Returns
    -------
    pandas.DataFrame
        Columns claim_id, document, claim, lessons, verdict, verdict_detail, evidence, trial_rows
        (row_ids of `trials`), status, how_to_see, source, from_memory (some of it).

    Raises
    ------
    ValueError
        A value that no claim has; names the nearest.
    """
    frame = _frame("claims.csv")
    return _narrow(frame, {"document": document, "lessons": lesson, "verdict": verdict}, None)


def worked_patients() -> pd.DataFrame:
    """Return three made-up patients with what each set of criteria must say of them.

    One row an item (``kind``: story, input or expected), one column a patient, with units.
    """
    return _frame("worked_patients.csv")


def misconceptions(id: str | None = None, *, lesson: str | None = None) -> Any:
    """Return the misconceptions, each with an experiment and a question.

    Parameters
    ----------
    id : str, optional
        One of them by its stable id, such as "M05".
    lesson : str, optional
        Only those of one lesson, such as "storm".

    Returns
    -------
    list of dict, or dict
        Keys: id, lesson, misconception, truth, experiment, question, trial_rows, from_memory, and
        options: a list of dicts with letter, correct (exactly one), text and feedback. One dict
        if `id` is given. A copy: change it as you like.

    Raises
    ------
    ValueError
        Unknown id or lesson; names the nearest.
    """
    found = [copy.deepcopy(entry) for entry in _misconceptions()]
    if lesson is not None:
        known = sorted({entry["lesson"] for entry in found})
        if lesson not in known:
            raise ValueError(unknown("lesson with misconceptions", lesson, known))
        found = [entry for entry in found if entry["lesson"] == lesson]
    if id is None:
        return found
    by_id = {entry["id"]: entry for entry in found}
    if id not in by_id:
        raise ValueError(unknown("misconception", id, by_id, show=50))
    return by_id[id]


@cache
def _misconceptions() -> tuple[dict, ...]:
    text = files("cytolearn.evidence").joinpath("misconceptions.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["misconceptions"])


@cache
def _trials() -> pd.DataFrame:
    import pandas as pd

    frame = _frame("trials.csv")
    for column in _NUMBERS:
        frame[column] = pd.to_numeric(frame[column])
    return frame.copy()  # in one piece: selecting rows is several times faster


def _frame(name: str) -> pd.DataFrame:
    """Read a table; add whether a row is from memory, and citation and DOI from its keys."""
    import pandas as pd

    frame = pd.DataFrame([dict(row) for row in read_table("cytolearn.evidence", name)])
    if "status" in frame:
        frame["from_memory"] = frame["status"].str.contains("from memory")
    if "reference" in frame:
        keys = frame["reference"].str.split("; ")
        frame["citation"] = keys.map(lambda some: "; ".join(map(sources.citation, some)))
        frame["doi"] = keys.map(lambda some: "; ".join(filter(None, map(sources.doi, some))))
    return frame


def _narrow(
    frame: pd.DataFrame, wanted: dict[str, Wanted], from_memory: bool | None
) -> pd.DataFrame:
    """Keep the rows that have every wanted value. The sieve says which value emptied the table."""
    keep = frame["from_memory"].eq(from_memory) if from_memory is not None else frame.index >= 0
    kept = frame[keep]
    for column, value in wanted.items():
        if value is None:
            continue
        names = resolve(frame[column], value, _label(column), by_word=column in _BY_WORD)
        cells = kept[column].map(lambda cell, c=column: _parts(cell, c in _BY_WORD))
        kept = kept[cells.map(lambda parts, n=names: bool(parts & n))]
    return kept.reset_index(drop=True)


def resolve(cells: Iterable, value: Wanted, kind: str, *, by_word: bool = False) -> set[str]:
    """Return the spellings of the table that `value` means, or say which lie nearest.

    Parameters
    ----------
    cells : iterable
        A column of a table.
    value : str, int or list of these
        What the reader wrote; capitals, spaces, hyphens and underscores do not matter.
    kind : str
        What it is, in words.
    by_word : bool, default False
        Whether the words of a cell count one by one.

    Raises
    ------
    ValueError
        A value that no cell has.
    """
    allowed = sorted(set().union(*(_parts(cell, by_word) for cell in cells)) - {""})
    by_key = {_key(name): name for name in allowed}
    several = isinstance(value, (list, tuple, set, frozenset))
    found = set()
    for one in value if several else [value]:
        if _key(one) not in by_key:
            if kind == "drug" and _key(one) in {_key(drug) for drug in drugs()}:
                raise ValueError(
                    f"No row of the published table tests '{one}', although a virtual patient can "
                    f"have it. Drugs with rows: {', '.join(allowed)}."
                )
            raise ValueError(unknown(kind, one, nearest(one, allowed) or allowed, show=60))
        found.add(by_key[_key(one)])
    if not found:
        raise ValueError(f"An empty list for {kind} leaves no row. Name one, or leave it out.")
    return found


def _parts(cell: object, by_word: bool) -> set[str]:
    if by_word:
        return set(re.findall(r"[a-z]+", str(cell))) - {"to", "mostly"}
    return set(str(cell).split("; "))


def _key(value: object) -> str:
    return re.sub(r"[^a-z0-9]+", "", str(value).lower())


def _label(column: str) -> str:
    return {
        "drug_class": "class of drug",
        "outcome_group": "kind of outcome",
        "row_id": "row",
        "lessons": "lesson",
    }.get(column, column)


def columns() -> dict[str, str]:
    """Return what each column of `trials` means."""
    return {
        row["column"]: row["meaning"] for row in read_table("cytolearn.evidence", "columns.csv")
    }
