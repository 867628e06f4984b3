"""Injects faults into system calls on the bot's database, with strace.

A fault makes one call fail, or kills the process at it. Only calls on the files of the database in
the bot's process are affected.
"""

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

TRACED_CALLS = (
    "write",
    "pwrite64",
    "pwritev",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "unlink",
)
"""The system calls by which SQLite changes files and waits for the disk."""

_CALL = re.compile(r"^(\d+) +(\w+)\(", re.MULTILINE)


class WriteFaultKind(StrEnum):
    """What a fault does at a system call."""

    KILL = "kill"
    """The process dies before the call is carried out."""
    EIO = "eio"
    """The call fails with an I/O error."""
    ENOSPC = "enospc"
    """The call fails because the disk is full."""
    FULL = "full"
    """This call and all later ones of the process fail because the disk is full."""


_INJECTIONS = {
    WriteFaultKind.KILL: "signal=KILL:when={}",
    WriteFaultKind.EIO: "error=EIO:when={}",
    WriteFaultKind.ENOSPC: "error=ENOSPC:when={}",
    WriteFaultKind.FULL: "error=ENOSPC:when={}+",
}


@dataclass(frozen=True, slots=True)
class WriteFault:
    """A fault at one system call: the ``number``-th of its name in one thread."""

    kind: WriteFaultKind
    call: str
    number: int

    @property
    def is_transient(self) -> bool:
        """Whether later calls succeed again in the same process."""
        return self.kind in (WriteFaultKind.EIO, WriteFaultKind.ENOSPC)

    def __str__(self) -> str:
        return f"{self.kind} at {self.call} {self.number}"


def strace_command(database: Path, trace: Path, fault: WriteFault | None = None) -> list[str]:
    """Return the command prefix that writes each call on ``database`` to ``trace``.

    It also injects ``fault``, if there is one.
    """
    # -D keeps the traced command our child, with its own exit code and signals.
    return ["strace", "-D", *_options(database, trace, fault)]


def attach_command(
    pid: int, database: Path, trace: Path, fault: WriteFault | None = None
) -> list[str]:
    """Return the command that does the same to a running process, and says when it begins."""
    return ["strace", "-p", str(pid), *_options(database, trace, fault, quiet="personality")]


def _options(
    database: Path, trace: Path, fault: WriteFault | None, *, quiet: str = "attach,personality"
) -> list[str]:
    files = (
        database.parent,
        *(Path(f"{database}{end}") for end in ("", "-wal", "-shm", "-journal")),
    )
    paths = (part for file in files for part in ("-P", str(file)))
    injection = []
    if fault is not None:
        effect = _INJECTIONS[fault.kind].format(fault.number)
        injection = ["-e", f"inject={fault.call}:{effect}"]
    # Without --seccomp-bpf, with which strace 6.1 injects no signals.
    return [
        *("-f", f"--quiet={quiet},path-resolution", "--signal=none"),
        *("-o", str(trace), *paths, "-e", f"trace={','.join(TRACED_CALLS)}", *injection),
    ]


def count_calls(trace: Path) -> dict[str, int]:
    """Return for each system call how often the thread with most of them made it."""
    counted = Counter(_CALL.findall(trace.read_text(encoding="utf-8", errors="replace")))
    most: dict[str, int] = {}
    for (_, call), count in counted.items():
        most[call] = max(count, most.get(call, 0))
    return most


def was_injected(trace: Path) -> bool:
    """Whether the fault happened."""
    text = trace.read_text(encoding="utf-8", errors="replace")
    return "(INJECTED)" in text or text.rstrip().endswith("= ?")


def possible_faults(
    calls: dict[str, int], kinds: Collection[WriteFaultKind]
) -> Iterator[WriteFault]:
    """Yield a fault of each kind at each of the counted calls."""
    for kind in kinds:
        for call, count in sorted(calls.items()):
            yield from (WriteFault(kind, call, number) for number in range(1, count + 1))


@cache
def unavailable_reason(folder: Path) -> str | None:
    """Return why strace cannot inject faults here, ``None`` if it can; tries it in ``folder``."""
    if shutil.which("strace") is None:
        return "strace is not installed (apt-get install strace)"
    file, trace = folder / "probe", folder / "trace"
    program = f"import os; os.pwrite(os.open({str(file)!r}, os.O_CREAT | os.O_RDWR), b'x', 0)"
    fault = WriteFault(WriteFaultKind.EIO, "pwrite64", 1)
    command = [*strace_command(file, trace, fault), sys.executable, "-c", program]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"strace does not work here: {error}"
    if ended.returncode == 1 and "Input/output error" in ended.stderr:
        return None
    return f"strace cannot inject faults here: {ended.stderr.strip()[-300:]}"
