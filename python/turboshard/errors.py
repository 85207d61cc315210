"""The exceptions of this library; what the operating system refuses stays ``OSError`` and its subclasses."""

from __future__ import annotations

__all__ = ["DecodeError", "DecompressionBombWarning", "DigestMismatch", "ShardError"]


class ShardError(ValueError):
    """Data that is not what it should be, and where.

    Can be built from one string alone; the attributes survive ``pickle`` and ``copy``.

    Attributes:
        shard: path of the shard, or of the file that takes its place; None if unknown.
        member: name of the member; None if unknown.
        offset: byte offset in the shard; None if unknown.
        hint: what to do about it, also shown below a traceback; None if there is nothing to say.
    """

    shard: str | None
    member: str | None
    offset: int | None
    hint: str | None

    def __init__(
        self,
        message: str = "",
        *,
        shard: str | None = None,
        member: str | None = None,
        offset: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.shard, self.member, self.offset, self.hint = shard, member, offset, hint
        if hint:
            self.add_note(f"hint: {hint}")

    @property
    def where(self) -> str:
        """The position in words, empty if nothing is known of it."""
        parts = {"shard": self.shard, "member": self.member, "offset": self.offset}
        return ", ".join(f"{name} {value}" for name, value in parts.items() if value is not None)

    def __repr__(self) -> str:
        given = {"shard": self.shard, "member": self.member, "offset": self.offset, "hint": self.hint}
        words = [repr(super().__str__()), *(f"{k}={v!r}" for k, v in given.items() if v is not None)]
        return f"{type(self).__name__}({', '.join(words)})"

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message} ({self.where})" if self.where else message


class DecodeError(ShardError):
    """An image that cannot be decoded, or is refused."""


class DigestMismatch(ShardError):
    """Bytes whose SHA-256 is not the published one."""


class DecompressionBombWarning(RuntimeWarning):
    """An image of more pixels than Pillow's limit, 89,478,485; twice that is a `DecodeError`."""


for _class in (ShardError, DecodeError, DigestMismatch, DecompressionBombWarning):
    _class.__module__ = "turboshard"  # where users find them, and where pickle looks
