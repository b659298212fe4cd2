"""The files that are open in an editor, each in the repository that it belongs to."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.editor.workspace import Snapshot, Workspace, is_spec, root_of
from srcnet_compiler.pipeline import Compiled, Sources, shaped
from srcnet_compiler.source import text_lines


@dataclass(slots=True)
class Session:
    """Texts as they are typed. `today` is asked each time, since editors stay open for days."""

    today: Callable[[], date]
    workspaces: dict[Path, Workspace] = field(default_factory=dict)
    _strays: dict[Path, str] = field(default_factory=dict)
    """Open files that are in no repository of specs."""
    _snapshots: dict[Path, Snapshot] = field(default_factory=dict)

    def put(self, path: Path, text: str) -> None:
        """A file has this text now, whatever stands on disk."""
        place = self.place(path)
        if place is None:
            self._strays[path] = text
        else:
            workspace, name = place
            workspace.texts[name] = text
            self._snapshots.pop(workspace.root, None)

    def forget(self, path: Path) -> None:
        """A file is what stands on disk again."""
        self._strays.pop(path, None)
        place = self.place(path)
        if place is not None:
            place[0].texts.pop(place[1], None)
            self._snapshots.pop(place[0].root, None)

    def changed_on_disk(self) -> None:
        """Somebody else may have written files."""
        self._snapshots.clear()

    def place(self, path: Path) -> tuple[Workspace, str] | None:
        """The repository of a file, and what it is called there."""
        root = root_of(path)
        if root is None:
            return None
        workspace = self.workspaces.setdefault(root, Workspace(root))
        name = workspace.name_of(path)
        return None if name is None else (workspace, name)

    def snapshot(self, workspace: Workspace) -> Snapshot:
        """How things are in a repository now."""
        known = self._snapshots.get(workspace.root)
        if known is None:
            known = self._snapshots[workspace.root] = workspace.snapshot(self.today())
        return known

    def seen_from(self, path: Path) -> tuple[Snapshot, str]:
        """A file's repository and its name there; by itself where it belongs to none."""
        place = self.place(path)
        if place is not None:
            return self.snapshot(place[0]), place[1]
        workspace = Workspace(path.parent, {path.name: self._strays.get(path, "")})
        read = workspace.alone(path.name)
        nothing = Compiled(Sources((), {}, ""), read.found)
        return Snapshot(path.parent, {path.name: read}, nothing), path.name

    def findings(self, path: Path) -> Mapping[Path, list[Diagnostic]]:
        """What is found in every file of the repository that a file belongs to."""
        place = self.place(path)
        if place is None:
            return {path: [*self._of_stray(path)]}
        snapshot = self.snapshot(place[0])
        found: dict[Path, list[Diagnostic]] = {}
        for each in snapshot.findings:
            found.setdefault(place[0].root / each.labels[0].span.file, []).append(each)
        return found

    def _of_stray(self, path: Path) -> Iterator[Diagnostic]:
        """A file elsewhere is looked at where it says that it is a spec."""
        text = self._strays.get(path, "")
        if is_spec(text):
            yield from shaped(str(path), text.encode("utf-8", "replace")).diagnostics

    def lines(self, path: Path) -> list[str]:
        """The lines of a file as it is now."""
        snapshot, name = self.seen_from(path)
        read = snapshot.files.get(name)
        return [*read.lines] if read is not None else [*text_lines(b"")]
