"""Crash test: injects a fault into each system call of creations that writes the database.

``python -m tests.e2e.creation_crashes`` runs the journey once without a fault and counts the calls
that write or sync; then once for each of them, at which the process is killed, or the disk fails or
is full once. Then the database is opened again, and what waits is sent and looked up. No wish may
be charged more often than it was asked for, each request has to end in one message that tells the
truth about it, and quotas have to add up. A process that lives on has to end every request as if
there had been no fault. The exit code is 1 if that is violated.
"""

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from bot.storage.models import CreationState, EndReason
from sandbox.relay import LocalRelay
from sandbox.relay.faults import after_charging, cut_before_headers, refuses_submission
from tests.e2e.creation_journey import (
    AT_ONCE,
    HOSTS,
    QUOTAS,
    STEPS,
    WISHES,
    Wish,
    end,
    main,
    open_journey,
    settle,
)
from tests.e2e.fault_runs import command
from tests.e2e.journey_crashes import Result, goes_on, result, run_program
from tests.support.creation_harness import CHANNEL, CreationHarness
from tests.support.write_faults import WriteFault

_REFUSAL = "400 moderation"
_STATES = (CreationState.SUBMITTED, CreationState.REJECTED, CreationState.UNCONFIRMED)
"""How a request ends at each relay if the bot is not killed meanwhile."""
_ENDS = {
    CreationState.SUBMITTED: EndReason.FINISHED,
    CreationState.REJECTED: EndReason.REJECTED,
    CreationState.UNCONFIRMED: EndReason.UNCONFIRMED,
}


async def run_journey(folder: Path, fault: WriteFault | None = None) -> Result:
    """Run the journey with a fault, go on from its database without one, and audit it."""
    async with AsyncExitStack() as stack:
        relays = [await stack.enter_async_context(LocalRelay()) for _ in range(1 + len(HOSTS))]
        for relay in relays:
            relay.submissions.song_takes = relay.submissions.lyrics_take = 0.0
        for path in ("/suno/submit/music", "/suno/submit/lyrics"):
            relays[1].faults.add(refuses_submission(_REFUSAL), path=path)
            relays[2].faults.add(after_charging(cut_before_headers()), path=path)
        ports = [int(relay.base_url.rpartition(":")[2]) for relay in relays]
        done = await run_program(folder, main, ports, STEPS, fault)
        async with open_journey(folder, relays) as harness:
            await settle(harness)
            await end(harness)
            violations = await audit(harness, relays, done)
            if goes_on(fault, done):
                violations += await _other_ends(harness)
    return result(folder, fault, done, STEPS, violations)


async def audit(harness: CreationHarness, relays: Sequence[LocalRelay], done: int) -> list[str]:
    """Return what is wrong after ``done`` steps were confirmed, and all requests were settled."""
    charged = Counter(_text(each.body) for relay in relays for each in relay.submissions.charges)
    rows = await harness.accounts.database.read("SELECT * FROM creations ORDER BY id", [])
    stored = Counter(_text(json.loads(row["request"])) for row in rows)
    states = {row["id"]: CreationState(row["state"]) for row in rows}
    sent = Counter(_text(json.loads(row["request"])) for row in rows if _is_sent(row["state"]))
    violations = [
        f"{text!r} was charged {count} times for {sent[text]} requests"
        for text, count in charged.items()
        if count > sent[text]
    ]
    least, most = _confirmed(done), _confirmed(done + 1)
    violations += [
        f"{stored[text]} requests for {text!r}, {least[text]} to {most[text]} were made"
        for text in {*most, *stored}
        if not least[text] <= stored[text] <= most[text]
    ]
    violations += await _untrue_messages(harness, states, charged)
    use = await harness.store.quota_use(7, CHANNEL.guild_id, QUOTAS, harness.clock.now)
    used = sum(_is_sent(state) for state in states.values())
    if use.left_of_user != (QUOTAS.per_user or 0) - used:
        violations.append(f"{use.left_of_user} is left of the quota after {used} requests")
    return violations


async def _other_ends(harness: CreationHarness) -> list[str]:
    """Return what says that requests did not end as they do without a fault."""
    expected = [_STATES[wish.relay] for wish in (*WISHES, *AT_ONCE)]
    states = await harness.states()
    return [] if states == expected else [f"the requests are {list(map(str, states))}"]


async def _untrue_messages(
    harness: CreationHarness, states: dict[int, CreationState], charged: Counter[str]
) -> list[str]:
    """Return which requests did not end in one message that tells how they ended."""
    rows = await harness.accounts.database.read(
        "SELECT creation_id, task_id FROM creation_tasks ORDER BY creation_id", []
    )
    told = Counter((await harness.accounts.messages()).get(CHANNEL.channel_id, []))
    tasks = {row["creation_id"]: row["task_id"] for row in rows}
    expected = Counter((tasks.get(number), _ENDS.get(state)) for number, state in states.items())
    if told == expected:
        return []
    return [f"told: {dict(told)}, but {dict(expected)} is true; charged: {dict(charged)}"]


def _is_sent(state: str) -> bool:
    """Whether a request in this state may be charged, and counts."""
    return state in (CreationState.SUBMITTED, CreationState.UNCONFIRMED)


def _confirmed(done: int) -> Counter[str]:
    """Return how many requests were stored for each text, once ``done`` steps are confirmed."""
    steps: list[tuple[Wish, ...]] = [(), (), (), *((wish,) for wish in WISHES), AT_ONCE, ()]
    wishes = (wish for step in steps[:done] for wish in step)
    return Counter(wish.request.description for wish in wishes)


def _text(body: dict[str, str]) -> str:
    """Return the description in a stored request or in the body of a submission."""
    names = ("description", "gpt_description_prompt", "prompt")
    return next(body[name] for name in names if body.get(name))


if __name__ == "__main__":
    command(run_journey)()
