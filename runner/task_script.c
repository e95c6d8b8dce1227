/* SPDX-License-Identifier: Apache-2.0 */
/* Shell, Python and Node.js tasks: render, write what has to be a file, start one process, and turn its lines and its end into
 * outputs. How the command is made is script_command.c. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>

#include "common/base/file.h"
#include "common/base/size.h"
#include "common/base/text.h"
#include "common/flow/truth.h"
#include "runner/environment.h"
#include "runner/execution.h"
#include "runner/files.h"
#include "runner/input_files.h"
#include "runner/output_files.h"
#include "runner/render.h"
#include "runner/script_command.h"
#include "runner/script_output.h"
#include "runner/task_run.h"

#define EXIT_NOT_FOUND 127
#define EXIT_NOT_EXECUTABLE 126

struct script_work {
        struct process *process;
        struct script_output output;
        struct value *output_files; /* rendered patterns; NULL: none */
        char *file;                 /* the script; removed with the attempt */
};

/* --- the end -------------------------------------------------------------------------------------------------------- */

/* The files that `outputFiles` names, also of a task that failed. 0, or negative with *ret_problem (owned). */
static int keep_files(struct task_run *run, struct value *outputs, char **ret_problem) {
        struct execution *e = run->execution;
        struct script_work *w = run->work;
        struct value *files = NULL;
        int r;

        if (!w->output_files)
                return 0;
        r = output_files_keep(e, task_run_folder(run)->work_fd, w->output_files, &files, ret_problem);
        return r < 0 ? r : value_map_put(outputs, "outputFiles", files);
}

static struct value *make_outputs(struct script_work *w, int status) {
        _cleanup_value_ struct value *outputs = value_new_map();
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

        if (!outputs || value_map_put(outputs, "vars", script_output_take(&w->output)) < 0 ||
            value_map_put(outputs, "exitCode", value_new_int(code)) < 0)
                return NULL;
        return TAKE_PTR(outputs);
}

static void fail_by_status(struct task_run *run, struct value *outputs, const struct process *p, int status) {
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
        char size[SIZE_TEXT_MAX];

        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && process_ran_out_of_memory(p))
                task_run_fail(run, outputs, "killed: the execution used more than its memory limit of %s",
                              size_format(run->execution->request->memory_bytes, size));
        else if (WIFSIGNALED(status))
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
        _cleanup_free_ char *problem = NULL;
        int kept = outputs ? keep_files(run, outputs, &problem) : -ENOMEM;
        struct cgroup_usage usage = process_usage(p);

        run->cpu_usec += usage.cpu_usec;
        run->memory_bytes = MAX(run->memory_bytes, usage.memory_bytes);
        if (!outputs)
                task_run_fail(run, NULL, "out of memory");
        else if (kept < 0)
                task_run_fail(run, outputs, "outputFiles: %s", problem ? problem : "out of memory");
        else if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                task_run_succeed(run, outputs);
        else
                fail_by_status(run, outputs, p, status);
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
        return v && !truth_of_value(v);
}

/* Renders the properties and makes the command. On failure the attempt has been failed. */
static int make_command(struct task_run *run, struct script_command *ret) {
        _cleanup_value_ struct value *interpreter = NULL, *before = NULL, *body = NULL;
        _cleanup_free_ char *file = NULL;
        enum script_variant variant = (enum script_variant)run->kind->variant;
        bool is_script = script_variant_is_script(variant);
        int r;

        r = render_property(run, "interpreter", RENDER_TEXT, &interpreter);
        if (r == 0)
                r = render_property(run, "beforeCommands", RENDER_TEXT, &before);
        if (r == 0)
                r = render_property(run, is_script ? "script" : "commands", RENDER_TEXT, &body);
        if (r < 0)
                return r;
        if (files_localise(run->execution, &before) < 0 || files_localise(run->execution, &body) < 0) {
                task_run_fail(run, NULL, "the files that the commands name cannot be given to them");
                return -EIO;
        }
        file = text_printf("%s/script-%u", task_run_folder(run)->path, (unsigned)run->index);
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

        r = render_property(run, "outputFiles", RENDER_TEXT, &w->output_files);
        if (r == 0)
                r = render_property(run, "inputFiles", RENDER_TEXT, &files);
        if (r < 0)
                return r;
        r = files ? input_files_write(run->execution, task_run_folder(run)->work_fd, files, &problem) : 0;
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
        r = process_start(run->execution->shop.reaper, command.argv, environment, task_run_folder(run)->work, &handlers, run,
                          &w->process);
        if (r < 0)
                fail_to_start(run, command.argv[0], r);
}

void task_script_cancel(struct task_run *run) {
        struct script_work *w = run->work;

        if (!w->process)
                return;
        run->execution->top->killed = true;
        process_stop(w->process);
}

void task_script_free(struct task_run *run) {
        struct script_work *w = run->work;

        if (!w)
                return;
        process_free(w->process);
        script_output_done(&w->output);
        value_unref(w->output_files);
        if (w->file)
                (void)unlink(w->file);
        free(w->file);
        free(w);
        run->work = NULL;
}
