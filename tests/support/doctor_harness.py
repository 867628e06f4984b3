"""Runs the doctor on a sandbox: within this process, or as a command in another one."""

import asyncio
import io
import json
import os
import sys
from dataclasses import dataclass
from typing import Any

import pytest
from rich.console import Console

from bot.doctor.printer import Printer, report_as_json
from bot.doctor.report import Area, CheckResult, Report, State
from bot.doctor.runner import TIME_LIMIT, run_checks
from bot.doctor.settings_report import report_settings
from bot.doctor.thresholds import THRESHOLDS, Thresholds
from bot.settings import Settings
from sandbox.bot_process import without_settings
from tests.support.paths import ROOT
from tests.support.sandbox_session import SandboxSession


@dataclass(frozen=True)
class DoctorRun:
    """The report of one run, also as it is printed in a pipe and as JSON."""

    report: Report
    printed: str
    json: dict[str, Any]

    def result(self, area: Area, check: str) -> CheckResult:
        """Return the one result of this check."""
        results = [each for each in self.report.results if (each.area, each.check) == (area, check)]
        assert len(results) == 1, self.printed
        return results[0]

    def not_ok(self, area: Area) -> list[str]:
        """Return the names of the checks of an area that ended in a warning or a problem."""
        results = self.report.results
        return [each.check for each in results if each.area is area and each.state is not State.OK]


class DoctorHarness:
    """Checks a sandbox, with the settings of its bot unless a test changes them."""

    def __init__(self, sandbox: SandboxSession, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sandbox = sandbox
        self._monkeypatch = monkeypatch
        monkeypatch.chdir(sandbox.folder)

    async def run(
        self,
        *,
        time_limit: float = TIME_LIMIT,
        thresholds: Thresholds = THRESHOLDS,
        **changes: str,
    ) -> DoctorRun:
        """Run all checks; assert that neither the token nor the key is printed."""
        environment = self.sandbox.environment | changes
        for name in Settings.model_fields:
            self._monkeypatch.delenv(name.upper(), raising=False)
        for name, value in environment.items():
            self._monkeypatch.setenv(name, value)
        settings_report = report_settings()
        report = await run_checks(
            settings_report,
            on_progress=lambda _: None,
            time_limit=time_limit,
            thresholds=thresholds,
        )
        console = Console(file=io.StringIO(), highlight=False)
        printer = Printer(console, settings_report.secrets)
        printer.print_report(report)
        printed = console.file.getvalue()  # type: ignore[attr-defined]  # it is a StringIO
        console.file = as_json = io.StringIO()
        printer.print_json(report_as_json(report))
        for name in ("DISCORD_TOKEN", "SUNO_API_KEY", "ENCRYPTION_KEY"):
            for word in environment.get(name, "").replace(",", " ").split():
                assert word not in printed + as_json.getvalue()
        return DoctorRun(report, printed, json.loads(as_json.getvalue()))


async def run_doctor_command(
    sandbox: SandboxSession, *arguments: str, **changes: str
) -> tuple[int, str]:
    """Run ``suno-bot doctor`` as a process in the bot's folder; return exit code and output.

    Standard output is a pipe; nothing may be written to standard error.
    """
    settings = sandbox.environment | changes | {"PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "doctor",
        *arguments,
        cwd=sandbox.folder,
        env=without_settings(os.environ) | settings,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert not errors.decode()
    assert process.returncode is not None
    return process.returncode, output.decode()
