//! The links of the documents lead somewhere. Nothing is asked of the network.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use reqwest::Url;

use super::{document, ending, files, read};

/// The lines of a document that are no code.
fn prose(text: &str) -> Vec<&str> {
    let mut is_code = false;
    let is_prose = |line: &&str| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    };
    text.lines().filter(is_prose).collect()
}

/// A line without what is in backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

/// Where the links of a document lead: `[text](target)`, `[name]: target` and `<https://…>`.
fn targets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(text) {
        let line = without_code(line);
        let inline = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        found.extend(inline.map(|(target, _)| target.to_owned()));
        let named = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        found.extend(named.map(|(_, target)| target.trim().to_owned()));
        let bare = line.split('<').skip(1).filter_map(|rest| rest.split_once('>'));
        found.extend(bare.map(|(target, _)| target.to_owned()).filter(|target| target.contains("://")));
    }
    found
}

/// The names by which GitHub leads to the headings of a document.
fn anchors(text: &str) -> Vec<String> {
    let mut times = BTreeMap::<String, usize>::new();
    let headings = prose(text).into_iter().filter(|line| line.starts_with('#'));
    let titles = headings.map(|line| line.trim_start_matches('#').trim().replace('`', ""));
    let name = |title: String| {
        let kept =
            title.to_lowercase().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>();
        kept.replace(' ', "-")
    };
    let mut found = Vec::new();
    for name in titles.map(name) {
        let before = times.entry(name.clone()).or_default();
        found.push(if *before == 0 { name } else { format!("{name}-{before}") });
        *before += 1;
    }
    found
}

/// The path with `..` and `.` followed; `None` when it leads out of the repository.
fn followed(path: &Path) -> Option<PathBuf> {
    path.components().try_fold(PathBuf::new(), |mut way, part| {
        match part {
            Component::ParentDir if !way.pop() => return None,
            Component::ParentDir | Component::CurDir => {}
            part => way.push(part),
        }
        Some(way)
    })
}

/// What is wrong with a link of the document with this name.
fn fault(name: &str, target: &str) -> Option<String> {
    if target.contains("://") {
        let is_good = Url::parse(target).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
        let is_of_this_machine = target.starts_with("http://127.0.0.1:");
        let is_safe = target.starts_with("https://") || is_of_this_machine;
        return (!is_good || !is_safe || target.contains(' ')).then(|| "is no https URL".to_owned());
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let own = Path::new(name);
    let file = if path.is_empty() { Some(own.to_owned()) } else { followed(&own.with_file_name(path)) };
    let Some(file) = file.filter(|file| document("").join(file).exists()) else {
        return Some("leads to no file".to_owned());
    };
    let anchor = anchor?;
    let text = read(&file.to_string_lossy());
    (!anchors(&text).iter().any(|known| known == anchor)).then(|| "leads to no heading".to_owned())
}

#[test]
fn every_link_leads_somewhere() {
    let mut all = Vec::new();
    files(&document(""), &mut all);
    let (mut faults, mut links) = (Vec::new(), 0);
    for name in all.iter().map(|name| name.trim_start_matches('/')).filter(|name| ending(name) == "md") {
        for target in targets(&read(name)) {
            links += 1;
            faults.extend(fault(name, &target).map(|fault| format!("{name}: {target} {fault}")));
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    assert!(links > 150, "{links}");
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let faults = |target: &str| fault("docs/api.md", target).is_some();
    for good in ["errors.md", "#errors", "../README.md#run-it", "adr/", "https://example.com/a#b"] {
        assert!(!faults(good), "{good}");
    }
    for wrong in ["no.md", "#nothing", "errors.md#nothing", "../../README.md", "http://example.com", "https://"] {
        assert!(faults(wrong), "{wrong}");
    }
}

#[test]
fn headings_are_named_as_on_github() {
    let text = "# `PATCH /users/{id}`, stop by stop\n## Files\n```\n# no heading\n```\n## Files\n## Who's who?";
    assert_eq!(anchors(text), ["patch-usersid-stop-by-stop", "files", "files-1", "whos-who"]);
    assert_eq!(targets("a [b](c.md#d) `[e](f)` <https://g> [h]\n[h]: i.md"), ["c.md#d", "https://g", "i.md"]);
}
