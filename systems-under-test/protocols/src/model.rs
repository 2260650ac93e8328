//! Models: what may go wrong while a protocol keeps its promises.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The assumptions under which a protocol keeps its promises.
///
/// A model speaks of what the harness may do to the processes and to the network between them,
/// not of what the layers of a stack assume of each other: every stack brings the links that
/// mask the losses its model permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Model {
    /// Fair-loss links between processes that may crash; no bound on anything. What a link is
    /// built for.
    Lossy,
    /// The same, and somebody alters messages on their way.
    Forging,
    /// Links that lose, repeat and reorder messages by chance and are never cut, between processes
    /// that may crash for good. What a promise is made for that holds with some probability.
    Chance,
    /// Fail-silent: processes may crash for good and nobody can tell; no bound on anything.
    Silent,
    /// Fail-stop: processes may crash for good; delays are bounded and clocks run evenly, so
    /// that crashes can be told for sure.
    Sync,
    /// Fail-stop, in rounds that all processes go through together, at the pace of a bound on
    /// delays that is announced.
    Rounds,
    /// Fail-noisy: processes may crash for good; bounds hold, but only from some time on.
    Noisy,
    /// Fail-recovery: processes may crash and come back with their stable storage; bounds hold
    /// from some time on.
    Recovery,
    /// Nothing is shared between processes, so that anything may happen to any of them.
    Open,
}

/// How long a message may take where delays are bounded, the time its receiver needs included.
const BOUND: Duration = Duration::from_millis(250);
/// The same where rounds take their pace from it.
const BOUND_IN_ROUNDS: Duration = Duration::from_millis(50);

impl Model {
    /// Every model.
    pub const ALL: [Model; 9] = [
        Model::Lossy,
        Model::Chance,
        Model::Forging,
        Model::Silent,
        Model::Sync,
        Model::Rounds,
        Model::Noisy,
        Model::Recovery,
        Model::Open,
    ];

    /// Its name in tables and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Model::Lossy => "lossy",
            Model::Chance => "chance",
            Model::Forging => "forging",
            Model::Silent => "silent",
            Model::Sync => "sync",
            Model::Rounds => "sync-rounds",
            Model::Noisy => "noisy",
            Model::Recovery => "recovery",
            Model::Open => "open",
        }
    }

    /// What it says, in a line.
    pub fn line(self) -> &'static str {
        match self {
            Model::Lossy => "messages are lost, repeated and reordered; processes crash",
            Model::Chance => "messages are lost, repeated and reordered by chance; processes crash",
            Model::Forging => "messages are lost, repeated, reordered and altered; processes crash",
            Model::Silent => "processes crash and nobody can tell; no bounds",
            Model::Sync => "processes crash; messages arrive within a known time",
            Model::Rounds => "processes crash; messages arrive within the round they are sent in",
            Model::Noisy => "processes crash; messages arrive in time from some time on",
            Model::Recovery => "processes crash and come back with their disks",
            Model::Open => "processes come and go and share nothing",
        }
    }

    /// Whether processes may crash.
    pub fn crash(self) -> bool {
        true
    }

    /// Whether a crashed process may start again.
    pub fn restart(self) -> bool {
        matches!(self, Model::Recovery | Model::Open)
    }

    /// Whether a process that starts again must find its stable storage as it left it.
    pub fn keeps_disk(self) -> bool {
        self == Model::Recovery
    }

    /// Whether the network may lose messages.
    pub fn loss(self) -> bool {
        !self.is_synchronous()
    }

    /// Whether the network may deliver a message more than once.
    pub fn duplication(self) -> bool {
        true
    }

    /// Whether the network may alter messages.
    pub fn corruption(self) -> bool {
        self == Model::Forging
    }

    /// Whether messages may overtake each other.
    pub fn reordering(self) -> bool {
        true
    }

    /// Whether the network may be partitioned, for a while.
    pub fn partitions(self) -> bool {
        self.unbounded_delay()
    }

    /// Whether messages may take any time, for a while.
    pub fn unbounded_delay(self) -> bool {
        self.delay_bound().is_none()
    }

    /// Whether processes may be stopped for a while and go on.
    pub fn pauses(self) -> bool {
        self.unbounded_delay()
    }

    /// Whether clocks may jump and drift.
    pub fn clock_skew(self) -> bool {
        self.unbounded_delay()
    }

    /// Whether all that happens in an environment is within the model, so that a protocol of this
    /// model keeps its promises there.
    pub fn permits(self, environment: Environment) -> bool {
        match environment {
            Environment::Model | Environment::Reliable => true,
            Environment::Lossy => self.loss(),
            Environment::Asynchronous => {
                self.unbounded_delay() && self.partitions() && self.pauses()
            }
            Environment::Crash => self.crash(),
            Environment::CrashRecovery => self.restart(),
            Environment::Inaccurate => self.unbounded_delay() && self.pauses(),
            Environment::Skewed => self.clock_skew(),
            Environment::TooManyFaults => false,
        }
    }

    /// How long a message may take at most, if there is a bound.
    pub fn delay_bound(self) -> Option<Duration> {
        match self {
            Model::Sync | Model::Chance => Some(BOUND),
            Model::Rounds => Some(BOUND_IN_ROUNDS),
            _ => None,
        }
    }

    /// Whether a crash takes only the last of what a process has sent. Where what is sent arrives in
    /// time, it does so even if its sender crashes meanwhile: nobody hears what it said later who
    /// could not also have heard what it said before.
    pub fn loses_the_last(self) -> bool {
        self.is_synchronous()
    }

    /// Whether nothing is lost and all is in time.
    fn is_synchronous(self) -> bool {
        matches!(self, Model::Sync | Model::Rounds)
    }
}

