"""How fast training goes, and how long it will go on."""

from __future__ import annotations

_HALF_LIFE = 5.0  # seconds after which a measurement weighs half


class Throughput:
    """Measures steps by the clock; compilation, validation and the like count for the time left, not for the rate."""

    def __init__(self, now: float, step: int):
        """Begin at a step; `now` is in seconds here and below."""
        self._first, self._step = step, step
        self._begin, self._last = now, now
        self._lost = 0.0  # seconds that will not come again: compilation
        self._steps, self._seconds = 0.0, 0.0  # weighed
        self._spent = 0.0  # seconds of training

    def at(self, now: float, step: int) -> None:
        """Note that `step` is done."""
        passed = max(now - self._last, 0.0)
        weight = 0.5 ** (passed / _HALF_LIFE)
        self._steps = self._steps * weight + step - self._step
        self._seconds = self._seconds * weight + passed
        self._spent += passed
        self._step, self._last = step, now

    def resume(self, now: float, *, once: bool = False) -> None:
        """Leave the time since the last step out of the rate; `once`: out of the time left as well."""
        if once:
            self._lost += now - self._last
        self._last = now

    @property
    def rate(self) -> float | None:
        """Steps a second over the last seconds, or None before the first."""
        return self._steps / self._seconds if self._steps and self._seconds > 0 else None

    def left(self, now: float, steps: int) -> float | None:
        """Return the seconds until step `steps`, if all goes on as it did."""
        if not self.rate:
            return None
        whole = self._last - self._begin - self._lost
        overhead = max(1.0, whole / self._spent) if self._spent > 0 else 1.0
        return max(0.0, (steps - self._step) / self.rate * overhead - (now - self._last))
