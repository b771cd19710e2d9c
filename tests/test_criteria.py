"""Six definitions of a storm: worked patients, limits, missing items, agreement."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

import cytolearn as cl
from cytolearn.clinic.criteria import _kappa
from cytolearn.clinic.labs import choices, readouts
from cytolearn.clinic.verdict import percent, rule_sets
from cytolearn.physiology.tables import read_table

C = cl.criteria
EVIDENCE = read_table("cytolearn.evidence", "criteria.csv")
WORKED = read_table("cytolearn.evidence", "worked_patients.csv")
NEVER_MADE = ("supar", "ast", "temperature", "chloride")


def worked(patient: str) -> C.Labs:
    """Return a worked patient's panel; they are in hospital with symptoms of COVID-19."""
    values = {"symptoms": True}
    for row in WORKED:
        if row["kind"] == "input":
            text = row[patient]
            number = re.fullmatch(r"[\d.]+", text)
            values[row["item"]] = (float(text), row["unit"]) if number else text
    return C.Labs(values, label=patient)


def expected(item: str, patient: str) -> str:
    return next(r[patient] for r in WORKED if r["kind"] == "expected" and r["item"] == item)


# ---- three worked patients ---------------------------------------------------------------


@pytest.mark.parametrize("patient", ["P1", "P2", "P3"])
def test_worked_patients(patient):
    labs = worked(patient)
    score = C.hscore(labs)
    assert score.points == score.most == float(expected("hscore", patient))
    assert sum(map(float, expected("hscore_items", patient).split("+"))) == score.points
    assert C.chis(labs).points == float(expected("chis", patient))
    assert C.immune_class(labs).label == expected("immune_class", patient)
    assert C.temple(labs).verdict is (expected("temple", patient) == "positive")
    assert C.crs_risk(labs).points == float(expected("crs_risk_majors", patient))
    assert C.save_more(labs).verdict is None


def test_worked_patients_rank_differently_and_in_words():
    p1, p2, p3 = (C.classify(labs=worked(p)) for p in ("P1", "P2", "P3"))
    assert p1["verdict"].tolist() == [False, False, False, False, True, None]
    assert p2["verdict"].tolist() == [False, True, True, True, True, None]
    assert p3["verdict"].tolist() == [True, False, True, False, True, None]
    assert p2.loc["hscore", "sentence"] == (
        "HScore: haemophagocytic syndrome likely (284 points; positive from 169 on), "
        "probability >99%."
    )
    assert p1.loc["save_more", "sentence"].startswith("suPAR rule cannot be decided: needs suPAR")
    score = C.hscore(worked("P1"))
    assert score.met == (
        "Temperature at least 38.4 °C",
        "Triglycerides at least 1.5 mmol/L",
        "AST at least 30 U/L",
    )
    assert "Met: temperature at least 38.4 °C" in score.summary() == str(score)
    assert score.items.loc[lambda t: t["met"] == True, "points"].sum() == 96  # noqa: E712


# ---- limits, by hand ---------------------------------------------------------------------

# readout, then values with the points that its group of the rule scores
HSCORE = [
    ("temperature", {38.3: 0, 38.4: 33, 39.4: 33, 39.5: 49}),
    ("ferritin", {1999: 0, 2000: 35, 6000: 35, 6001: 50}),
    ("triglycerides", {1.49: 0, 1.5: 44, 4: 44, 4.01: 64}),
    ("fibrinogen", {2.49: 30, 2.5: 30, 2.51: 0}),
    ("ast", {29: 0, 30: 19, 31: 19}),
    ("organomegaly", {"none": 0, "liver": 23, "spleen": 23, "both": 38}),
    ("immunosuppression", {"no": 0, "yes": 18}),
    ("marrow_haemophagocytosis", {"no": 0, "yes": 35}),
]
HEALTHY = C.Labs(C.assumption("normal"), ferritin=100, leukocytes=7, platelets=250)


