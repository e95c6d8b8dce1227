/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/run_functions.h"

#include <errno.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/ident.h"
#include "common/base/text.h"
#include "runner/execution.h"
#include "runner/task_run.h"

/* RFC 9562, version 4. */
int run_function_uuid(struct scope *s, const struct value *args, struct value **ret, char **ret_message) {
        uint8_t b[16];
        char text[37];
        int r = random_bytes(b, sizeof(b));

        if (r < 0)
                return r;
        b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
        b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
        (void)snprintf(text, sizeof(text), "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
                       b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
        *ret = value_new_string(text);
        return *ret ? 0 : -ENOMEM;
}

int run_function_id(struct scope *s, const struct value *args, struct value **ret, char **ret_message) {
        char text[IDENT_TEXT_SIZE];

        *ret = value_new_string(ident_format(ident_new(), text));
        return *ret ? 0 : -ENOMEM;
}

/* From `lower` to one less than `upper`, as in Kestra. */
int run_function_random_int(struct scope *s, const struct value *args, struct value **ret, char **ret_message) {
        int64_t lower, upper;
        uint64_t bits;
        int r;

        if (value_to_i64(value_list_at(args, 0), &lower) < 0 || value_to_i64(value_list_at(args, 1), &upper) < 0 ||
            upper < lower) {
                *ret_message = text_dup("it takes two whole numbers, the second not less than the first");
                return -EINVAL;
        }
        r = random_bytes(&bits, sizeof(bits));
        if (r < 0)
                return r;
        if (upper > lower) /* the bias of the remainder is below anything that can be seen */
                lower = (int64_t)((uint64_t)lower + bits % ((uint64_t)upper - (uint64_t)lower));
        *ret = value_new_int(lower);
        return *ret ? 0 : -ENOMEM;
}

/* --- errorLogs -------------------------------------------------------------------------------------------------------- */

int run_function_error_logs(struct scope *s, const struct value *args, struct value **ret, char **ret_message) {
        struct value *kept = s->execution->error_logs;

        *ret = kept ? value_ref(kept) : value_new_list();
        return *ret ? 0 : -ENOMEM;
}

static struct value *entry(const struct task_run *run, const char *text, size_t len) {
        _cleanup_value_ struct value *map = value_new_map();
        char now[TIMESTAMP_MAX];

        if (!map || value_map_put(map, "timestamp", value_new_string(timestamp_format(clock_realtime_usec(), now))) < 0 ||
            value_map_put(map, "level", value_new_string("ERROR")) < 0 ||
            value_map_put(map, "taskId", run ? value_new_string(run->task->id) : value_new_null()) < 0 ||
            value_map_put(map, "message", value_new_string_n(text, len)) < 0)
                return NULL;
        return TAKE_PTR(map);
}

void error_logs_note(struct execution *e, const struct task_run *run, const char *text, size_t len) {
        _cleanup_value_ struct value *list = value_new_list();
        size_t count = e->error_logs ? value_count(e->error_logs) : 0;
        int r = list ? 0 : -ENOMEM;

        for (size_t i = count >= ERROR_LOGS_MAX ? count - ERROR_LOGS_MAX + 1 : 0; r == 0 && i < count; i++)
                r = value_list_add(list, value_ref(value_list_at(e->error_logs, i)));
        if (r < 0 || value_list_add(list, entry(run, text, len)) < 0)
                return;
        value_unref(e->error_logs);
        e->error_logs = TAKE_PTR(list);
}
