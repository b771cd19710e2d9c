"""Measure speed, memory and agreement of the engines, and print one table.

About two minutes on two cores; ``--full`` adds 10,000 patients, a trial of as many in both arms
and the agreement of 200; ``--smoke`` is quick and judges only ratios and correctness, for a
machine that does other work too. ``python -m benchmarks latency`` measures the lessons' apps in a
real browser instead: key press to painted frame (needs Chromium and playwright).
``python -m benchmarks grading`` marks 200 submissions, sound, broken and hostile.
"""

from __future__ import annotations

import argparse
import os
import platform
from datetime import date
from importlib.metadata import version

from benchmarks.measures import ALL, SIZES


def machine() -> str:
    """Describe the machine, so that numbers of two machines are not compared."""
    packages = ("numpy", "scipy", "libroadrunner")
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    cores = f"{os.cpu_count()} cores{load}"
    system = f"{platform.system()} {platform.machine()}, {processor()}{cores}"
    return f"{system}, Python {platform.python_version()}, {versions}, {date.today()}"


def processor() -> str:
    """Name the processor where the system says it, with a comma after it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as stream:
            named = [line.partition(":")[2] for line in stream if line.startswith("model name")]
    except OSError:
        named = []
    return f"{named[0].strip()}, " if named else ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--smoke", action="store_const", const="smoke", dest="size", help="quick")
    size.add_argument("--full", action="store_const", const="full", dest="size", help="everything")
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
    print(f"{'':52}{'measured':>10}  {'unit':9}{'target':>9}")
    missed = 0
    for measure in ALL:
        for row in measure(SIZES[chosen]):
            counts = row.steady or chosen != "smoke"
            missed += counts and not row.met
            sign = ">=" if row.at_least else "<="
            verdict = "ok" if row.met else "MISSED" if counts else "missed; not judged by --smoke"
            target = "" if row.limit is None else f"{sign} {row.limit:g}"
            verdict = "" if row.limit is None else verdict
            print(f"{row.what:52}{row.value:10.3g}  {row.unit:9}{target:>9}  {verdict}", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
