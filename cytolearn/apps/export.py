"""What a learner takes home: the code of the picture, the picture, the numbers."""

from __future__ import annotations

import csv
import functools
import html
import io
import re
from typing import TYPE_CHECKING

import ipywidgets as W

from cytolearn import physiology
from cytolearn.apps.widgets import button, file_links, file_uri, handler
from cytolearn.wording import unknown

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer

_KINDS = {"svg": "Picture (SVG)", "png": "Picture (PNG)", "csv": "Data (CSV)"}


def code(app: Explorer) -> str:
    """Return the lines of plain API that reproduce an explorer's picture.

    Run them, and ``course`` holds the same numbers as ``app.course``.
    """
    start, patient = repr(app.start), repr(app.patient)
    lines = ["import cytolearn as cl", ""]
    prefix = start if patient.startswith(start) else ""
    if prefix:
        rest = _public(patient[len(start) :])
        lines += _broken("start", f"cl.{_public(start)}") + _broken("patient", f"start{rest}")
    else:
        lines += _broken("start", f"cl.{_public(start)}")
        lines += _broken("patient", f"cl.{_public(patient)}")
    shown = ", ".join(f'"{name}"' for name in app.readouts)
    option = "" if app.log else ", log=False"
    plot = f"cl.compare(start, course).plot({shown}{option})"
    if len(plot) > 80:
        plot = f"cl.compare(start, course).plot(\n    {shown}{option}\n)"
    lines += ["course = patient.run()", plot]
    return "\n".join(lines)


def _broken(name: str, made: str) -> list[str]:
    """Write an assignment, on several lines if it is long."""
    if len(made) <= 70:
        return [f"{name} = {made}"]
    first, *steps = re.split(r"(?<=\))(?=\.(?:but|treat)\()", made)
    return [f"{name} = (", f"    {first}", *(f"    {step}" for step in steps), ")"]


def _public(text: str) -> str:
    return text.replace("(treatment(", "(cl.treatment(").replace(", treatment(", ", cl.treatment(")


def csv_text(app: Explorer) -> str:
    """Return the curves shown as CSV: one row a day step, one column a readout and run."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    runs = {"now": app.curves, "start": app.baseline_curves}
    runs |= {pin.name: pin.curves for pin in app.pins}
    units = {r: physiology.readouts()[r]["unit"] for r in app.readouts}
    head = [f"{readout} ({units[readout]}), {run}" for run in runs for readout in app.readouts]
    writer.writerow(["days since symptom onset", *head])
    columns = [runs[run][readout] for run in runs for readout in app.readouts]
    for i, day in enumerate(app.days):
        writer.writerow([f"{day:g}", *(f"{column[i]:.6g}" for column in columns)])
    return stream.getvalue()


def data_uri(app: Explorer, kind: str) -> str:
    """Return the picture ("svg", "png") or its data ("csv") as a data URI.

    Raises
    ------
    ValueError
        Another kind of file.
    """
    if kind not in _KINDS:
        raise ValueError(unknown("kind of file", kind, _KINDS))
    if kind == "png":
        content = app.view.png(dpi=200)
    else:
        content = (app.view.svg() if kind == "svg" else csv_text(app)).encode()
    return file_uri(kind, content)


def links(app: Explorer) -> str:
    """Return download links for all kinds of file as HTML."""
    return file_links("cytolearn_run", _KINDS, functools.partial(data_uri, app))


class CodeAndFiles:
    """The page of an explorer that shows its code and makes its files.

    Parameters
    ----------
    app : Explorer
    """

    title = "Code and files"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._code, self._files = W.HTML(), W.HTML()
        prepare = button("Prepare files", "Picture and data of this run", self._prepare)
        prepare.layout.align_self = "flex-start"
        intro = W.HTML(
            "<p>These lines make the same picture without this app. Click them once to select all, "
            "copy, and paste them into a new cell. <b>Prepare files</b> makes three links: the "
            "picture in two formats, and the numbers as a table.</p>"
        )
        self.widget = W.VBox([intro, self._code, prepare, self._files])

    def summary(self) -> str:
        """Return the code."""
        return code(self.app)

    def refresh(self) -> None:
        """Show the code of the run on show; files of another run are taken away."""
        self._code.value = f'<pre class="cl-code" tabindex="0">{html.escape(self.summary())}</pre>'
        self._files.value = ""

    @handler
    def _prepare(self, _: W.Button) -> None:
        self._files.value = links(self.app)
