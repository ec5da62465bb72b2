"""The payer as a program of its own: started, asked, told what to answer, its notifications heard."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from carelane.compose.client_keys import make
from carelane.connect.fhir.payer_adapter import open_door, open_sender
from carelane.facts.ports import PENDED, Receipt, Verdict
from carelane.testing.conformance.payer_rig import open_rig
from carelane.testing.doorstep import standing
from tests.adapters.programs import asked, program


async def test_a_program_that_decides_and_tells(tmp_path: Path) -> None:
    """A cut answer is looked up and not sent twice; the decision comes by a notification; doubles are counted."""
    heard: list[bytes] = []
    woken: list[str] = []
    secret = tmp_path / "secret"
    secret.write_text("x" * 40)

    async def receive(_name: str, raw: bytes) -> Receipt:
        heard.append(raw)
        return Receipt(outcome="accepted", message=None)

    async def keep(raw: bytes) -> Receipt:
        return await receive("", raw)

    async def wake() -> None:
        woken.append("")

    rig = await open_rig()
    intent = rig.intent("program")
    await rig.close()
    jwks = make(tmp_path / "key.pem", key_id="k1")
    async with program("carelane.testing.payer", "--jwks", str(jwks), "--seed", "7") as at:
        settings: dict[str, Any] = {
            "base_url": at["base"], "client_id": "carelane", "key_id": "k1", "key_file": str(tmp_path / "key.pem"),
            "requestor": {"name": "Northgate Health"}, "notify_secret_file": str(secret),
            "payers": {"granite-health": {"name": "Granite Health"}},
        }  # fmt: skip
        door = open_door(settings, connection="payer", receive=receive, wake=wake)
        async with standing(door) as base:
            channel = {"endpoint": str(base), "payload": "application/fhir+json",
                       "header": [f"X-Carelane-Secret: {'x' * 40}"]}  # fmt: skip
            await asked(f"{at['admin']}/subscriptions", {"channel": channel})
            await asked(f"{at['admin']}/answers", {"answers": ["pended"]})
            await asked(f"{at['admin']}/faults", {"mode": "commit-then-reset"})
            sender = open_sender(settings, keep=keep)
            now = datetime.now(UTC)  # noqa: TID251  # the program has the machine's clock
            assert (await sender.send(intent, attempt=1, now=now)).verdict is Verdict.UNKNOWN
            found = await sender.look_up(intent, now=now + timedelta(seconds=1))
            assert (found.verdict, found.cause) == (Verdict.DONE, PENDED)
            await asked(f"{at['admin']}/decide", {"answer": "denied"})
            told = await asked(f"{at['admin']}/claims")
            await sender.close()
    assert [one["answer"] for one in told["claims"]] == ["denied"]
    assert (told["doubles"], told["notified"]) == (0, [200])
    assert len(heard) == 2
    assert b'"A3"' in heard[1]
    assert woken == []
