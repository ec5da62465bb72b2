"""The invariants of TRUST section 1 that a simulated history is held to; each answers what is broken."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import UUID

from carelane.audit.tree import leaf_hash, root
from carelane.cases import advance, due_facts, due_held, merge_views, step
from carelane.cases.model import Disposition, EffectState, View
from carelane.testing.core import invariants
from carelane.testing.core.site import view_of
from carelane.testing.simulation.hospital import ATTEMPTS_MAX, FIRST_OWN, with_effects
from carelane.testing.simulation.run import Simulation

Check = Callable[[Simulation], list[str]]
_SETTLED = frozenset({EffectState.DONE, EffectState.DEAD, EffectState.WITHDRAWN})


def acknowledged_is_durable(run: Simulation) -> list[str]:
    """I1: whatever was acknowledged is in the ledger, or set aside."""
    store = run.hospital.store
    kept = {row.message for row in store.ledger.values()} | set(store.quarantined)
    return [
        f"{message.key} was acknowledged and is gone"
        for message in run.acked
        if message not in kept
    ]


def accepted_once(run: Simulation) -> list[str]:
    """I2: one fact per message; another body under a known id is set aside, never taken."""
    store = run.hospital.store
    made = Counter(seq for seq in store.seqs.values() if seq < FIRST_OWN)
    twice = [f"message {seq} gave {count} facts" for seq, count in made.items() if count > 1]
    taken = {row.message for row in store.ledger.values()}
    return twice + [f"{each.key} took another body" for each in taken & set(run.forged)]


def at_most_once(run: Simulation) -> list[str]:
    """I3: the EHR holds one resource per effect at most."""
    created = run.hospital.ehr.resources
    return [
        f"effect {key} exists {len(made)} times" for key, made in created.items() if len(made) > 1
    ]


def one_leaf_per_change(run: Simulation) -> list[str]:
    """I4: as many leaves as changes, at every commit."""
    store = run.hospital.store
    found = [] if len(store.leaves) == store.changes else ["leaves and changes differ"]
    logged = Counter(leaf.split(b" ", 1)[1].decode() for leaf in store.leaves)
    found.extend(
        f"case {case.id} changed without a leaf"
        for view in store.views.values()
        for case in (*view.cases, *view.closed)
        if logged[f"case {case.id}"] < case.revision
    )
    return found


def received_order(run: Simulation) -> list[str]:
    """I5: messages of one subject take effect in the order received."""
    store = run.hospital.store
    last: dict[UUID, int] = {}
    found = []
    for entry in store.history:
        if entry.what == "merge":  # before it they were two subjects, in no order with each other
            last.pop(entry.subject, None)
        seq = store.seqs.get(entry.fact.id, FIRST_OWN)
        if entry.what != "decide" or seq >= FIRST_OWN:
            continue
        if seq < last.get(entry.subject, -1):
            found.append(f"message {seq} after {last[entry.subject]}")
        last[entry.subject] = seq
    return found


def cancel_wins(run: Simulation) -> list[str]:
    """I6: no effect of a cancelled case was started."""
    return [
        f"effect {each} started after a cancellation"
        for each in run.hospital.store.started_while_cancelled
    ]


def owned(run: Simulation) -> list[str]:
    """I7: every open case has owner, due time and fallback."""
    return [each for view in run.hospital.store.views.values() for each in invariants.owned(view)]


def one_winner(run: Simulation) -> list[str]:
    """I8: of several claims of one task in one version one wins."""
    return [
        f"task {task} has {count} owners" for (task, _), count in run.winners.items() if count > 1
    ]


def nothing_vanishes(run: Simulation) -> list[str]:
    """I9: every fact is pending or ended; applied ones left a trace, held and parked ones are somewhere."""
    store = run.hospital.store
    pending = {each for waiting in store.inbox.values() for each in waiting}
    held = {each.fact.id for view in store.views.values() for each in view.held}
    lost = [
        f"fact {key} of kind {told.type} is nowhere"
        for key, told in store.facts.items()
        if key not in pending and key not in store.ended
    ]
    lost += [
        f"fact {key} is held nowhere"
        for key, how in store.ended.items()
        if how is Disposition.HELD and key not in held
    ]
    wanted = Counter(row.outcome for row in store.ledger.values())
    return lost if set(wanted) <= {"facts", "pending"} else [*lost, "a message without outcome"]


def bounded_tries(run: Simulation) -> list[str]:
    """I10: no effect is tried more often than its budget."""
    return [
        f"effect {key} was tried {row.attempts} times"
        for key, row in run.hospital.store.effects.items()
        if row.attempts > ATTEMPTS_MAX
    ]


def audit_as_published(run: Simulation) -> list[str]:
    """I14: every checkpoint held outside still fits the leaves."""
    leaves = [leaf_hash(each) for each in run.hospital.store.leaves]
    return [
        f"the first {size} leaves changed"
        for size, head in run.checkpoints
        if root(leaves[:size]) != head
    ]


def same_again(run: Simulation) -> list[str]:
    """I15: the recorded facts, times and effects' states give the same views and ids."""
    replayed = replay(run)
    kept = run.hospital.store.views
    return [
        f"subject {subject} replays to another state"
        for subject, view in kept.items()
        if _comparable(replayed.get(subject, view_of(subject))) != _comparable(view)
    ]


