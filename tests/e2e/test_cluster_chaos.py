"""Three processes on one PostgreSQL keep the guarantee, whatever ends or pauses them."""

from pathlib import Path

from tests.e2e.cluster_chaos.leader import Failover, describe
from tests.e2e.cluster_chaos.plan import ProcessFault, plan
from tests.e2e.cluster_chaos.runner import run_cluster_chaos

SEED, ROUNDS = 18, 8


def test_a_seed_means_the_same_rounds_of_the_cluster_in_every_plan() -> None:
    """A longer plan begins with the rounds of a shorter one of the same seed."""
    assert plan(7, 20) == plan(7, 30)[:20]
    assert plan(7, 20) != plan(8, 20)


def test_failovers_are_described_by_what_caused_them() -> None:
    """Those of rounds in which more happened are told apart."""
    failovers = [Failover("killed", seconds, is_single=True) for seconds in (1.0, 2.0, 9.0)]
    failovers.append(Failover("killed", 4.0, is_single=False))
    assert describe(failovers) == [
        "killed: 3 times, median 2.0 s, worst 9.0 s",
        "killed, with others: 1 times, median 4.0 s, worst 4.0 s",
        "all: 4 times, median 3.0 s, worst 9.0 s",
    ]


def test_the_few_rounds_pause_and_kill_the_leader_and_restart_the_database() -> None:
    """The seed of the test below was chosen for that."""
    kinds = {fault.kind for planned in plan(SEED, ROUNDS) for fault in planned.process_faults}
    assert kinds >= {
        ProcessFault.LEADER_KILLED,
        ProcessFault.LEADER_PAUSED,
        ProcessFault.DATABASE_RESTARTED,
    }


async def test_chaos_of_three_processes_violates_no_guarantee(tmp_path: Path) -> None:
    """No notice is lost, duplicated or wrong, and another process leads after each fault."""
    report = await run_cluster_chaos(tmp_path, seed=SEED, rounds=ROUNDS)
    assert report.violations == [], "\n".join([*report.log, *report.violations])
    assert report.metrics["confirmed watches"] > 5
    assert report.metrics["kills"] > 0
    assert report.metrics["changes of the leader's session"] > 3
