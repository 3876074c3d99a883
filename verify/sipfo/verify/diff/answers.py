"""Two retry policies to one response for each way in which both can read one.

Complete: for any response there is one here that both policies judge alike, that RFC 3261 §16.7
ranks alike among others and that RFC 3263 §4.3 reads alike. Two tags or two causes are enough for
that, since each policy goes by one of them alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, permutations

from sipfo.plan.best import PREFERRED
from sipfo.plan.model import OnCause, OnTag, Retry, Verdict
from sipfo.plan.outcome import Final, Judge, Outcome
from sipfo.plan.scenario import Reply
from sipfo.verify.conduct import has_body, phrase_of

_FAMILIAR = (503, 486, 404, 500, 603, 480, 408, 504, 302, 600)
_TAG_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """A final response; `reply` is how a scenario says it, None where it cannot. `also` are the
    others that the two policies read in the same way."""

    final: Final
    reply: Reply | None
    words: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provisional:
    """A response from 101 to 199; `scripted` says that a scenario can hold it."""

    status: int
    body: bool
    scripted: bool


_Key = tuple[Verdict, Verdict, tuple[bool, int, bool], bool]


@dataclass(frozen=True)
class Answers:
    """What the two policies tell apart. With `unscripted` also what no scenario can hold: two
    causes, a provisional with a body other than a 183."""

    old: Retry
    new: Retry
    unscripted: bool = False

    @cached_property
    def finals(self) -> tuple[Answer, ...]:
        """One final response for each class, those that people know first."""
        judges = Judge(self.old), Judge(self.new)
        first: dict[_Key, Answer] = {}
        also: dict[_Key, list[str]] = {}
        clear: dict[_Key, int] = {}
        tags = self._tags()
        tagged = dict.fromkeys(code for code, _ in tags)
        for answer in _plain(tagged if self.unscripted else ()):
            key = _sort_in(answer, judges, first, also)
            if answer.final.status not in tagged:
                clear.setdefault(key, answer.final.status)
        # A tag goes before a cause, so that a cause has to be seen beside a code that has no tag.
        for answer in _qualified((*clear.values(), *tagged), tags, self._causes()):
            if answer.reply is not None or self.unscripted:
                _sort_in(answer, judges, first, also)
        return tuple(
            Answer(answer.final, answer.reply, answer.words, tuple(also[key]))
            for key, answer in first.items()
        )

    @cached_property
    def telling(self) -> tuple[Answer, ...]:
        """The final responses that can lead to a difference: all about which the policies disagree,
        and of those on which both go on 503, which moves to the next target, and the one that
        ranks highest. On the others both stop alike, or go on with less in hand."""
        judges = Judge(self.old), Judge(self.new)
        found: list[Answer] = []
        going_on: list[Answer] = []
        for answer in self.finals:
            outcome = Outcome("response", answer.final)
            verdicts = [judge.verdict(outcome) for judge in judges]
            if verdicts == ["failover", "failover"] and answer.final.status != 503:
                going_on.append(answer)
            elif verdicts != ["stop", "stop"]:
                found.append(answer)
        highest = max(going_on, key=lambda one: group_of(one.final.status), default=None)
        return (*found, highest) if highest is not None else tuple(found)

    @cached_property
    def provisionals(self) -> tuple[Provisional, ...]:
        """One provisional for each pair of what the two policies commit on."""
        judges = Judge(self.old), Judge(self.new)
        found: dict[tuple[bool, bool], Provisional] = {}
        statuses = list(dict.fromkeys((180, 183, *range(101, 200))))
        every = [Provisional(one, has_body(one), True) for one in statuses]
        if self.unscripted:
            every += [Provisional(one, not has_body(one), False) for one in statuses]
        for one in every:
            commits = tuple(judge.commits(one.status, one.body) for judge in judges)
            found.setdefault((commits[0], commits[1]), one)
        return tuple(found.values())

    def _tags(self) -> list[tuple[int, str]]:
        rules = (*self.old.rules, *self.new.rules)
        tagged = [rule.match for rule in rules if isinstance(rule.match, OnTag)]
        return list(dict.fromkeys((one.code, one.tag) for one in tagged))

    def _causes(self) -> list[int]:
        rules = (*self.old.rules, *self.new.rules)
        causes = [rule.match.cause for rule in rules if isinstance(rule.match, OnCause)]
        return list(dict.fromkeys(causes))


def group_of(code: int) -> tuple[bool, int, bool]:
    """The rank of a status code among others, higher before lower (RFC 3261 §16.7)."""
    return code >= 600, -(code // 100), code in PREFERRED


def _sort_in(
    answer: Answer,
    judges: tuple[Judge, Judge],
    first: dict[_Key, Answer],
    also: dict[_Key, list[str]],
) -> _Key:
    """Keep an answer that is the first of its class, or its words; its class."""
    outcome = Outcome("response", answer.final)
    status = answer.final.status
    old, new = (judge.verdict(outcome) for judge in judges)
    key = old, new, group_of(status), status == 503
    if first.setdefault(key, answer) is not answer:
        also[key].append(answer.words)
    else:
        also[key] = []
    return key


def _plain(tagged: Iterable[int]) -> Iterator[Answer]:
    """Every status code; for those that some rule looks for a tag in, also without the words of the
    usual reason phrase, which could be one."""
    for status in dict.fromkeys((*_FAMILIAR, *range(300, 700))):
        yield _scripted(Reply(status=status), str(status))
    for status in tagged:
        yield Answer(Final(status), None, f"{status} with an empty phrase")


def _scripted(reply: Reply, words: str) -> Answer:
    causes = (reply.cause,) if reply.cause is not None else ()
    return Answer(Final(reply.status, phrase_of(reply), causes=causes), reply, words)


def _qualified(
    statuses: Sequence[int], tags: list[tuple[int, str]], causes: list[int]
) -> Iterator[Answer]:
    """Answers with a tag, two tags, a cause, two causes, or a tag for one policy and a cause for
    the other, which does not know the tag."""
    for code, tag in tags:
        yield _answer(code, (tag,), ())
    for status in statuses:
        for cause in causes:
            yield _answer(status, (), (cause,))
    for code, tag in tags:
        for cause in causes:
            yield _answer(code, (tag,), (cause,))
    for (code, one), (other, another) in combinations(tags, 2):
        if code == other:
            yield _answer(code, (one, another), ())
    for status in statuses:
        for pair in permutations(causes, 2):
            yield _answer(status, (), pair)


def _answer(status: int, tags: tuple[str, ...], causes: tuple[int, ...]) -> Answer:
    words = str(status)
    # A comma keeps two tags from making a third one that spans them.
    tag = ", ".join(tags) or None
    if tag is not None:
        words += f' tagged "{tag}"'
    if causes:
        words += f" cause {', '.join(map(str, causes))}"
    if len(causes) > 1 or (tag is not None and len(tag) > _TAG_LENGTH):
        return Answer(Final(status, "", reasons=tags, causes=causes), None, words)
    reply = Reply(status=status, tag=tag, cause=causes[0] if causes else None)
    return _scripted(reply, words)
