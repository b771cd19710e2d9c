"""The glossary: every technical term of the lessons, in plain words, as data and as a page.

The page is Markdown, not a notebook: nothing in it runs, its history can be read, and a link to it
opens rendered in JupyterLab as on a code host. Where a term is first met is looked up in the
lessons, so that it cannot go stale. ``cytolearn build`` writes the page.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from cytolearn.lessons.cards import Card, box, rich
from cytolearn.lessons.content import lesson_ids, load_content, read_text
from cytolearn.lessons.pages import read_page
from cytolearn.wording import unknown

#: Parts of content.toml that are names of things in the code, or citations.
_NO_PROSE = frozenset(
    (
        *("id", "file", "kind", "letter", "answer", "expects", "reveal", "model", "proof", "place"),
        *("status", "doi", "doi_status", "source", "badge", "patients", "patient", "reference"),
        *("controls", "readouts", "treatments", "tabs", "directions", "sections", "zero", "show"),
        "choices",
    )
)
Term = Mapping[str, object]


@cache
def terms() -> Mapping[str, Term]:
    """Return all terms by name: ``name``, ``also`` (other names) and ``means``.

    Raises
    ------
    ValueError
        If a name is used twice.
    """
    text = (files(__package__) / "glossary.toml").read_text(encoding="utf-8")
    found: dict[str, Term] = {}
    taken: set[str] = set()
    for row in tomllib.loads(text)["term"]:
        names = [row["name"], *row.get("also", ())]
        twice = taken.intersection(names)
        if twice:
            raise ValueError(f"glossary.toml: {', '.join(sorted(twice))} stands there twice.")
        taken.update(names)
        found[row["name"]] = MappingProxyType({"also": (), **row})
    return MappingProxyType(dict(sorted(found.items(), key=lambda item: item[0].casefold())))


@cache
def _by_any_name() -> Mapping[str, str]:
    return {
        name.casefold(): term["name"]
        for term in terms().values()
        for name in (term["name"], *term["also"])
    }


def explain(word: str) -> Card:
    """Explain a technical term.

    Parameters
    ----------
    word : str
        A term or one of its other names, such as "IL-6" or "interleukin 6".

    Raises
    ------
    ValueError
        If the glossary does not have it; the message names the nearest.

    Examples
    --------
    >>> explain("interleukin 10")
    IL-10. Interleukin 10: a cytokine that restrains inflammation.
    """
    known = _by_any_name()
    name = known.get(str(word).strip().casefold())
    if name is None:
        every = [n for term in terms().values() for n in (term["name"], *term["also"])]
        raise ValueError(unknown("term", word, every))
    term = terms()[name]
    text = f"{name}. {term['means']}"
    return Card(box(f"<strong>{rich(name)}</strong>. {rich(str(term['means']))}"), text)


def pattern(term: Term) -> re.Pattern[str]:
    """Return what finds a term in a text: capitals count in abbreviations and nowhere else."""
    words = []
    for name in (term["name"], *term["also"]):
        capitals = sum(letter.isupper() for letter in str(name))
        flags = "" if capitals > 1 else "i"
        body = re.escape(str(name))
        words.append(f"(?{flags}:{body})" if flags else body)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(words)})(?![\w])")


def _words(item: object) -> Iterator[str]:
    """Yield the texts of a part of content.toml, without what is no prose."""
    if isinstance(item, str):
        yield item
    elif isinstance(item, Mapping):
        for key, value in item.items():
            if key not in _NO_PROSE:
                yield from _words(value)
    elif isinstance(item, list):
        for value in item:
            yield from _words(value)


@cache
def lesson_text(lesson_id: str) -> str:
    """Return the words that a lesson shows: its content, its page and its diagram."""
    words = [*_words(load_content(lesson_id))]
    words += [cell.text for cell in read_page(lesson_id) if cell.kind == "markdown"]
    words += re.findall(r">([^<>]+)<", read_text(lesson_id, "mechanism.svg"))
    return "\n".join(words)


@cache
def first_met(name: str) -> str:
    """Return the id of the first lesson that uses a term; "" if none does."""
    found = pattern(terms()[name])
    return next((one for one in lesson_ids() if found.search(lesson_text(one))), "")


def page() -> str:
    """Return the glossary as Markdown: the same terms and lessons, the same text."""
    lines = [
        "# Glossary",
        "",
        "The technical terms of this course in plain words. The number says in which lesson a term "
        "is first met. In a notebook, `from cytolearn.lessons.glossary import explain` and "
        '`explain("IL-6")` say the same.',
        "",
        "*Written from `cytolearn/lessons/glossary.toml`; change it there.*",
    ]
    letter = ""
    for name, term in terms().items():
        if name[0].upper() != letter:
            letter = name[0].upper()
            lines += ["", f"## {letter}", ""]
        lines.append(f"- **{name}**{_also(term)}. {term['means']}{_where(name)}")
    return "\n".join(lines) + "\n"


def _also(term: Term) -> str:
    """Name the other names that the definition and the term itself do not give already."""
    said = f"{term['name']} {term['means']}".casefold()
    more = [str(name) for name in term["also"] if str(name).casefold() not in said]
    more = [name for name in more if name.rstrip("s") not in [m for m in more if m != name]]
    more = [name for name in more if name.casefold().rstrip("s") not in said]
    return f" ({', '.join(more)})" if more else ""


def _where(name: str) -> str:
    lesson = first_met(name)
    if not lesson:
        return ""
    content = load_content(lesson)
    return f" [{content['number']:02d}]({content['file']}.ipynb)"
