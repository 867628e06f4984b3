"""What kind of message of the bot's it is, by what people see of it."""

import re
from itertools import product

from bot.i18n.catalog import catalog_for
from tests.simulation.discord_state import Message
from tests.support.replies import with_plain_commands
from tests.support.seen_messages import looks_like_card

_WORDS = catalog_for("en-US")


def _pattern(key: str) -> str:
    """Return a pattern for all forms of a sentence with counts."""
    forms = {
        _WORDS.text(key, kind=kind, ready=ready, total=total)
        for kind, ready, total in product(("music", "lyrics", "task"), range(11), range(2, 11))
    }
    return "|".join(map(re.escape, sorted(forms)))


SUMMARY_KEYS = ("summary-all-ready", "summary-some-ready", "summary-none-ready")
_SUMMARY = re.compile(rf"(?:^|> )(?:{'|'.join(map(_pattern, SUMMARY_KEYS))})$")


def is_card(message: Message) -> bool:
    """Whether it shows how tasks are doing."""
    return looks_like_card(message.content, message.text, message.pinged)


def is_held_notice(message: Message) -> bool:
    """Whether it only says that a notice is held."""
    kept = with_plain_commands(_WORDS.text("held-notice-kept"))
    return kept in with_plain_commands(message.content)


def is_minimal(message: Message) -> bool:
    """Whether it tells how a task ended and nothing more, for Discord refused all else."""
    least = ("notice-minimal-status", "notice-minimal-history")
    content = with_plain_commands(message.content)
    return any(with_plain_commands(_WORDS.text(key)) in content for key in least)


def is_notice(message: Message) -> bool:
    """Whether it tells how a task ended."""
    return not is_card(message) and not is_held_notice(message)


def is_summary(message: Message) -> bool:
    """Whether it tells how several tasks ended."""
    return any(_SUMMARY.search(line) for line in message.content.split("\n"))


def is_possible_duplicate(message: Message) -> bool:
    """Whether it says that it may have been posted before."""
    return _WORDS.text("notice-possible-duplicate") in message.content


def speaks_for(message: Message, channel_id: int) -> bool:
    """Whether it is there in place of a message in another channel, which cannot be posted to."""
    return _WORDS.text("notice-instead", place=f"<#{channel_id}>") in message.content
