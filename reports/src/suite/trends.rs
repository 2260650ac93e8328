//! What has changed since the earlier runs of a suite, and whether by more than chance.
//!
//! Each figure of a case is held against the same figure of earlier runs: against their median,
//! in units of their spread (the median absolute deviation, scaled to a standard deviation), since
//! one bad night must not hide the next. All of it is reckoned in logarithms: rates and times vary
//! by factors, and a night that is twice as slow is as far away as one that is twice as fast. A
//! single night far out is a jump; five nights that are worse than those before by the Mann-Whitney
//! test are a drift, however small each step.
//!
//! A suite has hundreds of figures, of which some are always far out. So what is asked of each is the
//! stricter the more there are: that nothing is flagged at all in nineteen of twenty runs in which
//! nothing has changed.

use super::{CaseName, CaseOutcome, CaseResult, SuiteResult};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::stats_tests::Alternative;
use statrs::stats_tests::mannwhitneyu::{MannWhitneyUMethod, mannwhitneyu};
use std::fmt;

/// What is followed from run to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Acknowledged operations per second.
    Throughput,
    /// The latency of which one operation in a hundred takes longer, in seconds.
    P99,
    /// How long the case took, in seconds.
    Duration,
}

impl Metric {
    /// All of them.
    pub const ALL: [Metric; 3] = [Metric::Throughput, Metric::P99, Metric::Duration];

    fn of(self, case: &CaseResult) -> Option<f64> {
        // What was cut off or failed has no figures worth following.
        if !matches!(case.outcome, CaseOutcome::Judged(_)) {
            return None;
        }
        let figures = case.figures.as_ref();
        match self {
            Metric::Throughput => figures.map(|f| f.per_second).filter(|rate| *rate > 0.0),
            Metric::P99 => figures.and_then(|f| f.latency).map(|l| l.p99 as f64 / 1e9),
            Metric::Duration => Some(case.seconds),
        }
    }

    /// Whether more of it is worse.
    fn more_is_worse(self) -> bool {
        self != Metric::Throughput
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Metric::Throughput => "throughput",
            Metric::P99 => "p99 latency",
            Metric::Duration => "duration",
        })
    }
}

/// What a comparison with earlier runs says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// Fewer earlier runs than can tell anything.
    TooFew,
    /// Within what it has always been.
    Steady,
    /// Better by more than chance.
    Better,
    /// Worse by more than chance.
    Worse,
}

/// A figure of a case against the same figure of earlier runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Trend {
    /// Of which case.
    pub case: CaseName,
    /// Which figure.
    pub metric: Metric,
    /// Its values in earlier runs, the oldest first, and now.
    pub values: Vec<f64>,
    /// The median of the earlier ones.
    pub median: f64,
    /// Their spread, as a standard deviation, as a part of the median.
    pub spread: f64,
    /// How many spreads the newest lies above the median.
    pub score: f64,
    /// The probability that the newest would lie so far away if nothing had changed. None with too
    /// few earlier runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jump: Option<f64>,
    /// The probability that the newest five would be so much worse, or better, than those before
    /// if nothing had changed. None with fewer than five of each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<f64>,
    /// What that says.
    pub judgement: Judgement,
}

/// A case that came to something else than the time before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Flip {
    /// Which case.
    pub case: CaseName,
    /// What it came to before.
    pub before: String,
    /// When that was, in UTC.
    pub when: String,
    /// What it has come to now.
    pub now: String,
    /// Whether that is what is expected.
    pub passed: bool,
}

/// What has changed since earlier runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trends {
    /// How many earlier runs there are to compare with.
    pub earlier: usize,
    /// Verdicts that have changed.
    pub flips: Vec<Flip>,
    /// Figures, those that have become worse first.
    pub figures: Vec<Trend>,
}

/// Fewer earlier runs than this tell nothing of their spread.
pub const EARLIER_MIN: usize = 6;
/// The newest runs that are looked at for a drift.
const NEWEST: usize = 5;
/// What is flagged must be less likely than this to be chance, over all figures of a run together.
const CHANCE: f64 = 0.05;
/// And less likely than this for each, however few there are.
const CHANCE_EACH: f64 = 0.005;
/// Changes smaller than this part of the whole interest nobody, however certain.
const RELEVANT: f64 = 0.1;
/// Figures that repeat exactly still have this much noise, as a part of the whole.
const SPREAD_MIN: f64 = 0.01;
/// Of what is nothing, no logarithm is taken.
const LEAST: f64 = 1e-9;
/// From a median absolute deviation to a standard deviation, for normal noise.
const NORMAL: f64 = 1.4826;

