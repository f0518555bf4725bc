//! Making the table by hand: with the protection that a deployed one has, and never silently unlike its definition.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    BillingMode, KeySchemaElement, KeyType, PointInTimeRecoverySpecification, PointInTimeRecoveryStatus, Projection,
    ProjectionType, SseStatus, StreamViewType, TableDescription, TableStatus,
};
use noticeboard_domain::{Error, Result};

use crate::item::attribute;
use crate::keys::index;
use crate::table::{INDEXES, Store, names, reason};

/// How many days back a protected table can be restored to: the most that DynamoDB offers.
const RECOVERY_DAYS: i32 = 35;

/// What a table has against loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Nothing: for one to try things on, and for engines that know no protection.
    None,
    /// As `template.yaml` deploys it: no deletion, recovery to any moment, encryption with a key of the account.
    Full,
}

/// What making the table found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// It was made, or was there as it is defined.
    AsDefined,
    /// It was there, in other ways than it is defined, and was left as it is: what is different, a sentence each.
    Different(Vec<String>),
}

/// Whether a table can have this name.
///
/// # Errors
/// Says which characters it may have.
pub fn check_table_name(name: &str) -> std::result::Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if (3..=255).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    Err(format!("'{name}' is not the name of a table: use 3 to 255 letters (a-z, A-Z), digits, _, - and ."))
}

impl Store {
    /// Makes the table where there is none, and compares it with its definition; one that there is stays as it is.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the endpoint cannot be reached or refuses; also one that cannot protect a table.
    pub async fn create_and_compare(&self, protection: Protection) -> Result<Made> {
        match self.describe().await? {
            None => {
                self.create(protection).await?;
                if protection == Protection::Full {
                    self.keep_recoverable().await?;
                }
            }
            Some(table) if table.table_status == Some(TableStatus::Creating) => self.wait_until_active().await?,
            Some(_) => {}
        }
        let Some(table) = self.describe().await? else {
            return Err(Error::Unavailable { detail: format!("table {} is gone again", self.table()) });
        };
        let mut different = differences(&table);
        if !self.items_expire().await? {
            different.push(format!("Its items do not expire: time to live by {} is off.", attribute::EXPIRES));
        }
        if protection == Protection::Full {
            different.extend(self.unprotected(&table).await?);
        }
        Ok(if different.is_empty() { Made::AsDefined } else { Made::Different(different) })
    }

    async fn describe(&self) -> Result<Option<TableDescription>> {
        match self.client().describe_table().table_name(self.table()).send().await {
            Ok(found) => Ok(found.table),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => Ok(None),
            Err(error) => Err(refused("describe the table", &error)),
        }
    }

    async fn keep_recoverable(&self) -> Result<()> {
        let recovery = PointInTimeRecoverySpecification::builder()
            .point_in_time_recovery_enabled(true)
            .recovery_period_in_days(RECOVERY_DAYS)
            .build()
            .map_err(Error::internal)?;
        let update = self.client().update_continuous_backups().table_name(self.table());
        let updated = update.point_in_time_recovery_specification(recovery).send().await;
        updated.map(drop).map_err(|error| refused("turn on point-in-time recovery", &error))
    }

    /// What a table lacks of [`Protection::Full`].
    async fn unprotected(&self, table: &TableDescription) -> Result<Vec<String>> {
        let backups = self.client().describe_continuous_backups().table_name(self.table()).send().await;
        let backups = backups.map_err(|error| refused("describe the table's backups", &error))?;
        let recovery = (backups.continuous_backups_description)
            .and_then(|backups| backups.point_in_time_recovery_description)
            .and_then(|recovery| recovery.point_in_time_recovery_status);
        let encryption = table.sse_description.as_ref().and_then(|sse| sse.status.as_ref());
        let lacks = [
            (table.deletion_protection_enabled == Some(true), "It can be deleted: deletion protection is off."),
            (recovery == Some(PointInTimeRecoveryStatus::Enabled), "Point-in-time recovery is off."),
            (
                matches!(encryption, Some(SseStatus::Enabled | SseStatus::Updating)),
                "It is not encrypted with a key of the account.",
            ),
        ];
        Ok(lacks.into_iter().filter(|(has, _)| !has).map(|(_, lack)| lack.to_owned()).collect())
    }
}

/// In what a table is unlike its definition.
fn differences(table: &TableDescription) -> Vec<String> {
    let mut found = Vec::new();
    let on_demand = table.billing_mode_summary.as_ref().and_then(|summary| summary.billing_mode.as_ref());
    if on_demand != Some(&BillingMode::PayPerRequest) {
        found.push("It is not billed on demand.".to_owned());
    }
    if !has_keys(table.key_schema(), [attribute::PK, attribute::SK]) {
        found.push(format!("Its keys are not {} and {}.", attribute::PK, attribute::SK));
    }
    let stream = table.stream_specification.as_ref().filter(|stream| stream.stream_enabled);
    if stream.and_then(|stream| stream.stream_view_type.as_ref()) != Some(&StreamViewType::NewAndOldImages) {
        found.push("Its stream does not carry both images (NEW_AND_OLD_IMAGES).".to_owned());
    }
    for name in INDEXES {
        let stored = table.global_secondary_indexes().iter().find(|stored| stored.index_name.as_deref() == Some(name));
        match stored {
            None => found.push(format!("The index {name} is missing.")),
            Some(stored) if !has_keys(stored.key_schema(), names(name)) => {
                found.push(format!("The index {name} has other keys than {}.", names(name).join(" and ")));
            }
            Some(stored) if !projects(name, stored.projection.as_ref()) => {
                found.push(format!("The index {name} holds other attributes."));
            }
            Some(_) => {}
        }
    }
    let others = table.global_secondary_indexes().iter().filter_map(|stored| stored.index_name.as_deref());
    found.extend(others.filter(|name| !INDEXES.contains(name)).map(|name| format!("The index {name} is of no use.")));
    found
}

fn has_keys(schema: &[KeySchemaElement], [pk, sk]: [&str; 2]) -> bool {
    let key = |kind: &KeyType| schema.iter().find(|key| &key.key_type == kind).map(|key| key.attribute_name.as_str());
    key(&KeyType::Hash) == Some(pk) && key(&KeyType::Range) == Some(sk)
}

fn projects(name: &str, projection: Option<&Projection>) -> bool {
    let Some(projection) = projection else { return false };
    let kind = projection.projection_type.as_ref();
    match name {
        index::COMPACT => {
            kind == Some(&ProjectionType::Include) && projection.non_key_attributes() == [attribute::COMPACT]
        }
        _ => kind == Some(&ProjectionType::All),
    }
}

fn refused(what: &str, error: &(impl ProvideErrorMetadata + std::error::Error)) -> Error {
    Error::Unavailable { detail: format!("cannot {what}: {}", reason(error)) }
}
