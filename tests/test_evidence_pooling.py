"""Meta-analysis: the published pooled estimates come back, and what must not be pooled is refused.

Tolerances. The table does not hold every trial of every published meta-analysis, and some
published effects are adjusted; each tolerance below says what it allows for.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.meta_analysis import combine_effects

import cytolearn as cl
from cytolearn.evidence import pooling

trials = cl.evidence.trials


def rows(*row_ids):
    return trials(row_id=list(row_ids))


def react(drug=("tocilizumab", "sarilumab")):
    frame = trials(drug=list(drug))
    return frame[frame["row_id"].str.startswith("REACT6")]


def published(row_id):
    row = rows(row_id).iloc[0]
    return row["effect"], row["ci_low"], row["ci_high"]


def assert_near(pooled, row_id, estimate, ends):
    effect, low, high = published(row_id)
    assert pooled.estimate == pytest.approx(effect, abs=estimate)
    assert (pooled.low, pooled.high) == (
        pytest.approx(low, abs=ends),
        pytest.approx(high, abs=ends),
    )


# ---- published estimates come back -------------------------------------------------------------


@pytest.mark.parametrize("way", ["split", "one arm out"])
def test_who_react_il6(way):
    """OR 0.86 (0.79-0.95), tolerance 0.02: the siltuximab arm is missing, controls are split."""
    frame = react() if way == "split" else react()[lambda f: f["row_id"] != "REACT6-24"]
    pooled = frame.pool("odds ratio", "fixed", shared_controls="split")
    assert_near(pooled, "IL6-MA1", 0.02, 0.02)
    assert published("IL6-MA1") == (0.86, 0.79, 0.95)
    assert pooled.k >= 24


def test_who_react_il6_is_not_the_sum_of_the_counts():
    """Adding up all counts gives 0.79 to 0.81, far from 0.86: unequal allocation."""
    frame = react()
    a, n1, b, n2 = frame[["events_treated", "n_treated", "events_control", "n_control"]].sum()
    crude = (a / (n1 - a)) / (b / (n2 - b))
    assert crude == pytest.approx(0.80, abs=0.011)
    pooled = frame.pool("odds ratio", "fixed", shared_controls="split")
    assert pooled.estimate - crude > 0.05


def test_inverse_variance_agrees_with_mantel_and_haenszel():
    """Another method of statsmodels on the same tables, tolerance 0.02."""
    frame = react()[lambda f: f["row_id"] != "REACT6-24"]
    tables = [
        [[r.events_treated, r.n_treated - r.events_treated],
         [r.events_control, r.n_control - r.events_control]]
        for r in frame.itertuples()
        if r.events_treated + r.events_control > 0
    ]  # fmt: skip
    haenszel = StratifiedTable([np.array(table, float) for table in tables]).oddsratio_pooled
    assert frame.pool("odds ratio", "fixed").estimate == pytest.approx(haenszel, abs=0.02)


@pytest.mark.parametrize(
    ("row_id", "effect"), [("STE-02", 0.64), ("STE-03", 0.82), ("STE-04", 1.19)]
)
def test_recovery_dexamethasone_strata(row_id, effect):
    """Rate ratios 0.64, 0.82, 1.19: the published ones are adjusted for age, the counts are not.

    Crude risk ratios lie within 0.08, on the same side of 1, and inside the published intervals.
    """
    effects, _ = pooling.study_effects(rows(row_id), "risk ratio")
    crude = effects.loc[row_id, "effect"]
    value, low, high = published(row_id)
    assert value == effect
    assert crude == pytest.approx(effect, abs=0.08)
    assert (crude < 1) == (effect < 1)
    assert low < crude < high


def test_recovery_dexamethasone_strata_add_to_the_trial():
    """Strata pooled 0.84, the trial 0.83 (0.75-0.93): tolerance 0.02."""
    pooled = rows("STE-02", "STE-03", "STE-04").pool(model="fixed")
    assert_near(pooled, "STE-01", 0.02, 0.03)
    assert pooled.i2 > 75  # the drug does not do the same in all three


def test_jak_inhibitors_of_recovery():
    """0.80 (0.72-0.89), tolerance 0.015: four of the nine trials, with nearly all patients."""
    frame = trials(class_="JAK inhibitor", outcome="death", level="trial")
    pooled = frame.pool("rate", "fixed")
    assert_near(pooled, "JAK-MA1", 0.015, 0.02)
    assert "JAK-05" in pooled.summary()  # left out, and said so


def test_hydroxychloroquine_of_axfors():
    """OR 1.11 (1.02-1.20): 8 of 26 trials; estimate within 0.02, interval within 0.07."""
    frame = trials("hydroxychloroquine", outcome="death", level="trial")
    pooled = frame.pool("odds ratio", hartung_knapp=True)
    assert_near(pooled, "HCQ-MA1", 0.02, 0.07)
    assert pooled.low > 1


def test_steroids_of_who_react():
    """OR 0.66 (0.53-0.82), tolerance 0.06: CoDEX has later patients, REMAP-CAP's controls split."""
    frame = rows("STE-02", "STE-06", "STE-07", "STE-08", "STE-09", "STE-10", "STE-11", "STE-12")
    pooled = frame.pool("odds ratio", "fixed", shared_controls="split")
    assert_near(pooled, "STE-MA1", 0.06, 0.09)


