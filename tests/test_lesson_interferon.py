"""Lesson 1: what its page and its assignment say in words about a late alarm and a late drug."""

from __future__ import annotations

import pytest

import cytolearn as cl
from cytolearn import physiology
from cytolearn.grading import assignment
from cytolearn.lessons.content import expected
from cytolearn.lessons.interferon import checks

LATE = checks.LATE_DAY
UPPER = physiology.baseline()["lung_share"]


def of_the_lung(course, kind):
    """Return a quantity of both parts of the lung together, by day."""
    return UPPER * course[f"{kind}_lung"] + (1 - UPPER) * course[f"{kind}_distal"]


def test_a_late_alarm_lasts_and_never_gets_high():
    ana, ben = (checks.course(who)["ifn"] for who in (checks.ANA, checks.BEN))
    assert ben.max() < ana.max() / 5
    assert checks.at(ben, LATE) > checks.at(ana, LATE), "more than hers, for hers has faded"
    assert checks.at(ana, LATE) < ana.max() / 20


def test_the_window_closes_because_the_infections_are_over():
    shares = [checks.already_infected(day) for day in range(-4, 20)]
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(0, abs=1e-3)
    assert shares[-1] == pytest.approx(1, abs=1e-3)
    assert checks.already_infected(expected("interferon", "last_useful_start_day").value) < 0.1
    assert checks.already_infected(LATE) > 0.9
    # Not because no cell is left: that would be another sentence.
    assert checks.at(of_the_lung(checks.course(checks.BEN), "target"), LATE) > 0.25


def test_the_worked_advice_of_the_assignment_holds_for_its_patient():
    # "After eight days it has reached nearly all that it ever will."
    mine = assignment("interferon", "").patient.run()
    rate = of_the_lung(mine, "infection")
    assert rate.loc[:8].sum() > 0.9 * rate.sum()
    ana = checks.course(checks.ANA)["ifn"]
    assert mine["ifn"].max() < ana.max() / 5, "it never gets as high as hers"
    assert checks.at(mine["ifn"], 8) > checks.at(ana, 8), "but it lasts"


def test_what_goes_on_harming_the_lung_is_inflammation():
    constants = physiology.baseline()
    course = checks.course(checks.BEN)
    after = slice(course["viral_load_lung"].idxmax(), course["lesion"].idxmax())
    inflamed = constants["lesion_inflammation"] * course["inflammation"].loc[after].sum()
    died = constants["lesion_death"] * course["lung_death"].loc[after].sum()
    assert inflamed > 5 * died / constants["death_unit"]


@pytest.mark.parametrize(
    ("trait", "preset"),
    [("ifn_production", checks.DEFECTS[0]), ("ifn_autoantibody", checks.DEFECTS[1])],
)
def test_ana_with_a_defect_is_otherwise_the_same(trait, preset):
    ana, other = (p.traits for p in (cl.Patient(checks.ANA), checks._ana_with(trait, preset)))
    assert {name for name in ana if ana[name] != other[name]} == {trait}
    assert other[trait] == cl.Patient(preset).traits[trait]
