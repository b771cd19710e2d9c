"""Pictures: results in, a matplotlib figure and its text twin out. No widgets, no state."""

from __future__ import annotations

from cytolearn.figures.courses import DEFAULT_READOUTS, plot_courses, six_panel
from cytolearn.figures.picture import Picture
from cytolearn.figures.theme import FOOTER

__all__ = ["DEFAULT_READOUTS", "FOOTER", "Picture", "plot_courses", "six_panel"]
