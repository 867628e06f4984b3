"""Creating songs and lyrics from Discord: commands, modals, buttons, files."""

import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.ui.task_text import SUCCESS_COLOUR
from sandbox.discord import Message
from sandbox.discord.message_parts import walk_components
from sandbox.relay import SubmissionFormat, failing
from sandbox.relay.faults import (
    after_charging,
    cut_before_headers,
    out_of_quota,
    rate_limited,
    refuses_submission,
)
from tests.support.account_harness import until
from tests.support.creation_studio import (
    Studio,
    button,
    custom_ids,
    fields_of,
    filled_in,
    furnish,
    open_studio,
    running_studio,
    switch_on,
)
from tests.support.databases import refused
from tests.support.sandbox_session import SandboxSession

MUSIC_PATH = "/suno/submit/music"
LOCALES = ("en-US", "zh-CN")
LYRICS = "[Verse]\nBoats at the quay\n\n[Chorus]\nRow, row"


@pytest.fixture(params=LOCALES)
async def studio(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Studio]:
    """Yield a running bot in a server where creation is on."""
    async with open_studio(tmp_path, request.param) as studio:
        yield studio


@pytest.fixture
async def english(tmp_path: Path) -> AsyncIterator[Studio]:
    """Yield the same, in English only."""
    async with open_studio(tmp_path) as studio:
        yield studio


async def a_song(studio: Studio, **values: str) -> tuple[str, Message]:
    """Let Ada compose a song; return its task and its notice."""
    opened = await studio.use("suno compose")
    await studio.send(opened, **({"title": "Harbour", "style": "folk", "lyrics": LYRICS} | values))
    (task_id,) = await studio.task_ids()
    return task_id, await studio.notice(task_id)


async def a_menu(studio: Studio, notice: Message) -> Message:
    """Open the menu of a song."""
    return (await studio.press(notice, button(notice, "create:more:"))).messages[0]


async def test_a_song_is_created_from_a_description(studio: Studio) -> None:
    """A private answer, a live card, and the notice with the next steps, mentioning who asked."""
    used = await studio.use("suno create", description="a harbour at night", instrumental=True)
    answer = used.messages[0]
    assert answer.ephemeral
    assert "a harbour at night" in answer.content
    assert studio.text("create-left", left=4, limit=5) in answer.content
    (body,) = await studio.submitted()
    assert body["gpt_description_prompt"] == "a harbour at night"
    assert body["make_instrumental"] is True
    (task_id,) = await studio.task_ids()
    notice = await studio.notice(task_id)
    assert f"<@{studio.ada.id}>" in notice.content
    assert studio.text("create-button-more") in str(notice.components)
    assert len(notice.components) == 1


async def test_a_song_is_composed(studio: Studio) -> None:
    """The modal has the title, style, lyrics, instrumental and the model."""
    opened = await studio.use("suno compose")
    assert opened.modal is not None
    assert opened.modal["title"] == studio.text("create-form-custom")
    assert list(fields_of(opened)) == ["title", "style", "lyrics", "instrumental", "model"]
    sent = await studio.send(
        opened, title="Harbour", style="folk", lyrics=LYRICS, model=["chirp-v4"]
    )
    assert "Harbour" in sent.messages[0].content
    (body,) = await studio.submitted()
    assert (body["title"], body["tags"], body["prompt"], body["mv"]) == (
        "Harbour",
        "folk",
        LYRICS,
        "chirp-v4",
    )
    (task_id,) = await studio.task_ids()
    assert "Harbour" in (await studio.notice(task_id)).content


async def test_lyrics_are_written_and_become_a_song(studio: Studio) -> None:
    """*Make a song* opens the modal with the title and the lyrics."""
    used = await studio.use("suno write", topic="the sea")
    assert "the sea" in used.messages[0].content
    (task_id,) = await studio.task_ids()
    notice = await studio.notice(task_id)
    opened = await studio.press(notice, button(notice, "create:song:"), studio.bea)
    values = filled_in(opened)
    assert values["title"] == "The Sea"
    assert values["lyrics"].startswith("[Verse]\nThey asked about the sea")
    await studio.send(opened)
    _, song = await studio.submitted(2)
    assert song["title"] == "The Sea"
    assert song["prompt"] == values["lyrics"]


