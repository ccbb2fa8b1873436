"""The code behind a stepped path, read from the very programs that were stepped: their functions, their bytes, and which functions they call.

A trace names functions and offsets and holds the bytes of each instruction; the program must hold the same bytes there. What a path may fall into is no
part of a trace, because it was not executed; it is called from the same functions, so the program's code says it.
"""

import re
import struct

from . import process, trace
from .evidence import OURS

# The programs with the probes of a case: Rust's interface, or that of C with the library loaded before the program.
PROBES = ("measured/fast-path-probe", "measured/malloc-probe", process.LIBRARY)
OURS_BY_NAME = "compiler_alloc"
_ESCAPES = {"$LT$": "<", "$GT$": ">", "$RF$": "&", "$BP$": "*", "$LP$": "(", "$RP$": ")", "$C$": ",", "$u20$": " ", "$u7b$": "{", "$u7d$": "}", "$u5b$": "[",
            "$u5d$": "]", "$u3b$": ";", "$u27$": "'"}
# A call or a jump with a displacement of 32 bits. Other bytes that look like one lead to the beginning of a function only by a rare chance.
_NEAR = re.compile(rb"(?=(?:[\xe8\xe9]|\x0f[\x80-\x8f])(....))", re.S)
_FUNCTION, _SYMBOLS, _LOADED, _SYMBOL_BYTES = 2, 2, 1, 24


class Program:
    """A program with its functions and its code. Raises `OSError` or `ValueError` when it cannot be read."""

    def __init__(self, path: str):
        with open(path, "rb") as stream:
            self.data = stream.read()
        try:
            self._read()
        except (struct.error, IndexError, OverflowError, UnicodeDecodeError, ValueError) as error:
            raise ValueError(f"{path} cannot be read as a 64-bit program: {error}") from error

    def _read(self) -> None:
        data = self.data
        if data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("it does not begin as one")
        segments, sections = struct.unpack_from("<QQ", data, 32)
        segment_bytes, segment_count, section_bytes, section_count = struct.unpack_from("<HHHH", data, 54)
        # Type, flags, place in the file, address, -, bytes in the file.
        headers = (struct.unpack_from("<IIQQQQ", data, segments + at * segment_bytes) for at in range(segment_count))
        self.loaded = [(address, place, size) for kind, _, place, address, _, size in headers if kind == _LOADED]
        self.functions: dict[str, list] = {}
        self.names: dict[int, set] = {}
        self.lengths: dict[int, int] = {}
        tables = [struct.unpack_from("<IIQQQQII", data, sections + at * section_bytes) for at in range(section_count)]
        for _, kind, _, _, place, size, link, _ in tables:
            if kind != _SYMBOLS:
                continue
            for at in range(place, place + size, _SYMBOL_BYTES):
                name, info, _, _, start, length = struct.unpack_from("<IBBHQQ", data, at)
                if info & 15 == _FUNCTION and length:
                    first = tables[link][4] + name
                    text = plain_name(data[first:data.index(b"\0", first)].decode("utf-8"))
                    self.functions.setdefault(text, []).append(start)
                    self.names.setdefault(start, set()).add(text)
                    self.lengths[start] = length

    def code(self, address: int, length: int) -> bytes:
        for start, place, size in self.loaded:
            if start <= address < start + size:
                return self.data[place + address - start:place + address - start + length]
        return b""

    def called(self, start: int) -> set[str]:
        """Functions that the one at `start` calls or jumps to directly."""
        code = self.code(start, self.lengths[start])
        targets = (start + match.end(1) + int.from_bytes(match[1], "little", signed=True) for match in _NEAR.finditer(code))
        return {name for target in targets if target != start for name in self.names.get(target, ())}

    def holds(self, start: int, offset: int, code: bytes) -> bool:
        """Whether the function at `start` has this instruction there."""
        return is_code(code, self.code(start + offset, len(code)))


def is_code(traced: bytes, held: bytes) -> bool:
    """Whether a program holds what was traced; where the linker decides, the trace has zeroes."""
    return len(traced) == len(held) and all(one in (0, other) for one, other in zip(traced, held))


def plain_name(mangled: str) -> str:
    """What the stepper calls the function of a symbol: a Rust path without its hash; bench-corpus/src/step/symbols.rs does the same."""
    if not mangled.startswith("_ZN"):
        return mangled
    rest, segments = mangled[3:], []
    while rest and not rest.startswith("E"):
        digits = re.match(r"[0-9]{1,4}", rest)
        if digits is None:
            return mangled
        end = digits.end() + int(digits[0])
        segments.append(rest[digits.end():end])
        rest = rest[end:]
    if segments and re.fullmatch(r"h.{16}", segments[-1]):
        segments.pop()
    plain = "::".join(segments).replace("..", "::").replace("_$LT$", "<")
    for code, letter in _ESCAPES.items():
        plain = plain.replace(code, letter)
    return plain


def called(tree, target: str) -> dict:
    """Of each stepped case the last words of the library's functions that its code calls or may call, or a sentence that says why nobody knows."""
    built, wrong = process.digests(tree.read(process.BUILT))
    programs: list[Program | str] = []
    for name in PROBES:
        file = next((file for file in built if process.placed(file) == name), None)
        try:
            strange = wrong or (f"the run built no {name}" if file is None else process.foreign(file, target, built))
            programs.append(strange or Program(file))
        except (OSError, ValueError) as error:
            programs.append(str(error))
    folder, ending = trace.name_of("/", OURS).split("/")[0], trace.name_of("/", OURS).rpartition("/")[2]
    cases = (path.removeprefix(f"{folder}/").removesuffix(ending) for path in tree.under(folder) if path.endswith(ending))
    return {case: _called(tree, case, programs) for case in cases}


def _called(tree, case: str, programs: list) -> frozenset | str:
    path = trace.name_of(case, OURS)
    data = tree.read(path)
    read = trace.read(path, data, OURS, case) if data is not None else None
    if read is None or read.findings or not read.calls:
        return "there is no trace that could be read"
    # A program that cannot be read may be the one.
    strange = next((program for program in programs if isinstance(program, str)), None)
    programs = [program for program in programs if not isinstance(program, str)]
    traced: dict[str, set] = {}
    for function, offset, (code, *_) in read.calls[-1].steps:
        traced.setdefault(function, set()).add((int(offset), bytes.fromhex(code)))
    words: set[str] = set()
    is_held = False
    for function, steps in traced.items():
        places = [(program, start) for program in programs for start in program.functions.get(function, ())]
        # One name may be that of several functions, made from one source for several types: each step is one's, and what all steps are of was stepped.
        if places and not all(any(program.holds(start, *step) for program, start in places) for step in steps):
            return strange or f"no program holds what was stepped of {function}"
        is_held |= bool(places)
        for program, start in places:
            if all(program.holds(start, *step) for step in steps):
                words |= {name.rpartition("::")[2] for name in program.called(start) if OURS_BY_NAME in name}
    return frozenset(words) if is_held else strange or "no program holds what was stepped"
