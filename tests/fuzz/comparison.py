"""Compares two run folders and returns the differences as text."""

from pathlib import Path

from tests.comparing import assert_same_run


def differences(reference: Path, run: Path) -> list[str]:
    """Return the differences of a run to a reference run."""
    try:
        assert_same_run(reference, run)
    except Exception as error:
        return [f"not bit for bit {reference}: {type(error).__name__} {str(error)[:300]}"]
    return []


def drafts(folder: Path) -> list[str]:
    """Return the hidden files of a folder, which are drafts of files that dlcli writes atomically."""
    return [f"left behind: {path}" for path in sorted(folder.rglob(".*"))]