@pytest.mark.parametrize(("readout", "points"), HSCORE)
def test_points_of_the_hscore(readout, points):
    assert C.hscore(HEALTHY).points == 0
    for value, scored in points.items():
        assert C.hscore(HEALTHY.but({readout: value})).points == scored, value


def test_cytopenias_are_counted():
    low = {"haemoglobin": 9.2, "leukocytes": "5000 /uL", "platelets": "110000 /uL"}
    ok = {"haemoglobin": 9.21, "leukocytes": "5010 /uL", "platelets": "110100 /uL"}
    for count, scored in ((0, 0), (1, 0), (2, 24), (3, 34)):
        names = list(low)
        labs = HEALTHY.but({n: (low if i < count else ok)[n] for i, n in enumerate(names)})
        assert C.hscore(labs).points == scored
    # two known to be normal: the third does not matter
    assert C.hscore(HEALTHY.without("haemoglobin")).missing == ()
    one_low = HEALTHY.without("haemoglobin").but(platelets=50)
    assert (C.hscore(one_low).points, C.hscore(one_low).most) == (0, 24)
    assert C.hscore(one_low).missing == ("Haemoglobin",)


def test_the_highest_hscore_and_its_cut_off():
    worst = C.hscore(
        temperature=40, ferritin=9000, triglycerides=5, fibrinogen=1, ast=90, organomegaly="both",
        immunosuppression="yes", marrow_haemophagocytosis="yes", haemoglobin=8, leukocytes=2,
        platelets=50,
    )  # fmt: skip
    assert worst.points == worst.highest == 337 and worst.verdict is True
    labs = HEALTHY.but(temperature=39.5, ferritin=6001, triglycerides=1.5)
    assert C.hscore(labs.but(ast=30)).points == 162 and C.hscore(labs.but(ast=30)).verdict is False
    exact = labs.but(triglycerides=1.49, temperature=39, ferritin=3000).but(
        {"triglycerides": 5, "organomegaly": "none", "immunosuppression": "yes", "ast": 30}
    )
    assert C.hscore(exact).points == 169 and C.hscore(exact).verdict is True


@pytest.mark.parametrize(
    ("rule", "labs", "limit", "unit", "above", "at"),
    [
        ("chis", {}, ("temperature", 38.0), "deg C", True, False),
        ("chis", {}, ("ferritin", 700), "ng/mL", True, True),
        ("chis", {}, ("nlr", 10), "ratio", True, True),
        ("chis", {}, ("d_dimer", 1.5), "ug/mL", True, True),
        ("chis", {}, ("ldh", 400), "U/L", True, True),
        ("chis", {"ldh": 200}, ("ast", 100), "U/L", True, True),
        ("chis", {}, ("il6", 15), "pg/mL", True, True),
        ("chis", {}, ("triglycerides", 150), "mg/dL", True, True),
        ("chis", {}, ("crp", 15), "mg/dL", True, True),
        ("chis", {}, ("crp", 150), "mg/L", True, True),
        ("chis", {"platelets": 100}, ("haemoglobin", 9.2), "g/dL", False, True),
        ("chis", {"haemoglobin": 9}, ("platelets", 110), "10^9/L", False, True),
        ("immune_class", {"hla_dr": 9000}, ("ferritin", 4420), "ng/mL", True, False),
        ("immune_class", {"ferritin": 400}, ("hla_dr", 5000), "AB/C", False, False),
        ("save_more", {}, ("supar", 6), "ng/mL", True, True),
        ("crs_risk", {}, ("lesion", 50), "%", True, True),
        ("crs_risk", {"cd8": 50}, ("cd4", 207), "/uL", False, False),
        ("crs_risk", {"cd4": 50}, ("cd8", 119), "/uL", False, False),
        ("crs_risk", {}, ("il6", 7), "pg/mL", True, False),
        ("temple", {}, ("albumin", 2.8), "g/dL", False, False),
        ("temple", {}, ("lymphocyte_share", 10.2), "%", False, False),
        ("temple", {}, ("neutrophils", 11.4), "10^9/L", True, False),
        ("temple", {}, ("alt", 60), "U/L", True, False),
        ("temple", {}, ("ast", 87), "U/L", True, False),
        ("temple", {}, ("d_dimer", 4930), "ng/mL", True, False),
        ("temple", {}, ("ldh", 416), "U/L", True, False),
        ("temple", {}, ("troponin", 1.09), "ng/mL", True, False),
        ("temple", {}, ("anion_gap", 6.8), "mmol/L", False, False),
        ("temple", {}, ("chloride", 106), "mmol/L", True, False),
        ("temple", {}, ("potassium", 4.9), "mmol/L", True, False),
        ("temple", {}, ("bun_creatinine_ratio", 29), "ratio", True, False),
    ],
)
def test_limits_of_one_point(rule, labs, limit, unit, above, at):
    readout, value = limit
    points = [
        C.decide(rule, labs, **{readout: (v, unit)}).points
        for v in (value * 0.999, value, value * 1.001)
    ]
    assert points == [float(not above), float(at), float(above)]


