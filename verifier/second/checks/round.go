package checks

import (
	"fmt"
	"math/big"
	"slices"

	"ostraka/second/encoding"
	"ostraka/second/evidence"
	"ostraka/second/outcome"
	"ostraka/second/poll"
)

const noRound = "this poll is not part of a budget round"

// The statuses of a round from its decision on (§18.6).
const (
	decided = 6
	expired = 7
	void    = 8
	vetoed  = 9
)

// round gives the round that the description names, with its treasury; nil where it names none.
func (audit *Audit) round() (*evidence.Round, encoding.Address, error) {
	description, err := audit.description()
	if err != nil || description.Round == nil {
		return nil, encoding.Address{}, err
	}
	read := &audit.chain.Round
	if read.Err != nil {
		return nil, description.Round.Treasury, read.Err
	}
	if !read.Present {
		return nil, description.Round.Treasury, notChecked("the endpoint did not show the round")
	}
	return &read.Value, description.Round.Treasury, nil
}

// standing gives the proposals that were not withdrawn.
func standing(round *evidence.Round) []evidence.Proposal {
	var left []evidence.Proposal
	for _, proposal := range round.Proposals {
		if !proposal.Withdrawn {
			left = append(left, proposal)
		}
	}
	return left
}

func (audit *Audit) d1() (result, error) {
	description, err := audit.description()
	if err != nil {
		return result{}, err
	}
	if description.Round == nil {
		return audit.withoutRound()
	}
	if encoding.Address(audit.chain.Creator) != description.Round.Treasury {
		return result{}, failing("round", "the poll was created by %s", audit.chain.Creator)
	}
	round, _, err := audit.round()
	if err != nil {
		return result{}, err
	}
	if encoding.Address(round.Registry) != audit.claim.Registry || round.PollID.Cmp(audit.claim.PollID) != 0 {
		return result{}, failing("round", "it decides by a different poll, %s", round.PollID)
	}
	if err := sameWords(description, round); err != nil {
		return result{}, err
	}
	parameters, err := audit.parameters()
	if err != nil {
		return result{}, err
	}
	if round.Secret != parameters.Secret() {
		return result{}, failing("secret", "the round asked for another kind of poll")
	}
	said, err := audit.checkElectorate(round, description, parameters)
	if err != nil {
		return result{}, err
	}
	if err := audit.checkProposals(round, description); err != nil {
		return result{}, err
	}
	said.detail = fmt.Sprintf("%s of round %s", plural(len(description.Options), "proposal"), description.Round.ID)
	return said, nil
}

func (audit *Audit) withoutRound() (result, error) {
	if audit.chain.CreatorIsTreasury {
		return result{}, failing("description", "it names no round, but a treasury created the poll")
	}
	said := result{detail: noRound}
	if audit.chain.CreatorIsContract {
		said.assumes = fmt.Sprintf("the contract %s, which created the poll, pays nothing by its outcome", audit.chain.Creator)
	}
	return said, nil
}

// sameWords compares title and text of the poll with the round's (§13.2).
func sameWords(description *poll.Description, round *evidence.Round) error {
	titles := []any{description.Title}
	if questions, isList := description.Members["questions"].([]any); isList {
		for _, one := range questions {
			if question, isObject := one.(encoding.Object); isObject {
				titles = append(titles, question["title"])
			}
		}
	}
	for _, title := range titles {
		if title != round.Title {
			return failing("title", "the title of the poll or of a question differs from the round's")
		}
	}
	if text, present := description.Members["text"]; present && text != "" && text != round.Text {
		return failing("text", "the poll's text differs from the round's")
	}
	return nil
}

// checkElectorate compares who votes with what the round fixed (§13.2, §17.4).
func (audit *Audit) checkElectorate(round *evidence.Round, description *poll.Description, parameters *poll.Parameters) (result, error) {
	const item = "electorate"
	fixed, root := &round.Electorate, parameters.Word("census_root")
	source := description.Census
	switch fixed.Kind {
	case 0, 1:
		if encoding.Word(fixed.Root) != root {
			return result{}, failing(item, "the poll has a different census than the round fixed")
		}
		if fixed.Kind == 0 {
			if encoding.Word(round.MemberRoot) != root {
				return result{}, failing(item, "the round has other members")
			}
			return result{}, nil
		}
	case 2:
		if encoding.Keccak(fixed.Source) != encoding.Word(fixed.Root) {
			return result{}, failing(item, "the event shows a different source than was fixed")
		}
		if source == nil || source.Kind == "invitations" {
			return result{}, failing(item, "the round fixed a source on chain")
		}
	case 3:
		if source == nil || source.Kind != "invitations" || source.Root != encoding.Word(fixed.Root) {
			return result{}, failing(item, "the round fixed other invitations")
		}
		if parameters.Int("voters") > fixed.Voters {
			return result{}, failing(item, "%d voters, %d invited", parameters.Int("voters"), fixed.Voters)
		}
		if weight := parameters.Big("total_weight"); weight.Cmp(fixed.Weight) > 0 {
			return result{}, failing(item, "weight %s of %s", weight, fixed.Weight)
		}
	default:
		return result{}, notChecked("an electorate of the unknown kind %d", fixed.Kind)
	}
	return result{assumes: "the voters, who are not the round's members, are those whom its funders expected"}, nil
}

