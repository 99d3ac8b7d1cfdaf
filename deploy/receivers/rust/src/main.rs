//! A webhook receiver. SCHEME, SECRET, PORT (0: any) and TOLERANCE (seconds) are read from the
//! environment. Behind a proxy that speaks HTTPS.
//!
//! The HTTP below is the least that will do without a framework: yours has one, from which
//! `verify` needs the body as bytes. It does not do `kloutit`, which is to be asked over HTTPS, and
//! the standard library has no TLS.

mod verify;

use std::{
    collections::HashMap,
    env,
    error::Error,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::verify::{SCHEMES, Scheme};

const MOST_BYTES: u64 = 1 << 20;
const MOST_HEADER_BYTES: u64 = 1 << 14;

struct Receiver {
    scheme: Scheme,
    key: Vec<u8>,
    tolerance: u64,
}

/// Here store the event and be done: what it means is worked out after the answer. An id that is
/// stored already is an event sent again, which is answered like the first. The body is not logged:
/// it holds personal data.
fn take(scheme: &str, id: Option<&str>, body: &[u8]) {
    println!("accepted {scheme} {} {} bytes", id.unwrap_or("-"), body.len());
}

impl Receiver {
    fn status(&self, client: &TcpStream) -> io::Result<u16> {
        let mut reader = BufReader::new(client).take(MOST_HEADER_BYTES);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if !line.starts_with("POST ") {
            return Ok(405);
        }
        let mut headers = HashMap::<String, String>::new();
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(431);
            }
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            // A name that comes twice is none of ours: joined, its values fit nothing.
            let values = headers.entry(name.to_ascii_lowercase()).or_default();
            if !values.is_empty() {
                values.push(',');
            }
            values.push_str(value.trim());
        }
        let Some(length) = headers.get("content-length").and_then(|length| length.parse().ok())
        else {
            return Ok(411);
        };
        if length > MOST_BYTES {
            return Ok(413);
        }
        reader.set_limit(length);
        let mut body = Vec::new();
        reader.read_to_end(&mut body)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        match self.scheme.verify(&self.key, &headers, &body, now, self.tolerance) {
            Ok(id) => take(self.scheme.name, id, &body),
            Err(refused) => {
                eprintln!("refused: {refused}");
                return Ok(401);
            }
        }
        // Just Wallet takes 200 alone for an answer; all others take any 2xx.
        Ok(if self.scheme.name == "justwallet" { 200 } else { 204 })
    }

    fn answer(&self, mut client: TcpStream) -> io::Result<()> {
        client.set_read_timeout(Some(Duration::from_secs(10)))?;
        client.set_write_timeout(Some(Duration::from_secs(10)))?;
        let status = self.status(&client)?;
        let length = if status == 204 { "" } else { "content-length: 0\r\n" };
        write!(client, "HTTP/1.1 {status} -\r\n{length}connection: close\r\n\r\n")
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let name = env::var("SCHEME")?;
    let scheme = SCHEMES.into_iter().find(|scheme| scheme.name == name);
    let scheme = scheme.ok_or("SCHEME is unknown")?;
    let key = scheme.key(&env::var("SECRET")?).ok_or("SECRET does not fit the scheme")?;
    let tolerance = env::var("TOLERANCE").map_or(Ok(300), |seconds| seconds.parse())?;
    let port = env::var("PORT").map_or(Ok(0), |port| port.parse())?;
    let receiver = Arc::new(Receiver { scheme, key, tolerance });
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("listening on {}", listener.local_addr()?.port());
    for client in listener.incoming() {
        let (client, receiver) = (client?, Arc::clone(&receiver));
        thread::spawn(move || {
            if let Err(error) = receiver.answer(client) {
                eprintln!("{error}");
            }
        });
    }
    Ok(())
}
