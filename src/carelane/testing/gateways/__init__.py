"""Two SMS gateways over HTTP, each with the interface, the error codes and the signatures of its public reference.

What a gateway accepted it has sent: `GatewayServer.doubles` counts what went out twice.
"""
