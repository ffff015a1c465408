"""Every limit of the data checks, and why it is there; "recorded" is the market that `docs/market-data.md` measures.

Recorded: 1,408,408 candles of 1 minute to 1 day of 62 perpetuals of Binance and 59 of Bybit, 2019 to 2026.
"""

from include.market.publication import Release

# one in ten symbols may be delisted or renamed; more is an outage
FAILED_SYMBOLS_SHARE = 0.10

# single bad rows happen; of more than this the rest cannot be trusted either
REFUSED_SHARE = 0.01
# a batch of four new candles is not broken by one of them
REFUSED_ROWS = 3

# an outage of the venue leaves some; more than this is a broken feed
MISSING_SHARE = 0.05

# of the newest symbol: one candle may be late while the venue closes it, more is a feed that stands still
FEED_LAG = 1

# candles in a row equal to the one before them in every number, traded volume included: recorded 0, a market cannot
REPEATED_CANDLES = 1
# candles in a row without any movement of the price: recorded 4 of 1m (a thin market at night), 2 of 1h, 0 of 4h and 1d
STILL_CANDLES = {"1m": 30, "5m": 12, "15m": 8, "1h": 6, "4h": 3, "1d": 2}

# candles whose usual move is taken together, and fewest from which it is known
SPIKE_WINDOW = 500
SPIKE_FEWEST = 50
# usual moves (`spikes.scores`) of one return: recorded 60.4 (ETC, 2025-10-10 21:00, the crash)
SPIKE_JUMP = 75.0
# the smaller of two returns that undo each other: recorded 28.2 (ETH, 2023-08-17 21:00, a crash)
SPIKE_REVERSAL = 30.0
# a market whose price hardly moves still moves by its tick
SPIKE_LEAST_MOVE = 1e-4

# closes of two venues: recorded median 2.5 bp, of one symbol up to 8.6 (OGN); ten times that is another market
VENUE_MEDIAN_BPS = 86.0
# one close: recorded 3 of 38,871 above it (ZEC, 2025-04-07, -12 and -13), 300 bp at most
VENUE_CLOSE_BPS = 100.0
# fewest common candles from which a median is judged
VENUE_FEWEST = 20

# prices of two timeframes are the same numbers, summed volumes up to rounding: recorded 0.065 % in one 1d candle
TIMEFRAME_PRICE = 1e-9
TIMEFRAME_VOLUME = 1e-3
# of a symbol's candles; recorded: all of them at 2024-10-28 20:00, where the exchange itself disagrees
TIMEFRAME_SHARE = 0.5
# fewest common candles from which a share is judged
TIMEFRAME_FEWEST = 6

# values in a row that may be equal. Daily figures: recorded 8 (DGS2); the policy rate stood still for 13 months
FLAT_MACRO = {Release.DAILY: 15, Release.H10: 15, Release.MONTHLY: 36}
# recorded: fear & greed 4, long/short ratio 2, open interest 1
FLAT_FEAR_GREED = 10
FLAT_POSITIONING = 6
# values in a row that say "neither nor", which is what a source fills in: recorded fear & greed 3 at 50, ratio 0 at 1
NEUTRAL_FEAR_GREED = (50.0, 6)
NEUTRAL_RATIO = (1.0, 3)
