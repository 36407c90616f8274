"""A person at a real browser (Debian's Chromium), which reaches the bridge's network and nothing else."""

import os
import re
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.application.network import Network

CHROMIUM = "chromium"
FILES_TAB = re.compile("^(Files|File Collection)$")
"""The second where there is one collection only: GraphRAG's are off in the profile `scaled`."""

WAIT = 180_000
"""Milliseconds for anything on the page: on two cores at a load of 50 a page took over a minute to show its first field."""


def why_not() -> str:
    """Why no browser can be had here; empty when it can."""
    if shutil.which(CHROMIUM) is None:
        return "Debian's package chromium is not installed"
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "the Python package playwright is not installed"
    return ""


class Visitor:
    """One person: a browser profile, and the page."""

    def __init__(self, context: Any, url: str) -> None:
        self.page = context.new_page()
        self.url = url
        self.refused: list[str] = []
        self.errors: list[str] = []
        self.loads = 0
        """How often the page was loaded, by whomever."""
        self.page.on("requestfailed", lambda request: self.refused.append(request.url))
        self.page.on("load", self._loaded)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.set_default_timeout(WAIT)

    def _loaded(self, _: object) -> None:
        self.loads += 1

    def open(self, url: str = "") -> "Visitor":
        """Load the page, or load it again."""
        self.url = url or self.url
        self.page.goto(self.url, wait_until="domcontentloaded")
        return self

    def sign_in(self, name: str, password: str) -> "Visitor":
        """As on the first visit."""
        self.page.get_by_label("Username").first.fill(name)
        self.page.get_by_label("Password").first.fill(password)
        self.page.get_by_role("button", name="Login", exact=True).first.click()
        self.signed_in()
        return self

    def signed_in(self) -> None:
        """Wait until the chat is shown."""
        self.page.get_by_role("tab", name="Chat").wait_for()

    def upload(self, *files: Path, force: bool = False, seconds: float = 120) -> str:
        """Upload on the tab of files; returns what the page says of each."""
        self.choose_files(*files, force=force)
        self.press_upload()
        return self.upload_result(len(files), seconds)

    def choose_files(self, *files: Path, force: bool = False) -> None:
        """Choose files on the tab of files, and what is done with those that are there already."""
        self.page.get_by_role("tab", name=FILES_TAB).first.click()
        panel = self.page.locator("#indices-tab")
        panel.locator("input[type=file]").first.set_input_files([str(file) for file in files])
        panel.get_by_text(files[-1].stem).first.wait_for()
        if force:
            box = panel.get_by_label("Force reindex file").first
            if not box.is_visible():
                panel.get_by_text("Advanced indexing options").first.click()
            box.check()

    def press_upload(self) -> None:
        """Start indexing what was chosen."""
        self.page.locator("#indices-tab").get_by_role("button", name="Upload and Index").first.click()

    def timed_upload(self, files: int, seconds: float) -> tuple[float, str]:
        """Index what was chosen; returns the seconds and what the page says of each."""
        begun = time.monotonic()
        self.press_upload()
        result = self.upload_result(files, seconds)
        return time.monotonic() - begun, result

    def upload_result(self, files: int, seconds: float = 120) -> str:
        """Wait until the page has said something of so many files; returns it."""
        result = self.page.get_by_label("Upload result").first
        self._until(lambda: self._marks(result) >= files, f"an upload result for {files} files", seconds)
        return result.input_value()

    @staticmethod
    def _marks(result: Any) -> int:
        text = result.input_value()
        return text.count("\u2705") + text.count("\u274c")

    def files(self) -> str:
        """The list of files."""
        self.page.get_by_role("tab", name=FILES_TAB).first.click()
        return self.page.locator("#file_list_view").first.inner_text()

    def begin_question(self, text: str) -> None:
        """Type a question and send it."""
        self.page.get_by_role("tab", name="Chat").click()
        box = self.page.locator("#chat-input textarea")
        box.fill(text)
        box.press("Enter")

    def ask(self, text: str, answer: str, seconds: float = 120) -> float:
        """Ask, and wait for an answer that holds a text and for the end of its storing; returns the seconds."""
        rows = self.page.locator("#main-chat-bot .bot-row")
        before = rows.count()
        begun = time.monotonic()
        self.begin_question(text)
        self._until(lambda: rows.count() > before and answer in rows.last.inner_text(), f"the answer {answer}", seconds)
        taken = time.monotonic() - begun
        self.page.wait_for_timeout(4000)  # naming, suggestions and storing follow the answer
        return taken

    def answers(self) -> str:
        """What the chat shows."""
        return self.page.locator("#main-chat-bot").inner_text()

    def choose_conversation(self, number: int = 0) -> str:
        """Choose one of the conversations in the list; returns its name."""
        self.page.locator("#conversation-dropdown input").click()
        option = self.page.locator("#conversation-dropdown ul li").nth(number)
        name = option.inner_text()
        option.click()
        self.page.wait_for_timeout(3000)
        return name

    def evidence(self) -> str:
        """The information panel: citations."""
        return self.page.locator("#html-info-panel").inner_text()

    def search_whole_collection(self) -> None:
        """Let questions use all files."""
        self.page.get_by_role("tab", name="Chat").click()
        self.page.get_by_label("Search All").first.check()

    def replaced(self) -> Any:
        """The button of the page that says that its server has been replaced."""
        return self.page.locator("#kotaemon-pod-gone").get_by_role("button", name="Load again")

    def leave(self) -> None:
        """Close the browser's window."""
        self.page.context.close()

    def screenshot(self, path: Path) -> None:
        """What it looks like."""
        self.page.screenshot(path=str(path), full_page=True)

    def _until(self, true: Any, what: str, seconds: float) -> None:
        for _ in range(int(seconds * 4)):
            if true():
                return
            self.page.wait_for_timeout(250)
        raise AssertionError(f"not within {seconds} s: {what}")


@contextmanager
def browser(network: Network, folder: Path) -> Generator[Any]:
    """Chromium on the bridge's side of the network; gives a function that opens a visitor."""
    from playwright.sync_api import sync_playwright

    wrapper = folder / "chromium-inside"
    command = " ".join(network.inside([shutil.which(CHROMIUM) or CHROMIUM]))
    wrapper.write_text(f'#!/bin/sh\nexec nice -n 5 {command} "$@"\n')
    wrapper.chmod(0o755)
    os.environ.setdefault("PLAYWRIGHT_SKIP_VALIDATE_HOST_REQUIREMENTS", "1")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(wrapper), args=["--disable-gpu", "--no-proxy-server"])
        try:
            yield lambda url: Visitor(chromium.new_context(viewport={"width": 1500, "height": 1000}), url)
        finally:
            chromium.close()
