"""Our places and findings as an editor takes them: lines from 0, columns in its own units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from lsprotocol import types as lsp
from pygls import uris
from pygls.workspace import PositionCodec

from srcnet_compiler.diagnostic import Diagnostic, Fix, Severity
from srcnet_compiler.source.text import split_lines
from srcnet_compiler.span import Span


@dataclass(frozen=True, slots=True)
class Converter:
    """Between places of ours and of an editor, for files below `root` with these `lines`."""

    root: Path
    lines: Mapping[str, Sequence[str]]
    codec: PositionCodec

    def place(self, file: str, position: lsp.Position) -> tuple[int, int]:
        """Line and column of ours, from 1, within the text as it is."""
        lines = self.lines.get(file, ())
        if position.line >= len(lines):
            return len(lines) + 1, 1
        there = self.codec.position_from_client_units(lines, position)
        return there.line + 1, min(there.character, len(lines[there.line])) + 1

    def range(self, span: Span) -> lsp.Range:
        """A span as the editor counts."""
        return lsp.Range(
            self._position(span.file, span.line, span.column),
            self._position(span.file, span.end_line, span.end_column),
        )

    def _position(self, file: str, line: int, column: int) -> lsp.Position:
        lines = self.lines.get(file, ())
        if line > len(lines):
            return lsp.Position(max(line - 1, 0), 0)
        units = self.codec.client_num_units(lines[line - 1][: column - 1])
        return lsp.Position(line - 1, units)

    def uri(self, file: str) -> str:
        """How the editor calls a file."""
        return uris.from_fs_path(str(self.root / file)) or ""

    def location(self, span: Span) -> lsp.Location:
        """A place in a file."""
        return lsp.Location(self.uri(span.file), self.range(span))

    def diagnostic(self, found: Diagnostic) -> lsp.Diagnostic:
        """A finding, with its help behind its message, and its other places."""
        is_error = found.severity is Severity.ERROR
        return lsp.Diagnostic(
            range=self.range(found.labels[0].span),
            message=found.message + (f"\nhelp: {found.help}" if found.help else ""),
            severity=lsp.DiagnosticSeverity.Error if is_error else lsp.DiagnosticSeverity.Warning,
            code=found.code.value,
            source="srcnet",
            related_information=[
                lsp.DiagnosticRelatedInformation(self.location(each.span), each.text)
                for each in found.labels[1:]
            ],
        )

    def action(self, found: Diagnostic) -> lsp.CodeAction:
        """The fix of a finding that has one."""
        assert found.fix is not None
        return lsp.CodeAction(
            title=f"write `{found.fix.text.strip()}`",
            kind=lsp.CodeActionKind.QuickFix,
            diagnostics=[self.diagnostic(found)],
            edit=self.edits({found.fix.span.file: [found.fix]}),
            is_preferred=True,
        )

    def edits(self, fixes: Mapping[str, Sequence[Fix]]) -> lsp.WorkspaceEdit:
        """What to write where."""
        return lsp.WorkspaceEdit(
            {
                self.uri(file): [
                    lsp.TextEdit(self.range(part.span), part.text)
                    for fix in each
                    for part in fix.parts
                ]
                for file, each in fixes.items()
            }
        )

    def line_edits(self, file: str, after: str) -> list[lsp.TextEdit]:
        """The lines that another text of a file has otherwise, so that the cursor stays."""
        old, new = [*self.lines[file]], [*split_lines(after)]
        if len(old) == 0:
            return []
        matcher = SequenceMatcher(None, old, new, autojunk=False)
        return [
            self._line_edit(file, old, begin, end, new[first:last])
            for what, begin, end, first, last in matcher.get_opcodes()
            if what != "equal"
        ]

    def _line_edit(
        self, file: str, old: list[str], begin: int, end: int, rows: list[str]
    ) -> lsp.TextEdit:
        """Lines `begin` to `end` of a text replaced; its last line has no end of its own."""
        text = "".join(f"{row}\n" for row in rows)
        if end < len(old):
            return lsp.TextEdit(lsp.Range(lsp.Position(begin, 0), lsp.Position(end, 0)), text)
        last = self._position(file, len(old), len(old[-1]) + 1)
        if begin == 0:
            return lsp.TextEdit(lsp.Range(lsp.Position(0, 0), last), "\n".join(rows))
        start = self._position(file, begin, len(old[begin - 1]) + 1)
        return lsp.TextEdit(lsp.Range(start, last), "".join(f"\n{row}" for row in rows))
