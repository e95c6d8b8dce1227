/* SPDX-License-Identifier: Apache-2.0 */
/* sqsflow run: finds the flow, reads what it is given, and hands both to run_execution.c. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/flow_find.h"
#include "cli/options.h"
#include "cli/run_execution.h"
#include "cli/run_input.h"
#include "common/base/text.h"

static const char help[] =
        "Usage: sqsflow run FLOW [OPTIONS]\n"
        "\n"
        "Executes a flow once, here and now, and shows what it does. FLOW is a file, or namespace.id in the configured\n"
        "folder. Needs no agent, no queue, no agent.yaml and no root. What it did is recorded for `sqsflow executions` in\n"
        "$SQSFLOW_STATE, else $XDG_STATE_HOME/sqsflow, else ~/.local/state/sqsflow.\n"
        "\n"
        "On a terminal every task run has a line, drawn anew while it runs; at the end come a chart of the time and the\n"
        "outputs. Elsewhere, and with --plain, there is a line for each change and each log line.\n"
        "\n"
        "What an agent runs at the same time is not counted: a flow's concurrency.limit holds within the run.\n"
        "\n"
        "Ctrl-C cancels: tasks are asked to end, then killed, nothing more is started, and the execution ends KILLED.\n"
        "Ctrl-C once more kills everything at once.\n"
        "\n"
        "  -m, --message FILE      the message's body; -: stdin. Without it, there is no trigger\n"
        "  -a, --attribute N=V     an attribute of the message, up to ten times; NAME:TYPE=VALUE for other types\n"
        "      --batch             as a batch: --message may be given many times\n"
        "      --serde TYPE        JSON: trigger.data is the parsed body; STRING: its text\n"
        "                          (default: as the flow's own trigger says, else STRING)\n"
        "  -i, --input NAME=VALUE  an input of the flow; JSON for those that are not texts\n"
        "      --folder DIR        make the working directory below DIR and keep it\n"
        "      --config FILE       agent.yaml: the flows' folder, security and limits (default:\n"
        "                          " CONFIG_DEFAULT_PATH " if there is one)\n"
        "      --runner PROGRAM    another sqsflow-runner than the configuration's\n"
        "      --plain             lines also on a terminal\n"
        "      --json              events, one JSON object per line\n"
        "  -h, --help              show this text\n"
        "\n"
        "Events have \"event\" and with it:\n"
        "  start   id, flow, startedAt, store, folder\n"
        "  task    index, parent, taskId, type, value, state, attempts, startedAt, endedAt, durationSeconds, error,\n"
        "          outputs; again with each change\n"
        "  log     at, level, taskRun (the task's index; null: the flow's own), taskId, text\n"
        "  notice  at, text: a remark of this program\n"
        "  end     the last line: id, flow, state, startedAt, endedAt, durationSeconds, error, outputs,\n"
        "          batchItemFailures, recorded, store, folder (when kept), files (each uri, path), taskRuns\n"
        "          (each as in task)\n"
        "\n"
        "Examples:\n"
        "  echo '{\"id\": 1}' | sqsflow run flows/orders.yaml --message -\n"
        "  sqsflow run shop.orders --message order.json --attribute source=test\n"
        "  sqsflow run shop.invoices-batch --batch -m a.json -m b.json\n"
        "  sqsflow run flows/report.yaml --json | jq -r 'select(.event == \"end\") | .outputs.url'\n"
        "\n"
        "Exit status: 0 the execution ended in SUCCESS or WARNING, 1 it failed or was cancelled, 2 wrong use, flow or\n"
        "configuration.\n";

struct run_options {
        const char *flow, *folder, *config, *runner;
        enum run_show show;
        struct run_input input;
        struct attributes attributes;
        char **message_files, **inputs;
};

static int run_flow(const struct run_options *o, const struct config *config, const struct flow *flow) {
        _cleanup_free_ char *input = run_input_record(&o->input, flow);
        struct frame_execute frame = { 0 };
        const struct run_request request = { .verb = "run", .config = config, .flow = flow, .frame = &frame, .input = input,
                                             .runner = o->runner, .folder = o->folder, .show = o->show };

        run_input_fill(&o->input, flow, &frame);
        return run_execution(&request);
}

static int run_options(struct run_options *o) {
        _cleanup_(config_freep) struct config *config = NULL;
        _cleanup_(flow_unrefp) struct flow *flow = NULL;
        int code = load_config("run", o->config, &config);

        if (code == 0)
                code = flow_find("run", o->flow, config, &flow);
        if (code == 0)
                code = run_input_read(&o->input, flow);
        return code != 0 ? code : run_flow(o, config, flow);
}

/* --- options --------------------------------------------------------------------------------------------------------- */

static int take_text(const char *verb, void *list, const char *text) {
        return text_list_add(list, text) < 0 ? complain(verb, EXIT_FAILED, "out of memory") : 0;
}

static int take_serde(const char *verb, void *serde, const char *text) {
        if (strcmp(text, "JSON") != 0 && strcmp(text, "STRING") != 0)
                return complain_usage(verb, "--serde: '%s' is neither JSON nor STRING", text);
        *(const char **)serde = text;
        return 0;
}

static int read_options(struct run_options *o, int argc, char **argv) {
        bool plain = false, json = false;
        const struct option_row rows[] = {
                { "message", 'm', .take = take_text, .userdata = &o->message_files },
                { "attribute", 'a', .take = attributes_take, .userdata = &o->attributes },
                { "input", 'i', .take = take_text, .userdata = &o->inputs },
                { "batch", .flag = &o->input.batch },
                { "serde", .take = take_serde, .userdata = &o->input.serde },
                { "folder", .text = &o->folder },
                { "config", .text = &o->config },
                { "runner", .text = &o->runner },
                { "plain", .flag = &plain },
                { "json", .flag = &json },
                { 0 },
        };
        struct arguments arguments;
        int r = options_read("run", rows, argc, argv, &arguments);

        if (r == 0)
                r = arguments_one("run", &arguments, "which flow? Give a file, or namespace.id", &o->flow);
        o->show = json ? RUN_SHOW_EVENTS : plain ? RUN_SHOW_PLAIN : RUN_SHOW_AUTO;
        o->input.attributes = &o->attributes;
        o->input.message_files = (const char *const *)o->message_files;
        o->input.message_count = text_list_count(o->message_files);
        o->input.inputs = o->inputs;
        o->input.input_count = text_list_count(o->inputs);
        return r;
}

static int run_main(int argc, char **argv) {
        struct run_options o = { 0 };
        int code = read_options(&o, argc, argv);

        if (code == 0)
                code = run_options(&o);
        run_input_done(&o.input);
        attributes_done(&o.attributes);
        text_list_free(o.message_files);
        text_list_free(o.inputs);
        return code;
}

const struct verb verb_run = {
        .name = "run",
        .summary = "execute a flow once, here and now",
        .help = help,
        .run = run_main,
};
