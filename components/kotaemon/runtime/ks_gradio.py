"""Keeps gradio from writing into the image, which is read-only.

For every component class gradio writes an interface file for editors beside the class's source. It swallows the error
of that write and then reads the file back, so on an image that was never started before the first component of the
application's own ends the start with FileNotFoundError (create_or_modify_pyi in gradio/component_meta.py;
docs/facts/kotaemon.md, trap 0). Nothing reads these files while the application runs.
"""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from ks_environment import refuse
from ks_hooks import after_import

MODULE = "gradio.component_meta"
WRITER = "create_or_modify_pyi"


def refuse_this_gradio(what: str) -> None:
    refuse(
        f"this image's gradio {what}, so it would write beside its source and stop on the read-only image; "
        "use an image with gradio 4.39 (Kotaemon 0.11), or correct ks_gradio.py of the runtime files"
    )


def write_nothing(*_what: Any, **_named: Any) -> None:
    """In place of create_or_modify_pyi."""


def take_writer_out(component_meta: ModuleType) -> None:
    maker = getattr(getattr(component_meta, "ComponentMeta", None), "__new__", None)
    used = getattr(getattr(maker, "__code__", None), "co_names", ())
    if not callable(getattr(component_meta, WRITER, None)) or WRITER not in used:
        refuse_this_gradio(f"does not make its interface files by {MODULE}.{WRITER}")
    setattr(component_meta, WRITER, write_nothing)


def write_no_interface_files() -> None:
    """To be called before the application is imported. Ends with 78 where gradio keeps the function elsewhere."""
    gradio = importlib.util.find_spec("gradio")
    if gradio is None:
        return
    folders = [Path(folder) for folder in gradio.submodule_search_locations or ()]
    if not any((folder / "component_meta.py").is_file() for folder in folders):
        refuse_this_gradio(f"has no module {MODULE}")
    after_import(MODULE, take_writer_out)
