"""Treatments as data: drugs, published regimens, and the course that a reader plans."""

from cytolearn.treatments.teaching import TeachingWarning
from cytolearn.treatments.treatment import (
    Treatment,
    cautions_together,
    drugs,
    regimens,
    treatment,
    treatments,
)

__all__ = [
    "TeachingWarning",
    "Treatment",
    "cautions_together",
    "drugs",
    "regimens",
    "treatment",
    "treatments",
]
