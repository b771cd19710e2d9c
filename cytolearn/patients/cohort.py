"""Virtual populations: many patients drawn from stated priors, and their courses.

The priors are the rows of ``population.csv``; nothing about a distribution is written here
except how each kind of distribution is drawn.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from cytolearn import physiology
from cytolearn.patients.observation import observe
from cytolearn.patients.patient import Patient, flat
from cytolearn.patients.workers import Flag, Part, Store, Workers, fingerprint
from cytolearn.physiology.tables import read_table
from cytolearn.simulation import SimulationError, integrate
from cytolearn.treatments import cautions_together
from cytolearn.treatments.teaching import checked_number, warn
from cytolearn.wording import unknown

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

    from cytolearn.treatments import Treatment

_LONGEST = 365  # days, as for one patient


def _draws(symbol: str, kind: str, seed: int, row: int) -> np.random.Generator:
    """Give every row of the priors its own stream, so that a new row changes no other trait."""
    return np.random.default_rng([seed, zlib.crc32(f"{symbol}/{kind}".encode()), row])


def _clip(symbol: str, values: np.ndarray) -> np.ndarray:
    low, high = physiology.limits()[symbol]
    return np.clip(values, low, high)


def draw_traits(n: int, seed: int) -> dict[str, np.ndarray]:
    """Draw the traits of `n` virtual patients.

    Parameters
    ----------
    n : int
        Number of patients, at least 1.
    seed : int
        Seed; the first k patients do not depend on `n`.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        Constant symbol to values, each clipped to the allowed range of parameters.csv.
    """
    rows = read_table(__package__, "population.csv")
    bands = [row for row in rows if row["distribution"] == "band"]
    edges = np.array([(float(b["age_low"]), float(b["age_high"])) for b in bands])
    shares = np.array([float(b["share"]) for b in bands])
    rng = _draws("age", "band", seed, 0)
    uniform = rng.random((n, 2))
    band = np.searchsorted(np.cumsum(shares / shares.sum())[:-1], uniform[:, 0], side="right")
    age = edges[band, 0] + uniform[:, 1] * (edges[band, 1] - edges[band, 0])
    traits = {"age": age}
    for i, row in enumerate(rows):
        symbol, kind = row["symbol"], row["distribution"]
        if kind == "band":
            continue
        median, spread = float(row["median"]), float(row["spread"])
        trend = float(row["age_slope"]) * (age - 50)
        numbers = _draws(symbol, kind, seed, i).standard_normal((n, 2))
        z = numbers[:, 0]
        if kind == "normal":
            values = median + trend + spread * z
        elif kind == "lognormal":
            values = median * np.exp(trend + spread * z)
        elif kind == "logitnormal":
            values = 1 / (1 + np.exp(-(np.log(median / (1 - median)) + trend + spread * z)))
        elif kind == "carrier":
            chance = _draws(symbol, "chance", seed, i).random(n)
            in_band = (age >= float(row["age_low"])) & (age < float(row["age_high"]))
            carrier = in_band & (chance < float(row["share"]))
            others = traits.get(symbol, np.full(n, physiology.baseline()[symbol]))
            values = np.where(carrier, median * np.exp(trend + spread * z), others)
        else:
            raise ValueError(f"population.csv: {unknown('distribution', kind, _KINDS)}")
        traits[symbol] = _clip(symbol, values)
    return traits


_KINDS = ("band", "normal", "lognormal", "logitnormal", "carrier")


# Number, constants that differ from the baseline (and age, weight), treatments.
Case = tuple[int, dict[str, float], tuple["Treatment", ...]]


def _solve_chunk(
    cases: Sequence[Case], rows: int, readouts: tuple[str, ...], engine: str | None
) -> np.ndarray:
    """Integrate one chunk of patients; runs in a worker process."""
    onset = physiology.baseline()["symptom_onset"]
    out = np.empty((len(cases), rows, len(readouts)), np.float32)
    for row, (i, own, treatments) in enumerate(cases):
        doses = [dose for t in treatments for dose in t.doses(own["weight"], onset)]
        try:
            out[row] = integrate(
                own, doses, days=rows - 1.0, step=1.0, outputs=readouts, engine=engine
            )
        except SimulationError as error:
            raise SimulationError(error.reason, error.day, f"patient {i}") from error
    return out


@lru_cache(maxsize=4096)
def _code(treatment: Treatment) -> str:
    return repr(treatment)


def _key(cases: Sequence[Case], days: np.ndarray, readouts: tuple[str, ...], engine) -> str:
    """Name the result of one chunk by everything that it depends on."""
    told = [(int(i), sorted(own.items()), [_code(t) for t in given]) for i, own, given in cases]
    text = json.dumps([fingerprint(), engine, list(days), readouts, told], default=float)
    return hashlib.sha256(text.encode()).hexdigest()


def daily_courses(
    cases: Sequence[Case],
    days: float,
    readouts: tuple[str, ...],
    workers: Workers,
    *,
    engine: str | None = None,
    chunk: int = 100,
    label: str = "Virtual patients",
) -> np.ndarray:
    """Run patients, each with constants and treatments of their own; one value a day.

    Parameters
    ----------
    cases : sequence of (number, constants, treatments)
        Constants that differ from the baseline; weight must be among them.
    days : float
        Last day since symptom onset, whole.
    readouts : tuple of str
        Observables to keep.
    workers : Workers
        Where to run.
    engine, chunk, label
        Engine, patients a task, words beside the progress bar.

    Returns
    -------
    ndarray, shape (patients, days, readouts), float32
        From infection (see `course_days`) on.

    Raises
    ------
    SimulationError
        A solver gave up; the message names the patient and the day.
    Cancelled, RuntimeError
        See `Workers.run`.
    """
    grid = course_days(days)
    starts = range(0, len(cases), chunk)
    tasks = [(cases[s : s + chunk], len(grid), readouts, engine) for s in starts]
    parts = [
        Part(_key(cases, grid, readouts, engine) if workers.store else "",
             [i for i, _, _ in cases], grid, readouts)
        for cases, *_ in tasks
    ]  # fmt: skip
    values = np.full((len(cases), len(grid), len(readouts)), np.nan, np.float32)
    for i, part in workers.run(_solve_chunk, tasks, parts, label):
        values[starts[i] : starts[i] + len(part)] = part
    return values


def course_days(days: float) -> np.ndarray:
    """Return whole days since symptom onset, from infection to `days`."""
    return np.arange(-physiology.baseline()["symptom_onset"], days + 0.5)


@dataclass(frozen=True, eq=False)
class Cohort:
    """Courses of a population, one value a day. The values are read-only.

    Attributes
    ----------
    traits : pandas.DataFrame, one row a patient
        Traits that were drawn.
    days : ndarray, shape (d,)
        Days since symptom onset.
    readouts : tuple of str
        Observables, in the order of the last axis of `values`.
    values : ndarray, shape (patients, d, readouts), float32
        Noise-free values in the units of `cytolearn.readouts()`.
    """

    traits: pd.DataFrame
    days: np.ndarray
    readouts: tuple[str, ...]
    values: np.ndarray
    treatments: tuple[Treatment, ...] = ()

    def __post_init__(self) -> None:
        # `peaks` is remembered, so what it was read from must stay as it is.
        self.values.flags.writeable = self.days.flags.writeable = False

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"Cohort of {len(self)} patients, day {self.days[0]:g} to {self.days[-1]:g}"

    def __getitem__(self, readout: str) -> np.ndarray:
        """Return one observable, shape (patients, days)."""
        if readout not in self.readouts:
            raise ValueError(unknown("readout", readout, self.readouts))
        return self.values[:, :, self.readouts.index(readout)]

    def _day(self, day: float) -> int:
        first, last = float(self.days[0]), float(self.days[-1])
        return round(checked_number("Day", day, first, last, "days since symptom onset") - first)

    def at(self, day: float) -> pd.DataFrame:
        """Return every observable on one day (rounded to a whole day since symptom onset)."""
        import pandas as pd

        return pd.DataFrame(
            self.values[:, self._day(day)].astype(float),
            columns=list(self.readouts),
            index=self.traits.index,
        )

    @cached_property
    def peaks(self) -> pd.DataFrame:
        """Highest, or for cells and oxygen lowest, value of every observable."""
        import pandas as pd

        extreme = {r: physiology.readouts()[r]["extreme"] for r in self.readouts}
        columns = {
            r: getattr(np, f"{extreme[r]}")(self[r], axis=1).astype(float) for r in self.readouts
        }
        return pd.DataFrame(columns, index=self.traits.index)

    def observe(
        self, day: float | str = "random", *, seed: int = 0, between: tuple[float, float] = (0, 20)
    ) -> pd.DataFrame:
        """Draw one blood sample from every patient, with assay noise and detection limits.

        Parameters
        ----------
        day : float or "random"
            Day since symptom onset, or a random day for each patient.
        seed : int
            Seed of the noise and of the random days.
        between : (float, float)
            First and last day of the random draw.

        Returns
        -------
        pandas.DataFrame
            One row a patient: the day of the sample, and every observable as a laboratory
            would report it.
        """
        import pandas as pd

        rng = np.random.default_rng([whole("seed", seed, 0, 2**63), zlib.crc32(b"day")])
        if isinstance(day, str):
            if day != "random":
                raise ValueError(f"Day must be a number or 'random'; you gave {day!r}.")
            first, last = (self._day(end) for end in between)
            if last < first:
                raise ValueError(
                    f"between=(first day, last day): the first must not be later than the last; "
                    f"you gave {between}."
                )
            index = rng.integers(first, last, size=len(self), endpoint=True)
        else:
            index = np.full(len(self), self._day(day))
        sample = self.values[np.arange(len(self)), index].astype(float)
        frame = pd.DataFrame(sample, columns=list(self.readouts), index=self.traits.index)
        observed = observe(frame, seed=seed)
        observed.insert(0, "day", self.days[index])
        return observed


@dataclass(frozen=True, eq=False)
class Population:
    """Virtual patients drawn from the priors of population.csv; made by `population`.

    Attributes
    ----------
    n, seed : int
        What was drawn.
    treatments : tuple of Treatment
        Given to everybody.
    constants : mapping of str to float
        Constants of the model that were changed for everybody. Traits that are drawn, and the
        clock of the reader (``symptom_onset``), cannot be among them.
    chosen : tuple of int, optional
        Patients that are kept; all of them by default.
    """

    n: int
    seed: int
    treatments: tuple[Treatment, ...] = ()
    constants: Mapping[str, float] = field(default_factory=dict)
    chosen: tuple[int, ...] | None = field(default=None, repr=False)
    engine: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        drawn = {row["symbol"] for row in read_table(__package__, "population.csv")}
        for symbol in self.constants:
            if symbol not in physiology.baseline():
                raise ValueError(unknown("constant", symbol, physiology.baseline()))
            if symbol in drawn or symbol == "symptom_onset":
                why = "is drawn for each patient" if symbol in drawn else "is one clock for all"
                raise ValueError(f"{symbol} {why}: it cannot be set for a whole population.")

    @property
    def traits(self) -> pd.DataFrame:
        """Traits of every patient: one row a patient, one column a constant (a copy)."""
        return self._traits.copy()

    @cached_property
    def _traits(self) -> pd.DataFrame:
        import pandas as pd

        drawn = pd.DataFrame(
            draw_traits(self.n, self.seed), index=pd.RangeIndex(self.n, name="patient")
        )
        return drawn if self.chosen is None else drawn.iloc[list(self.chosen)]

    def __len__(self) -> int:
        return self.n if self.chosen is None else len(self.chosen)

    def __repr__(self) -> str:
        given = (
            f", treated with {', '.join(t.label for t in self.treatments)}"
            if self.treatments
            else ""
        )
        return f"Population of {len(self)} virtual patients, seed {self.seed}{given}"

    def patient(self, i: int) -> Patient:
        """Return one patient by number (the index of `traits`), to look at closely."""
        if not isinstance(i, (int, np.integer)) or i not in self._traits.index:
            raise IndexError(f"There is no patient {i!r} here; {self._numbers()}.")
        own = {symbol: float(value) for symbol, value in self._traits.loc[i].items()}
        patient = Patient(label=f"patient {i}", **{**self.constants, **own})
        return patient.treat(*self.treatments)

    def __iter__(self) -> Iterator[Patient]:
        """Go through the patients, one after the other."""
        return (self.patient(int(i)) for i in self._traits.index)

    def cases(self) -> list[Case]:
        """Return number, constants and treatments of every patient, as `daily_courses` takes."""
        rows = self._traits.to_dict("records")
        return [
            (i, {**self.constants, **row}, self.treatments)
            for i, row in zip(self._traits.index, rows, strict=True)
        ]

    def _numbers(self) -> str:
        if not len(self):
            return "nobody was chosen"
        return f"patients are numbered {self._traits.index[0]} to {self._traits.index[-1]}"

    def treat(self, *treatments: Treatment | Iterable[Treatment]) -> Population:
        """Return the same patients, all given `treatments` as well.

        Raises
        ------
        TypeError
            Something else than a treatment.
        ValueError
            A first dose before infection.

        Warns
        -----
        TeachingWarning
            Treatments that doctors do not combine.
        """
        baseline, added = physiology.baseline(), tuple(flat(treatments, "people"))
        for one in added:  # a dose before infection shows here, not in a worker
            one.doses(baseline["weight"], baseline["symptom_onset"])
        new = replace(self, treatments=(*self.treatments, *added))
        known = set(cautions_together(self.treatments))
        for message in cautions_together(new.treatments):
            if message not in known:
                warn(message)
        return new

    def only(self, patients: Iterable[int] | Iterable[bool]) -> Population:
        """Return some of the patients.

        Parameters
        ----------
        patients : iterable of int, or of bool
            Numbers of patients (the index of `traits`), each once, or one truth value a patient,
            such as ``cohort["pf_ratio"].min(axis=1) < 300``.

        Raises
        ------
        ValueError
            A number that is nobody's or comes twice; a mask of another length.
        """
        asked, numbers = list(patients), self._traits.index
        if asked and all(isinstance(i, (bool, np.bool_)) for i in asked):
            if len(asked) != len(self):
                raise ValueError(f"{len(asked)} truth values do not fit {len(self)} patients.")
            asked = list(numbers[np.array(asked)])
        for i in asked:
            if isinstance(i, bool) or not isinstance(i, (int, np.integer)) or i not in numbers:
                raise ValueError(f"There is no patient {i!r} here; {self._numbers()}.")
        if len(set(asked)) < len(asked):
            raise ValueError("Choose each patient once: a number came twice.")
        return replace(self, chosen=tuple(int(i) for i in asked))

    def run(
        self,
        executor: Executor | None = None,
        progress: bool | Callable[[int, int], None] = True,
        *,
        days: float = 40,
        readouts: Iterable[str] | None = None,
        chunk: int = 100,
        store: str | os.PathLike | Store | None = None,
        cancel: Flag | None = None,
    ) -> Cohort:
        """Simulate every patient.

        Parameters
        ----------
        executor : concurrent.futures.Executor, optional
            Where to run; local processes by default, or for a cluster
            ``dask.distributed.Client().get_executor()``. Results do not depend on it. In a
            script on Windows or macOS, processes need ``if __name__ == "__main__":``.
        progress : bool or callable(done, total)
            Show a progress bar, or call back after every chunk.
        days : int
            Days since symptom onset, a whole number.
        readouts : str or iterable of str, optional
            Observables to keep; all by default.
        chunk : int
            Patients a task; changes nothing but speed.
        store : str or path, optional
            Folder that keeps finished chunks (Parquet), so that a run that was stopped goes on
            from there; needs pyarrow.
        cancel : threading.Event, optional
            Once it is set, the run stops.

        Returns
        -------
        Cohort

        Raises
        ------
        ValueError
            An unknown readout, an impossible number of days or chunk.
        SimulationError
            A solver gave up; the message names the patient and the day. No half-filled cohort.
        Cancelled
            `cancel` was set.
        """
        kept = (readouts,) if isinstance(readouts, str) else tuple(readouts or ())
        if readouts is None:
            kept = tuple(physiology.readouts())
        if not kept:
            raise ValueError("Keep at least one readout, e.g. readouts=['il6'].")
        for name in kept:
            if name not in physiology.readouts():
                raise ValueError(unknown("readout", name, physiology.readouts()))
        days = checked_number("The length of the courses (days)", days, 1, _LONGEST, "d")
        if not days.is_integer():
            raise ValueError(f"Cohorts have one value a day: days is whole; you gave {days:g}.")
        chunk = whole("chunk", chunk, 1, 1_000_000)
        with Workers(executor, progress, cancel, store) as workers:
            values = daily_courses(
                self.cases(), days, kept, workers, engine=self.engine, chunk=chunk
            )
        grid = course_days(days)
        return Cohort(self.traits, grid, kept, values, self.treatments)


def population(n: int, seed: int = 0) -> Population:
    """Draw `n` virtual patients from stated priors.

    Age structure, interferon autoantibodies (prevalence and titre by age), inborn errors and
    endotype traits come from population.csv; each row carries its source and badge.

    Parameters
    ----------
    n : int
        Number of patients, 1 to 1,000,000.
    seed : int
        Seed, 0 or more. Same seed, same patients, whatever the machine.

    Returns
    -------
    Population

    Raises
    ------
    ValueError
        If `n` or `seed` is not a whole number in range.

    Examples
    --------
    >>> people = population(1000, seed=1)
    >>> cohort = people.run()                       # doctest: +SKIP
    """
    return Population(whole("n", n, 1, 1_000_000), whole("seed", seed, 0, 2**63))


def whole(name: str, given: object, low: int, high: int) -> int:
    """Return `given` as an int, or say what is wrong with it (ValueError)."""
    right = isinstance(given, (int, np.integer)) and not isinstance(given, bool)
    if not right or not low <= given <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high}; you gave {given!r}.")
    return int(given)
