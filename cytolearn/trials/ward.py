"""A ward of eight hidden patients: who they are, what the laboratory says, and the best plan found.

The pure side of the game of lesson 06. Kinds of patient are rows of ward_kinds.csv, what each class
of drug acts on stands in ward_levers.csv. Patients come from the virtual population; what is scored
is the risk of death of `cytolearn.clinic`, free of chance. Not for clinical use.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cytolearn import physiology
from cytolearn.clinic import death_risk, outcomes, support_level, support_levels
from cytolearn.patients import Patient
from cytolearn.patients.cohort import draw_traits
from cytolearn.patients.observation import observe
from cytolearn.physiology.tables import read_table
from cytolearn.simulation import Course, integrate
from cytolearn.treatments import Treatment, cautions_together, drugs, treatment
from cytolearn.treatments.teaching import TeachingWarning
from cytolearn.wording import in_sentence, listing, number, unknown

if TYPE_CHECKING:
    import pandas as pd

BEDS, KINDS_FOR_SURE = 8, 6
#: Days since symptom onset on which the eight arrive, in an order that the code of the ward gives:
#: two early, the others about a week ill, as most who came to hospital were.
ARRIVALS = (2, 4, 6, 7, 8, 8, 9, 10)
#: Ward rounds, in days after arrival. Drugs are started on a round.
ROUNDS = (0, 2, 4, 7)
#: Doses on offer, as multiples of the usual one; twice only where a trial gave it (`doses_of`).
DOSES = (0.5, 1.0, 2.0)
MOST_DRUGS = 2
LAST_DAY = 28
#: What the laboratory measures, from the bedside to the special laboratory.
TESTS = (
    *("spo2", "pf_ratio", "viral_load", "crp", "ferritin", "d_dimer", "ldh"),
    *("alc", "neutrophils", "il6", "il18", "ifn", "hla_dr", "plasmablasts"),
)
#: A risk of death that differs by less is hardly a difference: 2 in 1,000.
NOTICED = 0.002
#: Nobody is drawn whose untreated risk of death is higher: one bed should not decide a score.
_HIGHEST_RISK = 0.4
_POOL, _POOL_SEED = 20_000, 2020
_OUTPUTS = tuple(dict.fromkeys((*TESTS, "lesion", "infection_hazard", "viral_load_lung")))
_SURNAMES = (
    *("Adeyemi", "Bauer", "Chen", "Dlamini", "Eriksen", "Fontaine", "Garcia", "Haddad", "Ivanova"),
    *("Jansen", "Kaur", "Lindqvist", "Moreau", "Novak", "Okafor", "Papadaki", "Quispe", "Rossi"),
    *("Santos", "Tanaka", "Usman", "Varga", "Wojcik", "Yilmaz"),
)
_TRIES = 60


class Order(NamedTuple):
    """One drug, started on one day.

    Attributes
    ----------
    drug : str
    day : float
        Days since symptom onset.
    dose : float
        Multiple of the usual dose.
    """

    drug: str
    day: float
    dose: float = 1.0

    def treatment(self) -> Treatment:
        """Return the course of treatment."""
        return treatment(self.drug, day=self.day, scale=self.dose)

    def words(self) -> str:
        """Say it: 'anakinra from day 6, half the usual dose'."""
        name = drugs()[self.drug]["name"]
        much = {1.0: "", 0.5: ", half the usual dose", 2.0: ", twice the usual dose"}
        dose = much.get(self.dose, f", {number(self.dose)} times the usual dose")
        return f"{in_sentence(name)} from day {number(self.day)}{dose}"


Plan = tuple[Order, ...]


@dataclass(frozen=True)
class Inpatient:
    """Somebody on the ward.

    Attributes
    ----------
    bed : int
        1 to 8.
    name : str
    patient : Patient
        Who it is, untreated.
    kind : str
        Row of ward_kinds.csv; hidden from the learner until the end.
    arrival : int
        Day of arrival, since symptom onset.
    ward : str
        Code of the ward; gives the luck of the laboratory.
    """

    bed: int
    name: str
    patient: Patient
    kind: str
    arrival: int
    ward: str

    @property
    def age(self) -> float:
        """Years."""
        return self.patient.traits["age"]

    @property
    def days(self) -> tuple[int, ...]:
        """Days of the ward rounds, since symptom onset."""
        return tuple(self.arrival + later for later in ROUNDS)

    @property
    def label(self) -> str:
        """Return 'Bed 3, Okafor, 67'."""
        return f"Bed {self.bed}, {self.name}, {self.age:.0f}"


class Stay(NamedTuple):
    """A course on the ward, once a day.

    Attributes
    ----------
    days : ndarray, shape (d,)
        Days since symptom onset, to day 28.
    values : dict of str to ndarray, shape (d,)
        True values, free of assay noise.
    """

    days: np.ndarray
    values: Mapping[str, np.ndarray]


class Outlook(NamedTuple):
    """What a plan comes to, free of chance, from arrival to day 28.

    Attributes
    ----------
    death, infection : float
        Probability to die; probability of a secondary infection.
    worst_pf : float
        Lowest P/F ratio from arrival on, mmHg.
    """

    death: float
    infection: float
    worst_pf: float


@cache
def kinds() -> dict[str, dict[str, str]]:
    """Return the rows of ward_kinds.csv by kind."""
    return {row["kind"]: row for row in read_table(__package__, "ward_kinds.csv")}


@cache
def levers() -> dict[str, dict[str, str]]:
    """Return by class of drug what it acts on (virus, inflammation or cells) and how."""
    return {row["class"]: row for row in read_table(__package__, "ward_levers.csv")}


# ---- drawing ---------------------------------------------------------------------------------


@cache
def _pool() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(draw_traits(_POOL, _POOL_SEED))


@cache
def _candidates(kind: str) -> np.ndarray:
    return _pool().query(kinds()[kind]["condition"]).index.to_numpy()


def _seed(*words: object) -> int:
    """Return a number that hangs on the words alone, on any machine."""
    text = "/".join(map(str, words))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")


def ward_code(code: object) -> str:
    """Return a ward's code as it counts: without blanks around it, in small letters.

    Raises
    ------
    ValueError
        If there is nothing left, or more than 60 characters.
    """
    text = " ".join(str(code).split()).lower()
    if not text or len(text) > 60:
        raise ValueError(
            "The code of a ward is any word of 1 to 60 characters, such as 'ward 1' or your "
            f"student number; you gave {code!r}."
        )
    return text


@lru_cache(maxsize=16)
def admit(code: str = "ward 1") -> tuple[Inpatient, ...]:
    """Return the eight patients of a ward.

    They are drawn from the virtual population, so that most kinds of ward_kinds.csv are met but
    nobody can count on one: six different kinds, and two of any kind.

    Parameters
    ----------
    code : str
        Any word. The same word gives the same ward, on every machine.

    Raises
    ------
    ValueError
        If the code is empty or too long.

    Examples
    --------
    >>> [p.bed for p in admit("ward 1")]                       # doctest: +SKIP
    [1, 2, 3, 4, 5, 6, 7, 8]
    """
    code = ward_code(code)
    rng = np.random.default_rng(_seed("ward", code))
    names = list(kinds())
    weight = np.array([float(row["weight"]) for row in kinds().values()])
    weight /= weight.sum()
    drawn = [*rng.choice(names, KINDS_FOR_SURE, replace=False, p=weight)]
    drawn += [*rng.choice(names, BEDS - KINDS_FOR_SURE, p=weight)]
    people = rng.choice(_SURNAMES, BEDS, replace=False)
    arrivals = rng.permutation(ARRIVALS)
    taken: set[int] = set()
    ward = []
    for bed, kind in enumerate(rng.permutation(drawn), start=1):
        person = _somebody(str(kind), rng, taken)
        ward.append(
            Inpatient(bed, str(people[bed - 1]), person, str(kind), int(arrivals[bed - 1]), code)
        )
    return tuple(ward)


def _somebody(kind: str, rng: np.random.Generator, taken: set[int]) -> Patient:
    """Return a patient of a kind whose untreated lung is as ill as the kind's row says."""
    row = kinds()[kind]
    low, high = float(row["worst_low"]), float(row["worst_high"])
    choice = [int(i) for i in rng.permutation(_candidates(kind))[:_TRIES] if int(i) not in taken]
    for i in choice:
        patient = _of_pool(i)
        untreated = outlook(Inpatient(0, "", patient, kind, 0, ""))
        if low <= untreated.worst_pf < high and untreated.death <= _HIGHEST_RISK:
            taken.add(i)
            return patient
    raise ValueError(f"ward_kinds.csv: nobody of kind '{kind}' among {len(choice)} candidates.")


