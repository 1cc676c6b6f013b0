"""Random ballot rules with votes that obey them."""

from hypothesis import strategies as st

from ostraka_verifier.rule import BallotRule, QuadraticRow, Row


@st.composite
def rules_with_votes(draw: st.DrawFn) -> tuple[BallotRule, list[int]]:
    """Any valid rule together with a vote that obeys it."""
    bits = draw(st.integers(1, 12))
    vote = draw(st.lists(st.integers(0, 1), min_size=bits, max_size=bits))
    order = draw(st.permutations(range(bits)))
    cuts = sorted(draw(st.sets(st.integers(1, bits), min_size=1, max_size=4)))
    slots = []
    for start, end in zip([0, *cuts], cuts, strict=False):
        members = sorted(order[start:end])
        slots.append(tuple((bit, draw(st.integers(1, 2**20))) for bit in members))
    magnitudes = st.integers(-(2**40), 2**40).filter(bool)

    def terms() -> tuple[tuple[int, int], ...]:
        chosen = sorted(draw(st.sets(st.integers(0, bits - 1), min_size=1)))
        return tuple((bit, draw(magnitudes)) for bit in chosen)

    rows = []
    for _ in range(draw(st.integers(0, 3))):
        row = terms()
        rows.append(Row(row, sum(coefficient * vote[bit] for bit, coefficient in row)))
    if rows and draw(st.booleans()):
        rows.append(rows[0])  # rows may depend on one another
    values = [sum(coefficient * vote[bit] for bit, coefficient in slot) for slot in slots]
    quadratic = []
    for _ in range(draw(st.integers(0, 2))):
        used = tuple(sorted(draw(st.sets(st.integers(0, len(slots) - 1), min_size=1))))
        linear = terms() if draw(st.booleans()) else ()
        total = sum(values[slot] ** 2 for slot in used)
        total += sum(coefficient * vote[bit] for bit, coefficient in linear)
        quadratic.append(QuadraticRow(used, linear, total))
    return BallotRule(bits, tuple(slots), tuple(rows), tuple(quadratic)), vote
