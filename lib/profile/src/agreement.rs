//! What the parts of a profile demand of each other: none of them is wrong alone, and together they
//! would make requests that cannot be signed, or that nobody could verify.

use crate::{
    Profile, SecretKind,
    document::Section,
    moment::MomentForm,
    scheme::{Scheme, TimeForm},
    variable::{Piece, Variable},
};

/// Notes where the parts of `profile`, of which each was read, do not agree.
pub(crate) fn check(profile: &Profile, top: &Section<'_>) {
    if profile.signing.is_empty() {
        return;
    }
    if profile.secret.kind == SecretKind::None {
        top.fault("signatures", "there is no secret to sign with");
        return;
    }
    let before = check_covered(profile, top);
    let is_signed = profile.secret.samples().iter().all(|secret| profile.can_sign(secret));
    // A header that nobody sets is the cause, and not the secret.
    if before && !is_signed {
        top.faults().add("/secret/kind", "no signature takes secrets of this kind");
    }
    for (at, scheme) in profile.signing.signatures.placed_schemes() {
        check_told(profile, at, scheme, top);
    }
}

/// What message signatures cover must be there by then, in every request. Whether it is.
fn check_covered(profile: &Profile, top: &Section<'_>) -> bool {
    let signatures = &profile.signing.signatures;
    let mut all = true;
    for (at, message) in signatures.placed_messages() {
        for (place, name) in message.fields() {
            let mut set = signatures.schemes().iter().flat_map(Scheme::header_names);
            if !profile.always_sends(name) && !set.any(|(set, _)| set == name) {
                all = false;
                let problem = "is set neither by request.headers nor by another signature";
                top.faults().add(format!("/signatures/{at}/components/{place}"), problem);
            }
        }
    }
    all
}

/// What is signed beside the body, a receiver must be told.
fn check_told(profile: &Profile, at: usize, scheme: &Scheme, top: &Section<'_>) {
    let tells = |variable| {
        let is_all = |pieces: &[Piece]| *pieces == [Piece::Variable(variable)];
        profile.headers.iter().any(|(_, pieces)| is_all(pieces))
    };
    let place = format!("/signatures/{at}/header");
    if scheme.needs_id() && !tells(Variable::MessageId) {
        let problem =
            "an id is signed, and no header, here or in request.headers, is {{message.id}}";
        top.faults().add(place.as_str(), problem);
    }
    if !scheme.needs_timestamp() {
        return;
    }
    if !tells(Variable::AttemptTime) {
        let problem =
            "a moment is signed, and no header, here or in request.headers, is {{attempt.unix}}";
        top.faults().add(place, problem);
    } else if profile.attempt_time != moment(scheme.time()) {
        let problem =
            format!("signature {at} signs the moment in another unit than a header tells");
        top.faults().add("/time/attempt/format", problem);
    }
}

const fn moment(form: TimeForm) -> MomentForm {
    match form {
        TimeForm::UnixSeconds => MomentForm::UnixSeconds,
        TimeForm::UnixMillis => MomentForm::UnixMillis,
    }
}

#[cfg(test)]
mod tests;
