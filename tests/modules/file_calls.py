"""
Calls of the file module that must end the same with us and with Salt.

Each is a map as ``stage.play`` takes it.
"""

from typing import Any

Call = dict[str, Any]

CONF = "alpha\n  beta = 1\n# gamma\n\ndelta\n"
BLOCK = "one\n#-- start managed zone --\nold\n#-- end managed zone --\ntwo\n"
BINARY = "".join(map(chr, range(256)))
A = "{here}/a"


def call(fun: str, *args: Any, files: Any = None, links: Any = None, **kwargs: Any) -> Call:
    """Write down a call; without ``files`` there is one, a, with a small configuration."""
    return {
        "fun": f"file.{fun}",
        "args": list(args),
        "kwargs": kwargs,
        "files": {"a": CONF} if files is None else files,
        "links": links or {},
    }


def only(fields: str, made: Call) -> Call:
    """Compare some fields of the answer only; the others change with time and place."""
    return {**made, "only": fields.split()}


def raw(made: Call) -> Call:
    """Take the files' texts as bytes, not to be encoded."""
    return {**made, "raw": True}


LINE: list[Call] = [
    call("line", A, **options)
    for content in ("new", "  beta = 1", "alpha")
    for options in [
        {"content": content, "mode": "insert", "location": "start"},
        {"content": content, "mode": "insert", "location": "end"},
        {"content": content, "mode": "insert", "after": "^alpha"},
        {"content": content, "mode": "insert", "before": "beta"},
        {"content": content, "mode": "insert", "before": "beta", "after": "alpha"},
        {"content": content, "mode": "insert", "before": "beta", "indent": False},
        {"content": content, "mode": "insert"},
        {"content": content, "mode": "insert", "before": "nowhere"},
        {"content": content, "mode": "insert", "before": "a"},
        {"content": content, "mode": "ensure", "after": "^alpha"},
        {"content": content, "mode": "ensure", "before": "delta"},
        {"content": content, "mode": "ensure", "before": "alpha"},
        {"content": content, "mode": "ensure", "after": "delta"},
        {"content": content, "mode": "ensure", "after": "alpha", "before": "beta"},
        {"content": content, "mode": "ensure", "after": "alpha", "before": "gamma"},
        {"content": content, "mode": "ensure", "after": "alpha", "before": "delta"},
        {"content": content, "mode": "ensure"},
        {"content": content, "mode": "replace", "match": "beta"},
        {"content": content, "mode": "replace", "match": "nowhere"},
        {"content": content, "mode": "replace"},
        {"content": content, "mode": "delete"},
        {"content": content, "mode": "delete", "match": "gamma", "show_changes": False},
        {"content": content, "mode": "wrong"},
        {"content": content},
    ]
] + [
    call("line", A, mode="delete", match="^$"),
    call("line", A, mode="insert", location="end"),
    call("line", A, "x", mode="delete", files={"a": ""}),
    call("line", A, "x", mode="insert", location="start", files={"a": ""}),
    call("line", A, "x", mode="insert", location="end", files={"a": ""}),
    call("line", A, "x", mode="insert", location="end", files={"a": "no end"}),
    call("line", A, "x", mode="insert", after="no", files={"a": "no end"}),
    call("line", A, "x", mode="ensure", after="no", files={"a": "no end"}),
    call("line", A, "x", mode="insert", after="delta"),
    call("line", A, "x", mode="delete", files={}),
    call("line", A, "x", mode="delete", quiet=True, files={}),
    call("line", A, "Ünïcode", mode="replace", match="gamma"),
    call("line", "{here}/l", "x", mode="replace", match="gamma", links={"l": "a"}),
    call("line", A, "x", mode="insert", after="(", files={"a": "(\n"}),
]

REPLACE: list[Call] = [
    call("replace", A, "beta", "BETA"),
    call("replace", A, "a$", "A"),
    call("replace", A, "a$", "A", flags=0),
    call("replace", A, "ALPHA", "x", flags=["IGNORECASE", "MULTILINE"]),
    call("replace", A, "ALPHA", "x", flags="ignorecase"),
    call("replace", A, "x", "y", flags="wrong"),
    call("replace", A, "a", "A", count=2),
    call("replace", A, "(b)(e)", r"\2\1"),
    call("replace", A, "beta", r"\n", backslash_literal=True),
    call("replace", A, "nowhere", "x"),
    call("replace", A, "alpha", "alpha"),
    call("replace", A, "nowhere", "x", append_if_not_found=True),
    call("replace", A, "nowhere", "x", prepend_if_not_found=True),
    call("replace", A, "nowhere", "x", append_if_not_found=True, not_found_content="alpha"),
    call("replace", A, "nowhere", "delta", append_if_not_found=True),
    call("replace", A, "nowhere", "x", append_if_not_found=True, files={"a": "no end"}),
    call("replace", A, "nowhere", "x", append_if_not_found=True, files={"a": ""}),
    call("replace", A, "b", "x", append_if_not_found=True, prepend_if_not_found=True),
    call("replace", A, "b", "x", append_if_not_found=True, search_only=True),
    call("replace", A, "beta", "x", dry_run=True),
    call("replace", A, "beta", "x", dry_run=True, show_changes=False),
    call("replace", A, "beta", "x", show_changes=False, backup=False),
    call("replace", A, "nowhere", "x", show_changes=False),
    call("replace", A, "beta", "x", backup=".old"),
    call("replace", A, "beta", "x", search_only=True),
    call("replace", A, "beta", "x", preserve_inode=False),
    call("replace", A, "x", "y", files={}),
    call("replace", A, "x", "y", files={}, ignore_if_missing=True),
    call("replace", "{here}/l", "beta", "x", links={"l": "a"}),
    call("replace", A, "é", "e", files={"a": "caf\u00e9\n"}),
    call("replace", A, "a", "b", files={"a": "a\r\nb\r\n"}),
    raw(call("replace", A, "a", "b", files={"a": BINARY})),
    call("search", A, "beta"),
    call("search", A, "^beta"),
    call("search", A, r"alpha\n\s+beta", multiline=True),
    call("search", A, "nowhere"),
    call("search", A, "x", files={}),
    call("search", A, "x", files={"a": ""}),
    call("search", A, "x", files={}, ignore_if_missing=True),
]

