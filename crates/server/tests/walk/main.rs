//! Runs the walk of the README word for word, against the program itself, on
//! each backend: every line after `$` goes to a shell, and what comes back is
//! held against what the README shows.
#![expect(clippy::unwrap_used, reason = "what fails here is to fail the test")]

#[cfg(unix)]
mod operation;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use persistence::testing::TestDatabase;

const README: &str = include_str!("../../../../README.md");
const END: &str = "-- end of answer --";

#[tokio::test]
async fn the_readme_is_true_on_sqlite() {
    walk(&TestDatabase::sqlite());
}

#[tokio::test]
async fn the_readme_is_true_on_postgres() {
    if let Some(database) = TestDatabase::postgres().await {
        walk(&database);
    }
}

#[tokio::test]
async fn the_readme_is_true_on_mariadb() {
    if let Some(database) = TestDatabase::mariadb().await {
        walk(&database);
    }
}

fn walk(database: &TestDatabase) {
    let steps = steps(README);
    assert!(steps.len() > 15, "the walk is there");
    let mut app = TestApp::start(database.url());
    let mut shell = Shell::start(&app.url);
    for step in steps {
        let input = match step.command {
            "read -r SETUP_TOKEN" => Some(app.setup_token.clone()),
            "read -r CODE" => Some(app.code()),
            _ => None,
        };
        let answer = shell.run(step.command, input.as_deref());
        let expected = step.expected.join("\n");
        assert!(matches(&expected, answer.trim_end()), "$ {}\nshown:    {expected}\nanswered: {answer}", step.command);
    }
}

/// A command of the README and the lines that it shows as the answer.
struct Step<'a> {
    command: &'a str,
    expected: Vec<&'a str>,
}

fn steps(readme: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let mut is_console = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            is_console = line == "```console";
        } else if is_console {
            match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => steps.push(Step { command, expected: Vec::new() }),
                (None, Some(step)) => step.expected.push(line),
                (None, None) => panic!("an answer before any command: {line}"),
            }
        }
    }
    steps
}

/// Whether the text is what the README shows, `…` standing for anything on one line.
fn matches(shown: &str, text: &str) -> bool {
    let mut parts = shown.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<_> = parts.collect();
    for (at, part) in parts.iter().enumerate() {
        let is_last = at + 1 == parts.len();
        let found = if is_last && !part.is_empty() { rest.rfind(part) } else { rest.find(part) };
        let Some(place) = found else { return false };
        if rest[..place].contains('\n') {
            return false;
        }
        rest = if is_last && part.is_empty() { "" } else { &rest[place + part.len()..] };
    }
    rest.is_empty()
}

#[test]
fn an_answer_matches_only_what_is_shown() {
    for (shown, text, same) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("a…c", "abc", true),
        ("a…c", "abd", false),
        ("a…c", "abcx", false),
        ("…", "x", true),
        ("a…b…c", "a1b2c", true),
        ("a…b…c", "a1c2b", false),
        ("a…c", "a\nc", false),
        ("", "", true),
        ("", "x", false),
    ] {
        assert_eq!(matches(shown, text), same, "{shown} {text}");
    }
}

/// The program, run in an empty folder.
struct TestApp {
    child: Child,
    url: String,
    setup_token: String,
    log: BufReader<std::process::ChildStderr>,
    _folder: TestDatabase,
}

impl TestApp {
    fn start(database_url: &str) -> Self {
        // Any folder of its own will do as the working directory.
        let folder = TestDatabase::sqlite();
        let file = std::path::Path::new(folder.url().strip_prefix("sqlite:").unwrap());
        let folder_path = file.parent().unwrap();
        std::fs::create_dir_all(folder_path).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_clientele"))
            .current_dir(folder_path)
            .env("DATABASE_URL", database_url)
            .env("CLIENTELE_HTTP__LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut banner = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let url = after(&mut banner, "listens on ");
        let setup_token = after(&mut banner, "\"setup_token\":\"");
        let setup_token = setup_token.split('"').next().unwrap().to_owned();
        Self { child, url, setup_token, log, _folder: folder }
    }

    /// The code in the log, as its reader would look for it.
    fn code(&mut self) -> String {
        let mut lines = self.log.by_ref().lines().map(Result::unwrap);
        let line = after(&mut lines, "one-time code for +998901234567: ");
        line.split(' ').next().unwrap().to_owned()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The rest of the first line that holds the words.
fn after(lines: &mut impl Iterator<Item = String>, words: &str) -> String {
    let found = lines.find_map(|line| line.split_once(words).map(|(_, rest)| rest.to_owned()));
    found.unwrap_or_else(|| panic!("the program never said {words:?}"))
}

/// A shell that is fed one command at a time.
struct Shell {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Shell {
    fn start(api: &str) -> Self {
        let mut bash = Command::new("bash");
        bash.env("API", api);
        Self::start_with(bash)
    }

    fn start_with(mut bash: Command) -> Self {
        let mut child = bash.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    fn run(&mut self, command: &str, input: Option<&str>) -> String {
        writeln!(self.input, "{command}").unwrap();
        if let Some(input) = input {
            writeln!(self.input, "{input}").unwrap();
        }
        writeln!(self.input, "printf '\\n%s\\n' '{END}'").unwrap();
        let mut answer = String::new();
        while !answer.ends_with(&format!("\n{END}\n")) {
            assert!(self.output.read_line(&mut answer).unwrap() > 0, "the shell ended in {command}: {answer}");
        }
        answer.trim_end().trim_end_matches(END).trim_end().to_owned()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
