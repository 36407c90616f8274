"""ks_hooks.py: a module is changed when it is imported, also when a finder of its own finds it."""

from tests.unit.components.kotaemon.runtime.stand_in import House

ASK = """
import sys
sys.path.insert(0, {runtime!r})
from ks_hooks import after_import
after_import("one.two", lambda module: setattr(module, "word", "changed"))
after_import("absent", lambda module: None)
import one.two
from one.two import word
import one.three
print(word, one.two.word, one.three.word)
try:
    import absent
except ModuleNotFoundError as error:
    print(error)
"""


def test_only_the_named_module_is_changed(house: House) -> None:
    package = house.app / "one"
    package.mkdir()
    (package / "__init__.py").touch()
    for name in ("two", "three"):
        (package / f"{name}.py").write_text("word = 'as it was'")
    (house.app / "ask.py").write_text(ASK.format(runtime=house.env("pod-a")["PYTHONPATH"]))
    pod = house.pod().start(("ask.py",))
    assert pod.exit_code() == 0, pod.text()
    assert pod.text() == "changed changed as it was\nNo module named 'absent'\n"
