/* SPDX-License-Identifier: Apache-2.0 */
/* The codec of protocol.h.
 *
 * Each kind of frame is a table of fields: tag, type, place in the struct (frame_fields.h). One encoder and one decoder walk
 * the tables. Zero and empty fields are not sent. An encoder first adds up what the fields can take and reserves once: a
 * frame is in the buffer whole or not at all, and encoding costs one growth check.
 *
 * The messages of an EXECUTE are fields of their own (tag TAG_MESSAGE, any number) that hold nested fields. */
#include "common/link/codec.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/link/frame_fields.h"

#define TAG_MESSAGE 255
#define HEADER_BYTES 5 /* of a frame: length and kind; of a field: tag and length */
#define LENGTH_BYTES 4

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

/* At least what fields_put() writes. */
static size_t fields_room(const struct frame_fields *t, const void *object) {
        size_t sum = 0;

        for (size_t i = 0; i < t->count; i++) {
                const char *at = (const char *)object + t->fields[i].offset;
                bool is_bytes = t->fields[i].type == FIELD_BYTES;

                sum += HEADER_BYTES + (is_bytes ? ((const struct bytes *)(const void *)at)->len : sizeof(uint64_t));
        }
        return sum;
}

static char *fields_put(char *p, const struct frame_fields *t, const void *object) {
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

/* Makes room for a whole frame and returns where its fields go; NULL on failure, with *ret_error. */
static char *frame_begin(struct buf *b, size_t fields_room_bytes, int *ret_error) {
        char *p = NULL;

        if (buf_error(b))
                *ret_error = buf_error(b);
        else if (fields_room_bytes + 1 > FRAME_BYTES_MAX)
                *ret_error = -E2BIG;
        else if (!(p = buf_reserve(b, HEADER_BYTES + fields_room_bytes)))
                *ret_error = buf_error(b) ? buf_error(b) : -ENOMEM;
        return p ? p + HEADER_BYTES : NULL;
}

/* Writes the header in front of the fields, which end at `end`. */
static void frame_end(struct buf *b, enum frame_kind kind, const char *end) {
        char *start = b->data + b->len;
        size_t len = (size_t)(end - start);

        *put_u32(start, (uint32_t)(len - LENGTH_BYTES)) = (char)kind;
        buf_commit(b, len);
}

static int frame_put(struct buf *b, enum frame_kind kind, const void *object) {
        const struct frame_fields *t = frame_fields(kind);
        int r = 0;
        char *p = frame_begin(b, fields_room(t, object), &r);

        if (p)
                frame_end(b, kind, fields_put(p, t, object));
        return r;
}

int frame_put_flow(struct buf *b, const struct frame_flow *f) {
        return frame_put(b, FRAME_FLOW, f);
}

/* One message with its length in front. */
static char *message_put(char *p, const struct frame_message *m) {
        char *start = p + HEADER_BYTES, *end = fields_put(start, &frame_message_fields, m);

        *p++ = (char)TAG_MESSAGE;
        put_u32(p, (uint32_t)(end - start));
        return end;
}

int frame_put_execute(struct buf *b, const struct frame_execute *f) {
        size_t room = fields_room(frame_fields(FRAME_EXECUTE), f);
        int r = 0;
        char *p;

        if (f->message_count > FRAME_MESSAGES_MAX)
                return -E2BIG;
        for (size_t i = 0; i < f->message_count; i++)
                room += HEADER_BYTES + fields_room(&frame_message_fields, &f->messages[i]);
        p = frame_begin(b, room, &r);
        if (!p)
                return r;
        p = fields_put(p, frame_fields(FRAME_EXECUTE), f);
        for (size_t i = 0; i < f->message_count; i++)
                p = message_put(p, &f->messages[i]);
        frame_end(b, FRAME_EXECUTE, p);
        return 0;
}

int frame_put_cancel(struct buf *b, uint64_t execution_id) {
        return frame_put(b, FRAME_CANCEL, &execution_id);
}

int frame_put_settle(struct buf *b, const struct frame_settle *f) {
        return frame_put(b, FRAME_SETTLE, f);
}

int frame_put_ready(struct buf *b) {
        return frame_put(b, FRAME_READY, ""); /* it has no fields */
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

int frame_put_done(struct buf *b, uint64_t execution_id) {
        return frame_put(b, FRAME_DONE, &execution_id);
}

int frame_put_flow_wanted(struct buf *b, const char *name) {
        const struct frame_flow f = { .name = { name, strlen(name) } };

        return frame_put(b, FRAME_FLOW_WANTED, &f);
}

int frame_put_flow_found(struct buf *b, const struct frame_flow *f) {
        return frame_put(b, FRAME_FLOW_FOUND, f);
}

int frame_put_place(struct buf *b, enum frame_kind kind, const struct frame_place *f) {
        return frame_put(b, kind, f);
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
static int fields_get(const struct frame_fields *t, struct bytes in, void *object, size_t *ret_message_count) {
        struct bytes value;
        uint8_t tag;
        int r;

        while ((r = field_next(&in, &tag, &value)) > 0) {
                if (tag == TAG_MESSAGE)
                        (*ret_message_count)++;
                if (tag == 0 || tag > t->count)
                        continue;
                r = field_set(&t->fields[tag - 1], object, value);
                if (r < 0)
                        return r;
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
                r = fields_get(&frame_message_fields, value, &messages[n++], &nested);
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
                if (!frame_fields(f.kind))
                        return -EBADMSG;
        }
        if (len - LENGTH_BYTES < frame_len)
                return 0;

        in = (struct bytes){ data + HEADER_BYTES, frame_len - 1 };
        r = fields_get(frame_fields(f.kind), in, &f.flow, &message_count);
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
