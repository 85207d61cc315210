"""FFHQ-UV and FFHQ-UV-Interpolate: UV maps of faces, and the latents they were made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from turboshard import _core

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VIEWS = ("left", "front", "right")
"""What latents there are: ``left.npy`` is float32 (1, 18, 512), ``left.attribute.npy`` float32 (1, 17, 1, 1)."""


def load_pt(data: bytes) -> dict[str, NDArray[np.generic[Any]]]:
    """Read the tensors of a ``.pt`` file as arrays, without torch and without running what its pickle asks for.

    Args:
        data: what ``torch.save`` (since 1.6) wrote of a tensor or a dictionary of tensors, on any device.

    Returns:
        Arrays by name, which own their memory; a lone tensor's name is empty.

    Raises:
        ShardError: it is something else. A pickle that asks for any name but those of tensors is refused by that name.
    """
    import numpy as np

    found = _core.read_pt(bytes(data))
    return {
        name: np.frombuffer(values, dtype).reshape(shape).copy()
        for name, (dtype, shape, values) in found.items()
    }
