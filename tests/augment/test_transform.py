import pickle
from zlib import crc32

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import tv_tensors
from torchvision.ops import box_iou
from torchvision.transforms import v2

from dada.augment import PolicyTransform, Sampler, apply
from dada.ops import PAPER_OPERATIONS, get
from dada.policy import Operation, Policy, Scale, SearchSpace, SubPolicy, load_policy

POLICY = SearchSpace(scale=Scale("strength")).uniform()
INVERT = Policy((SubPolicy((Operation("Invert", 1.0, 0.0),)),))
GEOMETRIC = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")
PATCH = (120, 120, 200, 220)  # x0, y0, x1, y1


def patch_in(height, width):
    """Noise with a white patch; the patch's mask, its box and its corners."""
    generator = torch.Generator().manual_seed(0)
    image = torch.randint(255, (3, height, width), dtype=torch.uint8, generator=generator)
    mask = torch.zeros(1, height, width, dtype=torch.uint8)
    x0, y0, x1, y1 = PATCH
    for pixels, value in ((image, 255), (mask, 1)):
        pixels[:, y0:y1, x0:x1] = value
    corners = torch.tensor([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=torch.float32)
    canvas = {"canvas_size": (height, width)}
    box = tv_tensors.BoundingBoxes([PATCH], format="XYXY", dtype=torch.float32, **canvas)
    points = tv_tensors.KeyPoints(corners, **canvas)
    return tv_tensors.Image(image), tv_tensors.Mask(mask), box, points


def check_moved(image, mask, box, points):
    """The mask is where the image is white, and the box is around the mask and the corners."""
    assert torch.equal(image[0] == 255, mask.as_subclass(torch.Tensor)[0] == 1)
    inside = mask[0].nonzero().flip(1)
    tight = torch.cat([inside.amin(0), inside.amax(0) + 1])[None].float()
    plain = box.as_subclass(torch.Tensor)
    assert box_iou(plain, tight) >= 0.95
    corners = points.as_subclass(torch.Tensor)
    around = torch.cat([corners.amin(0), corners.amax(0)]).clamp(min=0)
    around[2:] = around[2:].minimum(torch.tensor(image.shape[:0:-1]))
    torch.testing.assert_close(around[None], plain, atol=1e-3, rtol=0)


def alone(*operations):
    return Policy((SubPolicy(tuple(Operation(name, 1.0, m) for name, m in operations)),))


@pytest.fixture
def image():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (3, 16, 16), dtype=torch.uint8, generator=generator)


def test_every_kind_of_image_gives_the_same_pixels(image):
    transform = PolicyTransform(INVERT)
    expected = 255 - image
    assert torch.equal(transform(image), expected)
    assert torch.equal(transform(image[None])[0], expected)
    picture = transform(v2.functional.to_pil_image(image))
    assert isinstance(picture, Image.Image) and picture.mode == "RGB"
    assert torch.equal(v2.functional.pil_to_tensor(picture), expected)
    wrapped = transform(tv_tensors.Image(image))
    assert isinstance(wrapped, tv_tensors.Image) and torch.equal(
        wrapped.as_subclass(torch.Tensor), expected
    )


@pytest.mark.parametrize("channels", [2, 5])
def test_images_of_any_number_of_channels(channels):
    images = torch.randint(256, (6, channels, 16, 16), dtype=torch.uint8)
    assert torch.equal(PolicyTransform(INVERT)(images), 255 - images)
    published = load_policy("dada-cifar10").transform()  # which names Color as well
    assert published(images).shape == images.shape and published(images[0]).dtype == torch.uint8


def test_grey_pictures(image):
    picture = v2.functional.to_pil_image(image[:1])
    result = PolicyTransform(INVERT)(picture)
    assert result.mode == "L"
    assert torch.equal(v2.functional.pil_to_tensor(result), 255 - image[:1])


def test_a_batch_has_a_draw_for_every_image(image):
    torch.manual_seed(0)
    batch = PolicyTransform(POLICY)(image.expand(64, 3, 16, 16))
    assert len({tuple(i.flatten().tolist()) for i in batch}) > 32


def test_the_global_seed_fixes_the_stream(image):
    transform = PolicyTransform(POLICY)

    def stream():
        torch.manual_seed(7)
        return torch.stack([transform(image) for _ in range(10)])

    assert torch.equal(stream(), stream())


def test_labels_pass_through(image):
    result, label, target = PolicyTransform(INVERT)(image, 3, torch.tensor(5))
    assert label == 3 and target == 5 and torch.equal(result, 255 - image)


