/* SPDX-License-Identifier: Apache-2.0 */
/* The codec of protocol.h.
 *
 * Each kind of frame is a table of fields: tag, type, place in the struct. One encoder and one decoder walk the tables,
 * so a new field is one more line. Zero and empty fields are not sent. An encoder first adds the sizes up and reserves
 * once: a frame is in the buffer whole or not at all, and encoding costs one growth check.
 *
 * The messages of an EXECUTE are fields of their own (tag TAG_MESSAGE, any number) that hold nested fields. */
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/flow/protocol.h"

enum field_type { FIELD_U8, FIELD_U32, FIELD_U64, FIELD_DOUBLE, FIELD_BYTES, FIELD_STATE, FIELD_TRIGGER };

struct field {
        uint8_t tag;
        uint8_t type;
        uint16_t offset;
};

struct table {
        const struct field *fields;
        size_t count;
};

#define TAG_MESSAGE 255
#define HEADER_BYTES 5 /* of a frame: length and kind; of a field: tag and length */
#define LENGTH_BYTES 4

#define FLOW_FIELD(t, ty, m) { t, FIELD_##ty, offsetof(struct frame_flow, m) }
static const struct field flow_fields[] = {
        FLOW_FIELD(1, U64, revision),
        FLOW_FIELD(2, BYTES, file),
        FLOW_FIELD(3, BYTES, source),
        FLOW_FIELD(4, U8, allow_containers),
        FLOW_FIELD(5, U8, allow_shell_interpolation),
};

#define EXECUTE_FIELD(t, ty, m) { t, FIELD_##ty, offsetof(struct frame_execute, m) }
static const struct field execute_fields[] = {
        EXECUTE_FIELD(1, U64, execution_id),
        EXECUTE_FIELD(2, U64, revision),
        EXECUTE_FIELD(3, U64, start_usec),
        EXECUTE_FIELD(4, TRIGGER, trigger_kind),
        EXECUTE_FIELD(5, BYTES, trigger_id),
        EXECUTE_FIELD(6, U8, json_data),
        EXECUTE_FIELD(7, BYTES, inputs),
        EXECUTE_FIELD(8, BYTES, labels),
        EXECUTE_FIELD(9, BYTES, folder),
        EXECUTE_FIELD(10, U8, keep_folder),
};

#define MESSAGE_FIELD(t, ty, m) { t, FIELD_##ty, offsetof(struct frame_message, m) }
static const struct field message_fields[] = {
        MESSAGE_FIELD(1, BYTES, body),
        MESSAGE_FIELD(2, BYTES, message_id),
        MESSAGE_FIELD(3, BYTES, group_id),
        MESSAGE_FIELD(4, BYTES, queue_url),
        MESSAGE_FIELD(5, BYTES, trace_header),
        MESSAGE_FIELD(6, BYTES, traceparent),
        MESSAGE_FIELD(7, BYTES, attributes),
        MESSAGE_FIELD(8, BYTES, message_attributes),
        MESSAGE_FIELD(9, U64, sent_usec),
        MESSAGE_FIELD(10, U32, receive_count),
};

static const struct field cancel_fields[] = { { 1, FIELD_U64, 0 } };

#define TASK_RUN_FIELD(t, ty, m) { t, FIELD_##ty, offsetof(struct frame_task_run, m) }
static const struct field task_run_fields[] = {
        TASK_RUN_FIELD(1, U32, index),
        TASK_RUN_FIELD(2, U32, parent),
        TASK_RUN_FIELD(3, BYTES, task_id),
        TASK_RUN_FIELD(4, BYTES, task_type),
        TASK_RUN_FIELD(5, BYTES, value),
        TASK_RUN_FIELD(6, STATE, state),
        TASK_RUN_FIELD(7, U32, attempts),
        TASK_RUN_FIELD(8, U64, start_usec),
        TASK_RUN_FIELD(9, U64, end_usec),
        TASK_RUN_FIELD(10, BYTES, outputs),
        TASK_RUN_FIELD(11, BYTES, error),
};

