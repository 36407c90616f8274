"""Changes a module of the image right after it was imported, before anybody else has it.

The image is read-only and its code is not ours; what cannot be said by a setting is changed here, in the process only.
Each change is a file of its own, which looks at what it finds and says so when the place has moved.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

Change = Callable[[ModuleType], None]


class ChangingLoader(Loader):
    """Loads a module as it is, then changes it."""

    def __init__(self, loader: Loader, change: Change) -> None:
        self._loader = loader
        self._change = change

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._change(module)


class Finder(MetaPathFinder):
    """Asks the other finders for the modules that are to be changed, and for no others."""

    def __init__(self) -> None:
        self.changes: dict[str, Change] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        change = self.changes.get(fullname)
        if change is None:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = ChangingLoader(spec.loader, change)
                return spec
        return None


FINDER = Finder()


def after_import(name: str, change: Change) -> None:
    """Have a module changed when it is imported. To be called before that, once for each module."""
    if FINDER not in sys.meta_path:
        sys.meta_path.insert(0, FINDER)
    FINDER.changes[name] = change
