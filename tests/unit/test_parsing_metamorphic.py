"""What is concluded about a task depends on nothing but that task.

Whatever else is in the batch, in which order and envelope it comes, with which key and on which
path: the answers about the other tasks stay the same. Each example asks a real relay on loopback
twice, as it is and changed in some way.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.relay.circuit_breaker import BackoffLimits
from bot.relay.client import RelayClient
from bot.relay.errors import RelayError
from bot.relay.models import Task
from bot.relay.parsing.reader import read_batch, tasks_by_id
from bot.relay.providers import relay_profile as relay_named
from bot.relay.single_fallback import MAX_FIRST_FAILURES
from sandbox.relay import (
    LocalRelay,
    RelayTask,
    ResponseFormat,
    UnknownPathFormat,
    UnknownTaskFormat,
    failing,
    faults,
    half_success,
    lyrics_task,
    song,
    stuck,
)
from tests.unit.test_parsing_properties import FIELDS, anything

Conclusions = dict[str, Task | str]
"""By id: the task, or what else is said of it."""

ANCHOR = "anchor"
"""A task that every relay here knows: so that it has shown one."""
NO_BACKOFF = BackoffLimits(failure_threshold=1000)
LIVES: dict[str, Callable[[str], RelayTask]] = {
    "finished": lambda name: song(name, takes=60),
    "running": lambda name: song(name, takes=9000),
    "failed": lambda name: failing(name, takes=60),
    "half": lambda name: half_success(name),
    "words": lambda name: lyrics_task(name, takes=10),
    "stuck": stuck,
}
PATHS = (
    ("/suno/fetch",),
    ("/suno/submit/fetch",),
    ("/suno/fetch", "/suno/fetch/{id}", "/suno/feed/{id}", "/suno/lyrics/{id}"),
    ("/suno/fetch/{id}",),
    ("/suno/feed/{id}",),
)
BATCHES = {"/suno/fetch", "/suno/submit/fetch"}
SPOILERS = (
    faults.refuses("spoiler"),
    faults.refuses("spoiler", garbage=True),
    faults.refuses("spoiler", status=500),
    faults.answers(400, faults.suno_error("task_not_exist", "task_not_exist"), about="spoiler"),
    faults.answers(404, faults.suno_error("not_found", "task not found"), about="spoiler"),
    faults.answers(200, {"code": "error", "message": "task not found"}, about="spoiler"),
)
UNRELATED_TASK = {"task_id": "nobody-asked", "status": "SUCCESS", "data": None}


PLAIN = ResponseFormat()


PLAIN = ResponseFormat()


@dataclass(frozen=True)
class Question:
    """Everything about a look-up that must not change what is concluded."""

    shape: ResponseFormat = PLAIN
    besides: tuple[str, ...] = ()
    """Other ids that are asked for."""
    spoiler: faults.Fault | None = None
    order: int = 0
    """Seed of the order of the ids."""
    key: str = "sk-first"
    fetch_path: str = "/suno/fetch"
    batch_size: int = 100


shapes = st.builds(
    ResponseFormat,
    code=st.sampled_from(["success", "SUCCESS", 1, 200, "200", None]),
    nothing=st.sampled_from([(), None]),
    double_envelope=st.booleans(),
    data_as_text=st.booleans(),
    account=st.booleans(),
    filters_by_action=st.booleans(),
    reversed_order=st.booleans(),
    unrequested=st.sampled_from(
        [(), (UNRELATED_TASK,), (UNRELATED_TASK, {**UNRELATED_TASK, "status": "QUEUED"})]
    ),
    task_with_id_only=st.sampled_from(UnknownTaskFormat),
    paths=st.sampled_from(PATHS).map(frozenset),
    unknown_path=st.sampled_from(UnknownPathFormat),
)
questions = st.builds(
    Question,
    shape=shapes,
    besides=st.lists(st.sampled_from(["typo", "other typo", "known"]), unique=True).map(tuple),
    spoiler=st.none() | st.sampled_from(SPOILERS),
    order=st.integers(0, 5),
    key=st.sampled_from(["sk-first", "sk-second"]),
    fetch_path=st.sampled_from(["/suno/fetch", "/suno/submit/fetch", "/suno/tasks/fetch"]),
    batch_size=st.sampled_from([1, 2, 100]),
)
watched = st.dictionaries(
    st.sampled_from(["one", "two", "three", "four"]), st.sampled_from([*LIVES, "unknown"])
)


async def concluded(local: LocalRelay, ids: Sequence[str], question: Question) -> Conclusions:
    """Return what a client that knows nothing yet concludes about these ids."""
    local.key, local.response_format = question.key, question.shape
    local.faults.clear()
    asked = [*ids, *question.besides]
    if question.spoiler is not None:
        local.faults.add(question.spoiler)
        asked.append("spoiler")
    shuffle(asked, question.order)
    async with aiohttp.ClientSession() as session:
        client = RelayClient(
            session,
            relay_named("custom", local.base_url, question.fetch_path),
            SecretStr(question.key),
            batch_size=question.batch_size,
            requests_per_second=100_000,
            backoff=NO_BACKOFF,
        )
        try:
            found = await client.look_up(asked)
        except RelayError as error:
            return dict.fromkeys(ids, str(error.kind))
        finally:
            await client.aclose()
    conclusions: Conclusions = {
        each: f"{type(error).__name__} {error}" for each, error in found.failed.items()
    }
    conclusions |= dict.fromkeys(found.missing, "missing") | dict.fromkeys(
        found.unlisted, "unlisted"
    )
    return {each: found.tasks.get(each) or conclusions[each] for each in ids}


def shuffle(ids: list[str], seed: int) -> None:
    """Bring ids into another order for each seed; the first leaves them as they are."""
    turn = seed % len(ids)
    ids[:] = ids[turn:] + ids[:turn]
    if seed % 2:
        ids.reverse()


async def concluded_twice(
    lives: Mapping[str, str], question: Question
) -> tuple[Conclusions, Conclusions]:
    """Return what is concluded about the same tasks, asked plainly and in another way."""
    async with LocalRelay() as local:
        tasks = [LIVES[life](name) for name, life in lives.items() if life != "unknown"]
        local.add(stuck(ANCHOR), song("known"), *tasks)
        local.clock.advance(100)
        ids = [ANCHOR, *lives]
        return await concluded(local, ids, Question()), await concluded(local, ids, question)


@given(watched, questions)
@settings(deadline=None, max_examples=200)
def test_what_is_concluded_about_a_task_depends_on_nothing_else(
    lives: dict[str, str], question: Question
) -> None:
    """Strangers, order, envelope, key, path and the size of batches change nothing."""
    unknown = [*lives.values()].count("unknown") + len({*question.besides} - {"known"})
    assume(
        BATCHES & question.shape.paths
        or unknown + (question.spoiler is not None) < MAX_FIRST_FAILURES
    )
    plainly, otherwise = asyncio.run(concluded_twice(lives, question))

    assert otherwise == plainly
    assert {name: plainly[name] == "missing" for name in lives} == {
        name: life == "unknown" for name, life in lives.items()
    }


NOW = 1_700_000_000.0
TOLD = {name: make(name).at(NOW, submitted_at=NOW - 100) for name, make in LIVES.items()}
"""One task of each kind as a relay tells of it."""

strange = st.dictionaries(
    st.sampled_from([*FIELDS, "status", "data", "clips", "id"]), anything, max_size=6
)
envelopes = st.fixed_dictionaries(
    {"code": st.sampled_from(["success", 1, 200, "200"])},
    optional={"message": st.sampled_from(["", "ok", "任务"]), "total": st.integers()},
)


@given(
    st.permutations(list(LIVES)),
    st.lists(strange, max_size=3),
    st.lists(envelopes, min_size=1, max_size=3),
    st.integers(0, 6),
    st.booleans(),
)
@settings(deadline=None)
def test_how_a_task_is_read_depends_on_nothing_else_in_the_answer(
    order: list[str], unrelated: list[Any], layers: list[dict[str, Any]], at: int, as_text: bool
) -> None:
    """Whatever strangers, in whatever order, in envelopes in envelopes, or as a JSON text."""
    tasks: list[Any] = [TOLD[name] for name in order]
    named = [{**each, "task_id": f"stranger-{number}"} for number, each in enumerate(unrelated)]
    tasks[at:at] = named
    answer: Any = tasks
    for layer in layers:
        answer = {**layer, "data": json.dumps(answer) if as_text else answer}

    read = read_batch(200, None, json.dumps(answer).encode())

    assert tasks_by_id(read, LIVES) == {
        name: read_batch(200, None, json.dumps([told]).encode())[0] for name, told in TOLD.items()
    }
