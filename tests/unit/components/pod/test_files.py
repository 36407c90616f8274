"""The ConfigMap's files."""

from hypothesis import given
from hypothesis import strategies as st

from components.pod.files import content_hash, runtime_files

TEXTS = st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=4)


def test_every_file_that_the_pod_starts_is_there() -> None:
    files = runtime_files()
    assert {
        "launch.py",
        "kh_settings.py",
        "prepare.py",
        "wait_stores.py",
        "postgres-driver.txt",
        "page_stand_ins.js",
    } <= set(files)
    assert all(name.endswith((".py", ".txt", ".js")) for name in files)
    assert sum(len(text.encode()) for text in files.values()) < 1024 * 1024, "the limit of a ConfigMap"


def test_named_files_only() -> None:
    assert list(runtime_files("prepare.py")) == ["prepare.py"]


@given(TEXTS, TEXTS)
def test_the_hash_changes_with_the_content_and_only_then(one: dict[str, str], other: dict[str, str]) -> None:
    assert (content_hash(one) == content_hash(other)) == (one == other)
    assert content_hash(dict(reversed(one.items()))) == content_hash(one)
