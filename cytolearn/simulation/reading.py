"""How a curve is read: landmarks, clinical words, summaries. Same course, same words."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from cytolearn import physiology
from cytolearn.wording import listing, number, quantity

if TYPE_CHECKING:
    from cytolearn.simulation.course import Course

MAIN = ("viral_load", "ifn", "il6", "crp", "alc", "lesion", "pf_ratio")
CLEARED = 2.0  # log10 copies/mL: below it a swab counts as negative here
# Upper limits of P/F ratio (mmHg), worst first: the Berlin definition of ARDS, and 400 as normal.
OXYGENATION = (
    (100, "severe respiratory failure"),
    (200, "moderate respiratory failure"),
    (300, "mild respiratory failure"),
    (400, "slightly impaired oxygenation"),
)


@lru_cache(maxsize=1)
def described() -> MappingProxyType[str, dict[str, str]]:
    """Return every state, signal and observable with its row of ``readouts.csv``."""
    return MappingProxyType({row["symbol"]: row for row in physiology.rows("readouts")})


def landmarks(course: Course, symbol: str) -> dict[str, object]:
    """Return name, unit, start, extreme (peak or nadir), its value and day, area, end."""
    curve, time = course.values(symbol), course.time  # first: names an unknown symbol
    row = described()[symbol]
    lowest = row["extreme"] == "min"
    i = int(np.argmin(curve) if lowest else np.argmax(curve))
    return {
        "name": row["name"],
        "unit": row["unit"],
        "start": float(curve[0]),
        "extreme": "nadir" if lowest else "peak",
        "value": float(curve[i]),
        "day": float(time[i]),
        "auc": float(np.trapezoid(curve, time)),
        "end": float(curve[-1]),
    }


def clearance_day(course: Course, threshold: float = CLEARED) -> float | None:
    """Return the first day after which the nose swab stays negative, or None."""
    above = np.flatnonzero(course.values("viral_load") >= threshold)
    if not len(above):
        return float(course.time[0])
    return None if above[-1] + 1 == len(course.time) else float(course.time[above[-1] + 1])


def oxygenation_words(pf_ratio: float) -> str:
    """Return the clinical words for a P/F ratio."""
    return next((words for limit, words in OXYGENATION if pf_ratio < limit), "normal oxygenation")


def day_words(day: float) -> str:
    """Say a day: 'day 7', 'day 7.4', 'day -2 (before symptoms)'."""
    text = f"day {number(round(day, 1))}"
    return f"{text} (before symptoms)" if day < 0 else text


def summary(course: Course) -> str:
    """Tell one course in 3 to 6 sentences."""
    mark = {
        s: landmarks(course, s)
        for s in ("viral_load", "ifn", "pf_ratio", "lesion", "alc", "il6", "crp")
    }

    def at(symbol: str, digits: int = 2) -> str:
        found = mark[symbol]
        return f"{quantity(found['value'], found['unit'], digits)} on {day_words(found['day'])}"

    clear = clearance_day(course)
    name = course.label[:1].upper() + course.label[1:] if course.label else "This patient"
    last = day_words(course.time[-1])
    gone = (
        f"falls below {number(CLEARED)} on {day_words(clear)}"
        if clear is not None
        else f"is still above {number(CLEARED)} on {last}"
    )
    virus = f"peaks at {at('viral_load')} and {gone}"
    if mark["viral_load"]["value"] < CLEARED:  # no infection: nothing to peak or to clear
        virus = f"stays below {quantity(CLEARED, mark['viral_load']['unit'])}: a negative swab"
    words = [
        f"{name}: virus in the nose {virus}.",
        f"Type-I interferon peaks at {at('ifn')}.",
    ]
    worst, lesion = mark["pf_ratio"], mark["lesion"]
    if worst["value"] < 400 or lesion["value"] >= 5:
        words.append(
            f"The lung is worst on {day_words(worst['day'])}: P/F ratio {number(worst['value'])} "
            f"mmHg, {oxygenation_words(worst['value'])}, with at most "
            f"{number(lesion['value'], 2)}% of the lung consolidated."
        )
    else:
        words.append(
            f"Oxygenation stays normal (lowest P/F ratio {number(worst['value'], 3)} mmHg, "
            f"lesion at most {number(lesion['value'], 2)}% of the lung)."
        )
    words.append(f"Lymphocytes fall to {at('alc')}.")
    words.append(f"IL-6 peaks at {at('il6')} and CRP at {at('crp')}.")
    if course.treatments:
        words.append(f"Given: {listing(str(t) for t in course.treatments)}.")
    elif course.doses:
        words.append(f"Given: {len(course.doses)} doses.")
    return " ".join(words)
