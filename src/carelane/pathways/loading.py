"""Text to definition: `load(text) -> (definition, problems)`. Never raises on bad text, executes nothing.

The first half is `reader` (nodes with places); `pathway_reader` reads what they say, section by section.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from carelane.facts.problem import Problem
from carelane.pathways.calls import Calls, texts_of
from carelane.pathways.definition import Definition
from carelane.pathways.digest import digest
from carelane.pathways.findings import Findings
from carelane.pathways.pathway_reader import read_pathway
from carelane.pathways.reader import Record, read_documents
from carelane.pathways.shape import Part
from carelane.pathways.vendors import refuse

SUBS = "sub"
"""The folder of sub-pathways beside the pathways that call them."""


def load(
    text: str | bytes,
    *,
    place: str = "",
    connections: Collection[str] = (),
    subs: Mapping[str, str] | None = None,
) -> tuple[Definition | None, tuple[Problem, ...]]:
    """Read a pathway.

    Args:
        text: YAML 1.2, at most 512,000 characters of UTF-8.
        place: The file's name, put before each problem's line and column.
        connections: Names of the site's connections; a pathway that says one is refused.
        subs: Texts of sub-pathways by name, for those it calls; the text may also hold them itself, as
            further documents (`bundle` writes that).

    Returns:
        The definition and no problems, or None and every problem found in one run, in the order
        of the text's sections; each has line, column and remedy.
    """
    said = (text, frozenset(connections), frozenset((subs or {}).items()))
    if said in _READ:
        return _READ[said], ()
    findings = Findings(file=place)
    documents = read_documents(text, findings)
    definition = of_documents(documents, findings, connections, subs)
    if definition is not None:
        while len(_READ) >= READ_MOST:
            del _READ[next(iter(_READ))]
        _READ[said] = definition
    return definition, tuple(findings.problems)


READ_MOST = 256
_READ: dict[tuple[str | bytes, frozenset[str], frozenset[tuple[str, str]]], Definition] = {}
"""The same text means the same pathway: it is read once in a process, which costs a tenth of a second each."""


def of_documents(
    documents: tuple[Record, ...],
    findings: Findings,
    connections: Collection[str] = (),
    subs: Mapping[str, str] | None = None,
) -> Definition | None:
    """The definition of a pathway and what stands behind it, read already; None with findings where that fails."""
    texts = texts_of(documents[1:], subs or {}, findings)
    if documents and "sub" in documents[0].entries:
        findings.add(
            "not-a-pathway",
            documents[0].at,
            "This is a sub-pathway: it is read with the pathway that calls it.",
            "Check a pathway that calls it.",
        )
    if not documents or findings.problems:
        return None
    refuse(documents[0], findings, connections)
    for called in texts.values():
        refuse(called.record, called.findings, connections)
    definition = read_pathway(Part(documents[0], findings, "The pathway"), Calls(texts))
    if findings.problems:
        return None
    return replace(definition, digest=digest(definition))


def bundle(text: str, definition: Definition, subs: Mapping[str, str]) -> str:
    """One text of a pathway and the sub-pathways it calls: what a release keeps, and `load` reads alone."""
    called = sorted({label.partition("@")[0] for label in definition.calls.values()} & subs.keys())
    return "\n---\n".join((text, *(subs[name] for name in called)))


def subs_among(texts: Mapping[str, str]) -> dict[str, str]:
    """The sub-pathways among a folder's texts, by name: the files in its `sub` folders."""
    paths = [(place.split("/"), text) for place, text in texts.items()]
    return {path[-1].removesuffix(".yaml"): text for path, text in paths if path[-2:-1] == [SUBS]}
