"""Benchmarks as ratios: each to an obvious alternative, measured in the same run.

``python -m benchmarks`` prints the table (``--quick``: every row at a small size, in a minute).
A row is measured in a module of its own, which has ``rows(quick) -> list[Row]``.
"""
