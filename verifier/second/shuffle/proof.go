package shuffle

import (
	"ostraka/second/curve"
	"ostraka/second/encoding"
	"ostraka/second/transcript"
)

// firstGenerator is the index of K_0 among the points of §2.7.
const firstGenerator = 1 << 31

// Claim is a proof of shuffle with the challenges that it fixes (§19.6).
type Claim struct {
	Inputs, Outputs                       []curve.Point
	permutation, chain, chainMasks, masks []curve.Point
	chainResponses, permuted              []curve.Scalar
	permutationResponse, columnResponse   curve.Scalar
	Vector                                []curve.Scalar
	Challenge                             curve.Scalar
}

func newClaim(poll *Poll, before *State, step *Step) (Claim, error) {
	count := len(before.Values)
	points, err := curve.DecodePoints("proof", step.Proof[:(4*count-1)*curve.PointSize], false)
	if err != nil {
		return Claim{}, err
	}
	scalars := make([]curve.Scalar, 2*count+2)
	for index := range scalars {
		at := (4*count-1)*curve.PointSize + 32*index
		if scalars[index], err = curve.DecodeScalar("proof", step.Proof[at:at+32]); err != nil {
			return Claim{}, err
		}
	}
	claim := Claim{
		Inputs:              before.Values,
		permutation:         points[count-1 : 2*count-2],
		chain:               points[2*count-2 : 3*count-3],
		chainMasks:          points[3*count-3 : 4*count-3],
		masks:               points[4*count-3:],
		chainResponses:      scalars[:count],
		permuted:            scalars[count : 2*count],
		permutationResponse: scalars[2*count],
		columnResponse:      scalars[2*count+1],
	}
	claim.Outputs = append(claim.Outputs, points[:count-1]...)
	var last curve.Point
	for index := range before.Values {
		last.Add(&last, &before.Values[index])
	}
	for index := range claim.Outputs {
		last.Sub(&last, &claim.Outputs[index])
	}
	if last.IsInfinity() {
		return Claim{}, encoding.Undecodable("proof", "the last output is the identity")
	}
	claim.Outputs = append(claim.Outputs, last)

	record := transcript.New("shuffle", poll.Context[:])
	hash := before.Hash(poll)
	record.Absorb("root", poll.RootDigest[:])
	record.Absorb("turn", encoding.U32(before.Turn))
	record.Absorb("step", encoding.U8(before.Step+1))
	record.Absorb("group", bytesOf(step.Group))
	record.Absorb("before", hash[:])
	record.Absorb("inputs", encoded(claim.Inputs))
	record.Absorb("outputs", encoded(claim.Outputs))
	record.Absorb("permutation", encoded(claim.permutation))
	seed := record.Challenge()
	for number := 1; number <= count; number++ {
		digest := encoding.Tagged("shuffle-vector", curve.EncodeScalar(&seed), encoding.U32(uint32(number)))
		var value curve.Scalar
		value.SetBytes(digest[:])
		claim.Vector = append(claim.Vector, value)
	}
	record.Absorb("chain", encoded(claim.chain))
	record.Absorb("chain-masks", encoded(claim.chainMasks))
	record.Absorb("masks", encoded(claim.masks))
	claim.Challenge = record.Challenge()
	if seed.IsZero() || claim.Challenge.IsZero() {
		return Claim{}, encoding.Undecodable("proof", "a challenge is zero")
	}
	return claim, nil
}

// generatorsOf derives K_0, …, K_N.
func generatorsOf(ballots int) []curve.Point {
	generators := make([]curve.Point, ballots+1)
	for index := range generators {
		generators[index] = curve.DeriveGenerator(firstGenerator + uint32(index))
	}
	return generators
}

// hold says whether E1, E2 and E3 of all claims hold (§19.7), each by a fresh weight.
func hold(generators []curve.Point, claims []Claim) bool {
	sum := equations{generators: generators}
	for index := range claims {
		sum.add(&claims[index])
	}
	residual := curve.Sum(sum.points, sum.scalars)
	return residual.IsInfinity()
}

// equations is a weighted sum of equations, brought to the form that their sum is the identity.
type equations struct {
	generators []curve.Point
	points     []curve.Point
	scalars    []curve.Scalar
}

func (sum *equations) term(point curve.Point, factors ...curve.Scalar) {
	product := curve.Scalar{}
	product.SetOne()
	for index := range factors {
		product.Mul(&product, &factors[index])
	}
	sum.points = append(sum.points, point)
	sum.scalars = append(sum.scalars, product)
}

func (sum *equations) add(claim *Claim) {
	count, x := len(claim.Inputs), claim.Challenge
	generators := sum.generators
	blinding := curve.Generators()[0]

	// The last c and the last of the chain follow from the others.
	committed, last := append([]curve.Point(nil), claim.permutation...), curve.Point{}
	product := curve.Scalar{}
	product.SetOne()
	for index := range count {
		last.Add(&last, &generators[index+1])
		product.Mul(&product, &claim.Vector[index])
	}
	for index := range committed {
		last.Sub(&last, &committed[index])
	}
	committed = append(committed, last)
	end := curve.Sum(generators[1:2], []curve.Scalar{product})
	chain := append([]curve.Point{generators[1]}, claim.chain...)
	chain = append(chain, end)

	one := curve.Weight()
	sum.term(claim.masks[0], one)
	for index := range count {
		sum.term(committed[index], one, x, claim.Vector[index])
		sum.term(generators[index+1], negative(one), claim.permuted[index])
	}
	sum.term(generators[0], negative(one), claim.permutationResponse)

	two := curve.Weight()
	sum.term(claim.masks[1], two)
	for index := range count {
		sum.term(claim.Inputs[index], two, x, claim.Vector[index])
		sum.term(claim.Outputs[index], negative(two), claim.permuted[index])
	}
	sum.term(blinding, two, claim.columnResponse)

	for index := range count {
		three := curve.Weight()
		sum.term(claim.chainMasks[index], three)
		sum.term(chain[index+1], three, x)
		sum.term(generators[0], negative(three), claim.chainResponses[index])
		sum.term(chain[index], negative(three), claim.permuted[index])
	}
}

func negative(scalar curve.Scalar) curve.Scalar {
	scalar.Neg(&scalar)
	return scalar
}
