"""What the Deployment tells the pod in its environment, and how launch.py talks back."""

import os
import socket
import sys
from pathlib import Path
from typing import NoReturn

EX_TEMPFAIL = 75
EX_CONFIG = 78
SET_BY = "the Deployment in components/kotaemon/deployment.py"
TRUE = ("1", "true", "yes", "on", "y", "t")


def say(message: str) -> None:
    print(f"launch: {message}", flush=True)


def refuse(message: str, code: int = EX_CONFIG) -> NoReturn:
    print(f"launch: {message}", file=sys.stderr, flush=True)
    raise SystemExit(code)


def need(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        refuse(f"the variable {name} is not set; {SET_BY} sets it")
    return value


def number(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdecimal():
        refuse(f"{name} is {text!r}; it must be a whole number; {SET_BY} sets it")
    return int(text)


def flag(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in TRUE


def profile_name() -> str:
    value = need("KS_PROFILE")
    if value not in ("single-writer", "scaled"):
        refuse(f"KS_PROFILE is {value!r}; allowed: single-writer, scaled; {SET_BY} sets it")
    return value


def pod_name() -> str:
    return (os.environ.get("KS_POD_NAME") or socket.gethostname()).replace("/", "_")


def read_only_roles() -> set[str]:
    listed = os.environ.get("KS_READ_ONLY_ROLES", "").split(",")
    return {role.strip() for role in listed if role.strip()}


def role_folders(profile: str) -> dict[str, Path]:
    """Role -> folder, as the Deployment mounted them. `scaled` keeps its sessions in PostgreSQL."""
    needed = ["indexes", "models", "uploads"] + (["sessions"] if profile == "single-writer" else [])
    folders = {role: Path(need(f"KS_{role.upper()}_DIR")) for role in needed}
    for role in ("logs", "eval"):
        if os.environ.get(f"KS_{role.upper()}_DIR"):
            folders[role] = Path(os.environ[f"KS_{role.upper()}_DIR"])
    return folders
