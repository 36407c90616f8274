"""Keeps gradio from writing into the image, which is read-only.

For every component class gradio writes an interface file for editors beside the class's source. It swallows the error
of that write and then reads the file back, so on an image that was never started before the first component of the
application's own ends the start with FileNotFoundError (create_or_modify_pyi in gradio/component_meta.py;
facts/kotaemon.md, trap 0). Nothing reads these files while the application runs.
"""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from ks_environment import refuse

MODULE = "gradio.component_meta"
WRITER = "create_or_modify_pyi"


def refuse_this_gradio(what: str) -> None:
    refuse(
        f"this image's gradio {what}, so it would write beside its source and stop on the read-only image; "
        "use an image with gradio 4.39 (Kotaemon 0.11), or correct ks_gradio.py of the runtime files"
    )


def write_nothing(*_what: Any, **_named: Any) -> None:
    """In place of create_or_modify_pyi."""


class WithoutWriter(Loader):
    """Loads gradio's module, and takes the function that writes out of it before any class is made."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        maker = getattr(getattr(module, "ComponentMeta", None), "__new__", None)
        used = getattr(getattr(maker, "__code__", None), "co_names", ())
        if not callable(getattr(module, WRITER, None)) or WRITER not in used:
            refuse_this_gradio(f"does not make its interface files by {MODULE}.{WRITER}")
        setattr(module, WRITER, write_nothing)


class Finder(MetaPathFinder):
    """Finds that one module, also when half of gradio is imported already: others take the function by its name."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != MODULE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = WithoutWriter(spec.loader)
        return spec


def write_no_interface_files() -> None:
    """To be called before the application is imported. Ends with 78 where gradio keeps the function elsewhere."""
    gradio = importlib.util.find_spec("gradio")
    if gradio is None:
        return
    folders = [Path(folder) for folder in gradio.submodule_search_locations or ()]
    if not any((folder / "component_meta.py").is_file() for folder in folders):
        refuse_this_gradio(f"has no module {MODULE}")
    sys.meta_path.insert(0, Finder())
