"""Rules that read syntax: patient data stays out of logs and errors, and broad excepts are few."""

import ast
from collections.abc import Iterator, Mapping

from tools.house.tree import Source

_LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log", "msg"})
_PRIVATE = frozenset({"payload", "identifiers", "content", "raw", "body", "form"})

BROAD: Mapping[str, str] = {
    "src/carelane/engine/": "the engine's loops outlive any one failure, and park what failed",
    "src/carelane/cases/start.py": "a start that fails goes to a person; other pathways go on",
    "src/carelane/cases/attempt.py": "one broken application must not stop the patient's others",
    "src/carelane/portal/shield.py": "who asks can't be found out: raised again inside, where it is told and logged",
    "src/carelane/compose/health.py": "whatever fails, `/health` says that this process is not well",
    "src/carelane/intake/interpret.py": "one message that can't be taken in is a person's; the others go on",
    "src/carelane/intake/receive.py": "every sender must get an answer: AE, and it sends again",
}


def _is_log_call(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _LEVELS:
        return False
    owner = call.func.value
    name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
    return "log" in name.lower()


def _patient_data(call: ast.Call) -> bool:
    """Whether an argument reveals a Phi or reads a field that holds patient data."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    for node in (inner for argument in given for inner in ast.walk(argument)):
        if isinstance(node, ast.Attribute) and node.attr in {"reveal", *_PRIVATE}:
            return True
    return False


def phi_in_logs(source: Source) -> Iterator[str]:
    """No log call is given patient data: log ids, codes and counts."""
    for node in source.nodes():
        if isinstance(node, ast.Call) and _is_log_call(node) and _patient_data(node):
            yield source.at(node.lineno, "patient data in a log call: log ids, codes and counts")


def phi_in_errors(source: Source) -> Iterator[str]:
    """No exception is given patient data: errors travel into logs and terminals."""
    for node in source.nodes():
        if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)):
            continue
        for inner in ast.walk(node.exc):
            if isinstance(inner, ast.Attribute) and inner.attr == "reveal":
                yield source.at(node.lineno, "patient data in an exception: name the place instead")


def _names(kind: ast.expr | None) -> set[str]:
    if kind is None:
        return {"BaseException"}
    return {node.id for node in ast.walk(kind) if isinstance(node, ast.Name)}


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def broad_excepts(source: Source) -> Iterator[str]:
    """Only the engine, and a short list with reasons, catches everything and goes on."""
    if source.path.startswith(tuple(BROAD)):
        return
    for node in source.nodes():
        if not isinstance(node, ast.ExceptHandler):
            continue
        if _names(node.type) & {"Exception", "BaseException"} and not _raises_again(node):
            yield source.at(node.lineno, "catches everything: name the errors you can answer")


def banned_classes(source: Source) -> Iterator[str]:
    """No class is a Manager or a Handler: the thing it is has a name in the field."""
    for node in source.nodes():
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Manager", "Handler", "Utils")):
            yield source.at(node.lineno, f"`{node.name}`: name the thing, not its role")


def undocumented_modules(source: Source) -> Iterator[str]:
    """Every module says what it is for."""
    if not ast.get_docstring(source.tree):
        yield source.at(1, "no docstring: say what it is for and where its other half is")


def marks(source: Source, name: str) -> Iterator[tuple[str, int]]:
    """The ids given to `pytest.mark.<name>(...)`, each with its line; also in `pytestmark` and params."""
    for node in source.nodes():
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr != name or ast.unparse(node.func.value) != "pytest.mark":
            continue
        for argument in node.args:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value, node.lineno
