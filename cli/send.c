/* SPDX-License-Identifier: Apache-2.0 */
/* sqsflow send: finds out where and as whom, reads the body, and tells how it went. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/records.h"
#include "cli/sending.h"
#include "common/base/file.h"
#include "common/base/text.h"

static const char help[] =
        "Usage: sqsflow send --queue URL|NAME [OPTIONS]\n"
        "       sqsflow send --trigger ID [OPTIONS]\n"
        "\n"
        "Sends a message to a queue. The body is --body, --file, or what comes on stdin.\n"
        "\n"
        "  -q, --queue URL|NAME     the queue\n"
        "  -t, --trigger ID         the queue of this trigger of agent.yaml\n"
        "  -b, --body TEXT          the body\n"
        "  -f, --file FILE          the body from a file; -: stdin\n"
        "  -a, --attribute N=V      a message attribute, up to ten times; NAME:TYPE=VALUE for other types than String\n"
        "                           (the value of a Binary is base64)\n"
        "  -g, --group ID           message group; a FIFO queue needs one\n"
        "      --dedup ID           deduplication id (FIFO); without it, each message gets a new one\n"
        "      --delay SECONDS      deliver it later, 0 to 900\n"
        "  -n, --count N            send it N times\n"
        "      --config FILE        agent.yaml: whose region, endpoint and credentials (default:\n"
        "                           " CONFIG_DEFAULT_PATH " if there is one, then the AWS environment)\n"
        "      --endpoint URL       instead of the configuration's\n"
        "      --region NAME        instead of the configuration's\n"
        "      --json               the result as JSON\n"
        "  -h, --help               show this text\n"
        "\n"
        "Examples:\n"
        "  sqsflow send --trigger orders --body '{\"id\": \"A-1001\"}'\n"
        "  sqsflow send -q https://sqs.eu-north-1.amazonaws.com/123456789012/orders.fifo -g ada < order.json\n"
        "  sqsflow send -q orders --endpoint http://127.0.0.1:9324 -b test -n 1000\n"
        "\n" EXIT_CODES_HELP;

struct send_options {
        const char *queue, *trigger, *body, *file, *group, *dedup, *config, *endpoint, *region;
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

/* The trigger's queue and its AWS settings. Triggers in flow files count, so the flows are read, too. */
static int find_trigger(const char *id, struct config *config, const struct trigger_config **ret) {
        struct diag diag = DIAG_INIT;
        struct flow_set set = { 0 };
        int r = flow_set_load(config->flows, &config->security, &diag, &set);

        if (r == 0)
                r = config_resolve(config, &set, &diag);
        flow_set_done(&set);
        if (r < 0)
                print_findings(&diag);
        diag_done(&diag);
        for (size_t i = 0; r == 0 && i < config->trigger_count; i++) {
                if (text_eq(config->triggers[i].id, id)) {
                        *ret = &config->triggers[i];
                        return 0;
                }
        }
        if (r == 0)
                (void)complain("send", EXIT_WRONG, "there is no trigger '%s' in %s", id, config->file);
        return EXIT_WRONG;
}

