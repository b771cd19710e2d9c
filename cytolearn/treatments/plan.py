"""Treatments: which drug, how much, how often, from which day on.

Drugs, their published regimens and the cautions between them are rows of the tables beside
this file. To add a drug, add its rows (and its equations); nothing here names one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from html import escape
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from cytolearn import physiology
from cytolearn.physiology.tables import read_table
from cytolearn.treatments.teaching import checked_number, plain, warn
from cytolearn.wording import in_sentence, number, quantity, unknown

if TYPE_CHECKING:
    import pandas as pd

    from cytolearn.simulation import Dose

# What a reader may ask for. Wide enough for every experiment of the lessons, narrow enough to
# catch a slip of the pen.
FIRST_DAY, LAST_DAY = -5.0, 60.0  # days since symptom onset
SMALLEST_SCALE, LARGEST_SCALE = 0.1, 10.0
MOST_DOSES = 60
SHORTEST_INTERVAL, LONGEST_INTERVAL = 1 / 24, 60.0  # days
UNUSUAL = 2.0  # times the published regimen, from which on we warn
REFERENCE_WEIGHT = physiology.baseline()["weight"]


class ScheduledDose(NamedTuple):
    """One dose as a nurse would write it down."""

    offset: float  # days after the first dose
    amount: float  # in `unit`
    unit: str
    route: str
    state: str  # state of the model that receives it
    state_amount: float  # in the unit of that state


def _rows(table: str) -> tuple[dict[str, str], ...]:
    return read_table("cytolearn.treatments", f"{table}.csv")


@cache
def drugs() -> MappingProxyType[str, MappingProxyType[str, str]]:
    """Return the rows of the drugs' table, by name, in the order of the table (read-only)."""
    return MappingProxyType({row["drug"]: MappingProxyType(row) for row in _rows("drugs")})


@cache
def _regimens(drug: str) -> MappingProxyType[str, tuple[dict[str, str], ...]]:
    """Return the published regimens of a drug, by name; the default comes first."""
    rows = sorted(
        (row for row in _rows("regimens") if row["drug"] == drug),
        key=lambda row: row["default"] != "yes",
    )
    by_name: dict[str, tuple[dict[str, str], ...]] = {}
    for row in rows:
        by_name[row["regimen"]] = (*by_name.get(row["regimen"], ()), row)
    return MappingProxyType(by_name)


def _in_band(weight: float, band: str) -> bool:
    """Say whether a weight lies in an interval such as '[60,80]' or '(80,inf)' ('' is any)."""
    if not band:
        return True
    low, high = (float(end) for end in band[1:-1].split(","))
    above = weight >= low if band[0] == "[" else weight > low
    return above and (weight <= high if band[-1] == "]" else weight < high)


