"""Keep the learner's own logbook out of every test, notebooks included."""

import os
import tempfile
from pathlib import Path

# A folder of this test run alone; kernels that nbval starts inherit the variable.
_FOLDER = tempfile.TemporaryDirectory(prefix="cytolearn-tests-")
os.environ["CYTOLEARN_LOGBOOK"] = str(Path(_FOLDER.name, "cytolearn_logbook.json"))