# ---- the statistics ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tocilizumab():
    return react(["tocilizumab"])


@pytest.mark.parametrize(
    ("tau2", "method"), [("paule-mandel", "iterated"), ("dersimonian-laird", "chi2")]
)
def test_random_effects_are_those_of_statsmodels(tocilizumab, tau2, method):
    pooled = tocilizumab.pool("odds ratio", tau2=tau2)
    found = combine_effects(
        pooled.rows["log_effect"].to_numpy(), pooled.rows["se"].to_numpy() ** 2, method_re=method
    )
    frame = found.summary_frame().loc["random effect"]
    assert np.log(pooled.estimate) == pytest.approx(frame["eff"], abs=1e-9)
    assert np.log([pooled.low, pooled.high]) == pytest.approx(
        frame[["ci_low", "ci_upp"]].to_numpy()
    )
    assert pooled.tau2 == pytest.approx(found.tau2)
    assert pooled.weights.to_numpy() == pytest.approx(100 * found.weights_rel_re)


def test_hartung_knapp_is_that_of_statsmodels():
    frame = rows("STE-14", "STE-15")
    pooled = frame.pool("odds ratio", tau2="dersimonian-laird", hartung_knapp=True)
    found = combine_effects(
        pooled.rows["log_effect"].to_numpy(), pooled.rows["se"].to_numpy() ** 2,
        method_re="chi2", use_t=True,
    )  # fmt: skip
    low, high = found.conf_int()[3]
    assert np.log([pooled.low, pooled.high]) == pytest.approx([low, high])
    assert pooled.interval == "95% Hartung-Knapp interval"


def test_random_effects_without_heterogeneity_are_fixed_effects():
    frame = trials("hydroxychloroquine", outcome="death", level="trial")
    random, fixed = frame.pool("odds ratio"), frame.pool("odds ratio", "fixed")
    assert random.tau2 == 0 and random.i2 == 0
    assert (random.estimate, random.low) == pytest.approx((fixed.estimate, fixed.low))


def test_a_90_percent_interval_is_read_as_one():
    frame = rows("IL6-20")
    effects, notes = pooling.study_effects(frame)
    width = np.log(frame["ci_high"].iloc[0] / frame["ci_low"].iloc[0])
    assert effects["se"].iloc[0] == pytest.approx(width / (2 * 1.644854), rel=1e-4)
    assert "90% credible" in " ".join(notes)


def test_prediction_interval_is_wider_than_the_interval(tocilizumab):
    pooled = tocilizumab.pool("odds ratio")
    assert pooled.prediction[0] < pooled.low < pooled.high < pooled.prediction[1]
    assert tocilizumab.pool("odds ratio", "fixed").prediction is None
    assert rows("STE-14", "STE-15").pool("odds ratio").prediction is None  # two rows: not defined


def test_zero_cells_are_corrected_or_left_out_and_said(tocilizumab):
    pooled = tocilizumab.pool("odds ratio")
    assert pooled.rows.loc["REACT6-01", "zero"]
    said = pooled.summary()
    assert "0.5 added to each cell, one arm had no event: REACT6-01 and REACT6-07" in said
    assert "No event in either arm" in said and "REACT6-19" in said
    a, n1, b, n2 = 0.5, 10 + 1, 2.5, 11 + 1
    expected = (a / (n1 - a)) / (b / (n2 - b))
    assert pooled.rows.loc["REACT6-01", "effect"] == pytest.approx(expected)


def test_split_controls_count_once():
    pair = rows("REACT6-16", "REACT6-24")
    whole, _ = pooling.study_effects(pair, "odds ratio")
    split, _ = pooling.study_effects(pair, "odds ratio", split=[["REACT6-16", "REACT6-24"]])
    assert np.allclose(whole["effect"], split["effect"])
    assert (split["se"] > whole["se"]).all()


# ---- one after the other -----------------------------------------------------------------------


def test_cumulative_ends_with_the_whole_and_starts_with_one():
    frame = trials(class_="JAK inhibitor", outcome="death", level="trial")
    steps = frame.cumulative("size", measure="odds ratio", shared_controls="split")
    whole = frame.pool("odds ratio", shared_controls="split")
    assert steps["k"].tolist() == list(range(1, whole.k + 1))
    assert steps["estimate"].iloc[-1] == pytest.approx(whole.estimate)
    assert steps["patients"].is_monotonic_increasing
    # the small trials promised more than the large one kept
    assert steps["estimate"].iloc[:4].max() < 0.5 < 0.6 < steps["estimate"].iloc[-1]
    years = frame.cumulative("date", measure="odds ratio", shared_controls="split")["year"]
    assert years.is_monotonic_increasing


