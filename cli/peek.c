/* SPDX-License-Identifier: Apache-2.0 */
/* sqsflow peek: SQS has no call that only looks. So messages are received for a moment, all that are asked for before the
 * first goes back (it would come again), and then all go back at once. Whatever ends this process in between, the
 * visibility timeout gives them back. What cannot be given back is a receive: each look counts one, and as many as
 * maxReceiveCount lead to the dead-letter queue. */
#include "cli/peek.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/queue_open.h"
#include "common/base/clock.h"

#define COUNT_MAX 100
#define VISIBILITY_SECONDS 15 /* and one more per message, for the time it takes to receive many */
#define WAIT_SECONDS 1 /* a long poll asks all of SQS's servers, a short one some */

static const char help[] =
        "Usage: sqsflow peek QUEUE|TRIGGER [OPTIONS]\n"
        "\n"
        "Shows messages of a queue and leaves them there. QUEUE is a URL or a name, TRIGGER one of agent.yaml.\n"
        "\n"
        "SQS has no call that only looks: the messages are received and given back at once, and\n"
        "  - their receive count rises by one with each look. When one has a single receive left before it goes to the\n"
        "    dead-letter queue (maxReceiveCount), peek looks no further, unless --force;\n"
        "  - nobody else gets them for that moment; when peek is killed in it, for 15 s and one more for each of N. In a\n"
        "    FIFO queue their groups are blocked meanwhile.\n"
        "Only what is visible can be seen: not what an agent works on, nor what is delayed.\n"
        "\n"
        "  -n, --count N            at most N messages, default 1, up to 100\n"
        "      --force              also when it takes the last receive of a message\n"
        QUEUE_OPTIONS_HELP
        "      --json               the messages as JSON, whole\n"
        "  -h, --help               show this text\n"
        "\n"
        "Examples:\n"
        "  sqsflow peek orders\n"
        "  sqsflow peek orders-dlq -n 10 --json | jq -r '.[].body'\n"
        "\n"
        "Exit status: 0 looked (also when nothing was there), 1 refused or failed, 2 wrong use or configuration, 3 not\n"
        "reachable.\n";

struct peek_options {
        struct queue_options queue;
        int64_t count;
        bool force, json;
};

struct looked {
        struct sqs_message *messages[COUNT_MAX];
        unsigned count;
        bool is_stopped; /* by a message with too few receives left */
};

/* --- looking --------------------------------------------------------------------------------------------------------- */

static void keep(struct looked *l, struct sqs_message **messages, size_t count, const struct open_queue *q, bool force) {
        for (size_t i = 0; i < count && l->count < COUNT_MAX; i++) {
                struct sqs_message *m = l->messages[l->count++] = TAKE_PTR(messages[i]);

                if (!force && peek_judge(m->receive_count, q->attributes.max_receive_count) != PEEK_HARMLESS)
                        l->is_stopped = true;
        }
        sqs_messages_free(messages, count);
}

static int hidden_seconds(const struct peek_options *o) {
        return VISIBILITY_SECONDS + (int)o->count;
}

/* Where receives are few, they are taken one by one, so that the first of them ends it. */
static unsigned ask_for(const struct open_queue *q, const struct peek_options *o, unsigned have) {
        unsigned left = (unsigned)o->count - have;

        return q->attributes.max_receive_count > 0 && !o->force ? 1 : MIN(left, 10u);
}

static int look(struct open_queue *q, const struct peek_options *o, struct looked *l, struct aws_error *error) {
        while (l->count < (unsigned)o->count && !l->is_stopped) {
                struct sqs_receive request = { .queue_url = q->url, .max_messages = ask_for(q, o, l->count),
                                               .wait_seconds = WAIT_SECONDS, .visibility_seconds = hidden_seconds(o) };
                struct sqs_message **messages = NULL;
                size_t count = 0;
                int r = wait_receive(&q->session, &request, &messages, &count, error);

                if (r != 0)
                        return r;
                if (count == 0)
                        break;
                keep(l, messages, count, q, o->force);
        }
        return 0;
}

