"""What a house under test writes by: an SMS gateway and a mail server on loopback, and its own connections to both."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from carelane.compose.house import House
from carelane.compose.people import outbox_of
from carelane.effects.claim import know
from carelane.effects.outbox import Outbox
from carelane.testing.gateways.flavours import ACCOUNT, SENDER
from carelane.testing.gateways.server import GatewayServer, open_gateway
from carelane.testing.hospital.smtp import Sink
from tests.flows.conftest import Hand

PATIENTS = "patient.message"
LISTENER = """connections:
  mllp: { kind: hl7v2, site: north, settings: { direction: in, listen_host: 127.0.0.1, listen_port: 20575 } }
"""
POSTS = """  staff:
    kind: mail
    serves: [staff.alert]
    settings: {{ host: 127.0.0.1, port: {mail}, sending: {{ writes: [{{ resource: Communication }}] }} }}
  texts:
    kind: sms
    serves: [{texts}]
    settings:
      dialect: {dialect}
      base_url: {gateway}
      account: {account}
      sender: "{sender}"
      secret_file: gateway.secret
      callback_url: {door}
      total_s: 5
      sending: {{ per_second: 100, burst: 100, writes: [{{ resource: Communication }}] }}
  letters:
    kind: mail
    serves: [patient.message]
    settings:
      host: 127.0.0.1
      port: {mail}
      sender: clinic@northgate.example
      sending: {{ per_second: 100, burst: 100, writes: [{{ resource: Communication }}] }}
"""


@dataclass(frozen=True, kw_only=True)
class Posts:
    """A gateway and a mail server that stand."""

    dialect: str
    gateway: GatewayServer
    mail: Sink
    port: int

    def connections(self, door: str, *, texts: str = PATIENTS) -> str:
        """A house's connections to both: receipts and replies come to `door`, the gateway serves `texts`."""
        return POSTS.format(
            mail=self.port, dialect=self.dialect, gateway=self.gateway.root, account=ACCOUNT, sender=SENDER,
            door=door, texts=texts,
        )  # fmt: skip


@asynccontextmanager
async def standing_posts(dialect: str, hand: Hand) -> AsyncIterator[Posts]:
    """Both on ports of their own; the gateway goes by the hand clock."""
    gateway = await open_gateway(dialect, now=hand)
    mail = Sink()
    try:
        yield Posts(dialect=dialect, gateway=gateway, mail=mail, port=await mail.open())
    finally:
        await mail.close()
        await gateway.stop()


@asynccontextmanager
async def outbox_for(house: House) -> AsyncIterator[Outbox]:
    """The house's outbox, which knows its destinations; its senders let go of their sockets."""
    outbox = outbox_of(house)
    await know(outbox)
    yield outbox
    for sender in outbox.senders.values():
        await sender.close()