async def test_two_people_who_press_try_again_get_a_song_each(studio: Studio) -> None:
    """Each is asked for and charged for whoever pressed, with the same request."""
    task_id, notice = await a_song(studio)
    menus = [
        (await studio.press(notice, button(notice, "create:more:"), user)).messages[0]
        for user in (studio.ada, studio.bea)
    ]
    discord = studio.sandbox.discord
    pressed = [
        await discord.press(user, menu, button(menu, "create:again:"))
        for user, menu in zip((studio.ada, studio.bea), menus, strict=True)
    ]
    for each in pressed:
        assert "Harbour" in (await each.wait_for_answer()).content
    first, second, third = await studio.submitted(3)
    assert first == second == third
    ids = await studio.task_ids(3)
    for other in ids[1:]:
        assert (await studio.notice(other)).pinged
    assert {task_id, *ids} == set(ids)


async def test_who_presses_try_again_twice_gets_one_song(studio: Studio) -> None:
    """By a double click, or on two devices: the second answer says so."""
    _, notice = await a_song(studio)
    menus = [await a_menu(studio, notice) for _ in range(2)]
    discord = studio.sandbox.discord
    pressed = [
        await discord.press(studio.ada, menu, button(menu, "create:again:"))
        for menu in (menus[0], *menus)
    ]
    answers = [(await each.wait_for_answer(120)).content for each in pressed]
    assert answers.count(studio.text("creation-error-repeated")) == 2
    assert sum("Harbour" in each for each in answers) == 1
    assert len(await studio.task_ids(2)) == 2


async def test_no_error_follows_a_stored_request(english: Studio) -> None:
    """Although Discord refuses the answer: who is told to try again would be charged twice."""
    discord = english.sandbox.discord
    fault = discord.faults.add(
        "PATCH /webhooks/{app}/{token}/messages/@original", status=400, code=50035
    )
    used = await discord.command(
        english.ada, english.sandbox.songs, "suno create", description="a harbour at night"
    )
    (task_id,) = await english.task_ids()
    await english.notice(task_id)
    assert fault.hits == 1
    assert [each.content for each in used.messages] == [
        ""
    ]  # it still says that the bot is thinking


async def test_edit_opens_the_request_for_its_author_and_what_is_shown_for_others(
    studio: Studio,
) -> None:
    """The model stays chosen for the author; what others see was public already."""
    _, notice = await a_song(studio)
    menu = await a_menu(studio, notice)
    opened = await studio.press(menu, button(menu, "create:edit:"))
    values = filled_in(opened)
    assert (values["title"], values["style"], values["lyrics"]) == ("Harbour", "folk", LYRICS)
    await studio.send(opened, title="Harbour II")
    bodies = await studio.submitted(2)
    assert bodies[1]["title"] == "Harbour II"
    other = (await studio.press(notice, button(notice, "create:more:"), studio.bea)).messages[0]
    opened = await studio.press(other, button(other, "create:edit:"), studio.bea)
    assert filled_in(opened)["title"] == "Harbour"


async def test_the_menu_offers_the_files_that_the_relay_makes(studio: Studio) -> None:
    """WAV and stems are links, timed lyrics a file and the times of the sections."""
    _, notice = await a_song(studio)
    menu = await a_menu(studio, notice)
    assert menu.ephemeral
    wav = (await studio.press(menu, button(menu, "version:wav:1:"))).messages[0]
    assert ".wav" in wav.embeds[0]["description"]
    stems = (await studio.press(menu, button(menu, "version:stems:2:"))).messages[0]
    assert "Vocals" in stems.embeds[0]["description"]
    timing = (await studio.press(menu, button(menu, "version:timing:1:"))).messages[0]
    assert "Boats at the quay" in timing.embeds[0]["description"]
    assert "Verse · 0:02" in str(timing.components)
    (file,) = timing.attachments
    assert file.filename == "Harbour-1.lrc"
    assert b"[00:02.00]Boats at the quay" in file.data
    studio.sandbox.relay.actions.is_ready = False
    waiting = (await studio.press(menu, button(menu, "version:wav:2:"))).messages[0]
    assert waiting.embeds[0]["description"] == studio.text("create-file-waiting")


