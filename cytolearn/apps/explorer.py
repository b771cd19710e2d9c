"""The explorer: a patient, at most six controls, a treatment, and pictures that follow at once.

`Explorer` has two faces. Widgets for the learner, and plain methods for everyone else: tests,
lessons and graders use ``app.set(...)``, ``app.treat(...)``, ``app.course``, ``app.summary()``
and never touch a widget. Both go through the same state, so they cannot disagree.
"""

from __future__ import annotations

import functools
import html
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import matplotlib as mpl
import numpy as np
from matplotlib.lines import Line2D

from cytolearn import physiology
from cytolearn.apps import export, telling
from cytolearn.apps.choice import Choice, Pin, Prescription
from cytolearn.apps.controls import Control
from cytolearn.apps.livefigure import LiveFigure, picture_bundle, themed
from cytolearn.apps.pages import NEED_TREATMENTS, Page, page
from cytolearn.apps.pinned import PinnedRuns
from cytolearn.apps.prescribing import Prescribing
from cytolearn.apps.style import style_sheet
from cytolearn.apps.voice import Voice
from cytolearn.apps.widgets import button, handler
from cytolearn.figures import Picture, six_panel, theme
from cytolearn.figures.courses import legend
from cytolearn.figures.panels import cell_box, limits, readout_row
from cytolearn.patients import Patient
from cytolearn.simulation import Course, integrate
from cytolearn.treatments import drugs
from cytolearn.treatments.teaching import TeachingWarning
from cytolearn.wording import unknown

if TYPE_CHECKING:
    import pandas as pd

CONTROLS = (
    "ifn_production",
    "ifn_response",
    "ifn_autoantibody",
    "sensing_delay",
    "viral_antagonism",
    "inoculum",
)
READOUTS = ("viral_load", "viral_load_lung", "ifn", "il6", "alc", "pf_ratio")
TREATMENTS = ("ifn_beta_1a", "ifn_alpha2")
MOST_CONTROLS, MOST_PINS, MOST_SLOTS = 6, 4, 2
STEP = 0.1
#: Two changes of one control within this many seconds are one step for undo: one drag.
_ONE_DRAG = 1.0
_GHOST_DASH = (0, (4, 2.5))
#: Looks of pinned runs; no dash is like that of the run on show or of the starting patient.
_PIN_DASHES = ("-.", (0, (8, 2)), (0, (6, 1, 1, 1, 1, 1)), (0, (1, 1)))
_PIN_STYLES = tuple(zip(theme.CURVES[1:5], _PIN_DASHES, strict=True))


def explorer(
    patient: Patient | str = "mild",
    controls: Sequence[str] = CONTROLS,
    readouts: Sequence[str] = READOUTS,
    treatments: Sequence[str] = TREATMENTS,
    tasks: Sequence[str] = (),
    *,
    title: str = "",
    tabs: Sequence[str] = ("window", "blood"),
    people: Mapping[str, Patient | str] | None = None,
    dose: bool = False,
    slots: int = 1,
) -> Explorer:
    """Open an explorer of one patient.

    Parameters
    ----------
    patient : Patient or str
        Where it starts and what "reset" returns to; a str is the name of a preset.
    controls : sequence of str
        Symbols of constants, at most six.
    readouts : sequence of str
        Symbols of observables, one panel each.
    treatments : sequence of str
        Names of treatments on offer.
    tasks : sequence of str
        What to try, shown above the picture.
    title : str, optional
    tabs : sequence of str
        Secondary views, by their names in `cytolearn.apps.pages`.
    people : mapping of str to Patient or str, optional
        Other patients of the story by name; each gets a button that shows them, as far as the
        controls go.
    dose : bool
        Whether the dose of a treatment can be changed.
    slots : int
        How many treatments can be given at the same time: 1 or 2.

    Raises
    ------
    ValueError
        Unknown names, a text in place of a list of names, no readout, more than six controls, or
        slots other than 1 and 2.

    Examples
    --------
    >>> app = explorer("mild")
    >>> app.set(sensing_delay=4)
    >>> app.course.label
    'Mild, sensing delay 4 days'
    """
    return Explorer(
        patient,
        controls,
        readouts,
        treatments,
        tasks,
        title=title,
        tabs=tabs,
        people=people,
        dose=dose,
        slots=slots,
    )


