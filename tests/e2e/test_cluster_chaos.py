"""Three processes on one PostgreSQL keep the guarantee, whatever ends or pauses them."""

from dataclasses import replace
from pathlib import Path

from bot.storage.models import CreationState
from tests.e2e.chaos.creation_audit import StoredCreation
from tests.e2e.chaos.creation_plan import SubmissionFault
from tests.e2e.chaos.quota_audit import too_many_at_once
from tests.e2e.cluster_chaos.environment import CHANNELS_PER_SERVER, PROCESS_COUNT
from tests.e2e.cluster_chaos.leader import Failover, describe
from tests.e2e.cluster_chaos.plan import CHANNEL_COUNT, ProcessFault, plan
from tests.e2e.cluster_chaos.runner import run_cluster_chaos

SEED, ROUNDS = 1125, 4


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


def test_creations_of_the_few_rounds_meet_a_killed_and_a_paused_leader_and_a_new_server() -> None:
    """The seed of the test below was chosen for that: within a second, before or after."""
    met = {
        fault.kind
        for planned in plan(SEED, ROUNDS)
        for fault in planned.process_faults
        for creation in planned.creation.creations
        if abs(creation.delay - fault.delay) < 1.0
    }
    assert met >= {
        ProcessFault.LEADER_KILLED,
        ProcessFault.LEADER_PAUSED,
        ProcessFault.DATABASE_RESTARTED,
    }


def test_in_the_few_rounds_relays_lose_delay_and_refuse_and_people_create_in_every_place() -> None:
    """In the servers of all shards, in direct messages, and with *Try again*."""
    creations = [each.creation for each in plan(SEED, ROUNDS)]
    created = [each for planned in creations for each in planned.creations]
    repeated = [each for planned in creations for each in planned.repeats]
    assert {each.fault for each in created} | {each.fault for each in repeated} >= {
        SubmissionFault.LOST,
        SubmissionFault.SLOW,
        SubmissionFault.REFUSED,
        SubmissionFault.LIMITED,
        SubmissionFault.LIMITED_FOR_SECONDS,
    }
    shards = {each.channel // CHANNELS_PER_SERVER for each in created}
    assert shards == {*range(PROCESS_COUNT), CHANNEL_COUNT // CHANNELS_PER_SERVER}


def test_the_audit_finds_who_creates_more_at_once_than_allowed() -> None:
    """What had ended by then does not count, nor what others do."""
    first, second, third = (
        StoredCreation(number, 11, "", CreationState.SUBMITTED, frozenset({f"made-{number}"}), at)
        for number, at in ((1, 100.0), (2, 110.0), (3, 120.0))
    )
    rows = [first, second, third]
    running = {"made-1": 130.0, "made-2": 130.0}
    assert len([*too_many_at_once(rows, running, at_once=2)]) == 1
    assert [*too_many_at_once(rows, running, at_once=3)] == []
    assert [*too_many_at_once(rows, running | {"made-1": 119.0}, at_once=2)] == []
    assert [*too_many_at_once([first, second, replace(third, user_id=12)], running, 2)] == []


async def test_chaos_of_three_processes_violates_no_guarantee(tmp_path: Path) -> None:
    """No notice is lost, duplicated or wrong, and another process leads after each fault.

    Nothing is charged that nobody asked for, or twice, and no quota is exceeded.
    """
    report = await run_cluster_chaos(tmp_path, seed=SEED, rounds=ROUNDS)
    assert report.violations == [], "\n".join([*report.log, *report.violations])
    assert report.metrics["confirmed watches"] > 0
    assert report.metrics["confirmed creations"] > 5
    assert report.metrics["charges"] > 0
    assert report.metrics["refusals"] > 0
    assert report.metrics["kills"] > 0
    assert report.metrics["changes of the leader's session"] > 3
