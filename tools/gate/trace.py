"""Raw step traces: one row per executed instruction. The judge counts again, by its own reading of bytes and text.

The format is fixed in bench-corpus/src/step/trace.rs. What the stepper says of an instruction is checked against what its encoding
says (branches, calls, system calls, locks) and against its operands (loads, stores). Each row must stand where the one before it leads: behind it, or
where it jumps to if its text says where; so no instruction can be left out of a straight line. Then the rows are counted.
"""

import functools
import hashlib
import re
from dataclasses import dataclass, field

from .column import shorten
from .finding import finding

HEADER = ("subject", "case", "call", "operations", "index", "function", "offset", "bytes", "mnemonic", "text", "conditional_branch", "taken",
          "loads", "stores", "locked", "system_call", "calls")
BYTES_MAX = 64 << 20
FINDINGS_MAX = 10
NOTHING = "nothing"

# Metric of the report: column of the trace, None where every row counts one.
METRICS = {"instructions": None, "branches": "conditional_branch", "loads": "loads", "stores": "stores", "locked": "locked",
           "calls": "calls", "syscalls": "system_call"}
COUNTED = ("conditional_branch", "calls", "system_call", "locked", "loads", "stores")

_LEGACY_PREFIXES = frozenset((0x66, 0x67, 0xF0, 0xF2, 0xF3, 0x2E, 0x36, 0x3E, 0x26, 0x64, 0x65))
_NO_ACCESS = ("lea", "nop", "endbr64", "prefetch")
_FIRST_READ = frozenset(("cmp", "test", "bt", "call", "jmp", "push", "mul", "div", "idiv", "ucomiss", "ucomisd", "comiss", "comisd",
                         "vucomiss", "vucomisd", "ptest", "vptest", "fld", "fild"))
_FIRST_WRITTEN = ("mov", "vmov", "set", "pop", "stos", "fst", "vextract", "pextr", "vpextr")
# Where a direct jump or call leads: a function, none for the one that it stands in, and an offset.
_TARGET = re.compile(r"(?:notrack )?[a-z]+ (.*)\+0x([0-9a-f]+)\Z")
_IMPLICIT = {"push": (0, 1), "pop": (1, 0), "call": (0, 1), "ret": (1, 0), "leave": (1, 0)}


@dataclass
class Call:
    """One measured call: its operations, its sums, and its instructions for comparing calls."""

    operations: int
    sums: dict = field(default_factory=lambda: dict.fromkeys(METRICS, 0))
    steps: list = field(default_factory=list)


@dataclass
class Trace:
    calls: list
    findings: list
    digest: str = ""

    def per_operation(self) -> tuple[dict, int] | None:
        """Sums and operations of what the report calls total: a call, or the difference of a long and a short loop."""
        if len(self.calls) != 3 or self.findings:
            return None
        short, long, _ = self.calls
        if short.operations == long.operations:
            return dict(long.sums), long.operations
        return {m: long.sums[m] - short.sums[m] for m in METRICS}, long.operations - short.operations


def name_of(case: str, subject: str) -> str:
    return f"traces/{case}--{subject}.tsv"


def encoded(code: bytes) -> dict:
    """What an encoding says: conditional branch, call, system call, locked. No table of instructions is needed for these."""
    at = 0
    lock = False
    while at < len(code) and code[at] in _LEGACY_PREFIXES:
        lock |= code[at] == 0xF0
        at += 1
    if at < len(code) and 0x40 <= code[at] <= 0x4F:
        at += 1
    opcode = code[at] if at < len(code) else -1
    second = code[at + 1] if at + 1 < len(code) else -1
    register_field = (second >> 3) & 7
    is_memory = second >= 0 and second >> 6 != 3
    two_byte = opcode == 0x0F
    return {
        "conditional_branch": int(0x70 <= opcode <= 0x7F or 0xE0 <= opcode <= 0xE3 or two_byte and 0x80 <= second <= 0x8F),
        "calls": int(opcode == 0xE8 or opcode == 0xFF and register_field in (2, 3)),
        "system_call": int(two_byte and second in (0x05, 0x34) or opcode == 0xCD),
        "locked": int(lock or opcode in (0x86, 0x87) and is_memory),
    }


def accesses(mnemonic: str, text: str) -> tuple[int, int]:
    """Loads and stores by the operands: a bracket is memory, its place and the mnemonic say the direction."""
    loads, stores = _IMPLICIT.get(mnemonic, (0, 0))
    if mnemonic.startswith(_NO_ACCESS):
        return loads, stores
    body = text.removeprefix("lock ").removeprefix("rep ").removeprefix("repe ").removeprefix("repne ").removeprefix("notrack ")
    operands = _operands(body.partition(" ")[2])
    for place, operand in enumerate(operands):
        if "[" not in operand:
            continue
        if place > 0:
            loads += 1
            stores += mnemonic in ("xchg", "xadd")
        elif mnemonic in _FIRST_READ or mnemonic in ("scasb", "cmpsb", "lodsb", "lodsq"):
            loads += 1
        elif mnemonic.startswith(_FIRST_WRITTEN):
            stores += 1
        elif len(operands) == 1 and mnemonic.startswith(("imul", "mul")):
            loads += 1
        else:
            loads += 1
            stores += 1
    return loads, stores


