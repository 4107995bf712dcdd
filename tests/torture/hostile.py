"""Files from outside, policies, pictures, arrays, folders: each is refused in a line, or works."""

import itertools
import traceback

from tests.torture import folders, images, policies

CAMPAIGNS = (policies.campaign, images.campaign, folders.campaign)


def faults(seed, folder):
    for number in itertools.count(seed):
        for campaign in CAMPAIGNS:
            try:
                counts = campaign(number, 5)
            except Exception:  # whatever it is
                yield f"WRONG: seed {number}: {traceback.format_exc()[-800:]}"
            else:
                yield from (word for word, count in counts.items() for _ in range(count))