#define LOG_FIELD(t, ty, m) { t, FIELD_##ty, offsetof(struct frame_log, m) }
static const struct field log_fields[] = {
        LOG_FIELD(1, U32, task_run),
        LOG_FIELD(2, U8, level),
        LOG_FIELD(3, U64, time_usec),
        LOG_FIELD(4, BYTES, text),
};

#define METRIC_FIELD(t, ty, m) { t, FIELD_##ty, offsetof(struct frame_metric, m) }
static const struct field metric_fields[] = {
        METRIC_FIELD(1, U32, task_run),
        METRIC_FIELD(2, BYTES, name),
        METRIC_FIELD(3, BYTES, type),
        METRIC_FIELD(4, BYTES, tags),
        METRIC_FIELD(5, DOUBLE, value),
};

#define END_FIELD(t, ty, m) { t, FIELD_##ty, offsetof(struct frame_end, m) }
static const struct field end_fields[] = {
        END_FIELD(1, U64, execution_id),
        END_FIELD(2, STATE, state),
        END_FIELD(3, BYTES, outputs),
        END_FIELD(4, BYTES, error),
        END_FIELD(5, BYTES, batch_failures),
};

#define TABLE(a) { a, ARRAY_SIZE(a) }
static const struct table tables[] = {
        [FRAME_FLOW] = TABLE(flow_fields),
        [FRAME_EXECUTE] = TABLE(execute_fields),
        [FRAME_CANCEL] = TABLE(cancel_fields),
        [FRAME_READY] = { NULL, 0 },
        [FRAME_TASK_RUN] = TABLE(task_run_fields),
        [FRAME_LOG] = TABLE(log_fields),
        [FRAME_METRIC] = TABLE(metric_fields),
        [FRAME_END] = TABLE(end_fields),
};
static const struct table message_table = TABLE(message_fields);

/* --- encoding ------------------------------------------------------------------------------------------------------- */

static char *put_u32(char *p, uint32_t v) {
        v = htole32(v);
        memcpy(p, &v, sizeof(v));
        return p + sizeof(v);
}

/* A field's value as the bytes that travel: *ret_len is 0 for a zero or empty value. Numbers are put into `scratch`. */
static const char *field_bytes(const struct field *f, const void *object, char scratch[8], size_t *ret_len) {
        const char *at = (const char *)object + f->offset;
        uint64_t number = 0;

        switch ((enum field_type)f->type) {
        case FIELD_BYTES: {
                const struct bytes *b = (const struct bytes *)(const void *)at;
                *ret_len = b->len;
                return b->data;
        }
        case FIELD_U8:
                number = *(const uint8_t *)at;
                break;
        case FIELD_STATE:
                number = (uint64_t)*(const enum run_state *)(const void *)at;
                break;
        case FIELD_TRIGGER:
                number = (uint64_t)*(const enum trigger_kind *)(const void *)at;
                break;
        case FIELD_U32:
                number = *(const uint32_t *)(const void *)at;
                break;
        case FIELD_U64:
        case FIELD_DOUBLE:
                memcpy(&number, at, sizeof(number));
                break;
        }
        /* as few bytes as the number needs: most are small */
        size_t len = 0;
        for (; number; number >>= 8)
                scratch[len++] = (char)(number & 0xff);
        *ret_len = len;
        return scratch;
}

static size_t fields_size(const struct table *t, const void *object) {
        char scratch[8];
        size_t sum = 0, len;

        for (size_t i = 0; i < t->count; i++) {
                field_bytes(&t->fields[i], object, scratch, &len);
                if (len > 0)
                        sum += HEADER_BYTES + len;
        }
        return sum;
}

static char *fields_put(char *p, const struct table *t, const void *object) {
        char scratch[8];
        size_t len;

        for (size_t i = 0; i < t->count; i++) {
                const char *data = field_bytes(&t->fields[i], object, scratch, &len);
                if (len == 0)
                        continue;
                *p++ = (char)t->fields[i].tag;
                p = put_u32(p, (uint32_t)len);
                memcpy(p, data, len);
                p += len;
        }
        return p;
}

