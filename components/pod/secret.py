"""Secrets of Kubernetes, written so that their values stay secret."""

import base64
from collections.abc import Mapping

from pulumi import Input, Output

GENERATED = "kotaemon.dev/generated"
"""Label of a Secret whose value exists nowhere else."""


def secret_data(values: Mapping[str, Input[str]]) -> Output[dict[str, str]]:
    """`data` of a Secret: base64, and secret as a whole. Not stringData: server-side apply never removes its keys."""
    encoded = Output.all(**values).apply(
        lambda known: {k: base64.b64encode(v.encode()).decode() for k, v in known.items()}
    )
    return Output.secret(encoded)