def _of_pool(i: int) -> Patient:
    own = {symbol: float(value) for symbol, value in _pool().loc[i].items()}
    return _quietly(Patient, **own)


# ---- what happens ----------------------------------------------------------------------------


def _solve(patient: Patient, engine: str | None) -> np.ndarray:
    days = LAST_DAY + physiology.baseline()["symptom_onset"]
    return integrate(
        patient.constants, patient.doses(), days=days, step=1.0, outputs=_OUTPUTS, engine=engine
    )


@lru_cache(maxsize=4096)
def stay(person: Inpatient, plan: Plan = (), engine: str | None = None) -> Stay:
    """Return the course of a patient under a plan (true values, once a day).

    Parameters
    ----------
    person : Inpatient
    plan : tuple of Order
    engine : str, optional
        Solver; None takes the default.
    """
    values = _solve(_treated(person, plan), engine)
    days = np.arange(len(values)) - physiology.baseline()["symptom_onset"]
    return Stay(days, dict(zip(_OUTPUTS, values.T, strict=True)))


def course(person: Inpatient, plan: Plan, day: int) -> Course:
    """Return the illness under a plan as a `Course` up to a day since symptom onset, 1 or later."""
    return _quietly(lambda: _treated(person, plan).but(label=person.label).run(days=day))