def test_the_entry_of_temple_needs_all_four():
    entry = {"symptoms": True, "ground_glass": True, "ferritin": 251, "crp": (4.61, "mg/dL")}
    assert C.temple(entry).points == 1
    assert C.temple({**entry, "crp": (4.61, "mg/L")}).points == 0  # the unit trap
    assert C.temple({**entry, "crp": (46.1, "mg/L")}).points == 1
    for worse in ({"crp": "4.6 mg/dL"}, {"ferritin": 250}, {"symptoms": "no"}):
        denied = C.temple({**entry, **worse})
        assert denied.points == 0 and denied.verdict is False


def test_one_laboratorys_limits_can_replace_another_s():
    labs = {"cd4": 240, "cd8": 90}
    assert C.crs_risk(labs).points == 0
    own = C.crs_risk(labs, limits={"cd4_lower_limit": 500})
    assert own.points == 1 and "CD4 T cells below 250 cells/µL" in own.met
    assert C.crs_risk(il6=9, limits={"il6_upper_limit": 10}).points == 0
    for limits, words in (({"cd4": 9}, "no laboratory limit"), ({"cd4_lower_limit": 0}, "above 0")):
        with pytest.raises(ValueError, match=words):
            C.crs_risk(labs, limits=limits)


def test_trends_are_told_and_decide_nothing():
    first = C.Labs(ferritin=1000, esr=30, platelets=200, day=5)
    second = C.Labs(ferritin=1200, esr=31, platelets=150, day=8, earlier=first)
    result = C.crs_risk(second)
    assert result.met == ("Change of ferritin above 10%", "Change of platelets below -10%")
    assert result.points == 0 and result.not_met == ("Change of ESR above 10%",)


def test_class_of_two_and_of_none():
    assert C.immune_class(ferritin=5000, hla_dr=3000).label == "MAS"
    assert C.immune_class(ferritin=5000).missing == ()  # HLA-DR could not change it
    either = C.immune_class(hla_dr=3000)
    assert either.verdict is True and either.label == "MAS or immune dysregulation"
    assert "the class is open" in either.sentence
    assert C.immune_class(hla_dr=9000).verdict is None
    assert C.immune_class(ferritin=400).missing == ("Monocyte HLA-DR",)


# ---- the tables --------------------------------------------------------------------------

