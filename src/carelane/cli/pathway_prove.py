"""`pathway prove FILE|FOLDER...`: a proof for each pathway, or a run that shows what can go wrong (`proofs.prove`)."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from carelane.cli.asking import answer
from carelane.cli.pathway_files import definition_of, pathways_in
from carelane.proofs.catalogue import RULES
from carelane.proofs.prove import prove
from carelane.proofs.verdicts import Finding, Judgement, Verdict


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command."""
    one = actions.add_parser("prove", help="what can't go wrong, or a run that shows how it can")
    one.add_argument("places", nargs="+", type=Path, metavar="FILE|FOLDER")
    one.add_argument(
        "--extends", type=Path, metavar="FILE", help="the release in force: red flags only grow"
    )
    one.add_argument("--json", action="store_true", help="one document on the last line")
    one.set_defaults(run=_prove)


def _prove(options: argparse.Namespace) -> int:
    files = pathways_in(options.places)
    before = definition_of(options.extends) if options.extends else None
    definitions = {str(file): definition_of(file) for file in files}
    judged = {place: prove(each, before=before) for place, each in definitions.items()}
    lines = [line for place, each in judged.items() for line in _lines(place, each)]
    proved = sum(each.proof.verdict is Verdict.PROVED for each in judged.values())
    lines.append(f"{proved} of {len(judged)} pathways proved, each for {len(RULES)} rules")
    document = {"pathways": [_document(place, each) for place, each in judged.items()]}
    answer(options, document, "\n".join(lines))
    return int(proved < len(judged))


def _lines(place: str, judged: Judgement) -> Iterator[str]:
    counts = ", ".join(f"{count} {name}" for name, count in judged.proof.counts.items())
    yield f"{judged.proof.verdict}: {judged.pathway} {judged.version} ({counts})"
    yield from (f"  said, not checked: {words}" for words in judged.unchecked)
    for each in judged.findings:
        yield f"  {each.verdict}: {each.rule}, {place}, line {each.line}: {each.message}"
        yield f"  Remedy: {each.remedy}"
        yield from (f"    {line}" for line in each.run.splitlines())


def _document(place: str, judged: Judgement) -> dict[str, object]:
    return {
        "file": place,
        "pathway": judged.pathway,
        "version": judged.version,
        "release": judged.proof.release,
        "prover": judged.proof.prover,
        "verdict": judged.proof.verdict,
        "rules": dict(judged.proof.rules),
        "counts": dict(judged.proof.counts),
        "unchecked": judged.unchecked,
        "findings": [_finding(each) for each in judged.findings],
    }


def _finding(one: Finding) -> dict[str, object]:
    return {
        "rule": one.rule,
        "verdict": one.verdict,
        "line": one.line,
        "message": one.message,
        "remedy": one.remedy,
        "counter_example": {"path": one.path, "table": one.run} if one.run else None,
    }
