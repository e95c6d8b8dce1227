#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the SigV4 vectors beside it, signed by botocore (Debian: python3-botocore), which is not our code.

Each file holds a raw request, a context in the format of AWS's own signing test suite, and what botocore made of them.
"""
import datetime
import json
import pathlib
from unittest import mock
from urllib.parse import urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

OUT = pathlib.Path(__file__).parent / "sigv4"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
JSON_HEADERS = [("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", "AmazonSQS.ReceiveMessage")]
BODY = '{"QueueUrl":"http://127.0.0.1:9324/000000000000/orders","MaxNumberOfMessages":10}'


def case(name, url="https://sqs.eu-north-1.amazonaws.com/", method="POST", headers=None, body=BODY, region="eu-north-1",
         service="sqs", token=None, time="2026-11-23T08:21:57Z", s3=False, secret=SECRET):
    return dict(name=name, url=url, method=method, headers=JSON_HEADERS if headers is None else headers, body=body,
                region=region, service=service, token=token, time=time, s3=s3, secret=secret)


CASES = [
    case("sqs-receive"),
    case("sqs-host-with-port", url="http://127.0.0.1:9324/"),
    case("sqs-host-name-with-port", url="http://localhost:4566/"),
    case("sqs-ipv6-with-port", url="http://[::1]:9324/"),
    case("sqs-default-port-http", url="http://queue.example:80/"),
    case("sqs-default-port-https", url="https://queue.example:443/"),
    case("sqs-other-scheme-port", url="http://queue.example:443/"),
    case("sqs-session-token", token="IQoJb3JpZ2luX2VjEXAMPLE//////////wEaDGV1LW5vcnRoLTEiRzBFAiEA=="),
    case("sqs-china", url="https://sqs.cn-north-1.amazonaws.com.cn/", region="cn-north-1"),
    case("sqs-empty-body", body=""),
    case("sqs-utf8-body", body='{"MessageBody":"grüße 🎉 \\u0001"}'),
    case("sqs-large-body", body='{"MessageBody":"' + "x" * 20000 + '"}'),
    case("sqs-last-second-of-day", time="2026-12-31T23:59:59Z"),
    case("sqs-first-second-of-day", time="2027-01-01T00:00:00Z"),
    case("sqs-odd-secret", secret="a+b/c=d e"),
    case("headers-unsorted", headers=[("X-Zeta", "z"), ("Accept-Language", "sv"), ("content-type", "text/plain"),
                                      ("X-Alpha", "a")]),
    case("headers-mixed-case", headers=[("CoNtEnT-TyPe", "text/plain"), ("x-AMZ-target", "T")]),
    case("headers-white-space", headers=[("X-Trim", "  a   b \t c  "), ("X-Quoted", '"a   b   c"'), ("X-Empty", "")]),
    case("headers-same-name", headers=[("X-Twice", "second"), ("X-Twice", "first"), ("X-Twice", "third")]),
    case("headers-name-prefixes", headers=[("X-A", "1"), ("X-A-B", "2"), ("X-AB", "3")]),
    case("host-header-given", headers=[("Host", "proxy.example:8080"), ("X-B", "c")]),
    case("query-unsorted", method="GET", body="", headers=[], url="https://iam.amazonaws.com/?Version=2010-05-08&Action=ListUsers"),
    case("query-same-name", method="GET", body="", headers=[], url="https://x.example/?b=2&a=2&b=1&a=1"),
    case("query-without-value", method="GET", body="", headers=[], url="https://x.example/?acl&prefix=&z"),
    case("query-encoded", method="GET", body="", headers=[], url="https://x.example/?q=a%20b%2Fc&%E1%88%B4=bar&a%2Bb=1"),
    case("query-key-case", method="GET", body="", headers=[], url="https://x.example/?Param1=v2&param1=v1&Param1=V1"),
    case("query-with-port", method="GET", body="", headers=[], url="http://127.0.0.1:4566/?Action=GetCallerIdentity"),
    case("path-none", url="https://x.example", method="GET", body="", headers=[]),
    case("path-encoded-twice", url="https://x.example/a%20b/%E1%88%B4/c%2Fd", method="GET", body="", headers=[]),
    case("path-unreserved", url="https://x.example/AZaz09-._~", method="GET", body="", headers=[]),
    case("path-reserved", url="https://x.example/a:b/c@d/e+f/g,h;i=j", method="GET", body="", headers=[]),
    case("path-dots", url="https://x.example/a/./b/../c", method="GET", body="", headers=[]),
    case("path-double-slash", url="https://x.example/a//b///c/", method="GET", body="", headers=[]),
    case("path-queue", url="http://127.0.0.1:9324/000000000000/orders.fifo"),
    case("s3-path", url="https://bucket.s3.eu-north-1.amazonaws.com/a%20b//c/../d", method="PUT", service="s3", s3=True,
         headers=[("x-amz-content-sha256", "UNSIGNED-PAYLOAD")], body="data"),
]


def fixed_clock(time):
    class Clock(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return datetime.datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ")
    return mock.patch.object(botocore.auth.datetime, "datetime", Clock)


def sign(c):
    request = AWSRequest(method=c["method"], url=c["url"], data=c["body"].encode())
    for name, value in c["headers"]:
        request.headers.add_header(name, value)
    signer_class = botocore.auth.S3SigV4Auth if c["s3"] else botocore.auth.SigV4Auth
    signer = signer_class(Credentials("AKIDEXAMPLE", c["secret"], c["token"]), c["service"], c["region"])
    made = {}

    def keep(key, function):
        def wrapper(*args):
            made[key] = function(*args)
            return made[key]
        return wrapper

    signer.canonical_request = keep("canonical_request", signer.canonical_request)
    signer.string_to_sign = keep("string_to_sign", signer.string_to_sign)
    with fixed_clock(c["time"]):
        if c["s3"]:  # S3's signer sets the payload hash itself; the vector pins what the request says
            signer._modify_request_before_signing = lambda r: botocore.auth.SigV4Auth._modify_request_before_signing(signer, r)
        signer.add_auth(request)
    return {**made, "authorization": request.headers["Authorization"]}


def raw_request(c):
    """The request as it would be written; botocore's Host is the URL's, without the scheme's own port."""
    parts = urlsplit(c["url"])
    target = (parts.path or "") + ("?" + parts.query if parts.query else "")
    headers = c["headers"]
    lines = [f"{c['method']} {parts.scheme}://{parts.netloc}{target} HTTP/1.1"]
    lines += [f"{name}:{value}" for name, value in headers]
    return "\n".join(lines) + "\n\n" + c["body"]


def main():
    OUT.mkdir(exist_ok=True)
    for c in CASES:
        context = {
            "credentials": {"access_key_id": "AKIDEXAMPLE", "secret_access_key": c["secret"],
                            **({"token": c["token"]} if c["token"] else {})},
            "normalize": not c["s3"], "double_encode": not c["s3"],
            "region": c["region"], "service": c["service"], "timestamp": c["time"],
        }
        vector = {"request": raw_request(c), "context": context, **sign(c)}
        (OUT / (c["name"] + ".json")).write_text(json.dumps(vector, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(CASES)} vectors in {OUT.name}/")


if __name__ == "__main__":
    main()
