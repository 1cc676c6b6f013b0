"""Commented examples of what organizers write."""

_TAIL = """\

[times]                      # what the protocol needs; these are the defaults
freeze_delay = "1m"          # from closing until nodes sign no more receipts
round_duration = "1m"        # of one attempt of the nodes to settle
max_rounds = 1440            # attempts before the poll is void
dispute_window = "1d"        # from anchoring until anything is opened
tally_period = "30d"         # in which the tally must come
"""

ROUND = (
    """\
# A round of a shared budget. Create it by: ostraka round create FILE.toml
#
# Times are dates with a zone (2026-12-01T08:00:00+01:00) or durations from now in chain time
# ("+3d", "+2h30m"). Amounts are whole numbers of the token's smallest unit, in quotes or not.

title = "Spring budget"
text = "What shall we spend this spring's money on?"
# token = "0x…"              # an ERC-20 token; without it, the chain's own coin
budget = "1000"
minimum_amount = "1"         # least and most that a proposal may ask for
maximum_amount = "600"
proposals_per_member = 3
maximum_proposals = 50
# proposals_open_at = "+1h"  # now when left out
proposals_close_at = "+14d"
voting_opens_at = "+15d"     # leave the nodes some time to get ready
voting_closes_at = "+22d"
claim_period = "90d"         # in which winners are paid; then money goes back to the funders
secret = true                # false allows weights and electorates that tell on their members
minimum_ballots = 5          # with fewer the poll is void and nothing is opened
# shared_keys = true         # one signing key may sign for several accounts; else it is refused
# committee = "0x…"          # nodes that tally; the gateway's first committee when left out

[members]                    # who may propose; who votes, too, unless [voters] says otherwise
accounts_file = "members.csv"  # columns account, weight, signing_key; seen from this file
# kind = "members"           # instead: members of a MemberRegistry
# contract = "0x…"
# kind = "votes"             # instead: holders of an ERC-20 or ERC-721 with votes (ERC-5805)
# contract = "0x…"
# unit = "1000000000000000000"  # votes that give a weight of one
# voting_keys = true          # with either: accounts may have named a key that votes for them
# classes = 4                # weights made equal within so many classes of five or more voters; or
#                            # "powers_of_two", "equal": ostraka census classes shows what it does

# [voters]                   # as [members]; or who redeems an invitation until proposals close:
# invitations_file = "invitations.csv"  # columns address, weight; ostraka invite makes it

[ballot]
kind = "approval"            # or one of those below
at_least = 0
at_most = 3
# kind = "single_choice"
# kind = "knapsack"          # any proposals that the budget can pay together
# kind = "score"             # a score for each proposal
# max_score = 5
# kind = "points"            # points to give away; at_least as well
# credits = 10
# kind = "quadratic"         # votes whose squares cost credits
# credits = 100
# kind = "ranking"           # the best proposals in order, and what each place scores
# scores = [3, 2, 1]

[outcome]                    # how winners follow from votes
kind = "greedy"              # by rank while the budget lasts
order = "votes"              # or votes_per_cost
misfit = "skip"              # or stop: what happens at a proposal that costs more than is left
minimum_support = 1          # fewest votes of a winner
# kind = "categories"        # proposals name their category, by number from 0
# budgets = ["400", "600"]   # of the categories
# leftover = true            # whether what they leave is spent in a second pass
# kind = "proportional"      # the budget divided by votes; proposals ask for no amount
"""
    + _TAIL
)

POLL = (
    """\
# A poll without a round: a survey or a decision. Create it by: ostraka poll create FILE.toml
#
# Times are dates with a zone (2026-12-01T08:00:00+01:00) or durations from now in chain time
# ("+3d", "+2h30m").

title = "Where shall we meet?"
text = "The place of the summer meeting."
registration_closes_at = "+3d"  # until then invitations can be redeemed; now when left out
# opens_at = "+4d"           # as soon as the nodes are ready when left out
closes_at = "+10d"
secret = true                # false allows weights and electorates that tell on their members
minimum_ballots = 5          # with fewer the poll is void and nothing is opened
# shared_keys = true         # one signing key may sign for several accounts; else it is refused
# committee = "0x…"          # nodes that tally; the gateway's first committee when left out

[voters]                     # who may vote; one of those below
accounts_file = "members.csv"  # columns account, weight, signing_key; seen from this file
# invitations_file = "invitations.csv"  # instead: who redeems an invitation of `ostraka invite`
# kind = "members"           # instead: members of a MemberRegistry
# contract = "0x…"
# kind = "votes"             # instead: holders of an ERC-20 or ERC-721 with votes (ERC-5805)
# contract = "0x…"
# unit = "1000000000000000000"  # votes that give a weight of one
# voting_keys = true          # with either: accounts may have named a key that votes for them
# classes = 4                # weights made equal within so many classes of five or more voters; or
#                            # "powers_of_two", "equal": ostraka census classes shows what it does

[[questions]]                # one or several; a ballot answers all of them
kind = "single_choice"
title = "Where?"
options = ["In the park", "At the lake", "Online", "I do not mind"]
abstain = true               # the last option is an abstention

# Other kinds, with what they need beside title and options:
#   approval                 at_least, at_most
#   knapsack                 costs, budget
#   score                    max_score
#   points                   credits; at_least, max_per_option
#   split                    total (100)
#   quadratic                credits
#   ranking                  scores; at_least
#   histogram                bounds, for brackets of a number
#   cross_tabulation         rows and columns in the place of options
#   number                   low, high, unit; groups, statistics, in the place of options
# [[questions]] may repeat; docs/examples has one of each.

[[outcomes]]                 # one for each question; without any, the counts are the results
kind = "plurality"           # or none, majority, greedy, categories, proportional
seats = 1
minimum_support = 1
"""
    + _TAIL
)
