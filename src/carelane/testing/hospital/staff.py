"""Simulated staff: people who sign in and work through the JSON API, like anybody else.

Each takes what is theirs, finishes it with the right form, now and then lets go of something, and races the others.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

Answer = tuple[str, Mapping[str, Any]]
_CONFLICT = 409

# Task kind -> outcomes with their forms; the first is what usually happens.
WORK: Mapping[str, Sequence[Answer]] = {
    "complete-referral": (("completed", {"service": "cardiology"}), ("ask-referrer", {"question": "Which knee?"})),
    "triage-referral": (
        ("accepted", {}), ("accepted", {}), ("accepted", {}), ("accepted", {}),
        ("declined", {"decline_reason": "duplicate"}), ("redirected", {"service": "primary-care"}),
    ),
    "get-information": (("received", {"answer": "The left one.", "service": "orthopaedics"}),),
    "book-appointment": (("booked", {}), ("booked", {}), ("patient-declined", {}), ("no-answer", {})),
    "decide-unreached": (("withdraw", {"note": "moved away"}), ("try-again", {})),
    "confirm-attendance": (("attended", {}),),
    "free-appointment": (("freed", {}),),
    "chase-report": (("report-sent", {}),),
    "check-early-report": (("answers-referral", {}),),
    "tell-referrer": (("told", {"told_how": "phone"}),),
    "take-result": (("acknowledged", {"received_by": "ward", "read_back": True}),),
    "act-on-result": (("acted", {"action": "treated"}), ("no-action-needed", {"reason": "known"})),
    "inform-patient": (("informed", {"told_by": "ward", "told_how": "phone"}), ("no-answer", {})),
    "decide": (("done", {"reason": "seen on the ward"}),),
    "sort-message": (("not-needed", {"note": "sent twice by mistake"}),),
    "settle-effect": (("was-done", {"note": "seen in the record"}),),
}  # fmt: skip
SILENT = 0.05
LETS_GO = 0.03


@dataclass(slots=True, kw_only=True)
class Person:
    """One member of staff with a session."""

    name: str
    api: str
    chance: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    _token: str = field(default="", repr=False)
    _ignored: set[str] = field(default_factory=set)

    async def sign_in(self, http: aiohttp.ClientSession, password: str) -> None:
        """Begin a session."""
        body = {"person": self.name, "password": password}
        async with http.post(f"{self.api}/api/session", json=body) as answer:
            answer.raise_for_status()
            self._token = (await answer.json())["token"]

    async def round(self, http: aiohttp.ClientSession) -> int:
        """Look at the list once and work through it; how many tasks were finished."""
        done = 0
        for task in await self._list(http):
            if task["id"] in self._ignored or task["name"] not in WORK:
                continue
            if self.chance.random() < SILENT:
                self._ignored.add(task["id"])  # stays silent: the clock must help
                self.counts["silent"] += 1
                continue
            done += await self._work(http, task)
        return done

    async def _list(self, http: aiohttp.ClientSession) -> Sequence[Mapping[str, Any]]:
        url = f"{self.api}/api/tasks?view=pools&limit=100"
        async with http.get(url, headers=self._headers()) as answer:
            if not answer.ok:
                self.counts[f"list-{answer.status}"] += 1
                return []
            tasks: Sequence[Mapping[str, Any]] = (await answer.json())["tasks"]
            return tasks

    async def _work(self, http: aiohttp.ClientSession, task: Mapping[str, Any]) -> int:
        status, claimed = await self._act(http, task["id"], "claim", {"version": task["version"]})
        if status == _CONFLICT:
            self.counts["lost"] += 1
            return 0
        version = claimed.get("version", task["version"])
        if self.chance.random() < LETS_GO:
            status, _ = await self._act(http, task["id"], "release", {"version": version})
            self.counts["released" if status < 300 else f"release-{status}"] += 1  # noqa: PLR2004  # HTTP success
            return 0
        outcome, form = self.chance.choice(WORK[task["name"]])
        body = {"version": version, "outcome": outcome, "form": dict(form)}
        status, answer = await self._act(http, task["id"], "complete", body)
        self.counts["finished" if status < 300 else f"complete-{status}"] += 1  # noqa: PLR2004  # HTTP success
        if status >= 300:  # noqa: PLR2004  # as above
            self._ignored.add(task["id"])
            self.counts[f"{task['name']}: {answer.get('code', answer.get('reason', '?'))}"] += 1
        return int(status < 300)  # noqa: PLR2004  # as above

    async def _act(
        self, http: aiohttp.ClientSession, task: str, verb: str, body: Mapping[str, Any]
    ) -> tuple[int, Mapping[str, Any]]:
        url = f"{self.api}/api/tasks/{task}/{verb}"
        async with http.post(url, json=body, headers=self._headers()) as answer:
            return answer.status, await answer.json()

    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._token}"}


async def work_until_quiet(
    people: Sequence[Person], http: aiohttp.ClientSession, *, rounds_max: int, pause_s: float
) -> int:
    """Let everybody work side by side until three rounds find nothing; how many tasks were finished."""
    total, quiet = 0, 0
    for _ in range(rounds_max):
        done = sum(await asyncio.gather(*(person.round(http) for person in people)))
        total += done
        quiet = 0 if done else quiet + 1
        if quiet == 3:  # noqa: PLR2004  # effects and clocks had time to bring more
            break
        await asyncio.sleep(pause_s)
    return total
