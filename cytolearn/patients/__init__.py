"""Patients: the person, the named presets, virtual populations and what a laboratory sees."""

from cytolearn.patients.cohort import Cohort, Population, population
from cytolearn.patients.observation import observe
from cytolearn.patients.patient import Patient

__all__ = ["Cohort", "Patient", "Population", "observe", "population"]