BLOCKS: list[Call] = [
    call("blockreplace", A, **{"content": "new", "files": {"a": text}, **options})
    for text in (BLOCK, CONF, "", "no end", BLOCK.replace("\n", "\r\n"))
    for options in (
        {},
        {"content": "new\n"},
        {"content": "new", "append_newline": True},
        {"content": "new\nlines", "append_newline": None},
        {"append_if_not_found": True},
        {"prepend_if_not_found": True, "backup": False},
        {"insert_after_match": "^alpha"},
        {"insert_before_match": "delta|end", "show_changes": False},
        {"append_if_not_found": True, "dry_run": True},
        {"append_if_not_found": True, "prepend_if_not_found": True},
    )
] + [
    call("blockreplace", A, "one", "two", "x\n"),
    call("blockreplace", A, "alpha", "nowhere", "x"),
    call("blockreplace", A, "alpha", "delta", "x"),
    call("blockreplace", A, files={}),
]

COMMENTS: list[Call] = [
    call(fun, A, *args, **options)
    for fun in ("comment", "uncomment", "comment_line")
    for args in (["alpha"], ["gamma"], ["^delta$"], ["nowhere"], ["beta"], ["alpha", ";"])
    for options in ({}, {"backup": False})
] + [
    call("comment", A, "x", files={}),
    raw(call("comment", A, "x", files={"a": BINARY})),
    call("comment_line", A, "gamma", "#", False),
    call("comment", "{here}/l", "alpha", links={"l": "a"}),
]

WRITING: list[Call] = [
    call("write", A, "x", "y"),
    call("write", A, args=["x", 1]),
    call("write", A, args="x"),
    call("write", A),
    call("write", "{here}/new", "x", files={}),
    call("write", "{here}/l", "x", links={"l": "a"}),
    call("append", A, "x", "ü"),
    call("append", A, "x", files={"a": "no end"}),
    call("append", A, "x", files={"a": ""}),
    call("append", A, args=["x", "y"]),
    call("prepend", A, "x", "y"),
    call("prepend", A, "x", files={}),
    call("prepend", A, args=["x"]),
    call("touch", "{here}/new"),
    call("touch", A, 1, 2),
    call("touch", A, "x"),
    call("touch", "{here}/none/new"),
    call("truncate", A, 3),
    call("truncate", A, "10"),
    call("seek_read", A, 3, 2),
    call("read", A),
    call("read", A, binary=True),
    call("read", A, files={"a": "caf\u00e9\r\n"}),
]

READING: list[Call] = [
    call(fun, A, text, files=files)
    for fun in ("contains", "contains_regex", "contains_glob")
    for text in ("beta", " beta ", "^alpha$", "*beta*", "alpha*", "nowhere")
    for files in ({"a": CONF}, {}, {"a": ""})
] + [
    call("contains_regex", A, "^gamma", lchar="# "),
    call("get_hash", A),
    call("get_hash", A, "md5"),
    call("get_sum", A, "sha1"),
    call("get_sum", A, files={}),
    call("check_hash", A, "sha1:x"),
    call("check_hash", A, "md5=d41d8cd98f00b204e9800998ecf8427e", files={"a": ""}),
    call("check_hash", A, "d41d8cd98f00b204e9800998ecf8427e", files={"a": ""}),
    call("check_hash", A, "abc"),
    call("check_hash", A, 1),
    call("grep", A, "nowhere", files={"a": ""}),
]
READING[-1] = only("retcode stdout stderr", READING[-1])
READING.append(only("retcode stdout stderr", call("grep", "{here}/*", "ALPHA", "-i")))
READING.append(call("grep", A, "x", "-i -v"))

SUMS = "0" * 64 + "  other\n" + "a" * 64 + "  dir/wanted\n" + "B" * 40 + " *wanted\n"
HASHES: list[Call] = [
    call("extract_hash", A, *args, files={"a": SUMS})
    for args in (
        ["sha256", "wanted"],
        ["sha1", "wanted"],
        ["", "wanted"],
        ["sha256", "x", "https://h/wanted"],
        ["sha256", "none"],
        ["md5", "none"],
        ["sha256", "", "", "dir/wanted"],
        ["wrong", "/tmp/wanted"],
    )
] + [
    call("get_source_sum", "/x/wanted", "s", text, files={"a": SUMS})
    for text in (A, "a" * 64, "sha1=" + "B" * 40, "sha1=abc", "x" * 64, "abc", "wrong=abc", "b://c")
]

CONTENT = [*LINE, *REPLACE, *BLOCKS, *COMMENTS, *WRITING, *READING, *HASHES]
