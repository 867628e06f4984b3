"""Hostile texts and hostile relays: each request still ends in one message that tells the truth."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.discord import Interaction, Message
from sandbox.relay.faults import answers
from tests.support.creation_studio import Studio, button, custom_ids, filled_in, open_studio

LYRICS_PATH, MUSIC_PATH = "/suno/submit/lyrics", "/suno/submit/music"
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


async def test_a_refused_text_is_forgotten_on_request(studio: Studio) -> None:
    """Also by who has nothing else stored; those of others stay."""
    answers = {}
    for user in (studio.ada, studio.bea):
        opened = await studio.use("suno compose", user)
        answers[user.name] = (await studio.send(opened, title="Harbour", lyrics="")).messages[0]
    ada, bea = answers.values()
    question = (await studio.use("suno forget")).messages[0]
    assert studio.text("forget-drafts") in question.content
    await studio.press(question, button(question, "forget:delete:"))
    reopened = await studio.press(ada, button(ada, "create-draft:"))
    assert reopened.messages[0].content == studio.text("create-draft-gone")
    kept = await studio.press(bea, button(bea, "create-draft:"), studio.bea)
    assert filled_in(kept)["title"] == "Harbour"
    assert studio.text("forget-nothing") in (await studio.use("suno forget")).messages[0].content


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


async def composed(studio: Studio, **values: str) -> tuple[str, Message]:
    """Let Ada compose a song; return its task and its notice."""
    opened = await studio.use("suno compose")
    await studio.send(opened, **({"title": "Harbour", "style": "folk", "lyrics": "La"} | values))
    (task_id,) = await studio.task_ids()
    return task_id, await studio.notice(task_id)


async def test_modals_that_were_open_obey_the_rules_of_the_moment(studio: Studio) -> None:
    """Whatever has changed since they were opened: nothing is sent, and the text is kept."""
    sandbox, settings = studio.sandbox, studio.sandbox.guild
    _, notice = await composed(studio)
    menu = (await studio.press(notice, button(notice, "create:more:"), studio.bea)).messages[0]
    compose = await studio.use("suno compose", studio.bea)
    extend = await studio.press(menu, button(menu, "version:extend:1:"), studio.bea)
    role = settings.add_role("Composer")
    panel = (await studio.use("suno-settings create")).messages[0]
    await studio.select(panel, "create-settings-menu", "roles")
    await studio.select(panel, "create-settings:roles", role)
    for opened in (compose, extend):
        answer = (await studio.send(opened, title="Quay", style="folk", lyrics="La")).messages[0]
        assert "one of these roles" in answer.content
        assert b"Quay" in answer.attachments[0].data
    await studio.press(panel, "create-settings-button:off")
    for opened in (compose, extend):
        answer = (await studio.send(opened, title="Quay", style="folk", lyrics="La")).messages[0]
        assert answer.content.startswith(studio.text("create-refused-off"))
        assert b"Quay" in answer.attachments[0].data
    assert len(sandbox.relay.submissions.recorded) == 1


async def test_who_may_only_read_posts_nothing_by_a_button(studio: Studio) -> None:
    """*Edit* and *Try again* refuse it as *Share* does; what was typed is kept."""
    _, notice = await composed(studio)
    menu = (await studio.press(notice, button(notice, "create:more:"), studio.bea)).messages[0]
    studio.sandbox.songs.deny("send_messages", target=studio.bea)
    refused = studio.text("create-refused-member-cannot-post")
    again = await studio.press(menu, button(menu, "create:again:"), studio.bea)
    assert again.messages[0].content == refused
    edited = await studio.press(menu, button(menu, "create:edit:"), studio.bea)
    (answer,) = (await studio.send(edited, title="My words", lyrics="La la")).messages
    assert answer.content.startswith(refused)
    reopened = await studio.press(answer, button(answer, "create-draft:"), studio.bea)
    assert filled_in(reopened)["title"] == "My words"
    assert len(studio.sandbox.relay.submissions.recorded) == 1


async def test_a_description_that_a_relay_quotes_stays_out_of_the_channel(studio: Studio) -> None:
    """It is shown to nobody but its author; many relays quote it in a refusal."""
    described = "our secret engagement in Vienna"
    said = f'sensitive word in prompt: "{described}"'
    studio.sandbox.relay.faults.add(
        answers(400, {"code": "invalid_request", "message": said}), path=MUSIC_PATH
    )
    await studio.use("suno create", description=described)
    (notice,) = await studio.notices("moderation")
    assert 'sensitive word in prompt: "…"' in str(notice.payload())
    assert "engagement" not in str(notice.payload())


@pytest.mark.parametrize(
    ("status", "said", "reason"),
    [
        (403, "用户额度不足, 剩余额度: ＄0.0213", "credit"),
        (401, "该令牌已过期 [sk-abc***xyz]", "key"),
        (401, {"message": "token of ada@example.com is disabled"}, "key"),
    ],
)
async def test_what_a_relay_says_of_the_account_stays_out_of_the_channel(
    studio: Studio, status: int, said: object, reason: str
) -> None:
    """Its balance, and parts of its key, are nobody's business there."""
    refusal = said if isinstance(said, dict) else {"code": "refused", "message": said}
    studio.sandbox.relay.faults.add(answers(status, refusal), path=MUSIC_PATH)
    await studio.use("suno create", description="a harbour at night")
    (notice,) = await studio.notices(studio.text(f"create-rejected-{reason}"))
    told = str(notice.payload())
    assert not [each for each in ("0213", "abc", "xyz", "example.com") if each in told]


