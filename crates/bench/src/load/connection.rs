//! One connection of the load.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout_at};

use super::answer::{Head, head};
use super::conversation::{Conversation, Verdict};
use super::measured::Measured;
use crate::outcome::Outcome;

/// How long after its end the last answers of a load may take.
const GRACE: Duration = Duration::from_secs(30);

/// Asks until the time is over.
pub(super) async fn converse(
    address: SocketAddr,
    mut conversation: Box<dyn Conversation>,
    end: Instant,
) -> Outcome<Measured> {
    let all = ask_until(address, &mut *conversation, end);
    timeout_at((end + GRACE).into(), all).await.map_err(|_| "no answer within 30 seconds")?
}

async fn ask_until(address: SocketAddr, conversation: &mut dyn Conversation, end: Instant) -> Outcome<Measured> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut measured = Measured::default();
    let mut buffer = Vec::with_capacity(32 * 1024);
    loop {
        let began = Instant::now();
        if began >= end {
            return Ok(measured);
        }
        stream.write_all(conversation.request()).await?;
        let head = read(&mut stream, &mut buffer).await?;
        match conversation.judge(&head, &buffer[head.length..])? {
            Verdict::Counts => {
                measured.latencies.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
            Verdict::ComeBack(wait) => {
                measured.refused += 1;
                sleep_until((Instant::now() + wait).min(end).into()).await;
            }
        }
    }
}

/// One whole answer, and nothing behind it.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Outcome<Head> {
    buffer.clear();
    let head = loop {
        if let Some(head) = head(buffer)? {
            break head;
        }
        more(stream, buffer).await?;
    };
    while buffer.len() < head.length + head.body {
        more(stream, buffer).await?;
    }
    if buffer.len() > head.length + head.body { Err("more than one answer came".into()) } else { Ok(head) }
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Outcome<()> {
    buffer.reserve(16 * 1024);
    match stream.read_buf(buffer).await? {
        0 => Err("the connection was closed before an answer was whole".into()),
        _ => Ok(()),
    }
}
