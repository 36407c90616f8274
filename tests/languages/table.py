"""The examples in other languages, and what each one needs."""

from dataclasses import dataclass

from components.contract import Platform
from tests.languages.programs import lacking


@dataclass(frozen=True)
class Example:
    """A folder of examples/."""

    name: str
    platform: Platform
    tools: tuple[str, ...]
    file: str
    """The program."""
    config: dict[str, str]


HOST_OF_PLUGIN = "pulumi-language-python"
"""Our plugin is a Python program: whatever the example is written in, the engine starts it through this host."""
EXAMPLES = (
    Example("yaml", Platform.PRIVATE, ("pulumi-language-yaml", HOST_OF_PLUGIN), "Pulumi.yaml", {}),
    Example(
        "typescript",
        Platform.AWS,
        ("pulumi-language-nodejs", "node", "npm", HOST_OF_PLUGIN),
        "index.ts",
        {
            "region": "eu-central-1",
            "account": "111122223333",
            "vpc": "vpc-0a1b2c3d4e5f60718",
            "nodeSecurityGroup": "sg-0a1b2c3d4e5f60718",
            "ebsDriverRole": "arn:aws:iam::111122223333:role/ebs-csi-driver",
            "subnets": '{"eu-central-1b": "subnet-0a1b2c3d4e5f6071b", "eu-central-1a": "subnet-0a1b2c3d4e5f6071a"}',
        },
    ),
)
RUN_HERE = [example for example in EXAMPLES if not lacking(*example.tools)]
