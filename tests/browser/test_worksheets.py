"""What an instructor prints: a worksheet on one page, a guide that no paper cuts."""

import re

import pytest

from cytolearn.grading import guide
from cytolearn.lessons.content import lesson_ids

A4_WIDTH = 794  # CSS pixels


@pytest.fixture
def shown(chromium):
    """Return a function that opens a page as it is printed."""
    pages = []

    def show(text):
        page = chromium.new_page(viewport={"width": A4_WIDTH, "height": 1100})
        page.emulate_media(media="print")
        page.set_content(text)
        pages.append(page)
        return page

    yield show
    for page in pages:
        page.close()


@pytest.mark.parametrize("name", lesson_ids())
def test_a_worksheet_prints_on_one_page(shown, name):
    paper = shown(guide.worksheet(name)).pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1


def test_guides_and_plans_are_no_wider_than_paper(shown):
    for text in (guide.guide_page("interferon"), guide.overview()):
        page = shown(text)
        assert page.evaluate("document.documentElement.scrollWidth") <= A4_WIDTH
        assert page.locator("h2").count() > 5
