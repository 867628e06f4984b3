from typing import Any

import discord
import pytest
from discord import app_commands, ui

from sandbox.discord import ActionUnavailable, Event, Interaction, LocalDiscord, Message, Upload
from tests.support.sandbox_client import ClientHarness, SampleBot, connected_client, status_and_code

PUBLIC_STATUS = "suno status"


async def refused(harness: ClientHarness, doing: Any) -> tuple[int, int]:
    """Let the bot do something in answer to a command, and give how Discord refuses it."""
    found: list[tuple[int, int]] = []

    async def answer(interaction: discord.Interaction) -> None:
        try:
            await doing(interaction)
        except discord.HTTPException as error:
            found.append(status_and_code(error))
            harness.local.changes.notify()

    harness.bot.answer = answer
    await harness.local.command(harness.ada, harness.songs, PUBLIC_STATUS, id="abc")
    await harness.local.wait_for(lambda: found)
    return found[0]


async def shown(harness: ClientHarness, view: ui.View) -> Message:
    """Let the bot answer a command with a view, and give the message."""

    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("look", view=view)

    harness.bot.answer = answer
    interaction = await harness.local.command(harness.ada, harness.songs, PUBLIC_STATUS, id="abc")
    return await interaction.wait_for_answer()


def a_view() -> ui.View:
    """Give a view that does nothing by itself: the bot hears of it as of one it forgot."""
    view = ui.View(timeout=None)
    view.add_item(ui.Button(label="Go", custom_id="go"))
    view.add_item(ui.Button(label="Off", custom_id="off", disabled=True))
    view.add_item(ui.Button(label="Away", url="https://example.com"))
    options = [discord.SelectOption(label="One", value="1"), discord.SelectOption(label="Two")]
    view.add_item(ui.Select(custom_id="pick", options=options, max_values=2))
    view.add_item(ui.UserSelect(custom_id="who"))
    view.stop()
    return view


async def test_a_command_is_deferred_and_then_answered() -> None:
    """The deferral shows "thinking…", and its edit becomes the answer."""
    async with connected_client() as harness:
        interaction = await harness.local.command(
            harness.ada, harness.songs, PUBLIC_STATUS, id="abc"
        )
        await interaction.wait_for_acknowledgement()
        answer = await interaction.wait_for_answer()
        assert (answer.content, answer.ephemeral, answer.thinking) == ("done", False, False)
        assert interaction.acknowledged_after is not None
        assert 0 <= interaction.acknowledged_after < 3
        assert harness.songs.messages == interaction.messages == [answer]
        assert answer.payload()["interaction_metadata"]["user"]["id"] == str(harness.ada.id)
        assert harness.local.interactions == [interaction]


async def test_an_interaction_contains_user_place_and_options() -> None:
    """User, place, languages, permissions and options arrive as registered."""
    async with connected_client() as harness:
        cleo = harness.local.add_user("Cleo", locale="zh-CN")
        guild = harness.local.add_guild("Schlagerclub", locale="de")
        channel = guild.add_channel("lieder")
        guild.add_member(cleo, administrator=True)
        channel.deny("embed_links")
        interaction = await harness.local.command(
            cleo, channel, PUBLIC_STATUS, id="abc", count=2, public=True
        )
        await interaction.wait_for_answer()
        (seen,) = harness.bot.seen
        assert (seen.user.id, seen.guild_id, seen.channel_id) == (cleo.id, guild.id, channel.id)
        assert (seen.locale, seen.guild_locale) == (discord.Locale.chinese, discord.Locale.german)
        assert seen.permissions.administrator
        assert seen.app_permissions.send_messages
        assert not seen.app_permissions.embed_links
        assert seen.is_guild_integration()
        assert seen.context.guild
        assert dict(iter(seen.namespace)) == {"id": "abc", "count": 2, "public": True}


