"""Laboratory panels: values with units, checked where they come in.

What a laboratory reports, by hand or from a simulated patient. The readouts, their units and
ranges are the rows of labs.csv; whatever else the model makes is there under its own name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from cytolearn import physiology
from cytolearn.clinic.severity import PNEUMONIA, who_scale
from cytolearn.patients.observation import observe
from cytolearn.physiology.tables import read_table
from cytolearn.treatments.teaching import warn
from cytolearn.wording import in_sentence, listing, number, out_of_range, quantity, unknown

if TYPE_CHECKING:
    import pandas as pd

    from cytolearn.patients import Cohort
    from cytolearn.simulation.course import Course

_OTHER_LEUKOCYTES = 0.5  # 10^9/L: monocytes and the rest, which the model does not have
_NOT_MEASURED = ("infection_hazard", "germinal_centre")  # the model knows, no laboratory does
_TRENDS = ("ferritin", "esr", "platelets")
_ANSWERS = {"no": 0.0, "yes": 1.0}


@cache
def readouts() -> MappingProxyType[str, Mapping[str, str]]:
    """Return every laboratory value with its row: labs.csv, then the model's other readouts."""
    rows = {row["readout"]: row for row in read_table(__package__, "labs.csv")}
    for symbol, row in physiology.readouts().items():
        if symbol not in rows and symbol not in _NOT_MEASURED:
            plain = dict.fromkeys(next(iter(rows.values())), "")
            known = {k: row[k] for k in ("name", "unit", "meaning")}
            rows[symbol] = {**plain, **known, "readout": symbol, "kind": "number"}
    return MappingProxyType(rows)


@cache
def _names() -> dict[str, str]:
    """Return every accepted name: the readouts and their aliases."""
    names = {symbol: symbol for symbol in readouts()}
    for symbol, row in readouts().items():
        names.update(dict.fromkeys(filter(None, row["aliases"].split("|")), symbol))
    return names


def symbol_of(name: object) -> str:
    """Return the readout that a name or alias means, or say which name lies nearest."""
    key = str(name).strip().lower().replace("-", "_").replace(" ", "_")
    if key not in _names():
        raise ValueError(unknown("laboratory value", name, _names()))
    return _names()[key]


# ---- units -------------------------------------------------------------------------------


@cache
def _unit_key(unit: str) -> str:
    """Write a unit in one way: 'µL', 'mm³' and 'mm^3' are 'ul', spaces and 'cells' go."""
    key = unit.strip().casefold()
    for old, new in (
        ("µ", "u"), ("μ", "u"), ("×", ""), ("°", "deg"), ("⁹", "^9"), ("³", "^3"), ("mcl", "ul"),
        ("mm^3", "ul"), ("mm3", "ul"), ("cells", ""), ("hr", "h"), (" ", ""),
    ):  # fmt: skip
        key = key.replace(old, new)
    key = re.sub(r"^k/", "10^3/", key)
    return re.sub(r"^x?10[e*]?(\d)/", r"10^\1/", key.removeprefix("x"))


@cache
def _units(symbol: str) -> dict[str, tuple[str, float, float]]:
    """Return the units of a readout: key -> (as written, factor, offset) to the stated unit."""
    row = readouts()[symbol]
    units = {_unit_key(row["unit"]): (row["unit"], 1.0, 0.0)}
    for entry in filter(None, row["units"].split("|")):
        unit, _, conversion = entry.partition("=")
        factor, offset = re.fullmatch(r"([\d.]+)([-+][\d.]+)?", conversion).groups()
        units.setdefault(_unit_key(unit), (unit, float(factor), float(offset or 0)))
    return units


def convert(symbol: str, value: float, unit: str) -> float:
    """Return a value in the readout's own unit.

    Raises
    ------
    ValueError
        A unit in which the readout is not measured; names the allowed ones.
    """
    units = _units(symbol)
    if _unit_key(unit) not in units:
        row = readouts()[symbol]
        allowed = listing((u for u, _, _ in units.values()), "or") or "none: it is a pure number"
        raise ValueError(
            f"{row['name']} is not measured in {unit}. Allowed units: {allowed}. "
            f"{row['meaning']}".strip()
        )
    _, factor, offset = units[_unit_key(unit)]
    return value * factor + offset


# ---- values that somebody typed ----------------------------------------------------------


