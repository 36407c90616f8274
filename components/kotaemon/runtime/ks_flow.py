"""Where theflow, the application's pipeline library, keeps its runs and its cache: nowhere, and in bounded memory.

It writes the input and output of every step of every question to its storage, document text included, and nothing in
the application reads them (theflow/runs/base.py, persist): here they are taken and forgotten. Its cache, a folder of
/tmp by default, holds the state of running pipelines as well, so a full disk ended every question
(theflow/context.py): here it is memory of the process, and the oldest goes first.

kh_settings.py names these classes; theflow makes them.
"""

import io
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from theflow.cache import BaseCache  # pyright: ignore
from theflow.storage.base import BaseStorage  # pyright: ignore

CACHE_BYTES = 128 * 1024 * 1024
EVERY_RUN = "__all_contexts__"
"""theflow's list of every run since the start; it only grows, and nothing reads it (theflow/context.py)."""


class ForgettingStorage(BaseStorage):  # pyright: ignore
    """Takes everything that is written, keeps nothing."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix

    def open(self, path: str, mode: str = "rb", encoding: str | None = None) -> Any:
        if "r" in mode:
            raise FileNotFoundError(f"runs are not kept: {path}")
        return io.BytesIO() if "b" in mode else io.StringIO()

    def exists(self, path: str) -> bool:
        return False

    def rm(self, path: str) -> None:
        pass

    def join(self, *paths: str) -> str:
        return "/".join(paths)

    def url(self, *paths: str) -> str:
        return "/".join((self._prefix, *paths))


class Memory:
    """Pickled values, `limit` bytes of them; what was not used for longest goes first. Pickled: readers change them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._values: OrderedDict[str, bytes] = OrderedDict()
        self.lock = threading.RLock()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __len__(self) -> int:
        return len(self._values)

    def read(self, key: str) -> Any:
        """Raises KeyError."""
        with self.lock:
            self._values.move_to_end(key)
            data = self._values[key]
        return pickle.loads(data)  # noqa: S301 our own memory

    def write(self, key: str, value: Any) -> None:
        data = pickle.dumps(value)
        with self.lock:
            self.remove(key)
            self._values[key] = data
            self._size += len(data)
            # The one that was just written stays, however large: it belongs to a run that goes on.
            while self._size > self._limit and len(self._values) > 1:
                self.remove(next(iter(self._values)))

    def remove(self, key: str) -> None:
        with self.lock:
            self._size -= len(self._values.pop(key, b""))


MEMORY = Memory(CACHE_BYTES)


class BoundedCache(BaseCache):  # pyright: ignore
    """theflow's cache in this process's memory. It makes one for every step; all share MEMORY."""

    def __init__(self) -> None:
        pass

    def add(self, key: str, value: Any, timeout: int | None = None) -> None:
        with MEMORY.lock:
            if key not in MEMORY:
                MEMORY.write(key, value)

    def get(self, key: str, default: Any = None) -> Any:
        try:
            return MEMORY.read(key)
        except KeyError:
            return default

    def set(self, key: str, value: Any, timeout: int | None = None) -> None:
        MEMORY.write(key, value)

    def delete(self, key: str) -> None:
        MEMORY.remove(key)

    def touch(self, key: str, timeout: int | None = None) -> None:
        self.get(key)

    def clear(self) -> None:
        raise NotImplementedError("it holds the state of running pipelines")

    def close(self) -> None:
        pass

    def incr(self, key: str, delta: int = 1) -> int:
        return self.get_then_set(key, lambda value: value + delta, 0)

    def decr(self, key: str, delta: int = 1) -> int:
        return self.incr(key, -delta)

    def __contains__(self, key: str) -> bool:
        return key in MEMORY

    def __getitem__(self, key: str) -> Any:
        return MEMORY.read(key)

    def __setitem__(self, key: str, value: Any) -> None:
        MEMORY.write(key, value)

    def __delitem__(self, key: str) -> None:
        MEMORY.remove(key)

    def get_then_set(self, key: str, func: Callable[[Any], Any], default: Any = None) -> Any:
        if key == EVERY_RUN:
            return default
        with MEMORY.lock:
            value = func(self.get(key, default))
            MEMORY.write(key, value)
        return value
