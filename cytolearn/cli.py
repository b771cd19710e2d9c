"""The `cytolearn` command: fetch the course, build and check its notebooks."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

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
    chosen = parser().parse_args(arguments)
    try:
        return chosen.action(chosen)
    except (ValueError, OSError) as problem:
        print(f"cytolearn: {problem}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line. To add a command, add a subparser with an `action`."""
    root = argparse.ArgumentParser(prog="cytolearn", description=__doc__.splitlines()[0])
    commands = root.add_subparsers(title="commands", required=True, metavar="COMMAND")

    start = commands.add_parser("start", help="copy the course's notebooks into a folder of yours")
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
    return root


def course_folder() -> Path:
    """Return the folder with the notebooks: of the checkout, or of the installed package.

    Raises
    ------
    FileNotFoundError
        If neither is there.
    """
    for folder in (HERE.parent / "notebooks", HERE / "_course" / "notebooks"):
        if any(folder.glob("*.ipynb")):
            return folder
    raise FileNotFoundError(
        "The notebooks are not part of this installation; get them from the repository."
    )


def _start(chosen: argparse.Namespace) -> int:
    """Copy the notebooks; a file that is there already is left alone."""
    chosen.folder.mkdir(parents=True, exist_ok=True)
    found = course_folder()
    for source in sorted([*found.glob("*.ipynb"), *found.glob("*.md")]):
        target = chosen.folder / source.name
        if target.exists():
            print(f"kept    {target} (it is yours; delete it to get a fresh copy)")
        else:
            shutil.copyfile(source, target)
            print(f"copied  {target}")
    first = min(path.name for path in chosen.folder.glob("*.ipynb"))
    print(f"Start with: jupyter lab {chosen.folder / first}")
    return 0


def _build(chosen: argparse.Namespace) -> int:
    from cytolearn.lessons.build import build, check
    from cytolearn.lessons.exercises import build_exercises, check_exercises, exercise_ids

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


if __name__ == "__main__":
    raise SystemExit(main())
