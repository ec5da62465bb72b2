"""Writes a large pathway to prove: 200 states, 40 tables of 20 rows and 4 inputs, 4 blocks of 3 regions, 10 counters.

Shaped like real ones: a way of stages in which each is decided by a table, with rework, attempts that are counted, and
blocks whose regions are joined. Every row can answer, every state can be reached, and every wait has an end.
"""

from collections.abc import Iterator

TABLES, ROWS, INPUTS = 40, 20, 4
BLOCKS, REGIONS, REGION_STATES = 4, 3, 8
STATES, COUNTERS = 200, 10
CODES = ("none", "low", "middle", "high", "top")
_BLOCK_STATES = BLOCKS * (1 + REGIONS * (REGION_STATES + 2))
_FINAL = ("closed-done", "closed-refused", "closed-cancelled", "closed-died")
STAGES = STATES - _BLOCK_STATES - len(_FINAL)


def text() -> str:
    """The pathway."""
    parts = [
        _HEAD,
        *_inputs(),
        "tables:",
        *_tables(),
        _EVENTS,
        *_tasks(),
        _REST,
        *_states(),
        *_ends(),
    ]
    return "\n".join(parts) + "\n"


_HEAD = """pathway: generated
version: "1"
language: 2
subject: patient
title: A large pathway, made to be proved
touches: [none]
inputs:"""
_EVENTS = """events:
  work.received: { key: referral, start: { when: always, unique: referral }, several: one, none: { ignore: not ours } }
  news.came: { key: referral, several: all, none: { ignore: no open case } }
  work.cancelled: { key: referral, several: all, cancels: true, none: { ignore: no open case } }
  patient.died: { several: all, cancels: true, none: { ignore: no open case } }
tasks:"""
_REST = """pools: { desk: [routine, urgent, asap, stat] }
roles: [clinician-on-call]
start: stage-0
everywhere:
  work.received: stay
  news.came: stay
  work.cancelled: closed-cancelled
  patient.died: closed-died
states:"""


def _inputs() -> Iterator[str]:
    codes = ", ".join(CODES)
    for table in range(TABLES):
        for number in range(INPUTS):
            yield f"  i{table}-{number}: {{ from: news.i{table}_{number}, codes: [{codes}] }}"


def _tables() -> Iterator[str]:
    for table in range(TABLES):
        yield f"  t{table}:\n    hit: first\n    output: [go, back, aside]\n    rows:"
        for row in range(ROWS - 1):
            one, two = (0, 1) if row % 2 else (2, 3)
            when = f"i{table}-{one} = {CODES[row % 5]} and i{table}-{two} = {CODES[row // 5]}"
            yield f'      - {{ when: "{when}", then: {("go", "back", "aside")[row % 3]} }}'
        yield "      - { when: otherwise, then: go }"


def _tasks() -> Iterator[str]:
    yield "  work:\n    title: Do it\n    outcomes: [done, no-answer, could-not-do]"
    yield "    could_not: could-not-do\n    reasons: [other]"


def _states() -> Iterator[str]:
    blocks = 0
    for stage in range(STAGES):
        after = "closed-done" if stage == STAGES - 1 else f"stage-{stage + 1}"
        yield from _stage(stage, after)
        if stage % (STAGES // BLOCKS) == 5 and blocks < BLOCKS:
            yield from _block(blocks, stage)
            blocks += 1


def _stage(stage: int, after: str) -> Iterator[str]:
    table = f"t{stage % TABLES}"
    back = f"stage-{max(stage - 2, 0)}"
    block = stage % (STAGES // BLOCKS) == 5 and stage // (STAGES // BLOCKS) < BLOCKS
    aside = f"block-{stage // (STAGES // BLOCKS)}" if block else after
    yield f"  stage-{stage}:\n    status: stage-{stage}\n    task: work\n    owner: {{ pool: desk }}"
    yield "    clock: { kind: wall, warn: 1h, due: 4h }"
    counted = stage % (STAGES // COUNTERS) == 3 and stage // (STAGES // COUNTERS) < COUNTERS
    last = stage == STAGES - 1
    yield f"    fallback: {{ {'repeat: until acknowledged, to: clinician-on-call' if last else f'state: {after}'} }}"
    yield "    outcomes:"
    yield f'      done:\n        - {{ when: "{table} = back", then: {back} }}'
    yield f'        - {{ when: "{table} = aside", then: {aside} }}\n        - {after}'
    number = stage // (STAGES // COUNTERS)
    more = f'{{ when: "c{number} < 3", then: again, else: {after} }}' if counted else after
    yield f"      no-answer: {more}\n      could-not-do: {'closed-refused' if last else after}"
    if counted:
        yield f"    counters: {{ c{number}: {{ add: no-answer, max: 3 }} }}"


def _block(block: int, stage: int) -> Iterator[str]:
    after = f"stage-{stage + 1}"
    yield f"  block-{block}:\n    status: block-{block}\n    owner: {{ pool: desk }}"
    yield f"    clock: {{ kind: business-days, due: 20d }}\n    fallback: {{ state: {after} }}"
    yield "    parallel:\n      join: all\n      regions:"
    for region in range(REGIONS):
        name = f"b{block}r{region}"
        yield f"        r{region}:\n          start: {name}-s0\n          states:"
        for state in range(REGION_STATES):
            following = f"{name}-fit" if state == REGION_STATES - 1 else f"{name}-s{state + 1}"
            table = (
                f"t{(block * REGIONS * REGION_STATES + region * REGION_STATES + state) % TABLES}"
            )
            yield f"            {name}-s{state}:\n              task: work\n              owner: {{ pool: desk }}"
            yield f"              clock: {{ kind: wall, due: 8h }}\n              fallback: {{ state: {following} }}"
            yield "              outcomes:"
            yield f'                done: {{ when: "{table} = back", then: {name}-unfit, else: {following} }}'
            yield f"                no-answer: again\n                could-not-do: {name}-unfit"
        yield f"            {name}-fit: {{ final: true, outcome: fit }}"
        yield f"            {name}-unfit: {{ final: true, outcome: unfit }}"
    when = " and ".join(f"block-{block}.r{region} = fit" for region in range(REGIONS))
    yield f'      then: {{ when: "{when}", then: {after}, else: stage-{stage + 2} }}'


def _ends() -> Iterator[str]:
    for name in _FINAL:
        yield f"  {name}: {{ final: true, outcome: {name.removeprefix('closed-')} }}"
