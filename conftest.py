"""Keep the learner's own logbook out of every test, notebooks included."""

import os
import tempfile
from pathlib import Path

# A folder of this test run alone; kernels that nbval starts inherit the variables.
_FOLDER = tempfile.TemporaryDirectory(prefix="cytolearn-tests-")
os.environ["CYTOLEARN_LOGBOOK"] = str(Path(_FOLDER.name, "cytolearn_logbook.json"))

# Processes that tests start use this checkout, installed or not.
_PATHS = [str(Path(__file__).resolve().parent), os.environ.get("PYTHONPATH", "")]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, _PATHS))
