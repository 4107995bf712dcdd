"""The parts of a file for timm; a policy takes those that it needs."""

HPARAMS = """\
# The nearest pixel, and black outside, in colour and in grey.
HPARAMS = {"interpolation": Image.Resampling.NEAREST, "img_mean": 0}
"""

DRAW = '''\
def draw(magnitude, spread, lines):
    """The value of one image: offset + slope * magnitude, of lines that are equally likely.

    With a spread the magnitude is sigmoid(logit(magnitude) + spread * standard logistic noise).
    """
    if spread:
        inside = (min(max(x, 1e-12), 1 - 1e-12) for x in (magnitude, random.random()))
        logit, noise = (math.log(x / (1 - x)) for x in inside)
        magnitude = 0.5 + 0.5 * math.tanh((logit + spread * noise) / 2)
    offset, slope = random.choice(lines)
    return offset + slope * magnitude
'''

CLASSES = {
    "Drawn": '''\
class Drawn(AugmentOp):
    """timm's operation, at values that its levels cannot express."""

    def __init__(self, name, prob, magnitude, spread, lines):
        super().__init__(name, prob, magnitude, HPARAMS)
        self.spread, self.lines = spread, lines
        self.level_fn = self.argument

    def argument(self, magnitude, hparams):
        value = draw(magnitude, self.spread, self.lines)
        return (max(1, int(value)) if self.name == "PosterizeOriginal" else value,)
''',
    "Cutout": '''\
class Cutout:
    """A square at a random place, its side a fraction of the width, in ImageNet's mean colour."""

    def __init__(self, prob, *how):
        self.prob, self.how = prob, how

    def __call__(self, image):
        side = draw(*self.how) * image.width
        if random.random() >= self.prob or side <= 0:
            return image
        x = int(max(0, random.random() * image.width - side / 2))
        y = int(max(0, random.random() * image.height - side / 2))
        ends = min(image.width, x + side), min(image.height, y + side)
        image = image.copy()
        fill = 123 if image.mode == "L" else (125, 123, 114)
        ImageDraw.Draw(image).rectangle((x, y, *ends), fill=fill)
        return image
''',
}
"""What a file may need of its own, by the word that calls it, in the order of the file."""

ALWAYS = '''\
class Augment(AutoAugment):
    """timm's AutoAugment, by weight, of PIL images alone."""

    def __init__(self, policy, weights=None):
        super().__init__(policy)
        self.weights = weights

    def __call__(self, img):
        if not isinstance(img, Image.Image):
            raise TypeError(f"expected one PIL image, got {type(img).__name__}: convert it first")
        if img.mode not in ("RGB", "L"):
            raise TypeError(f'an image of mode {img.mode}: convert it to "RGB" or "L" first')
        if 0 not in img.size:
            for op in random.choices(self.policy, self.weights)[0]:
                img = op(img)
        return img


def add_to(place):
    """Put `augment` where it belongs in timm's own training transform.

    Args:
        place: the loader that create_loader gives, its dataset, or what create_transform gives.
            With num_aug_splits the first split stays as it is.

    Raises:
        ValueError: there is no such transform, or the policy is in it already.
    """
    steps = find_steps(place)
    if any(isinstance(step, Augment) for step in steps):
        raise ValueError("a policy is in this transform already")
    names = [type(step).__name__ for step in steps]
    moving = [i for i, name in enumerate(names) if any(word in name for word in GEOMETRY)]
    place = max(moving, default=-1) + 1
    if any("Tensor" in name or "ToImage" in name for name in names[:place]):
        raise ValueError("crop or flip is of tensors here: the policy takes PIL images")
    steps.insert(place, augment)


GEOMETRY = ("Crop", "Flip", "Resize")


def find_steps(place):
    """The list of transforms that `augment` belongs to."""
    if isinstance(place, (tuple, list)) and len(place) == 3:  # separate: crop, colour, tensors
        place = place[1]
    for _ in range(9):  # a loader's dataset's dataset's transform
        if isinstance(getattr(place, "transforms", None), list):
            return place.transforms
        names = ("augmentation", "transform", "dataset")  # the first is AugMixDataset's
        place = next((getattr(place, n) for n in names if getattr(place, n, None)), None)
    raise ValueError("no transform of timm's in it: make the loader with is_training=True first")
'''
