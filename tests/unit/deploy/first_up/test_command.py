"""The command as a whole: programs that stand in for `aws` and `aliyun`, what they are called with, and the text."""

import io
import json
import os
import stat
from pathlib import Path

import pytest
from rich.console import Console

from deploy.first_up import command, reading
from deploy.first_up.findings import Finding, Verdict, issue, masked
from deploy.first_up.reading import Absent, NotRead
from plan import stack_file
from plan.exits import FAILED, REFUSED, UserError
from tests.unit.deploy.first_up.accounts import aws_account


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program that writes its arguments down and says what the file `says` beside it holds."""
    path = tmp_path / "cloud"
    path.write_text(
        '#!/bin/sh\nhere=$(dirname "$0")\nfor a in "$@"; do echo "$a" >> "$here/called"; done\n'
        'cat "$here/errors" >&2 2>/dev/null\ncat "$here/says" 2>/dev/null\n[ ! -s "$here/errors" ]\n'
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "errors").write_text("")
    return path


def test_a_call_of_aws(program: Path, tmp_path: Path) -> None:
    (tmp_path / "says").write_text('{"cluster": {}}')
    cli = reading.AwsCli("eu-central-1", ["--profile", "prod"], str(program))
    assert cli("eks", "DescribeCluster", name="a; rm -rf /") == {"cluster": {}}
    called = (tmp_path / "called").read_text().splitlines()
    assert called[:3] == ["eks", "describe-cluster", "--cli-input-json"]
    assert json.loads(called[3]) == {"name": "a; rm -rf /"}
    assert called[4:] == ["--region", "eu-central-1", "--profile", "prod", "--output", "json"]


def test_a_call_of_aliyun_by_name_and_by_path(program: Path, tmp_path: Path) -> None:
    (tmp_path / "says").write_text("{}")
    cli = reading.AliyunCli("cn-hangzhou", program=str(program))
    cli("kms", "DescribeKey", KeyId="key-1")
    cli("cs", "DescribeClusterDetail", path="/clusters/c1")
    assert (tmp_path / "called").read_text().splitlines() == [
        *("kms", "DescribeKey", "--KeyId", "key-1", "--region", "cn-hangzhou"),
        *("cs", "GET", "/clusters/c1", "--region", "cn-hangzhou"),
    ]


@pytest.mark.parametrize("operation", ["CreateKey", "DeleteRole", "PutKeyPolicy", "ModifyDBInstance", "describe"])
def test_no_program_is_started_for_what_may_change_something(program: Path, tmp_path: Path, operation: str) -> None:
    for cli in (reading.AwsCli("eu-central-1", (), str(program)), reading.AliyunCli("cn-hangzhou", (), str(program))):
        with pytest.raises(ValueError, match="only reads"):
            cli("kms", operation)
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize(
    ("errors", "kind", "said"),
    [
        ("\nAn error occurred (ResourceNotFoundException) when calling DescribeAddon: No addon", Absent, "No addon"),
        ("ERROR: SDK.ServerError\nErrorCode: EntityNotExist.Role\nRequestId: 1", Absent, "EntityNotExist.Role"),
        ("An error occurred (AccessDenied): user is not authorized to GetRole; role NotFound", NotRead, "may not"),
        ("usage: aws\n\naws: error: argument operation: Invalid choice", NotRead, "Invalid choice"),
    ],
)
def test_what_a_program_says_when_it_fails(
    program: Path, tmp_path: Path, errors: str, kind: type[NotRead], said: str
) -> None:
    (tmp_path / "errors").write_text(errors)
    with pytest.raises(NotRead, match=said) as raised:
        reading.AwsCli("eu-central-1", (), str(program))("iam", "GetRole", RoleName="x")
    assert type(raised.value) is kind


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotRead, match="is not on PATH"):
        reading.AwsCli("eu-central-1", (), str(tmp_path / "none"))("sts", "GetCallerIdentity")


def test_an_answer_that_is_no_json(program: Path, tmp_path: Path) -> None:
    (tmp_path / "says").write_text("<html>")
    with pytest.raises(NotRead, match="not JSON"):
        reading.AwsCli("eu-central-1", (), str(program))("sts", "GetCallerIdentity")


def checked(tmp_path: Path, example: str, read: reading.Read | None) -> tuple[int, str, str]:
    out = io.StringIO()
    file = stack_file.read(example)
    code = command.check(file, tmp_path / "out", Console(file=out, width=80), read)
    return code, (tmp_path / f"out/{example}.md").read_text(), out.getvalue()


def test_the_text_of_an_issue_without_accounts_and_people(tmp_path: Path) -> None:
    cloud = aws_account()
    cloud.answers["sts", "GetCallerIdentity"]["Account"] = "999988887777"
    code, text, shown = checked(tmp_path, "aws-scaled", cloud)
    assert code == REFUSED
    assert text.strip() in shown
    assert text.index("## NOT as assumed") < text.index("## as assumed")
    for secret in ("111122223333", "999988887777", "jane@example.com"):
        assert secret not in text + shown
    assert "assumed-role/deployer/<session>" in text
    assert "<account 1>" in text


def test_an_account_that_nobody_could_ask_is_no_success(tmp_path: Path) -> None:
    def refuse(service: str, operation: str, **_: object) -> object:
        raise NotRead("Unable to locate credentials")

    code, text, _ = checked(tmp_path, "alicloud-scaled", refuse)
    assert code == FAILED
    assert "0 NOT as assumed" in text
    assert "Unable to locate credentials" in text


def test_a_platform_without_an_account(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="platform private, which has no account"):
        checked(tmp_path, "private-scaled", None)


def test_a_role_of_the_stack_file_is_not_left_out_silently(tmp_path: Path) -> None:
    file = stack_file.read("aws-scaled")
    file.config["aws:assumeRoles"] = '[{"roleArn": "arn:aws:iam::111122223333:role/x"}]'
    with pytest.raises(UserError, match=r"aws:assumeRoles: .* aws:profile"):
        command.reader(file)


def test_masking() -> None:
    text = (
        "AKIAIOSFODNN7EXAMPLE of 111122223333 and 444455556666, again arn:aws:s3:::b-111122223333-x; LTAI5tExample12345; "
        "acs:ram::1234567890123456:user/jane key 0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f role eu-central-1 subnet-0a1b2c3d"
    )
    assert masked(text) == (
        "<access key> of <account 1> and <account 2>, again arn:aws:s3:::b-<account 1>-x; <access key>; "
        "acs:ram::<account 3>:user/jane key <id> role eu-central-1 subnet-0a1b2c3d"
    )


def test_a_table_survives_what_a_cloud_says() -> None:
    text = issue("t", [], [Finding("p", "a", Verdict.DIFFERS, "one | two\nthree", "do")])
    assert "| p | a | one \\| two three. do |" in text


def test_the_users_environment_reaches_the_program(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.write_text('#!/bin/sh\nprintf \'{"profile": "%s", "pager": "%s"}\' "$AWS_PROFILE" "$AWS_PAGER"\n')
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setenv("AWS_PAGER", "less")
    assert os.access(program, os.X_OK)
    answer = reading.AwsCli("eu-central-1", (), str(program))("sts", "GetCallerIdentity")
    assert answer == {"profile": "prod", "pager": ""}
