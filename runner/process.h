/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of tasks: started with two pipes, read line by line, ended as whole trees. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "common/base/cgroup.h"
#include "common/base/cleanup.h"

#define PROCESS_TERM_USEC UINT64_C(2000000)     /* from SIGTERM to SIGKILL */
#define PROCESS_PIPE_GRACE_USEC UINT64_C(250000) /* how long a pipe that a grandchild holds is read after the exit */

struct process;

/* All task processes of this runner, and the one source that hears of their exits. It also reaps orphans that the
 * kernel hands to this process. SIGCHLD must be blocked. */
struct reaper {
        sd_event *event;
        sd_event_source *source;
        struct process *first;
        char *read_buffer;
        int null_fd;  /* /dev/null: what tasks read */
        bool unclean; /* a process was started since the last reaper_end_strays() */
        struct cgroup *group; /* what processes are started in, theirs alone; owned; NULL: none */
        bool group_used;      /* a process was started in it since the last reaper_take_usage() */
        struct cgroup_usage usage; /* since then, of what was waited for */
        mode_t umask;         /* of processes that are started */
        uint64_t data_bytes;  /* the limit of their private memory; 0: none */
};

int reaper_init(struct reaper *r, sd_event *event) _must_check_;
/* After all processes have been freed. */
void reaper_done(struct reaper *r);
/* Kills and reaps everything below this process that is not a task process of its own. Returns how many, or -errno. */
int reaper_end_strays(struct reaper *r);
/* What processes used since the last call; to be asked while none runs. With a group, everything that ran in it; without,
 * those that were waited for, and for their memory the biggest. */
struct cgroup_usage reaper_take_usage(struct reaper *r);
/* Kills and reaps everything at once; no handler is called. The processes still have to be freed by who has them. */
void reaper_kill_all(struct reaper *r);

enum process_stream { PROCESS_STDOUT, PROCESS_STDERR, PROCESS_STREAM_COUNT };

struct process_handlers {
        /* A line without its end, at most LINE_BYTES_MAX long, or OUTPUT_LINE_BYTES_MAX (lines.h). Borrowed. */
        void (*on_line)(void *userdata, enum process_stream stream, const char *text, size_t len, bool cut);
        /* It exited and its pipes are drained; `status` as from waitpid(2). The last call: it may free the process. */
        void (*on_end)(void *userdata, struct process *p, int status);
};

/* Starts a program; argv[0] is looked up in PATH when it holds no '/'. 0 or -errno of the step that failed. */
int process_start(struct reaper *r, char *const *argv, char *const *envp, const char *cwd,
                  const struct process_handlers *handlers, void *userdata, struct process **ret) _must_check_;
/* Of a process that has ended and the children that it waited for: their CPU time, and the biggest resident set of one. */
struct cgroup_usage process_usage(const struct process *p);
/* True when the kernel killed in the process's group for want of memory while it ran. */
bool process_ran_out_of_memory(const struct process *p);
/* SIGTERM to the whole tree, SIGKILL to what is left of it when the process has exited or PROCESS_TERM_USEC have
 * passed. on_end follows. What cut itself loose from the tree is ended too when no other task runs, else with the
 * execution. */
void process_stop(struct process *p);
/* A process that still runs is killed. No handler is called. */
struct process *process_free(struct process *p);
