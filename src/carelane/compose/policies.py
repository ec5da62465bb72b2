"""The site's access policies, read and checked: without them nobody may do anything."""

from carelane.access.policies import Policies, load_policies
from carelane.facts.errors import SetupFault
from carelane.settings import Settings


class PolicyFault(SetupFault):
    """The access policies do not validate, so nobody may do anything: mend the files named in the message."""

    code = "policy"


def policies_of(settings: Settings) -> Policies:
    """The site's policies, checked.

    Raises:
        PolicyFault: they do not validate.
    """
    folder = settings.policies
    text = "\n".join(each.read_text(encoding="utf-8") for each in sorted(folder.glob("*.cedar")))
    schemas = sorted(folder.glob("*.cedarschema"))
    if not text or not schemas:
        raise PolicyFault(
            f"no *.cedar and *.cedarschema in {folder}. Remedy: copy the shipped folder `policies`"
        )
    found, problems = load_policies(text, schemas[0].read_text(encoding="utf-8"))
    if found is None:
        raise PolicyFault("\n".join(each.line() for each in problems))
    return found
