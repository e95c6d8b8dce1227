/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/http_form.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/text.h"
#include "common/link/execution_file.h"
#include "runner/files.h"
#include "runner/value_text.h"

#define BOUNDARY_RANDOM_BYTES 16
#define READ_BYTES (64ul * 1024)

/* --- urlencoded ------------------------------------------------------------------------------------------------------ */

static void write_encoded(struct buf *b, const char *text) {
        for (; *text; text++)
                if (isalnum((unsigned char)*text) || strchr("*-._", *text))
                        buf_append_char(b, *text);
                else if (*text == ' ')
                        buf_append_char(b, '+');
                else
                        buf_appendf(b, "%%%02X", (unsigned char)*text);
}

int form_write_urlencoded(struct buf *b, const struct value *fields) {
        for (size_t i = 0; i < value_count(fields); i++) {
                _cleanup_free_ char *text = value_text(value_map_at(fields, i));

                if (!text)
                        return -ENOMEM;
                if (i > 0)
                        buf_append_char(b, '&');
                write_encoded(b, value_map_key_at(fields, i));
                buf_append_char(b, '=');
                write_encoded(b, text);
        }
        return buf_error(b);
}

/* --- multipart ------------------------------------------------------------------------------------------------------- */

struct parts {
        struct execution *execution;
        struct buf *body;
        char boundary[2 + 2 * BOUNDARY_RANDOM_BYTES + 1];
        char **problem;
};

/* A name between quotes: what would end it is written as browsers do (HTML, "multipart/form-data"). */
static void write_quoted(struct buf *b, const char *name) {
        buf_append_char(b, '"');
        for (; *name; name++)
                if (*name == '"' || *name == '\r' || *name == '\n')
                        buf_appendf(b, "%%%02X", (unsigned char)*name);
                else
                        buf_append_char(b, *name);
        buf_append_char(b, '"');
}

static void begin_part(struct parts *p, const char *name, const char *file_name) {
        buf_appendf(p->body, "--%s\r\nContent-Disposition: form-data; name=", p->boundary);
        write_quoted(p->body, name);
        if (file_name) {
                buf_append_str(p->body, "; filename=");
                write_quoted(p->body, file_name);
                buf_append_str(p->body, "\r\nContent-Type: application/octet-stream");
        }
        buf_append_str(p->body, "\r\n\r\n");
}

static int append_file(struct buf *b, int fd) {
        for (;;) {
                char *to = buf_reserve(b, READ_BYTES);
                ssize_t n;

                if (!to)
                        return buf_error(b);
                n = read(fd, to, READ_BYTES);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                buf_commit(b, (size_t)n);
        }
}

static int write_file(struct parts *p, const char *name, const char *file_name, const char *uri) {
        _cleanup_close_ int fd = files_open(p->execution, uri);
        int r = fd;

        if (fd >= 0) {
                begin_part(p, name, file_name);
                r = append_file(p->body, fd);
        }
        if (r < 0)
                *p->problem = text_printf("the file of '%s': %s", name, files_problem(r));
        return r;
}

/* "3-report.csv" was "report.csv". */
static const char *own_name(const char *uri) {
        const char *name = strrchr(uri, '/') + 1, *dash = strchr(name, '-');

        return dash ? dash + 1 : name;
}

static bool is_uri(const struct value *v) {
        return v && value_type(v) == VALUE_STRING && execution_file_is_uri(value_string(v));
}

static int write_part(struct parts *p, const char *name, const struct value *v) {
        const char *file_name = value_type(v) == VALUE_MAP ? value_map_string(v, "name") : NULL;
        const struct value *content = file_name ? value_map_get(v, "content") : v;
        _cleanup_free_ char *text = NULL;
        int r = 0;

        if (is_uri(content)) {
                r = write_file(p, name, file_name ? file_name : own_name(value_string(content)), value_string(content));
        } else {
                text = value_text(content ? content : v);
                if (!text)
                        return -ENOMEM;
                begin_part(p, name, content ? file_name : NULL);
                buf_append_str(p->body, text);
        }
        return r < 0 ? r : buf_append_str(p->body, "\r\n");
}

int form_write_multipart(struct execution *e, struct buf *b, const struct value *fields, char **ret_content_type,
                         char **ret_problem) {
        struct parts p = { .execution = e, .body = b, .boundary = "--", .problem = ret_problem };
        unsigned char random[BOUNDARY_RANDOM_BYTES];
        char *type;
        int r = random_bytes(random, sizeof(random));

        if (r < 0)
                return r;
        hex_encode(random, sizeof(random), p.boundary + 2);
        for (size_t i = 0; r == 0 && i < value_count(fields); i++)
                r = write_part(&p, value_map_key_at(fields, i), value_map_at(fields, i));
        if (r < 0)
                return r;
        r = buf_appendf(b, "--%s--\r\n", p.boundary);
        type = text_printf("multipart/form-data; boundary=%s", p.boundary);
        if (r < 0 || !type) {
                free(type);
                return r < 0 ? r : -ENOMEM;
        }
        *ret_content_type = type;
        return 0;
}
