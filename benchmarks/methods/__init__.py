"""All search methods side by side: what a search costs, and what its policy is worth.

    python -m benchmarks.methods --data cifar10.npz [--rows autoaugment-1 pba-published …]
        [--searches 3] [--sets 12] [--jobs 2] [--folder runs/methods] [--store FILE] [--plan]
        [--json FILE]

The yardstick is that of `benchmarks.search_quality`: the test error of the proxy after trainings
on fresh sets of images that no search saw, with the same seeds under every policy. There are always
the rows none, uniform and trivialaugment, and the presets default and fast of dada.

Costs are in *child-epochs*: 500 images, as many as the yardstick trains on, from which a network
learns once. It is a forward and a backward pass, so a forward pass alone, such as judging, counts a
third. `--rows` says which other rows there are (`benchmarks.methods.rows.ROWS` otherwise), in the
order in which they are run:

- METHOD-TIMES: so many times the child-epochs of dada's default search. The method has its default
  settings, but for the one that makes it as long (`benchmarks.methods.budgets`).
- METHOD-published: the published settings with an eighth of the images per network: 500 instead of
  4,000. Epochs, networks and trials are as published, so all costs shrink by the same factor.
  `--most` leaves out what costs more than so many times dada's default search, and says so.

*Cost to reach dada's error*: the least cost of a method's rows with a mean error no higher.

Everything that is done is kept in `--store` (by default a file in `--folder`), which is all that
is needed to go on after a stop, on another machine too, and with more rows, sets or searches;
`--folder` has the searches' runs. `--json` is written after every row. `--plan` shows the rows and
what they cost, and runs nothing. Methods pba and fast_autoaugment need the extras ray
and optuna.
"""
