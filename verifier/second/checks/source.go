package checks

import (
	"fmt"

	"ostraka/second/board"
	"ostraka/second/census"
	"ostraka/second/encoding"
	"ostraka/second/evidence"
	"ostraka/second/poll"
	"ostraka/second/release"
	"ostraka/second/signature"
)

func (audit *Audit) c4() (result, error) {
	list, err := audit.census()
	if err != nil {
		return result{}, err
	}
	description, err := audit.description()
	if err != nil {
		return result{}, err
	}
	source := description.Census
	invited := source != nil && source.Kind == "invitations"
	if !invited && audit.parts.has(board.Redemptions) {
		return result{}, failing("board.redemptions", "the description names no invitations")
	}
	if !description.SharedKeys {
		if err := sharedKey(list); err != nil {
			return result{}, err
		}
	}
	voters := plural(len(list.Entries), "voter")
	switch {
	case source == nil:
		return result{
			voters + ", listed by hand; " + signingElsewhere(list),
			fmt.Sprintf("the organizer, who listed %s by hand, listed those who may vote", voters),
		}, nil
	case invited:
		return audit.checkInvitations(list, description)
	}
	return audit.checkSource(list, description)
}

func signingElsewhere(list *census.Census) string {
	count := 0
	for _, entry := range list.Entries {
		if entry.Account != entry.Key {
			count++
		}
	}
	return fmt.Sprintf("%d of %d entries sign with a different key than the account's", count, len(list.Entries))
}

func sharedKey(list *census.Census) error {
	accounts := map[encoding.Address]int{}
	for _, entry := range list.Entries {
		accounts[entry.Key]++
	}
	for _, entry := range list.Entries {
		if accounts[entry.Key] > 1 {
			return failing("signing key "+encoding.Hex(entry.Key[:]), "it signs for %d accounts", accounts[entry.Key])
		}
	}
	return nil
}

func (audit *Audit) checkInvitations(list *census.Census, description *poll.Description) (result, error) {
	source := description.Census
	domain := audit.domain()
	var electorate encoding.Word
	switch round := description.Round; {
	case round == nil && source.Nonce == nil, round != nil && source.Nonce != nil:
		return result{}, failing("description.census.nonce", "present exactly where there is no round")
	case round != nil:
		domain = signature.Domain{ChainID: audit.chain.ChainID, Contract: round.Treasury}
		electorate = census.RoundElectorate(domain, round.ID, source.Root)
	default:
		electorate = census.PollElectorate(domain, *source.Nonce, source.Root)
	}
	redemptions, err := audit.redemptions(len(list.Entries))
	if err != nil {
		return result{}, err
	}
	if redemptions.Invited.Root() != source.Root {
		return result{}, failing("board.redemptions", "other invitations than the description names")
	}
	if err := redemptions.Check(list, domain, electorate); err != nil {
		return result{}, err
	}
	invited := len(redemptions.Invited.Entries)
	return result{
		fmt.Sprintf("%d of %d invitations used", len(list.Entries), invited),
		fmt.Sprintf("each of %d invitations (%d used) went to a different person", invited, len(list.Entries)),
	}, nil
}

func (audit *Audit) checkSource(list *census.Census, description *poll.Description) (result, error) {
	source := description.Census
	if keys := release.CreatedAddress(audit.claim.Registry, 2); source.Keys != nil && *source.Keys != keys {
		return result{}, failing("description.census.keys", "not the registry's own voting keys")
	}
	place := fmt.Sprintf("%s at %s, block %d", source.Kind, encoding.Hex(source.Contract[:]), source.Block)
	if description.Round != nil {
		at, err := audit.checkFixed(source)
		if err != nil {
			return result{}, err
		}
		if at > 0 {
			place += fmt.Sprintf(", the latest at %d", at)
		}
	}
	read := audit.chain.Census
	if read.Err != nil {
		return result{}, read.Err
	}
	if !read.Present {
		return result{}, notChecked("the endpoint did not read the source")
	}
	if err := compare(list, read.Value.Entries); err != nil {
		return result{}, err
	}
	detail := fmt.Sprintf("%s, as %s; %s", plural(len(list.Entries), "voter"), place, signingElsewhere(list))
	if source.Keys != nil {
		detail += ", registered in " + encoding.Hex(source.Keys[:])
	}
	return result{detail, audit.sourceAssumes(source)}, nil
}

// checkFixed compares a source with what the round fixed, and its block with the round's time (§17.4).
func (audit *Audit) checkFixed(source *census.Source) (uint64, error) {
	round := audit.chain.Round
	if round.Err != nil {
		return 0, round.Err
	}
	if !round.Present || round.Value.Electorate.Kind != 2 {
		return 0, nil
	}
	fixed := round.Value.Electorate.Source
	at, err := census.TimeOf(fixed)
	if err != nil {
		return 0, err
	}
	if string(source.FixedAt(at)) != string(fixed) {
		return 0, failing("description.census", "a different source than the round fixed")
	}
	times := audit.chain.CensusTimes
	if times.Err != nil {
		return 0, times.Err
	}
	if !times.Present {
		return 0, notChecked("the endpoint did not show the source's block")
	}
	if begin, end := times.Value[0], times.Value[1]; begin > at || end <= at {
		return 0, failing("description.census.block", "from %d to %d, not the latest block at %d", begin, end, at)
	}
	return at, nil
}

func compare(list *census.Census, source []evidence.Voter) error {
	byAccount := map[encoding.Address]evidence.Voter{}
	for _, voter := range source {
		byAccount[encoding.Address(voter.Account)] = voter
	}
	for _, entry := range list.Entries {
		voter, listed := byAccount[entry.Account]
		if !listed || encoding.Address(voter.SigningKey) != entry.Key || voter.Weight.Cmp(entry.Weight) != 0 {
			return failing("voter "+encoding.Hex(entry.Account[:]), "differs from the source")
		}
	}
	for _, voter := range source {
		if list.Find(encoding.Address(voter.Account)) == nil {
			return failing("voter "+voter.Account.String(), "in the source, not in the census")
		}
	}
	return nil
}

func (audit *Audit) sourceAssumes(source *census.Source) string {
	contract := encoding.Hex(source.Contract[:])
	if source.Kind == "members" {
		if _, known := release.Find("MemberRegistry", audit.chain.CensusCode, ""); known {
			return fmt.Sprintf("the owner of %s listed its members", contract)
		}
	}
	return fmt.Sprintf("the contract %s, whose code this program does not know, reports correctly who may vote", contract)
}
