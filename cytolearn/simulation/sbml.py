"""The model as SBML."""

from __future__ import annotations

from functools import lru_cache

from cytolearn import physiology


@lru_cache(maxsize=1)
def sbml_text() -> str:
    """Return the model as SBML Level 3 text, made from the Antimony source.

    Raises
    ------
    ValueError
        If the Antimony text is not valid; the message names the line.
    """
    import antimony

    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(physiology.antimony_source()) < 0:
        raise ValueError(f"covid_patient.ant is not valid: {antimony.getLastError()}")
    return antimony.getSBMLString(physiology.MODEL_NAME)
