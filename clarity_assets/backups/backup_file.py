"""Database files in, one backup file out: a plain tar that tar, zstd and age open by hand; and back.

    warehouse.duckdb.zst[.age]     the working file as it was, compressed, and encrypted where there is a key
    operations.duckdb.zst[.age]    the file of alerts and deliveries, where there was one
    key.age                        the age identity that decrypts them; itself encrypted with CLARITY_BACKUP_KEY
    manifest.json                  the last one, so that a backup that was cut has none

How to open one without this project stands in docs/runbook.md.
"""

import hashlib
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from clarity_assets.backups.manifest import FILES, KEY_NAME, NAME, Manifest, PackedFile, read_manifest
from clarity_assets.backups.packing import (
    Identity,
    Metered,
    locked_identity,
    new_identity,
    pack,
    unlocked_identity,
    unpack,
)
from clarity_assets.backups.troubles import BackupDamaged, BackupKeyWrong
from clarity_assets.warehouse.tickets import PRIVATE_FILE

MEMBERS = frozenset({KEY_NAME, NAME, *(f"{name}.zst{age}" for name in FILES for age in ("", ".age"))})
LONGEST_TEXT = 4 << 20  # bytes of manifest or key: anything longer is none


def write_backup(
    path: Path, sources: Mapping[str, tuple[Path, dict[str, int]]], *, manifest: Manifest, key: str | None
) -> Manifest:
    """Write the backup of these files (name -> path and rows by table), durable; returns its complete manifest.

    Raises OSError. `path` must not exist.
    """
    identity = new_identity() if key else None
    with path.open("xb") as stream:
        os.fchmod(stream.fileno(), PRIVATE_FILE)
        packed = {
            name: _packed(stream, name, source, tables, manifest, identity)
            for name, (source, tables) in sources.items()
        }
        if identity is not None:
            with _member(stream, KEY_NAME, manifest) as target:
                target.write(locked_identity(identity, key))
        manifest = replace(manifest, files=packed, is_encrypted=identity is not None)
        with _member(stream, NAME, manifest) as target:
            target.write(manifest.encoded())
        stream.write(tarfile.NUL * (2 * tarfile.BLOCKSIZE))
        stream.flush()
        os.fsync(stream.fileno())
    return manifest


def _packed(
    stream: BinaryIO, name: str, source: Path, tables: dict[str, int], manifest: Manifest, identity: Identity | None
) -> PackedFile:
    stored_as = f"{name}.zst" + (".age" if identity else "")
    size_bytes = source.stat().st_size
    with _member(stream, stored_as, manifest) as target, source.open("rb") as plain:
        pack(plain, target, size_bytes=size_bytes, identity=identity)
    with source.open("rb") as plain:
        sha256 = hashlib.file_digest(plain, "sha256").hexdigest()
    return PackedFile(stored_as, sha256, size_bytes, target.sha256, target.size_bytes, tables)


@contextmanager
def _member(stream: BinaryIO, name: str, manifest: Manifest) -> Iterator[Metered]:
    """One member of the tar, of a size that is known only at its end: its header is written again then."""
    start = stream.tell()
    header = tarfile.TarInfo(name)
    header.mode, header.mtime = PRIVATE_FILE, int(manifest.made_at.timestamp())
    stream.write(header.tobuf(tarfile.GNU_FORMAT))
    target = Metered(stream)
    yield target
    stream.write(tarfile.NUL * (-target.size_bytes % tarfile.BLOCKSIZE))
    end = stream.tell()
    header.size = target.size_bytes
    stream.seek(start)
    stream.write(header.tobuf(tarfile.GNU_FORMAT))
    stream.seek(end)


def manifest_of(path: Path) -> Manifest:
    """What a backup says of itself, whole as far as names and sizes tell. Raises OSError, BackupDamaged."""
    with _opened(path) as tar:
        return _manifest(tar)[0]


