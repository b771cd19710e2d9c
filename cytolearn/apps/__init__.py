"""Apps: ipywidgets around the figures. No science here."""

from __future__ import annotations

from cytolearn.apps.explorer import Explorer, explorer
from cytolearn.apps.livefigure import LiveFigure

__all__ = ["Explorer", "LiveFigure", "explorer"]
