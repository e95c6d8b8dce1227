/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/task_log.h"

#include "agent/trigger.h"
#include "common/base/ident.h"
#include "common/base/log.h"

void task_log_write(const struct trigger *t, uint64_t execution_id, const char *message_id, const struct frame_log *line) {
        char id[IDENT_TEXT_SIZE];

        if (!t->services->config->log_tasks)
                return;
        log_write(line->level, 0,
                  LOG_FIELDS({ "SQSFLOW_EXECUTION_ID", ident_format(execution_id, id) },
                             { "SQSFLOW_FLOW", t->config.flow_id }, { "SQSFLOW_TRIGGER", t->config.id },
                             { "SQSFLOW_QUEUE", t->queue.url }, { "SQSFLOW_MESSAGE_ID", message_id }),
                  "%.*s", (int)line->text.len, line->text.data);
}
