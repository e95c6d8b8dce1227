#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The main job on this terminal: the local queue server, an agent with the example configuration and flows of config/,
# messages, each execution as it ends, and at the end what was received, executed, deleted and is left.
set -eu

bin=${SQSFLOW_BIN:-build/bin}
work=$(mktemp -d /tmp/sqsflow-demo.XXXXXX)
agent="" queue=""

finish() {
    [ -z "$agent" ] || kill "$agent" 2>/dev/null || true
    [ -z "$queue" ] || kill "$queue" 2>/dev/null || true
    wait
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# Waits up to 30 s for a condition (a command) to hold.
await() {
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || { echo "gave up waiting for: $*" >&2; tail -n 20 "$work/agent.log" >&2; exit 1; }
        sleep 0.1
    done
}

say "A local queue server, with two queues and a dead-letter queue"
"$bin/sqsflow-queue" --listen 127.0.0.1:0 --create dead \
    --create 'orders={"VisibilityTimeout":"30","RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":\"2\"}"}' \
    --create invoices >"$work/queue.out" &
queue=$!
await grep -q listening "$work/queue.out"
endpoint=$(sed -n 's/^listening on //p' "$work/queue.out")
echo "$endpoint"

say "The example configuration and flows of config/, with this server's address"
cp -R config/flows "$work/flows"
sed -e "s|^# state: .*|state: $work/state|" -e "s|^# socket: .*|socket: $work/agent.sock|" \
    -e "s|^  # endpoint: .*|  endpoint: $endpoint|" config/agent.yaml >"$work/agent.yaml"
cat >>"$work/agent.yaml" <<YAML
triggers:
  - id: orders
    queue: orders
    flow: shop.orders
    waitTime: PT2S
    onFailure: {retryAfter: {type: constant, interval: PT2S}}
  - id: invoices
    queue: invoices
    flow: shop.invoices-batch
    waitTime: PT2S
    batch: {maxRecords: 10, maxDuration: PT2S}
YAML
export AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo
"$bin/sqsflow" check "$work/agent.yaml"

say "The agent"
"$bin/sqsflow-agent" --config "$work/agent.yaml" >"$work/agent.log" 2>&1 &
agent=$!
await test -S "$work/agent.sock"
send() { "$bin/sqsflow" send --config "$work/agent.yaml" "$@" >/dev/null; }

say "Twelve orders, one of them broken, and a batch of five invoices; each execution as it ends"
number=1
while [ "$number" -le 11 ]; do
    send orders --body "{\"id\":\"A-$number\",\"customer\":\"ada@example.com\",\"items\":[{\"sku\":\"tea\",\"quantity\":$number,\"price\":450}]}"
    number=$((number + 1))
done
send orders --body '{"id":"A-12"}'
number=1
while [ "$number" -le 5 ]; do
    send invoices --body "{\"number\":\"I-$number\",\"amount\":$((number * 100))}"
    number=$((number + 1))
done

# How many messages are left in each queue.
left() {
    python3 - "$endpoint" <<'PY'
import json, sys, urllib.request
for queue in ("orders", "invoices", "dead"):
    with urllib.request.urlopen(f"{sys.argv[1]}/_admin/messages?queue={queue}") as answer:
        print(f"{queue:<9} {len(json.load(answer))}")
PY
}
# The broken order fails twice; then its queue moves it to the dead-letter queue.
is_done() { [ "$(left | awk '{ printf "%s ", $2 }')" = "0 0 1 " ]; }
# Prints the executions that ended since the last call.
: >"$work/shown"
show_new() {
    "$bin/sqsflow" executions list --store "$work/state" --limit 0 |
        awk -v shown="$work/shown" 'BEGIN { while ((getline line < shown) > 0) { split(line, f, " "); seen[f[1]] = 1 } }
            /SUCCESS|WARNING|FAILED|KILLED/ && !($1 in seen)' | sort | tee -a "$work/shown"
}
tries=0
until is_done; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { echo "gave up waiting for the executions" >&2; tail -n 20 "$work/agent.log" >&2; exit 1; }
    show_new
    sleep 0.2
done
show_new

say "What the failed order said"
failed=$(awk '/FAILED/ { print $1; exit }' "$work/shown")
[ -z "$failed" ] || "$bin/sqsflow" executions logs "$failed" --store "$work/state"

say "What was received, executed and deleted"
"$bin/sqsflow" status --socket "$work/agent.sock"

say "What is left: the broken order, in its dead-letter queue"
left

say "SIGTERM: the agent finishes what it has begun and ends"
kill "$agent"
wait "$agent"
agent=""
echo "The agent ended with exit code 0."
