//! The receivers that a customer's developer copies: each takes what we sign, and nothing else.
//!
//! What is sent is signed by our own schemes, which the receivers share no code with. Go is tried
//! where the machine has it, on PATH or named by `GO`; where not, the output says that it was left
//! out.

mod request;
mod sample;

use std::time::Duration;

use posthaste_profile::scheme::SchemeSpec;
use posthaste_testkit::{Answer, Receiver, Script, free_port};

use self::{
    request::{Sealed, Sender, post},
    sample::{LANGUAGES, Language, Sample},
};

/// What receivers allow unless they are told otherwise.
const TOLERANCE: i64 = 300;
/// What Yoco recommends.
const YOCOS_TOLERANCE: i64 = 180;
/// How far from a bound it is tried, so that a slow machine does not cross it meanwhile.
const MARGIN: i64 = 20;

async fn takes_what_is_signed_and_nothing_else(language: &'static str) {
    let Some(language) = Language::named(language) else { return };
    let builtin = SchemeSpec::builtins().iter().map(|spec| spec.name.as_str());
    for scheme in builtin.chain(["justwallet"]) {
        if language.lacks != Some(scheme) {
            Trial::begin(&language, Sender::new(scheme), TOLERANCE).await.run().await;
        }
    }
    // The most that a timestamp may be off is the receiver's to choose.
    Trial::begin(&language, Sender::new("standard-v1"), YOCOS_TOLERANCE).await.run().await;
    refuses_to_start_with_a_wrong_secret(&language).await;
    asks_whether_an_event_is_kloutits(&language).await;
}

/// One receiver, and how many requests it was sent.
struct Trial {
    sample: Sample,
    sender: Sender,
    tolerance: i64,
    sent: usize,
}

impl Trial {
    async fn begin(language: &Language, sender: Sender, tolerance: i64) -> Self {
        let tolerance_text = tolerance.to_string();
        let settings = [("SECRET", &*sender.revealed()), ("TOLERANCE", &*tolerance_text)];
        let sample = Sample::start(language, sender.name(), &settings).await.unwrap();
        Self { sample, sender, tolerance, sent: 0 }
    }

    async fn run(mut self) {
        self.accepts("what is signed", |_| {}).await;
        self.refuses("another's signature", |sealed| *sealed = sealed.by_another()).await;
        if self.sender.signs_the_body() {
            self.refuses("an altered body", |sealed| sealed.body.push(b'\n')).await;
            self.refuses("no body", |sealed| sealed.body.clear()).await;
        } else {
            self.accepts("whatever body, for nothing signs it", |sealed| sealed.body.push(b'\n'))
                .await;
        }
        for name in self.sender.required() {
            self.refuses(&format!("no {name}"), |sealed| sealed.drop_header(&name)).await;
            self.refuses(&format!("an empty {name}"), |sealed| {
                sealed.change(&name, |_| String::new());
            })
            .await;
        }
        let signature = self.sender.signature_header();
        self.refuses("a signature cut short", |sealed| {
            sealed.change(&signature, |value| value[..value.len() - 4].to_owned());
        })
        .await;
        self.refuses("a signature with more after it", |sealed| {
            sealed.change(&signature, |value| format!("{value}4"));
        })
        .await;
        if self.sender.has_entries_of_all_keys() {
            self.accepts("a signature among others", |sealed| *sealed = sealed.by_two()).await;
        }
        if self.sender.tells_the_time() {
            self.run_times().await;
        }
        // Nothing that was refused was noted meanwhile: this is the next line.
        self.accepts("what is signed, again", |_| {}).await;
    }

    async fn run_times(&mut self) {
        let tolerance = self.tolerance;
        for age in [tolerance - MARGIN, MARGIN - tolerance] {
            self.accepts(&format!("an age of {age} s"), |sealed| *sealed = sealed.aged(age)).await;
        }
        for age in [tolerance + MARGIN, -tolerance - MARGIN, 86_400 * 365] {
            self.refuses(&format!("an age of {age} s"), |sealed| *sealed = sealed.aged(age)).await;
        }
    }

