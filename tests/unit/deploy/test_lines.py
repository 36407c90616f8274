"""Ids of what is kept, as the providers take them when the state is lost."""

import re

from deploy import lines
from stacks.settings.backup_copy import BackupCopySettings

PLAN, SELECTION = "1a2b3c4d-1a2b-1a2b-1a2b-1a2b3c4d5e6f", "2b3c4d5e-2b3c-2b3c-2b3c-2b3c4d5e6f7a"


def test_a_selection_of_a_backup_plan_is_found_with_its_plan() -> None:
    """Its id alone, as the state has it, is refused by the stack file and by the provider."""
    one = {
        "urn": "urn:pulumi:prod::kotaemon::aws:backup/selection:Selection::copy-plan-disks",
        "type": "aws:backup/selection:Selection",
        "custom": True,
        "id": SELECTION,
        "outputs": {"planId": PLAN, "name": "disks"},
        "retainOnDelete": True,
    }
    assert lines.kept([one]) == {"copy-plan-disks": f"{PLAN}|{SELECTION}"}
    form = BackupCopySettings(region="eu-west-1").id_of("plan-disks")  # pyright: ignore[reportCallIssue]
    assert form is not None
    assert re.fullmatch(form.pattern, f"{PLAN}|{SELECTION}")
    assert re.fullmatch(form.pattern, form.example)
