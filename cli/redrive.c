/* SPDX-License-Identifier: Apache-2.0 */
/* sqsflow redrive: finds the queues, decides how, and tells how it went. */
#include "cli/redrive.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/records.h"
#include "common/base/text.h"

static const char help[] =
        "Usage: sqsflow redrive DLQ [OPTIONS]\n"
        "\n"
        "Moves the messages of a dead-letter queue back to the queues they came from, or to another one. DLQ is a URL or a\n"
        "name; only what is visible there is moved.\n"
        "\n"
        "SQS moves them by a task of its own (StartMessageMoveTask), which is followed until it is done; Ctrl-C cancels it.\n"
        "Where the server knows no such tasks, or with --limit, they are moved by hand: received, sent with body,\n"
        "attributes and group, and deleted once the send is confirmed. Whatever ends that in between, a message may then be\n"
        "in both queues, but is in one of them for sure. Moved messages are new ones: their receive count begins at 0.\n"
        "In a FIFO queue they get a deduplication id made of their message id, since a queue drops what has one that it\n"
        "saw within five minutes.\n"
        "\n"
        "      --to QUEUE|TRIGGER   there, instead of where each message came from\n"
        "      --limit N            at most N messages\n"
        "      --by-hand            without a task: needs no permission for sqs:StartMessageMoveTask\n"
        "      --dry-run            only tells what would be moved\n"
        QUEUE_OPTIONS_HELP
        "      --json               the result as JSON\n"
        "  -h, --help               show this text\n"
        "\n"
        "Examples:\n"
        "  sqsflow redrive orders-dlq --dry-run\n"
        "  sqsflow redrive orders-dlq --limit 1 && sqsflow executions --since 1m\n"
        "  sqsflow redrive orders-dlq --to orders\n"
        "\n"
        "Exit status: 0 moved, 1 failed or interrupted, 2 wrong use or configuration, 3 not reachable.\n";

struct redrive_options {
        struct queue_options queue;
        const char *to;
        int64_t limit;
        bool by_hand, dry_run, json;
};

/* --- an end from outside -------------------------------------------------------------------------------------------- */

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        ((struct redrive *)userdata)->is_interrupted = true;
        return 0;
}

static int catch_signals(struct redrive *r) {
        static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
        sigset_t mask;
        int k = 0;

        sigemptyset(&mask);
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                sigaddset(&mask, signals[i]);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;
        for (size_t i = 0; k >= 0 && i < ARRAY_SIZE(signals); i++)
                k = sd_event_add_signal(r->from->session.event, NULL, signals[i], on_signal, r);
        return k < 0 ? k : 0;
}

/* --- the result ------------------------------------------------------------------------------------------------------ */

static int print_result_json(const struct redrive *r, const char *way, int64_t left) {
        struct value *v = value_new_map();

        if (v) {
                value_map_put(v, "queueUrl", text_json(r->from->url));
                value_map_put(v, "to", text_json(r->to_url));
                value_map_put(v, "way", text_json(way));
                value_map_put(v, "moved", value_new_int((int64_t)r->moved));
                value_map_put(v, "inBoth", value_new_int((int64_t)r->doubled));
                value_map_put(v, "left", left < 0 ? value_new_null() : value_new_int(left));
                value_map_put(v, "problem", text_json(r->problem[0] ? r->problem : NULL));
        }
        return print_json(v);
}

static int print_result(const struct redrive *r, const char *way, bool json) {
        struct sqs_queue_attributes now = { .visible_count = -1 };
        struct aws_error ignored;
        int code = r->problem[0] ? r->code : EXIT_OK;

        if (wait_attributes(&r->from->session, r->from->url, &now, &ignored) != 0)
                now.visible_count = -1;
        if (r->is_live)
                (void)fputs("\r\033[K", stderr);
        if (json && print_result_json(r, way, now.visible_count) != EXIT_OK)
                code = EXIT_FAILED;
        else if (!json && now.visible_count >= 0)
                (void)printf("%" PRIu64 " moved, about %" PRId64 " left\n", r->moved, now.visible_count);
        else if (!json)
                (void)printf("%" PRIu64 " moved\n", r->moved);
        sqs_queue_attributes_done(&now);
        if (r->doubled > 0)
                (void)complain("redrive", code, "%" PRIu64 " of them are in both queues", r->doubled);
        return r->problem[0] ? complain("redrive", code, "%s", r->problem) : code;
}

static int print_plan(const struct redrive *r, bool json) {
        int64_t there = r->from->attributes.visible_count;
        int64_t count = r->limit > 0 ? MIN(there, (int64_t)r->limit) : there;

        if (json)
                return print_result_json(r, NULL, there);
        if (there < 0)
                (void)puts("the server does not tell how many messages are visible");
        else
                (void)printf("about %" PRId64 " of %" PRId64 " visible messages would be moved to %s\n", count, there,
                             r->to_url ? r->to_url : "where each came from");
        return EXIT_OK;
}

/* --- the verb -------------------------------------------------------------------------------------------------------- */

static int move_all(struct redrive *r, const struct redrive_options *o) {
        const char *way = "task";
        int k = catch_signals(r);

        if (k == 0)
                k = o->by_hand || o->limit > 0 ? REDRIVE_UNKNOWN : redrive_by_task(r);
        if (k == REDRIVE_UNKNOWN) {
                way = "hand";
                k = redrive_by_hand(r);
        }
        if (k < 0)
                redrive_fail(r, EXIT_FAILED, "%s", strerror(-k));
        return print_result(r, way, o->json);
}

static int redrive(struct open_queue *from, const struct redrive_options *o) {
        struct redrive r = { .from = from, .limit = (uint64_t)o->limit, .is_live = !o->json && isatty(STDERR_FILENO) == 1 };
        struct sqs_queue_attributes to = { 0 };
        _cleanup_free_ char *to_url = NULL;
        int code = o->to ? queue_open_other("redrive", o->to, from, &to_url, &to) : 0;

        r.to_url = to_url;
        r.to_arn = value_map_string(to.all, "QueueArn");
        if (code == 0 && o->to && text_eq(to_url, from->url))
                code = complain("redrive", EXIT_WRONG, "--to is the queue itself");
        else if (code == 0 && o->to && to.is_fifo != from->attributes.is_fifo)
                code = complain("redrive", EXIT_WRONG, "messages cannot be moved between a FIFO queue and another");
        else if (code == 0)
                code = o->dry_run ? print_plan(&r, o->json) : move_all(&r, o);
        sqs_queue_attributes_done(&to);
        return code;
}

static int redrive_main(int argc, char **argv) {
        struct redrive_options o = { 0 };
        const struct option_row rows[] = {
                { "to", .text = &o.to },
                { "limit", .number = &o.limit, .min = 1, .max = INT64_MAX },
                { "by-hand", .flag = &o.by_hand },
                { "dry-run", .flag = &o.dry_run },
                QUEUE_OPTION_ROWS(o.queue),
                { "json", .flag = &o.json },
                { 0 },
        };
        struct open_queue from = { 0 };
        struct arguments arguments;
        int r = options_read("redrive", rows, argc, argv, &arguments);

        if (r == 0)
                r = queue_open("redrive", &arguments, &o.queue, &from);
        if (r == 0)
                r = queue_ask("redrive", &from);
        if (r == 0)
                r = redrive(&from, &o);
        queue_close(&from);
        return r;
}

const struct verb verb_redrive = {
        .name = "redrive",
        .summary = "move messages out of a dead-letter queue",
        .help = help,
        .run = redrive_main,
};
