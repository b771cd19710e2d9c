"""Treat the ward: eight hidden patients, four ward rounds, laboratory values only.

`WardRound` has two faces, as every app: widgets for the learner, and plain methods (``look``,
``set``, ``give``, ``take_back``, ``next_round``, ``finish``, ``score``, ``debrief``, ``restart``)
for tests, lessons and graders. Both go through the same state. Nothing is drawn by chance but on
request: a ward hangs on its code alone.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import ipywidgets as W

from cytolearn import physiology
from cytolearn.apps.livefigure import LiveFigure, picture_bundle
from cytolearn.apps.longwork import LongWork
from cytolearn.apps.style import style_sheet
from cytolearn.apps.voice import Voice
from cytolearn.apps.ward_files import WardFiles, code, data_uri
from cytolearn.apps.widgets import button, handler
from cytolearn.clinic import support_levels
from cytolearn.figures import Picture, theme
from cytolearn.figures.ward import SHORT, bedside, bedside_data, board, value_words, ward_outcome
from cytolearn.simulation import Course
from cytolearn.treatments import drugs
from cytolearn.trials import ward as model
from cytolearn.trials import ward_debrief as words
from cytolearn.trials.ward import Inpatient, Order, Plan, Score
from cytolearn.wording import listing, number, unit_words, with_unit

_DOSES = {0.5: "half", 1.0: "usual", 2.0: "twice"}
#: Tests on the board of all beds; the bedside shows the others as well.
_BOARD = ("spo2", "pf_ratio", "viral_load", "crp", "ferritin", "d_dimer", "alc", "il6", "ifn")
_ROOM_AIR = (
    "Oxygen saturation (SpO₂) is what it would be without extra oxygen; the device does not read "
    "below 50%."
)
_RULE = "dexamethasone for all on oxygen"
#: Support in a narrow column.
_SUPPORT = {
    row["name"]: short
    for row, short in zip(
        support_levels(), ("no oxygen", "oxygen", "NIV", "ventilator"), strict=True
    )
}


class WardRound:
    """The game of lesson 06.

    Parameters
    ----------
    code : str
        Code of the ward: any word. The same word gives the same ward, everywhere.
    tasks : sequence of str
        What to try, shown above the pictures.
    title : str, optional
    record : callable, optional
        Called with a dict when a ward is closed and when it is scored: ward, orders, expected
        deaths, share of the reachable benefit.

    Attributes
    ----------
    ward_code : str
        Code of the ward that is being played.
    round : int
        Ward rounds held so far, 1 to 4.
    finished : bool
    plans : dict of int to tuple of Order
        What was given, by bed; orders of the present round included.
    error : str
        What went wrong last, in words; empty if nothing did.
    widget : ipywidgets.VBox
    """

    def __init__(
        self,
        code: str = "ward 1",
        tasks: Sequence[str] = (),
        *,
        title: str = "",
        record: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        self.title, self.tasks = title or "Treat the ward", tuple(tasks)
        self.error, self._record, self._quiet = "", record, False
        self._begin(code)
        self._build()
        self._refresh()

    # ---- the widget-free face ------------------------------------------------------------------

    def look(self, patient: int | str) -> str:
        """Go to a bed, by number or name, and return what the chart says."""
        self._bed = self._find(patient).bed
        return self._show_bed()

    def set(
        self, *, bed: int | str | None = None, drug: str | None = None, dose: float | None = None
    ) -> WardRound:
        """Choose at the controls what `give` would then give; nothing is given yet.

        Parameters
        ----------
        bed : int or str, optional
            Number, or name of the patient.
        drug : str, optional
            Name of the treatment, as in ``cl.treatments()``.
        dose : float, optional
            Multiple of the usual dose: 0.5, 1 or 2.

        Returns
        -------
        WardRound
            The app.

        Raises
        ------
        ValueError
            No such bed, drug or dose. Then nothing has changed.
        """
        person = self._person if bed is None else self._find(bed)
        drug = self._drug.value if drug is None else model.check_drug(drug)
        dose = self._dose.value if dose is None else dose
        if dose not in _DOSES:
            raise ValueError(
                f"The dose is {listing(map(number, _DOSES), 'or')} times the usual one; you gave "
                f"{dose!r}."
            )
        self._drug.value, self._dose.value = drug, float(dose)
        self.look(person.bed)
        return self

    @property
    def course(self) -> Course:
        """The illness of the bed on show, true values up to today (closed: up to day 28)."""
        person = self._person
        day = model.LAST_DAY if self.finished else self._day(person)
        return model.course(person, self.given(person), day)

    def give(self, patient: int | str, drug: str, dose: float = 1) -> WardRound:
        """Start a drug on this round. Returns the app.

        Parameters
        ----------
        patient : int or str
            Number of the bed, or name.
        drug : str
            Name of the treatment, as in ``cl.treatments()``.
        dose : float
            Multiple of the usual dose: 0.5, 1, and 2 where a trial gave as much.

        Raises
        ------
        ValueError
            No such bed, drug or dose; a third drug; the same drug again; a closed ward.
        """
        person = self._find(patient)
        if self.finished:
            raise ValueError("This ward is closed. Play it again or open a new one.")
        drug = model.check_drug(drug)
        plan, name = self.plans[person.bed], drugs()[drug]["name"]
        if dose not in model.doses_of(drug):
            offer = listing(map(number, model.doses_of(drug)), "or")
            why = "" if dose != 2 else " No trial in our table gave twice as much."
            raise ValueError(
                f"The pharmacy dispenses {name} at {offer} times the usual dose; you gave "
                f"{dose!r}.{why}"
            )
        if drug in [order.drug for order in plan]:
            raise ValueError(f"{person.label} has {name} already. One course a drug is enough.")
        if len(plan) >= model.MOST_DRUGS:
            raise ValueError(
                f"{person.label} has {model.MOST_DRUGS} drugs already, the most on this ward: of "
                "three together nobody could tell which one did what."
            )
        order = Order(drug, person.days[self.round - 1], float(dose))
        self._bed, self._latest = person.bed, [*self._latest, person.bed]
        self.plans = {**self.plans, person.bed: (*plan, order)}
        self._refresh()
        return self

    def take_back(self) -> WardRound:
        """Take back the last order of this round; what was given earlier stays given."""
        if self._latest and not self.finished:
            *self._latest, bed = self._latest
            self._bed = bed
            self.plans = {**self.plans, bed: self.plans[bed][:-1]}
            self._refresh()
        return self

    def next_round(self) -> WardRound:
        """Let the days pass to the next round; after the fourth the ward is closed."""
        if self.round >= len(model.ROUNDS):
            return self.finish()
        self.round, self._latest = self.round + 1, []
        self._refresh()
        return self

    def finish(self) -> WardRound:
        """Close the ward: nothing can be given any more, and it is told who the patients were."""
        if not self.finished:
            self.finished, self._latest = True, []
            self._keep()
            self._tabs.selected_index = 2
            self._refresh()
        return self

    def score(self) -> Score:
        """Return the score against the best plans, which are looked for if they are not known yet.

        Raises
        ------
        ValueError
            If the ward is still open: the best plans would give it away.
        """
        if not self.finished:
            raise ValueError("Close the ward first (finish): a score would give it away.")
        if len(self._best) < len(self.ward):
            self._work.now()
        return model.score(self.ward, self.plans, self._best)

    def debrief(self, patient: int | str | None = None) -> str:
        """Say what came of a patient, or of all: who it was, what helped, what harmed.

        Raises
        ------
        ValueError
            If the ward is still open.
        """
        if not self.finished:
            raise ValueError("Close the ward first (finish), then the debrief tells who was who.")
        people = self.ward if patient is None else (self._find(patient),)
        return "\n\n".join("\n".join(self._told(person)) for person in people)

    def restart(self, code: str | None = None) -> WardRound:
        """Begin again: the same ward, or the one of another code. Returns the app."""
        self._begin(self.ward_code if code is None else code)
        self._tabs.selected_index = 0
        self._show_people()
        self._refresh()
        return self

    def throw(self) -> str:
        """Throw the dice once more for the closed ward and return what happened."""
        if not self.finished:
            raise ValueError("Close the ward first (finish).")
        self._luck += 1
        self._refresh()
        return words.luck_words(self.ward, self.plans, self._luck)

    @property
    def reachable(self) -> float | None:
        """Share of the reachable benefit; None until the best plans are known."""
        if not self.finished or len(self._best) < len(self.ward):
            return None
        return self.score().share()

    def summary(self) -> str:
        """Say where the game stands: the text twin. Same state, same words."""
        if self.finished:
            return "\n".join([f"Ward '{self.ward_code}', closed.", *self._score_words()])
        head = f"Ward '{self.ward_code}', round {self.round} of {len(model.ROUNDS)}."
        return "\n".join([head, *(self._line(person) for person in self.ward)])

    def code(self) -> str:
        """Return the lines of plain API that reproduce the ward and its orders."""
        return code(self)

    def download(self, kind: str = "csv") -> str:
        """Return the picture ("svg", "png") or all sheets ("csv") as a data URI."""
        return data_uri(self, kind)

    def png(self) -> bytes:
        """Return a still picture: the board of all beds, or what came of them."""
        return self.picture().png()

    def show_error(self, error: Exception | None) -> None:
        """Say in words what went wrong (None: nothing any more). The ward stays as it was."""
        known = isinstance(error, ValueError)
        self.error = "" if error is None else str(error)
        if error is not None and not known:
            self.error = f"{type(error).__name__}: {error}".rstrip(": ")
        self._error.value = (
            f'<div class="cl-error" role="alert"><b>That did not work.</b> '
            f"{html.escape(self.error)} Nothing on the ward has changed.</div>"
            if self.error
            else ""
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        """Show the widget, and a picture and words where there is no JavaScript."""
        return picture_bundle(self.widget, self.png(), self.summary())

    def __repr__(self) -> str:
        return self.summary()

    # ---- state -----------------------------------------------------------------------------------

    def _begin(self, code: str) -> None:
        self.ward = model.admit(model.ward_code(code))
        self.ward_code = self.ward[0].ward
        self.round, self.finished, self._bed, self._luck = 1, False, 1, 0
        self.plans: dict[int, Plan] = {person.bed: () for person in self.ward}
        self._latest: list[int] = []
        self._best: dict[int, Plan] = {}

    def _find(self, patient: int | str) -> Inpatient:
        for person in self.ward:
            if patient == person.bed or str(patient).strip().lower() == person.name.lower():
                return person
        names = listing([f"{p.bed} ({p.name})" for p in self.ward], "or")
        raise ValueError(f"There is no bed {patient!r}. Choose {names}.")

    @property
    def _person(self) -> Inpatient:
        return self._find(self._bed)

    def _day(self, person: Inpatient) -> int:
        return person.days[self.round - 1]

    def given(self, person: Inpatient) -> Plan:
        """Return what has been given by this morning: the blood was drawn before today's orders."""
        today = self._day(person)
        return tuple(o for o in self.plans[person.bed] if o.day < today or self.finished)

    def _chart(self, person: Inpatient) -> Any:
        return model.chart(person, self.given(person), self.round)

    def _support(self, person: Inpatient) -> str:
        return model.oxygen(person, self._day(person), self.given(person))

    def _keep(self) -> None:
        if self._record is None:
            return
        found: dict[str, Any] = {
            "ward": self.ward_code,
            "orders": {str(bed): [list(o) for o in plan] for bed, plan in self.plans.items()},
            "expected_deaths": round(
                sum(model.outlook(p, self.plans[p.bed]).death for p in self.ward), 6
            ),
        }
        if self.reachable is not None:
            found["share"] = round(self.reachable, 4)
        self._record(found)

    # ---- words -----------------------------------------------------------------------------------

    def _line(self, person: Inpatient) -> str:
        chart = self._chart(person).iloc[-1]
        odd = [
            f"{SHORT[test]} {value_words(chart[test])} {model.flag(test, chart[test])}"
            for test in _BOARD
            if model.flag(test, chart[test])
        ]
        given = model.plan_words(self.plans[person.bed])
        found = ", ".join(odd) or "nothing outside the reference range"
        return f"{self._condition(person)}; {found}. Given: {given}."

    def _condition(self, person: Inpatient) -> str:
        return f"{person.label}: day {self._day(person)} of illness, {self._support(person)}"

    def _bedside_words(self) -> str:
        person = self._person
        chart = self._chart(person)
        now, before = chart.iloc[-1], chart.iloc[-2] if len(chart) > 1 else None
        parts = []
        for test in model.TESTS:
            row = physiology.readouts()[test]
            said = f"{row['name']} {with_unit(value_words(now[test]), row['unit'])}"
            said += f" {model.flag(test, now[test])}".rstrip()
            if before is not None:
                said += f" (before: {value_words(before[test])})"
            parts.append(said)
        lines = [f"{self._condition(person)}.", f"{'; '.join(parts)}."]
        lines.append(f"Given: {model.plan_words(self.plans[person.bed])}.")
        return "\n".join(lines)

    def _score_words(self) -> list[str]:
        if self.reachable is not None:
            return words.score_words(self.score())
        untreated = sum(model.outlook(p).death for p in self.ward)
        yours = sum(model.outlook(p, self.plans[p.bed]).death for p in self.ward)
        return [
            words.open_score_words(untreated, yours),
            "How much of that could be reached is not known until the best plans are looked for.",
        ]

    def _told(self, person: Inpatient) -> list[str]:
        best = self._best.get(person.bed)
        return words.patient_words(person, self.plans, best)

    # ---- pictures --------------------------------------------------------------------------------

    def picture(self) -> Picture:
        """Return the board of all beds, or what came of them, as a matplotlib figure."""
        if self.finished:
            return self._outcome_picture()
        rows = []
        for person in self.ward:
            chart = self._chart(person).iloc[-1]
            flags = {test: model.flag(test, chart[test]) for test in _BOARD}
            label = f"{person.label} · day {self._day(person)}"
            rows.append((label, chart.to_dict(), flags))
        title = f"Ward round {self.round} of {len(model.ROUNDS)}: the morning's laboratory"
        return board(rows, _BOARD, title=title, twin=self.summary())

    def _outcome_picture(self) -> Picture:
        def risks(policy: Callable[[Inpatient], Plan]) -> list[float]:
            return [model.outlook(person, policy(person)).death for person in self.ward]

        found = {
            "untreated": risks(model.treat_nobody),
            "your plan": risks(lambda person: self.plans[person.bed]),
            _RULE: risks(model.RULES[_RULE]),
        }
        if self.reachable is not None:
            found["best plan found"] = risks(
                lambda p: min(
                    self._best[p.bed], self.plans[p.bed], key=lambda x: model.outlook(p, x).death
                )
            )
        return ward_outcome([p.label for p in self.ward], found, twin=self.summary())

    # ---- the best plans --------------------------------------------------------------------------

    def _steps(self) -> Iterator[float]:
        """Look for the best plans, one simulation a step; a plan once found is kept."""
        for place, person in enumerate(self.ward):
            if person.bed in self._best:
                continue
            step = None
            for step in model.search(person):
                yield (place + step.done / step.of) / len(self.ward)
            self._best[person.bed] = step.best

    def _searched(self, whole: bool) -> None:
        if whole:
            self._keep()
        self._refresh()

    # ---- widgets ---------------------------------------------------------------------------------

    def _build(self) -> None:
        self._people = W.Select(rows=len(self.ward), description="Bed")
        self._people.add_class("cl-beds")
        self._people.observe(self._bed_chosen, "value")
        options = [(row["name"], name) for name, row in drugs().items()]
        self._drug = W.Dropdown(options=[("Choose a drug", ""), *options], description="Drug")
        self._drug.add_class("cl-drug")
        self._drug.observe(self._drug_chosen, "value")
        self._dose = W.ToggleButtons(
            options=[(name, dose) for dose, name in _DOSES.items()], value=1.0,
            description="Dose, against the usual one", style={"button_width": "auto"},
        )  # fmt: skip
        self._give = button("Give it today", "Start this drug on this round", self._give_clicked)
        self._give.button_style = "primary"
        self._back = button(
            "Take back", "Take the last order of this round back", self._back_clicked
        )
        self._next = button("Next round", "Let the days pass", self._next_clicked)
        self._about = W.HTML()
        orders = W.Box([self._give, self._back])
        orders.add_class("cl-bar")
        self._head = W.HTML()
        panel = W.VBox(
            [
                W.HTML("<h4>Beds</h4>"),
                self._people,
                W.HTML("<h4>Order for this bed</h4>"),
                self._drug,
                self._about,
                W.HTML('<div class="cl-name"><b>Dose</b> <span class="cl-unit">against the usual '
                       "one</span></div>"),
                self._dose,
                orders,
                W.HTML("<h4>When all eight are seen</h4>"),
                self._next,
            ]
        )  # fmt: skip
        panel.add_class("cl-controls")
        panel.add_class("cl-ward")

        figure, lines, boxes = bedside()
        self._view = LiveFigure(figure, lines, boxes=boxes)
        self._who, self._labs, self._note = W.HTML(), W.HTML(), W.HTML()
        foot = f'<div class="cl-foot">{theme.FOOTER}</div>'
        first = W.VBox([self._who, self._view, self._note, self._labs, W.HTML(foot)])
        self._all = W.HTML()
        self._work = LongWork(
            "Find the best plans (some seconds)", self._steps, self._searched, self.show_error
        )
        self._dice = button("Throw the dice again", "One more throw", self._dice_clicked)
        self._dice.layout.align_self = "flex-start"
        self._told_html, self._luck_html, self._result = W.HTML(), W.HTML(), W.VBox()
        self._score_html = W.HTML()
        self._closed = W.VBox(
            [
                self._score_html,
                self._work.widget,
                self._result,
                self._luck_html,
                self._dice,
                self._told_html,
            ]
        )
        self._still_open = W.HTML(
            "<p>Close the ward after the fourth round. Then you are told who the eight were, what "
            "your plans did, and what the best plans would have done.</p>"
        )
        self._debrief, self._files = W.VBox(), WardFiles(self)
        self._tabs = W.Tab(
            [first, W.VBox([self._all, W.HTML(foot)]), self._debrief, self._files.widget],
            titles=["Bedside", "All beds", "Debrief", self._files.title],
        )
        self._tabs.add_class("cl-view")
        self._tabs.observe(self._tab_changed, "selected_index")

        self._code = W.Text(value=self.ward_code, description="Code of the ward")
        self._code.add_class("cl-named")
        new = button("Open this ward", "Any word makes a ward; the same word the same ward",
                     self._new_clicked)  # fmt: skip
        again = button("Same ward again", "Begin this ward again", self._again_clicked)
        tools = W.Box([W.HTML('<span class="cl-muted">Ward code</span>'), self._code, new, again])
        tools.add_class("cl-tools")
        head = W.Box([self._head, tools])
        head.add_class("cl-head")
        self._error = W.HTML()
        self.voice = Voice()
        todo = []
        if self.tasks:
            items = "".join(f"<li>{html.escape(task)}</li>" for task in self.tasks)
            todo = [
                W.HTML(
                    '<details class="cl-tasks" open><summary><h4>Try this</h4></summary>'
                    f"<ol>{items}</ol></details>"
                )
            ]
        right = W.VBox([self._error, self._tabs, self.voice.widget])
        right.add_class("cl-view")
        main = W.Box([panel, right])
        main.add_class("cl-main")
        style = W.HTML(style_sheet() + _STYLE)
        style.layout.display = "none"
        self.widget = W.VBox([style, head, *todo, main])
        self.widget.add_class("cl-app")
        self._show_people()

    def _show_people(self) -> None:
        self._code.value = self.ward_code
        self._say_people()

    def _say_people(self) -> None:
        """Renew the list of beds without taking it for a click."""
        self._quiet = True
        try:
            options = []
            for person in self.ward:
                given = "".join(" ●" for _ in self.plans[person.bed])
                name = f"{person.bed} {person.name}, {person.age:.0f}"
                options.append((f"{name} · day {self._day(person)}{given}", person.bed))
            if list(self._people.options) != options:
                self._people.options = options
            if self._people.value != self._bed:
                self._people.value = self._bed
        finally:
            self._quiet = False

    def _refresh(self) -> None:
        """Show the state in everything that is on view."""
        closed = self.finished
        stage = "closed" if closed else f"round {self.round} of {len(model.ROUNDS)}"
        self._head.value = f"<h3>{html.escape(self.title)}: {stage}</h3>"
        self._give.disabled = self._drug.disabled = self._dose.disabled = closed
        self._back.disabled = closed or not self._latest
        self._next.disabled = closed
        last = self.round >= len(model.ROUNDS)
        gap = 0 if last else model.ROUNDS[self.round] - model.ROUNDS[self.round - 1]
        self._next.description = "Close the ward" if last else f"Next round, {gap} days on"
        self._next.button_style = ""
        self._all.value = self._all_html()
        self._files.refresh()
        self._show_bed()

    def _show_bed(self) -> str:
        """Show what hangs on the bed on show, all that a walk along the beds has to wait for.

        Returns what the chart says, in words.
        """
        words_now = self._bedside_words()
        self._say_people()
        self._show_bedside(words_now)
        self._show_debrief()
        self.show_error(None)
        self._say(words_now)
        return words_now

    def _show_bedside(self, words_now: str) -> None:
        person = self._person
        chart = self._chart(person)
        starts = [order.day for order in self.plans[person.bed]]
        data = bedside_data(self._view.figure, list(chart.index), chart.to_dict("list"), starts)
        self._view.set_data(data, alt=words_now)
        self._who.value = (
            f"<p><b>{html.escape(person.label)}</b> · day {self._day(person)} of illness "
            f"(arrived on day {person.arrival}) · <b>{self._support(person)}</b> · weight "
            f"{person.patient.traits['weight']:.0f} kg · given: "
            f"{html.escape(model.plan_words(self.plans[person.bed]))}</p>"
        )
        notes = model.cautions(self.plans[person.bed])
        said = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
        self._note.value = (
            f'<div class="cl-tasks" role="note"><b>The pharmacist says:</b>{said}</div>'
            if notes
            else ""
        )
        self._labs.value = _labs_html(chart)

    def _all_html(self) -> str:
        heads = "".join(
            f'<th scope="col" title="{html.escape(physiology.readouts()[t]["name"])}, '
            f'{html.escape(physiology.readouts()[t]["unit"])}">{SHORT[t]}</th>'
            for t in _BOARD
        )
        rows = []
        for person in self.ward:
            chart = self._chart(person).iloc[-1]
            cells = "".join(_cell(test, chart[test]) for test in _BOARD)
            given = html.escape(model.plan_words(self.plans[person.bed]))
            rows.append(
                f'<tr><th scope="row">{html.escape(person.label.removeprefix("Bed "))}</th>'
                f"<td>{self._day(person)}</td><td>{_SUPPORT[self._support(person)]}</td>{cells}"
                f'<td class="cl-given">{given}</td></tr>'
            )
        return (
            '<div class="cl-scroll cl-ward-sheet" tabindex="0"><table class="cl-board"><thead><tr>'
            '<th scope="col">Bed</th><th scope="col">Day</th><th scope="col">Support</th>'
            f'{heads}<th scope="col">Given</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
            f'</div><p class="cl-muted cl-ward-sheet">This morning\'s values. {_ROOM_AIR} NIV: '
            "non-invasive ventilation. ↑ above, ↓ below the reference range; ↑↑ more than three "
            "times its upper end, ↓↓ less than a third of its lower end. On a narrow page, scroll "
            "the table sideways.</p>"
        )

    def _show_debrief(self) -> None:
        if not self.finished:
            self._debrief.children = (self._still_open,)
            return
        picture = self._outcome_picture()
        known = self.reachable is not None
        self._work.widget.layout.display = "none" if known else ""
        if not self._result.children:
            self._result.children = (LiveFigure(picture, [], picture.twin, max_width=820),)
        else:
            self._result.children[0].replace(picture, [], picture.twin)
        said = "".join(f"<p>{html.escape(line)}</p>" for line in self._score_words())
        self._score_html.value = f'<div class="cl-twin">{said}</div>'
        luck = words.luck_words(self.ward, self.plans, self._luck)
        self._luck_html.value = f'<div class="cl-twin"><p>{html.escape(luck)}</p></div>'
        blocks = []
        for person in self.ward:
            head, *rest = self._told(person)
            items = "".join(f"<li>{html.escape(line)}</li>" for line in rest)
            opened = " open" if person.bed == self._bed else ""
            blocks.append(
                f'<details class="cl-tasks"{opened}><summary><h4>{html.escape(head)}</h4>'
                f"</summary><ul>{items}</ul></details>"
            )
        self._told_html.value = "".join(blocks)
        self._debrief.children = (self._closed,)

    def _say(self, words_now: str) -> None:
        """Say the bed on show, or how the ward ended; the score itself stands in the debrief."""
        words_now = self.summary() if self.finished else words_now
        shown = "The score stands in the tab Debrief." if self.finished else words_now
        head, *rest = shown.split("\n")
        items = "".join(f"<p>{html.escape(line)}</p>" for line in rest)
        self.voice.say(words_now, f"<p><b>{html.escape(head)}</b></p>{items}")

    # ---- what the widgets call: one line each ----------------------------------------------------

    @handler
    def _bed_chosen(self, change: Mapping[str, Any]) -> None:
        if not self._quiet and change["new"] is not None:
            self.look(change["new"])

    @handler
    def _drug_chosen(self, change: Mapping[str, Any]) -> None:
        self._about.value = _about(change["new"]) if change["new"] else ""

    @handler
    def _give_clicked(self, _: Any) -> None:
        if not self._drug.value:
            raise ValueError("Choose a drug from the list first.")
        self.give(self._bed, self._drug.value, self._dose.value)
        self._drug.value, self._dose.value = "", 1.0

    @handler
    def _back_clicked(self, _: Any) -> None:
        self.take_back()

    @handler
    def _next_clicked(self, _: Any) -> None:
        self.next_round()

    @handler
    def _new_clicked(self, _: Any) -> None:
        self.restart(self._code.value)

    @handler
    def _again_clicked(self, _: Any) -> None:
        self.restart()

    @handler
    def _dice_clicked(self, _: Any) -> None:
        self.throw()

    @handler
    def _tab_changed(self, _: Any) -> None:
        self._refresh()


