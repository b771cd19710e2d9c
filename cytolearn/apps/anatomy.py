"""Two tabs for beginners: what the parts of a curve are called, and how sure a result is."""

from __future__ import annotations

import functools
import html
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn import physiology
from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.longwork import LongWork
from cytolearn.apps.pieces import bar, set_slider, solve, twin
from cytolearn.apps.widgets import button, handler
from cytolearn.credibility import ensemble
from cytolearn.figures.anatomy import (
    Landmarks,
    anatomy_words,
    changes,
    curve_anatomy,
    guide_points,
    landmarks,
    many_models,
    many_models_words,
    sample_summary,
)
from cytolearn.figures.panels import readout_row
from cytolearn.figures.words import extreme
from cytolearn.patients.observation import noise_model, observe
from cytolearn.simulation import integrate
from cytolearn.wording import unknown

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer
    from cytolearn.patients import Patient

FIRST_SAMPLE, LAST_SAMPLE, STAY = 0, 14, 10
#: How many of the shipped parameter sets are tried, and the step of their curves in days.
MODELS, STEP = 25, 0.5


class CurveAnatomy:
    """A tab of an explorer: one curve, its parts, and what a hospital would see of it.

    Parameters
    ----------
    app : Explorer
        Whose current patient is shown.
    """

    title = "What each curve is"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._seed, self._drawn = 2, ""
        self._extra: tuple[Any, np.ndarray] | None = None  # of a readout the app does not solve
        names = [(readout_row(r)["name"], r) for r in physiology.readouts()]
        first = "il6" if "il6" in app.readouts else app.readouts[0]
        self._readout = W.Dropdown(options=names, value=first, description="Curve")
        self._hospital = W.ToggleButton(
            value=True, description="Laboratory samples",
            tooltip="Show what a laboratory would report, with its noise",
        )  # fmt: skip
        self._admitted = W.IntSlider(
            value=7, min=FIRST_SAMPLE, max=LAST_SAMPLE, description="First sample on day",
            style={"description_width": "initial"},
            layout=W.Layout(width="330px", max_width="100%"),
        )  # fmt: skip
        again = button("Sample again", "The same days, other chance", self._again)
        for widget in (self._readout, self._hospital, self._admitted):
            widget.observe(self._changed, "value")
        controls = bar(self._readout, self._hospital, self._admitted, again)
        intro = W.HTML(
            "<p>Pick a curve. The blue line is the true value, which nobody ever sees. The orange "
            "dots are what a laboratory would report: one sample a day, from the day on which you "
            "let the patient come to hospital, each off by the noise of its test: some, like IL-6, "
            "by a factor of two.</p>"
        )
        self._page, self._words = W.VBox(), W.HTML()
        self.widget = W.VBox([intro, controls, self._page, self._words])

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks, so that the app opens at once."""
        view = LiveFigure(*self._frame(), max_width=860)
        self._page.children = [view]
        return view

    @property
    def readout(self) -> str:
        """Symbol of the curve on show."""
        return self._readout.value

    def pick(self, readout: str, first_sample: int | None = None) -> str:
        """Show a curve and return its parts in words.

        Parameters
        ----------
        readout : str
            Symbol of an observable.
        first_sample : int, optional
            Day of the first laboratory sample, 0 to 14.

        Raises
        ------
        ValueError
            No such readout, or a day outside the range.
        """
        if readout not in physiology.readouts():
            raise ValueError(unknown("readout", readout, physiology.readouts()))
        if first_sample is not None:
            set_slider(self._admitted, first_sample)
        self._readout.value = readout
        self.refresh()
        return self.summary()

    @property
    def landmarks(self) -> Landmarks:
        """The named parts of the curve on show."""
        return landmarks(self.app.days, self._values(), self.readout)

    def samples(self) -> tuple[np.ndarray, np.ndarray]:
        """Return days and values of the laboratory samples, each of shape (samples,)."""
        import pandas as pd

        days = np.arange(self._admitted.value, self._admitted.value + STAY, dtype=float)
        true = np.interp(days, self.app.days, self._values())
        seen = observe(pd.DataFrame({self.readout: true}), seed=self._seed)
        return days, seen[self.readout].to_numpy()

    def summary(self) -> str:
        """Say the parts of the curve, and what a hospital would see of it."""
        return " ".join(self._sentences())

    def refresh(self) -> None:
        """Follow the explorer and the controls of the page."""
        low, high = self.view.figure.axes[0].get_ylim()
        if self._drawn != self.readout or np.nanmax(self._values()) > high:
            self.view.replace(*self._frame())
            low, high = self.view.figure.axes[0].get_ylim()
        found, values, days = self.landmarks, self._values(), self.app.days
        peak = found.extreme
        dots = [
            (np.array([day]), np.array([np.interp(day, days, values)]))
            for day in (found.leaves, np.nan if peak.flat else peak.day, found.returns)
        ]
        starts = [place.day for place in self.app.choice.given][:1]
        start = (np.array([*starts, *starts]), np.array([low, high] * len(starts)))
        nothing = (np.array([np.nan]), np.array([np.nan]))
        guide = nothing if peak.flat else guide_points((low, high), peak, days[0])
        samples = self.samples() if self._hospital.value else nothing
        text = self.summary()
        self.view.set_data([values, *dots, guide, start if starts else nothing, samples], alt=text)
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self._sentences())
        self._words.value = f'<div class="cl-twin"><ul>{items}</ul></div>'

    def _frame(self) -> tuple:
        self._drawn = self.readout
        return curve_anatomy(self.app.days, self._values(), self.readout, log=self.app.log)

    def _values(self) -> np.ndarray:
        """Return the curve on show: the app's own, or solved once for what it does not show."""
        if self.readout in self.app.readouts:
            return self.app.curves[self.readout]
        of = (self.readout, self.app.choice)
        if self._extra is None or self._extra[0] != of:
            _, curves = solve(self.app.patient, [self.readout])
            self._extra = (of, curves[self.readout])
        return self._extra[1]

    def _sentences(self) -> list[str]:
        found = self.landmarks
        said = anatomy_words(self.app.days, self._values(), self.readout, found)
        if self._hospital.value:
            days, values = self.samples()
            limit = noise_model()[self.readout]["lower"]
            said.append(sample_summary(days, values, self.readout, found.extreme, limit))
        return said

    @handler
    def _changed(self, _: Any) -> None:
        self.refresh()

    @handler
    def _again(self, _: Any) -> None:
        self._seed += 1
        self._hospital.value = True
        self.refresh()


