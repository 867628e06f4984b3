"""The simulation itself: it replays exactly, and it finds bugs that are there."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.simulation.process_environment import environment

MOST_SEEDS = 150
"""Seeds within which an injected bug must be found."""


@contextmanager
def worker(*options: object) -> Iterator[Iterator[dict[str, Any]]]:
    """Play seeds in a process whose clock is virtual, and give what became of each."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.simulation", "--step", "1", *map(str, options)],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        yield map(json.loads, process.stdout)
        process.kill()


def test_everyone_is_told_the_truth_exactly_once() -> None:
    """When all faults have stopped, nothing is owed, whatever went wrong together with what."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--first", "1", "--seeds", "24"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-5_000:]


@pytest.mark.parametrize("seed", [5059, 6074, 7219, 7914, 9116, 10283, 15545, 17025, 19716, 30846])
def test_what_once_went_wrong_does_not_again(seed: int) -> None:
    """A path that an empty answer proved, deadlines after an outage, clocks that differ.

    These are stories with one relay in which nobody creates anything, as all were then.
    """
    options = ("--first", seed, "--seeds", 1, "--relays", 1, "--creations", 0)
    with worker(*options) as results:
        assert [result["violations"] for result in results] == [[]]


def test_a_seed_replays_exactly() -> None:
    """The same seed has the same trace, to the byte, also after other seeds and with others."""
    with worker("--first", 20, "--seeds", 5) as results:
        together = {result["seed"]: result["digest"] for result in results}
    with worker("--first", 24, "--seeds", 1) as results:
        alone = {result["seed"]: result["digest"] for result in results}
    assert len(set(together.values())) == 5
    assert alone == {24: together[24]}


@pytest.mark.parametrize(
    ("bug", "clause", "first"),
    [
        ("no-nonce", "DOUBLED", 8),
        ("pause-unnoticed", "STALE", 300),
        ("no-forum-search", "DOUBLED", 82),
        ("no-recovery", "UNDONE", 7),
        ("transient-error-acknowledged", "LOST", 2),
        ("unwatch-ignored", "DOUBLED", 1),
        ("no-polling-after-failure", "UNDONE", 1),
        ("no-mention", "LOST", 1),
        ("always-not-found", "UNTRUE", 1),
        ("summary-forgets-a-task", "LOST", 15),
        ("summary-never-due", "UNDONE", 1),
        ("other-account-polled", "UNTRUE", 3),
        ("all-accounts-for-everybody", "SHOWN", 18),
        ("one-circuit-breaker", "LATE", 61),
        ("old-key-kept", "USED", 3),
        ("account-not-disconnected", "ACCOUNT", 7),
        ("key-logged", "KEY", 1),
        ("cut-submission-repeated", "CHARGED", 3),
        ("abandoned-creation-requeued", "CHARGED", 65),
        ("unconfirmed-creation-rejected", "CHARGED", 15),
        ("refunded-twice", "QUOTA", 127),
        ("request-logged", "TEXT", 3),
        ("request-not-forgotten", "FORGOTTEN", 43),
        ("forgotten-person-told", "DOUBLED", 6),
        ("stems-repeated", "CHARGED", 3),
        ("files-refunded", "CHARGED", 3),
    ],
)
def test_an_injected_bug_is_found(bug: str, clause: str, first: int) -> None:
    """Each clause of the oracle can fail, and does when the bot has a bug of that kind.

    ``first``: a seed that shows it, so that it takes less time.
    """
    with worker("--first", first, "--seeds", MOST_SEEDS, "--bug", bug) as results:
        violations = (line for result in results for line in result["violations"])
        assert any(line.startswith(clause) for line in violations)
