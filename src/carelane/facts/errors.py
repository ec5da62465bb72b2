"""The error root. Expected outcomes (denied, not found, retry later) are values, not errors.

Each subclass has a stable `code`; its docstring is an instruction to whoever reads the log.
Messages never contain patient data: put places (segment, field, line) and counts into them, not values.
"""


class CarelaneError(Exception):
    """Something is wrong that Carelane can't settle by itself; read the code and the message."""

    code = "carelane"


class LocalFault(CarelaneError):
    """We broke a rule of the standard or of our own contract: a defect to report."""

    code = "local-fault"


class RemoteFault(CarelaneError):
    """The other side sent what the standard or the agreed limits do not allow."""

    code = "remote-fault"


class SetupFault(CarelaneError):
    """The site's settings, files or database are not as Carelane needs them; the message says the remedy."""

    code = "setup-fault"
