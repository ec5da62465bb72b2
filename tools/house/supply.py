"""Rules of what we take from others: locked by hash, addressed by nobody's registry, freely licensed."""

import json
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageMetadata

from tools.house.tree import Source

_ENTRY = re.compile(r"^([a-z0-9][a-z0-9.-]*)(\[[a-z,]+\])?==([^ ;\\]+)", re.MULTILINE)
_ADDRESS = re.compile(r"https?://|--(extra-)?index-url|--find-links|git\+")
_FREE = re.compile(
    r"\b(MIT|BSD|Apache|ISC|PSF|Python Software Foundation|LGPL|Lesser General Public|MPL|Mozilla|"
    r"Unlicense|0BSD|Zlib|PostgreSQL|EPL|OFL|CC0|BlueOak)",
    re.IGNORECASE,
)
_UNFREE = re.compile(
    r"\b(A?GPL)|\b(GNU (Affero )?General Public)|\b(SSPL|BUSL|Commons Clause)", re.IGNORECASE
)

READ_BY_HAND: Mapping[str, str] = {"cedarpy": "Apache-2.0"}
"""Distributions whose metadata names no licence, and what their own files say."""


def unpinned(lock: Source) -> Iterator[str]:
    """Each package of a lock file has a version and at least one hash; no line names an address."""
    if _ADDRESS.search(lock.text):
        yield f"{lock.path}: names a registry address: run `make lock`"
    for block in re.split(r"\n(?=\S)", lock.text.strip()):
        first = block.splitlines()[0]
        if first.startswith("#"):
            continue
        if not _ENTRY.match(block):
            yield f"{lock.path}: `{first}` is not pinned to a version"
        elif "--hash=sha256:" not in block:
            yield f"{lock.path}: `{first}` has no hash"


def unlocked_browser_packages(lock: Source) -> Iterator[str]:
    """Each npm package has an integrity hash; none names where it came from."""
    packages: Mapping[str, Mapping[str, object]] = json.loads(lock.text)["packages"]
    for name, package in packages.items():
        if name and "integrity" not in package:
            yield f"{lock.path}: `{name}` has no integrity hash"
        if "resolved" in package:
            yield f"{lock.path}: `{name}` names a registry address: run `make lock`"


def locked(lock: Source) -> list[str]:
    """Names of the packages in a lock file."""
    return [found[1] for found in _ENTRY.finditer(lock.text)]


def licence(metadata: PackageMetadata) -> str:
    """What a distribution says of its licence, in one line."""
    said = [*(metadata.get_all("License-Expression") or ())]
    said += [each[:80] for each in metadata.get_all("License") or ()]
    said += [
        each.rpartition(" :: ")[2]
        for each in metadata.get_all("Classifier") or ()
        if each.startswith("License")
    ]
    return "; ".join(each.strip().replace("\n", " ") for each in said if each.strip())


def unfree(name: str, said: str) -> Iterator[str]:
    """A run-time dependency is permissive, or weak copyleft that a library may be used under."""
    known = READ_BY_HAND.get(name, said)
    if _UNFREE.search(known.replace("LGPL", "").replace("Lesser General Public", "")):
        yield f"{name}: `{known}` is not a licence we may depend on"
    elif not _FREE.search(known):
        yield f"{name}: `{known or 'no licence named'}`: read it, then note it in READ_BY_HAND"


def unfree_distributions(distributions: list[Distribution]) -> Iterator[str]:
    """The licence rule over what is installed."""
    for each in distributions:
        yield from unfree(each.name.lower(), licence(each.metadata))
