"""Lines of the compiler on which the laws rest, and how to break each.

`test_laws_bite.py` breaks one at a time in a copy of the project and sees that the tests of its law
fail. Who adds a law adds its line here. The numbers are those of the laws in the design.
"""

from dataclasses import dataclass

LAWS = "tests/test_laws.py"
PLACES = "tests/test_law_of_places.py"
LIVES = "tests/test_law_of_lives.py"
REVIEW = "tests/test_review.py"
PLANNED = "tests/test_law_of_floors_planned.py"
PROVEN = "tests/test_law_of_floors_proven.py"


@dataclass(frozen=True, slots=True)
class Break:
    """`line` stands once in `file`; with `instead` in its place, `test` must fail."""

    law: int
    what: str
    file: str
    line: str
    instead: str
    test: str
    live: str | None = None

    @property
    def label(self) -> str:
        return f"law {self.law}: {self.what}"


RUCIO = "srcnet_compiler/targets/rucio"
FLOORS = f"{RUCIO}/check/floors"
ROLE = "srcnet_compiler/apply/project/roles/rucio/module_utils"
SLURM = "srcnet_compiler/targets/slurm"
SLURM_ROLE = "srcnet_compiler/apply/project/roles/slurm/module_utils"
SLURM_LIVE = "tests/live/test_slurm_apply.py"
GROUPS = "tests/test_apply_groups.py"
KUBERNETES = "srcnet_compiler/targets/kubernetes"
KUBERNETES_LIVE = "tests/live/test_kubernetes_apply.py"
IMPORTS = "srcnet_compiler/cli/imports"
IMPORTING = "srcnet_compiler/importing"
IMPORT_PROOF = "tests/test_import_proof.py"
NOT_ACCEPTED = (
    f"{IMPORT_PROOF}::test_what_is_more_than_adoptions_is_written_only_where_somebody_accepts_it"
)
SEEN_IN_PART = "tests/test_targets.py::test_what_was_seen_in_part_is_not_taken_over"
PROVEN_IMPORT = "return not (self.changes or self.plan.unseen or self.objections)"

