"""What Discord takes as a modal, and as the choices of an autocomplete."""

from typing import Any

from sandbox.discord.command_limits import CHOICES, value_of
from sandbox.discord.component_limits import (
    CHECKBOX,
    CHECKBOX_GROUP,
    FILE_UPLOAD,
    LABEL,
    RADIO_GROUP,
    ROW,
    ROWS,
    TEXT_DISPLAY,
    TEXT_INPUT,
    check_unique,
    custom_id,
    number_of,
    selects,
    text_display,
)
from sandbox.discord.errors import FieldErrors, Path, Payload
from sandbox.discord.message_parts import walk
from sandbox.discord.schema import (
    Reader,
    boolean,
    by_type,
    choice_of,
    integer,
    list_of,
    object_of,
    text,
)

LONGEST_INPUT = 4000


def _check_input(field: Payload, path: Path, errors: FieldErrors) -> None:
    least, most = field.get("min_length", 0), field.get("max_length", LONGEST_INPUT)
    if least > most:
        words = f"Must be less than or equal to max_length, {most}."
        errors.add((*path, "min_length"), "NUMBER_TYPE_MAX", words)
    value = field.get("value")
    if value and not least <= len(value) <= most:
        words = f"Must be between {least} and {most} in length."
        errors.add((*path, "value"), "BASE_TYPE_BAD_LENGTH", words)


_input: dict[str, Reader] = {
    "id": number_of,
    "custom_id": custom_id,
    "style": choice_of(1, 2),
    "label": text(45, shortest=1),
    "value": text(LONGEST_INPUT, trimmed=False),
    "placeholder": text(100),
    "required": boolean,
    "min_length": integer(0, LONGEST_INPUT),
    "max_length": integer(1, LONGEST_INPUT),
}
_needed = ("custom_id", "style")
_input_in_a_row = object_of(_input, required=(*_needed, "label"), also=_check_input)


def _check_labelled_input(field: Payload, path: Path, errors: FieldErrors) -> None:
    if field.get("label"):
        words = "A text input in a label has no label of its own."
        errors.add((*path, "label"), "COMPONENT_LABEL_NOT_ALLOWED", words)
    _check_input(field, path, errors)


_labelled_input = object_of(_input, required=_needed, also=_check_labelled_input)


def _in_a_modal(reader: Reader) -> Reader:
    """Refuse a select that is disabled, as none in a modal may be."""

    def read(value: Any, path: Path, errors: FieldErrors) -> Any:
        kept = reader(value, path, errors)
        if kept.get("disabled"):
            words = "Components in a modal cannot be disabled."
            errors.add((*path, "disabled"), "COMPONENT_DISABLED_IN_MODAL", words)
        return kept

    return read


def _group(*, fewest: int) -> Reader:
    option = object_of(
        {
            "label": text(100, shortest=1),
            "value": text(100, shortest=1, trimmed=False),
            "description": text(100),
            "default": boolean,
        },
        required=("label", "value"),
    )
    fields = {
        "id": number_of,
        "custom_id": custom_id,
        "options": list_of(option, most=10, fewest=fewest),
        "min_values": integer(0, 10),
        "max_values": integer(1, 10),
        "required": boolean,
    }
    return object_of(fields, required=("custom_id", "options"))


_upload = object_of(
    {
        "id": number_of,
        "custom_id": custom_id,
        "min_values": integer(0, 10),
        "max_values": integer(1, 10),
        "required": boolean,
    },
    required=("custom_id",),
)
_checkbox = object_of(
    {"id": number_of, "custom_id": custom_id, "default": boolean}, required=("custom_id",)
)
_with_a_label: dict[int, Reader] = {
    TEXT_INPUT: _labelled_input,
    **{kind: _in_a_modal(reader) for kind, reader in selects.items()},
    FILE_UPLOAD: _upload,
    RADIO_GROUP: _group(fewest=2),
    CHECKBOX_GROUP: _group(fewest=1),
    CHECKBOX: _checkbox,
}
_label = object_of(
    {
        "id": number_of,
        "label": text(45, shortest=1),
        "description": text(100, shortest=1),
        "component": by_type(_with_a_label),
    },
    required=("label", "component"),
)
_row = object_of(
    {
        "id": number_of,
        "components": list_of(by_type({TEXT_INPUT: _input_in_a_row}), most=1, fewest=1),
    },
    required=("components",),
)


def _check_modal(modal: Payload, path: Path, errors: FieldErrors) -> None:
    check_unique(walk(modal["components"]), (*path, "components"), errors)


_modal = object_of(
    {
        "title": text(45, shortest=1),
        "custom_id": custom_id,
        "components": list_of(
            by_type({ROW: _row, TEXT_DISPLAY: text_display, LABEL: _label}), most=ROWS, fewest=1
        ),
    },
    required=("title", "custom_id", "components"),
    also=_check_modal,
)


def read_modal(modal: Any) -> Payload:
    """Give the modal of an interaction's answer. Refuses a bad one with 50035."""
    errors = FieldErrors()
    kept: Payload = _modal(modal, ("data",), errors)
    errors.raise_if_any()
    return kept


def read_choices(data: Any, kind: int) -> list[Payload]:
    """Give the choices for an option of that kind. Refuses bad ones with 50035."""
    errors = FieldErrors()
    choice = object_of(
        {"name": text(100, shortest=1), "value": value_of(kind)}, required=("name", "value")
    )
    kept = object_of({"choices": list_of(choice, most=CHOICES)})(data, ("data",), errors)
    errors.raise_if_any()
    return list(kept.get("choices") or [])