def unpack_backup(path: Path, targets: Mapping[str, Path], *, key: str | None) -> Manifest:
    """Write the backup's files to `targets` (name -> path, which must not exist; those not named are left out).

    Each is durable, private, and has the hash of the manifest. Raises BackupDamaged, BackupKeyWrong (nothing is written
    then) and OSError.
    """
    with _opened(path) as tar:
        manifest, members = _manifest(tar)
        for file in manifest.files.values():
            _refuse_changed(tar, members[file.stored_as], file)
        identity = _identity(tar, members, manifest, key)
        for name in targets.keys() & manifest.files.keys():
            file = manifest.files[name]
            with targets[name].open("xb") as stream:
                os.fchmod(stream.fileno(), PRIVATE_FILE)
                target = Metered(stream, limit=file.size_bytes)
                unpack(tar.extractfile(members[file.stored_as]), target, identity=identity)
                stream.flush()
                os.fsync(stream.fileno())
            if (target.size_bytes, target.sha256) != (file.size_bytes, file.sha256):
                raise BackupDamaged(f"{name} unpacks to another file than was packed (sha256 {target.sha256})")
    return manifest


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    """The tar, for reading members one by one: nothing is ever extracted to a path that the tar names."""
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    except BackupKeyWrong as error:  # another backup would need its key as well
        raise BackupKeyWrong(f"the backup {path}: {error}") from error
    except BackupDamaged as error:
        raise BackupDamaged(
            f"the backup {path}: {error}; choose another one (`clarity-assets backup --list`)"
        ) from error
    except (tarfile.TarError, EOFError) as error:
        raise BackupDamaged(f"the backup {path} is incomplete or no backup ({error}); choose another one") from error


def _manifest(tar: tarfile.TarFile) -> tuple[Manifest, dict[str, tarfile.TarInfo]]:
    members: dict[str, tarfile.TarInfo] = {}
    for member in tar:
        if member.name not in MEMBERS or member.name in members or not member.isreg():
            raise BackupDamaged(f"has a member {member.name!r}, which no backup has, or has twice")
        members[member.name] = member
    if NAME not in members:
        raise BackupDamaged(f"is incomplete: it has no {NAME}")
    try:
        manifest = read_manifest(_text(tar, members[NAME]))
    except ValueError as error:
        raise BackupDamaged(str(error)) from error
    for file in manifest.files.values():
        found = members.get(file.stored_as)
        if found is None or found.size != file.packed_bytes:
            raise BackupDamaged(f"has no {file.stored_as} of {file.packed_bytes:,} bytes, which its manifest names")
    return manifest, members


def _identity(
    tar: tarfile.TarFile, members: Mapping[str, tarfile.TarInfo], manifest: Manifest, key: str | None
) -> Identity | None:
    if not manifest.is_encrypted:
        return None
    if KEY_NAME not in members:
        raise BackupDamaged(f"is encrypted, but has no {KEY_NAME}")
    if key is None:
        raise BackupKeyWrong("is encrypted; set CLARITY_BACKUP_KEY to the passphrase it was made with")
    identity = unlocked_identity(_text(tar, members[KEY_NAME]), key)
    if identity is None:
        raise BackupKeyWrong(
            "CLARITY_BACKUP_KEY does not open it; set the passphrase that was in use on "
            f"{manifest.made_at:%Y-%m-%d %H:%M} UTC; nothing was touched"
        )
    return identity


def _text(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.size > LONGEST_TEXT:
        raise BackupDamaged(f"{member.name} has {member.size:,} bytes, more than any backup's")
    return tar.extractfile(member).read()


def _refuse_changed(tar: tarfile.TarFile, member: tarfile.TarInfo, file: PackedFile) -> None:
    """Compare with the hash of what was packed: told before the disk is filled, and in plainer words than a codec's."""
    found = hashlib.file_digest(tar.extractfile(member), "sha256").hexdigest()
    if found != file.packed_sha256:
        raise BackupDamaged(f"{member.name} was changed or is damaged: sha256 {found} in place of {file.packed_sha256}")
