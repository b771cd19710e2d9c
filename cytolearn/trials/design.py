"""What a virtual trial is before anybody enters: arms, entry, day, size, follow-up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType

from cytolearn import physiology
from cytolearn.patients import Population, population
from cytolearn.patients.cohort import whole
from cytolearn.treatments import Treatment, cautions_together
from cytolearn.treatments.teaching import checked_number, plain, warn
from cytolearn.trials.rules import checked_rule
from cytolearn.wording import listing, number

FIRST_ENTRY, LAST_ENTRY = -4.0, 60.0  # days since symptom onset
LONGEST_FOLLOW_UP = 180.0  # days
_MOST_ARMS, _MOST_SHARES = 6, 12
_SCREENED_PER_PATIENT, _LEAST_SCREENED = 100, 5_000
#: What a rule may ask for beside readouts and traits.
SITUATION = ("day", "support", "severity", "who")


@dataclass(frozen=True, eq=False)
class Design:
    """A virtual trial on paper; made by `trial`.

    Attributes
    ----------
    arms : mapping of str to tuple of Treatment
        The first arm is the one that others are compared with.
    n : int
        Patients to randomise.
    where : str or None
        Entry rule; None lets everybody enter.
    seed : int
        Of candidates, laboratory noise, allocation and chance.
    first, last : int
        Days since symptom onset on which a patient may enter.
    moves : bool
        Whether treatments move with the day of entry.
    background : tuple of (Treatment, float)
        Usual care and the share of patients who are given it, in both arms.
    shares : tuple of int
        Patients an arm in each block of the allocation.
    stratify : tuple of str
        Rules or columns of the stratified analysis.
    follow_up : int
        Days from entry.
    """

    arms: Mapping[str, tuple[Treatment, ...]]
    n: int
    where: str | None
    seed: int
    first: int
    last: int
    moves: bool
    background: tuple[tuple[Treatment, float], ...]
    shares: tuple[int, ...]
    stratify: tuple[str, ...]
    follow_up: int
    constants: Mapping[str, float] = field(repr=False)
    assay_noise: bool = field(repr=False)
    most_screened: int = field(repr=False)
    engine: str | None = field(repr=False)

    @property
    def control(self) -> str:
        """Name of the arm that others are compared with."""
        return next(iter(self.arms))

    @property
    def days(self) -> int:
        """Last day of the courses: the end of follow-up, at least day 28 (risk of death)."""
        return max(28, self.last + self.follow_up)

    @property
    def earliest(self) -> float:
        """Day of the first dose in any arm, in days since symptom onset, as it was written."""
        given = [t for arm in self.arms.values() for t in arm]
        if self.moves:
            given += [t for t, _ in self.background]
        return min(t.day for t in given)

    def given(self, arm: str, entry: float, usual: Sequence[bool]) -> tuple[Treatment, ...]:
        """Return what a patient of an arm is given, with the days of this patient's entry."""
        usual_care = [t for (t, _), on in zip(self.background, usual, strict=True) if on]
        return tuple(self._moved(t, entry) for t in (*usual_care, *self.arms[arm]))

    def before_entry(self, usual: Sequence[bool]) -> tuple[Treatment, ...]:
        """Return the usual care that began before the day of screening."""
        if self.moves:
            return ()
        care = zip(self.background, usual, strict=True)
        return tuple(t for (t, _), on in care if on and t.day < self.first)

    def _moved(self, treatment: Treatment, entry: float) -> Treatment:
        if not self.moves:
            return treatment
        return _again(treatment, treatment.day + entry - self.earliest)

    def people(self, n: int) -> Population:
        """Return the first `n` candidates."""
        drawn = population(n, self.seed)
        return Population(drawn.n, drawn.seed, constants=self.constants, engine=self.engine)

    def arm_words(self, arm: str) -> str:
        """Say what an arm is given."""
        return listing(t.label for t in self.arms[arm]) or "usual care only"

    def entry_words(self) -> str:
        """Say when patients enter."""
        if self.first == self.last:
            return f"on day {self.first} since symptom onset"
        return f"on the first day from {self.first} to {self.last} on which the rule holds"


_shifted: dict[tuple[Treatment, float], Treatment] = {}


def _again(treatment: Treatment, day: float) -> Treatment:
    """Return the same course from another day; what is odd about it was said of the first."""
    import warnings

    key = treatment, day
    if key not in _shifted:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _shifted[key] = treatment.again(day)
    return _shifted[key]


