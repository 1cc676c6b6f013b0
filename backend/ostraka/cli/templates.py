"""Commented examples of what organizers write."""

from ostraka_verifier.question import KINDS

_QUESTION_KINDS = "".join(
    f"#   {kind:24} {'; '.join(', '.join(members) for members in one.members() if members)}\n"
    for kind, one in KINDS.items()
)

_TAIL = """\

[times]                      # periods of the protocol; these are the defaults
freeze_delay = "1m"          # from closing until nodes sign no more receipts
round_duration = "1m"        # of one settling round of the nodes
max_rounds = 1440            # settling rounds before the poll is void
dispute_window = "1d"        # from anchoring until the tally is opened
tally_period = "30d"         # in which the tally must arrive
# response_time = "6h"       # to answer a challenge of the root; default: a quarter of the window
# max_dispute_delay = "1d"   # most that disputes lengthen the window; default: 4 × response_time
"""

ROUND = (
    """\
# A round of a shared budget. Create it with: ostraka round create FILE.toml
#
# Times are dates with a zone (2026-12-01T08:00:00+01:00) or durations from now in chain time
# ("+3d", "+2h30m"). Amounts are in units of the coin or token, with its symbol or without one
# ("600.5 PLN", "600.5"); "60050 base units" counts in its smallest unit.

title = "Spring budget"
text = "What shall we spend this spring's money on?"
# token = "0x…"              # an ERC-20 token; without it, the chain's own coin
budget = "10"
minimum_amount = "0.1"       # bounds of a proposal's amount
maximum_amount = "6"
proposals_per_member = 3
maximum_proposals = 50
# proposals_open_at = "+1h"  # default: now
proposals_close_at = "+14d"
voting_opens_at = "+15d"     # allow the nodes time to prepare
voting_closes_at = "+22d"
claim_period = "90d"         # in which winners are paid; the rest then goes back to the funders
# veto_holder = "0x…"        # an account that may veto all payouts before they open
# payout_delay = "1d"        # from the decision until payouts open; default: a day with a
#                            # veto_holder, otherwise none
secret = true                # false allows weights and electorates that may reveal votes
minimum_ballots = 5          # with fewer, the poll is void and nothing is opened
# shared_keys = true         # allows one signing key to sign for several accounts
# committee = "0x…"          # nodes that tally; default: the gateway's first committee

[members]                    # who may propose, and vote unless [voters] states other voters
accounts_file = "members.csv"  # columns account, weight, signing_key; path relative to this file
# kind = "members"           # instead: members of a MemberRegistry
# contract = "0x…"
# kind = "votes"             # instead: holders of an ERC-20 or ERC-721 with votes (ERC-5805)
# contract = "0x…"
# unit = "1000000000000000000"  # votes that make a weight of 1
# voting_keys = true          # with either kind: accounts may use a voting key
# classes = 4                # weights made equal within at most 4 classes of five or more voters;
#                            # or "powers_of_two", "equal"; see: ostraka census classes

# [voters]                   # as [members]; or those who redeem invitations until proposals close:
# invitations_file = "invitations.csv"  # columns address, weight; from ostraka invite

[ballot]
kind = "approval"            # or one of these
at_least = 0
at_most = 3
# kind = "single_choice"
# kind = "knapsack"          # any proposals that the budget covers
# kind = "score"             # a score for each proposal
# max_score = 5
# kind = "points"            # points to distribute; also at_least
# credits = 10
# kind = "quadratic"         # v votes for a proposal cost v² credits
# credits = 100
# kind = "ranking"           # the best proposals in order, and the score of each place
# scores = [3, 2, 1]

[outcome]                    # how votes determine winners
kind = "greedy"              # by rank while the budget lasts
order = "votes"              # or votes_per_cost; at equal rank, the earlier proposal goes first
misfit = "skip"              # or stop: if a proposal does not fit the remaining budget
minimum_support = 1          # minimum votes of a winner
# kind = "categories"        # proposals name their category, by number from 0
# budgets = ["4", "6"]       # of the categories
# names = ["Parks", "Streets"]  # of the categories; the round's text ends with them
# leftover = true            # whether a second pass spends what they leave
# kind = "proportional"      # votes divide the budget; proposals have no amount
# kind = "equal_shares"      # voters buy proposals together, with equal shares of the budget; or
#                            # "phragmen", for approvals. Both open every ballot, without its
#                            # voter's name. They need equal weights, minimum_ballots of 5 or more,
#                            # and a committee that can shuffle
# completion = "add_one"     # or none, utilitarian, add_one_utilitarian: for what is left
# increment = "1"            # by what add_one raises each share; default: the smallest unit
# objection_time = "1d"      # from the outcome that nodes attest until it is final
# veto_holder = "0x…"        # an account that may void the outcome meanwhile; default: nobody.
#                            # It has at least as long as the registry's shortest period
"""
    + _TAIL
)

