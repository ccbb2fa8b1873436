"""Processes that the judge starts itself, each read from the kernel's account of it: page faults and highest resident memory.

The fresh run leaves a list of programs, `processes.tsv`, and one of what it built, `programs.tsv`, by digest: a program is started where cargo puts it
and if it is the one that the run built. What the run says they cost is not believed: the judge runs each again, stopped by ptrace at the moment of its end, when the kernel's account is complete and still there. Resource usage after the end will not do: the highest resident memory in it is
never below that of whoever started the program. One process, one record; nothing is averaged.
"""

import ctypes
import errno
import hashlib
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field

FILE = "processes.tsv"
HEADER = ("profile", "workload", "subject", "program", "arguments", "environment")
BUILT = "programs.tsv"
BUILT_HEADER = ("program", "sha256")
EMPTY = "empty"  # the workload whose faults are taken off those of the others
SECONDS_MAX = 120
# Passes over the corpus: until they are warm, and some warm rounds more.
CORPUS, CORPUS_COLD, WARM_ROUNDS = "corpus-quick", "corpus-quick-cold", 2
_CORPUS_RUN = "corpus run --set quick --passes preprocess --jobs 1 --rounds {} --memory {{subject}} --format tsv"
# How the programs of a profile are called: the file and its arguments by workload; `None` stands for every other workload.
PROGRAMS = {
    "compiler-internal": {CORPUS: ("release/bench-corpus", _CORPUS_RUN.format(2 + WARM_ROUNDS)), CORPUS_COLD: ("release/bench-corpus", _CORPUS_RUN.format(2)),
                          None: ("measured/arena-worker", "{subject} {workload}")},
    "hosted-small": {None: ("measured/heap-workload", "run {workload}")},
    "hosted-server": {None: ("measured/heap-workload", "run {workload}")},
    "realtime": {EMPTY: ("measured/realtime-probe", "steady 1000 61"), "actor-steady": ("measured/realtime-probe", "steady 1000000 61")},
    "freestanding": {EMPTY: ("measured/fixed-worker", "ours empty"), "usable-200": ("measured/fixed-worker", "ours usable 200 6")},
    "test-fixture": {EMPTY: ("release/bench-corpus", "stress --list"), None: ("release/bench-corpus", "stress --case {workload}")},
}
# Those that are run with the malloc library before them.
PRELOADED = ("hosted-small", "hosted-server")
LIBRARY = "measured/libcompiler_alloc_malloc.so"
OUTPUT_MAX = 1 << 20
DIGITS_MAX = 18

_TRACEME, _CONT, _SETOPTIONS = 0, 7, 0x4200
_TRACE_EXIT, _EXIT_KILL = 0x40, 0x100000
_EVENT_EXIT = 6


@dataclass(frozen=True)
class Record:
    """What one process cost, and what it printed, its numbers also by name; `resident_bytes` is what it held at its end."""

    faults: int
    peak_bytes: int
    facts: dict = field(default_factory=dict)
    resident_bytes: int = 0
    said: str = ""


def records(tree, target: str) -> dict:
    """(profile, workload, subject) to a `Record`, or to a sentence that says why there is none. Only what the run built below `target` is started."""
    programs, wrong = listed(tree.read(FILE))
    built, not_built = digests(tree.read(BUILT))
    found = {}
    for key, (program, arguments, environment) in programs.items():
        try:
            strange = [sentence for file in (program, environment.get("LD_PRELOAD")) if file is not None and (sentence := foreign(file, target, built))]
            found[key] = strange[0] if strange else run([program, *arguments], environment)
        except OSError as error:
            found[key] = f"{os.path.basename(program)} {' '.join(arguments)}: {error}"
    if wrong or not_built:
        found[("", "", "")] = wrong or not_built
    return found


def digests(data: bytes | None) -> tuple[dict, str]:
    """The programs that a run built, each with its digest, and what is wrong with the list. Never raises."""
    lines = (data or b"").decode("utf-8", "replace").split("\n")
    rows = [line.split("\t") for line in lines[1:-1]]
    if tuple(lines[0].split("\t")) != BUILT_HEADER or lines[-1] != "" or any(len(row) != len(BUILT_HEADER) for row in rows):
        return {}, f"the fresh run left no {BUILT} that could be read"
    return dict(rows), ""


def foreign(file: str, target: str, built: dict) -> str | None:
    """Why a file is not what the run built below `target`; None when it is."""
    if os.path.realpath(file) != os.path.join(os.path.realpath(target), placed(file)):
        return f"{file} does not lie where cargo puts it, below {target}"
    try:
        with open(file, "rb") as stream:
            now = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        return f"{file}: {error.strerror}"
    return None if built.get(file) == now else f"{file} is not the program that the run built, by its digest"


def placed(file: str) -> str:
    """Where cargo puts a program: its profile's folder and its name."""
    return "/".join(file.split("/")[-2:])