def _read(symbol: str, given: object) -> float:
    """Return one typed value as a number in the readout's own unit; NaN for a missing one."""
    row = readouts()[symbol]
    if given is None or (isinstance(given, Real) and given != given):
        return float("nan")
    if row["kind"] in ("yes_no", "choice"):
        return _answer(row, given)
    unit = ""
    if isinstance(given, tuple | list) and len(given) == 2:
        given, unit = given
    if isinstance(given, str):
        given, unit = _split(row, given, unit)
    if isinstance(given, bool | np.bool_) or not isinstance(given, Real) or not np.isfinite(given):
        raise ValueError(
            f"{row['name']} must be a number, or a number with its unit such as "
            f"(12, '{row['unit']}'); you gave {given!r}."
        )
    if not isinstance(unit, str):
        raise ValueError(f"The unit of {row['name']} is a word; you gave {unit!r}.")
    value = convert(symbol, float(given), unit) if unit.strip() else float(given)
    _check(symbol, value, float(given), stated=bool(unit.strip()))
    return value


def _split(row: Mapping[str, str], text: str, unit: str) -> tuple[object, str]:
    found = re.fullmatch(r"([-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?)\s*(.*)", text.strip())
    if not found or (unit and found[2]) or found[2][:1] in (",", "."):
        raise ValueError(
            f"{row['name']}: '{text}' is no number with a unit. Write it as '12.5 {row['unit']}' "
            "or 2,500 (a comma only between thousands)."
        )
    return float(found[1].replace(",", "")), unit or found[2]


def choices(row: Mapping[str, str]) -> dict[str, float]:
    """Return the words of a yes-no or choice readout, each with its number."""
    if row["kind"] == "yes_no":
        return _ANSWERS
    return {word: float(n) for word, n in (entry.split("=") for entry in row["units"].split("|"))}


def _answer(row: Mapping[str, str], given: object) -> float:
    words = choices(row)
    if isinstance(given, bool | np.bool_) and row["kind"] == "yes_no":
        return float(given)
    if isinstance(given, str) and given.strip().lower() in words:
        return words[given.strip().lower()]
    allowed = listing((repr(w) for w in words), "or")
    raise ValueError(f"{row['name']} must be {allowed}; you gave {given!r}.")


def _check(symbol: str, value: float, given: float, *, stated: bool) -> None:
    """Refuse impossible values; ask about the unit of an odd one that came without."""
    row = readouts()[symbol]
    if not row["low"]:
        if value < 0 and symbol not in ("viral_load", "viral_load_lung"):
            raise ValueError(f"{row['name']} cannot be below 0; you gave {number(value)}.")
        return
    low, high = float(row["low"]), float(row["high"])
    usual = float(row["usual_low"]), float(row["usual_high"])
    fits = {
        (factor, offset): unit
        for unit, factor, offset in reversed(_units(symbol).values())
        if (factor, offset) != (1, 0) and usual[0] <= given * factor + offset <= usual[1]
    }
    fits = list(reversed(fits.values()))
    hint = f" In {listing(fits, 'or')} it would be usual." if fits and not stated else ""
    if not low <= value <= high:
        raise ValueError(out_of_range(row["name"], value, low, high, row["unit"]) + hint)
    if not stated and not usual[0] <= value <= usual[1]:
        warn(
            f"An odd value: {in_sentence(row['name'])} {quantity(value, row['unit'])}. You gave no "
            f"unit, so {row['unit']} was taken.{hint} Give the unit to be sure: "
            f"{symbol}=({number(given).replace(',', '')}, '{fits[0] if fits else row['unit']}')."
        )


# ---- the panel ---------------------------------------------------------------------------


