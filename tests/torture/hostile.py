"""What comes from outside: policies, pictures, arrays, folders, names in exports, run folders.

Each is refused in one line, or works.
"""

import itertools
import traceback

from tests.torture import exports, folders, images, policies, reports

CAMPAIGNS = [module.campaign for module in (policies, images, folders, exports, reports)]


def faults(seed, folder):
    for number in itertools.count(seed):
        for campaign in CAMPAIGNS:
            try:
                counts = campaign(number, 5)
            except Exception:  # whatever it is
                yield f"WRONG: seed {number}: {traceback.format_exc()[-800:]}"
            else:
                yield from (word for word, count in counts.items() for _ in range(count))
