/* SPDX-License-Identifier: Apache-2.0 */
/* sqsflow executions: reads the store, also while the agent writes; needs no agent. */
#include "cli/executions.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/since.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/text.h"

#define LIST_LIMIT 25

static const char help[] =
        "Usage: sqsflow executions [list] [OPTIONS]\n"
        "       sqsflow executions show ID [OPTIONS]\n"
        "       sqsflow executions logs ID [OPTIONS]\n"
        "\n"
        "Shows what has been executed, from the records on disk. An ID may be cut short as long as it is unique.\n"
        "\n"
        "Which records:\n"
        "      --store DIR        the agent's state folder\n"
        "      --config FILE      the agent.yaml that names it\n"
        "                         (neither: " CONFIG_DEFAULT_PATH ", else /var/lib/sqsflow)\n"
        "list, the newest first:\n"
        "      --state STATE      only SUCCESS, WARNING, FAILED, KILLED, RUNNING …\n"
        "      --flow NAME        only of this flow: namespace.id\n"
        "      --trigger ID       only of this trigger\n"
        "      --since TIME       started since: 30m, 2h, 7d, PT30M or 2026-11-23T08:00:00Z\n"
        "      --limit N          at most N, default 25; 0: all\n"
        "logs:\n"
        "      --task ID          only of this task\n"
        "      --level LEVEL      only this and worse: error, warning, info, debug\n"
        "  -f, --follow           go on until the execution has ended\n"
        "all:\n"
        "      --json             JSON; logs: one line each\n"
        "  -h, --help             show this text\n"
        "\n"
        "Examples:\n"
        "  sqsflow executions --state FAILED --since 1h\n"
        "  sqsflow executions show 1k3x9p2m7q4ab\n"
        "  sqsflow executions logs 1k3x9p2m7q4ab --follow\n"
        "  sqsflow executions list --json --limit 0 | jq -r '.[] | select(.trigger == \"orders\") | .id'\n"
        "\n"
        "Exit status: 0 done, 1 no such execution or the store cannot be read, 2 wrong use or configuration.\n";

enum { OPTION_STORE = 256, OPTION_CONFIG, OPTION_STATE, OPTION_FLOW, OPTION_TRIGGER, OPTION_SINCE, OPTION_LIMIT,
       OPTION_TASK, OPTION_LEVEL, OPTION_JSON };

static const struct option options[] = {
        { "store", required_argument, NULL, OPTION_STORE },
        { "config", required_argument, NULL, OPTION_CONFIG },
        { "state", required_argument, NULL, OPTION_STATE },
        { "flow", required_argument, NULL, OPTION_FLOW },
        { "trigger", required_argument, NULL, OPTION_TRIGGER },
        { "since", required_argument, NULL, OPTION_SINCE },
        { "limit", required_argument, NULL, OPTION_LIMIT },
        { "task", required_argument, NULL, OPTION_TASK },
        { "level", required_argument, NULL, OPTION_LEVEL },
        { "follow", no_argument, NULL, 'f' },
        { "json", no_argument, NULL, OPTION_JSON },
        { 0 },
};

int executions_fail(const struct store_reader *reader, int error) {
        return complain("executions", EXIT_FAILED, "the store cannot be read: %s",
                        error == -ENOMEM ? "out of memory" : store_reader_problem(reader));
}

