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
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import matplotlib as mpl
import numpy as np
from matplotlib.lines import Line2D

from cytolearn import physiology
from cytolearn.apps import export
from cytolearn.apps.controls import Control
from cytolearn.apps.livefigure import LiveFigure, picture_bundle, themed
from cytolearn.apps.style import style_sheet
from cytolearn.apps.voice import Voice
from cytolearn.figures import Picture, six_panel, theme
from cytolearn.figures.courses import legend
from cytolearn.figures.panels import cell_box, limits, readout_row, unit_words
from cytolearn.figures.words import day as day_words
from cytolearn.figures.words import difference, extreme
from cytolearn.patients import Patient
from cytolearn.simulation import Course, integrate
from cytolearn.treatments import drugs, treatment
from cytolearn.treatments.teaching import TeachingWarning
from cytolearn.wording import listing, number, quantity, unknown

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
MOST_CONTROLS, MOST_PINS = 6, 4
FIRST_START, LAST_START, STEP = -4.0, 14.0, 0.1
#: Two changes of one control within this many seconds are one step for undo: one drag.
_ONE_DRAG = 1.0
_GHOST_DASH = (0, (4, 2.5))
#: Abbreviations of a prescription, in words.
_SPOKEN = {
    "SC:": "under the skin:",
    "IM:": "into a muscle:",
    "IV:": "into a vein:",
    "oral:": "by mouth:",
    "ug": "µg",
    "MIU": "million units",
}


@dataclass(frozen=True)
class Choice:
    """What the learner has chosen: the whole state of an explorer.

    Attributes
    ----------
    values : tuple of (symbol, value)
        Controls that differ from the starting patient.
    drug : str or None
    day : float
        First day of the treatment, since symptom onset.
    """

    values: tuple[tuple[str, float], ...] = ()
    drug: str | None = None
    day: float = 3.0


@dataclass(frozen=True)
class Pin:
    """A run that was kept for comparison."""

    name: str
    choice: Choice
    curves: Mapping[str, np.ndarray]


