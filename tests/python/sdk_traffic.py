"""What happens: messages, attempts to deliver them, and what is done about those that failed."""

from datetime import datetime, timedelta, timezone

from svix.models import (ApplicationIn, BackgroundTaskType, BulkReplayIn, EventExampleIn, MessageIn, MessageStatus,
                         RecoverIn, ReplayIn, StatusCodeClass)

from sdk_session import VERSION, equal, expect, field, model

HOUR = timedelta(hours=1)
MANUAL = 1


class Shop:
    """An application with an endpoint that takes everything and one that fails at everything."""

    def __init__(self, app, good, bad):
        self.app, self.good, self.bad = app, good, bad
        self.since = datetime.now(timezone.utc) - HOUR

    @staticmethod
    async def opened(session, good_url, bad_url):
        app = (await session.drive("application.create", ApplicationIn(name="Traffic", uid="traffic"))).id
        good = await session.drive("endpoint.create", app, model(
            "EndpointIn", url=good_url, uid="good", event_types=["invoice.paid"]))
        bad = await session.drive("endpoint.create", app, model(
            "EndpointIn", url=bad_url, uid="bad", event_types=["invoice.paid"]))
        return Shop(app, good.id, bad.id)


async def traffic(session, good_url, bad_url):
    shop = await Shop.opened(session, good_url, bad_url)
    message = await messages(session, shop)
    await attempts(session, shop, message)
    await statistics(session, shop)
    await again(session, shop, message, good_url)
    await forgotten(session, shop, message)


async def messages(session, shop):
    drive, app = session.drive, shop.app
    for event_type, active in [("invoice.paid", True), ("invoice.hidden", False)]:
        answer = await drive("message.precheck", app, model("MessagePrecheckIn", event_type=event_type))
        equal(answer.active, active, f"whether anybody wants {event_type}")
    sent = MessageIn(event_type="invoice.paid", event_id="paid-1", payload={"invoice": 1, "lines": [{"sum": "9.90"}]},
                     channels=["eu"], tags=["first"], payload_retention_hours=48)
    message = await drive("message.create", app, sent, with_content=True)
    expect(message.id.startswith("msg_"), "a message's id", message.id)
    equal((message.event_type, message.event_id, message.payload, message.channels, message.tags),
          (sent.event_type, sent.event_id, sent.payload, ["eu"], ["first"]), "the message")
    await session.refused(409, "conflict", "message.create", app, sent)
    await session.refused(404, "not_found", "message.create", "nobody", sent)
    await session.invalid(["body", "eventType"], "message.create", app, MessageIn(event_type="no spaces", payload={}))

    repeated = MessageIn(event_type="order.shipped", payload={"order": 1})
    once = await drive("message.create", app, repeated, idempotency_key="once", with_content=False)
    equal(once.payload, {}, "a payload that was not asked for")
    twice = await drive("message.create", app, repeated, idempotency_key="once", with_content=False)
    equal(twice.id, once.id, "the id of a message sent twice")

    later = datetime.now(timezone.utc) + HOUR
    planned = await drive("message.create", app, MessageIn(
        event_type="invoice.paid", payload={"invoice": 2}, deliver_at=later, tags=["planned"]))
    expect(abs(planned.deliver_at - later) < timedelta(seconds=1), "when it is to be delivered", planned)
    await drive("message.create", "inline", MessageIn(
        event_type="invoice.paid", payload={}, application=ApplicationIn(name="Inline", uid="inline")))
    equal((await drive("application.get", "inline")).name, "Inline", "the application that came with a message")

    async def kept():
        found = await drive("message.list", app, tag="first")
        return found.data or None

    equal([one.id for one in await session.until("the message in the history", kept)], [message.id], "by its tag")
    for by in [message.id, "paid-1"]:
        equal(await drive("message.get", app, by, with_content=True), message, "the message")
    equal((await drive("message.get", app, message.id, with_content=False)).payload, {}, "its payload")

    async def all_three():
        found = await session.pages("message.list", app, limit=1)
        return found if len(found) == 3 else None

    found = [one.id for one in await session.until("three messages in the history", all_three)]
    equal(found, sorted([message.id, once.id, planned.id], reverse=True), "the messages, newest first")
    for options, wanted in [
        ({"channel": "eu"}, [message.id]),
        ({"event_types": ["order.shipped"]}, [once.id]),
        ({"event_types": ["order.shipped", "invoice.paid"]}, found),
        ({"after": shop.since}, found),
        ({"before": shop.since}, []),
    ]:
        listed = [one.id for one in await session.pages("message.list", app, **options)]
        equal(listed, wanted, f"the messages by {options}")
    await session.refused(404, "not_found", "message.get", app, "msg_nothing")
    return message


