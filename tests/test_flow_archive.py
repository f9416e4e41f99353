"""A flow archive comes back as it was written, and a faulty one is refused in one sentence."""

import contextlib
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from medn.data.flow_archive import FlowArchive, read_flow_archive, write_flow_archive


def archive(n: int = 3) -> FlowArchive:
    rng = np.random.default_rng(0)
    return FlowArchive(
        flow=rng.integers(0, 256, (n, 28, 28, 3), np.uint8),
        label=np.arange(n) % 3,
        subject=np.array([f"s{i % 2}" for i in range(n)], np.str_),
        dataset=np.array(["casme2", "smic", "samm"][:n], np.str_),
        clip=np.array([f"clip{i}" for i in range(n)], np.str_),
        au=np.array([[1, np.nan], [0, 1], [np.nan, np.nan]], np.float32)[:n],
        au_names=("AU1", "AU12"),
    )


def stored(a: FlowArchive) -> dict[str, np.ndarray]:
    return {f.name: np.array(getattr(a, f.name)) for f in fields(FlowArchive)}


def test_what_is_written_is_read(tmp_path):
    written = archive()
    write_flow_archive(tmp_path / "maps.npz", written)
    read = read_flow_archive(tmp_path / "maps.npz")
    for f in fields(FlowArchive):
        assert np.array_equal(
            np.array(getattr(read, f.name)), np.array(getattr(written, f.name)), equal_nan=f.name == "au"
        )
    assert [p.name for p in tmp_path.iterdir()] == ["maps.npz"]


@given(chosen=hnp.arrays(np.bool_, 3))
def test_a_part_of_an_archive_is_an_archive_of_those_clips(chosen):
    part = archive().where(chosen)
    assert len(part) == chosen.sum()
    assert part.clip.tolist() == [c for c, keep in zip(archive().clip, chosen, strict=True) if keep]


def test_subjects_of_two_databases_are_kept_apart():
    assert archive().subject_key.tolist() == ["casme2/s0", "smic/s1", "samm/s0"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("flow", np.zeros((3, 28, 28, 2), np.uint8), "flow must be"),
        ("flow", np.zeros((3, 28, 28, 3), np.float32), "flow must be"),
        ("label", np.array([0, 1]), "label must be"),
        ("label", np.array([0, 1, 3]), "label must be one of 0 negative, 1 positive, 2 surprise, not 0 to 3"),
        ("label", np.array([0.0, 1.0, 2.0]), "label must be"),
        ("subject", np.array([1, 2, 3]), "subject must be"),
        ("clip", np.array(["a", "b"]), "clip must be"),
        ("au", np.zeros((3, 3), np.float32), "au must be"),
        ("au", np.full((3, 2), 0.5, np.float32), "au must be 1"),
        ("au_names", np.array(["AU1", "AU1"]), "au_names must"),
        ("au_names", np.array(["AU1", "smile"]), "au_names must"),
    ],
)
def test_a_field_that_does_not_fit_is_named_with_the_file(tmp_path, field, value, message):
    file = tmp_path / "odd.npz"
    np.savez(file, **{**stored(archive()), field: value})
    with pytest.raises(ValueError, match=rf"odd\.npz: {message}"):
        read_flow_archive(file)


def test_an_archive_cannot_be_made_of_fields_that_do_not_fit():
    with pytest.raises(ValueError, match="label must be"):
        replace(archive(), label=np.array([0, 1]))


def test_a_missing_field_is_named(tmp_path):
    content = stored(archive())
    del content["subject"], content["au"]
    np.savez(tmp_path / "poor.npz", **content)
    with pytest.raises(ValueError, match=r"poor\.npz lacks subject, au;"):
        read_flow_archive(tmp_path / "poor.npz")


def test_pickled_fields_are_never_loaded(tmp_path):
    np.savez(tmp_path / "pickled.npz", **{**stored(archive()), "clip": np.array([print, print, print], object)})
    with pytest.raises(ValueError, match=r"pickled\.npz cannot be read"):
        read_flow_archive(tmp_path / "pickled.npz")


@given(content=st.binary(max_size=200))
def test_any_other_file_is_refused_in_one_sentence(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("any") / "any.npz"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"any\.npz cannot be read as a flow archive"):
        read_flow_archive(file)


@given(cut=st.floats(0.05, 0.99), flip=st.integers(0, 10**6))
@settings(deadline=None, max_examples=50)
def test_a_damaged_archive_is_refused_or_whole_but_never_crashes(tmp_path_factory, cut, flip):
    file = tmp_path_factory.mktemp("damaged") / "damaged.npz"
    write_flow_archive(file, archive())
    content = bytearray(file.read_bytes())
    content[flip % len(content)] ^= 0xFF
    for damaged in (content, content[: int(cut * len(content))]):
        file.write_bytes(damaged)
        with contextlib.suppress(ValueError):
            read_flow_archive(file)


def test_a_bare_array_is_no_archive(tmp_path):
    with (tmp_path / "bare.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ValueError, match=r"bare\.npz cannot be read"):
        read_flow_archive(tmp_path / "bare.npz")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"gone\.npz cannot be read"):
        read_flow_archive(tmp_path / "gone.npz")


def test_whole_numbers_of_any_width_are_labels(tmp_path):
    np.savez(tmp_path / "narrow.npz", **{**stored(archive()), "label": np.array([0, 1, 2], np.int8)})
    assert read_flow_archive(tmp_path / "narrow.npz").label.dtype == np.int64
