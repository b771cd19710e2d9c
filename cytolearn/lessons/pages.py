"""From a page's source to a notebook: percent format in, cells with stable ids out. No kernel."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cytolearn import physiology
from cytolearn.lessons.content import load_content, read_text
from cytolearn.wording import unit_words

#: The parts of every page, in order: tag, whether markdown and code cells belong to it, and the
#: heading that its first cell carries ("" for none). A test holds every lesson to it.
GRAMMAR: tuple[tuple[str, str, str], ...] = (
    ("title", "markdown", "# "),
    ("question", "markdown", "## The question"),
    ("setup", "code", ""),
    ("story", "markdown", "## The story"),
    ("predict", "markdown", "## Predict"),
    ("ask", "code", ""),
    ("see", "both", "## See"),
    ("legend", "markdown", "## Legend"),
    ("explain", "both", "## Explain"),
    ("bridge", "both", "## The same in three lines"),
    ("do", "both", "## Do"),
    ("quiz", "both", "## Quiz"),
    ("evidence", "both", "## Evidence"),
    ("key-points", "markdown", "## Key points"),
    ("progress", "both", "## Progress"),
    ("references", "both", "## References"),
)
MOST_LINES, MOST_WORDS, STORY_WORDS = 8, 130, 120
#: Opens every page: a page that was saved shows its widgets as missing until they are made again.
OPENING = (
    "**Each time you open this page**, choose *Run ▸ Run All Cells* and start at the top: until "
    "then its app is missing (*model not found*). No Python? [Binder](https://mybinder.org) "
    "runs this page in a browser (see the README)."
)
SAVING = (
    "*Save your logbook:* every answer is stored at once in a file beside this notebook. On "
    "Binder nothing lasts: download it at the end."
)
#: What freezes, flickers, hides errors or breaks strict comparison.
FORBIDDEN = ("interact(", "interactive_output(", "Output(", "clear_output", "%matplotlib", "%pip")


@dataclass(frozen=True)
class Cell:
    """One cell of a page's source.

    Attributes
    ----------
    kind : {"markdown", "code"}
    name : str
        Unique on the page; the cell's id comes from it.
    part : str
        Tag of the part of the page grammar it belongs to.
    text : str
    """

    kind: str
    name: str
    part: str
    text: str


def read_page(lesson_id: str) -> list[Cell]:
    """Return the cells of a lesson's page, with the content filled in."""
    content = load_content(lesson_id)
    cells = parse(read_text(lesson_id, "notebook.py"))
    return [
        Cell(c.kind, c.name, c.part, fill(c.text, content) if c.kind == "markdown" else c.text)
        for c in cells
    ]


def parse(text: str) -> list[Cell]:
    """Read the percent format: ``# %% [markdown] part name`` opens a cell.

    Raises
    ------
    ValueError
        If a cell has no part or no name, or a name is used twice.
    """
    cells: list[Cell] = []
    for block in re.split(r"^# %%", text, flags=re.MULTILINE)[1:]:
        head, _, body = block.partition("\n")
        markdown = "[markdown]" in head
        words = head.replace("[markdown]", "").split()
        if len(words) != 2:
            raise ValueError(f"A cell opens with '# %% [markdown] part name'; found '# %%{head}'.")
        if markdown:
            body = re.sub(r"^# ?", "", body, flags=re.MULTILINE)
        cells.append(Cell("markdown" if markdown else "code", words[1], words[0], body.strip()))
    names = [cell.name for cell in cells]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"Cell names must be unique; used twice: {', '.join(twice)}.")
    return cells


def fill(text: str, content: Mapping[str, Any]) -> str:
    """Replace ``{{ name }}`` by the lesson's content.

    Raises
    ------
    ValueError
        If there is nothing of that name.
    """
    return fill_words(text, words_for(content))


