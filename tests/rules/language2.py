"""Texts that the tests of language number 2 share: a review by two sides at once, and how it is played."""

from datetime import timedelta

from carelane.cases.model import Case, OpenStep, Step
from carelane.facts.fact import Json
from carelane.testing.core.play import Play
from carelane.testing.core.site import completed, definitions_of, fact
from tests.rules.texts import loaded

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

REVIEW = """\
pathway: transplant-review
version: "1"
language: 2
subject: patient
title: Two sides look at a request at once
touches: [charting]
inputs:
  fit: { from: task.form.fit, type: boolean }
  priority: { from: request.priority, order: [routine, urgent] }
variables:
  paid_by: { codes: [payer, fund] }
events:
  request.received:
    key: placer_order
    start: { when: always, unique: placer_order }
    several: one
    none: { ignore: not ours }
  request.cancelled: { key: placer_order, several: all, none: { ignore: not ours }, cancels: true }
  patient.asked: { several: all, none: { ignore: not ours } }
  patient.answered: { several: all, none: { ignore: not ours } }
  records.arrived: { key: placer_order, several: all, none: { ignore: not ours } }
tasks:
  look:
    title: Look at the request
    outcomes: [looked, could-not-do]
    could_not: could-not-do
    reasons: [absent]
    form: { fit: { label: Fit, type: boolean } }
  fund:
    title: Find who pays
    outcomes: [payer, fund, nobody]
    could_not: nobody
    reasons: [none]
effects:
  ask-records: { capability: referrer.letter, audience: record, if_unknown: ask, undo: take-back }
  take-back: { capability: referrer.letter, audience: record, if_unknown: ask }
  ask-payer: { capability: payer.inquiry, audience: record, if_unknown: ask, undo: take-back }
pools: { clinic: [routine, urgent], funding: [routine, urgent] }
roles: [chair]
start: review
everywhere:
  request.received: stay
  request.cancelled: closed-cancelled
  patient.asked: stay
  patient.answered: stay
  records.arrived: stay
states:
  review:
    status: in-review
    milestone: Your request is being reviewed.
    owner: { pool: clinic }
    clock:
      kind: wall
      due: 10d
      pauses:
        in: { wait-for-records: { reason: records are outstanding, resume_by: 20d } }
        on: { patient.asked: { reason: the patient was asked, until: patient.answered, resume_by: 5d } }
    fallback: { state: late, tell: chair }
    parallel:
      join: all
      regions:
        clinical:
          start: read
          states:
            read:
              task: look
              owner: { pool: clinic }
              clock: { kind: wall, due: 3d }
              fallback: { state: wait-for-records }
              effects: [ask-records]
              outcomes:
                looked: { when: "fit = true", then: clinical-fit, else: clinical-unfit }
                could-not-do: wait-for-records
            wait-for-records:
              owner: { pool: clinic }
              clock: { kind: wall, due: 7d }
              fallback: { state: read }
              on: { records.arrived: read }
            clinical-fit: { final: true, outcome: fit }
            clinical-unfit: { final: true, outcome: unfit }
        money:
          start: funding
          states:
            funding:
              task: fund
              owner: { pool: funding }
              clock: { kind: wall, due: 5d }
              fallback: again
              effects: [ask-payer]
              outcomes:
                payer: { then: money-found, set: { paid_by: payer } }
                fund: { then: money-found, set: { paid_by: fund } }
                nobody: money-missing
            money-found: { final: true, outcome: found }
            money-missing: { final: true, outcome: missing }
      then: { when: "review.clinical = fit and review.money = found", then: closed-accepted, else: closed-declined }
  late:
    status: late
    owner: { role: chair }
    clock: { kind: wall, due: 1d }
    fallback: { state: closed-declined }
  closed-accepted: { final: true, outcome: accepted }
  closed-declined: { final: true, outcome: declined }
  closed-cancelled: { final: true, outcome: cancelled }
"""
ANY = REVIEW.replace("join: all", "join: any")


def begun(text: str = REVIEW, **subs: str) -> Play:
    """A play with one open case of the pathway."""
    game = Play(definitions=definitions_of(loaded(text, **subs)))
    tell(game, "request.received", placer_order="R1")
    return game


def tell(game: Play, kind: str, payload: dict[str, Json] | None = None, **keys: str) -> Step:
    """An event, a minute later."""
    game.now += timedelta(minutes=1)
    return game.tell(fact(kind, at=game.now, keys=keys, payload=payload))


def do(game: Play, task: str, outcome: str, **form: Json) -> Step:
    """A person finishes the open task of this name."""
    game.now += timedelta(minutes=1)
    step = next(each for each in case(game).steps if each.task_name == task)
    assert step.task is not None
    return game.tell(completed(step.task, outcome, at=game.now, form=form, case=case(game).id))


def case(game: Play) -> Case:
    """The case, open or closed."""
    return (*game.view.cases, *game.view.closed)[0]


