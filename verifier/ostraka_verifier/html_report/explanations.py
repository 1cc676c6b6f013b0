"""What each numbered check means to a reader who knows no cryptography.

Source: docs/protocol.md §13.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    """A check in plain words.

    Attributes:
        question: What a reader would ask.
        meaning: What the program did, and what it shows.
        failure: What it would mean if the check failed.
    """

    question: str
    meaning: str
    failure: str


@dataclass(frozen=True)
class Group:
    """Checks about one thing.

    Attributes:
        initial: First letter of the numbers of its checks.
    """

    initial: str
    title: str


GROUPS = (
    Group("P", "The poll and its rules"),
    Group("G", "The contract that guards the poll"),
    Group("C", "The list of voters"),
    Group("B", "The ballots"),
    Group("T", "The list of counted ballots"),
    Group("S", "The work of the nodes"),
    Group("R", "The result"),
    Group("A", "The opened ballots"),
    Group("O", "The decision"),
    Group("D", "The money"),
)
"""In the order of the checks."""

EXPLANATIONS: Mapping[str, Explanation] = {
    "P1": Explanation(
        "Is this the poll that was asked about?",
        "The published file belongs to this poll: to this blockchain, this contract and this"
        " number. Its terms have the fingerprint that the contract recorded before voting.",
        "The file is that of a different poll, or the poll's terms were changed.",
    ),
    "P2": Explanation(
        "Are the question and the rules the original ones?",
        "The question, the options, the rules for ballots and the rule for the decision have the"
        " fingerprints that the poll fixed.",
        "Voters may have been asked something other than what was counted, or a rule was changed.",
    ),
    "P3": Explanation(
        "Is the committee of nodes the one that the poll fixed?",
        "The nodes that count are those of the poll. How many of them can open votes together, and"
        " how many may fail, is within the allowed bounds.",
        "Others may have counted, or too few nodes may have been able to open votes.",
    ),
    "P4": Explanation(
        "Were the votes encrypted for the right nodes?",
        "Every node signed the list of keys for which votes were encrypted, and the contract"
        " recorded that list before voting.",
        "Votes may have been encrypted for a key that belongs to no node of the committee.",
    ),
    "P5": Explanation(
        "Do the ballots answer the questions that people read?",
        "The questions in the description produce exactly the form of ballot that was accepted.",
        "The questions that people read are not what the ballots answered.",
    ),
    "P6": Explanation(
        "Are the poll's dates and periods possible?",
        "Voting ends after it begins, and there is time to object and time to count. The minimum"
        " number of ballots is at least one.",
        "The poll has terms that the contract should have refused.",
    ),
    "G1": Explanation(
        "Are the mathematical constants free of a back door?",
        "Sealed votes use fixed points of a curve. This program derived each of them again from"
        " public text, so nobody can have chosen them.",
        "Somebody who chose these points could make a false result look correct.",
    ),
    "G2": Explanation(
        "Is the contract the published program?",
        "The code of the contract that guards this poll is the code of a release that this program"
        " knows, byte for byte, and so is the code of its parts.",
        "The contract has settings that no genuine one has, and could accept a false result.",
    ),
    "C1": Explanation(
        "Is the list of voters unchanged?",
        "The published list has the fingerprint that the poll fixed. No account is listed twice.",
        "Voters were added, removed or changed after the list was fixed.",
    ),
    "C2": Explanation(
        "Are there as many voters as announced?",
        "Number of voters and total voting weight are those that the poll fixed.",
        "The announced number of voters or their total weight is false.",
    ),
    "C3": Explanation(
        "Could the weight of a vote reveal who cast it?",
        "In a poll that is called secret, at least five voters share each voting weight. A poll may"
        " also state openly that weights can reveal votes.",
        "The result could reveal the vote of a person with an unusual weight.",
    ),
    "C4": Explanation(
        "Does the list of voters come from where the poll says?",
        "A list from the blockchain was read there again, and is the same. With invitations, each"
        " entry is signed by an invitation. A list that the organizer made cannot be checked: that"
        " it is right remains an assumption.",
        "The list of voters is not what the poll says it is.",
    ),
    "B1": Explanation(
        "Is every ballot readable in exactly one way?",
        "Every published ballot is well-formed, without surplus or missing data.",
        "There is something other than ballots among the ballots.",
    ),
    "B2": Explanation(
        "Does each voter have only one ballot?",
        "No account appears twice among the counted ballots.",
        "Somebody was counted twice.",
    ),
    "B3": Explanation(
        "Does every ballot belong to a voter on the list?",
        "The account of every counted ballot is in the list of voters.",
        "A ballot of somebody who may not vote was counted.",
    ),
    "B4": Explanation(
        "Did the voters themselves sign their ballots?",
        "Every ballot is signed with the key that the list gives for its voter.",
        "Somebody voted in another person's name, or changed a ballot after it was signed.",
    ),
    "B5": Explanation(
        "Was every ballot cast while voting was open?",
        "The time that is signed with each ballot is within the voting period.",
        "A ballot from before or after the voting period was counted.",
    ),
    "B6": Explanation(
        "Does every sealed ballot obey the rules?",
        "A mathematical proof with each one shows, without opening it, that it is allowed, for"
        " example that it has no more votes than a ballot may have.",
        "A ballot could count more than once, or take votes away from an option.",
    ),
    "T1": Explanation(
        "Are these exactly the ballots that the nodes agreed on?",
        "This program computed the fingerprint of all counted ballots, the root, again. It is the"
        " one that the nodes signed.",
        "A ballot was added, removed or changed after the nodes had agreed.",
    ),
    "T2": Explanation(
        "Is that agreement recorded on the blockchain?",
        "The contract has recorded the same root, so that nobody can exchange it later.",
        "The published ballots are not those that the blockchain records.",
    ),
    "T3": Explanation(
        "Did enough nodes sign the list of counted ballots?",
        "Enough nodes signed the root, so that no small group of dishonest nodes can decide it.",
        "Too few nodes confirm that these are the ballots to be counted.",
    ),
    "T4": Explanation(
        "Was the list of counted ballots fixed in time?",
        "The root was recorded after voting had ended and before its deadline. It has at least the"
        " required number of ballots, if they were counted.",
        "The list was fixed too early or too late, or there were too few ballots for a result.",
    ),
    "S1": Explanation(
        "Did each node compute its part correctly?",
        "Each node publishes one sum over all ballots, which shows no single vote. Every published"
        " sum is signed by its node and fits the sealed ballots.",
        "A node published a false sum. Its number is named.",
    ),
    "S2": Explanation(
        "Do the sums of the nodes give the result?",
        "The sums of enough nodes together give exactly the result on the blockchain.",
        "The result on the blockchain is not the one that the nodes computed.",
    ),
    "R1": Explanation(
        "Is the result the sum of the sealed ballots?",
        "The result opens the sum of all sealed ballots. No other result does.",
        "The published result is not the sum of the ballots.",
    ),
    "R2": Explanation(
        "Are the numbers possible?",
        "No option has more votes than all voters together could give it.",
        "An option has more votes than can exist.",
    ),
    "R3": Explanation(
        "Was there time to object before votes were counted?",
        "The result was accepted after the time for objections had ended, and before the deadline.",
        "The result came before objections were possible, or after its deadline.",
    ),
    "A1": Explanation(
        "Can the shuffle and the opened ballots be read?",
        "In some polls nodes shuffle the sealed ballots and then open them. What they published of"
        " this is complete and readable in exactly one way. At least as many ballots were opened as"
        " the poll demands, so that one hides among the others.",
        "What was published of the shuffle is incomplete or unreadable, or so few ballots were"
        " opened that voters can be recognized.",
    ),
    "A2": Explanation(
        "Is it hidden who cast which ballot?",
        "Groups of nodes shuffled the ballots one after another. Whichever nodes are dishonest, as"
        " long as they are fewer than the poll names, one group was without any of them.",
        "Fewer dishonest nodes than the poll names may know who cast which ballot.",
    ),
    "A3": Explanation(
        "Did every shuffle keep all ballots as they were?",
        "With each shuffle, nodes published a mathematical proof. It shows that the sealed ballots"
        " after it are those before it, in another order: none was changed, added or left out.",
        "Ballots were changed, exchanged, added or left out while they were shuffled.",
    ),
    "A4": Explanation(
        "Did enough nodes confirm the shuffled ballots?",
        "Enough nodes signed that they checked the shuffle, before anything was opened.",
        "Too few nodes confirm the shuffle, and those who opened the ballots broke their rules.",
    ),
    "A5": Explanation(
        "Are the opened ballots the shuffled ones?",
        "Every published ballot opens its sealed ballot. No other content does.",
        "A published ballot is not what its voter cast.",
    ),
    "A6": Explanation(
        "Do the opened ballots give the result?",
        "This program added up all opened ballots. Their sum is the result on the blockchain.",
        "The opened ballots do not add up to the result on the blockchain.",
    ),
    "O1": Explanation(
        "Does the decision follow from the result?",
        "This program applied the poll's decision rule to the result, or to the opened ballots if"
        " the rule needs them. The contract does not give any other decision.",
        "The contract declares a decision that does not follow from the votes.",
    ),
    "D1": Explanation(
        "Did people vote on these proposals and this money?",
        "The budget round names this poll. Titles, costs, budget and voters are the round's.",
        "The poll asked about other proposals, other amounts or in other words than the round.",
    ),
    "D2": Explanation(
        "Do exactly the winners get money?",
        "The contract that holds the money funds the winners that this program computed, and no"
        " others.",
        "Money is set aside for proposals that did not win, or winners get none.",
    ),
    "D3": Explanation(
        "Did the money go to the right accounts, once?",
        "Each payment went once to the account that the winning proposal names, in its amount.",
        "A payment is missing, was made twice, or went to a different account.",
    ),
    "D4": Explanation(
        "Is the contract that holds the money the published program?",
        "The code of that contract is the code of a release that this program knows.",
        "The contract has settings that no genuine one has, and could pay out differently.",
    ),
}
"""By number of the check."""

GLOSSARY = (
    (
        "Blockchain",
        "A public record that many computers keep together. What it has recorded cannot be changed"
        " later without being noticed.",
    ),
    (
        "Board",
        "The published file of a poll with its rules, its list of voters, all sealed ballots and"
        " all signatures. Together with the blockchain it is all that this audit reads.",
    ),
    (
        "Node",
        "One of the servers that count together. Each has its own operator, receives only a share"
        " of every vote, and cannot read a vote alone.",
    ),
    (
        "Root",
        "A fingerprint of the list of counted ballots. If one ballot changes, the root changes.",
    ),
    (
        "Sealed ballot",
        "A vote that was locked before it was sent. All sealed ballots can be added up and the sum"
        " opened without opening any of them.",
    ),
)
"""Terms and their meanings."""
