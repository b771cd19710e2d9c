"""Pictures: results in, a matplotlib figure and its text twin out. No widgets, no state."""

from __future__ import annotations

from cytolearn.figures.courses import DEFAULT_READOUTS, plot_courses, six_panel
from cytolearn.figures.outcomes import blood_sample, start_day_window
from cytolearn.figures.picture import Picture
from cytolearn.figures.theme import FOOTER

__all__ = [
    "DEFAULT_READOUTS",
    "FOOTER",
    "Picture",
    "blood_sample",
    "plot_courses",
    "six_panel",
    "start_day_window",
]
