"""The comparison of NFS mounts without guests: figures read, ratios, and what makes a row red."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from drills.nfs_speed import compared, machines, measuring, program
from drills.nfs_speed.compared import CACHED, DEFAULT, MOUNTS, ORDERS, OURS, Sample, Step
from drills.program import Section
from drills.record import renew, write
from drills.results import Result

STEP = Step("read", "read")


def rounds(*times: tuple[float, float, float]) -> list[dict[str, Sample]]:
    """Rounds with these seconds, each with 4000 requests, 2000 of them reads."""
    return [{m: Sample(t, 4000, 2000, 0) for m, t in zip(MOUNTS, of, strict=True)} for of in times]


def told(step: Step, mount: str, sample: Sample) -> list[str]:
    """What is told when the second of three rounds is another on one mount."""
    made = rounds((1, 1, 1), (1, 1, 1), (1, 1, 1))
    made[1][mount] = sample
    return compared.row(step, made).problems


def test_ratios_are_those_of_the_same_round() -> None:
    # The machine slows down from round to round; our mount is always a fifth faster
    row = compared.row(STEP, rounds((1.0, 0.8, 2.0), (2.0, 1.6, 3.0), (10.0, 8.0, 20.0)))
    assert row.facts == {
        "rounds": "3",
        DEFAULT: "2.0 s",
        OURS: "1.6 s",
        CACHED: "3.0 s",
        "ours / default": "0.80 (0.80 to 0.80)",
        "ours with fsc / default": "2.00 (1.50 to 2.00)",
        "requests to the server": "4000, 4000, 4000",
    }
    assert row.green


def test_a_slow_mount_is_not_red() -> None:
    assert compared.row(STEP, rounds((1.0, 9.0, 9.0))).green


def test_another_content_is_red() -> None:
    assert told(STEP, OURS, Sample(1, 4000, 2000, 3)) == ["ours: 3 files were missing or had another content"]


def test_more_requests_with_our_options_are_red() -> None:
    made = rounds((1, 1, 1))
    made[0][OURS] = Sample(1, 4300, 2000, 0)
    assert compared.row(STEP, made).problems == ["our options ask the server 4300 times, the default mount 4000 times"]
    assert compared.row(Step("beside", "beside", counted=False), made).green
    made[0][OURS] = Sample(1, 4015, 2000, 0)
    assert compared.row(STEP, made).green


def test_a_cache_that_does_not_serve_is_red() -> None:
    step = Step("read again", "read", in_cache=True)
    assert told(step, CACHED, Sample(1, 4000, 2000, 0)) == [
        "FS-Cache did not serve it: 2000 of 2000 reads went to the server"
    ]
    served = [{**of, CACHED: Sample(1, 2100, 40, 0)} for of in rounds((1, 1, 1))]
    assert compared.row(step, served).green


def test_only_complete_rounds_are_compared() -> None:
    made = rounds((1.0, 1.0, 1.0), (5.0, 5.0, 5.0))
    del made[1][CACHED]
    assert compared.complete([*made, {}]) == made[:1]


def test_each_mount_is_once_at_each_place() -> None:
    assert [set(place) for place in zip(*ORDERS, strict=True)] == [set(MOUNTS)] * 3


def test_what_the_client_does_not_say_is_an_error() -> None:
    assert compared.sample('{"seconds": 1.5, "requests": 3, "reads": 2, "wrong": 0}\n') == Sample(1.5, 3, 2, 0)
    with pytest.raises(OSError, match="said no figures but 'Killed'"):
        compared.sample("Killed")
    with pytest.raises(OSError, match="said no figures"):
        compared.sample('{"seconds": 1.5}')


STATS = """FS-Cache statistics
Cookies: n=2001 v=1 vcol=0 voom=0
NoSpace: nwr=0 ncr=0 cull=0
IO     : rd=18384 wr=18400
RdHelp : DR=0 RA=0 RP=0 WB=0 WBZ=0 rr=0 sr=0
"""
SNMP = """Ip: Forwarding DefaultTTL
Ip: 1 64
Tcp: RtoAlgorithm ActiveOpens OutSegs RetransSegs InErrs
Tcp: 1 5 8300 12 0
"""
OURS_SHOWN = (
    "10.77.0.11:/srv/nfs/kotaemon /mnt/nfs nfs4 rw,noatime,vers=4.2,rsize=131072,wsize=131072,namlen=255,"
    "acregmin=30,acregmax=30,acdirmin=30,acdirmax=30,hard,proto=tcp,nconnect=8,timeo=600,retrans=2,sec=sys 0 0\n"
)


def test_the_kernels_counters_are_read() -> None:
    assert compared.cache_reads(STATS) == 18384
    with pytest.raises(OSError, match="does not say how many reads"):
        compared.cache_reads("FS-Cache statistics\n")
    assert compared.segments(SNMP) == (12, 8300)


def test_a_mount_is_the_one_that_was_meant() -> None:
    said = compared.spoken(f"proc /proc proc rw 0 0\n{OURS_SHOWN}", "device ...\n" + "\txprt:\ttcp 1 2\n" * 8)
    assert said == {
        "as the kernel shows it": "noatime,vers=4.2,rsize=131072,wsize=131072,acregmin=30,acregmax=30,nconnect=8",
        "connections": "8",
    }
    assert compared.mounted_as_meant(OURS, said) == []
    assert compared.mounted_as_meant(CACHED, said) == ["fsc is not there"]
    assert compared.mounted_as_meant(DEFAULT, said) == ["nconnect=8 is there", "8 connections instead of 1"]


def test_the_clients_user_data_is_that_of_the_page() -> None:
    found = yaml.safe_load(machines.user_data(machines.PAGE.read_text(), "/dev/disk/by-id/virtio-cache"))
    assert found["packages"] == ["cachefilesd"]
    (made,) = found["fs_setup"]
    assert made == {**made, "device": "/dev/disk/by-id/virtio-cache", "filesystem": "ext4"}
    # `enable --now` does nothing where the package was there before: the service ended well, since RUN was not yes
    assert found["runcmd"] == [["systemctl", "restart", "cachefilesd"]]
    assert [where[:2] for where in found["mounts"]] == [[f"LABEL={made['label']}", "/var/cache/fscache"]]


def test_the_default_mount_has_no_options() -> None:
    assert machines.mount(DEFAULT) == "mkdir -p /mnt/nfs && mount -t nfs 10.77.0.11:/srv/nfs/kotaemon /mnt/nfs"
    assert ",nconnect=8," in machines.mount(OURS)
    assert machines.mount(CACHED).split(" 10.77")[0].endswith(",fsc")


def work(folder: Path, piece: str) -> dict[str, float]:
    """A piece of the client's work, on a folder of this machine and with counters that stand still."""
    folder.mkdir(exist_ok=True)
    (folder / "nfs").write_text("net 0 0 0 0\nrpc 7 0 7\nproc4 4 0 1 2 3\n")
    script = (Path(machines.__file__).parent / "work.py").read_text()
    script = script.replace("/mnt/nfs/models", str(folder)).replace("/proc/net/rpc/nfs", str(folder / "nfs"))
    script = script.replace("FOLDERS, FILES, SIZE = 20, 100, 4096", "FOLDERS, FILES, SIZE = 2, 3, 4096")
    script = script.replace("BIG_MIB = 64", "BIG_MIB = 2")
    command = [sys.executable, "-", piece, "some words"]
    return json.loads(subprocess.run(command, input=script, capture_output=True, text=True, check=True).stdout)


