"""What Discord takes as the components of a message: rows of buttons and selects, and the rest."""

from collections import Counter
from typing import Any

from sandbox.discord.errors import FieldErrors, Path, Payload
from sandbox.discord.message_parts import walk_components
from sandbox.discord.schema import (
    Validator,
    boolean,
    choice_of,
    integer,
    link,
    list_of,
    object_of,
    snowflake,
    text,
    union_by_type,
)

ROW, BUTTON, SELECT, TEXT_INPUT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = (
    range(1, 9)
)
SECTION, TEXT_DISPLAY, THUMBNAIL, GALLERY, FILE, SEPARATOR = range(9, 15)
CONTAINER, LABEL, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 17, 18, 19, 21, 22, 23
ENTITY_SELECTS = (USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT)
LINK_BUTTON, PREMIUM_BUTTON = 5, 6

ROWS = 5
BUTTONS_IN_A_ROW = 5
OPTIONS = 25
COMPONENTS = 40
"""Of a message of the newer kind, all levels together."""
DISPLAYED_TEXT = 4000
"""Code points over all text displays of such a message."""

number_of = integer(0, 2**31 - 1)
"""The number of a component, by which the message knows it."""
custom_id = text(100, min_length=1, trimmed=False)


def _check_emoji(emoji: Payload, path: Path, errors: FieldErrors) -> None:
    name = emoji.get("name") or ""
    spelled = any(character.isascii() and character.isalpha() for character in name)
    if not emoji.get("id") and (not name or spelled):
        errors.add((*path, "name"), "COMPONENT_INVALID_EMOJI", "Invalid emoji")


_emoji = object_of({"id": snowflake, "name": text(32), "animated": boolean}, check=_check_emoji)


