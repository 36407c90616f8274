"""ks_gradio.py: a gradio that writes beside its source, swallows the error and reads the file back, as the real one."""

from pathlib import Path

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import House, Pod

COMPONENT_META = """
import inspect
from pathlib import Path

def create_or_modify_pyi(component_class, name, events):
    beside = Path(inspect.getfile(component_class)).with_suffix(".pyi")
    if not beside.exists():
        try:
            beside.write_text(name)
        except OSError:
            pass
    beside.read_text()

class ComponentMeta(type):
    def __new__(cls, name, bases, attributes):
        made = super().__new__(cls, name, bases, attributes)
        create_or_modify_pyi(made, name, [])
        return made
"""
BLOCKS = """
from gradio.component_meta import create_or_modify_pyi

class BlocksEvents:
    pass

create_or_modify_pyi(BlocksEvents, "BlocksEvents", [])
"""
COMPONENT = """
from gradio.component_meta import ComponentMeta

class File(metaclass=ComponentMeta):
    pass

print("component made", flush=True)
"""
SSO_SERVER = """
import importlib
def run(app, **options):
    importlib.import_module(app.partition(":")[0])
"""


def with_gradio(house: House, component_meta: str = COMPONENT_META) -> None:
    """The application's folder with a gradio in it; the application makes a component before it serves."""
    gradio = house.app / "gradio"
    gradio.mkdir()
    (gradio / "__init__.py").write_text("import gradio.blocks_events\n")
    (gradio / "blocks_events.py").write_text(BLOCKS)
    if component_meta:
        (gradio / "component_meta.py").write_text(component_meta)
    (house.app / "ui.py").write_text(COMPONENT)
    (house.app / "sso_app.py").write_text("import ui")
    (house.app / "app.py").write_text("import ui\n" + (house.app / "app.py").read_text())


def started_read_only(house: House, *command: str, **extra: str) -> Pod:
    """A pod on an image that it may not write."""
    (house.app / "ktem_app_data").mkdir(exist_ok=True)  # an emptyDir in the pod
    folders = [house.app, *(path for path in house.app.iterdir() if path.name == "gradio")]
    for folder in folders:
        folder.chmod(0o555)
    try:
        pod = house.pod(**extra).start(command, without_override=True)
        pod.alive.wait(15) if extra.get("KH_SSO_ENABLED") or command else pod.until("serving")
    finally:
        for folder in folders:
            folder.chmod(0o755)
    if pod.alive.returncode == 99:
        pytest.skip("may not drop capabilities here")
    return pod


def written(house: House) -> list[Path]:
    return list(house.app.rglob("*.pyi"))


def test_without_the_launcher_the_first_start_on_a_read_only_image_fails(house: House) -> None:
    """The stand-in does what the real one does; else the tests below prove nothing."""
    with_gradio(house)
    pod = started_read_only(house, "app.py")
    assert pod.alive.returncode == 1
    assert "FileNotFoundError" in pod.text()


def test_the_application_starts_on_a_read_only_image(house: House) -> None:
    with_gradio(house)
    pod = started_read_only(house)
    assert "component made" in pod.text()
    assert pod.stop() == 0
    assert written(house) == []


def test_single_sign_on_starts_on_a_read_only_image(house: House) -> None:
    with_gradio(house)
    (house.app / "uvicorn.py").write_text(SSO_SERVER)
    pod = started_read_only(house, KH_SSO_ENABLED="true")
    assert pod.alive.returncode == 0, pod.text()
    assert "component made" in pod.text()


def test_nothing_is_written_where_it_could_be(house: House) -> None:
    with_gradio(house)
    assert house.serving().stop() == 0
    assert written(house) == []


@pytest.mark.parametrize(
    ("component_meta", "said"),
    [
        ("", "has no module gradio.component_meta"),
        (COMPONENT_META.replace("create_or_modify_pyi", "write_interface"), "does not make its interface files by"),
        (
            COMPONENT_META.replace("        create_or_modify_pyi(made", "        made.interface(made"),
            "does not make its interface files by gradio.component_meta.create_or_modify_pyi",
        ),
    ],
    ids=["module gone", "function renamed", "function not used"],
)
def test_a_gradio_that_moved_the_function_is_refused_in_one_line(house: House, component_meta: str, said: str) -> None:
    with_gradio(house, component_meta)
    text = house.refused(PYTHONUNBUFFERED="1")
    lines = [line for line in text.splitlines() if "writer lock" not in line]
    assert len(lines) == 1, text
    assert lines[0].startswith(f"launch: this image's gradio {said}")


def test_an_application_without_gradio_is_started_as_it_is(house: House) -> None:
    assert house.serving().stop() == 0
