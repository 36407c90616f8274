"""The API server, where we ask it ourselves: what became of something, what is kept, what is in the way."""

import contextlib
import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from kubernetes.client import ApiClient
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import ResourceNotFoundError
from urllib3.exceptions import HTTPError

from plan.exits import UserError

FIELD_MANAGER = "kotaemon-storage"
ENGINE = "pulumi-kubernetes"
"""How the field manager of the engine's plugin begins; a random suffix follows."""
Manifest = dict[str, Any]


class Refused(UserError):
    """The API server refuses an object. The message is its own."""

    def __init__(self, ref: str, reason: str, message: str, causes: list[dict[str, str]]) -> None:
        self.ref, self.reason, self.causes = ref, reason, causes
        super().__init__(f"{ref}: {message}")


@contextlib.contextmanager
def answering() -> Generator[None]:
    """Raises UserError where the API server stops to answer within the block."""
    try:
        yield
    except HTTPError as error:
        raise UserError(f"the API server does not answer any more ({_innermost(error)}); run the same again") from None


def _innermost(error: BaseException) -> str:
    """The message of the innermost error: it has no address of a Python object in it."""
    while isinstance(inner := getattr(error, "reason", None) or error.__cause__, BaseException):
        error = inner
    return str(error).rpartition(": ")[2]


def ref(manifest: Manifest) -> str:
    """`Kind namespace/name` of an object, for people."""
    meta = manifest["metadata"]
    return f"{manifest['kind']} " + "/".join(filter(None, (meta.get("namespace"), meta["name"])))


class Kube:
    """A thin layer over the official dynamic client. `cache` is a file for the API discovery of this one cluster."""

    def __init__(self, api: ApiClient, cache: Path) -> None:
        self._client: Any = DynamicClient(api, cache_file=str(cache))

    def get(self, manifest: Manifest) -> Manifest | None:
        """The live object of the same kind and name, or None."""
        try:
            resource = self._resource(manifest["apiVersion"], manifest["kind"])
            meta = manifest["metadata"]
            return resource.get(name=meta["name"], namespace=meta.get("namespace")).to_dict()
        except ApiException as error:
            if error.status == 404:
                return None
            raise self._refused(manifest, error) from None
        except ResourceNotFoundError:
            return None

    def apply(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Server-side apply with strict validation; `dry_run` only asks. Raises Refused."""
        query = [("fieldValidation", "Strict")]
        if dry_run:
            query.append(("dryRun", "All"))
        try:
            resource = self._resource(manifest["apiVersion"], manifest["kind"])
            return resource.server_side_apply(
                body=manifest,
                namespace=manifest["metadata"].get("namespace"),
                field_manager=FIELD_MANAGER,
                force_conflicts=True,
                query_params=query,
            ).to_dict()
        except ApiException as error:
            raise self._refused(manifest, error) from None
        except ResourceNotFoundError:
            message = (
                f"the cluster does not know {manifest['apiVersion']} {manifest['kind']}; install its definition first"
            )
            raise Refused(ref(manifest), "NotFound", message, []) from None

    def patch(self, manifest: Manifest, operations: list[dict[str, Any]], manager: str | None = None) -> None:
        """JSON Patch on a live object. `manager`: who owns the changed fields from now on. Raises Refused."""
        meta = manifest["metadata"]
        resource = self._resource(manifest["apiVersion"], manifest["kind"])
        try:
            resource.patch(
                body=operations,
                name=meta["name"],
                namespace=meta.get("namespace"),
                content_type="application/json-patch+json",
                **({"field_manager": manager} if manager is not None else {}),
            )
        except ApiException as error:
            raise self._refused(manifest, error) from None

    def delete(self, manifest: Manifest) -> None:
        """Delete an object after its dependents (a Deployment after its pods), if it is there. Raises Refused."""
        meta = manifest["metadata"]
        resource = self._resource(manifest["apiVersion"], manifest["kind"])
        try:
            resource.delete(name=meta["name"], namespace=meta.get("namespace"), propagation_policy="Foreground")
        except ApiException as error:
            if error.status != 404:
                raise self._refused(manifest, error) from None

    def list(self, api_version: str, kind: str, namespace: str | None = None, selector: str = "") -> list[Manifest]:
        """All objects of a kind, complete with apiVersion and kind."""
        resource = self._resource(api_version, kind)
        items = resource.get(namespace=namespace, label_selector=selector).to_dict()["items"]
        return [{**item, "apiVersion": api_version, "kind": kind} for item in items]

    def made_by_engine(self) -> Iterator[Manifest]:
        """Every object that the engine's plugin has applied, whatever its kind."""
        for resource in self._listable():
            for item in self.list(resource.group_version, resource.kind):
                if any(f["manager"].startswith(ENGINE) for f in item["metadata"].get("managedFields", ())):
                    yield item

    def last_event(self, namespace: str, name: str) -> str:
        """Text of the newest event about an object, or nothing."""
        events = self.list("v1", "Event", namespace)
        about = [e for e in events if e["involvedObject"].get("name") == name]
        about.sort(key=lambda e: e.get("lastTimestamp") or e.get("eventTime") or "")
        return f"{about[-1].get('reason')}: {about[-1].get('message')}" if about else ""

    def _listable(self) -> Iterator[Any]:
        seen: set[tuple[str, str]] = set()
        for resource in self._client.resources.search(preferred=True):
            kind = (resource.group, resource.kind)
            wanted = hasattr(resource, "verbs") and {"list", "delete", "patch"} <= set(resource.verbs or ())
            if wanted and "/" not in resource.name and kind not in seen and not resource.kind.endswith("List"):
                seen.add(kind)
                yield resource

    def _resource(self, api_version: str, kind: str) -> Any:
        return self._client.resources.get(api_version=api_version, kind=kind)

    def _refused(self, manifest: Manifest, error: ApiException) -> Refused:
        try:
            status: dict[str, Any] = json.loads(error.body or "{}")
        except ValueError:
            status = {}
        causes = (status.get("details") or {}).get("causes") or []
        return Refused(ref(manifest), status.get("reason") or "", status.get("message") or str(error.reason), causes)
