"""What both `emit` files write down of what they say: arrivals, red flags, mis-routes; and how they choose."""

from collections.abc import Sequence
from typing import Any

from carelane.testing.hospital.plan import Planned
from carelane.testing.hospital.state import Hospital, Wish
from carelane.testing.hospital.told import Arrival, Misroute, RedFlag


def came(  # noqa: PLR0913  # each says one thing, by name
    h: Hospital,
    p: Planned,
    said: Wish,
    control: str,
    *,
    by: str,
    channel: str = "mllp",
    again: str = "",
) -> None:
    """An arrival, under the number by which both sides know it."""
    h.arrivals.append(
        Arrival(
            workflow=said.workflow,
            at=h.now.isoformat(),
            by=by,
            number=said.number,
            message=control,
            channel=channel,
            service_line=p.line,
            site=p.site,
            urgent=said.urgent,
            incomplete=p.planted == "incomplete",
            again=again,
        )
    )


def red(  # noqa: PLR0913  # each says one thing, by name
    h: Hospital, control: str, said: Wish, *, by: str, kind: str, channel: str = "mllp"
) -> None:
    """A planted red flag; staff looks again soon."""
    flag = RedFlag(
        message=control, channel=channel, by=by, number=said.number, kind=kind, at=h.now.isoformat()
    )
    h.red_flags.append(flag)
    h.urgent()


def misrouted(h: Hospital, control: str, by: str, said: Wish) -> None:
    """A planted mis-route: `line` is what the message names, `meant` where it belongs."""
    h.misroutes[said.number] = Misroute(
        message=control, by=by, number=said.number, named=said.line, meant=said.meant
    )


def wish(p: Planned, kind: str, number: str, *, line: str = "", urgent: bool = False) -> Wish:
    """What is asked for, as the hospital knows it."""
    return Wish(
        kind=kind,
        number=number,
        person=p.person,
        line=line or p.line,
        site=p.site,
        workflow=p.workflow,
        meant=p.line,
        urgent=urgent,
    )


def pick(among: Sequence[Any], dice: float) -> Any:
    """One of several, by a number in [0, 1)."""
    return among[int(dice % 1 * len(among))]
