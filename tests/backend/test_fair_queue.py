"""Lines take turns, and where there is no room the longest line gives way."""

from random import Random

from ostraka.node.fair_queue import FairQueue


def test_groups_take_turns_and_lines_within_groups() -> None:
    queue: FairQueue[str] = FairQueue(100, 100, 100)
    for item in ("a1", "a2", "a3"):
        assert queue.put("first", "a", item) is None
    assert queue.put("first", "b", "b1") is None
    assert queue.put("second", "c", "c1") is None
    assert (len(queue), queue.groups) == (5, 2)
    assert queue.take(2) == ["a1", "c1"]
    assert queue.take(10) == ["b1", "a2", "a3"]
    assert (len(queue), queue.groups, queue.take(1)) == (0, 0, [])


def test_a_line_and_a_group_have_bounds() -> None:
    queue: FairQueue[str] = FairQueue(100, 3, 2)
    assert [queue.put("g", "a", item) for item in ("a1", "a2", "a3")] == [None, None, "a3"]
    assert queue.put("g", "b", "b1") is None
    # The group is full: its longest line gives way to a shorter one, and to no line as long.
    assert queue.put("g", "c", "c1") == "a2"
    assert queue.put("g", "d", "d1") == "d1"
    assert queue.take(9) == ["a1", "b1", "c1"]


def test_a_full_queue_takes_from_the_largest_group() -> None:
    queue: FairQueue[int] = FairQueue(4, 4, 4)
    assert [queue.put("bulk", "line", item) for item in range(4)] == [None] * 4
    # Until both have as many: then the newcomer finds no room.
    assert [queue.put("other", "line", item) for item in (10, 11, 12)] == [3, 2, 12]
    assert queue.take(9) == [0, 10, 1, 11]


def test_nothing_is_lost_or_doubled() -> None:
    """Every item is taken once, or handed back by the call that found no room for it."""
    random = Random("fair queue")
    queue: FairQueue[int] = FairQueue(20, 8, 5)
    gone: list[int] = []
    for item in range(3000):
        rejected = queue.put(random.randrange(6), random.randrange(3), item)
        gone += [] if rejected is None else [rejected]
        assert len(queue) <= 20
        if random.random() < 0.4:
            gone += queue.take(random.randrange(4))
    gone += queue.take(100)
    assert sorted(gone) == list(range(3000))
