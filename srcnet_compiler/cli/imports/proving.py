"""What all imports of running systems share: specs with new texts in them, whether those fit, the
plan that proves that nothing changes, and the writing of all or nothing."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.imports.shared import (
    dry_run_option,
    no_input_option,
    take_option,
    write_changes,
)
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import (
    errors_alone,
    no_specs,
    reading,
    show_findings,
    state_store,
    system_trouble,
)

if TYPE_CHECKING:
    from srcnet_compiler.diagnostic import Diagnostic
    from srcnet_compiler.importing.writing import FileChange
    from srcnet_compiler.pipeline import Compiled, Lowered
    from srcnet_compiler.plan.model import Plan
    from srcnet_compiler.report.proof import Proof

F = TypeVar("F", bound=Callable[..., Any])


class Specs(NamedTuple):
    """The specs as far as they could be checked, their documents, and the texts of all files."""

    compiled: "Compiled"
    documents: Sequence[Any]
    contents: Mapping[str, bytes]


def proof_options(command: F) -> F:
    """Options of everything that writes what an import found, where the proof holds."""
    for option in (
        click.option(
            "--accept-changes",
            is_flag=True,
            help="Write also where the plan would change something.",
        ),
        take_option,
        no_input_option("Ask nothing."),
        dry_run_option,
    ):
        command = option(command)
    return command


def read_specs(settings: Settings, day: date, texts: Mapping[str, str] | None = None) -> Specs:
    """The specs that are there, with these texts instead where a file has one."""
    from srcnet_compiler import pipeline
    from srcnet_compiler.diagnostic import Outcome
    from srcnet_compiler.source import read_bytes
    from srcnet_compiler.spec_files import names_of

    files = dict(names_of(settings.root, pipeline.spec_files(settings.root)))
    if not files:
        raise no_specs(settings)
    contents = {name: read_bytes(path, name) for name, path in files.items()}
    contents |= {name: Outcome(text.encode()) for name, text in (texts or {}).items()}
    sources, found = pipeline.load_contents(sorted(contents.items()))
    kept = {name: each.value for name, each in contents.items() if each.value is not None}
    return Specs(pipeline.check_loaded(sources, found, day), sources.specs, kept)


def compiled_with(settings: Settings, day: date, texts: Mapping[str, str]) -> "Compiled":
    """All that follows from the specs with these texts in them."""
    from srcnet_compiler import pipeline

    return pipeline.compile_checked(read_specs(settings, day, texts).compiled)


def insist_on_fitting(after: "Compiled", said: "Sequence[Diagnostic]", remedy: str) -> None:
    """End the command where what would be written brings errors."""
    from srcnet_compiler.diagnostic import has_errors

    errors, _ = errors_alone((*said, *after.diagnostics))
    if has_errors(errors):
        show_findings(errors, after.sources.lines, "text")
        raise StopError(
            Exit.FINDINGS,
            "what would be written does not fit in here; nothing was written",
            remedy,
        )


def plan_of(
    settings: Settings, found: "Compiled", state: Path | str, is_wanted: "Callable[[Lowered], bool]"
) -> "Plan":
    """The plan of the specs for these systems, read anew through what the specs say of them."""
    from srcnet_compiler.converge import known_objects, make_plan, reach

    known = known_objects(state_store(settings, state))
    wanted = [lowered for lowered in found.models if is_wanted(lowered)]
    with system_trouble(), reading(wanted), reach(found, os.environ, wanted) as reached:
        return make_plan(found, reached, known)


def judged(
    settings: Settings,
    proof: "Proof",
    changes: "Sequence[FileChange]",
    accept: bool,
    dry_run: bool,
) -> "Proof":
    """Writes all files or none, and those only where the proof holds or somebody accepts."""
    accepted = accept or proof.holds
    write = accepted and not dry_run and bool(changes)
    if write:
        write_changes(settings.root, changes)
    return replace(proof, accepted=accepted, written=write)


def insist_on_proof(proof: "Proof") -> None:
    """End the command where its proof does not hold and nobody accepts that."""
    if not proof.accepted:
        raise StopError(
            Exit.FINDINGS,
            "not accepted: what the specs say is not what is there",
            "mend the specs where they are named, or say `--accept-changes`",
        )
