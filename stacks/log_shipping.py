"""Log shipping of a stack: the arguments of its component, made from the stack file."""

from collections.abc import Iterator
from typing import Any

from pulumi import Input, Output

from components.contract import Role, StorageMap
from components.logs.args import LogOutput, LogOutputKind, LogShippingArgs
from stacks.names import NAMESPACE
from stacks.settings.log_shipping import CloudwatchOutput, OutputSettings, ServerOutput
from stacks.settings.pod_rules import imposed
from stacks.settings.settings import Settings
from stacks.stores.servers import endpoint

NAME = f"{NAMESPACE}-logs"
NOT_OF_THE_OUTPUT = {*ServerOutput.model_fields, "role_arn"} - {"kind"}
"""Keys of an output in the stack file that are arguments of the component itself."""


def arguments(settings: Settings, namespace: Input[str], storage: StorageMap) -> LogShippingArgs | None:
    """The arguments of `LogShipping`. None: the stack file asks for no shipping."""
    chosen = settings.logs.shipping
    if chosen is None:
        return None
    args = LogShippingArgs(namespace=namespace, output=_output(chosen.output), application=NAMESPACE)
    optional: dict[str, Any] = {
        "reader": chosen.reader,
        "program": chosen.program,
        "image": chosen.image,
        "state_class": chosen.state_class,
    }
    found: Any = args
    found |= {key: value for key, value in optional.items() if value is not None}
    if isinstance(chosen.output, ServerOutput):
        args["uid"], args["gid"] = settings.uid, settings.gid
        args["cluster_imposes"] = imposed(settings, "logs")
        _server(args, chosen.output)
        if Role.LOGS.value in storage:
            args["logs"] = storage[Role.LOGS.value]
    return args


def _output(chosen: OutputSettings) -> LogOutput:
    fields: Any = {
        name: value for name, value in chosen if value is not None and name not in NOT_OF_THE_OUTPUT and name != "kind"
    }
    return LogOutput(kind=LogOutputKind(chosen.kind), **fields)


def _server(args: LogShippingArgs, chosen: ServerOutput) -> None:
    if chosen.credentials:
        args["credentials"] = {
            name: Output.secret(value.get_secret_value()) for name, value in chosen.credentials.items()
        }
    if chosen.credentials_secret is not None:
        args["credentials_secret"] = chosen.credentials_secret
    if chosen.server is not None:
        args["server"] = endpoint(chosen.server)
    if isinstance(chosen, CloudwatchOutput) and chosen.role_arn is not None:
        args["role_arn"] = chosen.role_arn


def mistakes(settings: Settings, storage: StorageMap) -> Iterator[str]:
    """What the component would refuse, each line with its key below `kotaemon:`."""
    from components.logs.shipping import mistakes as of_component

    args = arguments(settings, settings.namespace, storage)
    if args is not None:
        yield from (f"logs.shipping: {line}" for line in of_component(NAME, args))
