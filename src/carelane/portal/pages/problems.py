"""When something can't be shown: a page or fragment with code, sentence and remedy; never a value of the request."""

from carelane.portal.desk import Asked
from carelane.portal.render import Html, is_fragment, page
from carelane.portal.saying import Said


def problem(request: Asked, said: Said) -> Html:
    """The problem as a page, or as a notice for the page's script."""
    template = "_problem.html" if is_fragment(request) else "problem.html"
    return page(request, template, status=said.status, said=said)
