"""The actions of users: commands, buttons, selects, modals."""

import secrets
from collections.abc import Callable
from typing import Any

from sandbox.discord.channels import Channel, Message
from sandbox.discord.command_limits import CHAT_INPUT, MESSAGE_COMMAND
from sandbox.discord.commands import Commands, subcommand
from sandbox.discord.component_limits import (
    BUTTON,
    CHECKBOX,
    CHECKBOX_GROUP,
    ENTITY_SELECTS,
    LINK_BUTTON,
    RADIO_GROUP,
    SELECT,
    TEXT_INPUT,
)
from sandbox.discord.errors import ActionUnavailable, Payload
from sandbox.discord.interaction_responses import InteractionResponses
from sandbox.discord.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Interaction
from sandbox.discord.message_parts import walk_components
from sandbox.discord.option_values import Attach, OptionValues
from sandbox.discord.state import DiscordState
from sandbox.discord.users import User

_FIELDS_OF_ONE_VALUE = (TEXT_INPUT, CHECKBOX, RADIO_GROUP)
"""The fields of a modal whose answer is a ``value``; the others have ``values``."""


class UserActions:
    """Lets users act on the bot, as far as Discord's own client allows."""

    def __init__(
        self,
        state: DiscordState,
        commands: Commands,
        answers: InteractionResponses,
        attach: Callable[[Channel], Attach],
    ) -> None:
        self._state = state
        self._commands = commands
        self._responses = answers
        self._attach = attach

    def offered(self, user: User, channel: Channel) -> list[Payload]:
        """Return the commands of every kind that a user may use there."""
        return self._commands.all_offered(self._new(user, channel, COMMAND))

    def command(
        self, user: User, channel: Channel, name: str, options: dict[str, Any]
    ) -> Interaction:
        """Use a slash command with its options; ``name`` includes subcommands."""
        interaction, option_values, taken, chain = self._typed(user, channel, name, COMMAND)
        filled = option_values.fill(taken, options)
        interaction.data |= {"options": _nested(chain, filled)}
        return self._send(interaction, option_values)

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
        interaction, option_values, taken, chain = self._typed(user, channel, name, AUTOCOMPLETE)
        typed = [one for one in taken if one["name"] == option and one.get("autocomplete")]
        if not typed:
            raise ActionUnavailable(f"{name!r} has no option {option!r} with autocomplete")
        known = [{**one, "required": False} for one in taken]
        filled = option_values.fill(known, others)
        focused = {"type": typed[0]["type"], "name": option, "value": text, "focused": True}
        interaction.data |= {"options": _nested(chain, [*filled, focused])}
        option_values.resolved.clear()
        return self._send(interaction, option_values)

    def _typed(
        self, user: User, channel: Channel, name: str, kind: int
    ) -> tuple[Interaction, OptionValues, list[Payload], list[Payload]]:
        interaction = self._new(user, channel, kind)
        first, *words = name.removeprefix("/").split()
        command = self._commands.offered(interaction, first, CHAT_INPUT)
        taken, chain = subcommand(command, words)
        interaction.data = _command_data(command)
        return interaction, OptionValues(channel, user, self._attach(channel)), taken, chain

    def use_message_command(self, user: User, name: str, message: Message) -> Interaction:
        """Use a command of a message's menu."""
        interaction = self._new(user, message.channel, COMMAND)
        command = self._commands.offered(interaction, name, MESSAGE_COMMAND)
        self._require_visible(user, message)
        option_values = OptionValues(message.channel, user, self._attach(message.channel))
        option_values.resolve_message(message)
        interaction.data = {**_command_data(command), "target_id": str(message.id)}
        return self._send(interaction, option_values)

    def press(self, user: User, message: Message, custom_id: str) -> Interaction:
        """Press a button."""
        component = self._usable(user, message, custom_id)
        if component["type"] != BUTTON or component.get("style") == LINK_BUTTON:
            raise ActionUnavailable(f"{custom_id!r} is not a button to press")
        interaction = self._new(user, message.channel, COMPONENT, message)
        interaction.data = _component_data(component)
        return self._send(interaction)

    def select(
        self, user: User, message: Message, custom_id: str, values: list[Any]
    ) -> Interaction:
        """Choose from a select: values of its options, or users."""
        component = self._usable(user, message, custom_id)
        if component["type"] not in (SELECT, *ENTITY_SELECTS):
            raise ActionUnavailable(f"{custom_id!r} is not a select")
        least, most = component.get("min_values", 1), component.get("max_values", 1)
        if not (1 if least is None else least) <= len(values) <= (most or 1):
            raise ActionUnavailable(
                f"{custom_id!r} takes {least} to {most} values, not {len(values)}"
            )
        option_values = OptionValues(message.channel, user, self._attach(message.channel))
        interaction = self._new(user, message.channel, COMPONENT, message)
        chosen = [_chosen(component, value, option_values) for value in values]
        interaction.data = {**_component_data(component), "values": chosen}
        return self._send(interaction, option_values)

    def submit_modal(self, user: User, shown: Interaction, values: dict[str, Any]) -> Interaction:
        """Fill in and send the modal that ``shown`` was answered with."""
        if shown.modal is None or shown.user is not user:
            raise ActionUnavailable(f"{user.name} has no modal in front of them")
        modal = shown.modal
        fields = {
            one["custom_id"]: one
            for one in walk_components(modal["components"])
            if "custom_id" in one
        }
        strange = set(values) - set(fields)
        if strange:
            raise ActionUnavailable(f"the modal has no field: {', '.join(sorted(strange))}")
        complete = {name: _field_value(one, values.get(name)) for name, one in fields.items()}
        interaction = self._new(user, shown.channel, MODAL_SUBMIT, shown.source)
        components = [_submitted(row, complete) for row in modal["components"]]
        interaction.data = {"custom_id": modal["custom_id"], "components": components}
        return self._send(interaction)

    def _usable(self, user: User, message: Message, custom_id: str) -> Payload:
        self._require_visible(user, message)
        component = message.find_component(custom_id)
        if component is None:
            raise ActionUnavailable(f"the message has nothing with the custom_id {custom_id!r}")
        if component.get("disabled"):
            raise ActionUnavailable(f"{custom_id!r} is disabled")
        return component

    def _require_visible(self, user: User, message: Message) -> None:
        if message.deleted:
            raise ActionUnavailable("the message was deleted")
        if message.visible_to not in (None, user):
            raise ActionUnavailable(f"{user.name} does not see that message")

    def _new(
        self, user: User, channel: Channel, kind: int, source: Message | None = None
    ) -> Interaction:
        shared = self._state.shared
        if not channel.is_accessible_to(user):
            raise ActionUnavailable(f"{user.name} is not in {channel.name!r}")
        identity = shared.ids.timestamp_id()
        return Interaction(
            shared=shared,
            id=identity,
            token=f"local-interaction-{secrets.token_urlsafe(24)}",
            kind=kind,
            user=user,
            channel=channel,
            data={},
            created_at=shared.clock.now(),
            source=source,
        )

    def _send(
        self, interaction: Interaction, option_values: OptionValues | None = None
    ) -> Interaction:
        if option_values is not None and option_values.resolved:
            interaction.data["resolved"] = option_values.resolved
        self._responses.register(interaction)
        shared = self._state.shared
        self._state.publish("interaction", interaction=interaction, text=interaction.describe())
        guild = interaction.channel.guild
        guild_id = None if guild is None else guild.id
        shared.dispatch("INTERACTION_CREATE", interaction.payload(), guild_id, 0)
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


