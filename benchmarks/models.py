"""Measures the cache of models against `cp -r` and `rsync -a` of the same tree: `make bench`, or this file alone.

Two trees: a few big files, and 20,000 small ones. Each is copied with nothing in the way, and the small one once more
with a delay of 1 ms in every operation on the source, which is a round trip to a network file system. The delay is made
by a small C library (LD_PRELOAD) that sleeps in the calls of all three programs alike; `cp` and `rsync` get the same.
`cp` takes 10 ms for each file then, so it is compared on DELAYED of them. A warm start is compared with the cold fill
of the same tree under the same delay: of all 20,000 where there is one, because what a start takes does not depend on
the number of files, and a smaller tree would only make the fill short.

A cold fill also hashes every byte and writes everything to the disk, so the others are measured with `sync -f`. All
times are on the clock, the best of RUNS: other work on the machine makes them longer and never shorter. What is
compared runs in turn, each round in the other order. Exit code 1 when a goal is missed; the goals are those of
docs/models.md.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "components" / "models" / "runtime"
RUNS = 3
BIG, BIG_SIZE = 4, 512 * 2**20
SMALL = 20_000
DELAYED = 2_000
"""Files of the small tree in the comparison with a delay."""
DELAY_US = 1000
FASTER = 5
WARM = 0.01

DELAY = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
static const char *base; static long pause_us; static size_t length; static __thread char where[4096];
__attribute__((constructor)) static void start(void) {
  base = getenv("DELAY_BELOW"); length = base ? strlen(base) : 0; pause_us = atol(getenv("DELAY_US") ?: "0"); }
static void wait_for_server(void) { struct timespec t = {0, pause_us * 1000}; nanosleep(&t, 0); }
static int below(const char *path) { return length && path && !strncmp(path, base, length); }
static int handle_below(int fd) {
  char link[64]; snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, where, sizeof where - 1); if (n < 0) return 0; where[n] = 0; return below(where); }
static int at(int dir, const char *path) {
  return path && path[0] == '/' ? below(path) : dir == AT_FDCWD ? 0 : handle_below(dir); }
#define REAL(name) static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)
int open(const char *p, int f, ...) { va_list a; va_start(a, f); mode_t m = va_arg(a, mode_t); va_end(a);
  REAL(open); if (below(p)) wait_for_server(); return real(p, f, m); }
int open64(const char *p, int f, ...) { va_list a; va_start(a, f); mode_t m = va_arg(a, mode_t); va_end(a);
  REAL(open64); if (below(p)) wait_for_server(); return real(p, f, m); }
int openat(int d, const char *p, int f, ...) { va_list a; va_start(a, f); mode_t m = va_arg(a, mode_t); va_end(a);
  REAL(openat); if (at(d, p)) wait_for_server(); return real(d, p, f, m); }
int openat64(int d, const char *p, int f, ...) { va_list a; va_start(a, f); mode_t m = va_arg(a, mode_t); va_end(a);
  REAL(openat64); if (at(d, p)) wait_for_server(); return real(d, p, f, m); }
ssize_t read(int d, void *b, size_t n) { REAL(read); if (handle_below(d)) wait_for_server(); return real(d, b, n); }
ssize_t copy_file_range(int i, off_t *a, int o, off_t *b, size_t n, unsigned f) {
  REAL(copy_file_range); if (handle_below(i)) wait_for_server(); return real(i, a, o, b, n, f); }
"""