async def test_a_model_that_is_not_offered_any_more_is_named(studio: Studio) -> None:
    """The server's models have changed while the modal was open."""
    compose = await studio.use("suno compose")
    panel = (await studio.use("suno-settings create")).messages[0]
    await studio.select(panel, "create-settings-menu", "models")
    await studio.select(panel, "create-settings:models", "chirp-v4")
    sent = await studio.send(compose, title="Quay", style="folk", lyrics="La", model=["chirp-crow"])
    field = studio.text("create-field-model")
    assert studio.text("create-problem-model", field=field) in sent.messages[0].content
    assert studio.sandbox.relay.submissions.recorded == []


async def test_a_modal_that_is_sent_twice_is_two_requests_within_the_quota(
    studio: Studio,
) -> None:
    """Each is asked for, counted and told."""
    panel = (await studio.use("suno-settings create")).messages[0]
    await studio.select(panel, "create-settings-menu", "user")
    await studio.select(panel, "create-settings:user", "1")
    opened = await studio.use("suno compose")
    discord = studio.sandbox.discord
    values = {"title": "Harbour", "style": "folk", "lyrics": "La"}
    sent = await asyncio.gather(
        *(discord.submit_modal(studio.ada, opened, values) for _ in range(2))
    )
    await discord.wait_for(lambda: all(each.answer for each in sent), 120, "answers")
    said = [each.messages[0].content for each in sent]
    assert sum("You can make 1 in 24 hours here" in each for each in said) == 1
    assert len(await studio.task_ids()) == 1


async def test_a_relay_that_names_the_same_task_for_all_is_not_believed(studio: Studio) -> None:
    """The second song is told as unconfirmed, and the first is posted once."""
    task_id, _ = await composed(studio)
    for answer in (task_id, f" {task_id} ", {"task_id": task_id}, [task_id, task_id]):
        studio.sandbox.relay.faults.clear()
        studio.sandbox.relay.faults.add(
            answers(200, {"code": "success", "data": answer}), path=MUSIC_PATH
        )
        asked = len(await studio.notices("so I didn't repeat it", 0))
        await studio.use("suno create", studio.bea, description=f"a harbour {asked}")
        await studio.notices("so I didn't repeat it", asked + 1)


@pytest.mark.parametrize(
    "data",
    [
        "../../etc/passwd",
        "creation-1",
        "creation-2",
        "<@1> @everyone",
        "a" * 5000,
        "\u202eabc1",
        -5,
        7.5,
        "1",
    ],
)
async def test_odd_ids_are_told_as_unconfirmed(studio: Studio, data: object) -> None:
    """They name nothing that could be looked up, and do no harm where they are shown."""
    studio.sandbox.relay.faults.add(
        answers(200, {"code": "success", "data": data}), path=MUSIC_PATH
    )
    await studio.use("suno create", description="a harbour")
    (notice,) = await studio.notices("so I didn't repeat it")
    assert notice.pinged == {studio.ada.id}
    assert "no clear answer" in notice.content  # it did answer


async def test_lyrics_without_an_id_cannot_be_read_by_guessing(studio: Studio) -> None:
    """The number of a request opens them for its user only, the notice for everyone who sees it."""
    sandbox = studio.sandbox
    finished = {"text": "[Verse]\nOur engagement", "title": "Vienna", "status": "complete"}
    sandbox.relay.faults.add(answers(200, {"code": "success", "data": finished}), path=LYRICS_PATH)
    await studio.use("suno write", topic="Vienna")
    (notice,) = await studio.notices("create:song:")
    elsewhere = sandbox.discord.add_guild("Elsewhere")
    elsewhere.add_member(studio.bea)
    chat = elsewhere.add_channel("chat")
    for command in ("suno lyrics", "suno status", "suno watch"):
        used = await sandbox.discord.command(studio.bea, chat, command, id="creation-1")
        await used.wait_for_answer(timeout=60)
        assert "engagement" not in _shown(used)
        assert "Vienna" not in _shown(used)
    assert "engagement" in _shown(await studio.use("suno lyrics", id="creation-1"))
    reader = await studio.press(notice, button(notice, "status:lyrics:"), studio.bea)
    assert "engagement" in _shown(reader)
    opened = await studio.press(notice, button(notice, "create:song:"), studio.bea)
    assert "engagement" in filled_in(opened)["lyrics"]


def _shown(used: Interaction) -> str:
    return str([each.payload() for each in used.messages])
