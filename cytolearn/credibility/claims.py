"""What a parameter set must do to be accepted, and what the course claims of it.

Each is a sentence that a learner can read and a function of one `ParameterSet`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from cytolearn import physiology
from cytolearn.patients import Patient
from cytolearn.simulation import Course
from cytolearn.treatments import treatment

Given = tuple[str, float]  # drug, day since symptom onset


class ParameterSet:
    """Courses of the presets under one set of constants, each run once.

    Parameters
    ----------
    constants : mapping of str to float
        Constants that differ from the baseline.
    """

    def __init__(self, constants: Mapping[str, float]) -> None:
        self.constants = dict(constants)
        self._courses: dict[tuple, Course] = {}

    def run(self, preset: str, *given: Given) -> Course:
        """Return the course of a preset, with (drug, day) pairs given."""
        key = (preset, given)
        if key not in self._courses:
            drugs = [treatment(drug, day=day) for drug, day in given]
            self._courses[key] = Patient(preset).but(**self.constants).treat(*drugs).run()
        return self._courses[key]

    def peak(self, preset: str, readout: str) -> float:
        """Return the peak (nadir of cells and oxygen) of an untreated preset."""
        extreme = physiology.readouts()[readout]["extreme"]
        return float(getattr(self.run(preset)[readout], extreme)())

    def peak_day(self, preset: str, readout: str) -> float:
        """Return the day of that peak, since symptom onset."""
        extreme = physiology.readouts()[readout]["extreme"]
        return float(getattr(self.run(preset)[readout], f"idx{extreme}")())

    def burden(self, preset: str, *given: Given) -> float:
        """Return the area under the lesion curve, % d."""
        lesion = self.run(preset, *given)["lesion"]
        return float(np.trapezoid(lesion.to_numpy(), lesion.index.to_numpy()))

    def effect(self, preset: str, *given: Given) -> float:
        """Return treated over untreated area under the lesion curve."""
        return self.burden(preset, *given) / self.burden(preset)


Rule = Callable[[ParameterSet], bool]
CRITERIA: dict[str, Rule] = {}
CLAIMS: dict[str, Rule] = {}


def _criterion(sentence: str) -> Callable[[Rule], Rule]:
    return lambda rule: CRITERIA.setdefault(sentence, rule)


def _claim(sentence: str) -> Callable[[Rule], Rule]:
    return lambda rule: CLAIMS.setdefault(sentence, rule)


# ---- broad shapes that every patient series shows ----


@_criterion("The nose virus of a mild course peaks between 10^6.9 and 10^9.5 copies/mL.")
def _(s: ParameterSet) -> bool:
    return 6.9 <= s.peak("mild", "viral_load") <= 9.5


@_criterion("It peaks within three days of symptom onset.")
def _(s: ParameterSet) -> bool:
    return abs(s.peak_day("mild", "viral_load")) <= 3


@_criterion("A mild course needs no oxygen (P/F above 300).")
def _(s: ParameterSet) -> bool:
    return s.peak("mild", "pf_ratio") > 300


@_criterion("Delayed interferon leads to respiratory failure (P/F under 250).")
def _(s: ParameterSet) -> bool:
    return s.peak("delayed_ifn", "pf_ratio") < 250


@_criterion("The lung is worst 8 to 18 days after onset.")
def _(s: ParameterSet) -> bool:
    return 8 <= s.peak_day("delayed_ifn", "pf_ratio") <= 18


@_criterion("The lung recovers: at day 40 less than half of the worst lesion remains.")
def _(s: ParameterSet) -> bool:
    return s.run("delayed_ifn")["lesion"].iloc[-1] < 0.5 * s.peak("delayed_ifn", "lesion")


@_criterion("IL-6 peaks between 20 and 400 pg/mL in severe disease.")
def _(s: ParameterSet) -> bool:
    return 20 <= s.peak("delayed_ifn", "il6") <= 400


@_criterion("Lymphocytes fall below 1.0 x 10^9/L in severe disease and not in mild disease.")
def _(s: ParameterSet) -> bool:
    return s.peak("delayed_ifn", "alc") < 1.0 <= s.peak("mild", "alc")


@_criterion("The nose virus is below 10^2 copies/mL from day 35 on.")
def _(s: ParameterSet) -> bool:
    return s.run("delayed_ifn")["viral_load"].loc[35:].max() < 2


# ---- what the course claims ----


@_claim("Interferon beta on day 0 lowers the lesion of delayed interferon by at least a fifth.")
def _(s: ParameterSet) -> bool:
    return s.effect("delayed_ifn", ("ifn_beta_1a", 0)) < 0.8


@_claim("Interferon beta on day 10 does not help.")
def _(s: ParameterSet) -> bool:
    return s.effect("delayed_ifn", ("ifn_beta_1a", 10)) > 0.98


@_claim("Anti-interferon antibodies disable interferon alpha, not beta.")
def _(s: ParameterSet) -> bool:
    alpha = s.effect("anti_ifn_autoantibodies", ("ifn_alpha2", 0))
    return alpha > s.effect("anti_ifn_autoantibodies", ("ifn_beta_1a", 0)) + 0.1


@_claim("An IFNAR defect ignores interferon.")
def _(s: ParameterSet) -> bool:
    return abs(s.effect("ifnar_deficiency", ("ifn_beta_1a", 0)) - 1) < 0.1


@_claim("The effect of an antiviral fades with its start day (day 1 against day 9).")
def _(s: ParameterSet) -> bool:
    late, early = (s.effect("delayed_ifn", ("remdesivir", day)) for day in (9, 1))
    return late > early + 0.1


@_claim("Hydroxychloroquine does nothing.")
def _(s: ParameterSet) -> bool:
    return abs(s.effect("delayed_ifn", ("hydroxychloroquine", 2)) - 1) < 0.03


@_claim("Dexamethasone on day 12 helps in severe disease.")
def _(s: ParameterSet) -> bool:
    return s.effect("delayed_ifn", ("dexamethasone", 12)) < 0.97


@_claim("Dexamethasone at onset prolongs shedding in mild disease.")
def _(s: ParameterSet) -> bool:
    positive = [
        (c["viral_load"] > 2).sum() for c in (s.run("mild", ("dexamethasone", 0)), s.run("mild"))
    ]
    return positive[0] > positive[1]


@_claim("Tocilizumab raises serum IL-6 and lowers CRP.")
def _(s: ParameterSet) -> bool:
    treated, plain = s.run("delayed_ifn", ("tocilizumab", 9)), s.run("delayed_ifn")
    return (
        treated["il6"].loc[11] > plain["il6"].loc[11]
        and treated["crp"].loc[12] < plain["crp"].loc[12]
    )


@_claim("Tocilizumab helps more with dexamethasone than without.")
def _(s: ParameterSet) -> bool:
    drug, steroid = ("tocilizumab", 9), ("dexamethasone", 9)
    with_steroid = s.burden("delayed_ifn", drug, steroid) / s.burden("delayed_ifn", steroid)
    return with_steroid < s.effect("delayed_ifn", drug)


@_claim("The MAS-like patient passes a ferritin of 4420 ng/mL.")
def _(s: ParameterSet) -> bool:
    return s.peak("mas_like", "ferritin") > 4420


@_claim("The IL-6-dysregulated patient falls below 5000 HLA-DR molecules per monocyte.")
def _(s: ParameterSet) -> bool:
    return s.peak("il6_dysregulated", "hla_dr") < 5000


@_claim("Anakinra beats tocilizumab in the MAS-like patient.")
def _(s: ParameterSet) -> bool:
    return s.effect("mas_like", ("anakinra", 8)) < s.effect("mas_like", ("tocilizumab", 8))


@_claim("Tocilizumab beats anakinra in the IL-6-dysregulated patient.")
def _(s: ParameterSet) -> bool:
    preset = "il6_dysregulated"
    return s.effect(preset, ("tocilizumab", 8)) < s.effect(preset, ("anakinra", 8))


@_claim("Lymphocytes fall in the order mild, moderate, delayed interferon.")
def _(s: ParameterSet) -> bool:
    mild, moderate, severe = (s.peak(p, "alc") for p in ("mild", "moderate", "delayed_ifn"))
    return mild > moderate > severe


@_claim("The extrafollicular patient makes ten times the self-reactive antibody of the mild one.")
def _(s: ParameterSet) -> bool:
    return s.peak("extrafollicular", "auto_ab") > 10 * s.peak("mild", "auto_ab")


@_claim("Germinal centres lost in severe disease come back by day 40.")
def _(s: ParameterSet) -> bool:
    centres = s.run("delayed_ifn")["germinal_centre"]
    return centres.iloc[-1] > centres.loc[14]


@_claim("In the lupus-like comparator the extrafollicular response never subsides.")
def _(s: ParameterSet) -> bool:
    cells = s.run("lupus_like")["plasmablasts"]
    return cells.iloc[-1] > 0.5 * cells.max()
