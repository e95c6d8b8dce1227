/* SPDX-License-Identifier: Apache-2.0 */
/* sqsflow-agent: options, the configuration's findings on stderr, the exit code. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "agent/agent.h"
#include "agent/load.h"
#include "agent/supervise.h"
#include "common/base/hide.h"
#include "common/base/file.h"
#include "common/base/log.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_CONFIG = 2 };

static const char help[] =
        "Usage: sqsflow-agent [--config FILE] [--check]\n"
        "\n"
        "Polls SQS queues, starts a flow execution for each message or batch, and deletes\n"
        "a message only after its execution succeeded.\n"
        "\n"
        "  -c, --config FILE  configuration (default " CONFIG_DEFAULT_PATH ")\n"
        "      --check        read the configuration and its flows, say what is wrong, and end\n"
        "      --version\n"
        "  -h, --help\n"
        "\n"
        "Signals: SIGHUP reloads; SIGTERM drains and ends; a second SIGTERM ends at once.\n"
        "Exit codes: 0 ended as asked, 1 failed, 2 bad usage or configuration, or a newer store.\n";

struct options {
        const char *config;
        bool check;
};

/* -1: go on; else the exit code. */
static int parse(int argc, char **argv, struct options *o) {
        static const struct option longs[] = {
                { "config", required_argument, NULL, 'c' }, { "check", no_argument, NULL, 'C' },
                { "version", no_argument, NULL, 'V' },      { "help", no_argument, NULL, 'h' },
                { NULL, 0, NULL, 0 },
        };
        int option;

        while ((option = getopt_long(argc, argv, "c:h", longs, NULL)) >= 0) {
                switch (option) {
                case 'c':
                        o->config = optarg;
                        break;
                case 'C':
                        o->check = true;
                        break;
                case 'V':
                        puts("sqsflow-agent " SQSFLOW_VERSION);
                        return EXIT_OK;
                case 'h':
                        fputs(help, stdout);
                        return EXIT_OK;
                default:
                        return EXIT_CONFIG;
                }
        }
        if (optind < argc) {
                fprintf(stderr, "sqsflow-agent: unexpected argument '%s'; see --help\n", argv[optind]);
                return EXIT_CONFIG;
        }
        return -1;
}

static void show(const struct diag *diag) {
        struct buf text = BUF_INIT(0);

        if (diag_write(diag, &text) >= 0 && text.len > 0)
                fputs(text.data, stderr);
        buf_done(&text);
}

/* What `systemctl status` shows when the service could not start: the first error, and how many more there are. */
static void explain(const struct diag *diag) {
        _cleanup_(diag_done) struct diag first = DIAG_INIT;
        _cleanup_(buf_done) struct buf text = BUF_INIT(0);

        for (size_t i = 0; i < diag->count && first.count == 0; i++) {
                const struct diag_entry *e = &diag->entries[i];
                if (e->level == DIAG_ERROR)
                        diag_add(&first, e->level, e->file, e->line, e->column, "%s", e->message);
        }
        if (diag_write(&first, &text) < 0 || text.len == 0)
                return;
        text.data[text.len - 1] = '\0'; /* the new line */
        supervise_explain(text.data);
}

/* A store of a newer version stays one, however often it is tried. */
static int run(const char *path, struct config *config) {
        _cleanup_(agent_freep) struct agent *agent = NULL;
        int r;

        log_open("sqsflow-agent", (enum log_target)config->log_target, config->log_level);
        r = hide_process();
        if (r < 0) {
                config_free(config);
                log_error(r, "This process cannot be hidden from tasks");
        } else
                r = agent_new(path, config, &agent);
        if (r < 0)
                return r == -EPROTO ? EXIT_CONFIG : EXIT_FAILED;
        return agent_run(agent) < 0 ? EXIT_FAILED : EXIT_OK;
}

int main(int argc, char **argv) {
        struct options options = { .config = CONFIG_DEFAULT_PATH };
        struct config *config = NULL;
        struct diag diag = DIAG_INIT;
        int r;

        if (fd_open_standard() < 0)
                return EXIT_FAILURE;
        r = parse(argc, argv, &options);
        if (r >= 0)
                return r;
        r = load_config(options.config, &diag, &config);
        show(&diag);
        if (r < 0)
                explain(&diag);
        diag_done(&diag);
        if (r < 0)
                return EXIT_CONFIG;
        if (options.check) {
                config_free(config);
                return EXIT_OK;
        }
        return run(options.config, config);
}
