"""The import rules: which package may import which, and what must stand where."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.paths import ROOT

OURS = ("bot", "cogs", "sandbox")

MAY_IMPORT: dict[str, set[str]] = {
    "bot": set(),
    "bot.redaction": set(),
    "bot.public_addresses": set(),
    "bot.public_connector": {"bot.public_addresses"},
    "bot.encryption": set(),
    "bot.settings": {
        *("bot.encryption", "bot.redaction"),
        *("bot.relay.providers", "bot.relay.provider_files"),  # the names that SUNO_RELAY may have
    },
    "bot.settings_loading": {"bot.settings", "bot.redaction"},
    "bot.logs": {"bot.redaction"},
    "bot.metrics": set(),
    "bot.runtime": set(),
    "bot.shutdown": set(),
    "bot.i18n": set(),
    "bot.relay": set(),
    "bot.storage": {
        *("bot.relay.models", "bot.relay.creation", "bot.relay.quotes"),
        "bot.relay.providers",  # what a relay offers
    },
    "bot.polling": {"bot.relay", "bot.storage", "bot.metrics"},
    "bot.ui": {
        *("bot.relay.models", "bot.relay.errors", "bot.storage.models", "bot.storage.errors"),
        "bot.storage.database_errors",
        *("bot.i18n", "bot.public_addresses"),
        "bot.relay.providers",  # the names of the relays that people choose from
        *("bot.relay.creation", "bot.relay.timed_lyrics"),
    },
    "bot.delivery": {
        "bot.relay.models",
        "bot.storage",
        "bot.ui",
        "bot.i18n",
        "bot.metrics",
        "bot.public_connector",
    },
    "bot.accounts": {
        *("bot.relay", "bot.storage", "bot.polling", "bot.encryption", "bot.background"),
        "bot.metrics",  # which pollers count in
    },
    "bot.watches": {
        *("bot.accounts", "bot.relay", "bot.storage", "bot.ui.permissions", "bot.delivery"),
    },
    "bot.creation": {
        *("bot.accounts", "bot.relay", "bot.storage", "bot.watches", "bot.metrics"),
    },
    "bot.monitoring": {"bot.relay", "bot.storage", "bot.metrics"},
    "bot.gateway": set(),
    "bot.token_check": set(),
    "bot.client": {
        *("bot.i18n", "bot.watches", "bot.delivery", "bot.ui", "bot.monitoring", "bot.metrics"),
        *("bot.gateway", "bot.storage", "bot.background", "bot.accounts.service"),
        "bot.creation",
    },
    "bot.leadership": {"bot.storage"},
    "bot.background": {"bot.storage", "bot.leadership"},
    "bot.start_errors": {"bot.settings", "bot.storage", "bot.monitoring"},
    "bot.lifecycle": {
        *("bot.app", "bot.client", "bot.settings", "bot.relay", "bot.storage", "bot.delivery"),
        *("bot.logs", "bot.redaction", "bot.runtime", "bot.shutdown", "bot.start_errors"),
        *("bot.token_check", "bot.public_connector"),
    },
    "bot.doctor": {
        *(
            "bot.settings",
            "bot.settings_loading",
            "bot.redaction",
            "bot.encryption",
            "bot.relay",
            "bot.storage",
        ),
        "bot.app",  # composes the bot whose commands are compared
        "bot.ui.permissions",  # which permissions the bot needs, and its invite link
        "bot.delivery.discord_errors",  # what the stored status and code of a refusal mean
    },
    "bot.__main__": {
        *(
            "bot.settings_loading",
            "bot.accounts.rotation",
            "bot.lifecycle",
            "bot.doctor",
            "bot.relay",
            "bot.encryption",
            "bot.start_errors",
            "bot.storage.copying",
            "bot.storage.database",
            "bot.storage.database_errors",
            "sandbox",
        ),
    },
    "cogs": {
        *("bot.client", "bot.relay", "bot.storage", "bot.watches", "bot.ui", "bot.delivery"),
        *("bot.i18n", "bot.accounts", "bot.creation"),
    },
    "sandbox": {"bot.relay"},
    "sandbox.local_bot": {
        "bot.lifecycle",  # runs the bot as its command line does
        "bot.settings_loading",
        "bot.delivery.attachments.audio_fetcher",
        *("bot.storage.database", "bot.storage.server_settings"),  # what a manager has set
        "sandbox",
    },
}
"""A package or module, and those of ours that it may import; its own always.