async def attempts(session, shop, message):
    drive, app = session.drive, shop.app

    async def settled():
        found = (await drive("message-attempt.list-attempted-destinations", app, message.id)).data
        states = {one.id: one.status for one in found}
        return found if states == {shop.good: MessageStatus.SUCCESS, shop.bad: MessageStatus.FAIL} else None

    destinations = await session.until("the message taken by one endpoint and refused by the other", settled)
    equal(sorted((one.uid, one.status_text.value, one.next_attempt) for one in destinations),
          [("bad", "fail", None), ("good", "success", None)], "the destinations")

    by_message = await session.pages("message-attempt.list-by-msg", app, message.id, limit=1)
    ids = [one.id for one in by_message]
    equal(ids, sorted(ids, reverse=True), "the attempts, newest first")
    taken = [one for one in by_message if one.endpoint_id == shop.good]
    failed = [one for one in by_message if one.endpoint_id == shop.bad]
    equal((len(taken), len(failed)), (1, 3), "how many attempts there were")
    equal([(one.response_status_code, one.status_text.value, int(one.trigger_type)) for one in taken],
          [(200, "success", 0)], "what the good one answered")
    equal({(one.response_status_code, one.msg_id) for one in failed}, {(500, message.id)}, "what the bad one answered")
    expect(all(one.response_duration_ms >= 0 and one.timestamp >= message.timestamp for one in by_message), "times")
    await filtered(session, shop, message, by_message)

    by_endpoint = await session.pages("message-attempt.list-by-endpoint", app, shop.bad, with_msg=True)
    equal([one.id for one in by_endpoint], [one.id for one in failed], "the attempts of the bad endpoint")
    equal({(one.msg.id, one.msg.event_id) for one in by_endpoint}, {(message.id, "paid-1")}, "their message")
    one = await drive("message-attempt.get", app, message.id, taken[0].id)
    equal((one.id, one.url, one.status), (taken[0].id, taken[0].url, MessageStatus.SUCCESS), "the attempt")
    await session.refused(404, "not_found", "message-attempt.get", app, message.id, "atmpt_nothing")

    attempted = await session.pages("message-attempt.list-attempted-messages", app, shop.bad, with_content=True)
    equal([(one.id, one.status_text.value, one.payload) for one in attempted],
          [(message.id, "fail", message.payload)], "the messages of the bad endpoint")
    attempted = await drive("message-attempt.list-attempted-messages", app, shop.bad, status=MessageStatus.SUCCESS)
    equal(attempted.data, [], "its successes")

    await drive("message-attempt.expunge-content", app, message.id, failed[0].id)

    async def expunged():
        found = await drive("message-attempt.get", app, message.id, failed[0].id)
        return True if found.response == "EXPUNGED" else None

    await session.until("the attempt without its content", expunged)


async def filtered(session, shop, message, everything):
    kinds = {
        "good": [one.id for one in everything if one.endpoint_id == shop.good],
        "bad": [one.id for one in everything if one.endpoint_id == shop.bad],
        "all": [one.id for one in everything],
        "none": [],
    }
    for options, wanted in [
        ({"status": MessageStatus.SUCCESS}, "good"),
        ({"status": MessageStatus.FAIL}, "bad"),
        ({"status_code_class": StatusCodeClass.CODE2XX}, "good"),
        ({"status_code_class": StatusCodeClass.CODE5XX}, "bad"),
        ({"endpoint_id": shop.good}, "good"),
        ({"channel": "eu"}, "all"),
        ({"channel": "us"}, "none"),
        ({"tag": "first"}, "all"),
        ({"event_types": ["invoice.paid"]}, "all"),
        ({"event_types": ["order.shipped"]}, "none"),
        ({"after": shop.since, "before": datetime.now(timezone.utc)}, "all"),
        ({"expanded_statuses": True, "with_content": False}, "all"),
    ]:
        found = await session.pages("message-attempt.list-by-msg", shop.app, message.id, **options)
        equal([one.id for one in found], kinds[wanted], f"the attempts by {options}")


async def statistics(session, shop):
    drive = session.drive
    good = await drive("endpoint.get-stats", shop.app, shop.good)
    equal((good.success, good.fail, good.canceled), (1, 0, 0), "the good endpoint's attempts")
    bad = await drive("endpoint.get-stats", shop.app, shop.bad, since=shop.since, until=datetime.now(timezone.utc))
    equal((bad.success, bad.fail), (0, 3), "the bad endpoint's attempts")
    await session.refused(400, "invalid_range", "endpoint.get-stats", shop.app, shop.bad,
                          since=shop.since - timedelta(days=60), until=shop.since)

    asked = model("AppUsageStatsIn", since=shop.since, until=datetime.now(timezone.utc), app_ids=[shop.app, "nobody"])
    started = await drive("statistics.aggregate-app-stats", asked)
    equal(started.unresolved_app_ids, ["nobody"], "the applications that there are not")
    expect(shop.app in str((await session.finished(started, "application.stats")).data), "no figures", started)
    started = await drive("statistics.aggregate-event-types")
    counted = (await session.finished(started, "event-type.aggregate")).data
    expect("invoice.paid" in str(counted), "no figures", counted)


