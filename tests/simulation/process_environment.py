"""The environment of a process that simulates."""

import os


def environment() -> dict[str, str]:
    """Return this process's environment, with sets in the same order in every process.

    What the simulations reach is not measured: that would take twice the time.
    """
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    return {**inherited, "PYTHONHASHSEED": "0"}
