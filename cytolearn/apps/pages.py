"""Secondary views of an explorer: one tab each, loaded when a lesson asks for it.

A page is a class made with the explorer. It has a ``title`` for the tab, a ``widget``,
``refresh()``, called when the tab opens and after every change while it is open, and
``summary()``, its text twin.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from cytolearn.wording import unknown

if TYPE_CHECKING:
    import ipywidgets as W

#: Name of the page in content.toml, and its class.
PAGES = {
    "window": "cytolearn.apps.window:StartDayWindow",
    "blood": "cytolearn.apps.blood:BloodSample",
    "whereabouts": "cytolearn.apps.counts:Whereabouts",
    "takeaway": "cytolearn.apps.knockout:TakeAway",
    "scatter": "cytolearn.apps.scatter:CountScatter",
    "il7_story": "cytolearn.apps.trial_story:IL7Story",
    "curve": "cytolearn.apps.anatomy:CurveAnatomy",
    "sure": "cytolearn.apps.anatomy:HowSure",
    "phase": "cytolearn.apps.phase_plane:PhasePlane",
    "network": "cytolearn.apps.network:Network",
    "definitions": "cytolearn.apps.definitions:Definitions",
    "scale": "cytolearn.apps.scale_of_storms:ScaleOfStorms",
    "whatif": "cytolearn.apps.whatif:WhatIf",
    "clocks": "cytolearn.apps.clocks:TwoClocks",
    "affinity": "cytolearn.apps.affinity:AntibodyMade",
    "flow": "cytolearn.apps.flow:FlowPlot",
    "downstream": "cytolearn.apps.downstream:Downstream",
    "pharmacology": "cytolearn.apps.pharmacology:Pharmacology",
    "heatmap": "cytolearn.apps.heatmap:HeatMap",
    "trial": "cytolearn.apps.trial_designer:TrialDesigner",
    "traps": "cytolearn.apps.traps:Traps",
}
#: Pages that are left out where no treatment is on offer: they would be empty.
NEED_TREATMENTS = frozenset({"window", "pharmacology", "heatmap", "trial"})


class Page(Protocol):
    """What an explorer asks of a page."""

    title: str
    widget: W.Widget

    def refresh(self) -> None:
        """Follow the explorer. Called when the page is on show only."""

    def summary(self) -> str:
        """Say what the page shows."""


def page(name: str) -> Callable[[Any], Page]:
    """Return the class of a page.

    Raises
    ------
    ValueError
        If there is no such page; the message names the nearest.
    """
    if name not in PAGES:
        raise ValueError(unknown("tab", name, PAGES))
    module, _, cls = PAGES[name].partition(":")
    return getattr(importlib.import_module(module), cls)
