//! Property checks against hand-written histories, slow oracles and edited valid logs.

mod by_hand;
mod by_hand_more;
mod by_hand_state;
mod compared;
mod compared_operations;
mod draw;
mod draw_operations;
mod edited;
mod edited_more;
mod failover;
mod garbage;
mod jobs;
mod oracle;
mod oracle_more;
mod oracle_operations;
mod oracle_register;
mod oracle_trust;
mod rounds;
mod support;
mod time;
