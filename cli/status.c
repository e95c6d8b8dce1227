/* SPDX-License-Identifier: Apache-2.0 */
/* sqsflow status: one line to the agent's socket, {"op":"status"}, one JSON document back until the end of the stream:
 *
 *   {"version", "pid", "startedAt", "state": "running|draining|stopping", "limits": {"executions"}, "running", "waiting",
 *    "isolation": {"cgroup", "controllers": "cpu memory pids", "problem"},
 *    "store": {"healthy", "problem", "path"}, "engine": {"healthy", "problem"}, "totals": {counters},
 *    "triggers": [{"id", "queueUrl", "flow", "state": "starting|polling|waiting|backoff|paused|disabled|stopping", "since",
 *                  "pause": {"by": "hand|stopAfter", "after": "FAILED", "since"}, "reason", "error",
 *                  "openReceives", "inFlight", "running", "waiting", counters, "lastReceiveAt"}]}
 *
 * counters: "received", "succeeded", … (common/link/counters.h).
 *
 * Fields that are missing are shown as nothing: the agent may be older or newer. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/agent_socket.h"
#include "cli/cli.h"
#include "cli/live_screen.h"
#include "cli/status_picture.h"
#include "cli/terminal.h"
#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/text.h"

#define REQUEST "{\"op\":\"status\"}\n"

static const char help[] =
        "Usage: sqsflow status [OPTIONS]\n"
        "\n"
        "Asks the running agent: is it well, what does each trigger do, what runs, what went wrong? Triggers in trouble come\n"
        "first, with the reason; then those that are paused, with who paused them, and those that are 'waiting': they do not\n"
        "poll, since their conditions do not hold. HELD are the messages that are received and not yet settled; CANCELLED are\n"
        "those for which a trigger's condition did not hold, or that were one too many for the flow's limit: they are no\n"
        "failures, and come again. Below the table, the books: each message received is in flight, or it was repeated (came\n"
        "again while it was here, or after its success), returned (went back to its queue at a stop, a pause or a lost lease,\n"
        "or came damaged), or it succeeded, failed or was cancelled. What is rare is shown when there is any.\n"
        "\n"
        AGENT_OPTIONS_HELP
        "  -w, --watch         show it again every second until interrupted\n"
        "      --json          the agent's answer as JSON\n"
        "  -h, --help          show this text\n"
        "\n"
        "Examples:\n"
        "  sqsflow status --watch\n"
        "  sqsflow status --json | jq -r '.triggers[] | select(.state == \"backoff\") | .id + \": \" + .error'\n"
        "  sqsflow status --json | jq '.triggers[] | select(.pause) | {id, pause}'\n"
        "\n"
        "Exit status: 0 all is well, 1 something is wrong: a trigger is in backoff or cannot evaluate its conditions, or the\n"
        "store cannot be used, or no further execution be started; 2 wrong use or configuration, 3 no agent answers.\n";

/* --- the verb -------------------------------------------------------------------------------------------------------- */

struct status_options {
        const char *socket, *config;
        bool watch, json;
};

/* The picture of what the agent answered, or that it did not. */
static int draw(const char *path, int error, const struct value *status, const struct canvas *canvas, struct buf *out,
                unsigned *ret_rows) {
        if (error == 0)
                return status_write(status, clock_realtime_usec(), canvas, out, ret_rows);
        *ret_rows = 1;
        return buf_appendf(out, "no agent answers at %s: %s\n", path, strerror(-error));
}

static int show_once(const char *path, const struct status_options *o) {
        _cleanup_value_ struct value *status = NULL;
        struct canvas canvas = terminal_canvas();
        struct buf out = BUF_INIT(0);
        int r = agent_socket_ask(path, REQUEST, &status), code;

        if (r < 0)
                return agent_socket_complain("status", path, r);
        code = status_is_well(status) ? EXIT_OK : EXIT_FAILED;
        if (o->json)
                return print_json(TAKE_PTR(status)) == EXIT_OK ? code : EXIT_FAILED;
        canvas.rows = 0;
        if (status_write(status, clock_realtime_usec(), &canvas, &out, NULL) == 0)
                (void)fwrite(out.data, 1, out.len, stdout);
        else
                code = complain("status", EXIT_FAILED, "out of memory");
        buf_done(&out);
        return code;
}

/* Draws over the last picture, in one write, so that nothing flickers. */
static int repaint(const char *path, struct live_screen *screen) {
        _cleanup_value_ struct value *status = NULL;
        struct canvas canvas = terminal_canvas();
        struct buf picture = BUF_INIT(0), out = BUF_INIT(0);
        unsigned rows = 0;
        int r = agent_socket_ask(path, REQUEST, &status);

        r = draw(path, r, status, &canvas, &picture, &rows);
        if (r == 0)
                r = live_screen_put(screen, picture.data, rows, canvas.columns, &out);
        if (r == 0)
                (void)fwrite(out.data, 1, out.len, stdout);
        buf_done(&picture);
        buf_done(&out);
        return r;
}

/* Goes on also while no agent answers: it may be on its way up. Ends by a signal, or when nobody reads. */
static int watch(const char *path, const struct status_options *o) {
        const struct timespec second = { .tv_sec = 1 };
        bool is_live = !o->json && terminal_is_live();
        struct live_screen screen = { 0 };
        int code = EXIT_OK;

        do {
                if (!is_live)
                        code = show_once(path, o);
                else if (repaint(path, &screen) < 0)
                        code = complain("status", EXIT_FAILED, "out of memory");
        } while (fflush(stdout) == 0 && nanosleep(&second, NULL) == 0);
        live_screen_done(&screen);
        return code;
}

static int status_main(int argc, char **argv) {
        _cleanup_free_ char *path = NULL;
        struct status_options o = { 0 };
        const struct option_row rows[] = {
                AGENT_OPTION_ROWS(o.socket, o.config),
                { "watch", 'w', .flag = &o.watch },
                { "json", .flag = &o.json },
                { 0 },
        };
        struct arguments none;
        int r = options_read("status", rows, argc, argv, &none);

        if (r == 0)
                r = arguments_end("status", &none, 0);
        if (r == 0)
                r = agent_socket_path("status", o.socket, o.config, &path);
        if (r != 0)
                return r;
        return o.watch ? watch(path, &o) : show_once(path, &o);
}

const struct verb verb_status = {
        .name = "status",
        .summary = "ask the running agent how it and its triggers are",
        .help = help,
        .run = status_main,
};
