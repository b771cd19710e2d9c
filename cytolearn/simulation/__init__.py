"""Compile, dose, integrate: from constants and doses to a Course."""

from cytolearn.simulation.comparison import Comparison, compare
from cytolearn.simulation.course import Course, simulate
from cytolearn.simulation.dosing import Dose
from cytolearn.simulation.engines import SimulationError
from cytolearn.simulation.integrate import integrate
from cytolearn.simulation.sbml import export_sbml
from cytolearn.simulation.tables import parameters, readouts

__all__ = [
    "Comparison",
    "Course",
    "Dose",
    "SimulationError",
    "compare",
    "export_sbml",
    "integrate",
    "parameters",
    "readouts",
    "simulate",
]
