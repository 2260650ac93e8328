//! A recorder may die at any byte, and a disk may change any: what stands before is read, what
//! does not is told.

use crate::histories;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use schism_history::{
    Entry, Error, History, LoadOptions, Loaded, Meta, NodeChange, NodeEvent, NodeId, Phase,
    ProtocolEvent, Record, TornBy, Value, Writer, parse, read, write,
};

/// A small recording in three blocks, and where each of its parts ends.
struct Recording {
    history: History,
    bytes: Vec<u8>,
    /// Byte offset and number of records at the end of the header and of each block.
    ends: Vec<(usize, usize)>,
}

fn recording() -> Recording {
    let mut runner = TestRunner::deterministic();
    let histories = histories::history(true);
    let history = std::iter::repeat_with(|| histories.new_tree(&mut runner).unwrap().current())
        .find(|history| history.records.len() >= 12)
        .unwrap();
    let (mut bytes, mut ends) = (Vec::new(), Vec::new());
    // A block ends with each flush; writing prefixes finds out where.
    for flushed in 0..=3 {
        bytes.clear();
        let mut writer = Writer::new(&mut bytes, &history.meta).unwrap();
        for chunk in history.records[..4 * flushed].chunks(4) {
            chunk.iter().for_each(|record| writer.append_record(record).unwrap());
            writer.flush().unwrap();
        }
        drop(writer);
        ends.push((bytes.len(), 4 * flushed));
    }
    let history = History { records: history.records[..12].to_vec(), ..history };
    // The end mark.
    let mut writer = Writer::new(&mut bytes, &history.meta).unwrap();
    for chunk in history.records.chunks(4) {
        chunk.iter().for_each(|record| writer.append_record(record).unwrap());
        writer.flush().unwrap();
    }
    writer.finish().unwrap();
    let bytes = bytes[ends[3].0..].to_vec();
    assert_eq!(bytes.len(), ends[3].0 + 8);
    Recording { history, bytes, ends }
}

fn load(bytes: &[u8]) -> Result<Loaded, Error> {
    parse("run", bytes, &LoadOptions::default())
}

#[test]
fn a_file_cut_at_any_byte_yields_what_was_whole() {
    let Recording { history, bytes, ends } = recording();
    for cut in 0..bytes.len() {
        let loaded = load(&bytes[..cut]);
        let Some(&(offset, records)) = ends.iter().rev().find(|(end, _)| *end <= cut) else {
            assert!(loaded.is_err(), "a header cut at {cut} cannot be read");
            continue;
        };
        let loaded = loaded.unwrap();
        assert_eq!(loaded.history.records, history.records[..records], "cut at {cut}");
        let torn = loaded.torn.unwrap();
        assert_eq!((torn.offset, torn.records), (offset as u64, records as u64), "cut at {cut}");
        let why = if cut == offset { TornBy::NoEndMark } else { TornBy::CutShort };
        assert_eq!(torn.why, why, "cut at {cut}");
    }
    assert_eq!(load(&bytes).unwrap().torn, None);
}

#[test]
fn a_changed_byte_is_noticed_wherever_it_is() {
    let Recording { history, bytes, ends } = recording();
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] ^= flip;
            let loaded = load(&bytes);
            let Some(&(offset, records)) = ends.iter().rev().find(|(end, _)| *end <= at) else {
                assert!(loaded.is_err(), "byte {at} of the header was changed");
                continue;
            };
            let loaded = loaded.unwrap();
            assert_eq!(loaded.history.records, history.records[..records], "byte {at}");
            let torn = loaded.torn.unwrap();
            assert_eq!((torn.offset, torn.records), (offset as u64, records as u64), "byte {at}");
        }
    }
}