def _comparable(view: View) -> Mapping[str, object]:
    calm = {
        each.id: EffectState.DONE for case in (*view.cases, *view.closed) for each in case.effects
    }
    return invariants.snapshot(with_effects(view, calm))


def replay(run: Simulation) -> dict[UUID, View]:
    """All views again, from the history alone."""
    views: dict[UUID, View] = {}
    hospital = run.hospital
    for entry in hospital.store.history:
        view = views.get(entry.subject) or view_of(entry.subject)
        if entry.what == "merge" and entry.retired is not None:
            retired = views.pop(entry.retired, None) or view_of(entry.retired)
            views[entry.subject] = merge_views(view, retired, entry.fact).view
            continue
        if entry.what == "hold-over":
            for over in due_held(view, entry.now):
                view = advance(view, over) if over.fact.id == entry.fact.id else view
        else:
            seen = with_effects(view, entry.effects)
            view = advance(
                seen, step(hospital.definitions, seen, hospital.site, entry.fact, entry.now)
            )
        views[entry.subject] = view
    return views


def clocks_fire_once(run: Simulation) -> list[str]:
    """I16: each warning, level and expiry of a step's clock once; none early by more than the skew; none left."""
    found = []
    fired: Counter[tuple[UUID, str, object]] = Counter()
    for entry in run.hospital.store.history:
        if entry.what == "decide" and entry.fact.type.startswith("clock."):
            fired[entry.fact.refers["step"], entry.fact.type, entry.fact.recorded_at] += 1
            if entry.now + timedelta(seconds=1) < entry.fact.recorded_at - timedelta(minutes=5):
                found.append("a clock fired early")
    found += [
        f"{kind} of step {each} fired {count} times"
        for (each, kind, _), count in fired.items()
        if count > 1
    ]
    if run.quiet:
        left = [
            due
            for view in run.hospital.store.views.values()
            for due in due_facts(view, run.hospital.true_now)
        ]
        found += [f"{due.type} never fired" for due in left]
    return found


def merged_away(run: Simulation) -> list[str]:
    """I18: no case, pending fact or effect names a retired subject as current."""
    store = run.hospital.store
    gone = set(store.retired)
    found = [f"a view of retired {subject}" for subject in store.views if subject in gone]
    found += [
        f"facts pend for retired {subject}"
        for subject, facts in store.inbox.items()
        if subject in gone and facts
    ]
    found += [
        f"effect {key} of a retired subject"
        for key, row in store.effects.items()
        if row.subject in gone
    ]
    found += [
        f"case {case.id} names another subject"
        for subject, view in store.views.items()
        for case in (*view.cases, *view.closed)
        if case.subject != subject
    ]
    return found


def all_settled(run: Simulation) -> list[str]:
    """L1, L2: once faults stop, every message is interpreted, every fact ended, every effect settled."""
    if not run.quiet:
        return []
    store = run.hospital.store
    found = [
        f"{row.message.key} is still pending"
        for row in store.ledger.values()
        if row.outcome == "pending"
    ]
    found += [f"facts wait for {subject}" for subject, facts in store.inbox.items() if facts]
    found += [
        f"effect {key} is still {row.state}"
        for key, row in store.effects.items()
        if row.state not in _SETTLED and row.next_at <= run.hospital.true_now
    ]
    return found


CHECKS: Mapping[str, Check] = {
    "I1": acknowledged_is_durable,
    "I2": accepted_once,
    "I3": at_most_once,
    "I4": one_leaf_per_change,
    "I5": received_order,
    "I6": cancel_wins,
    "I7": owned,
    "I8": one_winner,
    "I9": nothing_vanishes,
    "I10": bounded_tries,
    "I14": audit_as_published,
    "I15": same_again,
    "I16": clocks_fire_once,
    "I18": merged_away,
    "L1, L2": all_settled,
}
