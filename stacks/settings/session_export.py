"""The section `kotaemon:sessionExport` of a stack file: each user's conversations as files that a person can read."""

from pydantic import Field

from components.kotaemon.args import SessionExport
from stacks.settings.fields import Strict


class SessionExportSettings(Strict):
    """Each user's conversations, exported continuously to `sessions/<user id>.json` in the role `eval`."""

    lag_seconds: int = Field(
        60, ge=1, le=86400, description="Greatest lag of the files behind the database, in seconds; default 60."
    )

    def args(self) -> SessionExport:
        """These settings as the argument `session_export` of `Kotaemon`."""
        return SessionExport(lag_seconds=self.lag_seconds)
