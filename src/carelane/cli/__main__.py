"""`python -m carelane.cli`: what `up` starts its processes by."""

import sys

from carelane.cli import main

sys.exit(main())
