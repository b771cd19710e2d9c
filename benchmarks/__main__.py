"""``python -m benchmarks [--smoke]``: print one table; exit 1 where a figure is missed."""

from __future__ import annotations

import argparse
import os
import platform
from importlib.metadata import version

from benchmarks.measures import ALL


def machine() -> str:
    """Describe the machine, so that numbers of two machines are not compared."""
    packages = ("numpy", "scipy", "libroadrunner")
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    cores = f"{os.cpu_count()} cores{load}"
    system = f"{platform.system()} {platform.machine()}, {cores}"
    return f"{system}, Python {platform.python_version()}, {versions}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="fewer repeats, and time limits widened for busy machines",
    )
    smoke = parser.parse_args().smoke
    print(machine())
    print(f"{'':46}{'measured':>10}  {'unit':9}{'target':>9}")
    missed = 0
    for measure in ALL:
        for row in measure(smoke):
            met = row.met(row.loose if smoke else 1)
            missed += not met
            sign = ">=" if row.at_least else "<="
            verdict = "ok" if row.met() else "missed, forgiven by --smoke" if met else "MISSED"
            target = f"{sign} {row.limit:g}"
            print(f"{row.what:46}{row.value:10.3g}  {row.unit:9}{target:>9}  {verdict}", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
