/* SPDX-License-Identifier: Apache-2.0 */
/* What a runner and whoever drives it (the agent, `sqsflow run`) say to each other over a socketpair.
 *
 * A frame is: u32 length of what follows, u8 kind, then fields, each u8 tag, u32 length, bytes (integers little endian,
 * fields in any order, unknown tags are skipped). Bytes travel as they are, so a message body reaches the task byte for
 * byte. Both ends are the same build: there is no version negotiation beyond the kind.
 *
 * A driver sends FLOW once per flow revision and runner, then EXECUTE, as many as it likes: a runner runs them one after
 * another. Of the one that runs it reports TASK_RUN, LOG and METRIC as they happen (collected for up to 20 ms: a task run
 * that starts and ends within that time is one frame), then END, after which no process of the execution is left. END
 * says when it goes on, with `afterExecution` or with messages that its tasks hold: more of these frames follow, then
 * DONE, then the next execution. Such an END is answered with SETTLE when it is on disk (P1), and only then are the held
 * messages deleted, or given back. Ends of executions that came together are written together, some ms late at most.
 * CANCEL speaks of the one that runs, or of one that waits: that is answered with END (KILLED) at once, out of order. A
 * task that calls another flow asks for it (FLOW_WANTED), and is answered with its text, or why there is none
 * (FLOW_FOUND). If that flow has a `concurrency.limit`, the execution to be called asks for a place (PLACE_WANTED) and is
 * answered (PLACE_ANSWER): PLACE_WAITS is followed by PLACE_GIVEN, in time. It says when it is over, or waits no more
 * (PLACE_LEFT); an answer that crossed that is left unheard. END leaves whatever places of its execution are left. */
#pragma once

#include "common/base/buf.h"
#include "common/link/frames.h"

#define FRAME_BYTES_MAX (256ul * 1024 * 1024)
/* A runner keeps this many flows, the last ones that were sent; the driver's end counts along (runner_link.c). */
#define RUNNER_FLOWS_MAX 64u

enum frame_kind {
        FRAME_FLOW = 1, FRAME_EXECUTE, FRAME_CANCEL, /* to the runner */
        FRAME_READY, FRAME_TASK_RUN, FRAME_LOG, FRAME_METRIC, FRAME_END, FRAME_DONE, /* from the runner */
        FRAME_FLOW_WANTED, FRAME_FLOW_FOUND, /* from the runner, to the runner */
        FRAME_SETTLE, /* to the runner */
        FRAME_PLACE_WANTED, FRAME_PLACE_LEFT, FRAME_PLACE_ANSWER, /* from the runner twice, to the runner */
};

/* Whatever came (codec.h). */
struct frame {
        enum frame_kind kind;
        union {
                struct frame_flow flow; /* FLOW, FLOW_WANTED, FLOW_FOUND */
                struct frame_execute execute;
                uint64_t cancel, done; /* execution ids */
                struct frame_settle settle;
                struct frame_place place; /* PLACE_WANTED, PLACE_LEFT, PLACE_ANSWER */
                struct frame_task_run task_run;
                struct frame_log log;
                struct frame_metric metric;
                struct frame_end end;
        };
};
