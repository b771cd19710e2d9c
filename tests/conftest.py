"""What every test may count on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Before anything imports matplotlib: no window.
os.environ.setdefault("MPLBACKEND", "agg")

ROOT = Path(__file__).resolve().parent.parent
BROWSER = ROOT / "tests" / "browser"


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the checkout."""
    return ROOT


@pytest.fixture(autouse=True)
def _own_folder(tmp_path_factory, monkeypatch, request):
    """Run each test in an empty folder, so that no logbook or file lands in the checkout."""
    if BROWSER not in request.path.parents and request.path.suffix == ".py":
        monkeypatch.chdir(tmp_path_factory.mktemp("work"))


def pytest_collection_modifyitems(items):
    for item in items:
        if BROWSER in item.path.parents:
            item.add_marker(pytest.mark.browser)


def may_skip(path: Path) -> bool:
    """Say whether a test may be skipped: not where .ci/run has installed all that it needs."""
    browser = BROWSER in path.parents
    return not (
        os.environ.get("CYTOLEARN_NO_SKIPS")
        or (browser and os.environ.get("CYTOLEARN_REQUIRE_BROWSER"))
    )


def _strict(report, path: Path):
    if report.skipped and not hasattr(report, "wasxfail") and not may_skip(path):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"must run here, but: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    return _strict((yield), item.path)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return _strict((yield), collector.path)
