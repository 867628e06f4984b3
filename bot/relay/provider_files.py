"""Reads the operator's file of relay profiles, which is merged over the known ones."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bot.relay.providers import (
    CUSTOM,
    KNOWN_MODELS,
    KNOWN_RELAYS,
    Capability,
    RelayModel,
    RelayProfile,
    checked_address,
    checked_path,
)

MAX_RELAYS = 20
"""Relays in all; each is a button of the message in which people choose theirs."""

_RelayName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
_ModelName = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,80}$")]
_Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
_Length = Annotated[int, Field(ge=1, le=100_000, strict=True)]


class _ModelEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version: _Label
    max_lyrics: _Length
    max_style: _Length


class _RelayEntry(BaseModel):
    """What is left out stays as it is known, or as it is at a custom relay."""

    model_config = ConfigDict(extra="forbid")
    title: _Label | None = None
    base_url: str | None = None
    fetch_path: str | None = None
    batch_size: Annotated[int, Field(ge=1, le=1000, strict=True)] | None = None
    capabilities: frozenset[Capability] | None = None
    models: list[str] | None = None
    max_concurrent: Annotated[int, Field(ge=1, le=1000, strict=True)] | None = None
    extend_task: Annotated[str, StringConstraints(pattern=r"^[a-z_]{0,40}$")] | None = None
    stems_method: Literal["GET", "POST"] | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    relays: dict[_RelayName, _RelayEntry] = {}
    models: dict[_ModelName, _ModelEntry] = {}


def read_profiles(path: Path) -> Mapping[str, RelayProfile]:
    """Return the known relays with what a TOML file changes and adds, by name.

    The file has the form of ``providers.toml``. Raises ``ValueError`` with the end of a sentence
    about the file: ``cannot be read (…)``.
    """
    try:
        file = _File.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise ValueError(_first_problem(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"is no TOML ({error})") from error
    models = dict(KNOWN_MODELS)
    for name, entry in file.models.items():
        models[name] = RelayModel(name, entry.version, entry.max_lyrics, entry.max_style)
    known = {name: _with_models(profile, models) for name, profile in KNOWN_RELAYS.items()}
    added = {name: _merged(name, entry, known, models) for name, entry in file.relays.items()}
    merged = {**known, **added}
    merged[CUSTOM] = merged.pop(CUSTOM)  # is offered last
    if len(merged) > MAX_RELAYS:
        raise ValueError(f"makes {len(merged)} relays, and {MAX_RELAYS} are the most")
    return MappingProxyType(merged)


def _merged(
    name: str,
    entry: _RelayEntry,
    known: Mapping[str, RelayProfile],
    models: Mapping[str, RelayModel],
) -> RelayProfile:
    """Return a profile. Raises ``ValueError`` where it contradicts itself."""
    base = known.get(name) or replace(known[CUSTOM], name=name, title=name)
    try:
        profile = replace(base, **dict(_changes(entry, models)))
    except ValueError as error:
        raise ValueError(f"has a wrong entry relays.{name}: {error}") from error
    if bool(profile.base_url) is (name == CUSTOM):
        what = "must not have" if name == CUSTOM else "needs"
        raise ValueError(f"has a wrong entry relays.{name}: it {what} a base_url")
    if Capability.MUSIC in profile.capabilities and not profile.models:
        raise ValueError(f"has a wrong entry relays.{name}: music needs a model")
    return profile


def _changes(entry: _RelayEntry, models: Mapping[str, RelayModel]) -> Iterator[tuple[str, Any]]:
    for field in entry.model_fields_set:
        value = getattr(entry, field)
        if field == "base_url":
            value = checked_address(value.strip())
        elif field == "fetch_path":
            value = checked_path(value.strip())
        elif field == "models":
            value = tuple(_model(each, models) for each in dict.fromkeys(value))
        yield field, value


def _model(name: str, models: Mapping[str, RelayModel]) -> RelayModel:
    if name not in models:
        raise ValueError(f"no model is called {name!r}")
    return models[name]


def _with_models(profile: RelayProfile, models: Mapping[str, RelayModel]) -> RelayProfile:
    """Return a profile whose models have the limits that the file gives them."""
    return replace(profile, models=tuple(models[each.name] for each in profile.models))


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"has a wrong entry {place}: {first['msg']}"