/// Where a protocol is tried: the columns of the matrix. What a model permits, one thing at a
/// time, and what it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Environment {
    /// Everything the protocol's own model permits.
    #[default]
    Model,
    /// Nothing goes wrong.
    Reliable,
    /// Messages are lost, repeated and reordered.
    Lossy,
    /// Messages take any time, links are cut for a while, processes stop for a while.
    Asynchronous,
    /// Processes crash for good, as many as the protocol tolerates.
    Crash,
    /// Processes crash and come back with their disks.
    CrashRecovery,
    /// Delays beyond the bound: whoever relies on timeouts suspects the living.
    Inaccurate,
    /// Clocks jump and drift.
    Skewed,
    /// More processes fail than the protocol tolerates.
    TooManyFaults,
}

impl Environment {
    /// Every environment.
    pub const ALL: [Environment; 9] = [
        Environment::Model,
        Environment::Reliable,
        Environment::Lossy,
        Environment::Asynchronous,
        Environment::Crash,
        Environment::CrashRecovery,
        Environment::Inaccurate,
        Environment::Skewed,
        Environment::TooManyFaults,
    ];

    /// Its name in tables and on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Environment::Model => "its-model",
            Environment::Reliable => "reliable",
            Environment::Lossy => "lossy",
            Environment::Asynchronous => "asynchronous",
            Environment::Crash => "crash",
            Environment::CrashRecovery => "crash-recovery",
            Environment::Inaccurate => "inaccurate-detector",
            Environment::Skewed => "skewed-clocks",
            Environment::TooManyFaults => "too-many-faults",
        }
    }

    /// Its name at the head of a narrow column.
    pub fn short(self) -> &'static str {
        match self {
            Environment::Model => "model",
            Environment::Reliable => "reliab.",
            Environment::Asynchronous => "async",
            Environment::CrashRecovery => "recover",
            Environment::Inaccurate => "inaccur",
            Environment::Skewed => "skewed",
            Environment::TooManyFaults => "excess",
            Environment::Lossy | Environment::Crash => self.name(),
        }
    }

    /// What happens there, in a line.
    pub fn line(self) -> &'static str {
        match self {
            Environment::Model => "everything the protocol's own model permits",
            Environment::Reliable => "nothing goes wrong",
            Environment::Lossy => "messages are lost, repeated and reordered",
            Environment::Asynchronous => "messages take any time, links are cut, processes stop",
            Environment::Crash => "processes crash for good, as many as the protocol tolerates",
            Environment::CrashRecovery => "processes crash and come back with their disks",
            Environment::Inaccurate => "as its model, but delays exceed every bound",
            Environment::Skewed => "clocks jump and drift, processes crash for good",
            Environment::TooManyFaults => "more processes crash than the protocol tolerates",
        }
    }
}

impl FromStr for Environment {
    type Err = String;

    fn from_str(name: &str) -> Result<Environment, String> {
        let named = Environment::ALL.into_iter().find(|it| it.name() == name);
        named.ok_or_else(|| {
            let known = Environment::ALL.map(Environment::name).join(", ");
            format!("there is no environment `{name}`; there are: {known}")
        })
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
