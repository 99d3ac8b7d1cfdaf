//! What happens, and what is done about it.

use serde_json::{Value, json};
use svix::{
    api::{
        EndpointGetStatsOptions, MessageAttemptListByEndpointOptions, MessageGetOptions,
        MessageListOptions,
    },
    models::{
        AppUsageStatsIn, BackgroundTaskType, BulkExpungeContentsIn, BulkReplayIn, EndpointIn,
        EndpointPatch, EventExampleIn, MessageAttemptOut, MessageAttemptTriggerType, MessageIn,
        MessageOut, MessagePrecheckIn, MessageStatus, RecoverIn, ReplayIn,
    },
};

use crate::{
    session::{Session, refusal, until},
    setting_up::application,
};

/// An application with an endpoint that takes everything and one that fails at everything.
struct Shop {
    app: String,
    good: String,
    bad: String,
}

fn endpoint(url: String) -> EndpointIn {
    EndpointIn { event_types: Some(["invoice.paid".to_owned()].into()), ..EndpointIn::new(url) }
}

fn message(event_type: &str, payload: Value) -> MessageIn {
    MessageIn::new(event_type.to_owned(), payload)
}

impl Session {
    pub(crate) async fn traffic(&mut self, good_url: String, bad_url: String) {
        let svix = self.svix.clone();
        let app = svix.application().create(application("Traffic", "traffic"), None).await;
        let app = app.unwrap().id;
        let points = svix.endpoint();
        let good = points.create(app.clone(), endpoint(good_url.clone()), None).await.unwrap().id;
        let bad = points.create(app.clone(), endpoint(bad_url), None).await.unwrap().id;
        let shop = Shop { app, good, bad };
        let sent = self.messages(&shop).await;
        self.attempts(&shop, &sent).await;
        self.statistics(&shop, &sent).await;
        self.again(&shop, &sent, good_url).await;
        self.forgotten(&shop, &sent).await;
    }

    async fn messages(&mut self, shop: &Shop) -> MessageOut {
        let svix = self.svix.clone();
        let api = svix.message();
        let wanted = MessagePrecheckIn::new("invoice.paid".to_owned());
        let wanted = api.precheck(shop.app.clone(), wanted, None);
        assert!(self.drive("message.precheck", wanted).await.active);
        let asked = MessageIn {
            event_id: Some("paid-1".to_owned()),
            channels: Some(["eu".to_owned()].into()),
            tags: Some(["first".to_owned()].into()),
            payload_retention_hours: Some(48),
            ..message("invoice.paid", json!({ "invoice": 1 }))
        };
        let sent = api.create(shop.app.clone(), asked.clone(), None);
        let sent = self.drive("message.create", sent).await;
        let taken = api.create(shop.app.clone(), asked, None).await;
        assert_eq!(refusal(taken), (409, "conflict".to_owned()));
        let listed = until("the message in the history", async || {
            let by = MessageListOptions {
                tag: Some("first".to_owned()),
                with_content: Some(true),
                ..MessageListOptions::default()
            };
            let page = api.list(shop.app.clone(), Some(by)).await.unwrap();
            (!page.data.is_empty()).then_some(page.data)
        })
        .await;
        self.driven.insert("message.list");
        let expected = MessageOut { payload: json!({ "invoice": 1 }), ..sent };
        assert_eq!(listed, std::slice::from_ref(&expected));
        let got = api.get(shop.app.clone(), "paid-1".to_owned(), None);
        let got = self.drive("message.get", got).await;
        assert_eq!((got.id, got.timestamp), (expected.id.clone(), expected.timestamp));
        let none = api.get(shop.app.clone(), "nothing".to_owned(), None).await;
        assert_eq!(refusal(none), (404, "not_found".to_owned()));
        expected
    }

