"""Alibaba Cloud Simple Log Service: told to LoongCollector, which the cluster runs. Rendered, and not run.

The Collector's exporter for SLS has no maintainer since February 2026. LoongCollector (component loongcollector or
logtail-ds of ACK) reads the standard output of containers, and takes its orders from a custom resource:
https://www.alibabacloud.com/help/en/sls/kubernetes-cr-parameter-description.
"""

import re
from typing import Any

from .args import LogOutput

API_VERSION = "telemetry.alibabacloud.com/v1alpha1"
KIND = "ClusterAliyunPipelineConfig"
FIELDS = ("project", "logstore", "region")


def pipeline(given: LogOutput, namespace: str, application: str) -> dict[str, Any]:
    """`spec` of the resource: the standard output of the application's container into one Logstore."""
    region = given.get("region", "")
    return {
        "project": {"name": given.get("project")},
        "logstores": [{"name": given.get("logstore")}],
        "config": {
            "inputs": [
                {
                    "Type": "input_container_stdio",
                    "IgnoringStdout": False,
                    "IgnoringStderr": False,
                    "ContainerFilters": {
                        "K8sNamespaceRegex": f"^{re.escape(namespace)}$",
                        "K8sPodRegex": f"^{re.escape(application)}-.*$",
                    },
                }
            ],
            "flushers": [
                {
                    "Type": "flusher_sls",
                    "Logstore": given.get("logstore"),
                    "Region": region,
                    "Endpoint": f"{region}-intranet.log.aliyuncs.com",
                }
            ],
        },
    }