static int parse_state(const char *text, int *ret) {
        char upper[16] = "";

        for (size_t i = 0; text[i] && i + 1 < sizeof(upper); i++)
                upper[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
        *ret = run_state_from_name(upper);
        return *ret < 0 ? complain_usage("executions", "there is no state '%s'", text) : 0;
}

static int parse_option(struct executions_options *o, int option, const char *value) {
        int64_t limit;

        switch (option) {
        case OPTION_STORE:
                o->store_folder = value;
                return 0;
        case OPTION_CONFIG:
                o->config = value;
                return 0;
        case OPTION_STATE:
                return parse_state(value, &o->filter.state);
        case OPTION_FLOW:
                o->filter.flow = value;
                return 0;
        case OPTION_TRIGGER:
                o->filter.trigger = value;
                return 0;
        case OPTION_SINCE:
                if (since_parse(value, clock_realtime_usec(), &o->filter.since_usec) < 0)
                        return complain_usage("executions", "'%s' is not a time: 30m, 2h, 7d or 2026-11-23T08:00:00Z", value);
                return 0;
        case OPTION_LIMIT:
                if (text_to_i64(value, 0, UINT32_MAX, &limit) < 0)
                        return complain_usage("executions", "'%s' is not a number", value);
                o->filter.limit = (unsigned)limit;
                return 0;
        case OPTION_TASK:
                o->task = value;
                return 0;
        case OPTION_LEVEL:
                o->level = value;
                return 0;
        case OPTION_JSON:
                o->json = true;
                return 0;
        case 'f':
                o->follow = true;
                return 0;
        default:
                return complain_usage("executions", "wrong option");
        }
}

/* The store's path, owned: --store wins over --config. 0 or an exit code. */
static int find_store(const struct executions_options *o, char **ret) {
        _cleanup_(config_freep) struct config *config = NULL;
        int r;

        if (o->store_folder) {
                *ret = path_join(o->store_folder, "sqsflow.db");
        } else {
                r = load_config("executions", o->config, &config);
                if (r != 0)
                        return r;
                *ret = text_dup(config->store);
        }
        return *ret ? 0 : complain("executions", EXIT_FAILED, "out of memory");
}

static int open_reader(const struct executions_options *o, struct store_reader **ret) {
        _cleanup_free_ char *path = NULL, *message = NULL;
        int r = find_store(o, &path);

        if (r != 0)
                return r;
        r = store_reader_open(path, ret, &message);
        if (r == -ENOENT)
                return complain("executions", EXIT_FAILED,
                                "there is no store at %s: has the agent run yet? (--store DIR, --config FILE)", path);
        if (r < 0)
                return complain("executions", EXIT_FAILED, "%s", message ? message : strerror(-r));
        return 0;
}

static int resolve(struct store_reader *reader, const char *text, uint64_t *ret) {
        int r = store_reader_resolve(reader, text, ret);

        if (r == -EINVAL)
                return complain_usage("executions", "'%s' is not the id of an execution", text);
        if (r == -ENOENT)
                return complain("executions", EXIT_FAILED, "there is no execution %s", text);
        if (r == -ENOTUNIQ)
                return complain("executions", EXIT_FAILED, "more than one execution starts with %s", text);
        return r < 0 ? executions_fail(reader, r) : 0;
}

static int run_one(struct store_reader *reader, const struct executions_options *o, const char *what, const char *text) {
        uint64_t id;
        int r = resolve(reader, text, &id);

        if (r != 0)
                return r;
        return strcmp(what, "show") == 0 ? executions_show(reader, o, id) : executions_logs(reader, o, id);
}

static int executions_main(int argc, char **argv) {
        struct executions_options o = { .filter = { .state = -1, .limit = LIST_LIMIT } };
        _cleanup_(store_reader_freep) struct store_reader *reader = NULL;
        const char *what;
        bool is_list;
        int option, r;

        while ((option = getopt_long(argc, argv, "f", options, NULL)) >= 0)
                if ((r = parse_option(&o, option, optarg)) != 0)
                        return r;
        what = optind < argc ? argv[optind++] : "list";
        is_list = strcmp(what, "list") == 0;
        if (!is_list && strcmp(what, "show") != 0 && strcmp(what, "logs") != 0)
                return complain_usage("executions", "'%s' is none of list, show and logs", what);
        if (argc - optind != (is_list ? 0 : 1))
                return complain_usage("executions", is_list ? "unexpected argument '%s'" : "%s wants the id of one execution",
                                      is_list ? argv[optind] : what);
        r = open_reader(&o, &reader);
        if (r != 0)
                return r;
        return is_list ? executions_list(reader, &o) : run_one(reader, &o, what, argv[optind]);
}

const struct verb verb_executions = {
        .name = "executions",
        .summary = "list, show and read the logs of what was executed",
        .help = help,
        .run = executions_main,
};
