"""What every test may count on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before anything imports matplotlib: no window.
os.environ.setdefault("MPLBACKEND", "agg")

# The same examples in every run, however slow the machine: a check that fails today failed
# yesterday. `pytest --hypothesis-profile=default` looks for new ones.
settings.register_profile(
    "cytolearn", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("cytolearn")

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


@pytest.hookimpl(optionalhook=True)  # without xdist nobody calls it
def pytest_xdist_make_scheduler(config, log):
    """Keep what opens one lesson in the browser in one worker, and else a module in one.

    That is what ``--dist=loadgroup`` is for, but from pytest 9.2 on xdist 3.8 groups nothing
    (https://github.com/pytest-dev/pytest-xdist/issues/1386).
    """
    if config.getvalue("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    from cytolearn.lessons.content import lesson_ids

    lessons = tuple(f"[{lesson}]" for lesson in lesson_ids())

    class ByLesson(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            if "/browser/" in nodeid and nodeid.endswith(lessons):
                return nodeid.rpartition("[")[2]
            return super()._split_scope(nodeid)

    return ByLesson(config, log)


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
