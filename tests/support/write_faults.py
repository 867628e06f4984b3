"""Makes one system call on the bot's database fail, or be its last: with strace.

Only the files of the database are watched, and only in the bot's process.
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

CALLS = ("write", "pwrite64", "pwritev", "fsync", "fdatasync", "ftruncate", "fallocate", "unlink")
"""The system calls by which SQLite changes files and waits for the disk."""

_CALL = re.compile(r"^(\d+) +(\w+)\(", re.MULTILINE)


class Kind(StrEnum):
    """What happens at a system call."""

    KILL = "kill"
    """The process dies before the call is carried out."""
    EIO = "eio"
    """The call fails: the disk reports an error."""
    ENOSPC = "enospc"
    """The call fails: the disk is full."""
    FULL = "full"
    """The call fails, and so does each after it until the process ends: the disk stays full."""


_TAMPERING = {
    Kind.KILL: "signal=KILL:when={}",
    Kind.EIO: "error=EIO:when={}",
    Kind.ENOSPC: "error=ENOSPC:when={}",
    Kind.FULL: "error=ENOSPC:when={}+",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens at which system call: the ``number``-th of its name in one thread."""

    kind: Kind
    call: str
    number: int

    @property
    def passes(self) -> bool:
        """Whether the disk is sound again after this one call."""
        return self.kind in (Kind.EIO, Kind.ENOSPC)

    def __str__(self) -> str:
        return f"{self.kind} at {self.call} {self.number}"


def watched(database: Path, trace: Path, fault: Fault | None = None) -> list[str]:
    """Return the command that runs another with every call on ``database`` written to ``trace``."""
    files = (
        database.parent,
        *(Path(f"{database}{end}") for end in ("", "-wal", "-shm", "-journal")),
    )
    paths = (part for file in files for part in ("-P", str(file)))
    tampering = []
    if fault is not None:
        injection = _TAMPERING[fault.kind].format(fault.number)
        tampering = ["-e", f"inject={fault.call}:{injection}"]
    # -D: the other command stays our child, with its own exit code and its own signals. Without
    # --seccomp-bpf, with which strace 6.1 sends no signals.
    return [
        *("strace", "-D", "-f", "--quiet=attach,personality,path-resolution", "--signal=none"),
        *("-o", str(trace), *paths, "-e", f"trace={','.join(CALLS)}", *tampering),
    ]


def calls_in(trace: Path) -> dict[str, int]:
    """Return how often each call was made by the thread that made it most often."""
    counted = Counter(_CALL.findall(trace.read_text(encoding="utf-8", errors="replace")))
    most: dict[str, int] = {}
    for (_, call), count in counted.items():
        most[call] = max(count, most.get(call, 0))
    return most


def struck(trace: Path) -> bool:
    """Whether the fault came to pass."""
    text = trace.read_text(encoding="utf-8", errors="replace")
    return "(INJECTED)" in text or text.rstrip().endswith("= ?")


def faults_at(calls: dict[str, int], kinds: Collection[Kind]) -> Iterator[Fault]:
    """Yield every fault that is possible at some calls."""
    for kind in kinds:
        for call, count in sorted(calls.items()):
            yield from (Fault(kind, call, number) for number in range(1, count + 1))


@cache
def unusable(folder: Path) -> str | None:
    """Return why faults cannot be made here, ``None`` if they can; tried out in ``folder``."""
    if shutil.which("strace") is None:
        return "strace is not installed (apt-get install strace)"
    file, trace = folder / "tried", folder / "trace"
    program = f"import os; os.pwrite(os.open({str(file)!r}, os.O_CREAT | os.O_RDWR), b'x', 0)"
    command = [*watched(file, trace, Fault(Kind.EIO, "pwrite64", 1)), sys.executable, "-c", program]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"strace does not work here: {error}"
    if ended.returncode == 1 and "Input/output error" in ended.stderr:
        return None
    return f"strace cannot make system calls fail here: {ended.stderr.strip()[-300:]}"
