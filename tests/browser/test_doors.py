"""Other doors than JupyterLab: Notebook 7, and Voila, which serves a notebook as a page."""

import shutil
from pathlib import Path

import pytest
from needs import available

from benchmarks import browser

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

GATE = "button:has-text('Skip and open')"
STORED = ".jp-RenderedImage img"
PICTURE = ".cl-app .cl-panels[data-rev]"


@pytest.mark.parametrize("lesson", ["orientation", "ward"], indirect=True)  # an app of each kind
def test_notebook_7_opens_the_app(lesson, copy_notebook, chromium, jupyterlab):
    address, _ = jupyterlab
    url = f"{address}/notebooks/{copy_notebook('notebook7').name}/{lesson['file']}.ipynb"
    page = browser.open_notebook(chromium, url)
    try:
        # before anything is run: the stored pictures, and no widget that has no kernel yet
        page.locator(STORED).first.wait_for()
        assert page.get_by_text("Error displaying widget").count() == 0
        browser.run_all(page)
        page.locator(GATE).click()
        page.locator(PICTURE).first.wait_for()
        assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0
        page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.context.sessionContext.shutdown()"
        )
    finally:
        page.close()


def test_voila_serves_the_app(lesson, chromium, tmp_path):
    # a folder of its own: a logbook in which the predictions are answered opens no gate
    source = browser.ROOT / "notebooks" / f"{lesson['file']}.ipynb"
    notebook = Path(shutil.copy(source, tmp_path))
    with available(browser.voila(notebook, tmp_path)) as address:
        page = chromium.new_page()
        page.set_default_timeout(browser.PATIENCE)
        try:
            page.goto(address)
            page.locator(GATE).click()
            page.locator(PICTURE).first.wait_for()
            assert page.locator(".cl-error:visible").count() == 0
        finally:
            page.close()
