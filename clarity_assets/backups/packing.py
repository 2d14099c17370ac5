"""A file in, the same compressed and encrypted out, and back; a piece at a time, whatever its size."""

import hashlib
import shutil
from collections.abc import Callable
from typing import BinaryIO

import pyrage
import zstandard

from clarity_assets.backups.troubles import BackupDamaged

LEVEL = 3  # 9 packs a warehouse 1 % smaller in five times the time
PIECE_BYTES = 1 << 20

Identity = pyrage.x25519.Identity


class Metered:
    """A stream to write to that counts and hashes; raises BackupDamaged past `limit` bytes.

    It keeps its own error, as pyrage passes on its words alone.
    """

    def __init__(self, stream: BinaryIO, *, limit: int | None = None):
        self._stream, self._limit, self._hash = stream, limit, hashlib.sha256()
        self.size_bytes = 0
        self.error: Exception | None = None

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def write(self, data) -> int:
        self.size_bytes += len(data)
        try:
            if self._limit is not None and self.size_bytes > self._limit:
                raise BackupDamaged(f"unpacks to more than the {self._limit:,} bytes that its manifest names")
            self._hash.update(data)
            return self._stream.write(data)
        except (OSError, BackupDamaged) as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._stream.flush()


class _Read:
    """A stream to read from that keeps its own error, for the same reason."""

    def __init__(self, stream: BinaryIO):
        self._stream = stream
        self.error: OSError | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except OSError as error:
            self.error = error
            raise


def new_identity() -> Identity:
    """A key pair for one backup, so that its passphrase is stretched once and the rest needs little memory."""
    return pyrage.x25519.Identity.generate()


def locked_identity(identity: Identity, passphrase: str) -> bytes:
    """An identity file of age that the passphrase opens: `age -d -i key.age` asks for it."""
    return pyrage.passphrase.encrypt(f"{identity}\n".encode(), passphrase)


def unlocked_identity(told: bytes, passphrase: str) -> Identity | None:
    """The identity, or None where the passphrase is another. Raises BackupDamaged where it is no such file."""
    try:
        text = pyrage.passphrase.decrypt(told, passphrase).decode()
        return pyrage.x25519.Identity.from_str(text.strip())
    except pyrage.DecryptError as error:
        if "Decryption failed" in str(error):  # of the header, which only the passphrase opens
            return None
        raise BackupDamaged(f"its key cannot be read ({error})") from error
    except (pyrage.IdentityError, UnicodeDecodeError) as error:
        raise BackupDamaged("its key is no identity of age") from error


def pack(source: BinaryIO, target: Metered, *, size_bytes: int, identity: Identity | None) -> None:
    """Compress, and encrypt to the identity. Raises OSError."""
    kept = _Read(source)
    packed = zstandard.ZstdCompressor(level=LEVEL, threads=-1).stream_reader(kept, size=size_bytes)
    if identity is None:
        shutil.copyfileobj(packed, target, PIECE_BYTES)
    else:
        _own_errors(lambda: pyrage.encrypt_io(packed, target, [identity.to_public()]), kept, target)


def unpack(source: BinaryIO, target: Metered, *, identity: Identity | None) -> None:
    """Decrypt and decompress. Raises OSError; BackupDamaged where a byte has changed or the end is missing."""
    kept = _Read(source)
    plain = zstandard.ZstdDecompressor().stream_writer(target, closefd=False)
    try:
        if identity is None:
            shutil.copyfileobj(kept, plain, PIECE_BYTES)
        else:
            _own_errors(lambda: pyrage.decrypt_io(kept, plain, [identity]), kept, target)
    except zstandard.ZstdError as error:
        raise BackupDamaged(f"cannot be decompressed ({error})") from error


def _own_errors(work: Callable[[], None], source: _Read, target: Metered) -> None:
    """Run pyrage; what the streams raised comes back as it was, anything else is damage."""
    try:
        work()
    except (pyrage.EncryptError, pyrage.DecryptError, OSError, zstandard.ZstdError) as error:
        if own := source.error or target.error:
            raise own from error
        raise BackupDamaged(f"cannot be decrypted ({error})") from error
