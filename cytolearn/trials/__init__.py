"""Virtual randomised trials: arms, entry, outcomes, estimates, and the truth beside them."""

from cytolearn.patients.workers import Cancelled
from cytolearn.trials.design import Design
from cytolearn.trials.estimates import Effect
from cytolearn.trials.randomised import trial
from cytolearn.trials.replay import replay_record, replay_summary
from cytolearn.trials.results import TrialResult
from cytolearn.trials.strata import Subgroups
from cytolearn.trials.truth import Counterfactual

__all__ = [
    "Cancelled",
    "Counterfactual",
    "Design",
    "Effect",
    "Subgroups",
    "TrialResult",
    "replay_record",
    "replay_summary",
    "trial",
]