def _cell(test: str, value: float) -> str:
    mark = model.flag(test, value)
    shade = {"": "", "↑": "cl-odd", "↓": "cl-odd"}.get(mark, "cl-far")
    return f'<td class="{shade}">{value_words(value)}&nbsp;{mark}</td>'


def _labs_html(chart: Any) -> str:
    """Write the laboratory sheet: one row a test, one column a round, with reference range."""
    days = "".join(f'<th scope="col">day {day}</th>' for day in chart.index)
    rows = []
    for test in model.TESTS:
        row = physiology.readouts()[test]
        low, high = float(row["normal_low"]), float(row["normal_high"])
        span = f"{number(low)} to {number(high)}" if low else f"up to {number(high)}"
        cells = "".join(_cell(test, value) for value in chart[test])
        rows.append(
            f'<tr><th scope="row" title="{html.escape(row["meaning"])}">{row["name"]}</th>{cells}'
            f"<td>{span}</td><td>{html.escape(unit_words(row['unit']))}</td></tr>"
        )
    return (
        '<div class="cl-scroll cl-ward-sheet" tabindex="0"><table class="cl-board"><thead><tr>'
        '<th scope="col">Test</th>'
        f'{days}<th scope="col">reference</th><th scope="col">unit</th></tr></thead>'
        f'<tbody>{"".join(rows)}</tbody></table></div><p class="cl-muted">{_ROOM_AIR}</p>'
    )


