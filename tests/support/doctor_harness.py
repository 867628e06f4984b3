"""Runs the doctor on a sandbox: within this process, or as a command."""

import asyncio
import io
import json
import os
import sys
from dataclasses import dataclass
from typing import Any

import pytest
from rich.console import Console

from bot.doctor.database_checks import THRESHOLDS, Thresholds
from bot.doctor.printer import Printer, examination_as_json
from bot.doctor.report import Area, Finding, State
from bot.doctor.runner import TIME_LIMIT, Examination, examine
from bot.settings import Settings, report_settings
from sandbox.bot_process import without_settings
from tests.support.paths import ROOT
from tests.support.sandbox_session import SandboxSession


@dataclass(frozen=True)
class DoctorRun:
    """The result of one examination."""

    examination: Examination
    printed: str
    """The output as printed to a pipe."""
    json: dict[str, Any]

    def found(self, area: Area, check: str) -> Finding:
        """Return the one finding of this name."""
        fitting = [
            one for one in self.examination.findings if (one.area, one.check) == (area, check)
        ]
        assert len(fitting) == 1, self.printed
        return fitting[0]

    def troubles(self, area: Area) -> list[str]:
        """Return the names of the failed checks of an area."""
        found = self.examination.findings
        return [one.check for one in found if one.area is area and one.state is not State.OK]


class DoctorHarness:
    """Examines a sandbox, with the settings of its bot unless a test changes them."""

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
        """Run every check; neither the token nor the key may be in the output."""
        environment = self.sandbox.environment | changes
        for name in Settings.model_fields:
            self._monkeypatch.delenv(name.upper(), raising=False)
        for name, value in environment.items():
            self._monkeypatch.setenv(name, value)
        report = report_settings()
        examination = await examine(report, time_limit=time_limit, thresholds=thresholds)
        console = Console(file=io.StringIO(), highlight=False)
        printer = Printer(console, report.secrets)
        printer.show(examination)
        printed = console.file.getvalue()  # type: ignore[attr-defined]  # it is a StringIO
        console.file = as_json = io.StringIO()
        printer.as_json(examination_as_json(examination))
        for name in ("DISCORD_TOKEN", "SUNO_API_KEY"):
            for word in environment[name].split():
                assert word not in printed + as_json.getvalue()
        return DoctorRun(examination, printed, json.loads(as_json.getvalue()))


async def run_doctor_command(
    sandbox: SandboxSession, *words: str, **changes: str
) -> tuple[int, str]:
    """Call ``suno-bot doctor`` as a process in the bot's folder; return its exit code and output.

    Only standard output, as in a pipe.
    """
    settings = sandbox.environment | changes | {"PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "doctor", *words),
        cwd=sandbox.folder,
        env=without_settings(os.environ) | settings,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaints = await process.communicate()
    assert not complaints.decode()
    assert process.returncode is not None
    return process.returncode, said.decode()
