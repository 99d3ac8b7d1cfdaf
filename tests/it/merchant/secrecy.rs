//! A secret is in the one answer that shows it, and nowhere else: not in another answer, not in a
//! log, not in metrics, not in what is stored.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use posthaste_testkit::{Answer, Authority, Receiver, Role, Script, free_port, get, spawn_role};
use reqwest::Method;
use serde_json::Value;

use super::{merchant, page, payment, secret_key, send};
use crate::{
    bed::{self, Bed, until},
    client::{Client, http},
    deliver::assert_signed,
};

/// Where to look, and what is there.
type Places = BTreeMap<String, Vec<u8>>;

/// A role as a process of its own, which writes down whatever it has to say.
struct Process {
    name: &'static str,
    address: String,
    admin: String,
    role: Role,
}

impl Process {
    async fn start(bed: &Bed, name: &'static str) -> Self {
        let [address, admin] = [(); 2].map(|()| format!("127.0.0.1:{}", free_port()));
        let mut environment: BTreeMap<_, _> = bed.environment().into_iter().collect();
        environment.insert("POSTHASTE_ADMIN_LISTEN".to_owned(), admin.clone());
        environment.insert("POSTHASTE_LOG_FILTER".to_owned(), "debug".to_owned());
        let listen = format!("POSTHASTE_{}_LISTEN", name.to_uppercase());
        environment.entry(listen).and_modify(|listen| listen.clone_from(&address));
        let mut role = spawn_role(&format!("posthaste-{name}"), environment);
        role.wait_ready(&format!("http://{admin}")).await;
        Self { name, address, admin, role }
    }

    async fn metrics(&self, places: &mut Places) {
        let (status, text) = get(&format!("http://{}/metrics", self.admin)).await.unwrap();
        assert_eq!(status, 200);
        places.insert(format!("the metrics of {}", self.name), text.into());
    }

    async fn end(mut self, places: &mut Places) {
        self.role.terminate();
        self.role.wait().await;
        places.insert(format!("the log of {}", self.name), self.role.log().into());
    }
}

/// Every spelling in which it might have been written down.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let encoded = secret.strip_prefix("whsec_").unwrap();
    let bytes = BASE64_STANDARD.decode(encoded).unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let list = |bytes: &[u8]| bytes.iter().map(u8::to_string).collect::<Vec<_>>();
    let mut all = vec![
        secret.as_bytes().to_vec(),
        encoded.trim_end_matches('=').into(),
        encoded.replace('/', "\\/").into(),
        encoded.replace('+', "%2B").replace('/', "%2F").into(),
        encoded[..16].into(),
        encoded[16..].into(),
        bytes.clone(),
        list(&bytes).join(",").into(),
        list(&bytes).join(", ").into(),
    ];
    for whole in [&bytes[..], secret.as_bytes(), encoded.as_bytes()] {
        all.push(hex(whole).into());
        all.push(hex(whole).to_uppercase().into());
        all.push(BASE64_STANDARD_NO_PAD.encode(whole).into());
        all.push(BASE64_URL_SAFE_NO_PAD.encode(whole).into());
    }
    all.sort();
    all.dedup();
    all
}

fn holds(place: &[u8], wanted: &[u8]) -> bool {
    place.windows(wanted.len()).any(|window| window == wanted)
}

/// Every file below `folder`.
fn files(folder: &Path, places: &mut Places) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, places);
        } else {
            places.insert(path.display().to_string(), std::fs::read(&path).unwrap());
        }
    }
}

fn history_folder(bed: &Bed) -> PathBuf {
    let environment: BTreeMap<_, _> = bed.environment().into_iter().collect();
    let file = environment["POSTHASTE_HISTORY_URL"].strip_prefix("sqlite:").unwrap();
    Path::new(file).parent().unwrap().to_owned()
}

/// Everything that the platform and the customer's portal can be asked about it.
async fn ask_everything(client: &Client, base: &str, app: &str, id: &str, places: &mut Places) {
    let own = format!("/api/v1/app/{app}");
    let endpoint = format!("{own}/endpoint/{id}");
    let portal = bed::signer().application_token(
        &bed::org(),
        &app.parse().unwrap(),
        bed::now(),
        std::time::Duration::from_secs(3_600),
    );
    let tokens = [("the platform", bed::token()), ("the portal", portal)];
    for path in [
        own.clone(),
        format!("{own}/endpoint"),
        endpoint.clone(),
        format!("{endpoint}/secret"),
        format!("{endpoint}/headers"),
        format!("{own}/msg"),
        format!("{own}/secret-key"),
        format!("{own}/attempt/endpoint/{id}"),
        "/api/v1/app".to_owned(),
        "/api/v1/dead-letter".to_owned(),
        "/api/v1/background-task".to_owned(),
        "/api/v1/profile".to_owned(),
    ] {
        for (who, token) in &tokens {
            let asked = http().get(format!("{base}{path}")).bearer_auth(token).send();
            let told = asked.await.unwrap();
            let place = format!("GET {path} for {who}: {}", told.status());
            places.insert(place, told.bytes().await.unwrap().into());
        }
    }
    let update = serde_json::json!({ "description": "another name" });
    let told = client.call(Method::PATCH, &endpoint, Some(&update)).await;
    places.insert("PATCH of the endpoint".into(), told.body.to_string().into());
}

