"""Traefik, built from its Go module, and run beside a cluster.

Two things that its go.mod names are not to be had: modules of certificate providers (DNS), and a nested module with two
empty types. So lego, the library for certificates, is copied from Go's module cache and loses its DNS providers, and
the types stand in `go/traefik/ext`. Neither does anything for plain HTTP.
"""

import re
import shutil
from pathlib import Path

from tests.programs import build

LEGO = "github.com/go-acme/lego/v5"
MODULE = build.MODULES / "traefik"


def program() -> Path:
    """The built program; 5 minutes of CPU the first time. Raises DevclusterError."""
    return build.program("traefik", "github.com/traefik/traefik/v3/cmd/traefik", _complete)


def crds() -> Path:
    """Folder of the Gateway API's own definitions, experimental channel, in the version that this Traefik knows."""
    return build.module_folder("sigs.k8s.io/gateway-api", MODULE) / "config/crd/experimental"


def _complete(folder: Path) -> None:
    found = re.search(rf"^\s*{LEGO} (\S+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    assert found
    # Outside of the module, which replaces it by the copy that is made here.
    lego = Path(shutil.copytree(build.module_folder(f"{LEGO}@{found[1]}", Path("/")), folder / "lego"))
    for path in (lego, *lego.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)  # the module cache is read-only
    (folder / "providers.txt").rename(lego / "providers/dns/zz_gen_dns_providers.go")
