"""What the documents say is so: their links lead somewhere, their figures are the program's."""

import asyncio
import re
import sqlite3
import sys
import unicodedata
from contextlib import closing
from pathlib import Path

import pytest

from bot.__main__ import EXIT_PERMANENT_ERROR, main
from bot.accounts.service import ATTEMPT_WINDOW, ATTEMPTS
from bot.metrics import Metrics
from bot.settings import Settings
from bot.storage.database import DatabaseThread
from bot.storage.limits import WatchLimits
from bot.storage.relay_accounts import MAX_ACCOUNTS
from bot.storage.retention import RETENTION_PERIOD
from bot.ui.permissions import REQUIRED_PERMISSIONS
from bot.watches.task_ids import MAX_IDS
from tests.support.paths import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_FILE = re.compile(r"(?:[\w.-]+/)+[\w.-]+\.(?:py|md|json|yaml|service|txt|sql|ftl|png)")


def text_of(page: Path) -> str:
    """Return a page without its blocks of code."""
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def operating() -> str:
    """Return the operator's handbook, whole."""
    return (ROOT / "docs/operating.md").read_text(encoding="utf-8")


def anchors_of(page: Path) -> set[str]:
    """Return what a link into a page may name, as GitHub makes it of the headings."""
    headings = (heading.replace("`", "") for heading in _HEADING.findall(text_of(page)))
    return {
        "".join(
            letter
            for letter in heading.lower().replace(" ", "-")
            if letter in "-_" or unicodedata.category(letter)[0] in "LN"
        )
        for heading in headings
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_has_a_target(page: Path) -> None:
    """To a file of the checkout and to a heading that is there."""
    for link in _LINK.findall(text_of(page)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), link
        assert not anchor or anchor in anchors_of(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_named_file_exists(page: Path) -> None:
    """Its path is relative to the checkout or to the package."""
    for code in _CODE.findall(text_of(page)):
        if _FILE.fullmatch(code) and code != Settings.model_fields["database_path"].default:
            here = any((folder / code).is_file() for folder in (ROOT, ROOT / "bot"))
            assert here or code.startswith("data/suno"), code


def test_the_limits_on_accounts_are_those_of_the_program() -> None:
    """How many a person may connect, and how often one may try, on each page that says so."""
    numbers = {5: "five", 10: "ten"}
    attempts = f"{numbers[ATTEMPTS]} times in {numbers[round(ATTEMPT_WINDOW / 60)]} minutes"
    for name in ("operating", "relays", "security"):
        text = " ".join(text_of(ROOT / f"docs/{name}.md").split())
        assert attempts in text, name
        assert re.search(rf"\b(?:can|may) connect {numbers[MAX_ACCOUNTS]}\b", text), name


def test_every_test_that_is_named_exists() -> None:
    """A table of the documentation names the test that proves each row."""
    tests = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/test_*.py"))
    named = {name for page in PAGES for name in re.findall(r"`(test_\w+)`", text_of(page))}
    assert named
    assert [name for name in sorted(named) if f"def {name}(" not in tests] == []


def test_every_setting_is_described_for_the_operator() -> None:
    """In the table of the handbook, in the order of ``.env.example``."""
    table = operating().split("## Settings")[1].split("\n## ")[0]
    described = [name for name in re.findall(r"`([A-Z_]+)`", table) if name.lower() in _SETTINGS]
    assert list(dict.fromkeys(described)) == [name.upper() for name in _SETTINGS]


_SETTINGS = Settings.model_fields


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "docs/operating.md"])
def test_the_permissions_are_named_as_discord_names_them(name: str) -> None:
    """All that the bot is invited with, wherever an application is set up."""
    text = " ".join((ROOT / name).read_text(encoding="utf-8").lower().split())
    for permission, wanted in REQUIRED_PERMISSIONS:
        named = {"read_messages": "view channel"}.get(permission, permission.replace("_", " "))
        assert not wanted or named in text


def test_the_limits_are_the_programs() -> None:
    """The figures of the handbook are those of the code."""
    text = operating()
    limits = WatchLimits()
    assert f"| running watches of one user | {limits.watches_per_user} (" in text
    assert f"| running watches in one server | {limits.watches_per_server} (" in text
    assert f"| {limits.messages_per_user} an hour (`MESSAGES_PER_USER`)" in text
    assert f"| {limits.messages_per_channel} a minute (`MESSAGES_PER_CHANNEL`)" in text
    assert f"| {limits.watchers_per_destination}: as many as one message can mention |" in text
    assert f"| ids in one command | {MAX_IDS} |" in text
    assert f"with its watches | {RETENTION_PERIOD / 86400:.0f} days |" in text
    assert f"| {EXIT_PERMANENT_ERROR} | the operator has to change something first" in text