    async fn attempts_of(
        &mut self,
        shop: &Shop,
        of: &str,
        status: MessageStatus,
    ) -> Vec<MessageAttemptOut> {
        let svix = self.svix.clone();
        let by = MessageAttemptListByEndpointOptions {
            status: Some(status),
            with_msg: Some(true),
            ..MessageAttemptListByEndpointOptions::default()
        };
        let api = svix.message_attempt();
        let page = api.list_by_endpoint(shop.app.clone(), of.to_owned(), Some(by));
        self.drive("message-attempt.list-by-endpoint", page).await.data
    }

    async fn attempts(&mut self, shop: &Shop, sent: &MessageOut) {
        let svix = self.svix.clone();
        let api = svix.message_attempt();
        let (app, msg) = (&shop.app, &sent.id);
        until("the message taken by one endpoint and refused by the other", async || {
            let asked = api.list_attempted_destinations(app.clone(), msg.clone(), None);
            let found = asked.await.unwrap().data;
            let is =
                |id: &str, status| found.iter().any(|one| one.id == id && one.status == status);
            (is(&shop.good, MessageStatus::Success) && is(&shop.bad, MessageStatus::Fail))
                .then_some(())
        })
        .await;
        self.driven.insert("message-attempt.list-attempted-destinations");
        let all = api.list_by_msg(app.clone(), msg.clone(), None);
        let all = self.drive("message-attempt.list-by-msg", all).await.data;
        assert_eq!(all.iter().filter(|one| one.response_status_code == 500).count(), 3);
        assert_eq!(all.iter().filter(|one| one.response_status_code == 200).count(), 1);
        let failed = self.attempts_of(shop, &shop.bad, MessageStatus::Fail).await;
        assert_eq!(failed.len(), 3);
        assert!(failed.iter().all(|one| one.msg.as_ref().is_some_and(|one| one.id == *msg)));
        let attempted = api.list_attempted_messages(app.clone(), shop.bad.clone(), None);
        let attempted = self.drive("message-attempt.list-attempted-messages", attempted).await.data;
        assert_eq!((&attempted[0].id, attempted[0].status), (msg, MessageStatus::Fail));

        let id = failed[0].id.clone();
        let got = api.get(app.clone(), msg.clone(), id.clone(), None);
        let got = self.drive("message-attempt.get", got).await;
        assert_eq!((&got.id, &got.msg_id), (&id, msg));
        let gone = api.expunge_content(app.clone(), msg.clone(), id.clone());
        self.drive("message-attempt.expunge-content", gone).await;
        until("the attempt without its content", async || {
            let now = api.get(app.clone(), msg.clone(), id.clone(), None).await.unwrap();
            (now.response == "EXPUNGED").then_some(())
        })
        .await;
    }

    async fn statistics(&mut self, shop: &Shop, sent: &MessageOut) {
        let svix = self.svix.clone();
        let by = EndpointGetStatsOptions { since: Some(sent.timestamp), until: None };
        let endpoints = svix.endpoint();
        let stats = endpoints.get_stats(shop.app.clone(), shop.bad.clone(), Some(by));
        let stats = self.drive("endpoint.get-stats", stats).await;
        assert_eq!((stats.success, stats.fail), (0, 3));
        let api = svix.statistics();
        let newest = self.attempts_of(shop, &shop.bad, MessageStatus::Fail).await.remove(0);
        let asked = AppUsageStatsIn::new(sent.timestamp, newest.timestamp);
        let started = api.aggregate_app_stats(asked, None);
        let started = self.drive("statistics.aggregate-app-stats", started).await;
        self.finished(started.id, BackgroundTaskType::ApplicationStats).await;
        let started = api.aggregate_event_types();
        let started = self.drive("statistics.aggregate-event-types", started).await;
        self.finished(started.id, BackgroundTaskType::EventTypeAggregate).await;
    }

