"""How good is a search? Its effects, and its policies, on images that it never saw.

    python -m benchmarks.search_quality --data cifar10.npz [--yardsticks rank policy scale]
        [--rows none uniform default fast ...] [--searches 3] [--sets 12] [--jobs 2]
        [--folder runs/search_quality] [--json FILE] [--picture FILE.svg]

Yardsticks:

- *rank*: Spearman's correlation of a search's effects of single operations with a reference: whole
  trainings of the proxy under each operation, on images that no search saw, judged by others.
- *policy*: the test error of the proxy after trainings on fresh sets of images, under the policies
  of every row, with the same seeds.
- *scale*: the same on many images, with a larger proxy and for fewer epochs (`--sizes`).

What larger networks make of the policies is measured by `benchmarks.quality --size few`.

A row is the name of an augmentation (none, uniform, trivialaugment, a published policy), of a
preset of ours, `LABEL=SETTING=VALUE,…` for a search with other settings, or `LABEL=FILE.json` or
several files joined by + for policies that were found elsewhere, one per search.

Everything that is done is kept in `--folder`, each result under all that it depends on: the command
can be stopped and started again, with more sets or rows, too. Data with too few images to keep all
parts apart is cut in two halves: what was searched on one is trained on the other.
"""