@dataclass(frozen=True, repr=False)
class Treatment:
    """One course of one drug, started on one day. Never changes once made.

    Make one with :func:`treatment`; several of them combine in ``Patient.treat``.

    Attributes
    ----------
    drug : str
        Name of the drug, as in :func:`treatments`.
    day : float
        Day of the first dose, in days since symptom onset (-5 to 60).
    regimen : str
        Name of the published regimen, as in :func:`regimens`.
    dose : float or None
        Amount of every dose in the drug's own unit, in place of the published one.
    scale : float
        Multiplies every dose of the regimen.
    count : int or None
        Number of doses, in place of the published one.
    every : float or None
        Days between doses, in place of the published ones.
    label : str
        Name in legends and tables.
    """

    drug: str
    day: float
    regimen: str = ""
    dose: float | None = None
    scale: float = 1.0
    count: int | None = None
    every: float | None = None
    label: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.drug, str) or self.drug not in drugs():
            raise ValueError(unknown("treatment", self.drug, drugs()))
        drug = drugs()[self.drug]
        known = _regimens(self.drug)
        regimen = self.regimen if self.regimen not in (None, "") else next(iter(known))
        if not isinstance(regimen, str) or regimen not in known:
            raise ValueError(unknown(f"regimen of {self.drug}", self.regimen, known))
        if self.label is not None and not isinstance(self.label, str):
            raise ValueError(f"The label of a treatment is a text; you gave {self.label!r}.")

        checked: dict[str, object] = {"regimen": regimen}
        checked["day"] = checked_number(
            "Start day",
            self.day,
            FIRST_DAY,
            LAST_DAY,
            "days since symptom onset",
            "Day 0 is the first symptom; infection is about 5 days before.",
        )
        if self.dose is not None:
            checked["dose"] = checked_number(
                f"One dose of {self.drug}",
                self.dose,
                float(drug["dose_low"]),
                float(drug["dose_high"]),
                drug["dose_unit"],
                f"The published regimen is {known[regimen][0]['label']}.",
            )
        checked["scale"] = checked_number(
            "The dose multiplier (scale)",
            self.scale,
            SMALLEST_SCALE,
            LARGEST_SCALE,
            "times the published dose",
        )
        if self.dose is not None and checked["scale"] != 1:
            raise ValueError(
                "Give either dose= (an amount) or scale= (a multiple of the published dose), "
                "not both."
            )
        if self.count is not None:
            count = checked_number(
                "The number of doses (doses)", self.count, 1, MOST_DOSES, "doses"
            )
            if not count.is_integer():
                raise ValueError(f"The number of doses must be whole; you gave {number(count)}.")
            checked["count"] = int(count)
        if self.every is not None:
            checked["every"] = checked_number(
                "The time between doses (every)",
                self.every,
                SHORTEST_INTERVAL,
                LONGEST_INTERVAL,
                "d",
                "Write 0.5 for twice a day.",
            )
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        self.schedule()  # a repeat without an interval shows here, not in the run
        if not self.label:
            object.__setattr__(self, "label", self._default_label())
        for caution in self._cautions():
            warn(caution)

    # -------- What is given, when --------

    def schedule(self, weight: float = REFERENCE_WEIGHT) -> tuple[ScheduledDose, ...]:
        """Return the doses that a person of this weight is given.

        Parameters
        ----------
        weight : float
            Body weight in kg.

        Raises
        ------
        ValueError
            Impossible weight, or a second dose of a single-dose regimen without ``every``.
        """
        weight = _checked_person("weight", weight)
        published = _published(self.drug, self.regimen, weight)
        count = self.count or len(published)
        if count > len(published) == 1 and self.every is None:
            raise ValueError(
                f"The published regimen of {self.drug} is a single dose: say how many days lie "
                f"between doses, e.g. doses={count}, every=1."
            )
        scheduled = []
        for i in range(count):
            # Past the end of the published course its last dose and last interval go on.
            offset, row = published[min(i, len(published) - 1)]
            if self.every is not None:
                offset = i * self.every
            elif i >= len(published):
                step = published[-1][0] - published[-2][0]
                offset += (i - len(published) + 1) * step
            scheduled.append(self._dose(offset, row, weight))
        return tuple(scheduled)

    def _dose(self, offset: float, row: dict[str, str], weight: float) -> ScheduledDose:
        drug = drugs()[self.drug]
        if self.dose is not None:
            unit = drug["dose_unit"]
            amount = self.dose * (weight if drug["per_kg"] == "yes" else 1)
        else:
            # The cap belongs to the published dose: an explicit dose is taken at its word.
            unit, amount = row["unit"], self.scale * _published_amount(row, weight)
        one = float(drug["state_unit"]) * (weight if drug["state_per_kg"] == "yes" else 1)
        return ScheduledDose(
            offset, amount, unit.removesuffix("/kg"), row["route"], row["state"], amount / one
        )

    def doses(self, weight: float, onset: float) -> list[Dose]:
        """Return the doses as the simulation takes them.

        Parameters
        ----------
        weight : float
            Body weight in kg.
        onset : float
            Days from infection to the first symptom.

        Returns
        -------
        list of simulation.Dose
            In order of time; ``day`` counts from infection.

        Raises
        ------
        ValueError
            Impossible weight or onset, or a first dose before infection.
        """
        from cytolearn.simulation import Dose

        onset = _checked_person("symptom_onset", onset)
        start = self.day + onset
        if start < 0:
            raise ValueError(
                f"{_sentence(self.label)}: the first dose would come {number(-start)} days before "
                f"infection. In this patient infection is {number(onset)} days before the first "
                f"symptom, so the earliest day is {number(-onset)}."
            )
        return [
            Dose(day=start + dose.offset, state=dose.state, amount=dose.state_amount)
            for dose in self.schedule(weight)
        ]

    def again(self, day: float) -> Treatment:
        """Return a second course of the same treatment, started on another day."""
        return replace(
            self, day=day, label="" if self.label == self._default_label() else self.label
        )

    def last_day(self) -> float:
        """Return the day of the last dose, in days since symptom onset."""
        return self.day + self.schedule()[-1].offset

    # -------- What the reader sees --------

    def _default_label(self) -> str:
        return f"{in_sentence(drugs()[self.drug]['name'])} {self._when()}"

    def _when(self) -> str:
        return f"{'from' if len(self.schedule()) > 1 else 'on'} day {number(self.day)}"

    def describe(self) -> str:
        """Say the course in one line."""
        drug = drugs()[self.drug]
        row = _regimens(self.drug)[self.regimen][0]
        if self.dose is None and self.count is None and self.every is None:
            what = row["label"]
            if self.scale != 1:
                what = f"{number(self.scale)} times ({what})"
        else:
            planned = self.schedule()
            amount = (
                quantity(self.dose, drug["dose_unit"])
                if self.dose is not None
                else quantity(planned[0].amount, planned[0].unit)
            )
            what = f"{len(planned)} doses, {amount} each" if len(planned) > 1 else f"{amount} once"
            if self.dose is None and len({dose.amount for dose in planned}) > 1:
                what = f"{len(planned)} doses, the first {amount}"
            if len(planned) > 1 and self.every is not None:
                what += f", every {quantity(self.every, 'd')}"
        return f"{drug['name']} {row['route']}: {what}, {self._when()}"

    def table(self, weight: float = REFERENCE_WEIGHT) -> pd.DataFrame:
        """Return one row a dose: day since symptom onset, amount, unit, route.

        Parameters
        ----------
        weight : float
            Body weight in kg; 75 if not given.
        """
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "day": self.day + dose.offset,
                    "amount": dose.amount,
                    "unit": dose.unit,
                    "route": dose.route,
                }
                for dose in self.schedule(weight)
            ]
        )

    def __str__(self) -> str:
        return self.describe()

    def __repr__(self) -> str:
        options = [json.dumps(self.drug), f"day={plain(self.day)}"]
        if self.regimen != next(iter(_regimens(self.drug))):
            options.append(f"regimen={json.dumps(self.regimen)}")
        if self.dose is not None:
            options.append(f"dose={plain(self.dose)}")
        if self.scale != 1:
            options.append(f"scale={plain(self.scale)}")
        if self.count is not None:
            options.append(f"doses={self.count}")
        if self.every is not None:
            options.append(f"every={plain(self.every)}")
        if self.label != self._default_label():
            options.append(f"label={json.dumps(self.label, ensure_ascii=False)}")
        return f"treatment({', '.join(options)})"

    def _repr_html_(self) -> str:
        drug = drugs()[self.drug]
        row = _regimens(self.drug)[self.regimen][0]
        lines = {
            "Course": self.describe(),
            "Target": drug["target"],
            "What it does": drug["mechanism"],
            "Evidence": f"{drug['evidence']} ({drug['source']})",
            "Regimen from": row["source"] + (" (from memory)" if row["status"] == "MEMORY" else ""),
        }
        body = "".join(
            f'<tr><th scope="row" style="text-align:left">{escape(name)}</th>'
            f'<td style="text-align:left">{escape(text)}</td></tr>'
            for name, text in lines.items()
        )
        return f"<table><caption>{escape(self.label)}</caption><tbody>{body}</tbody></table>"

    # -------- Legal but unusual --------

    def _cautions(self) -> list[str]:
        drug = drugs()[self.drug]
        # No day in the words: a loop over start days says the same thing, and says it once.
        said = [
            f"{drug['name']} before day {row['before_day']}. {row['message']}"
            for row in _rows("cautions")
            if row["before_day"]
            and row["first"] == drug["class"]
            and self.day < float(row["before_day"])
        ]
        given = [dose.amount for dose in self.schedule()]
        published = [
            _published_amount(row, REFERENCE_WEIGHT)
            for _, row in _published(self.drug, self.regimen, REFERENCE_WEIGHT)
        ]
        peak, total = max(given) / max(published), sum(given) / sum(published)
        if max(peak, total) > UNUSUAL:
            what = "one dose" if peak >= total else "the whole course"
            usual = _regimens(self.drug)[self.regimen][0]["label"]
            excess = number(max(peak, total), 2)
            said.append(
                f"{_sentence(self.label)}: {what} is {excess} times the published regimen "
                f"({usual}). The model lets you, but nobody has tested what it would do "
                "to a person."
            )
        return said


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _published(drug: str, regimen: str, weight: float) -> list[tuple[float, dict[str, str]]]:
    """Return (days after the first dose, row) of every dose of a published regimen, in order."""
    timed = [
        (float(row["first"]) + i * float(row["interval"] or 0), row)
        for row in _regimens(drug)[regimen]
        if _in_band(weight, row["weight_band"])
        for i in range(int(row["count"]))
    ]
    return sorted(timed, key=lambda dose: dose[0])


