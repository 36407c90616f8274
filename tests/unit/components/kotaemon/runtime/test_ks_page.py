"""ks_page.py and page_stand_ins.js. Whether answers are kept is shown by tests/application in a real browser."""

import json
import shutil
import subprocess

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import RUNTIME, House

KTEM_APP = """
class Blocks:
    head = "<script src='https://cdn.example/minisearch.js'></script>"

class BaseApp:
    def make(self):
        return Blocks()
"""
SHOW_HEAD = """
import json, ktem.app
print("head", json.dumps(ktem.app.BaseApp().make().head), flush=True)
"""
USE = """
const window = {}; const document = { querySelectorAll: () => [] };
SOURCE
const found = new window.MiniSearch({ fields: ["text"] });
found.addAll([{ id: 0, text: "Rivers are long." }, { id: 1, text: "The bridge over the river is red." }]);
new window.Tribute({}).attach({});
window.markmap.autoLoader.renderAll();
console.log(JSON.stringify([found.search("red bridge").map((d) => d.id), found.search("nothing")]));
"""


def with_ktem(house: House, app: str, first: str = SHOW_HEAD) -> None:
    package = house.app / "ktem"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "app.py").write_text(app)
    (house.app / "app.py").write_text(first + (house.app / "app.py").read_text())


def test_the_page_gets_the_stand_ins_before_the_libraries(house: House) -> None:
    with_ktem(house, KTEM_APP)
    pod = house.serving()
    (line,) = (line for line in pod.text().splitlines() if line.startswith("head "))
    head = json.loads(line.removeprefix("head "))
    assert head.index("window.MiniSearch =") < head.index("</script><script src='https://cdn.example/minisearch.js'>")
    assert pod.stop() == 0


def test_a_page_made_elsewhere_is_said_and_served(house: House) -> None:
    with_ktem(house, KTEM_APP.replace("def make", "def build"), "import ktem.app\n")
    pod = house.serving()
    assert "warning: ktem.app.BaseApp.make is not there" in pod.text()
    assert pod.stop() == 0


def test_a_library_that_arrived_first_is_left_alone() -> None:
    text = (RUNTIME / "page_stand_ins.js").read_text()
    for name in ("window.MiniSearch", "window.Tribute", "window.markmap.autoLoader.renderAll"):
        assert f"{name} = {name} || " in text


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed here; not run")
def test_the_stand_ins_do_their_work() -> None:
    program = USE.replace("SOURCE", (RUNTIME / "page_stand_ins.js").read_text())
    done = subprocess.run(["node", "--eval", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[1], []]
