"""``python -m cytolearn``: the `cytolearn` command, where it is not on the path."""

from __future__ import annotations

from cytolearn.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
