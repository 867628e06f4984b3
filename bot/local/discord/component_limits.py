"""What Discord refuses in buttons, selects, modals and autocomplete choices: pure checks."""

from collections import Counter
from typing import Any

from bot.local.discord.errors import Faulty, Payload
from bot.local.discord.messages import walk
from bot.local.discord.texts import Path, check_count, check_number, check_text, check_url

ROW, BUTTON, SELECT, TEXT_INPUT = 1, 2, 3, 4
SECTION, TEXT_DISPLAY, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = (
    9, 10, 11, 12, 13, 14, 17, 18,
)  # fmt: skip
ENTITY_SELECTS = (5, 6, 7, 8)
LINK_BUTTON, PREMIUM_BUTTON = 5, 6

ROWS = 5
BUTTONS_IN_A_ROW = 5
OPTIONS = 25
COMPONENTS = 40
"""Of a message of the newer kind, all levels together."""
DISPLAYED_TEXT = 4000
"""Code points over all text displays of such a message."""
CHOICES = 25


def check_components(faulty: Faulty, components: Any, *, modern: bool) -> None:
    """Check a message's components; ``modern`` messages consist of nothing else."""
    top = ("components",)
    if not check_count(faulty, top, components, most=COMPONENTS if modern else ROWS):
        return
    for index, component in enumerate(components or []):
        _check_component(faulty, (*top, index), component, modern=modern)
    everything = walk(components or [])
    _check_unique_ids(faulty, everything)
    if modern:
        _check_totals(faulty, everything)


def _check_totals(faulty: Faulty, everything: list[Payload]) -> None:
    if len(everything) > COMPONENTS:
        text = f"Must be {COMPONENTS} or fewer in length."
        faulty.add(("components",), "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", text)
    shown = sum(len(str(entry.get("content", ""))) for entry in everything)
    if shown > DISPLAYED_TEXT:
        text = f"The text of all components exceeds {DISPLAYED_TEXT}."
        faulty.add(("components",), "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", text)


def _check_unique_ids(faulty: Faulty, everything: list[Payload]) -> None:
    ids = Counter(entry["custom_id"] for entry in everything if entry.get("custom_id"))
    for custom_id, count in ids.items():
        if count > 1:
            text = f"Component custom id {custom_id!r} cannot be duplicated"
            faulty.add(("components",), "COMPONENT_CUSTOM_ID_DUPLICATED", text)


def _check_component(faulty: Faulty, path: Path, component: Payload, *, modern: bool) -> None:
    kind = component.get("type")
    if kind == ROW:
        _check_row(faulty, path, component)
    elif not modern:
        faulty.add((*path, "type"), "UNION_TYPE_CHOICES", "Value of field type must be (1,).")
    elif kind == TEXT_DISPLAY:
        check_text(faulty, (*path, "content"), component.get("content"), shortest=1, longest=4000)
    elif kind == CONTAINER:
        _check_inner(faulty, path, component, most=COMPONENTS)
    elif kind == SECTION:
        _check_section(faulty, path, component)
    elif kind == GALLERY:
        check_count(faulty, (*path, "items"), component.get("items"), fewest=1, most=10)
    elif kind not in (FILE, SEPARATOR):
        faulty.add((*path, "type"), "UNION_TYPE_CHOICES", "This type is not known here.")


def _check_inner(faulty: Faulty, path: Path, component: Payload, *, most: int) -> None:
    inner = component.get("components")
    if check_count(faulty, (*path, "components"), inner, fewest=1, most=most):
        for index, entry in enumerate(inner or []):
            _check_component(faulty, (*path, "components", index), entry, modern=True)


def _check_section(faulty: Faulty, path: Path, section: Payload) -> None:
    _check_inner(faulty, path, section, most=3)
    accessory = section.get("accessory")
    if not isinstance(accessory, dict):
        faulty.add((*path, "accessory"), "BASE_TYPE_REQUIRED", "This field is required")
    elif accessory.get("type") == BUTTON:
        _check_button(faulty, (*path, "accessory"), accessory)
    else:
        url = (accessory.get("media") or {}).get("url")
        schemes = ("http", "https", "attachment")
        check_url(faulty, (*path, "accessory", "media", "url"), url, schemes=schemes)


