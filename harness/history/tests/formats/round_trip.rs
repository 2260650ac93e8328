//! What is written reads back the same, in every format.

use crate::histories;

use proptest::prelude::*;
use schism_history::{
    Entry, Format, History, LoadOptions, Loaded, Reader, Writer, parse, validate, write_edn,
    write_jsonl,
};

fn native(history: &History) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, &history.meta).unwrap();
    for record in &history.records {
        writer.append_record(record).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

fn jsonl(history: &History) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_jsonl(history, &mut bytes).unwrap();
    bytes
}

fn edn(history: &History) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_edn(history, &mut bytes).unwrap();
    bytes
}

fn back(bytes: &[u8]) -> Loaded {
    parse("test", bytes, &LoadOptions::default()).unwrap()
}

proptest! {
    #[test]
    fn the_generator_keeps_the_rules(history in histories::history(true)) {
        validate("test", &history).unwrap();
    }

    #[test]
    fn native_returns_every_record(history in histories::history(true)) {
        let bytes = native(&history);
        let loaded = back(&bytes);
        prop_assert_eq!(loaded.format, Format::Native);
        prop_assert_eq!(loaded.torn, None);
        prop_assert_eq!(&loaded.history, &history);
        // The same records make the same bytes.
        prop_assert_eq!(native(&loaded.history), bytes);
    }

    #[test]
    fn the_streaming_reader_returns_every_record(history in histories::history(true)) {
        let bytes = native(&history);
        let mut reader = Reader::new(&bytes[..], "test").unwrap();
        prop_assert_eq!(reader.meta(), &history.meta);
        let records: Result<Vec<_>, _> = reader.by_ref().collect();
        prop_assert_eq!(records.unwrap(), history.records);
        prop_assert_eq!(reader.torn(), None);
    }

    #[test]
    fn json_lines_return_every_record(history in histories::history(false)) {
        let bytes = jsonl(&history);
        let loaded = back(&bytes);
        prop_assert_eq!(loaded.format, Format::JsonLines);
        prop_assert_eq!(loaded.skipped, 0);
        prop_assert_eq!(&loaded.history, &history);
        prop_assert_eq!(jsonl(&loaded.history), bytes);
    }

    #[test]
    fn keywords_are_the_only_loss_of_json_lines(history in histories::history(true)) {
        let once = back(&jsonl(&history)).history;
        prop_assert_eq!(once.records.len(), history.records.len());
        prop_assert_eq!(back(&jsonl(&once)).history, once);
    }

    #[test]
    fn edn_returns_operations_and_faults(history in histories::jepsen_history()) {
        prop_assume!(!history.records.is_empty());
        let bytes = edn(&history);
        let loaded = back(&bytes);
        prop_assert_eq!(loaded.format, Format::Edn);
        prop_assert_eq!(loaded.skipped, 0);
        prop_assert_eq!(&loaded.history, &history);
        prop_assert_eq!(edn(&loaded.history), bytes);
    }

    #[test]
    fn edn_leaves_out_what_jepsen_has_no_place_for(history in histories::history(true)) {
        let known = |entry: &Entry| matches!(entry, Entry::Op(_) | Entry::Fault(_));
        let kept: Vec<_> =
            history.records.iter().filter(|record| known(&record.entry)).cloned().collect();
        prop_assume!(!kept.is_empty());
        prop_assert_eq!(back(&edn(&history)).history.records, kept);
    }

    #[test]
    fn a_tag_and_a_vector_change_nothing(history in histories::jepsen_history()) {
        let lines = String::from_utf8(edn(&history)).unwrap();
        let tagged: String =
            lines.lines().map(|line| format!("#jepsen.history.Op{line} #_{{:a [1]}}\n")).collect();
        let vector = format!("; a comment\n[{tagged}]");
        prop_assert_eq!(back(vector.as_bytes()).history, history);
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "[\\[\\]{}()#_:;\\\\\"a1 ,\n-]{0,60}") {
        let _ = parse("test", text.as_bytes(), &LoadOptions::default());
        let op = format!("{{:process 0 :type :invoke :f :x :value {text}}}");
        let _ = parse("test", op.as_bytes(), &LoadOptions::default());
    }

    #[test]
    fn no_bytes_make_a_reader_panic(
        history in histories::history(true),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..9),
    ) {
        for mut bytes in [native(&history), jsonl(&history), edn(&history)] {
            for (at, to) in &changes {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = *to;
                }
            }
            let _ = parse("test", &bytes, &LoadOptions::default());
        }
    }
}
