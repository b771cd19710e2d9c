"""Do the tests notice? Small mistakes are put into a module, one at a time: ``python -m
benchmarks.mutation`` (extra ``mutation``; POSIX).

A sample of all the mistakes that cosmic-ray can make, the same at every run, in the modules that
judge and count. Each goes into a copy of the project, in a process of its own, and the module's
tests run there until the first fails. What survives is shown: a test is missing, or the mistake
changes nothing that anybody can see.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import random
import resource
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TESTS = {
    "grading/marking.py": "test_marking.py",
    "grading/students.py": "test_students.py",
    "lessons/answers.py": "test_answers.py",
    "clinic/criteria.py": "test_criteria.py",
    "clinic/verdict.py": "test_criteria.py",
    "trials/endpoints.py": "test_trial_endpoints.py",
    "trials/estimates.py": "test_trial_estimates.py",
    "trials/rules.py": "test_trial_rules.py",
    "trials/strata.py": "test_trial_strata.py",
}
AIM = 0.8  # share that must be noticed
# What these change is a type in an annotation, or how often something is computed.
UNSEEN = ("BitOr", "RemoveDecorator")
LEAST, TIMES = 10, 3  # seconds of processor time, and times those of the right module: a mistake
# may well make a loop endless


class Mistake(NamedTuple):
    """One small change of a module."""

    operator: str
    occurrence: int
    line: int


def mistakes(path: Path) -> Iterator[Mistake]:
    """Find all the mistakes that can be made in a module."""
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast_from_path

    nodes = list(ast_nodes(get_ast_from_path(path)))
    for name in sorted(plugins.operator_names()):
        kind = plugins.get_operator(name)
        if kind.arguments() or any(word in name for word in UNSEEN):
            continue
        operator = kind()
        places = (p for node in nodes for p in operator.mutation_positions(node))
        for occurrence, ((line, _), _) in enumerate(places):
            yield Mistake(name, occurrence, line)


def try_out(path: Path, text: str, tests: str, seconds: float) -> tuple[bool, float]:
    """Put a text in a module's place and run its tests in a process of their own.

    Returns whether a test failed, and the seconds of processor time. A run that uses more than
    `seconds` has failed; how long it takes by the clock says nothing on a busy machine.
    """
    before = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    try:
        child = os.fork()  # what is imported already need not be imported again
        if child == 0:
            _run(tests, seconds)
        _, status, used = os.wait4(child, 0)
        return status != 0, used.ru_utime + used.ru_stime
    finally:
        path.write_text(before, encoding="utf-8")


def _run(tests: str, seconds: float) -> None:
    """In the child: run the tests quietly, and end with pytest's exit code."""
    import pytest

    limit = int(seconds + sum(os.times()[:2])) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    plain = ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:nbval", "-o", "addopts="]
    os._exit(pytest.main(["-x", "-q", "-m", "not slow", *plain, f"tests/{tests}"]))


def examine(copy: Path, module: str, tests: str, most: int) -> float:
    """Make a sample of mistakes in a module, print those that nobody noticed, return the share."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    path = copy / "cytolearn" / module
    right = path.read_text(encoding="utf-8")
    failed, usual = try_out(path, right, tests, 600)
    if failed:
        raise RuntimeError(f"tests/{tests} fails before anything is changed")
    found = list(mistakes(path))
    chosen = random.Random(module).sample(found, min(most, len(found)))
    noticed = 0
    for mistake in chosen:
        wrong = mutate_code(right, get_operator(mistake.operator)(), mistake.occurrence)
        failed, _ = try_out(path, wrong, tests, LEAST + TIMES * usual)
        if failed:
            noticed += 1
            continue
        lines = difflib.unified_diff(right.splitlines(), wrong.splitlines(), n=0, lineterm="")
        print(f"  not noticed, line {mistake.line}: ", *list(lines)[3:], sep="\n    ", flush=True)
    print(f"{module}: {noticed} of {len(chosen)} noticed, of {len(found)} possible", flush=True)
    return noticed / len(chosen)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", help=f"of {', '.join(TESTS)}; none: all")
    parser.add_argument("--most", type=int, default=60, help="mistakes in a module")
    given = parser.parse_args()
    unknown = set(given.modules) - TESTS.keys()
    if unknown:
        parser.error(f"no tests are named for {', '.join(sorted(unknown))}")
    sys.path.insert(0, str(ROOT / "tests"))
    from checkout import copy_to

    for name in ("numpy", "pandas", "scipy.stats", "matplotlib.figure", "statsmodels.api"):
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_to(Path(folder))
        os.chdir(copy)
        sys.path[:] = [str(copy), *(place for place in sys.path if Path(place) != ROOT)]
        sys.dont_write_bytecode = True
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        shares = {
            name: examine(copy, name, TESTS[name], given.most) for name in given.modules or TESTS
        }
        os.chdir(ROOT)
    return int(min(shares.values()) < AIM)


if __name__ == "__main__":
    raise SystemExit(main())
