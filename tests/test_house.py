"""The house: who may import whom, and what must stand where."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MAY_IMPORT: dict[str, set[str]] = {
    "bot": set(),
    "bot.redaction": set(),
    "bot.settings": {"bot.redaction"},
    "bot.logs": {"bot.redaction"},
    "bot.figures": set(),
    "bot.stopping": set(),
    "bot.running": set(),
    "bot.words": set(),
    "bot.suno": set(),
    "bot.watching": {"bot.suno", "bot.figures"},
    "bot.posting": {"bot.suno", "bot.watching", "bot.words", "bot.figures"},
    "bot.monitoring": {"bot.suno", "bot.watching", "bot.figures"},
    "bot.local": {"bot.suno"},
    "bot.command_tree": {
        *("bot.settings", "bot.words", "bot.suno", "bot.watching", "bot.posting"),
        "bot.discord_bot",  # for the type
    },
    "bot.translation": {"bot.words"},
    "bot.gateway": set(),
    "bot.token_check": set(),
    "bot.discord_bot": {
        *("bot.settings", "bot.words", "bot.suno", "bot.watching", "bot.posting"),
        *("bot.command_tree", "bot.translation", "bot.figures", "bot.monitoring"),
        "bot.gateway",
    },
    "bot.start_errors": {"bot.settings", "bot.watching", "bot.monitoring"},
    "bot.startup": {
        *("bot.settings", "bot.logs", "bot.words", "bot.suno", "bot.watching", "bot.posting"),
        *("bot", "bot.discord_bot", "bot.figures", "bot.monitoring", "bot.stopping"),
        *("bot.running", "bot.gateway", "bot.start_errors"),
        *("bot.token_check", "bot.redaction"),
    },
    "bot.doctor": {
        *("bot.settings", "bot.suno", "bot.watching", "bot.posting"),
        "bot.startup",  # puts the bot together whose commands are compared
    },
    "bot.__main__": {
        *("bot", "bot.settings", "bot.startup", "bot.doctor", "bot.local", "bot.suno"),
        "bot.start_errors",
    },
    "cogs": {
        *("bot.discord_bot", "bot.translation"),
        *("bot.suno", "bot.watching", "bot.posting", "bot.words"),
    },
}
"""A room, and the rooms whose parts it may import; its own always."""

KNOWS_DISCORD = {
    *("bot.posting", "bot.discord_bot", "bot.command_tree", "bot.translation", "bot.startup"),
    *("bot.start_errors", "bot.doctor", "bot.gateway", "cogs"),
}


def rooms() -> list[tuple[Path, str]]:
    """Return every file of ours and the room it stands in."""
    paths = sorted([*ROOT.glob("bot/**/*.py"), *ROOT.glob("cogs/**/*.py")])
    modules = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths)
    return [(path, room_of(module)) for path, module in zip(paths, modules, strict=True)]


def room_of(module: str) -> str:
    """Return the room of a dotted module name: the longest known prefix of it."""
    parts = module.removesuffix(".__init__").split(".")
    known = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next(name for name in known if name in MAY_IMPORT)


def imports_of(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, at any depth, type-only imports too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(("path", "room"), rooms(), ids=lambda value: str(value).rpartition("/")[2])
def test_a_room_imports_only_the_rooms_it_may(path: Path, room: str) -> None:
    """The table of who may import whom holds for every file."""
    ours = {name for name in imports_of(path) if name.partition(".")[0] in {"bot", "cogs", "tests"}}
    foreign = {room_of(name) for name in ours} - {room} - MAY_IMPORT[room]
    if "bot" in foreign and room != "bot":
        foreign -= {"bot"}  # the package itself holds a docstring and the version
    assert not foreign, f"{path.name} is in {room} and may not import {sorted(foreign)}"


@pytest.mark.parametrize(("path", "room"), rooms(), ids=lambda value: str(value).rpartition("/")[2])
def test_only_the_rooms_that_talk_to_discord_import_it(path: Path, room: str) -> None:
    """The promise, the relay and the local Discord know nothing of discord.py."""
    knows = any(name.partition(".")[0] == "discord" for name in imports_of(path))
    assert not knows or room in KNOWS_DISCORD


def test_cogs_do_not_import_each_other() -> None:
    """A cog is one trigger; what two of them need is a service."""
    for path in ROOT.glob("cogs/*.py"):
        assert not any(name.startswith("cogs") for name in imports_of(path)), path.name


def test_nobody_imports_the_cogs() -> None:
    """The cogs are named to discord.py as extensions, by the composition root alone."""
    for path in ROOT.glob("bot/**/*.py"):
        assert not any(name.startswith("cogs") for name in imports_of(path)), path.name


def test_only_the_settings_read_the_environment() -> None:
    """Nothing else looks at os.environ; what starts processes hands it on."""
    for path, room in rooms():
        if room not in {"bot.settings", "bot.local"}:
            text = path.read_text(encoding="utf-8")
            assert "environ" not in text.replace("environment", ""), path.name
            assert "getenv" not in text, path.name


def test_importing_the_composition_root_starts_nothing() -> None:
    """No module makes a client, a task or a file at import."""
    tree = ast.parse((ROOT / "bot/startup.py").read_text(encoding="utf-8"))
    assert not [node for node in tree.body if isinstance(node, ast.Expr | ast.With | ast.For)][1:]
