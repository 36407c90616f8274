"""A model endpoint with OpenAI's interface that answers from what it is given.

Run: model_endpoint.py ADDRESS PORT SWITCHES. The answer repeats the first sentence of the prompt that holds a code word
(CODE- and letters) and names what was asked for, so a right answer proves that the right text was found. A file in the folder SWITCHES changes how
it works: `slow-answers` streams for half a minute, `slow-embeddings` takes ten seconds for each. It is a test's tool:
its vectors are hashed words, no model.
"""

import base64
import hashlib
import http.server
import json
import math
import re
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SWITCHES = Path(sys.argv[3])
DIMENSIONS = 64
SLOW_WORDS, SLOW_PAUSE = 60, 0.5
EMBED_SECONDS = 10


def vector(text: str) -> list[float]:
    """Hashed words, of length one: texts with the same words are near."""
    values = [0.001] * DIMENSIONS
    for word in re.findall(r"\w+", text.lower()):
        digest = hashlib.sha256(word.encode()).digest()
        values[digest[0] % DIMENSIONS] += 1 if digest[1] % 2 else -1
    length = math.sqrt(sum(value * value for value in values))
    return [value / length for value in values]


def text_of(messages: list[dict[str, Any]]) -> str:
    """All that the messages say."""
    parts: list[str] = []
    for message in messages:
        content = message.get("content")
        if content is None and message["role"] == "assistant" and not message.get("tool_calls"):
            raise ValueError("an assistant message without content")  # the real one refuses it as well
        if isinstance(content, list):
            parts += [part.get("text", "") for part in content]
        else:
            parts.append(content or "")
    return "\n".join(parts)


def sentence_with_code(text: str) -> str:
    """The sentence with a code word that names what was asked for last, else the first one."""
    found = [match.strip() for match in re.findall(r"[^.\n]*\bCODE-[A-Z0-9]+[^.\n]*\.?", text)]
    asked = re.findall(r"of the (\w+) report\?", text)
    wanted = [sentence for sentence in found if asked and f"of the {asked[-1]} report is" in sentence]
    return (wanted or found or [""])[0]


def answer(text: str) -> str:
    if "RELEVANCE" in text:
        return "8"  # the application asks how relevant each passage is, from 0 to 10
    found = sentence_with_code(text)
    return f"The documents say: {found}" if found else "The documents do not say."


def chunks(text: str) -> Iterator[str]:
    words = answer(text).split(" ")
    if (SWITCHES / "slow-answers").exists():
        for number in range(SLOW_WORDS):
            time.sleep(SLOW_PAUSE)
            yield f"word{number} "
    for word in words:
        yield word + " "


class Handler(http.server.BaseHTTPRequestHandler):
    """Chat completions, streamed or whole, with tool calls; and embeddings."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        started = time.monotonic()
        try:
            if self.path.endswith("/embeddings"):
                self._embed(body)
            elif body.get("stream"):
                self._stream(text_of(body["messages"]))
            else:
                self._whole(body)
        except ValueError as error:
            self._json(400, {"error": {"message": str(error), "type": "invalid_request_error"}})
        except BrokenPipeError:
            print("the other side is gone", flush=True)
        print(f"{self.path} {time.monotonic() - started:.2f} s", flush=True)

    def _embed(self, body: dict[str, Any]) -> None:
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        texts = [text if isinstance(text, str) else " ".join(map(str, text)) for text in texts]
        if (SWITCHES / "slow-embeddings").exists():
            time.sleep(EMBED_SECONDS)
        data = [{"object": "embedding", "index": i, "embedding": _encoded(body, t)} for i, t in enumerate(texts)]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        self._json(200, {"object": "list", "data": data, "model": body["model"], "usage": usage})

    def _whole(self, body: dict[str, Any]) -> None:
        text = text_of(body["messages"])
        message: dict[str, Any] = {"role": "assistant", "content": answer(text)}
        if tools := body.get("tools"):
            name = tools[0]["function"]["name"]
            arguments = json.dumps({"evidences": [sentence_with_code(text)]})
            call = {"id": "call-1", "type": "function", "function": {"name": name, "arguments": arguments}}
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
        elif "mindmap" in text.lower() or "PlantUML" in text:
            message["content"] = "@startmindmap\n* Document\n** Code word\n@endmindmap"
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        self._json(200, {"id": "1", "object": "chat.completion", "created": 0, "model": body["model"],
                         "choices": [choice], "usage": usage})  # fmt: skip

    def _stream(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for number, part in enumerate(chunks(text)):
            delta = {"content": part} if number else {"role": "assistant", "content": part}
            self._event({"index": 0, "delta": delta, "finish_reason": None})
        self._event({"index": 0, "delta": {}, "finish_reason": "stop"})
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def _event(self, choice: dict[str, Any]) -> None:
        body = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "fake", "choices": [choice]}
        self.wfile.write(f"data: {json.dumps(body)}\n\n".encode())
        self.wfile.flush()

    def _json(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def _encoded(body: dict[str, Any], text: str) -> str | list[float]:
    values = vector(text)
    if body.get("encoding_format") == "base64":
        return base64.b64encode(struct.pack(f"<{DIMENSIONS}f", *values)).decode()
    return values


if __name__ == "__main__":
    http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
