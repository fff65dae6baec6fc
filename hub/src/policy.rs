//! What a till may do.

use crate::mistake::Mistake;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use wxcoupon::client::Named;

/// What every till may call, unless its policy says otherwise.
pub const USUAL: [&str; 14] = [
    "busifavor_list",
    "busifavor_query",
    "busifavor_return",
    "busifavor_use",
    "check",
    "events",
    "list",
    "pending",
    "query",
    "quote",
    "return",
    "scan",
    "settle",
    "use",
];
/// What is neither an operation of WeChat Pay nor composed of some.
pub const OWN: [&str; 7] = ["abandon", "check", "events", "pending", "quote", "request", "settle"];
/// They read a file of the machine that they run on, which would be the hub's.
pub const LOCAL_FILES: [&str; 2] = ["import_coupons", "upload_image"];

/// Whose numbers a till sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sees {
    /// Its own.
    Till,
    /// Those of every till of its group.
    Group,
}

/// A policy as it is written. What is left out comes from `[policy]`, and then from the usual one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    pub operations: Option<BTreeSet<String>>,
    pub brand_id: Option<String>,
    pub store_id: Option<String>,
    pub number_prefix: Option<String>,
    pub sees: Option<Sees>,
    pub rate_per_s: Option<u32>,
    pub any_user: Option<bool>,
    pub any_coupon: Option<bool>,
    pub notifications: Option<bool>,
}

/// Tills that share a policy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Their names; `*` at the end stands for any rest.
    pub tills: Vec<String>,
    #[serde(default)]
    pub policy: Written,
}

/// The policy of one till.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each allows one thing, and any may hold with any")]
pub struct Policy {
    /// The till's group, if it has one.
    pub group: Option<String>,
    pub operations: BTreeSet<String>,
    /// The only brand that it may name; filled in where it names none.
    pub brand_id: Option<String>,
    /// The same of its store.
    pub store_id: Option<String>,
    /// What its request numbers begin with.
    pub number_prefix: Option<String>,
    pub sees: Sees,
    pub rate_per_s: u32,
    /// It may list and query users that no scan of its own gave.
    pub any_user: bool,
    /// It may return and deactivate what it did not redeem.
    pub any_coupon: bool,
    /// It gets events of notifications that are about no till's number.
    pub notifications: bool,
}

/// Every policy.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    pub all: Written,
    pub groups: BTreeMap<String, Group>,
}

impl Policies {
    /// That of a till. Where several groups have it, the most exact pattern counts.
    pub fn of(&self, till: &str) -> Policy {
        let fits = |pattern: &str| match pattern.strip_suffix('*') {
            Some(beginning) => till.starts_with(beginning).then_some(beginning.len()),
            None => (pattern == till).then_some(usize::MAX),
        };
        let found = self
            .groups
            .iter()
            .filter_map(|(name, group)| {
                Some((group.tills.iter().filter_map(|p| fits(p)).max()?, name, group))
            })
            .max_by_key(|(exactness, _, _)| *exactness);
        let own = found.map(|(_, _, group)| group.policy.clone()).unwrap_or_default();
        let all = self.all.clone();
        let usual = || USUAL.map(str::to_owned).into();
        Policy {
            group: found.map(|(_, name, _)| name.clone()),
            operations: own.operations.or(all.operations).unwrap_or_else(usual),
            brand_id: own.brand_id.or(all.brand_id),
            store_id: own.store_id.or(all.store_id),
            number_prefix: own
                .number_prefix
                .or(all.number_prefix)
                .map(|prefix| prefix.replace("{till}", till)),
            sees: own.sees.or(all.sees).unwrap_or(Sees::Till),
            rate_per_s: own.rate_per_s.or(all.rate_per_s).unwrap_or(20),
            any_user: own.any_user.or(all.any_user).unwrap_or(false),
            any_coupon: own.any_coupon.or(all.any_coupon).unwrap_or(false),
            notifications: own.notifications.or(all.notifications).unwrap_or(false),
        }
    }

    /// The first mistake in what is written.
    pub fn mistake(&self) -> Option<Mistake> {
        let groups = self.groups.iter().map(|(name, group)| (format!("group.{name}.policy"), &group.policy));
        std::iter::once(("policy".to_owned(), &self.all)).chain(groups).find_map(|(place, written)| {
            let unknown = written.operations.iter().flatten().find_map(|name| {
                if LOCAL_FILES.contains(&name.as_str()) {
                    Some(Mistake::new(
                        format!(
                            "{place}.operations: {name} names a file of this machine: a hub does not serve it"
                        ),
                        format!("{place}.operations：{name} 要读本机文件，hub 不提供"),
                    ))
                } else if OWN.contains(&name.as_str()) || Named::find(name).is_ok() {
                    None
                } else {
                    Some(Mistake::new(
                        format!("{place}.operations: there is no operation {name:?}"),
                        format!("{place}.operations：没有名为 {name:?} 的操作"),
                    ))
                }
            });
            let rate = written.rate_per_s.filter(|rate| !(1..=10_000).contains(rate));
            let wrong_rate = |_| {
                Mistake::new(
                    format!("{place}.rate_per_s: a whole number from 1 to 10000"),
                    format!("{place}.rate_per_s：应为 1 到 10000 的整数"),
                )
            };
            unknown.or_else(|| rate.map(wrong_rate))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policies() -> Policies {
        let group = |tills: &[&str], store: &str| Group {
            tills: tills.iter().map(|till| (*till).to_owned()).collect(),
            policy: Written { store_id: Some(store.into()), ..Written::default() },
        };
        Policies {
            all: Written { number_prefix: Some("{till}-".into()), rate_per_s: Some(7), ..Written::default() },
            groups: [
                ("north".to_owned(), group(&["S00*"], "1")),
                ("shop".to_owned(), group(&["S0032-*"], "2")),
                ("desk".to_owned(), group(&["S0032-09"], "3")),
            ]
            .into(),
        }
    }

    #[test]
    fn the_most_exact_group_counts() {
        let policies = policies();
        let store = |till: &str| policies.of(till).store_id;
        assert_eq!(store("S0032-09").as_deref(), Some("3"));
        assert_eq!(store("S0032-02").as_deref(), Some("2"));
        assert_eq!(store("S0040-01").as_deref(), Some("1"));
        assert_eq!(store("T1"), None);
        let policy = policies.of("S0032-02");
        assert_eq!((policy.number_prefix.as_deref(), policy.rate_per_s), (Some("S0032-02-"), 7));
        assert_eq!(policy.operations.len(), USUAL.len());
        assert!(!policy.any_user && !policy.any_coupon && policy.sees == Sees::Till);
    }

    #[test]
    fn what_is_not_served_is_named() {
        let with = |name: &str| Policies {
            all: Written { operations: Some([name.to_owned()].into()), ..Written::default() },
            ..Policies::default()
        };
        assert_eq!(with("send").mistake(), None);
        assert_eq!(with("request").mistake(), None);
        assert!(with("upload_image").mistake().unwrap().to_string().contains("upload_image names a file"));
        assert!(with("redeem").mistake().unwrap().to_string().contains("no operation \"redeem\""));
        for name in USUAL {
            assert_eq!(with(name).mistake(), None);
        }
    }
}
