"""`table`, `table_zen`, `step` and `prove_s`: how fast rules are asked, facts are decided and pathways are proved.

All in seconds of one core, whoever else is at work on the machine. The table has 30 rows and 6 inputs; the same one is
asked of zen-engine, after both have given the same answers. Decisions are those of the referral pathway's own tests,
each decided again and again.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import zen

from benchmarks.generated import text as generated
from carelane.cases import step
from carelane.cases.model import Definitions, View
from carelane.cli.pathway_files import definition_of, pathways_in, text_of
from carelane.facts.fact import Fact
from carelane.pathways.definition import Definition, Hit, Input, InputType, Row, Table
from carelane.pathways.grammar import parse
from carelane.pathways.guard import ALWAYS, Guard, Value
from carelane.pathways.loading import load
from carelane.pathways.tables import look_up
from carelane.pathways.trial import read_trials
from carelane.proofs.everybody import Everybody
from carelane.proofs.playing import playing
from carelane.proofs.prove import prove
from carelane.proofs.trials import play
from carelane.proofs.verdicts import Verdict

ROWS, CODES, ASKED = 30, ("a", "b", "c", "d", "e"), 5_000
PATHWAYS = Path("pathways")
REFERRAL = PATHWAYS / "referral-intake.yaml"
_NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
_NAMES = {
    **{f"code{n}": Input(name=f"code{n}", path="", codes=CODES) for n in range(4)},
    "age": Input(name="age", path="", type=InputType.INTEGER),
    "level": Input(name="level", path="", type=InputType.DECIMAL),
}
Values = dict[str, Value | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row before either engine has it: the codes allowed, and the bounds."""

    codes: tuple[tuple[str, ...], ...]
    over: int
    to: float


def lines() -> list[Line]:
    """29 rows over all six inputs; the 30th is for everything else."""
    return [
        Line(
            codes=tuple(
                tuple(CODES[(row * (n + 1) + k) % len(CODES)] for k in range(3)) for n in range(4)
            ),
            over=row * 3,
            to=99.5 - row,
        )
        for row in range(ROWS - 1)
    ]


def questions() -> list[Values]:
    """Values of the six inputs, spread over their ranges."""
    return [
        {
            **{f"code{n}": CODES[(number // 5**n + number) % len(CODES)] for n in range(4)},
            "age": number * 7 % 100,
            "level": number * 13 % 1_000 / 10,
        }
        for number in range(ASKED)
    ]


def table() -> Table:
    """The table as ours."""
    rows = [
        Row(number=number, line=number, when=_guard(line), then={"lane": f"lane{number % 7}"})
        for number, line in enumerate(lines(), start=1)
    ]
    last = Row(number=ROWS, line=ROWS, when=ALWAYS, then={"lane": "other"})
    return Table(
        name="lane",
        hit=Hit.FIRST,
        inputs=tuple(_NAMES),
        outputs={"lane": "code"},
        rows=(*rows, last),
    )


def _guard(line: Line) -> Guard:
    parts = [f"code{n} in {{{', '.join(codes)}}}" for n, codes in enumerate(line.codes)]
    found, slips = parse(
        " and ".join([*parts, f"age > {line.over}", f"level <= {line.to}"]), _NAMES
    )
    if found is None:
        raise RuntimeError(f"the benchmark's own guard is wrong: {slips}")
    return found


def zen_decision() -> zen.ZenDecision:
    """The same table as zen-engine's."""
    inputs = [{"id": name, "name": name, "type": "expression", "field": name} for name in _NAMES]
    rules = [
        {
            "_id": str(number),
            **{
                f"code{n}": ", ".join(f'"{one}"' for one in codes)
                for n, codes in enumerate(line.codes)
            },
            "age": f"> {line.over}",
            "level": f"<= {line.to}",
            "lane": f'"lane{number % 7}"',
        }
        for number, line in enumerate(lines(), start=1)
    ]
    rules.append({"_id": str(ROWS), **dict.fromkeys(_NAMES, ""), "lane": '"other"'})
    outputs = [{"id": "lane", "name": "lane", "type": "expression", "field": "lane"}]
    content = {"hitPolicy": "first", "inputs": inputs, "outputs": outputs, "rules": rules}
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in", "position": {"x": 0, "y": 0}},
        {"id": "t", "type": "decisionTableNode", "name": "t", "content": content, "position": {"x": 1, "y": 0}},
        {"id": "out", "type": "outputNode", "name": "out", "position": {"x": 2, "y": 0}},
    ]  # fmt: skip
    edges = [
        {"id": "1", "type": "edge", "sourceId": "in", "targetId": "t"},
        {"id": "2", "type": "edge", "sourceId": "t", "targetId": "out"},
    ]
    return zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))


