"""The evidence tables: complete, marked where not seen, consistent with their counts."""

from __future__ import annotations

import re

import numpy as np
import pytest

import cytolearn as cl
from cytolearn.evidence import checks, sources
from cytolearn.physiology.tables import read_table
from cytolearn.treatments import drugs

evidence = cl.evidence


@pytest.fixture(scope="module")
def trials():
    return evidence.trials()


def counted(trials):
    return trials.dropna(subset=["n_treated", "n_control", "events_treated", "events_control"])


# ---- the tables --------------------------------------------------------------------------------


def test_the_module_is_a_public_name():
    assert "evidence" in dir(cl)
    assert cl.evidence.trials is evidence.trials


@pytest.mark.parametrize(
    ("table", "rows"),
    [("trials", 142), ("biomarkers", 84), ("criteria_items", 87), ("claims", 69)],
)
def test_every_row_is_there_once(table, rows):
    frame = getattr(evidence, table)()
    assert len(frame) == rows
    assert frame.iloc[:, 0].is_unique


def test_every_column_of_trials_is_explained(trials):
    assert set(evidence.columns()) == set(trials.columns)
    assert all(evidence.columns().values())


def test_rows_from_memory_are_marked(trials):
    recalled = trials[trials["from_memory"]]
    assert set(recalled["row_id"]) == {"IL1-02", "IL1-09", "IL6-MA2", "OBS-04", "OBS-07"}
    assert trials["status"].isin(["seen", "from memory"]).all()
    assert evidence.biomarkers(from_memory=True)["from_memory"].all()
    assert not evidence.trials(from_memory=False)["from_memory"].any()


def test_drugs_have_the_names_of_treatments(trials):
    tested = set(trials["drug"])
    assert set(drugs()) - tested == {"ifn_alpha2", "remdesivir"}  # no row tests these two
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in tested)


def test_what_the_events_are_is_said_wherever_they_are_counted(trials):
    rows = counted(trials)
    assert rows["events_are"].isin(["good", "bad"]).all()
    assert rows["events_count"].ne("").all()
    good = set(rows.loc[rows["events_are"] == "good", "row_id"])
    assert good == {"IL1-10", "IL6-04", "GMC-01", "GMC-02", "OBS-07"}
    assert set(trials.loc[trials["effect"].notna(), "better_if"]) <= {
        "below 1", "above 1", "below 0", "above 0", "",
    }  # fmt: skip


def test_an_interval_has_its_type_and_level(trials):
    known = trials[trials["ci_low"].notna()]
    assert known["ci_type"].ne("").all()
    assert known["ci_percent"].isin([90, 95, 97.5]).all()
    levels = known["ci_type"].str.extract(r"([\d.]+)%")[0].astype(float)
    assert (levels == known["ci_percent"]).all()


def test_rows_that_are_not_randomised_are_never_more_than_uncertain(trials):
    others = trials[~trials["design"].isin(["RCT", "meta-analysis of RCTs"])]
    assert set(others["direction"]) == {"uncertain"}


def test_readouts_of_biomarkers_exist():
    named = set(evidence.biomarkers()["readout"]) - {""}
    assert named <= set(cl.readouts().index)
    assert {"il6", "cd4", "ferritin"} <= named


def test_claims_point_at_rows_that_exist(trials):
    claims = evidence.claims()
    named = {row for cell in claims["trial_rows"] for row in cell.split("; ") if row}
    assert named <= set(trials["row_id"])
    assert len(named) > 30
    assert claims["how_to_see"].eq("").sum() <= 2  # a licence and a sentence need no simulation
    assert set(claims["verdict"]) == {"supported", "revised", "refuted", "open", "resolved"}
    assert claims["claim_id"].str[:3].value_counts().to_dict() == {"000": 22, "001": 19, "003": 28}


def test_no_cell_holds_a_placeholder():
    for name in ("trials", "biomarkers", "criteria", "claims"):
        for row in read_table("cytolearn.evidence", f"{name}.csv"):
            for cell in row.values():
                assert cell == cell.strip()
                assert cell.lower() not in {"na", "n/a", "nan", "unknown", "tbd", "?"}


