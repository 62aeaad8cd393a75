"""Whether a callback can sample a model by itself."""

from typing import Any

from tfgan_zoo.errors import InputError


def check_samples(model: Any, callback: str, argument: str, example: str) -> None:
    """Checks that `model.generate(num, seed=seed)` makes images without a condition.

    Args:
        model: The model.
        callback: Name of the callback, for messages.
        argument: Its argument that samples the model in another way.
        example: A value of the argument, with `{}` for the condition.

    Raises:
        InputError: If the model has no `generate`, or that of the library needs a condition.
    """
    generate = getattr(type(model), "generate", None)
    condition = getattr(model, "condition", ())
    # One's own `generate` may choose a condition by itself.
    ours = getattr(generate, "__module__", "").startswith("tfgan_zoo.")
    if generate is not None and not (condition and ours):
        return
    name = type(model).__name__
    why, given = f"{name} has no method generate", "..."
    if generate is not None:
        why = f"{name} makes images only with a {' and a '.join(condition)}"
        given = ", ".join(f"{each}=..." for each in condition)
        if "text" in condition:
            given = "texts"
    raise InputError(
        f"{callback}: expected {argument}=, as {why}, got none; give a function, such as "
        f"{argument}={example.format(given)}."
    )