def _check_row(faulty: Faulty, path: Path, row: Payload) -> None:
    inner = row.get("components")
    here = (*path, "components")
    if not check_count(faulty, here, inner, fewest=1, most=BUTTONS_IN_A_ROW):
        return
    for index, entry in enumerate(inner or []):
        if entry.get("type") == BUTTON:
            _check_button(faulty, (*here, index), entry)
        elif entry.get("type") in (SELECT, *ENTITY_SELECTS):
            _check_select(faulty, (*here, index), entry)
            if len(inner or []) > 1:
                text = "The specified component exceeds the maximum width"
                faulty.add(here, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", text)
        else:
            text = "Value of field type must be one of (2, 3, 5, 6, 7, 8)."
            faulty.add((*here, index, "type"), "UNION_TYPE_CHOICES", text)


def _check_button(faulty: Faulty, path: Path, button: Payload) -> None:
    style = button.get("style")
    check_text(faulty, (*path, "label"), button.get("label"), longest=80)
    _check_emoji(faulty, path, button.get("emoji"))
    if not button.get("label") and not button.get("emoji") and style != PREMIUM_BUTTON:
        text = "A button needs a label or an emoji."
        faulty.add(path, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", text)
    if style == LINK_BUTTON:
        _check_link(faulty, path, button)
    elif style in (1, 2, 3, 4):
        custom_id = button.get("custom_id")
        check_text(faulty, (*path, "custom_id"), custom_id, shortest=1, longest=100)
        if button.get("url"):
            text = "A custom id and url cannot both be specified"
            faulty.add(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", text)
    elif style != PREMIUM_BUTTON:
        faulty.add((*path, "style"), "BASE_TYPE_CHOICES", "Value must be one of 1 to 6.")


def _check_link(faulty: Faulty, path: Path, button: Payload) -> None:
    if button.get("custom_id"):
        text = "A custom id and url cannot both be specified"
        faulty.add(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", text)
    if not button.get("url"):
        faulty.add((*path, "url"), "BASE_TYPE_REQUIRED", "This field is required")
    schemes = ("http", "https", "discord")
    check_url(faulty, (*path, "url"), button.get("url"), schemes=schemes, longest=512)


def _check_emoji(faulty: Faulty, path: Path, emoji: Any) -> None:
    if emoji is None or emoji.get("id"):
        return
    name = emoji.get("name") or ""
    if not name or any(character.isascii() and character.isalpha() for character in name):
        faulty.add((*path, "emoji", "name"), "COMPONENT_INVALID_EMOJI", "Invalid emoji")


def _check_select(faulty: Faulty, path: Path, select: Payload) -> None:
    check_text(faulty, (*path, "custom_id"), select.get("custom_id"), shortest=1, longest=100)
    check_text(faulty, (*path, "placeholder"), select.get("placeholder"), longest=150)
    lowest, highest = select.get("min_values"), select.get("max_values")
    check_number(faulty, (*path, "min_values"), lowest, lowest=0, highest=OPTIONS)
    check_number(faulty, (*path, "max_values"), highest, lowest=1, highest=OPTIONS)
    if select.get("type") != SELECT:
        return
    options = select.get("options")
    if not check_count(faulty, (*path, "options"), options, fewest=1, most=OPTIONS):
        return
    if (highest or 1) > len(options or []):
        text = f"Must be less than or equal to the number of options, {len(options or [])}."
        faulty.add((*path, "max_values"), "NUMBER_TYPE_MAX", text)
    for index, option in enumerate(options or []):
        _check_option(faulty, (*path, "options", index), option)
    values = [str(option.get("value")) for option in options or []]
    if len(set(values)) < len(values):
        text = "The specified option value is already used"
        faulty.add((*path, "options"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", text)


def _check_option(faulty: Faulty, path: Path, option: Payload) -> None:
    check_text(faulty, (*path, "label"), option.get("label"), shortest=1, longest=100)
    check_text(faulty, (*path, "value"), option.get("value"), shortest=1, longest=100)
    check_text(faulty, (*path, "description"), option.get("description"), longest=100)
    _check_emoji(faulty, path, option.get("emoji"))


def modal_faults(modal: Payload) -> Faulty:
    """Find what is wrong with the modal of an interaction's answer."""
    faulty = Faulty()
    check_text(faulty, ("data", "title"), modal.get("title"), shortest=1, longest=45)
    check_text(faulty, ("data", "custom_id"), modal.get("custom_id"), shortest=1, longest=100)
    rows = modal.get("components")
    here = ("data", "components")
    if not check_count(faulty, here, rows, fewest=1, most=ROWS):
        return faulty
    for index, row in enumerate(rows or []):
        _check_modal_row(faulty, (*here, index), row)
    _check_unique_ids(faulty, walk(rows or []))
    return faulty


def _check_modal_row(faulty: Faulty, path: Path, row: Payload) -> None:
    kind = row.get("type")
    if kind not in (ROW, LABEL, TEXT_DISPLAY):
        text = "Value of field type must be one of (1, 10, 18)."
        faulty.add((*path, "type"), "UNION_TYPE_CHOICES", text)
        return
    if kind == LABEL:
        check_text(faulty, (*path, "label"), row.get("label"), shortest=1, longest=45)
        check_text(faulty, (*path, "description"), row.get("description"), longest=100)
    for entry in walk([row])[1:]:
        if entry.get("type") == TEXT_INPUT:
            _check_text_input(faulty, path, entry, labelled=kind == LABEL)
        elif entry.get("type") == SELECT:
            _check_select(faulty, path, entry)


def _check_text_input(faulty: Faulty, path: Path, entry: Payload, *, labelled: bool) -> None:
    check_text(faulty, (*path, "custom_id"), entry.get("custom_id"), shortest=1, longest=100)
    shortest = 0 if labelled else 1
    check_text(faulty, (*path, "label"), entry.get("label"), shortest=shortest, longest=45)
    check_text(faulty, (*path, "placeholder"), entry.get("placeholder"), longest=100)
    check_text(faulty, (*path, "value"), entry.get("value"), longest=4000)
    for name, lowest in (("min_length", 0), ("max_length", 1)):
        check_number(faulty, (*path, name), entry.get(name), lowest=lowest, highest=4000)


def choice_faults(choices: Any, *, textual: bool) -> Faulty:
    """Find what is wrong with autocomplete choices; ``textual`` for options of type string."""
    faulty = Faulty()
    here = ("data", "choices")
    if not check_count(faulty, here, choices, most=CHOICES):
        return faulty
    for index, choice in enumerate(choices or []):
        name = choice.get("name")
        check_text(faulty, (*here, index, "name"), name, shortest=1, longest=100)
        if textual:
            value = choice.get("value")
            check_text(faulty, (*here, index, "value"), value, shortest=1, longest=100)
    return faulty
