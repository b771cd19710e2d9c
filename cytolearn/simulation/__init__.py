"""Compile, dose, integrate: from constants and doses to a Course."""

from cytolearn.simulation.dosing import Dose
from cytolearn.simulation.engines import SimulationError
from cytolearn.simulation.integrate import integrate

__all__ = ["Dose", "SimulationError", "integrate"]
