"""Edges: where an event, an outcome, an effect's end or an expiry leads, and the facts it sends.

Forms: `state`, `stay`, `again`; `{ ignore: reason }`; `{ when, then, else, emit, set }`; a list.
"""

from carelane.facts.fact import SubjectKind
from carelane.pathways.definition import Branch, Edge, Emit, Input, InputType
from carelane.pathways.events_reader import KEYS
from carelane.pathways.findings import Place
from carelane.pathways.literals import literal, literal_form
from carelane.pathways.names import STAYS, Names
from carelane.pathways.reader import Many, Node, Record, Text
from carelane.pathways.shape import Part

BRANCHES_MAX = 50
_BRANCH_KEYS = ("when", "then", "else", "emit", "to", "by", "with", "keys", "set")
_TARGETS = (*SubjectKind, "sender", "self")


def read_edge(node: Node, names: Names, what: str) -> Edge:
    """The edge a node says."""
    if isinstance(node, Record) and "ignore" in node.entries:
        part = Part(node, names.findings, what)
        part.keys(("ignore",))
        return Edge(ignore=part.text("ignore", "-"))
    items = node.items if isinstance(node, Many) else (node,)
    branches: list[Branch] = []
    for item in items[:BRANCHES_MAX]:
        branches.extend(_branches(item, names, what))
    if not branches:
        names.findings.add(
            "edge", node.at, f"{what} leads nowhere.", "Name a state, `stay` or `again`."
        )
    _check_last(node, tuple(branches), names, what)
    return Edge(branches=tuple(branches))


def _check_last(node: Node, branches: tuple[Branch, ...], names: Names, what: str) -> None:
    """The last branch must hold always, and only the last: no fact without a way, no dead branch."""
    always = [not getattr(branch.when, "parts", (1,)) for branch in branches]
    if always and not always[-1]:
        names.findings.add(
            "edge",
            node.at,
            f"{what} has no way on when no guard holds.",
            "Add `else: state`, or `else: stay`.",
        )
    if any(always[:-1]):
        names.findings.add(
            "edge", node.at, f"{what} has branches behind one that always holds.", "Put it last."
        )


def _branches(node: Node, names: Names, what: str) -> list[Branch]:
    if isinstance(node, Text):
        return [Branch(then=_target(node, names), line=node.at.line)]
    part = Part(node, names.findings, what)
    if not isinstance(node, Record):
        return []
    part.keys(_BRANCH_KEYS, ("then",))
    first = Branch(
        then=_target(part.node("then"), names),
        when=names.guard(part.node("when")),
        emits=read_emits(part, names),
        sets=_sets(part, names),
        line=node.at.line,
    )
    otherwise = part.node("else")
    if otherwise is None:
        return [first]
    if "when" not in part.entries:
        names.findings.add(
            "edge",
            otherwise.at,
            "`else` without `when` is never taken.",
            "Add `when`, or remove `else`.",
        )
    return [first, *_branches(otherwise, names, what)]


def _target(node: Node | None, names: Names) -> str:
    if not isinstance(node, Text):
        if node is not None:
            names.findings.add("edge", node.at, "A state's name is expected.", "Write one name.")
        return "stay"
    if node.text in STAYS:
        return node.text
    return names.use("state", node.text, node.at)


def read_emits(part: Part, names: Names) -> tuple[Emit, ...]:
    """`emit` of a branch: one event's name with `to`, `by` and `with`, or a list of such."""
    node = part.node("emit")
    if node is None:
        return ()
    if isinstance(node, Text):
        return (_emit(part, names),)
    return read_emit_list(node, names)


def read_emit_list(node: Node, names: Names) -> tuple[Emit, ...]:
    """A list of `{ emit, to, by, with }` (also `enter` and `leave` of a state)."""
    items = node.items if isinstance(node, Many) else (node,)
    found = []
    for item in items[:BRANCHES_MAX]:
        part = Part(item, names.findings, "A fact to send")
        part.keys(("emit", "to", "by", "with", "keys"), ("emit", "to"))
        found.append(_emit(part, names))
    return tuple(found)


def _emit(part: Part, names: Names) -> Emit:
    fact = part.text("emit")
    part.name(fact, part.place("emit"), dotted=True)
    to = part.one_of("to", _TARGETS, "sender")
    by = part.text("by")
    return Emit(
        fact=fact,
        to=SubjectKind(to) if to in list(SubjectKind) else to,
        by=_carried(by, part.place("by"), names) if by else "",
        carrying=tuple(_carried(one, part.place("with"), names) for one in part.words("with")),
        keys=read_keys(part),
    )


def read_keys(part: Part) -> tuple[str, ...]:
    """`keys`: the case's own correlation keys that a fact carries."""
    keys = part.words("keys")
    for one in keys:
        if one not in KEYS:
            part.findings.unknown("correlation key", one, part.place("keys"), KEYS)
    return keys


def _carried(name: str, at: Place, names: Names) -> str:
    given = names.fields.get(name)
    if given is not None:
        names.read(given.name, at)
        return given.name
    if name not in names.copied:
        names.findings.unknown("field", name, at, {*names.fields, *names.copied})
    return names.copied_name(name)


def _sets(part: Part, names: Names) -> dict[str, str]:
    section = part.part("set", "`set`")
    found = {}
    for name in section.entries:
        names.use("variable", name, section.place(name))
        value = section.text(name)
        variable = names.variables.get(name)
        if variable is not None:
            _check_set(section, name, value, variable)
            names.write(variable.name, section.place(name))
        found[variable.name if variable else name] = value
    return found


def _check_set(section: Part, name: str, value: str, variable: Input) -> None:
    """A variable takes a value of its type; who sent or acted only where no list says otherwise."""
    someone = variable.type is InputType.CODE and not variable.raise_only
    if value in ("sender", "actor") and someone:
        return
    if value == "now" and variable.type is InputType.INSTANT:
        return
    if variable.type is InputType.CODE and not variable.codes:
        return
    if literal(value, variable) is None:
        section.findings.add(
            "set",
            section.place(name),
            f"`{value}` is no value of `{name}`.",
            f"Write {literal_form(variable)}.",
        )
