"""Published evidence as tables with sources: trials, biomarkers, criteria, claims."""

from cytolearn.evidence.sources import bibtex, references
from cytolearn.evidence.tables import (
    biomarkers,
    claims,
    columns,
    criteria_items,
    misconceptions,
    trials,
    worked_patients,
)

__all__ = [
    "bibtex",
    "biomarkers",
    "claims",
    "columns",
    "criteria_items",
    "misconceptions",
    "references",
    "trials",
    "worked_patients",
]
