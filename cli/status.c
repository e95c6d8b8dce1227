/* SPDX-License-Identifier: Apache-2.0 */
/* sqsflow status: one line to the agent's socket, {"op":"status"}, one JSON document back until the end of the stream:
 *
 *   {"version", "pid", "startedAt", "state": "running|draining|stopping", "limits": {"executions"}, "running", "waiting",
 *    "store": {"healthy", "problem", "path"}, "totals": {"received", "succeeded", "failed", "deleted"},
 *    "triggers": [{"id", "queueUrl", "flow", "state": "starting|polling|backoff|disabled|stopping", "since", "error",
 *                  "openReceives", "inFlight", "running", "waiting", "received", "succeeded", "failed", "deleted",
 *                  "deleteFailures", "lastReceiveAt"}]}
 *
 * Fields that are missing are shown as nothing: the agent may be older or newer. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/records.h"
#include "cli/terminal.h"
#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/text.h"

#define ANSWER_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define ANSWER_SECONDS_MAX 5

static const char help[] =
        "Usage: sqsflow status [OPTIONS]\n"
        "\n"
        "Asks the running agent: is it well, what does each trigger do, what runs, what went wrong?\n"
        "\n"
        "      --socket PATH   the agent's socket\n"
        "      --config FILE   the agent.yaml that names it\n"
        "                      (neither: " CONFIG_DEFAULT_PATH ", else /run/sqsflow/agent.sock)\n"
        "  -w, --watch         show it again every second until interrupted\n"
        "      --json          the agent's answer as JSON\n"
        "  -h, --help          show this text\n"
        "\n"
        "Examples:\n"
        "  sqsflow status --watch\n"
        "  sqsflow status --json | jq -r '.triggers[] | select(.state == \"backoff\") | .id + \": \" + .error'\n"
        "\n"
        "Exit status: 0 the agent answered and can write its store, 1 it answered and cannot, 2 wrong use or\n"
        "configuration, 3 no agent answers.\n";

static const struct table_column columns[] = {
        { "TRIGGER", false }, { "STATE", false }, { "SINCE", false }, { "RUNNING", true }, { "WAITING", true },
        { "HELD", true }, { "RECEIVED", true }, { "SUCCEEDED", true }, { "FAILED", true }, { "DELETED", true },
        { "FLOW", false }, { "ERROR", false },
};

/* --- asking ---------------------------------------------------------------------------------------------------------- */

static int connect_to(const char *path, int *ret_fd) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        struct timeval limit = { .tv_sec = ANSWER_SECONDS_MAX };
        _cleanup_close_ int fd = -1;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
            connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int read_all(int fd, struct buf *b) {
        for (;;) {
                char *p = buf_reserve(b, 16384);
                ssize_t n;

                if (!p)
                        return buf_error(b);
                n = read(fd, p, 16384);
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return 0;
                buf_commit(b, (size_t)n);
        }
}

static int ask(const char *path, struct value **ret) {
        static const char request[] = "{\"op\":\"status\"}\n";
        struct buf answer = BUF_INIT(ANSWER_BYTES_MAX);
        _cleanup_close_ int fd = -1;
        int r = connect_to(path, &fd);

        if (r == 0 && send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(request) - 1)
                r = -errno;
        if (r == 0)
                r = read_all(fd, &answer);
        if (r == 0)
                r = json_parse(answer.data ? answer.data : "", answer.len, ret, NULL, NULL);
        buf_done(&answer);
        return r;
}

/* --- showing --------------------------------------------------------------------------------------------------------- */

static int64_t number(const struct value *map, const char *key) {
        const struct value *v = value_map_get(map, key);
        int64_t n = 0;

        return v && value_type(v) == VALUE_NUMBER && value_to_i64(v, &n) == 0 ? n : 0;
}

static const struct value *submap(const struct value *map, const char *key) {
        const struct value *v = value_map_get(map, key);

        return v && value_type(v) == VALUE_MAP ? v : NULL;
}

static bool store_is_well(const struct value *status) {
        const struct value *healthy = value_map_get(submap(status, "store"), "healthy");

        return !healthy || value_type(healthy) != VALUE_BOOL || value_bool(healthy);
}

static enum style style_of_phase(const char *phase) {
        static const struct {
                const char *phase;
                enum style style;
        } styles[] = {
                { "polling", STYLE_GOOD }, { "backoff", STYLE_BAD },  { "starting", STYLE_BUSY },
                { "paused", STYLE_WARNING }, { "disabled", STYLE_DIM }, { "stopping", STYLE_BUSY },
        };

        for (size_t i = 0; phase && i < ARRAY_SIZE(styles); i++)
                if (strcmp(styles[i].phase, phase) == 0)
                        return styles[i].style;
        return STYLE_PLAIN;
}

/* How long ago, for people; "" when the text is no time. */
static void age_text(const char *timestamp, uint64_t now_usec, char out[48]) {
        uint64_t then_usec;

        *out = '\0';
        if (timestamp && timestamp_parse(timestamp, &then_usec) == 0)
                duration_format_human(usec_sub(now_usec, then_usec) / USEC_PER_SEC * USEC_PER_SEC, out);
}

