"""First divergences by declared order, inputs that were not recorded, guesses, and what can't be read."""

import json
from pathlib import Path

import pytest

from carelane.cli import main
from carelane.facts.ids import name_id
from carelane.proofs.assumed import later
from carelane.proofs.divergence import Kind, Parting, Way, whole
from carelane.proofs.events import EventsFault, History, read_header, read_history
from carelane.proofs.events import encode as line_of
from carelane.proofs.judging import Divergence
from carelane.releases.backtest import backtest, digest_of, files_of, head_of, judge_for
from tests.rules.recordings import TEXT, edited, recorded, verdicts
from tests.rules.texts import loaded

TRIAGE = "clock: { kind: business-days, warn: 2d, due: 3d, setting: triage_within }"
URGENT = "clock: { kind: wall, warn: 2h, due: 4h, setting: urgent_triage_within }"


def parted(new: str, raw: bytes = b"") -> list[Divergence]:
    """All divergences, the old release having given the record."""
    found = verdicts(new, raw)
    assert [each.void for each in found if each.void] == []
    return [one for each in found for one in each.divergences]


@pytest.mark.requirement("R49")
@pytest.mark.parametrize(
    ("before", "after", "kind", "way"),
    [
        (TRIAGE, "clock: { kind: business-days, warn: 1d, due: 2d }", Kind.CLOCK, Way.SAFER),
        (TRIAGE, "clock: { kind: business-days, warn: 2d, due: 9d }", Kind.CLOCK, Way.RISKIER),
        (TRIAGE, TRIAGE.replace("warn: 2d", "warn: 1d"), Kind.CLOCK, Way.SAFER),
        (URGENT, "clock: { kind: wall, warn: 2h, due: 3h }", Kind.CLOCK, Way.SAFER),
        ("title: Triage the referral", "title: Read the referral", Kind.MESSAGE, Way.JUDGE),
        ("A specialist is reading your", "Somebody is reading your", Kind.MESSAGE, Way.JUDGE),
        ("values: { status: accepted }", "values: { status: in-progress }", Kind.MESSAGE, Way.JUDGE),
        ("owner: { pool: urgent-triage }", "owner: { pool: referral-triage }", Kind.OWNER, Way.JUDGE),
        ("owner: { pool: urgent-triage }", "owner: { pool: referral-triage-primary-care }", Kind.OWNER, None),
        ("when: otherwise, then: routine", "when: otherwise, then: urgent", Kind.URGENCY, None),
    ],
)  # fmt: skip
def test_a_divergence_has_the_kind_and_way_that_the_order_declares(
    before: str, after: str, kind: Kind, way: Way | None
) -> None:
    found = parted(edited((before, after)))

    assert found
    assert {kind} <= {parting.kind for each in found for parting in each.partings}
    assert way is None or {each.way for each in found} == {way}


def test_a_pool_that_does_not_take_the_urgency_is_riskier_and_blocks_a_red_flag() -> None:
    """Primary care's triage takes routine and urgent work; `stat` is routed down."""
    pools = ("owner: { pool: urgent-triage }", "owner: { pool: results-nurses }")
    served = (
        "  scheduling-desk: [routine",
        "  results-nurses: [routine]\n  scheduling-desk: [routine",
    )
    found = parted(edited(pools, served))

    assert {each.way for each in found} == {Way.RISKIER}
    assert any(each.blocks for each in found)
    assert all(each.red_flag for each in found if each.blocks)


@pytest.mark.parametrize(
    ("ways", "said"),
    [("safer", "safer"), ("safer riskier", "riskier"), ("safer needs-a-person", "needs-a-person"),
     ("needs-a-person riskier", "riskier")],
)  # fmt: skip
def test_the_worst_of_several_differences_counts(ways: str, said: str) -> None:
    partings = [
        Parting(kind=Kind.CLOCK, what="x", old="1", new="2", way=Way(way)) for way in ways.split()
    ]
    assert whole(tuple(partings)) == said


