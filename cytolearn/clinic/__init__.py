"""The clinic beside the model: severity, outcome and criteria, outside the equations."""

from __future__ import annotations

from cytolearn.clinic.labs import Labs, course_labs
from cytolearn.clinic.outcome import (
    death_hazard,
    death_risk,
    outcomes,
    outcomes_of,
    who_scale_of,
)
from cytolearn.clinic.severity import (
    severity_class,
    support_level,
    support_levels,
    who_levels,
    who_scale,
)

__all__ = [
    "Labs",
    "course_labs",
    "death_hazard",
    "death_risk",
    "outcomes",
    "outcomes_of",
    "severity_class",
    "support_level",
    "support_levels",
    "who_levels",
    "who_scale",
    "who_scale_of",
]
