"""Threads for reads of the chain.

A provider may take many seconds for an answer. Its callers must not use up the threads that check
ballots.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")
_THREADS = ThreadPoolExecutor(16, thread_name_prefix="chain")


async def in_chain_thread(read: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """As `asyncio.to_thread`, in a thread for reads of the chain."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_THREADS, partial(read, *args, **kwargs))
