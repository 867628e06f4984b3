from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.i18n.catalog import catalog_for
from bot.relay.models import TaskKind
from bot.storage.models import CreationState
from bot.ui.escaping import code_span
from sandbox.relay import RecordedSubmission
from tests.e2e.chaos.audit import AuditResult, audit
from tests.e2e.chaos.creation_audit import Intent, StoredCreation, audit_creations
from tests.e2e.chaos.expected_results import ExpectedResult
from tests.e2e.chaos.messages import PostedMessage
from tests.e2e.chaos.plan import nonce_window, plan
from tests.e2e.chaos.runner import run_chaos
from tests.e2e.chaos.user_actions import Command, UserAction
from tests.support.task_endings import TaskEnding

ADA, BEA = 11, 12
CHANNEL, OTHER_CHANNEL = 21, 22
CATALOG = catalog_for("en-US")
LINK = "https://cdn1.suno.ai/clip.mp3"
RESULT = ExpectedResult(
    "song-1", TaskEnding.SONG, 100.0, title="Paper Boats", required_texts=(LINK,)
)


def an_action(key: str = "watch-watching", **changes: object) -> UserAction:
    """Return Ada's command for the song, with the reply of a key of the catalogue."""
    action = UserAction(Command.WATCH, RESULT.task_id, ADA, CHANNEL, created_at=1.0, replied_at=2.0)
    action = replace(action, **changes)  # type: ignore[arg-type] # fields by name, each of its own type
    if key:
        told = CATALOG.text("watch-told-here", count=1)
        details = CATALOG.text("watch-details-here")
        tasks = code_span(RESULT.task_id)
        action.reply = CATALOG.text(key, count=1, tasks=tasks, told=told, details=details)
    return action


def a_notice(*user_ids: int, says: str = "", **changes: object) -> PostedMessage:
    """Return a true notice of the song that mentions some users, with changes."""
    mentions = " ".join(f"<@{user_id}>" for user_id in user_ids)
    content = f"{mentions} {says or RESULT.headlines[0]}"
    text = f"{content} {LINK} ♪ {RESULT.task_id}"
    notice = PostedMessage(CHANNEL, content, text, frozenset(user_ids))
    return replace(notice, **changes)  # type: ignore[arg-type] # a test names real fields


def audited(
    actions: Sequence[UserAction], *messages: PostedMessage, moderated: bool = False
) -> AuditResult:
    """Return the result of auditing some messages about the song."""
    return audit([RESULT], actions, messages, moderated=moderated)


def test_the_audit_accepts_one_true_notice() -> None:
    """A true notice for the only watch violates nothing."""
    assert audited([an_action()], a_notice(ADA)).violations == ()


def test_the_audit_finds_lost_notices() -> None:
    """A confirmed watch without a notice is a loss."""
    assert len(audited([an_action()]).lost) == 1


def test_the_audit_finds_users_whom_a_notice_does_not_mention() -> None:
    """A notice that mentions one of two watchers is lost for the other."""
    result = audited([an_action(), an_action(user_id=BEA)], a_notice(ADA))
    assert len(result.lost) == 1
    assert str(BEA) in result.lost[0]


def test_the_audit_finds_duplicated_notices() -> None:
    """Two notices for one watch are a duplicate."""
    assert audited([an_action()], a_notice(ADA), a_notice(ADA)).duplicated


def test_the_audit_finds_notices_that_are_split_by_user() -> None:
    """Users who watched a task in one channel from the beginning get one common notice."""
    actions = [an_action(), an_action(user_id=BEA)]
    assert audited(actions, a_notice(ADA, BEA)).violations == ()
    assert audited(actions, a_notice(ADA), a_notice(BEA)).duplicated


def test_the_audit_finds_mentions_of_users_who_did_not_watch() -> None:
    """A notice that also mentions a user without a watch is a duplicate for that user."""
    assert audited([an_action()], a_notice(ADA, BEA)).duplicated


def test_the_audit_finds_notices_after_unwatching() -> None:
    """A notice is a duplicate after a reply that promised none."""
    unwatched = an_action("unwatch-done", command=Command.UNWATCH)
    assert audited([an_action(), unwatched]).violations == ()
    assert audited([an_action(), unwatched], a_notice(ADA)).duplicated


@pytest.mark.parametrize(
    "message",
    [
        a_notice(ADA, says=CATALOG.text("notice-failed", titled="no", title="", kind="music")),
        a_notice(ADA, text="song-1, but no link"),
        a_notice(ADA, text=f"song-1 {LINK} https://audiopipe.suno.ai/?item_id=clip"),
        replace(a_notice(ADA), content=RESULT.headlines[0]),
        replace(a_notice(ADA), mentioned=frozenset()),
        a_notice(ADA, says=f"{RESULT.headlines[0]} {CATALOG.text('notice-possible-duplicate')}"),
        a_notice(ADA, text="about another song", content="about another song"),
    ],
    ids=["outcome", "no link", "stream", "not named", "no mention", "duplicate", "other task"],
)
def test_the_audit_finds_untrue_messages(message: PostedMessage) -> None:
    """Each kind of error in a message makes it wrong."""
    assert audited([an_action()], message).wrong


