"""Twelve traps of evidence, each with one knob, on virtual patients whose truth is known."""

from __future__ import annotations

import functools
import html
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as W

from cytolearn.apps.beside import Advance, beside
from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.longwork import LongWork
from cytolearn.apps.pieces import bar, set_slider, twin
from cytolearn.apps.widgets import button, handler
from cytolearn.figures.therapy import Mark, intervals, pairs
from cytolearn.patients.cohort import Cohort, Population
from cytolearn.treatments import treatment
from cytolearn.trials import TrialResult, demonstrations, misreadings, trial
from cytolearn.trials.demonstrations import Demonstration
from cytolearn.wording import number, unknown

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer

#: The trial that most traps are played with. Its rule asks for hidden traits, which no doctor can
#: measure: so few candidates have to be screened, and enough of the patients are at risk.
PATIENTS, DRUG, DAY, SEED = 200, "baricitinib", 8, 2
RULE = "viral_antagonism > 0.8 and sensing_delay > 2 and age > 55"
COHORT = 150
_SEEN = ("crp", "alc", "pf_ratio")


@dataclass(frozen=True)
class Trap:
    """One entry of the menu.

    Attributes
    ----------
    title, question : str
    knob : str
        What the slider changes, in words.
    low, high, step, start : float
        Of the slider.
    play : callable(base, knob, seed, advance, null)
        Returns a Demonstration.
    draw : callable(demonstration)
        Returns a Picture.
    needs : {"trial", "cohort", ""}
        What must be simulated first.
    slow : bool
        Whether it is repeated many times, which is done behind the button.
    null : bool or None
        Whether the drug does nothing at first; None: there is no choice.
    seeded : bool
        Whether chance plays a part, so that "Again" shows something else.
    """

    title: str
    question: str
    knob: str
    low: float
    high: float
    step: float
    start: float
    play: Callable[[Any, float, int, Advance | None, bool], Demonstration]
    draw: Callable[[Demonstration], Any]
    needs: str = "trial"
    slow: bool = False
    null: bool | None = None
    seeded: bool = True


# ---------------------------------------------------------------- pictures
def _finite(value: float) -> float:
    return float(value) if value == value and math.isfinite(value) else math.nan


def _many(shown: Demonstration, truth: float, title: str, picked: str) -> Any:
    """Draw many trials under each other, smallest estimate first."""
    rows = shown.table.sort_values("estimate").itertuples()
    marks = [
        Mark("", _finite(r.estimate), _finite(r.low), _finite(r.high),
             "picked" if getattr(r, picked) else "again")
        for r in rows
    ]  # fmt: skip
    return intervals(marks, title=title, names=False, truth=truth)


def _underpowered(shown: Demonstration) -> Any:
    title = "Every line is one trial. Orange squares: p < 0.05 for benefit"
    return _many(shown, shown.numbers["truth"], title, "significant")


def _hunt(shown: Demonstration) -> Any:
    title = "Every line is one subgroup of a trial of a useless drug. Orange: p < 0.05"
    return _many(shown, 1.0, title, "significant")


def _stopping(shown: Demonstration) -> Any:
    rows = shown.table.assign(at=shown.table["claimed"].fillna(shown.table["full"]))
    marks = [
        Mark("", _finite(r.at), kind="picked" if r.stopped else "again")
        for r in rows.sort_values("at").itertuples()
    ]
    title = "Orange: estimate when a trial stopped for benefit; grey: ran to its end"
    return intervals(marks, title=title, names=False, truth=shown.numbers["truth"])


def _steps(shown: Demonstration) -> Any:
    works, won = shown.table["works"], shown.table["won"]
    again = shown.table["confirmed"] == 1
    steps = (("enter phase 2", works == works), ("win phase 2 (p < 0.2)", won),
             ("win phase 3 (p < 0.05)", again))  # fmt: skip
    rows = [(label, int((who & ~works).sum()), int((who & works).sum())) for label, who in steps]
    return pairs(rows, title="How many drugs are left", heads=("do nothing", "work"), unit="drugs")


