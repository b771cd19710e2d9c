"""How fast, how exact, how big: ``python -m benchmarks`` (``--smoke`` in a minute)."""
