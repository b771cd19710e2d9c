"""What a learner takes home from a ward: the lines that reproduce it, its picture, its numbers."""

from __future__ import annotations

import functools
import html
import io
from typing import TYPE_CHECKING

import ipywidgets as W

from cytolearn.apps.widgets import button, file_links, file_uri, handler
from cytolearn.trials import ward as model
from cytolearn.wording import unknown

if TYPE_CHECKING:
    from cytolearn.apps.ward import WardRound

_KINDS = {"svg": "Picture (SVG)", "png": "Picture (PNG)", "csv": "All sheets (CSV)"}


def code(app: WardRound) -> str:
    """Return the lines of plain API that reproduce the ward, its orders and their risks."""
    lines = ["from cytolearn.trials.ward import Order, admit, outlook", ""]
    lines.append("plans = {")
    for bed, plan in app.plans.items():
        given = "".join(f'Order("{o.drug}", day={o.day}, dose={o.dose:g}), ' for o in plan)
        if plan:
            lines.append(f"    {bed}: ({given.rstrip()}),")
    lines += ["}", f"for person in admit({app.ward_code!r}):"]
    lines.append("    plan = plans.get(person.bed, ())")
    lines.append("    print(person.label, f'{outlook(person, plan).death:.1%}')")
    return "\n".join(lines)


def csv_text(app: WardRound) -> str:
    """Return every sheet so far as CSV: one row a bed and round, one column a test."""
    import pandas as pd

    rows = []
    for person in app.ward:
        sheet = model.chart(person, app.given(person), app.round).reset_index()
        sheet.insert(0, "bed", person.bed)
        sheet.insert(1, "age", round(person.age))
        rows.append(sheet)
    stream = io.StringIO()
    pd.concat(rows).to_csv(stream, index=False, float_format="%.5g", lineterminator="\n")
    return stream.getvalue()


def data_uri(app: WardRound, kind: str) -> str:
    """Return the picture ("svg", "png") or the sheets ("csv") as a data URI.

    Raises
    ------
    ValueError
        Another kind of file.
    """
    if kind not in _KINDS:
        raise ValueError(unknown("kind of file", kind, _KINDS))
    if kind == "png":
        content = app.picture().png(dpi=200)
    else:
        content = (app.picture().svg() if kind == "svg" else csv_text(app)).encode()
    return file_uri(kind, content)


class WardFiles:
    """The tab that shows the code of a ward and makes its files.

    Parameters
    ----------
    app : WardRound
    """

    title = "Code and files"

    def __init__(self, app: WardRound) -> None:
        self.app = app
        self._code, self._links = W.HTML(), W.HTML()
        prepare = button("Prepare files", "Picture and sheets of this ward", self._prepare)
        prepare.layout.align_self = "flex-start"
        intro = W.HTML(
            "<p>These lines make the same ward without the app, with your orders so far. They also "
            "tell the risks, so run them when the ward is closed.</p>"
        )
        self.widget = W.VBox([intro, self._code, prepare, self._links])

    def refresh(self) -> None:
        """Show the code of the ward as it stands; files made before are taken away."""
        self._code.value = f'<pre class="cl-code" tabindex="0">{html.escape(code(self.app))}</pre>'
        self._links.value = ""

    @handler
    def _prepare(self, _: W.Button) -> None:
        address = functools.partial(data_uri, self.app)
        self._links.value = file_links("cytolearn_ward", _KINDS, address)