impl Trends {
    /// Compares a run with earlier ones, the oldest first. Runs of machines with other numbers of
    /// cores are left out.
    pub fn of(now: &SuiteResult, earlier: &[SuiteResult]) -> Trends {
        let earlier: Vec<&SuiteResult> =
            earlier.iter().filter(|run| run.cores == now.cores).collect();
        let mut trends = Trends { earlier: earlier.len(), ..Trends::default() };
        for case in now.cases.iter().filter(|case| !case.skipped()) {
            let past: Vec<(&SuiteResult, &CaseResult)> = earlier
                .iter()
                .filter_map(|run| {
                    let same = run.cases.iter().find(|other| other.case == case.case);
                    same.filter(|other| !other.skipped()).map(|other| (*run, other))
                })
                .collect();
            trends.flips.extend(past.last().and_then(|(run, before)| flip(run, before, case)));
            for metric in Metric::ALL {
                let values: Vec<f64> =
                    past.iter().filter_map(|(_, other)| metric.of(other)).collect();
                if let (Some(value), false) = (metric.of(case), values.is_empty()) {
                    trends.figures.push(Trend::of(case.case.clone(), metric, values, value));
                }
            }
        }
        let judged = trends.figures.iter().filter(|trend| trend.jump.is_some()).count();
        let level = (CHANCE / judged.max(1) as f64).min(CHANCE_EACH);
        trends.figures.iter_mut().for_each(|trend| trend.judge(level));
        trends.figures.sort_by_key(|trend| std::cmp::Reverse(trend.judgement as u8));
        trends
    }

    /// Figures that have become worse by more than chance.
    pub fn worse(&self) -> impl Iterator<Item = &Trend> {
        self.figures.iter().filter(|trend| trend.judgement == Judgement::Worse)
    }
}

fn flip(run: &SuiteResult, before: &CaseResult, now: &CaseResult) -> Option<Flip> {
    // Between two verdicts that are both expected nothing has changed that matters.
    let same = before.verdict() == now.verdict() || (before.passed() && now.passed());
    (!same).then(|| Flip {
        case: now.case.clone(),
        before: before.verdict(),
        when: run.started.clone(),
        now: now.verdict(),
        passed: now.passed(),
    })
}

impl Trend {
    fn of(case: CaseName, metric: Metric, earlier: Vec<f64>, now: f64) -> Trend {
        let log = |value: f64| value.max(LEAST).ln();
        let logs: Vec<f64> = earlier.iter().map(|value| log(*value)).collect();
        let middle = median(&logs);
        let deviations: Vec<f64> = logs.iter().map(|value| (value - middle).abs()).collect();
        let spread = (median(&deviations) * NORMAL).max(SPREAD_MIN);
        let score = (log(now) - middle) / spread;
        let jump = (earlier.len() >= EARLIER_MIN).then(|| chance(score, earlier.len()));
        let median = median(&earlier);
        let mut values = earlier;
        values.push(now);
        let drift = jump.and_then(|_| drift(&values));
        let judgement = Judgement::TooFew;
        Trend { case, metric, values, median, spread, score, jump, drift, judgement }
    }

    /// Says whether there is a change, where that must be less likely than `level` to be chance.
    fn judge(&mut self, level: f64) {
        let Some(jump) = self.jump else { return };
        // There are two ways to be flagged, each of which may err.
        let certain = |chance: f64| 2.0 * chance < level;
        let newest = self.values.len().saturating_sub(NEWEST);
        let changes = [
            (certain(jump), self.now() / self.median),
            (
                self.drift.is_some_and(certain),
                median(&self.values[newest..]) / median(&self.values[..newest]),
            ),
        ];
        let change =
            changes.into_iter().find(|(certain, to)| *certain && (to - 1.0).abs() > RELEVANT);
        self.judgement = match change {
            None => Judgement::Steady,
            Some((_, to)) if (to > 1.0) == self.metric.more_is_worse() => Judgement::Worse,
            Some(_) => Judgement::Better,
        };
    }

    /// The newest value.
    pub fn now(&self) -> f64 {
        self.values.last().copied().unwrap_or_default()
    }

    /// A value as text with its unit.
    pub fn text(&self, value: f64) -> String {
        match self.metric {
            Metric::Throughput => format!("{} ops/s", crate::words::number(value)),
            Metric::P99 | Metric::Duration => crate::words::duration((value * 1e9) as u64),
        }
    }

