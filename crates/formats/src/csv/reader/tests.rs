use std::io::Cursor;

use proptest::prelude::*;

use domain::import::Column;
use domain::{DisplayName, Email, Phone};

use super::super::columns::{EXPORTED, IMPORTED};
use super::*;

fn open(file: &[u8]) -> Result<File, OpenError> {
    File::open(Box::new(Cursor::new(file.to_vec())))
}

fn lines(file: impl AsRef<[u8]>) -> Vec<Line> {
    open(file.as_ref()).unwrap().lines(usize::MAX).unwrap()
}

fn header_errors(header: &str) -> Vec<(String, &'static str)> {
    match open(header.as_bytes()) {
        Err(OpenError::Header(errors)) => {
            errors.into_iter().map(|error| (error.column.unwrap_or_default(), error.error.code)).collect()
        }
        _ => Vec::new(),
    }
}

/// What is wrong, as line, column and code.
fn errors(file: impl AsRef<[u8]>) -> Vec<(u64, &'static str, &'static str)> {
    let of_line = |line: Line| {
        let number = line.number;
        line.refused.into_iter().map(move |r| (number, r.column.map_or("", Column::as_str), r.error.code))
    };
    lines(file).into_iter().flat_map(of_line).collect()
}

fn phones(file: impl AsRef<[u8]>) -> Vec<(u64, String)> {
    lines(file).into_iter().map(|line| (line.number, line.phone.map(|p| p.to_string()).unwrap_or_default())).collect()
}

#[test]
fn a_line_is_read_in_any_order_of_columns() {
    let file = "metadata,phone,assigned_manager_email,display_name\n\
                \"{\"\"a\"\": [1]}\",+998 90 123-45-67,ANN@example.com, Aziza \n,+998900000002,,\n";
    let read = lines(file);
    assert_eq!(read[0].phone, Phone::parse("+998901234567").ok());
    assert_eq!(read[0].display_name, DisplayName::parse("Aziza").ok());
    assert_eq!(read[0].manager_email, Email::parse("ann@example.com").ok());
    assert_eq!(read[0].metadata.as_ref().unwrap().as_object()["a"], serde_json::json!([1]));
    let empty = Line { number: 3, phone: Phone::parse("+998900000002").ok(), ..Line::default() };
    assert_eq!(read[1], empty);
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    for end in ["\n", "\r\n", "\r"] {
        let file = [
            "phone,display_name",
            "+998900000001,a",
            "",
            "",
            "+998900000004,\"x",
            "y",
            "",
            "z\"",
            ",",
            "+998900000010,b",
        ];
        let expected = [(2, "+998900000001"), (5, "+998900000004"), (10, "+998900000010")];
        let expected: Vec<_> = expected.map(|(line, phone)| (line, phone.to_owned())).into();
        assert_eq!(phones(file.join(end)), expected, "{end:?}");
        assert_eq!(phones(file.join(end) + end), expected, "{end:?} at the end");
    }
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    assert_eq!(phones("\u{feff}phone\n+998900000001"), [(2, "+998900000001".to_owned())]);
    assert_eq!(phones("\u{feff}\"phone\"\n+998900000001"), [(2, "+998900000001".to_owned())]);
}

#[test]
fn every_wrong_column_is_named() {
    assert_eq!(header_errors("phone"), []);
    assert_eq!(header_errors("display_name, phone "), []);
    for (header, expected) in [
        ("", vec![("phone", "required")]),
        ("display_name", vec![("phone", "required")]),
        ("phone,wings", vec![("wings", "unknown_column")]),
        ("phone,role", vec![("role", "unknown_column")]),
        ("phone,is_active", vec![("is_active", "unknown_column")]),
        ("Phone", vec![("Phone", "unknown_column"), ("phone", "required")]),
        ("phone,phone", vec![("phone", "repeated")]),
        ("phone;metadata", vec![("phone;metadata", "unknown_column")]),
        (",,", vec![("phone", "required")]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|(column, code)| (column.to_owned(), code)).collect();
        assert_eq!(header_errors(header), expected, "{header:?}");
    }
}

