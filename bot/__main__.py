"""The command line: ``python -m bot``, or ``suno-bot``."""

import asyncio
import json
import logging
import signal
import sys
from typing import BinaryIO

import click

from bot import __version__
from bot.encryption import Cipher, new_key, parse_keys
from bot.relay.explain import explain as explain_answer
from bot.settings_loading import SettingsError, load_settings

EXIT_PERMANENT_ERROR = 2
"""Exit code if starting again does not help before the operator changes something.

The exit code is 1 if the next start may succeed, or if the stop took too long, and 0 after an
orderly stop. A service manager should not restart the bot after 2; the unit in ``deploy`` does not.
"""


_NO_DEMO = (
    "The demo is not part of the installed package. Clone the repository of Suno Bot and run"
    " 'make demo' there."
)


_NO_ENCRYPTION_KEY = (
    "ENCRYPTION_KEY is not set, so there is nothing to encrypt with. Set it to a key made by"
    " `suno-bot new-key`, followed by a comma and the one that was used before, if there was one."
)

_NO_DATABASE_URL = (
    "DATABASE_URL is not set. Set it to the address of the PostgreSQL database to copy to or from."
)


@click.group(invoke_without_command=True)
@click.version_option(__version__, prog_name="suno-bot")
@click.pass_context
def main(context: click.Context) -> None:
    """Make Suno songs in Discord, and post them when they are ready. Without a command: run."""
    if context.invoked_subcommand is None:
        context.invoke(run)


@main.command()
def run() -> None:
    """Run the bot with the settings of the environment and .env."""
    # Process 1 of a container ignores them without a handler.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    # The settings are checked before the slow imports.
    from bot.lifecycle import run
    from bot.start_errors import StartError

    try:
        run(load_settings())
    except SettingsError as error:
        click.echo(f"The bot cannot start because of these settings:\n{error}", err=True)
        sys.exit(EXIT_PERMANENT_ERROR)
    except StartError as error:
        logging.getLogger("bot").critical("The bot cannot run. %s", error)
        sys.exit(EXIT_PERMANENT_ERROR if error.permanent else 1)


@main.command()
@click.option("--headless", is_flag=True, help="Print the demo on the terminal, then exit.")
@click.option("--script", is_flag=True, help="Play a scripted tour on the page.")
@click.option(
    "--port",
    default=0,
    type=click.IntRange(0, 65535),
    help="The port of the page; 0: any free one.",
)
def demo(*, headless: bool, script: bool, port: int) -> None:
    """Run the bot on a local Discord and a local relay.

    It needs no token and no network access. The demo is a web page at the address that is
    printed; it runs until Ctrl+C.
    """
    try:
        from sandbox.demo import run_headless, serve_page
    except ModuleNotFoundError as error:
        if error.name != "sandbox":
            raise
        raise click.ClickException(_NO_DEMO) from None

    if headless and (script or port):
        raise click.UsageError("--headless shows no page: leave out --script and --port.")
    succeeded = run_headless() if headless else serve_page(port=port, script=script)
    sys.exit(0 if succeeded else 1)


@main.command()
@click.option("--status", default=200, show_default=True, help="The HTTP status of the response.")
@click.option(
    "--content-type",
    default="application/json",
    show_default=True,
    help="The content type of the response.",
)
@click.argument("file", type=click.File("rb"))
def explain(file: BinaryIO, status: int, content_type: str) -> None:
    """Print how the bot reads the response of a relay, as JSON.

    FILE holds the body of the response; - stands for standard input. The output is ASCII, so
    that nothing in the response can control the terminal.
    """
    conclusion = explain_answer(status, content_type, file.read())
    click.echo(json.dumps(conclusion, indent=2))


@main.command("new-key")
def create_key() -> None:
    """Print a new key for ENCRYPTION_KEY.

    It encrypts the relay keys in the database. Keep a copy in a safe place: without it, the stored
    keys are lost and have to be entered again.
    """
    click.echo(new_key())


@main.command("rotate-keys")
def rotate_stored_keys() -> None:
    """Encrypt the stored relay keys anew.

    They are encrypted with the first key of ENCRYPTION_KEY. Stop the bot, and put a new key before
    the old one, with a comma between them. When this command has succeeded, the old key is only
    needed for older backups. Either all stored keys are encrypted anew, or none.
    """
    from bot.accounts.rotation import RotationError, rotate_keys

    try:
        settings = load_settings()
    except SettingsError as error:
        raise click.ClickException(f"These settings have to be fixed first:\n{error}") from None
    keys = settings.encryption_key.get_secret_value()
    if not keys:
        raise click.ClickException(_NO_ENCRYPTION_KEY)
    try:
        count = asyncio.run(rotate_keys(settings.database, Cipher(parse_keys(keys))))
    except RotationError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Relay keys encrypted with the first key of ENCRYPTION_KEY: {count}")


@main.command("copy-database")
@click.argument("target", type=click.Choice(["postgresql", "sqlite"]))
def copy_all(target: str) -> None:
    """Copy the whole database to TARGET, and verify the copy.

    To postgresql: from the file DATABASE_PATH to DATABASE_URL. To sqlite: the other way. Stop all
    bots first. The target has to be empty; the original stays as it is. Afterwards set
    DATABASE_URL, or empty it, and start the bot. A failed copy leaves an empty target.
    """
    from bot.storage.copying import CopyError, copy_database
    from bot.storage.database import engine_at
    from bot.storage.database_errors import DatabaseUnusable

    try:
        settings = load_settings()
    except SettingsError as error:
        raise click.ClickException(f"These settings have to be fixed first:\n{error}") from None
    if not settings.database_url.get_secret_value():
        raise click.ClickException(_NO_DATABASE_URL)
    if target == "postgresql" and not settings.database_path.exists():
        raise click.ClickException(f"There is no file {settings.database_path} (DATABASE_PATH).")
    file, server = engine_at(settings.database_path), engine_at(settings.database)
    source, copy = (file, server) if target == "postgresql" else (server, file)
    click.echo(f"Copying {source.location} to {copy.location} ...")
    try:
        for table in copy_database(source, copy):
            click.echo(f"{table.name}: {table.rows} rows, checksum {table.checksum}")
    except CopyError as error:
        raise click.ClickException(str(error)) from None
    except DatabaseUnusable as error:
        raise click.ClickException(f"{error}. {error.advice}") from None
    click.echo("Everything was copied and verified.")


@main.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.pass_context
def doctor(context: click.Context, *, as_json: bool) -> None:
    """Check the setup and report what to do.

    The settings, the database, the relay and Discord are checked. Nothing is changed; a running
    bot is not disturbed. The exit code is 1 if there is a problem.
    """
    if context.invoked_subcommand is None:
        from bot.doctor.command import diagnose

        sys.exit(diagnose(as_json=as_json))


@doctor.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.argument("task_id")
@click.pass_context
def why(context: click.Context, task_id: str, *, as_json: bool) -> None:
    """Explain why a task was posted, or was not.

    The report holds what the database knows of the task.
    """
    from bot.doctor.command import explain_task

    is_before_why = context.parent is not None and context.parent.params["as_json"]
    sys.exit(explain_task(task_id, as_json=as_json or is_before_why))


if __name__ == "__main__":
    main()
