-- Checks of jobs on cluster srcnet, written by srcnet, for when they are submitted or edited.
-- Of a job whose account is neither ska nor ska-… only the account is read, and nothing is written.

local function srcnet_is_ours(account)
   account = string.lower(account)
   return account == "ska" or string.sub(account, 1, 4) == "ska-"
end

local function srcnet_refuse(why)
   slurm.log_user(why)
   return slurm.ESLURM_ACCESS_DENIED or slurm.ERROR
end

-- Jobs belong to a project: the account above those of all projects is nobody's.
local function srcnet_has_project(account)
   return string.lower(account) ~= "ska"
end

-- What a comment says under a word; its words stand apart by spaces, commas or semicolons.
local function srcnet_said(comment, word)
   return string.match(" " .. comment, "[%s,;]" .. word .. "=([^%s,;]+)") or ""
end

function srcnet_submit(job_desc)
   local account = job_desc.account or ""
   if account == "" then account = job_desc.default_account or "" end
   if not srcnet_is_ours(account) then return slurm.SUCCESS end
   if not srcnet_has_project(account) then
      return srcnet_refuse("say for which project this job is: --account=ska-<project>")
   end
   local comment = job_desc.comment or ""
   if srcnet_said(comment, "fed_id") == "" then
      return srcnet_refuse("say whose this job is: --comment='fed_id=<your federated identity> image=sha256:<the 64 digits of your image>'")
   end
   local digest = string.match(srcnet_said(comment, "image"), "^sha256:(%x+)$") or ""
   if string.len(digest) ~= 64 then
      return srcnet_refuse("say what this job runs: --comment='fed_id=<your federated identity> image=sha256:<the 64 digits of your image>'")
   end
   -- Slurm lets no user change this one, neither here nor in the accounting database.
   job_desc.admin_comment = comment
   return slurm.SUCCESS
end

function srcnet_modify(job_desc, job_rec, modify_uid)
   local before = job_rec.account or ""
   local after = job_desc.account or before
   local ours = srcnet_is_ours(before)
   if not ours and not srcnet_is_ours(after) then return slurm.SUCCESS end
   if modify_uid == 0 then return slurm.SUCCESS end
   if ours ~= srcnet_is_ours(after) then
      return srcnet_refuse("no job becomes one of ska, or ceases to be one: submit it anew")
   end
   if not srcnet_has_project(after) then
      return srcnet_refuse("a job of ska keeps a project: --account=ska-<project>")
   end
   if job_desc.comment and job_desc.comment ~= job_rec.comment then
      return srcnet_refuse("the comment of this job says whose it is: it stays as it is")
   end
   return slurm.SUCCESS
end

function slurm_job_submit(job_desc, part_list, submit_uid)
   return srcnet_submit(job_desc)
end

function slurm_job_modify(job_desc, job_rec, part_list, modify_uid)
   return srcnet_modify(job_desc, job_rec, modify_uid)
end

return slurm.SUCCESS