#[test]
fn a_file_of_another_kind_is_told_what_to_save_as() {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let header = "phone,display_name\n+998900000001,Ann\n";
    for (file, words) in [
        (utf16(&format!("\u{feff}{header}")), "in UTF-16"),
        (utf16(header), "in UTF-16"),
        (format!("\u{feff}{header}").encode_utf16().flat_map(u16::to_be_bytes).collect(), "in UTF-16"),
        (header.encode_utf16().flat_map(u16::to_be_bytes).collect(), "in UTF-16"),
        (b"PK\x03\x04".to_vec(), "a workbook"),
        (b"phone,name\xe9\n".to_vec(), "must be UTF-8"),
        (header.replace(',', ";").into(), "semicolons"),
        (header.replace(',', "\t").into(), "tabs"),
        ("\u{feff}\"phone\";\"display_name\"\n".into(), "semicolons"),
    ] {
        let Err(OpenError::Header(errors)) = open(&file) else { panic!("{words}") };
        let detail = &errors[0].error.detail;
        assert!(
            errors.len() == 1 && detail.contains(words) && detail.contains("CSV UTF-8 (comma delimited)"),
            "{detail}"
        );
    }
    let latin = lines(b"phone,display_name\n+998900000001,Ren\xe9\n");
    assert!(latin[0].refused[0].error.detail.contains("CSV UTF-8"), "{latin:?}");
}

#[test]
fn what_is_empty_is_passed_over() {
    let one = [(2, "+998900000001".to_owned())];
    for file in [
        "phone,display_name,metadata\n+998900000001\n",
        "phone,display_name\n+998900000001\n\u{a0},\u{3000}\n \t \n\u{a0}\n\u{200b},,,,\n",
        "phone,,display_name,\u{a0},\n+998900000001,,,,\n",
        "phone,\n+998900000001\n",
        "phone\n+998900000001,,\u{a0},\n",
        "\u{feff}\u{a0}phone\u{200b} , display_name\n+998900000001,\u{2060}\n",
    ] {
        assert_eq!(errors(file), [], "{file:?}");
        assert_eq!(phones(file), one, "{file:?}");
        assert_eq!(
            lines(file)[0],
            Line { number: 2, phone: Phone::parse(&one[0].1).ok(), ..Line::default() },
            "{file:?}"
        );
    }
    assert_eq!(phones("\n,,\n\u{a0}\nphone\n+998900000001\n"), [(5, "+998900000001".to_owned())]);
    assert_eq!(errors("phone,\n+998900000001,x\n"), [(2, "", "wrong_number_of_cells")]);
    assert_eq!(errors("phone\n+998900000001,,x,\n"), [(2, "", "wrong_number_of_cells")]);
}

#[test]
fn cells_are_read_as_people_type_them() {
    let file = "phone,assigned_manager_email\n\u{202a}+998 90\u{2013}000\u{2013}00\u{2212}01\u{202c},Ann@XN--BCHER-KVA.example\n\
                ＋９９８ ９０ ０００ ００ ０２,ann@bücher.example\n";
    let read = lines(file);
    assert_eq!(phones(file), [(2, "+998900000001".to_owned()), (3, "+998900000002".to_owned())]);
    assert!(read[0].manager_email.is_some() && read[0].manager_email == read[1].manager_email);
}

#[test]
fn the_columns_of_an_export_are_passed_over_when_all_are_there() {
    let header = EXPORTED.join(",");
    let cells = |role: &str, active: &str| format!("+998900000001,,,,x,{role},{active},x,x,x,x,x,x,x,x");
    let read = lines(format!("{header}\n{}\n{}\n", cells("customer", "FALSE"), cells("manager", "true")));
    assert_eq!((read[0].is_active, read[0].is_of_staff), (Some(false), false));
    assert_eq!(read[1], Line { number: 3, is_of_staff: true, ..Line::default() });
    let wrong = errors(format!("{header}\n{}\n", cells("boss", "perhaps")));
    assert_eq!(wrong, [(2, "role", "invalid_choice"), (2, "is_active", "wrong_type")]);
    assert_eq!(header_errors(&header.replace(",updated_at", "")).len(), EXPORTED.len() - IMPORTED.len() - 1);
}