def _chosen(component: Payload, value: Any, option_values: OptionValues) -> str:
    if component["type"] == SELECT:
        if value not in [option["value"] for option in component["options"]]:
            raise ActionUnavailable(f"there is no option {value!r} to choose")
        return str(value)
    kind = {5: 6, 6: 8, 7: 9, 8: 7}[component["type"]]
    option = {"type": kind, "name": component["custom_id"]}
    if component.get("channel_types"):
        option["channel_types"] = component["channel_types"]
    return str(option_values.fill([option], {component["custom_id"]: value})[0]["value"])


def _field_value(field: Payload, value: Any) -> Any:
    """Validate the value of a modal's field; the prefilled value is used if there is none."""
    if field["type"] == TEXT_INPUT:
        return _typed_text(field, value)
    if field["type"] == CHECKBOX:
        return bool(field.get("default") if value is None else value)
    if field["type"] == RADIO_GROUP:
        chosen = _chosen_options(field, None if value is None else [value])
        return chosen[0] if chosen else None
    if field["type"] in (SELECT, CHECKBOX_GROUP):
        return _chosen_options(field, value)
    return value if value is not None else []


def _typed_text(field: Payload, value: Any) -> str:
    name = field["custom_id"]
    text = (field.get("value") or "") if value is None else str(value)
    if not text and field.get("required", True):
        raise ActionUnavailable(f"the field {name!r} is required")
    min_length, max_length = field.get("min_length") or 0, field.get("max_length") or 4000
    if text and not min_length <= len(text) <= max_length:
        raise ActionUnavailable(f"the field {name!r} takes {min_length} to {max_length} characters")
    return text


def _chosen_options(field: Payload, values: Any) -> list[str]:
    """Return the values of the options that are chosen; without any, of those set by default."""
    name, options = field["custom_id"], field["options"]
    if values is None:
        values = [option["value"] for option in options if option.get("default")]
    chosen = list(map(str, values))
    strange = set(chosen) - {option["value"] for option in options}
    if strange:
        raise ActionUnavailable(f"{name!r} has no option {', '.join(sorted(strange))}")
    if not chosen and field.get("required", True):
        raise ActionUnavailable(f"the field {name!r} is required")
    return chosen


def _submitted(row: Payload, values: dict[str, Any]) -> Payload:
    def sent(field: Payload) -> Payload:
        name = field["custom_id"]
        key = "value" if field["type"] in _FIELDS_OF_ONE_VALUE else "values"
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
