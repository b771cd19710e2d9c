"""Where the facts come from: the package's bibliography, as text and as BibTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from cytolearn.wording import unknown

_ENTRY = re.compile(r"@\w+\{(?P<key>[^,\s]+),\n(?P<fields>.*?)\n\}", re.DOTALL)
_FIELD = re.compile(r"^ *(\w+) = \{(.*)\},?$", re.MULTILINE)
_ACCENTS = {r"{\~a}": "ã", r"{\c c}": "ç", r"{\`e}": "è"}


def bibtex(keys: str | Iterable[str] | None = None) -> str:
    """Return BibTeX entries, sorted by key.

    Parameters
    ----------
    keys : str or iterable of str, optional
        Keys of the bibliography or row_ids of the tables; all entries if left out.

    Raises
    ------
    ValueError
        An unknown key; names the nearest.
    """
    text = _text()
    blocks = {match["key"]: match.group(0) for match in _ENTRY.finditer(text)}
    wanted = sorted(blocks) if keys is None else sorted(_resolved(keys))
    return "\n\n".join(blocks[key] for key in wanted) + "\n"


def references(keys: str | Iterable[str] | None = None) -> str:
    """Return references to read, one a line, sorted by first author, numbered.

    Parameters
    ----------
    keys : str or iterable of str, optional
        Keys of the bibliography or row_ids of the tables; all of them if left out.

    Raises
    ------
    ValueError
        An unknown key; names the nearest.
    """
    wanted = entries() if keys is None else _resolved(keys)
    lines = sorted((_line(key) for key in wanted), key=str.casefold)
    return "\n".join(f"{n}. {line}" for n, line in enumerate(lines, 1))


def citation(key: str) -> str:
    """Return the short form: authors, journal, year, volume, pages."""
    entry = entries()[key]
    who = authors(entry.get("author", ""))
    volume = entry.get("volume", "")
    where = f"{entry['journal']} {entry.get('year', '')}".strip()
    place = ":".join(part for part in (volume, entry.get("pages", "")) if part)
    return f"{who}{where}{f';{place}' if place else ''}"


def doi(key: str) -> str:
    """Return the DOI of an entry, or "" where none is known."""
    return entries()[key].get("doi", "")


def authors(text: str) -> str:
    """Write BibTeX authors as "Hung IFN et al. ", or "" where nobody is named."""
    if not text:
        return ""
    if text.startswith("{"):
        return f"{text.strip('{}')}. "
    people = text.split(" and ")
    names = []
    for person in people:
        surname, _, initials = person.partition(", ")
        names.append(f"{surname} {re.sub('[^A-Z]', '', initials)}".strip())
    if "others" in people or len(people) > 3:
        return f"{names[0]} et al. "
    return f"{', '.join(names)}. "


@cache
def entries() -> Mapping[str, Mapping[str, str]]:
    """Return the bibliography: fields by key."""
    return MappingProxyType(
        {
            match["key"]: MappingProxyType(
                {name: _plain(value) for name, value in _FIELD.findall(match["fields"])}
            )
            for match in _ENTRY.finditer(_text())
        }
    )


@cache
def _text() -> str:
    return files("cytolearn.evidence").joinpath("sources.bib").read_text(encoding="utf-8")


def _plain(value: str) -> str:
    for code, letter in _ACCENTS.items():
        value = value.replace(code, letter)
    return value.replace("--", "-")


def _line(key: str) -> str:
    entry = entries()[key]
    title = f"{entry['title']}. " if "title" in entry else ""
    who = authors(entry.get("author", ""))
    tail = citation(key)[len(who) :]
    address = f" https://doi.org/{entry['doi']}" if "doi" in entry else ""
    note = f" ({entry['note']})" if "note" in entry else ""
    return f"{who}{title}{tail}.{note}{address}"


def _resolved(keys: str | Iterable[str]) -> set[str]:
    """Return keys of the bibliography for keys and row_ids."""
    from cytolearn.physiology.tables import read_table

    by_row = {
        row["row_id"]: row["reference"].split("; ")
        for name in ("trials.csv", "biomarkers.csv", "criteria.csv")
        for row in read_table("cytolearn.evidence", name)
    }
    found: set[str] = set()
    for key in [keys] if isinstance(keys, str) else keys:
        if key in entries():
            found.add(key)
        elif key in by_row:
            found.update(by_row[key])
        else:
            raise ValueError(unknown("source", key, [*entries(), *by_row]))
    return found
