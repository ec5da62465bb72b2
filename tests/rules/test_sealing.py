"""Field encryption: what is sealed opens only at its place, with its key, and not at all once shredded."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from carelane.facts.ids import name_id
from carelane.store.keys import FileKeys, KeyFault, OrganisationKeys
from carelane.store.sealing import (
    REDACTED,
    DataKey,
    SealBroken,
    WrongKey,
    new_key,
    open_many,
    place,
    seal_many,
)
from carelane.store.tokens import (
    SearchTerms,
    Tokens,
    TooFewTerms,
    plain_name,
    plain_phone,
    search_rows,
)

ORGANISATION, OTHER = name_id("a"), name_id("b")
ROW, ANOTHER_ROW = name_id("row"), name_id("another row")
KEY = DataKey(b"the key!", bytes(range(32)))
HERE = place(ORGANISATION, "fact", ROW, "sealed")


def _keys(organisation: UUID = ORGANISATION) -> OrganisationKeys:
    return OrganisationKeys(
        organisation, versions={1: new_key(b"version1")}, tokens=Tokens(bytes(32))
    )


@given(value=st.binary(max_size=2000), compress=st.booleans())
def test_what_is_sealed_opens_again(value: bytes, compress: bool) -> None:  # noqa: FBT001  # hypothesis
    assert KEY.open(HERE, KEY.seal(HERE, value, compress=compress)) == value


class Unbound(DataKey):
    """The mutant: a key that forgets where its ciphertext belongs."""

    @override
    def seal(
        self, where: bytes, value: bytes, *, compress: bool = False
    ) -> bytes:  # as its parent's
        return super().seal(where[:0], value, compress=compress)

    @override
    def open(self, where: bytes, sealed: bytes) -> bytes:  # as its parent's
        return super().open(where[:0], sealed)


def _refuses(key: DataKey, *, sealed_at: bytes, opened_at: bytes) -> bool:
    try:
        key.open(opened_at, key.seal(sealed_at, b"Doe"))
    except SealBroken:
        return True
    return False


@pytest.mark.requirement("R104")
@pytest.mark.requirement("R105")
@pytest.mark.invariant("I12")
@pytest.mark.parametrize(
    "elsewhere",
    [
        place(OTHER, "fact", ROW, "sealed"),
        place(ORGANISATION, "effect", ROW, "sealed"),
        place(ORGANISATION, "fact", ANOTHER_ROW, "sealed"),
        place(ORGANISATION, "fact", ROW, "draft_sealed"),
    ],
)
def test_a_ciphertext_swapped_to_another_place_is_refused(elsewhere: bytes) -> None:
    assert _refuses(KEY, sealed_at=HERE, opened_at=elsewhere)
    assert not _refuses(Unbound(b"the key!", bytes(32)), sealed_at=HERE, opened_at=elsewhere)


@given(at=st.integers(min_value=0, max_value=200), bit=st.integers(min_value=0, max_value=7))
def test_any_flipped_bit_is_refused(at: int, bit: int) -> None:
    sealed = bytearray(KEY.seal(HERE, b"a text of some length"))
    sealed[at % len(sealed)] ^= 1 << bit
    with pytest.raises((SealBroken, WrongKey)):
        KEY.open(HERE, bytes(sealed))


@given(length=st.integers(min_value=0, max_value=60))
def test_a_cut_value_is_refused(length: int) -> None:
    with pytest.raises((SealBroken, WrongKey)):
        KEY.open(HERE, KEY.seal(HERE, bytes(64))[:length])


def test_equal_values_do_not_look_equal() -> None:
    first, second = seal_many([(KEY, HERE, b"Doe"), (KEY, HERE, b"Doe")])
    assert first != second


def test_a_raw_message_is_smaller_sealed_than_in_clear() -> None:
    raw = b"OBX|1|NM|2823-3^Potassium^LN||4.1|mmol/L|3.5-5.1||||F\r" * 80
    assert len(KEY.seal(HERE, raw, compress=True)) < len(raw) // 5


def test_no_key_shows_itself() -> None:
    assert bytes(range(32)).hex() not in repr(KEY) + str(KEY)
    assert "cipher" not in repr(_keys().new_message_key(ROW).key)


def test_a_destroyed_key_gives_redacted() -> None:
    sealed = KEY.seal(HERE, b"Doe")
    assert open_many([(KEY, HERE, sealed), (None, HERE, sealed)]) == [b"Doe", REDACTED]


def test_a_message_is_readable_before_and_after_it_goes_over_to_its_identity() -> None:
    keys = _keys()
    message, identity = keys.new_message_key(ROW), keys.new_identity_key(ANOTHER_ROW)
    sealed = message.key.seal(HERE, b"MSH|")
    moved = keys.hand_over(ROW, message.wrapped, identity=identity.key)
    keys.forget()
    before = keys.message_key(ROW, message.wrapped, identity=None)
    after = keys.message_key(ROW, moved, identity=identity.key)
    assert open_many([(before, HERE, sealed), (after, HERE, sealed)]) == [b"MSH|", b"MSH|"]


def test_a_message_of_a_shredded_identity_has_no_key_even_if_cached() -> None:
    keys = _keys()
    message, identity = keys.new_message_key(ROW), keys.new_identity_key(ANOTHER_ROW)
    moved = keys.hand_over(ROW, message.wrapped, identity=identity.key)
    assert keys.message_key(ROW, moved, identity=identity.key) is not None
    assert keys.message_key(ROW, moved, identity=None) is None
    assert keys.identity_key(ANOTHER_ROW, None) is None


def test_a_wrapped_key_serves_no_other_row_or_organisation() -> None:
    keys = _keys()
    wrapped = keys.new_identity_key(ROW).wrapped
    keys.forget()
    with pytest.raises(SealBroken):
        keys.identity_key(ANOTHER_ROW, wrapped)
    stranger = OrganisationKeys(OTHER, versions={1: keys.own}, tokens=Tokens(bytes(32)))
    with pytest.raises(SealBroken):
        stranger.identity_key(ROW, wrapped)


def test_the_key_cache_is_bounded() -> None:
    keys = _keys()
    for number in range(1_010):
        keys.new_message_key(UUID(int=number))
    assert len(keys._cache) == 1_000  # noqa: SLF001  # its size is the point


def test_rotating_the_key_file_keeps_old_keys_and_wraps_with_the_new(tmp_path: Path) -> None:
    file = FileKeys.create(tmp_path / "keys.json")
    key = new_key(b"12345678")
    old = file.wrap(b"name", key)
    assert file.is_current(old)
    assert file.rotate() == 2
    assert not file.is_current(old)
    again = FileKeys.open(tmp_path / "keys.json")
    sealed = key.seal(HERE, b"text")
    for wrapped in (old, again.wrap(b"name", key)):
        assert again.unwrap(b"name", wrapped, identifier=b"12345678").open(HERE, sealed) == b"text"


def test_a_key_file_of_another_site_is_named_as_such(tmp_path: Path) -> None:
    ours, theirs = (FileKeys.create(tmp_path / name) for name in ("ours.json", "theirs.json"))
    with pytest.raises(KeyFault, match="lacks the key"):
        theirs.unwrap(b"name", ours.wrap(b"name", KEY), identifier=b"the key!")


def test_an_open_key_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    FileKeys.create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(KeyFault, match="chmod 600"):
        FileKeys.open(path)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"keys": {"1": "AAAA"}}', '{"keys": {}}', "\N{SNOWMAN}"]
)
def test_a_damaged_key_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(KeyFault):
        FileKeys.open(path)


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    FileKeys.create(path)
    kept = json.loads(path.read_text())
    with pytest.raises(KeyFault):
        FileKeys.create(path)
    assert json.loads(path.read_text()) == kept


def test_processes_that_start_together_make_one_key_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with ThreadPoolExecutor(8) as pool:
        all_keys = list(pool.map(lambda _: FileKeys.open_or_create(path), range(8)))
    wrapped = all_keys[0].wrap(b"name", KEY)
    assert all(keys.is_current(wrapped) for keys in all_keys)
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys.json"]


@pytest.mark.parametrize(
    ("left", "right"),
    [("Núñez", "NUNEZ"), ("O'Brien", "OBRIEN"), ("Van Dyke", "vandyke"), ("Straße", "STRASSE")],
)
def test_spellings_of_a_name_meet(left: str, right: str) -> None:
    assert plain_name(left) == plain_name(right)


def test_spellings_of_a_phone_number_meet() -> None:
    assert plain_phone("+1 (555) 010-2030") == plain_phone("555.010.2030") == "5550102030"


def test_a_search_needs_two_kinds_of_term() -> None:
    tokens = Tokens(bytes(32))
    assert tokens.sought(SearchTerms(family=("Doe", "Roe"))) == TooFewTerms(given=1)
    stored = tokens.stored(
        SearchTerms(
            family=("Doe",), given=("Jane",), birth_date=date(1980, 1, 2), phones=("555 0100",)
        )
    )
    sought = tokens.sought(SearchTerms(family=("DOE",), birth_date=date(1980, 1, 2)))
    assert not isinstance(sought, TooFewTerms)
    assert set(sought) <= set(stored)


@given(value=st.text(), other=st.text())
def test_tokens_differ_by_kind_part_and_key(value: str, other: str) -> None:
    tokens, strangers = Tokens(bytes(32)), Tokens(bytes([1]) * 32)
    token = tokens.of("identity", value)
    assert len(token) == 32
    assert token != tokens.of("key", value)
    assert token != strangers.of("identity", value)
    assert (tokens.of("identity", other) == token) == (other == value)


def test_search_tokens_stand_side_by_side_and_further_ones_in_rows_of_their_own() -> None:
    tokens = Tokens(bytes(32))
    terms = SearchTerms(family=("Doe",), given=("Jane", "Ann"), phones=("555 0100", "555-0100"))
    found = tokens.stored(terms)
    first, second = search_rows(found)
    assert first[1:] == (found["family"][0], found["given"][0], None, found["phone"][0], None)
    assert second[1:] == (None, found["given"][1], None, None, None)
    assert first[0] != second[0]
    assert search_rows(found) == [first, second], "the same tokens have the same mark"
