"""No key of a connected account is anywhere in plain text, whatever happens at the relay.

The keys are known to the tests, and searched for in everything that the bot writes.
"""

import asyncio
import gc
import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from pydantic import SecretStr

from bot.accounts.service import NewAccount
from bot.monitoring.collector import AccountMetrics
from bot.relay.errors import RelayError
from bot.storage.errors import AccountAddressRefused
from bot.storage.models import AccountOwner, Destination
from sandbox.bot_process import ENCRYPTION_KEY
from sandbox.relay import LocalRelay, song
from sandbox.relay.faults import (
    Fault,
    answers,
    cut_before_headers,
    cut_in_body,
    json_cut_short,
    openai_error,
    redirects,
    unauthorized,
)
from tests.support.account_harness import AccountHarness, open_accounts
from tests.support.doctor_harness import run_doctor_command
from tests.support.paths import ROOT
from tests.support.sandbox_session import SandboxSession

KEY = "of/a/server+0123456789=abcdef"
"""No form of a key that the log could know: it must never get there."""
OTHER_KEY = "sk-of-the-user-0123456789abcdef"
SERVER = AccountOwner(guild_id=50)
HERE = Destination(500, 50)


def as_json(key: str) -> bytes:
    """Return a key as JSON may hold it: as text in which no byte is that of the key."""
    return "".join(f"\\u{ord(character):04x}" for character in key).encode()


FAULTS: dict[str, Fault] = {
    "401": unauthorized(),
    "401 with the key": answers(401, openai_error(f"Incorrect API key provided: {KEY}")),
    "401 with the key as JSON": answers(
        401, b'{"error": {"message": "Incorrect API key provided: %b"}}' % as_json(KEY)
    ),
    "400 with the key": answers(400, openai_error(f"Bad Authorization: Bearer {KEY}")),
    "500 with the key": answers(500, openai_error(f"panic: {KEY} {KEY}")),
    "a web page with the key": answers(200, f"<html><title>{KEY}</title></html>"),
    "the key in the content type": answers(200, b"{}", headers={"X-Request": KEY}),
    "a redirect with the key": redirects(f"https://evil.example/{KEY}?key={KEY}"),
    "a redirect to itself": redirects("/suno/fetch"),
    "an invalid redirect with the key": redirects(f"https://][[p@{KEY}"),
    "a cut connection": cut_before_headers(),
    "a cut answer": cut_in_body(),
    "half an answer": json_cut_short(),
}


@pytest.fixture(autouse=True)
def debug_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Log everything, also that of libraries, and without redacting what looks like a key."""
    with caplog.at_level(logging.DEBUG):
        yield


def reprs() -> str:
    """Return how every object of the bot shows itself, as tracebacks and logs may."""
    ours = [each for each in gc.get_objects() if str(type(each).__module__).startswith("bot.")]
    return "\n".join(map(repr, ours))


def files(folder: Path) -> bytes:
    """Return what all files in a folder hold: the database, its write-ahead log, a backup."""
    return b"\n".join(each.read_bytes() for each in sorted(folder.iterdir()) if each.is_file())


def figures(accounts: AccountHarness) -> str:
    """Return all metrics as they are served."""
    registry = accounts.bot.metrics.registry
    registry.register(AccountMetrics(accounts.bot.account_requests))
    return generate_latest(registry).decode()


async def back_up(folder: Path) -> None:
    """Copy the database in the documented way."""
    text = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^\.venv/bin/python -c '(.+VACUUM.+)'$", text, re.MULTILINE)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code.replace("data/suno.db", "suno.db"), cwd=folder
    )
    assert await process.wait() == 0
    assert (folder / "copy.db").stat().st_size


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_relay_that_fails_brings_no_key_to_light(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    """While somebody connects an account, and while its tasks are polled."""
    async with LocalRelay(key=KEY) as relay, open_accounts(tmp_path, relay) as accounts:
        relay.add(song("song", title=f"Song of {KEY}", takes=300))
        relay.faults.add(fault, times=5)
        new = NewAccount("custom", "https://relay.example", "", SecretStr(KEY))
        assert KEY not in repr(new)
        with pytest.raises(RelayError) as failed:
            await accounts.accounts.connect(SERVER, new, user_id=7, locale="en-US")
        error = failed.value
        assert KEY not in f"{error} {error!r} {error.detail} {error.__cause__!r}"
        relay.faults.clear()
        await accounts.connect()
        await accounts.watch("song", HERE)
        relay.clock.advance(100)
        relay.faults.add(fault)
        seen = len(relay.requests)
        async with asyncio.timeout(120):
            await relay.wait_for_requests(seen + 1)
        await back_up(tmp_path)
        shown = reprs() + figures(accounts) + str(await accounts.messages())
        assert KEY not in shown
        assert KEY.encode() not in files(tmp_path)
    assert "Account connected" in caplog.text
    assert KEY not in caplog.text
    assert as_json(KEY).decode() not in caplog.text


async def test_a_whole_life_of_an_account_shows_no_key(
    sandbox: SandboxSession, caplog: pytest.LogCaptureFixture
) -> None:
    """Connected, replaced, used until a song is told, and disconnected; the doctor looks on."""
    relay, folder = sandbox.relay, sandbox.folder
    relay.add(song("song", takes=300), song("other", takes=3000))
    async with open_accounts(folder, relay) as accounts:
        for key in (KEY, OTHER_KEY):
            relay.key = key
            await accounts.connect(SERVER)
            await accounts.watch("song" if key == KEY else "other", HERE)
        relay.clock.advance(400)
        async with asyncio.timeout(120):
            while not await accounts.messages():  # noqa: ASYNC110 # polls go on
                await asyncio.sleep(0.02)
        await back_up(folder)
        told = await doctor_tells(sandbox)
        shown = reprs() + figures(accounts) + told
        contents = files(folder)
        assert await accounts.accounts.disconnect(SERVER) == 1
        contents += files(folder)
    for key in (KEY, OTHER_KEY):
        assert key not in shown
        assert key not in caplog.text
        assert key.encode() not in contents
    assert "of a server" in told


async def doctor_tells(sandbox: SandboxSession) -> str:
    """Return all that the doctor prints, as text and as JSON, about everything and one task."""
    outputs = [
        (await run_doctor_command(sandbox, *arguments, ENCRYPTION_KEY=ENCRYPTION_KEY))[1]
        for arguments in ((), ("--json",), ("why", "other"), ("why", "other", "--json"))
    ]
    assert json.loads(outputs[1])["findings"]
    assert ENCRYPTION_KEY not in "".join(outputs)
    return "\n".join(outputs)


async def test_an_address_that_holds_the_key_is_refused(tmp_path: Path) -> None:
    """Addresses are stored and logged as they are."""
    async with LocalRelay(key=OTHER_KEY) as relay, open_accounts(tmp_path, relay) as accounts:
        for host, path in (
            (f"relay.example/{OTHER_KEY.upper()}", ""),
            ("relay.example", OTHER_KEY),
        ):
            new = NewAccount("custom", f"https://{host}", path and f"/{path}", SecretStr(OTHER_KEY))
            with pytest.raises(AccountAddressRefused):
                await accounts.accounts.connect(SERVER, new, user_id=7, locale="en-US")
        assert relay.requests == []
