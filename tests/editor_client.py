"""An editor as far as the language server protocol knows it: over the pipes of a real process."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from cli_runner import COMMAND, PATIENCE, environment

UTF16 = ["utf-16"]


class RefusedByServerError(Exception):
    """The server answered that it will not."""


class Editor:
    """Starts `srcnet lsp`, says hello, and asks."""

    def __init__(self, folder: Path, encodings: list[str] | None = None) -> None:
        self.folder = folder
        self._process = subprocess.Popen(
            [*COMMAND, "lsp"],
            cwd=folder,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._answers: dict[int, dict[str, Any]] = {}
        self._messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._number = 0
        self._version = 0
        self.findings: dict[str, list[dict[str, Any]]] = {}
        threading.Thread(target=self._listen, daemon=True).start()
        general = {"positionEncodings": encodings or UTF16}
        self.hello = self.ask(
            "initialize",
            {"processId": None, "rootUri": folder.as_uri(), "capabilities": {"general": general}},
        )
        self.say("initialized", {})

    def __enter__(self) -> Editor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.ask("shutdown", None)
                self.say("exit", None)
                _, err = self._process.communicate(timeout=PATIENCE)
                assert self._process.returncode == 0, err.decode()
                assert b"Traceback" not in err, err.decode()
        finally:
            self._process.kill()
            self._process.wait()

    # the wire

    def _listen(self) -> None:
        out = self._process.stdout
        assert out is not None
        while head := out.readline():
            size = 0
            while head.strip():
                name, _, value = head.partition(b":")
                size = int(value) if name.lower() == b"content-length" else size
                head = out.readline()
            self._messages.put(json.loads(out.read(size)))
        self._messages.put(None)

    def say(self, method: str, params: object) -> None:
        self._write({"method": method, "params": params})

    def ask(self, method: str, params: object) -> Any:
        """The answer to a request; what is published meanwhile is kept."""
        self._number += 1
        self._write({"id": self._number, "method": method, "params": params})
        while True:
            message = self._messages.get(timeout=PATIENCE)
            assert message is not None, "the server has ended"
            if "method" in message:
                self._take(message)
            elif message["id"] == self._number:
                if "error" in message:
                    raise RefusedByServerError(message["error"]["message"])
                return message["result"]

    def _write(self, message: dict[str, Any]) -> None:
        text = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(text) + text)
        self._process.stdin.flush()

    def _take(self, message: dict[str, Any]) -> None:
        assert message["method"] != "window/showMessage", message
        if message["method"] == "textDocument/publishDiagnostics":
            self.findings[message["params"]["uri"]] = message["params"]["diagnostics"]

    # what people do

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def open(self, name: str, text: str | None = None) -> str:
        """Open a file, with a text that is not what stands on disk where one is given."""
        text = (self.folder / name).read_text("utf-8") if text is None else text
        document = {"uri": self.uri(name), "languageId": "yaml", "version": 0, "text": text}
        self.say("textDocument/didOpen", {"textDocument": document})
        return text

    def type(self, name: str, text: str) -> None:
        """The whole text is another one now."""
        self._version += 1
        document = {"uri": self.uri(name), "version": self._version}
        change = {"textDocument": document, "contentChanges": [{"text": text}]}
        self.say("textDocument/didChange", change)

    def found(self, name: str) -> list[dict[str, Any]]:
        """What the editor shows under a file, once all that was said is done."""
        self.at("hover", name, 0, 0)
        return self.findings.get(self.uri(name), [])

    def at(self, what: str, name: str, line: int, character: int, **more: object) -> Any:
        position = {"line": line, "character": character}
        place = {"textDocument": {"uri": self.uri(name)}, "position": position}
        return self.ask(f"textDocument/{what}", {**place, **more})

    def formatting(self, name: str) -> Any:
        """The edits that lay a file out."""
        options = {"tabSize": 2, "insertSpaces": True}
        document = {"uri": self.uri(name)}
        return self.ask("textDocument/formatting", {"textDocument": document, "options": options})

    def on(self, what: str, name: str, text: str, word: str, skip: int = 0, **more: object) -> Any:
        """Ask about the place where `word` stands in the text, one character into it."""
        index = -1
        for _ in range(skip + 1):
            index = text.index(word, index + 1)
        before = text[: index + 1]
        line = before.count("\n")
        character = len(before.rpartition("\n")[2].encode("utf-16-le")) // 2
        return self.at(what, name, line, character, **more)


def typed(text: str, edits: list[dict[str, Any]]) -> str:
    """A text with an editor's edits in it; columns are in units of UTF-16."""
    lines = text.split("\n")

    def offset(position: dict[str, int]) -> int:
        if position["line"] >= len(lines):
            return len(text)
        line = lines[position["line"]]
        column = len(line.encode("utf-16-le")[: 2 * position["character"]].decode("utf-16-le"))
        return sum(len(each) + 1 for each in lines[: position["line"]]) + column

    places = [(offset(e["range"]["start"]), offset(e["range"]["end"]), e["newText"]) for e in edits]
    for begin, end, new in sorted(places, reverse=True):
        text = text[:begin] + new + text[end:]
    return text
