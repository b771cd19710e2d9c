"""Treatments as data: drugs, published regimens, and the course that a reader plans."""

import sys
from types import ModuleType
from typing import Any

from cytolearn.treatments.plan import (
    Treatment,
    cautions_together,
    drugs,
    regimens,
    treatment,
    treatments,
)
from cytolearn.treatments.teaching import TeachingWarning

__all__ = [
    "TeachingWarning",
    "Treatment",
    "cautions_together",
    "drugs",
    "regimens",
    "treatment",
    "treatments",
]


class _CallableModule(ModuleType):
    """Lets ``cytolearn.treatments()`` list the drugs although a package has the same name.

    Importing a package makes it an attribute of its parent, so ``cytolearn.treatments`` is this
    module as soon as anything needs a treatment, and the function only before that.
    """

    def __call__(self) -> Any:
        return treatments()


sys.modules[__name__].__class__ = _CallableModule
