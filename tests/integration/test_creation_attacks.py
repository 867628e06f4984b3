"""Hostile texts and hostile relays: each request still ends in one message that tells the truth."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.relay.faults import answers
from tests.support.creation_studio import Studio, button, custom_ids, filled_in, open_studio

MUSIC_PATH = "/suno/submit/music"
HOSTILE = "\ud800bo\0ats\u202e \ufeff@everyone **x** [a](http://evil.example)"


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    """Yield a running bot in a server where creation is on."""
    async with open_studio(tmp_path) as studio:
        yield studio


async def test_halves_of_emoji_and_nul_are_left_out_of_what_is_sent(studio: Studio) -> None:
    """SQLite and relays end texts at NUL, and half an emoji cannot be encoded."""
    await studio.use("suno create", description=HOSTILE)
    opened = await studio.use("suno compose")
    await studio.send(opened, title=HOSTILE, style="folk\0", lyrics=f"la{HOSTILE}")
    described, composed = await studio.submitted(2)
    assert described["gpt_description_prompt"].startswith("boats")
    assert composed["title"].startswith("boats")
    assert composed["tags"] == "folk"
    assert composed["prompt"].startswith("laboats")


async def test_a_refused_text_with_half_an_emoji_is_kept(studio: Studio) -> None:
    """The file holds what can be written in one."""
    opened = await studio.use("suno compose")
    refused = await studio.send(opened, title="\ud83d Harbour", style="folk", lyrics="")
    (answer,) = refused.messages
    assert "Lyrics" in answer.content
    assert len(answer.attachments) == 1
    reopened = await studio.press(answer, button(answer, "create-draft:"))
    assert filled_in(reopened)["title"].strip() == "Harbour"


async def test_nothing_but_invisible_characters_is_empty(studio: Studio) -> None:
    """A relay would charge for a request that says nothing."""
    used = await studio.use("suno create", description="\0\ud800 \u200b")
    assert "empty" in used.messages[0].content
    assert studio.sandbox.relay.submissions.recorded == []


async def test_hostile_words_of_a_relay_are_only_text(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    """Mentions, markdown and length of a refusal do nothing in the channel."""
    caplog.set_level(logging.DEBUG, "bot")
    caplog.set_level(logging.WARNING, "discord")
    said = f"@everyone <@{studio.bea.id}> **x** [a](http://evil.example) secret-words " * 400
    studio.sandbox.relay.faults.add(
        answers(400, {"code": "invalid", "message": f"sensitive words {said}"}), path=MUSIC_PATH
    )
    await studio.use("suno create", description="secret-words of Ada")
    (notice,) = await studio.notices("moderation")
    assert notice.pinged == {studio.ada.id}
    assert "](http://evil.example)" not in str(notice.payload())
    assert "secret-words of Ada" not in caplog.text
    assert any(each.startswith("create:again:") for each in custom_ids(notice))
