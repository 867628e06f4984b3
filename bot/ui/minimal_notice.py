"""Renders the minimal notice, for when Discord rejects every other format.

It contains only the bot's own sentences and the task id, which can be omitted too.
"""

from collections.abc import Sequence

from bot.i18n.catalog import Catalog
from bot.relay.models import Task
from bot.storage.models import EndReason
from bot.ui import task_text
from bot.ui.escaping import code_span
from bot.ui.limits import MAX_CONTENT
from bot.ui.notice import Notice, allowed_mentions_of
from bot.ui.notice_text import NoticeText, headline_without_title, mentions

_RESERVED = 750
"""Code points beside the mentions: the sentences, the id, and what the caller adds."""


def minimal_notice(
    task: Task,
    end_reason: EndReason,
    watchers: Sequence[int],
    catalog: Catalog,
    *,
    possible_duplicate: bool = False,
    with_id: bool = True,
) -> Notice:
    """Return what tells ``watchers`` (user ids) how their watch ended, without a word of a relay's.

    ``possible_duplicate`` adds that the same may have been posted before.
    """
    named, mentioned = mentions(tuple(dict.fromkeys(watchers)), MAX_CONTENT - _RESERVED, catalog)
    lines = [f"{named} {headline_without_title(NoticeText(task, end_reason, catalog))}".strip()]
    if possible_duplicate:
        lines.append(catalog.text("notice-repeat"))
    lines.append(catalog.text("notice-minimal-status" if with_id else "notice-minimal-history"))
    if with_id:
        lines.append(f"-# {code_span(task_text.marker(task))}")
    return Notice("\n".join(lines), (), (), allowed_mentions_of(mentioned))