    async fn again(&mut self, shop: &Shop, sent: &MessageOut, good_url: String) {
        let svix = self.svix.clone();
        let api = svix.endpoint();
        let app = &shop.app;
        let attempts = svix.message_attempt();
        let resent = attempts.resend(app.clone(), sent.id.clone(), shop.bad.clone(), None);
        self.drive("message-attempt.resend", resent).await;
        let failed = until("the attempt asked for", async || {
            let found = self.attempts_of(shop, &shop.bad, MessageStatus::Fail).await;
            (found.len() == 4).then_some(found)
        })
        .await;
        assert_eq!(failed[0].trigger_type, MessageAttemptTriggerType::Manual);

        let mended = EndpointPatch { url: Some(good_url.clone()), ..EndpointPatch::new() };
        api.patch(app.clone(), shop.bad.clone(), mended).await.unwrap();
        let started =
            api.recover(app.clone(), shop.bad.clone(), RecoverIn::new(sent.timestamp), None);
        let started = self.drive("endpoint.recover", started).await;
        self.finished(started.id, BackgroundTaskType::EndpointRecover).await;
        until("the recovery", async || {
            let found = self.attempts_of(shop, &shop.bad, MessageStatus::Success).await;
            found.iter().any(|one| one.msg_id == sent.id).then_some(())
        })
        .await;

        let late = api.create(app.clone(), EndpointIn::new(good_url), None).await.unwrap().id;
        let started =
            api.replay_missing(app.clone(), late.clone(), ReplayIn::new(sent.timestamp), None);
        let started = self.drive("endpoint.replay-missing", started).await;
        self.finished(started.id, BackgroundTaskType::EndpointReplay).await;
        let replayed = until("what the new endpoint missed", async || {
            let found = self.attempts_of(shop, &late, MessageStatus::Success).await;
            found.iter().any(|one| one.msg_id == sent.id).then_some(found.len())
        })
        .await;
        let started =
            api.bulk_replay(app.clone(), late.clone(), BulkReplayIn::new(sent.timestamp), None);
        let started = self.drive("endpoint.bulk-replay", started).await;
        self.finished(started.id, BackgroundTaskType::EndpointBulkReplay).await;
        until("the replay of everything", async || {
            let found = self.attempts_of(shop, &late, MessageStatus::Success).await;
            (found.len() > replayed).then_some(())
        })
        .await;
        let tasks = self.drive("background-task.list", svix.background_task().list(None)).await;
        assert_eq!(tasks.data.len(), 5);
        let example = EventExampleIn::new("invoice.paid".to_owned());
        let example = api.send_example(app.clone(), shop.good.clone(), example, None);
        let example = self.drive("endpoint.send-example", example).await;
        assert_eq!(example.event_type, "invoice.paid");
    }

    async fn forgotten(&mut self, shop: &Shop, sent: &MessageOut) {
        let svix = self.svix.clone();
        let api = svix.message();
        let more = message("order.shipped", json!({ "order": 1 }));
        let more = api.create(shop.app.clone(), more, None).await.unwrap();
        let expired = async |id: &str| {
            let whole = MessageGetOptions { with_content: Some(true) };
            let found = api.get(shop.app.clone(), id.to_owned(), Some(whole)).await;
            found.is_ok_and(|found| found.payload == json!({ "expired": true })).then_some(())
        };
        until("the second message", async || {
            api.get(shop.app.clone(), more.id.clone(), None).await.ok()
        })
        .await;
        let gone = api.expunge_content(shop.app.clone(), sent.id.clone());
        self.drive("message.expunge-content", gone).await;
        until("the message without its content", async || expired(&sent.id).await).await;
        let ids = BulkExpungeContentsIn { ids: Some([more.id.clone()].into()) };
        let gone = api.bulk_expunge_content(shop.app.clone(), ids, None);
        let gone = self.drive("message.bulk-expunge-content", gone).await;
        assert!(gone.results.keys().eq([&more.id]));
        until("the message of a list without its content", async || expired(&more.id).await).await;
        let gone = api.expunge_all_contents(shop.app.clone(), None);
        let gone = self.drive("message.expunge-all-contents", gone).await;
        self.finished(gone.id, BackgroundTaskType::ApplicationPurgeContent).await;
    }
}
