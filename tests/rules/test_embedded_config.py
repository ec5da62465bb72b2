"""How the embedded server is sized."""

import pytest

from carelane.store.embedded_config import EmbeddedSettings, buffers_mb


@pytest.mark.parametrize(
    ("memory_mb", "buffers"), [(1_000, 128), (4_096, 256), (24_105, 1_024), (512_000, 1_024)]
)
def test_the_servers_cache_follows_the_machines_memory(memory_mb: int, buffers: int) -> None:
    assert buffers_mb(memory_mb) == buffers


def test_this_machines_memory_is_asked() -> None:
    assert 128 <= EmbeddedSettings().shared_buffers_mb <= 1_024