def _operands(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if character == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return parts + [text[start:]] if text else []


@functools.lru_cache(maxsize=128)
def read(path: str, data: bytes, subject: str, case: str) -> Trace:
    """Reads and recounts one trace file. Never raises. The answer is shared between calls: do not change it."""
    trace = Trace([], [], hashlib.sha256(data).hexdigest())

    def bad(rule: str, row: int, column: str, message: str) -> None:
        if len(trace.findings) < FINDINGS_MAX:
            trace.findings.append(finding(rule, path, row, column, message))

    if len(data) > BYTES_MAX:
        bad("trace.readable", 0, "", f"holds {len(data)} bytes, at most {BYTES_MAX} are read")
        return trace
    try:
        content = data.decode("utf-8")
    except UnicodeDecodeError as error:
        bad("trace.readable", data.count(b"\n", 0, error.start) + 1, "", f"byte {error.start} is not UTF-8")
        return trace
    if not content.endswith("\n"):
        bad("trace.readable", content.count("\n") + 1, "", "the last line has no end; the file may be truncated")
        return trace
    lines = content[:-1].split("\n")
    if tuple(lines[0].split("\t")) != HEADER:
        bad("trace.readable", 1, "", "the header is not that of a step trace")
        return trace
    known: dict[tuple, tuple] = {}
    leads_to = None
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split("\t")
        if len(cells) != len(HEADER):
            bad("trace.readable", number, "", f"has {len(cells)} cells, the header has {len(HEADER)}")
            return trace
        if cells[0] != subject or cells[1] != case:
            bad("trace.readable", number, "subject", f"is of `{shorten(cells[0])}` `{shorten(cells[1])}`")
            return trace
        numbers = cells[2:5] + cells[6:7] + cells[10:]
        if not all(cell.isascii() and cell.isdigit() and len(cell) < 10 for cell in numbers):
            bad("trace.readable", number, "", "a count is no whole number")
            return trace
        call, operations, index = int(cells[2]), int(cells[3]), int(cells[4])
        if call == len(trace.calls) and index == 0:
            trace.calls.append(Call(operations))
        if call != len(trace.calls) - 1 or index != len(trace.calls[-1].steps) or operations != trace.calls[-1].operations:
            bad("trace.readable", number, "index", "rows are missing, repeated or out of order")
            return trace
        identity = (cells[7], cells[8], cells[9], *cells[10:])
        step = known.get(identity)
        if step is None:
            counts = _step(cells, lambda column, message, number=number: bad("trace.instruction", number, column, message))
            step = known[identity] = (counts, _lead(cells))
        counts, lead = step
        place = (cells[5], int(cells[6]))
        if index > 0 and leads_to is not None and place not in leads_to:
            bad("trace.continuous", number, "offset", f"`{shorten(cells[9])}` at {shorten(cells[5])}+{cells[6]} does not stand where the row before it leads")
        leads_to = lead and lead(*place)
        sums = trace.calls[-1].sums
        for metric, value in zip(METRICS, counts):
            sums[metric] += value
        trace.calls[-1].steps.append((cells[5], cells[6], identity))
    _shape(trace, bad)
    return trace


def _step(cells: list[str], bad) -> tuple:
    row = dict(zip(HEADER, cells))
    try:
        code = bytes.fromhex(row["bytes"])
    except ValueError:
        bad("bytes", f"`{shorten(row['bytes'])}` is not hexadecimal")
        code = b""
    seen = encoded(code)
    seen["loads"], seen["stores"] = accesses(row["mnemonic"], row["text"])
    for column in COUNTED:
        if int(row[column]) != seen[column]:
            bad(column, f"says {row[column]} for `{shorten(row['text'])}` ({row['bytes']}), the judge reads {seen[column]}")
    if row["taken"] not in ("0", "1") or int(row["taken"]) > seen["conditional_branch"]:
        bad("taken", "only a conditional branch can be taken")
    return tuple(1 if column is None else seen[column] for column in METRICS.values())


def _lead(cells: list[str]):
    """From where an instruction stands to the places one of which is next; None if it may lead anywhere."""
    code, mnemonic, text, taken = cells[7], cells[8], cells[9], cells[11]
    length = len(code) // 2
    if mnemonic in ("jmp", "call") or taken == "1":
        target = None if "[" in text else _TARGET.match(text)
        if target is None:
            return None
        named, offset = target[1], int(target[2], 16)
        return lambda function, _: ((named or function, offset),)
    if mnemonic == "ret":
        return None
    if text.startswith("rep"):
        return lambda function, offset: ((function, offset + length), (function, offset))
    return lambda function, offset: ((function, offset + length),)


def _shape(trace: Trace, bad) -> None:
    if len(trace.calls) != 3:
        bad("trace.shape", 0, "call", f"holds {len(trace.calls)} measured calls, three are needed")
        return
    short, long, again = trace.calls
    if long.operations != again.operations or long.steps != again.steps:
        bad("trace.steady", 0, "call", "calls 1 and 2 executed different instructions, so the state was not steady")
    if long.operations != short.operations and long.operations <= short.operations:
        bad("trace.shape", 0, "operations", "the long call has fewer operations than the short one")
    if any(call.operations == 0 for call in trace.calls):
        bad("trace.shape", 0, "operations", "a call did nothing")
