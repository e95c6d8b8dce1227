# SPDX-License-Identifier: Apache-2.0
"""An agent that gets its credentials from elsewhere: as a pod by its token, by a program, and what it says when it cannot.
The queue server asks for no signature, so what was asked of STS and what ran is looked at."""
import re
import stat
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from agent import send_all, sqsflow, wait_until

FLOW = """
id: mark
namespace: test
tasks:
  - id: mark
    type: io.kestra.plugin.scripts.shell.Commands
    commands:
      - echo done >> MARKS/done
"""

ROLE = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult><Credentials>
    <AccessKeyId>ASIATEST</AccessKeyId><SecretAccessKey>SECRET-key</SecretAccessKey>
    <SessionToken>SECRET-session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
  </Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>"""
DENIED = """<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code>
  <Message>No OpenIDConnect provider found</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"""

NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


class Sts(ThreadingHTTPServer):
    """Answers every form with `answer` and keeps it; GET and PUT would be instance metadata."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), StsHandler)
        self.answer = (200, ROLE)
        self.forms = []
        self.keys = []  # that signed them
        self.others = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class StsHandler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.forms.append(dict(urllib.parse.parse_qsl(body)))
        self.server.keys += re.findall(r"Credential=(\w+)/", self.headers.get("Authorization", ""))
        status, text = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_PUT(self):
        self.server.others.append(self.path)
        self.send_error(404)

    do_GET = do_PUT

    def log_message(self, *_):
        pass


@pytest.fixture(name="sts")
def sts_fixture():
    sts = Sts()
    yield sts
    sts.shutdown()
    sts.server_close()


def start(make_agent, queue_server, **env):
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    send_all(queue_server, url, ["message"])
    agent = make_agent(extra_env={**NO_KEYS, **env})
    agent.flow(FLOW)
    agent.configure([{"id": "work", "queueUrl": url, "flow": "test.mark"}])
    return agent.start()


def pod(tmp_path, sts):
    token = tmp_path / "token"
    token.write_text("SECRET-jwt\n")
    return {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/pod", "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
            "AWS_ENDPOINT_URL_STS": sts.url, "AWS_EC2_METADATA_DISABLED": "false",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": sts.url}


def test_a_pod_works_as_its_role(make_agent, queue_server, sts, tmp_path):
    agent = start(make_agent, queue_server, **pod(tmp_path, sts))
    wait_until(lambda: agent.mark_lines("done"), lambda: f"an execution; log:\n{agent.log()}")
    assert [form["WebIdentityToken"] for form in sts.forms] == ["SECRET-jwt"]
    assert sts.forms[0]["RoleArn"] == "arn:aws:iam::123456789012:role/pod"
    assert "SECRET" not in agent.log()


def test_a_pod_that_is_refused_says_so_and_is_nobody_else(make_agent, queue_server, sts, tmp_path):
    sts.answer = (400, DENIED)
    agent = start(make_agent, queue_server, **pod(tmp_path, sts))
    wait_until(lambda: "InvalidIdentityToken: No OpenIDConnect provider found" in str(agent.trigger_status("work")),
               lambda: f"the error in the status: {agent.trigger_status('work')}\n{agent.log()}")
    assert sts.others == []  # the node's role was not asked for
    assert agent.mark_lines("done") == []
    sts.answer = (200, ROLE)
    wait_until(lambda: agent.mark_lines("done"), lambda: f"an execution; log:\n{agent.log()}")
    assert "SECRET" not in agent.log()


def test_a_program_gives_an_agent_its_credentials(make_agent, queue_server, tmp_path):
    helper = tmp_path / "helper"
    helper.write_text('#!/bin/sh\necho \'{"Version":1,"AccessKeyId":"a","SecretAccessKey":"SECRET-key"}\'\n')
    helper.chmod(helper.stat().st_mode | stat.S_IXUSR)
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = {helper}\n")
    agent = start(make_agent, queue_server, AWS_CONFIG_FILE=str(config))
    wait_until(lambda: agent.mark_lines("done"), lambda: f"an execution; log:\n{agent.log()}")
    assert "SECRET" not in agent.log()


# As a Kestra user writes it: keys, role and queue of the trigger from secrets and the environment, set once for the plugin.
BY_SECRETS = FLOW + """
pluginDefaults:
  - type: io.kestra.plugin.aws
    values:
      accessKeyId: "{{ secret('FLOW_KEY') }}"
      secretKeyId: "{{ secret('FLOW_SECRET') }}"
      stsRoleArn: "arn:aws:iam::123456789012:role/{{ flow.namespace }}"
      stsEndpointOverride: "{{ envs.sts }}"
      region: eu-north-1
triggers:
  - id: in
    type: io.kestra.plugin.aws.sqs.RealtimeTrigger
    queueUrl: "{{ envs.queue }}"
"""


def with_flow_by_secrets(make_agent, queue_server, sts, tmp_path):
    url = queue_server.call("CreateQueue", QueueName="work")["QueueUrl"]
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    agent = make_agent(extra_env={**NO_KEYS, "ENV_QUEUE": url, "ENV_STS": sts.url})
    agent.flow(BY_SECRETS)
    agent.configure([], secrets=str(secrets))
    return agent, secrets, url


def test_a_flows_trigger_takes_its_connection_from_secrets(make_agent, queue_server, sts, tmp_path):
    agent, secrets, url = with_flow_by_secrets(make_agent, queue_server, sts, tmp_path)
    (secrets / "FLOW_KEY").write_text("AKIAFLOW\n")
    (secrets / "FLOW_SECRET").write_text("SECRET-of-the-flow\n")
    sts.answer = (200, ROLE.replace("WithWebIdentity", ""))
    agent.start()
    send_all(queue_server, url, ["message"])
    wait_until(lambda: agent.mark_lines("done"), lambda: f"an execution; log:\n{agent.log()}")
    assert sts.keys == ["AKIAFLOW"] and sts.forms[0]["RoleArn"] == "arn:aws:iam::123456789012:role/test"
    assert "SECRET" not in agent.log()


def test_a_secret_that_is_missing_is_told_to_whom_it_concerns(make_agent, queue_server, sts, tmp_path):
    agent, secrets, url = with_flow_by_secrets(make_agent, queue_server, sts, tmp_path)
    (secrets / "FLOW_KEY").write_text("AKIAFLOW\n")
    missing = "secretKeyId: secret(): there is no secret 'FLOW_SECRET'"
    agent.start(wait=False)
    assert agent.wait() == 2 and missing in agent.log()
    env = {"ENV_QUEUE": url, "ENV_STS": sts.url}
    # Somebody else may not see all that the service sees, but must not work with half of it either.
    checked = sqsflow("check", agent.config_file, env=env)
    assert "warning: secretKeyId: there is no secret 'FLOW_SECRET'" in checked.stderr
    sent = sqsflow("send", "test.mark.in", "--config", agent.config_file, "--body", "x", check=False, env=env)
    assert sent.returncode == 1 and "names a secret that is not found here" in sent.stderr
    assert queue_server.messages(url) == [] and sts.forms == []