def _treated(person: Inpatient, plan: Plan) -> Patient:
    return _quietly(lambda: person.patient.treat(*(order.treatment() for order in plan)))


@lru_cache(maxsize=8192)
def outlook(person: Inpatient, plan: Plan = (), engine: str | None = None) -> Outlook:
    """Return what a plan comes to, free of chance, from arrival to day 28.

    Parameters
    ----------
    person : Inpatient
    plan : tuple of Order
    engine : str, optional
        Solver; None takes the default.
    """
    days, values = stay(person, plan, engine)
    inside = days >= person.arrival
    hazard = np.trapezoid(values["infection_hazard"][inside], days[inside])
    death = death_risk(
        days,
        values["lesion"][None],
        values["infection_hazard"][None],
        [person.age],
        entry=person.arrival,
        follow_up=LAST_DAY - person.arrival,
    )[0]
    worst = values["pf_ratio"][inside].min()
    return Outlook(float(death), float(-np.expm1(-hazard)), float(worst))


def drawn_outcome(person: Inpatient, plan: Plan = (), luck: int = 0) -> pd.Series:
    """Draw what happens to a patient: one throw of the dice of `cytolearn.clinic.outcomes`.

    Parameters
    ----------
    luck : int
        Another number, another throw. The same patient meets the same luck under every plan.
    """
    days, values = stay(person, plan)
    frame = outcomes(
        days,
        values["pf_ratio"][None],
        values["lesion"][None],
        values["infection_hazard"][None],
        [person.age],
        viral_load=values["viral_load"][None],
        entry=person.arrival,
        follow_up=LAST_DAY - person.arrival,
        seed=_seed("luck", person.ward, luck) % 2**31,
        patient=[person.bed],
    )
    return frame.iloc[0]


def oxygen(person: Inpatient, day: float, plan: Plan = (), engine: str | None = None) -> str:
    """Return what support a patient needs on a day, in words.

    Parameters
    ----------
    person : Inpatient
    day : float
        Days since symptom onset.
    plan : tuple of Order
    engine : str, optional
        Solver; None takes the default.
    """
    days, values = stay(person, plan, engine)
    level = int(support_level(float(np.interp(day, days, values["pf_ratio"]))))
    return support_levels()[level]["name"]


@lru_cache(maxsize=2048)
def _sample(person: Inpatient, plan: Plan, turn: int) -> dict[str, float]:
    """Return what the laboratory reports of one round."""
    import pandas as pd

    days, values = stay(person, plan)
    at = int(np.searchsorted(days, person.days[turn]))
    true = pd.DataFrame({test: [float(values[test][at])] for test in TESTS})
    return observe(true, seed=_seed("assay", person.ward, person.bed, turn)).iloc[0].to_dict()


