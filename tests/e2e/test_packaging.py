"""Tests that the container and the systemd unit agree with the program that they start."""

import asyncio
import configparser
import json
import re
import shutil
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path, PurePosixPath

import pytest
from aiohttp import web
from packaging.specifiers import SpecifierSet

from bot.__main__ import EXIT_PERMANENT_ERROR, main
from bot.settings import Settings
from bot.shutdown import SHUTDOWN_TIMEOUT
from sandbox.bot_process import settings_for
from sandbox.relay import song
from tests.support.paths import ROOT
from tests.support.sandbox_session import SandboxSession

OF_PYTHON = {"PATH", "PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
SETTINGS = {name.upper() for name in Settings.model_fields}


def text_of(name: str) -> str:
    """Return the text of a file of the checkout."""
    return (ROOT / name).read_text(encoding="utf-8")


def instructions(name: str) -> list[str]:
    """Return the arguments of each instruction of this name in the Dockerfile, lines joined."""
    joined = text_of("Dockerfile").replace("\\\n", " ")
    return re.findall(rf"^{name} +(.*)$", joined, re.MULTILINE)


def container_environment() -> dict[str, str]:
    """Return the environment variables that the image sets."""
    (line,) = instructions("ENV")
    return dict(pair.split("=", 1) for pair in line.split())


def compose_environment() -> dict[str, str]:
    """Return the environment variables that compose sets over ``.env``."""
    (block,) = re.findall(r"^ +environment:.*\n((?: {6}\S.*\n)+)", text_of("compose.yaml"), re.M)
    return dict(re.findall(r"^ +(\w+): *(\S+)", block, re.M))


@pytest.fixture
def unit() -> configparser.SectionProxy:
    """Return the settings of the unit's service section; of repeated ones, the last."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names as they are written
    parser.read_string(text_of("deploy/suno-bot.service"))
    return parser["Service"]


def copy_image_files(folder: Path) -> Path:
    """Copy the files that the image contains into a folder; return the working directory."""
    for line in instructions("COPY"):
        source, target = line.split()[-2:]
        if "--from" not in line and target.startswith("/app/"):
            shutil.copytree(ROOT / source, folder / target[1:])
    (workplace,) = instructions("WORKDIR")
    return folder / workplace[1:]


def image_command() -> list[str]:
    """Return the command line with which the image starts the bot."""
    (entry,), (words,) = instructions("ENTRYPOINT"), instructions("CMD")[-1:]
    return [*json.loads(entry), *json.loads(words)]


def health_check() -> list[str]:
    """Return the program that Docker runs as the health check."""
    (words,) = re.findall(r"^HEALTHCHECK .*?CMD (\[.*\])$", _joined(), re.MULTILINE)
    python, *rest = json.loads(words)
    assert python == "python"
    return [sys.executable, *rest]


def _joined() -> str:
    return text_of("Dockerfile").replace("\\\n", " ")


def test_base_images_are_pinned_by_digest() -> None:
    """A tag may later name another image."""
    bases = instructions("FROM")
    assert bases
    assert all(re.fullmatch(r"\S+@sha256:[0-9a-f]{64}( AS \w+)?", base) for base in bases)


@pytest.mark.parametrize("name", ["Dockerfile", "Makefile", "docs/operating.md"])
def test_only_wheels_with_known_hashes_are_installed(name: str) -> None:
    """No package runs a script during its installation."""
    lines = [line for line in text_of(name).splitlines() if "--require-hashes -r" in line]
    assert lines
    assert all("--only-binary :all: --require-hashes -r " in line + " " for line in lines)


def test_the_image_has_a_python_that_the_package_accepts() -> None:
    """Both stages have the same Python version, and the package supports it."""
    (version,) = set(re.findall(r"python:(\d+\.\d+)-", text_of("Dockerfile")))
    wanted = tomllib.loads(text_of("pyproject.toml"))["project"]["requires-python"]
    assert version in SpecifierSet(wanted)


def test_the_unit_does_not_restart_after_a_configuration_error(
    unit: configparser.SectionProxy,
) -> None:
    """The exit code that prevents a restart is the one of the program."""
    assert int(unit["RestartPreventExitStatus"]) == EXIT_PERMANENT_ERROR


def test_the_image_and_the_unit_run_the_same_command(unit: configparser.SectionProxy) -> None:
    """The two command lines differ only in the path of Python."""
    arguments = unit["ExecStart"].split()[1:]
    assert arguments == image_command()[1:]
    assert arguments[:2] == ["-m", "bot"]
    assert arguments[2] in main.commands


def test_one_service_of_the_cluster_builds_the_image() -> None:
    """Two would build it at the same time, and differ after each build."""
    assert text_of("compose.cluster.yaml").count("  build: .") == 1
    assert text_of("compose.cluster.yaml").count("image: suno-bot") == 1  # of both


@pytest.mark.parametrize("source", [container_environment, compose_environment])
def test_every_variable_set_for_the_bot_is_a_setting(source: object) -> None:
    """The settings accept every variable of the image and of compose, with its value."""
    assert callable(source)
    given = {name: value for name, value in source().items() if name not in OF_PYTHON}
    assert given.keys() <= SETTINGS
    stand_ins = {"discord_token": "a", "suno_api_key": "b"}
    Settings.model_validate(stand_ins | {name.lower(): value for name, value in given.items()})


def test_the_paths_of_a_checkout_do_not_reach_the_container() -> None:
    """Compose overrides each path that a ``.env`` made from the example may contain."""
    image = {name: value for name, value in container_environment().items() if name in SETTINGS}
    assert compose_environment() == image


def test_the_database_of_the_container_is_in_the_volume() -> None:
    """The database is in the volume, the only place to which the bot may write."""
    path = PurePosixPath(container_environment()["DATABASE_PATH"])
    assert instructions("VOLUME") == [str(path.parent)]
    assert f"- data:{path.parent}" in text_of("compose.yaml")
    assert "read_only: true" in text_of("compose.yaml")


def test_the_database_of_the_service_is_in_its_state_directory(
    unit: configparser.SectionProxy,
) -> None:
    """The path of the example is in the folder that systemd creates for the service."""
    assert unit["WorkingDirectory"] == f"%S/{unit['StateDirectory']}"
    path = Settings.model_fields["database_path"].default
    assert not path.is_absolute()


def test_both_wait_longer_than_the_bot_takes_to_stop(unit: configparser.SectionProxy) -> None:
    """Docker and systemd wait longer than the bot's shutdown timeout before they kill it."""
    (grace,) = re.findall(r"stop_grace_period: (\d+)s", text_of("compose.yaml"))
    assert SHUTDOWN_TIMEOUT + 5 <= int(grace) == int(unit["TimeoutStopSec"])


def test_the_build_context_contains_only_what_is_copied() -> None:
    """The build context has no secrets, no database and no Git history."""
    shown = [line for line in text_of(".dockerignore").splitlines() if not line.startswith("#")]
    copied = [line.split()[0] for line in instructions("COPY") if "--from" not in line]
    assert shown[0] == "*"
    assert {line[1:] for line in shown if line.startswith("!")} == set(copied)


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False), (None, False)])
async def test_the_health_check_returns_the_result_of_the_probe(
    status: int | None, healthy: bool
) -> None:
    """It fails if nothing responds, and uses no proxy."""
    async with serve_health(status) as port:
        process = await asyncio.create_subprocess_exec(
            *health_check(),
            env={"METRICS_PORT": str(port), "http_proxy": "http://127.0.0.1:9"},
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert (await process.wait() == 0) is healthy


@asynccontextmanager
async def serve_health(status: int | None) -> AsyncIterator[int]:
    """Serve the result of the health probe, or no response; yield the port."""

    async def health(_request: web.Request) -> web.Response:
        return web.Response(status=status or 200)

    app = web.Application()
    app.router.add_get("/healthz", health)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port: int = runner.addresses[0][1]
    if status is None:
        await runner.cleanup()
    yield port
    await runner.cleanup()


async def test_the_files_of_the_image_are_a_complete_bot(
    sandbox: SandboxSession, tmp_path: Path
) -> None:
    """The bot works from these files alone, with the command of the image."""
    workplace = copy_image_files(tmp_path / "image")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *image_command()[1:],
        cwd=workplace,
        env=settings_for(sandbox.discord, sandbox.relay, tmp_path),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await sandbox.discord.wait_until_ready(timeout=120)
        await sandbox.discord.wait_until_commands(timeout=120)
        sandbox.relay.add(song("a-song", takes=1))
        await sandbox.command_answer("suno watch", id="a-song")
        sandbox.relay.clock.advance(10)
        await sandbox.wait_for_notice("a-song")
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        _, output = await process.communicate()
        assert (process.returncode, b"Traceback" in output) == (0, False), output.decode()


async def test_the_demo_command_of_the_image_explains_where_to_get_the_demo(tmp_path: Path) -> None:
    """The image holds no sandbox: the error says what to do, without a traceback."""
    program = """
import sys
from pathlib import Path
from bot.__main__ import main
sys.path = [path for path in sys.path if not (Path(path) / "sandbox").is_dir()]
main(["demo"])
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        cwd=copy_image_files(tmp_path / "image"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, output = await process.communicate()
    assert process.returncode == 1
    assert b"make demo" in output
    assert b"Traceback" not in output