def usual_care_names(background: Sequence[tuple[Treatment, float]]) -> list[str]:
    """Return the columns that say who is given usual care, such as 'on_dexamethasone'."""
    return [f"on_{t.drug}" for t, _ in background]


def rule_columns(background: Sequence[tuple[Treatment, float]] = ()) -> list[str]:
    """Return what an entry rule may ask for."""
    traits = population(1).traits.columns
    return [*physiology.readouts(), *traits, *SITUATION, *usual_care_names(background)]


def planned(
    control: Treatment | Iterable[Treatment] | None,
    treated: Treatment | Iterable[Treatment],
    n: int,
    where: str | None,
    seed: int,
    *,
    arms: Mapping[str, Iterable[Treatment]] | None,
    day: float | tuple[float, float] | None,
    background: Iterable[Treatment | tuple[Treatment, float]],
    allocation: float | Sequence[int],
    stratify: str | Iterable[str] | None,
    follow_up: float,
    constants: Mapping[str, float] | None,
    assay_noise: bool,
    most_screened: int | None,
    engine: str | None,
) -> Design:
    """Check everything that a trial is told; see `trial` for the meaning and the errors."""
    n = _size(n)
    seed = whole("seed", seed, 0, 2**63)
    named = _arms(control, treated, arms)
    usual = _background(background)
    first, last, moves = _entry_days(day, named)
    if not moves:
        _refuse_before_entry(named, first)
    follow_up = checked_number("follow_up", follow_up, 1, LONGEST_FOLLOW_UP, "days from entry")
    if not follow_up.is_integer():
        raise ValueError(f"follow_up is a whole number of days; you gave {follow_up:g}.")
    columns = rule_columns(usual)
    stratify = (stratify,) if isinstance(stratify, str) else tuple(stratify or ())
    made = Design(
        arms=MappingProxyType(named),
        n=n,
        where=None if where is None else checked_rule(where, columns),
        seed=seed,
        first=first,
        last=last,
        moves=moves,
        background=usual,
        shares=_shares(allocation, list(named)),
        stratify=tuple(
            checked_rule(rule, [*columns, "entry_day"], "stratified analysis (stratify=)")
            for rule in stratify
        ),
        follow_up=int(follow_up),
        constants=MappingProxyType(dict(constants or {})),
        assay_noise=bool(assay_noise),
        most_screened=max(_SCREENED_PER_PATIENT * n, _LEAST_SCREENED)
        if most_screened is None
        else whole("most_screened", most_screened, n, 1_000_000),
        engine=engine,
    )
    object.__setattr__(made, "most_screened", min(made.most_screened, 1_000_000))
    # Constants that cannot be set, and doses that the last to enter cannot get, show here.
    made.people(1)
    for arm in named:
        for one in made.given(arm, last, [True] * len(usual)):
            one.doses(physiology.baseline()["weight"], physiology.baseline()["symptom_onset"])
    said = set()
    for given in named.values():
        for message in cautions_together([*(t for t, _ in usual), *given]):
            if message not in said:
                warn(message)
            said.add(message)
    return made


def _size(n: object) -> int:
    if isinstance(n, int) and not isinstance(n, bool) and n in (0, 1):
        raise ValueError(
            f"A trial compares groups, so it needs at least 2 patients; you gave n={n}. With one "
            "patient, compare two courses: cl.compare(patient, patient.treat(drug))."
        )
    return whole("n (patients to randomise)", n, 2, 200_000)


def treatments_of(name: str, given: object) -> tuple[Treatment, ...]:
    """Return the treatments of an arm as a tuple, or say what is none (TypeError)."""
    if isinstance(given, Treatment):
        return (given,)
    many = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    for one in many:
        if not isinstance(one, Treatment):
            raise TypeError(
                f'{name} takes treatments, e.g. {name}=[cl.treatment("tocilizumab", day=7)]; '
                f"you gave {one!r}."
            )
    return tuple(many)