async def again(session, shop, message, good_url):
    """What failed is sent again: one message, then all that failed, all that were missed, and all of a kind."""
    drive, app = session.drive, shop.app

    async def attempts_of(endpoint, status):
        return await session.pages("message-attempt.list-by-endpoint", app, endpoint, status=status)

    await drive("message-attempt.resend", app, message.id, shop.bad)

    async def manual():
        found = await attempts_of(shop.bad, MessageStatus.FAIL)
        return found if len(found) == 4 else None

    newest = (await session.until("the attempt asked for", manual))[0]
    equal(int(newest.trigger_type), MANUAL, "what triggered it")
    await session.refused(404, "not_found", "message-attempt.resend", app, message.id, "nobody")

    # The customer mends its endpoint.
    await drive("endpoint.patch", app, shop.bad, model("EndpointPatch", url=good_url))
    started = await drive("endpoint.recover", app, shop.bad, RecoverIn(since=shop.since))
    await session.finished(started, "endpoint.recover")

    async def recovered():
        return await attempts_of(shop.bad, MessageStatus.SUCCESS) or None

    equal({one.msg_id for one in await session.until("the recovery", recovered)}, {message.id}, "what was recovered")

    missed = (await drive("endpoint.create", app, model("EndpointIn", url=good_url, uid="late"))).id
    started = await drive("endpoint.replay-missing", app, missed, ReplayIn(since=shop.since))
    await session.finished(started, "endpoint.replay")

    async def replayed():
        found = await attempts_of(missed, MessageStatus.SUCCESS)
        return found if message.id in {one.msg_id for one in found} else None

    before = len(await session.until("what the new endpoint missed", replayed))
    started = await drive("endpoint.bulk-replay", app, missed, BulkReplayIn(since=shop.since, tag="first"))
    await session.finished(started, "endpoint.bulk-replay")

    async def replayed_again():
        found = await attempts_of(missed, MessageStatus.SUCCESS)
        return found if len(found) > before else None

    newest = (await session.until("the replay of a tag", replayed_again))[0]
    equal(newest.msg_id, message.id, "what was replayed")
    too_long = RecoverIn(since=shop.since - timedelta(days=30), until=shop.since)
    await session.invalid(["body", "since"], "endpoint.recover", app, shop.bad, too_long)

    listed = await session.pages("background-task.list", limit=1)
    expect({one.task.value for one in listed} >= {
        "endpoint.recover", "endpoint.replay", "endpoint.bulk-replay", "application.stats", "event-type.aggregate",
    }, "the tasks", listed)
    recovering = await drive("background-task.list", task=BackgroundTaskType.ENDPOINT_RECOVER)
    equal({one.task.value for one in recovering.data}, {"endpoint.recover"}, "the tasks of a kind")
    await session.refused(404, "not_found", "background-task.get", "qtask_nothing")

    example = await drive("endpoint.send-example", app, shop.good, EventExampleIn(event_type="invoice.paid"))
    equal((example.event_type, example.payload), ("invoice.paid", {"invoice": 7}), "the example")


async def forgotten(session, shop, message):
    """What was sent is forgotten, and what became of it is not."""
    drive, app = session.drive, shop.app
    more = [await drive("message.create", app, MessageIn(event_type="order.shipped", payload={"order": number}))
            for number in range(3)]

    def payload(of, wanted):
        async def ask():
            found = await drive("message.list", app, with_content=True)
            held = {one.id: one.payload for one in found.data}
            return True if held.get(of.id) == wanted else None
        return ask

    gone = {"expired": True}
    for number, one in enumerate(more):
        await session.until("the messages", payload(one, {"order": number}))
    await drive("message.expunge-content", app, message.id)
    await session.until("the message without its content", payload(message, gone))
    if VERSION > 1:
        done = await drive("message.bulk-expunge-content", app, model("BulkExpungeContentsIn", ids=[more[0].id]))
        equal(list(done.results), [more[0].id], "what was expunged")
        await session.until("the message of a list without its content", payload(more[0], gone))
    await session.until("a message that keeps its content", payload(more[1], {"order": 1}))
    started = await drive("message.expunge-all-contents", app)
    await session.finished(started, "application.purge_content")
    for one in more:
        await session.until("every message without its content", payload(one, gone))
    await session.refused(404, "not_found", "message.expunge-content", app, "msg_nothing")
