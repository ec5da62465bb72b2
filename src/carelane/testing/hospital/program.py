"""The hospital's day: open its ends, send the morning over MLLP, let staff work, tell what was seen."""

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from carelane.connect.hl7v2.codec import envelope
from carelane.testing.ehr.profiles import PROFILES
from carelane.testing.ehr.server import EhrServer
from carelane.testing.hospital.ends import client_keys, open_mail, open_texts
from carelane.testing.hospital.script import Morning, morning
from carelane.testing.hospital.staff import Person, work_until_quiet
from carelane.testing.mllp import Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where everything is, and how long it may take. `staff` maps names to passwords."""

    portal: str
    mllp_port: int
    ehr_port: int
    smtp_port: int
    texts_port: int
    home: Path
    profile: str = "a"
    seed: int = 1
    staff: Mapping[str, str] = field(repr=False)
    rounds_max: int = 60
    pause_s: float = 0.6


HERE = "127.0.0.1"
TROUBLES: Sequence[Mapping[str, object]] = (
    {
        "mode": "commit-then-reset",
        "method": "POST",
    },  # done, but nobody heard: looked up, not sent twice
    {"mode": "503", "count": 2, "retry_after": "2"},
)


def tell(**what: object) -> None:
    """One JSON line of progress."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def day(plan: Plan, stop: asyncio.Event) -> None:
    """One day. Then all ends stay open until told to stop, because effects still come in."""
    async with AsyncExitStack() as stack:
        ehr = EhrServer(profile=PROFILES[plan.profile])
        ehr.tokens.register("carelane", client_keys(plan.home, "ehr"))
        for trouble in TROUBLES:
            ehr.faults.add(dict(trouble))
        await ehr.start(HERE, plan.ehr_port)
        stack.push_async_callback(ehr.stop)
        sink = await open_mail(stack, plan.smtp_port)
        gateway = await open_texts(stack, plan.home, HERE, plan.texts_port, _now)
        tell(ehr=f"http://{HERE}:{plan.ehr_port}", smtp=plan.smtp_port)
        await _work(plan, morning(seed=plan.seed, now=_now()))
        tell(done=True, mails=len(sink.mails), texts=len(gateway.taken))
        await stop.wait()


def _now() -> datetime:
    return datetime.now(UTC)  # a program of its own, with the machine's clock


async def _work(plan: Plan, made: Morning) -> None:
    people = [
        Person(name=name, api=plan.portal, chance=random.Random(plan.seed + number))  # noqa: S311  # staff, not secrets
        for number, name in enumerate(sorted(plan.staff))
    ]
    async with aiohttp.ClientSession() as http:
        for person in people:
            await person.sign_in(http, plan.staff[person.name])
        sent = Counter[str]()
        for phase in ("arrivals", "visits", "reports"):
            raws = getattr(made, phase)
            sent += await _send(plan, raws)
            tell(phase=phase, sent=len(raws))
            finished = await work_until_quiet(
                people, http, rounds_max=plan.rounds_max, pause_s=plan.pause_s
            )
            tell(phase=phase, finished=finished)
        sent += await _send(plan, made.left)
        tell(phase="left for you", sent=len(made.left))
        counts = sum((person.counts for person in people), Counter[str]())
        tell(sent=sum(sent.values()), triggers=sorted(sent), staff=dict(counts))


async def _send(plan: Plan, raws: Sequence[bytes]) -> Counter[str]:
    sender = Sender(host=HERE, port=plan.mllp_port, window=8)
    answers = await sender.send(raws)
    codes = Counter(answer.code for answer in answers)
    tell(answers=dict(codes))
    return Counter(envelope(raw).trigger for raw in raws)
