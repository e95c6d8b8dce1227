/* SPDX-License-Identifier: Apache-2.0 */
/* Commands are one text for one shell session, given as an argument: no file, no second process. Scripts are a file of
 * their interpreter. An interpreter such as "/bin/sh -c" takes a file when its "-c" is left out.
 *
 * Python's scripts know true, false and null, which must not move their lines: a few words before read the file, set
 * the three names, and run it as the main program, so that a traceback shows the script's own lines. */
#include "runner/script_command.h"

#include <errno.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/text.h"

#define TEXT_BYTES_MAX (64ul * 1024 * 1024)

static const char python_start[] =
        "import builtins, sys; builtins.true, builtins.false, builtins.null = True, False, None; del sys.argv[0]; "
        "__file__ = sys.argv[0]; exec(compile(open(__file__, 'rb').read(), __file__, 'exec'))";

/* How a file of each variant is run; the shell's scripts take their interpreter. */
static const struct {
        bool is_script;
        const char *suffix;
        const char *argv[4];
} variants[] = {
        [SCRIPT_SHELL_COMMANDS] = { false, ".sh", { NULL } },
        [SCRIPT_SHELL_SCRIPT] = { true, ".sh", { NULL } },
        [SCRIPT_PYTHON_COMMANDS] = { false, ".sh", { NULL } },
        [SCRIPT_PYTHON_SCRIPT] = { true, ".py", { "python3", "-c", python_start, NULL } },
        [SCRIPT_NODE_COMMANDS] = { false, ".sh", { NULL } },
        [SCRIPT_NODE_SCRIPT] = { true, ".js", { "node", NULL } },
};

static int add_value(char ***argv, const struct value *v) {
        return value_type(v) == VALUE_STRING ? text_list_add(argv, value_string(v)) : -EINVAL;
}

/* The interpreter that is given a text. */
static int add_interpreter(char ***argv, const struct value *interpreter) {
        int r = 0;

        if (!interpreter) {
                r = text_list_add(argv, "/bin/sh");
                return r < 0 ? r : text_list_add(argv, "-c");
        }
        if (value_count(interpreter) == 0)
                return -EINVAL;
        for (size_t i = 0; r == 0 && i < value_count(interpreter); i++)
                r = add_value(argv, value_list_at(interpreter, i));
        return r;
}

/* The same interpreter for a file: a last option "-c" becomes "-e" or nothing, "-lc" becomes "-l". */
static int add_file_interpreter(char ***argv, const struct value *interpreter, bool fail_fast) {
        int r = add_interpreter(argv, interpreter);
        char **last = *argv;
        size_t len;

        if (r < 0 || !last)
                return r;
        while (last[1])
                last++;
        len = strlen(*last);
        if (len < 2 || (*last)[0] != '-' || (*last)[len - 1] != 'c' || strchr(*last + 1, '-'))
                return 0;
        if (fail_fast)
                (*last)[len - 1] = 'e';
        else if (len > 2)
                (*last)[len - 1] = '\0';
        else {
                free(*last);
                *last = NULL;
        }
        return 0;
}

static int add_lines(struct buf *b, const struct value *list) {
        for (size_t i = 0; list && i < value_count(list); i++) {
                const struct value *line = value_list_at(list, i);
                if (value_type(line) != VALUE_STRING)
                        return -EINVAL;
                if (b->len > 0)
                        buf_append_char(b, '\n');
                buf_append(b, value_string(line), value_string_len(line));
        }
        return buf_error(b);
}

static int session_text(const struct script_source *s, const struct value *commands, struct buf *b) {
        int r;

        if (s->fail_fast)
                buf_append_str(b, "set -e");
        r = add_lines(b, s->before);
        return r < 0 ? r : add_lines(b, commands);
}

static int make_commands(const struct script_source *s, struct script_command *c) {
        _cleanup_(buf_done) struct buf text = BUF_INIT(TEXT_BYTES_MAX);
        int r;

        r = session_text(s, s->body, &text);
        if (r < 0)
                return r;
        if (text.len <= SCRIPT_ARGUMENT_BYTES_MAX) {
                r = add_interpreter(&c->argv, s->interpreter);
                return r < 0 ? r : text_list_add(&c->argv, text.data ? text.data : "");
        }
        c->file = text_printf("%s%s", s->file, variants[s->variant].suffix);
        c->text = buf_take(&text, &c->text_len);
        if (!c->file || !c->text)
                return -ENOMEM;
        r = add_file_interpreter(&c->argv, s->interpreter, false); /* set -e stands in the text */
        return r < 0 ? r : text_list_add(&c->argv, c->file);
}

/* The shell session of `beforeCommands`, which becomes the script's program at its end. */
static int add_before(const struct script_source *s, struct script_command *c) {
        _cleanup_(buf_done) struct buf text = BUF_INIT(TEXT_BYTES_MAX);
        int r;

        if (!s->before || value_count(s->before) == 0)
                return 0;
        r = session_text(s, NULL, &text);
        if (r == 0)
                r = buf_append_str(&text, "\nexec \"$@\"");
        if (r == 0)
                r = add_interpreter(&c->argv, s->interpreter);
        if (r == 0)
                r = text_list_add(&c->argv, text.data);
        return r < 0 ? r : text_list_add(&c->argv, "sh");
}

static int add_program(const struct script_source *s, struct script_command *c) {
        const char *const *program = variants[s->variant].argv;
        _cleanup_(text_list_freep) char **shell = NULL;
        int r = 0;

        if (!program[0]) {
                r = add_file_interpreter(&shell, s->interpreter, s->fail_fast);
                program = (const char *const *)shell;
        }
        for (; r == 0 && program && *program; program++)
                r = text_list_add(&c->argv, *program);
        return r < 0 ? r : text_list_add(&c->argv, c->file);
}

static int make_script(const struct script_source *s, struct script_command *c) {
        int r;

        if (value_type(s->body) != VALUE_STRING)
                return -EINVAL;
        c->file = text_printf("%s%s", s->file, variants[s->variant].suffix);
        c->text = text_dup_n(value_string(s->body), value_string_len(s->body));
        c->text_len = value_string_len(s->body);
        if (!c->file || !c->text)
                return -ENOMEM;
        r = add_before(s, c);
        return r < 0 ? r : add_program(s, c);
}

static bool is_list(const struct value *v) {
        return !v || value_type(v) == VALUE_LIST;
}

bool script_variant_is_script(enum script_variant variant) {
        return variants[variant].is_script;
}

int script_command_make(const struct script_source *s, struct script_command *ret) {
        struct script_command c = { 0 };
        int r;

        if (!is_list(s->interpreter) || !is_list(s->before))
                return -EINVAL;
        if (variants[s->variant].is_script)
                r = make_script(s, &c);
        else
                r = value_type(s->body) == VALUE_LIST ? make_commands(s, &c) : -EINVAL;
        if (r < 0)
                script_command_done(&c);
        else
                *ret = c;
        return r;
}

void script_command_done(struct script_command *c) {
        c->argv = text_list_free(c->argv);
        free(c->file);
        free(c->text);
        c->file = c->text = NULL;
}
