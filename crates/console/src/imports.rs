//! Which modules a module imports.

/// The paths of the modules that the module at this path imports when it is loaded: `import … from '…'` and
/// `export … from '…'`, `import '…'`. What it imports later, with `import('…')`, is not among them.
pub(crate) fn of(path: &str, module: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(module);
    let mut found = Vec::new();
    let words = ["from", "import"].into_iter().flat_map(|word| text.match_indices(word));
    for (at, word) in words {
        let rest = text[at + word.len()..].trim_start();
        let Some(quote) = rest.chars().next().filter(|first| matches!(first, '\'' | '"')) else { continue };
        let Some((relative, _)) = rest[1..].split_once(quote) else { continue };
        if relative.starts_with('.') {
            found.push(resolve(path, relative));
        }
    }
    found
}

/// `./b.js` or `../b.js`, seen from the module at this path.
fn resolve(path: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_imported_at_once_is_found() {
        let module =
            b"import { a } from './a.js';\nimport{b as c}from\"../vendor/b.js\";export {\n d,\n} from './d/d.js';
            const later = import('./later.js');
            /** @type {import('./types.js').T} */
            const text = 'away from home';";
        assert_eq!(of("ui/x.js", module), ["ui/a.js", "vendor/b.js", "ui/d/d.js"]);
        assert_eq!(of("main.js", b"import './bare.js'"), ["bare.js"]);
    }
}
