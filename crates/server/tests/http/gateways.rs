//! Gateways that answer as a test says, and keep what they got.

use std::collections::VecDeque;
use std::net::TcpListener as StdListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// How long a test waits for an event.
const PATIENCE: Duration = Duration::from_secs(30);

/// What arrived, in order.
struct Arrivals<T> {
    items: Mutex<Vec<T>>,
    arrived: Notify,
}

impl<T: Clone> Arrivals<T> {
    fn new() -> Arc<Self> {
        Arc::new(Self { items: Mutex::new(Vec::new()), arrived: Notify::new() })
    }

    fn add(&self, item: T) {
        self.items.lock().unwrap().push(item);
        self.arrived.notify_waiters();
    }

    fn all(&self) -> Vec<T> {
        self.items.lock().unwrap().clone()
    }

    /// The first so many; waits for them.
    async fn first(&self, count: usize) -> Vec<T> {
        let all = tokio::time::timeout(PATIENCE, async {
            loop {
                let arrived = self.arrived.notified();
                tokio::pin!(arrived);
                arrived.as_mut().enable();
                let all = self.all();
                if all.len() >= count {
                    return all;
                }
                arrived.await;
            }
        });
        all.await.unwrap_or_else(|_| panic!("{} of {count} arrived", self.all().len()))
    }
}

/// How a gateway answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mood {
    /// With this status.
    Status(u16),
    /// Never.
    Hanging,
}

/// A request that a gateway got.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map_or_else(|| panic!("no {name} in {:?}", self.headers), |(_, value)| value)
    }

    pub(crate) fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }
}

/// A gateway over HTTP.
pub(crate) struct HttpGateway {
    pub(crate) url: String,
    received: Arc<Arrivals<Received>>,
}

struct HttpState {
    moods: Mutex<VecDeque<Mood>>,
    received: Arc<Arrivals<Received>>,
}

impl HttpGateway {
    /// One that answers in these ways, and then always 201.
    pub(crate) fn start(moods: &[Mood]) -> Self {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arrivals::new();
        let state =
            Data::new(HttpState { moods: Mutex::new(moods.iter().copied().collect()), received: received.clone() });
        let factory = move || App::new().app_data(state.clone()).default_service(web::to(answer));
        let server = HttpServer::new(factory).workers(1).disable_signals().listen(listener).unwrap().run();
        tokio::spawn(server);
        Self { url, received }
    }

    pub(crate) async fn first(&self, count: usize) -> Vec<Received> {
        self.received.first(count).await
    }
}

async fn answer(state: Data<HttpState>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let mood = state.moods.lock().unwrap().pop_front().unwrap_or(Mood::Status(201));
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    state.received.add(Received {
        method: request.method().to_string(),
        path: request.uri().to_string(),
        headers: request.headers().iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect(),
        body: text(&body),
    });
    let Mood::Status(status) = mood else { return std::future::pending().await };
    // A gateway that sends elsewhere is not followed.
    let status = actix_web::http::StatusCode::from_u16(status).unwrap();
    let mut response = HttpResponse::build(status);
    if status.is_redirection() {
        response.insert_header(("location", "/elsewhere"));
    }
    response.json(serde_json::json!({ "code": 21211, "message": "The 'To' number is not a valid phone number." }))
}

/// A mail as the server took it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) text: String,
}

impl Mail {
    /// The line with the code and nothing else.
    pub(crate) fn code(&self) -> &str {
        let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
        self.text.lines().map(str::trim).find(is_code).unwrap_or_else(|| panic!("no code in {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let prefix = format!("{name}: ");
        self.text.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_else(|| panic!("no {name}"))
    }
}

/// A mail server, which wants `ann` with the password `sésame`.
pub(crate) struct MailServer {
    pub(crate) url: String,
    mails: Arc<Arrivals<Mail>>,
    /// The commands that named a recipient, refused ones too.
    recipients: Arc<Arrivals<String>>,
}

impl MailServer {
    /// One that answers to recipients in these ways, and then always takes them.
    pub(crate) async fn start(moods: &[Mood]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://ann:s%C3%A9same@{}", listener.local_addr().unwrap());
        let (mails, recipients) = (Arrivals::new(), Arrivals::new());
        let moods: Arc<Mutex<VecDeque<Mood>>> = Arc::new(Mutex::new(moods.iter().copied().collect()));
        let server = Self { url, mails: mails.clone(), recipients: recipients.clone() };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let talk = Talk { mails: mails.clone(), recipients: recipients.clone(), moods: moods.clone() };
                tokio::spawn(async move { talk.hold(stream).await });
            }
        });
        server
    }

    pub(crate) async fn first(&self, count: usize) -> Vec<Mail> {
        self.mails.first(count).await
    }

    /// The first so many recipients, refused ones too.
    pub(crate) async fn recipients(&self, count: usize) -> Vec<String> {
        self.recipients.first(count).await
    }
}

/// One connection to a mail server.
struct Talk {
    mails: Arc<Arrivals<Mail>>,
    recipients: Arc<Arrivals<String>>,
    moods: Arc<Mutex<VecDeque<Mood>>>,
}

impl Talk {
    /// As far as RFC 5321 is needed here. The other side hanging up ends it.
    async fn hold(&self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        say(&mut stream, "220 mail.example.com ESMTP").await?;
        let (mut mail, mut is_known) = (Mail::default(), false);
        loop {
            let line = hear(&mut stream).await?;
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" => "250-mail.example.com\r\n250 AUTH PLAIN",
                "AUTH" => {
                    is_known = line.ends_with(" AGFubgBzw6lzYW1l");
                    if is_known { "235 welcome" } else { "535 who are you" }
                }
                "MAIL" if is_known => {
                    mail = Mail { from: line, ..Mail::default() };
                    "250 ok"
                }
                "RCPT" => {
                    self.recipients.add(line.clone());
                    mail.to.push(line.clone());
                    let mood = self.moods.lock().unwrap().pop_front();
                    match mood {
                        None => "250 ok",
                        Some(Mood::Status(status)) => &format!("{status} {line}? not here"),
                        Some(Mood::Hanging) => std::future::pending().await,
                    }
                }
                "DATA" => {
                    say(&mut stream, "354 go on").await?;
                    mail.text = hear_mail(&mut stream).await?;
                    self.mails.add(std::mem::take(&mut mail));
                    "250 ok"
                }
                "RSET" | "NOOP" => "250 ok",
                "QUIT" => return say(&mut stream, "221 bye").await,
                _ => "503 what",
            };
            say(&mut stream, answer).await?;
        }
    }
}

async fn say(stream: &mut BufReader<TcpStream>, line: &str) -> Option<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await.ok()
}

async fn hear(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    (stream.read_line(&mut line).await.ok()? > 0).then(|| line.trim_end().to_owned())
}

async fn hear_mail(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut text = String::new();
    loop {
        match hear(stream).await?.as_str() {
            "." => return Some(text),
            line => text.extend([line.strip_prefix('.').unwrap_or(line), "\n"]),
        }
    }
}
