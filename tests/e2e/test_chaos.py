from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.i18n.catalog import catalog_for
from bot.ui.escaping import code_span
from tests.e2e.chaos import run_chaos
from tests.e2e.chaos_audit import Deed, ErrorClassification, Fate, Posted, Truth, Verb, audit
from tests.e2e.chaos_plan import nonce_window, plan

ADA, BEA = 11, 12
HERE, THERE = 21, 22
WORDS = catalog_for("en-US")
LINK = "https://cdn1.suno.ai/clip.mp3"
TRUTH = Truth("song-1", Fate.SONG, ends_at=100.0, title="Paper Boats", proofs=(LINK,))


def a_deed(key: str = "watch-watching", **changes: object) -> Deed:
    """Return what Ada asked about the song, with the answer of that name."""
    deed = Deed(Verb.WATCH, TRUTH.task_id, ADA, HERE, asked_at=1.0, last_answer_at=2.0)
    deed = replace(deed, **changes)  # type: ignore[arg-type] # fields by name, each of its own type  # of any field
    deed.answer = WORDS.text(key, id=code_span(TRUTH.task_id)) if key else None
    return deed


def a_notice(*users: int, says: str = "", **changes: object) -> Posted:
    """Return a notice of the song that is true, but for what a test changes."""
    named = " ".join(f"<@{user}>" for user in users)
    content = f"{named} {says or TRUTH.headlines[0]}"
    text = f"{content} {LINK} {TRUTH.task_id}"
    return replace(Posted(HERE, content, text, frozenset(users)), **changes)  # type: ignore[arg-type] # a test names real fields


def audited(deeds: Sequence[Deed], *messages: Posted) -> ErrorClassification:
    """Let the auditor look."""
    return audit([TRUTH], deeds, messages)


def test_the_auditor_is_content_with_one_true_notice() -> None:
    """Nothing is lost, doubled or wrong."""
    assert audited([a_deed()], a_notice(ADA)).violations == ()


def test_the_auditor_finds_what_is_lost() -> None:
    """Watched, and nothing came."""
    assert len(audited([a_deed()]).lost) == 1


def test_the_auditor_finds_who_was_forgotten() -> None:
    """Two watched, and one of them was pinged."""
    found = audited([a_deed(), a_deed(user=BEA)], a_notice(ADA))
    assert len(found.lost) == 1
    assert str(BEA) in found.lost[0]


def test_the_auditor_finds_what_is_doubled() -> None:
    """Watched once, told twice."""
    assert audited([a_deed()], a_notice(ADA), a_notice(ADA)).doubled


def test_the_auditor_finds_who_was_told_apart() -> None:
    """Two waited in one place from the beginning: that is one message."""
    deeds = [a_deed(), a_deed(user=BEA)]
    assert audited(deeds, a_notice(ADA, BEA)).violations == ()
    assert audited(deeds, a_notice(ADA), a_notice(BEA)).doubled


def test_the_auditor_finds_who_was_pinged_without_having_asked() -> None:
    """Also where the others were told rightly."""
    assert audited([a_deed()], a_notice(ADA, BEA)).doubled


def test_the_auditor_finds_what_came_after_unwatching() -> None:
    """It was said that there would be no message."""
    stopped = a_deed("unwatch-done", verb=Verb.UNWATCH)
    assert audited([a_deed(), stopped]).violations == ()
    assert audited([a_deed(), stopped], a_notice(ADA)).doubled


@pytest.mark.parametrize(
    "message",
    [
        a_notice(ADA, says=WORDS.text("notice-failed", titled="no", title="", kind="music")),
        a_notice(ADA, text="song-1, but no link"),
        a_notice(ADA, text=f"song-1 {LINK} https://audiopipe.suno.ai/?item_id=clip"),
        replace(a_notice(ADA), content=TRUTH.headlines[0]),
        replace(a_notice(ADA), pinged=frozenset()),
        a_notice(ADA, says=f"{TRUTH.headlines[0]} {WORDS.text('notice-repeat')}"),
        a_notice(ADA, text="about another song", content="about another song"),
    ],
    ids=["outcome", "no link", "stream", "unnamed", "unpinged", "repeat", "stranger"],
)
def test_the_auditor_finds_what_is_wrong(message: Posted) -> None:
    """Every kind of untruth in a message."""
    assert audited([a_deed()], message).wrong


def test_the_auditor_takes_the_bots_own_words_only_where_discord_refused_others() -> None:
    """They must be true all the same."""
    less = WORDS.text("notice-minimal-status")
    true, untrue = (f"{one}\n{less}" for one in (TRUTH.least[0], "Your lyrics are done."))
    told = a_notice(ADA, says=true, text=f"without a link, about {TRUTH.task_id}")
    assert audit([TRUTH], [a_deed()], [told], moderated=True).violations == ()
    assert audit([TRUTH], [a_deed()], [told]).wrong
    told = a_notice(ADA, says=untrue, text=f"without a link, about {TRUTH.task_id}")
    assert audit([TRUTH], [a_deed()], [told], moderated=True).wrong


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_auditor_does_not_guess_where_no_answer_came(count: int) -> None:
    """Such a watch exists or not; two messages are too many in any case."""
    found = audited([a_deed("")], *[a_notice(ADA)] * count)
    assert bool(found.violations) == (count == 2)


def test_the_auditor_counts_a_direct_message_for_a_place_that_is_gone() -> None:
    """It says which place it speaks for."""
    instead = WORDS.text("notice-instead", place=f"<#{HERE}>")
    direct = a_notice(ADA, says=f"{TRUTH.headlines[0]}\n{instead}", place=THERE)
    assert audited([a_deed()], direct).violations == ()
    assert audited([a_deed()], direct, a_notice(ADA)).doubled


def test_the_auditor_takes_neither_words_nor_cards_for_notices() -> None:
    """They owe nothing and are not owed."""
    word = Posted(THERE, WORDS.text("held-word-kept"), f"{TRUTH.task_id}")
    card = Posted(HERE, "", "it is being made")
    assert audited([a_deed()], a_notice(ADA), word, card).violations == ()
    assert audited([a_deed()], word, card).lost


def test_a_finished_song_that_is_asked_for_again_is_told_again() -> None:
    """Or once, where both wishes were met by one message."""
    deeds = [a_deed(), a_deed("watch-finished")]
    for count in (1, 2):
        assert audited(deeds, *[a_notice(ADA)] * count).violations == ()
    assert audited(deeds, *[a_notice(ADA)] * 3).doubled


def test_discord_knows_a_nonce_for_one_to_five_minutes() -> None:
    """Each seed for as long as it says, and not all alike."""
    windows = [nonce_window(seed) for seed in range(50)]
    assert windows == [nonce_window(seed) for seed in range(50)]
    assert 60 <= min(windows) < 90
    assert 270 < max(windows) <= 300


def test_a_seed_means_the_same_rounds_every_time() -> None:
    """Also in a longer plan."""
    assert plan(7, 20) == plan(7, 30)[:20]
    assert plan(7, 20) != plan(8, 20)


async def test_a_day_of_chaos_breaks_no_promise(tmp_path: Path) -> None:
    """Kills, cut connections, errors, lost permissions: nothing lost, nothing doubled."""
    report = await run_chaos(tmp_path, seed=5, rounds=20)
    assert report.violations == [], "\n".join([*report.log, *report.violations])
    assert report.metrics["watches confirmed"] > 20
    assert report.metrics["lives of the bot"] > 5
