"""An ensemble of parameter sets: what holds only for one fine-tuned set, and what holds widely.

The model has more constants than data can identify. Instead of one set we ship many that
all meet the same stated criteria, and report a claim as the share of sets in which it holds.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cytolearn import physiology
from cytolearn.patients import Patient
from cytolearn.simulation import Course
from cytolearn.treatments import treatment

if TYPE_CHECKING:
    import pandas as pd

_FILE = "ensemble.csv.gz"
SPREAD = 0.12  # standard deviation of the logarithm of every perturbed constant


def perturbed_constants() -> tuple[str, ...]:
    """Return the constants that vary: those that no measurement fixes (badge D), outside drugs and readouts."""
    fixed = {"drugs", "readout", "clock", "patient"}
    return tuple(
        row["symbol"]
        for row in physiology.rows("parameters")
        if row["badge"] == "D" and row["group"] not in fixed and row["low"] != row["high"]
    )


class Trial:
    """Courses of the presets under one parameter set, each run once."""

    def __init__(self, constants: Mapping[str, float]) -> None:
        self.constants = dict(constants)
        self._courses: dict[tuple, Course] = {}

    def run(self, preset: str, *given: tuple[str, float]) -> Course:
        """Return the course of a preset, with (drug, day) pairs given."""
        key = (preset, given)
        if key not in self._courses:
            drugs = [treatment(drug, day=day) for drug, day in given]
            self._courses[key] = Patient(preset).but(**self.constants).treat(*drugs).run()
        return self._courses[key]

    def peak(self, preset: str, readout: str) -> float:
        """Return the peak (nadir of cells and oxygen) of an untreated preset."""
        return float(getattr(self.run(preset)[readout], physiology.readouts()[readout]["extreme"])())

    def burden(self, preset: str, *given: tuple[str, float]) -> float:
        """Return the area under the lesion curve, % d."""
        lesion = self.run(preset, *given)["lesion"]
        return float(np.trapezoid(lesion.to_numpy(), lesion.index.to_numpy()))

    def effect(self, preset: str, *given: tuple[str, float]) -> float:
        """Return treated over untreated area under the lesion curve."""
        return self.burden(preset, *given) / self.burden(preset)


def _day_of(trial: Trial, preset: str, readout: str) -> float:
    series = trial.run(preset)[readout]
    return float(getattr(series, "idx" + physiology.readouts()[readout]["extreme"])())


# What a parameter set must do to be accepted: broad shapes that every patient series shows.
CRITERIA: dict[str, Callable[[Trial], bool]] = {
    "The nose virus of a mild course peaks between 10^6.9 and 10^9.5 copies/mL.": lambda t: 6.9 <= t.peak("mild", "viral_load") <= 9.5,
    "It peaks within three days of symptom onset.": lambda t: abs(_day_of(t, "mild", "viral_load")) <= 3,
    "A mild course needs no oxygen (P/F above 300).": lambda t: t.peak("mild", "pf_ratio") > 300,
    "Delayed interferon leads to respiratory failure (P/F under 250).": lambda t: t.peak("delayed_ifn", "pf_ratio") < 250,
    "The lung is worst 8 to 18 days after onset.": lambda t: 8 <= _day_of(t, "delayed_ifn", "pf_ratio") <= 18,
    "The lung recovers: at day 40 less than half of the worst lesion remains.": lambda t: (
        t.run("delayed_ifn")["lesion"].iloc[-1] < 0.5 * t.peak("delayed_ifn", "lesion")
    ),
    "IL-6 stays between 20 and 400 pg/mL in severe disease.": lambda t: 20 <= t.peak("delayed_ifn", "il6") <= 400,
    "Lymphocytes fall below 1.0 in severe disease and not in mild disease.": lambda t: (
        t.peak("delayed_ifn", "alc") < 1.0 <= t.peak("mild", "alc")
    ),
    "The nose virus is gone (10^2 copies/mL) by day 35.": lambda t: t.run("delayed_ifn")["viral_load"].loc[35:].max() < 2,
}  # fmt: skip


def meets_criteria(constants: Mapping[str, float]) -> bool:
    """Return whether a parameter set meets every criterion."""
    trial = Trial(constants)
    return all(criterion(trial) for criterion in CRITERIA.values())


def draw_candidate(number: int, seed: int = 7) -> dict[str, float]:
    """Return one perturbed parameter set; the same number always gives the same set."""
    rng = np.random.default_rng([seed, number])
    baseline, limits = physiology.baseline(), physiology.limits()
    constants = {}
    for symbol in perturbed_constants():
        low, high = limits[symbol]
        value = baseline[symbol] * np.exp(SPREAD * rng.standard_normal())
        constants[symbol] = float(f"{np.clip(value, low, high):.5g}")
    return constants


def make_ensemble(size: int = 200, seed: int = 7, progress: Callable[[int, int], None] | None = None) -> tuple[list[dict[str, float]], int]:
    """Draw parameter sets until `size` of them meet the criteria.

    Returns
    -------
    (list of dict, int)
        The accepted sets and how many were tried.
    """
    accepted: list[dict[str, float]] = []
    tried = 0
    while len(accepted) < size:
        candidate = draw_candidate(tried, seed)
        tried += 1
        if meets_criteria(candidate):
            accepted.append(candidate)
        if progress:
            progress(len(accepted), tried)
    return accepted, tried


def write_ensemble(members: list[dict[str, float]], path: str | Path | None = None) -> None:
    """Write an ensemble compactly beside this file (or to `path`); the bytes depend on the numbers only."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(members[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(members)
    destination = Path(path) if path else Path(__file__).with_name(_FILE)
    destination.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


