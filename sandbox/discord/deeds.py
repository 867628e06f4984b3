"""What people do: commands, presses, choices, modals."""

import secrets
from collections.abc import Callable
from typing import Any

from sandbox.discord.answers import Answers
from sandbox.discord.channels import Channel
from sandbox.discord.command_limits import CHAT_INPUT, MESSAGE_COMMAND
from sandbox.discord.commands import Commands, subcommand
from sandbox.discord.component_limits import BUTTON, ENTITY_SELECTS, LINK_BUTTON, SELECT, TEXT_INPUT
from sandbox.discord.errors import NotOffered, Payload
from sandbox.discord.filling import Attach, Form
from sandbox.discord.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Interaction
from sandbox.discord.messages import Message, walk
from sandbox.discord.people import User
from sandbox.discord.world import World


class Deeds:
    """Lets people act on the bot, as far as Discord's own client would let them."""

    def __init__(
        self,
        world: World,
        commands: Commands,
        answers: Answers,
        attach: Callable[[Channel], Attach],
    ) -> None:
        self._world = world
        self._commands = commands
        self._answers = answers
        self._attach = attach

    def offered(self, user: User, channel: Channel) -> list[Payload]:
        """Give the commands of every kind that a person may use there."""
        return self._commands.all_offered(self._new(user, channel, COMMAND))

    def command(
        self, user: User, channel: Channel, name: str, options: dict[str, Any]
    ) -> Interaction:
        """Use a slash command with its options; ``name`` includes subcommands."""
        interaction, form, taken, chain = self._typed(user, channel, name, COMMAND)
        filled = form.fill(taken, options)
        interaction.data |= {"options": _nested(chain, filled)}
        return self._send(interaction, form)

    def type_option(
        self,
        user: User,
        channel: Channel,
        name: str,
        option: str,
        text: str,
        others: dict[str, Any],
    ) -> Interaction:
        """Type into an option that has autocomplete, with other options filled in before."""
        interaction, form, taken, chain = self._typed(user, channel, name, AUTOCOMPLETE)
        typed = [one for one in taken if one["name"] == option and one.get("autocomplete")]
        if not typed:
            raise NotOffered(f"{name!r} has no option {option!r} with autocomplete")
        known = [{**one, "required": False} for one in taken]
        filled = form.fill(known, others)
        focused = {"type": typed[0]["type"], "name": option, "value": text, "focused": True}
        interaction.data |= {"options": _nested(chain, [*filled, focused])}
        form.resolved.clear()
        return self._send(interaction, form)

    def _typed(
        self, user: User, channel: Channel, name: str, kind: int
    ) -> tuple[Interaction, Form, list[Payload], list[Payload]]:
        interaction = self._new(user, channel, kind)
        first, *words = name.removeprefix("/").split()
        command = self._commands.offered(interaction, first, CHAT_INPUT)
        taken, chain = subcommand(command, words)
        interaction.data = _command_data(command)
        return interaction, Form(channel, user, self._attach(channel)), taken, chain

    def message_command(self, user: User, name: str, message: Message) -> Interaction:
        """Use a command of a message's menu."""
        interaction = self._new(user, message.channel, COMMAND)
        command = self._commands.offered(interaction, name, MESSAGE_COMMAND)
        self._require_visible(user, message)
        form = Form(message.channel, user, self._attach(message.channel))
        form.resolve_message(message)
        interaction.data = {**_command_data(command), "target_id": str(message.id)}
        return self._send(interaction, form)

    def press(self, user: User, message: Message, custom_id: str) -> Interaction:
        """Press a button."""
        component = self._usable(user, message, custom_id)
        if component["type"] != BUTTON or component.get("style") == LINK_BUTTON:
            raise NotOffered(f"{custom_id!r} is not a button to press")
        interaction = self._new(user, message.channel, COMPONENT, message)
        interaction.data = _component_data(component)
        return self._send(interaction)

    def select(
        self, user: User, message: Message, custom_id: str, values: list[Any]
    ) -> Interaction:
        """Choose from a select: values of its options, or users."""
        component = self._usable(user, message, custom_id)
        if component["type"] not in (SELECT, *ENTITY_SELECTS):
            raise NotOffered(f"{custom_id!r} is not a select")
        least, most = component.get("min_values", 1), component.get("max_values", 1)
        if not (1 if least is None else least) <= len(values) <= (most or 1):
            raise NotOffered(f"{custom_id!r} takes {least} to {most} values, not {len(values)}")
        form = Form(message.channel, user, self._attach(message.channel))
        interaction = self._new(user, message.channel, COMPONENT, message)
        chosen = [_chosen(component, value, form) for value in values]
        interaction.data = {**_component_data(component), "values": chosen}
        return self._send(interaction, form)

    def submit_modal(self, user: User, shown: Interaction, values: dict[str, Any]) -> Interaction:
        """Fill in and send the modal that ``shown`` was answered with."""
        if shown.modal is None or shown.user is not user:
            raise NotOffered(f"{user.name} has no modal in front of them")
        modal = shown.modal
        fields = {one["custom_id"]: one for one in walk(modal["components"]) if "custom_id" in one}
        strange = set(values) - set(fields)
        if strange:
            raise NotOffered(f"the modal has no field: {', '.join(sorted(strange))}")
        complete = {name: _field_value(one, values.get(name)) for name, one in fields.items()}
        interaction = self._new(user, shown.channel, MODAL_SUBMIT, shown.source)
        components = [_submitted(row, complete) for row in modal["components"]]
        interaction.data = {"custom_id": modal["custom_id"], "components": components}
        return self._send(interaction)

    def _usable(self, user: User, message: Message, custom_id: str) -> Payload:
        self._require_visible(user, message)
        component = message.find_component(custom_id)
        if component is None:
            raise NotOffered(f"the message has nothing with the custom_id {custom_id!r}")
        if component.get("disabled"):
            raise NotOffered(f"{custom_id!r} is disabled")
        return component

    def _require_visible(self, user: User, message: Message) -> None:
        if message.deleted:
            raise NotOffered("the message was deleted")
        if message.visible_to not in (None, user):
            raise NotOffered(f"{user.name} does not see that message")

    def _new(
        self, user: User, channel: Channel, kind: int, source: Message | None = None
    ) -> Interaction:
        scene = self._world.scene
        if not channel.is_open_to(user):
            raise NotOffered(f"{user.name} is not in {channel.name!r}")
        identity = scene.ids.timed()
        return Interaction(
            scene=scene,
            id=identity,
            token=f"local-interaction-{secrets.token_urlsafe(24)}",
            kind=kind,
            user=user,
            channel=channel,
            data={},
            created_at=scene.clock.now(),
            source=source,
        )

    def _send(self, interaction: Interaction, form: Form | None = None) -> Interaction:
        if form is not None and form.resolved:
            interaction.data["resolved"] = form.resolved
        self._answers.register(interaction)
        scene = self._world.scene
        scene.announce("interaction", interaction=interaction, text=interaction.describe())
        guild = interaction.channel.guild
        guild_id = None if guild is None else guild.id
        scene.dispatch("INTERACTION_CREATE", interaction.payload(), guild_id, 0)
        return interaction


