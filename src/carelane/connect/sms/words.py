"""A patient's text to a code, by a table of whole phrases: stop, start, help, yes, no, cancel, reschedule.

Only a text that is one of the phrases counts; everything else is `text`, for a person to read. A site adds its own
phrases in the connection's `answers`. Nothing is guessed, and no phrase lowers anything. Pure.
"""

from collections.abc import Mapping, Sequence
from typing import Final

ANSWERS: Final = ("stop", "start", "help", "yes", "no", "cancel", "reschedule", "text")
PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    "stop": ("stop", "stopall", "stop all", "unsubscribe", "end", "quit", "revoke", "optout", "opt out",
             "parar", "alto", "baja", "arret", "arrêt"),
    "start": ("start", "unstop", "subscribe", "comenzar", "iniciar"),
    "help": ("help", "info", "ayuda", "aide"),
    "yes": ("yes", "y", "ok", "confirm", "1", "si", "sí", "confirmar", "oui"),
    "no": ("no", "n", "2", "non"),
    "cancel": ("cancel", "cancelar", "annuler"),
    "reschedule": ("reschedule", "change", "3", "cambiar", "reprogramar"),
}  # fmt: skip


def table(added: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """Phrase to code: the shipped phrases and a site's own; a site's win."""
    found = {plain(one): code for code, phrases in PHRASES.items() for one in phrases}
    found.update({plain(one): code for code, phrases in added.items() for one in phrases})
    return found


def answer(text: str, phrases: Mapping[str, str]) -> str:
    """The code of a text."""
    return phrases.get(plain(text), "text")


def plain(text: str) -> str:
    """A text without case, signs at its ends and doubled spaces: `  Stop! ` is `stop`."""
    return " ".join(text.casefold().split()).strip(" .,!?¡¿'\"")