def test_a_case_that_is_no_longer_opened_is_riskier_and_one_more_is_safer() -> None:
    fewer = parted(
        edited(
            (
                "start: { when: always, unique: referral }",
                "start: { when: priority = stat, unique: referral }",
            )
        )
    )
    more = parted(
        edited(
            (
                '"kind = referral or (kind is missing and service != unknown)", unique: placer',
                "always, unique: placer",
            )
        )
    )

    assert {each.way for each in fewer} == {Way.RISKIER}
    assert {each.partings[0].new for each in fewer} == {"none"}
    assert {each.way for each in more if each.case} == {Way.SAFER}


def test_a_fact_of_no_case_may_end_otherwise() -> None:
    head = "  referral.modified:\n    keys: [referral, placer_order]\n    several: one\n"
    before = head + "    none: { hold: 7d, then: referral-intake }"
    found = parted(
        edited((before, before.replace("hold: 7d, then: referral-intake", "ignore: too late")))
    )

    assert found
    assert {each.case for each in found} == {None}
    assert {each.type for each in found} == {"referral.modified"}
    assert {each.way for each in found} == {Way.JUDGE}


INPUT = "inputs:\n"
LANGUAGE = "inputs:\n  spoken: { from: patient.language, codes: [en, es] }\n"


def test_an_input_that_was_not_recorded_goes_to_a_person_only_where_it_matters() -> None:
    """Read by one row of one table: the cases that reach the row; an input that changes nothing: none."""
    urgent = (
        "      - { when: otherwise, then: routine }\n\nevents",
        "      - { when: spoken = es, then: urgent }\n      - { when: otherwise, then: routine }\n\nevents",
    )
    found = parted(edited((INPUT, LANGUAGE), urgent))
    unread = parted(edited((INPUT, LANGUAGE)))

    assert found
    assert {parting.kind for each in found for parting in each.partings} == {Kind.INPUT}
    assert {each.way for each in found} == {Way.JUDGE}
    assert len(found) < sum(len(each.compared) for each in verdicts(TEXT))
    assert unread == []


def test_a_number_that_was_not_recorded_is_never_guessed() -> None:
    weight = (INPUT, "inputs:\n  weight: { from: patient.weight, type: decimal }\n")
    row = (
        "      - { when: otherwise, then: routine }\n\nevents",
        "      - { when: weight > 200, then: urgent }\n      - { when: otherwise, then: routine }\n\nevents",
    )
    found = parted(edited(weight, row))

    assert len({each.case for each in found}) == sum(len(each.compared) for each in verdicts(TEXT))
    assert {each.way for each in found} == {Way.JUDGE}


def test_what_follows_is_told_as_a_guess_only_when_asked() -> None:
    """Under an earlier due time the same people did the same: the case ends the same, and it says so."""
    lines, new = (
        recorded().splitlines(),
        loaded(edited((TRIAGE, "clock: { kind: business-days, warn: 1d, due: 2d }"))),
    )
    judge = judge_for(read_header(lines[0], "head"), loaded(TEXT), new)
    guesses = []
    for raw in lines[1:]:
        history = read_history(raw, "line")
        guesses += [later(judge, history, each) for each in judge.judge(history).divergences]

    assert guesses
    assert all(guess is not None and guess["new"] is not None for guess in guesses)
    assert (
        sum(guess["old"]["outcome"] == guess["new"]["outcome"] for guess in guesses if guess)
        > len(guesses) / 2
    )


def test_cases_of_another_release_are_counted_not_compared() -> None:
    """OLD decided nothing here: a recording of 1.1 judged by 1.0 has no case in scope."""
    other = edited((f'version: "{loaded(TEXT).version}"', 'version: "9.9.9"'))
    head, *rest = recorded().splitlines()
    known = json.loads(head)
    known["releases"].append({"digest": loaded(other).digest, "content": other})
    raw = b"\n".join([json.dumps(known).encode(), *rest])
    found = verdicts(edited((TRIAGE, "clock: { kind: business-days, due: 9d }")), raw, old=other)

    assert sum(each.other_release for each in found) > 0
    assert sum(each.cases for each in found) == 0
    assert [each for each in found if each.divergences] == []


