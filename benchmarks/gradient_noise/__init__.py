"""The bias and the noise of each estimator's policy gradient.

    python -m benchmarks.gradient_noise [--data digits|cifar10.npz] [--json FILE]

A child network is trained for some epochs and frozen. For each of N training images the reward of
every draw is measured: each sub-policy, each operation applied or not, and if so at each of L
magnitudes. With that table expected rewards and their gradients are finite sums, and a search step
is a look-up, so estimators can be compared with the exact gradient many times.

First part, at the search's starting point, for each group of parameters: the bias of one step's
gradient in standard errors, its mean squared error relative to the exact gradient, and the cost of
a step. Second part: the selection learns for 320 steps with the child frozen; the rank correlation
of the learnt weights with the exact expected rewards of the sub-policies shows what the search
would have found.
"""
