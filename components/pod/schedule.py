"""What every CronJob of this project has in common."""

from pulumi import Input
from pulumi_kubernetes.batch.v1 import (
    CronJobSpecArgs,
    JobSpecArgs,
    JobTemplateSpecArgs,
    PodFailurePolicyArgs,
    PodFailurePolicyOnExitCodesRequirementArgs,
    PodFailurePolicyRuleArgs,
)
from pulumi_kubernetes.core.v1 import PodTemplateSpecArgs


def one_at_a_time(
    schedule: Input[str],
    template: PodTemplateSpecArgs,
    *,
    hours: int,
    attempts: int = 2,
    suspend: bool | None = None,
    refusal: int | None = None,
) -> CronJobSpecArgs:
    """A CronJob in UTC whose runs never overlap, and of which three good and three failed ones stay to be looked at.

    `hours`: limit of one run, so that one that hangs does not keep the next from starting. `attempts`: how often a run
    is tried again. `refusal`: exit code after which trying again does not help, so the run has failed at once.
    """
    return CronJobSpecArgs(
        schedule=schedule,
        suspend=suspend,
        time_zone="Etc/UTC",
        concurrency_policy="Forbid",
        starting_deadline_seconds=3600,
        successful_jobs_history_limit=3,
        failed_jobs_history_limit=3,
        job_template=JobTemplateSpecArgs(
            spec=JobSpecArgs(
                backoff_limit=attempts,
                active_deadline_seconds=hours * 3600,
                pod_failure_policy=None if refusal is None else _failed_at_once(refusal),
                template=template,
            )
        ),
    )


def _failed_at_once(code: int) -> PodFailurePolicyArgs:
    codes = PodFailurePolicyOnExitCodesRequirementArgs(operator="In", values=[code])
    return PodFailurePolicyArgs(rules=[PodFailurePolicyRuleArgs(action="FailJob", on_exit_codes=codes)])
