"""From candidates to randomised patients: screening, entry, allocation, and courses by arm."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from cytolearn import clinic, physiology
from cytolearn.clinic.severity import SEVERITY_CLASSES
from cytolearn.patients import observe
from cytolearn.patients.cohort import course_days, daily_courses
from cytolearn.trials.design import Design, usual_care_names
from cytolearn.trials.rules import conjuncts, holds, needs
from cytolearn.wording import listing, number

if TYPE_CHECKING:
    import pandas as pd

    from cytolearn.patients.workers import Workers

#: Curves that outcomes are read from.
CURVES = ("pf_ratio", "lesion", "infection_hazard", "viral_load")
# Candidates whose samples go to the laboratory together. It fixes their noise: never change it
# with the size of a trial.
_BATCH = 500
_LARGEST_ROUND = 5_000
_GIVE_UP = 5_000  # candidates screened without a single entry


@dataclass(frozen=True, eq=False)
class Enrolment:
    """Everybody who was randomised, in the order of entry, and how they got there.

    Attributes
    ----------
    entered : pandas.DataFrame, one row a patient, index = number of the candidate
        Day of entry, usual care, laboratory values, situation and traits at entry.
    flow : dict of str to int
        Candidates screened, without the rule met, dead before entry, randomised.
    """

    design: Design
    entered: pd.DataFrame
    flow: dict[str, int]
    courses: Courses = field(repr=False)


class Courses:
    """Courses of the randomised under every arm; solved when they are first asked for."""

    def __init__(self, design: Design, entered: pd.DataFrame, control: np.ndarray) -> None:
        self.design, self.entered = design, entered
        self.days = course_days(design.days)
        shape = (len(entered), len(self.days), len(CURVES))
        self._values = {arm: np.full(shape, np.nan, np.float32) for arm in design.arms}
        self._values[design.control][:] = control

    def missing(self, arm: str, rows: np.ndarray) -> np.ndarray:
        """Return which of `rows` (numbers of rows of `entered`) are not yet solved."""
        return rows[np.isnan(self._values[arm][rows, 0, 0])]

    def solve(self, wanted: dict[str, np.ndarray], workers: Workers) -> None:
        """Solve what is missing of the rows wanted of each arm."""
        todo = [(arm, row) for arm, rows in wanted.items() for row in self.missing(arm, rows)]
        if not todo:
            return
        cases = treated_cases(self.design, self.entered, todo)
        solved = daily_courses(
            cases, self.design.days, CURVES, workers, engine=self.design.engine, label="Treating"
        )
        for (arm, row), values in zip(todo, solved, strict=True):
            self._values[arm][row] = values

    def of(self, arms: np.ndarray, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Return the curves of rows, each under its own arm, shape (patients, days) a curve."""
        names = list(self._values)
        values = np.empty((len(rows), len(self.days), len(CURVES)), np.float32)
        for i, name in enumerate(names):
            values[arms == i] = self._values[name][rows[arms == i]]
        return {curve: values[:, :, i] for i, curve in enumerate(CURVES)}


def treated_cases(
    design: Design, entered: pd.DataFrame, todo: list[tuple[str, int]]
) -> list[tuple]:
    """Return what `daily_courses` takes, for (arm, row of `entered`) each."""
    traits = list(design.people(1).traits.columns)
    rows = entered[traits].to_dict("records")
    usual = entered[usual_care_names(design.background)].to_numpy(bool)
    days, numbers = entered["entry_day"].to_numpy(), entered.index
    return [
        (
            int(numbers[row]),
            {**design.constants, **rows[row]},
            design.given(arm, float(days[row]), usual[row]),
        )
        for arm, row in todo
    ]


def draws(seed: int, what: str) -> np.random.Generator:
    """Give every use of chance its own stream."""
    return np.random.default_rng([seed, zlib.crc32(what.encode())])


def series(seed: int, times: int) -> list[int]:
    """Return the seeds of a series of trials, so that those of two series are not the same."""
    return draws(seed, "series of trials").integers(2**62, size=times).tolist()