def test_every_metric_is_described() -> None:
    """The page about monitoring has the name of each metric."""
    text = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
    for metric in Metrics().registry.collect():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        assert re.search(rf"`{name}(\{{\w+\}})?`", text), name


def test_both_readmes_have_the_same_links_and_commands() -> None:
    """The Chinese one omits no document, no picture and no shell command."""
    english, chinese = (ROOT / name for name in ("README.md", "README.zh-CN.md"))
    to_each_other = {"README.md", "README.zh-CN.md"}
    assert set(_LINK.findall(text_of(english))) ^ set(_LINK.findall(text_of(chinese))) == (
        to_each_other
    )
    for code in (r"`((?:make|docker|cp) [^`]+)`", r"`(SUNO_\w+=[^`]*)`"):
        assert re.findall(code, text_of(english)) == re.findall(code, text_of(chinese))


def test_every_subcommand_is_documented() -> None:
    """At least one page shows how to call it."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    for command in main.commands:
        assert re.search(rf"(make|suno-bot|-m bot) {command}\b", text), command


async def test_the_documented_backup_is_not_committed_by_accident() -> None:
    """It has personal data; git ignores it, and the files that SQLite creates beside it."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    for name in ("copy.db", "data/suno.db", "data/suno.db-wal", "suno.db.lock"):
        asked = await asyncio.create_subprocess_exec("git", "check-ignore", "-q", name, cwd=ROOT)
        assert await asked.wait() == 0, name


async def test_the_documented_backup_is_a_whole_copy(tmp_path: Path) -> None:
    """The copy is consistent although the bot writes meanwhile; no existing file is overwritten."""
    (code,) = re.findall(r"^\.venv/bin/python -c '(.+)'$", operating(), re.MULTILINE)
    add = "INSERT INTO key_values (name, value) VALUES (?, '')"
    async with DatabaseThread(tmp_path / "data" / "suno.db") as database:
        await database.write(add, ["before"])
        writing = asyncio.gather(*(database.write(add, [str(n)]) for n in range(500)))
        assert await ran(code, tmp_path) == 0
        await writing
        assert await ran(code, tmp_path) != 0  # the copy is there already
    assert await ran(code, tmp_path / "data") != 0  # there is no database at that path
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copy.execute("SELECT 1 FROM key_values WHERE name = 'before'").fetchall() == [(1,)]
    async with DatabaseThread(tmp_path / "copy.db") as database:
        assert await database.read("SELECT 1 AS it FROM key_values WHERE name = 'before'", [])


async def ran(code: str, folder: Path) -> int | None:
    """Run Python code in a folder; return the exit code."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=folder, stderr=asyncio.subprocess.DEVNULL
    )
    await process.communicate()
    return process.returncode


PRIVACY_TEXTS = {
    "watches": "For each watch:",
    "tasks": "For each task:",
    "deliveries": "For each message that the bot has to post",
    "delivery_tasks": "For each message that the bot has to post",
    "blocked_channels": "For each channel where the bot cannot post:",
    "forums": "For each forum that takes messages of the bot:",
    "notified_users": "the ids of the users who were notified of that",
    "history": "History:",
    "user_history": "in your own history with your user id",
    "server_history": "in a server's history with the channel and without a user",
    "requested_messages": "For each message that you request:",
    "creations": "For each song or lyrics that you create",
    "creation_tasks": "For each song or lyrics that you create",
    "live_cards": "For each live card:",
    "live_card_tasks": "For each live card:",
    "server_settings": "For each server:",
    "user_settings": "The language that you choose",
    "relay_accounts": "For each relay account that you connect",
    "accounts_without_credit": "since when the relay rejects the key or the account has no credit",
    "welcomed_servers": "For each server that the bot has greeted:",
    "departed_servers": "For each server that the bot is no longer in:",
    "key_values": None,  # about the bot itself
}
"""Where the privacy policy tells of a table."""


async def test_the_privacy_policy_tells_of_every_table(tmp_path: Path) -> None:
    """A new table is either about nobody or in the policy."""
    policy = (ROOT / "docs/privacy.md").read_text(encoding="utf-8")
    async with DatabaseThread(tmp_path / "suno.db") as database:
        rows = await database.read(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
            " AND name NOT LIKE '%sqlite%'",
            [],
        )
    assert {row["name"] for row in rows} == PRIVACY_TEXTS.keys()
    for told in filter(None, PRIVACY_TEXTS.values()):
        assert told in policy