def test_the_work_sees_what_is_missing_and_what_is_another(tmp_path: Path) -> None:
    pieces = ["create", "write-big", *(step.piece for step in measuring.STEPS if step.cold and "read" in step.piece)]
    said = {piece: work(tmp_path / "there", piece) for piece in [*pieces, "look"]}
    assert {figures["wrong"] for figures in said.values()} == {0}
    assert said["read"]["requests"] == said["read"]["reads"] == 0
    (tmp_path / "there/speed/01/02").write_bytes(b"x" * 100)
    with (tmp_path / "there/speed/big").open("r+b") as big:
        big.seek(1500000)
        big.write(b"x")
    assert [work(tmp_path / "there", piece)["wrong"] for piece in ("look", "read", "read-big")] == [1, 1, 1]
    work(tmp_path / "there", "clear")
    assert not (tmp_path / "there/speed").exists()


def test_a_section_says_what_its_figures_are(tmp_path: Path) -> None:
    page = tmp_path / "record.md"
    write([], {}, 1, page)
    renew(Section("Speed", [Result("read", {"ours": "1.0 s"})], note="Times are medians.\n"), 1, page)
    renew(Section("Bare", [Result("read", {"ours": "1.0 s"})]), 1, page)
    assert "went as promised.\n\nTimes are medians.\n\n| drill | ours |" in page.read_text()
    assert "\n\n\n" not in page.read_text()


