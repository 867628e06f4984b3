"""The output and the exit code of ``suno-bot doctor``."""

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
from bot.doctor.report import Area, CheckResult, CheckResults, State
from bot.doctor.settings_report import SettingsReport
from sandbox.bot_process import BotProcess, without_settings
from tests.support.doctor_harness import DoctorHarness, run_doctor_command
from tests.support.paths import ROOT
from tests.support.sandbox_session import SandboxSession

KEYS = ["version", "healthy", "problems", "warnings", "findings"]
KEYS_OF_A_RESULT = ["area", "check", "state", "text", "advice"]


async def test_a_healthy_bot_gives_exit_code_0(
    sandbox: SandboxSession,
) -> None:
    """The output has a group per area and a line per result, without control characters."""
    async with BotProcess(sandbox.folder, sandbox.environment) as bot:
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.discord.wait_until_commands(timeout=120)
        code, output = await run_doctor_command(sandbox)
        assert "Traceback" not in bot.log
    assert code == 0
    assert re.findall(r"\n\n(\w+)\n", f"\n\n{output}") == [
        "Settings",
        "Database",
        "Relay",
        "Discord",
    ]
    assert output.endswith("\nAll is well.\n")
    assert "\x1b" not in output
    marks = [line.split()[0] for line in output.splitlines() if "  " in line]
    assert set(marks) == {"ok"}


async def test_a_warning_gives_exit_code_0_and_advice(
    sandbox: SandboxSession,
) -> None:
    """The advice is on an indented line below it."""
    code, output = await run_doctor_command(sandbox)
    assert code == 0
    assert "warning  Discord: No command is registered" in output
    assert re.search(r"\n {9}→ Start this version of the bot", output)
    assert output.endswith("\n1 warning.\n")


async def test_a_problem_gives_exit_code_1(sandbox: SandboxSession) -> None:
    """The summary counts the problems."""
    code, output = await run_doctor_command(
        sandbox, DISCORD_TOKEN="wrong-token", SUNO_API_KEY="wrong-key"
    )
    assert code == 1
    assert "problem  Discord: Discord refuses DISCORD_TOKEN\n" in output
    assert output.endswith("\n2 problems and 1 warning.\n")
    problems, working = output.split("\nSettings\n")
    assert "ok  " not in problems
    assert "problem " not in working
    assert "wrong-" not in output


@pytest.mark.parametrize("changes", [{}, {"DISCORD_TOKEN": "wrong-token", "POLL_INTERVAL": "x"}])
async def test_with_json_the_output_is_one_object(
    sandbox: SandboxSession, changes: dict[str, str]
) -> None:
    """It has the keys that docs/doctor.md promises."""
    code, output = await run_doctor_command(sandbox, "--json", **changes)
    content = json.loads(output)
    assert list(content) == KEYS
    assert content["version"] == __version__
    assert content["healthy"] is (code == 0) is not bool(changes)
    states = [finding["state"] for finding in content["findings"]]
    assert content["problems"] == states.count("problem")
    assert content["warnings"] == states.count("warning")
    assert all(list(finding) == KEYS_OF_A_RESULT for finding in content["findings"])
    assert all(bool(each["advice"]) is (each["state"] != "ok") for each in content["findings"])
    assert {finding["area"] for finding in content["findings"]} == set(Area)
    assert "wrong-token" not in output


def test_json_contains_no_control_characters() -> None:
    """Neither escapes, C1 codes nor direction marks; lone surrogates can be written."""
    name = "\x1b]0;\x07 \x9b31m \u202emp3 \x7f \ud800 \u55b5"
    written = io.BytesIO()
    with io.TextIOWrapper(written, encoding="utf-8", write_through=True) as file:
        Printer(Console(file=file), ()).print_json({"text": name})
        output = written.getvalue().decode()
    assert json.loads(output) == {"text": name}
    assert all(character.isprintable() or character == "\n" for character in output)


async def test_on_a_terminal_the_report_has_marks_colours_and_wrapped_lines(
    sandbox: SandboxSession,
) -> None:
    """A URL or a path is not wrapped: it can only be copied in one piece."""
    output = await _run_on_a_terminal(sandbox, 60)
    assert "\x1b[32m✓" in output
    assert "\x1b[33m!" in output
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", output).replace("\r", "").splitlines()
    report = [line for line in lines[lines.index("Settings") :] if line]
    assert max(map(len, report)) > 60
    assert all(len(line) <= 60 for line in report if max(map(len, line.split())) < 50)


async def _run_on_a_terminal(sandbox: SandboxSession, width: int) -> str:
    """Run the doctor on a terminal of that width, and return its output."""
    environment = without_settings(os.environ) | sandbox.environment
    environment |= {"PYTHONPATH": str(ROOT), "COLUMNS": str(width), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "doctor",
        cwd=sandbox.folder,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    output = await asyncio.to_thread(_read_to_the_end, ours)
    await process.wait()
    return output


def _read_to_the_end(terminal: int) -> str:
    output = b""
    try:
        while more := os.read(terminal, 4096):
            output += more
    except OSError:
        pass  # how Linux says that the other side has hung up
    finally:
        os.close(terminal)
    return output.decode()


async def test_an_unexpected_error_in_one_area_is_a_result_and_stops_no_other(
    sandbox: SandboxSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The results from before the error are kept."""

    async def fail(settings_report: SettingsReport, time_limit: float) -> CheckResults:
        yield CheckResult(
            Area.RELAY, "answers", State.OK, f"{settings_report.settings.suno_relay} answers"
        )
        raise LookupError(f"failed within {time_limit} s")

    monkeypatch.setattr(runner, "check_relay", fail)
    run = await DoctorHarness(sandbox, monkeypatch).run()
    assert run.result(Area.RELAY, "answers").state is State.OK
    assert "LookupError" in run.result(Area.RELAY, "fault").text
    assert run.result(Area.DISCORD, "token").state is State.OK


def test_a_warning_without_advice_is_an_error() -> None:
    """Whoever writes a new check is reminded."""
    with pytest.raises(ValueError, match="advice"):
        CheckResult(Area.RELAY, "answers", State.WARNING, "It is slow")
