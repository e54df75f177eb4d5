//! What is known of a service's releases beyond the chart's schema: what `Contract` judges them by.

use manifest::contract::{Moved, Says, Terms};
use manifest::platform::Platform;

use crate::ledger::Book;
use crate::{Views, defaults, editor, model};

pub(crate) fn terms(views: &Views<'_>, platform: &Platform) -> Terms {
    let (whole, release) = (views.whole, &views.release.service);
    let model::Withheld { secrets, platform: owned } = model::withheld(whole);
    let mut moved: Vec<Moved> = views.release.moved.iter().map(|(constraint, _)| moved_of(constraint)).collect();
    moved.sort();
    moved.dedup();
    let root = whole.values.resolve(&whole.types).object();
    let says = |field: &str| root.is_some_and(|root| root.field(field).is_some());
    Terms {
        service: whole.name.clone(),
        schema: editor::manifest(release, platform, &mut Book::default()),
        defaults: defaults::defaults(release),
        secrets,
        platform: owned,
        moved,
        flavors: whole.flavors.clone(),
        longest_child: whole.longest_child(),
        says: Says { tenant: says("tenant"), name: says("name") },
    }
}

fn moved_of(constraint: &model::Constraint) -> Moved {
    Moved { at: constraint.used_at.clone(), keyword: constraint.keyword.to_owned() }
}
