"""``python -m cytolearn.trials [REPLAY ...]``: run the replays again, write replay_record.csv."""

from __future__ import annotations

import argparse
import warnings

from cytolearn.treatments.teaching import TeachingWarning
from cytolearn.trials.replay import write_record

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m cytolearn.trials", description="Run replays again, write replay_record.csv."
    )
    parser.add_argument("names", nargs="*", metavar="REPLAY", help="rows of replays.csv; none: all")
    warnings.simplefilter("ignore", TeachingWarning)
    try:
        print(write_record(parser.parse_args().names or None))
    except ValueError as problem:
        parser.error(str(problem))
