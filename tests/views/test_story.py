from __future__ import annotations

from chaoscli.events import BreakerChanged, CacheServed, CallHedged, FallbackServed, LimitChanged
from chaoscli.messages import Result
from chaoscli.recording import Recording
from chaoscli.views.harm import LOST, OVERSOLD, TAKEN_BACK, TWICE, TWO_OWNERS
from chaoscli.views.scene import Beat
from chaoscli.views.source import SceneSource
from chaoscli.views.story import _HARMS
from tests.support.recordings import Play, recording
from tests.views import plays


def story_of(*variants: Recording, now: float = 20.0) -> list[str]:
    """Each beat as "1.50 trouble naive: what"."""
    scene = SceneSource({one.name: one for one in variants}).scene(now, 40)
    return [_line(beat) for beat in scene.story]


def _line(beat: Beat) -> str:
    whose = f"{', '.join(beat.lanes)}: " if beat.lanes else ""
    return f"{beat.at_s:.2f} {beat.tone} {whose}{beat.text}"


def in_time(play: Play) -> Recording:
    return Recording(play.name, sorted(play.events, key=lambda event: event.at))


def test_a_partition_is_told_from_the_cut_to_the_recovery() -> None:
    assert story_of(*plays.partition().variants.values()) == [
        "3.00 harm partition: order cannot reach inventory: silence",
        "4.02 relief fallback: order answers without inventory, from memory 19ms old",
        "4.02 trouble timeout, fallback: order gives up waiting for inventory after 1s",
        "4.02 trouble timeout: shoppers get a first no: 400",
        "5.02 trouble no-timeout: requests hang: 2s and no answer",
        "7.00 heal partition heals",
        "7.02 relief well again 16.9ms after the heal",
    ]


def test_a_surge_of_retries_is_told_when_it_doubles_and_when_it_is_over() -> None:
    naive = plays.retries().variants["naive"]

    surge = [line for line in story_of(naive) if "calls to inventory" in line]

    assert surge == [
        "3.10 trouble calls to inventory have doubled: 128/s after 64/s",
        "5.96 note calls to inventory peaked at 4.0s with 384/s, 6.0x the usual",
    ]


def surging(callees: int, times: int) -> Play:
    """``callees`` services are asked 15 times a second, and after a fault at 2 s ``times`` as often for two seconds."""
    play = recording("one").curtain(10).fault("crowd", at=2, until=4)
    for callee in range(callees):
        for since, until, rate in ((0.0, 2.0, 15), (2.0, 4.0, 15 * times), (4.0, 6.0, 15)):
            for number in range(int((until - since) * rate)):
                name = f"{callee}-{since:g}-{number}"
                play.call(f"edge -> s{callee}", name, at=since + number / rate, took=0.01)
    return play


def test_of_many_services_that_are_asked_more_the_first_few_are_told() -> None:
    told = [line for line in story_of(surging(callees=5, times=4)) if "calls to" in line]

    assert sorted({line.partition("calls to ")[2][:2] for line in told}) == ["s0", "s1", "s2"]
    assert len(told) == 6  # each when it doubles, and when it is over


def test_a_peak_that_is_little_more_than_the_doubling_is_not_told() -> None:
    told = [line for line in story_of(surging(callees=1, times=2)) if "calls to" in line]

    assert [line.partition(" ")[2] for line in told] == ["trouble calls to s0 have doubled: 30/s after 15/s"]


def test_slower_requests_are_told_where_nothing_worse_happens() -> None:
    told = story_of(*plays.sync_chain().variants.values())

    assert told == [
        "4.00 harm slow d: 5x as long",
        "4.39 trouble chain: requests take 130ms, 1.7x the usual 74ms",
        "7.00 heal slow d heals",
    ]


def test_the_same_cue_in_all_variants_is_told_once_and_in_some_with_their_names() -> None:
    one = recording("one").curtain(10).fault("cut", at=2, until=4, text="nobody reaches order")
    two = recording("two").curtain(10).fault("cut", at=2, until=4, text="nobody reaches order", late=0.02)
    three = recording("three").curtain(10)

    assert story_of(one, two) == ["2.00 harm cut: nobody reaches order", "4.00 heal cut heals"]
    assert story_of(one, two, three) == ["2.00 harm one, two: cut: nobody reaches order", "4.00 heal one, two: cut heals"]


def test_a_cue_just_heard_of_is_taken_for_everyones() -> None:
    one = recording("one").curtain(10).fault("cut", at=2)
    two = recording("two").curtain(10)

    assert story_of(one, two, now=2.1) == ["2.00 harm cut (order -> inventory)"]
    assert story_of(one, two, now=3.0) == ["2.00 harm one: cut (order -> inventory)"]


