"""The replies to watching: grouped by outcome, by name, and saying where the result comes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.i18n.catalog import catalog_for
from bot.relay.models import Outcome, Task, TaskStatus
from bot.storage.errors import TooManyWatches
from bot.storage.models import (
    Destination,
    WatchOutcome,
    WatchRefusal,
    WatchRefusalReason,
    WatchReport,
    WatchResult,
)
from bot.ui.limits import MAX_CONTENT
from bot.ui.watch_replies import watch_reply
from bot.watches.task_ids import MAX_IDS
from tests.support.builders import a_clip, a_song
from tests.support.hostile import TEXTS

THERE = Destination(2**63, 2**63, "en-US")
LOCALES = ("en-US", "zh-CN")


def a_result(
    task_id: str, title: str = "", outcome: WatchOutcome = WatchOutcome.WATCHING
) -> WatchResult:
    """Return the result for a song."""
    return WatchResult(a_song(task_id, clips=(a_clip(title=title),)), outcome, message_id=2**63)


def a_report(*results: WatchResult, elsewhere: bool = False, private: bool = False) -> WatchReport:
    """Return a report of these results."""
    return WatchReport(results, THERE, elsewhere, private=private)


def test_tasks_with_one_outcome_share_a_line() -> None:
    """They are named by their titles, and by their ids where there are none."""
    english = catalog_for("en-US")
    report = a_report(
        a_result("1", "Harbour"),
        a_result("2"),
        a_result("3", "Tide", WatchOutcome.ALREADY),
    )
    told = english.text("watch-told-here", count=3)
    assert watch_reply(report, english).split("\n") == [
        english.text("watch-watching", tasks="**Harbour**, `2`", told="").strip(),
        english.text("watch-already", tasks="**Tide**", told=told),
    ]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_reply_says_only_once_where_the_results_come(locale: str) -> None:
    """Of those that are being made, and of those that have ended."""
    catalog = catalog_for(locale)
    failed = a_result("4", "Storm", WatchOutcome.FINISHED)
    failed = replace(failed, task=replace(failed.task, outcome=Outcome.FAILURE))
    results = (
        a_result("1", "Harbour"),
        a_result("2", "Tide", WatchOutcome.ALREADY),
        a_result("3", "Moon", WatchOutcome.FINISHED),
        failed,
    )
    text = watch_reply(a_report(*results), catalog)
    assert text.count(catalog.text("watch-told-here", count=2)) == 1
    assert text.count(catalog.text("watch-details-here")) == 1


def test_a_bracket_in_a_title_does_not_end_the_link_to_its_message() -> None:
    """The link to the posted message is for the whole title."""
    posted = a_result("song", "Sea] [Sky", WatchOutcome.POSTED)
    assert "[**Sea) (Sky**](https://discord.com/" in watch_reply(
        a_report(posted), catalog_for("en-US")
    )


@pytest.mark.parametrize("locale", LOCALES)
def test_a_reply_says_where_the_result_comes(locale: str) -> None:
    """Here, in another channel, or as a direct message."""
    catalog, result = catalog_for(locale), a_result("1", "Harbour")
    place = f"<#{THERE.channel_id}>"
    reports = {
        "here": a_report(result),
        "there": a_report(result, elsewhere=True),
        "private": a_report(result, private=True),
    }
    for where, report in reports.items():
        told = catalog.text(f"watch-told-{where}", count=1, place=place)
        assert watch_reply(report, catalog).endswith(told)


def test_a_reached_limit_names_the_refused_tasks() -> None:
    """The limit is explained once; nothing else is needed if every task is refused."""
    english = catalog_for("en-US")
    refused = [
        WatchResult(a_result(each).task, WatchOutcome.REFUSED, TooManyWatches(5))
        for each in ("2", "3")
    ]
    limit = english.text("watch-error-too-many", limit=5)
    assert watch_reply(a_report(*refused), english) == limit
    some = watch_reply(a_report(a_result("1"), *refused), english).split("\n")
    assert some[1:] == [english.text("watch-refused", tasks="`2`, `3`"), limit]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_refusal_says_where_the_bot_cannot_post(locale: str) -> None:
    """In this channel, in the one that the user named, or in the server's."""
    catalog = catalog_for(locale)
    here = WatchRefusal(WatchRefusalReason.BOT_CANNOT_POST, permissions=("send-messages",))
    there = replace(here, channel_id=7)
    refusals = (here, there, replace(there, channel_of_server=True))
    texts = [watch_reply(refusal, catalog) for refusal in refusals]
    assert len(set(texts)) == 3
    assert ["<#7>" in text for text in texts] == [False, True, True]
    assert all(catalog.text("permission-send-messages") in text for text in texts)


RESULTS = st.builds(
    WatchResult,
    task=st.builds(
        Task,
        id=st.just("x" * 191) | TEXTS.map(lambda text: text or "x"),
        status=st.just(TaskStatus.SUCCESS),
        outcome=st.sampled_from(Outcome),
        clips=st.builds(a_clip, title=st.just("*" * 200) | TEXTS).map(lambda clip: (clip,)),
    ),
    outcome=st.sampled_from([each for each in WatchOutcome if each is not WatchOutcome.REFUSED]),
    message_id=st.just(2**63),
)


@given(
    results=st.lists(RESULTS, min_size=1, max_size=MAX_IDS),
    elsewhere=st.booleans(),
    locale=st.sampled_from(LOCALES),
)
def test_ten_tasks_fit_in_one_message(
    results: list[WatchResult], *, elsewhere: bool, locale: str
) -> None:
    """Whatever became of them."""
    report = a_report(*results, elsewhere=elsewhere)
    assert len(watch_reply(report, catalog_for(locale))) <= MAX_CONTENT


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("outcome", sorted(set(WatchOutcome) - {WatchOutcome.REFUSED}))
def test_ten_long_titles_fit_in_one_message(outcome: WatchOutcome, locale: str) -> None:
    """Also where each is a link."""
    results = [a_result(f"{number}", "*" * 200, outcome) for number in range(MAX_IDS)]
    assert len(watch_reply(a_report(*results), catalog_for(locale))) <= MAX_CONTENT
