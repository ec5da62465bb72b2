"""HL7 v2 codec: bytes in, messages and events out; no socket, no clock.

`parse` and `build` are inverse; `envelope` and `acknowledge` serve receiving; `split_batch` and
`Framer` find single messages in files and streams. What a message means is `mapping`'s business.
"""

from carelane.connect.hl7v2.codec.batch import split_batch
from carelane.connect.hl7v2.codec.building import Unbuildable, build, compose, segment_text
from carelane.connect.hl7v2.codec.envelope import acknowledge, envelope, stamp
from carelane.connect.hl7v2.codec.framer import Broken, Event, Frame, Framer, Garbage, frame
from carelane.connect.hl7v2.codec.message import Message, Repetition, Segment
from carelane.connect.hl7v2.codec.problems import BYTES_MAX
from carelane.connect.hl7v2.codec.reading import parse
from carelane.connect.hl7v2.codec.separators import STANDARD, Separators

__all__ = [
    "BYTES_MAX",
    "STANDARD",
    "Broken",
    "Event",
    "Frame",
    "Framer",
    "Garbage",
    "Message",
    "Repetition",
    "Segment",
    "Separators",
    "Unbuildable",
    "acknowledge",
    "build",
    "compose",
    "envelope",
    "frame",
    "parse",
    "segment_text",
    "split_batch",
    "stamp",
]
