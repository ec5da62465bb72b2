"""Runs a back-test over files of recorded events: several processes, one report, the same bytes however many they are.

Each process reads every line and judges those that are its own (line number modulo the number of processes), so that
memory holds one subject at a time. Divergences go to a spool by process and are put together in the order of lines.
"""

import hashlib
import heapq
import multiprocessing
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace as renamed
from multiprocessing.pool import AsyncResult
from pathlib import Path

from msgspec.structs import replace

from carelane.pathways.definition import Definition
from carelane.pathways.loading import load
from carelane.proofs.assumed import later
from carelane.proofs.backtest import (
    BacktestReport,
    Tally,
    encode,
    line_of,
    read_tally,
    report,
    together,
)
from carelane.proofs.events import (
    HEAD,
    Active,
    EventsFault,
    Header,
    Text,
    read_header,
    read_history,
)
from carelane.proofs.judging import Judge, judge_of
from carelane.proofs.recorded import World, for_replay
from carelane.releases.recorded import RecordedForce, RecordedLate

ASSUMES = "after the first divergence people were assumed to have done the same; never used for activation"
DIGEST_MIN = 8
PROGRESS_EVERY = 1_000
_CHUNK = 1 << 20
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a process needs: texts and paths, so that it can be sent to one."""

    files: tuple[str, ...]
    old: str  # digest
    new: str  # text
    place: str
    assume_same: bool
    part: int
    parts: int
    spool: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """A report, and its divergences line by line in the order of the events."""

    report: BacktestReport
    spools: tuple[Path, ...]

    def lines(self) -> Iterator[bytes]:
        """Each divergence as canonical JSON; none is held in memory."""
        for _, line in heapq.merge(*(_numbered(spool) for spool in self.spools), key=_line):
            yield line


def files_of(events: Path) -> tuple[Path, ...]:
    """A recording's files: itself, or the parts of a folder by name.

    Raises:
        EventsFault: there is none.
    """
    found = (events,) if events.is_file() else tuple(sorted(events.glob("*.jsonl")))
    if not found:
        raise EventsFault(
            f"{events}: no recorded events. Remedy: `carelane pathway events` writes them"
        )
    return found


def head_of(files: Sequence[Path]) -> Header:
    """The head that all parts have.

    Raises:
        EventsFault: a part has none, or another one.
    """
    heads = []
    for path in files:
        with path.open("rb") as file:
            heads.append(file.readline())
    for path, line in zip(files, heads, strict=True):
        if line != heads[0]:
            raise EventsFault(
                f"{path}: its first line is not that of {files[0]}: parts of different recordings."
                " Remedy: give each recording a folder of its own"
            )
    return read_header(heads[0], str(files[0]))


def digest_of(files: Sequence[Path]) -> str:
    """SHA-256 of the recording: of the parts' own digests, in order."""
    parts = []
    for path in files:
        found = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                found.update(chunk)
        parts.append(found.hexdigest())
    return parts[0] if len(parts) == 1 else hashlib.sha256("\n".join(parts).encode()).hexdigest()


@contextmanager
def backtest(  # noqa: PLR0913  # a back-test is all of these, by name
    events: Path,
    *,
    old: Definition,
    new_text: str,
    place: str,
    workers: int = 2,
    assume_same: bool = False,
    progress: Progress = lambda _: None,
) -> Iterator[Backtest]:
    """Judge a recording; the report stands while the block lasts.

    Raises:
        EventsFault: the recording can't be read, or `old` decided nothing in it.
    """
    files = files_of(events)
    known_releases(head_of(files), old)
    new = definition_of(new_text, place)
    with tempfile.TemporaryDirectory(prefix="carelane-backtest-") as name:
        jobs = [
            Job(
                files=tuple(map(str, files)), old=old.digest, new=new_text, place=place,
                assume_same=assume_same, part=part, parts=max(workers, 1),
                spool=str(Path(name) / f"{part}.spool"),
            )
            for part in range(max(workers, 1))
        ]  # fmt: skip
        tallies, digest = _run(jobs, files, progress)
        assumes = ASSUMES if assume_same else ""
        yield Backtest(
            report=report(together(tallies), old, new, events=digest, assumes=assumes),
            spools=tuple(Path(job.spool) for job in jobs),
        )


def definition_of(text: str, place: str) -> Definition:
    """A release's text, read.

    Raises:
        EventsFault: it has errors.
    """
    definition, problems = load(text, place=place)
    if definition is None:
        raise EventsFault("\n".join(each.line() for each in problems))
    return definition


def recorded_release(text: Text) -> Definition:
    """A release of a recording, under the digest it was in force by: that holds its templates too."""
    return renamed(definition_of(text.content, text.digest[:12]), digest=text.digest)


