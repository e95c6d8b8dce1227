/* SPDX-License-Identifier: Apache-2.0 */
/* agent.yaml: what is right is read, and what is wrong is refused with its place and what would be right (P12). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <cmocka.h>

#include "common/base/clock.h"
#include "common/config/config.h"

static int parse(const char *text, struct diag *diag, struct config **ret) {
        return config_parse(text, strlen(text), "/etc/x/agent.yaml", diag, ret);
}

static void what_is_not_said_has_its_default(void **state) {
        _cleanup_(config_freep) struct config *c = NULL;
        struct diag diag = DIAG_INIT;

        assert_int_equal(parse("flows: flows\n", &diag, &c), 0);
        assert_string_equal(c->flows, "/etc/x/flows"); /* from the file's folder */
        assert_string_equal(c->state, "/var/lib/sqsflow");
        assert_string_equal(c->store, "/var/lib/sqsflow/sqsflow.db");
        assert_int_equal(c->limits.executions, 32);
        assert_int_equal(c->limits.drain_usec, 30 * USEC_PER_SEC);
        assert_int_equal(c->history.keep, KEEP_ALL);
        assert_int_equal(c->history.ledger_age_usec, 14 * USEC_PER_DAY);
        assert_int_equal(c->log_level, LOG_INFO);
        assert_false(c->security.allow_shell_interpolation);
        assert_int_equal(c->trigger_count, 0);
        diag_done(&diag);
}

static void tasks_are_limited_as_written(void **state) {
        static const char text[] = "limits: {task: {memory: 512MiB, processes: 200, cpuWeight: 50}}\n"
                                   "history: {folders: failures}\nsecurity: {umask: \"027\"}\n";
        _cleanup_(config_freep) struct config *c = NULL, *defaults = NULL;
        struct diag diag = DIAG_INIT;

        assert_int_equal(parse(text, &diag, &c), 0);
        assert_int_equal(c->limits.task.memory_bytes, 512ul << 20);
        assert_int_equal(c->limits.task.processes, 200);
        assert_int_equal(c->limits.task.cpu_weight, 50);
        assert_int_equal(c->history.folders, FOLDERS_FAILURES);
        assert_int_equal(c->task_umask, 027);
        assert_int_equal(parse("flows: f\n", &diag, &defaults), 0);
        assert_int_equal(defaults->limits.task.memory_bytes + defaults->limits.task.processes, 0);
        assert_int_equal(defaults->limits.task.cpu_weight, 0);
        assert_int_equal(defaults->history.folders, FOLDERS_NEVER);
        assert_int_equal(defaults->task_umask, 077);
        diag_done(&diag);
}