def test_the_audit_accepts_minimal_notices_only_after_a_refusal_by_discord() -> None:
    """A minimal notice is wrong if Discord refused nothing, or if it is untrue."""
    note = CATALOG.text("notice-minimal-status")
    text = f"without a link, about {RESULT.task_id}"
    lyrics = CATALOG.text("notice-lyrics-done", title="", titled="no")
    true = a_notice(ADA, says=f"{RESULT.minimal_headlines[0]}\n{note}", text=text)
    untrue = a_notice(ADA, says=f"{lyrics}\n{note}", text=text)
    assert audited([an_action()], true, moderated=True).violations == ()
    assert audited([an_action()], true).wrong
    assert audited([an_action()], untrue, moderated=True).wrong


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_audit_allows_one_notice_or_none_without_a_reply(count: int) -> None:
    """A watch without a reply may exist or not; two notices are too many in any case."""
    result = audited([an_action("")], *[a_notice(ADA)] * count)
    assert bool(result.violations) == (count == 2)


def test_the_audit_counts_a_direct_message_for_the_channel_that_it_replaces() -> None:
    """A direct message that names a deleted channel counts as the notice of that channel."""
    instead = CATALOG.text("notice-instead", place=f"<#{CHANNEL}>")
    direct = a_notice(ADA, says=f"{RESULT.headlines[0]}\n{instead}", channel_id=OTHER_CHANNEL)
    assert audited([an_action()], direct).violations == ()
    assert audited([an_action()], direct, a_notice(ADA)).duplicated


def test_the_audit_counts_neither_held_notices_nor_live_cards() -> None:
    """Only the notice of a task ends its watch."""
    held_notice = PostedMessage(OTHER_CHANNEL, CATALOG.text("held-notice-kept"), RESULT.task_id)
    live_card = PostedMessage(CHANNEL, "", "it is being made")
    assert audited([an_action()], a_notice(ADA), held_notice, live_card).violations == ()
    assert audited([an_action()], held_notice, live_card).lost


def test_the_audit_allows_a_second_notice_for_a_second_watch_of_a_finished_song() -> None:
    """The second watch may also join the notice of the first."""
    actions = [an_action(), an_action("watch-finished")]
    for count in (1, 2):
        assert audited(actions, *[a_notice(ADA)] * count).violations == ()
    assert audited(actions, *[a_notice(ADA)] * 3).duplicated


def test_discord_recognizes_a_nonce_for_one_to_five_minutes() -> None:
    """Each seed has its own nonce window, the same in every run."""
    windows = [nonce_window(seed) for seed in range(50)]
    assert windows == [nonce_window(seed) for seed in range(50)]
    assert 60 <= min(windows) < 90
    assert 270 < max(windows) <= 300


def test_a_seed_means_the_same_rounds_in_every_plan() -> None:
    """A longer plan begins with the rounds of a shorter one of the same seed."""
    assert plan(7, 20) == plan(7, 30)[:20]
    assert plan(7, 20) != plan(8, 20)


FIRST = replace(RESULT, relay="first")
SECOND = replace(
    RESULT, relay="second", title="City Windows", required_texts=("https://cdn1.suno.ai/other.mp3",)
)


def test_the_audit_finds_the_song_of_another_account() -> None:
    """Two relays have a song with the same id: true is only that of an account Ada could use."""
    ada = an_action(relays=frozenset({"first"}))
    bea = an_action(user_id=BEA, relays=frozenset({"second"}))
    of_first, of_second = (
        a_notice(ADA, says=each.headlines[0], text=f"{RESULT.task_id} {each.required_texts}")
        for each in (FIRST, SECOND)
    )
    assert audit([FIRST, SECOND], [ada], [of_first]).violations == ()
    assert audit([FIRST, SECOND], [ada], [of_second]).wrong
    for_both = replace(of_first, mentioned=frozenset({ADA, BEA}))
    assert audit([FIRST, SECOND], [ada, bea], [for_both]).wrong


def test_the_audit_accepts_a_disconnection_only_after_one() -> None:
    """That its account was disconnected ends a watch too, if it was."""
    says = RESULT.disconnected_headlines(minimal=False)[0]
    notice = a_notice(ADA, says=says, text=RESULT.task_id)
    assert audited([an_action(may_be_disconnected=True)], notice).violations == ()
    assert audited([an_action()], notice).wrong


ASKED = Intent("wish-00001-0-of-chaos", ADA, is_accepted=True)
PENDING, BEGUN = frozenset({"creation-1"}), frozenset({"creation-1", "made-1"})
MADE = StoredCreation(1, ADA, ASKED.mark, CreationState.SUBMITTED, BEGUN)
REJECTED = replace(MADE, state=CreationState.REJECTED, task_ids=PENDING)
DOUBTFUL = replace(MADE, state=CreationState.UNCONFIRMED, task_ids=PENDING)
STOPPED = replace(MADE, state=CreationState.CANCELLED, task_ids=PENDING, least=0, most=0)


