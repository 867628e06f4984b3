"""Every input costs work in proportion to its size, and what is shown costs what Discord shows."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from pydantic import SecretStr

from bot.i18n.catalog import catalog_for
from bot.relay.creation import CreationKind, CreationRequest
from bot.relay.errors import RelayError
from bot.relay.key_filter import KeyFilter
from bot.relay.models import (
    MAX_ALL_LYRICS,
    MAX_CLIPS,
    MAX_LABEL,
    MAX_LYRICS,
    MAX_REASON,
    Clip,
    ClipStatus,
    Lyrics,
    Outcome,
    Task,
    TaskKind,
    TaskStatus,
    bounded,
)
from bot.relay.parsing.reader import read_batch, read_single, read_tasks
from bot.relay.parsing.submissions import MAX_TASKS, read_submission
from bot.relay.quotes import RequestQuotes
from bot.storage.models import EndReason, RecentTask
from bot.storage.search import normalize_for_index, search_words
from bot.ui.autocomplete import matching_choices
from bot.ui.escaping import code_span, escape, escape_line, sanitize, sanitize_line
from bot.ui.failure_reasons import classify_reason
from bot.ui.lyrics import lyrics_messages, split_text
from bot.ui.lyrics_reader import lyrics_page
from bot.ui.notice import render_notice
from bot.ui.notice_fallbacks import as_plain_text, without_links
from bot.ui.status_card import status_message
from bot.watches.task_ids import find_ids, parse_ids, unusual_ids
from tests.support.growth import GROWTH, grows_linearly, peak_memory, stays_flat

MIB = 1 << 20
WORDS = catalog_for("en-US")
RECENT = RecentTask("an-id", "a title", None, None, 0.0)

HOSTILE_TEXTS = {
    "joiners": "a\u200d",
    "joined emoji": "👩\u200d🚀",
    "flags": "🇩",
    "marks": "e\u0301\u0302\u0303",
    "backslashes": "\\",
    "asterisks": "*",
    "brackets": "[a](",
    "mentions": "<@1>@everyone",
    "colons": "a:b:",
    "line ends": "a\r\n\r\n\r\n",
    "blanks": "a  \t ",
    "invisible": "\u200b\u2060",
    "ligatures": "\ufdfa",
    "quotes": "\"'`",
    "task words": "task_id: ",
    "pasted answers": '"task_id": "a1", ',
    "ids": "346c5d10-a4a1-4f49-a851-66a7dae6cfaf ",
    "separators": "a,",
}


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
@pytest.mark.parametrize(
    "work",
    [
        sanitize,
        escape,
        escape_line,
        sanitize_line,
        code_span,
        normalize_for_index,
        search_words,
        find_ids,
        classify_reason,
    ],
)
def test_hostile_texts_cost_in_proportion(work: Callable[[str], object], text: str) -> None:
    """Of whatever a relay or a person writes again and again."""
    assert grows_linearly(lambda size: work(text * size), 2000)


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
def test_what_people_type_costs_in_proportion(text: str) -> None:
    """Also where it is refused."""

    def typed(size: int) -> None:
        with suppress(Exception):
            parse_ids(text * size)
        unusual_ids(text * size)
        matching_choices([RECENT], text * size, WORDS, now=0.0)

    assert grows_linearly(typed, 1000)


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
def test_lyrics_are_split_in_proportion(text: str) -> None:
    """However short their pages are."""
    assert grows_linearly(lambda size: split_text(escape(text * size), 100), 1000)


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
def test_a_cut_text_costs_what_is_shown(text: str) -> None:
    """What is beyond the limit is not even looked at."""
    assert stays_flat(lambda size: escape(text * size, limit=100), 5000)


def hostile_task(size: int, text: str = "a\u200d*") -> Task:
    """Return a task as an earlier version may have stored it, with that much of everything."""
    clips = tuple(
        Clip(
            f"clip-{number}",
            title=text,
            status=ClipStatus.ERROR if number % 2 else ClipStatus.COMPLETE,
            audio_url=f"https://cdn1.suno.ai/{number}.mp3",
            audio_is_final=not number % 2,
            style=text * 50,
            lyrics=f"{number} {text * 50}",
            reason=f"{number} {text * 20}",
        )
        for number in range(size)
    )
    lyrics = Lyrics(text * 100 * size, title=text * size, style=text * size)
    task = Task("a-task", TaskStatus.SUCCESS, Outcome.PARTIAL, reason=text * size, clips=clips)
    return bounded(task if size % 2 else Task(task.id, task.status, task.outcome, lyrics=lyrics))


RENDERERS: dict[str, Callable[[Task], object]] = {
    "notice": lambda task: render_notice(task, EndReason.FINISHED, [1], WORDS),
    "simplified": lambda task: without_links(render_notice(task, EndReason.FINISHED, [1], WORDS)),
    "plain text": lambda task: as_plain_text(render_notice(task, EndReason.FINISHED, [1], WORDS)),
    "status": lambda task: status_message(task, WORDS, now=0.0),
    "page": lambda task: lyrics_page(task, 0, WORDS),
    "all pages": lambda task: lyrics_messages(task, WORDS),
}


@pytest.mark.parametrize("render", RENDERERS.values(), ids=RENDERERS)
@pytest.mark.parametrize("kind", [TaskKind.MUSIC, TaskKind.LYRICS])
def test_whatever_was_stored_is_shown_at_the_same_cost(
    render: Callable[[Task], object], kind: TaskKind
) -> None:
    """Many times as many clips, or as long lyrics, beyond the bounds change nothing."""
    tasks = {size: hostile_task(size + (kind is TaskKind.MUSIC)) for size in (500, 500 * GROWTH)}
    assert stays_flat(lambda size: render(tasks[size]), 500)


def answer(**task: Any) -> bytes:
    """Return a relay's answer with one task."""
    task = {"task_id": "a-task", "status": "SUCCESS"} | task
    return json.dumps({"code": "success", "data": [task]}).encode()


