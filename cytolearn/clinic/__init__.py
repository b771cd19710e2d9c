"""The clinic beside the model: severity and risk, outside the equations."""

from __future__ import annotations

from cytolearn.clinic.severity import death_risk, severity_class, support_level, support_levels

__all__ = ["death_risk", "severity_class", "support_level", "support_levels"]
