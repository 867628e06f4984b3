"""A backup is restored as the documents say: nothing is charged a second time."""

import asyncio
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from sandbox.relay import faults
from tests.support.account_harness import until
from tests.support.creation_studio import furnish, running_studio, switch_on
from tests.support.paths import ROOT
from tests.support.sandbox_session import SandboxSession

GUIDE = ROOT / "docs" / "operating.md"


def steps() -> tuple[str, str]:
    """Return the programs of the guide that make a copy, and that prepare a restored one."""
    programs = re.findall(r"^ *\.venv/bin/python -c '(.*)'$", GUIDE.read_text(), re.MULTILINE)
    (copy,) = [each for each in programs if "VACUUM INTO" in each]
    (prepare,) = [each for each in programs if "UPDATE creations" in each]
    return copy, prepare


async def run_in(folder: Path, program: str) -> None:
    """Run a program of the guide, whose database is in ``data``."""
    program = program.replace("data/suno.db", "suno.db")
    command = [sys.executable, "-c", program]
    await asyncio.to_thread(subprocess.run, command, cwd=folder, check=True)


async def test_a_request_that_waited_in_a_backup_is_not_sent_again(
    sandbox: SandboxSession,
) -> None:
    """It was sent after the copy was made: who waits reads that it may have been charged."""
    studio, copy = furnish(sandbox, "en-US"), sandbox.folder / "copy.db"
    make_copy, prepare = steps()
    async with running_studio(studio):
        await switch_on(studio)
        sandbox.relay.faults.add(faults.rate_limited(), path="/suno/submit/music")
        await studio.use("suno create", description="a harbour at night")
        await until(lambda: has_been_put_back(sandbox.folder))
        await run_in(sandbox.folder, make_copy)
        sandbox.relay.faults.clear()
        await studio.task_ids()
    await sandbox.discord.wait_until_disconnected()
    for file in sandbox.folder.glob("suno.db*"):
        file.unlink()
    copy.rename(sandbox.folder / "suno.db")
    await run_in(sandbox.folder, prepare)
    async with running_studio(studio):
        await studio.notices("may have been charged")
    assert len(sandbox.relay.submissions.charges) == 1


async def has_been_put_back(folder: Path) -> bool:
    """Return whether the relay was too busy for the only request, so that it waits."""
    with closing(sqlite3.connect(folder / "suno.db")) as database:
        rows = database.execute("SELECT state, attempts > 0 FROM creations").fetchall()
    return rows == [("queued", 1)]
