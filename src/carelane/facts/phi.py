"""`Phi[T]`: a box for patient data that refuses to print itself.

What is inside leaves only by `reveal()`, which is easy to search for. Comparing, hashing, formatting,
pickling and iterating are refused, so that a value can't slip into a log, a key or a message.
"""

from typing import Generic, NoReturn, TypeVar

from typing_extensions import override

from carelane.facts.errors import LocalFault

T = TypeVar("T")


class PhiRefused(LocalFault):
    """Code tried to print, compare or serialise patient data: call `reveal()` where it is truly needed."""

    code = "phi-refused"


class Phi(Generic[T]):
    """Patient data of type `T`; `name` says what it is, without saying it."""

    __slots__ = ("_value", "name")

    def __init__(self, value: T, name: str = "value") -> None:
        self._value = value
        self.name = name

    def reveal(self) -> T:
        """The value itself. Never pass it to a log, an error, a URL or a metric."""
        return self._value

    @override
    def __repr__(self) -> str:
        return f"<Phi {self.name}>"

    def _refuse(self, *_: object) -> NoReturn:
        raise PhiRefused(f"patient data ({self.name}) may not be printed, compared or serialised")

    __str__ = _refuse
    __format__ = _refuse
    __eq__ = _refuse
    __hash__ = _refuse  # a Phi is never a key
    __reduce_ex__ = _refuse  # nor pickled, nor deep-copied
    __iter__ = _refuse
    __bool__ = _refuse
