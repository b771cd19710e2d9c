"""Regenerate what ships: ``python -m cytolearn.credibility record ensemble claims card``."""

from __future__ import annotations

import sys
from pathlib import Path

from cytolearn.credibility import parameter_sets as sets
from cytolearn.credibility.card import renew
from cytolearn.credibility.record import write_record

_PARTS = ("record", "ensemble", "claims", "card")
_CARD = Path(__file__).parents[2] / "MODEL_CARD.md"
_SHOWN = ["id", "finding", "observed", "accept_low", "accept_high", "model", "inside"]


def main(arguments: list[str]) -> int:
    """Regenerate the chosen parts (all by default) and print what came out."""
    wrong = [a for a in arguments if a not in _PARTS]
    if wrong:
        print(
            f"Unknown part: {', '.join(wrong)}. Choose from {', '.join(_PARTS)}.", file=sys.stderr
        )
        return 2
    chosen = arguments or list(_PARTS)
    if "record" in chosen:
        record = write_record()
        inside = record["inside"]
        print(record[_SHOWN].to_string(index=False))
        print(f"{inside.sum()} of {len(record)} targets inside ({inside.mean():.0%})")
    if "ensemble" in chosen:
        members, tried = sets.make_ensemble()
        sets.write_ensemble(members)
        sets.ensemble.cache_clear()
        print(f"{len(members)} parameter sets accepted of {tried} tried")
    if "claims" in chosen:
        print(sets.write_claims().to_string(index=False))
    if "card" in chosen and _CARD.exists():  # a checkout, not an installed wheel
        renew(_CARD)
        print(f"{_CARD.name} renewed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
