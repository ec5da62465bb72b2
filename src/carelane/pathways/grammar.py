"""Guard text to guards (SEMANTICS 9). `judge` evaluates, `wording` writes back.

    guard   = and {"or" and}            and = unary {"and" unary}
    unary   = "not" unary | "(" guard ")" | "always" | "otherwise"
            | field op literal | field "same" field | field op field
            | field "in" "{" literal, ... "}"
            | field "is" ["not"] "missing" | "until" field op duration | "elapsed" op duration

`flag >= HH` over an ordered list is kept as `flag in {HH, AA}`, so that every cell is finite.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

from carelane.pathways.definition import Input, InputType
from carelane.pathways.durations import duration
from carelane.pathways.findings import choose
from carelane.pathways.guard import (
    ALWAYS,
    All,
    Compare,
    Either,
    Elapsed,
    Guard,
    Missing,
    Not,
    Op,
    Same,
    Until,
    Value,
    Within,
)
from carelane.pathways.literals import literal, literal_form

GUARD_CHARACTERS_MAX = 600
_DEPTH_MAX = 8
_MEMBERS_MAX = 200
_TOKEN = re.compile(
    r"\s*(?:(?P<op>!=|<=|>=|=|<|>)|(?P<mark>[(){},])|\"(?P<quoted>[^\"]*)\"|(?P<word>[\w+-][\w.:+-]*))"
)
_KEYWORDS = frozenset({"and", "or", "not", "in", "is", "same", "until", "elapsed", "missing"})
_ORDERED = frozenset({InputType.INTEGER, InputType.DECIMAL, InputType.DATE, InputType.INSTANT})


@dataclass(frozen=True, slots=True)
class Slip:
    """What is wrong with a guard: column in its text (from 1), message, remedy."""

    column: int
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def parse(text: str, names: Mapping[str, Input]) -> tuple[Guard | None, tuple[Slip, ...]]:
    """The guard, or None with slips. `names` are the typed fields it may read."""
    if len(text) > GUARD_CHARACTERS_MAX:
        slip = Slip(1, f"A guard is longer than {GUARD_CHARACTERS_MAX} characters.", "Use a table.")
        return None, (slip,)
    slips: list[Slip] = []
    try:
        parser = _Parser(_tokens(text), names, slips)
        guard = parser.guard(0)
        parser.end()
    except _Stop as stop:
        return None, (*slips, stop.slip)
    return (None, tuple(slips)) if slips else (guard, ())


class _Stop(Exception):  # carries the slip out of the descent
    def __init__(self, slip: Slip) -> None:
        self.slip = slip


def _stop(column: int, message: str, remedy: str) -> NoReturn:
    raise _Stop(Slip(column, message, remedy))


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            column = position + len(text[position:]) - len(text[position:].lstrip()) + 1
            _stop(
                column,
                "This character has no meaning in a guard.",
                "Use words, = != < <= > >=, ( ) and { }.",
            )
        tokens.append(
            _Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1)
        )
        position = match.end()
    tokens.append(_Token("end", "", len(text) + 1))
    return tokens


class _Parser:
    """Recursive descent over the tokens; depth is bounded."""

    def __init__(self, tokens: list[_Token], names: Mapping[str, Input], slips: list[Slip]) -> None:
        self._tokens = tokens
        self._names = names
        self._slips = slips
        self._position = 0

    @property
    def _next(self) -> _Token:
        return self._tokens[self._position]

    def _take(self) -> _Token:
        token = self._next
        if token.kind != "end":
            self._position += 1
        return token

    def _word(self, *texts: str) -> bool:
        token = self._next
        if token.kind == "word" and token.text in texts:
            self._position += 1
            return True
        return False

    def _mark(self, text: str) -> None:
        token = self._take()
        if token.kind != "mark" or token.text != text:
            _stop(token.column, f"`{text}` is missing here.", f"Write `{text}`.")

    def end(self) -> None:
        token = self._next
        if token.kind != "end":
            _stop(token.column, "The guard should end here.", "Join conditions with `and` or `or`.")

    def guard(self, depth: int) -> Guard:
        parts = [self._and(depth)]
        while self._word("or"):
            parts.append(self._and(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _and(self, depth: int) -> Guard:
        parts = [self._unary(depth)]
        while self._word("and"):
            parts.append(self._unary(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _unary(self, depth: int) -> Guard:
        if depth > _DEPTH_MAX:
            _stop(self._next.column, "The guard is nested too deeply.", "Use a decision table.")
        if self._word("not"):
            return Not(self._unary(depth + 1))
        if self._next.kind == "mark" and self._next.text == "(":
            self._take()
            inner = self.guard(depth + 1)
            self._mark(")")
            return inner
        if self._word("always", "otherwise"):
            return ALWAYS
        if self._word("elapsed"):
            return Elapsed(self._op(), self._duration())
        if self._word("until"):
            return self._until()
        return self._condition()

    def _until(self) -> Guard:
        field = self._field()
        if field.type not in (InputType.DATE, InputType.INSTANT):
            self._slip(
                f"`{field.name}` is no date or instant.", "Count down to a date or an instant."
            )
        return Until(field.name, self._op(), self._duration())

    def _condition(self) -> Guard:
        field = self._field()
        if self._word("is"):
            return self._missing(field)
        if self._word("in"):
            return self._within(field)
        if self._word("same"):
            return self._same(field, Op.EQ, self._field())
        column = self._next.column
        op = self._op()
        if op not in (Op.EQ, Op.NE) and field.type not in _ORDERED and not field.ordered:
            self._slips.append(
                Slip(
                    column,
                    f"`{field.name}` has no order.",
                    "Use `=`, `!=` or `in {...}`, or declare `order`.",
                )
            )
        return self._compare(field, op)

    def _compare(self, field: Input, op: Op) -> Guard:
        token = self._next
        if field.type in _ORDERED and token.kind == "word" and token.text in self._names:
            return self._same(field, op, self._field())
        value = self._literal(field)
        if field.type is InputType.CODE and op not in (Op.EQ, Op.NE):
            return Within(field.name, _members(field, op, value))
        return Compare(field.name, op, value)

    def _same(self, left: Input, op: Op, right: Input) -> Guard:
        if left.type is not right.type:
            self._slip(
                f"`{left.name}` is {left.type}, `{right.name}` is {right.type}.",
                "Compare fields of one type.",
            )
        return Same(left.name, op, right.name)

    def _missing(self, field: Input) -> Guard:
        negated = self._word("not")
        if not self._word("missing"):
            _stop(
                self._next.column,
                "`missing` is expected here.",
                "Write `is missing` or `is not missing`.",
            )
        return Not(Missing(field.name)) if negated else Missing(field.name)

    def _within(self, field: Input) -> Guard:
        self._mark("{")
        members: set[Value] = {self._literal(field)}
        while self._next.text == "," and self._next.kind == "mark" and len(members) < _MEMBERS_MAX:
            self._take()
            members.add(self._literal(field))
        self._mark("}")
        return Within(field.name, frozenset(members))

    def _field(self) -> Input:
        token = self._take()
        if token.kind != "word" or token.text in _KEYWORDS:
            _stop(token.column, "A field's name is expected here.", "Write `field = value`.")
        found = self._names.get(token.text)
        if found is None:
            self._slips.append(
                Slip(
                    token.column,
                    f"No field is called `{token.text}`.",
                    choose(token.text, self._names),
                )
            )
            return Input(name=token.text, path="", type=InputType.CODE, codes=("*",), ordered=True)
        return found

    def _op(self) -> Op:
        token = self._take()
        if token.kind != "op":
            _stop(
                token.column,
                "A comparison is expected here.",
                "Write =, !=, <, <=, > or >=, `in`, `is` or `same`.",
            )
        return Op(token.text)

    def _duration(self) -> timedelta:
        token = self._take()
        value = duration(token.text)
        if value is None:
            _stop(
                token.column, "A duration is expected here.", "Write it like 5m, 2h, 3d or 1h30m."
            )
        return value

    def _literal(self, field: Input) -> Value:
        token = self._take()
        if token.kind not in ("word", "quoted"):
            _stop(token.column, "A value is expected here.", f"Write {literal_form(field)}.")
        if field.codes == ("*",):
            return token.text  # its name is unknown: reported once, not twice
        value = literal(token.text, field)
        if value is None:
            self._slips.append(
                Slip(
                    token.column,
                    f"`{token.text}` is no value of `{field.name}`.",
                    f"Write {literal_form(field)}.",
                )
            )
            return token.text
        return value

    def _slip(self, message: str, remedy: str) -> None:
        before = self._tokens[max(self._position - 1, 0)]
        self._slips.append(Slip(before.column, message, remedy))


def _members(field: Input, op: Op, value: Value) -> frozenset[Value]:
    if value not in field.codes:
        return frozenset()
    at = field.codes.index(str(value))
    cut = {
        Op.GE: slice(at, None),
        Op.GT: slice(at + 1, None),
        Op.LE: slice(0, at + 1),
        Op.LT: slice(0, at),
    }
    return frozenset(field.codes[cut[op]])