/* Reserves the whole frame and writes its header; *ret_p is where the fields go. */
static int frame_begin(struct buf *b, enum frame_kind kind, size_t fields_len, char **ret_p) {
        char *p;

        if (buf_error(b))
                return buf_error(b);
        if (fields_len + 1 > FRAME_BYTES_MAX)
                return -E2BIG;
        p = buf_reserve(b, HEADER_BYTES + fields_len);
        if (!p)
                return buf_error(b) ? buf_error(b) : -ENOMEM;
        p = put_u32(p, (uint32_t)(fields_len + 1));
        *p++ = (char)kind;
        *ret_p = p;
        return 0;
}

static int frame_put(struct buf *b, enum frame_kind kind, const void *object) {
        size_t size = fields_size(&tables[kind], object);
        char *p;
        int r;

        r = frame_begin(b, kind, size, &p);
        if (r != 0)
                return r;
        fields_put(p, &tables[kind], object);
        buf_commit(b, HEADER_BYTES + size);
        return 0;
}

int frame_put_flow(struct buf *b, const struct frame_flow *f) {
        return frame_put(b, FRAME_FLOW, f);
}

int frame_put_execute(struct buf *b, const struct frame_execute *f) {
        size_t size = fields_size(&tables[FRAME_EXECUTE], f);
        char *p;
        int r;

        if (f->message_count > FRAME_MESSAGES_MAX)
                return -E2BIG;
        for (size_t i = 0; i < f->message_count; i++)
                size += HEADER_BYTES + fields_size(&message_table, &f->messages[i]);
        r = frame_begin(b, FRAME_EXECUTE, size, &p);
        if (r != 0)
                return r;
        p = fields_put(p, &tables[FRAME_EXECUTE], f);
        for (size_t i = 0; i < f->message_count; i++) {
                *p++ = (char)TAG_MESSAGE;
                p = put_u32(p, (uint32_t)fields_size(&message_table, &f->messages[i]));
                p = fields_put(p, &message_table, &f->messages[i]);
        }
        buf_commit(b, HEADER_BYTES + size);
        return 0;
}

int frame_put_cancel(struct buf *b, uint64_t execution_id) {
        return frame_put(b, FRAME_CANCEL, &execution_id);
}

int frame_put_ready(struct buf *b) {
        return frame_put(b, FRAME_READY, NULL);
}

int frame_put_task_run(struct buf *b, const struct frame_task_run *f) {
        return frame_put(b, FRAME_TASK_RUN, f);
}

int frame_put_log(struct buf *b, const struct frame_log *f) {
        return frame_put(b, FRAME_LOG, f);
}

int frame_put_metric(struct buf *b, const struct frame_metric *f) {
        return frame_put(b, FRAME_METRIC, f);
}

int frame_put_end(struct buf *b, const struct frame_end *f) {
        return frame_put(b, FRAME_END, f);
}

/* --- decoding ------------------------------------------------------------------------------------------------------- */

static uint32_t get_u32(const char *p) {
        uint32_t v;
        memcpy(&v, p, sizeof(v));
        return le32toh(v);
}

/* What each number may be at most. */
static const uint64_t field_max[] = {
        [FIELD_U8] = UINT8_MAX,
        [FIELD_U32] = UINT32_MAX,
        [FIELD_U64] = UINT64_MAX,
        [FIELD_DOUBLE] = UINT64_MAX,
        [FIELD_STATE] = RUN_STATE_COUNT - 1,
        [FIELD_TRIGGER] = TRIGGER_BATCH,
};