def _published_amount(row: dict[str, str], weight: float) -> float:
    """Return one published dose for this weight, within its cap (mg, ug, MIU or AU)."""
    per_kg = row["per_kg"] == "yes"
    return min(float(row["amount"]) * (weight if per_kg else 1), float(row["cap"] or "inf"))


@cache
def _person_row(symbol: str) -> dict[str, str]:
    return next(row for row in physiology.rows("parameters") if row["symbol"] == symbol)


def _checked_person(symbol: str, given: object) -> float:
    row = _person_row(symbol)
    return checked_number(
        f"{row['name']} ({symbol})", given, float(row["low"]), float(row["high"]), row["unit"]
    )


def treatment(
    name: str,
    day: float | None = None,
    *,
    dose: float | None = None,
    doses: int | None = None,
    every: float | None = None,
    scale: float = 1.0,
    regimen: str | None = None,
    label: str | None = None,
) -> Treatment:
    """Plan one course of one drug.

    Parameters
    ----------
    name : str
        Name of the drug; :func:`treatments` lists all.
    day : float
        Day of the first dose, in days since symptom onset (-5 to 60).
    dose : float, optional
        Amount of every dose, in the drug's own unit (mg, mg/kg, ug ...).
    doses : int, optional
        Number of doses.
    every : float, optional
        Days between doses; 0.5 is twice a day.
    scale : float, default 1
        Multiplies the published dose; not together with `dose`.
    regimen : str, optional
        Name of a published regimen; :func:`regimens` lists them. The first is the default.
    label : str, optional
        Name in legends and tables.

    Returns
    -------
    Treatment

    Raises
    ------
    ValueError
        Unknown drug or regimen (the nearest name is shown), or an impossible day, dose, number
        or interval (the allowed range and unit are shown).

    Warns
    -----
    TeachingWarning
        Legal but unusual, e.g. more than twice the published dose, or a steroid before oxygen.

    Examples
    --------
    >>> treatment("tocilizumab", day=7)
    treatment("tocilizumab", day=7)
    >>> print(treatment("dexamethasone", day=8))
    Dexamethasone oral or IV: 6 mg daily for 10 days, from day 8
    """
    return Treatment(
        drug=name,
        day=day,
        regimen=regimen or "",
        dose=dose,
        scale=scale,
        count=doses,
        every=every,
        label=label or "",
    )


