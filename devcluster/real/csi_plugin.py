"""The CSI node plugin of a node: mounts the stand-in disks and shares where the kubelet wants them.

Run by the node as `python -m devcluster.real.csi_plugin <settings file> <cluster folder>`. One process serves all
drivers of the node, each on a socket of its own: disks by devcluster.real.disk, file systems by devcluster.real.share.
"""

import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import grpc
from google.protobuf.message import Message

from devcluster.real import csi_pb2 as csi
from devcluster.real import disk, layout, share

PLUGINS = Path("/var/lib/kubelet/plugins")
REGISTRY = Path("/var/lib/kubelet/plugins_registry")

_RPC = csi.Capabilities.Capability.RPC
_log = logging.getLogger("csi")


class DriverSettings(TypedDict):
    """One driver of the node."""

    name: str
    block: bool
    """Whether its volumes are disks; otherwise they are file systems that many nodes share."""
    topology: dict[str, str]
    limit: int
    """Disks that a node takes; 0: as many as one likes."""


@dataclass(frozen=True)
class Driver:
    """The answers of one driver."""

    node: str
    settings: DriverSettings
    cluster: Path

    def info(self, _: Message) -> Message:
        """csi.v1.Identity/GetPluginInfo."""
        return csi.DriverInfo(name=self.settings["name"], vendor_version="devcluster")

    def capabilities(self, _: Message) -> Message:
        """csi.v1.Node/NodeGetCapabilities."""
        kinds = [_RPC.GET_VOLUME_STATS]
        if self.settings["block"]:
            kinds += [_RPC.STAGE_UNSTAGE_VOLUME, _RPC.EXPAND_VOLUME]
        listed = [csi.Capabilities.Capability(rpc=_RPC(type=kind)) for kind in kinds]
        return csi.Capabilities(capabilities=listed)

    def node_info(self, _: Message) -> Message:
        """csi.v1.Node/NodeGetInfo."""
        return csi.NodeInfo(
            node_id=self.node,
            max_volumes_per_node=self.settings["limit"],
            accessible_topology=csi.NodeInfo.Topology(segments=self.settings["topology"]),
        )

    def stage(self, asked: csi.Stage) -> Message:
        """csi.v1.Node/NodeStageVolume: attach and mount, once for all pods of the node."""
        mount = asked.volume_capability.mount
        size = int(asked.volume_context.get(layout.SIZE, disk.DEFAULT_BYTES))
        flags = list(mount.mount_flags)
        disk.mount(self._disk(asked.volume_id), Path(asked.staging_target_path), mount.fs_type or "ext4", size, flags)
        return csi.Empty()

    def unstage(self, asked: csi.Unstage) -> Message:
        """csi.v1.Node/NodeUnstageVolume."""
        disk.unmount(Path(asked.staging_target_path))
        return csi.Empty()

    def publish(self, asked: csi.Publish) -> Message:
        """csi.v1.Node/NodePublishVolume: show it to one pod."""
        if self.settings["block"]:
            source = Path(asked.staging_target_path)
        else:
            context = asked.volume_context
            known = [context[key] for key in ("server", "share", "path") if context.get(key)]
            source = share.folder(layout.shares(self.cluster), ":".join(known) or asked.volume_id)
        disk.bind(source, Path(asked.target_path), asked.readonly)
        return csi.Empty()

    def unpublish(self, asked: csi.Unpublish) -> Message:
        """csi.v1.Node/NodeUnpublishVolume."""
        target = Path(asked.target_path)
        disk.unmount(target)
        if target.exists():
            target.rmdir()
        return csi.Empty()

    def stats(self, asked: csi.AskStats) -> Message:
        """csi.v1.Node/NodeGetVolumeStats."""
        found = os.statvfs(asked.volume_path)
        size, free = found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize
        usage, files = csi.Stats.Usage, found.f_files - found.f_ffree
        return csi.Stats(
            usage=[
                usage(unit=usage.BYTES, total=size, available=free, used=size - found.f_bfree * found.f_frsize),
                usage(unit=usage.INODES, total=found.f_files, available=found.f_favail, used=files),
            ]
        )

    def expand(self, asked: csi.Expand) -> Message:
        """csi.v1.Node/NodeExpandVolume, while it is mounted."""
        size = asked.capacity_range.required_bytes
        disk.grow(self._disk(asked.volume_id), Path(asked.volume_path), size)
        return csi.Expanded(capacity_bytes=size)

    def _disk(self, volume: str) -> Path:
        return disk.path_of(layout.disks(self.cluster), volume)


def serve(driver: Driver) -> list["grpc.Server"]:
    """The driver's own socket, and the one by which the kubelet finds it."""
    name = driver.settings["name"]
    endpoint = PLUGINS / name / "csi.sock"
    block = driver.settings["block"]
    node = {
        "NodeGetCapabilities": _answer(driver.capabilities, csi.Empty),
        "NodeGetInfo": _answer(driver.node_info, csi.Empty),
        "NodePublishVolume": _answer(driver.publish, csi.Publish),
        "NodeUnpublishVolume": _answer(driver.unpublish, csi.Unpublish),
        "NodeGetVolumeStats": _answer(driver.stats, csi.AskStats),
    }
    if block:
        node |= {
            "NodeStageVolume": _answer(driver.stage, csi.Stage),
            "NodeUnstageVolume": _answer(driver.unstage, csi.Unstage),
            "NodeExpandVolume": _answer(driver.expand, csi.Expand),
        }
    identity = {
        "GetPluginInfo": _answer(driver.info, csi.Empty),
        "Probe": _answer(lambda _: csi.Empty(), csi.Empty),
    }
    registration = {
        "GetInfo": _answer(
            lambda _: csi.PluginInfo(type="CSIPlugin", name=name, endpoint=str(endpoint), supported_versions=["1.0.0"]),
            csi.Empty,
        ),
        "NotifyRegistrationStatus": _answer(_registered, csi.RegistrationStatus),
    }
    return [
        # The driver first: the kubelet asks it as soon as it sees the registration.
        _listen(endpoint, {"csi.v1.Node": node, "csi.v1.Identity": identity}),
        _listen(REGISTRY / f"{name}-reg.sock", {"pluginregistration.Registration": registration}),
    ]


def _registered(status: csi.RegistrationStatus) -> Message:
    _log.info("registered" if status.plugin_registered else f"refused by the kubelet: {status.error}")
    return csi.Empty()


def _listen(socket: Path, services: dict[str, dict[str, Any]]) -> "grpc.Server":
    socket.parent.mkdir(parents=True, exist_ok=True)
    socket.unlink(missing_ok=True)
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    for service, methods in services.items():
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    return server


def _answer(method: Callable[[Any], Message], asked: type[Message]) -> Any:
    def call(request: Message, context: Any) -> Message:
        try:
            return method(request)
        except disk.HeldError as error:
            _log.warning("%s", error)
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        except (OSError, ValueError) as error:
            _log.warning("%s: %s", getattr(method, "__name__", ""), error)
            context.abort(grpc.StatusCode.INTERNAL, str(error))
        raise AssertionError("abort raises")

    return grpc.unary_unary_rpc_method_handler(call, asked.FromString, _encoded)


def _encoded(message: Message) -> bytes:
    return message.SerializeToString()


def main(arguments: list[str]) -> None:
    """Serve until killed."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    settings = json.loads(Path(arguments[0]).read_text())
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    servers = [serve(Driver(settings["node"], one, Path(arguments[1]))) for one in settings["drivers"]]
    _log.info("serving %s", ", ".join(one["name"] for one in settings["drivers"]))
    servers[0][0].wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1:])
