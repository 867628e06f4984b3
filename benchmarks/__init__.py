"""How fast the bot is, as ratios: each to what somebody would write instead, in the same run.

``python -m benchmarks`` prints the table (``--quick``: every row at a small size, in a minute).
A row is measured in a module of its own, which has ``rows(quick) -> list[Row]``.
"""
