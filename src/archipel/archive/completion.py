"""A study is complete when no instance of it has come for a quiet period.

DICOM has no end-of-study message that every modality sends; quiet is the only sign there always
is. An instance that comes later opens the study again, and it completes again.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from archipel.archive.drafts import ANNOUNCE_EVERY
from archipel.archive.events import InstancesStored, StudyCompleted
from archipel.archive.model import Study
from archipel.archive.ports import Changes, IndexTransaction


def complete_quiet(*, index: IndexTransaction, quiet: timedelta, now: datetime) -> int:
    """Complete every study that has been quiet; returns how many are still incomplete.

    Also tells of instances that were stored since a study was last told of. To be called when
    the index has caught up with the journal: quiet is counted from the last reception.
    """
    changes = Changes()
    incomplete = 0
    for study in index.incomplete():
        done = now - study.received_last >= quiet
        untold = study.instances - study.announced
        due = untold > 0 and (done or now - study.announced_at >= ANNOUNCE_EVERY)
        incomplete += not done
        if due:
            changes.events.append(
                InstancesStored(
                    tenant=study.key.tenant, at=now, study=study.key.study, instances=untold
                )
            )
        if done:
            changes.events.append(
                StudyCompleted(tenant=study.key.tenant, at=now, study=study.key.study)
            )
        if due or done:
            changes.studies.append(_told(study, due=due, done=done, now=now))
    if changes.studies:
        index.write(changes)
    return incomplete


def _told(study: Study, *, due: bool, done: bool, now: datetime) -> Study:
    return replace(
        study,
        announced=study.instances if due else study.announced,
        announced_at=now if due else study.announced_at,
        completed_at=now if done else None,
    )
