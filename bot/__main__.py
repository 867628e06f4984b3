"""The command line: ``python -m bot``, or ``suno-bot``."""

import json
import logging
import signal
import sys
from typing import BinaryIO

import click

from bot import __version__
from bot.relay.explain import explain as explain_answer
from bot.settings import SettingsError, load_settings

CANNOT_WORK = 2
"""Exit code when starting again would not help: somebody has to change something first.

1 is for what may be well at the next start, and for a stop that took too long; 0 for an orderly
one. A service that restarts on failure should spare 2, as the unit in ``deploy`` does.
"""


_NO_DEMO = (
    "The demo is not part of the installed package. Clone the repository of Suno Bot and run"
    " 'make demo' there."
)


@click.group(invoke_without_command=True)
@click.version_option(__version__, prog_name="suno-bot")
@click.pass_context
def main(context: click.Context) -> None:
    """Tell people in Discord when their Suno song is done. With no command: run."""
    if context.invoked_subcommand is None:
        context.invoke(run)


@main.command()
def run() -> None:
    """Run the bot with the settings of the environment and of .env."""
    for number in (signal.SIGINT, signal.SIGTERM):  # which process 1 of a container would not heed
        signal.signal(number, lambda *_: sys.exit(0))
    # The settings are told before anything heavy is loaded.
    from bot.app import run
    from bot.start_errors import StartError

    try:
        run(load_settings())
    except SettingsError as error:
        click.echo(f"The bot cannot start; these settings need you:\n{error}", err=True)
        sys.exit(CANNOT_WORK)
    except StartError as error:
        logging.getLogger("bot").critical("The bot cannot run. %s", error)
        sys.exit(CANNOT_WORK if error.lasting else 1)


@main.command()
@click.option("--headless", is_flag=True, help="Tell it on the terminal; end by itself.")
@click.option("--script", is_flag=True, help="Play a tour on the page, by itself.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Of the page; 0: any.")
def demo(*, headless: bool, script: bool, port: int) -> None:
    """See the bot at work on a Discord and a relay of its own: no token, no network.

    It is shown as a page in a browser, at the address that is printed, until Ctrl+C.
    """
    try:
        from sandbox.demo import run_headless, serve_page
    except ModuleNotFoundError as error:
        if error.name != "sandbox":
            raise
        raise click.ClickException(_NO_DEMO) from None

    well = run_headless() if headless else serve_page(port=port, script=script)
    sys.exit(0 if well else 1)


@main.command()
@click.option("--status", default=200, show_default=True, help="The HTTP status it came with.")
@click.option("--content-type", default="application/json", show_default=True)
@click.argument("file", type=click.File("rb"))
def explain(file: BinaryIO, status: int, content_type: str) -> None:
    """Print what the bot makes of a relay's answer in FILE (- for standard input), as JSON.

    It is in ASCII, of which a terminal obeys nothing: the relay wrote it.
    """
    conclusion = explain_answer(status, content_type, file.read())
    click.echo(json.dumps(conclusion, indent=2))


@main.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.pass_context
def doctor(context: click.Context, *, as_json: bool) -> None:
    """Say what works, what does not, and what to do about it; change nothing.

    Exit code 1 if there is a problem. It may be used beside a running bot.
    """
    if context.invoked_subcommand is None:
        from bot.doctor.command import diagnose

        sys.exit(diagnose(as_json=as_json))


@doctor.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.argument("task_id")
def why(task_id: str, *, as_json: bool) -> None:
    """Say what became of a task, and why nothing was posted of it yet."""
    from bot.doctor.command import explain_task

    sys.exit(explain_task(task_id, as_json=as_json))


if __name__ == "__main__":
    main()
