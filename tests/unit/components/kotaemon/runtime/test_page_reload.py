"""page_reload.js with a page, a clock and a server that are made here. tests/application has a real browser."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import RUNTIME

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed here; not run")
OWN, NEW = 1, 2
AWAY = "away"
WORLD = """
const world = WORLD;
const said = [], store = {}; let reloads = 0, timer, bar;
if (world.lately) store["kotaemon-loaded-again"] = "1000000";
Date.now = () => 1030000;
const element = (tag) => ({ tagName: tag, style: "", dataset: {}, children: [],
  setAttribute() {}, addEventListener() {}, append(child) { this.children.push(child); },
  remove() { said.push("(bar gone)"); }, set textContent(text) { said.push(text.trim()); } });
globalThis.document = { visibilityState: world.hidden ? "hidden" : "visible", createElement: element, body: element("body"),
  querySelectorAll: () => [{ value: world.typed, readOnly: false, disabled: false, offsetParent: {} }] };
const end = [];
globalThis.window = {
  gradio_config: { root: "https://page", app_id: 1 },
  sessionStorage: { getItem: (name) => store[name], setItem: (name, value) => { store[name] = value; } },
  location: { reload: () => { reloads += 1; } },
  setTimeout: (work) => { timer = work; },
  fetch: async (what) => {
    if (String(what).includes("/queue/data")) return { body: true, clone: () => ({ body: { getReader: () => (
      { read: () => new Promise((done) => end.push(() => done({ done: true }))) }) } }) };
    const answer = world.answers.length > 1 ? world.answers.shift() : world.answers[0];
    if (answer === "away") throw new TypeError("Failed to fetch");
    if (answer >= 300) return { status: answer, ok: false };
    return { status: 200, ok: true, json: async () => ({ app_id: answer }) };
  },
};
SOURCE
(async () => {
  if (world.running) await window.fetch("https://page/queue/data?session_hash=1");
  for (let look = 0; look < world.looks && timer; look += 1) {
    if (look === world.ends) { end[0](); await new Promise((done) => setTimeout(done, 1)); }
    const work = timer; timer = undefined; await work();
  }
  console.log(JSON.stringify({ reloads, said, goes_on: Boolean(timer) }));
})();
"""


def seen(*answers: int | str, looks: int = 6, **world: Any) -> dict[str, Any]:
    """What the page does after so many looks; the server's last answer is repeated."""
    world = {"answers": answers, "looks": looks, "typed": "", **world}
    program = WORLD.replace("WORLD", json.dumps(world)).replace("SOURCE", (RUNTIME / "page_reload.js").read_text())
    done = subprocess.run(["node", "--eval", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_while_the_same_process_answers_nothing_happens() -> None:
    assert seen(OWN) == {"reloads": 0, "said": [], "goes_on": True}


def test_another_process_that_stays_makes_the_page_load_again_once() -> None:
    assert seen(OWN, NEW, looks=3)["reloads"] == 0, "two looks are not sure"
    assert seen(OWN, NEW) == {"reloads": 1, "said": [], "goes_on": False}


def test_a_server_that_is_away_is_said_and_the_page_loads_when_it_is_back() -> None:
    page = seen(AWAY, 503, AWAY, NEW, looks=7)
    assert page["said"] == ["The server does not answer. This page goes on by itself when it is back."]
    assert page["reloads"] == 1


def test_the_same_process_that_comes_back_takes_the_message_away() -> None:
    assert seen(AWAY, AWAY, AWAY, OWN)["said"][1:] == ["(bar gone)"]


def test_what_somebody_has_typed_is_not_lost() -> None:
    page = seen(NEW, typed="a long question")
    assert page["reloads"] == 0
    assert page["said"][0].startswith("The server has been replaced; this page is signed out. Copy what you have typed")


def test_an_answer_that_is_running_is_waited_for() -> None:
    assert seen(NEW, looks=8, running=True)["reloads"] == 0
    assert seen(NEW, looks=8, running=True, ends=6)["reloads"] == 1


def test_the_page_does_not_load_itself_twice_within_a_minute() -> None:
    page = seen(NEW, lately=True)
    assert page["reloads"] == 0
    assert page["said"] != []


def test_a_front_that_keeps_nobody_at_one_pod_is_left_alone() -> None:
    assert seen(NEW, OWN, NEW, OWN, NEW, OWN, NEW, looks=12)["goes_on"] is False
    assert seen(NEW, OWN, NEW, looks=12)["reloads"] == 1, "once is no habit"


@pytest.mark.parametrize("status", [302, 401, 403, 404])
def test_a_login_in_front_that_answers_says_nothing(status: int) -> None:
    assert seen(status) == {"reloads": 0, "said": [], "goes_on": True}


def test_a_page_that_nobody_looks_at_asks_nothing() -> None:
    assert seen(NEW, hidden=True) == {"reloads": 0, "said": [], "goes_on": True}
