//! Where a node's output piles up until it is written.

use crate::StoreError;
use crate::init::Identity;
use crate::store::Store;
use crate::timers::Timers;
use schism_history::DiskError;
use schism_kernel::{ClientId, NodeOutbox, Note, Packet, ProcessId};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::time::Duration;

/// The name under which the harness is addressed.
pub(crate) const HARNESS: &str = "schism";

/// Lines to write, stores to make durable before them, and timers.
pub(crate) struct Desk {
    pub lines: Vec<u8>,
    pub timers: Timers,
    pub store: Option<Store>,
    /// The time of the step that is running.
    pub now: Duration,
    notes: bool,
    name: String,
    /// How a message to each process begins, up to its type.
    openings: Vec<String>,
}

impl Desk {
    pub fn new(who: &Identity, store: Option<Store>, notes: bool) -> Desk {
        let name = who.name().to_owned();
        let opening = |dest| format!(r#"{{"src":"{name}","dest":"{dest}","body":{{"type":""#);
        Desk {
            lines: Vec::new(),
            timers: Timers::default(),
            store,
            now: Duration::ZERO,
            notes,
            openings: who.names.iter().map(opening).collect(),
            name,
        }
    }

    /// What was stored so far must be durable before what is said next is heard.
    fn await_stores(&mut self) {
        if let Some(store) = &mut self.store {
            store.await_all();
        }
    }

    /// Writes a message with this body, its type first, where a router looks for it.
    pub fn say(&mut self, dest: &str, kind: &str, fields: &[(&str, &Value)]) {
        self.await_stores();
        self.line(dest, kind, fields);
    }

    /// The same of something that waits for no store.
    fn line(&mut self, dest: &str, kind: &str, fields: &[(&str, &Value)]) {
        // Nothing can go wrong when writing to memory.
        let _ = self.try_line(dest, kind, fields);
    }

    fn try_line(&mut self, dest: &str, kind: &str, fields: &[(&str, &Value)]) -> io::Result<()> {
        let lines = &mut self.lines;
        write!(lines, r#"{{"src":"{}","dest":"{dest}","body":{{"type":"#, self.name)?;
        serde_json::to_writer(&mut *lines, kind)?;
        for (name, value) in fields {
            lines.push(b',');
            serde_json::to_writer(&mut *lines, name)?;
            lines.push(b':');
            serde_json::to_writer(&mut *lines, value)?;
        }
        lines.extend_from_slice(b"}}\n");
        Ok(())
    }

    /// What should have been durable is not, or not as far as anybody knows: nothing that was to be said
    /// is. But the harness hears that it has what it asked for, and of what the disk has kept all the
    /// same it hears what there is to tell: its record must not miss what has had effects.
    fn fail(&mut self, output: &mut impl Write) {
        let said = std::mem::take(&mut self.lines);
        let Some(store) = self.store.take() else { return };
        if let Some(fault) = store.failed {
            if store.trouble.fails.is_some_and(|(_, error)| error == DiskError::Eio) {
                let opening = format!(r#"{{"src":"{}","dest":"{HARNESS}","#, self.name);
                let told = said.split_inclusive(|byte| *byte == b'\n');
                let told = told.filter(|line| line.starts_with(opening.as_bytes()));
                told.for_each(|line| self.lines.extend_from_slice(line));
            }
            self.line(HARNESS, "sync_failed", &[("fault", &fault.into())]);
            // The node ends anyway.
            let _ = output.write_all(&self.lines);
            self.lines.clear();
        }
    }

    /// Tells a client that its question will not be answered: one of Maelstrom's error codes.
    pub fn refuse(&mut self, dest: &str, question: u64, code: u16, why: &str) {
        self.say(
            dest,
            "error",
            &[("in_reply_to", &question.into()), ("code", &code.into()), ("text", &why.into())],
        );
    }

    /// Makes durable what was stored before the last of what was said, then writes that.
    pub fn flush(&mut self, output: &mut impl Write) -> Result<(), FlushError> {
        if let Some(store) = &mut self.store {
            match store.commit() {
                Ok(None) => {}
                Ok(Some((fault, late))) => {
                    let late = late.as_nanos() as u64;
                    self.line(
                        HARNESS,
                        "sync_late",
                        &[("fault", &fault.into()), ("late", &late.into())],
                    );
                }
                Err(error) => {
                    self.fail(output);
                    return Err(error.into());
                }
            }
        }
        if !self.lines.is_empty() {
            output.write_all(&self.lines)?;
            self.lines.clear();
        }
        Ok(())
    }
}

/// What [`Desk::flush`] may run into.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FlushError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Write(#[from] io::Error),
}

impl NodeOutbox for Desk {
    fn send(&mut self, to: ProcessId, packet: Packet) {
        self.await_stores();
        let Some(opening) = self.openings.get(usize::from(to.0)) else {
            eprintln!("a message to {to}, who does not exist, was dropped: {packet:?}");
            return;
        };
        self.lines.extend_from_slice(opening.as_bytes());
        self.lines.extend_from_slice(packet.kind().as_bytes());
        self.lines.extend_from_slice(br#"","m":"#);
        packet.encode(&mut self.lines);
        self.lines.extend_from_slice(b"}}\n");
    }

    fn reply(&mut self, client: ClientId, id: u64, body: Value) {
        let dest = format!("c{}", client.0);
        let Some((kind, object)) = body.get("type").and_then(Value::as_str).zip(body.as_object())
        else {
            let why = format!("the node's answer is not an object with a type: {body}");
            return self.refuse(&dest, id, 13, &why);
        };
        let id = json!(id);
        let mut fields = vec![("in_reply_to", &id)];
        let others = object.iter().filter(|(name, _)| *name != "type" && *name != "in_reply_to");
        fields.extend(others.map(|(name, value)| (name.as_str(), value)));
        self.say(&dest, kind, &fields);
    }

    fn set_timer(&mut self, number: u64, after: Duration) {
        self.timers.set(number, self.now.saturating_add(after));
    }

    fn cancel_timer(&mut self, number: u64) {
        self.timers.cancel(number);
    }

    fn store(&mut self, key: Vec<u8>, value: Vec<u8>) {
        if let Some(store) = &mut self.store {
            store.put(&key, &value);
        }
    }

    fn erase(&mut self, key: Vec<u8>) {
        if let Some(store) = &mut self.store {
            store.erase(&key);
        }
    }

    fn note(&mut self, note: Note) {
        if !self.notes {
            return;
        }
        let Ok(Value::Object(note)) = serde_json::to_value(note) else { return };
        let fields: Vec<_> = note.iter().map(|(name, value)| (name.as_str(), value)).collect();
        self.say(HARNESS, "note", &fields);
    }

    fn mark(&mut self, situation: &'static str) {
        if self.notes {
            self.say(HARNESS, "mark", &[("situation", &situation.into())]);
        }
    }
}
