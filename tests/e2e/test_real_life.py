# SPDX-License-Identifier: Apache-2.0
"""Flows as people have them: every file of tests/flows/life is run by `sqsflow run` and must do what its own head says."""
import base64
import hashlib
import json
import re

import pytest

from agent import send_all, sqsflow, wait_until
from expectation import FOLDER, Expectation, check_end, flows_in, run_flow
from web import Web

LIFE = FOLDER / "life"
ORDERS = """id,region,amount
1,north,20.50
2,west,15
3,north,28
4,east,30
5,west,25
"""


PAID = []  # the keys of all attempts, which are each order's own
PICTURE = b"P6\n4 4\n255\n" + bytes(range(48))


def payment(path, headers, body):
    """The third attempt of an order is taken; which it was stands in the answer."""
    key = json.loads(body)["key"]
    PAID.append(key)  # at once, whichever thread answers
    attempt = PAID.count(key)
    if headers.get("Authorization") != "Bearer pay-12345678":
        return 401, {}, b""
    return (503, {"Retry-After": "1"}, b"busy") if attempt < 3 else (200, {}, json.dumps({"id": "pay_77", "attempt": attempt}).encode())


def shipment(path, headers, body):
    return 201, {"Location": "https://track.example/55"}, json.dumps({"carrier": json.loads(body)["carrier"]}).encode()


@pytest.fixture(name="web")
def web_fixture():
    with Web() as web:
        web.on("GET", "/export/2026-11-25/orders.csv", (200, ORDERS))
        web.on("GET", "/export/2026-11-25/orders.sha256", (200, hashlib.sha256(ORDERS.encode()).hexdigest() + "\n"))
        web.on("GET", "/export/2026-11-24/orders.csv", (200, "cut off"))
        web.on("GET", "/export/2026-11-24/orders.sha256", (200, "0" * 64 + "\n"))
        web.on("PUT", "/reports/2026-11-25", 201)
        web.on("GET", "/rates", (200, {"EUR": 1.0, "USD": 0.9}))
        web.on("GET", "/upload/picture.ppm", lambda *_: (200, {"Content-Type": "image/x-portable-pixmap"}, PICTURE))
        web.on("GET", "/v1/stock/tea?quantity=2", (200, {"price": 4.5}))
        web.on("GET", "/v1/stock/pot?quantity=1", (200, {"price": 38.8}))
        web.on("POST", "/v1/payments", payment)
        web.on("POST", "/v1/shipments", shipment)
        web.on("PUT", "/erp/bookings", lambda _, headers, body: (
            200 if headers.get("Authorization") == "Basic ZXJwOmVycC1wYXNzd29yZA==" else 401, {}, body))
        web.on("POST", "/crm", lambda _, headers, body: (
            200 if body == b"order=A-1001&note=total+47.8+%26+more" or body == b"order=A-1001&note=total%2047.8%20%26%20more" else 400,
            {}, body))
        web.on("POST", "/hooks/slack", 500)
        web.on("POST", "/rejects", 201)
        web.on("GET", "/crm/customers?email=grace%40example.com", 404)
        web.on("POST", "/crm/customers", lambda _, headers, __: (
            (201, {}, b'{"id": "c-31"}') if headers.get("X-Api-Key") == "crm-key-123456" else (401, {}, b"")))
        web.on("PUT", "/teams/c-31", 200)
        web.on("POST", "/newsletter", 503)
        yield web


@pytest.fixture(name="env")
def env_fixture(web, queue_server):
    """What the flows are told of their surroundings."""
    queues = {name: queue_server.call("CreateQueue", QueueName=name)["QueueUrl"] for name in ("orders", "jobs", "rejects")}
    send_all(queue_server, queues["rejects"], [json.dumps({"sku": sku, "reason": reason})
                                               for sku, reason in (("sku-9", "no stock"), ("sku-7", "no price"))])
    return {"ENV_WEB": web.url, "ENV_SQS": queue_server.endpoint,
            **{f"ENV_{name.upper()}_QUEUE": url for name, url in queues.items()},
            **{f"SECRET_{name}": base64.b64encode(value.encode()).decode()
               for name, value in (("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_KEY_ID", "test-secret-key"),
                                   ("PAYMENT_TOKEN", "pay-12345678"), ("ERP_PASSWORD", "erp-password"))}}


@pytest.mark.parametrize("path", flows_in(LIFE), ids=lambda path: path.stem)
def test_flow(path, tmp_path, env):
    expected = Expectation(path)
    events = run_flow(path, expected, tmp_path, **env)
    check_end(expected, events[-1], [event for event in events if event["event"] == "log"])


# --- by their own triggers, through the agent ---------------------------------------------------------------------------