static void wrong_limits_of_tasks_are_refused_with_what_would_be_right(void **state) {
        static const struct {
                const char *text, *expected;
        } cases[] = {
                { "limits: {task: {memory: lots}}", "expected a size such as 512MiB, not 'lots'" },
                { "limits: {task: {memory: 1KiB}}", "'memory' must be from 4 MiB to 1024 TiB, not 1KiB" },
                { "limits: {task: {processes: 0}}", "expected a whole number from 1 to" },
                { "limits: {task: {cpuweight: 5}}", "did you mean 'cpuWeight'?" },
                { "security: {umask: \"088\"}", "expected a file mode mask such as \"077\", not '088'" },
                { "security: {umask: \"7777\"}", "expected a file mode mask" },
                { "history: {folders: sometimes}", "expected one of never, failures, always" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct diag diag = DIAG_INIT;
                struct config *c = NULL;

                assert_int_equal(parse(cases[i].text, &diag, &c), -EBADMSG);
                assert_int_equal(diag.count, 1);
                if (!strstr(diag.entries[0].message, cases[i].expected))
                        fail_msg("'%s' and not '%s'", diag.entries[0].message, cases[i].expected);
                diag_done(&diag);
        }
}

static const char whole[] =
        "flows: /f\n"
        "state: /s\n"
        "triggers:\n"
        "  - id: orders\n"
        "    queueUrl: https://sqs.eu-north-1.amazonaws.com/123456789012/orders.fifo\n"
        "    flow: shop.orders\n"
        "    aws: {region: us-west-2}\n"
        "    batch: {maxRecords: 100, maxDuration: PT5S}\n"
        "    visibilityTimeout: PT1M\n"
        "    waitTime: 5\n"
        "    concurrency: 16\n"
        "    weight: 3\n"
        "    rateLimit: {perSecond: 2.5}\n"
        "    serdeType: JSON\n"
        "    autoDelete: false\n"
        "    disabled: true\n"
        "    labels: {team: shop, tier: 1}\n"
        "    onFailure:\n"
        "      retryAfter: {type: exponential, interval: PT10S, maxInterval: PT15M}\n"
        "aws: {region: eu-north-1, endpoint: 'http://127.0.0.1:1', accessKeyId: a, secretKeyId: b}\n";

static void a_whole_trigger_is_read(void **state) {
        _cleanup_(config_freep) struct config *c = NULL;
        struct diag diag = DIAG_INIT;
        const struct trigger_config *t;

        assert_int_equal(parse(whole, &diag, &c), 0);
        assert_int_equal(c->trigger_count, 1);
        t = &c->triggers[0];
        assert_string_equal(t->id, "orders");
        assert_string_equal(t->queue_name, "orders.fifo");
        assert_true(t->fifo);
        assert_string_equal(t->flow_id, "shop.orders");
        assert_string_equal(t->aws.region, "us-west-2");   /* its own */
        assert_string_equal(t->aws.access_key_id, "a");    /* the agent's, though it stands further down */
        assert_int_equal(t->batch_records, 100);
        assert_int_equal(t->batch_duration_usec, 5 * USEC_PER_SEC);
        assert_int_equal(t->visibility_sec, 60);
        assert_int_equal(t->wait_sec, 5);
        assert_int_equal(t->concurrency, 16);
        assert_int_equal(t->weight, 3);
        assert_true(t->rate_per_sec == 2.5);
        assert_true(t->json_data);
        assert_false(t->auto_delete);
        assert_true(t->disabled);
        assert_string_equal(value_map_string(t->labels, "tier"), "1");
        assert_true(t->has_retry_after);
        assert_int_equal(t->retry_after.type, FLOW_RETRY_EXPONENTIAL);
        assert_int_equal(t->retry_after.max_interval_usec, 15 * USEC_PER_MINUTE);
        assert_int_equal(t->line, 4);
        diag_done(&diag);
}

static void copies_are_equal_until_something_changes(void **state) {
        _cleanup_(config_freep) struct config *c = NULL;
        struct diag diag = DIAG_INIT;
        struct trigger_config copy;

        assert_int_equal(parse(whole, &diag, &c), 0);
        assert_int_equal(trigger_config_copy(&c->triggers[0], &copy), 0);
        assert_true(trigger_config_equal(&c->triggers[0], &copy));
        copy.weight++;
        assert_false(trigger_config_equal(&c->triggers[0], &copy));
        copy.weight--;
        copy.retry_after.interval_usec++;
        assert_false(trigger_config_equal(&c->triggers[0], &copy));
        trigger_config_done(&copy);
        diag_done(&diag);
}

/* --- what is wrong ------------------------------------------------------------------------------------------------------ */

#define T "triggers:\n  - {id: a, queue: q, flow: n.f"
static const struct {
        const char *text, *finding;
} wrong[] = {
        { "flws: x\n", "1:1: unknown property 'flws'; did you mean 'flows'?" },
        { "zzzzzzzz: x\n", "1:1: unknown property 'zzzzzzzz'; known here: flows, state, socket, runner, secrets, aws, limits, "
                           "history, log, security, triggers" },
        { "- x\n", "1:1: expected a map with flows, triggers and so on" },
        { "flows:\n", "1:1: 'flows' has no value" },
        { "flows: [a]\n", "1:8: expected text, not a list" },
        { "flows: ''\n", "1:8: expected a path" },
        { "state: \"{{ envs.x }}\"\n", "1:8: an expression is not evaluated here; write the value itself" },
        { "limits: 5\n", "1:9: expected a map of properties, not '5'" },
        { "limits: {executions: 0}\n", "1:22: expected a whole number from 1 to 4096, not '0'" },
        { "limits: {executions: many}\n", "1:22: expected a whole number from 1 to 4096, not 'many'" },
        { "limits: {executions: 1.5}\n", "1:22: expected a whole number from 1 to 4096, not '1.5'" },
        { "limits: {executions: '5'}\n", "1:22: expected a whole number from 1 to 4096, not '5'" },
        { "limits: {drain: 30}\n", "1:17: expected a duration such as PT30S, not '30'" },
        { "limits: {drain: P2D}\n", "1:17: 'drain' must be from PT0S to P1D, not P2D" },
        { "limits: {drian: PT1S}\n", "1:10: unknown property 'drian'; did you mean 'drain'?" },
        { "history: {keep: al}\n", "1:17: expected one of all, failures, none, not 'al'; did you mean 'all'?" },
        { "history: {ledgerMaxAge: P1D}\n", "1:25: 'ledgerMaxAge' must be from P14D to P3650D, not P1D" },
        { "log: {level: loud}\n", "1:14: expected one of error, warning, notice, info, debug, not 'loud'" },
        { "log: {format: jsn}\n", "1:15: expected one of auto, journal, text, json, not 'jsn'; did you mean 'json'?" },
        { "security: {allowContainers: maybe}\n", "1:29: expected true or false, not 'maybe'" },
        { "aws: {endpoint: 'localhost:1'}\n", "1:6: endpoint must be a URL such as http://127.0.0.1:9324, not 'localhost:1'" },
        { "aws: {accessKeyId: a}\n", "1:6: accessKeyId and secretKeyId belong together" },
        { "aws: {reigon: a}\n", "1:7: unknown property 'reigon'; did you mean 'region'?" },
        { "triggers: {}\n", "1:11: expected a list of triggers" },
        { "triggers:\n  - x\n", "2:5: expected a map of properties, not 'x'" },
        { "triggers:\n  - {queue: q, flow: n.f}\n", "2:5: a trigger needs 'id'" },
        { "triggers:\n  - {id: a, flow: n.f}\n", "2:5: trigger 'a' needs 'queueUrl' or 'queue'" },
        { "triggers:\n  - {id: a, queue: q}\n", "2:5: trigger 'a' needs 'flow' (namespace.id)" },
        { "triggers:\n  - {id: a b, queue: q, flow: n.f}\n",
          "2:5: 'a b' is not an id (letters, digits, '.', '_' and '-')" },
        { "triggers:\n  - {id: a, queue: q, flow: f}\n", "2:29: expected a flow as namespace.id, not 'f'" },
        { "triggers:\n  - {id: a, queueUrl: q, flow: n.f}\n",
          "2:23: expected a queue URL such as https://sqs.eu-north-1.amazonaws.com/123456789012/orders, not 'q'" },
        { "triggers:\n  - {id: a, queue: 'http://h/1/q', flow: n.f}\n",
          "2:20: 'queue' takes a name; a URL belongs to 'queueUrl'" },
        { "triggers:\n  - {id: a, queue: q.x, flow: n.f}\n",
          "2:20: 'q.x' is not a queue name (letters, digits, '-' and '_', at most 80, '.fifo' at the end of a FIFO queue's)" },
        { "triggers:\n  - {id: a, queue: q, queueUrl: 'http://h/1/q', flow: n.f}\n",
          "2:5: give 'queueUrl' or 'queue', not both" },
        { T ", batch: {}}\n", "2:41: a batch needs maxRecords, maxDuration or both" },
        { T ", batch: {maxRecords: 0}}\n", "2:54: expected a whole number from 1 to 10000, not '0'" },
        { T ", batch: {maxRecord: 1}}\n", "2:42: unknown property 'maxRecord'; did you mean 'maxRecords'?" },
        { T ", visibilityTimeout: PT13H}\n",
          "2:53: expected a duration of whole seconds from PT1S to PT43200S, not 'PT13H'" },
        { T ", visibilityTimeout: PT0.5S}\n",
          "2:53: expected a duration of whole seconds from PT1S to PT43200S, not 'PT0.5S'" },
        { T ", waitTime: 21}\n", "2:44: expected a duration of whole seconds from PT0S to PT20S, not '21'" },
        { T ", concurrency: -1}\n", "2:47: expected a whole number from 1 to 4096, not '-1'" },
        { T ", weight: 0}\n", "2:42: expected a whole number from 1 to 1000, not '0'" },
        { T ", rateLimit: {perSecond: 0}}\n", "2:57: expected a number above 0 and up to 1000000, not '0'" },
        { T ", serdeType: Json}\n", "2:45: expected one of STRING, JSON" },
        { T ", labels: [a]}\n", "2:42: expected a map of texts" },
        { T ", onFailure: {retryAfter: {type: linear}}}\n",
          "2:65: expected one of constant, exponential, random, not 'linear'" },
        { T ", onFailure: {retryAfter: {type: constant}}}\n", "2:58: retryAfter of this type needs 'interval'" },
        { T ", onFailure: {retryAfter: {type: exponential, interval: PT1M, maxInterval: PT1S}}}\n",
          "2:58: 'maxInterval' must not be below 'interval'" },
        { T ", aws: {accessKeyId: x}}\n", "2:5: accessKeyId and secretKeyId belong together" },
        { T "}\n  - {id: a, queue: q, flow: n.f}\n",
          "3:5: trigger id 'a' is used twice; first at /etc/x/agent.yaml:2:5" },
};

static void what_is_wrong_is_named_with_its_place_and_its_remedy(void **state) {
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                struct config *c = NULL;
                struct diag diag = DIAG_INIT;
                char found[1200] = "";
                int r = parse(wrong[i].text, &diag, &c);

                if (diag.count > 0)
                        snprintf(found, sizeof found, "%u:%u: %s", diag.entries[0].line, diag.entries[0].column,
                                 diag.entries[0].message);
                if (r != -EBADMSG || strcmp(found, wrong[i].finding) != 0)
                        print_error("for: %s", wrong[i].text);
                assert_string_equal(found, wrong[i].finding);
                assert_int_equal(r, -EBADMSG);
                assert_null(c);
                diag_done(&diag);
        }
}

