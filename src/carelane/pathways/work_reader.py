"""The sections `tasks` and `effects`: work for people, and what is done outside."""

from datetime import timedelta

from carelane.facts.intent import Audience, IfUnknown
from carelane.pathways.definition import EffectKind, FormField, TaskKind
from carelane.pathways.findings import choose
from carelane.pathways.names import Names
from carelane.pathways.reader import Many, Record, Text
from carelane.pathways.shape import Part, texts_of

FORM_TYPES = ("text", "code", "boolean", "date", "instant", "person")
REACHES = ("ehr", "staff", "patient", "payer", "pharmacy", "laboratory", "referrer", "carelane")
UNDO = timedelta(seconds=10)
UNDO_MAX = timedelta(hours=1)
_TASK_KEYS = ("title", "outcomes", "could_not", "reasons", "form", "shows", "undo")
_EFFECT_KEYS = (
    "capability",
    "audience",
    "if_unknown",
    "on_failure",
    "after",
    "undo",
    "not_after",
    "sends",
    "template",
    "template_by",
    "values",
)


def read_tasks(top: Part, names: Names) -> dict[str, TaskKind]:
    """The kinds of work."""
    found = {}
    for name, part in top.parts("tasks", "Task"):
        part.keys(_TASK_KEYS, ("title", "outcomes", "could_not", "reasons"))
        found[name] = _task(name, part, names)
    return found


def _task(name: str, part: Part, names: Names) -> TaskKind:
    outcomes = part.words("outcomes")
    could_not = part.text("could_not")
    if "could_not" in part.entries and could_not not in outcomes:
        part.findings.unknown("outcome", could_not, part.place("could_not"), outcomes)
    if could_not and set(outcomes) == {could_not}:
        part.findings.add(
            "outcomes",
            part.place("outcomes"),
            f"Task `{name}` can't succeed.",
            "Add an outcome that says done.",
        )
    reasons = part.words("reasons")
    shows = tuple(_shown(names, one, part) for one in part.words("shows"))
    undo = part.span("undo")
    if undo is not None and undo > UNDO_MAX:
        part.findings.add(
            "undo", part.place("undo"), "Undo is a short window.", "Write at most 1h."
        )
    return TaskKind(
        name=name,
        title=part.text("title", name),
        outcomes=outcomes,
        could_not=could_not,
        reasons=reasons,
        form=_form(part, outcomes),
        shows=shows,
        undo=UNDO if undo is None else undo,
    )


def _shown(names: Names, name: str, part: Part) -> str:
    """A copied field, or what a table answers: a person may see why, not only what came."""
    if name in names.outputs and name not in names.copied:
        return names.whole("output", name)
    return names.use("copied field", name, part.place("shows"))


def _form(part: Part, outcomes: tuple[str, ...]) -> tuple[FormField, ...]:
    node = part.node("form")
    if isinstance(node, Many):
        return tuple(
            FormField(name=one.text, label=_label(one.text))
            for one in texts_of(node, part.findings, "form")
        )
    form = part.part("form", "`form`")
    return tuple(
        _form_field(name, Part(node, part.findings, f"Form field `{name}`"), outcomes)
        for name, node in form.entries.items()
    )


def _label(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").capitalize()


def _form_field(name: str, part: Part, outcomes: tuple[str, ...]) -> FormField:
    part.keys(("label", "type", "options", "required_for"))
    part.name(name, part.at)
    type_ = part.one_of("type", FORM_TYPES, "text")
    options = part.words("options")
    if (type_ == "code") != bool(options):
        part.findings.add(
            "options",
            part.at,
            "A code has options, and nothing else has.",
            "Write `type: code` with `options`.",
        )
    required = part.words("required_for")
    for one in required:
        if one not in outcomes:
            part.findings.unknown("outcome", one, part.place("required_for"), outcomes)
    return FormField(
        name=name,
        label=part.text("label", _label(name)),
        type=type_,
        options=options,
        required_for=required,
    )


def read_effects(top: Part, names: Names) -> dict[str, EffectKind]:
    """The effects, each with what happens when nobody knows whether it was done."""
    found = {}
    for name, part in top.parts("effects", "Effect"):
        part.keys(_EFFECT_KEYS, ("capability", "audience", "if_unknown"))
        found[name] = _effect(name, part, names)
    return found


def _effect(name: str, part: Part, names: Names) -> EffectKind:
    capability = part.text("capability")
    reach = capability.split(".")[0]
    if capability and (reach not in REACHES or "." not in capability):
        part.findings.add(
            "capability",
            part.place("capability"),
            f"`{capability}` is no capability.",
            f"{choose(reach, REACHES)} Write it like `ehr.referral.update`.",
        )
    after = tuple(names.use("effect", one, part.place("after")) for one in part.words("after"))
    sends = tuple(
        names.use("copied field", one, part.place("sends")) for one in part.words("sends")
    )
    failure = part.text("on_failure", "person")
    if failure not in ("person", "level_up"):
        failure = names.use("state", failure, part.place("on_failure"))
    return EffectKind(
        name=name,
        capability=capability,
        audience=Audience(part.one_of("audience", list(Audience), Audience.RECORD)),
        if_unknown=IfUnknown(part.one_of("if_unknown", list(IfUnknown), IfUnknown.ASK)),
        on_failure=failure,
        after=after,
        undo=names.use("effect", part.text("undo"), part.place("undo")),
        not_after=part.span("not_after"),
        sends=sends,
        template=part.text("template"),
        template_by=_template_by(part, names),
        values=_values(part),
    )


def _template_by(part: Part, names: Names) -> str:
    """The table output that names the template; where the table has no answer, `template` does."""
    name = part.text("template_by")
    known = {one for one, type_ in names.outputs.items() if type_ == "template"}
    if name and name not in known:
        part.findings.unknown(
            "table output of type template", name, part.place("template_by"), known
        )
    if name and not part.text("template"):
        part.findings.add(
            "missing-key", part.place("template_by"), "A table may have no answer.",
            "Add `template`: what is said then.",
        )  # fmt: skip
    return names.whole("output", name) if name else ""


def _values(part: Part) -> dict[str, str]:
    if not isinstance(part.node("values"), Record):
        part.part("values", "`values`")
        return {}
    section = part.part("values", "`values`")
    return {key: node.text for key, node in section.entries.items() if isinstance(node, Text)}
