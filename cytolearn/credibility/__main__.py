"""Regenerate what ships: ``python -m cytolearn.credibility [record] [ensemble] [claims]``."""

from __future__ import annotations

import sys
from pathlib import Path

from cytolearn.credibility import ensemble as sets
from cytolearn.credibility.record import write_record

_PARTS = ("record", "ensemble", "claims")


def main(arguments: list[str]) -> int:
    """Regenerate the chosen parts (all by default) and print what came out."""
    wrong = [a for a in arguments if a not in _PARTS]
    if wrong:
        print(f"Unknown part: {', '.join(wrong)}. Choose from {', '.join(_PARTS)}.", file=sys.stderr)
        return 2
    chosen = arguments or list(_PARTS)
    if "record" in chosen:
        record = write_record()
        print(record[["id", "finding", "observed", "accept_low", "accept_high", "model", "inside"]].to_string(index=False))
        print(f"{record['inside'].sum()} of {len(record)} targets inside ({record['inside'].mean():.0%})")
    if "ensemble" in chosen:
        members, tried = sets.make_ensemble()
        sets.write_ensemble(members)
        sets.ensemble.cache_clear()
        print(f"{len(members)} parameter sets accepted of {tried} tried")
    if "claims" in chosen:
        claims = sets.make_claims()
        claims.to_csv(Path(__file__).with_name("claims.csv"), index=False, lineterminator="\n")
        print(claims.to_string(index=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
