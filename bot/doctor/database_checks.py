"""Checks the database: its schema, whether a bot works with it, and what is queued in it."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from bot.doctor.account_checks import check_accounts
from bot.doctor.file_checks import (
    check_file,
    check_integrity,
    check_space,
    describe_unreadable_file,
)
from bot.doctor.formatting import format_count, format_duration, format_size
from bot.doctor.postgres_checks import check_server, describe_unreadable_server
from bot.doctor.report import Area, CheckResult, CheckResults, Reporter
from bot.doctor.settings_report import SettingsReport
from bot.doctor.thresholds import Thresholds
from bot.storage.account_rows import is_connected
from bot.storage.database_errors import DatabaseUnusable
from bot.storage.database_facts import DatabaseCounts, SchemaFacts
from bot.storage.inspection import UNREADABLE, inspect_database
from bot.storage.sqlite.file import resolve_database_path

_reporter = Reporter(Area.DATABASE)

MAX_LISTED_ROWS = 10
"""Unreadable rows that are listed by id."""


async def check_database(
    settings_report: SettingsReport, time_limit: float, thresholds: Thresholds
) -> CheckResults:
    """Yield what the database shows: a file and its folder, or a server. Nothing is written."""
    if wrong := settings_report.unusable_database:
        advice = f"Fix {wrong} first."
        yield _reporter.warning("file", text="The database was not checked", advice=advice)
        return
    location = settings_report.settings.database
    results: list[CheckResult] = []
    if isinstance(location, Path):
        location = resolve_database_path(location)
        results = list(check_file(location))
    results = results or await asyncio.to_thread(
        _check_contents, location, settings_report, time_limit, thresholds
    )
    for result in results:
        yield result
    if isinstance(location, Path):
        yield check_space(location, thresholds)


def _check_contents(
    location: Path | str, settings_report: SettingsReport, time_limit: float, thresholds: Thresholds
) -> list[CheckResult]:
    try:
        facts = inspect_database(location, time_limit, settings_report.account_access)
    except UNREADABLE as error:
        return [_describe_unreadable(location, error)]
    file = _reporter.ok("file", text=f"{facts.location} ({format_size(facts.size)})")
    results = [file]
    if facts.server:
        results += check_server(facts.server, facts.schema, thresholds)
    if facts.schema:
        results.append(_check_schema(facts.schema, in_use=facts.in_use))
    if not facts.server:
        results.append(check_integrity(facts))
    if facts.counts:
        results += _check_progress(facts.counts, facts.in_use, time.time(), thresholds)
        results += _check_undelivered(facts.counts)
        results += _check_other_relays(facts.counts, settings_report.relay_name)
        results += _check_changed_access(facts.counts)
        keys_are_known = not settings_report.unusable("ENCRYPTION_KEY")
        results += check_accounts(facts.counts.accounts, keys_are_known=keys_are_known)
    return results


def _describe_unreadable(location: Path | str, error: Exception) -> CheckResult:
    if isinstance(error, DatabaseUnusable):
        return describe_unreadable_server(error)
    return describe_unreadable_file(Path(location), error)


def _check_schema(schema: SchemaFacts, *, in_use: bool) -> CheckResult:
    if schema.unknown:
        text = f"A newer version of the bot has changed the schema ({', '.join(schema.unknown)})"
        advice = "Run that version or a later one, or restore the copy made before the upgrade."
        return _reporter.problem("schema", text=text, advice=advice)
    if schema.foreign:
        text = "The database belongs to another program"
        return _reporter.problem("schema", text=text, advice=_FOREIGN)
    pending = ", ".join(schema.pending)
    if pending and in_use and schema.applied:
        text = f"The running bot is older than this program ({pending} pending)"
        return _reporter.warning("schema", text=text, advice="Restart the bot.")
    if pending:
        steps = format_count(len(schema.pending), "migration")
        return _reporter.ok("schema", text=f"{steps} pending: the next start applies them")
    return _reporter.ok("schema", text=f"The schema is of this version ({schema.applied[-1]})")


_FOREIGN = "Give DATABASE_PATH a file of its own, or DATABASE_URL a database of its own."


def _check_progress(
    counts: DatabaseCounts, in_use: bool, now: float, thresholds: Thresholds
) -> Iterator[CheckResult]:
    """Report whether a bot runs on the database, and whether it polls and delivers."""
    poll_delay = now - (counts.polled_at or now)
    notice_delay = now - (counts.overdue_since or now)
    tasks = f"{format_count(counts.running, 'task')} watched"
    queues = f"{tasks}, {format_count(counts.due, 'notice')} waiting"
    if not in_use and counts.running + counts.due:
        text = f"No bot is running on it; {queues}"
        yield _reporter.warning("bot", text=text, advice="Start the bot: people are waiting.")
    elif in_use and counts.running and poll_delay > thresholds.poll_delay:
        duration = format_duration(poll_delay)
        text = f"The running bot has polled no task for {duration}; {queues}"
        advice = "See the results for the relay below, and the log of the bot."
        yield _reporter.warning("bot", text=text, advice=advice)
    else:
        text = f"{'A' if in_use else 'No'} bot is running on it; {queues}"
        yield _reporter.ok("bot", text=text)
    if in_use and notice_delay > thresholds.notice_delay:
        text = f"The oldest notice has been waiting for {format_duration(notice_delay)}"
        advice = "See the results for Discord below, and the log of the bot."
        yield _reporter.warning("notices", text=text, advice=advice)


def _check_undelivered(counts: DatabaseCounts) -> Iterator[CheckResult]:
    """Report notices that could not be posted where they belong."""
    if counts.held:
        text = (
            f"{format_count(counts.held, 'notice')} held: Discord accepts no message in the channel"
        )
        advice = "See the channels above; run `doctor why TASK_ID` for the reason of one."
        yield _reporter.warning("held", text=text, advice=advice)
    if counts.quarantined:
        rows = ", ".join(map(str, counts.quarantined[:MAX_LISTED_ROWS]))
        notices = format_count(len(counts.quarantined), "notice")
        text = f"{notices} unreadable and quarantined: row {rows}"
        advice = "They are not sent. The log names their tasks; a restart tries them again."
        yield _reporter.warning("quarantined", text=text, advice=advice)
    if counts.dropped:
        notices = format_count(counts.dropped, "notice")
        text = f"{notices} sent as a direct message instead: the channel is gone"
        yield _reporter.ok("dropped", text=text)
    if counts.unreachable:
        notices = format_count(counts.unreachable, "notice")
        text = f"{notices} not delivered: the person accepts no direct messages"
        yield _reporter.ok("unreachable", text=text)


def _check_other_relays(counts: DatabaseCounts, relay: str | None) -> Iterator[CheckResult]:
    """Report tasks at other relays than the one that the bot is set to use."""
    others = {
        account: running
        for account, running in counts.by_account.items()
        if account != relay and not is_connected(account)
    }
    if relay is not None and others:
        setting, value = ("SUNO_RELAY", relay) if relay else ("SUNO_API_KEY", "empty")
        tasks = (f"{format_count(running, 'task')} of {name}" for name, running in others.items())
        text = f"Neither polled nor delivered while {setting} is {value}: {', '.join(tasks)}"
        advice = f"To have them delivered, set {setting} back until they have ended."
        yield _reporter.warning("elsewhere", text=text, advice=advice)


def _check_changed_access(counts: DatabaseCounts) -> Iterator[CheckResult]:
    """Report tasks that the relay has not returned since the key or the URL was changed."""
    if counts.other_key:
        text = (
            f"{format_count(counts.other_key, 'task')} not returned by the relay, which returned"
            " them under another SUNO_API_KEY or SUNO_BASE_URL: they wait until their deadline"
        )
        advice = "To have them delivered, set back what was changed until they have ended."
        yield _reporter.warning("other_key", text=text, advice=advice)
