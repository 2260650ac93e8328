//! Echo: says what it is told.

use schism_kernel::{Algorithm, Ask, Cx, Deliver, FairLossLink, Never, Serving};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Any JSON, kept as text so that it can be compared and hashed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Json(String);

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value: serde_json::Value =
            serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        value.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_json::Value::deserialize(deserializer).map(|value| Json(value.to_string()))
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Question {
    /// Say this.
    Echo {
        /// What to say.
        echo: Json,
    },
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// It said that.
    EchoOk {
        /// What it was told.
        echo: Json,
    },
}

/// The service.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Echoing;

impl Algorithm for Echoing {
    type Implements = Serving<Question, Reply>;
    type Uses = FairLossLink<Never>;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        let Question::Echo { echo } = ask.question.clone();
        cx.indicate(ask.answer(Reply::EchoOk { echo }));
    }

    fn upon_indication(&mut self, Deliver(_, never): Deliver<Never>, _: &mut Cx<'_, Self>) {
        match never {}
    }
}
