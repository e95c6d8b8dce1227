/* SPDX-License-Identifier: Apache-2.0 */
/* Shell and Python tasks: render, write what has to be a file, start one process, and turn its lines and its end into
 * outputs. How the command is made is script_command.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>

#include "common/base/file.h"
#include "common/base/text.h"
#include "runner/environment.h"
#include "runner/execution.h"
#include "runner/input_files.h"
#include "runner/render.h"
#include "runner/script_command.h"
#include "runner/script_output.h"
#include "runner/task_run.h"

#define EXIT_NOT_FOUND 127
#define EXIT_NOT_EXECUTABLE 126

struct script_work {
        struct process *process;
        struct script_output output;
        char *file; /* the script; removed with the attempt */
};

/* --- the end -------------------------------------------------------------------------------------------------------- */

static struct value *make_outputs(struct script_work *w, int status) {
        _cleanup_value_ struct value *outputs = value_new_map();
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

        if (!outputs || value_map_put(outputs, "vars", script_output_take(&w->output)) < 0 ||
            value_map_put(outputs, "exitCode", value_new_int(code)) < 0)
                return NULL;
        return TAKE_PTR(outputs);
}

static void fail_by_status(struct task_run *run, struct value *outputs, int status) {
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;

        if (WIFSIGNALED(status))
                task_run_fail(run, outputs, "killed by SIG%s", sigabbrev_np(WTERMSIG(status)) ?: "?");
        else if (code == EXIT_NOT_FOUND)
                task_run_fail(run, outputs, "exited with code %d (a command was not found)", code);
        else if (code == EXIT_NOT_EXECUTABLE)
                task_run_fail(run, outputs, "exited with code %d (a command may not be executed)", code);
        else
                task_run_fail(run, outputs, "exited with code %d", code);
}

static void on_end(void *userdata, struct process *p, int status) {
        struct task_run *run = userdata;
        struct value *outputs = make_outputs(run->work, status);

        if (!outputs)
                task_run_fail(run, NULL, "out of memory");
        else if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                task_run_succeed(run, outputs);
        else
                fail_by_status(run, outputs, status);
}

static void on_line(void *userdata, enum process_stream stream, const char *text, size_t len, bool cut) {
        struct task_run *run = userdata;
        struct script_work *w = run->work;

        script_output_line(&w->output, run, stream == PROCESS_STDERR ? LOG_ERR : LOG_INFO, text, len, cut);
}

static const struct process_handlers handlers = { .on_line = on_line, .on_end = on_end };

/* --- the start ------------------------------------------------------------------------------------------------------ */

static void fail_to_start(struct task_run *run, const char *program, int error) {
        switch (error) {
        case -ENOENT:
                task_run_fail(run, NULL, "cannot start '%s': there is no such program", program);
                break;
        case -EACCES:
                task_run_fail(run, NULL, "cannot start '%s': it may not be executed", program);
                break;
        case -E2BIG:
                task_run_fail(run, NULL, "cannot start '%s': a variable of env or an argument is longer than the 128 "
                                         "KiB that the kernel takes; read a long message from its file", program);
                break;
        default:
                task_run_fail(run, NULL, "cannot start '%s': %s", program, strerror(-error));
        }
}

static bool is_false(const struct value *v) {
        return v && !render_is_true(v);
}

/* Renders the properties and makes the command. On failure the attempt has been failed. */
static int make_command(struct task_run *run, struct script_command *ret) {
        _cleanup_value_ struct value *interpreter = NULL, *before = NULL, *body = NULL;
        _cleanup_free_ char *file = NULL;
        enum script_variant variant = (enum script_variant)run->kind->variant;
        bool is_script = variant == SCRIPT_SHELL_SCRIPT || variant == SCRIPT_PYTHON_SCRIPT;
        int r;

        r = render_property(run, "interpreter", RENDER_TEXT, &interpreter);
        if (r == 0)
                r = render_property(run, "beforeCommands", RENDER_TEXT, &before);
        if (r == 0)
                r = render_property(run, is_script ? "script" : "commands", RENDER_TEXT, &body);
        if (r < 0)
                return r;
        file = text_printf("%s/script-%u", run->execution->folder.path, (unsigned)run->index);
        const struct script_source source = {
                .variant = variant,
                .interpreter = interpreter,
                .before = before,
                .body = body,
                .fail_fast = !is_false(value_map_get(run->task->properties, "failFast")),
                .file = file,
        };
        r = file && body ? script_command_make(&source, ret) : -EINVAL;
        if (r < 0)
                task_run_fail(run, NULL, r == -EINVAL ? "the commands or the interpreter are not texts" : "out of memory");
        return r;
}

/* What has to be there before the process. On failure the attempt has been failed. */
static int write_files(struct task_run *run, const struct script_command *c) {
        _cleanup_value_ struct value *files = NULL;
        _cleanup_free_ char *problem = NULL;
        struct script_work *w = run->work;
        int r;

        if (value_map_get(run->task->properties, "outputFiles")) {
                task_run_fail(run, NULL, "outputFiles is not supported by this version of sqsflow");
                return -EOPNOTSUPP;
        }
        r = render_property(run, "inputFiles", RENDER_TEXT, &files);
        if (r < 0)
                return r;
        r = files ? input_files_write(run->execution->folder.work, files, &problem) : 0;
        if (r < 0) {
                task_run_fail(run, NULL, "inputFiles: %s", problem ? problem : strerror(-r));
                return r;
        }
        if (!c->file)
                return 0;
        w->file = text_dup(c->file);
        r = w->file ? file_write_at(AT_FDCWD, c->file, c->text, c->text_len, 0600) : -ENOMEM;
        if (r < 0)
                task_run_fail(run, NULL, "the script cannot be written to %s: %s", c->file, strerror(-r));
        return r;
}

static int make_environment(struct task_run *run, char ***ret) {
        _cleanup_value_ struct value *env = NULL;
        int r = render_property(run, "env", RENDER_TEXT, &env);

        if (r < 0)
                return r;
        if (env && value_type(env) != VALUE_MAP) {
                task_run_fail(run, NULL, "env is not a map");
                return -EINVAL;
        }
        r = environment_make(run, env, ret);
        if (r < 0)
                task_run_fail(run, NULL, "the execution's folder cannot be made in '%.*s': %s",
                              (int)run->execution->request->folder.len, run->execution->request->folder.data ?: "",
                              strerror(-r));
        return r;
}

void task_script_start(struct task_run *run) {
        _cleanup_(script_command_done) struct script_command command = { 0 };
        _cleanup_(text_list_freep) char **environment = NULL;
        struct script_work *w = calloc(1, sizeof(*w));
        int r;

        run->work = w;
        if (!w) {
                task_run_fail(run, NULL, "out of memory");
                return;
        }
        /* the environment first: it makes the folder */
        if (make_environment(run, &environment) < 0 || make_command(run, &command) < 0 || write_files(run, &command) < 0)
                return;
        r = process_start(run->execution->shop.reaper, command.argv, environment, run->execution->folder.work, &handlers,
                          run, &w->process);
        if (r < 0)
                fail_to_start(run, command.argv[0], r);
}

void task_script_cancel(struct task_run *run) {
        struct script_work *w = run->work;

        if (!w->process)
                return;
        run->execution->killed = true;
        process_stop(w->process);
}

void task_script_free(struct task_run *run) {
        struct script_work *w = run->work;

        if (!w)
                return;
        process_free(w->process);
        script_output_done(&w->output);
        if (w->file)
                (void)unlink(w->file);
        free(w->file);
        free(w);
        run->work = NULL;
}
