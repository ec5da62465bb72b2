"""What is masked never leaves the server: initials of a name, the last three signs of an identifier."""

_DOTS = "\N{BULLET}" * 3
_SHOWN = 3


def mask_name(*names: str) -> str:
    """`Rosa Petrov` is `R••• P•••`: as long as any other, so that length tells nothing."""
    words = [word for name in names for word in name.split()]
    return " ".join(f"{word[0].upper()}{_DOTS}" for word in words) or _DOTS


def mask_identifier(value: str) -> str:
    """The last three signs, if at least as many stay hidden."""
    text = value.strip()
    return f"{_DOTS}{text[-_SHOWN:]}" if len(text) >= 2 * _SHOWN else _DOTS


def mask_date(value: str) -> str:
    """A birth date's year (FHIR date as text); nothing of what isn't one."""
    year = value[:4]
    return f"{year}-{_DOTS}" if len(year) == 4 and year.isdigit() else _DOTS  # noqa: PLR2004  # YYYY
