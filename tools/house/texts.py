"""Rules that read lines: sizes, names, reasons, references that must not leave the house."""

import re
from collections.abc import Iterator

from tools.house.tree import Source

LINES_MAX = 400
_WHY_LONG = re.compile(r"^# long: \S.*", re.MULTILINE)
_EXCEPTION = re.compile(r"#\s*(noqa|type:\s*ignore)\b(?P<rest>.*)")
_REASON = re.compile(r"^(:\s*[A-Z0-9, ]+|\[[a-z0-9, -]+\])\s+#\s+\S.*\S")
_TODO = re.compile(r"\b(TO[D]O|FIX[M]E|X[X]X)\b(?!.*(issue \d+|#\d+))")
_BANNED = ("manager", "handler", "utils", "common", "helpers", "misc")
_SHARED = re.compile(r"\.\./shared|/work/shared|shared/data|shared/reference")
_MIGRATION = re.compile(r"\d{4}_(pre|post)_[a-z0-9_]+\.sql")


def too_long(source: Source) -> Iterator[str]:
    """A file over the limit opens with `# long: <reason>`, or is cut."""
    lines = source.text.count("\n")
    if lines > LINES_MAX and not _WHY_LONG.search(source.text):
        yield source.at(1, f"{lines} lines, over {LINES_MAX}: cut it, or give `# long: <reason>`")


def reasonless_exceptions(source: Source) -> Iterator[str]:
    """Each exception to a check names what it excepts and why: `# noqa: ABC123  # why`."""
    for number, line in enumerate(source.text.splitlines(), 1):
        found = _EXCEPTION.search(line)
        if found and not _REASON.match(found["rest"]):
            yield source.at(number, "an exception to a check names its code and carries its reason")


def unowned_todos(source: Source) -> Iterator[str]:
    """Work left for later names the issue it belongs to."""
    for number, line in enumerate(source.text.splitlines(), 1):
        if _TODO.search(line):
            yield source.at(number, "left for later without an issue: name it, or do it")


def banned_names(path: str) -> Iterator[str]:
    """A file is named after a thing of the field, not after a role in the code."""
    words = re.split(r"[^a-z]+", path.lower())
    for word in _BANNED:
        if word in words:
            yield f"{path}: `{word}` says nothing of what is in it: name the thing"


def outside_references(source: Source) -> Iterator[str]:
    """The product stands alone: only corpus tests may look beside the repository."""
    if "pytest.mark.corpus" in source.text:
        return
    for number, line in enumerate(source.text.splitlines(), 1):
        if _SHARED.search(line):
            yield source.at(number, "a reference beside the repository: only corpus tests may")


def migration_names(paths: list[str]) -> Iterator[str]:
    """Migrations are numbered without gaps, and say whether they run before or after the new code."""
    names = sorted(path.rpartition("/")[2] for path in paths)
    for expected, name in enumerate(names, 1):
        if not _MIGRATION.fullmatch(name):
            yield f"{name}: name it NNNN_pre_what.sql or NNNN_post_what.sql"
        elif int(name[:4]) != expected:
            yield f"{name}: number {expected:04} is due"


def third_party(path: str) -> Iterator[str]:
    """Nothing of others is copied in: libraries come by lock file, sample data stays outside."""
    folders = ("vendor/", "vendored/", "third_party/", "node_modules/", "site-packages/")
    if any(folder in f"/{path}" for folder in (f"/{each}" for each in folders)):
        yield f"{path}: others' files come by lock file"
    if path.endswith((".min.js", ".min.css", ".woff2", ".whl", ".jar", ".so", ".dll")):
        yield f"{path}: built or bundled by others: fetch it by lock file"