static void all_findings_come_at_once(void **state) {
        struct config *c = NULL;
        struct diag diag = DIAG_INIT;

        assert_int_equal(parse("flws: x\nlimits: {executions: 0, drain: x}\nlog: {level: 3}\n", &diag, &c), -EBADMSG);
        assert_int_equal(diag.error_count, 4);
        diag_done(&diag);
}

static void a_file_that_is_not_there_is_said_so(void **state) {
        struct config *c = NULL;
        struct diag diag = DIAG_INIT;

        assert_int_equal(config_load("/nonexistent/agent.yaml", &diag, &c), -ENOENT);
        assert_string_equal(diag.entries[0].message, "cannot be read: No such file or directory");
        diag_done(&diag);
}

/* --- together with flows ------------------------------------------------------------------------------------------------- */

#define TASKS "tasks:\n  - id: t\n    type: io.kestra.plugin.core.log.Log\n    message: hi\n"

static struct flow_set load_flow(const char *text) {
        static struct flow *flows[1];
        struct diag diag = DIAG_INIT;

        if (flow_load(text, strlen(text), "/f/orders.yaml", &(struct flow_load_options){ 0 }, &diag, &flows[0]) < 0) {
                print_error("%s\n", diag.count > 0 ? diag.entries[0].message : "?");
                fail();
        }
        diag_done(&diag);
        return (struct flow_set){ .items = flows, .count = 1 };
}