IN_EVIDENCE = {
    "lung injury on CT": "lesion",
    "CD4 T cells": "cd4",
    "CD8 T cells": "cd8",
    "IL-6 (peripheral blood)": "il6",
    "known underlying immunosuppression": "immunosuppression",
    "AST": "ast",
    "HLA-DR on CD14 monocytes": "hla_dr",
    "CRP": "crp",
    "lymphocytes": "lymphocyte_share",
    "neutrophils (absolute)": "neutrophils",
    "ALT": "alt",
    "D-dimer": "d_dimer",
    "LDH": "ldh",
    "troponin I": "troponin",
    "anion gap": "anion_gap",
    "BUN:creatinine ratio": "bun_creatinine_ratio",
    "fever": "temperature",
    "macrophage activation: ferritin": "ferritin",
    "haematological dysfunction: neutrophil-to-lymphocyte ratio": "nlr",
    "coagulopathy: D-dimer": "d_dimer",
    "suPAR": "supar",
    "signs/symptoms of COVID-19": "symptoms",
    "ground-glass opacity on HRCT (or chest X-ray)": "ground_glass",
    "number of cytopenias": "count",
}
TITLES = {
    "CRS risk (Wang 2020)": "crs_risk",
    "HScore": "hscore",
    "MAS or immune dysregulation": "immune_class",
    "Temple": "temple",
    "cHIS": "chis",
    "SAVE-MORE": "save_more",
}


def readout_of(item: str) -> str:
    if "phagocytosis on bone marrow" in item:
        return "marrow_haemophagocytosis"
    return IN_EVIDENCE.get(item, item)


def single_limits() -> list[dict[str, str]]:
    """Return the rows of the evidence table that state one limit of one readout."""
    return [
        row
        for row in EVIDENCE
        if TITLES.get(row["criteria"]) not in (None, "hscore")
        and row["operator"] in (">", ">=", "<", "<=")
        and re.fullmatch(r"[\d.]+", row["threshold"])
        and row["item"] != "decision"
    ]


def test_the_limits_are_those_of_the_evidence_table():
    ours = {
        (r["rule_set"], r["readout"], r["operator"], float(r["threshold"]))
        for r in C.rules().to_dict("records")
        if re.fullmatch(r"[\d.]+", r["threshold"])
    }
    seen = set()
    for row in single_limits():
        is_class = TITLES[row["criteria"]] == "immune_class"  # there the item names the class
        readout = readout_of(row["level"] if is_class else row["item"])
        key = (TITLES[row["criteria"]], readout, row["operator"])
        seen.add((*key, float(row["threshold"])))
    assert len(seen) >= 20 and seen <= ours
    # what one row of that table states together
    mixed = {r["item"]: r for r in EVIDENCE if r["criteria"] == "cHIS"}
    liver = mixed["hepatic injury: LDH or AST"]["threshold"]
    assert re.findall(r"\d+", liver) == ["400", "100"]
    together = next(r["threshold"] for i, r in mixed.items() if i.startswith("cytokinaemia"))
    assert re.findall(r"(?<!-)\b\d+", together) == ["15", "150", "15"]
    raised = {("il6", 15.0), ("triglycerides", 150.0), ("crp", 15.0), ("ldh", 400), ("ast", 100)}
    stated = {(r, t) for s, r, o, t in ours if s == "chis" and o == ">="}
    assert raised <= stated
    extra = {("chis", "haemoglobin"), ("chis", "platelets")}
    rest = {k[:2] for k in ours - seen if k[0] not in ("hscore",)} - extra
    assert rest == {("chis", r) for r, _ in raised} | {
        ("crs_risk", "il6"), ("crs_risk", "ferritin_change"), ("crs_risk", "esr_change")
    }  # fmt: skip


def test_the_points_are_those_of_the_evidence_table():
    rows = [r for r in EVIDENCE if r["criteria"] == "HScore" and r["points"]]
    assert len(rows) == 23
    for row in rows:
        symbol, points, limit = readout_of(row["item"]), float(row["points"]), row["threshold"]
        if symbol == "count":
            n = int(limit)
            low = dict(list({"haemoglobin": 8, "leukocytes": 2, "platelets": 50}.items())[:n])
            values = [low]
        elif symbol == "organomegaly":
            words = {"none": ["none"], "one": ["liver", "spleen"], "both": ["both"]}[row["level"]]
            values = [{symbol: word} for word in words]
        elif row["operator"] == "=":
            values = [{symbol: limit}]
        elif row["operator"] == "between":
            values = [{symbol: float(end)} for end in limit.split("-")]
        else:
            step = {"<": -0.01, ">": 0.01}.get(row["operator"], 0)
            values = [{symbol: float(limit) + step}]
        for value in values:
            assert C.hscore(HEALTHY.but(value)).points == points, row


