/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clean.h"
#include "common/base/json.h"
#include "common/base/text.h"

/* What is complained about may have come from a queue, a server or a file of somebody else. */
static void say(const char *verb, const char *fmt, va_list ap) {
        struct buf text = BUF_INIT(0), clean = BUF_INIT(0);

        buf_appendv(&text, fmt, ap);
        if (buf_error(&text) == 0 && clean_put_lines(&clean, text.data, text.len) == 0)
                (void)fprintf(stderr, "sqsflow %s: %s\n", verb, clean.data);
        else
                (void)fprintf(stderr, "sqsflow %s: out of memory\n", verb);
        buf_done(&clean);
        buf_done(&text);
}

int complain(const char *verb, int code, const char *fmt, ...) {
        va_list ap;

        va_start(ap, fmt);
        say(verb, fmt, ap);
        va_end(ap);
        return code;
}

int complain_usage(const char *verb, const char *fmt, ...) {
        va_list ap;

        va_start(ap, fmt);
        say(verb, fmt, ap);
        va_end(ap);
        (void)fprintf(stderr, "Try 'sqsflow %s --help'.\n", verb);
        return EXIT_WRONG;
}

int complain_unknown(const char *verb, const char *what, const char *name, const char *const *known, size_t count) {
        const char *nearest = text_nearest(name, known, count);

        if (nearest)
                return complain_usage(verb, "there is no %s '%s'; did you mean '%s'?", what, name, nearest);
        return complain_usage(verb, "there is no %s '%s'", what, name);
}

void print_findings(const struct diag *diag) {
        struct buf text = BUF_INIT(0);

        if (diag->count > 0 && diag_write(diag, &text) == 0)
                (void)fputs(text.data, stderr);
        buf_done(&text);
}

int put_json(struct buf *out, const struct value *v, enum json_style style) {
        _cleanup_(buf_done) struct buf text = BUF_INIT(out->max);
        int r = v ? json_write(&text, v, style) : -ENOMEM;

        if (r < 0 && out->error == 0)
                out->error = r;
        return r < 0 ? r : clean_put_json(out, text.data, text.len);
}

int print_json(struct value *v) {
        _cleanup_(buf_done) struct buf text = BUF_INIT(0);
        int r = put_json(&text, v, JSON_PRETTY);

        value_unref(v);
        if (r < 0) {
                (void)fputs("sqsflow: out of memory\n", stderr);
                return EXIT_FAILED;
        }
        (void)puts(text.data);
        return EXIT_OK;
}

static int read_config(const char *path, struct diag *diag, struct config **ret) {
        static const char nothing[] = "{}";

        if (path)
                return config_load(path, diag, ret);
        if (access(CONFIG_DEFAULT_PATH, R_OK) == 0)
                return config_load(CONFIG_DEFAULT_PATH, diag, ret);
        if (errno != ENOENT && errno != ENOTDIR)
                diag_add(diag, DIAG_WARNING, CONFIG_DEFAULT_PATH, 0, 0, "goes unread: %s", strerror(errno));
        return config_parse(nothing, strlen(nothing), CONFIG_DEFAULT_PATH, diag, ret);
}

int load_config(const char *verb, const char *path, struct config **ret) {
        struct diag diag = DIAG_INIT;
        int r = read_config(path, &diag, ret);

        print_findings(&diag);
        if (r < 0 && diag.count == 0)
                (void)complain(verb, EXIT_WRONG, "%s: %s", path ? path : CONFIG_DEFAULT_PATH, strerror(-r));
        diag_done(&diag);
        return r < 0 ? EXIT_WRONG : 0;
}
