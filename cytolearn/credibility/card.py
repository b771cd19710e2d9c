"""The tables of MODEL_CARD.md, written from what ships with the package."""

from __future__ import annotations

from pathlib import Path

from cytolearn.credibility.parameter_sets import robust_claims
from cytolearn.credibility.record import calibration_record
from cytolearn.wording import percent

_BEGIN, _END = "<!-- tables -->", "<!-- end of tables -->"


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    cells = [[str(cell).replace("|", "/").strip() for cell in line] for line in lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in cells)


def _range(low: str, high: str) -> str:
    if low and high:
        return f"{low} to {high}"
    return f"at least {low}" if low else f"at most {high}" if high else "none stated"


def tables() -> str:
    """Return the calibration record and the claims as Markdown."""
    record, claims = calibration_record(), robust_claims()
    rows = [
        [
            *(r.id, r.finding, r.observed, r.unit, _range(r.accept_low, r.accept_high)),
            r.model or "not modelled",
            "yes" if r.inside else f"**no**: {r.reason_if_missed}",
            *(r.citation, r.status),
        ]
        for r in record.itertuples()
    ]
    header = ["id", "finding", "observed", "unit", "accepted", "model", "inside"]
    shares = [[c.claim, percent(c.share_of_ensemble)] for c in claims.itertuples()]
    met, members = record["inside"].sum(), claims["members"].iloc[0]
    return "\n\n".join(
        [
            "## Calibration record",
            f"{met} of {len(record)} published observations lie inside the accepted range "
            f"({percent(met / len(record))}). Status: VERIFIED was read in the source, "
            "MEMORY was not.",
            _table([*header, "source", "status"], rows),
            f"## Claims, as a share of {members} parameter sets",
            _table(["claim", "holds in"], shares) + "\n",
        ]
    )


def with_tables(card: str) -> str:
    """Return the text of a model card with its tables renewed."""
    before, _, rest = card.partition(_BEGIN)
    _, found, after = rest.partition(_END)
    if not found:
        raise ValueError(f"The model card needs the lines {_BEGIN} and {_END}.")
    return f"{before}{_BEGIN}\n\n{tables()}\n{_END}{after}"


def renew(path: Path) -> None:
    """Renew the tables of a model card in place."""
    path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