def _arms(control, treated, arms) -> dict[str, tuple[Treatment, ...]]:
    if arms is None:
        named = {
            "control": treatments_of("control", () if control is None else control),
            "treated": treatments_of("treated", treated),
        }
    else:
        if not isinstance(arms, Mapping) or not 2 <= len(arms) <= _MOST_ARMS:
            raise ValueError(
                f"arms= names 2 to {_MOST_ARMS} arms and what each is given, e.g. "
                "arms={'usual care': [], 'steroid': [drug]}."
            )
        if treatments_of("control", control or ()) or treatments_of("treated", treated):
            raise ValueError("Give either arms= or control= and treated=, not both.")
        if not all(isinstance(name, str) and name.strip() for name in arms):
            raise ValueError("Each arm needs a name (a text), e.g. arms={'usual care': [], ...}.")
        named = {name: treatments_of(f"arm '{name}'", given) for name, given in arms.items()}
    names = list(named)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if sorted(map(repr, named[one])) == sorted(map(repr, named[other])):
                what = listing(t.label for t in named[one]) or "nothing beyond usual care"
                raise ValueError(
                    f"The arms '{one}' and '{other}' are given the same ({what}), so there is "
                    "nothing to compare. Give one of them another treatment, e.g. "
                    'treated=[cl.treatment("dexamethasone", day=8)].'
                )
    return named


def _background(given: object) -> tuple[tuple[Treatment, float], ...]:
    many = [given] if isinstance(given, Treatment) else given
    usual = []
    for one in many if isinstance(many, Iterable) and not isinstance(many, str) else [many]:
        pair = one if isinstance(one, tuple) else (one, 1.0)
        if len(pair) != 2 or not isinstance(pair[0], Treatment):
            raise TypeError(
                "background takes treatments that everybody is given, or pairs of a treatment "
                'and a share, e.g. background=[(cl.treatment("dexamethasone", day=8), 0.8)]; '
                f"you gave {one!r}."
            )
        share = checked_number(f"The share given {pair[0].label}", pair[1], 0, 1, "", "0.8 is 80%.")
        usual.append((pair[0], share))
    drugs = [t.drug for t, _ in usual]
    for drug in drugs:
        if drugs.count(drug) > 1:
            raise ValueError(f"background names {drug} twice; give it once, with its share.")
    return tuple(usual)


def _entry_days(day, named) -> tuple[int, int, bool]:
    unit = "days since symptom onset"
    if isinstance(day, (tuple, list)):
        if len(day) != 2:
            raise ValueError(f"day=(first, last) has two days; you gave {day!r}.")
        first, last = (_whole_day("An end of the window of entry (day)", end, unit) for end in day)
        if last < first:
            raise ValueError(f"day=(first, last): the first must not be later; you gave {day!r}.")
        return first, last, True
    if day is None:
        start = min(t.day for given in named.values() for t in given)
        if start < FIRST_ENTRY:
            raise ValueError(
                f"The first dose is on day {number(start)}; patients can enter from day "
                f"{number(FIRST_ENTRY)} on, a day after infection."
            )
        return math.floor(start), math.floor(start), False
    only = _whole_day("The day of entry (day)", day, unit)
    return only, only, False


def _whole_day(name: str, given: object, unit: str) -> int:
    day = checked_number(name, given, FIRST_ENTRY, LAST_ENTRY, unit)
    if not day.is_integer():
        raise ValueError(f"{name} is a whole day, as patients are screened once a day; {plain(day)}"
                         " is not.")  # fmt: skip
    return int(day)


def _refuse_before_entry(named: Mapping[str, tuple[Treatment, ...]], entry: int) -> None:
    for given in named.values():
        for one in given:
            if one.day < entry:
                raise ValueError(
                    f"Patients enter on day {entry}, but {one.label} would begin before they are "
                    "randomised. Give it on the day of entry or later, put it into background=, "
                    "or let it move with the patients: day=(first, last)."
                )


def _shares(allocation: object, names: list[str]) -> tuple[int, ...]:
    """Return how many patients of each block go to each arm."""
    reason = "allocation=2 treats two for each control; with more arms, e.g. allocation=(2, 1, 1)."
    if isinstance(allocation, Sequence) and not isinstance(allocation, str):
        if len(allocation) != len(names):
            raise ValueError(f"There are {len(names)} arms ({listing(names)}); {reason}")
        return tuple(whole("A share of the allocation", s, 1, _MOST_SHARES) for s in allocation)
    ratio = checked_number("allocation", allocation, 0.1, 10, "", reason)
    part = Fraction(ratio).limit_denominator(_MOST_SHARES)
    return (part.denominator, *[part.numerator] * (len(names) - 1))