def _command_data(command: Payload) -> Payload:
    data = {"id": command["id"], "name": command["name"], "type": command["type"]}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    return data


def _component_data(component: Payload) -> Payload:
    return {
        "custom_id": component["custom_id"],
        "component_type": component["type"],
        "id": component["id"],
    }


def _nested(chain: list[Payload], filled: list[Payload]) -> list[Payload]:
    for step in reversed(chain):
        filled = [{"type": step["type"], "name": step["name"], "options": filled}]
    return filled


def _chosen(component: Payload, value: Any, form: Form) -> str:
    if component["type"] == SELECT:
        if value not in [option["value"] for option in component["options"]]:
            raise NotOffered(f"there is no option {value!r} to choose")
        return str(value)
    kind = {5: 6, 6: 8, 7: 9, 8: 7}[component["type"]]
    option = {"type": kind, "name": component["custom_id"]}
    if component.get("channel_types"):
        option["channel_types"] = component["channel_types"]
    return str(form.fill([option], {component["custom_id"]: value})[0]["value"])


def _field_value(field: Payload, value: Any) -> Any:
    """Check what a person puts into a field of a modal; what was prefilled stays if nothing."""
    name = field["custom_id"]
    if field["type"] != TEXT_INPUT:
        return value if value is not None else []
    text = (field.get("value") or "") if value is None else str(value)
    if not text and field.get("required", True):
        raise NotOffered(f"the field {name!r} is required")
    shortest, longest = field.get("min_length") or 0, field.get("max_length") or 4000
    if text and not shortest <= len(text) <= longest:
        raise NotOffered(f"the field {name!r} takes {shortest} to {longest} characters")
    return text


def _submitted(row: Payload, values: dict[str, Any]) -> Payload:
    def sent(field: Payload) -> Payload:
        name = field["custom_id"]
        key = "value" if field["type"] == TEXT_INPUT else "values"
        return {
            "type": field["type"],
            "id": field.get("id", 0),
            "custom_id": name,
            key: values[name],
        }

    base = {"type": row["type"], "id": row.get("id", 0)}
    if isinstance(row.get("component"), dict):
        return {**base, "component": sent(row["component"])}
    return {**base, "components": [sent(field) for field in row.get("components") or []]}