async def test_an_ephemeral_answer_is_visible_to_one_user_only() -> None:
    """It is not in the channel, cannot be fetched, and other users cannot act on it."""
    async with connected_client() as harness:
        view = a_view()

        async def answer(interaction: discord.Interaction) -> None:
            text = f"psst {interaction.user.mention}"
            await interaction.response.send_message(text, ephemeral=True, view=view)
            await interaction.followup.send("more", ephemeral=True)

        harness.bot.answer = answer
        bob = harness.local.add_user("Bob")
        harness.guild.add_member(bob)
        interaction = await harness.local.command(
            harness.ada, harness.songs, PUBLIC_STATUS, id="abc"
        )
        await harness.local.wait_for(lambda: len(interaction.messages) == 2)
        message = interaction.messages[0]
        assert message.ephemeral
        assert message.visible_to is harness.ada
        assert (message.pinged, harness.songs.messages) == (set(), [])
        with pytest.raises(discord.NotFound):
            await harness.place().fetch_message(message.id)
        with pytest.raises(ActionUnavailable, match="does not see"):
            await harness.local.press(bob, message, "go")


async def test_follow_ups_can_be_read_changed_and_deleted() -> None:
    """The answer and its follow-ups are managed through the interaction."""
    async with connected_client() as harness:

        async def answer(interaction: discord.Interaction) -> None:
            callback = await interaction.response.send_message("one")
            assert callback.message_id == (await interaction.original_response()).id
            more = await interaction.followup.send("two", wait=True)
            await more.edit(content="changed")
            assert (await interaction.followup.fetch_message(more.id)).content == "changed"
            await interaction.followup.send("three")
            await interaction.delete_original_response()
            await more.delete()

        harness.bot.answer = answer
        interaction = await harness.local.command(
            harness.ada, harness.songs, PUBLIC_STATUS, id="abc"
        )
        await harness.local.wait_for(lambda: [m.content for m in interaction.messages] == ["three"])
        assert [message.content for message in harness.songs.messages] == ["three"]


async def test_the_first_follow_up_after_a_deferral_is_the_answer() -> None:
    """It replaces "thinking…" and is ephemeral if the deferral was."""
    async with connected_client() as harness:

        async def answer(interaction: discord.Interaction) -> None:
            await interaction.response.defer(ephemeral=True)
            await interaction.followup.send("here", ephemeral=False)

        harness.bot.answer = answer
        interaction = await harness.local.command(
            harness.ada, harness.songs, PUBLIC_STATUS, id="abc"
        )
        found = await interaction.wait_for_answer()
        assert (found.content, found.ephemeral) == ("here", True)
        assert interaction.messages == [found]


async def test_a_late_answer_is_refused() -> None:
    """After three seconds the interaction is unknown: 10062."""
    async with connected_client() as harness:

        async def late(interaction: discord.Interaction) -> None:
            harness.local.clock.advance(3.1)
            await interaction.response.send_message("too late")

        assert await refused(harness, late) == (404, 10062)
        assert harness.songs.messages == []