def test_inside_a_compose_and_through_a_pickle(image):
    pipeline = v2.Compose([PolicyTransform(INVERT), v2.ToDtype(torch.float32, scale=True)])
    torch.testing.assert_close(pickle.loads(pickle.dumps(pipeline))(image), (255 - image) / 255)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (torch.zeros(3, 4, 4), "uint8"),
        (Image.new("RGBA", (4, 4)), "RGBA"),
        (Image.new("I;16", (4, 4)), "I;16"),
        (tv_tensors.Video(torch.zeros(2, 3, 4, 4, dtype=torch.uint8)), "videos"),
        (
            (
                Image.new("L", (4, 4)),
                tv_tensors.BoundingBoxes(
                    [[1.0, 1, 2, 2, 30]], format="CXCYWHR", canvas_size=(4, 4)
                ),
            ),
            "XYXY",
        ),
    ],
)
def test_what_would_come_out_wrong_is_refused(wrong, reason):
    with pytest.raises(TypeError, match=reason):
        PolicyTransform(POLICY)(wrong)


class Repeated(Dataset):
    """The same picture many times, so that only the draws differ."""

    def __init__(self, image, transform):
        self.image, self.transform = image, transform

    def __len__(self):
        return 24

    def __getitem__(self, index):
        return self.transform(self.image)


def test_no_two_workers_draw_alike_and_a_seed_repeats_them(image):
    data = Repeated(image, PolicyTransform(POLICY))

    def epoch():
        torch.manual_seed(3)
        return torch.cat(list(DataLoader(data, batch_size=12, num_workers=2)))

    first = epoch()
    # Batch 0 comes from worker 0 and batch 1 from worker 1.
    assert not torch.equal(first[:12], first[12:])
    assert torch.equal(first, epoch())


@pytest.mark.parametrize("magnitude", (0.0, 0.2, 0.35, 0.5, 0.9))
@pytest.mark.parametrize("name", GEOMETRIC)
def test_boxes_masks_and_points_move_with_the_image(name, magnitude):
    torch.manual_seed(0)
    transform = PolicyTransform(alone((name, magnitude)))
    for _ in range(4):  # either sign
        check_moved(*transform(*patch_in(400, 320)))


def test_several_operations_move_them_one_after_the_other():
    torch.manual_seed(0)
    transform = PolicyTransform(alone(("ShearX", 0.7), ("Rotate", 0.3), ("Color", 1.0)))
    sample = patch_in(400, 320)
    params = transform.make_params([])
    _, mask, _, points = (transform.transform(item, params) for item in sample)
    known = apply(sample[1].as_subclass(torch.Tensor)[None], params["draw"])[0]
    assert torch.equal(mask.as_subclass(torch.Tensor), known)
    # The area of a parallelogram by its corners: shears and turns keep it.
    x, y = points.as_subclass(torch.Tensor).double().T
    area = (x * y.roll(-1) - y * x.roll(-1)).sum() / 2
    assert area == pytest.approx(80 * 100, rel=1e-5)


@pytest.mark.parametrize("name", [n for n in PAPER_OPERATIONS if n not in GEOMETRIC])
def test_colours_and_cutout_leave_boxes_and_masks(name):
    sample = patch_in(400, 320)
    image, *moved = PolicyTransform(alone((name, 1.0)))(*sample)
    assert image.shape == sample[0].shape
    assert all(torch.equal(a, b) for a, b in zip(moved, sample[1:], strict=True))


def test_boxes_and_masks_change_nothing_about_the_image(image):
    transform = PolicyTransform(POLICY)
    mask = tv_tensors.Mask(torch.zeros(2, 16, 16, dtype=torch.bool))
    boxes = tv_tensors.BoundingBoxes([[1, 2, 5, 9]], format="XYXY", canvas_size=(16, 16))
    for seed in range(20):
        torch.manual_seed(seed)
        expected = transform(image)
        torch.manual_seed(seed)
        out = transform({"mask": mask, "boxes": boxes, "image": tv_tensors.Image(image)})
        assert torch.equal(out["image"].as_subclass(torch.Tensor), expected)