def test_the_probability_is_within_a_point_of_the_published_one():
    table = C.hscore_table()
    published = {
        row["level"].split()[-1]: row["rule"].split("= ")[-1]
        for row in EVIDENCE
        if row["item"] == "probability table"
    }
    assert {f"{h:.0f}": text for h, text in table["published"].items()} == published
    for text, fit in zip(table["published"], table["fit"], strict=True):
        if text[0] in "<>":
            assert (fit < 0.01) if text[0] == "<" else (fit > 0.99)
        else:
            assert fit == pytest.approx(float(text.rstrip("%")) / 100, abs=0.0125)
    assert C.hscore_probability(169) == pytest.approx(0.53, abs=0.005)
    with pytest.raises(ValueError, match="between 0 and 337"):
        C.hscore_probability(400)


@pytest.mark.parametrize(
    ("probability", "words"),
    [(0, "<1%"), (0.005, "<1%"), (0.006, "1%"), (0.54, "54%"), (0.994, "99%"),
     (0.995, ">99%"), (1, ">99%")],
)  # fmt: skip
def test_a_probability_is_said_as_its_source_does(probability, words):
    assert percent(probability) == words
    score = C.hscore(HEALTHY.but(temperature=39.5, ferritin=6001, triglycerides=5))
    assert f"probability {percent(score.probability)}." in score.sentence


def test_every_rule_has_a_source_a_status_and_a_badge():
    table = C.rules()
    assert set(table["rule_set"]) == set(rule_sets()) and len(rule_sets()) == 6
    assert table["badge"].isin(list("ABCD")).all()
    assert table["status"].isin(["seen", "from memory"]).all()
    assert table["source"].str.len().min() > 20 and table["doi"].str.startswith("10.").all()
    assert set(table.loc[table["rule_set"] == "immune_class", "status"]) == {"from memory"}
    assert C.rules("chis")["group"].nunique() == 6
    assert {"unit", "other_units", "aliases"} <= set(C.measurements())
    with pytest.raises(ValueError, match="Did you mean 'hscore'"):
        C.rules("h_score")


def test_a_measurement_is_listed_with_the_names_of_its_units_and_its_own():
    table = C.measurements()
    d_dimer = table.loc["d_dimer"]
    assert d_dimer["unit"] == "ug/mL FEU"
    assert d_dimer["other_units"].startswith("ug/mL, mg/L, mg/L FEU, ng/mL")
    for symbol, row in readouts().items():
        listed = table.loc[symbol, "other_units"]
        factors = [part for part in row["units"].split("|") if part]
        assert listed.count(", ") + bool(listed) == len(factors) * (row["kind"] == "number")
        assert table.loc[symbol, "aliases"].replace(", ", "|") == row["aliases"]
        assert table.loc[symbol, "unit"], symbol


@pytest.mark.parametrize(
    ("a", "b", "agreement"),
    [
        ([], [], np.nan),
        ([1, 1, 1], [0, 1, 1], np.nan),  # one never says no: nothing to agree on
        ([0, 1, 1], [1, 1, 1], np.nan),
        ([0, 0, 0], [0, 0, 0], np.nan),
        ([0, 1, 0, 1], [0, 1, 0, 1], 1.0),
        ([0, 1, 0, 1], [1, 0, 1, 0], -1.0),
        ([0, 1, 0, 1], [0, 0, 1, 1], 0.0),
    ],
)
def test_kappa_knows_when_there_is_nothing_to_agree_on(a, b, agreement):
    found = _kappa(np.array(a, dtype=float), np.array(b, dtype=float))
    assert found == pytest.approx(agreement, nan_ok=True)


