"""`docs/reference/problems.md`: every problem code that the sources can give, with its words.

Codes are read from syntax: `code="..."` in a call, `code = "..."` of an error class, and the literals
given to functions that pass a parameter on as `code=` (also with a prefix, `code=f"hl7v2.{code}"`).
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tools.house.tree import Source, python

PATH = "docs/reference/problems.md"
_ROUNDS_MAX = 4
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Passes:
    """A function that passes its parameter on as a code: where it stands, and what it puts before."""

    folder: str
    name: str
    parameter: str
    position: int
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Known:
    """One code, the file that gives it, and its sentence where it is a literal."""

    code: str
    path: str
    words: str


def _folder(path: str) -> str:
    return "/".join(path.split("/")[:-1][:4])


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _literal(node: ast.expr | None) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def _sentence(node: ast.expr | None) -> str:
    """A literal sentence; what is filled in stands as an ellipsis."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_literal(part) or "…" for part in node.values)
    return _literal(node) or ""


def _prefixed(node: ast.expr) -> tuple[str, str] | None:
    """`code` or `f"prefix{code}"`: the prefix and the parameter's name."""
    if isinstance(node, ast.Name):
        return "", node.id
    if isinstance(node, ast.JoinedStr) and isinstance(node.values[-1], ast.FormattedValue):
        inner = node.values[-1].value
        before = [_literal(part) for part in node.values[:-1]]
        if isinstance(inner, ast.Name) and None not in before:
            return "".join(part or "" for part in before), inner.id
    return None


def _argument(call: ast.Call, passes: Passes) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == passes.parameter:
            return keyword.value
    if passes.position < len(call.args):
        return call.args[passes.position]
    return None


def _codes_given(
    call: ast.Call, known: Iterable[Passes], folder: str
) -> Iterator[tuple[str, ast.expr]]:
    """What the call gives as a code: with which prefix, and the expression."""
    direct = next((each.value for each in call.keywords if each.arg == "code"), None)
    if direct is not None:
        yield "", direct
    for passes in known:
        if passes.folder == folder and passes.name == _called(call):
            given = _argument(call, passes)
            if given is not None and given is not direct:
                yield passes.prefix, given


def _passing(function: Function, known: set[Passes], folder: str) -> Iterator[Passes]:
    """How `function` passes one of its own parameters on as a code."""
    parameters = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    shift = 1 if parameters[:1] in (["self"], ["cls"]) else 0
    names = parameters + [each.arg for each in function.args.kwonlyargs]
    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
        for prefix, given in _codes_given(call, known, folder):
            found = _prefixed(given)
            if found and found[1] in names:
                yield Passes(
                    folder=folder,
                    name=function.name,
                    parameter=found[1],
                    position=names.index(found[1]) - shift,
                    prefix=prefix + found[0],
                )


def _passers(files: list[Source]) -> set[Passes]:
    known: set[Passes] = set()
    for _ in range(_ROUNDS_MAX):
        before = len(known)
        for source in files:
            for node in source.nodes():
                if isinstance(node, Function):
                    known |= set(_passing(node, known, _folder(source.path)))
        if len(known) == before:
            break
    return known


def _constants(source: Source) -> dict[str, str]:
    """Names that the file binds to one literal text."""
    found = {}
    for node in source.nodes():
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
            continue
        if (text := _literal(node.value)) is not None:
            found[node.targets[0].id] = text
    return found


def _words(call: ast.Call) -> str:
    for keyword in call.keywords:
        if keyword.arg in {"message", "what"}:
            return _sentence(keyword.value)
    sentences = [_sentence(each) for each in call.args]
    return next((each for each in sentences if " " in each), "")


def _texts(node: ast.expr, constants: dict[str, str]) -> Iterator[str]:
    """The texts an expression can be: a literal, a named one, or either of a choice."""
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body, constants)
        yield from _texts(node.orelse, constants)
    elif (text := _literal(node)) is not None:
        yield text
    elif isinstance(node, ast.Name) and node.id in constants:
        yield constants[node.id]


def _of_errors(source: Source) -> Iterator[Known]:
    for node in source.nodes():
        if not isinstance(node, ast.ClassDef):
            continue
        for each in node.body:
            if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "code":
                said = (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")
                if (code := _literal(each.value)) is not None:
                    yield Known(code=code, path=source.path, words=said)


def codes(files: list[Source]) -> list[Known]:
    """Every code the files can give, sorted, each once per file."""
    known = _passers(files)
    found: dict[tuple[str, str], Known] = {}
    for source in files:
        constants = _constants(source)
        for each in _of_errors(source):
            found[each.code, each.path] = each
        for call in (node for node in source.nodes() if isinstance(node, ast.Call)):
            for prefix, given in _codes_given(call, known, _folder(source.path)):
                for text in _texts(given, constants):
                    one = Known(code=prefix + text, path=source.path, words=_words(call))
                    key = one.code, one.path
                    found[key] = max(one, found.get(key, one))
    return sorted(found.values())


def lines(known: list[Known]) -> Iterator[str]:
    """The page."""
    yield "# Problem and error codes"
    yield ""
    yield "Generated by `make docs` from the sources; do not edit. Each problem also tells its place and"
    yield "its remedy when it is given; no message holds patient data."
    yield ""
    yield "| code | meaning | given by |"
    yield "|---|---|---|"
    for each in known:
        yield f"| `{each.code}` | {each.words.replace('|', '/') or '-'} | `{each.path}` |"


def text() -> str:
    """The page as it should stand now."""
    return "\n".join(lines(codes(python("src/carelane/")))) + "\n"