class HowSure:
    """A tab of an explorer: the same patient under other constants that fit as well.

    Parameters
    ----------
    app : Explorer
        Whose current patient is tried. It is compared with the same patient untreated, or, without
        a treatment, with the starting patient.
    """

    title = "How sure is this?"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._of: Any = None  # the choice that the picture belongs to
        self._bundles: dict[str, dict[str, np.ndarray]] = {}  # name, then readout: (models, days)
        first = "lesion" if "lesion" in app.readouts else app.readouts[0]
        names = [(readout_row(r)["name"], r) for r in app.readouts]
        self._readout = W.Dropdown(options=names, value=first, description="Curve")
        self._readout.observe(self._changed, "value")
        self.work = LongWork(f"Try {MODELS} models", self._steps, self._done, app.show_error)
        intro = W.HTML(
            "<p>Most constants of the model are assumptions. Other sets of constants meet the same "
            f"published criteria just as well: {len(ensemble())} of them come with this course. "
            f"The button runs your patient under {MODELS} of them. Does the result hold in all, "
            "or only in some? 'The same' means a change too small to count.</p>"
        )
        self._page, self._words = W.VBox(), W.HTML()
        controls = bar(self.work.widget, self._readout)
        self.widget = W.VBox([intro, controls, self._page, self._words])

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks, so that the app opens at once."""
        view = LiveFigure(self._picture(), [], max_width=940)
        self._page.children = [view]
        return view

    def run(self, readout: str | None = None) -> str:
        """Try the models now and return what came out, in words.

        Parameters
        ----------
        readout : str, optional
            Symbol of one of the app's readouts.

        Raises
        ------
        ValueError
            The app does not show this readout.
        """
        if readout is not None:
            if readout not in self.app.readouts:
                raise ValueError(unknown("readout here", readout, self.app.readouts))
            self._readout.value = readout
        self.work.now()
        return self.summary()

    @property
    def change(self) -> np.ndarray | None:
        """Change of the extreme in each model, shape (models,); None if nothing is compared."""
        readout = self._readout.value
        if len(self._bundles) < 2:
            return None
        other, now = (bundle[readout] for bundle in self._bundles.values())
        return changes(readout, now, other, self._days)

    def summary(self) -> str:
        """Say in how many models the extreme is higher or lower."""
        if self._of is None:
            return "Not computed yet."
        readout = self._readout.value
        kind = readout_row(readout)["extreme"]
        last = list(self._bundles.values())[-1][readout]
        worst = [extreme(self._days, curve, kind).value for curve in last]
        spread = (min(worst), max(worst))
        return many_models_words(readout, list(self._bundles), self.change, spread)

    def refresh(self) -> None:
        """Say whether the picture still belongs to the patient on show."""
        _ = self.view
        text = "Press the button to try the models." if self._of is None else self.summary()
        if self.work.busy:
            text = "Trying one model after another ..."
        elif self._of is not None and self._of != self.app.choice:
            text = f"You have changed something since; press the button again. Before: {text}"
        self._words.value = twin(text)

    # ---- computing -------------------------------------------------------------------------------

    @property
    def _days(self) -> np.ndarray:
        count = round((40 + self.app.onset) / STEP) + 1
        return np.arange(count) * STEP - self.app.onset

    def _compared(self) -> dict[str, Patient]:
        """Return whom to compare, by what they are called in a sentence; the reference first."""
        app = self.app
        if app.treated:
            return {"without treatment": app.untreated_patient, "with treatment": app.patient}
        if app.choice.values:
            return {app.start_name: app.start, app.now_name: app.patient}
        return {app.start_name: app.start}

    def _steps(self) -> Iterator[float]:
        """Compute one model after another; yields the share that is done."""
        of, people = self.app.choice, self._compared()
        days, outputs = 40 + self.app.onset, list(self.app.readouts)
        found: dict[str, list[np.ndarray]] = {name: [] for name in people}
        for i, constants in enumerate(ensemble()[:MODELS], start=1):
            for name, patient in people.items():
                other = self.app.quietly(functools.partial(patient.but, **constants))
                found[name].append(
                    integrate(other.constants, other.doses(), days=days, step=STEP, outputs=outputs)
                )
            yield i / MODELS
        stacked = {name: np.stack(runs) for name, runs in found.items()}
        self._bundles = {
            name: {r: runs[:, :, i] for i, r in enumerate(outputs)}
            for name, runs in stacked.items()
        }
        self._of = of

    def _done(self, whole: bool) -> None:
        self._redraw() if whole else self.refresh()

    def _picture(self) -> Any:
        readout = self._readout.value
        if self._of is None:
            curve = np.interp(self._days, self.app.days, self.app.curves[readout])
            return many_models(
                self._days, {"the one model": curve[None]}, readout, None, log=self.app.log
            )
        bundles = {name: bundle[readout] for name, bundle in self._bundles.items()}
        return many_models(self._days, bundles, readout, self.change, log=self.app.log)

    def _redraw(self) -> None:
        self.view.replace(self._picture(), [], self.summary())
        self.refresh()

    @handler
    def _changed(self, _: Any) -> None:
        self._redraw()