def test_what_an_agreement_says_of_six_patients_by_hand():
    """cHIS and HScore differ on one of six; Temple calls nobody, so it has no kappa."""
    nobody_knows = dict.fromkeys(rule_sets(), [np.nan] * 6)
    said = {"hscore": [1, 0, 0, 0, 1, 0], "chis": [1, 1, 0, 0, 1, 0], "temple": [0] * 6}
    verdicts = pd.DataFrame({**nobody_knows, **said}, dtype=float)
    found = C.Agreement(verdicts, 9.0)
    # observed 5 / 6, by chance (3 / 6)(2 / 6) + (3 / 6)(4 / 6) = 1 / 2
    assert found.kappa.loc["chis", "hscore"] == pytest.approx(2 / 3)
    assert found.percent.loc["chis", "hscore"] == pytest.approx(500 / 6)
    assert found.percent.loc["chis", "temple"] == 50 and np.isnan(found.kappa.loc["chis", "temple"])
    assert found.counts.loc["chis", ["yes", "no", "cannot be decided"]].tolist() == [3, 3, 0]
    words = found.summary()
    assert words.startswith("6 patients on day 9. Positive: ")
    assert "HScore 2, " in words and "cHIS 3" in words
    assert "Cannot be decided: CRS risk 6, " in words and "HScore 6" not in words
    assert "HScore and cHIS agree most: kappa 0.67, the same in 83.3% of 6." in words
    assert "least" not in words and "Assumed" not in words  # a single pair
    html = found._repr_html_()
    assert "<td>0.67</td>" in html and "<td>83%</td>" in html and "<td>–</td>" in html
    assert "Cohen's kappa" in html and "by chance" not in html
    both = C.Agreement(verdicts.assign(temple=1 - verdicts["chis"]), 9.0, ("AST 50 U/L",)).summary()
    assert "Temple and cHIS agree least: kappa -1.00, the same in 0% of 6." in both
    assert both.endswith("Assumed, not measured: AST 50 U/L.")
    many = pd.DataFrame(dict.fromkeys(rule_sets(), np.ones(300)))
    many.loc[0, "chis"] = 0  # 299 of 300 is not all
    nearly = C.Agreement(many, 9.0)._repr_html_()
    assert "<td>99.7%</td>" in nearly and "<td>100%</td>" in nearly
    none = C.Agreement(verdicts.assign(chis=np.nan), 9.0).summary()
    assert none.endswith("No two rule sets both decide and vary, so there is no kappa.")


# ---- missing items -----------------------------------------------------------------------


def value_of(symbol: str):
    row = readouts()[symbol]
    if row["kind"] != "number":
        return st.sampled_from(list(choices(row)))
    return st.floats(float(row["usual_low"]), min(float(row["usual_high"]), 12_000))


ITEMS = sorted(set(C.rules()["readout"]) - {"count"})


@settings(max_examples=150)
@given(st.fixed_dictionaries({s: value_of(s) for s in ITEMS}), st.sets(st.sampled_from(ITEMS)))
def test_a_missing_value_learned_later_never_turns_a_verdict(values, gone):
    labs = C.Labs(values)
    for name in rule_sets():
        full = C.decide(name, labs)
        assert full.verdict is not None and full.points == full.most and not full.missing
        part = C.decide(name, labs.without(*gone))
        assert part.points <= full.points <= part.most
        if part.verdict is None:
            assert part.missing and all(m in part.sentence for m in part.missing if m[1].isupper())
        else:
            assert part.verdict is full.verdict


