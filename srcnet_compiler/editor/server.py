"""`srcnet lsp`: the language server protocol, spoken by pygls; what is said is worked out beside.

A request that cannot be answered has an empty answer: an editor goes on whatever a text holds.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from lsprotocol import types as lsp
from pygls import uris
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

from srcnet_compiler import __version__
from srcnet_compiler.editor.completion import offers, word_before
from srcnet_compiler.editor.convert import Converter
from srcnet_compiler.editor.hover import hover
from srcnet_compiler.editor.mentions import Mention
from srcnet_compiler.editor.position import mention_at, same
from srcnet_compiler.editor.rename import RefusedError, renamable, rename
from srcnet_compiler.editor.session import Session
from srcnet_compiler.editor.workspace import Snapshot
from srcnet_compiler.source.layout import laid_out
from srcnet_compiler.span import Span

_ICONS = {
    "key": lsp.CompletionItemKind.Property,
    "word": lsp.CompletionItemKind.EnumMember,
    "name": lsp.CompletionItemKind.Reference,
}


class SpecServer(LanguageServer):
    """Speaks with one editor."""

    def __init__(self, today: Callable[[], date]) -> None:
        super().__init__("srcnet", __version__)
        self.session = Session(today)
        self.published: set[Path] = set()

    def converter(self, snapshot: Snapshot) -> Converter:
        """Places of this editor: it counts columns in units of its own, mostly of UTF-16."""
        lines = {name: read.lines for name, read in snapshot.files.items()}
        return Converter(snapshot.root, lines, self.workspace.position_codec)

    def publish(self, path: Path) -> None:
        """Tell the editor all that is found in the repository of a file."""
        snapshot, _ = self.session.seen_from(path)
        convert = self.converter(snapshot)
        found = self.session.findings(path)
        place = self.session.place(path)
        mine = {p for p in self.published if place and p.is_relative_to(place[0].root)}
        for each in sorted({path, *mine, *found}):
            findings = [convert.diagnostic(one) for one in found.get(each, [])]
            uri = uris.from_fs_path(str(each))
            if uri is not None:
                self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, findings))
        self.published = (self.published - mine) | set(found)


def path_of(uri: str) -> Path | None:
    """The file that is meant; None for what is no file, such as a text that was never saved."""
    name = uris.to_fs_path(uri) if uri.startswith("file:") else None
    return Path(name) if name else None


def server(today: Callable[[], date]) -> SpecServer:
    """A server that has yet to be started."""
    made = SpecServer(today)
    _follow_texts(made)
    _answer_places(made)
    _answer_edits(made)
    return made


def _follow_texts(made: SpecServer) -> None:
    def put(uri: str) -> None:
        path = path_of(uri)
        if path is not None:
            made.session.put(path, made.workspace.get_text_document(uri).source)
            made.publish(path)

    @made.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        put(params.text_document.uri)

    @made.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        put(params.text_document.uri)

    @made.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: lsp.DidSaveTextDocumentParams) -> None:
        made.session.changed_on_disk()
        put(params.text_document.uri)

    @made.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        path = path_of(params.text_document.uri)
        if path is not None:
            made.session.forget(path)
            made.publish(path)

    @made.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def written(params: lsp.DidChangeWatchedFilesParams) -> None:
        made.session.changed_on_disk()
        for change in params.changes:
            path = path_of(change.uri)
            if path is not None and made.session.place(path) is not None:
                made.publish(path)
                return


def _answer_places(made: SpecServer) -> None:
    def asked(uri: str, position: lsp.Position) -> tuple[Snapshot, str, int, int] | None:
        path = path_of(uri)
        if path is None:
            return None
        snapshot, name = made.session.seen_from(path)
        if name not in snapshot.files:
            return None
        return (snapshot, name, *made.converter(snapshot).place(name, position))

    def places(uri: str, position: lsp.Position) -> tuple[Snapshot, list[Mention]] | None:
        here = asked(uri, position)
        mention = mention_at(here[0].files[here[1]], here[2], here[3]) if here else None
        return (here[0], same(mention, here[0].mentions)) if here and mention else None

    @made.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hovered(params: lsp.HoverParams) -> lsp.Hover | None:
        here = asked(params.text_document.uri, params.position)
        page = hover(*here) if here else None
        if here is None or page is None:
            return None
        text = lsp.MarkupContent(lsp.MarkupKind.Markdown, page[0])
        return lsp.Hover(text, made.converter(here[0]).range(page[1]))

    @made.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def definition(params: lsp.DefinitionParams) -> list[lsp.Location]:
        found = places(params.text_document.uri, params.position)
        if found is None:
            return []
        convert = made.converter(found[0])
        return [convert.location(each.span) for each in found[1] if each.gives]

    @made.feature(lsp.TEXT_DOCUMENT_REFERENCES)
    def references(params: lsp.ReferenceParams) -> list[lsp.Location]:
        found = places(params.text_document.uri, params.position)
        if found is None:
            return []
        convert, with_given = made.converter(found[0]), params.context.include_declaration
        return [convert.location(e.span) for e in found[1] if with_given or not e.gives]

    @made.feature(
        lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[" ", ":", "[", "{"])
    )
    def complete(params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
        here = asked(params.text_document.uri, params.position)
        if here is None:
            return []
        snapshot, name, line, column = here
        lines = snapshot.files[name].lines
        row = lines[line - 1] if line <= len(lines) else ""
        word = word_before(row, column - 1)
        span = Span(name, line, column - len(word), line, column)
        range_ = made.converter(snapshot).range(span)
        return [
            lsp.CompletionItem(
                each.label,
                kind=_ICONS[each.what],
                detail=each.detail or None,
                text_edit=lsp.TextEdit(range_, each.text),
            )
            for each in offers(snapshot, lines, line - 1, column - 1)
        ]

    @made.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepare(params: lsp.PrepareRenameParams) -> lsp.Range | None:
        here = asked(params.text_document.uri, params.position)
        if here is None:
            return None
        try:
            mention = renamable(*here)
        except RefusedError as why:
            raise JsonRpcInvalidParams(str(why)) from None
        return made.converter(here[0]).range(mention.span)

    @made.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    def renamed(params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        here = asked(params.text_document.uri, params.position)
        path = path_of(params.text_document.uri)
        place = made.session.place(path) if path else None
        if here is None or place is None:
            raise JsonRpcInvalidParams("the file belongs to no repository of specs")
        snapshot, *_ = here
        today = made.session.today()
        try:
            fixes = rename(place[0], snapshot, here[1:], params.new_name, today)
        except RefusedError as why:
            raise JsonRpcInvalidParams(str(why)) from None
        return made.converter(snapshot).edits(fixes)


def _answer_edits(made: SpecServer) -> None:
    @made.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION,
        lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix]),
    )
    def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        path = path_of(params.text_document.uri)
        if path is None:
            return []
        snapshot, _ = made.session.seen_from(path)
        convert = made.converter(snapshot)
        found = made.session.findings(path).get(path, [])
        return [
            convert.action(each)
            for each in found
            if each.fix is not None and _meets(convert.range(each.labels[0].span), params.range)
        ]

    @made.feature(lsp.TEXT_DOCUMENT_FORMATTING)
    def formatted(params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit]:
        path = path_of(params.text_document.uri)
        if path is None:
            return []
        snapshot, name = made.session.seen_from(path)
        read = snapshot.files.get(name)
        after = laid_out(name, read.content).value if read is not None else None
        if read is None or after is None:
            return []
        return made.converter(snapshot).line_edits(name, after)


def _meets(one: lsp.Range, other: lsp.Range) -> bool:
    def key(position: lsp.Position) -> tuple[int, int]:
        return position.line, position.character

    return key(one.start) <= key(other.end) and key(other.start) <= key(one.end)