static int add_trigger(struct table *table, const struct value *t, uint64_t now_usec) {
        static const char *const counters[] = { "running", "waiting", "inFlight", "received", "succeeded", "failed",
                                                "deleted" };
        const char *phase = value_map_string(t, "state");
        char text[48];
        int e = 0;

        e |= table_add(table, STYLE_PLAIN, value_map_string(t, "id"));
        e |= table_add(table, style_of_phase(phase), phase);
        age_text(value_map_string(t, "since"), now_usec, text);
        e |= table_add(table, STYLE_PLAIN, text);
        for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
                int64_t n = number(t, counters[i]);

                (void)snprintf(text, sizeof(text), "%lld", (long long)n);
                e |= table_add(table, strcmp(counters[i], "failed") == 0 && n > 0 ? STYLE_BAD : STYLE_PLAIN, text);
        }
        e |= table_add(table, STYLE_PLAIN, value_map_string(t, "flow"));
        e |= table_add(table, STYLE_BAD, value_map_string(t, "error"));
        return e;
}

static void print_head(const struct value *s, uint64_t now_usec) {
        bool colour = terminal_has_colour(stdout);
        const char *state = value_map_string(s, "state"), *problem = value_map_string(submap(s, "store"), "problem");
        const struct value *totals = submap(s, "totals");
        struct buf line = BUF_INIT(0);
        char age[48];

        age_text(value_map_string(s, "startedAt"), now_usec, age);
        style_put(&line, colour, text_eq(state, "running") ? STYLE_GOOD : STYLE_WARNING, state ? state : "?",
                  strlen(state ? state : "?"));
        buf_appendf(&line, " for %s  (sqsflow-agent %s, pid %lld)\n", age,
                    value_map_string(s, "version") ? value_map_string(s, "version") : "?", (long long)number(s, "pid"));
        buf_appendf(&line, "%lld of %lld slots run, %lld messages wait\n", (long long)number(s, "running"),
                    (long long)number(submap(s, "limits"), "executions"), (long long)number(s, "waiting"));
        buf_appendf(&line, "%lld received, %lld succeeded, %lld failed, %lld deleted\n", (long long)number(totals, "received"),
                    (long long)number(totals, "succeeded"), (long long)number(totals, "failed"),
                    (long long)number(totals, "deleted"));
        if (!store_is_well(s))
                style_put(&line, colour, STYLE_BAD, problem ? problem : "the store cannot be written",
                          strlen(problem ? problem : "the store cannot be written"));
        if (!store_is_well(s))
                buf_append_char(&line, '\n');
        buf_append_char(&line, '\n');
        if (buf_error(&line) == 0)
                (void)fputs(line.data, stdout);
        buf_done(&line);
}

static void print_status(const struct value *s) {
        _cleanup_(table_freep) struct table *table = table_new(columns, ARRAY_SIZE(columns));
        const struct value *triggers = value_map_get(s, "triggers");
        uint64_t now_usec = clock_realtime_usec();
        int e = table ? 0 : -ENOMEM;

        print_head(s, now_usec);
        if (!triggers || value_type(triggers) != VALUE_LIST || value_count(triggers) == 0) {
                (void)puts("no triggers");
                return;
        }
        for (size_t i = 0; e == 0 && i < value_count(triggers); i++)
                e = add_trigger(table, value_list_at(triggers, i), now_usec);
        if (e == 0)
                table_print(table);
}

/* --- the verb -------------------------------------------------------------------------------------------------------- */

struct status_options {
        const char *socket, *config;
        bool watch, json;
};

static int show_once(const char *path, const struct status_options *o) {
        _cleanup_value_ struct value *status = NULL;
        int r = ask(path, &status), code;

        if (r < 0)
                return complain("status", EXIT_UNREACHABLE, "no agent answers at %s: %s", path, strerror(-r));
        if (value_type(status) != VALUE_MAP)
                return complain("status", EXIT_UNREACHABLE, "the answer at %s is not an agent's", path);
        code = store_is_well(status) ? EXIT_OK : EXIT_FAILED;
        if (o->json)
                return print_json(TAKE_PTR(status)) == EXIT_OK ? code : EXIT_FAILED;
        if (o->watch && isatty(STDOUT_FILENO) == 1)
                (void)fputs("\033[H\033[2J", stdout);
        print_status(status);
        return code;
}

static int show(const char *path, const struct status_options *o) {
        const struct timespec second = { .tv_sec = 1 };
        int code = show_once(path, o);

        while (o->watch && code != EXIT_WRONG) {
                (void)fflush(stdout);
                if (ferror(stdout) || nanosleep(&second, NULL) < 0)
                        break;
                code = show_once(path, o);
        }
        return code;
}

static int status_main(int argc, char **argv) {
        static const struct option options[] = {
                { "socket", required_argument, NULL, 's' },
                { "config", required_argument, NULL, 'c' },
                { "watch", no_argument, NULL, 'w' },
                { "json", no_argument, NULL, 'j' },
                { 0 },
        };
        _cleanup_(config_freep) struct config *config = NULL;
        struct status_options o = { 0 };
        int option, r;

        while ((option = getopt_long(argc, argv, "w", options, NULL)) >= 0) {
                switch (option) {
                case 's':
                        o.socket = optarg;
                        break;
                case 'c':
                        o.config = optarg;
                        break;
                case 'w':
                        o.watch = true;
                        break;
                case 'j':
                        o.json = true;
                        break;
                default:
                        return complain_usage("status", "wrong option");
                }
        }
        if (optind < argc)
                return complain_usage("status", "unexpected argument '%s'", argv[optind]);
        if (!o.socket) {
                r = load_config("status", o.config, &config);
                if (r != 0)
                        return r;
                o.socket = config->socket;
        }
        return show(o.socket, &o);
}

const struct verb verb_status = {
        .name = "status",
        .summary = "ask the running agent how it and its triggers are",
        .help = help,
        .run = status_main,
};