/* Fills in where to send and as whom; what is in `aws` and the name are borrowed from the options and config. */
static int find_queue(const struct send_options *o, struct config *config, struct sending *s, struct config_aws *aws) {
        const struct trigger_config *t = NULL;
        const char *url = o->queue && strstr(o->queue, "://") ? o->queue : NULL;
        int r;

        *aws = config->aws;
        s->queue_name = o->queue;
        if (o->trigger) {
                r = find_trigger(o->trigger, config, &t);
                if (r != 0)
                        return r;
                *aws = t->aws;
                s->queue_name = t->queue_name;
                url = t->queue_url;
        }
        if (url && !(s->queue_url = text_dup(url)))
                return complain("send", EXIT_FAILED, "out of memory");
        if (o->endpoint)
                aws->endpoint = (char *)o->endpoint;
        if (o->region)
                aws->region = (char *)o->region;
        s->is_fifo = text_ends_with(url ? url : s->queue_name, ".fifo");
        return 0;
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

/* 0 or an exit code, with everything in `s` and a session that is open. */
static int prepare(const struct send_options *o, struct config *config, struct sending *s, char **ret_body) {
        _cleanup_free_ char *why = NULL;
        struct config_aws aws;
        int r = find_queue(o, config, s, &aws);

        if (r == 0)
                r = check_fifo(o, s);
        if (r == 0)
                r = read_body(o, ret_body, &s->body_len);
        if (r != 0)
                return r;
        s->body = *ret_body;
        r = session_open(s->session, &aws, s->queue_url, &why);
        if (r < 0)
                return complain("send", r == -EINVAL ? EXIT_WRONG : EXIT_FAILED, "%s", why ? why : strerror(-r));
        return 0;
}

static int send_all(const struct send_options *o) {
        _cleanup_(config_freep) struct config *config = NULL;
        _cleanup_free_ char *body = NULL;
        struct session session = { 0 };
        struct sending s = { .session = &session, .group = o->group, .dedup = o->dedup, .attributes = &o->attributes,
                             .delay_seconds = (int)o->delay, .count = (uint64_t)o->count };
        int r, code = load_config("send", o->config, &config);

        if (code == 0)
                code = prepare(o, config, &s, &body);
        if (code == 0) {
                r = sending_run(&s);
                code = r < 0 ? complain("send", EXIT_FAILED, "%s", strerror(-r)) : print_result(&s, o->json);
        }
        session_done(&session);
        sending_done(&s);
        return code;
}

/* --- options --------------------------------------------------------------------------------------------------------- */

static int add_attribute(struct attributes *a, const char *text) {
        switch (attributes_add(a, text)) {
        case 0:
                return 0;
        case -E2BIG:
                return complain_usage("send", "SQS takes ten attributes at most");
        case -EEXIST:
                return complain_usage("send", "the attribute in '%s' is given twice", text);
        default:
                return complain_usage("send", "'%s' is not NAME=VALUE or NAME:TYPE=VALUE (base64 for Binary)", text);
        }
}

static int parse_number(const char *text, int64_t min, int64_t max, int64_t *ret) {
        if (text_to_i64(text, min, max, ret) < 0)
                return complain_usage("send", "'%s' is not a number from %lld to %lld", text, (long long)min, (long long)max);
        return 0;
}

enum { OPTION_DEDUP = 256, OPTION_DELAY, OPTION_CONFIG, OPTION_ENDPOINT, OPTION_REGION, OPTION_JSON };

static const struct option options[] = {
        { "queue", required_argument, NULL, 'q' },
        { "trigger", required_argument, NULL, 't' },
        { "body", required_argument, NULL, 'b' },
        { "file", required_argument, NULL, 'f' },
        { "attribute", required_argument, NULL, 'a' },
        { "group", required_argument, NULL, 'g' },
        { "dedup", required_argument, NULL, OPTION_DEDUP },
        { "delay", required_argument, NULL, OPTION_DELAY },
        { "count", required_argument, NULL, 'n' },
        { "config", required_argument, NULL, OPTION_CONFIG },
        { "endpoint", required_argument, NULL, OPTION_ENDPOINT },
        { "region", required_argument, NULL, OPTION_REGION },
        { "json", no_argument, NULL, OPTION_JSON },
        { 0 },
};

/* Where the text of an option goes; NULL: it is no text. */
static const char **text_option(struct send_options *o, int option) {
        switch (option) {
        case 'q':
                return &o->queue;
        case 't':
                return &o->trigger;
        case 'b':
                return &o->body;
        case 'f':
                return &o->file;
        case 'g':
                return &o->group;
        case OPTION_DEDUP:
                return &o->dedup;
        case OPTION_CONFIG:
                return &o->config;
        case OPTION_ENDPOINT:
                return &o->endpoint;
        case OPTION_REGION:
                return &o->region;
        default:
                return NULL;
        }
}

static int parse_option(struct send_options *o, int option, const char *value) {
        const char **text = text_option(o, option);

        if (text) {
                *text = value;
                return 0;
        }
        switch (option) {
        case 'a':
                return add_attribute(&o->attributes, value);
        case OPTION_DELAY:
                return parse_number(value, 0, 900, &o->delay);
        case 'n':
                return parse_number(value, 1, 100000000, &o->count);
        case OPTION_JSON:
                o->json = true;
                return 0;
        default:
                return complain_usage("send", "wrong option");
        }
}

static int parse_options(struct send_options *o, int argc, char **argv) {
        int option, r;

        while ((option = getopt_long(argc, argv, "q:t:b:f:a:g:n:", options, NULL)) >= 0)
                if ((r = parse_option(o, option, optarg)) != 0)
                        return r;
        if (optind < argc)
                return complain_usage("send", "unexpected argument '%s'", argv[optind]);
        if (!o->queue == !o->trigger)
                return complain_usage("send", "where to? Give either --queue or --trigger");
        if (o->body && o->file)
                return complain_usage("send", "give either --body or --file");
        return 0;
}

static int send_main(int argc, char **argv) {
        struct send_options o = { .delay = -1, .count = 1 };
        int code = parse_options(&o, argc, argv);

        if (code == 0)
                code = send_all(&o);
        attributes_done(&o.attributes);
        return code;
}

const struct verb verb_send = {
        .name = "send",
        .summary = "send messages to a queue",
        .help = help,
        .run = send_main,
};
