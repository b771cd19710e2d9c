"""Course: what happened to one patient, and how to read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from html import escape
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from cytolearn import physiology
from cytolearn.simulation import reading
from cytolearn.simulation.dosing import Dose
from cytolearn.simulation.engines import SimulationError
from cytolearn.simulation.integrate import integrate
from cytolearn.wording import number, unknown

if TYPE_CHECKING:
    import pandas as pd

    from cytolearn.clinic import Labs

TIME_NAME = "days since symptom onset"


def simulate(
    constants: Mapping[str, float] | None = None,
    doses: Iterable[Dose] = (),
    *,
    label: str = "",
    treatments: Iterable[Any] = (),
    days: float = 40.0,
    step: float = 0.1,
    engine: str | None = None,
) -> Course:
    """Run one patient and return the course.

    Parameters
    ----------
    constants : mapping of str to float, optional
        The constants that differ from the baseline.
    doses : iterable of Dose
        What is given, in days since infection.
    label : str
        How the patient is named in tables, figures and errors.
    treatments : iterable
        What the doses mean, for the reader: kept and named in the summary, not used to compute.
    days : float
        Days since symptom onset to the end; the course begins at infection.
    step : float
        Days between rows.
    engine : {None, "roadrunner", "scipy"}
        None takes libRoadRunner where it is installed.

    Raises
    ------
    SimulationError
        If the equations cannot be solved: the error names the patient and the day.
    """
    constants = dict(constants or {})
    onset = constants.get("symptom_onset", physiology.baseline()["symptom_onset"])
    if not days > -onset:
        raise ValueError(
            f"A course must end after infection (day {number(-onset)}); you gave day {days}."
        )
    doses = tuple(doses)
    try:
        values = integrate(constants, doses, days=days + onset, step=step, engine=engine)
    except SimulationError as error:
        raise SimulationError(error.reason, error.day, label) from None
    return Course(values, constants, doses, label, tuple(treatments), days, step, engine)


class Course:
    """The course of one patient: made by ``simulate`` or ``Patient.run``, not by hand.

    ``course["il6"]`` is a curve, ``course.frame`` all of them, ``course.table()`` peaks and
    days, ``course.summary()`` the same in words and ``course.plot("il6")`` a figure.

    Attributes
    ----------
    label : str
        Name of the patient.
    constants : mapping
        The constants that differ from the baseline.
    doses : tuple of Dose
    treatments : tuple
    days : float
        Last day, counted from symptom onset.
    """

    def __init__(self, values, constants, doses, label, treatments, days, step, engine) -> None:
        values.flags.writeable = False
        self.__dict__.update(
            _values=values,
            constants=MappingProxyType(dict(constants)),
            doses=doses,
            label=label,
            treatments=treatments,
            days=float(days),
            step=float(step),
            engine=engine,
            _hidden={},
        )

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("A Course cannot be changed. Run the patient again with other values.")

    def __reduce__(self):
        state = (self._values.copy(), dict(self.constants), self.doses, self.label)
        return Course, (*state, self.treatments, self.days, self.step, self.engine)

    # ---- numbers -----------------------------------------------------------------------

    @cached_property
    def time(self) -> np.ndarray:
        """Days since symptom onset, one for each row, shape (times,)."""
        onset = self.constants.get("symptom_onset", physiology.baseline()["symptom_onset"])
        # rounded, so that day 10 is 10.0 and not 9.999999999999998
        time = np.round(np.arange(len(self._values)) * self.step - onset, 9)
        time.flags.writeable = False
        return time

    def values(self, symbol: str) -> np.ndarray:
        """Return one curve as an array, shape (times,); read-only."""
        if not isinstance(symbol, str):
            raise ValueError(
                f"A course gives one curve by its name, such as course['il6']; you gave "
                f"{symbol!r}. For several: course.frame[['il6', 'crp']]."
            )
        names = list(physiology.readouts())
        if symbol in names:
            return self._values[:, names.index(symbol)]
        if symbol not in self._hidden:
            if symbol not in reading.described():
                raise ValueError(unknown("readout", symbol, reading.described()))
            span = self.time[-1] - self.time[0]
            options = {"days": span, "step": self.step, "engine": self.engine}
            curve = integrate(self.constants, self.doses, outputs=[symbol], **options)[:, 0]
            curve.flags.writeable = False
            self._hidden[symbol] = curve
        return self._hidden[symbol]

    def __getitem__(self, symbol: str) -> pd.Series:
        """Return one curve: an observable, or a hidden state or signal such as "macrophages"."""
        import pandas as pd

        curve = self.values(symbol)
        index = pd.Index(self.time, name=TIME_NAME)
        series = pd.Series(curve.copy(), index, name=symbol)
        row = reading.described()[symbol]
        series.attrs = {"unit": row["unit"], "name": row["name"]}
        return series

    def __iter__(self) -> Iterator[str]:
        """Go through the names of the readouts, as with the columns of a table."""
        return iter(physiology.readouts())

    def __contains__(self, symbol: object) -> bool:
        """Say whether ``course[symbol]`` is a curve."""
        return isinstance(symbol, str) and symbol in reading.described()

    @property
    def frame(self) -> pd.DataFrame:
        """Every observable, one column each; index = days since symptom onset."""
        import pandas as pd

        index = pd.Index(self.time, name=TIME_NAME)
        frame = pd.DataFrame(self._values.copy(), index, list(physiology.readouts()))
        frame.attrs["units"] = {s: row["unit"] for s, row in physiology.readouts().items()}
        return frame

    def at(self, day: float) -> pd.Series:
        """Return every observable on one day since symptom onset (between rows: interpolated)."""
        import pandas as pd

        first, last = self.time[0], self.time[-1]
        if not isinstance(day, Real) or not first - 1e-9 <= day <= last + 1e-9:
            asked = number(day) if isinstance(day, Real) else repr(day)
            raise ValueError(
                f"This course runs from day {number(first)} to day {number(last)} since symptom "
                f"onset; you asked for day {asked}."
            )
        names = list(physiology.readouts())
        row = [np.interp(day, self.time, self._values[:, i]) for i in range(len(names))]
        return pd.Series(row, names, name=float(day))

    def labs(self, day: float, *, noisy: bool = False, seed: int = 0, before: float = 3.0) -> Labs:
        """Return the laboratory panel of one day (`Labs`), for `cytolearn.criteria`.

        Noise-free, or with `noisy` as a laboratory would report it. `before` is how many days
        earlier the panel was taken that trends are read from.
        """
        from cytolearn.clinic import course_labs  # upwards, for the reader's sake

        return course_labs(self, day, noisy=noisy, seed=seed, before=before)

    # ---- words -------------------------------------------------------------------------

    def table(self, *readouts: str) -> pd.DataFrame:
        """Return start, extreme, its day, area under the curve and end of each readout.

        The extreme is the peak of what rises and the nadir of what falls in disease.
        """
        import pandas as pd

        symbols = readouts or tuple(physiology.readouts())
        rows = [reading.landmarks(self, symbol) for symbol in symbols]
        return pd.DataFrame(rows, index=pd.Index(symbols, name="readout"))

    def summary(self) -> str:
        """Tell the course in a few plain sentences: the text twin of every figure of it."""
        return reading.summary(self)

    def plot(self, *readouts: str, **options):
        """Draw the curves (Matplotlib Figure). With no names: the main six."""
        from cytolearn import figures  # upwards, for the reader's sake

        return figures.plot_courses([self], readouts, **options)

    def __repr__(self) -> str:
        given = f", {len(self.doses)} doses" if self.doses else ""
        span = f"day {number(self.time[0])} to {number(self.time[-1])} since symptom onset"
        return f"<Course of {self.label or 'a patient'}: {span}{given}>"

    def _repr_html_(self) -> str:
        table = self.table(*reading.MAIN).drop(columns="auc").to_html(border=0)
        return f"<p>{escape(self.summary())}</p>{table}"
