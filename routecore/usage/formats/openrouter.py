"""OpenRouter's records of a generation and rows of its activity export: native tokens are billed, the others are counted with one tokenizer for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from routecore.usage.report import Reported

__all__ = ["KEYS", "openrouter_activity"]

_NAMES: Final = (
    ("prompt", "prompt"), ("completion", "completion"), ("reasoning", "reasoning"), ("cached", "cached"), ("image_out", "completion_images"),
)  # fmt: skip
KEYS: Final = frozenset({"tokens_prompt", "tokens_completion", "native_tokens_prompt", "native_tokens_completion"})


def openrouter_activity(report: Reported) -> None:
    """Read the native counts, or the normalised ones where there are none."""
    body, path = report.body, report.path
    for name, tail in _NAMES:
        native, common = f"native_tokens_{tail}", f"tokens_{tail}"
        key = common if body.get(native) is None else native
        report.know(body, common)
        report.take(name, (body, key, path))
    report.take("images", (body, "num_media_prompt", path))
    if not report.get("image_out"):
        report.take("images_out", (body, "num_media_completion", path))