async def test_a_file_whose_answer_is_lost_may_have_been_charged(studio: Studio) -> None:
    """Nobody is told to try again without knowing that; timed lyrics cost nothing."""
    _, notice = await a_song(studio)
    menu = await a_menu(studio, notice)
    studio.sandbox.relay.faults.add(cut_before_headers())
    lost = (await studio.press(menu, button(menu, "version:wav:1:"))).messages[0]
    assert lost.content == studio.text("create-file-unconfirmed")
    untimed = (await studio.press(menu, button(menu, "version:timing:1:"))).messages[0]
    assert untimed.content == studio.text("relay-error-unavailable")


async def test_the_reader_keeps_the_times_of_the_sections(studio: Studio) -> None:
    """On each of its pages, when it is shared, and for whoever then reads along."""
    verses = [f"[Verse {number}]\n" + "Boats at the quay\n" * 30 for number in range(1, 4)]
    _, notice = await a_song(studio, lyrics="\n".join(verses))
    menu = await a_menu(studio, notice)
    reader = (await studio.press(menu, button(menu, "version:timing:1:"))).messages[0]
    labels = ["Verse 1 · 0:02", "Verse 2 · 0:51", "Verse 3 · 1:41"]

    def read(message: Message) -> tuple[str, list[str], str]:
        """Return the first line, the sections and what stands on the menu."""
        (select,) = (each for each in walk_components(message.components) if "options" in each)
        first = message.embeds[0]["description"].split("\n")[0]
        return first, [each["label"] for each in select["options"]], select["placeholder"]

    placeholder = studio.text("reader-go-to-version", number=1)
    assert read(reader) == ("\\[Verse 1\\]", labels, placeholder)
    (select,) = (each for each in walk_components(reader.components) if "options" in each)
    await studio.select(reader, select["custom_id"], select["options"][1]["value"])
    assert read(reader) == ("\\[Verse 2\\]", labels, placeholder)
    assert reader.attachments
    await studio.press(reader, button(reader, "lyrics:page:2:"))
    assert read(reader) == ("\\[Verse 3\\]", labels, placeholder)
    await studio.press(reader, button(reader, "lyrics:share:"))
    (shared,) = await studio.notices("lyrics-menu:")
    assert read(shared)[:2] == ("\\[Verse 3\\]", labels)
    turned = await studio.press(shared, button(shared, "lyrics:page:1:"), studio.bea)
    assert read(turned.messages[0])[:2] == ("\\[Verse 2\\]", labels)


async def test_a_version_is_extended(studio: Studio) -> None:
    """From the second that was entered, with the style of the song."""
    task_id, notice = await a_song(studio)
    menu = await a_menu(studio, notice)
    opened = await studio.press(menu, button(menu, "version:extend:2:"))
    values = filled_in(opened)
    assert (values["title"], values["style"]) == ("Harbour", "folk")
    assert ":" in values["extend_at"]
    await studio.send(opened, extend_at="1:05", lyrics="[Bridge]\nOut to sea")
    body = (await studio.submitted(2))[1]
    assert body["continue_at"] == 65
    assert body["task_id"] == task_id
    assert body["prompt"] == "[Bridge]\nOut to sea"