def _about(drug: str) -> str:
    row = drugs()[drug]
    return (
        f'<div class="cl-control"><details><summary><span class="cl-unit">'
        f'{html.escape(row["class"])}</span><span class="cl-why">what is known</span></summary>'
        f"<div>{html.escape(row['mechanism'])}<br>{html.escape(row['evidence'])}<br>"
        f"Source: {html.escape(row['source'])}</div></details></div>"
    )


_STYLE = """<style>
.cl-ward .jupyter-widget-select, .cl-ward .widget-select { width: 100%; height: auto; }
.cl-app .cl-beds select { width: 100%; height: 148px !important; padding: 2px; }
.cl-app .cl-beds select, [data-jp-theme-light="false"] .cl-app .cl-beds select {
  background-image: none !important; }
.cl-tools .cl-muted { line-height: 28px; } .cl-tools .cl-named, .cl-tools .cl-named input {
  width: 130px !important; }
.cl-ward-sheet { width: 0; min-width: 100%; }
.cl-beds .widget-label, .cl-ward .jupyter-widget-toggle-buttons > .widget-label,
.cl-ward .widget-toggle-buttons > .widget-label {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.cl-ward h4 { margin-top: 6px; }
.cl-board td, .cl-board th { min-width: 0 !important; padding: 3px 7px !important;
  white-space: nowrap; }
.cl-board td.cl-given { white-space: normal; min-width: 120px !important; }
.cl-board .cl-odd { background: color-mix(in srgb, var(--cl-harm) 45%, transparent) !important; }
.cl-board .cl-far { background: var(--cl-harm) !important; font-weight: 600; }
</style>"""
