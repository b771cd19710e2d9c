"""Lessons as data: find, read and check the content.toml of a lesson."""

from __future__ import annotations

import importlib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from cytolearn.lessons.answers import Expected
from cytolearn.patients import Patient
from cytolearn.wording import unknown

_HOME = files(__package__)
_NEEDED = (
    *("id", "number", "file", "title", "hook", "question", "objectives", "story", "minutes"),
    *("predictions", "explorer", "tasks", "quiz", "evidence", "equations", "closing"),
)


@cache
def lesson_ids() -> tuple[str, ...]:
    """Return the ids of all lessons, in the order of the course."""
    found = [folder.name for folder in _HOME.iterdir() if (folder / "content.toml").is_file()]
    return tuple(sorted(found, key=lambda name: read_content(name)["number"]))


def load_content(lesson_id: object) -> Mapping[str, Any]:
    """Return what a lesson says.

    Raises
    ------
    ValueError
        If there is no such lesson; the message names the nearest.
    """
    if lesson_id not in lesson_ids():
        raise ValueError(unknown("lesson", lesson_id, lesson_ids()))
    return read_content(str(lesson_id))


@cache
def read_content(lesson_id: str) -> Mapping[str, Any]:
    """Read and check one content.toml (shared: do not change it).

    Raises
    ------
    ValueError
        If something is missing or does not fit together; the message says all of it.
    """
    content = tomllib.loads(read_text(lesson_id, "content.toml"))
    problems = list(_problems(lesson_id, content))
    if problems:
        raise ValueError(f"lessons/{lesson_id}/content.toml: {'; '.join(problems)}.")
    return MappingProxyType(content)


def read_text(lesson_id: str, name: str) -> str:
    """Return the text of a file in a lesson's folder."""
    return (_HOME / lesson_id / name).read_text(encoding="utf-8")


def computed(lesson_id: str, name: str) -> Callable[[], Any]:
    """Return a function of a lesson's checks.py, by name."""
    return getattr(importlib.import_module(f"{__package__}.{lesson_id}.checks"), name)


def expected(lesson_id: str, name: str) -> Expected:
    """Return what the model says to a prediction or a task."""
    return computed(lesson_id, name)()


def find(items: Iterable[Mapping[str, Any]], item_id: object, kind: str) -> Mapping[str, Any]:
    """Return the prediction, task or question with an id.

    Raises
    ------
    ValueError
        If there is none; the message names the nearest.
    """
    by_id = {item["id"]: item for item in items}
    if item_id not in by_id:
        raise ValueError(unknown(kind, item_id, by_id))
    return by_id[item_id]


def person(content: Mapping[str, Any], name: str) -> Patient:
    """Return a person of the story: a preset, or a preset with some constants changed."""
    spec = content["patients"][name]
    preset, own = (spec, {}) if isinstance(spec, str) else (spec["preset"], dict(spec))
    own.pop("preset", None)
    return Patient(preset, label=name, **own)


def references(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the sources of the evidence cards: text and doi, each once, in alphabetical order."""
    findings = [
        finding
        for card in content["evidence"]
        for side in ("for", "against")
        for finding in card.get(side, [])
    ]
    by_doi = {f["doi"]: f["source"] for f in reversed(findings) if f["doi"]}
    return sorted((source, doi) for doi, source in by_doi.items())


def bibtex(content: Mapping[str, Any]) -> str:
    """Return the sources of the evidence cards as BibTeX.

    What the package's bibliography has is taken from there; of other sources only what the card
    says is known.
    """
    from cytolearn import evidence
    from cytolearn.evidence.sources import entries

    keys = {entry["doi"].casefold(): key for key, entry in entries().items() if "doi" in entry}
    found, names = [], []
    for source, doi in references(content):
        if doi.casefold() in keys:
            found.append(evidence.bibtex(keys[doi.casefold()]).strip())
        else:
            name = re.sub(r"\W+", "_", source.split(",")[0]).strip("_").casefold()
            names.append(name)
            name += "_" * (names.count(name) - 1)  # two papers of one group in one year
            found.append(f"@misc{{{name},\n  note = {{{source}}},\n  doi = {{{doi}}},\n}}")
    return "\n\n".join(found) + "\n"


def _problems(lesson_id: str, content: Mapping[str, Any]) -> Iterable[str]:
    missing = [key for key in _NEEDED if key not in content]
    if missing:
        yield f"missing {', '.join(missing)}"
        return
    if content["id"] != lesson_id:
        yield f"id '{content['id']}' is not the folder's name"
    ids = [item["id"] for part in ("predictions", "tasks", "quiz") for item in content[part]]
    yield from (f"id '{name}' is used twice" for name in sorted(set(ids)) if ids.count(name) > 1)
    for question in (*content["predictions"], *content["quiz"]):
        letters = [option["letter"] for option in question["options"]]
        if letters != list("ABCDEFGH"[: len(letters)]):
            yield f"{question['id']}: options must be A, B, C ..."
        if "answer" in question and question["answer"] not in letters:
            yield f"{question['id']}: the answer is none of the options"
    spec, people = content["explorer"], content.get("patients", {})
    for role in ("patient", "reference"):
        if role in spec and spec[role] not in people:
            yield f"explorer.{role} '{spec[role]}' is none of the people: {', '.join(people)}"
    for task in content["tasks"]:
        if len(task["hints"]) != 3:
            yield f"{task['id']}: three hints are needed"
