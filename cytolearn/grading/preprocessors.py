"""What nbgrader has to know about our notebooks. Imported by nbgrader's configuration alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from nbgrader.preprocessors import ClearSolutions, NbGraderPreprocessor
from traitlets import Unicode

from cytolearn.grading.course import code_for, read_rows
from cytolearn.grading.workbook import OWN_CODE
from cytolearn.lessons.exercises import (
    ONLY_SOLUTION,
    ONLY_STUDENT,
    exercise_ids,
    exercise_notebook,
)
from cytolearn.wording import nearest

Both = tuple[Any, Any]


class HandOut(ClearSolutions):
    """Make a worked notebook into the one that is handed out, as the builder does.

    A worked answer gives way to the cell in which the student answers, an explanation to nothing.
    Cells that an instructor added are treated as nbgrader always does.
    """

    def preprocess(self, nb: Any, resources: Any) -> Both:
        """Replace cells; nbgrader calls it with a notebook and its assignment's name."""
        name = resources["nbgrader"]["assignment"]
        ours = name in exercise_ids()  # an instructor may have assignments of their own
        empty = exercise_notebook(name, solution=False).cells if ours else []
        stubs = {
            cell.metadata.nbgrader.grade_id: cell
            for cell in empty
            if cell.metadata.tags[0] in ONLY_STUDENT
        }
        kept = []
        for cell in nb.cells:
            if not set(ONLY_SOLUTION) & set(cell.metadata.get("tags", ())):
                kept.append(cell)
            elif "nbgrader" in cell.metadata:
                kept.append(stubs.get(cell.metadata.nbgrader.grade_id, cell))
        nb.cells = kept
        nb.metadata.pop("widgets", None)  # they would hold what the solution showed
        return super().preprocess(nb, resources)

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> Both:
        """Leave our own answer cells as they are."""
        if set(ONLY_STUDENT) & set(cell.metadata.get("tags", ())):
            return cell, resources
        return super().preprocess_cell(cell, resources, index)


class ForgetCopies(NbGraderPreprocessor):
    """Make plain cells of copied ones; nbgrader gives up on a notebook that has any."""

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> Both:
        """Take away the mark that `DeduplicateIds` has emptied."""
        if not cell.metadata.get("nbgrader", True):
            del cell.metadata["nbgrader"]
        return cell, resources


class OwnCode(NbGraderPreprocessor):
    """Tell the checks whose notebook it is: what counts is the student's code in the course.

    Without it, whoever types a friend's code could hand in the friend's answers.
    """

    codes = Unicode(help="codes.csv of the course; without it the notebook's own code counts")
    codes.tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> Both:
        """Put the code of this student, and nobody else's, where the kernel will find it.

        Raises
        ------
        ValueError
            If the student is not in the course; nbgrader says so and goes on with the next.
        """
        student, table = resources["nbgrader"]["student"], Path(self.codes)
        if not table.is_file():
            self.log.warning("No %s: the codes in the notebooks are believed.", table)
            os.environ.pop(OWN_CODE, None)
            return nb, resources
        name = resources["nbgrader"]["assignment"]
        known = {row["student"]: code_for(row, name) for row in read_rows(table)}
        if student not in known:
            near = "".join(f" Did you mean '{name}'?" for name in nearest(student, known, n=1))
            raise ValueError(
                f"The folder '{student}' belongs to nobody in {table}.{near} Name it as in the "
                "roster, or add the student with `cytolearn assign`."
            )
        os.environ[OWN_CODE] = known[student]
        return nb, resources