def fill_words(text: str, known: Mapping[str, str]) -> str:
    """Replace ``{{ name }}`` by a word.

    Raises
    ------
    ValueError
        If there is nothing of that name.
    """

    def word(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise ValueError(f"The page asks for '{match[1]}', which the content does not have.")
        return known[match[1]]

    return re.sub(r"\{\{ ?([\w.]+) ?\}\}", word, text)


def words_for(content: Mapping[str, Any]) -> dict[str, str]:
    """Return everything that a page may ask for, as markdown."""
    minutes = content["minutes"]
    closing = content["closing"]
    words = content.get("legend", {})
    out = {key: value.strip() for key, value in content.items() if isinstance(value, str)}
    out |= {
        "opening": OPENING,
        "saving": SAVING,
        "number": str(content["number"]),
        "total_minutes": str(sum(minutes.values())),
        "minutes": ", ".join(f"{part} {length}" for part, length in minutes.items()),
        "objectives": bullets(content["objectives"]),
        "legend_curves": legend_curves(content["explorer"]["readouts"], words),
        "legend_controls": legend_controls(content["explorer"]["controls"], words),
        "key_points": bullets(closing["key_points"]),
        "limits": bullets(closing["limits"]),
        "disclaimer": closing["disclaimer"],
        "next_title": content.get("next", {}).get("title", ""),
        "next_file": content.get("next", {}).get("file", ""),
    }
    for task in content["tasks"]:
        out[f"{task['id']}.title"], out[f"{task['id']}.prompt"] = task["title"], task["prompt"]
    return out


def bullets(items: list[str]) -> str:
    """Write a markdown list."""
    return "\n".join(f"- {item}" for item in items)


def legend_curves(symbols: list[str], words: Mapping[str, str]) -> str:
    """Write what each curve means: the lesson's words, or those of the table of readouts."""
    known = physiology.readouts()
    found = [{**known[s], "meaning": words.get(s, known[s]["meaning"])} for s in symbols]
    return bullets(
        [f"**{row['name']}** ({unit_words(row['unit'])}). {row['meaning']}" for row in found]
    )


def legend_controls(symbols: list[str], words: Mapping[str, str]) -> str:
    """Write what each control means: the lesson's words, or those of the table of constants."""
    rows = {row["symbol"]: row for row in physiology.rows("parameters")}
    units = {"fraction": "share, 0 to 1", "x normal": "1 = normal"}
    units |= {"d": "days", "AU": "arbitrary units"}
    lines = []
    for row in (rows[s] for s in symbols):
        unit = units.get(row["unit"], unit_words(row["unit"]))
        meaning = words.get(row["symbol"], row["meaning"])
        lines.append(f"**{row['name']}** ({unit}). {meaning}")
    return bullets(lines)


def cell_id(lesson_id: str, name: str) -> str:
    """Return a cell's id: the same for the same name, for ever."""
    return hashlib.sha256(f"{lesson_id}/{name}".encode()).hexdigest()[:12]


def notebook(lesson_id: str) -> Any:
    """Return a lesson's page as a notebook that has not been run."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    new = {"markdown": new_markdown_cell, "code": new_code_cell}
    cells = [
        new[c.kind](
            c.text, id=cell_id(lesson_id, c.name), metadata={"name": c.name, "tags": [c.part]}
        )
        for c in read_page(lesson_id)
    ]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return new_notebook(cells=cells, metadata=metadata)


def grammar_problems(cells: list[Cell]) -> list[str]:
    """Return how a page departs from the grammar (empty: not at all)."""
    order = [tag for tag, _, _ in GRAMMAR]
    problems = [f"cell '{c.name}': unknown part '{c.part}'" for c in cells if c.part not in order]
    if problems:
        return problems
    seen = [c.part for c in cells]
    if sorted(seen, key=order.index) != seen:
        problems.append("the parts are not in the order of the grammar")
    for tag, kind, heading in GRAMMAR:
        own = [c for c in cells if c.part == tag]
        kinds = {c.kind for c in own}
        if kinds != ({"markdown", "code"} if kind == "both" else {kind}):
            problems.append(f"part '{tag}' needs {kind} cells")
        elif heading and not own[0].text.startswith(heading):
            problems.append(f"part '{tag}' must open with '{heading.strip()}'")
    for cell in cells:
        problems += [f"cell '{cell.name}': {text}" for text in _cell_problems(cell)]
    return problems


def _cell_problems(cell: Cell) -> list[str]:
    if cell.kind == "markdown":
        words = len(re.sub(r"[#*|`>-]", " ", cell.text).split())
        most = STORY_WORDS + 2 if cell.part == "story" else MOST_WORDS
        # Lists are read line by line and may be longer than running text.
        listed = len(re.findall(r"^- ", cell.text, flags=re.MULTILINE)) >= 3
        return [f"{words} words, more than {most}"] if words > most and not listed else []
    problems = [f"{word} is forbidden" for word in FORBIDDEN if word in cell.text]
    lines = cell.text.splitlines()
    if len(lines) > MOST_LINES:
        problems.append(f"{len(lines)} lines, more than {MOST_LINES}")
    if any(line.rstrip().endswith(";") for line in lines):
        problems.append("a line ends with ';'")
    try:
        ast.parse(cell.text)
    except SyntaxError as error:
        problems.append(f"not Python: {error.msg}")
    return problems
