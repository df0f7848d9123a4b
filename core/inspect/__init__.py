"""How it works inside: one step traced, layers described, mistakes found. Reads; never trains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.inspect.check import gradient_check

__all__ = ["gradient_check"]


def __getattr__(name: str) -> Any:
    if name == "gradient_check":  # with it come the kernels
        from core.inspect.check import gradient_check

        return gradient_check
    raise AttributeError(f"module 'core.inspect' has no attribute {name!r}")
