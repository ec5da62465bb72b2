"""`parse`: messages/s of ours, python-hl7 and hl7apy on the same ADT, SIU and ORU messages, each reading 20 fields."""

import time
from collections.abc import Callable, Sequence

import hl7
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from carelane.connect.hl7v2.codec import parse
from carelane.testing import messages

Path = tuple[str, int, int]
KINDS_EACH = 20
Read = Callable[[bytes, Sequence[Path]], list[str]]

_HEAD: tuple[Path, ...] = (
    ("MSH", 3, 1), ("MSH", 4, 1), ("MSH", 7, 1), ("MSH", 9, 1), ("MSH", 9, 2), ("MSH", 10, 1), ("MSH", 12, 1),
    ("PID", 3, 1), ("PID", 3, 4), ("PID", 5, 1), ("PID", 5, 2), ("PID", 7, 1), ("PID", 8, 1),
)  # fmt: skip
_OWN: dict[str, tuple[Path, ...]] = {
    "ADT": (("EVN", 2, 1), ("PV1", 2, 1), ("PV1", 3, 1), ("PV1", 7, 1), ("PV1", 19, 1), ("PID", 11, 1), ("PID", 13, 1)),
    "SIU": (("SCH", 1, 1), ("SCH", 2, 1), ("SCH", 6, 1), ("SCH", 7, 1), ("SCH", 11, 4), ("SCH", 25, 1), ("PV1", 2, 1)),
    "ORU": (("OBR", 2, 1), ("OBR", 4, 1), ("OBR", 4, 2), ("OBX", 3, 1), ("OBX", 5, 1), ("OBX", 8, 1), ("OBX", 11, 1)),
}  # fmt: skip


def samples() -> list[tuple[bytes, tuple[Path, ...]]]:
    """Messages of the three kinds with the 20 fields to be read of each."""
    made = [(messages.admit(n), "ADT") for n in range(KINDS_EACH)]
    made += [(messages.appointment_booked(n, of=n), "SIU") for n in range(KINDS_EACH)]
    made += [(messages.result(n), "ORU") for n in range(KINDS_EACH)]
    return [(raw, _HEAD + _OWN[kind]) for raw, kind in made]


def ours(raw: bytes, paths: Sequence[Path]) -> list[str]:
    """Our codec."""
    message, _ = parse(raw)
    return [message.get(*path) or "" for path in paths] if message else []


def python_hl7(raw: bytes, paths: Sequence[Path]) -> list[str]:
    """python-hl7."""
    message = hl7.parse(raw.decode())
    return [_extracted(message, path) for path in paths]


def _extracted(message: hl7.Message, path: Path) -> str:
    segment, number, component = path
    try:
        return str(message.extract_field(segment, 1, number, 1, component))
    except (LookupError, KeyError):
        return ""


def hl7apy(raw: bytes, paths: Sequence[Path]) -> list[str]:
    """hl7apy, tolerant and without groups: its fastest way."""
    message = parse_message(
        raw.decode(), validation_level=VALIDATION_LEVEL.TOLERANT, find_groups=False
    )
    return [_component(message, path) for path in paths]


def _component(message: object, path: Path) -> str:
    segment, number, component = path
    segments = getattr(message, segment.lower())
    if not len(segments):
        return ""
    found = getattr(segments[0], f"{segment.lower()}_{number}")
    parts = found[0].to_er7().split("^") if len(found) else []
    return parts[component - 1] if len(parts) >= component else ""


READERS: dict[str, Read] = {"parse": ours, "parse_python_hl7": python_hl7, "parse_hl7apy": hl7apy}


def differences() -> list[str]:
    """Fields, free of escapes, on which another reader says otherwise than ours."""
    found: list[str] = []
    for raw, paths in samples():
        expected = ours(raw, paths)
        for name in ("parse_python_hl7", "parse_hl7apy"):
            for path, mine, other in zip(paths, expected, READERS[name](raw, paths), strict=True):
                if mine != other and "\\" not in other:
                    found.append(f"{name} {path[0]}-{path[1]}.{path[2]}")
    return found


def rates(*, seconds: float = 1.5, rounds: int = 3) -> dict[str, float]:
    """Messages/s of each reader, the best of interleaved rounds."""
    best = dict.fromkeys(READERS, 0.0)
    for _ in range(rounds):
        for name, read in READERS.items():
            best[name] = max(best[name], _rate(read, seconds))
    return best


def _rate(read: Read, seconds: float) -> float:
    given, done, start = samples(), 0, time.monotonic()
    while time.monotonic() - start < seconds:
        for raw, paths in given:
            read(raw, paths)
        done += len(given)
    return done / (time.monotonic() - start)
