"""The doorbell: who is woken by whom, and how much one ring between processes says."""

from carelane.engine.bell import TOLD_BYTES_MAX, Bell

DOOR = "interpret/mllp"


async def _woken(bell: Bell) -> bool:
    return await bell.wait(DOOR, seconds=0)


async def test_a_door_that_is_left_to_others_is_heard_from_within_only() -> None:
    bell = Bell()
    bell.leave(DOOR)
    bell.ring_from(DOOR)
    assert not await _woken(bell)
    bell.ring_here(DOOR)
    assert await _woken(bell)
    bell.heed(DOOR)
    bell.ring_from(DOOR)
    assert await _woken(bell)


async def test_however_many_doors_are_rung_each_is_told_once_in_parts_that_one_notify_carries() -> (
    None
):
    bell = Bell(debounce_s=0)
    doors = {f"interpret/connection-of-the-clinic-{n}" for n in range(500)} | {"x" * 9_000}
    for each in doors:
        bell.ring(each)
    told: list[str] = []
    while sum(each.count(",") + 1 for each in told) < len(doors):
        told.append(await bell.rung())
    assert sorted(",".join(told).split(",")) == sorted(doors)
    assert all(len(each) <= TOLD_BYTES_MAX for each in told if "," in each)
