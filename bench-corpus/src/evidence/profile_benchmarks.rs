//! Values of `perf/` that only the command of a profile's targets knows: instructions of single operations, and shares of storage.

use std::collections::BTreeMap;

use crate::fixed_bench;
use crate::realtime::Costs;

use super::benchmarks::FILE;

/// The command that measures a metric of a profile; `None` if it is no metric of these.
pub fn command(profile: &str, metric: &str) -> Option<&'static str> {
    if !["instructions-median", "instructions-most", "longest-path", "unused-share"].contains(&metric) {
        return None;
    }
    match profile {
        "freestanding" => Some("bench-corpus freestanding"),
        "realtime" => Some("bench-corpus realtime"),
        _ => None,
    }
}

/// What was counted for rows so far, so that nothing runs twice.
#[derive(Default)]
pub struct Figures {
    costs: Option<Costs>,
    /// Instructions of single calls by workload and subject.
    stepped: BTreeMap<(String, String), Vec<usize>>,
}

impl Figures {
    /// The value of a row that has a [`command`].
    ///
    /// # Errors
    /// When something cannot be built or run, or nothing measures the row.
    pub fn value(
        &mut self,
        profile: &str,
        workload: &str,
        subject: &str,
        metric: &str,
    ) -> Result<f64, String> {
        let value = match (profile, metric) {
            ("realtime", _) => {
                if self.costs.is_none() {
                    self.costs = Some(Costs::count()?);
                }
                self.costs.as_ref().and_then(|costs| costs.of(workload, metric))
            }
            (_, "unused-share") => fixed_bench::unused_share(workload, subject)?,
            (_, "instructions-median") => self.of_calls(workload, subject, 0.5)?,
            (_, "instructions-most") => self.of_calls(workload, subject, 1.0)?,
            _ => None,
        };
        value.ok_or_else(|| format!("{FILE}: nothing measures {metric} of {workload} of {profile}"))
    }

    /// What that share of the calls of a workload executed at most.
    fn of_calls(&mut self, workload: &str, subject: &str, share: f64) -> Result<Option<f64>, String> {
        let key = (workload.to_owned(), subject.to_owned());
        if !self.stepped.contains_key(&key) {
            let Some(counts) = fixed_bench::stepped(workload, subject)? else { return Ok(None) };
            self.stepped.insert(key.clone(), counts);
        }
        Ok(Some(fixed_bench::at(&self.stepped[&key], share)))
    }
}
