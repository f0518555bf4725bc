//! What objects show of each other and therefore keep: circuits their terminations and their type, terminations the name
//! of their circuit. It is written together with what it shows, or right after it.

use noticeboard_domain::Result;
use noticeboard_domain::inventory::InventoryObject;
use noticeboard_domain::object::{ObjectRef, ObjectType};
use noticeboard_store::{Beside, CommitError, JournalEntry, StoredObject, Transaction};
use serde_json::{Map, Value};

use super::resolve::Surroundings;
use crate::impacts::whole;
use crate::{App, MAX_RACES, too_many_races};

/// A termination's text for people.
fn termination(circuit: &str, termination: &InventoryObject) -> String {
    format!("{circuit}: {}", termination.display())
}

/// The types that circuits show something of: their types, and the places of their terminations.
fn is_shown_by_circuits(kind: ObjectType) -> bool {
    matches!(
        kind,
        ObjectType::CircuitType | ObjectType::Site | ObjectType::Location | ObjectType::Region | ObjectType::SiteGroup
    )
}

impl Surroundings {
    /// An object with what is kept beside it.
    pub(super) fn stored(&self, object: InventoryObject, before: Option<&StoredObject>) -> StoredObject {
        let circuit = object.reference("circuit").filter(|_| object.kind() == ObjectType::CircuitTermination);
        let display = match circuit.and_then(|circuit| self.objects.get(&circuit)) {
            Some(circuit) => termination(&circuit.display, &object),
            None => object.display(),
        };
        let kept = before.map(|before| before.beside.clone()).unwrap_or_default();
        let beside = if object.kind() == ObjectType::Circuit {
            Beside { circuit_type: object.reference("type").and_then(|to| self.brief(to)), ..kept }
        } else {
            Beside::default()
        };
        StoredObject { object, display, beside }
    }

    fn brief(&self, object: ObjectRef) -> Option<Map<String, Value>> {
        self.objects.get(&object).map(|stored| stored.object.brief(&stored.display))
    }

    /// What a circuit shows of a termination.
    fn termination(&self, termination: &StoredObject) -> Map<String, Value> {
        let object = &termination.object;
        let mut shown = Map::new();
        shown.insert("id".to_owned(), object.id.get().into());
        for field in
            ["description", "termination_type", "termination_id", "port_speed", "upstream_speed", "xconnect_id"]
        {
            shown.insert(field.to_owned(), object.value(field).clone());
        }
        let place = object.generic().and_then(|place| self.brief(place));
        shown.insert("termination".to_owned(), place.map_or(Value::Null, Value::Object));
        shown
    }

    /// Tells circuits what became of a termination.
    pub(super) fn tell_circuits(
        &self,
        transaction: &mut Transaction,
        before: Option<&StoredObject>,
        after: Option<&StoredObject>,
    ) -> Result<()> {
        let end = |stored: &StoredObject| {
            let circuit = stored.object.reference("circuit")?;
            let termination = stored.object.kind() == ObjectType::CircuitTermination;
            termination.then(|| (circuit.id, stored.object.text("term_side").to_owned()))
        };
        let (old, new) = (before.and_then(end), after.and_then(end));
        // Two sides of one circuit are one item, which one transaction writes once.
        if let (Some((from, left)), Some((to, side)), Some(after)) = (&old, &new, after)
            && from == to
            && left != side
        {
            return transaction.circuit_termination_moved(*to, side, &self.termination(after));
        }
        if let Some((circuit, side)) = old.filter(|old| Some(old) != new.as_ref()) {
            // A circuit that is gone needs to be told nothing.
            if self.objects.contains_key(&ObjectRef { kind: ObjectType::Circuit, id: circuit }) {
                transaction.circuit_termination(circuit, &side, None)?;
            }
        }
        if let (Some((circuit, side)), Some(after)) = (new, after) {
            transaction.circuit_termination(circuit, &side, Some(&self.termination(after)))?;
        }
        Ok(())
    }

    /// Tells those that show an object what it is called now: a circuit's terminations together with it; circuits that
    /// show a type or a place afterwards, which the journal sees to.
    pub(super) fn tell_dependents(
        &self,
        app: &App,
        transaction: &mut Transaction,
        before: &StoredObject,
        after: &StoredObject,
    ) -> Result<()> {
        if after.object.kind() == ObjectType::Circuit && before.display != after.display {
            let dependents = self.dependents.get(&after.object.object()).into_iter().flatten();
            for stored in dependents.filter_map(|dependent| self.objects.get(&dependent.object)) {
                transaction.object_display(&stored.object, &termination(&after.display, &stored.object));
            }
        }
        if let Some(entry) = renamed(before, after) {
            transaction.journal_put(&entry, app.now())?;
        }
        Ok(())
    }
}

/// The work that a change leaves, where circuits show what has changed.
pub(super) fn renamed(before: &StoredObject, after: &StoredObject) -> Option<JournalEntry> {
    let brief = |stored: &StoredObject| stored.object.brief(&stored.display);
    let object = after.object.object();
    (is_shown_by_circuits(object.kind) && brief(before) != brief(after)).then_some(JournalEntry::Shown { object })
}

impl App {
    /// Shows an object anew wherever circuits show it.
    pub(crate) async fn shown_finish(&self, object: ObjectRef) -> Result<()> {
        let most = self.settings.list_read_limit;
        let dependents = whole(self.store.dependents(object, most).await?, most)?;
        for dependent in dependents {
            if dependent.object.kind == ObjectType::Circuit {
                self.show_type(dependent.object).await?;
            } else if dependent.object.kind == ObjectType::CircuitTermination {
                self.show_termination(dependent.object).await?;
            }
        }
        Ok(())
    }

    async fn show_type(&self, circuit: ObjectRef) -> Result<()> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let Some(stored) = self.store.object(circuit).await? else { return Ok(()) };
            let Some(to) = stored.object.reference("type") else { return Ok(()) };
            let found = self.store.object(to).await?.map(|found| found.object.brief(&found.display));
            let mut transaction = Transaction::new();
            transaction.circuit_type(&stored.object, found.as_ref())?;
            if self.shown(transaction).await? {
                return Ok(());
            }
        }
        Err(too_many_races())
    }

    async fn show_termination(&self, termination: ObjectRef) -> Result<()> {
        for race in 0..MAX_RACES {
            let _turn = self.turn(race).await;
            let Some(stored) = self.store.object(termination).await? else { return Ok(()) };
            let Some(circuit) = stored.object.reference("circuit") else { return Ok(()) };
            let around = self.surroundings_at(&stored).await?;
            let mut transaction = Transaction::new();
            // Only while the termination is still as it was read.
            transaction.object_display(&stored.object, &stored.display);
            let shown = around.termination(&stored);
            transaction.circuit_termination(circuit.id, stored.object.text("term_side"), Some(&shown))?;
            if self.shown(transaction).await? {
                return Ok(());
            }
        }
        Err(too_many_races())
    }

    /// Whether a transaction was done; another writer may have been faster.
    async fn shown(&self, transaction: Transaction) -> Result<bool> {
        match self.store.commit(transaction, self.now()).await {
            Ok(()) => Ok(true),
            Err(CommitError::Refused(_)) => Ok(false),
            Err(CommitError::Failed(error)) => Err(error),
        }
    }
}
