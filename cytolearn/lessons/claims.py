"""Which claim and which misconception a learner meets where, and what proves it.

The rows are part of each lesson's content.toml (``[[claims]]``, ``[[misconceptions]]``). A proof
is a function of the lesson's checks.py that does the experiment and says whether it shows what it
should. A test runs every proof; `page_of_claims` writes the table of all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cytolearn.apps.pages import page
from cytolearn.lessons.content import computed, lesson_ids, load_content
from cytolearn.lessons.pages import read_page

#: Kinds of place, and the part of content.toml that lists them.
_LISTED = {"predict": "predictions", "task": "tasks", "quiz": "quiz", "evidence": "evidence"}


@dataclass(frozen=True)
class Shown:
    """What a proof found.

    Attributes
    ----------
    holds : bool
        Whether the learner sees what the claim's verdict, or the truth behind the misconception,
        says.
    words : str
        What is seen, with its numbers.
    """

    holds: bool
    words: str


@dataclass(frozen=True)
class Row:
    """One claim or misconception at one place of one lesson."""

    kind: str
    id: str
    lesson: str
    place: str
    proof: str

    def prove(self) -> Shown:
        """Do the experiment."""
        return computed(self.lesson, self.proof)()

    def problem(self) -> str:
        """Say what is wrong with the place; "" if it is there."""
        content = load_content(self.lesson)
        kind, _, name = self.place.partition(":")
        if kind == "app":
            known = ["", *tabs(content)]
        elif kind in _LISTED:
            known = [item["id"] for item in content[_LISTED[kind]]]
        elif kind == "page":
            known = [cell.name for cell in read_page(self.lesson)]
        else:
            return f"'{kind}' is no kind of place"
        return "" if name in known else f"there is no '{self.place}' in lesson {self.lesson}"

    def where(self) -> str:
        """Say the place in words."""
        content = load_content(self.lesson)
        kind, _, name = self.place.partition(":")
        if kind == "app":
            words = f"app, tab *{page(name).title}*" if name else "app"
        elif kind in _LISTED:
            item = next(i for i in content[_LISTED[kind]] if i["id"] == name)
            words = str(item.get("title") or item.get("claim") or f"quiz {name}")
        else:
            words = f"page, *{name}*"
        return f"[{content['number']:02d}]({content['file']}.ipynb) {words}"


def tabs(content) -> tuple[str, ...]:
    """Return the names of the secondary views of a lesson's app."""
    return tuple(content["explorer"].get("tabs", ("window", "blood")))


def rows() -> Iterator[Row]:
    """Yield every row of every lesson, in the order of the course."""
    for lesson in lesson_ids():
        content = load_content(lesson)
        for part, kind in (("claims", "claim"), ("misconceptions", "misconception")):
            for item in content.get(part, ()):
                yield Row(kind, item["id"], lesson, item["place"], item["proof"])


def page_of_claims() -> str:
    """Return claims.md: every claim and misconception, where it is met, and its proof."""
    from cytolearn import evidence

    known = {
        "claim": evidence.claims().set_index("claim_id")["claim"],
        "misconception": {m["id"]: m["misconception"] for m in evidence.misconceptions()},
    }
    found = sorted(rows(), key=lambda row: (row.kind, row.id))
    lines = [
        "# Where each claim is met",
        "",
        "The claims of the documents that this course began with, and the misconceptions that it "
        "means to overturn. Each has a place where a learner meets it, and a proof: a function of "
        "the lesson's `checks.py` that does the learner's experiment. A test runs all of them.",
    ]
    for kind, title in (("claim", "Claims"), ("misconception", "Misconceptions")):
        lines += ["", f"## {title}", "", "| id | what is said | place | proof |"]
        lines += ["|---|---|---|---|"]
        for row in (r for r in found if r.kind == kind):
            said = str(known[kind][row.id]).replace("|", "/")
            lines.append(f"| {row.id} | {said} | {row.where()} | `{row.lesson}.{row.proof}` |")
    return "\n".join(lines) + "\n"
