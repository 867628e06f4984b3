"""What a person is told who asked to watch some tasks."""

from discord.utils import format_dt

from bot.i18n.catalog import Catalog
from bot.storage.models import (
    Destination,
    WatchOutcome,
    WatchRefusal,
    WatchRefusalReason,
    WatchReport,
    WatchResult,
)
from bot.ui.error_texts import error_text
from bot.ui.escaping import code_span

_TEXTS = {
    WatchOutcome.WATCHING: "watch-watching",
    WatchOutcome.ALREADY: "watch-already",
    WatchOutcome.FINISHED: "watch-finished",
    WatchOutcome.POSTED: "watch-posted",
    WatchOutcome.SENDING: "watch-on-its-way",
    WatchOutcome.HELD: "watch-held",
    WatchOutcome.UNKNOWN: "watch-unknown",
    WatchOutcome.NOT_ASKED: "watch-unseen",
    WatchOutcome.UNCHECKED: "watch-unchecked",
    WatchOutcome.MISCONFIGURED: "watch-unreachable",
}
_TEXTS_OF_FAILED_TASKS = {
    WatchOutcome.FINISHED: "watch-failed",
    WatchOutcome.POSTED: "watch-failed-posted",
    WatchOutcome.SENDING: "watch-failed-on-its-way",
    WatchOutcome.HELD: "watch-failed-held",
}
_REFUSALS = {
    WatchRefusalReason.ROLE_MISSING: "watch-role-missing",
    WatchRefusalReason.BOT_IS_GUEST: "watch-only-for-you",
    WatchRefusalReason.BOT_CANNOT_POST: "watch-no-permission",
    WatchRefusalReason.MEMBER_CANNOT_POST: "watch-not-yours",
    WatchRefusalReason.PRIVATE_THREAD: "watch-private-thread",
    WatchRefusalReason.NO_COMMON_SERVER: "watch-no-common-server",
    WatchRefusalReason.NO_DIRECT_MESSAGES: "watch-no-direct-message",
}


def watch_reply(answer: WatchReport | WatchRefusal, catalog: Catalog) -> str:
    """Return the text that answers a request to watch tasks."""
    if isinstance(answer, WatchRefusal):
        return _refusal(answer, catalog)
    lines = [_result(result, answer, catalog) for result in answer.results]
    if answer.card_limited_until:
        lines.append(catalog.text("watch-no-card", time=format_dt(answer.card_limited_until, "R")))
    return "\n".join(dict.fromkeys(lines))  # one line for a limit, however many tasks it refused


def _refusal(refusal: WatchRefusal, catalog: Catalog) -> str:
    text = catalog.text(
        _REFUSALS[refusal.reason],
        roles=catalog.listed(f"<@&{role_id}>" for role_id in refusal.role_ids),
        permissions=catalog.listed(
            catalog.text(f"permission-{name}") for name in refusal.permissions
        ),
        channel=f"<#{refusal.channel_id}>",
    )
    unsent = (
        catalog.text(
            "watch-failed-unsent" if each.failed else "watch-finished-unsent",
            id=code_span(each.task.id),
        )
        for each in refusal.finished
    )
    return "\n".join([text, *unsent])


def _result(result: WatchResult, report: WatchReport, catalog: Catalog) -> str:
    if result.error:
        return error_text(result.error, catalog)
    keys = _TEXTS | _TEXTS_OF_FAILED_TASKS if result.failed else _TEXTS
    text = catalog.text(
        keys[result.outcome],
        id=code_span(result.task.id),
        link=_message_link(report.destination, result.message_id),
    )
    if report.elsewhere and result.outcome.is_pending:
        place = f"<#{report.destination.channel_id}>"
        return catalog.text("watch-elsewhere", text=text, place=place)
    return text


def _message_link(destination: Destination, message_id: int | None) -> str:
    server = destination.guild_id or "@me"
    return f"https://discord.com/channels/{server}/{destination.channel_id}/{message_id}"
