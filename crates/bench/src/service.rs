//! A server that runs while it is measured, on a port of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::http::{ask, bytes_of_get};
use crate::outcome::Outcome;
use crate::program::Program;
use crate::tokens::{ISSUER, TTL};

/// How long a start may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server that runs. It ends when this is dropped.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process to its first good answer.
    pub(crate) start: Duration,
}

impl Service {
    /// The program on this database. Limits are off: they would be what is measured.
    pub(crate) fn start(program: &Program, database: &str) -> Outcome<Self> {
        let address = free_address()?;
        let mut command = program.command(database, &["serve"]);
        command
            .env("CLIENTELE_HTTP__LISTEN", address.to_string())
            .env("CLIENTELE_HTTP__PUBLIC_URL", ISSUER)
            .env("CLIENTELE_METRICS__LISTEN", "off")
            .env("CLIENTELE_LIMITS__ENABLED", "false")
            .env("CLIENTELE_AUTH__ACCESS_TOKEN_TTL", TTL.num_seconds().to_string())
            // Warnings about these settings, which nobody reads here.
            .stderr(Stdio::null());
        Self::run(command, address, "/health/ready")
    }

    /// The limits over these databases.
    pub(crate) fn start_limits(postgres: Option<&str>, sqlite: Option<&std::path::Path>) -> Outcome<Self> {
        let address = free_address()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["limits", "--listen", &address.to_string()]).stdin(Stdio::null()).stdout(Stdio::null());
        if let Some(url) = postgres {
            command.args(["--postgres", url]);
        }
        if let Some(file) = sqlite {
            command.arg("--sqlite").arg(file);
        }
        Self::run(command, address, "/hello")
    }

    fn run(mut command: Command, address: SocketAddr, ready: &str) -> Outcome<Self> {
        let (began, request) = (Instant::now(), bytes_of_get(ready, None));
        let mut service = Self { child: command.spawn()?, address, start: Duration::ZERO };
        while ask(address, &request).is_err() {
            if let Some(status) = service.child.try_wait()? {
                return Err(format!("the server ended while it started: {status}").into());
            }
            if began.elapsed() > PATIENCE {
                return Err("the server does not answer".into());
            }
            thread::sleep(Duration::from_micros(500));
        }
        service.start = began.elapsed();
        Ok(service)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and waits until it has.
    fn stop(&mut self) -> Outcome<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).ok_or("no process")?;
        kill_process(pid, Signal::TERM)?;
        let began = Instant::now();
        while self.child.try_wait()?.is_none() {
            if began.elapsed() > PATIENCE {
                self.child.kill()?;
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("clientele-bench: a server was not stopped: {error}");
        }
    }
}

fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
