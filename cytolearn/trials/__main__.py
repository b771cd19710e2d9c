"""``python -m cytolearn.trials [replay ...]``: run the replays again, write replay_record.csv."""

from __future__ import annotations

import sys
import warnings

from cytolearn.treatments.teaching import TeachingWarning
from cytolearn.trials.replay import write_record

if __name__ == "__main__":
    warnings.simplefilter("ignore", TeachingWarning)
    print(write_record(sys.argv[1:] or None))
