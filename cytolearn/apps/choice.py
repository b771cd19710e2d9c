"""What a learner has chosen in an explorer, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from cytolearn.treatments import Treatment, treatment


@dataclass(frozen=True)
class Prescription:
    """One treatment as chosen, or a place for one.

    Attributes
    ----------
    drug : str or None
        Name of the treatment; None: nothing is given.
    day : float
        First day, since symptom onset.
    dose : float
        Multiple of the usual dose.
    """

    drug: str | None = None
    day: float = 3.0
    dose: float = 1.0

    def treatment(self) -> Treatment:
        """Return the course of treatment that is given."""
        return treatment(self.drug, day=self.day, scale=self.dose)


@dataclass(frozen=True)
class Choice:
    """The whole state of an explorer.

    Attributes
    ----------
    values : tuple of (symbol, value)
        Controls that differ from the starting patient.
    places : tuple of Prescription
        One for each treatment that can be given at the same time.
    """

    values: tuple[tuple[str, float], ...] = ()
    places: tuple[Prescription, ...] = (Prescription(),)

    @property
    def given(self) -> tuple[Prescription, ...]:
        """The treatments that are given."""
        return tuple(place for place in self.places if place.drug)

    def untreated(self) -> Choice:
        """Return the same patient without treatment; days and doses stay set for the next."""
        return replace(self, places=tuple(replace(place, drug=None) for place in self.places))

    def prescribe(self, slot: int, place: Prescription) -> Choice:
        """Return this choice with another prescription in one place, counted from 0."""
        return replace(self, places=(*self.places[:slot], place, *self.places[slot + 1 :]))


@dataclass(frozen=True)
class Pin:
    """A run that was kept for comparison."""

    name: str
    choice: Choice
    curves: Mapping[str, np.ndarray]
