"""The calls that each function's program makes: its role allows these and no other."""

ITEMS = {("dynamodb:GetItem", "Table"), ("dynamodb:BatchGetItem", "Table")}
QUERY = {("dynamodb:Query", "Table")}
INDEXES = {("dynamodb:Query", "Table/index/*")}
READ = ITEMS | QUERY | INDEXES
WRITE = {("dynamodb:PutItem", "Table"), ("dynamodb:UpdateItem", "Table"), ("dynamodb:DeleteItem", "Table")}
KEEP_MAIL = {("s3:PutObject", "Bucket/mail/*")}
READ_MAIL = {("s3:GetObject", "Bucket/mail/*")}
# Asked for where there are formats of the operator's own.
FORMATS = {("s3:ListBucket", "Bucket"), ("s3:GetObject", "Bucket/formats/*")}

CALLS = {
    "events": READ | WRITE,
    "impacts": READ | WRITE,
    "inventory": READ | WRITE,
    "platform": ITEMS | INDEXES | WRITE,
    "ical-feed": READ,
    "notifications": READ | WRITE | KEEP_MAIL | READ_MAIL | FORMATS,
    "inbound-email": ITEMS | QUERY | WRITE | KEEP_MAIL | FORMATS | {("s3:GetObject", "Bucket/inbound/*")},
    "changelog": READ | WRITE | KEEP_MAIL | READ_MAIL | FORMATS,
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
