"""A check of jobs when they are submitted, for a site to install: it asks ours who they are."""

from collections.abc import Sequence

_ASKED = {
    "federated identity": ("fed_id=%S+", "fed_id=<your federated identity>"),
    "image digest": ("image=sha256:%x+", "image=sha256:<the digest of your image>"),
}
"""What the comment of a job must have, as Lua finds it and as a person is told."""


def guard(prefix: str, carries: Sequence[str]) -> tuple[str, ...]:
    """Lines of job_submit.lua. Jobs of accounts that are not ours are let pass at once."""
    asked = [_ASKED[word] for word in carries if word in _ASKED]
    return (
        "local function srcnet_is_ours(account)",
        '   account = account or ""',
        f'   return account == "{prefix}" or string.sub(account, 1, {len(prefix) + 1}) == '
        f'"{prefix}-"',
        "end",
        "",
        "function srcnet_submit(job_desc)",
        "   local account = job_desc.account or job_desc.default_account",
        "   if not srcnet_is_ours(account) then return slurm.SUCCESS end",
        *(_project(prefix) if "project" in carries else ()),
        *(['   local comment = job_desc.comment or ""'] if asked else []),
        *(line for pattern, words in asked for line in _demand(pattern, words)),
        *(["   job_desc.admin_comment = comment"] if asked else []),
        "   return slurm.SUCCESS",
        "end",
        "",
        "function srcnet_modify(job_desc, job_rec)",
        "   if not srcnet_is_ours(job_rec.account) then",
        "      if not srcnet_is_ours(job_desc.account) then return slurm.SUCCESS end",
        f'      slurm.log_user("a job that is not of {prefix} cannot become one: submit it anew")',
        "      return slurm.ERROR",
        "   end",
        "   if job_desc.comment ~= nil and job_desc.comment ~= job_rec.comment then",
        '      slurm.log_user("the comment of this job says whose it is: it stays as it is")',
        "      return slurm.ERROR",
        "   end",
        "   return slurm.SUCCESS",
        "end",
    )


def calls() -> tuple[str, ...]:
    """Lines of a job_submit.lua that does nothing else."""
    return (
        "",
        "function slurm_job_submit(job_desc, part_list, submit_uid)",
        "   return srcnet_submit(job_desc)",
        "end",
        "",
        "function slurm_job_modify(job_desc, job_rec, part_list, modify_uid)",
        "   return srcnet_modify(job_desc, job_rec)",
        "end",
        "",
        "return slurm.SUCCESS",
    )


def _project(prefix: str) -> tuple[str, ...]:
    return (
        f'   if account == "{prefix}" then',
        f'      slurm.log_user("say for which project: --account={prefix}-<project>")',
        "      return slurm.ERROR",
        "   end",
    )


def _demand(pattern: str, words: str) -> tuple[str, ...]:
    return (
        f'   if not string.find(comment, "{pattern}") then',
        f'      slurm.log_user("the job must say `{words}` in its --comment")',
        "      return slurm.ERROR",
        "   end",
    )
