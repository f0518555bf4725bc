//! DynamoDB at an address: AWS's own, or an engine with its API.

use std::net::IpAddr;
use std::time::Duration;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use axum::http::Uri;

/// How the hosts of AWS's partitions end.
const AWS: [&str; 4] = [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws"];
/// The names of DynamoDB in AWS's hosts, which the region follows.
const SERVICES: [&str; 3] = ["dynamodb", "dynamodb-fips", "ddb"];

/// How long credentials are looked for that an engine nearby would not check: a machine that is none of AWS's has no role
/// to ask for.
const CREDENTIALS_LIMIT: Duration = Duration::from_secs(1);

/// An address of DynamoDB.
#[derive(Debug)]
pub(crate) struct Endpoint {
    url: String,
    host: String,
    has_tls: bool,
}

impl Endpoint {
    /// Reads an address.
    ///
    /// # Errors
    /// Says what an address is.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let uri = url.parse::<Uri>().ok();
        let parts = uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.host()?)));
        match parts {
            Some((scheme @ ("http" | "https"), host)) if !host.is_empty() => {
                let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
                Ok(Self { url: url.to_owned(), host, has_tls: scheme == "https" })
            }
            _ => Err(format!(
                "--endpoint-url: '{url}' is not an address such as http://127.0.0.1:8000 or \
                 https://dynamodb.eu-central-1.amazonaws.com"
            )),
        }
    }

    /// Clients of DynamoDB and of its streams.
    pub(crate) async fn clients(&self) -> (aws_sdk_dynamodb::Client, aws_sdk_dynamodbstreams::Client) {
        let sdk = self.sdk().await;
        // The address is the client's own setting: in the SDK's it would give way to `AWS_ENDPOINT_URL`.
        let dynamodb = aws_sdk_dynamodb::config::Builder::from(&sdk).endpoint_url(&self.url).build();
        let mut streams = aws_sdk_dynamodbstreams::config::Builder::from(&sdk);
        // Those of AWS are at a host of their own, which the SDK knows.
        if !self.is_aws() {
            streams = streams.endpoint_url(&self.url);
        }
        let streams = aws_sdk_dynamodbstreams::Client::from_conf(streams.build());
        (aws_sdk_dynamodb::Client::from_conf(dynamodb), streams)
    }

    /// Region and credentials are those of the environment, of a profile, of the machine's role. An engine of one's own
    /// asks for some, whichever; where there are none it is given some. AWS, and what others run, never is.
    async fn sdk(&self) -> SdkConfig {
        let found = noticeboard_lambda::sdk().await;
        let mut sdk = found.clone().into_builder();
        if self.is_aws() {
            if let Some(region) = self.region() {
                sdk.set_region(Some(Region::new(region.to_owned())));
            }
            return sdk.build();
        }
        if found.region().is_none() {
            sdk.set_region(Some(Region::new("us-east-1")));
        }
        if self.is_near() && !has_credentials(&found).await {
            let made_up = Credentials::from_keys("local", "local", None);
            sdk.set_credentials_provider(Some(SharedCredentialsProvider::new(made_up)));
        }
        sdk.build()
    }

    fn is_aws(&self) -> bool {
        AWS.iter().any(|end| self.host.ends_with(end))
    }

    /// The region that a host of AWS names: `dynamodb.REGION.amazonaws.com`, also with something before it.
    fn region(&self) -> Option<&str> {
        let mut labels = self.host.split('.').skip_while(|label| !SERVICES.contains(label));
        labels.next();
        labels.next().filter(|label| label.contains('-'))
    }

    /// Whether it is on this machine or in a network of one's own.
    fn is_near(&self) -> bool {
        let is_private = match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private() || address.is_link_local(),
            Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
            Err(_) => self.host == "localhost" || self.host.ends_with(".localhost"),
        };
        is_private || !self.has_tls
    }
}

async fn has_credentials(sdk: &SdkConfig) -> bool {
    let Some(provider) = sdk.credentials_provider() else { return false };
    let found = tokio::time::timeout(CREDENTIALS_LIMIT, provider.provide_credentials()).await;
    found.is_ok_and(|found| found.is_ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, is_aws: bool, region: Option<&str>, is_near: bool) {
        let endpoint = Endpoint::parse(url).unwrap();
        assert_eq!((endpoint.is_aws(), endpoint.region(), endpoint.is_near()), (is_aws, region, is_near), "{url}");
    }

    #[test]
    fn an_endpoint_is_aws_or_near_or_somebody_elses() {
        check("https://dynamodb.eu-central-1.amazonaws.com", true, Some("eu-central-1"), false);
        check("https://DynamoDB.cn-north-1.amazonaws.com.cn/", true, Some("cn-north-1"), false);
        check("https://dynamodb-fips.us-gov-west-1.api.aws", true, Some("us-gov-west-1"), false);
        check("https://123456789012.ddb.eu-west-1.amazonaws.com", true, Some("eu-west-1"), false);
        check("https://vpce-1a.dynamodb.eu-west-1.vpce.amazonaws.com", true, Some("eu-west-1"), false);
        check("https://dynamodb.amazonaws.com", true, None, false);
        check("http://127.0.0.1:8000", false, None, true);
        check("https://[::1]:8000/", false, None, true);
        check("https://localhost:8000", false, None, true);
        check("https://10.1.2.3", false, None, true);
        check("http://dynamodb:8000", false, None, true);
        check("https://dynamodb.example.net", false, None, false);
        check("https://amazonaws.com.example.net", false, None, false);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in ["", "nonsense", "127.0.0.1:8000", "ftp://127.0.0.1", "http://", "http:// a", "/var/run/dynamodb"] {
            let error = Endpoint::parse(url).unwrap_err();
            assert!(
                error.starts_with(&format!("--endpoint-url: '{url}' is not an address such as http://")),
                "{error}"
            );
        }
    }
}
