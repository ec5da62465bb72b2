"""The page behind a patient's link: plain HTML without a script, in the reader's language, and nothing about a patient.

One heading, one question, three buttons in reading order; it works by keyboard, at 200 % and with a screen reader.
Looking at it does nothing: whatever opens links by itself answers nothing for the patient.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{margin:0;font:1.125rem/1.6 system-ui,sans-serif;background:Canvas;color:CanvasText}"
    "main{max-width:34rem;margin:0 auto;padding:2rem min(1.25rem,5vw);overflow-wrap:anywhere;hyphens:auto}"
    "h1{font-size:min(1.5rem,11vw);line-height:1.3;margin:0 0 1rem}"
    "form{display:grid;grid-template-columns:minmax(0,1fr);gap:.75rem;margin:1.5rem 0}"
    "button{font:inherit;min-height:3rem;padding:.5rem min(1rem,4vw);border:2px solid CanvasText;border-radius:.5rem;"
    "background:Canvas;color:CanvasText;text-align:left;cursor:pointer}"
    "button:first-of-type{background:CanvasText;color:Canvas}"
    "button:focus-visible{outline:3px solid Highlight;outline-offset:3px}"
)


def policy_of(style: str) -> str:
    """The policy of a page that has this style and nothing else: no script, no picture, nothing from elsewhere."""
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


POLICY: Final = policy_of(STYLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The page in one language; `{clinic}` and `{phone}` are the site's."""

    title: str
    ask: str
    buttons: Mapping[str, str]
    call: str
    thanks: str
    before: str
    ended: str
    sorry: str


WORDS: Final[Mapping[str, Words]] = {
    "en": Words(
        title="Your appointment at {clinic}",
        ask="You have an appointment with us. What would you like to do?",
        buttons={
            "confirm": "I will come",
            "change": "I need another time",
            "cancel": "Cancel my appointment",
        },
        call="Questions? Call {phone}.",
        thanks="Thank you. We have your answer.",
        before="You have answered already. To change your answer, call {phone}.",
        ended="This link has ended. Please call {phone}.",
        sorry="Your answer could not be taken just now. Please try again, or call {phone}.",
    ),
    "es": Words(
        title="Su cita en {clinic}",
        ask="Usted tiene una cita con nosotros. ¿Qué desea hacer?",
        buttons={
            "confirm": "Voy a venir",
            "change": "Necesito otra hora",
            "cancel": "Cancelar mi cita",
        },
        call="¿Preguntas? Llame al {phone}.",
        thanks="Gracias. Tenemos su respuesta.",
        before="Usted ya ha respondido. Para cambiar su respuesta, llame al {phone}.",
        ended="Este enlace ya no es válido. Por favor llame al {phone}.",
        sorry="No pudimos tomar su respuesta. Inténtelo de nuevo o llame al {phone}.",
    ),
    "fr": Words(
        title="Votre rendez-vous à {clinic}",
        ask="Vous avez un rendez-vous chez nous. Que souhaitez-vous faire ?",
        buttons={
            "confirm": "Je viendrai",
            "change": "Il me faut une autre heure",
            "cancel": "Annuler mon rendez-vous",
        },
        call="Des questions ? Appelez le {phone}.",
        thanks="Merci. Nous avons votre réponse.",
        before="Vous avez déjà répondu. Pour changer votre réponse, appelez le {phone}.",
        ended="Ce lien n'est plus valable. Merci d'appeler le {phone}.",
        sorry="Votre réponse n'a pas pu être prise. Réessayez ou appelez le {phone}.",
    ),
}


def language_of(accepted: str, default: str) -> str:
    """The first language of an `Accept-Language` header that the page has, else the site's, else English."""
    asked = [
        part.partition(";")[0].strip().partition("-")[0].lower() for part in accepted.split(",")
    ]
    return next((one for one in (*asked, default) if one in WORDS), "en")


def asking(language: str, site: Mapping[str, str]) -> str:
    """The question and its buttons; the form goes back to the same address."""
    words = WORDS[language]
    buttons = "".join(
        f'<button type="submit" name="button" value="{name}">{escape(text)}</button>'
        for name, text in words.buttons.items()
    )
    form = f'<form method="post" aria-labelledby="title">{buttons}</form>'
    body = f"<p>{with_phone(words.ask, site)}</p>{form}<p>{with_phone(words.call, site)}</p>"
    return page(language, filled(words.title, site), body)


def telling(language: str, site: Mapping[str, str], what: str) -> str:
    """One sentence: `thanks`, `before`, `ended` or `sorry`. A screen reader says it at once."""
    words = WORDS[language]
    said = with_phone(str(getattr(words, what)), site)
    return page(language, filled(words.title, site), f'<p role="status">{said}</p>')


def with_phone(text: str, site: Mapping[str, str]) -> str:
    """A sentence of the page: the number in it is one to press."""
    phone = escape(site.get("phone", ""))
    called = "".join(each for each in phone if each in "+0123456789")
    link = f'<a href="tel:{called}">{phone}</a>' if called else phone
    return link.join(filled(part, site) for part in text.split("{phone}"))


def page(language: str, title: str, body: str, *, style: str = STYLE) -> str:
    """A whole page: one heading, and what comes below it."""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f'<style>{style}</style></head><body><main><h1 id="title">{title}</h1>{body}</main></body></html>'
    )


def filled(text: str, site: Mapping[str, str]) -> str:
    """The site's words put in, safe in HTML."""
    for name, value in site.items():
        text = text.replace(f"{{{name}}}", value)
    return escape(text, quote=False)
