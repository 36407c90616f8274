"""The arguments of LogShipping with every default filled in, and what is wrong with them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pulumi import Input

from ..contract import AccessMode, RoleMount
from ..pod.addresses import open_to, opening, place
from ..pod.args import ClusterImposes, Endpoint
from ..pod.names import GID, UID
from .args import LogOutput, LogOutputKind, LogProgram, LogReader, LogShippingArgs
from .outputs import OUTPUTS
from .sls import FIELDS

IMAGES = {
    LogProgram.OPENTELEMETRY: "docker.io/otel/opentelemetry-collector-contrib:0.165.1",
    LogProgram.FLUENT_BIT: "docker.io/fluent/fluent-bit:4.2.0",
}
"""The Collector's version is that of tests/programs/go/collector/go.mod, which is run."""


@dataclass(frozen=True)
class Shipping:
    """What the builders of the shipping pods work on."""

    name: str
    namespace: Input[str]
    application: str
    output: LogOutput
    reader: LogReader
    program: LogProgram
    logs: RoleMount | None
    credentials: Collection[str]
    """Names of the credentials that are set."""
    servers: list[Endpoint]
    """Where the pods may connect to, beside the name servers."""
    https: bool
    """Whether they may also open TCP 443 anywhere but the addresses of cloud metadata."""
    monitors: list[Endpoint]
    image: Input[str]
    state_class: Input[str] | None
    uid: int
    gid: int
    cluster_imposes: ClusterImposes

    @property
    def agent(self) -> bool:
        """Whether a pod runs on every node."""
        return self.reader == LogReader.NODE_AGENT


def shipping(name: str, args: LogShippingArgs) -> Shipping:
    """Fill in the defaults. Whether such a shipping can be made, `mistakes` says."""
    program = LogProgram(args.get("program", LogProgram.OPENTELEMETRY))
    servers = _servers(args)
    where = place(_url(args["output"]))
    return Shipping(
        name=name,
        namespace=args["namespace"],
        application=args.get("application", "kotaemon"),
        output=args["output"],
        reader=LogReader(args.get("reader", LogReader.SHARED_FILES)),
        program=program,
        logs=args.get("logs"),
        credentials=_credentials(args),
        servers=servers,
        https=not servers and where is not None and open_to(where, [], https=True),
        monitors=args.get("monitors", []),
        image=args.get("image", IMAGES[program]),
        state_class=args.get("state_class"),
        uid=int(args.get("uid", UID)),
        gid=int(args.get("gid", GID)),
        cluster_imposes=args.get("cluster_imposes", ClusterImposes()),
    )


def _url(output: LogOutput) -> str:
    found = OUTPUTS.get(LogOutputKind(output["kind"]))
    return found.url(output) if found else ""


def _servers(args: LogShippingArgs) -> list[Endpoint]:
    if "server" in args:
        return [args["server"]]
    where = place(_url(args["output"]))
    opened = opening(where) if where else None
    if opened is not None and "pod_labels" in opened and "cidr" not in opened and "namespace" not in opened:
        # A Service by its name alone is in the application's namespace; an agent is in another one.
        opened = Endpoint(namespace=args["namespace"], port=opened["port"])
    return [opened] if opened else []


def _credentials(args: LogShippingArgs) -> list[str]:
    if "credentials_secret" in args:
        found = OUTPUTS.get(LogOutputKind(args["output"]["kind"]))
        return list(found.credentials[0]) if found else []
    return sorted(args.get("credentials", {}))


def mistakes(name: str, args: LogShippingArgs) -> list[str]:
    """Mistakes in the arguments of LogShipping(name, args); none: it can be made."""
    kind = LogOutputKind(args["output"]["kind"])
    if kind == LogOutputKind.SLS:
        return list(_of_sls(args))
    made = shipping(name, args)
    return [
        *(f"output.{line}" for line in OUTPUTS[kind].mistakes(args["output"])),
        *_of_credentials(args),
        *_of_files(made),
        *_of_network(made),
    ]


def _of_sls(args: LogShippingArgs) -> Iterator[str]:
    for field in FIELDS:
        if not args["output"].get(field):
            yield f"output.{field}: missing; the output sls needs it"
    for key in ("reader", "program", "credentials", "credentials_secret", "image", "state_class", "server"):
        if key in args:
            yield f"{key}: not for the output sls: LoongCollector of the cluster ships, and no pod of this program"


def _of_credentials(args: LogShippingArgs) -> Iterator[str]:
    if "credentials" in args and "credentials_secret" in args:
        yield "credentials: credentials_secret is given as well; leave one of them out"
        return
    kind = LogOutputKind(args["output"]["kind"])
    sets = OUTPUTS[kind].credentials
    given = set(args.get("credentials", {}))
    if "credentials_secret" not in args and given not in [set(names) for names in sets]:
        allowed = "; or ".join(" and ".join(names) or "none" for names in sets)
        yield f"credentials: {', '.join(sorted(given))} is not allowed; the output {kind.value} takes {allowed}"
    for name in _credentials(args):
        if name in OUTPUTS[kind].collector_only and args.get("program") == LogProgram.FLUENT_BIT:
            yield f"credentials: {name} is only for the program opentelemetry; Fluent Bit has no field for it"
    if "role_arn" in args and kind != LogOutputKind.CLOUDWATCH:
        yield f"role_arn: only for the output cloudwatch, and this one is {kind.value}"


def _of_files(made: Shipping) -> Iterator[str]:
    if made.agent:
        if made.state_class is not None:
            yield "state_class: only for the reader shared-files; an agent keeps what it read in an emptyDir"
        return
    if made.logs is None:
        yield "logs: missing; the reader shared-files needs the place of the role logs"
    elif (mode := made.logs["claim"]["access_mode"]) not in (AccessMode.RWX, AccessMode.ROX):
        claim = made.logs["claim"]["name"]
        yield (
            f"reader: shared-files needs the role logs on a claim that several pods mount, and {claim} is "
            f"{mode.value}; put the role on a file claim, or use node-agent"
        )


def _of_network(made: Shipping) -> Iterator[str]:
    url = _url(made.output)
    where = place(url)
    if not url:
        return
    if where is None:
        yield f"output.endpoint: {url!r} is no URL with a host; for example https://otlp.example.com:4318"
    elif where.forbidden:
        yield f"output.endpoint: {url!r} is a link-local address, which gives the credentials of the node"
    elif not open_to(where, made.servers, https=made.https):
        yield (
            f"server: missing; the network policy knows no names, and {where.host} is reached on port {where.port}: "
            "give the network or the namespace of the server"
        )