def handler(method: Callable) -> Callable:
    """Wrap what a widget calls: an exception is shown in words, the last good picture stays."""

    @functools.wraps(method)
    def guarded(self: Any, *args: Any) -> None:
        try:
            method(self, *args)
        except Exception as error:  # every exception must reach the learner's eye
            self.show_error(error)

    return guarded


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
    tabs : sequence of {"window", "blood"}
        Secondary views.
    people : mapping of str to Patient or str, optional
        Other patients of the story by name; each gets a button that shows them, as far as the
        controls go.

    Raises
    ------
    ValueError
        Unknown names, or more than six controls.

    Examples
    --------
    >>> app = explorer("mild")
    >>> app.set(sensing_delay=4)
    >>> app.course.label
    'Mild, sensing delay 4 days'
    """
    return Explorer(
        patient, controls, readouts, treatments, tasks, title=title, tabs=tabs, people=people
    )


class Explorer:
    """A live explorer of one patient; see `explorer` for the parameters.

    Attributes
    ----------
    start : Patient
        The starting patient, drawn as a dashed grey line.
    pins : tuple of Pin
        Runs kept for comparison, at most four.
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
    ) -> None:
        self.start = Patient(patient) if isinstance(patient, str) else patient
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
        self._choice, self._history = Choice(), []
        self._last_change: tuple[str, float] = ("", 0.0)
        self._log, self._quiet = True, False
        self._notes: list[str] = []
        self._base_values = {**physiology.baseline(), **self.start.constants}
        self._days = np.round(np.arange(self._rows) * STEP - self.onset, 9)
        self._baseline = self._solve(self.start)
        self._curves, self._untreated = self._baseline, None
        self._people: dict[str, tuple[tuple[str, float], ...]] = {}
        self._in_story = bool(people)
        self._build(controls, tabs, tuple(people or ()))
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

    def treat(self, name: str | None, day: float | None = None) -> Explorer:
        """Choose a treatment and its first day (since symptom onset); None stops treating."""
        if name is not None and name not in self.treatments:
            raise ValueError(unknown("treatment here", name, self.treatments))
        day = self._choice.day if day is None else self.day_control.check(day)
        self._go(replace(self._choice, drug=name, day=day))
        return self

    def show(self, name: str) -> Explorer:
        """Show a person of the story, untreated: ``app.show("Ben")``. Returns the app."""
        if name not in self._people:
            raise ValueError(unknown("person", name, self._people))
        self._go(Choice(self._people[name], day=self._choice.day))
        return self

    def reset(self) -> Explorer:
        """Go back to the starting patient, untreated. Pinned runs stay; undo brings it back."""
        self._go(Choice())
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
        name = name.strip() or next(c for c in "ABCDE" if f"Run {c}" not in taken)
        name = f"Run {name}" if len(name) == 1 else name
        if name in taken:
            raise ValueError(f"A run named '{name}' is pinned already. Choose another name.")
        self.pins = (*self.pins, Pin(name, self._choice, dict(self._curves)))
        self._draw_frame()
        self._refresh()
        return self

    def unpin(self, name: str | None = None) -> Explorer:
        """Remove a pinned run by name; without a name, all of them."""
        names = [pin.name for pin in self.pins]
        if name is not None and name not in names:
            raise ValueError(unknown("pinned run", name, names))
        self.pins = tuple(p for p in self.pins if name is not None and p.name != name)
        self._draw_frame()
        self._refresh()
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
        return self._describe(replace(self._choice, drug=None))

    @property
    def start_name(self) -> str:
        """What the starting patient is called in a sentence."""
        return self.start.label if self._in_story else "the starting patient"

    @property
    def treated(self) -> bool:
        """Whether a treatment is chosen."""
        return self._choice.drug is not None

    @property
    def now_name(self) -> str:
        """What the patient on show is called in a sentence, treatment aside."""
        return self._person(self._choice) or "your patient"

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
        return "\n".join([self._headline(), *self._findings()])

    def compare(self) -> str:
        """Say how the pinned runs and the current one differ, in words."""
        if not self.pins:
            return "No run is pinned yet. Pin this run, change something, and compare."
        runs = {pin.name: pin.curves for pin in self.pins} | {"Now": self._curves}
        lines = [f"{p.name}: {self._describe(p.choice)}." for p in self.pins]
        lines.append(f"Now: {self._describe(self._choice)}.")
        first = self.pins[0].name
        for readout in self.readouts:
            row = readout_row(readout)
            points = {n: extreme(self._days, c[readout], row["extreme"]) for n, c in runs.items()}
            parts = []
            for name, p in points.items():
                text = f"{name} {number(p.value)}" + ("" if p.flat else f" on {day_words(p.day)}")
                if name != first:
                    text += f" ({difference(p.value, points[first].value, row['unit'])})"
                parts.append(text)
            kind = "lowest" if row["extreme"] == "min" else "peak"
            lines.append(f"{row['name']}, {kind} in {row['unit']}: {'; '.join(parts)}.")
        return "\n".join(lines)

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
        return picture_bundle(self.widget, self.view.png(), self.summary())

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
        who = Patient(patient) if isinstance(patient, str) else patient
        values = {**physiology.baseline(), **who.constants}
        return self._normal(
            {s: min(max(values[s], c.low), c.high) for s, c in self.controls.items()}
        )

    def _person(self, choice: Choice) -> str:
        """Return the name of the person whom a choice shows ("": nobody of the story)."""
        return next((n for n, v in self._people.items() if v and v == choice.values), "")

    def _patient(self, choice: Choice, *, treated: bool = True) -> Patient:
        def make() -> Patient:
            name = {"label": self._person(choice)} if self._person(choice) else {}
            values = {**name, **dict(choice.values)}
            patient = self.start.but(**values) if values else self.start
            if treated and choice.drug:
                patient = patient.treat(treatment(choice.drug, day=choice.day))
            return patient

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
        untreated = self._solve(self._patient(choice, treated=False)) if choice.drug else None
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
        self, controls: Sequence[str], tabs: Sequence[str], people: Sequence[str] = ()
    ) -> None:
        from cytolearn.apps.blood import BloodSample
        from cytolearn.apps.window import StartDayWindow

        base = self._base_values
        self.controls = {s: Control(s, base[s], self._control_changed) for s in controls}
        self.day_control = Control(
            "start_day",
            Choice().day,
            self._day_changed,
            row={
                "name": "Start day",
                "unit": "days since symptom onset",
                "low": str(FIRST_START),
                "high": str(LAST_START),
                "meaning": "First day of the treatment, counted from the first symptom.",
            },
        )
        names = [("No treatment", ""), *((drugs()[t]["name"], t) for t in self.treatments)]
        self._drug = W.Dropdown(options=names, value="", description="Treatment")
        self._drug.add_class("cl-drug")
        self._drug.observe(self._drug_changed, "value")
        self._drug_note = W.HTML()
        treat = W.VBox(
            [W.HTML("<h4>Treatment</h4>"), self._drug, self.day_control.widget, self._drug_note]
        )
        treat.add_class("cl-treat")
        treat.add_class("cl-controls")
        panel = W.VBox([c.widget for c in self.controls.values()] + [treat] * bool(self.treatments))
        panel.add_class("cl-controls")

        self._undo = _button("Undo", "Take the last change back", self._undo_clicked)
        back = self.start.label if people else "the starting patient"
        self._reset = _button(
            f"Reset to {back}" if people else "Reset",
            f"Back to {back}, untreated",
            self._reset_clicked,
        )
        self._others = [
            _button(f"Show {name}", f"Set the controls to {name}, untreated",
                    functools.partial(self._person_clicked, name))
            for name in people
        ]  # fmt: skip
        self._pin_name = W.Text(
            placeholder="name this run", description="Name of the run to pin",
            layout=W.Layout(width="130px"),
        )  # fmt: skip
        self._pin_name.add_class("cl-named")
        self._pin = _button("Pin this run", "Keep this run to compare with", self._pin_clicked)
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

        self.window = StartDayWindow(self) if "window" in tabs and self.treatments else None
        self.blood = BloodSample(self) if "blood" in tabs else None
        self._pins_box, self._pins_text = W.VBox(), W.HTML()
        self._code, self._files = W.HTML(), W.HTML()
        pages = [("Over time", first)]
        if self.window:
            pages.append(("When to start", self.window.widget))
        if self.blood:
            pages.append(("One blood sample", self.blood.widget))
        pages.append(("Pinned runs", W.VBox([self._pins_text, self._pins_box])))
        prepare = _button("Prepare files", "Picture and data of this run", self._files_clicked)
        prepare.layout.align_self = "flex-start"
        code_intro = W.HTML(
            "<p>These lines make the same picture without this app. Click them once to select all, "
            "copy, and paste them into a new cell. <b>Prepare files</b> makes three links: the "
            "picture in two formats, and the numbers as a table.</p>"
        )
        pages.append(("Code and files", W.VBox([code_intro, self._code, prepare, self._files])))
        self._tabs = W.Tab([page for _, page in pages], titles=[name for name, _ in pages])
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
        right = W.VBox([*todo, self._error, self._tabs])
        right.add_class("cl-view")
        main = W.Box([panel, right])
        main.add_class("cl-main")
        every = {**self.controls, "start_day": self.day_control}
        style = W.HTML(style_sheet({f"cl-at-{s}": c.mark for s, c in every.items()}))
        style.layout.display = "none"
        self.widget = W.VBox([style, head, main])
        self.widget.add_class("cl-app")

    def _slider_names(self) -> dict[str, str]:
        every = {**self.controls, "start_day": self.day_control}
        return {f"cl-at-{s}": f"{c.row['name']}, {c.unit}" for s, c in every.items()}

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
                for pin, (color, dash) in zip(self.pins, theme.styles(5)[1:], strict=False):
                    ax.plot(self._days, pin.curves[readout], color=color, linestyle=dash,
                            linewidth=1.4, zorder=2.5)  # fmt: skip
                low, high = ax.get_ylim()
                moving += ax.plot([np.nan] * 2, [low, high], color=theme.CURVES[4], linewidth=1.2)
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
        day = self._choice.day if self._choice.drug else np.nan
        moving: list[Any] = []
        for readout in self.readouts:
            untreated = blank if self._untreated is None else self._untreated[readout]
            low, high = self._limits[readout]
            start = (np.array([day, day]), np.array([low, high]))
            moving += [start, untreated, self._curves[readout]]
        words = self.summary()
        self.view.set_data(moving, alt=words)
        self.voice.say(words, self._twin_html())
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
        title = self._tabs.titles[self._tabs.selected_index or 0]
        if title == "When to start":
            self.window.refresh()
        elif title == "One blood sample":
            self.blood.refresh()
        elif title == "Pinned runs":
            self._show_pins()
        elif title == "Code and files":
            self._code.value = f'<pre class="cl-code">{html.escape(self.code())}</pre>'
            self._files.value = ""

    def _show_choice(self) -> None:
        """Let the controls show the state."""
        self._quiet = True
        try:
            for symbol, value in self.values.items():
                if self.controls[symbol].value != value:
                    self.controls[symbol].show(value)
            if self.day_control.value != self._choice.day:
                self.day_control.show(self._choice.day)
            self.day_control.disabled = self._choice.drug is None
            if self._drug.value != (self._choice.drug or ""):
                self._drug.value = self._choice.drug or ""
        finally:
            self._quiet = False
        self._show_legend()
        self._show_drug()

    def _show_drug(self) -> None:
        if self._choice.drug is None:
            self._drug_note.value = ""
            return
        drug = drugs()[self._choice.drug]
        plan = treatment(self._choice.drug, day=self._choice.day).describe()
        plan = html.escape(" ".join(_SPOKEN.get(word, word) for word in plan.split(" ")))
        self._drug_note.value = (
            f'<div class="cl-control"><details><summary><span class="cl-unit">{plan}</span>'
            f'<span class="cl-why">source</span></summary><div>'
            f"{html.escape(drug['mechanism'])}<br>{html.escape(drug['evidence'])}<br>"
            f'Source: <a href="https://doi.org/{drug["doi"]}" target="_blank" rel="noopener">'
            f"{html.escape(drug['source'])}</a></div></details></div>"
        )

    def _legend_entries(self, now: str = "now") -> list[tuple[str, str, Any, float]]:
        """Name, colour, dash and width of every curve."""
        entries: list[tuple[str, str, Any, float]] = [(now, theme.CURVES[0], "-", 2.4)]
        if self._choice.drug:
            entries.append(("now, without treatment", theme.CURVES[0], ":", 1.6))
            entries.append(("treatment starts", theme.CURVES[4], "-", 1.2))
        entries.append((f"starting patient ({self.start.label})", theme.GHOST, _GHOST_DASH, 1.3))
        for pin, (color, dash) in zip(self.pins, theme.styles(5)[1:], strict=False):
            entries.append((pin.name, color, dash, 1.6))
        return entries

    def _show_legend(self) -> None:
        person = self._person(self._choice)
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

    def _show_pins(self) -> None:
        text = self._pins_table() if self.pins else f"<p>{html.escape(self.compare())}</p>"
        self._pins_text.value = f'<div class="cl-twin">{text}</div>'
        rows = []
        for pin in self.pins:
            show = _button(f"Show {pin.name}", "Set the controls to this run",
                           functools.partial(self._pin_shown, pin.name))  # fmt: skip
            drop = _button(f"Remove {pin.name}", "Forget this run",
                           functools.partial(self._pin_dropped, pin.name))  # fmt: skip
            row = W.Box([show, drop])
            row.add_class("cl-bar")
            rows.append(row)
        self._pins_box.children = rows

    def _pins_table(self) -> str:
        """Set the pinned runs and the current one side by side: one column a run."""
        runs = [(p.name, self._describe(p.choice), p.curves) for p in self.pins]
        runs.append(("Now", self._describe(self._choice), self._curves))
        heads = "".join(
            f'<th scope="col">{html.escape(name)}<br><small>{html.escape(who)}</small></th>'
            for name, who, _ in runs
        )
        body = ""
        for readout in self.readouts:
            row = readout_row(readout)
            kind = "lowest" if row["extreme"] == "min" else "peak"
            first, cells = None, ""
            for _, _, curves in runs:
                point = extreme(self._days, curves[readout], row["extreme"])
                text = number(point.value) + ("" if point.flat else f" on {day_words(point.day)}")
                if first is not None:
                    text += f"<br><small>{difference(point.value, first, row['unit'])}</small>"
                first = point.value if first is None else first
                cells += f"<td>{text}</td>"
            name = html.escape(f"{row['name']}, {kind} in {unit_words(row['unit'])}")
            body += f'<tr><th scope="row">{name}</th>{cells}</tr>'
        note = f"In grey: against {html.escape(runs[0][0])}."
        return (
            f'<div class="cl-scroll"><table><thead><tr><td></td>{heads}</tr></thead>'
            f"<tbody>{body}</tbody></table></div><p><small>{note}</small></p>"
        )

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

    # ---- words -----------------------------------------------------------------------------------

    def _describe(self, choice: Choice) -> str:
        """Say a choice: "Mild with sensing delay 4 d; Interferon beta-1a from day 3"."""
        bases = {self.start.label: (), **self._people}  # who needs the fewest changes?
        changes = {n: self._changes(dict(v), choice) for n, v in bases.items()}
        who = min(changes, key=lambda name: len(changes[name]))
        told = [
            f"{self.controls[s].row['name'].lower()} "
            f"{quantity(new, self.controls[s].row['unit'])} (was {number(old)})"
            for s, (old, new) in changes[who].items()
        ]
        text = who + (f" with {listing(told)}" if told else "")
        if choice.drug:
            text += f"; {drugs()[choice.drug]['name']} from {day_words(choice.day)}"
        return text

    def _changes(self, base: Mapping[str, float], choice: Choice) -> dict[str, tuple[float, float]]:
        """Return old and new value of each control that differs from a person's."""
        chosen = dict(choice.values)
        pairs = {
            s: (base.get(s, c.baseline), chosen.get(s, c.baseline))
            for s, c in self.controls.items()
        }
        return {s: pair for s, pair in pairs.items() if pair[0] != pair[1]}

    def _headline(self) -> str:
        return f"{self._describe(self._choice)}."

    def _findings(self) -> list[str]:
        """One line a readout: its extreme, against the starting patient, against no treatment."""
        lines = []
        changed = self._choice != Choice(day=self._choice.day)
        for readout in self.readouts:
            row = readout_row(readout)
            kind = row["extreme"] or "max"
            now = extreme(self._days, self._curves[readout], kind)
            start = extreme(self._days, self._baseline[readout], kind)
            unit = "" if row["unit"] in ("ratio", "0-1") else f" {unit_words(row['unit'])}"
            if now.flat:
                text = f"near {number(now.value)}{unit} throughout"
            else:
                word = "lowest" if kind == "min" else "peak"
                text = f"{word} {number(now.value)}{unit} on {day_words(now.day)}"
            if changed:
                text += f"; {_against(now, start, row['unit'], self.start_name)}"
            if self._untreated is not None:
                other = extreme(self._days, self._untreated[readout], kind)
                text += f"; {_against(now, other, row['unit'], 'without treatment')}"
            lines.append(f"{row['name']}: {text}.")
        return lines

    def _twin_html(self) -> str:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in self._findings())
        return f"<p><b>{html.escape(self._headline())}</b></p><ul>{items}</ul>"

    # ---- what the widgets call: one line each ----------------------------------------------------

    @handler
    def _control_changed(self, symbol: str, value: float) -> None:
        self._go(self._with(symbol, value), drag=symbol)

    def _with(self, symbol: str, value: float) -> Choice:
        values = {**dict(self._choice.values), symbol: value}
        return replace(self._choice, values=self._normal(values))

    @handler
    def _day_changed(self, _: str, day: float) -> None:
        self._go(replace(self._choice, day=day), drag="start_day")

    @handler
    def _drug_changed(self, change: Mapping[str, Any]) -> None:
        if not self._quiet:
            self._go(replace(self._choice, drug=change["new"] or None))

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
    def _pin_shown(self, name: str, _: Any) -> None:
        self._go(next(pin.choice for pin in self.pins if pin.name == name))

    @handler
    def _pin_dropped(self, name: str, _: Any) -> None:
        self.unpin(name)

    @handler
    def _log_clicked(self, change: Mapping[str, Any]) -> None:
        if self._log is change["new"]:
            self.log = not change["new"]

    @handler
    def _tab_changed(self, _: Any) -> None:
        self._show_page()

    @handler
    def _files_clicked(self, _: Any) -> None:
        self._files.value = export.links(self)


def _against(now: Any, other: Any, unit: str, whom: str) -> str:
    said = difference(now.value, other.value, unit)
    if said == "the same":
        return f"as in {whom}" if not whom.startswith("without") else f"as {whom}"
    if said.endswith("as high"):
        return f"{said} as {'in ' if not whom.startswith('without') else ''}{whom}"
    return f"{said} than {'in ' if not whom.startswith('without') else ''}{whom}"


def _button(name: str, tooltip: str, action: Callable) -> W.Button:
    button = W.Button(description=name, tooltip=tooltip)
    button.on_click(action)
    return button


def _sample(color: str, dash: Any, width: float) -> str:
    """A short line for the legend."""
    known = {"-": "", "--": "5 3", "-.": "7 3 2 3", ":": "2 2.5", _GHOST_DASH: "5 3"}
    pattern = known.get(dash, "7 2 2 2")
    extra = f' stroke-dasharray="{pattern}"' if pattern else ""
    return (
        f'<svg width="26" height="10" aria-hidden="true"><path d="M0 5h26" fill="none"{extra} '
        f'style="stroke:{themed(color)};stroke-width:{width}"/></svg>'
    )