class Explorer:
    """A live explorer of one patient; see `explorer` for the parameters.

    Attributes
    ----------
    start : Patient
        The starting patient, drawn as a dashed grey line.
    pins : tuple of Pin
        Runs kept for comparison, at most four.
    pages : mapping of str to Page
        Secondary views by name.
    error : str
        What went wrong last, in words; empty if nothing did.
    widget : ipywidgets.VBox
        What is shown.
    """

    def __init__(
        self,
        patient: Patient | str = "mild",
        controls: Sequence[str] = CONTROLS,
        readouts: Sequence[str] = READOUTS,
        treatments: Sequence[str] = TREATMENTS,
        tasks: Sequence[str] = (),
        *,
        title: str = "",
        tabs: Sequence[str] = ("window", "blood"),
        people: Mapping[str, Patient | str] | None = None,
        dose: bool = False,
        slots: int = 1,
    ) -> None:
        self.start = _person(patient)
        controls, readouts, treatments, tasks, tabs = map(
            _several,
            ("controls", "readouts", "treatments", "tasks", "tabs"),
            (controls, readouts, treatments, tasks, tabs),
        )
        if people is not None and not isinstance(people, Mapping):
            raise ValueError(
                "People are given by name, such as {'Ben': 'delayed_ifn'}; you gave "
                f"{type(people).__name__}."
            )
        if not readouts:
            raise ValueError("An explorer shows at least one readout, such as readouts=['il6'].")
        if slots not in range(1, MOST_SLOTS + 1):
            raise ValueError(f"An explorer has 1 to {MOST_SLOTS} slots; you gave {slots!r}.")
        if len(controls) > MOST_CONTROLS:
            raise ValueError(
                f"An explorer has at most {MOST_CONTROLS} controls; you gave {len(controls)}."
            )
        for name in readouts:
            readout_row(name)
        for name in treatments:
            if name not in drugs():
                raise ValueError(unknown("treatment", name, drugs()))
        self.readouts, self.treatments = tuple(readouts), tuple(treatments)
        self.tasks, self.title = tuple(tasks), title or f"Explorer: {self.start.label}"
        self.pins: tuple[Pin, ...] = ()
        self.error = ""
        self._first = Choice(places=(Prescription(),) * slots)
        self._choice, self._history = self._first, []
        self._last_change: tuple[str, float] = ("", 0.0)
        self._log, self._quiet = True, False
        self._notes: list[str] = []
        self._base_values = {**physiology.baseline(), **self.start.constants}
        self._days = np.round(np.arange(self._rows) * STEP - self.onset, 9)
        self._baseline = self._solve(self.start)
        self._curves, self._untreated = self._baseline, None
        self._people: dict[str, tuple[tuple[str, float], ...]] = {}
        self._in_story = bool(people)
        known = [self.start, *(who for who in (people or {}).values() if isinstance(who, Patient))]
        self._story = {
            who.preset: who.label for who in known if who.constants == Patient(who.preset).constants
        }
        self._build(controls, tabs, tuple(people or ()), dose)
        self._people = {name: self._seen(patient) for name, patient in (people or {}).items()}
        self._show_choice()
        self._refresh()

    # ---- the widget-free face ------------------------------------------------------------------

    def set(self, **values: float) -> Explorer:
        """Set controls by symbol: ``app.set(sensing_delay=4)``. Returns the app.

        Raises
        ------
        ValueError
            Not a control of this app, or outside its range.
        """
        chosen = dict(self._choice.values)
        for symbol, value in values.items():
            if symbol not in self.controls:
                raise ValueError(unknown("control", symbol, self.controls))
            chosen[symbol] = self.controls[symbol].check(value)
        self._go(replace(self._choice, values=self._normal(chosen)))
        return self

    def treat(
        self,
        name: str | None,
        day: float | None = None,
        *,
        dose: float | None = None,
        slot: int = 1,
    ) -> Explorer:
        """Choose a treatment, its first day (since symptom onset) and dose; None stops it.

        Parameters
        ----------
        name : str or None
        day : float, optional
            Default: the day that is set.
        dose : float, optional
            Multiple of the usual dose. Default: what is set.
        slot : int
            Which of the treatments that can be given at the same time, counted from 1.

        Raises
        ------
        ValueError
            A treatment that is not on offer, a day or dose outside its range, or no such slot.
        """
        if name is not None and name not in self.treatments:
            raise ValueError(unknown("treatment here", name, self.treatments))
        last = len(self.prescribing)
        if not 1 <= slot <= last:
            raise ValueError(f"Slot is a number from 1 to {last}; you gave {slot}.")
        panel, now = self.prescribing[slot - 1], self._choice.places[slot - 1]
        day = now.day if day is None else panel.day.check(day)
        dose = now.dose if dose is None else panel.dose.check(dose)
        self._go(self._choice.prescribe(slot - 1, Prescription(name, day, dose)))
        return self

    def show(self, name: str) -> Explorer:
        """Show a person of the story, untreated: ``app.show("Ben")``. Returns the app.

        Raises
        ------
        ValueError
            Nobody of the story has this name.
        """
        if name not in self._people:
            raise ValueError(unknown("person", name, self._people))
        self._go(replace(self._choice.untreated(), values=self._people[name]))
        return self

    def reset(self) -> Explorer:
        """Go back to the starting patient, untreated. Pinned runs stay; undo brings it back."""
        self._go(self._first)
        return self

    def undo(self) -> Explorer:
        """Take the last change back; does nothing at the start."""
        if self._history:
            self._last_change = ("", 0.0)
            self._go(self._history.pop(), remember=False)
        return self

    def pin(self, name: str = "") -> Explorer:
        """Keep the current run for comparison, under a name (A, B, C, D if none is given).

        Raises
        ------
        ValueError
            The name is taken, or four runs are pinned already.
        """
        if len(self.pins) >= MOST_PINS:
            raise ValueError(f"{MOST_PINS} runs are pinned already. Remove one before the next.")
        taken = [pin.name for pin in self.pins]
        name = str(name).strip() or next(c for c in "ABCDE" if f"Run {c}" not in taken)
        name = f"Run {name}" if len(name) == 1 else name
        if name in taken:
            raise ValueError(f"A run named '{name}' is pinned already. Choose another name.")
        self.pins = (*self.pins, Pin(name, self._choice, dict(self._curves)))
        self._draw_frame()
        self._refresh()
        return self

    def unpin(self, name: str | None = None) -> Explorer:
        """Remove a pinned run by name; without a name, all of them.

        Raises
        ------
        ValueError
            No run of this name is pinned.
        """
        names = [pin.name for pin in self.pins]
        if name is not None and name not in names:
            raise ValueError(unknown("pinned run", name, names))
        self.pins = tuple(p for p in self.pins if name is not None and p.name != name)
        self._draw_frame()
        self._refresh()
        return self

    def show_pin(self, name: str) -> Explorer:
        """Set everything to a pinned run. Returns the app.

        Raises
        ------
        ValueError
            No run of this name is pinned.
        """
        pins = {pin.name: pin.choice for pin in self.pins}
        if name not in pins:
            raise ValueError(unknown("pinned run", name, pins))
        self._go(pins[name])
        return self

    @property
    def values(self) -> dict[str, float]:
        """The value of every control, by symbol."""
        chosen = dict(self._choice.values)
        return {s: chosen.get(s, c.baseline) for s, c in self.controls.items()}

    @property
    def patient(self) -> Patient:
        """The patient as now chosen, with the treatment."""
        return self._patient(self._choice)

    @property
    def course(self) -> Course:
        """The full course of the patient as now chosen."""
        return self.quietly(lambda: self.patient.run())

    @property
    def curves(self) -> Mapping[str, np.ndarray]:
        """What the picture shows now: readout to array, shape (days,)."""
        return MappingProxyType(dict(self._curves))

    @property
    def baseline_curves(self) -> Mapping[str, np.ndarray]:
        """The curves of the starting patient."""
        return MappingProxyType(self._baseline)

    @property
    def untreated_patient(self) -> Patient:
        """The patient as now chosen, without the explorer's treatment."""
        return self._patient(self._choice, treated=False)

    @property
    def who(self) -> str:
        """The patient as now chosen, treatment aside, in words."""
        return telling.describe(self, self._choice.untreated())

    @property
    def start_name(self) -> str:
        """What the starting patient is called in a sentence."""
        return self.start.label if self._in_story else "the starting patient"

    @property
    def treated(self) -> bool:
        """Whether a treatment is chosen."""
        return bool(self._choice.given)

    @property
    def choice(self) -> Choice:
        """What is chosen now."""
        return self._choice

    @property
    def people(self) -> Mapping[str, tuple[tuple[str, float], ...]]:
        """Other people of the story, as the controls can show them."""
        return MappingProxyType(self._people)

    @property
    def untreated_curves(self) -> Mapping[str, np.ndarray] | None:
        """The curves without treatment; None if none is given."""
        return self._untreated

    def story_name(self, preset: str) -> str:
        """Return who of the story has the illness of a preset ("": nobody)."""
        return self._story.get(preset, "") if self._in_story else ""

    @property
    def now_name(self) -> str:
        """What the patient on show is called in a sentence, treatment aside."""
        return self.person(self._choice) or "your patient"

    @property
    def onset(self) -> float:
        """Days from infection to the first symptom."""
        return float(self._base_values["symptom_onset"])

    @property
    def days(self) -> np.ndarray:
        """Days since symptom onset of the curves."""
        return self._days

    def summary(self) -> str:
        """Say what the picture shows: the text twin. Same choices, same words."""
        return "\n".join([telling.headline(self), *telling.findings(self)])

    def compare(self) -> str:
        """Say how the pinned runs and the current one differ, in words."""
        return telling.compare(self)

    def code(self) -> str:
        """Return the lines of plain API that reproduce the picture."""
        return export.code(self)

    def table(self) -> pd.DataFrame:
        """Return start, extreme, day and area of every readout shown, with units."""
        return self.course.table(*self.readouts)

    def download(self, kind: str = "csv") -> str:
        """Return the picture ("svg", "png") or its data ("csv") as a data URI."""
        return export.data_uri(self, kind)

    def figure(self) -> Picture:
        """Return the picture as it stands as a matplotlib figure."""
        return self.view.figure

    def png(self) -> bytes:
        """Return the picture as it stands, for where there is no JavaScript."""
        return self.view.png()

    @property
    def log(self) -> bool:
        """Whether readouts that span powers of ten have a logarithmic axis."""
        return self._log

    @log.setter
    def log(self, on: bool) -> None:
        self._log = bool(on)
        self._log_button.value = not self._log
        self._draw_frame()
        self._refresh()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        """Show the widget, and a picture and words where there is no JavaScript."""
        return picture_bundle(self.widget, self.png(), self.summary())

    def __repr__(self) -> str:
        return self.summary()

    # ---- state -----------------------------------------------------------------------------------

    @property
    def _rows(self) -> int:
        return round((40 + self.onset) / STEP) + 1

    def _normal(self, values: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
        """Leave out what equals the starting patient, in the order of the controls."""
        return tuple(
            (s, values[s])
            for s, control in self.controls.items()
            if s in values and values[s] != control.baseline
        )

    def _seen(self, patient: Patient | str) -> tuple[tuple[str, float], ...]:
        """Return a person of the story as the controls can show them."""
        who = _person(patient)
        values = {**physiology.baseline(), **who.constants}
        return self._normal(
            {s: min(max(values[s], c.low), c.high) for s, c in self.controls.items()}
        )

    def person(self, choice: Choice) -> str:
        """Return the name of the person whom a choice shows ("": nobody of the story)."""
        return next((n for n, v in self._people.items() if v and v == choice.values), "")

    def _patient(self, choice: Choice, *, treated: bool = True) -> Patient:
        def make() -> Patient:
            name = {"label": self.person(choice)} if self.person(choice) else {}
            values = {**name, **dict(choice.values)}
            patient = self.start.but(**values) if values else self.start
            given = [place.treatment() for place in choice.given] if treated else []
            return patient.treat(*given) if given else patient

        return self.quietly(make)

    def quietly(self, action: Callable, *args: Any) -> Any:
        """Do something and keep its teaching warnings for the note under the picture."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", TeachingWarning)
            result = action(*args)
        for warning in caught:
            if issubclass(warning.category, TeachingWarning):
                self._notes.append(str(warning.message))
            else:
                warnings.warn_explicit(
                    warning.message, warning.category, warning.filename, warning.lineno
                )
        return result

    def _solve(self, patient: Patient) -> dict[str, np.ndarray]:
        """Solve for the readouts shown only: this is what a slider step waits for."""
        values = integrate(
            patient.constants,
            patient.doses(),
            days=40 + self.onset,
            step=STEP,
            outputs=list(self.readouts),
        )
        return dict(zip(self.readouts, values.T, strict=True))

    def _go(self, choice: Choice, *, remember: bool = True, drag: str = "") -> None:
        """Move to a choice: solve first, so that a failure leaves everything as it was."""
        self._notes = []
        patient = self._patient(choice)
        curves = self._solve(patient)
        untreated = self._solve(self._patient(choice, treated=False)) if choice.given else None
        if remember and choice != self._choice:
            now = time.monotonic()
            same_drag = drag and self._last_change[0] == drag
            if not (same_drag and now - self._last_change[1] < _ONE_DRAG and self._history):
                self._history.append(self._choice)
            self._last_change = (drag, now)
        self._choice, self._curves, self._untreated = choice, curves, untreated
        self._show_choice()
        self._refresh()
        self.show_error(None)

    # ---- widgets ---------------------------------------------------------------------------------

    def _build(
        self, controls: Sequence[str], tabs: Sequence[str], people: Sequence[str], dose: bool
    ) -> None:
        base = self._base_values
        self.controls = {s: Control(s, base[s], self._control_changed) for s in controls}
        self.prescribing = [
            Prescribing(
                self.treatments, functools.partial(self._prescribed, i), place=i + 1, dose=dose
            )
            for i in range(len(self._choice.places))
        ]
        treat = [one.widget for one in self.prescribing] if self.treatments else []
        panel = W.VBox([c.widget for c in self.controls.values()] + treat)
        panel.add_class("cl-controls")

        self._undo = button("Undo", "Take the last change back", self._undo_clicked)
        back = self.start.label if people else "the starting patient"
        self._reset = button(
            f"Reset to {back}" if people else "Reset",
            f"Back to {back}, untreated",
            self._reset_clicked,
        )
        self._others = [
            button(f"Show {name}", f"Set the controls to {name}, untreated",
                    functools.partial(self._person_clicked, name))
            for name in people
        ]  # fmt: skip
        self._pin_name = W.Text(
            placeholder="name this run", description="Name of the run to pin",
            layout=W.Layout(width="130px"),
        )  # fmt: skip
        self._pin_name.add_class("cl-named")
        self._pin = button("Pin this run", "Keep this run to compare with", self._pin_clicked)
        self._pin.button_style = "primary"
        self._log_button = W.ToggleButton(
            value=False, description="Linear axes", tooltip="Logarithmic or linear axes"
        )
        self._log_button.observe(self._log_clicked, "value")
        tools = W.Box(
            [self._undo, self._reset, *self._others, self._log_button, self._pin_name, self._pin]
        )
        tools.add_class("cl-tools")
        head = W.Box([W.HTML(f"<h3>{html.escape(self.title)}</h3>"), tools])
        head.add_class("cl-head")

        self.view = LiveFigure(*self._new_frame()[:2], boxes=self._boxes)
        self._legend, self._error, self._note = W.HTML(), W.HTML(), W.HTML()
        self.voice = Voice(self._slider_names())
        foot = W.HTML(f'<div class="cl-foot">{theme.FOOTER}</div>')
        first = W.VBox([self._legend, self.view, self._note, self.voice.widget, foot])

        tabs = [name for name in tabs if self.treatments or name not in NEED_TREATMENTS]
        self.pages: dict[str, Page] = {name: page(name)(self) for name in tabs}
        self.pages |= {"pinned": PinnedRuns(self), "code": export.CodeAndFiles(self)}
        shown = [(one.title, one.widget) for one in self.pages.values()]
        shown = [("Over time", first), *shown]
        self._tabs = W.Tab([widget for _, widget in shown], titles=[title for title, _ in shown])
        self._tabs.add_class("cl-view")
        self._tabs.observe(self._tab_changed, "selected_index")
        todo = []
        if self.tasks:
            items = "".join(f"<li>{html.escape(task)}</li>" for task in self.tasks)
            todo = [
                W.HTML(
                    '<details class="cl-tasks" open><summary><h4>Try this</h4></summary>'
                    f"<ol>{items}</ol></details>"
                )
            ]
        right = W.VBox([self._error, self._tabs])
        right.add_class("cl-view")
        main = W.Box([panel, right])
        main.add_class("cl-main")
        main.add_class("cl-flow")
        marks = {f"cl-at-{s}": c.mark for s, c in self._sliders().items()}
        style = W.HTML(style_sheet(marks))
        style.layout.display = "none"
        self.widget = W.VBox([style, head, *todo, main])
        self.widget.add_class("cl-app")

    def _sliders(self) -> dict[str, Control]:
        every = dict(self.controls)
        for one in self.prescribing:
            every |= one.controls
        return every

    def _slider_names(self) -> dict[str, str]:
        return {f"cl-at-{s}": f"{c.row['name']}, {c.unit}" for s, c in self._sliders().items()}

    def _new_frame(self) -> tuple[Picture, list[Line2D]]:
        """Draw all that does not follow a slider, and return the lines that do."""
        runs = [self._baseline, *(pin.curves for pin in self.pins), self._curves]
        runs += [self._untreated] if self._untreated is not None else []
        data = {r: [run[r] for run in runs] for r in self.readouts}
        self._limits = {r: limits(r, log=self._log, data=data[r]) for r in self.readouts}
        days = (float(self._days[0]), float(self._days[-1]))
        figure, axes = six_panel(self.readouts, log=self._log, data=data, days=days)
        self._boxes = [cell_box(ax) for ax in axes]
        moving: list[Line2D] = []
        with mpl.rc_context(theme.RC):
            for ax, readout in zip(axes, self.readouts, strict=True):
                ax.plot(self._days, self._baseline[readout], color=theme.GHOST,
                        linestyle=_GHOST_DASH, linewidth=1.3, zorder=2)  # fmt: skip
                for pin, (color, dash) in zip(self.pins, _PIN_STYLES, strict=False):
                    ax.plot(self._days, pin.curves[readout], color=color, linestyle=dash,
                            linewidth=1.4, zorder=2.5)  # fmt: skip
                low, high = ax.get_ylim()
                for _ in self.prescribing:
                    moving += ax.plot(
                        [np.nan] * 2, [low, high], color=theme.CURVES[4], linewidth=1.2
                    )
                moving += ax.plot(self._days, np.full_like(self._days, np.nan), ":",
                                  color=theme.CURVES[0], linewidth=1.6)  # fmt: skip
                moving += ax.plot(self._days, self._curves[readout], "-",
                                  color=theme.CURVES[0], linewidth=2.4, zorder=4)  # fmt: skip
        legend(figure, self._legend_entries())
        return figure, moving

    def _draw_frame(self) -> None:
        """Draw again what does not follow a slider: axes, the starting patient, pinned runs."""
        self.view.replace(*self._new_frame(), self.summary(), boxes=self._boxes)
        self._show_legend()

    # ---- showing ---------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Show the current curves in whatever the learner is looking at."""
        if self._outgrown():
            self._draw_frame()
        blank = np.full_like(self._days, np.nan)
        days = [place.day if place.drug else np.nan for place in self._choice.places]
        moving: list[Any] = []
        for readout in self.readouts:
            untreated = blank if self._untreated is None else self._untreated[readout]
            low, high = self._limits[readout]
            moving += [(np.array([day, day]), np.array([low, high])) for day in days]
            moving += [untreated, self._curves[readout]]
        words = self.summary()
        self.view.set_data(moving, alt=words)
        self.voice.say(words, telling.twin_html(self))
        self._show_notes()
        self._undo.disabled = not self._history
        self._show_page()

    def _outgrown(self) -> bool:
        """Tell whether a curve leaves its axis (only then do limits grow)."""
        for readout in self.readouts:
            top = self._limits[readout][1]
            for curves in (self._curves, self._untreated):
                if curves is not None and np.nanmax(curves[readout]) > top:
                    return True
        return False

    def _show_page(self) -> None:
        """Bring the open tab up to date; the others wait until they are opened."""
        place = (self._tabs.selected_index or 0) - 1
        if place >= 0:
            list(self.pages.values())[place].refresh()

    def _show_choice(self) -> None:
        """Let the controls show the state."""
        self._quiet = True
        try:
            for symbol, value in self.values.items():
                if self.controls[symbol].value != value:
                    self.controls[symbol].show(value)
        finally:
            self._quiet = False
        for one, place in zip(self.prescribing, self._choice.places, strict=True):
            one.show(place)
        self._show_legend()

    def _legend_entries(self, now: str = "now") -> list[tuple[str, str, Any, float]]:
        """Name, colour, dash and width of every curve."""
        entries: list[tuple[str, str, Any, float]] = [(now, theme.CURVES[0], "-", 2.4)]
        if self._choice.given:
            entries.append(("now, without treatment", theme.CURVES[0], ":", 1.6))
            entries.append(("treatment starts", theme.CURVES[4], "-", 1.2))
        entries.append((f"starting patient ({self.start.label})", theme.GHOST, _GHOST_DASH, 1.3))
        for pin, (color, dash) in zip(self.pins, _PIN_STYLES, strict=False):
            entries.append((pin.name, color, dash, 1.6))
        return entries

    def _show_legend(self) -> None:
        person = self.person(self._choice)
        entries = self._legend_entries(f"now ({person})" if person else "now")
        text = "".join(
            f"<span>{_sample(color, dash, width)}{html.escape(name)}</span>"
            for name, color, dash, width in entries
        )
        text += (
            '<span><svg width="26" height="10" aria-hidden="true"><rect width="26" height="10" '
            f'rx="2" style="fill:{themed(theme.BAND)}"/></svg>normal range</span>'
        )
        self._legend.value = f'<div class="cl-legend">{text}</div>'

    def _show_notes(self) -> None:
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in dict.fromkeys(self._notes))
        self._note.value = f'<div class="cl-tasks" role="note">{notes}</div>' if notes else ""

    def show_error(self, error: Exception | None) -> None:
        """Say in words what went wrong (None: nothing any more). The picture stays as it was."""
        if error is None:
            self.error = ""
        elif isinstance(error, ValueError):
            self.error = str(error)
        else:
            self.error = f"{type(error).__name__}: {error}".rstrip(": ")
        if not self.error:
            self._error.value = ""
            return
        self._error.value = (
            f'<div class="cl-error" role="alert"><b>That did not work.</b> '
            f"{html.escape(self.error)} The picture still shows the last run that did.</div>"
        )

    # ---- what the widgets call: one line each ----------------------------------------------------

    @handler
    def _control_changed(self, symbol: str, value: float) -> None:
        self._go(self._with(symbol, value), drag=symbol)

    def _with(self, symbol: str, value: float) -> Choice:
        values = {**dict(self._choice.values), symbol: value}
        return replace(self._choice, values=self._normal(values))

    @handler
    def _prescribed(self, slot: int, place: Prescription, dragged: str) -> None:
        self._go(self._choice.prescribe(slot, place), drag=dragged)

    @handler
    def _undo_clicked(self, _: Any) -> None:
        self.undo()

    @handler
    def _reset_clicked(self, _: Any) -> None:
        self.reset()

    @handler
    def _person_clicked(self, name: str, _: Any) -> None:
        self.show(name)

    @handler
    def _pin_clicked(self, _: Any) -> None:
        self.pin(self._pin_name.value)
        self._pin_name.value = ""
        self.show_error(None)

    @handler
    def _log_clicked(self, change: Mapping[str, Any]) -> None:
        if self._log is change["new"]:
            self.log = not change["new"]

    @handler
    def _tab_changed(self, _: Any) -> None:
        self._show_page()


def _person(patient: Patient | str) -> Patient:
    if isinstance(patient, str):
        return Patient(patient)
    if not isinstance(patient, Patient):
        raise ValueError(
            "An explorer starts from a patient, such as Patient('mild'), or from the name of a "
            f"preset; you gave {type(patient).__name__}."
        )
    return patient


def _several(what: str, given: Sequence[str]) -> tuple[str, ...]:
    """Return names once each, in their order; a text is no list of names."""
    if isinstance(given, str):
        raise ValueError(f"{what.capitalize()} are given as a list, such as [{given!r}].")
    return tuple(dict.fromkeys(given))


def _sample(color: str, dash: Any, width: float) -> str:
    """A short line for the legend."""
    known = {"-": "", "--": "5 3", "-.": "7 3 2 3", ":": "2 2.5"}
    pattern = known[dash] if dash in known else " ".join(f"{1.25 * piece:g}" for piece in dash[1])
    extra = f' stroke-dasharray="{pattern}"' if pattern else ""
    return (
        f'<svg width="26" height="10" aria-hidden="true"><path d="M0 5h26" fill="none"{extra} '
        f'style="stroke:{themed(color)};stroke-width:{width}"/></svg>'
    )