def listed(data: bytes | None) -> tuple[dict, str]:
    """The programs of a list, and what is wrong with it. Never raises."""
    if data is None:
        return {}, f"the fresh run left no {FILE}"
    lines = data.decode("utf-8", "replace").split("\n")
    if tuple(lines[0].split("\t")) != HEADER or lines[-1] != "":
        return {}, f"{FILE} is not the list of programs that a run leaves"
    programs = {}
    for line in lines[1:-1]:
        cells = line.split("\t")
        if len(cells) != len(HEADER):
            return {}, f"{FILE} is not the list of programs that a run leaves"
        environment = dict(word.partition("=")[::2] for word in cells[5].split(" ") if word)
        programs[tuple(cells[:3])] = (cells[3], cells[4].split(" "), environment)
    return programs, ""


def undeclared(key: tuple, called: tuple) -> str | None:
    """What is wrong with how a listed program is called; None when it is the profile's, with the row's workload and nothing else."""
    (profile, workload, subject), (program, arguments, environment) = key, called
    by_workload = PROGRAMS.get(profile, {})
    file, wanted = by_workload.get(workload, by_workload.get(None, ("", "")))
    wanted = wanted.format(subject=subject, workload=workload)
    words = " ".join((placed(program), *arguments))
    if words != f"{file} {wanted}":
        return f"`{workload}` of `{profile}` on `{subject}` is called as `{words}`, not as `{file} {wanted}`"
    preloaded = {name: placed(value) if name == "LD_PRELOAD" else value for name, value in environment.items()}
    if preloaded != ({"LD_PRELOAD": LIBRARY, "COMPILER_ALLOC_PROFILE": profile} if profile in PRELOADED else {}):
        return f"`{workload}` of `{profile}` on `{subject}` is run in another environment: {', '.join(sorted(environment)) or 'none'}"
    return None


def run(command: list[str], environment: dict) -> Record:
    """Runs a program to its end and reads its record just before that."""
    if sys.platform != "linux":
        raise OSError("a process's account is read on Linux only")
    if not os.access(command[0], os.X_OK):
        raise FileNotFoundError(errno.ENOENT, "No such program", command[0])
    libc = ctypes.CDLL(None, use_errno=True)

    def ptrace(request: int, pid: int, data: int = 0) -> None:
        if libc.ptrace(ctypes.c_long(request), ctypes.c_long(pid), ctypes.c_long(0), ctypes.c_long(data)) < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))

    with tempfile.TemporaryFile() as output:
        pid = os.fork()
        if pid == 0:
            try:
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(output.fileno(), 1)
                ptrace(_TRACEME, 0)
                os.execve(command[0], command, {**os.environ, **environment})
            finally:
                os._exit(127)
        status, faults, memory = _follow(pid, ptrace)
        if status != 0 or memory is None:
            raise OSError(f"ended with wait status {status:#x}")
        output.seek(0)
        text = output.read(OUTPUT_MAX).decode("utf-8", "replace")
    return Record(faults, memory["VmHWM"], facts_of(text), memory["VmRSS"], text)


def facts_of(text: str) -> dict:
    """Lines of a name and a number; of a table with a column `pass` its numbers as PASS.COLUMN, those of the last row of a pass."""
    lines = [line.split("\t") for line in text.split("\n")]
    facts = {cells[0]: int(cells[1]) for cells in lines if len(cells) == 2 and _is_number(cells[1])}
    header = lines[0]
    if "pass" in header:
        for cells in lines[1:]:
            if len(cells) == len(header):
                facts.update((f"{cells[header.index('pass')]}.{name}", int(cell)) for name, cell in zip(header, cells) if _is_number(cell))
    return facts


def _is_number(cell: str) -> bool:
    return cell.isascii() and cell.isdigit() and len(cell) <= DIGITS_MAX


def _follow(pid: int, ptrace) -> tuple[int, int, dict | None]:
    """From the stop at the program's first instruction to its end: wait status, page faults between, resident bytes (`VmHWM`, `VmRSS`).

    The process is gone and waited for when this returns; one that runs too long is killed, which its status then says.
    """
    deadline = time.monotonic() + SECONDS_MAX
    before, faults, memory = None, 0, None
    while True:
        answered, status = os.waitpid(pid, os.WNOHANG)
        if answered == 0:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                deadline = float("inf")
            time.sleep(0.001)
            continue
        if not os.WIFSTOPPED(status):
            return status, faults, memory
        passed_on = os.WSTOPSIG(status)
        try:
            if before is None:
                before, passed_on = _faults(pid), 0
                ptrace(_SETOPTIONS, pid, _TRACE_EXIT | _EXIT_KILL)
            elif status >> 16 == _EVENT_EXIT:
                faults, memory, passed_on = _faults(pid) - before, _memory(pid), 0
            ptrace(_CONT, pid, passed_on)
        except OSError:
            os.kill(pid, signal.SIGKILL)  # stopped or dying, and not yet waited for: the number is still its own


def _faults(pid: int) -> int:
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
        return int(stream.read().rpartition(")")[2].split()[7])


def _memory(pid: int) -> dict:
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as stream:
        lines = dict(line.split(":", 1) for line in stream if ":" in line)
    return {name: int(lines.get(name, "0 kB").split()[0]) * 1024 for name in ("VmHWM", "VmRSS")}
