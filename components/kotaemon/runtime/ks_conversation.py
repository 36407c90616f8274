"""A question that got no answer does not spoil its conversation.

When a store or the model fails, the application keeps the question with None as its answer, and the next questions of
the conversation fail on it (kotaemon/indices/qa/citation_qa.py, AIMessage(content=None)). Here a missing answer becomes
a sentence, both in what is stored and in what older conversations hold already.

An answer that is complete is stored at once, by the process that made it. The application leaves that to the page, four
steps later: whoever closed the page before, or whose next step went to another pod because this one is leaving, had
seen an answer that was lost. The page's own step still follows and writes the same with what only the page knows.

Where the question itself has come to a pod that does not know the page, no conversation is known either, and an answer
could be stored nowhere. That is said instead of answering.
"""

import functools
from collections.abc import Generator
from types import ModuleType
from typing import Any

from ks_environment import say
from ks_hooks import after_import
from ks_running import ANSWERS
from ks_vectors import FAILURES, NOTICE

REPLACED = "The server that this page talked to has been replaced. Load the page again, then ask again."
NO_ANSWER = "(No answer: something failed while it was made. Ask again.)"


def answered(messages: list[Any]) -> list[Any]:
    """Pairs of question and answer, each with an answer."""
    return [[pair[0], NO_ANSWER] if pair[1] is None else pair for pair in messages]


def with_notice(shown: Any) -> Any:
    """What the page was last given, with a sentence more at the end of the answer."""
    history, *more = shown
    question, answer = history[-1]
    return [*history[:-1], (question, f"{answer}{NOTICE}")], *more


def at(position: int, kept: Any, new: Any, empty: Any) -> list[Any]:
    """What is kept beside the messages, one entry a message, with the new one in its place."""
    before = list(kept or [])[:position]
    return [*before, *[empty] * (position - len(before)), new]


def store_turn(chat: Any, conversation_id: Any, shown: Any) -> None:
    """Store a complete answer. `shown` is what the page was given: history, evidence, plot twice, state."""
    history, evidence, _, plot, state = shown
    position = len(history) - 1
    with chat.Session(chat.engine) as session:
        row = session.get(chat.Conversation, conversation_id)
        if row is None or not history:
            return
        kept = dict(row.data_source or {})
        row.data_source = kept | {
            "messages": answered([list(pair) for pair in history]),
            "retrieval_messages": at(position, kept.get("retrieval_messages"), evidence, ""),
            "plot_history": at(position, kept.get("plot_history"), plot, None),
            "state": {**state, "app": {**state.get("app", {}), "regen": False}},
        }
        session.add(row)
        session.commit()


def guard(chat: ModuleType) -> None:
    page = getattr(chat, "ChatPage", None)
    ask, store = getattr(page, "chat_fn", None), getattr(page, "persist_data_source", None)
    if ask is None or store is None:
        say("warning: ktem.pages.chat is not as expected; a question that fails may spoil its conversation")
        return

    @functools.wraps(ask)  # gradio looks at the signature, and whether it is a generator
    def chat_fn(self: Any, conversation_id: Any, chat_history: list[Any], *more: Any) -> Generator[Any, Any, Any]:
        if not conversation_id:
            raise chat.gr.Error(REPLACED)  # pyright: ignore
        failures, last = FAILURES.count, None
        with ANSWERS.one():
            # The last one is the question to be answered now.
            for last in ask(self, conversation_id, answered(chat_history[:-1]) + chat_history[-1:], *more):
                yield last
            if last is None:
                return
            if FAILURES.count > failures:
                last = with_notice(last)
                yield last
            try:
                store_turn(chat, conversation_id, last)
            except Exception as error:  # the page's own step follows
                say(f"warning: an answer was not stored at once: {type(error).__name__}: {error}"[:300])

    @functools.wraps(store)
    def persist_data_source(self: Any, *values: Any) -> Any:
        # convo_id, user_id, retrieval_msg, plot_data, retrival_history, plot_history, messages, ...
        return store(self, *values[:6], answered(values[6] or []), *values[7:])

    page.chat_fn = chat_fn  # pyright: ignore
    page.persist_data_source = persist_data_source  # pyright: ignore


def keep_conversations_whole() -> None:
    after_import("ktem.pages.chat", guard)