@settings(max_examples=60)
@given(st.fixed_dictionaries({s: value_of(s) for s in ITEMS}), st.sets(st.sampled_from(ITEMS)))
def test_undecided_means_that_both_answers_are_possible(values, gone):
    """For a sum of independent items, both ends of the points can be reached."""
    part = C.Labs(values).without(*gone)
    result = C.hscore(part)
    worst = {
        "temperature": 40, "ferritin": 9000, "triglycerides": 5, "fibrinogen": 1, "ast": 90,
        "organomegaly": "both", "immunosuppression": "yes", "marrow_haemophagocytosis": "yes",
        "haemoglobin": 8, "leukocytes": 2, "platelets": 50,
    }  # fmt: skip
    best = {**C.assumption("normal"), "ferritin": 100, "leukocytes": 7, "platelets": 250}
    assert C.hscore(part, assume=worst).points == result.most
    assert C.hscore(part, assume=best).points == result.points


def test_nothing_known_nothing_decided():
    table = C.classify(C.Labs())
    assert table["verdict"].isna().all()
    assert table["sentence"].str.contains("cannot be decided: needs").all()
    assert (table["points"] == 0).all() and (table["missing"] != "").all()


def test_decided_in_spite_of_what_is_missing():
    enough = C.hscore(
        ferritin=9000, triglycerides=5, marrow_haemophagocytosis="yes", temperature=40
    )
    assert enough.verdict is True and enough.probability is None
    assert "it could not change this" in enough.sentence and "AST" in enough.missing
    out_of_reach = C.hscore(HEALTHY.without("ast"))
    assert out_of_reach.verdict is False and out_of_reach.missing == ("AST",)


def test_a_verdict_is_no_truth_value():
    with pytest.raises(ValueError, match="three answers"):
        bool(C.chis(il6=5))


def test_assumptions_are_always_told():
    labs = C.Labs(ferritin=9000, temperature=37)
    result = C.hscore(labs, assume={"temperature": 40, "ast": 50})
    assert result.points == 50 + 19  # what was measured stays
    assert result.assumed == ("AST 50 U/L",) and "Assumed, not measured: AST" in result.summary()
    assert C.classify(labs, assume={"ast": 50}).loc["hscore", "assumed"] == "AST 50 U/L"
    assert C.classify(labs).loc["hscore", "assumed"] == ""
    with pytest.raises(ValueError, match="assumption"):
        C.hscore(labs, assume="normall")
    with pytest.raises(ValueError, match="Give a panel"):
        C.hscore(9)
    with pytest.raises(ValueError, match="rule set"):
        C.decide("hscores", labs)


# ---- virtual patients --------------------------------------------------------------------


def check(table):
    assert list(table.index) == list(rule_sets())
    for name, row in table.iterrows():
        cutoff = row["cutoff"]
        if row["verdict"] is None:
            assert row["points"] < cutoff <= row["most"] and row["missing"]
        else:
            assert (row["points"] >= cutoff) if row["verdict"] else (row["most"] < cutoff)
        assert row["sentence"].endswith(".") and "nan" not in row["sentence"], name
    assert table.loc["save_more", "verdict"] is None  # the model makes no suPAR


@pytest.mark.parametrize("preset", list(cl.Patient.presets().index))
def test_every_preset_can_be_classified(preset):
    course = cl.Patient(preset).run()
    for day in (-4, 0, 6, 12, 40):
        check(C.classify(course.labs(day)))
        check(C.classify(course.labs(day, noisy=True, seed=day + 10)))


@pytest.mark.parametrize("drug", ["tocilizumab", "dexamethasone", "anakinra", "il7"])
def test_treated_patients_can_be_classified(drug):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cl.treatments.TeachingWarning)
        course = cl.Patient("mas_like").treat(cl.treatment(drug, day=7)).run()
    for day in (6, 8, 14, 30):
        check(C.classify(course.labs(day)))
        assert C.hscore(course.labs(day), assume="inpatient").verdict is not None


def test_the_two_patterns_get_their_names():
    def labels(preset):
        course = cl.Patient(preset).run()
        return {C.immune_class(course.labs(day)).label for day in range(5, 25)}

    assert "MAS" in labels("mas_like") and "immune dysregulation" not in labels("mas_like")
    assert "immune dysregulation" in labels("il6_dysregulated")
    assert labels("mild") == {"intermediate"}


