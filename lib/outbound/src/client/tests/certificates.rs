//! Certificates that must not be trusted: what is said of each, and that nothing is sent to who
//! shows it.

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, date_time_ymd};
use tokio::join;

use super::{
    authority::{Authority, HOST, Identity, named},
    receiver::Receiver,
    *,
};

fn receiver_params() -> CertificateParams {
    named("receiver", &[HOST])
}

/// Shows an identity to a client, and returns what is wrong with it. Each version of TLS has its
/// own order of messages, and the trouble must be the same and come in time in both.
async fn shown(client: &Client, identity: &Identity) -> TlsTrouble {
    let mut troubles = Vec::new();
    for versions in [TlsVersions::Tls12Only, TlsVersions::Tls13Only] {
        let receiver = Receiver::bind().await;
        let acceptor = identity.speaking(versions);
        let url = receiver.secure_url();
        let (outcome, accepted) = join!(post(client, &url, AMPLE), acceptor.accept(&receiver));
        assert!(accepted.is_err(), "a handshake was completed over {versions}");
        assert!(acceptor.heard.handshakes() > 0, "nothing was heard over {versions}");
        assert!(!acceptor.heard.a_request(), "a request was sent over {versions}");
        troubles.push(trouble(&outcome));
    }
    assert_eq!(troubles[0], troubles[1]);
    troubles[0]
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_is_trusted_with_its_chain() {
    let root = Authority::root("Root");
    let middle = root.intermediate("Middle");
    for identity in [root.vouch_for(HOST), middle.vouch_for(HOST).and(&middle)] {
        let receiver = Receiver::bind().await;
        let acceptor = identity.speaking(TlsVersions::default());
        let (client, url) = (root.trusted(), receiver.secure_url());
        let (outcome, connection) = join!(post(&client, &url, AMPLE), acceptor.answer(&receiver));
        assert_eq!(verdict(&outcome), Verdict::Delivered { status: 200 });
        assert!(connection.is_some() && acceptor.heard.a_request());
    }
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_refused() {
    let root = Authority::root("Root");
    let mut expired = receiver_params();
    expired.not_after = date_time_ymd(2001, 1, 1);
    let trouble = shown(&root.trusted(), &root.vouch(&expired)).await;
    assert_eq!(trouble, TlsTrouble::Expired);
    let words = "the endpoint's TLS certificate, or one that it depends on, has expired";
    assert_eq!(trouble.to_string(), words);

    let mut early = receiver_params();
    early.not_before = date_time_ymd(4000, 1, 1);
    let trouble = shown(&root.trusted(), &root.vouch(&early)).await;
    assert_eq!(trouble, TlsTrouble::NotYetValid);
    let words = "the endpoint's TLS certificate, or one that it depends on, is not valid yet";
    assert_eq!(trouble.to_string(), words);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let root = Authority::root("Root");
    for other in ["elsewhere.example", "127.0.0.2", "localhost"] {
        let trouble = shown(&root.trusted(), &root.vouch_for(other)).await;
        assert_eq!(trouble, TlsTrouble::OtherName);
        assert_eq!(trouble.to_string(), "the endpoint's TLS certificate is for another host name");
    }
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused() {
    let client = Authority::root("Root").trusted();
    let mut authority = receiver_params();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    for params in [receiver_params(), authority] {
        let trouble = shown(&client, &Identity::self_signed(&params)).await;
        assert_eq!(trouble, TlsTrouble::SelfSigned);
        let words =
            "the endpoint's TLS certificate is self-signed, and no known authority vouches for it";
        assert_eq!(trouble.to_string(), words);
    }
}

#[tokio::test]
async fn a_chain_with_a_link_missing_is_refused() {
    let root = Authority::root("Root");
    let upper = root.intermediate("Upper");
    let lower = upper.intermediate("Lower");
    // The whole chain is trusted, so it is the missing link that these are refused for.
    for incomplete in [upper.vouch_for(HOST), lower.vouch_for(HOST).and(&lower)] {
        let trouble = shown(&root.trusted(), &incomplete).await;
        assert_eq!(trouble, TlsTrouble::IncompleteChain);
        let words = "the endpoint did not send the intermediate certificate that its TLS \
                     certificate needs, or an unknown authority issued it";
        assert_eq!(trouble.to_string(), words);
    }
}

#[tokio::test]
async fn an_authority_that_nobody_trusts_is_refused() {
    let client = Authority::root("Root").trusted();
    let unknown = Authority::root("Unknown");
    let middle = unknown.intermediate("Middle");
    for chain in
        [unknown.vouch_for(HOST).and(&unknown), middle.vouch_for(HOST).and(&middle).and(&unknown)]
    {
        let trouble = shown(&client, &chain).await;
        assert_eq!(trouble, TlsTrouble::UnknownAuthority);
        let words = "the endpoint's TLS certificate was issued by an authority that is not trusted";
        assert_eq!(trouble.to_string(), words);
    }
}

#[tokio::test]
async fn an_authority_that_borrows_a_trusted_name_is_refused() {
    let client = Authority::root("Root").trusted();
    let impostor = Authority::root("Root");
    for chain in [impostor.vouch_for(HOST), impostor.vouch_for(HOST).and(&impostor)] {
        let trouble = shown(&client, &chain).await;
        assert_eq!(trouble, TlsTrouble::BadSignature);
        let words = "the endpoint's TLS certificate is not signed by the authority that it names, \
                     or the endpoint has another key";
        assert_eq!(trouble.to_string(), words);
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_for_servers_is_refused() {
    let root = Authority::root("Root");
    let mut params = receiver_params();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let trouble = shown(&root.trusted(), &root.vouch(&params)).await;
    assert_eq!(trouble, TlsTrouble::Unusable);
    let words = "the endpoint's TLS certificate is broken, not for servers, or of an unsupported \
                 kind";
    assert_eq!(trouble.to_string(), words);
}
