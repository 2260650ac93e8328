//! What nodes tell the harness.

use super::Script;
use super::letter::Letter;
use super::process::Life;
use super::router::Router;
use compact_str::CompactString;
use schism_history::{Nanos, NodeId, ProtocolEvent, Value};
use schism_nemesis::FaultId;
use serde::Deserialize;

/// A protocol event.
#[derive(Deserialize)]
struct Note {
    kind: CompactString,
    #[serde(default)]
    peer: Option<PeerName>,
    #[serde(default)]
    instance: Option<u64>,
    #[serde(default)]
    number: Option<u64>,
    #[serde(default)]
    value: Value,
}

/// Another node: its rank, as our nodes say, or its name.
#[derive(Deserialize)]
#[serde(untagged)]
enum PeerName {
    Rank(u16),
    Name(CompactString),
}

#[derive(Deserialize)]
struct Mark {
    situation: CompactString,
}

/// What a node says whose disk fails.
#[derive(Deserialize)]
struct SyncFailed {
    fault: FaultId,
}

/// What a node says whose disk was slow.
#[derive(Deserialize)]
struct SyncLate {
    fault: FaultId,
    late: Nanos,
}

/// What a node says that was told to set its clock.
#[derive(Deserialize)]
struct ClockOk {
    fault: FaultId,
    ahead: i64,
}

impl Router {
    /// Takes a message to the harness; says what is wrong with it otherwise.
    pub fn told<S: Script>(
        &mut self,
        now: Nanos,
        seat: usize,
        letter: &Letter<'_>,
        script: &mut S,
    ) -> Result<(), String> {
        let unreadable =
            |e: serde_json::Error| format!("a {} that makes no sense ({e})", letter.kind);
        let node = NodeId(seat as u16);
        match &*letter.kind {
            "note" => {
                let note: Note = serde_json::from_slice(letter.body).map_err(unreadable)?;
                let peer = match note.peer {
                    None => None,
                    Some(PeerName::Rank(rank)) => Some(NodeId(rank)),
                    Some(PeerName::Name(name)) => {
                        Some(NodeId::parse(&name).ok_or_else(|| format!("no node is {name:?}"))?)
                    }
                };
                let Note { kind, instance, number, value, .. } = note;
                script.note(now, ProtocolEvent { node, kind, peer, instance, number, value });
            }
            "mark" => {
                let mark: Mark = serde_json::from_slice(letter.body).map_err(unreadable)?;
                script.mark(now, &mark.situation);
            }
            "clock_ok" => {
                let ClockOk { fault, ahead } =
                    serde_json::from_slice(letter.body).map_err(unreadable)?;
                script.read_clock(fault, node, ahead);
            }
            "sync_failed" => {
                let SyncFailed { fault } =
                    serde_json::from_slice(letter.body).map_err(unreadable)?;
                self.seats[seat].fallen = true;
                script.succumbed(now, fault, node, "stopped, as a sync failed");
            }
            "sync_late" => {
                let SyncLate { fault, late } =
                    serde_json::from_slice(letter.body).map_err(unreadable)?;
                script.slowed(fault, late);
            }
            "init_ok" => {
                if let Some(process) = &mut self.seats[seat].process
                    && matches!(process.life, Life::Starting(_))
                {
                    process.life = Life::Up;
                    script.ready(now, node);
                }
            }
            "error" => return Err("an error in answer to init".into()),
            _ => {
                return Err(
                    "a message to the harness that is no note, mark, clock_ok or init_ok".into()
                );
            }
        }
        Ok(())
    }
}
