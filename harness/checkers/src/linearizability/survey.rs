//! What a report tells about all calls at once, in one pass over them.

use super::model::Call;

/// What a history is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Survey {
    /// How many calls overlap another one of the same object.
    pub concurrent: usize,
    /// How many objects they concern.
    pub objects: usize,
}

/// The calls of an object, as far as they were seen.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// The latest return of one, plus one; 0 if there was none.
    returned: u64,
    /// Whether the one that returns then was counted.
    counted: bool,
}

/// Looks at calls in the order in which they were called.
pub(crate) fn survey<Op>(calls: &[Call<Op>]) -> Survey {
    let mut seen: Vec<Seen> = Vec::new();
    let mut survey = Survey { concurrent: 0, objects: 0 };
    // That of the last call is at hand: most often the next concerns the same object.
    let (mut last, mut here) = (usize::MAX, Seen::default());
    for call in calls {
        let object = call.object as usize;
        if object != last {
            if object >= seen.len() {
                seen.resize(object + 1, Seen::default());
            }
            if let Some(left) = seen.get_mut(last) {
                *left = here;
            }
            (last, here) = (object, seen[object]);
            survey.objects += usize::from(here.returned == 0);
        }
        let overlaps = u64::from(call.called) + 1 < here.returned;
        survey.concurrent += usize::from(overlaps) + usize::from(overlaps & !here.counted);
        here.counted |= overlaps;
        let returned = u64::from(call.returned) + 1;
        here.counted = if returned > here.returned { overlaps } else { here.counted };
        here.returned = here.returned.max(returned);
    }
    survey
}
