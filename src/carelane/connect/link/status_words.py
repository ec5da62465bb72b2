"""The words of the page that shows how far a case is, by language. None of them says what is the matter.

Who has not agreed to be told what is the matter reads a phrase for the public code of the state (`status` in a pathway)
instead of its milestone. Codes are the authors' own words: only those that mean one thing everywhere have a phrase.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

STEP: Final = "step"
_CODES: Final[Mapping[str, tuple[str, ...]]] = {
    "received": ("received",),
    "arranging": ("scheduling", "rebook-due"),
    "offered": ("offered",),
    "calling": ("callback-due",),
    "booked": ("booked", "rebooked", "scheduled", "confirmed"),
    "over": ("closed", "completed", "done"),
    "cancelled": ("cancelled", "withdrawn"),
}
PHRASE_OF: Final[Mapping[str, str]] = {
    code: phrase for phrase, codes in _CODES.items() for code in codes
}
"""Public codes of states, and the phrase that stands for each; every other code is a STEP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusWords:
    """The page in one language; `{clinic}` and `{phone}` are the site's, `{at}` is a date and time.

    `order` is how the parts of a date follow each other where it is spoken; `parts` are their labels.
    """

    title: str
    check: str
    born: str
    order: tuple[str, str, str]
    parts: Mapping[str, str]
    show: str
    wrong: str
    often: str
    ended: str
    sorry: str
    happened: str
    nothing: str
    comes: str
    due: str
    late: str
    over: str
    whom: str
    call: str
    now: str
    phrases: Mapping[str, str]


STATUS_WORDS: Final[Mapping[str, StatusWords]] = {
    "en": StatusWords(
        title="Your request at {clinic}",
        check="So that nobody else reads this, please enter your date of birth.",
        born="Date of birth",
        order=("month", "day", "year"),
        parts={"day": "Day", "month": "Month", "year": "Year"},
        show="Show how far it is",
        wrong="That is not the date we have. Please check it, or call {phone}.",
        often="Too many dates were tried. Please try again tomorrow, or call {phone}.",
        ended="This link has ended. Please call {phone}.",
        sorry="The page could not be shown just now. Please try again, or call {phone}.",
        happened="What has happened",
        nothing="Nothing to tell yet.",
        comes="What comes next",
        due="Our team will look at it again by {at}.",
        late="Our team was to look at it by {at}, and is late. You are welcome to call.",
        over="This ended on {at}. Nothing more will come of it.",
        whom="Whom to call",
        call="Questions? Call {phone}.",
        now="As of {at}",
        phrases={
            "received": "We have received your request.",
            "arranging": "We are looking for a time for you.",
            "offered": "A time was offered to you.",
            "calling": "We will call you.",
            "booked": "A time is booked for you.",
            "over": "Your request is closed.",
            "cancelled": "Your request was cancelled.",
            STEP: "Your request moved one step on.",
        },
    ),
    "es": StatusWords(
        title="Su solicitud en {clinic}",
        check="Para que nadie más lea esto, escriba su fecha de nacimiento.",
        born="Fecha de nacimiento",
        order=("day", "month", "year"),
        parts={"day": "Día", "month": "Mes", "year": "Año"},
        show="Ver cómo va",
        wrong="Esa no es la fecha que tenemos. Revísela o llame al {phone}.",
        often="Se probaron demasiadas fechas. Inténtelo mañana o llame al {phone}.",
        ended="Este enlace ya no es válido. Por favor llame al {phone}.",
        sorry="No pudimos mostrar la página. Inténtelo de nuevo o llame al {phone}.",
        happened="Lo que ha pasado",
        nothing="Todavía no hay novedades.",
        comes="Lo que sigue",
        due="Nuestro equipo lo verá de nuevo a más tardar el {at}.",
        late="Nuestro equipo debía verlo a más tardar el {at} y está retrasado. Puede llamarnos.",
        over="Esto terminó el {at}. No habrá nada más.",
        whom="A quién llamar",
        call="¿Preguntas? Llame al {phone}.",
        now="Actualizado: {at}",
        phrases={
            "received": "Hemos recibido su solicitud.",
            "arranging": "Estamos buscando una hora para usted.",
            "offered": "Le ofrecimos una hora.",
            "calling": "Le llamaremos.",
            "booked": "Tiene una hora reservada.",
            "over": "Su solicitud está cerrada.",
            "cancelled": "Su solicitud fue cancelada.",
            STEP: "Su solicitud avanzó un paso.",
        },
    ),
    "fr": StatusWords(
        title="Votre demande à {clinic}",
        check="Pour que personne d'autre ne lise ceci, indiquez votre date de naissance.",
        born="Date de naissance",
        order=("day", "month", "year"),
        parts={"day": "Jour", "month": "Mois", "year": "Année"},
        show="Voir où en est ma demande",
        wrong="Ce n'est pas la date que nous avons. Vérifiez-la, ou appelez le {phone}.",
        often="Trop de dates ont été essayées. Réessayez demain, ou appelez le {phone}.",
        ended="Ce lien n'est plus valable. Merci d'appeler le {phone}.",
        sorry="La page n'a pas pu être affichée. Réessayez ou appelez le {phone}.",
        happened="Ce qui s'est passé",
        nothing="Rien de nouveau pour l'instant.",
        comes="La suite",
        due="Notre équipe s'en occupe à nouveau au plus tard le {at}.",
        late="Notre équipe devait s'en occuper au plus tard le {at} et a du retard. Vous pouvez appeler.",
        over="C'est terminé depuis le {at}. Il n'y aura pas de suite.",
        whom="Qui appeler",
        call="Des questions ? Appelez le {phone}.",
        now="État au {at}",
        phrases={
            "received": "Nous avons reçu votre demande.",
            "arranging": "Nous cherchons une heure pour vous.",
            "offered": "Une heure vous a été proposée.",
            "calling": "Nous vous appellerons.",
            "booked": "Une heure est réservée pour vous.",
            "over": "Votre demande est close.",
            "cancelled": "Votre demande a été annulée.",
            STEP: "Votre demande a avancé d'une étape.",
        },
    ),
}
