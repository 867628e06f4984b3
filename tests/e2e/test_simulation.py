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
FIRST_SEEDS = {
    "pause-unnoticed": 300,
    "no-forum-search": 82,
    "one-circuit-breaker": 61,
    "summary-forgets-a-task": 15,
    "all-accounts-for-everybody": 18,
    "unconfirmed-creation-rejected": 15,
    "abandoned-creation-requeued": 65,
    "refunded-twice": 116,
    "request-not-forgotten": 43,
}
"""Where to begin with bugs that show in few simulations, so that it takes less time."""


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
    ("bug", "clause"),
    [
        ("no-nonce", "DOUBLED"),
        ("pause-unnoticed", "STALE"),
        ("no-forum-search", "DOUBLED"),
        ("no-recovery", "UNDONE"),
        ("transient-error-acknowledged", "LOST"),
        ("unwatch-ignored", "DOUBLED"),
        ("no-polling-after-failure", "UNDONE"),
        ("no-mention", "LOST"),
        ("always-not-found", "UNTRUE"),
        ("summary-forgets-a-task", "LOST"),
        ("summary-never-due", "UNDONE"),
        ("other-account-polled", "UNTRUE"),
        ("all-accounts-for-everybody", "SHOWN"),
        ("one-circuit-breaker", "LATE"),
        ("old-key-kept", "USED"),
        ("account-not-disconnected", "ACCOUNT"),
        ("key-logged", "KEY"),
        ("cut-submission-repeated", "CHARGED"),
        ("abandoned-creation-requeued", "CHARGED"),
        ("unconfirmed-creation-rejected", "CHARGED"),
        ("refunded-twice", "QUOTA"),
        ("request-logged", "TEXT"),
        ("request-not-forgotten", "FORGOTTEN"),
        ("forgotten-person-told", "DOUBLED"),
        ("stems-repeated", "CHARGED"),
        ("files-refunded", "CHARGED"),
    ],
)
def test_an_injected_bug_is_found(bug: str, clause: str) -> None:
    """Each clause of the oracle can fail, and does when the bot has a bug of that kind."""
    first = FIRST_SEEDS.get(bug, 1)
    with worker("--first", first, "--seeds", MOST_SEEDS, "--bug", bug) as results:
        violations = (line for result in results for line in result["violations"])
        assert any(line.startswith(clause) for line in violations)
