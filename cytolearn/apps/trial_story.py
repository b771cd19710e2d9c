"""The story of IL-7 in the order in which it happened; before each chapter a belief is asked."""

from __future__ import annotations

import functools
import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn import physiology
from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.longwork import LongWork
from cytolearn.apps.pieces import bar, solve
from cytolearn.apps.widgets import handler
from cytolearn.figures.lymphocytes import (
    beliefs_picture,
    count_words,
    one_course,
    ratio_words,
    recovery,
)
from cytolearn.figures.picture import Picture
from cytolearn.patients import Patient, population
from cytolearn.patients.observation import observe
from cytolearn.simulation import integrate
from cytolearn.treatments import treatment
from cytolearn.wording import number

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer

DRUG = "il7"
LOW = 0.7  # 10^9/L: two measured counts in a row below this and a patient is enrolled
SERIES, TRIAL = 12, 109  # as many as in the published series and in the published trial
FOLLOWED = 28  # days after enrolment
_WARD, _SEED = 400, 7
#: Everybody on this ward has interferon as late as this preset; all else differs between people.
_LIKE = "delayed_ifn"
_FIRST, _LAST = 5, 24  # days on which somebody can be enrolled
_TWINS = 24  # treated patients whose infections are compared with their own, untreated
_OUTPUTS = ("alc", "lesion", "infection_hazard")
_LONG = _LAST + FOLLOWED
STATEMENT = (
    "IL-7 makes the lymphocyte count of critically ill patients recover better than a placebo does."
)
CHAPTERS = (
    "Before anything is known",
    "1 · The mechanism",
    "2 · Twelve patients, all treated",
    "3 · The same twelve, untreated",
    "4 · A randomised trial, in the model",
    "5 · The randomised trial, in patients",
)
PUBLISHED = {
    1: "In the laboratory IL-7 restored the function of T cells from patients (Bidar 2022), and in "
    "septic shock it raised counts three- to fourfold (François 2018, 27 patients).",
    2: "Published: 12 patients treated on compassionate grounds, each with two counts below "
    "0.7 × 10⁹/L; their counts rose (Laterre 2020). Thirteen others were compared with them, but "
    "not by drawing lots.",
    5: "109 critically ill patients with few lymphocytes were given IL-7 or placebo, by lot and "
    "blinded. Counts rose in both groups, without a significant difference: the trial missed its "
    "main aim. Without other antiviral drugs the final count was 43% above placebo (P=0.067, a "
    "subgroup). Hospital infections were 44% fewer with IL-7 (P=0.014), a secondary outcome after "
    "a missed first one: a reason for another trial, not yet a proof (Shankar-Hari 2025).",
}


@dataclass(frozen=True)
class Enrolled:
    """Measured courses of some patients from the day on which each was enrolled.

    Attributes
    ----------
    counts : array, shape (patients, days)
        Measured lymphocytes, 10^9/L.
    lesion : array, shape (patients,)
        Mean lesion over the 28 days, % of lung.
    infections : array, shape (patients,)
        Expected hospital infections in 28 days.
    """

    counts: np.ndarray
    lesion: np.ndarray
    infections: np.ndarray


def _person(i: int) -> dict[str, float]:
    late = Patient(_LIKE).constants
    own = {symbol: float(value) for symbol, value in _traits().loc[i].items()}
    return {**own, **{s: late[s] for s in ("sensing_delay", "viral_antagonism")}}


@functools.cache
def _traits() -> Any:
    return population(_WARD, _SEED).traits


@functools.lru_cache(maxsize=1024)
def _course(i: int, day: float | None, edge: bool) -> np.ndarray:
    """Return a patient's course, untreated or with IL-7 from a day on; shape (days, outputs)."""
    person, onset = _person(i), physiology.baseline()["symptom_onset"]
    doses = treatment(DRUG, day=day).doses(person["weight"], onset) if day is not None else ()
    constants = person if edge else {**person, "hazard_lymphopenia": 0.0}
    return integrate(constants, doses, days=_LONG + onset, step=1.0, outputs=_OUTPUTS)


def _measured(i: int, counts: np.ndarray) -> np.ndarray:
    """Return counts as a laboratory would report them; the same noise for both arms' patient."""
    import pandas as pd

    return observe(pd.DataFrame({"alc": counts}), seed=_SEED + i)["alc"].to_numpy()


