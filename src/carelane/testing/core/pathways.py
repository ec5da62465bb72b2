"""Miniature pathways as data, and the edge to build more. What is shipped lives in `pathways/*.yaml`."""

from carelane.testing.core.attention import attention
from carelane.testing.core.critical import critical
from carelane.testing.core.referral import referral
from carelane.testing.core.words import to

__all__ = ["attention", "critical", "referral", "to"]