def test_whom_a_fault_meets_is_told_unless_its_words_say_so() -> None:
    many = ("a -> b", "c -> d", "e -> f", "g -> h", "i -> j")
    play = recording().curtain(10).fault("one", at=1, text="slow 4x", targets=("inventory",))
    play.fault("two", at=2, text="inventory is slow", targets=("inventory",)).fault("three", at=3, text="late", targets=many)

    assert story_of(play) == [
        "1.00 harm one: slow 4x (inventory)",
        "2.00 harm two: inventory is slow",
        "3.00 harm three: late (a -> b, c -> d, e -> f and 2 more)",
    ]


def test_a_request_is_told_as_hanging_while_it_hangs() -> None:
    play = recording().curtain(10).request(at=1.0)

    assert story_of(play, now=2.9) == []
    assert story_of(play, now=3.0) == ["3.00 trouble requests hang: 2s and no answer"]


def test_each_kind_of_trouble_is_told_once_however_often_it_comes() -> None:
    play = recording().curtain(10)
    for number in range(3):
        at = 1.0 + number
        play.request(at=at, took=0.1, result="failed", status=503, name=f"r{number}")
        play.refused("order", f"r{number}", at=at + 0.01)
        play.call("order -> inventory", f"r{number}", at=at + 0.02, took=0.05, result="refused", arrives=None)
        play.skipped(at=at + 0.03, in_flight=100)

    assert story_of(in_time(play)) == [
        "1.01 trouble order turns requests away: queue full",
        "1.03 trouble 100 requests in flight is the cap: shoppers skip some",
        "1.07 trouble order cannot reach inventory: nobody listens there",
        "1.10 trouble shoppers get a first no: 503",
    ]


def test_a_message_stamped_later_than_it_came_is_from_the_future() -> None:
    # The callee's clock is 150 ms behind, the way takes 100 ms: stamped 50 ms ahead of its arrival.
    play = recording().curtain(10).call("order -> inventory", "r1", at=1.0, took=0.2, arrives=0.1, skew=-0.15)
    honest = recording().curtain(10).call("order -> inventory", "r1", at=1.0, took=0.2, arrives=0.1, skew=-0.1)

    assert story_of(play) == ["1.10 trouble a message from the future: order stamped it 50ms ahead of inventory's clock"]
    assert story_of(honest) == []


def test_shoppers_have_no_part_in_what_nodes_make_of_clocks() -> None:
    play = recording().curtain(10).request(at=1.0, name="r1").call("shoppers -> order", "r1", at=1.0, arrives=0.0, skew=-0.15)

    assert story_of(play, now=2.0) == []


def test_harm_to_the_shop_is_told_once_for_each_kind_and_node() -> None:
    play = recording().curtain(10).happened("payment", "charged", "r1", at=1.0).happened("payment", "charged", "r2", at=1.5)
    play.happened("payment", "charged", "r1", at=2.0).happened("payment", "charged", "r2", at=2.5)
    play.happened("b", "newer write lost", "w1", at=3.0).happened("b", "newer write lost", "w2", at=3.5)

    assert story_of(play) == [
        "2.00 trouble payment charges twice for one request",
        "3.00 trouble b loses a new write: the older one it holds is stamped later",
    ]


def test_who_gives_away_what_is_not_there_is_told_and_so_is_an_order_nobody_hears_of() -> None:
    play = recording().curtain(10).happened("inventory", "stocked", at=0, product="PEN", quantity=1)
    for at, what in ((1.0, "stock reserved"), (2.0, "stock released"), (3.0, "stock reserved"), (4.0, "stock reserved")):
        play.happened("inventory", what, f"r{at}", at=at, product="PEN", quantity=1, left=0)
    play.happened("order", "order not published", "r9", at=5.0, order="o-9")
    assert story_of(play) == [
        "4.00 trouble inventory gives away what is no longer there",
        "5.00 trouble order could not tell of an order, and will not try again",
    ]


def test_every_harm_has_its_sentence() -> None:
    assert {*TWICE.values(), *LOST.values(), OVERSOLD, TAKEN_BACK, TWO_OWNERS} == set(_HARMS)


def test_a_vault_with_two_owners_is_told() -> None:
    play = recording().curtain(10)
    for at, holder, token in ((1.0, "one", 1), (2.0, "two", 2), (3.0, "one", 1), (4.0, "two", 2)):
        play.happened("vault", "vault written", f"w{at}", at=at, lease="job", holder=holder, token=token, highest=2)
    assert story_of(play) == ["3.00 trouble vault takes what an owner writes whose time is over"]


