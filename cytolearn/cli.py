"""The `cytolearn` command: fetch the course, hand out and mark assignments, build the notebooks."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from cytolearn import __version__

HERE = Path(__file__).resolve().parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``cytolearn``; default: the command line.

    Returns
    -------
    int
        0 if all went well.
    """
    for stream in (sys.stdout, sys.stderr):  # a file or pipe on Windows cannot hold every name
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    chosen = parser().parse_args(arguments)
    try:
        return chosen.action(chosen)
    except (ValueError, OSError) as problem:
        print(f"cytolearn: {problem}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line. To add a command, add a subparser with an `action`."""
    root = argparse.ArgumentParser(prog="cytolearn", description=__doc__.splitlines()[0])
    root.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = root.add_subparsers(title="commands", required=True, metavar="COMMAND")

    start = commands.add_parser("start", help="copy the course's notebooks and assignments to you")
    start.add_argument("folder", type=Path, nargs="?", default=Path("cytolearn-course"))
    start.set_defaults(action=_start)

    build = commands.add_parser("build", help="run the pages and write notebooks/ (for authors)")
    build.add_argument("names", nargs="*", metavar="LESSON", help="lesson ids; none: all of them")
    build.add_argument(
        "--check", action="store_true", help="compare instead of writing; fails on drift"
    )
    build.add_argument(
        "--static", action="store_true", help="with --check: do not run the pages again"
    )
    build.add_argument(
        "--folder", type=Path, default=None, help="default: notebooks/ of the checkout"
    )
    build.set_defaults(action=_build)
    _add_course_commands(commands)

    words = "write an instructor's guide, slides and a worksheet for each lesson, and plans"
    guide = commands.add_parser("guide", help=words, description=words)
    guide.add_argument("folder", type=Path, help="where to write; made if needed")
    guide.add_argument("names", nargs="*", metavar="LESSON", help="lesson ids; none: all of them")
    guide.add_argument(
        "--course", type=Path, help="a course folder: add the answers of each of its students"
    )
    guide.add_argument(
        "--code", action="append", default=[], help="add the answers for a student's code"
    )
    guide.set_defaults(action=_guide)
    return root


def _add_course_commands(commands: argparse._SubParsersAction) -> None:
    """Add an instructor's week: assign, collect, grade, export (INSTRUCTORS.md)."""

    def add(name: str, words: str, action: Callable[[argparse.Namespace], int]) -> Any:
        new = commands.add_parser(name, help=words, description=words)
        new.add_argument("folder", type=Path, help="the course folder")
        new.add_argument(
            "--dry-run", action="store_true", help="say what would be done, do nothing"
        )
        new.set_defaults(action=action)
        return new

    assign = add(
        "assign", "make a course folder: codes for students, notebooks to hand out", _assign
    )
    assign.add_argument("names", nargs="+", metavar="ASSIGNMENT", help="lesson ids")
    assign.add_argument(
        "--roster", type=Path, required=True, help="CSV with a column 'student' (and 'name', 'lms')"
    )
    assign.add_argument(
        "--due",
        action="append",
        default=[],
        metavar="[NAME=]TIME",
        help="such as 2026-12-01T23:59 for all, or interferon=2026-12-01 for one; may be repeated",
    )
    assign.add_argument(
        "--points",
        action="append",
        default=[],
        metavar="[NAME=]N",
        help="what an assignment counts in the course; default: the points of its questions",
    )

    collect = add(
        "collect", "take in what was handed in: a zip of Canvas or Moodle, or a folder", _collect
    )
    collect.add_argument("name", metavar="ASSIGNMENT")
    collect.add_argument("handed_in", type=Path, metavar="ZIP_OR_FOLDER")

    grade = add(
        "grade", "run every notebook in a closed room and mark it; go on where it stopped", _grade
    )
    grade.add_argument("name", metavar="ASSIGNMENT")
    grade.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="notebooks at a time")
    grade.add_argument("--again", action="store_true", help="mark unchanged submissions, too")

    export = add("export", "write the points as CSV and JSON, for Moodle and for Canvas", _export)
    export.add_argument("name", metavar="ASSIGNMENT")
    export.add_argument("--canvas", type=Path, help="gradebook CSV from Canvas, to be filled in")

    door = add("nbgrader", "write a folder in which nbgrader's own commands mark it", _nbgrader)
    door.add_argument("names", nargs="*", metavar="ASSIGNMENT", help="lesson ids; none: all")


def course_folder() -> Path:
    """Return the folder with the notebooks: of the checkout, or of the installed package.

    Raises
    ------
    FileNotFoundError
        If neither is there.
    """
    return _found("notebooks", "*.ipynb")


