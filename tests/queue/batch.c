/* SPDX-License-Identifier: Apache-2.0 */
/* Batches: up to ten entries that succeed or fail each for itself, in an answer of status 200. What is wrong with the
 * batch as a whole fails the call. */
#include <errno.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "tests/queue/operation.h"

#define ENTRY_COUNT_MAX 10
#define ENTRY_ID_MAX 80

static const char *entry_id(const struct value *entries, size_t i) {
        const struct value *entry = value_list_at(entries, i);
        return value_type(entry) == VALUE_MAP ? value_map_string(entry, "Id") : NULL;
}

static int check_entries(struct request *r, const struct value *entries) {
        if (!entries || value_count(entries) == 0)
                return failure_plain(&r->failure, FAILURE_EMPTY_BATCH_REQUEST);
        if (value_count(entries) > ENTRY_COUNT_MAX)
                return failure_set(&r->failure, FAILURE_TOO_MANY_ENTRIES,
                                   "Maximum number of entries per request are %d. You have sent %zu.", ENTRY_COUNT_MAX,
                                   value_count(entries));
        for (size_t i = 0; i < value_count(entries); i++) {
                const char *id = entry_id(entries, i);
                if (!id || !text_is_name(id, "a-zA-Z0-9_-", "a-zA-Z0-9_-", ENTRY_ID_MAX))
                        return failure_plain(&r->failure, FAILURE_INVALID_BATCH_ENTRY_ID);
                for (size_t j = 0; j < i; j++)
                        if (text_eq(id, entry_id(entries, j)))
                                return failure_set(&r->failure, FAILURE_BATCH_ENTRY_IDS_NOT_DISTINCT, "Id %s repeated.",
                                                   id);
        }
        return 0;
}

static void write_failed(struct buf *out, const char *id, const struct failure *f) {
        const struct failure_kind *kind = failure_kind(f->code);

        buf_append_str(out, out->len > 0 ? ",{" : "{");
        write_member(out, "Id", id);
        write_member(out, "Code", kind->query_code);
        write_member(out, "Message", failure_message(f));
        buf_appendf(out, ",\"SenderFault\":%s}", kind->sender_fault ? "true" : "false");
}

static int run_entry(struct request *r, const struct value *entry, struct buf *out) {
        if (fault_hit(&r->faults, FAULT_PARTIAL) && faults_chance(&r->service->faults, r->faults.entry_probability))
                return failure_plain(&r->failure, FAILURE_INTERNAL);
        return r->operation->entry(r, entry, out);
}

int batch_run(struct request *r) {
        _cleanup_(buf_done) struct buf failed = BUF_INIT(0), members = BUF_INIT(0);
        const struct value *entries = NULL;
        const char *separator = "";

        int result = param_list(r, r->params, "Entries", &entries);
        if (result == 0)
                result = check_entries(r, entries);
        if (result != 0)
                return result;

        buf_append_str(&r->out, "{\"Successful\":[");
        for (size_t i = 0; i < value_count(entries); i++) {
                const char *id = entry_id(entries, i);
                buf_reset(&members);
                write_member(&members, "Id", id);
                result = run_entry(r, value_list_at(entries, i), &members);
                if (result < 0)
                        return result;
                if (result == FAILED) {
                        write_failed(&failed, id, &r->failure);
                        continue;
                }
                buf_appendf(&r->out, "%s{", separator);
                buf_append(&r->out, members.data, members.len);
                buf_append_char(&r->out, '}');
                separator = ",";
        }
        buf_append_str(&r->out, "],\"Failed\":[");
        buf_append(&r->out, failed.data, failed.len);
        failure_done(&r->failure);
        return buf_append_str(&r->out, "]}");
}

int write_member(struct buf *out, const char *name, const char *text) {
        if (out->len > 0 && out->data[out->len - 1] != '{')
                buf_append_char(out, ',');
        buf_appendf(out, "\"%s\":", name);
        return json_write_string(out, text, strlen(text));
}
