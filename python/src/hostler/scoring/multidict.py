"""Mappings of HTTP: names that do not mind their case, and keys with several values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostler.scoring.foreign import Foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


class MultiDict(dict[str, Foreign]):
    """A dictionary of the first value of each key, which knows the others too.

    Args:
        pairs: keys and values in order; a key may come again.
    """

    def __init__(self, pairs: Iterable[tuple[str, Foreign]] = ()) -> None:
        self._lists: dict[str, list[Foreign]] = {}
        for key, value in pairs:
            self._lists.setdefault(key, []).append(value)
        super().__init__((key, values[0]) for key, values in self._lists.items())

    def get(
        self, key: str, default: Foreign = None, type: Callable[[Foreign], Foreign] | None = None
    ) -> Foreign:
        """The first value, converted by `type`; the default where there is none or it cannot be converted."""
        if key not in self:
            return default
        value = self[key]
        if type is None:
            return value
        try:
            return type(value)
        except (TypeError, ValueError):
            return default

    def getlist(self, key: str, type: Callable[[Foreign], Foreign] | None = None) -> list[Foreign]:
        """Every value of a key."""
        values = self._lists.get(key, [])
        return [type(value) for value in values] if type else list(values)

    def lists(self) -> Iterator[tuple[str, list[Foreign]]]:
        """Each key with all of its values."""
        for key, values in self._lists.items():
            yield key, list(values)

    def to_dict(self, flat: bool = True) -> dict[str, Foreign]:
        """A plain dictionary: of first values, or of lists."""
        return dict(self) if flat else {key: list(values) for key, values in self._lists.items()}


class Headers:
    """Headers in their order; names are found whatever their case.

    Args:
        headers: pairs or a mapping.
    """

    def __init__(self, headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None) -> None:
        self._pairs: list[tuple[str, str]] = []
        if headers is not None:
            items: Foreign = getattr(headers, "items", None)
            for name, value in items() if callable(items) else iter(headers):
                self.add(name, value)

    def __getitem__(self, name: str) -> str:
        for key, value in self._pairs:
            if key.lower() == name.lower():
                return value
        raise KeyError(name)

    def __setitem__(self, name: str, value: object) -> None:
        self.remove(name)
        self.add(name, value)

    def __delitem__(self, name: str) -> None:
        self.remove(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(key.lower() == name.lower() for key, _ in self._pairs)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __repr__(self) -> str:
        return f"Headers({self._pairs!r})"

    def get(
        self, name: str, default: Foreign = None, type: Callable[[str], Foreign] | None = None
    ) -> Foreign:
        """The first value of a header, converted by `type` if given."""
        try:
            value = self[name]
            return type(value) if type else value
        except (KeyError, ValueError):
            return default

    def first(self, name: str) -> str | None:
        """The first value of a header."""
        return next(iter(self.getlist(name)), None)

    def getlist(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self._pairs if key.lower() == name.lower()]

    get_all = getlist

    def add(self, name: str, value: object, **_: object) -> None:
        """Add a header beside those of its name.

        Raises:
            ValueError: if the value has a line break.
        """
        text = str(value)
        if "\r" in text or "\n" in text:
            raise ValueError("Header values must not contain newline characters.")
        self._pairs.append((str(name), text))

    add_header = add

    def set(self, name: str, value: object) -> None:
        """Replace every header of the name."""
        self[name] = value

    def setdefault(self, name: str, value: object) -> str:
        """The header's value, which is set where there is none."""
        if name not in self:
            self.add(name, value)
        return self[name]

    def remove(self, name: str) -> None:
        """Remove every header of the name."""
        self._pairs = [(key, value) for key, value in self._pairs if key.lower() != name.lower()]

    def extend(self, headers: Mapping[str, str]) -> None:
        """Add several."""
        for name, value in headers.items():
            self.add(name, value)

    update = extend

    def keys(self) -> Iterator[str]:
        """Names, as they were written."""
        return (key for key, _ in self._pairs)

    def values(self) -> Iterator[str]:
        """Values in order."""
        return (value for _, value in self._pairs)

    def items(self) -> Iterator[tuple[str, str]]:
        """Names and values in order."""
        return iter(self._pairs)
