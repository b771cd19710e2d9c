"""cytolearn: interactive COVID-19 immunopathology on one mechanistic virtual patient.

A teaching model (2020 wild-type virus, unvaccinated host). Not for clinical use.
"""

from __future__ import annotations

import importlib

__version__ = "0.1.0"

# Every public name and the module it lives in; loaded on first use, to keep the import fast.
_PUBLIC: dict[str, str] = {
    "Patient": "cytolearn.patients",
    "population": "cytolearn.patients",
    "treatment": "cytolearn.treatments",
    "treatments": "cytolearn.treatments",
    "trial": "cytolearn.trials",
    "compare": "cytolearn.simulation",
    "export_sbml": "cytolearn.simulation",
    "parameters": "cytolearn.simulation",
    "readouts": "cytolearn.simulation",
    "calibration_record": "cytolearn.credibility",
    "robust_claims": "cytolearn.credibility",
    "lesson": "cytolearn.lessons",
}

# Public names that are a whole module: cl.evidence.trials().
_MODULES: dict[str, str] = {
    "criteria": "cytolearn.clinic.criteria",
    "evidence": "cytolearn.evidence",
}

__all__ = [*_PUBLIC, *_MODULES, "__version__"]


def __getattr__(name: str):
    if name in _PUBLIC:
        value = getattr(importlib.import_module(_PUBLIC[name]), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        globals()[name] = importlib.import_module(_MODULES[name])
        return globals()[name]
    offers = ", ".join(sorted([*_PUBLIC, *_MODULES]))
    raise AttributeError(f"cytolearn has no '{name}'. It offers: {offers}.")


def __dir__() -> list[str]:
    return sorted(__all__)
