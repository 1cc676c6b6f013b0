package checks

import (
	"fmt"
	"math/big"

	"ostraka/second/encoding"
	"ostraka/second/evidence"
)

func (audit *Audit) d3() (result, error) {
	round, err := audit.decidedRound()
	if err != nil || round == nil {
		return result{detail: noRound}, err
	}
	if round.Status == vetoed {
		if len(round.Payouts) > 0 || round.PaidOut.Sign() > 0 {
			return result{}, failing("paid out", "%s, though the payouts were vetoed", round.PaidOut)
		}
		return result{detail: "the payouts were vetoed; nothing was paid"}, nil
	}
	unclaimed, err := checkPayouts(round)
	if err != nil {
		return result{}, err
	}
	sum := new(big.Int)
	for _, payout := range round.Payouts {
		sum.Add(sum, payout.Amount)
	}
	if sum.Cmp(round.PaidOut) != 0 || round.PaidOut.Cmp(round.Deposited) > 0 {
		return result{}, failing("paid out", "%s, the payouts come to %s", round.PaidOut, sum)
	}
	if round.Moved.Err != nil {
		return result{}, round.Moved.Err
	}
	moved := movedTokens
	if encoding.Address(round.Token) == (encoding.Address{}) {
		moved = movedCoins
	}
	if err := moved(round); err != nil {
		return result{}, err
	}
	if round.Status == void {
		if len(round.Payouts) > 0 {
			return result{}, failing("paid out", "%s, though the round is void", sum)
		}
		return result{detail: "the round is void; nothing was paid"}, nil
	}
	detail := fmt.Sprintf("%s, %s in all; %d not claimed", plural(len(round.Payouts), "payout"), sum, unclaimed)
	return result{detail: detail}, nil
}

// checkPayouts compares the payouts with the funded proposals, and gives the number of funded ones
// that were not paid.
func checkPayouts(round *evidence.Round) (unclaimed int, err error) {
	funded, paid := map[evidence.Word]evidence.Proposal{}, map[evidence.Word]bool{}
	for _, proposal := range round.Proposals {
		if proposal.Funded {
			funded[proposal.ID] = proposal
		}
	}
	for _, payout := range round.Payouts {
		item := "payout " + encoding.Hex(payout.ProposalID[:])
		proposal, known := funded[payout.ProposalID]
		if !known {
			return 0, failing(item, "not a funded proposal")
		}
		if paid[payout.ProposalID] {
			return 0, failing(item, "paid twice")
		}
		paid[payout.ProposalID] = true
		if proposal.Recipient != payout.Recipient || proposal.Amount.Cmp(payout.Amount) != 0 {
			return 0, failing(item, "a different recipient or amount than proposed")
		}
	}
	for _, proposal := range round.Proposals {
		if proposal.Paid != paid[proposal.ID] {
			return 0, failing("proposal "+encoding.Hex(proposal.ID[:]), "its payout is not recorded")
		}
	}
	return len(funded) - len(paid), nil
}

// movedTokens looks for one transfer of its own for each payout, in the payout's transaction.
func movedTokens(round *evidence.Round) error {
	used := make([]bool, len(round.Moved.Value))
	for _, payout := range round.Payouts {
		item := fmt.Sprintf("payout of %s to %s", payout.Amount, payout.Recipient)
		exact, other := -1, false
		for index, transfer := range round.Moved.Value {
			if used[index] || transfer.Transaction != payout.Transaction || transfer.Recipient != payout.Recipient {
				continue
			}
			if transfer.Amount.Cmp(payout.Amount) == 0 {
				exact = index
				break
			}
			other = true
		}
		switch {
		case exact >= 0:
			used[exact] = true
		case other:
			return notChecked("%s: the token moved a different amount to the recipient", item)
		default:
			return failing(item, "the token moved no such amount")
		}
	}
	return nil
}

// movedCoins compares the balances of recipients with what a block paid them.
func movedCoins(round *evidence.Round) error {
	for _, receipt := range round.Moved.Value {
		due := new(big.Int)
		for _, payout := range round.Payouts {
			if payout.Recipient == receipt.Recipient && payout.Block == receipt.Block {
				due.Add(due, payout.Amount)
			}
		}
		grew := new(big.Int).Sub(receipt.After, receipt.Before)
		if grew.Cmp(due) >= 0 {
			continue
		}
		item := fmt.Sprintf("payout to %s", receipt.Recipient)
		if receipt.Spent {
			return notChecked("%s: its balance changed by %s in block %d, and it may have spent there", item, grew, receipt.Block)
		}
		return failing(item, "its balance changed by %s in block %d, %s were due", grew, receipt.Block, due)
	}
	for _, payout := range round.Payouts {
		if !shown(round.Moved.Value, payout) {
			return notChecked("the balances of %s were not read", payout.Recipient)
		}
	}
	return nil
}

func shown(receipts []evidence.Movement, payout evidence.Payout) bool {
	for _, receipt := range receipts {
		if receipt.Recipient == payout.Recipient && receipt.Block == payout.Block {
			return true
		}
	}
	return false
}
