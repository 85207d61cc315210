"""The oracle against hand tables, NIST vectors, GNU tar, webdataset: what is exact."""

import ast
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import webdataset as wds
from hypothesis import given
from hypothesis import strategies as st

from . import strategies as make
from .reference import digest, release, selection, shard, tar

HERE = Path(__file__).parent


# ---------------------------------------------------------------- the oracle keeps its own rules


@pytest.mark.parametrize("path", sorted((HERE / "reference").glob("*.py")), ids=lambda p: p.name)
def test_the_oracle_is_short_and_never_imports_turboshard(path: Path) -> None:
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert functions or path.name == "__init__.py"
    for function in functions:
        assert (function.end_lineno or 0) - function.lineno < 30, function.name
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {m for m in modules if m.split(".")[0] in {"turboshard", "webdataset", "torch"}}


def test_importing_the_oracle_loads_no_turboshard() -> None:
    code = (
        "import sys; from tests.reference import digest, image, release, selection, shard, tar;"
        "sys.exit(any(m.split('.')[0] == 'turboshard' for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=HERE.parent, check=False).returncode == 0


# ---------------------------------------------------------------- digests


@pytest.mark.parametrize(
    ("data", "expected"),
    [  # FIPS 180-2 appendix B and the NIST example values
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
        (b"a" * 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ],
    ids=["empty", "abc", "two-blocks", "million-a"],
)
def test_digest_against_nist(data: bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(data)
    assert digest.sha256(data) == expected == digest.sha256_of_file(tmp_path / "f")


# ---------------------------------------------------------------- keys and samples


KEY_TABLE = [
    ("a.jpg", "a", "jpg"),
    ("a.frown.jpg", "a", "frown.jpg"),
    ("./a.jpg", "./a", "jpg"),
    ("a/b.c/x.y.jpg", "a/b.c/x", "y.jpg"),
    ("k..jpg", "k", ".jpg"),
    ("K.JPG", "K", "JPG"),
    ("a.", "a", ""),
    ("noext", None, None),
    ("d.x/noext", None, None),
    (".hid.jpg", None, None),
    ("", None, None),
    ("__meta__", None, None),
    ("__meta__/x.json", None, None),
    ("__meta__.json", "__meta__", "json"),
    ("a/__b__/x.json", "a/__b__/x", "json"),
    ("é_ß.jpg", "é_ß", "jpg"),
]


@pytest.mark.parametrize(("name", "key", "field"), KEY_TABLE, ids=[repr(row[0]) for row in KEY_TABLE])
def test_key_table(name: str, key: str | None, field: str | None) -> None:
    assert shard.split_key(name) == (key, field)


def samples_of_webdataset(path: Path) -> list[tuple[str, dict[str, bytes]]]:
    """The same samples by webdataset's own code, with the fields' own case."""
    source = wds.tariterators.tar_file_iterator(path.open("rb"))
    files = ({**file, "__url__": str(path)} for file in source)
    grouped = wds.tariterators.group_by_keys(files, lcase=False)
    return [(s["__key__"], {k: v for k, v in s.items() if not k.startswith("__")}) for s in grouped]


@given(make.shards(), make.strays())
def test_samples_equal_webdatasets(
    tmp_path_factory: pytest.TempPathFactory, case: make.ShardCase, strays: list[tuple[str, bytes]]
) -> None:
    path = tmp_path_factory.mktemp("shard") / "x.tar"
    # Strays in front, in the middle of the first sample, and behind.
    members = [member for sample in case.samples for member in sample.members]
    path.write_bytes(make.gnu_shard([*strays[:1], *members[:1], *strays[1:2], *members[1:], *strays[2:]]))
    ours = shard.contents(path)
    assert len(ours) == len(case.samples) >= 1
    assert ours == samples_of_webdataset(path)
    path.write_bytes(case.data)
    ours = shard.contents(path)
    assert ours == samples_of_webdataset(path)
    assert [(key, sorted(fields.items())) for key, fields in ours] == [
        (sample.key, sorted(sample.fields)) for sample in case.samples
    ]


@given(make.shards())
def test_listing_equals_gnu_tars(tmp_path_factory: pytest.TempPathFactory, case: make.ShardCase) -> None:
    path = tmp_path_factory.mktemp("shard") / "x.tar"
    path.write_bytes(case.data)
    # -R prints the block at which each member starts.
    command = [
        "tar",
        "--list",
        "-R",
        "--absolute-names",
        "--quoting-style=literal",
        "--show-stored-names",
        "-f",
        str(path),
    ]
    listed = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    rows = [line.split(": ", 1) for line in listed.splitlines()]
    rows = [row for row in rows if "** Block of NULs **" not in row[1]]
    ours = shard.members(path)
    assert len(rows) == len(ours) >= 1
    assert [name for _, name in rows] == [m.name for m in ours]
    for (block, _), member in zip(rows, ours, strict=True):
        assert int(block.removeprefix("block ")) * 512 in range(member.header, member.offset)


def test_a_span_is_the_bytes_of_one_sample(tmp_path: Path) -> None:
    long = "k" * 120
    path = tmp_path / "x.tar"
    path.write_bytes(
        tar.archive([(b"a.jpg", b"x" * 600), (f"{long}.jpg".encode(), b"y"), (f"{long}.json".encode(), b"")])
    )
    first, second = shard.samples(shard.members(path))
    # By hand: header, payload of 600 padded to 1,024; L, its body, header, payload; L, its body, header.
    assert shard.span(first) == (0, 1536)
    assert shard.span(second) == (1536, 1536 + 4 * 512 + 3 * 512)
    assert second[0].offset == 1536 + 3 * 512


# ---------------------------------------------------------------- tar bytes


def test_header_fields_by_hand() -> None:
    block = tar.header(b"k.jpg", 0o1234)
    assert len(block) == 512
    assert block[:8] == b"k.jpg\0\0\0"
    assert block[100:108] == b"0000644\0"
    assert block[108:116] == block[116:124] == b"0000000\0"
    assert block[124:136] == b"00000001234\0"
    assert block[136:148] == b"00000000000\0"
    assert block[156:157] == b"0"
    assert not any(block[157:257])
    assert block[257:265] == b"ustar\x0000"
    assert not any(block[265:329])
    assert block[329:345] == b"0000000\0" * 2
    assert not any(block[345:])
    assert block[148:156] == b"%06o\0 " % make.header_sum(block)


@pytest.mark.parametrize(
    ("length", "gnu", "pax"), [(99, 1, 1), (100, 1, 1), (101, 3, 3), (255, 3, 3), (600, 4, 4)]
)
def test_long_names_take_so_many_blocks(length: int, gnu: int, pax: int) -> None:
    name = b"n" * (length - 4) + b".jpg"
    assert len(tar.header(name, 1, "gnu")) == gnu * 512
    assert len(tar.header(name, 1, "pax")) == pax * 512
    if gnu > 1:
        record = tar.header(name, 1, "gnu")
        assert record[:13] == b"././@LongLink"
        assert record[156:157] == b"L"
        assert record[512 : 512 + length + 1] == name + b"\0"
        record = tar.header(name, 1, "pax")
        assert record[156:157] == b"x"
        assert b" path=" + name + b"\n" in record[512:]


def test_sizes_above_octal() -> None:
    assert tar.header(b"a.b", 8**11)[124:136] == b"\x80" + (8**11).to_bytes(11, "big")
    assert b" size=8589934592\n" in tar.header(b"a.b", 8**11, "pax")


@given(make.samples(), st.sampled_from(["gnu", "pax"]))
def test_archives_read_back_in_tarfile_and_gnu_tar(
    tmp_path_factory: pytest.TempPathFactory, samples: list[make.SampleCase], tar_format: str
) -> None:
    path = tmp_path_factory.mktemp("shard") / "x.tar"
    members = [(name.encode(), data) for sample in samples for name, data in sample.members]
    path.write_bytes(tar.archive(members, tar_format))
    assert [pair for sample in shard.pairs(path) for pair in sample] == members != []
    subprocess.run(["tar", "--list", "--absolute-names", "-f", str(path)], check=True, capture_output=True)
    assert path.stat().st_size == tar.sample_size(members, tar_format) + 1024


def test_gnu_tar_writes_the_same_bytes(tmp_path: Path) -> None:
    sizes = {"a.jpg": 0, "b" * 96 + ".jpg": 700, "é.jpg": 512, "c" * 97 + ".jpg": 1400, "d" * 251 + ".jpg": 3}
    for name, size in sizes.items():
        (tmp_path / name).write_bytes(b"z" * size)
        (tmp_path / name).chmod(0o644)
    long = []
    for name, size in sizes.items():
        long.append(len(name.encode()) > 100)
        command = [
            "tar",
            "-c",
            "--format=gnu" if long[-1] else "--format=ustar",
            "--mtime=@0",
            "--owner=0",
            "--group=0",
        ]
        subprocess.run([*command, "--numeric-owner", "-b1", "-f", "x.tar", name], cwd=tmp_path, check=True)
        assert tar.archive([(name.encode(), b"z" * size)]) == (tmp_path / "x.tar").read_bytes(), name
    assert set(long) == {True, False}


def test_pax_records_are_tarfiles() -> None:
    for name in ("n" * 101, "n" * 88 + "é" * 8, "n" * 985, "n" * 9986):
        info = tarfile.TarInfo(name)
        theirs = info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        ours = tar.header(name.encode(), 0, "pax")
        assert ours[512:-512] == theirs[512:-512] != b""


# ---------------------------------------------------------------- release


def test_sums_text_by_hand() -> None:
    a, b = "a" * 64, "B" * 64
    text = f"{a}  data/x.tar\n{b} *y.tar\r\nSHA256 (z (1).tar) = {a}\n\\{a}  new\\nline\\\\.tar\n"
    text += f"# no line\n{a[:63]}  short.tar\n"
    assert release.sums(text) == [
        ("data/x.tar", a),
        ("y.tar", b.lower()),
        ("z (1).tar", a),
        ("new\nline\\.tar", a),
    ]


def test_check_equals_sha256sum(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name in ["good", "bad", "other name"]:
        (tmp_path / "data" / name).write_bytes(name.encode())
    sums = subprocess.run(
        ["sha256sum", "data/good", "data/bad", "data/other name"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    ).stdout
    sums += b"0" * 64 + b"  data/missing\n"
    (tmp_path / "data/bad").write_bytes(b"changed")
    (tmp_path / "S").write_bytes(sums)
    theirs = subprocess.run(["sha256sum", "-c", "S"], cwd=tmp_path, capture_output=True, check=False)
    assert theirs.returncode == 1
    ours = release.check_sums(sums.decode(), tmp_path)
    assert ours == theirs.stdout.decode().splitlines()
    assert [line.rsplit(": ")[-1] for line in ours] == ["OK", "FAILED", "OK", "FAILED open or read"]


def test_pack_by_hand() -> None:
    # Each sample: one header and one block. Three fit in 3·1024 + 1024 to the byte; a byte less and two do.
    samples = [[(b"%d.a" % n, b"x")] for n in range(4)]
    assert [len(s) for s in release.pack(samples, 4096)] == [3, 1]
    assert [len(s) for s in release.pack(samples, 4095)] == [2, 2]
    assert [len(release.shard_bytes(s)) for s in release.pack(samples, 4096)] == [4096, 2048]
    with pytest.raises(ValueError, match=r"0\.a"):
        release.pack(samples, 2047)


@given(make.samples(), st.integers(5_000, 40_000), st.sampled_from(["gnu", "pax"]))
def test_packing_is_greedy_and_under_the_cap(cases: list[make.SampleCase], cap: int, tar_format: str) -> None:
    samples = [[(name.encode(), data) for name, data in case.members] for case in cases]
    largest = max(tar.sample_size(s, tar_format) for s in samples) + 1024
    shards = release.pack(samples, max(cap, largest), tar_format)
    assert [sample for s in shards for sample in s] == samples != []
    sizes = [len(release.shard_bytes(s, tar_format)) for s in shards]
    assert max(sizes) <= max(cap, largest)
    for size, following in zip(sizes, shards[1:], strict=False):
        assert size + tar.sample_size(following[0], tar_format) > max(cap, largest)


# ---------------------------------------------------------------- selection


def test_selection_by_hand() -> None:
    fields = ["open_m_open_e.jpg", "json", "frown.jpg"]
    assert selection.chosen_fields(fields, []) == fields
    assert selection.chosen_fields(fields, ["frown"]) == ["json", "frown.jpg"]
    assert selection.chosen_fields(fields, ["frown.jpg", "!json"]) == ["frown.jpg"]
    assert selection.chosen_fields(fields, ["!frown"]) == ["open_m_open_e.jpg", "json"]
    assert selection.chosen_keys(["a", "b", "c"], "c\n\na\r\n") == ["a", "c"]
    assert selection.first(["a", "b", "c"], 2) == ["a", "b"]


def test_splits_have_their_shares_and_do_not_move() -> None:
    shares = [("train", 0.9), ("val", 0.1)]
    names = [selection.split_of(f"id{n:03d}_Doberman_Dog", shares) for n in range(5000)]
    assert set(names) == {"train", "val"}
    assert abs(names.count("val") / 5000 - 0.1) < 0.02
    # SHA-256("abc") starts ba7816bf…, that is 0.728….
    assert selection.split_of("abc", [("a", 0.72), ("b", 0.28)]) == "b"
    assert selection.split_of("abc", [("a", 0.73), ("b", 0.27)]) == "a"
