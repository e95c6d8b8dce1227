/* SPDX-License-Identifier: Apache-2.0 */
/* A command line as words, without a shell: nothing is expanded, so a value in a file cannot run anything but the
 * program it names. */
#include <errno.h>
#include <string.h>

#include "common/aws/credentials_provider.h"
#include "common/base/text.h"

#define WORD_MAX_BYTES ((size_t)64 * 1024)

/* Appends what stands between two quotes and returns the closing one; NULL when there is none. */
static const char *take_quoted(const char *s, struct buf *word) {
        char quote = *s++;
        for (; *s && *s != quote; s++) {
                if (quote == '"' && *s == '\\' && (s[1] == '"' || s[1] == '\\'))
                        s++;
                buf_append_char(word, *s);
        }
        return *s ? s : NULL;
}

/* Takes one word, which begins here. Returns where it ends, NULL for an open quote. */
static const char *take_word(const char *s, struct buf *word) {
        for (; *s && !strchr(" \t\r\n", *s); s++) {
                if (*s == '"' || *s == '\'') {
                        s = take_quoted(s, word);
                        if (!s)
                                return NULL;
                } else {
                        if (*s == '\\' && *++s == '\0')
                                return NULL;
                        buf_append_char(word, *s);
                }
        }
        return s;
}

int credentials_split_command(const char *text, char ***ret) {
        _cleanup_(text_list_freep) char **words = NULL;

        for (const char *s = text + strspn(text, " \t\r\n"); *s; s += strspn(s, " \t\r\n")) {
                _cleanup_(buf_done) struct buf word = BUF_INIT(WORD_MAX_BYTES);
                s = take_word(s, &word);
                if (!s)
                        return -EINVAL;
                int r = buf_error(&word);
                if (r == 0)
                        r = text_list_add(&words, word.len > 0 ? word.data : "");
                if (r < 0)
                        return r;
        }
        if (!words)
                return -EINVAL;
        *ret = TAKE_PTR(words);
        return 0;
}
