from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Empty(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PluginInfo(_message.Message):
    __slots__ = ("type", "name", "endpoint", "supported_versions")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    SUPPORTED_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    type: str
    name: str
    endpoint: str
    supported_versions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(
        self,
        type: _Optional[str] = ...,
        name: _Optional[str] = ...,
        endpoint: _Optional[str] = ...,
        supported_versions: _Optional[_Iterable[str]] = ...,
    ) -> None: ...

class RegistrationStatus(_message.Message):
    __slots__ = ("plugin_registered", "error")
    PLUGIN_REGISTERED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    plugin_registered: bool
    error: str
    def __init__(self, plugin_registered: bool = ..., error: _Optional[str] = ...) -> None: ...

class DriverInfo(_message.Message):
    __slots__ = ("name", "vendor_version")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VENDOR_VERSION_FIELD_NUMBER: _ClassVar[int]
    name: str
    vendor_version: str
    def __init__(self, name: _Optional[str] = ..., vendor_version: _Optional[str] = ...) -> None: ...

class Capabilities(_message.Message):
    __slots__ = ("capabilities",)
    class Capability(_message.Message):
        __slots__ = ("rpc",)
        class RPC(_message.Message):
            __slots__ = ("type",)
            class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
                __slots__ = ()
                UNKNOWN: _ClassVar[Capabilities.Capability.RPC.Type]
                STAGE_UNSTAGE_VOLUME: _ClassVar[Capabilities.Capability.RPC.Type]
                GET_VOLUME_STATS: _ClassVar[Capabilities.Capability.RPC.Type]
                EXPAND_VOLUME: _ClassVar[Capabilities.Capability.RPC.Type]

            UNKNOWN: Capabilities.Capability.RPC.Type
            STAGE_UNSTAGE_VOLUME: Capabilities.Capability.RPC.Type
            GET_VOLUME_STATS: Capabilities.Capability.RPC.Type
            EXPAND_VOLUME: Capabilities.Capability.RPC.Type
            TYPE_FIELD_NUMBER: _ClassVar[int]
            type: Capabilities.Capability.RPC.Type
            def __init__(self, type: _Optional[_Union[Capabilities.Capability.RPC.Type, str]] = ...) -> None: ...

        RPC_FIELD_NUMBER: _ClassVar[int]
        rpc: Capabilities.Capability.RPC
        def __init__(self, rpc: _Optional[_Union[Capabilities.Capability.RPC, _Mapping]] = ...) -> None: ...

    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    capabilities: _containers.RepeatedCompositeFieldContainer[Capabilities.Capability]
    def __init__(self, capabilities: _Optional[_Iterable[_Union[Capabilities.Capability, _Mapping]]] = ...) -> None: ...

class NodeInfo(_message.Message):
    __slots__ = ("node_id", "max_volumes_per_node", "accessible_topology")
    class Topology(_message.Message):
        __slots__ = ("segments",)
        class SegmentsEntry(_message.Message):
            __slots__ = ("key", "value")
            KEY_FIELD_NUMBER: _ClassVar[int]
            VALUE_FIELD_NUMBER: _ClassVar[int]
            key: str
            value: str
            def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

        SEGMENTS_FIELD_NUMBER: _ClassVar[int]
        segments: _containers.ScalarMap[str, str]
        def __init__(self, segments: _Optional[_Mapping[str, str]] = ...) -> None: ...

    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    MAX_VOLUMES_PER_NODE_FIELD_NUMBER: _ClassVar[int]
    ACCESSIBLE_TOPOLOGY_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    max_volumes_per_node: int
    accessible_topology: NodeInfo.Topology
    def __init__(
        self,
        node_id: _Optional[str] = ...,
        max_volumes_per_node: _Optional[int] = ...,
        accessible_topology: _Optional[_Union[NodeInfo.Topology, _Mapping]] = ...,
    ) -> None: ...

class VolumeCapability(_message.Message):
    __slots__ = ("mount",)
    class MountVolume(_message.Message):
        __slots__ = ("fs_type", "mount_flags")
        FS_TYPE_FIELD_NUMBER: _ClassVar[int]
        MOUNT_FLAGS_FIELD_NUMBER: _ClassVar[int]
        fs_type: str
        mount_flags: _containers.RepeatedScalarFieldContainer[str]
        def __init__(self, fs_type: _Optional[str] = ..., mount_flags: _Optional[_Iterable[str]] = ...) -> None: ...

    MOUNT_FIELD_NUMBER: _ClassVar[int]
    mount: VolumeCapability.MountVolume
    def __init__(self, mount: _Optional[_Union[VolumeCapability.MountVolume, _Mapping]] = ...) -> None: ...

class Stage(_message.Message):
    __slots__ = ("volume_id", "staging_target_path", "volume_capability", "volume_context")
    class VolumeContextEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

    VOLUME_ID_FIELD_NUMBER: _ClassVar[int]
    STAGING_TARGET_PATH_FIELD_NUMBER: _ClassVar[int]
    VOLUME_CAPABILITY_FIELD_NUMBER: _ClassVar[int]
    VOLUME_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    volume_id: str
    staging_target_path: str
    volume_capability: VolumeCapability
    volume_context: _containers.ScalarMap[str, str]
    def __init__(
        self,
        volume_id: _Optional[str] = ...,
        staging_target_path: _Optional[str] = ...,
        volume_capability: _Optional[_Union[VolumeCapability, _Mapping]] = ...,
        volume_context: _Optional[_Mapping[str, str]] = ...,
    ) -> None: ...

class Unstage(_message.Message):
    __slots__ = ("volume_id", "staging_target_path")
    VOLUME_ID_FIELD_NUMBER: _ClassVar[int]
    STAGING_TARGET_PATH_FIELD_NUMBER: _ClassVar[int]
    volume_id: str
    staging_target_path: str
    def __init__(self, volume_id: _Optional[str] = ..., staging_target_path: _Optional[str] = ...) -> None: ...

class Publish(_message.Message):
    __slots__ = ("volume_id", "staging_target_path", "target_path", "volume_capability", "readonly", "volume_context")
    class VolumeContextEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

    VOLUME_ID_FIELD_NUMBER: _ClassVar[int]
    STAGING_TARGET_PATH_FIELD_NUMBER: _ClassVar[int]
    TARGET_PATH_FIELD_NUMBER: _ClassVar[int]
    VOLUME_CAPABILITY_FIELD_NUMBER: _ClassVar[int]
    READONLY_FIELD_NUMBER: _ClassVar[int]
    VOLUME_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    volume_id: str
    staging_target_path: str
    target_path: str
    volume_capability: VolumeCapability
    readonly: bool
    volume_context: _containers.ScalarMap[str, str]
    def __init__(
        self,
        volume_id: _Optional[str] = ...,
        staging_target_path: _Optional[str] = ...,
        target_path: _Optional[str] = ...,
        volume_capability: _Optional[_Union[VolumeCapability, _Mapping]] = ...,
        readonly: bool = ...,
        volume_context: _Optional[_Mapping[str, str]] = ...,
    ) -> None: ...

class Unpublish(_message.Message):
    __slots__ = ("volume_id", "target_path")
    VOLUME_ID_FIELD_NUMBER: _ClassVar[int]
    TARGET_PATH_FIELD_NUMBER: _ClassVar[int]
    volume_id: str
    target_path: str
    def __init__(self, volume_id: _Optional[str] = ..., target_path: _Optional[str] = ...) -> None: ...

class AskStats(_message.Message):
    __slots__ = ("volume_id", "volume_path")
    VOLUME_ID_FIELD_NUMBER: _ClassVar[int]
    VOLUME_PATH_FIELD_NUMBER: _ClassVar[int]
    volume_id: str
    volume_path: str
    def __init__(self, volume_id: _Optional[str] = ..., volume_path: _Optional[str] = ...) -> None: ...

class Stats(_message.Message):
    __slots__ = ("usage",)
    class Usage(_message.Message):
        __slots__ = ("available", "total", "used", "unit")
        class Unit(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
            __slots__ = ()
            UNKNOWN: _ClassVar[Stats.Usage.Unit]
            BYTES: _ClassVar[Stats.Usage.Unit]
            INODES: _ClassVar[Stats.Usage.Unit]

        UNKNOWN: Stats.Usage.Unit
        BYTES: Stats.Usage.Unit
        INODES: Stats.Usage.Unit
        AVAILABLE_FIELD_NUMBER: _ClassVar[int]
        TOTAL_FIELD_NUMBER: _ClassVar[int]
        USED_FIELD_NUMBER: _ClassVar[int]
        UNIT_FIELD_NUMBER: _ClassVar[int]
        available: int
        total: int
        used: int
        unit: Stats.Usage.Unit
        def __init__(
            self,
            available: _Optional[int] = ...,
            total: _Optional[int] = ...,
            used: _Optional[int] = ...,
            unit: _Optional[_Union[Stats.Usage.Unit, str]] = ...,
        ) -> None: ...

    USAGE_FIELD_NUMBER: _ClassVar[int]
    usage: _containers.RepeatedCompositeFieldContainer[Stats.Usage]
    def __init__(self, usage: _Optional[_Iterable[_Union[Stats.Usage, _Mapping]]] = ...) -> None: ...

class Expand(_message.Message):
    __slots__ = ("volume_id", "volume_path", "capacity_range")
    class CapacityRange(_message.Message):
        __slots__ = ("required_bytes",)
        REQUIRED_BYTES_FIELD_NUMBER: _ClassVar[int]
        required_bytes: int
        def __init__(self, required_bytes: _Optional[int] = ...) -> None: ...

    VOLUME_ID_FIELD_NUMBER: _ClassVar[int]
    VOLUME_PATH_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_RANGE_FIELD_NUMBER: _ClassVar[int]
    volume_id: str
    volume_path: str
    capacity_range: Expand.CapacityRange
    def __init__(
        self,
        volume_id: _Optional[str] = ...,
        volume_path: _Optional[str] = ...,
        capacity_range: _Optional[_Union[Expand.CapacityRange, _Mapping]] = ...,
    ) -> None: ...

class Expanded(_message.Message):
    __slots__ = ("capacity_bytes",)
    CAPACITY_BYTES_FIELD_NUMBER: _ClassVar[int]
    capacity_bytes: int
    def __init__(self, capacity_bytes: _Optional[int] = ...) -> None: ...