/* How many went back; the others come back by themselves. */
static unsigned give_back(struct open_queue *q, const struct looked *l, struct aws_error *error) {
        unsigned back = 0;

        for (unsigned from = 0; from < l->count; from += SQS_BATCH_MAX) {
                unsigned count = MIN(l->count - from, (unsigned)SQS_BATCH_MAX);
                struct sqs_visibility entries[SQS_BATCH_MAX];
                struct entry_result results[SQS_BATCH_MAX];

                for (unsigned i = 0; i < count; i++)
                        entries[i] = (struct sqs_visibility){ l->messages[from + i]->receipt_handle, 0 };
                if (wait_visibility(&q->session, q->url, entries, count, results, error) != 0)
                        continue;
                for (unsigned i = 0; i < count; i++)
                        back += results[i].ok;
        }
        return back;
}

/* --- showing --------------------------------------------------------------------------------------------------------- */

static int show_json(const struct looked *l) {
        struct value *list = value_new_list();

        for (unsigned i = 0; list && i < l->count; i++)
                (void)value_list_add(list, peek_json(l->messages[i]));
        return print_json(list);
}

static int show(const struct looked *l, const struct open_queue *q) {
        struct canvas canvas = terminal_canvas();
        struct buf out = BUF_INIT(0);
        int r = 0;

        if (l->count == 0)
                (void)puts("no message is visible");
        for (unsigned i = 0; r == 0 && i < l->count; i++) {
                if (i > 0)
                        buf_append_char(&out, '\n');
                r = peek_write(l->messages[i], i + 1, q->attributes.max_receive_count, clock_realtime_usec(), &canvas, &out);
        }
        if (r == 0 && out.len > 0)
                (void)fwrite(out.data, 1, out.len, stdout);
        buf_done(&out);
        return r < 0 ? complain("peek", EXIT_FAILED, "out of memory") : EXIT_OK;
}

static int report(const struct looked *l, const struct open_queue *q, const struct peek_options *o, unsigned back) {
        int code = o->json ? show_json(l) : show(l, q);

        if (back < l->count)
                code = complain("peek", EXIT_FAILED, "%u could not be given back; they come back by themselves within %d s",
                                l->count - back, hidden_seconds(o));
        if (l->is_stopped)
                code = complain("peek", EXIT_FAILED, "another look could send the last of these messages to the dead-letter "
                                "queue: maxReceiveCount is %u (--force)", q->attributes.max_receive_count);
        return code;
}

static int peek(struct open_queue *q, const struct peek_options *o) {
        struct looked l = { 0 };
        struct aws_error error = { 0 }, ignored;
        unsigned back;
        int r, code;

        if (q->attributes.max_receive_count == 1 && !o->force)
                return complain("peek", EXIT_FAILED, "maxReceiveCount is 1: a message that is looked at goes to the "
                                "dead-letter queue instead of to its flow (--force)");
        if (q->attributes.is_fifo && !o->json)
                (void)fputs("FIFO: the groups of these messages are blocked while peek holds them\n", stderr);
        r = look(q, o, &l, &error);
        back = give_back(q, &l, &ignored);
        code = report(&l, q, o, back);
        if (r != 0)
                code = complain_aws("peek", r, &error);
        for (unsigned i = 0; i < l.count; i++)
                sqs_message_free(l.messages[i]);
        return code;
}

/* --- the verb -------------------------------------------------------------------------------------------------------- */

static int peek_main(int argc, char **argv) {
        struct peek_options o = { .count = 1 };
        const struct option_row rows[] = {
                { "count", 'n', .number = &o.count, .min = 1, .max = COUNT_MAX },
                { "force", .flag = &o.force },
                QUEUE_OPTION_ROWS(o.queue),
                { "json", .flag = &o.json },
                { 0 },
        };
        struct open_queue q = { 0 };
        struct arguments arguments;
        int r = options_read("peek", rows, argc, argv, &arguments);

        if (r == 0)
                r = queue_open("peek", &arguments, &o.queue, &q);
        if (r == 0)
                r = queue_ask("peek", &q);
        if (r == 0)
                r = peek(&q, &o);
        queue_close(&q);
        return r;
}

const struct verb verb_peek = {
        .name = "peek",
        .summary = "look at messages of a queue without consuming them",
        .help = help,
        .run = peek_main,
};