#[test]
fn every_wrong_cell_of_a_line_is_named() {
    let all = "phone,display_name,assigned_manager_email,metadata\n1,\"a\nb\",nobody,[]\n";
    let expected = [
        (2, "phone", "invalid_phone"),
        (2, "display_name", "invalid_character"),
        (2, "assigned_manager_email", "invalid_email"),
        (2, "metadata", "wrong_type"),
    ];
    assert_eq!(errors(all), expected);
    let long = "x".repeat(17 * 1024);
    for (header, line, expected) in [
        ("phone,display_name", ",Ann".to_owned(), vec![(2, "phone", "required")]),
        ("phone", "+998900000001,x".to_owned(), vec![(2, "", "wrong_number_of_cells")]),
        ("phone", "\"+99890000000\x001\"".to_owned(), vec![(2, "phone", "invalid_character")]),
        ("phone,metadata", "+998900000001,{".to_owned(), vec![(2, "metadata", "malformed_json")]),
        (
            "phone,metadata",
            "+998900000001,{\"a\":123456789012345678901234}".to_owned(),
            vec![(2, "metadata", "inexact_number")],
        ),
        ("phone,metadata", "+998900000001,{\"a\":1e400}".to_owned(), vec![(2, "metadata", "inexact_number")]),
        (
            "phone,metadata",
            "+998900000001,\"{\"\"a\"\":1,\"\"a\"\":1}\"".to_owned(),
            vec![(2, "metadata", "malformed_json")],
        ),
        (
            "phone,metadata",
            "+998900000001,\"{\"\"a\"\":\"\"\\u0000\"\"}\"".to_owned(),
            vec![(2, "metadata", "invalid_character")],
        ),
        (
            "phone,metadata",
            format!("+998900000001,\"{{\"\"a\"\":\"\"{long}\"\"}}\""),
            vec![(2, "metadata", "too_long")],
        ),
        ("phone,display_name", format!("+998900000001,{}", "x".repeat(70_000)), vec![(2, "display_name", "too_long")]),
        ("phone,display_name", "+998900000001,\"Ann".to_owned(), vec![(2, "", "unclosed_quote")]),
    ] {
        assert_eq!(errors(format!("{header}\n{line}\n")), expected, "{line:.40}");
    }
    assert_eq!(errors(b"phone,display_name\n+998900000001,\xff\n"), [(2, "display_name", "invalid_utf8")]);
}

#[test]
fn a_quote_that_is_never_closed_is_told_where_it_opens() {
    let file = "phone,display_name\n+998900000001,a\n+998900000002,\"b\n+998900000003,c\n";
    assert_eq!(errors(file), [(3, "", "unclosed_quote")]);
    // The quotes in a cell that does not begin with one are characters like any other.
    assert_eq!(errors("phone,display_name\na\",\""), [(2, "", "unclosed_quote")]);
}

#[test]
fn defused_cells_are_restored() {
    let read = lines("phone,display_name\n'+998900000001,'=1+1\n+998900000002,''=1\n+998900000003,'t Hooft\n");
    let names: Vec<_> = read.iter().map(|line| line.display_name.as_ref().unwrap().as_str()).collect();
    assert_eq!(names, ["=1+1", "'=1", "'t Hooft"]);
    assert_eq!(read[0].phone.as_ref().unwrap().as_str(), "+998900000001");
}

#[tokio::test]
async fn a_file_is_read_again_from_its_start() {
    let file = "\u{feff}phone\n+998900000001\n+998900000002\n+998900000003\n";
    let mut lines = CsvLines::open(Box::new(Cursor::new(file))).await.unwrap();
    assert_eq!(lines.next(2).await.unwrap().len(), 2);
    lines.rewind().await.unwrap();
    assert_eq!(lines.next(9).await.unwrap().len(), 3);
    assert_eq!(lines.next(9).await.unwrap(), []);
    assert!(lines.bytes_read() > 0);
}

proptest! {
    #[test]
    fn whatever_comes_in_is_read_without_a_panic(rest in "[a+1,\"\n\r\0' ]{0,60}", bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let file = [b"phone,display_name\n".as_slice(), rest.as_bytes(), &bytes].concat();
        let read = lines(&file);
        prop_assert!(read.is_sorted_by_key(|line| line.number));
        prop_assert!(read.iter().all(|line| line.number > 1));
    }
}
