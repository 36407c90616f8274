"""A resolver that says that no name exists, and writes down which were asked. Run: resolver.py ADDRESS LOG_FILE."""

import socket
import sys
from pathlib import Path


def question(packet: bytes) -> str:
    """The first name in a DNS query (RFC 1035, 4.1.2)."""
    labels, at = [], 12
    while length := packet[at]:
        labels.append(packet[at + 1 : at + 1 + length].decode(errors="replace"))
        at += length + 1
    return ".".join(labels)


def main() -> None:
    address, log = sys.argv[1], Path(sys.argv[2])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, log.open("a", buffering=1) as names:
        server.bind((address, 53))
        while True:
            packet, client = server.recvfrom(512)
            print(f"{client[0]} {question(packet)}", file=names)
            no_such_name = packet[:2] + b"\x81\x83" + packet[4:6] + b"\0\0\0\0\0\0" + packet[12:]
            server.sendto(no_such_name, client)


main()
