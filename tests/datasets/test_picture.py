"""How pictures are read: metadata never decide, sizes are bounded, values kept."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageFile, features

from dada.datasets import ImageFiles, load, open_files, picture
from dada.datasets.decode import Samples, decode
from dada.errors import UserError

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (16, 24, 3), dtype=np.uint8)


def saved(kind, pixels=PIXELS, **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind, data, crc=None):
    checksum = zlib.crc32(kind + data) if crc is None else crc
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def segment(marker, data):
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def exif(orientation):
    found = Image.Exif()
    found[0x0112] = orientation
    return found


def read(path, data):
    """The pixels of a file in memory and, the same but for their size, in files."""
    path.write_bytes(data)
    side = min(PIXELS.shape[:2])
    found = decode(path.parent, Samples((str(path),), (0,)), None, side)
    files = ImageFiles((str(path),), torch.tensor([0]))
    return found, np.asarray(files.read(0))


# Metadata

PNG_CHUNKS = {
    "a text that is a bomb": chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(2**21))),
    "a text with a wrong checksum": chunk(b"tEXt", b"a\0b", crc=1),
    "a profile of an unknown kind": chunk(b"iCCP", b"k\0\5zzzz"),
    "half a gamma": chunk(b"gAMA", b"1"),
    "half a resolution": chunk(b"pHYs", b"12"),
    "half of what sRGB says": chunk(b"sRGB", b""),
    "exif that is none": chunk(b"eXIf", b"none"),
    "exif with a wrong checksum": chunk(b"eXIf", b"II*\0", crc=1),
    "an animation's header cut": chunk(b"acTL", b""),
}
JPEG_SEGMENTS = {
    "half a JFIF": segment(0xE0, b"JFIF"),
    "half a profile": segment(0xE2, b"ICC_PROFILE\0"),
    "half an Adobe": segment(0xEE, b"Adobe"),
    "exif that is none": segment(0xE1, b"Exif\0\0none at all"),
    "several pictures that are none": segment(0xE2, b"MPF\0II*\0\xff\xff\xff\xff"),
    "half of Photoshop": segment(0xED, b"Photoshop 3.0\0008BIM\x03\xed\0\0\0\0\0\2"),
}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("broken", PNG_CHUNKS)
def test_broken_metadata_of_a_png_do_not_decide(tmp_path, broken, after):
    whole = saved("PNG")
    at = len(whole) - 12 if after else 33  # before the end, or behind the header
    data = whole[:at] + PNG_CHUNKS[broken] + whole[at:]
    found, pixels = read(tmp_path / "x.png", data)
    np.testing.assert_array_equal(pixels, PIXELS)
    assert len(found.train) == 1 and not found.skipped
    if "checksum" not in broken or not after:  # Pillow stops there by itself
        assert found.notes == ("unreadable metadata is ignored (1 of 1 files)",)


@pytest.mark.parametrize("broken", JPEG_SEGMENTS)
def test_broken_metadata_of_a_jpeg_do_not_decide(tmp_path, broken):
    whole = saved("JPEG")
    data = whole[:2] + JPEG_SEGMENTS[broken] + whole[2:]
    found, pixels = read(tmp_path / "x.jpg", data)
    np.testing.assert_array_equal(pixels, Image.open(io.BytesIO(whole)))
    assert len(found.train) == 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_what_says_how_to_turn_a_picture_survives_broken_metadata(tmp_path, kind):
    whole = saved(kind, exif=exif(6))
    broken = PNG_CHUNKS["half a gamma"] if kind == "PNG" else JPEG_SEGMENTS["half a profile"]
    at = 33 if kind == "PNG" else 2
    _, pixels = read(tmp_path / f"x.{kind.lower()}", whole[:at] + broken + whole[at:])
    upright = Image.open(io.BytesIO(whole)).transpose(Image.Transpose.ROTATE_270)
    np.testing.assert_array_equal(pixels, upright)


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_broken_exif_of_other_formats_does_not_decide(tmp_path, kind):
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow reads no AVIF")
    tags = exif(1)
    tags[0x010E] = "what is to be seen"
    whole = saved(kind, exif=tags)
    data = whole.replace(b"MM\0*", b"XXXX")
    assert data != whole
    found, pixels = read(tmp_path / f"x.{kind.lower()}", data)
    np.testing.assert_array_equal(pixels, Image.open(io.BytesIO(whole)).convert("RGB"))
    assert found.notes == ("unreadable metadata is ignored (1 of 1 files)",)


@pytest.mark.parametrize("entry", [(34665, 9, 1, 2**32 - 1), (700, 4, 1, 5)])  # EXIF, XMP
def test_broken_metadata_of_a_tiff_do_not_decide(tmp_path, entry):
    whole = saved("TIFF", tiffinfo={270: "what is to be seen"})
    at = whole.index(struct.pack("<HH", 270, 2))
    found, pixels = read(
        tmp_path / "x.tif", whole[:at] + struct.pack("<HHII", *entry) + whole[at + 12 :]
    )
    np.testing.assert_array_equal(pixels, PIXELS)
    assert found.notes == ("unreadable metadata is ignored (1 of 1 files)",)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_applied(tmp_path, orientation):
    _, pixels = read(tmp_path / "x.png", saved("PNG", exif=exif(orientation)))
    turned = {1: 0, 2: 0, 3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}[orientation]  # of EXIF's table
    mirrored = PIXELS[:, ::-1] if orientation in (2, 4, 5, 7) else PIXELS
    np.testing.assert_array_equal(pixels, np.rot90(mirrored, turned))


def test_broken_pixels_stay_an_error(tmp_path):
    data = saved("PNG")
    with pytest.raises(UserError, match="cannot be read"):
        read(tmp_path / "x.png", data[: len(data) // 2])


def test_nothing_but_pictures_is_tried(tmp_path):
    """An EPS file would run another program."""
    (tmp_path / "x.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n")
    with pytest.raises(UserError, match="not in a supported image format"):
        ImageFiles((str(tmp_path / "x.png"),), torch.tensor([0])).read(0)


# Several pictures in a file


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "PNG"])
def test_of_several_pictures_the_first_is_used_and_said(tmp_path, kind):
    pages = [Image.new("RGB", (24, 16), colour) for colour in ("red", "green", "blue")]
    lossless = {"lossless": True} if kind == "WEBP" else {}
    path = tmp_path / f"x.{kind.lower()}"
    pages[0].save(path, save_all=True, append_images=pages[1:], **lossless)
    found, pixels = read(path, path.read_bytes())
    assert (pixels == [255, 0, 0]).all()
    assert found.notes == ("only the first picture of files with several is used (1 of 1 files)",)


# Sizes


def test_a_picture_of_too_many_pixels_is_named_and_left_out(tmp_path, monkeypatch):
    def fail(picture):
        raise AssertionError("was decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    for name in ("bomb", "huge"):
        size = {"bomb": 30_000, "huge": 13_300}[name]
        header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
        data = saved("PNG")[:8] + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b""))
        (tmp_path / f"{name}.png").write_bytes(data)
    files = tuple(str(tmp_path / f"{name}.png") for name in ("bomb", "huge"))
    found = decode(tmp_path, Samples(files, (0, 1)), None, 8)
    assert found.skipped == ("bomb.png", "huge.png")
    assert "huge.png (13300x13300 pixels: at most 89,478,485 are read)" in found.notes[0]


def test_a_large_jpeg_is_reduced_while_it_is_decoded(tmp_path, monkeypatch):
    (tmp_path / "x.jpg").write_bytes(saved("JPEG", np.zeros((160, 320, 3), np.uint8)))
    files = ImageFiles((str(tmp_path / "x.jpg"),), torch.tensor([0]))
    assert files.read(0).size == (320, 160)
    monkeypatch.setattr(picture, "MOST_PIXELS", 320 * 160 - 1)
    assert files.read(0).size == (160, 80)
    monkeypatch.setattr(picture, "MOST_PIXELS", 100)
    with pytest.raises(UserError, match="160x80 pixels: at most 100"):
        files.read(0)


def test_large_pictures_are_decoded_one_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(picture, "LARGE", 100)
    now, most, load_ = [], [], ImageFile.ImageFile.load

    def watched(opened):
        now.append(opened)
        most.append(len(now))
        try:
            return load_(opened)
        finally:
            now.pop()

    monkeypatch.setattr("dada.datasets.decode.os.cpu_count", lambda: 8)
    monkeypatch.setattr(ImageFile.ImageFile, "load", watched)
    for i in range(16):
        (tmp_path / f"{i}.bmp").write_bytes(saved("BMP"))
    files = tuple(str(tmp_path / f"{i}.bmp") for i in range(16))
    assert len(decode(tmp_path, Samples(files, (0,) * 16), None, 8).train) == 16
    assert max(most) == 1


def test_images_that_do_not_fit_in_memory_are_refused_before(tmp_path, monkeypatch):
    monkeypatch.setattr("dada.datasets.decode.available", lambda: 2 * 3 * 50 * 50 * 8)
    samples = Samples(tuple(map(str, range(50))), (0,) * 50)
    with pytest.raises(UserError, match="50 images of 64x64 take") as e:
        decode(tmp_path, samples, None, 64)
    assert str(e.value).endswith("side=20 or images=4 at 64x64 would fit")
    with pytest.raises(UserError, match="50 images of 21x21"):
        decode(tmp_path, samples, None, 21)
    with pytest.raises(UserError, match="image files cannot be read"):
        decode(tmp_path, samples, None, 20)


# More than 8 bits


def deep(root, highest, count=5, **options):
    for name in ("a", "b"):
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            values = np.linspace(0, highest, 16 * 16).reshape(16, 16).astype(np.uint16)
            values[0, 0] = i  # no copies of one another
            Image.fromarray(values if i else values // 2).save(root / name / f"{i}.png")
    return root


@pytest.mark.parametrize(("highest", "bits"), [(200, 8), (1023, 10), (4000, 12), (65535, 16)])
def test_values_of_few_bits_keep_their_levels(tmp_path, highest, bits):
    dataset = load(deep(tmp_path, highest), side=16)
    expected = round(highest * 255 / (2**bits - 1))
    tops = {int(image.max()) for image in dataset.train.images}
    assert tops <= {expected, round(highest // 2 * 255 / (2**bits - 1))} and expected in tops
    assert len(dataset.train.images.unique()) > min(200, highest // 2)
    said = "16-bit grey is scaled to 8 bits" if bits == 16 else "16-bit grey whose values need"
    assert any(note.startswith(said) and "(10 of 10 files)" in note for note in dataset.notes)


def test_files_are_read_by_the_bits_of_a_sample(tmp_path):
    found = open_files(deep(tmp_path, 4095))
    assert np.asarray(found.train.read(1)).max() in (255, 127, 128)
    assert any("need 12 bits" in note and "by a sample" in note for note in found.notes)
    values = np.full((8, 8), 60000, np.uint16)
    Image.fromarray(values).save(found.train.files[0])
    assert np.asarray(found.train.read(0)).min() == 255


@pytest.mark.parametrize(("top", "error"), [(4095, True), (65535, False)])
def test_sixteen_bit_colour_is_said_or_refused(tmp_path, top, error):
    values = np.linspace(0, top, 16 * 24 * 3).reshape(16, 24 * 3).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    header = struct.pack(">IIBBBBB", 24, 16, 16, 2, 0, 0, 0)
    data = saved("PNG")[:8] + chunk(b"IHDR", header)
    data += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (tmp_path / "x.png").write_bytes(data)
    found = decode(tmp_path, Samples((str(tmp_path / "x.png"),), (0,)), None, 16)
    said = "use 12 bits or fewer: convert" if error else "to its upper 8 bits (1 of 1 files)"
    assert said in found.notes[0]
    assert len(found.train) == (0 if error else 1)