@functools.cache
def _entry(i: int) -> float | None:
    """Return the day on which a patient is enrolled; None: never two low counts running."""
    onset = physiology.baseline()["symptom_onset"]
    low = _measured(i, _course(i, None, True)[:, 0]) < LOW
    days = np.arange(len(low)) - onset
    found = np.flatnonzero(low[1:] & low[:-1] & (days[1:] >= _FIRST) & (days[1:] <= _LAST)) + 1
    return float(days[found[0]]) if found.size else None


def _followed(people: list[int], treated: bool, edge: bool = True) -> Enrolled:
    counts, lesion, infections = [], [], []
    for i in people:
        day = _entry(i)
        values = _course(i, day if treated else None, edge)
        first = round(day + physiology.baseline()["symptom_onset"])
        window = values[first : first + FOLLOWED + 1]
        counts.append(_measured(i, values[:, 0])[first : first + FOLLOWED + 1])
        lesion.append(window[:, 1].mean())
        infections.append(window[:, 2].sum())
    return Enrolled(np.array(counts), np.array(lesion), np.array(infections))


@functools.cache
def series() -> tuple[Enrolled, Enrolled]:
    """Return the case series: the same twelve patients treated, and untreated."""
    people = [i for i in range(SERIES * 4) if _entry(i) is not None][:SERIES]
    return _followed(people, True), _followed(people, False)


@dataclass(frozen=True)
class Trial:
    """A virtual randomised trial of IL-7.

    Attributes
    ----------
    treated, control : Enrolled
    prevented : (float, float)
        Share of expected infections that IL-7 prevents in two dozen of the treated, against the
        same people untreated: in the model, and if lymphocytes did not protect from infection.
    """

    treated: Enrolled
    control: Enrolled
    prevented: tuple[float, float]

    def ratio(self, day: int) -> tuple[float, float, float]:
        """Return how many times as high counts are with IL-7 on a day, and the 95% interval."""
        from scipy import stats

        a, b = (np.log(arm.counts[:, day]) for arm in (self.treated, self.control))
        span = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
        middle = a.mean() - b.mean()
        return float(np.exp(middle)), float(np.exp(span.low)), float(np.exp(span.high))


_trial: list[Trial] = []  # computed once a session


