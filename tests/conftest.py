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