    /// The change against the median, as `+12 %`.
    pub fn change(&self) -> String {
        if self.median > 0.0 {
            format!("{:+.0} %", (self.now() / self.median - 1.0) * 100.0)
        } else {
            "–".into()
        }
    }

    /// What it is based on: `median of 12 earlier runs 480 ± 12, 4.2 spreads away`.
    pub fn statistics(&self) -> String {
        let earlier = self.values.len() - 1;
        let runs = if earlier == 1 { "1 earlier run" } else { &format!("{earlier} earlier runs") };
        let middle = self.text(self.median);
        if self.judgement == Judgement::TooFew {
            return format!("median of {runs} {middle}; {EARLIER_MIN} are needed to tell");
        }
        let mut text = format!(
            "median of {runs} {middle} ± {:.0} %; {:.1} spreads away",
            self.spread * 100.0,
            self.score.abs()
        );
        if let Some(p) = self.jump {
            text += &format!(", p = {}", probability(p));
        }
        if let Some(p) = self.drift {
            text += &format!(
                "; newest {NEWEST} against those before: p = {} (Mann-Whitney)",
                probability(p)
            );
        }
        text
    }
}

/// How likely a value would lie so many spreads away from the median of so many earlier ones by
/// chance. The spread of a few is itself a guess, so that they need more: Student's distribution,
/// fitted to ten million simulated cases of normal noise for 6 to 30 runs, which it meets within 2 %
/// of the score down to a probability of one in ten thousand.
fn chance(score: f64, earlier: usize) -> f64 {
    let runs = earlier as f64;
    let scale = 1.0 + 3.2 * runs.powf(-1.3);
    match StudentsT::new(0.0, scale, 0.65 + 0.38 * runs) {
        Ok(distribution) => 2.0 * distribution.sf(score.abs()),
        Err(_) => 1.0,
    }
}

/// A probability as text, to the one digit that matters where it is small.
fn probability(p: f64) -> String {
    match p {
        p if p >= 0.01 => format!("{p:.2}"),
        p if p >= 1e-6 => format!("{:.*}", (-p.log10()).ceil() as usize, p),
        _ => "0.000001 or less".into(),
    }
}

/// How likely the newest few would lie so far from those before by chance.
fn drift(values: &[f64]) -> Option<f64> {
    let (before, newest) = values.split_at_checked(values.len().checked_sub(NEWEST)?)?;
    if before.len() < NEWEST {
        return None;
    }
    let test = mannwhitneyu(before, newest, MannWhitneyUMethod::Automatic, Alternative::TwoSided);
    let (_, p) = test.ok()?;
    Some(p).filter(|p| p.is_finite())
}

