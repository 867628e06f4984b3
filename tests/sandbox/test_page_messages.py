import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
import pytest_asyncio
from discord import app_commands
from playwright.async_api import expect

from sandbox.page.generated_media import cover, melody
from sandbox.page.page_state import MEDIA_URL
from tests.support.browser import needs_chromium
from tests.support.page_harness import ROW, PageHarness, last, open_page_harness, switch_user, use

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def harness() -> AsyncIterator[PageHarness]:
    """Return a page with a bot and a browser, shared by the tests of this file."""
    async with open_page_harness() as harness:
        yield harness


async def test_a_message_shows_its_author_and_text(harness: PageHarness) -> None:
    """Author, a tag for applications, and text rendered as Markdown."""
    async with harness.page() as page:
        await harness.post(content="**Hello** there")
        await expect(last(page).locator(".author")).to_have_text("Suno Bot")
        await expect(last(page).locator(".app-tag")).to_have_text("APP")
        await expect(last(page).locator("strong")).to_have_text("Hello")


async def test_an_embed_shows_all_its_parts(harness: PageHarness) -> None:
    """Colour, title, fields and footer are shown; an external cover is not fetched."""
    embed = {
        "title": "Paper *Boats*",
        "url": "https://a.example/song",
        "description": "- one\n- two",
        "color": 0x12AB34,
        "fields": [{"name": name, "value": "1", "inline": True} for name in "AB"],
        "footer": {"text": "♪ **id**"},
        "author": {"name": "the relay"},
        "image": {"url": "https://a.example/cover.png"},
        "thumbnail": {"url": f"{MEDIA_URL}/image_x.jpeg"},
    }
    async with harness.page() as page:
        await harness.post(embeds=[embed])
        card = last(page).locator(".embed")
        await expect(card).to_have_css("border-left-color", "rgb(18, 171, 52)")
        await expect(card.get_by_role("link", name="Paper Boats")).to_have_attribute(
            "href", "https://a.example/song"
        )
        await expect(card.locator("li")).to_have_text(["one", "two"])
        fields = await card.locator(".field").all()
        tops = [await field.evaluate("(node) => node.offsetTop") for field in fields]
        assert tops[0] == tops[1]
        await expect(card.locator(".embed-footer")).to_have_text("♪ **id**")
        await expect(card.get_by_role("img", name="Cover not available offline")).to_be_visible()
        thumbnail = card.locator(".thumbnail img")
        await expect(thumbnail).to_have_js_property("naturalWidth", 320)


async def test_hostile_text_does_not_become_markup(harness: PageHarness) -> None:
    """Texts, embeds, buttons and file names are shown as text."""
    evil = '<img src=x onerror="document.title=1"><b>x</b>'
    button = {"type": 2, "style": 1, "label": evil, "custom_id": "evil"}
    embed: dict[str, Any] = {"title": evil, "description": evil, "footer": {"text": evil}}
    embed["fields"] = [{"name": evil, "value": evil}]
    async with harness.page() as page:
        await harness.post(
            content=evil, embeds=[embed], components=[ROW | {"components": [button]}]
        )
        await expect(last(page)).to_contain_text("onerror")
        assert await last(page).locator("b, .body img").count() == 0
        assert (await last(page).inner_text()).count(evil) == 7


async def test_invalid_links_are_shown_as_text(harness: PageHarness) -> None:
    """A ``javascript:`` link or a malformed one is not clickable."""
    async with harness.page() as page:
        await harness.post(content="[press](javascript:alert(1)) [ok](https://a.example/)")
        links = last(page).get_by_role("link")
        await expect(links).to_have_count(1)
        await expect(links).to_have_attribute("href", "https://a.example/")
        await expect(links).to_have_attribute("rel", "noopener noreferrer")


