"""Design a virtual trial, run it, repeat it, and see it beside the published ones and the truth."""

from __future__ import annotations

import functools
import html
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn import evidence
from cytolearn.apps.beside import Advance, beside
from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.longwork import LongWork
from cytolearn.apps.pieces import bar, twin
from cytolearn.apps.widgets import button, handler
from cytolearn.figures.forest import forest_lines
from cytolearn.figures.therapy import Mark, interval_words, intervals
from cytolearn.treatments import drugs, treatment
from cytolearn.trials import Effect, TrialResult, trial
from cytolearn.wording import number, unknown

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer

OWN = "own rule"
#: Entry criteria on offer. Ages keep the screening short: most younger candidates stay well.
ENTRY = {
    "above 60": "age > 60",
    "above 60, on oxygen": "age > 60 and support >= 1",
    "above 60, no oxygen": "age > 60 and support == 0",
    "above 60, on oxygen, CRP 75 or more": "age > 60 and support >= 1 and crp >= 75",
    "late interferon, above 55 (hidden)": "age > 55 and viral_antagonism > 0.8 and "
    "sensing_delay > 2",
    "late interferon, strong IL-1 loop (hidden)": "mas_gain > 2 and viral_antagonism > 0.8 and "
    "sensing_delay > 2 and age > 45",
    OWN: "",
}
USUAL = {"nothing": "", "dexamethasone": "dexamethasone", "remdesivir": "remdesivir"}
SIZES = (40, 80, 150, 300)
FIRST_DAY, LAST_DAY = 0, 14
MOST_KEPT, MOST_PUBLISHED = 7, 9
#: Candidates who are looked at for each patient before the designer says that a rule is too rare.
_MOST_SCREENED = 60


@dataclass(frozen=True)
class Plan:
    """The design of a trial: who, what, when, beside what, how many."""

    entry: str = "late interferon, above 55 (hidden)"
    rule: str = ""
    drug: str = "dexamethasone"
    day: tuple[int, int] = (8, 8)
    usual: str = "nothing"
    n: int = 80

    @property
    def where(self) -> str:
        """The entry rule."""
        return self.rule if self.entry == OWN else ENTRY[self.entry]

    @property
    def label(self) -> str:
        """A few words for a row of the picture."""
        first, last = self.day
        days = f"day {first}" if first == last else f"day {first}-{last}"
        return f"{drugs()[self.drug]['name']}, {days}, n={self.n}"