def _chosen(shown: Demonstration) -> Any:
    n = shown.numbers
    rows = [
        ("same day, second tube", n["first"], n["repeated"]),
        ("some days later", n["first"], n["second"]),
    ]
    heads = ("the sample they were chosen by", "the next sample")
    return pairs(rows, title="Median of the chosen, nobody treated", heads=heads, unit="CRP (mg/L)")


def _immortal(shown: Demonstration) -> Any:
    said = {"landmark": "only who was there at half time, by drug until then"}
    marks = [Mark(said.get(str(name), str(name)), *map(_finite, (r.estimate, r.low, r.high)))
             for name, r in shown.table.iterrows()]  # fmt: skip
    return intervals(marks, title="A drug that does nothing", truth=1.0)


def _indication(shown: Demonstration) -> Any:
    rows = shown.table.itertuples()
    marks = [
        Mark(f"{r.comparison.partition(' (')[0]}, {r.measure}",
             *map(_finite, (r.estimate, r.low, r.high)),
             "truth" if r.comparison.startswith("truth") else "own")
        for r in rows
    ]  # fmt: skip
    return intervals(marks, title="Who is treated is not left to chance", unit="ratio")


def _enriched(shown: Demonstration) -> Any:
    marks = []
    for name, r in shown.table.iterrows():
        saved = 100 * (r["risk_control"] - r["risk_treated"])
        marks += [
            Mark(f"{name} (n = {r['n']:.0f})", *map(_finite, (r["estimate"], r["low"], r["high"]))),
            Mark(f"truth: {number(saved, 2)} saved of 100", r["truth"], kind="truth"),
        ]
    return intervals(marks, title="Everybody, and those above the limit")


def _sums(shown: Demonstration) -> Any:
    kinds = {"events added up": "picked"}
    marks = [Mark(str(name), *map(_finite, (r["estimate"], r["low"], r["high"])),
                  kinds.get(str(name), "own")) for name, r in shown.table.iterrows()]  # fmt: skip
    return intervals(marks, title="Two trials of a drug that does nothing", unit="odds ratio",
                     truth=1.0)  # fmt: skip


def _risks(shown: Demonstration) -> Any:
    rows = [
        (f"risk {number(100 * r.risk)}%: ratio {r.risk_ratio:.2f}", 100 * r.risk, 100 * r.treated)
        for r in shown.table.itertuples()
    ]
    title = f"One odds ratio, {number(shown.numbers['odds_ratio'])}, at different risks"
    return pairs(rows, title=title, heads=("without", "with treatment"), unit="% who die")


def _parts(shown: Demonstration) -> Any:
    rows = [(str(name), r["without"], r["with"]) for name, r in shown.table.iterrows()]
    return pairs(rows, title="The composite and its parts", heads=("without", "with the drug"),
                 unit="% of patients")  # fmt: skip


def _best(shown: Demonstration) -> Any:
    rows = [("death, chosen beforehand", 0.0, 100 * shown.numbers["planned"]),
            ("whichever looks best", 0.0, 100 * shown.numbers["best"])]  # fmt: skip
    rows = [(label, math.nan, value) for label, _, value in rows]
    return pairs(rows, title="How often a useless drug seems to work", heads=("", "show a benefit"),
                 unit="% of trials")  # fmt: skip


