"""Compares the replies that users got with the notices that arrived.

Pure: the audit knows the users' commands with their replies, how the relay really ended each task,
and the messages that stand in channels. It reads no records of the bot.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from tests.e2e.chaos.expected_results import ExpectedResult
from tests.e2e.chaos.messages import PostedMessage
from tests.e2e.chaos.user_actions import Command, ReplyKind, UserAction

Key = tuple[str, int, int]
"""A task, a channel and a user."""


@dataclass(slots=True)
class _NoticeRange:
    """How many notices of a task a user must at least and may at most get in a channel."""

    least: int = 0
    most: int = 0
    actions: list[UserAction] = field(default_factory=list)

    def apply(self, action: UserAction) -> None:
        """Change the range by what an action and its reply promise."""
        acted_before = bool(self.actions)
        self.actions.append(action)
        if action.command is Command.FORGET:
            self.least = 0
            return
        least, most = _CHANGES[action.command, action.reply_kind]
        if action.reply_kind is ReplyKind.FINISHED and acted_before:
            least = 0  # it may have joined the notice of an earlier watch
        self.least = max(self.least + least, 0)
        self.most = max(self.most + most, 0)


_CHANGES: dict[tuple[Command, ReplyKind], tuple[int, int]] = defaultdict(
    lambda: (0, 0),
    {
        (Command.WATCH, ReplyKind.WATCHING): (1, 1),
        (Command.WATCH, ReplyKind.FINISHED): (1, 1),
        (Command.WATCH, ReplyKind.UNKNOWN): (0, 1),
        (Command.UNWATCH, ReplyKind.STOPPED): (-1, -1),
        (Command.UNWATCH, ReplyKind.UNKNOWN): (-1, 0),
    },
)
"""By how much an action changes the minimum and the maximum of notices."""


@dataclass(frozen=True, slots=True)
class AuditResult:
    """The violations of the guarantee that an audit found."""

    lost: tuple[str, ...]
    duplicated: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def violations(self) -> tuple[str, ...]:
        """All violations, a line each."""
        return (*self.lost, *self.duplicated, *self.wrong)


def audit(
    results: Sequence[ExpectedResult],
    actions: Sequence[UserAction],
    messages: Sequence[PostedMessage],
    *,
    moderated: bool = False,
) -> AuditResult:
    """Return which notices are lost, duplicated or wrong.

    ``actions`` are in the order of their creation. ``moderated`` tells whether Discord ever refused
    a text of the relay.
    """
    channel_ids = {action.channel_id for action in actions}
    ranges = _notice_ranges(actions)
    arrived: dict[Key, list[PostedMessage]] = defaultdict(list)
    wrong: list[str] = []
    notices: dict[_Place, int] = defaultdict(int)
    for message in (each for each in messages if not each.is_live_card):
        channel_id = message.original_channel(channel_ids)
        claims = _possible_claims(results, ranges, message, channel_id)
        errors = [_errors_in(message, each, channel_id, moderated=moderated) for each in claims]
        fewest = min(map(len, errors))
        wrong += next(found for found in errors if len(found) == fewest)
        task_id = next((each.task_id for each in results if each.task_id in message.text), None)
        if task_id is None or message.is_held_notice:
            continue
        true = [each.result for each, found in zip(claims, errors, strict=True) if not found]
        if len(true) == 1 and true[0] is not None:
            notices[task_id, channel_id, true[0].relay] += channel_id == message.channel_id
        for user_id in message.mentioned:
            arrived[task_id, channel_id, user_id].append(message)
    lost, duplicated = _compare_counts(ranges, arrived)
    duplicated += _find_split_notices(results, actions, notices)
    return AuditResult(tuple(lost), tuple(duplicated), tuple(wrong))


_Place = tuple[str, int, str]
"""A task, a channel and the relay of the task."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a message may be about."""

    result: ExpectedResult | None
    """``None``: no task that those whom the message mentions could watch."""
    may_be_disconnected: bool = False


def _possible_claims(
    results: Sequence[ExpectedResult],
    ranges: dict[Key, "_NoticeRange"],
    message: PostedMessage,
    channel_id: int,
) -> list[_Claim]:
    """Return the tasks that a message may be about: several relays may have one with its id.

    That is one at a relay that everybody whom the message mentions may have used.
    """
    named = [result for result in results if result.task_id in message.text]
    watches = [
        [each for each in ranges[key].actions if each.command is Command.WATCH]
        for user_id in message.mentioned
        if (key := (named[0].task_id if named else "", channel_id, user_id)) in ranges
    ]
    relays = [frozenset().union(*(each.relays for each in of_user)) for of_user in watches]
    disconnected = any(each.may_be_disconnected for of_user in watches for each in of_user)
    claims = [
        _Claim(each, disconnected) for each in named if all(each.relay in own for own in relays)
    ]
    return claims or [_Claim(None)]