static int field_set(const struct field *f, void *object, struct bytes in) {
        char *at = (char *)object + f->offset;
        uint64_t number = 0;

        if (f->type == FIELD_BYTES) {
                memcpy(at, &in, sizeof(in));
                return 0;
        }
        if (in.len > sizeof(number))
                return -EBADMSG;
        for (size_t i = in.len; i > 0; i--)
                number = number << 8 | (uint8_t)in.data[i - 1];
        if (number > field_max[f->type])
                return -EBADMSG;
        switch ((enum field_type)f->type) {
        case FIELD_U8:
                *(uint8_t *)at = (uint8_t)number;
                break;
        case FIELD_U32:
                *(uint32_t *)(void *)at = (uint32_t)number;
                break;
        case FIELD_STATE:
                *(enum run_state *)(void *)at = (enum run_state)number;
                break;
        case FIELD_TRIGGER:
                *(enum trigger_kind *)(void *)at = (enum trigger_kind)number;
                break;
        case FIELD_U64:
        case FIELD_DOUBLE:
        case FIELD_BYTES:
                memcpy(at, &number, sizeof(number));
                break;
        }
        return 0;
}

/* Takes the next field off `in`. 1, 0 at the end, -EBADMSG. */
static int field_next(struct bytes *in, uint8_t *ret_tag, struct bytes *ret) {
        if (in->len == 0)
                return 0;
        if (in->len < HEADER_BYTES)
                return -EBADMSG;
        uint32_t len = get_u32(in->data + 1);
        if (len > in->len - HEADER_BYTES)
                return -EBADMSG;
        *ret_tag = (uint8_t)in->data[0];
        *ret = (struct bytes){ in->data + HEADER_BYTES, len };
        in->data += HEADER_BYTES + len;
        in->len -= HEADER_BYTES + len;
        return 1;
}

/* Fills `object` (zeroed by the caller) and counts the nested messages. */
static int fields_get(const struct table *t, struct bytes in, void *object, size_t *ret_message_count) {
        struct bytes value;
        uint8_t tag;
        int r;

        while ((r = field_next(&in, &tag, &value)) > 0) {
                if (tag == TAG_MESSAGE)
                        (*ret_message_count)++;
                for (size_t i = 0; i < t->count; i++)
                        if (t->fields[i].tag == tag) {
                                r = field_set(&t->fields[i], object, value);
                                if (r < 0)
                                        return r;
                                break;
                        }
        }
        return r;
}

static int messages_get(struct bytes in, size_t count, struct frame_execute *execute) {
        struct frame_message *messages;
        struct bytes value;
        size_t n = 0, nested = 0;
        uint8_t tag;
        int r;

        if (count > FRAME_MESSAGES_MAX)
                return -EBADMSG;
        messages = calloc(count, sizeof(*messages));
        if (!messages)
                return -ENOMEM;
        while ((r = field_next(&in, &tag, &value)) > 0) {
                if (tag != TAG_MESSAGE)
                        continue;
                r = fields_get(&message_table, value, &messages[n++], &nested);
                if (r < 0)
                        break;
        }
        if (r < 0) {
                free(messages);
                return r;
        }
        execute->messages = messages;
        execute->message_count = count;
        return 0;
}

int frame_get(const char *data, size_t len, struct frame *ret, size_t *ret_used) {
        struct frame f = { 0 };
        size_t message_count = 0;
        struct bytes in;
        int r;

        if (len < LENGTH_BYTES)
                return 0;
        uint32_t frame_len = get_u32(data);
        if (frame_len == 0 || frame_len > FRAME_BYTES_MAX)
                return -EBADMSG;
        if (len > LENGTH_BYTES) {
                f.kind = (enum frame_kind)(uint8_t)data[LENGTH_BYTES];
                if (f.kind < FRAME_FLOW || f.kind > FRAME_END)
                        return -EBADMSG;
        }
        if (len - LENGTH_BYTES < frame_len)
                return 0;

        in = (struct bytes){ data + HEADER_BYTES, frame_len - 1 };
        r = fields_get(&tables[f.kind], in, &f.flow, &message_count);
        if (r < 0)
                return r;
        if (f.kind == FRAME_EXECUTE && message_count > 0) {
                r = messages_get(in, message_count, &f.execute);
                if (r < 0)
                        return r;
        }
        *ret = f;
        *ret_used = LENGTH_BYTES + frame_len;
        return 1;
}

void frame_done(struct frame *f) {
        if (f->kind == FRAME_EXECUTE) {
                free((void *)f->execute.messages);
                f->execute.messages = NULL;
                f->execute.message_count = 0;
        }
}