async def test_a_press_updates_the_message_in_place(harness: PageHarness) -> None:
    """The button keeps the focus, and the message is marked as edited."""

    async def count(interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(content="pressed")

    harness.bot.answer = count
    button = {"type": 2, "style": 3, "label": "Press me", "custom_id": "count"}
    async with harness.page() as page:
        await harness.post(content="not yet", components=[ROW | {"components": [button]}])
        await page.get_by_role("button", name="Press me").press("Enter")
        await expect(last(page).locator(".body")).to_contain_text("pressed (edited)")
        await expect(page.get_by_role("button", name="Press me")).to_be_focused()


async def test_a_link_button_opens_a_new_page(harness: PageHarness) -> None:
    """The opened page gets no referrer and no access to the opener."""
    button = {"type": 2, "style": 5, "label": "Listen", "url": "https://a.example/song.mp3"}
    async with harness.page() as page:
        await harness.post(content="done", components=[ROW | {"components": [button]}])
        link = last(page).get_by_role("link", name="Listen")
        await expect(link).to_have_attribute("target", "_blank")
        await expect(link).to_have_attribute("rel", "noopener noreferrer")


async def test_a_disabled_button_cannot_be_pressed(harness: PageHarness) -> None:
    """It is visible and greyed out."""
    button = {"type": 2, "style": 2, "label": "Too late", "custom_id": "late", "disabled": True}
    async with harness.page() as page:
        await harness.post(content="over", components=[ROW | {"components": [button]}])
        await expect(page.get_by_role("button", name="Too late")).to_be_disabled()


async def test_a_choice_from_a_select_reaches_the_bot(harness: PageHarness) -> None:
    """It works by keyboard alone, and the description of each choice is shown."""

    async def respond(interaction: discord.Interaction) -> None:
        assert interaction.data
        await interaction.response.send_message(f"chose {interaction.data.get('values')}")

    harness.bot.answer = respond
    options = [
        {"label": "Calm", "value": "calm", "description": "slow and warm"},
        {"label": "Wild", "value": "wild"},
    ]
    select = {"type": 3, "custom_id": "mood", "placeholder": "Which mood?", "options": options}
    async with harness.page() as page:
        await harness.post(content="choose", components=[ROW | {"components": [select]}])
        await page.get_by_role("button", name="Which mood?").press("Enter")
        await expect(page.get_by_role("option").first).to_contain_text("slow and warm")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(last(page)).to_contain_text("chose ['wild']")


async def test_a_select_can_allow_several_choices(harness: PageHarness) -> None:
    """The choices are sent when the list is closed."""

    async def respond(interaction: discord.Interaction) -> None:
        assert interaction.data
        await interaction.response.send_message(f"chose {interaction.data.get('values')}")

    harness.bot.answer = respond
    options = [{"label": name, "value": name} for name in ("one", "two", "three")]
    select: dict[str, Any] = {"type": 3, "custom_id": "many", "options": options, "max_values": 2}
    select["placeholder"] = "Some"
    async with harness.page() as page:
        await harness.post(content="choose", components=[ROW | {"components": [select]}])
        await page.get_by_role("button", name="Some", exact=True).click()
        await page.get_by_role("option", name="one").click()
        await page.get_by_role("option", name="three").click()
        await page.keyboard.press("Escape")
        await expect(last(page)).to_contain_text("chose ['one', 'three']")


async def test_a_user_can_be_selected(harness: PageHarness) -> None:
    """A user select offers the members of the server."""

    async def respond(interaction: discord.Interaction) -> None:
        assert interaction.data
        await interaction.response.send_message(f"chose {interaction.data.get('values')}")

    harness.bot.answer = respond
    select = {"type": 5, "custom_id": "who", "placeholder": "Who?"}
    async with harness.page() as page:
        await harness.post(content="choose", components=[ROW | {"components": [select]}])
        await page.get_by_role("button", name="Who?").click()
        await page.get_by_role("option", name="friend").click()
        await expect(last(page)).to_contain_text(f"chose ['{harness.friend.id}']")


async def test_a_default_choice_is_shown_and_can_be_removed(harness: PageHarness) -> None:
    """If no choice is required, choosing it again removes it."""

    async def respond(interaction: discord.Interaction) -> None:
        assert interaction.data
        await interaction.response.send_message(f"chose {interaction.data.get('values')}")

    harness.bot.answer = respond
    chosen = [{"id": str(harness.rooms[-1].id), "type": "channel"}]
    select = {"type": 8, "custom_id": "where", "channel_types": [0], "min_values": 0}
    async with harness.page() as page:
        await harness.post(
            content="where?",
            components=[ROW | {"components": [select | {"default_values": chosen}]}],
        )
        control = page.locator(".select")
        await expect(control).to_have_text(f"#{harness.rooms[-2].name}")
        await control.click()
        await page.get_by_role("option", name=f"#{harness.rooms[-2].name}", exact=True).click()
        await expect(last(page)).to_contain_text("chose []")


class Form(discord.ui.Modal, title="A few words"):
    """A modal with a short and a long text."""

    name: discord.ui.TextInput["Form"] = discord.ui.TextInput(label="Title", max_length=20)
    words: discord.ui.TextInput["Form"] = discord.ui.TextInput(
        label="Words", style=discord.TextStyle.paragraph, required=False, default="la la"
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        """Say what was written."""
        await interaction.response.send_message(f"{self.name.value}: {self.words.value}")


async def test_a_modal_is_filled_in_and_sent(harness: PageHarness) -> None:
    """Missing values are reported in the modal, and Enter submits it."""

    async def ask(interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.component:
            await interaction.response.send_modal(Form())

    harness.bot.answer = ask
    button = {"type": 2, "style": 1, "label": "Write", "custom_id": "write"}
    async with harness.page() as page:
        await harness.post(content="?", components=[ROW | {"components": [button]}])
        await page.get_by_role("button", name="Write").click()
        dialog = page.get_by_role("dialog", name="A few words")
        await expect(dialog.get_by_label("Title")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(dialog.get_by_role("alert")).to_contain_text("required")
        await page.keyboard.type("Boats")
        await page.keyboard.press("Enter")
        await expect(dialog).to_have_count(0)
        await expect(last(page)).to_contain_text("Boats: la la")


async def test_a_dismissed_modal_sends_nothing(harness: PageHarness) -> None:
    """Esc closes it, and the focus returns to the button."""

    async def ask(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Form())

    harness.bot.answer = ask
    button = {"type": 2, "style": 1, "label": "Write", "custom_id": "write"}
    async with harness.page() as page:
        await harness.post(content="?", components=[ROW | {"components": [button]}])
        await page.get_by_role("button", name="Write").click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.get_by_role("button", name="Write")).to_be_focused()


async def test_a_mentioned_command_fills_the_message_box(harness: PageHarness) -> None:
    """A click begins the command; nothing is sent yet."""
    async with harness.page() as page:
        await harness.post(
            content="Start with </suno status:9>.",
            embeds=[{"description": "Or with </suno status:9>."}],
        )
        for mention in await last(page).get_by_role("button", name="/suno status").all():
            await mention.click()
            await expect(page.locator(".command-form .command-name")).to_have_text("/suno status")
            await page.keyboard.press("Escape")
        await expect(page.locator(".message")).to_have_count(1)


async def test_an_ephemeral_answer_is_visible_to_one_user_only(harness: PageHarness) -> None:
    """It is shown until that user dismisses it."""

    async def whisper(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("for you alone", ephemeral=True)

    harness.bot.answer = whisper
    async with harness.page() as page:
        await use(page, "/suno status x")
        await expect(last(page)).to_contain_text("Only you can see this")
        await expect(last(page).locator(".context")).to_contain_text("you used /suno status")
        await switch_user(page, "friend")
        await expect(page.get_by_label("You are friend")).to_be_visible()
        await expect(page.locator(".message")).to_have_count(0)
        await switch_user(page, "you")
        await expect(last(page)).to_contain_text("for you alone")
        await page.get_by_role("button", name="Dismiss message").click()
        await expect(page.locator(".message")).to_have_count(0)


async def test_a_deferred_answer_replaces_the_thinking_indicator(harness: PageHarness) -> None:
    """The answer replaces "thinking", and is not marked as edited."""
    go_on = asyncio.Event()

    async def think(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await go_on.wait()
        await interaction.edit_original_response(content="thought")

    harness.bot.answer = think
    async with harness.page() as page:
        await use(page, "/suno status x")
        await expect(last(page)).to_contain_text("Suno Bot is thinking…")
        go_on.set()
        await expect(last(page).locator(".body")).to_contain_text("thought")
        await expect(last(page)).not_to_contain_text("edited")


async def test_autocomplete_choices_are_shown_while_typing(harness: PageHarness) -> None:
    """Arrow keys select, Tab accepts, and Enter sends."""

    async def respond(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"id {interaction.namespace.id}")

    harness.bot.answer = respond
    harness.bot.choices = [
        app_commands.Choice(name="Paper Boats at Noon", value="boats-1"),
        app_commands.Choice(name="Paper Moon", value="moon-2"),
    ]
    async with harness.page() as page:
        await page.locator(".composer-text").click()
        await page.keyboard.type("/suno status Paper")
        await expect(page.get_by_role("option")).to_have_count(2)
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Tab")
        await expect(page.get_by_label("id", exact=True)).to_have_value("Paper Moon")
        await page.keyboard.press("Enter")
        await expect(last(page)).to_contain_text("id moon-2")


async def test_every_type_of_option_can_be_entered(harness: PageHarness) -> None:
    """Channels, users, roles and fixed choices are selected from lists."""

    async def respond(interaction: discord.Interaction) -> None:
        given = interaction.extras
        await interaction.response.send_message(
            f"{given['channel'].name} {given['user'].name} {given['mood']}"
        )

    harness.bot.answer = respond
    async with harness.page() as page:
        await page.locator(".composer-text").click()
        await page.keyboard.type("/suno everything ")
        for option, value in (("channel", "songs"), ("user", "friend"), ("mood", "calm")):
            await page.get_by_role("button", name=f"+ {option}").click()
            await page.keyboard.type(value)
            await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        await expect(last(page)).to_contain_text("songs friend calm")


async def test_an_invalid_option_value_is_not_sent(harness: PageHarness) -> None:
    """The option is marked as invalid, and no interaction is created."""
    async with harness.page() as page:
        await page.locator(".composer-text").click()
        await page.keyboard.type("/suno status x count:9")
        await page.keyboard.press("Enter")
        field = page.locator('.option-input[aria-invalid="true"]')
        await expect(field).to_have_count(1)
        await expect(field).to_be_focused()


async def test_a_command_from_the_menu_of_a_message_reaches_the_bot(harness: PageHarness) -> None:
    """By keyboard alone: to the message, Enter, and down the menu."""

    async def respond(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"about: {interaction.extras['message'].content}")

    harness.bot.answer = respond
    async with harness.page() as page:
        await use(page, "look at 123")
        await expect(last(page)).to_contain_text("look at 123")
        await page.locator(".composer-text").press("ArrowUp")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("menu")).to_contain_text("Apps")
        await page.keyboard.press("End")
        await page.keyboard.press("Enter")
        await expect(last(page)).to_contain_text("about: look at 123")


async def test_files_are_shown_by_their_type(harness: PageHarness) -> None:
    """Audio has a player, pictures are displayed, and texts are previewed."""
    async with harness.page() as page:
        place = harness.bot.get_partial_messageable(harness.rooms[-1].id)
        files = {
            "tune.wav": melody("x", seconds=2),
            "cover.png": cover("x"),
            "words.txt": b"la <b>la</b>",
        }
        await place.send(
            files=[discord.File(io.BytesIO(data), name) for name, data in files.items()]
        )
        audio = last(page).locator("audio")
        await expect(audio).to_have_js_property("readyState", 4)
        await expect(last(page).locator("img.picture")).to_have_js_property("naturalWidth", 320)
        await expect(last(page).locator(".file-text")).to_have_text("la <b>la</b>")


async def test_components_v2_messages_are_shown(harness: PageHarness) -> None:
    """Containers with texts, sections, separators and buttons are shown."""
    button = {"type": 2, "style": 1, "label": "It", "custom_id": "it"}
    beside = {"type": 10, "content": "beside"}
    parts = [
        {"type": 10, "content": "## A heading"},
        {"type": 9, "components": [beside], "accessory": button},
        {"type": 14},
    ]
    async with harness.page() as page:
        await harness.post(flags=1 << 15, components=[{"type": 17, "components": parts}])
        await expect(last(page).get_by_role("heading", name="A heading")).to_be_visible()
        await expect(last(page).get_by_role("button", name="It")).to_be_visible()


async def test_a_mention_of_the_current_user_is_highlighted_and_counted(
    harness: PageHarness,
) -> None:
    """The list of channels counts it until the channel is opened."""
    async with harness.page() as page:
        await page.get_by_role("button", name="songs", exact=True).click()
        await harness.post(content=f"{harness.you.mention} it is done")
        room = page.get_by_role(
            "button", name=f"{harness.rooms[-1].name}, 1 unread, 1 mentioning you"
        )
        await room.click()
        await expect(last(page)).to_have_class("message pinged")
        await expect(last(page).locator(".mention")).to_have_text("@you")
        await expect(page.locator(".channel-item.unread")).not_to_contain_text(
            [harness.rooms[-1].name]
        )


async def test_a_spoiler_is_shown_on_request(harness: PageHarness) -> None:
    """Until then it is hidden from screen readers too."""
    async with harness.page() as page:
        await harness.post(content="the end: ||they meet||")
        hidden = last(page).get_by_role("button", name="Spoiler")
        await expect(last(page).get_by_text("they meet")).to_be_hidden()
        await hidden.press("Enter")
        await expect(last(page).get_by_text("they meet")).to_be_visible()


async def test_a_deleted_message_disappears(harness: PageHarness) -> None:
    """The message disappears at once."""
    async with harness.page() as page:
        message = await harness.post(content="soon gone")
        await expect(last(page)).to_contain_text("soon gone")
        harness.local.delete_message(message)
        await expect(page.locator(".message")).to_have_count(0)
