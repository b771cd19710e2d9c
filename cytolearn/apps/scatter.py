"""Lymphocytes against IL-6 in a virtual cohort: with and without noise, colour and arrow."""

from __future__ import annotations

import functools
import html
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn.apps.livefigure import LiveFigure, themed
from cytolearn.apps.longwork import LongWork
from cytolearn.apps.pieces import bar, set_slider
from cytolearn.apps.widgets import handler
from cytolearn.clinic import severity_class
from cytolearn.figures.lymphocytes import GROUPS, Correlation, count_scatter, rank_correlation
from cytolearn.figures.panels import cell_box
from cytolearn.patients.cohort import Cohort, Population
from cytolearn.wording import number, percent, unknown

if TYPE_CHECKING:
    import pandas as pd

    from cytolearn.apps.explorer import Explorer

SIZE, SEED, DAY = 216, 3, 10  # as many patients as in the Wuhan series of 2020
_CHUNK = 12
_READOUTS = ("alc", "il6", "cd4", "cd8", "pf_ratio", "lesion")
#: Both ways in which IL-6 lowers a lymphocyte count in the model, switched off.
_CUT = {"death_il6": 0.0, "homing_il6": 0.0}
SAMPLING = {"each on a random day": "random", f"all on day {DAY}": DAY}
#: Lower limits of normal of CD4 and CD8, cells/uL, as two laboratories state them.
LABORATORIES = {"CD4 500, CD8 200": (500.0, 200.0), "CD4 414, CD8 238": (414.0, 238.0)}
PUBLISHED_LINK = (
    "For comparison, 216 inpatients in Wuhan (rank correlation): −0.27; with TNF +0.21."
)
PUBLISHED_CD4 = "Published on admission: 450 in 105 non-severe and 239 in 40 severe patients."
_MODERATE, _SEVERE = 1, 2  # first class of each group (clinic.SEVERITY_CLASSES)