POLL = (
    """\
# A poll without a round: a survey or a decision. Create it with:
# ostraka poll create FILE.toml
#
# Times are dates with a zone (2026-12-01T08:00:00+01:00) or durations from now in chain time
# ("+3d", "+2h30m").

title = "Where shall we meet?"
text = "The place of the summer meeting."
registration_closes_at = "+3d"  # invitations can be redeemed until then; default: now
# opens_at = "+4d"           # default: as soon as the nodes are ready
closes_at = "+10d"
secret = true                # false allows weights and electorates that may reveal votes
minimum_ballots = 5          # with fewer, the poll is void and nothing is opened
# counting = "shuffled"      # opens every ballot, without its voter's name; default: "summed"
# open_minimum = 5           # with fewer ballots, a shuffled poll opens their sum only
# rehearsal = true           # says everywhere that the vote only rehearses another one
# shared_keys = true         # allows one signing key to sign for several accounts
# committee = "0x…"          # nodes that tally; default: the gateway's first committee

[voters]                     # who may vote; one of these
accounts_file = "members.csv"  # columns account, weight, signing_key; path relative to this file
# invitations_file = "invitations.csv"  # instead: those who redeem invitations from ostraka invite
# kind = "members"           # instead: members of a MemberRegistry
# contract = "0x…"
# kind = "votes"             # instead: holders of an ERC-20 or ERC-721 with votes (ERC-5805)
# contract = "0x…"
# unit = "1000000000000000000"  # votes that make a weight of 1
# voting_keys = true          # with either kind: accounts may use a voting key
# classes = 4                # weights made equal within at most 4 classes of five or more voters;
#                            # or "powers_of_two", "equal"; see: ostraka census classes

[[questions]]                # one or more; a ballot answers all of them
kind = "single_choice"
title = "Where?"
options = ["In the park", "At the lake", "Online", "I do not mind"]
abstain = true               # the last option is an abstention

# All kinds, each with the members that it needs besides title, and after ";" optional ones:
"""
    + _QUESTION_KINDS
    + """\
# [[questions]] may repeat; docs/examples has one of each.

[[outcomes]]                 # one for each question; without outcomes, the counts are the result
kind = "plurality"           # or none, majority, greedy, categories, proportional, condorcet
seats = 1                    # at equal votes, the earlier option wins
minimum_support = 1
# Where counting is "shuffled", ballots are opened and one of these can decide a single question:
# kind = "equal_shares"      # budget; costs, utility, completion, increment
# kind = "phragmen"          # budget; costs (default: 1 each, for a committee)
# kind = "instant_runoff"    # of a ranking
# kind = "transferable_vote"  # seats; of a ranking
# objection_time = "1d"      # with each of them; veto_holder = "0x…" may void the outcome meanwhile
"""
    + _TAIL
    + """\
# shuffle_period = "1d"      # with counting = "shuffled": time to shuffle, then only the sum opens
"""
)