// checkProposals compares options, costs, categories and budget with the standing proposals.
func (audit *Audit) checkProposals(round *evidence.Round, description *poll.Description) error {
	proposals := standing(round)
	if len(proposals) != len(description.Options) {
		return failing("options", "%d proposals, %d options", len(proposals), len(description.Options))
	}
	for index, proposal := range proposals {
		if proposal.Title != description.Options[index] {
			return failing(fmt.Sprintf("options[%d]", index), "the proposal has another title")
		}
	}
	outcomeRule, err := audit.outcome()
	if err != nil {
		return err
	}
	switch decides := outcomeRule.(type) {
	case *outcome.Proportional:
		return sameBudget(decides.Amount, round)
	case *outcome.EqualShares:
		return samePrices(decides.Budget, decides.Costs, round)
	case *outcome.Phragmen:
		return samePrices(decides.Budget, decides.Costs, round)
	case *outcome.Greedy:
		if err := samePrices(decides.Budget, decides.Costs, round); err != nil {
			return err
		}
		for index, proposal := range proposals {
			if decides.CategoryBudgets != nil && decides.Categories[index] != proposal.Category {
				return failing(fmt.Sprintf("categories[%d]", index), "the proposal names another category")
			}
		}
		return nil
	}
	return failing("outcome", "it funds nothing")
}

// samePrices compares costs with the amounts of the standing proposals, and budgets.
func samePrices(budget *big.Int, costs []*big.Int, round *evidence.Round) error {
	proposals := standing(round)
	if len(costs) != len(proposals) {
		return failing("costs", "%d costs of %d proposals", len(costs), len(proposals))
	}
	for index, proposal := range proposals {
		if costs[index].Cmp(proposal.Amount) != 0 {
			return failing(fmt.Sprintf("costs[%d]", index), "the proposal asks for another amount")
		}
	}
	return sameBudget(budget, round)
}

func sameBudget(budget *big.Int, round *evidence.Round) error {
	if budget.Cmp(round.Budget) != 0 {
		return failing("budget", "%s in the poll, %s in the round", budget, round.Budget)
	}
	return nil
}

// decidedRound gives a round that was decided, or that is void as the outcome of its opened ballots
// was lost; nil where the description names none.
func (audit *Audit) decidedRound() (*evidence.Round, error) {
	round, _, err := audit.round()
	if err != nil || round == nil {
		return nil, err
	}
	switch round.Status {
	case decided, expired, vetoed:
		return round, nil
	case void:
		given := audit.chain.Outcome
		if given.Err != nil {
			return nil, given.Err
		}
		if given.Present && given.Value.State >= outcomeVetoed {
			return round, nil
		}
	}
	return nil, notChecked("the round is not decided")
}

func (audit *Audit) d2() (result, error) {
	round, err := audit.decidedRound()
	if err != nil || round == nil {
		return result{detail: noRound}, err
	}
	outcomeRule, err := audit.outcome()
	if err != nil {
		return result{}, err
	}
	if round.Status == void {
		return audit.voided(round)
	}
	awards, err := audit.recomputed("D1")
	if err != nil {
		return result{}, err
	}
	for _, proposal := range round.Proposals {
		if proposal.Withdrawn && proposal.Funded {
			return result{}, failing("proposal "+encoding.Hex(proposal.ID[:]), "withdrawn and funded")
		}
	}
	proposals, cost := standing(round), new(big.Int)
	if len(proposals) != len(awards) {
		return result{}, failing("winners", "the treasury funds other proposals")
	}
	_, divides := outcomeRule.(*outcome.Proportional)
	funded := 0
	for slot, proposal := range proposals {
		wins := awards[slot].Sign() > 0
		if wins != proposal.Funded {
			return result{}, failing("winners", "the treasury funds other proposals")
		}
		if wins && divides && proposal.Amount.Cmp(awards[slot]) != 0 {
			return result{}, failing(fmt.Sprintf("award[%d]", slot), "%s, expected %s", proposal.Amount, awards[slot])
		}
		if wins {
			funded++
			cost.Add(cost, proposal.Amount)
		}
	}
	if cost.Cmp(round.Committed) != 0 {
		return result{}, failing("committed", "%s, the winners cost %s", round.Committed, cost)
	}
	return result{detail: fmt.Sprintf("%s for %s", plural(funded, "proposal"), cost)}, nil
}

// voided requires that a void round, whose poll has a tally, funds nothing.
func (audit *Audit) voided(round *evidence.Round) (result, error) {
	if _, err := audit.accepted(); err != nil {
		return result{}, err
	}
	funds := slices.ContainsFunc(round.Proposals, func(one evidence.Proposal) bool { return one.Funded })
	if funds || round.Committed.Sign() > 0 {
		return result{}, failing("committed", "%s, though the round is void", round.Committed)
	}
	return result{detail: "the round is void; nothing is funded"}, nil
}
