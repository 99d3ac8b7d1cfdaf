//! A delivery profile: everything that one system promised its receivers, as data.
//!
//! A profile is published once under a name and a version and never changes after that. What is
//! left out has the meaning that Standard Webhooks gives it.

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderName, HeaderValue, header::CONTENT_TYPE};
use posthaste_domain::{
    AnswerRules, EventType, ProfileName, ProfileRef, RetrySchedule, SigningSecret, Transport,
};
use rand::CryptoRng;

use crate::{
    Fault, Modes, RegistrationApi, SecretPolicy, SecretRefused, Serializer, Subscription,
    VerifyCallback, agreement, answers,
    body::Template,
    derived_id::IdForm,
    document::{Node, Section, flag, one_of, text, whole},
    event_types::EventTypes,
    faults::Faults,
    moment::MomentForm,
    request_form::RequestForm,
    retry,
    signing::{self, Signing},
    transport::{Demands, case_of},
    variable::Piece,
};

/// One version of a profile, ready to be used.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name and version.
    pub reference: ProfileRef,
    /// What an endpoint's secret is and who may see it.
    pub secret: SecretPolicy,
    /// What an answer means.
    pub answers: AnswerRules,
    /// When to try again.
    pub schedule: RetrySchedule,
    /// How receivers are connected to.
    pub transport: Transport,
    /// How long an attempt may take, from the lookup to the end of the answer.
    pub total_timeout: Duration,
    /// Whether URLs with another port than 443 are refused.
    pub only_port_443: bool,
    /// After how long of nothing but failures its author wants an endpoint disabled.
    pub disable_after: Option<Duration>,
    /// Which messages an endpoint gets.
    pub subscription: Subscription,
    /// What modes mean.
    pub modes: Modes,
    /// Where receivers ask whether an event is ours.
    pub verify_callback: Option<VerifyCallback>,
    /// Where merchants register.
    pub registration: Option<RegistrationApi>,
    /// The event types that it was made for; others may be sent too.
    pub catalogue: Option<Vec<EventType>>,
    pub(crate) content_type: HeaderValue,
    pub(crate) headers: Vec<(HeaderName, Vec<Piece>)>,
    pub(crate) template: Template,
    pub(crate) serializer: Serializer,
    pub(crate) omit_absent: bool,
    /// The names on the wire of types that are called otherwise there.
    pub(crate) wire: BTreeMap<EventType, String>,
    pub(crate) event_id: IdForm,
    /// `None` is the message's own id.
    pub(crate) message_id: Option<IdForm>,
    pub(crate) delivery_id: IdForm,
    pub(crate) event_time: MomentForm,
    pub(crate) attempt_time: MomentForm,
    pub(crate) signing: Signing,
}

/// The longest profile, in bytes of JSON.
pub const PROFILE_MAX: usize = 64 * 1024;

impl Profile {
    /// Reads a profile from JSON.
    ///
    /// # Errors
    /// Every fault in it, each with its place.
    pub fn parse(json: &str) -> Result<Self, Vec<Fault>> {
        if json.len() > PROFILE_MAX {
            return Err(vec![Fault::new("", format!("is longer than {PROFILE_MAX} bytes"))]);
        }
        let document: Node = serde_json::from_str(json)
            .map_err(|error| vec![Fault::new("", format!("is not JSON: {error}"))])?;
        let faults = Faults::default();
        let read = Self::read(&Section::new(&document, String::new(), &faults));
        let found = faults.into_vec();
        match read {
            Some(profile) if found.is_empty() => Ok(profile),
            _ => Err(found),
        }
    }

