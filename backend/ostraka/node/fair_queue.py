"""A bounded queue in which bulk senders do not delay others.

Items are in lines, and lines in groups. Groups take turns, and so do the lines of a group. If the
queue is full, the longest line loses an item.
"""

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """First in, first out within a line; round-robin over lines and groups."""

    def __init__(self, most: int, most_of_group: int, most_of_line: int) -> None:
        """Args:
        most: Bound on all items; all bounds are at least 1.
        most_of_group: Bound on the items of one group.
        most_of_line: Bound on the items of one line.
        """
        self._most = most
        self._most_of_group = most_of_group
        self._most_of_line = most_of_line
        self._groups: OrderedDict[Hashable, _Group[T]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        """Number of items."""
        return self._size

    @property
    def groups(self) -> int:
        """Number of groups that have items."""
        return len(self._groups)

    def put(self, group: Hashable, line: Hashable, item: T) -> T | None:
        """Add an item to the end of its line.

        Returns:
            The item for which there is no room: this one, or the newest of a longer line, which
            has been removed from the queue. None if there was room.
        """
        own = self._groups.get(group) or _Group()
        length = own.length(line)
        if length >= self._most_of_line:
            return item
        given_way = None
        if own.size >= self._most_of_group:
            if own.longest() <= length + 1:
                return item
            given_way = own.drop()
        elif self._size >= self._most:
            name, largest = max(reversed(self._groups.items()), key=lambda entry: entry[1].size)
            if largest is own:
                if own.longest() <= length + 1:
                    return item
            elif largest.size <= own.size + 1:
                return item
            given_way = largest.drop()
            if not largest.size:
                del self._groups[name]
        if given_way is None:
            self._size += 1
        own.put(line, item)
        self._groups[group] = own
        return given_way

    def take(self, most: int) -> list[T]:
        """Remove and return items in the order of their turns, up to a limit."""
        taken: list[T] = []
        while self._groups and len(taken) < most:
            name, group = self._groups.popitem(last=False)
            taken.append(group.take())
            if group.size:
                self._groups[name] = group
        self._size -= len(taken)
        return taken


class _Group(Generic[T]):
    """Lines that take turns."""

    def __init__(self) -> None:
        self.size = 0
        self._lines: OrderedDict[Hashable, deque[T]] = OrderedDict()

    def length(self, line: Hashable) -> int:
        return len(self._lines.get(line, ()))

    def longest(self) -> int:
        return max(map(len, self._lines.values()))

    def put(self, line: Hashable, item: T) -> None:
        self._lines.setdefault(line, deque()).append(item)
        self.size += 1

    def take(self) -> T:
        name, line = self._lines.popitem(last=False)
        item = line.popleft()
        if line:
            self._lines[name] = line
        self.size -= 1
        return item

    def drop(self) -> T:
        """Remove the newest item of the longest line; of equally long lines, of the latest."""
        name, line = max(reversed(self._lines.items()), key=lambda entry: len(entry[1]))
        item = line.pop()
        if not line:
            del self._lines[name]
        self.size -= 1
        return item