def trees(folder: Path) -> None:
    """The trees as published versions `big`, `small` and `delayed`."""
    sys.path.insert(0, str(SCRIPTS))
    for name in ("big", "small", "delayed"):
        root = folder / name / "versions" / "v1"
        root.mkdir(parents=True)
        if name == "big":
            for number in range(BIG):
                with (root / f"{number}.safetensors").open("wb") as file:
                    for _ in range(BIG_SIZE // 2**20):
                        file.write(os.urandom(2**20))
            continue
        numbers = random.Random(1)  # noqa: S311 sizes of files
        for number in range(SMALL if name == "small" else DELAYED):
            below = root / f"d{number // 100:03}"
            below.mkdir(exist_ok=True)
            (below / f"f{number}").write_bytes(os.urandom(numbers.randint(500, 8000)))


class Contestant(NamedTuple):
    """Something that is measured, and what comes before it each time and does not count."""

    run: Callable[[], object]
    before: Callable[[], object] = lambda: None


def best(contestants: dict[str, Contestant]) -> dict[str, float]:
    """Seconds of the fastest of RUNS of each."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(RUNS):
        for name in list(contestants)[:: -1 if number % 2 else 1]:
            contestants[name].before()
            begun = time.monotonic()
            contestants[name].run()
            found[name].append(time.monotonic() - begun)
    return {name: min(seconds) for name, seconds in found.items()}


class Bench:
    """The measurements in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.missed = folder, list[str]()
        (folder / "delay.c").write_text(DELAY)
        library = folder / "delay.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-w", "-o", library, folder / "delay.c", "-ldl"], check=True)
        self.library = str(library)

    def version(self, tree: str) -> Path:
        return self.folder / tree / "versions" / "v1"

    def env(self, tree: str, *, delayed: bool) -> dict[str, str]:
        if not delayed:
            return {"PATH": os.environ["PATH"]}
        below = str(self.folder / tree / "versions")
        return {
            "PATH": os.environ["PATH"],
            "LD_PRELOAD": self.library,
            "DELAY_BELOW": below,
            "DELAY_US": str(DELAY_US),
        }

    def sync(self) -> None:
        subprocess.run(["sync", "-f", str(self.folder)], check=True)

    def clean(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self.sync()  # what others have left to write is not theirs who come next

    def copy(self, tree: str, *command: str, delayed: bool) -> Contestant:
        target = self.folder / "target"

        def run() -> None:
            subprocess.run([*command, str(target)], env=self.env(tree, delayed=delayed), check=True)
            self.sync()

        return Contestant(run, lambda: self.clean(target))

    def fill(self, tree: str, *, delayed: bool, cold: bool) -> Contestant:
        cache = self.folder / f"cache-{tree}"

        def clean() -> None:
            self.clean(cache)
            cache.mkdir()

        told = {
            "KS_MODELS_VERSION": "v1",
            "KS_MODELS_SHARED": str(self.folder / tree),
            "KS_MODELS_CACHE": str(cache),
        }
        command = [sys.executable, "-S", str(SCRIPTS / "ks_models_start.py")]
        env = {**self.env(tree, delayed=delayed), **told}
        return Contestant(lambda: _run(command, env), clean if cold else lambda: None)

    def goal(self, met: bool, text: str) -> None:
        print(f"{'ok    ' if met else 'MISSED'} {text}", flush=True)
        if not met:
            self.missed.append(text)

    def cold(self, name: str, *, delayed: bool = False) -> None:
        """A cold fill of one tree against the other two."""
        seconds = best(
            {
                "cp -r": self.copy(name, "cp", "-r", str(self.version(name)), delayed=delayed),
                "rsync -a": self.copy(name, "rsync", "-a", f"{self.version(name)}/", delayed=delayed),
                "fill": self.fill(name, delayed=delayed, cold=True),
            }
        )
        fill = seconds.pop("fill")
        for other, took in seconds.items():
            print(f"       {name}: {other} {took:.2f} s", flush=True)
        fastest = min(seconds.values())
        if delayed:
            self.goal(fill * FASTER <= fastest, f"{name}: cold fill {fill:.2f} s, {fastest / fill:.1f} times as fast")
        else:
            self.goal(fill <= fastest, f"{name}: cold fill {fill:.2f} s, {fill / fastest:.2f} of the faster one")

    def warm(self, name: str, *, delayed: bool) -> None:
        """A warm start against a cold fill of the same tree."""
        fills = {
            "cold": self.fill(name, delayed=delayed, cold=True),
            "warm": self.fill(name, delayed=delayed, cold=False),
        }
        fills["cold"].before()
        fills["cold"].run()  # the first round may begin with either
        cold, warm = best(fills).values()
        what = f"{name}{', delayed' if delayed else ''}: warm start {1000 * warm:.1f} ms"
        self.goal(warm <= WARM * cold, f"{what}, {100 * warm / cold:.2f} % of a cold one of {cold:.2f} s")

    def rates(self) -> None:
        """How fast a manifest is verified, and a link flipped."""
        import ks_models_manifest  # pyright: ignore
        import ks_models_publish  # pyright: ignore

        folder = self.version("big")
        manifest = ks_models_manifest.read(folder)

        def verify() -> None:
            if wrong := ks_models_manifest.verify(folder, manifest):
                raise SystemExit("; ".join(wrong))

        seconds = best({"verify": Contestant(verify)})["verify"]
        print(f"       manifest verified at {manifest['bytes'] / 2**20 / seconds:.0f} MiB/s", flush=True)
        for version in ("a", "b"):
            shutil.copytree(self.version("delayed"), self.folder / "flip" / "versions" / version)
        begun = time.monotonic()
        for number in range(100):
            ks_models_publish.flip(self.folder / "flip", "ab"[number % 2])
        print(f"       flip {10 * (time.monotonic() - begun):.1f} ms, with its fsync", flush=True)


def _run(command: list[str], env: dict[str, str]) -> None:
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)


def main() -> int:
    if missing := [name for name in ("cp", "rsync", "cc") if shutil.which(name) is None]:
        print(f"not measured: {', '.join(missing)} is not on this machine (Debian: apt-get install rsync gcc)")
        return 0
    with tempfile.TemporaryDirectory(prefix="kotaemon-bench-", dir=os.environ.get("KOTAEMON_BENCH_DIR")) as name:
        folder = Path(name)
        trees(folder)
        import ks_models_manifest  # pyright: ignore

        for tree in ("big", "small", "delayed"):
            ks_models_manifest.write(
                folder / tree / "versions" / "v1", ks_models_manifest.make(folder / tree / "versions" / "v1")
            )
        bench = Bench(folder)
        bench.cold("big")
        bench.cold("small")
        bench.cold("delayed", delayed=True)
        for tree, delayed in (("big", False), ("small", False), ("small", True)):
            bench.warm(tree, delayed=delayed)
        bench.rates()
    return 1 if bench.missed else 0


if __name__ == "__main__":
    sys.exit(main())