BREAKS = (
    Break(
        1,
        "documents in the order in which they were read",
        "srcnet_compiler/federation/link.py",
        "sorted(documents, key=lambda d: (d.document.metadata.name, d.origin.at()))",
        "list(documents)",
        f"{LAWS}::test_the_order_of_real_files_changes_nothing",
    ),
    Break(
        1,
        "places in the order of their hashes",
        f"{RUCIO}/lower/places.py",
        "return tuple(dict.fromkeys(chain(spans, others)))",
        "return tuple(set(chain(spans, others)))",
        f"{LAWS}::test_no_environment_changes_a_byte",
    ),
    Break(
        2,
        "a field that is as wanted counts as different",
        f"{RUCIO}/diff/objects.py",
        "if not exists or before.get(name) != value:",
        "if name:",
        "tests/test_rucio_passage.py::"
        "test_what_rules_rely_on_waits_and_all_else_of_an_area_does_not",
    ),
    Break(
        2,
        "what was accepted is taken for what was done",
        f"{ROLE}/srcnet_gate.py",
        '        if value != field["after"]:\n            text',
        "        if False:\n            text",
        "tests/live/test_apply.py::test_what_the_server_accepts_and_does_not_do_is_a_failure",
        live="rucio",
    ),
    Break(
        3,
        "a rule that forgets the tier",
        f"{RUCIO}/lower/policies.py",
        "attribute(domain, slot.domain) & tier",
        "attribute(domain, slot.domain)",
        f"{LAWS}::test_every_choice_in_the_real_federation_satisfies_the_policy",
    ),
    Break(
        3,
        "an area that does not count and can be meant",
        f"{RUCIO}/lower/areas.py",
        "    if counts:\n        yield TIER",
        "    if True:\n        yield TIER",
        f"{LAWS}::test_every_choice_in_the_real_federation_satisfies_the_policy",
    ),
    Break(
        3,
        "a checker that trusts what was emitted",
        f"{RUCIO}/check/emitted.py",
        "    yield from objections(wanted, given, rses)\n",
        "",
        f"{LAWS}::test_the_checker_finds_every_mutation_of_the_golden_federation",
    ),
    Break(
        3,
        "a later phase that is not held against its policy",
        f"{RUCIO}/check/lives.py",
        "        yield from objections(wanted, given, rses)\n",
        "",
        f"{LIVES}::test_what_the_oracle_finds_wrong_the_checker_finds_too",
    ),
    Break(
        3,
        "two copies in one region that nobody objects to",
        f"{RUCIO}/model/requirement.py",
        "        found += _not_apart(wanted.apart, given, rses)\n",
        "        pass\n",
        f"{LIVES}::test_the_checker_objects_exactly_where_some_choice_breaks_what_is_wanted",
    ),
    Break(
        3,
        "a rule that goes vouches for its own place in the next phase",
        f"{RUCIO}/diff/rules.py",
        "    if _is_of(wanted, rule):\n        mark",
        "    if False:\n        mark",
        f"{LIVES}::test_every_choice_on_the_way_to_another_phase_satisfies_the_policy",
    ),
    Break(
        3,
        "a wait for one kind of copies only",
        f"{RUCIO}/diff/rules.py",
        '"copies": dict(wanted.copies),',
        '"copies": dict(list(wanted.copies.items())[:1]),',
        f"{LIVES}::test_every_choice_on_the_way_to_another_phase_satisfies_the_policy",
    ),
    Break(
        3,
        "an evaluator that differs from the server's",
        f"{RUCIO}/model/expression/evaluate.py",
        "return left - right",
        "return right - left",
        "tests/live/test_expression_agrees.py"
        "::test_an_expression_means_to_us_what_it_means_to_the_server",
        live="rucio",
    ),
    Break(
        3,
        "a place that is taken away before its replacement is there",
        f"{RUCIO}/diff/__init__.py",
        "ordered = after_replacements(desired, observed.model, changes)",
        "ordered = tuple(changes)",
        "tests/test_rucio_evolution.py",
    ),
    Break(
        4,
        "a wait that is not looked at",
        f"{FLOORS}/search.py",
        "return all(self._holds(state, step, guard) for guard in step.guards)",
        "return True",
        f"{PROVEN}::test_a_plan_with_all_its_guards_is_proven",
    ),
    Break(
        4,
        "what waits is taken never to come",
        f"{FLOORS}/search.py",
        "            if step.guards and not (state.begun | state.done) >> number & 1:\n",
        "            if False:\n",
        "tests/test_floors.py::test_two_releases_that_rely_on_each_other_are_refused_though_each_waits",
    ),
    Break(
        4,
        "an order that nobody keeps to",
        f"{FLOORS}/search.py",
        "if self._needs[number] & ~state.done:",
        "if not number:",
        f"{PROVEN}::test_areas_that_move_on_one_after_the_other_need_each_other",
    ),
    Break(
        4,
        "two copies in one region that count as two",
        f"{FLOORS}/search.py",
        "self._view(state, lock.spot).places[0]\n",
        "(lock.spot, self._view(state, lock.spot).places[0])\n",
        f"{PROVEN}::test_places_that_are_not_told_apart_as_the_policy_asks_are_refused",
    ),
    Break(
        4,
        "a name that a rule has before it is given",
        f"{FLOORS}/search.py",
        "state.comments[lock.rule] in guard.comments",
        "guard.comments",
        "tests/test_floors.py::"
        "test_a_rule_that_gives_up_the_name_first_vouches_for_the_others_no_more",
    ),
    Break(
        4,
        "places that Rucio is not thought to choose",
        f"{FLOORS}/shape.py",
        "    for spot in options or [None]:",
        "    for spot in options[:1] or [None]:",
        f"{PROVEN}::test_the_proof_and_the_oracle_agree",
    ),
    Break(
        4,
        "an area that changes without a word to those who rely on it",
        f"{FLOORS}/places.py",
        "        attributes |= step.attributes\n",
        "",
        "tests/test_floors.py::test_an_area_that_changes_its_region_under_a_rule_must_wait",
    ),
    Break(
        4,
        "a plan that is not proven",
        f"{RUCIO}/check/proof.py",
        "return Proof((), found.objections)",
        "return Proof()",
        "tests/test_floors.py::test_a_plan_says_what_was_proven_and_one_that_is_not_is_refused",
    ),
    Break(
        4,
        "a rule that is let go before others are complete",
        f"{RUCIO}/diff/rules.py",
        "        waits=(_complete(audited.desired, dataset, wanted),),\n",
        "",
        f"{PLANNED}::test_what_is_planned_for_any_change_of_policies_is_proven",
    ),
    Break(
        4,
        "a rule that is counted among those for which it goes",
        f"{RUCIO}/diff/rules.py",
        "    if _is_of(wanted, rule):\n",
        "    if False:\n",
        f"{PLANNED}::test_what_is_planned_for_any_change_of_policies_is_proven",
    ),
    Break(
        4,
        "a rule that goes before it gave up its name",
        f"{RUCIO}/diff/rules.py",
        "        needs=first,\n",
        "",
        f"{PLANNED}::test_what_is_planned_for_any_change_of_policies_is_proven",
    ),
    Break(
        4,
        "one copy on each tier is enough to let others go",
        f"{RUCIO}/diff/rules.py",
        '"copies": dict(wanted.copies),',
        '"copies": dict.fromkeys(wanted.copies, 1),',
        f"{PLANNED}::test_what_is_planned_for_any_change_of_policies_is_proven",
    ),
    Break(
        4,
        "a floor that nobody is told of",
        f"{RUCIO}/lower/policies.py",
        "        policy.floor,\n",
        "        0,\n",
        f"{PLANNED}::test_no_release_that_is_planned_can_do_without_its_wait",
    ),
    Break(
        5,
        "whatever is on a cluster counts as ours",
        f"{SLURM}/diff/__init__.py",
        "return desired.owns_name(thing.name)",
        "return True",
        "tests/test_slurm_diff.py::test_a_spec_that_names_a_thing_of_others_changes_nothing_of_it",
    ),
    Break(
        5,
        "an account of others counts as ours",
        f"{SLURM}/diff/__init__.py",
        "return name in inside and name not in seen.foreign.accounts",
        "return True",
        "tests/test_slurm_diff.py::test_what_others_made_is_never_in_a_diff",
    ),
    Break(
        5,
        "a partition goes with the lines of others",
        f"{SLURM}/model/fragment.py",
        "gone = {line.number for line in fragment_lines(text) if line.name == name}",
        "gone = {line.number for line in fragment_lines(text)}",
        "tests/test_slurm_fragment.py::test_taking_a_partition_out_leaves_every_other_line",
    ),
    Break(
        5,
        "a partition is changed with the lines of others",
        f"{SLURM}/model/fragment.py",
        'lines[found.number - 1] = " ".join(said)',
        'lines = [" ".join(said)]',
        "tests/test_slurm_fragment.py::test_changing_a_partition_leaves_every_other_line",
    ),
    Break(
        5,
        "a site's word in a line of ours is lost",
        f"{SLURM}/model/fragment.py",
        "kept = dict(found.words[1:]) if found else {}",
        "kept = {}",
        "tests/test_slurm_fragment.py::test_a_word_that_the_site_has_added_to_a_line_of_ours_stays",
    ),
    Break(
        5,
        "jobs of others are asked whose they are",
        "templates/slurm/job_submit.lua.j2",
        "   if not srcnet_is_ours(account) then return slurm.SUCCESS end\n",
        "",
        "tests/test_slurm_lower.py::test_the_guard_asks_ours_and_lets_all_others_pass",
    ),
    Break(
        5,
        "an account whose name only begins as ours do",
        "templates/slurm/job_submit.lua.j2",
        '{{ prefix | length + 1 }}) == "{{ prefix }}-"',
        '{{ prefix | length }}) == "{{ prefix }}"',
        "tests/test_slurm_lower.py::test_the_guard_asks_ours_and_lets_all_others_pass",
    ),
    Break(
        5,
        "jobs of others get a directory",
        "templates/slurm/prolog.sh.j2",
        "   *) exit 0 ;;\n",
        "   *) ;;\n",
        "tests/live/test_slurm_scratch.py"
        "::test_a_foreign_job_gets_nothing_and_nothing_is_done_for_it",
        live="slurm",
    ),
    Break(
        5,
        "what a spec no longer describes is ended on a cluster",
        f"{SLURM}/diff/__init__.py",
        "ending = {**dict(_former_members(desired, seen)), **desired.ended}",
        'ending = {(thing.kind, thing.name): "absent" for thing in seen.things()}',
        f"{LAWS}::test_what_the_specs_no_longer_describe_on_a_cluster_is_left_alone",
    ),
    Break(
        5,
        "something on a cluster ends without a document",
        "srcnet_compiler/plan/guard.py",
        "elif _ends_on_cluster(change) and change.until is None and not",
        "elif False and not",
        "tests/test_plan.py::test_nothing_on_a_cluster_ends_without_a_document_but_a_membership",
    ),
    Break(
        6,
        "a change of a cluster that does not say on which draft it rests",
        f"{SLURM}/diff/__init__.py",
        "        drafts=thing.drafts,\n    )\n\n\ndef _kind_of_cost",
        "    )\n\n\ndef _kind_of_cost",
        "tests/test_plan.py"
        "::test_what_a_waiver_lets_onto_a_cluster_is_refused_the_day_after_it_ends",
    ),
    Break(
        6,
        "a project that is there for a draft of a queue alone",
        f"{SLURM}/lower/accounting.py",
        "    if all(queue.drafts for queue in _queues(scope, grant.project)):\n",
        "    if False:\n",
        "tests/test_slurm_lower.py"
        "::test_a_project_rests_on_the_draft_of_a_queue_that_it_is_let_into",
    ),
    Break(
        6,
        "a partition that is there for a draft of a project alone",
        f"{SLURM}/lower/scope.py",
        "needed = of_projects if all(grant.drafts for grant in grants) else ()",
        "needed = ()",
        "tests/test_slurm_lower.py::test_what_lets_only_projects_in_that_are_drafts_rests_on_them",
    ),
    Break(
        6,
        "a draft of compute that nobody has accepted",
        "srcnet_compiler/federation/model.py",
        "return bool(drafts) and not self.waives_drafts(*names)",
        "return False",
        "tests/test_slurm_lower.py::test_drafts_are_left_out_until_a_waiver_accepts_them",
    ),
    Break(
        5,
        "the module changes QOS and reservations of others",
        f"{SLURM_ROLE}/srcnet_slurm_target.py",
        "if not bounds.owns_name(name):",
        "if False:",
        f"{SLURM_LIVE}::test_what_is_not_ours_is_refused_by_the_module_as_well",
        live="slurm",
    ),
    Break(
        5,
        "the module changes partitions that stand in no line of ours",
        f"{SLURM_ROLE}/srcnet_slurm_fragment.py",
        "    if name in seen.foreign.partitions:\n",
        "    if False:\n",
        f"{SLURM_LIVE}::test_what_is_not_ours_is_refused_by_the_module_as_well",
        live="slurm",
    ),
    Break(
        5,
        "a reconfigure undoes what the site has changed by hand",
        f"{SLURM_ROLE}/srcnet_slurm_fragment.py",
        "_refuse(_undone(foreign, foreseen.partitions, ignored))",
        "pass",
        f"{SLURM_LIVE}::test_what_the_site_changed_by_hand_is_not_undone_by_a_reconfigure",
        live="slurm",
    ),
    Break(
        6,
        "a change under what could not be read",
        "srcnet_compiler/targets/protocol.py",
        "hidden = {c.address for c in changes if any(gap.covers(c.address) for gap in gaps)}",
        "hidden = set()",
        f"{LAWS}::test_nothing_under_a_gap_is_changed_and_nothing_else_is_forgotten",
    ),
    Break(
        6,
        "an attribute of others that is absent from the spec",
        f"{RUCIO}/diff/objects.py",
        'if name.startswith(f"attribute.{OWNED_ATTRIBUTES}") and name not in after:',
        'if name.startswith("attribute.") and name not in after:',
        f"{LAWS}::test_what_others_made_is_never_in_a_diff",
    ),
    Break(
        6,
        "a subscription of somebody else",
        f"{RUCIO}/diff/objects.py",
        "ours = found.account == desired.owner and (",
        "ours = (",
        f"{LAWS}::test_what_others_made_is_never_in_a_diff",
    ),
    Break(
        6,
        "a change that relies on what could not be read",
        "srcnet_compiler/targets/protocol.py",
        "hidden |= {c.address for c in changes if not hidden.isdisjoint(c.needs)}",
        "hidden |= set()",
        f"{LAWS}::test_nothing_under_a_gap_is_changed_and_nothing_else_is_forgotten",
    ),
    Break(
        3,
        "an RSE that nobody describes and rules would choose",
        f"{RUCIO}/check/seen.py",
        "    yield from _strangers(desired, seen)\n",
        "",
        "tests/test_rucio_seen.py",
    ),
    Break(
        7,
        "a limit that points at the name",
        f"{RUCIO}/lower/areas.py",
        '"limit.MaxSpaceAvailable": (here.at("capacity"),)',
        '"limit.MaxSpaceAvailable": (here.at("name"),)',
        f"{PLACES}::test_a_scalar_changes_only_lines_that_map_to_it",
    ),
    Break(
        7,
        "a line without its places",
        f"{RUCIO}/lower/places.py",
        '        *written(area.origin, "environment", "role"),\n',
        "",
        f"{PLACES}::test_a_scalar_changes_only_lines_that_map_to_it",
    ),
    Break(
        8,
        "a source line shown as it is",
        "srcnet_compiler/report/conceal.py",
        "        line = line[:start] + _DOT * (end - start) + line[end:]\n",
        "        line = line[:start] + line[start:end] + line[end:]\n",
        "tests/test_conceal.py::test_no_report_shows_a_secret",
    ),
    Break(
        8,
        "a secret that a system repeats",
        "srcnet_compiler/apply/gate.py",
        "            text = text.replace(secret, HIDDEN)\n",
        "            text = text.replace(secret, secret)\n",
        "tests/test_apply_gate.py::test_a_secret_that_comes_back_in_a_text_is_cut_out",
    ),
    Break(
        9,
        "a go without an intent in the ledger",
        "srcnet_compiler/apply/gate.py",
        "begun[change.id] = self._journal.write(change, INTENT, before=before)",
        "begun[change.id] = self._journal.clock()",
        "tests/live/test_kill_sweep.py",
        live="rucio",
    ),
    Break(
        9,
        "a group that begins without an intent of each",
        f"{ROLE}/srcnet_gate.py",
        '    gate.tell(at="intent", each=each)\n',
        "",
        f"{GROUPS}::test_at_once_it_ends_as_one_by_one",
    ),
    Break(
        9,
        "a group that acts before its intents are told",
        f"{ROLE}/srcnet_gate.py",
        '    gate.tell(at="intent", each=each)\n'
        "    _tell_all(gate, [*_done_at_once(steps, target)], results)\n",
        "    done = [*_done_at_once(steps, target)]\n"
        '    gate.tell(at="intent", each=each)\n'
        "    _tell_all(gate, done, results)\n",
        f"{GROUPS}::test_at_once_it_ends_as_one_by_one",
    ),
    Break(
        9,
        "a group of more commands than may be in doubt",
        f"{SLURM_ROLE}/srcnet_slurm_groups.py",
        "if sum(count for count, _, _ in used.values()) > COMMANDS:",
        "if False:",
        f"{GROUPS}::test_a_group_takes_no_more_commands_than_may_be_in_doubt",
    ),
    Break(
        9,
        "a group of names that one command does not take",
        f"{SLURM_ROLE}/srcnet_slurm_groups.py",
        "        if not _takes(names, letters, size):\n",
        "        if names == NAMES:\n",
        f"{GROUPS}::test_a_group_takes_no_more_commands_than_may_be_in_doubt",
    ),
    Break(
        9,
        "a module that lives on",
        "srcnet_compiler/apply/fence.py",
        'return ["/bin/sh", str(WRAPPER), fence.value, "--", *command]',
        'return ["/bin/sh", str(WRAPPER), "none", "--", *command]',
        "tests/test_apply_fence.py",
    ),
    Break(
        9,
        "a second run that does not look at what is there",
        f"{ROLE}/srcnet_gate.py",
        '    todo = [field for field in fields if now.get(field["name"]) != field["after"]]\n',
        "    todo = list(fields)\n",
        "tests/live/test_kill_sweep.py",
        live="rucio",
    ),
    Break(
        5,
        "a field that another manager holds is taken from him",
        f"{KUBERNETES}/live/filled.py",
        '"fieldValidation": "Strict", **query}',
        '"fieldValidation": "Strict", "force": "true", **query}',
        f"{KUBERNETES_LIVE}::test_who_takes_a_field_between_our_look_and_our_word_is_not_overruled",
        live="kubernetes",
    ),
    Break(
        5,
        "an object that is no longer ours is deleted",
        f"{KUBERNETES}/diff.py",
        "        and found.ours\n",
        "",
        f"{KUBERNETES_LIVE}::test_what_lost_our_label_is_not_retired",
        live="kubernetes",
    ),
    Break(
        5,
        "an object of another federation is changed",
        f"{KUBERNETES}/diff.py",
        "    if found is not None and _has_other_owner(found):\n        return\n",
        "",
        "tests/test_kubernetes_diff.py::test_what_another_federation_has_is_an_error_and_no_change",
    ),
    Break(
        6,
        "what keeps data is deleted with what used it",
        f"{KUBERNETES}/diff.py",
        "        and not keeps_data(found)\n",
        "",
        f"{KUBERNETES_LIVE}::test_what_is_retired_goes_and_what_keeps_data_stays",
        live="kubernetes",
    ),
    Break(
        5,
        "a workflow of somebody else is written over",
        "srcnet_compiler/targets/cicd/check.py",
        "if found is not None and not found.ours:",
        "if False:",
        "tests/test_cicd.py::test_a_file_of_somebody_else_in_the_way_is_never_written_over",
    ),
    Break(
        5,
        "what somebody writes into a node between our look and our word is lost",
        "srcnet_compiler/targets/scapi/live/writing.py",
        "        overwritten = _between(client, name, last, now)\n",
        "        overwritten: list[Document] = []\n",
        "tests/test_scapi.py::test_what_somebody_writes_between_our_look_and_our_word_is_not_lost",
    ),
    Break(
        6,
        "of two entries of the catalogue that could be meant the first is taken",
        "srcnet_compiler/targets/scapi/live/reading.py",
        "        if len(matching) > 1:\n",
        "        if False:\n",
        "tests/test_scapi.py::test_what_is_in_doubt_is_left_alone",
    ),
    Break(
        6,
        "what is in downtime looks as if it were not there",
        "srcnet_compiler/targets/scapi/live/client.py",
        '"/nodes?include_inactive=true"',
        '"/nodes"',
        "tests/test_scapi.py::test_what_is_switched_off_or_in_downtime_is_still_there",
    ),
    Break(
        7,
        "a site is called untouched whose administrators have something else to install",
        "srcnet_compiler/review/systems.py",
        'if not each.compare and each.name != "origins"',
        "if False",
        f"{REVIEW}::test_what_is_untouched_has_the_same_bytes_and_every_effect_has_a_cause"
        "[policies/compute/queues.yaml]",
    ),
    Break(
        8,
        "a comment on a pull request repeats what may be a secret",
        "srcnet_compiler/report/review/words.py",
        "    return any(concealed(written, n) != written[n] for n in range(span.line - 1, last))",
        "    return False",
        f"{REVIEW}::test_no_secret_is_shown",
    ),
    Break(
        2,
        "an import that would change something counts as proven",
        "srcnet_compiler/report/proof.py",
        PROVEN_IMPORT,
        "return not (self.plan.unseen or self.objections)",
        NOT_ACCEPTED,
    ),
    Break(
        6,
        "an import counts as proven though not all could be seen",
        "srcnet_compiler/report/proof.py",
        PROVEN_IMPORT,
        "return not (self.changes or self.objections)",
        NOT_ACCEPTED,
    ),
    Break(
        4,
        "an import counts as proven whose plan would be refused",
        "srcnet_compiler/report/proof.py",
        PROVEN_IMPORT,
        "return not (self.changes or self.plan.unseen)",
        NOT_ACCEPTED,
    ),
    Break(
        2,
        "an import is written before anybody has accepted it",
        f"{IMPORTS}/proving.py",
        "write = accepted and not dry_run and bool(changes)",
        "write = not dry_run and bool(changes)",
        NOT_ACCEPTED,
    ),
    Break(
        2,
        "an area takes part as soon as it is imported",
        f"{IMPORTING}/rucio/areas.py",
        '"adopted": None if placed.is_ours else True,',
        '"adopted": None,',
        "tests/test_import_rucio.py::test_whatever_is_imported_asks_for_no_change",
    ),
    Break(
        5,
        "what somebody writes into a spec during an import is lost",
        f"{IMPORTS}/shared.py",
        "        if now != change.before:\n",
        "        if False:\n",
        f"{IMPORT_PROOF}::test_what_somebody_writes_while_a_system_is_read_is_not_lost",
    ),
    Break(
        9,
        "the files of an import are written one after the other",
        f"{IMPORTS}/shared.py",
        "    write_files(texts)\n",
        "    for path, text in texts.items():\n        write_files({path: text})\n",
        f"{IMPORT_PROOF}::test_where_one_file_cannot_be_written_none_is",
    ),
    Break(
        6,
        "an import says something else where it cannot add to a spec",
        f"{IMPORTING}/merging.py",
        "            raise NotMergedError\n    return",
        "            pass\n    return",
        "tests/test_importing_merge.py::test_what_stands_in_two_places_is_not_added_to_in_one",
    ),
    Break(
        5,
        "what others have on a cluster is taken over where a spec names it",
        f"{SLURM}/diff/__init__.py",
        "        if is_ours(desired, observed.model, thing)\n        and (found",
        "        if (found",
        "tests/test_slurm_diff.py"
        "::test_what_is_of_others_by_its_name_is_not_taken_over_where_it_was_read_among_ours",
    ),
    Break(
        5,
        "an object of another federation is taken over",
        f"{KUBERNETES}/diff.py",
        "        and not _has_other_owner(found)\n",
        "",
        "tests/test_kubernetes_diff.py::test_what_another_federation_has_is_an_error_and_no_change",
    ),
    *(
        Break(
            6,
            f"what was seen only in part is taken over ({target})",
            f"srcnet_compiler/targets/{target}/{file}",
            "return without_unseen(taken, observed.gaps)",
            "return tuple(taken)",
            test,
        )
        for target, file, test in (
            ("rucio", "diff/__init__.py", SEEN_IN_PART),
            ("slurm", "diff/__init__.py", SEEN_IN_PART),
            ("scapi", "diff.py", SEEN_IN_PART),
            (
                "kubernetes",
                "diff.py",
                "tests/test_kubernetes_diff.py"
                "::test_what_exists_is_adopted_with_what_is_equal_and_changed_after_it",
            ),
        )
    ),
)
