"""Names that the pod, its runtime files and its neighbours agree on."""

PORT = 7860
LOOPBACK = "127.0.0.1"
PROXY_PORT = 4180
"""Port of the authentication proxy, in pods that have one."""

METRICS_PORT = 9464
"""Port of the pods' own numbers, in pods whose numbers somebody reads: the port of OpenTelemetry's exporter for
Prometheus (https://opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/prometheus)."""
APP_DIR = "/app"
SYSTEM_PYTHON = "/usr/local/bin/python"
"""The image's interpreter with pip; the application's venv has none."""
DATA_DIR = "/data"
"""Roles are at /data/<role>, for ever: citations hold these paths (docs/facts/kotaemon.md 8-4)."""
DRIVER_DIR = "/deps"
"""Folder that the PostgreSQL driver is installed into."""

PROBE_PATH = "/app_id"
PROXY_PROBE_PATH = "/ping"
"""oauth2-proxy answers it without a login (https://oauth2-proxy.github.io/oauth2-proxy/features/endpoints)."""
SSO_PROBE_PATH = "/login"
"""With single sign-on everything but /login* answers with a redirect (docs/facts/kotaemon.md 1)."""

STOP_SECONDS = 25
"""What launch.py gives the application to close after SIGTERM; it took 5 s (docs/facts/kotaemon.md 8-3)."""
FINISH_SECONDS = 300
"""What launch.py first gives the application to finish uploads and answers: ten pages a second are 3000 pages. A pod
that is at nothing does not wait."""
WRITER_LOCK_SECONDS = 120
START_LOCK_SECONDS = 900
"""Pods of the scaled profile start one after the other: the last of many waits for all the others."""
START_SECONDS = 480
"""From the lock to the open port: 18-38 s of processor time, which were 42-143 s on two cores at a load of 10-19.
Upstream's look-ups without a time limit are off (runtime/ks_downloads.py)."""