async def test_a_second_acknowledgement_is_refused() -> None:
    """A second initial response gives 40060."""
    async with connected_client() as harness:

        async def twice(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("one")
            interaction.response._response_type = None  # as a second process would
            await interaction.response.send_message("two")

        assert await refused(harness, twice) == (400, 40060)


async def test_an_interaction_token_expires_after_fifteen_minutes() -> None:
    """Afterwards every use of it gives 50027."""
    async with connected_client() as harness:

        async def slow(interaction: discord.Interaction) -> None:
            await interaction.response.defer()
            harness.local.clock.advance(15 * 60 + 1)
            await interaction.edit_original_response(content="too late")

        assert await refused(harness, slow) == (401, 50027)


async def test_a_webhook_is_known_only_after_the_acknowledgement() -> None:
    """Before it the webhook is unknown, as are other tokens and the messages of others."""
    async with connected_client() as harness:

        async def hasty(interaction: discord.Interaction) -> None:
            await interaction.followup.send("before")

        assert await refused(harness, hasty) == (404, 10015)

        async def lost(interaction: discord.Interaction) -> None:
            await interaction.response.defer()
            interaction.followup.token = "unknown"
            await interaction.followup.send("x")

        assert await refused(harness, lost) == (404, 10015)

        async def fetch_unknown_message(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("x")
            await interaction.followup.fetch_message(1)

        assert await refused(harness, fetch_unknown_message) == (404, 10008)


@pytest.mark.malformed_requests
@pytest.mark.parametrize(
    ("kind", "data", "code"),
    [
        (4, {}, 50006),
        (4, {"content": "x" * 2001}, 50035),
        (6, {}, 50035),
        (7, {"content": "x"}, 50035),
        (8, {"choices": []}, 50035),
        (9, {"title": "x"}, 50035),
        (99, {}, 50035),
        ("four", {}, 50035),
    ],
)
async def test_an_invalid_answer_is_refused(kind: Any, data: dict[str, Any], code: int) -> None:
    """The interaction can still be answered after an invalid answer."""
    async with connected_client() as harness:

        async def badly(interaction: discord.Interaction) -> None:
            path = f"/interactions/{interaction.id}/{interaction.token}/callback"
            await harness.request("POST", path, json={"type": kind, "data": data})

        assert (await refused(harness, badly))[1] == code
        (interaction,) = harness.local.interactions
        assert not interaction.acknowledged
        path = f"/interactions/{interaction.id}/{interaction.token}/callback"
        await harness.request("POST", path, json={"type": 1})
        assert interaction.acknowledged


async def test_an_unknown_interaction_is_refused() -> None:
    """A wrong token is refused like an unknown interaction."""
    async with connected_client() as harness:
        with pytest.raises(discord.NotFound) as unknown:
            await harness.request("POST", "/interactions/1/x/callback", json={"type": 1})
        assert unknown.value.code == 10062


async def test_autocomplete_returns_the_choices_of_the_bot() -> None:
    """The typed text reaches the bot, and its choices are returned."""
    async with connected_client() as harness:
        harness.bot.choices = [
            app_commands.Choice(name="Paper Boats", value="p1"),
            app_commands.Choice(name="Rain", value="r1"),
        ]
        found = await harness.local.autocomplete(
            harness.ada, harness.songs, PUBLIC_STATUS, "id", "Pap"
        )
        assert found == [("Paper Boats", "p1")]
        with pytest.raises(ActionUnavailable, match="autocomplete"):
            await harness.local.autocomplete(
                harness.ada, harness.songs, PUBLIC_STATUS, "count", "1"
            )


async def test_a_button_updates_its_message() -> None:
    """The answer to a press can edit the message of the button."""
    async with connected_client() as harness:
        message = await shown(harness, a_view())

        async def answer(interaction: discord.Interaction) -> None:
            await interaction.response.edit_message(content="pressed", view=None)

        harness.bot.answer = answer
        press = await harness.local.press(harness.ada, message, "go")
        assert await press.wait_for_answer() is message
        assert (message.content, message.components) == ("pressed", [])
        assert press.messages == [message]


async def test_a_deferred_press_edits_its_message_later() -> None:
    """The message exists throughout, and changes with the later edit."""
    async with connected_client() as harness:
        message = await shown(harness, a_view())

        async def answer(interaction: discord.Interaction) -> None:
            await interaction.response.defer()
            assert interaction.message is not None
            await interaction.edit_original_response(content="later")

        harness.bot.answer = answer
        press = await harness.local.press(harness.ada, message, "go")
        await press.wait_for_acknowledgement()
        assert (await press.wait_for_answer()).content == "later"


async def test_a_press_can_be_answered_with_a_new_message() -> None:
    """An ephemeral answer to a press leaves the message unchanged."""
    async with connected_client() as harness:
        message = await shown(harness, a_view())

        async def answer(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("just you", ephemeral=True)

        harness.bot.answer = answer
        press = await harness.local.press(harness.ada, message, "go")
        answered = await press.wait_for_answer()
        assert (answered.content, message.content) == ("just you", "look")
        assert press.messages == [answered]


async def test_a_select_sends_its_values() -> None:
    """Options arrive as values, and selected users as users."""
    async with connected_client() as harness:
        message = await shown(harness, a_view())
        interaction = await harness.local.select(harness.ada, message, "pick", ["1", "Two"])
        await interaction.wait_for_acknowledgement()
        chosen = await harness.local.select(harness.ada, message, "who", [harness.ada])
        await chosen.wait_for_acknowledgement()
        first, second = (seen.data for seen in harness.bot.seen[-2:])
        assert first is not None
        assert second is not None
        assert first.get("values") == ["1", "Two"]
        assert second.get("values") == [str(harness.ada.id)]


async def test_only_existing_components_can_be_used() -> None:
    """Missing, disabled, deleted and link components are refused, as are unknown values."""
    async with connected_client() as harness:
        local, ada = harness.local, harness.ada
        message = await shown(harness, a_view())
        for doing in (
            local.press(ada, message, "missing"),
            local.press(ada, message, "off"),
            local.press(ada, message, "pick"),
            local.select(ada, message, "go", ["1"]),
            local.select(ada, message, "pick", []),
            local.select(ada, message, "pick", ["3"]),
        ):
            with pytest.raises(ActionUnavailable):
                await doing
        local.delete_message(message)
        with pytest.raises(ActionUnavailable, match="deleted"):
            await local.press(ada, message, "go")


class Search(ui.Modal, title="Search"):
    """A modal with fields of the old and the new kind."""

    text: ui.TextInput["Search"] = ui.TextInput(label="Text", custom_id="text", min_length=2)
    more: ui.TextInput["Search"] = ui.TextInput(
        label="More", custom_id="more", required=False, default="as it was"
    )
    mood: ui.Label["Search"] = ui.Label(
        text="Mood",
        component=ui.Select(custom_id="mood", options=[discord.SelectOption(label="Calm")]),
    )


async def asked(harness: ClientHarness) -> Interaction:
    """Let the bot answer a command with a modal."""

    async def answer(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Search())

    harness.bot.answer = answer
    interaction = await harness.local.command(harness.ada, harness.songs, PUBLIC_STATUS, id="abc")
    await interaction.wait_for_acknowledgement()
    return interaction


async def test_a_modal_is_shown_filled_in_and_answered() -> None:
    """Fields that are left alone keep their default values."""
    async with connected_client() as harness:
        interaction = await asked(harness)
        assert interaction.modal is not None
        assert (interaction.modal["title"], interaction.messages) == ("Search", [])

        async def answer(submitted: discord.Interaction) -> None:
            await submitted.response.send_message(str(submitted.data), ephemeral=True)

        harness.bot.answer = answer
        submitted = await harness.local.submit_modal(
            harness.ada, interaction, {"text": "boats", "mood": ["Calm"]}
        )
        content = (await submitted.wait_for_answer()).content
        for expected in ("'value': 'boats'", "'value': 'as it was'", "'values': ['Calm']"):
            assert expected in content


async def test_modal_input_is_validated() -> None:
    """Missing, short, long and unknown values are refused, as are modals shown to others."""
    async with connected_client() as harness:
        interaction = await asked(harness)
        bob = harness.local.add_user("Bob")
        for person, values in (
            (harness.ada, {}),
            (harness.ada, {"text": "x"}),
            (harness.ada, {"text": "x" * 4001}),
            (harness.ada, {"text": "fine", "mood": ["Calm"], "other": "x"}),
            (harness.ada, {"text": "fine"}),
            (harness.ada, {"text": "fine", "mood": ["Wild"]}),
            (bob, {"text": "fine", "mood": ["Calm"]}),
        ):
            with pytest.raises(ActionUnavailable):
                await harness.local.submit_modal(person, interaction, values)


class Choices(ui.Modal, title="Choices"):
    """A modal with a field of every kind that is chosen."""

    model: ui.Label["Choices"] = ui.Label(
        text="Model",
        component=ui.Select(
            custom_id="model",
            options=[
                discord.SelectOption(label="v4", value="4"),
                discord.SelectOption(label="v5", value="5", default=True),
            ],
        ),
    )
    instrumental: ui.Label["Choices"] = ui.Label(
        text="Instrumental", component=ui.Checkbox(custom_id="instrumental", default=True)
    )
    voice: ui.Label["Choices"] = ui.Label(
        text="Voice",
        component=ui.RadioGroup(
            custom_id="voice",
            required=False,
            options=[discord.RadioGroupOption(label=name) for name in ("low", "high")],
        ),
    )
    extras: ui.Label["Choices"] = ui.Label(
        text="Extras",
        component=ui.CheckboxGroup(
            custom_id="extras",
            required=False,
            options=[discord.CheckboxGroupOption(label="cover", default=True)],
        ),
    )


@pytest.mark.parametrize(
    ("chosen", "sent"),
    [
        ({}, {"model": ["5"], "instrumental": True, "voice": None, "extras": ["cover"]}),
        (
            {"model": ["4"], "instrumental": False, "voice": "high", "extras": []},
            {"model": ["4"], "instrumental": False, "voice": "high", "extras": []},
        ),
    ],
)
async def test_what_is_chosen_in_a_modal_is_sent(
    chosen: dict[str, Any], sent: dict[str, Any]
) -> None:
    """A checkbox and a radio group have a value, menus and groups of checkboxes have values."""
    async with connected_client() as harness:

        async def answer(interaction: discord.Interaction) -> None:
            await interaction.response.send_modal(Choices())

        harness.bot.answer = answer
        shown = await harness.local.command(harness.ada, harness.songs, PUBLIC_STATUS, id="abc")
        await shown.wait_for_acknowledgement()
        submitted = await harness.local.submit_modal(harness.ada, shown, chosen)
        fields = [row["component"] for row in submitted.data["components"]]
        found = {field["custom_id"]: field.get("value", field.get("values")) for field in fields}
        assert found == sent


@pytest.mark.malformed_requests
async def test_a_modal_cannot_answer_a_modal() -> None:
    """Discord accepts a modal in answer to commands and presses only."""
    async with connected_client() as harness:
        interaction = await asked(harness)
        found: list[int] = []

        async def answer(submitted: discord.Interaction) -> None:
            try:
                await submitted.response.send_modal(Search())
            except discord.HTTPException as error:
                found.append(error.code)
                harness.local.changes.notify()

        harness.bot.answer = answer
        values = {"text": "boats", "mood": ["Calm"]}
        await harness.local.submit_modal(harness.ada, interaction, values)
        assert await harness.local.wait_for(lambda: found) == [50035]


async def test_a_message_command_gets_the_full_message() -> None:
    """The target message has its content although the bot lacks the content intent."""
    async with connected_client() as harness:
        sent = harness.local.send_message(harness.ada, harness.songs, "my task is abc-123")

        async def answer(interaction: discord.Interaction) -> None:
            await interaction.response.send_message(interaction.extras["message"].content)

        harness.bot.answer = answer
        interaction = await harness.local.use_message_command(harness.ada, "Watch Suno tasks", sent)
        assert (await interaction.wait_for_answer()).content == "my task is abc-123"


async def test_options_of_every_type_are_resolved() -> None:
    """Channels, users, roles, files and choices arrive with their type."""
    async with connected_client() as harness:
        role = harness.guild.add_role("Fans")

        async def answer(interaction: discord.Interaction) -> None:
            given = interaction.extras
            data = await given["file"].read()
            words = [given[name].name for name in ("channel", "user", "role")]
            await interaction.response.send_message(f"{words} {data.decode()} {given['mood']}")

        harness.bot.answer = answer
        interaction = await harness.local.command(
            harness.ada,
            harness.songs,
            "suno everything",
            channel=harness.songs,
            user=harness.ada,
            role=role,
            file=Upload("ids.txt", b"abc"),
            mood="calm",
        )
        content = (await interaction.wait_for_answer()).content
        assert content == "['songs', 'ada', 'Fans'] abc calm"


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("music", {}, "no command"),
        ("suno", {}, "needs a subcommand"),
        ("suno sing", {}, "no subcommand"),
        ("suno status", {}, "required"),
        ("suno status", {"id": "x", "other": 1}, "no such option"),
        ("suno status", {"id": 5}, "does not take"),
        ("suno status", {"id": ""}, "1 to 100"),
        ("suno status", {"id": "x" * 101}, "1 to 100"),
        ("suno status", {"id": "x", "count": 6}, "1 to 5"),
        ("suno status", {"id": "x", "count": True}, "does not take"),
        ("suno status", {"id": "x", "public": 1}, "does not take"),
        ("suno everything", {"mood": "angry"}, "no choice"),
    ],
)
async def test_commands_that_do_not_match_their_registration_are_refused(
    name: str, options: dict[str, Any], reason: str
) -> None:
    """Unregistered commands and invalid options are not sent to the bot."""
    async with connected_client() as harness:
        with pytest.raises(ActionUnavailable, match=reason):
            await harness.local.command(harness.ada, harness.songs, name, **options)
        assert harness.local.interactions == []


async def test_a_command_needs_a_permitted_member() -> None:
    """Non-members and members without permission or access to the channel are refused."""
    async with connected_client() as harness:
        outsider = harness.local.add_user("Bob")
        with pytest.raises(ActionUnavailable, match="not in"):
            await harness.local.command(outsider, harness.songs, PUBLIC_STATUS, id="abc")
        harness.songs.deny("use_application_commands", target=harness.ada)
        with pytest.raises(ActionUnavailable, match="may not use"):
            await harness.local.command(harness.ada, harness.songs, PUBLIC_STATUS, id="abc")
        harness.songs.deny("view_channel", target=harness.ada)
        with pytest.raises(ActionUnavailable, match="not in"):
            await harness.local.command(harness.ada, harness.songs, PUBLIC_STATUS, id="abc")


async def test_a_channel_option_accepts_the_declared_types_only() -> None:
    """A thread is refused where text channels are declared."""
    async with connected_client() as harness:
        thread = harness.guild.add_thread(harness.songs, "t")
        with pytest.raises(ActionUnavailable, match="such channels"):
            await harness.local.command(
                harness.ada, harness.songs, "suno everything", channel=thread
            )


@pytest.mark.parametrize("where", ["thread", "direct message"])
async def test_commands_work_in_threads_and_direct_messages(where: str) -> None:
    """Commands are answered in threads and in direct messages with the bot."""
    async with connected_client() as harness:
        dm = where == "direct message"
        thread = harness.guild.add_thread(harness.songs, "new songs")
        place = harness.local.open_dm(harness.ada) if dm else thread
        interaction = await harness.local.command(harness.ada, place, PUBLIC_STATUS, id="abc")
        assert (await interaction.wait_for_answer()).content == "done"
        (seen,) = harness.bot.seen
        assert seen.channel is not None
        assert seen.channel.id == place.id
        assert seen.context.dm_channel is dm
        assert (seen.guild_id is None) is dm
        assert seen.app_permissions.send_messages


async def test_a_user_installed_bot_answers_without_being_in_the_guild() -> None:
    """The bot answers interactions there, and cannot post by itself."""
    async with connected_client() as harness:
        cleo = harness.local.add_user("Cleo", installed=True)
        guild = harness.local.add_guild("Elsewhere", with_bot=False)
        channel = guild.add_channel("chat")
        guild.add_member(cleo)
        interaction = await harness.local.command(cleo, channel, PUBLIC_STATUS, id="abc")
        await interaction.wait_for_answer()
        (seen,) = harness.bot.seen
        assert seen.is_user_integration()
        assert not seen.is_guild_integration()
        with pytest.raises(discord.Forbidden) as forbidden:
            await harness.place(channel).send("x")
        assert forbidden.value.code == 50001


async def test_commands_work_in_direct_messages_between_users() -> None:
    """That context has its own type and permits at most five follow-ups."""
    async with connected_client() as harness:
        cleo = harness.local.add_user("Cleo", installed=True)
        place = harness.local.open_private(cleo, harness.ada)
        found: list[int] = []

        async def answer(interaction: discord.Interaction) -> None:
            assert interaction.context.private_channel
            await interaction.response.send_message("one")
            try:
                for number in range(6):
                    await interaction.followup.send(str(number))
            except discord.HTTPException as error:
                found.append(error.code)
                harness.local.changes.notify()

        harness.bot.answer = answer
        interaction = await harness.local.command(cleo, place, PUBLIC_STATUS, id="abc")
        assert await harness.local.wait_for(lambda: found) == [40094]
        assert len(interaction.messages) == 6


async def test_a_command_between_users_needs_a_user_install() -> None:
    """A user who has not installed the bot cannot use it there."""
    async with connected_client() as harness:
        place = harness.local.open_private(harness.ada, harness.local.add_user("Bob"))
        with pytest.raises(ActionUnavailable, match="not installed"):
            await harness.local.command(harness.ada, place, PUBLIC_STATUS, id="abc")


async def test_commands_can_be_registered_fetched_and_deleted() -> None:
    """Global and guild commands are managed, and an update keeps the id."""
    async with connected_client() as harness:
        bot, local = harness.bot, harness.local
        await local.wait_until_commands()
        before = {one.name: one.id for one in await bot.tree.fetch_commands()}
        after = {one.name: one.id for one in await bot.tree.sync()}
        assert before == after
        assert local.commands.overwrites == 2
        here = discord.Object(harness.guild.id)
        bot.tree.copy_global_to(guild=here)
        for command in await bot.tree.sync(guild=here):
            assert (await bot.tree.fetch_command(command.id, guild=here)).name == command.name
            await command.delete()
            with pytest.raises(discord.NotFound):
                await bot.tree.fetch_command(command.id, guild=here)
        assert await bot.tree.fetch_commands(guild=here) == []


@pytest.mark.malformed_requests
async def test_invalid_commands_are_not_registered() -> None:
    """The sync fails as with Discord, and the registered commands stay."""
    async with connected_client() as harness:
        path = f"/applications/{harness.local.application_id}/commands"
        for where, payload, code in (
            (path, [{"name": "BAD", "description": "x"}], 50035),
            ("/applications/1/commands", [], 20012),
            (f"/applications/{harness.local.application_id}/guilds/1/commands", [], 50001),
        ):
            with pytest.raises(discord.HTTPException) as refusal:
                await harness.request("PUT", where, json=payload)
            assert refusal.value.code == code
        assert len(harness.local.commands.listed(None)) == 2


@pytest.mark.parametrize(
    ("restriction", "reason"),
    [
        ({"default_member_permissions": str(1 << 5)}, "may not use"),
        ({"default_member_permissions": "0"}, "may not use"),
        ({"contexts": [1]}, "context"),
        ({"contexts": None, "dm_permission": True, "integration_types": [1]}, "not installed"),
    ],
    ids=str,
)
async def test_a_restricted_command_is_not_offered_to_everyone(
    restriction: dict[str, Any], reason: str
) -> None:
    """Permissions, contexts and installation types are checked."""
    async with connected_client() as harness:
        path = f"/applications/{harness.local.application_id}/commands"
        command = {"name": "settings", "description": "x", "integration_types": None}
        await harness.request("PUT", path, json=[command | restriction])
        with pytest.raises(ActionUnavailable, match=reason):
            await harness.local.command(harness.ada, harness.songs, "settings")
        boss = harness.local.add_user("Boss", installed=True)
        harness.guild.add_member(boss, permissions=("administrator",))
        if "contexts" not in restriction or restriction["contexts"] is None:
            await harness.local.command(boss, harness.songs, "settings")


async def test_a_guild_only_command_is_not_offered_in_direct_messages() -> None:
    """Without contexts, the older ``dm_permission`` decides."""
    async with connected_client() as harness:
        path = f"/applications/{harness.local.application_id}/commands"
        command = {"name": "settings", "description": "x", "dm_permission": False}
        await harness.request("PUT", path, json=[command])
        with pytest.raises(ActionUnavailable, match="context"):
            await harness.local.command(harness.ada, harness.local.open_dm(harness.ada), "settings")


async def test_listeners_get_all_visible_events_in_order() -> None:
    """A listener gets every event that users could see until it is removed."""
    async with connected_client() as harness:
        events: list[Event] = []
        stop = harness.local.on_event(events.append)
        interaction = await harness.local.command(
            harness.ada, harness.songs, PUBLIC_STATUS, id="abc"
        )
        answer = await interaction.wait_for_answer()
        await harness.place().get_partial_message(answer.id).delete()
        stop()
        harness.local.send_message(harness.ada, harness.songs, "unheard")
        assert [one.kind for one in events] == ["interaction", "thinking", "answer", "delete"]
        assert str(events[0]) == "interaction Ada: /suno status id:abc"
        assert str(events[2]) == "answer Suno Bot: done"
        assert all(one.message is answer for one in events[1:])


async def test_a_missing_answer_is_reported_with_the_latest_events() -> None:
    """The time-out error contains the command and the latest events."""
    async with connected_client() as harness:

        async def silent(interaction: discord.Interaction) -> None:
            assert not interaction.response.is_done()

        harness.bot.answer = silent
        interaction = await harness.local.command(
            harness.ada, harness.songs, PUBLIC_STATUS, id="abc"
        )
        with pytest.raises(TimeoutError, match="an answer to Ada: /suno status id:abc") as late:
            await interaction.wait_for_answer(timeout=0.02)
        assert "interaction Ada: /suno status" in str(late.value)
        assert interaction.acknowledged_after is None


async def test_a_command_is_not_answered_while_the_bot_is_away() -> None:
    """A command without a connected bot gets no answer."""
    async with LocalDiscord() as local, SampleBot():
        guild = local.add_guild("Song Club")
        ada = local.add_user("Ada")
        guild.add_member(ada)
        songs = guild.add_channel("songs")
        local.commands.overwrite(None, [{"name": "hello", "description": "x"}])
        interaction = await local.command(ada, songs, "hello")
        assert interaction.answer is None
