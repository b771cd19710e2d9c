"""Antibody and harm go together: three ways to read that, and how an intervention tells."""

from __future__ import annotations

import functools
import random
from typing import Any

import ipywidgets as W
import numpy as np

from cytolearn.apps.livefigure import LiveFigure
from cytolearn.apps.pieces import bar, paragraph, solve, twin
from cytolearn.apps.widgets import button, handler
from cytolearn.figures import theme
from cytolearn.figures.bcells import boxes, scatter
from cytolearn.patients import Patient
from cytolearn.treatments import treatment
from cytolearn.wording import number, unknown

#: How much virus the immune system sees: share of interferon that the virus blocks.
LEVELS = (0.5, 0.7, 0.8, 0.88, 0.94, 0.97)
#: Bias to the fast route; the spread of virtual populations (population.csv), one sigma each way.
BIASES = tuple(np.exp(0.55 * np.linspace(-1, 1, 5)))
DAY = 7
PLASMA_DAY = 0


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Return the rank correlation of two lists, -1 to 1.

    Parameters
    ----------
    x, y : array, shape (people,)
        No two equal values in one list.
    """
    ranks = [np.argsort(np.argsort(values)) for values in (x, y)]
    return float(np.corrcoef(*ranks)[0, 1])


@functools.cache
def ward(plasma: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return antibody on day 7 (AU) and peak lesion (% of lung), shape (levels, biases).

    All have late interferon; they differ in how well the virus hides and in their bias.
    """
    antibody, harm = np.zeros((2, len(LEVELS), len(BIASES)))
    base = Patient("extrafollicular")
    if plasma:
        base = base.treat(treatment("convalescent_plasma", day=PLASMA_DAY))
    for i, level in enumerate(LEVELS):
        for j, bias in enumerate(BIASES):
            changed = {"viral_antagonism": level, "ef_bias": float(bias)}
            days, found = solve(base, ("nab", "lesion"), last=30, step=0.5, **changed)
            antibody[i, j] = np.interp(DAY, days, found["nab"])
            harm[i, j] = found["lesion"].max()
    return antibody, harm


