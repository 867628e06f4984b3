"""Checks the relay accounts that servers and users have connected; asks no relay of theirs."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence

from bot.doctor.formatting import format_count, format_duration
from bot.doctor.report import Area, CheckResult, Reporter
from bot.storage.account_facts import AccountFacts, KeyProblem

_reporter = Reporter(Area.DATABASE)

MAX_LISTED_ACCOUNTS = 10
"""Accounts that are listed by id in one result."""


def check_accounts(
    accounts: Sequence[AccountFacts], *, keys_are_known: bool
) -> Iterator[CheckResult]:
    """Yield how many accounts are connected, and those that cannot be used.

    ``keys_are_known``: whether the setting ``ENCRYPTION_KEY`` can be read at all.
    """
    if not accounts:
        return
    by_relay = Counter(each.account.relay for each in accounts).most_common()
    relays = ", ".join(f"{relay} {count}" for relay, count in by_relay)
    text = f"{format_count(len(accounts), 'relay account')} connected: {relays}"
    yield _reporter.ok("accounts", text=text)
    unreadable = [each for each in accounts if each.key_problem is KeyProblem.UNREADABLE]
    if unreadable and keys_are_known:
        text = f"No key in ENCRYPTION_KEY decrypts the keys of {_listed(unreadable)}"
        yield _reporter.problem("account_keys", text=text, advice=_UNREADABLE)
    if rejected := [each for each in accounts if each.key_problem is KeyProblem.REJECTED]:
        text = f"The relay rejects the keys of {_listed(rejected)}"
        yield _reporter.warning("account_rejected", text=text, advice=_REJECTED)
    if waiting := [each for each in accounts if each.other_key]:
        count = format_count(sum(each.other_key for each in waiting), "task")
        text = f"{count} not returned since the key was replaced: {_listed(waiting)}"
        yield _reporter.warning("account_other_key", text=text, advice=_OTHER_KEY)


_UNREADABLE = (
    "Add the key that they were encrypted with to ENCRYPTION_KEY, after a comma. If it is lost, the"
    " owners have to enter their keys again (docs/operating.md)."
)
_REJECTED = (
    "Nothing is for you to do: who connected an account was told by direct message, and its watches"
    " go on once the key is replaced."
)
_OTHER_KEY = (
    "They wait until their deadline, or until the account has the key that made them again."
)


def _listed(accounts: Sequence[AccountFacts]) -> str:
    """Name accounts by their ids, with the tasks that wait for them; those with most first."""
    ordered = sorted(accounts, key=lambda each: each.running, reverse=True)
    named = [_named(each) for each in ordered[:MAX_LISTED_ACCOUNTS]]
    if more := len(ordered) - len(named):
        named.append(f"{more} more")
    return ", ".join(named)


def _named(facts: AccountFacts) -> str:
    details = [facts.account.relay]
    if facts.account.rejected_since is not None and facts.key_problem is KeyProblem.REJECTED:
        details.append(f"for {format_duration(time.time() - facts.account.rejected_since)}")
    if facts.running:
        details.append(f"{format_count(facts.running, 'task')} watched")
    return f"{facts.account.id} ({', '.join(details)})"
