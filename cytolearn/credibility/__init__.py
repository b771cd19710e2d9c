"""How far to believe the model: calibration record and an ensemble of parameter sets."""

from __future__ import annotations

from cytolearn.credibility.parameter_sets import ensemble, robust_claims
from cytolearn.credibility.record import calibration_record, make_record

__all__ = ["calibration_record", "ensemble", "make_record", "robust_claims"]
