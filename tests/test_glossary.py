"""The glossary: every term in plain words, every abbreviation of a lesson explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cytolearn.lessons import cards, glossary
from cytolearn.lessons.content import lesson_ids, load_content

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
TERMS = glossary.terms()

#: Names, not terms: trials, diseases everybody knows, words in capitals, parts of names.
NAMES = {
    *("COVID", "COVID-19", "README", "VERIFIED", "MEMORY", "JupyterLab"),
    *("DOI", "RECOVERY", "REMAP-CAP", "REMAP", "ACTT", "ACTT-1"),
    *("ACTT-2", "ACTT-3", "ACTT-4", "ACTIV", "ACTIV-1", "ACTIV-2", "ACTIV-5"),
    *("TOGETHER", "SPRINTER", "SOLIDARITY", "CORIMUNO", "CORIMUNO-ANA-1", "SAVE-MORE"),
    *("CAN-COVID", "COV-BARRIER", "RUXCOVID", "RUXCOVID-DEVENT", "EMPACTA", "COVACTA"),
    *("TOCIBRAS", "TOCIVID", "TOCIVID-19", "REMDACTA", "METCOVID", "CoDEX"),
    *("CAPE", "STOIC", "DEXA-COVID", "ILIAD-7", "SNG001", "REACT"),
    *("DisCoVeRy", "PANORAMIC", "ESCAPE", "CloroCovid-19", "CONCOR-1", "AstraZeneca"),
    *("TOCILIZUMAB", "ChiCTR2000029765", "NCT04381936", "WHO-REACT", "STEROIDS-SARI"),
    *("ImmunoSep", "AND", "NOT", "LOW", "LEAST"),  # the last four: emphasis
}
ABBREVIATION = re.compile(
    r"(?<![\w`.\"'(/=-])[A-Za-z]*[A-Z][A-Za-z0-9]*[A-Z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*(?![\w`(=])"
)


def unexplained(text: str) -> set[str]:
    """Return the abbreviations of a text that the glossary does not have."""
    code_free = re.sub(r"`[^`]*`|https?://\S+|\bdoi:\S+|\(\w+\.ipynb\)", " ", text)
    patterns = [glossary.pattern(term) for term in TERMS.values()]
    found = set(ABBREVIATION.findall(code_free)) - NAMES
    roman = re.compile(r"[IVX]+")
    return {
        word
        for word in found
        if not roman.fullmatch(word) and not any(p.search(word) for p in patterns)
    }


@pytest.mark.parametrize("lesson", lesson_ids())
def test_every_abbreviation_of_a_lesson_is_explained(lesson):
    assert sorted(unexplained(glossary.lesson_text(lesson))) == []


def test_an_abbreviation_without_explanation_is_noticed():
    assert unexplained("The XYQ-3 and the CRP were high in RECOVERY.") == {"XYQ-3"}


@pytest.mark.parametrize("name", TERMS)
def test_a_definition_is_short_and_plain(name):
    means = TERMS[name]["means"]
    assert means.endswith(".")
    assert means[0].isupper() or means[0].isdigit()
    assert len(means.split()) <= 50
    assert len(re.findall(r"\w\.(?: |$)", means)) <= 4
    # A term that explains itself with itself alone explains nothing.
    assert means.rstrip(".").casefold() != name.casefold()


def test_a_term_is_found_as_what_it_is_and_as_nothing_else():
    def finds(name, text):
        return bool(glossary.pattern(TERMS[name]).search(text))

    assert finds("IL-6", "serum IL-6 rose") and finds("IL-6", "interleukin 6")
    assert not finds("IL-6", "IL-6R is occupied")
    assert not finds("odds ratio", "one or the other")
    assert finds("odds ratio", "OR 0.66")
    assert finds("B cell", "B cells learn") and not finds("NET", "a network, a net")
    assert finds("steroid", "Corticosteroids help")


def test_explain_knows_every_name_and_names_the_nearest():
    for term in TERMS.values():
        for name in (term["name"], *term["also"]):
            assert repr(glossary.explain(name)).startswith(f"{term['name']}. ")
    assert "Interleukin 6" in repr(glossary.explain(" il-6 "))
    with pytest.raises(ValueError, match="D-dimer"):
        glossary.explain("D-dimmer")
    assert isinstance(glossary.explain("CRP"), cards.Card)


def test_the_page_is_current_and_its_links_lead_somewhere():
    written = (NOTEBOOKS / "glossary.md").read_text(encoding="utf-8")
    assert written == glossary.page(), "run `cytolearn build`"
    files = {f"{load_content(lesson)['file']}.ipynb" for lesson in lesson_ids()}
    links = set(re.findall(r"\]\(([^)]+)\)", glossary.page()))
    assert links <= files
    assert sorted(link for link in links if not (NOTEBOOKS / link).is_file()) == []


def test_the_first_lesson_that_uses_a_term_is_named():
    order = list(lesson_ids())
    assert glossary.first_met("dexamethasone") == "orientation"
    assert glossary.first_met("ISG") == "interferon"
    for name in TERMS:
        lesson = glossary.first_met(name)
        before = order[: order.index(lesson)] if lesson else order
        found = glossary.pattern(TERMS[name])
        assert not any(found.search(glossary.lesson_text(other)) for other in before)


def test_code_and_citations_are_no_words_of_a_lesson():
    text = glossary.lesson_text("interferon")
    assert "blood_sample" not in text, "names of functions"
    assert "JCI" not in text and "10.1126" not in text, "citations"
    assert "Infected cells" in text