class TitreAndHarm:
    """Part of a tab: antibody on day 7 against damage, for all and at one level of virus.

    Parameters
    ----------
    app : Explorer
    """

    title = "Antibody and harm"

    def __init__(self, app: Any) -> None:
        self.app = app
        levels = [("everybody", -1), *((f"level {i + 1}", i) for i in range(len(LEVELS)))]
        self._level = W.ToggleButtons(
            options=levels,
            description="Virus:",
            style={"button_width": "auto", "description_width": "initial"},
        )
        self._plasma = W.ToggleButton(description="Give everybody plasma on day 0")
        self._level.observe(self._changed, "value")
        self._plasma.observe(self._changed, "value")
        self._page, self._words = W.VBox(), W.HTML()
        intro = paragraph(
            f"{len(LEVELS) * len(BIASES)} patients with late interferon differ in two things: how "
            "much virus they have (level 1 to 6, from how well the virus hides) and how strongly "
            "their B cells prefer the fast route. Does antibody go with harm? Then compare only "
            "patients with as much virus. Then give antibody to everybody."
        )
        row = bar(self._level, self._plasma)
        self.widget = W.VBox([intro, row, self._page, self._words])

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks."""
        key = [
            ("others", theme.GHOST),
            ("chosen", theme.CURVES[0]),
            ("with plasma", theme.CURVES[1]),
        ]
        figure, lines = scatter(
            f"Antibody and harm in {len(LEVELS) * len(BIASES)} patients",
            f"neutralising antibody on day {DAY}, AU", "peak lesion, % of lung",
            (1, 100), (0, 65), key, log=True,
        )  # fmt: skip
        view = LiveFigure(figure, lines, boxes=boxes(figure), max_width=620)
        self._page.children = [view]
        return view

    def choose(self, level: int | None = None, plasma: bool | None = None) -> str:
        """Compare only one level of virus, 1 to 6 (0: everybody); give plasma or not.

        Raises
        ------
        ValueError
            A level that there is not.
        """
        if level is not None:
            if level not in range(len(LEVELS) + 1):
                raise ValueError(f"The level is 0 (everybody) to {len(LEVELS)}; you gave {level}.")
            self._level.value = level - 1
        self._plasma.value = self._plasma.value if plasma is None else bool(plasma)
        return self.summary()

    def results(self) -> dict[str, float]:
        """Return ``correlation`` among the chosen, mean ``harm``, and the same with ``plasma``."""
        level = self._level.value
        chosen = slice(None) if level < 0 else slice(level, level + 1)
        antibody, harm = (values[chosen].ravel() for values in ward())
        return {
            "correlation": correlation(antibody, harm),
            "harm": float(harm.mean()),
            "plasma": float(ward(plasma=True)[1][chosen].mean()),
        }

    def summary(self) -> str:
        """Say how antibody and harm go together among the chosen."""
        found, level = self.results(), self._level.value
        who = "everybody" if level < 0 else f"patients with virus of level {level + 1} only"
        r = found["correlation"]
        how = "more" if r > 0.1 else "less" if r < -0.1 else "neither more nor less"
        text = (
            f"Among {who}, more antibody on day {DAY} goes with {how} damage "
            f"(rank correlation {r:+.2f}; mean peak lesion {number(found['harm'])}% of the lung)."
        )
        if self._plasma.value:
            text += (
                f" Now everybody is given antibody on day {PLASMA_DAY}: the mean peak lesion is "
                f"{number(found['plasma'])}%."
            )
        return text

    def refresh(self) -> None:
        """Follow the choice."""
        antibody, harm = ward()
        level = self._level.value
        mine = np.ones(len(LEVELS), bool) if level < 0 else np.arange(len(LEVELS)) == level
        given = ward(plasma=True) if self._plasma.value else np.full((2, *antibody.shape), np.nan)
        text = self.summary()
        self.view.set_data(
            [
                (antibody[~mine].ravel(), harm[~mine].ravel()),
                (antibody[mine].ravel(), harm[mine].ravel()),
                (given[0][mine].ravel(), given[1][mine].ravel()),
            ],
            alt=text,
        )
        self._words.value = twin(text)

    @handler
    def _changed(self, _: Any) -> None:
        self.refresh()


# ---------------------------------------------------------------- hidden worlds
#: Three worlds in which antibody and harm are correlated in the same way (0.6), in words.
WORLDS = {
    "cause": "antibody causes harm",
    "effect": "harm brings antibody",
    "common": "a third thing, virus, brings both",
}
_PATH, _STEP, _PEOPLE = 0.6, 1.5, 150


def people(world: str, antibody: float = 0.0, harm: float = 0.0, seed: int = 1) -> np.ndarray:
    """Return antibody and harm of 150 people in one world, shape (2, people), in SDs.

    Parameters
    ----------
    world : {"cause", "effect", "common"}
        Which causes which.
    antibody, harm : float
        What an intervention adds to everybody's antibody or harm.
    seed : int
    """
    noise = np.random.default_rng(seed).standard_normal((_PEOPLE, 3))
    # Made exactly independent, so that the correlation is the same in every world and every sample.
    first, second, third = np.linalg.qr(noise - noise.mean(axis=0))[0].T * np.sqrt(_PEOPLE)
    rest = np.sqrt(1 - _PATH**2)
    if world == "cause":
        x = first + antibody
        return np.array([x, _PATH * x + rest * second + harm])
    if world == "effect":
        y = first + harm
        return np.array([_PATH * y + rest * second + antibody, y])
    root, own = np.sqrt(_PATH), np.sqrt(1 - _PATH)
    return np.array([root * first + own * second + antibody, root * first + own * third + harm])


class HiddenWorlds:
    """Part of a tab: which of three worlds made this scatter plot?

    Parameters
    ----------
    app : Explorer
    """

    title = "Which world is it?"

    def __init__(self, app: Any) -> None:
        self.app = app
        self._random = random.Random(4)  # the same worlds for everyone in the room
        self._seed, self._done, self._said = 0, (0.0, 0.0), ""
        actions = [
            ("Another world", "Start again, with another hidden cause", lambda _: self.new()),
            ("Add antibody to everybody", "An intervention", lambda _: self.intervene("antibody")),
            ("Take harm away from everybody", "An intervention", lambda _: self.intervene("harm")),
        ]
        self._buttons = [button(*action) for action in actions]
        self._guess = W.Dropdown(
            options=[("choose ...", ""), *((words, name) for name, words in WORLDS.items())],
            description="Your guess", style={"description_width": "initial"},
        )  # fmt: skip
        self._guess.observe(self._guessed, "value")
        self._page, self._words = W.VBox(), W.HTML()
        intro = paragraph(
            "A game, not the virtual patient. 150 people; antibody and harm go together. In one "
            "world antibody causes the harm, in one the harm brings antibody, in one the virus "
            "brings both. Guess from the picture alone. Then intervene, and guess again."
        )
        row = bar(*self._buttons, self._guess)
        self.widget = W.VBox([intro, row, self._page, self._words])
        self._hidden = self._random.choice(list(WORLDS))

    @functools.cached_property
    def view(self) -> LiveFigure:
        """The picture; drawn when somebody first looks."""
        key = [("before", theme.GHOST), ("after your intervention", theme.CURVES[0])]
        figure, lines = scatter(
            "Antibody and harm in 150 people", "antibody (1 = one standard deviation)",
            "harm", (-4, 5), (-5, 5), key,
        )  # fmt: skip
        view = LiveFigure(figure, lines, boxes=boxes(figure), max_width=620)
        self._page.children = [view]
        return view

    def new(self, world: str | None = None) -> str:
        """Start again in another hidden world (None: a random one).

        Raises
        ------
        ValueError
            There is no such world.
        """
        if world is not None and world not in WORLDS:
            raise ValueError(unknown("world", world, WORLDS))
        self._hidden = world or self._random.choice(list(WORLDS))
        self._seed, self._done, self._said = self._seed + 1, (0.0, 0.0), ""
        self._guess.value = ""
        self.refresh()
        return self.summary()

    def intervene(self, on: str) -> str:
        """Add to everybody's "antibody", or take from everybody's "harm", and say what follows.

        Raises
        ------
        ValueError
            There is no such intervention.
        """
        doses = {"antibody": (_STEP, 0.0), "harm": (0.0, -_STEP)}
        if on not in doses:
            raise ValueError(unknown("intervention", on, doses))
        self._done = doses[on]
        self.refresh()
        return self.summary()

    def guess(self, world: str) -> str:
        """Guess which world it is, and return whether that is right.

        Raises
        ------
        ValueError
            There is no such world.
        """
        if world not in WORLDS:
            raise ValueError(unknown("world", world, WORLDS))
        self._said = world
        self._guess.value = world
        self.refresh()
        return self.summary()

    def shifts(self) -> tuple[float, float]:
        """Return by how much mean antibody and mean harm have moved since the intervention."""
        before, after = (people(self._hidden, *d, seed=self._seed) for d in ((0, 0), self._done))
        return tuple(float(v) for v in (after - before).mean(axis=1))

    def summary(self) -> str:
        """Say what the scatter shows, what the intervention did, and whether the guess is right."""
        x, y = people(self._hidden, seed=self._seed)
        text = f"Antibody and harm go together (correlation {np.corrcoef(x, y)[0, 1]:+.2f})."
        if any(self._done):
            antibody, harm = self.shifts()
            text += (
                f" After the intervention mean antibody has moved by {antibody:+.1f}, mean harm by "
                f"{harm:+.1f}."
            )
        if self._said:
            right = self._said == self._hidden
            verdict = "Right" if right else "No"
            luck = (
                "" if any(self._done) else " The picture alone could not tell you: that was luck."
            )
            text += f"\n{verdict}: {WORLDS[self._said]}.{luck if right else ''}"
            if not right:
                text += " Try an intervention: what follows what?"
        return text

    def refresh(self) -> None:
        """Show the world as it is now."""
        before = people(self._hidden, seed=self._seed)
        after = people(self._hidden, *self._done, seed=self._seed)
        shown = after if any(self._done) else np.full_like(after, np.nan)
        text = self.summary()
        self.view.set_data([tuple(before), tuple(shown)], alt=text)
        self._words.value = twin(text)

    @handler
    def _guessed(self, change: Any) -> None:
        if change["new"] and change["new"] != self._said:
            self.guess(change["new"])
