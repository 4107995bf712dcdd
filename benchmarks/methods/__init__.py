"""All search methods side by side: what a search costs, and what its policy is worth.

    python -m benchmarks.methods --data cifar10.npz [--costs 1 published 0.25 4 12]
        [--methods autoaugment pba fast_autoaugment faster_autoaugment random randaugment]
        [--searches 3] [--sets 12] [--jobs 2] [--folder runs/methods] [--plan] [--json FILE]

The yardstick is that of `benchmarks.search_quality`: the test error of the proxy after trainings
on fresh sets of images that no search saw, with the same seeds under every policy. There are always
the rows none, uniform and trivialaugment, and the presets default and fast of dada.

Costs are in *child-epochs*: 500 images, as many as the yardstick trains on, from which a network
learns once. It is a forward and a backward pass, so a forward pass alone, such as judging, counts a
third. `--costs` says which rows each method has, in the order in which they are run:

- a number: so many times the child-epochs of dada's default search. The method has its default
  settings, but for the one that makes it as long (`benchmarks.methods.budgets`).
- *published*: the method's published settings with an eighth of the images per network: 500 instead
  of 4,000. Epochs, networks and trials are as published, so all costs shrink by the same factor.
  `--most` leaves out what costs more than so many times dada's default search, and says so.

*Cost to reach dada's error*: the least cost of a method's rows with a mean error no higher.

Everything that is done is kept in `--folder`, row by row: the command can be stopped and started
again, with more rows, sets or searches, too; `--json` is written after every row. `--plan` shows
the rows and what they cost, and runs nothing. Methods pba and fast_autoaugment need the extras ray
and optuna.
"""
