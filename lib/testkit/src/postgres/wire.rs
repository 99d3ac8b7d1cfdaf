//! As much of the Postgres protocol (version 3.0) as it takes to give a server one command.
//!
//! Absent: passwords, TLS, and the reading of rows.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::USER;

/// The version of the protocol, as the start of a session has it.
const VERSION: u32 = 3 << 16;
/// The longest message that is read, in bytes; those of a start and of a command are far shorter.
const MAX_MESSAGE: u32 = 64 << 10;

/// Runs one SQL command in the database `postgres` of the server at this port of 127.0.0.1.
///
/// # Errors
/// What the server answered, or why it was not reached.
pub(super) async fn execute(port: u16, sql: &str) -> io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let start = format!("user\0{USER}\0database\0postgres\0\0");
    let mut message = (8 + length(&start)?).to_be_bytes().to_vec();
    message.extend(VERSION.to_be_bytes());
    message.extend(start.as_bytes());
    stream.write_all(&message).await?;
    until_ready(&mut stream).await?;

    let mut message = vec![b'Q'];
    message.extend((5 + length(sql)?).to_be_bytes());
    message.extend(sql.as_bytes());
    message.push(0);
    stream.write_all(&message).await?;
    until_ready(&mut stream).await
}

fn length(text: &str) -> io::Result<u32> {
    u32::try_from(text.len()).map_err(io::Error::other)
}

/// Reads until the server waits for the next command, and fails if it reports an error meanwhile.
async fn until_ready(stream: &mut TcpStream) -> io::Result<()> {
    let mut failure = None;
    loop {
        let kind = stream.read_u8().await?;
        let length = stream.read_u32().await?;
        if !(4..=MAX_MESSAGE).contains(&length) {
            return Err(io::Error::other(format!("a message of {length} bytes")));
        }
        let mut body = vec![0; length as usize - 4];
        stream.read_exact(&mut body).await?;
        match kind {
            b'E' => failure = Some(io::Error::other(error(&body))),
            b'Z' => return failure.map_or(Ok(()), Err),
            _ => {}
        }
        // An error before the session began is the last thing said.
        if let Some(failure) = failure.take_if(|_| kind == b'E' && is_fatal(&body)) {
            return Err(failure);
        }
    }
}

/// The fields of an error, each with its one-letter name.
fn fields(body: &[u8]) -> impl Iterator<Item = (u8, String)> {
    body.split(|byte| *byte == 0).filter_map(|field| {
        let (name, value) = field.split_first()?;
        Some((*name, String::from_utf8_lossy(value).into_owned()))
    })
}

fn is_fatal(body: &[u8]) -> bool {
    fields(body).any(|(name, value)| name == b'V' && value != "ERROR")
}

/// The SQLSTATE and the message.
fn error(body: &[u8]) -> String {
    let field = |wanted| fields(body).find(|(name, _)| *name == wanted).map(|(_, value)| value);
    format!("{}: {}", field(b'C').unwrap_or_default(), field(b'M').unwrap_or_default())
}