#[test]
fn damage_is_told_in_words() {
    let Recording { bytes, ends, .. } = recording();
    let told = |bytes: &[u8]| load(bytes).unwrap().torn.unwrap().to_string();
    let (second, _) = ends[1];
    let stopped = format!("reading stopped at byte {second} after 4 records: ");
    assert_eq!(told(&bytes[..second]), format!("{stopped}the recording was never finished"));
    assert_eq!(told(&bytes[..second + 9]), format!("{stopped}a block is cut short"));
    let mut changed = bytes.clone();
    changed[second + 12] ^= 1;
    assert_eq!(told(&changed), format!("{stopped}a block's checksum does not match"));
    let mut longer = bytes.clone();
    longer.push(0);
    let end = ends[3].0;
    assert_eq!(
        told(&longer),
        format!(
            "reading stopped at byte {end} after 12 records: there are bytes after the end mark"
        )
    );

    let refused = |bytes: &[u8]| load(bytes).unwrap_err().to_string();
    assert_eq!(
        refused(&bytes[..20]),
        "run: no record can be read: a block is cut short, in the header"
    );
    let mut newer = bytes.clone();
    newer[7] = 9;
    assert_eq!(refused(&newer), "run: history format version 9: this program reads version 1");
}

#[test]
fn a_dropped_writer_leaves_what_it_was_given() {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, &Meta::default()).unwrap();
    writer.append(5, &Entry::Phase(Phase::Chaos)).unwrap();
    drop(writer);
    let loaded = load(&bytes).unwrap();
    assert_eq!(loaded.history.records.len(), 1);
    assert_eq!(loaded.torn.unwrap().why, TornBy::NoEndMark);
}

#[test]
fn the_writer_numbers_records_and_keeps_time_from_running_backwards() {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, &Meta::default()).unwrap();
    let ready = Entry::Node(NodeEvent { node: NodeId(1), change: NodeChange::Ready });
    assert_eq!(writer.append(5, &Entry::Phase(Phase::Setup)).unwrap(), 0);
    assert_eq!(writer.append(3, &ready).unwrap(), 1);
    assert_eq!(writer.append(9, &Entry::Phase(Phase::Chaos)).unwrap(), 2);
    writer.finish().unwrap();
    let records = load(&bytes).unwrap().history.records;
    let marks: Vec<_> = records.iter().map(|record| (record.index, record.time)).collect();
    assert_eq!(marks, [(0, 5), (1, 5), (2, 9)]);
}

/// Takes a few bytes, then nothing more.
struct FullDisk(usize);

impl std::io::Write for FullDisk {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        if taken == 0 { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_whose_write_failed_writes_nothing_more() {
    let mut writer = Writer::new(FullDisk(60), &Meta::default()).unwrap();
    let entry =
        Entry::Node(NodeEvent { node: NodeId(0), change: NodeChange::Died("x".repeat(99).into()) });
    writer.append(0, &entry).unwrap();
    assert_eq!(writer.flush().unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    let again = writer.flush().unwrap_err().to_string();
    assert_eq!(again, "an earlier write to this history failed");
}

#[test]
fn many_blocks_read_back_from_a_file() {
    let path = std::env::temp_dir().join(format!("schism-history-{}", std::process::id()));
    let records = (0..20_000).map(|index| {
        let change = NodeChange::Garbage(format!("line {index}").into());
        let entry = Entry::Node(NodeEvent { node: NodeId((index % 7) as u16), change });
        Record { index, time: index * 1000, entry }
    });
    let history = History { meta: Meta::default(), records: records.collect() };
    write(&path, &history).unwrap();
    let from_file = read(&path);
    let any_format = schism_history::load(&path, &LoadOptions::default());
    let bytes = std::fs::read(&path);
    std::fs::remove_file(&path).unwrap();
    assert!(bytes.unwrap().len() > 3 * 64 * 1024);
    assert_eq!(from_file.unwrap().history, history);
    assert_eq!(any_format.unwrap().history, history);
    let missing = read("no/such/file").unwrap_err().to_string();
    assert!(missing.starts_with("no/such/file: "), "{missing}");
}

#[test]
fn a_value_nested_without_end_is_not_followed() {
    // 6, 1: a list of one element.
    let bytes = [6, 1].repeat(100_000);
    assert!(postcard::from_bytes::<Value>(&bytes).is_err());

    let value = (0..1000).fold(Value::Nil, |value, _| Value::List(vec![value]));
    let (node, kind) = (NodeId(0), "deliver".into());
    let event = ProtocolEvent { node, kind, peer: None, instance: None, number: None, value };
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, &Meta::default()).unwrap();
    assert!(writer.append(0, &Entry::Event(event)).is_err());
    assert_eq!(writer.append(0, &Entry::Phase(Phase::Heal)).unwrap(), 0);
    writer.finish().unwrap();
    assert_eq!(load(&bytes).unwrap().history.records.len(), 1);
}
