"""What befalls downloads of each data set: what is done to the files, and what is said of it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import releases

SUBJECTS = 12
HEADSPACE = "headspaceOnline/subjects"
ORPHAN = "LYHM/registrations/00003/"
LEFT_OUT = "samples left out of the source"
STRANGE_FOLDERS = "folders of the source not called as the publisher's"
ALIKE = "samples that begin with another's file"


def only(root: Path, pattern: str) -> Path:
    """The one file or folder that the pattern means."""
    (found,) = root.glob(pattern)
    return found


def remove(*patterns: str) -> Callable[[Path], None]:
    def damage(root: Path) -> None:
        for pattern in patterns:
            found = list(root.glob(pattern))
            assert found, pattern
            for path in found:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


def rename(pattern: str, name: str = "third") -> Callable[[Path], None]:
    def damage(root: Path) -> None:
        found = list(root.glob(pattern))
        assert found
        for path in found:
            path.rename(path.with_name(name))

    return damage


def copy(source: Path, to: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, to)
    else:
        shutil.copy(source, to)


def double_identity(root: Path) -> None:
    copy(root / releases.identity(3), root / releases.identity(12))


def double_scan(root: Path) -> None:
    copy(root / HEADSPACE / "00003", root / HEADSPACE / "00013")


def double_regions(root: Path) -> None:
    copy(root / "REALY_scan_region/3", root / "REALY_scan_region/13")
    copy(root / "REALY_HIFI3D_keypoints/3.obj", root / "REALY_HIFI3D_keypoints/13.obj")
    scales = root / "metrical_scale.txt"
    scales.write_text(scales.read_text() + scales.read_text().splitlines()[2] + "\n")


def double_views(root: Path) -> None:
    for folder in root.rglob("subj_id_3"):
        copy(folder, folder.with_name("subj_id_12"))
    metadata = json.loads((root / "metadata_files/metadata_id_3.json").read_text())
    (root / "metadata_files/metadata_id_12.json").write_text(json.dumps(metadata | {"name": "subj_id_12"}))


def double_face(root: Path) -> None:
    copy(only(root, "uv-maps/*/000003.png"), only(root, "uv-maps/*/000003.png").with_name("000012.png"))
    (root / "face-latents/000012").mkdir()
    for path in (root / "face-latents/000003").iterdir():
        copy(path, root / "face-latents/000012" / path.name.replace("000003", "000012"))
    rows = json.loads((root / "meta-info.json").read_text())
    rows["000012"] = rows["000003"]
    (root / "meta-info.json").write_text(json.dumps(rows))


def forget_face(root: Path) -> None:
    remove("uv-maps/*/000003.png", "face-latents/000003")(root)
    rows = json.loads((root / "meta-info.json").read_text())
    del rows["000003"]
    (root / "meta-info.json").write_text(json.dumps(rows))


def lose_lights(root: Path) -> None:
    rename("dataset_project/lights/lights")(root)
    rename("dataset_project/lights")(root)


@dataclass(frozen=True)
class Case:
    """What is done, what `pack` says of it, and what `audit` names.

    `found` is all that it says by the release's own manifest: by reason, what is in each of the keys.
    """

    damage: Callable[[Path], None]
    said: tuple[str, ...]
    difference: str
    named: tuple[str, ...] = ()
    found: dict[str, tuple[str, ...]] = field(default_factory=dict)


ID3 = releases.identity(3)
STRANGE = "warning: {} files lie in a folder that is not called as the publisher's: "
FIGURES = {
    "reghead": "reghead-v1-512",
    "headspace": "headspace-v02",
    "realy": "realy",
    "geogen": "geogen",
    "ffhq-uv": "ffhq-uv",
    "ffhq-uv-interpolate": "ffhq-uv-interpolate",
}
CASES: dict[str, dict[str, Case]] = {
    "reghead": {
        "a removed file": Case(
            remove(f"{ID3}/frown.jpg"),
            (f"left out: {ID3}: 9 of 10 images, without frown",),
            LEFT_OUT,
            (ID3,),
            {"left-out": (ID3,)},
        ),
        "a doubled subject": Case(
            double_identity,
            ("warning: 00000012_", " has the same open_m_open_e.jpg as 00000003_"),
            ALIKE,
            (),
            {"alike": (" like 00000003_",)},
        ),
        "a wrong count": Case(remove(ID3), ("warning: no subject has the number 3\n",), "samples"),
        "a renamed folder": Case(
            rename(ID3),
            (
                f"warning: named unlike {releases.identity(0)}: third\n",
                "warning: no subject has the number 3\n",
            ),
            "samples of no known style",
            (),
            {"named-unlike": ("third",)},
        ),
        "a file under another name": Case(
            rename(f"{ID3}/frown.jpg", "Frown.jpg"),
            (f"left out: {ID3}: 9 of 10 images, without frown", f"not recognised: {ID3}/Frown.jpg\n"),
            LEFT_OUT,
            (ID3,),
            {"left-out": (ID3,), "not-recognised": (f"{ID3}/Frown.jpg",)},
        ),
    },
    "headspace": {
        "a removed file": Case(
            remove(f"{HEADSPACE}/00003/*.obj"),
            ("left out: 00003: without ",),
            LEFT_OUT,
            ("00003",),
            {"left-out": ("00003",), "not-recognised": (ORPHAN,)},
        ),
        "a doubled subject": Case(
            double_scan,
            ("warning: 00013 has the same obj as 00003\n",),
            ALIKE,
            ("00013 like 00003",),
            {"alike": ("00013 like 00003",)},
        ),
        "a wrong count": Case(
            remove(f"{HEADSPACE}/00003"),
            ("warning: no subject has the number 3\n",),
            "subjects",
            ("00003",),
            {"missing-number": ("3",), "not-recognised": (ORPHAN,)},
        ),
        "a renamed folder": Case(
            rename(f"{HEADSPACE}/00003"),
            (f"not recognised: {HEADSPACE}/third/", "warning: no subject has the number 3\n"),
            "subjects",
            ("00003",),
            {"missing-number": ("3",), "not-recognised": (f"{HEADSPACE}/third/", ORPHAN)},
        ),
        "a subject nobody knows of": Case(
            remove(f"{HEADSPACE}/00003/subject.txt"),
            ("warning: 1 subjects have no subject.txt, the first of them 00003\n",),
            "subjects of the source without their metadata",
            ("00003",),
            {"no-metadata": ("00003",)},
        ),
    },
    "realy": {
        "a removed file": Case(
            remove("REALY_scan_region/3/mouth.obj"),
            ("left out: 3: without mouth.obj\n",),
            LEFT_OUT,
            ("3",),
            {"left-out": ("3",)},
        ),
        "a doubled subject": Case(
            double_regions,
            ("warning: 13 has the same nose.obj as 3\n",),
            ALIKE,
            ("13 like 3",),
            {"alike": ("13 like 3",)},
        ),
        "a wrong count": Case(
            remove("REALY_scan_region/3", "REALY_HIFI3D_keypoints/3.obj", "REALY_image/*/3.jpg"),
            ("warning: no subject has the number 3\n",),
            "samples",
            ("3",),
            {"missing-number": ("3",)},
        ),
        "a renamed folder": Case(
            rename("REALY_scan_region/3"),
            ("not recognised: REALY_scan_region/third/nose.obj\n", "left out: 3: without nose.obj, "),
            LEFT_OUT,
            ("3",),
            {"left-out": ("3",), "not-recognised": ("REALY_scan_region/third/",)},
        ),
        "all images removed": Case(
            remove("REALY_image"),
            ("warning: there is nothing in REALY_image",),
            "parts that the source has not",
            ("REALY_image",),
            {"not-there": ("REALY_image",)},
        ),
    },
    "geogen": {
        "a removed file": Case(
            remove("**/subj_id_3/5.png"),
            ("left out: subj_id_3: 6 of 7 views, without 5.png\n",),
            LEFT_OUT,
            ("subj_id_3",),
            {"left-out": ("subj_id_3",)},
        ),
        "a doubled subject": Case(
            double_views,
            ("warning: subj_id_12 has the same 0.png as subj_id_3\n",),
            ALIKE,
            ("subj_id_12 like subj_id_3",),
            {"alike": ("subj_id_12 like subj_id_3",)},
        ),
        "a wrong count": Case(
            remove("**/subj_id_3", "metadata_files/metadata_id_3.json"),
            ("warning: no subject has the number 3\n",),
            "samples",
        ),
        "a renamed folder": Case(
            rename("**/subj_id_3"),
            (
                "left out: subj_id_3: 0 of 7 views, ",
                "left out: third: no metadata with its cameras\n",
                "warning: named unlike subj_id_0: third\n",
            ),
            LEFT_OUT,
            ("subj_id_3", "third"),
            {"left-out": ("subj_id_3", "third")},
        ),
        "a folder renamed to another's words": Case(
            rename("**/subj_id_3", "head_3"),
            (
                "warning: named unlike subj_id_0: head_3\n",
                "warning: 1 files of cameras were given away by number alone: metadata_files/metadata_id_3.json of ",
                "metadata_id_3.json of subj_id_3 to head_3\n",
            ),
            "names in the source unlike the others",
            ("head_3",),
            {
                "named-unlike": ("head_3",),
                "other-subject": ("metadata_files/metadata_id_3.json of subj_id_3 to head_3",),
            },
        ),
        "a renamed batch": Case(
            rename("images_batch_2"),
            ("warning: named unlike images_batch_1: third\n",),
            "names in the source unlike the others",
            ("third",),
            {"named-unlike": ("third",)},
        ),
    },
}
FACES = {
    "a removed file": Case(
        remove("uv-maps/*/000003.png"),
        ("left out: 000003: without its UV map\n",),
        LEFT_OUT,
        ("000003",),
        {"left-out": ("000003",)},
    ),
    "a doubled subject": Case(
        double_face,
        ("warning: 000012 has the same uv.png as 000003\n",),
        ALIKE,
        ("000012 like 000003",),
        {"alike": ("000012 like 000003",)},
    ),
    "a wrong count": Case(forget_face, (), "samples"),
    "a renamed folder": Case(
        rename("face-latents/000003"),
        (f"{STRANGE.format(3)}face-latents/third/000003_front_latent.pt\n",),
        STRANGE_FOLDERS,
        ("face-latents/third/ (3 files)",),
        {"folder-name": ("face-latents/third/ (3 files)",)},
    ),
    "a folder called after another": Case(
        rename("face-latents/000003", "000099"),
        (f"{STRANGE.format(3)}face-latents/000099/000003_front_latent.pt\n",),
        STRANGE_FOLDERS,
        ("face-latents/000099/ (3 files)",),
        {"folder-name": ("face-latents/000099/ (3 files)",)},
    ),
    "a renamed folder of UV maps": Case(
        rename("uv-maps/*"),
        (f"{STRANGE.format(SUBJECTS)}uv-maps/third/000000.png\n",),
        STRANGE_FOLDERS,
        (),
        {"folder-name": (f"uv-maps/third/ ({SUBJECTS} files)",)},
    ),
    "a renamed folder of all latents": Case(
        rename("face-latents"),
        (f"{STRANGE.format(3 * SUBJECTS)}third/000000/000000_front_latent.pt\n",),
        STRANGE_FOLDERS,
        (),
        {"folder-name": (f"third/ ({3 * SUBJECTS} files)",)},
    ),
    "a renamed folder of lights": Case(
        rename("dataset_project/lights/lights"),
        (f"{STRANGE.format(SUBJECTS)}dataset_project/lights/third/000000.npy\n",),
        STRANGE_FOLDERS,
        (),
        {"folder-name": (f"dataset_project/lights/third/ ({SUBJECTS} files)",)},
    ),
    "lights that nobody knows": Case(
        lose_lights,
        ("not recognised: dataset_project/third/third/000000.npy\n",),
        "files of the source that were not recognised",
        (),
        {"not-recognised": ("dataset_project/third/third/0000",)},
    ),
    "no table": Case(
        remove("meta-info.json"),
        ("warning: without meta-info.json nobody knows whose the files of dataset_project are\n",),
        "parts that the source has not",
        ("meta-info.json",),
        {"not-there": ("meta-info.json",)},
    ),
}
CASES |= {"ffhq-uv": FACES, "ffhq-uv-interpolate": FACES}