# ---- filters -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tocilizumab", " Tocilizumab ", "TOCILIZUMAB"])
def test_capitals_and_spaces_do_not_matter(name):
    assert set(evidence.trials(name)["drug"]) == {"tocilizumab"}


def test_filters_narrow_together():
    rows = evidence.trials(drug="IFN-beta-1a", design="rct")
    assert set(rows["drug"]) == {"ifn_beta_1a"}
    assert set(rows["design"]) == {"RCT"}
    both = evidence.trials(class_=["JAK inhibitor", "TNF blockade"], outcome="death")
    assert set(both["drug_class"]) == {"JAK inhibitor", "TNF blockade"}


def test_a_word_of_severity_finds_ranges_and_steroids_take_a_yes_or_no():
    assert "moderate to severe" in set(evidence.trials(severity="severe")["severity"])
    assert set(evidence.trials(steroid=True)["steroid"]) == {"with", "mostly with"}
    assert set(evidence.trials(steroid=False)["steroid"]) == {"without", "mostly without"}
    assert set(evidence.trials(steroid="tested")["drug_class"]) == {"corticosteroid"}


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"drug": "tocilizumap"}, "tocilizumab"),
        ({"design": "blinded"}, "RCT, case series"),
        ({"class_": "steroids"}, "corticosteroid"),
        ({"severity": "sever"}, "severe"),
        ({"steroid": "perhaps"}, "tested, with, without"),
        ({"drug": "remdesivir"}, "No row of the published table tests 'remdesivir'"),
        ({"drug": []}, "empty list"),
    ],
)
def test_an_unknown_value_names_the_nearest(wanted, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        evidence.trials(**wanted)


def test_filters_that_exclude_each_other_leave_an_empty_table_not_an_error():
    rows = evidence.trials(drug="anakinra", severity="mild")
    assert len(rows) == 0
    assert set(rows.columns) == set(evidence.trials().columns)


def test_a_table_that_is_changed_does_not_change_the_next(trials):
    mine = evidence.trials()
    mine.loc[:, "effect"] = 0.0
    assert not evidence.trials()["effect"].eq(0).all()


# ---- misconceptions and worked patients --------------------------------------------------------


def test_misconceptions_have_four_options_with_feedback_and_one_right_answer(trials):
    found = evidence.misconceptions()
    assert [entry["id"] for entry in found] == [f"M{n:02d}" for n in range(1, 45)]
    for entry in found:
        assert [option["correct"] for option in entry["options"]].count(True) == 1
        assert len({option["text"] for option in entry["options"]}) == 4
        assert all(option["feedback"] for option in entry["options"])
        assert set(entry["trial_rows"]) <= set(trials["row_id"])
        assert entry["experiment"] and entry["question"] and entry["truth"]
    letters = [o["letter"] for e in found for o in e["options"] if o["correct"]]
    assert max(letters.count(letter) for letter in "ABCD") <= 13  # no letter gives the answer away


def test_a_misconception_is_found_by_id_and_lesson():
    assert evidence.misconceptions("M05")["id"] == "M05"
    assert {e["lesson"] for e in evidence.misconceptions(lesson="storm")} == {"storm"}
    with pytest.raises(ValueError, match="M05"):
        evidence.misconceptions("M005")
    with pytest.raises(ValueError, match="storm"):
        evidence.misconceptions(lesson="storms")
    evidence.misconceptions("M05")["options"].clear()
    assert evidence.misconceptions("M05")["options"]


def test_worked_patients_carry_units_and_expected_results():
    table = evidence.worked_patients().set_index("item")
    assert list(table.columns) == ["kind", "unit", "P1", "P2", "P3"]
    assert table.loc["hscore", ["P1", "P2", "P3"]].tolist() == ["96", "284", "19"]
    for patient in ("P1", "P2", "P3"):
        points = table.loc["hscore_items", patient].split("+")
        assert sum(map(int, points)) == int(table.loc["hscore", patient])
    assert table.loc["crp", "unit"] == "mg/L"


# ---- sources -----------------------------------------------------------------------------------


def test_every_row_has_a_source_in_the_bibliography(trials):
    keys = {key for cell in trials["reference"] for key in cell.split("; ")}
    for table in (evidence.biomarkers(), evidence.criteria_items()):
        keys |= {key for cell in table["reference"] for key in cell.split("; ")}
    assert keys <= set(sources.entries())
    assert set(sources.entries()) - keys == {"jamilloux2020"}  # the text of the claims


def test_bibtex_has_one_entry_a_key_and_no_doi_twice():
    text = evidence.bibtex()
    keys = re.findall(r"^@article\{(.+),$", text, re.MULTILINE)
    assert keys == sorted(set(keys))
    dois = re.findall(r"doi = \{(.+)\}", text)
    assert len(dois) == len(set(dois))
    assert all(doi.startswith("10.") and " " not in doi for doi in dois)
    assert text.count("{") == text.count("}")


def test_references_take_rows_and_keys_and_list_each_source_once():
    text = evidence.references(["IL6-06", "IL6-05", "recovery2021_tocilizumab", "BIO45"])
    assert text.count("https://doi.org/10.1016/S0140-6736(21)00676-0") == 1
    assert text.splitlines()[0].startswith("1. ")
    assert len(text.splitlines()) == 2
    assert evidence.bibtex("IL6-05").startswith("@article{recovery2021_tocilizumab")
    with pytest.raises(ValueError, match="recovery2021_tocilizumab"):
        evidence.references("recovery2021_tocilizumap")


# ---- what can be recomputed --------------------------------------------------------------------


def test_the_table_agrees_with_its_own_counts():
    assert checks.faults() == []


def test_crude_figures_follow_the_textbook(trials):
    crude = checks.recomputed().loc["STE-02"]
    a, n1, b, n2 = 95, 324, 283, 683
    assert crude["risk_ratio"] == pytest.approx((a / n1) / (b / n2))
    assert crude["odds_ratio"] == pytest.approx((a / (n1 - a)) / (b / (n2 - b)))
    se = np.sqrt(1 / a - 1 / n1 + 1 / b - 1 / n2)
    assert np.log(crude["rr_high"] / crude["risk_ratio"]) == pytest.approx(1.959964 * se, rel=1e-4)


def test_a_published_effect_that_differs_has_a_note(trials):
    crude = checks.recomputed()
    differing = crude.index[crude["agrees"] == "no"]
    assert len(differing) > 10
    notes = trials.set_index("row_id")["check"]
    assert notes[differing].ne("").all()


def test_without_its_note_a_difference_is_a_fault(trials):
    changed = trials.copy()
    changed.loc[changed["row_id"] == "STE-02", "check"] = ""
    assert [fault for fault in checks.faults(changed) if fault.startswith("STE-02")]


def test_a_wrong_count_is_found(trials):
    """30% more events in one arm: found wherever an effect, percentages or strata bind them."""
    rows = counted(trials)
    bound = rows[(rows["check"] == "") & rows["effect"].notna()]
    assert len(bound) > 60
    for column in ("events_treated", "events_control"):
        mutant = trials.copy()
        values = mutant.loc[bound.index, column]
        mutant.loc[bound.index, column] = np.maximum(values + 2, (1.3 * values).round())
        found = checks.faults(mutant)
        for row in bound.itertuples():
            named = (f"{row.row_id}:", f"{row.study},")
            assert any(fault.startswith(named) for fault in found), (row.row_id, column)


@pytest.mark.parametrize("row", ["IL6-07", "STE-03"])
@pytest.mark.parametrize("column", ["events_treated", "n_control"])
def test_one_patient_too_many_in_a_stratum_is_found(trials, row, column):
    changed = trials.copy()
    changed.loc[changed["row_id"] == row, column] += 1
    assert any("add to" in fault for fault in checks.faults(changed))


def test_an_effect_outside_its_interval_is_found(trials):
    changed = trials.copy()
    changed.loc[changed["row_id"] == "JAK-06", "ci_high"] = 0.8
    assert any(fault.startswith("JAK-06") for fault in checks.faults(changed))


def test_the_rows_of_who_react_are_not_the_published_total(trials):
    """The published totals count a shared control arm once: treated patients differ by one arm."""
    rows = trials[trials["row_id"].str.startswith("REACT6")]
    total = trials.set_index("row_id").loc["IL6-MA1"]
    assert total["n_treated"] - rows["n_treated"].sum() == 77  # the siltuximab arm
    assert rows["n_control"].sum() > total["n_control"]
    assert "never add the control columns" in total["notes"]
