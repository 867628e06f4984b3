"""Renders the modals in which requests to create are written, and reads what was entered.

A modal has at most five fields, and Discord takes at most 4000 characters in one, fewer than the
lyrics that most models accept.
"""

import re
from collections.abc import Mapping

import discord

from bot.i18n.catalog import Catalog
from bot.relay.creation import (
    MAX_DESCRIPTION,
    MAX_TITLE,
    UNKNOWN_MODEL_STYLE,
    CreationKind,
    CreationRequest,
)
from bot.relay.models import Clip, Task
from bot.relay.providers import RelayModel
from bot.ui.custom_ids import CreationModalId, ExtensionModalId
from bot.ui.escaping import cut_position, sanitize_line
from bot.ui.limits import MAX_OPTION_TEXT, MAX_OPTIONS, MAX_TEXT_INPUT, whole_lines
from bot.ui.persistent_modals import (
    CHECKED,
    CheckField,
    ChoiceField,
    Field,
    TextField,
    form_modal,
)
from bot.ui.task_text import format_duration

_TIME = re.compile(
    r"(?:(?:(?P<hours>[0-9]{1,2})[:：])?(?P<minutes>[0-9]{1,3})[:：])?"
    r"(?P<seconds>[0-9]{1,4}(?:[.,][0-9]{1,2})?)"
)


FormId = CreationModalId | ExtensionModalId
"""The custom id of a modal in which a request is written."""


def form_of(modal_id: FormId) -> str:
    """Return which form a modal shows."""
    return modal_id.form if isinstance(modal_id, CreationModalId) else CreationKind.EXTENSION


def decode_form(custom_id: str) -> FormId | None:
    """Return the modal of a custom id, ``None`` for another one."""
    return CreationModalId.decode(custom_id) or ExtensionModalId.decode(custom_id)


def creation_form(
    modal_id: FormId,
    values: Mapping[str, str],
    models: tuple[RelayModel, ...],
    catalog: Catalog,
) -> discord.ui.Modal:
    """Return the modal for a request, filled in with ``values`` as ``form_values`` returns them.

    ``models``: those that are offered, the default first.
    """
    form = form_of(modal_id)
    fields = [
        field
        for name in _FIELDS[form]
        if (field := _field(name, form, values, models, catalog)) is not None
    ]
    return form_modal(modal_id, catalog.text(f"create-form-{form}"), fields)


def form_values(request: CreationRequest) -> dict[str, str]:
    """Return what stands in the fields of the modal of a request.

    Where an extension begins is rounded down: a song cannot go on after its end.
    """
    return {
        "description": request.description,
        "title": request.title,
        "style": request.style,
        "lyrics": request.lyrics,
        "instrumental": CHECKED if request.instrumental else "",
        "model": request.model,
        "extend_at": format_duration(None if request.extend_at is None else int(request.extend_at)),
    }


def read_form(modal_id: FormId, values: Mapping[str, str]) -> CreationRequest:
    """Return the request that was entered, without where an extension begins and of which clip.

    Whether the request can be sent is checked afterwards.
    """
    form = form_of(modal_id)
    entered = {name: values.get(name, "").strip() for name in _FIELDS[form]}
    return CreationRequest(
        CreationKind(form),
        description=entered.get("description", ""),
        title=entered.get("title", ""),
        style=entered.get("style", ""),
        lyrics=entered.get("lyrics", ""),
        instrumental=entered.get("instrumental") == CHECKED,
        model=entered.get("model", ""),
    )


def read_seconds(text: str) -> float | None:
    """Return the seconds of ``90``, ``90.5``, ``1:30`` or ``1:02:30``; ``None`` for an empty text.

    Raises ``ValueError`` for any other.
    """
    if not text.strip():
        return None
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError("no time")
    minutes = 60 * int(match["hours"] or 0) + int(match["minutes"] or 0)
    return 60 * minutes + float(match["seconds"].replace(",", "."))


def song_of_lyrics(task: Task) -> CreationRequest:
    """Return the request for a song from the lyrics of a task."""
    return CreationRequest(
        CreationKind.CUSTOM,
        title=sanitize_line(task.title),
        style=task.lyrics.style if task.lyrics else "",
        lyrics=task.text,
    )


