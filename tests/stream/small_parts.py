"""The command line with parts small enough for a test: ``python tests/stream/small_parts.py INPUT --model … --out …``.

Workers import this file again, and so have the same parts.
"""

import sys

import stream.lane
import stream.plan
import stream.score

stream.lane.BATCH, stream.lane.PART = 64, 128
stream.plan.UNIT_BYTES, stream.plan.PIECE_RECORDS = 100_000, 400

if __name__ == "__main__":
    sys.exit(stream.score.main())