def treatments() -> pd.DataFrame:
    """Return all drugs: what they are, how they act, how they are given and what trials found.

    Returns
    -------
    pandas.DataFrame
        One row a drug; index and column "name" hold the name that :func:`treatment` takes.
    """
    import pandas as pd

    shown = ["class", "route", "target", "mechanism"]
    known = ["evidence", "source", "doi", "badge", "status"]
    frame = pd.DataFrame(
        [
            {
                "name": drug,
                "label": row["name"],
                **{column: row[column] for column in shown},
                "regimen": next(iter(_regimens(drug).values()))[0]["label"],
                "dose_unit": row["dose_unit"],
                **{column: row[column] for column in known},
            }
            for drug, row in drugs().items()
        ]
    )
    return frame.set_axis(frame["name"].tolist())


def regimens(drug: str | None = None) -> pd.DataFrame:
    """Return the published regimens, one row a step of a regimen.

    Parameters
    ----------
    drug : str, optional
        Only those of this drug.

    Raises
    ------
    ValueError
        Unknown drug; the nearest name is shown.
    """
    import pandas as pd

    if drug is not None and (not isinstance(drug, str) or drug not in drugs()):
        raise ValueError(unknown("treatment", drug, drugs()))
    wanted = [row for row in _rows("regimens") if drug in (None, row["drug"])]
    frame = pd.DataFrame(wanted).drop(columns=["state"])
    for column in ("first", "interval", "count", "amount", "cap"):
        frame[column] = pd.to_numeric(frame[column])
    return frame.set_index(["drug", "regimen"])


def cautions_together(given: Sequence[Treatment] | Iterable[Treatment]) -> list[str]:
    """Say what a doctor would ask about treatments given to the same person.

    Parameters
    ----------
    given : iterable of Treatment

    Returns
    -------
    list of str
        One sentence or two for each odd pair; empty if there is none.
    """
    said = []
    for one, other in combinations(given, 2):
        gap = max(one.day, other.day) - min(one.last_day(), other.last_day())
        pair = f"{_sentence(one.label)} with {other.label}"
        if one.drug == other.drug:
            if gap <= 0:
                said.append(f"{pair}: the two courses overlap, so their doses add up.")
            continue
        classes = sorted(drugs()[t.drug]["class"] for t in (one, other))
        for row in _rows("cautions"):
            same = row["second"] and sorted((row["first"], row["second"])) == classes
            if same and gap <= float(row["within_days"]):
                said.append(f"{pair}: {row['message']}")
    return said