# ---------------------------------------------------------------- the menu
TRAPS: dict[str, Trap] = {
    "underpowered": Trap(
        "Too small a trial",
        "The drug works. How many trials of this size find it, and what do those say that do?",
        "patients a trial", 20, PATIENTS, 20, 100,
        lambda base, k, seed, advance, null: demonstrations.underpowered(
            base, int(k), times=60, seed=seed, null=null, advance=advance),
        _underpowered, slow=True, null=False,
    ),
    "phase_two_to_three": Trap(
        "From phase 2 to phase 3",
        "Many drugs are tried in small trials. Those that lower the lung lesion with p < 0.2 get a "
        "large one, where p < 0.05 counts. How many of the winners work?",
        "% of drugs that work", 0, 100, 5, 10,
        lambda base, k, seed, advance, null: demonstrations.phase_two_to_three(
            base, 100, len(base), working=k / 100, times=120, seed=seed, advance=advance),
        _steps, slow=True,
    ),
    "subgroup_hunting": Trap(
        "Hunting for subgroups",
        "The drug does nothing. Look at more and more subgroups, each chosen by tossing a coin.",
        "subgroups looked at", 1, 60, 1, 20,
        lambda base, k, seed, advance, null: demonstrations.subgroup_hunting(
            base, int(k), seed=seed),
        _hunt,
    ),
    "stopping_early": Trap(
        "Stopping early",
        "Somebody looks at the data again and again, and stops as soon as p < 0.05 for benefit.",
        "looks at the data", 1, 20, 1, 10,
        lambda base, k, seed, advance, null: demonstrations.stopping_early(
            base, int(k), times=40, seed=seed, null=null, advance=advance),
        _stopping, slow=True, null=True,
    ),
    "regression_to_the_mean": Trap(
        "Chosen on the worst day",
        "Nobody is treated. Patients are chosen by their highest CRP, and measured again.",
        "% of patients who are chosen", 5, 100, 5, 20,
        lambda base, k, seed, advance, null: demonstrations.regression_to_the_mean(
            base, "crp", k / 100, seed=seed),
        _chosen, needs="cohort",
    ),
    "immortal_time": Trap(
        "Immortal time",
        "The drug does nothing. It is delivered late; who dies or goes home first is called "
        "untreated.",
        "latest day of delivery", 0, 27, 1, 14,
        lambda base, k, seed, advance, null: demonstrations.immortal_time(base, k, seed=seed),
        _immortal,
    ),
    "confounding_by_indication": Trap(
        "Doctors choose",
        "The drug works. Left: doctors treat the fitter patients; right: the sicker; 0: a coin.",
        "how strongly they choose", -3, 3, 0.5, -1,
        lambda base, k, seed, advance, null: demonstrations.confounding_by_indication(
            base, k, seed=seed),
        _indication,
    ),
    "enrichment": Trap(
        "Choosing patients by a marker",
        "Only patients with a high CRP may enter. What happens to the ratio, and to lives saved?",
        "% left out, the lowest CRP", 0, 90, 10, 50,
        lambda base, k, seed, advance, null: demonstrations.enrichment(
            base, "crp", k / 100, seed=seed),
        _enriched,
    ),
    "adding_up": Trap(
        "Adding up trials",
        "Two trials of a useless drug, one of high and one of low risk, are put together.",
        "treated for each control, low-risk trial", 1, 5, 0.5, 3,
        lambda base, k, seed, advance, null: misreadings.adding_up(k),
        _sums, needs="", seeded=False,
    ),
    "odds_and_risk": Trap(
        "Odds, risks and lives",
        "The odds ratio of steroids in the ventilated was 0.66. What does it mean at which risk?",
        "risk without treatment, %", 1, 60, 0.5, 41.5,
        lambda base, k, seed, advance, null: misreadings.odds_and_risk(k / 100),
        _risks, needs="", seeded=False,
    ),
    "composite": Trap(
        "A composite outcome",
        "A drug spares ventilation and costs lives. What does 'ventilation or death' say?",
        "% of ventilations spared", 0, 100, 10, 50,
        lambda base, k, seed, advance, null: misreadings.composite(base, k / 100),
        _parts, seeded=False,
    ),
    "many_outcomes": Trap(
        "The best of many outcomes",
        "The drug does nothing. Each trial reports the outcome that looks best.",
        "outcomes looked at", 1, 8, 1, 8,
        lambda base, k, seed, advance, null: misreadings.many_outcomes(
            base, int(k), times=20, seed=seed, advance=advance),
        _best, slow=True,
    ),
}  # fmt: skip


# ---------------------------------------------------------------- what they are played with
_base: dict[str, Any] = {}  # simulated once a session