/// The value in the middle; of nothing, zero.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Figures, Percentiles};
    use schism_checkers::Status;

    fn trend(metric: Metric, earlier: &[f64], now: f64) -> Judgement {
        let mut trend = Trend::of(CaseName::default(), metric, earlier.to_vec(), now);
        trend.judge(CHANCE_EACH);
        trend.judgement
    }

    const NIGHTS: [f64; 9] = [100.0, 103.0, 98.0, 101.0, 99.0, 102.0, 97.0, 100.0, 104.0];

    #[test]
    fn noise_is_steady_and_a_jump_is_not() {
        assert_eq!(trend(Metric::Throughput, &NIGHTS, 95.0), Judgement::Steady);
        assert_eq!(trend(Metric::Throughput, &NIGHTS, 60.0), Judgement::Worse);
        assert_eq!(trend(Metric::Throughput, &NIGHTS, 140.0), Judgement::Better);
        assert_eq!(trend(Metric::P99, &NIGHTS, 140.0), Judgement::Worse);
        assert_eq!(trend(Metric::Duration, &NIGHTS, 60.0), Judgement::Better);
        // One bad night does not hide the next.
        let mut with_outlier = NIGHTS.to_vec();
        with_outlier.push(10.0);
        assert_eq!(trend(Metric::Throughput, &with_outlier, 60.0), Judgement::Worse);
    }

    #[test]
    fn few_runs_and_small_changes_are_not_judged() {
        assert_eq!(trend(Metric::Throughput, &NIGHTS[..4], 10.0), Judgement::TooFew);
        // Exact repetitions, as of the simulator: a change of 5 % is certain, and small.
        assert_eq!(trend(Metric::Throughput, &[100.0; 8], 95.0), Judgement::Steady);
        assert_eq!(trend(Metric::Throughput, &[100.0; 8], 80.0), Judgement::Worse);
        assert_eq!(trend(Metric::Throughput, &[0.0; 8], 0.0), Judgement::Steady);
    }

    #[test]
    fn a_slow_drift_shows_though_no_night_does() {
        // A spread of ten hides a night of 84 well; five of them in a row it does not.
        let nights = [95.0, 105.0, 90.0, 110.0, 100.0, 97.0, 103.0, 92.0, 108.0, 101.0];
        let slower = [86.0, 85.0, 87.0, 84.0];
        let all: Vec<f64> = nights.iter().chain(&slower).copied().collect();
        assert_eq!(trend(Metric::Throughput, &nights, 84.0), Judgement::Steady);
        assert_eq!(trend(Metric::Throughput, &all, 83.0), Judgement::Worse);
    }

    /// Noise that is normal in logarithms, as that of latencies: nine in ten within a factor of 1.6.
    fn noise(rng: &mut fastrand::Rng) -> f64 {
        let normal = (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0;
        (0.3 * normal).exp()
    }

    #[test]
    fn a_suite_in_which_nothing_has_changed_is_hardly_ever_flagged() {
        let mut rng = fastrand::Rng::with_seed(5);
        let name = |number: usize| CaseName { test: number.to_string(), ..CaseName::default() };
        let mut flagged = 0;
        for _ in 0..40 {
            let mut night = || {
                let cases = (0..60).map(|number| {
                    let mut result = run(Status::Holds, (noise(&mut rng) * 1e6) as u64, 2);
                    let mut case = result.cases.remove(0);
                    case.case = name(number);
                    case.seconds = noise(&mut rng);
                    case
                });
                SuiteResult { cores: 2, cases: cases.collect(), ..SuiteResult::default() }
            };
            let earlier: Vec<SuiteResult> = (0..12).map(|_| night()).collect();
            let trends = Trends::of(&night(), &earlier);
            let steady = |trend: &&Trend| trend.judgement == Judgement::Steady;
            flagged += usize::from(trends.figures.iter().any(|trend| !steady(&trend)));
        }
        // One in twenty is what is aimed at: two of forty.
        assert!(flagged <= 5, "{flagged}");
    }

    fn run(status: Status, p99: u64, cores: usize) -> SuiteResult {
        let latency = Percentiles { p50: 1, p90: 1, p99, p99_9: p99, max: p99 };
        let figures = Figures { per_second: 5.0, latency: Some(latency), ..Figures::default() };
        let name = CaseName { test: "raft".into(), ..CaseName::default() };
        let case = CaseResult {
            expect: vec![Status::Holds, Status::Unstressed],
            outcome: CaseOutcome::Judged(status),
            seconds: 3.0,
            figures: Some(figures),
            ..CaseResult::skipped_case(&name)
        };
        SuiteResult { cores, cases: vec![case], ..SuiteResult::default() }
    }

    #[test]
    fn verdicts_that_change_are_told() {
        let now = run(Status::Violated, 1000, 2);
        let earlier = [run(Status::Violated, 900, 2), run(Status::Holds, 900, 2)];
        let trends = Trends::of(&now, &earlier);
        assert_eq!(trends.flips.len(), 1);
        assert_eq!(
            (trends.flips[0].before.as_str(), trends.flips[0].now.as_str()),
            ("holds", "violated")
        );
        assert!(
            Trends::of(&run(Status::Holds, 1, 2), &[run(Status::Unstressed, 1, 2)])
                .flips
                .is_empty()
        );
    }

    #[test]
    fn runs_of_other_machines_are_left_out() {
        let earlier: Vec<SuiteResult> = (0..8).map(|_| run(Status::Holds, 1000, 64)).collect();
        let trends = Trends::of(&run(Status::Holds, 9000, 2), &earlier);
        assert_eq!(trends.earlier, 0);
        assert!(trends.figures.is_empty());
        let earlier: Vec<SuiteResult> = (0..8).map(|_| run(Status::Holds, 1000, 2)).collect();
        let trends = Trends::of(&run(Status::Holds, 9000, 2), &earlier);
        let worse: Vec<Metric> = trends.worse().map(|trend| trend.metric).collect();
        assert_eq!(worse, [Metric::P99]);
        assert!(trends.figures[0].statistics().contains("median of 8 earlier runs"));
    }
}
