"""MSH-18 character sets (HL7 table 0211), as Python codec names.

A wrong or missing declaration is common on real feeds: it is reported, the bytes are still read.
"""

from carelane.facts.problem import Problem, Severity

_NAMES = {
    "": "ascii",
    "ASCII": "ascii",
    "UNICODE UTF-8": "utf-8",
    "UNICODE": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    **{
        f"8859/{part}": f"iso8859-{part}"
        for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)
    },
    **{
        f"ISO-8859-{part}": f"iso8859-{part}"
        for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)
    },
}
_BY_CODEC = {
    codec: name
    for name, codec in _NAMES.items()
    if name == "UNICODE UTF-8" or name.startswith("8859/")
}


def codec_of(declared: str) -> str | None:
    """The Python codec of an MSH-18 value; None where it is unknown."""
    return _NAMES.get(declared.strip().upper())


def declaration_of(codec: str) -> str | None:
    """What MSH-18 says for a Python codec; None for plain ASCII, the standard's default."""
    return _BY_CODEC.get(codec)


def decode(raw: bytes, declared: str) -> tuple[str, str, tuple[Problem, ...]]:
    """Text, the codec that read it, and what was wrong with the declaration. Never raises."""
    codec = codec_of(declared)
    problems = (
        ()
        if codec
        else (_problem("charset-unknown", "names a character set Carelane does not know"),)
    )
    try:
        return raw.decode(codec or "ascii"), codec or "ascii", problems
    except UnicodeDecodeError:
        text, used = _guess(raw)
    if declared.strip():
        return (
            text,
            used,
            (
                *problems,
                _problem("charset-mismatch", f"does not fit the bytes, which were read as {used}"),
            ),
        )
    return text, used, (_undeclared(used),)


def _guess(raw: bytes) -> tuple[str, str]:
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("iso8859-1"), "iso8859-1"


def _problem(code: str, what: str) -> Problem:
    return Problem(
        code=f"hl7v2.{code}",
        place="MSH-18",
        message=f"The declared character set {what}.",
        remedy="Ask the sender to declare what it sends (UNICODE UTF-8); check the names.",
        severity=Severity.WARNING,
    )


def _undeclared(used: str) -> Problem:
    sure = used == "utf-8"
    return Problem(
        code="hl7v2.charset-undeclared",
        place="MSH-18",
        message=f"No character set is declared, but the text is not ASCII; it was read as {used}.",
        remedy="Ask the sender to fill MSH-18.",
        severity=Severity.NOTE if sure else Severity.WARNING,
    )
