"""AutoAugment's controller: a network whose outputs are the chances of every next decision.

It is a function of numbers alone: it knows neither policies nor rewards. Uniform numbers go in and
decisions come out, or decisions go in and their log-probabilities come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

UNITS = 100
"""Of the LSTM (AutoAugment, section 3.2: one layer of 100 hidden units)."""
_RANGE = 0.1  # of the first weights; the paper does not give it. Every choice begins near even


class Rated(NamedTuple):
    """What the controller makes of decisions.

    Attributes:
        log_probability: (B, T) of each decision, given those before it.
        entropy: (B, T) in nats, of the distribution that each was drawn from.
    """

    log_probability: Tensor
    entropy: Tensor


class Controller(nn.Module):
    """An LSTM and a softmax for each decision, whose embedding is the next input.

    Decisions come in turn from kinds with so many choices each. Those of one kind share their
    softmax layer and their embeddings; the LSTM's state tells them apart. Everything is float64 and
    on the CPU.

    Args:
        choices: the number of choices of each kind.
        turns: how often each kind comes; there are T = turns × kinds decisions.
        generator: draws the first weights.
        units: size of the LSTM's state and of the embeddings.

    Examples:
        >>> import torch
        >>> controller = Controller((15, 11, 10), turns=10, generator=torch.Generator())
        >>> controller.draw(torch.rand(4, 30, dtype=torch.float64)).shape
        torch.Size([4, 30])
    """

    def __init__(
        self,
        choices: Sequence[int],
        turns: int,
        generator: torch.Generator,
        units: int = UNITS,
    ) -> None:
        super().__init__()
        self.choices, self.turns = tuple(choices), turns
        self.first = nn.Parameter(torch.empty(units))
        self.embeddings = nn.ModuleList(nn.Embedding(count, units) for count in choices)
        self.lstm = nn.LSTM(units, units, batch_first=True)
        self.heads = nn.ModuleList(nn.Linear(units, count) for count in choices)
        self.double()
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-_RANGE, _RANGE, generator=generator)

    @property
    def length(self) -> int:
        """T, the number of decisions."""
        return self.turns * len(self.choices)

    @property
    def most_entropy(self) -> float:
        """That of T decisions without any preference, in nats."""
        return self.turns * torch.tensor(self.choices, dtype=torch.float64).log().sum().item()

    @torch.no_grad()
    def draw(self, uniform: Tensor) -> Tensor:
        """Decisions, each by the inverse of its distribution function.

        Args:
            uniform: (B, T) float64 in [0, 1).

        Returns:
            (B, T) int64; decision t is below ``choices[t % kinds]``.
        """
        given, state, drawn = self._start(len(uniform)), None, []
        for time in range(self.length):
            kind = time % len(self.choices)
            output, state = self.lstm(given, state)
            up_to = self.heads[kind](output[:, 0]).softmax(1).cumsum(1)
            # The last sum may be below 1 by rounding.
            found = (uniform[:, time, None] >= up_to[:, :-1]).sum(1, keepdim=True)
            drawn.append(found[:, 0])
            given = self.embeddings[kind](found)
        return torch.stack(drawn, 1)

    def forward(self, decisions: Tensor) -> Rated:
        """Log-probabilities and entropies, with the graph to the weights.

        Args:
            decisions: (B, T) int64.
        """
        logs = self.distributions(decisions)
        parts = [decisions[:, kind :: len(self.choices), None] for kind in range(len(logs))]
        chosen = [log.gather(2, part)[..., 0] for log, part in zip(logs, parts, strict=True)]
        entropies = [-(log.exp() * log).sum(2) for log in logs]
        return Rated(*(torch.stack(each, 2).flatten(1) for each in (chosen, entropies)))

    def distributions(self, decisions: Tensor) -> list[Tensor]:
        """The logarithms of the chances of every choice, given the decisions before.

        Args:
            decisions: (B, T) int64.

        Returns:
            (B, turns, choices) of each kind.
        """
        kinds = len(self.choices)
        embedded = [table(decisions[:, k::kinds]) for k, table in enumerate(self.embeddings)]
        before = torch.stack(embedded, 2).flatten(1, 2)[:, :-1]
        states, _ = self.lstm(torch.cat([self._start(len(decisions)), before], 1))
        return [head(states[:, k::kinds]).log_softmax(2) for k, head in enumerate(self.heads)]

    def _start(self, count: int) -> Tensor:
        """(B, 1, units): what comes before the first decision."""
        return self.first.expand(count, 1, -1)
