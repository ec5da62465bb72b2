"""Judges a pathway by brute force: its own naive reading of the language, over every single world (`worlds`).

Written without the prover's code, to disagree with it where it is wrong. It reads states, events, outcomes, counters,
clocks, effects' ends, cancellation, reopening, blocks (every interleaving of their regions, nothing taken apart), waits
for other cases, and time left until a moment. What it finds is the set of rules that break.

`texts` lists what a pathway says, `domains` which values it tells apart, `reading` where guards and tables hold;
`places` is where a case can stand, `entering` and `happening` what can happen there, `layouts` which values make no
difference any more once a case stands there, `running` carries worlds along steps, `walking` goes everywhere. Each rule
has a file of its own; `judging` asks them all.
"""

from tests.rules.brute.domains import NotForMe
from tests.rules.brute.flags import red_flag_rows
from tests.rules.brute.judging import judge

__all__ = ["NotForMe", "judge", "red_flag_rows"]