def decided_by(head: Header, wanted: str) -> Definition:
    """The release of a recording that a version, NAME@VERSION or the beginning of a digest names.

    Raises:
        EventsFault: none or several.
    """
    version = wanted.removeprefix(f"{head.pathway}@")
    texts = [recorded_release(each) for each in head.releases]
    mine = [each for each in texts if each.name == head.pathway]
    found = [each for each in mine if each.version == version or _begins(each, version)]
    if len(found) == 1:
        return found[0]
    there = ", ".join(f"{each.version} ({each.digest[:12]})" for each in mine)
    raise EventsFault(
        f"`{wanted}` is no file, and names {len(found)} releases that decided these events;"
        f" there is: {there or 'none'}. Remedy: name one of them"
    )


def _begins(definition: Definition, digest: str) -> bool:
    return len(digest) >= DIGEST_MIN and definition.digest.startswith(digest)


def known_releases(head: Header, old: Definition) -> Mapping[str, Definition]:
    """The recording's releases by digest, `old` among them.

    Raises:
        EventsFault: `old` is not.
    """
    found = {each.digest: recorded_release(each) for each in head.releases}
    if old.digest not in found:
        mine = [each for each in found.values() if each.name == head.pathway]
        there = ", ".join(f"{each.version} ({each.digest[:12]})" for each in mine)
        raise EventsFault(
            f"{old.name}@{old.version} ({old.digest[:12]}) decided none of these events; there is: {there or 'none'}."
            " Remedy: give --against the text that was published"
        )
    return found


def judge_for(head: Header, old: Definition, new: Definition) -> Judge:
    """A judge with the recording's own releases in force, and its late-bound answers."""
    published = {digest: for_replay(each) for digest, each in known_releases(head, old).items()}
    replayed = for_replay(new, old.inputs)
    more = {**published, new.digest: replayed}
    was = World(pinned=published, in_force=RecordedForce(head.activations, published))
    instead = tuple(_instead(each, old.digest, new.digest) for each in head.activations)
    would = World(
        pinned=more, in_force=RecordedForce(instead, more), instead=(old.digest, replayed)
    )
    return judge_of(head, old=old, new=new, was=was, would=would, lates=RecordedLate(head).at)


def _instead(active: Active, old: str, new: str) -> Active:
    return replace(active, release=new) if active.release == old else active


def _run(jobs: Sequence[Job], files: Sequence[Path], progress: Progress) -> tuple[list[Tally], str]:
    if len(jobs) == 1:
        tally = read_tally(work(jobs[0], progress))
        return [tally], digest_of(files)
    with multiprocessing.get_context("spawn").Pool(len(jobs)) as pool:
        running = [pool.apply_async(work, (job,)) for job in jobs]
        digest = digest_of(files)
        return [read_tally(raw) for raw in _waited(running, jobs, progress)], digest


def _waited(
    running: Sequence["AsyncResult[bytes]"], jobs: Sequence[Job], progress: Progress
) -> list[bytes]:
    """The tallies; meanwhile how far all have come, told by the size of a file each writes."""
    for each in running:
        while not each.ready():
            each.wait(0.5)
            progress(sum(_come(job) for job in jobs))
    return [each.get() for each in running]


def _come(job: Job) -> int:
    try:
        return int(Path(job.spool + ".at").read_text(encoding="ascii") or 0)
    except FileNotFoundError:
        return 0


def work(job: Job, progress: Progress | None = None) -> bytes:
    """One process's share; the tally as JSON."""
    files = tuple(map(Path, job.files))
    head = head_of(files)
    old = next(recorded_release(each) for each in head.releases if each.digest == job.old)
    judge = judge_for(head, old, definition_of(job.new, job.place))
    tally = Tally()
    with Path(job.spool).open("wb") as spool:
        for line, raw in _lines(files):
            if line % job.parts != job.part:
                continue
            history = read_history(raw, f"line {line + 1}")
            verdict = judge.judge(history)
            tally.add(line, verdict)
            for found in verdict.divergences:
                assumed = later(judge, history, found) if job.assume_same else None
                spool.write(b"%012d %s\n" % (line, line_of(found, assumed)))
            if tally.subjects % PROGRESS_EVERY == 0:
                _tell(job, tally, progress)
    return encode(tally)


def _tell(job: Job, tally: Tally, progress: Progress | None) -> None:
    if progress is not None:
        progress(tally.facts)
    else:
        Path(job.spool + ".at").write_text(str(tally.facts), encoding="ascii")


def _lines(files: Sequence[Path]) -> Iterator[tuple[int, bytes]]:
    """Subjects of all parts, numbered on through them."""
    number = 0
    for path in files:
        with path.open("rb") as file:
            for raw in file:
                if not raw.startswith(HEAD):
                    yield number, raw
                    number += 1


def _numbered(spool: Path) -> Iterator[tuple[int, bytes]]:
    with spool.open("rb") as file:
        for raw in file:
            yield int(raw[:12]), raw[13:].rstrip(b"\n")


def _line(numbered: tuple[int, bytes]) -> int:
    return numbered[0]
