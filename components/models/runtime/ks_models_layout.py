"""Names of folders and files on the shared claim and in a cache. It imports nothing, for the start of a pod."""

INCOMING, VERSIONS, LATEST = ".incoming", "versions", "latest"
MANIFEST, DIGEST = ".manifest.json", ".manifest.sha256"
NO_VERSION = ".none"
"""In place of a version before the first release, as in components/models/names.py; an empty folder in each cache."""
METRICS = "metrics.prom"
"""In a cache: the numbers of the last copy, in the text format of Prometheus."""