class CountScatter:
    """A tab of an explorer: a virtual cohort, which does not depend on the sliders.

    Parameters
    ----------
    app : Explorer
    """

    title = "Count and IL-6"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._cohorts: dict[bool, Cohort] = {}
        self._work = LongWork(
            f"Simulate {SIZE} patients", self._steps, self._finished, app.show_error
        )
        self._colour = W.ToggleButton(value=False, description="Colour by severity",
                                      tooltip="Show how ill each patient became")  # fmt: skip
        self._arrow = W.ToggleButton(value=False, description="Cut IL-6 → lymphocytes",
                                     tooltip="IL-6 does nothing to lymphocytes")  # fmt: skip
        self._when = W.Dropdown(options=list(SAMPLING), description="Blood drawn",
                                style={"description_width": "initial"},
                                layout=W.Layout(width="290px"))  # fmt: skip
        self._lab = W.Dropdown(options=list(LABORATORIES), description="Lower limits of normal",
                               style={"description_width": "initial"},
                               layout=W.Layout(width="340px"))  # fmt: skip
        self._share = W.IntSlider(value=50, min=50, max=100, step=10, continuous_update=False,
                                  description="Rule: below this % of it",
                                  style={"description_width": "initial"},
                                  layout=W.Layout(width="330px", max_width="100%"))  # fmt: skip
        for one in (self._colour, self._arrow, self._when, self._lab, self._share):
            one.observe(self._changed, "value")
        self._words, self._page = W.HTML(), W.VBox()
        switches = bar(self._colour, self._arrow, self._when)
        rule = bar(self._lab, self._share)
        intro = W.HTML(
            "<p>A whole ward instead of one patient (the sliders do not count here). Each dot is "
            f"one patient. Left: what the model knows, everybody on day {DAY}. Right: what a "
            "laboratory would report, one noisy sample each. Look first without colours, then "
            "with.</p>"
        )
        self._legend = W.HTML()
        self.widget = W.VBox(
            [intro, self._work.widget, switches, self._legend, self._page, rule, self._words]
        )

    # ---- the widget-free face --------------------------------------------------------------------

    def run(self, *, cut: bool = False) -> Cohort:
        """Simulate the cohort now (once a session) and return it.

        Parameters
        ----------
        cut : bool
            Whether IL-6 is kept from lymphocytes.
        """
        self._arrow.value = cut
        if cut not in self._cohorts:
            self._work.now()
        return self._cohorts[cut]

    def choose(
        self,
        *,
        coloured: bool | None = None,
        sampling: str | None = None,
        laboratory: str | None = None,
        per_cent: int | None = None,
    ) -> CountScatter:
        """Set the switches; `sampling` and `laboratory` are keys of `SAMPLING`, `LABORATORIES`.

        `per_cent` of the lower limit is where the rule draws its line, 50 to 100.

        Raises
        ------
        ValueError
            An unknown key, or a percentage outside the slider.
        """
        for value, known, kind in (
            (sampling, SAMPLING, "way of sampling"),
            (laboratory, LABORATORIES, "laboratory"),
        ):
            if value is not None and value not in known:
                raise ValueError(unknown(kind, value, known))
        if per_cent is not None:
            set_slider(self._share, per_cent)
        self._colour.value = self._colour.value if coloured is None else bool(coloured)
        self._when.value = sampling or self._when.value
        self._lab.value = laboratory or self._lab.value
        return self

    def correlations(self) -> dict[str, dict[str, Correlation]]:
        """Return how count and IL-6 go together: exact and measured, in all and in each group."""
        cohort = self._cohort()
        out: dict[str, dict[str, Correlation]] = {}
        for name, frame in {"exact": cohort.at(DAY), "measured": self._sample()}.items():
            alc, il6 = frame["alc"].to_numpy(), frame["il6"].to_numpy()
            rows = {"all patients": np.full(len(alc), True)}
            rows |= {group: self._group == k for k, group in enumerate(GROUPS)}
            out[name] = {
                g: rank_correlation(il6[r], alc[r]) for g, r in rows.items() if r.sum() > 9
            }
        return out

    def rule(self) -> tuple[int, int, tuple[float, float]]:
        """Try "CD4 and CD8 below half the lower limit of normal" on the measured samples.

        Returns
        -------
        (int, int, (float, float))
            Flagged patients, those among them who come to need oxygen, and the 95% interval of
            that share.
        """
        sample, (cd4, cd8) = self._sample(), LABORATORIES[self._lab.value]
        share = self._share.value / 100
        flagged = ((sample["cd4"] < share * cd4) & (sample["cd8"] < share * cd8)).to_numpy()
        ill = int((flagged & (self._group == 2)).sum())
        return int(flagged.sum()), ill, share_interval(ill, int(flagged.sum()))

    def medians(self, readout: str) -> dict[str, float]:
        """Return the median of a measured readout in each group."""
        sample = self._sample()[readout].to_numpy()
        return {g: float(np.median(sample[self._group == k])) for k, g in enumerate(GROUPS)}

    def summary(self) -> str:
        """Say how count and IL-6 go together, in all and within groups."""
        if self._arrow.value not in self._cohorts:
            return "Not computed yet: press the button."
        found = self.correlations()
        lines = [
            f"{len(self._cohort())} virtual patients"
            + (", IL-6 kept from lymphocytes." if self._arrow.value else ".")
        ]
        for name, title in (("exact", f"As the model knows it, day {DAY}"),
                            ("measured", f"As measured, {self._when.value}")):  # fmt: skip
            text = f"{title}: {found[name]['all patients'].words()}."
            if self._colour.value:
                inside = [f"{g} {c}" for g, c in found[name].items() if g != "all patients"]
                text += f" Within groups of like severity: {'; '.join(inside)}."
            lines.append(text)
        lines.append(PUBLISHED_LINK)
        if self._colour.value:
            cd4 = "; ".join(f"{g} {number(m, 3)}" for g, m in self.medians("cd4").items())
            lines.append(f"Median CD4 as measured, cells/µL: {cd4}. {PUBLISHED_CD4}")
            lines.append(self._rule_words())
        return "\n".join(lines)

    def _rule_words(self) -> str:
        n, ill, (low, high) = self.rule()
        rule = f"CD4 and CD8 below {self._share.value}% of the lower limit ({self._lab.value})"
        if not n:
            return f"The rule '{rule}' flags nobody here."
        return (
            f"The rule '{rule}' flags {n} of {len(self._cohort())} samples; {ill} of these {n} "
            f"patients need oxygen at some time: {percent(ill / n)} (95% interval "
            f"{percent(low)} to {percent(high)})."
        )

    def refresh(self) -> None:
        """Show the cohort, if there is one."""
        text = self.summary()
        if self._arrow.value in self._cohorts:
            figure, axes = self._picture()
            boxes = [cell_box(ax) for ax in axes]
            if self._page.children:
                self.view.replace(figure, [], text, boxes=boxes)
            else:
                self.view = LiveFigure(
                    figure, [], text, boxes=boxes, panel_width=248, max_width=860
                )
                self._page.children = [self.view]
        self._legend.value = _legend() if self._colour.value else ""
        items = "".join(f"<li>{html.escape(line)}</li>" for line in text.split("\n"))
        self._words.value = f'<div class="cl-twin"><ul style="columns:1">{items}</ul></div>'

    # ---- computing -------------------------------------------------------------------------------

    def _picture(self) -> tuple[Any, Any]:
        exact, sample = self._cohort().at(DAY), self._sample()
        samples = {
            f"Exact, day {DAY}": (exact["il6"].to_numpy(), exact["alc"].to_numpy()),
            "As measured": (sample["il6"].to_numpy(), sample["alc"].to_numpy()),
        }
        return count_scatter(samples, self._group, coloured=self._colour.value)

    def _steps(self) -> Iterator[float]:
        cut = self._arrow.value
        if cut in self._cohorts:
            return
        people = Population(SIZE, SEED, constants=_CUT if cut else {})
        parts = []
        for first in range(0, SIZE, _CHUNK):
            some = people.only(range(first, min(first + _CHUNK, SIZE)))
            parts.append(some.run(progress=False, readouts=_READOUTS))
            yield min(first + _CHUNK, SIZE) / SIZE
        values = np.concatenate([part.values for part in parts])
        self._cohorts[cut] = Cohort(people.traits, parts[0].days.copy(), parts[0].readouts, values)

    def _finished(self, _: bool) -> None:
        self._forget()
        self.refresh()

    def _cohort(self) -> Cohort:
        return self.run(cut=self._arrow.value)

    def _sample(self) -> pd.DataFrame:
        return _sampled(self._cohort(), SAMPLING[self._when.value])

    @functools.cached_property
    def _group(self) -> np.ndarray:
        cohort = self._cohort()
        severity = severity_class(cohort["pf_ratio"], cohort["lesion"])
        return (severity >= _MODERATE).astype(int) + (severity >= _SEVERE)

    def _forget(self) -> None:
        self.__dict__.pop("_group", None)

    @handler
    def _changed(self, _: Any) -> None:
        self._forget()
        self.refresh()


@functools.lru_cache(maxsize=8)
def _sampled(cohort: Cohort, day: str | int) -> pd.DataFrame:
    return cohort.observe(day, seed=SEED, between=(2, 20))


def share_interval(k: int, n: int) -> tuple[float, float]:
    """Return the exact 95% interval of a share, k of n (0 to 1 if n is 0).

    Returns
    -------
    (float, float)
        Clopper and Pearson's, each end from 0 to 1.
    """
    from scipy import stats

    if not n:
        return 0.0, 1.0
    span = stats.binomtest(k, n).proportion_ci(method="exact")
    return float(span.low), float(span.high)


def _legend() -> str:
    shapes = {
        "o": '<circle cx="6" cy="6" r="4"',
        "s": '<rect x="2" y="2" width="8" height="8"',
        "^": '<path d="M6 1.5 L11 10.5 H1 z"',
    }
    items = "".join(
        f'<span><svg width="12" height="12" aria-hidden="true">{shapes[marker]} '
        f'style="fill:{themed(color)}"/></svg>{name}</span>'
        for name, (marker, color) in GROUPS.items()
    )
    return f'<div class="cl-legend">{items}</div>'