def _check_button(button: Payload, path: Path, errors: FieldErrors) -> None:
    style = button["style"]
    if style == PREMIUM_BUTTON:
        if not button.get("sku_id"):
            errors.add((*path, "sku_id"), "BASE_TYPE_REQUIRED", "This field is required")
        return
    if not button.get("label") and not button.get("emoji"):
        words = "A button needs a label or an emoji."
        errors.add(path, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", words)
    needed, other = ("url", "custom_id") if style == LINK_BUTTON else ("custom_id", "url")
    if button.get(other):
        words = "A custom id and url cannot both be specified"
        errors.add(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", words)
    elif not button.get(needed):
        errors.add((*path, needed), "BASE_TYPE_REQUIRED", "This field is required")


_button = object_of(
    {
        "id": number_of,
        "style": choice_of(1, 2, 3, 4, 5, 6),
        "label": text(80),
        "emoji": _emoji,
        "custom_id": custom_id,
        "url": link(512, schemes=("http", "https", "discord")),
        "sku_id": snowflake,
        "disabled": boolean,
    },
    required=("style",),
    check=_check_button,
)

_option = object_of(
    {
        "label": text(100, min_length=1),
        "value": text(100, min_length=1, trimmed=False),
        "description": text(100),
        "emoji": _emoji,
        "default": boolean,
    },
    required=("label", "value"),
)


def _check_select(select: Payload, path: Path, errors: FieldErrors) -> None:
    least, most = select.get("min_values", 1), select.get("max_values", 1)
    if least > most:
        words = f"Must be less than or equal to max_values, {most}."
        errors.add((*path, "min_values"), "NUMBER_TYPE_MAX", words)
    options: list[Payload] = select.get("options") or []
    if options and most > len(options):
        words = f"Must be less than or equal to the number of options, {len(options)}."
        errors.add((*path, "max_values"), "NUMBER_TYPE_MAX", words)
    if len({option["value"] for option in options}) < len(options):
        words = "The specified option value is already used"
        errors.add((*path, "options"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", words)
    if sum(option.get("default", False) for option in options) > most:
        words = f"At most {most} options can be chosen beforehand."
        errors.add((*path, "options"), "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES", words)
    chosen = select.get("default_values") or []
    if chosen and not least <= len(chosen) <= most:
        words = f"Must be between {least} and {most} in length."
        errors.add((*path, "default_values"), "BASE_TYPE_BAD_LENGTH", words)


def _select(*required: str, **fields: Validator) -> Validator:
    common = {
        "id": number_of,
        "custom_id": custom_id,
        "placeholder": text(150),
        "min_values": integer(0, OPTIONS),
        "max_values": integer(1, OPTIONS),
        "disabled": boolean,
        "required": boolean,
    }
    required = ("custom_id", *required)
    defaults = {"min_values": 1, "max_values": 1}
    return object_of(common | fields, required=required, check=_check_select, defaults=defaults)


def _chosen(*kinds: str) -> Validator:
    one = object_of({"id": snowflake, "type": choice_of(*kinds)}, required=("id", "type"))
    return list_of(one, most=OPTIONS)


selects: dict[int, Validator] = {
    SELECT: _select("options", options=list_of(_option, most=OPTIONS, min_items=1)),
    USER_SELECT: _select(default_values=_chosen("user")),
    ROLE_SELECT: _select(default_values=_chosen("role")),
    MENTIONABLE_SELECT: _select(default_values=_chosen("user", "role")),
    CHANNEL_SELECT: _select(
        default_values=_chosen("channel"),
        channel_types=list_of(
            choice_of(0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16), most=OPTIONS, unique=True
        ),
    ),
}
"""The readers of selects by their kind."""


def _check_row(row: Payload, path: Path, errors: FieldErrors) -> None:
    inner = row["components"]
    if len(inner) > 1 and any(entry["type"] != BUTTON for entry in inner):
        words = "The specified component exceeds the maximum width"
        errors.add((*path, "components"), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", words)


_in_a_row = union_by_type({BUTTON: _button, **selects})
_row = object_of(
    {"id": number_of, "components": list_of(_in_a_row, most=BUTTONS_IN_A_ROW, min_items=1)},
    required=("components",),
    check=_check_row,
)

text_display = object_of(
    {"id": number_of, "content": text(DISPLAYED_TEXT, min_length=1)}, required=("content",)
)
_media = object_of({"url": link(schemes=("http", "https", "attachment"))}, required=("url",))
_described = {"description": text(1024, min_length=1), "spoiler": boolean, "media": _media}
_plain: Payload = {"description": None, "spoiler": False}
_item = object_of(_described, required=("media",), defaults=_plain)
_thumbnail = object_of({"id": number_of, **_described}, required=("media",), defaults=_plain)
_file = object_of({"url": link(schemes=("attachment",))}, required=("url",))
_in_a_container: dict[int, Validator] = {
    ROW: _row,
    TEXT_DISPLAY: text_display,
    SECTION: object_of(
        {
            "id": number_of,
            "components": list_of(union_by_type({TEXT_DISPLAY: text_display}), most=3, min_items=1),
            "accessory": union_by_type({BUTTON: _button, THUMBNAIL: _thumbnail}),
        },
        required=("components", "accessory"),
    ),
    GALLERY: object_of(
        {
            "id": number_of,
            "items": list_of(_item, most=10, min_items=1),
        },
        required=("items",),
    ),
    FILE: object_of(
        {"id": number_of, "file": _file, "spoiler": boolean},
        required=("file",),
        defaults={"name": None, "size": None, "spoiler": False},
    ),
    SEPARATOR: object_of(
        {"id": number_of, "divider": boolean, "spacing": choice_of(1, 2)},
        defaults={"divider": True, "spacing": 1},
    ),
}
_container = object_of(
    {
        "id": number_of,
        "components": list_of(union_by_type(_in_a_container), most=COMPONENTS, min_items=1),
        "accent_color": integer(0, 0xFFFFFF),
        "spoiler": boolean,
    },
    required=("components",),
    defaults={"accent_color": None, "spoiler": False},
)

_rows = list_of(union_by_type({ROW: _row}), most=ROWS)
_layout = list_of(union_by_type({**_in_a_container, CONTAINER: _container}), most=COMPONENTS)


def read_components(components: Any, path: Path, errors: FieldErrors, *, modern: bool) -> Any:
    """Read a message's components; ``modern`` messages consist of nothing else."""
    before = errors.count
    kept = (_layout if modern else _rows)(components, path, errors)
    if errors.count == before:
        everything = walk_components(kept)
        check_unique(everything, path, errors)
        if modern:
            _check_totals(everything, path, errors)
    return kept


def check_unique(everything: list[Payload], path: Path, errors: FieldErrors) -> None:
    """Note a fault when two components have the same custom id, or the same number."""
    for name in ("custom_id", "id"):
        given = Counter(entry[name] for entry in everything if entry.get(name))
        for value, count in given.items():
            if count > 1:
                words = f"Component {name.replace('_', ' ')} {value!r} cannot be duplicated"
                errors.add(path, f"COMPONENT_{name.upper()}_DUPLICATED", words)


def _check_totals(everything: list[Payload], path: Path, errors: FieldErrors) -> None:
    if len(everything) > COMPONENTS:
        words = f"Must be {COMPONENTS} or fewer in length."
        errors.add(path, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", words)
    shown = sum(len(entry["content"]) for entry in everything if entry["type"] == TEXT_DISPLAY)
    if shown > DISPLAYED_TEXT:
        words = f"The text of all components exceeds {DISPLAYED_TEXT}."
        errors.add(path, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", words)
