"""The virtual patient: who it is, what differs from the baseline, and what is given."""

from __future__ import annotations

import json
import operator
from collections.abc import Iterable, Iterator
from functools import cache
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cytolearn import physiology
from cytolearn.physiology.tables import read_table
from cytolearn.treatments import Treatment, cautions_together, drugs
from cytolearn.treatments.teaching import checked_number, plain, warn
from cytolearn.wording import in_sentence, nearest, number, quantity, unknown

if TYPE_CHECKING:
    import pandas as pd

    from cytolearn.simulation import Course, Dose

_COMPARE = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
# A label names at most so many changes; the table of the patient shows them all.
_NAMED_CHANGES = 2
_LONGEST = 365  # days; the model has no reinfection, no waning beyond it and no old age


@cache
def _rows() -> MappingProxyType[str, dict[str, str]]:
    return MappingProxyType({row["symbol"]: row for row in physiology.rows("parameters")})


@cache
def _traits() -> tuple[str, ...]:
    """Return what makes one person differ from another: traits of the model, age and weight."""
    return tuple(s for s, row in _rows().items() if row["kind"] in ("trait", "person"))


@cache
def _presets() -> MappingProxyType[str, dict[str, str]]:
    return MappingProxyType(
        {row["preset"]: row for row in read_table("cytolearn.patients", "presets.csv")}
    )


@cache
def _preset_values(preset: str) -> MappingProxyType[str, float]:
    """Return the constants that a preset sets, by symbol; an empty cell is the baseline."""
    row = _presets()[preset]
    return MappingProxyType({s: float(row[s]) for s in _rows() if row.get(s)})


@cache
def _cautions() -> tuple[tuple[tuple[tuple[str, Any, float], ...], str], ...]:
    """Return the combinations worth a word: ((symbol, comparison, value), ...), message."""
    parsed = []
    for row in read_table("cytolearn.patients", "cautions.csv"):
        terms = [term.split() for term in row["condition"].split(";")]
        clauses = tuple((symbol, _COMPARE[op], float(value)) for symbol, op, value in terms)
        parsed.append((clauses, row["message"]))
    return tuple(parsed)


def _checked(symbol: str, given: object) -> float:
    """Return a constant of the model as a float within its range, or raise ValueError."""
    if symbol not in _rows():
        raise ValueError(unknown("trait or constant", symbol, _rows()))
    row = _rows()[symbol]
    low, high = physiology.limits()[symbol]
    if low == high:
        raise ValueError(f"{row['name']} ({symbol}) is fixed at {number(low)}. {row['meaning']}")
    # The traits' meanings are noun phrases ("Extra time before ..."); other rows are sentences.
    trait = row["kind"] == "trait"
    reason = f"It is {in_sentence(row['meaning'])}" if trait else row["meaning"]
    return checked_number(f"{row['name']} ({symbol})", given, low, high, row["unit"], reason)


