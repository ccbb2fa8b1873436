//! The accounts of passes whose memory is not ours: a line a pass, added up over its runs.

use super::PassAccount;

/// Accounts in the order of their passes' first runs.
#[derive(Default)]
pub struct Accounts(Vec<PassAccount>);

impl Accounts {
    /// Adds a run of pass `name`, at whose end `out` had `used_bytes` in use and which held `reserved_bytes` in all.
    pub fn add_run(&mut self, name: &'static str, used_bytes: usize, reserved_bytes: usize) {
        let index = self.0.iter().position(|account| account.name == name).unwrap_or_else(|| {
            let mut account = PassAccount::default();
            account.name = name;
            self.0.push(account);
            self.0.len() - 1
        });
        let account = &mut self.0[index];
        account.runs += 1;
        account.out_used_bytes += used_bytes as u64;
        account.reserved_peak_bytes = account.reserved_peak_bytes.max(reserved_bytes as u64);
    }

    /// The accounts since they were last taken.
    pub fn take(&mut self) -> Vec<PassAccount> {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Accounts;

    #[test]
    fn runs_of_a_pass_are_one_account() {
        let mut accounts = Accounts::default();
        accounts.add_run("lex", 10, 64);
        accounts.add_run("parse", 1, 32);
        accounts.add_run("lex", 5, 48);
        let taken = accounts.take();
        let lines: Vec<_> = taken
            .iter()
            .map(|account| (account.name, account.runs, account.out_used_bytes, account.reserved_peak_bytes))
            .collect();
        assert_eq!(lines, [("lex", 2, 15, 64), ("parse", 1, 1, 32)]);
        assert!(accounts.take().is_empty());
    }
}