def nested(size: int) -> bytes:
    """Return objects inside each other."""
    return b'{"data":' * size + b"1" + b"}" * size


def texts_in_texts(size: int) -> bytes:
    """Return tasks in JSON texts, one beside the other."""
    inner = json.dumps({"task_id": "x", "data": json.dumps([{"audio_url": ""}] * 20)})
    return json.dumps({"data": [{"task_id": "a", "data": inner}] * (size // 100)}).encode()


BODIES: dict[str, Callable[[int], bytes]] = {
    "numbers": lambda n: b'{"code":"success","data":[' + b"0," * n + b"0]}",
    "empty objects": lambda n: b'{"code":"success","data":[' + b"{}," * n + b"{}]}",
    "lists": lambda n: b'{"code":"success","data":[' + b"[]," * n + b"[]]}",
    "tasks": lambda n: b'{"data":[' + b'{"task_id":"a","data":[]},' * n + b"{}]}",
    "clips": lambda n: answer(data=[{"audio_url": "https://a.b/c.mp3"}] * n),
    "tags": lambda n: answer(data=[{"audio_url": "", "metadata": {"tags": ["a"] * n}}]),
    "fields": lambda n: answer(**{f"field-{each}": each for each in range(n)}),
    "one long text": lambda n: answer(data={"text": "a\u200d" * n}),
    "one long number": lambda n: b'{"data":' + b"9" * n + b"}",
    "nested": nested,
    "texts in texts": texts_in_texts,
    "cut short": lambda n: answer(data=[{"audio_url": "x"}] * n)[:-5],
    "lone surrogates": lambda n: answer(data={"text": "\\ud83d" * n}).replace(b"\\\\u", b"\\u"),
    "blanks": lambda n: b" " * n + b"{}",
    "message": lambda n: json.dumps({"code": "x", "message": "task not " * n}).encode(),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_reading_costs_in_proportion_to_the_body(body: Callable[[int], bytes]) -> None:
    """Whatever shape it has, as a batch, as a single answer and as an error."""
    bodies = {size: body(size) for size in (250, 250 * GROWTH)}

    def read(size: int) -> None:
        for status in (200, 404):
            with suppress(RelayError):
                read_batch(status, None, bodies[size], ids=10)
            with suppress(RelayError):
                read_single("a-task", status, None, bodies[size])

    assert grows_linearly(read, 250)


@pytest.mark.parametrize("text", [b"\\", b"\\u0073", b"\\u005c", b"\\\\/", b"sk", b"\\u00"])
def test_a_key_is_searched_for_in_proportion(text: bytes) -> None:
    """Also where an answer is full of what looks like its beginning."""
    search = KeyFilter(SecretStr("sk/" * 20)).body
    assert grows_linearly(lambda size: search(text * size + b"\\u0073"), 2000)


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
def test_quotes_of_a_request_are_searched_for_in_proportion(text: str) -> None:
    """However often a relay and a request repeat the same."""

    def search(size: int) -> None:
        request = CreationRequest(CreationKind.CUSTOM, lyrics=text * size + "a")
        RequestQuotes(request).hide(text * size)

    assert grows_linearly(search, 500)


def test_an_answer_to_a_request_costs_in_proportion() -> None:
    """Also one with many messages, each of which may quote the request."""

    def read(size: int) -> None:
        objects: list[Any] = [{"message": "went wrong"}] * size
        while len(objects) > MAX_TASKS:
            objects = [
                {"data": objects[begin : begin + MAX_TASKS]}
                for begin in range(0, len(objects), MAX_TASKS)
            ]
        request = CreationRequest(CreationKind.CUSTOM, lyrics="la di da " * size)
        with suppress(RelayError):
            read_submission(200, json.dumps({"data": objects}).encode(), request)

    assert grows_linearly(read, 15)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_reading_a_bomb_takes_little_memory(body: Callable[[int], bytes]) -> None:
    """Eight MiB, the most that is taken off the wire, of anything."""
    size = 8 * MIB // max(1, len(body(1000)) // 1000)
    bomb = body(size)[: 8 * MIB]

    def read() -> None:
        with suppress(RelayError):
            read_batch(200, None, bomb, ids=100)

    assert peak_memory(read) < 200 * MIB


def test_everything_that_is_kept_of_a_task_is_bounded() -> None:
    """Clips, texts, labels and reasons, and all lyrics together."""
    clip = {
        "audio_url": "https://a.b/c.mp3",
        "title": "t" * 9999,
        "status": "error",
        "metadata": {"tags": "s" * 9999, "error_message": "r" * 9999},
    }
    clips = [clip | {"prompt": f"{number} " + "l" * 70_000} for number in range(100)]
    (song,) = read_tasks(200, None, answer(status="FAILURE", data=clips, fail_reason="f" * 9999))
    assert len(song.clips) == MAX_CLIPS
    assert len(song.reason) == MAX_REASON
    assert {len(each.title) for each in song.clips} == {MAX_LABEL}
    assert {len(each.style) for each in song.clips} == {MAX_LABEL}
    assert {len(each.reason) for each in song.clips} == {MAX_REASON}
    assert sum(len(each.lyrics) for each in song.clips) == MAX_ALL_LYRICS
    (written,) = read_tasks(200, None, answer(data={"text": "l" * 99_999, "title": "t" * 9999}))
    assert written.lyrics == Lyrics("l" * MAX_LYRICS, "t" * MAX_LABEL)


def test_clips_that_share_their_lyrics_all_keep_them() -> None:
    """Four versions of one long text are four versions of one long text."""
    clips = [{"audio_url": "https://a.b/c.mp3", "prompt": "l" * 60_000}] * 4
    (song,) = read_tasks(200, None, answer(data=clips))
    assert {len(each.lyrics) for each in song.clips} == {60_000}


def test_more_tasks_than_were_asked_for_are_refused() -> None:
    """A margin is for relays that tell of uninvited tasks."""
    tasks = [{"task_id": f"task-{number}", "data": None} for number in range(200)]
    body = json.dumps({"code": "success", "data": tasks}).encode()
    with pytest.raises(RelayError, match="refused"):
        read_batch(200, None, body, ids=100)
    assert len(read_batch(200, None, body, ids=150)) == 200


@pytest.mark.parametrize("title", ["\u200b", "\u3164", " \u2800 ", "\u202e\u2066", "\U000e0041"])
def test_a_title_of_invisible_characters_alone_is_no_title(title: str) -> None:
    """The title of the next clip counts then."""
    clips = [{"audio_url": "", "title": title}, {"audio_url": "", "title": "Harbour"}]
    (song,) = read_tasks(200, None, answer(data=clips))
    assert song.title == "Harbour"
