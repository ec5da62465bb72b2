"""Measurements: Prometheus metrics and OpenTelemetry spans, behind the `Observer` port; and `/health`, `/metrics`.

Labels come from closed vocabularies: never patient data, never free text.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import msgspec
from opentelemetry import trace
from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest

from carelane.engine.clock import now

Health = Callable[[], Awaitable[Mapping[str, object]]]
_BUCKETS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Telemetry:
    """One process's metrics. Metrics are made at first use; a name always carries the same labels."""

    def __init__(self, tracer: Tracer | None = None) -> None:
        self.registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._histograms: dict[str, Histogram] = {}
        self._counted: dict[object, Counter] = {}
        self._observed: dict[object, Histogram] = {}
        self._tracer = tracer or trace.get_tracer("carelane")
        self._traced = tracer is not None

    def count(self, name: str, labels: Mapping[str, str], by: int = 1) -> None:
        """Add to a counter `carelane_<name>_total`."""
        key = (name, *labels.items())
        counted = self._counted.get(key)
        if counted is None:
            counted = self._counted[key] = self._counter(name, labels)
        counted.inc(by)

    def _counter(self, name: str, labels: Mapping[str, str]) -> Counter:
        metric = self._counters.get(name)
        if metric is None:
            metric = Counter(
                _full(name).removesuffix("_total"),
                name.replace("_", " "),
                sorted(labels),
                registry=self.registry,
            )
            self._counters[name] = metric
        return metric.labels(**labels) if labels else metric

    def observe(self, name: str, labels: Mapping[str, str], seconds: float) -> None:
        """Record a duration in `carelane_<name>_seconds`, and a span of that name."""
        key = (name, *labels.items())
        observed = self._observed.get(key)
        if observed is None:
            observed = self._observed[key] = self._histogram(name, labels)
        observed.observe(seconds)
        self._span(name, labels, seconds)

    def _histogram(self, name: str, labels: Mapping[str, str]) -> Histogram:
        metric = self._histograms.get(name)
        if metric is None:
            metric = Histogram(
                f"{_full(name).removesuffix('_seconds')}_seconds",
                name.replace("_", " "),
                sorted(labels),
                registry=self.registry,
                buckets=_BUCKETS,
            )
            self._histograms[name] = metric
        return metric.labels(**labels) if labels else metric

    def _span(self, name: str, labels: Mapping[str, str], seconds: float) -> None:
        """What took so long, as a span that ends now; without an exporter there is none."""
        if not self._traced and isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            return
        end = int(now().timestamp() * 1e9)
        span = self._tracer.start_span(
            name, attributes=dict(labels), start_time=end - int(seconds * 1e9)
        )
        span.end(end)

    def span(self, name: str, labels: Mapping[str, str]) -> Any:
        """An OpenTelemetry span as a context manager; without an exporter it costs next to nothing."""
        return self._tracer.start_as_current_span(name, attributes=dict(labels))

    def text(self) -> bytes:
        """The exposition format of Prometheus."""
        return generate_latest(self.registry)


def _full(name: str) -> str:
    return name if name.startswith("carelane_") else f"carelane_{name}"


Scope = MutableMapping[str, Any]


def health_app(
    telemetry: Telemetry, health: Health
) -> Callable[[Scope, Any, Any], Awaitable[None]]:
    """An ASGI application with `/health` (200 or 503, JSON) and `/metrics`; for every process."""

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        del receive
        if scope["type"] != "http":
            return
        status, kind, body = 404, b"text/plain", b"not found"
        if scope["path"] == "/metrics":
            status, kind, body = 200, b"text/plain; version=0.0.4", telemetry.text()
        elif scope["path"] == "/health":
            state = await health()
            status = 200 if state.get("healthy") else 503
            kind, body = b"application/json", msgspec.json.encode(state)
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]}
        )
        await send({"type": "http.response.body", "body": body})

    return app