@pytest.fixture(scope="module")
def people():
    return cl.population(150, seed=4)


@pytest.fixture(scope="module")
def cohort(people):
    return people.run(progress=False)


def test_agreement_counts_everybody_once(cohort):
    found = C.agreement(cohort, day=10)
    counts = found.counts
    assert (counts[["yes", "no", "cannot be decided"]].sum(axis=1) == 150).all()
    assert counts.loc["save_more", "cannot be decided"] == 150
    assert "Cannot be decided:" in found.summary() and "suPAR rule 150" in found.summary()
    for name in rule_sets():
        n = 150 - counts.loc[name, "cannot be decided"]
        assert found.decided.loc[name, name] == n
        if n:
            assert found.percent.loc[name, name] == 100
    for matrix in (found.percent, found.kappa, found.decided):
        np.testing.assert_array_equal(matrix, matrix.T)
    assert np.isnan(found.kappa.loc["save_more", "chis"])
    assert "<table" in found._repr_html_() and repr(found).startswith("<Agreement")


def test_agreement_runs_a_population_first(people, cohort):
    assert C.agreement(people, day=10).verdicts.equals(C.agreement(cohort, day=10).verdicts)


def test_agreement_is_what_each_patient_gets(people, cohort):
    found = C.agreement(cohort, day=10).verdicts
    for i in range(0, 150, 12):
        labs = people.patient(i).run().labs(10).without("fibrinogen")  # a cohort has none
        alone = C.classify(labs)["verdict"].map({True: 1.0, False: 0.0, None: np.nan})
        np.testing.assert_array_equal(found.loc[i], alone.astype(float))


def test_kappa_is_the_librarys(cohort):
    found = C.agreement(
        cohort, day=12, noisy=True, seed=3, assume={"temperature": 37, "chloride": 110}
    )
    compared = 0
    for a in rule_sets():
        for b in rule_sets():
            ours, pair = found.kappa.loc[a, b], found.verdicts[[a, b]].dropna().to_numpy()
            if np.isnan(ours):
                assert len(pair) == 0 or pair.std(axis=0).min() == 0
                continue
            table = [[np.sum((pair == (i, j)).all(axis=1)) for j in (0, 1)] for i in (0, 1)]
            theirs = cohens_kappa(np.array(table), return_results=False)
            assert ours == pytest.approx(theirs)
            assert found.percent.loc[a, b] == pytest.approx(
                100 * np.trace(np.array(table)) / len(pair)
            )
            compared += a != b
    assert compared >= 6


def test_assumptions_of_a_population_are_told_and_decide(cohort):
    found = C.agreement(cohort, day=10, assume="normal")
    assert found.counts["cannot be decided"].drop("save_more").eq(0).all()
    assert "Assumed, not measured: haemoglobin 14 g/dL" in found.summary()
    own = C.agreement(cohort, 10, assume={"supar": np.linspace(1, 11, 150)})
    assert own.counts.loc["save_more", ["yes", "no"]].tolist() == [75, 75]
    assert own.assumed == ("suPAR (own value for each patient)",)
    with pytest.raises(ValueError, match="each of the 150 patients; you gave 3"):
        C.agreement(cohort, 10, assume={"supar": np.arange(3)})
    with pytest.raises(ValueError, match="by name"):
        C.agreement(cohort, 10, assume=[3])
    assert C.agreement(cohort, 10, assume={"crp": 0, "supar": 7}).assumed == ("suPAR 7 ng/mL",)


def test_agreement_of_few_readouts_and_of_no_cohort():
    few = cl.population(3, seed=1).run(progress=False, readouts=["ferritin"])
    counts = C.agreement(few, day=5).counts
    assert (counts["cannot be decided"] == 3).sum() >= 4
    with pytest.raises(ValueError, match="needs a population or a cohort"):
        C.agreement(cl.Patient("mild").run(), day=5)
    with pytest.raises(ValueError, match="Day"):
        C.agreement(few, day=99)
