"""Many shards as one sequence of samples: in every form a release has, and in part."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import turboshard as ts

from . import releases
from . import strategies as make
from .reference import selection
from .reference import shard as reference

SAMPLES = releases.samples(9, 16, releases.EXPRESSIONS[:2])
KEYS = [releases.key(number) for number in range(9)]
FIELDS = [f"{expression}.jpg" for expression in releases.EXPRESSIONS[:2]] + ["json"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine samples in three shards."""
    return releases.write(tmp_path_factory.mktemp("release") / "r", SAMPLES, per_shard=4)


@pytest.fixture(scope="module")
def whole(root: Path) -> ts.Release:
    """The same, open."""
    return ts.Release(root)


def expected(root: Path) -> list[dict[str, Any]]:
    return [
        {"__key__": key, "__url__": str(path), **fields}
        for path in releases.shards(root)
        for key, fields in reference.contents(path)
    ]


@pytest.mark.parametrize("layout", ["unpacked", "flat"])
@pytest.mark.parametrize("lists", [True, False], ids=["lists", "bare"])
def test_a_release_is_the_samples_of_its_shards(tmp_path: Path, layout: str, lists: bool) -> None:
    root = releases.write(tmp_path / "r", SAMPLES, per_shard=4, layout=layout, sums=lists, manifest=lists)
    release = ts.Release(root)
    assert len(release) == 9
    assert list(release) == expected(root)
    assert [len(shard) for shard in release.shards] == [4, 4, 1]
    assert (release.manifest is not None) == lists
    if lists:
        assert release.manifest["num_samples"] == 9  # type: ignore[index]
    assert [Path(path).name for path in release.paths] == [path.name for path in releases.shards(root)]


@pytest.mark.parametrize("form", ["folder", "str", "shard", "shards", "glob", "braces", "release"])
def test_forms(root: Path, whole: ts.Release, form: str) -> None:
    forms: dict[str, Any] = {
        "folder": root,
        "str": str(root),
        "shard": releases.shards(root)[1],
        "shards": releases.shards(root),
        "glob": f"{root}/data/reghead-*.tar",
        "braces": f"{root}/data/reghead-v1-64-{{000000..000002}}.tar",
        "release": whole,
    }
    keys = [sample["__key__"] for sample in ts.Release(forms[form])]
    assert keys == (KEYS[4:8] if form == "shard" else KEYS)


def test_positions_keys_and_identities(whole: ts.Release, root: Path) -> None:
    samples = expected(root)
    assert whole[0] == samples[0]
    assert whole[-1] == samples[8]
    assert whole[3:6] == samples[3:6]
    assert whole[KEYS[7]] == samples[7]
    assert whole.find(identity=releases.identity(5)) == samples[5]
    assert whole.find(identity="id005") == samples[5]
    for wrong in (9, -10):
        with pytest.raises(IndexError, match=str(wrong)):
            whole[wrong]
    with pytest.raises(KeyError, match="nobody"):
        whole["nobody"]
    with pytest.raises(KeyError, match="id0"):
        whole.find(identity="id0")


def test_a_release_and_a_part_of_it_pickle(whole: ts.Release) -> None:
    part = whole.select(first=3, fields="json")
    for one in (whole, part):
        again = pickle.loads(pickle.dumps(one))
        assert list(again) == list(one) != []


@given(
    st.lists(st.sampled_from(KEYS), max_size=6) | st.none(),
    st.integers(0, 12) | st.none(),
    st.lists(
        st.sampled_from(["open_m_open_e", "halfo_m_o_e.jpg", "!json", "!halfo_m_o_e"]),
        max_size=2,
        unique=True,
    ),
)
def test_select_means_what_the_oracle_says(
    whole: ts.Release, keys: list[str] | None, first: int | None, words: list[str]
) -> None:
    part = whole.select(keys=keys, first=first, fields=words)
    wanted = KEYS if keys is None else selection.chosen_keys(KEYS, "\n".join(keys))
    wanted = wanted if first is None else selection.first(wanted, first)
    assert part.keys == wanted
    fields = selection.chosen_fields(FIELDS, words)
    for sample in part:
        assert [name for name in sample if not name.startswith("__")] == fields
        assert all(sample[field] == whole[sample["__key__"]][field] for field in fields)
    # A part of a part, and the whole untouched.
    assert part.select(first=1).keys == wanted[:1]
    assert len(whole) == 9


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ('style="Photorealistic"', [0, 4, 8]),
        ("style=Plastic_Toy", [2, 6]),
        ('style!="Plastic_Toy"', [0, 1, 3, 4, 5, 7, 8]),
        (f'identity="{releases.identity(3)}"', [3]),
        ("num_expressions>=2", list(range(9))),
        ("num_expressions<2", []),
        ("nothing=1", []),
        (["style=Plastic_Toy", "num_expressions=2"], [2, 6]),
    ],
    ids=str,
)
def test_where(whole: ts.Release, where: Any, numbers: list[int]) -> None:
    assert whole.select(where=where).keys == [KEYS[number] for number in numbers]


@pytest.mark.parametrize(
    "wrong",
    [
        {"keys": ["nobody"]},
        {"fields": "smile"},
        {"where": "nonsense"},
        {"where": "=1"},
        {"first": -1},
    ],
    ids=str,
)
def test_selections_that_make_no_sense(whole: ts.Release, wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError)):
        whole.select(**wrong)


def test_a_part_is_taken_where_a_release_is(whole: ts.Release) -> None:
    part = whole.select(keys=KEYS[2:5])
    assert ts.verify(part).ok
    assert list(ts.Release(part)) == whole[2:5]


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ts.Release(tmp_path / "none")
    with pytest.raises((ts.ShardError, FileNotFoundError), match=r"[Nn]o"):
        ts.Release(tmp_path)
    with pytest.raises((ts.ShardError, FileNotFoundError)):
        ts.Release(f"{tmp_path}/*.tar")


def test_a_key_in_two_shards_is_an_error_unless_asked_for(tmp_path: Path) -> None:
    for name, numbers in (("a", (0, 1)), ("b", (2, 1))):
        members = [member for number in numbers for member in releases.sample(number, 16, ["frown"])]
        (tmp_path / f"{name}.tar").write_bytes(make.gnu_shard(members))
    both = [tmp_path / "a.tar", tmp_path / "b.tar"]
    assert [len(ts.Release(path)) for path in both] == [2, 2]
    with pytest.raises(ts.ShardError, match="key") as caught:
        len(ts.Release(both))
    assert (caught.value.shard, caught.value.member) == (str(both[1]), releases.key(1))
    assert caught.value.offset is not None
    with pytest.raises(ts.ShardError, match="key"):
        ts.Loader(both, ["frown.jpg"])
    lenient = ts.Release(both, lenient=True)
    assert len(lenient) == 4
    assert lenient[releases.key(1)]["__url__"] == str(both[0])


def test_the_publishers_ten(whole: ts.Release) -> None:
    assert list(ts.reghead.EXPRESSIONS) == list(releases.EXPRESSIONS)
    assert list(ts.reghead.FIELDS) == [f"{e}.jpg" for e in releases.EXPRESSIONS]
    assert whole.fields == FIELDS
