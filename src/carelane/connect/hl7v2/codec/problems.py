"""What the codec can find wrong, as `Problem`s, and the limits it holds."""

from carelane.facts.problem import Problem, Severity

BYTES_MAX = 64 * 1024 * 1024
HEADER_BYTES_MAX = 64 * 1024


def note(code: str, place: str, message: str) -> Problem:
    """Something tolerated, worth telling the sender once."""
    return Problem(
        code=f"hl7v2.{code}",
        place=place,
        message=message,
        remedy="Nothing is lost; ask the sender to follow the standard (chapter 2) some day.",
        severity=Severity.NOTE,
    )


def warning(code: str, place: str, message: str, remedy: str) -> Problem:
    """A part that could not be used as sent."""
    return Problem(
        code=f"hl7v2.{code}", place=place, message=message, remedy=remedy, severity=Severity.WARNING
    )


def error(code: str, place: str, message: str, remedy: str) -> Problem:
    """The whole can't be used."""
    return Problem(code=f"hl7v2.{code}", place=place, message=message, remedy=remedy)


def unreadable() -> Problem:
    """There is no header to read the rest by."""
    return error(
        "header-unreadable",
        "MSH",
        "The message does not begin with MSH, a field separator and distinct encoding characters.",
        "Check that the sender speaks HL7 v2 on this port, then send the message again.",
    )


def too_large() -> Problem:
    """Over the size limit."""
    return error(
        "too-large",
        "message",
        f"The message is larger than {BYTES_MAX // (1024 * 1024)} MB.",
        "Send large documents by reference (RP) or in parts.",
    )


def utf16() -> Problem:
    """A byte-order mark of UTF-16."""
    return error(
        "charset-unsupported",
        "MSH-18",
        "The message is encoded in UTF-16, which can't be framed by MLLP.",
        "Ask the sender for UNICODE UTF-8.",
    )
