"""The section `kotaemon:bucket` of a stack file: the bucket of the cold tier and of backups."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from components.contract import BucketDialect
from components.object.rules import BACKUPS, endpoint_refused, name_refused, prefix_refused
from stacks.settings.existing import Existing, Id
from stacks.settings.fields import ObjectName, Strict, accept, matching

NAME = Id("[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "acme-kotaemon-prod")
"""Id of a bucket and of each of its settings: the bucket's name."""
Endpoint = Annotated[str, matching(r"https://[^\s/@]+/?", "must be https://<host>[:<port>]; plain HTTP is not allowed")]


class CheaperSettings(Strict):
    """A rule of the lifecycle."""

    after_days: int = Field(ge=1, le=36500, description="Days after an object was written.")
    storage_class: str = Field(
        min_length=1,
        description="STANDARD_IA, INTELLIGENT_TIERING or GLACIER_IR on S3, IA on OSS; below backups/ also GLACIER and "
        "DEEP_ARCHIVE, or Archive, ColdArchive and DeepColdArchive.",
    )


class BucketSettings(Existing):
    """The bucket of the stack: made, or one that is there already."""

    name: str = Field(description="Name of the bucket: unique in all of S3 or OSS, and never changed.")
    exists: bool = Field(
        False,
        description="Whether the bucket is there already: then it is neither made nor changed, and its key, versions, "
        "policy and lifecycle are those of its owner.",
    )
    endpoint: Endpoint | None = Field(
        None,
        description="URL of a server that is compatible with S3, on platform private; the bucket is there already.",
    )
    region: str | None = Field(
        None, min_length=1, description="Region that the server wants in signatures; with endpoint; default us-east-1."
    )
    credentials_secret: ObjectName | None = Field(
        None,
        description="Secret in the application's namespace with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Needed "
        "with endpoint; default on the clouds: roles of the account, and no key at all.",
    )
    encrypted_by: str | None = Field(
        None,
        min_length=1,
        description="Who encrypts the data of a bucket that is there already, for the storage table.",
    )
    key: str | None = Field(
        None,
        min_length=1,
        description="KMS key of a bucket that is there already: its full ARN on AWS, its id on Alibaba Cloud. What "
        "mounts the bucket gets the right to use it. Default: it has no key of its own.",
    )
    version_days: int = Field(
        30, ge=1, le=3650, description="Days for which deleted objects and earlier versions can be taken back."
    )
    lifecycle: dict[str, CheaperSettings] | None = Field(
        None,
        description="Prefix that ends with / -> from when on its objects are in a cheaper class; default: files/ in "
        "STANDARD_IA or IA after 30 days. {} for none.",
    )
    archived: list[str] = Field(
        default_factory=list[str],
        description="Prefixes that the lifecycle of a bucket that is there already moves to an archive class: nothing "
        "may be mounted there.",
    )

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        accept(name_refused(value, BucketDialect.OSS))  # what S3 keeps for itself is checked once the platform is known
        return value

    @field_validator("archived")
    @classmethod
    def _prefixes(cls, value: list[str]) -> list[str]:
        for prefix in value:
            accept(f"holds {prefix!r}, which {reason}" if (reason := prefix_refused(prefix)) else "")
        return value

    @model_validator(mode="after")
    def _ways(self) -> "BucketSettings":
        if self.endpoint is not None:
            accept(endpoint_refused(self.endpoint))
            if self.credentials_secret is None:
                raise ValueError(
                    "credentialsSecret: missing; a bucket at an endpoint is reached with its server's keys"
                )
        elif self.region is not None:
            raise ValueError("region is allowed only with endpoint; the bucket is in the region of the platform")
        if self.made:
            if self.key is not None:
                raise ValueError("key is for a bucket that is there already; this one has the key of the stack")
            if self.encrypted_by is not None:
                raise ValueError("encryptedBy is for a bucket that is there already; this one has the key of the stack")
            if self.archived:
                raise ValueError(f"archived is for a bucket that is there already; write lifecycle, below {BACKUPS}")
        elif self.lifecycle is not None:
            raise ValueError("lifecycle is for a bucket that the stack makes; that of this one is its owner's")
        return self

    @property
    def made(self) -> bool:
        """Whether the stack makes the bucket."""
        return not self.exists and self.endpoint is None

    @property
    def parts(self) -> Mapping[str, Id]:
        """The bucket, and what guards it: every id is the bucket's name."""
        guards = "versioning|private|ownership|encryption|policy|lifecycle|acl"
        return {"bucket": NAME, guards: NAME} if self.made else {}
