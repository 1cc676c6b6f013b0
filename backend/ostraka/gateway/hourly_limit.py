"""Limit on what one client may ask for in an hour."""

import time
from collections import Counter
from threading import Lock

WINDOW_S = 3600


class HourlyLimit:
    """Counts requests of each client in a window of an hour."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._until_monotonic_s = 0.0
        self._lock = Lock()

    def take(self, client: str, most: int) -> int:
        """Count a request of a client, if it may still make one.

        Args:
            client: For whom it counts (`ostraka.wire.clients.client_of`).
            most: Most requests of a client in the window.

        Returns:
            0 if it was counted; otherwise after how many seconds the client may ask again.
        """
        with self._lock:
            now_monotonic_s = time.monotonic()
            if now_monotonic_s >= self._until_monotonic_s:
                self._counts.clear()
                self._until_monotonic_s = now_monotonic_s + WINDOW_S
            if self._counts[client] >= most:
                return int(self._until_monotonic_s - now_monotonic_s) + 1
            self._counts[client] += 1
            return 0
