"""What answers people on this machine: Kotaemon where its image can be had, else the stand-in, and at which address."""

import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message

from rich.console import Console

from deploy.stand_in import image, serve
from devcluster import published
from devcluster.cluster import Cluster
from devcluster.real import images
from plan.stack_file import StackFile

PORT = 7860
"""Wanted port, that of the application itself; when it is taken, the cluster keeps another one."""
STAND_IN_HEADER = "X-Stand-In"
"""What the stand-in sends with every page, and Kotaemon never does."""
ANSWER_SECONDS = 60.0
"""For the page, once everything is Ready. A process of the stand-in needs 2 s for it."""


@dataclass(frozen=True)
class Address:
    """Where the application answers on this machine."""

    url: str
    stand_in: str
    """Why it is the stand-in that answers there; empty: it is Kotaemon."""
    answers: bool


def objection(file: StackFile) -> str | None:
    """Why the stack cannot run on real nodes although the machine can have them; None: it can."""
    if file.settings.scaled:
        return (
            "profile scaled: its stores are servers that the pods of real nodes have no way to, or images without a "
            "stand-in. KOTAEMON_NODES=real tries it, with images from `make load-image`"
        )
    if file.settings.auth_proxy:
        return (
            "kotaemon:authProxy: its issuer is a server that the pods of real nodes have no way to. "
            "KOTAEMON_NODES=real tries it, with images from `make load-image`"
        )
    return None


def provide_image(cluster: Cluster, file: StackFile, console: Console) -> None:
    """Give real nodes the stand-in under the image's name, where nobody gave them the image and they cannot pull it.

    Call it before `start`. A running cluster keeps what it has.
    """
    name = file.settings.image
    if not cluster.will_be_real:
        return
    known = images.kept(cluster.directory, name)
    if known and (cluster.running or not images.is_stand_in(cluster.directory, name)):
        return
    if images.registry_answers(name):
        images.forget(cluster.directory, name)
        return
    console.print(f"Image: the registry of {name} does not answer; a stand-in is made for it ...", soft_wrap=True)
    cluster.load_image(image.archive(), name)


def serve_page(cluster: Cluster, file: StackFile, service: str) -> Address:
    """Serve the application of a stack that is up. Raises DevclusterError: nobody listens."""
    namespace = file.settings.namespace
    if not cluster.real_nodes:
        command = [sys.executable, "-m", serve.__name__, str(cluster.directory), namespace]
        cluster.run_beside(serve.FOLDER, command)
    known = any((one["namespace"], one["service"]) == (namespace, service) for one in published.read(cluster.directory))
    port = cluster.publish(namespace, service, 0 if known else PORT)
    url = f"http://127.0.0.1:{port}"
    headers = _answer(url)
    by_itself = headers is not None and STAND_IN_HEADER in headers
    return Address(url, _why_stand_in(cluster, file) if by_itself else "", headers is not None)


def _why_stand_in(cluster: Cluster, file: StackFile) -> str:
    if not cluster.real_nodes:
        return "no container runs on simulated nodes, so it is a process of yours"
    if images.is_stand_in(cluster.directory, file.settings.image):
        return f"the registry of {file.settings.image} does not answer from here"
    return "its pod is older than the image that the nodes have now; delete the pod, and the next one is Kotaemon"


def _answer(url: str) -> Message | None:
    """The headers of the page; None: it is not served within ANSWER_SECONDS."""
    deadline = time.monotonic() + ANSWER_SECONDS
    # A proxy named in the environment must not be asked for an address on loopback.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with direct.open(url, timeout=5) as answer:
                return answer.headers
        except urllib.error.HTTPError as error:
            return error.headers  # a login, for example
        except OSError:
            if time.monotonic() > deadline:
                return None
            time.sleep(0.1)