@pytest.mark.parametrize("prefix", ["version:extend:", "create:edit:"])
async def test_a_form_that_is_not_ready_in_time_is_not_called_unknown(
    english: Studio, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    """The database or the relay is slow: trying again helps."""
    _, notice = await a_song(english)
    menu = (await english.press(notice, button(notice, "create:more:"), english.bea)).messages[0]
    monkeypatch.setattr(sys.modules["cogs.create_buttons"], "READ_TIMEOUT", 0)
    pressed = await english.press(menu, button(menu, prefix), english.bea)
    assert pressed.messages[0].content == english.text("error-too-slow")


async def test_a_song_whose_relay_names_only_its_clips_has_every_button(english: Studio) -> None:
    """Its id is that of all clips, joined by commas."""
    english.sandbox.relay.submissions.format = SubmissionFormat.CLIPS
    await english.use("suno create", description="a harbour at night")
    (task_id,) = await english.task_ids()
    assert "," in task_id
    menu = await a_menu(english, await english.notice(task_id))
    for action in ("wav", "timing", "stems"):
        answer = (await english.press(menu, button(menu, f"version:{action}:2:"))).messages[0]
        assert answer.embeds[0].get("color") == SUCCESS_COLOUR.value
    opened = await english.press(menu, button(menu, "version:extend:2:"))
    await english.send(opened, extend_at="0:30", lyrics="[Bridge]\nOut to sea")
    body = (await english.submitted(2))[1]
    assert body["continue_clip_id"] == task_id.split(",")[1]


async def test_what_was_typed_is_never_lost(studio: Studio) -> None:
    """The answer names the field and the limit, holds the text, and opens it again."""
    opened = await studio.use("suno compose")
    long = f"{LYRICS}\n" * 80
    sent = await studio.send(opened, title="Harbour", lyrics=long, model=["chirp-v4"])
    answer = sent.messages[0]
    field = studio.text("create-field-lyrics")
    length = len(long.strip())
    problem = studio.text("create-problem-too-long", field=field, length=length, limit=3000)
    assert problem in answer.content
    assert long.strip().encode() in answer.attachments[0].data
    again = await studio.press(answer, button(answer, "create-draft:"))
    assert filled_in(again)["lyrics"] == long.strip()
    assert filled_in(again)["model"] == ["chirp-v4"]
    await studio.send(again, lyrics=LYRICS)
    (body,) = await studio.submitted()
    assert body["prompt"] == LYRICS


@pytest.mark.parametrize("change", ["INSERT ON creations", "UPDATE ON tasks"])
async def test_what_was_typed_is_kept_when_the_database_fails(english: Studio, change: str) -> None:
    """A full disk loses nothing that somebody has written for an hour."""
    opened = await english.use("suno compose")
    with refused(english.sandbox.folder / "suno.db", change):
        sent = await english.send(opened, title="Harbour", style="folk", lyrics=LYRICS)
    answer = sent.messages[0]
    assert english.text("error-unexpected") in answer.content
    assert LYRICS.encode() in answer.attachments[0].data
    again = await english.press(answer, button(answer, "create-draft:"))
    await english.send(again)
    (body,) = await english.submitted()
    assert body["prompt"] == LYRICS


async def test_a_wrong_time_names_its_field(studio: Studio) -> None:
    """Nothing is guessed, and nothing is charged."""
    _, notice = await a_song(studio)
    menu = await a_menu(studio, notice)
    opened = await studio.press(menu, button(menu, "version:extend:1:"))
    for wrong in ("soon", "99:00"):
        answer = (await studio.send(opened, extend_at=wrong, lyrics="x")).messages[0]
        field = studio.text("create-field-start")
        assert studio.text("create-problem-time", field=field) in answer.content
    assert len(await studio.submitted()) == 1


async def test_a_rejection_costs_nothing_and_can_be_repeated(studio: Studio) -> None:
    """The quota is as before, and both buttons are under the notice."""
    relay = studio.sandbox.relay
    relay.faults.add(out_of_quota(), path=MUSIC_PATH)
    await studio.use("suno create", description="a harbour")
    (notice,) = await studio.notices(studio.text("create-rejected-credit"))
    assert studio.text("create-advice-credit") in str(notice.embeds)
    assert [each.rsplit(":", 2)[0] for each in custom_ids(notice)] == [
        "create:again",
        "create:edit",
    ]
    edited = await studio.press(notice, button(notice, "create:edit:"))
    assert filled_in(edited)["description"] == "a harbour"
    foreign = await studio.press(notice, button(notice, "create:edit:"), studio.bea)
    assert foreign.messages[0].content == studio.text("create-not-yours")
    relay.faults.clear()
    again = await studio.press(notice, button(notice, "create:again:"))
    assert studio.text("create-left", left=4, limit=5) in again.messages[0].content
    assert len(await studio.task_ids()) == 1


async def test_without_an_answer_the_notice_says_that_it_may_be_charged(studio: Studio) -> None:
    """It is not repeated, until somebody presses the button."""
    relay = studio.sandbox.relay
    relay.faults.add(after_charging(cut_before_headers()), path=MUSIC_PATH)
    await studio.use("suno create", description="a harbour")
    (notice,) = await studio.notices("♪ creation-")
    assert studio.text("notice-unconfirmed", titled="no", title="") in notice.content
    assert len(relay.submissions.recorded) == 1
    relay.faults.clear()
    await studio.press(notice, button(notice, "create:again:"))
    await studio.submitted(2)


async def test_buttons_answer_in_a_sentence_once_creation_is_off(studio: Studio) -> None:
    """In messages that were posted before."""
    _, notice = await a_song(studio)
    menu = await a_menu(studio, notice)
    await switch(studio, "off")
    off = studio.text("create-refused-off")
    for message, prefix in (
        (notice, "create:more:"),
        (menu, "create:again:"),
        (menu, "create:edit:"),
        (menu, "version:extend:1:"),
        (menu, "version:wav:1:"),
    ):
        pressed = await studio.press(message, button(message, prefix))
        assert pressed.messages[0].content == off, prefix
        assert pressed.messages[0].ephemeral
    assert (await studio.use("suno compose")).messages[0].content == off


async def switch(studio: Studio, action: str) -> Message:
    """Turn creation on or off."""
    panel = (await studio.use("suno-settings create")).messages[0]
    await studio.press(panel, f"create-settings-button:{action}")
    return panel


async def test_modals_and_buttons_work_after_a_restart(sandbox: SandboxSession) -> None:
    """A modal that was open meanwhile is sent; what was typed before is still in the file."""
    studio = furnish(sandbox, "en-US")
    async with running_studio(studio):
        await switch_on(studio)
        _, notice = await a_song(studio)
        opened = await studio.use("suno compose")
        refused = (await studio.send(opened, title="Harbour", lyrics="")).messages[0]
        opened = await studio.use("suno compose")
    async with running_studio(studio):
        await studio.send(opened, title="Quay", lyrics=LYRICS)
        assert (await studio.submitted(2))[1]["title"] == "Quay"
        gone = await studio.press(refused, button(refused, "create-draft:"))
        assert gone.messages[0].content == studio.text("create-draft-gone")
        assert b"Harbour" in refused.attachments[0].data
        menu = await a_menu(studio, notice)
        await studio.press(menu, button(menu, "create:again:"))
        assert (await studio.submitted(3))[2]["title"] == "Harbour"


async def test_what_people_write_reaches_the_channel_escaped(english: Studio) -> None:
    """The relay gets it as it is."""
    title = "**Harbour** @everyone <@1>"
    _, notice = await a_song(english, title=title)
    assert (await english.submitted())[0]["title"] == title
    assert "\\*\\*Harbour\\*\\*" in notice.content
    assert "@everyone" not in notice.content
    for card in english.sandbox.cards():
        assert "@everyone" not in str(card.payload())


async def test_a_refused_request_can_be_opened_again_and_again(english: Studio) -> None:
    """Leaving the modal loses nothing."""
    opened = await english.use("suno compose")
    answer = (await english.send(opened, title="Harbour", lyrics="")).messages[0]
    for _ in range(2):
        again = await english.press(answer, button(answer, "create-draft:"))
        assert filled_in(again)["title"] == "Harbour"


async def test_the_quota_is_named_when_it_is_used_up(english: Studio) -> None:
    """What was typed is kept then too."""
    panel = (await english.use("suno-settings create")).messages[0]
    await english.select(panel, "create-settings-menu", "user")
    await english.select(panel, "create-settings:user", "1")
    await english.use("suno create", description="a harbour")
    answer = (await english.use("suno create", description="a quay")).messages[0]
    assert "You can make 1 in 24 hours here" in answer.content
    assert b"a quay" in answer.attachments[0].data


async def test_a_song_is_called_one_before_the_relay_shows_anything_of_it(
    english: Studio,
) -> None:
    """On its card while it waits, and in the notice and on the card of a failure."""
    await english.use("suno create", description="a harbour")
    (task_id,) = await english.task_ids()
    song = english.text("live-name", kind="music")
    await english.notices(f"{song} `{task_id[:8]}")
    english.sandbox.relay.add(failing(task_id))
    notice = await english.notice(task_id)
    failed = english.text("notice-failed", titled="no", title="", kind="music")
    assert notice.content.endswith(failed)
    await english.notices(f"❌ [**{song}**]")


@pytest.mark.parametrize("by_button", [True, False], ids=["button", "command"])
async def test_who_stops_a_request_before_it_is_sent_reads_that_nothing_was_charged(
    english: Studio, caplog: pytest.LogCaptureFixture, *, by_button: bool
) -> None:
    """The card then shows no id of the bot's own, which nobody can use."""

    async def waits_in_queue() -> bool:
        return "Creation postponed" in caplog.text

    caplog.set_level(logging.INFO, "bot")
    sandbox = english.sandbox
    sandbox.relay.faults.add(rate_limited("600"), path=MUSIC_PATH)
    await english.use("suno create", description="a harbour")
    await until(waits_in_queue)
    (card,) = await english.notices(english.text("live-pending"))
    if by_button:
        stopped = await english.press(card, button(card, "card:leave:"))
    else:
        stopped = await english.use("suno unwatch", id="creation-1")
    assert stopped.messages[0].content == english.text("unwatch-cancelled")
    (card,) = await english.notices(english.text("live-unwatched"))
    assert "creation" not in card.content


async def test_requests_without_a_task_are_not_suggested(english: Studio) -> None:
    """A request is suggested while it waits; once it is refused or lost, no command knows it."""
    discord, relay, songs = english.sandbox.discord, english.sandbox.relay, english.sandbox.songs

    async def suggested(command: str) -> list[str]:
        choices = await discord.autocomplete(english.ada, songs, command, "id", "")
        return [value for _, value in choices]

    busy_no_more = relay.faults.add(rate_limited("0.5"), path=MUSIC_PATH)
    await english.use("suno create", description="a harbour")
    assert await suggested("suno unwatch") == ["creation-1"]
    relay.faults.add(after_charging(cut_before_headers()), path=MUSIC_PATH, times=1)
    busy_no_more()
    await english.notices("no clear answer")
    relay.faults.add(refuses_submission("400 moderation"), path=MUSIC_PATH, times=1)
    await english.use("suno create", description="a quay")
    await english.notices("wasn't made")
    assert await suggested("suno status") == []


async def test_models_are_suggested(english: Studio) -> None:
    """Those that are offered, by version or name."""
    discord, songs = english.sandbox.discord, english.sandbox.songs
    assert await discord.autocomplete(
        english.ada, songs, "suno create", "model", "v4.5", description="x"
    ) == [("v4.5+", "chirp-bluejay"), ("v4.5", "chirp-auk")]


@pytest.mark.parametrize("answer_format", SubmissionFormat, ids=lambda each: each.name)
async def test_every_way_to_name_a_task_ends_in_its_notice(
    english: Studio, answer_format: SubmissionFormat
) -> None:
    """Whatever the relay answers, the song is posted."""
    english.sandbox.relay.submissions.format = answer_format
    await english.use("suno create", description="a harbour at night")
    await english.task_ids()
    english.sandbox.relay.clock.advance(200)
    await english.notices("A Harbour At Night")