    async fn accepts(&mut self, what: &str, change: impl FnOnce(&mut Sealed<'_>)) {
        let (status, line) = self.send(change).await;
        let expected = if self.sender.name() == "justwallet" { 200 } else { 204 };
        assert_eq!(status, expected, "{}: {what}", self.sample);
        let noted = self.sample.next_line().await;
        assert_eq!(noted, line, "{}: {what}", self.sample);
    }

    async fn refuses(&mut self, what: &str, change: impl FnOnce(&mut Sealed<'_>)) {
        assert_eq!(self.send(change).await.0, 401, "{}: {what}", self.sample);
    }

    /// The answer, and the line that tells of it if it is taken.
    async fn send(&mut self, change: impl FnOnce(&mut Sealed<'_>)) -> (u16, String) {
        self.sent += 1;
        let mut sealed = self.sender.seal(self.sent);
        change(&mut sealed);
        let id = if self.sender.tells_an_id() { &sealed.id } else { "-" };
        let line = format!("accepted {} {id} {} bytes", self.sender.name(), sealed.body.len());
        (post(self.sample.port, &sealed.headers, &sealed.body).await, line)
    }
}

async fn refuses_to_start_with_a_wrong_secret(language: &Language) {
    for secret in ["", "a secret of another kind", "whsec_", "whsec_not*base64"] {
        match Sample::start(language, "standard-v1", &[("SECRET", secret)]).await {
            Err(ended) => assert!(!ended.success(), "{}: {secret:?}", language.name),
            // PHP's own server starts whatever the script thinks.
            Ok(sample) => {
                assert_eq!(language.name, "php", "starts with {secret:?}");
                let sender = Sender::new("standard-v1");
                let sealed = sender.seal(1);
                assert_eq!(post(sample.port, &sealed.headers, &sealed.body).await, 500);
            }
        }
    }
}

async fn asks_whether_an_event_is_kloutits(language: &Language) {
    let kloutit = Receiver::start(Script::always(Answer::OK)).await;
    let elsewhere = Receiver::start(Script::always(Answer::OK)).await;
    let url = format!("{}/case/verify-event?a=b", kloutit.url().trim_end_matches('/'));
    let settings = [("SECRET", "key of the API"), ("VERIFY_URL", &*url)];
    let started = Sample::start(language, "kloutit", &settings).await;
    if language.name == "rust" {
        assert!(started.is_err(), "Rust's standard library cannot ask over HTTPS");
        return;
    }
    let mut sample = started.unwrap();
    let body = br#"{"eventType": "CASE_CREATED",  "details": {"a/b": 1.0, "c": "\u00e9"}}"#;
    let json = [("content-type".to_owned(), "application/json".to_owned())];
    let moved = Answer::with_header(307, "location", &elsewhere.url());
    let answers = [
        (Answer::Status(200), 204),
        (Answer::Status(204), 204),
        (Answer::Status(400), 401),
        (Answer::Status(429), 401),
        (moved, 401),
        (Answer::Status(503), 503),
        (Answer::Raw(bytes::Bytes::new()), 503),
    ];
    for (answer, expected) in answers {
        let told = format!("{answer:?}");
        kloutit.set_script(Script::always(answer));
        assert_eq!(post(sample.port, &json, body).await, expected, "{sample}: {told}");
        let asked = tokio::time::timeout(Duration::from_secs(10), kloutit.next()).await.unwrap();
        assert_eq!(asked.method, "POST");
        assert!(asked.path.starts_with("/case/verify-event"), "{sample}: {}", asked.path);
        assert_eq!(asked.header("x-api-key"), Some("key of the API"));
        assert_eq!(asked.header("content-type"), Some("application/json"));
        assert_eq!(&asked.body[..], body, "{sample} re-writes what it asks about");
        if expected == 204 {
            let line = format!("accepted kloutit - {} bytes", body.len());
            assert_eq!(sample.next_line().await, line);
        }
    }
    assert_eq!(elsewhere.count(), 0, "{sample} follows a redirect with the key");

    let nobody = format!("http://127.0.0.1:{}/", free_port());
    let settings = [("SECRET", "key of the API"), ("VERIFY_URL", &*nobody)];
    let sample = Sample::start(language, "kloutit", &settings).await.unwrap();
    assert_eq!(post(sample.port, &json, body).await, 503, "{sample}: nobody to ask");
}

#[tokio::test]
async fn node() {
    takes_what_is_signed_and_nothing_else("node").await;
}

#[tokio::test]
async fn python() {
    takes_what_is_signed_and_nothing_else("python").await;
}

#[tokio::test]
async fn php() {
    takes_what_is_signed_and_nothing_else("php").await;
}

#[tokio::test]
async fn ruby() {
    takes_what_is_signed_and_nothing_else("ruby").await;
}

#[tokio::test]
async fn rust() {
    takes_what_is_signed_and_nothing_else("rust").await;
}

#[tokio::test]
async fn go() {
    takes_what_is_signed_and_nothing_else("go").await;
}

#[test]
fn every_language_that_has_a_folder_is_tried() {
    let folders = std::fs::read_dir(sample::folder()).unwrap();
    let folders = folders.map(|entry| entry.unwrap()).filter(|entry| entry.path().is_dir());
    let mut names: Vec<_> =
        folders.map(|folder| folder.file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, LANGUAGES);
}