def states(game: Play) -> set[str]:
    """Where it stands."""
    return {each.state for each in case(game).steps}


def at(game: Play, state: str) -> OpenStep:
    """The open step in a state."""
    return next(each for each in case(game).steps if each.state == state)


BOARD = """\
pathway: board
version: "1"
language: 2
subject: patient
title: Those whom a table names each give an opinion
touches: [charting]
inputs:
  site_of_it: { from: request.site, codes: [heart, lung, both] }
tables:
  reviewers:
    hit: collect
    output: pool
    rows:
      - { when: "site_of_it in {heart, both}", then: cardiology }
      - { when: "site_of_it in {lung, both}", then: pneumology }
events:
  request.received:
    key: placer_order
    start: { when: always, unique: placer_order }
    several: one
    none: { ignore: not ours }
tasks:
  opine:
    title: Give an opinion
    outcomes: [agree, disagree, could-not-do]
    could_not: could-not-do
    reasons: [absent]
pools: { cardiology: [routine], pneumology: [routine], board: [routine] }
start: opinions
everywhere: { request.received: stay }
states:
  opinions:
    status: in-review
    owner: { pool: board }
    clock: { kind: wall, due: 10d }
    fallback: { state: closed-late }
    for_each:
      table: reviewers
      join: { at_least: 1, of: agree }
      start: opinion
      states:
        opinion:
          task: opine
          owner: { pool: each }
          clock: { kind: wall, due: 3d }
          fallback: { when: "tries < 2", then: again, else: silent }
          counters: { tries: { add: enter, max: 2 } }
          outcomes: { agree: agreed, disagree: refused, could-not-do: silent }
        agreed: { final: true, outcome: agree }
        refused: { final: true, outcome: disagree }
        silent: { final: true, outcome: silent }
      then: { when: "opinions.agree >= 1", then: closed-agreed, else: closed-refused }
      else: closed-nobody
  closed-agreed: { final: true, outcome: agreed }
  closed-refused: { final: true, outcome: refused }
  closed-late: { final: true, outcome: late }
  closed-nobody: { final: true, outcome: nobody }
"""

CALLER = """\
pathway: caller
version: "1"
language: 2
subject: patient
title: Ask twice
touches: [none]
inputs:
  haste: { from: request.priority, order: [routine, urgent] }
fields:
  name: { from: patient.name, label: Patient, authority: ehr, ttl: 90d }
variables:
  ending: { codes: [good, bad] }
events:
  request.received:
    key: placer_order
    start: { when: always, unique: placer_order }
    several: one
    none: { ignore: not ours }
  request.cancelled: { key: placer_order, several: all, none: { ignore: not ours }, cancels: true }
pools: { desk: [routine, urgent] }
start: first
everywhere: { request.received: stay }
states:
  first:
    call: ask-patient
    with: { priority: haste, who: name }
    on: { request.cancelled: closed-cancelled }
    outcomes:
      reached: second
      not-reached: { then: closed, set: { ending: bad } }
  second:
    call: ask-patient
    with: { priority: haste, who: name }
    on: { request.cancelled: stay }
    outcomes:
      reached: { when: "haste = urgent", then: again, else: closed }
      not-reached: closed
  closed: { final: true, outcome: over }
  closed-cancelled: { final: true, outcome: cancelled }
"""
ASK = """\
sub: ask-patient
version: "3"
language: 2
title: Ask the patient, twice at the most
needs:
  inputs: { priority: { order: [routine, urgent] } }
  fields: [who]
  events: [request.received, request.cancelled]
outcomes: [reached, not-reached]
inputs:
  told: { from: task.form.told, type: boolean }
variables:
  how: { codes: [phone, letter] }
tables:
  channel:
    hit: first
    output: pool
    rows:
      - { when: "priority = urgent", then: desk }
      - { when: otherwise, then: desk }
tasks:
  phone:
    title: Phone the patient
    outcomes: [spoke, no-answer]
    could_not: no-answer
    reasons: [no-line]
    form: { told: { label: Told, type: boolean } }
    shows: [who]
effects:
  letter: { capability: patient.letter, audience: patient, if_unknown: ask, sends: [who] }
pools: { desk: [routine, urgent] }
start: calling
states:
  calling:
    status: calling
    task: phone
    owner: { pool: desk, table: channel }
    counters: { tries: { add: no-answer, max: 2 } }
    clock: { kind: wall, due: 4h }
    fallback: { state: not-reached }
    outcomes:
      spoke: { when: "told = true", then: reached, else: again }
      no-answer: { when: "tries < 2", then: again, else: writing, set: { how: letter } }
  writing:
    status: writing
    owner: { pool: desk }
    clock: { kind: wall, due: 5d }
    fallback: { state: not-reached }
    effects: [letter]
    effect_outcomes: { done: not-reached }
"""
