"""What the pages' figures mean, for people who sell and for those who lead them."""

LIST = """
**31 % in 6 months**: of 100 accounts with this figure, about 31 buy from this division within the
6 months after the day above. It is no promise about one account. On *Divisions* you see whether
such figures came true.

**4x usual**: four times as likely as the average account that could be offered the same.

**Expected value**: the chance times what such a purchase usually brings. Good for ordering a
list; no single sale will be that amount.

**Grade**: A is the best tenth of all accounts of the division, then B, C, D and F.

**Rising, steady, falling**: the chance against the list before.

**Shortlist**: as many recommendations as your team can call. The others are worth something too;
switch it off to see them.

**Answer**: say *not now*, *do not call*, *already talking* or *won*. It shows at once, everybody
sees who said it, it can be undone, and the next list is made with it.
"""

MATRIX = """
Each line is an account, each column a product line. **Click a cell** for its reason, and to
answer.

- **Green**: could be offered. The stronger the green, the more it is expected to bring.
- **Owned, in talks, blocked, wait**: why it is not on the list. *Wait* means called lately, or
  asked to be left alone.

**How many to call** shows what each further account per rep would bring: expected wins are the
chances added up, of each account its best offer.

**What changed** compares the shortlist with the one before, and says what moved each row.
"""

ACCOUNT = """
**Chance**: of 100 accounts with this figure, about so many buy within the months given.

**Ahead of 93 % of accounts**: compared with all accounts of that division.

**Similar accounts** are in the same industry and own the same product lines; the more they have
in common, the further up they stand. What they own besides is what to talk about.

**Part of a group**: all customers of the same parent, and what there is to offer to them
together.
"""

DIVISIONS = """
Every score of the past is held against what was then bought. **Simple count** is what anybody
could do without a model: whoever ordered most often first. A model that is not better than that
is not worth having.

- **Times more buyers in the top 10 %** (lift): 3 means that calling the best tenth finds three
  times as many buyers as calling at random.
- **Share of buyers in the top 10 %** (capture): how many of all buyers stood in the best tenth.
- **Ranking quality (AUC)**: how often a buyer stands above a non-buyer. 0.5 is a coin, 1 is
  perfect.
- **Calibration**: 20 % should come true 20 times of 100. *Brier score*, *log loss* and
  *calibration error* measure how far off it is; lower is better.
- **95 %**: where the figure would lie 95 times of 100, had other customers been drawn. If two
  bars overlap much, the difference may be chance.
- **Bought before / new to it**: told apart, since to find those who buy again is easy.
"""

HEALTH = """
**Alerts** say what moved away from what was learned: *act now* means not to use the scores before
it is cleared up.

**Proof** lists the tests that would show if a result had known the future.

**Set aside** are records that could not be used, with the reason; nothing is dropped silently.
"""
