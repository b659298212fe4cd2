"""Pages of specs for tests, and what an HTML parser reads in them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from specs import TODAY, texts

from srcnet_compiler.pipeline import Sources, check_loaded, compile_checked, load, spec_files
from srcnet_compiler.report.page import build, html
from srcnet_compiler.report.page.build import Subject
from srcnet_compiler.schema.validate import Located, validate
from srcnet_compiler.source import parse

VOID = {"meta", "br", "input", "link", "img"}


def subject(root: Path) -> Subject:
    """What a page of the specs below `root` is made of."""
    return subject_of(*load(root, spec_files(root)))


def subject_of(sources: Sources, found: tuple[object, ...] = ()) -> Subject:
    assert not found
    compiled = compile_checked(check_loaded(sources, (), TODAY))
    assert compiled.federation is not None
    assert compiled.analysis is not None
    return Subject(
        compiled.federation,
        compiled.analysis,
        sources.specs,
        compiled.diagnostics,
        sources.lines,
        sources.digest,
        TODAY,
        "1.0",
    )


def subject_of_texts(files: Mapping[str, str]) -> Subject:
    """The same for files that stand nowhere."""
    specs: list[Located[object]] = []
    for name, text in files.items():
        for document in parse(name, text.encode()).value or ():
            shaped = validate(document)
            assert shaped.value is not None, shaped.diagnostics
            specs.append(shaped.value)
    lines = {name: text.split("\n") for name, text in files.items()}
    return subject_of(Sources(tuple(specs), lines, "0" * 64))


def rendered(root: Path) -> str:
    made = subject(root)
    return html.render(build.page(made), made.lines)


def changed(root: Path, changes: Iterable[tuple[str, str, str]]) -> Subject:
    """What a page is made of where in each of these files a text that stands there once differs."""
    files = texts(root)
    for name, before, after in changes:
        assert files[name].count(before) == 1, (name, before)
        files[name] = files[name].replace(before, after)
    return subject_of_texts(files)


def committed(folder: Path) -> Path:
    """The same folder, with all that is in it under git."""
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "first"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    text: str = ""
    inside: tuple[str, ...] = ()


@dataclass
class Read(HTMLParser):
    """Every element of a page in its order, with its own text and what it stands in."""

    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), inside=tuple(each.tag for each in self.open))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs), inside=tuple(e.tag for e in self.open)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1].tag != tag:
            self.wrong.append(f"</{tag}> in <{self.open[-1].tag if self.open else ''}>")
            return
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def all(self, tag: str) -> list[Element]:
        return [each for each in self.elements if each.tag == tag]


def read(page: str) -> Read:
    reader = Read()
    reader.feed(page)
    reader.close()
    assert not reader.wrong
    assert not reader.open
    return reader
