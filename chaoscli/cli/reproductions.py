"""The files that ``chaos explore`` leaves behind: one for each way to break a promise, written as soon as it is known."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from pathlib import Path
from tempfile import TemporaryFile

from chaoscli.errors import NotMadeError
from chaoscli.exploration import Failure
from chaoscli.explore.reproduction import to_text


class Reproductions(AbstractContextManager["Reproductions"]):
    """A folder of them. NotMadeError if nothing can be written there, before anybody has searched for an hour; what fails later
    is kept in ``errors``. A folder that was made for nothing is removed."""

    def __init__(self, folder: Path) -> None:
        self.errors: list[NotMadeError] = []
        self._folder = folder
        self._made: list[Path] = []
        self._files: dict[str, str | None] = {}

    def __enter__(self) -> Reproductions:
        self._made = [one for one in (self._folder, *self._folder.parents) if not one.exists()]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=self._folder):
                pass
        except OSError as error:
            self.__exit__()
            raise NotMadeError(
                f"nothing can be written to '{self._folder}': {_reason(error)}", hint="--out names another folder"
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # the first that has something in it, and whatever holds it
            for folder in self._made:
                folder.rmdir()

    def keep(self, failure: Failure) -> None:
        self.file_of(failure)

    def file_of(self, failure: Failure) -> str | None:
        """Its file, which is written now if it was not before; None if it could not be."""
        name = name_of(failure)
        if name not in self._files:
            self._files[name] = self._written(failure, self._folder / name)
        return self._files[name]

    def _written(self, failure: Failure, file: Path) -> str | None:
        try:
            file.write_text(to_text(failure), encoding="utf-8")
        except OSError as error:
            self.errors.append(NotMadeError(f"'{file}' cannot be written: {_reason(error)}"))
            return None
        return str(file)


def name_of(failure: Failure) -> str:
    """``oversell-naive-no-oversell-6.json``. A seed is counted to one way to break a promise, so no other failure has this name:
    not of another promise or search, and not of another shard."""
    promise = failure.violation.invariant.replace(" ", "-")
    return f"{failure.subject.playbook}-{failure.subject.variant}-{promise}-{failure.seeds[0]}.json"


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
