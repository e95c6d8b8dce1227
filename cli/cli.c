/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/json.h"
#include "common/base/text.h"

static void say(const char *verb, const char *fmt, va_list ap) {
        (void)fprintf(stderr, "sqsflow %s: ", verb);
        (void)vfprintf(stderr, fmt, ap);
        (void)fputc('\n', stderr);
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

int print_json(struct value *v) {
        _cleanup_free_ char *text = v ? json_to_text(v, JSON_PRETTY) : NULL;

        value_unref(v);
        if (!text) {
                (void)fputs("sqsflow: out of memory\n", stderr);
                return EXIT_FAILED;
        }
        (void)puts(text);
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
