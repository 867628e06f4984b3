"""What Discord takes as a modal, and as the choices of an autocomplete."""

from typing import Any

from sandbox.discord.command_limits import CHOICES, value_validator
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
from sandbox.discord.message_parts import walk_components
from sandbox.discord.schema import (
    Validator,
    boolean,
    choice_of,
    integer,
    list_of,
    object_of,
    text,
    union_by_type,
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


_input: dict[str, Validator] = {
    "id": number_of,
    "custom_id": custom_id,
    "style": choice_of(1, 2),
    "label": text(45, min_length=1),
    "value": text(LONGEST_INPUT, trimmed=False),
    "placeholder": text(100),
    "required": boolean,
    "min_length": integer(0, LONGEST_INPUT),
    "max_length": integer(1, LONGEST_INPUT),
}
_needed = ("custom_id", "style")
_input_in_a_row = object_of(_input, required=(*_needed, "label"), check=_check_input)


def _check_labelled_input(field: Payload, path: Path, errors: FieldErrors) -> None:
    if field.get("label"):
        words = "A text input in a label has no label of its own."
        errors.add((*path, "label"), "COMPONENT_LABEL_NOT_ALLOWED", words)
    _check_input(field, path, errors)


_labelled_input = object_of(_input, required=_needed, check=_check_labelled_input)


def _in_a_modal(validator: Validator) -> Validator:
    """Refuse a select that is disabled, as none in a modal may be."""

    def read(value: Any, path: Path, errors: FieldErrors) -> Any:
        kept = validator(value, path, errors)
        if kept.get("disabled"):
            words = "Components in a modal cannot be disabled."
            errors.add((*path, "disabled"), "COMPONENT_DISABLED_IN_MODAL", words)
        return kept

    return read


def _group(*, min_items: int) -> Validator:
    option = object_of(
        {
            "label": text(100, min_length=1),
            "value": text(100, min_length=1, trimmed=False),
            "description": text(100),
            "default": boolean,
        },
        required=("label", "value"),
    )
    fields = {
        "id": number_of,
        "custom_id": custom_id,
        "options": list_of(option, most=10, min_items=min_items),
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
_with_a_label: dict[int, Validator] = {
    TEXT_INPUT: _labelled_input,
    **{kind: _in_a_modal(validator) for kind, validator in selects.items()},
    FILE_UPLOAD: _upload,
    RADIO_GROUP: _group(min_items=2),
    CHECKBOX_GROUP: _group(min_items=1),
    CHECKBOX: _checkbox,
}
_label = object_of(
    {
        "id": number_of,
        "label": text(45, min_length=1),
        "description": text(100, min_length=1),
        "component": union_by_type(_with_a_label),
    },
    required=("label", "component"),
)
_row = object_of(
    {
        "id": number_of,
        "components": list_of(union_by_type({TEXT_INPUT: _input_in_a_row}), most=1, min_items=1),
    },
    required=("components",),
)


def _check_modal(modal: Payload, path: Path, errors: FieldErrors) -> None:
    check_unique(walk_components(modal["components"]), (*path, "components"), errors)


_modal = object_of(
    {
        "title": text(45, min_length=1),
        "custom_id": custom_id,
        "components": list_of(
            union_by_type({ROW: _row, TEXT_DISPLAY: text_display, LABEL: _label}),
            most=ROWS,
            min_items=1,
        ),
    },
    required=("title", "custom_id", "components"),
    check=_check_modal,
)


def read_modal(modal: Any) -> Payload:
    """Return the modal of a response. Raises ApiError 50035 for an invalid one."""
    errors = FieldErrors()
    kept: Payload = _modal(modal, ("data",), errors)
    errors.raise_if_any()
    return kept


def read_choices(data: Any, kind: int) -> list[Payload]:
    """Return the choices for an option of a kind. Raises ApiError 50035 for invalid ones."""
    errors = FieldErrors()
    choice = object_of(
        {"name": text(100, min_length=1), "value": value_validator(kind)},
        required=("name", "value"),
    )
    kept = object_of({"choices": list_of(choice, most=CHOICES)})(data, ("data",), errors)
    errors.raise_if_any()
    return list(kept.get("choices") or [])
