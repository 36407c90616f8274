"""ks_conversation.py: a question without an answer spoils nothing."""

import inspect
from collections.abc import Generator
from types import ModuleType, SimpleNamespace
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


class Table:
    """Conversations, as far as a session of SQLModel is used."""

    def __init__(self, **rows: Any) -> None:
        self.rows = {name: SimpleNamespace(data_source=value) for name, value in rows.items()}
        self.commits = 0

    def __enter__(self) -> "Table":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def get(self, _kind: Any, name: str) -> Any:
        return self.rows.get(name)

    def add(self, _row: Any) -> None:
        """It is there."""

    def commit(self) -> None:
        self.commits += 1


def answering(table: Table, *history: list[Any]) -> ModuleType:
    """A page whose only answer is this history, with evidence, plots and state."""

    class ChatPage:
        def chat_fn(self, conversation_id: Any, chat_history: Any) -> Generator[Any]:
            yield [*history[:-1], (history[-1][0], "Thinking ...")], "", None, None, {"app": {"regen": True}}
            yield list(history), "evidence", None, "a plot", {"app": {"regen": True}, "simple": {}}

        def persist_data_source(self) -> None:
            """The page's step; not called."""

    module = ModuleType("ktem.pages.chat")
    vars(module).update(ChatPage=ChatPage, Conversation="table", engine="engine", Session=lambda _: table)
    runtime_module("ks_conversation").guard(module)
    return module


def test_a_complete_answer_is_stored_before_the_page_takes_its_next_step() -> None:
    table = Table(id={"messages": [["one", "a"]], "selected": {"1": ["file"]}, "likes": [1]}, other={"messages": []})
    assert len(list(answering(table, ["one", "a"], ["two", "b"]).ChatPage().chat_fn("id", []))) == 2
    assert table.commits == 1
    assert table.rows["other"].data_source == {"messages": []}
    assert table.rows["id"].data_source == {
        "messages": [["one", "a"], ["two", "b"]],
        "selected": {"1": ["file"]},
        "likes": [1],
        "retrieval_messages": ["", "evidence"],
        "plot_history": [None, "a plot"],
        "state": {"app": {"regen": False}, "simple": {}},
    }


def test_an_answer_made_again_takes_the_place_of_the_old_one() -> None:
    table = Table(id={"messages": [["one", "old"]], "retrieval_messages": ["old"], "plot_history": ["old"]})
    list(answering(table, ["one", "new"]).ChatPage().chat_fn("id", []))
    assert table.rows["id"].data_source["messages"] == [["one", "new"]]
    assert table.rows["id"].data_source["retrieval_messages"] == ["evidence"]
    assert table.rows["id"].data_source["plot_history"] == ["a plot"]


def test_a_pod_that_does_not_know_the_page_answers_nothing_that_it_could_not_store() -> None:
    module = answering(Table(), ["one", "a"])
    vars(module)["gr"] = SimpleNamespace(Error=ValueError)
    with pytest.raises(ValueError, match="has been replaced"):
        next(module.ChatPage().chat_fn(None, []))


def test_half_an_answer_is_not_stored_and_neither_is_one_without_a_conversation() -> None:
    table = Table(id={"messages": []})
    stopped = answering(table, ["one", "a"]).ChatPage().chat_fn("id", [])
    next(stopped)
    stopped.close()
    list(answering(table, ["one", "a"]).ChatPage().chat_fn("deleted", []))
    assert table.commits == 0


def test_a_store_that_fails_is_said_and_the_answer_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    module = answering(Table(), ["one", "a"])
    vars(module)["Session"] = None
    assert len(list(module.ChatPage().chat_fn("id", []))) == 2
    assert "warning: an answer was not stored at once: TypeError" in capsys.readouterr().out


def test_what_is_being_answered_is_counted() -> None:
    running = runtime_module("ks_running")
    running.ANSWERS._changed = -10.0
    work = answering(Table(), ["one", "a"]).ChatPage().chat_fn("id", [])
    assert not running.busy()
    next(work)
    assert running.ANSWERS.count == 1
    work.close()
    running.ANSWERS._changed = -10.0
    assert not running.busy()


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