def _make_trial(advance: Advance | None = None, cancel: Any = None) -> TrialResult:
    progress = advance or False
    with ThreadPoolExecutor(1) as here:  # no processes: starting them takes longer than the work
        found = trial(
            treated=[treatment(DRUG, day=DAY)], n=PATIENTS, where=RULE, seed=SEED,
            executor=here, progress=progress, cancel=cancel,
        )  # fmt: skip
        found.counterfactual(executor=here, progress=progress, cancel=cancel)
    return found


def _make_cohort(advance: Advance | None = None, cancel: Any = None) -> Cohort:
    people = Population(COHORT, SEED)
    with ThreadPoolExecutor(1) as here:
        return people.run(
            readouts=list(_SEEN), executor=here, progress=advance or False, cancel=cancel
        )


_MAKERS = {"trial": _make_trial, "cohort": _make_cohort, "": lambda *_: None}


def base(needs: str = "trial") -> Any:
    """Return the trial or the cohort that traps are played with; simulated once a session."""
    if needs not in _base:
        _base[needs] = _MAKERS[needs]()
    return _base[needs]


class Traps:
    """A tab of an explorer: choose a trap, turn its knob, see what it does to the answer.

    Parameters
    ----------
    app : Explorer
        The tab does not depend on its patient.

    Attributes
    ----------
    shown : Demonstration or None
        What is on show.
    """

    title = "Twelve traps"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self.shown: Demonstration | None = None
        self.seed = 1
        self._seen: Any = None
        self._menu = W.Dropdown(
            options=[(f"{i}. {t.title}", name) for i, (name, t) in enumerate(TRAPS.items(), 1)],
            description="Trap", style={"description_width": "initial"},
            layout=W.Layout(width="290px"),
        )  # fmt: skip
        self._knob = W.FloatSlider(
            continuous_update=False, readout_format=".1f", style={"description_width": "initial"},
            layout=W.Layout(width="430px", max_width="100%"),
        )  # fmt: skip
        self._null = W.ToggleButton(
            description="The drug does nothing", layout=W.Layout(width="auto")
        )
        self._again = button("Again, with other luck", "Another seed", self._again_clicked)
        self.work = LongWork("Play", self._steps, self._done, app.show_error)
        self._question, self._words, self._page = W.HTML(), W.HTML(), W.VBox()
        self._set_up()
        self._menu.observe(self._chosen, "value")
        self._knob.observe(self._moved, "value")
        self._null.observe(self._moved, "value")
        choices = bar(self._menu, self._knob)
        play = bar(self.work.widget, self._again, self._null)
        self.widget = W.VBox([choices, self._question, play, self._page, self._words])

    # ---- without widgets -------------------------------------------------------------------------

    @property
    def trap(self) -> Trap:
        """The trap that is chosen."""
        return TRAPS[self._menu.value]

    def choose(self, name: str) -> Traps:
        """Choose a trap by name.

        Raises
        ------
        ValueError
            There is no such trap.
        """
        if name not in TRAPS:
            raise ValueError(unknown("trap", name, TRAPS))
        self._menu.value = name
        return self

    def play(
        self, name: str | None = None, knob: float | None = None, *, seed: int | None = None,
        null: bool | None = None,
    ) -> Demonstration:  # fmt: skip
        """Play a trap now, with everything that it needs, and return what it shows.

        Parameters
        ----------
        name : str, optional
            Default: the trap that is chosen.
        knob : float, optional
            Where its knob stands.
        seed : int, optional
            Luck.
        null : bool, optional
            Whether the drug does nothing.

        Raises
        ------
        ValueError
            No such trap, or a knob outside its range.
        """
        if name is not None:
            self.choose(name)
        before = self._seen
        self._seen = "playing"  # the widgets that are set now must not play by themselves
        try:
            if knob is not None:
                set_slider(self._knob, knob)
            if null is not None:
                self._null.value = null
            self.seed = self.seed if seed is None else seed
            self.work.now()
        finally:
            if self._seen == "playing":  # it failed: what was shown stays
                self._seen = before
        return self.shown

    def summary(self) -> str:
        """Say what the trap shows."""
        if self.shown is None:
            return f"{self.trap.title}: {self.trap.question} Press the button."
        return self.shown.words

    # ---- work ------------------------------------------------------------------------------------

    def _state(self) -> tuple:
        return (self._menu.value, self._knob.value, self.seed, self._null.value)

    def _ready(self) -> bool:
        return self.trap.needs in _base or not self.trap.needs

    def _steps(self) -> Iterator[float]:
        trap, state = self.trap, self._state()
        share = 0.5 if trap.slow else 0.95
        if not self._ready():
            keep = functools.partial(_base.__setitem__, trap.needs)
            parts = 4 if trap.needs == "trial" else 1
            for done in beside(_MAKERS[trap.needs], keep, parts=parts):
                yield share * done
        else:
            share = 0.0
        _, knob, seed, null = state
        if not trap.slow:
            self._keep(state, trap.play(base(trap.needs), knob, seed, None, null))
            yield 1.0
            return
        played = lambda advance, _: trap.play(base(trap.needs), knob, seed, advance, null)  # noqa: E731
        for done in beside(played, functools.partial(self._keep, state)):
            yield share + (1 - share) * done

    def _keep(self, state: tuple, shown: Demonstration) -> None:
        self.shown, self._seen = shown, state

    def _done(self, whole: bool) -> None:
        self._draw()

    def _play_if_quick(self) -> None:
        """Play at once what is quick; for the rest say that the button must be pressed."""
        if self._seen == "playing" or self.work.busy:
            return
        if self._seen != self._state():
            self.shown = None
        if self.shown is None and self._ready() and not self.trap.slow:
            self.work.now()
        else:
            self._draw()

    # ---- drawing ---------------------------------------------------------------------------------

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks, so that the app opens at once."""
        view = LiveFigure(self._figure(), [], self.summary(), max_width=860)
        self._page.children = [view]
        return view

    def _figure(self) -> Any:
        if self.shown is None:
            return intervals([], title=self.trap.title)
        picture = self.trap.draw(self.shown)
        picture.twin = self.shown.words
        return picture

    def _draw(self) -> None:
        self.view.replace(self._figure(), [], self.summary())
        self._words.value = twin(self.summary())

    @handler
    def refresh(self) -> None:
        """Show the trap; it does not follow the explorer."""
        _ = self.view
        self._play_if_quick()

    def _set_up(self) -> None:
        """Let the knob and the buttons be those of the trap that is chosen."""
        trap = self.trap
        self._knob.min, self._knob.max = (
            min(self._knob.min, trap.low),
            max(self._knob.max, trap.high),
        )
        self._knob.value = trap.start
        self._knob.min, self._knob.max, self._knob.step = trap.low, trap.high, trap.step
        self._knob.description = trap.knob
        self._knob.readout_format = ".0f" if float(trap.step).is_integer() else ".1f"
        self._null.layout.display = "none" if trap.null is None else ""
        self._null.value = bool(trap.null)
        self._again.layout.display = "" if trap.seeded else "none"
        self.work.widget.layout.display = "" if trap.slow or not self._ready() else "none"
        first = {
            "trial": f" First {PATIENTS} patients are simulated, once: candidates above 55 whose "
            "interferon is late (a rule that only a model can ask), half of them on "
            "baricitinib.",
            "cohort": f" First {COHORT} untreated people are simulated, once.",
            "": "",
        }[trap.needs]
        first = "" if self._ready() else first
        self._question.value = f"<p>{html.escape(trap.question)}{html.escape(first)}</p>"

    @handler
    def _chosen(self, _: Any) -> None:
        self.shown, self._seen = None, "playing"
        self._set_up()
        self._seen = None
        self._play_if_quick()

    @handler
    def _moved(self, _: Any) -> None:
        self._play_if_quick()

    @handler
    def _again_clicked(self, _: Any) -> None:
        self.seed += 1
        if self.trap.slow or not self._ready():
            self.work._start()
        else:
            self._play_if_quick()