def a_charge(task_id: str = "made-1") -> RecordedSubmission:
    """Return a submission of the wish; without an id, nothing is charged for it."""
    body = {"gpt_description_prompt": f"{ASKED.mark} by the sea"}
    return RecordedSubmission(
        "key", TaskKind.MUSIC, body, at=1.0, task_ids=(task_id,) if task_id else ()
    )


def a_told_end(key: str, task_id: str = "made-1") -> PostedMessage:
    """Return a message that tells the end of the wish."""
    says = CATALOG.text(key, titled="no", title="", kind="music", counts="")
    return a_notice(ADA, says=says, text=f"♪ {task_id}")


SONG_TOLD = a_told_end("notice-song-done")
REJECTION_TOLD = a_told_end("notice-rejected", "creation-1")
DOUBT_TOLD = a_told_end("notice-unconfirmed", "creation-1")


@pytest.mark.parametrize(
    ("row", "submissions", "messages"),
    [
        (MADE, [a_charge()], [SONG_TOLD]),
        (REJECTED, [a_charge("")], [REJECTION_TOLD]),
        (DOUBTFUL, [a_charge()], [DOUBT_TOLD]),
        (DOUBTFUL, [], [DOUBT_TOLD]),
        (STOPPED, [], []),
        (replace(MADE, least=0), [a_charge()], []),
    ],
    ids=["song", "rejection", "answer lost", "request lost", "stopped", "forgotten"],
)
def test_the_audit_accepts_true_ends_of_creations(
    row: StoredCreation, submissions: list[RecordedSubmission], messages: list[PostedMessage]
) -> None:
    """A song, a rejection of which nothing is charged, that nobody knows; or nobody waits."""
    assert audit_creations([ASKED], [row], submissions, messages) == []


@pytest.mark.parametrize(
    ("row", "submissions", "messages"),
    [
        (MADE, [a_charge(), a_charge("made-2")], [SONG_TOLD]),
        (MADE, [], [SONG_TOLD]),
        (REJECTED, [a_charge()], [REJECTION_TOLD]),
        (MADE, [a_charge()], []),
        (MADE, [a_charge()], [SONG_TOLD, SONG_TOLD]),
        (DOUBTFUL, [a_charge()], [DOUBT_TOLD, SONG_TOLD]),
        (DOUBTFUL, [], [REJECTION_TOLD]),
        (STOPPED, [a_charge()], []),
        (replace(MADE, least=0, most=0), [a_charge()], [SONG_TOLD]),
        (replace(MADE, state=CreationState.SUBMITTING, least=0), [], []),
    ],
    ids=[
        *("twice", "no charge", "not rejected", "lost", "doubled", "two ends", "untrue"),
        *("stopped and charged", "stopped and told", "under way"),
    ],
)
def test_the_audit_finds_wrong_ends_of_creations(
    row: StoredCreation, submissions: list[RecordedSubmission], messages: list[PostedMessage]
) -> None:
    """Charged twice or wrongly, told twice, wrongly or never, or without an end."""
    assert audit_creations([ASKED], [row], submissions, messages)


def test_the_audit_counts_every_time_that_somebody_asks() -> None:
    """Who presses *Try again* asks once more; nobody else may be charged."""
    again = replace(MADE, number=2, user_id=BEA, task_ids=frozenset({"creation-2", "made-2"}))
    charges = [a_charge(), a_charge("made-2")]
    told = [SONG_TOLD, a_told_end("notice-song-done", "made-2")]
    asked_again = replace(ASKED, user_id=BEA)
    assert audit_creations([ASKED, asked_again], [MADE, again], charges, told) == []
    assert audit_creations([ASKED, ASKED], [MADE, again], charges, told)
    assert audit_creations([ASKED, asked_again], [MADE], charges[:1], told[:1])
    unheard = replace(asked_again, is_accepted=False)
    assert audit_creations([ASKED, unheard], [MADE], charges[:1], told[:1]) == []


def test_the_audit_expects_nothing_after_an_erasure() -> None:
    """Who was forgotten may get a notice that was on its way."""
    erasure = an_action("", command=Command.FORGET, task_id="")
    for messages in ([], [a_notice(ADA)]):
        assert audited([an_action(), erasure], *messages).violations == ()
    assert audited([erasure, an_action()]).lost


async def test_chaos_violates_no_guarantee(tmp_path: Path) -> None:
    """Kills, cut connections, errors and denied permissions lose and duplicate no notice.

    Nothing is charged that nobody asked for, or twice. On a busy machine, more replies come after
    the two seconds for which a user waits.
    """
    report = await run_chaos(tmp_path, seed=5, rounds=20)
    assert report.violations == [], "\n".join([*report.log, *report.violations])
    assert report.metrics["confirmed watches"] > 5
    assert report.metrics["charges"] > 0
    assert report.metrics["repeated creations"] > 0
    assert report.metrics["bot starts"] > 5
