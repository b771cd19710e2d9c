"""Write the points as tables that learning platforms read."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path

from cytolearn.grading.course import Row, Say, read_students, read_table, to_csv, write_text
from cytolearn.grading.grade import outdated, read_results, unread
from cytolearn.wording import listing

#: Columns of a Canvas gradebook that may hold a student's id or number.
CANVAS_IDS = ("SIS User ID", "SIS Login ID", "ID")


def export(
    folder: Path,
    name: str,
    *,
    canvas: Path | None = None,
    dry_run: bool = False,
    say: Say = print,
) -> None:
    """Write the points for learning platforms: plain CSV, JSON, Moodle CSV, Canvas gradebook.

    Parameters
    ----------
    folder : Path
    name : str
        Id of the assignment.
    canvas : Path, optional
        A gradebook that was exported from Canvas; its column that begins with the assignment's
        name is filled in, by "SIS User ID", "SIS Login ID" or "ID".
    dry_run : bool
        Only say what would be written.
    say : callable
        Gets one line at a time: the files, and what is still missing.

    Raises
    ------
    ValueError
        If nothing was marked, or there is no such gradebook, or it has no such column.
    """
    students, results = read_students(folder, name), read_results(folder, name)
    if not results:
        raise ValueError(f"Nothing was marked for '{name}' yet: run `cytolearn grade` first.")
    totals = {result["student"]: result["total"] for result in results}
    rows = [
        {
            "student": r["student"],
            "name": students[r["student"]]["name"],
            "status": r["status"],
            "late": "late" if r["late"] else "",
            **{q["id"]: q["points"] for q in r["questions"] if q["outcome"] != "by hand"},
            "by_hand": "" if r["by_hand"] is None else r["by_hand"],
            "total": r["total"],
        }
        for r in results
    ]
    moodle = [{"idnumber": student, name: f"{points:g}"} for student, points in totals.items()]
    files = {
        f"{name}.csv": to_csv(rows),
        f"{name}.json": json.dumps(results, indent=1) + "\n",
        f"{name}-moodle.csv": to_csv(moodle),
    }
    if canvas:
        files[f"{name}-canvas.csv"], found = _canvas(canvas, name, students, totals)
    for file, text in files.items():
        if not dry_run:
            write_text(folder / "export" / file, text)
        say(str(folder / "export" / file))
    if canvas and (absent := [student for student in totals if student not in found]):
        say(f"Not in the gradebook (by {listing(CANVAS_IDS, 'or')}): {listing(absent)}.")
    if missing := [student for student in students if student not in totals]:
        say(f"Nothing marked of {listing(missing)}: no points are written for them.")
    if waiting := unread(results):
        say(f"Without points by hand yet: {listing(waiting)}.")
    if old := outdated(results):
        say(old)


def _canvas(
    path: Path, name: str, students: Mapping[str, Row], totals: Mapping[str, float]
) -> tuple[str, set[str]]:
    """Return a gradebook with one column filled in and all else as it was, and who is in it."""
    if not path.is_file():
        raise ValueError(f"There is no gradebook '{path}'. Export it from Canvas as CSV first.")
    lines, mark = read_table(path)
    head = [cell.strip() for cell in lines[0]] if lines else []
    places = {column: place for place, column in reversed(list(enumerate(head)))}
    begin = [c for c in places if c.casefold().startswith(name.casefold())]
    # "interferon (123)", and only if there is none: what an instructor made of it
    exact = [c for c in begin if re.fullmatch(r"\s*(\(\d+\))?", c[len(name) :])] or begin
    if len(exact) != 1:
        raise ValueError(
            f"'{path}' has no column that begins with '{name}'. Export it again."
            if not exact
            else f"'{path}' has several columns that begin with '{name}': {listing(exact)}. "
            f"Name the one for these points '{name}' in Canvas."
        )
    column, found = places[exact[0]], set()
    for line in lines[1:]:
        line += [""] * (len(head) - len(line))
        ids = {line[places[key]].strip() for key in CANVAS_IDS if key in places} - {""}
        who = [s for s in totals if s in ids or students[s]["lms"] in ids]
        if len(who) == 1:
            line[column] = f"{totals[who[0]]:g}"
            found.add(who[0])
    out = io.StringIO()
    csv.writer(out, delimiter=mark, lineterminator="\n").writerows(lines)
    return out.getvalue(), found
