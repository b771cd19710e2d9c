"""What the browser's tests need: without it they skip with one clear line, or fail if required."""

import os
from contextlib import contextmanager

import pytest

from benchmarks import browser

REQUIRED = os.environ.get("CYTOLEARN_REQUIRE_BROWSER") == "1"


def missing(message):
    """Skip a test; fail where the browser suite is required."""
    (pytest.fail if REQUIRED else pytest.skip)(message)


@contextmanager
def available(tool):
    """Run a tool, or skip if it is not installed."""
    try:
        with tool as running:
            yield running
    except browser.Missing as what:
        missing(f"browser test not run: {what} is not installed")
