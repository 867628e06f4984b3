"""Chooses when to poll each task while more tasks run than the request budget can cover.

It becomes active when more tasks run than fit into budget × interval: with the default settings (2
requests a second, 100 ids in each, 5 seconds) more than 1,000. Below that every task is polled once
an interval.

While it is active, a task is polled most often at the ages at which tasks of its kind tend to end:
the same requests detect ends in about two thirds of the time that round robin takes (``python -m
benchmarks detection``).
"""