class Patient:
    """One virtual patient. Never changes once made: `but` and `treat` return a new one.

    Parameters
    ----------
    preset : str, default "mild"
        Name of the person to start from; :meth:`presets` lists all.
    label : str, optional
        Name in legends and tables.
    **changes : float
        Traits or constants of the model that differ, by symbol (``cytolearn.parameters()``),
        in the unit of that table.

    Raises
    ------
    ValueError
        Unknown preset or constant (the nearest name is shown), or an impossible value (the
        allowed range, its unit and the reason are shown).

    Warns
    -----
    TeachingWarning
        Legal values that no real person combines.

    Examples
    --------
    >>> mild = Patient("mild")
    >>> late = mild.but(sensing_delay=4)
    >>> late
    Patient("mild").but(sensing_delay=4)
    >>> late.label
    'Mild, sensing delay 4 days'
    """

    __slots__ = ("_changes", "_label", "_labelled_at", "_preset", "_treatments", "_values")

    def __init__(self, preset: str = "mild", label: str | None = None, **changes: float) -> None:
        if not isinstance(preset, str) or preset not in _presets():
            raise ValueError(unknown("preset", preset, _presets()))
        self._set(preset, changes, label, 0, ())
        self._warn_about(())

    def _set(
        self,
        preset: str,
        changes: dict[str, float],
        label: str | None,
        labelled_at: int,
        treatments: tuple[Treatment, ...],
    ) -> None:
        """Fill a new patient. `labelled_at` is how many treatments the label stands for."""
        if label is not None and (not isinstance(label, str) or not label.strip()):
            raise ValueError(f"The label of a patient is a text; you gave {label!r}.")
        start = _preset_values(preset)
        checked = {symbol: _checked(symbol, value) for symbol, value in changes.items()}
        baseline = physiology.baseline()
        # A change back to the preset is no change: equal patients must be equal objects.
        kept = {
            s: checked[s]
            for s in _rows()
            if s in checked and checked[s] != start.get(s, baseline[s])
        }
        values = {
            "_preset": preset,
            "_label": label,
            "_labelled_at": labelled_at,
            "_changes": tuple(kept.items()),
            "_treatments": treatments,
            "_values": MappingProxyType({**start, **kept}),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        for given in treatments:  # a dose before infection shows here, not in the run
            given.doses(self._value("weight"), self._value("symptom_onset"))

    @classmethod
    def _made(cls, *parts: Any) -> Patient:
        new = object.__new__(cls)
        new._set(*parts)
        return new

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(
            f"A patient never changes. Make a new one: patient.but({name}=...)."
            if name in _rows()
            else "A patient never changes. Make a new one with .but(...) or .treat(...)."
        )

    def __delattr__(self, name: str) -> None:
        raise AttributeError("A patient never changes.")

    # -------- New patients from this one --------

    def but(self, label: str | None = None, **changes: float) -> Patient:
        """Return the same patient with some traits changed.

        Parameters
        ----------
        label : str, optional
            Name in legends and tables.
        **changes : float
            Traits or constants by symbol, in the unit of ``cytolearn.parameters()``.

        Raises
        ------
        ValueError
            Unknown constant (the nearest name is shown) or impossible value (the allowed range,
            its unit and the reason are shown).

        Warns
        -----
        TeachingWarning
            Legal values that no real person combines.
        """
        at = self._labelled_at
        if label is not None:
            at = len(self._treatments)
        new = Patient._made(
            self._preset, {**dict(self._changes), **changes}, label, at, self._treatments
        )
        if label is None and self._label is not None:
            # Anna stays Anna, and what makes this Anna differ is said.
            before = {s: self._value(s) for s in changes}
            told = _told({s: new._value(s) for s in changes if new._value(s) != before[s]})
            name = f"{self._label}, {told}" if told else self._label
            object.__setattr__(new, "_label", name)
        new._warn_about(self._said())
        return new

    def treat(self, *treatments: Treatment | Iterable[Treatment]) -> Patient:
        """Return the same patient, given these treatments as well.

        Parameters
        ----------
        *treatments : Treatment or iterable of Treatment
            Made with ``cytolearn.treatment``. Several combine; several courses of one drug may
            follow each other.

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
        added = tuple(flat(treatments))
        new = Patient._made(
            self._preset,
            dict(self._changes),
            self._label,
            self._labelled_at,
            (*self._treatments, *added),
        )
        known = set(cautions_together(self._treatments))
        for message in cautions_together(new._treatments):
            if message not in known:
                warn(message)
        return new

    def untreated(self) -> Patient:
        """Return the same patient without any treatment."""
        return Patient._made(self._preset, dict(self._changes), self._label, 0, ())

    # -------- Who it is --------

    @staticmethod
    def presets() -> pd.DataFrame:
        """Return the named patients.

        Returns
        -------
        pandas.DataFrame
            One row a preset: name (also the index), label, story, source of the idea.
        """
        import pandas as pd

        frame = pd.DataFrame(
            [
                {
                    "name": name,
                    "label": row["title"],
                    "story": row["story"],
                    "source": row["source"],
                    "doi": row["doi"],
                    "badge": row["badge"],
                }
                for name, row in _presets().items()
            ]
        )
        return frame.set_axis(frame["name"].tolist())

    def _value(self, symbol: str) -> float:
        return self._values.get(symbol, physiology.baseline()[symbol])

    @property
    def preset(self) -> str:
        """Name of the preset that this patient started from."""
        return self._preset

    @property
    def label(self) -> str:
        """Name in legends and tables: the given one, or preset, changes and treatments."""
        name = self._label
        if name is None:
            told = _told(dict(self._changes))
            title = _presets()[self._preset]["title"]
            name = f"{title}, {told}" if told else title
        return " + ".join([name, *(t.label for t in self._treatments[self._labelled_at :])])

    @property
    def story(self) -> str:
        """The person in plain words, with what you changed and what you give."""
        sentences = [_presets()[self._preset]["story"]]
        if self._changes:
            told = [_tell(symbol, value) for symbol, value in self._changes]
            sentences.append(f"You changed: {'; '.join(told)}.")
        if self._treatments:
            sentences.append(f"You give: {'; '.join(t.describe() for t in self._treatments)}.")
        return " ".join(sentences)

    @property
    def traits(self) -> dict[str, float]:
        """Every trait, age and weight with its value, by symbol."""
        return {symbol: self._value(symbol) for symbol in _traits()}

    @property
    def constants(self) -> dict[str, float]:
        """The constants of the model that differ from the baseline, by symbol.

        Age and weight are not among them: they are no part of the equations.
        """
        baseline = physiology.baseline()
        return {
            symbol: self._values[symbol]
            for symbol, row in _rows().items()
            if symbol in self._values
            and row["kind"] != "person"
            and self._values[symbol] != baseline[symbol]
        }

    @property
    def treatments(self) -> tuple[Treatment, ...]:
        """What is given, in the order in which it was added."""
        return self._treatments

    def doses(self) -> list[Dose]:
        """Return every dose of every treatment for this weight; days count from infection."""
        weight, onset = self._value("weight"), self._value("symptom_onset")
        return sorted(dose for given in self._treatments for dose in given.doses(weight, onset))

    # -------- What happens --------

    def run(self, days: float = 40, engine: str | None = None) -> Course:
        """Simulate the illness.

        Parameters
        ----------
        days : float, default 40
            Days after symptom onset at which the course ends.
        engine : {None, "roadrunner", "scipy"}
            None takes libRoadRunner where it is installed.

        Returns
        -------
        Course

        Raises
        ------
        ValueError
            Impossible number of days or unknown engine.
        SimulationError
            A solver gave up; the message names the patient and the day.
        """
        from cytolearn.simulation import simulate

        days = checked_number("The length of the course (days)", days, 1, _LONGEST, "d")
        return simulate(
            self.constants,
            self.doses(),
            label=self.label,
            treatments=self._treatments,
            days=days,
            engine=engine,
        )

    def explore(self) -> Any:
        """Open the explorer of this patient: sliders beside its curves."""
        from cytolearn import apps  # upwards, for the reader's sake

        return apps.explorer(self)

    # -------- How it looks --------

    def __repr__(self) -> str:
        first = ", ".join(
            [
                *(
                    [f"label={json.dumps(self._label, ensure_ascii=False)}"]
                    if self._named_first
                    else []
                ),
                *(f"{symbol}={plain(value)}" for symbol, value in self._changes),
            ]
        )
        text = f"Patient({json.dumps(self._preset)})"
        if first:
            text += f".but({first})"
        given = self._treatments
        if self._label is not None and not self._named_first:
            before, given = given[: self._labelled_at], given[self._labelled_at :]
            text += f".treat({', '.join(map(repr, before))})"
            text += f".but(label={json.dumps(self._label, ensure_ascii=False)})"
        if given:
            text += f".treat({', '.join(map(repr, given))})"
        return text

    @property
    def _named_first(self) -> bool:
        return self._label is not None and self._labelled_at == 0

    def _repr_html_(self) -> str:
        changed = dict(self._changes)
        shown = [*_traits(), *(symbol for symbol in changed if symbol not in _traits())]
        start = physiology.baseline()
        lines = []
        for symbol in shown:
            row, (low, high) = _rows()[symbol], physiology.limits()[symbol]
            value = number(self._value(symbol))
            # Not by bold type alone: a screen reader has to say it too.
            mark = f"<strong>{value}</strong> (changed)" if symbol in changed else value
            lines.append(
                f'<tr><th scope="row" style="text-align:left" title="{escape(row["meaning"])}">'
                f"{escape(row['name'])}</th><td>{mark}</td><td>{escape(row['unit'])}</td>"
                f"<td>{number(start[symbol])}</td><td>{number(low)} to {number(high)}</td></tr>"
            )
        head = "".join(
            f'<th scope="col">{word}</th>'
            for word in ("Trait", "Value", "Unit", "Baseline", "Allowed range")
        )
        return (
            f"<table><caption><strong>{escape(self.label)}</strong><br>{escape(self.story)}"
            f"</caption><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
        )

    # -------- The same patient? --------

    def _parts(self) -> tuple:
        return self._preset, self._changes, self._label, self._labelled_at, self._treatments

    def __eq__(self, other: object) -> bool:
        return self._parts() == other._parts() if isinstance(other, Patient) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._parts())

    def __reduce__(self) -> tuple:
        preset, changes, *rest = self._parts()
        return Patient._made, (preset, dict(changes), *rest)

    # -------- Legal but unusual --------

    def _said(self) -> tuple[str, ...]:
        return tuple(
            message
            for clauses, message in _cautions()
            if all(compare(self._value(symbol), value) for symbol, compare, value in clauses)
        )

    def _warn_about(self, known: tuple[str, ...]) -> None:
        for message in self._said():
            if message not in known:
                warn(message)


def _tell(symbol: str, value: float) -> str:
    row = _rows()[symbol]
    return f"{in_sentence(row['name'])} {quantity(value, row['unit'])}"


def _told(changes: dict[str, float]) -> str:
    """Say the changes in a few words: at most two, and how many more."""
    told = [_tell(symbol, value) for symbol, value in changes.items()]
    more = len(told) - _NAMED_CHANGES
    return ", ".join(told[:_NAMED_CHANGES] + ([f"{more} more changes"] if more > 0 else []))


def flat(given: Iterable[object], who: str = "patient") -> Iterator[Treatment]:
    """Yield treatments out of nested lists, or say what was wrong with one."""
    for one in given:
        if isinstance(one, Treatment):
            yield one
        elif isinstance(one, str):
            name = one if one in drugs() else next(iter(nearest(one, drugs(), n=1)), "tocilizumab")
            raise TypeError(
                f"'{one}' is a name, not yet a treatment: it needs a start day. "
                f'Write {who}.treat(cl.treatment("{name}", day=7)).'
            )
        elif isinstance(one, Iterable) and not isinstance(one, (dict, bytes, Patient)):
            yield from flat(one, who)
        else:
            raise TypeError(
                f"{who}.treat() takes treatments; you gave {one!r} ({type(one).__name__}). "
                f'Write {who}.treat(cl.treatment("tocilizumab", day=7)).'
            )