@lru_cache(maxsize=1)
def ensemble() -> tuple[dict[str, float], ...]:
    """Return the parameter sets that ship with the package (200 or more)."""
    raw = gzip.decompress((files(__package__) / _FILE).read_bytes()).decode()
    return tuple({k: float(v) for k, v in row.items()} for row in csv.DictReader(io.StringIO(raw)))


# Claims of the course: the text a learner reads, and when it holds in one parameter set.
CLAIMS: dict[str, Callable[[Trial], bool]] = {
    "Interferon beta on day 0 protects a patient with delayed interferon (lesion burden at least 20 % lower).": lambda t: t.effect("delayed_ifn", ("ifn_beta_1a", 0)) < 0.8,
    "Interferon beta on day 10 does not help.": lambda t: t.effect("delayed_ifn", ("ifn_beta_1a", 10)) > 0.98,
    "Anti-interferon antibodies disable interferon alpha, not beta.": lambda t: (
        t.effect("anti_ifn_autoantibodies", ("ifn_alpha2", 0)) > t.effect("anti_ifn_autoantibodies", ("ifn_beta_1a", 0)) + 0.1
    ),
    "An IFNAR defect ignores interferon.": lambda t: abs(t.effect("ifnar_deficiency", ("ifn_beta_1a", 0)) - 1) < 0.1,
    "An antiviral fades with its start day (day 1 against day 9).": lambda t: t.effect("delayed_ifn", ("remdesivir", 9)) > t.effect("delayed_ifn", ("remdesivir", 1)) + 0.1,
    "Hydroxychloroquine does nothing.": lambda t: abs(t.effect("delayed_ifn", ("hydroxychloroquine", 2)) - 1) < 0.03,
    "Dexamethasone on day 12 helps in severe disease.": lambda t: t.effect("delayed_ifn", ("dexamethasone", 12)) < 0.97,
    "Dexamethasone at onset prolongs shedding in mild disease.": lambda t: (
        (t.run("mild", ("dexamethasone", 0))["viral_load"] > 2).sum() > (t.run("mild")["viral_load"] > 2).sum()
    ),
    "Tocilizumab raises serum IL-6 and lowers CRP.": lambda t: (
        t.run("delayed_ifn", ("tocilizumab", 9))["il6"].loc[11] > t.run("delayed_ifn")["il6"].loc[11]
        and t.run("delayed_ifn", ("tocilizumab", 9))["crp"].loc[12] < t.run("delayed_ifn")["crp"].loc[12]
    ),
    "The MAS-like patient passes a ferritin of 4420 ng/mL.": lambda t: t.peak("mas_like", "ferritin") > 4420,
    "The IL-6-dysregulated patient falls below 5000 HLA-DR molecules per monocyte.": lambda t: t.peak("il6_dysregulated", "hla_dr") < 5000,
    "Anakinra beats tocilizumab in the MAS-like patient.": lambda t: t.effect("mas_like", ("anakinra", 8)) < t.effect("mas_like", ("tocilizumab", 8)),
    "Tocilizumab beats anakinra in the IL-6-dysregulated patient.": lambda t: t.effect("il6_dysregulated", ("tocilizumab", 8)) < t.effect("il6_dysregulated", ("anakinra", 8)),
    "Lymphocytes fall in the order mild, moderate, delayed interferon.": lambda t: t.peak("mild", "alc") > t.peak("moderate", "alc") > t.peak("delayed_ifn", "alc"),
    "The extrafollicular patient makes ten times the self-reactive antibody of the mild one.": lambda t: t.peak("extrafollicular", "auto_ab") > 10 * t.peak("mild", "auto_ab"),
    "Germinal centres lost in severe disease come back by day 40.": lambda t: (
        t.run("delayed_ifn")["germinal_centre"].iloc[-1] > t.run("delayed_ifn")["germinal_centre"].loc[14]
    ),
    "In the lupus-like comparator the extrafollicular response never subsides.": lambda t: (
        t.run("lupus_like")["plasmablasts"].iloc[-1] > 0.5 * t.run("lupus_like")["plasmablasts"].max()
    ),
}  # fmt: skip


def make_claims(members: tuple[dict[str, float], ...] | None = None, progress: Callable[[int, int], None] | None = None) -> pd.DataFrame:
    """Compute in what share of the ensemble each claim holds (minutes)."""
    import pandas as pd

    members = members or ensemble()
    held = dict.fromkeys(CLAIMS, 0)
    for i, constants in enumerate(members):
        trial = Trial(constants)
        for text, holds in CLAIMS.items():
            held[text] += bool(holds(trial))
        if progress:
            progress(i + 1, len(members))
    reference = Trial({})
    return pd.DataFrame(
        {
            "claim": list(CLAIMS),
            "share_of_ensemble": [round(count / len(members), 3) for count in held.values()],
            "holds_at_baseline": [bool(holds(reference)) for holds in CLAIMS.values()],
            "members": len(members),
        }
    )


def robust_claims() -> pd.DataFrame:
    """Return the claims that ship with the package and the share of the ensemble in which each holds."""
    import pandas as pd

    return pd.read_csv(io.BytesIO((files(__package__) / "claims.csv").read_bytes()))
