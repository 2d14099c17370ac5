"""What is in a backup file, that it opens by hand, and what is refused of one that was changed, cut or made up."""

import io
import os
import shutil
import subprocess
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from clarity_assets.backups.backup_file import manifest_of, unpack_backup, write_backup
from clarity_assets.backups.manifest import KEY_NAME, NAME, OPERATIONS, WAREHOUSE, Manifest
from clarity_assets.backups.troubles import BackupDamaged, BackupKeyWrong
from clarity_assets_tests.unit.backups.places import KEY, sha256_of

MADE_AT = datetime(2026, 9, 4, 2, 30, tzinfo=UTC)
MANIFEST = Manifest(MADE_AT, "shop", False, {"duckdb": "2.0.0"}, {})
TEXT = b"some rows of a table, " * 5000


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> dict:
    """Two files that stand for databases: one that compresses well, and one that does not."""
    folder = tmp_path_factory.mktemp("sources")
    (folder / "a").write_bytes(TEXT)
    (folder / "b").write_bytes(os.urandom(300_000))
    return {WAREHOUSE: (folder / "a", {"ops.x": 3}), OPERATIONS: (folder / "b", {})}


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory, sources) -> Path:
    """Made once: stretching a passphrase takes seconds, as it shall."""
    path = tmp_path_factory.mktemp("encrypted") / "x.backup"
    write_backup(path, sources, manifest=MANIFEST, key=KEY)
    return path


@pytest.fixture(params=[None, KEY], ids=["plain", "encrypted"])
def key(request):
    return request.param


@pytest.fixture
def backup(tmp_path, sources, encrypted, key) -> Path:
    path = tmp_path / "x.backup"
    if key is None:
        write_backup(path, sources, manifest=MANIFEST, key=None)
    else:
        shutil.copy2(encrypted, path)
    return path


def targets(folder: Path) -> dict[str, Path]:
    return {name: folder / f"again-{name}" for name in (WAREHOUSE, OPERATIONS)}


def refused(path: Path, folder: Path, *, key: str | None = None) -> str:
    """What BackupDamaged says."""
    with pytest.raises(BackupDamaged) as caught:
        unpack_backup(path, targets(folder), key=key)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_what_is_unpacked_is_what_was_packed_and_private(backup, tmp_path, sources, key):
    manifest = unpack_backup(backup, targets(tmp_path), key=key)
    for name, target in targets(tmp_path).items():
        assert target.read_bytes() == sources[name][0].read_bytes()
        assert target.stat().st_mode & 0o777 == 0o600
        assert manifest.files[name].sha256 == sha256_of(target)
    assert backup.stat().st_mode & 0o777 == 0o600
    assert manifest == manifest_of(backup)
    assert (manifest.made_at, manifest.is_encrypted) == (MADE_AT, key is not None)
    assert manifest.files[WAREHOUSE].tables == {"ops.x": 3}


def test_what_is_encrypted_shows_nothing_of_its_rows(backup, key):
    with tarfile.open(backup) as tar:
        names = tar.getnames()
    assert names[-1] == NAME
    assert (KEY_NAME in names) == (key is not None)
    if key:
        assert KEY.encode() not in backup.read_bytes()


def test_tar_and_zstd_open_it_by_hand(tmp_path, sources):
    path = tmp_path / "x.backup"
    write_backup(path, sources, manifest=MANIFEST, key=None)
    subprocess.run(["tar", "xf", path], cwd=tmp_path, check=True)
    subprocess.run(["zstd", "-q", "-d", "warehouse.duckdb.zst"], cwd=tmp_path, check=True)
    assert (tmp_path / "warehouse.duckdb").read_bytes() == TEXT


