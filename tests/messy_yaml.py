"""Texts that say something in a careless layout, with comments that are numbered as they come."""

from __future__ import annotations

from hypothesis import strategies as st

WORDS = st.sampled_from(
    [
        "a",
        "site",
        "10 TB",
        "NO",
        "1.10",
        "~",
        "true",
        "2027-03-01",
        "é ö",
        "x: y",
        "- z",
        "#",
        "'",
        '"',
        " s ",
    ]
)
PLAIN = (
    "a",
    "site",
    "10 TB",
    "NO",
    "1.10",
    "~",
    "true",
    "2027-03-01",
    "é ö",
    "0x1F",
    "wide 🛰 word",
)


class Writer:
    """Draws one choice after another, and writes lines."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.lines: list[str] = []
        self.comments: list[str] = []
        self.anchors = 0

    def pick(self, *choices):
        return self.draw(st.sampled_from(choices))

    def comment(self) -> str:
        self.comments.append(f"# note {len(self.comments)} äö: {{[")
        return self.comments[-1]

    def line(self, text: str, indent: int) -> None:
        for _ in range(self.pick(0, 0, 0, 1, 3)):
            self.lines.append(self.pick("", "   "))
        if self.pick(*[False] * 5, True):
            self.lines.append(" " * self.pick(0, indent, indent + 3) + self.comment())
        self.lines.append(" " * indent + text)

    def behind(self) -> str:
        """What may follow a value on its line."""
        if self.pick(*[False] * 4, True):
            return " " * self.pick(1, 2, 9) + self.comment()
        return self.pick("", "", " ", "   ")

    def scalar(self) -> str:
        word = self.pick(*PLAIN) if self.pick(True, False) else self.draw(WORDS)
        style = self.pick("plain", "single", "double")
        if style == "plain" and word in PLAIN:
            return word
        if style == "single":
            return "'" + word.replace("'", "''") + "'"
        return '"' + word.replace('"', '\\"') + '"'

    def gap(self) -> str:
        """What may stand between two words inside brackets."""
        if self.pick(*[False] * 9, True):
            return f" {self.comment()}\n"
        return self.pick("", " ", "  ", "\n", "\n      ", "\n\n  ")

    def flow(self, depth: int) -> str:
        """A value in brackets, which may go on over lines."""
        if depth == 0 or self.pick(True, False):
            return self.scalar()
        items = []
        is_map = self.pick(True, False)
        for number in range(self.pick(0, 1, 3)):
            key = f"k{number}:" + self.pick(" ", "  ") if is_map else ""
            items.append(self.gap() + key + self.flow(depth - 1) + self.gap())
        inside = ",".join(items) or self.gap()
        return ("{%s}" if is_map else "[%s]") % inside

    def value(self, lead: str, indent: int, depth: int) -> None:
        """What follows `lead`, a key with its colon or a dash, in a block at `indent`."""
        inner = indent + self.pick(1, 2, 4)
        what = self.pick("scalar", "scalar", "flow", "map", "list", "text", "long", "below")
        if depth == 0 and what in ("map", "list"):
            what = "scalar"
        gap = self.pick(" ", "  ")
        if what == "scalar":
            anchor = ""
            if self.pick(*[False] * 5, True):
                self.anchors += 1
                anchor = f"&n{self.anchors}{gap}"
            self.line(f"{lead}{gap}{anchor}{self.scalar()}{self.behind()}", indent)
        elif what == "flow":
            first, *more = f"{lead}{gap}{self.flow(2)}{self.behind()}".split("\n")
            self.line(first, indent)
            self.lines += [" " * inner + part if part.strip() else part for part in more]
        elif what == "text":
            self.block_text(lead + gap, indent, inner)
        elif what == "long":
            sign = self.pick("", "'", '"')
            self.line(f"{lead}{gap}{sign}long text", indent)
            self.lines += [self.pick("", "  "), " " * inner + f"goes on{sign}"]
        elif what == "below":
            self.line(lead + self.behind(), indent)
            self.line(self.scalar() + self.behind(), inner)
        elif what == "map":
            self.line(lead + self.behind(), indent)
            self.mapping(inner, depth - 1)
        elif what == "list":
            self.line(lead + self.behind(), indent)
            self.list(indent if lead != "-" and self.pick(True, False) else inner, depth - 1)

    def block_text(self, lead: str, indent: int, inner: int) -> None:
        head = self.pick("|", ">", "|-", "|+", ">+")
        self.line(lead + head + self.behind(), indent)
        for _ in range(self.pick(1, 2, 3)):
            self.lines.append(" " * inner + self.pick("text # no comment", "  more", "- x: y"))
            self.lines += self.pick((), (), ("",), ("", ""))

    def mapping(self, indent: int, depth: int) -> None:
        for number in range(self.pick(1, 2, 4)):
            key = self.pick(f"key{number}", f'"key {number}"')
            self.value(key + self.pick(":", " :"), indent, depth)

    def list(self, indent: int, depth: int) -> None:
        for _ in range(self.pick(1, 2, 3)):
            if depth and self.pick(True, False, False):
                lead = "-" + self.pick(" ", "   ")
                self.line(f"{lead}one: 1{self.behind()}", indent)
                self.value("two:", indent + len(lead), depth - 1)
            else:
                self.value("-", indent, depth)


@st.composite
def messy(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A text, and its comments in order."""
    writer = Writer(draw)
    for number in range(writer.pick(1, 1, 2)):
        if number or writer.pick(True, False):
            writer.lines.append("---" + writer.behind())
        writer.mapping(0, 3)
        if writer.pick(*[False] * 5, True):
            writer.lines.append("...")
    end = writer.pick("\n", "\r\n")
    return end.join(
        "\n".join((*writer.lines, writer.pick("", "\n\n"))).split("\n")
    ), writer.comments