@pytest.mark.parametrize("dtype", (torch.bool, torch.uint8, torch.int64, torch.float32))
def test_masks_of_any_type_and_rank_move(dtype):
    transform = PolicyTransform(alone(("Rotate", 1.0)))
    plain = torch.rand(30, 20, generator=torch.Generator().manual_seed(0)) < 0.5
    params = transform.make_params([])
    known = get("Rotate").kernel(plain[None, None].to(torch.uint8), params["draw"].value[0])[0, 0]
    for mask in (plain, plain[None], plain.expand(2, 3, 30, 20), plain[None][:0]):
        moved = transform.transform(tv_tensors.Mask(mask.to(dtype)), params)
        assert moved.dtype == dtype and isinstance(moved, tv_tensors.Mask)
        assert torch.equal(moved.as_subclass(torch.Tensor), known.to(dtype).expand(mask.shape))


@pytest.mark.parametrize("format_", ("XYXY", "XYWH", "CXCYWH"))
@pytest.mark.parametrize("dtype", (torch.int64, torch.float32))
def test_boxes_of_any_format_move_alike(format_, dtype):
    transform = PolicyTransform(alone(("Rotate", 0.9)))
    params = transform.make_params([])
    box = patch_in(400, 320)[2]
    known = transform.transform(box, params).as_subclass(torch.Tensor)
    F = v2.functional
    other = F.convert_bounding_box_format(box, new_format=format_)
    other = tv_tensors.wrap(other.as_subclass(torch.Tensor).to(dtype), like=other)
    moved = transform.transform(other, params)
    assert moved.dtype == dtype and moved.format.value == format_
    exact = tv_tensors.wrap(moved.as_subclass(torch.Tensor).double(), like=moved)
    plain = F.convert_bounding_box_format(exact, new_format="XYXY").as_subclass(torch.Tensor)
    # Whole numbers are off by a half each: centre and size together by three quarters.
    atol = 1e-3 if dtype == torch.float32 else 0.76
    torch.testing.assert_close(plain, known.double(), atol=atol, rtol=0)
    nothing = tv_tensors.wrap(other.as_subclass(torch.Tensor)[:0], like=other)
    assert transform.transform(nothing, params).shape == (0, 4)


@pytest.mark.parametrize("format_", ("XYXY", "XYWH", "CXCYWH"))
@pytest.mark.parametrize("dtype", (torch.int64, torch.float16, torch.float32, torch.float64))
def test_boxes_that_are_left_are_not_lost_by_rounding_at_the_border(format_, dtype):
    """torchvision's sanitiser drops a box that ends beyond the canvas, with its label."""
    random = torch.Generator().manual_seed(0)
    transform = PolicyTransform(alone(("Rotate", 0.9), ("TranslateX", 0.9)))
    F, sanitise = v2.functional, v2.SanitizeBoundingBoxes(min_size=2.0)
    image = tv_tensors.Image(torch.zeros(1, 48, 61, dtype=torch.uint8))
    corners = (torch.rand(300, 2, 2, generator=random) * torch.tensor([61, 48])).sort(1).values
    for _ in range(5):
        params = transform.make_params([])
        boxes = tv_tensors.BoundingBoxes(
            corners.flatten(1).double(), format="XYXY", canvas_size=(48, 61)
        )
        exact = transform.transform(boxes, params).as_subclass(torch.Tensor)
        large = ((exact[:, 2:] - exact[:, :2]) > 4).all(1)
        boxes = F.convert_bounding_box_format(boxes, new_format=format_)
        boxes = tv_tensors.wrap(boxes.as_subclass(torch.Tensor).to(dtype), like=boxes)
        moved = transform.transform(boxes, params)
        left = sanitise({"image": image, "boxes": moved, "labels": torch.arange(300)})
        assert set(large.nonzero()[:, 0].tolist()) <= set(left["labels"].tolist())
        assert (exact[large, 2:] == torch.tensor([61, 48])).any()


def test_a_batch_moves_each_mask_with_its_own_image(image):
    torch.manual_seed(0)
    transform = PolicyTransform(alone(("Rotate", 1.0), ("TranslateX", 0.9)))
    batch = image.expand(6, 3, 16, 16)
    # Every draw moves its image alike, so the image itself can be the mask.
    out, mask = transform(tv_tensors.Image(batch), tv_tensors.Mask(batch))
    out, mask = out.as_subclass(torch.Tensor), mask.as_subclass(torch.Tensor)
    assert torch.equal(out, mask) and len({tuple(i.flatten().tolist()) for i in out}) > 1
    boxes = tv_tensors.BoundingBoxes([[1, 2, 5, 9]], format="XYXY", canvas_size=(16, 16))
    few = tv_tensors.Mask(mask[:2])
    for wrong, reason in ((boxes, "before they become a batch"), (few, "must be")):
        with pytest.raises(TypeError, match=reason):
            transform(tv_tensors.Image(batch), wrong)


