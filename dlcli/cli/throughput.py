"""The rate of training, and the time that is left."""

from __future__ import annotations

_HALF_LIFE = 5.0  # seconds after which the weight of a measurement is half


class Throughput:
    """Measures steps per second; validation and saving count for the time left, but not for the rate."""

    def __init__(self, now: float, step: int):
        """Start at a step; `now` is a time in seconds, here and below."""
        self._first, self._step = step, step
        self._start, self._last = now, now
        self._lost = 0.0  # seconds that do not recur: compilation
        self._steps, self._seconds = 0.0, 0.0  # weighted
        self._spent = 0.0  # seconds in training steps

    def at(self, now: float, step: int) -> None:
        """Record that `step` is finished."""
        passed = max(now - self._last, 0.0)
        weight = 0.5 ** (passed / _HALF_LIFE)
        self._steps = self._steps * weight + step - self._step
        self._seconds = self._seconds * weight + passed
        self._spent += passed
        self._step, self._last = step, now

    def resume(self, now: float, *, once: bool = False) -> None:
        """Exclude the time since the last step from the rate, and with `once` from the time left too."""
        if once:
            self._lost += now - self._last
        self._last = now

    @property
    def rate(self) -> float | None:
        """Steps per second over the last seconds; None before the first step."""
        return self._steps / self._seconds if self._steps and self._seconds > 0 else None

    def left(self, now: float, steps: int) -> float | None:
        """Return the estimated seconds until step `steps`."""
        if not self.rate:
            return None
        whole = self._last - self._start - self._lost
        overhead = max(1.0, whole / self._spent) if self._spent > 0 else 1.0
        return max(0.0, (steps - self._step) / self.rate * overhead - (now - self._last))
