"""ks_conversation.py: a question without an answer spoils nothing."""

import inspect
from collections.abc import Generator
from types import ModuleType
from typing import Any

import pytest

from tests.unit.components.kotaemon.runtime.stand_in import runtime_module


def chat_page() -> ModuleType:
    """ktem.pages.chat, as far as it is used."""

    class ChatPage:
        def chat_fn(self, conversation_id: Any, chat_history: Any, settings: Any) -> Generator[Any]:
            yield conversation_id, chat_history, settings

        def persist_data_source(
            self, convo_id: Any, user: Any, found: Any, plot: Any, older: Any, plots: Any, messages: Any, *more: Any
        ) -> Any:
            return messages, more

    module = ModuleType("ktem.pages.chat")
    module.ChatPage = ChatPage  # pyright: ignore
    return module


def test_earlier_questions_without_an_answer_get_one_and_the_present_one_does_not() -> None:
    guard, chat = runtime_module("ks_conversation"), chat_page()
    guard.guard(chat)
    history = [["one", "answer"], ["two", None], ["three", None]]
    assert list(chat.ChatPage().chat_fn("id", history, "settings")) == [
        ("id", [["one", "answer"], ["two", guard.NO_ANSWER], ["three", None]], "settings")
    ]
    assert history[1] == ["two", None], "the page's own list is left alone"


def test_what_is_stored_has_an_answer() -> None:
    guard, chat = runtime_module("ks_conversation"), chat_page()
    guard.guard(chat)
    stored, more = chat.ChatPage().persist_data_source("id", "me", "", None, [], [], [("one", None)], "state", 1)
    assert stored == [["one", guard.NO_ANSWER]]
    assert more == ("state", 1)


def test_gradio_still_sees_a_generator_with_its_own_arguments() -> None:
    chat = chat_page()
    before = inspect.signature(chat.ChatPage.chat_fn)
    runtime_module("ks_conversation").guard(chat)
    assert inspect.isgeneratorfunction(chat.ChatPage.chat_fn)
    assert inspect.signature(chat.ChatPage.chat_fn) == before


def test_a_page_that_changed_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    runtime_module("ks_conversation").guard(ModuleType("ktem.pages.chat"))
    assert "warning: ktem.pages.chat is not as expected" in capsys.readouterr().out


def test_an_answer_without_the_vector_store_says_so() -> None:
    guard, vectors = runtime_module("ks_conversation"), runtime_module("ks_vectors")

    class ChatPage:
        def chat_fn(self, conversation_id: Any, chat_history: Any) -> Generator[Any]:
            yield [("question", "half")], "refs"
            if conversation_id == "away":
                vectors.FAILURES.add("TimeoutError")
            yield [("question", "an answer")], "refs"

        def persist_data_source(self) -> None:
            """Not called."""

    module = ModuleType("ktem.pages.chat")
    module.ChatPage = ChatPage  # pyright: ignore
    guard.guard(module)
    assert list(module.ChatPage().chat_fn("there", []))[-1] == ([("question", "an answer")], "refs")
    *_, last = module.ChatPage().chat_fn("away", [])
    assert last == ([("question", f"an answer{vectors.NOTICE}")], "refs")