def chart(person: Inpatient, plan: Plan = (), rounds: int = 1) -> pd.DataFrame:
    """Return what the laboratory has reported by now.

    Parameters
    ----------
    person : Inpatient
    plan : tuple of Order
        What was given so far; later orders change nothing earlier.
    rounds : int
        How many ward rounds have been held.

    Returns
    -------
    pandas.DataFrame
        One row a round (index = day since symptom onset), one column a test, with assay noise.
        A sample's noise hangs on ward, bed and round alone.
    """
    import pandas as pd

    rows = [_sample(person, plan, turn) for turn in range(rounds)]
    index = pd.Index(person.days[:rounds], name="day since symptom onset")
    return pd.DataFrame(rows, index=index)


def flag(test: str, value: float) -> str:
    """Return the arrow that a laboratory prints: outside the reference range, or far outside.

    Far is three times the upper or a third of the lower limit; a logarithm has no far.
    """
    row = physiology.readouts()[test]
    low, high = float(row["normal_low"]), float(row["normal_high"])
    plain = not row["unit"].startswith("log10")
    if value > high:
        return "↑↑" if plain and value > 3 * high else "↑"
    if value < low:
        return "↓↓" if plain and value < low / 3 else "↓"
    return ""


class Tell(NamedTuple):
    """A test that stood out: on one round it was the highest, or lowest, on the ward."""

    test: str
    extreme: str
    day: int
    value: float


def tells(person: Inpatient, plans: Mapping[int, Plan]) -> list[Tell]:
    """Return which tests could have given a patient's kind away, under a learner's plans.

    For every test that ward_kinds.csv names for the kind: the first round on which the reported
    value was the highest or lowest of all beds (of those for whom its column ``among`` holds).
    """
    import pandas as pd

    row, found = kinds()[person.kind], []
    ward = admit(person.ward)
    for name, extreme in (tell.split() for tell in row["tells"].split("; ")):
        for turn in range(len(ROUNDS)):
            sheet = pd.DataFrame([_sample(p, plans.get(p.bed, ()), turn) for p in ward])
            sheet.index = [p.bed for p in ward]
            if row["among"]:
                sheet = sheet.query(row["among"])
            most = sheet[name].idxmax() if extreme == "highest" else sheet[name].idxmin()
            if len(sheet) > 1 and most == person.bed:
                value = float(sheet.loc[most, name])
                found.append(Tell(name, extreme, person.days[turn], value))
                break
    return found


# ---- policies --------------------------------------------------------------------------------

Policy = Callable[[Inpatient], Plan]


def treat_nobody(person: Inpatient) -> Plan:
    """Give nothing."""
    return ()


def steroid_for_all(person: Inpatient) -> Plan:
    """Give dexamethasone to everybody on arrival."""
    return (Order("dexamethasone", person.days[0]),)


def steroid_on_oxygen(person: Inpatient) -> Plan:
    """Give dexamethasone on the first round on which the patient needs oxygen, if any."""
    for day in person.days:
        if oxygen(person, day) != support_levels()[0]["name"]:
            return (Order("dexamethasone", day),)
    return ()


def antiviral_for_all(person: Inpatient) -> Plan:
    """Give remdesivir to everybody on arrival."""
    return (Order("remdesivir", person.days[0]),)


#: Rules that a score is set beside, by what they are called.
RULES: dict[str, Policy] = {
    "nobody treated": treat_nobody,
    "dexamethasone for all on arrival": steroid_for_all,
    "dexamethasone for all on oxygen": steroid_on_oxygen,
    "remdesivir for all on arrival": antiviral_for_all,
}


# ---- the best plan ---------------------------------------------------------------------------


class Step(NamedTuple):
    """How far a search has come."""

    done: int
    of: int
    best: Plan


