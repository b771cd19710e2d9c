"""Measure speed, memory and agreement, beside others' ways, and print one table.

About two minutes on two cores; ``--full`` adds 10,000 patients, a trial of as many in both arms,
every notebook and the agreement of 200; ``--smoke`` is quick and judges only ratios and
correctness, for a machine that does other work too. Ratios are compared with those of earlier
runs (history.csv): one that is worse by a fifth, measured three times, is a failure; ``--record``
adds those of this run. ``python -m benchmarks latency`` measures the lessons' apps in a real
browser instead: key press to painted frame (needs Chromium and playwright).
``python -m benchmarks grading`` marks 200 submissions, sound, broken and hostile.
"""

from __future__ import annotations

import argparse
import os
import platform
from datetime import date
from importlib.metadata import version

from benchmarks import history
from benchmarks.measures import ALL, SIZES, Row


def machine() -> str:
    """Describe the machine, so that numbers of two machines are not compared."""
    packages = ("numpy", "scipy", "libroadrunner")
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    cores = f"{os.cpu_count()} cores{load}"
    system = f"{platform.system()} {platform.machine()}, {processor()}, {cores}"
    return f"{system}, Python {platform.python_version()}, {versions}, {date.today()}"


def processor() -> str:
    """Name the processor where the system says it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as stream:
            named = [line.partition(":")[2] for line in stream if line.startswith("model name")]
    except OSError:
        named = []
    return named[0].strip() if named else platform.machine()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--smoke", action="store_const", const="smoke", dest="size", help="quick")
    size.add_argument("--full", action="store_const", const="full", dest="size", help="everything")
    parser.add_argument("--record", action="store_true", help="add the ratios to history.csv")
    words = "latency: of the apps, in a browser; grading: of a class's submissions"
    parser.add_argument("what", nargs="?", choices=["latency", "grading"], help=words)
    given = parser.parse_args()
    chosen = given.size or "usual"
    print(machine())
    if given.what == "latency":
        from benchmarks import latency  # starts JupyterLab and Chromium

        return latency.main(chosen)
    if given.what == "grading":
        from benchmarks import grading  # needs POSIX

        return grading.main(chosen)
    print(f"{'':62}{'measured':>10}  {'unit':9}{'target':>9}")
    missed = 0
    measured, rows = {}, []  # by which function, and what

    def again(row: Row) -> Row:
        found = measured[row.what](SIZES[chosen])
        return next(other for other in found if other.what == row.what)

    for measure in ALL:
        for row in measure(SIZES[chosen]):
            measured[row.what] = measure
            judged = row.steady or chosen != "smoke"
            tries = 1
            while judged and row.unit == "x" and not row.met and tries < history.TRIES:
                row, tries = again(row), tries + 1  # a busy machine can spoil one
            rows.append(row)
            missed += show(row, judged=judged)

    here = (processor(), ".".join(platform.python_version_tuple()[:2]))
    earlier = history.read(*here)
    known = sum(len(earlier.get(row.what, ())) >= history.FEWEST for row in history.ratios(rows))
    print(f"{known} ratios have a history on this processor and Python")
    slower = history.worse(rows, earlier, again)
    for line in slower:
        print(f"WORSE THAN BEFORE  {line}")
    if given.record:
        history.append(rows, *here)
    return int(missed > 0 or bool(slower))


def show(row: Row, *, judged: bool) -> bool:
    """Print a line of the table, and say whether it misses a figure that counts."""
    sign = ">=" if row.at_least else "<="
    verdict = "ok" if row.met else "MISSED" if judged else "missed; not judged by --smoke"
    target = "" if row.limit is None else f"{sign} {row.limit:g}"
    verdict = "" if row.limit is None else verdict
    line = f"{row.what:62}{row.value:10.3g}  {row.unit:9}{target:>9}  {verdict}"
    print(line.rstrip(), flush=True)
    return judged and not row.met


if __name__ == "__main__":
    raise SystemExit(main())
