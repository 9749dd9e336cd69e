"""The campaign: a pure policy decides what runs next, one event loop makes it happen, events remember it.

`start` makes a campaign folder and runs it, `resume` goes on with one, `run` does the work for both. `policy.Policy`
decides and does nothing else: it has no clock, no threads and no files, so the same object steers real engines and
simulated ones, and replaying the events gives its state back. `thinker.Thinker` is the loop that owns policy, worker
slots and store. `work.perform` is what a worker process does with one task.
"""

from mofa.campaign.progress import Listener, RunningTask, RunSummary, Silent, Snapshot, StopReason
from mofa.campaign.running import resume, run, start
from mofa.campaign.settings import CampaignPlan, PolicySettings, Pool, SlotPlan, StopRules
from mofa.campaign.tasks import Task, TaskKind

__all__ = [
    "CampaignPlan",
    "Listener",
    "PolicySettings",
    "Pool",
    "RunSummary",
    "RunningTask",
    "Silent",
    "SlotPlan",
    "Snapshot",
    "StopReason",
    "StopRules",
    "Task",
    "TaskKind",
    "resume",
    "run",
    "start",
]