def search(person: Inpatient) -> Iterator[Step]:
    """Look for the plan with the lowest risk of death; yield after every simulation.

    The grid is what a learner can do: every drug, alone and in pairs, on the four rounds, in every
    dose on offer. It is not tried whole (about 7,000 plans a patient) but in order: one drug of
    each class on the first and third round; the others of the best classes; the best five on the
    other rounds; pairs of the five; the best pair on every round; its doses. Where no drug alone
    lowers the risk by 2 in 1,000, the search ends there. The last step holds the best plan.
    """
    tried: dict[Plan, float] = {(): outlook(person).death}
    days = person.days

    def best() -> Plan:
        return min(tried, key=lambda plan: (tried[plan], len(plan)))

    def look(plans: Iterable[Plan]) -> Iterator[Step]:
        for plan in plans:
            if plan not in tried:
                tried[plan] = outlook(person, plan).death
                yield Step(min(len(tried), _MOST_TRIED), _MOST_TRIED, best())

    families = _families()
    yield from look([(Order(f[0], day),) for f in families for day in (days[0], days[2])])
    if tried[()] - tried[best()] > NOTICED:
        ranked = sorted((plan for plan in tried if plan), key=tried.get, reverse=True)
        alone = {plan[0].drug: plan[0] for plan in ranked}  # the better day overwrites
        leading = sorted(families, key=lambda names: tried[(alone[names[0]],)])[:5]
        for names in leading:
            yield from look([(alone[names[0]]._replace(drug=drug),) for drug in names])
            drug = min(names, key=lambda name: _least(tried, name))
            yield from look([(Order(drug, day),) for day in days])
        ranked = sorted((plan for plan in tried if plan), key=tried.get)
        first = [next(p[0] for p in ranked if p[0].drug in names) for names in leading]
        yield from look(combinations(first, MOST_DRUGS))
        for _ in range(2):  # a better day for one may make another day better for the other
            for turn in range(len(best())):
                yield from look([_moved(best(), turn, day=day) for day in days])
        for turn in range(len(best())):
            doses = doses_of(best()[turn].drug)
            yield from look([_moved(best(), turn, dose=dose) for dose in doses])
    yield Step(_MOST_TRIED, _MOST_TRIED, best())


_MOST_TRIED = 80  # what a search may try, about; the end of the progress bar


def _least(tried: Mapping[Plan, float], drug: str) -> float:
    return min(risk for plan, risk in tried.items() if len(plan) == 1 and plan[0].drug == drug)


@cache
def _families() -> tuple[tuple[str, ...], ...]:
    """Return the drugs class by class; the interferons apart, as autoantibodies bind one only."""
    found: dict[str, list[str]] = {}
    for drug, row in drugs().items():
        found.setdefault(row["class"] + _own_target(drug), []).append(drug)
    return tuple(map(tuple, found.values()))


def _own_target(drug: str) -> str:
    return drug if drugs()[drug]["class"] == "Type-I interferon" else ""


@cache
def doses_of(drug: str) -> tuple[float, ...]:
    """Return the doses on offer, as multiples of the usual one.

    Twice is on offer only where a published regimen gave at least twice the largest dose, or
    twice the whole amount, of the usual regimen.
    """
    amounts = [
        [dose.amount for dose in _quietly(treatment, drug, 7, regimen=name).schedule()]
        for name in _regimens_of(check_drug(drug))
    ]
    usual, *others = amounts
    tested = any(max(o) >= 2 * max(usual) or sum(o) >= 2 * sum(usual) for o in others)
    return DOSES if tested else DOSES[:-1]


def _regimens_of(drug: str) -> list[str]:
    """Return the published regimens of a drug, the usual one first."""
    rows = [
        row for row in read_table("cytolearn.treatments", "regimens.csv") if row["drug"] == drug
    ]
    return list(
        dict.fromkeys(r["regimen"] for r in sorted(rows, key=lambda r: r["default"] != "yes"))
    )