#[tokio::test]
async fn y14_a_secret_is_in_the_answer_that_shows_it_and_nowhere_else() {
    let authority = Authority::new();
    let ca_file = authority.pem_file().display().to_string();
    let mut bed = Bed::start(&[("POSTHASTE_OUTBOUND_CA_FILE", &ca_file)]).await;
    let control = Process::start(&bed, "control").await;
    let (ingress, worker) =
        (Process::start(&bed, "ingress").await, Process::start(&bed, "worker").await);
    let client = Client::new(control.address.parse().unwrap());
    let sender = Client::new(ingress.address.parse().unwrap());
    let app = merchant(&client, Some("yoco@1")).await;
    let key = secret_key(&client, &app, "live").await;
    let receiver = Receiver::start_https(&authority, Script::always(Answer::OK)).await;

    // As the page says, but to a receiver that is there.
    let folder = tempfile::tempdir().unwrap();
    let base = format!("http://{}", control.address);
    let mut variables = BTreeMap::from([("API", base.clone()), ("SECRET_KEY", key.clone())]);
    let [register, list, delete] = &page::examples()[..3] else { panic!("three examples") };
    let command = register.command.replace("https://shop.example/webhooks", &receiver.url());
    assert_ne!(command, register.command);
    let (status, told) = page::typed(&command, folder.path(), &variables).await;
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(status, 200, "{told}");
    let secret = told["secret"].as_str().unwrap().to_owned();
    let id = told["id"].as_str().unwrap().to_owned();
    variables.insert("ID", id.clone());

    let mut places = Places::new();
    for mode in ["live", "test"] {
        let message = send(&sender, &app, &payment(mode)).await;
        let request = receiver.next().await;
        assert_signed(&request, &secret);
        places.insert(format!("the request in {mode} mode"), {
            [&request.head[..], &request.body[..]].concat()
        });
        let path = format!("/api/v1/app/{app}/attempt/msg/{message}");
        until("the attempt is recorded", || async {
            let listed = client.call(Method::GET, &path, None).await.expect(200);
            !listed["data"].as_array().unwrap().is_empty()
        })
        .await;
        let told = client.call(Method::GET, &path, None).await.body;
        places.insert(format!("the attempts of {message}"), told.to_string().into());
    }
    let (_, listed) = page::typed(&list.command, folder.path(), &variables).await;
    assert!(holds(&listed, id.as_bytes()));
    places.insert("the list".into(), listed);
    ask_everything(&client, &base, app.as_str(), &id, &mut places).await;
    // One that is refused may be repeated in what it says of it.
    let again = command.replace("\"orders\"", &format!("{{\"{secret}\": 1}}"));
    let (status, told) = page::typed(&again, folder.path(), &variables).await;
    assert_eq!(status, 400);
    places.insert("a refusal".into(), told);
    let (status, told) = page::typed(&delete.command, folder.path(), &variables).await;
    assert_eq!(status, 204);
    places.insert("the deletion".into(), told);

    for process in [&control, &ingress, &worker] {
        process.metrics(&mut places).await;
    }
    for process in [worker, ingress, control] {
        process.end(&mut places).await;
    }
    let history = history_folder(&bed);
    bed.nats.stop().await;
    files(&bed.nats.store_dir(), &mut places);
    files(&history, &mut places);

    // What is there is looked at.
    for (kind, wanted) in [
        ("log of control", "control started"),
        ("log of worker", "DEBUG"),
        ("metrics of ingress", "posthaste_"),
        ("history.db", &*id),
        ("posthaste", &*id),
        (".blk", "payment.succeeded"),
        ("/secret for the platform", "{"),
    ] {
        let found = places.iter().filter(|(place, _)| place.contains(kind));
        let found = found.filter(|(_, bytes)| holds(bytes, wanted.as_bytes())).count();
        assert!(found > 0, "no {wanted} in {kind}: {:?}", places.keys());
    }
    let spellings = spellings(&secret);
    for (place, bytes) in &places {
        for spelling in &spellings {
            let text = String::from_utf8_lossy(spelling);
            assert!(!holds(bytes, spelling), "the secret is in {place}, as {text}");
        }
        // The key that registered it is nobody's business either.
        assert!(!holds(bytes, key.as_bytes()), "the merchant's key is in {place}");
    }
}
