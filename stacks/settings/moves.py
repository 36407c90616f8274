"""What a stack file says about data that was moved, and about storage that is about to leave the stack."""

from typing import Annotated

from pydantic import Field

from stacks.settings.fields import Strict, matching

ReleasedKey = Annotated[
    str,
    matching(
        r"storage\.claims\.[a-z0-9-]+|(stores|aws|alicloud)\.[A-Za-z]+|bucket|backupCopy",
        "must be the section of a claim, store, bucket or copy of backups, for example storage.claims.archive or "
        "stores.database",
    ),
]
MovedName = Annotated[
    str,
    matching(
        "models|indexes|sessions|uploads|logs|eval|vectors|documents",
        "is no data of the stack; allowed: models, indexes, sessions, uploads, logs, eval, vectors, documents",
    ),
]


class MoveSettings(Strict):
    """A move of one kind of data, in the words that the refusal of the unmoved data has printed."""

    from_: str = Field(alias="from", description="The place before, as the refusal prints it.")
    to: str = Field(description="The place after, as the refusal prints it.")