def test_a_changed_byte_anywhere_is_damage_and_leaves_no_whole_file(backup, tmp_path, key):
    whole = backup.read_bytes()
    with tarfile.open(backup) as tar:
        places = [m.offset_data + m.size // 2 for m in tar if m.name not in (NAME, KEY_NAME)]
    for at in places:
        backup.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert "was changed or is damaged" in refused(backup, tmp_path, key=key)
        for target in targets(tmp_path).values():
            target.unlink(missing_ok=True)


def test_a_backup_that_was_cut_is_incomplete_wherever_it_was_cut(tmp_path, sources):
    path = tmp_path / "x.backup"
    write_backup(path, sources, manifest=MANIFEST, key=None)
    whole = path.read_bytes()
    with tarfile.open(path) as tar:
        end = max(member.offset_data + member.size for member in tar)
    for length in [0, 1, 511, 512, 513, *range(1024, end, 20_011), end - 1]:
        path.write_bytes(whole[:length])
        assert "ncomplete" in refused(path, tmp_path)


@pytest.mark.parametrize("text", [b"", b"no tar at all", b"\0" * 10_240])
def test_what_is_no_backup_is_told_so(tmp_path, text):
    path = tmp_path / "x.backup"
    path.write_bytes(text)
    assert "ncomplete" in refused(path, tmp_path)


def test_another_passphrase_or_none_is_told_so_and_writes_nothing(tmp_path, encrypted):
    for wrong, said in ((None, "set CLARITY_BACKUP_KEY"), ("another passphrase", "2026-09-04 02:30 UTC")):
        with pytest.raises(BackupKeyWrong, match=said):
            unpack_backup(encrypted, targets(tmp_path), key=wrong)
    assert not any(target.exists() for target in targets(tmp_path).values())


def test_a_passphrase_is_not_needed_for_a_backup_that_has_none(tmp_path, sources):
    path = tmp_path / "x.backup"
    write_backup(path, sources, manifest=MANIFEST, key=None)
    unpack_backup(path, targets(tmp_path), key=KEY)
    assert targets(tmp_path)[WAREHOUSE].read_bytes() == TEXT


# --- made up by somebody ----------------------------------------------------------------------------------------------


def tar_of(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(path, "w") as tar:
        for member, text in members:
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    return path


def rewritten(path: Path, change) -> Path:
    """The backup with its manifest changed."""
    with tarfile.open(path) as tar:
        members = [(m, tar.extractfile(m).read()) for m in tar]
    manifest = orjson.loads(members[-1][1])
    change(manifest)
    return tar_of(path, [*members[:-1], (tarfile.TarInfo(NAME), orjson.dumps(manifest))])


@pytest.mark.parametrize(
    "name", ["../escaped", "/tmp/escaped", "warehouse.duckdb.zst/../../x", "sub/warehouse.duckdb.zst", "evil"]
)
def test_a_member_with_any_other_name_is_refused(tmp_path, name):
    path = tar_of(tmp_path / "x.backup", [(tarfile.TarInfo(name), b"x")])
    assert "which no backup has" in refused(path, tmp_path)
    assert not (tmp_path.parent / "escaped").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_a_member_that_is_no_plain_file_is_refused(tmp_path, kind):
    member = tarfile.TarInfo("warehouse.duckdb.zst")
    member.type, member.linkname = kind, "/etc/passwd"
    assert "which no backup has" in refused(tar_of(tmp_path / "x.backup", [(member, b"")]), tmp_path)


def test_a_member_that_stands_twice_is_refused(tmp_path):
    members = [(tarfile.TarInfo("warehouse.duckdb.zst"), b"a"), (tarfile.TarInfo("warehouse.duckdb.zst"), b"b")]
    assert "or has twice" in refused(tar_of(tmp_path / "x.backup", members), tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m.update(format=2), "format 2"),
        (lambda m: m.pop("made_at"), "made_at"),
        (lambda m: m.update(surplus=1), "surplus"),
        (lambda m: m["files"].clear(), "no file"),
        (lambda m: m["files"].update({"../x": m["files"][WAREHOUSE]}), "../x"),
        (lambda m: m["files"][WAREHOUSE].update(sha256="0" * 64), "unpacks to another file"),
        (lambda m: m["files"][WAREHOUSE].update(size_bytes=100), "more than the 100 bytes"),
        (lambda m: m["files"][WAREHOUSE].update(size_bytes="100"), "size_bytes"),
        (lambda m: m["files"][WAREHOUSE].update(stored_as="../../etc/passwd"), "../../etc/passwd"),
        (lambda m: m["files"][WAREHOUSE].update(packed_sha256="0" * 64), "was changed or is damaged"),
    ],
)  # fmt: skip
def test_a_manifest_that_was_changed_is_refused(tmp_path, sources, change, said):
    path = tmp_path / "x.backup"
    write_backup(path, sources, manifest=MANIFEST, key=None)
    assert said in refused(rewritten(path, change), tmp_path)