def _notice_ranges(actions: Sequence[UserAction]) -> dict[Key, _NoticeRange]:
    ranges: dict[Key, _NoticeRange] = defaultdict(_NoticeRange)
    for action in actions:
        for key in _affected_keys(action, ranges):
            ranges[key].apply(action)
    return ranges


def _affected_keys(action: UserAction, known: Collection[Key]) -> list[Key]:
    """Return whose ranges an action changes.

    ``/suno unwatch`` applies to all channels, ``/suno forget`` to all tasks, too.
    """
    if action.command is Command.WATCH:
        return [(action.task_id, action.channel_id, action.user_id)]
    if action.command is Command.FORGET:
        return [key for key in known if key[2] == action.user_id]
    return [key for key in known if (key[0], key[2]) == (action.task_id, action.user_id)]


def _errors_in(
    message: PostedMessage, claim: _Claim, channel_id: int, *, moderated: bool
) -> list[str]:
    """Return what is untrue in a message that is meant for a channel, a line each."""
    errors = [*_content_errors(message, claim)]
    if message.is_possible_duplicate and channel_id == message.channel_id:
        # Only the history of a deleted channel cannot be searched for the first message.
        errors.append("a message that claims to be a possible duplicate in a readable channel")
    if message.is_minimal and not moderated:
        errors.append("a minimal notice although Discord refused nothing")
    return [f"{error}: {message.content!r}" for error in errors]


def _content_errors(message: PostedMessage, claim: _Claim) -> Iterator[str]:
    result = claim.result
    if message.is_held_notice:
        if message.mentioned:
            yield "a held notice that mentions somebody"
        return
    if result is None:
        yield "a message about no task that anybody watched"
        return
    notice = f"a notice of {result.task_id}"
    if not message.mentioned:
        yield f"{notice} that mentions nobody"
    if any(f"<@{user_id}>" not in message.content for user_id in message.mentioned):
        yield f"{notice} that notifies a user without naming them"
    if claim.may_be_disconnected and _says_disconnected(message, result):
        return
    headlines = result.minimal_headlines if message.is_minimal else result.headlines
    if not any(headline in message.content for headline in headlines):
        yield f"{notice} that does not say {headlines[0]!r}"
    missing = [text for text in result.required_texts if text not in message.text]
    if missing and not message.is_minimal:
        yield f"{notice} without {missing}"
    if "audiopipe" in message.text or "None.mp3" in message.text:
        yield f"{notice} with a temporary or broken link"


def _says_disconnected(message: PostedMessage, result: ExpectedResult) -> bool:
    headlines = result.disconnected_headlines(minimal=message.is_minimal)
    return any(headline in message.content for headline in headlines)


def _compare_counts(
    ranges: dict[Key, _NoticeRange], arrived: dict[Key, list[PostedMessage]]
) -> tuple[list[str], list[str]]:
    """Return a line for each user with too few notices, and for each with too many."""
    lost, duplicated = [], []
    for key in sorted({*ranges, *arrived}):
        expected, messages = ranges.get(key, _NoticeRange()), arrived.get(key, [])
        count = len(messages)
        certain = sum(not message.is_possible_duplicate for message in messages)
        actions = "; ".join(map(str, expected.actions)) or "never watched"
        line = f"{count} notices to {key}, not {expected.least} to {expected.most} ({actions})"
        if count < expected.least:
            lost.append(line)
        if max(certain, min(count, 1)) > expected.most:
            duplicated.append(line)
    return lost, duplicated


def _find_split_notices(
    results: Sequence[ExpectedResult],
    actions: Sequence[UserAction],
    notices: dict[_Place, int],
) -> list[str]:
    """Return a line for each channel whose users got several notices instead of a common one."""
    results_by_key = {(result.task_id, result.relay): result for result in results}
    watching: dict[tuple[str, int], list[UserAction]] = defaultdict(list)
    for action in actions:
        if action.command is Command.WATCH:
            watching[action.task_id, action.channel_id].append(action)
    return [
        f"{notices[key]} messages to {key} instead of one: {'; '.join(map(str, watching[key[:2]]))}"
        for key in sorted(notices)
        if notices[key] > 1
        and all(
            _is_before_end(results_by_key[key[0], key[2]], action) for action in watching[key[:2]]
        )
    ]


def _is_before_end(result: ExpectedResult, action: UserAction) -> bool:
    """Whether a command was certainly handled before the watches of the task could end."""
    certain = action.reply_kind in (
        *(ReplyKind.WATCHING, ReplyKind.ALREADY_WATCHING, ReplyKind.NOT_WATCHING),
    )
    if not certain or action.replied_at is None or result.ends_at is None:
        return False
    return action.replied_at < result.ends_at and not action.may_be_disconnected
