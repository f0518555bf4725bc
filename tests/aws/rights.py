"""The calls that each function's program makes: its role allows these and no other."""

READ = {("dynamodb:GetItem", "Table"), ("dynamodb:BatchGetItem", "Table"), ("dynamodb:Query", "Table"),
        ("dynamodb:Query", "Table/index/*")}
WRITE = {("dynamodb:PutItem", "Table"), ("dynamodb:UpdateItem", "Table"), ("dynamodb:DeleteItem", "Table")}
# A policy that allows a table and its indexes allows this too, which DynamoDB has not.
MEANINGLESS = {("dynamodb:GetItem", "Table/index/*"), ("dynamodb:BatchGetItem", "Table/index/*")}
MAIL = {("s3:GetObject", "Bucket/mail/*"), ("s3:PutObject", "Bucket/mail/*")}
# Asked for where there are formats of the operator's own.
FORMATS = {("s3:ListBucket", "Bucket"), ("s3:GetObject", "Bucket/formats/*")}

CALLS = {
    "events": READ | WRITE,
    "impacts": READ | WRITE,
    "inventory": READ | WRITE,
    "platform": READ | WRITE,
    "ical-feed": READ,
    "notifications": READ | WRITE | MAIL | FORMATS,
    "inbound-email": READ | WRITE | MAIL | FORMATS | {("s3:GetObject", "Bucket/inbound/*")},
    "changelog": READ | WRITE | MAIL | FORMATS,
    "publisher": {("dynamodb:GetItem", "Table"), ("sqs:SendMessage", "a queue")},
    "delivery": {("sns:Publish", "a topic"), ("sqs:ChangeMessageVisibility", "a queue")},
}
QUEUES = {"LogQueue", "SnsQueue", "SyslogQueue", "RedisQueue", "WebhookQueue"}
RESOURCES = {"a queue": QUEUES, "a topic": {"Topic", "FifoTopic"}}

# What Lambda does in a function's name, by what the template sets up for it.
RUN = {("logs:CreateLogStream", "Logs"), ("logs:PutLogEvents", "Logs"), ("xray:PutTraceSegments", "*"),
       ("xray:PutTelemetryRecords", "*")}
FOLLOW = {(f"dynamodb:{action}", "Table/stream/*")
          for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")}
POLL = {(f"sqs:{action}", queue)
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes") for queue in QUEUES}
VPC = {(f"ec2:{action}", "*")
       for action in ("CreateNetworkInterface", "DeleteNetworkInterface", "DescribeNetworkInterfaces",
                      "DescribeSubnets", "AssignPrivateIpAddresses", "UnassignPrivateIpAddresses")}