def _found(kind: str, pattern: str) -> Path:
    for folder in (HERE.parent / kind, HERE / "_course" / kind):
        if any(folder.glob(pattern)):
            return folder
    raise FileNotFoundError(
        f"The folder {kind}/ is not part of this installation; get it from the repository."
    )


def _start(chosen: argparse.Namespace) -> int:
    """Copy notebooks and assignments; a file that is there already is left alone."""
    found = course_folder()
    copies = {path: path.name for path in [*found.glob("*.ipynb"), *found.glob("*.md")]}
    with contextlib.suppress(FileNotFoundError):  # a course without assignments is a course
        folder = _found("exercises", "*/*.ipynb")
        for path in folder.glob("*/*.ipynb"):
            copies[path] = f"exercises/{path.relative_to(folder).as_posix()}"
    for source, name in sorted(copies.items(), key=lambda item: item[1]):
        target = chosen.folder / name
        if target.exists():
            print(f"kept    {target} (it is yours; delete it to get a fresh copy)")
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            print(f"copied  {target}")
    first = min(path.name for path in found.glob("*.ipynb"))
    print(f"Start with: jupyter lab {chosen.folder / first}")
    return 0


def _build(chosen: argparse.Namespace) -> int:
    from cytolearn.lessons.build import build, check
    from cytolearn.lessons.exercises import build_exercises, check_exercises, exercise_ids

    if chosen.static and not chosen.check:
        raise ValueError("--static belongs to --check: nothing is built without running the pages.")
    if chosen.folder is None and (HERE / "_course").is_dir():  # beside it lie other packages
        raise ValueError(
            "The pages are built in a checkout of the repository. Here cytolearn is installed: "
            "`cytolearn start` copies the notebooks to you."
        )
    folder = chosen.folder or HERE.parent / "notebooks"
    # exercises/ and solutions/ lie beside notebooks/ of the checkout, and only there.
    wanted = [] if chosen.folder else chosen.names or exercise_ids()
    with_exercise = [name for name in wanted if name in exercise_ids()]
    if chosen.check:
        problems = check(folder, chosen.names, run=not chosen.static)
        problems += check_exercises(folder.parent, with_exercise, run=not chosen.static)
        for problem in problems:
            print(problem, file=sys.stderr)
        if not problems:
            print("Every notebook is what its page makes.")
        return 1 if problems else 0
    for path in [*build(folder, chosen.names), *build_exercises(folder.parent, with_exercise)]:
        print(f"wrote   {path}")
    return 0


def _assign(chosen: argparse.Namespace) -> int:
    from cytolearn.grading.course import assign

    source = _found("exercises", "*/*.ipynb")
    assign(
        *(chosen.folder, chosen.names, chosen.roster, source),
        due=chosen.due,
        points=chosen.points,
        jobs=os.cpu_count() or 1,
        dry_run=chosen.dry_run,
        say=_line,
    )
    return 0


def _collect(chosen: argparse.Namespace) -> int:
    from cytolearn.grading.collect import collect

    collect(chosen.folder, chosen.name, chosen.handed_in, dry_run=chosen.dry_run, say=_line)
    return 0


def _grade(chosen: argparse.Namespace) -> int:
    from cytolearn.grading.grade import grade
    from cytolearn.grading.sandbox import missing_protections

    _say(missing_protections())
    grade(
        *(chosen.folder, chosen.name),
        jobs=chosen.jobs,
        again=chosen.again,
        dry_run=chosen.dry_run,
        say=_line,
    )
    if not chosen.dry_run:
        print(f"Report: {chosen.folder / 'report' / f'{chosen.name}.html'}")
        print(f"To be read by you: {chosen.folder / 'by_hand' / f'{chosen.name}.csv'}")
    return 0


def _export(chosen: argparse.Namespace) -> int:
    from cytolearn.grading.export import export

    export(chosen.folder, chosen.name, canvas=chosen.canvas, dry_run=chosen.dry_run, say=_line)
    return 0


def _guide(chosen: argparse.Namespace) -> int:
    from cytolearn.grading.guide import pupils_of, write_guides

    pupils = pupils_of(chosen.course, chosen.code)
    written = write_guides(chosen.folder, chosen.names, pupils=pupils, say=_line)
    print(f"{len(written)} files. Begin with {chosen.folder / 'index.html'}")
    return 0


def _nbgrader(chosen: argparse.Namespace) -> int:
    from cytolearn.grading.nbgrader import lay_out

    solutions = _found("solutions", "*/*.ipynb")
    return _say(lay_out(chosen.folder, chosen.names, solutions, dry_run=chosen.dry_run))


def _say(lines: Iterable[str]) -> int:
    for line in lines:
        _line(line)
    return 0


def _line(text: str) -> None:
    print(text, flush=True)  # at once, so that progress can be watched
