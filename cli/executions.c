/* SPDX-License-Identifier: Apache-2.0 */
/* sqsflow executions: reads the records, also while an agent writes them; needs no agent. */
#include "cli/executions.h"

#include <string.h>
#include <syslog.h>

#include "cli/cli.h"
#include "cli/executions_store.h"
#include "cli/options.h"
#include "cli/output_files.h"
#include "cli/since.h"
#include "common/base/clock.h"
#include "common/base/ident.h"
#include "common/base/log.h"
#include "common/base/text.h"

#define LIST_LIMIT 25
#define LIMIT_UNSET (-1)
#define LEVEL_ALL (LOG_DEBUG + 1) /* TRACE, too */

static const char help[] =
        "Usage: sqsflow executions [list] [OPTIONS]\n"
        "       sqsflow executions show|logs|outputs|gantt|replay ID [OPTIONS]\n"
        "\n"
        "Shows what has been executed, from the records on disk. An ID may be cut short as long as it is unique.\n"
        "\n"
        "  list      the executions, the newest first\n"
        "  show      one with its task runs\n"
        "  logs      its log\n"
        "  outputs   its outputs, and its tasks'; the files among them with --download\n"
        "  gantt     a chart of when its task runs ran\n"
        "  replay    runs its flow again here, with the same input, as a new execution of `sqsflow run`: no message is\n"
        "            received or deleted. The flow is taken as it is now\n"
        "\n"
        "Which records (default: the agent's, else your own; an ID is looked for in both):\n"
        "      --store DIR        those in this state folder\n"
        "      --config FILE      those of the agent with this agent.yaml (default: " CONFIG_DEFAULT_PATH ",\n"
        "                         else /var/lib/sqsflow)\n"
        "      --own              your own, which `sqsflow run` keeps: $SQSFLOW_STATE, else $XDG_STATE_HOME/sqsflow, else\n"
        "                         ~/.local/state/sqsflow\n"
        "list:\n"
        "      --state STATE      only SUCCESS, WARNING, FAILED, KILLED, RUNNING …\n"
        "      --flow NAME        only of this flow: namespace.id\n"
        "      --trigger ID       only of this trigger\n"
        "      --since TIME       started since: 30m, 2h, 7d, PT30M or 2026-11-23T08:00:00Z\n"
        "      --limit N          at most N, default 25; 0: all\n"
        "logs:\n"
        "      --task ID          only of this task\n"
        "      --level LEVEL      only this and worse: error, warning, info, debug\n"
        "  -f, --follow           go on until the execution has ended, or who ran it is gone\n"
        "outputs:\n"
        "      --download DIR     copies the files that the outputs refer to into folders of DIR, one for each task; tells of\n"
        "                         those that are gone; replaces nothing\n"
        "      --force            replaces files that are in DIR already\n"
        "replay:\n"
        "      --flow-file FILE   this flow instead of the recorded one's\n"
        "      --runner PROGRAM   another sqsflow-runner than the configuration's\n"
        "      --plain            lines also on a terminal\n"
        "all:\n"
        "      --json             JSON; logs: one line each; replay: events, as of `sqsflow run`\n"
        "  -h, --help             show this text\n"
        "\n"
        "Examples:\n"
        "  sqsflow executions --state FAILED --since 1h\n"
        "  sqsflow executions show 1k3x9p2m7q4ab\n"
        "  sqsflow executions logs 1k3x9p2m7q4ab --follow\n"
        "  sqsflow executions outputs 1k3x9p2m7q4ab --download /tmp/files\n"
        "  sqsflow executions replay 1k3x9p2m7q4ab\n"
        "  sqsflow executions list --json --limit 0 | jq -r '.[] | select(.trigger == \"orders\") | .id'\n"
        "\n"
        "Exit status: 0 done, 1 no such execution, the records cannot be read, a file could not be copied, or the replay\n"
        "failed, 2 wrong use or configuration.\n";

/* --- what is asked for ----------------------------------------------------------------------------------------------- */

static const struct {
        const char *name;
        int (*run)(struct store_reader *reader, const struct executions_options *o, uint64_t id);
} actions[] = {
        { "show", executions_show },       { "logs", executions_logs },     { "outputs", executions_outputs },
        { "gantt", executions_gantt },     { "replay", executions_replay },
};

static int run_list(const struct executions_options *o) {
        struct records records = { 0 };
        int r = records_open(o, &records);

        if (r == 0)
                r = executions_list(records.reader, o);
        records_done(&records);
        return r;
}

static int run_action(const struct executions_options *o, const char *what, const char *text) {
        struct executions_options known = *o;
        struct records records = { 0 };
        _cleanup_free_ char *folder = NULL, *state = NULL;
        uint64_t id = 0;
        int r = records_open_for(o, text, &records, &id);

        if (r == 0) {
                const char *slash = strrchr(records.path, '/');

                folder = output_files_folder(records.path);
                state = slash ? text_dup_n(records.path, (size_t)(slash - records.path)) : text_dup(".");
                if (!folder || !state)
                        r = complain("executions", EXIT_FAILED, "out of memory");
        }
        known.executions_folder = folder;
        known.state_folder = state;
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(actions); i++) {
                if (strcmp(what, actions[i].name) != 0)
                        continue;
                r = actions[i].run(records.reader, &known, id);
                break;
        }
        records_done(&records);
        return r;
}