def trial_steps() -> Iterator[float]:
    """Run the trial patient by patient; yields the share that is done."""
    if _trial:
        return
    people: list[int] = []
    for i in range(_WARD):
        if _entry(i) is not None:
            people.append(i)
        yield 0.6 * len(people) / TRIAL
        if len(people) == TRIAL:
            break
    lot = np.random.default_rng(_SEED).permutation(people)
    arms = {True: sorted(lot[: TRIAL // 2].tolist()), False: sorted(lot[TRIAL // 2 :].tolist())}
    twins = arms[True][:_TWINS]
    for k, i in enumerate(arms[True]):
        _course(i, _entry(i), True)
        if i in twins:
            _course(i, _entry(i), False), _course(i, None, False)
        yield 0.6 + 0.4 * (k + 1) / len(arms[True])
    prevented = []
    for edge in (True, False):
        with_, without = (_followed(twins, t, edge).infections.sum() for t in (True, False))
        prevented.append(float(1 - with_ / without))
    _trial.append(
        Trial(_followed(arms[True], True), _followed(arms[False], False), tuple(prevented))
    )


def virtual_trial() -> Trial:
    """Return the virtual trial, computing it if need be (about two seconds)."""
    for _ in trial_steps():
        pass
    return _trial[0]


class IL7Story:
    """A tab of an explorer: five chapters, each opened by committing to a belief.

    Parameters
    ----------
    app : Explorer
    """

    title = "The IL-7 story"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self.beliefs: list[int] = []
        self._chapter = 0
        self._belief = W.IntSlider(
            value=50, min=0, max=100, step=5, description="How sure are you? (%)",
            style={"description_width": "initial"},
            layout=W.Layout(width="430px", max_width="100%"),
        )  # fmt: skip
        self._commit = W.Button(description="Commit and turn the page", button_style="primary")
        self._commit.on_click(self._pressed)
        self._again = W.Button(description="Begin again")
        self._again.on_click(lambda _: self.begin_again())
        self._work = LongWork(
            f"Run the trial ({TRIAL} patients)", trial_steps, self._trial_done, app.show_error
        )
        self._head, self._words, self._page, self._ask = W.HTML(), W.HTML(), W.VBox(), W.HTML()
        vote = bar(self._belief, self._commit, self._again)
        vote.add_class("cl-at-belief")
        self.widget = W.VBox(
            [self._head, self._work.widget, self._page, self._words, self._ask, vote]
        )

    # ---- the widget-free face --------------------------------------------------------------------

    @property
    def chapter(self) -> int:
        """Number of the chapter that is open, 0 to 5."""
        return self._chapter

    def commit(self, belief: int) -> str:
        """Say how sure you are of the statement, in per cent, and turn the page.

        Returns
        -------
        str
            What the next chapter shows.

        Raises
        ------
        ValueError
            A belief outside 0 to 100.
        """
        if isinstance(belief, bool) or not 0 <= belief <= 100:
            raise ValueError(f"A belief is a number from 0 to 100 (per cent); you gave {belief}.")
        if len(self.beliefs) < len(CHAPTERS):
            self.beliefs.append(int(belief))
            self._chapter = min(len(self.beliefs), len(CHAPTERS) - 1)
        self.refresh()
        return self.summary()

    def begin_again(self) -> None:
        """Forget what was committed, and close all chapters."""
        self.beliefs, self._chapter = [], 0
        self.refresh()

    def run_trial(self) -> Trial:
        """Run the virtual trial now and return it."""
        trial = virtual_trial()
        self.refresh()
        return trial

    def summary(self) -> str:
        """Say what the open chapter shows, and how the belief has moved."""
        return "\n".join([f"{CHAPTERS[self._chapter]}.", *self._told()])

    def _told(self) -> list[str]:
        published = [PUBLISHED[self._chapter]] if self._chapter in PUBLISHED else []
        shown = self._shown()
        told = published + shown if self._chapter == len(CHAPTERS) - 1 else shown + published
        if len(self.beliefs) == len(CHAPTERS):
            path = ", ".join(f"{b}%" for b in self.beliefs)
            told.append(f"Your belief went like this: {path}.")
        return told

    def refresh(self) -> None:
        """Show the open chapter."""
        figure = self._picture()
        text = self.summary()
        if figure is None:
            self._page.children = []
        elif not self._page.children:
            self._page.children = [LiveFigure(figure, [], text, max_width=620)]
        else:
            self._page.children[0].replace(figure, [], text)
        waiting = self._waiting
        self._work.widget.layout.display = "" if waiting else "none"
        over = len(self.beliefs) == len(CHAPTERS)
        self._commit.disabled = self._belief.disabled = waiting or over
        self._again.layout.display = "" if self.beliefs else "none"
        self._head.value = f"<h4>{html.escape(CHAPTERS[self._chapter])}</h4>"
        told = "".join(f"<li>{html.escape(line)}</li>" for line in self._told())
        self._words.value = f'<div class="cl-twin"><ul style="columns:1">{told}</ul></div>'
        last = self._chapter == len(CHAPTERS) - 1
        ask = "and now, at the end?" if last else "before you turn the page:"
        said = f"The statement, {ask} <b>{html.escape(STATEMENT)}</b>"
        self._ask.value = "" if over else f'<p style="margin-top:10px">{said}</p>'
        self._commit.description = "Commit" if last else "Commit and turn the page"

    # ---- the chapters ----------------------------------------------------------------------------

    @property
    def _waiting(self) -> bool:
        return self._chapter == 4 and not _trial

    def _shown(self) -> list[str]:
        treated, untreated = series() if self._chapter in (2, 3) else (None, None)
        if self._chapter == 0:
            return [
                "IL-7 is a messenger that keeps T cells alive and makes them divide. A patient in "
                "intensive care often has few. Six times you will be asked how sure you are."
            ]
        if self._chapter == 1:
            with_, without, day = self._one
            rise, other = (self._at(c, day + 14) for c in (with_, without))
            return [
                f"{self.app.start_name[0].upper()}{self.app.start_name[1:]}, in the model: 14 days "
                f"after IL-7 is started on day {number(day)} the count is {count_words(rise)}, "
                f"against {count_words(other)} without it."
            ]
        if self._chapter == 2:
            return [_before_after(treated, "All twelve were given IL-7 on the day of enrolment.")]
        if self._chapter == 3:
            return [
                _before_after(
                    untreated,
                    "The model can do what no hospital can: the same twelve people, the same days, "
                    "no drug.",
                ),
                "They were enrolled because their counts were low. From there a count can mostly "
                "rise: noise that made it look low is gone the next day, and the illness passes.",
            ]
        if self._chapter == 4 and not _trial:
            return ["Press the button: patients are drawn by lot, half of them get IL-7."]
        if self._chapter == 4:
            return self._trial_words(_trial[0])
        return [
            "The model had promised more than this. It was tuned to a trial in septic shock and "
            "knows nothing of the other drugs that patients were given. When a model and a "
            "randomised trial disagree, the trial is right about the patients, and the model has "
            "something to explain."
        ]

    def _trial_words(self, trial: Trial) -> list[str]:
        arms = {"with IL-7": trial.treated, "with placebo": trial.control}
        rise = "; ".join(
            f"{name} from {count_words(np.median(arm.counts[:, 0]))} to "
            f"{count_words(np.median(arm.counts[:, 14]))}"
            for name, arm in arms.items()
        )
        lesion = [arm.lesion.mean() for arm in arms.values()]
        kept, cut = (100 * share for share in trial.prevented)
        return [
            f"Counts rise in both arms (medians, in 14 days): {rise}.",
            f"After 14 days counts with IL-7 are {ratio_words(trial.ratio(14))}, after 28 days "
            f"{ratio_words(trial.ratio(FOLLOWED))}.",
            f"The lung hardly notices: mean lesion {number(lesion[0])}% with IL-7, "
            f"{number(lesion[1])}% with placebo.",
            "Hospital infections: against the same people untreated, which only a model can show, "
            f"IL-7 prevents {number(kept, 2)}% of them. Cut the arrow from lymphocytes to "
            f"infection, and it prevents {number(cut, 2)}%: a count is worth what hangs on it.",
        ]

    def _picture(self) -> Picture | None:
        offsets = np.arange(FOLLOWED + 1)
        if self._chapter == 1:
            with_, without, day = self._one
            curves = {"with IL-7": with_, "without": without}
            return one_course(self.app.days, curves, day)
        if self._chapter == 2:
            return recovery(offsets, {"all given IL-7": series()[0].counts}, each=True, limit=LOW)
        if self._chapter == 3:
            treated, untreated = series()
            arms = {"all given IL-7": treated.counts, "the same, untreated": untreated.counts}
            return recovery(offsets, arms, each=True, limit=LOW)
        if self._chapter == 4 and _trial:
            arms = {"IL-7": _trial[0].treated.counts, "placebo": _trial[0].control.counts}
            return recovery(offsets, arms, each=False, limit=LOW)
        if len(self.beliefs) == len(CHAPTERS):
            return beliefs_picture(self.beliefs)
        return None

    @functools.cached_property
    def _one(self) -> tuple[np.ndarray, np.ndarray, float]:
        """Return the starting patient's count with IL-7 from the day of the low on, and without."""
        person = self.app.start
        days, without = solve(person, ["alc"])
        day = float(round(days[int(without["alc"].argmin())]))
        treated = self.app.quietly(person.treat, treatment(DRUG, day=day))
        return solve(treated, ["alc"])[1]["alc"], without["alc"], day

    def _at(self, curve: np.ndarray, day: float) -> float:
        return float(np.interp(day, self.app.days, curve))

    @handler
    def _pressed(self, _: Any) -> None:
        self.commit(self._belief.value)

    def _trial_done(self, _: bool) -> None:
        self.refresh()


def _before_after(group: Enrolled, opening: str) -> str:
    first, last = (np.median(group.counts[:, d]) for d in (0, 14))
    risen = int((group.counts[:, 14] > group.counts[:, 0]).sum())
    return (
        f"{opening} Median count on that day {count_words(first)}, 14 days later "
        f"{count_words(last)}; {risen} of {len(group.counts)} rose."
    )