def tables(seconds: float) -> dict[str, float]:
    """Evaluations/s of ours and of zen-engine, the best of three interleaved rounds, on the same questions."""
    ours, theirs, asked = table(), zen_decision(), questions()
    for one in asked[:500]:
        mine = look_up(ours, one, now=_NOW).outputs["lane"]
        other = theirs.evaluate(one)["result"]["lane"]
        if mine != other:
            raise RuntimeError(f"the engines differ: {mine}, {other}")

    def ask_ours() -> None:
        for one in asked:
            look_up(ours, one, now=_NOW)

    def ask_theirs() -> None:
        for one in asked[:500]:
            theirs.evaluate(one)

    best = {"table": 0.0, "table_zen": 0.0}
    for _ in range(3):
        best["table"] = max(best["table"], _rate(ask_ours, ASKED, seconds))
        best["table_zen"] = max(best["table_zen"], _rate(ask_theirs, 500, seconds))
    return best


def decisions(seconds: float) -> float:
    """Decisions/s of the referral pathway: every decision of its tests, each on the view that it was made on."""
    definition = definition_of(REFERRAL)
    made = _made(definition)
    definitions = Definitions(pinned={definition.digest: definition}, active=(definition,))
    late = Everybody()

    def decide() -> None:
        for view, fact, now in made:
            step(definitions, view, late, fact, now)

    return max(_rate(decide, len(made), seconds) for _ in range(3))


def _made(definition: Definition) -> list[tuple[View, Fact, datetime]]:
    """View, fact and time of each decision in the pathway's tests."""
    tests = REFERRAL.parent / "tests" / f"{REFERRAL.stem}.txt"
    trials, findings = read_trials(text_of(tests), definition, place=str(tests))
    if findings.problems:
        raise RuntimeError(f"{tests} can't be read")
    made: list[tuple[View, Fact, datetime]] = []
    for trial in trials:
        run = playing(definition, trial)
        for row in trial.rows:
            before = run.view
            play(run, row)
            if len(run.last) == 1:
                made.append((before, run.last[0].fact, run.last[0].now))
    return made


def proofs() -> dict[str, float]:
    """Seconds to prove each shipped pathway, and the generated one (`generated`)."""
    found: dict[str, float] = {}
    for file in pathways_in([PATHWAYS]):
        definition = definition_of(file)
        found[f"{file.parent.name}/{file.stem}"] = _proved(definition)
    large, problems = load(generated())
    if large is None:
        raise RuntimeError(f"the generated pathway can't be read: {problems[:1]}")
    found["generated"] = _proved(large)
    return found


def _proved(definition: Definition) -> float:
    began = time.process_time()
    judged = prove(definition)
    taken = time.process_time() - began
    if judged.proof.verdict is not Verdict.PROVED:
        raise RuntimeError(f"{definition.name} is {judged.proof.verdict}")
    return round(taken, 3)


def _rate(work: Callable[[], None], each: int, seconds: float) -> float:
    work()  # what is kept is there
    done, began = 0, time.process_time()
    while time.process_time() - began < seconds:
        work()
        done += each
    return done / (time.process_time() - began)
