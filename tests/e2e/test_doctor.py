"""``suno-bot doctor`` as a command: what it prints, and its exit code."""

import asyncio
import io
import json
import os
import pty
import re
import sys

import pytest
from rich.console import Console

from bot import __version__
from bot.doctor import runner
from bot.doctor.printer import Printer
from bot.doctor.report import Area, Finding, Findings, State
from bot.settings import SettingsReport
from sandbox.bot_process import BotProcess, without_settings
from tests.support.doctor_harness import DoctorHarness, run_doctor_command
from tests.support.paths import ROOT
from tests.support.sandbox_session import SandboxSession

KEYS = ["version", "healthy", "problems", "warnings", "findings"]
KEYS_OF_A_FINDING = ["area", "check", "state", "text", "advice"]


async def test_all_is_well_with_exit_code_0_beside_a_bot_that_works(
    sandbox: SandboxSession,
) -> None:
    """In groups, a finding a line, and nothing that only a terminal understands."""
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=30)
        await sandbox.discord.wait_until_commands(timeout=30)
        code, said = await run_doctor_command(sandbox)
        assert "Traceback" not in bot.log
    assert code == 0
    assert re.findall(r"\n\n(\w+)\n", f"\n\n{said}") == ["Settings", "Database", "Relay", "Discord"]
    assert said.endswith("\nAll is well.\n")
    assert "\x1b" not in said
    marks = [line.split()[0] for line in said.splitlines() if "  " in line]
    assert set(marks) == {"ok"}


async def test_a_warning_leaves_the_exit_code_0_and_says_what_to_do(
    sandbox: SandboxSession,
) -> None:
    """In an indented line below it."""
    code, said = await run_doctor_command(sandbox)
    assert code == 0
    assert "\nwarning  No command is registered" in said
    assert re.search(r"\n {9}→ Start this version of the bot", said)
    assert said.endswith("\n1 warning.\n")


async def test_a_problem_gives_exit_code_1(sandbox: SandboxSession) -> None:
    """Several are counted."""
    code, said = await run_doctor_command(
        sandbox, DISCORD_TOKEN="wrong-token", SUNO_API_KEY="wrong-key"
    )
    assert code == 1
    assert "\nproblem  Discord refuses DISCORD_TOKEN\n" in said
    assert said.endswith("\n2 problems.\n")
    assert "wrong-" not in said


@pytest.mark.parametrize("changes", [{}, {"DISCORD_TOKEN": "wrong-token", "POLL_INTERVAL": "x"}])
async def test_as_json_it_prints_one_object_and_nothing_else(
    sandbox: SandboxSession, changes: dict[str, str]
) -> None:
    """With the keys that docs/doctor.md promises."""
    code, said = await run_doctor_command(sandbox, "--json", **changes)
    told = json.loads(said)
    assert list(told) == KEYS
    assert told["version"] == __version__
    assert told["healthy"] is (code == 0) is not bool(changes)
    states = [finding["state"] for finding in told["findings"]]
    assert told["problems"] == states.count("problem")
    assert told["warnings"] == states.count("warning")
    assert all(list(finding) == KEYS_OF_A_FINDING for finding in told["findings"])
    assert all(bool(each["advice"]) is (each["state"] != "ok") for each in told["findings"])
    assert {finding["area"] for finding in told["findings"]} == set(Area)
    assert "wrong-token" not in said


def test_what_a_server_is_called_commands_no_terminal_in_json_either() -> None:
    """Not as an escape, not as its 8-bit form, nor turned around; and it can always be written."""
    name = "\x1b]0;\x07 \x9b31m \u202emp3 \x7f \ud800 \u55b5"
    written = io.BytesIO()
    with io.TextIOWrapper(written, encoding="utf-8", write_through=True) as file:
        Printer(Console(file=file)).as_json({"text": name})
        said = written.getvalue().decode()
    assert json.loads(said) == {"text": name}
    assert all(sign.isprintable() or sign == "\n" for sign in said)


async def test_on_a_terminal_it_has_marks_colours_and_lines_that_fit(
    sandbox: SandboxSession,
) -> None:
    """But for an address or a path, which can only be copied in one piece."""
    said = await _on_a_terminal(sandbox, 60)
    assert "\x1b[32m✓" in said
    assert "\x1b[33m!" in said
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said).replace("\r", "").splitlines()
    report = [line for line in lines[lines.index("Settings") :] if line]
    assert max(map(len, report)) > 60
    assert all(len(line) <= 60 for line in report if max(map(len, line.split())) < 50)


async def _on_a_terminal(sandbox: SandboxSession, width: int) -> str:
    """Call the doctor on a terminal of that width, and return all that appears there."""
    environment = without_settings(os.environ) | sandbox.environment
    environment |= {"PYTHONPATH": str(ROOT), "COLUMNS": str(width), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "doctor"),
        cwd=sandbox.folder,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    said = await asyncio.to_thread(_read_to_the_end, ours)
    await process.wait()
    return said


def _read_to_the_end(terminal: int) -> str:
    said = b""
    try:
        while more := os.read(terminal, 4096):
            said += more
    except OSError:
        pass  # how Linux says that the other side has hung up
    finally:
        os.close(terminal)
    return said.decode()


async def test_a_fault_of_one_part_is_a_finding_and_stops_no_other(
    sandbox: SandboxSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that nobody has thought of."""

    async def stumble(report: SettingsReport, time_limit: float) -> Findings:
        yield Finding(Area.RELAY, "answers", State.OK, f"{report.settings.suno_relay} answers")
        raise LookupError(f"stumbled within {time_limit} s")

    monkeypatch.setattr(runner, "look_at_relay", stumble)
    visit = await DoctorHarness(sandbox, monkeypatch).run()
    assert visit.found(Area.RELAY, "answers").state is State.OK
    assert "LookupError" in visit.found(Area.RELAY, "fault").text
    assert visit.found(Area.DISCORD, "token").state is State.OK


def test_what_is_not_well_cannot_be_told_without_advice() -> None:
    """Whoever writes a new check is reminded."""
    with pytest.raises(ValueError, match="advice"):
        Finding(Area.RELAY, "answers", State.WARNING, "It is slow")
