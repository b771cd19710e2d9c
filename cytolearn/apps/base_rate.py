"""Base rates: how many of ten thousand people, for a rare complication and for a test."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import ipywidgets as W
import numpy as np

from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.pieces import paragraph, set_slider, slider, steps, twin
from cytolearn.apps.widgets import handler
from cytolearn.figures import theme
from cytolearn.figures.bcells import CROWD, boxes, crowd, places
from cytolearn.wording import number, unknown

MODES = {"complication": "A rare complication (MIS-C)", "test": "A test for autoantibody"}
#: Steps of the calculator of a complication; 273 and 35 were counted (see the words below).
_RISKS = (1.0, 3.0, 10.0, 35.0, 100.0, 273.0, 500.0, 1000.0)
_INFECTIONS = (1e3, 1e4, 1e5, 1e6, 1e7)
#: Name, first value, ends and step of the sliders of a test.
_TEST = {
    "prevalence": ("Have the autoantibody, %", 2.0, (0.1, 50.0), 0.1),
    "sensitivity": ("Sensitivity, %", 90.0, (50.0, 100.0), 1.0),
    "specificity": ("Specificity, %", 90.0, (50.0, 99.9), 0.1),
}
_KEYS = {
    "complication": [("have the complication", theme.CURVES[1])],
    "test": [("true positive", theme.CURVES[1]), ("false positive", theme.CURVES[0]),
             ("missed", theme.CURVES[2])],
}  # fmt: skip
_INTRO = {
    "complication": "MIS-C is an inflammation of many organs, with clots, some weeks after the "
    "infection of a child. On a ward every child has it. How many is that among all who were "
    "infected? Counted in Catalonia 2020 to 2022: 273 per million infections; in Denmark with "
    "Omicron, unvaccinated: 35 per million.",
    "test": "A study tests blood for autoantibodies. How many of the positive results are true? "
    "Sensitivity: share of carriers who test positive. Specificity: share of the others who test "
    "negative.",
}


def expected_cases(risk: float, infections: float) -> tuple[float, int, int]:
    """Return the expected number of cases and the range that chance alone gives (95%).

    Parameters
    ----------
    risk : float
        Cases per million infections.
    infections : float
        Number of infections.
    """
    from scipy.special import pdtrik  # scipy.stats has the same and takes seconds to import

    mean = risk / 1e6 * infections
    low, high = np.ceil(np.nan_to_num(pdtrik([0.025, 0.975], mean)))
    return mean, max(int(low), 0), max(int(high), 0)


def results_of_a_test(
    prevalence: float, sensitivity: float, specificity: float
) -> dict[str, float]:
    """Return what a test finds in a crowd of ten thousand; all arguments in per cent.

    Returns
    -------
    dict of str to float
        ``true``, ``false`` (positives), ``missed`` (people) and ``believed``: the share of
        positive results that are true, in per cent.
    """
    carriers = CROWD * prevalence / 100
    true = carriers * sensitivity / 100
    false = (CROWD - carriers) * (1 - specificity / 100)
    return {
        "true": true,
        "false": false,
        "missed": carriers - true,
        "believed": 100 * true / (true + false) if true + false else float("nan"),
    }


class BaseRate:
    """Part of a tab: a calculator in natural frequencies, for a risk or for a test.

    Parameters
    ----------
    app : Explorer
        Shows what goes wrong.
    """

    title = "How rare is rare?"

    def __init__(self, app: Any) -> None:
        self.app = app
        self._mode = W.ToggleButtons(options=[(v, k) for k, v in MODES.items()],
                                     style={"button_width": "auto"})  # fmt: skip
        self._mode.observe(self._switched, "value")
        self._sliders = {
            "complication": {
                "risk": steps("Cases per million infections", 273.0, _RISKS, self._changed),
                "infections": steps("Children infected", 1e5, _INFECTIONS, self._changed),
            },
            "test": {
                key: slider(name, value, ends, step, self._changed)
                for key, (name, value, ends, step) in _TEST.items()
            },
        }
        self._controls, self._intro, self._page, self._words = (
            W.VBox(),
            W.VBox(),
            W.VBox(),
            W.HTML(),
        )
        self.widget = W.VBox([self._mode, self._intro, self._controls, self._page, self._words])
        self._show_mode()

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks."""
        figure, lines = crowd(_KEYS[self.mode])
        view = LiveFigure(figure, lines, boxes=boxes(figure), max_width=430)
        self._page.children = [view]
        return view

    @property
    def mode(self) -> str:
        """What is calculated: "complication" or "test"."""
        return str(self._mode.value)

    @property
    def values(self) -> dict[str, float]:
        """The sliders of the mode."""
        return {key: float(made.value) for key, made in self._sliders[self.mode].items()}

    def calculate(self, mode: str, **values: float) -> str:
        """Set mode and sliders: ``page.calculate("test", prevalence=2)``; returns the answer.

        Raises
        ------
        ValueError
            Unknown mode or slider, or a value outside its range.
        """
        if mode not in MODES:
            raise ValueError(unknown("calculator", mode, MODES))
        self._mode.value = mode
        for key, value in values.items():
            if key not in self._sliders[mode]:
                raise ValueError(unknown("slider", key, self._sliders[mode]))
            set_slider(self._sliders[mode][key], value)
        return self.summary()

    def results(self) -> dict[str, float]:
        """Return the numbers behind the words."""
        if self.mode == "test":
            return results_of_a_test(**self.values)
        mean, low, high = expected_cases(**self.values)
        return {"cases": mean, "low": low, "high": high, "one_in": 1e6 / self.values["risk"]}

    def summary(self) -> str:
        """Say the answer in natural frequencies."""
        found = self.results()
        if self.mode == "test":
            carriers, positive = found["true"] + found["missed"], found["true"] + found["false"]
            return (
                f"Of {CROWD:,} people {number(carriers)} have the autoantibody: "
                f"{number(found['true'])} test positive, {number(found['missed'])} are missed. Of "
                f"the {number(CROWD - carriers, 4)} others {number(found['false'])} test positive "
                f"all the same. So {number(found['true'])} of {number(positive, 4)} positive "
                f"results are true: {number(found['believed'], 2)}%."
            )
        chance = "" if found["cases"] > 1000 else (
            f" By chance alone it may be {number(found['low'])} to {number(found['high'])}."
        )  # fmt: skip
        return (
            f"One case among {number(found['one_in'], 2)} infected children. Of "
            f"{number(self.values['infections'])} infected children about "
            f"{number(found['cases'], 2)} get it, all the others do not.{chance} In the picture: "
            f"{round(CROWD * self.values['risk'] / 1e6)} of {CROWD:,}."
        )

    def refresh(self) -> None:
        """Follow mode and sliders."""
        found, text = self.results(), self.summary()
        counts: Sequence[int] = (
            [round(found["true"]), round(found["false"]), round(found["missed"])]
            if self.mode == "test"
            else [round(CROWD * self.values["risk"] / 1e6)]
        )
        self.view.set_data(places(counts), alt=text)
        self._words.value = twin(text)

    def _show_mode(self) -> None:
        self._intro.children = [paragraph(_INTRO[self.mode])]
        self._controls.children = list(self._sliders[self.mode].values())

    @handler
    def _switched(self, _: Any) -> None:
        self._show_mode()
        figure, lines = crowd(_KEYS[self.mode])
        self.view.replace(figure, lines, self.summary(), boxes=boxes(figure))
        self.refresh()

    @handler
    def _changed(self, _: Any) -> None:
        self.refresh()
