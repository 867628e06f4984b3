"""The text of a delivery keeps what may be added to it and what it is recognized by."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.delivery.rendering import render_delivery
from bot.relay.models import Task
from bot.storage.models import (
    Delivery,
    DeliveryPurpose,
    Destination,
    EndReason,
    MessageFormat,
    NoticeStyle,
    TaskEnd,
)
from bot.ui.notice import Notice, with_role_mention
from tests.support.builders import a_clip, a_song
from tests.support.hostile import TASKS, assert_fits

ROLE = 2**64 - 1
CHANNEL = 2**64 - 2
MANY_WATCHERS = tuple(2**64 - 3 - number for number in range(50))
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(TASKS, st.sampled_from(EndReason)), min_size=1, max_size=10),
    st.sampled_from((MANY_WATCHERS[:1], MANY_WATCHERS)),
    st.sampled_from(MessageFormat),
    st.sampled_from(NoticeStyle),
    st.sampled_from((None, CHANNEL)),
    st.sampled_from(("en-US", "zh-CN")),
)
def test_every_format_has_space_for_what_is_added(
    ends: list[tuple[Task, EndReason]],
    watchers: tuple[int, ...],
    message_format: MessageFormat,
    style: NoticeStyle,
    redirected_from: int | None,
    locale: str,
) -> None:
    """The mention of a role, or the channel for which it was: neither cuts its marker off."""
    delivery = delivery_of(
        ends, watchers, message_format, locale=locale, redirected_from=redirected_from
    )
    notice = render_delivery(delivery, style=style, possible_duplicate=True)
    assert_additions_fit(notice, redirected_from)


@pytest.mark.parametrize("width", range(1, 41))
def test_a_full_text_has_space_for_what_is_added(width: int) -> None:
    """Lines of most lengths fill the plain text to its end, in notices and in summaries."""
    titles = [a_song(f"song-{number}", clips=(a_clip(title="*" * width),)) for number in range(10)]
    lyrics = a_song(clips=(a_clip(lyrics="\n".join(["x" * width] * 900)),))
    for tasks in (titles, [lyrics]):
        ends = [(task, EndReason.FINISHED) for task in tasks]
        for redirected_from in (None, CHANNEL):
            delivery = delivery_of(
                ends, MANY_WATCHERS, MessageFormat.PLAIN, redirected_from=redirected_from
            )
            notice = render_delivery(delivery, style=NoticeStyle.FULL)
            assert_additions_fit(notice, redirected_from)


def delivery_of(
    ends: list[tuple[Task, EndReason]],
    watchers: tuple[int, ...],
    message_format: MessageFormat,
    *,
    redirected_from: int | None,
    locale: str = "en-US",
) -> Delivery:
    """Return the delivery about some tasks."""
    first, *others = (TaskEnd(*end) for end in ends)
    return Delivery(
        id=1,
        purpose=DeliveryPurpose.NOTICE,
        task=first.task,
        end_reason=first.end_reason,
        other_ends=tuple(others),
        still_running=3,
        destination=Destination(5, 6, locale),
        watchers=watchers,
        nonce="0123456789abcdef012345678",
        message_format=message_format,
        attempts=1,
        created_at=1.0,
        unconfirmed_since=None,
        reason=None,
        redirected_from=redirected_from,
        possible_duplicate=True,
    )


def assert_additions_fit(notice: Notice, redirected_from: int | None) -> None:
    """Fail unless a message names its channel, and takes the mention of a role uncut."""
    assert redirected_from is None or f"<#{redirected_from}>" in notice.content
    message = with_role_mention(notice, ROLE)
    assert_fits(message)
    assert message.content.endswith(notice.content)
