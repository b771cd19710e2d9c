"""The door for institutions that mark with nbgrader: a folder that its commands understand.

::

    nbgrader/
        nbgrader_config.py            three lines; settings of your own go below them
        solutions/NAME/NAME.ipynb     nbgrader's source, as built
        exercises/NAME/NAME.ipynb     its release, made by `nbgrader generate_assignment`
        submitted/STUDENT/NAME/       what was collected; or filled by nbgrader's own commands
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cytolearn.grading.course import read_assignment, read_text

CONFIG = '''"""Written by `cytolearn nbgrader`. Settings of your own go below the last line."""

from cytolearn.grading.nbgrader import configure

configure(get_config(), __file__)
'''
SECONDS_A_CELL = 120  # the simulations of a question, on a slow machine


def configure(config: Any, file: str) -> None:
    """Set what nbgrader has to know to work on our notebooks as they are.

    Parameters
    ----------
    config : traitlets.config.Config
        What ``get_config()`` returns; changed.
    file : str
        Path of the configuration file. The course is its folder; the codes of the students are
        looked up in ``codes.csv`` of the folder above.
    """
    from nbgrader.converters import Autograde, GenerateAssignment
    from nbgrader.preprocessors import ClearSolutions, DeduplicateIds, Execute

    from cytolearn.grading.preprocessors import ForgetCopies, HandOut, OwnCode

    def steps(converter: Any, name: str) -> list[Any]:
        return converter.class_traits()[name].default()

    root = Path(file).resolve().parent
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.source_directory = "solutions"
    config.CourseDirectory.release_directory = "exercises"
    config.GenerateAssignment.preprocessors = [
        HandOut if step is ClearSolutions else step
        for step in steps(GenerateAssignment, "preprocessors")
    ]
    config.Autograde.sanitize_preprocessors = [
        new
        for step in steps(Autograde, "sanitize_preprocessors")
        for new in ([step, ForgetCopies] if step is DeduplicateIds else [step])
    ]
    config.Autograde.autograde_preprocessors = [
        new
        for step in steps(Autograde, "autograde_preprocessors")
        for new in ([OwnCode, step] if step is Execute else [step])
    ]
    config.OwnCode.codes = str(root.parent / "codes.csv")
    config.OverwriteCells.add_missing_cells = True
    config.Execute.timeout = SECONDS_A_CELL


def lay_out(course: Path, names: Iterable[str], solutions: Path, *, dry_run: bool) -> list[str]:
    """Write the folder ``nbgrader`` of a course; sources that are there already are left alone.

    Parameters
    ----------
    course : Path
        A folder that ``cytolearn assign`` made.
    names : iterable of str
        Ids of assignments; none: all of the course.
    solutions : Path
        The folder solutions/ of the package.
    dry_run : bool
        Only say what would be done.

    Returns
    -------
    list of str
        What was done, and what to type next.

    Raises
    ------
    ValueError
        If it is no course, or the course has no such assignment.
    """
    course_of = json.loads(read_text(course / "course.json") or "{}")
    chosen = list(names) or list(course_of.get("assignments", ())) or [""]
    for name in chosen:
        read_assignment(course, name)
    home, files, said = course / "nbgrader", {}, []
    for name in chosen:
        notebook = Path(name, f"{name}.ipynb")
        source = home / "solutions" / notebook
        if not source.exists():  # it may have been changed since, which is its purpose
            files[source] = solutions / notebook
        collected = sorted((course / "submitted" / name).glob("*.ipynb"))
        files |= {home / "submitted" / file.stem / notebook: file for file in collected}
        said.append(f"{name}: {len(collected)} submissions taken over from `cytolearn collect`")
    if not dry_run:
        for target, source in files.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        config = home / "nbgrader_config.py"
        if not config.exists():
            config.write_text(CONFIG, encoding="utf-8")
    said.append(f"Go on with: cd {home} && nbgrader generate_assignment {chosen[0]}")
    return said