def test_a_primary_that_takes_over_is_told_and_so_is_a_write_that_is_taken_back() -> None:
    play = recording().happened("east", "became primary", at=-0.05, term=1, last=0).curtain(10)
    play.happened("east", "write acknowledged", "w1", at=1.0, operation="w1/1", term=1, number=2)
    play.happened("west", "became primary", at=2.0, term=2, last=1)
    for operation in ("w0/1", "w1/1", "w1/1"):
        play.happened("east", "write rolled back", operation[:2], at=3.0, operation=operation, term=1, number=2)
    assert story_of(play) == [
        "2.00 relief west is the primary of term 2",
        "3.00 trouble east takes back a write that was acknowledged",
    ]


def test_the_death_of_a_node_is_told_and_its_start_is_not() -> None:
    play = recording().node("order", "starting", at=-1).node("order", "ready", at=-0.5).curtain(10)
    play.node("order", "killed", at=2).node("order", "starting", at=3).node("order", "ready", at=3.5)
    play.node("inventory", "died", at=4, detail="exit code 1").fell(10).node("order", "stopped", at=11)

    assert story_of(play) == [
        "2.00 trouble order killed",
        "3.50 relief order is back",
        "4.00 trouble inventory died (exit code 1)",
    ]


def test_a_process_that_keeps_complaining_gets_five_lines() -> None:
    play = recording().curtain(10).noted("order", "all is well", at=0.5).lost("order", 12, at=1)
    for number in range(9):
        play.noted("order", f"complaint {number}", at=2 + number / 10, level="warning")

    assert story_of(play) == [
        "1.00 note 12 events of order were lost",
        *(f"2.{number}0 note order: complaint {number}" for number in range(4)),
    ]


def test_what_never_came_back_is_told_at_the_end() -> None:
    play = recording().curtain(10).request(at=9.5).request(at=9.6).fell(10.9)

    assert story_of(play, now=10.9) == ["10.90 trouble 2 requests never answered"]


def test_a_breaker_is_told_when_it_opens_when_its_trials_first_fail_and_when_it_closes() -> None:
    play = recording().curtain(10)
    for at, state in [(2, "open"), (4, "half-open"), (4.1, "open"), (6.1, "half-open"), (6.2, "open"), (8.2, "half-open")]:
        play.tell(BreakerChanged(at=at, caller="order", callee="inventory", state=state, calls=20, failed=0.55))
    play.tell(BreakerChanged(at=8.5, caller="order", callee="inventory", state="closed"))
    play.tell(BreakerChanged(at=9, caller="order", callee="inventory", state="open", calls=10, failed=1.0))

    assert story_of(play) == [
        "2.00 trouble the breaker order -> inventory opens: 55% of 20 calls failed",
        "4.10 trouble the breaker order -> inventory opens again: its trials failed",
        "8.50 relief the breaker order -> inventory closes",
        "9.00 trouble the breaker order -> inventory opens: 100% of 10 calls failed",
    ]


def test_what_policies_do_is_told_the_first_time() -> None:
    play = recording().curtain(10)
    for at in (1.0, 2.0):
        play.tell(CallHedged(at=at, caller="order", callee="inventory", request="r1", attempt=2, after_s=0.0953))
        play.tell(CacheServed(at=at + 0.1, caller="order", callee="pricing", request="r1", age_s=0.2))
        play.tell(CacheServed(at=at + 0.2, caller="order", callee="pricing", request="r2", age_s=0.0, source="shared"))
        play.tell(CacheServed(at=at + 0.3, caller="order", callee="pricing", request="r3", age_s=2.0, source="stale"))
        play.tell(
            FallbackServed(
                at=at + 0.4, caller="order", callee="bank", request="r1", result=Result.TIMEOUT, age_s=0.0, source="fixed"
            )
        )
        play.tell(LimitChanged(at=at + 0.5, node="inventory", limit=22, before=20))
        play.tell(LimitChanged(at=at + 0.6, node="inventory", limit=18, before=22))

    assert story_of(play) == [
        "1.00 note order asks inventory a second time: no answer within 95ms",
        "1.10 note order need not ask pricing: it keeps the answer",
        "1.20 note order need not ask pricing: it takes the answer that another call waits for",
        "1.30 note order need not ask pricing: it takes an old answer while another call renews it",
        "1.40 relief order answers without bank, with a reply made beforehand",
        "1.60 note inventory lets fewer requests in at once: 18 after 22",
    ]
