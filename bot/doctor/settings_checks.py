"""The settings: where each comes from, what is wrong with it, and who may read them."""

import os
from pathlib import Path

from bot.doctor.report import Area, Findings, Notebook
from bot.settings import Found, SettingsReport, Stray

_note = Notebook(Area.SETTINGS)

WHEN_EMPTY = {
    "DISCORD_GATEWAY_URL": "as Discord's API says",
    "SUNO_BASE_URL": "the relay's own",
    "SUNO_FETCH_PATH": "the relay's own",
}


async def look_at_settings(report: SettingsReport) -> Findings:
    """Yield every setting, then what is wrong, then names that nothing reads."""
    for found in report.found:
        yield _note.ok(found.name, text=_told(found))
    unread = any(wrong.name == ".env" for wrong in report.complaints)
    for wrong in report.complaints:
        text = f"{wrong.name} {wrong.what}"
        hidden = unread and wrong.what == "is missing"
        advice = "It may stand in .env: mend that first." if hidden else _sentence(wrong.advice)
        yield _note.problem(wrong.name, text=text, advice=advice)
    if _others_may_read(Path(".env")):
        text = ".env, where the secrets are, can be read by other users of this machine"
        yield _note.warning("secrecy", text=text, advice="Say `chmod 600 .env`.")
    for stray in report.strays:
        yield _note.warning(
            stray.name,
            text=f"{stray.name} in {_place(stray)} is no setting: nothing reads it",
            advice=f"Did you mean {stray.meant}?" if stray.meant else "See .env.example.",
        )


def _told(found: Found) -> str:
    value = found.value or WHEN_EMPTY.get(found.name, "empty")
    return f"{found.name} = {value} ({found.origin})"


def _others_may_read(file: Path) -> bool:
    """Whether more than its owner may open a file; the modes of Windows do not tell."""
    try:
        return os.name == "posix" and bool(file.stat().st_mode & 0o077)
    except OSError:  # not there, or nobody's business
        return False


def _place(stray: Stray) -> str:
    return ".env" if stray.origin == ".env" else "the environment"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