class TrialDesigner:
    """A tab of an explorer: a trial of the learner's own. It does not depend on the patient.

    Parameters
    ----------
    app : Explorer

    Attributes
    ----------
    found : TrialResult or None
        The last trial.
    kept : list of (label, Effect)
        Trials so far, the last one last.
    """

    title = "Design a trial"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self.found: TrialResult | None = None
        self.kept: list[tuple[str, Effect]] = []
        self.plan = Plan()
        self._luck = 0
        wide = {"description_width": "initial"}
        start = Plan()
        self._entry = W.Dropdown(options=list(ENTRY), value=start.entry, style=wide,
                                 description="Who may enter",
                                 layout=W.Layout(width="400px"))  # fmt: skip
        self._rule = W.Text(value="age > 60 and support >= 1 and ferritin > 500",
                            description="Rule", style=wide, continuous_update=False,
                            layout=W.Layout(width="430px", display="none"))  # fmt: skip
        names = app.treatments
        self._drug = W.Dropdown(options=[(drugs()[d]["name"], d) for d in names],
                                value=start.drug if start.drug in names else names[0],
                                description="Treated with", style=wide,
                                layout=W.Layout(width="270px"))  # fmt: skip
        self._usual = W.Dropdown(options=list(USUAL), description="Both arms also get", style=wide,
                                 layout=W.Layout(width="270px"))  # fmt: skip
        self._day = W.IntRangeSlider(value=start.day, min=FIRST_DAY, max=LAST_DAY, style=wide,
                                     description="Enter on day", continuous_update=False,
                                     layout=W.Layout(width="330px", max_width="100%"))  # fmt: skip
        self._n = W.Dropdown(options=list(SIZES), value=start.n, description="Patients", style=wide,
                             layout=W.Layout(width="140px"))  # fmt: skip
        self._entry.observe(self._entry_changed, "value")
        self.work = LongWork("Run the trial", self._steps, self._done, app.show_error)
        self._again = button("Again, with other luck", "The same patients, randomised anew",
                             self._again_clicked)  # fmt: skip
        self._truth = W.ToggleButton(description="Show the truth", layout=W.Layout(width="auto"))
        self._truth.observe(self._changed, "value")
        self._clear = button("Clear", "Forget the trials so far", self._clear_clicked)
        self._words, self._page, self._table = W.HTML(), W.VBox(), W.HTML()
        bars = [
            bar(self._entry, self._rule),
            bar(self._drug, self._usual),
            bar(self._day, self._n),
            bar(self.work.widget, self._again, self._truth, self._clear),
        ]
        intro = W.HTML(
            "<p>Candidates are screened on the day of entry, randomised one to one, and followed "
            "for 28 days. Who dies is drawn from an assumed map of risk. <i>Hidden</i> rules ask "
            "for traits that no doctor can measure. Larger trials and rarer patients take "
            "longer.</p>"
        )
        self.widget = W.VBox([intro, *bars, self._page, self._words, self._table])

    # ---- without widgets -------------------------------------------------------------------------

    def design(
        self, entry: str | None = None, *, rule: str | None = None, drug: str | None = None,
        day: int | tuple[int, int] | None = None, usual: str | None = None, n: int | None = None,
    ) -> TrialDesigner:  # fmt: skip
        """Choose who may enter, what is given, when, beside what, and to how many.

        Raises
        ------
        ValueError
            A name or number that is not on offer. An own rule is read when the trial is run.
        """
        if rule is not None:
            entry, self._rule.value = OWN, rule
        for box, value, allowed, kind in (
            (self._entry, entry, list(ENTRY), "entry criterion"),
            (self._drug, drug, list(self.app.treatments), "treatment here"),
            (self._usual, usual, list(USUAL), "usual care"),
            (self._n, n, list(SIZES), "number of patients"),
        ):
            if value is None:
                continue
            if value not in allowed:
                raise ValueError(unknown(kind, value, map(str, allowed)))
            box.value = value
        if day is not None:
            pair = tuple(day) if np.iterable(day) and not isinstance(day, str) else (day, day)
            days = range(FIRST_DAY, LAST_DAY + 1)
            if len(pair) != 2 or not (pair[0] in days and pair[1] in days and pair[0] <= pair[1]):
                raise ValueError(
                    f"Patients enter on a whole day from {FIRST_DAY} to {LAST_DAY}, or between two "
                    f"of them, such as (3, 7); you gave {day}."
                )
            self._day.value = tuple(map(int, pair))
        return self

    def run(self) -> Effect:
        """Run the trial now and return its effect on death (risk ratio)."""
        self.work.now()
        return self.kept[-1][1]

    def again(self) -> Effect:
        """Repeat the last trial with the same patients and other luck.

        Raises
        ------
        ValueError
            There is no trial to repeat.
        """
        if self.found is None:
            raise ValueError("There is no trial to repeat yet: run one first.")
        self._luck += 1
        self._keep_effect(self.found.again(1000 + self._luck, progress=False))
        self._draw()
        return self.kept[-1][1]

    def reveal(self, on: bool = True) -> str:
        """Show the truth (or hide it) and return what is said."""
        self._truth.value = on
        return self.summary()

    @property
    def published(self) -> list[Mark]:
        """Published effects of the last trial's drug on death, as marks."""
        try:
            rows = evidence.trials(drug=self.plan.drug, outcome="death")
            lines, _ = forest_lines(rows, "published", group=None)
        except ValueError:  # none in the table, or none with a ratio
            return []
        marks = [
            Mark(line.label, line.effect, line.low, line.high, "published")
            for line in lines
            if line.kind in ("row", "published")
        ]
        return marks[:MOST_PUBLISHED]

    def summary(self) -> str:
        """Say what the trial found, what the truth is if it is shown, and what was published."""
        if self.found is None:
            return "No trial yet. Choose a design and press the button."
        flow, (label, effect) = self.found.flow, self.kept[-1]
        said = [
            f"{label}: of {flow['screened']:,} candidates {flow['randomised']:,} entered "
            f"({self.plan.where}). {effect}"
        ]
        if self._truth.value:
            truth = self.found.counterfactual(progress=False)
            said.append(f"The truth, which no real trial can see: {truth}")
        own = [e.estimate for _, e in self.kept if e.estimable]
        if len(own) > 1:
            said.append(
                f"The {len(own)} trials so far have risk ratios from {number(min(own))} to "
                f"{number(max(own))}."
            )
        marks = self.published
        if marks:
            rows = "; ".join(f"{m.label} {interval_words(m)}" for m in marks)
            said.append(f"Published, effect on death: {rows}.")
        else:
            said.append("No published trial of this drug with a ratio of deaths is in the table.")
        return " ".join(said)

    # ---- work ------------------------------------------------------------------------------------

    def _chosen(self) -> Plan:
        return Plan(
            self._entry.value, self._rule.value, self._drug.value, tuple(self._day.value),
            self._usual.value, self._n.value,
        )  # fmt: skip

    def _steps(self) -> Iterator[float]:
        plan = self._chosen()
        self._luck += 1
        make = functools.partial(run_plan, plan, self._luck)
        yield from beside(make, functools.partial(self._keep, plan), parts=4)

    def _keep(self, plan: Plan, found: TrialResult) -> None:
        self.plan, self.found = plan, found
        self._keep_effect(found)

    def _keep_effect(self, found: TrialResult) -> None:
        self.found = found
        self.kept = [*self.kept, (self.plan.label, found.effect())][-MOST_KEPT:]

    def _done(self, whole: bool) -> None:
        self._draw()

    # ---- drawing ---------------------------------------------------------------------------------

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks, so that the app opens at once."""
        view = LiveFigure(self._figure(), [], self.summary(), max_width=860)
        self._page.children = [view]
        return view

    def _figure(self) -> Any:
        last = len(self.kept) - 1
        marks = [Mark("Your trials", kind="heading")]
        marks += [
            Mark(label, e.estimate, e.low, e.high, "own" if i == last else "again")
            for i, (label, e) in enumerate(self.kept)
        ]
        if self.found is None:
            return intervals([], title="No trial yet")
        if self._truth.value:
            truth = self.found.counterfactual(progress=False)
            marks.append(Mark("the truth", truth.risk_ratio, kind="truth"))
        published = self.published
        if published:
            marks += [Mark("Published", kind="heading"), *published]
        return intervals(
            marks,
            title="Death within 28 days, treated against control",
            unit="risk ratio; published: as reported",
        )

    def _draw(self) -> None:
        figure, text = self._figure(), self.summary()
        figure.twin = text
        self.view.replace(figure, [], text)
        self._words.value = twin(text)
        self._table.value = "" if self.found is None else outcomes_table(self.found)

    @handler
    def refresh(self) -> None:
        """Show what there is; the tab does not follow the explorer."""
        _ = self.view
        if not self._words.value:
            self._draw()

    @handler
    def _changed(self, _: Any) -> None:
        self._draw()

    @handler
    def _entry_changed(self, _: Any) -> None:
        self._rule.layout.display = "" if self._entry.value == OWN else "none"

    @handler
    def _again_clicked(self, _: Any) -> None:
        self.again()

    @handler
    def _clear_clicked(self, _: Any) -> None:
        self.found, self.kept = None, []
        self._draw()


def run_plan(plan: Plan, seed: int, advance: Advance | None = None, cancel: Any = None) -> Any:
    """Run the trial of a plan, both arms of every patient solved, in this process."""
    first, last = plan.day
    progress = advance or False
    usual = USUAL[plan.usual]
    with ThreadPoolExecutor(1) as here:  # no processes: starting them takes longer than the work
        found = trial(
            treated=[treatment(plan.drug, day=first)], n=plan.n, where=plan.where, seed=seed,
            day=first if first == last else plan.day,
            background=[treatment(usual, day=first)] if usual else (),
            most_screened=_MOST_SCREENED * plan.n,
            executor=here, progress=progress, cancel=cancel,
        )  # fmt: skip
        found.counterfactual(executor=here, progress=progress, cancel=cancel)
    return found


def outcomes_table(found: TrialResult) -> str:
    """Return all outcomes of a trial but the scores as HTML, with a word on how to read them."""
    rows = []
    for name, words in found.outcomes.items():
        if name.startswith("who_"):  # their model is slow, and one more score adds nothing here
            continue
        effect = found.effect(name)
        verdict = {"benefit": "better", "harm": "worse", "unclear": "cannot tell"}[effect.direction]
        measure = effect.measure.replace("_", " ")
        rows.append(
            f"<tr><td>{html.escape(words)}</td><td>{measure}</td>"
            f"<td>{html.escape(effect.interval())}</td><td>{verdict}</td></tr>"
        )
    return (
        "<details><summary>All other outcomes (the more you read, the more differ by chance)"
        "</summary><div class='cl-scroll' tabindex='0'><table><tr><th>outcome</th><th>measure</th>"
        f"<th>estimate</th><th>treated are</th></tr>{''.join(rows)}</table></div></details>"
    )
