/* SPDX-License-Identifier: Apache-2.0 */
/* A recorded execution, once more: by the machinery of `sqsflow run`, with the recorded messages and inputs. What a trigger
 * adds (batch or not, parsed bodies, labels) is in the record when `sqsflow run` made it; for the agent's executions the
 * trigger of that name in the configuration tells. Whether it would start the execution is not asked: a person does. */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/executions.h"
#include "cli/flow_find.h"
#include "cli/replay_input.h"
#include "cli/run_execution.h"
#include "common/base/json.h"
#include "common/base/text.h"

struct replay {
        const struct executions_options *options;
        const struct store_record *record;
        const struct config *config;
        struct replay_input input;
        struct flow *flow;
        char *labels; /* JSON; NULL: none */
};

static int out_of_memory(void) {
        return complain("executions", EXIT_FAILED, "out of memory");
}

/* --- the trigger ----------------------------------------------------------------------------------------------------- */

static int take_trigger(struct replay *r, const struct trigger_config *t) {
        r->input.batch = t->batch_records > 0;
        r->input.json = t->json_data;
        if (!t->labels)
                return 0;
        r->labels = json_to_text(t->labels, JSON_COMPACT);
        return r->labels ? 0 : out_of_memory();
}

/* A configuration of its own, since resolving changes it. What is wrong with it is told when the flow is looked for. */
static int ask_configuration(struct replay *r) {
        _cleanup_(config_freep) struct config *config = NULL;
        struct diag diag = DIAG_INIT;
        struct flow_set set = { 0 };
        int code = load_config("executions", r->options->config, &config);

        if (code != 0)
                return code;
        r->input.batch = r->input.count != 1; /* when nobody knows better */
        config->secrets_elsewhere = true;     /* its triggers' connections are of no interest here */
        if (flow_set_load(config->flows, &config->security, &diag, &set) >= 0)
                (void)!config_resolve(config, &set, &diag);
        for (size_t i = 0; code == 0 && i < config->trigger_count; i++)
                if (text_eq(config->triggers[i].id, r->record->trigger))
                        code = take_trigger(r, &config->triggers[i]);
        flow_set_done(&set);
        diag_done(&diag);
        return code;
}

/* --- the flow -------------------------------------------------------------------------------------------------------- */

static int find_flow(struct replay *r) {
        const char *name = r->options->flow_file ? r->options->flow_file : r->input.file ? r->input.file : r->record->flow;
        int code = flow_find("executions", name, r->config, &r->flow);

        if (code == 0 && r->flow->revision != r->record->flow_revision)
                (void)complain("executions", 0, "note: the flow is not the one that was executed then; it has changed");
        return code;
}

/* --- the whole ------------------------------------------------------------------------------------------------------- */

static int read_input(struct replay *r) {
        int e;

        if (!r->record->input)
                return complain("executions", EXIT_FAILED, "the input of this execution was not kept, so it cannot be replayed");
        e = replay_input_read(&r->input, r->record->input, r->record->queue_url);
        if (e == -ENOMEM)
                return out_of_memory();
        return e < 0 ? complain("executions", EXIT_FAILED, "the recorded input cannot be read") : 0;
}

static int run(const struct replay *r) {
        struct frame_execute frame = {
                .json_data = r->input.json, .messages = r->input.frames, .message_count = r->input.count,
                .labels = { r->labels, r->labels ? strlen(r->labels) : 0 },
                .inputs = { r->input.inputs, r->input.inputs ? strlen(r->input.inputs) : 0 },
        };
        const struct run_request request = {
                .verb = "executions", .config = r->config, .flow = r->flow, .frame = &frame, .input = r->record->input,
                .trigger = r->record->trigger, .runner = r->options->runner,
                .show = r->options->json ? RUN_SHOW_EVENTS : r->options->plain ? RUN_SHOW_PLAIN : RUN_SHOW_AUTO,
        };

        frame.trigger_kind = r->input.batch ? TRIGGER_BATCH : r->input.count > 0 ? TRIGGER_MESSAGE : TRIGGER_NONE;
        if (frame.trigger_kind != TRIGGER_NONE)
                frame.trigger_id = (struct bytes){ "by-hand", strlen("by-hand") };
        return run_execution(&request);
}

static int replay(const struct executions_options *o, const struct store_record *record) {
        _cleanup_(config_freep) struct config *config = NULL;
        struct replay r = { .options = o, .record = record };
        int code = load_config("executions", o->config, &config);

        r.config = config;
        if (code == 0)
                code = read_input(&r);
        if (code == 0 && !r.input.is_own)
                code = ask_configuration(&r);
        if (code == 0)
                code = find_flow(&r);
        if (code == 0)
                code = run(&r);
        flow_unref(r.flow);
        replay_input_done(&r.input);
        free(r.labels);
        return code;
}

int executions_replay(struct store_reader *reader, const struct executions_options *o, uint64_t id) {
        struct progress progress = { 0 };
        struct store_record record = { 0 };
        int r = executions_read(reader, id, &progress, &record);
        int code = r < 0 ? executions_fail(reader, r) : replay(o, &record);

        executions_record_done(&record);
        progress_done(&progress);
        return code;
}