def song_as_shown(task: Task) -> CreationRequest:
    """Return a request for a song like one that is shown publicly, whoever has created it."""
    clip = next((clip for clip in task.clips if clip.lyrics or clip.style), None)
    return CreationRequest(
        CreationKind.CUSTOM,
        title=sanitize_line(task.title),
        style=clip.style if clip else "",
        lyrics=task.text,
        instrumental=not task.text,
    )


def extension_of(clip: Clip, request: CreationRequest | None) -> CreationRequest:
    """Return what is filled in to extend a version: from its end, in its style.

    ``request``: how the song was created, if that is known and may be shown.
    """
    return CreationRequest(
        CreationKind.EXTENSION,
        title=sanitize_line(clip.title),
        style=clip.style or (request.style if request else ""),
        model=request.model if request else "",
        extend_at=clip.duration,
    )


CREATION_FIELDS = {
    "description": "description",
    "title": "title",
    "style": "style",
    "lyrics": "lyrics",
    "instrumental": "instrumental",
    "model": "model",
    "extend_at": "start",
}
"""The fields of requests, and their names in the keys of the catalogue."""
_LIMITS = {
    "description": MAX_DESCRIPTION,
    "title": MAX_TITLE,
    "style": UNKNOWN_MODEL_STYLE,
    "lyrics": MAX_TEXT_INPUT,
    "extend_at": 9,
}
"""Characters that can be typed; what a model accepts may be fewer, and is checked afterwards."""
_FIELDS = {
    "description": ("description", "instrumental", "model"),
    "custom": ("title", "style", "lyrics", "instrumental", "model"),
    "extension": ("extend_at", "title", "style", "lyrics", "model"),
    "lyrics": ("description",),
}
_LONG = ("description", "style", "lyrics")
_REQUIRED = ("description",)


def _field(
    name: str,
    form: str,
    values: Mapping[str, str],
    models: tuple[RelayModel, ...],
    catalog: Catalog,
) -> Field | None:
    """Return a field; ``None`` for a choice between no models."""
    label = field_name(name, form, catalog)
    value = values.get(name, "")
    if name == "instrumental":
        hint = catalog.text("create-hint-instrumental")
        return CheckField(name, label, hint, is_checked=value == CHECKED)
    if name == "model":
        names = [model.name for model in models]
        chosen = value if value in names else (names or [""])[0]
        return ChoiceField(name, label, "", model_options(models), chosen) if names else None
    limit = _LIMITS[name]
    hint = "cut" if len(value) > limit else _hint(name, form)
    return TextField(
        name,
        label,
        catalog.text(f"create-hint-{hint}", limit=limit, length=len(value)),
        limit,
        _cut(value, limit),
        is_required=name in _REQUIRED,
        is_long=name in _LONG,
    )


def _cut(text: str, limit: int) -> str:
    """Return as many whole lines of a text as fit; a part of the first if that does not."""
    return (
        "\n".join(whole_lines(text.split("\n"), limit))
        or text[: cut_position(text, limit, escaped=False)]
    )


def model_options(models: tuple[RelayModel, ...]) -> tuple[tuple[str, str], ...]:
    """Return the models as options: their names, and their versions as people know them."""
    return tuple(
        (model.name, sanitize_line(model.version, limit=MAX_OPTION_TEXT) or model.name)
        for model in models[:MAX_OPTIONS]
        if 0 < len(model.name) <= MAX_OPTION_TEXT
    )


def field_name(name: str, form: str, catalog: Catalog) -> str:
    """Return what people read as the name of a field of a form."""
    return catalog.text(f"create-field-{_key(name, form)}")


def _key(name: str, form: str) -> str:
    """Return the name of a field of a form in the keys of the catalogue."""
    is_topic = name == "description" and form == "lyrics"
    return "topic" if is_topic else CREATION_FIELDS.get(name, "kind")


def _hint(name: str, form: str) -> str:
    """Return the name of the hint for a field in the keys of the catalogue."""
    is_continuation = name == "lyrics" and form == CreationKind.EXTENSION
    return "continuation" if is_continuation else _key(name, form)