static void resolve(const char *config, const char *flow, int expected, const char *finding, struct config **ret) {
        _cleanup_(config_freep) struct config *c = NULL;
        struct flow_set set = load_flow(flow);
        struct diag diag = DIAG_INIT;
        char found[1200] = "";
        int r;

        assert_int_equal(parse(config, &diag, &c), 0);
        r = config_resolve(c, &set, &diag);
        if (diag.count > 0)
                snprintf(found, sizeof found, "%s:%u:%u: %s", diag.entries[0].file, diag.entries[0].line,
                         diag.entries[0].column, diag.entries[0].message);
        assert_string_equal(found, finding);
        assert_int_equal(r, expected);
        flow_unref(set.items[0]);
        diag_done(&diag);
        if (ret)
                *ret = TAKE_PTR(c);
}

static void a_trigger_finds_its_flow(void **state) {
        _cleanup_(config_freep) struct config *c = NULL;

        resolve("triggers:\n  - {id: a, queue: q, flow: shop.orders}\n", "id: orders\nnamespace: shop\n" TASKS, 0, "", &c);
        assert_string_equal(c->triggers[0].flow->id, "orders");
}

static void a_flow_that_is_not_there_is_named_with_the_nearest(void **state) {
        resolve("triggers:\n  - {id: a, queue: q, flow: shop.order}\n", "id: orders\nnamespace: shop\n" TASKS, -EBADMSG,
                "/etc/x/agent.yaml:2:29: there is no flow 'shop.order'; did you mean 'shop.orders'?", NULL);
}