@pytest.fixture(name="start")
def start_fixture(make_agent, queue_server, env):
    """start(FLOW): an agent with this flow, whose trigger stands in its file. There the agent evaluates no expressions."""
    known = {"{{ envs.sqs }}": env["ENV_SQS"], "{{ envs.jobs_queue }}": env["ENV_JOBS_QUEUE"],
             "{{ envs.orders_queue }}": env["ENV_ORDERS_QUEUE"], "{{ secret('AWS_ACCESS_KEY_ID') }}": "test",
             "{{ secret('AWS_SECRET_KEY_ID') }}": "test-secret-key"}

    def start(name):
        agent = make_agent(extra_env=env)
        head, triggers, tasks = re.split("^(?=triggers:|tasks:)", (LIFE / f"{name}.yaml").read_text(), flags=re.M)
        for expression, text in known.items():
            triggers = triggers.replace(expression, text)
        agent.flow(head + triggers + tasks)
        agent.configure([])
        return agent.start()
    return start


def ends(agent, count):
    """The records of that many executions that have ended."""
    def found():
        listed = [e for e in agent.executions() if e["state"] not in ("CREATED", "RUNNING")]
        return listed if len(listed) == count else None
    return [json.loads(sqsflow("executions", "show", e["id"], "--store", agent.state, "--json").stdout)
            for e in wait_until(found, lambda: f"{count} ends; log:\n{agent.log()}")]


def test_orders_come_as_messages_and_each_is_paid_and_shipped_once(start, queue_server, env, web):
    order = json.loads((LIFE / "order.json").read_text())
    names = [f"A-{number}" for number in range(1, 5)]
    web.on("POST", "/crm", 200)
    agent = start("order-api")
    send_all(queue_server, env["ENV_ORDERS_QUEUE"], [json.dumps({**order, "id": name}) for name in names])
    records = ends(agent, len(names))
    wait_until(lambda: queue_server.messages(env["ENV_ORDERS_QUEUE"]) == [], "the deletes")
    assert {record["state"] for record in records} == {"WARNING"}
    assert sorted(record["outputs"]["order"] for record in records) == names
    assert {(r["outputs"]["total"], r["outputs"]["payment"], r["outputs"]["attempts"]) for r in records} == {(47.8, "pay_77", 3)}
    paid = [json.loads(body) for _, body in web.calls("POST", "/v1/payments")]
    assert sorted(p["order"] for p in paid) == sorted(names * 3)
    assert len({p["key"] for p in paid}) == len(names)  # an execution's attempts share their key
    assert len(web.calls("POST", "/v1/shipments")) == len(names)
    logs = [sqsflow("executions", "logs", record["id"], "--store", agent.state).stdout for record in records]
    assert all("Dear Ada, order A-" in log and "pay-12345678" not in log and "erp-password" not in log for log in logs)


def test_an_order_that_cannot_be_paid_stays_in_the_queue(start, queue_server, env, web):
    order = json.loads((LIFE / "order.json").read_text())
    web.on("POST", "/v1/payments", 402)
    agent = start("order-api")
    (message,) = send_all(queue_server, env["ENV_ORDERS_QUEUE"], [json.dumps(order)])
    (record,) = ends(agent, 1)
    assert record["state"] == "FAILED" and "the server answered 402" in record["error"]
    runs = {run["taskId"]: run for run in record["taskRuns"]}
    assert runs["pay"]["attempts"] == 4 and runs["refund"]["state"] == runs["done"]["state"] == "SUCCESS"
    assert not {"paid", "ship", "told"} & runs.keys() and record["outputs"] is None
    assert [m["messageId"] for m in queue_server.messages(env["ENV_ORDERS_QUEUE"])] == [message]


def test_what_one_flow_fans_out_another_takes_in_by_batches(start, queue_server, env, tmp_path):
    expected = Expectation(LIFE / "fan-out.yaml")
    assert run_flow(LIFE / "fan-out.yaml", expected, tmp_path, **env)[-1]["state"] == "SUCCESS"
    assert len(queue_server.messages(env["ENV_JOBS_QUEUE"])) == 27
    assert queue_server.messages(env["ENV_REJECTS_QUEUE"]) == []
    agent = start("fan-in")
    # One job of each tenant is bad (n is 3): its message stays, everything else goes.
    wait_until(lambda: len(queue_server.messages(env["ENV_JOBS_QUEUE"])) == 2, lambda: f"the deletes; log:\n{agent.log()}")
    left = [json.loads(m["body"]) for m in queue_server.messages(env["ENV_JOBS_QUEUE"])]
    assert sorted((job["tenant"], job["n"]) for job in left) == [("north", 3), ("south", 3)]
    records = [json.loads(sqsflow("executions", "show", e["id"], "--store", agent.state, "--json").stdout)
               for e in agent.executions() if e["state"] == "SUCCESS"]
    assert sum(record["outputs"]["received"] for record in records) >= 27
    assert sum(record["outputs"]["total"] for record in records) == 24  # without the two, and the marker
    assert sum(len(record["outputs"]["batchItemFailures"]) for record in records) >= 2