class Client:
    """A guest that answers as the kernel would; FS-Cache serves whatever is read on a mount with fsc."""

    name = "client"

    def __init__(self, ends_after: int = 10**6) -> None:
        self.commands: list[str] = []
        self.mounted, self.served, self.ends_after = "", 0, ends_after

    def ssh(self, command: str, **_: object) -> subprocess.CompletedProcess[str]:
        if len(self.commands) == self.ends_after:
            raise KeyboardInterrupt
        self.commands.append(command)
        if "mount -t nfs" in command:
            self.mounted = command.rpartition("mount -t nfs")[2]
        return subprocess.CompletedProcess(command, 0, self.says(command), "")

    def says(self, command: str) -> str:
        """Standard output of a command."""
        ours, cached = "nconnect" in self.mounted, ",fsc " in self.mounted
        if "work.py" in command:
            self.served += 10 * cached
            return json.dumps(
                {"seconds": 2.0 if ours else 1.0, "requests": 100, "reads": 0 if cached else 50, "wrong": 0}
            )
        said = {
            "cat /proc/fs/fscache/stats": f"IO     : rd={self.served} wr=1\n",
            "cat /proc/mounts": f"x /mnt/nfs nfs4 rw{',nconnect=8' * ours}{',fsc' * cached} 0 0\n",
            "cat /proc/self/mountstats": "\txprt:\ttcp\n" * (8 if ours else 1),
            "cat /proc/net/snmp": SNMP,
            "uname -r": "6.12.117+deb13-cloud-amd64\n",
        }
        return "rtt min/avg/max/mdev = 1.1/1.3/2.0/0.1 ms\n" if command.startswith("ping") else said.get(command, "")


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[Client]:
    """The clients that the measurement will find, in their order; the server is one as well, and the first."""
    made: list[Client] = []
    left = iter(made)
    monkeypatch.setattr(machines, "server", lambda _: None)
    monkeypatch.setattr(machines, "client", lambda *_: None)
    monkeypatch.setattr(machines, "set_up_server", lambda _: None)
    monkeypatch.setattr(machines, "machine", lambda *_: contextlib.nullcontext(next(left)))
    return made


def test_all_rows_of_both_clients(clients: list[Client]) -> None:
    clients += [Client(), Client(), Client()]
    section = program.run(lambda _: None)
    assert [row.problems for row in section.results if not row.green] == []
    assert len(section.results) == 2 * (1 + len(MOUNTS) + len(measuring.STEPS))
    assert {row.facts["ours / default"] for row in section.results if row.name.startswith("big")} == {
        "2.00 (2.00 to 2.00)"
    }
    cold = [step for step in measuring.STEPS if step.cold]
    assert sum("umount /mnt/nfs" in command for command in clients[1].commands) == 9 * len(cold)


def test_what_was_measured_before_a_break_is_kept(clients: list[Client]) -> None:
    clients += [Client(), Client(ends_after=100), Client()]
    section = program.run(lambda _: None)
    assert section.results[-1].problems == ["broken off by Ctrl-C"]
    assert {row.facts.get("rounds") for row in section.results[:-1]} == {None, "1"}
    assert clients[2].commands == []
