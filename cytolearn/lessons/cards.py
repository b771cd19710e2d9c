"""Words into cards: HTML for the page, plain text for everybody else. No widgets, no science."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

BADGES = {
    "A": "replicated trial or measurement",
    "B": "cohorts, replicated",
    "C": "one cohort, or mechanism",
    "D": "assumption of the model",
}
STATUS = {
    "VERIFIED": "number seen in the source",
    "MEMORY": "from memory, not yet checked",
}

_CSS = (files(__package__) / "style.css").read_text(encoding="utf-8")
#: The style element of cards and question widgets. It follows the page's theme.
STYLE = f"<style>{' '.join(_CSS.split())}</style>"


@dataclass(frozen=True)
class Card:
    """Something to read: shown as HTML where that is possible, as plain text elsewhere.

    Attributes
    ----------
    body : str
        HTML.
    text : str
        The same in plain text.
    """

    body: str
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return page(self.body)


def page(body: str) -> str:
    """Wrap HTML with the style of the lessons."""
    return f'{STYLE}<div class="cl-lesson">{body}</div>'


def box(body: str, mood: str = "") -> str:
    """Put HTML in a coloured box: "good", "warn" or neutral."""
    return f'<div class="{f"cl-box {mood}".strip()}">{body}</div>'


def rich(text: str) -> str:
    """Turn `code`, **strong** and *emphasis* into HTML; escape the rest.

    >>> rich("a < b is **true**")
    'a &lt; b is <strong>true</strong>'
    """
    out = html.escape(text.strip(), quote=False)
    out = re.sub(r"`([^`]+)`", r"<code>\1</code>", out)
    out = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", out)
    out = re.sub(r"(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])", r"<em>\1</em>", out)
    return out.replace("\n\n", "</p><p>")


def plain(text: str) -> str:
    """Take the marks of `rich` out of a text."""
    return re.sub(r"\*\*|`|(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*])", "", text.strip())


def filled(text: str, facts: Mapping[str, str]) -> str:
    """Put computed facts into a text; an unknown {name} stays visible."""
    return re.sub(r"\{(\w+)\}", lambda match: str(facts.get(match[1], match[0])), text)


def hint_ladder(hints: Iterable[str]) -> str:
    """Nest hints, so that each opens only after the one before it; no kernel is needed."""
    steps = list(hints)
    out = ""
    for number in range(len(steps), 0, -1):
        out = (
            f"<details><summary>Hint {number} of {len(steps)}</summary>"
            f"<p>{rich(steps[number - 1])}</p>{out}</details>"
        )
    return out


def options_list(question: Mapping[str, Any]) -> str:
    """Write a question with its options, for readers without widgets."""
    items = "".join(
        f"<p>{option['letter']}&ensp;{rich(option['text'])}</p>" for option in question["options"]
    )
    return f"<p><strong>{rich(question['question'])}</strong></p>{items}"


def options_text(question: Mapping[str, Any]) -> str:
    """Write a question with its options as plain text."""
    options = [f"  {option['letter']}  {plain(option['text'])}" for option in question["options"]]
    return "\n".join([plain(question["question"]), *options])


def evidence_card(card: Mapping[str, Any], model: str) -> Card:
    """Set a claim of the lesson beside what was published for and against it.

    Parameters
    ----------
    card : mapping
        ``claim``, ``badge`` and the findings ``for`` and ``against``.
    model : str
        What the model shows, in words.
    """
    meaning = BADGES[card["badge"]]
    badge = f'<span class="cl-badge" title="{meaning}">Evidence {card["badge"]}: {meaning}</span>'
    sides, lines = "", [f"{plain(card['claim'])} [evidence {card['badge']}: {meaning}]"]
    lines.append(f"  In this model: {plain(model)}")
    for side, heading in (("for", "In patients, for"), ("against", "In patients, against")):
        findings = card.get(side, [])
        items = "".join(f"<li>{_finding(finding)}</li>" for finding in findings)
        sides += f"<div><h4>{heading}</h4><ul>{items or '<li>Nothing found.</li>'}</ul></div>"
        lines += [f"  {heading}:", *(f"    - {_finding_text(finding)}" for finding in findings)]
    body = (
        f'<div class="cl-evidence"><h3>{rich(card["claim"])} {badge}</h3>'
        f"<p><strong>In this model:</strong> {rich(model)}</p>"
        f'<div class="cl-sides">{sides}</div></div>'
    )
    return Card(body, "\n".join(lines))


def stack(cards: Iterable[Card]) -> Card:
    """Put cards below each other."""
    cards = list(cards)
    return Card("".join(card.body for card in cards), "\n\n".join(card.text for card in cards))


def doi_link(doi: str) -> str:
    """Link a doi."""
    return f'<a href="https://doi.org/{html.escape(doi)}">doi:{html.escape(doi)}</a>'


def _doubt(finding: Mapping[str, str]) -> str:
    return " (doi from memory)" if finding.get("doi_status") == "MEMORY" else ""


def _finding(finding: Mapping[str, str]) -> str:
    doi = f", {doi_link(finding['doi'])}{_doubt(finding)}" if finding["doi"] else ""
    status = finding["status"]
    return (
        f'{rich(finding["text"])} <span class="small">{html.escape(finding["source"])}{doi}. '
        f'<span title="{STATUS[status]}">{status}</span></span>'
    )


def _finding_text(finding: Mapping[str, str]) -> str:
    doi = f", doi:{finding['doi']}{_doubt(finding)}" if finding["doi"] else ""
    return f"{plain(finding['text'])} ({finding['source']}{doi}. {finding['status']})"