def allocate(seed: int, n: int, shares: tuple[int, ...]) -> np.ndarray:
    """Randomise in blocks as small as the ratio allows.

    Returns
    -------
    ndarray of int, shape (n,)
        Number of the arm of every patient. The first k do not depend on `n`.
    """
    block = np.repeat(np.arange(len(shares)), shares)
    rng = draws(seed, "allocation")
    blocks = -(-n // len(block))
    return rng.permuted(np.tile(block, (blocks, 1)), axis=1).ravel()[:n]


def enrol(design: Design, workers: Workers) -> Enrolment:
    """Screen candidates until enough have entered, and solve their courses under control.

    Raises
    ------
    ValueError
        Not enough candidates meet the rule: how many of how many did, and what to loosen.
    """
    import pandas as pd

    screening = Screening(design, workers)
    entered, control, n = [], [], 0
    dead = 0
    last = -1
    while n < design.n:
        eligible = screening.next(design.n - n)
        cases = treated_cases(design, eligible, [(design.control, i) for i in range(len(eligible))])
        solved = daily_courses(
            cases, design.days, CURVES, workers, engine=design.engine, label="Control arm"
        )
        alive = ~_dies_before(design, eligible, solved)
        dead += int((~alive).sum())
        last = eligible.index[-1]
        entered.append(eligible[alive])
        control.append(solved[alive])
        n += int(alive.sum())
    frame = pd.concat(entered)
    flow = {
        "screened": int(last) + 1,
        "did not meet the rule": int(last) + 1 - dead - n,
        "died before entry": dead,
        "randomised": n,
    }
    return Enrolment(design, frame, flow, Courses(design, frame, np.concatenate(control)))


def _dies_before(design: Design, eligible: pd.DataFrame, solved: np.ndarray) -> np.ndarray:
    """Draw who dies before the day of entry; the luck hangs on seed and patient alone."""
    days = course_days(design.days)
    hazard = clinic.death_hazard(
        days,
        solved[:, :, CURVES.index("lesion")],
        solved[:, :, CURVES.index("infection_hazard")],
        eligible["age"],
    )
    column = (eligible["entry_day"].to_numpy() - days[0]).astype(int)
    chance = draws(design.seed, "death before entry").random(int(eligible.index.max()) + 1)
    return chance[eligible.index] < -np.expm1(-hazard[np.arange(len(column)), column])


class Screening:
    """Goes through the candidates in their order and hands out those who meet the rule."""

    def __init__(self, design: Design, workers: Workers) -> None:
        self.design, self.workers = design, workers
        self.rules = conjuncts(design.where) if design.where else []
        traits = set(design.people(1).traits.columns) | set(usual_care_names(design.background))
        # What asks for traits alone needs no course: it is asked first.
        self.cheap = [rule for rule in self.rules if needs(rule) <= traits]
        self.screened = self.met = 0
        self.waiting: list[pd.DataFrame] = []
        self.held = {rule: [0, 0] for rule in self.rules}  # how often, of how often asked

    def next(self, wanted: int) -> pd.DataFrame:
        """Return at most `wanted` candidates who meet the rule; at least one."""
        import pandas as pd

        while sum(map(len, self.waiting)) < wanted:
            self._screen(self._round(wanted - sum(map(len, self.waiting))))
        found = pd.concat(self.waiting)
        self.waiting = [found.iloc[wanted:]]
        return found.iloc[:wanted]

    def _round(self, wanted: int) -> int:
        """Return how many candidates to look at next: as many as it will probably take."""
        left = self.design.most_screened - self.screened
        if left <= 0 or (self.screened >= _GIVE_UP and not self.met):
            raise ValueError(self._too_few())
        rate = (self.met + 1) / (self.screened + 1)
        return min(int(1.1 * wanted / rate) + 20, _LARGEST_ROUND, left)

    def _too_few(self) -> str:
        wanted, found = self.design.n, self.met
        shares = listing(
            f"'{rule}' held for {number(100 * yes / asked, 2)}%"
            for rule, (yes, asked) in self.held.items()
            if asked
        )
        who = "Nobody" if not found else f"Only {found:,}"
        advice = "Loosen the rule, choose another day or widen the window (day=(2, 14))"
        if found:
            advice += f", randomise fewer (n={found}), or screen more (most_screened=...)"
        parts = f" Of those asked, {shares}." if len(self.held) > 1 and shares else ""
        return (
            f"{who} of {self.screened:,} candidates met the entry rule '{self.design.where}' "
            f"{_screening_words(self.design)}; {wanted:,} are wanted.{parts} {advice}."
        )

    def _screen(self, k: int) -> None:
        """Screen the next `k` candidates."""
        start, end = self.screened, self.screened + k
        people = self.design.people(end).traits.iloc[start:]
        for name, share in zip(
            usual_care_names(self.design.background),
            (share for _, share in self.design.background),
            strict=True,
        ):
            people[name] = draws(self.design.seed, name).random(end)[start:] < share
        asked = self._cheap(people)
        people = people[asked]
        curves = self._courses(people)
        batches = people.index.to_numpy() // _BATCH
        for batch in np.unique(batches):
            inside = batches == batch
            found = self._batch(people[inside], curves[inside], int(batch))
            self.waiting.append(found)
            self.met += len(found)
        self.screened = end

    def _cheap(self, people: pd.DataFrame) -> np.ndarray:
        """Return who passes those parts of the rule that need no course."""
        passes = np.ones(len(people), bool)
        for rule in self.cheap:
            answer = holds(rule, people)
            self._count(rule, answer)
            passes &= answer
        return passes

    def _count(self, rule: str, answer: np.ndarray) -> None:
        self.held[rule][0] += int(answer.sum())
        self.held[rule][1] += len(answer)

    def _courses(self, people: pd.DataFrame) -> np.ndarray:
        """Return courses of candidates up to the last day of screening."""
        traits = list(self.design.people(1).traits.columns)
        usual = people[usual_care_names(self.design.background)].to_numpy(bool)
        cases = [
            (int(i), {**self.design.constants, **own}, self.design.before_entry(on))
            for i, own, on in zip(
                people.index, people[traits].to_dict("records"), usual, strict=True
            )
        ]
        return daily_courses(
            cases,
            self.design.last,
            tuple(physiology.readouts()),
            self.workers,
            engine=self.design.engine,
            label="Screening",
        )

    def _batch(self, people: pd.DataFrame, curves: np.ndarray, batch: int) -> pd.DataFrame:
        """Return those of one batch who meet the rule, as they were on their day of entry."""
        import pandas as pd

        entered, open_ = [], np.ones(len(people), bool)
        rest = [rule for rule in self.rules if rule not in self.cheap]
        for day in range(self.design.first, self.design.last + 1):
            seen = self._on(day, people, curves, batch)
            passes = open_.copy()
            for rule in rest:
                answer = holds(rule, seen)
                self._count(rule, answer[open_])
                passes &= answer
            entered.append(seen[passes])
            open_ &= ~passes
            if not open_.any():
                break
        return pd.concat(entered).sort_index()

    def _on(self, day, people, curves, batch) -> pd.DataFrame:
        """Return what a doctor sees on one day: laboratory values, situation, and the traits."""
        import pandas as pd

        names = list(physiology.readouts())
        column = round(day - float(course_days(day)[0]))
        until = curves[:, : column + 1].astype(float)
        # Noise is drawn for the whole batch, so that nobody's depends on who else is screened.
        position = people.index.to_numpy() % _BATCH
        labs = pd.DataFrame(np.nan, index=range(_BATCH), columns=names)
        labs.iloc[position] = until[:, column]
        if self.design.assay_noise:
            sample = f"laboratory {batch} {day}".encode()
            seeds = np.random.SeedSequence([self.design.seed, zlib.crc32(sample)])
            labs = observe(labs, seed=int(seeds.generate_state(1, np.uint64)[0]))
        labs = labs.iloc[position].set_axis(people.index)
        now = {name: until[:, :, names.index(name)] for name in CURVES}
        scale = clinic.who_scale(
            np.arange(until.shape[1]) + course_days(day)[0],
            now["pf_ratio"],
            now["lesion"],
            now["viral_load"],
        )
        worst = clinic.severity_class(now["pf_ratio"], now["lesion"])
        situation = pd.DataFrame(
            {
                "entry_day": day,
                "day": day,
                "support": clinic.support_level(now["pf_ratio"][:, -1]),
                "severity": np.array(SEVERITY_CLASSES, dtype=object)[worst],
                "who": scale[:, -1],
            },
            index=people.index,
        )
        return pd.concat([situation, labs, people], axis=1)


def _screening_words(design: Design) -> str:
    if design.first == design.last:
        return f"on day {design.first} since symptom onset"
    return f"on any day from {design.first} to {design.last} since symptom onset"
