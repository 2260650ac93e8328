//! Property checks against hand-written histories, slow oracles and edited valid logs.

mod by_hand;
mod by_hand_more;
mod compared;
mod draw;
mod edited;
mod oracle;
mod oracle_more;
mod oracle_register;
mod oracle_trust;
mod support;
