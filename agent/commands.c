/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/commands.h"

#include <errno.h>

#include "agent/agent.h"
#include "agent/intake.h"
#include "agent/turn.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "common/store/store.h"
#include "common/store/store_pause.h"

static int put_error(struct buf *out, const char *error) {
        buf_append_str(out, "{\"error\":");
        json_write_string(out, error, strlen(error));
        return buf_append_char(out, '}');
}

static int put_unknown_trigger(const struct agent *a, struct buf *out) {
        const char *comma = "";

        buf_append_str(out, "{\"error\":\"there is no such trigger\",\"known\":[");
        for (const struct trigger *t = a->services.triggers; t; t = t->next) {
                if (t->phase == TRIGGER_STOPPING)
                        continue;
                buf_append_str(out, comma);
                json_write_string(out, t->config.id, strlen(t->config.id));
                comma = ",";
        }
        return buf_append_str(out, "]}");
}

/* The one that is not on its way out. */
static struct trigger *find_trigger(const struct agent *a, const char *id) {
        for (struct trigger *t = a->services.triggers; t; t = t->next)
                if (t->phase != TRIGGER_STOPPING && text_eq(t->config.id, id))
                        return t;
        return NULL;
}

/* What was asked for is so; whether a restart will know it is another matter. */
static int put_pause_answer(const struct agent *a, const char *id, const char *state, bool changed, unsigned running,
                            struct buf *out) {
        if (turn_commit(a->turn) < 0) {
                _cleanup_free_ char *error = text_printf("it is so now, but not on disk yet: %s", store_problem(a->store));

                return error ? put_error(out, error) : -ENOMEM;
        }
        buf_append_str(out, "{\"trigger\":");
        json_write_string(out, id, strlen(id));
        return buf_appendf(out, ",\"state\":\"%s\",\"changed\":%s,\"running\":%u}", state, changed ? "true" : "false", running);
}

/* A trigger that is not there any more, or on its way out, may be paused. */
static int forget_pause(const struct agent *a, const char *id, struct buf *out) {
        struct store_pause pause = { 0 };

        if (!id || store_pause_find(a->store, id, &pause) <= 0)
                return put_unknown_trigger(a, out);
        for (struct trigger *t = a->services.triggers; t; t = t->next)
                if (text_eq(t->config.id, id))
                        (void)intake_resume(t);
        if (store_pause_set(a->store, id, &(struct store_pause){ 0 }) < 0)
                return -ENOMEM;
        return put_pause_answer(a, id, "absent", true, 0, out);
}

static int set_paused(struct agent *a, const struct value *request, bool paused, struct buf *out) {
        const char *id = value_map_string(request, "trigger");
        struct trigger *t = find_trigger(a, id);
        bool changed;

        if (!t)
                return paused ? put_unknown_trigger(a, out) : forget_pause(a, id, out);
        if (t->phase == TRIGGER_DISABLED)
                return put_error(out, "the trigger is disabled in the configuration");
        changed = paused ? intake_pause(t) : intake_resume(t);
        return put_pause_answer(a, id, trigger_phase_name(t), changed, t->slots.running, out);
}

static int answer_status(struct agent *a, const struct value *request, struct buf *out) {
        return agent_write_status(a, out);
}

static int answer_pause(struct agent *a, const struct value *request, struct buf *out) {
        return set_paused(a, request, true, out);
}

static int answer_resume(struct agent *a, const struct value *request, struct buf *out) {
        return set_paused(a, request, false, out);
}

int agent_answer(void *agent, const struct value *request, struct buf *out) {
        static const struct {
                const char *op;
                int (*answer)(struct agent *a, const struct value *request, struct buf *out);
        } ops[] = {
                { "status", answer_status }, { "pause", answer_pause }, { "resume", answer_resume },
        };
        const char *op = request && value_type(request) == VALUE_MAP ? value_map_string(request, "op") : NULL;

        for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
                if (text_eq(ops[i].op, op))
                        return ops[i].answer(agent, request, out);
        return put_error(out, "unknown request; known: {\"op\": \"status\"}, \"pause\" and \"resume\" with \"trigger\"");
}