The longest prefix counts. ``bot.app`` is missing: it may import everything but ``bot.doctor``.
"""

KNOWS_DISCORD = {
    *("bot.ui", "bot.delivery", "bot.watches", "bot.creation", "bot.client", "bot.gateway"),
    *(
        "bot.app",
        "bot.lifecycle",
        "bot.background",
        "bot.start_errors",
        "bot.doctor",
        "bot.i18n",
        "cogs",
    ),
}


def modules() -> dict[str, Path]:
    """Return every module of ours by its dotted name."""
    paths = sorted(path for package in OURS for path in ROOT.glob(f"{package}/**/*.py"))
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths)
    return {name.removesuffix(".__init__"): path for name, path in zip(names, paths, strict=True)}


MODULES = modules()


@cache
def imports_of(path: Path) -> frozenset[str]:
    """Return every module that a file imports, at any depth, type-only imports too."""
    return frozenset(_imports_in(ast.parse(path.read_text(encoding="utf-8"))))


def _imports_in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module  # also where a name of it is a module: the package is imported first
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name for name in names if name in MODULES)


def is_within(module: str, package: str) -> bool:
    """Whether a module is a package or stands in it."""
    return module == package or module.startswith(f"{package}.")


def package_of(module: str) -> str:
    """Return the entry of the table that a module belongs to: the longest prefix of its name."""
    if is_within(module, "bot.app"):
        return "bot.app"
    return max((name for name in MAY_IMPORT if is_within(module, name)), key=len)


def test_the_table_names_only_modules_that_exist() -> None:
    """A rule about a module that was renamed would forbid and allow nothing."""
    named = {*MAY_IMPORT, *KNOWS_DISCORD, *(name for rule in MAY_IMPORT.values() for name in rule)}
    assert named <= MODULES.keys()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_the_table_allows(module: str) -> None:
    """The table of allowed imports holds for every file."""
    package = package_of(module)
    imported = {name for name in imports_of(MODULES[module]) if name in MODULES} - {"bot"}
    others = {name for name in imported if package_of(name) != package}
    if package == "bot.app":
        assert not {name for name in others if is_within(name, "bot.doctor")}
        return
    forbidden = {
        name
        for name in others
        if not any(is_within(name, allowed) for allowed in MAY_IMPORT[package])
    }
    assert not forbidden, f"{module} may not import {sorted(forbidden)}"


@pytest.mark.parametrize("module", MODULES)
def test_only_some_packages_import_discord_py(module: str) -> None:
    """Relay, storage, polling and the sandbox know nothing of discord.py."""
    knows = any(is_within(name, "discord") for name in imports_of(MODULES[module]))
    assert not knows or package_of(module) in KNOWS_DISCORD


def test_cogs_do_not_import_each_other() -> None:
    """A cog is one trigger; what two of them need is a service."""
    for name, path in MODULES.items():
        if is_within(name, "cogs"):
            assert not any(is_within(other, "cogs") for other in imports_of(path)), name


def test_no_module_imports_a_cog() -> None:
    """The composition root names the cogs to discord.py as extensions."""
    for name, path in MODULES.items():
        assert not any(is_within(other, "cogs") for other in imports_of(path)), name


def test_no_imports_form_a_cycle() -> None:
    """Imports go one way among all modules of ours, type-only imports included."""
    graph = {
        name: {other for other in imports_of(path) if other in MODULES} - {name}
        for name, path in MODULES.items()
    }
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the modules


def test_only_the_settings_read_the_environment() -> None:
    """Nothing else looks at os.environ; the sandbox starts processes and hands it on."""
    for name, path in MODULES.items():
        if name != "bot.settings" and not is_within(name, "sandbox"):
            text = path.read_text(encoding="utf-8")
            assert "environ" not in text.replace("environment", ""), name
            assert "getenv" not in text, name


def test_importing_the_composition_root_starts_nothing() -> None:
    """No module creates a client, a task or a file at import."""
    for name, path in MODULES.items():
        if is_within(name, "bot.app"):
            body = ast.parse(path.read_text(encoding="utf-8")).body[1:]  # after the docstring
            assert not [node for node in body if isinstance(node, ast.Expr | ast.With | ast.For)]