static void a_disabled_flow_has_no_live_trigger(void **state) {
        resolve("triggers:\n  - {id: a, queue: q, flow: shop.orders}\n",
                "id: orders\nnamespace: shop\ndisabled: true\n" TASKS, -EBADMSG,
                "/etc/x/agent.yaml:2:29: flow 'shop.orders' is disabled; enable it or disable trigger 'a'", NULL);
}

static void a_trigger_in_a_flow_file_is_a_trigger_like_any_other(void **state) {
        _cleanup_(config_freep) struct config *c = NULL;
        const struct trigger_config *t;

        resolve("aws: {region: eu-north-1}\n",
                "id: orders\nnamespace: shop\n" TASKS
                "triggers:\n  - id: in\n    type: io.kestra.plugin.aws.sqs.RealtimeTrigger\n"
                "    queueUrl: https://sqs.eu-west-1.amazonaws.com/123456789012/orders\n    region: eu-west-1\n"
                "    serdeType: JSON\n"
                "  - id: many\n    type: io.kestra.plugin.aws.sqs.Trigger\n"
                "    queueUrl: https://sqs.eu-west-1.amazonaws.com/123456789012/many\n    maxRecords: 50\n",
                0, "", &c);
        assert_int_equal(c->trigger_count, 2);
        t = &c->triggers[0];
        assert_string_equal(t->id, "shop.orders.in");
        assert_string_equal(t->flow_id, "shop.orders");
        assert_string_equal(t->aws.region, "eu-west-1");
        assert_true(t->json_data);
        assert_int_equal(t->batch_records, 0);
        assert_int_equal(c->triggers[1].batch_records, 50);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_not_said_has_its_default),
                cmocka_unit_test(tasks_are_limited_as_written),
                cmocka_unit_test(wrong_limits_of_tasks_are_refused_with_what_would_be_right),
                cmocka_unit_test(a_whole_trigger_is_read),
                cmocka_unit_test(copies_are_equal_until_something_changes),
                cmocka_unit_test(what_is_wrong_is_named_with_its_place_and_its_remedy),
                cmocka_unit_test(all_findings_come_at_once),
                cmocka_unit_test(a_file_that_is_not_there_is_said_so),
                cmocka_unit_test(a_trigger_finds_its_flow),
                cmocka_unit_test(a_flow_that_is_not_there_is_named_with_the_nearest),
                cmocka_unit_test(a_disabled_flow_has_no_live_trigger),
                cmocka_unit_test(a_trigger_in_a_flow_file_is_a_trigger_like_any_other),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