def test_an_affine_operation_of_ones_own_moves_them_too(zoom):
    check_moved(*PolicyTransform(alone((zoom, 0.4)))(*patch_in(400, 320)))


@pytest.mark.parametrize("name", ["dada-cifar10", "autoaugment-imagenet", "strength"])
def test_a_picture_alone_gets_the_draw_that_a_batch_of_one_gets(name):
    """Drawn in plain numbers and by tensors from the same stream, to the last digits."""
    if name == "strength":  # random magnitudes, and sub-policies of unequal length
        long = SubPolicy(tuple(Operation(o, 0.7, 0.3, 1.0) for o in ("Rotate", "Cutout", "Color")))
        short = SubPolicy((Operation("ShearX", 1.0, 1.0, 0.5),))
        policy = Policy((long, short), Scale("strength"))
    else:
        policy = load_policy(name)
    sampler = Sampler(policy)
    seen = set()
    for seed in range(200):
        torch.manual_seed(seed)
        one = sampler.one()
        torch.manual_seed(seed)
        draw = sampler(1).choices()
        assert [c[0] for c in one] == [c[0] for c in draw]
        for (_, value, place), (_, expected, where) in zip(one, draw, strict=True):
            assert value == pytest.approx(expected, rel=1e-9, abs=1e-12) and place == where
        seen |= {c[0] for c in one}
    assert len(seen) > 3


def test_a_picture_in_a_sample_a_tensor_and_a_batch_come_out_alike():
    policy = load_policy("autoaugment-cifar10")
    transform = policy.transform()
    images = torch.randint(256, (20, 3, 16, 16), dtype=torch.uint8)
    for seed, image in enumerate(images):
        picture = Image.fromarray(image.permute(1, 2, 0).numpy())
        results = []
        for way in (picture, {"image": picture, "label": 3}, image, image[None]):
            torch.manual_seed(seed)
            result = transform(way)
            result = result["image"] if isinstance(result, dict) else result
            if isinstance(result, Image.Image):
                result = torch.from_numpy(np.array(result)).permute(2, 0, 1)
            results.append(result.view(3, 16, 16) if result.is_contiguous() else result)
        assert all(torch.equal(results[0], other) for other in results[1:])


@pytest.mark.parametrize(("channels", "expected"), [(3, 3707766829), (1, 1355853085)])
def test_bytes_of_a_seed_stay_what_they_are_in_every_form(channels, expected):
    """Checksums from dada 0.4: a faster way must not change what a seed gives."""
    transform = load_policy("autoaugment-imagenet").transform()
    generator = torch.Generator().manual_seed(0)
    image = torch.randint(256, (channels, 30, 22), dtype=torch.uint8, generator=generator)
    image = image.sort(2).values  # smooth enough for Equalize and AutoContrast to matter
    array = image.permute(1, 2, 0).numpy()
    picture = Image.fromarray(array.squeeze(2) if channels == 1 else array)
    transposed = image.mT.contiguous().mT
    forms = (picture, image, transposed, tv_tensors.Image(image), image[None], array, [image, 3])
    for form in forms:
        found = 0
        for seed in range(60):
            torch.manual_seed(seed)
            result = transform(form)
            result = result[0] if isinstance(result, list) else result
            if isinstance(result, torch.Tensor):
                result = result.as_subclass(torch.Tensor).view(image.shape).permute(1, 2, 0)
            found = crc32(np.asarray(result).tobytes(), found)
        assert found == expected, type(form)


def test_the_result_shares_no_memory_with_the_picture():
    untouched = Policy((SubPolicy((Operation("Invert", 0.0, 0.0),)),)).transform()
    for channels in (1, 3):
        image = torch.randint(256, (channels, 8, 8), dtype=torch.uint8)
        for given in (image, image.permute(1, 2, 0).numpy()):
            before = given + 0
            result = untouched(given)
            result[:] = 7
            assert (given == before).all()


def test_the_largest_spread_is_no_error():
    wild = Policy((SubPolicy((Operation("Rotate", 1.0, 0.5, 100.0),)),), Scale("strength"))
    torch.manual_seed(0)
    values = [abs(round(Sampler(wild).one()[0][1])) for _ in range(50)]
    assert values.count(0) + values.count(30) > 45, "nearly always the weakest or the strongest"
    assert {0, 30} <= set(values)
