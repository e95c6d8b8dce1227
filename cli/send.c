/* SPDX-License-Identifier: Apache-2.0 */
/* sqsflow send: reads the body and tells how it went. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/queue_open.h"
#include "cli/records.h"
#include "cli/sending.h"
#include "common/base/file.h"
#include "common/base/text.h"

static const char help[] =
        "Usage: sqsflow send QUEUE|TRIGGER [OPTIONS]\n"
        "\n"
        "Sends a message to a queue. QUEUE is a URL or a name, TRIGGER one of agent.yaml, whose queue is meant. The body is\n"
        "--body, --file, or what comes on stdin.\n"
        "\n"
        "  -b, --body TEXT          the body\n"
        "  -f, --file FILE          the body from a file; -: stdin\n"
        "  -a, --attribute N=V      a message attribute, up to ten times; NAME:TYPE=VALUE for other types than String\n"
        "                           (the value of a Binary is base64)\n"
        "  -g, --group ID           message group; a FIFO queue needs one\n"
        "      --dedup ID           deduplication id (FIFO); without it, each message gets a new one\n"
        "      --delay SECONDS      deliver it later, 0 to 900\n"
        "  -n, --count N            send it N times\n"
        QUEUE_OPTIONS_HELP
        "      --json               the result as JSON\n"
        "  -h, --help               show this text\n"
        "\n"
        "Examples:\n"
        "  sqsflow send orders --body '{\"id\": \"A-1001\"}'\n"
        "  sqsflow send https://sqs.eu-north-1.amazonaws.com/123456789012/orders.fifo -g ada < order.json\n"
        "  sqsflow send orders --endpoint http://127.0.0.1:9324 -b test -n 1000\n"
        "\n" EXIT_CODES_HELP;

struct send_options {
        struct queue_options queue;
        const char *body, *file, *group, *dedup;
        int64_t delay, count;
        bool json;
        struct attributes attributes;
};

/* --- the result ------------------------------------------------------------------------------------------------------ */

static int print_result_json(const struct sending *s, int code) {
        uint64_t sent = value_count(s->ids);
        struct value *v = value_new_map();

        if (v) {
                value_map_put(v, "queueUrl", text_json(s->queue_url));
                value_map_put(v, "sent", value_new_int((int64_t)sent));
                value_map_put(v, "notSent", value_new_int((int64_t)(s->count - sent)));
                value_map_put(v, "problem", text_json(s->problem));
                value_map_put(v, "messageIds", value_ref(s->ids));
        }
        return print_json(v) == EXIT_OK ? code : EXIT_FAILED;
}

static int print_result(const struct sending *s, bool json) {
        int code = s->problem ? s->code : EXIT_OK;
        uint64_t sent = value_count(s->ids);

        if (json)
                return print_result_json(s, code);
        if (sent == 1)
                (void)printf("sent %s\n", value_string(value_list_at(s->ids, 0)));
        else if (sent > 1)
                (void)printf("sent %llu messages\n", (unsigned long long)sent);
        if (s->problem)
                (void)complain("send", code, "%llu of %llu not sent: %s", (unsigned long long)(s->count - sent),
                               (unsigned long long)s->count, s->problem);
        return code;
}

/* --- preparing ------------------------------------------------------------------------------------------------------- */

/* An owned body. 0 or an exit code. */
static int read_body(const struct send_options *o, char **ret, size_t *ret_len) {
        bool is_stdin = !o->file || strcmp(o->file, "-") == 0;
        int r;

        if (!o->body && is_stdin && isatty(STDIN_FILENO) == 1)
                (void)fputs("the body, then Ctrl-D:\n", stderr);
        if (o->body) {
                *ret = text_dup(o->body);
                *ret_len = strlen(o->body);
        } else {
                r = file_read(is_stdin ? "/dev/stdin" : o->file, SQS_PAYLOAD_MAX_BYTES, ret, ret_len);
                if (r < 0)
                        return complain("send", EXIT_WRONG, "%s: %s", is_stdin ? "stdin" : o->file,
                                        r == -EFBIG ? "larger than SQS takes (1 MiB)" : strerror(-r));
        }
        if (!*ret)
                return complain("send", EXIT_FAILED, "out of memory");
        return *ret_len > 0 ? 0 : complain("send", EXIT_WRONG, "the body is empty, which SQS does not take");
}

static int check_fifo(const struct send_options *o, const struct sending *s) {
        if (s->is_fifo && !o->group)
                return complain_usage("send", "a FIFO queue needs --group");
        if (s->is_fifo && o->delay >= 0)
                return complain_usage("send", "a FIFO queue takes no --delay");
        if (!s->is_fifo && o->dedup)
                return complain_usage("send", "--dedup is for FIFO queues");
        return 0;
}

static int send_to(const struct open_queue *q, const struct send_options *o) {
        _cleanup_free_ char *body = NULL;
        struct sending s = { .session = &q->session, .queue_url = q->url, .is_fifo = text_ends_with(q->url, ".fifo"),
                             .group = o->group, .dedup = o->dedup, .attributes = &o->attributes,
                             .delay_seconds = (int)o->delay, .count = (uint64_t)o->count };
        int r, code = check_fifo(o, &s);

        if (code == 0)
                code = read_body(o, &body, &s.body_len);
        if (code != 0)
                return code;
        s.body = body;
        r = sending_run(&s);
        code = r < 0 ? complain("send", EXIT_FAILED, "%s", strerror(-r)) : print_result(&s, o->json);
        sending_done(&s);
        return code;
}

/* --- the verb -------------------------------------------------------------------------------------------------------- */

static int read_options(struct send_options *o, int argc, char **argv, struct arguments *ret) {
        const struct option_row rows[] = {
                { "body", 'b', .text = &o->body },
                { "file", 'f', .text = &o->file },
                { "attribute", 'a', .take = attributes_take, .userdata = &o->attributes },
                { "group", 'g', .text = &o->group },
                { "dedup", .text = &o->dedup },
                { "delay", .number = &o->delay, .min = 0, .max = 900 },
                { "count", 'n', .number = &o->count, .min = 1, .max = 100000000 },
                QUEUE_OPTION_ROWS(o->queue),
                { "json", .flag = &o->json },
                { 0 },
        };
        int r = options_read("send", rows, argc, argv, ret);

        if (r == 0 && o->body && o->file)
                r = complain_usage("send", "give either --body or --file");
        return r;
}

static int send_main(int argc, char **argv) {
        struct send_options o = { .delay = -1, .count = 1 };
        struct open_queue q = { 0 };
        struct arguments arguments;
        int code = read_options(&o, argc, argv, &arguments);

        if (code == 0)
                code = queue_open("send", &arguments, &o.queue, &q);
        if (code == 0)
                code = send_to(&q, &o);
        queue_close(&q);
        attributes_done(&o.attributes);
        return code;
}

const struct verb verb_send = {
        .name = "send",
        .summary = "send messages to a queue",
        .help = help,
        .run = send_main,
};