static int check_action(const char *what) {
        const char *known[ARRAY_SIZE(actions) + 1];
        size_t count = 0;
        uint64_t id;

        if (ident_parse(what, &id) == 0)
                return complain_usage("executions", "what of execution %s? show, logs, outputs, gantt or replay", what);
        if (strcmp(what, "list") == 0)
                return 0;
        for (; count < ARRAY_SIZE(actions); count++)
                if (strcmp(what, known[count] = actions[count].name) == 0)
                        return 0;
        known[count++] = "list";
        return complain_unknown("executions", "action", what, known, count);
}

/* --- options --------------------------------------------------------------------------------------------------------- */

static int take_state(const char *verb, void *filter, const char *text) {
        const char *known[RUN_STATE_COUNT];
        char upper[16] = "";
        int state;

        for (size_t i = 0; text[i] && i + 1 < sizeof(upper); i++)
                upper[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
        state = run_state_from_name(upper);
        for (int i = 0; i < RUN_STATE_COUNT; i++)
                known[i] = run_state_name((enum run_state)i);
        if (state < 0)
                return complain_unknown(verb, "state", upper, known, RUN_STATE_COUNT);
        ((struct store_filter *)filter)->state = state;
        return 0;
}

static int take_since(const char *verb, void *filter, const char *text) {
        if (since_parse(text, clock_realtime_usec(), &((struct store_filter *)filter)->since_usec) < 0)
                return complain_usage(verb, "--since: '%s' is not a time: 30m, 2h, 7d or 2026-11-23T08:00:00Z", text);
        return 0;
}

static int take_level(const char *verb, void *level, const char *text) {
        int r = log_level_from_name(text);

        if (r < 0)
                return complain_usage(verb, "there is no level '%s': error, warning, info, debug", text);
        *(int *)level = r;
        return 0;
}

/* What belongs to one action does nothing with another, and would be missed there. */
static int check_places(const struct executions_options *o, const char *what) {
        const struct {
                bool is_given;
                const char *option, *action;
        } places[] = {
                { o->filter.state >= 0, "state", "list" },      { o->filter.flow, "flow", "list" },
                { o->filter.trigger, "trigger", "list" },       { o->filter.since_usec > 0, "since", "list" },
                { o->limit != LIMIT_UNSET, "limit", "list" },   { o->task, "task", "logs" },
                { o->level_max != LEVEL_ALL, "level", "logs" }, { o->follow, "follow", "logs" },
                { o->download, "download", "outputs" },         { o->force, "force", "outputs" },
                { o->flow_file, "flow-file", "replay" },        { o->runner, "runner", "replay" },
                { o->plain, "plain", "replay" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(places); i++)
                if (places[i].is_given && strcmp(places[i].action, what) != 0)
                        return complain_usage("executions", "--%s goes with '%s', not with '%s'", places[i].option,
                                              places[i].action, what);
        return 0;
}

static int read_options(struct executions_options *o, int argc, char **argv, struct arguments *ret) {
        const struct option_row rows[] = {
                { "store", .text = &o->store_folder },
                { "config", .text = &o->config },
                { "own", .flag = &o->own },
                { "state", .take = take_state, .userdata = &o->filter },
                { "flow", .text = &o->filter.flow },
                { "trigger", .text = &o->filter.trigger },
                { "since", .take = take_since, .userdata = &o->filter },
                { "limit", .number = &o->limit, .min = 0, .max = UINT32_MAX },
                { "task", .text = &o->task },
                { "level", .take = take_level, .userdata = &o->level_max },
                { "follow", 'f', .flag = &o->follow },
                { "download", .text = &o->download },
                { "force", .flag = &o->force },
                { "flow-file", .text = &o->flow_file },
                { "runner", .text = &o->runner },
                { "plain", .flag = &o->plain },
                { "json", .flag = &o->json },
                { 0 },
        };

        return options_read("executions", rows, argc, argv, ret);
}

static int executions_main(int argc, char **argv) {
        struct executions_options o = { .filter = { .state = -1 }, .limit = LIMIT_UNSET, .level_max = LEVEL_ALL };
        struct arguments arguments;
        const char *what;
        int r = read_options(&o, argc, argv, &arguments);

        if (r != 0)
                return r;
        what = arguments.count > 0 ? arguments.items[0] : "list";
        o.filter.limit = o.limit == LIMIT_UNSET ? LIST_LIMIT : (unsigned)o.limit;
        r = check_action(what);
        if (r == 0)
                r = check_places(&o, what);
        if (r == 0 && strcmp(what, "list") == 0)
                return arguments_end("executions", &arguments, 1) == 0 ? run_list(&o) : EXIT_WRONG;
        if (r == 0 && arguments.count < 2)
                r = complain_usage("executions", "%s wants the id of an execution (see 'sqsflow executions')", what);
        if (r == 0)
                r = arguments_end("executions", &arguments, 2);
        return r != 0 ? r : run_action(&o, what, arguments.items[1]);
}

const struct verb verb_executions = {
        .name = "executions",
        .summary = "what was executed: list, logs, outputs, charts; replay",
        .help = help,
        .run = executions_main,
};
