package checks

import (
	"bytes"
	"fmt"

	"ostraka/second/curve"
	"ostraka/second/encoding"
	"ostraka/second/evidence"
	"ostraka/second/release"
)

func (audit *Audit) g1() (result, error) {
	points := curve.Generators()
	table := []byte{0}
	for index := range points {
		table = append(table, curve.EncodePoint(&points[index])...)
	}
	if !bytes.Equal(table, audit.chain.Generators) {
		return result{}, failing("generator table", "not the points of §2.7")
	}
	return result{detail: fmt.Sprintf("%d points derived again", len(points))}, nil
}

const hour = 3600

func unknownCode(address encoding.Address, contract string) error {
	return notChecked("the code at %s is not that of %s in any release that this program knows",
		encoding.Hex(address[:]), contract)
}

func (audit *Audit) g2() (result, error) {
	read := audit.chain.Deployment
	if read.Err != nil {
		return result{}, read.Err
	}
	deployment, chainID, registry := &read.Value, audit.chain.ChainID, audit.claim.Registry
	found, known := release.Find("PollRegistry", deployment.Registry, "")
	if !known {
		return result{}, unknownCode(registry, "PollRegistry")
	}
	parts := []struct {
		getter, contract string
		code             evidence.Code
	}{
		{"generatorTable", "GeneratorTable", evidence.Code{Address: deployment.GeneratorTable, Code: audit.chain.Generators}},
		{"votingKeys", "VotingKeys", deployment.VotingKeys},
		{"pollRules", "PollRules", deployment.PollRules},
	}
	expected := release.DomainImmutables(chainID, registry)
	expected["periodFloor"] = encoding.WordOfInt(deployment.PeriodFloor)
	expected["disputes"] = make([]byte, 32)
	if deployment.Disputes != nil {
		expected["disputes"] = encoding.WordOfAddress(encoding.Address(deployment.Disputes.Contract.Address))
	}
	for index, part := range parts {
		expected[part.getter] = encoding.WordOfAddress(release.CreatedAddress(registry, byte(index+1)))
	}
	if err := sameValues(found, expected); err != nil {
		return result{}, err
	}
	for index, part := range parts {
		address := release.CreatedAddress(registry, byte(index+1))
		if encoding.Address(part.code.Address) != address {
			return result{}, failing(part.getter, "not the contract that the registry created")
		}
		code, known := release.Find(part.contract, part.code.Code, found.Release)
		if !known {
			return result{}, unknownCode(address, part.contract)
		}
		if err := sameValues(code, release.DomainImmutables(chainID, address)); err != nil {
			return result{}, err
		}
	}
	said := result{detail: fmt.Sprintf("release %s; periods of at least %d s", found.Release, deployment.PeriodFloor)}
	if deployment.PeriodFloor < hour {
		said.detail += ", less than an hour: a test deployment"
	}
	return said, audit.checkDisputes(found.Release, deployment.Disputes, &said)
}

// sameValues refuses code with another value of an immutable than the deployment has.
func sameValues(found *release.Found, expected map[string][]byte) error {
	if name := found.Differing(expected); name != "" {
		return failing(found.Name+"."+name, "not the value of this deployment")
	}
	return nil
}

// checkDisputes checks disputes of the registry's release; of others it says what is assumed.
func (audit *Audit) checkDisputes(within string, disputes *evidence.Disputes, said *result) error {
	if disputes == nil {
		return nil
	}
	address := encoding.Address(disputes.Contract.Address)
	found, known := release.Find("Disputes", disputes.Contract.Code, within)
	if !known {
		said.assumes = fmt.Sprintf("the contract of disputes %s rejects only false roots", encoding.Hex(address[:]))
		return nil
	}
	check := release.CreatedAddress(address, 1)
	expected := release.DomainImmutables(audit.chain.ChainID, address)
	expected["ballotCheck"], expected["minimumBond"] = encoding.WordOfAddress(check), release.Free
	if err := sameValues(found, expected); err != nil {
		return err
	}
	if disputes.BallotCheck == nil || encoding.Address(disputes.BallotCheck.Address) != check {
		return failing("ballotCheck", "not the contract that the disputes created")
	}
	if _, known := release.Find("BallotCheck", disputes.BallotCheck.Code, within); !known {
		return unknownCode(check, "BallotCheck")
	}
	said.detail += "; disputes of the same release"
	return nil
}

// d4 checks the code of the treasury and of its rules.
func (audit *Audit) d4() (result, error) {
	round, address, err := audit.round()
	if err != nil || round == nil {
		return result{detail: noRound}, err
	}
	if encoding.Address(round.Registry) != audit.claim.Registry {
		return result{}, failing("treasury", "its registry is %s", round.Registry)
	}
	found, known := release.Find("BudgetTreasury", round.Code, "")
	if !known {
		return result{}, unknownCode(address, "BudgetTreasury")
	}
	rules := release.CreatedAddress(address, 1)
	expected := release.DomainImmutables(audit.chain.ChainID, address)
	expected["registry"] = encoding.WordOfAddress(audit.claim.Registry)
	expected["rules"] = encoding.WordOfAddress(rules)
	expected["_firstChainId"] = encoding.WordOf(audit.chain.ChainID)
	if err := sameValues(found, expected); err != nil {
		return result{}, err
	}
	if encoding.Address(round.Rules.Address) != rules {
		return result{}, failing("rules", "not the contract that the treasury created")
	}
	if _, known := release.Find("RoundRules", round.Rules.Code, found.Release); !known {
		return result{}, unknownCode(rules, "RoundRules")
	}
	said := result{detail: "release " + found.Release}
	if found.Address != encoding.Hex(address[:]) {
		said.assumes = fmt.Sprintf("the treasury %s was created with empty accounts", encoding.Hex(address[:]))
	}
	return said, nil
}
