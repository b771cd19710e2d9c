"""Patients: the person, the named presets, virtual populations and what a laboratory sees."""

from cytolearn.patients.patient import Patient

# After `patient`, and by name: the function `population` must win over the module it lives in.
from cytolearn.patients.cohort import Cohort, Population, population

__all__ = ["Cohort", "Patient", "Population", "population"]
