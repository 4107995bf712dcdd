"""What is compared: augmentations, and the sizes of the trainings."""

from dataclasses import dataclass

from dada.policy import PAPER_OPERATIONS

SIZES: dict[str, dict[str, list[str]]] = {
    # The reduced set: minutes per training on one core.
    "small": {
        "train": ["--images", "4000", "--model", "wrn-16-1", "--epochs", "50"],
        "search": [],
        "child": ["--model", "wrn-16-1"],
    },
    # Few images for longer, where augmentation helps most: minutes per training on one core.
    "few": {
        "train": ["--images", "1000", "--model", "wrn-16-1", "--epochs", "100"],
        "search": ["--images", "1000"],
        "child": ["--model", "wrn-16-1"],
    },
    # Fewer still: two minutes per training, enough to tell single operations apart.
    "fewer": {
        "train": ["--images", "500", "--model", "wrn-16-1", "--epochs", "100", "--batch", "64"],
        "search": ["--images", "500"],
        "child": ["--model", "wrn-16-1"],
    },
    # As "few" for a larger network: a quarter of an hour per training.
    "tiny": {
        "train": ["--images", "1000", "--model", "wrn-16-2", "--epochs", "200"],
        "search": ["--images", "1000"],
        "child": ["--model", "wrn-16-2"],
    },
    # The paper's networks on the reduced set, for a GPU.
    "paper": {
        "train": ["--recipe", "cifar10-wrn-40-2", "--images", "4000"],
        "search": [],
        "child": ["--model", "wrn-40-2"],
    },
    "paper-wide": {
        "train": ["--recipe", "cifar10-wrn-28-10", "--images", "4000"],
        "search": [],
        "child": ["--model", "wrn-40-2"],
    },
}


@dataclass(frozen=True)
class Row:
    """An augmentation: a policy for `dada train`, or the options of the search for one."""

    words: str
    policy: str = ""
    search: tuple[str, ...] | None = None
    child: bool = False  # whether the search uses the network that is trained afterwards
    cutout: bool = True


ROWS = {
    "none": Row("crop and flip", "none", cutout=False),
    "cutout": Row("crop, flip and Cutout", "none"),
    "uniform": Row("uniform policy, no search", "uniform"),
    "random25": Row("25 random sub-policies", "random25.json"),
    "randaugment": Row("RandAugment", "randaugment"),
    "trivialaugment": Row("TrivialAugment", "trivialaugment"),
    "autoaugment": Row("AutoAugment, published", "autoaugment-cifar10"),
    "fast-autoaugment": Row("Fast AutoAugment, published", "fast-autoaugment-cifar10"),
    "dada": Row("DADA, published", "dada-cifar10"),
    "ours-paper": Row("our search, paper preset", search=("--preset", "paper"), child=True),
    "ours-paper-gumbel": Row(  # the paper's ablation: RELAX, which is the preset's, against it
        "our search, paper preset, Gumbel-Softmax",
        search=("--preset", "paper", "--estimator", "gumbel-softmax"),
        child=True,
    ),
    "ours": Row("our search, default", search=()),
    "ours-fast": Row("our search, fast", search=("--preset", "fast")),
}
USUAL = tuple(ROWS)
RIVALS = ("cutout", "uniform", "trivialaugment", "dada")  # differences from these are shown
ROWS |= {f"only-{name}": Row(f"{name} alone", f"only-{name}.json") for name in PAPER_OPERATIONS}
