"""The phase plane: two quantities against each other, and where two gains tip the illness."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import ipywidgets as W
import numpy as np

from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.longwork import LongWork
from cytolearn.apps.pieces import bar, set_slider, twin
from cytolearn.apps.widgets import handler
from cytolearn.figures import storm
from cytolearn.simulation import integrate, moment
from cytolearn.simulation.equations import equations
from cytolearn.wording import unknown

if TYPE_CHECKING:
    from cytolearn.apps.explorer import Explorer

#: What is drawn against what: the loop itself, or the two patterns that the story tells apart.
PLANES = {
    "loop": ("The loop: IL-1 and macrophages", "il1b_tissue", "macrophages"),
    "patterns": ("The two patterns: IL-1 and IL-6", "il1b_tissue", "il6"),
}
FIRST, LAST = -3, 30
GAINS = np.linspace(0.0, 10.0, 11)
_ROWS, _COLUMNS, _FINE, _STEP, _DAYS = 10, 13, 24, 0.25, 40.0
_WORST = {"pf_ratio": "min", "ferritin": "max", "hla_dr": "min"}


class PhasePlane:
    """A tab of an explorer: the course in a plane of two states, and the map of the tipping line.

    Parameters
    ----------
    app : Explorer
        With the controls ``mas_gain`` and ``il6_gain``, if the map is to be drawn.
    """

    title = "Phase plane"

    def __init__(self, app: Explorer) -> None:
        self.app = app
        self._of: Any = None  # what the map belongs to
        self._whose = ""
        self._worst: dict[str, np.ndarray] = {}
        self._maps: dict[Any, dict[str, np.ndarray]] = {}
        self._courses: dict[Any, np.ndarray] = {}
        self._day = W.IntSlider(
            value=9, min=FIRST, max=LAST, description="Day since symptom onset",
            style={"description_width": "initial"},
            layout=W.Layout(width="430px", max_width="100%"),
        )  # fmt: skip
        self._plane = W.ToggleButtons(
            options=[(words, name) for name, (words, _, _) in PLANES.items()],
            style={"button_width": "auto"},
        )
        self.work = LongWork("Draw the tipping map", self._steps, self._done, app.show_error)
        self._words, self._map_words = W.HTML(), W.HTML()
        self._day.observe(self._moved, "value")
        self._plane.observe(self._other_plane, "value")
        intro = W.HTML(
            "<p>Time is not an axis here: it is the way along the curve. The little arrows say "
            "where this day pushes a patient, everything else held still. On an orange or green "
            "line one of the two quantities stands still; where the lines cross, both do. "
            "Watch the crossing wander as the days go by.</p>"
        )
        second = W.HTML(
            "<h4 style='margin-top:16px'>Where does it tip?</h4>"
            "<p>The same virus, the same brakes, 121 pairs of gains: "
            "each point of the map is one whole illness.</p>"
        )
        self._page, self._map_page = W.VBox(), W.VBox()
        parts = [intro, bar(self._plane, self._day), self._page, self._words]
        if {"mas_gain", "il6_gain"} <= set(app.controls):
            parts += [second, self.work.widget, self._map_page, self._map_words]
        self.widget = W.VBox(parts)

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The plane; drawn when somebody first looks, so that the app opens at once."""
        view = LiveFigure(*self._empty(), max_width=820)
        self._page.children = [view]
        return view

    @functools.cached_property
    def map_view(self) -> LiveFigure:
        """The map of the two gains."""
        view = LiveFigure(*storm.tipping_map((GAINS, GAINS), {}, whose=""), max_width=820)
        self._map_page.children = [view]
        return view

    @property
    def day(self) -> int:
        """Chosen day, since symptom onset."""
        return int(self._day.value)

    def draw(self, day: int, plane: str | None = None) -> str:
        """Choose a day (and a plane, "loop" or "patterns") and return the words for it.

        Raises
        ------
        ValueError
            A day outside the slider, or an unknown plane.
        """
        if plane is not None and plane not in PLANES:
            raise ValueError(unknown("plane", plane, PLANES))
        set_slider(self._day, day)
        if plane is not None:
            self._plane.value = plane
        self.refresh()
        return self.summary()

    def map(self) -> dict[str, np.ndarray]:
        """Compute the map now: worst P/F ratio, ferritin and HLA-DR, each (IL-6 gain, IL-1 gain).

        Cached: the same patient is never computed twice.
        """
        for _ in self._steps():
            pass
        return dict(self._worst)

    def tipping_points(self) -> dict[str, float]:
        """Return the inflammasome gain at which each limit is passed, at the current IL-6 gain.

        Computes the map if needed. NaN: not passed up to a gain of 10.
        """
        worst = self.map()
        at = float(np.clip(self.app.values["il6_gain"], 0, 10))
        limits = {
            "pf_ratio": storm.VENTILATOR,
            "ferritin": storm.MAS,
            "hla_dr": storm.DYSREGULATION,
        }
        found = {}
        for name, limit in limits.items():
            row = np.array([np.interp(at, GAINS, column) for column in worst[name].T])
            found[name] = storm.crossing(GAINS, row, limit)
        return found

    def summary(self) -> str:
        """Say where both patients stand on the day, and what the map shows."""
        x, y = self._axes
        points = {name: self._at(course) for name, course in self._both().items()}
        held = self._row(self._both()[self._names[1]])
        here = points[self._names[1]]
        push, _ = moment.flow(self.app.patient.constants, held, (x, np.array(here[:1])),
                              (y, np.array(here[1:])))  # fmt: skip
        said = storm.plane_words(x, y, self.day, points, float(push[0, 0]))
        return f"{said} {self._said_of_map()}".strip()

    def refresh(self) -> None:
        """Follow the explorer and the day."""
        x, y = self._axes
        both = self._both()
        i, j = (equations().states.index(s) for s in (x, y))
        constants, held = self.app.patient.constants, self._row(both[self._names[1]])
        xs, ys = storm.plane_points(x, _FINE), storm.plane_points(y, _FINE)
        dx, dy = moment.flow(constants, held, (x, xs), (y, ys))
        coarse = moment.flow(constants, held, (x, storm.plane_points(x, _COLUMNS)),
                             (y, storm.plane_points(y, _ROWS)))  # fmt: skip
        courses = [(course[:, i], course[:, j]) for course in both.values()]
        dots = [tuple(np.array([v]) for v in self._at(course)) for course in both.values()]
        words = self.summary()
        self.view.set_data(
            [storm.arrows(x, y, coarse), storm.level_line(xs, ys, dx),
             storm.level_line(xs, ys, dy), *courses, *dots],
            alt=words,
        )  # fmt: skip
        self._words.value = twin(words)
        if self._map_page in self.widget.children:
            self._show_map()

    # ---- the plane -------------------------------------------------------------------------------

    @property
    def _axes(self) -> tuple[str, str]:
        return PLANES[self._plane.value][1:]

    @property
    def _names(self) -> tuple[str, str]:
        now = self.app.now_name + (", treated" if self.app.treated else "")
        return self.app.start_name, now

    def _empty(self) -> Any:
        return storm.phase_plane(*self._axes, self._names)

    def _both(self) -> dict[str, np.ndarray]:
        """Return all states of the reference and of the patient on show, by name."""
        return {name: self._course(patient) for name, patient in zip(
            self._names, (self.app.start, self.app.patient), strict=True)}  # fmt: skip

    def _course(self, patient: Any) -> np.ndarray:
        if patient not in self._courses:
            while len(self._courses) > 3:
                self._courses.pop(next(iter(self._courses)))
            self._courses[patient] = moment.states(
                patient.constants, patient.doses(), days=_DAYS, step=_STEP
            )
        return self._courses[patient]

    def _row(self, course: np.ndarray) -> np.ndarray:
        return course[round((self.day + self.app.onset) / _STEP)]

    def _at(self, course: np.ndarray) -> tuple[float, float]:
        row = self._row(course)
        return tuple(float(row[equations().states.index(s)]) for s in self._axes)

    # ---- the map ---------------------------------------------------------------------------------

    def _key(self) -> tuple:
        """Return everything that the map depends on: all but the two gains."""
        gains = ("mas_gain", "il6_gain")
        own = {k: v for k, v in self.app.patient.constants.items() if k not in gains}
        return tuple(sorted(own.items())), tuple(self.app.patient.doses())

    def _steps(self) -> Iterator[float]:
        """Compute the map row by row; yields the share that is done."""
        key = self.app.quietly(self._key)
        if key not in self._maps:
            doses, fixed = self.app.patient.doses(), dict(self.app.patient.constants)
            found = {name: np.full((len(GAINS),) * 2, np.nan) for name in _WORST}
            for j, il6 in enumerate(GAINS):
                for i, mas in enumerate(GAINS):
                    values = integrate(
                        {**fixed, "mas_gain": float(mas), "il6_gain": float(il6)}, doses,
                        days=_DAYS, step=0.5, outputs=list(_WORST),
                    )  # fmt: skip
                    for k, (name, kind) in enumerate(_WORST.items()):
                        found[name][j, i] = getattr(np, kind)(values[:, k])
                yield (j + 1) / len(GAINS)
            self._maps[key] = found
        self._of, self._worst, self._whose = key, self._maps[key], self._names[1]
        whose = f"virus and brakes of {self._whose}"
        self.map_view.replace(*storm.tipping_map((GAINS, GAINS), self._worst, whose=whose))
        self._show_map()

    def _said_of_map(self) -> str:
        if self._of is None:
            return ""
        said = storm.map_words((GAINS, GAINS), self._worst)
        if self._of != self.app.quietly(self._key):
            return f"The patient has changed: this map has the virus of {self._whose}. {said}"
        return said

    def _show_map(self) -> None:
        now = [np.array([self.app.values[s]]) for s in ("mas_gain", "il6_gain")]
        words = self._said_of_map() or "Press the button to draw the map."
        self.map_view.set_data([tuple(now)], alt=words)
        self._map_words.value = twin(words)

    def _done(self, _whole: bool) -> None:
        self._show_map()

    @handler
    def _moved(self, _: Any) -> None:
        self.refresh()

    @handler
    def _other_plane(self, _: Mapping[str, Any]) -> None:
        self.view.replace(*self._empty())
        self.refresh()