def _quietly(action: Callable, *args: object, **options: object):
    """Do something without its teaching warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TeachingWarning)
        return action(*args, **options)


def _moved(plan: Plan, turn: int, **changes: float) -> Plan:
    return (*plan[:turn], plan[turn]._replace(**changes), *plan[turn + 1 :])


@lru_cache(maxsize=64)
def best_plan(person: Inpatient) -> Plan:
    """Return the best plan that `search` finds."""
    *_, last = search(person)
    return last.best


# ---- reading the result ----------------------------------------------------------------------


@dataclass(frozen=True)
class Score:
    """Expected deaths on a ward until day 28, free of chance.

    Attributes
    ----------
    untreated, yours, best : float
        Nobody treated; the learner's plans; the best plans found.
    rules : dict of str to float
        What simple rules come to.
    """

    untreated: float
    yours: float
    best: float
    rules: Mapping[str, float]

    def share(self, deaths: float | None = None) -> float:
        """Return the share of the reachable benefit; negative is harm, NaN: none is reachable."""
        reachable = self.untreated - self.best
        deaths = self.yours if deaths is None else deaths
        return (self.untreated - deaths) / reachable if reachable > 0 else float("nan")


def score(
    ward: Iterable[Inpatient], plans: Mapping[int, Plan], best: Mapping[int, Plan] | None = None
) -> Score:
    """Score a learner's plans, by bed, against the best plans found.

    If the learner has found a better plan than the search, it counts as the best.
    """
    ward = tuple(ward)
    best = {p.bed: best_plan(p) for p in ward} if best is None else best

    def deaths(policy: Policy) -> float:
        return sum(outlook(person, policy(person)).death for person in ward)

    def found(person: Inpatient) -> Plan:
        both = (best[person.bed], plans.get(person.bed, ()))
        return min(both, key=lambda plan: outlook(person, plan).death)

    return Score(
        untreated=deaths(treat_nobody),
        yours=deaths(lambda person: plans.get(person.bed, ())),
        best=deaths(found),
        rules={name: deaths(rule) for name, rule in RULES.items()},
    )


@dataclass(frozen=True)
class Cause:
    """The untreated risk of death if one thing about a patient had been ordinary."""

    what: str
    death: float


# What is set to the ordinary value to see what it did: words, and constants with their values
# (medians of population.csv).
_ORDINARY = {
    "with interferon on time": {"sensing_delay": 1.72, "viral_antagonism": 0.665},
    "without antibodies against interferon": {"ifn_autoantibody": 0.0},
    "with ordinary interferon production": {"ifn_production": 1.0},
    "with an ordinary inflammasome loop": {"mas_gain": 1.0},
    "with an ordinary IL-6 loop": {"il6_gain": 1.0},
    "with an ordinary number of extrafollicular B cells": {"ef_bias": 1.0},
    "with the naive T cells of a younger adult": {"t_cell_reserve": 0.92},
}


@lru_cache(maxsize=64)
def causes(person: Inpatient) -> tuple[Cause, ...]:
    """Return what drove a patient's risk, the strongest first.

    One thing at a time is set to what is usual in the population, and the untreated risk of death
    is computed again. Things that matter less than 2 in 1,000 are left out.
    """
    base = outlook(person).death
    found = []
    for what, values in _ORDINARY.items():
        other = _quietly(person.patient.but, **values)
        changed = Inpatient(person.bed, person.name, other, person.kind, person.arrival, "what if")
        found.append(Cause(what, outlook(changed).death))
    return tuple(sorted((c for c in found if base - c.death > NOTICED), key=lambda c: c.death))


def effect(person: Inpatient, plan: Plan, order: Order) -> float:
    """Return what one order of a plan did to the risk of death, all else given; below 0: helped."""
    rest = tuple(other for other in plan if other != order)
    return outlook(person, plan).death - outlook(person, rest).death


def virus_change(person: Inpatient, plan: Plan, order: Order) -> float:
    """Return how many times more virus one order of a plan left in the lung, at the most."""
    rest = tuple(other for other in plan if other != order)
    days, values = stay(person, plan)
    gap = values["viral_load_lung"] - stay(person, rest).values["viral_load_lung"]
    return float(10 ** gap[days >= order.day].max())


def peak_day(person: Inpatient, readout: str = "viral_load_lung") -> int:
    """Return the day on which a readout is highest without treatment, since symptom onset."""
    days, values = stay(person)
    return int(days[int(np.argmax(values[readout]))])


def cautions(plan: Plan) -> list[str]:
    """Return what a pharmacist would say of a plan, in sentences."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TeachingWarning)
        given = [order.treatment() for order in plan]
    said = [str(w.message) for w in caught if issubclass(w.category, TeachingWarning)]
    return list(dict.fromkeys([*said, *cautions_together(given)]))


def plan_words(plan: Plan) -> str:
    """Say a plan: 'anakinra from day 6 and remdesivir from day 2'."""
    return listing([order.words() for order in plan]) or "no drug"


def check_drug(drug: object) -> str:
    """Return the name of a drug, or raise ValueError with the nearest."""
    if drug not in drugs():
        raise ValueError(unknown("treatment", drug, drugs()))
    return str(drug)
