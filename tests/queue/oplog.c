/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of one request are gathered and written at once, before its answer is sent: who has an answer finds what
 * led to it in the log. */
#include "tests/queue/oplog.h"

#include <errno.h>
#include <fcntl.h>

#include "common/base/file.h"
#include "common/base/json.h"
#include "tests/queue/receipt.h"

struct oplog {
        int fd;
        int error; /* the first */
        struct buf lines;
};

int oplog_open(const char *path, struct oplog **ret) {
        struct oplog *l = calloc(1, sizeof(*l));
        if (!l)
                return -ENOMEM;
        l->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (l->fd < 0) {
                free(l);
                return -errno;
        }
        l->lines = BUF_INIT(0);
        *ret = l;
        return 0;
}

struct oplog *oplog_close(struct oplog *l) {
        if (l) {
                (void)oplog_flush(l);
                close_fd(l->fd);
                buf_done(&l->lines);
                free(l);
        }
        return NULL;
}

static void member(struct buf *b, const char *name, const char *text) {
        if (!text)
                return;
        buf_appendf(b, ",\"%s\":", name);
        json_write_string(b, text, strlen(text));
}

void oplog_write(struct oplog *l, uint64_t now_usec, const struct oplog_event *e) {
        if (!l)
                return;
        struct buf *b = &l->lines;
        const struct message *m = e->message;

        buf_appendf(b, "{\"time\":%llu", (unsigned long long)now_usec);
        member(b, "op", e->op);
        member(b, "queue", e->queue);
        if (m) {
                member(b, "messageId", m->id);
                buf_appendf(b, ",\"receiveCount\":%u", m->receive_count);
                member(b, "bodyMd5", m->body_md5);
                member(b, "group", m->group);
        }
        if (e->handle) {
                member(b, "handle", e->handle);
        } else if (m && m->receipt) {
                buf_append_str(b, ",\"handle\":\"");
                receipt_write(b, m);
                buf_append_char(b, '"');
        }
        if (e->visible_usec)
                buf_appendf(b, ",\"visibleAt\":%llu", (unsigned long long)e->visible_usec);
        if (e->wait_seconds)
                buf_appendf(b, ",\"waitSeconds\":%lld", (long long)e->wait_seconds);
        member(b, "result", e->result);
        buf_append_str(b, "}\n");
}

int oplog_flush(struct oplog *l) {
        if (!l)
                return 0;
        if (l->lines.len == 0)
                return l->error;
        if (l->error == 0)
                l->error = fd_write_all(l->fd, l->lines.data, l->lines.len);
        buf_reset(&l->lines);
        return l->error;
}
