"""IL-6 of COVID-19, other lung failure, sepsis and CAR-T release syndrome on one axis."""

from __future__ import annotations

import functools
import html
import re
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.pieces import bar, twin
from cytolearn.apps.widgets import handler
from cytolearn.evidence import biomarkers
from cytolearn.figures import storm
from cytolearn.wording import number

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer

#: Rows of the table of biomarkers, the column that holds the value, and the name on the axis.
SHOWN = (
    ("BIO08", "mild_moderate", "COVID-19, not severe: median, range"),
    ("BIO48", "severe", "COVID-19, severe: pooled mean, 95% CI"),
    ("BIO29", "critical", "COVID-19, critical: median, IQR"),
    ("BIO77", "severe", "COVID-19, severe: median, IQR"),
    ("BIO51", "critical", "other ARDS: pooled mean, 95% CI"),
    ("BIO50", "critical", "sepsis: pooled mean, 95% CI"),
    ("BIO49", "critical", "CAR-T and other CRS: pooled mean, 95% CI"),
)


@functools.cache
def published() -> tuple[dict[str, Any], ...]:
    """Return the published values that are drawn: number, interval if known, source, status."""
    table = biomarkers().set_index("row_id")
    found = []
    for row_id, column, name in SHOWN:
        row = table.loc[row_id]
        value, *ends = [float(x) for x in re.findall(r"\d+\.?\d*", row[column])[:3]]
        low, high = ends if len(ends) == 2 else (None, None)
        found.append(
            {
                "name": name, "value": value, "low": low, "high": high,
                "words": f"{row['statistic']}; {row['patients']}; {row['citation']}",
                "doi": row["doi"], "seen": not row["from_memory"],
            }
        )  # fmt: skip
    return tuple(found)


class ScaleOfStorms:
    """A tab of an explorer: the patient's IL-6 beside published values.

    Parameters
    ----------
    app : Explorer
        With the readout ``il6``.

    Raises
    ------
    ValueError
        If the app does not show it.
    """

    title = "How big is a storm?"

    def __init__(self, app: Explorer) -> None:
        if "il6" not in app.readouts:
            raise ValueError("The tab 'scale' needs the readout 'il6'.")
        self.app = app
        self._log = W.ToggleButtons(options=[("linear axis", False), ("logarithmic axis", True)],
                                    style={"button_width": "auto"})  # fmt: skip
        self._log.observe(self._axis_changed, "value")
        self._page, self._words = W.VBox(), W.HTML()
        intro = W.HTML(
            "<p>Published values of IL-6, each with the interval that its source gives (CI: where "
            "the mean lies; IQR: the middle half of the patients; a bare dot has none), and your "
            "patient: the blue bar runs from the day of infection to the peak. An open dot is a "
            "number from memory, not yet checked. Begin with the linear axis.</p>"
        )
        self._sources = W.HTML()
        self.widget = W.VBox([intro, bar(self._log), self._page, self._words, self._sources])

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks, so that the app opens at once."""
        view = LiveFigure(*storm.scale_of_storms(published(), log=self.log), max_width=860)
        self._page.children = [view]
        self._sources.value = _sources()
        return view

    @property
    def log(self) -> bool:
        """Whether the axis is logarithmic."""
        return bool(self._log.value)

    @log.setter
    def log(self, on: bool) -> None:
        self._log.value = bool(on)

    def peak(self) -> float:
        """Return the patient's highest IL-6, pg/mL."""
        return float(np.max(self.app.curves["il6"]))

    def folds(self) -> dict[str, float]:
        """Return how many times the patient's peak each published value is."""
        return {row["name"]: row["value"] / self.peak() for row in published()}

    def summary(self) -> str:
        """Say how the patient's peak compares with the published values."""
        whose = self.app.now_name + (", treated" if self.app.treated else "")
        parts = []
        for row in published():
            ratio = row["value"] / self.peak()
            said = f"{number(ratio, 2)} times" if ratio >= 1 else f"1/{number(1 / ratio, 2)} of"
            name = row["name"].rpartition(",")[0]  # what the value is, without its interval
            parts.append(f"{name} {number(row['value'])} ({said} that)")
        text = (
            f"IL-6 of {whose} peaks at {number(self.peak())} pg/mL in the model. Published: "
            f"{'; '.join(parts)}."
        )
        severe, crs = published()[1]["value"], published()[-1]["value"]
        text += f" CAR-T and other CRS is {number(crs / severe, 2)} times severe COVID-19."
        if "tocilizumab" in {t.drug for t in self.app.patient.treatments}:
            text += " Tocilizumab raises IL-6 by blocking its receptor: this is no bigger storm."
        return text

    def refresh(self) -> None:
        """Follow the explorer."""
        first, peak = float(self.app.curves["il6"][0]), self.peak()
        words = self.summary()
        self.view.set_data(
            [(np.array([max(first, 1.0), peak]), np.zeros(2)), (np.array([peak]), np.zeros(1))],
            alt=words,
        )
        self._words.value = twin(words)

    @handler
    def _axis_changed(self, _: Any) -> None:
        self.view.replace(*storm.scale_of_storms(published(), log=self.log))
        self.refresh()


def _sources() -> str:
    items = []
    for row in published():
        mark = "seen in the source" if row["seen"] else "from memory, not yet checked"
        link = "".join(
            f' <a href="https://doi.org/{html.escape(doi)}">doi:{html.escape(doi)}</a>'
            for doi in filter(None, str(row["doi"]).split("; "))
        )
        items.append(f"<li>{html.escape(row['name'])}: {html.escape(row['words'])}.{link} "
                     f"<i>{mark}</i></li>")  # fmt: skip
    return (
        '<details class="cl-tasks"><summary><h4>Where these numbers come from</h4></summary>'
        f"<ul>{''.join(items)}</ul><p>Assays differ, and so do patients: compare powers of ten, "
        "not digits.</p></details>"
    )
