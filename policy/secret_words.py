"""What a secret looks like: names of variables and keys, and shapes of values. Pure text, no resources."""

import re

_NAME = re.compile(
    r"(PASSWORD|PASSWD|_PWD|REDISCLI_AUTH"
    r"|(^|_)(API_?KEY|SECRET(_KEY|_ACCESS_KEY)?|PASS|TOKEN|CREDENTIALS?|PRIVATE_KEY|ACCESS_KEY_SECRET))$",
    re.I,
)
"""Names of variables whose value is a secret. Only the end of a name counts: MAX_TOKENS and TOKEN_LIMIT do not
match."""
_KEY = re.compile(
    r"(PASSWORD|PASSWD|(?<!proxy)(^|_)(PASS|REQUIREPASS|MASTERAUTH)"
    r"|(^|_)(API_?KEY|CLIENT_SECRET|SECRET_ACCESS_KEY|TOKEN|PRIVATE_KEY|ACCESS_KEY_SECRET|ACCOUNT_KEY))$",
    re.I,
)
"""Keys of Helm values and custom resources whose value is a secret. `secret` alone is not among them: there it mostly
names a Secret (existingSecret), as `secretKey` names a key in one."""
_REFERENCE = re.compile(r"^\s*(\$|\{\{|<)|\b(secretKeyRef|vault:|ref\+)", re.I)
"""A value that stands for a secret elsewhere: a variable, a template, a placeholder, a reference to a vault."""
_PLAIN = r"(?![-$%{<\"'])"
"""Not a flag that follows, a variable, a template or an empty text."""
SECRET_VALUES = (
    (re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"), "an AWS access key"),
    (re.compile(r"\bLTAI[0-9A-Za-z]{12,}\b"), "an Alibaba Cloud access key"),
    (re.compile(r"\bsk-[0-9A-Za-z_-]{20,}"), "an API key"),
    (re.compile(r"\bgh[pousr]_[0-9A-Za-z]{30,}"), "a GitHub token"),
    (re.compile(r"\bhf_[0-9A-Za-z]{30,}"), "a Hugging Face token"),
    (re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{10,}"), "a Slack token"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "a private key"),
    (re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"), "a JSON web token"),
    # The kubelet replaces $(NAME) by a variable of the pod, which may come from a Secret.
    (re.compile(r"[a-z][a-z0-9+.-]*://[^\s:/@]*:[^\s@/$]+@"), "a password in a URL"),
    # https://www.postgresql.org/docs/current/libpq-connect.html: `host=db password=...`; a comma would be Python's.
    (
        re.compile(
            rf"\b(host|hostaddr|port|user|dbname|sslmode)=[^\s,;]+(\s+\w+=[^\s,;]+)*\s+password={_PLAIN}[^\s,;)]+"
            rf"|\bpassword={_PLAIN}[^\s,;)]+\s+(host|hostaddr|port|user|dbname|sslmode)=[^\s,;]+"
        ),
        "a password in a connection string",
    ),
    # JDBC and ODBC: `jdbc:...?user=..&password=..`, `Server=..;Password=..`, `AccountKey=..`.
    (
        re.compile(
            r"(?i)(://\S*[?&;]|\b(server|host|data source|accountname)=[^;\n]+;([^;\n]*;)*\s*)"
            rf"(password|pwd|accountkey)={_PLAIN}[^\s;&]+"
        ),
        "a password in a connection string",
    ),
    # `ALTER ROLE rag PASSWORD '...'`, `IDENTIFIED BY '...'`; not `PASSWORD :'secret'`, a variable of psql.
    (re.compile(r"(?i)\b(PASSWORD|IDENTIFIED\s+BY)\s+'(?![$%{<])[^'\s]+'"), "a password in SQL"),
    # It does not match --no-password, a flag that is followed by another flag, or a flag whose value is a variable.
    (
        re.compile(r"(?i)(?<![^\s\"'])--?(password|api-?key|secret|token)[= ](?![-$\"'])\S+"),
        "a password on a command line",
    ),
)


def secret_variable(name: str) -> bool:
    """Whether a variable of this name holds a secret."""
    return bool(_NAME.search(name))


def secret_key(key: str, value: str) -> bool:
    """Whether a key of free values (`postgresPassword`) holds a secret itself, and not where to find one."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[-.]", "_", key)
    return bool(_KEY.search(words)) and not _REFERENCE.search(value)


def kinds_of(text: str) -> list[str]:
    """What secrets a text holds, in words, each once."""
    return list(dict.fromkeys(what for pattern, what in SECRET_VALUES if pattern.search(text)))


_CODE = (".py", ".sh", ".js", ".ts", ".rb", ".go", ".lua", ".pl", ".sql", ".html", ".md", ".json", ".tmpl", ".tpl")
"""Ends of names of files in which a word before a colon or an equals sign is mostly a name of the language."""
_LINE = re.compile(
    r"^[ \t-]*(?:export )?([A-Za-z][\w.-]*)(?:=|:[ \t]+|[ \t]+=[ \t]+)[\"']?([^\s\"'()\[\]{}<>$%|&*!#,]+)[\"']?$"
)
_NOTHING = re.compile(r"(?i)true|false|null|none|yes|no|~|\d+|\W*")
"""What is no secret, whatever its key is called."""


def secret_lines(text: str, file: str = "") -> list[str]:
    """The keys of secrets in the lines of a text of settings: YAML, properties, a file of variables. `file`: its name,
    which tells code from settings."""
    if file.lower().endswith(_CODE):
        return []
    found = [match.groups() for line in text.splitlines() if (match := _LINE.match(line.rstrip()))]
    named = [key for key, value in found if not _NOTHING.fullmatch(value) and secret_key(key, value)]
    return list(dict.fromkeys(named))