    fn read(top: &Section<'_>) -> Option<Self> {
        let name = top.want("profile", |node| {
            text(node)?.parse::<ProfileName>().map_err(|error| error.to_string())
        });
        let version = top.want("version", whole(1..=u64::from(u32::MAX)));
        let request = top.section("request");
        let body = top.section("body");
        let event_type = top.section("event_type");
        let ids = top.maybe_section("ids");
        let time = top.maybe_section("time");
        let response = top.maybe_section("response");
        let success = top.section("success");
        let retry = top.section("retry");
        let transport = top.section("transport");
        let timeouts = top.section("timeouts");

        let secret = match top.maybe_section("secret") {
            Some(section) => SecretPolicy::read(&section),
            None => Some(SecretPolicy::default()),
        };
        let subscription = match top.maybe_section("subscription") {
            Some(section) => Subscription::read(&section),
            None => Subscription::default(),
        };
        let modes = match top.maybe_section("modes") {
            Some(section) => Modes::read(&section),
            None => Modes::default(),
        };
        let verify_callback =
            top.maybe_section("verify_callback").map(|s| VerifyCallback::read(&s));
        let registration = top.maybe_section("registration_api").map(|s| RegistrationApi::read(&s));
        let signing = signing::read(top);

        let answers = success.and_then(|success| answers::read(&success, response.as_ref()));
        let ceiling = answers.as_ref().map_or(Duration::ZERO, |(_, ceiling)| *ceiling);
        let retry = retry.and_then(|section| retry::read(&section, ceiling));
        let demands = match (transport, timeouts) {
            (Some(transport), Some(timeouts)) => {
                Demands::read(&transport, &timeouts, response.as_ref())
            }
            _ => None,
        };
        let envelope = body.and_then(|body| Envelope::read(&body));
        let request = request.and_then(|request| RequestForm::read(&request));
        let types = event_type.and_then(|section| EventTypes::read(&section));
        let id = |name| ids.as_ref()?.maybe_section(name).and_then(|s| IdForm::read(&s));
        let (event_id, message_id, delivery_id) = (id("event"), id("message"), id("delivery"));
        let moment = |name| time.as_ref()?.maybe_section(name).and_then(|s| MomentForm::read(&s));
        let (event_time, attempt_time) = (moment("event"), moment("attempt"));

        let (secret, (answers, _), (schedule, disable_after)) = (secret?, answers?, retry?);
        let (demands, envelope, request, types) = (demands?, envelope?, request?, types?);
        let signing = signing?;
        let signed = signing.signatures.header_names().map(|(_, written)| written);
        let written = request.written.iter().map(String::as_str).chain(signed);
        let case = request.case.unwrap_or_else(|| case_of(written));
        let uuid = IdForm::Uuid4;
        let profile = Self {
            reference: name?.at(u32::try_from(version?).ok()?),
            secret,
            answers,
            schedule,
            transport: Transport { header_case: case, ..demands.transport },
            total_timeout: demands.total_timeout,
            only_port_443: demands.only_port_443,
            disable_after,
            subscription,
            modes,
            verify_callback: verify_callback.flatten(),
            registration: registration.flatten(),
            catalogue: types.catalogue,
            content_type: request.content_type,
            headers: request.headers,
            template: envelope.template,
            serializer: envelope.serializer,
            omit_absent: envelope.omit_absent,
            wire: types.wire,
            event_id: event_id.unwrap_or_else(|| uuid.clone()),
            message_id: message_id.filter(|form| !form.is_our_own()),
            delivery_id: delivery_id.unwrap_or(uuid),
            event_time: event_time
                .unwrap_or(MomentForm::Rfc3339 { digits: 6, numeric_offset: false }),
            attempt_time: attempt_time.unwrap_or(MomentForm::UnixSeconds),
            signing,
        };
        agreement::check(&profile, top);
        Some(profile)
    }

    /// Whether requests that the profile wants signed can be signed with this secret.
    #[must_use]
    pub fn can_sign(&self, secret: &SigningSecret) -> bool {
        self.signing.is_empty()
            || self.signing.signatures.can_sign(secret, |name| self.always_sends(name))
    }

    /// The secret of a new endpoint, or the next of an old one, as [`SecretPolicy::secret`] has it;
    /// and never one that no request could be signed with.
    ///
    /// # Errors
    /// [`SecretRefused`] says which rule the given one breaks: [`SecretRefused::Kind`] as well where
    /// it is of the policy's kind and no signature takes it.
    pub fn new_secret(
        &self,
        given: Option<&str>,
        rng: &mut impl CryptoRng,
    ) -> Result<SigningSecret, SecretRefused> {
        let secret = self.secret.secret(given, rng)?;
        if self.can_sign(&secret) { Ok(secret) } else { Err(SecretRefused::Kind) }
    }

    /// Whether every request has this header before it is signed, whatever the message and the
    /// endpoint.
    pub(crate) fn always_sends(&self, name: &HeaderName) -> bool {
        *name == CONTENT_TYPE || self.headers.iter().any(|(own, _)| own == name)
    }

    /// What an event type is called on the wire.
    #[must_use]
    pub fn wire_name<'a>(&'a self, event_type: &'a EventType) -> &'a str {
        self.wire.get(event_type).map_or(event_type.as_str(), String::as_str)
    }
}

struct Envelope {
    template: Template,
    serializer: Serializer,
    omit_absent: bool,
}

impl Envelope {
    fn read(body: &Section<'_>) -> Option<Self> {
        let serializers = [
            ("preserve", Serializer::Preserve),
            ("compact", Serializer::Compact),
            ("php", Serializer::Php),
            ("pretty2", Serializer::Pretty2),
        ];
        let at = body.at("template");
        let template = body.want("template", |node| Ok(Template::read(node, &at, body.faults())));
        let serializer = body.want("serializer", one_of(&serializers));
        let omit_absent = body.may("omit_absent", flag).unwrap_or(true);
        Some(Self { template: template??, serializer: serializer?, omit_absent })
    }
}