# Files, and what can't be read.


def files(folder: Path, raw: bytes, parts: int = 1) -> Path:
    """A recording as a file, or as a folder of parts."""
    head, *rest = raw.splitlines(keepends=True)
    if parts == 1:
        (folder / "events.jsonl").write_bytes(raw)
        return folder / "events.jsonl"
    for number in range(parts):
        (folder / f"part-{number}.jsonl").write_bytes(b"".join([head, *rest[number::parts]]))
    return folder


def test_any_number_of_processes_and_a_second_run_give_the_same_bytes(tmp_path: Path) -> None:
    events, new = (
        files(tmp_path, recorded()),
        edited((TRIAGE, "clock: { kind: business-days, due: 2d }")),
    )
    seen = set()
    for workers in (1, 1, 2, 3):
        with backtest(
            events, old=loaded(TEXT), new_text=new, place="new", workers=workers
        ) as found:
            seen.add((repr(found.report), tuple(found.lines())))

    assert len(seen) == 1


def test_a_damaged_line_a_foreign_head_and_mixed_parts_are_named(tmp_path: Path) -> None:
    old = loaded(TEXT)
    one = files(tmp_path, recorded() + b'{"subject": 7}\n')
    with pytest.raises(EventsFault, match=r"line 41 is no recorded subject"), \
            backtest(one, old=old, new_text=TEXT, place="new", workers=1):  # fmt: skip
        pass
    (tmp_path / "none").mkdir()
    with pytest.raises(EventsFault, match="pathway events"):
        files_of(tmp_path / "none")
    mixed = files(tmp_path / "none", recorded(), parts=2)
    (mixed / "part-9.jsonl").write_bytes(b'{"carelane_events":2}\n')
    with pytest.raises(EventsFault, match="parts of different recordings"):
        head_of(files_of(mixed))
    with pytest.raises(EventsFault, match="no head of recorded events"):
        read_header(b'{"carelane_events":2}', "x")
    with pytest.raises(EventsFault, match="format 99 is newer"):
        read_header(
            recorded().splitlines()[0].replace(b'"carelane_events":2', b'"carelane_events":99'), "x"
        )


def test_parts_have_a_digest_of_their_own_content(tmp_path: Path) -> None:
    whole = files(tmp_path, recorded())
    first = digest_of([whole])
    whole.write_bytes(recorded().replace(b"urgent", b"URGENT", 1))

    assert digest_of([whole]) != first


def test_the_command_says_by_its_status_whether_a_change_is_blocked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = files(tmp_path, recorded())
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(TEXT, encoding="utf-8")

    def run(text: str, *more: str) -> int:
        new.write_text(text, encoding="utf-8")
        told = ["--against", str(old), "--from", str(events), "--workers", "1", *more]
        return main(["pathway", "backtest", str(new), *told])

    assert run(TEXT) == 0
    assert "same" in capsys.readouterr().out
    down = edited(
        (
            'when: "priority = stat or reviewed_priority = stat", then: stat',
            'when: "priority = stat or reviewed_priority = stat", then: routine',
        )
    )
    assert run(down) == 1
    assert "BLOCKS ACTIVATION" in capsys.readouterr().out
    assert run(down, "--assume-same", "--json") == 1
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert "never used for activation" in document["assumes"]
    assert "assuming_the_same" in document["divergences"][0]
    assert run(down, "--assume-same", "--keep", "--by", "x") == 2
    assert "never keeps a guess" in capsys.readouterr().err
    events.write_bytes(
        recorded().replace(b'"performer":"cardiology"', b'"performer":"orthopaedics"')
    )
    assert run(TEXT) == 2
    assert "VOID" in capsys.readouterr().out


def test_a_left_out_subject_is_counted_by_its_reason(tmp_path: Path) -> None:
    one = History(subject=name_id("somebody"), left_out="merged")
    events = files(tmp_path, recorded() + line_of(one) + b"\n")
    with backtest(events, old=loaded(TEXT), new_text=TEXT, place="new", workers=1) as found:
        assert found.report.left_out == {"merged": 1}
