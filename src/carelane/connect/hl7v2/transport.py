"""MLLP over TCP and TLS: `listen` and `Client`, gathered for the rooms that wire them."""

from carelane.connect.hl7v2.client import Client, NoAnswer, NotSent
from carelane.connect.hl7v2.listener import Inbound, Listener, NotEncrypted, listen
from carelane.connect.hl7v2.tls import CertificateUnusable, client_tls, server_tls

__all__ = [
    "CertificateUnusable",
    "Client",
    "Inbound",
    "Listener",
    "NoAnswer",
    "NotEncrypted",
    "NotSent",
    "client_tls",
    "listen",
    "server_tls",
]
