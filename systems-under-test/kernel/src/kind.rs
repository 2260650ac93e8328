//! The name of a protocol message inside its wrappings.
//!
//! A message that leaves a process is wrapped once per layer: a link's sequence number around a
//! broadcast's origin around the proposal that a person wants to see in a diagram. The name is
//! found by walking the value the way it would be serialised: sums of side-by-side components and
//! `(instance, message)` pairs are looked through, and a struct or variant that carries another
//! layer's message in a field called `m` is named after that message, if that has a name at all.

use serde::ser::{self, Serialize};
use std::fmt;

/// The name of the innermost protocol message: its variant, or its type.
pub fn kind_of(message: &impl Serialize) -> &'static str {
    let mut walk = Walk(None);
    // Stopping early is reported as an error and is none.
    let _ = message.serialize(&mut walk);
    walk.0.unwrap_or("message")
}

struct Walk(Option<&'static str>);

/// The walk has seen enough.
#[derive(Debug)]
struct Enough;

impl fmt::Display for Enough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name was found")
    }
}
impl std::error::Error for Enough {}
impl ser::Error for Enough {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Enough
    }
}

type Step = Result<(), Enough>;

impl Walk {
    fn named(&mut self, name: &'static str) -> Step {
        self.0 = Some(name);
        Err(Enough)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Step {
        if name == "m" {
            let mut inner = Walk(None);
            let _ = value.serialize(&mut inner);
            self.0 = inner.0.or(self.0);
        }
        Ok(())
    }
}

/// Fields of a struct; everything else inside a message does not matter.
struct Fields<'a>(&'a mut Walk);

/// Elements of a pair: the last one is the message.
struct Elements<'a>(&'a mut Walk);

macro_rules! nameless {
    ($($method:ident: $type:ty),+) => { $(
        fn $method(self, _: $type) -> Step {
            Ok(())
        }
    )+ }
}

impl<'a> ser::Serializer for &'a mut Walk {
    type Ok = ();
    type Error = Enough;
    type SerializeSeq = ser::Impossible<(), Enough>;
    type SerializeTuple = Elements<'a>;
    type SerializeTupleStruct = ser::Impossible<(), Enough>;
    type SerializeTupleVariant = ser::Impossible<(), Enough>;
    type SerializeMap = ser::Impossible<(), Enough>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Fields<'a>;

    nameless! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32,
        serialize_i64: i64, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_f32: f32, serialize_f64: f64, serialize_char: char,
        serialize_str: &str, serialize_bytes: &[u8]
    }
    fn serialize_none(self) -> Step {
        Ok(())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Step {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Step {
        Ok(())
    }
    fn serialize_unit_struct(self, name: &'static str) -> Step {
        self.named(name)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Step {
        self.named(variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, _: &T) -> Step {
        self.named(name)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        sum: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Step {
        match sum {
            "Two" | "Three" => value.serialize(self),
            _ => self.named(variant),
        }
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Enough> {
        Err(Enough)
    }
    fn serialize_tuple(self, _: usize) -> Result<Elements<'a>, Enough> {
        Ok(Elements(self))
    }
    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Enough> {
        self.0 = Some(name);
        Err(Enough)
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Enough> {
        self.0 = Some(variant);
        Err(Enough)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Enough> {
        Err(Enough)
    }
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'a>, Enough> {
        self.0 = Some(name);
        Ok(Fields(self))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields<'a>, Enough> {
        self.0 = Some(variant);
        Ok(Fields(self))
    }
}

impl ser::SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = Enough;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Step {
        self.0.field(name, value)
    }
    fn end(self) -> Step {
        Ok(())
    }
}

impl ser::SerializeStructVariant for Fields<'_> {
    type Ok = ();
    type Error = Enough;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Step {
        self.0.field(name, value)
    }
    fn end(self) -> Step {
        Ok(())
    }
}

impl ser::SerializeTuple for Elements<'_> {
    type Ok = ();
    type Error = Enough;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Step {
        let mut inner = Walk(None);
        let _ = value.serialize(&mut inner);
        self.0.0 = inner.0;
        Ok(())
    }
    fn end(self) -> Step {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Two;
    use serde::Serialize;

    #[derive(Serialize)]
    enum Link<M> {
        Data { seq: u64, m: M },
        Ack(u64),
    }
    #[derive(Serialize)]
    struct Relay<M> {
        origin: u16,
        m: M,
    }
    #[derive(Serialize)]
    enum Paxos {
        Prepare(u64),
        Accept { ballot: u64, value: String },
        Nack,
    }

    #[test]
    fn the_innermost_protocol_message_names_the_whole() {
        let relay = |m| Link::Data { seq: 1, m: Relay { origin: 0, m } };
        assert_eq!(kind_of(&relay(Two::<(), _>::B((7u32, Paxos::Prepare(3))))), "Prepare");
        let accept = Paxos::Accept { ballot: 1, value: "x".into() };
        assert_eq!(kind_of(&relay(Two::<(), _>::B((7u32, accept)))), "Accept");
        assert_eq!(kind_of(&Two::<Paxos, ()>::A(Paxos::Nack)), "Nack");
        assert_eq!(kind_of(&Link::<u8>::Ack(4)), "Ack");
    }

    #[test]
    fn a_payload_without_a_name_leaves_the_name_to_its_wrapper() {
        assert_eq!(kind_of(&Link::Data { seq: 1, m: Relay { origin: 0, m: 17 } }), "Relay");
        assert_eq!(kind_of(&Link::Data { seq: 1, m: vec![1, 2] }), "Data");
        assert_eq!(kind_of(&17), "message");
    }
}