class Labs(Mapping):
    """A panel of laboratory values: numbers with units, never changed once made.

    Parameters
    ----------
    values : mapping of str to value, optional
        Readout (or alias, such as "lymphocytes") to value. A value is a number in the stated
        unit of labs.csv, a pair ``(12, "mg/dL")``, a text ``"12 mg/dL"``, or a word for
        yes-no readouts. None and NaN mean: not measured.
    day : float, optional
        Day since symptom onset.
    earlier : Labs, optional
        The panel of an earlier day: from two panels come trends.
    label : str
        Whose panel it is.
    **more
        Further values, by name.

    Raises
    ------
    ValueError
        An unknown name, unit or word; an impossible number. It names what is allowed.

    Warns
    -----
    TeachingWarning
        A value without unit that would be odd in the stated unit.

    Examples
    --------
    >>> labs = Labs(crp=(12, "mg/dL"), ferritin=2500, lymphocytes="700 /uL", day=9)
    >>> labs["crp"], labs.unit("crp")
    (120.0, 'mg/L')
    >>> "supar" in labs
    False
    """

    def __init__(
        self,
        values: Mapping[str, object] | None = None,
        /,
        *,
        day: float | None = None,
        earlier: Labs | None = None,
        label: str = "",
        **more: object,
    ) -> None:
        if values is not None and not isinstance(values, Mapping):
            raise ValueError(
                "Labs takes values by name, such as Labs(crp=120) or Labs({'crp': '12 mg/dL'}); "
                f"you gave {values!r}."
            )
        known: dict[str, float] = {}
        for name, given in [*dict(values or {}).items(), *more.items()]:
            symbol = symbol_of(name)
            if symbol in known:
                raise ValueError(f"{readouts()[symbol]['name']} was given twice.")
            known[symbol] = _read(symbol, given)
        self._set(known, dict.fromkeys(known, "given"), day, earlier, label)

    def _set(self, known, origin, day, earlier, label) -> None:
        if earlier is not None and not isinstance(earlier, Labs):
            raise ValueError(f"earlier is another panel (Labs); you gave {earlier!r}.")
        if day is not None and (isinstance(day, bool) or not isinstance(day, Real)):
            raise ValueError(f"day is a number of days since symptom onset; you gave {day!r}.")
        if earlier is not None and None not in (day, earlier.day) and not earlier.day < day:
            raise ValueError(
                f"The earlier panel is of day {number(earlier.day)}, which is not before day "
                f"{number(day)}."
            )
        known = {s: float(v) for s, v in known.items() if v == v}
        before = earlier._values if earlier is not None else {}
        derived = {
            symbol: float(value[0])
            for symbol, value in derive(
                {s: np.array([v]) for s, v in known.items()},
                {s: np.array([v]) for s, v in before.items()},
            ).items()
        }
        followed = {s: "inferred" if s == "ground_glass" else "derived" for s in derived}
        self.__dict__.update(
            _known=MappingProxyType(known),
            _values=MappingProxyType({**known, **derived}),
            _origin=MappingProxyType({**{s: origin[s] for s in known}, **followed}),
            day=None if day is None else float(day),
            earlier=earlier,
            label=label,
        )

    @classmethod
    def _of(cls, known, origin, day=None, earlier=None, label="") -> Labs:
        """Make a panel from checked numbers, each with its origin."""
        new = cls.__new__(cls)
        new._set(known, origin, day, earlier, label)
        return new

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("A panel cannot be changed. Make a new one: labs.but(crp=80).")

    def __reduce__(self):
        return _restored, (
            dict(self._known), dict(self._origin), self.day, self.earlier, self.label
        )  # fmt: skip

    # ---- reading ----

    def __getitem__(self, name: str) -> float | bool | str:
        """Return a value in its stated unit; yes-no readouts as truth value, choices as word."""
        symbol = symbol_of(name)
        if symbol not in self._values:
            raise ValueError(
                f"{readouts()[symbol]['name']} was not measured. This panel holds: "
                f"{', '.join(self) or 'nothing'}."
            )
        return _shown(symbol, self._values[symbol])

    def __contains__(self, name: object) -> bool:
        return _names().get(str(name), "") in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def get(self, name: str, default: object = None) -> object:
        """Return a value, or `default` if it was not measured."""
        return self[name] if symbol_of(name) in self._values else default

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Labs):
            return NotImplemented
        return (dict(self._values), self.day, self.earlier) == (
            dict(other._values), other.day, other.earlier
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash((frozenset(self._values.items()), self.day))

    @staticmethod
    def unit(name: str) -> str:
        """Return the unit in which a readout is kept."""
        row = readouts()[symbol_of(name)]
        return row["unit"]

    def origin(self, name: str) -> str:
        """Return where a value comes from: given, simulated, inferred, derived, assumed.

        "inferred" needs a rule of ours (labs.csv), "derived" is arithmetic on the panel itself.
        """
        self[name]
        return self._origin[symbol_of(name)]

    @property
    def frame(self) -> pd.DataFrame:
        """One row a readout: name, value, unit, origin, meaning."""
        import pandas as pd

        rows = [
            {
                "name": readouts()[s]["name"],
                "value": self[s],
                "unit": readouts()[s]["unit"],
                "origin": self._origin[s],
                "meaning": readouts()[s]["meaning"],
            }
            for s in self
        ]
        columns = ["name", "value", "unit", "origin", "meaning"]
        return pd.DataFrame(rows, pd.Index(list(self), name="readout"), columns)

    def summary(self) -> str:
        """Return every value in words, in one sentence."""
        whose = f"Panel of {self.label}" if self.label else "Panel"
        day = "" if self.day is None else f", day {number(self.day)} since symptom onset"
        values = listing(in_sentence(say(s, self._values[s])) for s in self)
        return f"{whose}{day}: {values or 'nothing measured'}."

    def __repr__(self) -> str:
        return f"<{self.summary()}>"

    def _repr_html_(self) -> str:
        table = self.frame.drop(columns="meaning")
        table["value"] = [say(s, self._values[s], unit=False, name=False) for s in self]
        return f"<p>{escape(self.label)}</p>{table.to_html(border=0)}"

    # ---- other panels ----

    def but(self, values: Mapping[str, object] | None = None, /, **more: object) -> Labs:
        """Return the same panel with some values changed or added."""
        new = Labs(values, **more)
        given = dict(new._known)
        named = {symbol_of(name) for name in [*dict(values or {}), *more]}
        known = {**{s: v for s, v in self._known.items() if s not in named}, **given}
        origin = {**self._origin, **dict.fromkeys(given, "given")}
        return Labs._of(known, origin, self.day, self.earlier, self.label)

    def without(self, *names: str) -> Labs:
        """Return the same panel with some values not measured."""
        gone = {symbol_of(name) for name in names}
        known = {s: v for s, v in self._known.items() if s not in gone}
        return Labs._of(known, self._origin, self.day, self.earlier, self.label)

    def assuming(self, assume: Mapping[str, object] | str | None) -> Labs:
        """Return the panel with missing values filled by assumption, marked as such.

        Parameters
        ----------
        assume : mapping, "normal", "inpatient" or None
            Values as for `Labs`, or the name of an `assumption`. What was measured stays.
        """
        extra = assumed(assume)
        known = {**{s: v for s, v in extra.items() if s not in self._values}, **self._known}
        origin = {**dict.fromkeys(extra, "assumed"), **self._origin}
        return Labs._of(known, origin, self.day, self.earlier, self.label)


def _restored(*state: object) -> Labs:
    return Labs._of(*state)


_ASSUMPTIONS = ("normal", "inpatient")


def assumption(name: str = "normal") -> dict[str, object]:
    """Return made-up values for what the model does not make (badge D), to pass as `assume`.

    Parameters
    ----------
    name : str
        "normal": temperature, liver, electrolytes and the like are normal. "inpatient": as in
        a feverish patient of a ward. Neither has suPAR, which would decide a whole rule.
    """
    if name not in _ASSUMPTIONS:
        raise ValueError(unknown("assumption", name, _ASSUMPTIONS))
    return {
        row["readout"]: float(row[name]) if row["kind"] == "number" else row[name]
        for row in readouts().values()
        if row[name]
    }


def assumed(assume: Mapping[str, object] | str | None) -> dict[str, float]:
    """Return assumed values as checked numbers; a word names an `assumption`."""
    if isinstance(assume, str):
        assume = assumption(assume)
    return dict(Labs(assume)._known) if assume else {}


def assumed_for(assume: Mapping[str, object] | str | None, n: int) -> dict[str, float | np.ndarray]:
    """Return assumed values of `n` patients: one number for all, or an array with one for each."""
    if isinstance(assume, str) or not assume:
        return dict(assumed(assume))
    if not isinstance(assume, Mapping):
        Labs(assume)  # says how values are given
    each = {k: v for k, v in assume.items() if isinstance(v, np.ndarray) or hasattr(v, "to_numpy")}
    found: dict[str, float | np.ndarray] = dict(
        assumed({k: v for k, v in assume.items() if k not in each})
    )
    for name, values in each.items():
        symbol = symbol_of(name)
        if np.shape(values) != (n,):
            raise ValueError(
                f"{readouts()[symbol]['name']}: give one value for everybody, or one for each of "
                f"the {n} patients; you gave {np.size(values)}."
            )
        found[symbol] = np.array([_read(symbol, value) for value in np.asarray(values).tolist()])
    return found


def _shown(symbol: str, value: float) -> float | bool | str:
    row = readouts()[symbol]
    if row["kind"] == "yes_no":
        return bool(value)
    if row["kind"] == "choice":
        return next(word for word, n in choices(row).items() if n == value)
    return value


def say(symbol: str, value: float, *, unit: bool = True, name: bool = True) -> str:
    """Say one value: 'CRP 120 mg/L', 'known immunosuppression: no'."""
    row = readouts()[symbol]
    if row["kind"] != "number":
        word = next((w for w, n in choices(row).items() if n == value), number(value))
        return f"{row['name']}: {word}" if name else word
    text = quantity(value, row["unit"] if unit else "")
    return f"{row['name']} {text}" if name else text


# ---- what follows from other values ------------------------------------------------------


def derive(
    data: Mapping[str, np.ndarray], earlier: Mapping[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """Return what follows from a panel and is not in it: ratios, shares, trends.

    Parameters
    ----------
    data, earlier : mapping of str to ndarray, shape (patients,)
        Values in the stated units, now and on an earlier day.

    Returns
    -------
    dict of str to ndarray, shape (patients,)
    """
    new: dict[str, np.ndarray] = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        if {"neutrophils", "alc"} <= data.keys():
            new["nlr"] = data["neutrophils"] / data["alc"]
        if {"leukocytes", "alc"} <= data.keys():
            new["lymphocyte_share"] = np.minimum(100 * data["alc"] / data["leukocytes"], 100)
        if "lesion" in data:
            new["ground_glass"] = (data["lesion"] >= PNEUMONIA).astype(float)
        for symbol in _TRENDS:
            if symbol in data and symbol in (earlier or {}):
                change = 100 * (data[symbol] / earlier[symbol] - 1)
                new[f"{symbol}_change"] = np.where(np.isfinite(change), change, np.nan)
    return {s: v for s, v in new.items() if s not in data and not np.isnan(v).all()}


def simulated(frame: pd.DataFrame, day: float, truth: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the panel of simulated patients, before `derive`.

    Parameters
    ----------
    frame, truth : pandas.DataFrame, one row a patient
        Readouts as a laboratory reports them, and the true ones that the symptoms follow.
    day : float
        Days since symptom onset.
    """
    data = {s: frame[s].to_numpy(float) for s in frame.columns if s in readouts()}
    if {"neutrophils", "alc"} <= data.keys():
        data["leukocytes"] = data["neutrophils"] + data["alc"] + _OTHER_LEUKOCYTES
    if {"pf_ratio", "lesion", "viral_load"} <= set(truth.columns):
        curves = (truth[[s]].to_numpy() for s in ("pf_ratio", "lesion", "viral_load"))
        data["symptoms"] = (who_scale([day], *curves)[:, 0] >= 2).astype(float)
    return data


def cohort_data(
    cohort: Cohort, day: float, *, noisy: bool = False, seed: int = 0
) -> dict[str, np.ndarray]:
    """Return the panels of a whole cohort on one day, derived values included."""
    truth = cohort.at(day)
    data = simulated(observe(truth, seed=seed) if noisy else truth, day, truth)
    return {**data, **derive(data)}


def course_labs(
    course: Course, day: float, *, noisy: bool = False, seed: int = 0, before: float = 3.0
) -> Labs:
    """Return the panel of a simulated patient; `course.labs(day)` is the same.

    Parameters
    ----------
    course : Course
    day : float
        Days since symptom onset.
    noisy : bool
        As a laboratory would report it (observation.csv); noise-free by default.
    seed : int
        Seed of the noise.
    before : float
        Days between the earlier panel, from which trends come, and this one.

    Returns
    -------
    Labs
        All that the model makes and a laboratory measures; the rest is missing.
    """
    import pandas as pd

    days = [day]
    if isinstance(before, bool) or not isinstance(before, Real) or not before > 0:
        raise ValueError(f"before is a number of days above 0; you gave {before!r}.")
    truth = pd.DataFrame([course.at(day)])
    if day - before >= course.time[0]:
        days = [day - before, day]
        truth = pd.DataFrame([course.at(d) for d in days])
    truth["fibrinogen"] = np.interp(days, course.time, course.values("fibrinogen"))
    seen = observe(truth, seed=seed) if noisy else truth
    panel = None
    for i, when in enumerate(days):
        data = simulated(seen.iloc[[i]], when, truth.iloc[[i]])
        values = {s: float(v[0]) for s, v in data.items() if s != "nlr"}
        origin = dict.fromkeys(values, "simulated")
        origin.update(dict.fromkeys(("leukocytes", "symptoms"), "inferred"))
        panel = Labs._of(values, origin, float(when), panel, course.label)
    return panel