def test_groups_are_pooled_apart():
    found = pooling.pool_by(
        react()[lambda f: f["row_id"] != "REACT6-24"], "drug", measure="odds ratio"
    )
    assert set(found) == {"tocilizumab", "sarilumab"}
    assert found["tocilizumab"].estimate < 0.9 < 1.0 < found["sarilumab"].estimate


# ---- what may not be pooled --------------------------------------------------------------------


def test_independent_rows_hold_nobody_twice():
    frame = trials().independent()
    whole = frame[frame["level"] == "trial"]
    assert whole["study"].is_unique
    assert "meta-analysis" not in set(frame["level"])
    assert "STE-01" in set(frame["row_id"]) and "STE-02" not in set(frame["row_id"])
    strata = rows("STE-02", "STE-03", "STE-04", "IL6-09", "IL6-10").independent()
    assert len(strata) == 5
    one_split = rows("IL6-06", "IL6-07", "IL6-08", "IL6-09", "IL6-10").independent()
    assert one_split["split"].nunique() == 1


def test_independent_rows_count_deaths_by_one_day_where_a_study_has_several():
    frame = trials(outcome="death", design="RCT")
    kept = frame.independent().set_index("study")["outcome"]
    by_day_28 = frame[frame["outcome"].str.contains("28-day|day 28")]
    several = by_day_28[by_day_28["level"] == "trial"]["study"].unique()
    assert len(several) > 30
    assert kept[kept.index.isin(several)].str.contains("28-day|day 28").all()
    # day 15 stands before day 28 in the table; a hospital's deaths have "28%" in their words
    for earlier, wanted in (("IL6-22", "REACT6-18"), ("IL6-11", "REACT6-16")):
        both = rows(earlier, wanted)
        assert list(both["row_id"]) == [earlier, wanted] and both["study"].nunique() == 1
        assert list(both.independent()["row_id"]) == [wanted]
        assert list(rows(earlier).independent()["row_id"]) == [earlier]


@pytest.mark.parametrize(
    ("row_ids", "options", "said"),
    [
        (["STE-01"], {}, "at least two rows"),
        (["IL7-02", "TNF-03"], {}, "none is left"),
        (["STE-01", "IL6-05"], {}, "classes of drugs"),
        (["IL1-03", "IL1-05"], {}, "outcomes: death and ventilation or death"),
        (["IL1-05", "IL1-11"], {}, "different measures: hazard ratio (IL1-05)"),
        (["IL6-11", "IL6-22"], {}, "opposite directions"),
        (["IL6-05", "IL6-06"], {"measure": "risk ratio"}, "same patients (RECOVERY tocilizumab)"),
        (["IL6-06", "IL6-09"], {}, "same patients (RECOVERY tocilizumab)"),
        (["IL6-21", "IL6-22"], {}, "outcomes: death and ventilation or death"),
        (["IL6-MA1", "IL6-19"], {}, "pooled already"),
        (["REACT6-16", "REACT6-24"], {"measure": "odds ratio"}, "share control patients"),
        (["JAK-08", "JAK-09"], {"shared_controls": "split"}, "share control patients"),
        (["IL1-06", "IL1-03"], {}, "mix randomised trials"),
        (["IL1-10", "IL1-08"], {"measure": "odds ratio"}, "outcomes"),
        (["STE-01", "STE-14"], {}, "comparisons"),
        (["STE-01", "STE-10"], {"measure": "oddsratio"}, "odds ratio"),
        (["STE-01", "STE-10"], {"model": "mixed"}, "fixed"),
        (["STE-01", "STE-10"], {"tau2": "dl"}, "dersimonian-laird"),
        (["STE-01", "STE-10"], {"shared_controls": "add"}, "refuse"),
    ],
)
def test_what_must_not_be_pooled_is_refused_with_the_reason(row_ids, options, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        rows(*row_ids).pool(**options)


def test_an_empty_selection_and_a_row_given_twice_are_explained():
    with pytest.raises(ValueError, match="nothing to pool"):
        trials("anakinra", severity="mild").pool()
    twice = rows("STE-01", "STE-10")
    import pandas as pd

    with pytest.raises(ValueError, match="same patients"):
        pooling.pool(pd.concat([twice, twice]), "odds ratio")
    with pytest.raises(ValueError, match="date"):
        twice.cumulative("alphabet", measure="odds ratio")
    with pytest.raises(ValueError, match="column"):
        twice.pool_by("colour")


def test_good_and_bad_events_are_never_mixed_from_counts():
    frame = rows("IL6-04", "IL6-22")
    frame["outcome_group"] = "death"
    with pytest.raises(ValueError, match="counts good events"):
        frame.pool("odds ratio")


def test_rows_from_memory_are_named_in_what_comes_out():
    recalled = rows("OBS-04")
    other = recalled.assign(row_id="OBS-X", study="another", effect=0.9, from_memory=False)
    import pandas as pd

    pooled = pooling.pool(pd.concat([recalled, other]))
    assert "From memory, not seen in a source: OBS-04" in pooled.summary()
